//! Weighted SLOs from the outside, against sums made with plain code.

use std::fmt::Write as _;

use super::work::Work;

const SLOS: &str = "\
slos:
  - {name: bytes, target: 95%, good: status < 500, weight: bytes, group_by: [host]}
  - {name: events, target: 95%, good: status < 500, group_by: [host]}
  - {name: small, target: 95%, valid: status != 404, good: status < 500, weight: length}
";

/// (minute, host, status, bytes, length) of line `n`: a few sizes are absent, some lengths are fractions or negative.
fn event(n: u64) -> (u64, u64, u64, Option<u64>, Option<i64>) {
    let mixed = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33;
    let status = [200, 200, 200, 404, 503][(mixed % 5) as usize];
    let bytes = (!mixed.is_multiple_of(11)).then_some(mixed % 100_000);
    let length = (!mixed.is_multiple_of(13)).then_some((mixed % 1_000) as i64 - 50);
    (mixed % 300, mixed / 7 % 3, status, bytes, length)
}

fn log(events: u64) -> String {
    let mut text = String::new();
    for n in 0..events {
        let (minute, host, status, bytes, length) = event(n);
        let text_of = |n: Option<String>| n.unwrap_or("null".to_owned());
        writeln!(
            text,
            "{{\"time\":\"2026-11-02T{:02}:{:02}:00Z\",\"host\":\"h{host}\",\"status\":{status},\"bytes\":{},\"length\":{}}}",
            minute / 60,
            minute % 60,
            text_of(bytes.map(|b| b.to_string())),
            text_of(length.map(|l| format!("{l}.25"))),
        )
        .unwrap();
    }
    text
}

fn rows(work: &Work, input: &str, slo: &str) -> Vec<serde_json::Value> {
    let args = ["windows", "-c", "slos.yaml", "--every", "1d", "--threads", "2", "--output-format", "ndjson", input];
    work.run(&args).exits(0).rows().into_iter().filter(|row| row["slo"] == slo).collect()
}

#[test]
fn good_and_bad_are_sums_and_events_stay_counts() {
    let work = Work::new();
    work.file(
        "slos.yaml",
        format!("format: {{json: {{time: time, host: host, status: status, bytes: bytes, length: length number}}}}\n{SLOS}"),
    );
    work.file("access.log", log(5_000));
    work.run(&["slices", "-c", "slos.yaml", "access.log", "-o", "all.slices.parquet"]).exits(0);
    let all: Vec<_> = (0..5_000).map(event).collect();
    for input in ["access.log", "all.slices.parquet"] {
        for row in rows(&work, input, "bytes") {
            let host = row["host"].as_str().map(|h| h[1..].parse::<u64>().unwrap());
            let seen = || all.iter().filter(|e| host.is_none_or(|h| e.1 == h));
            let sum = |bad: bool| seen().filter(|e| (e.2 >= 500) == bad).filter_map(|e| e.3).sum::<u64>();
            assert_eq!((&row["good"], &row["bad"]), (&sum(false).into(), &sum(true).into()), "{input} {host:?}");
            assert_eq!(row["events"], seen().count());
            assert_eq!((&row["unknown"], &row["excluded"]), (&seen().filter(|e| e.3.is_none()).count().into(), &0.into()));
        }
        let row = &rows(&work, input, "small")[0];
        // Whole numbers are the nearest; what is below zero is not valid, nor is a 404; what is absent is unknown.
        let valid = |e: &&(u64, u64, u64, Option<u64>, Option<i64>)| e.2 != 404;
        let sum = |bad: bool| {
            all.iter().filter(valid).filter(|e| (e.2 >= 500) == bad).filter_map(|e| e.4.filter(|l| *l >= 0)).sum::<i64>()
        };
        assert_eq!((&row["window_good"], &row["window_bad"]), (&sum(false).into(), &sum(true).into()), "{input}");
        let unknown = all.iter().filter(valid).filter(|e| e.4.is_none()).count();
        let excluded = all.iter().filter(|e| !valid(e) || e.4.is_some_and(|l| l < 0)).count();
        assert_eq!((&row["unknown"], &row["excluded"]), (&unknown.into(), &excluded.into()), "{input}");
    }
}

#[test]
fn a_weight_changes_nothing_for_others() {
    let work = Work::new();
    let format = "format: {json: {time: time, host: host, status: status, bytes: bytes, length: length number}}\n";
    work.file("slos.yaml", format!("{format}{SLOS}"));
    work.file("access.log", log(2_000));
    let beside = rows(&work, "access.log", "events");
    let alone: String = SLOS.lines().filter(|line| !line.contains("weight")).map(|line| format!("{line}\n")).collect();
    work.file("slos.yaml", format!("{format}{alone}"));
    assert_eq!(beside, rows(&work, "access.log", "events"));
}

#[test]
fn folded_groups_keep_their_weights() {
    let work = Work::new();
    let format = "format: {json: {time: time, host: host, status: status, bytes: bytes, length: length number}}\n";
    work.file("slos.yaml", format!("{format}{SLOS}"));
    work.file("access.log", log(2_000));
    let args = ["windows", "-c", "slos.yaml", "--every", "1d", "--max-groups", "1", "--output-format", "ndjson", "access.log"];
    let rows: Vec<_> = work.run(&args).exits(0).rows().into_iter().filter(|row| row["slo"] == "bytes").collect();
    let of = |kind: &str, column: &str| {
        rows.iter().filter(|r| r["group_kind"] == kind).map(|r| r[column].as_i64().unwrap()).sum::<i64>()
    };
    assert_eq!(rows.iter().filter(|row| row["group_kind"] == "group").count(), 1);
    for column in ["events", "good", "bad", "valid", "unknown", "window_good", "window_bad"] {
        assert_eq!(of("all", column), of("group", column) + of("other", column), "{column}");
        assert!(of("other", column) > 0, "{column}");
    }
}

/// Any split of the log, read as logs or as slices of each part, gives the sums of the whole.
#[test]
fn sums_merge() {
    let work = Work::new();
    let format = "format: {json: {time: time, host: host, status: status, bytes: bytes, length: length number}}\n";
    work.file("slos.yaml", format!("{format}{SLOS}"));
    let text = log(3_000);
    let cut = text.lines().take(1_234).map(|line| line.len() + 1).sum::<usize>();
    work.file("whole/a.log", &text);
    work.file("parts/a.log", &text[..cut]);
    work.file("parts/b.log", &text[cut..]);
    for part in ["a", "b"] {
        let (log, slices) = (format!("parts/{part}.log"), format!("slices/{part}.slices.parquet"));
        work.file("slices/.keep", "");
        work.run(&["slices", "-c", "slos.yaml", &log, "-o", &slices]).exits(0);
    }
    for slo in ["bytes", "events", "small"] {
        let whole = rows(&work, "whole", slo);
        assert!(!whole.is_empty() && whole == rows(&work, "parts", slo) && whole == rows(&work, "slices", slo), "{slo}");
    }
}
