//! A real Prometheus, fed with slix's slices, comes to slix's ratios.
//!
//! `promtool` makes blocks of the OpenMetrics file; Prometheus serves them on loopback, and is asked for `sum_over_time` at the end of
//! every step. Both sides divide the same integers, so the ratios are compared as they are, not nearly.

use crate::readers::{DEFINITION, generate};
use crate::run::{Folder, slix};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A stretch that no budget pays for.
const EXCLUDE: &str = "exclude: {start: 2026-10-06T03:00:00Z, duration: 90m, reason: move, author: ana}";

#[test]
#[ignore = "needs prometheus and promtool; run by tests/full"]
fn sums_over_time_are_the_ratios_of_the_windows() {
    let folder = Folder::new("prometheus");
    let (log, _) = generate(20_000);
    folder.write("access.log", &log);
    folder.write("slos.yaml", &format!("{EXCLUDE}{DEFINITION}"));
    slix(&folder.path, &["slices", "-c", "slos.yaml", "access.log", "-o", "shop.slices.parquet"]);
    slix(&folder.path, &["slices", "-c", "slos.yaml", "shop.slices.parquet", "-o", "shop.openmetrics"]);
    promtool(&folder.path);
    let server = Server::start(&folder.path);
    let mut compared = 0;
    for (every, seconds) in [("5m", 300), ("1h", 3_600), ("1d", 86_400)] {
        let name = format!("{every}.csv");
        slix(&folder.path, &["windows", "-c", "slos.yaml", "--every", every, "shop.slices.parquet", "-o", &name]);
        let steps = rows(&folder.path.join(name));
        for slo in ["availability", "strict", "latency"] {
            compared += compare(&server, &steps, slo, every, seconds);
        }
    }
    assert!(compared > 2_000, "only {compared} ratios were compared");
    // Three SLOs, and one sample where the excluded stretch begins.
    let noon = epoch("2026-10-06T12:00:00Z");
    let excluded = server.range(r#"sum(count_over_time(slix_exclusion_info{reason="move",author="ana"}[1d]))"#, noon, noon, 60);
    assert_eq!(excluded, BTreeMap::from([(noon, 3.0)]));
}

fn promtool(folder: &Path) {
    let mut command = Command::new("promtool");
    command.args(["tsdb", "create-blocks-from", "openmetrics", "shop.openmetrics", "data"]).current_dir(folder);
    let output = command.output().expect("promtool is installed");
    assert!(output.status.success(), "promtool: {}", String::from_utf8_lossy(&output.stderr));
}

/// Compares the roll-up of one SLO at the end of every whole step; how many there were.
fn compare(server: &Server, steps: &[Row], slo: &str, every: &str, seconds: i64) -> usize {
    let is_whole = |row: &&Row| epoch(&row["end_time"]) - epoch(&row["start_time"]) == seconds;
    let own: Vec<&Row> = steps.iter().filter(|row| row["slo"] == slo && row["group_kind"] == "all").filter(is_whole).collect();
    let (first, last) = (epoch(&own[0]["end_time"]), epoch(&own[own.len() - 1]["end_time"]));
    let labels = format!(r#"{{slo="{slo}",group_kind="all"}}"#);
    let sum = |name: &str| format!("sum_over_time(slix_slice_{name}{labels}[{every}])");
    let (good, bad) = (server.range(&sum("good"), first, last, seconds), server.range(&sum("bad"), first, last, seconds));
    let ratio = format!("{} / ({} + {})", sum("good"), sum("good"), sum("bad"));
    let ratio = server.range(&ratio, first, last, seconds);
    for row in &own {
        let end = epoch(&row["end_time"]);
        let asked = |answers: &BTreeMap<i64, f64>| answers.get(&end).copied();
        assert_eq!(asked(&good).unwrap_or(0.0), number(&row["good"]).unwrap_or(0.0), "good of {slo} at {end} over {every}");
        assert_eq!(asked(&bad).unwrap_or(0.0), number(&row["bad"]).unwrap_or(0.0), "bad of {slo} at {end} over {every}");
        let sli = asked(&ratio).filter(|ratio| !ratio.is_nan());
        assert_eq!(sli, number(&row["sli"]), "SLI of {slo} at {end} over {every}");
    }
    own.len() + compare_windows(server, &own, slo, seconds)
}

/// Compares the state of the window at the end of every step whose last slice has events; how many there were.
fn compare_windows(server: &Server, own: &[&Row], slo: &str, seconds: i64) -> usize {
    let (first, last) = (epoch(&own[0]["end_time"]), epoch(&own[own.len() - 1]["end_time"]));
    let mut compared = 0;
    for name in ["sli", "budget_remaining"] {
        let window = &own[0]["window_length"];
        let last_one = format!(r#"last_over_time(slix_window_{name}{{slo="{slo}",group_kind="all",window="{window}"}}[1m])"#);
        let answers = server.range(&last_one, first, last, seconds);
        let column = if name == "sli" { "window_sli" } else { name };
        for row in own {
            let Some(answer) = answers.get(&epoch(&row["end_time"])) else { continue };
            assert_eq!(Some(*answer), number(&row[column]), "{column} of {slo} at {}", row["end_time"]);
            compared += 1;
        }
    }
    assert!(compared > 0, "no window of {slo} was compared");
    compared
}

/// A row of a CSV file, by column. (Numbers as text, since not every reader of JSON reads the float that was written.)
type Row = BTreeMap<String, String>;

/// The rows of a CSV file without quotes.
fn rows(path: &Path) -> Vec<Row> {
    let text = std::fs::read_to_string(path).expect("slix wrote the file");
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned));
    let names: Vec<String> = lines.next().expect("there is a header").collect();
    lines.map(|cells| names.iter().cloned().zip(cells).collect()).collect()
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn epoch(time: &str) -> i64 {
    let time: jiff::Timestamp = time.parse().expect("a time is RFC 3339");
    time.as_second()
}

/// Prometheus over the blocks of a folder; it ends with the test.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path) -> Server {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("loopback has a free port").port();
        let address = format!("127.0.0.1:{port}");
        std::fs::write(folder.join("prometheus.yml"), "global: {scrape_interval: 1h}\n").expect("the folder is writable");
        let mut command = Command::new("prometheus");
        command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--storage.tsdb.retention.time=100y"]);
        command.arg(format!("--web.listen-address={address}")).current_dir(folder);
        let log = std::fs::File::create(folder.join("prometheus.log")).expect("the folder is writable");
        let child = command.stdout(Stdio::null()).stderr(log).spawn().expect("prometheus is installed");
        let server = Server { child, address };
        for _ in 0..300 {
            if server.get("/-/ready").is_some_and(|answer| answer.contains("200 OK")) {
                return server;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("Prometheus is not ready: {}", std::fs::read_to_string(folder.join("prometheus.log")).unwrap_or_default());
    }

    /// The values of an expression at every step, by time.
    fn range(&self, expression: &str, first: i64, last: i64, step: i64) -> BTreeMap<i64, f64> {
        let escaped: String = expression.bytes().map(|b| format!("%{b:02X}")).collect();
        let path = format!("/api/v1/query_range?query={escaped}&start={first}&end={last}&step={step}");
        let answer = self.get(&path).unwrap_or_else(|| panic!("no answer to {expression}"));
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let json: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}"));
        assert_eq!(json["status"], "success", "{expression}: {json}");
        let series = json["data"]["result"].as_array().expect("a result is a list");
        assert!(series.len() <= 1, "{expression} is one series: {json}");
        let points = series.iter().flat_map(|one| one["values"].as_array().expect("values are a list"));
        let value = |point: &Value| {
            let value = point[1].as_str().and_then(|text| text.parse().ok());
            (point[0].as_f64().expect("a time is a number") as i64, value.expect("a value is a number"))
        };
        points.map(value).collect()
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
        // HTTP/1.0: the body ends where the connection does, in one piece.
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
