//! What was read, and what became of every line.

use serde_json::{Value, json};

use super::facts::PLAIN;
use crate::aggregate::accounting::{Accounting, Tally};
use crate::aggregate::receipt::Receipt;
use crate::error::Result;
use crate::output::accounting::{self, Input};
use crate::output::number::{count, percent};
use crate::output::summary::clean;
use crate::record::Reason;

/// Inputs that are listed; those with most rejected lines first. How many more there are is said.
pub const INPUTS_SHOWN_MAX: usize = 200;

/// The accounting: lines in total and by outcome, rejected ones by reason, and by input.
pub fn accounting(receipts: &[Receipt]) -> Result<Value> {
    let total = accounting::total(receipts)?;
    let mut inputs = accounting::inputs(receipts)?;
    inputs.sort_by_key(|input| std::cmp::Reverse(input.accounting.rejected_total().lines));
    let more = inputs.len().saturating_sub(INPUTS_SHOWN_MAX);
    Ok(json!({
        "lines": number(total.total().lines),
        "bytes": number(total.total().bytes),
        "outcomes": outcomes(&total),
        "reasons": reasons(&total),
        "no_response": number(total.no_response),
        "inputs": inputs.iter().take(INPUTS_SHOWN_MAX).map(input).collect::<Vec<_>>(),
        "more": (more > 0).then(|| format!("{} more inputs are not listed", count(more as u64))),
    }))
}

fn number(n: u64) -> Value {
    json!({ "text": count(n), "value": n })
}

fn outcomes(a: &Accounting) -> Vec<Value> {
    let outcome = |name: &str, words: &str, tally: Tally| {
        let part = percent(tally.lines, a.total().lines, 2).unwrap_or_else(|| PLAIN.none());
        json!({ "name": name, "words": words, "lines": number(tally.lines), "bytes": number(tally.bytes), "share": part })
    };
    vec![
        outcome("events", "requests", a.events),
        outcome(
            "skipped",
            "known not to be requests: comments, blank lines, chatter of the server, lines of other programs",
            a.skipped_total(),
        ),
        outcome("joined", "fragments that became part of another line", a.joined),
        outcome("undated", "requests without a usable time", a.undated),
        outcome("rejected", "lines that did not parse", a.rejected_total()),
    ]
}

fn reasons(a: &Accounting) -> Vec<Value> {
    let all = Reason::ALL.iter().zip(a.rejected).filter(|(_, tally)| tally.lines > 0);
    all.map(|((_, name), tally)| json!({ "name": name, "lines": number(tally.lines), "bytes": number(tally.bytes) })).collect()
}

fn input(i: &Input) -> Value {
    json!({
        "path": clean(if i.path.is_empty() { "(input)" } else { i.path }),
        "service": clean(i.service),
        "format": clean(i.format),
        "lines": number(i.accounting.total().lines),
        "events": number(i.accounting.events.lines),
        "rejected": number(i.accounting.rejected_total().lines),
        "undated": number(i.accounting.undated.lines),
        "cut_short": i.cut_short.iter().map(|why| clean(why)).collect::<Vec<_>>(),
    })
}
