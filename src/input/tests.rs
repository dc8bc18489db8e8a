//! Inputs as they lie about: real files, archives in every state of damage, pipes, trees.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use rustix::fs::Mode;
use tempfile::TempDir;

use super::*;
use crate::engine::{Piece, Source};
use crate::error::{Error, Result};

/// About `bytes` bytes of lines of many lengths, each different.
pub(super) fn lines(bytes: usize) -> Vec<u8> {
    let mut text = Vec::new();
    let mut n = 0_u64;
    while text.len() < bytes {
        n += 1;
        let noise = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        writeln!(text, "{n} {noise:x} {}", "x".repeat((noise % 90) as usize)).unwrap();
    }
    text
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn write(directory: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = directory.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

fn flag() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(false))
}

pub(super) fn resolve(paths: &[&Path]) -> Inputs {
    Inputs::resolve(paths, flag())
}

/// What one piece delivers, read in buffers of `buffer_bytes`.
pub(super) fn drain(piece: &mut dyn Piece, buffer_bytes: usize) -> (Vec<u8>, Option<Error>) {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; buffer_bytes]);
    loop {
        match piece.read(&mut buffer) {
            Ok(0) => return (bytes, None),
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) => return (bytes, Some(error)),
        }
    }
}

/// All of one input, given out whole.
fn read_whole(path: &Path) -> (Vec<u8>, Option<Error>, Vec<Note>) {
    let inputs = resolve(&[path]).complete().unwrap();
    let pieces = inputs.source(1, None).unwrap();
    let mut piece = pieces.next().unwrap().map_err(|(_, error)| error).unwrap();
    let (bytes, error) = drain(&mut *piece, 10_000);
    // After an error or the end nothing more comes.
    assert_eq!(piece.read(&mut [0; 8]).ok(), Some(0));
    drop(piece);
    assert!(pieces.next().is_none());
    (bytes, error, pieces.notes())
}

/// The lines whose first byte lies in `start..end`, by the contract of [`Piece`] and in the plainest way.
pub(super) fn lines_of(piece: &mut dyn Piece) -> Vec<u8> {
    let (start, end) = (piece.start(), piece.end());
    let (bytes, error) = drain(piece, 777);
    assert!(error.is_none(), "{error:?}");
    let base = start.saturating_sub(1);
    let mut position = base;
    let mut previous = if start == 0 { b'\n' } else { 0 };
    let mut inside = false;
    let mut kept = Vec::new();
    for byte in bytes {
        if previous == b'\n' {
            inside = position >= start && end.is_none_or(|end| position < end);
        }
        if inside {
            kept.push(byte);
        }
        (previous, position) = (byte, position + 1);
    }
    kept
}

fn lines_of_all(pieces: &Pieces) -> Result<Vec<u8>> {
    let mut parts = Vec::new();
    while let Some(piece) = pieces.next() {
        let mut piece = piece.map_err(|(_, error)| error)?;
        parts.push((piece.start(), lines_of(&mut *piece)));
    }
    parts.sort();
    Ok(parts.into_iter().flat_map(|(_, bytes)| bytes).collect())
}

pub(super) fn bzip2(content: &[u8]) -> Vec<u8> {
    let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    writer.write_all(content).unwrap();
    writer.finish().unwrap()
}

pub(super) fn xz(content: &[u8]) -> Vec<u8> {
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap()
}

pub(super) fn lz4(content: &[u8]) -> Vec<u8> {
    let mut writer = lz4_flex::frame::FrameEncoder::new(Vec::new());
    writer.write_all(content).unwrap();
    writer.finish().unwrap()
}

/// Several streams in a row are one content; what stands before damage counts, and the error says where it is.
#[test]
fn bzip2_xz_and_lz4_are_read_stream_by_stream() {
    let directory = tempfile::tempdir().unwrap();
    let lines: Vec<u8> =
        (0..60_000u32).flat_map(|i| format!("line {} of a log\n", i.wrapping_mul(2_654_435_761)).into_bytes()).collect();
    let (first, second) = lines.split_at(lines.len() / 2);
    type Pack = fn(&[u8]) -> Vec<u8>;
    for (name, pack, kind) in [("a.bz2", bzip2 as Pack, Kind::Bzip2), ("a.xz", xz, Kind::Xz), ("a.lz4", lz4, Kind::Lz4)] {
        let packed = [pack(first), pack(b""), pack(second)].concat();
        let path = write(&directory, name, &packed);
        assert_eq!(resolve(&[&path]).complete().unwrap().inputs()[0].kind(), kind);
        let (bytes, error, _) = read_whole(&path);
        assert!(error.is_none() && bytes == lines, "{name}: {} of {} bytes, {error:?}", bytes.len(), lines.len());

        let path = write(&directory, &format!("cut.{name}"), &packed[..packed.len() - 40]);
        let (bytes, error, _) = read_whole(&path);
        let error = error.unwrap_or_else(|| panic!("{name}: a cut passed unnoticed"));
        assert!(bytes.len() >= first.len() && lines.starts_with(&bytes), "{name}: {} bytes", bytes.len());
        assert!(error.message().contains("byte"), "{name}: {error}");
    }
}

#[test]
fn kinds_are_told_by_magic_and_not_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let cases = [
        ("a.gz", b"plain\n".to_vec(), Kind::Plain),
        ("b.log", gzip(b"x\n"), Kind::Gzip),
        ("c.gz", zstd(b"x\n"), Kind::Zstd),
        ("d.log", b"PAR1....PAR1".to_vec(), Kind::Slices),
        ("e", Vec::new(), Kind::Plain),
        ("f.parquet", b"P".to_vec(), Kind::Plain),
    ];
    for (name, bytes, kind) in &cases {
        let path = write(&directory, name, bytes);
        let inputs = resolve(&[&path]).complete().unwrap();
        assert_eq!(inputs.inputs()[0].kind(), *kind, "{name}");
        assert_eq!(inputs.inputs()[0].size(), Some(bytes.len() as u64), "{name}");
    }
    let inputs = resolve(&[directory.path()]).complete().unwrap();
    assert_eq!(inputs.inputs().len(), 6);
    let pieces = inputs.source(4, None).unwrap();
    let numbers: Vec<usize> =
        std::iter::from_fn(|| pieces.next()).map(|piece| piece.unwrap_or_else(|(_, e)| panic!("{e}")).input()).collect();
    assert_eq!(numbers.len(), 5, "the slices file is no log: {numbers:?}");
    assert!(!numbers.contains(&3));
}

#[test]
fn archives_of_several_members_are_read_whole() {
    let directory = tempfile::tempdir().unwrap();
    let text = lines(900_000);
    let (left, right) = text.split_at(300_001);
    let empty = gzip(b"");
    let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    for archive in [
        gzip(&text),
        [gzip(left), gzip(right)].concat(),
        [empty.clone(), gzip(left), empty.clone(), gzip(right), empty].concat(),
        zstd(&text),
        [zstd(left), zstd(right)].concat(),
        [&skippable[..], &zstd(left), &skippable, &zstd(b""), &zstd(right)].concat(),
    ] {
        let (bytes, error, notes) = read_whole(&write(&directory, "log", &archive));
        assert!(error.is_none(), "{error:?}");
        assert_eq!(bytes, text);
        assert_eq!(notes, []);
    }
}

#[test]
fn bytes_behind_a_gzip_member() {
    let directory = tempfile::tempdir().unwrap();
    let text = lines(5_000);
    let archive = gzip(&text);
    let (bytes, error, notes) = read_whole(&write(&directory, "zeros", &[&archive[..], &[0; 1000]].concat()));
    assert!((bytes == text) && error.is_none() && notes.is_empty(), "padding is silent: {error:?} {notes:?}");
    let path = write(&directory, "tail", &[&archive[..], b"\0\0some text"].concat());
    let (bytes, error, notes) = read_whole(&path);
    assert!((bytes == text) && error.is_none());
    let want = format!(
        "{}: 11 bytes after the gzip data, from byte {} of the file, are no gzip and were ignored",
        path.display(),
        archive.len()
    );
    assert_eq!(notes, [Note { input: 0, text: want }]);
}

#[test]
fn a_truncated_archive_counts_up_to_the_cut() {
    let directory = tempfile::tempdir().unwrap();
    // Several blocks of zstd, which decodes whole blocks.
    let text = lines(400_000);
    for (name, archive) in [("gzip", [gzip(&text), gzip(&text)].concat()), ("zstd", [zstd(&text), zstd(&text)].concat())] {
        let whole = text.repeat(2);
        let member = archive.len() / 2;
        let mut longest = 0;
        let cuts = (6..member + 40).step_by(997).chain([member - 1, member, member + 1, member + 2, archive.len() - 1]);
        let mut cuts: Vec<usize> = cuts.collect();
        cuts.sort_unstable();
        for cut in cuts {
            let (bytes, error, _) = read_whole(&write(&directory, "cut", &archive[..cut]));
            assert!(whole.starts_with(&bytes), "{name} cut at {cut}");
            assert!(bytes.len() >= longest, "{name} cut at {cut}: a longer file gives at least as much");
            longest = bytes.len();
            if cut == member {
                assert!((bytes == text) && error.is_none());
                continue;
            }
            let message = error.expect("a cut is an error").to_string();
            let want = format!("the {name} data is cut off after byte {cut} of the file; the {} bytes inflated", bytes.len());
            assert!(message.contains(&want), "{message}");
        }
        assert!(longest > text.len(), "{name}: the second member counts as far as it is readable");
    }
}

#[test]
fn damage_is_located_and_never_silent() {
    let directory = tempfile::tempdir().unwrap();
    let text = lines(600_000);
    let mut archive = gzip(&text);
    let crc = archive.len() - 8;
    archive[crc] ^= 1;
    let (bytes, error, _) = read_whole(&write(&directory, "crc", &archive));
    assert_eq!(bytes, text, "all of it could be read; only the check sum differs");
    let message = error.unwrap().to_string();
    assert!(message.contains("the gzip data is damaged at byte") && message.contains("check"), "{message}");

    for (name, mut archive) in [("gzip", gzip(&text)), ("zstd", zstd(&text))] {
        let middle = archive.len() / 2;
        archive[middle..middle + 64].fill(0xff);
        let (bytes, error, _) = read_whole(&write(&directory, "middle", &archive));
        let error = error.unwrap();
        assert!(error.message().contains(&format!("the {name} data is damaged at byte")), "{error}");
        assert!(bytes.len() > text.len() / 4, "{name}: what stood before the damage counts, {}", bytes.len());
        let same = bytes.iter().zip(&text).take_while(|(a, b)| a == b).count();
        assert!(same > text.len() / 4, "{name}: {same}");
    }
}

#[test]
fn what_was_decoded_before_the_end_counts_however_much_is_read_at_once() {
    let directory = tempfile::tempdir().unwrap();
    // It is not to become small: xz is decoded in chunks of 64 KiB of what was compressed.
    let mut state = 7_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state >> 8
    };
    let text = (0..20_000).map(|_| format!("{:x} {:x}\n", draw(), draw())).collect::<String>().into_bytes();
    for (name, archive) in [("gzip", gzip(&text)), ("zstd", zstd(&text)), ("xz", xz(&text))] {
        let path = write(&directory, name, &archive[..archive.len() / 2]);
        let inputs = resolve(&[&path]).complete().unwrap();
        let pieces = inputs.source(1, None).unwrap();
        let mut piece = pieces.next().unwrap().map_err(|(_, error)| error).unwrap();
        let (bytes, error) = drain(&mut *piece, 1 << 20);
        assert!(error.is_some() && text.starts_with(&bytes), "{name}");
        assert!(bytes.len() > text.len() / 4, "{name}: {} of {}", bytes.len(), text.len());
    }
}

#[test]
fn one_large_file_becomes_pieces_that_tile_it() {
    let directory = tempfile::tempdir().unwrap();
    let text = lines(20 << 20);
    let path = write(&directory, "large.log", &text);
    let inputs = resolve(&[&path]).complete().unwrap();
    let pieces = inputs.source(2, None).unwrap();
    let mut ends = vec![];
    while let Some(Ok(piece)) = pieces.next() {
        ends.push((piece.start(), piece.end().unwrap()));
    }
    assert_eq!(ends.len(), 3);
    assert_eq!((ends[0].0, ends[2].1), (0, text.len() as u64));
    assert!(ends.windows(2).all(|pair| pair[0].1 == pair[1].0));
    let read = lines_of_all(&inputs.source(2, None).unwrap()).unwrap();
    assert!(read == text);
    assert_eq!(inputs.bytes_read().load(Relaxed), text.len() as u64, "every byte is progress once");
    assert_eq!(inputs.log_bytes(), Some(text.len() as u64));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn ranges_that_tile_a_content_give_all_its_lines(mut cuts in prop::collection::vec(0_u64..6_000, 0..6), shape in 0..3) {
        let directory = tempfile::tempdir().unwrap();
        let text = lines(5_000);
        let stored = match shape { 0 => text.clone(), 1 => gzip(&text), _ => zstd(&text) };
        let path = write(&directory, "log", &stored);
        cuts.sort_unstable();
        let starts = std::iter::once(0).chain(cuts.iter().copied());
        let ends = cuts.iter().copied().map(Some).chain([None]);
        let mut read = Vec::new();
        for (start, end) in starts.zip(ends) {
            let inputs = resolve(&[&path]).complete().unwrap();
            let pieces = inputs.source(3, Some(ByteRange { start, end })).unwrap();
            read.extend(lines_of_all(&pieces).unwrap());
        }
        prop_assert!(read == text);
    }
}

#[test]
fn a_range_needs_one_log() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (write(&directory, "a", b"x\n"), write(&directory, "b", b"PAR1"));
    let range = Some(ByteRange { start: 0, end: Some(5) });
    assert_eq!(
        resolve(&[&a, &b]).source(1, range).err().unwrap().message(),
        "--range reads a part of one log, but there are 2 inputs"
    );
    assert_eq!(
        resolve(&[&b]).source(1, range).err().unwrap().message(),
        "--range reads a part of a log, but this is a slices file"
    );
}

#[test]
fn heads_are_the_first_64_kib_of_the_content() {
    let directory = tempfile::tempdir().unwrap();
    for bytes in [0, 1, 1000, 65_536, 65_537, 300_000] {
        let mut text = lines(bytes + 1);
        text.truncate(bytes);
        for stored in [text.clone(), gzip(&text), zstd(&text)] {
            let path = write(&directory, "log", &stored);
            let inputs = resolve(&[&path]).complete().unwrap();
            let head = inputs.inputs()[0].head().unwrap();
            assert_eq!(head.complete, bytes <= 65_536, "{bytes}");
            assert!(head.bytes == text[..bytes.min(65_536)], "{bytes}");
            assert_eq!(inputs.bytes_read().load(Relaxed), 0, "a head is no progress");
        }
    }
    // A head with damage in it is what can be read of it.
    let archive = gzip(&lines(30_000));
    let inputs = resolve(&[&write(&directory, "cut", &archive[..archive.len() / 2])]).complete().unwrap();
    let head = inputs.inputs()[0].head().unwrap();
    assert!(head.complete && head.bytes.len() > 10_000);
}

#[test]
fn directories_are_walked_in_order() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["b.log", "a/2.log", "a/1.log", "a/.hidden", ".git/x", "c.log"] {
        write(&directory, name, name.as_bytes());
    }
    symlink("..", directory.path().join("a/up")).unwrap();
    symlink("../b.log", directory.path().join("a/0.log")).unwrap();
    let fifo = directory.path().join("d.pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let inputs = resolve(&[directory.path()]).complete().unwrap();
    let names: Vec<_> = inputs
        .inputs()
        .iter()
        .map(|input| input.path().unwrap().strip_prefix(directory.path()).unwrap().to_str().unwrap())
        .collect();
    assert_eq!(names, ["a/0.log", "a/1.log", "a/2.log", "c.log"]);
    let notes = inputs.notes().join("\n");
    for part in ["a/up leads back to", "b.log is the same file as", "d.pipe is not a regular file"] {
        assert!(notes.contains(part), "{notes}");
    }
    assert_eq!(inputs.notes().len(), 3, "{notes}");

    fs::create_dir(directory.path().join("empty")).unwrap();
    let empty = resolve(&[&directory.path().join("empty")]);
    assert!(empty.failures()[0].error.message().ends_with("empty: the directory holds no files"));
}

#[test]
fn patterns_match_as_in_a_shell() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["x/2026-01/a.gz", "x/2026-01/b.log", "x/2026-02/c.gz", "x/2027-01/d.gz", "x/.e.gz", "x/[1].gz", "x/1.gz"] {
        write(&directory, name, name.as_bytes());
    }
    let found = |pattern: &str| {
        let inputs = resolve(&[&directory.path().join(pattern)]);
        let names = inputs
            .inputs()
            .iter()
            .map(|input| input.path().unwrap().strip_prefix(directory.path()).unwrap().display().to_string());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found("x/*/*.gz"), "x/2026-01/a.gz x/2026-02/c.gz x/2027-01/d.gz");
    assert_eq!(found("x/2026-*/"), "x/2026-01/a.gz x/2026-01/b.log x/2026-02/c.gz");
    assert_eq!(found("x/**/*.log"), "x/2026-01/b.log");
    assert_eq!(found("*/2026-0[2-9]/?.{gz,zst}"), "x/2026-02/c.gz");
    assert_eq!(found("x/*.gz"), "x/1.gz x/[1].gz");
    assert_eq!(found("x/.*.gz"), "x/.e.gz");
    assert_eq!(found("x/[1].gz"), "x/[1].gz", "a file that is there wins over its reading as a pattern");
    let failed = |pattern: &str| resolve(&[&directory.path().join(pattern)]).complete().unwrap_err().to_string();
    assert!(failed("x/*.bz2").ends_with("x/*.bz2: no file matches this pattern"));
    assert!(failed("nowhere/*.gz").ends_with("nowhere/*.gz: no file matches this pattern"));
    assert!(failed("x/[1").contains("it is not a pattern either"));
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let good = write(&directory, "good.log", b"line\n");
    let utf16 = write(&directory, "utf16.log", b"\xff\xfea\0");
    let xz = write(&directory, "old.7z", b"7z\xbc\xaf\x27\x1c....");
    let missing = directory.path().join("missing.log");
    let dangling = directory.path().join("dangling.log");
    symlink("nothing", &dangling).unwrap();
    let inputs = resolve(&[&missing, &utf16, &good, Path::new("/dev/null"), &xz, &dangling, &good]);
    assert_eq!(inputs.inputs().len(), 1);
    assert_eq!(inputs.notes(), [format!("{} was named twice and is read once", good.display())]);
    let failures: Vec<String> = inputs.failures().iter().map(|failure| failure.error.to_string()).collect();
    for (failure, part) in failures.iter().zip([
        "missing.log: it cannot be opened: No such file",
        "utf16.log: the text is UTF-16LE",
        "/dev/null: it is neither a file nor a pipe but a device",
        "old.7z: this is a 7z archive, which slix does not unpack",
        "dangling.log: it cannot be opened",
    ]) {
        assert!(failure.contains(part), "{failure}");
    }
    assert_eq!(failures.len(), 5);
    assert_eq!(lines_of_all(&inputs.source(1, None).unwrap()).unwrap(), b"line\n");
    assert!(inputs.complete().unwrap_err().message().contains("missing.log"));
}

#[test]
fn a_file_that_changes_is_an_error_and_appended_bytes_are_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = write(&directory, "live.log", b"one\ntwo\n");
    let inputs = resolve(&[&path]).complete().unwrap();
    File::options().append(true).open(&path).unwrap().write_all(b"three\n").unwrap();
    assert_eq!(lines_of_all(&inputs.source(1, None).unwrap()).unwrap(), b"one\ntwo\n");
    assert_eq!(inputs.inputs()[0].head().unwrap(), Head { bytes: b"one\ntwo\n".to_vec(), complete: true });

    let pieces = inputs.source(1, None).unwrap();
    let mut piece = pieces.next().unwrap().map_err(|(_, error)| error).unwrap();
    File::options().write(true).open(&path).unwrap().set_len(2).unwrap();
    let (bytes, error) = drain(&mut *piece, 100);
    assert_eq!(bytes, b"on");
    assert!(error.unwrap().message().contains("became shorter while it was read: it had 8 bytes, and ends before byte 2"));

    let other = write(&directory, "other.log", b"something else\n");
    fs::rename(other, &path).unwrap();
    let pieces = inputs.source(1, None).unwrap();
    let (number, error) = pieces.next().unwrap().err().unwrap();
    assert_eq!(number, 0);
    assert!(error.message().contains("replaced or truncated"), "{error}");
}

/// A pipe whose reading end has a name.
fn fifo(directory: &TempDir) -> PathBuf {
    let path = directory.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    path
}

#[test]
fn pipes_are_read_to_their_end_and_unpacked() {
    let text = lines(400_000);
    for stored in [Vec::new(), b"x".to_vec(), text.clone(), gzip(&text), zstd(&text)] {
        let directory = tempfile::tempdir().unwrap();
        let path = fifo(&directory);
        let (writer_path, bytes) = (path.clone(), stored.clone());
        let writer = std::thread::spawn(move || {
            // The reader is there first and must wait for a writer.
            std::thread::sleep(Duration::from_millis(20));
            File::options().write(true).open(writer_path).unwrap().write_all(&bytes).unwrap();
        });
        let inputs = resolve(&[&path]).complete().unwrap();
        let input = &inputs.inputs()[0];
        assert_eq!((input.kind(), input.size(), inputs.log_bytes()), (Kind::Stream, None, None));
        let want = if stored.len() < 2 { &stored } else { &text };
        let head = input.head().unwrap();
        assert!(want.starts_with(&head.bytes));
        assert_eq!(head.bytes.len(), want.len().min(65_536));
        let pieces = inputs.source(2, None).unwrap();
        assert!(lines_of_all(&pieces).unwrap() == *want);
        assert_eq!(pieces.interruption(), Interruption::None);
        assert_eq!(inputs.bytes_read().load(Relaxed), stored.len() as u64);
        writer.join().unwrap();
    }
}

#[test]
fn a_pipe_refuses_what_needs_a_file() {
    for (bytes, part) in [
        (&b"PAR1...."[..], "slices (a Parquet file) cannot be read from a pipe"),
        (b"PK\x03\x04...", "a zip archive"),
        (b"\xfe\xff\0x", "UTF-16BE"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = fifo(&directory);
        let writer_path = path.clone();
        let writer = std::thread::spawn(move || File::options().write(true).open(writer_path).unwrap().write_all(bytes).unwrap());
        let message = resolve(&[&path]).complete().unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
        writer.join().unwrap();
    }
}

#[test]
fn a_stop_ends_a_silent_pipe_as_if_it_had_ended() {
    let text = lines(200_000);
    let gzipped = gzip(&text);
    // A compressed pipe that is stopped ends in the middle of its data, and that is not damage.
    for stored in [text.clone(), gzipped[..gzipped.len() - 9].to_vec()] {
        let directory = tempfile::tempdir().unwrap();
        let path = fifo(&directory);
        let stop = flag();
        let (writer_path, writer_stop) = (path.clone(), stop.clone());
        let writer = std::thread::spawn(move || {
            let mut pipe = File::options().write(true).open(writer_path).unwrap();
            pipe.write_all(&stored).unwrap();
            std::thread::sleep(Duration::from_millis(150));
            writer_stop.store(true, Relaxed);
            std::thread::sleep(Duration::from_millis(300));
        });
        let inputs = Inputs::resolve(&[&path], stop).complete().unwrap();
        let pieces = inputs.source(1, None).unwrap();
        let mut piece = pieces.next().unwrap().map_err(|(_, error)| error).unwrap();
        let (bytes, error) = drain(&mut *piece, 5_000);
        assert!(error.is_none(), "{error:?}");
        assert!(text.starts_with(&bytes) && bytes.len() > text.len() - 100, "{}", bytes.len());
        assert!(piece.interrupted());
        drop(piece);
        assert_eq!(pieces.interruption(), Interruption::Streams);
        writer.join().unwrap();
    }
}

#[test]
fn a_stop_ends_files_too_and_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let text = lines(3 << 20);
    let paths = [write(&directory, "a.log", &text), write(&directory, "b.gz", &gzip(&text)), write(&directory, "c.log", b"x\n")];
    let stop = flag();
    let inputs = Inputs::resolve(&paths, stop.clone()).complete().unwrap();
    let pieces = inputs.source(1, None).unwrap();
    let mut piece = pieces.next().unwrap().map_err(|(_, error)| error).unwrap();
    assert_eq!(piece.input(), 1, "compressed inputs come first");
    assert!(piece.read(&mut [0; 100]).unwrap() > 0);
    assert_eq!(pieces.interruption(), Interruption::None);
    stop.store(true, Relaxed);
    // Dropping ends the thread that inflates, which has filled all its buffers by now or is about to.
    drop(piece);
    assert!(pieces.next().is_none());
    assert_eq!(pieces.interruption(), Interruption::Files);
}

#[test]
fn dropping_a_piece_early_ends_its_thread() {
    let directory = tempfile::tempdir().unwrap();
    let archive = write(&directory, "a.gz", &gzip(&lines(4 << 20)));
    for reads in 0..4 {
        let inputs = resolve(&[&archive]).complete().unwrap();
        let pieces = inputs.source(1, None).unwrap();
        let mut piece = pieces.next().unwrap().map_err(|(_, error)| error).unwrap();
        for _ in 0..reads {
            assert!(piece.read(&mut [0; 300_000]).unwrap() > 0);
        }
        // The test ends only if this returns: dropping joins the thread.
        drop(piece);
    }
    // The same while the thread waits for a pipe that says nothing.
    let path = fifo(&directory);
    let writer_path = path.clone();
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn(move || {
        let mut pipe = File::options().write(true).open(writer_path).unwrap();
        // More than the first buffer, so that the head is there, and less than the pipe holds.
        pipe.write_all(&gzip(&lines(600_000))).unwrap();
        wait.recv().ok();
    });
    drop(resolve(&[&path]));
    drop(done);
    writer.join().unwrap();
}

/// Standard input belongs to the process, so this test runs itself again with another one.
#[test]
fn standard_input_may_be_empty_a_pipe_an_archive_or_a_file() {
    const CHILD: &str = "SLIX_TEST_STDIN_BYTES";
    if let Ok(expected) = std::env::var(CHILD) {
        let inputs = resolve(&[Path::new("-"), Path::new("-")]).complete().unwrap();
        assert_eq!(inputs.notes(), ["- was named twice and is read once"]);
        let input = &inputs.inputs()[0];
        assert_eq!((input.name(), input.path(), input.kind()), ("-", None, Kind::Stream));
        let read = lines_of_all(&inputs.source(2, None).unwrap()).unwrap();
        assert!(read == lines(expected.parse().unwrap()) || expected == "0" && read.is_empty());
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let text = lines(100_000);
    let run = |bytes: usize, stdin: std::process::Stdio| {
        let test = "input::tests::standard_input_may_be_empty_a_pipe_an_archive_or_a_file";
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        let output = command.args(["--exact", test]).env(CHILD, bytes.to_string()).stdin(stdin).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    };
    run(0, std::process::Stdio::null());
    for (name, stored) in [("plain", text.clone()), ("gz", gzip(&text)), ("zst", zstd(&text))] {
        run(100_000, File::open(write(&directory, name, &stored)).unwrap().into());
        let (reader, mut writer) = std::io::pipe().unwrap();
        let thread = std::thread::spawn(move || writer.write_all(&stored).unwrap());
        run(100_000, reader.into());
        thread.join().unwrap();
    }
}
