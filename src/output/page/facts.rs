//! Every text and number of the page that is not drawn. Numbers come twice: as people read them, and exactly, as the windows
//! table has them.

use serde_json::{Value, json};

use super::{Page, inputs, made};
use crate::error::Result;
use crate::evaluate::detail::{Detail, LatencyStretch, QUANTILES};
use crate::evaluate::excluded::Excluded;
use crate::evaluate::guard::AlertRow;
use crate::evaluate::incident::{Incident, Spenders};
use crate::evaluate::report::{GroupReport, Report};
use crate::evaluate::row::GroupKind;
use crate::output::incidents::label;
use crate::output::number::{count, duration, percent, rate, share, span, spent, time};
use crate::output::summary::{Shown, Summary, burn, clean, mode_words, units};
use crate::output::terminal::{Look, group_label};
use crate::slo::policy::Mode;
use crate::time::{Instant, MICROS_PER_SECOND};

/// Groups of an SLO that are listed; how many more there are is said.
pub const GROUPS_SHOWN_MAX: usize = 100;
/// Incidents, and alerts, of an SLO that are listed: the latest ones.
pub const INCIDENTS_SHOWN_MAX: usize = 100;
/// How text is written that is shared with the terminal.
pub(super) const PLAIN: Look = Look { width: 80, color: false, utf8: true };

/// Everything that the template writes.
pub fn facts(page: &Page) -> Result<Value> {
    let step = page.grid.step_slices * page.grid.slices.width_seconds();
    let now = page.grid.slices.start(page.grid.now);
    let slos: Vec<Value> = page.details.iter().enumerate().map(|(i, detail)| slo(i, detail)).collect();
    let has_events = page.details.iter().any(|d| !d.rows.is_empty());
    let of = |mode: Mode| page.details.iter().filter(|d| d.report.stance.mode == mode).count();
    let tally = [Mode::Freeze, Mode::Caution, Mode::Ship, Mode::NoData].map(|mode| (mode, of(mode)));
    let tally: Vec<Value> = tally
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(mode, n)| json!({ "mode": symbol(*mode), "words": mode_words(*mode), "n": n }))
        .collect();
    Ok(json!({
        "at": time(now),
        "at_iso": now.to_string(),
        "has_events": has_events,
        "step": span(now, Instant::from_micros(now.micros().saturating_add(step * MICROS_PER_SECOND))),
        "every": format!("{step}s"),
        "version": page.version,
        "tally": tally,
        "slos": slos,
        "accounting": inputs::accounting(page.receipts)?,
        "definitions": definitions(page.definitions),
    }))
}

/// The definitions as JSON, line by line, so that what a line holds cannot break out of it.
fn definitions(definitions: &Value) -> String {
    let text = format!("{definitions:#}");
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

/// The name of a mode's symbol and colour.
fn symbol(mode: Mode) -> &'static str {
    mode.name()
}

fn slo(i: usize, d: &Detail) -> Value {
    let r = &d.report;
    let summary = Summary::of(r);
    let indicator = &d.guarded.slo().indicator;
    json!({
        "id": format!("slo-{}", i + 1),
        "number": i,
        "name": summary.name(),
        "service": summary.service,
        "slo": summary.slo,
        "objective": summary.objective,
        "target": summary.target,
        "window": summary.window,
        "mode": symbol(summary.mode),
        "mode_words": mode_words(summary.mode),
        "reason": summary.reason,
        "words": clean(&r.stance.words),
        "since": r.stance.since.map(time),
        "reaches": summary.reaches,
        "sli": summary.sli.as_ref().map(shown),
        "target_value": r.target.to_f64(),
        "remaining": summary.remaining.as_ref().map(shown),
        "bar": format!("{:.1}", summary.bar() * 100.0),
        "budget_words": summary.budget_words,
        "burn": summary.burn.as_ref().map(shown),
        "key_figures": key_figures(r),
        "valid": indicator.valid.as_ref().map_or("all events".to_owned(), |valid| clean(&valid.to_string())),
        "good": clean(&indicator.good.to_string()),
        "weight": indicator.weight.as_ref().map(|weight| clean(weight.name())),
        "has_events": !d.rows.is_empty(),
        "first_window": d.is_first_window,
        "warnings": r.warnings.iter().map(|warning| clean(&warning.to_string())).collect::<Vec<_>>(),
        "notes": d.guarded.notes.iter().filter(|_| d.is_first_window).map(|note| clean(note)).collect::<Vec<_>>(),
        "latency": d.latency.as_ref().and_then(|latency| latency.all.as_ref()).map(quantiles),
        "groups": groups(d),
        "incidents": incidents(d),
        "alerts": alerts(d),
        "exclusions": r.excluded.iter().map(excluded).collect::<Vec<_>>(),
        "made": made::steps(d),
    })
}

pub(super) fn shown(shown: &Shown) -> Value {
    json!({ "text": shown.text, "value": shown.value })
}

/// What stands beside an SLO's charts: a name, what is shown, and the exact number with the column it comes from.
fn key_figures(r: &Report) -> Vec<Value> {
    let figure = |name: &str, text: String, column: &str, value: Value| json!({ "name": name, "text": text, "column": column, "value": value });
    let n = |name: &str, n: u64, column: &str| figure(name, count(n), column, json!(n));
    let mut figures = vec![
        n("events", r.counts.events, "window_events"),
        n("good", r.counts.good, "window_good"),
        n("bad", r.counts.bad, "window_bad"),
        n("unknown", r.counts.unknown, "window_unknown"),
        n("not valid", r.counts.excluded, "window_excluded"),
    ];
    if let Some((slices, good)) = r.slices() {
        figures.push(n("slices counted", slices, "window_slices"));
        figures.extend(good.map(|good| n("slices good", good, "window_slices_good")));
    }
    for name in ["1h", "1d", "7d"] {
        let burn = burn(r, name);
        let text = burn.as_ref().map_or("–".to_owned(), |burn| burn.text.clone());
        figures.push(figure(&format!("burn, {name}"), text, &format!("burn_{name}"), json!(burn.map(|burn| burn.value))));
    }
    let left = r.exhaustion.and_then(|e| e.left_seconds).filter(|&left| left > 0.0);
    figures.extend(
        left.map(|left| figure("spent, at the pace of a day, in", duration(left), "budget_exhausted_in_seconds", json!(left))),
    );
    figures.extend(r.window_coverage.map(|c| figure("slices with events", share(c), "window_coverage", json!(c))));
    figures
}

fn quantiles(all: &LatencyStretch) -> Value {
    let one = |(ns, part): (&i64, u64)| json!({ "name": format!("p{}", part as f64 / 10.0), "text": latency_text(*ns) });
    json!({ "events": count(all.events), "list": all.quantiles.iter().zip(QUANTILES).map(one).collect::<Vec<_>>() })
}

/// `283 ms`, `1.42 s`: three digits, raised, as an upper bound is.
fn latency_text(ns: i64) -> String {
    let units = [(1_000_000_000.0, "s"), (1_000_000.0, "ms"), (1_000.0, "µs")];
    let value = ns as f64;
    let (unit, name) = units.into_iter().find(|(unit, _)| value >= *unit).unwrap_or((1.0, "ns"));
    let scaled = value / unit;
    let decimals = if scaled >= 100.0 {
        0
    } else if scaled >= 10.0 {
        1
    } else {
        2
    };
    let scale = 10_f64.powi(decimals);
    format!("{:.*} {name}", decimals as usize, (scaled * scale - 1e-9).ceil() / scale)
}

fn groups(d: &Detail) -> Value {
    let widest = d.groups.first().and_then(|g| g.budget_spent).unwrap_or(0.0);
    let rest = d.groups.get(GROUPS_SHOWN_MAX..).unwrap_or_default();
    let bad = rest.iter().fold(0_u64, |sum, g| sum.saturating_add(g.spent.bad));
    let dimensions = d.groups.first().map_or(String::new(), |g| g.key.dimensions.join(", "));
    json!({
        "dimensions": clean(&dimensions),
        "list": d.groups.iter().take(GROUPS_SHOWN_MAX).map(|g| group(g, &d.report, widest)).collect::<Vec<_>>(),
        "more": (!rest.is_empty()).then(|| format!("{} more groups with {} bad {} are not listed", count(rest.len() as u64), count(bad), units(&d.report, bad))),
    })
}

fn group(g: &GroupReport, r: &Report, widest: f64) -> Value {
    let decimals = r.target.percent_decimals() + 2;
    let part = g.budget_spent.unwrap_or(0.0);
    json!({
        "label": clean(&group_label(&g.key, PLAIN)),
        "aside": g.key.group_kind == GroupKind::Other,
        "good": g.counts.good,
        "bad": { "text": count(g.counts.bad), "value": g.counts.bad },
        "valid": { "text": count(g.counts.valid), "value": g.counts.valid },
        "sli": percent(g.spent.good, g.spent.valid, decimals)
            .map(|text| json!({ "text": text, "value": crate::evaluate::budget::sli(g.spent.good, g.spent.valid) })),
        "spent": { "text": if part > 1.0 { spent(part) } else { share(part) }, "value": g.budget_spent },
        "bar": format!("{:.1}", if widest > 0.0 { 100.0 * part / widest } else { 0.0 }),
    })
}

fn incidents(d: &Detail) -> Value {
    let left_out = d.incidents.len().saturating_sub(INCIDENTS_SHOWN_MAX);
    json!({
        "list": d.incidents.iter().rev().take(INCIDENTS_SHOWN_MAX).map(incident).collect::<Vec<_>>(),
        "more": (left_out > 0).then(|| format!("{} earlier incidents are not listed", count(left_out as u64))),
    })
}

fn incident(i: &Incident) -> Value {
    let heard = i.alerts.iter().find(|alert| !alert.suppressed);
    json!({
        "start": time(i.start),
        "end": time(i.end),
        "from": i.start.micros() / 1_000_000,
        "to": i.end.micros() / 1_000_000,
        "lasted": span(i.start, i.end),
        "ongoing": i.ongoing,
        "bad": count(i.counts.bad),
        "valid": count(i.counts.good.saturating_add(i.counts.bad)),
        "peak": format!("{}×", rate(i.peak.0)),
        "spent": i.budget_spent.map(|part| if part > 1.0 { spent(part) } else { share(part) }),
        "noticed": heard.map(|alert| clean(&format!("{} ({}) after {}", alert.tier, alert.severity, span(i.start, alert.start)))),
        "by": i.spenders.iter().filter_map(spender).collect::<Vec<_>>(),
        "postmortem": i.needs_postmortem,
    })
}

fn spender(spenders: &Spenders) -> Option<Value> {
    let first = spenders.list.first()?;
    Some(json!({ "label": clean(&label(&spenders.dimensions, first)), "share": share(first.share) }))
}

fn alerts(d: &Detail) -> Value {
    let all: Vec<AlertRow> = d.guarded.rows().filter(|_| d.is_first_window).collect();
    let left_out = all.len().saturating_sub(INCIDENTS_SHOWN_MAX);
    json!({
        "list": all.iter().rev().take(INCIDENTS_SHOWN_MAX).map(alert).collect::<Vec<_>>(),
        "more": (left_out > 0).then(|| format!("{} earlier alerts are not listed", count(left_out as u64))),
    })
}

fn alert(a: &AlertRow) -> Value {
    json!({
        "tier": clean(&a.tier),
        "severity": a.severity.name(),
        "start": time(a.start_time),
        "end": if a.firing { "fires".to_owned() } else { time(a.end_time) },
        "from": a.start_time.micros() / 1_000_000,
        "to": a.end_time.micros() / 1_000_000,
        "factor": rate(a.factor),
        "peak": format!("{}×", rate(a.peak_burn_rate)),
        "note": match (a.suppressed, a.downgraded) {
            (true, _) => "a higher tier fired all the while",
            (false, true) => "a ticket, since few events were bad",
            (false, false) => "",
        },
    })
}

fn excluded(e: &Excluded) -> Value {
    let stretch = |(start, end): &(Instant, Instant)| format!("{} to {}", time(*start), time(*end));
    let shown: Vec<String> = e.stretches.iter().take(20).map(stretch).collect();
    json!({
        "reason": clean(&e.exclusion.reason),
        "author": clean(&e.exclusion.author),
        "rule": e.exclusion.recurrence.as_ref().map(|r| clean(&r.to_string())),
        "stretches": shown,
        "more": e.stretches.len().saturating_sub(20),
    })
}
