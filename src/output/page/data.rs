//! The counts that the page's charts are drawn from: integers, by step.

use serde_json::{Value, json};

use super::Page;
use crate::aggregate::Counts;
use crate::evaluate::detail::{Detail, LatencyHistory, LatencyStretch, QUANTILES, cell_start};
use crate::evaluate::row::WindowRow;
use crate::output::summary::{clean, mode_words};
use crate::slo::Budgeting;
use crate::time::{Instant, MICROS_PER_SECOND};

/// The largest count that is written as a difference to the one before: twice as much is still held exactly by a script's numbers.
const DIFFERENCE_MAX: u64 = (1 << 52) - 1;
/// Digits of the numbers in a column, five bits each; those from the 33rd on say that another follows.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Everything, in the order of the details.
pub fn data(page: &Page) -> Value {
    let step = page.grid.step_slices * page.grid.slices.width_seconds();
    let slos: Vec<Value> = page.details.iter().map(slo).collect();
    json!({ "step": step, "now": seconds(page.grid.slices.start(page.grid.now)), "slos": slos })
}

fn slo(d: &Detail) -> Value {
    let (good, of) = d.report.target.parts();
    let pace = d.report.exhaustion.and_then(|e| e.left_seconds).filter(|&left| left > 0.0);
    json!({
        "target": [good, of],
        "decimals": d.report.target.percent_decimals(),
        "window": [seconds(d.report.window_start), seconds(d.report.window_end)],
        "trend": d.report.spark.iter().map(|s| s.burn_rate).collect::<Vec<_>>(),
        "start": d.rows.iter().map(|row| seconds(row.start_time)).next(),
        "ends": d.rows.last().map(|row| seconds(row.end_time)),
        "counts": counts(d),
        "spent": (d.report.budgeting != Budgeting::Occurrences).then(|| spent(&d.rows)),
        "whole": (!d.whole.is_empty()).then(|| column(d.whole.iter().copied())),
        "modes": modes(&d.rows),
        "exhausted_in": pace,
        "tiers": tiers(d),
        "alerts": d.guarded.rows().filter(|a| d.is_first_window && !a.suppressed)
            .map(|a| json!([seconds(a.start_time), seconds(a.end_time)])).collect::<Vec<_>>(),
        "incidents": d.incidents.iter().map(|i| json!([seconds(i.start), seconds(i.end)])).collect::<Vec<_>>(),
        "excluded": d.report.excluded.iter().flat_map(|e| &e.stretches)
            .map(|(start, end)| json!([seconds(*start), seconds(*end)])).collect::<Vec<_>>(),
        "latency": d.latency.as_ref().map(latency),
    })
}

fn counts(d: &Detail) -> Value {
    let of = |get: fn(&WindowRow) -> u64| column(d.rows.iter().map(get));
    json!({
        "events": of(|r| r.events),
        "good": of(|r| r.good),
        "bad": of(|r| r.bad),
        "unknown": of(|r| r.unknown),
        // Where events count alike it is what the others leave.
        "excluded": d.report.weight.as_ref().map(|_| of(|r| r.excluded)),
        "window_good": of(|r| r.window_good),
        "window_bad": of(|r| r.window_bad),
    })
}

/// What the budget is counted in, where that is not events.
fn spent(rows: &[WindowRow]) -> Value {
    let of = |get: fn(&WindowRow) -> Counts| {
        let (good, bad) = (column(rows.iter().map(|r| get(r).good)), column(rows.iter().map(|r| get(r).bad)));
        (good, bad)
    };
    let ((good, bad), (window_good, window_bad)) = (of(|r| r.spent), of(|r| r.window_spent));
    json!({ "good": good, "bad": bad, "window_good": window_good, "window_bad": window_bad })
}

/// A column of counts. A page of many SLOs holds hundreds of thousands of them, so each is written as its difference to the one
/// before, in the variable-length numbers of source maps (base64 VLQ, <https://tc39.es/ecma426/>): a third of what digits and commas
/// take. Sums of weights can be too large for that; such a column is a list of digits.
fn column(counts: impl Iterator<Item = u64>) -> Value {
    let counts: Vec<u64> = counts.collect();
    if counts.iter().any(|&n| n > DIFFERENCE_MAX) {
        return counts.into_iter().map(|n| json!(n.to_string())).collect();
    }
    let (mut text, mut before) = (String::new(), 0_i64);
    for n in counts {
        // Both are below 2^52.
        push_number(&mut text, n as i64 - before);
        before = n as i64;
    }
    json!(text)
}

fn push_number(text: &mut String, n: i64) {
    let mut rest = n.unsigned_abs() << 1 | u64::from(n < 0);
    loop {
        let (digit, more) = (rest & 31, rest >> 5);
        text.push(char::from(DIGITS[(digit | u64::from(more > 0) << 5) as usize]));
        if more == 0 {
            return;
        }
        rest = more;
    }
}

/// Every change of mode: the number of the step at whose end it holds, and the mode.
fn modes(rows: &[WindowRow]) -> Value {
    let mut changes: Vec<(usize, &str)> = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let Some(mode) = row.reason.map(|reason| mode_words(reason.mode())) else { continue };
        if changes.last().is_none_or(|(_, last)| *last != mode) {
            changes.push((i, mode));
        }
    }
    json!(changes)
}

fn tiers(d: &Detail) -> Vec<Value> {
    let tiers = d.guarded.tiers.iter().filter(|_| d.is_first_window);
    let tier = |armed: &crate::evaluate::alert::Armed| {
        let short = armed.tier.short.as_ref().map(|length| length.text());
        json!({
            "name": clean(&armed.tier.name),
            "severity": armed.tier.severity.name(),
            "factor": armed.factor.to_f64(),
            "long": armed.tier.long.text(),
            "long_seconds": armed.tier.long.seconds(),
            "short": short,
        })
    };
    tiers.map(tier).collect()
}

/// Latencies in microseconds, rounded up as everything that is an upper bound.
fn latency(history: &LatencyHistory) -> Value {
    let all = history.stretches.iter().flat_map(|stretch| &stretch.cells);
    let (low, high) = all.fold((u32::MAX, 0), |(low, high), &(cell, _)| (low.min(cell), high.max(cell)));
    let cells = || if low > high { 0..0 } else { low..high + 1 };
    let quantile = |i: usize| column(history.stretches.iter().map(|s| micros(s.quantiles[i]).unsigned_abs()));
    let cell = |cell: u32| column(history.stretches.iter().map(|s| events_in(s, cell)));
    json!({
        "bounds": history.bounds.iter().map(|&ns| micros(ns)).collect::<Vec<_>>(),
        "starts": column(history.stretches.iter().map(|s| (s.start.micros() / MICROS_PER_SECOND).max(0).unsigned_abs())),
        "width": history.stretches.first().map(|s| seconds(s.end) - seconds(s.start)),
        "edges": cells().chain(cells().last().map(|cell| cell + 1)).map(|cell| micros(cell_start(cell))).collect::<Vec<_>>(),
        "cells": cells().map(cell).collect::<Vec<_>>(),
        "quantiles": (0..QUANTILES.len()).map(quantile).collect::<Vec<_>>(),
    })
}

fn events_in(stretch: &LatencyStretch, cell: u32) -> u64 {
    stretch.cells.binary_search_by_key(&cell, |found| found.0).map_or(0, |i| stretch.cells[i].1)
}

fn micros(ns: i64) -> i64 {
    ns / 1_000 + i64::from(ns % 1_000 > 0)
}

fn seconds(t: Instant) -> f64 {
    t.micros() as f64 / MICROS_PER_SECOND as f64
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the page makes of a column.
    pub fn counts_of(column: &Value) -> Vec<u64> {
        if let Some(list) = column.as_array() {
            return list.iter().map(|n| n.as_str().unwrap().parse().unwrap()).collect();
        }
        let (mut counts, mut last, mut n, mut scale) = (Vec::new(), 0_i64, 0_i64, 1_i64);
        for digit in column.as_str().unwrap().bytes() {
            let value = DIGITS.iter().position(|&d| d == digit).unwrap() as i64;
            n += (value % 32) * scale;
            scale *= 32;
            if value < 32 {
                last += if n % 2 == 1 { -(n / 2) } else { n / 2 };
                counts.push(last.unsigned_abs());
                (n, scale) = (0, 1);
            }
        }
        counts
    }

    proptest! {
        #[test]
        fn a_column_comes_back(counts in prop::collection::vec((0_u32..64, any::<u64>()).prop_map(|(bits, n)| n >> bits), 0..20)) {
            prop_assert_eq!(counts_of(&column(counts.iter().copied())), counts);
        }
    }

    #[test]
    fn columns_are_short() {
        assert_eq!(column([0, 0, 1, 0, 16].into_iter()), json!("AACDgB"));
        assert_eq!(column([DIFFERENCE_MAX + 1, 1].into_iter()), json!(["4503599627370496", "1"]));
    }
}
