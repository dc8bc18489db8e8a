//! What a person wants to know of each SLO now: one window, its budget, its recent burn, and who spent it.

use std::sync::Arc;

use super::budget::{Budget, Exhaustion};
use super::excluded::Excluded;
use super::guard::{AlertRow, Guarded, Stance};
use super::incident::Incident;
use super::plan::{Entry, Plan, Planned, Pooled};
use super::row::{GroupKind, SeriesKey, budget_of, excluded, valid};
use super::scope::Scope;
use super::series::pooled;
use super::units::RATIO_PARTS;
use super::warning::{Warning, above_one_percent, far_dated, revisit};
use super::window::{Grid, Step, Timeline};
use crate::aggregate::{Counts, Series};
use crate::error::Result;
use crate::ratio::Target;
use crate::slo::budgeting::Score;
use crate::slo::{Budgeting, Weight, Window};
use crate::time::{Instant, SliceNumber};

/// Buckets of the spark line, at most.
pub const SPARK_BUCKETS_MAX: i64 = 28;
/// Groups listed by budget spent, at most.
pub const WORST_GROUPS_MAX: usize = 5;
/// The stretch whose burn is the present pace.
const BURN_PACE: &str = "1d";
/// Stretches before "now" whose burn is shown: name and seconds.
pub const BURN_STRETCHES: [(&str, i64); 3] = [("1h", 3_600), ("1d", 86_400), ("7d", 7 * 86_400)];

/// The state of one SLO of one service at one moment.
#[derive(Clone, Debug)]
pub struct Report {
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
    /// What the budget is counted in.
    pub budgeting: Budgeting,
    /// What an event counts as; none: as one.
    pub weight: Option<Weight>,
    /// "Now": the end of the window, as far as it is known.
    pub at: Instant,
    /// First instant of the window.
    pub window_start: Instant,
    /// The instant after the window: "now", or the end of the calendar period.
    pub window_end: Instant,
    /// Whether the window begins before the first event.
    pub window_partial: bool,
    /// Share of the window's slices, since the first event, that have events; none without one.
    pub window_coverage: Option<f64>,
    /// The events that were counted in the window.
    pub counts: Tally,
    /// The same in what the budget is counted in.
    pub spent: Tally,
    /// SLI and budget of the window; none where nothing was counted.
    pub budget: Option<Budget>,
    /// How many bad events, or slices, the window allows: floor(β · valid), of a calendar window of slices floor(β · all of them).
    pub allowed_bad: u64,
    /// When the budget will be spent at the pace of the last day; none where that is not known.
    pub exhaustion: Option<Exhaustion>,
    /// What is excluded from the window, with the stretches of it that lie there.
    pub excluded: Vec<Excluded>,
    /// Burn over the last hour, day and week.
    pub burns: Vec<Burn>,
    /// The window since the first event, in equal buckets (the first may be shorter).
    pub spark: Vec<Stretch>,
    /// Groups with bad events in the window, most first.
    pub worst: Vec<GroupReport>,
    /// What the error-budget policy says now.
    pub stance: Stance,
    /// What to know before believing it.
    pub warnings: Vec<Warning>,
}

/// Counts of a stretch of time, with what follows from them.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// Events, whatever their verdict.
    pub events: u64,
    /// Good events.
    pub good: u64,
    /// Bad events.
    pub bad: u64,
    /// Events that could not be judged.
    pub unknown: u64,
    /// Events that are not valid.
    pub excluded: u64,
    /// good + bad.
    pub valid: u64,
}

impl Report {
    /// Bad events, or bad slices, that the window still allows; negative when there were more. None where slices count with their
    /// ratios.
    pub fn remaining_bad(&self) -> Option<i64> {
        (!self.counts_ratios()).then(|| self.allowed_bad as i64 - self.spent.bad as i64)
    }

    /// Whether slices count with their ratios, so that there are no bad ones to count.
    pub fn counts_ratios(&self) -> bool {
        matches!(&self.budgeting, Budgeting::Slices(slicing) if slicing.score == Score::Ratio)
    }

    /// Slices of time that were counted, and how many of them were good, where they are good or bad.
    pub fn slices(&self) -> Option<(u64, Option<u64>)> {
        match &self.budgeting {
            Budgeting::Occurrences => None,
            Budgeting::Slices(_) if self.counts_ratios() => Some((self.spent.valid / RATIO_PARTS, None)),
            Budgeting::Slices(_) => Some((self.spent.valid, Some(self.spent.good))),
        }
    }
}

impl Tally {
    fn of(c: Counts) -> Result<Self> {
        let (events, good, bad, unknown) = (c.events, c.good, c.bad, c.unknown);
        Ok(Tally { events, good, bad, unknown, excluded: excluded(c)?, valid: valid(c)? })
    }
}

/// Burn over a stretch that ends now.
#[derive(Clone, PartialEq, Debug)]
pub struct Burn {
    /// `1h`, `1d` or `7d`.
    pub name: &'static str,
    /// Burn rate, pooled; none without valid events.
    pub rate: Option<f64>,
    /// What it comes from, in what the budget is counted in.
    pub counts: Tally,
    /// Whether the stretch begins before the first event, so that it is not wholly covered.
    pub partial: bool,
}

/// One bucket of the spark line.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Stretch {
    /// First instant.
    pub start: Instant,
    /// The instant after.
    pub end: Instant,
    /// Good events.
    pub good: u64,
    /// Bad events.
    pub bad: u64,
    /// Burn rate; none without valid events.
    pub burn_rate: Option<f64>,
}

/// One group and what it spent.
#[derive(Clone, Debug)]
pub struct GroupReport {
    /// The group.
    pub key: Arc<SeriesKey>,
    /// The events that were counted in the window.
    pub counts: Tally,
    /// The same in what the budget is counted in.
    pub spent: Tally,
    /// The share of the whole SLO's budget that this group consumed.
    pub budget_spent: Option<f64>,
}

/// What happened in the window of a report.
#[derive(Clone, Debug)]
pub struct Told {
    /// Alerts, by start.
    pub alerts: Vec<AlertRow>,
    /// What has to be said about the tiers.
    pub notes: Vec<String>,
    /// Incidents, in time order.
    pub incidents: Vec<Incident>,
}

impl Told {
    /// What had not ended at the start of the window.
    fn of(guarded: &Guarded, window_start: Instant) -> Result<Told> {
        let alerts = guarded.rows().filter(|alert| alert.end_time > window_start).collect();
        let incidents = guarded.incidents_since(window_start)?;
        Ok(Told { alerts, notes: guarded.notes.clone(), incidents })
    }
}

/// What one series amounts to in the window that now ends, or that now is in.
#[derive(Clone, Debug)]
pub struct Share {
    /// The series.
    pub key: Arc<SeriesKey>,
    /// What was counted in the window.
    pub counts: Tally,
    /// First instant of the window.
    pub window_start: Instant,
    /// The instant after it.
    pub window_end: Instant,
    /// What is excluded from the window.
    pub excluded: Arc<[Excluded]>,
}

impl Plan<'_> {
    /// Every series, groups without bad events too, in their order.
    ///
    /// # Errors
    /// Counts beyond the outputs' integers, and damaged counts.
    pub fn shares(&self) -> Result<Vec<Share>> {
        let mut shares = Vec::new();
        for entry in &self.entries {
            let frame = Frame::of(entry);
            let excluded: Arc<[Excluded]> = frame.excluded().into();
            for planned in &entry.series {
                let counts = frame.count_both(&self.pooled_of(planned)?)?;
                let (window_start, window_end) = (frame.instant(frame.window_first), frame.instant(frame.window_end));
                shares.push(Share {
                    key: Arc::clone(&planned.key),
                    counts,
                    window_start,
                    window_end,
                    excluded: Arc::clone(&excluded),
                });
            }
        }
        Ok(shares)
    }

    /// What is excluded from what is evaluated, once for each SLO, by the key of its roll-up.
    pub fn exclusions(&self) -> Vec<(Arc<SeriesKey>, Excluded)> {
        let mut all: Vec<(Arc<SeriesKey>, Excluded)> = Vec::new();
        for entry in &self.entries {
            let key = &entry.series[0].key;
            for excluded in entry.scope.excluded.iter().filter(|excluded| !excluded.stretches.is_empty()) {
                let is_same = |known: &SeriesKey| (&known.service, &known.slo) == (&key.service, &key.slo);
                // Several windows of an SLO reach back differently; the longest one says all of it.
                match all.iter_mut().find(|(known, other)| is_same(known) && other.exclusion == excluded.exclusion) {
                    Some((_, known)) if known.stretches.len() < excluded.stretches.len() => known.clone_from(excluded),
                    Some(_) => {}
                    None => all.push((Arc::clone(key), excluded.clone())),
                }
            }
        }
        all
    }

    /// One report per SLO and service, in their order.
    ///
    /// # Errors
    /// Counts beyond the outputs' integers, and damaged counts.
    pub fn reports(&self) -> Result<Vec<Report>> {
        self.entries.iter().map(|entry| self.report(entry, &self.guard(entry)?)).collect()
    }

    /// The reports, each with the alerts and incidents that reach into its window.
    ///
    /// # Errors
    /// As [`Plan::reports`].
    pub fn told_reports(&self) -> Result<Vec<(Report, Told)>> {
        let one = |entry| {
            let guarded = self.guard(entry)?;
            let report = self.report(entry, &guarded)?;
            let told = Told::of(&guarded, report.window_start)?;
            Ok((report, told))
        };
        self.entries.iter().map(one).collect()
    }

    /// What to know before believing the numbers, with the names of the SLOs, each once. It costs no evaluation.
    ///
    /// # Errors
    /// Counts beyond the outputs' integers, and damaged counts.
    pub fn warnings(&self) -> Result<Vec<(String, Warning)>> {
        let mut all = Vec::new();
        for entry in &self.entries {
            let counts = Frame::of(entry).count(&*self.counted_of(&entry.series[0])?)?;
            for warning in self.warnings_of(entry, counts) {
                let named = (entry.name(), warning);
                if !all.contains(&named) {
                    all.push(named);
                }
            }
        }
        Ok(all)
    }

    pub(super) fn report(&self, entry: &Entry, guarded: &Guarded) -> Result<Report> {
        let slo = entry.asked.slo;
        let frame = Frame::of(entry);
        let counts = frame.count_both(&guarded.pooled)?;
        let all: &Series = &guarded.pooled.spent;
        let spent = frame.count(all)?;
        let (budget, burns) = (frame.budget(spent), frame.burns(all)?);
        Ok(Report {
            service: entry.service.to_owned(),
            slo: slo.name.clone(),
            objective: slo.objective.clone(),
            target: slo.target,
            window: entry.scope.window.clone(),
            budgeting: slo.budgeting.clone(),
            weight: slo.indicator.weight.clone(),
            at: frame.instant(frame.now()),
            window_start: frame.instant(frame.window_first),
            window_end: frame.instant(frame.window_end),
            window_partial: frame.step.is_none_or(|s| s.window_partial),
            window_coverage: frame.step.map(|s| s.coverage()),
            counts,
            spent,
            budget,
            allowed_bad: slo.target.allowed_bad(frame.whole(spent)),
            exhaustion: frame.exhaustion(budget, &burns),
            excluded: frame.excluded(),
            burns,
            spark: frame.spark(all)?,
            worst: self.worst(entry, &frame, spent)?,
            stance: guarded.stance()?,
            warnings: self.warnings_of(entry, counts),
        })
    }

    /// The groups with most bad events in the window; ties in the order of series.
    fn worst(&self, entry: &Entry, frame: &Frame, all: Tally) -> Result<Vec<GroupReport>> {
        let mut groups = self.ranked(entry, frame, all)?;
        groups.truncate(WORST_GROUPS_MAX);
        Ok(groups)
    }

    /// Every group with bad events in the window; those with most first, ties in the order of series.
    pub(super) fn ranked(&self, entry: &Entry, frame: &Frame, all: Tally) -> Result<Vec<GroupReport>> {
        let mut groups = Vec::new();
        for planned in entry.series.iter().filter(|s| s.key.group_kind != GroupKind::All) {
            groups.extend(self.spent(planned, frame, all)?);
        }
        groups.sort_by_key(|g: &GroupReport| std::cmp::Reverse(g.spent.bad));
        Ok(groups)
    }

    fn spent(&self, planned: &Planned, frame: &Frame, all: Tally) -> Result<Option<GroupReport>> {
        let pooled = self.pooled_of(planned)?;
        let (counts, spent) = (frame.count_both(&pooled)?, frame.count(&pooled.spent)?);
        let budget_spent = frame.target.consumed(spent.bad, frame.whole(all));
        let key = Arc::clone(&planned.key);
        Ok((spent.bad > 0).then_some(GroupReport { key, counts, spent, budget_spent }))
    }

    fn warnings_of(&self, entry: &Entry, counts: Tally) -> Vec<Warning> {
        let mut warnings = Vec::new();
        // Every event that is not excluded; of a weighted SLO, `valid` is no number of events.
        let judged = counts.events.saturating_sub(counts.excluded);
        if above_one_percent(counts.unknown, judged) {
            warnings.push(Warning::Unknown { unknown: counts.unknown, judged });
        }
        if entry.asked.slo.indicator.overlooks_no_response() {
            warnings.extend(self.readings.no_response(entry.service));
        }
        warnings.extend(far_dated(self.grid.slices, self.activity(entry.service)));
        if entry.folded > 0 {
            let shown = entry.series.iter().filter(|s| s.key.group_kind == GroupKind::Group).count() as u64;
            warnings.push(Warning::Folded { groups: entry.folded, shown });
        }
        warnings.extend(revisit(&entry.asked.slo.guard.policy, self.grid.slices.start(self.grid.now)));
        if entry.folded_before {
            warnings.push(Warning::FoldedBefore);
        }
        warnings.extend(self.readings.cut_short(entry.service));
        warnings
    }
}

/// The window that ends now, or that now is in.
pub(super) struct Frame<'a> {
    scope: &'a Scope<'a>,
    grid: Grid,
    target: Target,
    window_first: SliceNumber,
    window_end: SliceNumber,
    /// First slice with an event of the service; "now" without one.
    first_event: SliceNumber,
    /// The step that now ends; none without events.
    step: Option<Step>,
}

impl<'a> Frame<'a> {
    pub(super) fn of(entry: &'a Entry<'a>) -> Frame<'a> {
        let (scope, grid) = (&*entry.scope, entry.scope.grid);
        let mut timeline = Timeline::new(scope);
        let (window_first, window_end) = scope.periods.window(grid.now);
        Frame {
            scope,
            grid,
            target: entry.asked.slo.target,
            window_first,
            window_end,
            first_event: scope.first_event.map_or(grid.now, |n| n.min(grid.now)),
            step: timeline.steps().map(|(_, now)| timeline.step(now)),
        }
    }

    fn budget(&self, spent: Tally) -> Option<Budget> {
        let Tally { events, good, bad, unknown, .. } = spent;
        budget_of(self.scope, self.target, &self.step?, Counts { events, good, bad, unknown })
    }

    /// What the budget is β of.
    fn whole(&self, spent: Tally) -> u64 {
        let rule = self.scope.rule.filter(|_| self.scope.budgets_whole_period());
        rule.zip(self.step).map_or(spent.valid, |(rule, step)| step.slices_whole / rule.factor.unsigned_abs())
    }

    fn exhaustion(&self, budget: Option<Budget>, burns: &[Burn]) -> Option<Exhaustion> {
        let rate = burns.iter().find(|burn| burn.name == BURN_PACE)?.rate?;
        let seconds = (self.window_end - self.window_first) * self.grid.slices.width_seconds();
        Some(Exhaustion::of(budget?.remaining, rate, seconds.unsigned_abs()))
    }

    fn excluded(&self) -> Vec<Excluded> {
        let (from, to) = (self.instant(self.window_first), self.instant(self.window_end));
        self.scope.excluded.iter().map(|excluded| excluded.within(from, to)).collect()
    }

    fn now(&self) -> SliceNumber {
        self.grid.now
    }

    fn instant(&self, n: SliceNumber) -> Instant {
        self.grid.slices.start(n)
    }

    /// The events of the window; good and bad ones as what they amount to.
    fn count_both(&self, pooled: &Pooled<'_>) -> Result<Tally> {
        let counted = self.count(&pooled.counted)?;
        let Tally { good, bad, valid, .. } = self.count(&pooled.amounts)?;
        Ok(Tally { good, bad, valid, ..counted })
    }

    fn count(&self, series: &Series) -> Result<Tally> {
        Tally::of(pooled(series, self.window_first, self.now())?)
    }

    /// Burn over the last hour, day and week, each pooled. A stretch that is no whole number of slices is rounded up to one.
    fn burns(&self, series: &Series) -> Result<Vec<Burn>> {
        let burn = |&(name, seconds): &(&'static str, i64)| {
            let slices = (seconds as u64).div_ceil(self.grid.slices.width_seconds() as u64) as i64;
            let first = self.now() - slices;
            let counts = Tally::of(pooled(series, first, self.now())?)?;
            let rate = self.target.burn_rate(counts.bad, counts.valid);
            Ok(Burn { name, rate, counts, partial: first < self.first_event })
        };
        BURN_STRETCHES.iter().map(burn).collect()
    }

    /// The window since the first event in at most [`SPARK_BUCKETS_MAX`] buckets of equal length that end now; the first one
    /// may be shorter.
    fn spark(&self, series: &Series) -> Result<Vec<Stretch>> {
        let first = self.first_event.max(self.window_first);
        let slices = self.now() - first;
        // A bucket that is narrower than a slice of time would often be empty.
        let factor = self.scope.rule.map_or(1, |rule| rule.factor);
        let width = (slices + SPARK_BUCKETS_MAX * factor - 1) / (SPARK_BUCKETS_MAX * factor) * factor;
        let buckets = if width == 0 { 0 } else { (slices + width - 1) / width };
        let bucket = |i: i64| {
            let end = self.now() - i * width;
            let start = (end - width).max(first);
            let counts = Tally::of(pooled(series, start, end)?)?;
            let burn_rate = self.target.burn_rate(counts.bad, counts.valid);
            Ok(Stretch { start: self.instant(start), end: self.instant(end), good: counts.good, bad: counts.bad, burn_rate })
        };
        (0..buckets).rev().map(bucket).collect()
    }
}
