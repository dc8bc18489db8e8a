//! A block: the piece of log that is read at one time.
//!
//! Its size is known to the compiler, and a place in it is a `u16`, which cannot lie outside. So the loop that reads fields needs no
//! bounds checks, and no branch for a place that a broken line leads to: it reads something there, and finds that it does not fit.

/// Bytes that a block holds at most; behind them a place may go a little too far without wrapping.
pub const BLOCK_BYTES_MAX: usize = PLACES - 128;

/// Bytes of the array: any word of eight bytes that begins at a place lies in it.
pub const ROOM_BYTES: usize = PLACES + 64;

/// Bytes of a word.
pub const WORD_BYTES: usize = 8;

/// How many places there are.
pub const PLACES: usize = 1 << 16;

/// The bytes from which a block is read. How many of them count is said beside it; what stands behind them must not matter.
pub type Block = [u8; ROOM_BYTES];

/// A place in a block.
pub type Place = u16;

/// The positions of marks: one for each byte at most, and room for a kernel to store some more, and for a reader to look a few
/// further than it may.
pub type Positions = [Place; PLACES + POSITIONS_ROOM + WORD_PLACES];

/// How many places further than the last one may be looked at.
const POSITIONS_ROOM: usize = 256;

/// Empty room for a block.
pub fn room() -> Box<Block> {
    boxed()
}

/// Room for positions.
pub fn positions() -> Box<Positions> {
    boxed()
}

/// An array that was never on the stack, of zeros.
pub(crate) fn boxed<T: Default + Copy, const N: usize>() -> Box<[T; N]> {
    match vec![T::default(); N].into_boxed_slice().try_into() {
        Ok(array) => array,
        Err(_) => unreachable!("the vector has N elements"),
    }
}

/// The words that begin at each of these places.
///
/// A function of its own, which is not compiled for AVX-512: there the compiler would choose the instruction that gathers words,
/// which is no faster than to load them one by one, and much slower where microcode guards it.
#[inline(never)]
pub fn words_at<const N: usize>(block: &Block, places: &[Place; N], words: &mut [u64; N]) {
    for (to, &place) in words.iter_mut().zip(places) {
        *to = word(block, place);
    }
}

/// The words that begin so far behind each of these places.
#[inline(never)]
pub fn words_behind<const N: usize>(block: &Block, places: &[Place; N], offset: Place, words: &mut [u64; N]) {
    // A block has some room behind its last place, so that these places need not be computed.
    if let Some(block) = block.get(offset.into()..).and_then(|block| block.first_chunk::<{ PLACES + WORD_BYTES }>()) {
        for (to, &place) in words.iter_mut().zip(places) {
            *to = block[usize::from(place)..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        }
    } else {
        for (to, &place) in words.iter_mut().zip(places) {
            *to = word(block, place.wrapping_add(offset));
        }
    }
}

/// How many places a word holds.
pub const WORD_PLACES: usize = WORD_BYTES / size_of::<Place>();

/// The places that stand in a list from `offset` behind each of these numbers on, as words, the first one lowest. Not to be compiled for
/// AVX-512 either, where the compiler would put vectors together from single places.
#[inline(never)]
pub fn places_at<const N: usize>(positions: &Positions, firsts: &[Place; N], offset: usize, words: &mut [u64; N]) {
    for (to, &first) in words.iter_mut().zip(firsts) {
        let places = positions[usize::from(first) + offset % POSITIONS_ROOM..].first_chunk::<WORD_PLACES>();
        *to = places.map_or(0, |places| places.iter().rev().fold(0, |word, &place| word << Place::BITS | u64::from(place)));
    }
}

/// The eight bytes at a place, the first one lowest.
#[inline(always)]
pub fn word(block: &Block, at: Place) -> u64 {
    block[usize::from(at)..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
