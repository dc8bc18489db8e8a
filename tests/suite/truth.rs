//! Real logs: the binary against counts that somebody else made.
//!
//! The corpus lies beside the project and not in it. Each row of [`FILES`] names a file, the ways to read it, and where its
//! truth calls a latency what. Adding a file is one row; nothing below knows a file by its name.
//!
//! The truth says *parsed* for an event with a status and *no_status* for one without; directives and blank lines are
//! skipped lines here, and *unparsable* ones are rejected, or skipped as known chatter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use slix::time::Instant;

/// A file with the ways to read it.
struct File {
    name: &'static str,
    /// Ways to say its format, as the `format` of a definition; none: it is detected.
    formats: &'static [Option<&'static str>],
    /// Pairs of a latency of the truth and the field that has it, as an expression names it, in every one of `formats`.
    latencies: &'static [(&'static str, &'static str)],
}

const fn plain(name: &'static str, formats: &'static [Option<&'static str>]) -> File {
    File { name, formats, latencies: &[] }
}

/// The timers of load balancers of AWS, and their sum.
const ALB_TIMES: &[(&str, &str)] = &[
    ("request_processing_time", "request_processing_time"),
    ("target_processing_time", "target_processing_time"),
    ("response_processing_time", "response_processing_time"),
    ("sum_of_three", "latency"),
];

const COMBINED: &[Option<&str>] = &[
    None,
    Some("combined"),
    Some(r#"'%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'"#),
    Some(r#"'$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'"#),
];

const FILES: &[File] = &[
    plain("apache-combined-wrapped_acunetix.log.gz", &[None, Some("combined_quoted")]),
    plain("apache-combined_elastic-examples.log.gz", COMBINED),
    plain("apache-combined_howto-basjes-hackers.log", COMBINED),
    // The user names of this log hold no blank, so that the strings of nginx and Apache read the same.
    plain("apache-combined_lnav-playground.log", COMBINED),
    plain("apache-combined_sparkdeveloper_2016-02-20_2016-03-21.log.gz", &[None]),
    plain("apache-common_http-probing.log", &[None, Some("common"), Some(r#"'%h %l %u %t "%r" %>s %b'"#)]),
    plain("nginx-combined-xff_zanbil-1000.log", &[None, Some("nginx_main")]),
    plain("nginx-combined_malformed-requests.log", COMBINED),
    plain(
        "nginx-custom-hostport_honeypot_2019-04-01.log.gz",
        &[Some(
            r#"'$http_host $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $server_port'"#,
        )],
    ),
    File {
        name: "nginx-custom-rt_slo-exporter.log",
        formats: &[Some(
            r#"'$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" uag="$http_user_agent" "$realip" ua="$upstream_addr" rt="$request_time" uct="$upstream_connect_time" uht="$upstream_header_time" urt="$upstream_response_time" $rest'"#,
        )],
        latencies: &[
            ("rt", "latency"),
            ("uct", "$upstream_connect_time"),
            ("uht", "$upstream_header_time"),
            ("urt", "$upstream_response_time"),
        ],
    },
    File {
        name: "nginx-json_private-isu.ndjson",
        formats: &[None, Some("nginx_json")],
        latencies: &[("request_time", "latency")],
    },
    // `response_time` is a name without a known unit. The file's notes say that it is `$upstream_response_time`, in seconds.
    File {
        name: "nginx-json_private-isu.ndjson",
        formats: &[
            Some("{preset: nginx_json, json: {upstream: {path: response_time, as: s}}}"),
            Some("{json: {time: time, status: status, latency: request_time s, upstream: {path: response_time, as: s}}}"),
        ],
        latencies: &[("request_time", "latency"), ("response_time", "upstream")],
    },
    File { name: "caddy-json_matomo.ndjson", formats: &[None, Some("caddy")], latencies: &[("duration", "latency")] },
    File { name: "caddy-json_mirrors.ndjson", formats: &[None, Some("caddy")], latencies: &[("duration", "latency")] },
    File {
        name: "traefik-json_base-http.ndjson",
        formats: &[None, Some("traefik")],
        latencies: &[("Duration", "latency"), ("OriginDuration", "OriginDuration")],
    },
    File { name: "alb_aws-waf-sample.log", formats: &[None, Some("alb")], latencies: ALB_TIMES },
    File { name: "alb_crowdsec.log", formats: &[None, Some("alb")], latencies: ALB_TIMES },
    File {
        name: "s3-access_centralized-logging.log",
        formats: &[None, Some("s3")],
        latencies: &[("total_time", "latency"), ("turn_around_time", "turn_around_time")],
    },
    File {
        name: "cloudfront-legacy19_aws-waf-sample.log.gz",
        formats: &[None, Some("cloudfront")],
        latencies: &[("time-taken", "latency")],
    },
    File { name: "cloudfront-standard_2022.log", formats: &[None, Some("cloudfront")], latencies: &[("time-taken", "latency")] },
    File {
        name: "cloudflare-logpush_lnav-1.ndjson",
        formats: &[None, Some("cloudflare")],
        latencies: &[("edge_end_minus_start", "elapsed"), ("OriginResponseDurationMs", "OriginResponseDurationMs")],
    },
    plain("envoy-json-cri_crawl.log", &[None, Some("envoy_gateway")]),
    File {
        name: "haproxy-http_2014-12-25.log.gz",
        formats: &[None, Some("haproxy")],
        latencies: &[("Tr", "Tr"), ("Tt", "latency")],
    },
    File { name: "iis-advanced_lnav.log", formats: &[None, Some("iis")], latencies: &[("TimeTakenMS", "latency")] },
    File { name: "iis-w3c_matomo.log", formats: &[None, Some("iis")], latencies: &[("time-taken", "latency")] },
];

/// A file of the corpus; none where there is no corpus, which is an error on the machines that must have it.
pub fn corpus(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "the corpus has no {name}, and CI must not skip it");
    println!("skipped: no corpus");
    None
}

#[test]
fn every_file_of_the_corpus_gives_its_truth() {
    for file in FILES {
        let (Some(log), Some(truth)) =
            (corpus(&format!("data/{}", file.name)), corpus(&format!("data/truth/{}.json", file.name)))
        else {
            return;
        };
        let truth: Value = serde_json::from_slice(&std::fs::read(truth).unwrap()).unwrap();
        for format in file.formats {
            let answers = ask(&log, &definitions(file, *format, &truth));
            let case = format!("{} by {}", file.name, format.unwrap_or("detection"));
            check_accounting(&case, &answers, &truth);
            check_statuses(&case, &answers, &truth);
            check_windows(&case, &answers, &truth);
            check_hours(&case, &answers, &truth);
            check_times(&case, &answers, &truth);
            check_latencies(&case, file, &answers, &truth);
        }
    }
}

/// Bounds that the truth counts latencies above, beside the greatest one.
const BOUNDS: [(&str, &str); 3] = [("gt_100ms", "100ms"), ("gt_300ms", "300ms"), ("gt_1s", "1s")];

/// Everything that is asked of a file.
fn definitions(file: &File, format: Option<&str>, truth: &Value) -> String {
    let mut text = format.map_or(String::new(), |format| format!("format: {format}\n"));
    text.push_str("slos:\n- {name: status, target: 99%, good: status < 500, group_by: [status]}\n");
    let mut latency = |name: String, field: &str, comparison: String| {
        text.push_str(&format!("- {{name: {name}, target: 99%, good: '{field} {comparison}'}}\n"));
    };
    for (name, field) in file.latencies {
        for (count, bound) in BOUNDS {
            latency(format!("{name} {count}"), field, format!("<= {bound}"));
        }
        let max = truth["latency"][name]["max_ms"].as_str().unwrap();
        latency(format!("{name} max"), field, format!("<= {max}ms"));
        latency(format!("{name} below max"), field, format!("< {max}ms"));
    }
    text
}

/// What the binary says of a file.
struct Answers {
    accounting: Value,
    by_minute: Vec<Value>,
    by_5m: Vec<Value>,
    by_hour: Vec<Value>,
}

/// Scans the file once, and asks the counts three times. The windows of the log itself must be those of its counts.
fn ask(log: &Path, definitions: &str) -> Answers {
    let folder = tempfile::tempdir().unwrap();
    let (slos, counts) = (folder.path().join("slos.yaml"), folder.path().join("log.slices.parquet"));
    std::fs::write(&slos, definitions).unwrap();
    let run = |arguments: &[&str], input: &Path| {
        let mut command = Command::cargo_bin("slix").unwrap();
        let output = command.args(arguments).args(["--tz", "UTC", "-qqc"]).arg(&slos).arg(input).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "slix {arguments:?} {}: {said}\n{definitions}", input.display());
        (output.stdout, said)
    };
    let windows = |every: &str, input: &Path| {
        let (out, _) = run(&["windows", "--every", every, "--skip-empty", "--output-format", "ndjson"], input);
        String::from_utf8(out).unwrap()
    };
    let (_, said) = run(&["slices", "--stats=json", "-o", counts.to_str().unwrap()], log);
    let by_5m = windows("5m", log);
    assert_eq!(by_5m, windows("5m", &counts), "the log and its slices give different windows: {}", log.display());
    let rows = |text: String| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    Answers {
        accounting: serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}")),
        by_minute: rows(windows("1m", &counts)),
        by_hour: rows(windows("1h", &counts)),
        by_5m: rows(by_5m),
    }
}

fn count(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("no count `{name}` in {value}"))
}

/// The rows of an SLO over all groups (`all`), or by group (`group`).
fn rows<'a>(rows: &'a [Value], slo: &'a str, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    rows.iter().filter(move |row| row["slo"] == slo && row["group_kind"] == kind)
}

fn check_accounting(case: &str, answers: &Answers, truth: &Value) {
    let lines = |name: &str| count(&answers.accounting[name], "lines");
    assert_eq!(count(&answers.accounting, "lines"), count(truth, "total_lines"), "{case}: lines");
    assert_eq!(count(&answers.accounting, "bytes"), count(truth, "bytes_uncompressed"), "{case}: bytes");
    assert_eq!(lines("events"), count(truth, "parsed_lines") + count(truth, "no_status_lines"), "{case}: events");
    assert_eq!(lines("skipped_blank"), count(truth, "blank_lines"), "{case}: blank lines");
    let unread: u64 =
        ["too_long", "layout", "time", "status", "number", "json"].iter().map(|r| lines(&format!("rejected_{r}"))).sum();
    // A line that begins with `#` is a comment to slix; to the truth, only where the format has directives.
    let unread = unread + lines("skipped_chatter") + lines("skipped_comment");
    let want = count(truth, "unparsable_lines") + count(truth, "directive_lines");
    assert_eq!(unread, want, "{case}: lines that do not parse");
    assert_eq!((lines("joined"), lines("undated")), (0, 0), "{case}: joined and undated lines");
}

/// Events by status; 0 is no response.
type Statuses = BTreeMap<u16, u64>;

fn statuses_of<'a>(rows: impl Iterator<Item = &'a Value>) -> Statuses {
    let mut statuses = Statuses::new();
    for row in rows {
        let status = row["status"].as_str().map_or(0, |status| status.parse().unwrap());
        *statuses.entry(status).or_default() += count(row, "events");
    }
    statuses
}

fn check_statuses(case: &str, answers: &Answers, truth: &Value) {
    let mut want = Statuses::new();
    for (status, events) in truth["status_counts"].as_object().unwrap() {
        *want.entry(status.parse().unwrap()).or_default() += events.as_u64().unwrap();
    }
    if let Some(no_status) = truth["no_status_lines"].as_u64().filter(|&n| n > 0) {
        *want.entry(0).or_default() += no_status;
    }
    assert_eq!(statuses_of(rows(&answers.by_5m, "status", "group")), want, "{case}: statuses");
    let sum = |name: &str| rows(&answers.by_5m, "status", "all").map(|row| count(row, name)).sum::<u64>();
    assert_eq!(sum("bad"), count(truth, "total_5xx"), "{case}: 5xx");
    // The truth takes an event without a response for available, slix for unknown.
    let unknown = want.get(&0).copied().unwrap_or(0) - count(truth, "no_status_lines");
    let available = format!("{}/{}", sum("good") + unknown, sum("valid") + unknown);
    assert_eq!(available, truth["availability_fraction"].as_str().unwrap(), "{case}: availability");
    assert_eq!(sum("unknown"), want.get(&0).copied().unwrap_or(0), "{case}: no response");
}

/// The worst window of at least 20 events: greatest share of 5xx, the earliest of equals.
fn check_windows(case: &str, answers: &Answers, truth: &Value) {
    let windows: Vec<(&str, u64, u64)> = rows(&answers.by_5m, "status", "all")
        .map(|row| (row["start_time"].as_str().unwrap(), count(row, "events"), count(row, "bad")))
        .filter(|(_, events, _)| *events >= 20)
        .collect();
    let want = &truth["worst_5m_window"];
    // Rows are in time order, so the first of the greatest is the earliest. a/b > c/d as a·d > c·b, exactly.
    let worst = windows.iter().copied().reduce(|worst, this| if this.2 * worst.1 > worst.2 * this.1 { this } else { worst });
    let Some((start, events, bad)) = worst else {
        return assert!(want.is_null(), "{case}: no window of 20 events, but the truth has {want}");
    };
    assert_eq!(Instant::parse(start), Instant::parse(want["start"].as_str().unwrap()), "{case}: worst window");
    assert_eq!((events, bad), (count(want, "total"), count(want, "errors_5xx")), "{case}: the worst window's counts");
    assert_eq!(windows.len() as u64, count(want, "windows_with_20_or_more"), "{case}: windows of 20 events");
    let ties = windows.iter().filter(|(_, e, b)| b * events == bad * e).count();
    assert_eq!(ties as u64, count(want, "ties"), "{case}: windows as bad as the worst");
}

fn check_hours(case: &str, answers: &Answers, truth: &Value) {
    let mut by_hour: BTreeMap<Instant, BTreeMap<String, u64>> = BTreeMap::new();
    for row in rows(&answers.by_hour, "status", "group") {
        let hour = Instant::parse(row["start_time"].as_str().unwrap()).unwrap();
        let class = row["status"].as_str().map_or("0", |status| &status[..1]);
        *by_hour.entry(hour).or_default().entry(format!("{class}xx")).or_default() += count(row, "events");
    }
    // The last step has a row for every group, whether it has events or not.
    by_hour.values_mut().for_each(|classes| classes.retain(|_, events| *events > 0));
    let want: BTreeMap<Instant, BTreeMap<String, u64>> = truth["status_class_by_utc_hour"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(hour, classes)| (Instant::parse(hour).unwrap(), serde_json::from_value(classes.clone()).unwrap()))
        .collect();
    assert_eq!(by_hour, want, "{case}: status classes by hour");
}

/// The first and the last event, as exactly as slices tell.
fn check_times(case: &str, answers: &Answers, truth: &Value) {
    let instant = |value: &Value| Instant::parse(value.as_str().unwrap()).unwrap();
    let mut with_events = rows(&answers.by_minute, "status", "all").filter(|row| count(row, "events") > 0);
    let first = with_events.next().unwrap();
    let last = with_events.last().unwrap_or(first);
    for (row, time) in [(first, &truth["min_time"]), (last, &truth["max_time"])] {
        let minute = instant(&row["start_time"])..instant(&row["end_time"]);
        assert!(minute.contains(&instant(time)), "{case}: {time} is not in {minute:?}");
    }
}

fn check_latencies(case: &str, file: &File, answers: &Answers, truth: &Value) {
    for (name, _) in file.latencies {
        let want = &truth["latency"][name];
        let sum = |slo: &str, column: &str| {
            let slo = format!("{name} {slo}");
            rows(&answers.by_5m, &slo, "all").map(|row| count(row, column)).sum::<u64>()
        };
        for (slo, _) in BOUNDS {
            assert_eq!(sum(slo, "bad"), count(want, slo), "{case}: {name} {slo}");
            assert_eq!(sum(slo, "valid"), count(want, "present"), "{case}: {name} present");
            assert_eq!(sum(slo, "unknown"), count(want, "missing") + count(want, "minus_one"), "{case}: {name} missing");
        }
        assert_eq!(sum("max", "bad"), 0, "{case}: {name} above the greatest");
        assert!(sum("below max", "bad") > 0, "{case}: no {name} is as great as the greatest");
    }
}

/// A file that stands in no row is one that nobody looks at.
#[test]
fn no_file_is_left_out() {
    let Some(folder) = corpus("data") else { return };
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_log = name != "truth" && name != "INDEX.md";
        assert!(!is_log || FILES.iter().any(|file| file.name == name), "{name} needs a row in FILES");
    }
}
