//! The routes of paths by how they begin.

use super::route::Routes;
use crate::batch::path_length;
use crate::block::{Block, Place, word};

/// The routes of paths by their first eight bytes, which settle most answers: `/static/` and `/api/v1/` say it all, and a
/// shorter path is all there. A small table that the last ones win.
pub(super) struct RoutePrefixes {
    entries: Box<[Prefix; PREFIX_ENTRIES]>,
}

impl Default for RoutePrefixes {
    fn default() -> Self {
        RoutePrefixes { entries: Box::new([Prefix { bytes: 0, length: u32::MAX, id: UNSETTLED }; PREFIX_ENTRIES]) }
    }
}

/// The first bytes of a path, and the id of its route if they settle it.
#[derive(Clone, Copy)]
struct Prefix {
    bytes: u64,
    length: u32,
    id: u32,
}

const PREFIX_BYTES: usize = 8;
/// The lowest `i` bytes of a word.
const LOW_BYTES: [u64; 16] = {
    let mut masks = [u64::MAX; 16];
    let mut i = 0;
    while i < PREFIX_BYTES {
        masks[i] = (1 << (8 * i)) - 1;
        i += 1;
    }
    masks
};
const PREFIX_ENTRIES: usize = 1 << 8;
/// The id of a prefix that settles nothing.
const UNSETTLED: u32 = u32::MAX;

impl RoutePrefixes {
    /// The id of the route of the target `from..to` of a block: one more than its number, or 0.
    #[inline(always)]
    pub(super) fn id(&mut self, routes: &Routes, block: &Block, from: Place, to: Place) -> u32 {
        let length = u32::from(to.wrapping_sub(from)).min(PREFIX_BYTES as u32);
        let bytes = word(block, from) & LOW_BYTES[length as usize & 15];
        let known = self.entries[slot_of_prefix(bytes)];
        if known.bytes == bytes && known.length == length && known.id != UNSETTLED {
            return known.id;
        }
        self.other_id(routes, block, from, to)
    }

    #[inline(never)]
    fn other_id(&mut self, routes: &Routes, block: &Block, from: Place, to: Place) -> u32 {
        let length = u32::from(to.wrapping_sub(from)).min(PREFIX_BYTES as u32);
        let bytes = word(block, from) & LOW_BYTES[length as usize & 15];
        let known = self.entries[slot_of_prefix(bytes)];
        if known.bytes != bytes || known.length != length {
            self.learn(routes, Prefix { bytes, length, id: UNSETTLED }, slot_of_prefix(bytes));
        }
        route_id(routes, block, from, to)
    }

    #[cold]
    fn learn(&mut self, routes: &Routes, prefix: Prefix, slot: usize) {
        let (bytes, length) = (prefix.bytes.to_le_bytes(), prefix.length as usize);
        let settled = match path_length(&bytes[..length]) {
            0 => Some(None),
            PREFIX_BYTES => routes.find_by_prefix(&bytes),
            whole => Some(routes.find(&bytes[..whole])),
        };
        let id = settled.map_or(UNSETTLED, |route| route.map_or(0, |route| route as u32 + 1));
        self.entries[slot] = Prefix { id, ..prefix };
    }
}

/// Of Fibonacci hashing: the high bits of the product depend on all bits of the key.
const FIBONACCI: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline(always)]
fn slot_of_prefix(bytes: u64) -> usize {
    (bytes.wrapping_mul(FIBONACCI) >> (u64::BITS - PREFIX_ENTRIES.trailing_zeros())) as usize % PREFIX_ENTRIES
}

/// The id of the route of a target: one more than its number; 0 when it has none, or there is no path.
fn route_id(routes: &Routes, block: &Block, from: Place, to: Place) -> u32 {
    let target = &block[usize::from(from)..usize::from(to)];
    match &target[..path_length(target)] {
        [] => 0,
        path => routes.find(path).map_or(0, |route| route as u32 + 1),
    }
}
