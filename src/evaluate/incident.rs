//! Incidents: when a budget burned, how much of it, who noticed when, and who spent it.
//!
//! A slice *burns* when its burn rate is above 1. An incident is a run of burning slices and alerts with no gap of more than ten
//! minutes, in which at least one tier fired; an alert stands for the time from its short window before it fired to where it
//! ended. The incident begins with its first burning slice (the onset) and ends with its last.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::alert::Pool;
use super::guard::Guarded;
use super::mode::{Reason, slices_in};
use super::row::{GroupKind, SeriesKey, valid};
use super::series::pooled;
use crate::aggregate::{Counts, Series, attribution};
use crate::error::Result;
use crate::ratio::Ratio;
use crate::slo::policy::Mode;
use crate::time::{Instant, SECONDS_PER_DAY, SliceNumber};

/// Burning slices further apart than this are different incidents, unless an alert spans them.
pub const GAP_SECONDS: i64 = 600;
/// The stretch whose burn is the peak.
pub const PEAK_SECONDS: i64 = 300;
/// What bad events are compared with: so long before the onset.
pub const BASELINE_SECONDS: i64 = 7 * SECONDS_PER_DAY;
/// Spenders that are named for each dimension, at most.
pub const SPENDERS_MAX: usize = 5;
/// Shares of the budget whose crossing is told.
const CROSSINGS: [(u128, &str); 3] = [(20, "20%"), (50, "50%"), (100, "100%")];

/// One incident.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Service, SLO, objective, target, window.
    pub series: Arc<SeriesKey>,
    /// The onset: the start of the first burning slice.
    pub start: Instant,
    /// The end of the last burning slice.
    pub end: Instant,
    /// Whether it may go on: an alert of it fires now.
    pub ongoing: bool,
    /// What was counted from start to end: events.
    pub counts: Counts,
    /// The highest burn rate over five minutes, and when they ended.
    pub peak: (f64, Instant),
    /// The share of the budget of the period at its end that it spent.
    pub budget_spent: Option<f64>,
    /// What was left of the budget at its start.
    pub remaining_before: Option<f64>,
    /// What was left of the budget at its end.
    pub remaining_after: Option<f64>,
    /// Whether it spent more than the policy lets pass without a postmortem.
    pub needs_postmortem: bool,
    /// The alerts of it: tier, severity, when it fired, when it ended, suppressed.
    pub alerts: Vec<Noticed>,
    /// Budget crossings and changes of mode, in time order.
    pub moments: Vec<(Instant, Moment)>,
    /// Who spent it, by dimension: those whose share of bad events rose most, first.
    pub spenders: Vec<Spenders>,
    /// The exclusions that touch it or the period that ends with it, as they are declared; none where none does.
    pub exclusions: Option<Arc<str>>,
}

/// An alert of an incident.
#[derive(Clone, PartialEq, Debug)]
pub struct Noticed {
    /// The tier's name.
    pub tier: String,
    /// `page` or `ticket`.
    pub severity: &'static str,
    /// When it fired.
    pub start: Instant,
    /// When it had ended, or "now".
    pub end: Instant,
    /// Whether a higher tier fired all the while.
    pub suppressed: bool,
}

/// Something that happened to budget or mode.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Moment {
    /// So much of the budget was spent from here on.
    Spent(&'static str),
    /// The policy said something else from here on, and why.
    Mode(Mode, String),
}

/// Who spent the budget, seen through one set of dimensions.
#[derive(Clone, Debug)]
pub struct Spenders {
    /// The dimensions' names.
    pub dimensions: Vec<String>,
    /// Whether the counts are by whole hours, and so hold a little more than the incident.
    pub hourly: bool,
    /// Bad events that are told apart by these dimensions, or what they amount to where they are groups of a weighted SLO.
    pub bad: u64,
    /// The spenders.
    pub list: Vec<Spender>,
}

/// One value, or combination of values, and its share of the bad events.
#[derive(Clone, PartialEq, Debug)]
pub struct Spender {
    /// The values of the dimensions; none at all for the groups beyond the limit.
    pub values: Values,
    /// Bad events.
    pub bad: u64,
    /// Its share of all bad events of the incident, or of what they amount to.
    pub share: f64,
    /// Its share of the bad events of the seven days before; none without bad events there.
    pub share_before: Option<f64>,
}

impl Spender {
    fn rise(&self) -> f64 {
        self.share - self.share_before.unwrap_or(0.0)
    }
}

/// The values of a spender's dimensions; none for the groups beyond the limit.
pub type Values = Option<Vec<Option<Box<[u8]>>>>;

/// A stretch of burning slices and alerts.
struct Cluster {
    first: SliceNumber,
    end: SliceNumber,
    /// The start of the first burning slice, and the end of the last.
    burning: Option<(SliceNumber, SliceNumber)>,
    alerts: Vec<usize>,
}

impl Guarded<'_> {
    /// Every incident, in time order.
    ///
    /// # Errors
    /// Counts beyond the outputs' integers.
    pub fn incidents(&self) -> Result<Vec<Incident>> {
        self.incidents_since(Instant::from_micros(i64::MIN))
    }

    /// The incidents that had not ended at a moment.
    ///
    /// # Errors
    /// Counts beyond the outputs' integers.
    pub fn incidents_since(&self, moment: Instant) -> Result<Vec<Incident>> {
        let mut incidents = Vec::new();
        for cluster in self.clusters() {
            let burning = cluster.burning.filter(|&(_, end)| !cluster.alerts.is_empty() && self.instant(end) > moment);
            if let Some((first, end)) = burning {
                incidents.push(self.incident(first, end, &cluster.alerts)?);
            }
        }
        Ok(incidents)
    }

    fn clusters(&self) -> Vec<Cluster> {
        let (now, scope) = (self.plan.grid.now, &self.entry.scope);
        let target = self.slo().target;
        let burns = |c: &Counts| target.burn(c.bad, c.good + c.bad).is_some_and(|burn| burn > Ratio::ONE);
        let slices = self.pooled.spent.iter().filter(|(n, c)| *n < now && burns(c)).map(|&(n, _)| (n, scope.next_end(n), None));
        let alerts = self
            .alerts
            .iter()
            .enumerate()
            .map(|(i, alert)| (alert.start - self.tiers[alert.tier].evidence(), alert.end, Some(i)));
        let mut all: Vec<(SliceNumber, SliceNumber, Option<usize>)> = slices.chain(alerts).collect();
        all.sort_unstable();
        let gap = GAP_SECONDS / self.plan.grid.slices.width_seconds();
        let mut clusters: Vec<Cluster> = Vec::new();
        for (first, end, alert) in all {
            if clusters.last().is_none_or(|last| first > last.end + gap) {
                clusters.push(Cluster { first, end, burning: None, alerts: Vec::new() });
            }
            let Some(last) = clusters.last_mut() else { continue };
            last.end = last.end.max(end);
            match alert {
                Some(alert) => last.alerts.push(alert),
                None => last.burning = Some((last.burning.map_or(first, |(first, _)| first), end)),
            }
        }
        debug_assert!(clusters.iter().all(|cluster| cluster.first < cluster.end));
        clusters
    }

    fn incident(&self, first: SliceNumber, end: SliceNumber, alerts: &[usize]) -> Result<Incident> {
        let target = self.slo().target;
        let (counts, spent) = (pooled(&self.pooled.counted, first, end)?, pooled(&self.pooled.spent, first, end)?);
        let (before, after) = (self.consumed(first)?, self.consumed(end)?);
        let whole = self.whole(end)?;
        let share = target.burn(spent.bad, whole);
        let threshold = Ratio::new(self.slo().guard.policy.postmortem_above.into(), crate::slo::alerting::PARTS.into());
        let mut noticed: Vec<Noticed> = alerts.iter().map(|&i| self.noticed(i)).collect();
        noticed.sort_by(|a, b| (a.start, a.severity, &a.tier).cmp(&(b.start, b.severity, &b.tier)));
        Ok(Incident {
            series: Arc::clone(self.key()),
            start: self.instant(first),
            end: self.instant(end),
            ongoing: alerts.iter().any(|&i| self.alerts[i].firing),
            counts,
            peak: self.peak(first, end)?,
            budget_spent: share.map(Ratio::to_f64),
            remaining_before: before.map(Ratio::one_minus),
            remaining_after: after.map(Ratio::one_minus),
            needs_postmortem: share.zip(threshold).is_some_and(|(share, threshold)| share > threshold),
            alerts: noticed,
            moments: self.moments(first, end)?,
            spenders: self.spenders(first, end)?,
            exclusions: self.entry.scope.exclusions(first, end),
        })
    }

    fn noticed(&self, alert: usize) -> Noticed {
        let alert = &self.alerts[alert];
        Noticed {
            tier: self.tier_name(alert.tier).to_owned(),
            severity: alert.severity.name(),
            start: self.instant(alert.start),
            end: self.instant(alert.end),
            suppressed: alert.suppressed,
        }
    }

    /// What the budget of the window that ends at `end` is β of.
    fn whole(&self, end: SliceNumber) -> Result<u64> {
        let scope = &self.entry.scope;
        let sum = pooled(&self.pooled.spent, scope.periods.window(end).0, end)?;
        Ok(scope.whole(end).unwrap_or(valid(sum)?))
    }

    /// The share of the budget that is spent at `end`.
    fn consumed(&self, end: SliceNumber) -> Result<Option<Ratio>> {
        let sum = pooled(&self.pooled.spent, self.entry.scope.periods.window(end).0, end)?;
        Ok(self.slo().target.burn(sum.bad, self.whole(end)?))
    }

    fn peak(&self, first: SliceNumber, end: SliceNumber) -> Result<(f64, Instant)> {
        let unit = self.entry.scope.unit();
        let width = (slices_in(PEAK_SECONDS, self.plan.grid.slices) + unit - 1) / unit * unit;
        let mut pool = Pool::new(&self.pooled.spent);
        let mut peak: Option<(Ratio, SliceNumber)> = None;
        for at in self.ends(first, end) {
            pool.move_to(at - width, at)?;
            if let Some(burn) = self.slo().target.burn(pool.sum.bad, pool.sum.good + pool.sum.bad)
                && peak.is_none_or(|(highest, _)| burn > highest)
            {
                peak = Some((burn, at));
            }
        }
        let (burn, at) = peak.unwrap_or((Ratio::ONE, end));
        Ok((burn.to_f64(), self.instant(at)))
    }

    /// The moments after `first`, up to `end`, at which something can change.
    fn ends(&self, first: SliceNumber, end: SliceNumber) -> impl Iterator<Item = SliceNumber> {
        let scope = &self.entry.scope;
        std::iter::successors(Some(scope.next_end(first)), |&at| Some(scope.next_end(at))).take_while(move |&at| at <= end)
    }

    /// What happened to budget and mode from the onset to the end, and to the last alert's.
    fn moments(&self, first: SliceNumber, end: SliceNumber) -> Result<Vec<(Instant, Moment)>> {
        let mut modes = self.modes();
        let mut moments = Vec::new();
        let mut pool = Pool::new(&self.pooled.spent);
        let mut last: Option<(Ratio, Reason)> = None;
        for at in std::iter::once(first).chain(self.ends(first, end)) {
            pool.move_to(self.entry.scope.periods.window(at).0, at)?;
            let whole = self.entry.scope.whole(at).unwrap_or(pool.sum.good + pool.sum.bad);
            let reason = modes.at(at)?;
            let consumed = self.slo().target.burn(pool.sum.bad, whole);
            if let Some(consumed) = consumed {
                let before = last.map(|(consumed, _)| consumed);
                moments.extend(crossed(before, consumed).map(|share| (self.instant(at), Moment::Spent(share))));
            }
            if last.is_some_and(|(_, before)| before.mode() != reason.mode()) {
                moments.push((self.instant(at), Moment::Mode(reason.mode(), self.reason(reason))));
            }
            last = Some((consumed.unwrap_or(Ratio::ZERO), reason));
        }
        Ok(moments)
    }

    /// Groups and attributed values whose share of the bad events rose.
    fn spenders(&self, first: SliceNumber, end: SliceNumber) -> Result<Vec<Spenders>> {
        let mut spenders = Vec::new();
        let dimensions = self.key().dimensions.to_vec();
        if !dimensions.is_empty() {
            let bad = pooled(&self.pooled.amounts, first, end)?.bad;
            let list = self.group_spenders(first, end)?;
            spenders.push(Spenders { dimensions, hourly: false, bad, list });
        }
        for (dimension, values) in self.attributed() {
            spenders.push(self.value_spenders(dimension, values, first, end)?);
        }
        Ok(spenders)
    }

    fn group_spenders(&self, first: SliceNumber, end: SliceNumber) -> Result<Vec<Spender>> {
        let baseline = first - slices_in(BASELINE_SECONDS, self.plan.grid.slices);
        let mut counted = Vec::new();
        for planned in self.entry.series.iter().filter(|planned| planned.key.group_kind != GroupKind::All) {
            let series = self.plan.pooled_of(planned)?.amounts;
            let (bad, before) = (pooled(&series, first, end)?.bad, pooled(&series, baseline, first)?.bad);
            let is_group = planned.key.group_kind == GroupKind::Group;
            counted.push((is_group.then(|| planned.key.group.to_vec()), bad, before));
        }
        Ok(ranked(counted))
    }

    /// The attribution that the counts hold, by dimension.
    fn attributed(&self) -> BTreeMap<String, &BTreeMap<crate::aggregate::Group, Series>> {
        let canonical = self.entry.asked.canonical;
        let held = self.plan.partial.indicators.iter().filter(|(key, _)| key.service == self.entry.service);
        held.filter_map(|(key, counts)| Some((attribution::dimension_of(&key.canonical, canonical)?.to_owned(), &counts.groups)))
            .collect()
    }

    /// Attribution is by the hour: the hours that the incident touches, and those of the seven days before.
    fn value_spenders(
        &self,
        dimension: String,
        values: &BTreeMap<crate::aggregate::Group, Series>,
        first: SliceNumber,
        end: SliceNumber,
    ) -> Result<Spenders> {
        let slices = self.plan.partial.slices;
        let hour = attribution::hour_slices(slices);
        let number = |at: SliceNumber| slices.number(self.instant(at));
        let from = number(first).div_euclid(hour) * hour;
        let to = (number(end) + hour - 1).div_euclid(hour) * hour;
        let baseline = from - slices_in(BASELINE_SECONDS, slices);
        let mut counted = Vec::new();
        for (value, series) in values {
            counted.push((Some(value.to_vec()), pooled(series, from, to)?.bad, pooled(series, baseline, from)?.bad));
        }
        let bad = counted.iter().fold(0_u64, |sum, (_, bad, _)| sum.saturating_add(*bad));
        Ok(Spenders { dimensions: vec![dimension], hourly: true, bad, list: ranked(counted) })
    }
}

/// The values with the share of bad events that rose, most first.
fn ranked(counted: Vec<(Values, u64, u64)>) -> Vec<Spender> {
    let (all, all_before) =
        counted.iter().fold((0_u64, 0_u64), |sum, (_, bad, before)| (sum.0.saturating_add(*bad), sum.1.saturating_add(*before)));
    let share = |part: u64, whole: u64| Ratio::new(part.into(), whole.into()).map(Ratio::to_f64);
    let spender = |(values, bad, before): (Values, u64, u64)| {
        Some(Spender { values, bad, share: share(bad, all)?, share_before: share(before, all_before) })
    };
    let mut list: Vec<Spender> = counted.into_iter().filter(|(_, bad, _)| *bad > 0).filter_map(spender).collect();
    list.sort_by(|a, b| b.rise().total_cmp(&a.rise()).then_with(|| b.bad.cmp(&a.bad)).then_with(|| a.values.cmp(&b.values)));
    list.truncate(SPENDERS_MAX);
    list
}

/// The shares of the budget that lie above `before` and not above `now`.
fn crossed(before: Option<Ratio>, now: Ratio) -> impl Iterator<Item = &'static str> {
    let is_crossed = move |percent: u128| {
        let share = Ratio::new(percent, 100).unwrap_or(Ratio::ONE);
        before.is_some_and(|before| before < share) && now >= share
    };
    CROSSINGS.into_iter().filter(move |(percent, _)| is_crossed(*percent)).map(|(_, name)| name)
}
