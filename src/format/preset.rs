//! Formats that have a name.
//!
//! A preset is data: strings as the servers' documentation gives them, or a map of JSON keys. A new one is an entry here (a
//! new family: a file of its own beside this one), an example line, and a fixture.

use super::declare::{StringFormat, choices, definition};
use super::template::{Source, plain};
use super::{Clock, Format, JsonCondition, JsonField, JsonMap, Layout, Meaning, TimeText, Unit, nginx};
use crate::error::Result;
use crate::record::Kind;

/// A format with a name.
#[derive(Debug)]
pub struct Preset {
    /// The name, as `--format` takes it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub description: &'static str,
    /// A line of it.
    pub example: &'static str,
    clock: Clock,
    layouts: &'static [Spec],
}

/// One layout of a preset.
#[derive(Debug)]
enum Spec {
    /// An Apache string.
    Apache(&'static str),
    /// An nginx string, and declared fields.
    Nginx(&'static str, &'static [(&'static str, &'static str)]),
    /// A part of a line in nginx's syntax, behind which a part that is not read may stand.
    NginxAndMore(&'static str),
    /// A map of JSON keys.
    Json(fn() -> JsonMap),
}

/// Every preset, in the order of the documentation.
pub static PRESETS: &[Preset] = &[
    Preset {
        name: "combined",
        description: "Combined Log Format: nginx's default, Apache's `combined`",
        example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET /cart?id=4 HTTP/1.1" 200 512 "https://shop.example/" "curl/8.5.0""#,
        // nginx writes the end of a request and Apache its start; the line does not tell which. The format has
        // no latency, so nothing depends on it but this word.
        clock: Clock::End,
        layouts: &[Spec::Apache(r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#)],
    },
    Preset {
        name: "common",
        description: "Common Log Format: Apache's `common`",
        example: r#"192.0.2.7 - ada [01/Nov/2026:10:00:00 +0000] "GET /cart HTTP/1.1" 200 512"#,
        clock: Clock::Start,
        layouts: &[Spec::Apache(r#"%h %l %u %t "%r" %>s %b"#)],
    },
    Preset {
        name: "vhost_combined",
        description: "Apache's combined behind the virtual host, with or without its port",
        example: r#"shop.example:443 192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 512 "-" "curl/8.5.0""#,
        clock: Clock::Start,
        layouts: &[
            Spec::Apache(r#"%v:%p %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#),
            Spec::Apache(r#"%v %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#),
        ],
    },
    Preset {
        name: "vhost_common",
        description: "Apache's common behind the virtual host, with or without its port",
        example: r#"shop.example 192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 512"#,
        clock: Clock::Start,
        layouts: &[Spec::Apache(r#"%v %h %l %u %t "%r" %>s %b"#), Spec::Apache(r#"%v:%p %h %l %u %t "%r" %>s %b"#)],
    },
    Preset {
        name: "combined_quoted",
        description: "combined with each whole line in one more pair of quotes (exports of tables)",
        example: r#""192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 512 "-" "curl/8.5.0"""#,
        clock: Clock::End,
        layouts: &[Spec::Apache(r#""%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"""#)],
    },
    Preset {
        name: "nginx_main",
        description: "nginx's `main` of the packages and images: combined and X-Forwarded-For",
        example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 512 "-" "curl/8.5.0" "198.51.100.4, 192.0.2.9""#,
        clock: Clock::End,
        layouts: &[Spec::Nginx(
            r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for""#,
            &[],
        )],
    },
    Preset {
        name: "ingress-nginx",
        description: "ingress-nginx (`upstreaminfo`), today's layout and those of 2018 and 2019",
        example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET /api HTTP/2.0" 200 512 "-" "curl/8.5.0" 310 0.042 [shop-web-80] [] 10.0.0.3:8080 512 0.041 200 4b1f0c"#,
        clock: Clock::End,
        layouts: &[
            Spec::Nginx(
                r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id"#,
                &[],
            ),
            Spec::Nginx(
                r#"$remote_addr - [$the_real_ip] - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id"#,
                &[],
            ),
            // Up to 2018 without, then with the request's id at the end.
            Spec::NginxAndMore(
                r#"$remote_addr - [$the_real_ip] - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status"#,
            ),
        ],
    },
    Preset {
        name: "nginx_json",
        description: "JSON written by nginx, with its variables' names (or usual short ones) as keys",
        example: r#"{"time":"2026-11-01T10:00:00+00:00","method":"GET","uri":"/cart","status":"200","request_time":"0.042","body_bytes_sent":"512"}"#,
        clock: Clock::End,
        layouts: &[Spec::Json(nginx_json)],
    },
    Preset {
        name: "caddy",
        description: "Caddy's JSON access log (`http.log.access`)",
        example: r#"{"level":"info","ts":1793527200.25,"logger":"http.log.access","request":{"method":"GET","host":"shop.example","uri":"/cart"},"duration":0.0421,"size":512,"status":200}"#,
        clock: Clock::End,
        layouts: &[Spec::Json(caddy)],
    },
    Preset {
        name: "traefik",
        description: "Traefik's access log, format `json`",
        example: r#"{"StartUTC":"2026-11-01T10:00:00.25Z","RequestMethod":"GET","RequestPath":"/cart","DownstreamStatus":200,"Duration":42100000}"#,
        clock: Clock::Start,
        layouts: &[Spec::Json(traefik)],
    },
    Preset {
        name: "traefik_clf",
        description: "Traefik's access log, format `common`: combined, count, router, server, duration in ms",
        example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/2.0" 200 512 "-" "curl/8.5.0" 17 "web@docker" "http://10.0.0.3:80" 42ms"#,
        clock: Clock::Start,
        layouts: &[Spec::Nginx(
            r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_count "$router_name" "$server_url" ${duration}ms"#,
            &[("latency", "$duration ms"), ("$request_count", "number")],
        )],
    },
];

impl Preset {
    /// The preset of a name.
    ///
    /// # Errors
    /// There is none: the hint has the nearest name, or all of them.
    pub fn named(name: &str) -> Result<&'static Preset> {
        PRESETS.iter().find(|p| p.name == name).ok_or_else(|| {
            let shown = name.escape_debug();
            definition(format!("`{shown}` is no preset, and no format string either: it has neither $variables nor %directives"))
                .hint(choices(name, PRESETS.iter().map(|p| p.name)))
        })
    }

    /// Its layouts, the current one first; never empty.
    ///
    /// # Errors
    /// None for the presets of this crate (a test reads each).
    pub fn formats(&self) -> Result<Vec<Format>> {
        self.layouts.iter().map(|spec| self.format(spec, &[])).collect()
    }

    /// What the time on a line marks.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The current layout, with fields declared by the user.
    pub(super) fn first_with(&self, fields: &[(String, String)]) -> Result<Format> {
        match self.layouts {
            [first, ..] => self.format(first, fields),
            [] => Err(definition(format!("preset `{}` has no layout", self.name))),
        }
    }

    fn format(&self, spec: &Spec, declared: &[(String, String)]) -> Result<Format> {
        match spec {
            Spec::Apache(text) => self.string(declared).apache(source(text)),
            Spec::Nginx(text, own) => {
                let own = own.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
                let fields: Vec<_> = own.filter(|(key, _)| declared.iter().all(|(k, _)| k != key)).collect();
                let fields = [fields.as_slice(), declared].concat();
                self.string(&fields).nginx(source(text))
            }
            Spec::NginxAndMore(text) => {
                let mut format = self.string(declared).nginx(source(text))?;
                if let Layout::Delimited(template) = &mut format.layout {
                    template.open_ended = true;
                }
                Ok(format)
            }
            Spec::Json(_) if !declared.is_empty() => Err(definition(format!("the lines of preset `{}` are JSON", self.name))
                .hint("change its keys by `json: {latency: took ms}` beside `preset`")),
            Spec::Json(map) => Ok(Format { name: self.name.into(), layout: Layout::Json(map()), clock: self.clock }),
        }
    }

    fn string<'a>(&'a self, fields: &'a [(String, String)]) -> StringFormat<'a> {
        StringFormat { name: self.name, fields, clock: Some(self.clock), ..StringFormat::CUSTOM }
    }
}

/// The formats of all presets: the candidates of detection.
///
/// # Errors
/// None for the presets of this crate (a test reads each).
pub fn candidates() -> Result<Vec<Format>> {
    let formats: Vec<Vec<Format>> = PRESETS.iter().map(Preset::formats).collect::<Result<_>>()?;
    Ok(formats.into_iter().flatten().collect())
}

fn source(text: &str) -> Source<'_> {
    Source { name: "preset", text }
}

fn key(path: &[&str], meaning: Meaning) -> JsonField {
    JsonField { name: path.join("."), path: path.iter().map(|&step| step.to_owned()).collect(), meaning }
}

fn only_if(path: &str, prefix: &str) -> Vec<JsonCondition> {
    vec![JsonCondition { path: vec![path.to_owned()], prefix: prefix.to_owned() }]
}

/// The keys of <https://caddyserver.com/docs/logging>. `client_ip` is the client behind trusted proxies (since 2.7), `remote_ip` the
/// peer, `remote_addr` the peer of old releases. With another encoder the time or the duration must be declared.
fn caddy() -> JsonMap {
    let fields = vec![
        key(&["ts"], Meaning::Time(TimeText::Epoch(Unit::Seconds))),
        key(&["status"], Meaning::Status),
        key(&["duration"], Meaning::Latency(Unit::Seconds)),
        key(&["request", "method"], Meaning::Method),
        key(&["request", "uri"], Meaning::Target),
        key(&["request", "host"], Meaning::Host),
        key(&["size"], Meaning::Bytes),
        key(&["request", "headers", "User-Agent", "0"], Meaning::UserAgent),
        key(&["request", "client_ip"], Meaning::RemoteAddr),
        key(&["request", "remote_ip"], Meaning::RemoteAddr),
        key(&["request", "remote_addr"], Meaning::RemoteAddr),
        key(&["bytes_read"], Meaning::Other(Kind::Size, Unit::One)),
    ];
    JsonMap { fields, only_if: only_if("logger", "http.log.access"), others: Kind::Text, text_is_chatter: false }
}

/// The fields of <https://doc.traefik.io/traefik/observability/access-logs/>. All durations are nanoseconds. Plugins write text
/// between the lines, and with one output for both logs so does Traefik itself, in JSON without a request.
fn traefik() -> JsonMap {
    let nanos = || Meaning::Other(Kind::Duration, Unit::Nanos);
    let fields = vec![
        key(&["StartUTC"], Meaning::Time(TimeText::Iso8601)),
        key(&["StartLocal"], Meaning::Time(TimeText::Iso8601)),
        key(&["DownstreamStatus"], Meaning::Status),
        key(&["Duration"], Meaning::Latency(Unit::Nanos)),
        key(&["RequestMethod"], Meaning::Method),
        key(&["RequestPath"], Meaning::Target),
        key(&["RequestHost"], Meaning::Host),
        key(&["DownstreamContentSize"], Meaning::Bytes),
        key(&["request_User-Agent"], Meaning::UserAgent),
        key(&["ClientHost"], Meaning::RemoteAddr),
        key(&["OriginStatus"], Meaning::Other(Kind::Status, Unit::One)),
        key(&["OriginDuration"], nanos()),
        key(&["Overhead"], nanos()),
        key(&["OriginContentSize"], Meaning::Other(Kind::Size, Unit::One)),
        key(&["RequestContentSize"], Meaning::Other(Kind::Size, Unit::One)),
        key(&["RetryAttempts"], Meaning::Other(Kind::Number, Unit::One)),
        key(&["RequestCount"], Meaning::Other(Kind::Number, Unit::One)),
    ];
    JsonMap { fields, only_if: only_if("RequestMethod", ""), others: Kind::Text, text_is_chatter: true }
}

/// The keys that configurations of nginx use: its variables' names, and short ones whose meaning their value shows (a time
/// as text tells its form; a number needs the name `msec`). `request_time` is nginx's variable and thus seconds; any other name that looks
/// like a latency has no known unit and is none.
fn nginx_json() -> JsonMap {
    let one = |meaning: Meaning, keys: &[&str]| keys.iter().map(|k| key(&[k], meaning.clone())).collect::<Vec<_>>();
    let mut fields = [
        one(Meaning::Time(TimeText::Epoch(Unit::Seconds)), &["msec"]),
        one(Meaning::Time(TimeText::Iso8601), &["time_iso8601"]),
        one(Meaning::Time(TimeText::Clf), &["time_local"]),
        one(Meaning::Time(TimeText::ClfOrIso8601), &["time", "timestamp", "@timestamp", "date", "datetime"]),
        one(Meaning::Status, &["status"]),
        one(Meaning::Latency(Unit::Seconds), &["request_time"]),
        one(Meaning::Method, &["request_method", "method"]),
        // The request as it came is preferred to keys that may hold the decoded or rewritten one.
        one(Meaning::Target, &["request_uri"]),
        one(Meaning::Request, &["request"]),
        one(Meaning::Target, &["uri", "url", "path"]),
        one(Meaning::Query, &["args", "query_string", "query"]),
        one(Meaning::Host, &["host", "http_host", "server_name"]),
        one(Meaning::Bytes, &["body_bytes_sent", "bytes_sent", "body_bytes", "bytes", "size", "length"]),
        one(Meaning::UserAgent, &["http_user_agent", "user_agent", "ua", "agent"]),
        one(Meaning::RemoteAddr, &["remote_addr", "remote_ip", "client_ip", "client", "ip"]),
    ]
    .concat();
    for (name, _, meaning) in nginx::variables().filter(|(_, _, m)| plain(m) == *m) {
        fields.push(key(&[name], meaning.clone()));
    }
    JsonMap { fields, only_if: only_if("status", ""), others: Kind::Text, text_is_chatter: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::naive;
    use crate::record::{Field, Outcome};

    #[test]
    fn every_preset_reads_its_example() {
        for preset in PRESETS {
            let format = preset.formats().unwrap().swap_remove(0);
            assert_eq!(naive::outcome(&format, preset.example.as_bytes()), Outcome::Event, "{}", preset.name);
            assert_eq!(format.name, preset.name);
            assert_eq!(format.clock, preset.clock(), "{}", preset.name);
            for field in [Field::Time, Field::Method, Field::Path, Field::Status] {
                assert!(format.resolve(&field).is_some(), "{} {field:?}", preset.name);
            }
        }
    }

    #[test]
    fn names_are_unique_and_found() {
        for preset in PRESETS {
            assert!(std::ptr::eq(Preset::named(preset.name).unwrap(), preset));
        }
    }

    #[test]
    fn latencies_have_the_units_of_their_servers() {
        for (name, want) in [
            ("ingress-nginx", Some(Unit::Seconds)),
            ("nginx_json", Some(Unit::Seconds)),
            ("caddy", Some(Unit::Seconds)),
            ("traefik", Some(Unit::Nanos)),
            ("traefik_clf", Some(Unit::Millis)),
            ("combined", None),
        ] {
            let format = Format::parse(name).unwrap();
            let found = format.resolve(&Field::Latency).map(|r| format.meaning(r.sources[0]).unwrap().clone());
            assert_eq!(found, want.map(Meaning::Latency), "{name}");
        }
    }
}
