//! The slow twin: generated logs read by plain string code, and counted in a map by plain comparisons.
//!
//! It knows what the generator writes and nothing of slix's formats, expressions or routes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use slix::aggregate::{Counts, Group};
use slix::slo::classify::Verdict;

use crate::loggen::Format;

/// What became of a line.
pub enum Line {
    Event(Row),
    Blank,
    Undated,
    Rejected,
}

/// A request.
#[derive(Debug)]
pub struct Row {
    pub minute: i64,
    pub status: Option<u16>,
    pub latency_us: Option<u64>,
    pub method: Option<String>,
    pub path: Option<String>,
}

/// Reads a line without its end.
pub fn read(format: Format, line: &str) -> Line {
    if line.is_empty() {
        return Line::Blank;
    }
    let Some(fields) = fields(format, line) else { return Line::Rejected };
    let Some(time_us) = fields.time else { return Line::Undated };
    let path = fields.target.map(|target| target.split('?').next().unwrap().to_owned());
    let status = fields.status.parse().ok().filter(|&status| status != 0);
    Line::Event(Row {
        minute: time_us.div_euclid(60_000_000),
        status,
        latency_us: fields.latency_us,
        method: fields.method,
        path,
    })
}

struct Fields {
    time: Option<i64>,
    status: String,
    latency_us: Option<u64>,
    method: Option<String>,
    target: Option<String>,
}

fn fields(format: Format, line: &str) -> Option<Fields> {
    match format {
        Format::Common | Format::Combined | Format::VhostCombined | Format::NginxMain => clf(line, |_| Some(None)),
        Format::CombinedTimed => clf(line, |rest| Some(seconds(rest.rsplit_once(' ')?.1))),
        // Behind the quotes of the agent: the time, the quoted upstream time, the host.
        Format::CombinedUpstream => {
            clf(line, |rest| Some(seconds(rest.rsplit_once("\" ")?.0.rsplit_once(" \"")?.0.rsplit_once(' ')?.1)))
        }
        Format::ApacheTimed => clf(line, |rest| Some(rest.rsplit_once(' ')?.1.parse().ok())),
        // Behind the quotes of the agent: the request's length, then its time.
        Format::IngressNginx => clf(line, |rest| Some(seconds(rest.rsplit_once("\" ")?.1.split(' ').nth(1)?))),
        Format::Forty => clf(line, |rest| Some(seconds(rest.split_once(" rt=")?.1.split_once(' ')?.0))),
        Format::LatencyFirst => latency_first(line),
        Format::Tabbed => {
            let [time, _, _, method, target, status, _, latency, _] = separated(line, '\t')?;
            Some(fields_of(time, method, target, status, latency))
        }
        Format::Piped => {
            let [_, latency, status, method, target, time, _, _, _] = separated(line, '|')?;
            Some(fields_of(time, method, target, status, latency))
        }
        Format::NginxJson | Format::ShuffledJson => nginx_json(&serde_json::from_str(line).ok()?),
        Format::Caddy => caddy(&serde_json::from_str(line).ok()?),
        Format::Traefik => traefik(&serde_json::from_str(line).ok()?),
    }
}

/// `0.123` as microseconds. JSON numbers come without their last zeros.
fn seconds(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.')?;
    Some(whole.parse::<u64>().ok()? * 1_000_000 + format!("{part:0<6}").parse::<u64>().ok()?)
}

/// Lines of the Common Log Format and what follows it. `latency` finds its field in what follows the status.
fn clf(line: &str, latency: impl Fn(&str) -> Option<Option<u64>>) -> Option<Fields> {
    let (_, rest) = line.split_once(" - - [")?;
    let (time, rest) = rest.split_once("] \"")?;
    let (request, rest) = rest.split_once("\" ")?;
    let (status, rest) = rest.split_once(' ')?;
    let time = Timestamp::strptime("%d/%b/%Y:%H:%M:%S %z", time).ok().map(|time| time.as_microsecond());
    let words: Vec<&str> = request.split(' ').collect();
    let (method, target) = match words[..] {
        [method, target, _] => (Some(method.to_owned()), Some(target.to_owned())),
        _ => (None, None),
    };
    Some(Fields { time, status: status.to_owned(), latency_us: latency(rest)?, method, target })
}

/// The fields of a line that has nine.
fn separated(line: &str, separator: char) -> Option<[&str; 9]> {
    line.split(separator).collect::<Vec<_>>().try_into().ok()
}

fn fields_of(time: &str, method: &str, target: &str, status: &str, latency: &str) -> Fields {
    Fields {
        time: time.parse::<Timestamp>().ok().map(|time| time.as_microsecond()),
        status: status.to_owned(),
        latency_us: seconds(latency),
        method: present(method),
        target: present(target),
    }
}

/// The line put in the order of the Common Log Format.
fn latency_first(line: &str) -> Option<Fields> {
    let (latency, rest) = line.split_once(' ')?;
    let (status, rest) = rest.split_once(" [")?;
    let (time, rest) = rest.split_once("] ")?;
    let (addr, rest) = rest.split_once(" \"")?;
    let (request, rest) = rest.split_once("\" ")?;
    clf(&format!("{addr} - - [{time}] \"{request}\" {status} {rest}"), |_| Some(seconds(latency)))
}

fn present(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| text != "-")
}

/// A number or a text as it stands there.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn nginx_json(value: &Value) -> Option<Fields> {
    Some(Fields {
        time: value["time"].as_str().and_then(|time| Some(time.parse::<Timestamp>().ok()?.as_microsecond())),
        status: text(&value["status"]),
        latency_us: seconds(&text(&value["request_time"])),
        method: present(value["request_method"].as_str()?),
        target: present(value["request_uri"].as_str()?),
    })
}

fn caddy(value: &Value) -> Option<Fields> {
    let micros = |value: &Value| seconds(&value.as_number()?.to_string());
    Some(Fields {
        time: micros(&value["ts"]).map(|us| us as i64),
        status: text(&value["status"]),
        latency_us: micros(&value["duration"]),
        method: present(value["request"]["method"].as_str()?),
        target: present(value["request"]["uri"].as_str()?),
    })
}

fn traefik(value: &Value) -> Option<Fields> {
    Some(Fields {
        time: value["StartUTC"].as_str().and_then(|time| Some(time.parse::<Timestamp>().ok()?.as_microsecond())),
        status: text(&value["DownstreamStatus"]),
        latency_us: value["Duration"].as_u64().map(|ns| ns / 1_000),
        method: present(value["RequestMethod"].as_str()?),
        target: present(value["RequestPath"].as_str()?),
    })
}

/// What is asked in the laws, as a definition and as plain code, in the same order.
pub const AVAILABILITY: &str = "- {name: availability, target: 99%, good: status < 500, group_by: [route]}";
pub const STATUSES: &str = "- {name: statuses, target: 99%, good: exists(status) and status < 500, group_by: [status]}";
pub const MIXED: &str = r#"- {name: mixed, target: 99%, valid: 'method == "GET" and path starts_with "/api/"', good: status < 400 or status == 404, group_by: [method, status_class]}"#;
pub const PATHS: &str = "- {name: paths, target: 99%, good: path contains \"7\" or status == 5xx, group_by: [path]}";
pub const LATENCY: &str = "- {name: latency, target: 99%, good: latency <= 300ms, group_by: [route]}";

type Judge = fn(&Row) -> (Verdict, Vec<Option<String>>);

/// The judges of the SLOs above.
pub const JUDGES: [(&str, Judge); 5] = [
    ("availability", |row| (verdict(Some(true), row.status.map(|status| status < 500)), vec![route(row)])),
    ("statuses", |row| {
        let good = row.status.is_some_and(|status| status < 500);
        (verdict(Some(true), Some(good)), vec![row.status.map(|status| status.to_string())])
    }),
    ("mixed", |row| {
        let is_get = row.method.as_ref().map(|method| method == "GET");
        let is_api = row.path.as_ref().map(|path| path.starts_with("/api/"));
        let valid = not(or(is_get.map(|is| !is), is_api.map(|is| !is)));
        let good = row.status.map(|status| status < 400 || status == 404);
        (verdict(valid, good), vec![row.method.clone(), row.status.map(|status| format!("{}xx", status / 100))])
    }),
    ("paths", |row| {
        let has_seven = row.path.as_ref().map(|path| path.contains('7'));
        let failed = row.status.map(|status| (500..600).contains(&status));
        (verdict(Some(true), or(has_seven, failed)), vec![row.path.clone()])
    }),
    ("latency", |row| (verdict(Some(true), row.latency_us.map(|us| us <= 300_000)), vec![route(row)])),
];

fn or(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

fn not(a: Option<bool>) -> Option<bool> {
    a.map(|a| !a)
}

fn verdict(valid: Option<bool>, good: Option<bool>) -> Verdict {
    match (valid, good) {
        (Some(false), _) => Verdict::Excluded,
        (None, _) | (_, None) => Verdict::Unknown,
        (_, Some(true)) => Verdict::Good,
        (_, Some(false)) => Verdict::Bad,
    }
}

/// The class of a path by its words, and by nothing that routes are made of.
fn route(row: &Row) -> Option<String> {
    let words: Vec<&str> = row.path.as_ref()?.split('/').collect();
    let name = match words[..] {
        ["", "api", "orders", _] => "/api/orders/{id}",
        ["", "api", "users", _, "cart"] => "/api/users/{id}/cart",
        ["", "search"] => "/search",
        ["", "checkout"] => "/checkout",
        ["", "static", _, ..] => "/static/{*rest}",
        _ => return None,
    };
    Some(name.to_owned())
}

/// Counts by SLO, group and minute since 1970.
pub type Table = BTreeMap<(&'static str, Group, i64), Counts>;

/// Adds one request to the counts of the SLOs of these names.
pub fn add(table: &mut Table, slos: &[&str], row: &Row) {
    for (name, judge) in JUDGES.iter().filter(|(name, _)| slos.contains(name)) {
        let (verdict, group) = judge(row);
        let group: Group = group.into_iter().map(|text| text.map(|text| text.into_bytes().into())).collect();
        let counts = table.entry((*name, group, row.minute)).or_default();
        counts.events += 1;
        match verdict {
            Verdict::Good => counts.good += 1,
            Verdict::Bad => counts.bad += 1,
            Verdict::Unknown => counts.unknown += 1,
            Verdict::Excluded => {}
        }
    }
}
