//! Burn-rate alerts: as a table for programs, and as people look at them.

use arrow::array::RecordBatch;

use super::columns::Columns;
use super::excluded;
use super::number::{count, rate, share, span, spent, time};
use super::terminal::{Ink, Look, title};
use crate::error::Result;
use crate::evaluate::guard::{AlertRow, Guarded};

/// The alerts table. Columns may be added in later versions, never renamed.
///
/// # Errors
/// None.
pub fn batch(rows: &[AlertRow]) -> Result<RecordBatch> {
    Columns::of(rows)
        .text("service", |r| Some(&r.series.service))
        .text("slo", |r| Some(&r.series.slo))
        .text("objective", |r| Some(&r.series.objective))
        .float("target", |r| Some(r.series.target.to_f64()))
        .text("window_length", |r| Some(r.series.window.text()))
        .text("tier", |r| Some(&r.tier))
        .text("severity", |r| Some(r.severity.name()))
        .bool("downgraded", |r| Some(r.downgraded))
        .bool("suppressed", |r| Some(r.suppressed))
        .bool("firing", |r| Some(r.firing))
        .time("start_time", |r| Some(r.start_time))
        .time("end_time", |r| Some(r.end_time))
        .text("long_window", |r| Some(r.long_window.text()))
        .text("short_window", |r| r.short_window.as_ref().map(|short| short.text()))
        .float("burn_rate_threshold", |r| Some(r.factor))
        .float("peak_burn_rate", |r| Some(r.peak_burn_rate))
        .float("peak_budget_share_time", |r| Some(r.peak_budget_share_time))
        .float("peak_budget_share_traffic", |r| Some(r.peak_budget_share_traffic))
        .int("bad", |r| Some(r.bad))
        .int("valid", |r| Some(r.valid))
        .float("budget_spent", |r| r.budget_spent)
        .text("exclusions", |r| r.exclusions.as_deref())
        .batch()
}

/// The alerts of every SLO, one block each. `share` is the largest share of the period's budget, by traffic, in a long window.
pub fn text(guarded: &[Guarded], look: Look) -> String {
    guarded.iter().map(|one| block(one, look)).collect::<Vec<_>>().join("\n")
}

fn block(guarded: &Guarded, look: Look) -> String {
    let key = guarded.key();
    let title = title(&key.service, &key.slo, &key.objective, &key.target.to_string(), key.window.text(), look);
    let tiers: Vec<String> = guarded.tiers.iter().map(|armed| tier_words(armed, look)).collect();
    let mut out = format!("{}\n tiers: {}\n", look.ink(Ink::Bold, &title), tiers.join(", "));
    for note in &guarded.notes {
        out.push_str(&format!(" note: {}\n", look.clean(note)));
    }
    out.push_str(&excluded::lines(guarded.excluded(), look));
    if guarded.alerts.is_empty() {
        out.push_str(" no alert fired\n");
        return out;
    }
    let header = [" fired (UTC)", "for", "tier", ">peak burn", ">share", ">budget spent", ">bad", ""];
    let mut table = look.ruled_table(&header);
    for row in guarded.rows() {
        table.add_row([
            format!(" {}", time(row.start_time)),
            span(row.start_time, row.end_time),
            look.clean(&format!("{} ({})", row.tier, row.severity.name())),
            rate(row.peak_burn_rate),
            spent_or_share(row.peak_budget_share_traffic),
            row.budget_spent.map_or_else(|| look.none(), spent_or_share),
            count(row.bad),
            remarks(&row),
        ]);
    }
    out.push_str(&table.trim_fmt());
    out.push('\n');
    out
}

/// A share of a budget, or what it is overspent by.
pub(super) fn spent_or_share(value: f64) -> String {
    if value >= 1.0 { spent(value) } else { share(value) }
}

fn remarks(row: &AlertRow) -> String {
    let remarks = [(row.firing, "fires now"), (row.downgraded, "few bad"), (row.suppressed, "suppressed")];
    remarks.iter().filter(|(holds, _)| *holds).map(|(_, words)| *words).collect::<Vec<_>>().join(", ")
}

/// `page_1h above 13.44 over 1h and 5m`.
fn tier_words(armed: &crate::evaluate::alert::Armed, look: Look) -> String {
    let tier = &armed.tier;
    let short = tier.short.as_ref().map_or(String::new(), |short| format!(" and {short}"));
    look.clean(&format!("{} {} {} over {}{short}", tier.name, tier.relation(), rate(armed.factor.to_f64()), tier.long))
}
