//! Formats against real lines, by the slow twin. The corpus lies beside the project and not in it, so these tests say that they
//! are skipped where it is absent.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Format, Meaning, Unit, detect, naive, preset};
use crate::record::{Field, Outcome};

/// A file of the corpus, if it is there.
fn corpus(name: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    let text = std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    if text.is_none() {
        println!("skipped: no corpus");
    }
    text
}

/// The format of a sample: its own string, what its notes say of it, or the preset of its family.
fn format_of(sample: &Value) -> Option<Format> {
    let id = sample["id"].as_str().unwrap();
    let family = sample["format"].as_str().unwrap();
    let value = match (id, family, sample["format_string"].as_str()) {
        // Jetty writes milliseconds for %D and doubles some spaces.
        ("S074", ..) => {
            json!({"log_format": "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"  %D", "fields": {"latency": "%D ms"}})
        }
        ("S089", ..) => json!({
            "log_format": "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" uag=\"$http_user_agent\" \"$peer\" ua=\"$upstream_addr\" rt=\"$request_time\" uct=\"$upstream_connect_time\" $rest"
        }),
        (_, "npm_proxy", _) => json!({
            "log_format": "[$time_local] $upstream_cache_status $upstream_status $status - $request_method $scheme $host \"$request_uri\" [Client $remote_addr] [Length $body_bytes_sent] [Gzip $gzip_ratio] [Sent-to $server] \"$http_user_agent\" \"$http_referer\""
        }),
        (_, "apache_combined_quoted", _) => json!("combined_quoted"),
        (_, "nginx_json", _) => json!("nginx_json"),
        (_, "caddy_json", _) => json!("caddy"),
        (_, "traefik_json", _) => json!("traefik"),
        (_, "traefik_clf", _) => json!("traefik_clf"),
        (_, _, Some(string)) if string.contains(['$', '%']) => json!(string),
        _ => return None,
    };
    Some(Format::from_value(&value).unwrap_or_else(|e| panic!("{id}: {e} {:?}", e.hint_text())))
}

/// The line as the framing hands it on: what an envelope wraps is taken out.
fn line_of(sample: &Value) -> Option<Vec<u8>> {
    let line = match sample["line_b64"].as_str() {
        Some(text) => base64(text),
        None => sample["line"].as_str()?.as_bytes().to_vec(),
    };
    match sample["envelope"].as_str().unwrap() {
        "none" => Some(line),
        "docker_json" => Some(serde_json::from_slice::<Value>(&line).ok()?["log"].as_str()?.trim_end().as_bytes().to_vec()),
        _ => None,
    }
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = text.trim_end_matches('=').bytes().map(|b| DIGITS.iter().position(|d| *d == b).unwrap() as u32);
    let digits: Vec<u32> = bits.collect();
    let bytes = digits.chunks(4).flat_map(|four| {
        let group = four.iter().fold(0, |n, d| n << 6 | d) << (6 * (4 - four.len()));
        (0..four.len() - 1).map(move |i| (group >> (16 - 8 * i)) as u8)
    });
    bytes.collect()
}

const FAMILIES: [&str; 19] = [
    "nginx_combined",
    "nginx_main",
    "nginx_custom",
    "nginx_json",
    "ingress_nginx",
    "apache_combined",
    "apache_common",
    "apache_custom",
    "apache_vhost_combined",
    "apache_combined_quoted",
    "jetty_combined",
    "lighttpd_custom",
    "gandi",
    "icecast2",
    "npm_proxy",
    "caddy_json",
    "traefik_json",
    "traefik_clf",
    "clf_variant",
];

#[test]
fn samples_give_the_expected_fields() {
    let Some(samples) = corpus("samples.jsonl") else { return };
    let mut read = 0;
    for sample in samples.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()) {
        let is_ours = FAMILIES.contains(&sample["format"].as_str().unwrap());
        let (true, Some(line)) = (is_ours, line_of(&sample)) else { continue };
        let Some(format) = format_of(&sample) else { continue };
        check(&sample, &format, &line);
        read += 1;
    }
    assert!(read >= 45, "only {read} samples were tried");
}

fn check(sample: &Value, format: &Format, line: &[u8]) {
    let id = sample["id"].as_str().unwrap();
    let expect = &sample["expect"];
    if sample["kind"] == "skip" {
        assert!(matches!(naive::outcome(format, line), Outcome::Skipped(_)), "{id}");
        return;
    }
    let text = |field: &Field| naive::field(format, line, field).unwrap_or_else(|r| panic!("{id} {field:?}: {r:?}"));
    let shown = |field: &Field| text(field).map(|t| String::from_utf8_lossy(&t).into_owned());
    let dated = !expect["time_utc_ms"].is_null();
    assert_eq!(naive::outcome(format, line), if dated { Outcome::Event } else { Outcome::Undated }, "{id}");
    assert_eq!(shown(&Field::Method).as_deref(), expect["method"].as_str(), "{id} method");
    match expect["path_b64"].as_str() {
        Some(path) => assert_eq!(text(&Field::Path), Some(base64(path)), "{id} path"),
        None => assert_eq!(shown(&Field::Path).as_deref(), expect["path"].as_str(), "{id} path"),
    }
    assert_eq!(number(shown(&Field::Status)), expect["status"].as_f64().unwrap_or(0.0), "{id} status");
    assert_eq!(number(shown(&Field::Bytes)), expect["bytes"].as_f64().unwrap_or(0.0), "{id} bytes");
    check_latency(id, format, expect, shown(&Field::Latency));
}

fn check_latency(id: &str, format: &Format, expect: &Value, text: Option<String>) {
    let unit = format.resolve(&Field::Latency).and_then(|r| format.meaning(r.sources[0]).cloned());
    let factor = match unit {
        Some(Meaning::Latency(Unit::Seconds)) => 1e3,
        Some(Meaning::Latency(Unit::Micros)) => 1e-3,
        Some(Meaning::Latency(Unit::Nanos)) => 1e-6,
        _ => 1.0,
    };
    match expect["latency_ms"].as_f64() {
        None => assert_eq!(text, None, "{id} latency"),
        Some(want) => assert!((number(text) * factor - want).abs() < 1e-6, "{id} latency"),
    }
}

fn number(text: Option<String>) -> f64 {
    text.map_or(0.0, |t| t.parse().unwrap())
}

/// Events of a whole file, by the format of a name or string.
fn events(file: &str, format: &Format) -> Option<(usize, usize)> {
    let text = corpus(&format!("data/{file}"))?;
    let lines: Vec<&str> = text.lines().collect();
    let events = lines.iter().filter(|l| naive::outcome(format, l.as_bytes()) == Outcome::Event).count();
    Some((events, lines.len()))
}

#[test]
fn whole_files_are_read_by_their_formats() {
    for (file, format, unread) in [
        ("apache-common_http-probing.log", "common", 0),
        ("nginx-combined-xff_zanbil-1000.log", "nginx_main", 0),
        ("nginx-combined_malformed-requests.log", "combined", 0),
        ("caddy-json_matomo.ndjson", "caddy", 0),
        ("caddy-json_mirrors.ndjson", "caddy", 0),
        ("traefik-json_base-http.ndjson", "traefik", 0),
    ] {
        if let Some((events, lines)) = events(file, &Format::parse(format).unwrap()) {
            assert_eq!(events + unread, lines, "{file}");
        }
    }
}

#[test]
fn files_are_detected_by_their_heads() {
    for (file, want) in [
        ("apache-common_http-probing.log", "common"),
        ("apache-combined_howto-basjes-hackers.log", "combined"),
        ("apache-combined_lnav-playground.log", "combined"),
        ("nginx-combined-xff_zanbil-1000.log", "nginx_main"),
        ("nginx-json_private-isu.ndjson", "nginx_json"),
        ("caddy-json_mirrors.ndjson", "caddy"),
        ("traefik-json_base-http.ndjson", "traefik"),
    ] {
        let Some(text) = corpus(&format!("data/{file}")) else { return };
        let lines: Vec<&[u8]> = text.lines().take(20).map(str::as_bytes).collect();
        let found = detect::detect(&lines, &preset::candidates().unwrap(), &naive::outcome).unwrap();
        assert_eq!(found.format.name, want, "{file}: {:?}", found.candidates);
    }
}
