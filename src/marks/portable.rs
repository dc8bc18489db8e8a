//! The kernel that needs nothing of the machine: eight bytes at a time in plain integers.

use super::{BITS, MarkSet, Place};

const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;
/// Gathers the top bits of eight bytes into the top byte of the product.
const GATHER: u64 = 0x0002_0408_1020_4081;

/// The top bit of each byte of `word` that equals the byte spread over `pattern`. Exact: no borrow crosses a byte.
#[inline]
fn equal_bytes(word: u64, pattern: u64) -> u64 {
    let x = word ^ pattern;
    !(((x & LOW_BITS) + LOW_BITS) | x | LOW_BITS)
}

#[inline]
fn spread(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The bits of one chunk: for mark bytes and newlines, and for the aux byte.
#[inline]
fn masks(set: MarkSet, block: &[u8; BITS]) -> [u64; 2] {
    let [first, second] = set.marks;
    let mut masks = [0; 2];
    for (i, eight) in block.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*eight);
        let is = |byte| equal_bytes(word, spread(byte));
        let found = [is(first) | is(second) | is(b'\n'), is(set.aux)];
        for (mask, found) in masks.iter_mut().zip(found) {
            *mask |= ((found >> 7).wrapping_mul(GATHER << 7) >> 56) << (i * 8);
        }
    }
    masks
}

/// Marks whole blocks; returns the number of positions.
pub(super) fn mark(set: MarkSet, blocks: &[[u8; BITS]], positions: &mut [Place], bits: &mut [[u8; 8]]) -> usize {
    let mut count = 0;
    for (i, block) in blocks.iter().enumerate() {
        let [marks, aux] = masks(set, block);
        bits[i] = aux.to_le_bytes();
        count = list(marks, i * BITS, positions, count);
    }
    count
}

/// Appends the places of the bits of `marks`.
#[inline]
pub(super) fn list(mut marks: u64, base: usize, positions: &mut [Place], mut count: usize) -> usize {
    while marks != 0 {
        positions[count] = (base + marks.trailing_zeros() as usize) as Place;
        marks &= marks - 1;
        count += 1;
    }
    count
}
