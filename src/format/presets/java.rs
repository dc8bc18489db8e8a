//! Servers of Java applications, whose lines others write too: they are named, and detected as what they look like.
//!
//! - Tomcat (<https://tomcat.apache.org/tomcat-10.1-doc/config/valve.html#Access_Log_Valve>): `common` is its default. Its `%D` is milliseconds up
//!   to 9 and microseconds from 10.1 on, `%T` seconds, `%F` milliseconds: declare what you log.
//! - Jetty (<https://jetty.org/docs/jetty/12/operations-guide/server/index.html>): the NCSA log; with LogLatency a number of milliseconds stands
//!   behind it, after one blank or two.

use crate::format::Clock;
use crate::format::preset::{Preset, Spec};

const JETTY: &str = r#"{client: client} {ident} {user: free} [{time: time clf}] "{request: request}" {status: status} {bytes: bytes} "{referer}" "{user_agent: agent}""#;

pub(super) static PRESETS: &[Preset] = &[
    Preset {
        name: "tomcat",
        description: "Tomcat's default (detected as `common`, which it is), or its `combined`",
        specification: "https://tomcat.apache.org/tomcat-10.1-doc/config/valve.html#Access_Log_Valve",
        example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET /cart HTTP/1.1" 200 512"#,
        clock: Clock::Start,
        detects_as: Some("common"),
        layouts: &[
            Spec::Line(
                r#"{client: client} {ident} {user: free} [{time: time clf}] "{request: request}" {status: status} {bytes: bytes}"#,
            ),
            Spec::Line(JETTY),
        ],
    },
    Preset {
        name: "jetty",
        description: "Jetty's NCSA log (detected as `combined`), perhaps with its latency in ms",
        specification: "https://jetty.org/docs/jetty/12/operations-guide/server/index.html",
        example: r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET /cart HTTP/1.1" 200 512 "-" "curl/8.5.0""#,
        clock: Clock::Start,
        detects_as: Some("combined"),
        layouts: &[
            Spec::Line(JETTY),
            Spec::Line(
                r#"{client: client} {ident} {user: free} [{time: time clf}] "{request: request}" {status: status} {bytes: bytes} "{referer}" "{user_agent: agent}" {latency: padded latency ms}"#,
            ),
        ],
    },
];
