//! A gate's verdict, for people and for programs.

use serde_json::{Value, json};

use super::excluded;
use super::number::{share, time};
use super::terminal::{Ink, Look};
use crate::evaluate::gate::{Gate, Verdict};
use crate::slo::policy::Mode;

/// The verdict as text: the first line says it, then every SLO.
pub fn text(gate: &Gate, exit_code: u8, look: Look) -> String {
    let mut out = format!("gate: {} (exit code {exit_code})\n", look.ink(ink(gate.mode), gate.mode.name()));
    if let Some(length) = &gate.stale_after {
        let ends = gate.latest.map_or("holds no event".to_owned(), |t| format!("ends at {} UTC", time(t)));
        out.push_str(&format!(" too old: the log {ends}, longer ago than {length}\n"));
    }
    if let Some(release) = &gate.release {
        out.push_str(&format!(" override: {}: {}\n", look.clean(&release.exemption), look.clean(&release.reason)));
    }
    for verdict in &gate.verdicts {
        out.push_str(&one(verdict, look));
    }
    out
}

fn one(verdict: &Verdict, look: Look) -> String {
    let (key, stance, policy) = (&verdict.series, &verdict.stance, &verdict.guard.policy);
    let since = stance.since.map_or(String::new(), |since| format!(" since {} UTC", time(since)));
    let left = verdict.budget.map_or(String::new(), |b| format!(", {} of the budget left", share(b.remaining)));
    let aside = if verdict.guard.gate { "" } else { " (does not gate)" };
    let mut out = format!(" {}{since}  {}{aside}\n", look.ink(ink(stance.mode), stance.mode.name()), look.clean(&key.name()));
    out.push_str(&format!("   why     {}{left}\n   policy  {}\n", look.clean(&stance.reason), look.clean(&stance.words)));
    for words in excluded::told(&verdict.excluded) {
        out.push_str(&format!("   without {}\n", look.clean(&words)));
    }
    let approvers = policy.approvers.join(", ");
    match (&policy.owner, approvers.is_empty()) {
        (Some(owner), true) => out.push_str(&format!("   owner   {}\n", look.clean(owner))),
        (Some(owner), false) => out.push_str(&format!("   owner   {}\n", look.clean(&format!("{owner}; agreed by {approvers}")))),
        (None, false) => out.push_str(&format!("   agreed  by {}\n", look.clean(&approvers))),
        (None, true) => {}
    }
    out
}

fn ink(mode: Mode) -> Ink {
    match mode {
        Mode::Ship => Ink::Good,
        Mode::Caution => Ink::Warn,
        Mode::Freeze => Ink::Bad,
        Mode::NoData => Ink::Dim,
    }
}

/// The verdict as JSON, with every warning of the run.
pub fn to_json(gate: &Gate, exit_code: u8, warnings: &[String]) -> Value {
    let decided = gate.decided_by.and_then(|i| gate.verdicts.get(i));
    json!({
        "mode": gate.mode.name(),
        "mode_reason": decided.map(|v| v.stance.reason.clone()),
        "mode_words": decided.map(|v| v.stance.words.clone()),
        "exit_code": exit_code,
        "latest_time": gate.latest.map(|t| t.to_string()),
        "stale_after": gate.stale_after.as_ref().map(|length| length.text()),
        "override": gate.release.as_ref().map(|r| json!({ "exemption": r.exemption, "reason": r.reason })),
        "slos": gate.verdicts.iter().map(slo).collect::<Vec<_>>(),
        "warnings": warnings,
    })
}

fn slo(verdict: &Verdict) -> Value {
    let (key, stance, policy) = (&verdict.series, &verdict.stance, &verdict.guard.policy);
    json!({
        "service": key.service,
        "slo": key.slo,
        "objective": key.objective,
        "window_length": key.window.text(),
        "mode": stance.mode.name(),
        "mode_reason": stance.reason,
        "mode_words": stance.words,
        "mode_since": stance.since.map(|t| t.to_string()),
        "budget_remaining": verdict.budget.map(|b| b.remaining),
        "gate": verdict.guard.gate,
        "exclusions": verdict.excluded.iter().map(excluded::to_json).collect::<Vec<_>>(),
        "owner": policy.owner,
        "approvers": policy.approvers,
        "revisit": policy.revisit.map(|t| t.to_string()),
    })
}
