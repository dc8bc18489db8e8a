//! From lines to records: a [`Format`] bound to the fields that somebody needs.
//!
//! An [`Extractor`] is shared by all workers; what changes from line to line is in each worker's [`Reader`].

mod batches;

use jiff::tz::TimeZone;
use memchr::memmem::Finder;

use super::bind::Binding;
use super::chatter::{self, Told};
use super::clean;
use super::clock::{TimeRead, TimeReader};
use super::derive::{Derive, Fields};
use super::envelope::Unwrapper;
use super::json_read::{self, JsonKind, JsonValue, Wanted};
use super::keyed::{self, Header};
use super::learn::{self, ByKey, Fast, Lessons};
use super::needed::Needed;
use super::number;
use super::peel::Peeler;
use super::plan::{self, Found, Plan, TimeFound};
use super::shape::Shape;
use super::walk::Columns;
use super::zone::Ambiguous;
use super::{Escape, Format, JsonCondition, Keyed, Layout, W3cWriter};
use crate::error::Result;
use crate::marks::MarkSet;
use crate::record::{Need, Outcome, Reason, Record, Skip, Slot};
use crate::time::Instant;

pub use batches::View;

/// Reads lines of one format into records with one slot per need.
pub struct Extractor {
    layout: Compiled,
    outputs: Vec<Derive>,
    status: Vec<usize>,
    time: Vec<usize>,
    created: Vec<usize>,
    ended: Vec<usize>,
    name: String,
    /// See [`Template::connections`](super::Template::connections).
    pub(super) has_connections: bool,
    /// The keys of an object that tell its request: what has none of them may be a connection.
    request_keys: Vec<usize>,
    /// One of these stands in an object that its writer wrote of a request; none: that is not asked.
    request_names: Vec<Finder<'static>>,
    /// What each line holds that the layout reads.
    pub(super) needed: Needed,
    /// Fields that never hold a blank in a line of this format.
    words: Vec<clean::Word>,
    /// Readers of the lines that this one does not read.
    pub(super) others: Vec<Extractor>,
    /// Whether some of them are of another format: a line belongs to the one whose writer would write it so.
    pub(super) is_mixed: bool,
    /// Whether a line that fits the shape of this format may be another's, so that none is read by its shape alone.
    keeps_apart: bool,
    /// With how many steps of the layout before it in the family its template begins.
    pub(super) steps_shared: usize,
    /// Takes lines out of their envelopes.
    pub(super) unwrapper: Unwrapper,
    /// The latency that is added to the time (1) or taken off it (-1), where events are counted at the other end of a request.
    pub(super) shift: Option<(Derive, i64)>,
}

enum Compiled {
    Delimited { plan: Plan, fast: Option<Box<Fast>> },
    Json { wanted: Wanted, conditions: Vec<JsonCondition>, clocks: Vec<(usize, TimeReader)>, keyed: Keyed, text_is_chatter: bool },
}

/// What one worker keeps from line to line.
pub struct Reader {
    found: Found,
    /// The step at which the last line stopped being of the template; none if the template read it.
    misfit_step: Option<usize>,
    columns: Option<Columns>,
    /// What reads lines by their keys, and what it found.
    by_key: Option<Box<(ByKey, Columns)>>,
    /// Which outputs of the batch are made line by line.
    by_line: Vec<bool>,
    lessons: Lessons,
    values: Vec<JsonValue>,
    scratch: Vec<u8>,
    input_bytes: usize,
    slots: Vec<Slot>,
    time: Instant,
    no_response: bool,
    /// Events whose local time comes twice or never.
    pub(super) ambiguous: Ambiguous,
    /// Those of the other extractors, how many events each has read, and which of them has read the last line (0: this one).
    pub(super) others: Vec<Reader>,
    pub(super) by_others: Vec<u64>,
    pub(super) by: usize,
    pub(super) unwrapper: Unwrapper,
    /// What opens the envelopes of batches.
    pub(super) peeler: Option<Box<Peeler>>,
    /// What opens envelopes one by one for batches, where no peeler does. It knows nothing of the lines before.
    pub(super) opener: Option<Box<Unwrapper>>,
    /// Whether the last line is that of the unwrapper.
    pub(super) is_unwrapped: bool,
    /// The time of the envelope, and whether that comes twice or never in its zone.
    pub(super) stamped: Option<Instant>,
    pub(super) stamped_ambiguous: Ambiguous,
    /// What the directives of the log said.
    header: Header,
    /// What is known of the line before it is read.
    pub(super) told: Told,
}

impl Reader {
    /// The record of the last line that was an event.
    #[inline]
    pub fn record<'a>(&'a self, line: &'a [u8]) -> Record<'a> {
        let line = if self.is_unwrapped { self.unwrapper.text() } else { line };
        if self.by > 0 {
            return self.others[self.by - 1].record(line);
        }
        Record { time: self.time, line, scratch: &self.scratch, slots: &self.slots }
    }

    /// Rejects lines that are longer once they are put together from parts, instead of those of more than
    /// [`LINE_BYTES_MAX`](crate::framing::LINE_BYTES_MAX) bytes.
    pub fn with_line_bytes_max(mut self, bytes: usize) -> Reader {
        self.unwrapper.set_line_bytes_max(bytes);
        self.opener.iter_mut().for_each(|opener| opener.set_line_bytes_max(bytes));
        self
    }

    /// Whether lines are to be opened one by one, and what is in them read in batches.
    pub(crate) fn opens(&self) -> bool {
        self.opener.is_some()
    }

    /// Goes on with another input, whose name is now the field `input`.
    pub fn turn_to(&mut self, input: &str) {
        self.scratch.clear();
        self.scratch.extend_from_slice(input.as_bytes());
        self.input_bytes = input.len();
        self.others.iter_mut().for_each(|other| other.turn_to(input));
        self.unwrapper.reset();
        self.header = Header::default();
    }

    /// How many events since it was last taken have a local time that comes twice or never in its zone.
    pub fn take_ambiguous(&mut self) -> Ambiguous {
        let mut taken = std::mem::take(&mut self.ambiguous);
        self.others.iter_mut().for_each(|other| taken.add(other.take_ambiguous()));
        taken
    }

    /// Text that the slots refer to, beside the lines.
    #[inline]
    pub(crate) fn scratch(&self) -> &[u8] {
        &self.scratch
    }

    /// Whether the last event got no response: the format has a status, and it is absent.
    #[inline]
    pub fn no_response(&self) -> bool {
        if self.by > 0 { self.others[self.by - 1].no_response() } else { self.no_response }
    }
}

/// Where a line stops being what its format says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misread {
    /// Byte of the line.
    pub at: usize,
    /// What was expected there.
    pub expected: String,
    /// How many parts of the layout stand before that place, and how many it has.
    pub parts: (usize, usize),
}

impl Extractor {
    /// Binds a format to needs. `zone` is the zone of local times that carry no offset; without it they are undated.
    ///
    /// # Errors
    /// A need that the format has no field for, or has in another kind.
    pub fn bind(format: &Format, needs: &[Need], zone: Option<&TimeZone>) -> Result<Extractor> {
        let family: Vec<&Format> = std::iter::once(format).chain(&format.others).collect();
        let mut extractor = Extractor::bind_one(format, needs, zone, &family)?;
        let of_other = |(other, before): (&Format, &&Format)| {
            let steps_shared = plan::steps_shared(&before.layout, &other.layout);
            Ok(Extractor { steps_shared, ..Extractor::bind_one(other, needs, zone, &family)? })
        };
        extractor.others = format.others.iter().zip(&family).map(of_other).collect::<Result<_>>()?;
        extractor.is_mixed = format.others.iter().any(|other| other.name != format.name);
        extractor.keeps_apart = extractor.is_mixed && !extractor.reads_regular_cleanly();
        Ok(extractor)
    }

    /// Binds one format. What it does not have, but another of the `family` has, is absent in its lines.
    fn bind_one(format: &Format, needs: &[Need], zone: Option<&TimeZone>, family: &[&Format]) -> Result<Extractor> {
        let mut binding = Binding::of(format);
        let derive = |need| match binding.derive(need) {
            Err(_) if family.iter().any(|other| Binding::of(other).derive(need).is_ok()) => Ok(Derive::Absent),
            derived => derived,
        };
        let outputs = needs.iter().map(derive).collect::<Result<Vec<_>>>()?;
        let layout = match &format.layout {
            Layout::Delimited(template) => {
                let plan = Plan::new(template, zone);
                let fast = fast_reader(&binding, &plan, &outputs);
                Compiled::Delimited { plan, fast }
            }
            Layout::Json(map) => {
                let wanted = Wanted::of(map, binding.extra_paths());
                let clocks =
                    binding.clocks().into_iter().map(|(field, text)| (field, TimeReader::new(text, zone.cloned()))).collect();
                Compiled::Json {
                    wanted,
                    conditions: map.only_if.clone(),
                    clocks,
                    keyed: map.keyed,
                    text_is_chatter: map.text_is_chatter,
                }
            }
        };
        Ok(Extractor {
            layout,
            outputs,
            status: binding.status(),
            time: binding.time(),
            created: binding.created(),
            ended: binding.ended(),
            name: format.name.clone(),
            has_connections: match &format.layout {
                Layout::Delimited(template) => template.connections,
                Layout::Json(map) => map.connections,
            },
            needed: Needed::of(&format.layout),
            request_keys: clean::request_keys(&format.layout),
            request_names: clean::request_names(&format.layout),
            words: clean::words(&format.layout),
            others: Vec::new(),
            is_mixed: false,
            keeps_apart: false,
            steps_shared: 0,
            unwrapper: Unwrapper::new(&format.envelopes, zone, None).of_programs(&format.programs),
            shift: None,
        })
    }

    /// Whether some need is the name of the input.
    pub fn gives_input(&self) -> bool {
        self.outputs.iter().any(|output| matches!(output, Derive::Input)) || self.others.iter().any(Extractor::gives_input)
    }

    /// The format's name.
    pub fn format_name(&self) -> &str {
        &self.name
    }

    /// What to mark in blocks of this format's lines.
    pub fn mark_set(&self) -> MarkSet {
        match &self.layout {
            Compiled::Delimited { fast: Some(fast), .. } => fast.shape.set,
            Compiled::Json { keyed: Keyed::Json | Keyed::Logfmt, .. } => learn::MARKS,
            Compiled::Json { keyed: Keyed::W3c(_), .. } => learn::DIVIDERS,
            _ => MarkSet { marks: [b'\n'; 2], aux: b'\n' },
        }
    }

    /// Whether blanks at the end of a line mean nothing, so that it may be read without them.
    pub fn trims_blanks(&self) -> bool {
        matches!(&self.layout, Compiled::Delimited { plan, .. } if plan.trims_blanks)
    }

    /// A line as it is read in batches.
    pub(crate) fn trimmed<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        if self.trims_blanks() { plan::without_blanks(line) } else { line }
    }

    /// A reader for one worker and one input, whose name is the field `input`.
    pub fn reader(&self, input: &str) -> Reader {
        let (found, values) = match &self.layout {
            Compiled::Delimited { plan, .. } => (plan.found(), Vec::new()),
            Compiled::Json { wanted, clocks, .. } => {
                let readers: Vec<TimeReader> = clocks.iter().map(|(_, reader)| reader.clone()).collect();
                let times = vec![TimeFound::Undated; readers.len()];
                let values = vec![JsonValue::ABSENT; wanted.count()];
                (Found { spans: vec![Slot::Absent; wanted.fields.len()], times, readers }, values)
            }
        };
        let columns = match &self.layout {
            Compiled::Delimited { plan, fast: Some(fast) } => Some(fast.shape.columns(plan.fields.len(), plan.clocks())),
            _ => None,
        };
        Reader {
            found,
            misfit_step: None,
            columns,
            by_key: None,
            by_line: vec![false; self.outputs.len()],
            lessons: Lessons::default(),
            values,
            scratch: input.as_bytes().to_vec(),
            input_bytes: input.len(),
            slots: vec![Slot::Absent; self.outputs.len()],
            time: Instant::from_micros(0),
            no_response: false,
            ambiguous: Ambiguous::default(),
            others: self.others.iter().map(|other| other.reader(input)).collect(),
            by_others: vec![0; self.others.len()],
            by: 0,
            unwrapper: self.unwrapper.clone(),
            peeler: self.unwrapper.peeler(self.time.is_empty()).map(Box::new),
            opener: self.unwrapper.opener().filter(|_| !self.has_directives()).map(Box::new),
            is_unwrapped: false,
            stamped: None,
            stamped_ambiguous: Ambiguous::default(),
            header: Header::default(),
            told: Told::Unasked,
        }
    }

    /// Reads a line, without its line end.
    pub fn read(&self, line: &[u8], reader: &mut Reader) -> Outcome {
        if self.unwrapper.is_empty() { self.read_bare(line, reader) } else { self.read_wrapped(line, reader) }
    }

    /// Reads a line that is in no envelope, or out of it.
    pub(super) fn read_any(&self, line: &[u8], reader: &mut Reader) -> Outcome {
        reader.by = 0;
        if self.others.is_empty() {
            return self.read_itself(line, reader);
        }
        let (ambiguous, told) = (reader.ambiguous, reader.told);
        let own = self.read_fields(line, reader).unwrap_or_else(|reason| {
            // The others need not ask again.
            reader.told = told.asked(line);
            reader.told.outcome(line, reason)
        });
        let outcome = match own {
            Outcome::Event if !self.is_mixed || self.reads_cleanly(line, reader) => Outcome::Event,
            Outcome::Event | Outcome::Undated if self.is_mixed => self.read_by_better(line, reader, own, ambiguous),
            Outcome::Rejected(_) | Outcome::Skipped(_) => self.read_by_others(line, reader, own),
            _ => own,
        };
        reader.told = told;
        outcome
    }

    /// Reads a line by the format itself.
    fn read_itself(&self, line: &[u8], reader: &mut Reader) -> Outcome {
        self.read_fields(line, reader).unwrap_or_else(|reason| reader.told.outcome(line, reason))
    }

    /// Reads a line by the format itself; what it is that the format does not read is not asked.
    pub(super) fn read_fields(&self, line: &[u8], reader: &mut Reader) -> std::result::Result<Outcome, Reason> {
        Ok(match &self.layout {
            Compiled::Delimited { plan, .. } => match plan.read(line, &mut reader.found) {
                Ok(()) => {
                    reader.misfit_step = None;
                    self.finish(line, reader)
                }
                Err(misfit) => {
                    reader.misfit_step = Some(misfit.step);
                    return Err(misfit.reason);
                }
            },
            Compiled::Json { keyed: Keyed::W3c(_), .. } if line.first() == Some(&b'#') => {
                self.take_directive(line, reader);
                Outcome::Skipped(Skip::Comment)
            }
            Compiled::Json { wanted, conditions, clocks, keyed, text_is_chatter } => {
                match read_keyed(*keyed, line, wanted, reader) {
                    // Words among which a pair stands are no pairs of another writer.
                    Ok(()) if !wanted.holds(conditions, line, &reader.values) => {
                        match *keyed != Keyed::Logfmt || keyed::begins_with_pair(line) {
                            true => Outcome::Skipped(Skip::Chatter),
                            false => return Err(Reason::Layout),
                        }
                    }
                    Ok(()) => {
                        find_values(line, wanted, clocks, reader);
                        reader.lessons.add(line);
                        self.finish(line, reader)
                    }
                    Err(_) if *text_is_chatter && is_text(line) => Outcome::Skipped(Skip::Chatter),
                    Err(_) => return Err(if *keyed == Keyed::Json { Reason::Json } else { Reason::Layout }),
                }
            }
        })
    }

    /// Takes note of a directive, if the format has them.
    pub(super) fn take_directive(&self, line: &[u8], reader: &mut Reader) {
        if let Compiled::Json { keyed: Keyed::W3c(_), wanted, .. } = &self.layout {
            reader.header.directive(line, &wanted.tree);
            // What was learned was about other columns.
            (reader.lessons, reader.columns) = (Lessons::default(), None);
        }
    }

    /// How many steps of the template, from the first one on, decided that it does not read the last line; no number is large enough where
    /// that is not known.
    pub(super) fn steps_looked_at(&self, reader: &Reader) -> usize {
        match &self.layout {
            Compiled::Delimited { plan, .. } => reader.misfit_step.map_or(usize::MAX, |step| plan.steps_looked_at(step)),
            Compiled::Json { .. } => usize::MAX,
        }
    }

    /// Whether a line means what it does only with the lines before it, so that a log must be read from its beginning.
    pub fn is_stateful(&self) -> bool {
        self.has_directives() || self.unwrapper.is_stateful()
    }

    /// Whether a line that begins with `#` may say what the lines behind it mean.
    pub fn has_directives(&self) -> bool {
        let is_by_header = matches!(&self.layout, Compiled::Json { keyed: Keyed::W3c(_), .. });
        is_by_header || self.others.iter().any(Extractor::has_directives)
    }

    /// Gives the year that the time of an old syslog header lacks.
    pub fn with_year(mut self, year: Option<i16>) -> Self {
        self.unwrapper.set_year(year);
        self
    }

    /// Whether the line that `reader` has just read as an event is one that a writer of this format writes: where quotes are
    /// escaped, no quoted field holds a bare one. A line of another format may be read all the same, because a quoted field
    /// ends only where the line can go on, and so takes in a tail such as `" rt="0.1`; detection asks here.
    pub fn reads_cleanly(&self, line: &[u8], reader: &Reader) -> bool {
        if reader.by > 0 {
            return self.others[reader.by - 1].reads_cleanly(line, &reader.others[reader.by - 1]);
        }
        let plan = match &self.layout {
            Compiled::Delimited { plan, .. } => plan,
            Compiled::Json { keyed: Keyed::W3c(writer), .. } => return reader.header.is_of(*writer),
            Compiled::Json { .. } => {
                // Names may be written with escapes.
                let mut names = self.request_names.iter();
                return names.len() == 0 || names.any(|name| name.find(line).is_some()) || line.contains(&b'\\');
            }
        };
        let text = |span: &Slot| match *span {
            Slot::Line(from, to) => &line[from as usize..to as usize],
            _ => &b""[..],
        };
        if !clean::Word::all_fit(&self.words, |field| text(&reader.found.spans[field])) {
            return false;
        }
        let escapes = plan.escape == Escape::Backslash;
        let mut quoted = plan.fields.iter().zip(&reader.found.spans).filter(|(field, _)| escapes && field.quoted);
        quoted.all(|(_, span)| !holds_bare_quote(text(span)))
    }

    /// Whether the values of a line have names.
    pub(super) fn is_keyed(&self) -> bool {
        matches!(self.layout, Compiled::Json { .. })
    }

    /// Whether a line without a status is that of a connection. The first quoted field is the request, of which there was none, as AWS (with a
    /// blank at its end) and Envoy write it.
    #[cold]
    fn is_connection(&self, fields: &Fields) -> bool {
        if self.is_keyed() {
            return self.request_keys.iter().all(|&key| fields.text(key).is_none());
        }
        let request = memchr::memchr(b'"', fields.line).map_or(&b""[..], |quote| &fields.line[quote..]);
        request.starts_with(b"\"- - -\"") || request.starts_with(b"\"- - - \"")
    }

    /// Reads what follows the first `skip` bytes of a line. Spans are those of the whole line.
    #[cold]
    pub(crate) fn read_behind(&self, line: &[u8], skip: usize, reader: &mut Reader) -> Outcome {
        let outcome = self.read(&line[skip..], reader);
        if reader.is_unwrapped {
            return outcome;
        }
        let reader = if reader.by > 0 { &mut reader.others[reader.by - 1] } else { reader };
        let shift = |slot: &mut Slot| {
            if let Slot::Line(from, to) = slot {
                *slot = Slot::Line(*from + skip as u32, *to + skip as u32);
            }
        };
        reader.slots.iter_mut().for_each(shift);
        outcome
    }

    /// Fills the slots from the fields that were found.
    #[inline]
    fn finish(&self, line: &[u8], reader: &mut Reader) -> Outcome {
        let found = &reader.found;
        let at = |clocks: &[usize]| {
            clocks.iter().find_map(|&i| match found.times[i] {
                TimeFound::At(t) => Some(t),
                TimeFound::Undated => None,
            })
        };
        let stamped = reader.stamped.filter(|_| self.time.is_empty());
        let time = at(&self.time).or(stamped);
        let mut fields = Fields {
            line,
            scratch: &reader.scratch,
            input_bytes: reader.input_bytes,
            spans: &found.spans,
            time: time.unwrap_or(Instant::from_micros(0)),
            status: None,
            created: at(&self.created),
            ended: at(&self.ended),
        };
        let status = fields.read_status(&self.status);
        // Also where it has no time: that may come from an envelope.
        if self.has_connections && status == Ok(None) && self.is_connection(&fields) {
            return Outcome::Skipped(Skip::Chatter);
        }
        let Some(time) = time else { return Outcome::Undated };
        match status {
            Ok(status) => fields.status = status,
            Err(()) => return Outcome::Rejected(Reason::Status),
        }
        reader.no_response = fields.status.is_none() && !self.status.is_empty();
        for (slot, derive) in reader.slots.iter_mut().zip(&self.outputs) {
            *slot = fields.derive(derive);
        }
        reader.time = self.shifted(&fields).unwrap_or(time);
        reader.ambiguous.add(match self.time.iter().find(|&&i| found.times[i] != TimeFound::Undated) {
            Some(&i) => found.readers[i].ambiguous(),
            None => reader.stamped_ambiguous,
        });
        Outcome::Event
    }

    /// Says where a line stops being what its format says; none if it is an event.
    pub fn misread(&self, line: &[u8], reader: &mut Reader) -> Option<Misread> {
        match &self.layout {
            Compiled::Delimited { plan, .. } => {
                let misfit = plan.read(line, &mut reader.found).err()?;
                let (at, step) = plan.furthest(misfit, line, &mut reader.found);
                Some(Misread { at, expected: plan.expected(step), parts: (step, plan.steps.len()) })
            }
            Compiled::Json { wanted, keyed, .. } => {
                let at = match *keyed == Keyed::Logfmt && !keyed::begins_with_pair(line) {
                    true => 0,
                    false => match read_keyed(*keyed, line, wanted, reader) {
                        Ok(()) => return self.misread_status(line, wanted, reader),
                        Err(at) => at,
                    },
                };
                let expected = match keyed {
                    Keyed::Json => "one JSON object, well formed to its end",
                    Keyed::Logfmt => "pairs of name=value",
                    Keyed::W3c(_) => "as many values as the last #Fields line has names",
                };
                // An object is two parts: its form, and its values.
                Some(Misread { at, expected: expected.to_owned(), parts: (usize::from(at > 0), 2) })
            }
        }
    }

    /// Where a line whose names and values were found has something else for a status.
    fn misread_status(&self, line: &[u8], wanted: &Wanted, reader: &Reader) -> Option<Misread> {
        let values = self.status.iter().map(|&field| (field, reader.values[wanted.fields[field]]));
        let given = values.filter(|(_, value)| !matches!(value.kind, JsonKind::Absent | JsonKind::Null | JsonKind::Composed));
        let mut given = given.map(|(field, value)| (field, value.from as usize..value.to as usize));
        let (field, at) = given.find(|(_, at)| !matches!(&line[at.clone()], b"" | b"-"))?;
        let is_status = number::status(&line[at.clone()]).is_some();
        (!is_status).then(|| Misread { at: at.start, expected: format!("a status ({})", wanted.names[field]), parts: (2, 2) })
    }

    /// The fields of the last line by the log's own names, with the bytes each takes; absent ones are left out.
    pub fn raw_fields(&self, reader: &Reader) -> Vec<(String, std::ops::Range<usize>)> {
        if reader.by > 0 {
            return self.others[reader.by - 1].raw_fields(&reader.others[reader.by - 1]);
        }
        let range = |slot: Slot| match slot {
            Slot::Line(from, to) => Some(from as usize..to as usize),
            _ => None,
        };
        match &self.layout {
            Compiled::Delimited { plan, .. } => plan
                .fields
                .iter()
                .zip(&reader.found.spans)
                .filter_map(|(f, slot)| Some((f.name.clone(), range(*slot)?)))
                .collect(),
            Compiled::Json { wanted, .. } => {
                let value =
                    |i: usize| Some(reader.values[i]).filter(|v| !matches!(v.kind, JsonKind::Absent | JsonKind::Composed));
                let present = wanted.fields.iter().zip(&wanted.names).filter_map(|(&i, name)| Some((name.clone(), value(i)?)));
                present.map(|(name, v)| (name, v.from as usize..v.to as usize)).collect()
            }
        }
    }
}

/// Whether a quote stands in a text without a backslash of its own before it.
fn holds_bare_quote(text: &[u8]) -> bool {
    // Most hold none.
    let Some(first) = memchr::memchr(b'"', text) else { return false };
    let mut is_escaped = text[..first].iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1;
    text[first..].iter().any(|&byte| {
        let is_bare = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_bare
    })
}

/// The fast reader of a delimited format, if it can have one.
fn fast_reader(binding: &Binding, plan: &Plan, outputs: &[Derive]) -> Option<Box<Fast>> {
    let (status, time) = (binding.status(), binding.time());
    let clock = match time[..] {
        [] => None,
        [clock] => Some(clock),
        _ => return None,
    };
    // Where several fields may give the status, lines are read with care.
    let status = match status[..] {
        [] => None,
        [field] => Some(field),
        _ => return None,
    };
    let shape = Shape::new(plan, &learn::wants(outputs, status.as_slice(), plan.fields.len()))?;
    Some(Box::new(Fast {
        shape,
        outputs: outputs.to_vec(),
        status,
        expects_status: status.is_some(),
        clock,
        created: binding.created().first().copied(),
        ended: binding.ended().first().copied(),
    }))
}

/// Whether a line is words, where JSON is expected: no object, nor what is left of one, nor a request that was written otherwise.
fn is_text(line: &[u8]) -> bool {
    let are_words = line.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'[');
    are_words && !line.contains(&b'{') && !line.ends_with(b"}") && !chatter::tells_a_request(line)
}

/// Finds the wanted values of a line that has names for them; the error is the byte where it stops being such a line.
fn read_keyed(keyed: Keyed, line: &[u8], wanted: &Wanted, reader: &mut Reader) -> Result<(), usize> {
    reader.scratch.truncate(reader.input_bytes);
    match keyed {
        Keyed::Json => json_read::read_object(line, &wanted.tree, &mut reader.values),
        Keyed::Logfmt => keyed::logfmt(line, &wanted.tree, &mut reader.values),
        Keyed::W3c(writer) => {
            if writer == W3cWriter::Iis && reader.header.assume(line, &wanted.tree) {
                (reader.lessons, reader.columns) = (Lessons::default(), None);
            }
            reader.header.read(line, &mut reader.values, &mut reader.scratch)
        }
    }
}

/// Turns the values of a JSON object into fields: strings with escapes are unescaped, times are read.
fn find_values(line: &[u8], wanted: &Wanted, clocks: &[(usize, TimeReader)], reader: &mut Reader) {
    for (span, &value) in reader.found.spans.iter_mut().zip(&wanted.fields) {
        let value = reader.values[value];
        *span = match value.kind {
            JsonKind::Absent | JsonKind::Null => Slot::Absent,
            JsonKind::Composed => Slot::Scratch(value.from, value.to),
            JsonKind::Escaped => {
                let from = reader.scratch.len() as u32;
                json_read::unescape(&line[value.from as usize..value.to as usize], &mut reader.scratch);
                Slot::Scratch(from, reader.scratch.len() as u32)
            }
            _ => Slot::Line(value.from, value.to),
        };
    }
    for (i, (field, _)) in clocks.iter().enumerate() {
        let text = match reader.found.spans[*field] {
            Slot::Line(from, to) => &line[from as usize..to as usize],
            Slot::Scratch(from, to) => &reader.scratch[from as usize..to as usize],
            _ => b"",
        };
        reader.found.times[i] = match reader.found.readers[i].read_whole(without_brackets(text)) {
            TimeRead::At(t, _) => TimeFound::At(t),
            _ => TimeFound::Undated,
        };
    }
}

/// A time without the brackets that Apache's `%t` and gunicorn's `%(t)s` bring along.
fn without_brackets(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Field, Kind};

    #[test]
    fn a_bare_quote_is_one_without_a_backslash_of_its_own() {
        for (text, is_bare) in [
            ("", false),
            ("plain \\", false),
            (r#"say \"hi\""#, false),
            (r#"say \x22hi\x22"#, false),
            (r#"\\\""#, false),
            (r#"""#, true),
            (r#"\\""#, true),
            (r#"a" rt="0.1"#, true),
        ] {
            assert_eq!(holds_bare_quote(text.as_bytes()), is_bare, "{text}");
        }
    }

    #[test]
    fn a_tail_inside_a_quoted_field_is_not_read_cleanly() {
        let line = |agent: &str| format!(r#"192.0.2.7 - - [02/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "{agent}""#);
        let strings = r#""log_format": "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\"""#;
        let lenient = serde_json::from_str(&format!(r#"{{{strings}, "escape": "none"}}"#)).unwrap();
        let formats = [Format::parse("combined").unwrap(), Format::from_value(&lenient).unwrap()];
        for (agent, clean) in [("curl/8", [true, true]), (r#"a \"b\""#, [true, true]), (r#"curl/8" rt="0.12"#, [false, true])] {
            for (format, clean) in formats.iter().zip(clean) {
                let extractor = Extractor::bind(format, &[], None).unwrap();
                let mut reader = extractor.reader("");
                let line = line(agent);
                // Read by name it is an event either way.
                assert_eq!(extractor.read(line.as_bytes(), &mut reader), Outcome::Event, "{line}");
                assert_eq!(extractor.reads_cleanly(line.as_bytes(), &reader), clean, "{line}");
            }
        }
    }

    #[test]
    fn names_of_pairs_have_no_parts() {
        let map = r#"{"logfmt": {"time": "ts", "status": "http.status"}, "only_if": {"http.kind": "a"}}"#;
        let format = Format::from_value(&serde_json::from_str(map).unwrap()).unwrap();
        let extractor = Extractor::bind(&format, &[Need { field: Field::Status, kind: Kind::Status }], None).unwrap();
        let mut reader = extractor.reader("");
        let line = b"ts=2026-11-01T10:00:00Z http.status=404 http.kind=access";
        assert_eq!(extractor.read(line, &mut reader), Outcome::Event);
        assert_eq!(reader.record(line).slots, [Slot::Int(404)]);
    }

    #[test]
    fn times_in_json_may_have_the_brackets_of_their_writer() {
        let format = Format::parse(r#"{"json": {"time": "at clf", "status": "status"}}"#).unwrap();
        let extractor = Extractor::bind(&format, &[], None).unwrap();
        let mut reader = extractor.reader("");
        let mut time = |text: &str| {
            let line = format!(r#"{{"at":"{text}","status":"404 Not Found"}}"#);
            let outcome = extractor.read(line.as_bytes(), &mut reader);
            (outcome, reader.record(line.as_bytes()).time)
        };
        let plain = time("01/Nov/2026:10:00:00 +0000");
        assert_eq!(plain.0, Outcome::Event);
        assert_eq!(time("[01/Nov/2026:10:00:00 +0000]"), plain);
        assert_eq!(time("[01/Nov/2026:10:00:00 +0000").0, Outcome::Undated);
    }
}
