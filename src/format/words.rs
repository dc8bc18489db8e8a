//! Eight bytes of a line at a time, as one word: comparing literals, and finding where digits end.
//!
//! Places are `u32` so that the compiler sees that adding a few bytes cannot overflow, and one comparison remains of each
//! bounds check. Bytes beyond the block read as nothing, which no literal and no number equals.

/// A literal of up to eight bytes, compared in one step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Literal {
    want: u64,
    mask: u64,
    pub(super) length: u32,
}

const WORD_BYTES: usize = 8;

impl Literal {
    /// None when the text is too long.
    pub(super) fn new(text: &[u8]) -> Option<Literal> {
        let mut bytes = [0; WORD_BYTES];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        let mask = u64::MAX.checked_shr(64 - 8 * text.len() as u32).unwrap_or(0);
        Some(Literal { want: u64::from_le_bytes(bytes), mask, length: text.len() as u32 })
    }

    /// 0 if the literal stands at `at`.
    #[inline(always)]
    pub(super) fn difference(self, block: &[u8], at: u32) -> u64 {
        word(block, at).map_or(u64::MAX, |word| (word ^ self.want) & self.mask)
    }
}

/// The eight bytes at `at`, the first one lowest.
#[inline(always)]
pub(super) fn word(block: &[u8], at: u32) -> Option<u64> {
    let at = at as usize;
    block.get(at..at + WORD_BYTES).and_then(|bytes| bytes.first_chunk()).map(|bytes| u64::from_le_bytes(*bytes))
}

const fn spread(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; WORD_BYTES])
}

const HIGH_BITS: u64 = spread(0x80);

/// How many digits the word begins with, 0 to 8.
#[inline(always)]
fn leading_digits(word: u64) -> u32 {
    // A digit becomes 0 to 9; adding 0x76 then leaves the high bit clear, for anything else it sets it or finds it set.
    let from_zero = word ^ spread(b'0');
    let others = (((from_zero & !HIGH_BITS) + spread(0x76)) | from_zero) & HIGH_BITS;
    others.trailing_zeros() / 8
}

/// Whether three digits that are a status code stand at `at`, alone: no fourth digit, no decimals, no list.
#[inline(always)]
pub(super) fn is_status(block: &[u8], at: u32) -> bool {
    word(block, at).is_some_and(|word| {
        let behind = word >> 24;
        leading_digits(word) == 3 && word as u8 != b'0' && behind as u8 != b'.' && !begins_list(behind)
    })
}

/// Where the number at `at` ends, if it is one of the usual kinds: up to seven digits, perhaps with up to seven decimals, or a
/// lone `-`; and if nothing behind it can make a list of it, should `lists` be looked for.
#[inline(always)]
pub(super) fn number_end(block: &[u8], at: u32, lists: bool) -> Option<u32> {
    let first = word(block, at)?;
    let whole = leading_digits(first);
    let behind = if whole < 8 { first >> (8 * whole) } else { 0 };
    let end = match (whole, behind as u8) {
        (0, b'-') if leading_digits(first >> 8) == 0 => at + 1,
        (0 | 8, _) => return None,
        (_, b'.') => {
            let decimals = leading_digits(word(block, at + whole + 1)?);
            if decimals.is_multiple_of(8) {
                return None;
            }
            at + whole + 1 + decimals
        }
        _ => at + whole,
    };
    (!lists || !begins_list(word(block, end)?)).then_some(end)
}

/// Whether the bytes behind a number may make a list of it: `, ` or ` : `.
#[inline(always)]
fn begins_list(word: u64) -> bool {
    word as u8 == b',' || word as u16 == u16::from_le_bytes(*b" :")
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

#[cfg(test)]
mod tests {
    use super::super::number::shape_length;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_end_where_the_obvious_reader_ends_them(text in "[-0-9.,: x]{0,12}") {
            let block = format!("{text}~~~~~~~~~~~~~~~~");
            let want = shape_length(block.as_bytes(), true);
            if let Some(end) = number_end(block.as_bytes(), 0, true) {
                prop_assert_eq!(end as usize, want);
            }
            if let Some(end) = number_end(block.as_bytes(), 0, false) {
                prop_assert_eq!(end as usize, shape_length(block.as_bytes(), false));
            }
            if is_status(block.as_bytes(), 0) {
                prop_assert_eq!(want, 3);
            }
        }

        #[test]
        fn words_are_counted_byte_by_byte(bytes in any::<[u8; 8]>()) {
            let word = u64::from_le_bytes(bytes);
            prop_assert_eq!(leading_digits(word) as usize, bytes.iter().take_while(|b| b.is_ascii_digit()).count());
            prop_assert_eq!(leading_capitals(word) as usize, bytes.iter().take_while(|b| b.is_ascii_uppercase()).count());
        }
    }

    #[test]
    fn literals() {
        let literal = Literal::new(b"] \"").unwrap();
        assert_eq!(literal.difference(b"x] \"GET /", 1), 0);
        assert_ne!(literal.difference(b"x] 'GET /", 1), 0);
        assert_ne!(literal.difference(b"x] \"", 1), 0);
        assert_ne!(literal.difference(b"x] \"GET /", u32::MAX), 0);
        assert_eq!(Literal::new(b"123456789"), None);
    }
}
