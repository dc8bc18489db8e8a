//! The fan-out: many workers scan pieces of input into one partial.

use crate::error::Result;

/// A stretch of one input that one worker reads from beginning to end.
///
/// The piece holds the lines whose first byte lies in `start..end`. Its reader begins one byte before `start` (at 0 for
/// the first piece), so that the worker can see whether a line begins at `start`, and goes on past `end`, so that
/// the last line can be finished.
pub trait Piece: Send {
    /// Number of the input it belongs to.
    fn input(&self) -> usize;
    /// First byte of the piece, in decompressed bytes of the input.
    fn start(&self) -> u64;
    /// The byte after the piece; none: to the end of the input.
    fn end(&self) -> Option<u64>;
    /// Reads the next bytes into `buffer`; 0 is the end of the content. After an error (a truncated archive, say) the piece
    /// ends: what was read before counts.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize>;
    /// Whether the end that `read` came to is not that of the content: the user asked to stop.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Where workers get their pieces from.
pub trait Source: Sync {
    /// The next piece, none at the end. An input that cannot be opened is an error of that input, with its number.
    fn next(&self) -> Option<Result<Box<dyn Piece + '_>, (usize, crate::error::Error)>>;
}
