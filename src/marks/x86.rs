//! The kernels for x86-64. This is the only room where `unsafe` is allowed; a test holds the fence.
//!
//! Advice to the next person: each function is a few lines over a block of 64 bytes, works on slices whose bounds are
//! checked, and has one argument for its safety: the features it enables are tested before it is called. Keep it so, and
//! keep [`super::portable`] giving the same answers.
#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::hint::black_box;
use std::sync::LazyLock;

use super::{BITS, MarkSet, Place};

/// How many positions the AVX-512 kernel stores at once.
const LANES: usize = 16;

pub(super) fn has_avx512() -> bool {
    *HAS_AVX512
}

pub(super) fn has_avx2() -> bool {
    *HAS_AVX2
}

/// These are asked before every loop, so they must cost next to nothing.
static HAS_AVX512: LazyLock<bool> = LazyLock::new(|| {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi2")
        && has_avx2()
});

static HAS_AVX2: LazyLock<bool> = LazyLock::new(|| {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
});

/// Runs `work` as code for the machines that have the AVX2 kernel: whatever is inlined into it may use AVX2 and the bit
/// manipulation instructions. Measured on regular lines: see `benches/README.md`.
pub(super) fn run_avx2<T>(work: impl FnOnce() -> T) -> T {
    assert!(has_avx2());
    // SAFETY: the features that the function enables were found just now.
    unsafe { compiled_for_avx2(work) }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn compiled_for_avx2<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// The same for the machines that have the AVX-512 kernel.
pub(super) fn run_avx512<T>(work: impl FnOnce() -> T) -> T {
    assert!(*HAS_AVX512);
    // SAFETY: the features that the function enables were found just now.
    unsafe { compiled_for_avx512(work) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,bmi1,bmi2,lzcnt,popcnt")]
fn compiled_for_avx512<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Marks whole blocks; returns the number of positions. `positions` has room for one position a byte and [`BITS`] more.
pub(super) fn mark_avx512(set: MarkSet, blocks: &[[u8; BITS]], positions: &mut [Place], bits: &mut [[u8; 8]]) -> usize {
    assert!(has_avx512());
    // SAFETY: the features that the function enables were found just now.
    unsafe { avx512(set, blocks, positions, bits) }
}

/// Marks whole blocks; returns the number of positions.
pub(super) fn mark_avx2(set: MarkSet, blocks: &[[u8; BITS]], positions: &mut [Place], bits: &mut [[u8; 8]]) -> usize {
    assert!(has_avx2());
    // SAFETY: the features that the function enables were found just now.
    unsafe { avx2(set, blocks, positions, bits) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2,popcnt,bmi1")]
fn avx512(set: MarkSet, blocks: &[[u8; BITS]], positions: &mut [Place], bits: &mut [[u8; 8]]) -> usize {
    let equal = |bytes, wanted: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(wanted as i8));
    let aux = |bytes| equal(bytes, set.aux);
    match set.by_low_half() {
        Some(table) => {
            let table = _mm512_broadcast_i32x4(vector_of(table));
            let marks = |bytes| _mm512_cmpeq_epi8_mask(bytes, _mm512_shuffle_epi8(table, bytes));
            list_avx512(blocks, positions, bits, marks, aux)
        }
        None => {
            let [first, second] = set.marks;
            let marks = |bytes| equal(bytes, first) | equal(bytes, second) | equal(bytes, b'\n');
            list_avx512(blocks, positions, bits, marks, aux)
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2,popcnt,bmi1")]
#[inline]
fn list_avx512(
    blocks: &[[u8; BITS]],
    positions: &mut [Place],
    bits: &mut [[u8; 8]],
    marks_of: impl Fn(__m512i) -> u64,
    aux_of: impl Fn(__m512i) -> u64,
) -> usize {
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
    // Counted up as a vector: Intel's cores have one port for what puts a number into all lanes, and it is the one that is busiest here.
    let mut base = _mm256_setzero_si256();
    for (block, bits) in blocks.iter().zip(bits) {
        // SAFETY: `block` is 64 readable bytes; the load asks for no alignment.
        let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
        let marks = marks_of(bytes);
        *bits = aux_of(bytes).to_le_bytes();
        let found = marks.count_ones() as usize;
        // Compressed in a register: compressing straight into memory is microcoded on Zen 4, about 100 cycles.
        let mut places = _mm512_maskz_compress_epi8(marks, indices);
        let mut stored = 0;
        loop {
            let lanes = &mut positions[count + stored..][..LANES];
            let wide = _mm256_add_epi16(_mm256_cvtepu8_epi16(_mm512_castsi512_si128(places)), base);
            // SAFETY: `lanes` is 32 writable bytes; the store asks for no alignment.
            unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), wide) };
            stored += LANES;
            if stored >= found {
                break;
            }
            places = _mm512_alignr_epi64::<2>(_mm512_setzero_si512(), places);
        }
        base = _mm256_add_epi16(base, _mm256_set1_epi16(BITS as i16));
        count += found;
    }
    count
}

#[target_feature(enable = "avx2,popcnt,bmi1")]
fn avx2(set: MarkSet, blocks: &[[u8; BITS]], positions: &mut [Place], bits: &mut [[u8; 8]]) -> usize {
    let equal = |bytes, wanted: u8| _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(wanted as i8));
    let aux = |bytes| equal(bytes, set.aux);
    match set.by_low_half() {
        Some(table) => {
            let table = _mm256_broadcastsi128_si256(vector_of(table));
            let marks = |bytes| _mm256_cmpeq_epi8(bytes, _mm256_shuffle_epi8(table, bytes));
            list_avx2(blocks, positions, bits, marks, aux)
        }
        None => {
            let [first, second] = set.marks;
            let marks = |bytes| _mm256_or_si256(_mm256_or_si256(equal(bytes, first), equal(bytes, second)), equal(bytes, b'\n'));
            list_avx2(blocks, positions, bits, marks, aux)
        }
    }
}

#[target_feature(enable = "avx2,popcnt,bmi1")]
#[inline]
fn list_avx2(
    blocks: &[[u8; BITS]],
    positions: &mut [Place],
    bits: &mut [[u8; 8]],
    marks_of: impl Fn(__m256i) -> __m256i,
    aux_of: impl Fn(__m256i) -> __m256i,
) -> usize {
    let mut count = 0;
    for (i, block) in blocks.iter().enumerate() {
        let (mut marks, mut aux) = ([0; 2], [0; 2]);
        for (half, bytes) in block.as_chunks::<32>().0.iter().enumerate() {
            // SAFETY: `bytes` is 32 readable bytes; the load asks for no alignment.
            let bytes = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
            marks[half] = u64::from(_mm256_movemask_epi8(marks_of(bytes)) as u32);
            aux[half] = u64::from(_mm256_movemask_epi8(aux_of(bytes)) as u32);
        }
        // LLVM (of Rust 1.95) takes two masks that are joined apart into their bits, 300 instructions a chunk, unless it
        // must not know where they come from. Each goes through memory as a word: two halves would be read back as one, which
        // waits until both are in the cache.
        let [marks, aux] = black_box([marks, aux]).map(|[low, high]| low | high << 32);
        bits[i] = aux.to_le_bytes();
        count = list_by_fours(marks, i * BITS, positions, count);
    }
    count
}

#[target_feature(enable = "sse2")]
#[inline]
fn vector_of(bytes: [u8; 16]) -> __m128i {
    // SAFETY: `bytes` is 16 readable bytes; the load asks for no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

/// Like [`super::portable::list`], four at a time without a branch in between (after simdjson): a block of log text
/// rarely holds more than four marks, and the loop's exit would be mispredicted.
#[target_feature(enable = "avx2,popcnt,bmi1")]
#[inline]
fn list_by_fours(mut marks: u64, base: usize, positions: &mut [Place], count: usize) -> usize {
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
        *room = [first, second, third, marks.trailing_zeros()].map(|place| (base as u32 + place) as Place);
        marks &= marks.wrapping_sub(1);
        stored += 4;
        if stored >= found {
            return count + found;
        }
    }
}
