//! `slix backlog`: the actions of filled-in postmortems, as rows.

use std::path::{Path, PathBuf};

use slix::error::{Error, ErrorKind, Result};
use slix::output::backlog;
use slix::output::windows::{Encoding, Metadata, write_batch};

use super::Session;
use super::args::BacklogArgs;
use super::destination::Destination;
use super::exit::Exit;
use super::table::Form;

/// Runs the command.
pub fn run(args: &BacklogArgs, session: &Session) -> Result<Exit> {
    let form = Form::new(args.output_format.as_deref(), args.output.as_deref())?;
    let encoding = match form {
        Form::Text => Encoding::Csv,
        Form::Encoded(encoding) => encoding,
    };
    let destination = Destination::new(args.output.as_deref())?;
    form.check(&destination)?;
    let mut actions = Vec::new();
    for path in drafts(&args.directory)? {
        let text = std::fs::read_to_string(&path).map_err(|cause| unreadable(&path, cause))?;
        actions.extend(backlog::actions(&path.display().to_string(), &text)?);
    }
    if actions.is_empty() {
        session.words.note("no action is filled in");
    }
    let batch = backlog::batch(&actions)?;
    destination.write(|out| write_batch(out, encoding, &batch, Metadata::default()))?;
    Ok(Exit::Success)
}

/// The Markdown files of a directory, by name.
fn drafts(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(directory).map_err(|cause| unreadable(directory, cause))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(|cause| unreadable(directory, cause)));
    let mut paths = paths.collect::<Result<Vec<PathBuf>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    if paths.is_empty() {
        let error = Error::new(ErrorKind::Input, format!("{}: there is no Markdown file", directory.display()));
        return Err(error.hint("`slix incidents --postmortem DIR` writes drafts"));
    }
    Ok(paths)
}

#[cold]
fn unreadable(path: &Path, cause: std::io::Error) -> Error {
    Error::new(ErrorKind::Input, format!("{}: it cannot be read", path.display())).because(cause)
}
