//! The types of an expression: which kind a field has, which literal it takes, and what range that means.

use regex::bytes::Regex;

use super::grammar::{Item, Literal, LiteralValue, Name, Operator, Syntax};
use super::{Problem, ROUTE};
use crate::record::{Field, Kind};
use crate::slo::expr::{Condition, Expr, Operand};
use crate::slo::literal::{BILLIONTHS, DURATION_UNITS, SIZE_UNITS, Unfit, scaled};
use crate::slo::nearest::{nearest, suggestion};
use crate::slo::route::Routes;
use crate::time::Instant;

/// Turns syntax into a typed expression.
pub(super) struct Checker<'a> {
    /// The expression's text, for the places of problems.
    pub text: &'a str,
    /// The routes that `route` can be, if they are known.
    pub routes: Option<&'a Routes>,
}

impl<'a> Checker<'a> {
    pub(super) fn expr(&self, syntax: Syntax<'a>) -> Result<Expr, Problem> {
        let all = |parts: Vec<Syntax<'a>>| parts.into_iter().map(|part| self.expr(part)).collect::<Result<Vec<_>, _>>();
        Ok(match syntax {
            Syntax::Always(constant) => Expr::Always(constant),
            Syntax::Exists(name) => Expr::Condition(Condition::Exists(self.operand(&name)?)),
            Syntax::Compare(name, operator, literal) => self.comparison(&name, operator, &literal)?,
            Syntax::In(name, items) => Expr::Condition(self.membership(&name, &items)?),
            Syntax::Not(inner) => self.expr(*inner)?.negate(),
            Syntax::And(parts) => Expr::all(all(parts)?),
            Syntax::Or(parts) => Expr::any(all(parts)?),
        })
    }

    /// What a name means. A bare word is a common field, or else the key of a JSON object, unless it looks misspelt.
    pub(super) fn operand(&self, name: &Name<'a>) -> Result<Operand, Problem> {
        if !name.bare {
            return Ok(Operand::Field(Field::Named(name.name.as_ref().into())));
        }
        if name.name == ROUTE {
            return Ok(Operand::Route);
        }
        if let Some((_, field)) = Field::COMMON.iter().find(|(common, _)| *common == name.name) {
            return Ok(Operand::Field(field.clone()));
        }
        let known = Field::COMMON.iter().map(|(common, _)| *common).chain([ROUTE]);
        match nearest(&name.name, known) {
            Some(near) => {
                let hint =
                    format!("did you mean `{near}`? A field of the log itself is written `{}` between backticks", name.text);
                Err(self.problem(name.text, format!("there is no common field `{}`", name.text), Some(hint)))
            }
            None => Ok(Operand::Field(Field::Named(name.name.as_ref().into()))),
        }
    }

    fn comparison(&self, name: &Name<'a>, operator: Operator, literal: &Literal<'a>) -> Result<Expr, Problem> {
        let operand = self.operand(name)?;
        let kind = self.kind(&operand, std::iter::once(literal), operator.is_textual());
        let condition = match (operand, kind) {
            (operand, Kind::Text) => self.text_condition(name, operand, operator, literal)?,
            (Operand::Field(field), kind) => self.range_condition(name, field, kind, operator, literal)?,
            (Operand::Route, _) => return Err(self.mismatch(name, Kind::Text, literal)),
        };
        let condition = Expr::Condition(condition);
        Ok(if matches!(operator, Operator::Unequal | Operator::MatchesNot) { condition.negate() } else { condition })
    }

    /// The kind of a common field is known; that of a named one follows from the literals it is compared with.
    fn kind<'l>(&self, operand: &Operand, literals: impl IntoIterator<Item = &'l Literal<'a>>, textual: bool) -> Kind
    where
        'a: 'l,
    {
        let Operand::Field(field) = operand else { return Kind::Text };
        if let Some(kind) = field.kind() {
            return kind;
        }
        if textual {
            return Kind::Text;
        }
        // A class makes a list of numbers one of statuses, a unit says what its neighbours must be; a plain number fits both.
        let kinds = literals.into_iter().map(|literal| literal.value.kind());
        kinds.reduce(|a, b| if a == Kind::Number { b } else { a }).unwrap_or(Kind::Text)
    }

    fn text_condition(
        &self,
        name: &Name<'a>,
        operand: Operand,
        operator: Operator,
        literal: &Literal<'a>,
    ) -> Result<Condition, Problem> {
        let LiteralValue::Text(text) = &literal.value else { return Err(self.mismatch(name, Kind::Text, literal)) };
        Ok(match operator {
            Operator::Equal | Operator::Unequal => {
                self.check_route(&operand, literal, text)?;
                Condition::equals(operand, vec![text.clone().into_bytes()])
            }
            Operator::Matches | Operator::MatchesNot => {
                self.check_regex(literal, text)?;
                Condition::Matches { operand, pattern: text.clone() }
            }
            Operator::StartsWith => Condition::StartsWith { operand, prefix: text.clone().into_bytes() },
            Operator::Contains => Condition::Contains { operand, part: text.clone().into_bytes() },
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                let message = format!("`{}` is text, which has no order", name.text);
                let hint = "compare text by == != ~ !~ in starts_with contains";
                return Err(self.problem(literal.text, message, Some(hint.to_owned())));
            }
        })
    }

    fn range_condition(
        &self,
        name: &Name<'a>,
        field: Field,
        kind: Kind,
        operator: Operator,
        literal: &Literal<'a>,
    ) -> Result<Condition, Problem> {
        if operator.is_textual() {
            let message = format!("`{}` is {}, and this comparison is for text", name.text, article(kind));
            return Err(self.problem(name.text, message, Some("compare it by == != < <= > >= in".to_owned())));
        }
        let (low, high) = self.bounds(name, kind, literal)?;
        if low != high && !matches!(operator, Operator::Equal | Operator::Unequal) {
            return Err(self.class_order(name, operator, literal, low));
        }
        let range = match operator {
            Operator::Less => (i64::MIN, low - 1),
            Operator::LessOrEqual => (i64::MIN, high),
            Operator::Greater => (high + 1, i64::MAX),
            Operator::GreaterOrEqual => (low, i64::MAX),
            _ => (low, high),
        };
        Ok(Condition::within(field, kind, vec![range]))
    }

    #[cold]
    fn class_order(&self, name: &Name<'a>, operator: Operator, literal: &Literal<'a>, first: i64) -> Problem {
        let bound = match operator {
            Operator::Less => format!("< {first}"),
            Operator::LessOrEqual => format!("< {}", first + 100),
            Operator::Greater => format!(">= {}", first + 100),
            _ => format!(">= {first}"),
        };
        let hint = format!("write `{} {bound}`", name.text);
        self.problem(literal.text, format!("`{}` is a class of statuses, which has no order", literal.text), Some(hint))
    }

    fn membership(&self, name: &Name<'a>, items: &[Item<'a>]) -> Result<Condition, Problem> {
        let operand = self.operand(name)?;
        let literals = items.iter().flat_map(|item| std::iter::once(&item.from).chain(&item.to));
        match (self.kind(&operand, literals, false), operand) {
            (Kind::Text, operand) => {
                let texts = items.iter().map(|item| self.text_item(name, &operand, item));
                Ok(Condition::equals(operand.clone(), texts.collect::<Result<_, _>>()?))
            }
            (kind, Operand::Field(field)) => {
                let ranges = items.iter().map(|item| self.range_item(name, kind, item)).collect::<Result<_, _>>()?;
                Ok(Condition::within(field, kind, ranges))
            }
            (_, Operand::Route) => Err(self.problem(name.text, format!("`{ROUTE}` is text"), None)),
        }
    }

    fn text_item(&self, name: &Name<'a>, operand: &Operand, item: &Item<'a>) -> Result<Vec<u8>, Problem> {
        if let Some(to) = &item.to {
            let message = format!("`{}` is text, which has no ranges", name.text);
            return Err(self.problem(to.text, message, Some("list every text, or use `~` or `starts_with`".to_owned())));
        }
        let LiteralValue::Text(text) = &item.from.value else { return Err(self.mismatch(name, Kind::Text, &item.from)) };
        self.check_route(operand, &item.from, text)?;
        Ok(text.clone().into_bytes())
    }

    fn range_item(&self, name: &Name<'a>, kind: Kind, item: &Item<'a>) -> Result<(i64, i64), Problem> {
        let (low, high) = self.bounds(name, kind, &item.from)?;
        let Some(to) = &item.to else { return Ok((low, high)) };
        let (to_low, to_high) = self.bounds(name, kind, to)?;
        if low != high || to_low != to_high {
            let message = "a range goes from one value to another, not from or to a class".to_owned();
            return Err(self.problem(to.text, message, Some("write 400..599, or list the classes".to_owned())));
        }
        if low > to_high {
            return Err(self.problem(to.text, format!("the range ends before it begins at {}", item.from.text), None));
        }
        Ok((low, to_high))
    }

    /// The lowest and highest value that a literal stands for, as this kind.
    fn bounds(&self, name: &Name<'a>, kind: Kind, literal: &Literal<'a>) -> Result<(i64, i64), Problem> {
        let value = match (kind, &literal.value) {
            (Kind::Status, LiteralValue::Class(class)) => {
                let first = i64::from(*class) * 100;
                return Ok((first, first + 99));
            }
            (Kind::Status, LiteralValue::Number(number, "")) => self.status(literal, number)?,
            (Kind::Duration, LiteralValue::Number(number, unit)) if !unit.is_empty() => {
                self.quantity(name, literal, kind, number, unit)?
            }
            (Kind::Size, LiteralValue::Number(number, unit)) => {
                self.quantity(name, literal, kind, number, if unit.is_empty() { "B" } else { unit })?
            }
            (Kind::Number, LiteralValue::Number(number, "")) => self.scaled(literal, kind, number, BILLIONTHS)?,
            (Kind::Time, LiteralValue::Text(text)) => self.instant(literal, text)?,
            _ => return Err(self.mismatch(name, kind, literal)),
        };
        Ok((value, value))
    }

    fn status(&self, literal: &Literal<'a>, number: &str) -> Result<i64, Problem> {
        match number.parse() {
            Ok(status @ 1..=999) => Ok(status),
            Ok(0) => {
                let hint = "a request without a response has no status: write `not exists(status)`";
                Err(self.problem(literal.text, "no event has the status 0".to_owned(), Some(hint.to_owned())))
            }
            _ => {
                let message = format!("`{}` is no status: statuses are whole numbers from 1 to 999", literal.text);
                Err(self.problem(literal.text, message, None))
            }
        }
    }

    fn quantity(&self, name: &Name<'a>, literal: &Literal<'a>, kind: Kind, number: &str, unit: &str) -> Result<i64, Problem> {
        let units: &[(&str, i64)] = if kind == Kind::Duration { &DURATION_UNITS } else { &SIZE_UNITS };
        if let Some((_, scale)) = units.iter().find(|(known, _)| *known == unit) {
            return self.scaled(literal, kind, number, *scale);
        }
        if literal.value.kind() != kind && literal.value.unit_is_known() {
            return Err(self.mismatch(name, kind, literal));
        }
        Err(self.unknown_unit(literal, unit, units))
    }

    #[cold]
    fn unknown_unit(&self, literal: &Literal<'a>, unit: &str, units: &[(&str, i64)]) -> Problem {
        // Both code points of µ are accepted; naming one is enough.
        let names: Vec<&str> = units.iter().map(|(name, _)| *name).filter(|name| *name != "μs").collect();
        let place = &literal.text[literal.text.len() - unit.len()..];
        let hint = match names.iter().find(|name| name.eq_ignore_ascii_case(unit)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("units are {}", names.join(" ")),
        };
        self.problem(place, format!("there is no unit `{unit}`"), Some(hint))
    }

    fn scaled(&self, literal: &Literal<'a>, kind: Kind, number: &str, scale: i64) -> Result<i64, Problem> {
        let (unit, most) = match kind {
            Kind::Duration => ("nanoseconds", "292 years"),
            Kind::Size => ("bytes", "9.2 × 10¹⁸ bytes"),
            _ => ("billionths", "9,223,372,036"),
        };
        if number.starts_with('-') && kind != Kind::Number {
            return Err(self.problem(
                literal.text,
                format!("`{}` is negative, and {} never is", literal.text, article(kind)),
                None,
            ));
        }
        scaled(number, scale).map_err(|unfit| {
            let message = match unfit {
                Unfit::TooFine => format!("`{}` is no whole number of {unit}, in which slix counts", literal.text),
                Unfit::TooLarge => format!("`{}` is too large: the most is {most}", literal.text),
            };
            self.problem(literal.text, message, None)
        })
    }

    fn instant(&self, literal: &Literal<'a>, text: &str) -> Result<i64, Problem> {
        Instant::parse(text).map(Instant::micros).ok_or_else(|| {
            let hint = "write \"2026-11-01T00:00:00Z\", or a date alone for its midnight in UTC".to_owned();
            self.problem(literal.text, format!("{} is no time", literal.text), Some(hint))
        })
    }

    fn check_regex(&self, literal: &Literal<'a>, pattern: &str) -> Result<(), Problem> {
        let Err(error) = Regex::new(pattern) else { return Ok(()) };
        let message = format!("the regular expression is wrong: {}", regex_reason(&error.to_string()));
        Err(self.problem(literal.text, message, Some("the syntax is that of https://docs.rs/regex".to_owned())))
    }

    /// A route that is compared with a name that no route has is a slip: the comparison would always be false.
    fn check_route(&self, operand: &Operand, literal: &Literal<'a>, text: &str) -> Result<(), Problem> {
        let (Operand::Route, Some(routes)) = (operand, self.routes) else { return Ok(()) };
        let names: Vec<&str> = (0..routes.len()).map(|i| routes.name(i)).collect();
        // Which routes a log has is known when it is read.
        if names.contains(&text) || routes.is_auto() {
            return Ok(());
        }
        let hint = match names.len() {
            0 => "declare `routes:` first".to_owned(),
            1..=20 => suggestion(text, "routes are", &names),
            _ => nearest(text, names).map_or("see `routes:`".to_owned(), |near| format!("did you mean `{near}`?")),
        };
        Err(self.problem(literal.text, format!("there is no route {}", literal.text), Some(hint)))
    }

    #[cold]
    fn mismatch(&self, name: &Name<'a>, kind: Kind, literal: &Literal<'a>) -> Problem {
        let message = format!("`{}` is {}, but `{}` is {}", name.text, article(kind), literal.text, literal.value.describe());
        let hint = match (kind, &literal.value) {
            (Kind::Duration, LiteralValue::Number(number, "")) => format!("give its unit: {number}ms or {number}s"),
            (Kind::Text, LiteralValue::Number(..) | LiteralValue::Class(_)) => format!("write \"{}\"", literal.text),
            (Kind::Status, LiteralValue::Number(number, _)) => format!("write {number}"),
            (Kind::Time, _) => "write it as \"2026-11-01T00:00:00Z\"".to_owned(),
            (Kind::Status | Kind::Duration | Kind::Size, LiteralValue::Text(text))
                if text.starts_with(|c: char| c.is_ascii_digit()) =>
            {
                format!("write {text} without quotes")
            }
            (kind, _) => format!("write {}", example(kind)),
        };
        self.problem(literal.text, message, Some(hint))
    }

    fn problem(&self, part: &str, message: String, hint: Option<String>) -> Problem {
        Problem::at(self.text, part, message, hint)
    }
}

impl Operator {
    /// Whether it is for text alone.
    fn is_textual(self) -> bool {
        matches!(self, Operator::Matches | Operator::MatchesNot | Operator::StartsWith | Operator::Contains)
    }
}

impl LiteralValue<'_> {
    /// The kind it gives a field whose kind is not known. An unknown unit is taken for a duration's, and complained about as one.
    fn kind(&self) -> Kind {
        match self {
            LiteralValue::Text(_) => Kind::Text,
            LiteralValue::Class(_) => Kind::Status,
            LiteralValue::Number(_, "") => Kind::Number,
            LiteralValue::Number(_, unit) if SIZE_UNITS.iter().any(|(size, _)| size.eq_ignore_ascii_case(unit)) => Kind::Size,
            LiteralValue::Number(..) => Kind::Duration,
        }
    }

    fn unit_is_known(&self) -> bool {
        let LiteralValue::Number(_, unit) = self else { return false };
        SIZE_UNITS.iter().chain(&DURATION_UNITS).any(|(known, _)| known == unit)
    }

    fn describe(&self) -> &'static str {
        match self {
            LiteralValue::Number(_, "") => "a plain number",
            other => article(other.kind()),
        }
    }
}

/// The kind with its article.
fn article(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Status => "a status",
        Kind::Duration => "a duration",
        Kind::Size => "a size",
        Kind::Number => "a number",
        Kind::Time => "a time",
    }
}

fn example(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "\"GET\"",
        Kind::Status => "404 or 5xx",
        Kind::Duration => "300ms",
        Kind::Size => "64KiB",
        Kind::Number => "1.5",
        Kind::Time => "\"2026-11-01T00:00:00Z\"",
    }
}

/// The reason in a message of the regex crate, which draws the pattern over several lines before it.
pub(crate) fn regex_reason(message: &str) -> &str {
    let last = message.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(message);
    last.trim().trim_start_matches("error: ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether a comparison holds, by the ranges it was turned into.
    fn holds(text: &str, value: i64) -> bool {
        let expr = Expr::parse(text).unwrap();
        let in_ranges = |condition: &Condition| match condition {
            Condition::Within { ranges, .. } => Some(ranges.iter().any(|&(low, high)| (low..=high).contains(&value))),
            _ => None,
        };
        crate::slo::expr::evaluate(&expr, &mut { in_ranges }).unwrap()
    }

    proptest! {
        /// The obvious twin of ranges is to compare.
        #[test]
        fn ranges_hold_what_comparisons_say(bound in 0..600i64, to in 0..600i64, value in -5..605i64) {
            prop_assert_eq!(holds(&format!("latency < {bound}ns"), value), value < bound);
            prop_assert_eq!(holds(&format!("latency <= {bound}ns"), value), value <= bound);
            prop_assert_eq!(holds(&format!("latency > {bound}ns"), value), value > bound);
            prop_assert_eq!(holds(&format!("latency >= {bound}ns"), value), value >= bound);
            prop_assert_eq!(holds(&format!("bytes == {bound}"), value), value == bound);
            prop_assert_eq!(holds(&format!("bytes != {bound}B"), value), value != bound);
            prop_assert_eq!(holds(&format!("bytes in [{bound}, {to}]"), value), value == bound || value == to);
            let (low, high) = (bound.min(to), bound.max(to));
            prop_assert_eq!(holds(&format!("bytes in [{low}..{high}, 601]"), value), (low..=high).contains(&value) || value == 601);
            prop_assert_eq!(holds("status in [2xx, 404]", value), value / 100 == 2 || value == 404);
            prop_assert_eq!(holds("status != 5xx", value), value / 100 != 5);
        }
    }

    #[test]
    fn a_field_of_the_log_takes_its_kind_from_its_literals() {
        for (text, want) in [
            ("$x == \"a\"", None),
            ("$x ~ \"a\"", None),
            ("$x < 1.5", Some(Kind::Number)),
            ("$x < 1s", Some(Kind::Duration)),
            ("$x < 1KiB", Some(Kind::Size)),
            ("$x == 5xx", Some(Kind::Status)),
            ("$x in [404, 5xx]", Some(Kind::Status)),
            ("$x in [1, 2]", Some(Kind::Number)),
        ] {
            let expr = Expr::parse(text).unwrap();
            let kind = expr.conditions().into_iter().find_map(|condition| match condition {
                Condition::Within { kind, .. } => Some(*kind),
                _ => None,
            });
            assert_eq!(kind, want, "{text}");
        }
        for wrong in ["$x in [1, 2s]", "$x in [1KB, 2s]", "$x in [\"a\", 1]", "$x < 5xx", "$x ~ 5"] {
            assert!(Expr::parse(wrong).is_err(), "{wrong}");
        }
    }
}
