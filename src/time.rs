//! Instants, slices and lengths of time. All arithmetic is in whole microseconds since 1970 UTC; the wall clock is never asked.

use std::fmt;

/// Microseconds in a second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;
/// Seconds in a day.
pub const SECONDS_PER_DAY: i64 = 86_400;

/// Slices and steps are anchored here: Monday 1970-01-05 00:00 UTC, so that weeks begin on Mondays.
pub const ANCHOR: Instant = Instant::from_micros(4 * SECONDS_PER_DAY * MICROS_PER_SECOND);

/// A point in event time, in microseconds since 1970-01-01 UTC. Finer digits of a log are floored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// From microseconds since 1970 UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Instant(micros)
    }

    /// From whole seconds since 1970 UTC. `seconds` stays within ± 9.2 × 10¹² in every caller (year 9999 is 2.5 × 10¹¹).
    pub const fn from_seconds(seconds: i64) -> Self {
        Instant(seconds * MICROS_PER_SECOND)
    }

    /// Microseconds since 1970 UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This instant moved by `micros`, or none beyond the range of the type.
    pub fn checked_add_micros(self, micros: i64) -> Option<Self> {
        self.0.checked_add(micros).map(Instant)
    }

    /// From a civil date and time in UTC: the proleptic Gregorian calendar, month 1 to 12. The fields are not checked here.
    pub const fn from_civil(year: i64, month: i64, day: i64, second_of_day: i64) -> Self {
        Instant::from_seconds(days_from_civil(year, month, day) * SECONDS_PER_DAY + second_of_day)
    }

    /// Parses RFC 3339, or a date alone (`2026-11-01`, midnight UTC), as users write it in options.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(t) = text.parse::<jiff::Timestamp>() {
            return Some(Instant(t.as_microsecond()));
        }
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        let t = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Instant(t.timestamp().as_microsecond()))
    }
}

/// Days from 1970-01-01 to a civil date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

impl fmt::Display for Instant {
    /// RFC 3339 in UTC, with as many decimals as are needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(t) => write!(f, "{t}"),
            // Its last day is that of the last year in every zone.
            Err(_) => match jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0).checked_add(jiff::SignedDuration::from_micros(self.0)) {
                Ok(civil) => write!(f, "{civil}Z"),
                Err(_) => write!(f, "{} µs after 1970", self.0),
            },
        }
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A length of time in whole seconds, remembered as it was written (`28d`, `5m`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Length {
    seconds: i64,
    text: String,
}

impl Length {
    /// Parses a whole positive number and a unit: `s`, `m` (minutes), `h`, `d`, `w`, `M` (30 d), `Q` (90 d), `Y` (365 d).
    ///
    /// The error is a sentence that names the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let unit = match &text[digits..] {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => SECONDS_PER_DAY,
            "w" => 7 * SECONDS_PER_DAY,
            "M" => 30 * SECONDS_PER_DAY,
            "Q" => 90 * SECONDS_PER_DAY,
            "Y" => 365 * SECONDS_PER_DAY,
            _ => return Err(format!("`{text}` is not a length of time: write a number and one of s m h d w M Q Y, as in 28d")),
        };
        let number: i64 =
            text[..digits].parse().map_err(|_| format!("`{text}` is not a length of time: it needs a number, as in 28d"))?;
        if number == 0 {
            return Err(format!("`{text}` is empty: a length of time must be longer than zero"));
        }
        // 1,000 years is beyond any compliance period and far below the range of the type.
        match number.checked_mul(unit).filter(|&s| s <= 1_000 * 365 * SECONDS_PER_DAY) {
            Some(seconds) => Ok(Length { seconds, text: text.to_owned() }),
            None => Err(format!("`{text}` is longer than 1,000 years")),
        }
    }

    /// Whole seconds.
    pub fn seconds(&self) -> i64 {
        self.seconds
    }

    /// Microseconds.
    pub fn micros(&self) -> i64 {
        self.seconds * MICROS_PER_SECOND
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Number of a slice: `[ANCHOR + n × width, ANCHOR + (n + 1) × width)`.
pub type SliceNumber = i64;

/// The grid of slices: half-open buckets of one width, anchored at [`ANCHOR`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Slices {
    width_micros: i64,
}

impl Slices {
    /// A grid of slices of `width` seconds (1 s to 1 d).
    pub fn of_seconds(width: i64) -> Option<Self> {
        (1..=SECONDS_PER_DAY).contains(&width).then_some(Slices { width_micros: width * MICROS_PER_SECOND })
    }

    /// Width in microseconds.
    pub const fn width_micros(self) -> i64 {
        self.width_micros
    }

    /// Width in seconds.
    pub const fn width_seconds(self) -> i64 {
        self.width_micros / MICROS_PER_SECOND
    }

    /// The slice that holds `t`.
    pub fn number(self, t: Instant) -> SliceNumber {
        (t.micros() - ANCHOR.micros()).div_euclid(self.width_micros)
    }

    /// The first instant of slice `n`.
    pub fn start(self, n: SliceNumber) -> Instant {
        Instant::from_micros(ANCHOR.micros() + n * self.width_micros)
    }

    /// The first instant after slice `n`.
    pub fn end(self, n: SliceNumber) -> Instant {
        self.start(n + 1)
    }

    /// Whether `t` is a boundary of the grid.
    pub fn is_boundary(self, t: Instant) -> bool {
        (t.micros() - ANCHOR.micros()).rem_euclid(self.width_micros) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_dates_agree_with_jiff() {
        for (y, m, d) in [(1970, 1, 1), (2000, 2, 29), (2026, 11, 1), (1969, 12, 31), (9999, 12, 30), (1600, 3, 1)] {
            let want = jiff::tz::TimeZone::UTC.to_timestamp(jiff::civil::date(y, m, d).at(0, 0, 0, 0)).unwrap().as_microsecond();
            assert_eq!(Instant::from_civil(y.into(), m.into(), d.into(), 0).micros(), want, "{y}-{m}-{d}");
        }
    }

    #[test]
    fn every_instant_of_four_digit_years_is_shown_as_a_date() {
        let shown = |micros| Instant::from_micros(micros).to_string();
        assert_eq!(shown(253_402_300_799_999_999), "9999-12-31T23:59:59.999999Z");
        assert_eq!(shown(253_402_300_799_000_000), "9999-12-31T23:59:59Z");
        assert_eq!(shown(253_402_300_800_000_000), "253402300800000000 µs after 1970");
    }

    #[test]
    fn slices_are_half_open_and_begin_on_mondays() {
        let week = Slices::of_seconds(SECONDS_PER_DAY).unwrap();
        assert_eq!(week.start(0), ANCHOR);
        let minute = Slices::of_seconds(60).unwrap();
        let n = minute.number(Instant::from_seconds(1_793_491_259));
        assert_eq!(minute.start(n), Instant::from_seconds(1_793_491_200));
        assert_eq!(minute.number(minute.end(n)), n + 1);
        assert_eq!(minute.number(Instant::from_micros(minute.end(n).micros() - 1)), n);
        assert_eq!(minute.number(Instant::from_micros(ANCHOR.micros() - 1)), -1);
    }

    #[test]
    fn lengths_keep_their_text() {
        assert_eq!(Length::parse("28d").unwrap().seconds(), 28 * SECONDS_PER_DAY);
        assert_eq!(Length::parse("4w").unwrap().text(), "4w");
        for bad in ["", "d", "0d", "28", "28 d", "-1d", "1.5h", "99999999999999999999d", "5000Y", "1é"] {
            assert!(Length::parse(bad).is_err(), "{bad}");
        }
    }
}
