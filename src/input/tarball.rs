//! The members of tar archives, plain and compressed (POSIX.1-2017 pax, GNU tar, the old formats: what the `tar` crate reads).

use std::cell::RefCell;
use std::io::{self, Read};
use std::sync::atomic::Ordering::Relaxed;

use tar::{Entries, Entry};

use super::archive::{Listed, Listing, Member, PackedHead, TAR_HEADER_BYTES, plain_name};
use super::control::{Control, Shared};
use super::decode::{Compression, Decoded, layered};
use super::head::{Head, Shape};
use super::raw::Raw;
use super::sequential;
use super::spool::{Spool, Spooled, Stretch};
use crate::error::{Error, ErrorKind, Result};

/// As much of a compressed member of a compressed archive as its head is told by: the largest block of any compression that slix reads
/// (lz4's, of 4 MiB), and something for what is before it.
const COMPRESSED_HEAD_BYTES: u64 = (4 << 20) + (64 << 10);

/// The members of an archive that is a file. `read_at` reads from a place in it.
pub(super) fn list(listed: Listed, read_at: &dyn Fn(u64, usize) -> Result<Vec<u8>>) -> Listing {
    let Listed { name, file, size } = listed;
    let mut archive = tar::Archive::new(file);
    let mut listing = Listing::default();
    let mut walk = Walk { name, end: 0, last: None };
    match archive.entries_with_seek() {
        Ok(mut entries) => walk.over(&mut entries, &mut listing, &mut |mut member, _entry, listing| {
            member.is_cut = member.offset.saturating_add(member.size) > size;
            let held = usize::try_from(member.size).map_or(TAR_HEADER_BYTES, |bytes| bytes.min(TAR_HEADER_BYTES));
            match read_at(member.offset, held) {
                Ok(first) => listing.take(name, member, &first),
                Err(error) => listing.damages.push(error),
            }
        }),
        Err(cause) => listing.damages.push(walk.broken(cause)),
    }
    walk.note_end(size, &mut listing);
    listing.finish(name)
}

/// The members of an archive that is compressed as a whole. It is decompressed for that, and no more than `kept_bytes_max` of what it holds
/// are kept; of members behind those, their heads.
pub(super) fn list_compressed(listed: Listed, layers: &[Compression], shared: &Shared, kept_bytes_max: u64) -> Result<Listing> {
    let Listed { name, file, size } = listed;
    let raw = Box::new(Raw::of_file(file, size, Control::new(shared)));
    let decoder = layered(raw, layers, size, 0).map_err(|error| sequential::cannot_read(name, 0, error))?;
    let (Some(decoder), Some(&outer)) = (decoder, layers.last()) else { return Ok(Listing::default()) };
    let decoded = Decoded::new(decoder, outer);
    let given = decoded.given();
    let spool = Spool::new(kept_bytes_max);
    let mut archive = tar::Archive::new(Spooled::new(decoded, spool.clone()));
    let mut listing = Listing::default();
    let mut walk = Walk { name, end: 0, last: None };
    match archive.entries() {
        Ok(mut entries) => walk.over(&mut entries, &mut listing, &mut |mut member, entry, listing| {
            let (head, first) = head_of(entry);
            member.head = (!spool.borrow().keeps()).then(|| PackedHead::new(&head));
            listing.take(name, member, &first);
        }),
        Err(cause) => listing.damages.push(walk.broken(cause)),
    }
    place_members(&mut listing.members, &spool);
    if given.load(Relaxed) < walk.end && listing.members.last().is_some_and(|last| Some(&last.name) == walk.last.as_ref()) {
        // It broke within the last member, whose reading will say so.
        listing.damages.clear();
    }
    walk.note_end(given.load(Relaxed), &mut listing);
    Ok(listing.finish(name))
}

/// Says of each member where it was kept. Of the one that was not kept to its end the head is taken from what was.
fn place_members(members: &mut [Member], spool: &RefCell<Spool>) {
    let Some((file, bytes)) = spool.borrow_mut().take() else { return };
    for member in members {
        let (from, to) = (member.offset, member.offset.saturating_add(member.size));
        if to <= bytes {
            (member.head, member.spool) = (None, Some(file.clone()));
        } else if member.head.is_none() {
            let mut kept = Stretch { file: file.clone(), from, to: bytes };
            member.head = Some(PackedHead::new(&head_of(&mut kept).0));
        }
    }
}

/// What is done with each member that is a file.
type OnFile<'f, R> = dyn FnMut(Member, &mut Entry<R>, &mut Listing) + 'f;

/// A walk over the headers of an archive.
struct Walk<'a> {
    name: &'a str,
    /// Where the next header is due.
    end: u64,
    /// The member before it.
    last: Option<String>,
}

impl Walk<'_> {
    fn over<R: Read>(&mut self, entries: &mut Entries<R>, listing: &mut Listing, on_file: &mut OnFile<R>) {
        for entry in entries {
            match entry {
                Ok(mut entry) => self.visit(&mut entry, listing, on_file),
                Err(cause) => return listing.damages.push(self.broken(cause)),
            }
        }
    }

    fn visit<R: Read>(&mut self, entry: &mut Entry<R>, listing: &mut Listing, on_file: &mut OnFile<R>) {
        let (offset, size) = (entry.raw_file_position(), entry.size());
        self.end = offset.saturating_add(size).div_ceil(TAR_HEADER_BYTES as u64).saturating_mul(TAR_HEADER_BYTES as u64);
        let raw_name = entry.path_bytes().into_owned();
        let name = plain_name(&raw_name);
        self.last = Some(name.clone());
        match odd(entry, &raw_name) {
            Some(Odd::Silent) => {}
            Some(Odd::Told(what)) => listing.leave_out(what, &name),
            None => {
                let modified = entry.header().mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
                let member = Member { name, offset, size, layers: Vec::new(), modified, head: None, spool: None, is_cut: false };
                on_file(member, entry, listing);
            }
        }
    }

    #[cold]
    fn broken(&self, cause: io::Error) -> Error {
        let behind = self.last.as_ref().map_or(String::new(), |last| format!(", behind {last}"));
        let message = format!("{}: the archive is damaged at its byte {}{behind}; the members before count", self.name, self.end);
        Error::new(ErrorKind::Input, message).because(cause).hint("copy the archive again; `tar -t` lists what it holds")
    }

    /// Says that an archive of `size` bytes has no mark at its end, if it should have one behind the last member.
    fn note_end(&self, size: u64, listing: &mut Listing) {
        if let Some(last) = self.last.as_ref().filter(|_| listing.damages.is_empty() && size == self.end) {
            listing.notes.push(format!("{}: it has no end mark behind {last} and may have been cut off there", self.name));
        }
    }
}

/// What is no file whose bytes stand in the archive as they are.
enum Odd {
    /// Not worth a word.
    Silent,
    Told(&'static str),
}

fn odd<R: Read>(entry: &mut Entry<R>, raw_name: &[u8]) -> Option<Odd> {
    let kind = entry.header().entry_type();
    let is_sparse = |entry: &mut Entry<R>| match entry.pax_extensions() {
        Ok(Some(extensions)) => extensions.flatten().any(|extension| extension.key_bytes().starts_with(b"GNU.sparse.")),
        _ => false,
    };
    match kind {
        _ if kind.is_dir() || kind.is_pax_global_extensions() => Some(Odd::Silent),
        // Archives from before 1988 mark a directory by its name alone.
        _ if kind.is_file() && raw_name.ends_with(b"/") => Some(Odd::Silent),
        _ if kind.is_gnu_sparse() || is_sparse(entry) => Some(Odd::Told("a sparse file")),
        _ if kind.is_file() || kind.is_contiguous() => None,
        _ if kind.is_symlink() => Some(Odd::Told("a symbolic link")),
        _ if kind.is_hard_link() => Some(Odd::Told("a link to another member")),
        _ if kind.is_fifo() || kind.is_character_special() || kind.is_block_special() => Some(Odd::Told("a device or pipe")),
        _ => Some(Odd::Told("of an unknown kind")),
    }
}

/// The head of the member that is read next, and its first bytes as they stand in the archive. Damage ends them.
fn head_of(entry: &mut dyn Read) -> (Head, Vec<u8>) {
    let mut first = Vec::new();
    // What is read before damage stays in the buffer.
    entry.take(TAR_HEADER_BYTES as u64).read_to_end(&mut first).ok();
    let mut rest = io::Cursor::new(first.clone()).chain(entry);
    let Some(compression) = Shape::of(&first).compression() else {
        let mut fill = |buffer: &mut [u8]| fill(&mut rest, buffer);
        return (Head::read(Head::KEPT_BYTES_MAX, &mut fill).0, first);
    };
    let mut bytes = Vec::new();
    rest.take(COMPRESSED_HEAD_BYTES).read_to_end(&mut bytes).ok();
    let size = bytes.len() as u64;
    let head = match compression.decoder(Box::new(io::Cursor::new(bytes)), size, 0) {
        Ok(mut decoder) => sequential::decoded_head(&mut *decoder, Head::BYTES_MAX),
        Err(_) => Head { bytes: Vec::new(), complete: true },
    };
    (head, first)
}

/// Reads until the buffer is full, or what is read ends or breaks.
fn fill(from: &mut dyn Read, buffer: &mut [u8]) -> usize {
    let mut length = 0;
    while let Ok(count @ 1..) = from.read(&mut buffer[length..]) {
        length += count;
    }
    length
}
