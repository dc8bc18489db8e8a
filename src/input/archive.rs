//! Archives as lists of members: what lies in a tar or zip file, and where. Nothing is unpacked, only looked up.
//!
//! ```text
//! archive.tar      members are stretches of the file, read as files are
//! archive.tar.gz   members are stretches of what the file holds, which is kept while it is listed; what cannot be kept is read again, one
//!                  after another by one thread
//! archive.zip      members are stretches of the file, each compressed by itself
//! ```

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use super::decode::Compression;
use super::head::{Head, Shape};
use crate::error::{Error, ErrorKind};

/// The ways files are put together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Archive {
    Tar,
    Zip,
}

impl Archive {
    /// Its name in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Archive::Tar => "tar",
            Archive::Zip => "zip",
        }
    }
}

/// A file to be listed.
pub(super) struct Listed<'a> {
    pub(super) name: &'a str,
    pub(super) file: File,
    pub(super) size: u64,
}

/// One file in an archive.
#[derive(Debug)]
pub(super) struct Member {
    /// Its name, as [`plain_name`] gives it.
    pub(super) name: String,
    /// Where its bytes begin: in the file, or in what a compressed archive holds.
    pub(super) offset: u64,
    /// How many they are.
    pub(super) size: u64,
    /// How they are compressed, the outermost layer first.
    pub(super) layers: Vec<Compression>,
    /// When it was last written, in seconds since 1970.
    pub(super) modified: Option<i64>,
    /// Its head, where that cannot be looked up.
    pub(super) head: Option<PackedHead>,
    /// The file that what the archive holds was kept in, where that is compressed.
    pub(super) spool: Option<Arc<File>>,
    /// The archive ends before the member does.
    pub(super) is_cut: bool,
}

/// What an archive holds.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) members: Vec<Member>,
    /// What is not read for good reasons.
    pub(super) notes: Vec<String>,
    /// What should have been read and cannot be.
    pub(super) damages: Vec<Error>,
    odd: BTreeMap<&'static str, (u64, String)>,
}

impl Listing {
    /// Of what cannot even be listed.
    pub(super) fn broken(error: Error) -> Self {
        Listing { damages: vec![error], ..Listing::default() }
    }

    /// A member that is not read because of what it is.
    pub(super) fn leave_out(&mut self, what: &'static str, name: &str) {
        self.odd.entry(what).or_insert_with(|| (0, name.to_owned())).0 += 1;
    }

    /// Takes a member by its first bytes, or says why not. `inner` are its bytes out of the layers that the archive itself has around them.
    pub(super) fn take(&mut self, archive: &str, mut member: Member, inner: &[u8]) {
        let name = format!("{archive}:{}", member.name);
        match Shape::of(inner) {
            shape if shape.compression().is_some() => member.layers.extend(shape.compression()),
            Shape::Parquet => {
                let message = format!("{name}: slices (a Parquet file) cannot be read from within an archive");
                return self.damages.push(Error::new(ErrorKind::Input, message).hint("unpack the archive and name the file"));
            }
            Shape::Foreign(what, tool) => {
                let message = format!("{name}: this is {what} within an archive, which slix does not unpack");
                return self
                    .damages
                    .push(Error::new(ErrorKind::Input, message).hint(format!("unpack it first; {tool} reads it")));
            }
            Shape::Archive(_) => return self.refuse_nested(&name),
            _ if is_binary(inner) => return self.leave_out("no text", &member.name),
            _ => {}
        }
        self.members.push(member);
    }

    fn refuse_nested(&mut self, name: &str) {
        let message = format!("{name}: this is an archive within an archive, which slix does not unpack");
        self.damages.push(Error::new(ErrorKind::Input, message).hint("unpack the outer one"));
    }

    /// Puts what was left out into words.
    pub(super) fn finish(mut self, archive: &str) -> Listing {
        for (what, (count, first)) in std::mem::take(&mut self.odd) {
            let others = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
            self.notes.push(format!("{archive}:{first} is {what} and is not read{others}"));
        }
        self
    }
}

/// The head of a member that is not where one can look it up again, compressed: logs shrink to a tenth.
#[derive(Debug)]
pub(super) struct PackedHead {
    packed: Vec<u8>,
    bytes: usize,
    complete: bool,
}

impl PackedHead {
    const LEVEL: i32 = 1;

    pub(super) fn new(head: &Head) -> Self {
        // It cannot fail: the destination grows as it has to.
        let packed = zstd::bulk::compress(&head.bytes, Self::LEVEL).unwrap_or_default();
        PackedHead { packed, bytes: head.bytes.len(), complete: head.complete }
    }

    pub(super) fn unpack(&self) -> Head {
        let bytes = zstd::bulk::decompress(&self.packed, self.bytes).unwrap_or_default();
        Head { bytes, complete: self.complete }
    }
}

/// Bytes of a header of a tar archive.
pub(super) const TAR_HEADER_BYTES: usize = 512;

/// Whether a content begins with a header of a tar archive. Its check sum tells: the oldest kind has no magic number.
pub(super) fn is_tar(first: &[u8]) -> bool {
    let Some(header) = first.first_chunk::<TAR_HEADER_BYTES>() else { return false };
    // Most logs are told by this: a header has numbers that end with it, and little else in its last bytes.
    if header[0] == 0 || memchr::memchr(0, header).is_none() {
        return false;
    }
    // POSIX ustar: the sum of all bytes of the header, those of the sum itself taken as blanks.
    let sum = header[..148].iter().chain(&header[156..]).map(|&byte| u32::from(byte)).sum::<u32>() + 8 * u32::from(b' ');
    tar::Header::from_byte_slice(header).cksum().is_ok_and(|stored| stored == sum)
}

/// Whether the first bytes are none of a text. Zeros alone are: a log that was truncated under its writer begins with them.
fn is_binary(first: &[u8]) -> bool {
    let is_utf16 = first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff");
    let control = |byte: &u8| *byte < b' ' && !b"\0\t\n\x0b\x0c\r\x1b".contains(byte);
    !is_utf16 && first.contains(&0) && first.iter().any(control)
}

/// A member's name without what would lead out of a directory or upset a terminal.
pub(super) fn plain_name(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let parts = text.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | ".."));
    let name = parts.collect::<Vec<_>>().join("/");
    let name: String = name.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    if name.is_empty() { "unnamed".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_and_are_printable() {
        for (raw, plain) in [
            (&b"./logs/a.log"[..], "logs/a.log"),
            (b"/var/log/a.log", "var/log/a.log"),
            (b"../../etc/passwd", "etc/passwd"),
            (b"dir\\a.log", "dir/a.log"),
            (b"a\x1b[31m\n.log", "a\u{fffd}[31m\u{fffd}.log"),
            (b"\xff.log", "\u{fffd}.log"),
            (b"..", "unnamed"),
        ] {
            assert_eq!(plain_name(raw), plain);
        }
    }

    #[test]
    fn binaries_are_told_from_logs_with_holes() {
        assert!(is_binary(b"\x7fELF\x02\x01\x01\0\0\0"));
        assert!(is_binary(b"\0\x05\x16\x07\0\x02\0\0Mac OS X"));
        assert!(!is_binary(b"\0\0\0\x00192.0.2.1 - - ["));
        assert!(!is_binary(b"192.0.2.1 \x1b[31m"));
        assert!(!is_binary(b"\xff\xfe1\0\n\0\x01\0"));
        assert!(!is_binary(b""));
    }
}
