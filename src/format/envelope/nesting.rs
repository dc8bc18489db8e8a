//! Which envelopes the lines of a log are in, told by those at its head.

use jiff::tz::TimeZone;

use super::syslog::Dating;
use super::{Envelope, Level, container, object, open, syslog, unwrapped};
use crate::framing::is_blank;

/// Envelopes nested deeper than this are not looked for.
const DEPTH_MAX: usize = 3;

/// The nestings of envelopes that more than half of the lines are in (half, of headers), the deepest first; the empty one is last.
pub fn nestings(lines: &[&[u8]]) -> Vec<Vec<Envelope>> {
    if are_bare(lines.iter().copied(), lines.len()) {
        return vec![Vec::new()];
    }
    let written: Vec<&[u8]> = lines.iter().copied().filter(|line| !is_blank(line)).collect();
    let owned: Vec<Vec<u8>> = written.iter().map(|line| line.to_vec()).collect();
    let mut found = vec![Vec::new()];
    nest(&owned, &mut Vec::new(), &mut found);
    found.sort_by_key(|nesting| std::cmp::Reverse(nesting.len()));
    found
}

/// Whether more than half of the lines that are not blank, among the first `lines_max`, are in no envelope. Most logs are in none, and the
/// first bytes tell.
pub(in crate::format) fn are_bare<'a>(lines: impl Iterator<Item = &'a [u8]>, lines_max: usize) -> bool {
    let (mut written, mut bare) = (0_usize, 0_usize);
    for line in lines.take(lines_max).filter(|line| !is_blank(line)) {
        written += 1;
        bare += usize::from(!may_be_wrapped(line));
        if 2 * bare > lines_max {
            return true;
        }
    }
    2 * bare > written || written == 0
}

/// Whether a line may be in some envelope, told without reading it; none is opened of which this is not so.
pub(super) fn may_be_wrapped(line: &[u8]) -> bool {
    match line.first() {
        Some(b' ') if container::without_indent(line).get(4) == Some(&b'-') => true,
        Some(b'{' | b' ' | b'\t' | b'\r') => object::may_hold_line(line),
        Some(b'[') => line.starts_with(b"[pod/"),
        Some(b'\x1b') => container::compose(line).is_some(),
        Some(_) if begins_with_address(line) => false,
        Some(first) => {
            let is_stamped = first.is_ascii_digit() && line.get(4) == Some(&b'/');
            is_stamped || syslog::may_be_dated(line) || begins_with_name(line)
        }
        None => false,
    }
}

/// Whether an address, a blank and a dash begin a line, as most do. No envelope begins so, and it is told by few instructions.
fn begins_with_address(line: &[u8]) -> bool {
    const ONES: u128 = u128::MAX / 0xff;
    let Some(first) = line.first_chunk::<16>() else { return false };
    // The lowest byte that is 0 is the lowest that has its high bit here (Mycroft).
    let no_blanks = u128::from_le_bytes(*first) ^ (ONES * u128::from(b' '));
    let blank = ((no_blanks.wrapping_sub(ONES) & !no_blanks & (ONES << 7)).trailing_zeros() / u8::BITS) as usize;
    first[0].is_ascii_digit()
        && first[1..4].contains(&b'.')
        && line.get(blank..blank + 3) == Some(b" - ")
        && first[blank - 1].is_ascii_digit()
}

/// Whether a name of a service or a program begins a line. Neither holds a blank, and what is behind the first one tells most.
fn begins_with_name(line: &[u8]) -> bool {
    let Some(blank) = memchr::memchr(b' ', line).filter(|&blank| blank > 0) else { return false };
    let (name, rest) = line.split_at(blank);
    let message = rest.trim_ascii_start();
    message.first() == Some(&b'|') && container::compose(line).is_some()
        || name.ends_with(b"]:") && syslog::behind_tag(line).is_some()
        || name[0].is_ascii_lowercase() && container::stern(line).is_some()
        || name[0].is_ascii_alphanumeric() && syslog::may_be_tagged(message) && syslog::behind_bare_host(line).is_some()
}

fn nest(lines: &[Vec<u8>], outer: &mut Vec<Envelope>, found: &mut Vec<Vec<Envelope>>) {
    if outer.len() == DEPTH_MAX {
        return;
    }
    let header = header_of_most(lines);
    for (envelope, _) in Envelope::ALL {
        let is_in = match envelope.is_header() {
            true => header == Some(envelope),
            false => are_mostly_in(lines, envelope),
        };
        // A timestamp in a timestamp is the line's own.
        if is_in && outer.last() != Some(&envelope) && !is_found_whole(outer, envelope, found) {
            outer.push(envelope);
            found.push(outer.clone());
            let inner = unwrapped(lines.iter().map(|line| &line[..]), &[envelope]);
            nest(&inner.into_iter().map(|line| line.text).collect::<Vec<_>>(), outer, found);
            outer.pop();
        }
    }
}

/// Whether a host and a tag behind a timestamp were found as one header.
fn is_found_whole(outer: &[Envelope], envelope: Envelope, found: &[Vec<Envelope>]) -> bool {
    let [before @ .., Envelope::Stamp] = outer else { return false };
    envelope == Envelope::Tag && found.contains(&[before, &[Envelope::SyslogIso]].concat())
}

/// The header that most lines are in, where half of them are in some: the others may be in none.
fn header_of_most(lines: &[Vec<u8>]) -> Option<Envelope> {
    let (mut most, mut all) = ((0, None), 0);
    for (envelope, _) in Envelope::ALL.into_iter().filter(|(envelope, _)| envelope.is_header()) {
        let count = each_in(lines, envelope).filter(|is_in| *is_in).count();
        all += count;
        if count > most.0 {
            most = (count, Some(envelope));
        }
    }
    most.1.filter(|_| 2 * all >= lines.len())
}

/// Whether more than half of the lines are in an envelope. Most logs are in none, so half of the lines tell.
fn are_mostly_in(lines: &[Vec<u8>], envelope: Envelope) -> bool {
    let (mut within, mut without) = (0, 0);
    for is_in in each_in(lines, envelope) {
        *if is_in { &mut within } else { &mut without } += 1;
        if 2 * within > lines.len() || 2 * without >= lines.len() {
            break;
        }
    }
    2 * within > lines.len()
}

/// Whether each line is in an envelope, and in no other instead.
fn each_in(lines: &[Vec<u8>], envelope: Envelope) -> impl Iterator<Item = bool> {
    let (mut level, mut buffer) = (Level::new(envelope, Some(&TimeZone::UTC)), Vec::new());
    lines.iter().map(move |line| {
        buffer.clear();
        open(&mut level, line, &mut buffer, &mut Dating::default()).is_some()
    })
}

/// Whether the lines at the head of a log say who wrote them, while none may be a request: those of who writes some come later.
pub fn await_requests<'a>(lines: impl Iterator<Item = &'a [u8]>, head: &[u8]) -> bool {
    if first_request(head).is_some() {
        return false;
    }
    let lines: Vec<&[u8]> = lines.take(NAMED_LINES).collect();
    let opened = |nesting: &Vec<Envelope>| unwrapped(lines.iter().copied(), nesting);
    let is_named =
        |nesting: &Vec<Envelope>| 2 * opened(nesting).iter().filter(|line| !line.program.is_empty()).count() > lines.len();
    nestings(&lines).iter().any(is_named)
}

/// So many lines tell whether they name their writers.
const NAMED_LINES: usize = 16;

/// Where something stands that tells a request in most formats: a method as a word, or the protocol.
pub fn first_request(text: &[u8]) -> Option<usize> {
    let is_outside = |at: usize| text.get(at).is_some_and(|byte| !byte.is_ascii_alphanumeric());
    let first = |sign: &[u8]| {
        // What follows the protocol is its version. A method that nothing follows is none: the text may be cut off there.
        let is_word =
            |&at: &usize| at.checked_sub(1).is_none_or(is_outside) && (sign.ends_with(b"/") || is_outside(at + sign.len()));
        memchr::memmem::find_iter(text, sign).find(is_word)
    };
    [&b"GET"[..], b"POST", b"HTTP/"].into_iter().filter_map(first).min()
}
