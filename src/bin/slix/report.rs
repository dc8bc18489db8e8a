//! `slix report`: each SLO's state and budget, for a person.

use slix::error::Result;
use slix::evaluate::plan::Plan;
use slix::output::terminal::Look;
use slix::output::{document, terminal};

use super::args::{ReportArgs, ReportForm};
use super::count::Counted;
use super::destination::Destination;
use super::exit::Exit;
use super::run::Evaluation;
use super::{Session, watch};

/// Runs the command.
pub fn run(args: &ReportArgs, session: &Session) -> Result<Exit> {
    if let Some(seconds) = args.watch {
        return watch::run(args, watch::period(seconds)?, session);
    }
    let evaluation = Evaluation::of_report(&args.moment)?;
    let destination = Destination::new(args.answer.output.as_deref())?;
    session.answer(&args.reading, &args.asking, args.answer.stats, |counted| {
        write(args, &evaluation, counted, &destination, session)
    })
}

/// Writes the report in the form that is asked for.
pub fn write(
    args: &ReportArgs,
    evaluation: &Evaluation,
    counted: &Counted,
    destination: &Destination,
    session: &Session,
) -> Result<()> {
    let text = match form(args, destination) {
        ReportForm::Text => text(evaluation, counted, session.words.look_of(destination))?,
        ReportForm::Json => {
            let reports = with_plan(evaluation, counted, |plan| plan.told_reports())?;
            format!("{:#}\n", document::to_json(&reports, &counted.partial.receipts)?)
        }
    };
    destination.write_text(&text)
}

/// The report for people.
pub fn text(evaluation: &Evaluation, counted: &Counted, look: Look) -> Result<String> {
    let reports = with_plan(evaluation, counted, |plan| plan.reports())?;
    terminal::report(&reports, &counted.partial.receipts, look)
}

fn with_plan<T>(evaluation: &Evaluation, counted: &Counted, answer: impl FnOnce(&Plan) -> Result<T>) -> Result<T> {
    let options = evaluation.options(counted.partial.slices)?;
    answer(&Plan::new(&counted.questions.asked(), &counted.partial, &options)?)
}

fn form(args: &ReportArgs, destination: &Destination) -> ReportForm {
    let is_json = destination.path().and_then(|path| path.extension()).is_some_and(|extension| extension == "json");
    args.output_format.unwrap_or(if is_json { ReportForm::Json } else { ReportForm::Text })
}
