//! What became of every line, per input and in total, as outputs show it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::aggregate::accounting::{Accounting, Tally};
use crate::aggregate::receipt::Receipt;
use crate::error::Result;
use crate::record::{Reason, Skip};

/// The outcomes of the lines of one input, whatever pieces it was read in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input<'a> {
    /// Where it was read from.
    pub path: &'a str,
    /// The service it was counted for.
    pub service: &'a str,
    /// The format it was read by.
    pub format: &'a str,
    /// The outcomes.
    pub accounting: Accounting,
    /// Why reading ended early, for each piece that did.
    pub cut_short: Vec<&'a str>,
}

/// The inputs that `receipts` tell of, by path, service and format.
///
/// # Errors
/// More lines or bytes than 2^64.
pub fn inputs(receipts: &[Receipt]) -> Result<Vec<Input<'_>>> {
    let mut inputs = BTreeMap::new();
    for r in receipts {
        let (path, service, format) = (r.path.as_str(), r.service.as_str(), r.format.as_str());
        let input = inputs.entry((path, service, format)).or_insert_with(|| Input {
            path,
            service,
            format,
            accounting: Accounting::default(),
            cut_short: Vec::new(),
        });
        input.accounting.merge(&r.accounting)?;
        input.cut_short.extend(r.cut_short.as_deref());
    }
    Ok(inputs.into_values().collect())
}

/// The outcomes of all lines.
///
/// # Errors
/// More lines or bytes than 2^64.
pub fn total(receipts: &[Receipt]) -> Result<Accounting> {
    let mut total = Accounting::default();
    receipts.iter().try_for_each(|r| total.merge(&r.accounting))?;
    Ok(total)
}

/// Everything as JSON: `lines` and `bytes` in, each outcome with its lines and bytes; `no_response`, `time_folds` and `time_gaps` (parts
/// of `events`); in a log of several formats how many `events` others than its first one have read; and the same for each of `inputs`.
///
/// # Errors
/// More lines or bytes than 2^64.
pub fn to_json(receipts: &[Receipt]) -> Result<Value> {
    let input = |input: Input| {
        let mut value = json!({ "path": input.path, "service": input.service, "format": input.format });
        merge(&mut value, outcomes(&input.accounting));
        merge(&mut value, Map::from_iter([("cut_short".to_owned(), json!(input.cut_short))]));
        value
    };
    let mut all = Value::Object(outcomes(&total(receipts)?));
    let inputs: Vec<Value> = inputs(receipts)?.into_iter().map(input).collect();
    merge(&mut all, Map::from_iter([("inputs".to_owned(), Value::Array(inputs))]));
    Ok(all)
}

fn merge(into: &mut Value, more: Map<String, Value>) {
    if let Value::Object(map) = into {
        map.extend(more);
    }
}

fn outcomes(accounting: &Accounting) -> Map<String, Value> {
    let tally = |t: Tally| json!({ "lines": t.lines, "bytes": t.bytes });
    let total = accounting.total();
    let mut map = Map::from_iter([("lines".to_owned(), json!(total.lines)), ("bytes".to_owned(), json!(total.bytes))]);
    map.extend(accounting.outcomes().map(|(name, t)| (name.to_owned(), tally(t))));
    let parts =
        [("no_response", accounting.no_response), ("time_folds", accounting.time_folds), ("time_gaps", accounting.time_gaps)];
    map.extend(parts.map(|(name, events)| (name.to_owned(), json!(events))));
    if !accounting.by_others.is_empty() {
        map.insert("events_by_other_formats".to_owned(), json!(accounting.by_others));
    }
    map
}

/// Makes receipts for tests of outputs.
/// What to know of the reading before believing the numbers: lines that were rejected or have no time, times that do not say which
/// instant they are.
///
/// # Errors
/// More lines or bytes than 2^64.
pub fn warnings(receipts: &[Receipt]) -> Result<Vec<String>> {
    let total = total(receipts)?;
    let all = rejected_warning(&total).into_iter().chain(undated_warning(&total)).chain(repeated_warning(&total));
    Ok(all.chain(ambiguous_warnings(&total)).collect())
}

/// How many lines did not parse, by reason.
pub fn rejected_warning(total: &Accounting) -> Option<String> {
    let rejected = total.rejected_total().lines;
    let by_reason = Reason::ALL.iter().zip(total.rejected).filter(|(_, tally)| tally.lines > 0);
    let by_reason: Vec<String> = by_reason.map(|((_, name), tally)| format!("{} {name}", tally.lines)).collect();
    (rejected > 0).then(|| format!("{rejected} of {} lines were rejected ({})", total.total().lines, by_reason.join(", ")))
}

/// How many lines have no usable time.
pub fn undated_warning(total: &Accounting) -> Option<String> {
    let lines = total.undated.lines;
    (lines > 0).then(|| format!("{lines} of {} lines have no usable time and are not counted", total.total().lines))
}

/// How many lines stand for others that a syslog daemon left out.
pub fn repeated_warning(total: &Accounting) -> Option<String> {
    let lines = total.skipped_as(Skip::Repeated).lines;
    let told = |lines| {
        format!(
            "{lines} of {} lines say that syslog left out lines like the one before; the requests of those are not counted (its reduction of \
             repeated messages can be turned off)",
            total.total().lines
        )
    };
    (lines > 0).then(|| told(lines))
}

/// How many requests have a local time that does not say which instant it is.
pub fn ambiguous_warnings(total: &Accounting) -> Vec<String> {
    let hint = "times with their offset or in UTC would tell";
    let fold = "in an hour that comes twice, as summer time ends, and count in the first one";
    let gap = "in an hour that is left out, as summer time begins, and count as if it had not begun; is --tz right?";
    let cases = [(total.time_folds, format!("{fold};")), (total.time_gaps, gap.to_owned())];
    let of = total.events.lines;
    cases.iter().filter(|(n, _)| *n > 0).map(|(n, when)| format!("{n} of {of} requests are {when} {hint}")).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::aggregate::receipt::Identity;
    use crate::record::{Outcome, Reason, Skip};

    pub fn receipt(path: &str, events: u64, layout: u64) -> Receipt {
        let mut accounting = Accounting::default();
        (0..events).for_each(|_| accounting.add(Outcome::Event, 100));
        (0..layout).for_each(|_| accounting.add(Outcome::Rejected(Reason::Layout), 10));
        accounting.add(Outcome::Skipped(Skip::Blank), 1);
        let identity = Identity::of(b"");
        let (service, format) = ("shop".to_owned(), "combined".to_owned());
        let end = accounting.total().bytes;
        Receipt { identity, start: 0, end, path: path.to_owned(), service, format, accounting, cut_short: None }
    }

    #[test]
    fn outcomes_sum_to_the_lines_and_pieces_to_their_input() {
        let receipts = [receipt("a.log", 5, 2), receipt("b.log", 1, 0), receipt("a.log", 3, 0)];
        let json = to_json(&receipts).unwrap();
        assert_eq!(
            (&json["lines"], &json["events"]["lines"], &json["rejected_layout"]["bytes"]),
            (&json!(14), &json!(9), &json!(20))
        );
        let inputs = json["inputs"].as_array().unwrap();
        assert_eq!(
            inputs.iter().map(|i| (&i["path"], &i["lines"])).collect::<Vec<_>>(),
            [(&json!("a.log"), &json!(12)), (&json!("b.log"), &json!(2))]
        );
        let outcomes: Vec<_> = Accounting::default().outcomes().map(|(name, _)| name).collect();
        let sum: u64 = outcomes.iter().map(|name| json[name]["lines"].as_u64().unwrap()).sum();
        assert_eq!(sum, 14);
    }
}
