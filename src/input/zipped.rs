//! The members of zip archives (APPNOTE.TXT of PKWARE): by the directory at their end, and where that is cut off by the headers
//! before each member.

use std::io;

use super::archive::{Listed, Listing, Member, TAR_HEADER_BYTES, plain_name};
use super::control::{Control, Shared};
use super::decode::{Compression, Decoder, layered};
use super::deflate::{Deflate, Sums};
use super::raw::Raw;
use super::sequential;
use crate::error::{Error, ErrorKind, Result};

/// What begins the header before a member (APPNOTE 4.3.7).
const LOCAL_HEADER: &[u8] = b"PK\x03\x04";
/// What may begin the sums behind a member (4.3.9.3).
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
/// The fixed part of the header (4.3.7).
const LOCAL_HEADER_BYTES: usize = 30;
/// Flags of a member (4.4.4): encrypted; its sums and sizes stand behind it.
const ENCRYPTED: u16 = 1;
const SIZES_BEHIND: u16 = 1 << 3;
/// The extra field that has the sizes of large members (4.5.3).
const ZIP64: u16 = 1;

/// Reads bytes of the archive from a place in it, fewer at its end.
pub(super) type ReadAt<'a> = dyn Fn(u64, usize) -> Result<Vec<u8>> + 'a;

/// What stands before a member in the archive.
struct Local {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    crc: u32,
    packed_bytes: u64,
    bytes: u64,
    /// Where the bytes of the member begin.
    data: u64,
}

/// The members of an archive.
pub(super) fn list(listed: Listed, read_at: &ReadAt, shared: &Shared) -> Listing {
    let Listed { name, file, size } = listed;
    let mut scan = Scan { name, size, read_at, shared, listing: Listing::default() };
    let opened = file.try_clone().map_err(Into::into).and_then(zip::ZipArchive::new);
    match opened {
        Ok(archive) => scan.by_directory(&archive),
        Err(cause) => scan.by_headers(&file, cause),
    }
    scan.listing.finish(name)
}

struct Scan<'a> {
    name: &'a str,
    size: u64,
    read_at: &'a ReadAt<'a>,
    shared: &'a Shared,
    listing: Listing,
}

impl Scan<'_> {
    fn by_directory<R: io::Read + io::Seek>(&mut self, archive: &zip::ZipArchive<R>) {
        for number in 0..archive.len() {
            let Ok(entry) = archive.by_index_data(number) else { continue };
            let name = entry.name().map_or_else(|_| plain_name(entry.name_raw()), |name| plain_name(name.as_bytes()));
            if entry.is_dir() {
                continue;
            }
            if entry.is_symlink() {
                self.listing.leave_out("a symbolic link", &name);
                continue;
            }
            let local = match self.local(entry.header_start()) {
                Ok(Some(local)) => local,
                Ok(None) => {
                    self.fail(&name, &format!("there is no member at byte {} of the archive", entry.header_start()));
                    continue;
                }
                Err(error) => {
                    self.listing.damages.push(error);
                    continue;
                }
            };
            // The directory knows the sizes also where the header before the member does not.
            let local = Local { packed_bytes: entry.compressed_size(), bytes: entry.size(), crc: entry.crc32(), ..local };
            let modified = entry.last_modified().and_then(seconds);
            self.add(name, local, modified, true);
        }
    }

    /// Goes from member to member, as far as their headers tell where the next one is.
    fn by_headers(&mut self, file: &std::fs::File, cause: zip::result::ZipError) {
        let mut at = 0;
        while let Ok(Some(mut local)) = self.local(at) {
            let name = plain_name(&local.name);
            let is_known = local.flags & SIZES_BEHIND == 0;
            if !is_known {
                match self.packed_bytes(file, &local) {
                    Some(bytes) => local.packed_bytes = bytes,
                    // It is the last one that can be found; what there is of it is read.
                    None => local.packed_bytes = u64::MAX - local.data,
                }
            }
            at = local.data.saturating_add(local.packed_bytes);
            if !is_known && at < self.size {
                at = self.behind_descriptor(at);
            }
            if !local.name.ends_with(b"/") {
                self.add(name, local, None, is_known);
            }
        }
        let message = format!(
            "{}: the archive is damaged: its directory is missing; members are read up to byte {}",
            self.name,
            at.min(self.size)
        );
        let error = Error::new(ErrorKind::Input, message).because(cause);
        self.listing.damages.push(error.hint("copy the archive again; `unzip -t` checks it"));
    }

    /// The header at a place; none where there is none.
    fn local(&self, at: u64) -> Result<Option<Local>> {
        let fixed = (self.read_at)(at, LOCAL_HEADER_BYTES)?;
        if !fixed.starts_with(LOCAL_HEADER) || fixed.len() < LOCAL_HEADER_BYTES {
            return Ok(None);
        }
        let short = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
        let long = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
        let (name_bytes, extra_bytes) = (usize::from(short(26)), usize::from(short(28)));
        let variable = (self.read_at)(at + LOCAL_HEADER_BYTES as u64, name_bytes + extra_bytes)?;
        let (name, extra) = variable.split_at(name_bytes.min(variable.len()));
        let (bytes, packed_bytes) = large_sizes(extra, long(22), long(18));
        let data = at + (LOCAL_HEADER_BYTES + name_bytes + extra_bytes) as u64;
        Ok(Some(Local { name: name.to_vec(), flags: short(6), method: short(8), crc: long(14), packed_bytes, bytes, data }))
    }

    /// Adds a member, or says why it is not read.
    fn add(&mut self, name: String, local: Local, modified: Option<i64>, has_sums: bool) {
        if local.flags & ENCRYPTED != 0 {
            return self.fail(&name, "it is encrypted, which slix does not undo");
        }
        let sums = Sums { known: has_sums.then_some((local.crc, local.bytes)) };
        let layers = match local.method {
            0 => sums.known.map(|(sum, _)| Compression::Stored(sum)).into_iter().collect(),
            8 => vec![Compression::Deflate(sums)],
            12 => vec![Compression::Bzip2],
            93 => vec![Compression::Zstd],
            95 => vec![Compression::Xz],
            other => return self.fail(&name, &format!("it is compressed by method {other}, which slix does not read")),
        };
        let is_cut = local.data.saturating_add(local.packed_bytes) > self.size;
        let member =
            Member { name, offset: local.data, size: local.packed_bytes, layers, modified, head: None, spool: None, is_cut };
        match self.first_bytes(&member) {
            Ok(first) => self.listing.take(self.name, member, &first),
            Err(error) => self.listing.damages.push(error),
        }
    }

    /// The first bytes of a member as it was put into the archive.
    fn first_bytes(&self, member: &Member) -> Result<Vec<u8>> {
        let held = |bytes: u64, most: usize| usize::try_from(bytes).map_or(most, |bytes| bytes.min(most));
        if member.layers.is_empty() {
            return (self.read_at)(member.offset, held(member.size, TAR_HEADER_BYTES));
        }
        // The packed bytes of so few are fewer, or not many more; of bzip2 a whole block is needed.
        const PACKED: usize = 1 << 20;
        let most = if member.layers == [Compression::Bzip2] { PACKED } else { 8 * TAR_HEADER_BYTES };
        let packed = (self.read_at)(member.offset, held(member.size, most))?;
        let size = packed.len() as u64;
        let decoder = layered(Box::new(io::Cursor::new(packed)), &member.layers, size, 0);
        let mut first = vec![0; TAR_HEADER_BYTES];
        let length = match decoder {
            Ok(Some(mut decoder)) => sequential::decode_full(&mut *decoder, &mut first),
            _ => 0,
        };
        first.truncate(length);
        Ok(first)
    }

    /// How long a deflated member is whose header does not say: it is inflated to see.
    fn packed_bytes(&self, file: &std::fs::File, local: &Local) -> Option<u64> {
        if local.method != 8 || local.flags & ENCRYPTED != 0 {
            return None;
        }
        let left = self.size.checked_sub(local.data)?;
        let raw = Raw::of_member(file.try_clone().ok()?, local.data, left, Control::new(self.shared));
        let mut deflate = Deflate::over(Box::new(raw), left);
        let mut buffer = vec![0; 64 << 10];
        while deflate.decode(&mut buffer).ok()? > 0 {}
        Some(deflate.position())
    }

    /// The next header behind the sums of a member that end somewhere near `at`.
    fn behind_descriptor(&self, at: u64) -> u64 {
        // With the signature or without it, of four bytes a size or of eight.
        let near = (self.read_at)(at, 24 + LOCAL_HEADER.len()).unwrap_or_default();
        let skipped = if near.starts_with(DESCRIPTOR) { [16, 24] } else { [12, 20] };
        let found = skipped.into_iter().find(|&skip| near.get(skip..skip + 2) == Some(b"PK"));
        at + found.unwrap_or(skipped[0]) as u64
    }

    #[cold]
    fn fail(&mut self, name: &str, why: &str) {
        let message = format!("{}:{name}: {why}; the other members count", self.name);
        self.listing.damages.push(Error::new(ErrorKind::Input, message).hint("unpack this member and name its file"));
    }
}

/// The sizes of a member: of its content, and packed.
fn large_sizes(extra: &[u8], bytes: u32, packed_bytes: u32) -> (u64, u64) {
    let (mut sizes, mut rest) = ((u64::from(bytes), u64::from(packed_bytes)), extra);
    while let [id0, id1, n0, n1, field @ ..] = rest {
        let length = usize::from(u16::from_le_bytes([*n0, *n1])).min(field.len());
        let (field, others) = field.split_at(length);
        if u16::from_le_bytes([*id0, *id1]) == ZIP64 {
            let mut numbers = field.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
            if bytes == u32::MAX {
                sizes.0 = numbers.next().unwrap_or(sizes.0);
            }
            if packed_bytes == u32::MAX {
                sizes.1 = numbers.next().unwrap_or(sizes.1);
            }
        }
        rest = others;
    }
    sizes
}

/// A time of MS-DOS (4.4.6), which is in nobody knows which zone: as if it were UTC.
fn seconds(time: zip::DateTime) -> Option<i64> {
    let date = jiff::civil::DateTime::new(
        i16::try_from(time.year()).ok()?,
        i8::try_from(time.month()).ok()?,
        i8::try_from(time.day()).ok()?,
        i8::try_from(time.hour()).ok()?,
        i8::try_from(time.minute()).ok()?,
        i8::try_from(time.second()).ok()?,
        0,
    );
    Some(date.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}
