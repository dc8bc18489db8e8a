//! Classifying: from fields to a class, the fields being read already.
//!
//! Two questions. Does the cost follow the number of SLOs? `slos` asks one SLO, and a hundred over forty distinct conditions on the
//! same four fields. Does it follow the number of routes? `routes` groups by 5 or by 200. The log is small, so that it stays in the
//! second-level cache: what is measured is classifying and not memory. Run with `cargo bench --bench classify`.

mod support;

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use divan::{Bencher, black_box};
use slix::batch::{BATCH_LINES, Batch};
use slix::block::Place;
use slix::record::{Outcome, Slot};
use slix::slo::classify::{Classes, Verdict};
use support::loggen::CLASSES;
use support::loggen::Verdict as Truth;
use support::{Blocks, Log, Questions};

fn main() {
    divan::main();
}

/// Half a megabyte.
const LINES: u64 = 2_048;

#[divan::bench(args = [1, 100], sample_count = 100)]
fn slos(bencher: Bencher, slos: usize) {
    let log = Log::with_lines("a", LINES);
    let questions = Questions::new(&hundred(slos), &log.format);
    let fields = Fields::read(&log, &questions);
    check_slos(&log, &questions, &fields, slos);
    let mut classes = questions.classifier.classes();
    let classify = || black_box(&fields).classify(&mut classes, |_| {});
    bencher.counter(log.bytes_count()).counter(log.lines_count()).bench_local(classify);
}

#[divan::bench(args = [5, 200], sample_count = 100)]
fn routes(bencher: Bencher, routes: usize) {
    let log = Log::with_lines("a", LINES);
    let questions = Questions::new(&by_routes(routes), &log.format);
    let fields = Fields::read(&log, &questions);
    check_routes(&log, &questions, &fields);
    let mut classes = questions.classifier.classes();
    let classify = || black_box(&fields).classify(&mut classes, |_| {});
    bencher.counter(log.bytes_count()).counter(log.lines_count()).bench_local(classify);
}

/// The first `count` of a hundred SLOs over forty conditions: ten on the status, twenty on the latency, four on the method, six on
/// the path. The first asks `status < 500 and latency <= 300ms` and excludes nothing that the log has.
fn hundred(count: usize) -> String {
    const STATUSES: [u32; 10] = [500, 502, 503, 504, 400, 401, 404, 429, 499, 300];
    const METHODS: [&str; 4] = ["PURGE", "TRACE", "CONNECT", "OPTIONS"];
    let mut text = "slos:\n".to_owned();
    for i in 0..count {
        // Strides without a common divisor: every condition comes early, and no pair of SLOs has all four in common.
        let (status, latency_ms) = (STATUSES[i % 10], 50 * ((i * 7 + 5) % 20 + 1));
        let (method, path) = (METHODS[i % 4], (i + i / 60) % 6);
        writeln!(text, "  - name: slo-{i}\n    target: 99%").unwrap();
        writeln!(text, "    valid: method != \"{method}\" and not path starts_with \"/internal-{path}/\"").unwrap();
        writeln!(text, "    good: status < {status} and latency <= {latency_ms}ms").unwrap();
    }
    text
}

/// One SLO by `count` routes: those of the log, behind templates that no path of it matches.
fn by_routes(count: usize) -> String {
    let own = &CLASSES[..CLASSES.len() - 1];
    let others = (0..count - own.len()).map(|i| format!("/v{}/tenants/{{tenant}}/things-{i}/{{id}}", i % 7));
    let routes: Vec<String> =
        others.chain(own.iter().map(|&route| route.to_owned())).map(|route| format!("\"{route}\"")).collect();
    let slo = "{name: availability, target: 99%, good: status < 500}";
    format!("routes: [{}]\ngroup_by: [route]\nslos: [{slo}]\n", routes.join(", "))
}

/// The fields of a log in batches, as the classifier gets them.
struct Fields {
    blocks: Blocks,
    /// Each with the place of its block.
    batches: Vec<(usize, Batch)>,
}

impl Fields {
    fn read(log: &Log, questions: &Questions) -> Fields {
        let extractor = &questions.extractor;
        let (mut reader, mut batches) = (extractor.reader("bench"), vec![(0, extractor.batch())]);
        let mut start = 0;
        for line in log.bytes.split_inclusive(|&b| b == b'\n') {
            if batches.last().is_none_or(|(_, batch)| batch.len == BATCH_LINES) {
                batches.push((start, extractor.batch()));
            }
            let (block, batch) = batches.last_mut().unwrap();
            let text = line.trim_ascii_end();
            assert_eq!(extractor.read(text, &mut reader), Outcome::Event);
            let (record, from, i) = (reader.record(text), start - *block, batch.len);
            batch.times[i] = record.time;
            batch.slots.iter_mut().zip(record.slots).for_each(|(values, &slot)| values.set(i, shifted(slot, from as u32)));
            let place = |at: usize| Place::try_from(at).unwrap();
            batch.push(place(from), place(from + text.len()), place(from + line.len() - 1), 0);
            start += line.len();
        }
        Fields { blocks: Blocks::new(&log.bytes), batches }
    }

    /// Hands the class of every line to `each`.
    fn classify(&self, classes: &mut Classes, mut each: impl FnMut(u32)) {
        let mut column = [0; BATCH_LINES];
        for (block, batch) in &self.batches {
            classes.classes_of(batch, self.blocks.at(*block), b"", &mut column);
            black_box(&column)[..batch.len].iter().for_each(|&class| each(class));
        }
    }

    /// Good, bad, excluded and unknown lines of an indicator, by group.
    fn verdicts(&self, questions: &Questions, indicator: usize) -> BTreeMap<Option<Vec<u8>>, [u64; 4]> {
        let mut classes = questions.classifier.classes();
        let mut counts = Vec::new();
        self.classify(&mut classes, |class| {
            counts.resize(counts.len().max(class as usize + 1), 0);
            counts[class as usize] += 1;
        });
        let mut verdicts = BTreeMap::<_, [u64; 4]>::new();
        for (class, count) in counts.into_iter().enumerate() {
            let values = &classes.groups(indicator)[classes.group_number(class, indicator)];
            let group = values.first().cloned().flatten().map(Vec::from);
            let place = match classes.verdict(class, indicator) {
                Verdict::Good => 0,
                Verdict::Bad => 1,
                Verdict::Excluded => 2,
                Verdict::Unknown => 3,
            };
            verdicts.entry(group).or_default()[place] += count;
        }
        verdicts
    }
}

/// A span of a line as one of its block.
fn shifted(slot: Slot, start: u32) -> Slot {
    match slot {
        Slot::Line(from, to) => Slot::Line(from + start, to + start),
        other => other,
    }
}

/// There are as many SLOs and conditions as is said; the first SLO is right; each of the others counts as it does alone.
fn check_slos(log: &Log, questions: &Questions, fields: &Fields, slos: usize) {
    let indicators = questions.classifier.indicators();
    let conditions: HashSet<_> =
        indicators.iter().flat_map(|i| i.valid.iter().chain([&i.good])).flat_map(|expr| expr.conditions()).collect();
    let distinct: HashSet<_> = questions.keys.iter().map(|key| &key.canonical).collect();
    assert_eq!((distinct.len(), conditions.len()), (slos, if slos == 100 { 40 } else { 4 }));
    let good = log.truth.sum().0[0][0];
    assert_eq!(fields.verdicts(questions, 0), BTreeMap::from([(None, [good, LINES - good, 0, 0])]));
    let text = hundred(slos);
    for (i, slo) in text.split("  - ").skip(1).enumerate() {
        let alone = Questions::new(&format!("slos:\n  - {slo}"), &log.format);
        assert_eq!(Fields::read(log, &alone).verdicts(&alone, 0), fields.verdicts(questions, i), "{slo}");
    }
}

/// Every route has the events and errors that the generator gave it.
fn check_routes(log: &Log, questions: &Questions, fields: &Fields) {
    let mut truth = BTreeMap::<_, [u64; 4]>::new();
    for (_, class, cell) in log.truth.events() {
        let route = Some(CLASSES[class]).filter(|route| !route.is_empty()).map(|route| route.as_bytes().to_vec());
        let sum = truth.entry(route).or_default();
        sum[0] += cell.status(Truth::Good);
        sum[1] += cell.status(Truth::Bad);
    }
    assert_eq!(fields.verdicts(questions, 0), truth);
}
