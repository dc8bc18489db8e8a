//! Binding: which fields of a format answer a need.

use super::derive::{Derive, Part, Whence};
use super::{Format, Layout, Meaning, TimeText, Unit};
use crate::error::{Error, ErrorKind, Result};
use crate::record::{Field, Kind, Need};

/// The fields of a format by number, and the paths that needs add to a JSON mapping.
pub(super) struct Fields<'a> {
    format: &'a Format,
    fields: Vec<(&'a str, &'a Meaning)>,
    extra: Vec<Vec<String>>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(format: &'a Format) -> Self {
        let fields = match &format.layout {
            Layout::Delimited(template) => template
                .elements
                .iter()
                .filter_map(|e| match e {
                    super::Element::Field(f) => Some((f.name.as_str(), &f.meaning)),
                    super::Element::Literal(_) => None,
                })
                .collect(),
            Layout::Json(map) => map.fields.iter().map(|f| (f.name.as_str(), &f.meaning)).collect(),
        };
        Fields { format, fields, extra: Vec::new() }
    }

    /// Paths that were named and stand in no mapping.
    pub(super) fn extra_paths(&self) -> &[Vec<String>] {
        &self.extra
    }

    /// The numbers of the fields of which something holds.
    fn with(&self, holds: impl Fn(&Meaning) -> bool) -> Vec<usize> {
        (0..self.fields.len()).filter(|&i| holds(self.fields[i].1)).collect()
    }

    fn units(&self, unit: impl Fn(&Meaning) -> Option<Unit>) -> Vec<(usize, Unit)> {
        (0..self.fields.len()).filter_map(|i| Some((i, unit(self.fields[i].1)?))).collect()
    }

    pub(super) fn status(&self) -> Vec<usize> {
        self.with(|m| *m == Meaning::Status)
    }

    /// Timestamp fields with their texts, in order; their position here is the number of their clock.
    pub(super) fn clocks(&self) -> impl Iterator<Item = (usize, &'a TimeText)> + '_ {
        self.fields.iter().enumerate().filter_map(|(i, (_, meaning))| match meaning {
            Meaning::Time(text) | Meaning::Created(text) | Meaning::OtherTime(text) => Some((i, text)),
            _ => None,
        })
    }

    fn clocks_with(&self, holds: impl Fn(&Meaning) -> bool) -> Vec<usize> {
        self.clocks().enumerate().filter(|(_, (field, _))| holds(self.fields[*field].1)).map(|(clock, _)| clock).collect()
    }

    /// The clocks that give the event's time.
    pub(super) fn time(&self) -> Vec<usize> {
        self.clocks_with(|m| matches!(m, Meaning::Time(_)))
    }

    /// The clocks that give the time of creation.
    pub(super) fn created(&self) -> Vec<usize> {
        self.clocks_with(|m| matches!(m, Meaning::Created(_)))
    }

    /// How a need is answered.
    pub(super) fn derive(&mut self, need: &Need) -> Result<Derive> {
        let derive = match &need.field {
            Field::Time => Derive::Time,
            Field::Input => Derive::Input,
            Field::Elapsed => Derive::Elapsed,
            Field::Status => Derive::Status(self.status()),
            Field::Bytes => Derive::Scaled(self.units(|m| (*m == Meaning::Bytes).then_some(Unit::One))),
            Field::Latency => self.latency(),
            Field::Method => Derive::Part(Part::Method, self.part(&Meaning::Method, false)),
            Field::Path => Derive::Part(Part::Path, self.part(&Meaning::Path, true)),
            Field::Query => Derive::Part(Part::Query, self.part(&Meaning::Query, true)),
            Field::Host => Derive::Part(Part::Host, self.part(&Meaning::Host, true)),
            Field::UserAgent => Derive::Text(self.with(|m| *m == Meaning::UserAgent)),
            Field::RemoteAddr => Derive::Text(self.with(|m| *m == Meaning::RemoteAddr)),
            Field::Named(name) => return self.named(name, need.kind),
        };
        let is_there = match &derive {
            Derive::Text(f) | Derive::Status(f) | Derive::Number(f) => !f.is_empty(),
            Derive::Part(_, f) => !f.is_empty(),
            Derive::Scaled(f) | Derive::Sum(f) => !f.is_empty(),
            Derive::Elapsed => !self.created().is_empty(),
            Derive::Time | Derive::Input => true,
        };
        if is_there { Ok(derive) } else { Err(self.missing(need.field.name())) }
    }

    fn latency(&self) -> Derive {
        let whole = self.units(|m| if let Meaning::Latency(unit) = m { Some(*unit) } else { None });
        if whole.is_empty() {
            Derive::Sum(self.units(|m| if let Meaning::LatencyPart(unit) = m { Some(*unit) } else { None }))
        } else {
            Derive::Scaled(whole)
        }
    }

    /// The fields that a part of the request can be taken from. The target as the client sent it goes before what the server
    /// made of it.
    fn part(&self, itself: &Meaning, of_target: bool) -> Vec<(usize, Whence)> {
        let whence = |wanted: &Meaning, whence| self.with(move |m| m == wanted).into_iter().map(move |i| (i, whence));
        let target = of_target.then(|| whence(&Meaning::Target, Whence::Target)).into_iter().flatten();
        let request = whence(&Meaning::Request, Whence::Request);
        let own = whence(itself, Whence::Itself);
        if *itself == Meaning::Host {
            own.chain(target).chain(request).collect()
        } else {
            target.chain(request).chain(own).collect()
        }
    }

    fn named(&mut self, name: &str, kind: Kind) -> Result<Derive> {
        let Some(i) = self.fields.iter().position(|(n, _)| *n == name) else {
            return match &self.format.layout {
                Layout::Json(_) => self.extra(name, kind),
                Layout::Delimited(_) => Err(self.missing(name)),
            };
        };
        let meaning = self.fields[i].1;
        let unit = match meaning {
            Meaning::Latency(unit) | Meaning::LatencyPart(unit) | Meaning::Elapsed(unit) | Meaning::Other(_, unit) => *unit,
            _ => Unit::One,
        };
        match (kind, meaning.kind()) {
            (Kind::Text, _) => Ok(Derive::Text(vec![i])),
            (Kind::Status, Kind::Status) => Ok(Derive::Status(vec![i])),
            (Kind::Duration, Kind::Duration) | (Kind::Size, Kind::Size) => Ok(Derive::Scaled(vec![(i, unit)])),
            (Kind::Number, Kind::Number | Kind::Size | Kind::Status) => Ok(Derive::Number(vec![i])),
            (wanted, has) => Err(Error::new(
                ErrorKind::Definition,
                format!("`{name}` holds {} in the format {}, and is compared as {}", words(has), self.format.name, words(wanted)),
            )),
        }
    }

    /// A key of a JSON line that no mapping lists.
    fn extra(&mut self, name: &str, kind: Kind) -> Result<Derive> {
        if kind == Kind::Duration {
            let message = format!("the unit of `{name}` is not known");
            let hint = format!("declare it in the mapping of the format, with its unit: `{{json: {{…, {name}: {name} ms}}}}`");
            return Err(Error::new(ErrorKind::Definition, message).hint(hint));
        }
        self.extra.push(name.split('.').map(str::to_owned).collect());
        let i = self.fields.len() + self.extra.len() - 1;
        Ok(match kind {
            Kind::Status => Derive::Status(vec![i]),
            Kind::Number => Derive::Number(vec![i]),
            Kind::Size => Derive::Scaled(vec![(i, Unit::One)]),
            _ => Derive::Text(vec![i]),
        })
    }

    fn missing(&self, name: &str) -> Error {
        let names: Vec<&str> = self.fields.iter().map(|(n, _)| *n).collect();
        Error::new(ErrorKind::Definition, format!("the format {} has no {name}", self.format.name))
            .hint(format!("it has {}; name another field, or another format with --format", names.join(", ")))
    }
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Status => "a status",
        Kind::Duration => "a duration",
        Kind::Size => "a size in bytes",
        Kind::Number => "a number",
        Kind::Time => "a time",
    }
}
