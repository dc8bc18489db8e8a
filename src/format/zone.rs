//! Local times: what instant a civil time is in a declared zone, and whether it is one at all.

use jiff::tz::{AmbiguousOffset, TimeZone};

use super::clock::TimeRead;
use crate::time::Instant;

/// How many times of a kind that no clock shows once a day: each is read, but may be an hour off.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Ambiguous {
    /// Local times that come twice, as summer time ends; the earlier instant was taken.
    pub folds: u64,
    /// Local times that never come, as summer time begins; the offset before it was taken.
    pub gaps: u64,
}

impl Ambiguous {
    /// Adds others.
    pub(super) fn add(&mut self, other: Ambiguous) {
        self.folds += other.folds;
        self.gaps += other.gaps;
    }
}

/// The zone of times that carry none.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    zone: Option<TimeZone>,
    /// Of the last local time: whether it is ambiguous.
    last: Ambiguous,
}

impl Zone {
    pub(super) fn new(zone: Option<TimeZone>) -> Self {
        Zone { zone, last: Ambiguous::default() }
    }

    /// A local time of `length` bytes. In a fold the earlier of the two instants is taken, in a gap the offset before it.
    pub(super) fn read(&mut self, local_micros: i64, length: usize) -> TimeRead {
        let Some(zone) = &self.zone else { return TimeRead::NoZone(length) };
        let civil = jiff::Timestamp::from_microsecond(local_micros).map(|time| TimeZone::UTC.to_datetime(time));
        let Ok(ambiguous) = civil.map(|civil| zone.to_ambiguous_timestamp(civil)) else { return TimeRead::Bad };
        self.last = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => Ambiguous::default(),
            AmbiguousOffset::Fold { .. } => Ambiguous { folds: 1, gaps: 0 },
            AmbiguousOffset::Gap { .. } => Ambiguous { folds: 0, gaps: 1 },
        };
        match ambiguous.compatible() {
            Ok(time) => TimeRead::At(Instant::from_micros(time.as_microsecond()), length),
            Err(_) => TimeRead::Bad,
        }
    }

    /// Whether all its times have one offset; a missing zone has no times.
    pub(super) fn is_fixed(&self) -> bool {
        self.zone.as_ref().is_none_or(|zone| zone.to_fixed_offset().is_ok())
    }

    /// The last time carried its offset.
    #[inline]
    pub(super) fn forget(&mut self) {
        self.last = Ambiguous::default();
    }

    /// Whether the last time that was read is one that comes twice or never.
    pub(super) fn last(&self) -> Ambiguous {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::TimeText;
    use crate::format::clock::TimeReader;

    #[test]
    fn folds_and_gaps_are_known_and_nothing_else() {
        let mut reader = TimeReader::new(&TimeText::Iso8601, Some(TimeZone::get("Europe/Berlin").unwrap()));
        let mut read = |text: &str| match reader.read(text.as_bytes()) {
            TimeRead::At(time, _) => (time.to_string(), (reader.ambiguous().folds, reader.ambiguous().gaps)),
            other => panic!("{other:?}"),
        };
        for (text, time, met) in [
            ("2026-10-25T01:59:59", "2026-10-24T23:59:59Z", (0, 0)),
            ("2026-10-25T02:00:00", "2026-10-25T00:00:00Z", (1, 0)),
            ("2026-10-25T02:59:59", "2026-10-25T00:59:59Z", (1, 0)),
            ("2026-10-25T03:00:00", "2026-10-25T02:00:00Z", (0, 0)),
            ("2026-03-29T02:30:00", "2026-03-29T01:30:00Z", (0, 1)),
            ("2026-03-29T03:30:00", "2026-03-29T01:30:00Z", (0, 0)),
            // An offset says which it is.
            ("2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z", (0, 0)),
        ] {
            assert_eq!(read(text), (time.to_owned(), met), "{text}");
        }
    }
}
