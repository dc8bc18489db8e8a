//! What is checked. Each rule is a function from a file to violations.

use super::source::{Path, Source};
use super::{
    FILE_LINES_MAX, FLOORS, FUNCTION_LINES_MAX, FUNCTION_LINES_USUAL, FUNCTIONS_USUAL_PERCENT, HOMES, NEIGHBOURS,
    REASON_BYTES_MIN, UNSAFE_DOORS, UNSAFE_FILES,
};
use std::fmt;

/// A place where a rule is broken.
#[derive(PartialEq)]
pub struct Violation {
    path: String,
    line: usize,
    what: String,
    remedy: String,
}

impl Violation {
    pub fn new(path: &str, line: usize, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Violation { path: path.to_owned(), line, what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = if self.path == "Cargo.toml" { "" } else { "src/" };
        write!(f, "{folder}{}:{}: {}\n    remedy: {}", self.path, self.line, self.what, self.remedy)
    }
}

/// Holds all rules against all files.
pub fn check(sources: &[Source], manifest: &str) -> Vec<Violation> {
    let test_files: Vec<&String> = sources.iter().flat_map(|s| &s.test_files).collect();
    let mut out = Vec::new();
    for source in sources {
        fence(source, &mut out);
        sizes(source, &mut out);
        if !test_files.contains(&&source.path) {
            floors(source, &mut out);
            homes(source, &mut out);
            forbidden_paths(source, &mut out);
            forbidden_macros(source, &mut out);
            forbidden_methods(source, &mut out);
            opening(source, &mut out);
        }
    }
    most_functions_are_short(sources, &mut out);
    every_dependency_has_a_home(manifest, &mut out);
    // Two names from one forbidden crate on one line are one thing to put right.
    out.dedup();
    out
}

/// Imports point down only.
fn floors(source: &Source, out: &mut Vec<Violation>) {
    let room = source.room();
    if room == "lib" {
        return;
    }
    if room != "bin" && floor(room).is_none() {
        let remedy = "give it a floor in FLOORS of tests/suite/house.rs, or move it into a room";
        out.push(Violation::new(&source.path, 1, format!("`{room}` is no room of the house"), remedy));
        return;
    }
    for path in source.paths().iter().filter(|p| !p.is_test) {
        let Some(target) = target_room(source, path) else { continue };
        if room == "bin" || target == room || may_know(room, target) {
            continue;
        }
        let what = format!("`{room}` names `{}`", path.names.join("::"));
        let remedy = match (floor(room), floor(target)) {
            (_, None) => format!("`{target}` is no room: name what is meant by its room"),
            (Some(from), Some(to)) if to > from => format!(
                "`{target}` is floor {to}, above `{room}` (floor {from}): move what is needed down, or let the upper room pass it in"
            ),
            _ => format!("`{target}` is on the same floor: meet in a room below, as the towers meet in `aggregate`"),
        };
        out.push(Violation::new(&source.path, path.line, what, remedy));
    }
}

/// The room that a path leads to, if it leads through the root of the crate.
fn target_room<'a>(source: &Source, path: &'a Path) -> Option<&'a str> {
    let supers = path.names.iter().take_while(|n| *n == "super").count();
    let at = match path.names[0].as_str() {
        "crate" => 1,
        "super" if supers >= source.depth() => supers,
        _ => return None,
    };
    path.names.get(at).map(String::as_str)
}

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

fn may_know(room: &str, target: &str) -> bool {
    NEIGHBOURS.contains(&(room, target)) || floor(target).zip(floor(room)).is_some_and(|(to, from)| to < from)
}

/// Each dependency is named only in its homes.
fn homes(source: &Source, out: &mut Vec<Violation>) {
    for path in source.paths().iter().filter(|p| !p.is_test) {
        for (what, rooms) in HOMES {
            let names: Vec<&str> = what.split("::").collect();
            if path.begins(&names) && !rooms.contains(&source.room()) {
                let homes = if rooms.is_empty() { "no room".to_owned() } else { rooms.join(", ") };
                let remedy = format!("its home is {homes} (HOMES in tests/suite/house.rs): call through a function of that room");
                let what = format!("`{}` names `{what}`", source.room());
                out.push(Violation::new(&source.path, path.line, what, remedy));
            }
        }
    }
}

/// A row of `HOMES` for each dependency of the manifest.
fn every_dependency_has_a_home(manifest: &str, out: &mut Vec<Violation>) {
    let mut is_dependency = false;
    for (i, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            is_dependency = line.ends_with("dependencies]") && !line.contains("dev-");
            continue;
        }
        let Some((name, _)) = line.split_once('=').filter(|_| is_dependency && !line.starts_with([' ', '#'])) else { continue };
        let name = name.split('.').next().unwrap_or(name).trim().replace('-', "_");
        if !HOMES.iter().any(|(known, _)| *known == name) {
            let remedy = "give it a row in HOMES of tests/suite/house.rs, with the few rooms that need it";
            out.push(Violation::new("Cargo.toml", i + 1, format!("dependency `{name}` has no home"), remedy));
        }
    }
}

/// `unsafe` stays in its room, and the root denies it elsewhere.
fn fence(source: &Source, out: &mut Vec<Violation>) {
    for token in source.tokens.iter().filter(|t| t.is_word) {
        let allowed = match token.text.as_str() {
            "unsafe" => UNSAFE_FILES,
            "unsafe_code" => UNSAFE_DOORS,
            _ => continue,
        };
        if !allowed.contains(&source.path.as_str()) {
            let remedy =
                format!("unsafe lives in src/{} only, behind a measurement: write it safely", UNSAFE_FILES.join(", src/"));
            out.push(Violation::new(&source.path, token.line, format!("`{}`", token.text), remedy));
        }
    }
    let denies =
        |at: usize| ["deny", "forbid"].iter().any(|word| source.are(at, &["#", "!", "[", word, "(", "unsafe_code", ")"]));
    if source.path == "lib.rs" && !(0..source.tokens.len()).any(denies) {
        out.push(Violation::new("lib.rs", 1, "the root does not deny `unsafe`", "add `#![deny(unsafe_code)]`"));
    }
}

/// Functions and files end before a reader loses the thread.
fn sizes(source: &Source, out: &mut Vec<Violation>) {
    for function in source.functions().iter().filter(|f| f.lines > FUNCTION_LINES_MAX) {
        let what = format!("function `{}` has {} lines, above {FUNCTION_LINES_MAX}", function.name, function.lines);
        let remedy = "keep the branching here and move straight-line work into helpers";
        out.push(Violation::new(&source.path, function.line, what, remedy));
    }
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX {
        let what = format!("the file has {lines} lines, above {FILE_LINES_MAX}");
        out.push(Violation::new(&source.path, FILE_LINES_MAX + 1, what, "find its second noun, and give that a file"));
    }
    for (i, line) in source.text.lines().enumerate() {
        if let Some(word) = ["TODO", "FIXME", "XXX"].iter().find(|word| line.contains(**word)) {
            out.push(Violation::new(&source.path, i + 1, format!("`{word}`"), "do it, or open an issue"));
        }
    }
}

/// Nearly all functions fit in the eye.
fn most_functions_are_short(sources: &[Source], out: &mut Vec<Violation>) {
    let with_path = sources.iter().flat_map(|s| s.functions().into_iter().map(|f| (s.path.clone(), f)));
    let all: Vec<_> = with_path.filter(|(_, f)| !f.is_test).collect();
    let mut long: Vec<_> = all.iter().filter(|(_, f)| f.lines > FUNCTION_LINES_USUAL).collect();
    if (all.len() - long.len()) * 100 >= all.len() * FUNCTIONS_USUAL_PERCENT {
        return;
    }
    long.sort_by_key(|(_, f)| std::cmp::Reverse(f.lines));
    let worst: Vec<String> =
        long.iter().take(8).map(|(path, f)| format!("src/{path}:{} {} ({})", f.line, f.name, f.lines)).collect();
    let what = format!("{} of {} functions are longer than {FUNCTION_LINES_USUAL} lines", long.len(), all.len());
    out.push(Violation::new("lib.rs", 1, what, format!("shorten the longest: {}", worst.join(", "))));
}

/// The library neither prints nor exits, and asks neither the clock nor the environment.
fn forbidden_paths(source: &Source, out: &mut Vec<Violation>) {
    const CALLS: &[(&[&str], &str)] = &[
        (&["process", "exit"], "return an `Error`, or an exit code from `main`"),
        (&["process", "abort"], "return an `Error`"),
        (&["SystemTime", "now"], "take the instant as an argument"),
        (&["Instant", "now"], "take the instant as an argument"),
        (&["Timestamp", "now"], "take the instant as an argument"),
        (&["Zoned", "now"], "take the instant as an argument"),
        (&["io", "stdout"], "take a writer as an argument"),
        (&["io", "stderr"], "take a writer as an argument"),
    ];
    for path in source.paths().iter().filter(|p| !p.is_test && source.room() != "bin") {
        if let Some((call, remedy)) = CALLS.iter().find(|(call, _)| path.ends(call)) {
            out.push(Violation::new(&source.path, path.line, format!("`{}` in the library", call.join("::")), *remedy));
        }
    }
}

fn forbidden_macros(source: &Source, out: &mut Vec<Violation>) {
    const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln"];
    const UNFINISHED: &[&str] = &["dbg", "todo", "unimplemented", "panic"];
    for (at, token) in source.tokens.iter().enumerate().filter(|(_, t)| t.is_word && !t.is_test) {
        if !source.is(at + 1, "!") || !["(", "[", "{"].iter().any(|open| source.is(at + 2, open)) {
            continue;
        }
        let name = token.text.as_str();
        let remedy = match name {
            _ if UNFINISHED.contains(&name) => "finish it, or return an `Error`",
            _ if PRINTING.contains(&name) && source.room() != "bin" => {
                "return the text, or write it to a writer that was passed in"
            }
            _ => continue,
        };
        out.push(Violation::new(&source.path, token.line, format!("`{name}!`"), remedy));
    }
}

/// `unwrap` never, `expect` with a reason.
fn forbidden_methods(source: &Source, out: &mut Vec<Violation>) {
    for (at, token) in source.tokens.iter().enumerate().filter(|(_, t)| !t.is_test) {
        if source.are(at, &[".", "unwrap", "(", ")"]) {
            let remedy = "return an error; or, if it cannot happen, `expect` with the reason why not";
            out.push(Violation::new(&source.path, token.line, "`.unwrap()`", remedy));
        }
        // An `expect` of another type takes no text, so it is left alone.
        let Some(argument) = source.tokens.get(at + 3).filter(|_| source.are(at, &[".", "expect", "("])) else { continue };
        let is_text = argument.text.starts_with(['"', 'r']) && !argument.is_word;
        if is_text && argument.text.len() < REASON_BYTES_MIN + 2 || argument.text == "&" {
            let remedy = format!("say why it cannot happen, in {REASON_BYTES_MIN} characters or more of plain text");
            out.push(Violation::new(&source.path, token.line, "`.expect()` without a reason", remedy));
        }
    }
}

/// A file says first what it is.
fn opening(source: &Source, out: &mut Vec<Violation>) {
    if !source.text.starts_with("//!") {
        out.push(Violation::new(&source.path, 1, "the file does not begin with `//!`", "say in one sentence what it is"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the rules say to files of the house, as (path, line, beginning of the message).
    fn complaints(files: &[(&str, &str)]) -> Vec<(String, usize, String)> {
        let sources: Vec<Source> =
            files.iter().map(|(path, text)| Source::parse(path, text).expect("the snippet is Rust")).collect();
        check(&sources, "[dependencies]\nnom = \"8\"\n").into_iter().map(|v| (v.path, v.line, v.what)).collect()
    }

    /// The one complaint about a file whose body follows its opening line.
    #[track_caller]
    fn complaint(path: &str, body: &str) -> (usize, String) {
        let found = complaints(&[(path, &format!("//! Opening.\n{body}"))]);
        assert_eq!(found.len(), 1, "{body}: {found:?}");
        (found[0].1, found[0].2.clone())
    }

    #[track_caller]
    fn accepted(path: &str, body: &str) {
        let found = complaints(&[(path, &format!("//! Opening.\n{body}"))]);
        assert!(found.is_empty(), "{body}: {found:?}");
    }

    #[test]
    fn imports_point_down() {
        let (line, what) = complaint("format/plan.rs", "\nuse crate::slo::Spec;");
        assert_eq!((line, what.as_str()), (3, "`format` names `crate::slo::Spec`"));
        complaint("evaluate/mod.rs", "use crate::{error::Error, engine};");
        complaint("evaluate/window.rs", "fn f() { crate::scan::scan() }");
        complaint("evaluate/window.rs", "fn f() { format!(\"{}\", super::super::scan::N); }");
        complaint("time.rs", "use super::record::Record;");
        complaint("input/mod.rs", "use crate::output::Table;");
        complaint("scan.rs", "use crate::engine::Run;");
        complaint("record.rs", "use crate::batch::Batch;");
        complaint("scan.rs", "use crate::nowhere::Run;");
        complaint("cellar.rs", "");
        accepted("engine.rs", "use crate::{scan::{self, Worker}, aggregate as a};");
        accepted("slo/parse/mod.rs", "use super::super::slo::X; use super::expr; use crate::slo::Y; pub(crate) fn f() {}");
        accepted("format/plan.rs", "/// See [`crate::slo::Spec`].\nfn f() -> &'static str { \"crate::slo\" }");
        accepted("lib.rs", "#![deny(unsafe_code)]\npub use crate::output::Table;");
    }

    #[test]
    fn tests_may_know_more() {
        let body = "use crate::slo::S; fn f(x: Option<u8>) { x.unwrap(); println!() }";
        accepted("format/a.rs", &format!("#[cfg(test)]\n#[allow(dead_code)]\nmod tests {{ {body} }}"));
        accepted("format/a.rs", &format!("#![cfg(test)]\n{body}"));
        accepted("format/a.rs", "#[cfg(test)] use {crate::slo::S, arrow::A};\n#[test] fn f() { None::<u8>.unwrap(); }");
        let declared = [("format/mod.rs", "//! x\n#[cfg(test)]\nmod tests;\n"), ("format/tests.rs", body)];
        assert_eq!(complaints(&declared), []);
        complaint("format/a.rs", "#[cfg(not(test))] use crate::slo::S;");
        complaint("format/a.rs", "#[cfg(test)] use crate::slo::S;\nuse crate::slo::T;");
        complaint("format/a.rs", "#[cfg(test)] fn g() { }\nfn f() { None::<u8>.unwrap(); }");
    }

    #[test]
    fn dependencies_have_homes() {
        complaint("evaluate/mod.rs", "use arrow::array::Array;");
        complaint("scan.rs", "fn f() { rayon::spawn(g) }");
        complaint("slo/mod.rs", "use std::{fmt, fs};");
        complaint("slo/mod.rs", "use arrow::{array::Array, ipc};");
        complaint("bin/slix/run.rs", "use parquet::file;");
        accepted("slo/mod.rs", "use regex::bytes::Regex; use nom::{bytes::tag, IResult};");
        accepted("slo/mod.rs", "fn f(bytes: u8, s: S) { bytes; s.bytes(); S::bytes::<u8>(); }");
        accepted("bin/slix/main.rs", "fn main() { println!(\"{}\", std::env::args().count()); std::process::exit(slix::run()) }");
        let source = Source::parse("time.rs", "//! x").expect("the snippet is Rust");
        let manifest = "[dependencies]\nnom = \"8\"\nleft-pad = \"1\"\n[dev-dependencies]\nother = \"1\"\n[profile.dev]\nx = 1\n";
        let found = check(&[source], manifest);
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().starts_with("Cargo.toml:3: dependency `left_pad` has no home\n    remedy: "));
    }

    #[test]
    fn unsafe_is_fenced() {
        complaint("scan.rs", "fn f() { unsafe { g() } }");
        complaint("scan.rs", "#[cfg(test)] mod tests { fn f() { unsafe { g() } } }");
        complaint("scan.rs", "#![allow(unsafe_code)]");
        complaint("lib.rs", "#![warn(missing_docs)]");
        accepted("marks/x86.rs", "#![allow(unsafe_code)] fn f() { unsafe { g() } }");
        accepted("scan.rs", "// unsafe\nconst S: &str = \"unsafe\";");
    }

    #[test]
    fn functions_and_files_are_short() {
        let function = |lines: usize| format!("fn long<'a>(x: [u8; {{ 3 }}]) where u8: Copy {{{}}}\n", "\n".repeat(lines - 1));
        let many = "fn short() {}\n".repeat(9);
        accepted("scan.rs", &(function(70) + &many));
        let (line, what) = complaint("scan.rs", &(many.clone() + &function(71)));
        assert_eq!((line, what.as_str()), (11, "function `long` has 71 lines, above 70"));
        accepted("scan.rs", &function(25));
        let (_, what) = complaint("scan.rs", &(function(26) + &"fn short() {}\n".repeat(8)));
        assert_eq!(what, "1 of 9 functions are longer than 25 lines");
        accepted("scan.rs", "trait T { fn f(&self); fn g(); }\ntype F = fn(u8);");
        accepted("scan.rs", &"//\n".repeat(899));
        complaint("scan.rs", &"//\n".repeat(900));
        complaint("scan.rs", &format!("// {}", ["TO", "DO"].concat()));
    }

    #[test]
    fn the_library_is_silent_and_total() {
        for call in ["println!(\"\")", "eprint![]", "dbg!(1)", "todo!()", "panic!(\"no\")", "vec![dbg!(2)]"] {
            complaint("scan.rs", &format!("fn f() {{ {call}; }}"));
        }
        for call in ["std::time::SystemTime::now()", "Instant::now()", "jiff::Timestamp::now()", "io::stderr()"] {
            complaint("time.rs", &format!("fn f() {{ {call}; }}"));
        }
        for call in ["x.unwrap()", "x\n.unwrap()", "x.expect(\"short\")", "x.expect(&format!(\"x\"))"] {
            complaint("bin/slix/run.rs", &format!("fn f() {{ {call}; }}"));
        }
        complaint("scan.rs", "fn f() { std::env::var(\"X\"); }");
        accepted("scan.rs", "fn f() { x.unwrap_or(1); x.expect(\"bounded by the caller\"); self.expect(b'x')?; dbg != 1; }");
        assert_eq!(complaints(&[("scan.rs", "fn f() {}")]).len(), 1);
    }
}
