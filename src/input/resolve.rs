//! The list of inputs, and each of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Seek};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use super::archive::{Archive, Listed, Listing, Member, PackedHead};
use super::chain::Chain;
use super::control::Shared;
use super::decode::Compression;
use super::expand::{Expansion, Place, cannot_open, expand};
use super::head::{self, Head, Kind, MAGIC_BYTES, Shape};
use super::pieces::Pieces;
use super::range::ByteRange;
use super::sequential::{self, Part, Sequential};
use super::small::{SmallFile, SmallFiles};
use super::spool::KEPT_BYTES_MAX;
use super::tarball;
use super::zipped;
use crate::error::{Error, ErrorKind, Result};

/// How much is read at once to find the end of the last line.
const LAST_LINE_BYTES: usize = 64 * 1024;

/// Everything the user named, found and recognised.
#[derive(Debug)]
pub struct Inputs {
    inputs: Vec<Input>,
    failures: Vec<Failure>,
    damages: Vec<Error>,
    notes: Vec<String>,
    shared: Shared,
    are_read_twice: bool,
}

/// Who attends while inputs are found, and does with the bytes that are read for it what would have to read them again.
pub trait Onlooker {
    /// Is given all paths first, if all are regular files, and may read some of them: what it has read, in the order of `files`, or nothing
    /// at all. [`Inputs::source`] leaves them out.
    fn read(&mut self, files: &SmallFiles) -> Vec<Option<SmallFile>>;

    /// Is shown each plain file that was not read, with its number and its head. Other inputs have their heads from [`Input::head`].
    fn look(&mut self, number: usize, input: &Input, head: &Head);
}

/// Something the user named that cannot be read.
#[derive(Debug)]
pub struct Failure {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub error: Error,
}

impl Failure {
    fn of(name: &str, error: Error) -> Failure {
        Failure { name: name.to_owned(), error }
    }
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
        Inputs::find(arguments, stop, KEPT_BYTES_MAX, None)
    }

    /// The same, where less is kept of what archives decompress to.
    #[cfg(test)]
    pub(super) fn resolve_keeping<P: AsRef<Path>>(arguments: &[P], kept_bytes_max: u64) -> Inputs {
        Inputs::find(arguments, Arc::default(), kept_bytes_max, None)
    }

    /// [`Inputs::resolve`] in the presence of somebody who needs the bytes that are read for it: of many small files, each is opened once.
    pub fn resolve_looking<P: AsRef<Path>>(arguments: &[P], stop: Arc<AtomicBool>, onlooker: &mut dyn Onlooker) -> Inputs {
        Inputs::find(arguments, stop, KEPT_BYTES_MAX, Some(onlooker))
    }

    fn find<P: AsRef<Path>>(arguments: &[P], stop: Arc<AtomicBool>, kept_bytes_max: u64, mut onlooker: Attending) -> Inputs {
        let shared = Shared { stop, bytes_read: Arc::new(AtomicU64::new(0)), kept_bytes_max };
        let (failures, damages, notes) = (Vec::new(), Vec::new(), Vec::new());
        let mut inputs = Inputs { inputs: Vec::new(), failures, damages, notes, shared, are_read_twice: false };
        // Standard input is no path.
        let is_path = |argument: &P| argument.as_ref() != Path::new("-");
        let expansions: Vec<Option<Expansion>> =
            arguments.iter().map(|argument| is_path(argument).then(|| expand(argument.as_ref()))).collect();
        let mut read = onlooker.as_mut().map_or(Vec::new(), |onlooker| read_by(*onlooker, &expansions)).into_iter();
        let mut seen = Seen::default();
        for expansion in expansions {
            let Some(Expansion { paths, notes, failures }) = expansion else {
                inputs.add_stdin(&mut seen);
                continue;
            };
            inputs.notes.extend(notes);
            inputs.failures.extend(failures);
            for place in paths {
                match read.next().flatten() {
                    Some(file) => inputs.add_read(place.path, file, &mut seen),
                    None => inputs.add_path(place.path, &mut seen, &mut onlooker),
                }
            }
        }
        inputs
    }

    /// Whether the onlooker has read a file twice that two names lead to, so that what it did with it is of no use.
    pub fn are_read_twice(&self) -> bool {
        self.are_read_twice
    }

    /// All inputs that can be read, slices files among them. The number of an input is its place here.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// What was named but cannot be read.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// What of archives cannot be read, though other members of them can: like the damage of a file, which ends it but does not undo what
    /// was read before.
    pub fn damages(&self) -> &[Error] {
        &self.damages
    }

    /// What is worth telling the user: each a sentence without a full stop.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Adds a file that is open already, wherever its name leads by now: what was written to a log before it was rotated can be
    /// read to its end. It is read as it stands, as a log that is no archive.
    ///
    /// # Errors
    /// What looking at the file gives.
    pub fn add_held(&mut self, name: &str, path: &Path, held: Arc<File>) -> Result<()> {
        let metadata = held.metadata().map_err(|error| cannot_open(name, error))?;
        let input = Input::plain(name.into(), path.to_owned(), FileId::of(&metadata), metadata.len(), &self.shared);
        self.inputs.push(Input { held: Some(held), ..input });
        Ok(())
    }

    /// These inputs, or the first failure as an error.
    pub fn complete(self) -> Result<Inputs> {
        let Inputs { inputs, failures, damages, notes, shared, are_read_twice } = self;
        match failures.into_iter().next() {
            Some(failure) => Err(failure.error),
            None => Ok(Inputs { inputs, failures: Vec::new(), damages, notes, shared, are_read_twice }),
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

    /// Bytes of all logs that are to be read, as they lie in their files (compressed, where they are); none when one of them is a stream.
    pub fn log_bytes(&self) -> Option<u64> {
        let logs = self.inputs.iter().filter(|input| input.kind != Kind::Slices && !input.is_read);
        logs.map(Input::stored_bytes).try_fold(0_u64, |sum, size| sum.checked_add(size?))
    }

    /// The counter of bytes read so far, in the same measure. It only grows, and may be watched from any thread.
    pub fn bytes_read(&self) -> Arc<AtomicU64> {
        self.shared.bytes_read.clone()
    }

    fn add_stdin(&mut self, seen: &mut Seen) {
        let name: Arc<str> = Arc::from("-");
        let opened = duplicate(rustix::stdio::stdin()).and_then(|file| Ok((FileId::of(&file.metadata()?), file)));
        match opened {
            Err(error) => self.failures.push(Failure::of(&name, cannot_open("standard input", error))),
            Ok((id, file)) if self.is_new(id, &name, seen) => {
                match Input::of_stream(name.clone(), None, id, file, &self.shared) {
                    Ok(input) => self.inputs.push(input),
                    Err(error) => self.failures.push(Failure::of(&name, error)),
                }
            }
            Ok(_) => {}
        }
    }

    fn add_read(&mut self, path: PathBuf, file: SmallFile, seen: &mut Seen) {
        let name = Arc::from(path.to_string_lossy());
        self.are_read_twice |= !self.is_new(file.id, &name, seen);
        let input = Input::plain(name, path, file.id, file.size, &self.shared);
        self.inputs.push(Input { is_read: true, ..input });
    }

    fn add_path(&mut self, path: PathBuf, seen: &mut Seen, onlooker: &mut Attending) {
        let name: Arc<str> = Arc::from(path.to_string_lossy());
        match std::fs::metadata(&path) {
            Err(error) => self.failures.push(Failure::of(&name, cannot_open(&name, error))),
            Ok(metadata) if self.is_new(FileId::of(&metadata), &name, seen) => {
                match Input::of_path(name.clone(), path, &metadata, &self.shared, onlooker.is_some()) {
                    Ok(Found::Input(input, head)) => {
                        if let (Some(onlooker), Some(head)) = (onlooker, head) {
                            onlooker.look(self.inputs.len(), &input, &head);
                        }
                        self.inputs.push(input);
                    }
                    Ok(Found::Archive(input, archive, listing)) => self.add_members(&input, archive, listing),
                    Err(error) => self.failures.push(Failure::of(&name, error)),
                }
            }
            Ok(_) => {}
        }
    }

    /// The members of an archive become inputs, one behind the other.
    fn add_members(&mut self, archive: &Input, kind: Archive, listing: Listing) {
        let Listing { members, notes, mut damages, .. } = listing;
        self.notes.extend(notes);
        if members.is_empty() {
            let nothing = || Error::new(ErrorKind::Input, format!("{}: the archive holds no files", archive.name));
            let error = if damages.is_empty() { nothing() } else { damages.remove(0) };
            self.failures.push(Failure::of(&archive.name, error));
        }
        self.damages.extend(damages);
        let first = members.iter().position(|member| member.head.is_some());
        let members = members.into_iter().enumerate();
        self.inputs.extend(members.map(|(number, member)| Input::of_member(archive, kind, member, first == Some(number))));
    }

    fn is_new(&mut self, id: FileId, name: &Arc<str>, seen: &mut Seen) -> bool {
        let first = match seen.entry(id) {
            Entry::Vacant(place) => {
                place.insert(name.clone());
                return true;
            }
            Entry::Occupied(place) => place.into_mut(),
        };
        let what = if first == name { "was named twice".into() } else { format!("is the same file as {first}") };
        self.notes.push(format!("{name} {what} and is read once"));
        false
    }
}

/// By which name each file was reached first.
type Seen = HashMap<FileId, Arc<str>>;

/// Which file a name leads to: device and inode. Links lead to one file, and a rotated log is another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId(u64, u64);

impl FileId {
    pub(super) fn of(metadata: &Metadata) -> Self {
        FileId(metadata.dev(), metadata.ino())
    }
}

/// Who attends, if anybody.
type Attending<'a> = Option<&'a mut dyn Onlooker>;

/// What an onlooker reads of regular files, if there is nothing else: what is read of a pipe is gone.
fn read_by(onlooker: &mut dyn Onlooker, expansions: &[Option<Expansion>]) -> Vec<Option<SmallFile>> {
    let are_files = |expansion: &Option<Expansion>| expansion.as_ref().is_some_and(|e| e.paths.iter().all(|place| place.is_file));
    if !expansions.iter().all(are_files) {
        return Vec::new();
    }
    let files: Vec<&Path> = expansions.iter().flatten().flat_map(|e| &e.paths).map(|Place { path, .. }| path.as_path()).collect();
    onlooker.read(&SmallFiles { paths: &files })
}

/// What a path leads to.
enum Found {
    /// An input; its head, if it is a plain file and somebody looks.
    Input(Input, Option<Head>),
    Archive(Input, Archive, Listing),
}

/// Where the bytes of a member stand, and what else its archive knows of it.
struct Membership {
    archive: Archive,
    /// How the archive is compressed as a whole, the outermost layer first.
    around: Vec<Compression>,
    archive_bytes: u64,
    offset: u64,
    modified: Option<i64>,
    /// In an archive that is compressed as a whole: its head.
    head: Option<PackedHead>,
    /// The file that it is to be read from, if that is not the archive.
    spool: Option<Arc<File>>,
    /// Whether it is the first one that has its head here.
    is_first: bool,
}

/// One input: a file, a member of an archive, a pipe, or standard input.
pub struct Input {
    name: Arc<str>,
    path: Option<PathBuf>,
    kind: Kind,
    size: Option<u64>,
    id: FileId,
    shared: Shared,
    /// How its bytes are compressed, the outermost layer first.
    layers: Vec<Compression>,
    member: Option<Box<Membership>>,
    /// The file itself, where it was open before.
    held: Option<Arc<File>>,
    is_read: bool,
    /// Of a stream, which can be read once: its head, and the reader until it is taken.
    stream: Option<Box<(Head, Mutex<Option<Sequential>>)>>,
}

impl Input {
    /// As it was named or found; `-` is standard input. Bytes that are no UTF-8 are replaced.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same, to be kept.
    pub fn name_kept(&self) -> Arc<str> {
        self.name.clone()
    }

    /// Where it lies, or the archive that it is a member of; none for standard input.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What its first bytes say it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Bytes in the file, or of the member in its archive; none for a stream.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Which file it is, or is a member of, whatever its name.
    pub fn file(&self) -> FileId {
        self.id
    }

    /// Whether it is a member of an archive.
    pub fn is_member(&self) -> bool {
        self.member.is_some()
    }

    /// Whether an [`Onlooker`] has read it.
    pub fn is_read(&self) -> bool {
        self.is_read
    }

    /// Whether it is a plain file by itself, to whose end lines may be added.
    pub fn can_grow(&self) -> bool {
        self.kind == Kind::Plain && self.member.is_none()
    }

    /// Opens a file to be held on to: see [`Inputs::add_held`].
    ///
    /// # Errors
    /// It cannot be opened, or its name leads to another file by now.
    pub fn hold(&self) -> Result<Arc<File>> {
        Ok(match &self.held {
            Some(held) => held.clone(),
            None => Arc::new(self.open()?.0),
        })
    }

    /// Where the last line that has an end ends, at or behind `from`, in a plain file; `from` if no line ends there.
    ///
    /// # Errors
    /// It cannot be read, or its name leads to another file by now.
    pub fn lines_end(&self, from: u64) -> Result<u64> {
        let (file, size) = self.open()?;
        let mut buffer = vec![0; LAST_LINE_BYTES];
        let mut end = size;
        while end > from {
            let start = end.saturating_sub(LAST_LINE_BYTES as u64).max(from);
            let bytes = &mut buffer[..(end - start) as usize];
            let length = self.fill_at(&file, bytes, start)?;
            if let Some(at) = memchr::memrchr(b'\n', &bytes[..length]) {
                return Ok(start + at as u64 + 1);
            }
            end = start;
        }
        Ok(from)
    }

    /// What its lines are packed in, the outermost first: `gzip`, `tar`.
    pub fn packing(&self) -> Vec<&'static str> {
        let of_archive =
            self.member.iter().flat_map(|member| member.around.iter().map(|layer| layer.name()).chain([member.archive.name()]));
        let layers = self.layers.iter().filter(|layer| !matches!(layer, Compression::Stored(_)));
        of_archive.chain(layers.map(|layer| layer.name())).collect()
    }

    /// When it was last written, in seconds since 1970: as the archive says of a member, as the file system says of a file. None for what
    /// has no such time.
    pub fn modified(&self) -> Option<i64> {
        match &self.member {
            Some(member) => member.modified,
            None => std::fs::metadata(self.path.as_ref()?).ok().map(|metadata| metadata.mtime()),
        }
    }

    /// The first decompressed bytes of a log, for detection and identity. They are read again by [`Inputs::source`], also those of
    /// a stream. Damage within them ends them without an error here: the reading reports it.
    pub fn head(&self) -> Result<Head> {
        if let Some(stream) = &self.stream {
            return Ok(stream.0.clone());
        }
        let kept = self.member.as_ref().and_then(|member| member.head.as_ref());
        let head = match kept {
            Some(packed) => packed.unpack(),
            None => self.look_up_head()?,
        };
        head::refuse_utf16(&self.name, &head.bytes)?;
        Ok(head)
    }

    fn look_up_head(&self) -> Result<Head> {
        let (file, size) = self.open()?;
        if self.layers.is_empty() {
            return self.read_head(&file, size);
        }
        sequential::head_of_part(&self.name, file, self.part(), &self.shared.uncounted())
    }

    fn of_path(name: Arc<str>, path: PathBuf, metadata: &Metadata, shared: &Shared, is_looked: bool) -> Result<Found> {
        let (id, kind) = (FileId::of(metadata), metadata.file_type());
        if kind.is_fifo() {
            // Opening without waiting: a pipe without a writer yet must not hold slix where a stop cannot reach it.
            let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
            let file = OpenOptions::new().read(true).custom_flags(flags).open(&path).map_err(|e| cannot_open(&name, e))?;
            return Input::of_stream(name, Some(path), id, file, shared).map(|input| Found::Input(input, None));
        }
        if !kind.is_file() {
            let message = format!("{name}: it is neither a file nor a pipe but a {}", type_name(metadata));
            return Err(Error::new(ErrorKind::Input, message).hint("standard input is read as `-`"));
        }
        Input::of_file(name, path, metadata, shared, is_looked)
    }

    /// A file, as far as nothing is known of its bytes.
    fn plain(name: Arc<str>, path: PathBuf, id: FileId, size: u64, shared: &Shared) -> Input {
        Input {
            name,
            path: Some(path),
            kind: Kind::Plain,
            size: Some(size),
            id,
            shared: shared.clone(),
            layers: Vec::new(),
            member: None,
            held: None,
            is_read: false,
            stream: None,
        }
    }

    fn of_file(name: Arc<str>, path: PathBuf, metadata: &Metadata, shared: &Shared, is_looked: bool) -> Result<Found> {
        let (id, size) = (FileId::of(metadata), metadata.len());
        let mut input = Input::plain(name, path, id, size, shared);
        let (file, _) = input.open()?;
        let looked = if is_looked && size > 0 { Some(input.read_head(&file, size)?) } else { None };
        let first = match &looked {
            Some(head) => head.bytes[..head.bytes.len().min(MAGIC_BYTES)].to_vec(),
            None => input.first_bytes(&file, MAGIC_BYTES)?,
        };
        if size == 0 && !first.is_empty() {
            // A file of no size that holds something: the kernel makes such a one up (/proc) while it is read.
            let Input { name, path, .. } = input;
            return Input::of_stream(name, path, id, file, shared).map(|input| Found::Input(input, None));
        }
        let mut head = None;
        match Shape::of(&first) {
            Shape::Foreign(what, tool) => return Err(head::foreign(&input.name, what, tool)),
            Shape::Archive(archive) => {
                let listing = input.list(archive, file);
                return Ok(Found::Archive(input, archive, listing));
            }
            Shape::Parquet => input.kind = Kind::Slices,
            Shape::Compressed(compression) => {
                (input.kind, input.layers) = (kind_of(compression), vec![compression]);
                if let Some(listing) = input.list_compressed(file)? {
                    return Ok(Found::Archive(input, Archive::Tar, listing));
                }
            }
            Shape::Plain => {
                head::refuse_utf16(&input.name, &first)?;
                head = looked.or_else(|| is_looked.then_some(Head { bytes: first, complete: true }));
            }
        }
        Ok(Found::Input(input, head))
    }

    /// The members of an archive that is not compressed as a whole.
    fn list(&self, archive: Archive, file: File) -> Listing {
        let copy = match file.try_clone() {
            Ok(copy) => copy,
            Err(cause) => return Listing::broken(cannot_open(&self.name, cause)),
        };
        let listed = Listed { name: &self.name, file: copy, size: self.size_known() };
        let read_at = |offset: u64, count: usize| {
            let mut bytes = vec![0; count];
            let length = self.fill_at(&file, &mut bytes, offset)?;
            bytes.truncate(length);
            Ok(bytes)
        };
        match archive {
            Archive::Tar => tarball::list(listed, &read_at),
            Archive::Zip => zipped::list(listed, &read_at, &self.shared.uncounted()),
        }
    }

    /// The members of what decompresses to an archive; none for a log.
    fn list_compressed(&self, file: File) -> Result<Option<Listing>> {
        let shared = self.shared.uncounted();
        let probe = file.try_clone().map_err(|cause| cannot_open(&self.name, cause))?;
        if !sequential::begins_as_tar(&self.name, probe, self.part(), &shared)? {
            return Ok(None);
        }
        let mut file = file;
        file.rewind().map_err(|cause| sequential::cannot_read(&self.name, 0, cause))?;
        let listed = Listed { name: &self.name, file, size: self.size_known() };
        tarball::list_compressed(listed, &self.layers, &shared, self.shared.kept_bytes_max).map(Some)
    }

    fn of_member(archive: &Input, of: Archive, member: Member, is_first: bool) -> Input {
        let Member { name, offset, size, layers, modified, head, spool, is_cut } = member;
        let kind = match layers.as_slice() {
            _ if head.is_some() || is_cut => Kind::Member,
            [] => Kind::Plain,
            [compression] => kind_of(*compression),
            _ => Kind::Member,
        };
        let around = archive.layers.clone();
        let membership =
            Membership { archive: of, around, archive_bytes: archive.size_known(), offset, modified, head, spool, is_first };
        Input {
            name: Arc::from(format!("{}:{name}", archive.name)),
            path: archive.path.clone(),
            kind,
            size: Some(size),
            id: archive.id,
            shared: archive.shared.clone(),
            layers,
            member: Some(Box::new(membership)),
            held: None,
            is_read: false,
            stream: None,
        }
    }

    fn of_stream(name: Arc<str>, path: Option<PathBuf>, id: FileId, file: File, shared: &Shared) -> Result<Input> {
        let (reader, head) = Sequential::of_stream(&name, file, shared)?;
        let stream = Some(Box::new((head, Mutex::new(Some(reader)))));
        let (kind, layers) = (Kind::Stream, Vec::new());
        let (shared, is_read) = (shared.clone(), false);
        Ok(Input { name, path, kind, size: None, id, shared, layers, member: None, held: None, is_read, stream })
    }

    /// The file of a plain input with the bytes of it that count.
    pub(super) fn open_plain(&self) -> Result<(File, u64)> {
        self.open()
    }

    /// The reader of a compressed file or a stream.
    pub(super) fn open_sequential(&self) -> Result<Sequential> {
        if let Some(stream) = &self.stream {
            let reader = stream.1.lock().unwrap_or_else(PoisonError::into_inner).take();
            let message = || Error::new(ErrorKind::Input, format!("{}: a pipe can be read only once", self.name));
            return reader.ok_or_else(message);
        }
        let (file, _) = self.open()?;
        Sequential::of_part(&self.name, file, self.part(), &self.shared)
    }

    /// Whether it is a member that can only be read behind those before it.
    pub(super) fn is_chained(&self) -> bool {
        self.member.as_ref().is_some_and(|member| member.head.is_some())
    }

    /// Whether it follows another member of the same archive.
    pub(super) fn follows_in_chain(&self) -> bool {
        self.is_chained() && self.member.as_ref().is_some_and(|member| !member.is_first)
    }

    /// The stream that this member and those behind it stand in.
    pub(super) fn open_chain(&self) -> Result<Arc<Mutex<Chain>>> {
        let (file, _) = self.open()?;
        let layers = self.member.as_ref().map_or(&[][..], |member| &member.around);
        let size = self.member.as_ref().map_or(0, |member| member.archive_bytes);
        Sequential::chain(&self.name, file, Part { offset: 0, size, is_member: false, layers }, &self.shared)
    }

    /// The reader of this member in such a stream.
    pub(super) fn open_in_chain(&self, chain: Arc<Mutex<Chain>>) -> Result<Sequential> {
        Sequential::of_chain(&self.name, chain, self.part())
    }

    /// Where its first byte stands in the file.
    pub(super) fn offset(&self) -> u64 {
        self.member.as_ref().map_or(0, |member| member.offset)
    }

    /// Bytes of a file that are read for it: of an archive that is compressed as a whole they count for its first member.
    fn stored_bytes(&self) -> Option<u64> {
        match &self.member {
            Some(member) if member.head.is_some() => Some(if member.is_first { member.archive_bytes } else { 0 }),
            _ => self.size,
        }
    }

    fn part(&self) -> Part<'_> {
        Part { offset: self.offset(), size: self.size_known(), is_member: self.member.is_some(), layers: &self.layers }
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

    /// Opens the file by its name and makes sure that it is still the one that was resolved.
    fn open(&self) -> Result<(File, u64)> {
        let (path, size) = (self.path.as_deref().unwrap_or(Path::new("-")), self.size_known());
        if let Some(spool) = self.member.as_ref().and_then(|member| member.spool.as_ref()) {
            return Ok((spool.try_clone().map_err(|error| cannot_open(&self.name, error))?, size));
        }
        let file_bytes = self.member.as_ref().map_or(size, |member| member.archive_bytes);
        let file = match &self.held {
            Some(held) => held.try_clone(),
            None => File::open(path),
        };
        let file = file.map_err(|error| cannot_open(&self.name, error))?;
        let metadata = file.metadata().map_err(|error| cannot_open(&self.name, error))?;
        if FileId::of(&metadata) != self.id || metadata.len() < file_bytes {
            let message = format!("{}: the file was replaced or truncated while slix was at work", self.name);
            return Err(Error::new(ErrorKind::Input, message).hint("a log rotation does that; run the command again"));
        }
        Ok((file, size))
    }

    /// The head of what the file holds, of at most `size` bytes.
    fn read_head(&self, file: &File, size: u64) -> Result<Head> {
        let (mut at, mut failure) = (0, None);
        let (head, _) = Head::read(Head::LONG_BYTES_MAX, &mut |buffer| {
            let wanted = buffer.len().min(usize::try_from(size - at).unwrap_or(usize::MAX));
            match self.fill_at(file, &mut buffer[..wanted], self.offset() + at) {
                Ok(length) => {
                    at += length as u64;
                    length
                }
                Err(error) => {
                    failure = Some(error);
                    0
                }
            }
        });
        failure.map_or(Ok(head), Err)
    }

    /// The first `count` bytes of what the file holds.
    fn first_bytes(&self, file: &File, count: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        let length = self.fill_at(file, &mut bytes, self.offset())?;
        bytes.truncate(length);
        Ok(bytes)
    }

    /// Reads from a place in the file until the buffer is full or the file ends.
    fn fill_at(&self, file: &File, bytes: &mut [u8], offset: u64) -> Result<usize> {
        let mut length = 0;
        while length < bytes.len() {
            match file.read_at(&mut bytes[length..], offset + length as u64) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(sequential::cannot_read(&self.name, offset + length as u64, error)),
            }
        }
        Ok(length)
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

fn kind_of(compression: Compression) -> Kind {
    match compression {
        Compression::Gzip => Kind::Gzip,
        Compression::Zstd => Kind::Zstd,
        Compression::Bzip2 => Kind::Bzip2,
        Compression::Xz => Kind::Xz,
        Compression::Lz4 => Kind::Lz4,
        Compression::Deflate(_) | Compression::Stored(_) => Kind::Member,
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
