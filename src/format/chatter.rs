//! Lines that are known not to be requests, told from lines that should have been read.

use crate::record::{Outcome, Reason, Skip};

/// The outcome of a line that the format cannot read for this reason.
#[cold]
pub(super) fn outcome(line: &[u8], reason: Reason) -> Outcome {
    if line.first() == Some(&b'#') {
        return Outcome::Skipped(Skip::Comment);
    }
    if is_chatter(line) { Outcome::Skipped(Skip::Chatter) } else { Outcome::Rejected(reason) }
}

/// What servers write beside their access log: error logs and start-up lines.
fn is_chatter(line: &[u8]) -> bool {
    is_nginx_error(line) || is_apache_error(line) || is_levelled(line)
}

/// nginx, ngx_log_error_core: `2026/11/01 10:00:00 [error] 42#42: *7 …`.
fn is_nginx_error(line: &[u8]) -> bool {
    has_pattern(line, b"0000/00/00 00:00:00 [") && line[21..].iter().take_while(|b| b.is_ascii_lowercase()).count() >= 4
}

/// Apache 2.4, ErrorLogFormat default: `[Sun Nov 01 10:00:00.123456 2026] [core:error] …`; 2.2 has no fraction.
fn is_apache_error(line: &[u8]) -> bool {
    let Some(end) = line.iter().position(|&b| b == b']') else { return false };
    has_pattern(line, b"[Aaa Aaa ") && end < 40 && line[..end].contains(&b':') && line[end + 1..].starts_with(b" [")
}

/// Plug-ins and runtimes that print their level first: `DEBUG: …`, `WARN …`.
fn is_levelled(line: &[u8]) -> bool {
    const LEVELS: [&[u8]; 9] = [b"TRACE", b"DEBUG", b"INFO", b"NOTICE", b"WARN", b"WARNING", b"ERROR", b"CRITICAL", b"FATAL"];
    let word = line.iter().take_while(|b| b.is_ascii_uppercase()).count();
    LEVELS.contains(&&line[..word]) && matches!(line.get(word), Some(b':' | b' ' | b'\t'))
}

/// Whether the line begins like the pattern, in which `0` is a digit, `A` a capital, `a` a small letter.
fn has_pattern(line: &[u8], pattern: &[u8]) -> bool {
    let fits = |(&b, &p): (&u8, &u8)| match p {
        b'0' => b.is_ascii_digit(),
        b'A' => b.is_ascii_uppercase(),
        b'a' => b.is_ascii_lowercase(),
        _ => b == p,
    };
    line.len() >= pattern.len() && line.iter().zip(pattern).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_chatter_is_skipped_and_junk_is_not() {
        for line in [
            "2024/03/05 23:59:58 [error] 12#12: *4 open() failed",
            "[Tue Mar 05 23:59:58.123456 2024] [core:error] [pid 7] x",
            "[Tue Mar  5 23:59:58 2024] [error] [client ::1] x",
            "DEBUG: plugin says hello",
            "WARN\tlow on memory",
        ] {
            assert_eq!(outcome(line.as_bytes(), Reason::Layout), Outcome::Skipped(Skip::Chatter), "{line}");
        }
        assert_eq!(outcome(b"#Fields: a b", Reason::Layout), Outcome::Skipped(Skip::Comment));
        for line in ["192.0.2.1 - - [05/Mar/2024", "DEBUGGER x", "[Tue] [x]", "{\"a\":", "ERROR", ""] {
            assert_eq!(outcome(line.as_bytes(), Reason::Json), Outcome::Rejected(Reason::Json), "{line}");
        }
    }
}
