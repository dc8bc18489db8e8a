//! Content delivery networks and load balancers that write JSON.
//!
//! - Google Cloud (<https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#HttpRequest>): `timestamp` is when the event
//!   of an entry took place. Which end of a request that is, the documentation does not say; it is taken for the start. `latency` is a text in
//!   seconds (`0.042s`) and absent where a cache answered; sizes are texts.
//! - Cloudflare Logpush (<https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/>): `EdgeStartTimestamp` and
//!   `EdgeEndTimestamp` are RFC 3339, or seconds or nanoseconds since 1970, as the job was set up; their difference is `elapsed`, and the latency
//!   where `EdgeTimeToFirstByteMs` is not logged (with timestamps in seconds the difference is of little use).
//!   `OriginResponseDurationMs` is milliseconds, `OriginResponseTime` nanoseconds. Requests of Workers to the origin
//!   (`WorkerSubrequest`) are rows of their own: leave them out with `valid: WorkerSubrequest != "true"`.
//! - Fastly (<https://www.fastly.com/documentation/guides/integrations/logging/>): the keys are the user's; those here are the ones
//!   of the documentation's JSON examples, whose `timestamp` is when the request began, in UTC. Some have `time_elapsed`, which is
//!   `time.elapsed.usec`, microseconds; the older ones call the method `request`.

use crate::format::Clock;
use crate::format::preset::{Keys, Preset, Spec};

/// Fastly's keys, with the name of that of the method.
macro_rules! fastly {
    ($method:literal) => {
        Keys {
            fields: &[
                ("timestamp", "time utc iso"),
                ("response_status", "status"),
                ("time_elapsed", "latency us"),
                ($method, "method"),
                ("url", "target"),
                ("host", "host"),
                ("response_body_size", "bytes"),
                ("request_user_agent", "agent"),
                ("client_ip", "client"),
            ],
            only_if: &[("response_status", ""), ($method, ""), ("url", "")],
            text_is_chatter: true,
            connections: false,
        }
    };
}

pub(super) static PRESETS: &[Preset] = &[
    Preset {
        name: "gcp",
        description: "Google Cloud load balancer, entries of Cloud Logging (their time is taken for the start: it is not documented)",
        specification: "https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#HttpRequest",
        example: r#"{"httpRequest":{"requestMethod":"GET","requestUrl":"https://shop.example/cart?id=4","requestSize":"310","status":200,"responseSize":"812","userAgent":"curl/8.5.0","remoteIp":"192.0.2.7","latency":"0.042s"},"timestamp":"2026-11-01T10:00:00.000042Z","resource":{"type":"http_load_balancer"}}"#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[Spec::Keys(&Keys {
            fields: &[
                ("timestamp", "time iso"),
                ("httpRequest.status", "status"),
                ("httpRequest.latency", "latency written"),
                ("httpRequest.requestMethod", "method"),
                ("httpRequest.requestUrl", "target"),
                ("httpRequest.responseSize", "bytes"),
                ("httpRequest.userAgent", "agent"),
                ("httpRequest.remoteIp", "client"),
                ("httpRequest.requestSize", "size"),
                ("jsonPayload.statusDetails", ""),
            ],
            only_if: &[("httpRequest", "")],
            text_is_chatter: false,
            connections: false,
        })],
    },
    Preset {
        name: "cloudflare",
        description: "Cloudflare Logpush, HTTP requests as NDJSON",
        specification: "https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/",
        example: r#"{"ClientIP":"192.0.2.7","ClientRequestHost":"shop.example","ClientRequestMethod":"GET","ClientRequestURI":"/cart?id=4","EdgeEndTimestamp":1793527200042000000,"EdgeResponseBytes":812,"EdgeResponseStatus":200,"EdgeStartTimestamp":1793527200000000000,"RayID":"4b1f0c2d"}"#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[Spec::Keys(&Keys {
            fields: &[
                ("EdgeStartTimestamp", "time iso or unix"),
                ("EdgeEndTimestamp", "ended iso or unix"),
                ("EdgeResponseStatus", "status"),
                ("ClientRequestMethod", "method"),
                ("ClientRequestURI", "target"),
                ("ClientRequestPath", "target"),
                ("ClientRequestHost", "host"),
                ("EdgeResponseBytes", "bytes"),
                ("ClientRequestUserAgent", "agent"),
                ("ClientIP", "client"),
                ("EdgeTimeToFirstByteMs", "latency ms"),
                ("OriginResponseDurationMs", "ms"),
                ("OriginResponseTime", "ns"),
                ("OriginResponseStatus", "code"),
                ("WorkerSubrequest", ""),
            ],
            only_if: &[("EdgeResponseStatus", ""), ("EdgeStartTimestamp", "")],
            text_is_chatter: false,
            connections: false,
        })],
    },
    Preset {
        name: "fastly",
        description: "Fastly's JSON, with the keys of its documentation",
        specification: "https://www.fastly.com/documentation/guides/integrations/logging/",
        example: r#"{"timestamp":"2026-11-01T10:00:00+0000","client_ip":"192.0.2.7","host":"shop.example","url":"/cart?id=4","request_method":"GET","request_protocol":"HTTP/2","request_user_agent":"curl/8.5.0","response_state":"MISS","response_status":200,"response_body_size":512,"fastly_server":"cache-fra-0","fastly_is_edge":true}"#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[
            Spec::Keys(&fastly!("request_method")),
            // Of the endpoints that its documentation sets up for BigQuery, Cloud Storage and New Relic.
            Spec::Keys(&fastly!("request")),
        ],
    },
];
