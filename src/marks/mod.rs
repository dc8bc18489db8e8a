//! Marks: where the bytes that matter stand in a block of log.
//!
//! A format chooses up to two *mark* bytes (a quote, say). The positions of these and of every newline come out as a list;
//! an *aux* byte (a blank, say) and the ends of paths (`?` and `#`) come out as one bit per byte of input, for searches
//! over short distances. Everything behind this room works on positions and bits and is portable, safe code.
//!
//! The kernels in `x86` are the one place of the crate where `unsafe` is allowed. `portable` is their twin and oracle:
//! any input must give equal marks.

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
            Kernel::Avx512 | Kernel::Avx2 => x86::run_avx2(work),
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

/// How many bytes one block of bits covers.
const BITS: usize = 64;

/// The marks of one block.
#[derive(Default, Debug)]
pub struct Marks {
    /// Positions of mark bytes and newlines; the first `count` are valid, the rest is room for whole-vector stores.
    positions: Vec<u32>,
    count: usize,
    /// One bit per byte of the block for the aux byte, and two more words of zeros so that any 64 bits can be read.
    aux: Vec<[u8; 8]>,
    /// The same for the bytes that end a path.
    path_ends: Vec<[u8; 8]>,
}

impl Marks {
    /// Room for blocks of up to `block_bytes`.
    pub fn with_capacity(block_bytes: usize) -> Self {
        let words = block_bytes.div_ceil(BITS);
        Marks {
            positions: vec![0; words * BITS + 2 * BITS],
            count: 0,
            aux: vec![[0; 8]; words + 2],
            path_ends: vec![[0; 8]; words + 2],
        }
    }

    /// Marks `block` with `kernel`, which must be available on this machine.
    pub fn fill(&mut self, kernel: Kernel, set: MarkSet, block: &[u8]) {
        let words = block.len().div_ceil(BITS);
        if self.positions.len() < words * BITS + 2 * BITS {
            *self = Marks::with_capacity(block.len());
        }
        let (whole, rest) = block.as_chunks::<BITS>();
        let mut bits = Bits { aux: &mut self.aux[..words + 2], path_ends: &mut self.path_ends[..words + 2] };
        self.count = match kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => x86::mark_avx512(set, whole, &mut self.positions, &mut bits),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => x86::mark_avx2(set, whole, &mut self.positions, &mut bits),
            _ => portable::mark(set, whole, &mut self.positions, &mut bits),
        };
        if !rest.is_empty() {
            self.count = portable::mark_rest(set, rest, whole.len(), &mut self.positions, self.count, &mut bits);
        }
        bits.aux[words..].fill([0; 8]);
        bits.path_ends[words..].fill([0; 8]);
    }

    /// The positions of mark bytes and newlines, ascending.
    #[inline]
    pub fn positions(&self) -> &[u32] {
        &self.positions[..self.count]
    }

    /// The first place of the aux byte in `from..to`.
    #[inline(always)]
    pub fn next_aux(&self, from: usize, to: usize) -> Option<usize> {
        next_bit(&self.aux, from, to)
    }

    /// The first place of a byte that ends a path in `from..to`.
    #[inline(always)]
    pub fn next_path_end(&self, from: usize, to: usize) -> Option<usize> {
        next_bit(&self.path_ends, from, to)
    }
}

/// The bits that a kernel writes, one word per block.
struct Bits<'a> {
    aux: &'a mut [[u8; 8]],
    path_ends: &'a mut [[u8; 8]],
}

impl Bits<'_> {
    #[inline]
    fn set(&mut self, block: usize, aux: u64, path_ends: u64) {
        (self.aux[block], self.path_ends[block]) = (aux.to_le_bytes(), path_ends.to_le_bytes());
    }
}

/// Bits that one unaligned word of them is sure to hold, from any place on.
const NEAR: usize = BITS - 7;

/// The first bit that is set in `from..to`. Behind the last block there are words of zeros.
#[inline(always)]
fn next_bit(bits: &[[u8; 8]], from: usize, to: usize) -> Option<usize> {
    let bytes = bits.as_flattened();
    let mut at = from;
    while at < to {
        let word = bytes[at / 8..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)) >> (at % 8);
        if word != 0 {
            let found = at + word.trailing_zeros() as usize;
            return (found < to).then_some(found);
        }
        at += NEAR;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The obvious way.
    fn naive(set: MarkSet, block: &[u8]) -> (Vec<u32>, Vec<usize>, Vec<usize>) {
        let is_mark = |b: u8| b == b'\n' || set.marks.contains(&b);
        let positions = block.iter().enumerate().filter(|(_, b)| is_mark(**b)).map(|(i, _)| i as u32).collect();
        let places = |wanted: &[u8]| block.iter().enumerate().filter(|(_, b)| wanted.contains(b)).map(|(i, _)| i).collect();
        (positions, places(&[set.aux]), places(b"?#"))
    }

    fn places(next: impl Fn(usize, usize) -> Option<usize>, length: usize) -> Vec<usize> {
        let mut places = Vec::new();
        let mut from = 0;
        while let Some(found) = next(from, length) {
            places.push(found);
            from = found + 1;
        }
        places
    }

    proptest! {
        #[test]
        fn every_kernel_marks_like_the_obvious_way(
            block in proptest::collection::vec(prop_oneof![Just(b'"'), Just(b'\n'), Just(b' '), Just(b'\\'), Just(b'?'), any::<u8>()], 0..700),
            marks in prop_oneof![Just([b'"', b'"']), Just([b'"', b'\\']), Just([b'\t', b'\t']), any::<[u8; 2]>()],
            aux_byte in prop_oneof![Just(b' '), any::<u8>()],
        ) {
            let set = MarkSet { marks, aux: aux_byte };
            let (positions, aux, path_ends) = naive(set, &block);
            for (kernel, name) in Kernel::ALL.into_iter().filter(|(k, _)| k.is_available()) {
                let mut marked = Marks::with_capacity(64);
                marked.fill(kernel, set, &vec![b'"'; 300]); // stale content must not show through
                marked.fill(kernel, set, &block);
                prop_assert_eq!(marked.positions(), &positions[..], "{}", name);
                prop_assert_eq!(&places(|a, b| marked.next_aux(a, b), block.len()), &aux, "{}", name);
                prop_assert_eq!(&places(|a, b| marked.next_path_end(a, b), block.len()), &path_ends, "{}", name);
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
