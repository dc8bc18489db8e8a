//! Timestamps that tokens spell, one after another.

use super::{
    MINUTE_SECONDS, TimeRead, days_in_month, digits, fraction_micros, minute_seconds, month_name, offset_seconds, read_epoch,
    second_micros,
};
use crate::format::zone::Zone;
use crate::format::{TimeToken, Unit};
use crate::time::{Instant, MICROS_PER_SECOND};

/// What the tokens of a pattern have given so far.
#[derive(Default)]
struct Civil {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    afternoon: Option<bool>,
    minute: i64,
    second_micros: i64,
    fraction_micros: i64,
    offset: Option<i64>,
    epoch_micros: Option<i64>,
}

/// Where the second stands in a text that was read by these tokens.
pub(super) fn second_of_pattern(tokens: &[TimeToken], text: &[u8]) -> Option<usize> {
    let (mut civil, mut at) = (Civil::default(), 0);
    for token in tokens.iter().take_while(|token| **token != TimeToken::Second) {
        at += read_token(token, text.get(at..)?, &mut civil)?;
    }
    Some(at)
}

pub(super) fn read_pattern(tokens: &[TimeToken], bytes: &[u8], zone: &mut Zone) -> TimeRead {
    let mut civil = Civil::default();
    let mut at = 0;
    for token in tokens {
        match read_token(token, &bytes[at..], &mut civil) {
            Some(length) => at += length,
            None => return TimeRead::Bad,
        }
    }
    civil.instant(zone, at)
}

/// Reads one token at the beginning of `bytes` into `civil`; the length of its text.
fn read_token(token: &TimeToken, bytes: &[u8], civil: &mut Civil) -> Option<usize> {
    match token {
        TimeToken::Literal(text) => bytes.starts_with(text).then_some(text.len()),
        TimeToken::Day => up_to_two(bytes, &mut civil.day),
        TimeToken::Month => up_to_two(bytes, &mut civil.month),
        TimeToken::MonthName => month_name(bytes).map(|(month, length)| {
            civil.month = Some(month);
            length
        }),
        TimeToken::Year => fixed(bytes, 4).map(|y| {
            civil.year = Some(y);
            4
        }),
        TimeToken::YearOfCentury => fixed(bytes, 2).map(|y| {
            civil.year = Some(if y < 69 { 2_000 + y } else { 1_900 + y });
            2
        }),
        TimeToken::DayOfYear => fixed(bytes, 3).map(|d| {
            civil.day_of_year = Some(d);
            3
        }),
        TimeToken::Weekday => Some(bytes.iter().take_while(|b| b.is_ascii_alphabetic()).count()).filter(|&n| n >= 3),
        _ => read_clock_token(token, bytes, civil),
    }
}

/// The tokens of the time of day, of the zone, and of epochs.
fn read_clock_token(token: &TimeToken, bytes: &[u8], civil: &mut Civil) -> Option<usize> {
    match token {
        TimeToken::Hour | TimeToken::Hour12 => {
            let mut hour = None;
            let length = up_to_two(bytes, &mut hour)?;
            civil.hour = hour.filter(|&h| h < 24)?;
            Some(length)
        }
        TimeToken::AmPm => {
            let text = bytes.get(..2)?;
            civil.afternoon = Some(text.eq_ignore_ascii_case(b"pm"));
            (text.eq_ignore_ascii_case(b"am") || text.eq_ignore_ascii_case(b"pm")).then_some(2)
        }
        TimeToken::Minute => {
            civil.minute = fixed(bytes, 2).filter(|&m| m < 60)?;
            Some(2)
        }
        TimeToken::Second => {
            civil.second_micros = second_micros(*bytes.first()?, *bytes.get(1)?)?;
            Some(2)
        }
        TimeToken::Fraction(digits) => {
            let (micros, length) = fraction_micros(&bytes[..bytes.len().min(usize::from(*digits))])?;
            civil.fraction_micros = micros;
            Some(length)
        }
        TimeToken::Offset => offset_seconds(bytes).map(|(seconds, length)| {
            civil.offset = Some(seconds);
            length
        }),
        TimeToken::ZoneName => {
            let length = bytes.iter().take_while(|b| b.is_ascii_alphabetic()).count();
            if matches!(&bytes[..length], b"UTC" | b"GMT" | b"Z") {
                civil.offset = Some(0);
            }
            (length > 0).then_some(length)
        }
        TimeToken::EpochSeconds => epoch_token(bytes, Unit::Seconds, civil),
        TimeToken::Epoch(unit) => epoch_token(bytes, *unit, civil),
        _ => None,
    }
}

fn epoch_token(bytes: &[u8], unit: Unit, civil: &mut Civil) -> Option<usize> {
    let length = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    match read_epoch(&bytes[..length], unit) {
        TimeRead::At(t, length) => {
            civil.epoch_micros = Some(t.micros());
            Some(length)
        }
        _ => None,
    }
}

/// One or two digits; a blank may stand for the first.
fn up_to_two(bytes: &[u8], into: &mut Option<i64>) -> Option<usize> {
    let (text, length) = match bytes {
        [b' ', b, ..] => (std::slice::from_ref(b), 2),
        [_, b, ..] if b.is_ascii_digit() => (&bytes[..2], 2),
        [_, ..] => (&bytes[..1], 1),
        [] => return None,
    };
    *into = Some(digits(text)?);
    Some(length)
}

/// Exactly `count` digits.
fn fixed(bytes: &[u8], count: usize) -> Option<i64> {
    digits(bytes.get(..count)?)
}

impl Civil {
    fn instant(self, zone: &mut Zone, length: usize) -> TimeRead {
        if let Some(micros) = self.epoch_micros {
            return TimeRead::At(Instant::from_micros(micros + self.fraction_micros), length);
        }
        let hour = match self.afternoon {
            Some(true) => self.hour % 12 + 12,
            Some(false) => self.hour % 12,
            None => self.hour,
        };
        let Some(year) = self.year else { return TimeRead::Bad };
        let (month, day) = match (self.month, self.day, self.day_of_year) {
            (Some(month), Some(day), _) => (month, day),
            (_, _, Some(day)) => match month_and_day(year, day) {
                Some(date) => date,
                None => return TimeRead::Bad,
            },
            _ => return TimeRead::Bad,
        };
        let Some(minute) = minute_seconds(year, month, day, hour, self.minute) else { return TimeRead::Bad };
        let within = (self.second_micros + self.fraction_micros).min(MINUTE_SECONDS * MICROS_PER_SECOND - 1);
        let micros = minute * MICROS_PER_SECOND + within;
        match self.offset {
            Some(offset) => {
                zone.forget();
                TimeRead::At(Instant::from_micros(micros - offset * MICROS_PER_SECOND), length)
            }
            None => zone.read(micros, length),
        }
    }
}

fn month_and_day(year: i64, day_of_year: i64) -> Option<(i64, i64)> {
    let mut day = day_of_year;
    for month in 1..=12 {
        if (1..=days_in_month(year, month)).contains(&day) {
            return Some((month, day));
        }
        day -= days_in_month(year, month);
    }
    None
}
