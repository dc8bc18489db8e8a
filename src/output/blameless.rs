//! What tells of people, left out of texts that are passed on: a postmortem is about systems.
//!
//! A dimension is left out by its name, where all of its values are somebody's: addresses of clients, users, sessions, requests. Of
//! any other value the parts are replaced that look like somebody's: addresses of mail, names in paths, what was searched for.

use std::borrow::Cow;
// Addresses as texts: nothing here can reach a network.
use core::net::{IpAddr, SocketAddr};

use crate::slo::normalize;

/// Parts of the names of fields that tell of people, or of one request of theirs.
const PERSONAL: [&str; 32] = [
    "remote",
    "real_ip",
    "real-ip",
    "connecting-ip",
    "connecting_ip",
    "c-ip",
    "client",
    "visitor",
    "user",
    "login",
    "account",
    "customer",
    "member",
    "person",
    "requester",
    "owner",
    "forwarded",
    "referer",
    "referrer",
    "cookie",
    "auth",
    "mail",
    "phone",
    "session",
    "token",
    "device",
    "request_id",
    "requestid",
    "req_id",
    "request-id",
    "correlation",
    "trace",
];
/// Names that tell of people as a whole: addresses and users in the letters of Apache, HAProxy and Squid, and what people asked for.
const PERSONAL_NAMES: [&str; 20] = [
    "%u",
    "%l",
    "%h",
    "%a",
    "%ci",
    "%>a",
    "%un",
    "%id",
    "%q",
    "%r",
    "query",
    "$args",
    "$query_string",
    "$request",
    "$request_uri",
    "uid",
    "sub",
    "ip",
    "$binary_remote_addr",
    "cs-uri-query",
];
/// Parts of the names of fields whose addresses are those of systems.
const SYSTEMS: [&str; 8] = ["upstream", "server", "backend", "origin", "host", "target", "listen", "s-ip"];
/// Parts of a path behind which stands somebody's name.
const BEFORE_A_NAME: [&str; 15] = [
    "user",
    "users",
    "u",
    "account",
    "accounts",
    "member",
    "members",
    "customer",
    "customers",
    "profile",
    "profiles",
    "people",
    "person",
    "author",
    "authors",
];

/// Whether a field tells of clients or users, whatever it holds.
pub(super) fn is_personal(name: &str) -> bool {
    // The authority of a URL is a host.
    let name = name.to_ascii_lowercase().replace("authority", "");
    PERSONAL_NAMES.contains(&name.as_str()) || PERSONAL.iter().any(|part| name.contains(part))
}

/// The value of a field without what tells of people.
pub(super) fn redacted<'v>(name: &str, value: &'v str) -> Cow<'v, str> {
    let name = name.to_ascii_lowercase();
    let has_addresses = SYSTEMS.iter().any(|part| name.contains(part));
    let (kept, query) = match value.split_once('?') {
        Some((kept, query)) if !query.is_empty() => (kept, true),
        _ => (value, false),
    };
    let mut last = "";
    let parts: Vec<&str> = kept
        .split('/')
        .map(|part| {
            let before = std::mem::replace(&mut last, part);
            if is_name(before, part) { "(user)" } else { replaced(part, has_addresses) }
        })
        .collect();
    let mut text = parts.join("/");
    // A template of a route has its parameters already.
    if text.starts_with('/') && !text.contains('{') {
        // Numbers, identifiers and tokens may be somebody's.
        text = normalize::route(text.as_bytes()).unwrap_or(text);
    }
    if query {
        text.push_str("?(query)");
    }
    if text == value { Cow::Borrowed(value) } else { Cow::Owned(text) }
}

/// Whether a part of a path is somebody's name. A parameter of a route (`{id}`) is nobody's.
fn is_name(before: &str, part: &str) -> bool {
    let is_after = BEFORE_A_NAME.contains(&before.to_ascii_lowercase().as_str());
    let is_marked = part.len() > 1 && part.starts_with(['~', '@']);
    is_marked || is_after && !part.is_empty() && !part.starts_with(['{', ':', '*', '('])
}

/// A part of a path, or a kind of what it is.
fn replaced(part: &str, has_addresses: bool) -> &str {
    // `%40` is an at sign in a path.
    if part.contains('@') || part.contains("%40") {
        return "(mail)";
    }
    let is_address = |text: &str| {
        let text = text.trim_matches(['[', ']']);
        text.parse::<IpAddr>().is_ok() || part.parse::<SocketAddr>().is_ok()
    };
    let is_phone = part.strip_prefix('+').is_some_and(|digits| digits.len() > 5 && digits.bytes().all(|b| b.is_ascii_digit()));
    match () {
        () if is_phone => "(phone)",
        () if !has_addresses && part.split([',', ' ', ';']).any(|one| !one.is_empty() && is_address(one)) => "(address)",
        () => part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_people_are_known_by_many_names() {
        let people = [
            "remote_addr",
            "%u",
            "$http_x_forwarded_for",
            "request.remote_ip",
            "c-ip",
            "cs-username",
            "%{X-Session}i",
            "query",
            "user_agent",
            "$remote_user",
            "$cookie_id",
            "client_ip",
            "$req_id",
            "$request_id",
            "$http_referer",
            "%{Referer}i",
            "CF-Connecting-IP",
            "$http_x_real_ip",
            "customer_id",
            "$args",
            "trace_id",
        ];
        for name in people {
            assert!(is_personal(name), "{name}");
        }
        let systems = [
            "route",
            "host",
            "status",
            "method",
            "$upstream_addr",
            "status_class",
            "path",
            "%{X-Cache}o",
            "%D",
            "server",
            ":authority",
        ];
        for name in systems {
            assert!(!is_personal(name), "{name}");
        }
    }

    #[test]
    fn values_lose_what_tells_of_people_and_nothing_else() {
        let cases = [
            ("path", "/users/anna@example.org", "/users/(user)"),
            ("path", "/api/users/anna/orders/17", "/api/users/(user)/orders/{id}"),
            ("path", "/confirm/anna%40example.org", "/confirm/(mail)"),
            ("path", "/mail/anna@example.org/in", "/mail/(mail)/in"),
            ("path", "/~anna/index.html", "/(user)/index.html"),
            ("path", "/@anna", "/(user)"),
            ("path", "/block/203.0.113.7", "/block/(address)"),
            ("path", "/block/2001:db8::1/x", "/block/(address)/x"),
            ("path", "/call/+4915112345678", "/call/(phone)"),
            ("path", "/s/3f2a91bc77e0", "/s/{hash}"),
            ("path", "/search?q=anna", "/search?(query)"),
            ("$geo_note", "203.0.113.7, 10.0.0.1", "(address)"),
            ("host", "anna@shop.example", "(mail)"),
            // What is told of systems stays.
            ("route", "/users/{id}/orders", "/users/{id}/orders"),
            ("route", "/checkout", "/checkout"),
            ("$upstream_addr", "10.0.0.5:8080", "10.0.0.5:8080"),
            ("host", "192.0.2.10", "192.0.2.10"),
            ("status", "502", "502"),
            ("status_class", "5xx", "5xx"),
            ("path", "/api/v2/users", "/api/v2/users"),
        ];
        for (name, value, want) in cases {
            assert_eq!(redacted(name, value), want, "{name}={value}");
        }
    }
}
