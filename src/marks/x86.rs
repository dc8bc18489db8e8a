//! The kernels for x86-64. This is the only room where `unsafe` is allowed; a test holds the fence.
//!
//! Advice to the next person: each function is a few lines over a block of 64 bytes, works on slices whose bounds are
//! checked, and has one argument for its safety: the features it enables are tested before it is called. Keep it so, and
//! keep [`super::portable`] giving the same answers.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{BITS, Bits, MarkSet};

/// How many positions the AVX-512 kernel stores at once.
const LANES: usize = 16;

pub(super) fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("bmi1")
}

pub(super) fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt") && is_x86_feature_detected!("bmi1")
}

/// Marks whole blocks; returns the number of positions. `positions` has room for one position a byte and [`BITS`] more.
pub(super) fn mark_avx512(set: MarkSet, blocks: &[[u8; BITS]], positions: &mut [u32], bits: &mut Bits) -> usize {
    assert!(has_avx512());
    // SAFETY: the features that the function enables were found just now.
    unsafe { avx512(set, blocks, positions, bits) }
}

/// Marks whole blocks; returns the number of positions.
pub(super) fn mark_avx2(set: MarkSet, blocks: &[[u8; BITS]], positions: &mut [u32], bits: &mut Bits) -> usize {
    assert!(has_avx2());
    // SAFETY: the features that the function enables were found just now.
    unsafe { avx2(set, blocks, positions, bits) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2,popcnt,bmi1")]
fn avx512(set: MarkSet, blocks: &[[u8; BITS]], positions: &mut [u32], bits: &mut Bits) -> usize {
    let [first, second, newline, other, question, fragment] =
        [set.marks[0], set.marks[1], b'\n', set.aux, b'?', b'#'].map(|b| _mm512_set1_epi8(b as i8));
    let indices = _mm512_set_epi64(
        0x3f3e_3d3c_3b3a_3938,
        0x3736_3534_3332_3130,
        0x2f2e_2d2c_2b2a_2928,
        0x2726_2524_2322_2120,
        0x1f1e_1d1c_1b1a_1918,
        0x1716_1514_1312_1110,
        0x0f0e_0d0c_0b0a_0908,
        0x0706_0504_0302_0100,
    );
    let mut count = 0;
    for (i, block) in blocks.iter().enumerate() {
        // SAFETY: `block` is 64 readable bytes; the load asks for no alignment.
        let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
        let marks =
            _mm512_cmpeq_epi8_mask(bytes, first) | _mm512_cmpeq_epi8_mask(bytes, second) | _mm512_cmpeq_epi8_mask(bytes, newline);
        let path_ends = _mm512_cmpeq_epi8_mask(bytes, question) | _mm512_cmpeq_epi8_mask(bytes, fragment);
        bits.set(i, _mm512_cmpeq_epi8_mask(bytes, other), path_ends);
        let found = marks.count_ones() as usize;
        // Compressed in a register: compressing straight into memory is microcoded on Zen 4, about 100 cycles.
        let mut places = _mm512_maskz_compress_epi8(marks, indices);
        let base = _mm512_set1_epi32((i * BITS) as i32);
        let mut stored = 0;
        loop {
            let lanes: &mut [u32] = &mut positions[count + stored..][..LANES];
            let wide = _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(places)), base);
            // SAFETY: `lanes` is 64 writable bytes; the store asks for no alignment.
            unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), wide) };
            stored += LANES;
            if stored >= found {
                break;
            }
            places = _mm512_alignr_epi64::<2>(_mm512_setzero_si512(), places);
        }
        count += found;
    }
    count
}

#[target_feature(enable = "avx2,popcnt,bmi1")]
fn avx2(set: MarkSet, blocks: &[[u8; BITS]], positions: &mut [u32], bits: &mut Bits) -> usize {
    let [first, second, newline, other, question, fragment] =
        [set.marks[0], set.marks[1], b'\n', set.aux, b'?', b'#'].map(|b| _mm256_set1_epi8(b as i8));
    let mut count = 0;
    for (i, block) in blocks.iter().enumerate() {
        let (mut marks, mut aux, mut path_ends) = (0u64, 0u64, 0u64);
        for (half, bytes) in block.as_chunks::<32>().0.iter().enumerate() {
            // SAFETY: `bytes` is 32 readable bytes; the load asks for no alignment.
            let bytes = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
            let either = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, first), _mm256_cmpeq_epi8(bytes, second));
            let marked = _mm256_or_si256(either, _mm256_cmpeq_epi8(bytes, newline));
            marks |= u64::from(_mm256_movemask_epi8(marked) as u32) << (32 * half);
            aux |= u64::from(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, other)) as u32) << (32 * half);
            let ends = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, question), _mm256_cmpeq_epi8(bytes, fragment));
            path_ends |= u64::from(_mm256_movemask_epi8(ends) as u32) << (32 * half);
        }
        bits.set(i, aux, path_ends);
        count = list_by_fours(marks, i * BITS, positions, count);
    }
    count
}

/// Like [`super::portable::list`], four at a time without a branch in between (after simdjson): a block of log text
/// rarely holds more than four marks, and the loop's exit would be mispredicted.
#[target_feature(enable = "avx2,popcnt,bmi1")]
#[inline]
fn list_by_fours(mut marks: u64, base: usize, positions: &mut [u32], count: usize) -> usize {
    let found = marks.count_ones() as usize;
    let mut stored = 0;
    loop {
        let Some(room) = positions[count + stored..].first_chunk_mut::<4>() else { return count + found };
        let first = marks.trailing_zeros();
        marks &= marks.wrapping_sub(1);
        let second = marks.trailing_zeros();
        marks &= marks.wrapping_sub(1);
        let third = marks.trailing_zeros();
        marks &= marks.wrapping_sub(1);
        *room = [first, second, third, marks.trailing_zeros()].map(|place| base as u32 + place);
        marks &= marks.wrapping_sub(1);
        stored += 4;
        if stored >= found {
            return count + found;
        }
    }
}
