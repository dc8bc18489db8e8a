//! Receipts: what part of which content a partial was counted from.

use super::accounting::Accounting;

/// What a receipt knows of a content: SHA-256 over the first [`Identity::HEAD_BYTES_MAX`] decompressed bytes (all, if shorter).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// How many bytes `digest` covers.
    pub bytes_hashed: u64,
    /// SHA-256 of them.
    pub digest: [u8; 32],
    /// The first eight bytes of the SHA-256 of each shorter prefix of 64, 128, … 32768 bytes that the content fills, so
    /// that a short log and its longer self are recognised.
    pub prefixes: Vec<[u8; 8]>,
}

impl Identity {
    /// How much of a content is hashed.
    pub const HEAD_BYTES_MAX: usize = 64 * 1024;
}

/// One piece of input that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// Which content.
    pub identity: Identity,
    /// First decompressed byte of the piece's first line.
    pub start: u64,
    /// The byte after its last line.
    pub end: u64,
    /// Where it was read from; informative.
    pub path: String,
    /// Service the input was counted for; empty when none is declared.
    pub service: String,
    /// Name of the format it was read by.
    pub format: String,
    /// The outcomes of its lines.
    pub accounting: Accounting,
    /// Why reading ended before the end of the piece: damage, or an interruption.
    pub cut_short: Option<String>,
}
