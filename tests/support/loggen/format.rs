//! The formats that can be written, and how each writes a record.

use super::clock::Clock;
use super::record::{Malformed, Record};

/// How lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Common Log Format.
    Common,
    /// nginx and Apache `combined`.
    Combined,
    /// `combined` and `$request_time`.
    CombinedTimed,
    /// `combined`, `$request_time`, the list of upstream tries' times between quotes, and `$host`.
    CombinedUpstream,
    /// Apache `vhost_combined`.
    VhostCombined,
    /// The `main` format of nginx packages.
    NginxMain,
    /// ingress-nginx, with lists of upstream tries.
    IngressNginx,
    /// Apache `combined` and `%D`.
    ApacheTimed,
    /// nginx variables between tabs.
    Tabbed,
    /// nginx variables between pipes, in an order of their own.
    Piped,
    /// nginx variables with the latency and the status first.
    LatencyFirst,
    /// `combined`, and behind it more variables with their names, until there are forty.
    Forty,
    /// nginx with `escape=json`: the same keys in the same order, all values strings.
    NginxJson,
    /// A JSON writer without an order: keys come in any order, with nested objects between them; numbers are numbers.
    ShuffledJson,
    /// Caddy's JSON.
    Caddy,
    /// Traefik's JSON.
    Traefik,
}

/// The format string of [`Format::CombinedTimed`], in nginx's words.
const COMBINED_TIMED: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time"#;
/// The format string of [`Format::CombinedUpstream`], in nginx's words.
const COMBINED_UPSTREAM: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time "$upstream_response_time" $host"#;
/// The format string of [`Format::ApacheTimed`].
const APACHE_TIMED: &str = r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D"#;
/// The format string of [`Format::Tabbed`], in nginx's words; the tabs are tabs.
const TABBED: &str = "$time_iso8601\t$remote_addr\t$host\t$request_method\t$request_uri\t$status\t$body_bytes_sent\t$request_time\t$http_user_agent";
/// The format string of [`Format::Piped`], in nginx's words.
const PIPED: &str =
    "$host|$request_time|$status|$request_method|$request_uri|$time_iso8601|$remote_addr|$body_bytes_sent|$http_user_agent";
/// The format string of [`Format::LatencyFirst`], in nginx's words.
const LATENCY_FIRST: &str =
    r#"$request_time $status [$time_local] $remote_addr "$request" $body_bytes_sent "$http_referer" "$http_user_agent""#;
/// The format string of nginx's `combined`.
const COMBINED: &str =
    r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;

/// What [`Format::Forty`] writes behind `combined` and ` rt=$request_time`: variables, and what they hold on every line. The second
/// half stands between quotes.
const MORE: [(&str, &str); 31] = [
    ("request_length", "612"),
    ("bytes_sent", "5120"),
    ("connection", "81723"),
    ("connection_requests", "4"),
    ("pid", "31"),
    ("server_port", "443"),
    ("remote_port", "50122"),
    ("scheme", "https"),
    ("server_protocol", "HTTP/2.0"),
    ("request_completion", "OK"),
    ("pipe", "."),
    ("gzip_ratio", "3.71"),
    ("tcpinfo_rtt", "24711"),
    ("tcpinfo_rttvar", "1840"),
    ("tcpinfo_snd_cwnd", "10"),
    ("upstream_status", "200"),
    ("upstream_cache_status", "MISS"),
    ("upstream_addr", "10.8.0.2:8080"),
    ("upstream_connect_time", "0.001"),
    ("upstream_header_time", "0.020"),
    ("upstream_response_time", "0.021, 0.030"),
    ("upstream_response_length", "4711"),
    ("http_host", "shop.example"),
    ("server_name", "shop.example"),
    ("http_x_forwarded_for", "198.18.7.7, 198.18.9.9"),
    ("http_accept_language", "de-DE,de;q=0.9"),
    ("sent_http_content_type", "text/html; charset=utf-8"),
    ("ssl_protocol", "TLSv1.3"),
    ("ssl_cipher", "TLS_AES_256_GCM_SHA384"),
    ("geoip2_country_code", "-"),
    ("request_id", "5f1c9b3e7a2d4860"),
];

/// The quote around the variable of this number in [`MORE`], if it has one.
fn quote_of_more(i: usize) -> &'static str {
    if i < MORE.len() / 2 { "" } else { "\"" }
}

impl Format {
    /// What reads it: a format string in the server's words, or the name of a format that slix knows.
    pub fn read_as(self) -> String {
        match self {
            Format::Common => "common",
            Format::Combined => "combined",
            Format::CombinedTimed => COMBINED_TIMED,
            Format::CombinedUpstream => COMBINED_UPSTREAM,
            Format::VhostCombined => "vhost_combined",
            Format::NginxMain => "nginx_main",
            Format::IngressNginx => "ingress-nginx",
            Format::ApacheTimed => APACHE_TIMED,
            Format::Tabbed => TABBED,
            Format::Piped => PIPED,
            Format::LatencyFirst => LATENCY_FIRST,
            Format::Forty => return forty(),
            Format::NginxJson | Format::ShuffledJson => "nginx_json",
            Format::Caddy => "caddy",
            Format::Traefik => "traefik",
        }
        .to_owned()
    }

    /// Every format with its name on the command line.
    pub const ALL: [(&'static str, Format); 16] = [
        ("common", Format::Common),
        ("combined", Format::Combined),
        ("combined_timed", Format::CombinedTimed),
        ("combined_upstream", Format::CombinedUpstream),
        ("vhost_combined", Format::VhostCombined),
        ("main", Format::NginxMain),
        ("ingress-nginx", Format::IngressNginx),
        ("apache_timed", Format::ApacheTimed),
        ("tabbed", Format::Tabbed),
        ("piped", Format::Piped),
        ("latency_first", Format::LatencyFirst),
        ("forty", Format::Forty),
        ("nginx-json", Format::NginxJson),
        ("shuffled-json", Format::ShuffledJson),
        ("caddy", Format::Caddy),
        ("traefik", Format::Traefik),
    ];

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Format> {
        Format::ALL.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// The unit in which latencies are written, in microseconds; 0 when none is.
    pub(super) fn latency_unit_us(self) -> u64 {
        match self {
            Format::Common | Format::Combined | Format::VhostCombined | Format::NginxMain => 0,
            Format::ApacheTimed | Format::Caddy | Format::Traefik => 1,
            _ => 1000,
        }
    }

    /// Whether the server logs requests that it cannot read. Go's servers answer them before anything is logged.
    pub(super) fn logs_malformed_requests(self) -> bool {
        !matches!(self, Format::Caddy | Format::Traefik)
    }

    /// A text with characters that must be escaped, as the format does it.
    pub(super) fn escapes(self) -> &'static str {
        match self {
            Format::NginxJson | Format::ShuffledJson | Format::Caddy | Format::Traefik => r#"\"\\\u00e9"#,
            _ if self.is_apache() => r#"\"\\\xc3\xa9"#,
            _ => r"\x22\x5C\xC3\xA9",
        }
    }

    fn is_apache(self) -> bool {
        matches!(self, Format::Common | Format::VhostCombined | Format::ApacheTimed)
    }
}

/// Writes one record without its line end.
pub(super) fn write(out: &mut Vec<u8>, format: Format, clock: &mut Clock, record: &Record) {
    match format {
        Format::Common => write_common(out, format, clock, record),
        Format::Combined => write_combined(out, format, clock, record),
        Format::CombinedTimed => {
            write_combined(out, format, clock, record);
            text(out, " ");
            latency_or_dash(out, record);
        }
        Format::CombinedUpstream => {
            write_combined(out, format, clock, record);
            text(out, " ");
            latency_or_dash(out, record);
            text(out, " \"");
            write_try_times(out, record);
            text(out, "\" ");
            write_host(out, record);
        }
        Format::VhostCombined => {
            write_host(out, record);
            text(out, ":443 ");
            write_combined(out, format, clock, record);
        }
        Format::NginxMain => {
            write_combined(out, format, clock, record);
            text(out, " \"-\"");
        }
        Format::IngressNginx => write_ingress(out, format, clock, record),
        Format::ApacheTimed => {
            write_combined(out, format, clock, record);
            text(out, " ");
            match record.latency_us {
                Some(us) => number(out, us),
                None => text(out, "-"),
            }
        }
        Format::Tabbed => write_tabbed(out, format, clock, record),
        Format::Piped => write_piped(out, format, clock, record),
        Format::LatencyFirst => write_latency_first(out, format, clock, record),
        Format::Forty => {
            write_combined(out, format, clock, record);
            text(out, " rt=");
            latency_or_dash(out, record);
            write_more(out);
        }
        Format::NginxJson => write_nginx_json(out, clock, record),
        Format::ShuffledJson => write_shuffled_json(out, clock, record),
        Format::Caddy => write_caddy(out, record),
        Format::Traefik => write_traefik(out, clock, record),
    }
}

fn write_common(out: &mut Vec<u8>, format: Format, clock: &mut Clock, record: &Record) {
    write_addr(out, record);
    text(out, " - - ");
    write_clf_time(out, clock, record);
    text(out, " ");
    write_quoted_request(out, format, record);
    text(out, " ");
    write_status(out, format, record);
    text(out, " ");
    number(out, record.bytes);
}

fn write_clf_time(out: &mut Vec<u8>, clock: &mut Clock, record: &Record) {
    text(out, "[");
    if record.dated {
        out.extend_from_slice(clock.clf(record.time_us.div_euclid(1_000_000)))
    } else {
        text(out, "-")
    }
    text(out, "]");
}

fn write_quoted_request(out: &mut Vec<u8>, format: Format, record: &Record) {
    text(out, "\"");
    match record.malformed {
        None => write_request(out, record),
        Some(Malformed::Tls) if format.is_apache() => text(out, r"\x16\x03\x01\x02\xa2\x01\xfc\x03\x03"),
        Some(Malformed::Tls) => text(out, r"\x16\x03\x01\x02\xA2\x01\xFC\x03\x03"),
        Some(Malformed::Dash) => text(out, "-"),
        Some(Malformed::Word) => text(out, "HELP"),
    }
    text(out, "\"");
}

fn write_combined(out: &mut Vec<u8>, format: Format, clock: &mut Clock, record: &Record) {
    write_common(out, format, clock, record);
    text(out, " ");
    write_quoted_referer_and_agent(out, format, record);
}

fn write_quoted_referer_and_agent(out: &mut Vec<u8>, format: Format, record: &Record) {
    text(out, "\"");
    match record.bytes.is_multiple_of(3) {
        true => text(out, "-"),
        false => {
            text(out, "https://shop.example/start");
            text(out, record.escapes);
        }
    }
    text(out, "\" \"");
    write_agent(out, record);
    if record.escaped {
        text(out, if format.is_apache() { r#" \"quo\\ted\" \xc3\xa9"# } else { r" \x22quo\x5Cted\x22 \xC3\xA9" });
    }
    text(out, "\"");
}

fn write_agent(out: &mut Vec<u8>, record: &Record) {
    text(out, record.agent);
    out.extend(b" (long)".iter().cycle().take(record.agent_bytes as usize));
}

/// As `combined`, but that the variables have their names before them.
fn write_more(out: &mut Vec<u8>) {
    for (i, (name, value)) in MORE.iter().enumerate() {
        [" ", name, "=", quote_of_more(i), value, quote_of_more(i)].iter().for_each(|part| text(out, part));
    }
}

/// The format string of [`Format::Forty`], in nginx's words.
fn forty() -> String {
    let more = |(i, (name, _)): (usize, &(&str, &str))| format!(" {name}={0}${name}{0}", quote_of_more(i));
    let more = MORE.iter().enumerate().map(more).collect::<String>();
    format!("{COMBINED} rt=$request_time{more}")
}

fn write_ingress(out: &mut Vec<u8>, format: Format, clock: &mut Clock, record: &Record) {
    write_combined(out, format, clock, record);
    text(out, " ");
    number(out, 300 + record.id % 700);
    text(out, " ");
    latency_or_dash(out, record);
    text(out, " [shop-web-8080] [] ");
    write_tries(out, record, |out, i| {
        text(out, "10.8.0.");
        number(out, 2 + i);
        text(out, ":8080");
    });
    text(out, " ");
    write_tries(out, record, |out, i| number(out, if i + 1 == record.tries { record.bytes } else { 0 }));
    text(out, " ");
    write_try_times(out, record);
    text(out, " ");
    write_tries(out, record, |out, i| if i + 1 == record.tries { write_status(out, format, record) } else { text(out, "502") });
    text(out, " ");
    hex(out, record.id);
}

/// A try that was refused at once has `-` for its time now and then.
fn write_try_times(out: &mut Vec<u8>, record: &Record) {
    write_tries(out, record, |out, i| match (i + 1 == record.tries, record.id % 5) {
        (true, _) => latency_or_dash(out, record),
        (false, 0) => text(out, "-"),
        (false, n) => seconds(out, n * 1000),
    });
}

/// A list over the tries of a request; ` : ` stands before a try that an internal redirect caused.
fn write_tries(out: &mut Vec<u8>, record: &Record, element: impl Fn(&mut Vec<u8>, u64)) {
    for i in 0..record.tries {
        if i > 0 {
            text(out, if record.id.is_multiple_of(3) { " : " } else { ", " });
        }
        element(out, i);
    }
}

fn write_tabbed(out: &mut Vec<u8>, format: Format, clock: &mut Clock, record: &Record) {
    write_iso(out, clock, record);
    text(out, "\t");
    write_addr(out, record);
    text(out, "\t");
    write_host(out, record);
    text(out, "\t");
    write_method(out, record);
    text(out, "\t");
    write_target(out, record);
    text(out, "\t");
    write_status(out, format, record);
    text(out, "\t");
    number(out, record.bytes);
    text(out, "\t");
    latency_or_dash(out, record);
    text(out, "\t");
    write_agent_text(out, record);
}

/// Without quotes around it.
fn write_agent_text(out: &mut Vec<u8>, record: &Record) {
    write_agent(out, record);
    if record.escaped {
        text(out, r" \x22quo\x5Cted\x22");
    }
}

fn write_piped(out: &mut Vec<u8>, format: Format, clock: &mut Clock, record: &Record) {
    write_host(out, record);
    text(out, "|");
    latency_or_dash(out, record);
    text(out, "|");
    write_status(out, format, record);
    text(out, "|");
    write_method(out, record);
    text(out, "|");
    write_target(out, record);
    text(out, "|");
    write_iso(out, clock, record);
    text(out, "|");
    write_addr(out, record);
    text(out, "|");
    number(out, record.bytes);
    text(out, "|");
    write_agent_text(out, record);
}

fn write_latency_first(out: &mut Vec<u8>, format: Format, clock: &mut Clock, record: &Record) {
    latency_or_dash(out, record);
    text(out, " ");
    write_status(out, format, record);
    text(out, " ");
    write_clf_time(out, clock, record);
    text(out, " ");
    write_addr(out, record);
    text(out, " ");
    write_quoted_request(out, format, record);
    text(out, " ");
    number(out, record.bytes);
    text(out, " ");
    write_quoted_referer_and_agent(out, format, record);
}

/// Writes `"key":` behind a comma unless it is the first.
fn key(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'{') {
        text(out, ",");
    }
    text(out, "\"");
    text(out, name);
    text(out, "\":");
}

fn quoted(out: &mut Vec<u8>, value: impl FnOnce(&mut Vec<u8>)) {
    text(out, "\"");
    value(out);
    text(out, "\"");
}

fn write_nginx_json(out: &mut Vec<u8>, clock: &mut Clock, record: &Record) {
    text(out, "{");
    for i in 0..9 {
        write_nginx_key(out, clock, record, i, true);
    }
    text(out, "}");
}

/// The keys of [`write_nginx_json`] from any of them on, round about, with others between.
fn write_shuffled_json(out: &mut Vec<u8>, clock: &mut Clock, record: &Record) {
    text(out, "{");
    // 5 is coprime to 9: each key comes once, and neighbours change with the step.
    let step = if record.id.is_multiple_of(2) { 5 } else { 1 };
    for i in 0..9 {
        if i == record.id % 7 {
            key(out, "extra");
            text(out, r#"{"status":"inner","tags":["a","b}",{"request_time":9.5}],"note":"a \"quoted\" {brace}"}"#);
        }
        write_nginx_key(out, clock, record, (record.id + i * step) % 9, false);
    }
    text(out, "}");
}

fn write_nginx_key(out: &mut Vec<u8>, clock: &mut Clock, record: &Record, which: u64, strings: bool) {
    let value = |out: &mut Vec<u8>, write: &dyn Fn(&mut Vec<u8>)| if strings { quoted(out, write) } else { write(out) };
    const NAMES: [&str; 9] = [
        "time",
        "remote_addr",
        "host",
        "request_method",
        "request_uri",
        "status",
        "body_bytes_sent",
        "request_time",
        "http_user_agent",
    ];
    key(out, NAMES[which as usize]);
    match which {
        0 => quoted(out, |out| write_iso(out, clock, record)),
        1 => quoted(out, |out| write_addr(out, record)),
        2 => quoted(out, |out| write_host(out, record)),
        3 => quoted(out, |out| write_method(out, record)),
        4 => quoted(out, |out| write_target(out, record)),
        5 if strings && record.status == 0 => text(out, "\"000\""),
        5 => value(out, &|out| number(out, record.status.into())),
        6 => value(out, &|out| number(out, record.bytes)),
        7 if record.latency_us.is_none() => text(out, if strings { "\"-\"" } else { "null" }),
        7 => value(out, &|out| latency_or_dash(out, record)),
        _ => quoted(out, |out| write_agent_json(out, record)),
    }
}

fn write_agent_json(out: &mut Vec<u8>, record: &Record) {
    write_agent(out, record);
    if record.escaped {
        text(out, r#" \"quo\\ted\" \u00e9 é"#);
    }
}

fn write_caddy(out: &mut Vec<u8>, record: &Record) {
    text(out, if (1..400).contains(&record.status) { r#"{"level":"info""# } else { r#"{"level":"error""# });
    key(out, "ts");
    if record.dated {
        decimal(out, record.time_us.unsigned_abs(), 1_000_000, 6)
    } else {
        text(out, "null")
    }
    text(out, r#","logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":""#);
    write_addr(out, record);
    text(out, r#"","remote_port":"41234","proto":"HTTP/2.0","method":""#);
    write_method(out, record);
    text(out, r#"","host":""#);
    write_host(out, record);
    text(out, r#"","uri":""#);
    write_target(out, record);
    text(out, r#"","headers":{"User-Agent":[""#);
    write_agent_json(out, record);
    text(out, r#""]}},"user_id":"""#);
    if let Some(us) = record.latency_us {
        key(out, "duration");
        decimal(out, us, 1_000_000, 6);
    }
    key(out, "size");
    number(out, record.bytes);
    key(out, "status");
    number(out, record.status.into());
    text(out, r#","resp_headers":{"Server":["Caddy"]}}"#);
}

/// `StartUTC` is the event's time. `time`, when the line was written, is later by the latency.
fn write_traefik(out: &mut Vec<u8>, clock: &mut Clock, record: &Record) {
    text(out, r#"{"ClientHost":""#);
    write_addr(out, record);
    text(out, r#"","DownstreamContentSize":"#);
    number(out, record.bytes);
    key(out, "DownstreamStatus");
    number(out, record.status.into());
    if let Some(us) = record.latency_us {
        key(out, "Duration");
        number(out, us * 1000);
    }
    key(out, "RequestHost");
    quoted(out, |out| write_host(out, record));
    key(out, "RequestMethod");
    quoted(out, |out| write_method(out, record));
    key(out, "RequestPath");
    quoted(out, |out| write_target(out, record));
    text(out, r#","RouterName":"web-to-shop@docker","ServiceName":"shop@docker""#);
    if record.dated {
        text(out, r#","StartUTC":""#);
        write_utc(out, clock, record.time_us.div_euclid(1_000_000));
        text(out, ".");
        padded(out, record.time_us.rem_euclid(1_000_000) as u64, 6);
        text(out, "000Z\"");
    }
    text(out, r#","level":"info","msg":"""#);
    if record.dated {
        text(out, r#","time":""#);
        write_utc(out, clock, (record.time_us + record.latency_us.unwrap_or(0) as i64).div_euclid(1_000_000));
        text(out, "Z\"");
    }
    text(out, "}");
}

/// Date and time without an offset. Traefik's clock is made for UTC.
fn write_utc(out: &mut Vec<u8>, clock: &mut Clock, second: i64) {
    out.extend_from_slice(&clock.iso(second)[..19]);
}

fn write_iso(out: &mut Vec<u8>, clock: &mut Clock, record: &Record) {
    if record.dated { out.extend_from_slice(clock.iso(record.time_us.div_euclid(1_000_000))) } else { text(out, "-") }
}

fn write_request(out: &mut Vec<u8>, record: &Record) {
    text(out, record.method);
    text(out, " ");
    write_target(out, record);
    text(out, " HTTP/1.1");
}

fn write_method(out: &mut Vec<u8>, record: &Record) {
    text(out, if record.malformed.is_some() { "-" } else { record.method });
}

/// Path and query.
fn write_target(out: &mut Vec<u8>, record: &Record) {
    if record.malformed.is_some() {
        return text(out, "-");
    }
    let (before, after) = PATHS[record.class];
    text(out, before);
    if record.class != SEARCH && record.class != CHECKOUT {
        number(out, record.path);
    }
    text(out, after);
    if record.class == SEARCH {
        text(out, "?q=item%20");
        number(out, record.path);
    }
    if !record.escapes.is_empty() {
        text(out, if record.class == SEARCH { "&note=" } else { "?note=" });
        text(out, record.escapes);
    }
}

const SEARCH: usize = 2;
const CHECKOUT: usize = 3;

/// What stands around the number in the paths of each of [`super::truth::CLASSES`].
const PATHS: [(&str, &str); super::truth::CLASSES.len()] = [
    ("/api/orders/", ""),
    ("/api/users/", "/cart"),
    ("/search", ""),
    ("/checkout", ""),
    ("/static/js/app.", ".js"),
    ("/page-", ".html"),
];

fn write_status(out: &mut Vec<u8>, format: Format, record: &Record) {
    match record.status {
        0 if format.is_apache() => text(out, "-"),
        0 => text(out, "000"),
        status => number(out, status.into()),
    }
}

fn write_host(out: &mut Vec<u8>, record: &Record) {
    text(out, "shop");
    number(out, record.host);
    text(out, ".example");
}

/// An address of the benchmark range 198.18.0.0/15 (RFC 2544): nobody's.
fn write_addr(out: &mut Vec<u8>, record: &Record) {
    text(out, "198.18.");
    number(out, record.client >> 8 & 0xff);
    text(out, ".");
    number(out, record.client & 0xff);
}

fn latency_or_dash(out: &mut Vec<u8>, record: &Record) {
    match record.latency_us {
        Some(us) => seconds(out, us),
        None => text(out, "-"),
    }
}

/// Seconds with three decimals.
fn seconds(out: &mut Vec<u8>, us: u64) {
    decimal(out, us / 1000, 1000, 3);
}

fn decimal(out: &mut Vec<u8>, value: u64, unit: u64, digits: usize) {
    number(out, value / unit);
    text(out, ".");
    padded(out, value % unit, digits);
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn number(out: &mut Vec<u8>, value: u64) {
    padded(out, value, 1);
}

fn padded(out: &mut Vec<u8>, mut value: u64, digits_min: usize) {
    let mut digits = [b'0'; 20];
    let mut from = digits.len();
    while value > 0 {
        from -= 1;
        digits[from] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&digits[from.min(digits.len() - digits_min)..]);
}

fn hex(out: &mut Vec<u8>, id: u64) {
    let spread = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    out.extend((0..16).map(|i| b"0123456789abcdef"[(spread >> (4 * i) & 15) as usize]));
}
