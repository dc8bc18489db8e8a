//! From the text of an expression to a typed [`Expr`]: a grammar of names and literals, then a check of their types.

mod check;
pub(crate) use check::regex_reason;
mod grammar;

use nom::Offset;

use super::expr::{Expr, Operand};
use super::route::Routes;
use crate::error::{Error, ErrorKind, Excerpt};

/// The word for the route's name.
pub(crate) const ROUTE: &str = "route";

/// Longest expression in bytes: far beyond what a person writes, and short enough that every later step stays quick.
pub const EXPRESSION_BYTES_MAX: usize = 64 * 1024;

/// Deepest nesting of parentheses and `not`. Everything that walks an expression recurses, so this bounds the stack.
pub const EXPRESSION_DEPTH_MAX: usize = 64;

/// What is wrong with an expression, and where in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Problem {
    /// Byte offset of the mark in the expression.
    pub offset: usize,
    /// Length of the mark in bytes; 0 marks a place.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl Problem {
    /// `part` is a slice of `text`, or an empty one at its end.
    fn at(text: &str, part: &str, message: String, hint: Option<String>) -> Self {
        Problem { offset: text.offset(part).min(text.len()), length: part.len(), message, hint }
    }

    /// The error of an expression that stands alone, as `name`.
    pub(crate) fn into_error(self, name: &str, text: &str) -> Error {
        let place = Excerpt {
            name: name.to_owned(),
            text: text.to_owned(),
            offset: self.offset,
            length: self.length,
            label: "here".to_owned(),
        };
        let error = Error::new(ErrorKind::Definition, self.message).at(place);
        match self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Parses and checks an expression. With `routes`, the names that `route` is compared with must be among them.
pub(crate) fn expression(text: &str, routes: Option<&Routes>) -> Result<Expr, Problem> {
    if text.len() > EXPRESSION_BYTES_MAX {
        let message = format!("the expression has {} bytes, more than {EXPRESSION_BYTES_MAX}", text.len());
        return Err(Problem { offset: 0, length: 0, message, hint: Some("use `in [..]` or a regular expression".to_owned()) });
    }
    let syntax = grammar::expression(text)?;
    check::Checker { text, routes }.expr(syntax)
}

/// Parses what a condition or a dimension can look at: the name of a field, or `route`.
pub(crate) fn operand(text: &str) -> Result<Operand, Problem> {
    let name = grammar::whole_name(text)?;
    check::Checker { text, routes: None }.operand(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_where_they_are_stated() {
        let nested = |depth: usize| format!("{}exists(host){}", "(".repeat(depth), ")".repeat(depth));
        assert!(expression(&nested(EXPRESSION_DEPTH_MAX), None).is_ok());
        assert!(expression(&nested(EXPRESSION_DEPTH_MAX + 1), None).unwrap_err().message.contains("nested deeper"));
        let negated = |depth: usize| format!("{}exists(host)", "not ".repeat(depth));
        assert!(expression(&negated(EXPRESSION_DEPTH_MAX), None).is_ok());
        assert!(expression(&negated(100_000 / 8), None).unwrap_err().message.contains("nested deeper"));
        let long = |bytes: usize| format!("host == \"{}\"", "x".repeat(bytes - 10));
        assert!(expression(&long(EXPRESSION_BYTES_MAX), None).is_ok());
        assert!(expression(&long(EXPRESSION_BYTES_MAX + 1), None).unwrap_err().message.contains("bytes, more than"));
    }

    #[test]
    fn operators_bind_as_documented() {
        let canonical = |text: &str| expression(text, None).unwrap().to_string();
        let (a, b, c) = ("exists($a)", "exists($b)", "exists($c)");
        assert_eq!(canonical(&format!("{a} or {b} and {c}")), format!("{a} or ({b} and {c})"));
        assert_eq!(canonical(&format!("not {a} and {b}")), format!("not {a} and {b}"));
        assert_eq!(canonical("not status < 500 and true"), "not status < 500 and true");
        assert_eq!(canonical(&format!("({a} or {b}) and not ({c} or {a})")), format!("({a} or {b}) and not ({c} or {a})"));
        assert_eq!(canonical("status<500 and latency<=1s"), canonical("status < 500 and latency <= 1s"));
    }

    #[test]
    fn common_and_own_names_are_told_apart() {
        let operand = |text: &str| operand(text).unwrap();
        let named = |name: &str| Operand::Field(crate::record::Field::Named(name.into()));
        assert_eq!(operand("route"), Operand::Route);
        assert_eq!(operand("bytes"), Operand::Field(crate::record::Field::Bytes));
        for (text, name) in [
            ("$status", "$status"),
            ("`status`", "status"),
            ("%D", "%D"),
            ("%>s", "%>s"),
            ("%{X-Cache}o", "%{X-Cache}o"),
            ("%400,501{User-agent}i", "%400,501{User-agent}i"),
            ("%{c}^ti", "%{c}^ti"),
            ("level", "level"),
            ("request.headers.User-Agent", "request.headers.User-Agent"),
            ("resp.`X Cache`", "resp.X Cache"),
            ("resp.`a.b`.c", "resp.`a.b`.c"),
        ] {
            assert_eq!(operand(text), named(name), "{text}");
        }
        for wrong in ["", "a.", ".a", "a b", "`", "``", "$", "%", "%{x", "statsu", "and", "status "] {
            assert!(super::operand(wrong).is_err(), "{wrong}");
        }
    }
}
