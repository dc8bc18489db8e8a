//! Traefik's access logs.
//!
//! <https://doc.traefik.io/traefik/observability/access-logs/>: `StartUTC` is the start of the request, all durations of the JSON form are
//! nanoseconds, the last column of the text form is milliseconds. Plugins write text between the lines, and with one output for both logs
//! so does Traefik itself, in JSON without a request.

use crate::format::Clock;
use crate::format::preset::{Keys, Preset, Spec};

pub(super) static PRESETS: &[Preset] = &[
    Preset {
        name: "traefik",
        description: "Traefik's access log, format `json`",
        specification: "https://doc.traefik.io/traefik/observability/access-logs/",
        example: r#"{"StartUTC":"2026-11-01T10:00:00.25Z","RequestMethod":"GET","RequestPath":"/cart","DownstreamStatus":200,"Duration":42100000}"#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[Spec::Keys(&Keys {
            fields: &[
                ("StartUTC", "time iso"),
                ("StartLocal", "time iso"),
                ("DownstreamStatus", "status"),
                ("Duration", "latency ns"),
                ("RequestMethod", "method"),
                ("RequestPath", "target"),
                ("RequestHost", "host"),
                ("DownstreamContentSize", "bytes"),
                ("request_User-Agent", "agent"),
                ("ClientHost", "client"),
                ("ClientAddr", "client"),
                ("OriginStatus", "code"),
                ("OriginDuration", "ns"),
                ("Overhead", "ns"),
                ("OriginContentSize", "size"),
                ("RequestContentSize", "size"),
                ("RetryAttempts", "number"),
                ("RequestCount", "number"),
            ],
            only_if: &[("RequestMethod", "")],
            text_is_chatter: true,
            connections: false,
        })],
    },
    Preset {
        name: "traefik_clf",
        description: "Traefik's access log, format `common`: combined, count, router, server, duration in ms",
        specification: "https://doc.traefik.io/traefik/observability/access-logs/",
        example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/2.0" 200 512 "-" "curl/8.5.0" 17 "web@docker" "http://10.0.0.3:80" 42ms"#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[Spec::Nginx(
            r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_count "$router_name" "$server_url" ${duration}ms"#,
            &[("latency", "$duration ms"), ("$request_count", "number")],
        )],
    },
];
