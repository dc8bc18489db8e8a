//! The routes of paths by how they begin.

use super::route::Routes;
use crate::batch::path_length;
use crate::block::{Block, Place, word};

/// The routes of paths by their first eight bytes, which settle most answers: `/static/` and `/api/v1/` say it all, and a
/// shorter path is all there. Where they do not, the first sixteen may. Small tables that the last ones win.
pub(super) struct RoutePrefixes {
    short: Box<[Short; ENTRIES]>,
    long: Box<[Long; ENTRIES]>,
}

impl Default for RoutePrefixes {
    fn default() -> Self {
        RoutePrefixes {
            short: Box::new([Short { bytes: 0, length: u32::MAX, id: UNSETTLED }; ENTRIES]),
            long: Box::new([Long { bytes: 0, length: u32::MAX, id: UNSETTLED }; ENTRIES]),
        }
    }
}

/// The first bytes of a path, how many they are, and the id of its route if they settle it.
#[derive(Clone, Copy)]
struct Prefix<B> {
    bytes: B,
    length: u32,
    id: u32,
}

type Short = Prefix<u64>;
type Long = Prefix<u128>;

/// The lowest `i` bytes of a word.
const LOW_BYTES: [u64; 16] = {
    let mut masks = [u64::MAX; 16];
    let mut i = 0;
    while i < size_of::<u64>() {
        masks[i] = (1 << (8 * i)) - 1;
        i += 1;
    }
    masks
};
const ENTRIES: usize = 1 << 8;
/// The id of a prefix that settles nothing.
const UNSETTLED: u32 = u32::MAX;

impl RoutePrefixes {
    /// The id of the route of the target `from..to` of a block: one more than its number, or 0.
    #[inline(always)]
    pub(super) fn id(&mut self, routes: &Routes, block: &Block, from: Place, to: Place) -> u32 {
        let Short { bytes, length, .. } = short(block, from, to);
        let known = self.short[slot_of(bytes)];
        if known.bytes == bytes && known.length == length && known.id != UNSETTLED {
            return known.id;
        }
        self.other_id(routes, block, from, to)
    }

    #[inline(never)]
    fn other_id(&mut self, routes: &Routes, block: &Block, from: Place, to: Place) -> u32 {
        let Short { bytes, length, .. } = short(block, from, to);
        let known = &mut self.short[slot_of(bytes)];
        if known.bytes != bytes || known.length != length {
            *known = Prefix { bytes, length, id: settled_id(routes, &bytes.to_le_bytes()[..length as usize], size_of::<u64>()) };
        }
        if known.id != UNSETTLED {
            return known.id;
        }
        let length = u32::from(to.wrapping_sub(from)).min(size_of::<u128>() as u32);
        let high = word(block, from.wrapping_add(8)) & LOW_BYTES[length.saturating_sub(8) as usize & 15];
        let known = &mut self.long[slot_of(bytes ^ high.rotate_left(32))];
        let bytes = u128::from(high) << 64 | u128::from(bytes);
        if known.bytes != bytes || known.length != length {
            *known = Prefix { bytes, length, id: settled_id(routes, &bytes.to_le_bytes()[..length as usize], size_of::<u128>()) };
        }
        if known.id != UNSETTLED { known.id } else { route_id(routes, block, from, to) }
    }
}

/// The first eight bytes of a target.
#[inline(always)]
fn short(block: &Block, from: Place, to: Place) -> Short {
    let length = u32::from(to.wrapping_sub(from)).min(size_of::<u64>() as u32);
    Prefix { bytes: word(block, from) & LOW_BYTES[length as usize & 15], length, id: UNSETTLED }
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
