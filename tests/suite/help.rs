//! Help shows examples, and they work.

use std::fs;
use std::process::Command;

use super::work::{Work, gzip};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Columns of the terminal that help is made for.
const WIDTH: usize = 80;
/// Programs that a machine may lack; examples that use one are left out there.
const PROGRAMS: [&str; 2] = ["jq", "man"];

/// An example of a command's help: what is typed, and what is shown below it.
struct Example {
    command: String,
    shown: Vec<String>,
}

/// The files that examples speak of.
fn work() -> Work {
    let (work, fixture) = (Work::new(), |name: &str| fs::read(format!("{ROOT}/fixtures/{name}")).unwrap());
    let log = fixture("access.log");
    let half = log[..log.len() / 2].iter().rposition(|&b| b == b'\n').unwrap() + 1;
    work.file("access.log", &log);
    work.file("logs/2026-10/access.log", &log[..half]);
    work.file("logs/2026-11/access.log", &log[half..]);
    work.file("old/access.log.gz", gzip(&log[..half]));
    work.file("slos.yaml", fixture("slos.yaml"));
    work.file("toil.yaml", fixture("toil/slos.yaml"));
    work.file("work.csv", fixture("toil/work.csv"));
    work.file("deploy", "#!/bin/sh\n");
    work.run(&["slices", "-c", "slos.yaml", "logs", "-o", "all.slices.parquet"]).exits(0);
    work.run(&["incidents", "-c", "slos.yaml", "logs", "--postmortem", "postmortems"]).exits(0);
    work
}

fn commands() -> Vec<String> {
    let help = Work::new().run(&["--help"]).exits(0);
    let commands = help.text().lines().skip_while(|line| *line != "Look:").take_while(|line| !line.starts_with("Options"));
    commands.filter_map(|line| line.strip_prefix("  ")).filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn help(command: &str) -> String {
    let work = Work::new();
    let ran = work.command(&[command, "--help"]).env("COLUMNS", WIDTH.to_string()).output().unwrap();
    assert!(ran.status.success() && ran.stderr.is_empty(), "{command}");
    String::from_utf8(ran.stdout).unwrap()
}

/// The lines behind `Example:`, up to an empty one.
fn examples(help: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    for line in help.lines().skip_while(|line| *line != "Example:").skip(1).take_while(|line| !line.is_empty()) {
        match (line.strip_prefix("  $ "), examples.last_mut()) {
            (Some(command), _) => examples.push(Example { command: command.to_owned(), shown: Vec::new() }),
            (None, Some(example)) => example.shown.push(words(line)),
            (None, None) => panic!("{line}"),
        }
    }
    examples
}

/// A line without its spacing: what stands at the right end moves with the width.
fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_command_has_an_example_that_runs() {
    let commands = commands();
    assert!(commands.len() > 10, "{commands:?}");
    for command in commands {
        let (work, examples) = (work(), examples(&help(&command)));
        assert!(examples.iter().any(|example| example.command.contains(&format!("slix {command}"))), "{command}");
        for Example { command: typed, shown } in examples {
            if typed.split([' ', '|']).any(|word| PROGRAMS.contains(&word) && !is_there(word)) {
                eprintln!("skipped: {typed}");
                continue;
            }
            let output = run(&work, &typed, command == "gate");
            let seen: Vec<String> = output.lines().map(words).collect();
            let want = shown.iter().take_while(|line| *line != "…").collect::<Vec<_>>();
            assert!(want.len() <= seen.len() && want.iter().zip(&seen).all(|(a, b)| *a == b), "{typed}: {shown:?}\n{output}");
        }
    }
}

/// Runs what an example types. A gate that holds back does what it says.
fn run(work: &Work, typed: &str, may_hold_back: bool) -> String {
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_slix")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let script = format!("set -o pipefail\nchmod +x deploy\n{typed}");
    let ran = Command::new("bash").args(["-c", &script]).current_dir(work.path("")).env("PATH", path).output().unwrap();
    let (code, said) = (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned());
    assert!(code == Some(0) || may_hold_back && matches!(code, Some(3..=5)), "{typed}: {code:?}\n{said}");
    String::from_utf8(ran.stdout).unwrap()
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

#[test]
fn examples_fit_a_terminal() {
    for command in commands() {
        for line in help(&command).lines() {
            assert!(line.chars().count() <= WIDTH, "{command}: {line}");
        }
        for Example { command: typed, .. } in examples(&help(&command)) {
            assert!(!typed.ends_with('\\') && typed.contains("slix "), "an example was broken in two: {typed}");
        }
    }
}

/// The shells' own checks are in tests/full; here stands that each script knows every command.
#[test]
fn completions_and_manual_pages_know_every_command() {
    let (work, commands) = (work(), commands());
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = work.run(&["completions", shell]).exits(0);
        let missing: Vec<_> = commands.iter().filter(|command| !script.text().contains(command.as_str())).collect();
        assert!(missing.is_empty(), "{shell}: {missing:?}");
    }
    assert!(work.run(&["completions", "tcsh"]).exits(2).stderr.contains("possible values"));
    work.run(&["man", "pages/man1"]).exits(0);
    for command in commands.iter().map(|command| format!("slix-{command}")).chain(["slix".to_owned()]) {
        let page = String::from_utf8(work.read(&format!("pages/man1/{command}.1"))).unwrap();
        assert!(page.contains(".TH") && page.contains(".SH SYNOPSIS"), "{command}: {page}");
    }
    assert_eq!(work.run(&["man"]).exits(0).stdout, work.read("pages/man1/slix.1"));
    work.file("file", "");
    assert!(work.run(&["man", "file"]).exits(1).stderr.contains("the directory cannot be made"));
}
