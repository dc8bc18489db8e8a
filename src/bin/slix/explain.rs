use super::Session;
use super::args::ExplainArgs;
use super::exit::Exit;
use slix::error::Result;
pub fn run(_args: &ExplainArgs, _session: &Session) -> Result<Exit> {
    Ok(Exit::Success)
}
