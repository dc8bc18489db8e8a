//! How a table is written that is one batch, or a text for people: alerts, incidents, what history suggests.

use std::path::Path;

use slix::error::{Error, ErrorKind, Result};
use slix::output::accounting;
use slix::output::windows::{Encoding, Metadata};

use super::count::Counted;
use super::destination::Destination;

/// How it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// For people.
    Text,
    /// For programs.
    Encoded(Encoding),
}

impl Form {
    /// The form that is asked for, or that the extension of the output's name says; text otherwise.
    pub fn new(asked: Option<&str>, output: Option<&Path>) -> Result<Form> {
        match (asked, output.filter(|path| *path != Path::new("-"))) {
            (Some("text"), _) => Ok(Form::Text),
            (Some(name), _) => Encoding::parse(name)
                .map(Form::Encoded)
                .map_err(|why| Error::new(ErrorKind::Usage, format!("--output-format: {why}")).hint("or `text`, for people")),
            (None, Some(path)) if path.extension().is_none_or(|e| e == "txt") => Ok(Form::Text),
            (None, Some(path)) => Encoding::from_extension(path).map(Form::Encoded),
            (None, None) => Ok(Form::Text),
        }
    }

    /// Refuses a form that a terminal must not be sent.
    pub fn check(self, destination: &Destination) -> Result<()> {
        match self {
            Form::Encoded(encoding) if encoding.is_binary() => destination.refuse_terminal("this encoding"),
            _ => Ok(()),
        }
    }
}

/// What goes into a file beside its rows.
pub fn metadata(counted: &Counted) -> Result<Metadata> {
    Ok(Metadata {
        definitions: Some(counted.questions.to_json().to_string()),
        accounting: Some(accounting::to_json(&counted.partial.receipts)?.to_string()),
    })
}
