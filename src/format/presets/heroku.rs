//! Heroku's router.
//!
//! <https://devcenter.heroku.com/articles/http-routing#heroku-router-log-format>: pairs of logfmt behind a header of syslog, which has the time; a
//! line is written once the response is through. `connect` is the time of the connection to the dyno and `service` that of handing data between it
//! and the client, both with their unit, ms; the latency is both. Where no connection came about, `connect` is empty, and the latency unknown. An error has `at=error`, a code and a
//! description besides.

use crate::format::Clock;
use crate::format::preset::{Keys, Preset, Spec};

pub(super) static PRESETS: &[Preset] = &[Preset {
    name: "heroku_router",
    description: "Heroku's router (its time must come from the header of the log drain, or of `heroku logs`)",
    specification: "https://devcenter.heroku.com/articles/http-routing#heroku-router-log-format",
    example: r#"at=info method=GET path="/cart?id=4" host=shop.example request_id=4b1f0c fwd="192.0.2.7" dyno=web.1 connect=1ms service=41ms status=200 bytes=512 protocol=https"#,
    clock: Clock::End,
    detects_as: None,
    layouts: &[Spec::Pairs(&Keys {
        fields: &[
            ("status", "status"),
            ("connect", "part written"),
            ("service", "part written"),
            ("method", "method"),
            ("path", "target"),
            ("host", "host"),
            ("bytes", "bytes"),
            ("fwd", "client"),
            ("code", ""),
            ("dyno", ""),
            ("protocol", ""),
        ],
        only_if: &[("at", ""), ("fwd", ""), ("service", ""), ("dyno", "")],
        text_is_chatter: false,
        connections: false,
    })],
}];
