//! What the benches share: generated logs with their truth, compiled questions, and the check of the answers.

// Each bench takes a part of it.
#![allow(dead_code)]

#[path = "../../tests/support/loggen.rs"]
pub mod loggen;

use divan::counter::{BytesCount, ItemsCount};
use memchr::memrchr;
use slix::aggregate::accounting::Accounting;
use slix::aggregate::{Counts, IndicatorKey, Partial};
use slix::block::{Block, ROOM_BYTES};
use slix::format::Format;
use slix::format::extract::Extractor;
use slix::framing::LINE_BYTES_MAX;
use slix::marks::Kernel;
use slix::scan::Job;
use slix::slo::classify::Classifier;
use slix::slo::definitions::Definitions;
use slix::time::Slices;

use loggen::{Config, Outcome, Truth, Verdict};

/// The task that slix is measured by: availability and latency by route.
pub const T1: &str = include_str!("t1.yaml");

/// Every log that a bench may read, by name.
///
/// `a` is nginx's `combined` with times and host. `_dirty` has a little of everything that can be wrong; `a_ugly` is the
/// unfavourable one: every second line has escapes or is out of order, every fifth is no request or no line, all end in CR LF,
/// and nearly every path is new.
pub const LOGS: [&str; 8] = ["a", "tab", "ingress", "json", "json_shuffled", "a_dirty", "json_dirty", "a_ugly"];

/// Lines of a log: 15 to 50 MB, more than any cache holds.
const LINES: u64 = 120_000;

/// A generated log, and what is true of it.
pub struct Log {
    pub bytes: Vec<u8>,
    pub truth: Truth,
    pub format: Format,
}

impl Log {
    /// The log of one of the names in [`LOGS`].
    pub fn named(name: &str) -> Log {
        Log::with_lines(name, LINES)
    }

    /// The log of a name with this many lines; as many a minute as a service with 700,000 requests a day.
    pub fn with_lines(name: &str, lines: u64) -> Log {
        let (kind, flaw) = name.split_once('_').unwrap_or((name, ""));
        let written = match (kind, flaw) {
            ("a", _) => loggen::Format::CombinedUpstream,
            ("tab", _) => loggen::Format::Tabbed,
            ("ingress", _) => loggen::Format::IngressNginx,
            ("json", "shuffled") => loggen::Format::ShuffledJson,
            ("json", _) => loggen::Format::NginxJson,
            _ => panic!("there is no log `{name}`"),
        };
        let plain = Config { lines, minutes: lines.div_ceil(500), format: written, ..Config::default() };
        let (bytes, truth) = loggen::generate(&match flaw {
            "dirty" => plain.dirty(),
            "ugly" => ugly(plain),
            _ => plain,
        });
        Log { bytes, truth, format: Format::parse(&written.read_as()).unwrap() }
    }

    /// Its lines, those that are no requests too.
    pub fn lines(&self) -> u64 {
        self.truth.total().lines
    }

    /// Its requests.
    pub fn events(&self) -> u64 {
        self.truth.outcome(Outcome::Event).lines
    }

    pub fn bytes_count(&self) -> BytesCount {
        BytesCount::new(self.bytes.len())
    }

    pub fn lines_count(&self) -> ItemsCount {
        ItemsCount::new(self.lines())
    }
}

/// As `scan` cuts windows for the first-level cache.
const WINDOW_BYTES: usize = 16 * 1024;

/// A log with room behind it, so that a block begins at every place of it.
pub struct Blocks {
    bytes: Vec<u8>,
    log_bytes: usize,
}

impl Blocks {
    pub fn new(log: &[u8]) -> Blocks {
        Blocks { bytes: [log, &[0; ROOM_BYTES]].concat(), log_bytes: log.len() }
    }

    /// The block that begins at a place.
    pub fn at(&self, from: usize) -> &Block {
        self.bytes[from..].first_chunk().expect("there is room behind the log")
    }

    /// Windows of whole lines one after the other: a block, and how many bytes of it count. No line is as long as a window.
    pub fn windows(&self) -> impl Iterator<Item = (&Block, usize)> {
        let mut from = 0;
        std::iter::from_fn(move || {
            let near = self.log_bytes.min(from + WINDOW_BYTES);
            let to = from + 1 + memrchr(b'\n', &self.bytes[from..near])?;
            let window = (self.at(from), to - from);
            from = to;
            Some(window)
        })
    }
}

fn ugly(config: Config) -> Config {
    let bad = Config { malformed_requests: 0.05, cut_lines: 0.05, blank_lines: 0.05, junk_lines: 0.05, ..config };
    Config { out_of_order: 0.5, no_response: 0.1, missing_latency: 0.1, escapes: 0.5, paths: 1_000_000, crlf: true, ..bad }
}

/// Definitions compiled for one format, as the binary does it.
pub struct Questions {
    pub classifier: Classifier,
    pub extractor: Extractor,
    pub keys: Vec<IndicatorKey>,
}

impl Questions {
    /// Compiles the definitions in `text`; two SLOs over one indicator count twice.
    pub fn new(text: &str, format: &Format) -> Questions {
        let definitions = Definitions::parse("bench", text).unwrap();
        let indicators: Vec<_> = definitions.slos.iter().map(|slo| slo.indicator.clone()).collect();
        let key = |canonical| IndicatorKey { service: String::new(), canonical };
        let keys = indicators.iter().map(|indicator| key(indicator.canonical())).collect();
        let classifier = Classifier::compile(indicators).unwrap();
        let extractor = Extractor::bind(format, classifier.needs(), None).unwrap();
        Questions { classifier, extractor, keys }
    }

    pub fn job(&self) -> Job<'_> {
        let Questions { classifier, extractor, keys } = self;
        let (slices, kernel) = (Slices::of_seconds(60).unwrap(), Kernel::best());
        Job {
            extractor,
            classifier,
            keys,
            service: "",
            slices,
            kernel,
            line_bytes_max: LINE_BYTES_MAX,
            histograms: false,
            attribution: None,
        }
    }
}

/// The answer to [`T1`] must be the truth: totals of both indicators, the events, and all lines and bytes.
pub fn check_t1(questions: &Questions, partial: &Partial, accounting: &Accounting, truth: &Truth) {
    let sum = truth.sum();
    assert_eq!(total(partial, &questions.keys[0]), [Verdict::Good, Verdict::Bad, Verdict::Unknown].map(|v| sum.status(v)));
    assert_eq!(total(partial, &questions.keys[1]), [Verdict::Good, Verdict::Bad, Verdict::Unknown].map(|v| sum.latency(v)));
    let (all, expected) = (accounting.total(), truth.total());
    assert_eq!((all.lines, all.bytes), (expected.lines, expected.bytes));
    assert_eq!(accounting.events.lines, truth.outcome(Outcome::Event).lines);
}

/// Good, bad and unknown events of an indicator, over all groups and slices.
pub fn total(partial: &Partial, key: &IndicatorKey) -> [u64; 3] {
    let series = partial.indicators[key].roll_up().unwrap();
    let add = |[good, bad, unknown]: [u64; 3], (_, c): &(i64, Counts)| [good + c.good, bad + c.bad, unknown + c.unknown];
    series.iter().fold([0; 3], add)
}
