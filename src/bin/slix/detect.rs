//! `slix detect`: what logs are, and what can be asked of them.

use std::collections::BTreeMap;
use std::fmt::Write;

use slix::error::Result;
use slix::format::Format;
use slix::record::{Field, Outcome};
use slix::time::Instant;

use super::Session;
use super::args::LogsArgs;
use super::destination::Destination;
use super::exit::Exit;
use super::formats::Formats;
use super::survey::{self, Log};

/// What was seen of one log.
#[derive(Default)]
struct Seen {
    outcomes: BTreeMap<&'static str, u64>,
    formats: BTreeMap<String, u64>,
    first: Option<Instant>,
    last: Option<Instant>,
}

/// Runs the command.
pub fn run(args: &LogsArgs, session: &Session) -> Result<Exit> {
    let formats = Formats::new(&args.format, None)?;
    let inputs = survey::resolve(&args.inputs)?;
    let survey::Survey { logs, exit } = survey::logs(&inputs, &formats, &session.words, survey::Unknown::Left, &|_| Vec::new())?;
    let mut seen: Vec<Seen> = logs.iter().map(|_| Seen::default()).collect();
    let read = survey::read(&inputs, &logs, u64::MAX, &session.words, &mut |line| {
        let seen = &mut seen[line.log];
        survey::count(&mut seen.outcomes, line.outcome);
        if line.outcome == Outcome::Event {
            let time = line.reader.record(line.text).time;
            seen.first = Some(seen.first.map_or(time, |first| first.min(time)));
            seen.last = Some(seen.last.map_or(time, |last| last.max(time)));
            let format = logs[line.log].extractor.format_of(line.reader);
            match seen.formats.get_mut(format) {
                Some(count) => *count += 1,
                None => _ = seen.formats.insert(format.to_owned(), 1),
            }
        }
    })?;
    let texts: Vec<String> = logs.iter().zip(&seen).map(|(log, seen)| told(log, seen)).collect();
    Destination::Stdout.write_text(&session.words.clean(&texts.join("\n")))?;
    Ok(if read == Exit::Success { exit } else { read })
}

fn told(log: &Log, seen: &Seen) -> String {
    let format = &log.found.format;
    let mut text = format!("{}\n", if log.input.name() == "-" { "standard input" } else { log.input.name() });
    let mut row = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:<12} {value}");
    };
    let by = log.found.detected.map_or(String::new(), |(events, lines)| format!(" ({events} of the first {lines} lines)"));
    row("format", &format!("{}{by}", format.name));
    if seen.formats.len() > 1 {
        let counts: Vec<String> = seen.formats.iter().map(|(name, count)| format!("{name} {count}")).collect();
        row("mixed", &counts.join(", "));
    }
    if !format.envelopes.is_empty() {
        let names: Vec<&str> = format.envelopes.iter().map(|envelope| envelope.name()).collect();
        row("envelope", &names.join(", in it "));
    }
    if !log.input.packing().is_empty() {
        row("packed as", &log.input.packing().join(", in it "));
    }
    if let (Some(first), Some(last)) = (seen.first, seen.last) {
        row("time", &format!("{first} to {last}, the {} of each request", format.clock.words()));
    }
    let total: u64 = seen.outcomes.values().sum();
    let counts: Vec<String> = seen.outcomes.iter().map(|(name, count)| format!("{count} {name}")).collect();
    row("lines", &format!("{total}: {}", counts.join(", ")));
    row("SLIs", &slis(format));
    text
}

/// What the fields allow to be asked.
fn slis(format: &Format) -> String {
    let has = |field: &Field| format.resolve(field).is_some() || format.others.iter().any(|other| other.resolve(field).is_some());
    let asked = [
        (Field::Status, "availability (status)"),
        (Field::Latency, "latency"),
        (Field::Elapsed, "elapsed"),
        (Field::Bytes, "size (bytes)"),
        (Field::Path, "by route (path)"),
        (Field::Host, "by host"),
    ];
    let allowed: Vec<&str> = asked.iter().filter(|(field, _)| has(field)).map(|(_, words)| *words).collect();
    allowed.join(", ")
}
