//! Reading logs line by line to look at them, where counts are not enough: `detect`, `rejects`, `init`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use slix::engine::Source;
use slix::error::{Error, ErrorKind, Result};
use slix::format::Format;
use slix::format::extract::{Extractor, Reader};
use slix::framing::{Frame, Framing, LINE_BYTES_MAX, is_blank};
use slix::input::{Input, Inputs, Kind};
use slix::record::{Need, Outcome, Reason, Skip};

use super::exit::Exit;
use super::formats::{Formats, Found, SAYS_NOTHING};
use super::words::Words;

/// One log with its format.
pub struct Log<'a> {
    /// The number of the input.
    pub number: usize,
    /// The input.
    pub input: &'a Input,
    /// Its format, and how many of how many lines told it.
    pub found: Found,
    /// Whether no format is its own, and this one is only the nearest.
    pub is_unknown: bool,
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

/// What becomes of a log that no format reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// It is not looked at.
    Left,
    /// It is told, and looked at by the format that reads most of a line.
    ByNearest,
}

/// Finds the format of every log. `needs` says which fields of a format are to be read. What cannot be looked at is told, and the others
/// are looked at.
///
/// # Errors
/// That of the first log, if none of them can be looked at.
pub fn logs<'a>(
    inputs: &'a Inputs,
    formats: &Formats,
    words: &Words,
    unknown: Unknown,
    needs: &dyn Fn(&Format) -> Vec<Need>,
) -> Result<Survey<'a>> {
    inputs.notes().iter().for_each(|note| words.note(note));
    let is_unknown = Cell::new(false);
    let log = |(number, input): (usize, &'a Input)| {
        let head = input.head()?;
        let found = match unknown {
            Unknown::Left => formats.find(input.name(), &head)?.map(|found| (found, None)),
            Unknown::ByNearest => formats.find_or_nearest(input.name(), &head)?,
        };
        let Some((found, error)) = found else {
            let what = if head.bytes.is_empty() { "it is empty" } else { SAYS_NOTHING };
            return Err(Error::new(ErrorKind::Input, format!("{}: {what}", input.name())));
        };
        let is_nearest = error.is_some();
        if let Some(error) = error {
            words.error(&error);
            is_unknown.set(true);
        }
        let needs = needs(&found.format);
        let year = formats.year(&found.format, input, &head)?;
        let extractor = formats.bind(&found.format, &needs, year)?;
        Ok(Log { number, input, found, is_unknown: is_nearest, extractor, needs })
    };
    let (mut logs, mut failures) = (Vec::new(), Vec::new());
    for found in inputs.inputs().iter().enumerate().map(log) {
        match found {
            Ok(log) => logs.push(log),
            Err(error) => failures.push(error),
        }
    }
    if logs.is_empty() && !failures.is_empty() {
        return Err(failures.remove(0));
    }
    inputs.damages().iter().chain(&failures).for_each(|error| words.error(error));
    let is_whole = failures.is_empty() && inputs.damages().is_empty() && !is_unknown.get();
    let exit = if is_whole { Exit::Success } else { Exit::Failure };
    Ok(Survey { logs, exit })
}

/// The logs that are looked at.
pub struct Survey<'a> {
    /// Each with its format.
    pub logs: Vec<Log<'a>>,
    /// Whether all of what was named can be looked at.
    pub exit: Exit,
}

/// Reads the lines of all logs, at most `lines_max` of each, in their order. What breaks off was read up to there, and is told.
pub fn read(inputs: &Inputs, logs: &[Log], lines_max: u64, words: &Words, each: &mut dyn FnMut(Line)) -> Result<Exit> {
    let source = inputs.source(1, None)?.keep_whole(0..inputs.inputs().len());
    let mut framing = Framing::new(0, None, LINE_BYTES_MAX);
    let mut exit = Exit::Success;
    while let Some(piece) = source.next() {
        let mut piece = piece.map_err(|(_, error)| error)?;
        let Some(number) = logs.iter().position(|log| log.number == piece.input()) else { continue };
        let extractor = &logs[number].extractor;
        let mut reader = extractor.reader(logs[number].input.name());
        let (mut left, mut parts) = (lines_max, Parts::default());
        framing.restart(0, None);
        while !framing.is_done() && left > 0 {
            let count = match piece.read(framing.room()) {
                Ok(count) => count,
                Err(error) => {
                    words.error(&error);
                    exit = Exit::Failure;
                    break;
                }
            };
            let mut on_line = |offset, text: &[u8], outcome| {
                let outcome = match outcome {
                    Some(outcome) => outcome,
                    None if is_blank(text) => Outcome::Skipped(Skip::Blank),
                    None => extractor.read(text, &mut reader),
                };
                if left == 0 {
                    return;
                }
                left -= 1;
                if outcome == Outcome::Joined {
                    extractor.count_part(text.len() as u64 + 1, &mut reader);
                    parts.hold(offset, text);
                    return;
                }
                if !extractor.is_unfinished(&reader) {
                    parts
                        .give(0, &mut |offset, text, outcome| each(Line { log: number, offset, text, outcome, reader: &reader }));
                }
                each(Line { log: number, offset, text, outcome, reader: &reader });
            };
            framing.advance(count, &mut |frame| -> Result<()> {
                match frame {
                    Frame::Oversized { offset, .. } => on_line(offset, b"", Some(Outcome::Rejected(Reason::TooLong))),
                    Frame::Lines { offset, bytes, .. } => split(bytes, &mut |at, text| on_line(offset + at, text, None)),
                }
                Ok(())
            })?;
            if count == 0 {
                break;
            }
        }
        // Of what was not looked at it is not known whether the rest is there.
        let (unfinished, _) = extractor.take_unfinished(&mut reader);
        let unfinished = if left > 0 { unfinished as usize } else { 0 };
        parts.give(unfinished, &mut |offset, text, outcome| each(Line { log: number, offset, text, outcome, reader: &reader }));
    }
    source.notes().iter().for_each(|note| words.note(&note.text));
    Ok(exit)
}

/// Parts of lines of which it is not known yet whether the rest comes.
#[derive(Default)]
struct Parts(Vec<(u64, Vec<u8>)>);

impl Parts {
    /// So many are held with their text; a line may never end.
    const TEXTS_MAX: usize = 1000;

    fn hold(&mut self, offset: u64, text: &[u8]) {
        let text = if self.0.len() < Parts::TEXTS_MAX { text } else { b"" };
        self.0.push((offset, text.to_vec()));
    }

    /// Gives all that are held away; the rest of the last `unfinished` has not come.
    fn give(&mut self, unfinished: usize, each: &mut dyn FnMut(u64, &[u8], Outcome)) {
        let joined = self.0.len().saturating_sub(unfinished);
        for (i, (offset, text)) in self.0.drain(..).enumerate() {
            each(offset, &text, if i < joined { Outcome::Joined } else { Outcome::Rejected(Reason::Layout) });
        }
    }
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
