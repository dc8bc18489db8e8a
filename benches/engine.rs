//! The hot tower as a whole: the loop over a buffer, and the fan-out over a file, plain and compressed.
//!
//! `run_file` begins with a path and ends with a partial; its bytes are those of the text, whatever the file holds. The file is in
//! the page cache after the first run. Run with `cargo bench --bench engine`.

mod support;

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use divan::{Bencher, black_box};
use slix::aggregate::accounting::Accounting;
use slix::aggregate::{Duplicates, Identity, Partial};
use slix::engine::{self, EngineInput, Run};
use slix::input::Inputs;
use slix::scan::{Worker, scan};
use support::{LOGS, Log, Questions, T1, check_t1, total};

fn main() {
    divan::main();
}

/// T1 over a log in memory, on one core.
#[divan::bench(args = LOGS, sample_count = 20)]
fn scan_buffer(bencher: Bencher, log: &str) {
    let log = Log::named(log);
    let questions = Questions::new(T1, &log.format);
    let (partial, accounting) = scan_all(&questions, &log.bytes);
    check_t1(&questions, &partial, &accounting, &log.truth);
    bencher.counter(log.bytes_count()).counter(log.lines_count()).bench_local(|| scan_all(&questions, black_box(&log.bytes)));
}

/// One SLO and a hundred by route, of which the first is the same.
#[divan::bench(args = [1, 100], sample_count = 20)]
fn scan_slos(bencher: Bencher, slos: u64) {
    let log = Log::named("a");
    let questions = Questions::new(&by_route(slos), &log.format);
    let (partial, _) = scan_all(&questions, &log.bytes);
    let sum = log.truth.sum();
    let good: u64 = sum.0[0][0];
    assert_eq!(partial.indicators.len() as u64, slos);
    assert_eq!(total(&partial, &questions.keys[0]), [good, sum.events() - good, 0]);
    bencher.counter(log.bytes_count()).counter(log.lines_count()).bench_local(|| scan_all(&questions, black_box(&log.bytes)));
}

fn by_route(slos: u64) -> String {
    let mut text = "routes: [\"/api/{*rest}\", \"/static/{*rest}\", /checkout, /search]\ngroup_by: [route]\nslos:\n".to_owned();
    for i in 0..slos {
        let (status, latency_ms) = (500 + i / 20, 300 + 50 * (i % 20));
        let good = format!("status < {status} and latency <= {latency_ms}ms");
        writeln!(text, "  - {{name: slo-{i}, target: 99%, good: \"{good}\"}}").unwrap();
    }
    text
}

fn scan_all(questions: &Questions, log: &[u8]) -> (Partial, Accounting) {
    let mut worker = Worker::new(questions.job(), "bench").expect("few thresholds");
    scan(log, log.len(), 0, &mut worker, &mut |_, _, _| {}).unwrap();
    let accounting = worker.take_accounting();
    (worker.finish().unwrap(), accounting)
}

/// T1 over a file, with so many workers. A compressed file is one piece for one worker, and a thread of its own inflates it.
#[divan::bench(args = ["log", "log.gz", "log.zst"], consts = [1, 2], sample_count = 10)]
fn run_file<const THREADS: usize>(bencher: Bencher, kind: &str) {
    let log = Log::named("a");
    let questions = Questions::new(T1, &log.format);
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(folder.path(), kind, &log.bytes);
    let (partial, accounting) = run(&questions, &path, THREADS);
    check_t1(&questions, &partial, &accounting, &log.truth);
    bencher.counter(log.bytes_count()).counter(log.lines_count()).bench_local(|| run(&questions, black_box(&path), THREADS));
}

/// Compressed as rotated logs usually are: each program's default level.
fn write_file(folder: &Path, kind: &str, log: &[u8]) -> PathBuf {
    let path = folder.join("access").with_extension(kind);
    let mut file = File::create(&path).unwrap();
    match kind {
        "log.gz" => {
            let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::default());
            encoder.write_all(log).unwrap();
            encoder.finish().unwrap();
        }
        "log.zst" => file.write_all(&zstd::encode_all(log, zstd::DEFAULT_COMPRESSION_LEVEL).unwrap()).unwrap(),
        _ => file.write_all(log).unwrap(),
    }
    path
}

fn run(questions: &Questions, path: &Path, threads: usize) -> (Partial, Accounting) {
    let stop = Arc::new(AtomicBool::new(false));
    let inputs = Inputs::resolve(&[path], stop.clone()).complete().unwrap();
    let input = &inputs.inputs()[0];
    let identity = Identity::of(&input.head().unwrap().bytes);
    let of_engine = [EngineInput { name: input.name().to_owned(), job: 0, identity }];
    let source = inputs.source(threads, None).unwrap();
    let run = Run {
        inputs: &of_engine,
        jobs: &[questions.job()],
        threads,
        odd: &|_, _| Box::new(|_, _, _| {}),
        stop: &stop,
        keep_going: false,
        duplicates: Duplicates::Refuse,
    };
    let scanned = engine::run(&source, &run).unwrap();
    assert!(scanned.failures.is_empty());
    let mut accounting = Accounting::default();
    scanned.partial.receipts.iter().for_each(|receipt| accounting.merge(&receipt.accounting).unwrap());
    (scanned.partial, accounting)
}
