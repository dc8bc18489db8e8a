//! Reading many lines at once: which lines look regular, what is learned from the others, and the values of a batch's slots.

use super::{Compiled, Extractor, Reader};
use crate::batch::{ABSENT, BATCH_LINES, Batch, Values, every_line};
use crate::block::{Block, Place, Positions};
use crate::format::Keyed;
use crate::format::derive::{self, Columnar, Derive, Fields};
use crate::format::find::Grammar;
use crate::format::learn::{Fast, Lesson, Lessons};
use crate::format::plan::Found;
use crate::format::shape::MARKS_MAX;
use crate::format::walk::{Columns, Lines};
use crate::marks::{Kernel, Marks};
use crate::record::Slot;

/// A block with its marks.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// For which machine the loops are compiled.
    pub kernel: Kernel,
    /// The block.
    pub block: &'a Block,
    /// Its marks, by [`Extractor::mark_set`].
    pub marks: &'a Marks,
    /// Those of the batch's lines; none where their values were found by their keys.
    pub positions: Option<&'a Positions>,
}

impl Extractor {
    /// Whether each event of a regular line is read cleanly: quotes are marks, so that none stands where the format has no quote, and a
    /// text ends at the first byte of what follows it.
    pub(in crate::format) fn reads_regular_cleanly(&self) -> bool {
        match &self.layout {
            Compiled::Delimited { fast: Some(fast), .. } => {
                fast.shape.set.marks.contains(&b'"') && self.words.iter().all(|word| word.fits_if_regular())
            }
            Compiled::Delimited { fast: None, .. } => false,
            Compiled::Json { keyed, .. } => *keyed == Keyed::Json,
        }
    }

    /// How many marks a regular line holds, without its newline; none if every line is to be read with care.
    pub fn marks_per_line(&self, reader: &Reader) -> Option<usize> {
        self.fast(&reader.lessons).filter(|fast| self.is_regular(fast, reader)).map(|fast| fast.shape.marks)
    }

    /// Whether lines are read by this reader: as they stand, or out of envelopes that are opened for many lines at once.
    fn is_regular(&self, fast: &Fast, reader: &Reader) -> bool {
        let Some(peeler) = &reader.peeler else {
            let is_open = if reader.opens() { self.is_own() && !reader.unwrapper.has_parts() } else { self.is_plain() };
            return is_open && fast.clock.is_some();
        };
        // Of a header that is not read, the time is not known, and how a year is counted must not hang on how lines are read.
        let is_timed = peeler.stamps().is_some() || fast.clock.is_some() && !self.unwrapper.is_stateful();
        is_timed
            && self.is_own()
            && fast.shape.set.marks.iter().all(|&mark| peeler.is_outside(mark))
            && !reader.unwrapper.has_parts()
    }

    /// What is in the envelopes of a line, if that is a whole line by itself.
    pub(crate) fn open<'r>(&self, line: &[u8], reader: &'r mut Reader) -> Option<&'r [u8]> {
        reader.opener.as_deref_mut()?.open_alone(line)
    }

    /// Whether a line may be read only after those before it, because they may be parts of it.
    pub fn is_ordered(&self, reader: &Reader) -> bool {
        reader.peeler.is_some() && self.unwrapper.is_stateful()
    }

    /// Whether lines are events as they stand, and of this format.
    fn is_plain(&self) -> bool {
        self.unwrapper.is_empty() && self.is_own()
    }

    /// Whether events are of this format, and when their lines say.
    fn is_own(&self) -> bool {
        self.shift.is_none() && !self.keeps_apart
    }

    fn fast<'a>(&'a self, lessons: &'a Lessons) -> Option<&'a Fast> {
        match &self.layout {
            Compiled::Delimited { fast, .. } => fast.as_deref(),
            Compiled::Json { .. } => lessons.learned.as_deref(),
        }
    }

    /// Whether there is a line to [learn](Extractor::learn) from.
    pub fn has_lesson(&self, reader: &Reader) -> bool {
        reader.lessons.sample.is_some()
    }

    /// Learns from the last line that was read with care, if there were many of them. Must not happen while a batch is gathered.
    pub fn learn(&self, reader: &mut Reader) {
        let Compiled::Json { wanted, conditions, clocks, keyed, .. } = &self.layout else {
            return;
        };
        if reader.lessons.is_useless() {
            (reader.lessons.learned, reader.columns) = (None, None);
        }
        let Some(line) = reader.lessons.sample.take() else { return };
        let lesson = Lesson {
            line: &line,
            wanted,
            status: &self.status,
            clocks,
            time: &self.time,
            created: &self.created,
            ended: &self.ended,
            outputs: &self.outputs,
            fixed: &wanted.tested(conditions),
            asked: &wanted.asked(conditions),
        };
        let columns = |fast: &Fast| fast.shape.columns(wanted.fields.len(), clocks.len());
        let learned = match keyed {
            Keyed::Json => lesson.learn(),
            Keyed::Logfmt => lesson.learn_pairs(),
            Keyed::W3c(_) => reader.header.columns_like(&line).and_then(|columns| lesson.learn_columns(&columns)),
        };
        reader.lessons.learned = learned.map(Box::new);
        reader.columns = reader.lessons.learned.as_deref().map(columns);
        let grammar = match keyed {
            Keyed::Json => Some(Grammar::Object),
            Keyed::Logfmt => Some(Grammar::Pairs),
            Keyed::W3c(_) => None,
        };
        let by_key = grammar.filter(|_| self.is_plain()).and_then(|grammar| lesson.learn_keys(grammar));
        reader.by_key = by_key.map(|by_key| (columns(&by_key.fast), by_key)).map(|(columns, by_key)| Box::new((by_key, columns)));
    }

    /// An empty batch for lines of this format.
    pub fn batch(&self) -> Batch {
        let values = |output: &Derive| match output {
            output if output.is_path_of_target() => Values::paths(),
            Derive::Text(_) | Derive::Address(_) | Derive::Part(..) => Values::texts(),
            Derive::Input | Derive::Absent => Values::Same(Slot::Absent),
            _ => Values::ints(),
        };
        Batch::new(self.outputs.iter().map(values).collect())
    }

    /// Reads a batch of lines that look regular. Those that are not become odd; of the others an event is known, which is
    /// the one that [`Extractor::read`] gives.
    pub fn read_batch(&self, view: View, batch: &mut Batch, reader: &mut Reader) {
        let is_ordered = self.is_ordered(reader);
        let Reader { lessons, columns, by_key, found, by_line, scratch, input_bytes, peeler, .. } = reader;
        let View { kernel, block, marks, positions } = view;
        let is_by_key = positions.is_none();
        let fast = match (by_key, columns) {
            (Some(by_key), _) if is_by_key => Some((&by_key.0.fast, &mut by_key.1)),
            (_, Some(columns)) if !is_by_key => self.fast(lessons).map(|fast| (fast, columns)),
            _ => None,
        };
        let Some((fast, columns)) = fast else {
            // What the batch before it had is not its own.
            (batch.odd, batch.no_response) = ([1; BATCH_LINES], 0);
            return;
        };
        let positions = positions.unwrap_or_else(|| marks.positions_and_room());
        let mut lines = Lines { kernel, block, marks, positions, batch };
        if let Some(peeler) = peeler {
            peeler.open(&mut lines);
        }
        fast.shape.read(&mut lines, columns, &mut found.readers);
        if let Some(peeler) = peeler {
            peeler.close(batch);
        }
        if let Some(field) = fast.status.filter(|_| self.has_connections) {
            // Those without a status may be no requests.
            batch.odd.iter_mut().zip(&columns.ints[field]).for_each(|(odd, &code)| *odd |= u64::from(code == ABSENT));
        }
        if is_ordered {
            batch.cut_at_odd();
        }
        match (fast.clock, peeler.as_ref().and_then(|peeler| peeler.stamps())) {
            (Some(clock), _) => batch.times = columns.times[clock],
            (None, Some(stamps)) => batch.times = *stamps,
            (None, None) => batch.odd = [1; BATCH_LINES],
        }
        let by_line_too = kernel.run(
            #[inline(always)]
            || fill_slots(fast, block, batch, columns, by_line),
        );
        if by_line_too {
            self.fill_by_line(fast, block, batch, columns, Rest { by_line, found, scratch, input_bytes: *input_bytes });
        }
        let odd = if batch.has_odd() { forget_odd(batch) } else { 0 };
        match batch.len.checked_sub(1) {
            Some(last) if is_by_key => {
                lessons.add_by_key(batch.len as u32, &block[batch.starts[last].into()..batch.ends[last].into()]);
            }
            _ => lessons.regular += batch.len as u32 - odd,
        }
    }

    /// Whether lines that are not regular can be read by their keys.
    #[inline]
    pub(crate) fn reads_by_key(&self, reader: &Reader) -> bool {
        reader.by_key.is_some()
    }

    /// Finds the values of the line that begins at a place and with a mark of this number, for this row of a batch: where its newline
    /// stands, and which mark that is. None if it is to be read with care.
    #[inline]
    pub(crate) fn find_by_key(
        &self,
        (block, marks): (&Block, &Marks),
        line: (Place, usize),
        row: usize,
        reader: &mut Reader,
    ) -> Option<(Place, usize)> {
        let (by_key, columns) = &mut **reader.by_key.as_mut()?;
        by_key.finder.find((block, marks), line, &mut columns.begins, row)
    }

    /// The marks of a line whose marks are too many, without those that are escaped; none if it is not regular then either.
    #[cold]
    pub(crate) fn without_escaped(&self, block: &Block, line_marks: &[Place]) -> Option<[Place; MARKS_MAX]> {
        let Compiled::Delimited { fast: Some(fast), .. } = &self.layout else { return None };
        fast.shape.without_escaped(block, line_marks)
    }

    /// The slots that are made line by line.
    #[inline(never)]
    fn fill_by_line(&self, fast: &Fast, block: &Block, batch: &mut Batch, columns: &Columns, rest: Rest) {
        let Rest { by_line, found, scratch, input_bytes } = rest;
        for i in (0..batch.len.min(BATCH_LINES)).filter(|&i| batch.odd[i] == 0) {
            for (found, spans) in found.spans.iter_mut().zip(&columns.spans) {
                *found = Slot::Line(spans[i].0.into(), spans[i].1.into());
            }
            let fields = Fields {
                line: block,
                scratch,
                input_bytes,
                spans: &found.spans,
                status: None,
                time: batch.times[i],
                created: fast.created.map(|clock| columns.times[clock][i]),
                ended: fast.ended.map(|clock| columns.times[clock][i]),
            };
            for ((values, output), _) in batch.slots.iter_mut().zip(&fast.outputs).zip(by_line).filter(|(_, by_line)| **by_line) {
                let is_known = matches!(output.columnar(), Columnar::Path | Columnar::Method) && !columns.unusual[i];
                if !is_known {
                    values.set(i, fields.derive(output));
                }
            }
        }
    }
}

/// What slots are made from line by line.
struct Rest<'a> {
    by_line: &'a [bool],
    found: &'a mut Found,
    scratch: &'a [u8],
    input_bytes: usize,
}

/// Fills the slots of a batch from its columns, but for those that are made `by_line`; whether there are any.
#[inline(always)]
fn fill_slots(fast: &Fast, block: &Block, batch: &mut Batch, columns: &Columns, by_line: &mut [bool]) -> bool {
    let len = batch.len.min(BATCH_LINES);
    batch.no_response = match fast.status {
        Some(field) => batch.absent(&columns.ints[field]),
        None if fast.expects_status => batch.absent(&[ABSENT; BATCH_LINES]),
        None => 0,
    };
    let mut has_unusual = false;
    for i in every_line() {
        has_unusual |= columns.unusual[i];
    }
    let mut any = false;
    for ((values, output), by_line) in batch.slots.iter_mut().zip(&fast.outputs).zip(by_line) {
        *by_line = match (output.columnar(), values) {
            (Columnar::Status, Values::Ints(codes)) => {
                match fast.status {
                    Some(field) => **codes = columns.ints[field],
                    None => codes.fill(ABSENT),
                }
                false
            }
            (Columnar::Scaled(field, _), Values::Ints(numbers)) => {
                **numbers = columns.ints[field];
                false
            }
            (Columnar::Sum, Values::Ints(sums)) => {
                derive::summed(&columns.ints, output.summands(), sums);
                false
            }
            (Columnar::Path, Values::Paths(spans)) => {
                **spans = columns.paths;
                has_unusual
            }
            (Columnar::Method, Values::Texts(spans)) => {
                **spans = columns.methods;
                has_unusual
            }
            (Columnar::Target(field), Values::Paths(spans)) => {
                **spans = columns.spans[field];
                !spans[..len].iter().all(|&(from, _)| block[usize::from(from)] == b'/')
            }
            (Columnar::Text(field), Values::Texts(spans)) => {
                for i in 0..len {
                    let (from, to) = columns.spans[field][i];
                    spans[i] = if derive::is_dash(block, from, to) { (0, 0) } else { (from, to) };
                }
                false
            }
            (_, Values::Same(_)) if *output == Derive::Absent => false,
            _ => true,
        };
        any |= *by_line;
    }
    any
}

/// The values of odd lines become absent: nobody may follow their places. How many there are.
#[cold]
fn forget_odd(batch: &mut Batch) -> u32 {
    let mut count = 0;
    for i in (0..batch.len).filter(|&i| batch.odd[i] != 0) {
        count += 1;
        batch.slots.iter_mut().for_each(|values| match values {
            Values::Same(_) => {}
            values => values.set(i, Slot::Absent),
        });
    }
    count
}
