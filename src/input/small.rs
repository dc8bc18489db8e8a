//! Small files, each of which is read by one call.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::head::{self, MAGIC_BYTES, Shape};
use super::resolve::FileId;

/// A small file that was read whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SmallFile {
    pub(super) id: FileId,
    pub(super) size: u64,
}

impl SmallFile {
    /// Bytes of the largest file that is small: what a scan reads at once.
    pub const BYTES_MAX: usize = crate::framing::READ_BYTES;

    /// Reads a regular file into `buffer`, which has room for [`SmallFile::BYTES_MAX`] bytes or more. None if it is empty, or larger, or
    /// anything but text that slix reads as it stands, or cannot be read: another way of reading has to say so.
    pub fn read(path: &Path, buffer: &mut [u8]) -> Option<SmallFile> {
        let mut file = File::open(path).ok()?;
        let metadata = file.metadata().ok()?;
        let length = usize::try_from(metadata.len()).ok().filter(|length| (1..=Self::BYTES_MAX).contains(length))?;
        let content = buffer.get_mut(..length)?;
        file.read_exact(content).ok()?;
        let is_text = Shape::of(&content[..length.min(MAGIC_BYTES)]) == Shape::Plain && head::refuse_utf16("", content).is_ok();
        let is_regular = metadata.file_type().is_file();
        (is_text && is_regular).then(|| SmallFile { id: FileId::of(&metadata), size: metadata.len() })
    }

    /// Its bytes.
    pub fn length(&self) -> usize {
        // It fitted a buffer.
        self.size as usize
    }
}
