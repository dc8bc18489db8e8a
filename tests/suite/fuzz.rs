//! The fuzz targets on stable Rust, with bounded input: pieces of real lines put together anew, and runs of single bytes.

use proptest::prelude::*;
use proptest::sample::select;
use slix::format::preset;

#[path = "../support/fuzz.rs"]
mod targets;

/// What the input is made from: words of the grammars, and their marks.
fn pieces() -> Vec<Vec<u8>> {
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    for preset in preset::all() {
        pieces.push(format!("{}\n", preset.example).into_bytes());
        pieces.extend(preset.example.split_inclusive([' ', '"', ',', '\t']).map(|piece| piece.as_bytes().to_vec()));
    }
    let marks = ["\"", "\\", "[", "]", "{", "}", "\n", "\r\n", "\0", "-", ", ", " : ", "#Fields: ", "<134>", "$", "%", "\u{e9}"];
    pieces.extend(marks.iter().map(|mark| mark.as_bytes().to_vec()));
    let strings = [
        "$remote_addr ",
        "[$time_local] ",
        "%h ",
        "%>s",
        "\"$request\" ",
        "slos:\n",
        "- {name: a, target: 99%, good: status < 500}\n",
    ];
    pieces.extend(strings.iter().map(|piece| piece.as_bytes().to_vec()));
    pieces.push(vec![0xff, 0xc3]);
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_target_panics(chosen in prop::collection::vec(select(pieces()), 0..40), first in any::<u8>()) {
        let data = [vec![first], chosen.concat()].concat();
        targets::TARGETS.iter().for_each(|(_, target)| target(&data));
    }
}

#[test]
fn runs_of_one_byte_are_read() {
    for byte in [b'"', b'\\', b'[', b'{', b' ', b'-', b'0', b'a', b',', b':', b'\t', 0, 0xff] {
        let data = vec![byte; 20_000];
        targets::TARGETS.iter().for_each(|(_, target)| target(&data));
    }
}

/// The folder of cargo-fuzz has a file for each target.
#[test]
fn every_target_can_be_fuzzed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for (name, _) in targets::TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in tests/fuzz/Cargo.toml");
        assert!(folder.join(format!("fuzz_targets/{name}.rs")).exists(), "{name} has no file");
    }
}

/// Lines that look like those of a format until they go on with one byte without end: alone, behind a line, within one.
fn endless(preset: &preset::Preset, byte: u8, length: usize) -> [Vec<u8>; 3] {
    let head = preset.example.lines().last().unwrap().as_bytes();
    let run = vec![byte; length];
    [run.clone(), [head, &run].concat(), [&head[..head.len() / 2], &run].concat()]
}

const ENDLESS: [u8; 14] = *b"\"\\[] -0{,\t:=a%";

/// Processor seconds of this thread: time in which others had its core does not count.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Eight times as long a line takes about eight times as long, and not sixty-four times. What else the machine does may
/// make one measurement longer, but not the shortest of several.
#[test]
fn time_grows_with_the_length_of_a_line() {
    use jiff::tz::TimeZone;
    use slix::format::extract::Extractor;
    const SHORT: usize = 8_000;
    for preset in preset::all() {
        let extractor = Extractor::bind(&preset.family().unwrap(), &[], Some(&TimeZone::UTC)).unwrap();
        let mut reader = extractor.reader("");
        for (byte, which) in ENDLESS.iter().flat_map(|byte| (0..3).map(move |which| (*byte, which))) {
            let mut time = |length: usize| {
                let line = &endless(preset, byte, length)[which];
                let begin = cpu_seconds();
                _ = extractor.read(line, &mut reader);
                cpu_seconds() - begin
            };
            // What takes this little is not quadratic, whatever its ratio.
            let is_linear = |time: &mut dyn FnMut(usize) -> f64| {
                let long = time(8 * SHORT);
                long < 0.002 || long < 24.0 * time(SHORT)
            };
            assert!((0..10).any(|_| is_linear(&mut time)), "{}: {:?} ({which})", preset.name, byte as char);
        }
    }
}

/// So many bytes of one kind, in lines of 50 KB, take no more than ten times as long as as many of usual lines. As above, one measurement
/// says little; ten times is far from what any of them takes.
#[test]
fn no_line_takes_quadratic_time() {
    use jiff::tz::TimeZone;
    use slix::format::extract::Extractor;
    for preset in preset::all() {
        let extractor = Extractor::bind(&preset.family().unwrap(), &[], Some(&TimeZone::UTC)).unwrap();
        let time = |lines: &[Vec<u8>]| {
            let mut reader = extractor.reader("");
            let bytes: usize = lines.iter().map(Vec::len).sum();
            let begin = cpu_seconds();
            for _ in 0..(1_000_000 / bytes).max(1) {
                lines.iter().for_each(|line| _ = extractor.read(line, &mut reader));
            }
            cpu_seconds() - begin
        };
        let usual = [preset.example.lines().last().unwrap().as_bytes().to_vec()];
        for byte in ENDLESS {
            let odd = endless(preset, byte, 50_000);
            let ratios: Vec<f64> = (0..10).map(|_| time(&odd) / time(&usual)).take_while(|&ratio| ratio >= 10.0).collect();
            assert!(ratios.len() < 10, "{}: {:?} takes {ratios:.1?} times as long", preset.name, byte as char);
        }
    }
}
