//! API gateways.
//!
//! Kong (<https://developer.konghq.com/plugins/file-log/>, and the other logging plugins, which write the same object): `started_at` is when the
//! request began to be processed, in milliseconds since 1970 (`kong/pdk/log.lua`: nginx's start of the request times 1,000); the latencies are milliseconds, `request` from the first byte of the client to the last
//! one to it, `proxy` that of the service behind, -1 where none was asked, `kong` that of the plugins. Entries of streams (TCP, TLS, UDP)
//! have a `session` instead of a request, and are skipped. The nginx that Kong is built on writes a log of its own, `combined` with the request's id
//! (`kong/templates/nginx_kong.lua`, `proxy_access_log`), and so does that of APISIX (`access_log_format` of `conf/config.yaml`): times are those of writing it.
//!
//! Amazon API Gateway (<https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html>): the keys are the
//! user's, those here are the documentation's; `$context.requestTime` is when the request came, `$context.responseLatency` is milliseconds.
//! Those of WebSocket APIs have an event (`CONNECT`, `MESSAGE`) and a route instead of a method and a path.
//!
//! Cloud Foundry's gorouter (<https://docs.cloudfoundry.org/devguide/deploy-apps/streaming-logs.html#rtr>, and its `access_log_record.go`): the time is when the
//! request was received, `response_time` seconds from then to the end of the response; the first number behind the status is that of the bytes
//! received. `"-"` in quotes stands for a status and for a time that there was none of. Operators add pairs at the end.
//!
//! oauth2-proxy (<https://oauth2-proxy.github.io/oauth2-proxy/configuration/overview#request-log-format>, `defaultRequestLoggingFormat`): the time is when the
//! request came, the last number seconds with three decimals. Releases of the last years have the request's id behind the client. Most write the time
//! as Go's logger does, local and without a zone; that of the documentation is the Common Log Format's.

use crate::format::Clock;
use crate::format::preset::{Keys, Preset, Spec};

pub(super) static PRESETS: &[Preset] = &[KONG, KONG_PROXY, APISIX, API_GATEWAY, GOROUTER, OAUTH2_PROXY];

/// A line of oauth2-proxy, with what stands between the client and the user, and how its time is written.
macro_rules! oauth2_proxy {
    ($id:literal, $time:literal) => {
        Spec::Line(concat!(
            "{client: client} - ",
            $id,
            "{user: free} [{time: time ",
            $time,
            r#"}] {host: host} {method: method} {upstream} "{uri: target}" {protocol} "{user_agent: agent}" "#,
            "{status: status} {size: bytes} {took: places 3 latency s}"
        ))
    };
}

const OAUTH2_PROXY: Preset = Preset {
    name: "oauth2_proxy",
    description: "oauth2-proxy's default request log, with a local time",
    specification: "https://oauth2-proxy.github.io/oauth2-proxy/configuration/overview#request-log-format",
    example: r#"192.0.2.7 - 4b1f0c2d - ada@shop.example [2026/11/01 10:00:00] shop.example GET http://10.0.0.3:8080 "/cart?id=4" HTTP/1.1 "curl/8.5.0" 200 512 0.042"#,
    clock: Clock::Start,
    detects_as: None,
    layouts: &[
        oauth2_proxy!("{request_id} - ", "%Y/%m/%d %H:%M:%S"),
        oauth2_proxy!("", "%Y/%m/%d %H:%M:%S"),
        oauth2_proxy!("{request_id} - ", "clf"),
        oauth2_proxy!("", "clf"),
    ],
};

const API_GATEWAY_KEYS: &[(&str, &str)] = &[
    ("requestTime", "time clf"),
    ("status", "status"),
    ("responseLatency", "latency ms"),
    ("httpMethod", "method"),
    ("path", "target"),
    ("resourcePath", "target"),
    ("domainName", "host"),
    ("responseLength", "bytes"),
    ("userAgent", "agent"),
    ("ip", "client"),
    ("sourceIp", "client"),
    ("integrationLatency", "ms"),
    ("routeKey", ""),
    ("eventType", ""),
    ("connectionId", ""),
];

const API_GATEWAY: Preset = Preset {
    name: "api_gateway",
    description: "Amazon API Gateway's access log, as its documentation has it in JSON and as CLF",
    specification: "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html",
    example: r#"{"requestId":"4b1f0c2d","ip":"192.0.2.7","caller":"-","user":"-","requestTime":"01/Nov/2026:10:00:00 +0000","httpMethod":"GET","resourcePath":"/cart","status":"200","protocol":"HTTP/1.1","responseLength":"512"}"#,
    clock: Clock::Start,
    detects_as: None,
    layouts: &[
        Spec::Keys(&Keys {
            fields: API_GATEWAY_KEYS,
            only_if: &[("requestTime", ""), ("status", ""), ("httpMethod", "")],
            text_is_chatter: false,
            connections: false,
        }),
        Spec::Keys(&Keys {
            fields: API_GATEWAY_KEYS,
            only_if: &[("requestTime", ""), ("status", ""), ("eventType", ""), ("routeKey", "")],
            text_is_chatter: false,
            connections: false,
        }),
        Spec::Line(
            r#"{ip: client} {caller} {user} [{requestTime: time clf}]"{httpMethod: method} {resourcePath: target} {protocol}" {status: status} {responseLength: bytes} {requestId}"#,
        ),
    ],
};

/// A line of gorouter, with how its status and its response time are written.
macro_rules! gorouter {
    ($status:literal, $taken:literal) => {
        concat!(
            r#"{host: host} - [{start: time iso}] "{request: request}" "#,
            $status,
            r#" {bytes_received: size} {bytes_sent: bytes} "{referer}" "{user_agent: agent}" "{remote_addr: client}" "{backend_addr}" "#,
            r#"x_forwarded_for:"{x_forwarded_for}" x_forwarded_proto:"{x_forwarded_proto}" vcap_request_id:"{vcap_request_id}" response_time:"#,
            $taken
        )
    };
}

const GOROUTER: Preset = Preset {
    name: "gorouter",
    description: "Cloud Foundry's gorouter, whatever pairs stand at the end",
    specification: "https://docs.cloudfoundry.org/devguide/deploy-apps/streaming-logs.html",
    example: r#"shop.example - [2026-11-01T10:00:00.042137Z] "GET /cart?id=4 HTTP/1.1" 200 0 512 "-" "curl/8.5.0" "192.0.2.7:40112" "10.0.0.3:61022" x_forwarded_for:"192.0.2.7" x_forwarded_proto:"https" vcap_request_id:"4b1f0c2d" response_time:0.042137 gorouter_time:0.000137 app_id:"5f2d1c0b" app_index:"0" x_cf_routererror:"-""#,
    clock: Clock::Start,
    detects_as: None,
    layouts: &[
        Spec::LineAndMore(gorouter!("{status: status}", "{response_time: latency s}")),
        Spec::LineAndMore(gorouter!(r#""{status: status}""#, "{response_time: latency s}")),
        Spec::LineAndMore(gorouter!(r#""{status: status}""#, r#""{response_time: latency s}""#)),
    ],
};

const KONG_PROXY: Preset = Preset {
    name: "kong_proxy",
    description: "Kong Gateway's proxy access log: combined and the request's id",
    specification: "https://developer.konghq.com/gateway/logs/",
    example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET /cart?id=4 HTTP/1.1" 200 512 "-" "curl/8.5.0" kong_request_id: "4b1f0c""#,
    clock: Clock::End,
    detects_as: None,
    layouts: &[Spec::Nginx(
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" kong_request_id: "$kong_request_id""#,
        &[],
    )],
};

const APISIX: Preset = Preset {
    name: "apisix",
    description: "Apache APISIX's default access log",
    specification: "https://apisix.apache.org/docs/apisix/reference/configuration/",
    example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] shop.example "GET /cart?id=4 HTTP/1.1" 200 512 0.042 "-" "curl/8.5.0" 10.0.0.3:8080 200 0.041 "http://shop.example:8080/cart""#,
    clock: Clock::End,
    detects_as: None,
    layouts: &[Spec::Nginx(
        r#"$remote_addr - $remote_user [$time_local] $http_host "$request" $status $body_bytes_sent $request_time "$http_referer" "$http_user_agent" $upstream_addr $upstream_status $upstream_response_time "$upstream_scheme://$upstream_url""#,
        &[],
    )],
};

const KONG: Preset = Preset {
    name: "kong",
    description: "Kong Gateway's JSON, as its logging plugins write it (file-log, http-log, …)",
    specification: "https://developer.konghq.com/plugins/file-log/",
    example: r#"{"client_ip":"192.0.2.7","started_at":1793527200042,"latencies":{"request":42,"kong":2,"proxy":39,"receive":1},"request":{"method":"GET","uri":"/cart?id=4","url":"https://shop.example:8443/cart?id=4","size":310,"headers":{"host":"shop.example","user-agent":"curl/8.5.0"}},"response":{"status":200,"size":812,"headers":{"content-type":"text/html"}},"route":{"name":"web"},"service":{"name":"shop"},"upstream_status":"200"}"#,
    clock: Clock::Start,
    detects_as: None,
    layouts: &[Spec::Keys(&Keys {
        fields: &[
            ("started_at", "time ms"),
            ("response.status", "status"),
            ("latencies.request", "latency ms"),
            ("request.method", "method"),
            ("request.uri", "target"),
            ("request.url", "target"),
            ("request.headers.host", "host"),
            ("response.size", "bytes"),
            ("request.headers.user-agent", "agent"),
            ("client_ip", "client"),
            ("latencies.proxy", "ms"),
            ("latencies.kong", "ms"),
            ("request.size", "size"),
            ("upstream_status", "code"),
        ],
        only_if: &[("started_at", ""), ("latencies.request", ""), ("request.uri", "")],
        text_is_chatter: true,
        connections: false,
    })],
};
