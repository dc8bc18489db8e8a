//! Servers of Python applications.
//!
//! - gunicorn (<https://docs.gunicorn.org/en/stable/settings.html#access-log-format>): the default is `combined`; the line is written behind the
//!   response. `%(D)s` is microseconds, `%(M)s` milliseconds, `%(L)s` seconds with decimals, none of them in the default.
//! - uvicorn (<https://www.uvicorn.org/settings/#logging>): the default has no time at all, so an envelope (a container's log, the journal) must
//!   give it; without one the lines are undated. Its other lines are chatter. On a terminal it paints (`uvicorn.logging.AccessFormatter`: the
//!   level, the request and the status); as a worker of gunicorn it writes the message alone (`uvicorn.workers.UvicornWorker`).
//! - uWSGI (<https://uwsgi-docs.readthedocs.io/en/latest/LogFormat.html>): the time is `ctime`, that of the start of the request, which is local;
//!   the unit of the latency stands in the line: `msecs`, or `micros` with `log-micros`. With `memory-report` the line begins with the memory, and behind
//!   the unit stands how a file was sent (`via sendfile()`).
//! - http.server and werkzeug: `common` with a local time in a form of their own. werkzeug paints the requests that did not succeed, with one style
//!   or two (`werkzeug.serving.WSGIRequestHandler.log_request`).
//! - Odoo: werkzeug's line behind the header of Odoo's logger (`odoo/netsvc.py`), whose times are UTC; behind the line `PerfFilter` writes how many queries
//!   there were, the seconds they took, and the other seconds.

use crate::format::Clock;
use crate::format::preset::{Preset, Spec};

const COMBINED: &str = r#"{client: client} {ident} {user: free} [{time: time clf}] "{request: request}" {status: status} {bytes: bytes} "{referer}" "{user_agent: agent}""#;

macro_rules! uwsgi {
    ($unit:literal, $word:literal) => { uwsgi!($unit, $word, "", "") };
    ($unit:literal, $word:literal, $memory:literal, $way:literal) => {
        concat!(
            $memory,
            "[pid: {pid}|app: {app}|req: {req}] {addr: client} ({user}) {{{vars: number} vars in {request_bytes: size} bytes} ",
            "[{ctime: time %a %b %d %H:%M:%S %Y}] {method: method} {uri: target} => generated {rsize: bytes} bytes in {taken: latency ",
            $unit, "} ", $word, $way, " ({proto} {status: status}) {headers}"
        )
    };
}

/// werkzeug's line as Odoo's logger writes it, with what stands behind it.
macro_rules! odoo {
    ($($more:literal)?) => {
        Spec::Line(concat!(
            r#"{time: time utc %Y-%m-%d %H:%M:%S,%3f} {pid: number} INFO {db} werkzeug: {client: client} - - [{local}] "{request: request}" {status: status} -"#
            $(, $more)?
        ))
    };
}

pub(super) static PRESETS: &[Preset] = &[
    Preset {
        name: "gunicorn",
        description: "gunicorn's default (detected as `combined`, which it is)",
        specification: "https://docs.gunicorn.org/en/stable/settings.html#access-log-format",
        example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET /cart HTTP/1.1" 200 512 "-" "curl/8.5.0""#,
        clock: Clock::End,
        detects_as: Some("combined"),
        layouts: &[Spec::Line(COMBINED)],
    },
    Preset {
        name: "uvicorn",
        description: "uvicorn's default, whose time must come from an envelope",
        specification: "https://www.uvicorn.org/settings/#logging",
        example: r#"INFO:     192.0.2.7:40112 - "GET /cart HTTP/1.1" 200 OK"#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[
            Spec::Line(r#"INFO:     {client: client} - "{request: request}" {status: status} {reason}"#),
            // Of a status that has no name, and as older releases and other formatters of the level write it.
            Spec::Line(r#"INFO:     {client: client} - "{request: request}" {status: status}"#),
            Spec::Line(r#"INFO: {client: client} - "{request: request}" {status: status} {reason}"#),
            Spec::Line(r#"INFO: {client: client} - "{request: request}" {status: status}"#),
            // Painted, for a terminal.
            Spec::Line(
                "\x1b[32mINFO\x1b[0m:     {client: client} - \"{request: request}\" \x1b[{style}m{status: status} {reason}",
            ),
            // As a worker of gunicorn, whose logger writes no level and no reason.
            Spec::Line(r#"{client: client} - "{request: request}" {status: status}"#),
        ],
    },
    Preset {
        name: "uwsgi",
        description: "uWSGI's default, with the unit that the line tells",
        specification: "https://uwsgi-docs.readthedocs.io/en/latest/LogFormat.html",
        example: "[pid: 7|app: 0|req: 3/9] 192.0.2.7 () {32 vars in 417 bytes} [Sun Nov  1 10:00:00 2026] GET /cart?id=4 => generated 512 bytes in 42 msecs (HTTP/1.1 200) 3 headers in 102 bytes (1 switches on core 0)",
        clock: Clock::Start,
        detects_as: None,
        layouts: &[
            Spec::Line(uwsgi!("ms", "msecs")),
            Spec::Line(uwsgi!("us", "micros")),
            Spec::Line(uwsgi!("ms", "msecs", "", " via {via}")),
            Spec::Line(uwsgi!("us", "micros", "", " via {via}")),
            Spec::Line(uwsgi!("ms", "msecs", "{{address {memory: free}} ", "")),
            Spec::Line(uwsgi!("us", "micros", "{{address {memory: free}} ", "")),
            Spec::Line(uwsgi!("ms", "msecs", "{{address {memory: free}} ", " via {via}")),
            Spec::Line(uwsgi!("us", "micros", "{{address {memory: free}} ", " via {via}")),
        ],
    },
    Preset {
        name: "werkzeug",
        description: "Python's http.server and werkzeug: common with a local time",
        specification: "https://docs.python.org/3/library/http.server.html#http.server.BaseHTTPRequestHandler.log_request",
        example: r#"192.0.2.7 - - [01/Nov/2026 10:00:00] "GET /cart HTTP/1.1" 200 -"#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[Spec::Line(
            r#"{client: client} - - [{time: time %d/%b/%Y %H:%M:%S}] "{request: request}" {status: status} {bytes: bytes}"#,
        )],
    },
    Preset {
        name: "odoo",
        description: "Odoo's log, in which werkzeug writes the requests",
        specification: "https://www.odoo.com/documentation/latest/developer/reference/cli.html#logging",
        example: r#"2026-11-01 10:00:00,042 7 INFO shop werkzeug: 192.0.2.7 - - [01/Nov/2026 10:00:00] "GET /cart?id=4 HTTP/1.1" 200 - 12 0.012 0.030"#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[
            odoo!(" {queries: number} {query_time: places 3 part s} {other_time: places 3 part s}"),
            odoo!(),
            // With a replica of the database.
            odoo!(" {queries: number} {query_time: places 3 part s} {other_time: places 3 part s} {cursor_mode}"),
        ],
    },
];

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use crate::format::extract::Extractor;
    use crate::format::preset::Preset;
    use crate::record::{Field, Need, Outcome, Value};

    /// Method, status and latency in milliseconds.
    fn read(name: &str, line: &str) -> (Option<String>, Option<i64>, Option<i64>) {
        let format = Preset::named(name).unwrap().family().unwrap();
        let fields = [Field::Method, Field::Status, Field::Latency];
        let fields = fields.into_iter().filter(|field| format.resolve(field).is_some());
        let needs: Vec<Need> = fields.map(|field| Need { kind: field.kind().unwrap(), field }).collect();
        let extractor = Extractor::bind(&format, &needs, Some(&TimeZone::UTC)).unwrap();
        let mut reader = extractor.reader("");
        assert_eq!(extractor.read(line.as_bytes(), &mut reader), Outcome::Event, "{line}");
        let record = reader.record(line.as_bytes());
        let number = |i: usize| match record.slots.get(i).map(|_| record.get(i)) {
            Some(Value::Int(n)) => Some(n),
            _ => None,
        };
        let method = match record.get(0) {
            Value::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
            _ => None,
        };
        (method, number(1), number(2).map(|nanos| nanos / 1_000_000))
    }

    #[test]
    fn uwsgi_tells_its_memory_and_how_it_sent_a_file() {
        let plain = "[pid: 7|app: 0|req: 3/9] 192.0.2.7 () {32 vars in 417 bytes} [Sun Nov  1 10:00:00 2026] GET /dl => generated 5 bytes in 42 msecs (HTTP/1.1 200) 3 headers in 102 bytes (1 switches on core 0)";
        let sent = plain.replace("msecs (", "msecs via sendfile() (");
        for line in [plain, &sent] {
            let micros = line.replace("42 msecs", "42137 micros");
            for line in [line, &micros] {
                let memory = format!("{{address space usage: 117149696 bytes/111MB}} {{rss usage: 30556160 bytes/29MB}} {line}");
                for line in [line, &memory] {
                    assert_eq!(read("uwsgi", line), (Some("GET".into()), Some(200), Some(42)), "{line}");
                }
            }
        }
    }

    #[test]
    fn painted_requests_are_read() {
        for (request, status) in [
            ("GET /cart HTTP/1.1", 200),
            ("\x1b[1mGET /cart HTTP/1.1\x1b[0m", 101),
            ("\x1b[33mGET /cart HTTP/1.1\x1b[0m", 404),
            ("\x1b[35m\x1b[1mGET /cart HTTP/1.1\x1b[0m", 500),
            ("\x1b[31m\x1b[1mGET /cart HTTP/1.1\x1b[0m", 403),
        ] {
            let line = format!(r#"192.0.2.7 - - [01/Nov/2026 10:00:00] "{request}" {status} -"#);
            assert_eq!(read("werkzeug", &line), (Some("GET".into()), Some(status), None), "{line}");
        }
    }
}
