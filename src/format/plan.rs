//! A [`Template`] compiled for reading: the careful reader, which takes any line.
//!
//! How a line matches a template:
//! * a literal must stand there; after the last element the line must end, but for blanks, unless the template is open-ended;
//! * a shaped field (a time, a number, a status) is read by its shape; a number may be missing where a text could be empty;
//! * a quoted field runs from `"` to the first quote that is not escaped and after which the line can go on, or it
//!   is a bare `-`, which is absent;
//! * a text field runs to the first place from which the line can go on; the last one runs to the end of the line.
//!
//! *The line can go on* means: the literals and shaped fields up to the next text or quoted field match there. That is what
//! keeps a blank in a user name, a quote in a path, or an unquoted list of addresses from ending a field too early,
//! and it is bounded, so reading stays linear.

use std::num::NonZero;

use jiff::tz::TimeZone;
use memchr::{memchr_iter, memmem};

use super::clock::{TimeRead, TimeReader};
use super::number;
use super::{Element, Escape, Layout, Meaning, Template, TemplateField, Unit};
use crate::record::{Kind, Reason, Slot};
use crate::time::Instant;

/// One step of the careful reader. Fields are numbered in the order of the template.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Literal {
        text: Vec<u8>,
        finder: Box<memmem::Finder<'static>>,
    },
    /// A timestamp, read by the time reader of this number.
    Time {
        field: usize,
        reader: usize,
    },
    Number {
        field: usize,
        lists: bool,
        /// Blanks may stand before it.
        padded: bool,
        /// It has so many decimals, or is `-`.
        places: Option<NonZero<usize>>,
    },
    Status {
        field: usize,
        lists: bool,
    },
    Text {
        field: usize,
        /// It ends at the first place of the literal behind it.
        word: bool,
        /// Blanks may stand before it.
        padded: bool,
    },
    Quoted {
        field: usize,
        check: Check,
    },
}

impl Step {
    /// This text.
    pub(super) fn literal(text: &[u8]) -> Step {
        Step::Literal { text: text.to_vec(), finder: Box::new(memmem::Finder::new(text).into_owned()) }
    }
}

/// What the text of a quoted field must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Check {
    Nothing,
    Number,
    Status,
    /// A timestamp, read by the time reader of this number.
    Time(usize),
}

/// The careful reader of one template.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) fields: Vec<TemplateField>,
    pub(super) escape: Escape,
    pub(super) open_ended: bool,
    /// Whether blanks at the end of a line are no part of it: see [`Template::trims_blanks`].
    pub(super) trims_blanks: bool,
    readers: Vec<TimeReader>,
    /// With which bytes each step may begin, or those behind it where it may be missing; and what may stand behind the last one.
    begins: Vec<Bytes>,
}

/// A set of bytes.
#[derive(Clone, Copy, Default, Debug)]
struct Bytes([u128; 2]);

impl Bytes {
    const ALL: Bytes = Bytes([u128::MAX; 2]);

    fn of(bytes: &[u8]) -> Bytes {
        let mut set = Bytes::default();
        bytes.iter().for_each(|&byte| set.0[usize::from(byte >> 7)] |= 1 << (byte & 0x7f));
        set
    }

    fn with(self, other: Bytes) -> Bytes {
        Bytes([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }

    #[inline(always)]
    fn holds(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 7)] >> (byte & 0x7f) & 1 != 0
    }
}

/// A line, and where it ends for a plan: before its last blanks, if they mean nothing. It is found once, or a line of blanks and little
/// else would be gone through for every place in it.
#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a [u8],
    end: usize,
}

impl std::ops::Deref for Line<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.text
    }
}

impl Line<'_> {
    /// Whether nothing more stands at a place.
    fn is_over(self, at: usize) -> bool {
        at >= self.end
    }
}

/// What one worker needs to read lines: the spans and times of the last line, and what the time readers remember.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) spans: Vec<Slot>,
    pub(super) times: Vec<TimeFound>,
    pub(super) readers: Vec<TimeReader>,
}

/// What a time field held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TimeFound {
    At(Instant),
    /// `-`, empty, or a local time without a declared zone.
    Undated,
}

/// Why and where a line does not match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Misfit {
    pub(super) reason: Reason,
    /// Byte of the line.
    pub(super) at: usize,
    /// The step that could not be read; the number of steps when something follows the last one.
    pub(super) step: usize,
}

impl Plan {
    pub(super) fn new(template: &Template, zone: Option<&TimeZone>) -> Plan {
        let mut plan = Plan {
            steps: Vec::new(),
            fields: Vec::new(),
            escape: template.escape,
            open_ended: template.open_ended,
            trims_blanks: template.trims_blanks(),
            readers: Vec::new(),
            begins: Vec::new(),
        };
        for (i, element) in template.elements.iter().enumerate() {
            let step = match element {
                Element::Literal(text) => Step::literal(text),
                Element::Field(field) => plan.field_step(field, template.elements.get(i + 1), zone),
            };
            plan.steps.push(step);
        }
        plan.begins = plan.beginnings();
        plan
    }

    fn beginnings(&self) -> Vec<Bytes> {
        let end = match self.open_ended {
            true => Bytes::ALL,
            false => Bytes::of(if self.trims_blanks { b" " } else { b"" }),
        };
        let mut begins = vec![end; self.steps.len() + 1];
        for (i, step) in self.steps.iter().enumerate().rev() {
            begins[i] = match step {
                Step::Literal { text, .. } => Bytes::of(&text[..text.len().min(1)]),
                Step::Quoted { .. } => Bytes::of(b"\"-"),
                // They may be missing.
                Step::Number { .. } | Step::Status { .. } => Bytes::of(b"0123456789- ").with(begins[i + 1]),
                Step::Time { .. } | Step::Text { .. } => Bytes::ALL,
            };
        }
        begins
    }

    fn field_step(&mut self, spec: &TemplateField, next: Option<&Element>, zone: Option<&TimeZone>) -> Step {
        let field = self.fields.len();
        self.fields.push(spec.clone());
        // A list would swallow a following literal that looks like its separator.
        let lists = !matches!(next, Some(Element::Literal(text)) if text.starts_with(b", ") || text.starts_with(b" : "));
        let check = match &spec.meaning {
            Meaning::Time(text) | Meaning::Created(text) | Meaning::Ended(text) | Meaning::OtherTime(text) => {
                self.readers.push(TimeReader::new(text, zone.cloned()));
                Check::Time(self.readers.len() - 1)
            }
            Meaning::Status | Meaning::Other(Kind::Status, _) => Check::Status,
            // A number with its unit behind it is text to the plan.
            Meaning::Latency(Unit::Written)
            | Meaning::LatencyPart(Unit::Written)
            | Meaning::Other(Kind::Duration, Unit::Written) => Check::Nothing,
            meaning if meaning.is_shaped() => Check::Number,
            _ => Check::Nothing,
        };
        match check {
            _ if spec.quoted => Step::Quoted { field, check },
            Check::Nothing => Step::Text { field, word: spec.word, padded: spec.padded },
            Check::Number => Step::Number { field, lists, padded: spec.padded, places: spec.places.and_then(NonZero::new) },
            Check::Status => Step::Status { field, lists },
            Check::Time(reader) => Step::Time { field, reader },
        }
    }

    /// How many steps, from the first one on, have a part in reading step `i`, and in those before it: a field ends where the line can go on
    /// up to the next text or quoted field.
    pub(super) fn steps_looked_at(&self, i: usize) -> usize {
        let behind = self.steps.iter().skip(i + 1).position(|step| matches!(step, Step::Text { .. } | Step::Quoted { .. }));
        // The end of the line has its part, too.
        behind.map_or(self.steps.len() + 1, |count| i + count + 2)
    }

    /// Room for what one worker finds.
    pub(super) fn found(&self) -> Found {
        Found {
            spans: vec![Slot::Absent; self.fields.len()],
            times: vec![TimeFound::Undated; self.readers.len()],
            readers: self.readers.clone(),
        }
    }

    /// How many time readers there are.
    pub(super) fn clocks(&self) -> usize {
        self.readers.len()
    }

    /// The time readers, as they begin.
    pub(super) fn readers(&self) -> &[TimeReader] {
        &self.readers
    }

    /// Whether a field holds request lines.
    pub(super) fn is_request(&self, field: usize) -> bool {
        self.fields[field].meaning == Meaning::Request
    }

    /// What step `i` expects, for people.
    pub(super) fn expected(&self, i: usize) -> String {
        let name = |field: usize| self.fields[field].name.as_str();
        match self.steps.get(i) {
            Some(Step::Literal { text, .. }) => format!("the text `{}`", String::from_utf8_lossy(text)),
            Some(Step::Time { field, .. }) => format!("a time ({})", name(*field)),
            Some(Step::Number { field, .. }) => format!("a number ({})", name(*field)),
            Some(Step::Status { field, .. }) => format!("a status ({})", name(*field)),
            Some(Step::Text { field, .. } | Step::Quoted { field, .. }) => format!("{}, and what follows it", name(*field)),
            None => "the end of the line".to_owned(),
        }
    }

    /// Reads a whole line. On success every span of `found` is set; a bare `-` of a quoted field leaves an empty span.
    pub(super) fn read(&self, line: &[u8], found: &mut Found) -> Result<(), Misfit> {
        let line = Line { text: line, end: self.end_of(line) };
        let mut at = 0;
        for (step, i) in self.steps.iter().zip(0..) {
            at = self.read_step(step, i, line, at, found)?;
        }
        if line.is_over(at) || self.open_ended {
            Ok(())
        } else {
            Err(Misfit { reason: Reason::Layout, at, step: self.steps.len() })
        }
    }

    /// Where a line ends.
    pub(super) fn end_of(&self, line: &[u8]) -> usize {
        if self.trims_blanks { without_blanks(line).len() } else { line.len() }
    }

    /// Reads step `i` at `at`; where the next one begins.
    fn read_step(&self, step: &Step, i: usize, line: Line, at: usize, found: &mut Found) -> Result<usize, Misfit> {
        let misfit = |reason| Misfit { reason, at, step: i };
        match *step {
            Step::Literal { ref text, .. } => match line[at..].starts_with(text) {
                true => Ok(at + text.len()),
                false => Err(misfit(Reason::Layout)),
            },
            Step::Text { field, word, padded } => {
                let at = at + if padded { blanks(&line[at..]) } else { 0 };
                let end = self.text_end(i + 1, line, at, word, &mut found.readers).ok_or(misfit(Reason::Layout))?;
                found.spans[field] = Slot::Line(at as u32, end as u32);
                Ok(end)
            }
            Step::Quoted { field, check } => self.read_quoted(i, field, check, line, at, found),
            Step::Number { field, lists, padded, places } => {
                let at = at + if padded { blanks(&line[at..]) } else { 0 };
                let end = at + number::shape_length(&line[at..], lists);
                let fits = places.is_none_or(|places| number::has_places(&line[at..end], places.get()));
                (fits && self.ends_here(i, line, end)).then_some(()).ok_or(misfit(Reason::Number))?;
                found.spans[field] = Slot::Line(at as u32, end as u32);
                Ok(end)
            }
            Step::Status { field, lists } => {
                let end = at + number::shape_length(&line[at..], lists);
                number::status(&line[at..end]).filter(|_| self.ends_here(i, line, end)).ok_or(misfit(Reason::Status))?;
                found.spans[field] = Slot::Line(at as u32, end as u32);
                Ok(end)
            }
            Step::Time { field, reader } => self.read_time(i, field, reader, line, at, found),
        }
    }

    /// Whether a shaped field that ends at `end` is whole: the next literal stands there, or the line ends.
    fn ends_here(&self, i: usize, line: Line, end: usize) -> bool {
        match self.steps.get(i + 1) {
            Some(Step::Literal { text, .. }) => line[end..].starts_with(text),
            Some(_) => true,
            None => line.is_over(end) || self.open_ended,
        }
    }

    fn read_time(
        &self,
        i: usize,
        field: usize,
        reader: usize,
        line: Line,
        at: usize,
        found: &mut Found,
    ) -> Result<usize, Misfit> {
        let (time, length) = match found.readers[reader].read(&line[at..]) {
            TimeRead::At(t, length) => (TimeFound::At(t), length),
            TimeRead::NoZone(length) => (TimeFound::Undated, length),
            TimeRead::Bad => (TimeFound::Undated, usize::from(line.get(at) == Some(&b'-'))),
        };
        if length == 0 && !self.ends_here(i, line, at) || length > 0 && !self.ends_here(i, line, at + length) {
            return Err(Misfit { reason: Reason::Time, at, step: i });
        }
        found.times[reader] = time;
        found.spans[field] = Slot::Line(at as u32, (at + length) as u32);
        Ok(at + length)
    }

    /// Where a text field that begins at `at` ends: the first place from which step `next` and its followers can go on.
    fn text_end(&self, next: usize, line: Line, at: usize, word: bool, readers: &mut [TimeReader]) -> Option<usize> {
        match self.steps.get(next) {
            None => Some(line.end.max(at)),
            Some(Step::Literal { finder, .. }) if word => finder.find(&line[at..]).map(|place| at + place),
            Some(Step::Literal { text, .. }) if text.len() == 1 => {
                let (divider, behind) = (text[0], self.begins[next + 1]);
                let may_end = |place: &usize| line.get(place + 1).is_none_or(|&byte| behind.holds(byte));
                let mut ends = |place: &usize| may_end(place) && self.goes_on(next, line, *place, readers);
                let mut places = memchr_iter(divider, &line[at..]).map(|place| at + place);
                if let Some(place) = places.by_ref().take(PLACES_USUAL).find(&mut ends) {
                    return Some(place);
                }
                // Where they are that many, they may be all there is: a search for each would take longer than to look at every byte.
                (places.next()?..line.len()).filter(|&place| line[place] == divider).find(ends)
            }
            Some(Step::Literal { finder, .. }) => {
                let mut from = at;
                // One byte on after each miss, because occurrences may overlap (`- - -`).
                while let Some(place) = finder.find(&line[from..]).map(|place| from + place) {
                    if self.goes_on(next, line, place, readers) {
                        return Some(place);
                    }
                    from = place + 1;
                }
                None
            }
            Some(_) => (at..=line.len()).find(|&place| self.goes_on(next, line, place, readers)),
        }
    }

    /// Whether the line can go on at `at` with step `i`: see the head of this file.
    fn goes_on(&self, i: usize, line: Line, mut at: usize, readers: &mut [TimeReader]) -> bool {
        for step in &self.steps[i..] {
            let length = match step {
                // Most often the first byte tells.
                Step::Literal { text, .. } if line.get(at) == text.first() && line[at..].starts_with(text) => text.len(),
                Step::Literal { .. } => return false,
                Step::Number { lists, padded: true, .. } => {
                    let blanks = blanks(&line[at..]);
                    blanks + number::shape_length(&line[at + blanks..], *lists)
                }
                Step::Number { lists, .. } | Step::Status { lists, .. } => number::shape_length(&line[at..], *lists),
                Step::Time { reader, .. } => match readers[*reader].read(&line[at..]) {
                    TimeRead::At(_, length) | TimeRead::NoZone(length) => length,
                    TimeRead::Bad => usize::from(line.get(at) == Some(&b'-')),
                },
                Step::Quoted { .. } if line.get(at) == Some(&b'-') => 1,
                Step::Quoted { .. } => return line.get(at) == Some(&b'"'),
                Step::Text { .. } => return true,
            };
            at += length;
        }
        line.is_over(at) || self.open_ended
    }

    fn read_quoted(
        &self,
        i: usize,
        field: usize,
        check: Check,
        line: Line,
        at: usize,
        found: &mut Found,
    ) -> Result<usize, Misfit> {
        let layout = Misfit { reason: Reason::Layout, at, step: i };
        let (from, to, next) = match line.get(at) {
            Some(b'"') => {
                let to = self.closing_quote(i + 1, line, at + 1, &mut found.readers).ok_or(layout)?;
                (at + 1, to, to + 1)
            }
            Some(b'-') if self.goes_on(i + 1, line, at + 1, &mut found.readers) => (at, at, at + 1),
            _ => return Err(layout),
        };
        let text = &line[from..to];
        match check {
            Check::Nothing => {}
            Check::Number if number::is_number(text) => {}
            Check::Status if number::status(text).is_some() => {}
            Check::Time(reader) => {
                found.times[reader] =
                    quoted_time(&mut found.readers[reader], text).ok_or(Misfit { reason: Reason::Time, at: from, step: i })?
            }
            Check::Number => return Err(Misfit { reason: Reason::Number, at: from, step: i }),
            Check::Status => return Err(Misfit { reason: Reason::Status, at: from, step: i }),
        }
        found.spans[field] = Slot::Line(from as u32, to as u32);
        Ok(next)
    }

    /// The quote that ends a quoted field whose text begins at `from`.
    fn closing_quote(&self, next: usize, line: Line, from: usize, readers: &mut [TimeReader]) -> Option<usize> {
        let is_escaped = |quote: usize| {
            let slashes = line[from..quote].iter().rev().take_while(|&&b| b == b'\\').count();
            self.escape == Escape::Backslash && slashes % 2 == 1
        };
        // Most quotes are not followed by what the format has there: one byte tells.
        let behind = match self.steps.get(next) {
            Some(Step::Literal { text, .. }) => text.first(),
            _ => None,
        };
        let mut ends = |quote: &usize| !is_escaped(*quote) && self.goes_on(next, line, quote + 1, readers);
        let mut quotes = memchr_iter(b'"', &line[from..]).map(|place| from + place);
        let mut last = from;
        for quote in quotes.by_ref().take(QUOTES_USUAL) {
            if behind.is_none_or(|first| line.get(quote + 1) == Some(first)) {
                if ends(&quote) {
                    return Some(quote);
                }
                // The request ended here, and what is behind its status is another format's: further on, some other number would be the status.
                if self.has_status_at(next, line, quote + 1) && !is_escaped(quote) {
                    return None;
                }
            }
            last = quote + 1;
        }
        match behind {
            None if next >= self.steps.len() && !self.open_ended => {
                (line[..line.end].ends_with(b"\"") && line.end > last).then(|| line.end - 1).filter(ends)
            }
            // The two bytes are searched for at once. They cannot overlap.
            Some(&first) if first != b'"' => {
                memmem::find_iter(&line[last..], &[b'"', first]).map(|place| last + place).find(ends)
            }
            _ => quotes.find(ends),
        }
    }

    /// Whether a literal and a status of three digits stand at `at`, where step `next` and the one behind it are such.
    fn has_status_at(&self, next: usize, line: Line, at: usize) -> bool {
        let [Step::Literal { text, .. }, Step::Status { .. }, Step::Literal { text: behind, .. }, ..] = &self.steps[next..]
        else {
            return false;
        };
        let Some(rest) = line[at..].strip_prefix(&text[..]) else { return false };
        rest.len() > 3 && rest[..3].iter().all(u8::is_ascii_digit) && rest[3..].starts_with(behind)
    }
}

/// With how many equal steps the plans of two layouts begin.
pub(super) fn steps_shared(one: &Layout, other: &Layout) -> usize {
    let (Layout::Delimited(one), Layout::Delimited(other)) = (one, other) else { return 0 };
    if one.escape != other.escape {
        return 0;
    }
    let elements = one.elements.iter().zip(&other.elements).take_while(|(one, other)| one == other).count();
    // What is behind a field may have a part in its step.
    elements.saturating_sub(1)
}

/// Places that the end of a text is usually tried at.
const PLACES_USUAL: usize = 4;

/// Quotes that a quoted field is usually tried with. A line that has more may be nothing but quotes, and those are passed by the vector.
const QUOTES_USUAL: usize = 4;

/// A line without the blanks at its end.
pub(crate) fn without_blanks(line: &[u8]) -> &[u8] {
    &line[..line.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1)]
}

/// How many blanks a text begins with.
fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|&&b| b == b' ').count()
}

/// A timestamp between quotes; none when the text is neither one nor a mark of absence.
fn quoted_time(reader: &mut TimeReader, text: &[u8]) -> Option<TimeFound> {
    match reader.read_whole(text) {
        TimeRead::At(t, _) => Some(TimeFound::At(t)),
        TimeRead::NoZone(_) => Some(TimeFound::Undated),
        TimeRead::Bad => matches!(text, b"" | b"-").then_some(TimeFound::Undated),
    }
}
