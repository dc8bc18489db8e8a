//! Counts that merge: what part of the input gave how many good, bad and unknown events in which slice.
//!
//! The hot tower ends here and the cold tower begins here. A [`Partial`] is integers only; ratios appear in `evaluate`.
//! Read [`partial`] for the laws of merging, [`indicator`] for what is counted and the limit of groups, [`series`] for how
//! lists are added up, [`histogram`] for latencies, [`weight_tally`] for events that do not count alike, [`receipt`] and [`accounting`] for what was read.

pub mod accounting;
pub mod attribution;
pub mod group;
pub mod histogram;
pub mod indicator;
pub mod latency_tally;
pub mod partial;
pub mod rebound;
pub mod receipt;
pub mod series;
pub mod tally;
pub mod weight_tally;

pub use group::{Group, group_hash};
pub use histogram::{Edges, Latencies};
pub use indicator::{GROUPS_MAX, IndicatorCounts, IndicatorKey};
pub use partial::Partial;
pub use receipt::{Claim, Duplicates, Identity, Receipt};
pub use series::{Counts, Series};
