//! What frameworks and servers of applications write by themselves.
//!
//! - Rack, and with it Puma and Sinatra (`Rack::CommonLogger`, <https://github.com/rack/rack/blob/main/lib/rack/common_logger.rb>): `common` and the
//!   seconds that the request took, with four decimals; the line is written when the body has been sent.
//! - Gin (`gin.LoggerWithConfig`, <https://github.com/gin-gonic/gin/blob/master/logger.go>): the time is local and without a zone, the latency has its
//!   unit behind it, and the columns are filled up with blanks (in
//!   the first releases the path had no quotes; such a layout would read what is cut off of today's, with the quote in the path).
//! - aiohttp (<https://docs.aiohttp.org/en/stable/logging.html>): `%a %t "%r" %s %b "%{Referer}i" "%{User-Agent}i"`, where `%t` is when
//!   the request was started to be processed.
//! - Django's development server (`django/core/servers/basehttp.py`): a local time, the request line, the status and the length.
//! - PHP-FPM (`access.format` of <https://www.php.net/manual/en/install.fpm.configuration.php>, which the image of Docker has in its log): the target
//!   is without its query, and `%t` is when the request came.
//! - actix-web (`middleware::Logger`, <https://docs.rs/actix-web/latest/actix_web/middleware/struct.Logger.html>) behind the header of `env_logger`, or
//!   of `tracing-subscriber`: `%T` is seconds with six decimals; the time is that of writing the line.
//! - pino-http (<https://github.com/pinojs/pino-http>) and Fastify: `time` is milliseconds since 1970 (text, with `stdTimeFunctions.isoTime`), when the
//!   line is written, `responseTime` milliseconds. An object without the status of a response is no request; Fastify has the method and the
//!   path in another one, that of the request coming in.
//! - Hypercorn (<https://hypercorn.readthedocs.io/en/latest/how_to_guides/logging.html>): combined behind the header of its logger; a protocol is a bare
//!   version (`GET / 2`).

use crate::format::Clock;
use crate::format::preset::{Keys, Preset, Spec};

pub(super) static PRESETS: &[Preset] = &[
    Preset {
        name: "rack",
        description: "Rack's CommonLogger (Puma, Sinatra): common and the seconds it took",
        specification: "https://github.com/rack/rack/blob/main/lib/rack/common_logger.rb",
        example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET /cart?id=4 HTTP/1.1" 200 512 0.0421"#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[Spec::Line(
            r#"{client: client} - {user: free} [{time: time clf}] "{request: request}" {status: status} {length: bytes} {took: places 4 latency s}"#,
        )],
    },
    Preset {
        name: "gin",
        description: "Gin's default, with a local time",
        specification: "https://github.com/gin-gonic/gin/blob/master/logger.go",
        example: r#"[GIN] 2026/11/01 - 10:00:00 | 200 |   42.137521ms |       192.0.2.7 | GET      "/cart?id=4""#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[
            Spec::Line(
                r#"[GIN] {time: time %Y/%m/%d - %H:%M:%S} | {status: status} | {latency: padded latency written} | {client: padded client} | {method: method} {padding: free}"{path: target}""#,
            ),
            // In colours, for a terminal.
            Spec::Line(
                "[GIN] {time: time %Y/%m/%d - %H:%M:%S} |\x1b[{style}m {status: status} \x1b[0m| {latency: padded latency written} | {client: padded client} |\x1b[{method_style}m {method: method} {padding: free}\x1b[0m \"{path: target}\"",
            ),
        ],
    },
    Preset {
        name: "aiohttp",
        description: "aiohttp's default",
        specification: "https://docs.aiohttp.org/en/stable/logging.html",
        example: r#"192.0.2.7 [01/Nov/2026:10:00:00 +0000] "GET /cart?id=4 HTTP/1.1" 200 681 "-" "curl/8.5.0""#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[Spec::Line(
            r#"{%a: client} [{%t: time clf}] "{%r: request}" {%s: status} {%b: bytes} "{referer}" "{user_agent: agent}""#,
        )],
    },
    Preset {
        name: "django",
        description: "Django's development server, with a local time",
        specification: "https://docs.djangoproject.com/en/stable/ref/django-admin/#runserver",
        example: r#"[01/Nov/2026 10:00:00] "GET /cart?id=4 HTTP/1.1" 200 3050"#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[Spec::Line(r#"[{time: time %d/%b/%Y %H:%M:%S}] "{request: request}" {status: status} {length: bytes}"#)],
    },
    Preset {
        name: "php_fpm",
        description: "PHP-FPM's default access log",
        specification: "https://www.php.net/manual/en/install.fpm.configuration.php",
        example: r#"192.0.2.7 -  01/Nov/2026:10:00:00 +0000 "GET /index.php" 200"#,
        clock: Clock::Start,
        detects_as: None,
        layouts: &[Spec::Line(r#"{%R: client} - {%u: free} {%t: time clf} "{%m: method} {%r: target}" {%s: status}"#)],
    },
    Preset {
        name: "actix",
        description: "actix-web's default, behind the header of env_logger",
        specification: "https://docs.rs/actix-web/latest/actix_web/middleware/struct.Logger.html",
        example: r#"[2026-11-01T10:00:00Z INFO  actix_web::middleware::logger] 192.0.2.7 "GET /cart?id=4 HTTP/1.1" 200 88 "-" "curl/8.5.0" 0.042137"#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[
            Spec::Line(
                r#"[{time: time iso} INFO  actix_web::middleware::logger] {%a: client} "{%r: request}" {%s: status} {%b: bytes} "{referer}" "{user_agent: agent}" {%T: places 6 latency s}"#,
            ),
            Spec::Line(
                r#"{time: time iso}  INFO actix_web::middleware::logger: {%a: client} "{%r: request}" {%s: status} {%b: bytes} "{referer}" "{user_agent: agent}" {%T: places 6 latency s}"#,
            ),
        ],
    },
    Preset {
        name: "pino",
        description: "pino-http (Express and others) and Fastify",
        specification: "https://github.com/pinojs/pino-http",
        example: r#"{"level":30,"time":1793527200042,"pid":7,"hostname":"web","req":{"id":3,"method":"GET","url":"/cart?id=4","headers":{"host":"shop.example","user-agent":"curl/8.5.0"},"remoteAddress":"192.0.2.7","remotePort":40112},"res":{"statusCode":200,"headers":{"content-length":"512"}},"responseTime":42,"msg":"request completed"}"#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[Spec::Keys(&Keys {
            fields: &[
                ("time", "time ms"),
                ("time", "time iso"),
                ("res.statusCode", "status"),
                ("responseTime", "latency ms"),
                ("req.method", "method"),
                ("req.url", "target"),
                ("req.headers.host", "host"),
                ("req.host", "host"),
                ("res.headers.content-length", "bytes"),
                ("req.headers.user-agent", "agent"),
                ("req.remoteAddress", "client"),
            ],
            only_if: &[("time", ""), ("res.statusCode", "")],
            text_is_chatter: false,
            connections: false,
        })],
    },
    Preset {
        name: "hypercorn",
        description: "Hypercorn's default, behind the header of its logger",
        specification: "https://hypercorn.readthedocs.io/en/latest/how_to_guides/logging.html",
        example: r#"[2026-11-01 10:00:00 +0000] [7] [INFO] 192.0.2.7:40112 - - [01/Nov/2026:10:00:00 +0000] "GET /cart?id=4 2" 200 98 "-" "curl/8.5.0""#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[Spec::Line(
            r#"[{logged}] [{pid: number}] [INFO] {client: client} - - [{time: time clf}] "{method: method} {path: target} {protocol}" {status: status} {length: bytes} "{referer}" "{user_agent: agent}""#,
        )],
    },
];
