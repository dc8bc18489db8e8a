//! Lines of several formats in one log.

use super::extract::{Extractor, Reader};
use crate::record::Outcome;

impl Extractor {
    /// Reads a line that the format itself does not read by the first other one that does; `outcome` is what it is if none does.
    #[cold]
    pub(super) fn read_by_others(&self, line: &[u8], reader: &mut Reader, outcome: Outcome) -> Outcome {
        for (i, (other, its_reader)) in self.others.iter().zip(&mut reader.others).enumerate() {
            let read = other.read(line, its_reader);
            if matches!(read, Outcome::Event | Outcome::Undated) {
                reader.by = i + 1;
                return read;
            }
        }
        outcome
    }
}
