//! Which series there are, in which order, and how each is fed through a machine.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::alert;
use super::group::{Groups, Sources, dimension_name};
use super::guard::StepModes;
use super::mode;
use super::row::{GroupKind, SeriesKey, WindowRow};
use super::series::{self, Closed, SeriesMachine};
use super::window::{self, Activity, Grid, Step, StepNumber, Timeline};
use super::{Asked, Options};
use crate::aggregate::{Group, IndicatorCounts, IndicatorKey, Partial, Series};
use crate::error::{Error, ErrorKind, Result};
use crate::slo::Window;
use crate::time::{SliceNumber, Slices};

/// More rows than this are refused: they would be some 10 GB as text, and nobody reads them.
pub const ROWS_MAX: u64 = 50_000_000;

/// Where rows go.
pub type Sink<'s> = dyn FnMut(WindowRow) -> Result<()> + 's;

/// Where the rows of one series go, each with the slice that its step ends at.
type RowSink<'s> = dyn FnMut(WindowRow, SliceNumber) -> Result<()> + 's;

/// An evaluation that is ready to run. Series come in the order of the SLOs, services by name, `all` first, then groups by
/// key, `other` last.
#[derive(Debug)]
pub struct Plan<'a> {
    pub(super) grid: Grid,
    pub(super) partial: &'a Partial,
    pub(super) entries: Vec<Entry<'a>>,
    keys: Vec<Arc<SeriesKey>>,
    /// Slices of the partial in one slice of the grid.
    pub(super) factor: i64,
    activities: BTreeMap<&'a str, Cow<'a, Activity>>,
    /// First and last step that are shown.
    selected: (StepNumber, StepNumber),
    skip_empty: bool,
}

/// One SLO of one service.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub service: &'a str,
    pub asked: Asked<'a>,
    pub window_slices: i64,
    pub series: Vec<Planned<'a>>,
    pub folded: u64,
    pub folded_before: bool,
}

impl Entry<'_> {
    /// The length of the period that "now" is in, in seconds.
    pub fn period_seconds(&self) -> i64 {
        self.asked.slo.window.period_seconds()
    }

    /// The first slice of the window of what ends at `end`.
    pub fn window_first(&self, _grid: Grid, end: SliceNumber) -> SliceNumber {
        end - self.window_slices
    }
}

/// One series and the counts that are pooled into it.
#[derive(Debug)]
pub(super) struct Planned<'a> {
    pub key: Arc<SeriesKey>,
    sources: Sources<'a>,
}

impl<'a> Plan<'a> {
    /// Plans the evaluation of `asked` over `partial`.
    ///
    /// # Errors
    /// A step, window, slice or "now" off the slice grid; an indicator or dimension that the partial does not hold; event times
    /// beyond the range of the type.
    pub fn new(asked: &[Asked<'a>], partial: &'a Partial, options: &Options) -> Result<Self> {
        check_ranges(partial)?;
        let slices = options.slices.unwrap_or(partial.slices);
        let factor = coarsening(partial.slices, slices)?;
        let activities: BTreeMap<_, _> = partial.activity.iter().map(|(s, a)| (s.as_str(), coarsen(a, factor))).collect();
        let latest = activities.values().filter_map(|a| a.last()).map(|&(n, _)| n).max();
        let at = options.at.unwrap_or_else(|| latest.map_or(crate::time::ANCHOR, |n| slices.end(n)));
        let grid = Grid::new(slices, &options.every, at)?;
        window::check_range(slices, grid.now)?;
        let selected = (
            options.from.map_or(StepNumber::MIN, |t| grid.first_step_from(t)),
            options.to.map_or(StepNumber::MAX, |t| grid.first_step_from(t) - 1),
        );
        let skip_empty = options.skip_empty;
        let (entries, keys) = (Vec::new(), Vec::new());
        let mut plan = Plan { grid, partial, entries, keys, factor, activities, selected, skip_empty };
        for &one in asked {
            for service in plan.services(one) {
                plan.add(one, service, options.groups_max)?;
            }
        }
        Ok(plan)
    }

    /// The series, in their order; [`SeriesKey::number`] is the index.
    pub fn series(&self) -> &[Arc<SeriesKey>] {
        &self.keys
    }

    /// The grid that the evaluation uses; "now" is the start of its slice `now`.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Pushes every row into `sink`: series by series, each in time order.
    ///
    /// # Errors
    /// More than [`ROWS_MAX`] rows (known before the first is pushed), a count beyond the outputs' integers, and what `sink` says.
    pub fn rows(&self, sink: &mut Sink) -> Result<()> {
        if self.rows_at_most() > u128::from(ROWS_MAX) {
            self.check_row_count()?;
        }
        self.entries.iter().try_for_each(|entry| self.run_entry(entry, sink))
    }

    /// The rows of one SLO. Their modes are those of the roll-up, which comes first and has every step that a group has.
    fn run_entry(&self, entry: &Entry<'a>, sink: &mut Sink) -> Result<()> {
        let guarded = self.guard(entry)?;
        let mut modes = StepModes::default();
        let first = |end| entry.window_first(self.grid, end);
        let mut asked = guarded.modes(&first);
        for planned in &entry.series {
            let is_roll_up = planned.key.group_kind == GroupKind::All;
            self.run(entry, planned, &mut |mut row, end| {
                if is_roll_up {
                    modes.push(end, asked.at(end)?);
                }
                row.reason = modes.at(end);
                sink(row)
            })?;
        }
        Ok(())
    }

    fn services(&self, one: Asked<'a>) -> Vec<&'a str> {
        match &one.slo.service {
            Some(service) => vec![service],
            // Without events no service is known; that there is no data must be seen nevertheless.
            None if self.partial.activity.is_empty() => vec![""],
            None => self.partial.activity.keys().map(String::as_str).collect(),
        }
    }

    fn add(&mut self, one: Asked<'a>, service: &'a str, groups_max: usize) -> Result<()> {
        let Window::Rolling(length) = &one.slo.window;
        let what = format!("the window of SLO `{}`", one.slo.name);
        let window_slices = window::whole_slices(self.grid.slices, length, &what)?;
        let groups = match self.counts(one, service)? {
            Some(counts) => Groups::of(&one.slo.indicator, counts, groups_max)?,
            None => Groups::default(),
        };
        let (folded, folded_before) = (groups.folded, groups.folded_before);
        let series = self.plan_series(one, service, groups);
        self.entries.push(Entry { service, asked: one, window_slices, series, folded, folded_before });
        Ok(())
    }

    /// The counts of an SLO; none when its service has no events at all.
    fn counts(&self, one: Asked<'a>, service: &str) -> Result<Option<&'a IndicatorCounts>> {
        let key = IndicatorKey { service: service.to_owned(), canonical: one.canonical.to_owned() };
        let found = self.partial.indicators.get(&key);
        if found.is_none() && self.activity(service).iter().any(|&(_, events)| events > 0) {
            return Err(missing_indicator(one, service));
        }
        Ok(found)
    }

    fn plan_series(&mut self, one: Asked<'a>, service: &str, groups: Groups<'a>) -> Vec<Planned<'a>> {
        let dimensions: Arc<[String]> = one.slo.indicator.group_by.iter().map(|d| dimension_name(d).to_owned()).collect();
        let Window::Rolling(window) = &one.slo.window;
        let (tiers, _) = alert::arm(one.slo, one.slo.window.period_seconds(), self.grid.slices);
        let reasons: Arc<[_]> = mode::reasons(one.slo, window.text(), &tiers).into();
        let mut series = Vec::with_capacity(groups.shown.len() + 2);
        let mut plan = |group_kind, group: Group, sources| {
            let key = Arc::new(SeriesKey {
                number: self.keys.len(),
                service: service.to_owned(),
                slo: one.slo.name.clone(),
                objective: one.slo.objective.clone(),
                target: one.slo.target,
                window: window.clone(),
                group_kind,
                dimensions: Arc::clone(&dimensions),
                group,
                reasons: Arc::clone(&reasons),
            });
            self.keys.push(Arc::clone(&key));
            series.push(Planned { key, sources });
        };
        plan(GroupKind::All, Group::default(), groups.all);
        groups.shown.into_iter().for_each(|(group, sources)| plan(GroupKind::Group, group, sources));
        if !groups.other.is_empty() {
            plan(GroupKind::Other, Group::default(), groups.other);
        }
        series
    }

    /// Slices in which a service has events.
    pub(super) fn activity(&self, service: &str) -> &Activity {
        self.activities.get(service).map_or(&[], |a| a)
    }

    /// The slices of a series: the partial's own where nothing has to be pooled.
    pub(super) fn slices_of(&self, planned: &Planned<'a>) -> Result<Cow<'a, Series>> {
        match planned.sources[..] {
            [one] if self.factor == 1 => Ok(Cow::Borrowed(one)),
            ref many => Ok(Cow::Owned(series::sum(many, self.factor)?)),
        }
    }

    /// Feeds one series through a machine and pushes the rows of the steps that are shown.
    fn run(&self, entry: &Entry<'a>, planned: &Planned<'a>, sink: &mut RowSink) -> Result<()> {
        let mut timeline = Timeline::new(self.grid, entry.window_slices, self.activity(entry.service));
        let Some(steps) = self.steps_shown(&timeline) else { return Ok(()) };
        let slices = self.slices_of(planned)?;
        let mut machine = SeriesMachine::new(entry.window_slices);
        let mut feed = Feed { slices: &slices, next: 0 };
        feed.push_until(&mut machine, steps.first.saturating_mul(self.grid.step_slices))?;
        machine.skip();
        let dense = self.is_dense(planned);
        let mut wanted = steps.first;
        while let Some(number) = steps.next(wanted, dense, feed.step(self.grid)) {
            let step = timeline.step(number);
            feed.push_until(&mut machine, step.end)?;
            let closed = machine.close(&step);
            if dense || closed.step.events > 0 || number == steps.now {
                self.emit(planned, &step, &closed, sink)?;
            }
            wanted = number + 1;
        }
        Ok(())
    }

    fn emit(&self, planned: &Planned<'a>, step: &Step, closed: &Closed, sink: &mut RowSink) -> Result<()> {
        sink(WindowRow::new(&planned.key, self.grid.slices, step, closed)?, step.end)
    }

    fn is_dense(&self, planned: &Planned<'a>) -> bool {
        planned.key.group_kind == GroupKind::All && !self.skip_empty
    }

    fn steps_shown(&self, timeline: &Timeline) -> Option<Steps> {
        let (first, now) = timeline.steps()?;
        let steps = Steps { first: first.max(self.selected.0), last: now.min(self.selected.1), now };
        (steps.first <= steps.last).then_some(steps)
    }

    /// A bound on the rows that costs nothing: every slice of a group could be in a step of its own.
    fn rows_at_most(&self) -> u128 {
        self.count(|planned, steps| {
            let slices: usize = planned.sources.iter().map(|s| s.len()).sum();
            let dense = steps.last.abs_diff(steps.first) + 1;
            Ok(if self.is_dense(planned) { dense } else { dense.min(slices as u64 + 1) })
        })
        .unwrap_or(u128::MAX)
    }

    /// Counts the rows one by one, for the case that the bound is above the limit.
    fn check_row_count(&self) -> Result<()> {
        let rows = self.count(|planned, steps| {
            if self.is_dense(planned) {
                return Ok(steps.last.abs_diff(steps.first) + 1);
            }
            let slices = self.slices_of(planned)?;
            let mut feed = Feed { slices: &slices, next: 0 };
            feed.next = window::gallop(&slices, 0, steps.first.saturating_mul(self.grid.step_slices));
            let (mut rows, mut wanted) = (0, steps.first);
            while let Some(number) = steps.next(wanted, false, feed.step(self.grid)) {
                rows += 1;
                feed.next = window::gallop(&slices, feed.next, (number + 1).saturating_mul(self.grid.step_slices));
                wanted = number + 1;
            }
            Ok(rows)
        })?;
        if rows > u128::from(ROWS_MAX) { Err(too_many_rows(rows)) } else { Ok(()) }
    }

    fn count(&self, rows: impl Fn(&Planned<'a>, Steps) -> Result<u64>) -> Result<u128> {
        let mut sum = 0;
        for entry in &self.entries {
            let timeline = Timeline::new(self.grid, entry.window_slices, self.activity(entry.service));
            let Some(steps) = self.steps_shown(&timeline) else { continue };
            for planned in &entry.series {
                sum += u128::from(rows(planned, steps)?);
            }
        }
        Ok(sum)
    }
}

/// The steps that are shown, and the one that "now" ends.
#[derive(Clone, Copy)]
struct Steps {
    first: StepNumber,
    last: StepNumber,
    now: StepNumber,
}

impl Steps {
    /// The next step to close, not before `wanted`: that one, or else the next with a slice, or else the one of "now".
    fn next(self, wanted: StepNumber, dense: bool, with_slice: Option<StepNumber>) -> Option<StepNumber> {
        let number = if dense { wanted } else { with_slice.map_or(self.now, |s| s.min(self.now)) };
        (wanted <= number && number <= self.last).then_some(number)
    }
}

/// The slices of a series that have not been pushed.
struct Feed<'s> {
    slices: &'s [(SliceNumber, crate::aggregate::Counts)],
    next: usize,
}

impl Feed<'_> {
    fn push_until(&mut self, machine: &mut SeriesMachine, end: SliceNumber) -> Result<()> {
        while let Some(&(slice, counts)) = self.slices.get(self.next)
            && slice < end
        {
            machine.push(slice, counts)?;
            self.next += 1;
        }
        Ok(())
    }

    fn step(&self, grid: Grid) -> Option<StepNumber> {
        self.slices.get(self.next).map(|&(slice, _)| grid.step_of(slice))
    }
}

/// How many slices of the partial make one that is asked for.
fn coarsening(kept: Slices, asked: Slices) -> Result<i64> {
    let (kept, asked) = (kept.width_seconds(), asked.width_seconds());
    if asked % kept == 0 {
        return Ok(asked / kept);
    }
    let error = format!("the counts are kept in slices of {kept} s, which slices of {asked} s are no multiple of");
    Err(Error::new(ErrorKind::Slices, error).hint("choose a multiple, or scan the logs again with the slice you need"))
}

fn coarsen(activity: &Activity, factor: i64) -> Cow<'_, Activity> {
    if factor == 1 {
        return Cow::Borrowed(activity);
    }
    let mut coarse = Vec::<(SliceNumber, u64)>::new();
    for &(slice, events) in activity {
        let slice = slice.div_euclid(factor);
        match coarse.last_mut() {
            // Only whether there are events, and roughly how many, is asked of activity.
            Some((last, sum)) if *last == slice => *sum = sum.saturating_add(events),
            _ => coarse.push((slice, events)),
        }
    }
    Cow::Owned(coarse)
}

/// Every slice number of a partial lies where times can be computed with. The ends suffice: series are sorted.
fn check_ranges(partial: &Partial) -> Result<()> {
    let activity = partial.activity.values().flat_map(|a| a.first().into_iter().chain(a.last())).map(|&(n, _)| n);
    let series = partial.indicators.values().flat_map(|i| i.groups.values().chain([&i.other]));
    let counts = series.flat_map(|s| s.first().into_iter().chain(s.last())).map(|&(n, _)| n);
    activity.chain(counts).try_for_each(|n| window::check_range(partial.slices, n))
}

#[cold]
fn missing_indicator(one: Asked, service: &str) -> Error {
    let of = if service.is_empty() { String::new() } else { format!(" of service `{service}`") };
    let name = &one.slo.name;
    let error = format!("nothing was counted for SLO `{name}`{of}: no input holds its indicator");
    Error::new(ErrorKind::Slices, error).hint(
        "slices hold the indicators of the definition they were written with; a new `valid`, `good` or `routes` needs the logs",
    )
}

#[cold]
fn too_many_rows(rows: u128) -> Error {
    Error::new(ErrorKind::Limit, format!("this asks for {rows} rows, and the limit is {ROWS_MAX}"))
        .hint("ask for fewer: a longer --every, a shorter --from … --to, --skip-empty, or fewer groups")
}

#[cfg(test)]
mod tests;
