//! A partial with every kind of value that outputs must carry, for their tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::aggregate::{Counts, Group, IndicatorCounts, IndicatorKey, Partial, Series};
use crate::evaluate::plan::Plan;
use crate::evaluate::report::Report;
use crate::evaluate::row::WindowRow;
use crate::evaluate::{Asked, Options};
use crate::ratio::Target;
use crate::slo::expr::Expr;
use crate::slo::{Dimension, Indicator, Slo, Window};
use crate::time::{Instant, Length, SECONDS_PER_DAY, SliceNumber, Slices};

/// Two SLOs over one indicator: one by route, one ungrouped.
pub fn slos() -> Vec<Slo> {
    let slo = |name: &str, target: &str, group_by: Vec<Dimension>| {
        let window = Window::Rolling(Length::parse("28d").unwrap());
        let indicator = Indicator { valid: None, good: Expr::Always(true), weight: None, routes: Arc::default(), group_by };
        Slo { service: Some("shop".into()), ..Slo::new(name, Target::parse(target).unwrap(), window, Arc::new(indicator)) }
    };
    vec![slo("availability", "99.9%", vec![Dimension::Route]), slo("latency", "99%", vec![])]
}

/// `days` of a service: day and night, one incident, hostile group names, a night without events.
pub fn partial(days: i64) -> Partial {
    let slices = Slices::of_seconds(300).unwrap();
    let first = slices.number(Instant::parse("2026-10-20").unwrap());
    let groups: BTreeMap<Group, Series> = [
        (Some(&b"/api/orders/{id}"[..]), 200),
        (Some(b"/search, \"quoted\""), 90),
        (Some(b"\xFF\x1b[31m\\"), 3),
        (Some(b""), 1),
        (None, 7),
    ]
    .into_iter()
    .map(|(name, rate)| ([name.map(Into::into)].into(), series(first, days, rate)))
    .collect();
    let mut activity = BTreeMap::<SliceNumber, u64>::new();
    for &(slice, c) in groups.values().flatten() {
        *activity.entry(slice).or_default() += c.events;
    }
    let held = IndicatorCounts { dimensions: vec!["route".into()], groups, ..IndicatorCounts::default() };
    Partial {
        slices,
        indicators: BTreeMap::from([(IndicatorKey { service: "shop".into(), canonical: "c".into() }, held)]),
        activity: BTreeMap::from([("shop".into(), activity.into_iter().collect())]),
        receipts: vec![
            super::accounting::tests::receipt("shop\u{1b}[2J.log", 990, 9),
            super::accounting::tests::receipt("b.log", 10, 0),
        ],
    }
}

fn series(first: SliceNumber, days: i64, rate: u64) -> Series {
    let day_slices = SECONDS_PER_DAY / 300;
    let busy = (0..days * day_slices).filter(|n| n / day_slices != 3 || n % day_slices > 60);
    busy.map(|n| {
        let hour = (n % day_slices) / 12;
        let events = rate * (1 + hour.min(24 - hour) as u64) / 4 + 1;
        let incident = n / day_slices == 4 && (150..160).contains(&(n % day_slices));
        let bad = if incident { events / 8 } else { u64::from(n % 97 == 0) };
        let unknown = u64::from(n % 50 == 0);
        (first + n, Counts { events: events + unknown, good: events - bad, bad, unknown })
    })
    .collect()
}

/// The rows of both SLOs and the table's series.
pub fn with_plan<T>(partial: &Partial, every: &str, run: impl FnOnce(&Plan) -> T) -> T {
    let slos = slos();
    let asked: Vec<_> = slos.iter().map(|slo| Asked { slo, canonical: "c" }).collect();
    let options = Options { every: Length::parse(every).unwrap(), ..Options::default() };
    run(&Plan::new(&asked, partial, &options).unwrap())
}

/// The reports of both SLOs over the counts of [`partial`].
pub fn reports(days: i64) -> Vec<Report> {
    with_plan(&partial(days), "1h", |plan| plan.reports().unwrap())
}

/// All rows of a plan.
pub fn rows(plan: &Plan) -> Vec<WindowRow> {
    let mut rows = Vec::new();
    plan.rows(&mut |row| {
        rows.push(row);
        Ok(())
    })
    .unwrap();
    rows
}
