//! The plan against an obvious twin that filters all slices anew for every number of every row.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::aggregate::Counts;
use crate::ratio::Target;
use crate::record::Field;
use crate::slo::expr::Expr;
use crate::slo::{Dimension, Indicator, Slo};
use crate::time::{Instant, Length};

pub(super) fn slo(target: &str, window: &str, group_by: &[Dimension]) -> Slo {
    let window = Window::Rolling(Length::parse(window).unwrap());
    let group_by = group_by.to_vec();
    let indicator = Indicator { valid: None, good: Expr::Always(true), weight: None, routes: Arc::default(), group_by };
    Slo::new("availability", Target::parse(target).unwrap(), window, Arc::new(indicator))
}

pub(super) fn counts(good: u64, bad: u64, unknown: u64, excluded: u64) -> Counts {
    Counts { events: good + bad + unknown + excluded, good, bad, unknown }
}

pub(super) fn group(values: &[&str]) -> Group {
    values.iter().map(|v| Some(v.as_bytes().into())).collect()
}

/// A partial of one service with one indicator, `c`; activity is what the groups have.
pub(super) fn partial(dimensions: &[&str], groups: Vec<(Group, Series)>, other: Series) -> Partial {
    let mut activity = BTreeMap::<SliceNumber, u64>::new();
    for &(slice, c) in groups.iter().flat_map(|(_, s)| s).chain(&other) {
        *activity.entry(slice).or_default() += c.events;
    }
    activity.retain(|_, events| *events > 0);
    let dimensions = dimensions.iter().map(|d| (*d).to_owned()).collect();
    let held = IndicatorCounts { dimensions, groups: groups.into_iter().collect(), other, ..IndicatorCounts::default() };
    Partial {
        slices: Slices::of_seconds(60).unwrap(),
        indicators: BTreeMap::from([(IndicatorKey { service: "shop".into(), canonical: "c".into() }, held)]),
        activity: BTreeMap::from([("shop".into(), activity.into_iter().collect())]),
        receipts: Vec::new(),
    }
}

pub(super) fn rows(slo: &Slo, partial: &Partial, options: &Options) -> Vec<WindowRow> {
    let mut rows = Vec::new();
    let plan = Plan::new(&[Asked { slo, canonical: "c" }], partial, options).unwrap();
    plan.rows(&mut |row| {
        rows.push(row);
        Ok(())
    })
    .unwrap();
    rows
}

pub(super) fn every(text: &str) -> Options {
    Options { every: Length::parse(text).unwrap(), ..Options::default() }
}

pub(super) fn minute(n: SliceNumber) -> Instant {
    Slices::of_seconds(60).unwrap().start(n)
}

const HOST: Dimension = Dimension::Field(Field::Host);

#[test]
fn a_worked_example() {
    let p = partial(&[], vec![(group(&[]), vec![(0, counts(999, 1, 2, 3)), (7, counts(10, 0, 0, 0))])], vec![]);
    let rows = rows(&slo("99.9%", "10m", &[]), &p, &every("5m"));
    assert_eq!(rows.len(), 2);
    let first = &rows[0];
    assert_eq!((first.start_time, first.end_time, first.window_start_time), (minute(0), minute(5), minute(-5)));
    assert_eq!((first.events, first.good, first.bad, first.unknown, first.excluded, first.valid), (1_005, 999, 1, 2, 3, 1_000));
    assert_eq!((first.sli, first.burn_rate), (Some(0.999), Some(1.0)));
    assert_eq!((first.window_partial, first.window_coverage), (true, 0.2));
    let budget = first.budget.unwrap();
    assert_eq!((budget.met, budget.consumed, budget.remaining, budget.remaining_minutes), (true, 1.0, 0.0, 0.0));
    // The last row is cut where the latest slice with an event ends.
    let last = &rows[1];
    assert_eq!((last.start_time, last.end_time, last.window_start_time), (minute(5), minute(8), minute(-2)));
    assert_eq!((last.events, last.window_valid, last.window_coverage), (10, 1_010, 0.25));
}

#[test]
fn silent_steps_have_no_ratios() {
    let p = partial(&[], vec![(group(&[]), vec![(0, counts(1, 0, 0, 0)), (60, counts(0, 0, 0, 5))])], vec![]);
    let all = rows(&slo("99%", "10m", &[]), &p, &every("10m"));
    assert_eq!(all.len(), 7);
    assert!(all[1].sli.is_none() && all[1].burn_rate.is_none() && all[1].budget.is_none());
    assert_eq!(all[1].window_coverage, 0.0);
    assert_eq!((all[6].excluded, all[6].valid, all[6].budget), (5, 0, None));
    let filled = rows(&slo("99%", "10m", &[]), &p, &Options { skip_empty: true, ..every("10m") });
    assert_eq!(filled.len(), 2);
}

#[test]
fn now_may_be_before_or_after_the_last_event() {
    let p = partial(&[], vec![(group(&[]), vec![(0, counts(1, 0, 0, 0)), (9, counts(0, 1, 0, 0))])], vec![]);
    let at = |n| Options { at: Some(minute(n)), ..every("5m") };
    let early = rows(&slo("99%", "1h", &[]), &p, &at(7));
    assert_eq!(early.iter().map(|r| (r.end_time, r.bad)).collect::<Vec<_>>(), [(minute(5), 0), (minute(7), 0)]);
    let late = rows(&slo("99%", "1h", &[]), &p, &at(22));
    assert_eq!(late.len(), 5);
    assert_eq!((late[4].end_time, late[4].events, late[4].window_bad), (minute(22), 0, 1));
    assert!(rows(&slo("99%", "1h", &[]), &p, &at(0)).is_empty());
}

#[test]
fn groups_have_rows_for_steps_with_events_and_the_last() {
    let a = (group(&["a"]), vec![(0, counts(1, 0, 0, 0)), (20, counts(1, 0, 0, 0))]);
    let b = (group(&["b"]), vec![(10, counts(0, 1, 0, 0))]);
    let p = partial(&["host"], vec![a, b], vec![]);
    let rows = rows(&slo("99%", "1h", &[HOST]), &p, &every("5m"));
    let seen = |r: &WindowRow| (r.series.group_kind.name(), r.series.group.clone(), r.start_time);
    let of = |kind, key: &[&str], n| (kind, group(key), minute(n));
    let want = [
        of("all", &[], 0),
        of("all", &[], 5),
        of("all", &[], 10),
        of("all", &[], 15),
        of("all", &[], 20),
        of("group", &["a"], 0),
        of("group", &["a"], 20),
        of("group", &["b"], 10),
        of("group", &["b"], 20),
    ];
    assert_eq!(rows.iter().map(seen).collect::<Vec<_>>(), want);
    // The last row of `b` is empty itself, but its window is not.
    assert_eq!((rows[8].events, rows[8].window_bad), (0, 1));
}

#[test]
fn the_groups_with_most_events_are_shown_and_the_rest_is_other() {
    let one = |name, n| (group(&[name]), vec![(0, counts(n, 0, 0, 0))]);
    let p = partial(&["host"], vec![one("a", 1), one("b", 5), one("c", 1), one("d", 7)], vec![(0, counts(2, 0, 0, 0))]);
    let slo = slo("99%", "1h", &[HOST]);
    let options = Options { groups_max: 3, ..every("1h") };
    let plan = Plan::new(&[Asked { slo: &slo, canonical: "c" }], &p, &options).unwrap();
    assert_eq!(plan.entries[0].folded, 1);
    let seen: Vec<_> = rows(&slo, &p, &options).iter().map(|r| (r.series.group.clone(), r.events)).collect();
    // A tie (`a`, `c`) goes to the smaller key; what the partial pooled before is part of `other` and of `all`.
    let want = [(group(&[]), 16), (group(&["a"]), 1), (group(&["b"]), 5), (group(&["d"]), 7), (group(&[]), 3)];
    assert_eq!(seen, want);
}

#[test]
fn finer_dimensions_and_slices_are_pooled() {
    let fine = |host, method, n| (group(&[host, method]), vec![(n, counts(1, 0, 0, 0)), (n + 1, counts(0, 1, 0, 0))]);
    let p = partial(&["host", "method"], vec![fine("a", "GET", 0), fine("a", "PUT", 0), fine("b", "GET", 3)], vec![]);
    let five = Some(Slices::of_seconds(300).unwrap());
    let rows = rows(&slo("99%", "1h", &[HOST]), &p, &Options { slices: five, ..every("5m") });
    assert_eq!(rows.iter().map(|r| (r.good, r.bad)).collect::<Vec<_>>(), [(3, 3), (2, 2), (1, 1)]);
    // "Now" is the end of a slice of the coarser grid.
    assert_eq!((rows[0].end_time, rows[0].window_coverage), (minute(5), 1.0));
}

#[test]
fn what_the_counts_cannot_answer_is_an_error() {
    let p = partial(&["host"], vec![(group(&["a"]), vec![(0, counts(1, 0, 0, 0))])], vec![]);
    let error = |slo: &Slo, canonical, options: &Options| {
        Plan::new(&[Asked { slo, canonical }], &p, options).map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(
        error(&slo("99%", "1h", &[]), "d", &every("1h")),
        "nothing was counted for SLO `availability` of service `shop`: no input holds its indicator"
    );
    assert_eq!(
        error(&slo("99%", "1h", &[HOST, Dimension::Route]), "c", &every("1h")),
        "the counts are not kept by `route`: they are grouped by host only"
    );
    assert_eq!(
        error(&slo("99%", "1h", &[]), "c", &Options { slices: Slices::of_seconds(90), ..every("1h") }),
        "the counts are kept in slices of 60 s, which slices of 90 s are no multiple of"
    );
    assert_eq!(
        error(&slo("99%", "61s", &[]), "c", &every("1h")),
        "the window of SLO `availability` of 61s is not a whole number of 60 s slices"
    );
}

#[test]
fn an_slo_without_a_service_holds_for_each() {
    let mut p = partial(&[], vec![(group(&[]), vec![(0, counts(1, 0, 0, 0))])], vec![]);
    let held = p.indicators.values().next().unwrap().clone();
    p.indicators.insert(IndicatorKey { service: "blog".into(), canonical: "c".into() }, held);
    p.activity.insert("blog".into(), vec![(0, 1)]);
    let mut one = slo("99%", "1h", &[]);
    assert_eq!(rows(&one, &p, &every("1h")).iter().map(|r| r.series.service.clone()).collect::<Vec<_>>(), ["blog", "shop"]);
    one.service = Some("shop".into());
    assert_eq!(rows(&one, &p, &every("1h")).len(), 1);
    one.service = Some("silent".into());
    assert!(rows(&one, &p, &every("1h")).is_empty());
}

#[test]
fn too_many_rows_are_refused_before_the_first() {
    let p = partial(&[], vec![(group(&[]), vec![(0, counts(1, 0, 0, 0)), (60_000_000, counts(1, 0, 0, 0))])], vec![]);
    let slo = slo("99%", "1h", &[]);
    let plan = |options: &Options| Plan::new(&[Asked { slo: &slo, canonical: "c" }], &p, options).unwrap().rows(&mut |_| Ok(()));
    let error = plan(&every("1m")).unwrap_err();
    assert_eq!(error.to_string(), "this asks for 60000001 rows, and the limit is 50000000");
    assert!(error.hint_text().unwrap().contains("--every"));
    assert!(plan(&Options { skip_empty: true, ..every("1m") }).is_ok());
    assert!(plan(&Options { from: Some(minute(59_999_990)), ..every("1m") }).is_ok());
}

/// What the twin computes for one row.
type Naive = (Instant, Instant, Counts, Instant, bool, u64, u64, Counts);

/// O(rows × slices): every number by filtering all slices.
fn naive(series: &Series, activity: &Activity, window: i64, every: i64, at: i64, dense: bool, shown: (i64, i64)) -> Vec<Naive> {
    let pool = |from: i64, to: i64| {
        let mut sum = Counts::default();
        series.iter().filter(|&&(n, _)| from <= n && n < to).for_each(|&(_, c)| series::add(&mut sum, c).unwrap());
        sum
    };
    let Some(first) = activity.iter().map(|&(n, _)| n).min().filter(|&n| n < at) else { return Vec::new() };
    let (low, high) = (first.div_euclid(every), (at - 1).div_euclid(every));
    let mut rows = Vec::new();
    for k in low..=high {
        let (start, end) = (k * every, ((k + 1) * every).min(at));
        let step = pool(start, end);
        if start < shown.0 || start >= shown.1 || !(dense || step.events > 0 || k == high) {
            continue;
        }
        let active = activity.iter().filter(|&&(n, _)| end - window <= n && n < end).count() as u64;
        let possible = (end - first.max(end - window)) as u64;
        let partial = end - window < first;
        rows.push((minute(start), minute(end), step, minute(end - window), partial, active, possible, pool(end - window, end)));
    }
    rows
}

pub(super) fn arb_series() -> impl Strategy<Value = Series> {
    let slice = prop_oneof![-30_i64..60, 200_i64..230];
    prop::collection::btree_map(slice, (0_u64..4, 0_u64..4, 0_u64..2, 0_u64..2), 0..25)
        .prop_map(|m| m.into_iter().map(|(n, (g, b, u, x))| (n, counts(g, b, u, x))).collect())
}

proptest! {
    #[test]
    fn the_machine_equals_its_twin(
        a in arb_series(), b in arb_series(), window in 1_i64..80, every in 1_i64..20, at in prop::option::of(-40_i64..260),
        from in prop::option::of(-40_i64..260), to in prop::option::of(-40_i64..260), skip_empty: bool,
    ) {
        let p = partial(&["host"], vec![(group(&["a"]), a.clone()), (group(&["b"]), b.clone())], vec![]);
        let activity = &p.activity["shop"];
        let now = at.or(activity.last().map(|&(n, _)| n + 1)).unwrap_or(0);
        let options = Options {
            at: at.map(minute), from: from.map(minute), to: to.map(minute), skip_empty,
            ..self::every(&format!("{every}m"))
        };
        let got = rows(&slo("99%", &format!("{window}m"), &[HOST]), &p, &options);
        let shown = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
        let all = series::sum(&[&a, &b], 1).unwrap();
        let mut want = naive(&all, activity, window, every, now, !skip_empty, shown);
        want.extend(naive(&a, activity, window, every, now, false, shown));
        want.extend(naive(&b, activity, window, every, now, false, shown));
        prop_assert_eq!(got.len(), want.len());
        for (row, (start, end, step, window_start, partial, active, possible, window)) in got.iter().zip(want) {
            prop_assert_eq!((row.start_time, row.end_time, row.window_start_time), (start, end, window_start));
            prop_assert_eq!((row.events, row.good, row.bad, row.unknown), (step.events, step.good, step.bad, step.unknown));
            prop_assert_eq!(row.good + row.bad + row.unknown + row.excluded, row.events);
            prop_assert_eq!((row.window_good, row.window_bad, row.window_unknown), (window.good, window.bad, window.unknown));
            prop_assert_eq!((row.window_partial, row.window_coverage), (partial, active as f64 / possible as f64));
            prop_assert_eq!(row.budget.is_none(), window.good + window.bad == 0);
        }
    }

    /// `--to t` and `--from t` cut the table in two without losing or doubling a row.
    #[test]
    fn from_and_to_tile(a in arb_series(), every in 1_i64..20, cut in -40_i64..260) {
        let p = partial(&[], vec![(group(&[]), a)], vec![]);
        let slo = slo("99%", "1h", &[]);
        let starts = |options: &Options| rows(&slo, &p, options).iter().map(|r| r.start_time).collect::<Vec<_>>();
        let every = self::every(&format!("{every}m"));
        let mut halves = starts(&Options { to: Some(minute(cut)), ..every.clone() });
        halves.extend(starts(&Options { from: Some(minute(cut)), ..every.clone() }));
        prop_assert_eq!(halves, starts(&every));
    }

    /// The roll-up of a step is the sum of its groups, however many of them are shown.
    #[test]
    fn the_roll_up_is_the_sum_of_its_groups(all in prop::collection::vec(arb_series(), 1..6), groups_max in 0_usize..4) {
        let named = all.iter().enumerate().map(|(i, s)| (group(&[&i.to_string()]), s.clone())).collect();
        let p = partial(&["host"], named, vec![]);
        let options = Options { groups_max, ..every("7m") };
        let mut sums = BTreeMap::<Instant, [u64; 3]>::new();
        for row in rows(&slo("99%", "1h", &[HOST]), &p, &options) {
            let (sum, sign) = (sums.entry(row.start_time).or_default(), row.series.group_kind == GroupKind::All);
            for (s, n) in sum.iter_mut().zip([row.events, row.good, row.bad]) {
                *s = if sign { s.wrapping_add(n) } else { s.wrapping_sub(n) };
            }
        }
        prop_assert!(sums.values().all(|s| *s == [0; 3]));
    }

    /// One more bad event never leaves more of any budget.
    #[test]
    fn one_more_bad_event_never_raises_a_budget(a in arb_series(), which in 0_usize..25) {
        prop_assume!(which < a.len() && a[which].1.events > 0);
        let mut worse = a.clone();
        series::add(&mut worse[which].1, counts(0, 1, 0, 0)).unwrap();
        let slo = slo("99%", "30m", &[]);
        let before = rows(&slo, &partial(&[], vec![(group(&[]), a)], vec![]), &every("5m"));
        let after = rows(&slo, &partial(&[], vec![(group(&[]), worse)], vec![]), &every("5m"));
        prop_assert_eq!(before.len(), after.len());
        for (b, a) in before.iter().zip(&after) {
            let (Some(b), Some(a)) = (b.budget, a.budget) else { continue };
            prop_assert!(a.remaining <= b.remaining && a.remaining_minutes <= b.remaining_minutes && a.met <= b.met);
        }
    }
}

mod report {
    use super::*;
    use crate::evaluate::warning::Warning;

    #[test]
    fn a_report_shows_the_window_that_ends_now() {
        let a = (group(&["a"]), vec![(0, counts(0, 100, 0, 0)), (100, counts(900, 0, 0, 0)), (159, counts(90, 10, 30, 0))]);
        let b = (group(&["b"]), vec![(150, counts(99, 1, 0, 0))]);
        let p = partial(&["host"], vec![a, b], vec![]);
        let slo = slo("99%", "1h", &[HOST]);
        let plan = Plan::new(&[Asked { slo: &slo, canonical: "c" }], &p, &every("1h")).unwrap();
        let report = &plan.reports().unwrap()[0];
        assert_eq!((report.at, report.window_start, report.window_partial), (minute(160), minute(100), false));
        assert_eq!((report.counts.good, report.counts.bad, report.counts.unknown, report.allowed_bad), (1_089, 11, 30, 11));
        assert_eq!(report.budget.map(|b| (b.met, b.remaining)), Some((true, 0.0)));
        assert_eq!(report.burns[0].rate, Some(1.0));
        assert!(!report.burns[0].partial && report.burns[1].partial);
        let worst: Vec<_> = report.worst.iter().map(|g| (g.key.group.clone(), g.counts.bad, g.budget_spent)).collect();
        assert_eq!(worst, [(group(&["a"]), 10, Some(10.0 / 11.0)), (group(&["b"]), 1, Some(1.0 / 11.0))]);
        assert_eq!(report.warnings, [Warning::Unknown { unknown: 30, judged: 1_130 }]);
        // 60 slices in buckets of three minutes, with the last bad ones in the last bucket.
        assert_eq!((report.spark.len(), report.spark.last().map(|s| s.bad)), (20, Some(10)));
        assert_eq!(report.spark.iter().map(|s| s.good + s.bad).sum::<u64>(), 1_100);
        assert!(report.spark.windows(2).all(|w| w[0].end == w[1].start));
    }

    #[test]
    fn a_service_without_events_has_a_report_without_numbers() {
        let p = partial(&[], vec![], vec![]);
        let mut slo = slo("99%", "1h", &[]);
        slo.service = Some("silent".into());
        let plan = Plan::new(&[Asked { slo: &slo, canonical: "c" }], &p, &every("1h")).unwrap();
        let report = &plan.reports().unwrap()[0];
        assert!(report.budget.is_none() && report.window_coverage.is_none() && report.spark.is_empty());
        assert!(report.burns.iter().all(|b| b.rate.is_none()));
    }
}
