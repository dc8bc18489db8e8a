//! The latencies of one worker: events by class, hour and bucket, for the histograms of slices files.
//!
//! Kept beside the [tally](super::tally), because buckets would multiply its classes. Counted only where a histogram is asked for:
//! a look-up per line is dear in the loop.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::histogram::{Edges, Latencies, hours};
use crate::error::Result;
use crate::slo::classify::{Classes, Classifier};
use crate::time::{Instant, SliceNumber};

/// Entries before a worker folds: some 10 MiB.
const ENTRIES_MAX: usize = 1 << 18;

/// An hour, a bucket, a class; sorted so, entries come in the order of a group's histogram.
type Key = (SliceNumber, u32, u32);

/// Latencies counted by one worker.
pub struct LatencyTally {
    /// The slot of the latency in a record.
    slot: usize,
    /// Distinct edges, and which of them each indicator has.
    edges: Vec<Edges>,
    edges_of: Vec<Option<usize>>,
    counts: Vec<HashMap<Key, u64, RandomState>>,
}

impl LatencyTally {
    /// For the indicators that ask for a latency; none when no one does.
    ///
    /// # Errors
    /// Too many thresholds in one indicator.
    pub fn new(classifier: &Classifier) -> Result<Option<LatencyTally>> {
        let Some(slot) = classifier.latency_slot() else { return Ok(None) };
        let mut tally = LatencyTally { slot, edges: Vec::new(), edges_of: Vec::new(), counts: Vec::new() };
        for indicator in classifier.indicators() {
            let place = match indicator.latency_thresholds() {
                Some(thresholds) => Some(tally.place_of(Edges::new(&thresholds)?)),
                None => None,
            };
            tally.edges_of.push(place);
        }
        Ok((!tally.edges.is_empty()).then_some(tally))
    }

    fn place_of(&mut self, edges: Edges) -> usize {
        self.edges.iter().position(|known| *known == edges).unwrap_or_else(|| {
            self.edges.push(edges);
            self.counts.push(HashMap::default());
            self.edges.len() - 1
        })
    }

    /// The slot of the latency in a record.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// Whether it must be folded before more is added.
    pub fn is_full(&self) -> bool {
        self.counts.iter().any(|counts| counts.len() >= ENTRIES_MAX)
    }

    /// Counts one event of `class` that took `ns` nanoseconds.
    pub fn add(&mut self, time: Instant, class: u32, ns: i64) {
        let hour = hours().number(time);
        for (edges, counts) in self.edges.iter().zip(&mut self.counts) {
            *counts.entry((hour, edges.bucket_of(ns), class)).or_insert(0) += 1;
        }
    }

    /// The histogram of one indicator; none if it asks for no latency.
    ///
    /// # Errors
    /// An overflow.
    pub fn of_indicator(&self, classes: &Classes, indicator: usize) -> Result<Option<Latencies>> {
        let Some(place) = self.edges_of[indicator] else { return Ok(None) };
        let edges = &self.edges[place];
        let mut entries: Vec<(Key, u64)> = self.counts[place].iter().map(|(key, events)| (*key, *events)).collect();
        entries.sort_unstable();
        let mut latencies = Latencies::new(edges.clone());
        for ((hour, bucket, class), events) in entries {
            let class = class as usize;
            if let (true, Some(ns)) = (classes.is_in_population(class, indicator), edges.upper_edge(bucket)) {
                let group = &classes.groups(indicator)[classes.group_number(class, indicator)];
                latencies.add(group, hours().start(hour), ns, events)?;
            }
        }
        Ok(Some(latencies))
    }

    /// Forgets what was counted.
    pub fn clear(&mut self) {
        self.counts.iter_mut().for_each(HashMap::clear);
    }
}
