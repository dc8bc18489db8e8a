//! One row of the windows table: what is known of one series at the end of one step.

use std::sync::Arc;

use super::budget::{self, Budget};
use super::mode::Reason;
use super::scope::Scope;
use super::series::Closed;
use super::units::RATIO_PARTS;
use super::window::Step;
use crate::aggregate::{Counts, Group};
use crate::error::{Error, ErrorKind, Result};
use crate::ratio::Target;
use crate::slo::Window;
use crate::slo::budgeting::Score;
use crate::time::Instant;

/// What kind of group a series is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum GroupKind {
    /// All groups pooled, as if nothing were grouped.
    All,
    /// One combination of the dimensions.
    Group,
    /// The groups beyond the limit, pooled.
    Other,
}

impl GroupKind {
    /// Every kind, in the order of series.
    pub const ALL: [GroupKind; 3] = [GroupKind::All, GroupKind::Group, GroupKind::Other];

    /// The name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            GroupKind::All => "all",
            GroupKind::Group => "group",
            GroupKind::Other => "other",
        }
    }
}

/// What all rows of one series share.
#[derive(Clone, Debug)]
pub struct SeriesKey {
    /// Its place among the series of its plan.
    pub number: usize,
    /// The service; empty when none is declared.
    pub service: String,
    /// The SLO's name.
    pub slo: String,
    /// The objective's name.
    pub objective: String,
    /// The target.
    pub target: Target,
    /// The compliance period.
    pub window: Window,
    /// What kind of group it is.
    pub group_kind: GroupKind,
    /// Names of the SLO's dimensions.
    pub dimensions: Arc<[String]>,
    /// The group's value of each dimension; empty unless `group_kind` is [`GroupKind::Group`].
    pub group: Group,
    /// Every reason that its policy can give for a mode, in words: those of `mode_reason`.
    pub reasons: Arc<[(Reason, String)]>,
}

impl SeriesKey {
    /// The SLO with its service: `shop / availability`.
    pub fn name(&self) -> String {
        if self.service.is_empty() { self.slo.clone() } else { format!("{} / {}", self.service, self.slo) }
    }
}

/// One row. Its columns are documented in `docs/semantics.md`; counts are at most 2^63 − 1.
#[derive(Clone, Debug)]
pub struct WindowRow {
    /// Service, SLO, objective, target, window length and group.
    pub series: Arc<SeriesKey>,
    /// First instant of the step.
    pub start_time: Instant,
    /// The instant after the step; the last step ends at "now".
    pub end_time: Instant,
    /// Events of the step.
    pub events: u64,
    /// Good events of the step; of a weighted SLO their weights, as of all `good`, `bad` and `valid`.
    pub good: u64,
    /// Bad events of the step.
    pub bad: u64,
    /// Events of the step that could not be judged.
    pub unknown: u64,
    /// Events of the step that are not valid.
    pub excluded: u64,
    /// good + bad.
    pub valid: u64,
    /// good ÷ valid of what the budget is counted in.
    pub sli: Option<f64>,
    /// (bad ÷ valid) ÷ β, likewise.
    pub burn_rate: Option<f64>,
    /// First instant of the window that ends at `end_time`.
    pub window_start_time: Instant,
    /// Whether the window begins before the service's first event.
    pub window_partial: bool,
    /// Share of the window's slices, since the first event, in which the service has events.
    pub window_coverage: f64,
    /// Good events of the window.
    pub window_good: u64,
    /// Bad events of the window.
    pub window_bad: u64,
    /// Events of the window that could not be judged.
    pub window_unknown: u64,
    /// window_good + window_bad.
    pub window_valid: u64,
    /// Good slices of the window (Timeslices only).
    pub window_slices_good: Option<u64>,
    /// Slices of the window that count (Timeslices and RatioTimeslices).
    pub window_slices: Option<u64>,
    /// `window_sli`, `met` and the three `budget_…` columns; none without valid events in the window.
    pub budget: Option<Budget>,
    /// The step in what the budget is counted in: `sli` and `burn_rate` come from it.
    pub spent: Counts,
    /// The window in what the budget is counted in: `budget` comes from it.
    pub window_spent: Counts,
    /// What the error-budget policy says of the SLO at `end_time`, and why: the columns `mode` and `mode_reason`.
    pub reason: Option<Reason>,
    /// The exclusions that touch the step or its window, as they are declared; none where none does.
    pub exclusions: Option<Arc<str>>,
}

/// The sums of a step and its window, as the events that they are and as what the budget is counted in.
#[derive(Clone, Copy, Debug)]
pub struct Sums {
    /// Of events.
    pub counted: Closed,
    /// Of what events amount to: the same, or their weights.
    pub amounts: Closed,
    /// Of the budget's units, which are the same where it is counted in events.
    pub spent: Closed,
}

impl WindowRow {
    /// Why the policy says what it says, in words.
    pub fn mode_reason(&self) -> Option<&str> {
        self.reason_number().map(|number| self.series.reasons[number].1.as_str())
    }

    /// Which of the series' reasons it has.
    pub fn reason_number(&self) -> Option<usize> {
        let reason = self.reason?;
        self.series.reasons.iter().position(|(known, _)| *known == reason)
    }

    /// The row of `series` at the end of `step`.
    pub fn new(series: &Arc<SeriesKey>, scope: &Scope, step: &Step, sums: &Sums) -> Result<Self> {
        let (own, window, target) = (sums.counted.step, sums.counted.window, series.target);
        let (amount, window_amount) = (sums.amounts.step, sums.amounts.window);
        let (spent, slices) = (sums.spent.step, scope.grid.slices);
        let spent_valid = valid(spent)?;
        let (slices_good, slices_counted) = window_slices(scope, sums.spent.window);
        Ok(WindowRow {
            series: Arc::clone(series),
            start_time: slices.start(step.first),
            end_time: slices.start(step.end),
            events: own.events,
            good: amount.good,
            bad: amount.bad,
            unknown: own.unknown,
            excluded: excluded(own)?,
            valid: valid(amount)?,
            sli: budget::sli(spent.good, spent_valid),
            burn_rate: target.burn_rate(spent.bad, spent_valid),
            window_start_time: slices.start(step.window_first),
            window_partial: step.window_partial,
            window_coverage: step.coverage(),
            window_good: window_amount.good,
            window_bad: window_amount.bad,
            window_unknown: window.unknown,
            window_valid: valid(window_amount)?,
            window_slices_good: slices_good,
            window_slices: slices_counted,
            budget: budget_of(scope, target, step, sums.spent.window),
            spent,
            window_spent: sums.spent.window,
            reason: None,
            exclusions: scope.exclusions(step.first, step.end),
        })
    }
}

/// Good slices of time, and all that count; the first only where each is good or bad, both only where the budget counts them.
fn window_slices(scope: &Scope, spent: Counts) -> (Option<u64>, Option<u64>) {
    match scope.rule.map(|rule| rule.score) {
        None => (None, None),
        Some(Score::Verdict { .. }) => (Some(spent.good), Some(spent.good + spent.bad)),
        Some(Score::Ratio) => (None, Some((spent.good + spent.bad) / RATIO_PARTS)),
    }
}

/// The budget of the window of `step`, in which `spent` was spent of what it is counted in.
pub fn budget_of(scope: &Scope, target: Target, step: &Step, spent: Counts) -> Option<Budget> {
    let seconds = step.window_seconds(scope.grid.slices);
    match scope.rule.filter(|_| scope.budgets_whole_period()) {
        Some(rule) if spent.good + spent.bad > 0 => {
            let whole = step.slices_whole / rule.factor.unsigned_abs();
            Budget::of_whole(target, spent.good, spent.bad, whole, seconds)
        }
        _ => Budget::of(target, spent.good, spent.bad, seconds),
    }
}

/// good + bad.
pub fn valid(counts: Counts) -> Result<u64> {
    let sum = counts.good.checked_add(counts.bad).filter(|&n| n <= i64::MAX as u64);
    sum.ok_or_else(|| Error::new(ErrorKind::Overflow, "the valid events of one series together exceed 2^63 − 1"))
}

/// events − good − bad − unknown.
pub fn excluded(counts: Counts) -> Result<u64> {
    let judged = counts.good.checked_add(counts.bad).and_then(|n| n.checked_add(counts.unknown));
    judged.and_then(|n| counts.events.checked_sub(n)).ok_or_else(|| {
        Error::new(ErrorKind::Slices, "the counts are damaged: good, bad and unknown together exceed the events")
            .hint("write the slices file again from the logs")
    })
}
