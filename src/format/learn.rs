//! The fast reader of lines whose values have names, of JSON above all, learned from one of them.
//!
//! A writer of logs gives the keys of every line in the same order. So the line that was read last is a template for the next one: what
//! stands between its values, the keys with their quotes, is a literal, and each value a field ([`super::shape`]). A line that does not
//! fit (another order, an escape, a value more) is read by its keys ([`super::find`]), and if that declines it, with care; what comes out
//! is the same. So it does not matter which line was learned from, or when; only how fast the next one is read.

use super::clock::TimeReader;
use super::derive::{Columnar, Derive};
use super::find::{Finder, Grammar, Role};
use super::json_read::{self, JsonKind, Traced, Wanted};
use super::keyed::{self, Columns};
use super::plan::{Check, Step};
use super::shape::{Builder, Shape, Source, Want};
use super::walk::{End, Numeral};
use super::words::Literal;
use crate::marks::MarkSet;

/// A line with its values, and what is wanted of them.
pub(super) struct Lesson<'a> {
    pub(super) line: &'a [u8],
    pub(super) wanted: &'a Wanted,
    /// The fields that give the status, the times, and when the request was created and ended.
    pub(super) status: &'a [usize],
    pub(super) clocks: &'a [(usize, TimeReader)],
    pub(super) time: &'a [usize],
    pub(super) created: &'a [usize],
    pub(super) ended: &'a [usize],
    pub(super) outputs: &'a [Derive],
    /// The values, by number, that must be what they are in this line.
    pub(super) fixed: &'a [usize],
    /// Those that must be there.
    pub(super) asked: &'a [usize],
}

/// What a fast reader knows of the lines it reads.
#[derive(Clone, Debug)]
pub(super) struct Fast {
    pub(super) shape: Shape,
    /// How each slot is made from the fields that such lines have.
    pub(super) outputs: Vec<Derive>,
    /// The field that gives the status.
    pub(super) status: Option<usize>,
    /// Whether the format has a status, so that a line without one got no response.
    pub(super) expects_status: bool,
    /// The clock that gives the time, unless it is the envelope's; those of the creation and of the end.
    pub(super) clock: Option<usize>,
    pub(super) created: Option<usize>,
    pub(super) ended: Option<usize>,
}

/// What reads lines by their keys.
#[derive(Clone, Debug)]
pub(super) struct ByKey {
    pub(super) finder: Finder,
    pub(super) fast: Fast,
}

/// What to mark in JSON lines, and in those of logfmt.
pub(super) const MARKS: MarkSet = MarkSet { marks: *b"\"\\", aux: b' ' };

/// What to mark in lines whose columns a header names.
pub(super) const DIVIDERS: MarkSet = MarkSet { marks: *b" \t", aux: b' ' };

/// Lines read with care before one of them is learned from, at least and at most: after each lesson that was of no use, twice as
/// many.
const CAREFUL_MIN: u32 = 16;
const CAREFUL_MAX: u32 = 1 << 14;

/// What a worker has learned.
pub(super) struct Lessons {
    pub(super) learned: Option<Box<Fast>>,
    /// The line to learn from next.
    pub(super) sample: Option<Vec<u8>>,
    /// Lines read with care, and fast, since a sample was taken.
    careful: u32,
    pub(super) regular: u32,
    /// How many lines are read with care before the next sample.
    patience: u32,
}

impl Default for Lessons {
    fn default() -> Self {
        Lessons { learned: None, sample: None, careful: 0, regular: 0, patience: CAREFUL_MIN }
    }
}

impl Lessons {
    /// A line was read with care. If there are many of them, the next lesson is about it.
    pub(super) fn add(&mut self, line: &[u8]) {
        let is_first = self.careful == 0 && self.learned.is_none();
        self.careful += 1;
        let is_due = self.careful > self.patience && self.careful > self.regular / 4;
        if is_due || is_first {
            self.sample = Some(line.to_vec());
            self.patience = if self.regular > self.careful { CAREFUL_MIN } else { CAREFUL_MAX.min(2 * self.patience) };
            (self.careful, self.regular) = (1, 0);
        }
    }

    /// So many lines were read by their keys, of which this is one: that is not the fastest way either.
    pub(super) fn add_by_key(&mut self, lines: u32, line: &[u8]) {
        if let Some(before) = lines.checked_sub(1) {
            self.careful += before;
            self.add(line);
        }
    }

    /// Whether what was learned last costs more than it brings: the log has too many kinds of lines.
    pub(super) fn is_useless(&self) -> bool {
        self.learned.is_some() && self.careful > 2 * CAREFUL_MIN && self.regular < self.careful / 8
    }
}

impl Lesson<'_> {
    /// What the line teaches; none if lines like it have to be read with care.
    pub(super) fn learn(&self) -> Option<Fast> {
        let values = json_read::trace(self.line, self.wanted)?;
        let wanted: Vec<Option<usize>> = values.iter().map(|value| value.wanted).collect();
        self.learn_of(&wanted, |fields| self.shape(&values, fields))
    }

    /// What the line teaches of lines with these columns.
    pub(super) fn learn_columns(&self, columns: &Columns) -> Option<Fast> {
        let is_simple = self.fixed.is_empty() && self.asked.is_empty();
        self.learn_of(&columns.wanted, |fields| shape_of_columns(columns, fields)).filter(|_| is_simple)
    }

    /// What the line teaches of lines of logfmt.
    pub(super) fn learn_pairs(&self) -> Option<Fast> {
        let values = keyed::trace(self.line, &self.wanted.tree)?;
        let wanted: Vec<Option<usize>> = values.iter().map(|value| value.wanted).collect();
        self.learn_of(&wanted, |fields| self.shape_of_pairs(&values, fields))
    }

    /// What a line teaches that has these values, each perhaps a wanted one; `shape` is that of lines in which the field of each value
    /// and what is asked of it are these.
    fn learn_of(&self, values: &[Option<usize>], shape: impl FnOnce(&[Option<(usize, Ask)>]) -> Option<Shape>) -> Option<Fast> {
        let place = |field: usize| values.iter().rposition(|value| *value == Some(self.wanted.fields[field]));
        let is_present = |field: &usize| place(*field).is_some();
        let outputs: Vec<Derive> = self.outputs.iter().map(|output| output.of_fields(is_present)).collect();
        let status: Vec<usize> = self.status.iter().copied().filter(|field| is_present(field)).collect();
        let first = |clocks: &[usize]| clocks.iter().copied().find(|&clock| is_present(&self.clocks[clock].0));
        let clock = first(self.time);
        if clock.is_none() && !self.time.is_empty() {
            return None;
        }
        // Which of two is the status depends on their values.
        if status.len() > 1 {
            return None;
        }
        let fast = |shape| Fast {
            shape,
            outputs: outputs.clone(),
            status: status.first().copied(),
            expects_status: !self.status.is_empty(),
            clock,
            created: first(self.created),
            ended: first(self.ended),
        };
        let mut fields = vec![None; values.len()];
        for field in (0..self.wanted.fields.len()).filter(is_present) {
            let what = self.ask(field, &outputs, &status, [clock, first(self.created), first(self.ended)]);
            let Some(place) = place(field).filter(|_| what != Ask::Nothing) else { continue };
            // One place can be one field, and what is a literal is none.
            let is_fixed = self.fixed.contains(&self.wanted.fields[field]);
            if is_fixed || fields[place].replace((field, what)).is_some() {
                return None;
            }
        }
        shape(&fields).map(fast)
    }

    /// What the line teaches of lines that have their keys in any order; none if they have to be read with care.
    pub(super) fn learn_keys(&self, grammar: Grammar) -> Option<ByKey> {
        let values = match grammar {
            Grammar::Object => json_read::trace(self.line, self.wanted)?,
            Grammar::Pairs => keyed::trace(self.line, &self.wanted.tree)?,
        };
        let is_of = |value: &Traced, field: usize| value.wanted == Some(self.wanted.fields[field]);
        let is_present = |field: &usize| values.iter().any(|value| is_of(value, *field) && value.kind != JsonKind::Null);
        // Where there is a choice among fields, it is made once: what was chosen against must not be there.
        let choose = |output: &Derive| match output {
            output if output.fields().len() > 1 => output.of_fields(is_present),
            output => output.clone(),
        };
        let outputs: Vec<Derive> = self.outputs.iter().map(choose).collect();
        let status = match self.status {
            [field] => Some(*field),
            fields => fields.iter().copied().find(|field| is_present(field)),
        };
        let first = |clocks: &[usize]| clocks.iter().copied().find(|&clock| is_present(&self.clocks[clock].0));
        let (clock, created, ended) = (first(self.time)?, first(self.created), first(self.ended));
        let mut roles = self.roles_of_conditions(&values)?;
        let (mut builder, mut pairs) = (Builder::new(), 0);
        for field in 0..self.wanted.fields.len() {
            let role = match self.ask(field, &outputs, status.as_slice(), [Some(clock), created, ended]) {
                Ask::TooMuch => return None,
                Ask::Nothing if self.is_mentioned(field) => (Role::Absent, false),
                Ask::Nothing => continue,
                what => {
                    builder.pair(pairs);
                    builder.field(field, what);
                    pairs += 1;
                    (Role::Place(pairs - 1), matches!(what, Ask::Time(_)))
                }
            };
            let of_value = &mut roles[self.wanted.fields[field]];
            *of_value = match (of_value.take(), role) {
                (None, role) => Some(role),
                (Some((Role::Present, _)), (role @ Role::Place(_), _)) => Some((role, true)),
                // One value can be one thing.
                _ => return None,
            };
        }
        let finder = Finder::new(grammar, &self.wanted.tree, &roles)?;
        let shape = builder.found(pairs);
        Some(ByKey {
            finder,
            fast: Fast { shape, outputs, status, expects_status: !self.status.is_empty(), clock: Some(clock), created, ended },
        })
    }

    /// What conditions ask of values, by number.
    fn roles_of_conditions(&self, values: &[Traced]) -> Option<Vec<Option<(Role, bool)>>> {
        let mut roles = vec![None; self.wanted.count()];
        for &wanted in self.fixed {
            let value = values.iter().rfind(|value| value.wanted == Some(wanted) && value.is_quoted())?;
            roles[wanted] = Some((Role::Fixed(self.line[value.from..value.to].to_vec()), true));
        }
        for &wanted in self.asked {
            roles[wanted].get_or_insert((Role::Present, true));
        }
        Some(roles)
    }

    /// Whether an event may depend on a field.
    fn is_mentioned(&self, field: usize) -> bool {
        let is_clock = |clocks: &[usize]| clocks.iter().any(|&clock| self.clocks[clock].0 == field);
        let is_of_output = || self.outputs.iter().any(|output| output.fields().contains(&field));
        self.status.contains(&field) || is_clock(self.time) || is_clock(self.created) || is_clock(self.ended) || is_of_output()
    }

    /// What is asked of a field.
    fn ask(&self, field: usize, outputs: &[Derive], status: &[usize], clocks: [Option<usize>; 3]) -> Ask {
        let want = wants(outputs, status, self.wanted.fields.len())[field];
        match clocks.into_iter().flatten().find(|&clock| self.clocks[clock].0 == field) {
            Some(clock) if want == Want::default() => Ask::Time(clock),
            Some(_) => Ask::TooMuch,
            None if status.contains(&field) => Ask::Status(want),
            None if outputs.iter().any(|output| output.is_of_request(field)) => Ask::Request(want),
            None if want == Want::default() => Ask::Nothing,
            None => Ask::Value(want),
        }
    }

    fn shape(&self, values: &[Traced], fields: &[Option<(usize, Ask)>]) -> Option<Shape> {
        let mut builder = Builder::new();
        let mut at = 0;
        for (value, field) in values.iter().zip(fields) {
            if value.wanted.is_some_and(|wanted| self.fixed.contains(&wanted)) {
                continue;
            }
            builder.literal(&self.line[at..value.from])?;
            at = value.to;
            let to = end_of_value(&self.line[at..])?;
            let numeral = if value.is_quoted() { Numeral::List } else { Numeral::Json };
            match field {
                Some((_, Ask::TooMuch | Ask::Nothing)) => return None,
                Some((_, Ask::Time(clock))) => builder.time(*clock, to),
                Some((field, Ask::Status(want))) => builder.status(*field, *want, numeral, to),
                Some((field, Ask::Request(want))) if value.kind == JsonKind::Text => builder.request(*field, *want),
                Some((field, Ask::Value(want))) if want.value.is_some() => builder.number(*field, *want, numeral, to),
                Some((field, Ask::Value(_) | Ask::Request(_))) if value.is_quoted() => builder.text(*field),
                Some((field, Ask::Value(_) | Ask::Request(_))) => builder.scalar(Some(*field), to),
                None if value.is_quoted() => {}
                None => builder.scalar(None, to),
            }
        }
        builder.last(&self.line[at..])
    }

    /// The shape of lines of logfmt that have these values, each in quotes or not as here.
    fn shape_of_pairs(&self, values: &[Traced], fields: &[Option<(usize, Ask)>]) -> Option<Shape> {
        // What is not asked for is one field more.
        let unasked = self.wanted.fields.len();
        let (mut wants, mut requests) = (vec![Want::default(); unasked + 1], vec![false; unasked + 1]);
        let (mut steps, mut at) = (Vec::new(), 0);
        for (value, field) in values.iter().zip(fields) {
            if value.wanted.is_some_and(|wanted| self.fixed.contains(&wanted)) {
                continue;
            }
            let is_quoted = self.line[value.from - 1] == b'"';
            let quote = usize::from(is_quoted);
            steps.push(Step::literal(&self.line[at..value.from - quote]));
            at = value.to + quote;
            let (field, what) = field.unwrap_or((unasked, Ask::Nothing));
            let check = match what {
                Ask::TooMuch => return None,
                Ask::Time(clock) => Check::Time(clock),
                Ask::Status(_) => Check::Status,
                Ask::Value(want) if want.value.is_some() => Check::Number,
                Ask::Request(_) | Ask::Value(_) | Ask::Nothing => Check::Nothing,
            };
            if let Ask::Status(want) | Ask::Request(want) | Ask::Value(want) = what {
                (wants[field], requests[field]) = (want, matches!(what, Ask::Request(_)));
            }
            steps.push(match check {
                check if is_quoted => Step::Quoted { field, check },
                Check::Nothing => Step::Text { field, word: true, padded: false },
                // Without quotes a value ends at the first blank.
                Check::Number => Step::Number { field, lists: false, padded: false, places: None },
                Check::Status => Step::Status { field, lists: false },
                Check::Time(reader) => Step::Time { field, reader },
            });
        }
        let last = &self.line[at..];
        if !last.is_empty() {
            steps.push(Step::literal(last));
        }
        let readers: Vec<TimeReader> = self.clocks.iter().map(|(_, reader)| reader.clone()).collect();
        Shape::of_pairs(Source { steps: &steps, readers: &readers, is_request: &|field| requests[field], wants: &wants })
    }
}

/// The shape of lines with these columns.
fn shape_of_columns(columns: &Columns, fields: &[Option<(usize, Ask)>]) -> Option<Shape> {
    let mut builder = Builder::new();
    for (column, field) in fields.iter().enumerate() {
        let is_time_of_stamp = column > 0 && columns.stamp == Some(column - 1);
        match (column, is_time_of_stamp) {
            (0, _) => {}
            // The blank between them is a part of the timestamp.
            (_, true) => builder.skip_mark(),
            (_, false) => builder.divider(columns.divider),
        }
        match *field {
            Some((_, Ask::TooMuch)) => return None,
            // What is a time begins as a value does.
            Some((field, what @ Ask::Time(_))) => builder.field(field, what),
            field => {
                if column == 0 {
                    builder.value();
                }
                if let Some((field, what)) = field {
                    builder.field(field, what);
                }
            }
        }
    }
    builder.columns()
}

/// What stands behind a value: a literal with a quote ends its stretch; without one it is the last of the line.
fn end_of_value(rest: &[u8]) -> Option<End> {
    match rest.contains(&b'"') {
        true => Some(End::QUOTE),
        false => Some(End { literal: Some((Literal::new(rest)?, *rest.first()?)), list: 0 }),
    }
}

/// What is asked of a field of a JSON line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ask {
    Nothing,
    Time(usize),
    Status(Want),
    Request(Want),
    Value(Want),
    /// More than one thing at once, for which there is no op.
    TooMuch,
}

/// What the outputs need of each of `count` fields.
pub(super) fn wants(outputs: &[Derive], status: &[usize], count: usize) -> Vec<Want> {
    let mut wants = vec![Want::default(); count];
    for output in outputs {
        match output.columnar() {
            Columnar::Scaled(field, unit) => wants[field].value = Some(unit),
            Columnar::Sum => output.summands().iter().for_each(|&(field, unit)| wants[field].value = Some(unit)),
            Columnar::Method => {
                output.fields().into_iter().for_each(|field| (wants[field].span, wants[field].method) = (true, true));
            }
            _ => output.fields().into_iter().for_each(|field| wants[field].span = true),
        }
    }
    status.iter().for_each(|&field| wants[field].span = true);
    wants
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_many_kinds_end_the_lessons() {
        let mut lessons = Lessons::default();
        let samples = (0..100_000).filter(|_| {
            lessons.add(b"{}");
            lessons.sample.take().is_some()
        });
        assert!((8..24).contains(&samples.count()));
    }

    #[test]
    fn some_lines_of_another_kind_do_not() {
        let mut lessons = Lessons { regular: 1_000_000, careful: 200_000, ..Lessons::default() };
        lessons.add(b"{}");
        assert!(!lessons.is_useless() && lessons.sample.is_none());
    }
}
