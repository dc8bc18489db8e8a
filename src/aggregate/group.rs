//! A group: one combination of the values of an indicator's dimensions; how it is hashed, and how it is written as text.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

/// The values of an indicator's dimensions for one group, in the order of its dimensions. Absent sorts first.
pub type Group = Box<[Option<Box<[u8]>>]>;

/// The group's place in the order that decides which groups are kept at the limit. The same on every machine and in every
/// version: the first eight bytes (big-endian) of the SHA-256 of, per dimension, a 0 byte for an absent value, or a 1 byte,
/// the length as eight little-endian bytes, and the value.
pub fn group_hash(group: &[Option<Box<[u8]>>]) -> u64 {
    let mut hasher = Sha256::new();
    for value in group {
        match value {
            None => hasher.update([0]),
            Some(value) => {
                hasher.update([1]);
                hasher.update((value.len() as u64).to_le_bytes());
                hasher.update(value);
            }
        }
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let (head, _) = digest.split_first_chunk().unwrap_or((&[0; 8], &[]));
    u64::from_be_bytes(*head)
}

/// A value as text, injectively: a byte that is not part of valid UTF-8 becomes `\xNN` (two lower-case hex digits), and a
/// backslash that would read as such an escape becomes `\x5c`. Everything else, other backslashes too, stays as it is.
pub fn to_text(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) if !has_escape(value) => Cow::Borrowed(text),
        _ => Cow::Owned(escape(value)),
    }
}

fn escape(value: &[u8]) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    for chunk in value.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(at) = memchr::memmem::find(rest.as_bytes(), b"\\x") {
            let (before, after) = rest.split_at(at);
            out.push_str(before);
            out.push_str(if escaped_byte(after.as_bytes()).is_some() { "\\x5c" } else { "\\" });
            rest = &after[1..];
        }
        out.push_str(rest);
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

/// The value that [`to_text`] wrote as `text`.
pub fn from_text(text: &str) -> Cow<'_, [u8]> {
    let mut rest = text.as_bytes();
    if !has_escape(rest) {
        return Cow::Borrowed(rest);
    }
    let mut out = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        match escaped_byte(rest) {
            Some(byte) => {
                out.push(byte);
                rest = &rest[4..];
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    Cow::Owned(out)
}

fn has_escape(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, b"\\x").any(|at| escaped_byte(&bytes[at..]).is_some())
}

/// The byte that an escape at the beginning of `bytes` stands for.
fn escaped_byte(bytes: &[u8]) -> Option<u8> {
    let [b'\\', b'x', high, low, ..] = bytes else { return None };
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    Some(digit(*high)? << 4 | digit(*low)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn group(values: &[Option<&str>]) -> Group {
        values.iter().map(|v| v.map(|v| v.as_bytes().into())).collect()
    }

    #[test]
    fn the_hash_is_the_documented_one() {
        // printf '\0\1\2\0\0\0\0\0\0\0/a' | sha256sum | cut -c1-16
        assert_eq!(group_hash(&group(&[None, Some("/a")])), 0x688f_095f_95f7_b48b);
    }

    #[test]
    fn absent_empty_and_shifted_values_hash_apart() {
        let groups =
            [&[None, None][..], &[None, Some("")], &[Some(""), None], &[Some("ab"), Some("c")], &[Some("a"), Some("bc")]];
        let mut hashes: Vec<u64> = groups.iter().map(|g| group_hash(&group(g))).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), groups.len());
    }

    #[test]
    fn only_what_must_be_escaped_is() {
        assert_eq!(to_text(b"C:\\temp\\x\\xZZ"), "C:\\temp\\x\\xZZ");
        assert_eq!(to_text(b"\xff/a"), "\\xff/a");
        assert_eq!(to_text(b"\\xff"), "\\x5cxff");
        assert_eq!(to_text("é".as_bytes()), "é");
    }

    proptest! {
        #[test]
        fn text_is_injective(value in prop::collection::vec(prop_oneof![Just(b'\\'), Just(b'x'), Just(b'5'), Just(b'c'), any::<u8>()], 0..12)) {
            let text = to_text(&value).into_owned();
            prop_assert_eq!(&*from_text(&text), &value[..]);
        }
    }
}
