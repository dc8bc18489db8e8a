//! What `slix check` says of definitions that are not wrong.

use super::definitions::{Definitions, InputDefinition};
use super::example::{Example, example};
use super::expr::{Condition, Expr};
use super::{Dimension, Slo};
use crate::record::{Field, Kind};

/// Something `slix check` should say of definitions that are not wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// What is odd.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Definitions {
    /// What is odd about the definitions without being wrong.
    pub fn check_notes(&self) -> Vec<Note> {
        let mut notes: Vec<Note> = self.slos.iter().flat_map(|slo| self.slo_notes(slo)).collect();
        for (dead, earlier) in self.routes.unreachable() {
            let by = earlier.map_or("earlier routes".to_owned(), |i| format!("route `{}`", self.routes.name(i)));
            notes.push(Note {
                message: format!("route `{}` is never reached: all of its paths belong to {by}", self.routes.name(dead)),
                hint: "the first route that matches wins: move the special one before the general one".to_owned(),
            });
        }
        notes
    }

    fn slo_notes(&self, slo: &Slo) -> Vec<Note> {
        let name = &slo.name;
        let mut notes = Vec::new();
        let mut note = |message: String, hint: &str| notes.push(Note { message, hint: hint.to_owned() });
        match constant(&slo.indicator.good) {
            Some(true) => note(format!("no event of SLO `{name}` can be bad"), "`good` should depend on the event"),
            Some(false) => note(format!("no event of SLO `{name}` can be good"), "`good` should depend on the event"),
            None => {}
        }
        match &slo.indicator.valid {
            Some(valid) if constant(valid) == Some(false) => {
                note(format!("no event counts for SLO `{name}`"), "`valid` is false for every event");
            }
            Some(valid) if constant(&slo.indicator.good).is_none() => {
                let never = |good| example(&[(valid, true), (&slo.indicator.good, good)]) == Example::Never;
                let hint = "look at `valid` and `good` together: `good` judges valid events only";
                match (never(true), never(false)) {
                    (true, true) => note(format!("no event counts for SLO `{name}`"), hint),
                    (true, false) => note(format!("no valid event of SLO `{name}` can be good"), hint),
                    (false, true) => note(format!("no valid event of SLO `{name}` can be bad"), hint),
                    (false, false) => {}
                }
            }
            _ => {}
        }
        for dimension in slo.indicator.group_by.iter().filter(|dimension| is_fine_grained(dimension)) {
            let message = format!("SLO `{name}` is grouped by `{}`, which differs from event to event", dimension.name());
            note(message, "most groups will end in the one called other; group by route, host or method");
        }
        if let Some(service) = self.service_without_input(slo) {
            let message = format!("SLO `{name}` belongs to service `{service}`, but no input does");
            note(message, "give the service to one of `inputs:`");
        }
        notes
    }

    /// The SLO's service, if inputs are declared and none of them is its.
    fn service_without_input<'a>(&self, slo: &'a Slo) -> Option<&'a str> {
        let service = slo.service.as_deref()?;
        let is_own = |input: &InputDefinition| input.service.as_ref().or(self.service.as_ref()).is_some_and(|own| own == service);
        (!self.inputs.is_empty() && !self.inputs.iter().any(is_own)).then_some(service)
    }
}

/// Whether nearly every event has a value of its own.
fn is_fine_grained(dimension: &Dimension) -> bool {
    matches!(dimension, Dimension::Field(Field::Latency | Field::Elapsed | Field::Bytes | Field::Query))
}

/// The value that an expression has for every event for which it has one at all, if that is obvious.
fn constant(expr: &Expr) -> Option<bool> {
    match expr.canonical() {
        Expr::Always(value) => Some(value),
        Expr::Condition(Condition::Within { kind, ranges, .. }) => constant_range(kind, &ranges),
        Expr::Condition(Condition::StartsWith { prefix: part, .. } | Condition::Contains { part, .. }) if part.is_empty() => {
            Some(true)
        }
        Expr::Not(inner) => constant(&inner).map(|value| !value),
        _ => None,
    }
}

/// Whether the ranges hold all values that the kind has, or none.
fn constant_range(kind: Kind, ranges: &[(i64, i64)]) -> Option<bool> {
    let (low, high) = match kind {
        Kind::Status => (1, 999),
        Kind::Duration | Kind::Size => (0, i64::MAX),
        Kind::Number | Kind::Time | Kind::Text => (i64::MIN, i64::MAX),
    };
    if ranges.iter().any(|&(from, to)| from <= low && high <= to) {
        return Some(true);
    }
    let none = ranges.iter().all(|&(from, to)| to < low || high < from);
    none.then_some(false)
}
