//! Apache httpd, and everything that writes its `common` and `combined`.
//!
//! <https://httpd.apache.org/docs/2.4/mod/mod_log_config.html>: `%t` is the time the request was received. nginx's `combined`
//! (<https://nginx.org/en/docs/http/ngx_http_log_module.html>) is the same line, whose time is that of writing it.

use crate::format::Clock;
use crate::format::preset::{Preset, Spec};

pub(super) static PRESETS: &[Preset] = &[
    Preset {
        name: "combined",
        description: "Combined Log Format: nginx's default, Apache's `combined`",
        specification: "https://httpd.apache.org/docs/2.4/mod/mod_log_config.html",
        example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET /cart?id=4 HTTP/1.1" 200 512 "https://shop.example/" "curl/8.5.0""#,
        // nginx writes the end of a request and Apache its start; the line does not tell which. The format has
        // no latency, so nothing depends on it but this word.
        clock: Clock::End,
        detects_as: None,
        layouts: &[Spec::Apache(r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#)],
    },
    Preset {
        name: "combinedio",
        description: "Apache's `combinedio` of httpd.conf: combined and the bytes received and sent",
        specification: "https://httpd.apache.org/docs/2.4/mod/mod_logio.html",
        example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET /cart?id=4 HTTP/1.1" 200 512 "-" "curl/8.5.0" 310 812"#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[Spec::Line(
            r#"{%h: client} {%l} {%u: free} [{%t: time clf}] "{%r: request}" {%>s: status} {%b: bytes} "{referer}" "{user_agent: agent}" {%I: places 0 size} {%O: places 0 size}"#,
        )],
    },
    Preset {
        name: "common",
        description: "Common Log Format: Apache's `common`",
        specification: "https://httpd.apache.org/docs/2.4/mod/mod_log_config.html",
        example: r#"192.0.2.7 - ada [01/Nov/2026:10:00:00 +0000] "GET /cart HTTP/1.1" 200 512"#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[Spec::Apache(r#"%h %l %u %t "%r" %>s %b"#)],
    },
    Preset {
        name: "vhost_combined",
        description: "Apache's combined behind the virtual host, with or without its port",
        specification: "https://httpd.apache.org/docs/2.4/mod/mod_log_config.html",
        example: r#"shop.example:443 192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 512 "-" "curl/8.5.0""#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[
            Spec::Apache(r#"%v:%p %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#),
            Spec::Apache(r#"%v %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#),
        ],
    },
    Preset {
        name: "vhost_common",
        description: "Apache's common behind the virtual host, with or without its port",
        specification: "https://httpd.apache.org/docs/2.4/mod/mod_log_config.html",
        example: r#"shop.example:443 192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 512"#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[Spec::Apache(r#"%v:%p %h %l %u %t "%r" %>s %b"#), Spec::Apache(r#"%v %h %l %u %t "%r" %>s %b"#)],
    },
    Preset {
        name: "combined_quoted",
        description: "combined with each whole line in one more pair of quotes (exports of tables)",
        specification: "https://httpd.apache.org/docs/2.4/mod/mod_log_config.html",
        example: r#""192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 512 "-" "curl/8.5.0"""#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[Spec::Apache(r#""%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"""#)],
    },
];
