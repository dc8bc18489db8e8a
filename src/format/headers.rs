//! Headers of lines that differ in their time only: those of syslog, and of what shows the logs of containers.
//!
//! What a header is hangs on nothing but its bytes. So one that has the bytes of another that was opened with care
//! ([`super::envelope`]) ends where that one ended. The minutes, seconds and decimals of its time may be others: a line tells its own
//! time here, or the time is read where it stands.

use super::words::{HIGH_BITS, WORD_BYTES, has_shape, spread};
use crate::block::{Block, Place, word};

/// Longer headers are opened with care.
const HEADER_BYTES_MAX: usize = 96;
/// So many are known, for logs that several processes write.
const KNOWN_MAX: usize = 8;

/// The headers that were opened last.
#[derive(Clone, Default, Debug)]
pub(super) struct Headers {
    known: Vec<Known>,
}

#[derive(Clone, Debug)]
struct Known {
    words: Vec<Word>,
    length: Place,
    /// Where the time stands, if that matters.
    time_at: Place,
}

/// Eight bytes of a header.
#[derive(Clone, Copy, Default, Debug)]
struct Word {
    want: u64,
    /// The bits that must be those of `want`.
    mask: u64,
    /// The high bit of each byte that must be a digit, and what makes that bit 1 when it is added to a number that is too large for it.
    digits: u64,
    excess: u64,
}

impl Headers {
    /// How long the header is that begins at a place, and where its time stands; none if none is known that is like it.
    #[inline]
    pub(super) fn find(&self, block: &Block, at: Place) -> Option<(Place, Place)> {
        let text = |i: usize| word(block, at.wrapping_add((i * WORD_BYTES) as Place));
        self.known.iter().find(|known| known.is_like(text)).map(|known| (known.length, known.time_at))
    }

    /// Takes note of a header that was opened, whose time stands at `time_at`. One that holds one of these marks cannot be read with others.
    pub(super) fn learn(&mut self, header: &[u8], time_at: usize, marks: [u8; 2]) {
        if header.is_empty() || header.len() > HEADER_BYTES_MAX {
            return;
        }
        let text = |i: usize| first_word(header.get(i * WORD_BYTES..).unwrap_or_default());
        let is_known = || self.known.iter().any(|known| usize::from(known.length) == header.len() && known.is_like(text));
        if !header.iter().any(|b| marks.contains(b)) && !is_known() {
            self.known.truncate(KNOWN_MAX - 1);
            self.known.insert(0, Known::new(header, time_at));
        }
    }
}

impl Known {
    fn new(header: &[u8], time_at: usize) -> Known {
        let mut words: Vec<Word> = header.chunks(WORD_BYTES).map(Word::new).collect();
        for (at, highest) in numbers_of_time(header) {
            words[at / WORD_BYTES].free(at % WORD_BYTES, highest);
        }
        Known { words, length: header.len() as Place, time_at: time_at as Place }
    }

    /// Whether a text, given by its words, begins like it.
    #[inline]
    fn is_like(&self, text: impl Fn(usize) -> u64) -> bool {
        self.words.iter().enumerate().fold(0, |all, (i, word)| all | word.difference(text(i))) == 0
    }
}

impl Word {
    fn new(bytes: &[u8]) -> Word {
        let mask = u64::MAX >> (8 * (WORD_BYTES - bytes.len()));
        Word { want: first_word(bytes), mask, ..Word::default() }
    }

    /// Lets any digit up to this one stand at a place.
    fn free(&mut self, at: usize, highest: u8) {
        let byte = |value: u8| u64::from(value) << (8 * at);
        self.mask &= !byte(0xff);
        self.digits |= byte(0x80);
        self.excess |= byte(0x7f - highest);
    }

    /// 0 if these bytes are like it.
    #[inline]
    fn difference(self, text: u64) -> u64 {
        let numbers = text ^ spread(b'0');
        let is_above = (numbers & !HIGH_BITS).wrapping_add(self.excess) | numbers;
        (text ^ self.want) & self.mask | is_above & self.digits
    }
}

/// The first eight bytes of a text, or fewer and zeros.
fn first_word(text: &[u8]) -> u64 {
    let mut bytes = [0; WORD_BYTES];
    bytes.iter_mut().zip(text).for_each(|(to, byte)| *to = *byte);
    u64::from_le_bytes(bytes)
}

/// Where the one time of a header stands; none if it has none by ISO 8601, or several.
pub(super) fn time_of(header: &[u8]) -> Option<usize> {
    const STAMP: &[u8] = b"0000-00-00T00:00:00";
    let mut clocks = header.windows(CLOCK.len()).enumerate().filter(|(_, text)| has_shape(text, CLOCK)).map(|(at, _)| at);
    let (clock, another) = (clocks.next()?, clocks.next());
    let at = (clock + CLOCK.len()).checked_sub(STAMP.len())?;
    (another.is_none() && has_shape(&header[at..clock + CLOCK.len()], STAMP)).then_some(at)
}

/// The shape of the time of a day.
const CLOCK: &[u8] = b"00:00:00";

/// Where the digits of minutes, seconds and decimals stand in `hh:mm:ss.f`, and the highest that each may be: with any others a time is
/// still one, if this is one.
fn numbers_of_time(header: &[u8]) -> Vec<(usize, u8)> {
    let Some(at) = header.windows(CLOCK.len()).position(|text| has_shape(text, CLOCK)) else { return Vec::new() };
    let mut places: Vec<(usize, u8)> = [(3, 5), (4, 9), (6, 5), (7, 9)].map(|(i, highest)| (at + i, highest)).into();
    if let Some(b'.' | b',') = header.get(at + 8) {
        let decimals = header[at + 9..].iter().take_while(|b| b.is_ascii_digit()).count();
        places.extend((at + 9..at + 9 + decimals).map(|at| (at, 9)));
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::block::room;

    fn length(headers: &Headers, line: &[u8]) -> Option<Place> {
        let mut block = room();
        block[7..7 + line.len()].copy_from_slice(line);
        headers.find(&block, 7).map(|(length, _)| length)
    }

    fn headers(known: &[&str]) -> Headers {
        let mut headers = Headers::default();
        known.iter().for_each(|header| headers.learn(header.as_bytes(), 0, *b"\"\\"));
        headers
    }

    #[test]
    fn a_header_is_known_at_any_minute_of_its_hour() {
        let headers = headers(&["<134>Nov  1 10:00:42 lb haproxy[7]: ", "2026-11-01T10:00:42.125+00:00 lb nginx: "]);
        assert_eq!(length(&headers, b"<134>Nov  1 10:59:03 lb haproxy[7]: x"), Some(36));
        assert_eq!(length(&headers, b"2026-11-01T10:59:59.999+00:00 lb nginx: x"), Some(40));
        for other in [
            "<134>Nov  1 11:00:42 lb haproxy[7]: x",
            "<134>Nov  1 10:60:42 lb haproxy[7]: x",
            "<134>Nov  1 10:00:60 lb haproxy[7]: x",
            "<134>Nov  1 10:0:042 lb haproxy[7]: x",
            "<134>Nov  1 10:00:4/ lb haproxy[7]: x",
            "<134>Nov  1 10:00:4\u{e9}lb haproxy[7]: x",
            "<134>Nov  1 10:00:42 lb haproxy[8]: x",
            "<134>Nov  1 10:00:42 lb haproxy[77]: x",
            "2026-11-01T10:59:59.9999+00:00 lb nginx: x",
            "",
        ] {
            assert_eq!(length(&headers, other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn the_time_of_a_header_is_told_if_it_has_one() {
        for (header, at) in [
            ("2026-11-01T10:00:42.125+00:00 lb nginx: ", Some(0)),
            ("<134>1 2026-11-01T10:00:42Z lb nginx 7 - - ", Some(7)),
            ("web-1  | 2026-11-01T10:00:42Z ", Some(9)),
            ("<134>Nov  1 10:00:42 lb haproxy[7]: ", None),
            ("2026-11-01 10:00:42 lb nginx: ", None),
            ("2026-11-01T10:00:42Z 2026-11-01T10:00:42Z lb nginx: ", None),
            ("10:00:42 ", None),
            ("web-1  | ", None),
        ] {
            assert_eq!(time_of(header.as_bytes()), at, "{header}");
        }
    }

    #[test]
    fn few_are_known() {
        let mut headers = headers(&["a: ", "b\": ", "", "a: "]);
        assert_eq!((length(&headers, b"a: x"), length(&headers, b"b\": x"), headers.known.len()), (Some(3), None, 1));
        (0..=KNOWN_MAX).for_each(|i| headers.learn(format!("b{i}: ").as_bytes(), 0, *b"\"\\"));
        assert_eq!((length(&headers, b"b0: "), length(&headers, b"b1: "), length(&headers, b"b8: ")), (None, Some(4), Some(4)));
        headers.learn(&[b'x'; HEADER_BYTES_MAX + 1], 0, *b"\"\\");
        assert_eq!(headers.known.len(), KNOWN_MAX);
    }

    proptest! {
        #[test]
        fn a_freed_byte_is_a_digit_up_to_the_highest(bytes in prop::array::uniform8(any::<u8>()), at in 0_usize..8, highest in 5_u8..10) {
            let mut word = Word::new(&bytes);
            word.free(at, highest);
            for byte in 0..=255 {
                let mut other = bytes;
                other[at] = byte;
                prop_assert_eq!(word.difference(first_word(&other)) == 0, (b'0'..=b'0' + highest).contains(&byte), "{}", byte);
            }
        }
    }
}
