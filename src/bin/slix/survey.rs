//! Reading logs line by line to look at them, where counts are not enough: `detect`, `rejects`, `init`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use slix::engine::Source;
use slix::error::{Error, ErrorKind, Result};
use slix::format::Format;
use slix::format::extract::{Extractor, Reader};
use slix::framing::{Frame, Framing, LINE_BYTES_MAX};
use slix::input::{Input, Inputs, Kind};
use slix::record::{Need, Outcome, Reason, Skip};

use super::formats::{Formats, Found, is_blank};

/// One log with its format.
pub struct Log<'a> {
    /// The input.
    pub input: &'a Input,
    /// Its format, and how many of how many lines told it.
    pub found: Found,
    /// Reads its lines; the fields are those of `needs`.
    pub extractor: Extractor,
    /// The fields that are read.
    pub needs: Vec<Need>,
}

/// One line and what became of it.
pub struct Line<'a> {
    /// Number of the log.
    pub log: usize,
    /// Its place in the log.
    pub offset: u64,
    /// Without its end.
    pub text: &'a [u8],
    /// What became of it.
    pub outcome: Outcome,
    /// What was read, if it is an event.
    pub reader: &'a Reader,
}

/// The inputs of a survey.
pub fn resolve(arguments: &[PathBuf]) -> Result<Inputs> {
    let inputs = Inputs::resolve(arguments, Arc::new(AtomicBool::new(false))).complete()?;
    if let Some(input) = inputs.inputs().iter().find(|input| input.kind() == Kind::Slices) {
        let message = format!("{}: this is a slices file, which holds no lines", input.name());
        return Err(Error::new(ErrorKind::Input, message).hint("name the logs that it was made from"));
    }
    Ok(inputs)
}

/// Finds the format of every log. `needs` says which fields of a format are to be read.
pub fn logs<'a>(inputs: &'a Inputs, formats: &Formats, needs: &dyn Fn(&Format) -> Vec<Need>) -> Result<Vec<Log<'a>>> {
    let log = |input: &'a Input| {
        let head = input.head()?;
        let Some(found) = formats.find(input.name(), &head)? else {
            return Err(Error::new(ErrorKind::Input, format!("{}: it is empty", input.name())));
        };
        let needs = needs(&found.format);
        let year = formats.year(&found.format, input, &head)?;
        let extractor = formats.bind(&found.format, &needs, year)?;
        Ok(Log { input, found, extractor, needs })
    };
    inputs.inputs().iter().map(log).collect()
}

/// Reads the lines of all logs, at most `lines_max` of each, in their order.
pub fn read(inputs: &Inputs, logs: &[Log], lines_max: u64, each: &mut dyn FnMut(Line)) -> Result<()> {
    let source = inputs.source(1, None)?.keep_whole(0..logs.len());
    let mut framing = Framing::new(0, None, LINE_BYTES_MAX);
    while let Some(piece) = source.next() {
        let mut piece = piece.map_err(|(_, error)| error)?;
        let number = piece.input();
        let mut reader = logs[number].extractor.reader(logs[number].input.name());
        let mut left = lines_max;
        framing.restart(0, None);
        while !framing.is_done() && left > 0 {
            let count = piece.read(framing.room())?;
            let mut on_line = |offset, text: &[u8], outcome| {
                let outcome = match outcome {
                    Some(outcome) => outcome,
                    None if is_blank(text) => Outcome::Skipped(Skip::Blank),
                    None => logs[number].extractor.read(text, &mut reader),
                };
                if left > 0 {
                    left -= 1;
                    each(Line { log: number, offset, text, outcome, reader: &reader });
                }
            };
            framing.advance(count, &mut |frame| -> Result<()> {
                match frame {
                    Frame::Oversized { offset, .. } => on_line(offset, b"", Some(Outcome::Rejected(Reason::TooLong))),
                    Frame::Lines { offset, bytes } => split(bytes, &mut |at, text| on_line(offset + at, text, None)),
                }
                Ok(())
            })?;
            if count == 0 {
                break;
            }
        }
    }
    Ok(())
}

/// Each line of whole lines, with its place and without its end.
fn split(bytes: &[u8], each: &mut dyn FnMut(u64, &[u8])) {
    let mut at = 0;
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let text = if at == 0 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
        each(at, text);
        at += line.len() as u64;
    }
}

/// How many lines had each outcome, by its name.
pub fn count(outcomes: &mut BTreeMap<&'static str, u64>, outcome: Outcome) {
    let name = match outcome {
        Outcome::Event => "events",
        Outcome::Skipped(_) => "skipped",
        Outcome::Joined => "joined",
        Outcome::Undated => "undated",
        Outcome::Rejected(_) => "rejected",
    };
    *outcomes.entry(name).or_default() += 1;
}
