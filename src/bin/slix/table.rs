//! What history held, as a text for people or as a table that is one batch: alerts, incidents, what history suggests.

use std::path::Path;

use slix::error::{Error, ErrorKind, Result};
use slix::evaluate::guard::Guarded;
use slix::evaluate::plan::Plan;
use slix::output::accounting;
use slix::output::terminal::Look;
use slix::output::windows::{Encoding, Metadata, RecordBatch, write_batch};

use super::Session;
use super::args::HistoryArgs;
use super::count::Counted;
use super::destination::Destination;
use super::exit::Exit;
use super::run::Evaluation;

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

/// What a command asks of history, and where the answer goes.
pub struct History<'h> {
    /// What was counted.
    pub counted: &'h Counted,
    /// Every SLO with its alerts.
    pub guarded: &'h [Guarded<'h>],
    form: Form,
    destination: &'h Destination,
    session: &'h Session,
}

impl History<'_> {
    /// Whether the answer is a table for programs.
    pub fn is_encoded(&self) -> bool {
        self.form != Form::Text
    }

    /// Writes the answer in the form that is asked for.
    pub fn write(&self, text: impl FnOnce(Look) -> String, batch: impl FnOnce() -> Result<RecordBatch>) -> Result<()> {
        match self.form {
            Form::Text => self.destination.write_text(&text(self.session.words.look_of(self.destination))),
            Form::Encoded(encoding) => {
                let (batch, metadata) = (batch()?, metadata(self.counted, encoding)?);
                self.destination.write(|out| write_batch(out, encoding, &batch, metadata))
            }
        }
    }
}

/// Runs a command that asks what history held.
pub fn history(args: &HistoryArgs, session: &Session, answer: impl FnOnce(&History) -> Result<()>) -> Result<Exit> {
    let form = Form::new(args.output_format.as_deref(), args.answer.output.as_deref())?;
    let evaluation = Evaluation::of_slos(args.at.as_deref())?;
    let destination = Destination::new(args.answer.output.as_deref())?;
    form.check(&destination)?;
    session.answer(&args.reading, &args.asking, &args.answer, |counted| {
        let asked = counted.questions.asked();
        let plan = Plan::new(&asked, &counted.partial, &evaluation.options(counted.partial.slices)?)?;
        let guarded = plan.guarded()?;
        answer(&History { counted, guarded: &guarded, form, destination: &destination, session })?;
        if form != Form::Text {
            session.words.excluded(&plan);
        }
        session.words.far_dated(&counted.partial);
        Ok(())
    })
}

/// What goes into a file beside its rows, if the encoding has a place for it: of many inputs it is long.
pub fn metadata(counted: &Counted, encoding: Encoding) -> Result<Metadata> {
    if !encoding.holds_metadata() {
        return Ok(Metadata::default());
    }
    Ok(Metadata {
        definitions: Some(counted.questions.to_json().to_string()),
        accounting: Some(accounting::to_json(&counted.partial.receipts)?.to_string()),
    })
}
