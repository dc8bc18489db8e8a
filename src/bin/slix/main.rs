//! The binary: arguments, wiring and words on top of the library.
//!
//! ```text
//! args      what was typed              run, questions, formats   what it means
//! count     inputs → counts             report, windows, slices,  counts → answers
//!                                       alerts, gate, incidents, backlog, suggest
//! explain   one line                    check                     one definition file
//! formats   the presets                 detect, rejects           what logs are, and what is not read of them
//! init      a definition file to begin with
//! help      the first page of help      manual                    completions and manual pages
//! watch     the report again and again  follow, screen            what is new in the logs, and the terminal that is drawn on
//! pager     long tables on a terminal
//! words     what is said beside         exit, signals, progress   how it ends, and what is seen meanwhile
//! ```
#![forbid(unsafe_code)]

mod args;
mod exit;
mod help;
mod words;

mod formats;
mod questions;
mod run;

mod count;
mod follow;
mod progress;
mod rejects;
mod signals;

mod destination;

mod survey;

mod alerts;
mod backlog;
mod check;
mod detect;
mod explain;
mod explained;
mod gate;
mod incidents;
mod init;
mod listing;
mod manual;
mod pager;
mod rejected;
mod report;
mod screen;
mod slices;
mod small;
mod suggest;
mod table;
mod toil;
mod watch;
mod windows;

use std::io::Write;
use std::process::ExitCode;

use clap::FromArgMatches;
use slix::error::Result;
use slix::output::accounting;

use args::{AnswerArgs, AskingArgs, Cli, Command, ReadingArgs, WordOptions};
use count::Counted;
use destination::Destination;
use exit::Exit;
use formats::Formats;
use questions::Declared;
use run::Reading;
use words::Words;

fn main() -> ExitCode {
    let typed = help::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match typed {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    let session = Session { words: Words::new(&cli.words), histograms: keeps_histograms(&cli.command) };
    let ended = match &cli.command {
        Command::Report(args) => report::run(args, &session),
        Command::Windows(args) => windows::run(args, &session),
        Command::Slices(args) => slices::run(args, &session),
        Command::Alerts(args) => alerts::run(args, &session),
        Command::Incidents(args) => incidents::run(args, &session),
        Command::Backlog(args) => backlog::run(args, &session),
        Command::Suggest(args) => suggest::run(args, &session),
        Command::Gate(args) => gate::run(args, &session),
        Command::Toil(args) => toil::run(args, &session),
        Command::Explain(args) => explain::run(args, &session),
        Command::Check(args) => check::run(args, &session),
        Command::Formats(args) => listing::run(args, &session),
        Command::Detect(args) => detect::run(args, &session),
        Command::Rejects(args) => rejected::run(args, &session),
        Command::Init(args) => init::run(args, &session),
        Command::Completions(args) => manual::completions(args),
        Command::Man(args) => manual::man(args),
    };
    let exit = ended.unwrap_or_else(|error| {
        if !exit::is_closed_pipe(&error) {
            session.words.error(&error);
        }
        Exit::of(&error)
    });
    exit.into()
}

/// Whether a command needs to know how latencies are spread.
fn keeps_histograms(command: &Command) -> bool {
    match command {
        Command::Slices(_) | Command::Suggest(_) => true,
        Command::Report(args) => report::output_of(args) == args::ReportOutput::Html,
        _ => false,
    }
}

/// Help, version, or a mistake on the command line.
fn refused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match Destination::Stdout.write_text(&words::painted(error, &std::io::stdout())) {
            // Whoever closed the output has seen enough of it.
            Err(failure) if !exit::is_closed_pipe(&failure) => {
                Words::new(&WordOptions::default()).error(&failure);
                Exit::of(&failure).into()
            }
            _ => Exit::Success.into(),
        };
    }
    words::mistake(error);
    let typed = std::env::args_os().nth(1).filter(|_| error.kind() == clap::error::ErrorKind::InvalidSubcommand);
    if let Some(typed) = typed.filter(|typed| std::path::Path::new(typed).exists()) {
        let typed = typed.to_string_lossy();
        let hint = format!("\nslix: hint: to report on a log, write `slix report {}`\n", typed.escape_debug());
        std::io::stderr().write_all(hint.as_bytes()).ok();
    }
    Exit::Usage.into()
}

/// What all commands share.
pub struct Session {
    words: Words,
    /// Whether the command keeps latency histograms.
    histograms: bool,
}

impl Session {
    /// Counts what is read, answers with it, and says how it went.
    fn answer(
        &self,
        reading: &ReadingArgs,
        asking: &AskingArgs,
        given: &AnswerArgs,
        answer: impl FnOnce(&Counted) -> Result<()>,
    ) -> Result<Exit> {
        self.answer_with_exit(reading, asking, given, |counted| answer(counted).map(|()| Exit::Success))
    }

    /// The same, for an answer that itself decides how slix ends, where nothing else went wrong.
    fn answer_with_exit(
        &self,
        reading: &ReadingArgs,
        asking: &AskingArgs,
        given: &AnswerArgs,
        answer: impl FnOnce(&Counted) -> Result<Exit>,
    ) -> Result<Exit> {
        let declared = Declared::new(asking, &self.words)?;
        let formats = Formats::new(&reading.format, declared.definitions())?;
        let reading = Reading::new(reading, asking, given, self.histograms)?;
        let stop = signals::listen();
        let Some(counted) = count::count(&reading, &declared, &formats, asking, &stop, &self.words)? else {
            self.words.warning("interrupted: nothing was written");
            return Ok(Exit::Interrupted);
        };
        let answered = match answer(&counted) {
            // Whoever reads the output has seen enough; how the reading went still counts.
            Err(error) if exit::is_closed_pipe(&error) => Exit::Success,
            // What came until the interruption may be too little for an answer.
            Err(error) if counted.interrupted => {
                self.words.error(&error);
                Exit::Interrupted
            }
            answered => answered?,
        };
        if let Some(form) = given.stats {
            self.words.stats(&counted.partial.receipts, form)?;
        }
        if counted.interrupted {
            return Ok(Exit::Interrupted);
        }
        if let Some(limit) = reading.rejects_max {
            limit.check(&accounting::total(&counted.partial.receipts)?)?;
        }
        Ok(if counted.failed { Exit::Failure } else { answered })
    }
}
