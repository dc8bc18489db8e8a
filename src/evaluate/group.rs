//! Which groups an SLO is shown by: the partial's groups seen through the SLO's dimensions, and the limit on them.

use std::collections::{BTreeMap, BTreeSet};

use crate::aggregate::{Group, IndicatorCounts, Series};
use crate::error::{Error, ErrorKind, Result};
use crate::slo::{Dimension, Indicator};

/// Series that are pooled into one.
pub type Sources<'a> = Vec<&'a Series>;

/// The series of one SLO, as the sources that are pooled into each.
#[derive(Debug, Default)]
pub struct Groups<'a> {
    /// All groups together.
    pub all: Sources<'a>,
    /// Each group that is shown by itself, by its key.
    pub shown: Vec<(Group, Sources<'a>)>,
    /// The rest.
    pub other: Sources<'a>,
    /// How many groups are in `other` because of the limit asked for.
    pub folded: u64,
    /// Whether `other` also holds groups that the partial could not keep apart.
    pub folded_before: bool,
    /// Each group by itself, whatever the limit; those that the partial could not keep apart are one.
    pub each: Vec<Sources<'a>>,
}

/// The sums of weights that belong to groups, as the sources that are pooled into each.
#[derive(Debug)]
pub struct Weights<'a> {
    all: Sources<'a>,
    groups: BTreeMap<Group, Sources<'a>>,
    other: Sources<'a>,
}

impl<'a> Weights<'a> {
    /// The sums in `counts`, by the dimensions of `indicator`.
    pub fn of(indicator: &Indicator, counts: &'a IndicatorCounts) -> Result<Self> {
        let wanted: Vec<&str> = indicator.group_by.iter().map(dimension_name).collect();
        let all = counts.groups.values().chain([&counts.other]).filter(|s| !s.is_empty()).collect();
        let other = Some(&counts.other).filter(|s| !s.is_empty()).into_iter().collect();
        Ok(Weights { all, groups: project(counts, &wanted)?, other })
    }

    /// Those of all groups.
    pub fn all(&self) -> Sources<'a> {
        self.all.clone()
    }

    /// Takes those of one group.
    pub fn take(&mut self, group: &Group) -> Sources<'a> {
        self.groups.remove(group).unwrap_or_default()
    }

    /// Those of all groups that were not taken.
    pub fn rest(self) -> Sources<'a> {
        self.groups.into_values().flatten().chain(self.other).collect()
    }

    /// Each group by itself.
    pub fn each(&self) -> Vec<Sources<'a>> {
        self.groups.values().cloned().chain((!self.other.is_empty()).then(|| self.other.clone())).collect()
    }
}

impl<'a> Groups<'a> {
    /// The groups of `indicator` in `counts`; beyond `groups_max` of them, those with most events (ties: smallest key) are
    /// shown. Declared routes are always shown where they are the only dimension.
    pub fn of(indicator: &Indicator, counts: &'a IndicatorCounts, groups_max: usize) -> Result<Self> {
        let wanted: Vec<&str> = indicator.group_by.iter().map(dimension_name).collect();
        let mut groups = Groups { folded_before: counts.group_hash_limit.is_some(), ..Groups::default() };
        groups.all.extend(counts.groups.values().chain([&counts.other]).filter(|s| !s.is_empty()));
        let projected = project(counts, &wanted)?;
        if wanted.is_empty() {
            return Ok(Groups { folded_before: false, ..groups });
        }
        let kept = keep(&projected, indicator, groups_max);
        groups.each.extend(projected.values().cloned());
        groups.each.extend((!counts.other.is_empty()).then(|| vec![&counts.other]));
        for (key, sources) in projected {
            if kept.contains(&key) {
                groups.shown.push((key, sources));
            } else {
                groups.folded += 1;
                groups.other.extend(sources);
            }
        }
        if !counts.other.is_empty() {
            groups.other.push(&counts.other);
        }
        Ok(groups)
    }
}

/// The name of a dimension, as partials and outputs have it.
pub fn dimension_name(dimension: &Dimension) -> &str {
    match dimension {
        Dimension::Route => "route",
        Dimension::StatusClass => "status_class",
        Dimension::Field(field) => field.name(),
    }
}

/// Groups seen through fewer dimensions: those that then look alike are pooled.
fn project<'a>(counts: &'a IndicatorCounts, wanted: &[&str]) -> Result<BTreeMap<Group, Sources<'a>>> {
    let places: Vec<usize> = wanted
        .iter()
        .map(|name| counts.dimensions.iter().position(|d| d == name).ok_or_else(|| missing_dimension(name, &counts.dimensions)))
        .collect::<Result<_>>()?;
    let mut projected = BTreeMap::<Group, Sources>::new();
    for (key, series) in &counts.groups {
        let seen: Option<Group> = places.iter().map(|&p| key.get(p).cloned()).collect();
        let seen = seen.ok_or_else(|| Error::new(ErrorKind::Slices, "the counts are damaged: a group lacks a dimension"))?;
        projected.entry(seen).or_default().push(series);
    }
    Ok(projected)
}

#[cold]
fn missing_dimension(name: &str, kept: &[String]) -> Error {
    let by = if kept.is_empty() { "not grouped".to_owned() } else { format!("grouped by {} only", kept.join(", ")) };
    Error::new(ErrorKind::Slices, format!("the counts are not kept by `{name}`: they are {by}"))
        .hint("scan the logs with this definition, or leave the dimension out of group_by")
}

/// The keys of the groups that are shown.
fn keep(groups: &BTreeMap<Group, Sources>, indicator: &Indicator, groups_max: usize) -> BTreeSet<Group> {
    let routes_only = indicator.group_by == [Dimension::Route];
    let mut kept = BTreeSet::new();
    let mut ranked = Vec::new();
    for (key, sources) in groups {
        if routes_only && is_declared(indicator, key) {
            kept.insert(key.clone());
        } else {
            ranked.push((std::cmp::Reverse(events(sources)), key));
        }
    }
    ranked.sort_unstable();
    kept.extend(ranked.into_iter().take(groups_max).map(|(_, key)| key.clone()));
    kept
}

fn is_declared(indicator: &Indicator, key: &Group) -> bool {
    let Some(Some(name)) = key.first() else { return false };
    (0..indicator.routes.len()).any(|i| indicator.routes.name(i).as_bytes() == &**name)
}

/// All events of a group: 128 bits, because a sum over many slices need not fit 64.
fn events(sources: &Sources) -> u128 {
    sources.iter().flat_map(|s| s.iter()).map(|&(_, c)| u128::from(c.events)).sum()
}
