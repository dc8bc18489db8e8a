//! The report as JSON, for programs. Names are those of the windows table where they mean the same.

use serde_json::{Map, Value, json};

use super::accounting;
use super::escape::escape;
use crate::aggregate::receipt::Receipt;
use crate::error::Result;
use crate::evaluate::budget::sli;
use crate::evaluate::report::{GroupReport, Report};

/// The reports and the accounting as one document: `{"slos": […], "accounting": {…}}`.
///
/// # Errors
/// More lines or bytes than 2^64.
pub fn to_json(reports: &[Report], receipts: &[Receipt]) -> Result<Value> {
    let slos: Vec<Value> = reports.iter().map(slo).collect();
    Ok(json!({ "slos": slos, "accounting": accounting::to_json(receipts)? }))
}

fn slo(r: &Report) -> Value {
    let burns = r.burns.iter().map(|b| (b.name.to_owned(), json!({ "burn_rate": b.rate, "partial": b.partial })));
    let trend = r.spark.iter().map(|s| {
        let (start, end) = (s.start.to_string(), s.end.to_string());
        json!({ "start_time": start, "end_time": end, "good": s.good, "bad": s.bad, "burn_rate": s.burn_rate })
    });
    json!({
        "service": r.service,
        "slo": r.slo,
        "objective": r.objective,
        "target": r.target.to_f64(),
        "window_length": r.window.text(),
        "window_start_time": r.window_start.to_string(),
        "end_time": r.at.to_string(),
        "window_partial": r.window_partial,
        "window_coverage": r.window_coverage,
        "window_events": r.counts.events,
        "window_good": r.counts.good,
        "window_bad": r.counts.bad,
        "window_unknown": r.counts.unknown,
        "window_excluded": r.counts.excluded,
        "window_valid": r.counts.valid,
        "window_sli": r.budget.map(|b| b.sli),
        "met": r.budget.map(|b| b.met),
        "budget_consumed": r.budget.map(|b| b.consumed),
        "budget_remaining": r.budget.map(|b| b.remaining),
        "budget_remaining_minutes": r.budget.map(|b| b.remaining_minutes),
        "budget_allowed_bad": r.allowed_bad,
        "budget_remaining_events": r.allowed_bad as i64 - r.counts.bad as i64,
        "burn_rates": Map::from_iter(burns),
        "trend": trend.collect::<Vec<_>>(),
        "worst_groups": r.worst.iter().map(group).collect::<Vec<_>>(),
        "warnings": r.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn group(g: &GroupReport) -> Value {
    let values = g.key.dimensions.iter().zip(&g.key.group).map(|(name, v)| (name.clone(), json!(v.as_deref().map(escape))));
    json!({
        "group_kind": g.key.group_kind.name(),
        "dimensions": Map::from_iter(values),
        "good": g.counts.good,
        "bad": g.counts.bad,
        "unknown": g.counts.unknown,
        "valid": g.counts.valid,
        "sli": sli(g.counts.good, g.counts.valid),
        "budget_spent": g.budget_spent,
    })
}
