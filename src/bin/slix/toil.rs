//! `slix toil`: a work log as weighted events, and the share of it that is toil.

use std::io::Read;
use std::path::Path;

use serde_json::json;

use slix::aggregate::{IndicatorKey, Partial};
use slix::error::{Error, ErrorKind, Result};
use slix::evaluate::plan::Plan;
use slix::format::Format;
use slix::format::extract::Extractor;
use slix::framing::LINE_BYTES_MAX;
use slix::input::worklog;
use slix::marks::Kernel;
use slix::output::toil as words;
use slix::scan::{Job, Worker, scan};
use slix::slo::Window;
use slix::slo::classify::Classifier;
use slix::slo::definitions::Definitions;

use super::Session;
use super::args::{ReportForm, ToilArgs};
use super::destination::Destination;
use super::exit::Exit;
use super::questions::{Declared, Questions, read_definitions};
use super::run::Evaluation;

/// Runs the command.
pub fn run(args: &ToilArgs, session: &Session) -> Result<Exit> {
    let evaluation = Evaluation::of_slos(args.at.as_deref())?;
    let destination = Destination::new(args.output.as_deref())?;
    let is_json = destination.path().and_then(|path| path.extension()).is_some_and(|extension| extension == "json");
    let definitions = read_definitions(&args.config, args.strict, &session.words)?;
    let (zone, service) = (zone(&definitions).to_owned(), definitions.service.clone().unwrap_or_default());
    let mut lines = Vec::new();
    for path in &args.inputs {
        lines.extend(worklog::json_lines(&path.display().to_string(), &read(path)?, &zone)?);
    }
    let questions = Declared::File(Box::new(definitions)).questions(true, None)?;
    let partial = count(&lines, &questions, &service)?;
    let asked = questions.asked();
    let shares = Plan::new(&asked, &partial, &evaluation.options(partial.slices)?)?.shares()?;
    let text = match args.output_format.unwrap_or(if is_json { ReportForm::Json } else { ReportForm::Text }) {
        ReportForm::Text => words::report(&shares, session.words.look_of(&destination)),
        ReportForm::Json => format!("{:#}\n", words::to_json(&shares)),
    };
    destination.write_text(&text)?;
    Ok(Exit::Success)
}

/// The clock of dates: that of the first calendar window.
fn zone(definitions: &Definitions) -> &str {
    let calendars = definitions.slos.iter().flat_map(|slo| &slo.windows).filter_map(|window| match window {
        Window::Calendar(calendar) => Some(calendar.zone_name()),
        Window::Rolling(_) => None,
    });
    calendars.into_iter().next().unwrap_or("UTC")
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let wrong = |cause| Error::new(ErrorKind::Input, format!("{}: the work log cannot be read", path.display())).because(cause);
    if path != Path::new("-") {
        return std::fs::read(path).map_err(wrong);
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(wrong)?;
    Ok(bytes)
}

/// The entries as counts: the loop that reads logs reads them.
fn count(lines: &[u8], questions: &Questions, service: &str) -> Result<Partial> {
    let (keys, indicators): (Vec<IndicatorKey>, Vec<_>) = questions.indicators(service, true).into_iter().unzip();
    let classifier = Classifier::compile(indicators)?;
    let format = Format::from_value(&json!({ "json": { "time": "time" } }))?;
    let extractor = Extractor::bind(&format, classifier.needs(), None)?;
    let slices = questions.slices_declared(None)?.map_or_else(Questions::slices_default, Ok)?;
    let job = Job {
        extractor: &extractor,
        classifier: &classifier,
        keys: &keys,
        service,
        slices,
        kernel: Kernel::best(),
        line_bytes_max: LINE_BYTES_MAX,
        histograms: false,
        attribution: None,
    };
    let mut worker = Worker::new(job, "")?;
    let mut odd = 0_u64;
    scan(lines, lines.len(), 0, &mut worker, &mut |_, _, _| odd += 1)?;
    if odd > 0 {
        let error = Error::new(ErrorKind::Input, format!("{odd} entries of the work log are longer than {LINE_BYTES_MAX} bytes"));
        return Err(error.hint("shorten them"));
    }
    worker.finish()
}
