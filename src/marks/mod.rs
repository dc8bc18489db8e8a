//! Marks: where the bytes that matter stand in a block of log.
//!
//! A format chooses up to two *mark* bytes (a quote, say). The positions of these and of every newline come out as a list;
//! an *aux* byte (a blank, say) comes out as one bit per byte of input, for searches over short distances. Everything behind this room works on positions and bits and is portable, safe code.
//!
//! The kernels in `x86` are the one place of the crate where `unsafe` is allowed. `portable` is their twin and oracle:
//! any input must give equal marks.

use crate::block::{Block, Place, Positions, ROOM_BYTES, boxed, positions};

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

/// What to mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MarkSet {
    /// Bytes whose positions are listed, beside the newline. Equal bytes are one.
    pub marks: [u8; 2],
    /// The byte whose places are kept as bits.
    pub aux: u8,
}

impl MarkSet {
    /// The marks and the newline as a table by the lower four bits of a byte: a byte is one of them exactly if it stands in its own
    /// place. So one shuffle and one comparison do for three (after Langdale and Lemire, "Parsing gigabytes of JSON per second"); none where two of
    /// them would need the same place.
    fn by_low_half(self) -> Option<[u8; 16]> {
        // What no byte that looks for its place there can be. A byte above 127 finds 0, which it is not.
        let free: [u8; 16] = std::array::from_fn(|i| i as u8 ^ 1);
        let mut table = free;
        for byte in [self.marks[0], self.marks[1], b'\n'] {
            let place = usize::from(byte % 16);
            if !byte.is_ascii() || ![free[place], byte].contains(&table[place]) {
                return None;
            }
            table[place] = byte;
        }
        Some(table)
    }
}

/// Which kernel does the work. Every one gives the same marks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kernel {
    /// 64 bytes at a time by AVX-512 (F, BW, VL, VBMI2).
    Avx512,
    /// 32 bytes at a time by AVX2.
    Avx2,
    /// 8 bytes at a time by plain integers, on any machine.
    Portable,
}

impl Kernel {
    /// Every kernel, best first, with its name for `SLIX_KERNEL` and benchmarks.
    pub const ALL: [(Kernel, &'static str); 3] =
        [(Kernel::Avx512, "avx512"), (Kernel::Avx2, "avx2"), (Kernel::Portable, "portable")];

    /// The best kernel that this machine can run.
    pub fn best() -> Kernel {
        Kernel::ALL.into_iter().map(|(kernel, _)| kernel).find(|kernel| kernel.is_available()).unwrap_or(Kernel::Portable)
    }

    /// The kernel of this name.
    pub fn named(name: &str) -> Option<Kernel> {
        Kernel::ALL.into_iter().find(|(_, n)| *n == name).map(|(kernel, _)| kernel)
    }

    /// Runs `work`, compiled for the machines of this kernel as far as it can be inlined here.
    #[inline]
    pub fn run<T>(self, work: impl FnOnce() -> T) -> T {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => x86::run_avx512(work),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => x86::run_avx2(work),
            _ => work(),
        }
    }

    /// Whether this machine can run it.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => x86::has_avx512(),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => x86::has_avx2(),
            #[cfg(not(target_arch = "x86_64"))]
            Kernel::Avx512 | Kernel::Avx2 => false,
            Kernel::Portable => true,
        }
    }
}

/// How many bytes a kernel looks at at one time.
const BITS: usize = 64;

/// One bit for each byte of a block, and some more, so that any word of them can be read.
type BitBytes = [u8; ROOM_BYTES / 8 + 8];

/// The marks of one block.
#[derive(Debug)]
pub struct Marks {
    /// Positions of mark bytes and newlines; the first `count` are valid, the rest is room for whole-vector stores.
    positions: Box<Positions>,
    count: usize,
    /// Bits of the aux byte.
    aux: Box<BitBytes>,
}

impl Default for Marks {
    fn default() -> Self {
        Marks { positions: positions(), count: 0, aux: boxed() }
    }
}

impl Marks {
    /// Marks the first `length` bytes of `block` with `kernel`, which must be available on this machine.
    pub fn fill(&mut self, kernel: Kernel, set: MarkSet, block: &Block, length: usize) {
        let chunks = &block.as_chunks::<BITS>().0[..length.div_ceil(BITS)];
        let bits = self.aux.as_chunks_mut().0;
        let count = match kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => x86::mark_avx512(set, chunks, &mut self.positions[..], bits),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => x86::mark_avx2(set, chunks, &mut self.positions[..], bits),
            _ => portable::mark(set, chunks, &mut self.positions[..], bits),
        };
        // The last chunk may have gone further than the block.
        let behind = self.positions[..count].iter().rev().take_while(|&&place| usize::from(place) >= length).count();
        self.count = count - behind;
    }

    /// The positions of mark bytes and newlines, ascending.
    #[inline]
    pub fn positions(&self) -> &[Place] {
        &self.positions[..self.count]
    }

    /// The same with what stands behind them, which means nothing.
    #[inline]
    pub fn positions_and_room(&self) -> &Positions {
        &self.positions
    }

    /// The first place of the aux byte in `from..to`, or `to`.
    #[inline(always)]
    pub fn next_aux(&self, from: Place, to: Place) -> Place {
        match Marks::next_in(word_around(&self.aux, from), from, to) {
            (_, true) => far_bit(&self.aux, from, to),
            (place, false) => place,
        }
    }

    /// The bits of the aux byte around each of these places. Like [`crate::block::words_at`], it must not be compiled for AVX-512.
    #[inline(never)]
    pub fn aux_words<const N: usize>(&self, places: &[Place; N], words: &mut [u64; N]) {
        for (to, &place) in words.iter_mut().zip(places) {
            *to = word_around(&self.aux, place);
        }
    }

    /// What [`Marks::next_aux`] is as far as the word of bits around `from` tells, and whether it does not tell.
    #[inline(always)]
    pub fn next_in(word: u64, from: Place, to: Place) -> (Place, bool) {
        let bits = word >> (from % 8);
        // Beyond the last bit of a word that is 0 lies more than `to`.
        let place = from.saturating_add(bits.trailing_zeros() as Place).min(to);
        (place, bits == 0 && to > from.saturating_add(NEAR))
    }
}

/// Bits that one unaligned word of them is sure to hold, from any place on.
pub const NEAR: Place = BITS as Place - 7;

/// At least [`NEAR`] bits from a place on.
#[inline(always)]
fn bits_at(bits: &BitBytes, at: Place) -> u64 {
    word_around(bits, at) >> (at % 8)
}

/// The unaligned word that holds the bits from a place on, behind those of up to seven places before it.
#[inline(always)]
fn word_around(bits: &BitBytes, at: Place) -> u64 {
    bits[usize::from(at) / 8..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[inline(never)]
fn far_bit(bits: &BitBytes, mut from: Place, to: Place) -> Place {
    while from < to {
        let word = bits_at(bits, from);
        if word != 0 {
            return from.saturating_add(word.trailing_zeros() as Place).min(to);
        }
        from = from.saturating_add(NEAR);
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The obvious way.
    fn naive(set: MarkSet, block: &[u8]) -> (Vec<Place>, Vec<usize>) {
        let is_mark = |b: u8| b == b'\n' || set.marks.contains(&b);
        let positions = block.iter().enumerate().filter(|(_, b)| is_mark(**b)).map(|(i, _)| i as Place).collect();
        let aux = block.iter().enumerate().filter(|(_, b)| **b == set.aux).map(|(i, _)| i).collect();
        (positions, aux)
    }

    fn places(next: impl Fn(Place, Place) -> Place, length: usize) -> Vec<usize> {
        let mut places = Vec::new();
        let (mut from, length) = (0, length as Place);
        while from < length {
            let found = next(from, length);
            if found < length {
                places.push(usize::from(found));
            }
            from = found + 1;
        }
        places
    }

    proptest! {
        #[test]
        fn every_kernel_marks_like_the_obvious_way(
            text in proptest::collection::vec(prop_oneof![Just(b'"'), Just(b'\n'), Just(b' '), Just(b'\\'), any::<u8>()], 0..700),
            marks in prop_oneof![Just([b'"', b'"']), Just([b'"', b'\\']), Just([b'\t', b'\t']), any::<[u8; 2]>()],
            aux_byte in prop_oneof![Just(b' '), any::<u8>()],
        ) {
            let set = MarkSet { marks, aux: aux_byte };
            let (positions, aux) = naive(set, &text);
            let mut block = crate::block::room();
            for (kernel, name) in Kernel::ALL.into_iter().filter(|(k, _)| k.is_available()) {
                let mut marked = Marks::default();
                block[..1000].fill(b'"'); // stale content must not show through
                marked.fill(kernel, set, &block, 1000);
                block[..text.len()].copy_from_slice(&text);
                marked.fill(kernel, set, &block, text.len());
                prop_assert_eq!(marked.positions(), &positions[..], "{}", name);
                prop_assert_eq!(&places(|a, b| marked.next_aux(a, b), text.len()), &aux, "{}", name);
            }
        }
    }

    #[test]
    fn the_portable_kernel_runs_anywhere() {
        assert!(Kernel::Portable.is_available() && Kernel::best().is_available());
        assert_eq!(Kernel::named("avx2"), Some(Kernel::Avx2));
        assert_eq!(Kernel::named("mmx"), None);
    }
}
