//! `slix init`: a definition file to begin with, fitted to a log.

use std::collections::HashMap;
use std::fmt::Write;

use slix::error::{Error, ErrorKind, Result};
use slix::record::{Field, Need, Outcome, Value};
use slix::slo::definitions::Definitions;
use slix::slo::normalize;

use super::Session;
use super::args::{FormatArgs, InitArgs};
use super::destination::Destination;
use super::exit::Exit;
use super::formats::Formats;
use super::run::refuse_same;
use super::survey::{self, Log};

/// Lines of each log that are looked at.
const LINES_MAX: u64 = 200_000;
/// Different paths that are kept apart; of further ones only the route is counted if it is known.
const ROUTES_SEEN_MAX: usize = 20_000;
/// Routes that are written.
const ROUTES_MAX: usize = 20;
/// Bounds of latencies that a proposal chooses from, in milliseconds.
const BOUNDS_MS: [i64; 12] = [5, 10, 25, 50, 100, 200, 300, 500, 1_000, 2_000, 5_000, 10_000];
/// Targets that a proposal chooses from: the highest that was met with room to spare.
const TARGETS: [(u64, u64, &str); 6] = [
    (9_999, 10_000, "99.99%"),
    (9_995, 10_000, "99.95%"),
    (999, 1_000, "99.9%"),
    (995, 1_000, "99.5%"),
    (99, 100, "99%"),
    (95, 100, "95%"),
];

/// What was seen.
#[derive(Default)]
struct Seen {
    events: u64,
    answered: u64,
    failed: u64,
    latencies: Vec<i64>,
    routes: HashMap<String, u64>,
}

/// Runs the command.
pub fn run(args: &InitArgs, session: &Session) -> Result<Exit> {
    let formats = Formats::new(&args.format, None)?;
    if let Some(output) = &args.output {
        refuse_same(("-o", output), &args.input, "the log that is read")?;
    }
    let inputs = survey::resolve(std::slice::from_ref(&args.input))?;
    let needs = |format: &slix::format::Format| {
        let has = |field: &Field| format.resolve(field).is_some();
        let wanted = [Field::Status, Field::Path, Field::Latency].into_iter().filter(has);
        wanted.filter_map(|field| Some(Need { kind: field.kind()?, field })).collect()
    };
    let survey::Survey { logs, exit } = survey::logs(&inputs, &formats, &session.words, survey::Unknown::Left, &needs)?;
    let mut seen = Seen::default();
    let read = survey::read(&inputs, &logs, LINES_MAX, &session.words, &mut |line| {
        if line.outcome == Outcome::Event {
            let record = line.reader.record(line.text);
            seen.add(&logs[line.log].needs, &|slot| record.get(slot));
        }
    })?;
    let Some(log) = logs.first().filter(|_| seen.events > 0) else {
        let message = format!("{}: no line of it is a request", args.input.display());
        return Err(Error::new(ErrorKind::Input, message).hint("slix rejects FILE shows why lines are not read"));
    };
    let options = options_of_times(&args.format);
    let text = definition(log, &mut seen, args.format.format.as_deref(), &options);
    // What is written must be what slix reads.
    Definitions::parse("slos.yaml", &text)?;
    let destination = args.output.as_ref().map_or(Destination::Stdout, |path| Destination::File(path.clone()));
    destination.write_text(&text)?;
    if let Some(path) = &args.output {
        session.words.note(&format!(
            "{} is written; slix report -c {0}{options} {} answers it",
            path.display(),
            args.input.display()
        ));
    }
    Ok(if read == Exit::Success { exit } else { read })
}

impl Seen {
    fn add<'a>(&mut self, needs: &[Need], value: &dyn Fn(usize) -> Value<'a>) {
        self.events += 1;
        for (slot, need) in needs.iter().enumerate() {
            match (&need.field, value(slot)) {
                (Field::Status, Value::Int(status)) => {
                    self.answered += 1;
                    self.failed += u64::from(status >= 500);
                }
                (Field::Latency, Value::Int(nanos)) => self.latencies.push(nanos),
                (Field::Path, Value::Text(path)) => {
                    let Some(route) = normalize::route(path) else { continue };
                    if self.routes.len() < ROUTES_SEEN_MAX || self.routes.contains_key(&route) {
                        *self.routes.entry(route).or_default() += 1;
                    }
                }
                _ => {}
            }
        }
    }

    /// The most frequent routes of at least one request in a thousand.
    fn routes(&self) -> Vec<(&str, u64)> {
        let often = self.routes.iter().filter(|(_, count)| **count * 1_000 >= self.events && **count > 1);
        let mut routes: Vec<(&str, u64)> = often.map(|(route, count)| (route.as_str(), *count)).collect();
        routes.sort_by_key(|(route, count)| (std::cmp::Reverse(*count), *route));
        routes.truncate(ROUTES_MAX);
        routes
    }
}

/// The highest target that was met with half of its budget left, or the lowest.
fn target(good: u64, valid: u64) -> &'static str {
    // Fewer requests than one failure may be told from none by say nothing of a target.
    let met = |&&(n, d, _): &&(u64, u64, &str)| valid * (d - n) >= d && 2 * (valid - good) * d <= valid * (d - n);
    TARGETS.iter().find(met).map_or("95%", |(_, _, text)| text)
}

/// What a definition does not hold, and the times of the log need, as it is typed.
fn options_of_times(args: &FormatArgs) -> String {
    let options = [("--tz", &args.tz), ("--year", &args.year)];
    options.into_iter().filter_map(|(option, value)| Some(format!(" {option} {}", value.as_ref()?))).collect()
}

fn definition(log: &Log, seen: &mut Seen, format: Option<&str>, options: &str) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{words}");
    };
    let of = if log.input.name() == "-" { "standard input" } else { log.input.name() };
    let events = if seen.events == 1 { "1 request".to_owned() } else { format!("{} requests", seen.events) };
    line(format!(
        "# Proposed by `slix init` from {events} of {}. Targets are what it kept, not what your users need: change them.",
        of.escape_debug()
    ));
    line(format!("format: {}", quoted(format.unwrap_or(&log.found.format.name))));
    if !options.is_empty() {
        line(format!("# Its times were read with{}, which no definition holds: give it again.", options.escape_debug()));
    }
    let routes = seen.routes();
    if !routes.is_empty() {
        line(
            "\n# The paths that were asked for most, with ids as parameters. The first route that fits a path is its route."
                .into(),
        );
        line("routes:".into());
        routes.iter().for_each(|(route, count)| line(format!("- {}  # {count} requests", quoted(route))));
        line("group_by: [route]".into());
    }
    line("\nslos:".into());
    if seen.answered > 0 {
        let (good, valid) = (seen.answered - seen.failed, seen.answered);
        line(format!("# {} of {valid} answers were 5xx.", seen.failed));
        line(format!("- {{name: availability, target: {}, window: 28d, good: status < 500}}", target(good, valid)));
    }
    if let Some((bound, good)) = bound(&mut seen.latencies) {
        let valid = seen.latencies.len() as u64;
        line(format!("# {good} of {valid} requests took at most {bound} ms."));
        line(format!("- {{name: latency, target: {}, window: 28d, good: latency <= {bound}ms}}", target(good, valid)));
    }
    if seen.answered == 0 && seen.latencies.is_empty() {
        line("- {name: availability, target: 99%, window: 28d, good: exists(status)}".into());
    }
    text
}

/// The first usual bound that 99 % of the latencies keep, with how many keep it.
fn bound(latencies: &mut [i64]) -> Option<(i64, u64)> {
    latencies.sort_unstable();
    let kept = |bound: i64| latencies.partition_point(|nanos| *nanos <= bound * 1_000_000) as u64;
    let all = latencies.len() as u64;
    let bound = BOUNDS_MS.into_iter().find(|bound| kept(*bound) * 100 >= all * 99).unwrap_or(BOUNDS_MS[BOUNDS_MS.len() - 1]);
    (all > 0).then(|| (bound, kept(bound)))
}

/// A text in YAML's single quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
