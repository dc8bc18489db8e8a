//! Exclusions: agreed stretches of time that no budget pays for, once or recurring.
//!
//! A recurring one follows RFC 5545: its first occurrence is `DTSTART` on the clock of its zone, its rule is an `RRULE`, and every
//! occurrence is as long as the first.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rrule::RRuleSet;

use crate::error::{Error, ErrorKind, Result};
use crate::time::{Instant, MICROS_PER_SECOND};

/// Occurrences of one rule that are looked at, from its first one on: an hourly one for eleven years.
pub const OCCURRENCES_MAX: usize = 100_000;

/// A stretch of time, `[start, end)`, that counts for nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exclusion {
    /// First instant of the (first) stretch.
    pub start: Instant,
    /// The instant after it.
    pub end: Instant,
    /// When it comes again.
    pub recurrence: Option<Recurrence>,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub author: String,
}

/// When an exclusion comes again.
#[derive(Clone, PartialEq, Debug)]
pub struct Recurrence {
    /// The rule (`FREQ=WEEKLY;BYDAY=SU`), without `RRULE:`.
    pub rule: String,
    /// The zone by whose clock it recurs.
    pub zone: String,
    set: RRuleSet,
}

impl Eq for Recurrence {}

impl Recurrence {
    /// A rule whose first occurrence is `start`, by the clock of `zone`.
    ///
    /// # Errors
    /// A sentence: an unknown zone, a rule that is none.
    pub fn new(rule: &str, start: Instant, zone: &str) -> std::result::Result<Self, String> {
        let clock = time_zone(zone)?;
        let rule = rule.trim().strip_prefix("RRULE:").unwrap_or(rule.trim()).to_owned();
        if rule.contains(['\n', '\r']) {
            return Err("a recurrence is one rule on one line, as in FREQ=WEEKLY;BYDAY=SU".to_owned());
        }
        if let Some(until) =
            rule.split(';').find_map(|part| part.trim().strip_prefix("UNTIL=")).filter(|until| !until.ends_with('Z'))
        {
            let day = until.split('T').next().unwrap_or_default();
            return Err(format!("`UNTIL={until}` is not in UTC, as RFC 5545 asks for: write UNTIL={day}T235959Z, say"));
        }
        let first = jiff::Timestamp::from_microsecond(start.micros()).map_err(|_| "its start is out of range".to_owned())?;
        let first = clock.to_datetime(first).strftime("%Y%m%dT%H%M%S").to_string();
        let start = if zone == "UTC" { format!("DTSTART:{first}Z") } else { format!("DTSTART;TZID={zone}:{first}") };
        let set = format!("{start}\nRRULE:{rule}").parse::<RRuleSet>();
        // Their message repeats itself line by line; the first says what it is.
        let set = set
            .map_err(|error| format!("`{rule}` is not a recurrence: {}", error.to_string().lines().next().unwrap_or_default()))?;
        Recurrence { rule, zone: zone.to_owned(), set: set.limit() }.checked()
    }

    /// Refuses a rule that cannot be meant.
    fn checked(self) -> std::result::Result<Self, String> {
        let says = |part: &str| self.rule.split(';').any(|one| one.trim().eq_ignore_ascii_case(part));
        if says("FREQ=SECONDLY") {
            return Err(format!("`{}` recurs every second or so, which leaves nothing: whole slices are excluded", self.rule));
        }
        if self.first().is_none() {
            return Err(format!("`{}` never occurs", self.rule));
        }
        Ok(self)
    }

    /// Its first occurrence.
    pub fn first(&self) -> Option<Instant> {
        self.set.into_iter().next().map(|date| instant_of(date.timestamp()))
    }
}

impl fmt::Display for Exclusion {
    /// `2026-11-01T02:00:00Z to 2026-11-01T04:00:00Z: database move (ana)`, and the rule where it recurs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}: {}", self.start, self.end, self.why())
    }
}

impl fmt::Display for Recurrence {
    /// `FREQ=WEEKLY;BYDAY=SU (Europe/Berlin)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.rule, self.zone)
    }
}

impl Exclusion {
    /// Why, who says so, and when it comes again: `upkeep (night crew), FREQ=WEEKLY;BYDAY=SU (Europe/Berlin)`.
    pub fn why(&self) -> String {
        let rule = self.recurrence.as_ref().map_or(String::new(), |recurrence| format!(", {recurrence}"));
        format!("{} ({}){rule}", self.reason, self.author)
    }

    /// Every occurrence that overlaps `[from, to)`, ascending by start.
    ///
    /// # Errors
    /// A rule with more than [`OCCURRENCES_MAX`] occurrences before `to`.
    pub fn occurrences(&self, from: Instant, to: Instant) -> Result<Vec<(Instant, Instant)>> {
        let overlaps = |&(start, end): &(Instant, Instant)| start < to && end > from;
        let Some(recurrence) = &self.recurrence else {
            return Ok(Some((self.start, self.end)).filter(overlaps).into_iter().collect());
        };
        let length = self.end.micros() - self.start.micros();
        let mut found = Vec::new();
        for (seen, date) in recurrence.set.into_iter().enumerate() {
            let start = instant_of(date.timestamp());
            if start >= to {
                break;
            }
            if seen == OCCURRENCES_MAX {
                return Err(self.too_many());
            }
            found.extend(Some((start, Instant::from_micros(start.micros().saturating_add(length)))).filter(overlaps));
        }
        Ok(found)
    }

    #[cold]
    fn too_many(&self) -> Error {
        let error = format!("the exclusion for `{}` recurs more than {OCCURRENCES_MAX} times", self.reason);
        Error::new(ErrorKind::Limit, error).hint("begin it later, or let it recur less often")
    }
}

/// An occurrence: a rule knows whole seconds.
fn instant_of(seconds: i64) -> Instant {
    Instant::from_micros(seconds.saturating_mul(MICROS_PER_SECOND))
}

/// Parses the time of an exclusion: RFC 3339, or a date and time by the clock of `zone`.
pub(super) fn instant(text: &str, zone: &str) -> std::result::Result<Instant, String> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(Instant::from_micros(timestamp.as_microsecond()));
    }
    let civil = civil(text)?;
    let timestamp = time_zone(zone)?.to_timestamp(civil).map_err(|_| format!("`{text}` is out of range"))?;
    Ok(Instant::from_micros(timestamp.as_microsecond()))
}

/// Parses a date, or a date and time, without zone.
pub(super) fn civil(text: &str) -> std::result::Result<DateTime, String> {
    text.parse().map_err(|_| format!("`{text}` is not a date and time: write it like 2026-11-02 or 2026-11-02T09:30:00"))
}

fn time_zone(name: &str) -> std::result::Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("there is no time zone `{name}`: write an IANA name, such as Europe/Berlin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn exclusion(start: &str, hours: i64, rule: Option<&str>, zone: &str) -> Exclusion {
        let start = instant(start, zone).unwrap();
        let end = Instant::from_micros(start.micros() + hours * 3_600_000_000);
        let recurrence = rule.map(|rule| Recurrence::new(rule, start, zone).unwrap());
        Exclusion { start, end, recurrence, reason: "upkeep".into(), author: "ana".into() }
    }

    fn starts(exclusion: &Exclusion, from: &str, to: &str) -> Vec<String> {
        exclusion.occurrences(at(from), at(to)).unwrap().iter().map(|(start, _)| start.to_string()).collect()
    }

    #[test]
    fn one_that_does_not_recur_overlaps_or_does_not() {
        let one = exclusion("2026-11-01T02:00", 2, None, "Europe/Berlin");
        assert_eq!(one.start, at("2026-11-01T01:00:00Z"));
        assert_eq!(starts(&one, "2026-11-01T02:59:00Z", "2026-11-02"), ["2026-11-01T01:00:00Z"]);
        assert!(starts(&one, "2026-11-01T03:00:00Z", "2026-11-02").is_empty());
        assert!(starts(&one, "2026-10-01", "2026-11-01T01:00:00Z").is_empty());
    }

    #[test]
    fn a_rule_follows_the_clock_of_its_zone() {
        let weekly = exclusion("2026-10-11T02:30", 1, Some("FREQ=WEEKLY;BYDAY=SU;COUNT=4"), "Europe/Berlin");
        let want = ["2026-10-11T00:30:00Z", "2026-10-18T00:30:00Z", "2026-10-25T00:30:00Z", "2026-11-01T01:30:00Z"];
        assert_eq!(starts(&weekly, "2026-01-01", "2027-01-01"), want);
        assert_eq!(starts(&weekly, "2026-10-18T01:00:00Z", "2026-10-30"), want[1..3]);
        let last = exclusion("2026-01-30", 24, Some("RRULE:FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20260401T000000Z"), "UTC");
        assert_eq!(
            starts(&last, "2026-01-01", "2027-01-01"),
            ["2026-01-30T00:00:00Z", "2026-02-27T00:00:00Z", "2026-03-27T00:00:00Z"]
        );
    }

    #[test]
    fn what_is_no_rule_says_why() {
        let new = |rule, zone| Recurrence::new(rule, at("2026-01-01"), zone).unwrap_err();
        assert!(new("FREQ=SOMETIMES", "UTC").starts_with("`FREQ=SOMETIMES` is not a recurrence: "));
        assert!(
            new("FREQ=DAILY;UNTIL=20261027", "Europe/Berlin")
                .contains("is not in UTC, as RFC 5545 asks for: write UNTIL=20261027T235959Z")
        );
        assert!(new("FREQ=DAILY\nEXDATE:20260101", "UTC").contains("one line"));
        assert!(new("FREQ=DAILY", "Mars/Olympus").contains("no time zone"));
        assert!(instant("soon", "UTC").unwrap_err().contains("not a date and time"));
    }

    #[test]
    fn a_rule_without_end_is_bounded() {
        let every_minute = exclusion("2026-01-01", 1, Some("FREQ=MINUTELY"), "UTC");
        let error = every_minute.occurrences(at("2026-06-01"), at("2026-06-02")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
    }

    #[test]
    fn a_rule_that_cannot_be_meant_is_refused() {
        let new = |rule| Recurrence::new(rule, at("2026-01-01"), "UTC").unwrap_err();
        // The 30th of February never comes.
        for never in ["FREQ=DAILY;COUNT=0", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"] {
            assert_eq!(new(never), format!("`{never}` never occurs"));
        }
        assert!(new("FREQ=SECONDLY;COUNT=5").contains("leaves nothing"));
    }
}
