//! What the error-budget policy says at the end of a slice, and why.

use super::alert::{Alert, Armed, Pool};
use super::scope::Scope;
use super::window::gallop;
use crate::aggregate::Series;
use crate::error::Result;
use crate::ratio::{Ratio, Target};
use crate::slo::Slo;
use crate::slo::alerting::PARTS;
use crate::slo::policy::{Mode, Policy};
use crate::time::{SECONDS_PER_DAY, SliceNumber, Slices};

/// What [`Policy`] looks at.
pub struct Watched<'a> {
    /// The time that it is evaluated in.
    pub scope: &'a Scope<'a>,
    /// The SLO.
    pub slo: &'a Slo,
    /// What the budget is counted in, by slice.
    pub spent: &'a Series,
    /// Events, by slice.
    pub counted: &'a Series,
    /// Every stretch in which a tier fired.
    pub alerts: &'a [Alert],
}

/// Why a mode is what it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// Nothing speaks against it.
    Fine,
    /// Less is left than the policy freezes at.
    Spent,
    /// Little is left.
    Low,
    /// An alert fires: the place of its tier.
    Alert(usize),
    /// The burn over seven days is too high.
    Burn,
    /// Too many events are unknown.
    Unknown,
    /// There are no valid events.
    Nothing,
    /// Too few slices have events.
    Coverage,
}

impl Reason {
    /// The mode that it is a reason for.
    pub fn mode(self) -> Mode {
        match self {
            Reason::Fine => Mode::Ship,
            Reason::Spent => Mode::Freeze,
            Reason::Nothing | Reason::Coverage => Mode::NoData,
            Reason::Low | Reason::Alert(_) | Reason::Burn | Reason::Unknown => Mode::Caution,
        }
    }
}

/// Says the modes of one SLO, in time order. It costs O(1) amortised a slice.
pub struct Modes<'a> {
    watched: Watched<'a>,
    window: Pool<'a>,
    events: Pool<'a>,
    week: Pool<'a>,
    week_slices: i64,
    /// Indices of the first active slice of the window, and after its last.
    active: (usize, usize),
    /// Alerts that have started, and of those the ones that had not ended when last asked.
    started: usize,
    open: Vec<usize>,
}

impl<'a> Modes<'a> {
    /// Nothing asked yet. The alerts are in order of their start.
    pub fn new(watched: Watched<'a>) -> Self {
        let week_slices = slices_in(7 * SECONDS_PER_DAY, watched.scope.grid.slices);
        let (spent, counted) = (watched.spent, watched.counted);
        let (window, events, week) = (Pool::new(spent), Pool::new(counted), Pool::new(spent));
        Modes { watched, window, events, week, week_slices, active: (0, 0), started: 0, open: Vec::new() }
    }

    /// The mode at slice end `end`, which is not before the one asked last.
    ///
    /// # Errors
    /// Counts beyond the outputs' integers.
    pub fn at(&mut self, end: SliceNumber) -> Result<Reason> {
        let (first, _) = self.watched.scope.periods.window(end);
        self.window.move_to(first, end)?;
        self.events.move_to(first, end)?;
        self.week.move_to(end - self.week_slices, end)?;
        let alert = self.highest_alert(end);
        let covered = self.coverage(first, end);
        let (policy, target) = (&self.watched.slo.guard.policy, self.watched.slo.target);
        let (window, events, week) = (self.window.sum, self.events.sum, self.week.sum);
        let valid = window.good + window.bad;
        let whole = self.watched.scope.whole(end).unwrap_or(valid);
        let floor = policy.coverage_floor.filter(|&floor| is_below(covered, floor));
        let Some(consumed) = target.burn(window.bad, whole).filter(|_| valid > 0) else {
            return Ok(Reason::Nothing);
        };
        if floor.is_some() {
            return Ok(Reason::Coverage);
        }
        // Less is left than f ⇔ more is spent than 1 − f.
        if consumed > share(PARTS - policy.freeze_below) {
            return Ok(Reason::Spent);
        }
        let judged = events.good + events.bad + events.unknown;
        let unknown = Ratio::new(events.unknown.into(), judged.into());
        Ok(caution(policy, target, consumed, alert, (week.bad, week.good + week.bad), unknown))
    }

    /// The tier of the highest alert that fires at `end`.
    fn highest_alert(&mut self, end: SliceNumber) -> Option<usize> {
        let alerts = self.watched.alerts;
        while alerts.get(self.started).is_some_and(|alert| alert.start <= end) {
            self.open.push(self.started);
            self.started += 1;
        }
        self.open.retain(|&i| alerts[i].end > end || alerts[i].firing);
        self.open.iter().map(|&i| (alerts[i].severity, alerts[i].tier)).min().map(|(_, tier)| tier)
    }

    /// Slices with events, and slices from the first event on, of the window.
    fn coverage(&mut self, first: SliceNumber, end: SliceNumber) -> (u64, u64) {
        let scope = self.watched.scope;
        let activity = &scope.activity;
        let low = gallop(activity, self.active.0, first);
        let high = gallop(activity, self.active.1.max(low), end);
        self.active = (low, high);
        let first_event = scope.first_event.unwrap_or(end);
        ((high - low) as u64, scope.slices_counted(first.max(first_event), end))
    }
}

fn caution(
    policy: &Policy,
    target: Target,
    consumed: Ratio,
    alert: Option<usize>,
    week: (u64, u64),
    unknown: Option<Ratio>,
) -> Reason {
    let is_low = policy.caution_remaining.is_some_and(|left| consumed >= share(PARTS - left));
    let burns = policy.caution_burn.zip(target.burn(week.0, week.1)).is_some_and(|(most, burn)| burn > share(most));
    let is_unknown = policy.caution_unknown.zip(unknown).is_some_and(|(most, unknown)| unknown > share(most));
    match alert.filter(|_| policy.caution_alerts) {
        _ if is_low => Reason::Low,
        Some(tier) => Reason::Alert(tier),
        None if burns => Reason::Burn,
        None if is_unknown => Reason::Unknown,
        None => Reason::Fine,
    }
}

/// How many slices hold so many seconds.
pub fn slices_in(seconds: i64, slices: Slices) -> i64 {
    (seconds + slices.width_seconds() - 1) / slices.width_seconds()
}

/// Billionths as a fraction.
fn share(parts: u64) -> Ratio {
    Ratio::new(parts.into(), PARTS.into()).unwrap_or(Ratio::ONE)
}

fn is_below((part, whole): (u64, u64), floor: u64) -> bool {
    Ratio::new(part.into(), whole.into()).is_none_or(|covered| covered < share(floor))
}

/// Why, in words. `window` is the window as it is written, `tiers` are the names of those evaluated.
pub fn reason_text(slo: &Slo, window: &str, tiers: &[&str], reason: Reason) -> String {
    let policy = &slo.guard.policy;
    match reason {
        Reason::Fine => "the target is met, and nothing burns too fast".to_owned(),
        Reason::Spent if policy.freeze_below == 0 => format!("{} is not met over {window}", slo.target),
        Reason::Spent => format!("less than {} of the budget is left", percent(policy.freeze_below)),
        Reason::Low => format!("{} of the budget or less is left", percent(policy.caution_remaining.unwrap_or_default())),
        Reason::Alert(tier) => format!("the alert {} fires", tiers.get(tier).copied().unwrap_or_default()),
        Reason::Burn => format!("the burn over 7d is above {}", number(policy.caution_burn.unwrap_or_default())),
        Reason::Unknown => format!("more than {} of the events are unknown", percent(policy.caution_unknown.unwrap_or_default())),
        Reason::Nothing => format!("there are no valid events in {window}"),
        Reason::Coverage => {
            format!("fewer than {} of the slices have events", percent(policy.coverage_floor.unwrap_or_default()))
        }
    }
}

/// Every reason that the policy of an SLO can give, in words, followed by what the policy itself says of the mode.
pub fn reasons(slo: &Slo, window: &str, tiers: &[Armed]) -> Vec<(Reason, String)> {
    let names: Vec<&str> = tiers.iter().map(|armed| armed.tier.name.as_str()).collect();
    let fixed = [Reason::Fine, Reason::Spent, Reason::Low, Reason::Burn, Reason::Unknown, Reason::Nothing, Reason::Coverage];
    let all = fixed.into_iter().chain((0..tiers.len()).map(Reason::Alert));
    let text = |reason: Reason| {
        let why = reason_text(slo, window, &names, reason);
        let own = slo.guard.policy.words[reason.mode() as usize].as_ref();
        (reason, own.map_or(why.clone(), |own| format!("{why}: {own}")))
    };
    all.map(text).collect()
}

/// Billionths as a percentage: `20%`, `0.5%`.
pub fn percent(parts: u64) -> String {
    format!("{}%", decimal(parts, 7))
}

/// Billionths as a number: `1`, `14.4`.
pub fn number(parts: u64) -> String {
    decimal(parts, 9)
}

fn decimal(value: u64, decimals: u32) -> String {
    let one = 10_u64.pow(decimals);
    let fraction = format!("{:0width$}", value % one, width = decimals as usize);
    match fraction.trim_end_matches('0') {
        "" => (value / one).to_string(),
        digits => format!("{}.{digits}", value / one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_written_as_they_are() {
        assert_eq!([0, PARTS / 5, PARTS / 200, PARTS].map(percent), ["0%", "20%", "0.5%", "100%"]);
        assert_eq!((number(PARTS), number(14_400_000_000)), ("1".to_owned(), "14.4".to_owned()));
    }
}
