//! slix's numbers against published ones. Each row names its source; the numbers are asked of the same code that reports are made of.

use std::collections::BTreeMap;

use slix::aggregate::{Counts, Group, IndicatorCounts, IndicatorKey, Partial};
use slix::evaluate::budget::{Budget, Exhaustion};
use slix::evaluate::plan::Plan;
use slix::evaluate::report::Report;
use slix::evaluate::{Asked, Options};
use slix::ratio::Target;
use slix::slo::definitions::Definitions;
use slix::time::{Length, Slices};

const WORKBOOK_2: &str =
    "The Site Reliability Workbook, chapter 2 (Implementing SLOs), error budgets of four weeks of an example service";
const WORKBOOK_5: &str = "The Site Reliability Workbook, chapter 5 (Alerting on SLOs), time to exhaustion at burn rates";
const SRE_A: &str = "Site Reliability Engineering, appendix A (Availability Table)";
const OPENSLO_METHODS: &str = "OpenSLO, examples/budgeting-method";
const TEN_SLOTS: &str =
    "Outcomes of budgeting methods over ten slots, the worked example that OpenSLO's maintainers published as a gist";
const DESIGN: &str = "slix's own statement: minutes follow the real length of the window";

fn target(text: &str) -> Target {
    Target::parse(text).unwrap()
}

fn seconds(window: &str) -> u64 {
    Length::parse(window).unwrap().seconds() as u64
}

#[test]
fn allowed_failures() {
    // Target, valid events, bad events that are allowed.
    let rows = [
        (WORKBOOK_2, "97%", 3_663_253, 109_897),
        (WORKBOOK_2, "90%", 3_663_253, 366_325),
        (WORKBOOK_2, "99%", 3_663_253, 36_632),
        ("The Site Reliability Workbook, chapter 2: 99.9 % of a million in four weeks", "99.9%", 1_000_000, 1_000),
    ];
    for (source, text, valid, allowed) in rows {
        assert_eq!(target(text).allowed_bad(valid), allowed, "{source}: {text}");
    }
}

#[test]
fn time_to_exhaustion() {
    // Burn rate, and the days that a whole budget of 30 days lasts.
    let rows = [(WORKBOOK_5, 1.0, 30.0), (WORKBOOK_5, 2.0, 15.0), (WORKBOOK_5, 10.0, 3.0), (WORKBOOK_5, 1_000.0, 43.2 / 1_440.0)];
    for (source, burn, days) in rows {
        let exhaustion = Exhaustion::of(1.0, burn, seconds("30d"));
        assert_eq!(
            (exhaustion.whole_seconds, exhaustion.left_seconds),
            (Some(days * 86_400.0), Some(days * 86_400.0)),
            "{source}: {burn}"
        );
    }
    let rates = [("99.9%", 1, 1_000, 1.0), ("99.9%", 2, 1_000, 2.0), ("99.9%", 1, 100, 10.0), ("99.9%", 1, 1, 1_000.0)];
    for (text, bad, valid, burn) in rates {
        assert_eq!(target(text).burn_rate(bad, valid), Some(burn), "{WORKBOOK_5}: {bad} of {valid}");
    }
}

#[test]
fn minutes_of_a_budget() {
    // Target, window, minutes in which everything may fail.
    let rows = [
        (SRE_A, "99.9%", "365d", 8.76 * 60.0),
        (SRE_A, "99.9%", "90d", 2.16 * 60.0),
        (SRE_A, "99.9%", "30d", 43.2),
        (SRE_A, "99.9%", "7d", 10.08),
        (SRE_A, "99.9%", "1d", 1.44),
        (SRE_A, "99.5%", "30d", 3.6 * 60.0),
        (SRE_A, "99.99%", "30d", 4.32),
        (SRE_A, "99.999%", "365d", 5.256),
        (OPENSLO_METHODS, "95%", "2w", 16.0 * 60.0 + 48.0),
        (DESIGN, "99.9%", "28d", 40.32),
    ];
    for (source, text, window, minutes) in rows {
        let budget = Budget::of(target(text), 1, 0, seconds(window)).unwrap();
        assert!((budget.remaining_minutes - minutes).abs() < 1e-9, "{source}: {text} over {window}: {budget:?}");
    }
}

#[test]
fn a_target_that_is_just_met_is_met() {
    let budget = Budget::of(target("99.9%"), 999, 1, seconds("28d")).unwrap();
    assert_eq!((budget.met, budget.remaining, budget.consumed), (true, 0.0, 1.0), "999 of 1,000 at 99.9 %");
}

/// Good and bad events of ten slots of a minute ([`TEN_SLOTS`]).
const SLOTS: [(u64, u64); 10] = [(2, 2), (10, 0), (12, 0), (13, 0), (13, 1), (12, 3), (13, 1), (13, 0), (12, 0), (11, 0)];

fn report(slots: &[(u64, u64)], slo: &str) -> Report {
    let definitions = Definitions::parse("slos.yaml", &format!("slos: [{{name: a, good: status < 500, {slo}}}]")).unwrap();
    let slo = &definitions.slos[0];
    let canonical = slo.indicator.canonical();
    let slices = Slices::of_seconds(60).unwrap();
    let counts = |&(good, bad): &(u64, u64)| Counts { events: good + bad, good, bad, unknown: 0 };
    let series: Vec<(i64, Counts)> = slots.iter().enumerate().map(|(i, slot)| (i as i64, counts(slot))).collect();
    let activity = series.iter().map(|&(n, c)| (n, c.events)).collect();
    let key = IndicatorKey { service: String::new(), canonical: canonical.clone() };
    let held = IndicatorCounts { groups: BTreeMap::from([(Group::default(), series)]), ..IndicatorCounts::default() };
    let mut partial = Partial::new(slices);
    partial.indicators.insert(key, held);
    partial.activity.insert(String::new(), activity);
    let asked = [Asked { slo, canonical: &canonical }];
    Plan::new(&asked, &partial, &Options::default()).unwrap().reports().unwrap().remove(0)
}

#[test]
fn budgeting_methods() {
    // Keys of the SLO, SLI and consumed budget in percent, to four decimals.
    let rows = [
        (TEN_SLOTS, "target: 95%, window: 10m", 94.0678, 118.6441),
        (
            TEN_SLOTS,
            "target: 95%, window: 10m, budgeting_method: Timeslices, time_slice_target: 95%, time_slice_window: 1m",
            60.0,
            800.0,
        ),
        (TEN_SLOTS, "target: 95%, window: 10m, budgeting_method: RatioTimeslices, time_slice_window: 1m", 91.5714, 168.5714),
    ];
    for (source, slo, sli, consumed) in rows {
        let budget = report(&SLOTS, slo).budget.unwrap();
        let percent = |share: f64| (share * 1e6).round() / 1e4;
        assert_eq!((percent(budget.sli), percent(budget.consumed)), (sli, consumed), "{source}: {slo}");
    }
}

#[test]
fn the_slices_of_two_weeks() {
    // 20,160 minutes, of which 5 % may be bad: 16 h 48 min. One more is too many.
    let slo = "target: 95%, window: 14d, budgeting_method: Timeslices, time_slice_target: 90%, time_slice_window: 1m";
    let slots = |bad: usize| -> Vec<(u64, u64)> { (0..20_160).map(|i| if i < bad { (1, 99) } else { (99, 1) }).collect() };
    let report = |bad| self::report(&slots(bad), slo);
    assert_eq!((report(0).slices(), report(0).allowed_bad), (Some((20_160, Some(20_160))), 1_008), "{OPENSLO_METHODS}");
    assert_eq!(report(16 * 60 + 48).budget.map(|b| (b.met, b.remaining)), Some((true, 0.0)), "{OPENSLO_METHODS}");
    assert!(!report(16 * 60 + 49).budget.unwrap().met);
}
