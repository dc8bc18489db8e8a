//! gzip (RFC 1952), inflated by zlib-rs through flate2.
//!
//! flate2's own readers are not used because they hide where the compressed bytes broke, drop what was inflated in the same
//! call as an error, and take padding after the last member for damage.

use flate2::Decompress;

use super::decode::{Broken, Compressed, Decoder};
use super::deflate::{Follows, inflate};

/// log2 of the largest window that deflate knows (RFC 1951).
const WINDOW_BITS: u8 = 15;

/// A gzip decoder over all members of a file.
pub(super) struct Gzip {
    input: Compressed,
    inflate: Decompress,
    state: State,
    note: Option<String>,
}

enum State {
    /// Inside a member.
    Member,
    /// Behind a member: another one, padding, garbage, or the end follows.
    Between,
    /// To be reported once the bytes before it are given out.
    Broken(Broken),
    Done,
}

impl Gzip {
    pub(super) fn new(input: Compressed) -> Self {
        Gzip { input, inflate: Decompress::new_gzip(WINDOW_BITS), state: State::Member, note: None }
    }

    /// Inflates some of a member and sets the state that follows.
    fn inflate_some(&mut self, buffer: &mut [u8]) -> Result<usize, Broken> {
        let (given, follows) = inflate(&mut self.inflate, &mut self.input, buffer)?;
        self.state = match follows {
            Follows::More => State::Member,
            Follows::End => State::Between,
            Follows::Broken(broken) => State::Broken(broken),
        };
        Ok(given)
    }

    /// Looks at what follows a member, as gzip(1) does: another member, or the end, perhaps after zeros (a tape block was
    /// filled up) or other bytes (ignored, with a note).
    fn after_member(&mut self) -> Result<(), Broken> {
        match self.input.fill()? {
            [] => self.state = State::Done,
            [0x1f, ..] => {
                self.inflate = Decompress::new_gzip(WINDOW_BITS);
                self.state = State::Member;
            }
            _ => self.skip_trailer()?,
        }
        Ok(())
    }

    fn skip_trailer(&mut self) -> Result<(), Broken> {
        let from = self.input.position();
        let mut only_zeros = true;
        self.state = State::Done;
        loop {
            let rest = self.input.fill()?;
            let count = rest.len();
            only_zeros &= rest.iter().all(|&b| b == 0);
            if count == 0 {
                break;
            }
            self.input.consume(count);
        }
        if !only_zeros {
            let count = self.input.position() - from;
            self.note =
                Some(format!("{count} bytes after the gzip data, from byte {from} of the file, are no gzip and were ignored"));
        }
        Ok(())
    }
}

impl Decoder for Gzip {
    fn decode(&mut self, buffer: &mut [u8]) -> Result<usize, Broken> {
        loop {
            match std::mem::replace(&mut self.state, State::Done) {
                State::Member => {
                    let given = self.inflate_some(buffer)?;
                    if given > 0 {
                        return Ok(given);
                    }
                }
                State::Between => self.after_member()?,
                State::Broken(broken) => return Err(broken),
                State::Done => return Ok(0),
            }
        }
    }

    fn note(&self) -> Option<String> {
        self.note.clone()
    }
}
