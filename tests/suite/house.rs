//! The house test: it reads `src/` and holds what reviewers would otherwise have to remember.
//!
//! The tables of this file are the rules. Whoever needs another rule changes a table here, in the open; a violation says
//! file, line, what is wrong, and the remedy.

mod rules;
mod source;

use rules::Violation;
use source::Source;
use std::path::Path;

/// The top-level modules and their floors: imports point down only. The hot rooms (`scan`, `engine`) and the cold ones meet in
/// `aggregate`, so none of floor 4 may know another, and neither may those of floor 2 or 5.
const FLOORS: &[(&str, u8)] = &[
    ("error", 0),
    ("time", 0),
    ("ratio", 0),
    ("record", 1),
    ("block", 1),
    ("batch", 1),
    ("framing", 1),
    ("marks", 1),
    ("format", 2),
    ("slo", 2),
    ("aggregate", 3),
    ("scan", 4),
    ("engine", 4),
    ("evaluate", 4),
    ("slices", 4),
    ("input", 5),
    ("output", 5),
];

/// Neighbours on one floor of whom one may know the other, (who, whom): the fan-out runs the loop, and a batch is many records.
const NEIGHBOURS: &[(&str, &str)] =
    &[("engine", "scan"), ("batch", "record"), ("batch", "block"), ("marks", "block"), ("framing", "block")];

/// Which rooms may name a dependency, or a part of the standard library that reaches the world. `*` is every room.
/// A dependency without a row is a violation: each has a reason, and the reason has a place.
const HOMES: &[(&str, &[&str])] = &[
    ("aho_corasick", &["format"]),
    ("arrow", &["slices", "output"]),
    ("base64", &["output"]),
    ("bytes", &["slices", "input"]),
    ("bzip2", &["input"]),
    ("clap", &["bin"]),
    ("clap_complete", &["bin"]),
    ("clap_mangen", &["bin"]),
    ("comfy_table", &["output"]),
    ("csv", &["input"]),
    ("flate2", &["input"]),
    ("foldhash", &["slo", "aggregate", "scan"]),
    ("globset", &["slo", "input", "bin"]),
    ("indicatif", &["bin"]),
    ("jiff", &["time", "format", "slo", "aggregate", "evaluate", "input", "output", "bin"]),
    ("lz4_flex", &["input"]),
    ("lzma_rust2", &["input"]),
    ("matchit", &["slo"]),
    ("memchr", &["batch", "framing", "marks", "format", "slo", "aggregate", "scan", "input"]),
    ("miette", &["bin"]),
    ("minijinja", &["output"]),
    ("nom", &["format", "slo"]),
    ("parquet", &["slices", "output", "input"]),
    ("rayon", &["engine"]),
    ("regex", &["format", "slo"]),
    ("regex_automata", &["format", "slo"]),
    ("regex_syntax", &["slo"]),
    ("resvg", &["output"]),
    ("rrule", &["slo"]),
    ("rustix", &["input", "bin"]),
    ("serde", &["format", "slo", "slices", "output", "bin"]),
    ("serde_json", &["format", "slo", "slices", "input", "output", "bin"]),
    ("serde_saphyr", &["slo"]),
    ("sha2", &["aggregate", "slices", "input", "output"]),
    ("strsim", &["format", "slo", "bin"]),
    ("tempfile", &["input", "output", "bin"]),
    ("tar", &["input"]),
    ("terminal_size", &["bin"]),
    ("thiserror", &["error"]),
    ("tokio", &["bin"]),
    ("unicode_width", &["output", "bin"]),
    ("walkdir", &["input"]),
    ("zip", &["input"]),
    ("zstd", &["input"]),
    // The library asks neither for the clock nor for its surroundings, and only the edge touches files and threads.
    ("slix", &["bin"]),
    ("std::env", &["bin"]),
    ("std::fs", &["input", "output", "bin"]),
    ("std::net", &[]),
    ("std::process", &["bin"]),
    ("std::thread", &["engine", "input", "bin"]),
    ("std::arch", &["marks"]),
    ("core::arch", &["marks"]),
];

/// The one file that may say `unsafe`, and the files that may speak of the lint: they deny it, and let that one in.
const UNSAFE_FILES: &[&str] = &["marks/x86.rs"];
const UNSAFE_DOORS: &[&str] = &["lib.rs", "bin/slix/main.rs", "marks/mod.rs", "marks/x86.rs"];

/// Lines of the longest function.
const FUNCTION_LINES_MAX: usize = 70;
/// Lines of a usual function, and the share of functions (percent) that have no more.
const FUNCTION_LINES_USUAL: usize = 25;
const FUNCTIONS_USUAL_PERCENT: usize = 90;
/// Lines of the longest file.
const FILE_LINES_MAX: usize = 900;
/// Bytes of the shortest reason in an `expect`.
const REASON_BYTES_MIN: usize = 10;

#[test]
fn the_house_is_in_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("Cargo.toml is beside the tests");
    let mut files = Vec::new();
    collect(&root.join("src"), "", &mut files);
    assert!(files.len() > 20, "the house test found only {} files: it looks in the wrong place", files.len());
    let mut violations = Vec::new();
    let mut sources = Vec::new();
    for (path, text) in &files {
        match Source::parse(path, text) {
            Ok(source) => sources.push(source),
            Err(what) => violations.push(Violation::new(path, 1, what, "make it compile first")),
        }
    }
    violations.extend(rules::check(&sources, &manifest));
    let list: String = violations.iter().map(|v| format!("{v}\n")).collect();
    assert!(violations.is_empty(), "{} violations of the house rules:\n{list}", violations.len());
}

/// All Rust files below `folder`, with their paths below `src/`, in order.
fn collect(folder: &Path, prefix: &str, out: &mut Vec<(String, String)>) {
    let entries = std::fs::read_dir(folder).expect("src/ can be listed");
    let mut names: Vec<_> = entries.map(|e| e.expect("src/ can be listed").file_name()).collect();
    names.sort();
    for name in names {
        let (path, name) = (folder.join(&name), format!("{prefix}{}", name.to_string_lossy()));
        if path.is_dir() {
            collect(&path, &format!("{name}/"), out);
        } else if name.ends_with(".rs") {
            out.push((name, std::fs::read_to_string(&path).expect("a source file is UTF-8")));
        }
    }
}
