//! Real lines with known values, one by one: the line as framing hands it on, through format and extractor.
//!
//! A sample is read by its writer's own format string where the corpus knows it, else by the preset of its family, and
//! then by whatever is detected from that one line. Lines in an envelope (syslog, CRI) are not read yet, but for Docker's,
//! whose envelope is taken off here.

use serde_json::{Value, json};
use slix::format::extract::Extractor;
use slix::format::{Format, detect, preset};
use slix::record::{Field, Need, Outcome, Record, Value as Read};

use super::truth::corpus;

/// The families of formats that are read, with the preset of each, if there is one.
const FAMILIES: [(&str, Option<&str>); 33] = [
    ("nginx_combined", Some("combined")),
    ("nginx_main", Some("nginx_main")),
    ("nginx_custom", None),
    ("nginx_json", Some("nginx_json")),
    ("ingress_nginx", Some("ingress-nginx")),
    ("apache_combined", Some("combined")),
    ("apache_common", Some("common")),
    ("apache_custom", None),
    ("apache_vhost_combined", Some("vhost_combined")),
    ("apache_combined_quoted", Some("combined_quoted")),
    ("jetty_combined", None),
    ("lighttpd_custom", None),
    ("gandi", None),
    ("icecast2", None),
    ("npm_proxy", Some("nginx_proxy_manager")),
    ("caddy_json", Some("caddy")),
    ("traefik_json", Some("traefik")),
    ("traefik_clf", Some("traefik_clf")),
    ("clf_variant", None),
    ("envoy_default", Some("envoy")),
    ("istio_text", Some("istio")),
    ("istio_json", Some("istio_json")),
    ("haproxy_http", Some("haproxy")),
    ("aws_alb", Some("alb")),
    ("aws_elb", Some("elb")),
    ("cloudfront_w3c", Some("cloudfront")),
    ("s3_access", Some("s3")),
    ("gcp_lb_json", Some("gcp")),
    ("cloudflare_json", Some("cloudflare")),
    ("fastly_json", Some("fastly")),
    ("squid_native", Some("squid")),
    ("uwsgi", Some("uwsgi")),
    ("uvicorn", Some("uvicorn")),
];

/// Samples whose string is not known, or does not say everything.
fn declared(id: &str) -> Option<Value> {
    Some(match id {
        // Jetty writes milliseconds for %D, and doubles some spaces.
        "S074" => json!({
            "log_format": "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"  %D", "fields": {"latency": "%D ms"}
        }),
        "S079" => json!(
            r#"$time_iso8601 $remote_addr $remote_user $request_method $request_uri $code $status $bytes_sent "$http_referer" "$http_user_agent""#
        ),
        "S089" => json!(
            r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" uag="$http_user_agent" "$peer" ua="$upstream_addr" rt="$request_time" uct="$upstream_connect_time" $rest"#
        ),
        _ => return None,
    })
}

/// Families whose strings are written in no server's language.
fn of_family(family: &str) -> Option<Value> {
    let npm = "[$time_local] $upstream_cache_status $upstream_status $status - $request_method $scheme $host \"$request_uri\" \
               [Client $remote_addr] [Length $body_bytes_sent] [Gzip $gzip_ratio] [Sent-to $server] \"$http_user_agent\" \
               \"$http_referer\"";
    match family {
        "npm_proxy" => Some(json!(npm)),
        _ => None,
    }
}

struct Sample {
    id: String,
    line: Vec<u8>,
    /// How to read it; none: nothing says how.
    format: Option<Format>,
    preset: Option<&'static str>,
    kind: String,
    expect: Value,
}

/// The samples of the families above; none where there is no corpus.
fn samples() -> Option<Vec<Sample>> {
    let text = std::fs::read_to_string(corpus("samples.jsonl")?).unwrap();
    Some(text.lines().filter_map(|line| sample(&serde_json::from_str(line).unwrap())).collect())
}

fn sample(sample: &Value) -> Option<Sample> {
    let text = |key: &str| sample[key].as_str();
    let (id, family) = (text("id").unwrap(), text("format").unwrap());
    let (_, preset) = *FAMILIES.iter().find(|(name, _)| *name == family)?;
    let line = text("line_b64").map_or_else(|| text("line").unwrap().as_bytes().to_vec(), base64);
    let line = match text("envelope").unwrap() {
        "none" => line,
        "docker_json" => {
            let inner: Value = serde_json::from_slice(&line).unwrap();
            inner["log"].as_str().unwrap().trim_end().as_bytes().to_vec()
        }
        _ => return None,
    };
    // A string without a variable is a description. The quotes around a whole line are in no string of the corpus.
    let own = text("format_string").filter(|string| string.contains(['$', '%']) && family != "apache_combined_quoted");
    let declaration = declared(id).or_else(|| of_family(family)).or(own.map(Value::from)).or(preset.map(Value::from));
    let format = declaration.map(|value| Format::from_value(&value).unwrap_or_else(|e| panic!("{id}: {e} {:?}", e.hint_text())));
    Some(Sample {
        id: id.to_owned(),
        line,
        format,
        preset,
        kind: text("kind").unwrap().to_owned(),
        expect: sample["expect"].clone(),
    })
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<u32> = text.bytes().filter_map(|b| DIGITS.iter().position(|d| *d == b).map(|d| d as u32)).collect();
    let bytes = digits.chunks(4).flat_map(|four| {
        let group = four.iter().fold(0, |n, d| n << 6 | d) << (6 * (4 - four.len()));
        (0..four.len() - 1).map(move |i| (group >> (16 - 8 * i)) as u8)
    });
    bytes.collect()
}

/// Takes what was read: the outcome, the fields, and the time in microseconds.
type Check<'a> = &'a mut dyn FnMut(Outcome, &dyn Fn(&Field) -> Option<Text>, Option<i64>);

/// Reads a line by a format with every common field that the format has.
fn read(format: &Format, line: &[u8], check: Check) {
    let fields: Vec<&Field> = Field::COMMON.iter().map(|(_, field)| field).filter(|f| format.resolve(f).is_some()).collect();
    let needs: Vec<Need> = fields.iter().map(|f| Need { field: (*f).clone(), kind: f.kind().unwrap() }).collect();
    let extractor = Extractor::bind(format, &needs, None).unwrap();
    let mut reader = extractor.reader("sample");
    let outcome = extractor.read(line, &mut reader);
    let record = (outcome == Outcome::Event).then(|| reader.record(line));
    let time_us = record.map(|record| record.time.micros());
    check(outcome, &|field| text_of(&record?, fields.iter().position(|f| *f == field)?), time_us);
}

#[derive(PartialEq, Debug)]
enum Text {
    Bytes(Vec<u8>),
    Int(i64),
}

fn text_of(record: &Record, slot: usize) -> Option<Text> {
    match record.get(slot) {
        Read::Absent => None,
        Read::Text(bytes) => Some(Text::Bytes(bytes.to_vec())),
        Read::Int(n) => Some(Text::Int(n)),
    }
}

fn check(sample: &Sample, format: &Format, how: &str) {
    let (id, expect) = (format!("{} by {how}", sample.id), &sample.expect);
    read(format, &sample.line, &mut |outcome, get, time_us| {
        if sample.kind == "skip" {
            return assert!(matches!(outcome, Outcome::Skipped(_)), "{id}: {outcome:?}");
        }
        let Some(time_ms) = expect["time_utc_ms"].as_i64() else {
            return assert_eq!(outcome, Outcome::Undated, "{id}");
        };
        assert_eq!(outcome, Outcome::Event, "{id}");
        assert_eq!(time_us.map(|us| us.div_euclid(1000)), Some(time_ms), "{id}: time");
        let text = |key: &str| expect[key].as_str().map(|text| Text::Bytes(text.as_bytes().to_vec()));
        assert_eq!(get(&Field::Method), text("method"), "{id}: method");
        let path = expect["path_b64"].as_str().map(|text| Text::Bytes(base64(text))).or_else(|| text("path"));
        assert_eq!(get(&Field::Path), path, "{id}: path");
        let status = expect["status"].as_i64().filter(|&status| status != 0);
        assert_eq!(get(&Field::Status), status.map(Text::Int), "{id}: status");
        // Nothing and 0 are the same here: see the notes on `bytes` of the corpus.
        let bytes = get(&Field::Bytes).unwrap_or(Text::Int(0));
        assert_eq!(bytes, Text::Int(expect["bytes"].as_i64().unwrap_or(0)), "{id}: bytes");
        let latency_ns = expect["latency_ms"].as_f64().map(|ms| Text::Int((ms * 1e6).round() as i64));
        assert_eq!(get(&Field::Latency), latency_ns, "{id}: latency");
    });
}

#[test]
fn samples_give_the_expected_fields_by_their_formats() {
    let Some(samples) = samples() else { return };
    // One sample has a time without a zone in a layout that no string can say.
    let unsaid: Vec<&str> = samples.iter().filter(|s| s.format.is_none()).map(|s| &*s.id).collect();
    assert_eq!(unsaid, ["S076"]);
    for sample in &samples {
        if let Some(format) = &sample.format {
            check(sample, format, &format.name);
        }
    }
    assert!(samples.len() >= 50, "only {} samples were read", samples.len());
}

fn outcome_of(format: &Format, line: &[u8]) -> Outcome {
    let extractor = Extractor::bind(format, &[], None).unwrap();
    extractor.read(line, &mut extractor.reader("sample"))
}

#[test]
fn samples_of_a_preset_are_detected_by_one_line() {
    let Some(samples) = samples() else { return };
    let candidates = preset::candidates().unwrap();
    for sample in samples.iter().filter(|sample| sample.preset.is_some()) {
        let found = detect::detect(&[&sample.line], &candidates, &outcome_of);
        // A line that is skipped or has no time says nothing of its format: that is an error and no guess.
        let is_event = sample.kind == "access" && !sample.expect["time_utc_ms"].is_null();
        match (found, is_event) {
            (Ok(found), true) => {
                assert_eq!(Some(&*found.format.name), sample.preset, "{}: {:?}", sample.id, found.candidates);
                check(sample, &found.format, "detection");
            }
            (Ok(found), false) => panic!("{}: {} was detected from a line that is no event", sample.id, found.format.name),
            (Err(error), is_event) => assert!(!is_event, "{}: {error}", sample.id),
        }
    }
}
