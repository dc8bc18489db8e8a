//! What is said of a log whose format was not found, and what to do.

use std::fmt::Write;

use super::{Score, counts, says_nothing};
use crate::error::{Error, ErrorKind};
use crate::format::envelope::Envelope;
use crate::format::keyed;
use crate::record::Field;

#[cold]
pub(super) fn none(what: &str, lines: &[&[u8]], scores: &[Score]) -> Error {
    // What scanners send may hold such a byte, in a log whose writer escapes nothing.
    if 4 * lines.iter().filter(|line| line.contains(&0)).count() > lines.len() {
        let error = Error::new(ErrorKind::Format, format!("{what}: its bytes are no text"));
        return error.hint("is it a log? An archive that slix does not know is unpacked on the way: tool FILE | slix …");
    }
    let is_without_time = |score: &&Score| score.format.resolve(&Field::Time).is_none();
    if let Some(best) = scores.iter().filter(is_without_time).find(|score| 2 * score.undated > score.lines - score.skipped) {
        return without_time(best);
    }
    let mut message = what.to_owned();
    let read = counts(scores).filter(|(_, n)| *n > 0).map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>();
    // Writing to a String cannot fail.
    let _ = match read.as_slice() {
        [] => write!(message, "; none of the {} known formats reads any of {} lines", counts(scores).count(), lines.len()),
        read => write!(message, "; of {} lines each format read: {}", lines.len(), read.join(", ")),
    };
    if let Some(line) = lines.iter().find(|line| !line.trim_ascii().is_empty()) {
        let _ = write!(message, "; the first line begins: {}", shown(line));
    }
    let error = Error::new(ErrorKind::Format, message);
    if let Some(hint) = lines.iter().find(|line| !line.trim_ascii().is_empty()).and_then(|line| one_object_a_line(line)) {
        return error.hint(hint);
    }
    if let Some((names, values)) = header_misfit(lines) {
        return error.hint(format!(
            "its #Fields line names {names} columns, and the line behind it has {values}: was it edited, or is it of another file? Put the header that \
             its lines were written by before them"
        ));
    }
    let keys = lines.iter().find_map(|line| Some(("JSON", "json", "keys", keys_of(line)?)));
    match keys.or_else(|| lines.iter().find_map(|line| Some(("logfmt", "logfmt", "names", names_of(line)?)))) {
        Some((what, word, keys, of_line)) => error.hint(format!(
            "it is {what}: say what its {keys} are, --format '{{\"{word}\": {{\"time\": \"KEY\", \"status\": \"KEY\", \"latency\": \"KEY ms\", \"path\": \
             \"KEY\"}}}}'; it has {of_line}"
        )),
        None => error.hint(
            "name the format with --format: a preset, or the log_format (nginx) or LogFormat (Apache) string of the server's \
             configuration; --nginx-conf FILE or --apache-conf FILE takes it from there",
        ),
    }
}

/// How many columns the first `#Fields` line of a W3C log names, and how many values the first line behind it has, if these are not as many.
fn header_misfit(lines: &[&[u8]]) -> Option<(usize, usize)> {
    let words = |text: &[u8]| text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count();
    let mut behind = lines.iter().skip_while(|line| !line.starts_with(b"#Fields:"));
    let names = words(&behind.next()?[b"#Fields:".len()..]);
    let values = words(behind.find(|line| !says_nothing(line))?);
    (names != values).then_some((names, values))
}

/// What to do with JSON that is not one object a line, told by the first line.
fn one_object_a_line(line: &[u8]) -> Option<&'static str> {
    let text: Vec<u8> = line.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).take(2).collect();
    match &text[..] {
        b"[" | b"[{" => Some("it is one JSON array: make a line of each element on the way: jq -c '.[]' FILE | slix …"),
        b"{" => Some("it is JSON over several lines: make one of each object on the way: jq -c . FILE | slix …"),
        _ => None,
    }
}

/// The error for syslog messages whose lengths divide them, and no line ends.
#[cold]
pub(super) fn counted(line: &[u8]) -> Error {
    let message = format!(
        "it is syslog whose messages are counted (RFC 6587, octet counting) and have no line ends; it begins: {}",
        shown(line)
    );
    Error::new(ErrorKind::Format, message).hint(
        "end each message with a line end on the way: \
         perl -0777 -ne 'while (/\\G(\\d+) /gc) { print substr($_, pos, $1), \"\\n\"; pos() += $1 }' FILE | slix …",
    )
}

/// The error about lines that are in envelopes.
#[cold]
pub(super) fn within(envelopes: &[Envelope], error: Error) -> Error {
    if envelopes.is_empty() {
        return error;
    }
    let names: Vec<&str> = envelopes.iter().map(|envelope| envelope.name()).collect();
    let inner = Error::new(error.kind(), format!("within {}: {}", names.join(", "), error.message()));
    match error.hint_text() {
        Some(hint) => inner.hint(hint),
        None => inner,
    }
}

/// The error for lines of a format that has no time, in no envelope that has one.
#[cold]
fn without_time(score: &Score) -> Error {
    let (name, undated, lines) = (&score.format.name, score.undated, score.lines);
    let message = format!("`{name}` reads {undated} of {lines} lines, but they have no time of their own");
    let error = Error::new(ErrorKind::Format, message);
    error.hint(
        "keep what they are wrapped in, which has one: docker logs --timestamps, kubectl logs --timestamps, journalctl -o json",
    )
}

/// The keys of a line that is a JSON object, for people.
#[cold]
fn keys_of(line: &[u8]) -> Option<String> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(line).ok()?;
    listed(object.keys().map(String::as_bytes))
}

/// The names of a line that is pairs of logfmt, for people. A pair or two may stand in any line.
#[cold]
fn names_of(line: &[u8]) -> Option<String> {
    const PAIRS_MIN: usize = 3;
    let names = keyed::names(line).filter(|names| keyed::begins_with_pair(line) && names.len() >= PAIRS_MIN)?;
    listed(names.into_iter())
}

fn listed<'a>(keys: impl ExactSizeIterator<Item = &'a [u8]>) -> Option<String> {
    const KEYS_MAX: usize = 30;
    let more = if keys.len() > KEYS_MAX { ", …" } else { "" };
    let keys: Vec<String> = keys.take(KEYS_MAX).map(shown).collect();
    (!keys.is_empty()).then(|| keys.join(", ") + more)
}

/// The head of a line, with everything that a terminal could act on escaped. Quotes stand as they are.
fn shown(line: &[u8]) -> String {
    const CHARS_MAX: usize = 120;
    // A character has up to four bytes.
    let text = String::from_utf8_lossy(&line[..line.len().min(4 * CHARS_MAX)]);
    let escape = |c: char| match c {
        '"' | '\'' | '\\' => c.to_string(),
        c => c.escape_debug().to_string(),
    };
    text.chars().take(CHARS_MAX).map(escape).collect()
}
