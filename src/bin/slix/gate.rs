//! `slix gate`: whether to release.

use std::time::{SystemTime, UNIX_EPOCH};

use slix::aggregate::Partial;
use slix::error::{Error, ErrorKind, Result};
use slix::evaluate::gate::{self, Gate, Release};
use slix::evaluate::plan::Plan;
use slix::output::{accounting, gate as words};
use slix::slo::policy::Mode;
use slix::time::{Instant, Length, MICROS_PER_SECOND};

use super::Session;
use super::args::{FailOn, GateArgs, ReportForm};
use super::count::Counted;
use super::destination::Destination;
use super::exit::{Exit, is_closed_pipe};
use super::run::Evaluation;

/// Runs the command.
pub fn run(args: &GateArgs, session: &Session) -> Result<Exit> {
    let evaluation = Evaluation::of_slos(args.at.as_deref())?;
    let destination = Destination::new(args.answer.output.as_deref())?;
    let max_age = args.max_age.as_deref().map(Length::parse).transpose();
    let max_age = max_age.map_err(|why| Error::new(ErrorKind::Usage, format!("--max-age: {why}")))?;
    let is_json = destination.path().and_then(|path| path.extension()).is_some_and(|extension| extension == "json");
    if args.reason.as_deref().is_some_and(|reason| reason.trim().is_empty()) {
        let error = Error::new(ErrorKind::Usage, "--reason: an override without a reason cannot be looked at later");
        return Err(error.hint("say in a few words why the release cannot wait"));
    }
    let form = args.output_format.unwrap_or(if is_json { ReportForm::Json } else { ReportForm::Text });
    session.answer_with_exit(&args.reading, &args.asking, &args.answer, |counted| {
        let asked = counted.questions.asked();
        let options = evaluation.options(counted.partial.slices)?;
        let plan = Plan::new(&asked, &counted.partial, &options)?;
        let latest = latest(&counted.partial);
        let now = options.at.map_or_else(clock, Ok)?;
        let is_stale = |max: Length| latest.is_none_or(|latest| now.micros().saturating_sub(latest.micros()) > max.micros());
        let release = args.exemption.as_deref().zip(args.reason.as_deref());
        let release = release.map(|(exemption, reason)| Release { exemption: exemption.to_owned(), reason: reason.to_owned() });
        let gate = Gate::new(gate::verdicts(&plan)?, latest, max_age.clone().filter(|max| is_stale(max.clone())), release)?;
        // What was not read to its end is no verdict, whatever the mode of what was.
        let exit = match () {
            () if counted.interrupted => Exit::Interrupted,
            () if counted.failed => Exit::Failure,
            () => exit(&gate, args),
        };
        session.words.far_dated(&counted.partial);
        gate.warnings.iter().for_each(|warning| session.words.warning(&warning.to_string()));
        let text = match form {
            ReportForm::Text => words::text(&gate, exit as u8, session.words.look_of(&destination)),
            ReportForm::Json => format!("{:#}\n", words::to_json(&gate, exit as u8, &warnings(&gate, counted, session)?)),
        };
        // A reader who has seen enough of the words does not open the gate.
        match destination.write_text(&text) {
            Err(error) if is_closed_pipe(&error) => {}
            written => written?,
        }
        Ok(exit)
    })
}

/// Every warning, each once: about the definitions, about reading, about SLOs.
fn warnings(gate: &Gate, counted: &Counted, session: &Session) -> Result<Vec<String>> {
    let mut warnings = session.words.doubts();
    warnings.extend(accounting::warnings(&counted.partial.receipts)?);
    for warning in gate.verdicts.iter().flat_map(|verdict| &verdict.warnings).map(ToString::to_string) {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    Ok(warnings)
}

/// How the gate ends, without an override.
fn exit(gate: &Gate, args: &GateArgs) -> Exit {
    match gate.mode {
        _ if gate.release.is_some() => Exit::Success,
        Mode::Freeze => Exit::Freeze,
        _ if gate.stale_after.is_some() => Exit::NoData,
        Mode::NoData if !args.allow_no_data => Exit::NoData,
        Mode::Caution if args.fail_on == FailOn::Caution => Exit::Caution,
        Mode::NoData | Mode::Caution | Mode::Ship => Exit::Success,
    }
}

/// The end of the last slice with an event.
fn latest(partial: &Partial) -> Option<Instant> {
    let last = partial.activity.values().filter_map(|activity| activity.last()).map(|&(n, _)| n).max();
    last.map(|n| partial.slices.end(n))
}

fn clock() -> Result<Instant> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_secs()).ok());
    let since = since.filter(|seconds| *seconds < i64::MAX / MICROS_PER_SECOND).map(Instant::from_seconds);
    since.ok_or_else(|| Error::new(ErrorKind::Usage, "the clock of this machine is not set").hint("say the moment with --at"))
}
