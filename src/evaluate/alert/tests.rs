//! Alerts against published times, and against an evaluator that knows nothing of slices.

use super::*;
use crate::slo::alerting::{PARTS, Threshold};
use proptest::prelude::*;

const SECOND: fn() -> Slices = || Slices::of_seconds(1).unwrap();

fn length(text: &str) -> Length {
    Length::parse(text).unwrap()
}

fn armed(tiers: &[Tier], period_seconds: i64, slices: Slices) -> Vec<Armed> {
    let whole = |length: &Length| (length.seconds() + slices.width_seconds() - 1) / slices.width_seconds();
    let arm = |tier: &Tier| Armed {
        factor: tier.factor(period_seconds),
        long: whole(&tier.long),
        short: tier.short.as_ref().map(whole),
        after: tier.after.as_ref().map_or(0, whole),
        tier: tier.clone(),
    };
    tiers.iter().map(arm).collect()
}

const PERIOD: i64 = 30 * 86_400;

fn run(target: &str, tiers: &[Tier], slices: Slices, now: SliceNumber, series: &Series) -> Vec<Alert> {
    run_over(PERIOD / slices.width_seconds(), target, &armed(tiers, PERIOD, slices), slices, now, series)
}

/// Over a window of so many slices.
fn run_over(window: i64, target: &str, tiers: &[Armed], slices: Slices, now: SliceNumber, series: &Series) -> Vec<Alert> {
    let first = |end: SliceNumber| end - window;
    let target = Target::parse(target).unwrap();
    let whole = |_, so_far: Counts| so_far.good + so_far.bad;
    let burning = Burning { slices, now, target, spent: series, counted: series, unit: 1, window_first: &first, whole: &whole };
    alerts(&burning, tiers).unwrap()
}

/// One event a second for `seconds`; those in `bad` fail.
fn steady(seconds: i64, bad: std::ops::Range<i64>) -> Series {
    let one = |n: i64| (n, Counts { events: 1, good: (!bad.contains(&n)).into(), bad: bad.contains(&n).into(), unknown: 0 });
    (0..seconds).map(one).collect()
}

fn alone(factor: u64, long: &str, short: Option<&str>) -> Tier {
    let threshold = Threshold::Factor(factor * PARTS / 10);
    Tier { bad_above: 0, ..Tier::new("t", Severity::Page, threshold, length(long), short.map(length)) }
}

/// The Site Reliability Workbook, chapter 5, "Ways to Alert on Significant Events", for 99.9 % and a complete outage:
/// 1: 10 min, burn 1: detected after 0.6 s. 2: 36 h, burn 1: detected after 2 min 10 s, and fires for the next 36 hours.
/// (until 129 bad seconds are left). 4: 1 h, burn 36: reset after 58 min. Its formula is: detection time = (1 − SLO) ÷ error ratio × window × burn rate.
#[test]
fn detection_and_reset_times_of_the_workbook() {
    let (before, outage) = (200_000, 3_600);
    let cases = [(10, "10m", 1, 600), (10, "36h", 130, 129_471), (360, "1h", 130, 3_471)];
    for (factor, long, detected, reset) in cases {
        let series = steady(400_000, before..before + outage);
        let found = run("99.9%", &[alone(factor, long, None)], SECOND(), 400_000, &series);
        let [alert] = &found[..] else { panic!("{found:?}") };
        assert_eq!(alert.start - before, detected, "detection with {long}");
        // The bad seconds leave the window one by one; it stops when no more than the factor allows are left.
        assert!((alert.end - before - outage - reset).abs() <= 1, "reset with {long}: {}", alert.end - before - outage);
    }
}

/// The same chapter, table 5-8 (30 days, 99.9 %): 14.4 over 1 h and 5 min is detected after 0.001 × 3,600 s × 14.4 = 51.84 s of
/// a complete outage, after ten times that at an error ratio of 10 %, and stops when 5 min hold no more than 14.4 × 0.1 % of errors.
#[test]
fn two_windows_detect_as_one_and_reset_with_the_short_one() {
    let tier = alone(144, "1h", Some("5m"));
    let series = steady(100_000, 50_000..53_600);
    let found = run("99.9%", std::slice::from_ref(&tier), SECOND(), 100_000, &series);
    assert_eq!((found.len(), found[0].start - 50_000, found[0].end - 53_600), (1, 52, 296));
    let tenth: Series = (0..100_000)
        .map(|n| (n, n >= 50_000 && (n - 50_000) % 10 == 9))
        .map(|(n, bad)| (n, Counts { events: 1, good: (!bad).into(), bad: bad.into(), unknown: 0 }))
        .collect();
    let found = run("99.9%", &[tier], SECOND(), 100_000, &tenth);
    assert_eq!((found.len(), found[0].start - 50_000, found[0].firing), (1, 520, true));
    assert_eq!((found[0].peak_burn, found[0].end), (100.0, 100_000));
}

/// One event in ten fails, so at 90 % the burn is exactly 1 whenever ten are looked at.
#[test]
fn a_tier_may_fire_at_its_threshold() {
    let series: Series = (0..100).map(|n| (n, Counts { events: 10, good: 9, bad: 1, unknown: 0 })).collect();
    let above = alone(10, "10m", None);
    let at = Tier { at_threshold: true, ..above.clone() };
    let found = run("90%", &[above, at], Slices::of_seconds(60).unwrap(), 100, &series);
    let seen: Vec<_> = found.iter().map(|alert| (alert.tier, alert.start, alert.end, alert.firing)).collect();
    assert_eq!(seen, [(1, 1, 100, true)]);
}

/// 5 bad events in an hour are no page, 6 are one: the interval is split where it becomes one.
#[test]
fn few_bad_events_are_a_ticket() {
    let minute = Slices::of_seconds(60).unwrap();
    let tier = Tier { bad_above: 5, ..alone(10, "1h", Some("5m")) };
    let series: Series = (0..8).map(|n| (n, Counts { events: 1, good: 0, bad: 1, unknown: 0 })).collect();
    let found = run("99.9%", &[tier], minute, 600, &series);
    let seen: Vec<_> = found.iter().map(|a| (a.severity, a.downgraded, a.start, a.end, a.counts.bad)).collect();
    assert_eq!(seen, [(Severity::Ticket, true, 1, 6, 6), (Severity::Page, false, 6, 13, 8)]);
    assert!(found.iter().all(|a| !a.suppressed && !a.firing && a.budget_spent == Some(1_000.0)));
}

#[test]
fn the_highest_tier_that_fires_suppresses_the_others() {
    let minute = Slices::of_seconds(60).unwrap();
    let mut tiers = default_tiers();
    tiers.iter_mut().for_each(|tier| tier.bad_above = 0);
    // 10 000 good events a minute, and an hour in which 2 % fail: burn 20.
    let series: Series = (0..1_500)
        .map(|n| (n, if (600..660).contains(&n) { 200 } else { 0 }))
        .map(|(n, bad)| (n, Counts { events: 10_000, good: 10_000 - bad, bad, unknown: 0 }))
        .collect();
    let found = run("99.9%", &tiers, minute, 1_500, &series);
    let seen: Vec<_> = found.iter().map(|a| (a.tier, a.suppressed, a.start)).collect();
    assert_eq!(seen.iter().filter(|(tier, ..)| *tier == 0).count(), 1, "{found:?}");
    assert_eq!(seen.iter().find(|(tier, ..)| *tier == 2), None, "burn over a day stays below 3: {found:?}");
    // The day-long ticket of burn 1 fires while the pages do, before and after them: it was heard.
    let ticket = found.iter().find(|a| a.tier == 3).unwrap();
    assert!(!ticket.suppressed && ticket.start < found[0].end, "{found:?}");
}

#[test]
fn what_never_happened_costs_nothing() {
    let one = Counts { events: 1, good: 0, bad: 1, unknown: 0 };
    let series: Series = vec![(-1_000_000_000_000, one), (0, one), (1_000_000_000_000, one)];
    let found = run("99.9%", &[alone(10, "1h", Some("5m"))], SECOND(), 1_000_000_000_001, &series);
    let seen: Vec<_> = found.iter().map(|a| (a.start, a.end - a.start, a.firing)).collect();
    assert_eq!(seen, [(-999_999_999_999, 300, false), (1, 300, false), (1_000_000_000_001, 0, true)]);
}

/// An evaluator that looks at every event at the end of every slice, as fractions: what it says at each slice end, by tier.
fn naive(
    events: &[(i64, bool)],
    tiers: &[Armed],
    target: (u128, u128),
    width: i64,
    now: SliceNumber,
) -> Vec<Vec<Option<Severity>>> {
    let (budget, of) = target;
    let within = |from: i64, to: i64| {
        let inside = events.iter().filter(|(second, _)| (from..to).contains(second));
        inside.fold((0_u128, 0_u128), |(bad, all), (_, is_bad)| (bad + u128::from(*is_bad), all + 1))
    };
    let says = |tier: &Armed, end: i64| {
        let Threshold::Factor(parts) = tier.tier.threshold else { panic!() };
        let over = |window: i64| {
            let (bad, all) = within((end - window) * width, end * width);
            // bad ÷ (all · budget ÷ of) > parts ÷ 10⁹, or not below it
            let (burned, allowed) = (bad * of * u128::from(PARTS), u128::from(parts) * all * budget);
            all > 0 && (burned > allowed || tier.tier.at_threshold && burned == allowed)
        };
        let fires = over(tier.long) && tier.short.is_none_or(over);
        let few = within((end - tier.long) * width, end * width).0 <= u128::from(tier.tier.bad_above);
        fires.then_some(if few { Severity::Ticket } else { tier.tier.severity })
    };
    // It fires once it has held at every slice end for as long as it must.
    let said = |tier: &Armed, end: i64| says(tier, end).filter(|_| (end - tier.after..end).all(|at| says(tier, at).is_some()));
    (-60..=now).map(|end| tiers.iter().map(|tier| said(tier, end)).collect()).collect()
}

fn tier() -> impl Strategy<Value = Tier> {
    // Burns are often whole halves.
    let factor = prop_oneof![1_u64..200, prop::sample::select(vec![50, 100, 125, 200, 250, 500])];
    (factor, 2_i64..40, any::<bool>(), any::<bool>(), any::<bool>(), 0_u64..4, 0_i64..5).prop_map(
        |(factor, long, two, page, at_threshold, bad_above, after)| {
            let severity = if page { Severity::Page } else { Severity::Ticket };
            let (long, short) = (length(&format!("{}m", long)), two.then(|| length(&format!("{}m", long / 2))));
            let after = (after > 1).then(|| length(&format!("{after}m")));
            Tier {
                bad_above,
                after,
                at_threshold,
                ..Tier::new("t", severity, Threshold::Factor(factor * PARTS / 100), long, short)
            }
        },
    )
}

proptest! {
    #[test]
    fn alerts_from_slices_equal_a_naive_evaluator_over_raw_events(
        mut events in prop::collection::vec((-1_800_i64..7_200, prop::bool::weighted(0.3)), 1..150),
        tiers in prop::collection::vec(tier(), 1..4),
        width in prop::sample::select(vec![20_i64, 60, 120]),
        // An alert does not depend on what is left of a budget, not even in a window that holds nothing.
        window in prop::sample::select(vec![PERIOD / 20, 5]),
    ) {
        events.sort_unstable();
        let slices = Slices::of_seconds(width).unwrap();
        let now = events.last().unwrap().0.div_euclid(width) + 30;
        let mut series = Series::new();
        for &(second, is_bad) in &events {
            let slice = second.div_euclid(width);
            if series.last().is_none_or(|(last, _)| *last != slice) {
                series.push((slice, Counts::default()));
            }
            add(&mut series.last_mut().unwrap().1, Counts { events: 1, good: (!is_bad).into(), bad: is_bad.into(), unknown: 0 }).unwrap();
        }
        let armed = armed(&tiers, PERIOD, slices);
        let found = run_over(window, "90%", &armed, slices, now, &series);
        // 90 %: β = 1 ÷ 10. Slices before −60 hold no events: the first is at −1,800 s.
        for (i, said) in naive(&events, &armed, (1, 10), width, now).into_iter().enumerate() {
            let end = i as i64 - 60;
            if end * width < -1_800 { continue }
            let heard = said.iter().enumerate().filter_map(|(t, s)| Some(((*s)?, t))).min();
            for (t, severity) in said.iter().enumerate() {
                let open: Vec<_> = found.iter().filter(|a| a.tier == t && a.start <= end && (end < a.end || a.firing)).collect();
                prop_assert!(open.len() <= 1);
                prop_assert_eq!(open.first().map(|a| a.severity), *severity, "tier {} at {}", t, end);
                if heard.is_some_and(|(_, first)| first == t) {
                    prop_assert!(!open[0].suppressed);
                }
            }
        }
        for alert in &found {
            let first = (alert.start - armed[alert.tier].long) * width;
            let bad = events.iter().filter(|(s, bad)| *bad && (first..alert.end * width).contains(s)).count();
            prop_assert_eq!(alert.counts.bad, bad as u64);
        }
    }
}
