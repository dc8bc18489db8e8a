//! Long texts on a terminal, through the pager that the user has.

use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};

/// The pager where none is set.
const PAGER: &str = "less";
/// What less does where `LESS` says nothing: stop at once if the text fits the screen, show colours, leave the text on the screen, cut
/// long lines. As git has it, but for the last.
const LESS: &str = "FRXS";

/// Shows a text in the pager. False: there is none, or no terminal, and nothing was shown.
pub fn show(text: &str) -> bool {
    if !io::stdout().is_terminal() || is_dumb() {
        return false;
    }
    let asked = std::env::var("PAGER").ok();
    let pager = asked.as_deref().map_or(PAGER, str::trim);
    if pager.is_empty() || pager == "cat" {
        return false;
    }
    // A shell reads it, since it may hold options.
    let mut command = Command::new("sh");
    command.args(["-c", pager]).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", LESS);
    }
    if asked.is_none() && !is_there(PAGER) {
        return false;
    }
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        // Whoever leaves the pager early has seen enough.
        input.write_all(text.as_bytes()).ok();
    }
    // 127: there is no such program (POSIX, "Shell Command Language"), so nothing was shown.
    child.wait().is_ok_and(|status| status.code() != Some(127))
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term == "dumb")
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
