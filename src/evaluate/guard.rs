//! What watches over the SLOs of a plan: their alerts and modes, from the roll-up of each.

use std::sync::Arc;

use super::alert::{self, Alert, Armed, Burning};
use super::excluded::Excluded;
use super::mode::{self, Modes, Reason, Watched};
use super::plan::{Entry, Plan, Pooled};
use super::row::SeriesKey;
use super::window::gallop;
use crate::aggregate::Counts;
use crate::error::Result;
use crate::slo::Slo;
use crate::slo::alerting::Severity;
use crate::slo::policy::Mode;
use crate::time::{Instant, Length, SliceNumber};

/// The history of modes is looked at over so many windows before now.
const HISTORY_WINDOWS: i64 = 2;

/// One SLO, watched: its tiers and every stretch in which one fired.
#[derive(Debug)]
pub struct Guarded<'p> {
    pub(super) plan: &'p Plan<'p>,
    pub(super) entry: &'p Entry<'p>,
    pub(super) pooled: Pooled<'p>,
    /// The tiers that can fire, highest first.
    pub tiers: Vec<Armed>,
    /// What has to be said about the tiers.
    pub notes: Vec<String>,
    /// Every stretch in which a tier fired, by start.
    pub alerts: Vec<Alert>,
}

/// A mode, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stance {
    /// The mode.
    pub mode: Mode,
    /// Why.
    pub reason: String,
    /// What the team does now, in the words of its policy.
    pub words: String,
    /// Since when the mode holds; none: as far back as was looked.
    pub since: Option<Instant>,
}

impl<'p> Plan<'p> {
    /// Every SLO of every service with its alerts, over the first of its windows, in the order of the plan.
    ///
    /// # Errors
    /// Counts beyond the outputs' integers.
    pub fn guarded(&'p self) -> Result<Vec<Guarded<'p>>> {
        self.entries.iter().filter(|entry| entry.is_first_window()).map(|entry| self.guard(entry)).collect()
    }

    pub(super) fn guard(&'p self, entry: &'p Entry<'p>) -> Result<Guarded<'p>> {
        let pooled = self.pooled_of(&entry.series[0])?;
        let (tiers, notes) = alert::arm(entry.asked.slo, entry.scope.period_seconds(), self.grid.slices, entry.scope.unit());
        let mut guarded = Guarded { plan: self, entry, pooled, tiers, notes, alerts: Vec::new() };
        guarded.alerts = guarded.evaluate()?;
        Ok(guarded)
    }
}

impl Guarded<'_> {
    /// The SLO.
    pub fn slo(&self) -> &Slo {
        self.entry.asked.slo
    }

    /// What is excluded from what is evaluated.
    pub fn excluded(&self) -> &[Excluded] {
        &self.entry.scope.excluded
    }

    /// The roll-up's key: service, SLO, objective, target, window.
    pub fn key(&self) -> &Arc<SeriesKey> {
        &self.entry.series[0].key
    }

    /// "Now".
    pub fn now(&self) -> Instant {
        self.instant(self.plan.grid.now)
    }

    /// Where a slice begins.
    pub fn instant(&self, slice: SliceNumber) -> Instant {
        self.plan.grid.slices.start(slice)
    }

    /// The length of the compliance period that is under way, in seconds.
    pub fn period_seconds(&self) -> i64 {
        self.entry.scope.period_seconds()
    }

    /// The name of a tier.
    pub fn tier_name(&self, tier: usize) -> &str {
        self.tiers.get(tier).map_or("", |armed| &armed.tier.name)
    }

    /// What the policy says now, why, and since when.
    ///
    /// # Errors
    /// Counts beyond the outputs' integers.
    pub fn stance(&self) -> Result<Stance> {
        let grid = self.plan.grid;
        let first_event = self.pooled.counted.first().map_or(grid.now, |&(n, _)| n);
        let reach = HISTORY_WINDOWS.saturating_mul(self.period_seconds() / grid.slices.width_seconds());
        let scope = &self.entry.scope;
        let mut end = scope.next_end(first_event.max(grid.now.saturating_sub(reach) - 1)).min(grid.now);
        let mut modes = self.modes();
        let (mut said, mut since) = (modes.at(end)?, None);
        while end < grid.now {
            end = scope.next_end(end);
            let next = modes.at(end)?;
            if next.mode() != said.mode() {
                since = Some(end);
            }
            said = next;
        }
        let mode = said.mode();
        let words = self.slo().guard.policy.words(mode).to_owned();
        Ok(Stance { mode, reason: self.reason(said), words, since: since.map(|end| self.instant(end)) })
    }

    /// The modes of the SLO.
    pub(super) fn modes(&self) -> Modes<'_> {
        Modes::new(Watched {
            scope: &self.entry.scope,
            slo: self.slo(),
            spent: &self.pooled.spent,
            counted: &self.pooled.counted,
            alerts: &self.alerts,
        })
    }

    /// A reason in words.
    pub fn reason(&self, reason: Reason) -> String {
        let names: Vec<&str> = self.tiers.iter().map(|armed| armed.tier.name.as_str()).collect();
        mode::reason_text(self.slo(), self.key().window.text(), &names, reason)
    }

    fn evaluate(&self) -> Result<Vec<Alert>> {
        let grid = self.plan.grid;
        let first = |end| self.entry.scope.periods.window(end).0;
        let (slices, now, target) = (grid.slices, grid.now, self.slo().target);
        let (spent, counted) = (&**self.pooled.spent, &**self.pooled.counted);
        let scope = &self.entry.scope;
        let whole = |end, so_far: Counts| scope.whole(end).unwrap_or(so_far.good + so_far.bad);
        let unit = scope.unit();
        let burning = Burning { slices, now, target, spent, counted, unit, window_first: &first, whole: &whole };
        alert::alerts(&burning, &self.tiers)
    }
}

/// One alert as it is written: a row of the alerts table.
#[derive(Clone, Debug)]
pub struct AlertRow {
    /// Service, SLO, objective, target, window.
    pub series: Arc<SeriesKey>,
    /// The tier's name.
    pub tier: String,
    /// Whom it reached.
    pub severity: Severity,
    /// Whether a page became a ticket, because there were few bad events.
    pub downgraded: bool,
    /// Whether a higher tier fired all the while.
    pub suppressed: bool,
    /// Whether it fires now.
    pub firing: bool,
    /// When it began to fire: the end of a slice.
    pub start_time: Instant,
    /// When it had ended, or "now".
    pub end_time: Instant,
    /// Its long window.
    pub long_window: Length,
    /// Its short window.
    pub short_window: Option<Length>,
    /// The burn rate that it asks for.
    pub factor: f64,
    /// The highest burn rate of the long window.
    pub peak_burn_rate: f64,
    /// The share of the budget that a long window at that pace spends, by time: burn × long ÷ period.
    pub peak_budget_share_time: f64,
    /// The largest share of the period's budget that the long window held, by traffic.
    pub peak_budget_share_traffic: f64,
    /// Bad events from the beginning of the long window that made it fire to its end.
    pub bad: u64,
    /// Valid ones.
    pub valid: u64,
    /// The share of the period's budget spent in that stretch.
    pub budget_spent: Option<f64>,
    /// The exclusions that touch the alert or the period that ends with it, as they are declared; none where none does.
    pub exclusions: Option<Arc<str>>,
}

impl Guarded<'_> {
    /// The alerts as rows.
    pub fn rows(&self) -> impl Iterator<Item = AlertRow> {
        self.alerts.iter().map(|alert| self.row(alert))
    }

    fn row(&self, alert: &Alert) -> AlertRow {
        let armed = &self.tiers[alert.tier];
        let long_share = armed.tier.long.seconds() as f64 / self.period_seconds() as f64;
        AlertRow {
            series: Arc::clone(self.key()),
            tier: armed.tier.name.clone(),
            severity: alert.severity,
            downgraded: alert.downgraded,
            suppressed: alert.suppressed,
            firing: alert.firing,
            start_time: self.instant(alert.start),
            end_time: self.instant(alert.end),
            long_window: armed.tier.long.clone(),
            short_window: armed.tier.short.clone(),
            factor: armed.factor.to_f64(),
            peak_burn_rate: alert.peak_burn,
            peak_budget_share_time: alert.peak_burn * long_share,
            peak_budget_share_traffic: alert.peak_budget_share,
            bad: alert.counts.bad,
            valid: alert.counts.good + alert.counts.bad,
            budget_spent: alert.budget_spent,
            exclusions: self.entry.scope.exclusions(alert.start - armed.long_slices(), alert.end),
        }
    }
}

/// The modes at the ends of steps, in time order.
#[derive(Debug, Default)]
pub(super) struct StepModes(Vec<(SliceNumber, Reason)>);

impl StepModes {
    pub fn push(&mut self, end: SliceNumber, reason: Reason) {
        self.0.push((end, reason));
    }

    /// The mode at the end of a step that the roll-up shows too. Searching begins at the `from`th mode, and leaves it at the one found.
    pub fn at(&self, from: &mut usize, end: SliceNumber) -> Option<Reason> {
        *from = gallop(&self.0, *from, end);
        self.0.get(*from).filter(|&&(found, _)| found == end).map(|&(_, reason)| reason)
    }
}
