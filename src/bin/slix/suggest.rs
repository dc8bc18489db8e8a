//! `slix suggest`: targets and bounds that history would have met.

use slix::error::Result;
use slix::evaluate::suggest::Suggestion;
use slix::output::suggest;

use super::Session;
use super::args::HistoryArgs;
use super::exit::Exit;
use super::table::history;

/// Runs the command.
pub fn run(args: &HistoryArgs, session: &Session) -> Result<Exit> {
    history(args, session, |asked| {
        let suggestions = asked.guarded.iter().map(|one| one.suggestion()).collect::<Result<Vec<Suggestion>>>()?;
        asked.write(|look| suggest::text(&suggestions, look), || suggest::batch(&suggestions))
    })
}
