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
