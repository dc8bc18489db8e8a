//! What a person must act on. A malformed line is data and is counted (see [`crate::record::Reason`]); an [`Error`] ends
//! the work, or one input of it, and says what was being done, where, why, and what to do next.

use std::fmt;

/// What kind of failure it is; the binary maps it to an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line is wrong.
    Usage,
    /// A definition (SLOs, expressions, format strings) is wrong.
    Definition,
    /// No log format fits, or several do.
    Format,
    /// An input could not be read, or is damaged.
    Input,
    /// The same content was given twice.
    Duplicate,
    /// A slices file cannot answer what is asked.
    Slices,
    /// An output could not be written.
    Output,
    /// A stated limit was reached.
    Limit,
    /// A count left the range of its integer.
    Overflow,
}

/// A piece of the user's own text that an error points into.
#[derive(Debug, Clone)]
pub struct Excerpt {
    /// File name, or what the text is (`--format`, `command line`).
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Byte offset of the mark.
    pub offset: usize,
    /// Length of the mark in bytes; 0 marks a place.
    pub length: usize,
    /// Words beside the caret.
    pub label: String,
}

impl Excerpt {
    /// Line and column (both from 1, columns in characters) of the mark.
    pub fn line_column(&self) -> (usize, usize) {
        let before = &self.text.as_bytes()[..self.offset.min(self.text.len())];
        let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
        (line, String::from_utf8_lossy(&before[line_start..]).chars().count() + 1)
    }
}

/// The one error type of the crate.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    hint: Option<String>,
    excerpt: Option<Excerpt>,
}

/// A result with the crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// `message` says what was being done and what is wrong with it, without a full stop.
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner { kind, message: message.into(), cause: None, hint: None, excerpt: None }))
    }

    /// Adds the underlying failure.
    #[cold]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Adds what the user can do next.
    #[cold]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the place in the user's text.
    #[cold]
    pub fn at(mut self, excerpt: Excerpt) -> Self {
        self.0.excerpt = Some(excerpt);
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message without cause, place and hint.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the user can do next, if known.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The place in the user's text, if there is one.
    pub fn excerpt(&self) -> Option<&Excerpt> {
        self.0.excerpt.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(e) = &self.0.excerpt {
            let (line, column) = e.line_column();
            write!(f, "{}:{line}:{column}: ", e.name)?;
        }
        f.write_str(&self.0.message)?;
        if let Some(cause) = &self.0.cause {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_ref().map(|c| &**c as &(dyn std::error::Error + 'static))
    }
}
