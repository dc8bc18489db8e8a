//! Logs in memory through the library: the whole engine, the bare loop, and the careful way, line by line.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use slix::aggregate::accounting::Accounting;
use slix::aggregate::latency_tally::LatencyTally;
use slix::aggregate::tally::Tally;
use slix::aggregate::{Duplicates, Identity, IndicatorKey, Partial};
use slix::engine::{self, EngineInput, Piece, Run, Source};
use slix::error::{Error, Result};
use slix::format::Format;
use slix::format::extract::{Extractor, Reader};
use slix::framing::LINE_BYTES_MAX;
use slix::marks::Kernel;
use slix::record::{Outcome, Reason, Skip, Value};
use slix::scan::{Job, Worker, scan, scan_batches};
use slix::slo::Indicator;
use slix::slo::classify::Classifier;
use slix::time::Slices;

/// A format and indicators, ready to count.
pub struct Rig {
    pub extractor: Extractor,
    pub classifier: Classifier,
    pub keys: Vec<IndicatorKey>,
    pub slices: Slices,
    pub line_bytes_max: usize,
}

/// What became of a log.
#[derive(Clone, PartialEq, Debug)]
pub struct Counted {
    pub partial: Partial,
    pub accounting: Accounting,
    /// Lines that are no events, by offset.
    pub odd: Vec<(u64, Outcome)>,
}

/// How the engine is to go through a log.
#[derive(Clone, Debug)]
pub struct How {
    /// Where pieces begin, beside 0.
    pub cuts: Vec<u64>,
    /// Bytes that each read gives, round about.
    pub chunks: Vec<usize>,
    pub threads: usize,
    pub kernel: Kernel,
}

impl Rig {
    pub fn new(format: &Format, indicators: Vec<Arc<Indicator>>, slice_seconds: i64) -> Rig {
        let key = |indicator: &Arc<Indicator>| IndicatorKey { service: String::new(), canonical: indicator.canonical() };
        let keys = indicators.iter().map(key).collect();
        let classifier = Classifier::compile(indicators).unwrap();
        let extractor = Extractor::bind(format, classifier.needs(), None).unwrap();
        let slices = Slices::of_seconds(slice_seconds).unwrap();
        Rig { extractor, classifier, keys, slices, line_bytes_max: LINE_BYTES_MAX }
    }

    pub fn job(&self, kernel: Kernel) -> Job<'_> {
        let Rig { extractor, classifier, keys, slices, line_bytes_max } = self;
        Job {
            extractor,
            classifier,
            keys,
            service: "",
            slices: *slices,
            kernel,
            line_bytes_max: *line_bytes_max,
            histograms: true,
            attribution: None,
        }
    }

    /// The bare loop over the whole log as one block.
    pub fn fast(&self, log: &[u8], kernel: Kernel) -> Counted {
        let mut worker = Worker::new(self.job(kernel), "log").unwrap();
        let mut odd = Vec::new();
        // What stands behind the log must not matter.
        let buffer = [log, &[b'"'; 70_000]].concat();
        scan(&buffer, log.len(), 0, &mut worker, &mut |outcome, offset, _| odd.push((offset, outcome))).unwrap();
        odd.sort_unstable_by_key(|(offset, _)| *offset);
        let accounting = worker.take_accounting();
        Counted { partial: worker.finish().unwrap(), accounting, odd }
    }

    /// The bare loop over so many lines at a time, before which stand those that filled no batch; and how many bytes did so in all.
    pub fn by_batches(&self, log: &[u8], lines: &[usize], kernel: Kernel) -> (Counted, usize) {
        let mut worker = Worker::new(self.job(kernel), "log").unwrap();
        let (mut odd, mut rest, mut at, mut carried) = (Vec::new(), Vec::new(), 0, 0);
        let (mut all, mut lines) = (log.split_inclusive(|&b| b == b'\n'), lines.iter().cycle());
        loop {
            let next = all.by_ref().take(*lines.next().unwrap()).collect::<Vec<_>>().concat();
            let text = [&rest[..], &next].concat();
            let buffer = [&text[..], &[b'"'; 70_000]].concat();
            let odd = &mut |outcome, offset, _: &[u8]| odd.push((offset, outcome));
            if next.is_empty() {
                scan(&buffer, text.len(), at, &mut worker, odd).unwrap();
                break;
            }
            let done = scan_batches(&buffer, text.len(), at, &mut worker, odd).unwrap();
            rest = text[done..].to_vec();
            (at, carried) = (at + done as u64, carried + rest.len());
            assert!(rest.iter().filter(|&&b| b == b'\n').count() <= 64);
        }
        odd.sort_unstable_by_key(|(offset, _)| *offset);
        let accounting = worker.take_accounting();
        (Counted { partial: worker.finish().unwrap(), accounting, odd }, carried)
    }

    /// The lines one by one, by the reader and the classifier that take one line.
    pub fn careful(&self, log: &[u8]) -> Counted {
        let mut reader = self.extractor.reader("log").with_line_bytes_max(self.line_bytes_max);
        let mut classes = self.classifier.classes();
        let mut tally = Tally::new(self.slices);
        let mut latencies = LatencyTally::new(&self.classifier).unwrap();
        let (mut accounting, mut odd) = (Accounting::default(), Vec::new());
        self.each_line(log, &mut reader, &mut |outcome, offset, bytes, line, reader| {
            accounting.add(outcome, bytes);
            if outcome != Outcome::Event {
                return odd.push((offset, outcome));
            }
            accounting.no_response += u64::from(reader.no_response());
            let record = reader.record(line);
            let class = classes.class_of(&record);
            tally.add(record.time, class);
            if let Some(latencies) = &mut latencies
                && let Value::Int(ns) = record.get(latencies.slot())
            {
                latencies.add(record.time, class, ns);
            }
        });
        let (lines, bytes) = self.extractor.take_unfinished(&mut reader);
        accounting.reject_unfinished(lines, bytes);
        accounting.by_others = self.extractor.take_others(&mut reader);
        Counted { partial: tally.fold(latencies.as_ref(), &classes, &self.keys, "").unwrap(), accounting, odd }
    }

    /// [`each_line`] with the rig's own extractor.
    pub fn each_line(&self, log: &[u8], reader: &mut Reader, each: EachLine) {
        each_line(&self.extractor, log, self.line_bytes_max, reader, each);
    }

    /// The whole engine.
    pub fn run(&self, log: &[u8], how: &How) -> Counted {
        self.run_range(log, (0, None), how)
    }

    /// The whole engine over the lines that begin in a range.
    pub fn run_range(&self, log: &[u8], range: (u64, Option<u64>), how: &How) -> Counted {
        let inputs = [EngineInput { name: "a.log".to_owned(), job: 0, identity: Identity::of(log) }];
        let jobs = [self.job(how.kernel)];
        let odd = Mutex::new(Vec::new());
        let run = Run {
            inputs: &inputs,
            jobs: &jobs,
            threads: how.threads,
            odd: &|_, _| Box::new(|outcome, offset, _| odd.lock().unwrap().push((offset, outcome))),
            stop: &AtomicBool::new(false),
            keep_going: false,
            duplicates: Duplicates::Refuse,
        };
        let is_stateful = self.extractor.is_stateful();
        let cuts = if is_stateful { &[] } else { &how.cuts[..] };
        let source = Memory { log, is_stateful, chunks: &how.chunks, pieces: Mutex::new(pieces(range, cuts)) };
        let scanned = engine::run(&source, &run).unwrap();
        assert!(scanned.failures.is_empty());
        let mut accounting = Accounting::default();
        scanned.partial.receipts.iter().for_each(|receipt| accounting.merge(&receipt.accounting).unwrap());
        let mut odd = odd.into_inner().unwrap();
        odd.sort_unstable_by_key(|(offset, _)| *offset);
        Counted { partial: scanned.partial, accounting, odd }
    }
}

/// Takes a line: outcome, offset, bytes with the line end, the text that was read, and the reader.
pub type EachLine<'a> = &'a mut dyn FnMut(Outcome, u64, u64, &[u8], &Reader);

/// Reads every line with care.
pub fn each_line(extractor: &Extractor, log: &[u8], line_bytes_max: usize, reader: &mut Reader, each: EachLine) {
    let mut offset = 0;
    for bytes in log.split_inclusive(|&b| b == b'\n') {
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (outcome, text) = match bytes.len() > line_bytes_max {
            true => (Outcome::Rejected(Reason::TooLong), line),
            false => read(extractor, line, reader),
        };
        if outcome == Outcome::Joined {
            extractor.count_part(bytes.len() as u64, reader);
        }
        each(outcome, offset, bytes.len() as u64, text, reader);
        offset += bytes.len() as u64;
    }
}

/// Reads a line as it may come: NUL bytes or a byte order mark before a line are no part of it, and white space is blank.
fn read<'a>(extractor: &Extractor, line: &'a [u8], reader: &mut Reader) -> (Outcome, &'a [u8]) {
    let is_blank = |text: &[u8]| text.iter().all(|b| b.is_ascii_whitespace() || *b == 0);
    if is_blank(line) {
        return (Outcome::Skipped(Skip::Blank), line);
    }
    let outcome = extractor.read(line, reader);
    if !matches!(outcome, Outcome::Rejected(_)) {
        return (outcome, line);
    }
    let text = &line[line.iter().take_while(|&&b| b == 0).count()..];
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    match is_blank(text) {
        true => (Outcome::Skipped(Skip::Blank), line),
        false if text.len() < line.len() => (extractor.read(text, reader), text),
        false => (outcome, line),
    }
}

/// The pieces of a range, the last one first.
fn pieces((start, end): (u64, Option<u64>), cuts: &[u64]) -> Vec<(u64, Option<u64>)> {
    let mut starts: Vec<u64> = cuts.iter().copied().filter(|&cut| cut > start && end.is_none_or(|end| cut < end)).collect();
    starts.push(start);
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).map(|&next| Some(next)).chain([end]);
    let mut pieces: Vec<_> = starts.iter().copied().zip(ends).collect();
    pieces.reverse();
    pieces
}

/// A log in memory as a source of pieces.
struct Memory<'a> {
    log: &'a [u8],
    /// Whether pieces are read from the beginning of the log.
    is_stateful: bool,
    chunks: &'a [usize],
    pieces: Mutex<Vec<(u64, Option<u64>)>>,
}

impl Source for Memory<'_> {
    fn next(&self) -> Option<Result<Box<dyn Piece + '_>, (usize, Error)>> {
        let (start, end) = self.pieces.lock().unwrap().pop()?;
        let from = if self.is_stateful { 0 } else { start.saturating_sub(1) };
        let at = (from as usize).min(self.log.len());
        Some(Ok(Box::new(MemoryPiece { memory: self, start, end, from, at, reads: 0 })))
    }
}

struct MemoryPiece<'a> {
    memory: &'a Memory<'a>,
    start: u64,
    end: Option<u64>,
    from: u64,
    at: usize,
    reads: usize,
}

impl Piece for MemoryPiece<'_> {
    fn input(&self) -> usize {
        0
    }

    fn start(&self) -> u64 {
        self.start
    }

    fn end(&self) -> Option<u64> {
        self.end
    }

    fn reads_from(&self) -> u64 {
        self.from
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let chunks = self.memory.chunks;
        let count = chunks[self.reads % chunks.len()].min(buffer.len()).min(self.memory.log.len() - self.at);
        buffer[..count].copy_from_slice(&self.memory.log[self.at..self.at + count]);
        self.at += count;
        self.reads += 1;
        Ok(count)
    }
}
