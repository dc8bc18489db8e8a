//! What `slix check` says of definitions that are not wrong.

use super::definitions::{Definitions, InputDefinition};
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
        let mut notes = Vec::new();
        let mut note = |message: String, hint: &str| notes.push(Note { message, hint: hint.to_owned() });
        let indicator = &*slo.indicator;
        match constant(&indicator.good) {
            Some(true) => note(format!("no event of SLO `{}` can be bad", slo.name), "`good` should depend on the event"),
            Some(false) => note(format!("no event of SLO `{}` can be good", slo.name), "`good` should depend on the event"),
            None => {}
        }
        if indicator.valid.as_ref().and_then(constant) == Some(false) {
            note(format!("no event counts for SLO `{}`", slo.name), "`valid` is false for every event");
        }
        for dimension in &indicator.group_by {
            if let Dimension::Field(Field::Latency | Field::Elapsed | Field::Bytes | Field::Query) = dimension {
                let message =
                    format!("SLO `{}` is grouped by `{}`, which differs from event to event", slo.name, dimension.name());
                note(message, "most groups will end in the one called other; group by route, host or method");
            }
        }
        let own = |input: &InputDefinition| input.service.as_ref().or(self.service.as_ref()) == slo.service.as_ref();
        if slo.service.is_some() && !self.inputs.is_empty() && !self.inputs.iter().any(own) {
            let service = slo.service.as_deref().unwrap_or_default();
            note(
                format!("SLO `{}` belongs to service `{service}`, but no input does", slo.name),
                "give the service to one of `inputs:`",
            );
        }
        notes
    }
}

/// The value that an expression has for every event for which it has one at all, if that is obvious.
fn constant(expr: &Expr) -> Option<bool> {
    match expr.canonical() {
        Expr::Always(value) => Some(value),
        Expr::Condition(Condition::Within { kind, ranges, .. }) => {
            let (low, high) = if kind == Kind::Status { (1, 999) } else { (0, i64::MAX) };
            let covers = |&(from, to): &(i64, i64)| from <= low && to >= high;
            let touches = |&(from, to): &(i64, i64)| to >= low && from <= high;
            match ranges.iter().any(covers) {
                true if kind != Kind::Number => Some(true),
                false if kind != Kind::Number && !ranges.iter().any(touches) => Some(false),
                _ => None,
            }
        }
        Expr::Condition(Condition::StartsWith { prefix: part, .. } | Condition::Contains { part, .. }) if part.is_empty() => {
            Some(true)
        }
        Expr::Not(inner) => constant(&inner).map(|value| !value),
        _ => None,
    }
}
