//! Binding: which fields of a format answer a need, and how.

use super::derive::{Derive, Part, Whence};
use super::resolve::{Combine, Resolved};
use super::{Element, Format, Layout, Meaning, TimeText, Unit, json};
use crate::error::{Error, ErrorKind, Result};
use crate::record::{Field, Kind, Need};

/// The fields of a format, numbered without the literals between them, and the JSON paths that needs add to them.
pub(super) struct Binding<'a> {
    format: &'a Format,
    /// Index of each field among the elements of the layout.
    sources: Vec<usize>,
    extra: Vec<Vec<String>>,
}

impl<'a> Binding<'a> {
    pub(super) fn of(format: &'a Format) -> Self {
        let sources = match &format.layout {
            Layout::Delimited(template) => {
                let is_field = |i: &usize| matches!(template.elements[*i], Element::Field(_));
                (0..template.elements.len()).filter(is_field).collect()
            }
            Layout::Json(map) => (0..map.fields.len()).collect(),
        };
        Binding { format, sources, extra: Vec::new() }
    }

    /// Paths that were named and stand in no mapping.
    pub(super) fn extra_paths(&self) -> &[Vec<String>] {
        &self.extra
    }

    /// The fields that give the event's status.
    pub(super) fn status(&self) -> Vec<usize> {
        self.format.resolve(&Field::Status).map_or(Vec::new(), |resolved| self.numbers(&resolved.sources))
    }

    /// Timestamp fields with their texts, in order; their position here is the number of their clock.
    pub(super) fn clocks(&self) -> Vec<(usize, &'a TimeText)> {
        let text = |number: usize| match self.meaning(number)? {
            Meaning::Time(text) | Meaning::Created(text) | Meaning::Ended(text) | Meaning::OtherTime(text) => {
                Some((number, text))
            }
            _ => None,
        };
        (0..self.sources.len()).filter_map(text).collect()
    }

    /// The clocks that give the event's time.
    pub(super) fn time(&self) -> Vec<usize> {
        self.clocks_with(|m| matches!(m, Meaning::Time(_)))
    }

    /// The clocks that give the time of creation.
    pub(super) fn created(&self) -> Vec<usize> {
        self.clocks_with(|m| matches!(m, Meaning::Created(_)))
    }

    /// The clocks that give the end of an event whose time is its start.
    pub(super) fn ended(&self) -> Vec<usize> {
        self.clocks_with(|m| matches!(m, Meaning::Ended(_)))
    }

    fn clocks_with(&self, holds: impl Fn(&Meaning) -> bool) -> Vec<usize> {
        let clocks = self.clocks().into_iter().enumerate();
        clocks.filter(|(_, (number, _))| self.meaning(*number).is_some_and(&holds)).map(|(clock, _)| clock).collect()
    }

    fn meaning(&self, number: usize) -> Option<&'a Meaning> {
        self.format.meaning(*self.sources.get(number)?)
    }

    fn numbers(&self, sources: &[usize]) -> Vec<usize> {
        sources.iter().filter_map(|source| self.sources.binary_search(source).ok()).collect()
    }

    /// How a need is answered.
    ///
    /// # Errors
    /// The format does not have the field, or has it in another kind.
    pub(super) fn derive(&mut self, need: &Need) -> Result<Derive> {
        match &need.field {
            Field::Time => return Ok(Derive::Time),
            Field::Input => return Ok(Derive::Input),
            _ => {}
        }
        match (self.format.resolve(&need.field), &need.field, &self.format.layout) {
            (Some(resolved), _, _) => self.combine(need, &resolved),
            (None, Field::Named(name), Layout::Json(_)) => self.extra(name, need.kind),
            (None, field, _) => Err(self.missing(field.name())),
        }
    }

    fn combine(&self, need: &Need, resolved: &Resolved) -> Result<Derive> {
        let numbers = self.numbers(&resolved.sources);
        match (resolved.combine, &need.field) {
            (Combine::Sum, _) => Ok(Derive::Sum(self.with_units(&numbers))),
            (Combine::Difference, Field::Latency) => Ok(Derive::UntilEnd),
            (Combine::Difference, Field::Elapsed) if !self.ended().is_empty() => Ok(Derive::UntilEnd),
            (Combine::Difference, _) => Ok(Derive::Elapsed),
            (Combine::First, Field::Latency) if !self.ended().is_empty() => {
                Ok(Derive::ScaledOrUntilEnd(self.with_units(&numbers)))
            }
            (Combine::First, Field::Method) => Ok(Derive::Part(Part::Method, self.whence(&numbers))),
            (Combine::First, Field::Path) => Ok(Derive::Part(Part::Path, self.whence(&numbers))),
            (Combine::First, Field::Query) => Ok(Derive::Part(Part::Query, self.whence(&numbers))),
            (Combine::First, Field::Host) => Ok(Derive::Part(Part::Host, self.whence(&numbers))),
            (Combine::First, Field::RemoteAddr) if need.kind == Kind::Text => Ok(Derive::Address(numbers)),
            (Combine::First, field) => self.of_kind(field.name(), need.kind, resolved.kind, numbers),
        }
    }

    fn whence(&self, numbers: &[usize]) -> Vec<(usize, Whence)> {
        let whence = |number: usize| match self.meaning(number) {
            Some(Meaning::Request) if matches!(self.format.layout, Layout::Json(_)) => Whence::RequestOrTarget,
            Some(Meaning::Request) => Whence::Request,
            Some(Meaning::Target) => Whence::Target,
            Some(Meaning::Uri) => Whence::Uri,
            _ => Whence::Itself,
        };
        numbers.iter().map(|&number| (number, whence(number))).collect()
    }

    fn with_units(&self, numbers: &[usize]) -> Vec<(usize, Unit)> {
        let unit = |number: usize| match self.meaning(number) {
            Some(Meaning::Latency(unit) | Meaning::LatencyPart(unit) | Meaning::Elapsed(unit) | Meaning::Other(_, unit)) => *unit,
            _ => Unit::One,
        };
        numbers.iter().map(|&number| (number, unit(number))).collect()
    }

    /// A value of kind `has`, compared as kind `wanted`.
    fn of_kind(&self, name: &str, wanted: Kind, has: Kind, numbers: Vec<usize>) -> Result<Derive> {
        match (wanted, has) {
            (Kind::Text, _) => Ok(Derive::Text(numbers)),
            (Kind::Status, Kind::Status) if numbers == self.status() => Ok(Derive::EventStatus),
            (Kind::Status, Kind::Status) => Ok(Derive::Status(numbers)),
            (Kind::Duration, Kind::Duration) | (Kind::Size, Kind::Size) => Ok(Derive::Scaled(self.with_units(&numbers))),
            (Kind::Number, Kind::Number | Kind::Size | Kind::Status) => Ok(Derive::Number(numbers)),
            _ => Err(Error::new(
                ErrorKind::Definition,
                format!("`{name}` holds {} in the format {}, and is compared as {}", words(has), self.format.name, words(wanted)),
            )
            .hint("compare it with a value of its own kind, or declare its kind and unit with `fields:` of the format")),
        }
    }

    /// A key of a JSON line that no mapping lists.
    fn extra(&mut self, name: &str, kind: Kind) -> Result<Derive> {
        if kind == Kind::Duration {
            let message = format!("the unit of `{name}` is not known");
            let hint = format!("declare it in the mapping of the format, with its unit: `{name}: {name} ms`");
            return Err(Error::new(ErrorKind::Definition, message).hint(hint));
        }
        self.extra.push(json::path(name)?);
        let number = self.sources.len() + self.extra.len() - 1;
        Ok(match kind {
            Kind::Status => Derive::Status(vec![number]),
            Kind::Number => Derive::Number(vec![number]),
            Kind::Size => Derive::Scaled(vec![(number, Unit::One)]),
            _ => Derive::Text(vec![number]),
        })
    }

    #[cold]
    fn missing(&self, name: &str) -> Error {
        let names: Vec<&str> = self.format.names().into_iter().map(|(name, _)| name).collect();
        let error = Error::new(ErrorKind::Definition, format!("the format {} has no `{name}`", self.format.name));
        error.hint(match like(name, &names) {
            Some(known) => format!("did you mean `{known}`? A field of the log goes by the name that it has there"),
            None => format!("its fields are {}; ask for one of them, or name another format with --format", names.join(" ")),
        })
    }
}

/// The name that is most like `name` but for the signs of its notation, if one is.
fn like<'n>(name: &str, names: &[&'n str]) -> Option<&'n str> {
    let plain = |name: &str| undecorated(name).to_ascii_lowercase();
    let distance = |known: &&str| strsim::damerau_levenshtein(&plain(name), &plain(known));
    let near = names.iter().copied().min_by_key(distance)?;
    (distance(&near) <= plain(name).len() / 5).then_some(near)
}

/// A name without the signs of its notation: `remote_user` of `$remote_user`, `X-Cache` of `%{X-Cache}o`.
fn undecorated(name: &str) -> &str {
    let name = name.trim_start_matches(['$', '%', '{']);
    name.split_once('}').map_or(name, |(inner, _)| inner)
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
