//! The beginning of a content: enough to recognise what it is, and which it is.

use std::path::Path;

use super::archive::{Archive, TAR_HEADER_BYTES, is_tar};
use super::decode::Compression;
use crate::aggregate::receipt::Identity;
use crate::error::{Error, ErrorKind, Result};
use crate::format::detect::says_nothing;
use crate::format::envelope;
use crate::framing::{READ_BYTES, whole_lines};

/// What an input is, told by its first bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A regular file that is read as it stands; it can be split.
    Plain,
    /// A gzip file (RFC 1952) of one or more members.
    Gzip,
    /// A zstd file (RFC 8878) of one or more frames.
    Zstd,
    /// A bzip2 file of one or more streams.
    Bzip2,
    /// An xz file of one or more streams.
    Xz,
    /// An lz4 file of one or more frames.
    Lz4,
    /// A Parquet file: not a log, but slices of an earlier scan. [`super::Pieces`] leaves it out.
    Slices,
    /// A member of an archive that is read in order: the archive is compressed, or the member is in a way that it has no file of.
    Member,
    /// A pipe, or standard input: read once, from the beginning to the end, and inflated where its bytes ask for it.
    Stream,
}

/// The first bytes of a content, decompressed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The first [`Head::BYTES_MAX`] bytes, or all if there are fewer. Of a content whose first lines are long it is more, so that whole ones
    /// are among them, and of one whose first lines are of other programs or known not to be requests, so that a request is: up to
    /// [`Head::LONG_BYTES_MAX`].
    pub bytes: Vec<u8>,
    /// Whether `bytes` is the whole content.
    pub complete: bool,
}

impl Head {
    /// As much as a receipt hashes.
    pub const BYTES_MAX: usize = Identity::HEAD_BYTES_MAX;

    /// The most that is read: more than the longest line that can be asked for.
    pub const LONG_BYTES_MAX: usize = (16 << 20) + Head::BYTES_MAX;
    /// The most that is kept of a content that cannot be looked up again.
    pub(super) const KEPT_BYTES_MAX: usize = 1 << 20;
    /// So many lines must be among the first bytes, or more of them is read. A line that goes on in the next one, as runtimes of containers cut
    /// them, is none.
    const LINES_MIN: usize = 16;

    /// Reads a head of at most `bytes_max` bytes. `fill` fills a buffer with what follows, as far as there is something. The byte behind the
    /// head, if there is one, comes with it: only so it is known that there is.
    pub(super) fn read(bytes_max: usize, fill: &mut dyn FnMut(&mut [u8]) -> usize) -> (Head, Option<u8>) {
        let (mut bytes, mut want) = (Vec::new(), Head::BYTES_MAX);
        loop {
            if !read_up_to(&mut bytes, want + 1, fill) {
                return (Head { bytes, complete: true }, None);
            }
            let next = bytes[want];
            let lines = || whole_lines(&bytes[..want], false);
            let is_enough = || {
                envelope::whole_in_parts(lines(), Head::LINES_MIN)
                    && !lines().all(says_nothing)
                    && !envelope::await_requests(lines(), &bytes[..want])
            };
            if want >= bytes_max || Shape::of(&bytes[..MAGIC_BYTES]) != Shape::Plain || is_enough() {
                bytes.truncate(want);
                return (Head { bytes, complete: false }, Some(next));
            }
            want = (4 * want).min(bytes_max);
        }
    }

    /// The first whole lines, at most so many, without their ends and a byte order mark. Where the head had to be longer before it held a
    /// request, or where the first ones are known to be none, half of them are those from there on.
    pub fn lines(&self, lines_max: usize) -> Vec<&[u8]> {
        let mut lines = Vec::with_capacity(lines_max.min(self.bytes.len() / 64 + 1));
        lines.extend(whole_lines(&self.bytes, self.complete).take(lines_max));
        if let Some(late) = self.late_requests(&lines).or_else(|| self.behind_chatter(&lines)) {
            lines.truncate(lines_max / 2);
            lines.extend(whole_lines(late, self.complete).take(lines_max - lines.len()));
        }
        lines
    }

    /// What follows from the first line on that may be a request, if that is none of the first lines.
    fn late_requests(&self, first: &[&[u8]]) -> Option<&[u8]> {
        if self.bytes.len() <= Head::BYTES_MAX || first.iter().any(|line| envelope::first_request(line).is_some()) {
            return None;
        }
        let at = envelope::first_request(&self.bytes)?;
        Some(&self.bytes[memchr::memrchr(b'\n', &self.bytes[..at]).map_or(0, |newline| newline + 1)..])
    }

    /// What follows from the first line on that says something, if none of the first lines does.
    fn behind_chatter(&self, first: &[&[u8]]) -> Option<&[u8]> {
        if !first.iter().all(|line| says_nothing(line)) {
            return None;
        }
        let line = whole_lines(&self.bytes, self.complete).skip(first.len()).find(|line| !says_nothing(line))?;
        Some(&self.bytes[line.as_ptr() as usize - self.bytes.as_ptr() as usize..])
    }
}

/// Reads until a buffer holds so many bytes; whether there were as many. Memory that is not filled is not touched.
fn read_up_to(bytes: &mut Vec<u8>, length: usize, fill: &mut dyn FnMut(&mut [u8]) -> usize) -> bool {
    while bytes.len() < length {
        let (from, to) = (bytes.len(), length.min(bytes.len() + READ_BYTES));
        bytes.resize(to, 0);
        let count = fill(&mut bytes[from..]);
        bytes.truncate(from + count);
        if bytes.len() < to {
            return false;
        }
    }
    true
}

/// How many bytes [`Shape::of`] asks for: a header of a tar archive, which is told by its sum.
pub(super) const MAGIC_BYTES: usize = TAR_HEADER_BYTES;

/// What the first bytes say of an encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// Text, as far as one can see.
    Plain,
    /// Compressed bytes.
    Compressed(Compression),
    /// Parquet.
    Parquet,
    /// An archive, not compressed as a whole.
    Archive(Archive),
    /// An archive that slix does not read: its name, and the command that unpacks it to standard output.
    Foreign(&'static str, &'static str),
}

/// Archives that people keep logs in and that slix does not read. Each is named so that the error can say what to do.
const FOREIGN: [(&[u8], &str, &str); 2] =
    [(b"\x1f\x9d", "a compress(1) file", "gzip -dc"), (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z x -so")];

impl Shape {
    /// How it is compressed, if it is.
    pub(super) fn compression(self) -> Option<Compression> {
        match self {
            Shape::Compressed(compression) => Some(compression),
            Shape::Plain | Shape::Parquet | Shape::Archive(_) | Shape::Foreign(..) => None,
        }
    }

    /// Recognises the magic numbers in the first [`MAGIC_BYTES`] bytes (fewer, if the content ends before).
    pub(super) fn of(first: &[u8]) -> Shape {
        if let Some((_, name, tool)) = FOREIGN.iter().find(|(magic, ..)| first.starts_with(magic)) {
            return Shape::Foreign(name, tool);
        }
        match first {
            // RFC 1952, 2.3.1: ID1, ID2, and CM = 8 (deflate), the only method that was ever defined.
            [0x1f, 0x8b] | [0x1f, 0x8b, 8, ..] => Shape::Compressed(Compression::Gzip),
            // RFC 8878, 3.1.1: the magic number of a frame; 3.1.2: sixteen of skippable frames (pzstd begins with one).
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Shape::Compressed(Compression::Zstd),
            // `BZh`, the size of the blocks, and the first byte of π (or of its square root, of a file that holds nothing).
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] => Shape::Compressed(Compression::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Shape::Compressed(Compression::Xz),
            [0x04, 0x22, 0x4d, 0x18, ..] => Shape::Compressed(Compression::Lz4),
            [b'P', b'A', b'R', b'1', ..] => Shape::Parquet,
            // APPNOTE.TXT, 4.3.7 and 4.3.16: the header of the first member, or the end of a directory of none.
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Shape::Archive(Archive::Zip),
            _ if is_tar(first) => Shape::Archive(Archive::Tar),
            _ => Shape::Plain,
        }
    }
}

/// Refuses text that slix cannot split into lines of bytes. A UTF-8 mark is no such text; framing skips it.
pub(super) fn refuse_utf16(name: &str, first: &[u8]) -> Result<()> {
    let encoding = match first {
        [0xff, 0xfe, ..] => "UTF-16LE",
        [0xfe, 0xff, ..] => "UTF-16BE",
        _ => return Ok(()),
    };
    Err(Error::new(ErrorKind::Input, format!("{name}: the text is {encoding} (it begins with a byte order mark)"))
        .hint(format!("convert it first: iconv -f UTF-16 -t UTF-8 {} | slix …", shown(name))))
}

/// The error for an archive that slix does not read.
#[cold]
pub(super) fn foreign(name: &str, what: &str, tool: &str) -> Error {
    Error::new(ErrorKind::Input, format!("{name}: this is {what}, which slix does not unpack"))
        .hint(format!("unpack it on the way: {tool} {} | slix …", shown(name)))
}

/// A name as a shell wants it.
fn shown(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:@%".contains(c);
    if Path::new(name).as_os_str().is_empty() || !name.chars().all(plain) {
        format!("'{}'", name.replace('\'', r"'\''"))
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magic_numbers_decide() {
        assert_eq!(Shape::of(b""), Shape::Plain);
        assert_eq!(Shape::of(b"\x1f"), Shape::Plain);
        assert_eq!(Shape::of(b"\x1f\x8b"), Shape::Compressed(Compression::Gzip));
        assert_eq!(Shape::of(b"\x1f\x8b\x08\0\0\0"), Shape::Compressed(Compression::Gzip));
        assert_eq!(Shape::of(b"\x1f\x8b\x07\0\0\0"), Shape::Plain);
        assert_eq!(Shape::of(b"\x28\xb5\x2f\xfd\0\0"), Shape::Compressed(Compression::Zstd));
        assert_eq!(Shape::of(b"\x50\x2a\x4d\x18\x04\0"), Shape::Compressed(Compression::Zstd));
        assert_eq!(Shape::of(b"PAR1"), Shape::Parquet);
        assert_eq!(Shape::of(b"BZh91A"), Shape::Compressed(Compression::Bzip2));
        assert_eq!(Shape::of(b"BZhorn"), Shape::Plain);
        assert_eq!(Shape::of(b"\xfd7zXZ\0"), Shape::Compressed(Compression::Xz));
        assert_eq!(Shape::of(b"\x04\x22\x4d\x18\x64\x40"), Shape::Compressed(Compression::Lz4));
        assert_eq!(Shape::of(b"PK\x03\x04"), Shape::Archive(Archive::Zip));
        assert_eq!(Shape::of(b"7z\xbc\xaf\x27\x1c"), Shape::Foreign("a 7z archive", "7z x -so"));
        let mut tar = tar::Builder::new(Vec::new());
        tar.append_data(&mut tar::Header::new_old(), "a.log", &b""[..]).unwrap();
        let mut tar = tar.into_inner().unwrap();
        assert_eq!(Shape::of(&tar), Shape::Archive(Archive::Tar));
        tar[0] ^= 1;
        assert_eq!(Shape::of(&tar), Shape::Plain);
        assert_eq!(Shape::of(b"192.0."), Shape::Plain);
    }

    #[test]
    fn lines_of_a_head_are_whole() {
        let lines = |text: &str, complete| {
            let head = Head { bytes: text.as_bytes().to_vec(), complete };
            head.lines(9).iter().map(|line| line.len()).collect::<Vec<_>>()
        };
        assert_eq!(lines("", true), [0usize; 0]);
        assert_eq!(lines("ab\r\nc\n", true), [2, 1]);
        assert_eq!(lines("ab\nc", true), [2, 1]);
        assert_eq!(lines("ab\nc", false), [2]);
        assert_eq!(lines("abc", false), [0usize; 0]);
        assert_eq!(lines("\u{feff}ab\n\n", true), [2, 0]);
        assert_eq!(lines(&"x\n".repeat(12), true).len(), 9);
    }

    #[test]
    fn heads_of_long_lines_are_longer() {
        let read = |content: &str, bytes_max: usize| {
            let (mut rest, mut reads) = (content.as_bytes(), 0);
            let (head, next) = Head::read(bytes_max, &mut |buffer| {
                reads += 1;
                std::io::Read::read(&mut rest, buffer).unwrap()
            });
            assert!(content.as_bytes().starts_with(&head.bytes) && head.complete == (head.bytes.len() == content.len()));
            assert_eq!(next, content.as_bytes().get(head.bytes.len()).copied());
            (head.bytes.len(), reads)
        };
        let short = "a line\n".repeat(60_000);
        assert_eq!(read(&short, Head::LONG_BYTES_MAX), (Head::BYTES_MAX, 1));
        assert_eq!(read(&short[..Head::BYTES_MAX], Head::LONG_BYTES_MAX), (Head::BYTES_MAX, 1));
        assert_eq!(read(&short[..Head::BYTES_MAX + 1], Head::LONG_BYTES_MAX), (Head::BYTES_MAX, 1));
        let long = format!("{}\n{short}", "x".repeat(100_000));
        assert_eq!(read(&long, Head::LONG_BYTES_MAX), (4 * Head::BYTES_MAX, 2));
        assert_eq!(read(&long[..200_000], Head::LONG_BYTES_MAX), (200_000, 2));
        let part = format!("2026-11-01T10:00:00Z stdout P {}\n", "x".repeat(2_000));
        let parts = part.repeat(60) + &part.replace(" P ", " F ").repeat(600);
        assert_eq!(read(&parts, Head::LONG_BYTES_MAX), (4 * Head::BYTES_MAX, 2));
        let endless = "x".repeat(Head::LONG_BYTES_MAX + 2);
        assert_eq!(read(&endless, Head::LONG_BYTES_MAX).0, Head::LONG_BYTES_MAX);
        assert_eq!(read(&endless, Head::KEPT_BYTES_MAX).0, Head::KEPT_BYTES_MAX);
    }

    #[test]
    fn heads_reach_to_the_first_request_where_lines_say_who_wrote_them() {
        let read = |content: &str| {
            let mut rest = content.as_bytes();
            Head::read(Head::LONG_BYTES_MAX, &mut |buffer| std::io::Read::read(&mut rest, buffer).unwrap()).0
        };
        let other = "Nov  1 10:00:00 web sshd[7]: Accepted publickey for ada, TARGET\n".repeat(10_000);
        let request = "Nov  1 10:00:00 web nginx: 192.0.2.7 \"GET / HTTP/1.1\" 200\n".repeat(900);
        let head = read(&(other.clone() + &request));
        let lines = head.lines(1_000);
        assert!(head.bytes.len() >= other.len() && lines.len() == 1_000);
        assert_eq!(lines.iter().position(|line| line.contains(&b'"')), Some(500));
        assert_eq!(read(&(request.clone() + &other)).bytes.len(), Head::BYTES_MAX);
        // Where nobody says who wrote a line, no request is waited for.
        assert_eq!(read(&other.replace(" web sshd[7]:", "")).bytes.len(), Head::BYTES_MAX);
        assert_eq!(read(&other).bytes.len(), other.len());
    }

    #[test]
    fn utf16_is_refused_with_the_way_out() {
        let error = refuse_utf16("it's.log", b"\xff\xfeG\0").unwrap_err();
        assert_eq!(error.message(), "it's.log: the text is UTF-16LE (it begins with a byte order mark)");
        assert_eq!(error.hint_text().unwrap(), r"convert it first: iconv -f UTF-16 -t UTF-8 'it'\''s.log' | slix …");
        assert!(refuse_utf16("a", b"\xfe\xff\0G").is_err());
        assert!(refuse_utf16("a", b"\xef\xbb\xbfGET").is_ok());
        assert!(refuse_utf16("a", b"\xff").is_ok());
    }
}
