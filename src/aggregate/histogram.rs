//! Latency histograms: how long the requests took, in buckets that merge by addition.
//!
//! A bucket holds the latencies of a closed range of whole nanoseconds. Below 256 ns each latency has a bucket of its own;
//! above, each power of two is cut into 128 buckets of equal width, so that the upper edge of a bucket exceeds every
//! latency in it by less than 1/128 of that latency (0.79 %). This is the layout of HdrHistogram with 7 bits of precision
//! (<http://hdrhistogram.org>), and a bucket number is a shift and an addition. The declared thresholds are edges besides:
//! a latency that meets `latency <= 300ms` and one that does not never share a bucket, so the share that meets a declared
//! threshold is exact.
//!
//! # Laws
//! Merging is addition of counts per (group, hour, bucket): associative, commutative, with the empty histogram as identity.
//! Histograms of one indicator have the same thresholds, because these are part of what the indicator means; others do
//! not merge.

use std::collections::BTreeMap;
use std::ops::Range;

use super::group::Group;
use super::indicator::{regroup, split_at_hash};
use super::series::{self, Key};
use crate::error::{Error, ErrorKind, Result};
use crate::time::{Instant, SECONDS_PER_DAY, SliceNumber, Slices};

/// Bits of precision: each power of two is cut into 2⁷ buckets.
const PRECISION_BITS: u32 = 7;
/// Buckets before the thresholds are inserted: those of 0 to 2⁶³ − 1 ns.
const BASE_BUCKETS: u32 = (63 - PRECISION_BITS + 1) << PRECISION_BITS;
/// Declared thresholds of one indicator. One more is an error: bucket numbers have to stay below [`BUCKETS_MAX`].
pub const THRESHOLDS_MAX: usize = 512;
/// Bucket numbers are below this.
pub const BUCKETS_MAX: u32 = 8_192;
const _: () = assert!(BASE_BUCKETS as usize + THRESHOLDS_MAX < BUCKETS_MAX as usize);

/// The edges of the buckets: the common ones and the declared thresholds.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Edges {
    /// Sorted, distinct, not negative.
    thresholds: Box<[i64]>,
}

impl Edges {
    /// Edges with `thresholds` in ns, in any order, repeated or not. More than [`THRESHOLDS_MAX`] are an error
    /// (kind `Limit`). A negative threshold divides nothing and is dropped.
    pub fn new(thresholds: &[i64]) -> Result<Self> {
        let mut thresholds: Vec<i64> = thresholds.iter().copied().filter(|&t| t >= 0).collect();
        thresholds.sort_unstable();
        thresholds.dedup();
        if thresholds.len() > THRESHOLDS_MAX {
            let message = format!("an indicator compares the latency with {} thresholds", thresholds.len());
            return Err(Error::new(ErrorKind::Limit, message).hint(format!("use {THRESHOLDS_MAX} or fewer")));
        }
        Ok(Edges { thresholds: thresholds.into() })
    }

    /// The declared thresholds in ns, ascending.
    pub fn thresholds(&self) -> &[i64] {
        &self.thresholds
    }

    /// The number of the bucket that holds a latency of `ns` nanoseconds; a negative one counts as 0. Numbers ascend
    /// with the latency; some stand for no bucket.
    #[inline]
    pub fn bucket_of(&self, ns: i64) -> u32 {
        let ns = ns.max(0);
        // Distinct buckets keep distinct numbers: both terms only ever grow with the latency.
        base_bucket(ns as u64) + self.thresholds.iter().map(|&t| u32::from(ns > t)).sum::<u32>()
    }

    /// The longest latency, in ns, that falls into `bucket`; none where no latency does.
    pub fn upper_edge(&self, bucket: u32) -> Option<i64> {
        self.range(bucket).map(|(_, upper)| upper)
    }

    /// The shortest and the longest latency of a bucket.
    pub fn range(&self, bucket: u32) -> Option<(i64, i64)> {
        (0..=self.thresholds.len()).find_map(|below| {
            let (lower, upper) = base_range(bucket.checked_sub(below as u32)?)?;
            let lower = below.checked_sub(1).map_or(lower, |i| lower.max(self.thresholds[i].saturating_add(1)));
            let upper = self.thresholds.get(below).map_or(upper, |&t| upper.min(t));
            (lower <= upper && self.bucket_of(lower) == bucket).then_some((lower, upper))
        })
    }
}

#[inline]
fn base_bucket(ns: u64) -> u32 {
    let shift = 63 - PRECISION_BITS - (ns | 1 << PRECISION_BITS).leading_zeros();
    (shift << PRECISION_BITS) + (ns >> shift) as u32
}

fn base_range(bucket: u32) -> Option<(i64, i64)> {
    if bucket >= BASE_BUCKETS {
        return None;
    }
    let shift = (bucket >> PRECISION_BITS).saturating_sub(1);
    let mantissa = u64::from(bucket - (shift << PRECISION_BITS));
    Some(((mantissa << shift) as i64, (((mantissa + 1) << shift) - 1) as i64))
}

/// A bucket of one hour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HourBucket {
    /// Number of the hour on the grid of [`hours`].
    pub hour: SliceNumber,
    /// Number of the bucket, by the indicator's [`Edges`].
    pub bucket: u32,
}

impl Key for HourBucket {
    #[inline]
    fn place(self) -> i64 {
        self.hour.saturating_mul(i64::from(BUCKETS_MAX)).saturating_add(i64::from(self.bucket))
    }
    #[inline]
    fn at(place: i64) -> Self {
        let buckets = i64::from(BUCKETS_MAX);
        HourBucket { hour: place.div_euclid(buckets), bucket: place.rem_euclid(buckets) as u32 }
    }
}

/// Events by hour and bucket, sorted, none of them zero.
pub type HourlyBuckets = Vec<(HourBucket, u64)>;

/// The grid of hours that histograms are kept by, whatever the width of slices.
pub fn hours() -> Slices {
    Slices::of_seconds(SECONDS_PER_DAY / 24).unwrap_or_else(|| unreachable!("an hour is a valid slice width"))
}

/// The latencies of one indicator. The population is the indicator without its latency conditions: the valid events that
/// are good but for their latency.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Latencies {
    /// The buckets' edges.
    pub edges: Edges,
    /// By group. Every group here is one of the indicator's groups.
    pub groups: BTreeMap<Group, HourlyBuckets>,
    /// Of all groups beyond the limit, together.
    pub other: HourlyBuckets,
}

impl Latencies {
    /// Nothing yet, with these edges.
    pub fn new(edges: Edges) -> Self {
        Latencies { edges, ..Latencies::default() }
    }

    /// Counts `events` requests of `group` at `time` that took `ns` nanoseconds each.
    pub fn add(&mut self, group: &Group, time: Instant, ns: i64, events: u64) -> Result<()> {
        let key = HourBucket { hour: hours().number(time), bucket: self.edges.bucket_of(ns) };
        match self.groups.get_mut(group) {
            Some(list) => series::add_at(list, key, events),
            None if events == 0 => Ok(()),
            None => {
                self.groups.insert(group.clone(), vec![(key, events)]);
                Ok(())
            }
        }
    }

    /// Adds the latencies of another part of the input.
    pub fn merge(&mut self, other: Latencies) -> Result<()> {
        if self.edges != other.edges {
            return Err(Error::new(ErrorKind::Slices, "latency histograms with different thresholds do not merge")
                .hint("read the logs again, or write the slices files again with one definition"));
        }
        super::indicator::merge_maps(&mut self.groups, other.groups)?;
        series::merge(&mut self.other, other.other)
    }

    /// All groups together.
    pub fn roll_up(&self) -> Result<HourlyBuckets> {
        series::sum(self.groups.values().chain([&self.other]).map(Vec::as_slice))
    }

    /// The distribution of `buckets` within a range of hours.
    pub fn distribution(&self, buckets: &[(HourBucket, u64)], within: Range<SliceNumber>) -> Result<Distribution<'_>> {
        let from = buckets.partition_point(|e| e.0.hour < within.start);
        let to = buckets.partition_point(|e| e.0.hour < within.end).max(from);
        let mut counts: Vec<(u32, u64)> = buckets[from..to].iter().map(|&(key, n)| (key.bucket, n)).collect();
        counts.sort_unstable_by_key(|e| e.0);
        Distribution::new(&self.edges, counts)
    }

    /// The latencies by the dimensions at `kept`, in that order.
    pub(super) fn project(&self, kept: &[usize]) -> Result<Latencies> {
        let groups = regroup(&self.groups, kept)?;
        Ok(Latencies { edges: self.edges.clone(), groups, other: self.other.clone() })
    }

    /// Puts every group whose hash is `limit` or more into `other`.
    pub(super) fn fold_from(&mut self, limit: u64) -> Result<()> {
        split_at_hash(&mut self.groups, &mut self.other, limit)
    }
}

/// How many events took how long, whatever the hour.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Distribution<'a> {
    edges: &'a Edges,
    /// Sorted by bucket.
    counts: Vec<(u32, u64)>,
    total: u64,
}

/// A quantile: the true one lies in `at_least..=at_most` nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quantile {
    /// The shortest latency of the bucket.
    pub at_least: i64,
    /// The longest latency of the bucket: the answer to give. It exceeds the true quantile by less than 1/128 of it.
    pub at_most: i64,
}

impl<'a> Distribution<'a> {
    fn new(edges: &'a Edges, counts: Vec<(u32, u64)>) -> Result<Self> {
        let total = counts.iter().try_fold(0u64, |sum, e| sum.checked_add(e.1));
        let total = total.ok_or_else(|| Error::new(ErrorKind::Overflow, "the latency counts together exceed 2^64"))?;
        Ok(Distribution { edges, counts, total })
    }

    /// Events in it.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Every bucket with events: its longest latency in ns, and how many. Ascending.
    pub fn buckets(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        self.counts.iter().filter_map(|&(bucket, events)| Some((self.edges.upper_edge(bucket)?, events)))
    }

    /// The smallest latency that at least `part` of `of` events do not exceed (nearest rank: the event number
    /// ⌈part × total ÷ of⌉, and at least the first). None without events, or if `part ÷ of` is not in 0 to 1.
    pub fn quantile(&self, part: u64, of: u64) -> Option<Quantile> {
        if of == 0 || part > of || self.total == 0 {
            return None;
        }
        let rank = (u128::from(part) * u128::from(self.total)).div_ceil(u128::from(of)).max(1);
        let mut seen = 0u128;
        let found = self.counts.iter().find(|e| {
            seen += u128::from(e.1);
            seen >= rank
        });
        let (at_least, at_most) = self.edges.range(found?.0)?;
        Some(Quantile { at_least, at_most })
    }

    /// How many events took `threshold` ns or less; none unless the threshold is a declared one, for others the count
    /// would not be exact.
    pub fn within(&self, threshold: i64) -> Option<u64> {
        self.edges.thresholds.binary_search(&threshold).ok()?;
        let last = self.edges.bucket_of(threshold);
        Some(self.counts.iter().take_while(|e| e.0 <= last).map(|e| e.1).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn latency() -> impl Strategy<Value = i64> {
        (0u32..63, any::<i64>()).prop_map(|(bits, x)| (x & i64::MAX) >> bits)
    }

    fn latencies(events: &[(i64, i64)]) -> Latencies {
        let mut out = Latencies::new(Edges::new(&[300]).unwrap());
        for &(second, ns) in events {
            out.add(&Group::default(), Instant::from_seconds(second), ns, 1).unwrap();
        }
        out
    }

    proptest! {
        #[test]
        fn a_bucket_holds_its_latency_within_the_stated_error(ns in latency(), thresholds in prop::collection::vec(latency(), 0..4)) {
            let edges = Edges::new(&thresholds).unwrap();
            let (lower, upper) = edges.range(edges.bucket_of(ns)).unwrap();
            prop_assert!(lower <= ns && ns <= upper);
            prop_assert!(i128::from(upper - ns) * 128 <= i128::from(ns));
            prop_assert!(edges.bucket_of(lower) == edges.bucket_of(upper));
            for t in thresholds {
                prop_assert!(edges.bucket_of(ns.min(t)) <= edges.bucket_of(t), "order");
                prop_assert!((edges.bucket_of(ns) <= edges.bucket_of(t)) == (ns <= t), "{} and {} share a bucket", ns, t);
            }
        }

        #[test]
        fn buckets_follow_one_another_without_gap(thresholds in prop::collection::vec(0i64..5_000, 0..4)) {
            let edges = Edges::new(&thresholds).unwrap();
            let ranges: Vec<_> = (0..BUCKETS_MAX).filter_map(|b| edges.range(b)).collect();
            prop_assert_eq!(ranges[0].0, 0);
            prop_assert_eq!(ranges[ranges.len() - 1].1, i64::MAX);
            prop_assert!(ranges.windows(2).all(|w| w[0].1 + 1 == w[1].0));
        }

        #[test]
        fn a_quantile_encloses_that_of_the_sorted_latencies(mut all in prop::collection::vec(latency(), 1..60), part in 0u64..=1000) {
            let events: Vec<_> = all.iter().map(|&ns| (0, ns)).collect();
            let counted = latencies(&events);
            let rolled = counted.roll_up().unwrap();
            let q = counted.distribution(&rolled, i64::MIN..i64::MAX).unwrap().quantile(part, 1000).unwrap();
            all.sort_unstable();
            let rank = (part as usize * all.len()).div_ceil(1000).max(1);
            let truth = all[rank - 1];
            prop_assert!(q.at_least <= truth && truth <= q.at_most, "{:?} {}", q, truth);
        }

        #[test]
        fn any_split_and_any_order_equal_the_whole(events in prop::collection::vec((0i64..20_000, latency()), 0..40), at in any::<prop::sample::Index>()) {
            let whole = latencies(&events);
            let (a, b) = events.split_at(at.index(events.len() + 1));
            let (mut left, mut right) = (latencies(a), latencies(b));
            left.merge(latencies(b)).unwrap();
            right.merge(latencies(a)).unwrap();
            prop_assert_eq!(&left, &whole);
            prop_assert_eq!(&right, &whole);
        }
    }

    #[test]
    fn a_declared_threshold_is_counted_exactly() {
        let l = latencies(&[(0, 299), (0, 300), (0, 301), (3_600, 1)]);
        let rolled = l.roll_up().unwrap();
        let all = l.distribution(&rolled, i64::MIN..i64::MAX).unwrap();
        assert_eq!((all.within(300), all.within(299), all.total()), (Some(3), None, 4));
        let first_hour = hours().number(Instant::from_seconds(0));
        assert_eq!(l.distribution(&rolled, first_hour..first_hour + 1).unwrap().total(), 3);
    }

    #[test]
    fn different_thresholds_do_not_merge_and_too_many_are_refused() {
        let other = Latencies::new(Edges::new(&[301]).unwrap());
        assert_eq!(latencies(&[]).merge(other).unwrap_err().kind(), ErrorKind::Slices);
        let many: Vec<i64> = (0..=THRESHOLDS_MAX as i64).collect();
        assert_eq!(Edges::new(&many).unwrap_err().kind(), ErrorKind::Limit);
        let most = Edges::new(&many[1..]).unwrap();
        assert_eq!(most.upper_edge(most.bucket_of(i64::MAX)), Some(i64::MAX));
    }
}
