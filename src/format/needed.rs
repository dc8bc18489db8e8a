//! What the first line of a log must hold for a layout to read it, told without reading it: the literals of a template stand in every line
//! of it, and the keys that an object is told by in every such object.
//!
//! Most layouts that a line is tried by are far from it, and where they begin alike reading stops late. A count of the line's bytes, made
//! once, tells most of them.

use memchr::memmem::Finder;

use super::keyed::begins_with_stamp;
use super::plan::without_blanks;
use super::{Element, Keyed, Layout, Meaning, Template, TimeText, W3cWriter};

/// What a line holds.
pub(super) struct Held {
    /// How often each byte.
    counts: [u16; 256],
    dates: Dates,
}

impl Held {
    pub(super) fn of(line: &[u8]) -> Held {
        let mut counts = [0_u16; 256];
        line.iter().for_each(|&byte| counts[usize::from(byte)] = counts[usize::from(byte)].saturating_add(1));
        Held { counts, dates: Dates::in_line(line) }
    }
}

/// Which dates stand somewhere in a line, told by what divides them: `01/Nov/2026`, `2026-11-01`.
#[derive(Clone, Copy, Default)]
struct Dates {
    clf: bool,
    iso: bool,
}

impl Dates {
    fn in_line(line: &[u8]) -> Dates {
        let mut held = Dates::default();
        for at in memchr::memchr2_iter(b'/', b'-', line) {
            held.clf |= line[at] == b'/' && line.get(at + 4) == Some(&b'/');
            held.iso |= line[at] == b'-' && line.get(at + 3) == Some(&b'-');
        }
        held
    }

    /// One of which stands in each line of a template that has a time; none where that is not known.
    fn of(template: &Template) -> Option<Dates> {
        let mut needed = Dates::default();
        for element in &template.elements {
            let Element::Field(field) = element else { continue };
            let Meaning::Time(text) = &field.meaning else { continue };
            match text {
                TimeText::Iso8601 | TimeText::IsoColumns => needed.iso = true,
                // Some write ISO 8601 in its place.
                TimeText::Clf | TimeText::ClfOrIso8601 => needed = Dates { clf: true, iso: true },
                TimeText::Utc(_) | TimeText::IsoOrUnix | TimeText::UnixOrDate | TimeText::Epoch(_) | TimeText::Pattern(_) => {
                    return None;
                }
            }
        }
        (needed.clf || needed.iso).then_some(needed)
    }
}

/// What each line holds that a layout reads as the first one of a log. It may hold more, but never less.
#[derive(Default)]
pub(super) struct Needed {
    /// A header before it, so that it is not the first one.
    has_header: bool,
    /// A date and a time at its begin, as IIS writes them: it has columns without a header too.
    begins_with_stamp: bool,
    /// Bytes, and how often each.
    counts: Vec<(u8, u16)>,
    begin: Vec<u8>,
    end: Vec<u8>,
    /// Keys with their quotes, which stand somewhere.
    keys: Vec<Finder<'static>>,
    /// One of these, so that the line has a time.
    dates: Option<Dates>,
}

impl Needed {
    pub(super) fn of(layout: &Layout) -> Needed {
        let mut needed = Needed::default();
        match layout {
            Layout::Json(map) => match map.keyed {
                Keyed::Json => {
                    needed.count(b"{}");
                    // What has no name is the number of an element.
                    let names = map.only_if.iter().filter_map(|condition| condition.path.last());
                    let names = names.filter(|name| !name.bytes().all(|byte| byte.is_ascii_digit()));
                    needed.keys.extend(names.map(|name| Finder::new(&format!("\"{name}\"")).into_owned()));
                }
                Keyed::Logfmt => needed.count(b"="),
                Keyed::W3c(W3cWriter::Iis) => needed.begins_with_stamp = true,
                Keyed::W3c(_) => needed.has_header = true,
            },
            Layout::Delimited(template) => {
                let literals = template.elements.iter().filter_map(|element| match element {
                    Element::Literal(text) => Some(text),
                    Element::Field(_) => None,
                });
                literals.for_each(|text| needed.count(text));
                if let Some(Element::Literal(text)) = template.elements.first() {
                    needed.begin.clone_from(text);
                }
                if let Some(Element::Literal(text)) = template.elements.last().filter(|_| !template.open_ended) {
                    needed.end.clone_from(text);
                }
                needed.dates = Dates::of(template);
            }
        }
        needed
    }

    /// Adds bytes that stand in every line beside those added before.
    fn count(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match self.counts.iter_mut().find(|(known, _)| *known == byte) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => self.counts.push((byte, 1)),
            }
        }
    }

    /// Whether the layout may read a line as the first one of a log; if not, it does not.
    pub(super) fn is_held(&self, line: &[u8], held: &Held) -> bool {
        !self.has_header
            && (!self.begins_with_stamp || begins_with_stamp(line))
            && self.counts.iter().all(|&(byte, count)| held.counts[usize::from(byte)] >= count)
            && (self.begin.is_empty() || line.starts_with(&self.begin))
            && (self.end.is_empty() || without_blanks(line).ends_with(&self.end))
            && (self.keys.iter().all(|key| key.find(line).is_some()) || self.has_keys_escaped(held))
    }

    /// Whether a key may be there and written with escapes.
    fn has_keys_escaped(&self, held: &Held) -> bool {
        !self.keys.is_empty() && held.counts[usize::from(b'\\')] > 0
    }

    /// The same for a line that has a time of its own.
    pub(super) fn is_held_with_time(&self, line: &[u8], held: &Held) -> bool {
        let has_date = |needed: Dates| needed.clf && held.dates.clf || needed.iso && held.dates.iso;
        self.dates.is_none_or(has_date) && self.is_held(line, held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;
    use crate::format::extract::Extractor;
    use crate::format::preset;
    use crate::record::Outcome;

    /// Lines of all presets, less of them, and more of what their fields may hold.
    fn lines() -> impl Iterator<Item = String> {
        let changed = |line: &str| {
            let half = line[..line.len() / 2].to_owned();
            [
                line.to_owned(),
                half,
                line.replace("GET", "-"),
                line.replace('/', "\\\""),
                line.replace("01/Nov", "-"),
                format!("{line} "),
            ]
        };
        preset::all().flat_map(|preset| preset.example.lines()).flat_map(changed)
    }

    fn bound(format: &Format) -> Extractor {
        Extractor::bind(format, &[], Some(&jiff::tz::TimeZone::UTC)).unwrap()
    }

    #[test]
    fn what_a_layout_reads_holds_what_it_needs() {
        let families = preset::candidates().unwrap();
        let (mut read, mut ruled_out, mut tried) = (0, 0, 0);
        for layout in families.iter().flat_map(|family| std::iter::once(family).chain(&family.others)) {
            let (needed, extractor) = (Needed::of(&layout.layout), bound(&Format { others: Vec::new(), ..layout.clone() }));
            for line in lines() {
                let (line, held) = (line.as_bytes(), Held::of(line.as_bytes()));
                let outcome = extractor.read(line, &mut extractor.reader(""));
                let is_held = match outcome {
                    Outcome::Undated => needed.is_held(line, &held),
                    _ => needed.is_held_with_time(line, &held),
                };
                let is_read = matches!(outcome, Outcome::Event | Outcome::Undated);
                assert!(is_held || !is_read, "{}: {}", layout.name, line.escape_ascii());
                read += usize::from(outcome == Outcome::Event);
                ruled_out += usize::from(!is_held);
                tried += 1;
            }
        }
        assert!(read > 200 && ruled_out * 10 > tried * 9, "{read} {ruled_out} {tried}");
    }

    #[test]
    fn a_family_reads_the_same_lines_with_and_without_a_look_at_what_they_hold() {
        let mut read = 0;
        for family in preset::candidates().unwrap() {
            let extractor = bound(&family);
            for line in lines() {
                let (line, held) = (line.as_bytes(), Held::of(line.as_bytes()));
                let want = extractor.try_read(line, &mut extractor.reader(""), false) == Outcome::Event;
                let is_tried = extractor.may_read(line, &held);
                for held in [None, Some(&held)] {
                    let got = extractor.tries_as_event(line, held, &mut extractor.reader(""));
                    assert_eq!(got, want, "{}: {}", family.name, line.escape_ascii());
                }
                assert!(is_tried || !want, "{}: {}", family.name, line.escape_ascii());
                read += usize::from(want);
            }
        }
        assert!(read > 100, "{read}");
    }
}
