//! A terminal that is drawn anew and anew, on its alternate screen, and left as it was found.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use slix::output::terminal::Look;
use unicode_width::UnicodeWidthStr;

/// Alternate screen, no cursor, lines that are too long are cut (xterm's `ctlseqs`, "DEC Private Mode Set").
const OPEN: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const CLOSE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/// Home; clear the line that begins here (behind a line as wide as the screen it would clear the last character); clear below.
const HOME: &str = "\x1b[H";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

/// Whether the alternate screen is shown: the terminal is one for the whole process.
static IS_OPEN: AtomicBool = AtomicBool::new(false);

/// Leaves the alternate screen, if it is shown. Safe to call twice, and from any thread.
pub fn close() {
    if IS_OPEN.swap(false, Ordering::SeqCst) {
        put(CLOSE);
    }
}

/// The alternate screen, until it is dropped.
pub struct Screen {
    look: Look,
    rows: u16,
}

impl Screen {
    /// Shows the alternate screen; none where standard output is no terminal, or one that can only append (`TERM=dumb`).
    pub fn open(look: Look) -> Option<Screen> {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if !io::stdout().is_terminal() || is_dumb {
            return None;
        }
        IS_OPEN.store(true, Ordering::SeqCst);
        put(OPEN);
        Some(Screen { look, rows: rows() })
    }

    /// What can be shown now, and whether that changed since it was asked last.
    pub fn look(&mut self) -> (Look, bool) {
        let before = (self.look.width, self.rows);
        if let Some((width, _)) = terminal_size::terminal_size_of(io::stdout()) {
            self.look.width = width.0;
        }
        self.rows = rows();
        (self.look, before != (self.look.width, self.rows))
    }

    /// Draws a text, and a line at the bottom. Of a text that is too long for the screen the end is left out, and that is said.
    pub fn draw(&self, text: &str, status: &str) {
        let page = self.page(text, status);
        let (above, last) = page.rsplit_once("\r\n").unwrap_or(("", &page));
        put(&format!("{HOME}{above}\r\n{CLEAR_BELOW}{last}"));
    }

    fn page(&self, text: &str, status: &str) -> String {
        let room = usize::from(self.rows.max(3)) - 2;
        let lines: Vec<&str> = text.lines().collect();
        let shown = if lines.len() > room { room - 1 } else { lines.len() };
        let mut page: String = lines[..shown].iter().map(|line| format!("{CLEAR_LINE}{line}\r\n")).collect();
        if shown < lines.len() {
            let (more, dots) = (lines.len() - shown, if self.look.utf8 { "…" } else { "..." });
            page.push_str(&format!("{CLEAR_LINE}  {dots} {more} more lines: a taller window shows them\r\n"));
        }
        let cut = status.chars().scan(0, |used, c| {
            *used += UnicodeWidthStr::width(c.encode_utf8(&mut [0; 4]) as &str);
            (*used <= usize::from(self.look.width)).then_some(c)
        });
        page + CLEAR_LINE + "\r\n" + CLEAR_LINE + &cut.collect::<String>()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        close();
    }
}

fn rows() -> u16 {
    terminal_size::terminal_size_of(io::stdout()).map_or(24, |(_, height)| height.0)
}

/// There is nobody to tell when the terminal is gone.
fn put(text: &str) {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(width: u16, rows: u16) -> Screen {
        Screen { look: Look { width, color: false, utf8: true }, rows }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let text = (1..=9).map(|n| format!("line {n}\n")).collect::<String>();
        let page = |rows| screen(20, rows).page(&text, "a status that is longer than this").replace(CLEAR_LINE, "");
        assert_eq!(page(11).matches("line").count(), 9);
        assert!(!page(11).contains('…') && page(11).ends_with("line 9\r\n\r\na status that is lon"));
        let short = page(8);
        assert!(short.contains("line 5\r\n  … 4 more lines: a taller") && !short.contains("line 6"), "{short}");
        assert_eq!(short.matches("\r\n").count(), 7);
    }
}
