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
//! Lines in envelopes that are opened one by one are gathered in a block of their own first (`scan/opened.rs`).
//!
//! Nothing here allocates, locks or formats per line. Departures from the obvious loop, and what they bought, are
//! listed with their measurements in `benches/README.md`.

mod opened;

use memchr::memrchr;

use crate::aggregate::accounting::Accounting;
use crate::aggregate::attribution::{Attribution, AttributionTally};
use crate::aggregate::latency_tally::LatencyTally;
use crate::aggregate::tally::Tally;
use crate::aggregate::weight_tally::WeightTally;
use crate::aggregate::{IndicatorKey, Partial};
use crate::batch::{BATCH_LINES, Batch, Column};
use crate::block::{self, BLOCK_BYTES_MAX, Block, Place, Positions};
use crate::error::Result;
use crate::format::extract::{Extractor, Reader, View};
use crate::framing::is_blank;
use crate::marks::{Kernel, Marks};
use crate::record::{Outcome, Reason, Skip, Slot, Value};
use crate::slo::classify::{Classes, Classifier};
use crate::time::Slices;

/// Lines are marked in windows of about this size, which is little less than a block: the window, its marks and the counters
/// share the second-level cache.
const WINDOW_BYTES: usize = 60 * 1024;

/// So many bytes of an input may lie between a line and one before it that comes later as an odd line: those of one window come in any
/// order, and windows one after the other.
pub const DISORDER_BYTES_MAX: u64 = BLOCK_BYTES_MAX as u64;

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
    /// Room for the last windows of an input, behind which there is too little for a block.
    room: Box<Block>,
    marks: Marks,
    gathered: Gathered,
    counter: Counter<'a>,
    partial: Partial,
}

/// Lines that look regular.
struct Gathered {
    lines: Batch,
    /// The bytes of the last full batch; 0 before there was one.
    batch_bytes: usize,
    /// How many lines are to be read with care before the next are gathered, where they must be read in their order.
    careful: usize,
    apart: Apart,
}

/// Lines that are read in a batch of their own: those that are regular but for their escapes, or that are read by their keys.
struct Apart {
    lines: Batch,
    /// The marks of lines with escapes: so many for each.
    marks: Box<Positions>,
}

/// What reads lines and counts them.
struct Counter<'a> {
    job: Job<'a>,
    reader: Reader,
    classes: Classes<'a>,
    class_column: Column<u32>,
    tally: Tally,
    latencies: Option<LatencyTally>,
    attributed: Option<AttributionTally<'a>>,
    weights: Option<WeightTally>,
    accounting: Accounting,
    /// Whether each event that was read with care is one of a writer of the format, where somebody asks.
    are_own: Option<bool>,
}

impl<'a> Worker<'a> {
    /// A worker that has counted nothing. `input` is the name of the input it begins with.
    ///
    /// # Errors
    /// Too many thresholds for a latency histogram.
    pub fn new(job: Job<'a>, input: &str) -> Result<Self> {
        let latencies = if job.histograms { LatencyTally::new(job.classifier)? } else { None };
        let batch = || job.extractor.batch();
        Ok(Worker {
            room: block::room(),
            marks: Marks::default(),
            gathered: Gathered {
                lines: batch(),
                batch_bytes: 0,
                careful: 0,
                apart: Apart { lines: batch(), marks: block::positions() },
            },
            counter: Counter {
                job,
                reader: job.extractor.reader(input).with_line_bytes_max(job.line_bytes_max),
                classes: job.classifier.classes(),
                class_column: [0; BATCH_LINES],
                tally: Tally::new(job.slices),
                latencies,
                attributed: job
                    .attribution
                    .map(|attribution| AttributionTally::new(attribution, job.slices, job.line_bytes_max, input)),
                weights: WeightTally::new(job.classifier, job.slices),
                accounting: Accounting::default(),
                are_own: None,
            },
            partial: Partial::new(job.slices),
        })
    }

    /// Goes on with another input of the same job.
    pub fn turn_to(&mut self, input: &str) {
        self.counter.reader.turn_to(input);
        if let Some(attributed) = &mut self.counter.attributed {
            attributed.turn_to(input);
        }
    }

    /// The outcomes of the lines since it was last taken, which is at the end of a piece: parts whose rest has not come then are damaged.
    pub fn take_accounting(&mut self) -> Accounting {
        let ambiguous = self.counter.reader.take_ambiguous();
        let accounting = &mut self.counter.accounting;
        accounting.time_folds += ambiguous.folds;
        accounting.time_gaps += ambiguous.gaps;
        let (lines, bytes) = self.counter.job.extractor.take_unfinished(&mut self.counter.reader);
        accounting.reject_unfinished(lines, bytes);
        accounting.by_others = self.counter.job.extractor.take_others(&mut self.counter.reader);
        std::mem::take(accounting)
    }

    /// Whether each event since it was last asked is one that a writer of the format writes, where [`Extractor::tells_by_events`]; true at
    /// first.
    pub fn take_are_own(&mut self) -> bool {
        self.counter.are_own.replace(true).unwrap_or(true)
    }

    /// Everything counted.
    ///
    /// # Errors
    /// An overflow.
    pub fn finish(mut self) -> Result<Partial> {
        self.take()
    }

    /// Everything counted since it was last taken.
    ///
    /// # Errors
    /// An overflow.
    pub fn take(&mut self) -> Result<Partial> {
        self.fold()?;
        Ok(std::mem::replace(&mut self.partial, Partial::new(self.counter.job.slices)))
    }

    /// Adds an oversized line, which nobody reads.
    pub fn reject_oversized(&mut self, offset: u64, bytes: u64, odd: &mut OddLines) {
        let outcome = Outcome::Rejected(Reason::TooLong);
        self.counter.accounting.add(outcome, bytes);
        odd(outcome, offset, b"");
    }

    /// Takes note of what whole lines that are not to be counted say of those behind them.
    pub fn recall(&mut self, lines: &[u8]) {
        lines.split_inclusive(|&b| b == b'\n').for_each(|line| self.counter.recall(line));
    }

    /// Whether parts of a line were counted whose rest has not come.
    pub fn is_unfinished(&self) -> bool {
        self.counter.job.extractor.is_unfinished(&self.counter.reader)
    }

    #[cold]
    fn fold(&mut self) -> Result<()> {
        let Counter { job, tally, latencies, attributed, weights, classes, .. } = &mut self.counter;
        let mut counted = tally.fold(latencies.as_ref(), classes, job.keys, job.service)?;
        if let Some(attributed) = attributed {
            attributed.fold(classes, job.keys, &mut counted)?;
        }
        if let Some(weights) = weights {
            weights.fold(classes, job.keys, &mut counted)?;
        }
        self.partial.merge(counted)?;
        if let Some(latencies) = latencies {
            latencies.clear();
        }
        if classes.is_full() {
            classes.clear();
        }
        Ok(())
    }

    /// Scans the next window of the lines from `from` on: how many of its bytes are done, and whether it was the last. `rest` says what becomes of the
    /// last lines.
    fn scan_next(
        &mut self,
        buffer: &[u8],
        (from, length): (usize, usize),
        offset: u64,
        rest: Rest,
        odd: &mut OddLines,
    ) -> (usize, bool) {
        let lines = &buffer[..length];
        let to = window_end(lines, from, window_bytes(self.gathered.batch_bytes));
        let (at, is_last) = (offset + from as u64, to == length);
        let rest = if is_last { rest } else { Rest::ToNextWindow };
        let Worker { marks, gathered, counter, .. } = &mut *self;
        let done = match buffer[from..].first_chunk() {
            _ if to - from > BLOCK_BYTES_MAX => {
                counter.count_careful(&lines[from..to], at, odd);
                to - from
            }
            Some(block) => scan_window(Window::new(block, to - from, at, marks, counter), rest, gathered, counter, odd),
            None => self.scan_copy(&lines[from..to], at, rest, odd),
        };
        (done, is_last)
    }

    /// Scans the next lines, whose envelopes are opened one by one; how many bytes are done.
    fn scan_opened(&mut self, lines: &[u8], offset: u64, odd: &mut OddLines) -> usize {
        let Worker { room, marks, gathered: Gathered { lines: batch, careful, .. }, counter, .. } = self;
        opened::scan(lines, offset, &mut opened::Rooms { block: room, marks, batch, careful }, counter, odd)
    }

    /// Scans a window behind which there is too little for a block.
    fn scan_copy(&mut self, window: &[u8], offset: u64, rest: Rest, odd: &mut OddLines) -> usize {
        let Worker { room, marks, gathered, counter, .. } = self;
        room[..window.len()].copy_from_slice(window);
        scan_window(Window::new(room, window.len(), offset, marks, counter), rest, gathered, counter, odd)
    }
}

/// Scans whole lines: the first `length` bytes of a buffer. What stands behind them means nothing, but more than a block of it saves
/// copying the last of them. `offset` is that of the first byte in its input.
///
/// # Errors
/// An overflow of a count.
pub fn scan(buffer: &[u8], length: usize, offset: u64, worker: &mut Worker, odd: &mut OddLines) -> Result<()> {
    scan_up_to(buffer, length, offset, Rest::Counts, worker, odd).map(drop)
}

/// Scans as [`scan`] does, but leaves lines at the end that fill no batch; how many bytes are done. A batch costs the same whatever it holds, so
/// they are better scanned together with lines that follow. They are less than a block, and there may be none.
///
/// # Errors
/// An overflow of a count.
pub fn scan_batches(buffer: &[u8], length: usize, offset: u64, worker: &mut Worker, odd: &mut OddLines) -> Result<usize> {
    scan_up_to(buffer, length, offset, Rest::IsLeft, worker, odd)
}

/// What becomes of lines at the end of a window that fill no batch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    Counts,
    /// They are left, unless they are all that the window holds.
    ToNextWindow,
    IsLeft,
}

fn scan_up_to(buffer: &[u8], length: usize, offset: u64, rest: Rest, worker: &mut Worker, odd: &mut OddLines) -> Result<usize> {
    let (mut from, mut is_over) = (0, false);
    while from < length && !is_over {
        let done = match worker.counter.opens() {
            true => worker.scan_opened(&buffer[from..length], offset + from as u64, odd),
            false => {
                let (done, is_last) = worker.scan_next(buffer, (from, length), offset, rest, odd);
                is_over = is_last;
                done
            }
        };
        from += done;
        if worker.counter.is_full() {
            worker.fold()?;
        }
    }
    Ok(from)
}

/// The bytes of a window that holds a little more than so many full batches, where one like the last fits.
fn window_bytes(batch_bytes: usize) -> usize {
    match WINDOW_BYTES.checked_div(batch_bytes) {
        None | Some(0) => WINDOW_BYTES,
        Some(batches) => (batches * batch_bytes + batch_bytes / 16).min(BLOCK_BYTES_MAX),
    }
}

/// The end of the window that begins at `from` and has about so many bytes: behind a newline, or behind the last line.
fn window_end(lines: &[u8], from: usize, bytes: usize) -> usize {
    let near = lines.len().min(from + bytes);
    match memrchr(b'\n', &lines[from..near]) {
        _ if near == lines.len() => near,
        Some(newline) => from + newline + 1,
        None => memchr::memchr(b'\n', &lines[near..]).map_or(lines.len(), |newline| near + newline + 1),
    }
}

/// Scans a window; how many of its bytes are done. Lines at its end that fill no batch are left if that is asked for: to mark them again costs
/// less than a batch that is not full.
fn scan_window(mut window: Window, rest: Rest, gathered: &mut Gathered, counter: &mut Counter, odd: &mut OddLines) -> usize {
    while window.start < window.length {
        let start = window.start;
        let is_untouched = window.gather(gathered, counter, odd);
        if is_untouched && gathered.lines.len == BATCH_LINES {
            gathered.batch_bytes = window.start - start;
        } else if is_untouched && (rest == Rest::IsLeft || start > 0 && rest == Rest::ToNextWindow) {
            window.start = start;
            break;
        }
        if gathered.lines.len > 0 {
            window.count_gathered(gathered, counter, odd);
        }
    }
    window.count_apart(&mut gathered.apart, counter, odd);
    window.start
}

/// A window on its way: the first `length` bytes of a block, which are whole lines; where the next line begins, and which mark
/// is its first.
struct Window<'a> {
    block: &'a Block,
    length: usize,
    offset: u64,
    marks: &'a Marks,
    start: usize,
    first: usize,
    /// Where the next directive stands, which says what the lines behind it mean.
    directive: Option<usize>,
}

impl<'a> Window<'a> {
    fn new(block: &'a Block, length: usize, offset: u64, marks: &'a mut Marks, counter: &Counter) -> Self {
        marks.fill(counter.job.kernel, counter.job.extractor.mark_set(), block, length);
        let mut window = Window { block, length, offset, marks, start: 0, first: 0, directive: None };
        if counter.job.extractor.has_directives() {
            window.find_directive();
        }
        window
    }

    /// Finds the next directive.
    fn find_directive(&mut self) {
        // NUL bytes or a byte order mark may stand before it.
        let line_of = |at: usize| {
            let padding = self.block[self.start..at].iter().rev().take_while(|b| matches!(b, 0 | 0xef | 0xbb | 0xbf)).count();
            Some(at - padding).filter(|&from| from == 0 || self.block[from - 1] == b'\n')
        };
        let hashes = memchr::memchr_iter(b'#', &self.block[self.start..self.length]);
        self.directive = hashes.map(|at| self.start + at).find_map(line_of);
    }

    /// Fills the batch with lines that look regular. Others are counted on the way, as the order does not matter to counts, unless lines
    /// must be read in their order: then the batch ends before them. Whether there were none.
    fn gather(&mut self, gathered: &mut Gathered, counter: &mut Counter, odd: &mut OddLines) -> bool {
        // What was found of the lines apart is to be read by what found it.
        if gathered.apart.lines.len == 0 {
            counter.job.extractor.learn(&mut counter.reader);
        }
        let regular = counter.job.extractor.marks_per_line(&counter.reader);
        let is_ordered = counter.job.extractor.is_ordered(&counter.reader);
        gathered.lines.len = 0;
        // What looks like one line may be several, but no line is gathered together with one behind a directive.
        let positions = self.marks.positions();
        let positions = match self.directive {
            Some(directive) => &positions[..positions.partition_point(|&place| usize::from(place) < directive)],
            None => positions,
        };
        let mut is_untouched = true;
        loop {
            if let Some(regular) = regular.filter(|_| gathered.careful == 0) {
                self.gather_regular(&mut gathered.lines, positions, regular, counter.job);
            }
            if gathered.lines.len >= BATCH_LINES || self.start >= self.length {
                return is_untouched;
            }
            is_untouched = false;
            let must_wait = is_ordered || self.directive == Some(self.start);
            if must_wait && gathered.lines.len > 0 {
                return false;
            }
            gathered.careful = gathered.careful.saturating_sub(1);
            if self.directive == Some(self.start) {
                self.count_next(counter, odd);
                self.find_directive();
                return false;
            }
            match is_ordered {
                true => self.count_next(counter, odd),
                false => self.take_next(&mut gathered.apart, counter, odd),
            }
            // What was read may change how the next lines are read.
            if is_ordered || regular.is_none() && counter.job.extractor.has_lesson(&counter.reader) {
                return false;
            }
        }
    }

    /// Fills the batch up to the next line that does not look regular.
    #[inline(always)]
    fn gather_regular(&mut self, batch: &mut Batch, positions: &[Place], regular: usize, job: Job) {
        let (line_bytes_max, trims_blanks) = (job.line_bytes_max, job.extractor.trims_blanks());
        let (mut start, mut first, mut len) = (self.start, self.first, batch.len);
        // The newline of a regular line is the mark behind its own marks.
        while len < BATCH_LINES
            && let Some(&newline) = positions.get(first + regular)
            && self.block[usize::from(newline)] == b'\n'
            && usize::from(newline) - start < line_bytes_max
        {
            // A line that holds no marks may be empty.
            let last = self.block[usize::from(newline.wrapping_sub(1))];
            let is_return = (last == b'\r') & (usize::from(newline) > start);
            (batch.starts[len], batch.ends[len]) = (start as Place, newline - Place::from(is_return));
            if last == b' ' && trims_blanks {
                let trimmed = job.extractor.trimmed(&self.block[start..usize::from(newline)]);
                batch.ends[len] = (start + trimmed.len()) as Place;
            }
            (batch.newlines[len], batch.firsts[len]) = (newline, first as Place);
            len += 1;
            first += regular + 1;
            start = usize::from(newline) + 1;
        }
        (self.start, self.first, batch.len) = (start, first, len);
    }

    /// Reads and counts a batch of regular lines. What looked like one line may be several.
    fn count_gathered(&mut self, gathered: &mut Gathered, counter: &mut Counter, odd: &mut OddLines) {
        let Gathered { lines, apart, careful, .. } = gathered;
        let positions = Some(self.marks.positions_and_room());
        let len = lines.len;
        let has_odd = self.count_batch(lines, positions, counter);
        if lines.len < len {
            // The first of those that were left out is odd. Where many are, it costs more to gather them than to read them with care.
            (self.start, self.first) = (lines.starts[lines.len].into(), lines.firsts[lines.len].into());
            *careful = if lines.len < BATCH_LINES / 4 { BATCH_LINES / 2 } else { 1 };
        }
        if has_odd {
            let is_by_key = counter.job.extractor.reads_by_key(&counter.reader);
            self.go_back(lines, |window, i| {
                window.first = lines.firsts[i].into();
                while window.start <= lines.newlines[i].into() {
                    match is_by_key {
                        true => window.take_next(apart, counter, odd),
                        // It has no more marks than a regular line, so that it is no better without escapes.
                        false => window.count_next(counter, odd),
                    }
                }
            });
        }
    }

    /// Reads and counts the lines that are read apart.
    fn count_apart(&mut self, apart: &mut Apart, counter: &mut Counter, odd: &mut OddLines) {
        if apart.lines.len == 0 {
            return;
        }
        let positions = Some(&*apart.marks).filter(|_| !counter.job.extractor.reads_by_key(&counter.reader));
        if self.count_batch(&mut apart.lines, positions, counter) {
            self.go_back(&apart.lines, |window, _| window.count_next(counter, odd));
        }
        apart.lines.len = 0;
    }

    /// Reads and counts a batch; whether lines of it are odd.
    fn count_batch(&self, batch: &mut Batch, positions: Option<&Positions>, counter: &mut Counter) -> bool {
        counter.count_batch(View { kernel: counter.job.kernel, block: self.block, marks: self.marks, positions }, batch)
    }

    /// Goes back to each odd line of a batch, and then to where the window has come to.
    #[cold]
    fn go_back(&mut self, batch: &Batch, mut count: impl FnMut(&mut Self, usize)) {
        let (start, first) = (self.start, self.first);
        for i in (0..batch.len).filter(|&i| batch.odd[i] != 0) {
            (self.start, self.first) = (batch.starts[i].into(), 0);
            count(self, i);
        }
        (self.start, self.first) = (start, first);
    }

    /// Adds the next line to those that are read apart, or counts it.
    #[inline(never)]
    fn take_next(&mut self, apart: &mut Apart, counter: &mut Counter, odd: &mut OddLines) {
        let Some((newline, mark)) = self.find_next(apart, counter) else { return self.count_next(counter, odd) };
        let end = without_return(self.block, self.start, newline.into());
        let end = self.start + counter.job.extractor.trimmed(&self.block[self.start..end]).len();
        let first = apart.lines.len * counter.job.extractor.marks_per_line(&counter.reader).unwrap_or(0);
        apart.lines.push(self.start as Place, end as Place, newline, first as Place);
        (self.start, self.first) = (usize::from(newline) + 1, mark + 1);
        if apart.lines.len == BATCH_LINES {
            self.count_apart(apart, counter, odd);
        }
    }

    /// Where the newline of the next line stands, if the line can be read apart, and which mark that is.
    #[inline(always)]
    fn find_next(&self, apart: &mut Apart, counter: &mut Counter) -> Option<(Place, usize)> {
        let Counter { job, reader, .. } = counter;
        let found = match job.extractor.reads_by_key(reader) {
            true => {
                let (view, line) = ((self.block, self.marks), (self.start as Place, self.first));
                job.extractor.find_by_key(view, line, apart.lines.len, reader)
            }
            false => self.unescape_next(apart, job.extractor, reader),
        };
        found.filter(|&(newline, _)| usize::from(newline) - self.start < job.line_bytes_max)
    }

    /// The same for a line that may be regular but for its escapes.
    #[cold]
    fn unescape_next(&self, apart: &mut Apart, extractor: &Extractor, reader: &Reader) -> Option<(Place, usize)> {
        let regular = extractor.marks_per_line(reader)?;
        let positions = self.marks.positions().get(self.first..)?;
        let count = positions.iter().position(|&mark| self.block[usize::from(mark)] == b'\n')?;
        let kept = extractor.without_escaped(self.block, &positions[..count])?;
        apart.marks[apart.lines.len * regular..][..regular].copy_from_slice(&kept[..regular]);
        Some((positions[count], self.first + count))
    }

    /// Reads and counts the next line with care.
    #[inline(never)]
    fn count_next(&mut self, counter: &mut Counter, odd: &mut OddLines) {
        let (start, positions) = (self.start, self.marks.positions());
        let newline = memchr::memchr(b'\n', &self.block[start..self.length]);
        let next = newline.map_or(self.length, |newline| start + newline + 1);
        self.first += marks_before(&positions[self.first..], next);
        self.start = next;
        counter.count_careful(&self.block[start..next], self.offset + start as u64, odd);
    }
}

/// How many of the marks stand before `next`: few of many.
fn marks_before(marks: &[Place], next: usize) -> usize {
    let is_before = |&mark: &Place| usize::from(mark) < next;
    let (mut from, mut stride) = (0, 16);
    while marks.get(from + stride).is_some_and(is_before) {
        from += stride;
        stride *= 2;
    }
    from + marks[from..].iter().take(stride + 1).filter(|mark| is_before(mark)).count()
}

impl Counter<'_> {
    fn is_full(&self) -> bool {
        self.classes.is_full()
            || self.tally.is_full()
            || self.latencies.as_ref().is_some_and(LatencyTally::is_full)
            || self.attributed.as_ref().is_some_and(AttributionTally::is_full)
            || self.weights.as_ref().is_some_and(WeightTally::is_full)
    }

    /// Takes note of what a line, given with its line end, says of those behind it.
    fn recall(&mut self, whole: &[u8]) {
        let text = whole.strip_suffix(b"\n").unwrap_or(whole);
        let line = behind_padding(&text[..without_return(text, 0, text.len())]);
        if whole.len() <= self.job.line_bytes_max {
            self.job.extractor.recall(line, &mut self.reader);
            self.attributed.iter_mut().for_each(|attributed| attributed.recall(line));
        }
    }

    /// Reads and counts a line, given with its line end, with care.
    fn count_careful(&mut self, whole: &[u8], offset: u64, odd: &mut OddLines) {
        let Counter { job, reader, classes, tally, latencies, attributed, weights, accounting, are_own, .. } = self;
        let text = whole.strip_suffix(b"\n").unwrap_or(whole);
        let line = &text[..without_return(text, 0, text.len())];
        let outcome = match whole.len() > job.line_bytes_max {
            true => Outcome::Rejected(Reason::TooLong),
            false => read_odd(line, job.extractor, reader),
        };
        accounting.add(outcome, whole.len() as u64);
        if let Some(attributed) = attributed
            && outcome != Outcome::Rejected(Reason::TooLong)
        {
            attributed.follow(line, read_odd);
        }
        if outcome != Outcome::Event {
            if outcome == Outcome::Joined {
                job.extractor.count_part(whole.len() as u64, reader);
            }
            // Of a line that is too long no more is known to who comes across it in pieces.
            return odd(outcome, offset, if whole.len() > job.line_bytes_max { b"" } else { line });
        }
        if let Some(are_own) = are_own {
            *are_own &= job.extractor.reads_as_own(line, reader);
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

    /// Whether lines are opened one by one. What bad events are counted by besides is read from the whole line.
    fn opens(&self) -> bool {
        self.reader.opens() && self.attributed.is_none()
    }

    /// Reads and counts a batch by everything that is counted; whether there are odd lines.
    fn count_batch(&mut self, view: View, batch: &mut Batch) -> bool {
        let has_odd = self.count_regular(view, batch);
        self.add_latencies(view.block, batch);
        self.add_attributed(view.block, batch);
        self.add_weights(view.block, batch);
        has_odd
    }

    /// Reads a batch and counts its regular lines; whether there are odd ones.
    fn count_regular(&mut self, view: View, batch: &mut Batch) -> bool {
        let Counter { job, reader, classes, tally, accounting, class_column, .. } = self;
        job.extractor.read_batch(view, batch, reader);
        let (block, scratch) = (view.block, reader.scratch());
        let len = batch.len.min(BATCH_LINES);
        let (has_odd, bytes) = job.kernel.run(
            #[inline(always)]
            || {
                classes.classes_of(batch, block, scratch, class_column);
                let has_odd = batch.has_odd();
                if !has_odd {
                    tally.add_all(&batch.times[..len], &class_column[..len]);
                }
                (has_odd, batch.bytes())
            },
        );
        if !has_odd {
            accounting.add_events(len as u64, bytes);
        } else {
            for i in (0..len).filter(|&i| batch.odd[i] == 0) {
                tally.add(batch.times[i], class_column[i]);
                accounting.add_events(1, u64::from(batch.newlines[i] - batch.starts[i]) + 1);
            }
        }
        accounting.no_response += batch.no_response;
        has_odd
    }

    /// Adds the regular lines of a batch to the histograms, if there are any.
    fn add_latencies(&mut self, block: &Block, batch: &Batch) {
        let Counter { latencies: Some(latencies), class_column, .. } = self else { return };
        for i in (0..batch.len).filter(|&i| batch.odd[i] == 0) {
            if let Slot::Int(ns) = batch.slots[latencies.slot()].slot(i, block) {
                latencies.add(batch.times[i], class_column[i], ns);
            }
        }
    }

    /// Attributes the bad ones among the regular lines of a batch, if that was asked for.
    fn add_attributed(&mut self, block: &Block, batch: &Batch) {
        let Counter { attributed: Some(attributed), class_column, classes, .. } = self else { return };
        for i in (0..batch.len).filter(|&i| batch.odd[i] == 0) {
            let line = &block[batch.starts[i].into()..batch.ends[i].into()];
            attributed.add(classes, class_column[i], batch.times[i], line, read_odd);
        }
    }

    /// Adds the weights of the regular lines of a batch, if an indicator has a weight.
    fn add_weights(&mut self, block: &Block, batch: &Batch) {
        let Counter { weights: Some(weights), class_column, .. } = self else { return };
        for i in (0..batch.len).filter(|&i| batch.odd[i] == 0) {
            weights.add(batch.times[i], class_column[i], |slot| match batch.slots[slot].slot(i, block) {
                Slot::Int(value) => Some(value),
                _ => None,
            });
        }
    }
}

/// The end of a line without its carriage return.
#[inline]
fn without_return(window: &[u8], start: usize, end: usize) -> usize {
    end - usize::from(end > start && window[end - 1] == b'\r')
}

/// Reads any line that is not blank. What does not parse may have NUL bytes before it (a file that was truncated while its
/// writer went on), or a byte order mark.
fn read_odd(line: &[u8], extractor: &Extractor, reader: &mut Reader) -> Outcome {
    if is_blank(line) {
        return Outcome::Skipped(Skip::Blank);
    }
    let outcome = extractor.read(line, reader);
    if !matches!(outcome, Outcome::Rejected(_)) {
        return outcome;
    }
    let text = behind_padding(line);
    match is_blank(text) {
        true => Outcome::Skipped(Skip::Blank),
        false if text.len() < line.len() => extractor.read_behind(line, line.len() - text.len(), reader),
        false => outcome,
    }
}

/// What stands behind NUL bytes and a byte order mark.
fn behind_padding(line: &[u8]) -> &[u8] {
    let text = &line[line.iter().take_while(|&&b| b == 0).count()..];
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}
