//! bzip2, xz and lz4, by the readers of their libraries; any number of streams in a row, as their tools write and read them.

use std::io::{self, BufRead, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use lz4_flex::frame::FrameDecoder;

use super::decode::{Broken, Compressed, Damage, Decoder};

/// What an xz stream may ask for: its largest preset (`-9`) needs 65 MiB to decode.
const XZ_MEMORY_KIB: u32 = 256 * 1024;

/// A decoder that is a reader of compressed bytes.
pub(super) struct Streamed {
    reader: Box<dyn Read + Send>,
    /// How many compressed bytes were taken.
    position: Arc<AtomicU64>,
    done: bool,
}

/// Compressed bytes as a reader that counts.
struct Counted {
    input: Compressed,
    position: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill().map_err(|broken| match broken.damage {
            Damage::Unreadable(error) => error,
            _ => io::Error::other("the input is damaged"),
        })
    }

    fn consume(&mut self, count: usize) {
        self.input.consume(count);
        self.position.store(self.input.position(), Relaxed);
    }
}

/// Frames in a row, each with a decoder of its own: one decoder for all takes them to be of one kind.
struct Frames {
    frame: Option<FrameDecoder<Counted>>,
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(frame) = &mut self.frame {
            match frame.read(buffer)? {
                0 => {
                    let rest = self.frame.take().map(FrameDecoder::into_inner);
                    let Some(mut rest) = rest else { break };
                    if !rest.fill_buf()?.is_empty() {
                        self.frame = Some(FrameDecoder::new(rest));
                    }
                }
                count => return Ok(count),
            }
        }
        Ok(0)
    }
}

/// Reads of a reader that forgets what it has decoded in the read that fails: piece by piece, so that no more than a piece is lost. (Of xz the chunk that is
/// not there as a whole is lost, too: the library decodes none before it has it all, up to 64 KiB.)
struct UpToDamage<R> {
    reader: R,
    failure: Option<io::Error>,
}

/// Bytes of a piece: less than a line.
const PIECE_BYTES: usize = 64;

impl<R> UpToDamage<R> {
    fn of(reader: R) -> Self {
        UpToDamage { reader, failure: None }
    }
}

impl<R: Read> Read for UpToDamage<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() && self.failure.is_none() {
            let to = buffer.len().min(filled + PIECE_BYTES);
            match self.reader.read(&mut buffer[filled..to]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) => self.failure = Some(error),
            }
        }
        match self.failure.take_if(|_| filled == 0) {
            Some(failure) => Err(failure),
            None => Ok(filled),
        }
    }
}

impl Streamed {
    fn new(input: Compressed, reader: impl FnOnce(Counted) -> Box<dyn Read + Send>) -> Self {
        let position = Arc::new(AtomicU64::new(0));
        let reader = reader(Counted { input, position: position.clone() });
        Streamed { reader, position, done: false }
    }

    /// bzip2 (<https://sourceware.org/bzip2/>).
    pub(super) fn bzip2(input: Compressed) -> Self {
        Streamed::new(input, |counted| Box::new(bzip2::bufread::MultiBzDecoder::new(counted)))
    }

    /// xz (<https://tukaani.org/xz/xz-file-format.txt>).
    pub(super) fn xz(input: Compressed) -> Self {
        Streamed::new(input, |counted| {
            Box::new(UpToDamage::of(lzma_rust2::XzReader::new_mem_limit(counted, true, XZ_MEMORY_KIB)))
        })
    }

    /// lz4's frames (<https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md>).
    pub(super) fn lz4(input: Compressed) -> Self {
        Streamed::new(input, |counted| Box::new(Frames { frame: Some(FrameDecoder::new(counted)) }))
    }

    fn broken(&self, error: io::Error) -> Broken {
        let damage = match error.kind() {
            ErrorKind::UnexpectedEof => Damage::CutOff,
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::Other | ErrorKind::Unsupported => {
                Damage::Corrupt(error.to_string())
            }
            _ => Damage::Unreadable(error),
        };
        Broken { at: self.position.load(Relaxed), damage }
    }
}

impl Decoder for Streamed {
    fn decode(&mut self, buffer: &mut [u8]) -> Result<usize, Broken> {
        while !self.done {
            match self.reader.read(buffer) {
                Ok(0) => self.done = true,
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.done = true;
                    return Err(self.broken(error));
                }
            }
        }
        Ok(0)
    }

    fn note(&self) -> Option<String> {
        None
    }
}
