//! Many requests at once, as columns.
//!
//! Regular lines are read in batches: each step of reading goes over all lines of the batch before the next step begins. The
//! choice of what to do is then made once per batch instead of once per line, and the work on one line does not wait for
//! that on the line before.

use crate::block::{Block, Place};
use crate::record::{Record, Slot};
use crate::time::Instant;

/// Lines of a batch: some vectors of words. Their columns (some 10 KiB) stay in the first-level cache. The last batch of a window is
/// seldom full and costs as much as a full one, so there are few lines in a batch and many in a window.
pub const BATCH_LINES: usize = 64;

/// A value for each line.
pub type Column<T> = [T; BATCH_LINES];

/// Places of text in the block, `from..to`.
pub type Spans = Column<(Place, Place)>;

/// The number that stands for none.
pub const ABSENT: i64 = i64::MIN;

/// The values of one slot.
#[derive(Clone, Debug)]
pub enum Values {
    /// Text; an empty one is absent.
    Texts(Box<Spans>),
    /// Paths, and perhaps behind each of them what is left of its target, from `?` or `#` on; none is absent that is not empty. Where
    /// a path ends is for those to find who must know.
    Paths(Box<Spans>),
    /// Numbers; [`ABSENT`] is none.
    Ints(Box<Column<i64>>),
    /// Every line has the same.
    Same(Slot),
}

impl Values {
    /// Texts that are all absent.
    pub fn texts() -> Values {
        Values::Texts(Box::new([(0, 0); BATCH_LINES]))
    }

    /// Numbers that are all absent.
    pub fn ints() -> Values {
        Values::Ints(Box::new([ABSENT; BATCH_LINES]))
    }

    /// Paths that are all absent.
    pub fn paths() -> Values {
        Values::Paths(Box::new([(0, 0); BATCH_LINES]))
    }

    /// The value of line `i` of a block.
    pub fn slot(&self, i: usize, block: &Block) -> Slot {
        match self {
            Values::Paths(spans) => {
                let (from, to) = spans[i];
                match from + path_length(&block[from.into()..to.into()]) as Place {
                    end if end > from => Slot::Line(from.into(), end.into()),
                    _ => Slot::Absent,
                }
            }
            Values::Texts(spans) if spans[i].0 < spans[i].1 => Slot::Line(spans[i].0.into(), spans[i].1.into()),
            Values::Ints(numbers) if numbers[i] != ABSENT => Slot::Int(numbers[i]),
            Values::Texts(_) | Values::Ints(_) => Slot::Absent,
            Values::Same(slot) => *slot,
        }
    }

    /// Sets the value of line `i`, which must be of this kind.
    pub fn set(&mut self, i: usize, slot: Slot) {
        match (self, slot) {
            // Places of a block fit.
            (Values::Texts(spans) | Values::Paths(spans), Slot::Line(from, to)) => spans[i] = (from as Place, to as Place),
            (Values::Texts(spans) | Values::Paths(spans), _) => spans[i] = (0, 0),
            (Values::Ints(numbers), Slot::Int(n)) => numbers[i] = n,
            (Values::Ints(numbers), _) => numbers[i] = ABSENT,
            (Values::Same(same), slot) => *same = slot,
        }
    }
}

/// How many bytes of a target are its path: those before `?` or `#`.
pub fn path_length(target: &[u8]) -> usize {
    memchr::memchr2(b'?', b'#', target).unwrap_or(target.len())
}

/// Every line that a batch has room for, whether it is there or not: so many that the compiler knows, and makes vectors of a loop over
/// them. [`pad`] makes those behind the last line harmless.
#[inline(always)]
pub fn every_line() -> std::ops::Range<usize> {
    0..BATCH_LINES
}

/// Repeats the value of the last of `len` lines behind it.
#[inline]
pub fn pad<T: Copy>(column: &mut Column<T>, len: usize) {
    let len = len.min(BATCH_LINES);
    if let Some(last) = len.checked_sub(1) {
        let last = column[last];
        column[len..].fill(last);
    }
}

/// Lines that look regular, and what was read of them. Only the first `len` values of each column count.
#[derive(Debug)]
pub struct Batch {
    /// How many lines there are, at most [`BATCH_LINES`].
    pub len: usize,
    /// Where each line begins in its block.
    pub starts: Column<Place>,
    /// Where its text ends, without line end.
    pub ends: Column<Place>,
    /// Where its newline stands.
    pub newlines: Column<Place>,
    /// Which mark of the block is its first.
    pub firsts: Column<Place>,
    /// Not 0 for a line that turned out not to be regular; its time means nothing then, and its values are absent.
    pub odd: Column<u64>,
    /// When it happened.
    pub times: Column<Instant>,
    /// How many of the regular lines got no response.
    pub no_response: u64,
    /// The values of each slot.
    pub slots: Vec<Values>,
}

impl Batch {
    /// An empty batch for records of these slots.
    pub fn new(slots: Vec<Values>) -> Self {
        Batch {
            len: 0,
            starts: [0; BATCH_LINES],
            ends: [0; BATCH_LINES],
            newlines: [0; BATCH_LINES],
            firsts: [0; BATCH_LINES],
            odd: [0; BATCH_LINES],
            times: [Instant::from_micros(0); BATCH_LINES],
            no_response: 0,
            slots,
        }
    }

    /// Adds a line; there must be room.
    #[inline]
    pub fn push(&mut self, start: Place, end: Place, newline: Place, first: Place) {
        let i = self.len;
        (self.starts[i], self.ends[i], self.newlines[i], self.firsts[i]) = (start, end, newline, first);
        self.len += 1;
    }

    /// Whether some line is odd.
    #[inline(always)]
    pub fn has_odd(&self) -> bool {
        let mut any = 0;
        for i in every_line() {
            any |= if i < self.len { self.odd[i] } else { 0 };
        }
        any != 0
    }

    /// Leaves out the first odd line and those behind it.
    pub fn cut_at_odd(&mut self) {
        self.len = self.odd[..self.len].iter().position(|&odd| odd != 0).unwrap_or(self.len);
    }

    /// The bytes of all lines, with their line ends.
    #[inline(always)]
    pub fn bytes(&self) -> u64 {
        let mut bytes = 0;
        for i in every_line() {
            let line = u64::from(self.newlines[i].wrapping_sub(self.starts[i])) + 1;
            bytes += if i < self.len { line } else { 0 };
        }
        bytes
    }

    /// How many of the regular lines have no value in this column.
    #[inline(always)]
    pub fn absent(&self, values: &Column<i64>) -> u64 {
        let mut count = 0;
        for i in every_line() {
            count += u64::from((values[i] == ABSENT) & (self.odd[i] == 0) & (i < self.len));
        }
        count
    }

    /// One line of the batch as a record, whose slots go into `row`.
    pub fn record<'a>(&self, i: usize, block: &'a Block, scratch: &'a [u8], row: &'a mut Vec<Slot>) -> Record<'a> {
        row.clear();
        row.extend(self.slots.iter().map(|values| values.slot(i, block)));
        Record { time: self.times[i], line: block, scratch, slots: row }
    }
}
