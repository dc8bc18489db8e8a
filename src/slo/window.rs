//! Compliance periods: rolling ones, which end at the moment of evaluation, and calendar ones, which tile time.
//!
//! A calendar period begins at `start + n × length` on the clock of a zone, for every whole n. Days, weeks and months are
//! added on that clock (a day may have 23 or 25 hours), hours are added in real time. A day of the month that a month lacks
//! is its last one, counted from `start` each time, so that a start on the 31st comes back to the 31st. A start that the
//! clock skips is moved on by what is skipped, one that it shows twice the first of both. Each period ends where the next one
//! begins, so they neither overlap nor leave a gap.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use crate::error::{Error, ErrorKind, Result};
use crate::time::{Instant, Length};

/// A compliance period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Window {
    /// The given length, ending at the moment of evaluation.
    Rolling(Length),
    /// The period of a calendar that holds the moment of evaluation.
    Calendar(Calendar),
}

/// A calendar period: its length, where one of them begins, and by which clock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Calendar {
    length: Length,
    stride: Stride,
    start: DateTime,
    zone: TimeZone,
    zone_name: String,
    text: String,
}

/// What is added to come from one period to the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stride {
    /// Real time.
    Seconds(i64),
    /// Days of the clock.
    Days(i64),
    /// Months of the clock.
    Months(i64),
}

impl Window {
    /// As it is written: `28d`, and `calendar 1M` for calendar months.
    pub fn text(&self) -> &str {
        match self {
            Window::Rolling(length) => length.text(),
            Window::Calendar(calendar) => &calendar.text,
        }
    }

    /// Its length in seconds; of a calendar period the nominal one (a month is 30 days, a quarter 90, a year 365).
    pub fn seconds(&self) -> i64 {
        match self {
            Window::Rolling(length) => length.seconds(),
            Window::Calendar(calendar) => calendar.length.seconds(),
        }
    }
}

impl Calendar {
    /// The shortest calendar period: there is one boundary in memory for each.
    pub const SECONDS_MIN: i64 = 3_600;
    /// The zone where none is named.
    pub const ZONE_DEFAULT: &'static str = "UTC";

    /// Periods of `length`, one of which begins at `start` on the clock of `zone` (an IANA name; without: UTC). Without a start,
    /// weeks begin on Mondays, and days, months, quarters and years with those of the calendar.
    ///
    /// # Errors
    /// A sentence: a period below an hour, a zone that is not known.
    pub fn new(length: Length, start: Option<DateTime>, zone: Option<&str>) -> std::result::Result<Self, String> {
        if length.seconds() < Self::SECONDS_MIN {
            return Err(format!("a calendar period of {length} is too short: it is at least 1h"));
        }
        let zone_name = zone.unwrap_or(Self::ZONE_DEFAULT).to_owned();
        let zone = TimeZone::get(&zone_name)
            .map_err(|_| format!("there is no time zone `{zone_name}`: write an IANA name, such as Europe/Berlin"))?;
        let stride = Stride::of(&length);
        let start = start.unwrap_or_else(|| default_start(&length));
        let text = format!("calendar {length}");
        Ok(Calendar { length, stride, start, zone, zone_name, text })
    }

    /// The length of a period.
    pub fn length(&self) -> &Length {
        &self.length
    }

    /// What one of the periods is called in messages.
    pub fn noun(&self) -> String {
        format!("window `{}`", self.text)
    }

    /// Where one of the periods begins, on the clock of the zone.
    pub fn start(&self) -> DateTime {
        self.start
    }

    /// Whether periods begin where they would without a start of their own.
    pub fn starts_by_default(&self) -> bool {
        self.start == default_start(&self.length)
    }

    /// The name of the zone.
    pub fn zone_name(&self) -> &str {
        &self.zone_name
    }

    /// The period that holds `t`: its first instant, and the instant after it.
    ///
    /// # Errors
    /// Beyond the years −9999 to 9999.
    pub fn period_of(&self, t: Instant) -> Result<(Instant, Instant)> {
        let n = self.number_of(t)?;
        Ok((self.start_of(n)?, self.start_of(n + 1)?))
    }

    /// The starts of all periods from the one that holds `first` to the one after that which holds `last`, ascending.
    ///
    /// # Errors
    /// Beyond the years −9999 to 9999.
    pub fn boundaries(&self, first: Instant, last: Instant) -> Result<Vec<Instant>> {
        let mut n = self.number_of(first)?;
        let mut starts = vec![self.start_of(n)?];
        while starts.last().is_some_and(|&start| start <= last) {
            n += 1;
            let start = self.start_of(n)?;
            // A day that the clock skips altogether (a move of the date line) is no period.
            if starts.last() != Some(&start) {
                starts.push(start);
            }
        }
        Ok(starts)
    }

    /// The number of the period that holds `t`: guessed from the calendar, then put right, since the clock may jump.
    fn number_of(&self, t: Instant) -> Result<i64> {
        let mut n = self.guess(t)?;
        while self.start_of(n)? > t {
            n -= 1;
        }
        while self.start_of(n + 1)? <= t {
            n += 1;
        }
        Ok(n)
    }

    fn guess(&self, t: Instant) -> Result<i64> {
        let timestamp = jiff::Timestamp::from_microsecond(t.micros()).map_err(|_| out_of_range())?;
        let local = self.zone.to_datetime(timestamp);
        let months = |d: DateTime| i64::from(d.year()) * 12 + i64::from(d.month());
        Ok(match self.stride {
            Stride::Seconds(seconds) => (t.micros() - self.instant(self.start)?.micros()).div_euclid(seconds * 1_000_000),
            Stride::Days(days) => {
                let between = self.start.date().until(local.date()).map_err(|_| out_of_range())?;
                i64::from(between.get_days()).div_euclid(days)
            }
            Stride::Months(n) => (months(local) - months(self.start)).div_euclid(n),
        })
    }

    /// The first instant of period `n`.
    fn start_of(&self, n: i64) -> Result<Instant> {
        let times = |stride: i64| n.checked_mul(stride).ok_or_else(out_of_range);
        let moved = |span: Result<Span, jiff::Error>| {
            let moved = span.and_then(|span| self.start.checked_add(span)).map_err(|_| out_of_range())?;
            self.instant(moved)
        };
        match self.stride {
            Stride::Seconds(seconds) => {
                let micros = times(seconds)?.checked_mul(1_000_000).ok_or_else(out_of_range)?;
                self.instant(self.start)?.checked_add_micros(micros).ok_or_else(out_of_range)
            }
            Stride::Days(days) => moved(Span::new().try_days(times(days)?)),
            Stride::Months(months) => moved(Span::new().try_months(times(months)?)),
        }
    }

    fn instant(&self, civil: DateTime) -> Result<Instant> {
        let timestamp = self.zone.to_timestamp(civil).map_err(|_| out_of_range())?;
        Ok(Instant::from_micros(timestamp.as_microsecond()))
    }
}

impl Stride {
    fn of(length: &Length) -> Stride {
        let digits = length.text().trim_end_matches(|c: char| !c.is_ascii_digit());
        // A length has been parsed, so its number fits.
        let number: i64 = digits.parse().unwrap_or(1);
        match length.text().as_bytes().last() {
            Some(b'd') => Stride::Days(number),
            Some(b'w') => Stride::Days(7 * number),
            Some(b'M') => Stride::Months(number),
            Some(b'Q') => Stride::Months(3 * number),
            Some(b'Y') => Stride::Months(12 * number),
            _ => Stride::Seconds(length.seconds()),
        }
    }
}

/// The first of January 1970, and for weeks the Monday after.
fn default_start(length: &Length) -> DateTime {
    let first = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
    if length.text().ends_with('w') { first.saturating_add(4.days()) } else { first }
}

#[cold]
fn out_of_range() -> Error {
    Error::new(ErrorKind::Overflow, "a calendar window lies beyond the years that a calendar has")
        .hint("an event of the log may be dated wrongly: --at, or a rolling window")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty zones: both hemispheres, half and quarter hours, a double shift, a skipped day, shifts at midnight, none at all.
    const ZONES: [&str; 20] = [
        "UTC",
        "Europe/Berlin",
        "Europe/London",
        "Europe/Dublin",
        "America/New_York",
        "America/Los_Angeles",
        "America/St_Johns",
        "America/Sao_Paulo",
        "America/Santiago",
        "America/Havana",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Asia/Tehran",
        "Asia/Tokyo",
        "Asia/Beirut",
        "Africa/Cairo",
        "Australia/Lord_Howe",
        "Australia/Sydney",
        "Pacific/Chatham",
        "Pacific/Apia",
    ];

    fn calendar(length: &str, start: Option<&str>, zone: &str) -> Calendar {
        Calendar::new(Length::parse(length).unwrap(), start.map(|s| s.parse().unwrap()), Some(zone)).unwrap()
    }

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn hours(calendar: &Calendar, t: &str) -> i64 {
        let (start, end) = calendar.period_of(at(t)).unwrap();
        (end.micros() - start.micros()) / 3_600_000_000
    }

    /// Over 2010 to 2013 and 2025 to 2027 (both changes of each year, and the day that Samoa skipped), every period ends where
    /// the next begins, and an instant is in the period that says so.
    #[test]
    fn calendar_windows_tile_time_in_twenty_zones() {
        for zone in ZONES {
            for (length, start) in [
                ("1d", None),
                ("1w", None),
                ("2w", Some("2011-01-12T09:30:00")),
                ("1M", Some("2010-01-31T00:00:00")),
                ("1Q", None),
                ("6h", None),
            ] {
                let calendar = calendar(length, start, zone);
                for (from, to) in
                    [("2010-12-01T00:00:00Z", "2012-12-01T00:00:00Z"), ("2025-12-01T00:00:00Z", "2027-02-01T00:00:00Z")]
                {
                    tiles(&calendar, at(from), at(to));
                }
            }
        }
    }

    fn tiles(calendar: &Calendar, from: Instant, to: Instant) {
        let boundaries = calendar.boundaries(from, to).unwrap();
        assert!(boundaries[0] <= from && boundaries[boundaries.len() - 2] <= to && *boundaries.last().unwrap() > to);
        for pair in boundaries.windows(2) {
            let (start, end) = (pair[0], pair[1]);
            assert!(start < end, "{calendar:?}");
            let middle = Instant::from_micros(start.micros() + (end.micros() - start.micros()) / 2);
            for t in [start, middle, Instant::from_micros(end.micros() - 1)] {
                assert_eq!(calendar.period_of(t).unwrap(), (start, end), "{t} in {calendar:?}");
            }
        }
    }

    #[test]
    fn days_of_clock_changes_have_23_and_25_hours() {
        let berlin = calendar("1d", None, "Europe/Berlin");
        assert_eq!((hours(&berlin, "2026-03-29T12:00:00Z"), hours(&berlin, "2026-10-25T12:00:00Z")), (23, 25));
        assert_eq!(hours(&berlin, "2026-11-01T12:00:00Z"), 24);
        // Half an hour on Lord Howe; a day of 1 h less in a week and a month.
        let lord_howe = calendar("1d", None, "Australia/Lord_Howe").period_of(at("2026-10-04T00:00:00Z")).unwrap();
        assert_eq!((lord_howe.1.micros() - lord_howe.0.micros()) / 60_000_000, 23 * 60 + 30);
        assert_eq!(hours(&calendar("1w", None, "Europe/Berlin"), "2026-03-29T12:00:00Z"), 7 * 24 - 1);
        assert_eq!(hours(&calendar("1M", None, "Europe/Berlin"), "2026-10-29T12:00:00Z"), 31 * 24 + 1);
        // Clocks of Beirut go from 23:59 to 01:00: the day begins at one.
        let beirut = calendar("1d", None, "Asia/Beirut").period_of(at("2026-03-29T12:00:00Z")).unwrap();
        assert_eq!(beirut, (at("2026-03-28T22:00:00Z"), at("2026-03-29T21:00:00Z")));
    }

    #[test]
    fn months_are_clamped_and_come_back() {
        let month = calendar("1M", Some("2026-01-31T00:00:00"), "UTC");
        let starts = month.boundaries(at("2026-02-01T00:00:00Z"), at("2026-05-01T00:00:00Z")).unwrap();
        let days: Vec<String> = starts.iter().map(|s| s.to_string()[..10].to_owned()).collect();
        assert_eq!(days, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]);
    }

    #[test]
    fn periods_begin_on_mondays_and_firsts_or_where_they_are_told() {
        let start = |length, start, t| calendar(length, start, "UTC").period_of(at(t)).unwrap().0.to_string();
        assert_eq!(start("1w", None, "2026-11-22T23:59:59Z"), "2026-11-16T00:00:00Z");
        assert_eq!(start("1Q", None, "2026-11-22T23:59:59Z"), "2026-10-01T00:00:00Z");
        assert_eq!(start("1Y", None, "2026-11-22T23:59:59Z"), "2026-01-01T00:00:00Z");
        // A Sprint of two weeks, before and after its first one.
        assert_eq!(start("2w", Some("2026-11-11T09:00:00"), "2026-11-25T08:59:59Z"), "2026-11-11T09:00:00Z");
        assert_eq!(start("2w", Some("2026-11-11T09:00:00"), "2026-11-10T00:00:00Z"), "2026-10-28T09:00:00Z");
    }

    #[test]
    fn what_is_no_calendar_says_why() {
        let new = |length: &str, zone| Calendar::new(Length::parse(length).unwrap(), None, Some(zone)).unwrap_err();
        assert!(new("5m", "UTC").contains("at least 1h"));
        assert!(new("1M", "Europe/Atlantis").contains("no time zone `Europe/Atlantis`"));
        let far = calendar("1M", None, "UTC").period_of(Instant::from_micros(i64::MAX)).unwrap_err();
        assert_eq!(far.kind(), ErrorKind::Overflow);
    }
}
