//! Indicators: `ratioMetric` and `thresholdMetric` as `valid` and `good`.

use super::SOURCE_TYPE;
use super::object::{Said, Taken};
use super::read::Sources;
use crate::error::{Error, Result};
use crate::slo::document::{Content, Document, Node, Written};
use crate::slo::example::{Example, example};
use crate::slo::nearest::suggestion;
use crate::slo::parse;

/// An indicator, as far as it does not depend on the objective.
#[derive(Clone, Debug)]
pub enum Indicator {
    /// Which events are valid (none: all), and which of those are good.
    Ratio { valid: Option<Node>, good: Node },
    /// Which events are valid, and the field that the objective compares.
    Threshold { valid: Option<Node>, field: Written, unit: Option<Written> },
    /// Of another kind of source: its type, and where that stands.
    Foreign(String, std::ops::Range<usize>),
}

/// One metric: what its source says, or which other source it has.
enum Metric {
    Own(Taken),
    Foreign(String, std::ops::Range<usize>),
}

/// Reads the indicator in a mapping that has `ratioMetric` or `thresholdMetric`.
pub fn indicator(document: Document<'_>, mut spec: Taken, sources: &mut Sources<'_>, said: &mut Said) -> Result<Indicator> {
    let place = spec.first_line(document);
    let ratio = match spec.map(document, "ratioMetric")? {
        Some(ratio) => Some(ratio),
        None => spec.map(document, "ratioMetrics")?,
    };
    let threshold = spec.map(document, "thresholdMetric")?;
    spec.finish(&["description"], said);
    match (ratio, threshold) {
        (Some(ratio), None) => self::ratio(document, ratio, sources, said),
        (None, Some(threshold)) => self::threshold(document, threshold, sources, said),
        _ => {
            let error = document.error(&place, "an indicator has either a `ratioMetric` or a `thresholdMetric`", "this one");
            Err(error.hint("a ratioMetric has `good` and `total`; a thresholdMetric has a `metricSource` with `spec.field`"))
        }
    }
}

fn ratio(document: Document<'_>, mut ratio: Taken, sources: &mut Sources<'_>, said: &mut Said) -> Result<Indicator> {
    let place = ratio.first_line(document);
    // A log always counts.
    for key in ["counter", "incremental"] {
        if ratio.is(key, "true") {
            let _ = ratio.take(key);
        }
    }
    let mut metric = |key: &str| -> Result<Option<Metric>> {
        ratio.map(document, key)?.map(|metric| self::metric(document, metric, sources, said)).transpose()
    };
    let (good, bad, total, raw) = (metric("good")?, metric("bad")?, metric("total")?, metric("raw")?);
    let raw_type = ratio.text(document, "rawType")?;
    ratio.finish(&["counter", "incremental"], said);
    let wrong = |message: &str| document.error(&place, message, "this ratioMetric");
    let (numerator, total, is_bad) = match (good, bad, total, raw) {
        (Some(good), None, Some(total), None) => (good, Some(total), false),
        (None, Some(bad), Some(total), None) => (bad, Some(total), true),
        (None, None, None, Some(raw)) => (raw, None, is_failure(document, &place, raw_type)?),
        (Some(_), Some(_), ..) => return Err(wrong("a ratioMetric has both `good` and `bad`").hint("leave one of them out")),
        (.., Some(_), None) => return Err(wrong("a ratioMetric has a `total`, but neither `good` nor `bad`")),
        _ => return Err(wrong("a ratioMetric has `total` with `good` or `bad`, or `raw` alone").hint("complete it")),
    };
    let mut valid = None;
    if let Some(total) = total {
        match total {
            Metric::Foreign(kind, span) => return Ok(Indicator::Foreign(kind, span)),
            Metric::Own(mut total) => valid = filter(document, &mut total, said)?,
        }
    }
    match numerator {
        Metric::Foreign(kind, span) => Ok(Indicator::Foreign(kind, span)),
        Metric::Own(mut own) => {
            let place = own.first_line(document);
            let filter = filter(document, &mut own, said)?;
            let filter = filter.ok_or_else(|| no_filter(document, &place))?;
            let within = valid.as_ref().map_or(Within::All, |valid| within(&filter, valid));
            if let Within::Not(event) = &within {
                let part = if is_bad { "bad" } else { "good" };
                let message = format!("an event can be {part} without being in `total`: {event}; it is excluded");
                said.find(&filter.span, message, "repeat the filter of `total` here, as in `(…) and (…)`, if that is meant");
            }
            let filter = if let Within::Repeated(rest) = within { rest } else { filter };
            Ok(Indicator::Ratio { valid, good: if is_bad { not(filter) } else { filter } })
        }
    }
}

/// How the events of a numerator lie to those of `total`.
enum Within {
    /// Within them, as far as can be told.
    All,
    /// It says so itself, in the words of `total`; what it asks besides.
    Repeated(Node),
    /// An event lies outside: this one.
    Not(String),
}

/// What is wrong with an expression is said where the tree is understood; here it is passed over.
fn within(part: &Node, total: &Node) -> Within {
    let (Content::Text(part_text), Content::Text(total_text)) = (&part.content, &total.content) else { return Within::All };
    let rest = part_text.strip_prefix(&within_prefix(total_text)).and_then(|rest| rest.strip_suffix(')'));
    if let Some(rest) = rest.filter(|rest| parse::expression(rest, None).is_ok()) {
        return Within::Repeated(Node { content: Content::Text(rest.to_owned()), span: part.span.clone() });
    }
    let parsed = |text: &str| parse::expression(text, None).ok();
    let (Some(part), Some(total)) = (parsed(part_text), parsed(total_text)) else { return Within::All };
    match example(&[(&part, true), (&total, false)]) {
        Example::Event(event) => Within::Not(event),
        Example::Never | Example::Unknown => Within::All,
    }
}

/// How the filter of a part begins that says itself that it lies within `total`. It ends with a parenthesis.
pub fn within_prefix(total: &str) -> String {
    format!("({total}) and (")
}

fn is_failure(document: Document<'_>, place: &std::ops::Range<usize>, raw_type: Option<Written>) -> Result<bool> {
    match raw_type.as_ref().map(|raw| raw.text.as_str()) {
        Some("success") => Ok(false),
        Some("failure") => Ok(true),
        _ => {
            let place = raw_type.map_or(place.clone(), |raw| raw.node.span);
            Err(document
                .error(&place, "`raw` needs a `rawType`", "success or failure")
                .hint("write rawType: success, or failure"))
        }
    }
}

fn threshold(document: Document<'_>, threshold: Taken, sources: &mut Sources<'_>, said: &mut Said) -> Result<Indicator> {
    match metric(document, threshold, sources, said)? {
        Metric::Foreign(kind, span) => Ok(Indicator::Foreign(kind, span)),
        Metric::Own(mut own) => {
            let place = own.first_line(document);
            let (field, unit) = (own.text(document, "field")?, own.text(document, "unit")?);
            let valid = filter(document, &mut own, said)?;
            let field = field.ok_or_else(|| {
                let error = document.error(&place, "a thresholdMetric of an access log has no `field`", "in this one");
                error.hint("add `field: latency` and `unit: ms` to the spec of its metricSource")
            })?;
            Ok(Indicator::Threshold { valid, field, unit })
        }
    }
}

/// The spec of a metric's source, if it is an access log.
fn metric(document: Document<'_>, mut metric: Taken, sources: &mut Sources<'_>, said: &mut Said) -> Result<Metric> {
    if metric.has("source") || metric.has("query") {
        return alpha_metric(document, metric, said);
    }
    let place = metric.first_line(document);
    let Some(mut source) = metric.map(document, "metricSource")? else {
        return Err(document.error(&place, format!("`{}` has no `metricSource`", metric.path), "in this one"));
    };
    metric.finish(&[], said);
    let (kind, reference) = (source.text(document, "type")?, source.text(document, "metricSourceRef")?);
    let referred = reference.as_ref().map(|reference| sources.kind_of(document, reference)).transpose()?;
    if let (Some(kind), Some(referred)) = (&kind, &referred)
        && kind.text != *referred
    {
        let message = format!("the source is `{}` here, and its DataSource is `{referred}`", kind.text);
        said.find(&kind.node.span, message, "leave `type` out where `metricSourceRef` stands");
    }
    let spec = source.map(document, "spec")?.unwrap_or_default();
    let at = kind.as_ref().or(reference.as_ref()).map_or(place.clone(), |written| written.node.span.clone());
    source.finish(&[], said);
    match kind.map(|kind| kind.text).or(referred) {
        Some(kind) if kind == SOURCE_TYPE => Ok(Metric::Own(spec)),
        Some(kind) => Ok(Metric::Foreign(kind, at)),
        None => {
            let error = document.error(&place, "a metricSource has neither `type` nor `metricSourceRef`", "in this one");
            Err(error.hint(format!("add `type: {SOURCE_TYPE}`")))
        }
    }
}

/// v1alpha: `source`, `queryType`, `query`; the query of an access log is the filter.
fn alpha_metric(document: Document<'_>, mut metric: Taken, said: &mut Said) -> Result<Metric> {
    let place = metric.first_line(document);
    let source = metric.text(document, "source")?;
    match source {
        Some(source) if source.text != SOURCE_TYPE => Ok(Metric::Foreign(source.text, source.node.span)),
        _ => {
            let query = metric.text(document, "query")?.ok_or_else(|| no_filter(document, &place))?;
            let node = Node { content: Content::Text(query.text), span: query.node.span };
            metric.finish(&["metadata", "queryType"], said);
            Taken::of(document, super::window::map(place, vec![("filter", node)]), "spec").map(Metric::Own)
        }
    }
}

fn filter(document: Document<'_>, spec: &mut Taken, said: &mut Said) -> Result<Option<Node>> {
    let filter = spec.text(document, "filter")?;
    // The standard allows anything here; slix does not, for a filter that is misspelt would let every event count.
    for (key, _) in spec.take_all() {
        let known = ["filter", "field", "unit"];
        let message = format!("the source of an access log knows no `{}.{}`", spec.path, key.text);
        let hint = match known.contains(&key.text.as_str()) {
            true => "a ratioMetric has a filter alone: the field of a thresholdMetric stands there".to_owned(),
            false => suggestion(&key.text, "it knows", &known),
        };
        said.find(&key.span, message, hint);
    }
    Ok(filter.map(|filter| Node { content: Content::Text(filter.text), span: filter.node.span }))
}

fn not(filter: Node) -> Node {
    let text = match filter.content {
        Content::Text(text) => format!("not ({text})"),
        _ => String::new(),
    };
    Node { content: Content::Text(text), span: filter.span }
}

#[cold]
fn no_filter(document: Document<'_>, place: &std::ops::Range<usize>) -> Error {
    let error = document.error(place, "the source does not say which events count", "in this one");
    error.hint("add `filter: status < 500` to its spec")
}
