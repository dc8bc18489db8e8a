//! Expressions over the fields of an event, in three-valued (Kleene) logic.

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
    Within { field: Field, kind: Kind, ranges: Vec<(i64, i64)> },
    /// The text equals one of these (sorted). `== "x"` and `in ["x", "y"]`.
    Equals { operand: Operand, texts: Vec<Vec<u8>> },
    /// The text begins with this.
    StartsWith { operand: Operand, prefix: Vec<u8> },
    /// The text holds this.
    Contains { operand: Operand, part: Vec<u8> },
    /// The regular expression matches somewhere in the text (`regex` crate syntax, bytes).
    Matches { operand: Operand, pattern: String },
}

/// What a condition looks at.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Operand {
    /// A text field. Unknown when absent.
    Field(Field),
    /// The route's name. Never unknown: comparisons with an absent route are false.
    Route,
}
