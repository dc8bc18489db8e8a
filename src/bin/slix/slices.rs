//! `slix slices`: counts that are kept, to be read in place of the logs.

use slix::error::Result;
use slix::evaluate::Options;
use slix::evaluate::plan::Plan;
use slix::evaluate::warning::{Warning, above_one_percent};
use slix::output::{accounting, openmetrics};
use slix::slices;
use slix::slo::budgeting::Budgeting;

use super::Session;
use super::args::SlicesArgs;
use super::count::Counted;
use super::destination::Destination;
use super::exit::Exit;
use super::run::step;

/// Runs the command.
pub fn run(args: &SlicesArgs, session: &Session) -> Result<Exit> {
    let destination = Destination::new(args.answer.output.as_deref())?;
    let is_openmetrics = args.answer.output.as_deref().and_then(|path| path.extension()).is_some_and(|e| e == "openmetrics");
    destination.refuse_terminal("a slices file")?;
    session.answer(&args.reading, &args.asking, &args.answer, |counted| {
        session.words.far_dated(&counted.partial);
        let total = accounting::total(&counted.partial.receipts)?;
        let (events, of) = (total.no_response, total.events.lines);
        let is_overlooked = counted.questions.iter().any(|question| question.slo.indicator.overlooks_no_response());
        if is_overlooked && above_one_percent(events, of) {
            session.words.warning(&Warning::NoResponse { events, of }.to_string());
        }
        if is_openmetrics {
            return write_metrics(counted, &destination, session);
        }
        destination.write(|out| slices::write(&counted.partial, out))
    })
}

/// Every slice of every SLO, and every window that ends with it, as samples for Prometheus. Where SLOs count slices of time, a sample
/// holds whole ones.
fn write_metrics(counted: &Counted, destination: &Destination, session: &Session) -> Result<()> {
    let asked = counted.questions.asked();
    let width = counted.partial.slices.width_seconds();
    let times = asked.iter().filter_map(|one| match &one.slo.budgeting {
        Budgeting::Slices(slicing) => Some(slicing.width.seconds()),
        Budgeting::Occurrences => None,
    });
    let every = times.fold(width, common_multiple);
    if every != width {
        session.words.note(&format!("a sample holds {every} s: SLOs that count slices of time are told by whole ones"));
    }
    let options = Options { every: step(every)?, skip_empty: true, ..Options::default() };
    let plan = Plan::new(&asked, &counted.partial, &options)?;
    destination.write(|out| openmetrics::write(&plan, out))
}

/// The least common multiple of two lengths.
fn common_multiple(a: i64, b: i64) -> i64 {
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (a / divisor.max(1)).saturating_mul(b)
}
