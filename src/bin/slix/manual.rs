//! `slix completions` and `slix man`: what shells and manuals know of slix, made from the command line itself.

use std::path::Path;

use clap_mangen::Man;
use slix::error::{Error, ErrorKind, Result};
use slix::output::atomic::write_failed;

use super::args::{CompletionsArgs, ManArgs};
use super::destination::Destination;
use super::exit::Exit;
use super::help;

/// Runs `slix completions`.
pub fn completions(args: &CompletionsArgs) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut help::command(), "slix", &mut script);
    Destination::Stdout.write(|out| out.write_all(&script).map_err(|cause| write_failed("standard output", cause)))?;
    Ok(Exit::Success)
}

/// Runs `slix man`.
pub fn man(args: &ManArgs) -> Result<Exit> {
    let mut command = help::command();
    // Names the commands as one types them.
    command.build();
    let Some(directory) = &args.directory else {
        let page = page(&command)?;
        Destination::Stdout.write(|out| out.write_all(&page).map_err(|cause| write_failed("standard output", cause)))?;
        return Ok(Exit::Success);
    };
    std::fs::create_dir_all(directory).map_err(|cause| cannot_make(directory, cause))?;
    for command in std::iter::once(&command).chain(command.get_subcommands()) {
        let name = format!("{}.1", command.get_display_name().unwrap_or(command.get_name()));
        let (path, page) = (directory.join(&name), page(command)?);
        Destination::File(path).write(|out| out.write_all(&page).map_err(|cause| write_failed(&name, cause)))?;
    }
    Ok(Exit::Success)
}

#[cold]
fn cannot_make(directory: &Path, cause: std::io::Error) -> Error {
    let message = format!("{}: the directory cannot be made", directory.display());
    Error::new(ErrorKind::Output, message).because(cause).hint("name a directory that you may write to")
}

/// The page of one command, for section 1.
fn page(command: &clap::Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    let written = Man::new(command.clone()).manual("User Commands").render(&mut page);
    written.map_err(|cause| write_failed("a manual page", cause))?;
    Ok(page)
}
