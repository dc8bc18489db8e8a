//! Deflate without a frame (RFC 1951), as zip archives hold it, held against the sums that the archive has of it.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::decode::{Broken, Compressed, Damage, Decoder};
use super::raw::RawRead;

/// What an archive knows of the content of a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sums {
    /// CRC-32 (ISO 3309) and bytes of the content; none where they stand behind it and nowhere else.
    pub(super) known: Option<(u32, u64)>,
}

/// What follows the bytes that were inflated.
pub(super) enum Follows {
    /// More of the stream.
    More,
    /// The end of the stream; sums that its frame holds were verified by the inflater.
    End,
    /// To be reported once these bytes are given out.
    Broken(Broken),
}

/// Inflates some of a stream into `buffer`: how many bytes, and what follows them.
pub(super) fn inflate(inflater: &mut Decompress, input: &mut Compressed, buffer: &mut [u8]) -> Result<(usize, Follows), Broken> {
    let compressed = input.fill()?;
    let (at_end, total_in, total_out) = (compressed.is_empty(), inflater.total_in(), inflater.total_out());
    let result = inflater.decompress(compressed, buffer, FlushDecompress::None);
    // Both are at most the lengths of the slices just given.
    let taken = (inflater.total_in() - total_in) as usize;
    let given = (inflater.total_out() - total_out) as usize;
    input.consume(taken);
    let follows = match result {
        Ok(Status::StreamEnd) => Follows::End,
        Ok(_) if taken > 0 || given > 0 => Follows::More,
        Ok(_) if at_end => Follows::Broken(input.broken(Damage::CutOff)),
        Ok(_) => Follows::Broken(input.broken(Damage::Corrupt("it makes no progress".into()))),
        Err(error) => {
            let why = error.message().unwrap_or("invalid deflate data").to_owned();
            Follows::Broken(input.broken(Damage::Corrupt(why)))
        }
    };
    Ok((given, follows))
}

/// A decoder of one deflate stream.
pub(super) struct Deflate {
    input: Compressed,
    inflate: Decompress,
    sums: Sums,
    crc: Crc,
    state: State,
}

enum State {
    Inside,
    /// To be reported once the bytes before it are given out.
    Broken(Broken),
    Done,
}

impl Deflate {
    pub(super) fn new(input: Compressed, sums: Sums) -> Self {
        Deflate { input, inflate: Decompress::new(false), sums, crc: Crc::new(), state: State::Inside }
    }

    /// Without anything to hold the content against: to find its end.
    pub(super) fn over(raw: RawRead, size: u64) -> Self {
        Deflate::new(Compressed::new(raw, size, 0), Sums { known: None })
    }

    /// How many compressed bytes were taken; at the end, how many there are.
    pub(super) fn position(&self) -> u64 {
        self.input.position()
    }

    /// Inflates some and sets the state that follows.
    fn inflate_some(&mut self, buffer: &mut [u8]) -> Result<usize, Broken> {
        let (given, follows) = inflate(&mut self.inflate, &mut self.input, buffer)?;
        self.crc.update(&buffer[..given]);
        self.state = match follows {
            Follows::More => State::Inside,
            Follows::End => self.at_end(),
            Follows::Broken(broken) => State::Broken(broken),
        };
        Ok(given)
    }

    /// Holds the content against its sums.
    fn at_end(&self) -> State {
        let found = (self.crc.sum(), self.inflate.total_out());
        match self.sums.known {
            Some(known) if known != found => {
                let why =
                    format!("its content has the sum {:08x} and {} bytes, not {:08x} and {}", found.0, found.1, known.0, known.1);
                State::Broken(self.input.broken(Damage::Corrupt(why)))
            }
            _ => State::Done,
        }
    }
}

impl Decoder for Deflate {
    fn decode(&mut self, buffer: &mut [u8]) -> Result<usize, Broken> {
        loop {
            match std::mem::replace(&mut self.state, State::Done) {
                State::Inside => {
                    let given = self.inflate_some(buffer)?;
                    if given > 0 {
                        return Ok(given);
                    }
                }
                State::Broken(broken) => return Err(broken),
                State::Done => return Ok(0),
            }
        }
    }

    fn note(&self) -> Option<String> {
        None
    }
}
