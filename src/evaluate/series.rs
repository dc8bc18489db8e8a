//! One series of slices: summing several into one, and turning one into the sums of steps and windows.

use std::collections::VecDeque;

use super::window::{Step, gallop};
use crate::aggregate::{Counts, Series};
use crate::error::{Error, ErrorKind, Result};
use crate::time::SliceNumber;

/// Turns the slices of one series, in time order, into the sums of each step and of its window.
///
/// It keeps the slices of one window and two running sums: O(1) amortised a slice, memory bounded by the window.
#[derive(Clone, Debug)]
pub struct SeriesMachine {
    window_slices: i64,
    /// The slices summed in `window`, in time order.
    ring: VecDeque<(SliceNumber, Counts)>,
    window: Counts,
    step: Counts,
}

/// The sums at the end of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Closed {
    /// Of the slices since the step before.
    pub step: Counts,
    /// Of the window that ends with the step.
    pub window: Counts,
}

impl SeriesMachine {
    /// A machine for windows that reach back `window_slices` at most; `i64::MAX` where only the steps tell ([`Step::window_first`]).
    pub fn new(window_slices: i64) -> Self {
        SeriesMachine { window_slices, ring: VecDeque::new(), window: Counts::default(), step: Counts::default() }
    }

    /// Takes the next slice of the open step. Slices come in ascending order.
    #[inline]
    pub fn push(&mut self, slice: SliceNumber, counts: Counts) -> Result<()> {
        debug_assert!(self.ring.back().is_none_or(|&(last, _)| last < slice), "slices come in ascending order");
        // A later window ends after this slice, so it cannot reach further back than this.
        self.forget_before((slice + 1).saturating_sub(self.window_slices));
        add(&mut self.step, counts)?;
        add(&mut self.window, counts)?;
        self.ring.push_back((slice, counts));
        Ok(())
    }

    /// Closes a step, all slices of which have been pushed, and opens the next.
    pub fn close(&mut self, step: &Step) -> Closed {
        self.forget_before(step.window_first);
        Closed { step: std::mem::take(&mut self.step), window: self.window }
    }

    /// Opens the next step without asking for the sums of this one.
    pub fn skip(&mut self) {
        self.step = Counts::default();
    }

    #[inline]
    fn forget_before(&mut self, first: SliceNumber) {
        while let Some(&(slice, counts)) = self.ring.front()
            && slice < first
        {
            // Every count here was added before, so the differences are not negative.
            self.window.events -= counts.events;
            self.window.good -= counts.good;
            self.window.bad -= counts.bad;
            self.window.unknown -= counts.unknown;
            self.ring.pop_front();
        }
    }
}

/// Adds counts; beyond 2^63 − 1, the largest integer of the outputs, is an error.
#[inline]
pub fn add(sum: &mut Counts, counts: Counts) -> Result<()> {
    sum.events = plus(sum.events, counts.events)?;
    sum.good = plus(sum.good, counts.good)?;
    sum.bad = plus(sum.bad, counts.bad)?;
    sum.unknown = plus(sum.unknown, counts.unknown)?;
    Ok(())
}

#[inline]
fn plus(a: u64, b: u64) -> Result<u64> {
    a.checked_add(b).filter(|&sum| sum <= i64::MAX as u64).ok_or_else(overflow)
}

#[cold]
fn overflow() -> Error {
    Error::new(ErrorKind::Overflow, "the events of one series together exceed 2^63 − 1")
}

/// Sums series of finer slices into one of slices that are `factor` times as wide.
///
/// Series of one indicator mostly share their slices, so the first becomes the sum, the others are added in place, and what
/// finds no place is collected and merged in when it has grown as large as the sum: O(n log n) at worst, no map.
pub fn sum(sources: &[&Series], factor: i64) -> Result<Series> {
    let mut sum = Series::new();
    let mut misses = Series::new();
    for source in sources {
        let mut at = 0;
        for &(slice, counts) in source.iter() {
            let slice = slice.div_euclid(factor);
            at = gallop(&sum, at, slice);
            match sum.get_mut(at) {
                Some((found, mine)) if *found == slice => add(mine, counts)?,
                _ => misses.push((slice, counts)),
            }
        }
        if misses.len() > sum.len() {
            sum = merge(sum, &mut misses)?;
        }
    }
    merge(sum, &mut misses)
}

/// Sorts `misses` into `sum`, adding what shares a slice.
fn merge(mut sum: Series, misses: &mut Series) -> Result<Series> {
    sum.append(misses);
    // A stable sort of a few ascending runs is a merge of them.
    sum.sort_by_key(|&(slice, _)| slice);
    let mut merged = Series::with_capacity(sum.len());
    for (slice, counts) in sum {
        match merged.last_mut() {
            Some((last, mine)) if *last == slice => add(mine, counts)?,
            _ => merged.push((slice, counts)),
        }
    }
    Ok(merged)
}

/// The pooled counts of the slices `first..end`.
pub fn pooled(series: &[(SliceNumber, Counts)], first: SliceNumber, end: SliceNumber) -> Result<Counts> {
    let mut sum = Counts::default();
    let from = gallop(series, 0, first);
    for &(_, counts) in series[from..].iter().take_while(|&&(slice, _)| slice < end) {
        add(&mut sum, counts)?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn counts(good: u64, bad: u64) -> Counts {
        Counts { events: good + bad, good, bad, unknown: 0 }
    }

    #[test]
    fn sums_beyond_the_outputs_integers_are_errors() {
        let mut machine = SeriesMachine::new(10);
        machine.push(0, counts(i64::MAX as u64, 0)).unwrap();
        let error = machine.push(1, counts(1, 0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Overflow);
    }

    #[test]
    fn the_ring_is_no_longer_than_the_window() {
        let mut machine = SeriesMachine::new(3);
        for slice in 0..1_000 {
            machine.push(slice, counts(1, 0)).unwrap();
            assert!(machine.ring.len() <= 3);
        }
    }

    fn series() -> impl Strategy<Value = Series> {
        prop::collection::btree_map(-40_i64..40, (0_u64..5, 0_u64..5), 0..40)
            .prop_map(|m| m.into_iter().map(|(n, (g, b))| (n, counts(g, b))).collect())
    }

    proptest! {
        #[test]
        fn summing_is_what_a_map_does(all in prop::collection::vec(series(), 0..6), factor in 1_i64..7) {
            let mut naive = BTreeMap::<i64, Counts>::new();
            for &(slice, c) in all.iter().flatten() {
                add(naive.entry(slice.div_euclid(factor)).or_default(), c).unwrap();
            }
            let sources: Vec<_> = all.iter().collect();
            prop_assert_eq!(sum(&sources, factor).unwrap(), naive.into_iter().collect::<Series>());
        }

        #[test]
        fn pooling_is_what_filtering_does(series in series(), first in -50_i64..50, length in 0_i64..60) {
            let mut naive = Counts::default();
            for &(_, c) in series.iter().filter(|(n, _)| (first..first + length).contains(n)) {
                add(&mut naive, c).unwrap();
            }
            prop_assert_eq!(pooled(&series, first, first + length).unwrap(), naive);
        }
    }
}
