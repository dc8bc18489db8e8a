//! Squid's native log.
//!
//! <https://www.squid-cache.org/Doc/config/logformat/>, `squid`: `%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt`. The time is
//! seconds since 1970 at the end of the transaction, `%tr` milliseconds padded to six columns. The status is `000` where nothing was sent. Of a
//! tunnel (`CONNECT`) the time is as long as the tunnel was open.
//!
//! `common` and `combined` are built in too: those of Apache with `%Ss:%Sh` behind, a result (`TCP_MISS`, `NONE_NONE`) and how the request was
//! forwarded; `%tl` is when the line was written, and there is no latency. Quotes and backslashes in a user agent stand there as they came.

use crate::format::Clock;
use crate::format::preset::{Preset, Spec};

/// The line up to the server.
macro_rules! squid {
    ($($more:expr),*) => {
        concat!(
            "{time: time s} {elapsed_ms: padded latency ms} {client: client} {result}/{status: status} {bytes: bytes} {method: method} ",
            "{url: target} {user} {hierarchy}/{server} {content_type}"
            $(, $more)*
        )
    };
}

/// One of Apache's formats with this before the referer or the result, and how the result begins.
macro_rules! ncsa {
    ($more:literal, $result:literal) => {
        concat!(
            r#"{client: client} {ident} {user: free} [{time: time clf}] "{request: request}" {status: status} {bytes: bytes}"#,
            $more,
            $result,
            "{result}:{hierarchy}"
        )
    };
}

const COMBINED_TCP: &str = ncsa!(r#" "{referer}" "{user_agent: agent}""#, " TCP_");
const COMBINED_NONE: &str = ncsa!(r#" "{referer}" "{user_agent: agent}""#, " NONE_");
const COMMON_TCP: &str = ncsa!("", " TCP_");
const COMMON_NONE: &str = ncsa!("", " NONE_");

pub(super) static PRESETS: &[Preset] = &[Preset {
    name: "squid",
    description: "Squid's native log, and its `common` and `combined`",
    specification: "https://www.squid-cache.org/Doc/config/logformat/",
    example: "1793527200.042     42 192.0.2.7 TCP_MISS/200 812 GET http://shop.example/cart? - HIER_DIRECT/198.51.100.9 text/html",
    clock: Clock::End,
    detects_as: None,
    layouts: &[
        Spec::Line(squid!()),
        Spec::Line(
            "{time: time s} {elapsed_ms: padded latency ms} {client: client} {result}/{status: status} {bytes: bytes} {method: method} {url: target} {user} {hierarchy} {content_type}",
        ),
        Spec::RawLine(COMBINED_TCP),
        Spec::RawLine(COMBINED_NONE),
        Spec::Line(COMMON_TCP),
        Spec::Line(COMMON_NONE),
    ],
}];
