//! What is fuzzed: a function of any bytes for each grammar, which must neither panic nor hang. `tests/fuzz` runs them under cargo-fuzz, the
//! test suite with bounded input on stable Rust.

use jiff::tz::TimeZone;
use slix::format::detect::Detector;
use slix::format::extract::Extractor;
use slix::format::{Format, envelope, preset, propose};
use slix::slo::definitions::Definitions;
use slix::slo::normalize;

/// A grammar and the function that reads it.
pub type Target = (&'static str, fn(&[u8]));

/// Every grammar.
pub const TARGETS: [Target; 6] = [
    ("format_string", format_string),
    ("line", line),
    ("detect", detect),
    ("envelope", unwrap),
    ("definition", definition),
    ("path", path),
];

fn lines(data: &[u8]) -> Vec<&[u8]> {
    data.split(|&b| b == b'\n').take(64).collect()
}

/// A string of nginx, Apache or JSON.
pub fn format_string(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(format) = Format::parse(&text) {
        read(&format, data);
    }
}

/// Lines of the preset that the first byte chooses.
pub fn line(data: &[u8]) {
    let Some((&first, data)) = data.split_first() else { return };
    let presets: Vec<_> = preset::all().collect();
    read(&presets[usize::from(first) % presets.len()].family().unwrap(), data);
}

fn read(format: &Format, data: &[u8]) {
    let extractor = Extractor::bind(format, &[], Some(&TimeZone::UTC)).unwrap();
    let mut reader = extractor.reader("");
    for line in lines(data) {
        extractor.read(line, &mut reader);
        for (_, range) in extractor.raw_fields(&reader) {
            // Spans of a line that was not read are those of the line before.
            assert!(range.start <= range.end);
        }
        if let Some(misread) = extractor.misread(line, &mut reader) {
            assert!(misread.at <= line.len());
        }
    }
}

/// Lines of whatever they are.
pub fn detect(data: &[u8]) {
    thread_local!(static DETECTOR: Detector = Detector::new(preset::candidates().unwrap(), None).unwrap());
    let lines = lines(data);
    DETECTOR.with(|detector| _ = detector.find(&lines));
    _ = propose::string(&lines);
}

/// Lines in envelopes.
pub fn unwrap(data: &[u8]) {
    let lines = lines(data);
    for nesting in envelope::nestings(&lines) {
        let opened = envelope::unwrapped(lines.iter().copied(), &nesting);
        assert!(opened.len() <= lines.len());
        assert!(envelope::programs(opened.iter()).is_sorted());
    }
}

/// A definition file.
pub fn definition(data: &[u8]) {
    _ = Definitions::parse("slos.yaml", &String::from_utf8_lossy(data));
}

/// A path.
pub fn path(data: &[u8]) {
    _ = normalize::route(data);
}
