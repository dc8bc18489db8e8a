//! Small files, each of which is read by one call.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::head::{self, MAGIC_BYTES, Shape};
use super::resolve::FileId;
use crate::engine::rounds::Contents;

/// Regular files, of which those that are small can be read in [rounds](crate::engine::rounds).
#[derive(Clone, Copy, Debug)]
pub struct SmallFiles<'a> {
    /// Where they lie.
    pub paths: &'a [&'a Path],
}

/// A small file that was read whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SmallFile {
    pub(super) id: FileId,
    pub(super) size: u64,
}

impl Contents for SmallFiles<'_> {
    type Found = SmallFile;

    fn name(&self, at: usize) -> Cow<'_, str> {
        self.paths[at].to_string_lossy()
    }

    /// None if the file is empty or large, or anything but text that slix reads as it stands, or cannot be read.
    fn read(&self, at: usize, buffer: &mut [u8]) -> Option<(usize, SmallFile)> {
        let mut file = File::open(self.paths[at]).ok()?;
        let metadata = file.metadata().ok()?;
        let length = usize::try_from(metadata.len()).ok().filter(|&length| length > 0)?;
        let content = buffer.get_mut(..length)?;
        file.read_exact(content).ok()?;
        let is_text = Shape::of(&content[..length.min(MAGIC_BYTES)]) == Shape::Plain && head::refuse_utf16("", content).is_ok();
        let is_regular = metadata.file_type().is_file();
        (is_text && is_regular).then(|| (length, SmallFile { id: FileId::of(&metadata), size: metadata.len() }))
    }
}
