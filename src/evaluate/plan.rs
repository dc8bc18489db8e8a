//! Which series there are, in which order, and how each is fed through a machine.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::alert;
use super::group::{Groups, Sources, Weights, dimension_name};
use super::guard::{Guarded, StepModes};
use super::mode;
use super::row::{GroupKind, SeriesKey, Sums, WindowRow};
use super::scope::Scope;
use super::series::{self, Closed, SeriesMachine};
use super::units::Rule;
use super::warning::Readings;
use super::window::{self, Activity, Grid, Step, StepNumber, Timeline};
use super::{Asked, Options};
use crate::aggregate::{Group, IndicatorCounts, IndicatorKey, Partial, Series};
use crate::error::{Error, ErrorKind, Result};
use crate::slo::Window;
use crate::slo::budgeting::{EmptySlices, RollUp, Score};
use crate::slo::weight::weights_of;
use crate::time::{SliceNumber, Slices};

/// More rows than this are refused: they would be some 10 GB as text, and nobody reads them.
pub const ROWS_MAX: u64 = 50_000_000;

/// Where rows go.
pub type Sink<'s> = dyn FnMut(WindowRow) -> Result<()> + 's;

/// Where the rows of one series go, each with the slice that its step ends at.
type RowSink<'s> = dyn FnMut(WindowRow, SliceNumber) -> Result<()> + 's;

/// An evaluation that is ready to run. Series come in the order of the SLOs, services by name, windows as written, `all`
/// first, then groups by key, `other` last.
#[derive(Debug)]
pub struct Plan<'a> {
    pub(super) grid: Grid,
    pub(super) partial: &'a Partial,
    pub(super) entries: Vec<Entry<'a>>,
    keys: Vec<Arc<SeriesKey>>,
    /// Slices of the partial in one slice of the grid.
    pub(super) factor: i64,
    activities: BTreeMap<&'a str, Arc<Cow<'a, Activity>>>,
    pub(super) readings: Readings<'a>,
    /// First and last step that are shown.
    selected: (StepNumber, StepNumber),
    skip_empty: bool,
}

/// One SLO of one service over one of its windows.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub service: &'a str,
    pub asked: Asked<'a>,
    pub scope: Arc<Scope<'a>>,
    pub series: Vec<Planned<'a>>,
    pub folded: u64,
    pub folded_before: bool,
}

impl Entry<'_> {
    /// The SLO's name, behind that of the service.
    pub fn name(&self) -> String {
        self.series[0].key.name()
    }

    /// Whether its window is the one that alerts and gates speak of.
    pub fn is_first_window(&self) -> bool {
        self.asked.slo.windows.first() == Some(self.scope.window)
    }
}

/// One series and the counts that are pooled into it.
#[derive(Debug)]
pub(super) struct Planned<'a> {
    pub key: Arc<SeriesKey>,
    pub scope: Arc<Scope<'a>>,
    sources: Sources<'a>,
    /// The sums of weights, if events do not count alike.
    weights: Option<Sources<'a>>,
    /// Slices of time that are bad whatever is pooled: those of any group, where that is asked for.
    bad: Vec<SliceNumber>,
}

/// The slices of one series: shared by all that is made of them, so that each is pooled once.
#[derive(Clone, Debug)]
pub(super) struct Pooled<'a> {
    /// Events; those that are excluded are not valid.
    pub counted: Rc<Cow<'a, Series>>,
    /// What its good and bad events amount to: their number, or the sum of their weights.
    pub amounts: Rc<Cow<'a, Series>>,
    /// What the budget is counted in: events, weights, or slices of time. Burn rates come from these.
    pub spent: Rc<Cow<'a, Series>>,
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
        let coarse = |(s, a): (&'a String, &'a Vec<_>)| (s.as_str(), Arc::new(coarsen(a, factor)));
        let activities: BTreeMap<_, _> = partial.activity.iter().map(coarse).collect();
        let latest = activities.values().filter_map(|a| a.last()).map(|&(n, _)| n).max();
        let at = options.at.unwrap_or_else(|| latest.map_or(crate::time::ANCHOR, |n| slices.end(n)));
        let grid = Grid::new(slices, &options.every, at)?;
        window::check_range(slices, grid.now)?;
        let selected = (
            options.from.map_or(StepNumber::MIN, |t| grid.first_step_from(t)),
            options.to.map_or(StepNumber::MAX, |t| grid.first_step_from(t) - 1),
        );
        let skip_empty = options.skip_empty;
        let (entries, keys, readings) = (Vec::new(), Vec::new(), Readings::of(&partial.receipts));
        let mut plan = Plan { grid, partial, entries, keys, factor, activities, readings, selected, skip_empty };
        for &one in asked {
            for service in plan.services(one) {
                one.slo.windows.iter().try_for_each(|window| plan.add(one, service, window, options.groups_max))?;
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
        self.entries.iter().try_for_each(|entry| entry.scope.check_step(&entry.asked.slo.name))?;
        self.entries.iter().try_for_each(|entry| self.run_entry(entry, sink))
    }

    /// The rows of the roll-up of one SLO alone.
    pub(super) fn rows_of_all(&self, guarded: &Guarded<'a>, sink: &mut Sink) -> Result<()> {
        guarded.entry.scope.check_step(&guarded.entry.asked.slo.name)?;
        self.run_series(guarded, &guarded.entry.series[..1], sink)
    }

    /// The rows of one SLO.
    fn run_entry(&self, entry: &Entry<'a>, sink: &mut Sink) -> Result<()> {
        self.run_series(&self.guard(entry)?, &entry.series, sink)
    }

    /// The rows of series of one SLO. Their modes are those of the roll-up, which comes first and has every step that a group has.
    fn run_series(&self, guarded: &Guarded<'a>, series: &[Planned<'a>], sink: &mut Sink) -> Result<()> {
        let mut modes = StepModes::default();
        let mut asked = guarded.modes();
        for planned in series {
            let is_roll_up = planned.key.group_kind == GroupKind::All;
            let pooled = if is_roll_up { guarded.pooled.clone() } else { self.pooled_of(planned)? };
            let mut mode = 0;
            self.run(planned, &pooled, &mut |mut row, end| {
                if is_roll_up {
                    modes.push(end, asked.at(end)?);
                }
                row.reason = modes.at(&mut mode, end);
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

    fn add(&mut self, one: Asked<'a>, service: &'a str, window: &'a Window, groups_max: usize) -> Result<()> {
        let scope = Arc::new(Scope::new(self.grid, one.slo, window, self.activities.get(service).cloned().unwrap_or_default())?);
        let groups = match self.counts(one, service, one.canonical)? {
            Some(counts) => Groups::of(&one.slo.indicator, counts, groups_max)?,
            None => Groups::default(),
        };
        let (folded, folded_before) = (groups.folded, groups.folded_before);
        let weights = self.weights(one, service)?;
        let series = self.plan_series(one, service, &scope, groups, weights)?;
        self.entries.push(Entry { service, asked: one, scope, series, folded, folded_before });
        Ok(())
    }

    /// The counts of an SLO; none when its service has no events at all.
    fn counts(&self, one: Asked<'a>, service: &str, canonical: &str) -> Result<Option<&'a IndicatorCounts>> {
        let key = IndicatorKey { service: service.to_owned(), canonical: canonical.to_owned() };
        let found = self.partial.indicators.get(&key);
        if found.is_none() && self.activity(service).iter().any(|&(_, events)| events > 0) {
            return Err(missing_indicator(one, service));
        }
        Ok(found)
    }

    /// The sums of weights of an SLO; none where events count alike.
    fn weights(&self, one: Asked<'a>, service: &str) -> Result<Option<Weights<'a>>> {
        if one.slo.indicator.weight.is_none() {
            return Ok(None);
        }
        let sums = self.counts(one, service, &weights_of(one.canonical))?;
        sums.map(|sums| Weights::of(&one.slo.indicator, sums)).transpose()
    }

    fn plan_series(
        &mut self,
        one: Asked<'a>,
        service: &str,
        scope: &Arc<Scope<'a>>,
        groups: Groups<'a>,
        mut weights: Option<Weights<'a>>,
    ) -> Result<Vec<Planned<'a>>> {
        let dimensions: Arc<[String]> = one.slo.indicator.group_by.iter().map(|d| dimension_name(d).to_owned()).collect();
        let bad = self.bad_of_any(scope, &weights.as_ref().map_or(groups.each, Weights::each))?;
        let (tiers, _) = alert::arm(one.slo, scope.period_seconds(), self.grid.slices, scope.unit());
        let reasons: Arc<[_]> = mode::reasons(one.slo, scope.window.text(), &tiers).into();
        let mut series = Vec::with_capacity(groups.shown.len() + 2);
        let mut plan = |group_kind, group: Group, sources, weights, bad| {
            let key = Arc::new(SeriesKey {
                number: self.keys.len(),
                service: service.to_owned(),
                slo: one.slo.name.clone(),
                objective: one.slo.objective.clone(),
                target: one.slo.target,
                window: scope.window.clone(),
                group_kind,
                dimensions: Arc::clone(&dimensions),
                group,
                reasons: Arc::clone(&reasons),
            });
            self.keys.push(Arc::clone(&key));
            series.push(Planned { key, scope: Arc::clone(scope), sources, weights, bad });
        };
        plan(GroupKind::All, Group::default(), groups.all, weights.as_ref().map(Weights::all), bad);
        for (group, sources) in groups.shown {
            let weights = weights.as_mut().map(|weights| weights.take(&group));
            plan(GroupKind::Group, group, sources, weights, Vec::new());
        }
        if !groups.other.is_empty() {
            plan(GroupKind::Other, Group::default(), groups.other, weights.map(Weights::rest), Vec::new());
        }
        Ok(series)
    }

    /// The slices of time that are bad in any group, ascending; none unless the roll-up asks for them.
    fn bad_of_any(&self, scope: &Scope, groups: &[Sources<'a>]) -> Result<Vec<SliceNumber>> {
        let is_asked = |score| matches!(score, Score::Verdict { roll_up: RollUp::AnyBad, .. });
        let Some(rule) = scope.rule.filter(|rule| is_asked(rule.score)) else { return Ok(Vec::new()) };
        // A group without events fails nobody, whatever silence of the whole service means.
        let rule = Rule { empty: EmptySlices::Ignore, ..rule };
        let mut bad = Vec::new();
        for sources in groups {
            let counted = self.pool(sources, scope)?;
            bad.extend(rule.bad(&rule.judge(&counted, scope.judged(), &[])?));
        }
        bad.sort_unstable();
        bad.dedup();
        Ok(bad)
    }

    /// Slices in which a service has events.
    pub(super) fn activity(&self, service: &str) -> &Activity {
        self.activities.get(service).map_or(&[], |a| a)
    }

    /// The counts of a series by slice, pooled once for everything that asks for them.
    pub(super) fn pooled_of(&self, planned: &Planned<'a>) -> Result<Pooled<'a>> {
        let counted = Rc::new(self.counted_of(planned)?);
        let amounts = match &planned.weights {
            Some(weights) => Rc::new(self.pool(weights, &planned.scope)?),
            None => Rc::clone(&counted),
        };
        let spent = match self.units_of(planned, &amounts)? {
            Some(units) => Rc::new(Cow::Owned(units)),
            None => Rc::clone(&amounts),
        };
        Ok(Pooled { counted, amounts, spent })
    }

    /// The events of a series by slice; those that are excluded are not valid.
    pub(super) fn counted_of(&self, planned: &Planned<'a>) -> Result<Cow<'a, Series>> {
        self.pool(&planned.sources, &planned.scope)
    }

    /// What `amounts` are in slices of time, where the budget is counted in those.
    fn units_of(&self, planned: &Planned<'a>, amounts: &Series) -> Result<Option<Series>> {
        let scope = &planned.scope;
        scope.rule.map(|rule| rule.judge(amounts, scope.judged(), &planned.bad)).transpose()
    }

    /// The sources as one series: the partial's own where nothing has to be pooled or taken out.
    fn pool(&self, sources: &[&'a Series], scope: &Scope) -> Result<Cow<'a, Series>> {
        let mut pooled = match *sources {
            [one] if self.factor == 1 => Cow::Borrowed(one),
            ref many => Cow::Owned(series::sum(many, self.factor)?),
        };
        if !scope.mask.is_empty() {
            scope.mask.apply(pooled.to_mut());
        }
        Ok(pooled)
    }

    /// Feeds one series through machines and pushes the rows of the steps that are shown.
    fn run(&self, planned: &Planned<'a>, pooled: &Pooled<'a>, sink: &mut RowSink) -> Result<()> {
        let scope = &*planned.scope;
        let mut timeline = Timeline::new(scope);
        let Some(steps) = self.steps_shown(&timeline) else { return Ok(()) };
        let mut events = Lane::new(&pooled.counted, scope);
        let mut weights = planned.weights.as_ref().map(|_| Lane::new(&pooled.amounts, scope));
        let mut units = scope.rule.map(|_| Lane::new(&pooled.spent, scope));
        let begin = steps.first.saturating_mul(self.grid.step_slices);
        let lanes = [Some(&mut events), weights.as_mut(), units.as_mut()];
        lanes.into_iter().flatten().try_for_each(|lane| lane.skip_until(begin))?;
        let dense = self.is_dense(planned);
        let mut wanted = steps.first;
        while let Some(number) = steps.next(wanted, dense, events.feed.step(self.grid)) {
            let step = timeline.step(number);
            let counted = events.close(&step)?;
            let amounts = weights.as_mut().map_or(Ok(counted), |lane| lane.close(&step))?;
            let spent = units.as_mut().map_or(Ok(amounts), |lane| lane.close(&step))?;
            if dense || counted.step.events > 0 || number == steps.now {
                sink(WindowRow::new(&planned.key, scope, &step, &Sums { counted, amounts, spent })?, step.end)?;
            }
            wanted = number + 1;
        }
        Ok(())
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
    pub fn rows_at_most(&self) -> u128 {
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
            let slices = self.counted_of(planned)?;
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
            let timeline = Timeline::new(&entry.scope);
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

/// A series and the machine that it is fed to.
struct Lane<'s> {
    feed: Feed<'s>,
    machine: SeriesMachine,
}

impl<'s> Lane<'s> {
    fn new(slices: &'s Series, scope: &Scope) -> Self {
        Lane { feed: Feed { slices, next: 0 }, machine: SeriesMachine::new(scope.periods.reach()) }
    }

    /// Takes what comes before `end` into windows, but not into a step.
    fn skip_until(&mut self, end: SliceNumber) -> Result<()> {
        self.feed.push_until(&mut self.machine, end)?;
        self.machine.skip();
        Ok(())
    }

    fn close(&mut self, step: &Step) -> Result<Closed> {
        // Empty slices of time that count may lie in steps that have no row.
        self.skip_until(step.first)?;
        self.feed.push_until(&mut self.machine, step.end)?;
        Ok(self.machine.close(step))
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
mod incidents;
#[cfg(test)]
mod methods;
#[cfg(test)]
mod modes;
#[cfg(test)]
mod practice;
#[cfg(test)]
mod tests;
