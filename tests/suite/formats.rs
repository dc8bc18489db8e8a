//! Formats from the outside: local times, the ends of a request, routes of an OpenAPI document, what `init` writes, logs that hold
//! several formats and what servers say between the requests.

use serde_json::{Value, json};

use crate::work::Work;

fn haproxy(at: &str) -> String {
    format!("192.0.2.7:40112 [{at}] web shop/app1 9/0/1/30/40 200 512 - - ---- 1/1/1/1/0 0/0 \"GET /cart/7 HTTP/1.1\"\n")
}

/// (start of the hour, events) of each row.
fn hours(rows: &[Value]) -> Vec<(String, u64)> {
    rows.iter().map(|row| (row["start_time"].as_str().unwrap().to_owned(), row["events"].as_u64().unwrap())).collect()
}

#[test]
fn local_times_that_come_twice_or_never_are_counted_and_warned_about() {
    let work = Work::new();
    let times = ["29/Mar/2026:01:59:59.999", "29/Mar/2026:02:30:00.042", "25/Oct/2026:02:30:00.042", "25/Oct/2026:03:30:00.042"];
    work.file("ha.log", times.map(haproxy).concat());
    let hourly = ["windows", "--tz", "Europe/Berlin", "--availability", "99%", "--every", "1h", "--skip-empty", "ha.log"];
    let ran = work.run(&hourly).exits(0);
    // The hour that is left out counts with the offset before it, that which comes twice as the first.
    let want =
        [("2026-03-29T00:00:00Z", 1), ("2026-03-29T01:00:00Z", 1), ("2026-10-25T00:00:00Z", 1), ("2026-10-25T02:00:00Z", 1)];
    assert_eq!(hours(&ran.rows()), want.map(|(hour, events)| (hour.to_owned(), events)));
    assert!(ran.stderr.contains("1 of 4 requests are in an hour that comes twice"), "{}", ran.stderr);
    assert!(ran.stderr.contains("1 of 4 requests are in an hour that is left out"), "{}", ran.stderr);
    let report = work.run(&["report", "--tz", "Europe/Berlin", "--output-format", "json", "ha.log"]).exits(0).json();
    assert_eq!((&report["accounting"]["time_folds"], &report["accounting"]["time_gaps"]), (&json!(1), &json!(1)));
    // An offset leaves no doubt, and without a zone nothing is counted.
    let fixed = work.run(&["windows", "--tz", "+01:00", "--availability", "99%", "--every", "1h", "ha.log"]).exits(0);
    assert!(!fixed.stderr.contains("an hour that"), "{}", fixed.stderr);
    let undated = work.run(&["report", "--output-format", "json", "ha.log"]);
    assert!(undated.stderr.contains("4 of 4 lines have no usable time"), "{}", undated.stderr);
}

#[test]
fn the_same_for_the_header_of_old_syslog() {
    let work = Work::new();
    let line = |at: &str| format!("{at} web uvicorn[7]: INFO:     192.0.2.7:40112 - \"GET /cart/7 HTTP/1.1\" 200 OK\n");
    work.file("app.log", ["Oct 25 02:30:00", "Oct 25 03:30:00.25"].map(line).concat());
    let hourly = [
        "windows",
        "--tz",
        "Europe/Berlin",
        "--year",
        "2026",
        "--availability",
        "99%",
        "--every",
        "1h",
        "--skip-empty",
        "app.log",
    ];
    let ran = work.run(&hourly).exits(0);
    assert_eq!(hours(&ran.rows()), [("2026-10-25T00:00:00Z".to_owned(), 1), ("2026-10-25T02:00:00Z".to_owned(), 1)]);
    assert!(ran.stderr.contains("1 of 2 requests are in an hour that comes twice"), "{}", ran.stderr);
}

/// Programs in containers often leave the time to the container's log.
#[test]
fn what_is_declared_without_a_time_takes_that_of_the_envelope() {
    let work = Work::new();
    for (format, line) in [
        (r#"$remote_addr "$request" $status $request_time"#, r#"192.0.2.7 "GET /cart HTTP/1.1" 200 0.042"#),
        (r#"%h "%r" %>s %D"#, r#"192.0.2.7 "GET /cart HTTP/1.1" 200 42000"#),
        (r#"{"json": {"status": "code", "latency": "took ms"}}"#, r#"{"code":200,"took":42}"#),
        (r#"{"logfmt": {"status": "code", "latency": "took ms"}}"#, "code=200 took=42"),
    ] {
        let read = |log: &str, lines: String| {
            work.file(log, lines);
            work.run(&["windows", "--format", format, "--availability", "99%", "--latency", "99% <= 300ms", "--every", "1h", log])
        };
        let stamped = |i: usize| format!("2026-11-01T10:{:02}:{:02}.042137042Z stdout F {line}\n", i / 60 % 60, i % 60);
        let rows = read("cri.log", (0..200).map(stamped).collect()).exits(0).rows();
        let want = json!(["2026-11-01T10:00:00Z", 200, 200]);
        assert_eq!(rows.len(), 2, "{format}: {rows:?}");
        assert!(rows.iter().all(|row| json!([row["start_time"], row["events"], row["good"]]) == want), "{format}: {rows:?}");
        if format.contains("json") {
            // An object that has nothing of a request is none, whoever keeps it.
            let other = r#"{"level":"info","text":"started"}"#;
            let kept = |object: &str| format!("2026-11-01T10:00:00Z stdout F {}\n", json!({"message": object, "source": "app"}));
            let rows =
                read("kept.log", kept(line).repeat(40) + &kept(other) + &kept("Server started") + &kept(line)).exits(0).rows();
            assert!(rows.iter().all(|row| row["events"] == 41 && row["good"] == 41), "{rows:?}");
        }
        let bare = read("bare.log", format!("{line}\n").repeat(3)).exits(0);
        assert!(bare.rows().is_empty(), "{format}");
        let said = "3 of 3 lines have no usable time and are not counted; lines that tell no time need what they are wrapped in";
        assert!(bare.stderr.contains(said), "{format}: {}", bare.stderr);
    }
}

/// Two requests of 90 s: by its clock at noon the one log wrote their end, the other their start.
#[test]
fn requests_are_counted_at_the_end_that_is_asked_for() {
    let work = Work::new();
    let ended = r#"{"time":"2026-11-01T12:00:00+00:00","method":"GET","uri":"/cart/7","status":"200","request_time":"90.000"}"#;
    let started =
        r#"[2026-11-01T12:00:00.000Z] "GET /cart/7 HTTP/2" 200 - 0 512 90000 40 "192.0.2.7" "curl" "4b" "shop" "10.0.0.3:80""#;
    // One whose latency is unknown stays at the time of its line.
    let unknown = r#"{"time":"2026-11-01T12:00:00+00:00","method":"GET","uri":"/cart/7","status":"200","request_time":"-"}"#;
    work.file("end.log", format!("{ended}\n").repeat(3));
    work.file("start.log", format!("{started}\n").repeat(3));
    work.file("unknown.log", format!("{ended}\n{unknown}\n"));
    for (log, by, want) in [
        ("end.log", "logged", vec![("12:00", 3)]),
        ("end.log", "end", vec![("12:00", 3)]),
        ("end.log", "start", vec![("11:58", 3)]),
        ("start.log", "logged", vec![("12:00", 3)]),
        ("start.log", "start", vec![("12:00", 3)]),
        ("start.log", "end", vec![("12:01", 3)]),
        ("unknown.log", "start", vec![("11:58", 1), ("12:00", 1)]),
    ] {
        let ran = work.run(&["windows", "--availability", "99%", "--every", "1m", "--skip-empty", "--window-by", by, log]);
        let want: Vec<_> = want.into_iter().map(|(at, events)| (format!("2026-11-01T{at}:00Z"), events)).collect();
        assert_eq!(hours(&ran.exits(0).rows()), want, "{log} by {by}");
    }
    work.file("none.log", crate::work::line(0, "/cart/7", 200));
    let refused = work.run(&["windows", "--window-by", "start", "none.log"]).exits(2);
    assert!(refused.stderr.contains("latency"), "{}", refused.stderr);
}

#[test]
fn routes_come_from_an_openapi_document() {
    let work = Work::new();
    work.file(
        "api/shop.yaml",
        "openapi: 3.1.0\ninfo: {title: shop, version: '1'}\nservers: [{url: 'https://shop.example/v1'}]\npaths:\n  \
         /orders/{orderId}: {get: {responses: {'200': {description: ok}}}}\n  /orders/latest: {get: {responses: {'200': {description: ok}}}}\n",
    );
    work.file(
        "slos.yaml",
        "routes_from: api/shop.yaml\ngroup_by: [route]\nslos:\n- {name: a, target: 99%, good: status < 500}\n",
    );
    let paths = ["/v1/orders/7", "/v1/orders/8?x=1", "/v1/orders/latest", "/v1/orders/7/items", "/orders/7"];
    work.file("access.log", paths.iter().map(|path| crate::work::line(0, path, 200)).collect::<String>());
    let rows = work.run(&["windows", "-c", "slos.yaml", "--every", "1h", "access.log"]).exits(0).rows();
    let groups = rows.iter().filter(|row| row["group_kind"] == "group");
    let found: Vec<_> = groups.map(|row| (row["route"].as_str().unwrap_or("-"), row["events"].as_u64().unwrap())).collect();
    assert_eq!(found, [("-", 2), ("/v1/orders/latest", 1), ("/v1/orders/{orderId}", 2)]);
    work.file("slos.yaml", "routes_from: nowhere.yaml\nslos:\n- {name: a, target: 99%, good: status < 500}\n");
    let failed = work.run(&["check", "slos.yaml"]).exits(2);
    assert!(failed.stderr.contains("nowhere.yaml"), "{}", failed.stderr);
}

/// A line of a preset as another request; what it says is its example.
fn like(example: &str, i: usize) -> String {
    let line = example.replace("10:00:00", &format!("10:{:02}:00", i % 60)).replace("/cart", &format!("/cart/{i}"));
    format!("{}\n", line.replace("1793527200", &(1_793_527_200 + 60 * (i % 60)).to_string()))
}

fn example(name: &str) -> &'static str {
    slix::format::preset::Preset::named(name).unwrap().example
}

#[test]
fn what_init_writes_answers_for_its_log() {
    let work = Work::new();
    for name in ["combined", "nginx_json", "caddy", "traefik", "istio", "haproxy", "alb", "cloudfront", "iis", "squid", "kong"] {
        let (header, line) = example(name).rsplit_once('\n').map_or(("", example(name)), |(header, line)| (header, line));
        let lines: String = (0..60).map(|i| like(line, i)).collect();
        work.file("any.log", if header.is_empty() { lines } else { format!("{header}\n{lines}") });
        let written = work.run(&["init", "--tz", "UTC", "any.log"]).exits(0);
        assert!(written.text().contains("read with --tz UTC"), "{}", written.text());
        work.file("slos.yaml", written.text());
        work.run(&["check", "--strict", "slos.yaml"]).exits(0);
        let ran = work.run(&["windows", "-c", "slos.yaml", "--tz", "UTC", "--every", "1d", "any.log"]).exits(0);
        let rows = ran.rows();
        let all: Vec<&Value> = rows.iter().filter(|row| row["group_kind"] == "all").collect();
        assert!(!all.is_empty() && all.iter().all(|row| row["events"] == 60), "{name}: {rows:?}");
        // The ids of the paths became a parameter, and what it proposes is met by what it saw.
        assert!(
            rows.iter().any(|row| row["route"].as_str().is_some_and(|route| route.ends_with("/cart/{id}"))),
            "{name}: {rows:?}"
        );
        assert!(all.iter().all(|row| row["met"] == true), "{name}: {rows:?}");
    }
}

/// What servers say beside their requests, a line or two of each.
const WORDS: &[&str] = &[
    "2026/11/01 10:00:00 [error] 42#42: *7 open() failed (2: No such file or directory), request: \"GET /x HTTP/1.1\"",
    "[Sun Nov 01 10:00:00.123456 2026] [core:error] [pid 7] AH00126: Invalid URI in request GET / HTTP/1.1",
    "[NOTICE]   (1) : New worker (8) forked",
    "Server shop/app1 is UP, reason: Layer7 check passed, code: 200, check duration: 1ms.",
    "panic: runtime error: invalid memory address or nil pointer dereference",
    "goroutine 1 [running]:",
    "main.main()",
    "\t/app/main.go:42 +0x1a",
    "Exception in thread \"main\" java.lang.IllegalStateException: no cart",
    "\tat shop.Cart.total(Cart.java:42)",
    "[2026-11-01 10:00:00 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:9)",
    "2026-11-01T10:00:00.042137Z\tinfo\tEnvoy proxy is ready",
    "[2026-11-01 10:00:00.042][1][warning][main] [source/server/server.cc:910] deprecated",
    "2026-11-01T10:00:00Z ERR error=\"accept tcp [::]:80\" entryPointName=web",
    "*** uWSGI is running in multiple interpreter mode ***",
    "I1101 10:00:00.042137       7 main.go:52] Starting",
];

#[test]
fn lines_of_several_formats_are_read_each_by_its_own_and_words_between_them_skipped() {
    let work = Work::new();
    for names in [
        ["combined", "envoy", "caddy"],
        ["haproxy", "traefik", "alb"],
        ["ingress-nginx", "istio", "kong"],
        ["squid", "uwsgi", "s3"],
        // Those whose lines look alike, and objects whose time only one of them finds.
        ["combined", "vhost_combined", "nginx_main"],
        ["vhost_common", "common", "traefik_clf"],
        ["nginx_json", "caddy", "combined"],
        ["envoy_gateway", "traefik", "nginx_json"],
    ] {
        let round = |i: usize| -> String {
            let requests = names.map(|name| like(example(name), i)).concat();
            format!("{requests}{}\n", WORDS[i % WORDS.len()])
        };
        work.file("mixed.log", (0..40).map(round).collect::<String>());
        let ran = work.run(&["report", "--tz", "UTC", "--output-format", "json", "mixed.log"]).exits(0);
        let accounting = &ran.json()["accounting"];
        assert_eq!(accounting["events"]["lines"], 120, "{names:?}: {}", ran.stderr);
        assert_eq!(accounting["skipped_chatter"]["lines"], 40, "{names:?}");
        let others = accounting["events_by_other_formats"].as_object().unwrap();
        assert_eq!(others.values().map(|n| n.as_u64().unwrap()).collect::<Vec<_>>(), [40, 40], "{names:?}");
        assert!(others.keys().all(|name| names.contains(&name.as_str())), "{names:?}: {others:?}");
    }
}

/// How to make them bad is said to those who compare the status and have not said it.
#[test]
fn requests_without_a_response_are_told_where_they_are_overlooked() {
    let work = Work::new();
    work.file("access.log", (0..20).map(|i| like(example("combined"), i).replace(" 200 ", " 000 ")).collect::<String>());
    for (good, is_told) in [
        ("status < 500", true),
        ("status == 2xx or method == \"GET\"", true),
        ("exists(status) and status < 500", false),
        ("not exists(status) or status < 500", false),
        ("bytes < 1000", false),
        ("method == \"GET\"", false),
    ] {
        work.file("slos.yaml", format!("slos:\n  - {{name: a, target: 99%, good: '{good}'}}\n"));
        let warnings = work.run(&["report", "--output-format", "json", "-c", "slos.yaml", "access.log"]).exits(0).json();
        assert_eq!(warnings["warnings"].to_string().contains("got no response"), is_told, "{good}: {}", warnings["warnings"]);
        let kept = work.run(&["slices", "-c", "slos.yaml", "access.log", "-o", "a.slices.parquet"]).exits(0);
        assert_eq!(kept.stderr.contains("got no response"), is_told, "{good}: {}", kept.stderr);
    }
}

/// Objects of other loggers are no requests, also where text lines come first.
#[test]
fn objects_of_other_loggers_are_skipped_in_mixed_logs() {
    let work = Work::new();
    let other = r#"{"level":"info","ts":1793527200.25,"logger":"admin","msg":"admin endpoint started"}"#;
    let round = |i: usize| format!("{}{}{other}\n", like(example("combined"), i).repeat(2), like(example("caddy"), i));
    work.file("mixed.log", (0..20).map(round).collect::<String>());
    let accounting = work.run(&["report", "--output-format", "json", "mixed.log"]).exits(0).json()["accounting"].clone();
    assert_eq!((&accounting["events"]["lines"], &accounting["skipped_chatter"]["lines"]), (&json!(60), &json!(20)));
}

/// Where a variable has no quotes, nginx writes lists, dashes and nothing into what would be JSON: the very lines of requests that were tried twice.
#[test]
fn lines_that_a_json_string_spells_need_not_be_json() {
    let work = Work::new();
    let format = r#"{"t":"$time_iso8601","s":$status,"u":"$request_uri","rt":$request_time,"up":$upstream_response_time}"#;
    let line = |up: &str| format!(r#"{{"t":"2026-11-01T10:00:00+00:00","s":502,"u":"/cart","rt":0.042,"up":{up}}}{}"#, "\n");
    work.file("a.log", ["0.040", "0.010, 0.030", "-", "", "-, 0.030 : 0.001"].map(line).concat().repeat(20) + "{\"t\":\n");
    let slos = format!(
        "format: {}\nslos:\n- {{name: a, target: 99%, valid: $upstream_response_time <= 40ms, good: latency <= 42ms}}\n",
        json!(format)
    );
    work.file("slos.yaml", slos);
    let ran = work.run(&["report", "-c", "slos.yaml", "--output-format", "json", "a.log"]).exits(0).json();
    assert_eq!(ran["accounting"]["events"]["lines"], 100);
    assert_eq!(ran["accounting"]["rejected_json"]["lines"], 1);
    // Those without any upstream are unknown, the others good.
    let rows = work.run(&["windows", "-c", "slos.yaml", "--every", "1h", "a.log"]).exits(0).rows();
    assert_eq!((&rows[0]["good"], &rows[0]["unknown"]), (&json!(60), &json!(40)));
}

/// A text of an object that looks like a line is none where the format says otherwise.
#[test]
fn a_named_format_is_not_looked_for_inside_its_own_lines() {
    let work = Work::new();
    let format = r#"{"@timestamp":"$time_iso8601","message":"$remote_addr $msec $request","status":$status}"#;
    let line =
        r#"{"@timestamp":"2026-11-01T10:00:00+00:00","message":"192.0.2.7 1793527200.042 GET /cart HTTP/1.1","status":200}"#;
    work.file("a.log", format!("{line}\n").repeat(9));
    let found = work.run(&["detect", "--format", format, "a.log"]).exits(0);
    assert!(found.text().contains("9: 9 events") && !found.text().contains("envelope"), "{}", found.text());
    let unread = work.run(&["report", "--format", "combined", "a.log"]);
    assert!(unread.stderr.contains("9 of 9 lines were rejected"), "{}", unread.stderr);
}

/// Objects of log shippers and stores, as each writes them.
#[test]
fn lines_are_found_in_the_objects_of_shippers() {
    let work = Work::new();
    let at = "2026-11-01T10:00:00.042Z";
    let objects = |text: &str| {
        [
            // Filebeat, before and behind an ingest pipeline; Elasticsearch, as it is exported, with objects or dotted names.
            json!({"@timestamp": at, "log": {"offset": 7, "file": {"path": "/var/log/x"}}, "message": text, "input": {"type": "log"}}),
            json!({"@timestamp": at, "event": {"original": text, "kind": "event"}, "message": "was read"}),
            json!({"_index": "logs", "_id": "7", "_score": 1, "_source": {"@timestamp": at, "event.original": text}}),
            json!({"_index": "logs", "_source": {"message": text, "agent": {"type": "filebeat"}}}),
            // Fluent Bit without the newline that Docker has, with and without its kind of time; Vector.
            json!({"date": 1_793_527_200.042, "log": text, "kubernetes": {"container_name": "web", "pod_name": "web-0"}}),
            json!({"log": text, "stream": "stdout", "time": at, "kubernetes": {"container_name": "web"}}),
            json!({"file": "/var/log/x", "host": "web", "message": text, "source_type": "file", "timestamp": at}),
            // logcli, Cloud Logging, CloudWatch, Azure, Splunk, GELF.
            json!({"labels": {"container": "web"}, "line": text, "timestamp": at}),
            json!({"insertId": "x7", "labels": {}, "resource": {"type": "k8s_container", "labels": {"container_name": "web"}}, "textPayload": text, "timestamp": at}),
            json!({"insertId": "x7", "jsonPayload": {"message": text, "stream": "stdout"}, "timestamp": at}),
            json!({"timestamp": 1_793_527_200_042_u64, "message": text, "ingestionTime": 1_793_527_201_042_u64}),
            json!({"TimeGenerated": at, "ContainerName": "web", "LogMessage": text, "LogSource": "stdout"}),
            json!({"preview": false, "result": {"_raw": text, "host": "web"}}),
            json!({"version": "1.1", "host": "web", "short_message": text, "timestamp": 1_793_527_200.042, "_container_name": "web"}),
        ]
        .map(|object| format!("{object}\n"))
    };
    for name in ["combined", "squid", "haproxy", "nginx_json", "kong", "s3"] {
        let lines: Vec<String> = (0..20).map(|i| like(example(name), i)).collect();
        for kind in 0..objects("").len() {
            let log: String = lines.iter().map(|line| objects(line.trim_end())[kind].clone()).collect();
            let one = objects(lines[0].trim_end())[kind].clone();
            let said = objects("what it said at 7 when it began")[kind].clone();
            work.file("shipped.log", log + &said);
            let ran = work.run(&["report", "--tz", "UTC", "--output-format", "json", "shipped.log"]).exits(0);
            let accounting = &ran.json()["accounting"];
            assert_eq!(accounting["inputs"][0]["format"], name, "{one}");
            assert_eq!(accounting["events"]["lines"], 20, "{one}");
        }
    }
    // Where a line has no time of its own, that of the object counts, if it is a text or in seconds, as GELF and Fluent Bit have it.
    let told = |object: String| {
        work.file("shipped.log", object.repeat(3));
        work.run(&["report", "--output-format", "json", "shipped.log"])
    };
    let [filebeat, .., cloudwatch, _, _, gelf] = objects(example("uvicorn"));
    for object in [filebeat, gelf] {
        assert_eq!(told(object).exits(0).json()["accounting"]["events"]["lines"], 3);
    }
    assert_eq!(told(cloudwatch).exits(0).json()["accounting"]["undated"]["lines"], 3);
    // An object that was parsed on the way.
    let parsed: serde_json::Value = serde_json::from_str(example("nginx_json")).unwrap();
    for object in [
        json!({"log_processed": parsed, "stream": "stdout", "time": at}),
        json!({"insertId": "x7", "jsonPayload": parsed, "timestamp": at}),
    ] {
        assert_eq!(told(format!("{object}\n")).exits(0).json()["accounting"]["events"]["lines"], 3, "{object}");
    }
}

/// How an envelope has the name of a program and its line.
type Header<'a> = &'a dyn Fn(&str, &str) -> String;

#[test]
fn requests_behind_any_number_of_known_lines_are_found() {
    let work = Work::new();
    let requests = format!("{}\n", example("combined")).repeat(100);
    let error = "2026/11/01 10:00:00 [error] 7#7: *1 connect() failed (111: Connection refused), request: \"GET / HTTP/1.1\"\n";
    for before in ["\n".repeat(1_000), "# comment\n".repeat(9_000), error.repeat(1_000)] {
        work.file("logs/access.log", before.clone() + &requests);
        // One that holds nothing else ends no run.
        work.file("logs/error.log", "2026/11/01 09:59:59 [notice] 7#7: start\n".to_owned() + &before);
        let ran = work.run(&["report", "--output-format", "json", "logs"]).exits(0);
        let accounting = &ran.json()["accounting"];
        assert_eq!(accounting["events"]["lines"], 100, "{}", ran.stderr);
        assert_eq!(accounting["rejected"]["lines"].as_u64().unwrap_or(0), 0, "{}", ran.stderr);
    }
    let wrapped = format!("Nov  1 10:00:00 web nginx: {}\n", example("combined"));
    work.file("turned.log", requests[..requests.len() / 2].to_owned() + &wrapped.repeat(60));
    work.file("named.log", "Nov  1 10:00:00 web kernel: POSTROUTING chain\n".repeat(3_000) + &wrapped.repeat(60));
    for (name, events) in [("turned.log", 110), ("named.log", 60)] {
        let ran = work.run(&["report", "--output-format", "json", name]).exits(0);
        assert_eq!(ran.json()["accounting"]["events"]["lines"], events, "{name} {}", ran.stderr);
    }
}

/// A container's log of errors alone is as little a mistake as a bare one, and a line that was cut off at the end of a short log does not speak
/// against the one before it.
#[test]
fn errors_in_envelopes_and_half_a_line_end_no_run() {
    let work = Work::new();
    let request = format!("{}\n", example("combined"));
    let error = "2026/11/01 10:00:00 [error] 7#7: *1 connect() failed (111: Connection refused), request: \"GET / HTTP/1.1\"\n";
    work.file("logs/access.log", request.clone() + &request[..30]);
    for (name, head) in
        [("cri", "2026-11-01T10:00:00Z stderr F "), ("compose", "web-1  | "), ("old", "Nov  1 10:00:00 web nginx: ")]
    {
        work.file(&format!("logs/{name}.log"), format!("{head}{error}").repeat(3));
    }
    let ran = work.run(&["report", "--output-format", "json", "logs"]).exits(0);
    let accounting = &ran.json()["accounting"];
    assert_eq!(
        (&accounting["events"]["lines"], &accounting["skipped_chatter"]["lines"]),
        (&json!(1), &json!(9)),
        "{}",
        ran.stderr
    );
}

/// What other programs write into the same file is no damaged request: the header of each line says who wrote it. A damaged request still is one.
#[test]
fn lines_of_other_programs_in_one_file_are_skipped_and_damaged_requests_are_not() {
    let work = Work::new();
    let (access, cut) = (example("combined"), &example("combined")[..60]);
    let others = ["Accepted publickey for ada from 192.0.2.9 port 40112 ssh2", "(root) CMD (run-parts /etc/cron.hourly)"];
    let old = |tag: &str, text: &str| format!("Nov  1 10:00:00 web {tag}: {text}\n");
    let new = |tag: &str, text: &str| format!("<134>1 2026-11-01T10:00:00Z web {tag} 7 - - {text}\n");
    let iso = |tag: &str, text: &str| format!("2026-11-01T10:00:00.042+00:00 web {tag}[7]: {text}\n");
    let compose = |tag: &str, text: &str| format!("{tag}-1  | {text}\n");
    let pod = |tag: &str, text: &str| format!("[pod/web-0/{tag}] {text}\n");
    let journal = |tag: &str, text: &str| {
        let entry = json!({"__REALTIME_TIMESTAMP": "1793527200000000", "SYSLOG_IDENTIFIER": tag, "MESSAGE": text});
        format!("{entry}\n")
    };
    let stern = |tag: &str, text: &str| format!("web-6799fc88d8-x7z2q {tag} {text}\n");
    let shipper = |tag: &str, text: &str| format!("{}\n", json!({"kubernetes": {"container_name": tag}, "log": text}));
    let headers: [Header; 8] = [&old, &new, &iso, &compose, &pod, &journal, &stern, &shipper];
    for header in headers {
        // Most of the lines are of others, also at the head, by which the format is told.
        let round = |i: usize| {
            let damaged = if i.is_multiple_of(10) { header("nginx", cut) } else { String::new() };
            [header("sshd", others[0]), header("cron", others[1]), header("nginx", access), damaged].concat()
        };
        let log: String = (0..40).map(round).collect();
        // One who comes later; and what looks like a request is not passed over, whoever wrote it.
        let late = header("kernel", "usb 1-1: new device").repeat(3) + &header("proxy", "GET /cart HTTP/1.1 - went wrong");
        work.file("messages", log.clone() + &late);
        let ran = work.run(&["report", "--year", "2026", "--output-format", "json", "messages"]).exits(0);
        let accounting = &ran.json()["accounting"];
        let lines = ["events", "skipped_other_program", "rejected_layout"].map(|name| accounting[name]["lines"].as_u64());
        assert_eq!(lines, [Some(40), Some(83), Some(5)], "{log:.200} {}", ran.stderr);
        // By name as well, and of one program alone.
        let alone = header("nginx", access) + &header("nginx", cut) + &late;
        work.file("messages", header("nginx", access).repeat(20) + &alone);
        let named = ["report", "--year", "2026", "--format", "combined", "--output-format", "json", "messages"];
        let accounting = work.run(&named).exits(0).json()["accounting"].clone();
        let lines = ["events", "skipped_other_program", "rejected_layout"].map(|name| accounting[name]["lines"].as_u64());
        assert_eq!(lines, [Some(21), Some(3), Some(2)], "{log:.200}");
        // The head is as long as it takes to hold a request.
        work.file("messages", header("sshd", others[0]).repeat(5_000) + &header("nginx", access) + &alone);
        for args in [&named[..], &["report", "--year", "2026", "--output-format", "json", "messages"]] {
            let accounting = work.run(args).exits(0).json()["accounting"].clone();
            let lines = ["events", "skipped_other_program", "rejected_layout"].map(|name| accounting[name]["lines"].as_u64());
            assert_eq!(lines, [Some(2), Some(5_003), Some(2)], "{log:.200}");
        }
        // Who wrote none at the head, and all of it, is not known to write them: nothing is passed over.
        work.file("messages", header("sshd", others[0]).repeat(40) + &header("nginx", cut));
        let accounting = work.run(&named).exits(0).json()["accounting"].clone();
        let lines = ["events", "skipped_other_program", "rejected_layout"].map(|name| accounting[name]["lines"].as_u64());
        assert_eq!(lines, [Some(0), Some(0), Some(41)], "{log:.200}");
    }
}

/// Daemons are told to write another header, and two of them may write one file: each line is read by its own. Lines without one are too.
#[test]
fn headers_of_syslog_may_change_from_line_to_line() {
    let work = Work::new();
    let line = example("alb");
    let headers: [Header; 4] = [
        &|tag, text| format!("Nov  1 10:00:00 web {tag}[7]: {text}\n"),
        &|tag, text| format!("<134>1 2026-11-01T10:00:00Z web {tag} 7 - - {text}\n"),
        &|tag, text| format!("2026-11-01T10:00:00.042+00:00 web {tag}[7]: {text}\n"),
        &|_, text| format!("{text}\n"),
    ];
    for (i, one) in headers.iter().enumerate() {
        for other in headers.iter().skip(i + 1) {
            let (one, other) = (one("alb", line), other("alb", line));
            // One form before the other, much later than the head; both by turns; and one among many.
            for log in
                [one.repeat(400) + &other.repeat(30), (one.clone() + &other).repeat(50), other.repeat(400) + &one.repeat(3)]
            {
                work.file("messages", &log);
                for format in [&[][..], &["--format", "alb"]] {
                    let args = [&["report", "--output-format", "json", "messages"], format].concat();
                    let accounting = work.run(&args).exits(0).json()["accounting"].clone();
                    assert_eq!(accounting["events"]["lines"].as_u64(), Some(log.lines().count() as u64), "{log:.300}");
                }
            }
        }
    }
    // The programs are those of the head, whatever header says who wrote a line.
    let log = headers[0]("alb", line).repeat(50)
        + &headers[0]("sshd", "x").repeat(3)
        + &headers[1]("sshd", "x").repeat(5)
        + &headers[2]("alb", "x");
    work.file("messages", log);
    let accounting = work.run(&["report", "--output-format", "json", "messages"]).exits(0).json()["accounting"].clone();
    let lines = ["events", "skipped_other_program", "rejected_layout"].map(|name| accounting[name]["lines"].as_u64());
    assert_eq!(lines, [Some(50), Some(8), Some(1)]);
}

/// A log that no preset reads is told of, and yet there is a proposal, which reads it.
#[test]
fn what_no_format_reads_is_shown_with_what_would_read_it() {
    let work = Work::new();
    let line = |i: usize| like(example("combined"), i).replace("\"curl/8.5.0\"\n", &format!("\"curl/8.5.0\" {}\n", 40 + i));
    work.file("timed.log", (0..20).map(line).collect::<String>());
    let ran = work.run(&["rejects", "timed.log"]).exits(1);
    assert!(ran.stderr.contains("no known format reads most of the lines"), "{}", ran.stderr);
    assert!(ran.text().starts_with("20 of 20 lines were rejected, in 1 shapes"), "{}", ran.text());
    let proposed = ran.text().split_once("--format '").unwrap().1.split_once('\'').unwrap().0;
    let report = work.run(&["report", "--format", proposed, "--output-format", "json", "timed.log"]).exits(0).json();
    assert_eq!(report["accounting"]["events"]["lines"], 20);
}

/// A tail of named values in quotes can be read as a part of the user agent, which no writer of the format would write: such lines are shown too.
#[test]
fn lines_that_the_nearest_format_reads_with_a_tail_in_the_wrong_field_are_shown() {
    let work = Work::new();
    let line = |i: usize| {
        let timed = format!("\"curl/8.5.0\" rt=\"0.0{i:02}\" urt=\"-\"\n");
        like(example("combined"), i).replace("\"curl/8.5.0\"\n", &timed)
    };
    work.file("timed.log", (0..20).map(line).collect::<String>());
    let ran = work.run(&["rejects", "timed.log"]).exits(1);
    assert!(ran.text().starts_with("20 of 20 lines were rejected"), "{}", ran.text());
    let proposed = ran.text().split_once("--format '").unwrap().1.split_once('\'').unwrap().0;
    let report = work.run(&["report", "--format", proposed, "--output-format", "json", "timed.log"]).exits(0).json();
    assert_eq!(report["accounting"]["events"]["lines"], 20);
}

/// The place where reading failed is that in the line, and not in its envelope.
#[test]
fn rejected_lines_are_shown_out_of_their_envelopes() {
    let work = Work::new();
    let line = |i: usize| format!("<134>1 2026-11-02T10:00:00Z web app 7 - - {}", like(example("combined"), i));
    let log: String = (0..20).map(|i| if i == 7 { line(i).replace(" 200 ", " 2OO ") } else { line(i) }).collect();
    work.file("access.log", log);
    let ran = work.run(&["rejects", "access.log"]).exits(0);
    let at = like(example("combined"), 7).replace(" 200 ", " 2OO ").find("2OO").unwrap();
    assert!(ran.text().contains(&format!("byte {at}: expected a status")), "{}", ran.text());
    assert!(!ran.text().contains("<134>"), "{}", ran.text());
}

/// What can be asked is what lines have, and not what the format could have.
#[test]
fn detect_names_the_slis_that_the_lines_allow() {
    let work = Work::new();
    let told = |log: &str| {
        work.file("access.log", log.repeat(20));
        let ran = work.run(&["detect", "access.log"]).exits(0);
        ran.text().lines().find_map(|line| line.trim().strip_prefix("SLIs").map(|slis| slis.trim().to_owned())).unwrap()
    };
    let bare = r#"{"time":"2026-11-01T10:00:00+00:00","request":"GET /cart HTTP/1.1","status":"200"}"#;
    assert_eq!(told(&format!("{bare}\n")), "availability (status), by route (path)");
    assert_eq!(told(&like(example("nginx_json"), 0)), "availability (status), latency, size (bytes), by route (path)");
    let proxied = like(example("combined"), 0).replace("GET /", "GET http://shop.example/");
    assert_eq!(told(&proxied), "availability (status), size (bytes), by route (path), by host");
}

/// Some bytes that scanners sent do not make a log of a binary.
#[test]
fn a_log_with_some_nul_bytes_is_no_binary() {
    let work = Work::new();
    let line = |i: usize| {
        format!("{}{}", if i == 7 { "\0" } else { "" }, like(example("combined"), i).replace("\"curl/8.5.0\"", "curl 7"))
    };
    work.file("some.log", (0..20).map(line).collect::<String>());
    work.file("all.log", "a\0b\n".repeat(20));
    assert!(work.run(&["report", "some.log"]).exits(1).stderr.contains("the first line begins: 192.0.2.7"));
    assert!(work.run(&["report", "all.log"]).exits(1).stderr.contains("its bytes are no text"));
}
