//! Eight bytes of a line at a time, as one word: comparing literals, and finding where digits end.

use crate::block::{Block, Place, word};

/// A literal of up to eight bytes, compared in one step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Literal {
    want: u64,
    mask: u64,
    pub(super) length: Place,
}

const WORD_BYTES: usize = 8;

impl Literal {
    /// None when the text is too long.
    pub(super) fn new(text: &[u8]) -> Option<Literal> {
        let mut bytes = [0; WORD_BYTES];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        let mask = u64::MAX.checked_shr(64 - 8 * text.len() as u32).unwrap_or(0);
        Some(Literal { want: u64::from_le_bytes(bytes), mask, length: text.len() as Place })
    }

    /// 0 if the literal stands at `at`.
    #[inline(always)]
    pub(super) fn difference(self, block: &Block, at: Place) -> u64 {
        (word(block, at) ^ self.want) & self.mask
    }
}

const fn spread(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; WORD_BYTES])
}

const HIGH_BITS: u64 = spread(0x80);

/// What the bytes of a word are as a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Decimal {
    /// Whether they are digits, perhaps with a point between them, or a lone `-`.
    pub(super) fits: bool,
    /// Whether they are a lone `-`.
    pub(super) is_dash: bool,
    /// The digits as a number, without the point.
    pub(super) digits: u64,
    /// How many of them stand behind the point.
    pub(super) decimals: u32,
}

/// Reads the first `length` bytes of a word as a number, 1 to 8 of them, without a branch: which of a log's numbers are `-`, and
/// how long they are, is not to be predicted. With another length, what comes out means nothing.
#[inline(always)]
pub(super) fn decimal(word: u64, length: u32) -> Decimal {
    // The number ends with the highest byte; below it there are bytes of 0, which are digits too.
    let below = length.wrapping_mul(8).wrapping_neg() & 63;
    let from_zero = (word ^ spread(b'0')) << below;
    // A digit is 0 to 9; adding 0x76 then leaves the high bit clear, for anything else it sets it or finds it set.
    let others = (((from_zero & !HIGH_BITS) + spread(0x76)) | from_zero) & HIGH_BITS;
    // The one other byte may be a point that stands neither first nor last.
    let from_point = from_zero ^ spread(b'.' ^ b'0');
    let not_points = (((from_point & !HIGH_BITS) + !HIGH_BITS) | from_point) & others;
    let at_edge = others & (0x80 << below | 0x80 << 56);
    let more_than_one = others & others.wrapping_sub(1);
    let not_dash = (from_zero | u64::from(length)) ^ (u64::from(b'-' ^ b'0') << 56 | 1);
    // A minimum, because the compiler would make a branch of "this or that is 0".
    let fits = not_dash.min(not_points | at_edge | more_than_one) == 0;
    // Digits before the point move up into its place.
    let behind_point = (others >> 7).wrapping_neg() << 8;
    let digits = match others {
        0 => from_zero,
        _ => from_zero & behind_point | (from_zero << 8) & !behind_point,
    };
    let decimals = if others == 0 { 0 } else { others.leading_zeros() / 8 };
    Decimal { fits, is_dash: not_dash == 0, digits: eight_digits(digits), decimals }
}

/// The number of eight bytes that are digits less `0`, the first one lowest (after Langdale and Lemire).
#[inline(always)]
fn eight_digits(bytes: u64) -> u64 {
    let pairs = (bytes.wrapping_mul(1 + (10 << 8)) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(1 + (100 << 16)) >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(1 + (10_000 << 32)) >> 32
}

/// Three digits of a status code at the beginning of the word; 0 if there are none.
#[inline(always)]
pub(super) fn status(word: u64) -> u32 {
    let digits = (word ^ spread(b'0')) & 0xff_ffff;
    let others = ((digits & 0x7f_7f7f) + 0x76_7676) | digits;
    let is_code = others & 0x80_8080 == 0 && digits & 0xff != 0;
    let code = (digits & 0xff) * 100 + (digits >> 8 & 0xff) * 10 + (digits >> 16);
    if is_code { code as u32 } else { 0 }
}

/// How far it is to a byte, 0 to 8.
#[inline(always)]
pub(super) fn distance(word: u64, byte: u8) -> u32 {
    let zeros = word ^ spread(byte);
    // The lowest bit found is right; those above it may not be.
    let found = zeros.wrapping_sub(spread(1)) & !zeros & HIGH_BITS;
    found.trailing_zeros() / 8
}

/// How many capitals the word begins with, 0 to 8.
#[inline(always)]
pub(super) fn leading_capitals(word: u64) -> u32 {
    let low = word & !HIGH_BITS;
    let from_a = low + spread(0x80 - b'A');
    let behind_z = low + spread(0x80 - (b'Z' + 1));
    let others = (!from_a | behind_z | word) & HIGH_BITS;
    others.trailing_zeros() / 8
}

/// A block that begins with a text.
#[cfg(test)]
pub(super) fn block_of(text: &[u8]) -> Box<Block> {
    let mut block = crate::block::room();
    block[..text.len()].copy_from_slice(text);
    block
}

#[cfg(test)]
mod tests {
    use super::super::number::shape_length;
    use super::*;
    use proptest::prelude::*;

    fn word_of(text: &[u8]) -> u64 {
        word(&block_of(text), 0)
    }

    proptest! {
        #[test]
        fn numbers_are_read_like_the_obvious_reader_reads_them(text in "[-0-9.,: x]{1,8}") {
            let got = decimal(word_of(format!("{text}~~~~~~~~").as_bytes()), text.len() as u32);
            let is_number = shape_length(text.as_bytes(), false) == text.len() && !text.is_empty();
            if got.fits {
                prop_assert!(is_number);
                prop_assert_eq!(got.is_dash, text == "-");
            } else {
                prop_assert!(!is_number || text.starts_with('-'));
            }
            if got.fits && !got.is_dash {
                prop_assert_eq!(got.digits, text.replace('.', "").parse::<u64>().unwrap());
                prop_assert_eq!(got.decimals as usize, text.find('.').map_or(0, |at| text.len() - 1 - at));
            }
        }

        #[test]
        fn statuses_are_read_like_the_obvious_reader_reads_them(text in "[0-9 -]{3}") {
            let want = super::super::number::status(text.as_bytes()).flatten().unwrap_or(0);
            prop_assert_eq!(status(word_of(format!("{text}\"99999").as_bytes())), u32::from(want));
        }

        #[test]
        fn words_are_counted_byte_by_byte(bytes in any::<[u8; 8]>(), byte in prop_oneof![Just(b' '), any::<u8>()]) {
            let word = u64::from_le_bytes(bytes);
            prop_assert_eq!(leading_capitals(word) as usize, bytes.iter().take_while(|b| b.is_ascii_uppercase()).count());
            prop_assert_eq!(distance(word, byte) as usize, bytes.iter().take_while(|b| **b != byte).count());
        }
    }

    #[test]
    fn literals() {
        let literal = Literal::new(b"] \"").unwrap();
        assert_eq!(literal.difference(&block_of(b"x] \"GET /"), 1), 0);
        assert_ne!(literal.difference(&block_of(b"x] 'GET /"), 1), 0);
        assert_ne!(literal.difference(&block_of(b"x] \"GET /"), Place::MAX), 0);
        assert_eq!(Literal::new(b"123456789"), None);
    }
}
