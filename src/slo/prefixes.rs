//! The routes of paths by how they begin.

use super::route::Routes;
use crate::batch::{BATCH_LINES, Spans, every_line, path_length};
use crate::block::{Block, Place, WORD_BYTES, word, words_at};

/// The routes of paths by their first eight bytes, which settle most answers: `/static/` and `/api/v1/` say it all, and a
/// shorter path is all there. Where they do not, the first sixteen may. Small tables that the last ones win.
pub(super) struct RoutePrefixes {
    short: Box<[Short; ENTRIES]>,
    long: Box<[Long; ENTRIES]>,
}

impl Default for RoutePrefixes {
    fn default() -> Self {
        RoutePrefixes {
            short: Box::new([Short { bytes: 0, known: Known::NOTHING }; ENTRIES]),
            long: Box::new([Long { bytes: 0, known: Known::NOTHING }; ENTRIES]),
        }
    }
}

/// The first bytes of a path, and what is known of them.
#[derive(Clone, Copy)]
struct Prefix<B> {
    bytes: B,
    known: Known,
}

/// How many the first bytes of a path are, and the id of its route if they settle it: one word, so that many are compared at once.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Known(u64);

impl Known {
    const NOTHING: Known = Known(u64::MAX);

    fn new(length: u32, id: u32) -> Known {
        Known(u64::from(id) << 32 | u64::from(length))
    }

    #[inline(always)]
    fn length(self) -> u32 {
        self.0 as u32
    }

    #[inline(always)]
    fn id(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

type Short = Prefix<u64>;
type Long = Prefix<u128>;

const ENTRIES: usize = 1 << 8;
/// The id of a prefix that settles nothing.
const UNSETTLED: u32 = u32::MAX;

impl RoutePrefixes {
    /// Adds the id of the route of each target of a column to the keys: one more than its number, or 0.
    #[inline(always)]
    pub(super) fn add_ids(&mut self, routes: &Routes, block: &Block, targets: &Spans, shift: u32, keys: &mut [u64]) {
        let (mut froms, mut texts) = ([0; BATCH_LINES], [0; BATCH_LINES]);
        for i in every_line() {
            froms[i] = targets[i].0;
        }
        words_at(block, &froms, &mut texts);
        let mut slots = [0; BATCH_LINES];
        for i in every_line() {
            let (from, to) = targets[i];
            texts[i] = first_bytes(texts[i], short_length(from, to));
            slots[i] = slot_of(texts[i]);
        }
        let (mut bytes, mut knowns) = ([0; BATCH_LINES], [0; BATCH_LINES]);
        for i in every_line() {
            let Prefix { bytes: first, known } = &self.short[slots[i] % ENTRIES];
            (bytes[i], knowns[i]) = (*first, known.0);
        }
        // Which targets need another look is not to be predicted, so there is no branch for one.
        let mut unsettled = [0_u8; BATCH_LINES];
        for (i, key) in keys.iter_mut().enumerate().take(BATCH_LINES) {
            let known = Known(knowns[i]);
            let is_same = (bytes[i] == texts[i]) & (known.length() == short_length(targets[i].0, targets[i].1));
            let is_settled = is_same & (known.id() != UNSETTLED);
            *key |= u64::from(if is_settled { known.id() } else { 0 }) << shift;
            unsettled[i] = u8::from(!is_settled);
        }
        for (word, eight) in unsettled.as_chunks::<WORD_BYTES>().0.iter().enumerate() {
            let mut left = u64::from_le_bytes(*eight);
            while left != 0 {
                let i = word * WORD_BYTES + left.trailing_zeros() as usize / 8;
                left &= left - 1;
                let (from, to) = targets[i];
                keys[i] |= u64::from(self.other_id(routes, block, from, to)) << shift;
            }
        }
    }

    #[inline(never)]
    fn other_id(&mut self, routes: &Routes, block: &Block, from: Place, to: Place) -> u32 {
        let length = short_length(from, to);
        let bytes = first_bytes(word(block, from), length);
        let prefix = &mut self.short[slot_of(bytes)];
        if prefix.bytes != bytes || prefix.known.length() != length {
            let id = settled_id(routes, &bytes.to_le_bytes()[..length as usize], size_of::<u64>());
            *prefix = Prefix { bytes, known: Known::new(length, id) };
        }
        if prefix.known.id() != UNSETTLED {
            return prefix.known.id();
        }
        let length = u32::from(to.wrapping_sub(from)).min(size_of::<u128>() as u32);
        let high = first_bytes(word(block, from.wrapping_add(8)), length.saturating_sub(8));
        let prefix = &mut self.long[slot_of(bytes ^ high.rotate_left(32))];
        let bytes = u128::from(high) << 64 | u128::from(bytes);
        if prefix.bytes != bytes || prefix.known.length() != length {
            let id = settled_id(routes, &bytes.to_le_bytes()[..length as usize], size_of::<u128>());
            *prefix = Prefix { bytes, known: Known::new(length, id) };
        }
        match prefix.known.id() {
            UNSETTLED => route_id(routes, block, from, to),
            id => id,
        }
    }
}

/// How many of the first eight bytes of a target there are.
#[inline(always)]
fn short_length(from: Place, to: Place) -> u32 {
    u32::from(to.wrapping_sub(from)).min(size_of::<u64>() as u32)
}

/// The first `length` bytes of a word, at most eight.
#[inline(always)]
fn first_bytes(word: u64, length: u32) -> u64 {
    // A shift by all bits is none: no byte is a case of its own.
    let mask = u64::MAX >> (u64::from(length).wrapping_mul(8).wrapping_neg() & 63);
    if length == 0 { 0 } else { word & mask }
}

/// The id of the route of every target that begins with these bytes, or is them if they are fewer than `whole`.
#[cold]
fn settled_id(routes: &Routes, bytes: &[u8], whole: usize) -> u32 {
    let settled = match path_length(bytes) {
        0 => Some(None),
        length if length == whole => routes.find_by_prefix(bytes),
        length => Some(routes.find(&bytes[..length])),
    };
    settled.map_or(UNSETTLED, |route| route.map_or(0, |route| route as u32 + 1))
}

/// Of Fibonacci hashing: the high bits of the product depend on all bits of the key.
const FIBONACCI: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline(always)]
fn slot_of(bytes: u64) -> usize {
    (bytes.wrapping_mul(FIBONACCI) >> (u64::BITS - ENTRIES.trailing_zeros())) as usize % ENTRIES
}

/// The id of the route of a target: one more than its number; 0 when it has none, or there is no path.
fn route_id(routes: &Routes, block: &Block, from: Place, to: Place) -> u32 {
    let target = &block[usize::from(from)..usize::from(to)];
    match &target[..path_length(target)] {
        [] => 0,
        path => routes.find(path).map_or(0, |route| route as u32 + 1),
    }
}
