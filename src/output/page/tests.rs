//! What can be known of a page without a browser: `tests/full report_page` opens it in one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::data::tests::counts_of;
use super::*;
use crate::aggregate::histogram::{Edges, Latencies};
use crate::aggregate::{Counts, Group, IndicatorCounts, IndicatorKey, Partial, Series};
use crate::evaluate::detail::page_step_seconds;
use crate::evaluate::plan::Plan;
use crate::evaluate::row::GroupKind;
use crate::evaluate::{Asked, Options};
use crate::output::sample;
use crate::ratio::Target;
use crate::slo::expr::Expr;
use crate::slo::{Dimension, Indicator, Slo, Window};
use crate::time::{Instant, Length, Slices};

fn page_of(plan: &Plan, partial: &Partial) -> String {
    let (details, definitions) = (plan.details().unwrap(), json!({ "slo": "</script>\u{2028}\u{202e}" }));
    let (grid, receipts) = (plan.grid(), &partial.receipts);
    Page { details: &details, grid, receipts, definitions: &definitions, version: "1.2.3" }.to_html().unwrap()
}

fn page(days: i64) -> String {
    let partial = sample::partial(days);
    sample::with_plan(&partial, "1h", |plan| page_of(plan, &partial))
}

/// The JSON that the page carries.
fn data_of(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    assert!(!data.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "nothing in it could end it");
    serde_json::from_str(data).unwrap()
}

/// What lies between two marks, each time.
fn between<'a>(page: &'a str, from: &'a str, to: &'a str) -> Vec<&'a str> {
    page.split(from).skip(1).map(|rest| rest.split(to).next().unwrap()).collect()
}

/// Twenty SLOs of busy services over four weeks, by the hour: what the limit on a page's size is about.
fn busy() -> (Vec<Slo>, Partial) {
    let slices = Slices::of_seconds(60).unwrap();
    let first = slices.number(Instant::parse("2026-10-01").unwrap());
    let mut partial = Partial::new(slices);
    let bound = 300_000_000;
    for i in 0..20_u64 {
        let mut counts = IndicatorCounts::new(vec!["route".into()], true);
        let mut latencies = Latencies::new(Edges::new(&[bound]).unwrap());
        for route in 0..10_u64 {
            let group: Group = [Some(format!("/api/{route}").into_bytes().into())].into();
            let series: Series = (0..28 * 24)
                .map(|hour| {
                    let events = 40_000 + (hour as u64 * 7_919 + route * 31 + i) % 20_011;
                    let bad = (hour as u64 * 31 + route) % 97;
                    (first + hour * 60, Counts { events: events + 3, good: events - bad, bad, unknown: 3 })
                })
                .collect();
            for &(slice, counted) in &series {
                for step in 0..24 {
                    let ns = (2_000_000 + i as i64) << (step / 2);
                    latencies.add(&group, slices.start(slice), ns, counted.events / 24).unwrap();
                }
            }
            counts.groups.insert(group, series);
        }
        counts.latencies = Some(latencies);
        partial.indicators.insert(IndicatorKey { service: "shop".into(), canonical: format!("c{i}") }, counts);
    }
    partial.activity = BTreeMap::from([("shop".into(), (0..28 * 24).map(|hour| (first + hour * 60, 10)).collect())]);
    let indicator = Indicator {
        valid: None,
        good: Expr::Always(true),
        weight: None,
        routes: Arc::default(),
        group_by: vec![Dimension::Route],
    };
    let window = Window::Rolling(Length::parse("28d").unwrap());
    let slo = |i| {
        Slo::new(&format!("objective number {i}"), Target::parse("99.9%").unwrap(), window.clone(), Arc::new(indicator.clone()))
    };
    ((0..20).map(slo).collect(), partial)
}

#[test]
fn a_page_of_twenty_slos_by_the_hour_is_below_two_megabytes() {
    let (slos, partial) = busy();
    let names: Vec<String> = (0..20).map(|i| format!("c{i}")).collect();
    let asked: Vec<_> = slos.iter().zip(&names).map(|(slo, canonical)| Asked { slo, canonical }).collect();
    let seconds = page_step_seconds(slos.iter(), &partial);
    assert_eq!(seconds, 3_600);
    let options = Options { every: Length::parse(&format!("{seconds}s")).unwrap(), ..Options::default() };
    let page = page_of(&Plan::new(&asked, &partial, &options).unwrap(), &partial);
    let data = data_of(&page);
    assert_eq!(data["slos"].as_array().unwrap().len(), 20);
    assert_eq!(counts_of(&data["slos"][19]["counts"]["window_good"]).len(), 28 * 24);
    let cells = data["slos"][19]["latency"]["cells"].as_array().unwrap();
    assert!(cells.len() >= 12 && cells.iter().all(|cell| counts_of(cell).len() == 28 * 24));
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
}

#[test]
fn the_counts_are_those_of_the_windows_table() {
    let partial = sample::partial(9);
    sample::with_plan(&partial, "1h", |plan| {
        let data = data_of(&page_of(plan, &partial));
        let rows = sample::rows(plan);
        for (i, slo) in data["slos"].as_array().unwrap().iter().enumerate() {
            let name = &sample::slos()[i].name;
            let rows: Vec<_> = rows.iter().filter(|r| r.series.group_kind == GroupKind::All && r.series.slo == *name).collect();
            assert_eq!(slo["start"], json!(rows[0].start_time.micros() as f64 / 1e6));
            let equal = |column: &str, of: fn(&crate::evaluate::row::WindowRow) -> u64| {
                let counts: Vec<u64> = rows.iter().map(|row| of(row)).collect();
                assert_eq!(counts_of(&slo["counts"][column]), counts, "{column}");
            };
            equal("events", |row| row.events);
            equal("good", |row| row.good);
            equal("bad", |row| row.bad);
            equal("unknown", |row| row.unknown);
            equal("window_good", |row| row.window_good);
            equal("window_bad", |row| row.window_bad);
        }
    });
}

#[test]
fn the_first_screen_says_what_the_last_row_says() {
    let partial = sample::partial(9);
    sample::with_plan(&partial, "1h", |plan| {
        let page = page_of(plan, &partial);
        let rows = sample::rows(plan);
        let last = |name: &str| rows.iter().rfind(|r| r.series.group_kind == GroupKind::All && r.series.slo == name).unwrap();
        let (sli, left) = (
            between(&page, "data-field=\"window_sli\" data-value=\"", "\""),
            between(&page, "data-field=\"budget_remaining\" data-value=\"", "\""),
        );
        for (i, slo) in sample::slos().iter().enumerate() {
            let budget = last(&slo.name).budget.unwrap();
            assert_eq!((sli[i].parse(), left[i].parse()), (Ok(budget.sli), Ok(budget.remaining)));
        }
    });
}

#[test]
fn the_policy_allows_what_is_in_the_page_and_nothing_else() {
    let page = page(2);
    let (policy, _) = page.split_once("Content-Security-Policy\" content=\"").unwrap().1.split_once('"').unwrap();
    let scripts = between(&page, "<script>", "</script>");
    assert_eq!(scripts.len(), SCRIPTS.len());
    for script in scripts {
        assert!(policy.contains(&hash(script)), "a script is not allowed");
    }
    let styles = between(&page, "<style>", "</style>");
    assert!(styles.len() == 1 && policy.contains(&hash(styles[0])));
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    let outside = [" src=", "@import", "url(", " style=\"", " onclick"];
    let body = page.split_once("</style>").unwrap().1.split_once("<script>").unwrap().0;
    assert!(outside.iter().all(|text| !body.contains(text)), "nothing is fetched, and nothing acts on its own");
}

#[test]
fn text_of_a_log_stays_text() {
    let page = page(2);
    // A name of a group and one of an input, and the definitions.
    for text in [r"\xFF\u{1b}[31m", r"shop\u{1b}[2J.log", "&#x2f;search, &quot;quoted&quot;", "&lt;&#x2f;script&gt;"] {
        assert!(page.contains(text), "{text}");
    }
    let acts =
        |c: char| (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}');
    assert_eq!(page.chars().find(|&c| acts(c)), None);
    assert_eq!(page.matches("</script>").count(), SCRIPTS.len() + 1);
}

#[test]
fn without_events_the_page_says_so() {
    let page = page(0);
    assert!(page.contains("hold no events") && !page.contains("data-chart=\"sli\""));
    let data = data_of(&page);
    assert_eq!((&data["slos"][0]["start"], &data["slos"][0]["counts"]["events"]), (&Value::Null, &json!("")));
}

#[test]
fn more_groups_than_are_listed_are_counted() {
    let slos = [sample::slos().remove(0)];
    let mut partial = sample::partial(1);
    let held = partial.indicators.values_mut().next().unwrap();
    let series = held.groups.values().find(|series| series.iter().any(|(_, c)| c.bad > 0)).unwrap().clone();
    for n in 0..facts::GROUPS_SHOWN_MAX + 20 {
        held.groups.insert([Some(format!("/{n}").into_bytes().into())].into(), series.clone());
    }
    let asked = [Asked { slo: &slos[0], canonical: "c" }];
    let plan = Plan::new(&asked, &partial, &Options::default()).unwrap();
    let page = page_of(&plan, &partial);
    let listed = page.matches("data-field=\"window_bad\"").count();
    // The one more is the figure of the SLO itself.
    assert_eq!(listed, facts::GROUPS_SHOWN_MAX + 1);
    let all = plan.details().unwrap()[0].groups.len();
    assert!(page.contains(&format!("{} more groups with", all - facts::GROUPS_SHOWN_MAX)), "of {all}");
}

#[test]
fn vendored_files_are_those_of_their_packages() {
    let sums = include_str!("vendor/uplot/README.md").to_owned() + include_str!("../picture/fonts/README.md");
    let files: [(&str, &[u8]); 5] = [
        ("LICENSE", LICENSE.as_bytes()),
        ("uPlot.iife.min.js", SCRIPTS[0].as_bytes()),
        ("uPlot.min.css", include_bytes!("vendor/uplot/uPlot.min.css")),
        ("Inter-Regular.otf", include_bytes!("../picture/fonts/Inter-Regular.otf")),
        ("Inter-SemiBold.otf", include_bytes!("../picture/fonts/Inter-SemiBold.otf")),
    ];
    for (name, bytes) in files {
        let sum: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(sums.contains(&format!("| `{name}` | {sum} |")), "{name} has the sum {sum}");
    }
}
