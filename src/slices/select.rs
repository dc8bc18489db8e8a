//! What a definition asks for, out of what a slices file holds.

use std::collections::{BTreeMap, BTreeSet};

use crate::aggregate::{IndicatorCounts, IndicatorKey, Partial};
use crate::error::{Error, ErrorKind, Result};
use crate::slo::without_routes;
use crate::time::Slices;

/// An indicator that a definition needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Which one.
    pub key: IndicatorKey,
    /// The dimensions it is to be grouped by.
    pub dimensions: Vec<String>,
}

/// Indicators that an error lists at most.
const NEAREST_MAX: usize = 3;

/// The wanted indicators, grouped as wanted, in slices of `slices`; activity and receipts are kept whole. An indicator
/// that is wanted twice is grouped by the dimensions of both, in the order in which they are first named.
///
/// Errors (kind `Slices`): an indicator is not held, is not counted by a dimension, or was counted in slices of which the
/// wanted ones are no multiple. The message says which and why; of an indicator that is not held, the hint lists the most
/// similar ones that are.
pub fn select(partial: &Partial, wanted: &[Wanted], slices: Slices) -> Result<Partial> {
    let mut dimensions: BTreeMap<&IndicatorKey, Vec<&String>> = BTreeMap::new();
    for Wanted { key, dimensions: more } in wanted {
        let all = dimensions.entry(key).or_default();
        more.iter().for_each(|d| {
            if !all.contains(&d) {
                all.push(d)
            }
        });
    }
    let mut selected = Partial::new(partial.slices);
    for (key, dimensions) in dimensions {
        let held = held(partial, key).ok_or_else(|| not_held(partial, key))?;
        selected.indicators.insert(key.clone(), regrouped(held, &dimensions).map_err(|e| of_indicator(key, e))?);
    }
    selected.activity.clone_from(&partial.activity);
    selected.receipts.clone_from(&partial.receipts);
    selected.coarsen(slices)?;
    Ok(selected)
}

/// The counts that answer for an indicator: its own, or those of the same one grouped by routes.
pub fn held<'p>(partial: &'p Partial, key: &IndicatorKey) -> Option<&'p IndicatorCounts> {
    let is_finer = |(other, _): &(&IndicatorKey, _)| {
        other.service == key.service && without_routes(&other.canonical).is_some_and(|text| text == key.canonical)
    };
    let finer = || partial.indicators.iter().find(is_finer).map(|(_, counts)| counts);
    partial.indicators.get(key).or_else(finer)
}

fn regrouped(held: &IndicatorCounts, dimensions: &[&String]) -> Result<IndicatorCounts> {
    if held.dimensions.iter().eq(dimensions.iter().copied()) { Ok(held.clone()) } else { held.project(dimensions) }
}

#[cold]
fn of_indicator(key: &IndicatorKey, error: Error) -> Error {
    let with_name =
        Error::new(error.kind(), format!("the slices cannot answer `{}`: {}", one_line(&key.canonical), error.message()));
    match error.hint_text() {
        Some(hint) => with_name.hint(hint),
        None => with_name,
    }
}

#[cold]
fn not_held(partial: &Partial, key: &IndicatorKey) -> Error {
    let elsewhere: BTreeSet<&str> =
        partial.indicators.keys().filter(|k| k.canonical == key.canonical).map(|k| k.service.as_str()).collect();
    if !elsewhere.is_empty() {
        let services: Vec<_> = elsewhere.iter().map(|service| service_words(service)).collect();
        let message = format!(
            "the slices hold `{}` for {}, not for {}",
            one_line(&key.canonical),
            services.join(", "),
            service_words(&key.service)
        );
        return Error::new(ErrorKind::Slices, message)
            .hint("give the service in the definition as it was when the logs were read");
    }
    let nearest = nearest(partial, key);
    let held = match nearest.is_empty() {
        true => "they hold no indicator at all".to_owned(),
        false => format!("they hold, most similar first:\n  {}", nearest.join("\n  ")),
    };
    Error::new(
        ErrorKind::Slices,
        format!("the slices do not hold the indicator `{}` of {}", one_line(&key.canonical), service_words(&key.service)),
    )
    .hint(format!("read the logs again with this definition; {held}"))
}

/// A canonical text as people read it: on one line, and without the clock where that is the usual one.
fn one_line(canonical: &str) -> String {
    canonical.lines().filter(|line| *line != "clock: logged").collect::<Vec<_>>().join("; ")
}

fn service_words(service: &str) -> String {
    if service.is_empty() { "no service".to_owned() } else { format!("service `{service}`") }
}

/// The held indicators that share most words with the wanted one.
fn nearest(partial: &Partial, key: &IndicatorKey) -> Vec<String> {
    let wanted: BTreeSet<&str> = words(&key.canonical);
    let score = |k: &&IndicatorKey| {
        let held = words(&k.canonical);
        let shared = wanted.intersection(&held).count();
        // Shared words in a thousand of all; a service in common decides among equals.
        (shared * 1_000 / wanted.union(&held).count().max(1), k.service == key.service)
    };
    let mut keys: Vec<&IndicatorKey> = partial.indicators.keys().collect();
    keys.sort_by_cached_key(|k| std::cmp::Reverse(score(k)));
    keys.iter().take(NEAREST_MAX).map(|k| format!("`{}` of {}", one_line(&k.canonical), service_words(&k.service))).collect()
}

fn words(canonical: &str) -> BTreeSet<&str> {
    canonical.split(|c: char| c.is_whitespace() || "()[]{},".contains(c)).filter(|word| !word.is_empty()).collect()
}
