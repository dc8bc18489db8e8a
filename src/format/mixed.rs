//! Lines of several formats in one log, and lines in envelopes.

use std::collections::BTreeMap;

use super::bind::Binding;
use super::chatter::{self, Told};
use super::derive::Fields;
use super::envelope::{self, Unwrapped};
use super::extract::{Extractor, Reader};
use super::needed::Held;
use super::zone::Ambiguous;
use super::{Clock, Format};
use crate::error::{Error, ErrorKind, Result};
use crate::record::{Field, Kind, Need, Outcome, Reason, Skip, Slot};
use crate::time::Instant;

impl Reader {
    /// The text that the fields of the last line stand in: the line, or what was taken out of its envelope.
    pub fn text<'a>(&'a self, line: &'a [u8]) -> &'a [u8] {
        if self.is_unwrapped { self.unwrapper.text() } else { line }
    }
}

impl Extractor {
    /// The name of the format that read the last line of a reader.
    pub fn format_of(&self, reader: &Reader) -> &str {
        if reader.by > 0 { self.others[reader.by - 1].format_name() } else { self.format_name() }
    }

    /// How many events since it was last taken were read by formats of other names, by name; layouts of one format are one.
    pub fn take_others(&self, reader: &mut Reader) -> BTreeMap<String, u64> {
        let mut taken = BTreeMap::new();
        for (other, count) in self.others.iter().zip(&mut reader.by_others) {
            let count = std::mem::take(count);
            if count > 0 && other.format_name() != self.format_name() {
                *taken.entry(other.format_name().to_owned()).or_default() += count;
            }
        }
        taken
    }

    /// Whether it was the first layout that read the last line, and no other.
    pub(super) fn reads_by_itself(&self, reader: &Reader) -> bool {
        reader.by == 0
    }

    /// Whether events tell the format of a log: every line that is read in a batch as an event would be tried as one too. Of those that are
    /// read with care [`Extractor::reads_as_own`] says it.
    pub fn tells_by_events(&self) -> bool {
        self.unwrapper.is_empty() && self.reads_regular_cleanly()
    }

    /// Whether a line that was just read as an event was read by the first layout, as a writer of it writes, from its first byte.
    pub fn reads_as_own(&self, line: &[u8], reader: &Reader) -> bool {
        let is_whole = !matches!(line.first(), Some(0 | 0xef));
        is_whole && self.reads_by_itself(reader) && self.reads_cleanly(line, reader)
    }

    /// Takes note of what a line says of those behind it: a directive, a part, the end of a year. It is not read, and nothing of it counts.
    #[cold]
    pub fn recall(&self, line: &[u8], reader: &mut Reader) {
        match if self.unwrapper.is_empty() { Unwrapped::Not } else { reader.unwrapper.unwrap(line) } {
            Unwrapped::Part => {}
            Unwrapped::Not => self.recall_bare(line, reader),
            Unwrapped::Whole => {
                let text = reader.unwrapper.take_text();
                self.recall_bare(&text, reader);
                reader.unwrapper.give_text(text);
            }
        }
    }

    /// Takes note of a directive, in no envelope or out of it.
    fn recall_bare(&self, line: &[u8], reader: &mut Reader) {
        if line.first() == Some(&b'#') && self.has_directives() {
            self.take_directive(line, reader);
            self.others.iter().zip(&mut reader.others).for_each(|(other, reader)| other.recall_bare(line, reader));
        }
    }

    /// Whether lines that were counted are parts of one whose rest has not come.
    pub fn is_unfinished(&self, reader: &Reader) -> bool {
        reader.unwrapper.is_unfinished()
    }

    /// Counts the line that was just read as a part of another, which has so many bytes with its line end.
    #[cold]
    pub fn count_part(&self, bytes: u64, reader: &mut Reader) {
        reader.unwrapper.count_part(bytes);
    }

    /// How many lines that were counted since it was last taken are parts of lines whose rest has not come, and their bytes. They are
    /// forgotten.
    pub fn take_unfinished(&self, reader: &mut Reader) -> (u64, u64) {
        reader.unwrapper.take_unfinished()
    }

    /// Counts events at the start or at the end of a request, whichever the line tells: the other one is the time and the latency. An
    /// event whose latency is unknown stays at the time of its line.
    ///
    /// # Errors
    /// The format's time is that of the other end, and it has no latency.
    pub fn with_clock(mut self, format: &Format, clock: Clock) -> Result<Extractor> {
        if format.clock != clock {
            let latency = Binding::of(format).derive(&Need { field: Field::Latency, kind: Kind::Duration }).map_err(|error| {
                let (has, wants) = (format.clock.words(), clock.words());
                let message = format!(
                    "the time of {} is the {has} of a request, and without a latency its {wants} is unknown",
                    format.name
                );
                Error::new(ErrorKind::Usage, message)
                    .because(error)
                    .hint(format!("leave out --window-by, or use --window-by {has}"))
            })?;
            self.shift = Some((latency, if clock == Clock::End { 1 } else { -1 }));
        }
        for (other, its_format) in std::mem::take(&mut self.others).into_iter().zip(&format.others) {
            let plain = its_format.resolve(&Field::Latency).is_none();
            self.others.push(if plain { other } else { other.with_clock(its_format, clock)? });
        }
        Ok(self)
    }

    /// The other end of the request.
    pub(super) fn shifted(&self, fields: &Fields) -> Option<Instant> {
        let (latency, sign) = self.shift.as_ref()?;
        let Slot::Int(nanos) = fields.derive(latency) else { return None };
        Some(Instant::from_micros(fields.time.micros().checked_add(sign * (nanos / 1_000))?))
    }

    /// [`Extractor::try_read`] of a line of which it is known what it is if it is not read.
    pub(super) fn try_read_told(&self, line: &[u8], told: Told, reader: &mut Reader, has_stamp: bool) -> Outcome {
        reader.told = told;
        let outcome = self.try_read(line, reader, has_stamp);
        reader.told = Told::Unasked;
        reader.others.iter_mut().for_each(|other| other.told = Told::Unasked);
        outcome
    }

    /// Reads a line more strictly than a format that is named would: what a writer of the format would not write is not its own.
    /// Where an envelope gives the time, `has_stamp`, a line without one is an event.
    pub(super) fn try_read(&self, line: &[u8], reader: &mut Reader, has_stamp: bool) -> Outcome {
        match self.read_any(line, reader) {
            Outcome::Event if !self.is_read_cleanly(line, reader) => Outcome::Rejected(Reason::Layout),
            Outcome::Undated if has_stamp => Outcome::Event,
            // Words beside JSON speak against a format, unless they are known ones: a few lucky lines must not decide. A line that a layout
            // reads whole, and knows to be no request, is its own all the same.
            Outcome::Skipped(Skip::Chatter) if self.is_keyed() && line.first() != Some(&b'{') => {
                reader.told.outcome(line, Reason::Layout)
            }
            outcome => outcome,
        }
    }

    /// Whether [`Extractor::try_read`] would say that a line without an envelope is an event; what else it is takes longer to tell. What
    /// the line holds tells it sooner.
    pub(super) fn tries_as_event(&self, line: &[u8], held: Option<&Held>, reader: &mut Reader) -> bool {
        self.first_that_reads(line, held, reader) == Some(Outcome::Event) && self.is_read_cleanly(line, reader)
    }

    /// Whether a line that was just read as an event is one that a writer of the format writes, by some layout of the family: what has more
    /// fields than a layout may fit it all the same, with the rest in its last one.
    fn is_read_cleanly(&self, line: &[u8], reader: &mut Reader) -> bool {
        let reads = |(other, its_reader): (&Extractor, &mut Reader)| {
            other.read_fields(line, its_reader) == Ok(Outcome::Event) && other.reads_cleanly(line, its_reader)
        };
        self.reads_cleanly(line, reader) || self.others.iter().zip(&mut reader.others).any(reads)
    }

    /// Whether some layout of the family may read a line as an event, by what it holds.
    pub(super) fn may_read(&self, line: &[u8], held: &Held) -> bool {
        self.needed.is_held_with_time(line, held) || self.others.iter().any(|other| other.may_read(line, held))
    }

    /// What a line is by the first layout of the family that reads it.
    fn first_that_reads(&self, line: &[u8], held: Option<&Held>, reader: &mut Reader) -> Option<Outcome> {
        let mut looked_at = match self.reads_or_looks(line, held, reader) {
            Ok(outcome) => return Some(outcome),
            Err(looked_at) => looked_at,
        };
        for (i, (other, its_reader)) in self.others.iter().zip(&mut reader.others).enumerate() {
            // What stopped a layout stops the next one if that is like it up to there.
            if other.steps_shared >= looked_at {
                continue;
            }
            looked_at = match other.reads_or_looks(line, held, its_reader) {
                Ok(Outcome::Joined) => usize::MAX,
                Ok(outcome) => {
                    reader.by = i + 1;
                    return Some(outcome);
                }
                Err(looked_at) => looked_at,
            };
        }
        None
    }

    /// What a line is by this layout, or how many steps of its template decided that it does not read the line.
    fn reads_or_looks(&self, line: &[u8], held: Option<&Held>, reader: &mut Reader) -> std::result::Result<Outcome, usize> {
        reader.by = 0;
        if held.is_some_and(|held| !self.needed.is_held(line, held)) {
            return Err(usize::MAX);
        }
        match self.read_fields(line, reader) {
            Ok(outcome @ (Outcome::Event | Outcome::Undated | Outcome::Joined)) => Ok(outcome),
            Ok(_) => Err(usize::MAX),
            Err(_) => Err(self.steps_looked_at(reader)),
        }
    }

    /// Reads a line of a log without envelopes. What is no request as it stands may be one behind a header of syslog.
    #[inline]
    pub(super) fn read_bare(&self, line: &[u8], reader: &mut Reader) -> Outcome {
        reader.is_unwrapped = false;
        match self.read_any(line, reader) {
            outcome @ (Outcome::Rejected(_) | Outcome::Skipped(Skip::Chatter)) if envelope::may_be_dated(line) => {
                self.read_dated(line, reader, outcome)
            }
            outcome => outcome,
        }
    }

    /// Reads a line behind its header of syslog; `bare` is what it is without one.
    #[cold]
    fn read_dated(&self, line: &[u8], reader: &mut Reader, bare: Outcome) -> Outcome {
        if !reader.unwrapper.unwrap_dated(line) {
            return bare;
        }
        reader.stamped = reader.unwrapper.time();
        let text = reader.unwrapper.take_text();
        let outcome = self.read_any(&text, reader);
        reader.unwrapper.give_text(text);
        reader.stamped = None;
        reader.is_unwrapped = !matches!(outcome, Outcome::Rejected(_) | Outcome::Joined);
        if reader.is_unwrapped { outcome } else { bare }
    }

    /// Reads a line that may be in an envelope. One that is not is read as it stands.
    #[cold]
    pub(super) fn read_wrapped(&self, line: &[u8], reader: &mut Reader) -> Outcome {
        reader.is_unwrapped = false;
        reader.stamped = None;
        match reader.unwrapper.unwrap(line) {
            Unwrapped::Part => return Outcome::Joined,
            Unwrapped::Not => return self.read_any(line, reader),
            Unwrapped::Whole => {}
        }
        if reader.unwrapper.is_oversized() {
            return Outcome::Rejected(Reason::TooLong);
        }
        reader.stamped = reader.unwrapper.time();
        reader.stamped_ambiguous = reader.unwrapper.ambiguous();
        if reader.unwrapper.is_beside_router() {
            return Outcome::Skipped(Skip::OtherProgram);
        }
        let text = reader.unwrapper.take_text();
        let outcome = match text.trim_ascii().is_empty() {
            true => Outcome::Skipped(Skip::Blank),
            false => match self.read_any(&text, reader) {
                Outcome::Rejected(_) if reader.unwrapper.is_of_other_program() && tells_no_request(&text, reader) => {
                    Outcome::Skipped(Skip::OtherProgram)
                }
                outcome => outcome,
            },
        };
        reader.unwrapper.give_text(text);
        if let (Outcome::Event, Some(peeler)) = (outcome, &mut reader.peeler)
            && let Some(header) = reader.unwrapper.header_of(line)
        {
            peeler.learn(header, reader.stamped, self.mark_set().marks);
        }
        reader.is_unwrapped = true;
        outcome
    }

    /// Reads a line that the format itself does not read by the first other one that does; `outcome` is what it is if none does.
    ///
    /// In a mixed log the first counts that would be written so: a text ends only where the line can go on, so that many a line of one format
    /// can be read as that of another, with a part of it in the wrong field.
    #[cold]
    pub(super) fn read_by_others(&self, line: &[u8], reader: &mut Reader, mut outcome: Outcome) -> Outcome {
        let mut doubtful = None;
        let is_object = line.first() == Some(&b'{');
        let mut looked_at = self.steps_looked_at(reader);
        for i in 0..self.others.len() {
            // What stopped a layout stops the next one if that is like it up to there.
            if self.others[i].steps_shared >= looked_at {
                continue;
            }
            let ambiguous = reader.others[i].ambiguous;
            let read = self.read_by_other(i, line, reader);
            looked_at = self.others[i].steps_looked_at(&reader.others[i]);
            match read {
                Outcome::Event | Outcome::Undated if !self.is_mixed => return self.taken(i, read, reader),
                Outcome::Event if self.others[i].reads_cleanly(line, &reader.others[i]) => return self.taken(i, read, reader),
                Outcome::Event | Outcome::Undated => {
                    reader.others[i].ambiguous = ambiguous;
                    doubtful = better(doubtful, (i, read));
                }
                _ if is_object => outcome = of_object(outcome, read),
                // A connection is known by its own format only.
                Outcome::Skipped(_) if self.others[i].has_connections => outcome = read,
                _ => {}
            }
        }
        let Some((i, read)) = doubtful else { return outcome };
        self.read_by_other(i, line, reader);
        self.taken(i, read, reader)
    }

    /// Reads a line of a mixed log that the format itself reads, but not as its writer would write it, or without a time: by another one that
    /// reads it well, or else by itself, as `own`. Where it is another's, its time was not `ambiguous` here.
    #[cold]
    pub(super) fn read_by_better(&self, line: &[u8], reader: &mut Reader, own: Outcome, before: Ambiguous) -> Outcome {
        let counted = std::mem::replace(&mut reader.ambiguous, before);
        for i in 0..self.others.len() {
            let ambiguous = reader.others[i].ambiguous;
            let read = self.read_by_other(i, line, reader);
            if read == Outcome::Event && self.others[i].reads_cleanly(line, &reader.others[i]) {
                return self.taken(i, read, reader);
            }
            reader.others[i].ambiguous = ambiguous;
        }
        reader.ambiguous = counted;
        own
    }

    fn read_by_other(&self, i: usize, line: &[u8], reader: &mut Reader) -> Outcome {
        let its_reader = &mut reader.others[i];
        its_reader.stamped = reader.stamped;
        its_reader.stamped_ambiguous = reader.stamped_ambiguous;
        its_reader.told = reader.told;
        self.others[i].read_any(line, its_reader)
    }

    /// Takes note of which of the others has read a line.
    fn taken(&self, i: usize, read: Outcome, reader: &mut Reader) -> Outcome {
        reader.by = i + 1;
        reader.by_others[i] += u64::from(read == Outcome::Event);
        read
    }
}

/// Of two formats that do not read an object, what the one says that knows it by its keys. Whoever knows it and finds a value broken is
/// believed before those who do not know it, and they before those who cannot read objects.
fn of_object(one: Outcome, other: Outcome) -> Outcome {
    let rank = |outcome: Outcome| match outcome {
        Outcome::Rejected(Reason::Status) => 2,
        Outcome::Skipped(_) => 1,
        _ => 0,
    };
    if rank(other) > rank(one) { other } else { one }
}

/// Whether a line of a program that does not write the requests of a log tells none, or one that the others tell too.
fn tells_no_request(text: &[u8], reader: &Reader) -> bool {
    reader.unwrapper.is_of_router() || !chatter::tells_a_request(text)
}

/// Of two ways to read a line the one that has a time, or else the first.
fn better(one: Option<(usize, Outcome)>, other: (usize, Outcome)) -> Option<(usize, Outcome)> {
    match one {
        Some((_, Outcome::Undated)) if other.1 == Outcome::Event => Some(other),
        Some(one) => Some(one),
        None => Some(other),
    }
}
