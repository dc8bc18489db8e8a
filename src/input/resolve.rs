//! The list of inputs, and each of them.

use std::collections::HashMap;
use std::fmt;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use super::control::Shared;
use super::decode::Compression;
use super::expand::{Expansion, cannot_open, expand};
use super::head::{self, Head, Kind, MAGIC_BYTES, Shape};
use super::pieces::Pieces;
use super::range::ByteRange;
use super::sequential::{self, Sequential};
use crate::error::{Error, ErrorKind, Result};

/// Everything the user named, found and recognised.
#[derive(Debug)]
pub struct Inputs {
    inputs: Vec<Input>,
    failures: Vec<Failure>,
    notes: Vec<String>,
    shared: Shared,
}

/// Something the user named that cannot be read.
#[derive(Debug)]
pub struct Failure {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub error: Error,
}

impl Inputs {
    /// Finds what the arguments stand for: files, directories, patterns, and `-` for standard input.
    ///
    /// A directory stands for the files below it in the order of their names, hidden ones left out; a pattern (`*`, `?`, `[…]`,
    /// `{…}`, `**`), for what it matches. A file that several arguments reach is taken once, with a note. What cannot be read is
    /// among the [`Inputs::failures`], and the rest can be used.
    ///
    /// Setting `stop` ends all reading, also the wait for the first bytes of a pipe, which are read here.
    pub fn resolve<P: AsRef<Path>>(arguments: &[P], stop: Arc<AtomicBool>) -> Inputs {
        let shared = Shared { stop, bytes_read: Arc::new(AtomicU64::new(0)) };
        let mut inputs = Inputs { inputs: Vec::new(), failures: Vec::new(), notes: Vec::new(), shared };
        let mut seen = HashMap::new();
        for argument in arguments {
            let argument = argument.as_ref();
            if argument == Path::new("-") {
                inputs.add_stdin(&mut seen);
                continue;
            }
            let Expansion { paths, notes, failures } = expand(argument);
            inputs.notes.extend(notes);
            inputs.failures.extend(failures);
            paths.into_iter().for_each(|path| inputs.add_path(path, &mut seen));
        }
        inputs
    }

    /// All inputs that can be read, slices files among them. The number of an input is its place here.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// What was named but cannot be read.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// What is worth telling the user: each a sentence without a full stop.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// These inputs, or the first failure as an error.
    pub fn complete(self) -> Result<Inputs> {
        let Inputs { inputs, failures, notes, shared } = self;
        match failures.into_iter().next() {
            Some(failure) => Err(failure.error),
            None => Ok(Inputs { inputs, failures: Vec::new(), notes, shared }),
        }
    }

    /// The pieces of all logs, for `threads` workers. The logs of one call are read once: streams have nothing left for a second.
    ///
    /// A `range` is a part of one content, so it is an [`ErrorKind::Usage`] error unless there is exactly one input, a log.
    pub fn source(&self, threads: usize, range: Option<ByteRange>) -> Result<Pieces<'_>> {
        if range.is_some() && (self.inputs.len() != 1 || self.inputs[0].kind == Kind::Slices) {
            let message = format!("--range reads a part of one log, but there are {} inputs", self.inputs.len());
            let message =
                if self.inputs.len() == 1 { "--range reads a part of a log, but this is a slices file".into() } else { message };
            return Err(Error::new(ErrorKind::Usage, message).hint("name one log file"));
        }
        Ok(Pieces::new(&self.inputs, threads, range.unwrap_or(ByteRange::ALL)))
    }

    /// Bytes of all logs as they lie in their files (compressed, where they are); none when one of them is a stream.
    pub fn log_bytes(&self) -> Option<u64> {
        let logs = self.inputs.iter().filter(|input| input.kind != Kind::Slices);
        logs.map(|input| input.size).try_fold(0_u64, |sum, size| sum.checked_add(size?))
    }

    /// The counter of bytes read so far, in the same measure. It only grows, and may be watched from any thread.
    pub fn bytes_read(&self) -> Arc<AtomicU64> {
        self.shared.bytes_read.clone()
    }

    fn add_stdin(&mut self, seen: &mut HashMap<FileId, String>) {
        let name = String::from("-");
        let opened = duplicate(rustix::stdio::stdin()).and_then(|file| Ok((FileId::of(&file.metadata()?), file)));
        match opened {
            Err(error) => self.failures.push(Failure { error: cannot_open("standard input", error), name }),
            Ok((id, file)) if self.is_new(id, &name, seen) => {
                let input = Input::of_stream(name.clone(), None, id, file, &self.shared);
                self.add(name, input);
            }
            Ok(_) => {}
        }
    }

    fn add_path(&mut self, path: PathBuf, seen: &mut HashMap<FileId, String>) {
        let name = path.to_string_lossy().into_owned();
        match std::fs::metadata(&path) {
            Err(error) => self.failures.push(Failure { error: cannot_open(&name, error), name }),
            Ok(metadata) if self.is_new(FileId::of(&metadata), &name, seen) => {
                let input = Input::of_path(name.clone(), path, &metadata, &self.shared);
                self.add(name, input);
            }
            Ok(_) => {}
        }
    }

    fn add(&mut self, name: String, input: Result<Input>) {
        match input {
            Ok(input) => self.inputs.push(input),
            Err(error) => self.failures.push(Failure { name, error }),
        }
    }

    fn is_new(&mut self, id: FileId, name: &str, seen: &mut HashMap<FileId, String>) -> bool {
        let Some(first) = seen.get(&id) else {
            seen.insert(id, name.to_owned());
            return true;
        };
        let what = if first == name { "was named twice".into() } else { format!("is the same file as {first}") };
        self.notes.push(format!("{name} {what} and is read once"));
        false
    }
}

/// Which file a name leads to: device and inode. Links lead to one file, and a rotated log is another one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct FileId(u64, u64);

impl FileId {
    fn of(metadata: &Metadata) -> Self {
        FileId(metadata.dev(), metadata.ino())
    }
}

/// One input: a file, a pipe, or standard input.
pub struct Input {
    name: String,
    path: Option<PathBuf>,
    kind: Kind,
    size: Option<u64>,
    id: FileId,
    shared: Shared,
    /// Of a stream, which can be read once: its head, and the reader until it is taken.
    stream: Option<(Head, Mutex<Option<Sequential>>)>,
}

impl Input {
    /// As it was named or found; `-` is standard input. Bytes that are no UTF-8 are replaced.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it lies; none for standard input.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What its first bytes say it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Bytes in the file; none for a stream.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The first decompressed bytes of a log, for detection and identity. They are read again by [`Inputs::source`], also those of
    /// a stream. Damage within them ends them without an error here: the reading reports it.
    pub fn head(&self) -> Result<Head> {
        if let Some((head, _)) = &self.stream {
            return Ok(head.clone());
        }
        let (file, size) = self.open()?;
        let head = match self.compression() {
            None => sequential::head_of(self.first_bytes(&file, size, Head::BYTES_MAX + 1)?),
            Some(compression) => {
                // Progress counts each byte once, and it is counted when the file is read.
                let uncounted = Shared { stop: self.shared.stop.clone(), bytes_read: Arc::default() };
                sequential::head_of_file(&self.name, file, size, compression, &uncounted)?
            }
        };
        head::refuse_utf16(&self.name, &head.bytes)?;
        Ok(head)
    }

    fn of_path(name: String, path: PathBuf, metadata: &Metadata, shared: &Shared) -> Result<Input> {
        let (id, kind) = (FileId::of(metadata), metadata.file_type());
        if kind.is_fifo() {
            // Opening without waiting: a pipe without a writer yet must not hold slix where a stop cannot reach it.
            let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
            let file = OpenOptions::new().read(true).custom_flags(flags).open(&path).map_err(|e| cannot_open(&name, e))?;
            return Input::of_stream(name, Some(path), id, file, shared);
        }
        if !kind.is_file() {
            let message = format!("{name}: it is neither a file nor a pipe but a {}", type_name(metadata));
            return Err(Error::new(ErrorKind::Input, message).hint("standard input is read as `-`"));
        }
        Input::of_file(name, path, metadata, shared)
    }

    fn of_file(name: String, path: PathBuf, metadata: &Metadata, shared: &Shared) -> Result<Input> {
        let (id, size) = (FileId::of(metadata), metadata.len());
        let mut input =
            Input { name, path: Some(path), kind: Kind::Plain, size: Some(size), id, shared: shared.clone(), stream: None };
        let (file, _) = input.open()?;
        let first = input.first_bytes(&file, u64::MAX, MAGIC_BYTES)?;
        if size == 0 && !first.is_empty() {
            // A file of no size that holds something: the kernel makes such a one up (/proc) while it is read.
            let Input { name, path, .. } = input;
            return Input::of_stream(name, path, id, file, shared);
        }
        input.kind = match Shape::of(&first) {
            Shape::Plain => Kind::Plain,
            Shape::Gzip => Kind::Gzip,
            Shape::Zstd => Kind::Zstd,
            Shape::Bzip2 => Kind::Bzip2,
            Shape::Xz => Kind::Xz,
            Shape::Lz4 => Kind::Lz4,
            Shape::Parquet => Kind::Slices,
            Shape::Foreign(what, tool) => return Err(head::foreign(&input.name, what, tool)),
        };
        head::refuse_utf16(&input.name, &first)?;
        Ok(input)
    }

    fn of_stream(name: String, path: Option<PathBuf>, id: FileId, file: File, shared: &Shared) -> Result<Input> {
        let (reader, head) = Sequential::of_stream(&name, file, shared)?;
        let stream = Some((head, Mutex::new(Some(reader))));
        Ok(Input { name, path, kind: Kind::Stream, size: None, id, shared: shared.clone(), stream })
    }

    /// The file of a plain input with the bytes of it that count.
    pub(super) fn open_plain(&self) -> Result<(File, u64)> {
        self.open()
    }

    /// The reader of a compressed file or a stream.
    pub(super) fn open_sequential(&self) -> Result<Sequential> {
        if let Some((_, reader)) = &self.stream {
            let reader = reader.lock().unwrap_or_else(PoisonError::into_inner).take();
            let message = || Error::new(ErrorKind::Input, format!("{}: a pipe can be read only once", self.name));
            return reader.ok_or_else(message);
        }
        let (file, size) = self.open()?;
        // Kinds are set in one place, and only compressed ones are opened in order.
        Sequential::of_file(&self.name, file, size, self.compression().unwrap_or(Compression::Gzip), &self.shared)
    }

    /// The size of a file; 0 for a stream.
    pub(super) fn size_known(&self) -> u64 {
        self.size.unwrap_or(0)
    }

    pub(super) fn must_stop(&self) -> bool {
        self.shared.stop.load(Relaxed)
    }

    pub(super) fn count(&self, bytes: u64) {
        self.shared.bytes_read.fetch_add(bytes, Relaxed);
    }

    fn compression(&self) -> Option<Compression> {
        match self.kind {
            Kind::Gzip => Some(Compression::Gzip),
            Kind::Zstd => Some(Compression::Zstd),
            Kind::Bzip2 => Some(Compression::Bzip2),
            Kind::Xz => Some(Compression::Xz),
            Kind::Lz4 => Some(Compression::Lz4),
            Kind::Plain | Kind::Slices | Kind::Stream => None,
        }
    }

    /// Opens the file by its name and makes sure that it is still the one that was resolved.
    fn open(&self) -> Result<(File, u64)> {
        let (path, size) = (self.path.as_deref().unwrap_or(Path::new("-")), self.size_known());
        let file = File::open(path).map_err(|error| cannot_open(&self.name, error))?;
        let metadata = file.metadata().map_err(|error| cannot_open(&self.name, error))?;
        if FileId::of(&metadata) != self.id || metadata.len() < size {
            let message = format!("{}: the file was replaced or truncated while slix was at work", self.name);
            return Err(Error::new(ErrorKind::Input, message).hint("a log rotation does that; run the command again"));
        }
        Ok((file, size))
    }

    /// The first `count` bytes of what the file holds, at most `size`.
    fn first_bytes(&self, file: &File, size: u64, count: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; count.min(usize::try_from(size).unwrap_or(usize::MAX))];
        let mut length = 0;
        while length < bytes.len() {
            match file.read_at(&mut bytes[length..], length as u64) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(sequential::cannot_read(&self.name, length as u64, error)),
            }
        }
        bytes.truncate(length);
        Ok(bytes)
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// Standard input as a file of its own, so that dropping it does not close the process's.
fn duplicate(fd: BorrowedFd<'_>) -> io::Result<File> {
    fd.try_clone_to_owned().map(File::from)
}

fn type_name(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_char_device() || kind.is_block_device() {
        "device"
    } else if kind.is_socket() {
        "socket"
    } else {
        "directory"
    }
}
