//! Counts under another bound of the latency, from a histogram: a slices file answers what it was not asked.
//!
//! The population of the histogram are the valid events that are good but for their latency. Those of them in buckets up to the
//! bound are good, and all other valid ones bad. Where the bound is no edge of the histogram, the bucket that it cuts counts as
//! bad, so that the result never flatters, and the number of its events bounds the error. Histograms are kept by the hour.

use super::histogram::{HourlyBuckets, Latencies, hours};
use super::series::{self, Counts, Series};
use super::{Group, IndicatorCounts};
use crate::error::{Error, ErrorKind, Result};
use crate::time::SliceNumber;

/// Counts from a histogram.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rebounded {
    /// By the hour.
    pub counts: IndicatorCounts,
    /// Good events that may be counted as bad, because their bucket holds latencies on both sides of the bound.
    pub uncertain: u64,
}

/// The counts of an indicator, given by the hour, as if its bound of the latency were `bound_ns`. None if it has no histogram.
///
/// # Errors
/// An overflow, and a histogram of more events than were counted.
pub fn rebound(hourly: &IndicatorCounts, bound_ns: i64) -> Result<Option<Rebounded>> {
    let Some(latencies) = &hourly.latencies else { return Ok(None) };
    let mut counts = IndicatorCounts { groups: Default::default(), other: Series::new(), ..hourly.clone() };
    let mut uncertain = 0_u64;
    let none = HourlyBuckets::new();
    for (group, series) in &hourly.groups {
        let buckets = latencies.groups.get(group).unwrap_or(&none);
        let series = judged(series, latencies, buckets, bound_ns, &mut uncertain)?;
        counts.groups.insert(Group::clone(group), series);
    }
    counts.other = judged(&hourly.other, latencies, &latencies.other, bound_ns, &mut uncertain)?;
    Ok(Some(Rebounded { counts, uncertain }))
}

fn judged(series: &Series, latencies: &Latencies, buckets: &HourlyBuckets, bound: i64, uncertain: &mut u64) -> Result<Series> {
    let cut = latencies.edges.bucket_of(bound);
    let is_edge = latencies.edges.upper_edge(cut) == Some(bound);
    let mut within: Vec<(SliceNumber, u64)> = Vec::new();
    for &(key, events) in buckets {
        if key.bucket < cut || key.bucket == cut && is_edge {
            series::add_at(&mut within, key.hour, events)?;
        } else if key.bucket == cut {
            *uncertain = uncertain.saturating_add(events);
        }
    }
    let good_of = |hour: SliceNumber| within.binary_search_by_key(&hour, |e| e.0).map_or(0, |at| within[at].1);
    let judge = |&(hour, counts): &(SliceNumber, Counts)| {
        let valid = counts.good.checked_add(counts.bad).ok_or_else(damaged)?;
        let good = good_of(hour);
        Ok((hour, Counts { good, bad: valid.checked_sub(good).ok_or_else(damaged)?, ..counts }))
    };
    series.iter().map(judge).collect()
}

/// The width of the slices that [`rebound`] works in.
pub fn slices() -> crate::time::Slices {
    hours()
}

#[cold]
fn damaged() -> Error {
    Error::new(ErrorKind::Slices, "a latency histogram holds more events than were counted")
        .hint("write the slices file again from the logs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::Edges;
    use crate::time::Instant;

    #[test]
    fn a_declared_bound_is_exact_and_another_bounded() {
        let mut latencies = Latencies::new(Edges::new(&[300_000_000]).unwrap());
        let group = Group::default();
        let hour = hours().number(Instant::from_seconds(0));
        for (ms, events) in [(100, 50), (200, 30), (250, 10), (400, 5)] {
            latencies.add(&group, Instant::from_seconds(60), ms * 1_000_000, events).unwrap();
        }
        // 100 valid events: 95 that did not fail, 5 that did.
        let mut hourly = IndicatorCounts::new(Vec::new(), true);
        hourly.add(&group, hour, Counts { events: 110, good: 90, bad: 10, unknown: 2 }).unwrap();
        hourly.latencies = Some(latencies);
        let of = |ns| {
            let done = rebound(&hourly, ns).unwrap().unwrap();
            let counts = done.counts.groups[&group][0].1;
            (counts.good, counts.bad, counts.unknown, counts.events, done.uncertain)
        };
        assert_eq!(of(300_000_000), (90, 10, 2, 110, 0));
        assert_eq!(of(200_000_000), (50, 50, 2, 110, 30));
        assert_eq!(of(220_000_000), (80, 20, 2, 110, 0));
        hourly.latencies = None;
        assert_eq!(rebound(&hourly, 1).unwrap(), None);
    }
}
