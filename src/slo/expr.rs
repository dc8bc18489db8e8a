//! Expressions over the fields of an event, in three-valued (Kleene) logic.

use std::fmt;

use super::{literal, parse};
use crate::error::Result;
use crate::record::{Field, Kind};

/// A typed expression. `!=` and `!~` are [`Expr::Not`] of `==` and `~`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Expr {
    /// A constant.
    Always(bool),
    /// One condition: an atom of the classifier.
    Condition(Condition),
    /// Kleene negation: unknown stays unknown.
    Not(Box<Expr>),
    /// Kleene conjunction.
    And(Vec<Expr>),
    /// Kleene disjunction.
    Or(Vec<Expr>),
}

/// A distinct comparison in canonical form: equal conditions are equal values, so each is evaluated once.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Condition {
    /// The field is there. Never unknown.
    Exists(Operand),
    /// The value lies in one of these inclusive ranges (sorted, disjoint, not adjacent), in the canonical unit of the kind.
    /// Every comparison of a number, a duration, a size, a status, a status class or a time is one. Unknown when absent.
    Within {
        /// What is compared.
        field: Field,
        /// As what; the format checks that the field is of this kind.
        kind: Kind,
        /// Lowest and highest value of each range. An open end is the extreme of the type.
        ranges: Vec<(i64, i64)>,
    },
    /// The text equals one of these (sorted). `== "x"` and `in ["x", "y"]`.
    Equals {
        /// What is compared.
        operand: Operand,
        /// The texts, each once.
        texts: Vec<Vec<u8>>,
    },
    /// The text begins with this.
    StartsWith {
        /// What is compared.
        operand: Operand,
        /// How it begins.
        prefix: Vec<u8>,
    },
    /// The text holds this.
    Contains {
        /// What is compared.
        operand: Operand,
        /// What it holds.
        part: Vec<u8>,
    },
    /// The regular expression matches somewhere in the text (`regex` crate syntax, bytes).
    Matches {
        /// What is compared.
        operand: Operand,
        /// The regular expression as written.
        pattern: String,
    },
}

/// What a condition looks at.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Operand {
    /// A text field. Unknown when absent.
    Field(Field),
    /// The route's name. Never unknown: comparisons with an absent route are false.
    Route,
}

impl Expr {
    /// Parses an expression of the language of `docs/definitions.md`.
    ///
    /// Names of routes are not checked: a definition file does that, which knows its routes.
    ///
    /// # Errors
    /// [`ErrorKind::Definition`](crate::error::ErrorKind) with the place in `text`, when it is not an expression or its types do not fit.
    pub fn parse(text: &str) -> Result<Expr> {
        parse::expression(text, None).map_err(|problem| problem.into_error("expression", text))
    }

    /// Kleene negation. A double one is none, and a negated constant is the other one.
    pub fn negate(self) -> Expr {
        match self {
            Expr::Always(constant) => Expr::Always(!constant),
            Expr::Not(inner) => *inner,
            other => Expr::Not(Box::new(other)),
        }
    }

    /// Kleene conjunction of all `parts`; of none it is true. Nested ones become one.
    pub fn all(parts: Vec<Expr>) -> Expr {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Expr::And(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        single(flat, Expr::Always(true), Expr::And)
    }

    /// Kleene disjunction of all `parts`; of none it is false. Nested ones become one.
    pub fn any(parts: Vec<Expr>) -> Expr {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Expr::Or(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        single(flat, Expr::Always(false), Expr::Or)
    }

    /// Every condition, as often as it stands there, from left to right.
    pub fn conditions(&self) -> Vec<&Condition> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    fn collect<'a>(&'a self, found: &mut Vec<&'a Condition>) {
        match self {
            Expr::Always(_) => {}
            Expr::Condition(condition) => found.push(condition),
            Expr::Not(inner) => inner.collect(found),
            Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| part.collect(found)),
        }
    }

    /// The same expression in a normal order: conjunctions and disjunctions are sorted, repetitions and constants that
    /// change nothing are left out (all of which hold in Kleene logic). Expressions that differ only so are equal then.
    pub fn canonical(&self) -> Expr {
        match self {
            Expr::Always(_) | Expr::Condition(_) => self.clone(),
            Expr::Not(inner) => inner.canonical().negate(),
            Expr::And(parts) => Expr::all(normal_order(parts, false)),
            Expr::Or(parts) => Expr::any(normal_order(parts, true)),
        }
    }
}

/// The value of an expression when `value_of` knows that of each condition (none: unknown), in Kleene's strong logic
/// (S. C. Kleene, "Introduction to Metamathematics", 1952, § 64): unknown only where either value could follow.
pub fn evaluate(expr: &Expr, value_of: &mut dyn FnMut(&Condition) -> Option<bool>) -> Option<bool> {
    match expr {
        Expr::Always(constant) => Some(*constant),
        Expr::Condition(condition) => value_of(condition),
        Expr::Not(inner) => evaluate(inner, value_of).map(|value| !value),
        Expr::And(parts) => decide(parts, false, value_of),
        Expr::Or(parts) => decide(parts, true, value_of),
    }
}

/// `decisive` if any part is that; else unknown if any part is; else the opposite.
fn decide(parts: &[Expr], decisive: bool, value_of: &mut dyn FnMut(&Condition) -> Option<bool>) -> Option<bool> {
    let mut value = Some(!decisive);
    for part in parts {
        match evaluate(part, value_of) {
            Some(v) if v == decisive => return Some(decisive),
            Some(_) => {}
            None => value = None,
        }
    }
    value
}

fn single(mut parts: Vec<Expr>, empty: Expr, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        0 => empty,
        1 => parts.swap_remove(0),
        _ => many(parts),
    }
}

/// The parts in canonical form, sorted by their text, without repetitions; only the constant `decisive` if it is among them.
fn normal_order(parts: &[Expr], decisive: bool) -> Vec<Expr> {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match (part.canonical(), decisive) {
            (Expr::And(inner), false) | (Expr::Or(inner), true) => flat.extend(inner),
            (other, _) => flat.push(other),
        }
    }
    if flat.contains(&Expr::Always(decisive)) {
        return vec![Expr::Always(decisive)];
    }
    flat.retain(|part| *part != Expr::Always(!decisive));
    flat.sort_by_cached_key(Expr::to_string);
    flat.dedup();
    flat
}

impl Condition {
    /// A condition on a number: the value lies in one of `ranges` (inclusive, in any order, overlapping or not).
    pub fn within(field: Field, kind: Kind, mut ranges: Vec<(i64, i64)>) -> Condition {
        ranges.retain(|(low, high)| low <= high);
        ranges.sort_unstable();
        let mut disjoint: Vec<(i64, i64)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match disjoint.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => disjoint.push((low, high)),
            }
        }
        Condition::Within { field, kind, ranges: disjoint }
    }

    /// A condition on text: it equals one of `texts` (in any order).
    pub fn equals(operand: Operand, mut texts: Vec<Vec<u8>>) -> Condition {
        texts.sort_unstable();
        texts.dedup();
        Condition::Equals { operand, texts }
    }

    /// What it looks at, unless it is a number.
    pub fn operand(&self) -> Option<&Operand> {
        match self {
            Condition::Within { .. } => None,
            Condition::Exists(operand)
            | Condition::Equals { operand, .. }
            | Condition::StartsWith { operand, .. }
            | Condition::Contains { operand, .. }
            | Condition::Matches { operand, .. } => Some(operand),
        }
    }

    /// The field it looks at; none for the route.
    pub fn field(&self) -> Option<&Field> {
        match (self, self.operand()) {
            (Condition::Within { field, .. }, _) | (_, Some(Operand::Field(field))) => Some(field),
            (_, Some(Operand::Route) | None) => None,
        }
    }
}

/// The canonical text. It parses back to an equal expression; fingerprints of indicators are made of it.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Always(constant) => write!(f, "{constant}"),
            Expr::Condition(condition) => write!(f, "{condition}"),
            Expr::Not(inner) => write_negation(f, inner),
            Expr::And(parts) => write_joined(f, parts, " and "),
            Expr::Or(parts) => write_joined(f, parts, " or "),
        }
    }
}

fn write_negation(f: &mut fmt::Formatter<'_>, inner: &Expr) -> fmt::Result {
    match inner {
        Expr::Condition(condition) => match condition.write(f, true) {
            Ok(true) => Ok(()),
            Ok(false) => write!(f, "not {condition}"),
            Err(error) => Err(error),
        },
        Expr::And(_) | Expr::Or(_) => write!(f, "not ({inner})"),
        Expr::Always(_) | Expr::Not(_) => write!(f, "not {inner}"),
    }
}

fn write_joined(f: &mut fmt::Formatter<'_>, parts: &[Expr], between: &str) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        f.write_str(if i == 0 { "" } else { between })?;
        match part {
            Expr::And(_) | Expr::Or(_) => write!(f, "({part})")?,
            Expr::Always(_) | Expr::Condition(_) | Expr::Not(_) => write!(f, "{part}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, false).map(|_| ())
    }
}

impl Condition {
    /// Writes the condition, or with `negated` its opposite by an operator of its own. False: there is none, nothing was written.
    fn write(&self, f: &mut fmt::Formatter<'_>, negated: bool) -> Result<bool, fmt::Error> {
        let equal = if negated { "!=" } else { "==" };
        match self {
            Condition::Matches { operand, pattern } => {
                let operator = if negated { "!~" } else { "~" };
                write!(f, "{operand} {operator} {}", quoted(pattern.as_bytes()))?;
            }
            Condition::Equals { operand, texts } if texts.len() == 1 => write!(f, "{operand} {equal} {}", quoted(&texts[0]))?,
            Condition::Within { field, kind, ranges } => match single_item(*kind, ranges) {
                Some(item) => write!(f, "{} {equal} {item}", FieldText(field))?,
                None if negated => return Ok(false),
                None => write_ranges(f, field, *kind, ranges)?,
            },
            _ if negated => return Ok(false),
            Condition::Exists(operand) => write!(f, "exists({operand})")?,
            Condition::StartsWith { operand, prefix } => write!(f, "{operand} starts_with {}", quoted(prefix))?,
            Condition::Contains { operand, part } => write!(f, "{operand} contains {}", quoted(part))?,
            Condition::Equals { operand, texts } => {
                let items: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
                write!(f, "{operand} in [{}]", items.join(", "))?;
            }
        }
        Ok(true)
    }
}

/// The one literal that stands for all of `ranges`, if there is one: `404`, `5xx`.
fn single_item(kind: Kind, ranges: &[(i64, i64)]) -> Option<String> {
    match items(kind, ranges).as_slice() {
        [(text, true)] => Some(text.clone()),
        _ => None,
    }
}

fn write_ranges(f: &mut fmt::Formatter<'_>, field: &Field, kind: Kind, ranges: &[(i64, i64)]) -> fmt::Result {
    let field = FieldText(field);
    // Both forms of a bound mean the same whole numbers; the shorter one is what somebody wrote.
    let shorter = |here: (&str, i64), there: (&str, i64)| {
        let (a, b) = (literal::write(kind, here.1), literal::write(kind, there.1));
        if a.len() <= b.len() { format!("{} {a}", here.0) } else { format!("{} {b}", there.0) }
    };
    match ranges {
        [(i64::MIN, high)] if *high < i64::MAX => write!(f, "{field} {}", shorter(("<", high + 1), ("<=", *high))),
        [(low, i64::MAX)] if *low > i64::MIN => write!(f, "{field} {}", shorter((">=", *low), (">", low - 1))),
        _ => {
            let items: Vec<String> = items(kind, ranges).into_iter().map(|(text, _)| text).collect();
            write!(f, "{field} in [{}]", items.join(", "))
        }
    }
}

/// The elements of an `in` list that cover `ranges`, each with whether it is a literal that may stand alone.
fn items(kind: Kind, ranges: &[(i64, i64)]) -> Vec<(String, bool)> {
    let mut items = Vec::with_capacity(ranges.len());
    for &(mut low, high) in ranges {
        if kind == Kind::Status && (0..1_000).contains(&low) && high < 1_000 {
            low = split_classes(&mut items, low, high);
        }
        push_range(&mut items, kind, low, high);
    }
    items
}

/// Moves whole classes of `low..=high` into `items`; returns where the rest begins.
fn split_classes(items: &mut Vec<(String, bool)>, mut low: i64, high: i64) -> i64 {
    loop {
        let class = (low + 99) / 100;
        let (first, last) = (class * 100, class * 100 + 99);
        if class == 0 || class > 9 || last > high {
            return low;
        }
        push_range(items, Kind::Status, low, first - 1);
        items.push((format!("{class}xx"), true));
        low = last + 1;
    }
}

fn push_range(items: &mut Vec<(String, bool)>, kind: Kind, low: i64, high: i64) {
    if low == high {
        items.push((literal::write(kind, low), true));
    } else if low < high {
        items.push((format!("{}..{}", literal::write(kind, low), literal::write(kind, high)), false));
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Route => f.write_str(parse::ROUTE),
            Operand::Field(field) => write!(f, "{}", FieldText(field)),
        }
    }
}

/// A field as expressions write it: its own name, between backticks where that would read as something else.
pub(crate) struct FieldText<'a>(pub &'a Field);

impl fmt::Display for FieldText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.name();
        match parse::operand(name) {
            Ok(Operand::Field(field)) if field == *self.0 => f.write_str(name),
            _ => write!(f, "`{}`", name.replace('\\', "\\\\").replace('`', "\\`")),
        }
    }
}

/// A text between double quotes. Texts come from definitions, which are UTF-8.
pub(crate) fn quoted(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALUES: [Option<bool>; 3] = [Some(true), Some(false), None];

    fn exists(name: &str) -> Expr {
        Expr::Condition(Condition::Exists(Operand::Field(Field::Named(name.into()))))
    }

    /// The value of `a` joined with `b` by `join`, where they have these values.
    fn joined(join: fn(Vec<Expr>) -> Expr, a: Option<bool>, b: Option<bool>) -> Option<bool> {
        let expr = join(vec![exists("$a"), exists("$b")]);
        evaluate(&expr, &mut |condition| if condition.to_string() == "exists($a)" { a } else { b })
    }

    #[test]
    fn conjunction_has_kleenes_table() {
        let (t, f, u) = (Some(true), Some(false), None);
        let table = [[t, f, u], [f, f, f], [u, f, u]];
        for (a, row) in VALUES.into_iter().zip(table) {
            for (b, want) in VALUES.into_iter().zip(row) {
                assert_eq!(joined(Expr::all, a, b), want, "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn disjunction_has_kleenes_table() {
        let (t, f, u) = (Some(true), Some(false), None);
        let table = [[t, t, t], [t, f, u], [t, u, u]];
        for (a, row) in VALUES.into_iter().zip(table) {
            for (b, want) in VALUES.into_iter().zip(row) {
                assert_eq!(joined(Expr::any, a, b), want, "{a:?} or {b:?}");
            }
        }
    }

    #[test]
    fn negation_keeps_the_unknown() {
        for (value, want) in [(Some(true), Some(false)), (Some(false), Some(true)), (None, None)] {
            assert_eq!(evaluate(&exists("$a").negate(), &mut |_| value), want);
        }
        assert_eq!(evaluate(&Expr::Always(true), &mut |_| None), Some(true));
    }

    #[test]
    fn texts_are_canonical() {
        for (text, want) in [
            ("status<500", "status < 500"),
            ("status <= 499", "status < 500"),
            ("status == 5xx", "status == 5xx"),
            ("status in [500..599]", "status == 5xx"),
            ("status in [504, 404, 4xx, 502, 503]", "status in [4xx, 502..504]"),
            ("status in [450..750]", "status in [450..499, 5xx, 6xx, 700..750]"),
            ("status != 404", "status != 404"),
            ("not not status == 404", "status == 404"),
            ("latency <= 0.3s", "latency <= 300ms"),
            ("latency < 1.5s", "latency < 1500ms"),
            ("bytes > 64KiB", "bytes > 64KiB"),
            ("bytes > 65536", "bytes > 64KiB"),
            ("$ratio >= -0.50", "$ratio >= -0.5"),
            ("method in [\"PUT\", \"GET\", \"PUT\"]", "method in [\"GET\", \"PUT\"]"),
            (
                "(a.b == \"x\" and (method == \"GET\" and true)) or not (exists(host) or exists(route))",
                "(a.b == \"x\" and method == \"GET\" and true) or not (exists(host) or exists(route))",
            ),
            ("path !~ \"^/v\\d+/\"", "path !~ \"^/v\\\\d+/\""),
            ("`status` == \"x\"", "`status` == \"x\""),
            ("`a b`.c == \"x\"", "`a b.c` == \"x\""),
            ("time >= \"2026-11-01\"", "time >= \"2026-11-01T00:00:00Z\""),
            ("$upstream_status in [404, 5xx]", "$upstream_status in [404, 5xx]"),
            ("%{X-Cache}o == \"HIT\" and %>s == 5xx", "%{X-Cache}o == \"HIT\" and %>s == 5xx"),
        ] {
            let expr = Expr::parse(text).unwrap();
            assert_eq!(expr.to_string(), want, "{text}");
            assert_eq!(Expr::parse(want).unwrap(), expr, "{text}");
        }
    }

    #[test]
    fn order_and_repetition_do_not_count() {
        let canonical = |text: &str| Expr::parse(text).unwrap().canonical().to_string();
        assert_eq!(
            canonical("status < 500 and exists(host) and true"),
            canonical("exists(host) and status <= 499 and exists(host)")
        );
        assert_eq!(canonical("exists(host) or not (true and false)"), "true");
        assert_eq!(canonical("not (exists(path) or exists(host))"), "not (exists(host) or exists(path))");
        assert_ne!(canonical("exists(host) or exists(path)"), canonical("exists(host) and exists(path)"));
    }

    fn any_field() -> impl Strategy<Value = Field> {
        let named = prop_oneof![
            Just("$upstream_time".to_owned()),
            Just("%{X-Id}i".to_owned()),
            "[a-z]{1,4}(\\.[a-z0-9-]{1,3}){0,2}",
            "[ -~µ]{1,6}",
        ];
        named.prop_map(|name| Field::Named(name.into()))
    }

    fn any_operand() -> impl Strategy<Value = Operand> {
        prop_oneof![
            Just(Operand::Route),
            Just(Operand::Field(Field::Path)),
            Just(Operand::Field(Field::UserAgent)),
            any_field().prop_map(Operand::Field),
        ]
    }

    /// Ranges as a comparison or a list can make them.
    fn any_ranges() -> impl Strategy<Value = Vec<(i64, i64)>> {
        let bound = prop_oneof![0..2_000i64, any::<i64>().prop_map(|n| (n & i64::MAX).clamp(2, i64::MAX - 2))];
        let list = proptest::collection::vec((bound.clone(), 0..300i64), 1..4);
        prop_oneof![
            bound.clone().prop_map(|high| vec![(i64::MIN, high)]),
            bound.prop_map(|low| vec![(low, i64::MAX)]),
            list.prop_map(|l| l.into_iter().map(|(low, more)| (low, low.saturating_add(more).min(i64::MAX - 1))).collect()),
        ]
    }

    fn any_condition() -> impl Strategy<Value = Condition> {
        let kind = proptest::sample::select(vec![Kind::Duration, Kind::Size, Kind::Number]);
        let statuses = proptest::collection::vec((1..=999i64, 0..300i64), 1..4);
        prop_oneof![
            any_operand().prop_map(Condition::Exists),
            (any_field(), kind, any_ranges()).prop_map(|(field, kind, ranges)| Condition::within(field, kind, ranges)),
            statuses.prop_map(|list| {
                let ranges = list.into_iter().map(|(low, more)| (low, (low + more).min(999))).collect();
                Condition::within(Field::Status, Kind::Status, ranges)
            }),
            (0..253_402_207_200_000_000i64).prop_map(|t| Condition::within(Field::Time, Kind::Time, vec![(t, i64::MAX)])),
            (any_operand(), proptest::collection::vec(".{0,6}", 1..3))
                .prop_map(|(operand, texts)| Condition::equals(operand, texts.into_iter().map(String::into_bytes).collect())),
            (any_operand(), ".{0,6}").prop_map(|(operand, t)| Condition::StartsWith { operand, prefix: t.into_bytes() }),
            (any_operand(), ".{0,6}").prop_map(|(operand, t)| Condition::Contains { operand, part: t.into_bytes() }),
            (any_operand(), "[a-z\"/]{0,4}(\\\\d|\\\\\\\\)?")
                .prop_map(|(operand, pattern)| Condition::Matches { operand, pattern }),
        ]
    }

    fn any_expr() -> impl Strategy<Value = Expr> {
        let leaf = prop_oneof![1 => any::<bool>().prop_map(Expr::Always), 9 => any_condition().prop_map(Expr::Condition)];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(Expr::negate),
                proptest::collection::vec(inner.clone(), 1..4).prop_map(Expr::all),
                proptest::collection::vec(inner, 1..4).prop_map(Expr::any),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_canonical_text_parses_back(expr in any_expr()) {
            let text = expr.to_string();
            let parsed = Expr::parse(&text);
            prop_assert!(parsed.is_ok(), "{text}: {parsed:?}");
            prop_assert_eq!(parsed.unwrap(), expr, "{}", text);
        }

        #[test]
        fn the_normal_order_means_the_same(expr in any_expr(), values in proptest::collection::vec(0..3usize, 16)) {
            let value_of = |condition: &Condition| {
                let sum: usize = condition.to_string().bytes().map(usize::from).sum();
                VALUES[values[sum % values.len()]]
            };
            let canonical = expr.canonical();
            prop_assert_eq!(evaluate(&expr, &mut { value_of }), evaluate(&canonical, &mut { value_of }), "{} / {}", expr, canonical);
            prop_assert_eq!(canonical.canonical(), canonical);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[ a-z0-9$%{}`\"\\\\()\\[\\].,<>=!~µ-]{0,40}") {
            let _ = Expr::parse(&text);
        }
    }
}
