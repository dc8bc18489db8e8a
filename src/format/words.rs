//! Eight bytes of a line at a time, as one word: comparing literals, and finding where digits end.

pub(super) use crate::block::WORD_BYTES;

use crate::block::Place;
#[cfg(test)]
use crate::block::{Block, word};

/// A literal of up to eight bytes, compared in one step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Literal {
    want: u64,
    mask: u64,
    pub(super) length: Place,
}

impl Literal {
    /// One blank.
    pub(super) const BLANK: Literal = Literal { want: b' ' as u64, mask: 0xff, length: 1 };

    /// None when the text is too long.
    pub(super) fn new(text: &[u8]) -> Option<Literal> {
        let mut bytes = [0; WORD_BYTES];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        let mask = u64::MAX.checked_shr(64 - 8 * text.len() as u32).unwrap_or(0);
        Some(Literal { want: u64::from_le_bytes(bytes), mask, length: text.len() as Place })
    }

    /// 0 if a word begins with the literal.
    #[inline(always)]
    pub(super) fn difference(self, word: u64) -> u64 {
        (word ^ self.want) & self.mask
    }
}

pub(super) const fn spread(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; WORD_BYTES])
}

pub(super) const HIGH_BITS: u64 = spread(0x80);

/// What the bytes of a word are as a number. All of it is words, because the compiler computes several of them at one time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Decimal {
    /// 0 if they are digits, perhaps with a point between them, or a lone `-`.
    pub(super) odd: u64,
    /// 0 if they are a lone `-`.
    pub(super) not_dash: u64,
    /// The digits as a number, without the point.
    pub(super) digits: u64,
    /// 0 if there is no point, else [`POINTS`] at as many digits as stand behind it.
    pub(super) point: u64,
}

/// What [`Decimal::point`] is with so many digits behind the point.
pub(super) const POINTS: [u64; WORD_BYTES] = [0, 0x80 << 48, 0x80 << 40, 0x80 << 32, 0x80 << 24, 0x80 << 16, 0x80 << 8, 0x80];

/// Reads the first `length` bytes of a word as a number, 1 to 8 of them, without a branch: which of a log's numbers are `-`, and
/// how long they are, is not to be predicted. With another length, what comes out means nothing.
#[inline(always)]
pub(super) fn decimal(word: u64, length: u64) -> Decimal {
    // The number ends with the highest byte; below it there are bytes of 0, which are digits too.
    let below = length.wrapping_mul(8).wrapping_neg() & 63;
    let from_zero = (word ^ spread(b'0')) << below;
    let others = not_digits(from_zero);
    // The one other byte may be a point that stands neither first nor last.
    let from_point = from_zero ^ spread(b'.' ^ b'0');
    let not_points = (((from_point & !HIGH_BITS) + !HIGH_BITS) | from_point) & others;
    let at_edge = others & (0x80 << below | 0x80 << 56);
    let more_than_one = others & others.wrapping_sub(1);
    let not_dash = (from_zero | length) ^ (u64::from(b'-' ^ b'0') << 56 | 1);
    let odd = if not_dash == 0 { 0 } else { not_points | at_edge | more_than_one };
    // Digits before the point move up into its place.
    let behind_point = (others >> 7).wrapping_neg() << 8;
    let behind_point = if others == 0 { u64::MAX } else { behind_point };
    let digits = from_zero & behind_point | (from_zero << 8) & !behind_point;
    Decimal { odd, not_dash, digits: eight_digits(digits), point: others }
}

/// The high bit of each byte that is not 0 to 9.
#[inline(always)]
pub(super) fn not_digits(from_zero: u64) -> u64 {
    // Adding 0x76 leaves the high bit clear for a digit; for anything else it sets it or finds it set.
    (((from_zero & !HIGH_BITS) + spread(0x76)) | from_zero) & HIGH_BITS
}

/// The number of eight bytes that are digits less `0`, the first one lowest (after Langdale and Lemire).
#[inline(always)]
fn eight_digits(bytes: u64) -> u64 {
    let pairs = (bytes.wrapping_mul(1 + (10 << 8)) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(1 + (100 << 16)) >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(1 + (10_000 << 32)) >> 32
}

/// Whether a text has this shape, in which 0 stands for any digit.
pub(super) fn has_shape(text: &[u8], shape: &[u8]) -> bool {
    text.len() == shape.len() && text.iter().zip(shape).all(|(b, &p)| if p == b'0' { b.is_ascii_digit() } else { *b == p })
}

/// Whether a text holds a byte below the blank.
#[inline(always)]
pub(super) fn has_controls(text: &[u8]) -> bool {
    // Every byte is looked at, so that it is done by vectors.
    text.iter().fold(0, |any, &byte| any | u8::from(byte < b' ')) != 0
}

/// Three digits of a status code at the beginning of the word; 0 if there are none.
#[inline(always)]
pub(super) fn status(word: u64) -> u64 {
    let digits = (word ^ spread(b'0')) & 0xff_ffff;
    let code = (digits & 0xff) * 100 + (digits >> 8 & 0xff) * 10 + (digits >> 16);
    // A code of less than three digits is none.
    if not_digits(digits) == 0 && digits & 0xff != 0 { code } else { 0 }
}

/// The number of the first `length` bytes of a word, 1 to 8 of them, and 0 if they are digits.
#[inline(always)]
pub(super) fn digits(word: u64, length: u64) -> (u64, u64) {
    let from_zero = (word ^ spread(b'0')) << (length.wrapping_mul(8).wrapping_neg() & 63);
    (eight_digits(from_zero), not_digits(from_zero))
}

/// How many bytes the word begins with that a number without exponent may hold, or `/`, 0 to 8.
#[inline(always)]
pub(super) fn number_bytes(word: u64) -> u64 {
    let low = word & !HIGH_BITS;
    let behind_nine = low + spread(0x80 - (b'9' + 1));
    let from_dash = (low | HIGH_BITS) - spread(b'-');
    let others = (behind_nine | !from_dash | word) & HIGH_BITS;
    u64::from(others.trailing_zeros() / 8)
}

/// The high bit of the first byte that is `byte`, and some above it; 0 if there is none.
#[inline(always)]
pub(super) fn first_equal(word: u64, byte: u8) -> u64 {
    let zeros = word ^ spread(byte);
    zeros.wrapping_sub(spread(1)) & !zeros & HIGH_BITS
}

/// How far it is to a byte, 0 to 8.
#[inline(always)]
pub(super) fn distance(word: u64, byte: u8) -> u64 {
    u64::from(first_equal(word, byte).trailing_zeros() / 8)
}

/// How many blanks the word begins with, 0 to 8.
#[inline(always)]
pub(super) fn leading_blanks(word: u64) -> u64 {
    u64::from((word ^ spread(b' ')).trailing_zeros() / 8)
}

/// How many capitals the word begins with, 0 to 8.
#[inline(always)]
pub(super) fn leading_capitals(word: u64) -> u64 {
    let low = word & !HIGH_BITS;
    let from_a = low + spread(0x80 - b'A');
    let behind_z = low + spread(0x80 - (b'Z' + 1));
    let others = (!from_a | behind_z | word) & HIGH_BITS;
    u64::from(others.trailing_zeros() / 8)
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
            let got = decimal(word_of(format!("{text}~~~~~~~~").as_bytes()), text.len() as u64);
            let is_number = shape_length(text.as_bytes(), false) == text.len() && !text.is_empty();
            if got.odd == 0 {
                prop_assert!(is_number);
                prop_assert_eq!(got.not_dash == 0, text == "-");
            } else {
                prop_assert!(!is_number || text.starts_with('-'));
            }
            if got.odd == 0 && got.not_dash != 0 {
                prop_assert_eq!(got.digits, text.replace('.', "").parse::<u64>().unwrap());
                prop_assert_eq!(POINTS.iter().position(|point| *point == got.point).unwrap(), text.find('.').map_or(0, |at| text.len() - 1 - at));
            }
        }

        #[test]
        fn statuses_are_read_like_the_obvious_reader_reads_them(text in "[0-9 -]{3}") {
            let want = super::super::number::status(text.as_bytes()).flatten().unwrap_or(0);
            prop_assert_eq!(status(word_of(format!("{text}\"99999").as_bytes())), u64::from(want));
        }

        #[test]
        fn words_are_counted_byte_by_byte(bytes in any::<[u8; 8]>(), byte in prop_oneof![Just(b' '), any::<u8>()]) {
            let word = u64::from_le_bytes(bytes);
            prop_assert_eq!(leading_capitals(word) as usize, bytes.iter().take_while(|b| b.is_ascii_uppercase()).count());
            prop_assert_eq!(number_bytes(word) as usize, bytes.iter().take_while(|b| b"-./0123456789".contains(b)).count());
            prop_assert_eq!(leading_blanks(word) as usize, bytes.iter().take_while(|b| **b == b' ').count());
            prop_assert_eq!(distance(word, byte) as usize, bytes.iter().take_while(|b| **b != byte).count());
        }
    }

    #[test]
    fn literals() {
        let literal = Literal::new(b"] \"").unwrap();
        assert_eq!(literal.difference(word_of(b"] \"GET /")), 0);
        assert_ne!(literal.difference(word_of(b"] 'GET /")), 0);
        assert_ne!(literal.difference(word(&block_of(b"] \"GET /"), Place::MAX)), 0);
        assert_eq!(Literal::new(b"123456789"), None);
    }
}
