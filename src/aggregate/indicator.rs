//! Everything counted for one indicator, and what can be done with it: merge, roll up, regroup, coarsen.

use std::collections::BTreeMap;

use super::group::{Group, group_hash};
use super::histogram::Latencies;
use super::series::{self, Counts, Key, Series, Value};
use crate::error::{Error, ErrorKind, Result};
use crate::time::SliceNumber;

/// Groups that one indicator keeps; of more, those with the smallest [`group_hash`] are kept and the rest is counted as
/// one. It bounds memory under a log whose every line is a new group.
pub const GROUPS_MAX: usize = 100_000;

/// Which indicator of which service.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IndicatorKey {
    /// The service of the inputs; empty when none is declared.
    pub service: String,
    /// Canonical text of valid, good, weight, routes and clock rule: what the counts mean. Not the dimensions.
    pub canonical: String,
}

/// Everything counted for one indicator. No list in it is empty, and no count in a list is zero.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct IndicatorCounts {
    /// Names of the dimensions.
    pub dimensions: Vec<String>,
    /// Whether the definition itself bounds the groups (declared routes, status classes): then all of them are kept.
    pub bounded: bool,
    /// Counts of the groups that are kept.
    pub groups: BTreeMap<Group, Series>,
    /// Counts of all groups beyond the limit, together.
    pub other: Series,
    /// Groups whose key hash is not below this were put into `other` (none: all groups are kept).
    pub group_hash_limit: Option<u64>,
    /// Latencies, of an indicator that asks for them. A merge has them only where both parts do.
    pub latencies: Option<Latencies>,
}

impl IndicatorCounts {
    /// Nothing yet, by these dimensions.
    pub fn new(dimensions: Vec<String>, bounded: bool) -> Self {
        IndicatorCounts { dimensions, bounded, ..IndicatorCounts::default() }
    }

    /// Adds counts of one slice of one group. A producer that adds ends with [`IndicatorCounts::limit_groups`].
    pub fn add(&mut self, group: &Group, slice: SliceNumber, counts: Counts) -> Result<()> {
        if let Some(series) = self.groups.get_mut(group) {
            return series::add_at(series, slice, counts);
        }
        if counts.is_zero() {
            return Ok(());
        }
        if self.group_hash_limit.is_some_and(|limit| group_hash(group) >= limit) {
            return series::add_at(&mut self.other, slice, counts);
        }
        self.groups.insert(group.clone(), vec![(slice, counts)]);
        // Twice the limit, so that the hashes are looked at once per GROUPS_MAX new groups, not for each.
        if self.groups.len() >= 2 * GROUPS_MAX { self.limit_groups() } else { Ok(()) }
    }

    /// Adds the counts of another part of the input. Different dimensions are an error (kind `Slices`): bring both to common
    /// ones with [`IndicatorCounts::project`] first.
    pub fn merge(&mut self, other: IndicatorCounts) -> Result<()> {
        self.merge_within(other, GROUPS_MAX)
    }

    pub(super) fn merge_within(&mut self, mut other: IndicatorCounts, groups_max: usize) -> Result<()> {
        if self.dimensions != other.dimensions {
            return Err(different_dimensions(&self.dimensions, &other.dimensions));
        }
        self.bounded &= other.bounded;
        let limit = [self.group_hash_limit, other.group_hash_limit].into_iter().flatten().min();
        self.fold_from(limit)?;
        other.fold_from(limit)?;
        merge_maps(&mut self.groups, other.groups)?;
        series::merge(&mut self.other, other.other)?;
        self.latencies = match (self.latencies.take(), other.latencies) {
            (Some(mut mine), Some(theirs)) => {
                mine.merge(theirs)?;
                Some(mine)
            }
            _ => None,
        };
        self.limit_groups_to(groups_max)
    }

    /// Keeps the [`GROUPS_MAX`] groups with the smallest hashes and puts the rest into `other`. Does nothing to bounded
    /// groups.
    pub fn limit_groups(&mut self) -> Result<()> {
        self.limit_groups_to(GROUPS_MAX)
    }

    /// The limit becomes the hash of the first group that is one too many, so it is a function of the set of all groups
    /// ever seen: a group below it is below the limit of every part too, and was never folded there.
    pub(super) fn limit_groups_to(&mut self, groups_max: usize) -> Result<()> {
        if self.bounded || self.groups.len() <= groups_max {
            return Ok(());
        }
        let mut hashes: Vec<u64> = self.groups.keys().map(|group| group_hash(group)).collect();
        let (_, &mut limit, _) = hashes.select_nth_unstable(groups_max);
        self.fold_from(Some(limit))
    }

    fn fold_from(&mut self, limit: Option<u64>) -> Result<()> {
        let Some(limit) = limit.filter(|_| self.group_hash_limit != limit) else { return Ok(()) };
        self.group_hash_limit = Some(limit);
        split_at_hash(&mut self.groups, &mut self.other, limit)?;
        self.latencies.as_mut().map_or(Ok(()), |l| l.fold_from(limit))
    }

    /// The counts of all groups together, as if nothing were grouped.
    pub fn roll_up(&self) -> Result<Series> {
        series::sum(self.groups.values().chain([&self.other]).map(Vec::as_slice))
    }

    /// The counts by some of the dimensions, in the order asked. Without dimensions it is the roll-up, as one group.
    ///
    /// Errors (kind `Slices`): a dimension that is not counted by; or, when groups beyond the limit were put together, any
    /// real subset, since these events could not be told apart any more.
    pub fn project<S: AsRef<str>>(&self, dimensions: &[S]) -> Result<IndicatorCounts> {
        let kept = self.positions(dimensions)?;
        let names = dimensions.iter().map(|d| d.as_ref().to_owned()).collect();
        let mut out = IndicatorCounts { dimensions: names, bounded: self.bounded, ..IndicatorCounts::default() };
        if self.group_hash_limit.is_none() || kept.iter().copied().eq(0..self.dimensions.len()) {
            out.groups = regroup(&self.groups, &kept)?;
            out.latencies = self.latencies.as_ref().map(|l| l.project(&kept)).transpose()?;
            (out.other, out.group_hash_limit) = (self.other.clone(), self.group_hash_limit);
            return Ok(out);
        }
        if !kept.is_empty() {
            return Err(beyond_the_limit(&self.dimensions));
        }
        out.groups = one_group(self.roll_up()?);
        out.latencies = match &self.latencies {
            Some(l) => Some(Latencies { groups: one_group(l.roll_up()?), ..Latencies::new(l.edges.clone()) }),
            None => None,
        };
        Ok(out)
    }

    fn positions<S: AsRef<str>>(&self, dimensions: &[S]) -> Result<Vec<usize>> {
        let position = |d: &S| self.dimensions.iter().position(|mine| mine == d.as_ref());
        dimensions.iter().map(|d| position(d).ok_or_else(|| no_dimension(&self.dimensions, d.as_ref()))).collect()
    }

    /// The counts in slices that are `factor` (1 or more) times as wide.
    pub fn coarsen(&mut self, factor: i64) -> Result<()> {
        if factor == 1 {
            return Ok(());
        }
        for series in self.groups.values_mut().chain([&mut self.other]) {
            *series = series::coarsen(series, factor)?;
        }
        Ok(())
    }
}

/// The values at the positions `kept`, groups that become equal being summed.
pub(super) fn regroup<K: Key, V: Value>(
    groups: &BTreeMap<Group, Vec<(K, V)>>,
    kept: &[usize],
) -> Result<BTreeMap<Group, Vec<(K, V)>>> {
    let mut lists: BTreeMap<Group, Vec<&[(K, V)]>> = BTreeMap::new();
    for (group, list) in groups {
        lists.entry(kept.iter().map(|&i| group[i].clone()).collect()).or_default().push(list);
    }
    lists.into_iter().map(|(group, lists)| Ok((group, series::sum(lists.into_iter())?))).collect()
}

/// Moves the groups whose hash is `limit` or more into `other`.
pub(super) fn split_at_hash<K: Key, V: Value>(
    groups: &mut BTreeMap<Group, Vec<(K, V)>>,
    other: &mut Vec<(K, V)>,
    limit: u64,
) -> Result<()> {
    let mut beyond = vec![std::mem::take(other)];
    groups.retain(|group, list| {
        let kept = group_hash(group) < limit;
        if !kept {
            beyond.push(std::mem::take(list));
        }
        kept
    });
    *other = series::sum(beyond.iter().map(Vec::as_slice))?;
    Ok(())
}

/// Adds `theirs` to `mine`. Maps of like size are walked side by side and built anew in order; a small one is looked up.
pub(super) fn merge_maps<K: Key, V: Value>(
    mine: &mut BTreeMap<Group, Vec<(K, V)>>,
    theirs: BTreeMap<Group, Vec<(K, V)>>,
) -> Result<()> {
    if theirs.len() < mine.len() / 8 {
        return theirs.into_iter().try_for_each(|(group, list)| series::merge(mine.entry(group).or_default(), list));
    }
    let mut merged = Vec::with_capacity(mine.len().max(theirs.len()));
    let mut theirs = theirs.into_iter().peekable();
    for (group, mut list) in std::mem::take(mine) {
        merged.extend(std::iter::from_fn(|| theirs.next_if(|their| their.0 < group)));
        if let Some((_, their)) = theirs.next_if(|their| their.0 == group) {
            series::merge(&mut list, their)?;
        }
        merged.push((group, list));
    }
    merged.extend(theirs);
    *mine = merged.into_iter().collect();
    Ok(())
}

fn one_group<K: Key, V: Value>(list: Vec<(K, V)>) -> BTreeMap<Group, Vec<(K, V)>> {
    Some(list).filter(|l| !l.is_empty()).map(|l| (Group::default(), l)).into_iter().collect()
}

/// Dimensions in words.
pub(crate) fn by(dimensions: &[String]) -> String {
    if dimensions.is_empty() { "nothing".to_owned() } else { format!("`{}`", dimensions.join(", ")) }
}

#[cold]
fn different_dimensions(a: &[String], b: &[String]) -> Error {
    let message = format!("counts grouped by {} do not merge with counts grouped by {}", by(a), by(b));
    Error::new(ErrorKind::Slices, message).hint("ask for a grouping that both hold")
}

#[cold]
fn no_dimension(have: &[String], asked: &str) -> Error {
    Error::new(ErrorKind::Slices, format!("the counts are grouped by {}, not by `{asked}`", by(have)))
        .hint(format!("leave `{asked}` out of the grouping, or read the logs again"))
}

#[cold]
fn beyond_the_limit(have: &[String]) -> Error {
    let message =
        format!("the counts by {} hold more than {GROUPS_MAX} groups, so that a part of them is kept only in total", by(have));
    Error::new(ErrorKind::Slices, message)
        .hint("ask for the same grouping or for none, or read the logs again with the coarser one")
}
