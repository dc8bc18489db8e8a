//! Archives in every kind and state: what each member gives, and what is said of the rest.

use std::io::{Cursor, Write};
use std::path::Path;

use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::tests::{bzip2, drain, gzip, lines, lz4, resolve, write, xz, zstd};
use super::*;
use crate::engine::Source;

/// What reading all members of an archive gives, by name, with what was said of each.
type Read = Vec<(String, Vec<u8>, Option<String>)>;

fn read_members(inputs: &Inputs, threads: usize) -> Read {
    let pieces = inputs.source(threads, None).unwrap();
    let mut read: Vec<(usize, u64, Vec<u8>, Option<String>)> = Vec::new();
    while let Some(piece) = pieces.next() {
        let mut piece = piece.map_err(|(_, error)| error).unwrap();
        let (bytes, error) = drain(&mut *piece, 5_000);
        read.push((piece.input(), piece.start(), bytes, error.map(|error| error.to_string())));
    }
    read.sort();
    read.into_iter().map(|(input, _, bytes, error)| (inputs.inputs()[input].name().to_owned(), bytes, error)).collect()
}

fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mtime(1_793_613_600);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn zip_of(members: &[(&str, &[u8], CompressionMethod)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content, method) in members {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(*method)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The same members, in every kind of archive and compressed in every way, give the same.
#[test]
fn members_are_inputs_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let long = "a/very/long/directory/".repeat(12) + "long.log";
    let contents = [lines(100_000), lines(3), Vec::new(), lines(70_000), lines(900), lines(300_000), lines(2_000)];
    let packed = [
        ("./logs/plain.log", contents[0].clone()),
        ("small.log", contents[1].clone()),
        ("empty.log", Vec::new()),
        ("zipped.log.gz", gzip(&contents[3])),
        (&long, zstd(&contents[4])),
        ("old.bz2", bzip2(&contents[5])),
        ("old.xz", [xz(&contents[6]), xz(&contents[6])].concat()),
        ("old.lz4", lz4(&contents[6])),
    ];
    let members: Vec<(&str, &[u8])> = packed.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
    let tar = tar_of(&members);
    let stored: Vec<_> = members.iter().map(|(name, bytes)| (*name, *bytes, CompressionMethod::Stored)).collect();
    let deflated: Vec<_> = members.iter().map(|(name, bytes)| (*name, *bytes, CompressionMethod::Deflated)).collect();
    let archives = [
        ("a.tar", tar.clone()),
        ("a.tar.gz", gzip(&tar)),
        ("a.tar.zst", zstd(&tar)),
        ("a.tar.bz2", bzip2(&tar)),
        ("a.tar.xz", xz(&tar)),
        ("a.tar.lz4", lz4(&tar)),
        ("stored.zip", zip_of(&stored)),
        // What is told by its bytes needs no name.
        ("deflated", zip_of(&deflated)),
    ];
    let kept = [u64::MAX, 300_000, 0];
    for ((archive, bytes), kept) in archives.iter().flat_map(|archive| kept.map(|kept| (archive, kept))) {
        let path = write(&directory, archive, bytes);
        let inputs = Inputs::resolve_keeping(&[&path], kept).complete().unwrap();
        let name = |member: &str| format!("{}:{member}", path.display());
        let twice = [&contents[6][..], &contents[6]].concat();
        let expected: Read = [
            ("logs/plain.log", &contents[0]),
            ("small.log", &contents[1]),
            ("empty.log", &contents[2]),
            ("zipped.log.gz", &contents[3]),
            (&long, &contents[4]),
            ("old.bz2", &contents[5]),
            ("old.xz", &twice),
            ("old.lz4", &contents[6]),
        ]
        .into_iter()
        .map(|(member, content)| (name(member), content.clone(), None))
        .collect();
        assert!(inputs.notes().is_empty() && inputs.damages().is_empty(), "{archive}: {inputs:?}");
        let read = read_members(&inputs, 2);
        for (read, expected) in read.iter().zip(&expected) {
            assert_eq!((&read.0, read.1.len(), &read.2), (&expected.0, expected.1.len(), &expected.2), "{archive}");
        }
        assert!(read == expected, "{archive}");
        for (input, (_, content, _)) in inputs.inputs().iter().zip(&expected) {
            let head = input.head().unwrap();
            assert!(head.bytes == content[..content.len().min(Head::BYTES_MAX)], "{archive}: {}", input.name());
            assert_eq!(head.complete, content.len() <= Head::BYTES_MAX, "{archive}: {}", input.name());
        }
        let bytes = inputs.log_bytes().unwrap();
        let most = if kept > 0 { tar.len() as u64 } else { 0 }.max(std::fs::metadata(&path).unwrap().len());
        assert!(bytes > 0 && bytes <= most, "{archive}: {bytes}");
    }
}

/// One stream has one reader at a time: others find nothing to do, wait for nothing, and miss nothing.
#[test]
fn the_members_of_a_compressed_archive_are_handed_on() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (lines(5_000), lines(9_000));
    let path = write(&directory, "a.tar.gz", &gzip(&tar_of(&[("a.log", &a), ("b.log", &b), ("c.log", &a)])));
    let inputs = Inputs::resolve_keeping(&[&path], 0).complete().unwrap();
    let pieces = inputs.source(4, None).unwrap();
    let first = pieces.next().unwrap().map_err(|(_, error)| error).unwrap();
    assert!(pieces.next().is_none());
    // A member that is left unread, or in its middle, does not shift the next one.
    drop(first);
    let mut second = pieces.next().unwrap().map_err(|(_, error)| error).unwrap();
    let mut some = [0; 100];
    assert_eq!((second.input(), second.read(&mut some).unwrap()), (1, 100));
    assert_eq!(some[..], b[..100]);
    drop(second);
    let mut third = pieces.next().unwrap().map_err(|(_, error)| error).unwrap();
    assert_eq!(drain(&mut *third, 777).0, a);
    drop(third);
    assert!(pieces.next().is_none());
}

/// A compressed archive is decompressed once: when its members are read, nobody needs it.
#[test]
fn a_compressed_archive_is_read_once() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (lines(400_000), lines(9_000));
    let bytes = gzip(&tar_of(&[("a.log", &a), ("b.log.gz", &gzip(&b)), ("c.log", &b)]));
    let path = write(&directory, "a.tar.gz", &bytes);
    let name = |member: &str| format!("{}:{member}", path.display());
    let (whole, part, nothing) =
        [u64::MAX, 300_000, 0].map(|kept| Inputs::resolve_keeping(&[&path], kept).complete().unwrap()).into();
    std::fs::remove_file(&path).unwrap();
    let heads: Vec<Vec<Head>> =
        [&whole, &part, &nothing].map(|inputs| inputs.inputs().iter().map(|i| i.head().unwrap()).collect()).into();
    assert!(heads[0] == heads[1] && heads[0] == heads[2]);
    let read = read_members(&whole, 3);
    assert!(read == [(name("a.log"), a, None), (name("b.log.gz"), b.clone(), None), (name("c.log"), b, None)]);
    for inputs in [part, nothing] {
        let source = inputs.source(1, None).unwrap();
        assert!(source.next().unwrap().is_err());
    }
}

/// A large member is read by many, as a file of its own would be, and so is one that was kept when it was decompressed.
#[test]
fn a_large_member_is_split() {
    let tar = |content: &[u8]| tar_of(&[("first.log", b"x\n"), ("large.log", content)]);
    is_split("a.tar", |content| tar(content));
    is_split("a.tar.zst", |content| zstd(&tar(content)));
}

fn is_split(name: &str, archive: impl Fn(&[u8]) -> Vec<u8>) {
    let directory = tempfile::tempdir().unwrap();
    let content = lines(20 << 20);
    let path = write(&directory, name, &archive(&content));
    let inputs = resolve(&[&path]).complete().unwrap();
    let pieces = inputs.source(2, None).unwrap();
    let mut parts = Vec::new();
    while let Some(piece) = pieces.next() {
        let mut piece = piece.map_err(|(_, error)| error).unwrap();
        if piece.input() == 1 {
            parts.push((piece.start(), super::tests::lines_of(&mut *piece)));
        }
    }
    assert!(parts.len() > 1);
    parts.sort();
    assert!(parts.into_iter().flat_map(|(_, bytes)| bytes).eq(content));
}

/// Cut off anywhere, what stands before the cut counts, and what is said names the member and the byte.
#[test]
fn archives_that_are_cut_off_count_up_to_there() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b, c) = (lines(3_000), lines(40_000), lines(5_000));
    let tar = tar_of(&[("a.log", &a), ("b.log", &b), ("c.log.gz", &gzip(&c))]);
    for cut in [600, 2_000, 5_000, 20_000, tar.len() - 2_500] {
        for (name, bytes) in
            [("cut.tar", tar[..cut].to_vec()), ("cut.tar.gz", gzip(&tar[..cut])), ("cut.tar.zst", zstd(&tar[..cut]))]
        {
            let path = write(&directory, name, &bytes);
            let inputs = resolve(&[&path]).complete().unwrap();
            let (mut held, mut broken) = (0, inputs.damages().len());
            for ((member, bytes, error), whole) in read_members(&inputs, 1).iter().zip([&a, &b, &c]) {
                assert!(whole.starts_with(bytes), "{name} at {cut}: {member}");
                held += bytes.len();
                if let Some(error) = error {
                    assert!(error.contains(member) && error.contains("cut off"), "{name} at {cut}: {error}");
                    broken += 1;
                }
            }
            assert!(
                broken == 1 && held + 4 * 512 >= cut.min(tar.len() - 1_024 - 1_500),
                "{name} at {cut}: {held} {broken} {inputs:?}"
            );
        }
    }
}

#[test]
fn damage_is_told_with_its_member_and_its_byte() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (lines(3_000), lines(400_000));
    let tar = tar_of(&[("a.log", &a), ("b.log", &b), ("c.log", &a)]);
    let second_header = 512 + a.len().div_ceil(512) * 512;
    let mut bad_header = tar.clone();
    bad_header[second_header + 20] ^= 0x55;
    let path = write(&directory, "a.tar", &bad_header);
    let inputs = resolve(&[&path]).complete().unwrap();
    assert_eq!(read_members(&inputs, 1), [(format!("{}:a.log", path.display()), a.clone(), None)]);
    let told = inputs.damages()[0].to_string();
    assert!(told.contains(&format!("damaged at its byte {second_header}, behind a.log")), "{told}");

    let mut packed = gzip(&tar);
    let at = packed.len() / 2;
    packed[at..at + 40].fill(0xff);
    let path = write(&directory, "a.tar.gz", &packed);
    let inputs = resolve(&[&path]).complete().unwrap();
    let read = read_members(&inputs, 1);
    assert_eq!((read.len(), inputs.damages().len()), (2, 0), "{inputs:?}");
    // Damaged bytes may decode to something before it shows that they cannot be right.
    assert!(read[0].1 == a && read[1].1[..50_000] == b[..50_000]);
    let told = read[1].2.as_ref().unwrap();
    assert!(told.contains("a.tar.gz:b.log") && told.contains("gzip data is damaged at byte"), "{told}");

    let whole = zip_of(&[("a.log", &a, CompressionMethod::Deflated), ("b.log", &b, CompressionMethod::Deflated)]);
    let mut bad = whole.clone();
    let at = whole.len() / 2;
    bad[at] ^= 0xff;
    let path = write(&directory, "a.zip", &bad);
    let inputs = resolve(&[&path]).complete().unwrap();
    let read = read_members(&inputs, 1);
    assert!(read[0].1 == a && read[0].2.is_none());
    let told = read[1].2.as_ref().unwrap();
    assert!(told.contains("a.zip:b.log") && told.contains("deflate data is damaged at byte"), "{told}");

    // What is not compressed is held against its sum too, also under a compression of its own.
    let packed = gzip(&b);
    for (name, bytes) in [("b.log", &b), ("b.log.gz", &packed)] {
        let mut bad = zip_of(&[("a.log", &a, CompressionMethod::Stored), (name, bytes, CompressionMethod::Stored)]);
        // The time of a gzip file is in no sum of its own.
        let at = bad.windows(bytes.len()).position(|window| window == bytes).unwrap() + 5;
        bad[at] ^= 1;
        let path = write(&directory, "stored.zip", &bad);
        let inputs = resolve(&[&path]).complete().unwrap();
        assert_eq!(inputs.inputs()[0].packing(), ["zip"]);
        let read = read_members(&inputs, 1);
        assert!(read[0].1 == a && read[0].2.is_none() && read[1].1.len() == b.len(), "{name}");
        let told = read[1].2.as_ref().unwrap().to_string();
        assert!(told.contains(&format!("stored.zip:{name}")) && told.contains("stored data is damaged at byte"), "{told}");
    }

    // Without its directory a zip archive is read by the headers of its members.
    let path = write(&directory, "cut.zip", &whole[..at]);
    let inputs = resolve(&[&path]).complete().unwrap();
    let read = read_members(&inputs, 1);
    assert!(read[0].1 == a && read[0].2.is_none() && b.starts_with(&read[1].1) && read[1].1.len() > 50_000);
    let told = read[1].2.as_ref().unwrap();
    assert!(told.contains(&format!("the deflate data is cut off after byte {at} of the file")), "{told}");
    assert!(inputs.damages()[0].message().contains("its directory is missing"));
}

/// A zip archive that was written into a pipe has sizes and sums behind its members only.
#[test]
fn zip_members_of_unknown_size_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (lines(30_000), lines(100));
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    for (name, content) in [("a.log", &a), ("b.log", &b)] {
        writer.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)).unwrap();
        writer.write_all(content).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    for (name, bytes) in [("whole.zip", &bytes[..]), ("headless.zip", &bytes[..bytes.len() - 30])] {
        let path = write(&directory, name, bytes);
        let inputs = resolve(&[&path]).complete().unwrap();
        let read = read_members(&inputs, 1);
        let told: Vec<_> = read.iter().map(|(_, bytes, error)| (bytes.len(), error.is_some())).collect();
        assert_eq!(told, [(a.len(), false), (b.len(), false)], "{name}");
        assert_eq!(inputs.damages().len(), usize::from(name == "headless.zip"));
    }
}

#[test]
fn what_is_no_log_in_an_archive_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_size(0);
    builder.append_data(&mut header, "logs/", &b""[..]).unwrap();
    header.set_entry_type(tar::EntryType::Symlink);
    builder.append_link(&mut header.clone(), "logs/current.log", "a.log").unwrap();
    builder.append_link(&mut header, "logs/today.log", "a.log").unwrap();
    let mut plain = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, bytes).unwrap();
    };
    plain("logs/a.log", b"a line\n");
    plain("logs/logo.png", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR");
    plain("inner.tar", &tar_of(&[("x.log", b"x\n")]));
    plain("a.7z", b"7z\xbc\xaf\x27\x1c\0\x04");
    let path = write(&directory, "a.tar", &builder.into_inner().unwrap());
    let inputs = resolve(&[&path]).complete().unwrap();
    let name = |member: &str| format!("{}:{member}", path.display());
    assert_eq!(read_members(&inputs, 1), [(name("logs/a.log"), b"a line\n".to_vec(), None)]);
    assert_eq!(
        inputs.notes(),
        [
            format!("{} is a symbolic link and is not read (and 1 more)", name("logs/current.log")),
            format!("{} is no text and is not read", name("logs/logo.png"))
        ]
    );
    let damages: Vec<&str> = inputs.damages().iter().map(|error| error.message()).collect();
    assert_eq!(
        damages,
        [
            format!("{}: this is an archive within an archive, which slix does not unpack", name("inner.tar")),
            format!("{}: this is a 7z archive within an archive, which slix does not unpack", name("a.7z"))
        ]
    );
    let only_link = write(&directory, "empty.tar", &[&[b'a'][..], &[0; 511]].concat());
    assert_eq!(resolve(&[&only_link]).inputs()[0].kind(), Kind::Plain);
}

#[test]
fn encrypted_members_and_unknown_methods_are_errors_beside_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    let mut bytes = zip_of(&[("a.log", b"a\n", CompressionMethod::Stored), ("b.log", b"b\n", CompressionMethod::Stored)]);
    let headers: Vec<usize> = (0..bytes.len() - 4).filter(|&at| bytes[at..].starts_with(b"PK\x03\x04")).collect();
    bytes[headers[0] + 6] |= 1;
    let path = write(&directory, "a.zip", &bytes);
    let inputs = resolve(&[&path]).complete().unwrap();
    assert_eq!(read_members(&inputs, 1).len(), 1);
    assert_eq!(
        inputs.damages()[0].message(),
        format!("{}:a.log: it is encrypted, which slix does not undo; the other members count", path.display())
    );
    bytes[headers[0] + 6] &= !1;
    bytes[headers[1] + 8] = 98;
    let path = write(&directory, "b.zip", &bytes);
    let inputs = resolve(&[&path]).complete().unwrap();
    assert_eq!(read_members(&inputs, 1), [(format!("{}:a.log", path.display()), b"a\n".to_vec(), None)]);
    assert!(inputs.damages()[0].message().contains("b.log: it is compressed by method 98"));
}

#[test]
fn an_archive_without_files_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = write(&directory, "empty.zip", &zip_of(&[]));
    let inputs = resolve(&[Path::new(&path)]);
    assert!(inputs.failures()[0].error.message().contains("the archive holds no files"), "{inputs:?}");
}

/// Members know their time, by which a year can be told.
#[test]
fn members_have_times() {
    let directory = tempfile::tempdir().unwrap();
    let path = write(&directory, "a.tar", &tar_of(&[("a.log", b"x\n")]));
    let inputs = resolve(&[&path]).complete().unwrap();
    assert_eq!(inputs.inputs()[0].modified(), Some(1_793_613_600));
    assert_eq!(inputs.inputs()[0].packing(), ["tar"]);
    let path = write(&directory, "a.tgz", &gzip(&tar_of(&[("a.log.zst", &zstd(b"x\n"))])));
    assert_eq!(resolve(&[&path]).complete().unwrap().inputs()[0].packing(), ["gzip", "tar", "zstd"]);
}
