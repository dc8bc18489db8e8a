//! Drafts of postmortems: Markdown with everything that the log can tell, and blanks for what only people can.
//!
//! A draft is blameless: it names parts of systems, never clients or users. The table of actions is read back by
//! [`backlog`].

use super::alerts::spent_or_share;
use super::backlog;
use super::blameless::{is_personal, redacted};
use super::incidents::{label_with, moment_words};
use super::number::{count, rate, share, span, time};
use super::sanitize::sanitize;
use crate::evaluate::incident::{Incident, Spender, Spenders};
use crate::slo::policy::Policy;
use crate::time::Instant;

/// A draft: its file name, and its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// `2026-11-06-0544-shop-availability.md`.
    pub file_name: String,
    /// Markdown.
    pub text: String,
}

/// The draft of one incident of an SLO with this policy.
pub fn draft(incident: &Incident, policy: &Policy) -> Draft {
    let sections = [
        head(incident, policy),
        summary(incident),
        impact(incident),
        detection(incident),
        timeline(incident),
        factors(incident),
        blanks(),
        actions(incident),
    ];
    Draft { file_name: file_name(incident), text: sections.join("\n") }
}

fn file_name(i: &Incident) -> String {
    let stamp = i.start.to_string().replace('T', "-").replace(':', "");
    let stamp = stamp.trim_end_matches('Z');
    let stamp = stamp.strip_suffix("00").filter(|short| short.len() == 15).unwrap_or(stamp);
    let name = if i.series.service.is_empty() { i.series.slo.clone() } else { format!("{}-{}", i.series.service, i.series.slo) };
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' };
    // Names are at most 256 bytes, two of them and a date fit into the 255 of most file systems once they are cut.
    let name: String = name.chars().map(plain).take(180).collect();
    format!("{stamp}-{name}.md")
}

/// A text of others inside Markdown, as code: nothing in it acts.
fn code(text: &str) -> String {
    format!("`{}`", sanitize(text, true).replace(['`', '\n', '\r'], "'").replace('|', "\\|"))
}

fn utc(t: Instant) -> String {
    format!("{} UTC", time(t))
}

fn head(i: &Incident, policy: &Policy) -> String {
    let mut out = format!("# Postmortem: {}, {}\n\n", code(&i.series.name()), utc(i.start));
    out.push_str("Status: draft, made from the log. What stands in parentheses is for people to fill in. This is about systems, not about people.\n");
    if let Some(owner) = &policy.owner {
        out.push_str(&format!("\nPolicy owner: {}\n", code(owner)));
    }
    if i.needs_postmortem {
        let limit = crate::evaluate::mode::percent(policy.postmortem_above);
        out.push_str(&format!(
            "\n**This incident spent more than {limit} of the error budget: by the policy a postmortem and at least one P0 action are mandatory.**\n"
        ));
    }
    out
}

fn summary(i: &Incident) -> String {
    let spent = i.budget_spent.map_or("none".to_owned(), spent_or_share);
    let more = if i.ongoing { " It may go on: an alert fires where the log ends." } else { "" };
    format!(
        "## Summary\n\nFrom {} to {} ({}) {} of {} requests were bad. That spent {spent} of the error budget of {} over {}.{more}\n\n(What happened, in two sentences, for somebody who was not there.)\n",
        utc(i.start),
        utc(i.end),
        span(i.start, i.end),
        count(i.counts.bad),
        count(i.counts.good + i.counts.bad),
        i.series.target,
        i.series.window.text(),
    )
}

fn impact(i: &Incident) -> String {
    let left = |part: Option<f64>| part.map_or("unknown".to_owned(), share);
    let excluded = i.exclusions.as_ref().map_or(String::new(), |what| format!("| Excluded from the budget | {} |\n", code(what)));
    format!(
        "## Impact\n\n| | |\n|---|---|\n| Bad requests | {} of {} |\n| Peak burn (5 min) | {} at {} |\n| Budget spent | {} |\n| Budget left before | {} |\n| Budget left after | {} |\n{excluded}\n(Who noticed it, and what could they not do?)\n",
        count(i.counts.bad),
        count(i.counts.good + i.counts.bad),
        rate(i.peak.0),
        utc(i.peak.1),
        i.budget_spent.map_or("none".to_owned(), spent_or_share),
        left(i.remaining_before),
        left(i.remaining_after),
    )
}

fn detection(i: &Incident) -> String {
    let mut out = "## Detection\n\n".to_owned();
    let is_first = |at: usize| !i.alerts[..at].iter().any(|earlier| earlier.tier == i.alerts[at].tier);
    for (_, alert) in i.alerts.iter().enumerate().filter(|(at, _)| is_first(*at)) {
        let suppressed = if alert.suppressed { ", suppressed by a higher tier" } else { "" };
        let after = span(i.start.min(alert.start), alert.start);
        out.push_str(&format!(
            "- {} ({}) would have fired {after} after the onset{suppressed}\n",
            code(&alert.tier),
            alert.severity
        ));
    }
    out.push_str("\n(Who or what noticed it in fact, and when?)\n");
    out
}

fn timeline(i: &Incident) -> String {
    let mut lines: Vec<(Instant, String)> = vec![
        (i.start, "onset: the first slice that burns".to_owned()),
        (i.peak.1, format!("peak: a burn of {} over the 5 minutes until here", rate(i.peak.0))),
        (i.end, "recovery: the last slice that burns has ended".to_owned()),
    ];
    for alert in &i.alerts {
        lines.push((alert.start, format!("{} fires ({})", code(&alert.tier), alert.severity)));
        lines.push((alert.end, format!("{} ends", code(&alert.tier))));
    }
    lines.extend(i.moments.iter().map(|(at, moment)| (*at, sanitize(&moment_words(moment), true).into_owned())));
    lines.sort();
    let rows: String = lines.iter().map(|(at, what)| format!("| {} | {} |\n", time(*at), what.replace('|', "\\|"))).collect();
    format!("## Timeline\n\n| UTC | |\n|---|---|\n{rows}\n(Add what people did, and what changed before the onset.)\n")
}

fn factors(i: &Incident) -> String {
    let mut out = "## Contributing factors\n\n".to_owned();
    let mut told = false;
    let mut left_out: Vec<&str> = Vec::new();
    for spenders in &i.spenders {
        let personal: Vec<&str> = spenders.dimensions.iter().map(String::as_str).filter(|name| is_personal(name)).collect();
        if personal.is_empty() {
            told |= !spenders.list.is_empty();
            out.push_str(&candidates(spenders));
        }
        left_out.extend(personal);
    }
    left_out.sort_unstable();
    left_out.dedup();
    if !left_out.is_empty() {
        let names: Vec<String> = left_out.into_iter().map(code).collect();
        out.push_str(&format!("- Left out, since it tells of people: {}\n", names.join(", ")));
    }
    if !told {
        out.push_str(
            "- The counts do not tell who spent the budget: group by route, or attribute bad events in the definition.\n",
        );
    }
    out.push_str("\n(Which of these are causes? What made the system behave like this? What let it get this far?)\n");
    out
}

/// Who may have spent it, without what tells of people; those that then read alike are one.
fn candidates(spenders: &Spenders) -> String {
    let hourly = if spenders.hourly { " (counted by whole hours)" } else { "" };
    let mut seen: Vec<(String, Spender)> = Vec::new();
    for spender in &spenders.list {
        let label = label_with(&spenders.dimensions, spender, |name, value| redacted(name, value).into_owned());
        match seen.iter_mut().find(|(known, _)| *known == label) {
            Some((_, sum)) => {
                sum.bad += spender.bad;
                sum.share += spender.share;
                sum.share_before = sum.share_before.zip(spender.share_before).map(|(a, b)| a + b);
            }
            None => seen.push((label, spender.clone())),
        }
    }
    let before = |part: f64| format!("{} of those in the 7 days before", share(part));
    let one = |(label, spender): &(String, Spender)| {
        format!(
            "- {}: {} bad, {} of all{hourly}; {}\n",
            code(label),
            count(spender.bad),
            share(spender.share),
            spender.share_before.map_or("there were none in the 7 days before".to_owned(), before)
        )
    };
    seen.iter().map(one).collect()
}

fn blanks() -> String {
    "## Resolution\n\n(What ended it?)\n\n## What went well\n\n-\n\n## What went wrong\n\n-\n\n## Where we got lucky\n\n-\n"
        .to_owned()
}

fn actions(i: &Incident) -> String {
    let mut out = format!("## Actions\n\n| {} |\n|{}\n", backlog::COLUMNS.join(" | "), "---|".repeat(backlog::COLUMNS.len()));
    let priority = if i.needs_postmortem { "P0" } else { "" };
    out.push_str(&format!("|  | prevent | {priority} |  |  |  |\n|  | detect |  |  |  |  |\n|  | mitigate |  |  |  |  |\n"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_does_not_act() {
        assert_eq!(code("/a`<b>|\n# x\u{1b}[2J").matches('`').count(), 2);
        assert!(!code("a\nb").contains('\n') && code("a|b") == "`a\\|b`");
    }
}
