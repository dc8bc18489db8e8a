//! The pieces of all logs, handed out one by one to whichever worker asks.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use super::chain::Chain;
use super::head::Kind;
use super::range::ByteRange;
use super::resolve::Input;
use super::sequential::{Sequential, cannot_read};
use crate::engine::{Piece, Source};
use crate::error::{Error, ErrorKind, Result};

/// Pieces of one file per worker, so that a worker that is held up (by other programs, by a slow disk) leaves work for others.
const PIECES_PER_WORKER: u64 = 4;
/// The shortest piece: below it the seams (a partial, a line read twice) would begin to show.
const PIECE_BYTES_MIN: u64 = 8 << 20;
/// The longest piece: above it the last ones of many workers would end far apart.
const PIECE_BYTES_MAX: u64 = 32 << 20;
/// How far one read goes beyond the end of a piece, to finish its last line.
const OVERRUN_BYTES: u64 = 16 * 1024;

/// Something worth telling about an input that is no failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// Number of the input.
    pub input: usize,
    /// A sentence that begins with the input's name.
    pub text: String,
}

/// What the stop flag cut short.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interruption {
    /// Nothing: everything was read to its end.
    None,
    /// Streams only. That is how the reading of an endless pipe ends; what was read counts.
    Streams,
    /// Files were not read, or not to their end: the counts are of no use.
    Files,
}

/// A [`Source`] of the logs of [`super::Inputs`].
///
/// Streams come first, then compressed inputs by falling size (nothing but time can shorten a large one, so it must begin
/// early), then plain files, whose pieces fill the gaps. Every log has at least one piece, an empty one too.
pub struct Pieces<'a> {
    inputs: &'a [Input],
    range: ByteRange,
    /// Of inputs that have one of their own.
    ranges: BTreeMap<usize, ByteRange>,
    threads: u64,
    /// Inputs that are read as one piece.
    whole: BTreeSet<usize>,
    queue: Mutex<Queue<'a>>,
    notes: Mutex<Vec<Note>>,
    streams_cut: AtomicBool,
    files_cut: AtomicBool,
}

/// What has not been handed out.
struct Queue<'a> {
    /// Numbers of the inputs, the next one last.
    inputs: Vec<usize>,
    split: Option<Split<'a>>,
    /// The streams of compressed archives, by the number of the member that comes next.
    chains: BTreeMap<usize, Arc<Mutex<Chain>>>,
}

/// A plain file of which pieces are left.
struct Split<'a> {
    number: usize,
    input: &'a Input,
    file: Arc<File>,
    next: u64,
    end: u64,
    piece_bytes: u64,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(inputs: &'a [Input], threads: usize, range: ByteRange) -> Self {
        let rank = |&number: &usize| match (inputs[number].kind(), inputs[number].size()) {
            (Kind::Stream, _) => (0, Reverse(0)),
            (Kind::Gzip | Kind::Zstd | Kind::Bzip2 | Kind::Xz | Kind::Lz4 | Kind::Member, size) => {
                (1, Reverse(size.unwrap_or(0)))
            }
            (Kind::Plain | Kind::Slices, _) => (2, Reverse(0)),
        };
        let waits = |number: usize| {
            let input = &inputs[number];
            input.kind() == Kind::Slices || input.is_read() || input.follows_in_chain()
        };
        let mut order: Vec<usize> = (0..inputs.len()).filter(|&number| !waits(number)).collect();
        order.sort_by_key(rank);
        order.reverse();
        Pieces {
            inputs,
            range,
            ranges: BTreeMap::new(),
            threads: threads.max(1) as u64,
            whole: BTreeSet::new(),
            queue: Mutex::new(Queue { inputs: order, split: None, chains: BTreeMap::new() }),
            notes: Mutex::default(),
            streams_cut: AtomicBool::new(false),
            files_cut: AtomicBool::new(false),
        }
    }

    /// Reads these inputs from their first byte on, and in one piece: their lines mean what they do only with those before them.
    pub fn keep_whole(mut self, inputs: impl IntoIterator<Item = usize>) -> Self {
        self.whole.extend(inputs);
        self
    }

    /// Reads of these inputs the given ranges alone.
    pub fn within(mut self, ranges: BTreeMap<usize, ByteRange>) -> Self {
        self.ranges = ranges;
        self
    }

    /// Where the reader of a piece begins.
    fn reads_from(&self, number: usize, start: u64) -> u64 {
        if self.whole.contains(&number) { 0 } else { start.saturating_sub(1) }
    }

    /// The part of an input that is read.
    fn range(&self, number: usize) -> ByteRange {
        self.ranges.get(&number).copied().unwrap_or(self.range)
    }

    /// What was noticed so far, by input.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        notes.sort_by_key(|note| note.input);
        notes
    }

    /// What the stop flag cut short so far.
    pub fn interruption(&self) -> Interruption {
        match (self.files_cut.load(Relaxed), self.streams_cut.load(Relaxed)) {
            (true, _) => Interruption::Files,
            (false, true) => Interruption::Streams,
            (false, false) => Interruption::None,
        }
    }

    fn cut(&self, kind: Kind) {
        if kind == Kind::Stream { &self.streams_cut } else { &self.files_cut }.store(true, Relaxed);
    }

    /// Takes the files out of the queue once the stop flag is set, and marks them as cut short. Streams stay: what was read of
    /// them for their heads counts, and they end by themselves.
    fn heed_stop(&self, queue: &mut Queue<'a>) {
        if !self.inputs.first().is_some_and(Input::must_stop) {
            return;
        }
        let before = queue.inputs.len();
        queue.inputs.retain(|&number| self.inputs[number].kind() == Kind::Stream);
        if queue.split.take().is_some() || queue.inputs.len() < before {
            self.cut(Kind::Plain);
        }
    }

    /// Opens an input and gives its first piece.
    fn open(&self, queue: &mut Queue<'a>, number: usize) -> Result<Box<dyn Piece + '_>> {
        let input = &self.inputs[number];
        if input.kind() != Kind::Plain {
            let skip = self.reads_from(number, self.range(number).start);
            let (reader, chain) = match input.is_chained() {
                true => self.open_in_chain(queue, number)?,
                false => (input.open_sequential()?, None),
            };
            return Ok(Box::new(SequentialPiece { pieces: self, number, reader, skip, ended: false, chain }));
        }
        let (piece, left) = self.open_plain(number)?;
        queue.split = left;
        Ok(Box::new(piece))
    }

    /// Whether an input is a plain file so short that it is one piece. Such a one is opened while others are handed out.
    fn is_one_piece(&self, number: usize) -> bool {
        let input = &self.inputs[number];
        input.kind() == Kind::Plain && input.size_known() <= PIECE_BYTES_MIN
    }

    /// Opens a plain file: its first piece, and what is left of it.
    fn open_plain(&self, number: usize) -> Result<(PlainPiece<'_, 'a>, Option<Split<'a>>)> {
        let input = &self.inputs[number];
        let (file, size) = input.open_plain()?;
        let (start, end) = self.range(number).within(size);
        let piece_bytes = (end - start).div_ceil(self.threads * PIECES_PER_WORKER).clamp(PIECE_BYTES_MIN, PIECE_BYTES_MAX);
        let piece_bytes = if self.whole.contains(&number) { u64::MAX } else { piece_bytes };
        let mut split = Split { number, input, file: Arc::new(file), next: start, end, piece_bytes };
        let piece = self.take(&mut split);
        Ok((piece, (split.next < end).then_some(split)))
    }

    /// The reader of a member that stands in one stream with others, and that stream.
    fn open_in_chain(&self, queue: &mut Queue<'a>, number: usize) -> Result<(Sequential, Option<Arc<Mutex<Chain>>>)> {
        let input = &self.inputs[number];
        let opened = match queue.chains.remove(&number) {
            Some(chain) => Ok(chain),
            None => input.open_chain(),
        };
        let opened = opened.and_then(|chain| Ok((input.open_in_chain(chain.clone())?, Some(chain))));
        if opened.is_err() {
            // What is behind it is tried by itself.
            self.queue_next_in_chain(queue, number, None);
        }
        opened
    }

    /// Lets the member behind this one be handed out.
    fn queue_next_in_chain(&self, queue: &mut Queue<'a>, number: usize, chain: Option<Arc<Mutex<Chain>>>) {
        let next = number + 1;
        if self.inputs.get(next).is_some_and(Input::follows_in_chain) {
            queue.chains.extend(chain.map(|chain| (next, chain)));
            queue.inputs.push(next);
        }
    }

    /// The next piece of a plain file.
    fn take(&self, split: &mut Split<'a>) -> PlainPiece<'_, 'a> {
        let start = split.next;
        let end = start.saturating_add(split.piece_bytes).min(split.end);
        split.next = end;
        PlainPiece {
            pieces: self,
            number: split.number,
            input: split.input,
            file: split.file.clone(),
            start,
            end,
            position: self.reads_from(split.number, start),
            interrupted: false,
        }
    }
}

impl Source for Pieces<'_> {
    fn next(&self) -> Option<Result<Box<dyn Piece + '_>, (usize, Error)>> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        self.heed_stop(&mut queue);
        if let Some(mut split) = queue.split.take() {
            let piece = self.take(&mut split);
            queue.split = (split.next < split.end).then_some(split);
            return Some(Ok(Box::new(piece)));
        }
        let number = queue.inputs.pop()?;
        if self.is_one_piece(number) {
            drop(queue);
            let opened = self.open_plain(number);
            return Some(opened.map(|(piece, _)| Box::new(piece) as Box<dyn Piece>).map_err(|error| (number, error)));
        }
        Some(self.open(&mut queue, number).map_err(|error| (number, error)))
    }
}

/// A stretch of a plain file, read at its positions: workers share the file but no offset in it.
struct PlainPiece<'p, 'i> {
    pieces: &'p Pieces<'i>,
    number: usize,
    input: &'i Input,
    file: Arc<File>,
    start: u64,
    end: u64,
    position: u64,
    interrupted: bool,
}

impl PlainPiece<'_, '_> {
    /// How much one read may take: no further than the end of the piece, and from there on only as much as a line wants.
    fn read_bytes_max(&self) -> u64 {
        let wanted = if self.position < self.end { self.end - self.position } else { OVERRUN_BYTES };
        wanted.min(self.input.size_known().saturating_sub(self.position))
    }

    #[cold]
    fn shrank(&self) -> Error {
        let (name, size, at) = (self.input.name(), self.input.size_known(), self.position);
        Error::new(
            ErrorKind::Input,
            format!("{name}: the file became shorter while it was read: it had {size} bytes, and ends before byte {at} now"),
        )
        .hint("it was truncated by its writer or a log rotation (copytruncate); read a finished log")
    }

    /// Bytes that this piece read twice with its neighbour are progress once.
    fn count(&self, count: u64) {
        let to = (self.position + count).min(self.end);
        self.input.count(to.saturating_sub(self.position.max(self.start)));
    }
}

impl Piece for PlainPiece<'_, '_> {
    fn input(&self) -> usize {
        self.number
    }

    fn reads_from(&self) -> u64 {
        self.pieces.reads_from(self.number, self.start)
    }

    fn start(&self) -> u64 {
        self.start
    }

    fn end(&self) -> Option<u64> {
        Some(self.end)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.input.must_stop() {
            self.interrupted = true;
            self.pieces.cut(Kind::Plain);
        }
        let want = usize::try_from(self.read_bytes_max()).unwrap_or(usize::MAX).min(buffer.len());
        if want == 0 || self.interrupted {
            return Ok(0);
        }
        loop {
            match self.file.read_at(&mut buffer[..want], self.input.offset() + self.position) {
                Ok(0) => return Err(self.shrank()),
                Ok(count) => {
                    self.count(count as u64);
                    self.position += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(cannot_read(self.input.name(), self.position, error)),
            }
        }
    }

    fn interrupted(&self) -> bool {
        self.interrupted
    }
}

/// All of a content that can only be read in order.
struct SequentialPiece<'p, 'i> {
    pieces: &'p Pieces<'i>,
    number: usize,
    reader: Sequential,
    /// Bytes before the range that must be read and forgotten.
    skip: u64,
    ended: bool,
    /// The stream that other members stand in too: it goes back to the queue, for the worker that asks next. None waits for it: while one
    /// has it, others take other inputs, or end.
    chain: Option<Arc<Mutex<Chain>>>,
}

impl Drop for SequentialPiece<'_, '_> {
    fn drop(&mut self) {
        if let Some(chain) = self.chain.take() {
            let mut queue = self.pieces.queue.lock().unwrap_or_else(PoisonError::into_inner);
            self.pieces.queue_next_in_chain(&mut queue, self.number, Some(chain));
        }
    }
}

impl SequentialPiece<'_, '_> {
    /// Reports what is known once the content has ended.
    fn finish(&mut self) {
        self.ended = true;
        let input = &self.pieces.inputs[self.number];
        if self.reader.interrupted() {
            self.pieces.cut(input.kind());
        }
        if let Some(note) = self.reader.note() {
            let note = Note { input: self.number, text: format!("{}: {note}", input.name()) };
            self.pieces.notes.lock().unwrap_or_else(PoisonError::into_inner).push(note);
        }
    }

    fn read_on(&mut self, buffer: &mut [u8]) -> Result<usize> {
        while self.skip > 0 {
            let want = usize::try_from(self.skip).unwrap_or(usize::MAX).min(buffer.len());
            match self.reader.read(&mut buffer[..want])? {
                0 => return Ok(0),
                count => self.skip -= count as u64,
            }
        }
        self.reader.read(buffer)
    }
}

impl Piece for SequentialPiece<'_, '_> {
    fn input(&self) -> usize {
        self.number
    }

    fn reads_from(&self) -> u64 {
        self.pieces.reads_from(self.number, self.start())
    }

    fn start(&self) -> u64 {
        self.pieces.range(self.number).start
    }

    fn end(&self) -> Option<u64> {
        self.pieces.range(self.number).end
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let result = self.read_on(buffer);
        if !matches!(result, Ok(1..)) {
            self.finish();
        }
        result
    }

    fn interrupted(&self) -> bool {
        self.reader.interrupted()
    }
}
