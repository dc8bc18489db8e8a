//! Members of zip archives that are not compressed, held against the sum that the archive has of them.

use flate2::Crc;

use super::decode::{Broken, Compressed, Damage, Decoder};

/// A decoder of what stands there as it is.
pub(super) struct Stored {
    input: Compressed,
    /// CRC-32 (ISO 3309) of the whole.
    sum: u32,
    crc: Crc,
    done: bool,
}

impl Stored {
    pub(super) fn new(input: Compressed, sum: u32) -> Self {
        Stored { input, sum, crc: Crc::new(), done: false }
    }

    fn at_end(&mut self) -> Result<usize, Broken> {
        self.done = true;
        let found = self.crc.sum();
        if found == self.sum {
            return Ok(0);
        }
        let why = format!("its content has the sum {found:08x}, not {:08x}", self.sum);
        Err(self.input.broken(Damage::Corrupt(why)))
    }
}

impl Decoder for Stored {
    fn decode(&mut self, buffer: &mut [u8]) -> Result<usize, Broken> {
        if self.done {
            return Ok(0);
        }
        let held = self.input.fill()?;
        let count = held.len().min(buffer.len());
        if count == 0 {
            return self.at_end();
        }
        buffer[..count].copy_from_slice(&held[..count]);
        self.crc.update(&buffer[..count]);
        self.input.consume(count);
        Ok(count)
    }

    fn note(&self) -> Option<String> {
        None
    }
}
