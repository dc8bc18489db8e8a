//! HAProxy's HTTP log.
//!
//! <https://docs.haproxy.org/3.0/configuration.html#8.2.3> (`option httplog`) and 8.2.4 (`option httpslog`): the date is that of the
//! request, local and without a zone, in milliseconds. The timers TR/Tw/Tc/Tr/Ta are milliseconds; each is -1 where the request did not come
//! so far. Ta is the time of the request without keep-alive idle time and TLS handshake. Up to 1.6 the first and the last were Tq and Tt. Under
//! `option logasap` a `+` before Ta and the bytes says that they were not final. Captured headers stand in braces, the status is -1 where
//! nothing was answered, the request `<BADREQ>` where none came. Quotes in the request are written `#22`. A line is cut at the length of
//! the log target, 1,024 bytes unless set, and then lacks its closing quote.

use crate::format::Clock;
use crate::format::preset::{Preset, Spec};

/// A line up to its queues; what stands before Ta and before the bytes is given, and before the timers.
macro_rules! http {
    ($ahead:literal, $($more:expr),*) => { http!($ahead, $ahead; ""; $($more),*) };
    ($ahead:literal, $of_bytes:literal; $host:literal; $($more:expr),*) => {
        concat!(
            "{client: client} [{accept_date: time %d/%b/%Y:%H:%M:%S.%3f}] {frontend} {backend}/{server} ",
            $host, "{TR: ms}/{Tw: ms}/{Tc: ms}/{Tr: ms}/",
            $ahead, "{Ta: latency ms} {status: status} ", $of_bytes, "{bytes_read: bytes} {req_cookie} {res_cookie} {termination_state} ",
            "{actconn: number}/{feconn: number}/{beconn: number}/{srv_conn: number}/{retries} {srv_queue: number}/{backend_queue: number}"
            $(, $more)*
        )
    };
}

pub(super) static PRESETS: &[Preset] = &[Preset {
    name: "haproxy",
    description: "HAProxy's HTTP log (`option httplog`, `option httpslog`), with or without captured headers",
    specification: "https://docs.haproxy.org/3.0/configuration.html#8.2.3",
    example: r#"192.0.2.7:40112 [01/Nov/2026:10:00:00.042] web~ shop/app2 0/0/1/40/42 200 512 - - ---- 3/3/1/1/0 0/0 {shop.example|curl} {} "GET /cart HTTP/1.1""#,
    clock: Clock::Start,
    detects_as: None,
    layouts: &[
        Spec::Line(http!("", r#" "{http_request: request}""#)),
        Spec::Line(http!("", r#" {{{captured: free} "{http_request: request}""#)),
        Spec::Line(http!("+", r#" "{http_request: request}""#)),
        Spec::Line(http!("+", r#" {{{captured: free} "{http_request: request}""#)),
        // With another count of bytes in a log-format of one's own, which has no sign (`%U`).
        Spec::Line(http!("+", ""; ""; r#" "{http_request: request}""#)),
        Spec::Line(http!("+", ""; ""; r#" {{{captured: free} "{http_request: request}""#)),
        Spec::LineAndMore(http!("", r#" "{http_request: request}""#)),
        Spec::LineAndMore(http!("", r#" {{{captured: free} "{http_request: request}""#)),
        // With the host before the timers, as many have put it into a log-format of their own.
        Spec::Line(http!("", ""; "{host: host} "; r#" "{http_request: request}""#)),
        // Cut off.
        Spec::Line(http!("", r#" "{http_request: request}"#)),
        Spec::Line(http!("", r#" {{{captured: free} "{http_request: request}"#)),
    ],
}];

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use crate::format::detect::arrange;
    use crate::format::extract::Extractor;
    use crate::format::preset::Preset;
    use crate::record::{Field, Need, Outcome, Value};

    /// Method and path of each line, as they are read with the layout that fits the lines.
    fn read(lines: &[&str]) -> Vec<String> {
        let bytes: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        let format = arrange(Preset::named("haproxy").unwrap().family().unwrap(), &bytes).unwrap();
        let needs = [Field::Method, Field::Path].map(|field| Need { kind: field.kind().unwrap(), field });
        let extractor = Extractor::bind(&format, &needs, Some(&TimeZone::UTC)).unwrap();
        let mut reader = extractor.reader("");
        let mut texts = |line: &&[u8]| {
            assert_eq!(extractor.read(line, &mut reader), Outcome::Event, "{}", String::from_utf8_lossy(line));
            let record = reader.record(line);
            let text = |i| match record.get(i) {
                Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
                _ => "-".to_owned(),
            };
            format!("{} {}", text(0), text(1))
        };
        bytes.iter().map(&mut texts).collect()
    }

    #[test]
    fn captured_headers_requests_that_were_none_and_lines_cut_off_stand_side_by_side() {
        const HEAD: &str = "192.0.2.7:40112 [01/Nov/2026:10:00:00.042] web";
        let plain = format!(r#"{HEAD} shop/app1 0/0/1/40/42 200 512 - - ---- 3/3/1/1/0 0/0 "GET /cart HTTP/1.1""#);
        let captured = plain.replace("0/0 \"", "0/0 {shop.example|} {} \"");
        let none = format!(r#"{HEAD} web/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 3/3/0/0/0 0/0 "<BADREQ>""#);
        let cut = plain.replace("cart HTTP/1.1\"", "cart/a/long/na");
        let cut_captured = captured.replace("cart HTTP/1.1\"", "cart/a/long/na");
        let lines = [&*plain, &*captured, &*none, &*cut, &*cut_captured];
        let want = ["GET /cart", "GET /cart", "- -", "GET /cart/a/long/na", "GET /cart/a/long/na"];
        for some in [&[0, 2][..], &[1, 2], &[0, 3], &[1, 4], &[2, 3], &[0, 1, 2, 3, 4]] {
            let (lines, want): (Vec<_>, Vec<_>) = some.iter().map(|&i| (lines[i], want[i])).unzip();
            assert_eq!(read(&lines), want);
        }
    }
}
