//! DuckDB, pandas, Polars and jq read what slix wrote, and come to the same numbers.

use crate::run::{Folder, slix};
use serde_json::json;
use std::fmt::Write;
use std::process::Command;

pub const DEFINITION: &str = r#"
service: shop
format: '$remote_addr [$time_iso8601] "$request" $status $request_time'
routes: ["/api/orders/{id}", "/search"]
group_by: [route, method]
slos:
  - {name: availability, target: 99.9%, good: status < 500}
  - {name: strict, target: 99.99%, window: 6h, valid: method == "GET", good: status < 500}
  - {name: latency, target: 97.5%, window: 1d, valid: status < 500, good: latency <= 300ms}
"#;

/// What the generated log holds, counted while it is written.
#[derive(Default)]
pub struct Truth {
    events: u64,
    available: u64,
    strict_valid: u64,
    strict_good: u64,
    fast: u64,
}

#[test]
#[ignore = "needs Python with duckdb, pandas and polars, and jq; run by tests/full"]
fn other_programs_come_to_the_same_numbers() {
    let folder = Folder::new("readers");
    let (log, truth) = generate(20_000);
    folder.write("access.log", &log);
    folder.write("slos.yaml", DEFINITION);
    for name in ["windows.parquet", "windows.arrow", "windows.csv", "windows.ndjson", "windows.json"] {
        slix(&folder.path, &["windows", "-c", "slos.yaml", "--every", "1h", "access.log", "-o", name]);
    }
    slix(&folder.path, &["slices", "-c", "slos.yaml", "access.log", "-o", "shop.slices.parquet"]);
    for command in ["alerts", "incidents"] {
        for extension in ["parquet", "arrow", "csv", "ndjson"] {
            let name = format!("{command}.{extension}");
            slix(&folder.path, &[command, "-c", "slos.yaml", "shop.slices.parquet", "-o", &name]);
        }
    }
    let counts = json!({
        "availability": {"valid": truth.events, "good": truth.available},
        "strict": {"valid": truth.strict_valid, "good": truth.strict_good},
        "latency": {"valid": truth.available, "good": truth.fast},
        "events": truth.events,
    });
    folder.write("truth.json", &counts.to_string());
    let python = std::env::var_os("SLIX_PYTHON").unwrap_or_else(|| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/full_suite/readers.py");
    let output = Command::new(python).arg(script).current_dir(&folder.path).output().expect("Python is installed");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "readers.py failed:\n{}", String::from_utf8_lossy(&said));
    jq_reads_rows(&folder, &truth);
}

/// jq adds up the roll-up rows of one SLO.
fn jq_reads_rows(folder: &Folder, truth: &Truth) {
    let program = r#"map(select(.slo == "strict" and .group_kind == "all")) | [(map(.valid) | add), (map(.good) | add)] | @tsv"#;
    for (file, arguments) in [("windows.ndjson", ["-rs", program]), ("windows.json", ["-r", program])] {
        let output = Command::new("jq").args(arguments).arg(folder.path.join(file)).output().expect("jq is installed");
        let said = String::from_utf8_lossy(&output.stderr);
        let want = format!("{}\t{}\n", truth.strict_valid, truth.strict_good);
        assert_eq!(String::from_utf8_lossy(&output.stdout), want, "{file}: {said}");
    }
}

/// A log of four days in October with an incident and a silent night, and what it holds.
pub fn generate(events: u64) -> (String, Truth) {
    let (mut log, mut truth, mut state) = (String::new(), Truth::default(), 0x5DEECE66D_u64);
    let mut random = |below: u64| {
        // An LCG with the constants of Knuth's MMIX; its upper bits are good enough for a log.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for i in 0..events {
        let minute = i * 4 * 24 * 60 / events;
        let (day, hour) = (5 + minute / 1_440, minute / 60 % 24);
        let is_incident = day == 6 && hour == 14;
        if day == 7 && hour < 5 {
            continue;
        }
        let failed = random(1_000) < if is_incident { 80 } else { 1 };
        let method = if random(10) < 7 { "GET" } else { "POST" };
        let path = ["/api/orders/17", "/search?q=tea", "/about"][random(3) as usize];
        let millis = random(if is_incident { 900 } else { 305 });
        let status = if failed { 503 } else { 200 };
        truth.count(failed, method == "GET", millis);
        let (minute, second) = (minute % 60, random(60));
        writeln!(
            log,
            r#"192.0.2.{} [2026-10-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00] "{method} {path} HTTP/1.1" {status} {}.{:03}"#,
            random(200),
            millis / 1_000,
            millis % 1_000
        )
        .expect("a string takes everything");
    }
    (log, truth)
}

impl Truth {
    fn count(&mut self, failed: bool, is_get: bool, millis: u64) {
        self.events += 1;
        self.available += u64::from(!failed);
        self.strict_valid += u64::from(is_get);
        self.strict_good += u64::from(is_get && !failed);
        self.fast += u64::from(!failed && millis <= 300);
    }
}
