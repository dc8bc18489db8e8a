//! The loop: blocks of whole lines in, counts out.
//!
//! ```text
//! for each window of whole lines that fits the first-level cache:
//!     mark it                                   where quotes and newlines are, by SIMD
//!     for each batch of lines that look regular:
//!         read them                             field by field, by their marks; a line that is not regular, with care
//!         class = classify(line)                the ids of its values, combined
//!         count[slice][class] += 1
//! ```
//!
//! Nothing here allocates, locks or formats per line. Departures from the obvious loop, and what they bought, are
//! listed with their measurements in `benches/README.md`.

use memchr::memrchr;

use crate::aggregate::accounting::Accounting;
use crate::aggregate::attribution::{Attribution, AttributionTally};
use crate::aggregate::latency_tally::LatencyTally;
use crate::aggregate::tally::Tally;
use crate::aggregate::weight_tally::WeightTally;
use crate::aggregate::{IndicatorKey, Partial};
use crate::batch::{BATCH_LINES, Batch, Column};
use crate::error::Result;
use crate::format::extract::{Extractor, Reader};
use crate::marks::{Kernel, Marks};
use crate::record::{Outcome, Reason, Skip, Slot, Value};
use crate::slo::classify::{Classes, Classifier};
use crate::time::Slices;

/// Lines are marked in windows of about this size: the window, its marks and the counters share the first-level cache.
const WINDOW_BYTES: usize = 16 * 1024;

/// Where lines go that are not events: outcome, offset in the input, the line without its line end.
pub type OddLines<'a> = dyn FnMut(Outcome, u64, &[u8]) + Send + 'a;

/// What a worker needs to scan one kind of input.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// Reads the lines.
    pub extractor: &'a Extractor,
    /// Says what they count as. Compiled for the needs that the extractor is bound to.
    pub classifier: &'a Classifier,
    /// The keys of the classifier's indicators.
    pub keys: &'a [IndicatorKey],
    /// The service of the input; empty when none is declared.
    pub service: &'a str,
    /// The grid of the counts.
    pub slices: Slices,
    /// Which kernel marks.
    pub kernel: Kernel,
    /// Longer lines are rejected.
    pub line_bytes_max: usize,
    /// Whether to count latency histograms.
    pub histograms: bool,
    /// What bad events are counted by besides.
    pub attribution: Option<&'a Attribution>,
}

/// One worker's counts and memories for one job.
pub struct Worker<'a> {
    job: Job<'a>,
    reader: Reader,
    classes: Classes<'a>,
    tally: Tally,
    latencies: Option<LatencyTally>,
    attributed: Option<AttributionTally<'a>>,
    weights: Option<WeightTally>,
    marks: Marks,
    batch: Batch,
    /// Lines that are regular but for their escapes, and their marks.
    escaped: Batch,
    escaped_marks: Vec<u32>,
    class_column: Column<u32>,
    partial: Partial,
    accounting: Accounting,
}

impl<'a> Worker<'a> {
    /// A worker that has counted nothing. `input` is the name of the input it begins with.
    ///
    /// # Errors
    /// Too many thresholds for a latency histogram.
    pub fn new(job: Job<'a>, input: &str) -> Result<Self> {
        let latencies = if job.histograms { LatencyTally::new(job.classifier)? } else { None };
        Ok(Worker {
            job,
            reader: job.extractor.reader(input),
            classes: job.classifier.classes(),
            tally: Tally::new(job.slices),
            latencies,
            attributed: job.attribution.map(|attribution| AttributionTally::new(attribution, job.slices, input)),
            weights: WeightTally::new(job.classifier, job.slices),
            marks: Marks::with_capacity(2 * WINDOW_BYTES),
            batch: Batch::new(job.classifier.needs().len()),
            escaped: Batch::new(job.classifier.needs().len()),
            escaped_marks: Vec::new(),
            class_column: [0; BATCH_LINES],
            partial: Partial::new(job.slices),
            accounting: Accounting::default(),
        })
    }

    /// Goes on with another input of the same job.
    pub fn turn_to(&mut self, input: &str) {
        self.reader.turn_to(input);
        if let Some(attributed) = &mut self.attributed {
            attributed.turn_to(input);
        }
    }

    /// The outcomes of the lines since it was last taken.
    pub fn take_accounting(&mut self) -> Accounting {
        std::mem::take(&mut self.accounting)
    }

    /// Everything counted.
    ///
    /// # Errors
    /// An overflow.
    pub fn finish(mut self) -> Result<Partial> {
        self.fold()?;
        Ok(self.partial)
    }

    fn is_full(&self) -> bool {
        self.classes.is_full()
            || self.tally.is_full()
            || self.latencies.as_ref().is_some_and(LatencyTally::is_full)
            || self.attributed.as_ref().is_some_and(AttributionTally::is_full)
            || self.weights.as_ref().is_some_and(WeightTally::is_full)
    }

    /// Adds an oversized line, which nobody reads.
    pub fn reject_oversized(&mut self, offset: u64, bytes: u64, odd: &mut OddLines) {
        let outcome = Outcome::Rejected(Reason::TooLong);
        self.accounting.add(outcome, bytes);
        odd(outcome, offset, b"");
    }

    #[cold]
    fn fold(&mut self) -> Result<()> {
        let mut counted = self.tally.fold(self.latencies.as_ref(), &self.classes, self.job.keys, self.job.service)?;
        if let Some(attributed) = &mut self.attributed {
            attributed.fold(&self.classes, self.job.keys, &mut counted)?;
        }
        if let Some(weights) = &mut self.weights {
            weights.fold(&self.classes, self.job.keys, &mut counted)?;
        }
        self.partial.merge(counted)?;
        if let Some(latencies) = &mut self.latencies {
            latencies.clear();
        }
        if self.classes.is_full() {
            self.classes.clear();
        }
        Ok(())
    }
}

/// Scans whole lines. `offset` is that of the first byte in its input.
///
/// # Errors
/// An overflow of a count.
pub fn scan(lines: &[u8], offset: u64, worker: &mut Worker, odd: &mut OddLines) -> Result<()> {
    let mut from = 0;
    while from < lines.len() {
        let to = window_end(lines, from);
        scan_window(&lines[from..], to - from, offset + from as u64, worker, odd);
        if worker.is_full() {
            worker.fold()?;
        }
        from = to;
    }
    Ok(())
}

/// The end of the window that begins at `from`: behind a newline, or behind the last line.
fn window_end(lines: &[u8], from: usize) -> usize {
    let near = lines.len().min(from + WINDOW_BYTES);
    match memrchr(b'\n', &lines[from..near]) {
        _ if near == lines.len() => near,
        Some(newline) => from + newline + 1,
        None => memchr::memchr(b'\n', &lines[near..]).map_or(lines.len(), |newline| near + newline + 1),
    }
}

/// Scans the first `length` bytes of a block, which are whole lines. What follows them is looked at only where eight bytes are
/// compared at once.
fn scan_window(block: &[u8], length: usize, offset: u64, worker: &mut Worker, odd: &mut OddLines) {
    let Worker { job, marks, .. } = worker;
    marks.fill(job.kernel, job.extractor.mark_set(), &block[..length]);
    let marks = std::mem::take(&mut worker.marks);
    let mut window = Window { block, length, offset, marks: &marks, start: 0, first: 0 };
    while window.start < length {
        window.gather(worker, odd);
        window.count_batch(marks.positions(), worker, odd);
    }
    window.count_escaped(worker, odd);
    worker.marks = marks;
}

/// A window on its way: where the next line begins, and which mark is its first.
struct Window<'a> {
    block: &'a [u8],
    length: usize,
    offset: u64,
    marks: &'a Marks,
    start: usize,
    first: usize,
}

impl Window<'_> {
    /// Fills the batch with lines that look regular. Others are counted on the way: the order does not matter to counts.
    fn gather(&mut self, worker: &mut Worker, odd: &mut OddLines) {
        let positions = self.marks.positions();
        let regular = worker.job.extractor.marks_per_line();
        worker.batch.len = 0;
        while worker.batch.len < BATCH_LINES && self.start < self.length {
            // The newline of a regular line is the mark behind its own marks.
            match positions.get(self.first + regular) {
                Some(&newline) if regular > 0 && self.block[newline as usize] == b'\n' => {
                    let end = without_return(self.block, self.start, newline as usize);
                    worker.batch.push(self.start as u32, end as u32, newline, self.first as u32);
                    self.start = newline as usize + 1;
                    self.first += regular + 1;
                }
                _ if regular > 0 && self.gather_escaped(worker, odd) => {}
                _ => self.count_next(worker, odd),
            }
        }
    }

    /// Reads and counts the batch; lines of it that are odd are read one by one.
    fn count_batch(&mut self, positions: &[u32], worker: &mut Worker, odd: &mut OddLines) {
        let block = self.block;
        let any_odd = worker.job.kernel.run(
            #[inline(always)]
            || count_regular(block, self.marks, positions, worker),
        );
        add_latencies(worker);
        add_attributed(block, worker);
        add_weights(worker);
        if any_odd {
            self.count_odd(worker, odd);
        }
    }

    /// Goes back to the odd lines of the batch. What looked like one line may be several.
    #[cold]
    fn count_odd(&mut self, worker: &mut Worker, odd: &mut OddLines) {
        let (start, first) = (self.start, self.first);
        for i in 0..worker.batch.len {
            if worker.batch.odd[i] {
                (self.start, self.first) = (worker.batch.starts[i] as usize, 0);
                while self.start <= worker.batch.newlines[i] as usize {
                    self.count_next(worker, odd);
                }
            }
        }
        (self.start, self.first) = (start, first);
    }

    /// Adds the next line to the batch of escaped lines, if it is regular but for its escapes.
    #[cold]
    fn gather_escaped(&mut self, worker: &mut Worker, odd: &mut OddLines) -> bool {
        let positions = &self.marks.positions()[self.first..];
        let Some(count) = positions.iter().position(|&mark| self.block[mark as usize] == b'\n') else { return false };
        let regular = worker.job.extractor.marks_per_line();
        let Some(kept) = worker.job.extractor.without_escaped(self.block, &positions[..count]) else { return false };
        let (newline, first) = (positions[count], worker.escaped_marks.len() as u32);
        let end = without_return(self.block, self.start, newline as usize);
        worker.escaped.push(self.start as u32, end as u32, newline, first);
        worker.escaped_marks.extend_from_slice(&kept[..regular]);
        self.start = newline as usize + 1;
        self.first += count + 1;
        if worker.escaped.len == BATCH_LINES {
            self.count_escaped(worker, odd);
        }
        true
    }

    /// Reads and counts the batch of escaped lines.
    fn count_escaped(&mut self, worker: &mut Worker, odd: &mut OddLines) {
        let marks = std::mem::take(&mut worker.escaped_marks);
        std::mem::swap(&mut worker.batch, &mut worker.escaped);
        self.count_batch(&marks, worker, odd);
        std::mem::swap(&mut worker.batch, &mut worker.escaped);
        worker.escaped.len = 0;
        worker.escaped_marks = marks;
        worker.escaped_marks.clear();
    }

    /// Reads and counts the next line with care.
    #[inline(never)]
    fn count_next(&mut self, worker: &mut Worker, odd: &mut OddLines) {
        let (block, start, positions) = (self.block, self.start, self.marks.positions());
        let newline = memchr::memchr(b'\n', &block[start..self.length]).map(|at| start + at);
        let end = newline.unwrap_or(self.length);
        let next = newline.map_or(self.length, |newline| newline + 1);
        self.first += positions[self.first..].partition_point(|&mark| (mark as usize) < next);
        self.start = next;
        let Worker { job, reader, classes, tally, latencies, attributed, weights, accounting, .. } = worker;
        let line = &block[start..without_return(block, start, end)];
        let outcome = match next - start > job.line_bytes_max {
            true => Outcome::Rejected(Reason::TooLong),
            false => read_odd(line, job.extractor, reader),
        };
        accounting.add(outcome, (next - start) as u64);
        if outcome != Outcome::Event {
            return odd(outcome, self.offset + start as u64, line);
        }
        let record = reader.record(line);
        accounting.no_response += u64::from(reader.no_response());
        let class = classes.class_of(&record);
        tally.add(record.time, class);
        if let Some(latencies) = latencies
            && let Value::Int(ns) = record.get(latencies.slot())
        {
            latencies.add(record.time, class, ns);
        }
        if let Some(attributed) = attributed {
            attributed.add(classes, class, record.time, line, read_odd);
        }
        if let Some(weights) = weights {
            weights.add(record.time, class, |slot| match record.get(slot) {
                Value::Int(value) => Some(value),
                _ => None,
            });
        }
    }
}

/// Reads the batch and counts its regular lines; whether there are odd ones.
#[inline(always)]
fn count_regular(block: &[u8], marks: &Marks, positions: &[u32], worker: &mut Worker) -> bool {
    let Worker { job, reader, classes, tally, accounting, batch, class_column, .. } = worker;
    job.extractor.read_batch(block, marks, positions, batch, reader);
    classes.classes_of(batch, block, reader.scratch(), class_column);
    let mut any_odd = false;
    for i in 0..batch.len.min(BATCH_LINES) {
        let bytes = batch.newlines[i] + 1 - batch.starts[i];
        batch.odd[i] |= bytes as usize > job.line_bytes_max;
        if batch.odd[i] {
            any_odd = true;
            continue;
        }
        accounting.add(Outcome::Event, u64::from(bytes));
        accounting.no_response += u64::from(batch.no_response[i]);
        tally.add(batch.times[i], class_column[i]);
    }
    any_odd
}

/// Adds the regular lines of the batch to the histograms, if there are any.
fn add_latencies(worker: &mut Worker) {
    let Worker { latencies: Some(latencies), batch, class_column, .. } = worker else { return };
    for i in (0..batch.len).filter(|&i| !batch.odd[i]) {
        if let Slot::Int(ns) = batch.slots[latencies.slot()][i] {
            latencies.add(batch.times[i], class_column[i], ns);
        }
    }
}

/// Attributes the bad ones among the regular lines of the batch, if that was asked for.
fn add_attributed(block: &[u8], worker: &mut Worker) {
    let Worker { attributed: Some(attributed), batch, class_column, classes, .. } = worker else { return };
    for i in (0..batch.len).filter(|&i| !batch.odd[i]) {
        let line = &block[batch.starts[i] as usize..batch.ends[i] as usize];
        attributed.add(classes, class_column[i], batch.times[i], line, read_odd);
    }
}

/// Adds the weights of the regular lines of the batch, if an indicator has a weight.
fn add_weights(worker: &mut Worker) {
    let Worker { weights: Some(weights), batch, class_column, .. } = worker else { return };
    for i in (0..batch.len).filter(|&i| !batch.odd[i]) {
        weights.add(batch.times[i], class_column[i], |slot| match batch.slots[slot][i] {
            Slot::Int(value) => Some(value),
            _ => None,
        });
    }
}

/// The end of a line without its carriage return.
#[inline]
fn without_return(window: &[u8], start: usize, end: usize) -> usize {
    end - usize::from(end > start && window[end - 1] == b'\r')
}

/// Reads any line. What does not parse may be blank, or have NUL bytes before it (a file that was truncated while its
/// writer went on), or a byte order mark.
fn read_odd(line: &[u8], extractor: &Extractor, reader: &mut Reader) -> Outcome {
    if line.is_empty() {
        return Outcome::Skipped(Skip::Blank);
    }
    let outcome = extractor.read(line, reader);
    if !matches!(outcome, Outcome::Rejected(_)) {
        return outcome;
    }
    let nul = line.iter().take_while(|&&b| b == 0).count();
    let text = line[nul..].strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line[nul..]);
    match text.iter().all(|b| b.is_ascii_whitespace() || *b == 0) {
        true => Outcome::Skipped(Skip::Blank),
        false if text.len() < line.len() => extractor.read_behind(line, line.len() - text.len(), reader),
        false => outcome,
    }
}
