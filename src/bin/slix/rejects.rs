//! Rejected lines on their way to `--rejects`, and a few of them to the terminal.
//!
//! Workers write them in order, each into a temporary file of its own; which worker had which piece is noted, and in the end
//! the pieces are put in order. So the file does not depend on threads, and memory does not follow rejects.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slix::error::{Error, ErrorKind, Result};
use slix::output::atomic::write_failed;
use slix::record::{Outcome, Reason};
use slix::scan::{DISORDER_BYTES_MAX, OddLines};

/// Rejected lines that are shown.
pub const SAMPLES_MAX: usize = 3;
/// Bytes of a line that are shown.
const SAMPLE_BYTES_MAX: usize = 160;

/// Collects rejected lines of all workers.
pub struct Rejects {
    names: Vec<Arc<str>>,
    keep: bool,
    /// Temporary files that no worker has in hand.
    idle: Mutex<Vec<Spool>>,
    samples: Mutex<Vec<Sample>>,
    failure: Mutex<Option<io::Error>>,
}

/// One rejected line, to be shown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Sample {
    /// Number of the input.
    pub input: usize,
    /// Byte offset of the line in it.
    pub offset: u64,
    /// Why it was rejected.
    pub reason: Reason,
    /// Its beginning.
    pub line: Vec<u8>,
}

/// A temporary file, and which pieces lie where in it.
struct Spool {
    file: BufWriter<File>,
    bytes: u64,
    pieces: Vec<SpooledPiece>,
}

struct SpooledPiece {
    input: usize,
    start: u64,
    from: u64,
    to: u64,
}

impl Rejects {
    /// A collection for inputs of these names; whole lines are kept only if asked for.
    pub fn new(names: Vec<Arc<str>>, keep: bool) -> Rejects {
        Rejects { names, keep, idle: Mutex::default(), samples: Mutex::default(), failure: Mutex::default() }
    }

    /// The place for the odd lines of one piece.
    pub fn sink(&self, input: usize, start: u64) -> Box<OddLines<'_>> {
        let mut sink = Sink { rejects: self, input, start, spool: None, from: 0, waiting: BTreeMap::new(), samples: Vec::new() };
        Box::new(move |outcome, offset, line| sink.take(outcome, offset, line))
    }

    /// The first rejected lines, in the order of inputs and offsets.
    pub fn samples(&self) -> Vec<Sample> {
        lock(&self.samples).clone()
    }

    /// The name of an input.
    pub fn name(&self, input: usize) -> &str {
        self.names.get(input).map_or("", |name| name)
    }

    /// Writes all lines that were kept: input, byte offset, reason and line, separated by tabs, in the order of inputs and offsets.
    pub fn write(&self, out: &mut dyn Write) -> Result<()> {
        if let Some(cause) = lock(&self.failure).take() {
            return Err(spool_failed(cause));
        }
        let mut spools = lock(&self.idle);
        for spool in spools.iter_mut() {
            spool.file.flush().map_err(spool_failed)?;
        }
        let pieces = |(number, spool): (usize, &Spool)| {
            let place = move |p: &SpooledPiece| (p.input, p.start, number, p.from, p.to);
            spool.pieces.iter().map(place).collect::<Vec<_>>()
        };
        let mut order: Vec<_> = spools.iter().enumerate().flat_map(pieces).collect();
        order.sort_unstable();
        for (_, _, number, from, to) in order {
            let file = spools[number].file.get_mut();
            file.seek(SeekFrom::Start(from)).map_err(spool_failed)?;
            io::copy(&mut file.take(to - from), out).map_err(|cause| write_failed("the rejected lines", cause))?;
        }
        Ok(())
    }

    fn add_samples(&self, samples: &mut Vec<Sample>) {
        let mut all = lock(&self.samples);
        all.append(samples);
        all.sort_unstable();
        all.truncate(SAMPLES_MAX);
    }

    fn spool(&self) -> io::Result<Spool> {
        match lock(&self.idle).pop() {
            Some(spool) => Ok(spool),
            None => Ok(Spool { file: BufWriter::new(tempfile::tempfile()?), bytes: 0, pieces: Vec::new() }),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cold]
fn spool_failed(cause: io::Error) -> Error {
    Error::new(ErrorKind::Output, "the rejected lines could not be kept in a temporary file")
        .because(cause)
        .hint("the directory for temporary files is $TMPDIR, or /tmp")
}

/// The odd lines of one piece.
struct Sink<'a> {
    rejects: &'a Rejects,
    input: usize,
    start: u64,
    spool: Option<Spool>,
    from: u64,
    /// Lines to keep, by offset, as long as one from before them may come.
    waiting: BTreeMap<u64, (Reason, Vec<u8>)>,
    /// The first ones so far, in order.
    samples: Vec<Sample>,
}

impl Sink<'_> {
    fn take(&mut self, outcome: Outcome, offset: u64, line: &[u8]) {
        let Outcome::Rejected(reason) = outcome else { return };
        self.sample(offset, reason, line);
        if self.rejects.keep {
            self.waiting.insert(offset, (reason, line.to_vec()));
            self.keep_before(offset.saturating_sub(DISORDER_BYTES_MAX));
        }
    }

    fn sample(&mut self, offset: u64, reason: Reason, line: &[u8]) {
        if self.samples.len() == SAMPLES_MAX && self.samples.last().is_some_and(|last| last.offset < offset) {
            return;
        }
        let line = line[..line.len().min(SAMPLE_BYTES_MAX)].to_vec();
        self.samples.push(Sample { input: self.input, offset, reason, line });
        self.samples.sort_unstable();
        self.samples.truncate(SAMPLES_MAX);
    }

    /// Keeps the lines that begin before this offset.
    fn keep_before(&mut self, offset: u64) {
        while let Some(first) = self.waiting.first_entry()
            && *first.key() < offset
        {
            let (offset, (reason, line)) = first.remove_entry();
            if let Err(error) = self.keep(offset, reason, &line) {
                lock(&self.rejects.failure).get_or_insert(error);
            }
        }
    }

    fn keep(&mut self, offset: u64, reason: Reason, line: &[u8]) -> io::Result<()> {
        let spool = match &mut self.spool {
            Some(spool) => spool,
            empty => {
                let spool = empty.insert(self.rejects.spool()?);
                self.from = spool.bytes;
                spool
            }
        };
        let name = one_field(self.rejects.name(self.input));
        let head = format!("{name}\t{offset}\t{}\t", reason.name());
        for part in [head.as_bytes(), line, b"\n"] {
            spool.file.write_all(part)?;
            spool.bytes += part.len() as u64;
        }
        Ok(())
    }
}

impl Drop for Sink<'_> {
    fn drop(&mut self) {
        if !self.samples.is_empty() {
            self.rejects.add_samples(&mut self.samples);
        }
        self.keep_before(u64::MAX);
        if let Some(mut spool) = self.spool.take() {
            spool.pieces.push(SpooledPiece { input: self.input, start: self.start, from: self.from, to: spool.bytes });
            lock(&self.rejects.idle).push(spool);
        }
    }
}

/// A name that would break a line or a column is escaped.
fn one_field(name: &str) -> Cow<'_, str> {
    match name.contains(char::is_control) {
        true => name.escape_debug().to_string().into(),
        false => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However pieces are interleaved over workers, the file is in order.
    #[test]
    fn order_is_that_of_inputs_and_offsets() {
        let rejects = Rejects::new(vec!["a".into(), "b\tc".into()], true);
        let layout = Outcome::Rejected(Reason::Layout);
        let (mut late, mut early) = (rejects.sink(1, 0), rejects.sink(0, 100));
        late(layout, 5, b"five");
        early(layout, 120, b"far\t");
        early(Outcome::Undated, 125, b"not rejected");
        drop(late);
        let mut first = rejects.sink(0, 0);
        first(Outcome::Rejected(Reason::Time), 7, b"\xff");
        drop((first, early));
        let mut written = Vec::new();
        rejects.write(&mut written).unwrap();
        assert_eq!(written, b"a\t7\ttime\t\xff\na\t120\tlayout\tfar\t\nb\\tc\t5\tlayout\tfive\n");
        let samples: Vec<_> = rejects.samples().iter().map(|s| (s.input, s.offset)).collect();
        assert_eq!(samples, [(0, 7), (0, 120), (1, 5)]);
    }

    /// What comes out of order within a window of the scan is put in order, and no more than that waits.
    #[test]
    fn order_within_a_piece_is_that_of_offsets() {
        let rejects = Rejects::new(vec!["a".into()], true);
        let mut sink =
            Sink { rejects: &rejects, input: 0, start: 0, spool: None, from: 0, waiting: BTreeMap::new(), samples: Vec::new() };
        let far = DISORDER_BYTES_MAX;
        let offsets = [9, 4, 7, 1, far + 2, far + 1, 2 * far, 9 * far, 8 * far];
        for offset in offsets {
            sink.take(Outcome::Rejected(Reason::Layout), offset, b"");
            assert!(sink.waiting.keys().all(|waits| waits + far >= offset));
        }
        drop(sink);
        let mut written = Vec::new();
        rejects.write(&mut written).unwrap();
        let lines = String::from_utf8(written).unwrap();
        let written: Vec<u64> = lines.lines().map(|line| line.split('\t').nth(1).unwrap().parse().unwrap()).collect();
        let mut want = offsets.to_vec();
        want.sort_unstable();
        assert_eq!(written, want);
        assert_eq!(rejects.samples().iter().map(|sample| sample.offset).collect::<Vec<_>>(), want[..SAMPLES_MAX]);
    }
}
