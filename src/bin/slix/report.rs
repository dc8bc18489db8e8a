//! `slix report`: each SLO's state and budget, for a person.

use std::path::Path;

use slix::error::{Error, ErrorKind, Result};
use slix::evaluate::detail::page_step_seconds;
use slix::evaluate::plan::Plan;
use slix::output::page::Page;
use slix::output::terminal::Look;
use slix::output::{document, markdown, picture, terminal};

use super::args::{ReportArgs, ReportOutput};
use super::count::Counted;
use super::destination::Destination;
use super::exit::Exit;
use super::run::Evaluation;
use super::{Session, watch};

/// Runs the command.
pub fn run(args: &ReportArgs, session: &Session) -> Result<Exit> {
    let evaluation = evaluation_of(args)?;
    if let Some(seconds) = args.watch {
        return watch::run(args, watch::period(seconds)?, session);
    }
    let destination = Destination::new(args.answer.output.as_deref())?;
    if output_of(args) == ReportOutput::Png {
        destination.refuse_terminal("a picture")?;
    }
    session.answer(&args.reading, &args.asking, &args.answer, |counted| write(args, &evaluation, counted, &destination, session))
}

/// What is asked about time.
pub fn evaluation_of(args: &ReportArgs) -> Result<Evaluation> {
    if args.every.is_some() && output_of(args) != ReportOutput::Html {
        let error = Error::new(ErrorKind::Usage, "--every is for the charts of an HTML page");
        return Err(error.hint("write one with -o report.html; rows by step are what `slix windows` writes"));
    }
    Evaluation::of_page(&args.moment, args.every.as_deref())
}

/// Writes the report in the form that is asked for.
pub fn write(
    args: &ReportArgs,
    evaluation: &Evaluation,
    counted: &Counted,
    destination: &Destination,
    session: &Session,
) -> Result<()> {
    let receipts = &counted.partial.receipts;
    let text = match output_of(args) {
        ReportOutput::Png => {
            return destination.write_bytes(&with_plan(evaluation, counted, |plan| picture::to_png(&plan.reports()?))?);
        }
        ReportOutput::Svg => with_plan(evaluation, counted, |plan| picture::to_svg(&plan.reports()?))?,
        ReportOutput::Markdown => with_plan(evaluation, counted, |plan| Ok(markdown::table(&plan.reports()?)))?,
        ReportOutput::Json => {
            let doubts = session.words.doubts();
            with_plan(evaluation, counted, |plan| {
                Ok(format!("{:#}\n", document::to_json(&plan.told_reports()?, receipts, doubts)?))
            })?
        }
        ReportOutput::Html => page(counted, evaluation)?,
        ReportOutput::Text => text(evaluation, counted, session.words.look_of(destination))?,
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

/// The form that is asked for, or that the name of the file says.
pub fn output_of(args: &ReportArgs) -> ReportOutput {
    let extension = args.answer.output.as_deref().and_then(Path::extension).and_then(|extension| extension.to_str());
    let by_name = match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("json") => ReportOutput::Json,
        Some("md" | "markdown") => ReportOutput::Markdown,
        Some("html" | "htm") => ReportOutput::Html,
        Some("svg") => ReportOutput::Svg,
        Some("png") => ReportOutput::Png,
        _ => ReportOutput::Text,
    };
    args.output_format.unwrap_or(by_name)
}

fn page(counted: &Counted, evaluation: &Evaluation) -> Result<String> {
    let (partial, asked) = (&counted.partial, counted.questions.asked());
    let seconds = page_step_seconds(asked.iter().map(|one| one.slo), partial);
    let options = evaluation.page_options(partial.slices, seconds)?;
    let plan = Plan::new(&asked, partial, &options)?;
    let (details, definitions) = (plan.details()?, counted.questions.to_json());
    let (grid, receipts, version) = (plan.grid(), &partial.receipts, env!("CARGO_PKG_VERSION"));
    Page { details: &details, grid, receipts, definitions: &definitions, version }.to_html()
}
