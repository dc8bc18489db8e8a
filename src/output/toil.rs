//! Toil: the share of work that is not good, of everybody together and of each role, most first.
//!
//! An average hides outliers: a team at 40 % may have one person at 90 %. So every role is shown, and the highest is named.

use serde_json::{Map, Value, json};

use super::escape::escape;
use super::excluded;
use super::number::{count, percent, time};
use super::terminal::{Look, group_label};
use crate::evaluate::report::Share;
use crate::evaluate::row::GroupKind;
use crate::time::Instant;

/// The shares of one SLO: all together, then its groups by share of bad, most first.
fn sections(shares: &[Share]) -> Vec<(&Share, Vec<&Share>)> {
    let is_same = |a: &Share, b: &Share| {
        let key = |s: &Share| (s.key.service.clone(), s.key.slo.clone(), s.key.objective.clone(), s.key.window.text().to_owned());
        key(a) == key(b)
    };
    let mut sections = Vec::new();
    for chunk in shares.chunk_by(is_same) {
        let (Some(all), groups) = (chunk.first(), &chunk[1..]) else { continue };
        let mut groups: Vec<&Share> = groups.iter().collect();
        // bad / valid, compared as cross products; without work there is no share, and it comes last.
        groups.sort_by(|a, b| {
            let cross = |x: &Share, y: &Share| u128::from(x.counts.bad) * u128::from(y.counts.valid);
            (a.counts.valid == 0).cmp(&(b.counts.valid == 0)).then(cross(b, a).cmp(&cross(a, b)))
        });
        sections.push((all, groups));
    }
    sections
}

/// The shares as people read them. Where nothing is dated, no window is known.
pub fn report(shares: &[Share], is_dated: bool, look: Look) -> String {
    let section = |(all, groups): (&Share, Vec<&Share>)| section(all, &groups, is_dated, look);
    let texts: Vec<String> = sections(shares).into_iter().map(section).collect();
    texts.join("\n")
}

fn section(all: &Share, groups: &[&Share], is_dated: bool, look: Look) -> String {
    let (start, end) = (time(all.window_start), time(all.window_end));
    let title = look.clean(&all.key.slo);
    let when = if is_dated { format!("{start} to {end} UTC, ") } else { String::new() };
    let mut out = format!("{title}  {when}at most {}\n", at_most(all));
    out.push_str(&excluded::lines(all.excluded.iter(), look));
    if all.counts.events == 0 {
        return format!("{out} no work is logged\n");
    }
    let mut table = look.ruled_table(&[" who", ">toil", ">work", ">share", ""]);
    for (i, share) in std::iter::once(&all).chain(groups).enumerate() {
        let is_over = is_over(share);
        table.add_row([
            format!(" {}", if i == 0 { "(all)".to_owned() } else { group_label(&share.key, look) }),
            count(share.counts.bad),
            count(share.counts.valid),
            percent(share.counts.bad, share.counts.valid, 1).unwrap_or_else(|| look.none()),
            if is_over { "OVER" } else { "" }.to_owned(),
        ]);
    }
    out.push_str(&format!("{}\n", table.trim_fmt()));
    if let Some(highest) = groups.first().filter(|share| share.counts.valid > 0) {
        let share = percent(highest.counts.bad, highest.counts.valid, 1).unwrap_or_default();
        out.push_str(&format!(" highest: {} with {share}\n", group_label(&highest.key, look)));
    }
    if all.counts.unknown > 0 {
        out.push_str(&format!(" {} entries are unknown: a field that the SLO needs is absent\n", count(all.counts.unknown)));
    }
    out
}

/// What the target leaves: `50%`.
fn at_most(share: &Share) -> String {
    let whole = 1_000_000_000;
    percent(share.key.target.allowed_bad(whole), whole, 0).unwrap_or_default()
}

/// Whether more is bad than the target allows, decided in integers.
fn is_over(share: &Share) -> bool {
    share.key.target.met(share.counts.good, share.counts.valid) == Some(false)
}

/// The shares for programs: `{"slos": [{"slo": …, "all": {…}, "groups": [{…}]}]}`. Where nothing is dated, no window is known.
pub fn to_json(shares: &[Share], is_dated: bool) -> Value {
    let known = |time: Instant| is_dated.then(|| time.to_string());
    let slo = |(all, groups): (&Share, Vec<&Share>)| {
        json!({
            "service": all.key.service,
            "slo": all.key.slo,
            "target": all.key.target.to_f64(),
            "window_start_time": known(all.window_start),
            "window_end_time": known(all.window_end),
            "all": share(all),
            "exclusions": all.excluded.iter().map(excluded::to_json).collect::<Vec<_>>(),
            "groups": groups.into_iter().map(share).collect::<Vec<_>>(),
        })
    };
    json!({ "slos": sections(shares).into_iter().map(slo).collect::<Vec<_>>() })
}

fn share(share: &Share) -> Value {
    let c = share.counts;
    let values = share.key.dimensions.iter().zip(&share.key.group);
    let dimensions = values.map(|(name, value)| (name.clone(), json!(value.as_deref().map(escape))));
    json!({
        "group_kind": share.key.group_kind.name(),
        "dimensions": if share.key.group_kind == GroupKind::Group { Map::from_iter(dimensions) } else { Map::new() },
        "toil": c.bad,
        "work": c.valid,
        "share": (c.valid > 0).then(|| crate::ratio::divide(c.bad.into(), c.valid.into())),
        "over": is_over(share),
        "entries": c.events,
        "unknown": c.unknown,
    })
}
