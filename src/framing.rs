//! Framing: a stream of bytes becomes blocks of whole lines.
//!
//! One reused buffer: bytes are read behind what is left of the last line, whole lines are handed out, the rest is moved to
//! the front. Framing knows newlines, the limit of line length, and which lines belong to a stretch of the input; it
//! knows nothing of formats.

use crate::block::ROOM_BYTES;
use memchr::{memchr, memrchr};

/// The longest line that is read, in bytes, unless set otherwise. Servers bound request lines and headers at 8 to 64 KiB, so a
/// longer line is damage; it is one reject, never two lines.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Bytes asked for at once. Small enough to stay in a core's second-level cache between being read and being scanned,
/// large enough that system calls do not count.
pub const READ_BYTES: usize = 256 * 1024;

/// Whether a line holds nothing but blanks and NUL bytes, so that no format says anything of it.
pub fn is_blank(line: &[u8]) -> bool {
    // One byte tells of most lines. The others may be long, and are gone through by vectors, for which comparisons must not be a branch.
    let not_blank = |b: u8| u8::from((b != b' ') & (b != b'\t') & (b != b'\n') & (b != b'\r') & (b != b'\x0c') & (b != 0));
    let (chunks, rest) = line.as_chunks::<32>();
    line.first().is_none_or(|&first| not_blank(first) == 0)
        && chunks.iter().all(|chunk| chunk.iter().fold(0, |any, &byte| any | not_blank(byte)) == 0)
        && rest.iter().all(|&byte| not_blank(byte) == 0)
}

/// How many line ends a text holds.
pub fn line_ends(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// The whole lines at the beginning of a content, without their ends and a byte order mark. What has no newline is a line only where the
/// text is `complete`.
pub fn whole_lines(text: &[u8], complete: bool) -> impl Iterator<Item = &[u8]> + Clone {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let has_rest = complete && !text.is_empty() && !text.ends_with(b"\n");
    let mut from = 0;
    memchr::memchr_iter(b'\n', text).chain(has_rest.then_some(text.len())).map(move |end| {
        let line = &text[std::mem::replace(&mut from, end + 1)..end];
        line.strip_suffix(b"\r").unwrap_or(line)
    })
}

/// How many bytes of whole lines, the first of which begins at `offset` in its input, are of lines that begin before `place`.
pub fn lines_before(lines: &[u8], offset: u64, place: u64) -> usize {
    let Some(bytes) = place.checked_sub(offset).filter(|&bytes| bytes > 0) else { return 0 };
    // The last one of them holds the byte before the place.
    let from = usize::try_from(bytes - 1).unwrap_or(usize::MAX).min(lines.len());
    memchr(b'\n', &lines[from..]).map_or(lines.len(), |newline| from + newline + 1)
}

/// Cuts one stretch of an input into blocks of whole lines.
#[derive(Debug)]
pub struct Framing {
    buffer: Vec<u8>,
    /// Bytes of the buffer that are filled.
    filled: usize,
    /// Offset in the input of the buffer's first byte.
    base: u64,
    end: u64,
    line_bytes_max: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// The buffer begins in the middle of a line of the stretch before.
    Foreign,
    /// The buffer begins with a line.
    Lines,
    /// The buffer begins in the middle of an oversized line, of which so many bytes are gone.
    Oversized { from: u64 },
    /// All lines of the stretch were handed out.
    Done,
}

/// Whole lines, or one that is too long.
#[derive(PartialEq, Eq, Debug)]
pub enum Frame<'a> {
    /// Lines, each with its `\n`; the last one of the input may have none.
    Lines {
        /// Offset in the input of the first byte.
        offset: u64,
        /// The lines.
        bytes: &'a [u8],
        /// The lines, and what stands behind them in the buffer: room to look ahead in, which means nothing.
        buffer: &'a [u8],
        /// Whether these are the last: none can be left to the next frame.
        is_last: bool,
    },
    /// One line longer than the limit. It was not kept.
    Oversized {
        /// Offset in the input of its first byte.
        offset: u64,
        /// Its length, line end included.
        bytes: u64,
    },
}

impl Framing {
    /// Frames the lines whose first byte lies in `start..end`. Unless `start` is 0, the bytes pushed begin at `start − 1`.
    pub fn new(start: u64, end: Option<u64>, line_bytes_max: usize) -> Self {
        let capacity = (2 * line_bytes_max).next_multiple_of(4096).max(READ_BYTES) + READ_BYTES / 2 + ROOM_BYTES;
        let mut framing = Framing { buffer: vec![0; capacity], filled: 0, base: 0, end: 0, line_bytes_max, state: State::Done };
        framing.restart(start, end);
        framing
    }

    /// Begins another stretch with the same buffer.
    pub fn restart(&mut self, start: u64, end: Option<u64>) {
        self.filled = 0;
        self.base = start.saturating_sub(1);
        self.end = end.unwrap_or(u64::MAX);
        self.state = match start {
            _ if start >= self.end => State::Done,
            0 => State::Lines,
            _ => State::Foreign,
        };
    }

    /// Where the next bytes go. Tell [`Framing::advance`] how many came.
    pub fn room(&mut self) -> &mut [u8] {
        let to = (self.buffer.len() - ROOM_BYTES).min(self.filled + READ_BYTES);
        &mut self.buffer[self.filled..to]
    }

    /// Whether no more bytes are needed.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Takes `count` new bytes (0: the input has ended), and hands every frame they complete to `each`.
    pub fn advance<E>(&mut self, count: usize, each: &mut dyn FnMut(Frame) -> Result<(), E>) -> Result<(), E> {
        self.advance_leaving(count, &mut |frame| each(frame).map(|()| usize::MAX))
    }

    /// The same, where `each` says how many bytes of whole lines it has done with: the others come once more, with those behind them. They are to be
    /// no more than a block of lines; of the last ones none can be left. What was left when no more bytes come is handed out by [`Framing::finish`].
    pub fn advance_leaving<E>(&mut self, count: usize, each: &mut dyn FnMut(Frame) -> Result<usize, E>) -> Result<(), E> {
        self.filled += count;
        if self.state == State::Foreign && !self.skip_foreign() {
            if count == 0 {
                self.state = State::Done;
            }
            return Ok(());
        }
        if let State::Oversized { from } = self.state
            && !self.skip_oversized(from, count == 0, each)?
        {
            return Ok(());
        }
        self.hand_out(count == 0, each)
    }

    /// Hands out the whole lines that were left, of an input that goes on in vain. Half a line is none.
    pub fn finish<E>(&mut self, each: &mut dyn FnMut(Frame) -> Result<usize, E>) -> Result<(), E> {
        let whole = memrchr(b'\n', &self.buffer[..self.filled]).map_or(0, |newline| newline + 1);
        let mine = self.cut_at_end(whole);
        if self.state == State::Lines && mine > 0 {
            self.hand_last(mine, each)?;
        }
        self.state = State::Done;
        Ok(())
    }

    /// Drops the line that began before the stretch; whether its end was found.
    fn skip_foreign(&mut self) -> bool {
        match memchr(b'\n', &self.buffer[..self.filled]) {
            Some(newline) => {
                self.drop_front(newline + 1);
                self.state = if self.base < self.end { State::Lines } else { State::Done };
                true
            }
            None => {
                self.drop_front(self.filled);
                false
            }
        }
    }

    /// Drops what belongs to the oversized line; whether its end was found.
    fn skip_oversized<E>(&mut self, from: u64, ended: bool, each: &mut dyn FnMut(Frame) -> Result<usize, E>) -> Result<bool, E> {
        let newline = memchr(b'\n', &self.buffer[..self.filled]);
        self.drop_front(newline.map_or(self.filled, |at| at + 1));
        if newline.is_none() && !ended {
            return Ok(false);
        }
        self.state = if self.base < self.end { State::Lines } else { State::Done };
        each(Frame::Oversized { offset: from, bytes: self.base - from })?;
        Ok(true)
    }

    fn hand_out<E>(&mut self, ended: bool, each: &mut dyn FnMut(Frame) -> Result<usize, E>) -> Result<(), E> {
        if self.state != State::Lines {
            return Ok(());
        }
        let whole = match memrchr(b'\n', &self.buffer[..self.filled]) {
            _ if ended => self.filled,
            Some(newline) => newline + 1,
            None => 0,
        };
        let mine = self.cut_at_end(whole);
        let is_oversized = !ended && self.filled - whole > self.line_bytes_max;
        let is_over = mine < whole || ended || self.base + whole as u64 >= self.end;
        if mine > 0 && (is_over || is_oversized) {
            self.hand_last(mine, each)?;
        } else if mine > 0 {
            let done =
                each(Frame::Lines { offset: self.base, bytes: &self.buffer[..mine], buffer: &self.buffer, is_last: false })?;
            self.drop_front(done.min(mine));
        }
        if is_over {
            self.state = State::Done;
        } else if is_oversized {
            self.state = State::Oversized { from: self.base };
            self.drop_front(self.filled);
        }
        Ok(())
    }

    /// Hands out lines of which none may be left.
    fn hand_last<E>(&mut self, bytes: usize, each: &mut dyn FnMut(Frame) -> Result<usize, E>) -> Result<(), E> {
        each(Frame::Lines { offset: self.base, bytes: &self.buffer[..bytes], buffer: &self.buffer, is_last: true })?;
        self.drop_front(bytes);
        Ok(())
    }

    /// How many of `whole` bytes belong to lines that begin before the end of the stretch.
    fn cut_at_end(&self, whole: usize) -> usize {
        lines_before(&self.buffer[..whole], self.base, self.end)
    }

    fn drop_front(&mut self, count: usize) {
        self.buffer.copy_within(count..self.filled, 0);
        self.filled -= count;
        self.base += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Framed = Vec<(u64, Option<Vec<u8>>, u64)>;

    /// The frames of `start..end`, with the input pushed in chunks of these sizes: (offset, line or none when oversized, bytes).
    fn frames(input: &[u8], start: u64, end: Option<u64>, line_max: usize, chunks: &[usize]) -> Framed {
        frames_leaving(input, (start, end), line_max, chunks, &[0])
    }

    /// The same, where of each frame so many lines are left that are not its last.
    fn frames_leaving(
        input: &[u8],
        (start, end): (u64, Option<u64>),
        line_max: usize,
        chunks: &[usize],
        left: &[usize],
    ) -> Framed {
        let mut framing = Framing::new(start, end, line_max);
        let mut out = Vec::new();
        let mut at = start.saturating_sub(1) as usize;
        let (mut sizes, mut left) = (chunks.iter().cycle(), left.iter().cycle());
        while !framing.is_done() {
            let count = (*sizes.next().unwrap()).min(input.len() - at).min(framing.room().len());
            framing.room()[..count].copy_from_slice(&input[at..at + count]);
            at += count;
            framing
                .advance_leaving(count, &mut |frame| {
                    let mut done = 0;
                    match frame {
                        Frame::Oversized { offset, bytes } => out.push((offset, None, bytes)),
                        Frame::Lines { offset, bytes, is_last, .. } => {
                            let lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
                            let left = if is_last { 0 } else { *left.next().unwrap() };
                            for line in &lines[..lines.len().saturating_sub(left)] {
                                out.push((offset + done as u64, Some(line.to_vec()), line.len() as u64));
                                done += line.len();
                            }
                        }
                    }
                    Ok::<usize, ()>(done)
                })
                .unwrap();
        }
        out
    }

    /// The obvious way. A line is oversized only if it did not fit the buffer, so lengths near the limit are not compared.
    fn naive(input: &[u8], start: u64, end: Option<u64>) -> Vec<(u64, Option<Vec<u8>>, u64)> {
        let mut offset = 0;
        let mut out = Vec::new();
        for line in input.split_inclusive(|&b| b == b'\n') {
            if offset >= start && end.is_none_or(|end| offset < end) {
                out.push((offset, Some(line.to_vec()), line.len() as u64));
            }
            offset += line.len() as u64;
        }
        out
    }

    proptest! {
        #[test]
        fn any_chunking_and_any_tiling_gives_the_lines(
            lines in proptest::collection::vec("[a-z\r]{0,9}", 0..30), last in "[a-z]{0,3}",
            chunks in proptest::collection::vec(1usize..40, 1..5), cuts in proptest::collection::vec(0u64..300, 0..4),
            left in proptest::collection::vec(0usize..4, 1..4),
        ) {
            let input = lines.iter().map(|l| format!("{l}\n")).collect::<String>() + &last;
            let whole = naive(input.as_bytes(), 0, None);
            prop_assert_eq!(&frames(input.as_bytes(), 0, None, 64, &chunks), &whole);
            prop_assert_eq!(&frames_leaving(input.as_bytes(), (0, None), 64, &chunks, &left), &whole);
            let mut bounds: Vec<u64> = cuts.into_iter().filter(|&c| c <= input.len() as u64).chain([0]).collect();
            bounds.sort_unstable();
            let mut tiled = Vec::new();
            for (i, &start) in bounds.iter().enumerate() {
                tiled.extend(frames_leaving(input.as_bytes(), (start, bounds.get(i + 1).copied()), 64, &chunks, &left));
            }
            prop_assert_eq!(tiled, whole);
        }
    }

    #[test]
    fn lines_that_were_left_are_handed_out_where_no_more_bytes_come() {
        let mut framing = Framing::new(0, None, 64);
        framing.room()[..8].copy_from_slice(b"a\nb\nc\nha");
        let mut handed = Vec::new();
        let mut take = |frame: Frame| {
            let Frame::Lines { offset, bytes, is_last, .. } = frame else { panic!("no line is that long") };
            handed.push((offset, bytes.to_vec(), is_last));
            Ok::<usize, ()>(2)
        };
        framing.advance_leaving(8, &mut take).unwrap();
        framing.finish(&mut take).unwrap();
        assert!(framing.is_done());
        assert_eq!(handed, [(0, b"a\nb\nc\n".to_vec(), false), (2, b"b\nc\n".to_vec(), true)]);
    }

    #[test]
    fn an_oversized_line_behind_lines_that_were_left_comes_behind_them() {
        let input = format!("a\nb\n{}\nc\n", "x".repeat(400_000));
        let got = frames_leaving(input.as_bytes(), (0, None), 1_000, &[READ_BYTES], &[9]);
        let lines = |line: &str| Some(line.as_bytes().to_vec());
        assert_eq!(got, [(0, lines("a\n"), 2), (2, lines("b\n"), 2), (4, None, 400_001), (400_005, lines("c\n"), 2)]);
    }

    #[test]
    fn an_oversized_line_is_one_frame_however_long() {
        let long = "x".repeat(3_000_000);
        let input = format!("a\n{long}\nb\n{long}");
        let got = frames(input.as_bytes(), 0, None, 1_000, &[READ_BYTES]);
        let want = [
            (0, Some(b"a\n".to_vec()), 2),
            (2, None, 3_000_001),
            (3_000_003, Some(b"b\n".to_vec()), 2),
            (3_000_005, None, 3_000_000),
        ];
        assert_eq!(got, want);
        assert_eq!(frames(input.as_bytes(), 3, Some(10), 1_000, &[READ_BYTES]), []);
        assert_eq!(frames(input.as_bytes(), 2, Some(3), 1_000, &[READ_BYTES]), want[1..2]);
    }
}
