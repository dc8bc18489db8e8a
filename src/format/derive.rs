//! From the texts of a line's fields to the values that indicators compare.

use super::Unit;
use super::number;
use super::request::{split_request, split_target, split_uri};
use crate::batch::{ABSENT, Column};
use crate::block::{Block, Place};
use crate::record::Slot;
use crate::time::Instant;

/// How a slot is made from fields. Where several fields are listed, the first that is present decides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Derive {
    /// The text as it is.
    Text(Vec<usize>),
    /// The address of a text that may have a port behind it.
    Address(Vec<usize>),
    /// A part of the request.
    Part(Part, Vec<(usize, Whence)>),
    /// The status of the event itself.
    EventStatus,
    /// Another status code.
    Status(Vec<usize>),
    /// A number in the base of its unit.
    Scaled(Vec<(usize, Unit)>),
    /// The sum of several such numbers, unknown when one of them is.
    Sum(Vec<(usize, Unit)>),
    /// A plain number in billionths.
    Number(Vec<usize>),
    /// The event's time.
    Time,
    /// The event's time less that of its creation.
    Elapsed,
    /// The end less the event's time.
    UntilEnd,
    /// The first of several numbers, or else the end less the event's time.
    ScaledOrUntilEnd(Vec<(usize, Unit)>),
    /// The input's name.
    Input,
    /// Nothing: these lines do not have what others of the log have.
    Absent,
}

impl Derive {
    /// How a batch makes it.
    pub(super) fn columnar(&self) -> Columnar {
        match self {
            Derive::EventStatus => Columnar::Status,
            Derive::Scaled(fields) => match fields[..] {
                [(field, unit)] if unit != Unit::Written => Columnar::Scaled(field, unit),
                _ => Columnar::ByLine,
            },
            Derive::Sum(fields) if fields.iter().all(|(_, unit)| *unit != Unit::Written) => Columnar::Sum,
            Derive::Part(part, fields) => match (part, &fields[..]) {
                (Part::Method, [(_, whence)]) if whence.is_request() => Columnar::Method,
                (Part::Path, [(_, whence)]) if whence.is_request() => Columnar::Path,
                (Part::Path, [(field, Whence::Target)]) => Columnar::Target(*field),
                (_, [(field, Whence::Itself)]) if *part != Part::Query => Columnar::Text(*field),
                _ => Columnar::ByLine,
            },
            Derive::Text(fields) => match fields[..] {
                [field] => Columnar::Text(field),
                _ => Columnar::ByLine,
            },
            _ => Columnar::ByLine,
        }
    }

    /// The same, made from those of its fields that `is_present` says are there.
    pub(super) fn of_fields(&self, is_present: impl Fn(&usize) -> bool) -> Derive {
        let of = |fields: &[usize]| fields.iter().copied().filter(&is_present).collect();
        let with_units = |fields: &[(usize, Unit)]| fields.iter().copied().filter(|(field, _)| is_present(field)).collect();
        match self {
            Derive::Text(fields) => Derive::Text(of(fields)),
            Derive::Address(fields) => Derive::Address(of(fields)),
            Derive::Status(fields) => Derive::Status(of(fields)),
            Derive::Number(fields) => Derive::Number(of(fields)),
            Derive::Scaled(fields) => Derive::Scaled(with_units(fields)),
            Derive::ScaledOrUntilEnd(fields) => Derive::ScaledOrUntilEnd(with_units(fields)),
            Derive::Part(part, fields) => {
                Derive::Part(*part, fields.iter().copied().filter(|(field, _)| is_present(field)).collect())
            }
            // A sum of which a part is missing is unknown.
            derive => derive.clone(),
        }
    }

    /// Whether it takes a field for a request line, and nothing else.
    pub(super) fn is_of_request(&self, field: usize) -> bool {
        matches!(self, Derive::Part(_, fields) if matches!(fields[..], [(of, whence)] if of == field && whence.is_request()))
    }

    /// Whether what it gives is a path as requests have it, which ends before `?` or `#`.
    pub(super) fn is_path_of_target(&self) -> bool {
        matches!(self, Derive::Part(Part::Path, fields) if fields.iter().all(|(_, whence)| *whence != Whence::Itself))
    }

    /// The fields of a sum.
    pub(super) fn summands(&self) -> &[(usize, Unit)] {
        if let Derive::Sum(fields) = self { fields } else { &[] }
    }

    /// The fields it is made from.
    pub(super) fn fields(&self) -> Vec<usize> {
        match self {
            Derive::Text(fields) | Derive::Address(fields) | Derive::Status(fields) | Derive::Number(fields) => fields.clone(),
            Derive::Part(_, fields) => fields.iter().map(|(field, _)| *field).collect(),
            Derive::Scaled(fields) | Derive::Sum(fields) | Derive::ScaledOrUntilEnd(fields) => {
                fields.iter().map(|(field, _)| *field).collect()
            }
            Derive::EventStatus | Derive::Time | Derive::Elapsed | Derive::UntilEnd | Derive::Input | Derive::Absent => {
                Vec::new()
            }
        }
    }
}

/// How the slots of a batch are made: from a column of the fast reader, or line by line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Columnar {
    Status,
    /// The values of a field.
    Scaled(usize, Unit),
    /// The sum of the values of fields.
    Sum,
    /// The methods, and the paths, of requests that are usual.
    Method,
    Path,
    /// The paths of targets, the texts of a field.
    Target(usize),
    /// The texts of a field.
    Text(usize),
    ByLine,
}

/// A part of a request line or target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    Method,
    Path,
    Query,
    Host,
}

/// What a part is taken from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Whence {
    Request,
    /// Under a key of an object, where some have the target alone.
    RequestOrTarget,
    Target,
    /// A target, or a host and a path.
    Uri,
    /// The field is the part.
    Itself,
}

impl Whence {
    /// Whether the field is a request line, as far as a usual one goes.
    fn is_request(self) -> bool {
        matches!(self, Whence::Request | Whence::RequestOrTarget)
    }
}

/// A line whose fields have been found.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) line: &'a [u8],
    /// The input's name, then text that had to be unescaped.
    pub(super) scratch: &'a [u8],
    pub(super) input_bytes: usize,
    pub(super) spans: &'a [Slot],
    pub(super) status: Option<u16>,
    pub(super) time: Instant,
    pub(super) created: Option<Instant>,
    pub(super) ended: Option<Instant>,
}

impl<'a> Fields<'a> {
    /// The text of a field and its place; none when it is empty or `-`.
    #[inline]
    pub(super) fn text(&self, field: usize) -> Option<(&'a [u8], Slot)> {
        let place = self.spans[field];
        let text = match place {
            Slot::Line(from, to) => &self.line[from as usize..to as usize],
            Slot::Scratch(from, to) => &self.scratch[from as usize..to as usize],
            Slot::Absent | Slot::Int(_) => return None,
        };
        (!matches!(text, b"" | b"-")).then_some((text, place))
    }

    #[inline]
    fn first(&self, fields: &[usize]) -> Option<(&'a [u8], Slot)> {
        fields.iter().find_map(|&field| self.text(field))
    }

    /// The first present number of a list of fields, read by its unit.
    #[inline]
    fn first_scaled(&self, fields: &[(usize, Unit)]) -> Option<i64> {
        let (text, unit) = fields.iter().find_map(|&(field, unit)| Some((self.text(field)?.0, unit)))?;
        number::scaled(text, unit)
    }

    /// The status: `Err` when the text is no status at all.
    #[inline]
    pub(super) fn read_status(&self, fields: &[usize]) -> Result<Option<u16>, ()> {
        match self.first(fields) {
            Some((text, _)) => number::status(text).ok_or(()),
            None => Ok(None),
        }
    }

    /// The value of one slot.
    #[inline]
    pub(super) fn derive(&self, derive: &Derive) -> Slot {
        let int = |n: Option<i64>| n.map_or(Slot::Absent, Slot::Int);
        match derive {
            Derive::EventStatus => int(self.status.map(i64::from)),
            Derive::Status(fields) => int(self.read_status(fields).ok().flatten().map(i64::from)),
            Derive::Scaled(fields) => int(self.first_scaled(fields)),
            Derive::Part(part, fields) => self.part(*part, fields).unwrap_or(Slot::Absent),
            Derive::Text(fields) => self.first(fields).map_or(Slot::Absent, |(_, place)| place),
            Derive::Address(fields) => {
                let address = self.first(fields).map(|(text, place)| (place, text, address(text)));
                // A port may stand behind no address.
                address
                    .filter(|(.., address)| *address != b"-")
                    .map_or(Slot::Absent, |(place, text, part)| within(place, text, part))
            }
            Derive::Sum(fields) => int(self.sum(fields)),
            Derive::Number(fields) => int(self.first(fields).and_then(|(text, _)| number::billionths(text))),
            Derive::Time => Slot::Int(self.time.micros()),
            Derive::Elapsed => int(nanos_between(self.created, Some(self.time))),
            Derive::ScaledOrUntilEnd(fields) => {
                int(self.first_scaled(fields).or_else(|| nanos_between(Some(self.time), self.ended)))
            }
            Derive::UntilEnd => int(nanos_between(Some(self.time), self.ended)),
            Derive::Input => Slot::Scratch(0, self.input_bytes as u32),
            Derive::Absent => Slot::Absent,
        }
    }

    fn sum(&self, fields: &[(usize, Unit)]) -> Option<i64> {
        fields.iter().try_fold(0i64, |sum, &(field, unit)| sum.checked_add(number::scaled(self.text(field)?.0, unit)?))
    }

    #[inline]
    fn part(&self, part: Part, fields: &[(usize, Whence)]) -> Option<Slot> {
        fields.iter().find_map(|&(field, whence)| {
            let (text, place) = self.text(field)?;
            let split = if whence == Whence::Uri { split_uri } else { split_target };
            let (method, target) = match whence {
                // Apache's `%q` begins with its question mark.
                Whence::Itself if part == Part::Query => {
                    return Some(within(place, text, text.strip_prefix(b"?").unwrap_or(text)));
                }
                Whence::Itself => return Some(place),
                Whence::Target | Whence::Uri => (None, Some(text)),
                Whence::Request => split_request(text),
                Whence::RequestOrTarget => match split_request(text) {
                    (None, None) if text.starts_with(b"/") => (None, Some(text)),
                    parts => parts,
                },
            };
            let found = match part {
                Part::Method => method,
                Part::Path => split(target?).path,
                Part::Query => split(target?).query,
                Part::Host => split(target?).host,
            };
            Some(within(place, text, found?))
        })
    }
}

/// An address without the port behind it: `192.0.2.7:40112`, `[2001:db8::7]:40112`, nor the comma of a list whose others stand
/// in the next fields. An address of version 6 without brackets has colons of
/// its own, and stays as it is.
fn address(text: &[u8]) -> &[u8] {
    let is_port = |port: &[u8]| !port.is_empty() && port.iter().all(u8::is_ascii_digit);
    let text = text.strip_suffix(b",").unwrap_or(text);
    if let Some(rest) = text.strip_prefix(b"[") {
        let Some(end) = memchr::memchr(b']', rest) else { return text };
        let has_end = rest.len() == end + 1 || rest[end + 1..].strip_prefix(b":").is_some_and(is_port);
        return if has_end { &rest[..end] } else { text };
    }
    match memchr::memchr(b':', text) {
        Some(colon) if colon > 0 && is_port(&text[colon + 1..]) => &text[..colon],
        Some(_) => without_port(text),
        None => text,
    }
}

/// An IPv6 address that has no brackets and perhaps a port (HAProxy, load balancers). RFC 4291, 2.2: eight groups of four digits at most, so five
/// digits are a port, and so is a ninth group; anything else may be the end of the address.
fn without_port(text: &[u8]) -> &[u8] {
    let Some(last) = memchr::memrchr(b':', text) else { return text };
    let (address, port) = (&text[..last], &text[last + 1..]);
    let is_ninth = || memchr::memchr_iter(b':', text).count() == 8 && memchr::memmem::find(text, b"::").is_none();
    let is_port = port.iter().all(u8::is_ascii_digit) && (port.len() == 5 || is_ninth());
    if is_port { address } else { text }
}

/// The nanoseconds from one instant to another; none when the second one is earlier.
fn nanos_between(from: Option<Instant>, to: Option<Instant>) -> Option<i64> {
    to?.micros().checked_sub(from?.micros()).filter(|&micros| micros >= 0)?.checked_mul(1_000)
}

/// The place of `part`, which is a slice of `text`, which stands at `place`.
#[inline]
fn within(place: Slot, text: &[u8], part: &[u8]) -> Slot {
    let offset = (part.as_ptr() as usize - text.as_ptr() as usize) as u32;
    let length = part.len() as u32;
    match place {
        Slot::Line(from, _) => Slot::Line(from + offset, from + offset + length),
        Slot::Scratch(from, _) => Slot::Scratch(from + offset, from + offset + length),
        other => other,
    }
}

/// Whether a text is `-`, which stands for none.
#[inline(always)]
pub(super) fn is_dash(block: &Block, from: Place, to: Place) -> bool {
    to.wrapping_sub(from) == 1 && block[usize::from(from)] == b'-'
}

/// The sums of a batch's numbers, each absent when one of its parts is.
pub(super) fn summed(ints: &[Column<i64>], fields: &[(usize, Unit)], sums: &mut Column<i64>) {
    sums.fill(0);
    for &(field, _) in fields {
        for (sum, &part) in sums.iter_mut().zip(&ints[field]) {
            let is_known = *sum != ABSENT && part != ABSENT;
            *sum = if is_known { sum.checked_add(part).unwrap_or(ABSENT) } else { ABSENT };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_no_port() {
        for (text, want) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7:40112", "192.0.2.7"),
            ("[2001:db8::7]:40112", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("2001:db8::7:40112", "2001:db8::7"),
            ("2001:db8::7:4011", "2001:db8::7:4011"),
            ("2001:db8:0:0:0:0:0:7:80", "2001:db8:0:0:0:0:0:7"),
            ("fe80::1%eth0", "fe80::1%eth0"),
            ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
            ("client.example:80", "client.example"),
            ("unix:", "unix:"),
            (":80", ":80"),
            ("[2001:db8::7", "[2001:db8::7"),
            ("[2001:db8::7]x", "[2001:db8::7]x"),
            ("192.0.2.7, 192.0.2.8", "192.0.2.7, 192.0.2.8"),
            ("192.0.2.7,", "192.0.2.7"),
            ("192.0.2.7:40112,", "192.0.2.7"),
        ] {
            assert_eq!(String::from_utf8_lossy(address(text.as_bytes())), want);
        }
    }
}
