//! `slix rejects`: rejected lines by their shape, with what would read them.

use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;

use slix::error::Result;
use slix::format::detect::Detector;
use slix::format::extract::Reader;
use slix::format::{preset, propose};
use slix::output::escape::escape;
use slix::record::{Outcome, Reason};

use super::Session;
use super::args::LogsArgs;
use super::destination::Destination;
use super::exit::Exit;
use super::formats::Formats;
use super::survey::{self, Line, Log};

/// Shapes that are told apart; the lines of further ones are only counted.
const SHAPES_MAX: usize = 10_000;
/// Shapes that are shown, the most frequent first.
const SHOWN_MAX: usize = 20;
/// Lines of a shape that a proposal must read.
const EXAMPLES_MAX: usize = 20;
/// Bytes of a line that its shape is made of, and that are shown.
const SHAPE_BYTES_MAX: usize = 400;
const SHOWN_BYTES_MAX: usize = 160;
/// Bytes of what stands for a status by which lines are told apart.
const STATUS_BYTES_MAX: usize = 8;

/// Lines of one shape.
struct Group {
    count: u64,
    reason: Reason,
    examples: Vec<Vec<u8>>,
    /// Where the first one is.
    place: (usize, u64),
    expected: Option<(usize, String)>,
}

/// Runs the command.
pub fn run(args: &LogsArgs, session: &Session) -> Result<Exit> {
    let formats = Formats::new(&args.format, None)?;
    let inputs = survey::resolve(&args.inputs)?;
    let survey::Survey { logs, exit } =
        survey::logs(&inputs, &formats, &session.words, survey::Unknown::ByNearest, &|_| Vec::new())?;
    let mut groups: HashMap<Vec<u8>, Group> = HashMap::new();
    let mut readers: Vec<Reader> = logs.iter().map(|log| log.extractor.reader("")).collect();
    let (mut lines, mut rejected, mut beyond) = (0u64, 0u64, 0u64);
    let read = survey::read(&inputs, &logs, u64::MAX, &session.words, &mut |line| {
        lines += 1;
        let Some((reason, line_text)) = rejected_line(&line, &logs[line.log]) else { return };
        rejected += 1;
        let extractor = &logs[line.log].extractor;
        let misread = extractor.misread(line_text, &mut readers[line.log]);
        let expected = misread.map(|misread| (misread.at, misread.expected));
        let shape = shape(line_text, status_at(line_text, expected.as_ref()));
        if let Some(group) = groups.get_mut(&shape) {
            group.count += 1;
            if group.examples.len() < EXAMPLES_MAX {
                group.examples.push(line_text.to_vec());
            }
        } else if groups.len() < SHAPES_MAX {
            let place = (line.log, line.offset);
            groups.insert(shape, Group { count: 1, reason, examples: vec![line_text.to_vec()], place, expected });
        } else {
            beyond += 1;
        }
    })?;
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.count), group.place));
    let mut text = format!("{rejected} of {lines} lines were rejected, in {} shapes\n", groups.len());
    let detector = Detector::new(preset::candidates()?, formats.zone())?;
    for group in groups.iter().take(SHOWN_MAX) {
        let name = logs[group.place.0].input.name();
        describe(group, name, &detector, &mut text);
    }
    let hidden = beyond + groups.iter().skip(SHOWN_MAX).map(|group| group.count).sum::<u64>();
    if hidden > 0 {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(text, "\n{hidden} more lines have other shapes");
    }
    Destination::Stdout.write_text(&session.words.clean(&text))?;
    Ok(if read == Exit::Success { exit } else { read })
}

/// Why a line is not read, and its text out of its envelopes; none if it is read. Of a log that no format is of, a line that the nearest one
/// reads with its tail in a wrong field is not read either.
fn rejected_line<'a>(line: &'a Line, log: &Log) -> Option<(Reason, &'a [u8])> {
    let text = line.reader.text(line.text);
    match line.outcome {
        Outcome::Rejected(reason @ Reason::TooLong) => Some((reason, line.text)),
        Outcome::Rejected(reason) => Some((reason, text)),
        Outcome::Event if log.is_unknown && !log.extractor.reads_cleanly(text, line.reader) => Some((Reason::Layout, text)),
        _ => None,
    }
}

fn describe(group: &Group, name: &str, detector: &Detector, text: &mut String) {
    let example = group.examples.first().map_or(&[][..], |line| line);
    let shown = escape(&example[..example.len().min(SHOWN_BYTES_MAX)]);
    let dots = if example.len() > SHOWN_BYTES_MAX { "…" } else { "" };
    let (count, (_, offset)) = (group.count, group.place);
    let _ = writeln!(text, "\n{count} × {}, the first at {name}:{offset}\n  {shown}{dots}", group.reason.name());
    if let Some((at, expected)) = &group.expected {
        let _ = writeln!(text, "  byte {at}: expected {}", escape(expected.as_bytes()));
    }
    let lines: Vec<&[u8]> = group.examples.iter().map(|line| &line[..]).collect();
    match detector.find(&lines).ok().filter(|found| found.events == lines.len()) {
        Some(found) => _ = writeln!(text, "  reads as: {}", found.format.name),
        None => {
            if let Some(string) = propose::string(&lines) {
                let _ = writeln!(text, "  would be read by: --format '{string}'");
            }
        }
    }
}

/// Where something else than a status stands, which tells more than its shape: what ended it was no number.
fn status_at(line: &[u8], expected: Option<&(usize, String)>) -> Range<usize> {
    let Some((at, _)) = expected.filter(|(_, what)| what.starts_with("a status")) else { return 0..0 };
    let ends = |b: &u8| b.is_ascii_whitespace() || b"\",}]".contains(b);
    let length = line[*at..].iter().take(STATUS_BYTES_MAX).take_while(|b| !ends(b)).count();
    *at..at + length
}

/// A line without what is different in every one: what stands in quotes, and runs of letters, of digits, and of other bytes than ASCII. An
/// object keeps its texts, which are its keys too. What stands for a status is kept as it is.
fn shape(line: &[u8], status: Range<usize>) -> Vec<u8> {
    let class = |b: &u8| match b {
        b'0'..=b'9' => b'0',
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => b'a',
        0x80.. => b'?',
        other => *other,
    };
    let kept = line[status].to_vec();
    let (mut is_quoted, mut is_escaped) = (false, false);
    let is_object = line.first() == Some(&b'{');
    let stands_open = |&&b: &&u8| {
        let was_quoted = is_quoted;
        is_quoted ^= b == b'"' && !is_escaped;
        is_escaped = b == b'\\' && !is_escaped;
        is_object || !was_quoted || !is_quoted
    };
    let mut shape: Vec<u8> = line.iter().filter(stands_open).take(SHAPE_BYTES_MAX).map(class).collect();
    shape.dedup();
    [kept, shape].join(&b'\n')
}
