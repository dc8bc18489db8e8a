//! zstd (RFC 8878), any number of frames, skippable ones included.

use std::io;

use zstd::stream::raw::{Decoder as Frames, Operation};

use super::decode::{Broken, Compressed, Damage, Decoder};

/// What the decoder wants before it knows the frame: magic number and frame header descriptor (RFC 8878, 3.1.1).
const FRAME_START_BYTES: usize = 5;

/// A zstd decoder over all frames of a file.
pub(super) struct Zstandard {
    input: Compressed,
    frames: Frames<'static>,
    /// What the decoder wants next, never more than to the end of the next block. Giving just this makes each call decode one
    /// block, so that no good block is lost with a bad one behind it, however the bytes arrive.
    wanted: usize,
    /// No frame is open.
    between: bool,
    done: bool,
}

impl Zstandard {
    pub(super) fn new(input: Compressed) -> io::Result<Self> {
        Ok(Zstandard { input, frames: Frames::new()?, wanted: FRAME_START_BYTES, between: true, done: false })
    }

    fn decode_some(&mut self, buffer: &mut [u8]) -> Result<usize, Broken> {
        let compressed = self.input.fill()?;
        if compressed.is_empty() && self.between {
            self.done = true;
            return Ok(0);
        }
        let at_end = compressed.is_empty();
        let part = &compressed[..compressed.len().min(self.wanted)];
        let status = match self.frames.run_on_buffers(part, buffer) {
            Ok(status) => status,
            Err(error) => return Err(self.input.broken(Damage::Corrupt(error.to_string()))),
        };
        self.input.consume(status.bytes_read);
        self.between = status.remaining == 0;
        self.wanted = if self.between { FRAME_START_BYTES } else { status.remaining };
        if at_end && status.bytes_written == 0 && !self.between {
            return Err(self.input.broken(Damage::CutOff));
        }
        Ok(status.bytes_written)
    }
}

impl Decoder for Zstandard {
    fn decode(&mut self, buffer: &mut [u8]) -> Result<usize, Broken> {
        while !self.done {
            match self.decode_some(buffer) {
                Ok(0) => {}
                Ok(given) => return Ok(given),
                Err(broken) => {
                    self.done = true;
                    return Err(broken);
                }
            }
        }
        Ok(0)
    }

    fn note(&self) -> Option<String> {
        None
    }
}
