//! Reading timestamps: text to [`Instant`].
//!
//! A timestamp is read as a prefix of the text that begins there, because its own shape says where it ends. The minute of
//! the last texts is remembered: in a log nearly every line has the minute of the line before, or of one close to it.

mod pattern;

use jiff::tz::TimeZone;

use super::number;
use super::recent::{Epoch, Minute as RecentMinute, Recent, Zoned, standard_second};
use super::zone::{Ambiguous, Zone};
use super::{TimeText, TimeToken, Unit};
use crate::block::{Block, Place};
use crate::time::{Instant, MICROS_PER_SECOND};
use pattern::{read_pattern, second_of_pattern};

/// Reads timestamps of one kind.
#[derive(Clone, Debug)]
pub struct TimeReader {
    text: TimeText,
    zone: Zone,
    /// Whether the last minutes are remembered.
    has_minute: bool,
    minutes: [Minute; MEMO_MINUTES],
    days: [Day; MEMO_DAYS],
    offset: (u64, i64),
    recent: Recent,
}

/// What reading a timestamp gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeRead {
    /// The instant, and the length of the text it was read from.
    At(Instant, usize),
    /// A well-formed local time without an offset, where no zone is declared; with its length.
    NoZone(usize),
    /// Not a timestamp.
    Bad,
}

/// Minutes remembered, by the last digit of the minute: lines a few minutes out of order do not evict each other.
const MEMO_MINUTES: usize = 16;

/// The text of a minute: sixteen bytes, and one more where the format has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct MinuteText([u64; 2], u16);

/// A remembered minute: its text and its first second, before the offset is taken off.
#[derive(Clone, Copy, Debug)]
struct Minute {
    text: MinuteText,
    seconds: i64,
}

impl Minute {
    /// No text is equal to this one: its last part is wider than a byte.
    const NONE: Minute = Minute { text: MinuteText([0; 2], u16::MAX), seconds: 0 };
}

/// Days remembered, by the day of the month.
const MEMO_DAYS: usize = 32;

/// A remembered day of the common log format: its text, eleven bytes in two words that overlap, and its first second.
#[derive(Clone, Copy, Debug)]
struct Day {
    text: [u64; 2],
    seconds: i64,
}

impl Day {
    /// No text is equal to this one: no day has NUL bytes in it.
    const NONE: Day = Day { text: [0; 2], seconds: 0 };
}

/// Like [`Minute::NONE`], for offsets: wider than their five bytes.
const NO_OFFSET: u64 = u64::MAX;

const MINUTE_SECONDS: i64 = 60;
const MONTHS: [&[u8; 3]; 12] = [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];

impl TimeReader {
    /// A reader for this kind of text. `zone` is that of texts which carry none.
    pub fn new(text: &TimeText, zone: Option<TimeZone>) -> Self {
        let (text, zone) = match text {
            TimeText::Utc(text) => (&**text, Some(TimeZone::UTC)),
            TimeText::IsoColumns => (text, Some(TimeZone::UTC)),
            text => (text, zone),
        };
        TimeReader {
            text: text.clone(),
            has_minute: has_minute(text),
            zone: Zone::new(zone),
            minutes: [Minute::NONE; MEMO_MINUTES],
            days: [Day::NONE; MEMO_DAYS],
            offset: (NO_OFFSET, 0),
            recent: Recent::new(),
        }
    }

    /// Reads the timestamp at the beginning of `bytes`.
    #[inline(always)]
    pub fn read(&mut self, bytes: &[u8]) -> TimeRead {
        match &self.text {
            TimeText::Clf => self.read_clf_or_like(bytes),
            TimeText::Iso8601 | TimeText::IsoColumns => self.read_iso8601(bytes),
            TimeText::IsoOrUnix => match bytes.iter().take_while(|b| b.is_ascii_digit()).count() {
                0..=4 => self.read_iso8601(bytes),
                5..=11 => read_epoch(bytes, Unit::Seconds),
                _ => read_epoch(bytes, Unit::Nanos),
            },
            TimeText::UnixOrDate => match (bytes.get(2), bytes.get(4)) {
                (Some(b'/'), _) => self.read_clf(bytes),
                (_, Some(b'-')) => self.read_iso8601(bytes),
                (_, Some(b'/')) => self.read_slashed(bytes),
                _ => read_epoch(bytes, Unit::Seconds),
            },
            TimeText::ClfOrIso8601 if bytes.get(2) == Some(&b'/') => self.read_clf_or_like(bytes),
            TimeText::ClfOrIso8601 if is_msec(bytes) => read_epoch(bytes, Unit::Seconds),
            TimeText::ClfOrIso8601 => self.read_iso8601(bytes),
            TimeText::Epoch(unit) => read_epoch(bytes, *unit),
            TimeText::Pattern(tokens) => read_pattern(tokens, bytes, &mut self.zone),
            // `new` leaves none.
            TimeText::Utc(_) => TimeRead::Bad,
        }
    }

    /// Whether the last time that was read is local and comes twice or never in its zone.
    #[inline]
    pub(super) fn ambiguous(&self) -> Ambiguous {
        match self.text {
            // They carry an offset: no zone was asked.
            TimeText::Clf | TimeText::Epoch(_) => Ambiguous::default(),
            _ => self.zone.last(),
        }
    }

    /// The minute that the text at this place of a block is likely to have; none where minutes are not remembered.
    #[inline]
    pub(super) fn recent_minute(&self, block: &Block, at: Place) -> Option<RecentMinute> {
        self.has_minute().then(|| self.recent.like(block, at))
    }

    /// How the seconds since 1970 at this place of a block are written; none where texts are no such seconds.
    #[inline]
    pub(super) fn epoch_like(&self, block: &Block, at: Place) -> Option<Epoch> {
        matches!(self.text, TimeText::Epoch(Unit::Seconds) | TimeText::UnixOrDate).then(|| Epoch::like(block, at))?
    }

    fn has_minute(&self) -> bool {
        self.has_minute
    }

    /// Where the second of a text that was just read stands, and what is known of its offset.
    fn shape_of(&self, text: &[u8], length: usize) -> (Option<usize>, Zoned) {
        let certain = |is_certain: bool, other| if is_certain { Zoned::Certain } else { other };
        match &self.text {
            TimeText::Pattern(tokens) => {
                let has_offset = tokens.contains(&TimeToken::Offset);
                (second_of_pattern(tokens, text), certain(has_offset || self.zone.is_fixed(), Zoned::Uncertain))
            }
            _ => (standard_second(text, length), certain(self.zone.is_fixed(), Zoned::ByTail)),
        }
    }

    /// Reads the timestamp at `at..limit` of a block, with its length. A local time that comes twice or never is none here: it is
    /// counted where lines are read with care.
    pub(super) fn read_at(&mut self, block: &Block, at: Place, limit: Place) -> Option<(Instant, Place)> {
        // A text that goes on is longer than the one before it was.
        let goes_on = |length: Place| {
            let next = block[usize::from(at.wrapping_add(length))];
            at.saturating_add(length) < limit && (next.is_ascii_digit() || b".,:+-Zz".contains(&next))
        };
        if self.has_minute()
            && let Some((time, length)) = self.recent.read(block, at)
            && !goes_on(length)
        {
            return Some((time, length));
        }
        let text = block.get(at.into()..limit.into())?;
        let TimeRead::At(time, length) = self.read(text) else { return None };
        if self.ambiguous() != Ambiguous::default() {
            return None;
        }
        if self.has_minute() {
            let (second_at, zone) = self.shape_of(text, length);
            self.recent.learn(&block[at.into()..], time, length, second_at, zone);
        }
        Some((time, length as Place))
    }

    /// Reads a text that is a timestamp and nothing else.
    pub fn read_whole(&mut self, bytes: &[u8]) -> TimeRead {
        match self.read(bytes) {
            TimeRead::At(_, length) | TimeRead::NoZone(length) if length != bytes.len() => self.read_float(bytes),
            TimeRead::Bad => self.read_float(bytes),
            read => read,
        }
    }

    /// A number since 1970 as encoders of floats write it: `1.79352720025e9`.
    #[cold]
    fn read_float(&mut self, bytes: &[u8]) -> TimeRead {
        let is_number = matches!(self.text, TimeText::Epoch(_) | TimeText::IsoOrUnix | TimeText::UnixOrDate);
        let Some(plain) = number::plain(bytes).filter(|_| is_number) else { return TimeRead::Bad };
        match self.read(&plain) {
            TimeRead::At(time, length) if length == plain.len() => TimeRead::At(time, bytes.len()),
            _ => TimeRead::Bad,
        }
    }

    /// How many blanks a timestamp of this kind holds, where that is (nearly always) the same.
    pub fn blanks(&self) -> Option<usize> {
        match self.text {
            TimeText::Clf => Some(1),
            TimeText::Iso8601 | TimeText::Epoch(_) | TimeText::IsoColumns | TimeText::IsoOrUnix => Some(0),
            TimeText::Pattern(_) | TimeText::ClfOrIso8601 | TimeText::UnixOrDate | TimeText::Utc(_) => None,
        }
    }

    /// How many tabs it holds.
    pub fn tabs(&self) -> usize {
        usize::from(self.text == TimeText::IsoColumns)
    }

    #[inline(always)]
    fn read_clf(&mut self, bytes: &[u8]) -> TimeRead {
        let Some(text) = bytes.first_chunk::<CLF_LENGTH>() else { return TimeRead::Bad };
        // `01/Nov/2026:00:0` is remembered with the minute's last digit; `0:` and the second follow.
        let key = MinuteText([le(text, 0), le(text, 8)], u16::from(text[16]));
        let slot = &mut self.minutes[usize::from(text[16]) % MEMO_MINUTES];
        if slot.text != key || text[17] != b':' {
            match clf_minute(text, &mut self.days) {
                Some(seconds) => *slot = Minute { text: key, seconds },
                None => return TimeRead::Bad,
            }
        }
        let minute = slot.seconds;
        let (Some(second), b' ') = (second_micros(text[18], text[19]), text[20]) else { return TimeRead::Bad };
        let offset_text = le(text, 18) >> 24;
        if self.offset.0 != offset_text {
            match offset_seconds(&text[21..]) {
                Some((seconds, 5)) => self.offset = (offset_text, seconds),
                _ => return TimeRead::Bad,
            }
        }
        TimeRead::At(Instant::from_micros((minute - self.offset.1) * MICROS_PER_SECOND + second), CLF_LENGTH)
    }

    #[inline(always)]
    fn read_clf_or_like(&mut self, bytes: &[u8]) -> TimeRead {
        match self.read_clf(bytes) {
            TimeRead::Bad => self.read_for_clf(bytes),
            read => read,
        }
    }

    /// What some write in place of the common log format's time: with a fraction (Apache's `msec_frac`), or ISO 8601 with its zone (nginx's
    /// `$time_iso8601`).
    #[cold]
    fn read_for_clf(&mut self, bytes: &[u8]) -> TimeRead {
        if bytes.get(4) == Some(&b'-') {
            let read = self.read_iso8601(bytes);
            let has_zone = |length: usize| {
                bytes[length - 1] == b'Z' || [5, 6].iter().any(|back| matches!(bytes[length - back], b'+' | b'-'))
            };
            return if matches!(read, TimeRead::At(_, length) if has_zone(length)) { read } else { TimeRead::Bad };
        }
        const SECONDS: usize = CLF_LENGTH - " +0000".len();
        let Some((seconds, fraction)) = bytes.split_at_checked(SECONDS) else { return TimeRead::Bad };
        let Some((micros, digits)) = fraction.strip_prefix(b".").and_then(fraction_micros) else { return TimeRead::Bad };
        let mut whole = [0; CLF_LENGTH];
        let Some(offset) = fraction.get(1 + digits..1 + digits + CLF_LENGTH - SECONDS) else { return TimeRead::Bad };
        whole[..SECONDS].copy_from_slice(seconds);
        whole[SECONDS..].copy_from_slice(offset);
        match self.read_clf(&whole) {
            // A leap second is the last microsecond of its minute already.
            TimeRead::At(time, length) => match time.checked_add_micros(if seconds.ends_with(b":60") { 0 } else { micros }) {
                Some(time) => TimeRead::At(time, length + 1 + digits),
                None => TimeRead::Bad,
            },
            read => read,
        }
    }

    /// `2026/11/01 00:00:00.123`, with no more decimals than there are.
    fn read_slashed(&mut self, bytes: &[u8]) -> TimeRead {
        let mut iso = [0; ISO_SECONDS_LENGTH + 10];
        let length = bytes.len().min(iso.len());
        iso[..length].copy_from_slice(&bytes[..length]);
        if iso[7] != b'/' {
            return TimeRead::Bad;
        }
        (iso[4], iso[7]) = (b'-', b'-');
        self.read_iso8601(&iso[..length])
    }

    #[inline]
    fn read_iso8601(&mut self, bytes: &[u8]) -> TimeRead {
        let Some(text) = bytes.first_chunk::<ISO_SECONDS_LENGTH>() else { return TimeRead::Bad };
        let key = MinuteText([le(text, 0), le(text, 8)], 0);
        let slot = &mut self.minutes[usize::from(text[15]) % MEMO_MINUTES];
        if slot.text != key {
            match iso_minute(text) {
                Some(seconds) => *slot = Minute { text: key, seconds },
                None => return TimeRead::Bad,
            }
        }
        let local = slot.seconds;
        let (b':', Some(second)) = (text[16], second_micros(text[17], text[18])) else { return TimeRead::Bad };
        let (fraction, fraction_length) = match bytes.get(ISO_SECONDS_LENGTH) {
            Some(b'.' | b',') => match fraction_micros(&bytes[ISO_SECONDS_LENGTH + 1..]) {
                Some((micros, length)) => (micros, length + 1),
                None => return TimeRead::Bad,
            },
            _ => (0, 0),
        };
        let at = ISO_SECONDS_LENGTH + fraction_length;
        // A leap second is clamped to the last microsecond of its minute, whatever its fraction.
        let micros = local * MICROS_PER_SECOND + (second + fraction).min(MINUTE_SECONDS * MICROS_PER_SECOND - 1);
        match offset_seconds(&bytes[at..]) {
            Some((offset, length)) => {
                self.zone.forget();
                TimeRead::At(Instant::from_micros(micros - offset * MICROS_PER_SECOND), at + length)
            }
            None => self.zone.read(micros, at),
        }
    }
}

/// `dd/Mon/yyyy:HH:MM:SS ±zzzz`.
const CLF_LENGTH: usize = 26;
/// `yyyy-mm-ddTHH:MM:SS`.
const ISO_SECONDS_LENGTH: usize = 19;

#[inline]
fn le<const N: usize>(text: &[u8; N], at: usize) -> u64 {
    u64::from_le_bytes(*text[at..].first_chunk().expect("N is at least at + 8 in both callers"))
}

/// The seconds since 1970 of the minute in `dd/Mon/yyyy:HH:MM:`.
fn clf_minute(text: &[u8; CLF_LENGTH], days: &mut [Day; MEMO_DAYS]) -> Option<i64> {
    if [text[11], text[14], text[17]] != [b':'; 3] {
        return None;
    }
    let key = [le(text, 0), le(text, 3)];
    let day = &mut days[(usize::from(text[0] & 3) * 10 + usize::from(text[1] & 15)) % MEMO_DAYS];
    if day.text != key {
        *day = Day { text: key, seconds: clf_day(text)? };
    }
    let (hour, minute) = (digits(&text[12..14])?, digits(&text[15..17])?);
    (hour < 24 && minute < 60).then_some(day.seconds + hour * 3_600 + minute * 60)
}

/// The seconds since 1970 of the day in `dd/Mon/yyyy`.
fn clf_day(text: &[u8; CLF_LENGTH]) -> Option<i64> {
    if [text[2], text[6]] != [b'/'; 2] {
        return None;
    }
    let (month, _) = month_name(&text[3..6])?;
    minute_seconds(digits(&text[7..11])?, month, digits(&text[..2])?, 0, 0)
}

/// The seconds since 1970 of the minute in `yyyy-mm-ddTHH:MM:`, as if it were UTC.
fn iso_minute(text: &[u8; ISO_SECONDS_LENGTH]) -> Option<i64> {
    if text[4] != b'-' || text[7] != b'-' || !matches!(text[10], b'T' | b't' | b' ' | b'\t') || text[13] != b':' {
        return None;
    }
    let (month, day) = (digits(&text[5..7])?, digits(&text[8..10])?);
    minute_seconds(digits(&text[..4])?, month, day, digits(&text[11..13])?, digits(&text[14..16])?)
}

/// The seconds since 1970 of a civil minute, as if it were UTC; none when a field is out of range.
fn minute_seconds(year: i64, month: i64, day: i64, hour: i64, minute: i64) -> Option<i64> {
    let valid = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day) && hour < 24 && minute < 60;
    valid.then(|| Instant::from_civil(year, month, day, hour * 3_600 + minute * 60).micros() / MICROS_PER_SECOND)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A second of the minute in microseconds. RFC 3339 5.7: 60 in a leap second, clamped to the last microsecond before it.
#[inline]
fn second_micros(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    match (tens, ones) {
        (0..6, 0..10) => Some(i64::from(tens * 10 + ones) * MICROS_PER_SECOND),
        (6, 0) => Some(MINUTE_SECONDS * MICROS_PER_SECOND - 1),
        _ => None,
    }
}

/// The decimal digits at the beginning of `bytes` as microseconds of a second (finer digits are floored), and their number.
fn fraction_micros(bytes: &[u8]) -> Option<(i64, usize)> {
    let length = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let micros = (0..6).fold(0, |sum, i| sum * 10 + if i < length { i64::from(bytes[i] - b'0') } else { 0 });
    (length > 0).then_some((micros, length))
}

/// An offset from UTC in seconds and the length of its text: `Z`, `+0100`, `+01:00`, `+01`.
fn offset_seconds(bytes: &[u8]) -> Option<(i64, usize)> {
    let sign = match bytes.first()? {
        b'Z' | b'z' => return Some((0, 1)),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = digits(bytes.get(1..3)?)?;
    let (minutes, length) = match bytes.get(3..) {
        Some([b':', a, b, ..]) => (digits(&[*a, *b])?, 6),
        Some([a, b, ..]) if a.is_ascii_digit() && b.is_ascii_digit() => (digits(&[*a, *b])?, 5),
        _ => (0, 3),
    };
    (hours < 24 && minutes < 60).then_some((sign * (hours * 3_600 + minutes * 60), length))
}

/// All of `bytes` as decimal digits.
fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0i64, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
}

/// The month of an English name (short, or long if the text goes on so), and the length of the name.
fn month_name(bytes: &[u8]) -> Option<(i64, usize)> {
    const LONG: [&[u8]; 12] = [
        b"january",
        b"february",
        b"march",
        b"april",
        b"may",
        b"june",
        b"july",
        b"august",
        b"september",
        b"october",
        b"november",
        b"december",
    ];
    let short = bytes.first_chunk()?.map(|b: u8| b.to_ascii_lowercase());
    let index = MONTHS.iter().position(|m| **m == short)?;
    let is_long = bytes.get(..LONG[index].len()).is_some_and(|b| b.eq_ignore_ascii_case(LONG[index]));
    Some((index as i64 + 1, if is_long { LONG[index].len() } else { 3 }))
}

/// Whether a number is written as nginx writes `$msec`: seconds since 1970, and three decimals. What has none may be of any unit.
fn is_msec(bytes: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(bytes);
    (9..=10).contains(&whole) && bytes.get(whole) == Some(&b'.') && digits(&bytes[whole + 1..]) == 3
}

/// A decimal number of units since 1970, floored to microseconds.
fn read_epoch(bytes: &[u8], unit: Unit) -> TimeRead {
    const DIGITS_MAX: usize = 19;
    let whole_length = bytes.iter().take(DIGITS_MAX + 1).take_while(|b| b.is_ascii_digit()).count();
    if whole_length == 0 || whole_length > DIGITS_MAX {
        return TimeRead::Bad;
    }
    // So many may leave the range of the type.
    let whole = bytes[..whole_length].iter().try_fold(0i64, |sum, b| sum.checked_mul(10)?.checked_add(i64::from(b - b'0')));
    let Some(whole) = whole else { return TimeRead::Bad };
    let (fraction, length) = match bytes.get(whole_length) {
        Some(b'.') => match fraction_micros(&bytes[whole_length + 1..]) {
            Some((micros, length)) => (micros, whole_length + 1 + length),
            None => (0, whole_length),
        },
        _ => (0, whole_length),
    };
    let micros = match unit {
        Unit::Seconds | Unit::One | Unit::Written => whole.checked_mul(MICROS_PER_SECOND).and_then(|m| m.checked_add(fraction)),
        Unit::Millis => whole.checked_mul(1_000).and_then(|m| m.checked_add(fraction / 1_000)),
        Unit::Micros => Some(whole),
        Unit::Nanos => Some(whole / 1_000),
        Unit::Minutes => whole.checked_mul(MINUTE_SECONDS * MICROS_PER_SECOND),
    };
    match micros {
        Some(m) if m < YEAR_10000_MICROS => TimeRead::At(Instant::from_micros(m), length),
        _ => TimeRead::Bad,
    }
}

/// Times from here on have five-digit years, which no output format writes.
const YEAR_10000_MICROS: i64 = 253_402_300_800 * MICROS_PER_SECOND;

/// Whether texts of the same minute differ in their second only, and its fraction, and these stand by themselves.
fn has_minute(text: &TimeText) -> bool {
    match text {
        TimeText::Clf
        | TimeText::Iso8601
        | TimeText::IsoColumns
        | TimeText::IsoOrUnix
        | TimeText::UnixOrDate
        | TimeText::ClfOrIso8601 => true,
        TimeText::Epoch(_) | TimeText::Utc(_) => false,
        TimeText::Pattern(tokens) => {
            let Some(second) = tokens.iter().position(|token| *token == TimeToken::Second) else { return false };
            let is_literal = |token: Option<&TimeToken>| matches!(token, Some(TimeToken::Literal(_)));
            let is_point = |token: &TimeToken| matches!(token, TimeToken::Literal(text) if matches!(&text[..], b"." | b","));
            let (before, behind) = (&tokens[..second], &tokens[second + 1..]);
            let (is_fraction, rest) = match behind {
                [point, TimeToken::Fraction(_), rest @ ..] if is_point(point) => (true, rest),
                rest => (false, rest),
            };
            let differs = |token: &TimeToken| {
                matches!(token, TimeToken::Second | TimeToken::Fraction(_) | TimeToken::EpochSeconds | TimeToken::Epoch(_))
            };
            let is_alone = rest.is_empty() || is_literal(rest.first()) && (is_fraction || !is_point(&rest[0]));
            is_literal(before.last()) && is_alone && !before.iter().chain(rest).any(differs)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::recent::Form;
    use super::*;

    fn read(text: TimeText, bytes: &str) -> Option<String> {
        match TimeReader::new(&text, None).read_whole(bytes.as_bytes()) {
            TimeRead::At(t, _) => Some(t.to_string()),
            _ => None,
        }
    }

    #[test]
    fn common_log_format() {
        let clf = |s| read(TimeText::Clf, s);
        assert_eq!(clf("05/Mar/2024:23:59:58 +0330").unwrap(), "2024-03-05T20:29:58Z");
        assert_eq!(clf("29/Feb/2024:00:00:00 -0500").unwrap(), "2024-02-29T05:00:00Z");
        assert_eq!(clf("31/Dec/2016:23:59:60 +0000").unwrap(), "2016-12-31T23:59:59.999999Z");
        for bad in [
            "29/Feb/2023:00:00:00 +0000",
            "31/Apr/2024:00:00:00 +0000",
            "05/Mar/2024:24:00:00 +0000",
            "05/Mar/2024:00:60:00 +0000",
            "05/Mar/2024:00:00:61 +0000",
            "05/Mar/2024:00:00:6: +0000",
            "05/Xxx/2024:00:00:00 +0000",
            "05/Mar/2024:00:00:00 0000 ",
            "05/Mar/2024:00:00:00 +00:0",
            "5/Mar/2024:00:00:00 +0000",
            "05/Mar/2024 00:00:00 +0000",
            "05/Mar/2024:00:00-00 +0000",
        ] {
            assert_eq!(clf(bad), None, "{bad}");
        }
    }

    #[test]
    fn remembered_minutes_do_not_change_the_answer() {
        let mut reader = TimeReader::new(&TimeText::Clf, None);
        let mut state = 7u64;
        for _ in 0..20_000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let [a, b, c, d, e, ..] = (state >> 8).to_le_bytes();
            let text = format!(
                "{:02}/{}/20{:02}:{:02}:{:02}:{:02} {}0{}00",
                a % 31,
                ["Jan", "Feb", "Nov"][usize::from(b) % 3],
                c % 2,
                d % 25,
                e % 61,
                a % 62,
                ["+", "-"][usize::from(b % 2)],
                c % 3
            );
            assert_eq!(reader.read(text.as_bytes()), TimeReader::new(&TimeText::Clf, None).read(text.as_bytes()), "{text}");
        }
    }

    /// Texts of a few minutes, seconds and fractions, one after the other, in all kinds of patterns.
    #[test]
    fn remembered_minutes_of_patterns_do_not_change_the_answer() {
        use TimeToken::{Day, EpochSeconds, Fraction, Hour, Minute, MonthName, Offset, Second, Weekday, Year};
        let lit = |text: &str| TimeToken::Literal(text.as_bytes().to_vec());
        let date = [Day, lit("/"), MonthName, lit("/"), Year, lit(":"), Hour, lit(":"), Minute, lit(":"), Second];
        let with = |more: &[TimeToken]| [&date[..], more].concat();
        let ctime =
            [Weekday, lit(" "), MonthName, lit(" "), Day, lit(" "), Hour, lit(":"), Minute, lit(":"), Second, lit(" "), Year];
        // The tokens, whether minutes are remembered, and what the time `{t}` and the fraction `{f}` stand in.
        let patterns = [
            (with(&[]), true, "{d}{t}"),
            (with(&[lit("."), Fraction(3)]), true, "{d}{t}.{f}"),
            (with(&[lit("."), Fraction(3), lit(" "), Offset]), true, "{d}{t}.{f} +0100"),
            (ctime.to_vec(), true, "Sun Nov  3 {t} 2024"),
            (with(&[Fraction(3)]), false, "{d}{t}{f}"),
            (with(&[lit("/"), EpochSeconds]), false, "{d}{t}/17"),
        ];
        let zones = [TimeZone::UTC, TimeZone::get("America/New_York").unwrap()];
        for ((tokens, has_minute, shape), zone) in
            patterns.iter().flat_map(|pattern| zones.iter().map(move |zone| (pattern, zone)))
        {
            let text = TimeText::Pattern(tokens.clone());
            let mut reader = TimeReader::new(&text, Some(zone.clone()));
            assert_eq!(reader.has_minute, *has_minute, "{shape}");
            for step in 0..3_000u32 {
                let (minute, second, fraction) = (step / 37 % 4, step * 7 % 62, step * 31 % 1_003);
                let time = format!("{:02}:3{minute}:{second:02}", step / 700);
                let line = shape.replace("{d}", "03/Nov/2024:").replace("{t}", &time).replace("{f}", &format!("{fraction:03}"));
                let block = crate::format::words::block_of(format!("{line}] \"").as_bytes());
                let (limit, mut fresh) = (line.len() as Place, TimeReader::new(&text, Some(zone.clone())));
                let want = match fresh.read(line.as_bytes()) {
                    TimeRead::At(time, length) if fresh.ambiguous() == Ambiguous::default() => Some((time, length as Place)),
                    _ => None,
                };
                assert_eq!(reader.read_at(&block, 0, limit), want, "{line} in {zone:?}");
            }
        }
    }

    /// Seconds since 1970 of one form as words, and digit by digit.
    #[test]
    fn epochs_as_words_are_those_read_digit_by_digit() {
        let mut reader = TimeReader::new(&TimeText::Epoch(Unit::Seconds), None);
        for (digits, step) in (0..=9).flat_map(|digits| (0..300u64).map(move |step| (digits, step))) {
            let mut text = format!("{}", 1_793_527_200 + step * 7_919);
            if digits > 0 {
                text = format!("{text}.{}", &format!("{:09}", step * 987_654_321 % 999_999_937)[..digits]);
            }
            let form = reader.epoch_like(&crate::format::words::block_of(format!("{text} 42").as_bytes()), 0);
            assert_eq!(form.is_some(), digits <= 8, "{text}");
            if step % 3 == 2 {
                let at = step as usize / 3 % text.len();
                text.replace_range(at..=at, ["x", ".", "/", ":"][step as usize % 4]);
            }
            let block = crate::format::words::block_of(format!("{text} 42").as_bytes());
            let Some(form) = form else { continue };
            let words = form.offsets().map(|offset| crate::block::word(&block, offset));
            if let (time, 0) = form.instant(words) {
                assert_eq!(reader.read(text.as_bytes()), TimeRead::At(time, form.length().into()), "{text}");
            } else {
                assert_eq!(step % 3, 2, "{text}");
            }
        }
    }

    /// Fractions of all lengths, one after the other, some with a byte that is no digit.
    #[test]
    fn remembered_minutes_with_fractions_do_not_change_the_answer() {
        for (digits, zone) in (0..=11).flat_map(|digits| ["Z", "+01:00", "", "-0330"].map(|zone| (digits, zone))) {
            let mut reader = TimeReader::new(&TimeText::Iso8601, Some(TimeZone::UTC));
            let mut whole = 0;
            for step in 0..400u64 {
                let second = step * 7 % 60;
                let mut fraction = format!("{:011}", step * 987_654_321 % 99_999_999_977)[..digits].to_owned();
                if step % 5 == 4 && digits > 0 {
                    let at = step as usize / 5 % digits;
                    fraction.replace_range(at..=at, ["x", ":", "/", " "][step as usize / 20 % 4]);
                }
                let point = if digits > 0 { "." } else { "" };
                let line = format!("2026-11-01T10:0{}:{second:02}{point}{fraction}{zone}", step / 90);
                let block = crate::format::words::block_of(format!("{line} stdout F 123").as_bytes());
                let limit = line.len() as Place;
                let want = match TimeReader::new(&TimeText::Iso8601, Some(TimeZone::UTC)).read(line.as_bytes()) {
                    TimeRead::At(time, length) => Some((time, length as Place)),
                    _ => None,
                };
                // One that ends before the limit, as the last one did, is declined.
                if let Some(read) = reader.read_at(&block, 0, limit).filter(|(_, length)| *length == limit) {
                    assert_eq!(Some(read), want, "{line}");
                    whole += 1;
                }
            }
            assert!(whole > 250, "{digits} {zone}: {whole}");
        }
    }

    #[test]
    fn a_fresh_memory_knows_no_text() {
        for length in [19, 26] {
            let mut bytes = vec![0; length];
            bytes[16..19].copy_from_slice(b":00");
            assert_eq!(TimeReader::new(&TimeText::Iso8601, None).read(&bytes), TimeRead::Bad);
            bytes.clear();
            bytes.resize(length, 0);
            assert_eq!(TimeReader::new(&TimeText::Clf, None).read(&bytes), TimeRead::Bad);
        }
        let mut reader = TimeReader::new(&TimeText::Clf, None);
        reader.read(b"05/Mar/2024:23:50:58 +0000");
        assert_eq!(reader.read(b"05/Mar/2 24:23:5 :58 +0000"), TimeRead::Bad);
        assert_eq!(reader.read(b"05/Mar/2024:23:50:58 \0\0\0\0\0"), TimeRead::Bad);
    }

    #[test]
    fn iso_8601() {
        let iso = |s| read(TimeText::Iso8601, s);
        assert_eq!(iso("2024-03-05T23:59:58.123456789+01:00").unwrap(), "2024-03-05T22:59:58.123456Z");
        assert_eq!(iso("2024-03-05 23:59:58Z").unwrap(), "2024-03-05T23:59:58Z");
        assert_eq!(iso("2024-03-05T23:59:58-0330").unwrap(), "2024-03-06T03:29:58Z");
        assert_eq!(iso("2016-12-31T23:59:60.5Z").unwrap(), "2016-12-31T23:59:59.999999Z");
        for bad in
            ["2024-03-05T23:59:58", "2024-03-05T23:59:58.Z", "2024-13-05T23:59:58Z", "2024-03-05T23:59:58Zx", "2024-3-5T1:1:1Z"]
        {
            assert_eq!(iso(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_local_time_needs_a_zone() {
        let local = b"2024-07-05T12:00:00";
        assert_eq!(TimeReader::new(&TimeText::Iso8601, None).read(local), TimeRead::NoZone(19));
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let TimeRead::At(t, 19) = TimeReader::new(&TimeText::Iso8601, Some(zone)).read(local) else { panic!() };
        assert_eq!(t.to_string(), "2024-07-05T10:00:00Z");
    }

    #[test]
    fn epochs_by_declared_unit() {
        assert_eq!(read(TimeText::Epoch(Unit::Seconds), "1709683198.1234567").unwrap(), "2024-03-05T23:59:58.123456Z");
        assert_eq!(read(TimeText::Epoch(Unit::Millis), "1709683198123").unwrap(), "2024-03-05T23:59:58.123Z");
        assert_eq!(read(TimeText::Epoch(Unit::Nanos), "1709683198123456789").unwrap(), "2024-03-05T23:59:58.123456Z");
        for (unit, text) in [
            (Unit::Seconds, "1.709683198123456789e9"),
            (Unit::Seconds, "1.709683198123456E+09"),
            (Unit::Seconds, "170968319812345678e-8"),
            (Unit::Millis, "1.709683198123456e12"),
            (Unit::Nanos, "1.709683198123456789E18"),
        ] {
            assert_eq!(read(TimeText::Epoch(unit), text).unwrap(), "2024-03-05T23:59:58.123456Z", "{text}");
        }
        for text in ["1.709683198e9", "1.709683198E18"] {
            assert_eq!(read(TimeText::IsoOrUnix, text).unwrap(), "2024-03-05T23:59:58Z", "{text}");
        }
        for bad in ["1.7e", "1.7e9x", "e9", "-1.7e9", "1.7e99", "1.7e9e1", "1..7e9"] {
            assert_eq!(read(TimeText::Epoch(Unit::Seconds), bad), None, "{bad}");
        }
        for bad in ["", "-1", "99999999999999999999", "300000000000"] {
            assert_eq!(read(TimeText::Epoch(Unit::Seconds), bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_and_seconds_are_told_by_their_dividers() {
        let text = TimeText::Utc(Box::new(TimeText::UnixOrDate));
        for (time, want) in [
            ("1709683198.1234567", "2024-03-05T23:59:58.123456Z"),
            ("1.7096831985e9", "2024-03-05T23:59:58.5Z"),
            ("2024-03-05T23:59:58.123Z", "2024-03-05T23:59:58.123Z"),
            ("2024-03-05T23:59:58.123+0100", "2024-03-05T22:59:58.123Z"),
            ("2024-03-05T23:59:58.123456789-03:30", "2024-03-06T03:29:58.123456Z"),
            ("05/Mar/2024:23:59:58 +0100", "2024-03-05T22:59:58Z"),
            ("2024/03/05 23:59:58", "2024-03-05T23:59:58Z"),
            ("2024/03/05 23:59:58.123", "2024-03-05T23:59:58.123Z"),
            ("2024/03/05 23:59:58.123456789", "2024-03-05T23:59:58.123456Z"),
        ] {
            assert_eq!(read(text.clone(), time).as_deref(), Some(want), "{time}");
        }
        for bad in [
            "2024/03-05 23:59:58",
            "2024/03/05",
            "2024/02/30 00:00:00",
            "1709683198123456789",
            "2024/03/05 23:59:58.1234567891",
            "",
            "x",
        ] {
            assert_eq!(read(text.clone(), bad), None, "{bad}");
        }
    }

    #[test]
    fn apache_patterns() {
        use TimeToken::*;
        let lit = |s: &str| Literal(s.as_bytes().to_vec());
        let tokens = vec![
            Day,
            lit("/"),
            MonthName,
            lit("/"),
            Year,
            lit(" "),
            Hour,
            lit(":"),
            Minute,
            lit(":"),
            Second,
            lit("."),
            Fraction(3),
            lit(" "),
            Offset,
        ];
        assert_eq!(read(TimeText::Pattern(tokens), "05/Mar/2024 23:59:58.007 +0100").unwrap(), "2024-03-05T22:59:58.007Z");
        let tokens = vec![Epoch(Unit::Seconds), lit("."), Fraction(6)];
        assert_eq!(read(TimeText::Pattern(tokens), "1709683198.000123").unwrap(), "2024-03-05T23:59:58.000123Z");
        let tokens = vec![
            Weekday,
            lit(" "),
            MonthName,
            lit(" "),
            Day,
            lit(" "),
            Hour12,
            lit(":"),
            Minute,
            lit(" "),
            AmPm,
            lit(" "),
            Year,
            lit(" "),
            ZoneName,
        ];
        assert_eq!(read(TimeText::Pattern(tokens), "Tue March  5 12:30 am 2024 UTC").unwrap(), "2024-03-05T00:30:00Z");
        assert_eq!(
            read(TimeText::Pattern(vec![Year, lit("."), DayOfYear, Offset]), "2024.060Z").unwrap(),
            "2024-02-29T00:00:00Z"
        );
    }
}
