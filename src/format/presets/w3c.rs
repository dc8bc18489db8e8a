//! W3C extended logs, whose columns are those of their `#Fields` lines.
//!
//! - IIS (<https://learn.microsoft.com/en-us/windows/win32/http/w3c-logging>, and Advanced Logging): dates and times are UTC, `date-local` and
//!   `time-local` are local; `time-taken` and `TimeTakenMS` are milliseconds. The clock of `time-taken` stops when the
//!   last part of the response is sent (<https://learn.microsoft.com/en-us/troubleshoot/developer/webapps/iis/health-diagnostic-performance/description-time-taken-field-http-logging>, KB 944884), and then the line is written, with the time of that: the
//!   documentation calls it the time of the activity, but sequences of requests of one client only make sense if it is the end. Lines before
//!   any `#Fields` are read by the columns that IIS has by default, or by all that it has, if they have as many values.
//! - CloudFront's header is the same, but its `time-taken` is seconds.
//! - Any other writer (<https://www.w3.org/TR/WD-logfile.html>): the draft says GMT and seconds, and its best-known writers do otherwise. So a time needs
//!   `--tz`, and `time-taken` is a number without a unit until you declare one.

use crate::format::preset::{Keys, Preset, Spec};
use crate::format::{Clock, W3cWriter};

/// What all of them have.
macro_rules! columns {
    ($($own:expr),*) => {
        Keys {
            fields: &[
                $($own,)*
                ("date-local time-local", "time iso"),
                ("sc-status", "status"),
                // Streams tell what became of the client (SHOUTcast, Windows Media Services), by the codes of HTTP.
                ("c-status", "status"),
                ("cs-method", "method"),
                ("cs-uri", "uri"),
                ("cs-uri-query", "query"),
                ("cs-host", "host"),
                ("cs(Host)", "host"),
                ("sc-bytes", "bytes"),
                ("bytes", "bytes"),
                ("cs(User-Agent)", "agent"),
                ("c-ip", "client"),
                ("cs-bytes", "size"),
                ("sc-substatus", ""),
                ("sc-win32-status", ""),
                ("s-sitename", ""),
                ("s-ip", ""),
                ("s-port", ""),
                ("cs-username", ""),
                ("cs(Referer)", ""),
                ("cs(Cookie)", ""),
            ],
            only_if: &[],
            text_is_chatter: false,
            connections: false,
        }
    };
}

/// CloudFront, with the columns that were chosen.
pub(super) static CLOUDFRONT: Keys = columns!(
    ("date time", "time utc iso"),
    ("cs-uri-stem", "path"),
    ("time-taken", "latency s"),
    ("time-to-first-byte", "s"),
    ("x-host-header", "host"),
    ("x-edge-result-type", ""),
    ("x-edge-location", "")
);

static IIS: Keys =
    columns!(("date time", "time utc iso"), ("cs-uri-stem", "path"), ("time-taken", "latency ms"), ("TimeTakenMS", "latency ms"));
// Some write the query with the stem, and have no column for it.
static ANY: Keys = columns!(("date time", "time iso"), ("cs-uri-stem", "target"), ("time-taken", "number"));

pub(super) static PRESETS: &[Preset] = &[
    Preset {
        name: "iis",
        description: "IIS, W3C extended or Advanced Logging, by its `#Fields` lines",
        specification: "https://learn.microsoft.com/en-us/windows/win32/http/w3c-logging",
        example: "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken\n2026-11-01 10:00:00 10.0.0.3 GET /cart id=4 443 - 192.0.2.7 curl/8.5.0 200 0 0 42",
        clock: Clock::End,
        detects_as: None,
        layouts: &[Spec::Columns(&IIS, W3cWriter::Iis)],
    },
    Preset {
        name: "w3c",
        description: "any other W3C extended log, by its `#Fields` lines",
        specification: "https://www.w3.org/TR/WD-logfile.html",
        example: "#Fields: date time c-ip cs-method cs-uri sc-status bytes time-taken\n2026-11-01 10:00:00 192.0.2.7 GET /cart?id=4 200 512 0.042",
        clock: Clock::End,
        detects_as: None,
        layouts: &[Spec::Columns(&ANY, W3cWriter::Any)],
    },
];
