//! The minutes of the last timestamps: most lines of a log have the minute of the line before, and differ in the second only.
//!
//! A minute is learned from a text that was read with care, and knows the shape of its text: which bytes must be the same,
//! where the second and its fraction stand, how long it is. A text that agrees with it says what the careful reader would.

use super::words;
use crate::block::{Block, Place, word};
use crate::time::{Instant, MICROS_PER_SECOND};

/// Minutes remembered, by their last digit: lines a few minutes out of order do not evict each other.
const MINUTES: usize = 16;
/// Where the text of common log format (`01/Nov/2026:00:08:57 +0000`) and that of ISO 8601 (`2026-11-01T00:08:57.123Z`) have the second.
const CLF_SECOND: usize = 18;
const ISO_SECOND: usize = 17;
/// Where a second may stand: it lies in the third word, with the byte behind it.
const SECONDS: std::ops::Range<usize> = 16..22;
/// Digits of a fraction that are micros, and those that a fraction may have. Finer ones are floored.
const MICRO_DIGITS: usize = 6;
const FRACTION_DIGITS_MAX: usize = 9;

/// The same digits in the type of words, and those of a word.
const MICRO_DIGITS_WORD: u64 = MICRO_DIGITS as u64;
const WORD_DIGITS: u64 = 8;

/// The minutes that a reader remembers.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    minutes: [Minute; MINUTES],
    /// How the last texts began whose minute was not remembered. Only what comes twice is learned: there are logs in which no minute does.
    missed: [u64; MINUTES],
}

/// A minute, and the shape of its texts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Minute {
    /// The first sixteen bytes.
    begin: [u64; 2],
    /// The word behind them, and the bytes of it that are fixed.
    middle: u64,
    middle_mask: u64,
    /// Bits of that word before the second.
    second_shift: u32,
    /// Digits of the fraction, 0 if there is none; and how many microseconds the last of them counts.
    fraction_digits: u64,
    fraction_micros: u64,
    fraction_at: Place,
    /// What follows, the offset from UTC: where, the word there, and the bytes of it that are fixed. The ninth digit of a fraction, which
    /// does not fit into its word, is the first byte of this one.
    tail_at: Place,
    tail: u64,
    tail_mask: u64,
    micros: i64,
    /// Bytes of the whole text.
    length: Place,
}

impl Minute {
    /// No text has this minute: zeros are no second.
    const NONE: Minute = Minute {
        begin: [0; 2],
        middle: 0,
        middle_mask: u64::MAX,
        second_shift: 0,
        fraction_digits: 0,
        fraction_micros: 0,
        fraction_at: 0,
        tail_at: 0,
        tail: 0,
        tail_mask: 0,
        micros: 0,
        length: 0,
    };

    /// The minute of a text that means `time` and is `length` bytes long; none if its shape is another one. `second_at` is
    /// where its second stands.
    fn of(text: &[u8], time: Instant, length: usize, second_at: usize) -> Option<Minute> {
        let digit = |at: usize| text.get(at).filter(|b| b.is_ascii_digit()).map(|b| i64::from(b - b'0'));
        let second = digit(second_at)? * 10 + digit(second_at + 1)?;
        let behind = second_at + 2;
        let has_fraction = length > behind && matches!(text[behind], b'.' | b',');
        let digits = if has_fraction { (behind + 1..length).take_while(|&at| digit(at).is_some()).count() } else { 0 };
        let tail_at = behind + usize::from(has_fraction) + digits;
        let tail = text.get(tail_at..length).filter(|tail| tail.len() <= 8)?;
        if second > 59 || digits > FRACTION_DIGITS_MAX || !SECONDS.contains(&second_at) {
            return None;
        }
        let known = digits.min(MICRO_DIGITS);
        let fraction_micros = 10u64.pow((MICRO_DIGITS - known) as u32);
        let fraction = text[behind + 1..].iter().take(known).fold(0, |sum, b| sum * 10 + u64::from(b - b'0')) * fraction_micros;
        // The ninth digit is looked at with the tail.
        let before_tail = usize::from(digits as u64 > WORD_DIGITS);
        if tail.len() + before_tail > 8 {
            return None;
        }
        let mut fixed = [0u8; 8];
        fixed[..second_at - 16].fill(0xff);
        if has_fraction {
            fixed[behind - 16] = 0xff;
        }
        let word_at = |at: usize| text[at..].first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        Some(Minute {
            begin: [word_at(0)?, word_at(8)?],
            middle: word_at(16)?,
            middle_mask: u64::from_le_bytes(fixed),
            second_shift: 8 * (second_at as u32 - 16),
            fraction_digits: digits as u64,
            fraction_micros,
            fraction_at: behind as Place + 1,
            tail_at: (tail_at - before_tail) as Place,
            tail: word_at(tail_at - before_tail)?,
            tail_mask: u64::MAX.checked_shr(64 - 8 * tail.len() as u32).unwrap_or(0) << (8 * before_tail),
            micros: time.micros() - second * MICROS_PER_SECOND - fraction as i64,
            length: length as Place,
        })
    }
}

/// How texts are written that are like one another, and what differs in them.
pub(super) trait Form {
    /// The offsets from the beginning of a text of the words that [`Form::instant`] is given.
    fn offsets(&self) -> [Place; 5];

    /// How many of these words mean something, the first ones.
    fn words(&self) -> usize;

    /// The instant of a text of which these are words, and 0 if it is written so.
    fn instant(&self, words: [u64; 5]) -> (Instant, u64);

    /// Bytes of the whole text.
    fn length(&self) -> Place;
}

impl Form for Minute {
    #[inline(always)]
    fn offsets(&self) -> [Place; 5] {
        [0, 8, 16, self.tail_at, self.fraction_at]
    }

    #[inline(always)]
    fn words(&self) -> usize {
        if self.fraction_digits == 0 { 4 } else { 5 }
    }

    #[inline(always)]
    fn length(&self) -> Place {
        self.length
    }

    #[inline(always)]
    fn instant(&self, [begin, date, middle, tail, fraction]: [u64; 5]) -> (Instant, u64) {
        let second = middle >> self.second_shift;
        let [tens, ones] = [second, second >> 8].map(|digit| (digit & 0xff) ^ u64::from(b'0'));
        let (fraction, not_digits) = match self.fraction_digits {
            0 => (0, 0),
            length @ 1..=MICRO_DIGITS_WORD => words::digits(fraction, length),
            length => {
                let (micros, _) = words::digits(fraction, MICRO_DIGITS_WORD);
                let (_, not_digits) = words::digits(fraction, length.min(WORD_DIGITS));
                let ninth = (tail & 0xff) ^ u64::from(b'0');
                (micros, not_digits | u64::from((length > WORD_DIGITS) & (ninth > 9)))
            }
        };
        let difference = (begin ^ self.begin[0])
            | (date ^ self.begin[1])
            | (middle ^ self.middle) & self.middle_mask
            | (tail ^ self.tail) & self.tail_mask
            | u64::from(tens > 5)
            | u64::from(ones > 9)
            | not_digits;
        let micros = (tens * 10 + ones) * MICROS_PER_SECOND as u64 + fraction * self.fraction_micros;
        (Instant::from_micros(self.micros.wrapping_add(micros as i64)), difference)
    }
}

/// Seconds since 1970 in ten digits, and perhaps a point and so many digits behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Epoch {
    fraction_digits: u64,
    fraction_micros: u64,
}

/// Digits of the seconds, which they have had since 2001 and will have until 2286.
const EPOCH_DIGITS: usize = 10;

impl Epoch {
    /// As the text at this place of a block is written; none if it is not written so.
    pub(super) fn like(block: &Block, at: Place) -> Option<Epoch> {
        let text = &block[usize::from(at)..];
        let digits = |from: usize| text[from..].iter().take(EPOCH_DIGITS + 1).take_while(|b| b.is_ascii_digit()).count();
        let fraction_digits = match text[EPOCH_DIGITS] {
            b'.' => digits(EPOCH_DIGITS + 1),
            _ => 0,
        };
        let known = fraction_digits.min(MICRO_DIGITS);
        let is_one = digits(0) == EPOCH_DIGITS && fraction_digits as u64 <= WORD_DIGITS;
        is_one
            .then(|| Epoch { fraction_digits: fraction_digits as u64, fraction_micros: 10u64.pow((MICRO_DIGITS - known) as u32) })
    }
}

impl Form for Epoch {
    #[inline(always)]
    fn offsets(&self) -> [Place; 5] {
        [0, 8, EPOCH_DIGITS as Place + 1, 0, 0]
    }

    #[inline(always)]
    fn words(&self) -> usize {
        if self.fraction_digits == 0 { 2 } else { 3 }
    }

    #[inline(always)]
    fn instant(&self, [begin, end, fraction, ..]: [u64; 5]) -> (Instant, u64) {
        let (hundreds, odd) = words::digits(begin, WORD_DIGITS);
        let (ones, odd_end) = words::digits(end, EPOCH_DIGITS as u64 - WORD_DIGITS);
        let (fraction, odd_fraction) = match self.fraction_digits {
            0 => (0, 0),
            length => {
                let no_point = (end >> 16 & 0xff) ^ u64::from(b'.');
                let (micros, _) = words::digits(fraction, length.min(MICRO_DIGITS_WORD));
                (micros, no_point | words::digits(fraction, length).1)
            }
        };
        let micros = (hundreds * 100 + ones) * MICROS_PER_SECOND as u64 + fraction * self.fraction_micros;
        (Instant::from_micros(micros as i64), odd | odd_end | odd_fraction)
    }

    #[inline(always)]
    fn length(&self) -> Place {
        let point = u64::from(self.fraction_digits > 0);
        (EPOCH_DIGITS as u64 + point + self.fraction_digits) as Place
    }
}

impl Recent {
    pub(super) fn new() -> Recent {
        Recent { minutes: [Minute::NONE; MINUTES], missed: [0; MINUTES] }
    }

    /// The minute that was last learned where this text would be.
    #[inline(always)]
    pub(super) fn like(&self, block: &Block, at: Place) -> Minute {
        self.minutes[slot(word(block, at.wrapping_add(8)), word(block, at.wrapping_add(16)))]
    }

    /// The time at a place of a block, if it is of a minute that is remembered.
    pub(super) fn read(&self, block: &Block, at: Place) -> Option<(Instant, Place)> {
        let minute = self.like(block, at);
        let (time, difference) = minute.instant(minute.offsets().map(|offset| word(block, at.wrapping_add(offset))));
        (difference == 0).then_some((time, minute.length))
    }

    /// Remembers the minute of the text that was read as this time and is so long, if its second stands where one can.
    pub(super) fn learn(&mut self, text: &[u8], time: Instant, length: usize, second_at: Option<usize>, zone: Zoned) {
        let word_at = |at: usize| text.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let begin = word_at(0).rotate_left(1) ^ word_at(8);
        let missed = &mut self.missed[slot(word_at(8), word_at(16))];
        if std::mem::replace(missed, begin) != begin {
            return;
        }
        let Some(minute) = second_at.and_then(|at| Minute::of(text, time, length, at)) else { return };
        // The same local time may be another one on another day of the zone.
        let is_certain = match zone {
            Zoned::Certain => true,
            Zoned::ByTail => minute.tail_mask != 0,
            Zoned::Uncertain => false,
        };
        if is_certain {
            self.minutes[slot(minute.begin[1], minute.middle)] = minute;
        }
    }
}

/// What is known of the offset from UTC of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Zoned {
    /// Every text of the minute has the same.
    Certain,
    /// What stands behind the second says it, if something does.
    ByTail,
    /// It depends on the date.
    Uncertain,
}

/// Where the second of common log format or ISO 8601 stands in a text so long.
pub(super) fn standard_second(text: &[u8], length: usize) -> Option<usize> {
    match (text.get(2), text.get(4)) {
        (Some(b'/'), _) if length == CLF_SECOND + 8 => Some(CLF_SECOND),
        (_, Some(b'-' | b'/')) if length >= ISO_SECOND + 2 => Some(ISO_SECOND),
        _ => None,
    }
}

/// One of the two bytes is the last digit of the minute.
#[inline(always)]
fn slot(date: u64, middle: u64) -> usize {
    ((date >> 56) ^ middle) as usize % MINUTES
}
