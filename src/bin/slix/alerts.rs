//! `slix alerts`: when burn-rate alerts would have fired.

use slix::error::Result;
use slix::evaluate::guard::AlertRow;
use slix::output::alerts;

use super::Session;
use super::args::HistoryArgs;
use super::exit::Exit;
use super::table::history;

/// Runs the command.
pub fn run(args: &HistoryArgs, session: &Session) -> Result<Exit> {
    history(args, session, |asked| {
        if asked.is_encoded() {
            asked.guarded.iter().flat_map(|one| &one.notes).for_each(|note| session.words.note(note));
        }
        let rows: Vec<AlertRow> = asked.guarded.iter().flat_map(|one| one.rows()).collect();
        asked.write(|look| alerts::text(asked.guarded, look), || alerts::batch(&rows))
    })
}
