//! The cold tower: slices to rows of the windows table, and rows to files; on one core.
//!
//! One SLO by 50 routes that are there every minute, as declared routes are. `rows` evaluates a million or ten million entries
//! (one route and minute each) in hourly rows, and a million in rows of a minute, the finest there are; rows carry modes, and so pay for the
//! alerts that modes depend on. `alerts`, `reports` and `incidents` do what the commands of these names do. `write` encodes rows
//! that are ready. Every answer is checked. Run with `cargo bench --bench evaluate`.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use slix::aggregate::{Counts, Group, IndicatorCounts, IndicatorKey, Partial};
use slix::evaluate::plan::Plan;
use slix::evaluate::row::{GroupKind, WindowRow};
use slix::evaluate::{Asked, Options};
use slix::output::schema::Table;
use slix::output::windows::{Encoding, Metadata, WindowsWriter};
use slix::slo::Slo;
use slix::slo::definitions::Definitions;
use slix::time::{Instant, Length, Slices};

fn main() {
    divan::main();
}

const ROUTES: u64 = 50;
const MINUTES_PER_HOUR: u64 = 60;

/// Counts of an SLO, and the SLO.
struct Counted {
    slo: Slo,
    canonical: String,
    partial: Partial,
}

impl Counted {
    /// So many entries; each has two events, of which one in 1,000 is bad.
    fn new(entries: u64) -> Counted {
        let text = "routes: [\"/{*rest}\"]\ngroup_by: [route]\nslos: [{name: availability, target: 99.9%, good: status < 500}]";
        let mut definitions = Definitions::parse("bench", text).unwrap();
        let slo = definitions.slos.remove(0);
        let canonical = slo.indicator.canonical();
        let mut partial = Partial::new(Slices::of_seconds(60).unwrap());
        let first = partial.slices.number(Instant::parse("2026-11-01").unwrap());
        let minutes = (entries / ROUTES) as i64;
        let mut counts = IndicatorCounts::new(vec!["route".to_owned()], true);
        for route in 0..ROUTES {
            let group: Group = [Some(format!("/api/v1/resources/{route}").into_bytes().into())].into();
            let entry = |n| (first + n, Counts { events: 2, good: 2 - bad(n), bad: bad(n), unknown: 0 });
            counts.groups.insert(group, (0..minutes).map(entry).collect());
        }
        partial.indicators.insert(IndicatorKey { service: String::new(), canonical: canonical.clone() }, counts);
        partial.activity.insert(String::new(), (0..minutes).map(|n| (first + n, 2 * ROUTES)).collect());
        Counted { slo, canonical, partial }
    }

    fn with_plan<T>(&self, every: &str, run: impl FnOnce(&Plan) -> T) -> T {
        let options = Options { every: Length::parse(every).unwrap(), ..Options::default() };
        let asked = [Asked { slo: &self.slo, canonical: &self.canonical }];
        run(&Plan::new(&asked, &self.partial, &options).unwrap())
    }
}

fn bad(minute: i64) -> u64 {
    u64::from(minute % 500 == 0)
}

/// The roll-up and every route have all steps, and both say what was counted.
fn check(plan: &Plan, entries: u64, rows: u64) {
    let (mut count, mut rolled_up, mut grouped) = (0, (0, 0), (0, 0));
    plan.rows(&mut |row| {
        count += 1;
        let sum = if row.series.group_kind == GroupKind::All { &mut rolled_up } else { &mut grouped };
        *sum = (sum.0 + row.events, sum.1 + row.bad);
        Ok(())
    })
    .unwrap();
    let bad = ROUTES * (entries / ROUTES).div_ceil(500);
    assert_eq!((count, rolled_up, grouped), (rows, (2 * entries, bad), (2 * entries, bad)));
}

fn bench_rows(bencher: Bencher, entries: u64, every: &str, rows: u64) {
    let counted = Counted::new(entries);
    counted.with_plan(every, |plan| check(plan, entries, rows));
    bencher.counter(ItemsCount::new(entries)).bench_local(|| {
        counted.with_plan(every, |plan| {
            let mut bad = 0;
            plan.rows(&mut |row| {
                bad += black_box(row).window_bad;
                Ok(())
            })
            .unwrap();
            bad
        })
    });
}

/// Entries per second.
#[divan::bench(args = [1_000_000, 10_000_000], sample_count = 5)]
fn hourly_rows(bencher: Bencher, entries: u64) {
    let hours = (entries / ROUTES).div_ceil(MINUTES_PER_HOUR);
    // The first and the last hour may be cut by the grid; these are whole.
    bench_rows(bencher, entries, "1h", hours * (ROUTES + 1));
}

/// Entries per second, which are nearly the rows: each minute of each route is one.
#[divan::bench(args = [1_000_000], sample_count = 5)]
fn minutely_rows(bencher: Bencher, entries: u64) {
    bench_rows(bencher, entries, "1m", entries / ROUTES * (ROUTES + 1));
}

/// The alerts of the first minutes, where 50 of 100 events were bad, by tier: `bad ÷ valid` is 50 ÷ 100k at the end of minute k, and the
/// short window holds the bad minute as long as it is itself. At 28 d the hour is above 13.44 until k = 37, six hours above 5.6 until 89.
const FIRST_ALERTS: [(&str, i64); 2] = [("page_1h", 5), ("page_6h", 30)];

/// Entries per second, of which the roll-up is made, evaluated by four tiers at every slice end.
#[divan::bench(args = [1_000_000], sample_count = 5)]
fn alerts(bencher: Bencher, entries: u64) {
    let counted = Counted::new(entries);
    let first = Instant::parse("2026-11-01").unwrap().micros();
    counted.with_plan("1h", |plan| {
        let guarded = plan.guarded().unwrap().remove(0);
        for (tier, minutes) in FIRST_ALERTS {
            let found: Vec<_> = guarded.rows().filter(|row| row.tier == tier).collect();
            // Later hours hold 6,000 events, of which 50 are 8.3 times what is allowed, and later six hours 1.4 times.
            assert_eq!(found.len(), 1, "{tier}");
            let ends = (found[0].start_time.micros() - first, found[0].end_time.micros() - first);
            assert_eq!(ends, (60_000_000, (minutes + 1) * 60_000_000), "{tier}");
        }
    });
    bencher.counter(ItemsCount::new(entries)).bench_local(|| {
        counted.with_plan("1h", |plan| black_box(plan.guarded().unwrap()).iter().map(|one| one.alerts.len()).sum::<usize>())
    });
}

/// Entries per second: window, budget, trend, worst groups, alerts and the history of modes.
#[divan::bench(args = [1_000_000], sample_count = 5)]
fn reports(bencher: Bencher, entries: u64) {
    let counted = Counted::new(entries);
    let bad = ROUTES * (entries / ROUTES).div_ceil(500);
    let check = |plan: &Plan| {
        let report = plan.reports().unwrap().remove(0);
        assert_eq!((report.counts.events, report.counts.bad, report.spark.len()), (2 * entries, bad, 28));
    };
    counted.with_plan("1h", check);
    bencher.counter(ItemsCount::new(entries)).bench_local(|| counted.with_plan("1h", check));
}

/// Entries per second, where every bad minute burns and alerts span most of the time.
#[divan::bench(args = [1_000_000], sample_count = 5)]
fn incidents(bencher: Bencher, entries: u64) {
    let counted = Counted::new(entries);
    let check = |plan: &Plan| {
        let found = plan.guarded().unwrap()[0].incidents().unwrap();
        let first = Instant::parse("2026-11-01").unwrap();
        assert!(found.first().is_some_and(|incident| incident.start == first && !incident.alerts.is_empty()));
        assert!(found.iter().all(|incident| incident.counts.bad % ROUTES == 0 && incident.counts.bad > 0));
    };
    counted.with_plan("1h", check);
    bencher.counter(ItemsCount::new(entries)).bench_local(|| counted.with_plan("1h", check));
}

/// Rows per second into memory.
#[divan::bench(args = ["parquet", "arrow", "ndjson", "csv"], sample_count = 5)]
fn write(bencher: Bencher, encoding: &str) {
    let encoding = Encoding::parse(encoding).unwrap();
    let counted = Counted::new(200_000);
    counted.with_plan("1m", |plan| {
        let mut rows = Vec::new();
        plan.rows(&mut |row| {
            rows.push(row);
            Ok(())
        })
        .unwrap();
        check_written(plan, &rows, encoding);
        bencher
            .counter(ItemsCount::new(rows.len()))
            .with_inputs(|| rows.clone())
            .bench_local_values(|rows| encode(plan, rows, encoding));
    });
}

fn encode(plan: &Plan, rows: Vec<WindowRow>, encoding: Encoding) -> Vec<u8> {
    let table = Table::new(plan.series()).unwrap();
    let mut writer = WindowsWriter::new(Vec::new(), encoding, table, Metadata::default()).unwrap();
    rows.into_iter().for_each(|row| writer.push(row).unwrap());
    writer.finish().unwrap()
}

/// All rows are in what was written, as far as its form tells without reading it in full.
fn check_written(plan: &Plan, rows: &[WindowRow], encoding: Encoding) {
    let bytes = encode(plan, rows.to_vec(), encoding);
    let lines = || memchr::memchr_iter(b'\n', &bytes).count();
    let written = match encoding {
        Encoding::Ndjson => lines(),
        Encoding::Csv => lines() - 1,
        Encoding::Parquet => {
            let reader =
                parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
            reader.metadata().file_metadata().num_rows() as usize
        }
        Encoding::Arrow => {
            let reader = arrow::ipc::reader::FileReader::try_new(std::io::Cursor::new(bytes), None).unwrap();
            reader.map(|batch| batch.unwrap().num_rows()).sum()
        }
        Encoding::Json => unreachable!("it is not measured: it is NDJSON with brackets"),
    };
    assert_eq!(written, rows.len());
}
