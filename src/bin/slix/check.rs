use super::Session;
use super::args::CheckArgs;
use super::exit::Exit;
use slix::error::Result;
pub fn run(_args: &CheckArgs, _session: &Session) -> Result<Exit> {
    Ok(Exit::Success)
}
