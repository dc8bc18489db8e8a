//! When somebody is told that a budget burns: tiers of burn-rate alerts, as people declare them and as a period makes them.
//!
//! The method is that of multiple windows and burn rates (The Site Reliability Workbook, chapter 5): a tier fires while the burn
//! over a long window and over a short one both exceed a factor. The long window says that it matters, the short one that
//! it still goes on.

use crate::ratio::{Ratio, Target};
use crate::time::Length;

/// Parts of one that shares of a budget and burn rates are kept in.
pub const PARTS: u64 = 1_000_000_000;
/// Bad events in the long window that a page has to exceed: up to an hour, and beyond.
const BAD_IN_AN_HOUR: u64 = 5;
const BAD_IN_LONGER: u64 = 10;
const HOUR_SECONDS: i64 = 3_600;
/// Most tiers of one SLO.
pub const TIERS_MAX: usize = 32;

/// Whom an alert reaches. The first is the higher one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Somebody is called.
    Page,
    /// Somebody finds it in the morning.
    Ticket,
}

impl Severity {
    /// The name in definitions and outputs.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Page => "page",
            Severity::Ticket => "ticket",
        }
    }
}

/// How fast is too fast.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Threshold {
    /// So many billionths of the budget spent within the long window, by time: factor = share × period ÷ long window, at least 1.
    Share(u64),
    /// A burn rate in billionths, as it is.
    Factor(u64),
}

/// One tier of alerts.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Tier {
    /// Its name, unique within the SLO.
    pub name: String,
    /// Whom it reaches.
    pub severity: Severity,
    /// When it fires.
    pub threshold: Threshold,
    /// Whether it fires at the threshold already (OpenSLO's `op: gte`), not only above it.
    pub at_threshold: bool,
    /// The window that says that it matters.
    pub long: Length,
    /// The window that says that it goes on; none: the long one alone decides.
    pub short: Option<Length>,
    /// How long the condition must have held before it fires (OpenSLO's `alertAfter`).
    pub after: Option<Length>,
    /// Bad events in the long window that a page has to exceed; with so many or fewer it is a ticket.
    pub bad_above: u64,
}

impl Tier {
    /// A tier with what goes without saying.
    pub fn new(name: &str, severity: Severity, threshold: Threshold, long: Length, short: Option<Length>) -> Tier {
        let bad_above = if long.seconds() <= HOUR_SECONDS { BAD_IN_AN_HOUR } else { BAD_IN_LONGER };
        Tier { name: name.to_owned(), severity, threshold, at_threshold: false, long, short, after: None, bad_above }
    }

    /// How a burn rate relates to the threshold where it fires: `above`, or `at or above`.
    pub fn relation(&self) -> &'static str {
        if self.at_threshold { "at or above" } else { "above" }
    }

    /// Whether `burn` fires, given the burn rate that the threshold is.
    pub fn is_fired_by(&self, burn: Ratio, factor: Ratio) -> bool {
        burn > factor || self.at_threshold && burn == factor
    }

    /// The burn rate to exceed in a compliance period of `period_seconds`, exactly.
    pub fn factor(&self, period_seconds: i64) -> Ratio {
        let one = Ratio::new(1, 1);
        let whole = u128::from(PARTS);
        let factor = match self.threshold {
            Threshold::Factor(parts) => Ratio::new(parts.into(), whole),
            Threshold::Share(parts) => {
                let (period, long) = (period_seconds.unsigned_abs(), self.long.seconds().unsigned_abs());
                Ratio::new(u128::from(parts) * u128::from(period), whole * u128::from(long)).max(one)
            }
        };
        // Neither denominator is 0: lengths are longer than nothing.
        factor.unwrap_or(Ratio::ONE)
    }

    /// Whether it can ever fire: no burn exceeds 1 ÷ β.
    pub fn is_reachable(&self, target: Target, period_seconds: i64) -> bool {
        target.burn(1, 1).is_none_or(|most| self.is_fired_by(most, self.factor(period_seconds)))
    }
}

/// The tiers of the Workbook's table 5-8, by the share of the budget: 2 % in 1 h and 5 % in 6 h page, 10 % in 1 d and in 3 d are
/// tickets. For 28 d the factors are 13.44, 5.6, 2.8 and (floored) 1.
pub fn default_tiers() -> Vec<Tier> {
    let length = |text| Length::parse(text).unwrap_or_else(|_| unreachable!("the literals below are lengths"));
    let tier = |name, severity, percent: u64, long, short| {
        Tier::new(name, severity, Threshold::Share(percent * PARTS / 100), length(long), Some(length(short)))
    };
    vec![
        tier("page_1h", Severity::Page, 2, "1h", "5m"),
        tier("page_6h", Severity::Page, 5, "6h", "30m"),
        tier("ticket_1d", Severity::Ticket, 10, "1d", "2h"),
        tier("ticket_3d", Severity::Ticket, 10, "3d", "6h"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    #[test]
    fn factors_follow_the_period() {
        let of = |days: i64| default_tiers().iter().map(|t| t.factor(days * DAY).to_f64()).collect::<Vec<_>>();
        assert_eq!(of(28), [13.44, 5.6, 2.8, 1.0]);
        // The Workbook's own table is for 30 days: 14.4, 6, (3,) 1.
        assert_eq!(of(30), [14.4, 6.0, 3.0, 1.0]);
        assert_eq!(of(7), [3.36, 1.4, 1.0, 1.0]);
    }

    #[test]
    fn a_factor_of_one_over_beta_cannot_be_exceeded() {
        let tier = &default_tiers()[0];
        assert!(tier.is_reachable(Target::parse("99.9%").unwrap(), 28 * DAY));
        // 1 ÷ 0.1 = 10 < 13.44
        assert!(!tier.is_reachable(Target::parse("90%").unwrap(), 28 * DAY));
        let ten = Tier { threshold: Threshold::Factor(10 * PARTS), ..tier.clone() };
        assert!(!ten.is_reachable(Target::parse("90%").unwrap(), DAY));
        assert!(Tier { at_threshold: true, ..ten }.is_reachable(Target::parse("90%").unwrap(), DAY));
        let below = Tier { threshold: Threshold::Factor(10 * PARTS - 1), ..tier.clone() };
        assert!(below.is_reachable(Target::parse("90%").unwrap(), DAY));
    }
}
