//! The kernel that needs nothing of the machine: eight bytes at a time in plain integers.

use super::{BITS, Bits, MarkSet};

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

/// The bits of one block: for mark bytes and newlines, for the aux byte, for the ends of paths.
#[inline]
fn masks(set: MarkSet, block: &[u8; BITS]) -> [u64; 3] {
    let [first, second] = set.marks;
    let mut masks = [0; 3];
    for (i, eight) in block.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*eight);
        let is = |byte| equal_bytes(word, spread(byte));
        let found = [is(first) | is(second) | is(b'\n'), is(set.aux), is(b'?') | is(b'#')];
        for (mask, found) in masks.iter_mut().zip(found) {
            *mask |= ((found >> 7).wrapping_mul(GATHER << 7) >> 56) << (i * 8);
        }
    }
    masks
}

/// Marks whole blocks; returns the number of positions.
pub(super) fn mark(set: MarkSet, blocks: &[[u8; BITS]], positions: &mut [u32], bits: &mut Bits) -> usize {
    let mut count = 0;
    for (i, block) in blocks.iter().enumerate() {
        let [marks, aux, path_ends] = masks(set, block);
        bits.set(i, aux, path_ends);
        count = list(marks, i * BITS, positions, count);
    }
    count
}

/// Marks the last block, number `i`, which is not whole.
pub(super) fn mark_rest(set: MarkSet, rest: &[u8], i: usize, positions: &mut [u32], count: usize, bits: &mut Bits) -> usize {
    let mut block = [0; BITS];
    block[..rest.len()].copy_from_slice(rest);
    let valid = (1 << rest.len()) - 1;
    let [marks, aux, path_ends] = masks(set, &block).map(|mask| mask & valid);
    bits.set(i, aux, path_ends);
    list(marks, i * BITS, positions, count)
}

/// Appends the places of the bits of `marks`.
#[inline]
pub(super) fn list(mut marks: u64, base: usize, positions: &mut [u32], mut count: usize) -> usize {
    while marks != 0 {
        positions[count] = base as u32 + marks.trailing_zeros();
        marks &= marks - 1;
        count += 1;
    }
    count
}
