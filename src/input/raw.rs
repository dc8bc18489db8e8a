//! Bytes as they lie in a file or come out of a pipe, read in order and interruptibly.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::control::Control;

/// How long a silent pipe may keep a stop from being seen: short for a person, rare enough to cost nothing.
const POLL_TIMEOUT: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// What a pipe is asked to hold, so that its writer need not be woken for every 64 KiB. It is the limit that Linux grants
/// without privileges (`/proc/sys/fs/pipe-max-size`).
const PIPE_BYTES: usize = 1 << 20;

/// A boxed reader of undecoded bytes.
pub(super) type RawRead = Box<dyn Read + Send>;

/// The bytes of one file or pipe in order.
pub(super) struct Raw {
    file: File,
    /// Where the next bytes stand in a file that others read at other places; none where it is read in order.
    at: Option<u64>,
    /// Bytes that may still be read; none: to the end.
    left: Option<u64>,
    /// Whether a read could wait for a writer.
    waits: bool,
    /// Where the file may not end: it is that of an archive, and `left` is what a member of it still has.
    member_of: Option<u64>,
    control: Arc<Control>,
}

impl Raw {
    /// The first `size` bytes of a regular file.
    pub(super) fn of_file(file: File, size: u64, control: Arc<Control>) -> Self {
        Raw { file, at: None, left: Some(size), waits: false, member_of: None, control }
    }

    /// The `size` bytes from `offset` on that an archive has for a member. A file that ends before them is an error.
    pub(super) fn of_member(file: File, offset: u64, size: u64, control: Arc<Control>) -> Self {
        Raw { file, at: Some(offset), left: Some(size), waits: false, member_of: Some(offset + size), control }
    }

    /// All that a pipe, or whatever standard input is, delivers.
    pub(super) fn of_pipe(file: File, control: Arc<Control>) -> Self {
        widen(&file);
        Raw { file, at: None, left: None, waits: true, member_of: None, control }
    }

    #[cold]
    fn cut_off(&self) -> io::Error {
        let at = self.member_of.unwrap_or(0) - self.left.unwrap_or(0);
        io::Error::new(
            ErrorKind::UnexpectedEof,
            format!("the archive is cut off after byte {at}, {} bytes too early for this member", self.left.unwrap_or(0)),
        )
    }

    /// Waits until a read would not wait, but not longer than [`POLL_TIMEOUT`].
    fn is_ready(&self) -> io::Result<bool> {
        // Hang-up and error are always reported; a read then says which it is.
        let mut fds = [PollFd::from_borrowed_fd(self.file.as_fd(), PollFlags::IN)];
        match poll(&mut fds, Some(&POLL_TIMEOUT)) {
            Ok(count) => Ok(count > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// A wider pipe is a favour, not a need: where it is refused, or no pipe, the old size stays.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn widen(file: &File) {
    rustix::pipe::fcntl_setpipe_size(file, PIPE_BYTES).ok();
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn widen(_file: &File) {}

impl Read for Raw {
    /// 0 is the end of the input, or a stop; [`Control::interrupted`] tells them apart.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = self.left.map_or(buffer.len(), |left| buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        loop {
            if want == 0 || self.control.must_stop() {
                return Ok(0);
            }
            if self.waits && !self.is_ready()? {
                continue;
            }
            let read = match self.at {
                Some(at) => self.file.read_at(&mut buffer[..want], at),
                None => self.file.read(&mut buffer[..want]),
            };
            match read {
                Ok(0) if self.member_of.is_some() => return Err(self.cut_off()),
                Ok(count) => {
                    self.at = self.at.map(|at| at + count as u64);
                    self.left = self.left.map(|left| left - count as u64);
                    self.control.count(count);
                    return Ok(count);
                }
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
