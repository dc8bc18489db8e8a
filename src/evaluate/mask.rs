//! Slices that exclusions take out of the count: whole ones, every slice that an exclusion touches.

use super::excluded::Excluded;
use super::window::Activity;
use crate::aggregate::{Counts, Series};
use crate::time::{Instant, SliceNumber, Slices};

/// Sorted, disjoint stretches of slices that do not count.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Mask {
    /// First slice and the one after the last, of each stretch.
    ranges: Vec<(SliceNumber, SliceNumber)>,
    /// Slices in all stretches before each.
    before: Vec<i64>,
}

impl Mask {
    /// The slices that exclusions touch, widened to whole multiples of `factor` slices.
    pub fn new(excluded: &[Excluded], slices: Slices, factor: i64) -> Mask {
        let stretch = |&(start, after): &(Instant, Instant)| {
            let last = slices.number(Instant::from_micros(after.micros() - 1));
            let first = slices.number(start).div_euclid(factor) * factor;
            (first, (last.div_euclid(factor) + 1) * factor)
        };
        Mask::of(excluded.iter().flat_map(|one| one.stretches.iter().map(stretch)).collect())
    }

    fn of(mut found: Vec<(SliceNumber, SliceNumber)>) -> Mask {
        found.sort_unstable();
        let mut mask = Mask::default();
        let mut before = 0;
        for (first, end) in found {
            match mask.ranges.last_mut() {
                Some((_, last)) if first <= *last => {
                    before += (end - *last).max(0);
                    *last = end.max(*last);
                }
                _ => {
                    mask.before.push(before);
                    mask.ranges.push((first, end));
                    before += end - first;
                }
            }
        }
        mask
    }

    /// Whether nothing is excluded.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether slice `n` is excluded.
    pub fn holds(&self, n: SliceNumber) -> bool {
        let after = self.ranges.partition_point(|&(first, _)| first <= n);
        after > 0 && n < self.ranges[after - 1].1
    }

    /// How many of the slices `first..end` are excluded.
    pub fn count(&self, first: SliceNumber, end: SliceNumber) -> i64 {
        if first >= end { 0 } else { self.until(end) - self.until(first) }
    }

    /// Excluded slices before `n`.
    fn until(&self, n: SliceNumber) -> i64 {
        let after = self.ranges.partition_point(|&(first, _)| first < n);
        if after == 0 {
            return 0;
        }
        let (first, end) = self.ranges[after - 1];
        self.before[after - 1] + n.min(end) - first
    }

    /// The activity outside of what is excluded.
    pub fn active(&self, activity: &Activity) -> Vec<(SliceNumber, u64)> {
        activity.iter().copied().filter(|&(n, _)| !self.holds(n)).collect()
    }

    /// Makes the events of excluded slices events that are not valid.
    pub fn apply(&self, series: &mut Series) {
        for (n, counts) in series {
            if self.holds(*n) {
                *counts = Counts { events: counts.events, ..Counts::default() };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_set_of_slices(ranges in prop::collection::vec((-30_i64..30, 1_i64..10), 0..8), first in -40_i64..40, length in 0_i64..40) {
            let ranges: Vec<_> = ranges.into_iter().map(|(first, n)| (first, first + n)).collect();
            let mask = Mask::of(ranges.clone());
            let holds = |n: i64| ranges.iter().any(|&(first, end)| (first..end).contains(&n));
            prop_assert!((-50..50).all(|n| mask.holds(n) == holds(n)));
            let naive = (first..first + length).filter(|&n| holds(n)).count() as i64;
            prop_assert_eq!(mask.count(first, first + length), naive);
        }
    }
}
