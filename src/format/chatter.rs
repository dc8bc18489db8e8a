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
    is_nginx_error(line) || is_apache_error(line) || is_levelled(line) || is_haproxy_other(line)
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

/// HAProxy beside its HTTP log: errors of a connection (8.2.5 of its manual: `ADDRESS [DATE] frontend/bind: message`), TCP lines, which have
/// three timers and no request, and what it says of itself and of its servers.
fn is_haproxy_other(line: &[u8]) -> bool {
    const WORDS: [&[u8]; 9] = [
        b"Proxy ",
        b"Connect from ",
        b"Server ",
        b"Backup Server ",
        b"backend ",
        b"Health check ",
        b"Stopping ",
        b"Pausing ",
        b"New worker ",
    ];
    if WORDS.iter().any(|word| line.starts_with(word)) {
        return true;
    }
    let Some(open) = memchr::memmem::find(line, b" [") else { return false };
    let Some(rest) = line.get(open + 2..).filter(|rest| has_pattern(rest, b"00/Aaa/0000:00:00:00.000] ")) else { return false };
    let mut words = rest[26..].split(|&b| b == b' ').skip(1);
    let (second, third) = (words.next().unwrap_or(b""), words.next().unwrap_or(b""));
    let timers = third.iter().filter(|&&b| b == b'/').count();
    let is_message = rest[26..].split(|&b| b == b' ').next().is_some_and(|word| word.ends_with(b":") && word.contains(&b'/'));
    !line.contains(&b'"') && (is_message || second.contains(&b'/') && timers == 2)
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
            "192.0.2.7:40112 [05/Mar/2024:23:59:58.123] web/1: SSL handshake failure",
            "192.0.2.7:40112 [05/Mar/2024:23:59:58.123] db db/db1 0/1/5012 2313 -- 1/1/1/1/0 0/0",
            "Proxy web started.",
            "Connect from 192.0.2.7:40112 to 192.0.2.1:80 (web/HTTP)",
        ] {
            assert_eq!(outcome(line.as_bytes(), Reason::Layout), Outcome::Skipped(Skip::Chatter), "{line}");
        }
        assert_eq!(outcome(b"#Fields: a b", Reason::Layout), Outcome::Skipped(Skip::Comment));
        for line in [
            "192.0.2.1 - - [05/Mar/2024",
            "DEBUGGER x",
            "[Tue] [x]",
            "{\"a\":",
            "ERROR",
            "192.0.2.7:40112 [05/Mar/2024:23:59:58.123] web shop/app 0/0/1/4",
            "",
        ] {
            assert_eq!(outcome(line.as_bytes(), Reason::Json), Outcome::Rejected(Reason::Json), "{line}");
        }
    }
}
