//! An event for which expressions have given values: to show what a definition lets happen, rather than to claim it.
//!
//! Conditions ask for few values of a field, so few values decide them all: the ends of ranges and their neighbours, the texts that
//! are compared with, a text for each regular expression, and one that nobody names. All combinations of those are tried.

use std::collections::BTreeMap;

use regex::bytes::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::expr::{Condition, Expr, Operand, evaluate, quoted};
use super::literal;
use crate::record::{Field, Kind};

/// Combinations that are tried at most; there are hardly ever a hundred.
const TRIED_MAX: usize = 4_096;
/// Bytes of a text for a regular expression, at most.
const TEXT_BYTES_MAX: usize = 256;
/// A text that no definition names.
const ANY_TEXT: &[u8] = b"/any";

/// Whether there is an event for which expressions have given values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Example {
    /// There is: this one, as `status 503, path "/health"`.
    Event(String),
    /// There is none.
    Never,
    /// None was found, but there may be one.
    Unknown,
}

/// Looks for an event for which each expression has the value beside it.
pub fn example(wanted: &[(&Expr, bool)]) -> Example {
    let conditions: Vec<&Condition> = wanted.iter().flat_map(|(expr, _)| expr.conditions()).collect();
    let fields = fields_of(&conditions);
    let combinations = fields.iter().try_fold(1_usize, |all, field| all.checked_mul(field.values.len()));
    let Some(combinations) = combinations.filter(|&all| all <= TRIED_MAX) else { return Example::Unknown };
    for number in 0..combinations {
        let event = Event::numbered(&fields, number);
        if wanted.iter().all(|(expr, value)| evaluate(expr, &mut |condition| event.value_of(condition)) == Some(*value)) {
            return Example::Event(event.words());
        }
    }
    if conditions.iter().all(|condition| is_decided(condition)) { Example::Never } else { Example::Unknown }
}

/// Whether the values that are tried are all that a condition can tell apart.
fn is_decided(condition: &Condition) -> bool {
    matches!(condition, Condition::Within { .. } | Condition::Equals { .. } | Condition::Exists(_))
}

/// What a field may be.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Value {
    Absent,
    Number(i64),
    Text(Vec<u8>),
}

/// What is tried of one field.
struct Tried<'c> {
    operand: Operand,
    /// As what numbers of it are written.
    kind: Kind,
    /// What is asked of it.
    conditions: Vec<&'c Condition>,
    /// Each value, and what it makes of the conditions.
    values: Vec<(Value, Vec<Option<bool>>)>,
}

fn fields_of<'c>(conditions: &[&'c Condition]) -> Vec<Tried<'c>> {
    let mut by_operand: BTreeMap<Operand, Vec<&Condition>> = BTreeMap::new();
    for condition in conditions {
        by_operand.entry(operand_of(condition)).or_default().push(condition);
    }
    let tried = |(operand, conditions): (Operand, Vec<&'c Condition>)| {
        let kind = conditions.iter().find_map(|condition| match condition {
            Condition::Within { kind, .. } => Some(*kind),
            _ => None,
        });
        let mut values: Vec<Value> = Vec::new();
        let any = kind.is_none().then(|| Value::Text(ANY_TEXT.to_vec()));
        for value in conditions.iter().flat_map(|condition| values_for(condition)).chain(any) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        let tests: Vec<Test> = conditions.iter().map(|condition| Test::new(condition)).collect();
        let judged = |value: Value| {
            let verdicts = tests.iter().map(|test| test.of(&value)).collect();
            (value, verdicts)
        };
        let values = values.into_iter().map(judged).collect();
        Tried { operand, kind: kind.unwrap_or(Kind::Text), conditions, values }
    };
    by_operand.into_iter().map(tried).collect()
}

/// A condition, ready to be asked of values.
struct Test<'c> {
    condition: &'c Condition,
    regex: Option<Regex>,
}

impl<'c> Test<'c> {
    fn new(condition: &'c Condition) -> Self {
        let regex = match condition {
            Condition::Matches { pattern, .. } => Regex::new(pattern).ok(),
            _ => None,
        };
        Test { condition, regex }
    }

    fn of(&self, value: &Value) -> Option<bool> {
        match (self.condition, value) {
            (Condition::Exists(_), value) => Some(*value != Value::Absent),
            (Condition::Within { ranges, .. }, Value::Number(n)) => {
                Some(ranges.iter().any(|(from, to)| (from..=to).contains(&n)))
            }
            (Condition::Equals { texts, .. }, Value::Text(text)) => Some(texts.contains(text)),
            (Condition::StartsWith { prefix, .. }, Value::Text(text)) => Some(text.starts_with(prefix)),
            (Condition::Contains { part, .. }, Value::Text(text)) => Some(memchr::memmem::find(text, part).is_some()),
            (Condition::Matches { .. }, Value::Text(text)) => self.regex.as_ref().map(|regex| regex.is_match(text)),
            // A comparison with no route is false, one with anything else that is absent unknown.
            (condition, Value::Absent) if condition.operand() == Some(&Operand::Route) => Some(false),
            _ => None,
        }
    }
}

fn operand_of(condition: &Condition) -> Operand {
    match condition {
        Condition::Within { field, .. } => Operand::Field(field.clone()),
        Condition::Exists(operand)
        | Condition::Equals { operand, .. }
        | Condition::StartsWith { operand, .. }
        | Condition::Contains { operand, .. }
        | Condition::Matches { operand, .. } => operand.clone(),
    }
}

/// Values at which a condition changes.
fn values_for(condition: &Condition) -> Vec<Value> {
    match condition {
        Condition::Within { kind, ranges, .. } => {
            let (low, high) = domain(*kind);
            let ends = ranges.iter().flat_map(|&(from, to)| [from.saturating_sub(1), from, to, to.saturating_add(1)]);
            // The usual comes first, for the sake of those who read the example.
            let usual = if *kind == Kind::Status { 200 } else { low };
            [usual].into_iter().chain(ends).filter(|value| (low..=high).contains(value)).map(Value::Number).collect()
        }
        Condition::Exists(_) => vec![Value::Absent],
        Condition::Equals { texts, .. } => texts.iter().cloned().map(Value::Text).collect(),
        Condition::StartsWith { prefix: text, .. } | Condition::Contains { part: text, .. } => vec![Value::Text(text.clone())],
        Condition::Matches { pattern, .. } => text_for(pattern).map(Value::Text).into_iter().collect(),
    }
}

/// The values that a log can have of a kind.
fn domain(kind: Kind) -> (i64, i64) {
    match kind {
        Kind::Status => (1, 999),
        Kind::Duration | Kind::Size => (0, i64::MAX),
        Kind::Number | Kind::Time | Kind::Text => (i64::MIN, i64::MAX),
    }
}

/// A text that a regular expression matches, if one is found easily.
fn text_for(pattern: &str) -> Option<Vec<u8>> {
    let hir = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern).ok()?;
    let mut text = Vec::new();
    write_text(&hir, &mut text)?;
    Regex::new(pattern).ok()?.is_match(&text).then_some(text)
}

/// Writes the first text that fits, part by part; places such as the beginning of the text are taken for granted.
fn write_text(hir: &Hir, text: &mut Vec<u8>) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.extend_from_slice(&literal.0),
        HirKind::Class(class) => write_one(class, text)?,
        HirKind::Repetition(repetition) => {
            let times = repetition.min.min(u32::try_from(TEXT_BYTES_MAX).ok()?);
            (0..times).try_for_each(|_| write_text(&repetition.sub, text))?;
        }
        HirKind::Capture(capture) => write_text(&capture.sub, text)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| write_text(part, text))?,
        HirKind::Alternation(parts) => write_text(parts.first()?, text)?,
    }
    (text.len() <= TEXT_BYTES_MAX).then_some(())
}

/// Writes one character of a class, a letter or digit if it has one.
fn write_one(class: &Class, text: &mut Vec<u8>) -> Option<()> {
    let plain = ('a'..='z').chain('0'..='9').chain('!'..='~');
    let character = match class {
        Class::Unicode(class) => {
            let has = |c: char| class.iter().any(|range| (range.start()..=range.end()).contains(&c));
            plain.into_iter().find(|&c| has(c)).or_else(|| class.iter().next().map(|range| range.start()))?
        }
        Class::Bytes(class) => {
            let has = |c: char| class.iter().any(|range| (range.start()..=range.end()).contains(&(c as u8)));
            plain.into_iter().find(|&c| has(c))?
        }
    };
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(())
}

/// One combination of values: of each field, the place of its value.
struct Event<'t>(Vec<(&'t Tried<'t>, usize)>);

impl<'t> Event<'t> {
    fn numbered(fields: &'t [Tried<'t>], mut number: usize) -> Event<'t> {
        let pick = |field: &'t Tried<'t>| {
            let place = number % field.values.len();
            number /= field.values.len();
            (field, place)
        };
        Event(fields.iter().map(pick).collect())
    }

    fn value_of(&self, condition: &Condition) -> Option<bool> {
        let operand = operand_of(condition);
        let (field, place) = self.0.iter().find(|(field, _)| field.operand == operand)?;
        let test = field.conditions.iter().position(|one| *one == condition)?;
        field.values[*place].1[test]
    }

    fn words(&self) -> String {
        let one = |&(field, place): &(&Tried, usize)| match &field.values[place].0 {
            Value::Absent => format!("no {}", field.operand),
            Value::Number(n) => format!("{} {}", field.operand, number_words(field, *n)),
            Value::Text(text) => format!("{} {}", field.operand, quoted(text)),
        };
        self.0.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

fn number_words(field: &Tried, number: i64) -> String {
    match &field.operand {
        Operand::Field(Field::Status) => number.to_string(),
        _ => literal::write(field.kind, number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expr(text: &str) -> Expr {
        Expr::parse(text).unwrap()
    }

    /// An event that is good, but not valid.
    fn outside(good: &str, valid: &str) -> Example {
        example(&[(&expr(good), true), (&expr(valid), false)])
    }

    #[test]
    fn examples_are_events_that_show_it() {
        let cases = [
            ("status < 500", "path != \"/health\"", "path \"/health\", status 200"),
            ("status < 500", "status < 400", "status 499"),
            ("latency <= 300ms", "status < 500", "status 500, latency 0ns"),
            ("status < 500", "path !~ \"^/(health|ready)$\"", "path \"/health\", status 200"),
            ("status < 500", "not path starts_with \"/static/\"", "path \"/static/\", status 200"),
            ("not exists(status) or status < 500", "exists(status)", "no status"),
            ("status < 500", "route in [\"/a\", \"/b\"]", "status 200, route \"/any\""),
        ];
        for (good, valid, event) in cases {
            assert_eq!(outside(good, valid), Example::Event(event.to_owned()), "{good} / {valid}");
        }
    }

    #[test]
    fn what_lies_inside_has_no_example() {
        let cases = [
            ("status < 400", "status < 500", Example::Never),
            ("status < 500 and path != \"/health\"", "path != \"/health\"", Example::Never),
            ("(path ~ \"^/a\") and (status < 500)", "path ~ \"^/a\"", Example::Unknown),
            ("method == \"GET\"", "method in [\"GET\", \"PUT\"]", Example::Never),
            ("status == 5xx", "status >= 500", Example::Never),
            ("exists(host) and host == \"a\"", "exists(host)", Example::Never),
        ];
        for (good, valid, want) in cases {
            assert_eq!(outside(good, valid), want, "{good} / {valid}");
        }
    }

    #[test]
    fn texts_match_their_expressions() {
        for pattern in ["^/api/v\\d+/", "(?i)BOT|crawl", "^[^a-z]{3}$", "x{2,5}.*y+", "\\bfoo\\b", "", "[\\x00-\\x1f]", "é+"] {
            assert!(text_for(pattern).is_some_and(|text| Regex::new(pattern).unwrap().is_match(&text)), "{pattern}");
        }
        // Nothing is claimed where none is found.
        assert_eq!(text_for("^a\\b^b"), None);
        assert_eq!(text_for(&format!("a{{{}}}", TEXT_BYTES_MAX + 1)), None);
    }
}
