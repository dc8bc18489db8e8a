//! Reading lines: from bytes to the fields that T1 needs (time, status, latency, path), without asking what they mean.
//!
//! `careful` reads line by line, as every line can be read; `batched` is how `scan` reads: marks first, then the regular lines
//! of a window together, and the rest with care. Formats without a regular shape (JSON) are read with care only.
//! Run with `cargo bench --bench extract`.

mod support;

use divan::{Bencher, black_box};
use memchr::{memchr, memrchr};
use slix::batch::{BATCH_LINES, Batch};
use slix::format::extract::{Extractor, Reader};
use slix::marks::{Kernel, Marks};
use slix::record::Outcome;
use support::{LOGS, Log, Questions, T1};

fn main() {
    divan::main();
}

/// As `scan` cuts blocks for the first-level cache.
const WINDOW_BYTES: usize = 16 * 1024;

#[divan::bench(args = LOGS, sample_count = 10)]
fn careful(bencher: Bencher, log: &str) {
    let log = Log::named(log);
    let extractor = Questions::new(T1, &log.format).extractor;
    let mut reader = extractor.reader("bench");
    let mut events = || read_lines(black_box(&log.bytes), &extractor, &mut reader);
    assert_eq!(events(), log.events());
    bencher.counter(log.bytes_count()).counter(log.lines_count()).bench_local(events);
}

#[divan::bench(args = logs_with_regular_lines(), sample_count = 10)]
fn batched(bencher: Bencher, log: &str) {
    let log = Log::named(log);
    let questions = Questions::new(T1, &log.format);
    let mut batched = Batched::new(&questions);
    let mut events = || batched.read(black_box(&log.bytes));
    assert_eq!(events(), log.events());
    bencher.counter(log.bytes_count()).counter(log.lines_count()).bench_local(events);
}

/// The logs whose format has a regular shape; none of the others is ever batched.
fn logs_with_regular_lines() -> impl Iterator<Item = &'static str> {
    LOGS.into_iter().filter(|log| Questions::new(T1, &Log::with_lines(log, 1).format).extractor.marks_per_line() > 0)
}

/// Reads every line with care; how many are events.
fn read_lines(block: &[u8], extractor: &Extractor, reader: &mut Reader) -> u64 {
    let (mut events, mut start) = (0, 0);
    while start < block.len() {
        let end = memchr(b'\n', &block[start..]).map_or(block.len(), |at| start + at);
        events += u64::from(is_event(&block[start..end], extractor, reader));
        start = end + 1;
    }
    events
}

fn is_event(line: &[u8], extractor: &Extractor, reader: &mut Reader) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    extractor.read(line, reader) == Outcome::Event
}

/// `scan` without its counting.
struct Batched<'a> {
    extractor: &'a Extractor,
    reader: Reader,
    marks: Marks,
    batch: Batch,
    kernel: Kernel,
}

impl<'a> Batched<'a> {
    fn new(questions: &'a Questions) -> Self {
        let extractor = &questions.extractor;
        let (marks, batch) = (Marks::with_capacity(WINDOW_BYTES), Batch::new(questions.classifier.needs().len()));
        Batched { extractor, reader: extractor.reader("bench"), marks, batch, kernel: Kernel::best() }
    }

    fn read(&mut self, log: &[u8]) -> u64 {
        let (mut events, mut from) = (0, 0);
        while from < log.len() {
            let near = log.len().min(from + WINDOW_BYTES);
            let to = memrchr(b'\n', &log[from..near]).map_or(near, |at| from + at + 1);
            self.marks.fill(self.kernel, self.extractor.mark_set(), &log[from..to]);
            events += self.read_window(&log[from..to]);
            from = to;
        }
        events
    }

    fn read_window(&mut self, window: &[u8]) -> u64 {
        let (mut events, mut start, mut first) = (0, 0, 0);
        while start < window.len() {
            events += self.gather(window, &mut start, &mut first);
            events += self.read_batch(window);
        }
        events
    }

    /// Fills the batch with lines that look regular; the number of events among the others, which are read at once.
    fn gather(&mut self, window: &[u8], start: &mut usize, first: &mut usize) -> u64 {
        let (positions, regular) = (self.marks.positions(), self.extractor.marks_per_line());
        let mut events = 0;
        self.batch.len = 0;
        while self.batch.len < BATCH_LINES && *start < window.len() {
            match positions.get(*first + regular) {
                Some(&newline) if window[newline as usize] == b'\n' => {
                    let end = newline - u32::from(newline as usize > *start && window[newline as usize - 1] == b'\r');
                    self.batch.push(*start as u32, end, newline, *first as u32);
                    *first += regular + 1;
                    *start = newline as usize + 1;
                }
                _ => {
                    let end = memchr(b'\n', &window[*start..]).map_or(window.len(), |at| *start + at);
                    events += u64::from(is_event(&window[*start..end], self.extractor, &mut self.reader));
                    *start = end + 1;
                    *first += positions[*first..].iter().take_while(|&&mark| (mark as usize) < *start).count();
                }
            }
        }
        events
    }

    /// What looked like one line and is not may be several.
    fn read_batch(&mut self, window: &[u8]) -> u64 {
        let Batched { extractor, reader, marks, batch, .. } = self;
        extractor.read_batch(window, marks, marks.positions(), batch, reader);
        let of_line = |i: usize| match batch.odd[i] {
            true => read_lines(&window[batch.starts[i] as usize..=batch.newlines[i] as usize], extractor, reader),
            false => 1,
        };
        (0..batch.len).map(of_line).sum()
    }
}
