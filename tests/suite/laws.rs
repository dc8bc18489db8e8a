//! The laws that make slix what it is, on generated logs of every format and of every kind of dirt.

mod mutation;
mod presets;
mod ranges;
mod rig;
mod twin;
mod whole;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use slix::aggregate::accounting::Accounting;
use slix::aggregate::{Counts, Duplicates, Partial};
use slix::evaluate::plan::Plan;
use slix::evaluate::row::WindowRow;
use slix::evaluate::{Asked, Options};
use slix::format::Format;
use slix::framing::LINE_BYTES_MAX;
use slix::marks::Kernel;
use slix::record::{Field, Outcome, Skip};
use slix::slices;
use slix::slo::definitions::Definitions;
use slix::time::{ANCHOR, Instant, Length};

use crate::loggen::{self, CLASSES, Config, NO_ROUTE, Truth, Verdict, generate};
use rig::{Counted, How, Rig};

/// As many cases as `PROPTEST_CASES` says, or a few.
fn cases(few: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(few);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// The format that reads what the generator writes.
fn format_of(format: loggen::Format) -> Format {
    Format::parse(&format.read_as()).unwrap()
}

/// What is asked of a format: the latency only where there is one.
fn definitions(format: &Format) -> Definitions {
    let routes = CLASSES[..NO_ROUTE].iter().map(|route| format!("{route:?}")).collect::<Vec<_>>().join(", ");
    let mut slos = vec![twin::AVAILABILITY, twin::STATUSES, twin::MIXED, twin::PATHS];
    slos.extend(format.resolve(&Field::Latency).map(|_| twin::LATENCY));
    Definitions::parse("laws", &format!("routes: [{routes}]\nslos:\n{}\n", slos.join("\n"))).unwrap()
}

fn rig_of(format: loggen::Format) -> (Rig, Definitions) {
    let format = format_of(format);
    let definitions = definitions(&format);
    (Rig::new(&format, definitions.slos.iter().map(|slo| slo.indicator.clone()).collect(), 60), definitions)
}

/// Logs of up to `lines` lines, clean or with much of everything that can be wrong.
fn config(lines: u64) -> impl Strategy<Value = Config> {
    let format = select(loggen::Format::ALL.map(|(_, format)| format).to_vec());
    let offset = select(vec![0, 60, -210, 330]);
    let minutes = select(vec![1, 7, 300]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (any::<u64>(), 1..=lines, format, offset, minutes, flags).prop_map(
        |(seed, lines, format, offset_minutes, minutes, (is_dirty, crlf, last_newline))| {
            let clean =
                Config { seed, lines, format, offset_minutes, minutes, crlf, last_newline, errors: 0.1, ..Config::default() };
            let dirty = Config {
                malformed_requests: 0.05,
                cut_lines: 0.03,
                blank_lines: 0.03,
                junk_lines: 0.03,
                undated: 0.03,
                out_of_order: 0.2,
                no_response: 0.05,
                missing_latency: 0.05,
                escapes: 0.2,
                escapes_everywhere: seed % 2 == 0,
                days: 1 + seed % 3,
                ..clean.clone()
            };
            if is_dirty { dirty } else { clean }
        },
    )
}

fn kernels() -> impl Iterator<Item = Kernel> {
    Kernel::ALL.into_iter().map(|(kernel, _)| kernel).filter(|kernel| kernel.is_available())
}

const ONE_THREAD: How = How { cuts: Vec::new(), chunks: Vec::new(), threads: 1, kernel: Kernel::Portable };

fn whole() -> How {
    How { chunks: vec![usize::MAX], ..ONE_THREAD }
}

fn how() -> impl Strategy<Value = How> {
    let cuts = prop::collection::vec(0u64..60_000, 0..6);
    let chunks = prop::collection::vec(select(vec![1usize, 3, 63, 64, 65, 100, 4_096, 300_000]), 1..4);
    (cuts, chunks, select(vec![1usize, 2, 8]), select(kernels().collect::<Vec<_>>()))
        .prop_map(|(cuts, chunks, threads, kernel)| How { cuts, chunks, threads, kernel })
}

/// Both are the same, or else where they begin to differ.
fn same<T: PartialEq + std::fmt::Debug>(got: &T, want: &T) -> Result<(), TestCaseError> {
    if got == want {
        return Ok(());
    }
    let (got, want) = (format!("{got:#?}"), format!("{want:#?}"));
    let from = got.lines().zip(want.lines()).position(|(a, b)| a != b).unwrap_or(0);
    let around = |text: &str| text.lines().skip(from.saturating_sub(12)).take(24).collect::<Vec<_>>().join("\n");
    Err(TestCaseError::fail(format!("they differ in line {from}; got\n{}\nnot\n{}", around(&got), around(&want))))
}

/// The bytes of a slices file: equal bytes, equal counts and receipts.
fn bytes_of(partial: &Partial) -> Vec<u8> {
    let mut bytes = Vec::new();
    slices::write(partial, &mut bytes).unwrap();
    bytes
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn chunks_pieces_threads_and_kernels_do_not_show(
        config in config(400), how in how(), line_bytes_max in select(vec![LINE_BYTES_MAX, 170]),
    ) {
        let (mut rig, _) = rig_of(config.format);
        rig.line_bytes_max = line_bytes_max;
        let (log, _) = generate(&config);
        let (want, got) = (rig.run(&log, &whole()), rig.run(&log, &how));
        same(&got, &want)?;
        prop_assert_eq!(bytes_of(&got.partial), bytes_of(&want.partial));
    }

    #[test]
    fn histograms_know_exactly_how_many_met_the_declared_threshold(config in config(300)) {
        let (rig, definitions) = rig_of(config.format);
        let (log, _) = generate(&config);
        let partial = rig.run(&log, &whole()).partial;
        for (key, counts) in &partial.indicators {
            let asks = definitions.slos.iter().any(|slo| {
                slo.indicator.canonical() == key.canonical && slo.indicator.latency_thresholds().is_some()
            });
            prop_assert_eq!(counts.latencies.is_some(), asks);
            let Some(latencies) = &counts.latencies else { continue };
            let all = latencies.roll_up().unwrap();
            let within: u64 = latencies.edges.thresholds().iter().map(|&threshold| {
                latencies.distribution(&all, i64::MIN..i64::MAX).unwrap().within(threshold).unwrap()
            }).sum();
            let good: u64 = counts.roll_up().unwrap().iter().map(|(_, counts)| counts.good).sum();
            prop_assert_eq!(within, good, "{}", key.canonical);
        }
    }

    #[test]
    fn ranges_that_tile_a_log_merge_in_any_order_to_the_whole(
        config in config(300), mut bounds in prop::collection::vec(any::<Index>(), 0..6), order in any::<u64>(),
    ) {
        let (rig, _) = rig_of(config.format);
        let (log, _) = generate(&config);
        bounds.sort_by_key(|bound| bound.index(log.len() + 1));
        let mut parts = Vec::new();
        let mut from = 0;
        for to in bounds.iter().map(|bound| Some(bound.index(log.len() + 1) as u64)).chain([None]) {
            parts.push(rig.run_range(&log, (from, to), &whole()).partial);
            from = to.unwrap_or(0);
        }
        // A few turns of a generator of numbers are an order.
        let mut state = order;
        for i in (1..parts.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            parts.swap(i, (state >> 33) as usize % (i + 1));
        }
        let want = bytes_of(&rig.run(&log, &whole()).partial);
        let paired = Partial::merge_all(parts.clone(), Duplicates::Refuse).unwrap().unwrap();
        prop_assert_eq!(&bytes_of(&paired), &want, "merged in pairs");
        let mut one_by_one = parts.remove(0);
        parts.into_iter().for_each(|part| one_by_one.merge(part).unwrap());
        prop_assert_eq!(&bytes_of(&one_by_one), &want, "merged one by one");
        let stored = slices::read("a.slices.parquet", bytes::Bytes::from(want.clone())).unwrap();
        prop_assert_eq!(bytes_of(&stored), want, "read back");
    }

    #[test]
    fn the_fast_path_is_the_careful_path_by_every_kernel(config in config(300)) {
        let (rig, _) = rig_of(config.format);
        let (log, _) = generate(&config);
        let want = rig.careful(&log);
        for kernel in kernels() {
            same(&rig.fast(&log, kernel), &want)?;
        }
    }

    #[test]
    fn counts_are_those_of_the_slow_twin(config in config(300)) {
        let (rig, definitions) = rig_of(config.format);
        let (log, _) = generate(&config);
        let counted = rig.fast(&log, Kernel::best());
        let names: Vec<&str> = definitions.slos.iter().map(|slo| &*slo.name).collect();
        let (table, lines) = read_slowly(config.format, &log, &names);
        prop_assert_eq!(table_of(&rig, &names, &counted.partial), table);
        prop_assert_eq!(four(&counted.accounting), lines);
    }

    #[test]
    fn counts_are_those_that_the_generator_kept(config in config(500)) {
        let (rig, _) = rig_of(config.format);
        let (log, truth) = generate(&config);
        let counted = rig.run(&log, &whole());
        prop_assert_eq!(four(&counted.accounting), truth.outcomes.map(|tally| (tally.lines, tally.bytes)));
        let total = counted.accounting.total();
        prop_assert_eq!((total.lines, total.bytes), (config.lines.min(total.lines), log.len() as u64));
        prop_assert_eq!(counted.accounting.no_response, truth.statuses[0]);
        check_statuses(&rig, &counted, &truth)?;
        check_cells(&rig, 0, &counted, &truth, |cell, verdict| cell.status(verdict))?;
        if rig.keys.len() == 5 {
            check_cells(&rig, 4, &counted, &truth, |cell, verdict| cell.latency(verdict))?;
        }
    }

    #[test]
    fn a_bad_event_more_never_raises_a_budget(config in config(200), line in any::<Index>(), every in select(vec!["1m", "5m", "1h"])) {
        let (rig, definitions) = rig_of(config.format);
        let (log, _) = generate(&config);
        let before = rig.run(&log, &whole()).partial;
        let Some(bad) = bad_line(&rig, &log, line) else { return Ok(()) };
        let ends_in_newline = log.ends_with(b"\n");
        let longer = [&log[..], if ends_in_newline { b"" } else { b"\n" }, &bad].concat();
        let after = rig.run(&longer, &whole()).partial;
        let at = latest(&before).max(latest(&after));
        let (before, after) = (rows(&definitions, &before, every, at), rows(&definitions, &after, every, at));
        prop_assert!(after.len() >= before.len());
        let mut fell = false;
        for (key, row) in &after {
            prop_assert_eq!(row.good + row.bad + row.excluded + row.unknown, row.events);
            prop_assert_eq!(row.good + row.bad, row.valid);
            if let (Some(now), Some(then)) = (row.budget, before.get(key).and_then(|row| row.budget)) {
                prop_assert!(now.remaining <= then.remaining, "{:?}: {} after {}", key, now.remaining, then.remaining);
                fell |= now.remaining < then.remaining;
            }
        }
        prop_assert!(fell || before.values().all(|row| row.budget.is_none_or(|budget| budget.sli == 0.0)));
    }
}

/// Lines and bytes by the outcomes of the generator. What its junk is called by slix, rejected or the chatter of a server,
/// depends on the format.
fn four(accounting: &Accounting) -> [(u64, u64); 4] {
    let blank = accounting.skipped[Skip::Blank as usize];
    let other = accounting.skipped_total();
    let rejected = accounting.rejected_total();
    [
        (accounting.events.lines, accounting.events.bytes),
        (blank.lines, blank.bytes),
        (accounting.undated.lines, accounting.undated.bytes),
        (rejected.lines + other.lines - blank.lines, rejected.bytes + other.bytes - blank.bytes),
    ]
}

/// The counts and outcomes of the slow twin.
fn read_slowly(format: loggen::Format, log: &[u8], slos: &[&str]) -> (twin::Table, [(u64, u64); 4]) {
    let (mut table, mut lines) = (twin::Table::new(), [(0, 0); 4]);
    for line in std::str::from_utf8(log).unwrap().split_inclusive('\n') {
        let outcome = match twin::read(format, line.trim_end_matches(['\r', '\n'])) {
            twin::Line::Event(row) => {
                twin::add(&mut table, slos, &row);
                0
            }
            twin::Line::Blank => 1,
            twin::Line::Undated => 2,
            twin::Line::Rejected => 3,
        };
        lines[outcome].0 += 1;
        lines[outcome].1 += line.len() as u64;
    }
    (table, lines)
}

fn minute_of(rig: &Rig, slice: i64) -> i64 {
    rig.slices.start(slice).micros().div_euclid(60_000_000)
}

/// A partial as the twin counts.
fn table_of(rig: &Rig, names: &[&str], partial: &Partial) -> twin::Table {
    let mut table = twin::Table::new();
    for (name, key) in names.iter().zip(&rig.keys) {
        let (name, _) = twin::JUDGES.iter().find(|(known, _)| known == name).unwrap();
        for (group, series) in partial.indicators.get(key).iter().flat_map(|counts| &counts.groups) {
            series.iter().for_each(|(slice, counts)| {
                table.insert((*name, group.clone(), minute_of(rig, *slice)), *counts);
            });
        }
    }
    table
}

fn check_statuses(rig: &Rig, counted: &Counted, truth: &Truth) -> Result<(), TestCaseError> {
    let mut statuses = vec![0; truth.statuses.len()];
    for (group, series) in counted.partial.indicators.get(&rig.keys[1]).iter().flat_map(|counts| &counts.groups) {
        let status = group[0].as_ref().map_or(0, |text| std::str::from_utf8(text).unwrap().parse().unwrap());
        statuses[status] = series.iter().map(|(_, counts)| counts.events).sum();
    }
    prop_assert_eq!(&statuses, &truth.statuses);
    Ok(())
}

/// Counts by minute and route, which are those of one of the generator's conditions.
fn check_cells(
    rig: &Rig,
    indicator: usize,
    counted: &Counted,
    truth: &Truth,
    count: fn(&loggen::Cell, Verdict) -> u64,
) -> Result<(), TestCaseError> {
    let mut got = BTreeMap::new();
    for (group, series) in counted.partial.indicators.get(&rig.keys[indicator]).iter().flat_map(|counts| &counts.groups) {
        let class = group[0].as_ref().map_or(NO_ROUTE, |name| CLASSES.iter().position(|c| c.as_bytes() == &**name).unwrap());
        got.extend(series.iter().map(|(slice, counts)| ((minute_of(rig, *slice), class), *counts)));
    }
    let counts = |cell| {
        let [good, bad, unknown] = [Verdict::Good, Verdict::Bad, Verdict::Unknown].map(|verdict| count(cell, verdict));
        Counts { events: cell.events(), good, bad, unknown }
    };
    let want: BTreeMap<_, _> = truth.events().map(|(minute, class, cell)| ((minute, class), counts(cell))).collect();
    prop_assert_eq!(got, want);
    Ok(())
}

/// A line of the log that is bad for every SLO that counts it, if there is one: one of its own 5xx.
fn bad_line(rig: &Rig, log: &[u8], wanted: Index) -> Option<Vec<u8>> {
    let mut bad = Vec::new();
    let mut reader = rig.extractor.reader("log");
    let slot = rig.classifier.needs().iter().position(|need| need.field == Field::Status)?;
    rig.each_line(log, &mut reader, &mut |outcome, _, _, line, reader| {
        if outcome == Outcome::Event
            && let slix::record::Value::Int(500..=599) = reader.record(line).get(slot)
        {
            bad.push(line.to_vec());
        }
    });
    (!bad.is_empty()).then(|| bad.swap_remove(wanted.index(bad.len())))
}

fn latest(partial: &Partial) -> Instant {
    let slices = partial.activity.values().filter_map(|list| list.last());
    slices.map(|(slice, _)| partial.slices.end(*slice)).max().unwrap_or(ANCHOR)
}

/// The rows of the SLOs for which a 5xx is bad wherever it is valid, by SLO, group and step.
fn rows(definitions: &Definitions, partial: &Partial, every: &str, at: Instant) -> BTreeMap<String, WindowRow> {
    let named = |name: &str| ["availability", "statuses", "mixed"].contains(&name);
    let slos: Vec<_> = definitions.slos.iter().filter(|slo| named(&slo.name)).collect();
    let canonical: Vec<String> = slos.iter().map(|slo| slo.indicator.canonical()).collect();
    let asked: Vec<Asked> = slos.iter().zip(&canonical).map(|(slo, canonical)| Asked { slo, canonical }).collect();
    let options = Options { every: Length::parse(every).unwrap(), at: Some(at), ..Options::default() };
    let mut rows = BTreeMap::new();
    let plan = Plan::new(&asked, partial, &options).unwrap();
    let sink: &mut dyn FnMut(WindowRow) -> slix::error::Result<()> = &mut |row: WindowRow| {
        let key = format!("{} {:?} {:?} {}", row.series.slo, row.series.group_kind, row.series.group, row.start_time);
        rows.insert(key, row);
        Ok(())
    };
    plan.rows(sink).unwrap();
    rows
}

/// A log whose JSON lines teach a shape, and then one that teaches nothing: the batch behind it counted requests without a response
/// that were those of the batch before.
#[test]
fn a_line_that_teaches_nothing_leaves_no_count_behind() {
    let config = Config {
        seed: 4_223_025_905_040_113_947,
        lines: 102,
        format: loggen::Format::Traefik,
        start: 1_793_491_200,
        errors: 0.1,
        malformed_requests: 0.05,
        cut_lines: 0.03,
        blank_lines: 0.03,
        junk_lines: 0.03,
        undated: 0.03,
        out_of_order: 0.2,
        no_response: 0.05,
        missing_latency: 0.05,
        escapes: 0.2,
        days: 2,
        minutes: 1,
        incidents: Vec::new(),
        last_newline: false,
        ..Config::default()
    };
    let (rig, _) = rig_of(config.format);
    let (log, truth) = generate(&config);
    assert_eq!(rig.run(&log, &whole()).accounting.no_response, truth.statuses[0]);
}
