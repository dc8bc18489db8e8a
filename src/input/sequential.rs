//! One content read from its beginning to its end: a pipe, or anything compressed.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::sync::{Arc, Mutex, PoisonError};

use super::archive::{Archive, TAR_HEADER_BYTES, is_tar};
use super::chain::{Chain, MemberRead};
use super::control::{Control, Shared};
use super::decode::{Broken, Compression, Damage, Decoder, layered};
use super::head::{self, Head, MAGIC_BYTES, Shape};
use super::inflate::Inflater;
use super::raw::{Raw, RawRead};
use crate::error::{Error, ErrorKind, Result};

/// A content in reading order, decompressed.
pub(super) struct Sequential {
    /// Name of the input in messages.
    name: String,
    bytes: Bytes,
    control: Arc<Control>,
    /// The head of a stream, which was read for [`Head`] and is read again from here.
    prefix: Cursor<Vec<u8>>,
    /// Bytes of the content that were given out.
    given: u64,
    /// The failure that ended the head. It is reported when the reader comes to it.
    failure: Option<Error>,
}

enum Bytes {
    Direct(RawRead),
    /// What is small is decompressed by the worker itself: a thread of its own would cost more.
    Inline(Box<dyn Decoder>, Compression),
    Inflated(Inflater, Compression),
}

/// Compressed bytes that are worth a thread.
const THREAD_BYTES_MIN: u64 = 256 * 1024;

/// Where in a file the bytes of an input stand, and how they are compressed.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) offset: u64,
    pub(super) size: u64,
    /// Whether the file is an archive, which may end before the part does.
    pub(super) is_member: bool,
    /// The outermost first.
    pub(super) layers: &'a [Compression],
}

/// The buffer of compressed bytes that a head is read by.
const HEAD_BUFFER_BYTES: u64 = 16 * 1024;

/// The buffer of compressed bytes that the first few hundred are read by.
const PROBE_BUFFER_BYTES: u64 = 4 * 1024;

impl Part<'_> {
    fn raw(&self, file: File, control: Arc<Control>) -> Raw {
        match self.is_member {
            false => Raw::of_file(file, self.size, control),
            true => Raw::of_member(file, self.offset, self.size, control),
        }
    }
}

impl Sequential {
    /// A part of a file, or all of it. Its thread starts here.
    pub(super) fn of_part(name: &str, file: File, part: Part, shared: &Shared) -> Result<Self> {
        let control = Control::new(shared);
        let raw = Box::new(part.raw(file, control.clone()));
        let Some(&compression) = part.layers.last() else { return Sequential::new(name, Bytes::Direct(raw), control) };
        let decoder =
            layered(raw, part.layers, part.size, part.offset).map_err(|error| cannot_start(name, compression, error))?;
        let bytes = match decoder {
            Some(decoder) if part.size < THREAD_BYTES_MIN => Bytes::Inline(decoder, compression),
            Some(decoder) => Bytes::Inflated(start(name, decoder, compression, &control)?, compression),
            None => return Err(cannot_start(name, compression, io::Error::other("it has no layer"))),
        };
        Sequential::new(name, bytes, control)
    }

    /// The stream of an archive that is compressed as a whole.
    pub(super) fn chain(name: &str, file: File, part: Part, shared: &Shared) -> Result<Arc<Mutex<Chain>>> {
        let control = Control::new(shared);
        let raw = Box::new(part.raw(file, control.clone()));
        let decoder = layered(raw, part.layers, part.size, part.offset).map_err(|error| cannot_read(name, 0, error))?;
        match (decoder, part.layers.last()) {
            (Some(decoder), Some(&compression)) => {
                Ok(Chain::new(start(name, decoder, compression, &control)?, compression, control))
            }
            _ => Err(cannot_read(name, 0, io::Error::other("it is not compressed"))),
        }
    }

    /// The next member of such an archive.
    pub(super) fn of_chain(name: &str, chain: Arc<Mutex<Chain>>, part: Part) -> Result<Self> {
        let control = chain.lock().unwrap_or_else(PoisonError::into_inner).control();
        let raw = Box::new(MemberRead::new(chain, part.offset, part.size));
        let bytes = match part.layers.last() {
            None => Bytes::Direct(raw),
            Some(&compression) => match layered(raw, part.layers, part.size, 0) {
                Ok(Some(decoder)) => Bytes::Inline(decoder, compression),
                Ok(None) => return Err(cannot_start(name, compression, io::Error::other("it has no layer"))),
                Err(error) => return Err(cannot_start(name, compression, error)),
            },
        };
        Sequential::new(name, bytes, control)
    }

    /// A pipe, or whatever standard input is. What it is is told by its first bytes, and its head is read.
    pub(super) fn of_stream(name: &str, file: File, shared: &Shared) -> Result<(Self, Head)> {
        let control = Control::new(shared);
        let mut raw = Raw::of_pipe(file, control.clone());
        let mut first = [0; MAGIC_BYTES];
        let length = read_full(&mut raw, &mut first).map_err(|error| cannot_read(name, 0, error))?;
        let first = &first[..length];
        let compression = match Shape::of(first) {
            Shape::Parquet => return Err(slices_in_a_pipe(name)),
            Shape::Archive(archive) => return Err(archive_in_a_pipe(name, archive)),
            Shape::Foreign(what, tool) => return Err(head::foreign(name, what, tool)),
            shape => shape.compression(),
        };
        let raw = Box::new(Cursor::new(first.to_vec()).chain(raw));
        let bytes = match compression {
            None => Bytes::Direct(raw),
            Some(compression) => {
                let decoder = compression.decoder(raw, u64::MAX, 0).map_err(|error| cannot_start(name, compression, error))?;
                Bytes::Inflated(start(name, decoder, compression, &control)?, compression)
            }
        };
        let mut stream = Sequential::new(name, bytes, control)?;
        let head = stream.read_head();
        head::refuse_utf16(name, &head.bytes)?;
        if is_tar(&head.bytes) {
            return Err(archive_in_a_pipe(name, Archive::Tar));
        }
        Ok((stream, head))
    }

    fn new(name: &str, bytes: Bytes, control: Arc<Control>) -> Result<Self> {
        Ok(Sequential { name: name.into(), bytes, control, prefix: Cursor::default(), given: 0, failure: None })
    }

    /// Reads the next bytes of the content; 0 is its end, or an interruption.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = match self.prefix.read(buffer) {
            Ok(count) if count > 0 || buffer.is_empty() => count,
            _ => match self.failure.take() {
                Some(failure) => return Err(failure),
                None => self.read_behind_head(buffer)?,
            },
        };
        self.given += count as u64;
        Ok(count)
    }

    /// Whether a stop ended the content early.
    pub(super) fn interrupted(&self) -> bool {
        self.control.interrupted()
    }

    /// What is worth saying about the content; known once it has ended.
    pub(super) fn note(&mut self) -> Option<String> {
        match &mut self.bytes {
            Bytes::Direct(_) => None,
            Bytes::Inline(decoder, _) => decoder.note(),
            Bytes::Inflated(inflater, _) => inflater.note(),
        }
    }

    fn read_behind_head(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match &mut self.bytes {
            Bytes::Direct(raw) => raw.read(buffer).map_err(|error| cannot_read(&self.name, self.given, error)),
            Bytes::Inline(decoder, compression) => match decoder.decode(buffer) {
                Err(_) if self.control.interrupted() => Ok(0),
                result => result.map_err(|broken| broken_error(&self.name, *compression, self.given, broken)),
            },
            Bytes::Inflated(inflater, compression) => {
                inflater.read(buffer).map_err(|broken| broken_error(&self.name, *compression, self.given, broken))
            }
        }
    }

    /// Reads the head and keeps it for [`Sequential::read`]. One byte more than the head says whether it is complete.
    fn read_head(&mut self) -> Head {
        let mut failure = None;
        let (head, next) = Head::read(Head::LONG_BYTES_MAX, &mut |buffer| {
            let mut length = 0;
            while length < buffer.len() && failure.is_none() {
                match self.read(&mut buffer[length..]) {
                    Ok(0) => break,
                    Ok(count) => length += count,
                    Err(error) => failure = Some(error),
                }
            }
            length
        });
        self.failure = failure;
        let mut bytes = head.bytes.clone();
        bytes.extend(next);
        (self.prefix, self.given) = (Cursor::new(bytes), 0);
        head
    }
}

/// The head of a compressed part. Damage in it ends it: it is reported when the part is read.
pub(super) fn head_of_part(name: &str, file: File, part: Part, shared: &Shared) -> Result<Head> {
    let raw = Box::new(part.raw(file, Control::new(shared)));
    // A head needs few compressed bytes, or a small file has no more.
    let decoder = layered(raw, part.layers, part.size.min(HEAD_BUFFER_BYTES), part.offset);
    let decoder = decoder.map_err(|error| cannot_read(name, part.offset, error))?;
    Ok(match decoder {
        Some(mut decoder) => decoded_head(&mut *decoder, Head::LONG_BYTES_MAX),
        None => Head { bytes: Vec::new(), complete: true },
    })
}

/// Whether a compressed part begins as a tar archive does.
pub(super) fn begins_as_tar(name: &str, file: File, part: Part, shared: &Shared) -> Result<bool> {
    let raw = Box::new(part.raw(file, Control::new(shared)));
    let decoder = layered(raw, part.layers, PROBE_BUFFER_BYTES, part.offset);
    let mut first = [0; TAR_HEADER_BYTES];
    let length = match decoder.map_err(|error| cannot_read(name, part.offset, error))? {
        Some(mut decoder) => decode_full(&mut *decoder, &mut first),
        None => 0,
    };
    Ok(is_tar(&first[..length]))
}

/// The head of what a decoder gives. Damage ends it.
pub(super) fn decoded_head(decoder: &mut dyn Decoder, bytes_max: usize) -> Head {
    Head::read(bytes_max, &mut |buffer| decode_full(decoder, buffer)).0
}

/// Decodes until `buffer` is full, or the content ends or breaks.
pub(super) fn decode_full(decoder: &mut dyn Decoder, buffer: &mut [u8]) -> usize {
    let mut length = 0;
    while length < buffer.len() {
        match decoder.decode(&mut buffer[length..]) {
            Ok(0) | Err(_) => break,
            Ok(count) => length += count,
        }
    }
    length
}

/// Reads until `buffer` is full or the input ends.
fn read_full(raw: &mut Raw, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match raw.read(&mut buffer[length..])? {
            0 => break,
            count => length += count,
        }
    }
    Ok(length)
}

fn start(name: &str, decoder: Box<dyn Decoder>, compression: Compression, control: &Arc<Control>) -> Result<Inflater> {
    Inflater::start(decoder, control.clone()).map_err(|error| cannot_start(name, compression, error))
}

#[cold]
fn cannot_start(name: &str, compression: Compression, cause: io::Error) -> Error {
    Error::new(ErrorKind::Input, format!("{name}: the {} decoder cannot start", compression.name())).because(cause)
}

/// A read failed `offset` bytes into the content.
#[cold]
pub(super) fn cannot_read(name: &str, offset: u64, cause: io::Error) -> Error {
    Error::new(ErrorKind::Input, format!("{name}: it cannot be read at byte {offset}; the bytes before count")).because(cause)
}

#[cold]
fn archive_in_a_pipe(name: &str, archive: Archive) -> Error {
    let message = format!("{name}: a {} archive is read member by member from a file, not from a pipe", archive.name());
    let error = Error::new(ErrorKind::Input, message);
    match archive {
        Archive::Tar => error.hint("give the file's name instead, or let tar unpack it as one log: tar -xO | slix …"),
        Archive::Zip => error.hint("give the file's name instead"),
    }
}

#[cold]
fn slices_in_a_pipe(name: &str) -> Error {
    Error::new(ErrorKind::Input, format!("{name}: slices (a Parquet file) cannot be read from a pipe, only from a file"))
        .hint("give the file's name instead: slix reads logs and slices files side by side")
}

#[cold]
fn broken_error(name: &str, compression: Compression, given: u64, broken: Broken) -> Error {
    let format = compression.name();
    let hint = match &broken.damage {
        Damage::CutOff => Some("copy the file again, or read it once its writer has finished it".to_owned()),
        Damage::Corrupt(why) => Some(damage_hint(compression, why, name)),
        Damage::Unreadable(_) => None,
        Damage::Decoder => {
            Some(format!("this is a mistake in slix; meanwhile unpack the file on the way: {format} -dc FILE | slix …"))
        }
    };
    let message = format!("{name}: {}; the {given} bytes inflated before that were read and count", broken.told(compression));
    let error = Error::new(ErrorKind::Input, message);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

fn damage_hint(compression: Compression, why: &str, name: &str) -> String {
    if compression == Compression::Zstd && why.contains("too much memory") {
        return format!("it was made with a long window; unpack it on the way: zstd -dc --long=31 {name} | slix …");
    }
    match compression {
        Compression::Deflate(_) | Compression::Stored(_) => "copy the archive again; `unzip -t` checks it".to_owned(),
        _ => format!("copy the file again; `{} -t` checks it", compression.name()),
    }
}
