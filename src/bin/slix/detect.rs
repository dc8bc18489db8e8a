//! `slix detect`: what logs are, and what can be asked of them.

use std::collections::BTreeMap;
use std::fmt::Write;

use slix::error::Result;
use slix::format::Format;
use slix::record::{Field, Kind, Need, Outcome, Record, Value};
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
    /// Which of the fields that are read were there in some line.
    present: Vec<bool>,
}

impl Seen {
    /// Takes note of what an event has.
    fn add_fields(&mut self, record: &Record, needs: &[Need]) {
        self.present.resize(needs.len(), false);
        for (i, (present, need)) in self.present.iter_mut().zip(needs).enumerate() {
            *present |= record.get(i) != Value::Absent || need.field == Field::Status;
        }
    }
}

/// Runs the command.
pub fn run(args: &LogsArgs, session: &Session) -> Result<Exit> {
    let formats = Formats::new(&args.format, None)?;
    let inputs = survey::resolve(&args.inputs)?;
    let survey::Survey { logs, exit } = survey::logs(&inputs, &formats, &session.words, survey::Unknown::Left, &needs)?;
    let mut seen: Vec<Seen> = logs.iter().map(|_| Seen::default()).collect();
    let read = survey::read(&inputs, &logs, u64::MAX, &session.words, &mut |line| {
        let seen = &mut seen[line.log];
        survey::count(&mut seen.outcomes, line.outcome);
        if line.outcome == Outcome::Event {
            let record = line.reader.record(line.text);
            let time = record.time;
            seen.add_fields(&record, &logs[line.log].needs);
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
    row("SLIs", &slis(log, seen));
    text
}

/// What can be asked for, and in what words.
const ASKED: [(Field, &str); 6] = [
    (Field::Status, "availability (status)"),
    (Field::Latency, "latency"),
    (Field::Elapsed, "elapsed"),
    (Field::Bytes, "size (bytes)"),
    (Field::Path, "by route (path)"),
    (Field::Host, "by host"),
];

/// Those fields that the format may have.
fn needs(format: &Format) -> Vec<Need> {
    let has = |field: &Field| format.resolve(field).is_some() || format.others.iter().any(|other| other.resolve(field).is_some());
    let fields = ASKED.iter().map(|(field, _)| field).filter(|field| has(field));
    fields.map(|field| Need { field: field.clone(), kind: field.kind().unwrap_or(Kind::Text) }).collect()
}

/// What the fields allow to be asked: those that some line has, or where no line is an event, those of the format.
fn slis(log: &Log, seen: &Seen) -> String {
    let is_seen = |field: &Field| {
        let at = log.needs.iter().position(|need| need.field == *field);
        at.is_some_and(|i| seen.present.get(i).copied().unwrap_or(seen.present.is_empty()))
    };
    let allowed: Vec<&str> = ASKED.iter().filter(|(field, _)| is_seen(field)).map(|(_, words)| *words).collect();
    allowed.join(", ")
}
