//! How the numbers of one SLO came about: each formula with the very numbers that were put in.

use serde_json::{Value, json};

use crate::evaluate::detail::Detail;
use crate::evaluate::report::Report;
use crate::evaluate::units::RATIO_PARTS;
use crate::output::number::{count, count_wide};
use crate::output::summary::units;

/// The formulas, in the order in which one needs the other.
pub fn steps(d: &Detail) -> Vec<Value> {
    let r = &d.report;
    let Some(b) = r.budget else { return Vec::new() };
    let (good, of) = r.target.parts();
    let whole = d.whole.last().copied().unwrap_or(r.spent.valid);
    let minutes = (r.window_end.micros() - r.window_start.micros()) as f64 / 60e6;
    let valid = if d.whole.is_empty() { "valid".to_owned() } else { format!("{} of the whole period", units(r, 2)) };
    let n = |count: u64| number(r, count);
    let (left, right) = (u128::from(whole - r.spent.bad.min(whole)) * u128::from(of), u128::from(good) * u128::from(whole));
    let sign = if left >= right { "≥" } else { "<" };
    let budget = of - good;
    let mut steps = Vec::new();
    let mut push = |name: &str, formula: String, numbers: String, result: Value| {
        steps.push(json!({ "name": name, "formula": formula, "numbers": numbers, "result": result }));
    };
    push(
        "valid",
        format!("good + bad {}", units(r, 2)),
        format!("{} + {}", n(r.spent.good), n(r.spent.bad)),
        json!(n(r.spent.valid)),
    );
    push("SLI", "good ÷ valid".to_owned(), format!("{} ÷ {}", n(r.spent.good), n(r.spent.valid)), json!(b.sli));
    push("error budget β", "1 − target".to_owned(), format!("1 − {}", r.target), json!(format!("{budget}/{of}")));
    push(
        "met",
        format!("({valid} − bad) × {of} ≥ {good} × {valid}"),
        format!("{} {sign} {}", wide(r, left), wide(r, right)),
        json!(if b.met { "yes" } else { "no" }),
    );
    if r.remaining_bad().is_some() {
        let allowed = format!("⌊{budget} × {} ÷ {of}⌋", n(whole));
        push("allowed bad", format!("⌊β × {valid}⌋"), allowed, json!(n(r.allowed_bad)));
    }
    let spending = format!("{} × {of} ÷ ({budget} × {})", n(r.spent.bad), n(whole));
    push("budget consumed", format!("bad ÷ (β × {valid})"), spending, json!(b.consumed));
    push("budget remaining", "1 − consumed, as one fraction".to_owned(), format!("1 − {}", b.consumed), json!(b.remaining));
    push(
        "remaining minutes",
        "remaining × β × minutes of the window".to_owned(),
        format!("{} × {budget}/{of} × {minutes}", b.remaining),
        json!(b.remaining_minutes),
    );
    steps.extend(burns(r));
    steps.extend(exhaustion(r));
    steps
}

fn burns(r: &Report) -> Vec<Value> {
    let (good, of) = r.target.parts();
    let burn = |burn: &crate::evaluate::report::Burn| {
        let (bad, valid) = (number(r, burn.counts.bad), number(r, burn.counts.valid));
        let covered = if burn.partial { ", of which the input covers a part" } else { "" };
        json!({
            "name": format!("burn rate, {}", burn.name),
            "formula": format!("(bad ÷ valid) ÷ β, over the last {}{covered}", burn.name),
            "numbers": format!("{bad} × {of} ÷ ({} × {valid})", of - good),
            "result": burn.rate.map_or(json!("nothing counted"), |rate| json!(rate)),
        })
    };
    r.burns.iter().map(burn).collect()
}

fn exhaustion(r: &Report) -> Option<Value> {
    let (b, left) = (r.budget?, r.exhaustion?.left_seconds?);
    let burn = r.burns.iter().find(|burn| burn.name == "1d")?.rate?;
    let seconds = (r.window_end.micros() - r.window_start.micros()) / 1_000_000;
    Some(json!({
        "name": "seconds until it is spent",
        "formula": "remaining × seconds of the window ÷ burn rate of 1d",
        "numbers": format!("{} × {seconds} ÷ {burn}", b.remaining),
        "result": left,
    }))
}

/// A count of what the budget is counted in; where slices count with their ratios, the sum of those.
fn number(r: &Report, n: u64) -> String {
    if !r.counts_ratios() {
        return count(n);
    }
    decimal(n.into(), RATIO_PARTS.into())
}

fn wide(r: &Report, n: u128) -> String {
    if r.counts_ratios() { decimal(n, RATIO_PARTS.into()) } else { count_wide(n) }
}

/// `n` of parts of one, with as many decimals as it has.
fn decimal(n: u128, parts: u128) -> String {
    let fraction = format!("{:010}", n % parts);
    match fraction.trim_end_matches('0') {
        "" => count_wide(n / parts),
        digits => format!("{}.{digits}", count_wide(n / parts)),
    }
}
