//! Amazon CloudFront.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html>: tab-separated, date and time are UTC at
//! the end of the request, `time-taken` and `time-to-first-byte` are seconds, `sc-status` is `000` where the viewer left first. Values are
//! URL-encoded. The first lines are `#Version` and `#Fields`; the layouts here are those of the legacy log, with its 33 columns and the fewer ones of
//! earlier years, which need no header. A log whose columns were chosen follows its `#Fields`.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/real-time-logs.html>: the fields that were chosen, in the order of the
//! documentation, without a header. The preset is all of them; `timestamp` is seconds since 1970 at the end of the request.

use crate::format::preset::{Preset, Spec};
use crate::format::{Clock, W3cWriter};

/// The columns of 2014.
macro_rules! standard {
    ($($more:expr),*) => {
        concat!(
            "{date time: time iso tab}\t{x-edge-location}\t{sc-bytes: bytes}\t{c-ip: client}\t{cs-method: method}\t{cs(Host)}\t",
            "{cs-uri-stem: target}\t{sc-status: status}\t{cs(Referer)}\t{cs(User-Agent): agent}\t{cs-uri-query: query}\t{cs(Cookie)}\t",
            "{x-edge-result-type}\t{x-edge-request-id}\t{x-host-header: host}\t{cs-protocol}\t{cs-bytes: size}\t{time-taken: latency s}"
            $(, $more)*
        )
    };
}

/// The columns of 2019.
macro_rules! standard_2019 {
    ($($more:expr),*) => {
        standard!(
            "\t{x-forwarded-for}\t{ssl-protocol}\t{ssl-cipher}\t{x-edge-response-result-type}\t{cs-protocol-version}\t{fle-status}\t{fle-encrypted-fields}"
            $(, $more)*
        )
    };
}

/// The real-time fields up to the user agent.
macro_rules! realtime {
    ($($more:expr),*) => {
        concat!(
            "{timestamp: time s}\t{c-ip: client}\t{time-to-first-byte: s}\t{sc-status: status}\t{sc-bytes: bytes}\t{cs-method: method}\t",
            "{cs-protocol}\t{cs-host: host}\t{cs-uri-stem: target}\t{cs-bytes: size}\t{x-edge-location}\t{x-edge-request-id}\t",
            "{x-host-header}\t{time-taken: latency s}\t{cs-protocol-version}\t{c-ip-version}\t{cs-user-agent: agent}"
            $(, $more)*
        )
    };
}

pub(super) static PRESETS: &[Preset] = &[
    Preset {
        name: "cloudfront",
        description: "Amazon CloudFront standard log, legacy columns, with or without header",
        specification: "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html",
        example: "2026-11-01\t10:00:00\tFRA56-P1\t812\t192.0.2.7\tGET\td0example.cloudfront.net\t/cart\t200\t-\tcurl/8.5.0\tid=4\t-\tMiss\tq1W2e3R4\tshop.example\thttps\t310\t0.042\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tMiss\tHTTP/2.0\t-\t-\t40112\t0.041\tMiss\ttext/html\t512\t-\t-",
        clock: Clock::End,
        detects_as: None,
        layouts: &[
            Spec::Line(standard_2019!(
                "\t{c-port}\t{time-to-first-byte: s}\t{x-edge-detailed-result-type}\t{sc-content-type}\t{sc-content-len}\t{sc-range-start}\t{sc-range-end}"
            )),
            Spec::Line(standard_2019!()),
            Spec::Line(standard!()),
            Spec::LineAndMore(standard!("\t{x-forwarded-for}")),
            Spec::Columns(&super::w3c::CLOUDFRONT, W3cWriter::CloudFront),
        ],
    },
    Preset {
        name: "cloudfront_realtime",
        description: "Amazon CloudFront real-time log with every field (with others: name yours)",
        specification: "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/real-time-logs.html",
        example: "1793527200.042\t192.0.2.7\t0.041\t200\t812\tGET\thttps\tshop.example\t/cart?id=4\t310\tFRA56-P1\tq1W2e3R4\td0example.cloudfront.net\t0.042\tHTTP/2.0\tIPv4\tcurl/8.5.0\t-\t-\tid=4\tMiss\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tMiss",
        clock: Clock::End,
        detects_as: None,
        layouts: &[
            Spec::LineAndMore(realtime!("\t{cs-referer}\t{cs-cookie}\t{cs-uri-query}\t{x-edge-response-result-type}")),
            Spec::Line(realtime!()),
        ],
    },
];
