//! `slix toil`: a work log as weighted events, and the share of it that is toil.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use serde_json::json;

use slix::aggregate::{IndicatorKey, Partial};
use slix::error::{Error, ErrorKind, Result};
use slix::evaluate::plan::Plan;
use slix::format::Format;
use slix::format::extract::Extractor;
use slix::framing::LINE_BYTES_MAX;
use slix::input::worklog::{self, WorkLog};
use slix::marks::Kernel;
use slix::output::toil as words;
use slix::record::{Field, Need};
use slix::scan::{Job, Worker, scan};
use slix::slo::Window;
use slix::slo::classify::Classifier;
use slix::slo::definitions::Definitions;

use super::Session;
use super::args::{ReportForm, ToilArgs};
use super::destination::Destination;
use super::exit::Exit;
use super::questions::{Declared, Questions, definition_files, read_definitions};
use super::run::Evaluation;

/// Runs the command.
pub fn run(args: &ToilArgs, session: &Session) -> Result<Exit> {
    let evaluation = Evaluation::of_slos(args.at.as_deref())?;
    let destination = Destination::new(args.output.as_deref())?;
    let is_json = destination.path().and_then(|path| path.extension()).is_some_and(|extension| extension == "json");
    let definitions = read_definitions(&args.config, args.strict, &session.words)?;
    let (zone, service) = (zone(&definitions).to_owned(), definitions.service.clone().unwrap_or_default());
    let mut log = WorkLog::default();
    for path in &args.inputs {
        let one = worklog::read(&path.display().to_string(), &read(path)?, &zone)?;
        log.lines.extend(one.lines);
        log.names.extend(one.names);
    }
    let questions = Declared::File(Box::new(definitions)).questions(true, None)?;
    let partial = count(&log, &questions, &service, &args.config)?;
    let asked = questions.asked();
    let shares = Plan::new(&asked, &partial, &evaluation.options(partial.slices)?)?.shares()?;
    // Without entries it is not known which Sprint is asked about.
    let is_dated = !partial.activity.is_empty() || args.at.is_some();
    let text = match args.output_format.unwrap_or(if is_json { ReportForm::Json } else { ReportForm::Text }) {
        ReportForm::Text => words::report(&shares, is_dated, session.words.look_of(&destination)),
        ReportForm::Json => format!("{:#}\n", words::to_json(&shares, is_dated)),
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

/// Refuses a field that no entry has: most often it is misspelt. A log without a header or an entry has no fields to tell.
fn check_fields(needs: &[Need], names: &BTreeSet<String>, config: &Path) -> Result<()> {
    let is_there = |name: &str| names.contains(name) || name.split('.').next().is_some_and(|first| names.contains(first));
    let missing = needs.iter().find_map(|need| match &need.field {
        Field::Named(name) if !names.is_empty() && !is_there(name) => Some(name),
        _ => None,
    });
    missing.map_or(Ok(()), |name| {
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let message = format!("no entry of the work log has `{name}`");
        Err(Definitions::no_such_field(&definition_files(config)?, name, &message, &known))
    })
}

/// The entries as counts: the loop that reads logs reads them.
fn count(log: &WorkLog, questions: &Questions, service: &str, config: &Path) -> Result<Partial> {
    let (keys, indicators): (Vec<IndicatorKey>, Vec<_>) = questions.indicators(service, true).into_iter().unzip();
    let classifier = Classifier::compile(indicators)?;
    check_fields(classifier.needs(), &log.names, config)?;
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
    scan(&log.lines, log.lines.len(), 0, &mut worker, &mut |_, _, _| odd += 1)?;
    if odd > 0 {
        let error = Error::new(ErrorKind::Input, format!("{odd} entries of the work log are longer than {LINE_BYTES_MAX} bytes"));
        return Err(error.hint("shorten them"));
    }
    worker.finish()
}
