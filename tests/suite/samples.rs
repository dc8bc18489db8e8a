//! Real lines with known values, one by one: the line as framing hands it on, through format and extractor.
//!
//! A sample is read by its writer's own format string where the corpus knows it, else by the preset of its family, and
//! then by whatever is detected from that one line.

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use slix::format::detect::Detector;
use slix::format::extract::Extractor;
use slix::format::{Format, preset};
use slix::record::{Field, Need, Outcome, Record, Value as Read};

use super::truth::corpus;

/// The families of formats that are read, with the preset of each, if there is one.
const FAMILIES: [(&str, Option<&str>); 37] = [
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
    ("clf_variant", Some("werkzeug")),
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
    ("iis_w3c", Some("iis")),
    ("iis_advanced_w3c", Some("iis")),
    ("w3c_other", Some("w3c")),
    ("cri_partial", Some("combined")),
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
    /// The line, behind the directives that it needs.
    lines: Vec<Vec<u8>>,
    /// How to read it; none: nothing says how.
    format: Option<Format>,
    preset: Option<&'static str>,
    /// The zone that its expectations are in, where the line has none.
    zone: Option<TimeZone>,
    kind: String,
    expect: Value,
}

impl Sample {
    fn lines(&self) -> Vec<&[u8]> {
        self.lines.iter().map(|line| &line[..]).collect()
    }
}

/// All samples; none where there is no corpus.
fn samples() -> Option<Vec<Sample>> {
    let text = std::fs::read_to_string(corpus("samples.jsonl")?).unwrap();
    Some(text.lines().map(|line| sample(&serde_json::from_str(line).unwrap())).collect())
}

fn sample(sample: &Value) -> Sample {
    let text = |key: &str| sample[key].as_str();
    let (id, family) = (text("id").unwrap(), text("format").unwrap());
    let (_, preset) =
        *FAMILIES.iter().find(|(name, _)| *name == family).unwrap_or_else(|| panic!("{id}: which preset is {family}?"));
    let line = text("line_b64").map_or_else(|| text("line").unwrap().as_bytes().to_vec(), base64);
    let header = text("header").map(|header| header.as_bytes().to_vec());
    // A string without a variable is a description, and HAProxy's and Envoy's have a language of their own. The quotes around a whole line are in
    // no string of the corpus.
    let is_string = |string: &&str| string.contains(['$', '%']) && !preset.is_some_and(|preset| OWN_LANGUAGE.contains(&preset));
    let own = text("format_string").filter(is_string);
    let declaration = declared(id).or_else(|| of_family(family)).or(own.map(Value::from)).or(preset.map(Value::from));
    let format = declaration.map(|value| Format::from_value(&value).unwrap_or_else(|e| panic!("{id}: {e} {:?}", e.hint_text())));
    Sample {
        id: id.to_owned(),
        lines: header.into_iter().chain([line]).collect(),
        format,
        preset,
        zone: (family == "haproxy_http").then_some(TimeZone::UTC),
        kind: text("kind").unwrap().to_owned(),
        expect: sample["expect"].clone(),
    }
}

/// Presets whose writers have a language of their own for format strings, or lines that their string does not say.
const OWN_LANGUAGE: [&str; 5] = ["haproxy", "envoy", "istio", "combined_quoted", "traefik_clf"];

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
fn read(format: &Format, sample: &Sample, check: Check) {
    let fields: Vec<&Field> = Field::COMMON.iter().map(|(_, field)| field).filter(|f| format.resolve(f).is_some()).collect();
    let needs: Vec<Need> = fields.iter().map(|f| Need { field: (*f).clone(), kind: f.kind().unwrap() }).collect();
    let extractor = Extractor::bind(format, &needs, sample.zone.as_ref()).unwrap();
    let mut reader = extractor.reader("sample");
    let (line, header) = sample.lines.split_last().unwrap();
    header.iter().for_each(|line| _ = extractor.read(line, &mut reader));
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
    read(format, sample, &mut |outcome, get, time_us| {
        if sample.kind == "fragment" {
            return assert_eq!(outcome, Outcome::Joined, "{id}");
        }
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
    for sample in &samples {
        let format = sample.format.clone().unwrap_or_else(|| panic!("{}: nothing says how to read it", sample.id));
        // What a line is wrapped in need not be said.
        let found = Detector::new(vec![format], None).unwrap().find(&sample.lines()).unwrap();
        check(sample, &found.format, &found.format.name);
    }
    assert!(samples.len() >= 100, "only {} samples were read", samples.len());
}

#[test]
fn samples_of_a_preset_are_detected_by_one_line() {
    let Some(samples) = samples() else { return };
    let detector = Detector::new(preset::candidates().unwrap(), None).unwrap();
    for sample in samples.iter().filter(|sample| sample.preset.is_some()) {
        // A line that is skipped, or only a part of one, says nothing of its format: that is an error and no guess.
        match (detector.find(&sample.lines()), &*sample.kind) {
            (Ok(found), "access") => {
                assert_eq!(Some(&*found.format.name), sample.preset, "{}: {:?}", sample.id, found.candidates);
                check(sample, &found.format, "detection");
            }
            (Ok(found), _) => panic!("{}: {} was detected from a line that is no event", sample.id, found.format.name),
            (Err(error), "access") => assert!(sample.expect["time_utc_ms"].is_null(), "{}: {error}", sample.id),
            (Err(_), _) => {}
        }
    }
}
