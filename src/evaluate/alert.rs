//! Burn-rate alerts in event time: which tier would have fired when, as an evaluator at the end of every slice would have said.
//!
//! ```text
//! for each slice end t:                       (of slices of time, where the budget is counted in those)
//!     for each tier:  fires = burn(t − long, t) > factor  and  burn(t − short, t) > factor
//!                     a page with few bad events is a ticket
//!     the highest that fires is heard; the others are suppressed
//! ```
//! Burn rates are compared as fractions of whole numbers. A window that begins before the first event holds what there is. Stretches
//! in which no window holds a bad event are skipped, so that one event dated wrongly does not cost decades of slices.

use super::scope::next_end;
use super::series::{add, pooled};
use crate::aggregate::{Counts, Series};
use crate::error::Result;
use crate::ratio::{Ratio, Target};
use crate::slo::Slo;
use crate::slo::alerting::{Severity, Tier, default_tiers};
use crate::time::{Length, SliceNumber, Slices};

/// What alerts are evaluated over: one series of one SLO.
#[derive(Clone, Copy)]
pub struct Burning<'a> {
    /// The grid.
    pub slices: Slices,
    /// The first slice that has not happened.
    pub now: SliceNumber,
    /// The target.
    pub target: Target,
    /// What the budget is counted in, by slice.
    pub spent: &'a Series,
    /// Events, by slice; the same where the budget is counted in them.
    pub counted: &'a Series,
    /// Slices in what the budget is counted in: nothing is known of one before its end.
    pub unit: i64,
    /// The first slice of the compliance period of what ends at a slice.
    pub window_first: &'a dyn Fn(SliceNumber) -> SliceNumber,
    /// What the budget of that period is β of, given what it has so far.
    pub whole: &'a dyn Fn(SliceNumber, Counts) -> u64,
}

impl Burning<'_> {
    fn next_end(&self, slice: SliceNumber) -> SliceNumber {
        next_end(slice, self.unit, self.now)
    }
}

/// A tier on the grid of an evaluation.
#[derive(Clone, Debug)]
pub struct Armed {
    /// The tier.
    pub tier: Tier,
    /// The burn rate that its threshold is.
    pub factor: Ratio,
    long: i64,
    short: Option<i64>,
    after: i64,
}

impl Armed {
    /// Slices of its long window.
    pub fn long_slices(&self) -> i64 {
        self.long
    }

    /// Slices before it fired in which what made it fire still went on: its short window.
    pub fn evidence(&self) -> i64 {
        self.short.unwrap_or(self.long)
    }
}

/// A stretch in which one tier fired at one severity.
#[derive(Clone, PartialEq, Debug)]
pub struct Alert {
    /// Which tier, by its place among those evaluated.
    pub tier: usize,
    /// Whom it reached: that of the tier, or a ticket in place of a page.
    pub severity: Severity,
    /// Whether a page became a ticket, because there were few bad events.
    pub downgraded: bool,
    /// Whether a higher tier fired all the while, so that nobody heard of this one.
    pub suppressed: bool,
    /// The slice that begins where it first fired: an evaluator said so at the start of it.
    pub start: SliceNumber,
    /// The slice that begins where it had ended, or "now".
    pub end: SliceNumber,
    /// Whether it fires now.
    pub firing: bool,
    /// The highest burn rate of its long window.
    pub peak_burn: f64,
    /// The largest share of the whole period's budget, by traffic, that its long window held.
    pub peak_budget_share: f64,
    /// What was counted from the beginning of the long window that made it fire to its end: events.
    pub counts: Counts,
    /// The share of the budget of the period at its end that was spent in that stretch.
    pub budget_spent: Option<f64>,
}

/// The tiers of an SLO on a grid, highest first, and what has to be said about them. The budget is counted in `unit` slices each.
pub fn arm(slo: &Slo, period_seconds: i64, slices: Slices, unit: i64) -> (Vec<Armed>, Vec<String>) {
    let (mut armed, mut notes) = (Vec::new(), Vec::new());
    let tiers = slo.guard.tiers.clone().unwrap_or_else(default_tiers);
    for tier in tiers {
        let factor = tier.factor(period_seconds);
        if !tier.is_reachable(slo.target, period_seconds) {
            let most = slo.target.burn_rate(1, 1).unwrap_or_default();
            notes.push(format!(
                "the tier `{}` is left out: it asks for a burn {} {}, and at {} no burn exceeds {most}",
                tier.name,
                tier.relation(),
                factor.to_f64(),
                slo.target
            ));
            continue;
        }
        let width = slices.width_seconds() * unit;
        let whole = |length: &Length| (length.seconds() + width - 1) / width * unit;
        let off = [Some(&tier.long), tier.short.as_ref()].into_iter().flatten().find(|l| l.seconds() % width != 0);
        if let Some(length) = off {
            notes.push(format!("the tier `{}`: its window of {length} is rounded up to whole slices of {width} s", tier.name));
        }
        let (long, short) = (whole(&tier.long), tier.short.as_ref().map(whole));
        let after = tier.after.as_ref().map_or(0, whole);
        armed.push(Armed { factor, long, short, after, tier });
    }
    // The highest first: by severity, then by how fast a burn it asks for.
    armed.sort_by(|a, b| a.tier.severity.cmp(&b.tier.severity).then(b.factor.cmp(&a.factor)));
    (armed, notes)
}

/// Every stretch in which a tier fired, by start, then as the tiers stand.
///
/// # Errors
/// Counts beyond the outputs' integers.
pub fn alerts(burning: &Burning, tiers: &[Armed]) -> Result<Vec<Alert>> {
    let mut watches: Vec<Watch> = tiers.iter().map(|armed| Watch::new(armed, burning)).collect();
    let mut period = Pool::new(burning.spent);
    let mut found = Vec::new();
    let mut next = burning.spent.first().map(|&(slice, _)| burning.next_end(slice));
    while let Some(end) = next.filter(|&end| end <= burning.now) {
        watches.iter_mut().try_for_each(|watch| watch.move_to(end))?;
        period.move_to((burning.window_first)(end), end)?;
        judge(&mut watches, burning, end, (burning.whole)(end, period.sum), &mut found)?;
        next = following(&watches, burning, end);
    }
    for (tier, watch) in watches.iter_mut().enumerate() {
        let firing = next.is_some_and(|end| end > burning.now);
        found.extend(watch.close(tier, burning, burning.now, firing)?);
    }
    found.sort_by_key(|alert: &Alert| (alert.start, alert.tier));
    Ok(found)
}

/// The next slice end at which something can change: while no window holds a bad event, that of the next bad one.
fn following(watches: &[Watch], burning: &Burning, end: SliceNumber) -> Option<SliceNumber> {
    if watches.iter().any(|watch| watch.long.sum.bad > 0 || watch.open.is_some()) {
        return Some(burning.next_end(end));
    }
    let at = burning.spent.partition_point(|&(slice, _)| slice < end);
    burning.spent[at..].iter().find(|(_, counts)| counts.bad > 0).map(|&(slice, _)| burning.next_end(slice))
}

/// What all tiers say at one slice end.
fn judge(watches: &mut [Watch], burning: &Burning, end: SliceNumber, whole: u64, found: &mut Vec<Alert>) -> Result<()> {
    watches.iter_mut().for_each(|watch| watch.said = watch.severity(burning.target, end));
    let heard = watches.iter().enumerate().filter_map(|(tier, watch)| Some((watch.said?, tier))).min();
    for (tier, watch) in watches.iter_mut().enumerate() {
        let severity = watch.said;
        if watch.open.as_ref().is_some_and(|open| Some(open.severity) != severity) {
            found.extend(watch.close(tier, burning, end, false)?);
        }
        if let Some(severity) = severity {
            watch.fire(severity, heard.is_some_and(|(_, first)| first == tier), burning.target, end, whole);
        }
    }
    Ok(())
}

/// One tier while time goes on.
struct Watch<'a> {
    armed: &'a Armed,
    long: Pool<'a>,
    short: Option<Pool<'a>>,
    /// Events of the long window, to tell few from many.
    events: Pool<'a>,
    /// Since when its condition has held.
    since: Option<SliceNumber>,
    /// What it says at the slice end that is looked at.
    said: Option<Severity>,
    open: Option<Open>,
}

/// An alert that has not ended.
struct Open {
    severity: Severity,
    start: SliceNumber,
    heard: bool,
    peak: Ratio,
    peak_share: Ratio,
}

impl<'a> Watch<'a> {
    fn new(armed: &'a Armed, burning: &Burning<'a>) -> Self {
        let short = armed.short.map(|_| Pool::new(burning.spent));
        Watch {
            armed,
            long: Pool::new(burning.spent),
            short,
            events: Pool::new(burning.counted),
            since: None,
            said: None,
            open: None,
        }
    }

    fn move_to(&mut self, end: SliceNumber) -> Result<()> {
        self.long.move_to(end - self.armed.long, end)?;
        self.events.move_to(end - self.armed.long, end)?;
        match (&mut self.short, self.armed.short) {
            (Some(short), Some(slices)) => short.move_to(end - slices, end),
            _ => Ok(()),
        }
    }

    /// Whom it reaches at this slice end; none where it does not fire.
    fn severity(&mut self, target: Target, end: SliceNumber) -> Option<Severity> {
        let holds = self.exceeds(&self.long.sum, target) && self.short.as_ref().is_none_or(|s| self.exceeds(&s.sum, target));
        self.since = if holds { self.since.or(Some(end)) } else { None };
        let since = self.since.filter(|since| end - since >= self.armed.after);
        let few = self.events.sum.bad <= self.armed.tier.bad_above;
        since.map(|_| if few { Severity::Ticket } else { self.armed.tier.severity })
    }

    fn exceeds(&self, sum: &Counts, target: Target) -> bool {
        let armed = self.armed;
        target.burn(sum.bad, sum.good + sum.bad).is_some_and(|burn| armed.tier.is_fired_by(burn, armed.factor))
    }

    fn fire(&mut self, severity: Severity, heard: bool, target: Target, end: SliceNumber, whole: u64) {
        let long = self.long.sum;
        // What fires has a burn. A period without valid events, one that has just begun, has no budget that it could be a share of.
        let burn = target.burn(long.bad, long.good + long.bad).unwrap_or(Ratio::ZERO);
        let share = target.burn(long.bad, whole).unwrap_or(Ratio::ZERO);
        let open = self.open.get_or_insert(Open { severity, start: end, heard: false, peak: burn, peak_share: share });
        open.heard |= heard;
        open.peak = open.peak.max(burn);
        open.peak_share = open.peak_share.max(share);
    }

    fn close(&mut self, tier: usize, burning: &Burning, end: SliceNumber, firing: bool) -> Result<Option<Alert>> {
        let Some(open) = self.open.take() else { return Ok(None) };
        let first = open.start - self.armed.long;
        let (counts, spent) = (pooled(burning.counted, first, end)?, pooled(burning.spent, first, end)?);
        let period = pooled(burning.spent, (burning.window_first)(end), end)?;
        Ok(Some(Alert {
            tier,
            severity: open.severity,
            downgraded: open.severity != self.armed.tier.severity,
            suppressed: !open.heard,
            start: open.start,
            end,
            firing,
            peak_burn: open.peak.to_f64(),
            peak_budget_share: open.peak_share.to_f64(),
            counts,
            budget_spent: burning.target.consumed(spent.bad, (burning.whole)(end, period)),
        }))
    }
}

/// The sum of a stretch that only moves forward.
pub(super) struct Pool<'a> {
    series: &'a Series,
    low: usize,
    high: usize,
    /// The sum.
    pub sum: Counts,
}

impl<'a> Pool<'a> {
    pub fn new(series: &'a Series) -> Self {
        Pool { series, low: 0, high: 0, sum: Counts::default() }
    }

    /// Moves on to the slices `first..end`; neither is before where it was.
    pub fn move_to(&mut self, first: SliceNumber, end: SliceNumber) -> Result<()> {
        while let Some(&(slice, counts)) = self.series.get(self.high)
            && slice < end
        {
            add(&mut self.sum, counts)?;
            self.high += 1;
        }
        while let Some(&(slice, counts)) = self.series[..self.high].get(self.low)
            && slice < first
        {
            // Every count here was added before, so the differences are not negative.
            self.sum.events -= counts.events;
            self.sum.good -= counts.good;
            self.sum.bad -= counts.bad;
            self.sum.unknown -= counts.unknown;
            self.low += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
