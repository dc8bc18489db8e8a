//! The members of an archive that is compressed as a whole: read one after another, from one stream, by one worker at a time.

use std::io::{self, ErrorKind, Read};
use std::sync::{Arc, Mutex, PoisonError};

use super::control::Control;
use super::decode::Compression;
use super::inflate::Inflater;

/// The stream that the members stand in.
pub(super) struct Chain {
    inflater: Inflater,
    /// How the archive is compressed, the innermost layer of it.
    compression: Compression,
    control: Arc<Control>,
    /// Bytes of the decompressed archive that were given out.
    position: u64,
}

impl Chain {
    pub(super) fn new(inflater: Inflater, compression: Compression, control: Arc<Control>) -> Arc<Mutex<Chain>> {
        Arc::new(Mutex::new(Chain { inflater, compression, control, position: 0 }))
    }

    pub(super) fn control(&self) -> Arc<Control> {
        self.control.clone()
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inflater.read(buffer).map_err(|broken| io::Error::other(broken.told(self.compression)))?;
        self.position += count as u64;
        Ok(count)
    }

    /// Reads up to a place and forgets it.
    fn skip_to(&mut self, offset: u64) -> io::Result<()> {
        let mut scratch = [0; 8 * 1024];
        while self.position < offset {
            let want = usize::try_from(offset - self.position).map_or(scratch.len(), |left| left.min(scratch.len()));
            if self.read(&mut scratch[..want])? == 0 {
                break;
            }
        }
        Ok(())
    }
}

/// The bytes of one member.
pub(super) struct MemberRead {
    chain: Arc<Mutex<Chain>>,
    offset: u64,
    left: u64,
}

impl MemberRead {
    /// The `size` bytes from `offset` on. Nothing behind them may have been read.
    pub(super) fn new(chain: Arc<Mutex<Chain>>, offset: u64, size: u64) -> Self {
        MemberRead { chain, offset, left: size }
    }
}

impl Read for MemberRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if want == 0 {
            return Ok(0);
        }
        let mut chain = self.chain.lock().unwrap_or_else(PoisonError::into_inner);
        chain.skip_to(self.offset)?;
        let count = chain.read(&mut buffer[..want])?;
        if count == 0 && !chain.control.must_stop() {
            let message = format!("the archive is cut off, {} bytes too early for this member", self.left);
            return Err(io::Error::new(ErrorKind::UnexpectedEof, message));
        }
        (self.offset, self.left) = (self.offset + count as u64, self.left - count as u64);
        Ok(count)
    }
}
