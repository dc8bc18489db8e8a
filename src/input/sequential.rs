//! One content read from its beginning to its end: a pipe, or anything compressed.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

use super::control::{Control, Shared};
use super::decode::{Broken, Compression, Damage};
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
    Inflated(Inflater, Compression),
}

impl Sequential {
    /// A compressed file of `size` bytes. Its thread starts here.
    pub(super) fn of_file(name: &str, file: File, size: u64, compression: Compression, shared: &Shared) -> Result<Self> {
        let control = Control::new(shared);
        let raw = Box::new(Raw::of_file(file, size, control.clone()));
        Sequential::new(name, raw, Some(compression), control)
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
            Shape::Foreign(what, tool) => return Err(head::foreign(name, what, tool)),
            shape => shape.compression(),
        };
        let raw = Box::new(Cursor::new(first.to_vec()).chain(raw));
        let mut stream = Sequential::new(name, raw, compression, control)?;
        let head = stream.read_head();
        head::refuse_utf16(name, &head.bytes)?;
        Ok((stream, head))
    }

    fn new(name: &str, raw: RawRead, compression: Option<Compression>, control: Arc<Control>) -> Result<Self> {
        let bytes = match compression {
            None => Bytes::Direct(raw),
            Some(compression) => {
                let inflater = compression.decoder(raw).and_then(|decoder| Inflater::start(decoder, control.clone()));
                let inflater = inflater.map_err(|error| {
                    Error::new(ErrorKind::Input, format!("{name}: the {} decoder cannot start", compression.name()))
                        .because(error)
                })?;
                Bytes::Inflated(inflater, compression)
            }
        };
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
            Bytes::Inflated(inflater, _) => inflater.note(),
        }
    }

    fn read_behind_head(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match &mut self.bytes {
            Bytes::Direct(raw) => raw.read(buffer).map_err(|error| cannot_read(&self.name, self.given, error)),
            Bytes::Inflated(inflater, compression) => {
                inflater.read(buffer).map_err(|broken| broken_error(&self.name, *compression, self.given, broken))
            }
        }
    }

    /// Reads the head and keeps it for [`Sequential::read`]. One byte more than the head says whether it is complete.
    fn read_head(&mut self) -> Head {
        let mut bytes = vec![0; Head::BYTES_MAX + 1];
        let mut length = 0;
        while length < bytes.len() {
            match self.read(&mut bytes[length..]) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(failure) => {
                    self.failure = Some(failure);
                    break;
                }
            }
        }
        bytes.truncate(length);
        (self.prefix, self.given) = (Cursor::new(bytes.clone()), 0);
        head_of(bytes)
    }
}

/// The head of a compressed file of `size` bytes. Damage in it ends it: it is reported when the file is read.
pub(super) fn head_of_file(name: &str, file: File, size: u64, compression: Compression, shared: &Shared) -> Result<Head> {
    let raw = Box::new(Raw::of_file(file, size, Control::new(shared)));
    let mut decoder = compression.decoder(raw).map_err(|error| cannot_read(name, 0, error))?;
    let mut bytes = vec![0; Head::BYTES_MAX + 1];
    let mut length = 0;
    while length < bytes.len() {
        match decoder.decode(&mut bytes[length..]) {
            Ok(0) | Err(_) => break,
            Ok(count) => length += count,
        }
    }
    bytes.truncate(length);
    Ok(head_of(bytes))
}

/// From one byte more than a head, or fewer.
pub(super) fn head_of(mut bytes: Vec<u8>) -> Head {
    let complete = bytes.len() <= Head::BYTES_MAX;
    bytes.truncate(Head::BYTES_MAX);
    Head { bytes, complete }
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

/// A read failed `offset` bytes into the content.
#[cold]
pub(super) fn cannot_read(name: &str, offset: u64, cause: io::Error) -> Error {
    Error::new(ErrorKind::Input, format!("{name}: it cannot be read at byte {offset}; the bytes before count")).because(cause)
}

#[cold]
fn slices_in_a_pipe(name: &str) -> Error {
    Error::new(ErrorKind::Input, format!("{name}: slices (a Parquet file) cannot be read from a pipe, only from a file"))
        .hint("give the file's name instead: slix reads logs and slices files side by side")
}

#[cold]
fn broken_error(name: &str, compression: Compression, given: u64, broken: Broken) -> Error {
    let (format, at) = (compression.name(), broken.at);
    let counted = format!("the {given} bytes inflated before that were read and count");
    let error = |what: String| Error::new(ErrorKind::Input, format!("{name}: {what}; {counted}"));
    match broken.damage {
        Damage::CutOff => error(format!("the {format} data is cut off after byte {at} of the file"))
            .hint("copy the file again, or read it once its writer has finished it"),
        Damage::Corrupt(why) => error(format!("the {format} data is damaged at byte {at} of the file ({why})"))
            .hint(damage_hint(compression, &why, name)),
        Damage::Unreadable(cause) => error(format!("it cannot be read at byte {at}")).because(cause),
        Damage::Decoder => error(format!("the {format} decoder failed unexpectedly"))
            .hint(format!("this is a mistake in slix; meanwhile unpack the file on the way: {format} -dc FILE | slix …")),
    }
}

fn damage_hint(compression: Compression, why: &str, name: &str) -> String {
    if compression == Compression::Zstd && why.contains("too much memory") {
        return format!("it was made with a long window; unpack it on the way: zstd -dc --long=31 {name} | slix …");
    }
    format!("copy the file again; `{} -t` checks it", compression.name())
}
