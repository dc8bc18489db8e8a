//! `slix report`: each SLO's state and budget, for a person.

use slix::error::Result;
use slix::evaluate::plan::Plan;
use slix::output::{document, terminal};

use super::Session;
use super::args::{ReportArgs, ReportForm};
use super::destination::Destination;
use super::exit::Exit;
use super::run::Evaluation;

/// Runs the command.
pub fn run(args: &ReportArgs, session: &Session) -> Result<Exit> {
    let evaluation = Evaluation::of_report(&args.moment)?;
    let destination = Destination::new(args.answer.output.as_deref())?;
    session.answer(&args.reading, &args.asking, args.answer.stats, |counted| {
        let options = evaluation.options(counted.partial.slices)?;
        let asked = counted.questions.asked();
        let (plan, receipts) = (Plan::new(&asked, &counted.partial, &options)?, &counted.partial.receipts);
        let text = match form(args, &destination) {
            ReportForm::Text => terminal::report(&plan.reports()?, receipts, session.words.look_of(&destination))?,
            ReportForm::Json => format!("{:#}\n", document::to_json(&plan.told_reports()?, receipts)?),
        };
        destination.write_text(&text)
    })
}

fn form(args: &ReportArgs, destination: &Destination) -> ReportForm {
    let is_json = destination.path().and_then(|path| path.extension()).is_some_and(|extension| extension == "json");
    args.output_format.unwrap_or(if is_json { ReportForm::Json } else { ReportForm::Text })
}
