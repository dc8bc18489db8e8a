//! Reading lines: from bytes to the fields that T1 needs (time, status, latency, path), without asking what they mean.
//!
//! `careful` reads line by line, as every line can be read; `batched` is how `scan` reads: marks first, then the regular lines
//! of a window together, and the rest with care. Formats without a regular shape (JSON) are read with care only.
//! Run with `cargo bench --bench extract`.

mod support;

use divan::{Bencher, black_box};
use memchr::memchr;
use slix::batch::{BATCH_LINES, Batch};
use slix::block::{Block, Place};
use slix::format::extract::{Extractor, Reader, View};
use slix::marks::{Kernel, Marks};
use slix::record::Outcome;
use support::{Blocks, LOGS, Log, Questions, T1};

fn main() {
    divan::main();
}

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
    let (blocks, mut batched) = (Blocks::new(&log.bytes), Batched::new(&questions));
    let mut events = || black_box(&blocks).windows().map(|(block, length)| batched.read(block, length)).sum::<u64>();
    assert_eq!(events(), log.events());
    bencher.counter(log.bytes_count()).counter(log.lines_count()).bench_local(events);
}

/// The logs whose format has a regular shape; none of the others is ever batched.
fn logs_with_regular_lines() -> impl Iterator<Item = &'static str> {
    LOGS.into_iter().filter(|name| {
        let log = Log::with_lines(name, 1);
        let extractor = Questions::new(T1, &log.format).extractor;
        let mut reader = extractor.reader("bench");
        read_lines(&log.bytes, &extractor, &mut reader);
        extractor.learn(&mut reader);
        extractor.marks_per_line(&reader).is_some()
    })
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
        let (reader, batch) = (extractor.reader("bench"), extractor.batch());
        Batched { extractor, reader, marks: Marks::default(), batch, kernel: Kernel::best() }
    }

    fn read(&mut self, block: &Block, length: usize) -> u64 {
        self.marks.fill(self.kernel, self.extractor.mark_set(), block, length);
        let (mut events, mut start, mut first) = (0, 0, 0);
        while start < length {
            events += self.gather(block, length, &mut start, &mut first);
            events += self.read_batch(block);
        }
        events
    }

    /// Fills the batch with lines that look regular; the number of events among the others, which are read at once.
    fn gather(&mut self, block: &Block, length: usize, start: &mut usize, first: &mut usize) -> u64 {
        self.extractor.learn(&mut self.reader);
        let (positions, regular) = (self.marks.positions(), self.extractor.marks_per_line(&self.reader));
        let mut events = 0;
        self.batch.len = 0;
        while self.batch.len < BATCH_LINES && *start < length {
            match regular.and_then(|regular| Some((regular, *positions.get(*first + regular)?))) {
                Some((regular, newline)) if block[usize::from(newline)] == b'\n' => {
                    let newline = usize::from(newline);
                    let end = newline - usize::from(newline > *start && block[newline - 1] == b'\r');
                    self.batch.push(*start as Place, end as Place, newline as Place, *first as Place);
                    *first += regular + 1;
                    *start = newline + 1;
                }
                _ => {
                    let end = memchr(b'\n', &block[*start..length]).map_or(length, |at| *start + at);
                    events += u64::from(is_event(&block[*start..end], self.extractor, &mut self.reader));
                    *start = end + 1;
                    *first += positions[*first..].iter().take_while(|&&mark| usize::from(mark) < *start).count();
                }
            }
        }
        events
    }

    /// What looked like one line and is not may be several.
    fn read_batch(&mut self, block: &Block) -> u64 {
        let Batched { extractor, reader, marks, batch, kernel } = self;
        let view = View { kernel: *kernel, block, marks, positions: Some(marks.positions_and_room()) };
        extractor.read_batch(view, batch, reader);
        let of_line = |i: usize| match batch.odd[i] {
            0 => 1,
            _ => read_lines(&block[batch.starts[i].into()..=batch.newlines[i].into()], extractor, reader),
        };
        (0..batch.len).map(of_line).sum()
    }
}
