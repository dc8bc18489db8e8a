//! The cold tower: counts in, windowed numbers out.
//!
//! ```text
//! Partial ── plan ── series ──┐
//!   (which SLO, which         ├─ machine ─ close(step) ─ WindowRow ─▶ sink
//!    groups, which order)     │
//! activity ─ timeline ─ Step ─┘
//! ```
//!
//! A [`series::SeriesMachine`] takes the slices of one series in time order and is asked for its sums whenever a step
//! closes; it keeps no more than one window of slices. A [`window::Timeline`] says what the window of a step is and how much
//! of it the input covers. A [`plan::Plan`] feeds one machine after the other, in canonical order, from a finished
//! [`Partial`](crate::aggregate::Partial); live following can feed the same machines as slices close.
//!
//! A budgeting method is a change of [`units`]: slices of time become counts of good and bad like those of events. What is
//! excluded is taken out by a [`mask`] before. A [`scope::Scope`] holds both, with the windows of one SLO.
//!
//! Everything up to the sums is integers. Ratios are made in [`budget`], from pooled counts, once.

pub mod alert;
pub mod budget;
pub mod detail;
pub mod excluded;
pub mod gate;
pub mod group;
pub mod guard;
pub mod incident;
pub mod mask;
pub mod mode;
pub mod plan;
pub mod report;
pub mod row;
pub mod scope;
pub mod series;
pub mod suggest;
pub mod units;
pub mod warning;
pub mod window;

use crate::slo::Slo;
use crate::time::{Instant, Length, Slices};

/// One SLO to evaluate, with the canonical text that its indicator's counts are kept under.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The SLO.
    pub slo: &'a Slo,
    /// `canonical` of the [`IndicatorKey`](crate::aggregate::IndicatorKey) of its counts.
    pub canonical: &'a str,
}

/// What is to be shown, of which time.
#[derive(Clone, Debug)]
pub struct Options {
    /// The interval of one row: a whole number of slices.
    pub every: Length,
    /// A coarser grid than that of the partial; none: the partial's own.
    pub slices: Option<Slices>,
    /// Rows that start before this are left out; their events still fill later windows.
    pub from: Option<Instant>,
    /// Rows that start at or after this are left out.
    pub to: Option<Instant>,
    /// "Now": the last window ends here, and later events have not happened. None: the end of the latest slice with an event.
    pub at: Option<Instant>,
    /// Leaves out roll-up rows without events, but for the last.
    pub skip_empty: bool,
    /// How many groups of an SLO are shown by themselves; the rest is one group `other`.
    pub groups_max: usize,
}

impl Options {
    /// Groups shown by themselves unless asked otherwise.
    pub const GROUPS_MAX: usize = 1_000;
}

impl Default for Options {
    /// Hourly rows of everything, 1,000 groups.
    fn default() -> Self {
        // A literal in the form that `Length` reads; a test holds it.
        let every = Length::parse("1h").unwrap_or_else(|_| unreachable!("1h is a length"));
        Options { every, slices: None, from: None, to: None, at: None, skip_empty: false, groups_max: Options::GROUPS_MAX }
    }
}
