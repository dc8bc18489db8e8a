//! The time that one SLO is evaluated in: its windows, what is excluded, and how slices of time are judged.

use std::borrow::Cow;
use std::sync::Arc;

use super::excluded::{self, Excluded};
use super::mask::Mask;
use super::units::{Judged, Rule};
use super::window::{self, Activity, Grid, Periods};
use crate::error::{Error, ErrorKind, Result};
use crate::slo::budgeting::Score;
use crate::slo::window::Calendar;
use crate::slo::{Budgeting, Slo, Window};
use crate::time::SliceNumber;

/// One window of one SLO on the grid of an evaluation.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    /// The grid.
    pub grid: Grid,
    /// The window.
    pub window: &'a Window,
    /// Where windows begin and end.
    pub periods: Periods,
    /// What is excluded from what is evaluated: as it is declared,
    pub excluded: Vec<Excluded>,
    /// and as slices.
    pub mask: Mask,
    /// Slices with events of the service, but for excluded ones.
    pub activity: Arc<Cow<'a, Activity>>,
    /// First slice with an event of the service, excluded or not.
    pub first_event: Option<SliceNumber>,
    /// How slices of time are judged, if the budget is counted in them.
    pub rule: Option<Rule>,
}

impl<'a> Scope<'a> {
    /// The scope of a window of `slo` for a service with this activity.
    ///
    /// # Errors
    /// A window, a boundary of one, or a slice of time off the grid; an exclusion that recurs too often.
    pub fn new(grid: Grid, slo: &Slo, window: &'a Window, activity: Arc<Cow<'a, Activity>>) -> Result<Self> {
        let first_event = activity.first().map(|&(n, _)| n);
        let rule = rule(grid, slo)?;
        let factor = rule.map_or(1, |rule| rule.factor);
        let first = first_event.unwrap_or(grid.now).min(grid.now - 1);
        let periods = match window {
            Window::Rolling(length) => Periods::Rolling(rolling(grid, factor, slo, length)?),
            Window::Calendar(calendar) => Periods::Calendar(boundaries(grid, factor, slo, calendar, first)?),
        };
        let begin = periods.window(first + 1).0.min(first).div_euclid(factor) * factor;
        let end = -(-periods.end(grid.now)).div_euclid(factor) * factor;
        let excluded = Excluded::all(&slo.exclude, grid.slices.start(begin), grid.slices.start(end))?;
        let mask = Mask::new(&excluded, grid.slices, factor);
        let activity = if mask.is_empty() { activity } else { Arc::new(Cow::Owned(mask.active(&activity))) };
        Ok(Scope { grid, window, periods, excluded, mask, activity, first_event, rule })
    }

    /// The exclusions that change what is told of the slices from `first` on to the end of the window that ends at `end`, as they
    /// are declared, in one text.
    pub fn exclusions(&self, first: SliceNumber, end: SliceNumber) -> Option<Arc<str>> {
        if self.excluded.is_empty() {
            return None;
        }
        let (window_first, window_end) = self.periods.window(end);
        let end = if self.budgets_whole_period() { window_end } else { end };
        let slices = self.grid.slices;
        excluded::declared(&self.excluded, slices.start(first.min(window_first)), slices.start(end))
    }

    /// The length of the period that "now" is in, in seconds.
    pub fn period_seconds(&self) -> i64 {
        let (first, end) = self.periods.window(self.grid.now);
        (end - first) * self.grid.slices.width_seconds()
    }

    /// Slices of the grid in what the budget is counted in: in a slice of time, or one.
    pub fn unit(&self) -> i64 {
        self.rule.map_or(1, |rule| rule.factor)
    }

    /// The first moment after `end` at which something can change: where a slice of time ends, or now.
    pub fn next_end(&self, end: SliceNumber) -> SliceNumber {
        next_end(end, self.unit(), self.grid.now)
    }

    /// Slices of `first..end` that are not excluded.
    pub fn slices_counted(&self, first: SliceNumber, end: SliceNumber) -> u64 {
        ((end - first).max(0) - self.mask.count(first, end)).unsigned_abs()
    }

    /// What the budget of the window of what ends at `end` is β of, where that is known before it is over.
    pub fn whole(&self, end: SliceNumber) -> Option<u64> {
        let rule = self.rule.filter(|_| self.budgets_whole_period())?;
        let (first, window_end) = self.periods.window(end);
        Some(self.slices_counted(first, window_end) / rule.factor.unsigned_abs())
    }

    /// The time that slices of time are judged in.
    pub fn judged(&self) -> Judged<'_> {
        Judged { first: self.first_event.unwrap_or(self.grid.now), now: self.grid.now, mask: &self.mask }
    }

    /// Whether the budget is a share of all slices of the period, those to come included: Timeslices over calendar windows.
    pub fn budgets_whole_period(&self) -> bool {
        let counts_slices = self.rule.is_some_and(|rule| matches!(rule.score, Score::Verdict { .. }));
        counts_slices && matches!(self.periods, Periods::Calendar(_))
    }

    /// Refuses steps that would cut slices of time.
    pub fn check_step(&self, slo: &str) -> Result<()> {
        let Some(rule) = self.rule.filter(|rule| self.grid.step_slices % rule.factor != 0) else { return Ok(()) };
        let seconds = |slices: i64| slices * self.grid.slices.width_seconds();
        let (step, slice) = (seconds(self.grid.step_slices), seconds(rule.factor));
        let error = format!("steps of {step} s are no whole number of the slices of {slice} s that SLO `{slo}` counts");
        Err(Error::new(ErrorKind::Usage, error).hint(format!("choose --every {slice}s, or a multiple of it")))
    }
}

/// The end of the slice of time of `unit` slices that begins at `end` or holds it; "now" where that cuts it.
pub fn next_end(end: SliceNumber, unit: i64, now: SliceNumber) -> SliceNumber {
    let next = (end.div_euclid(unit) + 1) * unit;
    if end < now { next.min(now) } else { next }
}

fn rule(grid: Grid, slo: &Slo) -> Result<Option<Rule>> {
    let Budgeting::Slices(slicing) = &slo.budgeting else { return Ok(None) };
    let what = format!("the time slice of SLO `{}`", slo.name);
    Ok(Some(Rule::new(slicing, window::whole_slices(grid.slices, &slicing.width, &what)?)))
}

fn rolling(grid: Grid, factor: i64, slo: &Slo, length: &crate::time::Length) -> Result<i64> {
    let slices = window::whole_slices(grid.slices, length, &format!("the window of SLO `{}`", slo.name))?;
    if slices % factor == 0 { Ok(slices) } else { Err(cut(slo, length.text())) }
}

fn boundaries(grid: Grid, factor: i64, slo: &Slo, calendar: &Calendar, first: SliceNumber) -> Result<Vec<SliceNumber>> {
    let starts = calendar.boundaries(grid.slices.start(first), grid.slices.start(grid.now - 1))?;
    let off = |start: &&crate::time::Instant| !grid.slices.is_boundary(**start);
    if let Some(start) = starts.iter().find(off) {
        let width = grid.slices.width_seconds();
        let error = format!(
            "a {} of SLO `{}` begins at {start}, which is no boundary of the {width} s slices",
            calendar.noun(),
            slo.name
        );
        return Err(Error::new(ErrorKind::Usage, error).hint("choose another start of the window, or narrower slices"));
    }
    let slices: Vec<SliceNumber> = starts.into_iter().map(|start| grid.slices.number(start)).collect();
    if slices.iter().any(|n| n.rem_euclid(factor) != 0) {
        return Err(cut(slo, &format!("a {}", calendar.noun())));
    }
    Ok(slices)
}

#[cold]
fn cut(slo: &Slo, window: &str) -> Error {
    let error = format!("SLO `{}` counts slices of time, and {window} does not begin and end with one", slo.name);
    Error::new(ErrorKind::Usage, error).hint("choose a time_slice_window that divides the window (and the offset of its zone)")
}
