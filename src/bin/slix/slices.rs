//! `slix slices`: counts that are kept, to be read in place of the logs.

use slix::error::Result;
use slix::evaluate::Options;
use slix::evaluate::plan::Plan;
use slix::evaluate::warning::{Warning, above_one_percent};
use slix::output::{accounting, openmetrics};
use slix::slices;

use super::Session;
use super::args::SlicesArgs;
use super::count::Counted;
use super::destination::Destination;
use super::exit::Exit;
use super::run::Evaluation;

/// Runs the command.
pub fn run(args: &SlicesArgs, session: &Session) -> Result<Exit> {
    let destination = Destination::new(args.answer.output.as_deref())?;
    let is_openmetrics = args.answer.output.as_deref().and_then(|path| path.extension()).is_some_and(|e| e == "openmetrics");
    destination.refuse_terminal("a slices file")?;
    session.answer(&args.reading, &args.asking, args.answer.stats, |counted| {
        session.words.far_dated(&counted.partial);
        let total = accounting::total(&counted.partial.receipts)?;
        let (events, of) = (total.no_response, total.events.lines);
        if above_one_percent(events, of) {
            session.words.warning(&Warning::NoResponse { events, of }.to_string());
        }
        if is_openmetrics {
            return write_metrics(counted, &destination);
        }
        destination.write(|out| slices::write(&counted.partial, out))
    })
}

/// Every slice of every SLO, and every window that ends with it, as samples for Prometheus.
fn write_metrics(counted: &Counted, destination: &Destination) -> Result<()> {
    let asked = counted.questions.asked();
    let options = Evaluation::of_slos(None)?.options(counted.partial.slices)?;
    let plan = Plan::new(&asked, &counted.partial, &Options { skip_empty: true, ..options })?;
    destination.write(|out| openmetrics::write(&plan, out))
}
