//! The seam between compressed bytes and content: a faster inflater is one more [`Decoder`].

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::deflate::{Deflate, Sums};
use super::gzip::Gzip;
use super::raw::RawRead;
use super::stored::Stored;
use super::streamed::Streamed;
use super::zstandard::Zstandard;

/// Compressed bytes asked for at a time: few enough system calls that they cost nothing beside inflating.
const COMPRESSED_BYTES: usize = 128 * 1024;

/// The least buffer of compressed bytes.
const COMPRESSED_BYTES_MIN: usize = 512;

/// Decompresses one input from its beginning to its end.
pub(super) trait Decoder: Send {
    /// Puts the next bytes of the content into `buffer` (not empty); 0 is its end. Everything that can be decoded is given
    /// out before the damage behind it is reported; after an error the content has ended.
    fn decode(&mut self, buffer: &mut [u8]) -> Result<usize, Broken>;

    /// Something the user should know though it is no failure; known once the content has ended.
    fn note(&self) -> Option<String>;
}

/// The ways an input can be compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Compression {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    Lz4,
    /// Without a frame, as members of zip archives are.
    Deflate(Sums),
    /// Not at all, but with a sum (CRC-32): other members of zip archives.
    Stored(u32),
}

impl Compression {
    /// The decoder for compressed bytes that `raw` delivers, `size` of them as far as one knows. The first of them stands at byte `from`
    /// of what damage is told in.
    pub(super) fn decoder(self, raw: RawRead, size: u64, from: u64) -> io::Result<Box<dyn Decoder>> {
        let input = Compressed::new(raw, size, from);
        Ok(match self {
            Compression::Deflate(sums) => Box::new(Deflate::new(input, sums)),
            Compression::Stored(sum) => Box::new(Stored::new(input, sum)),
            Compression::Gzip => Box::new(Gzip::new(input)),
            Compression::Zstd => Box::new(Zstandard::new(input)?),
            Compression::Bzip2 => Box::new(Streamed::bzip2(input)),
            Compression::Xz => Box::new(Streamed::xz(input)),
            Compression::Lz4 => Box::new(Streamed::lz4(input)),
        })
    }

    /// The name of the format in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Bzip2 => "bzip2",
            Compression::Xz => "xz",
            Compression::Lz4 => "lz4",
            Compression::Deflate(_) => "deflate",
            Compression::Stored(_) => "stored",
        }
    }
}

/// The decoder of what lies in several layers, the outermost first, and how the innermost is compressed. None without a layer.
pub(super) fn layered(raw: RawRead, layers: &[Compression], size: u64, from: u64) -> io::Result<Option<Box<dyn Decoder>>> {
    let Some((outer, inner)) = layers.split_first() else { return Ok(None) };
    let mut decoder = outer.decoder(raw, size, from)?;
    let mut around = outer;
    for layer in inner {
        let raw = Box::new(Decoded { decoder, compression: *around, given: Arc::default() });
        decoder = layer.decoder(raw, u64::MAX, 0)?;
        around = layer;
    }
    Ok(Some(decoder))
}

/// What a decoder gives, as a reader: for what lies in it.
pub(super) struct Decoded {
    decoder: Box<dyn Decoder>,
    compression: Compression,
    /// Bytes given out, to be watched from outside.
    given: Arc<AtomicU64>,
}

impl Decoded {
    pub(super) fn new(decoder: Box<dyn Decoder>, compression: Compression) -> Self {
        Decoded { decoder, compression, given: Arc::default() }
    }

    /// The counter of the bytes given out.
    pub(super) fn given(&self) -> Arc<AtomicU64> {
        self.given.clone()
    }
}

impl Read for Decoded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.decoder.decode(buffer).map_err(|broken| io::Error::other(broken.told(self.compression)))?;
        self.given.fetch_add(count as u64, Relaxed);
        Ok(count)
    }
}

/// Why the content ended before it should have, and where.
#[derive(Debug)]
pub(super) struct Broken {
    /// Offset in the compressed bytes.
    pub(super) at: u64,
    pub(super) damage: Damage,
}

impl Broken {
    /// In words, for what lies around: `the gzip data is cut off after byte 99 of the file`.
    pub(super) fn told(self, compression: Compression) -> String {
        let (format, at) = (compression.name(), self.at);
        match self.damage {
            Damage::CutOff => format!("the {format} data is cut off after byte {at} of the file"),
            Damage::Corrupt(why) => format!("the {format} data is damaged at byte {at} of the file ({why})"),
            Damage::Unreadable(cause) => format!("the file cannot be read at byte {at}: {cause}"),
            Damage::Decoder => format!("the {format} decoder failed unexpectedly"),
        }
    }
}

/// What kind of damage ended a content.
#[derive(Debug)]
pub(super) enum Damage {
    /// The compressed bytes end too early.
    CutOff,
    /// They do not decode.
    Corrupt(String),
    /// They cannot be read.
    Unreadable(io::Error),
    /// The decoder itself failed. It is a mistake in slix or in a library of it.
    Decoder,
}

/// Compressed bytes with their position.
pub(super) struct Compressed {
    raw: BufReader<RawRead>,
    position: u64,
}

impl Compressed {
    /// About `size` bytes that `raw` delivers, of which the first stands at byte `from`.
    pub(super) fn new(raw: RawRead, size: u64, from: u64) -> Self {
        // What is small is read by a small buffer: there may be many such inputs.
        let capacity = usize::try_from(size).unwrap_or(usize::MAX).clamp(COMPRESSED_BYTES_MIN, COMPRESSED_BYTES);
        Compressed { raw: BufReader::with_capacity(capacity, raw), position: from }
    }

    /// The bytes at hand; none at the end.
    pub(super) fn fill(&mut self) -> Result<&[u8], Broken> {
        let at = self.position;
        self.raw.fill_buf().map_err(|error| match error.kind() {
            // The archive around it ends too early.
            io::ErrorKind::UnexpectedEof => Broken { at, damage: Damage::CutOff },
            _ => Broken { at, damage: Damage::Unreadable(error) },
        })
    }

    /// Takes `count` of the bytes at hand.
    pub(super) fn consume(&mut self, count: usize) {
        self.raw.consume(count);
        self.position += count as u64;
    }

    /// A failure at the present position.
    pub(super) fn broken(&self, damage: Damage) -> Broken {
        Broken { at: self.position, damage }
    }

    /// How many bytes were taken.
    pub(super) fn position(&self) -> u64 {
        self.position
    }
}
