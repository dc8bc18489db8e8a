//! `--range START..END`: the part of one content that is to be read.

use crate::error::{Error, ErrorKind, Excerpt, Result};

/// A half-open range of decompressed bytes. The lines whose first byte lies in it belong to it, so any set of ranges that tiles
/// a content reads each of its lines once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ByteRange {
    /// The first byte.
    pub start: u64,
    /// The byte after the range; none: to the end of the content.
    pub end: Option<u64>,
}

impl ByteRange {
    /// The whole content.
    pub const ALL: ByteRange = ByteRange { start: 0, end: None };

    /// Parses `START..END`. Either number may be left out: `..1000`, `1000..`.
    ///
    /// An [`ErrorKind::Usage`] error points at what is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        let Some((start, end)) = text.split_once("..") else {
            return Err(mistake(text, 0, text.len(), "there is no `..` in it"));
        };
        let start_number = if start.is_empty() { 0 } else { parse_bytes(text, 0, start)? };
        let end_offset = start.len() + 2;
        let end_number = if end.is_empty() { None } else { Some(parse_bytes(text, end_offset, end)?) };
        if end_number.is_some_and(|end| end < start_number) {
            return Err(mistake(text, end_offset, end.len(), "it ends before it begins"));
        }
        Ok(ByteRange { start: start_number, end: end_number })
    }

    /// The range of the part of a content of `size` bytes; `start <= end`.
    pub(super) fn within(self, size: u64) -> (u64, u64) {
        let end = self.end.unwrap_or(size).min(size);
        (self.start.min(end), end)
    }
}

fn parse_bytes(text: &str, offset: usize, digits: &str) -> Result<u64> {
    // `str::parse` would take a sign.
    let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    number.ok_or_else(|| mistake(text, offset, digits.len(), "this is not a whole number of bytes"))
}

#[cold]
fn mistake(text: &str, offset: usize, length: usize, label: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("`{text}` is not a range of bytes: {label}"))
        .at(Excerpt { name: "--range".into(), text: text.into(), offset, length, label: label.into() })
        .hint("write START..END in decompressed bytes, END excluded, as in 0..1000000 or 1000000..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_half_open_and_may_lack_a_side() {
        assert_eq!(ByteRange::parse("0..10").unwrap(), ByteRange { start: 0, end: Some(10) });
        assert_eq!(ByteRange::parse("7..").unwrap(), ByteRange { start: 7, end: None });
        assert_eq!(ByteRange::parse("..7").unwrap(), ByteRange { start: 0, end: Some(7) });
        assert_eq!(ByteRange::parse("..").unwrap(), ByteRange::ALL);
        assert_eq!(ByteRange::parse("5..5").unwrap(), ByteRange { start: 5, end: Some(5) });
    }

    #[test]
    fn mistakes_are_pointed_at() {
        for (text, column) in [("", 1), ("5", 1), ("5-9", 1), ("a..9", 1), ("5..x", 4), ("9..5", 4), ("+5..9", 1)] {
            let error = ByteRange::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage, "{text}");
            assert_eq!(error.excerpt().unwrap().line_column(), (1, column), "{text}");
        }
        assert!(ByteRange::parse("0..99999999999999999999999").is_err());
    }

    #[test]
    fn clipped_to_a_content() {
        assert_eq!(ByteRange::parse("5..90").unwrap().within(50), (5, 50));
        assert_eq!(ByteRange::parse("60..90").unwrap().within(50), (50, 50));
        assert_eq!(ByteRange::ALL.within(50), (0, 50));
    }
}
