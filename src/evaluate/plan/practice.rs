//! Alerts, modes, incidents and suggestions where the budget is counted in slices of time or weights, over windows of a calendar,
//! with exclusions and groups: against an evaluator that was there, and against numbers made by hand.

use std::sync::Arc;

use proptest::prelude::*;

use super::methods::{Method, arb_method, calendar, excluding, sliced};
use super::tests::{arb_series, counts, every, group, minute, partial, slo};
use super::*;
use crate::evaluate::incident::Incident;
use crate::record::Field;
use crate::slo::alerting::{PARTS, Severity, Threshold, Tier};
use crate::slo::policy::Guard;
use crate::slo::{Dimension, Slo, Weight};
use crate::time::Length;

fn length(minutes: i64) -> Length {
    Length::parse(&format!("{minutes}m")).unwrap()
}

/// The SLO with one tier that asks for a burn above `tenths` ÷ 10.
fn watched(slo: Slo, tenths: u64, long: i64, short: Option<i64>) -> Slo {
    let mut tier = Tier::new("t", Severity::Page, Threshold::Factor(tenths * PARTS / 10), length(long), short.map(length));
    tier.bad_above = 0;
    Slo { guard: Arc::new(Guard { tiers: Some(vec![tier]), ..Guard::default() }), ..slo }
}

fn with_plan<T>(slo: &Slo, held: &Partial, at: Option<i64>, run: impl FnOnce(&Plan) -> T) -> T {
    let options = Options { at: at.map(minute), ..every("1m") };
    run(&Plan::new(&[Asked { slo, canonical: "c" }], held, &options).unwrap())
}

fn incidents(slo: &Slo, held: &Partial) -> Vec<Incident> {
    with_plan(slo, held, None, |plan| plan.guarded().unwrap()[0].incidents().unwrap())
}

/// Minutes 0 to 120 with ten events each, of which `bad` fail in minutes 60 to 65.
fn outage(bad: u64) -> Series {
    (0..120).map(|n| (n, if (60..65).contains(&n) { counts(10 - bad, bad, 0, 0) } else { counts(10, 0, 0, 0) })).collect()
}

fn alone(series: Series) -> Partial {
    partial(&[], vec![(group(&[]), series)], vec![])
}

const FIVES: Method = (5, Some(50), EmptySlices::Ignore, RollUp::Pooled);
const RATIOS: Method = (5, None, EmptySlices::Ignore, RollUp::Pooled);

proptest! {
    /// What a year later is said of a moment is what somebody would have said there, who knew nothing of what came after: at every
    /// end of a slice of time, for every method, with anything excluded.
    #[test]
    fn alerts_and_modes_are_those_of_somebody_who_was_there(
        series in arb_series(), method in prop::option::of(arb_method()), rolling in prop::option::of(1_i64..12),
        stretches in prop::collection::vec((-30_i64..230, 1_i64..15), 0..3), tenths in 1_u64..80, (long, short) in (2_i64..30, prop::option::of(1_i64..2)),
    ) {
        let width = method.map_or(1, |method| method.0);
        let base = excluding(watched(slo("90%", "1h", &[]), tenths, long, short), &stretches.iter().map(|&(a, n)| (a, a + n)).collect::<Vec<_>>());
        let base = method.map_or(base.clone(), |method| sliced(base, method));
        let slo = match rolling {
            Some(units) => Slo { windows: vec![Window::Rolling(length(units * width * 3))], ..base },
            None => calendar(base, 1),
        };
        let held = alone(series);
        let told = |at: Option<i64>| with_plan(&slo, &held, at, |plan| {
            let guarded = plan.guarded().unwrap();
            (guarded[0].alerts.clone(), guarded[0].stance().unwrap().mode)
        });
        let (alerts, _) = told(None);
        let Some(&(first, _)) = held.activity["shop"].first() else { return Ok(()) };
        let now = held.activity["shop"].last().unwrap().0 + 1;
        let mut modes = Vec::new();
        with_plan(&slo, &held, None, |plan| {
            let guarded = plan.guarded().unwrap();
            let mut all = guarded[0].modes();
            let mut end = plan.entries[0].scope.next_end(first);
            while end <= now {
                modes.push((end, all.at(end).unwrap().mode()));
                end = plan.entries[0].scope.next_end(end);
            }
        });
        // There, the slice of time that "now" cuts is judged by what it has so far, as it is at the very end of the log.
        for (end, mode) in modes {
            let (there, mode_there) = told(Some(end));
            let fires_there = there.iter().any(|alert| alert.firing);
            let fires = alerts.iter().any(|alert| alert.start <= end && (end < alert.end || alert.firing));
            prop_assert_eq!((fires, mode), (fires_there, mode_there), "at {} of {}", end, now);
        }
    }
}

/// One slice of time of five minutes is bad, which is known at its end. It burns (1 ÷ 2) ÷ 0.1 = 5 over ten minutes, and spends 1 of
/// the 1.2 slices that 10 % of an hour's twelve are.
#[test]
fn a_bad_slice_of_time_is_an_incident_of_its_own_width() {
    let slo = watched(sliced(slo("90%", "1h", &[]), FIVES), 40, 10, Some(5));
    let held = alone(outage(10));
    let alerts = with_plan(&slo, &held, None, |plan| plan.guarded().unwrap()[0].alerts.clone());
    let seen: Vec<_> = alerts.iter().map(|a| (a.start, a.end, a.counts.bad, a.peak_burn, a.budget_spent)).collect();
    assert_eq!(seen, [(65, 70, 50, 5.0, Some(1.0 / 1.2))]);
    let found = incidents(&slo, &held);
    let [incident] = &found[..] else { panic!("{found:?}") };
    assert_eq!((incident.start, incident.end, incident.counts.bad, incident.counts.events), (minute(60), minute(65), 50, 50));
    assert_eq!((incident.peak, incident.budget_spent), ((10.0, minute(65)), Some(1.0 / 1.2)));
    assert_eq!((incident.remaining_before, incident.remaining_after), (Some(1.0), Some(1.0 / 6.0)));
    let moments: Vec<_> = incident.moments.iter().map(|(at, _)| *at).collect();
    assert!(!moments.is_empty() && moments.iter().all(|at| *at == minute(65)), "{:?}", incident.moments);
}

/// Over a day of a calendar the budget is 10 % of all 288 slices of time, those to come included, from its first hour on.
#[test]
fn a_calendar_day_knows_its_budget_of_slices_from_the_start() {
    let slo = calendar(watched(sliced(slo("90%", "1h", &[]), FIVES), 40, 10, Some(5)), 24);
    let held = alone(outage(10));
    let incident = incidents(&slo, &held).remove(0);
    let spent = 1.0 / 28.8;
    assert_eq!((incident.budget_spent, incident.remaining_after), (Some(spent), Some(27.8 / 28.8)));
    let guarded = with_plan(&slo, &held, None, |plan| plan.guarded().unwrap()[0].rows().collect::<Vec<_>>());
    assert_eq!((guarded[0].budget_spent, guarded[0].peak_budget_share_traffic), (Some(spent), spent));
}

/// Four fifths of a slice of time are bad: (0.8 ÷ 2) ÷ 0.1 = 4 over ten minutes, and 0.8 of 1.2 slices are spent.
#[test]
fn ratios_of_slices_are_spent_as_they_are() {
    let ratios = |tenths| watched(sliced(slo("90%", "1h", &[]), RATIOS), tenths, 10, Some(5));
    let held = alone(outage(8));
    assert!(incidents(&ratios(40), &held).is_empty(), "at exactly the factor nothing fires");
    let incident = incidents(&ratios(39), &held).remove(0);
    assert_eq!((incident.start, incident.end, incident.counts.bad), (minute(60), minute(65), 40));
    assert_eq!((incident.budget_spent, incident.peak), (Some(2.0 / 3.0), (8.0, minute(65))));
}

/// An exclusion takes the whole slice of time that it touches, and with it the incident.
#[test]
fn what_is_excluded_is_no_incident() {
    let held = alone(outage(10));
    let sliced = watched(sliced(slo("90%", "1h", &[]), FIVES), 40, 10, Some(5));
    assert!(incidents(&excluding(sliced.clone(), &[(61, 62)]), &held).is_empty());
    assert_eq!(incidents(&excluding(sliced, &[(59, 60)]), &held).len(), 1);
    // Of events, two of five bad minutes are left: 20 of 580 that are valid in the hour that ends with them, where 58 may be bad.
    let events = excluding(watched(slo("90%", "1h", &[]), 15, 10, Some(5)), &[(60, 63)]);
    let incident = incidents(&events, &held).remove(0);
    assert_eq!((incident.start, incident.end, incident.counts.bad, incident.counts.events), (minute(63), minute(65), 20, 20));
    assert_eq!(incident.budget_spent, Some(20.0 / 57.0));
}

/// An alert window that is narrower than a slice of time would see none; it is widened, with a note.
#[test]
fn alert_windows_hold_whole_slices_of_time() {
    let slo = watched(sliced(slo("90%", "2h", &[]), (20, Some(50), EmptySlices::Ignore, RollUp::Pooled)), 20, 60, Some(5));
    let series = (0..120).map(|n| (n, if (40..60).contains(&n) { counts(0, 10, 0, 0) } else { counts(10, 0, 0, 0) })).collect();
    with_plan(&slo, &alone(series), None, |plan| {
        let guarded = &plan.guarded().unwrap()[0];
        let seen: Vec<_> = guarded.alerts.iter().map(|alert| (alert.start, alert.end)).collect();
        assert_eq!(seen, [(60, 80)]);
        assert_eq!(guarded.notes, ["the tier `t`: its window of 5m is rounded up to whole slices of 1200 s"]);
    });
}

/// Bad weights burn, and groups are told by what they weigh: one heavy failure of `b` outweighs nine light ones of `a`.
#[test]
fn weights_are_what_burns_and_who_spent_it() {
    let host = Dimension::Field(Field::Host);
    let of = |bad: u64, each: u64| -> Series {
        (0..120).map(|n| (n, if n == 60 { counts(0, bad * each, 0, 0) } else { counts(100, 0, 0, 0) })).collect()
    };
    let named = |a, b| vec![(group(&["a"]), a), (group(&["b"]), b)];
    let mut held = partial(&["host"], named(of(9, 1), of(1, 1)), vec![]);
    let weights = partial(&["host"], named(of(9, 10), of(1, 900)), vec![]).indicators.into_values().next().unwrap();
    let key = IndicatorKey { service: "shop".into(), canonical: weights_of("c") };
    held.indicators.insert(key, weights);
    let mut slo = watched(slo("90%", "1h", &[host]), 20, 10, Some(2));
    let mut indicator = (*slo.indicator).clone();
    indicator.weight = Weight::new(Field::Bytes);
    slo.indicator = Arc::new(indicator);
    let incident = incidents(&slo, &held).remove(0);
    // Ten events were bad; of 990 bytes, and 59 minutes of 200 good ones before.
    assert_eq!((incident.start, incident.end, incident.counts.bad), (minute(60), minute(61), 10));
    assert_eq!(incident.budget_spent, Some(990.0 / (0.1 * (990.0 + 59.0 * 200.0))));
    let first = &incident.spenders[0].list[0];
    assert_eq!((first.values.clone(), first.bad, first.share), (Some(group(&["b"]).to_vec()), 900, 900.0 / 990.0));
    assert_eq!(incident.spenders[0].bad, 990);
}

/// Suggestions judge the past as reports judge the present.
#[test]
fn suggestions_follow_the_budgeting_method() {
    let suggested = |slo: &Slo, held: &Partial| {
        with_plan(slo, held, None, |plan| {
            let suggestion = plan.guarded().unwrap()[0].suggestion().unwrap();
            (suggestion.windows, suggestion.suggested.map(|target| target.to_string()), suggestion.bounds.len())
        })
    };
    let held = alone(outage(10));
    let base = slo("90%", "1h", &[]);
    // Rolling over an hour, one window ends with each hour: 0 of 600 and 50 of 600 bad are 91.7 %; of slices 1 of 12 is the same.
    assert_eq!(suggested(&base, &held), (2, Some("90%".to_owned()), 0));
    assert_eq!(suggested(&sliced(base.clone(), FIVES), &held), (2, Some("90%".to_owned()), 0));
    // A slice with 40 % bad is good enough for a slice target of 50 %, but its ratio counts: 1 − 0.4 ÷ 12 = 96.7 %.
    let mild = alone(outage(4));
    assert_eq!(suggested(&sliced(base.clone(), FIVES), &mild), (2, Some("99.999%".to_owned()), 0));
    assert_eq!(suggested(&sliced(base.clone(), RATIOS), &mild), (2, Some("95%".to_owned()), 0));
    // What is excluded is not held against it.
    assert_eq!(suggested(&excluding(base.clone(), &[(60, 65)]), &held), (2, Some("99.999%".to_owned()), 0));
    // An hour of the calendar in which one of two minutes was bad has 60 to spend a share of: at 97.5 % one, at 98 % too, at 99 % none.
    let sparse =
        alone(vec![(0, counts(1, 0, 0, 0)), (30, counts(0, 1, 0, 0)), (59, counts(1, 0, 0, 0)), (60, counts(1, 0, 0, 0))]);
    let minutes = (1, Some(50), EmptySlices::Ignore, RollUp::Pooled);
    assert_eq!(suggested(&calendar(sliced(base.clone(), minutes), 1), &sparse), (1, Some("98%".to_owned()), 0));
    assert_eq!(suggested(&calendar(base, 1), &sparse), (1, None, 0));
}
