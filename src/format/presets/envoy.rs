//! Envoy and what is built on it: Istio, Envoy Gateway.
//!
//! <https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage>: START_TIME is when the request began, in UTC
//! with milliseconds; DURATION is milliseconds from there to the last byte out; RESPONSE_CODE is 0 where no response was begun. A value
//! that is not there is `-`. The access log of a TCP proxy has the same form: it has no protocol (nor method and path), and 0 for the code; such
//! lines are of connections, and skipped. Emissary (<https://emissary-ingress.dev/docs/3.10/topics/running/ambassador/>) writes `ACCESS` before
//! the default. Istio (<https://istio.io/latest/docs/tasks/observability/logs/access-log/>) puts details before the byte counts and the
//! connection's ends behind; Envoy Gateway (<https://gateway.envoyproxy.io/docs/tasks/observability/proxy-accesslog/>) writes JSON with
//! the operators' names. The keys of Envoy's own JSON are the user's; those here are the usual ones, and Envoy Gateway's, so that a log that
//! holds both is read whole, and Contour's (<https://projectcontour.io/guides/structured-logs/>).

use crate::format::Clock;
use crate::format::preset::{Keys, Preset, Spec};

const ENVOY_DOCUMENTATION: &str = "https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage";

/// A line whose response code is followed by this.
macro_rules! text {
    ($before_bytes:literal, $tail:expr) => { text!("", $before_bytes, $tail) };
    ($ahead:literal, $before_bytes:literal, $tail:expr) => {
        concat!(
            $ahead,
            r#"[{start_time: time iso}] "{method: method} {path: target} {protocol: text or connection}" {response_code: status} {response_flags} "#,
            $before_bytes,
            r#"{bytes_received: size} {bytes_sent: bytes} {duration: latency ms} {upstream_service_time: ms} "{x_forwarded_for: client}" "#,
            r#""{user_agent: agent}" "{request_id}" "{authority: host}" "{upstream_host}""#,
            $tail
        )
    };
}

/// Where a connection began and ended, as Istio has it; before 1.3 without the route.
macro_rules! istio {
    ($before_bytes:literal) => {
        istio!($before_bytes, " {route_name}")
    };
    ($before_bytes:literal, $route:literal) => {
        text!(
            $before_bytes,
            concat!(
                " {upstream_cluster} {upstream_local_address} {downstream_local_address} {downstream_remote_address} {requested_server_name}",
                $route
            )
        )
    };
}

pub(super) static PRESETS: &[Preset] = &[
    Preset {
        name: "envoy",
        description: "Envoy's default text format",
        specification: ENVOY_DOCUMENTATION,
        example: r#"[2026-11-01T10:00:00.042Z] "GET /cart?id=4 HTTP/2" 200 - 0 512 42 40 "192.0.2.7" "curl/8.5.0" "4b1f0c2d" "shop.example" "10.0.0.3:8080""#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[Spec::Line(text!("", "")), Spec::Line(text!("ACCESS ", "", ""))],
    },
    Preset {
        name: "istio",
        description: "Istio's default text format, and those of older releases",
        specification: "https://istio.io/latest/docs/tasks/observability/logs/access-log/",
        example: r#"[2026-11-01T10:00:00.042Z] "GET /cart?id=4 HTTP/2" 200 - via_upstream - "-" 0 512 42 40 "192.0.2.7" "curl/8.5.0" "4b1f0c2d" "shop.example" "10.0.0.3:8080" inbound|8080|| 127.0.0.6:38601 10.0.0.3:8080 192.0.2.7:0 - default"#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[
            Spec::Line(istio!(
                r#"{response_code_details} {connection_termination_details} "{upstream_transport_failure_reason}" "#
            )),
            Spec::Line(istio!(r#"{response_code_details} "{upstream_transport_failure_reason}" "#)),
            Spec::Line(istio!(r#""{mixer_status}" "{upstream_transport_failure_reason}" "#)),
            Spec::Line(istio!(r#""{upstream_transport_failure_reason}" "#)),
            Spec::Line(istio!(r#""{mixer_status}" "{upstream_transport_failure_reason}" "#, "")),
            Spec::Line(istio!(r#""{mixer_status}" "#, "")),
        ],
    },
    Preset {
        name: "envoy_gateway",
        description: "Envoy Gateway's default JSON",
        specification: "https://gateway.envoyproxy.io/docs/tasks/observability/proxy-accesslog/",
        example: r#"{"start_time":"2026-11-01T10:00:00.042Z","method":"GET","x-envoy-origin-path":"/cart?id=4","protocol":"HTTP/2","response_code":"200","response_flags":"-","bytes_received":"0","bytes_sent":"512","duration":"42","x-envoy-upstream-service-time":"40","x-forwarded-for":"192.0.2.7","user-agent":"curl/8.5.0",":authority":"shop.example"}"#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[Spec::Keys(&Keys {
            fields: &[
                ("start_time", "time iso"),
                ("response_code", "status"),
                ("duration", "latency ms"),
                ("method", "method"),
                ("x-envoy-origin-path", "target"),
                (":authority", "host"),
                ("bytes_sent", "bytes"),
                ("user-agent", "agent"),
                ("x-forwarded-for", "client"),
                ("downstream_remote_address", "client"),
                ("bytes_received", "size"),
                ("x-envoy-upstream-service-time", "ms"),
                ("response_flags", ""),
                ("protocol", ""),
            ],
            only_if: &[("response_code", ""), ("start_time", ""), ("x-envoy-origin-path", "")],
            text_is_chatter: true,
            connections: true,
        })],
    },
    Preset {
        name: "istio_json",
        description: "Istio's JSON",
        specification: "https://istio.io/latest/docs/tasks/observability/logs/access-log/",
        example: r#"{"authority":"shop.example","bytes_received":0,"bytes_sent":512,"duration":42,"method":"GET","path":"/cart?id=4","protocol":"HTTP/1.1","response_code":200,"response_flags":"-","route_name":"default","start_time":"2026-11-01T10:00:00.042Z","upstream_cluster":"inbound|8080||","upstream_service_time":"40","user_agent":"curl/8.5.0","x_forwarded_for":null}"#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[Spec::Keys(&Keys {
            fields: ENVOY_KEYS,
            only_if: &[("response_code", ""), ("start_time", ""), ("upstream_cluster", ""), ("route_name", "")],
            text_is_chatter: true,
            connections: true,
        })],
    },
    Preset {
        name: "envoy_json",
        description: "Envoy's JSON with the operators' names in small letters as keys",
        specification: ENVOY_DOCUMENTATION,
        example: r#"{"start_time":"2026-11-01T10:00:00.042Z","method":"GET","path":"/cart?id=4","protocol":"HTTP/1.1","response_code":200,"response_flags":"-","bytes_received":0,"bytes_sent":512,"duration":42,"upstream_service_time":"40","user_agent":"curl/8.5.0","authority":"shop.example"}"#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[
            Spec::Keys(&Keys {
                fields: ENVOY_KEYS,
                only_if: &[("response_code", ""), ("start_time", "")],
                text_is_chatter: true,
                connections: true,
            }),
            // Contour's default, where `@timestamp` is Envoy's `%START_TIME%`.
            Spec::Keys(&Keys {
                fields: ENVOY_KEYS,
                only_if: &[("response_code", ""), ("@timestamp", ""), ("response_flags", "")],
                text_is_chatter: true,
                connections: true,
            }),
        ],
    },
];

const ENVOY_KEYS: &[(&str, &str)] = &[
    ("start_time", "time iso"),
    ("@timestamp", "time iso"),
    ("response_code", "status"),
    ("duration", "latency ms"),
    ("method", "method"),
    ("original_path", "target"),
    ("path", "target"),
    ("x-envoy-origin-path", "target"),
    ("authority", "host"),
    (":authority", "host"),
    ("bytes_sent", "bytes"),
    ("user_agent", "agent"),
    ("user-agent", "agent"),
    ("x_forwarded_for", "client"),
    ("x-forwarded-for", "client"),
    ("downstream_remote_address", "client"),
    ("bytes_received", "size"),
    ("upstream_service_time", "ms"),
    ("x-envoy-upstream-service-time", "ms"),
    ("response_flags", ""),
    ("response_code_details", ""),
    ("protocol", ""),
];
