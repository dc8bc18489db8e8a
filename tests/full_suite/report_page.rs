//! A browser opens the report page: its numbers are those of the windows table, it works, and nothing of a log acts in it.

use crate::loggen::{Config, Format, Generator, Incident};
use crate::run::{Folder, slix};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// Every kind of window and budgeting method, exclusions, weights, groups, and an SLO that no event is valid for.
const DEFINITION: &str = r#"
service: shop
routes:
  - "/api/orders/{id}"
  - {name: cart, path: "/api/users/{id}/cart"}
  - "/search"
  - "/checkout"
  - "/static/{*file}"
group_by: [route]
exclude:
  - {start: 2026-11-08T02:00:00Z, end: 2026-11-08T06:00:00Z, reason: move of the database, author: ana}
slos:
  - {name: availability, target: 99.5%, window: 28d, valid: "not status in [408, 499]", good: exists(status) and status < 500}
  - {name: latency, target: 99%, window: 28d, valid: 'status < 500 and route != "/static/{*file}"', good: latency <= 300ms}
  - name: minutes
    target: 99%
    window: {calendar: 1M, zone: Europe/Berlin}
    good: status < 500
    budgeting_method: Timeslices
    time_slice_target: 90%
    time_slice_window: 5m
  - name: ratios
    target: 99%
    window: 14d
    good: status < 500
    budgeting_method: RatioTimeslices
    time_slice_window: 10m
  - {name: bytes, target: 99.9%, window: [7d, 14d], good: status < 500, weight: bytes}
  - {name: nothing, target: 99.9%, valid: 'host == "nowhere.example"', good: status < 500}
"#;

/// What would act in a page, were it not text.
const HOSTILE: [&str; 10] = [
    "/<script>globalThis.canary=1</script>",
    "/\"onload=\"globalThis.canary=2",
    "/'onmouseover='globalThis.canary=3",
    "/javascript:globalThis.canary=4",
    "/\u{2028}globalThis.canary=5//\u{2029}",
    "/\u{1b}[31m\u{1b}]0;canary\u{7}",
    "/\u{202e}gnp.exe\u{2066}",
    "/</script><script>globalThis.canary=8</script><!--<script>",
    "/{{7*7}}{%x%}${7*7}",
    "/<img/src=x/onerror=globalThis.canary=10>",
];

#[test]
#[ignore = "needs Chromium, node, playwright-core and axe-core; run by tests/full"]
fn a_browser_reads_the_report_page() {
    let folder = Folder::new("report_page");
    incident_log(&folder.path.join("access.log"));
    folder.write("slos.yaml", DEFINITION);
    slix(&folder.path, &["slices", "-c", "slos.yaml", "access.log", "-o", "shop.slices.parquet"]);
    slix(&folder.path, &["report", "-c", "slos.yaml", "--every", "1h", "shop.slices.parquet", "-o", "report.html"]);
    slix(&folder.path, &["windows", "-c", "slos.yaml", "--every", "1h", "shop.slices.parquet", "-o", "windows.ndjson"]);
    hostile_page(&folder);
    folder.write("empty.log", "");
    slix(&folder.path, &["report", "-c", "slos.yaml", "empty.log", "-o", "empty.html"]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/full_suite/report_page.mjs");
    let output = Command::new("node").arg(script).arg(&folder.path).output().expect("node is installed");
    let said = [output.stdout, output.stderr].concat();
    keep_screenshots(&folder.path.join("screenshots"));
    assert!(output.status.success(), "report_page.mjs failed:\n{}", String::from_utf8_lossy(&said));
}

/// Four weeks with a failing hour, a slow day, and a bad half hour.
fn incident_log(path: &Path) {
    let incident = |from, to, errors, latency_factor| Incident { from, to, class: None, errors, latency_factor };
    let incidents = vec![
        incident(1_080_000, 1_088_000, 0.25, 3),
        incident(1_980_000, 1_982_400, 0.5, 8),
        incident(2_300_000, 2_340_000, 0.01, 2),
    ];
    let config = Config {
        seed: 7,
        lines: 120_000,
        format: Format::IngressNginx,
        minutes: 28 * 1_440,
        day_night: 0.6,
        errors: 0.0004,
        paths: 40,
        incidents,
        ..Config::default()
    };
    let file = std::fs::File::create(path).expect("the folder is writable");
    Generator::new(config.dirty()).write(std::io::BufWriter::new(file)).expect("the log can be written");
}

/// Paths, agents, names and reasons of a stranger who means harm; more groups than are listed.
fn hostile_page(folder: &Folder) {
    let mut log = String::new();
    for minute in 0..600 {
        let path = HOSTILE[minute % HOSTILE.len()];
        let agent = HOSTILE[(minute / 7) % HOSTILE.len()];
        let (hour, status) = (minute / 60, if minute % 3 == 0 { 502 } else { 200 });
        let minute = minute % 60;
        let _ = writeln!(
            log,
            "2026-11-02T{hour:02}:{minute:02}:00+00:00\t{status}\t0.{minute:03}\tGET {path}/{minute} HTTP/1.1\t{agent}"
        );
    }
    let name = "<img src=x onerror=globalThis.canary=11>.log";
    folder.write(name, &log);
    folder.write(
        "hostile.yaml",
        r#"
service: '</script><script>globalThis.canary=12</script>'
format: "$time_iso8601\t$status\t$request_time\t$request\t$http_user_agent"
group_by: [path, user_agent]
attribute: [path]
exclude:
  - {start: 2026-11-02T02:00:00Z, duration: 10m, reason: '<svg onload=globalThis.canary=13>', author: '"onload="'}
slos:
  - {name: '<b>"availability', target: 99.9%, window: 1d, good: status < 500}
  - {name: latency, target: 99%, window: 1d, good: latency <= 30ms}
"#,
    );
    slix(&folder.path, &["report", "-c", "hostile.yaml", name, "-o", "hostile.html"]);
}

/// They are looked at, by whoever runs this.
fn keep_screenshots(from: &Path) {
    let Some(to) = std::env::var_os("SLIX_SCREENSHOTS") else { return };
    std::fs::create_dir_all(&to).expect("the folder SLIX_SCREENSHOTS can be made");
    for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
        std::fs::copy(entry.path(), Path::new(&to).join(entry.file_name())).expect("a screenshot can be copied");
    }
}
