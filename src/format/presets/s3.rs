//! Amazon S3 server access logs.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html>: the time is when the request was received, Total Time and Turn-Around
//! Time are milliseconds, absent values are `-`, and "new fields will be added at the end": whatever follows is not read. Keys are
//! URL-encoded. Lines of operations that S3 does itself (lifecycle, replication) have a bare `-` for the request.

use crate::format::Clock;
use crate::format::preset::{Preset, Spec};

/// The fields up to the user agent.
macro_rules! s3 {
    ($($more:expr),*) => {
        concat!(
            r#"{bucket_owner} {bucket} [{time: time clf}] {remote_ip: client} {requester} {request_id} {operation} {key} "#,
            r#""{request_uri: request}" {http_status: status} {error_code} {bytes_sent: bytes} {object_size: size} "#,
            r#"{total_time: latency ms} {turn_around_time: ms} "{referer}" "{user_agent: agent}""#
            $(, $more)*
        )
    };
}

pub(super) static PRESETS: &[Preset] = &[Preset {
    name: "s3",
    description: "Amazon S3 server access log, with 17 fields or more",
    specification: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html",
    example: r#"5f2d1c0b shop-assets [01/Nov/2026:10:00:00 +0000] 192.0.2.7 arn:aws:iam::111122223333:user/ada 4B1F0C2D3E REST.GET.OBJECT img/cart.png "GET /shop-assets/img/cart.png HTTP/1.1" 200 - 512 512 42 40 "-" "curl/8.5.0" - aGVsbG8= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader shop-assets.s3.eu-west-1.amazonaws.com TLSv1.3 - -"#,
    clock: Clock::Start,
    detects_as: None,
    layouts: &[
        Spec::Line(s3!(
            " {version_id} {host_id} {signature_version} {cipher_suite} {authentication_type} {host_header: host} {tls_version} {access_point_arn} {acl_required}"
        )),
        Spec::Line(s3!(
            " {version_id} {host_id} {signature_version} {cipher_suite} {authentication_type} {host_header: host} {tls_version}"
        )),
        Spec::Line(s3!(" {version_id}")),
        Spec::Line(s3!()),
        Spec::LineAndMore(s3!()),
    ],
}];
