//! Every preset: the loop over a log of lines like its example, whose times and paths change.
//!
//! `scan` is a preset's log counted as a run counts it: availability, and latency where the format has one,
//! without routes, which cost every format alike. Compare its bytes per second with
//! those of `combined`, and those of JSON with `json_parser`, which parses the same lines with serde_json and keeps nothing of them.
//! Run with `cargo bench --bench formats`.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use jiff::tz::TimeZone;
use serde::de::IgnoredAny;
use slix::aggregate::IndicatorKey;
use slix::aggregate::accounting::Accounting;
use slix::format::envelope::Envelope;
use slix::format::extract::Extractor;
use slix::format::preset::{self, Preset};
use slix::format::{Format, Keyed, Layout};
use slix::framing::LINE_BYTES_MAX;
use slix::marks::Kernel;
use slix::record::{Field, Outcome};
use slix::scan::{Job, Worker, scan as scan_loop};
use slix::slo::classify::Classifier;
use slix::slo::definitions::Definitions;
use slix::time::Slices;

fn main() {
    divan::main();
}

/// Lines of a log: 2 to 30 MB.
const LINES: usize = 40_000;

#[divan::bench(args = presets(), sample_count = 10)]
fn scan(bencher: Bencher, name: &str) {
    let log = Log::of(name);
    let questions = Questions::new(&log.format);
    let read = questions.scan(&log.bytes);
    assert_eq!(read.events.lines, LINES as u64, "{name}: {read:?}");
    let counters = (BytesCount::new(log.bytes.len()), ItemsCount::new(LINES));
    bencher.counter(counters.0).counter(counters.1).bench_local(|| questions.scan(black_box(&log.bytes)));
}

#[divan::bench(args = presets().filter(|name| is_json(name)), sample_count = 10)]
fn json_parser(bencher: Bencher, name: &str) {
    let log = Log::of(name);
    let parse = |bytes: &[u8]| {
        let lines = bytes.split(|&b| b == b'\n').filter(|line| !line.is_empty());
        lines.filter(|line| serde_json::from_slice::<IgnoredAny>(line).is_ok()).count()
    };
    assert_eq!(parse(&log.bytes), LINES);
    bencher
        .counter(BytesCount::new(log.bytes.len()))
        .counter(ItemsCount::new(LINES))
        .bench_local(|| parse(black_box(&log.bytes)));
}

fn presets() -> impl Iterator<Item = &'static str> {
    preset::all().map(|preset| preset.name)
}

fn is_json(name: &str) -> bool {
    let format = Preset::named(name).unwrap().family().unwrap();
    matches!(&format.layout, Layout::Json(map) if map.keyed == Keyed::Json)
}

/// A log of lines like a preset's example.
struct Log {
    bytes: Vec<u8>,
    format: Format,
}

impl Log {
    fn of(name: &str) -> Log {
        let preset = Preset::named(name).unwrap();
        let mut format = family_of(preset);
        let (header, line) = preset.example.rsplit_once('\n').unwrap_or(("", preset.example));
        let mut bytes = if header.is_empty() { Vec::new() } else { format!("{header}\n").into_bytes() };
        // A format without a time is in an envelope that gives it.
        let ahead = if format.resolve(&Field::Time).is_none() { "2026-11-01T10:00:00Z " } else { "" };
        if !ahead.is_empty() {
            format.envelopes.push(Envelope::Stamp);
        }
        for i in 0..LINES {
            bytes.extend_from_slice(like(&format!("{ahead}{line}\n"), i).as_bytes());
        }
        Log { bytes, format }
    }
}

/// The layouts of a preset, as a run arranges them: first the one that reads the example.
fn family_of(preset: &Preset) -> Format {
    let mut layouts = preset.formats().unwrap();
    let reads = |format: &Format| {
        let extractor = Extractor::bind(format, &[], Some(&TimeZone::UTC)).unwrap();
        let mut reader = extractor.reader("");
        preset.example.lines().map(|line| extractor.read(line.as_bytes(), &mut reader)).last() == Some(Outcome::Event)
    };
    let mut first = layouts.remove(layouts.iter().position(reads).unwrap_or(0));
    first.others = layouts;
    first
}

/// The example as another request: eight a second, a thousand paths.
fn like(line: &str, i: usize) -> String {
    let second = i / 8;
    let clock = format!("{:02}:{:02}:{:02}", 10 + second / 3_600, second / 60 % 60, second % 60);
    let path = format!("/cart/{}", i * 7919 % 1000);
    line.replace("10:00:00", &clock).replace("1793527200", &(1_793_527_200 + second).to_string()).replace("/cart", &path)
}

/// What is asked of a log, bound to its format.
struct Questions {
    classifier: Classifier,
    extractor: Extractor,
    keys: Vec<IndicatorKey>,
}

impl Questions {
    fn new(format: &Format) -> Questions {
        let mut text = "slos:\n- {name: a, target: 99%, good: status < 500}\n".to_owned();
        if format.resolve(&Field::Latency).is_some() {
            text.push_str("- {name: l, target: 99%, good: latency <= 300ms}\n");
        }
        let definitions = Definitions::parse("bench", &text).unwrap();
        let indicators: Vec<_> = definitions.slos.iter().map(|slo| slo.indicator.clone()).collect();
        let key = |canonical| IndicatorKey { service: String::new(), canonical };
        let keys = indicators.iter().map(|indicator| key(indicator.canonical())).collect();
        let classifier = Classifier::compile(indicators).unwrap();
        let extractor = Extractor::bind(format, classifier.needs(), Some(&TimeZone::UTC)).unwrap();
        Questions { classifier, extractor, keys }
    }

    /// Counts a log; what its lines were.
    fn scan(&self, log: &[u8]) -> Accounting {
        let Questions { classifier, extractor, keys } = self;
        let job = Job {
            extractor,
            classifier,
            keys,
            service: "",
            slices: Slices::of_seconds(60).unwrap(),
            kernel: Kernel::best(),
            line_bytes_max: LINE_BYTES_MAX,
            histograms: false,
            attribution: None,
        };
        let mut worker = Worker::new(job, "bench").expect("few thresholds");
        scan_loop(log, log.len(), 0, &mut worker, &mut |_, _, _| {}).unwrap();
        let accounting = worker.take_accounting();
        black_box(worker.finish().unwrap());
        accounting
    }
}
