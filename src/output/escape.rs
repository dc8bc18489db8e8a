//! Bytes of a log as strings of an output, without losing which bytes they were.
//!
//! Outputs hold UTF-8, logs hold anything. Text that is UTF-8 stays as it is. Where it is not, every byte that is not part
//! of a character becomes `\xHH` (two upper-case hexadecimal digits) and every backslash is doubled, so that the bytes can
//! be told from the four characters `\xFF`. Text that is UTF-8 and holds such a quartet is written in that form as well; so
//! different bytes never give the same string, and a path with a lone backslash stays readable.

use std::borrow::Cow;
use std::fmt::Write;

/// The string for `bytes`. Injective: [`unescape`] gives the bytes back.
pub fn escape(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !holds_escape(text) => Cow::Borrowed(text),
        _ => Cow::Owned(escape_all(bytes)),
    }
}

/// The bytes that [`escape`] made `text` of.
pub fn unescape(text: &str) -> Vec<u8> {
    if !holds_escape(text) {
        return text.as_bytes().to_vec();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let (byte, tail) = match tail {
            [b'\\', tail @ ..] if first == b'\\' => (b'\\', tail),
            [b'x', high, low, tail @ ..] if first == b'\\' => (hex(*high) << 4 | hex(*low), tail),
            _ => (first, tail),
        };
        bytes.push(byte);
        rest = tail;
    }
    bytes
}

fn escape_all(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        out.push_str(&chunk.valid().replace('\\', r"\\"));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02X}");
        }
    }
    out
}

/// Whether `\xHH` stands somewhere in it.
fn holds_escape(text: &str) -> bool {
    let is_digit = |b: u8| b.is_ascii_digit() || (b'A'..=b'F').contains(&b);
    text.as_bytes().windows(4).any(|w| w[0] == b'\\' && w[1] == b'x' && is_digit(w[2]) && is_digit(w[3]))
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_text_stays_and_bytes_show() {
        for text in ["", "/api/orders/{id}", "naïve ✓", r"C:\xampp\new", r"\x", r"\xF", r"\xfe", "a\u{1b}[31m\n"] {
            assert_eq!(escape(text.as_bytes()), text);
        }
        assert_eq!(escape(b"/a\xFF\\b"), r"/a\xFF\\b");
        assert_eq!(escape(br"/a\xFF"), r"/a\\xFF");
        assert_eq!(escape(b"\xE2\x82"), r"\xE2\x82");
    }

    proptest! {
        #[test]
        fn every_value_comes_back(bytes in prop::collection::vec(prop_oneof![Just(b'\\'), Just(b'x'), Just(b'F'), Just(b'0'), any::<u8>()], 0..12)) {
            prop_assert_eq!(unescape(&escape(&bytes)), bytes);
        }
    }
}
