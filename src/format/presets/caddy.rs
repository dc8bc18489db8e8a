//! Caddy's access log, in its JSON encoding.
//!
//! <https://caddyserver.com/docs/logging>: `ts` is seconds since 1970 at the end of the request, `duration` seconds. `client_ip` is the
//! client behind trusted proxies (since 2.7), `remote_ip` the peer, `remote_addr` the peer of old releases. By `time_format` the time may be a
//! text (`iso8601`, `rfc3339`, `rfc3339_nano`, `common_log`, `wall`, `wall_milli`, `wall_nano`: <https://caddyserver.com/docs/caddyfile/directives/log>),
//! which tells by itself what it is, and is UTC where it has no offset (unless `time_local` is set). Numbers of other units (`unix_milli_float`, `unix_nano`, and by `duration_format`
//! `nano`, `milli` and `string`) must be declared. Lines of other loggers are skipped. `format console` writes the same object behind a time in UTC, the level, the logger
//! and the message: they are its [envelope](crate::format::envelope).

use crate::format::Clock;
use crate::format::preset::{Keys, Preset, Spec};

/// The keys of an access line, behind those of its time.
macro_rules! keys {
    ($($time:expr)?) => {
        &[
            $($time,)?
            ("status", "status"),
            ("duration", "latency s"),
            ("request.method", "method"),
            ("request.uri", "target"),
            ("request.host", "host"),
            ("size", "bytes"),
            ("request.headers.User-Agent[0]", "agent"),
            ("request.client_ip", "client"),
            ("request.remote_ip", "client"),
            ("request.remote_addr", "client"),
            ("bytes_read", "size"),
        ]
    };
}

pub(super) static PRESETS: &[Preset] = &[Preset {
    name: "caddy",
    description: "Caddy's JSON access log (`http.log.access`)",
    specification: "https://caddyserver.com/docs/logging",
    example: r#"{"level":"info","ts":1793527200.25,"logger":"http.log.access","request":{"method":"GET","host":"shop.example","uri":"/cart"},"duration":0.0421,"size":512,"status":200}"#,
    clock: Clock::End,
    detects_as: None,
    layouts: &[
        Spec::Keys(&Keys {
            fields: keys!(("ts", "time utc unix or date")),
            only_if: &[("logger", "http.log.access")],
            text_is_chatter: false,
            connections: false,
        }),
        // Of `format console`, whose time and logger stand before the object. Errors have an object too, but neither size nor headers.
        Spec::Keys(&Keys {
            fields: keys!(),
            only_if: &[("request.uri", ""), ("duration", ""), ("size", ""), ("resp_headers", "")],
            text_is_chatter: false,
            connections: false,
        }),
    ],
}];
