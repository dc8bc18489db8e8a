//! Lines of several formats in one log, and lines in envelopes.

use super::envelope::Unwrapped;
use super::extract::{Extractor, Reader};
use crate::record::{Outcome, Reason, Skip};

impl Extractor {
    /// Reads a line more strictly than a format that is named would: what a writer of the format would not write is not its own.
    /// Where an envelope gives the time, `has_stamp`, a line without one is an event.
    pub(super) fn try_read(&self, line: &[u8], reader: &mut Reader, has_stamp: bool) -> Outcome {
        match self.read_any(line, reader) {
            Outcome::Event if !self.reads_cleanly(line, reader) => Outcome::Rejected(Reason::Layout),
            Outcome::Undated if has_stamp => Outcome::Event,
            outcome => outcome,
        }
    }

    /// Reads a line that may be in an envelope. One that is not is read as it stands.
    #[cold]
    pub(super) fn read_wrapped(&self, line: &[u8], reader: &mut Reader) -> Outcome {
        reader.is_unwrapped = false;
        reader.stamped = None;
        match reader.unwrapper.unwrap(line) {
            Unwrapped::Part => return Outcome::Joined,
            Unwrapped::Not => return self.read_any(line, reader),
            Unwrapped::Whole => {}
        }
        reader.stamped = reader.unwrapper.time();
        let text = reader.unwrapper.take_text();
        let outcome = match text.trim_ascii().is_empty() {
            true => Outcome::Skipped(Skip::Blank),
            false => self.read_any(&text, reader),
        };
        reader.unwrapper.give_text(text);
        reader.is_unwrapped = true;
        outcome
    }

    /// Reads a line that the format itself does not read by the first other one that does; `outcome` is what it is if none does.
    #[cold]
    pub(super) fn read_by_others(&self, line: &[u8], reader: &mut Reader, outcome: Outcome) -> Outcome {
        for (i, (other, its_reader)) in self.others.iter().zip(&mut reader.others).enumerate() {
            its_reader.stamped = reader.stamped;
            let read = other.read_any(line, its_reader);
            if matches!(read, Outcome::Event | Outcome::Undated) {
                reader.by = i + 1;
                return read;
            }
        }
        outcome
    }
}
