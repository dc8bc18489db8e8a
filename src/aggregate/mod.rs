//! Counts that merge: what part of the input gave how many good, bad and unknown events in which slice.
//!
//! The hot tower ends here and the cold tower begins here. A [`Partial`] is integers only; ratios appear in `evaluate`.

pub mod accounting;
pub mod receipt;

use std::collections::BTreeMap;

use crate::time::{SliceNumber, Slices};

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

/// The values of an indicator's dimensions for one group, in the order of its dimensions. Absent sorts first.
pub type Group = Box<[Option<Box<[u8]>>]>;

/// Counts by slice, sorted by slice, each slice once.
pub type Series = Vec<(SliceNumber, Counts)>;

/// Which indicator of which service.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IndicatorKey {
    /// The service of the inputs; empty when none is declared.
    pub service: String,
    /// Canonical text of valid, good, weight, routes and clock rule: what the counts mean. Not the dimensions.
    pub canonical: String,
}

/// Everything counted for one indicator.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct IndicatorCounts {
    /// Names of the dimensions.
    pub dimensions: Vec<String>,
    /// Counts of the groups that are kept.
    pub groups: BTreeMap<Group, Series>,
    /// Counts of all groups beyond the limit, together.
    pub other: Series,
    /// Groups whose key hash is not below this were put into `other` (none: all groups are kept).
    pub group_hash_limit: Option<u64>,
}

/// The mergeable counts of any part of the input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Partial {
    /// The grid of the slices.
    pub slices: Slices,
    /// Counts by indicator.
    pub indicators: BTreeMap<IndicatorKey, IndicatorCounts>,
    /// Events of the input by service and slice, whatever an indicator says of them: coverage and "now" come from here.
    pub activity: BTreeMap<String, Vec<(SliceNumber, u64)>>,
    /// What was read, in canonical order.
    pub receipts: Vec<receipt::Receipt>,
}
