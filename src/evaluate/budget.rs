//! What pooled counts mean for a target: the one place where counts become ratios.
//!
//! Every ratio is computed from the pooled integers in [`crate::ratio`] and rounded once. Without valid events there is no
//! ratio: each is absent, never 0, 1 or NaN.

use crate::ratio::{Target, divide};

/// SLI and error budget of one window (or any other stretch of time).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Budget {
    /// good ÷ valid.
    pub sli: f64,
    /// SLI ≥ target, decided in integers.
    pub met: bool,
    /// bad ÷ (β · valid): the share of the budget that is spent; above 1 it is overspent.
    pub consumed: f64,
    /// 1 − consumed: signed, exactly 0 when spent to the last event.
    pub remaining: f64,
    /// remaining × β × the window's real length, in minutes.
    pub remaining_minutes: f64,
}

impl Budget {
    /// The budget of `good` and `bad` events at `target` over `window_seconds`; none without valid events.
    pub fn of(target: Target, good: u64, bad: u64, window_seconds: u64) -> Option<Budget> {
        Budget::of_whole(target, good, bad, good.checked_add(bad)?, window_seconds)
    }

    /// The budget where it is β of `whole` units, those to come included, instead of β of `good + bad`: met ⇔ remaining ≥ 0.
    pub fn of_whole(target: Target, good: u64, bad: u64, whole: u64, window_seconds: u64) -> Option<Budget> {
        Some(Budget {
            sli: sli(good, good.checked_add(bad)?)?,
            met: target.met(whole.checked_sub(bad)?, whole)?,
            consumed: target.consumed(bad, whole)?,
            remaining: target.remaining(bad, whole)?,
            remaining_minutes: target.remaining_minutes(bad, whole, window_seconds)?,
        })
    }
}

/// When a budget will be spent at a pace, in seconds from now.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Exhaustion {
    /// From a whole budget: window ÷ burn. None when nothing burns.
    pub whole_seconds: Option<f64>,
    /// From what is left: remaining × window ÷ burn; 0 when nothing is. None when something is left and nothing burns.
    pub left_seconds: Option<f64>,
}

impl Exhaustion {
    /// The budget of a window of `window_seconds`, of which `remaining` is left, at this burn rate.
    pub fn of(remaining: f64, burn_rate: f64, window_seconds: u64) -> Exhaustion {
        let whole_seconds = (burn_rate > 0.0).then(|| window_seconds as f64 / burn_rate);
        let left_seconds = if remaining <= 0.0 { Some(0.0) } else { whole_seconds.map(|whole| remaining * whole) };
        Exhaustion { whole_seconds, left_seconds }
    }
}

/// good ÷ valid; none without valid events.
pub fn sli(good: u64, valid: u64) -> Option<f64> {
    (valid > 0).then(|| divide(good.into(), valid.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_spent_to_the_last_event_is_met() {
        let target = Target::parse("99.9%").unwrap();
        let b = Budget::of(target, 999, 1, 28 * 86_400).unwrap();
        assert_eq!(b, Budget { sli: 0.999, met: true, consumed: 1.0, remaining: 0.0, remaining_minutes: 0.0 });
    }

    #[test]
    fn a_budget_of_a_whole_period_counts_what_is_to_come() {
        // 10 of 1,000 slices have passed, one of them bad; at 99 % ten may be.
        let b = Budget::of_whole(Target::parse("99%").unwrap(), 9, 1, 1_000, 60_000).unwrap();
        assert_eq!((b.sli, b.met, b.consumed, b.remaining, b.remaining_minutes), (0.9, true, 0.1, 0.9, 9.0));
        assert!(!Budget::of_whole(Target::parse("99%").unwrap(), 9, 11, 1_000, 60_000).unwrap().met);
    }

    #[test]
    fn exhaustion_is_remaining_times_window_over_burn() {
        let of = |remaining, burn| Exhaustion::of(remaining, burn, 2_592_000);
        assert_eq!(of(0.5, 2.0), Exhaustion { whole_seconds: Some(1_296_000.0), left_seconds: Some(648_000.0) });
        assert_eq!(of(-0.1, 0.0), Exhaustion { whole_seconds: None, left_seconds: Some(0.0) });
        assert_eq!(of(1.0, 0.0), Exhaustion { whole_seconds: None, left_seconds: None });
    }

    #[test]
    fn no_valid_events_are_no_budget() {
        assert_eq!(Budget::of(Target::parse("99%").unwrap(), 0, 0, 60), None);
        assert_eq!(sli(0, 0), None);
    }
}
