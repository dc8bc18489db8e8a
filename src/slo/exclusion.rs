//! Exclusions: agreed stretches of time that no budget pays for, once or recurring.
//!
//! A recurring one follows RFC 5545: its first occurrence is `DTSTART` on the clock of its zone, its rule is an `RRULE`, and every
//! occurrence is as long as the first. Where the clock skips the time of one, it is moved on by as much (section 3.3.5 of RFC 5545);
//! where it shows it twice, the first counts.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rrule::RRuleSet;

use crate::error::{Error, ErrorKind, Result};
use crate::time::{Instant, MICROS_PER_SECOND, SECONDS_PER_DAY};

/// Occurrences of one rule that are looked at, from its first one on: an hourly one for eleven years.
pub const OCCURRENCES_MAX: usize = 100_000;

/// A zone's clock is put forward or back by less.
const SHIFT_MICROS: i64 = 2 * SECONDS_PER_DAY * MICROS_PER_SECOND;

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
    /// The rule as a clock on the wall counts, written as if that showed UTC: a time that the clock skips is found too.
    wall: RRuleSet,
    /// What tells the wall's times in UTC.
    clock: TimeZone,
    /// No occurrence starts after this.
    until: Option<Instant>,
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
        let first = local(&clock, start).ok_or("its start is out of range")?;
        // In its zone the rule shows whether it is one, and what it means by UNTIL.
        let zoned = if zone == "UTC" { format!(":{}Z", ical(first)) } else { format!(";TZID={zone}:{}", ical(first)) };
        let zoned = parse(&zoned, &rule)?;
        let until = zoned.get_rrule().iter().find_map(|rule| Some(instant_of(rule.get_until()?.timestamp())));
        let wall = parse(&format!(":{}Z", ical(first)), &on_the_wall(&rule, &clock, until))?;
        Recurrence { rule, zone: zone.to_owned(), wall: wall.limit(), clock, until }.checked()
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
        self.starts().next()
    }

    /// Where its occurrences start, in the order of the clock on the wall: by less than [`SHIFT_MICROS`] another than that of time.
    fn starts(&self) -> impl Iterator<Item = Instant> {
        let wall = self.wall.into_iter().map_while(|date| on_the_clock(&self.clock, instant_of(date.timestamp())));
        wall.filter(|&start| self.until.is_none_or(|until| start <= until))
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
        let last = Instant::from_micros(to.micros().saturating_add(SHIFT_MICROS));
        for (seen, start) in recurrence.starts().enumerate() {
            if start >= last {
                break;
            }
            if seen == OCCURRENCES_MAX {
                return Err(self.too_many());
            }
            found.extend(Some((start, Instant::from_micros(start.micros().saturating_add(length)))).filter(overlaps));
        }
        // Two times on the wall are one where the clock skips the first of them.
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    #[cold]
    fn too_many(&self) -> Error {
        let error = format!("the exclusion for `{}` recurs more than {OCCURRENCES_MAX} times", self.reason);
        Error::new(ErrorKind::Limit, error).hint("begin it later, or let it recur less often")
    }
}

/// Parses a rule that begins at a `DTSTART`, given with what follows the name.
fn parse(start: &str, rule: &str) -> std::result::Result<RRuleSet, String> {
    // Their message repeats itself line by line; the first says what it is.
    let no_rule = |error: rrule::RRuleError| {
        format!("`{rule}` is not a recurrence: {}", error.to_string().lines().next().unwrap_or_default())
    };
    format!("DTSTART{start}\nRRULE:{rule}").parse().map_err(no_rule)
}

/// The rule with its end on the wall. It may come later than meant, where the clock was put back; [`Recurrence::until`] decides.
fn on_the_wall(rule: &str, clock: &TimeZone, until: Option<Instant>) -> String {
    let late = until.map(|until| Instant::from_micros(until.micros().saturating_add(SHIFT_MICROS)));
    let until = late.and_then(|late| local(clock, late)).map(|late| format!("UNTIL={}Z", ical(late)));
    let is_until = |part: &&str| part.trim().get(..6).is_some_and(|name| name.eq_ignore_ascii_case("UNTIL="));
    let parts = rule.split(';').filter(|part| !is_until(part)).map(str::to_owned);
    parts.chain(until).collect::<Vec<_>>().join(";")
}

/// What the clock shows at an instant.
fn local(clock: &TimeZone, at: Instant) -> Option<DateTime> {
    jiff::Timestamp::from_microsecond(at.micros()).ok().map(|at| clock.to_datetime(at))
}

/// The instant at which the clock shows what UTC shows at `wall`: after a gap, and the first of two.
fn on_the_clock(clock: &TimeZone, wall: Instant) -> Option<Instant> {
    let shown = local(&TimeZone::UTC, wall)?;
    clock.to_timestamp(shown).ok().map(|at| Instant::from_micros(at.as_microsecond()))
}

fn ical(time: DateTime) -> String {
    time.strftime("%Y%m%dT%H%M%S").to_string()
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
    fn an_occurrence_that_the_clock_skips_or_shows_twice_is_there_once() {
        // In Santiago midnight itself is skipped on 2026-09-06; in Havana 00:30 comes twice on 2026-11-01.
        let nightly = |start, zone| exclusion(start, 1, Some("FREQ=DAILY;COUNT=3"), zone);
        let santiago = nightly("2026-09-05T00:10", "America/Santiago");
        let want = ["2026-09-05T04:10:00Z", "2026-09-06T04:10:00Z", "2026-09-07T03:10:00Z"];
        assert_eq!(starts(&santiago, "2026-01-01", "2027-01-01"), want);
        let havana = nightly("2026-10-31T00:30", "America/Havana");
        let want = ["2026-10-31T04:30:00Z", "2026-11-01T04:30:00Z", "2026-11-02T05:30:00Z"];
        assert_eq!(starts(&havana, "2026-01-01", "2027-01-01"), want);
        // 02:30 and 03:30 are one instant where the clock goes from 02:00 to 03:00. UNTIL holds by the instant.
        let until = |rule| exclusion("2026-03-29T01:30", 1, Some(rule), "Europe/Berlin");
        let hourly = until("FREQ=HOURLY;UNTIL=20260329T023000Z");
        let want = ["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"];
        assert_eq!(starts(&hourly, "2026-01-01", "2027-01-01"), want);
        assert_eq!(starts(&until("until=20260329T022959Z;FREQ=HOURLY"), "2026-01-01", "2027-01-01"), want[..2]);
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
