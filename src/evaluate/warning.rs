//! What a reader of the numbers should know before believing them.

use std::collections::BTreeMap;
use std::fmt;

use super::window::Activity;
use crate::aggregate::Receipt;
use crate::slo::policy::Policy;
use crate::time::{Instant, SECONDS_PER_DAY, Slices};

/// Shares above one in this many are worth a warning: 1 %.
const SHARE_DENOMINATOR: u128 = 100;
/// A gap without events longer than this separates stray times from the rest.
const GAP_SECONDS_MAX: i64 = 365 * SECONDS_PER_DAY;
/// One this long does so too, where few events follow it and none before it is as long: they move "now".
const LATE_GAP_SECONDS: i64 = 7 * SECONDS_PER_DAY;
/// Before 1971 a clock was not set.
const CLOCK_UNSET_BEFORE: Instant = Instant::from_seconds(365 * SECONDS_PER_DAY);

/// What the receipts say of each service: they may be many, and many SLOs ask.
#[derive(Debug)]
pub(super) struct Readings<'a>(BTreeMap<&'a str, Reading<'a>>);

/// What the receipts of one service say.
#[derive(Default, Debug)]
struct Reading<'a> {
    events: u64,
    no_response: u64,
    cut_short: Vec<(&'a str, &'a str)>,
}

impl<'a> Readings<'a> {
    pub(super) fn of(receipts: &'a [Receipt]) -> Self {
        let mut readings = BTreeMap::new();
        for of_service in receipts.chunk_by(|a, b| a.service == b.service) {
            let reading: &mut Reading = readings.entry(of_service[0].service.as_str()).or_default();
            for receipt in of_service {
                reading.events = reading.events.saturating_add(receipt.accounting.events.lines);
                reading.no_response = reading.no_response.saturating_add(receipt.accounting.no_response);
                reading.cut_short.extend(receipt.cut_short.as_deref().map(|why| (receipt.path.as_str(), why)));
            }
        }
        Readings(readings)
    }

    /// Whether more than 1 % of a service's requests got no response.
    pub(super) fn no_response(&self, service: &str) -> Option<Warning> {
        let &Reading { events: of, no_response: events, .. } = self.0.get(service)?;
        above_one_percent(events, of).then_some(Warning::NoResponse { events, of })
    }

    /// The inputs of a service that were not read to their end.
    pub(super) fn cut_short(&self, service: &str) -> impl Iterator<Item = Warning> {
        let inputs = self.0.get(service).map_or(&[][..], |reading| &reading.cut_short);
        inputs.iter().map(|&(path, why)| Warning::CutShort { path: path.to_owned(), why: why.to_owned() })
    }
}

/// One warning. Its text (`Display`) is a sentence without a full stop that says what to do, where there is something to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Warning {
    /// More than 1 % of the events that should have a verdict have none.
    Unknown {
        /// Events without a verdict.
        unknown: u64,
        /// Events that are not excluded.
        judged: u64,
    },
    /// More than 1 % of the requests got no response.
    NoResponse {
        /// Requests without a response.
        events: u64,
        /// All requests.
        of: u64,
    },
    /// Events are dated far from the rest.
    FarDated {
        /// How many.
        events: u64,
        /// Start of the first slice that holds some.
        first: Instant,
        /// End of the last one.
        last: Instant,
        /// Where the rest ends.
        rest_end: Instant,
    },
    /// Groups beyond the limit are shown as one.
    Folded {
        /// How many groups.
        groups: u64,
        /// How many are shown.
        shown: u64,
    },
    /// Groups were pooled while they were counted: there were too many to keep apart.
    FoldedBefore,
    /// The policy was to be looked at again before now.
    Revisit {
        /// Who answers for it.
        owner: Option<String>,
        /// When it was to be looked at.
        date: Instant,
    },
    /// Reading an input ended early.
    CutShort {
        /// Which input.
        path: String,
        /// Why.
        why: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::Unknown { unknown, judged } => {
                write!(
                    f,
                    "{unknown} of {judged} events are unknown: a field that the SLO needs is absent; they count neither as good nor as bad"
                )
            }
            Warning::NoResponse { events, of } => {
                write!(f, "{events} of {of} requests got no response; `exists(status) and …` in `good` makes them bad")
            }
            Warning::FarDated { events, first, last, rest_end } => {
                let (events, are) = if *events == 1 { ("1 event".to_owned(), "is") } else { (format!("{events} events"), "are") };
                write!(f, "{events} {are} dated far from the rest, between {first} and {last}")?;
                if last <= rest_end {
                    return Ok(());
                }
                write!(f, "; --at {rest_end} ends where the rest ends")
            }
            Warning::Folded { groups, shown } => {
                write!(f, "{groups} groups beyond the {shown} with most events are shown as one, `other`")
            }
            Warning::FoldedBefore => f.write_str("there were too many groups to keep apart: some were counted as one, `other`"),
            Warning::Revisit { owner, date } => {
                let date = date.to_string();
                let date = date.strip_suffix("T00:00:00Z").unwrap_or(&date);
                write!(f, "the error-budget policy was to be looked at again on {date}")?;
                owner.as_ref().map_or(Ok(()), |owner| write!(f, "; its owner is {owner}"))
            }
            Warning::CutShort { path, why } => write!(f, "{path} was not read to its end: {why}"),
        }
    }
}

/// A policy whose date has passed.
pub fn revisit(policy: &Policy, now: Instant) -> Option<Warning> {
    policy.revisit.filter(|date| *date < now).map(|date| Warning::Revisit { owner: policy.owner.clone(), date })
}

/// Whether `part` is more than 1 % of `whole`.
pub fn above_one_percent(part: u64, whole: u64) -> bool {
    u128::from(part) * SHARE_DENOMINATOR > u128::from(whole)
}

/// Events that lie beyond a year without events, seen from the middle event, or before 1971 while the middle is later; or the last
/// ones, at most 1 % of all, behind a gap of more than a week that is longer than every other.
pub fn far_dated(slices: Slices, activity: &Activity) -> Option<Warning> {
    let middle = middle(activity)?;
    let gap = GAP_SECONDS_MAX / slices.width_seconds();
    let mut high = middle;
    while high + 1 < activity.len() && activity[high + 1].0 - activity[high].0 <= gap {
        high += 1;
    }
    high = high.min(before_late(slices, activity, middle));
    let unset =
        |i: usize| slices.start(activity[i].0) < CLOCK_UNSET_BEFORE && slices.start(activity[middle].0) >= CLOCK_UNSET_BEFORE;
    let mut low = middle;
    while low > 0 && activity[low].0 - activity[low - 1].0 <= gap && !unset(low - 1) {
        low -= 1;
    }
    let (early, late) = (&activity[..low], &activity[high + 1..]);
    let first = early.first().or(late.first())?.0;
    let last = late.last().or(early.last())?.0;
    let events = early.iter().chain(late).fold(0_u64, |sum, &(_, n)| sum.saturating_add(n));
    let rest_end = slices.end(activity[high].0);
    Some(Warning::FarDated { events, first: slices.start(first), last: slices.end(last), rest_end })
}

/// Index of the slice before the few last events that a long gap parts from the rest; of the last slice, if there are none.
fn before_late(slices: Slices, activity: &Activity, middle: usize) -> usize {
    let gap_before = |i: usize| activity[i].0 - activity[i - 1].0;
    let all = activity.iter().fold(0_u64, |sum, &(_, n)| sum.saturating_add(n));
    let (mut late, mut cut) = (0_u64, activity.len());
    for i in (middle + 1..activity.len()).rev() {
        late = late.saturating_add(activity[i].1);
        if above_one_percent(late, all) {
            break;
        }
        if gap_before(i) > LATE_GAP_SECONDS / slices.width_seconds() {
            cut = i;
        }
    }
    let longest = (1..cut).map(gap_before).max().unwrap_or(0);
    if cut < activity.len() && gap_before(cut) > longest { cut - 1 } else { activity.len() - 1 }
}

/// Index of the slice that holds the middle event.
fn middle(activity: &Activity) -> Option<usize> {
    let all: u128 = activity.iter().map(|&(_, n)| u128::from(n)).sum();
    let mut seen = 0_u128;
    activity.iter().position(|&(_, n)| {
        seen += u128::from(n);
        2 * seen >= all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute() -> Slices {
        Slices::of_seconds(60).unwrap()
    }

    fn at(text: &str) -> i64 {
        minute().number(Instant::parse(text).unwrap())
    }

    #[test]
    fn one_percent_is_not_above_one_percent() {
        assert!(!above_one_percent(1, 100) && above_one_percent(2, 199) && !above_one_percent(0, 0));
        assert!(!above_one_percent(u64::MAX / 100, u64::MAX));
    }

    #[test]
    fn an_unset_clock_and_the_far_future_are_far() {
        let now = at("2026-11-01T10:00:00Z");
        let activity = [(at("1970-01-01"), 2), (now, 500), (now + 1, 500), (at("2038-01-19"), 1)];
        let Some(Warning::FarDated { events, first, last, rest_end }) = far_dated(minute(), &activity) else { panic!() };
        assert_eq!((events, first), (3, Instant::parse("1970-01-01").unwrap()));
        assert_eq!(last, Instant::parse("2038-01-19T00:01:00Z").unwrap());
        assert_eq!(rest_end, Instant::parse("2026-11-01T10:02:00Z").unwrap());
    }

    #[test]
    fn a_few_events_weeks_after_all_others_are_far() {
        let now = at("2026-11-01");
        let week = 7 * 1_440;
        let late = far_dated(minute(), &[(now - 1, 100), (now, 100), (now + 3 * week, 2)]);
        assert!(matches!(late, Some(Warning::FarDated { events: 2, .. })), "{late:?}");
        // A week is not more than a week, three of a hundred are not few, and such gaps may be usual.
        assert_eq!(far_dated(minute(), &[(now, 200), (now + week, 2)]), None);
        assert_eq!(far_dated(minute(), &[(now, 100), (now + 3 * week, 3)]), None);
        assert_eq!(far_dated(minute(), &[(now - 3 * week, 100), (now, 100), (now + 3 * week, 2)]), None);
    }

    #[test]
    fn ordinary_histories_are_not_far() {
        let now = at("2026-11-01");
        assert_eq!(far_dated(minute(), &[]), None);
        assert_eq!(far_dated(minute(), &[(now, 1)]), None);
        assert_eq!(far_dated(minute(), &[(now - 525_600, 1), (now, 9)]), None);
        assert!(far_dated(minute(), &[(now - 525_601, 1), (now, 9)]).is_some());
        // A log of 1970 alone (a replay, a test) is its own rest.
        assert_eq!(far_dated(minute(), &[(at("1970-01-01"), 5), (at("1970-06-01"), 5)]), None);
    }
}
