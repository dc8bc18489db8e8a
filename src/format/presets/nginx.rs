//! nginx and the ingress controller that is built on it.
//!
//! <https://nginx.org/en/docs/http/ngx_http_log_module.html> and
//! <https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/log-format/>. GitLab's package (`nginx['log_format']` of `gitlab.rb`)
//! has `$gzip_ratio` behind `combined`, which nginx writes with two decimals. `$request_time` is seconds with a resolution of
//! milliseconds, from the first bytes of the client to the line, which is written behind the last bytes to it.

use crate::format::preset::{Preset, Spec, key, only_if};
use crate::format::template::plain;
use crate::format::{Clock, JsonMap, Keyed, Meaning, TimeText, Unit, nginx};
use crate::record::Kind;

pub(super) static PRESETS: &[Preset] = &[
    Preset {
        name: "nginx_main",
        description: "nginx's `main` of the packages and images: combined and X-Forwarded-For",
        specification: "https://nginx.org/en/docs/http/ngx_http_log_module.html",
        example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 512 "-" "curl/8.5.0" "198.51.100.4, 192.0.2.9""#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[Spec::Nginx(
            r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for""#,
            &[],
        )],
    },
    Preset {
        name: "gitlab_nginx",
        description: "GitLab's nginx: combined and the ratio of compression",
        specification: "https://docs.gitlab.com/omnibus/settings/nginx/",
        example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET /shop/cart HTTP/2.0" 200 512 "-" "curl/8.5.0" 2.95"#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[Spec::Line(
            r#"{$remote_addr: client} - {$remote_user: free} [{$time_local: time clf}] "{$request: request}" {$status: status} {$body_bytes_sent: bytes} "{$http_referer}" "{$http_user_agent: agent}" {$gzip_ratio: places 2 number}"#,
        )],
    },
    Preset {
        name: "nginx_proxy",
        description: "nginx-proxy's default (nginxproxy/nginx-proxy): the virtual host, combined, and who answered",
        specification: "https://github.com/nginx-proxy/nginx-proxy/tree/main/docs",
        example: r#"shop.example 192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/2.0" 200 512 "-" "curl/8.5.0" "172.18.0.3:80""#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[Spec::Nginx(
            r#"$host $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$upstream_addr""#,
            &[],
        )],
    },
    Preset {
        name: "ingress-nginx",
        description: "ingress-nginx (`upstreaminfo`), today's layout and those of 2018 and 2019",
        specification: "https://nginx.org/en/docs/http/ngx_http_log_module.html",
        example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET /api HTTP/2.0" 200 512 "-" "curl/8.5.0" 310 0.042 [shop-web-80] [] 10.0.0.3:8080 512 0.041 200 4b1f0c"#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[
            Spec::Nginx(
                r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id"#,
                &[],
            ),
            Spec::Nginx(
                r#"$remote_addr - [$the_real_ip] - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id"#,
                &[],
            ),
            // Up to 2018 without, then with the request's id at the end.
            Spec::NginxAndMore(
                r#"$remote_addr - [$the_real_ip] - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status"#,
            ),
        ],
    },
    Preset {
        name: "nginx_json",
        description: "JSON written by nginx, with its variables' names (or usual short ones) as keys",
        specification: "https://nginx.org/en/docs/http/ngx_http_log_module.html",
        example: r#"{"time":"2026-11-01T10:00:00+00:00","method":"GET","uri":"/cart","status":"200","request_time":"0.042","body_bytes_sent":"512"}"#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[Spec::Json(nginx_json)],
    },
];

/// The keys that configurations of nginx use: its variables' names, and short ones whose meaning their value shows (a time
/// as text tells its form; a number without three decimals needs the name `msec`). `request_time` is nginx's variable and thus seconds; any other
/// name that looks like a latency has no known unit and is none, unless it ends in one.
fn nginx_json() -> JsonMap {
    let one = |meaning: Meaning, keys: &[&str]| keys.iter().map(|k| key(&[k], meaning.clone())).collect::<Vec<_>>();
    let mut fields = [
        one(Meaning::Time(TimeText::Epoch(Unit::Seconds)), &["msec"]),
        one(Meaning::Time(TimeText::Iso8601), &["time_iso8601"]),
        // Its text tells which of the three it is (the third is `$msec`), also where the name says another one.
        one(Meaning::Time(TimeText::ClfOrIso8601), &["time_local", "time", "timestamp", "@timestamp", "date", "datetime"]),
        one(Meaning::Status, &["status"]),
        one(Meaning::Latency(Unit::Seconds), &["request_time"]),
        // Names that end in their unit.
        one(Meaning::Latency(Unit::Millis), &["request_time_ms", "duration_ms", "latency_ms", "response_time_ms", "elapsed_ms"]),
        one(Meaning::Latency(Unit::Micros), &["duration_us", "latency_us"]),
        one(Meaning::Latency(Unit::Seconds), &["duration_s", "duration_seconds"]),
        // Values that do. Echo (<https://echo.labstack.com/docs/middleware/logger>) has nanoseconds as a bare number beside them.
        one(Meaning::Latency(Unit::Written), &["latency_human", "latency", "response_time", "elapsed", "duration", "took"]),
        one(Meaning::Method, &["request_method", "method"]),
        // The request as it came is preferred to keys that may hold the decoded or rewritten one.
        one(Meaning::Target, &["request_uri"]),
        one(Meaning::Request, &["request"]),
        one(Meaning::Target, &["uri", "url", "path"]),
        one(Meaning::Query, &["args", "query_string", "query"]),
        one(Meaning::Host, &["host", "http_host", "server_name"]),
        one(
            Meaning::Bytes,
            &["body_bytes_sent", "bytes_sent", "body_bytes", "bytes", "size", "length", "written_bytes", "bytes_out"],
        ),
        one(Meaning::UserAgent, &["http_user_agent", "user_agent", "ua", "agent"]),
        one(Meaning::RemoteAddr, &["remote_addr", "remote_ip", "client_ip", "clientip", "client", "ip"]),
    ]
    .concat();
    for (name, _, meaning) in nginx::variables().filter(|(_, _, m)| plain(m) == *m) {
        fields.push(key(&[name], meaning.clone()));
    }
    JsonMap {
        fields,
        only_if: only_if("status", ""),
        others: Kind::Text,
        text_is_chatter: false,
        connections: false,
        keyed: Keyed::Json,
    }
}
