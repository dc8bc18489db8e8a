//! slix on a real terminal (tmux), and what shells and manuals make of its completions and pages.

use crate::run::{Folder, slix};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// How long something may take to be seen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A terminal of its own, which ends with the value.
struct Terminal {
    socket: String,
}

impl Terminal {
    /// A shell in `folder`, in a window of this size, with these variables.
    fn open(name: &str, folder: &Path, (width, height): (u16, u16), variables: &[(&str, &str)]) -> Terminal {
        let terminal = Terminal { socket: format!("slix-{}-{name}", std::process::id()) };
        let binary = std::env::var_os("SLIX_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_slix").into());
        let path = format!("{}:{}", Path::new(&binary).parent().unwrap().display(), std::env::var("PATH").unwrap());
        let set: String = variables.iter().map(|(name, value)| format!("export {name}={value}; ")).collect();
        let shell =
            format!("unset NO_COLOR LC_ALL PAGER LESS; export PATH={path} LANG=C.UTF-8 PS1='ready> '; {set}exec bash --norc -i");
        let size = [width.to_string(), height.to_string()];
        let folder = folder.to_str().unwrap();
        let opened = terminal.tmux(&["new-session", "-d", "-x", &size[0], "-y", &size[1], "-c", folder, &shell]);
        assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
        terminal.wait_for("ready>");
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        let tmux = Command::new("tmux").args(["-u", "-L", &self.socket, "-f", "/dev/null"]).args(arguments).output();
        tmux.expect("tmux is installed")
    }

    fn send(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Types a command and waits until the shell is ready again. What the screen shows then.
    fn run(&self, command: &str) -> String {
        self.send(&["clear", "Enter"]);
        self.send(&["-l", &format!("{command}; echo done-$?")]);
        self.send(&["Enter"]);
        self.wait_for("\ndone-")
    }

    /// What the screen shows; with the colours, where they are asked for.
    fn screen(&self, colors: bool) -> String {
        let shown = self.tmux(if colors { &["capture-pane", "-p", "-e"] } else { &["capture-pane", "-p"] });
        String::from_utf8(shown.stdout).unwrap()
    }

    #[track_caller]
    fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    #[track_caller]
    fn wait_until(&self, what: &str, is_there: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let screen = self.screen(false);
            if is_there(&screen) {
                return screen;
            }
            assert!(begun.elapsed() < PATIENCE, "no {what} within {PATIENCE:?} on\n{screen}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

/// The log that comes with the project, in two parts, and three SLOs.
fn folder(name: &str) -> (Folder, String) {
    let folder = Folder::new(name);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let log = fs::read_to_string(root.join("fixtures/access.log")).unwrap();
    let slos = fs::read_to_string(root.join("fixtures/slos.yaml")).unwrap();
    folder.write("access.log", &log);
    folder.write("two.yaml", &slos);
    folder.write(
        "slos.yaml",
        &(slos + "  - {name: pages, target: 99%, window: 7d, valid: method == \"GET\", good: status < 500}\n"),
    );
    (folder, log)
}

fn widest(screen: &str) -> usize {
    screen.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

#[test]
#[ignore = "needs tmux; run by tests/full"]
fn the_report_fits_80_and_200_columns() {
    let (folder, _) = folder("terminal");
    let report = "slix report -q -c slos.yaml access.log";
    let narrow = Terminal::open("narrow", &folder.path, (80, 80), &[]);
    let screen = narrow.run(report);
    assert!(screen.contains("■ freeze") && screen.contains("✗ NOT MET") && screen.contains('░'), "{screen}");
    assert!(screen.lines().any(|line| line.ends_with("✗ NOT MET") && line.chars().count() == 80), "{screen}");
    assert!(narrow.screen(true).contains("\u{1b}[31m") || narrow.screen(true).contains("\u{1b}[1m\u{1b}[31m"));
    // As wide as asked for, and the same words as on a pipe of that width.
    let piped = slix(&folder.path, &["report", "-q", "-c", "slos.yaml", "access.log"]);
    assert!(String::from_utf8(piped).unwrap().contains("■ freeze"));

    let wide = Terminal::open("wide", &folder.path, (200, 60), &[]);
    let screen = wide.run(report);
    let both = screen.lines().any(|line| line.contains("shop / availability") && line.contains("shop / latency"));
    assert!(both && widest(&screen) > 180 && widest(&screen) <= 200, "{screen}");
    assert!(screen.contains("trend"), "{screen}");
}

#[test]
#[ignore = "needs tmux; run by tests/full"]
fn the_report_degrades_to_ascii_without_colour() {
    let (folder, _) = folder("ascii");
    for (name, variables) in [("c", &[("LC_ALL", "C")][..]), ("dumb", &[("TERM", "dumb")])] {
        let terminal = Terminal::open(name, &folder.path, (80, 80), variables);
        let screen = terminal.run("slix report -q -c slos.yaml access.log");
        assert!(screen.is_ascii() && screen.contains("# freeze") && screen.contains("x NOT MET"), "{name}\n{screen}");
        assert!(screen.contains("####....") && screen.contains("_,_"), "{name}\n{screen}");
    }
    for (name, variables) in [("no-color", &[("NO_COLOR", "1")][..]), ("dumb-color", &[("TERM", "dumb")])] {
        let terminal = Terminal::open(name, &folder.path, (80, 80), variables);
        terminal.run("slix report -q -c slos.yaml access.log");
        assert!(!terminal.screen(true).contains("\u{1b}[3"), "{name}\n{}", terminal.screen(true));
    }
}

#[test]
#[ignore = "needs tmux; run by tests/full"]
fn a_watch_draws_what_comes_and_leaves_the_terminal_as_it_was() {
    let (folder, log) = folder("watch");
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    folder.write("access.log", &lines[..1_500].concat());
    let terminal = Terminal::open("watch", &folder.path, (100, 60), &[]);
    terminal.run("echo before");
    terminal.send(&["-l", "slix report -q -c two.yaml --watch=0.2 access.log"]);
    terminal.send(&["Enter"]);
    let screen = terminal.wait_for("lines  1,500 = ");
    assert!(screen.contains("following 1 log") && !screen.contains("before"), "{screen}");
    fs::rename(folder.path.join("access.log"), folder.path.join("access.log.1")).unwrap();
    folder.write("access.log", &lines[1_500..].concat());
    let screen = terminal.wait_for("lines  2,500 = ");
    folder.write("whole.log", &log);
    let report = String::from_utf8(slix(&folder.path, &["report", "-q", "-c", "two.yaml", "whole.log"])).unwrap();
    let report: Vec<&str> = report.lines().map(str::trim_end).collect();
    let shown: Vec<&str> = screen.lines().map(str::trim_end).take(report.len()).collect();
    assert_eq!(shown, report);
    // A window that is too short says so.
    terminal.tmux(&["resize-window", "-x", "100", "-y", "20"]);
    terminal.wait_for("more lines: a taller window shows them");
    terminal.send(&["C-c"]);
    terminal.send(&["-l", "echo ended-$?"]);
    terminal.send(&["Enter"]);
    terminal.wait_for("\nended-0");
    assert_eq!(terminal.tmux(&["display-message", "-p", "#{alternate_on}#{cursor_flag}#{wrap_flag}"]).stdout, b"011\n");
    let all = String::from_utf8(terminal.tmux(&["capture-pane", "-p", "-S", "-"]).stdout).unwrap();
    assert!(all.contains("before") && all.contains("lines  2,500 = "), "{all}");
}

#[test]
#[ignore = "needs tmux and less; run by tests/full"]
fn a_long_table_is_paged() {
    let (folder, _) = folder("pager");
    let terminal = Terminal::open("pager", &folder.path, (100, 24), &[]);
    terminal.send(&["-l", "slix windows -q -c slos.yaml --every 1h access.log; echo done-$?"]);
    terminal.send(&["Enter"]);
    let first = terminal.wait_until("pager", |screen| screen.trim_end().ends_with(':'));
    assert!(first.contains("shop / availability") && !first.contains("done-0"), "{first}");
    terminal.send(&["G"]);
    terminal.wait_until("last page", |screen| screen.contains("(END)"));
    terminal.send(&["q"]);
    terminal.wait_for("\ndone-0");
    // What fits is not paged, and neither is what is not to be.
    assert!(terminal.run("slix windows -q -c two.yaml --every 4w --group-by '' access.log | tail -n 3").contains("done-0"));
    assert!(terminal.run("slix windows -q -c slos.yaml --every 1h --no-pager access.log").contains("done-0"));
    assert!(terminal.run("PAGER='head -n 2' slix windows -q -c slos.yaml --every 1h access.log").contains("start (UTC)"));
    assert!(terminal.run("PAGER=no-such-pager slix windows -q -c slos.yaml --every 4w access.log 2>&1").contains("done-0"));
}

/// Each shell reads its script, and the checks of manual pages find nothing wrong.
#[test]
#[ignore = "needs zsh, fish and mandoc; run by tests/full"]
fn shells_and_manuals_take_what_slix_writes() {
    let folder = Folder::new("manual");
    slix(&folder.path, &["man", "man1"]);
    for shell in ["bash", "zsh", "fish"] {
        let script = slix(&folder.path, &["completions", shell]);
        folder.write(shell, &String::from_utf8(script).unwrap());
        let checked = Command::new(shell).args(["-n", shell]).current_dir(&folder.path).output().expect("the shell is installed");
        assert!(checked.status.success() && checked.stderr.is_empty(), "{shell}: {}", String::from_utf8_lossy(&checked.stderr));
    }
    let complete = r#"source ./bash; COMP_WORDS=(slix rep); COMP_CWORD=1; _slix slix rep slix; echo "${COMPREPLY[@]}""#;
    let completed = Command::new("bash").args(["-c", complete]).current_dir(&folder.path).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&completed.stdout).trim(), "report");
    let pages: Vec<_> = fs::read_dir(folder.path.join("man1")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(pages.len() > 10);
    for page in pages {
        let checked =
            Command::new("mandoc").args(["-T", "lint", "-W", "error"]).arg(&page).output().expect("mandoc is installed");
        assert!(checked.status.success(), "{}: {}", page.display(), String::from_utf8_lossy(&checked.stdout));
        let shown = Command::new("mandoc").args(["-T", "utf8"]).arg(&page).output().unwrap();
        assert!(shown.stdout.len() > 500, "{}", page.display());
    }
}
