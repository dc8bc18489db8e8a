//! Servers with a line or two of their own.
//!
//! - lighttpd (<https://redmine.lighttpd.net/projects/lighttpd/wiki/Mod_accesslog>): the default is combined with the virtual host in second place,
//!   so that it is detected as `combined`; the time is that of writing the line.
//! - varnishncsa (<https://varnish-cache.org/docs/trunk/reference/varnishncsa.html>): combined, whose `%t` is "time when the request was
//!   received" (of clients; with `-b`, when it was sent to the backend), and whose request has the whole URL.
//! - nginx Proxy Manager (<https://nginxproxymanager.com/advanced-config/>; the strings are in its `docker/rootfs/etc/nginx/conf.d/include/log.conf`):
//!   `proxy` of proxied hosts, and `standard` of redirections, of hosts that are gone and of the default site. Both are written by nginx.
//! - InfluxDB 1 (<https://docs.influxdata.com/influxdb/v1/administration/logs/#http-access-log-format>): combined, the request's id and the microseconds that
//!   it took; the time is when it came (`services/httpd/response_logger.go`).

use crate::format::Clock;
use crate::format::preset::{Preset, Spec};

/// A line of nginx Proxy Manager, with what stands before its dash and before the user agent.
macro_rules! npm {
    ($status:literal, $server:literal) => {
        concat!(
            "[{time: time clf}] ",
            $status,
            r#" - {method: method} {scheme} {host: host} "{uri: target}" [Client {client: client}] "#,
            "[Length {length: bytes}] [Gzip {gzip}]",
            $server,
            r#" "{user_agent: agent}" "{referer}""#
        )
    };
}

pub(super) static PRESETS: &[Preset] = &[
    Preset {
        name: "lighttpd",
        description: "lighttpd's default (detected as `combined`), with the virtual host in second place",
        specification: "https://redmine.lighttpd.net/projects/lighttpd/wiki/Mod_accesslog",
        example: r#"192.0.2.7 shop.example - [01/Nov/2026:10:00:00 +0000] "GET /cart HTTP/1.1" 200 512 "-" "curl/8.5.0""#,
        clock: Clock::End,
        detects_as: Some("combined"),
        layouts: &[Spec::Line(
            r#"{%h: client} {%V: host} {%u: free} [{%t: time clf}] "{%r: request}" {%>s: status} {%b: bytes} "{referer}" "{user_agent: agent}""#,
        )],
    },
    Preset {
        name: "varnishncsa",
        description: "varnishncsa's default (detected as `combined`), with whole URLs",
        specification: "https://varnish-cache.org/docs/trunk/reference/varnishncsa.html",
        example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET http://shop.example/cart HTTP/1.1" 200 512 "-" "curl/8.5.0""#,
        clock: Clock::Start,
        detects_as: Some("combined"),
        layouts: &[Spec::Line(
            r#"{client: client} {ident} {user: free} [{time: time clf}] "{request: request}" {status: status} {bytes: bytes} "{referer}" "{user_agent: agent}""#,
        )],
    },
    Preset {
        name: "nginx_proxy_manager",
        description: "nginx Proxy Manager's `proxy` and `standard`",
        specification: "https://nginxproxymanager.com/advanced-config/",
        example: r#"[01/Nov/2026:10:00:00 +0000] HIT 200 200 - GET https shop.example "/cart?id=4" [Client 192.0.2.7] [Length 512] [Gzip 2.10] [Sent-to 10.0.0.3] "curl/8.5.0" "-""#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[
            Spec::Line(npm!("{cache_status} {upstream_status: code} {status: status}", " [Sent-to {server}]")),
            Spec::Line(npm!("{status: status}", "")),
        ],
    },
    Preset {
        name: "influxdb",
        description: "InfluxDB 1's access log",
        specification: "https://docs.influxdata.com/influxdb/v1/administration/logs/#http-access-log-format",
        example: r#"[httpd] 192.0.2.7 - ada [01/Nov/2026:10:00:00 +0000] "POST /write?db=shop HTTP/1.1" 204 0 "-" "telegraf/1.30" 4b1f0c2d-0000-11ee-8001-000000000000 42137"#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[Spec::Line(
            r#"[httpd] {client: client} - {user: free} [{time: time clf}] "{request: request}" {status: status} {size: bytes} "{referer}" "{user_agent: agent}" {request_id} {took: latency us}"#,
        )],
    },
];
