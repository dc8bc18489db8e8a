//! Weights: what an event counts as, where events do not count alike.
//!
//! A weighted indicator judges events like any other and keeps counts of them, but its good and bad are sums of a field: bytes,
//! minutes, whatever is a whole number. An event without a readable weight is unknown. That is said with an ordinary condition
//! ([`Indicator::counted`]), so classifying costs nothing more.

use std::sync::Arc;

use super::Indicator;
use super::expr::{Condition, Expr};
use crate::record::{Field, Kind, Need};

/// Billionths, in which numbers are read.
const PARTS: i64 = 1_000_000_000;

/// The field whose value an event counts as.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Weight {
    field: Field,
}

impl Weight {
    /// A weight by `field`; none for a common field that is no amount.
    pub fn new(field: Field) -> Option<Weight> {
        let is_amount = matches!(field, Field::Bytes | Field::Latency | Field::Elapsed | Field::Named(_));
        is_amount.then_some(Weight { field })
    }

    /// The field's name.
    pub fn name(&self) -> &str {
        self.field.name()
    }

    /// The field, and as what it is read.
    pub fn need(&self) -> Need {
        Need { field: self.field.clone(), kind: self.field.kind().unwrap_or(Kind::Number) }
    }

    /// The weight of a value of the field: bytes, nanoseconds, or a number rounded to the nearest whole one (halves up). None below 0.
    #[inline]
    pub fn of(&self, value: i64) -> Option<u64> {
        let whole = match self.field {
            Field::Named(_) => value.saturating_add(PARTS / 2).div_euclid(PARTS),
            _ => value,
        };
        u64::try_from(whole).ok().filter(|_| value >= 0)
    }
}

impl Indicator {
    /// The indicator as it is counted: an event without a readable weight is unknown, one of a negative weight is not valid.
    pub fn counted(self: &Arc<Self>) -> Arc<Indicator> {
        let Some(weight) = &self.weight else { return self.clone() };
        let Need { field, kind } = weight.need();
        let readable = Expr::Condition(Condition::within(field, kind, vec![(0, i64::MAX)]));
        let valid = match &self.valid {
            Some(valid) => Expr::And(vec![valid.clone(), readable]),
            None => readable,
        };
        Arc::new(Indicator { valid: Some(valid), ..Indicator::clone(self) })
    }
}

/// The text that the sums of weights are kept under, beside the counts of the events under `canonical`.
pub fn weights_of(canonical: &str) -> String {
    format!("{canonical}\nsum: weight")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_whole_and_not_negative() {
        let minutes = Weight::new(Field::Named("minutes".into())).unwrap();
        for (value, weight) in
            [(0, Some(0)), (45 * PARTS, Some(45)), (7 * PARTS + PARTS / 2, Some(8)), (PARTS / 3, Some(0)), (-1, None)]
        {
            assert_eq!(minutes.of(value), weight, "{value}");
        }
        assert_eq!(minutes.of(i64::MAX), Some(9_223_372_036));
        assert_eq!(Weight::new(Field::Bytes).unwrap().of(512), Some(512));
        assert!([Field::Status, Field::Path, Field::Time].into_iter().all(|field| Weight::new(field).is_none()));
    }
}
