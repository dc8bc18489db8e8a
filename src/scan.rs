//! The loop: blocks of whole lines in, counts out.
//!
//! ```text
//! for each window of whole lines that fits the first-level cache:
//!     mark it                                   where quotes and newlines are, by SIMD
//!     for each line:
//!         read it                               by its marks, or, if it is not regular, with care
//!         class = classify(record)              the ids of its values, combined
//!         count[slice][class] += 1
//! ```
//!
//! Nothing here allocates, locks or formats per line. Departures from the obvious loop, and what they bought, are
//! listed with their measurements in `benches/README.md`.

use memchr::memrchr;

use crate::aggregate::accounting::Accounting;
use crate::aggregate::tally::Tally;
use crate::aggregate::{IndicatorKey, Partial};
use crate::error::Result;
use crate::format::extract::{Extractor, Reader};
use crate::marks::{Kernel, MarkSet, Marks};
use crate::record::{Outcome, Reason, Skip};
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
}

/// One worker's counts and memories for one job.
pub struct Worker<'a> {
    job: Job<'a>,
    reader: Reader,
    classes: Classes<'a>,
    tally: Tally,
    marks: Marks,
    partial: Partial,
    accounting: Accounting,
}

impl<'a> Worker<'a> {
    /// A worker that has counted nothing. `input` is the name of the input it begins with.
    pub fn new(job: Job<'a>, input: &str) -> Self {
        Worker {
            job,
            reader: job.extractor.reader(input),
            classes: job.classifier.classes(),
            tally: Tally::new(job.slices),
            marks: Marks::with_capacity(2 * WINDOW_BYTES),
            partial: Partial::new(job.slices),
            accounting: Accounting::default(),
        }
    }

    /// Goes on with another input of the same job.
    pub fn turn_to(&mut self, input: &str) {
        self.reader.turn_to(input);
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

    /// Adds an oversized line, which nobody reads.
    pub fn reject_oversized(&mut self, offset: u64, bytes: u64, odd: &mut OddLines) {
        let outcome = Outcome::Rejected(Reason::TooLong);
        self.accounting.add(outcome, bytes);
        odd(outcome, offset, b"");
    }

    #[cold]
    fn fold(&mut self) -> Result<()> {
        let counted = self.tally.fold(&self.classes, self.job.keys, self.job.service)?;
        self.partial.merge(counted)?;
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
        scan_window(&lines[from..to], offset + from as u64, worker, odd);
        if worker.classes.is_full() || worker.tally.is_full() {
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

fn scan_window(window: &[u8], offset: u64, worker: &mut Worker, odd: &mut OddLines) {
    let job = worker.job;
    let set = job.extractor.mark_set().unwrap_or(MarkSet { marks: [b'\n'; 2], aux: b'\n' });
    let regular = job.extractor.marks_per_line();
    let Worker { reader, classes, tally, marks, accounting, .. } = worker;
    marks.fill(job.kernel, set, window);
    let places = marks.positions();
    let (mut start, mut first) = (0, 0);
    while start < window.len() {
        // A regular line: its newline is the mark behind its own marks.
        let (end, next_first, outcome) = match places.get(first + regular) {
            Some(&end) if window[end as usize] == b'\n' => {
                let end = end as usize;
                let line_end = without_return(window, start, end);
                match job.extractor.read_regular(window, (start, line_end), &places[first..first + regular], marks, reader) {
                    Some(outcome) => (end, first + regular + 1, outcome),
                    None => careful(window, start, places, first, job.extractor, reader),
                }
            }
            _ => careful(window, start, places, first, job.extractor, reader),
        };
        let next = window.len().min(end + 1);
        let outcome = if end - start > job.line_bytes_max { Outcome::Rejected(Reason::TooLong) } else { outcome };
        accounting.add(outcome, (next - start) as u64);
        if outcome == Outcome::Event {
            let record = reader.record(&window[start..end]);
            accounting.no_response += u64::from(reader.no_response());
            tally.add(record.time, classes.class_of(&record));
        } else {
            odd(outcome, offset + start as u64, &window[start..end]);
        }
        (start, first) = (next, next_first);
    }
}

/// Reads a line that is not regular: its end, the first mark behind it, its outcome.
fn careful(window: &[u8], start: usize, places: &[u32], first: usize, extractor: &Extractor, reader: &mut Reader) -> (usize, usize, Outcome) {
    let newline = places[first..].iter().position(|&place| window[place as usize] == b'\n');
    let (end, next_first) = match newline {
        Some(i) => (places[first + i] as usize, first + i + 1),
        None => (window.len(), places.len()),
    };
    let line = &window[start..without_return(window, start, end)];
    (end, next_first, read_odd(line, extractor, reader))
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
