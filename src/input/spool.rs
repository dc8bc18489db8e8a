//! What an archive decompresses to, kept in a temporary file while its members are listed: so it is decompressed once, and its members
//! are read like those of a plain one, by all threads.
//!
//! Memory does not follow its length. The file has no name and ends with the process; where there is little room for it, its beginning
//! is kept, and what is behind that is decompressed again.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::sync::Arc;

/// The most that is kept of one archive.
pub(super) const KEPT_BYTES_MAX: u64 = 16 << 30;
/// The most of it where the file is one of memory.
const KEPT_IN_MEMORY_BYTES_MAX: u64 = 64 << 20;
/// Of the room that there is for the file, it takes one part in so many.
const ROOM_SHARE: u64 = 4;

/// Keeps what is read through it.
pub(super) struct Spool {
    /// None: nothing can be kept.
    file: Option<File>,
    bytes: u64,
    bytes_max: u64,
}

impl Spool {
    /// Keeps no more than so many bytes.
    pub(super) fn new(bytes_max: u64) -> Rc<RefCell<Spool>> {
        let file = tempfile::tempfile().ok();
        let bytes_max = file.as_ref().map_or(0, room).min(bytes_max);
        Rc::new(RefCell::new(Spool { file, bytes: 0, bytes_max }))
    }

    /// Whether everything was kept so far.
    pub(super) fn keeps(&self) -> bool {
        self.bytes < self.bytes_max
    }

    fn keep(&mut self, bytes: &[u8]) {
        let Some(file) = self.file.as_mut().filter(|_| self.bytes < self.bytes_max) else { return };
        // It is no failure of the archive if it cannot be kept.
        match file.write_all(bytes) {
            Ok(()) if self.bytes + (bytes.len() as u64) < self.bytes_max => self.bytes += bytes.len() as u64,
            _ => self.bytes_max = self.bytes,
        }
    }

    /// The file, and how many bytes of the archive it holds.
    pub(super) fn take(&mut self) -> Option<(Arc<File>, u64)> {
        Some((Arc::new(self.file.take()?), self.bytes))
    }
}

/// The room for a temporary file.
fn room(file: &File) -> u64 {
    let free = rustix::fs::fstatvfs(file).map_or(0, |system| system.f_bavail.saturating_mul(system.f_frsize));
    let most = if is_in_memory(file) { KEPT_IN_MEMORY_BYTES_MAX } else { u64::MAX };
    (free / ROOM_SHARE).min(most)
}

#[cfg(target_os = "linux")]
fn is_in_memory(file: &File) -> bool {
    /// `TMPFS_MAGIC` of linux/magic.h.
    const TMPFS: u64 = 0x0102_1994;
    rustix::fs::fstatfs(file).is_ok_and(|system| system.f_type as u64 == TMPFS)
}

#[cfg(not(target_os = "linux"))]
fn is_in_memory(_file: &File) -> bool {
    false
}

/// A reader whose bytes are kept.
pub(super) struct Spooled<R> {
    reader: R,
    spool: Rc<RefCell<Spool>>,
}

impl<R> Spooled<R> {
    pub(super) fn new(reader: R, spool: Rc<RefCell<Spool>>) -> Self {
        Spooled { reader, spool }
    }
}

impl<R: Read> Read for Spooled<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.spool.borrow_mut().keep(&buffer[..count]);
        Ok(count)
    }
}

/// A stretch of a file that others read at other places.
pub(super) struct Stretch {
    pub(super) file: Arc<File>,
    pub(super) from: u64,
    pub(super) to: u64,
}

impl Read for Stretch {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.to.saturating_sub(self.from)).map_or(buffer.len(), |left| left.min(buffer.len()));
        let count = self.file.read_at(&mut buffer[..want], self.from)?;
        self.from += count as u64;
        Ok(count)
    }
}
