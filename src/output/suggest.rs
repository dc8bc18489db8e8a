//! What history suggests: as a table for programs, and as people look at it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;

use super::columns::Columns;
use super::excluded;
use super::number::share;
use super::terminal::{Ink, Look, title};
use crate::error::Result;
use crate::evaluate::suggest::{Bound, Suggestion};

/// A row: one target, or one bound of the latency, of one SLO.
struct Row<'a> {
    of: &'a Suggestion,
    kind: &'static str,
    target: Option<f64>,
    met: Option<u64>,
    bound: Option<&'a Bound>,
}

/// The table: a row for each target, and one for each bound of the latency.
///
/// # Errors
/// None.
pub fn batch(suggestions: &[Suggestion]) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for of in suggestions {
        let targets = of.targets.iter();
        rows.extend(targets.map(|&(t, met)| Row {
            of,
            kind: "target",
            target: Some(t.to_f64()),
            met: Some(met as u64),
            bound: None,
        }));
        let bounds = of.bounds.iter();
        rows.extend(bounds.map(|b| Row {
            of,
            kind: "bound",
            target: b.suggested.map(|t| t.to_f64()),
            met: None,
            bound: Some(b),
        }));
    }
    let exclusions: HashMap<usize, Arc<str>> =
        suggestions.iter().filter_map(|of| Some((of.series.number, of.exclusions()?))).collect();
    Columns::of(&rows)
        .text("service", |r| Some(&r.of.series.service))
        .text("slo", |r| Some(&r.of.series.slo))
        .text("window_length", |r| Some(r.of.series.window.text()))
        .int("windows", |r| Some(r.of.windows as u64))
        .bool("windows_partial", |r| Some(r.of.partial))
        .text("kind", |r| Some(r.kind))
        .float("target", |r| r.target)
        .int("windows_met", |r| r.met)
        .bool("suggested", |r| r.bound.is_none().then(|| r.of.suggested.map(|t| t.to_f64()) == r.target))
        .int("latency_ns", |r| r.bound.map(|b| b.ns.unsigned_abs()))
        .float("worst_sli", |r| r.bound.map(|b| b.worst_sli))
        .float("sli_error", |r| r.bound.map(|b| b.error))
        .text("exclusions", |r| exclusions.get(&r.of.series.number).map(|what| &**what))
        .batch()
}

/// What history suggests, one block for each SLO.
pub fn text(suggestions: &[Suggestion], look: Look) -> String {
    suggestions.iter().map(|one| block(one, look)).collect::<Vec<_>>().join("\n")
}

fn block(s: &Suggestion, look: Look) -> String {
    let key = &s.series;
    let title = title(&key.service, &key.slo, &key.objective, &key.target.to_string(), key.window.text(), look);
    let over = match (s.windows, s.partial) {
        (0, _) => " no valid events, nothing to suggest\n".to_owned(),
        (_, true) => format!(" there is no whole window of {} yet: what there is was taken for one\n", key.window.text()),
        (1, false) => format!(" over one window of {}\n", key.window.text()),
        (n, false) => format!(" over {n} windows of {}\n", key.window.text()),
    };
    let excluded = excluded::lines(&s.excluded, look);
    let mut out = format!("{}\n{over}{excluded}", look.ink(Ink::Bold, &title));
    if s.windows == 0 {
        return out;
    }
    let mut table = look.ruled_table(&[" target", ">windows that met it", ""]);
    for (target, met) in &s.targets {
        let mark = if s.suggested == Some(*target) { "the highest that all met" } else { "" };
        table.add_row([format!(" {target}"), format!("{met} of {}", s.windows), mark.to_owned()]);
    }
    out.push_str(&format!("{}\n", table.trim_fmt()));
    if !s.bounds.is_empty() {
        out.push_str(&format!("\n{}", bounds(s, look)));
    }
    out
}

fn bounds(s: &Suggestion, look: Look) -> String {
    let mut table = look.ruled_table(&[" latency", ">worst window", "target that all met", ">not told apart"]);
    for bound in &s.bounds {
        table.add_row([
            format!(" <= {}", duration(bound.ns)),
            share(bound.worst_sli),
            bound.suggested.map_or_else(|| look.none(), |target| target.to_string()),
            if bound.error > 0.0 { share(bound.error) } else { "exact".to_owned() },
        ]);
    }
    let quantiles: Vec<String> =
        s.quantiles.iter().map(|&(part, ns)| format!("p{} {}", f64::from(part as u32) / 10.0, duration(ns))).collect();
    format!("{}\n quantiles, at most: {}\n", table.trim_fmt(), quantiles.join(", "))
}

fn duration(ns: i64) -> String {
    match ns {
        ns if ns % 1_000_000_000 == 0 => format!("{} s", ns / 1_000_000_000),
        ns if ns >= 1_000_000_000 => format!("{:.2} s", ns as f64 / 1e9),
        ns if ns % 1_000_000 == 0 => format!("{} ms", ns / 1_000_000),
        ns => format!("{:.1} ms", ns as f64 / 1e6),
    }
}
