//! Budgeting methods, calendar windows and exclusions against an obvious twin: every number of every row from all slices.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::units::RATIO_PARTS;
use super::tests::{arb_series, counts, every, group, minute, partial, rows, slo};
use super::*;
use crate::record::Field;
use crate::slo::budgeting::{Budgeting, EmptySlices, Score, SliceTarget, Slicing};
use crate::slo::exclusion::{Exclusion, Recurrence};
use crate::slo::window::Calendar;
use crate::slo::{Dimension, Slo};
use crate::time::{Instant, Length};

const HOST: Dimension = Dimension::Field(Field::Host);

/// A method as the twin sees it: width in slices, the slice's target in percent (none: ratios), empty slices, any-bad.
pub(super) type Method = (i64, Option<u64>, EmptySlices, RollUp);

pub(super) fn sliced(slo: Slo, (width, target, empty, roll_up): Method) -> Slo {
    let target = target.map(|percent| SliceTarget::parse(&format!("{percent}%")).unwrap());
    let score = target.map_or(Score::Ratio, |target| Score::Verdict { target, roll_up });
    let width = Length::parse(&format!("{width}m")).unwrap();
    Slo { budgeting: Budgeting::Slices(Slicing { width, empty, score }), ..slo }
}

pub(super) fn excluding(slo: Slo, stretches: &[(i64, i64)]) -> Slo {
    let exclusion = |&(first, end): &(i64, i64)| {
        let (start, end) = (minute(first), Instant::from_micros(minute(end).micros() - 1));
        Exclusion { start, end, recurrence: None, reason: "upkeep".into(), author: "ana".into() }
    };
    Slo { exclude: stretches.iter().map(exclusion).collect(), ..slo }
}

pub(super) fn calendar(slo: Slo, hours: i64) -> Slo {
    let calendar = Calendar::new(Length::parse(&format!("{hours}h")).unwrap(), None, None).unwrap();
    Slo { windows: vec![Window::Calendar(calendar)], ..slo }
}

/// What the twin says of slice of time `number` of some groups: good and bad parts, none where it does not count.
fn judge(groups: &[&Series], number: i64, method: Method, excluded: &dyn Fn(i64) -> bool) -> Option<(u64, u64)> {
    let (width, target, empty, roll_up) = method;
    let slices = number * width..(number + 1) * width;
    if slices.clone().any(excluded) {
        return None;
    }
    let sum = |series: &Series| {
        series.iter().filter(|(n, _)| slices.contains(n)).fold((0, 0), |(good, bad), (_, c)| (good + c.good, bad + c.bad))
    };
    let each: Vec<(u64, u64)> = groups.iter().map(|series| sum(series)).collect();
    let (good, bad) = each.iter().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    let is_good = |&(good, bad): &(u64, u64)| good * 100 >= target.unwrap_or(0) * (good + bad);
    let unit = if target.is_some() { 1 } else { RATIO_PARTS };
    match (good + bad, empty) {
        (0, EmptySlices::Ignore) => None,
        (0, EmptySlices::Good) => Some((unit, 0)),
        (0, EmptySlices::Bad) => Some((0, unit)),
        _ if target.is_none() => {
            let good = (good as f64 / (good + bad) as f64 * RATIO_PARTS as f64).round() as u64;
            Some((good, unit - good))
        }
        _ if roll_up == RollUp::AnyBad && !each.iter().all(is_good) => Some((0, 1)),
        _ => Some(if is_good(&(good, bad)) { (1, 0) } else { (0, 1) }),
    }
}

pub(super) fn arb_method() -> impl Strategy<Value = Method> {
    let empty = prop::sample::select(vec![EmptySlices::Ignore, EmptySlices::Good, EmptySlices::Bad]);
    let roll_up = prop::sample::select(vec![RollUp::Pooled, RollUp::AnyBad]);
    (prop::sample::select(vec![1_i64, 2, 5, 6]), prop::option::of(40_u64..=100), empty, roll_up)
}

proptest! {
    /// Windows that roll and windows of a calendar, with whatever excluded: what a window spends is what its slices say.
    #[test]
    fn methods_equal_their_twin(
        a in arb_series(), b in arb_series(), method in arb_method(), rolling in prop::option::of(1_i64..20),
        stretches in prop::collection::vec((-30_i64..230, 1_i64..15), 0..3), at in prop::option::of(-20_i64..260), skip_empty: bool,
    ) {
        let p = partial(&["host"], vec![(group(&["a"]), a.clone()), (group(&["b"]), b.clone())], vec![]);
        let stretches: Vec<_> = stretches.into_iter().map(|(first, n)| (first, first + n)).collect();
        let slo = excluding(sliced(slo("90%", "1h", &[HOST]), method), &stretches);
        let width = method.0;
        let slo = match rolling {
            Some(slices) => Slo { windows: vec![Window::Rolling(Length::parse(&format!("{}m", slices * width)).unwrap())], ..slo },
            None => calendar(slo, 1),
        };
        let now = at.or(p.activity["shop"].last().map(|&(n, _)| n + 1)).unwrap_or(0);
        let options = Options { at: at.map(minute), skip_empty, ..every(&format!("{}m", 2 * width)) };
        let touched = |n: i64| stretches.iter().any(|&(from, to)| (from..to).contains(&n));
        let excluded = |n: i64| (n.div_euclid(width) * width..(n.div_euclid(width) + 1) * width).any(touched);
        let first = p.activity["shop"].first().map_or(0, |&(n, _)| n.div_euclid(width));
        let seen: Vec<Series> = [&a, &b].iter().map(|s| s.iter().filter(|(n, _)| *n < now).copied().collect()).collect();
        for row in rows(&slo, &p, &options) {
            let groups: Vec<&Series> = match row.series.group_kind {
                GroupKind::All => seen.iter().collect(),
                _ if row.series.group == group(&["a"]) => vec![&seen[0]],
                _ => vec![&seen[1]],
            };
            let end = p.slices.number(row.end_time);
            let (from, to) = match rolling {
                Some(slices) => (end - slices * width, end),
                None => ((end - 1).div_euclid(60) * 60, ((end - 1).div_euclid(60) + 1) * 60),
            };
            prop_assert_eq!(row.window_start_time, minute(from));
            let method = if row.series.group_kind == GroupKind::All { method } else { (method.0, method.1, method.2, RollUp::Pooled) };
            let spent = |from: i64| {
                let numbers = (from.div_euclid(width)..=end.div_euclid(width)).filter(|n| *n >= first && (from..end).contains(&(n * width)));
                numbers.filter_map(|n| judge(&groups, n, method, &excluded)).fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
            };
            let share = |(good, bad): (u64, u64)| (good + bad > 0).then(|| good as f64 / (good + bad) as f64);
            // The step's own slices of time, and not those of steps before it that have no row.
            prop_assert_eq!(row.sli, share(spent(p.slices.number(row.start_time))));
            let (good, bad) = spent(from);
            prop_assert_eq!((row.window_spent.good, row.window_spent.bad), (good, bad));
            prop_assert_eq!(row.budget.map(|b| b.sli), share((good, bad)));
            let whole = (from..to).filter(|n| !excluded(*n)).count() as u64 / width as u64;
            let whole = if rolling.is_none() && method.1.is_some() { whole } else { good + bad };
            prop_assert_eq!(row.budget.map(|b| b.met), (good + bad > 0).then(|| bad * 10 <= whole));
            prop_assert_eq!(row.budget.map(|b| b.met), row.budget.map(|b| b.remaining >= 0.0));
            // Events are counted as ever, but for what is excluded; nothing is lost.
            let valid = |n: &i64| (from..end).contains(n) && !excluded(*n);
            let pooled = groups.iter().flat_map(|s| s.iter()).filter(|(n, _)| valid(n)).fold(0, |sum, (_, c)| sum + c.good);
            prop_assert_eq!(row.window_good, pooled);
            prop_assert_eq!(row.good + row.bad + row.unknown + row.excluded, row.events);
        }
    }

    /// Any group's bad slice makes a slice bad at least where the pooled events do.
    #[test]
    fn any_bad_is_never_milder_than_pooled(a in arb_series(), b in arb_series(), percent in 40_u64..=100) {
        let p = partial(&["host"], vec![(group(&["a"]), a), (group(&["b"]), b)], vec![]);
        let of = |roll_up| rows(&sliced(slo("90%", "1h", &[HOST]), (2, Some(percent), EmptySlices::Ignore, roll_up)), &p, &every("10m"));
        for (pooled, any) in of(RollUp::Pooled).iter().zip(of(RollUp::AnyBad)) {
            prop_assert!(any.window_slices_good <= pooled.window_slices_good && any.window_slices == pooled.window_slices);
        }
    }
}

#[test]
fn several_windows_are_evaluated_side_by_side() {
    let p = partial(&[], vec![(group(&[]), vec![(0, counts(1, 1, 0, 0)), (200, counts(6, 0, 0, 0))])], vec![]);
    let mut slo = slo("50%", "1h", &[]);
    slo.windows.push(Window::Rolling(Length::parse("4h").unwrap()));
    let rows = rows(&slo, &p, &every("1h"));
    let last = |text: &str| rows.iter().rfind(|r| r.series.window.text() == text).unwrap().clone();
    assert_eq!((last("1h").window_valid, last("4h").window_valid), (6, 8));
    assert_eq!(rows.iter().filter(|r| r.series.window.text() == "1h").count() * 2, rows.len());
}

#[test]
fn a_calendar_budget_of_slices_is_a_share_of_the_whole_period() {
    // Two of 30 minutes were bad, of 60 that the hour has: at 95 % three may be.
    let series = (0..30).map(|n| (n, if n < 2 { counts(0, 1, 0, 0) } else { counts(1, 0, 0, 0) })).collect();
    let p = partial(&[], vec![(group(&[]), series)], vec![]);
    let minutes = sliced(slo("95%", "1h", &[]), (1, Some(50), EmptySlices::Ignore, RollUp::Pooled));
    let row = rows(&calendar(minutes.clone(), 1), &p, &every("1h")).remove(0);
    assert_eq!((row.window_slices_good, row.window_slices), (Some(28), Some(30)));
    let budget = row.budget.unwrap();
    assert_eq!((budget.met, budget.consumed, budget.remaining_minutes), (true, 2.0 / 3.0, 1.0));
    // Over a rolling window the same two are too many.
    assert!(!rows(&minutes, &p, &every("1h")).remove(0).budget.unwrap().met);
    let plan = |slo: &Slo, every: &str| {
        Plan::new(&[Asked { slo, canonical: "c" }], &p, &self::every(every)).unwrap().reports().unwrap().remove(0)
    };
    let report = plan(&calendar(minutes, 1), "1m");
    assert_eq!((report.allowed_bad, report.remaining_bad(), report.window_end), (3, Some(1), minute(60)));
    assert_eq!(report.exhaustion.unwrap().whole_seconds, Some(3_600.0 / (2.0 / 30.0 / 0.05)));
}

#[test]
fn a_day_of_25_hours_has_its_own_budget_of_minutes() {
    let zone = "Europe/Berlin";
    let day = Window::Calendar(Calendar::new(Length::parse("1d").unwrap(), None, Some(zone)).unwrap());
    let noon = Slices::of_seconds(60).unwrap().number(Instant::parse("2026-10-25T12:00:00Z").unwrap());
    let p = partial(&[], vec![(group(&[]), vec![(noon, counts(1, 0, 0, 0))])], vec![]);
    let row = rows(&Slo { windows: vec![day], ..slo("99%", "1h", &[]) }, &p, &every("1h")).remove(0);
    assert_eq!(row.window_start_time.to_string(), "2026-10-24T22:00:00Z");
    assert_eq!(row.budget.unwrap().remaining_minutes, 15.0);
}

#[test]
fn what_recurs_is_excluded_each_time() {
    let monday = Instant::parse("2026-11-02T03:00:00Z").unwrap();
    let recurrence = Some(Recurrence::new("FREQ=DAILY", monday, "UTC").unwrap());
    let end = Instant::from_micros(monday.micros() + 600_000_000);
    let upkeep = Exclusion { start: monday, end, recurrence, reason: "upkeep".into(), author: "ana".into() };
    let first = Slices::of_seconds(60).unwrap().number(monday);
    let series = (0..4 * 1_440).map(|n| (first + n, counts(1, u64::from(n % 1_440 < 11), 0, 0))).collect();
    let p = partial(&[], vec![(group(&[]), series)], vec![]);
    let slo = Slo { exclude: Arc::new([upkeep]), ..slo("99%", "4d", &[]) };
    let report = Plan::new(&[Asked { slo: &slo, canonical: "c" }], &p, &every("1h")).unwrap().reports().unwrap().remove(0);
    assert_eq!((report.counts.bad, report.counts.excluded, report.excluded[0].stretches.len()), (4, 4 * 20, 4));
    assert_eq!((report.window_coverage, report.counts.events), (Some(1.0), 4 * 1_451));
    assert!(report.excluded[0].to_string().starts_with("4 stretches between 2026-11-02T03:00:00Z and 2026-11-05T03:10:00Z"));
}

#[test]
fn what_lies_off_the_grid_is_an_error() {
    let p = partial(&[], vec![(group(&[]), vec![(0, counts(1, 0, 0, 0))])], vec![]);
    let error = |slo: &Slo, options: &Options| {
        let plan = Plan::new(&[Asked { slo, canonical: "c" }], &p, options);
        plan.and_then(|plan| plan.rows(&mut |_| Ok(()))).unwrap_err().to_string()
    };
    let fives = sliced(slo("99%", "1h", &[]), (5, None, EmptySlices::Ignore, RollUp::Pooled));
    assert!(error(&fives, &every("1m")).contains("steps of 60 s are no whole number of the slices of 300 s"));
    let window = |minutes: i64| vec![Window::Rolling(Length::parse(&format!("{minutes}m")).unwrap())];
    assert!(error(&Slo { windows: window(7), ..fives.clone() }, &every("5m")).contains("7m does not begin and end with one"));
    let start = Some("2026-11-01T00:00:30".parse().unwrap());
    let odd = Calendar::new(Length::parse("1d").unwrap(), start, None).unwrap();
    let off = Slo { windows: vec![Window::Calendar(odd)], ..slo("99%", "1h", &[]) };
    assert!(error(&off, &every("1h")).contains("which is no boundary of the 60 s slices"));
    let kathmandu = Calendar::new(Length::parse("1d").unwrap(), None, Some("Asia/Kathmandu")).unwrap();
    let hours = sliced(slo("99%", "1d", &[]), (60, None, EmptySlices::Ignore, RollUp::Pooled));
    let quarter = Slo { windows: vec![Window::Calendar(kathmandu)], ..hours };
    assert!(error(&quarter, &every("1h")).contains("does not begin and end with one"));
}

#[test]
fn an_empty_excluded_window_has_no_numbers() {
    let p = partial(&[], vec![(group(&[]), vec![(0, counts(1, 1, 0, 0))])], vec![]);
    let slo = excluding(slo("99%", "1h", &[]), &[(-10, 20)]);
    let row = rows(&slo, &p, &every("1h")).remove(0);
    assert_eq!((row.budget, row.sli, row.excluded, row.window_coverage), (None, None, 2, 0.0));
    assert_eq!((row.window_spent.good, row.window_spent.bad), (0, 0));
}
