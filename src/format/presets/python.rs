//! Servers of Python applications.
//!
//! - gunicorn (<https://docs.gunicorn.org/en/stable/settings.html#access-log-format>): the default is `combined`; the line is written behind the
//!   response. `%(D)s` is microseconds, `%(M)s` milliseconds, `%(L)s` seconds with decimals, none of them in the default.
//! - uvicorn (<https://www.uvicorn.org/settings/#logging>): the default has no time at all, so an envelope (a container's log, the journal) must
//!   give it; without one the lines are undated. Its other lines are chatter.
//! - uWSGI (<https://uwsgi-docs.readthedocs.io/en/latest/LogFormat.html>): the time is `ctime`, that of the start of the request, which is local;
//!   the unit of the latency stands in the line: `msecs`, or `micros` with `log-micros`.
//! - http.server and werkzeug: `common` with a local time in a form of their own.

use crate::format::Clock;
use crate::format::preset::{Preset, Spec};

const COMBINED: &str = r#"{client: client} {ident} {user: free} [{time: time clf}] "{request: request}" {status: status} {bytes: bytes} "{referer}" "{user_agent: agent}""#;

macro_rules! uwsgi {
    ($unit:literal, $word:literal) => {
        concat!(
            "[pid: {pid}|app: {app}|req: {req}] {addr: client} ({user}) {{{vars: number} vars in {request_bytes: size} bytes} ",
            "[{ctime: time %a %b %d %H:%M:%S %Y}] {method: method} {uri: target} => generated {rsize: bytes} bytes in {taken: latency ",
            $unit, "} ", $word, " ({proto} {status: status}) {headers}"
        )
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
        layouts: &[Spec::WithoutTime(r#"INFO:     {client: client} - "{request: request}" {status: status} {reason}"#)],
    },
    Preset {
        name: "uwsgi",
        description: "uWSGI's default, with the unit that the line tells",
        specification: "https://uwsgi-docs.readthedocs.io/en/latest/LogFormat.html",
        example: "[pid: 7|app: 0|req: 3/9] 192.0.2.7 () {32 vars in 417 bytes} [Sun Nov  1 10:00:00 2026] GET /cart?id=4 => generated 512 bytes in 42 msecs (HTTP/1.1 200) 3 headers in 102 bytes (1 switches on core 0)",
        clock: Clock::Start,
        detects_as: None,
        layouts: &[Spec::Line(uwsgi!("ms", "msecs")), Spec::Line(uwsgi!("us", "micros"))],
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
];
