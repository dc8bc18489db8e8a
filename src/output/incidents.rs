//! Incidents: as a table for programs, and as people look at them.

use arrow::array::RecordBatch;

use super::alerts::spent_or_share;
use super::columns::Columns;
use super::escape::escape;
use super::excluded;
use super::number::{count, rate, share, span, time};
use super::terminal::{Ink, Look, title};
use crate::error::Result;
use crate::evaluate::guard::Guarded;
use crate::evaluate::incident::{Incident, Moment, Spender, Spenders};
use crate::time::MICROS_PER_SECOND;

/// What a run over the logs would add to incidents from slices.
pub const WITHOUT_ATTRIBUTION: &str = "who spent it is told by groups only: `attribute: [status, host, route]` in the definition of a run over the logs adds it by those";

/// A row: an incident, and who spent it as one text.
struct Row<'a> {
    incident: &'a Incident,
    spent_by: String,
}

/// The incidents table. Columns may be added in later versions, never renamed.
///
/// # Errors
/// None.
pub fn batch(incidents: &[Incident]) -> Result<RecordBatch> {
    let spent_by = |incident: &Incident| incident.spenders.iter().map(one_line).collect::<Vec<_>>().join("; ");
    let rows: Vec<Row> = incidents.iter().map(|incident| Row { incident, spent_by: spent_by(incident) }).collect();
    let detected = |i: &Incident| i.alerts.iter().find(|alert| !alert.suppressed).or(i.alerts.first()).cloned();
    let first: Vec<_> = incidents.iter().map(detected).collect();
    let rows: Vec<_> = rows.into_iter().zip(first).collect();
    Columns::of(&rows)
        .text("service", |r| Some(&r.0.incident.series.service))
        .text("slo", |r| Some(&r.0.incident.series.slo))
        .text("objective", |r| Some(&r.0.incident.series.objective))
        .float("target", |r| Some(r.0.incident.series.target.to_f64()))
        .text("window_length", |r| Some(r.0.incident.series.window.text()))
        .time("start_time", |r| Some(r.0.incident.start))
        .time("end_time", |r| Some(r.0.incident.end))
        .int("duration_seconds", |r| Some(seconds(r.0.incident)))
        .bool("ongoing", |r| Some(r.0.incident.ongoing))
        .text("tier", |r| r.1.as_ref().map(|alert| alert.tier.as_str()))
        .text("severity", |r| r.1.as_ref().map(|alert| alert.severity))
        .time("detected_time", |r| r.1.as_ref().map(|alert| alert.start))
        .int("events", |r| Some(r.0.incident.counts.events))
        .int("bad", |r| Some(r.0.incident.counts.bad))
        .int("valid", |r| Some(r.0.incident.counts.good + r.0.incident.counts.bad))
        .float("peak_burn_rate", |r| Some(r.0.incident.peak.0))
        .time("peak_time", |r| Some(r.0.incident.peak.1))
        .float("budget_spent", |r| r.0.incident.budget_spent)
        .float("budget_remaining_before", |r| r.0.incident.remaining_before)
        .float("budget_remaining_after", |r| r.0.incident.remaining_after)
        .bool("postmortem", |r| Some(r.0.incident.needs_postmortem))
        .text("spent_by", |r| Some(r.0.spent_by.as_str()).filter(|text| !text.is_empty()))
        .text("exclusions", |r| r.0.incident.exclusions.as_deref())
        .batch()
}

fn seconds(incident: &Incident) -> u64 {
    ((incident.end.micros() - incident.start.micros()) / MICROS_PER_SECOND).unsigned_abs()
}

fn one_line(spenders: &Spenders) -> String {
    let first = spenders.list.first().map(|spender| spender_words(&spenders.dimensions, spender));
    first.unwrap_or_else(|| format!("{}: nobody", spenders.dimensions.join(", ")))
}

/// `route=/checkout 97.2% (0.8% before)`.
fn spender_words(dimensions: &[String], spender: &Spender) -> String {
    format!("{} {} ({})", label(dimensions, spender), share(spender.share), before(spender))
}

fn before(spender: &Spender) -> String {
    spender.share_before.map_or("no bad events in the 7 days before".to_owned(), |part| format!("{} before", share(part)))
}

/// The values of a spender with the names of their dimensions.
pub(super) fn label(dimensions: &[String], spender: &Spender) -> String {
    label_with(dimensions, spender, |_, value| value.to_owned())
}

/// The same, with each value as `shown` gives it.
pub(super) fn label_with(dimensions: &[String], spender: &Spender, shown: impl Fn(&str, &str) -> String) -> String {
    let Some(values) = &spender.values else { return "(other)".to_owned() };
    let one = |(name, value): (&String, &Option<Box<[u8]>>)| match value.as_deref() {
        None => format!("{name}=(none)"),
        Some(b"") => format!("{name}=(empty)"),
        Some(value) => format!("{name}={}", shown(name, &escape(value))),
    };
    dimensions.iter().zip(values).map(one).collect::<Vec<_>>().join(" ")
}

/// The incidents of every SLO, one block each.
pub fn text(found: &[(&Guarded, Vec<Incident>)], look: Look) -> String {
    let blocks = found.iter().map(|(guarded, incidents)| {
        let key = guarded.key();
        let title = title(&key.service, &key.slo, &key.objective, &key.target.to_string(), key.window.text(), look);
        let none = if incidents.is_empty() { " no incident\n" } else { "" };
        let incidents: String = incidents.iter().map(|incident| one(incident, look)).collect();
        let excluded = excluded::lines(guarded.excluded(), look);
        format!("{}\n{excluded}{none}{incidents}", look.ink(Ink::Bold, &title))
    });
    blocks.collect::<Vec<_>>().join("\n")
}

fn one(i: &Incident, look: Look) -> String {
    let ongoing = if i.ongoing { ", may go on" } else { "" };
    let head = format!(" {} to {} UTC, {}{ongoing}", time(i.start), time(i.end), span(i.start, i.end));
    let mut table = look.plain_table();
    facts(i, look).into_iter().for_each(|(name, value)| {
        table.add_row([format!("   {name}"), value]);
    });
    format!("{}\n{}\n", look.ink(Ink::Bold, &head), table.trim_fmt())
}

fn facts(i: &Incident, look: Look) -> Vec<(&'static str, String)> {
    let none = || look.none();
    let valid = i.counts.good + i.counts.bad;
    let left = |part: Option<f64>| part.map_or_else(none, share);
    let mut facts = vec![
        ("events", format!("{} bad of {} valid", count(i.counts.bad), count(valid))),
        ("burn", format!("at most {} over 5 min, until {}", rate(i.peak.0), time(i.peak.1))),
        (
            "budget",
            format!(
                "{} spent: {} left before, {} after",
                i.budget_spent.map_or_else(none, spent_or_share),
                left(i.remaining_before),
                left(i.remaining_after)
            ),
        ),
    ];
    if let Some(alert) = i.alerts.iter().find(|alert| !alert.suppressed) {
        let after = span(i.start, alert.start);
        facts.push(("noticed", look.clean(&format!("{} ({}) after {after}", alert.tier, alert.severity))));
    }
    for spenders in &i.spenders {
        let who: Vec<String> = spenders.list.iter().take(2).map(|one| spender_words(&spenders.dimensions, one)).collect();
        let hourly = if spenders.hourly { " (whole hours)" } else { "" };
        facts.push(("spent by", look.clean(&format!("{}{hourly}", who.join(", ")))));
    }
    for (at, moment) in &i.moments {
        facts.push(("", look.clean(&format!("{}  {}", time(*at), moment_words(moment)))));
    }
    facts
}

/// What happened, in words.
pub(super) fn moment_words(moment: &Moment) -> String {
    match moment {
        Moment::Spent(share) => format!("{share} of the budget is spent"),
        Moment::Mode(mode, why) => format!("mode {}: {why}", mode.name()),
    }
}
