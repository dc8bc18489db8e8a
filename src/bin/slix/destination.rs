//! Where an answer goes: standard output, or a file that appears when it is complete.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use slix::error::{Error, ErrorKind, Result};
use slix::output::atomic::{AtomicFile, write_failed};

/// Bytes that are gathered before they are written.
const BUFFER_BYTES: usize = 128 * 1024;

/// Where an answer goes.
#[derive(Clone, Debug)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A file, which is replaced once the new one is complete.
    File(PathBuf),
}

impl Destination {
    /// The file that `-o` names; `-` is standard output. A place where no file can be made is an error now, not after an hour.
    pub fn new(output: Option<&Path>) -> Result<Destination> {
        match output.filter(|path| *path != Path::new("-")) {
            None => Ok(Destination::Stdout),
            Some(path) => {
                AtomicFile::create(path)?;
                Ok(Destination::File(path.to_owned()))
            }
        }
    }

    /// The file's name, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Destination::Stdout => None,
            Destination::File(path) => Some(path),
        }
    }

    /// Refuses bytes that only programs can read where a person would see them.
    pub fn refuse_terminal(&self, what: &str) -> Result<()> {
        if self.path().is_some() || !std::io::IsTerminal::is_terminal(&std::io::stdout()) {
            return Ok(());
        }
        let error = Error::new(ErrorKind::Usage, format!("{what} is not for a terminal"));
        Err(error.hint("name a file with -o, or send standard output to one"))
    }

    /// Writes what `fill` gives. After an error a file is as it was before.
    pub fn write(&self, fill: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>) -> Result<()> {
        match self {
            Destination::Stdout => {
                let mut out = BufWriter::with_capacity(BUFFER_BYTES, std::io::stdout());
                fill(&mut out)?;
                out.flush().map_err(|cause| write_failed("standard output", cause))
            }
            Destination::File(path) => {
                let mut out = BufWriter::with_capacity(BUFFER_BYTES, AtomicFile::create(path)?);
                fill(&mut out)?;
                let file = out.into_inner().map_err(|e| write_failed(&path.display().to_string(), e.into_error()))?;
                file.commit()
            }
        }
    }

    /// Writes a text.
    pub fn write_text(&self, text: &str) -> Result<()> {
        self.write_bytes(text.as_bytes())
    }

    /// Writes bytes.
    pub fn write_bytes(&self, bytes: &[u8]) -> Result<()> {
        let name = self.path().map_or("standard output".to_owned(), |path| path.display().to_string());
        self.write(|out| out.write_all(bytes).map_err(|cause| write_failed(&name, cause)))
    }
}
