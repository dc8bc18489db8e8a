//! `timeWindow`: rolling or calendar, in the words of both versions of the standard.

use super::object::{Said, Taken};
use crate::error::Result;
use crate::slo::document::{Content, Document, Key, Node, Written};

/// Units as v1alpha and hasty people spell them, and the short ones.
const UNITS: [(&str, &str); 8] = [
    ("second", "s"),
    ("minute", "m"),
    ("hour", "h"),
    ("day", "d"),
    ("week", "w"),
    ("month", "M"),
    ("quarter", "Q"),
    ("year", "Y"),
];

/// The windows of an SLO, as the short form writes them.
pub fn windows(document: Document<'_>, spec: &mut Taken, said: &mut Said) -> Result<Option<Node>> {
    let (list, span) = (spec.list(document, "timeWindow"), spec.first_line(document));
    let list = if list.is_empty() { spec.list(document, "timeWindows") } else { list };
    if list.is_empty() {
        said.find(&span, "there is no time window: 28 days are assumed", "add `timeWindow: [{duration: 28d, isRolling: true}]`");
        return Ok(None);
    }
    if let Some(second) = list.get(1) {
        said.find(
            &second.span,
            "the standard allows one time window: slix evaluates each by itself",
            "make them SLOs of their own",
        );
    }
    let span = list[0].span.clone();
    let windows = list.into_iter().map(|node| window(document, node, said)).collect::<Result<Vec<_>>>()?;
    Ok(Some(Node { content: Content::List(windows), span }))
}

fn window(document: Document<'_>, node: Node, said: &mut Said) -> Result<Node> {
    let mut taken = Taken::of(document, node, "spec.timeWindow")?;
    let span = taken.span.clone();
    let duration = match taken.text(document, "duration")? {
        Some(duration) => named_unit(duration, said),
        None => counted_unit(document, &mut taken)?,
    };
    no_seconds(&duration, said);
    let rolling = taken.text(document, "isRolling")?;
    let calendar = taken.map(document, "calendar")?;
    taken.finish(&[], said);
    if let Some(odd) = rolling.as_ref().filter(|rolling| !["true", "false"].contains(&rolling.text.as_str())) {
        said.find(&odd.node.span, "isRolling is neither true nor false: false is taken", "write true or false");
    }
    let is_rolling = rolling.as_ref().map(|rolling| rolling.text == "true");
    let text = Node { content: Content::Text(duration.text), span: duration.node.span };
    match (is_rolling, calendar) {
        (Some(true), Some(calendar)) => {
            said.find(&calendar.span, "a window is rolling and of a calendar: the calendar is taken", "leave one of them out");
            calendar_node(document, text, calendar, said)
        }
        (_, Some(calendar)) => calendar_node(document, text, calendar, said),
        (Some(false), None) => {
            said.find(
                &span,
                "a window that does not roll has no calendar: that of UTC is taken",
                "add `calendar:`, or isRolling: true",
            );
            Ok(map(span, vec![("calendar", text)]))
        }
        (None, None) => {
            said.find(
                &span,
                "a time window has neither `isRolling` nor a calendar: a rolling one is taken",
                "add `isRolling: true`",
            );
            Ok(text)
        }
        (Some(true), None) => Ok(text),
    }
}

fn calendar_node(document: Document<'_>, length: Node, mut calendar: Taken, said: &mut Said) -> Result<Node> {
    let mut entries = vec![("calendar", length)];
    let text = |written: Written| Node { content: Content::Text(written.text), span: written.node.span };
    entries.extend(calendar.text(document, "startTime")?.map(|start| ("start", text(start))));
    entries.extend(calendar.text(document, "timeZone")?.map(|zone| ("zone", text(zone))));
    let span = calendar.span.clone();
    for (key, name, taken) in [("start", "startTime", "that of the calendar itself"), ("zone", "timeZone", "UTC")] {
        if !entries.iter().any(|(known, _)| *known == key) {
            said.find(
                &span,
                format!("a calendar has no `{name}`: {taken} is taken"),
                "add it, as in {startTime: 2026-01-01 00:00:00, timeZone: Europe/Berlin}",
            );
        }
    }
    calendar.finish(&[], said);
    Ok(map(span, entries))
}

/// `Week` where `1w` was meant.
fn named_unit(duration: Written, said: &mut Said) -> Written {
    let word = duration.text.to_lowercase();
    let singular = word.strip_suffix('s').unwrap_or(&word);
    match UNITS.iter().find(|(name, _)| *name == singular) {
        None => duration,
        Some((_, unit)) => {
            let text = format!("1{unit}");
            said.find(
                &duration.node.span,
                format!("`{}` is no duration: {text} is taken", duration.text),
                format!("write {text}"),
            );
            Written { text, node: duration.node }
        }
    }
}

/// `unit: Day`, `count: 28` of v1alpha.
fn counted_unit(document: Document<'_>, taken: &mut Taken) -> Result<Written> {
    let place = taken.first_line(document);
    let (unit, count) = (taken.text(document, "unit")?, taken.text(document, "count")?);
    let short = |unit: &Written| UNITS.iter().find(|(name, _)| *name == unit.text.to_lowercase()).map(|(_, short)| *short);
    match (unit.as_ref().and_then(short), count) {
        (Some(unit), Some(count)) => Ok(Written { text: format!("{}{unit}", count.text), node: count.node }),
        _ => {
            let error = document.error(&place, "a time window has no `duration`", "in this one");
            Err(error.hint("write `duration: 28d`; in v1alpha `unit: Day` and `count: 28`"))
        }
    }
}

/// Doubts seconds, which the standard does not have.
pub fn no_seconds(length: &Written, said: &mut Said) {
    if length.text.strip_suffix('s').is_some_and(|digits| digits.parse::<u64>().is_ok()) {
        let message = format!("the standard has no seconds: `{}`", length.text);
        said.find(&length.node.span, message, "write it with one of m h d w M Q Y");
    }
}

/// A mapping that stands at `span`.
pub fn map(span: std::ops::Range<usize>, entries: Vec<(&str, Node)>) -> Node {
    let key = |text: &str, span: &std::ops::Range<usize>| Key { text: text.to_owned(), span: span.clone() };
    let entries = entries.into_iter().map(|(text, node)| (key(text, &node.span), node)).collect();
    Node { content: Content::Map(entries), span }
}
