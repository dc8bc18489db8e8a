//! The headers of syslog, old and new, and what is left of them.

use super::{Inner, Level, Stamped};
use crate::format::TimeToken;
use crate::format::clock::TimeRead;
use crate::format::zone::Ambiguous;

/// What lines with old headers hang on, and what was found of the last one.
#[derive(Clone, Default, Debug)]
pub(super) struct Dating {
    /// The year, which the header lacks.
    pub(super) year: Option<i16>,
    /// The month of the header before; 0 at first.
    month: u8,
    /// Whether its local time comes twice or never.
    pub(super) ambiguous: Ambiguous,
}

impl Dating {
    /// The first header is of this year.
    pub(super) fn of_year(year: Option<i16>) -> Dating {
        Dating { year, ..Dating::default() }
    }
}

/// `2026 Nov  1 10:00:00`: the header's time behind the year that it lacks.
pub(super) fn rfc3164_tokens() -> Vec<TimeToken> {
    use TimeToken::*;
    let literal = |text: &str| Literal(text.as_bytes().to_vec());
    vec![Year, literal(" "), MonthName, literal(" "), Day, literal(" "), Hour, literal(":"), Minute, literal(":"), Second]
}

/// Whether a line may be in a header of [`DATED`](super::DATED), or behind a timestamp, told without reading it.
pub(in crate::format) fn may_be_dated(line: &[u8]) -> bool {
    match line.first() {
        // A priority.
        Some(b'<') => true,
        Some(b'0'..=b'9') => line.get(4) == Some(&b'-') || line.starts_with(b"1 ") || without_count(line).len() < line.len(),
        Some(first) => first.is_ascii_alphabetic() && matches!(line.get(15), Some(b' ' | b'.')),
        None => false,
    }
}

/// What stands behind the length that a message has where it was counted on its way (RFC 6587 §3.4.1): digits, a blank and the priority.
pub(super) fn without_count(line: &[u8]) -> &[u8] {
    // No message is as long as a count of more digits says, and a line may be nothing but digits.
    const DIGITS_MAX: usize = 10;
    let digits = line.iter().take(DIGITS_MAX).take_while(|b| b.is_ascii_digit()).count();
    let message = line[digits..].strip_prefix(b" ").filter(|message| digits > 0 && message.starts_with(b"<"));
    message.unwrap_or(line)
}

/// `<` 1 to 3 digits `>`
pub(super) fn without_priority(line: &[u8]) -> &[u8] {
    let line = without_count(line);
    let Some(rest) = line.strip_prefix(b"<") else { return line };
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    match rest.get(digits) {
        Some(b'>') if (1..=3).contains(&digits) => &rest[digits + 1..],
        _ => line,
    }
}

/// RFC 5424 §6: `VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP STRUCTURED-DATA [SP MSG]`
pub(super) fn rfc5424<'a>(level: &mut Level, line: &'a [u8]) -> Option<Inner<'a>> {
    let rest = without_priority(line).strip_prefix(b"1 ")?;
    let (time, mut rest) = match rest.strip_prefix(b"- ") {
        Some(rest) => (Stamped::Unknown, rest),
        None => {
            let (time, length) = level.leading_stamp(rest)?;
            (time, &rest[length..])
        }
    };
    let mut words = [&b""[..]; 4];
    let behind_host = &rest[memchr::memchr(b' ', rest)? + 1..];
    for word in &mut words {
        let end = memchr::memchr(b' ', rest)?;
        (*word, rest) = (&rest[..end], &rest[end + 1..]);
    }
    let program = Some(with_process(behind_host, words[1].len(), words[2])).filter(|_| words[1] != b"-");
    let text = match rest.strip_prefix(b"-") {
        Some(text) if matches!(text.first(), None | Some(b' ')) => text,
        // Heroku leaves the structured data out: https://devcenter.heroku.com/articles/log-drains.
        _ if !rest.starts_with(b"[") => rest,
        _ => behind_structured_data(rest)?,
    };
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    Some(Inner::whole(text, time, program))
}

/// The name of a program, and behind it what it runs as where that is no number: Heroku has `heroku[router]` beside `heroku[web.1]`, whose number
/// may be any.
fn with_process<'a>(line: &'a [u8], name: usize, process: &[u8]) -> &'a [u8] {
    let kind = process.iter().position(|&b| b == b'.').unwrap_or(process.len());
    let is_number = process[..kind].iter().all(|b| b.is_ascii_digit() || *b == b'-');
    &line[..if is_number { name } else { name + 1 + kind }]
}

/// RFC 5424 §6.3: elements in brackets, in whose quoted values `"`, `\` and `]` are escaped.
fn behind_structured_data(mut rest: &[u8]) -> Option<&[u8]> {
    while let Some(mut element) = rest.strip_prefix(b"[") {
        let mut is_quoted = false;
        loop {
            match element {
                [b'\\', _, tail @ ..] if is_quoted => element = tail,
                [b'"', tail @ ..] => (is_quoted, element) = (!is_quoted, tail),
                [b']', tail @ ..] if !is_quoted => {
                    rest = tail;
                    break;
                }
                [_, tail @ ..] => element = tail,
                [] => return None,
            }
        }
    }
    (rest.is_empty() || rest.starts_with(b" ")).then_some(rest)
}

/// RFC 3164 §4.1: `Mmm dd hh:mm:ss SP HOSTNAME SP MSG`, where the message begins with a tag.
pub(super) fn rfc3164<'a>(level: &mut Level, line: &'a [u8], dating: &mut Dating) -> Option<Inner<'a>> {
    let rest = without_priority(line);
    let (header, rest) = rest.split_at_checked(15)?;
    let (fraction_us, rest) = fraction(rest)?;
    // Any leap year reads every date.
    let mut stamp = *b"2000 Mmm dd hh:mm:ss";
    stamp[5..].copy_from_slice(header);
    let (TimeRead::At(..) | TimeRead::NoZone(_)) = level.clock.read_whole(&stamp) else {
        // A time that cannot be leaves a header one.
        let (program, text) = behind_host(rest).filter(|_| is_like_time(header))?;
        return Some(Inner::whole(text, Stamped::Unknown, program));
    };
    let this = month_of(&header[..3]);
    if let Some(year) = &mut dating.year {
        // A log that goes on over the end of the year, perhaps with lines out of order.
        *year += match (dating.month, this) {
            (11..=12, 1..=2) => 1,
            (1..=2, 11..=12) => -1,
            _ => 0,
        };
    }
    dating.month = this;
    let time = match dating.year {
        Some(year) => {
            stamp[..4].copy_from_slice(format!("{year:04}").get(..4)?.as_bytes());
            let time = level.stamp(&stamp);
            dating.ambiguous = level.clock.ambiguous();
            match time {
                Stamped::At(time) => Stamped::At(time.checked_add_micros(fraction_us)?),
                Stamped::Unknown => Stamped::Unknown,
            }
        }
        None => Stamped::Unknown,
    };
    let (program, text) = behind_host(rest)?;
    Some(Inner::whole(text, time, program))
}

/// The same with a whole timestamp.
pub(super) fn iso<'a>(level: &mut Level, line: &'a [u8]) -> Option<Inner<'a>> {
    let rest = without_priority(line);
    let (time, length) = level.leading_stamp(rest)?;
    // Without a host this is a timestamp and a tag, as Heroku has them (`app[web.1]: INFO: …`).
    let has_host = !rest[length..].split(|&b| b == b' ').next().is_some_and(|word| word.ends_with(b":"));
    let (program, text) = behind_host(&rest[length..]).filter(|_| has_host)?;
    // Without a tag this is a timestamp and a word, and the word may be the line's own; only an object cannot begin so.
    let stands_alone = program.is_some() || text.starts_with(b"{");
    stands_alone.then(|| Inner::whole(text, time, program))
}

/// The blank behind the seconds, or a `.`, digits and the blank; in microseconds.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(behind_point) = rest.strip_prefix(b".") else { return Some((0, rest.strip_prefix(b" ")?)) };
    let digits = behind_point.iter().take_while(|b| b.is_ascii_digit()).count();
    let micros = (0..6).fold(0, |micros, i| 10 * micros + behind_point[..digits].get(i).map_or(0, |b| i64::from(b - b'0')));
    Some((micros, behind_point[digits..].strip_prefix(b" ").filter(|_| digits > 0)?))
}

/// `Mmm dd hh:mm:ss` with any numbers.
fn is_like_time(header: &[u8]) -> bool {
    let fits = |(byte, pattern): (&u8, &u8)| match pattern {
        b'0' => byte.is_ascii_digit(),
        b'_' => byte.is_ascii_digit() || *byte == b' ',
        _ => byte == pattern,
    };
    month_of(&header[..3]) > 0 && header[3..].iter().zip(b" _0 00:00:00").all(fits)
}

fn month_of(name: &[u8]) -> u8 {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    MONTHS.chunks(3).zip(1..).find(|(month, _)| *month == name).map_or(0, |(_, number)| number)
}

/// What stands where a tag would, and is the message's own: uvicorn's begins so.
const LEVELS: [&[u8]; 5] = [b"DEBUG", b"INFO", b"WARNING", b"ERROR", b"CRITICAL"];

/// The tag of `HOST TAG[PID]: ` and what follows; the tag may be missing, and so may the host, which does not end in a colon.
pub(super) fn behind_host(rest: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let host = memchr::memchr(b' ', rest).filter(|&length| length > 0)?;
    let message = if rest[..host].ends_with(b":") { rest } else { rest[host + 1..].trim_ascii_start() };
    let tag = tag_length(message);
    let behind_tag = &message[tag..];
    let (process, behind_pid) = match behind_tag.strip_prefix(b"[") {
        Some(pid) => {
            let end = memchr::memchr(b']', pid).unwrap_or(pid.len());
            (&pid[..end], pid.get(end + 1..).unwrap_or_default())
        }
        None => (&b""[..], behind_tag),
    };
    match behind_pid.strip_prefix(b":") {
        Some(text) if tag > 0 && matches!(text.first(), None | Some(b' ')) && !LEVELS.contains(&&message[..tag]) => {
            Some((Some(with_process(message, tag, process)), text.strip_prefix(b" ").unwrap_or(text)))
        }
        _ => Some((None, message)),
    }
}

/// How long the tag is that a message may begin with. systemd has parentheses around the name of what has not begun yet.
fn tag_length(message: &[u8]) -> usize {
    let is_tag = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/' | b'(' | b')');
    message.iter().take_while(is_tag).count()
}

/// Whether a tag may stand at the beginning of a message, told by the byte behind it.
pub(super) fn may_be_tagged(message: &[u8]) -> bool {
    matches!(message.get(tag_length(message)), Some(b':' | b'['))
}

/// The tag of `HOST TAG: ` and what follows, as some services forward what was syslog, without a time.
pub(super) fn behind_bare_host(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (program, text) = behind_host(line)?;
    let host = memchr::memchr(b' ', line)?;
    let is_host = line[..host].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    Some((program?, text)).filter(|_| is_host)
}

/// The tag of `TAG[PID]: ` and what follows; Heroku's logs have the name of a dyno there (`app[web.1]: `), behind a timestamp.
pub(super) fn behind_tag(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let word = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')).count();
    let tag = word(line);
    let pid = line[tag..].strip_prefix(b"[").filter(|_| line[0].is_ascii_alphabetic())?;
    let process = &pid[..word(pid)];
    Some((with_process(line, tag, process), pid[process.len()..].strip_prefix(b"]: ").filter(|_| !process.is_empty())?))
}
