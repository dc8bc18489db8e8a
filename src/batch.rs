//! Many requests at once, as columns.
//!
//! Regular lines are read in batches: each step of reading goes over all lines of the batch before the next step begins. The
//! choice of what to do is then made once per batch instead of once per line, and the work on one line does not wait for
//! that on the line before.

use crate::record::{Record, Slot};
use crate::time::Instant;

/// Lines of a batch. Their columns (some 10 KiB) stay in the first-level cache beside the window they are read from.
pub const BATCH_LINES: usize = 64;

/// A value for each line.
pub type Column<T> = [T; BATCH_LINES];

/// Lines that look regular, and what was read of them. Only the first `len` values of each column count.
#[derive(Debug)]
pub struct Batch {
    /// How many lines there are, at most [`BATCH_LINES`].
    pub len: usize,
    /// Where each line begins in its block.
    pub starts: Column<u32>,
    /// Where its text ends, without line end.
    pub ends: Column<u32>,
    /// Where its newline stands.
    pub newlines: Column<u32>,
    /// Which mark of the block is its first.
    pub firsts: Column<u32>,
    /// Lines that turned out not to be regular; nothing below is known of them.
    pub odd: Column<bool>,
    /// When it happened.
    pub times: Column<Instant>,
    /// Whether it got no response.
    pub no_response: Column<bool>,
    /// A column for each slot. Spans are those of the block.
    pub slots: Vec<Column<Slot>>,
}

impl Batch {
    /// An empty batch for records of so many slots.
    pub fn new(slots: usize) -> Self {
        Batch {
            len: 0,
            starts: [0; BATCH_LINES],
            ends: [0; BATCH_LINES],
            newlines: [0; BATCH_LINES],
            firsts: [0; BATCH_LINES],
            odd: [false; BATCH_LINES],
            times: [Instant::from_micros(0); BATCH_LINES],
            no_response: [false; BATCH_LINES],
            slots: vec![[Slot::Absent; BATCH_LINES]; slots],
        }
    }

    /// Adds a line; there must be room.
    #[inline]
    pub fn push(&mut self, start: u32, end: u32, newline: u32, first: u32) {
        let i = self.len;
        (self.starts[i], self.ends[i], self.newlines[i], self.firsts[i]) = (start, end, newline, first);
        self.len += 1;
    }

    /// One line of the batch as a record, whose slots go into `row`.
    pub fn record<'a>(&self, i: usize, block: &'a [u8], scratch: &'a [u8], row: &'a mut Vec<Slot>) -> Record<'a> {
        row.clear();
        row.extend(self.slots.iter().map(|column| column[i]));
        Record { time: self.times[i], line: block, scratch, slots: row }
    }
}
