//! AWS load balancers.
//!
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>: `time` is when the load balancer
//! sent its response (for a WebSocket, when the connection was closed), `request_creation_time` when it received the request, both ISO 8601 in
//! UTC with microseconds. The three processing times are seconds; each is -1 where the request did not come so far, and then the
//! latency is unknown and `elapsed` (the end less the creation) tells how long it took. Fields were added at the end over the years and will
//! be: "we recommend that you ignore any additional fields at the end of the entry that you were not expecting".
//!
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html>: the classic load balancer's line has neither type nor
//! creation, and the three times have six decimals; a response is begun, and not necessarily sent, at the end of the third.
//! Its time is taken for the end, as that of its successor is. Accounts differ: copies of that page exist by which it is when the request came
//! in; `--window-by` moves it by the latency, where that matters. A TCP listener writes `"- - - "` for the request and `-` for the
//! statuses: such lines are skipped.
//!
//! Samples of other readers of logs have ALB lines without quotes around `domain_name` and `chosen_cert_arn`. No page of AWS that has them so
//! was found; the fields are the same.

use crate::format::Clock;
use crate::format::preset::{Preset, Spec};

const ALB_DOCUMENTATION: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html";
const ELB_DOCUMENTATION: &str = "https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html";

/// The fields of 2016 up to the trace.
macro_rules! alb_begin {
    ($more:expr) => {
        concat!(
            r#"{type} {time: time iso} {elb} {client:port: client} {target:port} {request_processing_time: part s} "#,
            r#"{target_processing_time: part s} {response_processing_time: part s} {elb_status_code: status} "#,
            r#"{target_status_code: code} {received_bytes: size} {sent_bytes: bytes} "{request: request}" "{user_agent: agent}" "#,
            r#"{ssl_cipher} {ssl_protocol} {target_group_arn} "{trace_id}" "#,
            $more
        )
    };
}

/// The fields of 2016.
macro_rules! alb {
    ($($more:expr),* $(,)?) => {
        alb_begin!(concat!(r#""{domain_name}" "{chosen_cert_arn}""# $(, $more)*))
    };
}

/// What was added in 2018: five fields, four of them quoted.
macro_rules! alb_2018 {
    ($($more:expr),* $(,)?) => {
        alb!(
            r#" {matched_rule_priority} {request_creation_time: created iso} "{actions_executed}" "{redirect_url}" "{error_reason}""# $(, $more)*
        )
    };
}

/// What was added in 2019: the target group's tries.
macro_rules! alb_2019 {
    ($($more:expr),* $(,)?) => {
        alb_2018!(r#" "{target:port_list}" "{target_status_code_list}""# $(, $more)*)
    };
}

/// What was added in 2020: what desync mitigation made of the request.
macro_rules! alb_2020 {
    ($($more:expr),* $(,)?) => {
        alb_2019!(r#" "{classification}" "{classification_reason}""# $(, $more)*)
    };
}

/// The classic load balancer's fields of 2014.
macro_rules! elb {
    ($($more:expr),* $(,)?) => {
        concat!(
            r#"{timestamp: time iso} {elb} {client:port: client} {backend:port} {request_processing_time: part s} "#,
            r#"{backend_processing_time: part s} {response_processing_time: part s} {elb_status_code: status} "#,
            r#"{backend_status_code: code} {received_bytes: size} {sent_bytes: bytes} "{request: request or connection}""# $(, $more)*
        )
    };
}

pub(super) static PRESETS: &[Preset] = &[
    Preset {
        name: "alb",
        description: "AWS Application Load Balancer, of every age (20 to 33 fields, and whatever comes behind them)",
        specification: ALB_DOCUMENTATION,
        example: r#"h2 2026-11-01T10:00:00.042137Z app/shop/5a6b7c8d9e0f1a2b 192.0.2.7:40112 10.0.0.3:8080 0.001 0.040 0.001 200 200 310 812 "GET https://shop.example:443/cart?id=4 HTTP/2.0" "curl/8.5.0" TLS_AES_128_GCM_SHA256 TLSv1.3 arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/1a2b3c4d5e6f7a8b "Root=1-69059a00-0a1b2c3d4e5f60718293a4b5" "shop.example" "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d" 7 2026-11-01T10:00:00.000000Z "forward" "-" "-" "10.0.0.3:8080" "200" "-" "-" TID_0a1b2c3d4e5f6071 "-" "-" "-""#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[
            Spec::Line(alb_2020!(r#" {conn_trace_id} "{transformed_host}" "{transformed_uri}" "{request_transform_status}""#)),
            Spec::Line(alb_2020!(" {conn_trace_id}")),
            Spec::Line(alb_2020!()),
            Spec::Line(alb_2019!()),
            Spec::Line(alb_2018!()),
            Spec::Line(alb!()),
            Spec::Line(alb_begin!("{domain_name} {chosen_cert_arn}")),
            Spec::LineAndMore(alb_2020!()),
            Spec::LineAndMore(alb_2018!()),
            Spec::LineAndMore(alb!()),
        ],
    },
    Preset {
        name: "elb",
        description: "AWS Classic Load Balancer, with or without user agent and TLS",
        specification: ELB_DOCUMENTATION,
        example: r#"2026-11-01T10:00:00.042137Z shop 192.0.2.7:40112 10.0.0.3:8080 0.000041 0.040112 0.000037 200 200 0 812 "GET http://shop.example:80/cart?id=4 HTTP/1.1" "curl/8.5.0" - -"#,
        clock: Clock::End,
        detects_as: None,
        layouts: &[
            Spec::Line(elb!(r#" "{user_agent: agent}" {ssl_cipher} {ssl_protocol}"#)),
            Spec::Line(elb!()),
            Spec::LineAndMore(elb!()),
        ],
    },
];

#[cfg(test)]
mod tests {
    use crate::format::detect::arrange;
    use crate::format::extract::Extractor;
    use crate::format::preset::Preset;
    use crate::record::{Field, Kind, Need, Outcome, Skip, Slot};

    /// Status, latency and elapsed in milliseconds, as they are read with the layout that fits the line first.
    fn read(name: &str, line: &str) -> (usize, [Option<i64>; 3]) {
        let format = arrange(Preset::named(name).unwrap().family().unwrap(), &[line.as_bytes()]).unwrap();
        let need = |field: Field| Need { kind: field.kind().unwrap(), field };
        let needs: Vec<Need> = [Field::Status, Field::Latency].into_iter().map(need).collect();
        let needs = match format.resolve(&Field::Elapsed) {
            Some(_) => [needs, vec![Need { field: Field::Elapsed, kind: Kind::Duration }]].concat(),
            None => needs,
        };
        let extractor = Extractor::bind(&format, &needs, None).unwrap();
        let mut reader = extractor.reader("");
        assert_eq!(extractor.read(line.as_bytes(), &mut reader), Outcome::Event, "{line}");
        let record = reader.record(line.as_bytes());
        let value = |i: usize| match record.slots.get(i) {
            Some(Slot::Int(n)) => Some(if i == 0 { *n } else { n / 1_000_000 }),
            _ => None,
        };
        (format.names().len(), [value(0), value(1), value(2)])
    }

    /// Whatever number of fields a line has, or words stand behind them.
    #[test]
    fn alb_lines_of_any_age_are_detected() {
        let example = Preset::named("alb").unwrap().example;
        let ends =
            example.match_indices(' ').map(|(at, _)| at).filter(|&at| example[..at].matches('"').count().is_multiple_of(2));
        let ends: Vec<usize> = ends.chain([example.len()]).collect();
        let detector = crate::format::detect::Detector::new(crate::format::preset::candidates().unwrap(), None).unwrap();
        for &end in &ends[19..] {
            for more in ["", " x", " \"x\"", " \"x y\" 7 \"z\""] {
                let line = example[..end].to_owned() + more;
                let found = detector.find(&[line.as_bytes(); 3]).unwrap_or_else(|error| panic!("{line}: {error}"));
                assert_eq!((&*found.format.name, found.events), ("alb", 3), "{line}");
            }
        }
    }

    const HEAD: &str = "https 2026-11-01T10:00:05.500000Z app/shop/5a6b 192.0.2.7:40112";

    /// The fields behind the client, up to the certificate.
    fn line(target_and_times: &str, status: u16, request: &str, tail: &str) -> String {
        format!(
            r#"{HEAD} {target_and_times} {status} - 120 90 "{request}" "curl/8.5.0" - - arn:aws:tg/1 "Root=1-6905" "-" "-"{tail}"#
        )
    }

    #[test]
    fn every_age_has_its_layout() {
        let times = "10.0.0.3:80 0.001 0.250 0.000";
        let creation = r#" 0 2026-11-01T10:00:05.000000Z "waf,forward" "-" "-""#;
        let tries = r#" "10.0.0.3:80" "200" "-" "-""#;
        for (tail, fields, elapsed) in [
            (String::new(), 18 + 2, None),
            (creation.to_owned(), 25, Some(500)),
            (format!("{creation}{}", tries.trim_end_matches(r#" "-" "-""#)), 27, Some(500)),
            (format!("{creation}{tries}"), 29, Some(500)),
            (format!("{creation}{tries} TID_5f"), 30, Some(500)),
            (format!("{creation}{tries} TID_5f \"m.example\" \"-\" \"TransformSuccess\""), 33, Some(500)),
        ] {
            let line = line(times, 200, "GET https://shop.example:443/a HTTP/1.1", &tail);
            assert_eq!(read("alb", &line), (fields, [Some(200), Some(251), elapsed]), "{line}");
        }
        // What is added in years to come is not read.
        let line = line(times, 200, "GET / HTTP/1.1", &format!("{creation}{tries} TID_5f \"-\" \"-\" \"-\" \"new\" 7"));
        assert_eq!(read("alb", &line).1, [Some(200), Some(251), Some(500)]);
    }

    #[test]
    fn names_without_quotes_are_read() {
        let detector = crate::format::detect::Detector::new(crate::format::preset::candidates().unwrap(), None).unwrap();
        let times = "10.0.0.3:80 0.001 0.250 0.000";
        let quoted = line(times, 200, "GET https://shop.example:443/a HTTP/1.1", "");
        for names in ["- -", "shop.example arn:aws:acm:eu-west-1:111122223333:certificate/0a1b"] {
            let line = quoted.replace(r#""-" "-""#, names);
            assert_eq!(read("alb", &line).1, [Some(200), Some(251), None], "{line}");
            assert_eq!(detector.find(&[line.as_bytes()]).unwrap().format.name, "alb", "{line}");
        }
    }

    #[test]
    fn lines_are_read_in_batches() {
        for layout in Preset::named("alb").unwrap().formats().unwrap().iter().take(6) {
            let extractor = Extractor::bind(layout, &[], None).unwrap();
            assert!(extractor.marks_per_line(&extractor.reader("")).is_some());
        }
    }

    #[test]
    fn a_missing_phase_makes_the_latency_unknown_and_elapsed_tells() {
        let creation = r#" 0 2026-11-01T10:00:00.000000Z "forward" "-" "-" "-" "-" "-" "-""#;
        for (times, status, request) in [
            ("10.0.0.3:80 -1 -1 -1", 460, "GET http://shop.example:80/ HTTP/1.1"),
            ("10.0.0.3:80 0.001 -1 -1", 504, "GET http://shop.example:80/%%32%65 HTTP/1.1"),
            ("- -1 -1 -1", 400, "- http://shop.example:80- -"),
            ("- -1 -1 -1", 400, "- - -"),
        ] {
            let (_, values) = read("alb", &line(times, status, request, creation));
            assert_eq!(values, [Some(i64::from(status)), None, Some(5_500)]);
        }
    }

    #[test]
    fn the_classic_load_balancer_has_microseconds() {
        let line = r#"2026-11-01T10:00:05.500000Z shop [2001:db8::7]:40112 - 0.000031 0.009511 0.000999 503 - 0 0 "GET http://shop.example:80/ HTTP/1.1""#;
        assert_eq!(read("elb", line).1, [Some(503), Some(10), None]);
        assert_eq!(read("elb", &format!("{line} \"curl/8.5.0\" - -")).1, [Some(503), Some(10), None]);
        assert_eq!(read("elb", &line.replace("503", "-")).1, [None, Some(10), None]);
    }

    #[test]
    fn connections_of_a_tcp_listener_are_skipped() {
        let format = Preset::named("elb").unwrap().family().unwrap();
        let extractor = Extractor::bind(&format, &[], None).unwrap();
        let mut reader = extractor.reader("");
        let mut outcome = |line: &str| extractor.read(line.as_bytes(), &mut reader);
        let head = "2026-11-01T10:00:05.500000Z shop 192.0.2.7:40112 10.0.0.3:80 0.001069 0.000028 0.000041";
        for tail in ["", r#" "-" - -"#, r#" "-" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2"#, r#" "-" - - "more""#] {
            assert_eq!(outcome(&format!(r#"{head} - - 82 305 "- - - "{tail}"#)), Outcome::Skipped(Skip::Chatter), "{tail}");
            // A request that could not be read had an answer.
            assert_eq!(outcome(&format!(r#"{head} 400 0 0 0 "- - - "{tail}"#)), Outcome::Event, "{tail}");
            assert_eq!(
                outcome(&format!(r#"{head} - - 0 0 "GET http://shop.example:80/ HTTP/1.1"{tail}"#)),
                Outcome::Event,
                "{tail}"
            );
        }
    }
}
