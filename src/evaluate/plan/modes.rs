//! Modes of rows against an obvious twin, which looks at all slices anew for every row and writes the policy down once more.

use proptest::prelude::*;

use super::tests::{arb_series, every, group, partial, rows, slo};
use super::*;
use crate::aggregate::Counts;
use crate::record::Field;
use crate::slo::alerting::{PARTS, Severity, Threshold, Tier};
use crate::slo::policy::{Guard, Mode, Policy};
use crate::slo::{Dimension, Slo};
use crate::time::Length;

/// The policy as the twin sees it, in percent; the 7-day burn in tenths.
type Limits = (u64, Option<u64>, Option<u64>, Option<u64>, Option<u64>);

fn pooled(series: &Series, first: i64, end: i64) -> Counts {
    let inside = series.iter().filter(|(n, _)| (first..end).contains(n));
    inside.fold(Counts::default(), |sum, (_, c)| sum.checked_add(*c).unwrap())
}

/// bad ÷ valid > limit × β for a limit in tenths and a target of 90 %.
fn burns(c: Counts, tenths: u64) -> bool {
    c.good + c.bad > 0 && c.bad * 100 > tenths * (c.good + c.bad)
}

/// The mode of a window that ends at `end`, at a target of 90 %: β is a tenth.
fn naive(series: &Series, window: i64, end: i64, (freeze, low, burn, unknown, floor): Limits, tenths: u64) -> Mode {
    let c = pooled(series, end - window, end);
    let valid = c.good + c.bad;
    if valid == 0 {
        return Mode::NoData;
    }
    let first = series.iter().find(|(_, c)| c.events > 0).map_or(end, |(n, _)| *n);
    let active = series.iter().filter(|(n, c)| (end - window..end).contains(n) && c.events > 0).count() as u64;
    let possible = (end - (end - window).max(first)) as u64;
    if floor.is_some_and(|floor| active * 100 < floor * possible) {
        return Mode::NoData;
    }
    // consumed = 10 · bad ÷ valid; remaining < f ⇔ consumed > 1 − f.
    if c.bad * 1_000 > (100 - freeze) * valid {
        return Mode::Freeze;
    }
    let alert = burns(pooled(series, end - 6, end), tenths) && burns(pooled(series, end - 2, end), tenths);
    let week = pooled(series, end - 7 * 1_440, end);
    let is_low = low.is_some_and(|low| c.bad * 1_000 >= (100 - low) * valid);
    let is_unknown = unknown.is_some_and(|most| c.unknown * 100 > most * (valid + c.unknown));
    match is_low || alert || burn.is_some_and(|burn| burns(week, burn)) || is_unknown {
        true => Mode::Caution,
        false => Mode::Ship,
    }
}

fn share(percent: u64) -> u64 {
    percent * (PARTS / 100)
}

fn limits() -> impl Strategy<Value = Limits> {
    let maybe = |range: std::ops::Range<u64>| prop::option::of(range);
    (0_u64..50, maybe(0..100), maybe(1..40), maybe(0..60), maybe(0..100))
}

proptest! {
    #[test]
    fn modes_are_what_the_policy_says_of_all_slices(
        series in arb_series(), window in 5_i64..60, step in 1_i64..7, limits in limits(), tenths in 10_u64..60,
    ) {
        let length = |minutes: i64| Length::parse(&format!("{minutes}m")).unwrap();
        let (freeze, low, burn, unknown, floor) = limits;
        let policy = Policy {
            freeze_below: share(freeze),
            caution_remaining: low.map(share),
            caution_burn: burn.map(|tenths| tenths * PARTS / 10),
            caution_unknown: unknown.map(share),
            coverage_floor: floor.map(share),
            ..Policy::default()
        };
        let threshold = Threshold::Factor(tenths * PARTS / 10);
        let tier = Tier::new("t", Severity::Ticket, threshold, length(6), Some(length(2)));
        let guard = Guard { tiers: Some(vec![tier]), policy, gate: true };
        let host = Dimension::Field(Field::Host);
        let slo = Slo { guard: Arc::new(guard), ..slo("90%", &format!("{window}m"), &[host]) };
        // Two groups that share the events: the mode is that of both together.
        let (even, odd): (Series, Series) = series.iter().partition(|(n, _)| n % 2 == 0);
        let held = partial(&["host"], vec![(group(&["a"]), even), (group(&["b"]), odd)], vec![]);
        for row in rows(&slo, &held, &every(&format!("{step}m"))) {
            let end = held.slices.number(row.end_time);
            let reason = row.reason.unwrap();
            prop_assert_eq!(reason.mode(), naive(&series, window, end, limits, tenths), "{:?} at {}", reason, end);
            prop_assert!(row.mode_reason().is_some());
        }
    }
}
