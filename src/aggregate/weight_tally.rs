//! The weights of one worker: sums by slice and class, for indicators whose events do not count alike.
//!
//! Kept beside the [tally](super::tally), and only where an indicator has a weight: the loop of all others does not see it. The
//! counts of events are the tally's; the sums go under a key of their own, as good and bad whose `events` are both together.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{Counts, IndicatorCounts, IndicatorKey, Partial};
use crate::error::{Error, ErrorKind, Result};
use crate::record::Need;
use crate::slo::classify::{Classes, Classifier, Verdict};
use crate::slo::weight::{Weight, weights_of};
use crate::time::{Instant, SliceNumber, Slices};

/// Entries before a worker folds: some 10 MiB.
const ENTRIES_MAX: usize = 1 << 18;

/// Sums by slice and class. A sum beyond 2^64 stays there, and folding refuses it.
type Sums = HashMap<(SliceNumber, u32), u64, RandomState>;

/// Weights summed by one worker.
pub struct WeightTally {
    slices: Slices,
    /// Distinct weights with their slots in a record, and their sums.
    weights: Vec<(Weight, usize, Sums)>,
    /// Which of them each indicator has.
    of: Vec<Option<usize>>,
}

impl WeightTally {
    /// For the indicators that have a weight; none when no one has.
    pub fn new(classifier: &Classifier, slices: Slices) -> Option<WeightTally> {
        let mut tally = WeightTally { slices, weights: Vec::new(), of: Vec::new() };
        for indicator in classifier.indicators() {
            let place = indicator.weight.as_ref().and_then(|weight| tally.place_of(weight, classifier.needs()));
            tally.of.push(place);
        }
        (!tally.weights.is_empty()).then_some(tally)
    }

    fn place_of(&mut self, weight: &Weight, needs: &[Need]) -> Option<usize> {
        if let Some(place) = self.weights.iter().position(|(known, ..)| known == weight) {
            return Some(place);
        }
        // The condition that makes a weight known has put its field among the needs.
        let slot = needs.iter().position(|need| *need == weight.need())?;
        self.weights.push((weight.clone(), slot, Sums::default()));
        Some(self.weights.len() - 1)
    }

    /// Whether it must be folded before more is added.
    pub fn is_full(&self) -> bool {
        self.weights.iter().any(|(.., sums)| sums.len() >= ENTRIES_MAX)
    }

    /// Adds one event of `class`; `value` gives the number in a slot, if there is one.
    pub fn add(&mut self, time: Instant, class: u32, value: impl Fn(usize) -> Option<i64>) {
        let slice = self.slices.number(time);
        for (weight, slot, sums) in &mut self.weights {
            if let Some(amount) = value(*slot).and_then(|value| weight.of(value)) {
                let sum = sums.entry((slice, class)).or_insert(0);
                *sum = sum.saturating_add(amount);
            }
        }
    }

    /// Adds the sums to what `partial` holds, under the keys that belong to those of the indicators, and begins anew.
    ///
    /// # Errors
    /// An overflow.
    pub fn fold(&mut self, classes: &Classes, keys: &[IndicatorKey], partial: &mut Partial) -> Result<()> {
        for (indicator, key) in keys.iter().enumerate() {
            if let Some(place) = self.of[indicator] {
                let counted = sums_of(&self.weights[place].2, classes, indicator)?;
                let key = IndicatorKey { service: key.service.clone(), canonical: weights_of(&key.canonical) };
                partial.indicators.insert(key, counted);
            }
        }
        self.weights.iter_mut().for_each(|(.., sums)| sums.clear());
        Ok(())
    }
}

/// What one indicator makes of the sums.
fn sums_of(sums: &Sums, classes: &Classes, indicator: usize) -> Result<IndicatorCounts> {
    let asked = &classes.classifier().indicators()[indicator];
    let mut counted = IndicatorCounts::new(asked.dimensions(), asked.is_bounded());
    let mut sorted: Vec<(&(SliceNumber, u32), &u64)> = sums.iter().collect();
    sorted.sort_unstable();
    for (&(slice, class), &sum) in sorted {
        let (class, too_large) = (class as usize, sum == u64::MAX);
        let counts = match classes.verdict(class, indicator) {
            Verdict::Good | Verdict::Bad if too_large => return Err(overflow()),
            Verdict::Good => Counts { events: sum, good: sum, ..Counts::default() },
            Verdict::Bad => Counts { events: sum, bad: sum, ..Counts::default() },
            Verdict::Unknown | Verdict::Excluded => continue,
        };
        counted.add(&classes.groups(indicator)[classes.group_number(class, indicator)], slice, counts)?;
    }
    counted.limit_groups()?;
    Ok(counted)
}

#[cold]
fn overflow() -> Error {
    Error::new(ErrorKind::Overflow, "the weights of one slice exceed 2^64")
}
