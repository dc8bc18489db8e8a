//! Sorted lists of counts, and the three things that are done with them: merge, sum, coarsen. None of them hashes.
//!
//! A list is a `Vec<(key, value)>` with strictly ascending keys. The same code serves the counts of slices, the events of
//! a service, and the buckets of hourly histograms.

use crate::error::{Error, ErrorKind, Result};
use crate::time::SliceNumber;

/// The counts of one slice. `excluded = events − good − bad − unknown`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Events of the group, whatever their verdict.
    pub events: u64,
    /// Valid and good.
    pub good: u64,
    /// Valid and bad.
    pub bad: u64,
    /// A field that the indicator needs was absent or unreadable.
    pub unknown: u64,
}

impl Counts {
    /// The sum of both, none if a count leaves the range of its integer.
    #[inline]
    pub fn checked_add(self, other: Counts) -> Option<Counts> {
        Some(Counts {
            events: self.events.checked_add(other.events)?,
            good: self.good.checked_add(other.good)?,
            bad: self.bad.checked_add(other.bad)?,
            unknown: self.unknown.checked_add(other.unknown)?,
        })
    }

    /// Whether nothing was counted.
    #[inline]
    pub fn is_zero(self) -> bool {
        self == Counts::default()
    }
}

/// Counts by slice, sorted by slice, each slice once, none of them zero.
pub type Series = Vec<(SliceNumber, Counts)>;

/// A value that is summed without wrapping.
pub(crate) trait Value: Copy + Default {
    fn plus(self, other: Self) -> Option<Self>;
    fn is_zero(self) -> bool;
}

impl Value for Counts {
    #[inline]
    fn plus(self, other: Self) -> Option<Self> {
        self.checked_add(other)
    }
    #[inline]
    fn is_zero(self) -> bool {
        Counts::is_zero(self)
    }
}

impl Value for u64 {
    #[inline]
    fn plus(self, other: Self) -> Option<Self> {
        self.checked_add(other)
    }
    #[inline]
    fn is_zero(self) -> bool {
        self == 0
    }
}

/// A key that is a place on a line of integers, so that nearby keys can be summed in an array.
pub(crate) trait Key: Ord + Copy {
    fn place(self) -> i64;
    fn at(place: i64) -> Self;
}

impl Key for SliceNumber {
    #[inline]
    fn place(self) -> i64 {
        self
    }
    #[inline]
    fn at(place: i64) -> Self {
        place
    }
}

/// Adds `value` at `key`. Cheap at the end of the list, where times in order arrive.
pub(crate) fn add_at<K: Key, V: Value>(list: &mut Vec<(K, V)>, key: K, value: V) -> Result<()> {
    if value.is_zero() {
        return Ok(());
    }
    let from = match list.last() {
        Some(last) if last.0 < key => list.len(),
        Some(last) if last.0 == key => list.len() - 1,
        _ => list.partition_point(|e| e.0 < key),
    };
    match list.get_mut(from).filter(|e| e.0 == key) {
        Some(entry) => entry.1 = entry.1.plus(value).ok_or_else(overflow)?,
        None => list.insert(from, (key, value)),
    }
    Ok(())
}

/// Adds `theirs` to `mine` in one pass over the stretch where they overlap; what lies before it is not touched.
pub(crate) fn merge<K: Key, V: Value>(mine: &mut Vec<(K, V)>, theirs: Vec<(K, V)>) -> Result<()> {
    let Some(first) = theirs.first() else { return Ok(()) };
    if mine.is_empty() {
        *mine = theirs;
        return Ok(());
    }
    let from = mine.partition_point(|e| e.0 < first.0);
    if from == mine.len() {
        mine.extend_from_slice(&theirs);
        return Ok(());
    }
    let tail = mine[from..].to_vec();
    mine.truncate(from);
    mine.reserve(tail.len() + theirs.len());
    interleave(&tail, &theirs, mine)
}

/// Appends the merge of two lists to `into`.
fn interleave<K: Key, V: Value>(mut a: &[(K, V)], mut b: &[(K, V)], into: &mut Vec<(K, V)>) -> Result<()> {
    while let ([x, a_rest @ ..], [y, b_rest @ ..]) = (a, b) {
        if x.0 < y.0 {
            into.push(*x);
            a = a_rest;
        } else if y.0 < x.0 {
            into.push(*y);
            b = b_rest;
        } else {
            into.push((x.0, x.1.plus(y.1).ok_or_else(overflow)?));
            (a, b) = (a_rest, b_rest);
        }
    }
    into.extend_from_slice(a);
    into.extend_from_slice(b);
    Ok(())
}

/// The sum of many lists. Where the keys lie close together, as slices of one period do, they are added up in an array
/// (one pass, no comparisons); where they are scattered, by sorting.
pub(crate) fn sum<'a, K, V, L>(lists: L) -> Result<Vec<(K, V)>>
where
    K: Key + 'a,
    V: Value + 'a,
    L: Iterator<Item = &'a [(K, V)]> + Clone,
{
    let entries: usize = lists.clone().map(<[_]>::len).sum();
    let first = lists.clone().filter_map(|l| l.first()).map(|e| e.0.place()).min();
    let last = lists.clone().filter_map(|l| l.last()).map(|e| e.0.place()).max();
    let (Some(first), Some(last)) = (first, last) else { return Ok(Vec::new()) };
    match last.checked_sub(first).and_then(|span| usize::try_from(span).ok()) {
        Some(span) if span <= 1_024 || span / 4 <= entries => sum_in_array(lists, first, span),
        _ => sum_by_sorting(lists, entries),
    }
}

fn sum_in_array<'a, K: Key + 'a, V: Value + 'a>(
    lists: impl Iterator<Item = &'a [(K, V)]>,
    first: i64,
    span: usize,
) -> Result<Vec<(K, V)>> {
    let mut sums = vec![V::default(); span + 1];
    for list in lists {
        for &(key, value) in list {
            // A key outside of `first..=first + span` cannot occur in sorted lists; in a broken one it is an error.
            let i = key.place().wrapping_sub(first) as usize;
            let sum = sums.get_mut(i).ok_or_else(unsorted)?;
            *sum = sum.plus(value).ok_or_else(overflow)?;
        }
    }
    let kept = sums.into_iter().enumerate().filter(|(_, sum)| !sum.is_zero());
    Ok(kept.map(|(i, sum)| (K::at(first + i as i64), sum)).collect())
}

fn sum_by_sorting<'a, K: Key + 'a, V: Value + 'a>(
    lists: impl Iterator<Item = &'a [(K, V)]>,
    entries: usize,
) -> Result<Vec<(K, V)>> {
    let mut all: Vec<(K, V)> = Vec::with_capacity(entries);
    all.extend(lists.flatten().filter(|e| !e.1.is_zero()));
    all.sort_by_key(|e| e.0);
    add_up_neighbours(all.into_iter())
}

/// The list with its keys divided by `factor`, rounding down; `factor` is 1 or more.
pub(crate) fn coarsen<V: Value>(list: &[(SliceNumber, V)], factor: i64) -> Result<Vec<(SliceNumber, V)>> {
    add_up_neighbours(list.iter().map(|&(n, value)| (n.div_euclid(factor), value)))
}

/// Adds up neighbours of equal key.
fn add_up_neighbours<K: Key, V: Value>(sorted: impl Iterator<Item = (K, V)>) -> Result<Vec<(K, V)>> {
    let mut out: Vec<(K, V)> = Vec::new();
    for (key, value) in sorted {
        match out.last_mut().filter(|last| last.0 == key) {
            Some(last) => last.1 = last.1.plus(value).ok_or_else(overflow)?,
            None => out.push((key, value)),
        }
    }
    Ok(out)
}

#[cold]
fn overflow() -> Error {
    Error::new(ErrorKind::Overflow, "the counts of one slice of all inputs together exceed 2^64")
}

#[cold]
fn unsorted() -> Error {
    Error::new(ErrorKind::Slices, "the slices of a partial are not in order")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn list() -> impl Strategy<Value = Vec<(i64, u64)>> {
        let near = prop::collection::btree_map(-50i64..50, 1u64..9, 0..30);
        let far = prop::collection::btree_map(any::<i64>(), 1u64..9, 0..6);
        prop_oneof![3 => near, 1 => far].prop_map(|m| m.into_iter().collect())
    }

    /// The obvious twin: count in a map.
    fn twin(lists: &[Vec<(i64, u64)>]) -> Vec<(i64, u64)> {
        let mut map = BTreeMap::new();
        for &(key, value) in lists.iter().flatten() {
            *map.entry(key).or_insert(0) += value;
        }
        map.into_iter().collect()
    }

    proptest! {
        #[test]
        fn merge_and_sum_equal_counting_in_a_map(lists in prop::collection::vec(list(), 0..6)) {
            let want = twin(&lists);
            prop_assert_eq!(&sum(lists.iter().map(Vec::as_slice)).unwrap(), &want);
            let mut merged = Vec::new();
            for list in &lists {
                merge(&mut merged, list.clone()).unwrap();
            }
            prop_assert_eq!(&merged, &want);
            let mut added = Vec::new();
            for &(key, value) in lists.iter().flatten() {
                add_at(&mut added, key, value).unwrap();
            }
            prop_assert_eq!(&added, &want);
        }

        #[test]
        fn coarsening_keeps_the_total_and_rounds_down(list in list(), factor in 1i64..90) {
            let coarse = coarsen(&list, factor).unwrap();
            prop_assert!(coarse.windows(2).all(|w| w[0].0 < w[1].0));
            let in_map = twin(&[list.iter().map(|&(n, v)| (n.div_euclid(factor), v)).collect()]);
            prop_assert_eq!(coarse, in_map);
        }
    }

    #[test]
    fn overflow_is_an_error_in_every_path() {
        let full = vec![(0i64, u64::MAX)];
        let one = vec![(0i64, 1u64)];
        assert_eq!(merge(&mut full.clone(), one.clone()).unwrap_err().kind(), ErrorKind::Overflow);
        assert_eq!(add_at(&mut full.clone(), 0, 1).unwrap_err().kind(), ErrorKind::Overflow);
        assert_eq!(coarsen(&[(0, u64::MAX), (1, 1)], 2).unwrap_err().kind(), ErrorKind::Overflow);
        let far = vec![(i64::MAX, 1)];
        assert_eq!(sum([&full[..], &one].into_iter()).unwrap_err().kind(), ErrorKind::Overflow);
        assert_eq!(sum([&full[..], &one, &far].into_iter()).unwrap_err().kind(), ErrorKind::Overflow);
    }
}
