//! What was excluded, as every output says it: when, how often, why, and who said so.

use serde_json::{Value, json};

use super::number::{span, time};
use super::terminal::Look;
use crate::evaluate::excluded::Excluded;
use crate::time::Instant;

/// `5 min from 2026-11-02 09:10: database move (ana)`, as somebody else may have written it.
pub(super) fn words(e: &Excluded) -> String {
    let first = e.stretches.first().map_or((e.exclusion.start, e.exclusion.end), |&stretch| stretch);
    let times = if e.stretches.len() > 1 { format!("{} times ", e.stretches.len()) } else { String::new() };
    format!("{times}{} from {}: {}", span(first.0, first.1), time(first.0), e.exclusion.why())
}

/// The [`words`] of those that took something out, in their order, each once.
pub(super) fn told<'e>(excluded: impl IntoIterator<Item = &'e Excluded>) -> Vec<String> {
    let mut told = Vec::new();
    for words in excluded.into_iter().filter(|one| !one.stretches.is_empty()).map(words) {
        if !told.contains(&words) {
            told.push(words);
        }
    }
    told
}

/// A line for each of those that took something out, under the title of an SLO.
pub(super) fn lines<'e>(excluded: impl IntoIterator<Item = &'e Excluded>, look: Look) -> String {
    told(excluded).into_iter().map(|words| format!(" excluded: {}\n", look.clean(&words))).collect()
}

/// The exclusion, and its stretches in the time that is looked at.
pub(super) fn to_json(e: &Excluded) -> Value {
    let stretch = |(start, end): &(Instant, Instant)| json!({ "start_time": start.to_string(), "end_time": end.to_string() });
    json!({
        "reason": e.exclusion.reason,
        "author": e.exclusion.author,
        "start_time": e.exclusion.start.to_string(),
        "end_time": e.exclusion.end.to_string(),
        "rrule": e.exclusion.recurrence.as_ref().map(|r| &r.rule),
        "zone": e.exclusion.recurrence.as_ref().map(|r| &r.zone),
        "in_window": e.stretches.iter().map(stretch).collect::<Vec<_>>(),
    })
}
