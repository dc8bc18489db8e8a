//! `slix slices`: counts that are kept, to be read in place of the logs.

use slix::error::Result;
use slix::evaluate::warning::far_dated;
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
        for (service, activity) in &counted.partial.activity {
            if let Some(warning) = far_dated(counted.partial.slices, activity) {
                let of = if service.is_empty() { String::new() } else { format!("{service}: ") };
                session.words.warning(&format!("{of}{warning}"));
            }
        }
        destination.write(|out| slices::write(&counted.partial, out))
    })
}
