//! Logs that hold lines of two formats: every pair of presets, line by line in turn. Each line must mean what it means to the format that wrote
//! it, whichever reads it, and be counted under that format's name.

use crate::work::Work;
use jiff::tz::TimeZone;
use slix::format::Format;
use slix::format::detect::Detector;
use slix::format::extract::{Extractor, Reader};
use slix::format::preset::{self, Preset};
use slix::record::{Field, Need, Outcome, Value};

/// Lines of each format in a log.
const ROUNDS: usize = 4;

/// Presets whose lines have all that lines of the other have, under the same names: which of the two reads them does not show.
const ALIKE: [(&str, &str); 3] = [("envoy_gateway", "istio_json"), ("envoy_gateway", "envoy_json"), ("istio_json", "envoy_json")];

#[test]
fn lines_of_any_two_formats_are_read_each_as_its_own() {
    let presets: Vec<&Preset> = preset::all().filter(|p| p.detects_as.is_none() && has_time(&p.family().unwrap())).collect();
    let detector = Detector::new(preset::candidates().unwrap(), Some(&TimeZone::UTC)).unwrap();
    let (mut wrong, mut pairs) = (Vec::new(), 0);
    for (i, one) in presets.iter().enumerate() {
        for other in &presets[i + 1..] {
            pairs += 1;
            wrong.extend(trouble(&detector, [one, other]));
        }
    }
    assert!(wrong.is_empty(), "{} of {pairs} pairs:\n{}", wrong.len(), wrong.join("\n"));
    assert!(pairs > 400, "{pairs}");
}

/// Lines of connections, which are no requests.
const ELB_CONNECTION: &str =
    r#"2026-11-01T10:00:00.042137Z shop 192.0.2.7:40112 10.0.0.3:80 0.001069 0.000028 0.000041 - - 82 305 "- - - " "-" - -"#;
const ENVOY_CONNECTION: &str = r#"[2026-11-01T10:00:00.042Z] "- - -" 0 UF,URX 0 0 0 - "-" "-" "-" "-" "10.0.0.3:9200""#;

/// Half of a log may be of connections, and comments beside them; the format that writes both is its own all the same.
#[test]
fn connections_do_not_count_against_their_format() {
    let detector = Detector::new(preset::candidates().unwrap(), None).unwrap();
    for (name, connection) in [("elb", ELB_CONNECTION), ("envoy", ENVOY_CONNECTION)] {
        let lines = [connection, "# a word", Preset::named(name).unwrap().example, connection];
        let found = detector.find(&lines.map(str::as_bytes)).unwrap();
        assert_eq!((&*found.format.name, found.events, found.format.envelopes.len()), (name, 1, 0));
    }
}

/// A file of nothing but connections is no error: what it holds is known. By name it is read as the same file, though its times look like an
/// envelope's.
#[test]
fn logs_of_nothing_but_connections_have_no_events() {
    let all = Detector::new(preset::candidates().unwrap(), None).unwrap();
    let json = r#"{"start_time":"2026-11-01T10:00:00.042Z","response_code":0,"response_flags":"-","duration":5,"method":null,"path":null,"upstream_cluster":"outbound|9000||db","route_name":null,"bytes_sent":7}"#;
    for (name, connection) in [("elb", ELB_CONNECTION), ("envoy", ENVOY_CONNECTION), ("istio_json", json)] {
        let lines = [connection, "", connection].map(str::as_bytes);
        let named = Detector::new(vec![Preset::named(name).unwrap().family().unwrap()], None).unwrap();
        for detector in [&all, &named] {
            let found = detector.find(&lines).unwrap();
            assert_eq!((&*found.format.name, found.events, found.lines), (name, 0, 3));
            assert!(found.format.envelopes.is_empty(), "{:?}", found.format.envelopes);
        }
    }
    // What may be anybody's is not known.
    for line in [r#"{"response_code":0,"a":null}"#, r#"{"level":"info"}"#, "a line"] {
        assert!(all.find(&[line.as_bytes(); 3]).is_err(), "{line}");
    }
}

fn has_time(format: &Format) -> bool {
    format.resolve(&Field::Time).is_some()
}

/// What is wrong with how a log of two formats is read.
fn trouble(detector: &Detector, presets: [&Preset; 2]) -> Option<String> {
    let names = presets.map(|preset| preset.name);
    let own = presets.map(|preset| preset.family().unwrap());
    let lines: Vec<&str> = (0..ROUNDS).flat_map(|_| presets.iter().flat_map(|preset| preset.example.lines())).collect();
    let bytes: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
    let found = match detector.find(&bytes) {
        Ok(found) => found.format,
        Err(error) => return Some(format!("{names:?}: {error}")),
    };
    let mut readings = own.each_ref().map(Reading::of).into_iter().collect::<Vec<_>>();
    let mut mixed = Reading::of(&found);
    for preset in presets.iter().cycle().take(presets.len() * ROUNDS) {
        let mine = &mut readings[usize::from(preset.name == names[1])];
        for line in preset.example.lines() {
            let (want, got) = (mine.of_line(line), mixed.of_line(line));
            let is_by_its_own = want.0 != Outcome::Event || mixed.by() == preset.name || ALIKE.contains(&(names[0], names[1]));
            if got != want || !is_by_its_own {
                return Some(format!("{names:?} by {}: {line}\n  {got:?}\n  {want:?}", mixed.by()));
            }
        }
    }
    None
}

/// How a format reads lines: all common fields that it has.
struct Reading {
    extractor: Extractor,
    reader: Reader,
    fields: Vec<Field>,
}

impl Reading {
    fn of(format: &Format) -> Reading {
        let family = || std::iter::once(format).chain(&format.others);
        let has = |field: &&Field| family().any(|format| format.resolve(field).is_some());
        let fields: Vec<Field> = Field::COMMON.iter().map(|(_, field)| field).filter(has).cloned().collect();
        let needs: Vec<Need> = fields.iter().map(|field| Need { field: field.clone(), kind: field.kind().unwrap() }).collect();
        let extractor = Extractor::bind(format, &needs, Some(&TimeZone::UTC)).unwrap();
        let reader = extractor.reader("log");
        Reading { extractor, reader, fields }
    }

    /// What became of a line, and the fields that it has.
    fn of_line(&mut self, line: &str) -> (Outcome, Vec<String>) {
        let outcome = self.extractor.read(line.as_bytes(), &mut self.reader);
        if outcome != Outcome::Event {
            return (outcome, Vec::new());
        }
        let record = self.reader.record(line.as_bytes());
        let text = |(i, field): (usize, &Field)| match record.get(i) {
            Value::Absent => None,
            Value::Text(text) => Some(format!("{} {}", field.name(), text.escape_ascii())),
            Value::Int(n) => Some(format!("{} {n}", field.name())),
        };
        (outcome, self.fields.iter().enumerate().filter_map(text).collect())
    }

    fn by(&self) -> &str {
        self.extractor.format_of(&self.reader)
    }
}

/// What stands beside requests, and looks like more of them.
#[test]
fn nothing_counts_twice_or_for_another() {
    const COMMON: &str = r#"192.0.2.7 - - [02/Nov/2026:09:00:00 +0000] "GET /cart HTTP/1.1" 200 12"#;
    const ROUTER: &str = r#"heroku[router]: at=info method=GET path="/cart" host=shop.example request_id=4b fwd="192.0.2.7" dyno=web.1 connect=1ms service=41ms status=200 bytes=512 protocol=https"#;
    const GOROUTER: &str = r#"shop.example - [2026-11-02T09:00:00.042137Z] "GET /cart HTTP/1.1" 200 0 12 "-" "curl" "192.0.2.7:1" "10.0.0.3:2" x_forwarded_for:"192.0.2.7" x_forwarded_proto:"https" vcap_request_id:"4b" response_time:0.042 app_id:"5f""#;
    let at = "2026-11-02T09:00:00.5+00:00";
    let cases = [
        // The router's requests are those of the app, with a host before the tag and without.
        ("heroku_router", format!("{at} web {ROUTER}\n{at} web app[web.1]: {COMMON} \"-\" \"curl\"\n"), (5, 5, 0)),
        (
            "heroku_router",
            format!("{at} app[web.1]: INFO:     192.0.2.7:1 - \"GET /cart HTTP/1.1\" 200 OK\n{at} {ROUTER}\n"),
            (5, 5, 0),
        ),
        (
            "gorouter",
            format!(
                "   {at} [APP/PROC/WEB/0] OUT {COMMON} \"-\" \"curl\"\n   {at} [RTR/12] OUT {GOROUTER}\n   {at} [RTR/12] OUT\n"
            ),
            (5, 5, 0),
        ),
        // No status is taken from behind the one that is there, and no unit for a number that has none.
        ("common", format!("{COMMON}\n{COMMON}\n{COMMON} \"-\" \"curl\" x 500 4400\n"), (10, 0, 5)),
        ("rack", format!("{COMMON} 0.0421\n{COMMON} 0.0421\n{COMMON} 42137\n"), (10, 0, 5)),
        // An object with a status and nothing else of a request is of a program.
        ("common", format!("{COMMON}\n{COMMON}\n{{\"level\":\"error\",\"time\":\"{at}\",\"status\":500}}\n"), (10, 0, 5)),
        (
            "common",
            format!(
                "{COMMON}\n[02/Nov/2026:09:00:00 +0000] 192.0.2.7 TLSv1.3 TLS_AES_256_GCM_SHA384 \"GET /cart HTTP/1.1\" 12\n"
            ),
            (5, 5, 0),
        ),
    ];
    let work = Work::new();
    for (format, lines, (events, skipped, rejected)) in cases {
        work.file("a.log", lines.repeat(5));
        let accounting = &work.run(&["report", "--output-format", "json", "a.log"]).exits(0).json()["accounting"];
        assert_eq!(accounting["inputs"][0]["format"], format, "{lines}");
        let sum = |kinds: &[&str]| kinds.iter().filter_map(|kind| accounting[kind]["lines"].as_i64()).sum::<i64>();
        let all_skipped = sum(&["skipped_chatter", "skipped_other_program"]);
        let got = (sum(&["events"]), all_skipped, sum(&["rejected_layout", "rejected_number", "rejected_json"]));
        assert_eq!(got, (events, skipped, rejected), "{lines}\n{accounting}");
    }
}

/// The year counts for every format of a log whose lines have no time of their own, also where the first one has.
#[test]
fn a_year_is_for_all_formats_of_a_log() {
    let work = Work::new();
    let combined = r#"192.0.2.7 - - [02/Nov/2026:09:00:00 +0000] "GET /cart HTTP/1.1" 200 12 "-" "curl""#;
    let uvicorn = r#"INFO:     192.0.2.7:40112 - "GET /cart HTTP/1.1" 200 OK"#;
    work.file("a.log", format!("Nov  2 09:00:00 web b: {combined}\nNov  2 09:00:00 web a: {uvicorn}\n").repeat(3));
    let counted = |flags: &[&str]| {
        let ran = work.run(&[&["report", "--output-format", "json", "a.log"], flags].concat()).exits(0);
        let accounting = &ran.json()["accounting"];
        ["events", "undated"].map(|kind| accounting[kind]["lines"].as_i64().unwrap())
    };
    assert_eq!(counted(&[]), [3, 3]);
    assert_eq!(counted(&["--year", "2026", "--tz", "UTC"]), [6, 0]);
}
