//! The seam between compressed bytes and content: a faster inflater is one more [`Decoder`].

use std::io::{self, BufRead, BufReader};

use super::gzip::Gzip;
use super::raw::RawRead;
use super::streamed::Streamed;
use super::zstandard::Zstandard;

/// Compressed bytes asked for at a time: few enough system calls that they cost nothing beside inflating.
const COMPRESSED_BYTES: usize = 128 * 1024;

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
}

impl Compression {
    /// The decoder for compressed bytes that `raw` delivers.
    pub(super) fn decoder(self, raw: RawRead) -> io::Result<Box<dyn Decoder>> {
        let input = Compressed { raw: BufReader::with_capacity(COMPRESSED_BYTES, raw), position: 0 };
        Ok(match self {
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
        }
    }
}

/// Why the content ended before it should have, and where.
#[derive(Debug)]
pub(super) struct Broken {
    /// Offset in the compressed bytes.
    pub(super) at: u64,
    pub(super) damage: Damage,
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
    /// The bytes at hand; none at the end.
    pub(super) fn fill(&mut self) -> Result<&[u8], Broken> {
        let at = self.position;
        self.raw.fill_buf().map_err(|error| Broken { at, damage: Damage::Unreadable(error) })
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
