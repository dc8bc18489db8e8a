//! Lines that are legal and rare, of every family: `fixtures/odd_lines.jsonl` says what each holds. They are read with the format named, and most
//! by detection of the one line alone.

use crate::work::Work;
use serde_json::{Value, json};

const LINES: &str = include_str!("../../fixtures/odd_lines.jsonl");

#[test]
fn odd_lines_are_read_by_name_and_by_detection() {
    let work = Work::new();
    for sample in LINES.lines() {
        let sample: Value = serde_json::from_str(sample).unwrap();
        let format = sample["format"].as_str().unwrap();
        let found = explained(&work, &sample, &["--format", format]);
        check(&sample, &found);
        if sample["detected"] == true {
            let found = explained(&work, &sample, &[]);
            assert_eq!(found["format"], format, "{sample}");
            check(&sample, &found);
        }
    }
}

/// What slix says of the last line of a sample.
fn explained(work: &Work, sample: &Value, flags: &[&str]) -> Value {
    let header = sample["header"].as_str().map_or(String::new(), |header| format!("{header}\n"));
    let input = format!("{header}{}\n", sample["line"].as_str().unwrap());
    let arguments = [&["explain", "--output-format", "json", "--tz", "UTC"], flags, &["-"]].concat();
    let ran = work.run_with(&arguments, input.as_bytes()).exits(0);
    ran.rows().pop().unwrap()
}

fn check(sample: &Value, found: &Value) {
    for (field, want) in sample["want"].as_object().unwrap() {
        let got = if matches!(field.as_str(), "time" | "outcome") { &found[field] } else { &found["values"][field] };
        assert_eq!(got, want, "{field} of {sample}");
    }
}

/// Presets of JSON, with where their example has its status.
const STATUSES: [(&str, &str); 11] = [
    ("nginx_json", "/status"),
    ("caddy", "/status"),
    ("traefik", "/DownstreamStatus"),
    ("envoy_gateway", "/response_code"),
    ("istio_json", "/response_code"),
    ("envoy_json", "/response_code"),
    ("gcp", "/httpRequest/status"),
    ("cloudflare", "/EdgeResponseStatus"),
    ("fastly", "/response_status"),
    ("kong", "/response/status"),
    ("nginx_json,caddy,fastly", "/status"),
];

/// A request is known by the keys of its format; what stands under them is another question.
#[test]
fn a_request_with_a_broken_status_is_rejected_and_not_taken_for_chatter() {
    let work = Work::new();
    for (formats, place) in STATUSES {
        let format = formats.split(',').next().unwrap();
        let example = slix::format::preset::Preset::named(format).unwrap().example;
        let given = |status: Value| {
            let mut line: Value = serde_json::from_str(example).unwrap();
            *line.pointer_mut(place).unwrap() = status;
            line.to_string()
        };
        // In a log of several formats, too, each line is of the one that knows it.
        let beside = |name: &str| slix::format::preset::Preset::named(name).unwrap().example.to_owned() + "\n";
        let log = format!("{example}\n").repeat(6) + &formats.split(',').skip(1).map(beside).collect::<String>().repeat(6);
        let explained = |status: Value| {
            let line = given(status);
            let args = ["explain", "--output-format", "json", "--format", format, "-"];
            let found = work.run_with(&args, format!("{line}\n").as_bytes()).exits(0).rows().pop().unwrap();
            let counted = log.clone() + &format!("{line}\n");
            let ran = work.run_with(&["report", "--stats", "--availability", "99%", "-"], counted.as_bytes()).exits(0);
            (found, ran.stderr, line)
        };
        for broken in [json!("abc"), json!(1000), json!(200.5), json!(true), json!({"code": 200})] {
            let (found, stats, line) = explained(broken.clone());
            assert_eq!((&found["outcome"], &found["why"]), (&json!("rejected"), &json!("status")), "{line}");
            let failed_at = usize::try_from(found["failed_at"].as_u64().unwrap()).unwrap();
            let value = broken.to_string();
            assert!(line[failed_at..].starts_with(value.trim_start_matches('"')), "{found}");
            assert!(stats.contains(" 1 rejected_status"), "{line}\n{stats}");
        }
        for (status, want) in [(json!(503.0), json!("503")), (json!("503.00"), json!("503")), (Value::Null, Value::Null)] {
            let (found, stats, line) = explained(status);
            assert_eq!((&found["outcome"], &found["values"]["status"]), (&json!("event"), &want), "{line}");
            assert!(!stats.contains("rejected") && !stats.contains("skipped"), "{line}\n{stats}");
        }
    }
}

/// Too large a number, or one below zero, says no more than none: the request counts, and what asks for that number is unknown.
#[test]
fn a_latency_that_cannot_be_one_is_unknown_wherever_it_stands() {
    let work = Work::new();
    work.file(
        "slos.yaml",
        "slos:\n- {name: fast, target: 99%, good: latency <= 300ms}\n- {name: up, target: 99%, good: status < 500}\n",
    );
    let caddy = r#"{"ts":1793527200.25,"logger":"http.log.access","request":{"method":"GET","uri":"/cart"},"duration":LATENCY,"status":200}"#;
    let squid =
        "1793527200.042 LATENCY 192.0.2.7 TCP_MISS/200 812 GET http://shop.example/cart - HIER_DIRECT/198.51.100.9 text/html";
    let nginx = r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/2.0" 200 512 "-" "curl/8" 310 LATENCY [web] [] 10.0.0.3:80 512 0.041 200 4b1f0c"#;
    for (format, line) in [("caddy", caddy), ("squid", squid), ("ingress-nginx", nginx)] {
        for latency in ["-1", "99999999999999999999", "18446744073709551615"] {
            let log = (line.replace("LATENCY", "0") + "\n").repeat(40) + &line.replace("LATENCY", latency) + "\n";
            work.file("access.log", log);
            let rows =
                work.run(&["windows", "-c", "slos.yaml", "--format", format, "access.log", "--every", "1d"]).exits(0).rows();
            let counts = |row: &Value| ["events", "good", "bad", "unknown"].map(|column| row[column].as_u64().unwrap());
            assert_eq!([counts(&rows[0]), counts(&rows[1])], [[41, 40, 0, 1], [41, 41, 0, 0]], "{format} {latency}");
        }
    }
}
