//! `slix slices`: counts that are kept, to be read in place of the logs.

use slix::error::Result;
use slix::evaluate::warning::{Warning, above_one_percent};
use slix::output::accounting;
use slix::slices;

use super::Session;
use super::args::SlicesArgs;
use super::destination::Destination;
use super::exit::Exit;

/// Runs the command.
pub fn run(args: &SlicesArgs, session: &Session) -> Result<Exit> {
    let destination = Destination::new(args.answer.output.as_deref())?;
    destination.refuse_terminal("a slices file")?;
    session.answer(&args.reading, &args.asking, args.answer.stats, |counted| {
        session.words.far_dated(&counted.partial);
        let total = accounting::total(&counted.partial.receipts)?;
        let (events, of) = (total.no_response, total.events.lines);
        if above_one_percent(events, of) {
            session.words.warning(&Warning::NoResponse { events, of }.to_string());
        }
        destination.write(|out| slices::write(&counted.partial, out))
    })
}
