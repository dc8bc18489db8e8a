//! The report as JSON, for programs. Names are those of the windows table where they mean the same.

use serde_json::{Map, Value, json};

use arrow::array::RecordBatch;

use super::escape::escape;
use super::summary::Summary;
use super::windows::{Encoding, Metadata, write_batch};
use super::{accounting, alerts, excluded, incidents};
use crate::aggregate::receipt::Receipt;
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::budget::sli;
use crate::evaluate::report::{GroupReport, Report, Told};

/// The reports and the accounting as one document: `{"slos": […], "accounting": {…}, "warnings": […]}`. `warnings` are
/// those about the definitions (`doubts`), about reading, and about SLOs.
///
/// # Errors
/// More lines or bytes than 2^64.
pub fn to_json(reports: &[(Report, Told)], receipts: &[Receipt], doubts: Vec<String>) -> Result<Value> {
    let slos: Vec<Value> = reports.iter().map(slo).collect::<Result<_>>()?;
    let mut warnings = doubts;
    warnings.extend(accounting::warnings(receipts)?);
    for (report, _) in reports {
        let name = Summary::of(report).name();
        for warning in report.warnings.iter().map(|warning| format!("{name}: {warning}")) {
            // The windows of an SLO stand beside each other.
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
    Ok(json!({ "slos": slos, "accounting": accounting::to_json(receipts)?, "warnings": warnings }))
}

fn slo((r, told): &(Report, Told)) -> Result<Value> {
    let burns = r.burns.iter().map(|b| (b.name.to_owned(), json!({ "burn_rate": b.rate, "partial": b.partial })));
    let trend = r.spark.iter().map(|s| {
        let (start, end) = (s.start.to_string(), s.end.to_string());
        json!({ "start_time": start, "end_time": end, "good": s.good, "bad": s.bad, "burn_rate": s.burn_rate })
    });
    let (alerts, incidents) = (alerts::batch(&told.alerts)?, incidents::batch(&told.incidents)?);
    Ok(json!({
        "service": r.service,
        "slo": r.slo,
        "objective": r.objective,
        "target": r.target.to_f64(),
        "window_length": r.window.text(),
        "window_start_time": r.window_start.to_string(),
        "window_end_time": r.window_end.to_string(),
        "end_time": r.at.to_string(),
        "window_partial": r.window_partial,
        "window_coverage": r.window_coverage,
        "window_events": r.counts.events,
        "window_good": r.counts.good,
        "window_bad": r.counts.bad,
        "window_unknown": r.counts.unknown,
        "window_excluded": r.counts.excluded,
        "window_valid": r.counts.valid,
        "weight": r.weight.as_ref().map(|weight| weight.name()),
        "budgeting_method": r.budgeting.name(),
        "window_slices_good": r.slices().and_then(|(_, good)| good),
        "window_slices": r.slices().map(|(slices, _)| slices),
        "window_sli": r.budget.map(|b| b.sli),
        "met": r.budget.map(|b| b.met),
        "budget_consumed": r.budget.map(|b| b.consumed),
        "budget_remaining": r.budget.map(|b| b.remaining),
        "budget_remaining_minutes": r.budget.map(|b| b.remaining_minutes),
        "budget_allowed_bad": r.remaining_bad().map(|_| r.allowed_bad),
        "budget_remaining_events": r.remaining_bad(),
        "budget_exhausted_in_seconds": r.exhaustion.and_then(|e| e.left_seconds),
        "budget_lasts_seconds": r.exhaustion.and_then(|e| e.whole_seconds),
        "mode": r.stance.mode.name(),
        "mode_reason": r.stance.reason,
        "mode_words": r.stance.words,
        "mode_since": r.stance.since.map(|t| t.to_string()),
        "burn_rates": Map::from_iter(burns),
        "trend": trend.collect::<Vec<_>>(),
        "worst_groups": r.worst.iter().map(group).collect::<Vec<_>>(),
        "alerts": objects(&alerts)?,
        "alert_notes": told.notes,
        "incidents": objects(&incidents)?,
        "exclusions": r.excluded.iter().map(excluded::to_json).collect::<Vec<_>>(),
        "warnings": r.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    }))
}

/// The rows of a table as objects, without what the SLO around them says already.
fn objects(batch: &RecordBatch) -> Result<Vec<Value>> {
    const SAID: [&str; 6] = ["service", "slo", "objective", "target", "window_length", "exclusions"];
    let mut bytes = Vec::new();
    write_batch(&mut bytes, Encoding::Json, batch, Metadata::default())?;
    let mut rows: Vec<Map<String, Value>> = serde_json::from_slice(&bytes)
        .map_err(|cause| Error::new(ErrorKind::Output, "a table cannot be read back as JSON").because(cause))?;
    rows.iter_mut().for_each(|row| SAID.iter().for_each(|name| drop(row.shift_remove(*name))));
    Ok(rows.into_iter().map(Value::Object).collect())
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
        "sli": sli(g.spent.good, g.spent.valid),
        "budget_spent": g.budget_spent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    fn document(days: i64) -> Value {
        let partial = sample::partial(days);
        sample::with_plan(&partial, "1h", |plan| to_json(&plan.told_reports().unwrap(), &partial.receipts, Vec::new()).unwrap())
    }

    #[test]
    fn it_says_what_the_counts_say() {
        let document = document(9);
        let slo = &document["slos"][0];
        let n = |name: &str| slo[name].as_i64().unwrap();
        assert_eq!(n("window_good") + n("window_bad"), n("window_valid"));
        assert_eq!(n("window_valid") + n("window_unknown") + n("window_excluded"), n("window_events"));
        assert_eq!(n("budget_allowed_bad") - n("window_bad"), n("budget_remaining_events"));
        assert_eq!(
            (&slo["met"], &slo["window_length"], &slo["end_time"]),
            (&json!(true), &json!("28d"), &json!("2026-10-29T00:00:00Z"))
        );
        assert_eq!(slo["burn_rates"]["1h"], json!({ "burn_rate": 0.0, "partial": false }));
        let worst = &slo["worst_groups"];
        assert_eq!(
            (&worst[0]["dimensions"], &worst[2]["dimensions"]),
            (&json!({ "route": "/api/orders/{id}" }), &json!({ "route": null }))
        );
        let spent: f64 = worst.as_array().unwrap().iter().map(|g| g["budget_spent"].as_f64().unwrap()).sum();
        assert!((spent - slo["budget_consumed"].as_f64().unwrap()).abs() < 1e-12);
        assert_eq!(document["accounting"]["lines"], json!(1_011));
        // The incident of the fifth day, and the alert that noticed it.
        let (alerts, incidents) = (slo["alerts"].as_array().unwrap(), slo["incidents"].as_array().unwrap());
        let alert = alerts.iter().find(|alert| alert["severity"] == "page").unwrap();
        assert_eq!(alert["start_time"], json!("2026-10-24T12:40:00Z"), "{alert}");
        let detected = incidents.iter().find(|incident| incident["detected_time"] == alert["start_time"]).unwrap();
        let time = |name: &str| detected[name].as_str().unwrap().to_owned();
        assert!(time("start_time") < time("detected_time") && time("detected_time") < time("end_time"), "{detected}");
        assert!(detected["slo"].is_null() && alert["target"].is_null());
    }

    #[test]
    fn without_events_there_are_no_ratios() {
        let slo = &document(0)["slos"][0];
        for name in ["window_sli", "met", "budget_consumed", "budget_remaining", "budget_remaining_minutes", "window_coverage"] {
            assert_eq!(slo[name], Value::Null, "{name}");
        }
        assert_eq!((&slo["window_events"], &slo["trend"]), (&json!(0), &json!([])));
    }
}
