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
        let valid = good.checked_add(bad)?;
        Some(Budget {
            sli: sli(good, valid)?,
            met: target.met(good, valid)?,
            consumed: target.consumed(bad, valid)?,
            remaining: target.remaining(bad, valid)?,
            remaining_minutes: target.remaining_minutes(bad, valid, window_seconds)?,
        })
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
    fn no_valid_events_are_no_budget() {
        assert_eq!(Budget::of(Target::parse("99%").unwrap(), 0, 0, 60), None);
        assert_eq!(sli(0, 0), None);
    }
}
