//! The commands of the documentation do what it says they do.
//!
//! In README.md and docs/, a line of an `sh` block that begins with `$ ` is a command, and the lines behind it are what it writes to
//! standard output, all of it; a line `…` stands for any lines. A command goes on behind a `\` at the end of its line. The commands of
//! one page run one after the other in one directory, which holds a copy of the shipped log and its definition. Blocks without
//! a `$ ` speak of the reader's own files and are not run.
//!
//! `SLIX_BLESS=1 cargo test --test suite readme` writes the outputs anew; read the difference before committing it.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// What the pages may name beside slix.
const FIXTURES: [&str; 4] = ["fixtures/access.log", "fixtures/slos.yaml", "fixtures/toil/slos.yaml", "fixtures/toil/work.csv"];
/// Programs that a machine may lack; commands that name one are left out there.
const PROGRAMS: [&str; 1] = ["jq"];

/// A command of a page.
struct Example {
    command: String,
    /// The lines of the page, counted from 0, that show its output.
    shown: Range<usize>,
}

#[test]
fn the_commands_of_the_pages_do_what_they_say() {
    let mut count = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let outputs = run(&page, &lines);
        count += outputs.len();
        if std::env::var_os("SLIX_BLESS").is_some() {
            for (example, output) in outputs.into_iter().rev() {
                lines.splice(example.shown, output);
            }
            fs::write(&page, lines.join("\n") + "\n").unwrap();
        }
    }
    assert!(count > 0, "no page has a command: what is parsed here and what is written there have parted");
}

/// README.md and every page of docs/.
fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(Path::new(ROOT).join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    pages.push(Path::new(ROOT).join("README.md"));
    pages.sort();
    pages
}

/// Runs the commands of a page, and gives back those whose output is not the one shown, with what it is. It fails at the first one
/// unless the pages are to be written anew.
fn run(page: &Path, lines: &[String]) -> Vec<(Example, Vec<String>)> {
    let directory = tempfile::tempdir().unwrap();
    for fixture in FIXTURES {
        fs::create_dir_all(directory.path().join(fixture).parent().unwrap()).unwrap();
        fs::copy(Path::new(ROOT).join(fixture), directory.path().join(fixture)).unwrap();
    }
    let mut ran = Vec::new();
    for example in examples(lines) {
        if let Some(program) = missing(&example.command) {
            eprintln!("skipped: there is no {program} for `{}`", example.command);
            continue;
        }
        let output = stdout(directory.path(), &example.command);
        let shown = &lines[example.shown.clone()];
        let fits = fits(shown, &output);
        if fits || std::env::var_os("SLIX_BLESS").is_some() {
            let output = if fits { shown.to_vec() } else { output };
            ran.push((example, output));
            continue;
        }
        let (name, line) = (page.display(), example.shown.start);
        panic!("{name}:{line}: `{}` writes\n{}\ninstead of\n{}", example.command, output.join("\n"), shown.join("\n"));
    }
    ran
}

/// The commands of the `sh` blocks, with the lines behind each.
fn examples(lines: &[String]) -> Vec<Example> {
    let (mut examples, mut inside): (Vec<Example>, bool) = (Vec::new(), false);
    let mut open = None;
    for (i, line) in lines.iter().enumerate() {
        if line.starts_with("```") {
            inside = line == "```sh" && !inside;
            open = None;
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            examples.push(Example { command: command.to_owned(), shown: i + 1..i + 1 });
            open = Some(examples.len() - 1);
        } else if let Some(example) = open.map(|at| &mut examples[at]) {
            let goes_on = example.command.ends_with('\\') && example.shown.is_empty();
            if goes_on {
                example.command += &format!("\n{line}");
                example.shown = i + 1..i + 1;
            } else {
                example.shown.end = i + 1;
            }
        }
    }
    examples
}

fn missing(command: &str) -> Option<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &str| std::env::split_paths(&path).any(|directory| directory.join(program).is_file());
    PROGRAMS.into_iter().find(|program| command.split([' ', '|', '\n']).any(|word| word == *program) && !is_there(program))
}

/// Runs a command as a reader of the page would, and gives the lines of its standard output.
fn stdout(directory: &Path, command: &str) -> Vec<String> {
    let binary = Path::new(env!("CARGO_BIN_EXE_slix"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(binary.parent().map(Path::to_owned).into_iter().chain(std::env::split_paths(&path))).unwrap();
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", command]).current_dir(directory).env_clear().env("PATH", path);
    let ran = shell.stdin(std::process::Stdio::null()).output().expect("bash runs the commands of the pages");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "`{command}` ends with {}: {said}", ran.status);
    String::from_utf8(ran.stdout).unwrap().lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Whether an output is the one shown, in which `…` stands for any lines.
fn fits(shown: &[String], output: &[String]) -> bool {
    match (shown, output) {
        ([], _) => output.is_empty(),
        ([dots, rest @ ..], _) if dots == "…" => (0..=output.len()).any(|skipped| fits(rest, &output[skipped..])),
        ([line, rest @ ..], [first, others @ ..]) => line.trim_end() == first && fits(rest, others),
        (_, []) => false,
    }
}

#[test]
fn the_definitions_of_the_pages_are_ones() {
    let mut count = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for block in text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            if block.starts_with("slos:") || block.contains("\nslos:") {
                count += 1;
                let read = slix::slo::definitions::Definitions::parse("the page", block);
                assert!(read.is_ok(), "{}: {:?} in\n{block}", page.display(), read.err());
            }
        }
    }
    assert!(count > 0, "no page has a definition");
}

#[test]
fn pages_are_read_as_they_are_meant() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let page = lines("$ no\n```sh\n$ a \\\n  b\none\n\ntwo\n$ c\n```\n```yaml\n$ no\n```\n```sh\nmine\n```");
    let found: Vec<_> = examples(&page).into_iter().map(|e| (e.command, e.shown)).collect();
    assert_eq!(found, [("a \\\n  b".to_owned(), 4..7), ("c".to_owned(), 8..8)]);
    assert!(fits(&lines("a\n…\nd"), &lines("a\nb\nc\nd")) && fits(&lines("…"), &[]) && fits(&[], &[]));
    assert!(!fits(&lines("a\n…\nd"), &lines("a\nb")) && !fits(&[], &lines("a")) && !fits(&lines("a"), &lines("a\nb")));
}
