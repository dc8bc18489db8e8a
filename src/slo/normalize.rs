//! Paths without what is different in every one of them: numbers, UUIDs, hashes, dates and tokens become parameters of a route.

/// The version of these rules, which counts by route are kept with: counts of other rules are other counts.
pub(super) const RULES: u32 = 1;

/// The route that a path looks like, in the syntax of templates: `/orders/17/items/3f2a…` becomes `/orders/{id}/items/{hash}`. A parameter
/// that comes again is numbered. Bytes of a path that are no UTF-8 make no route.
pub fn route(path: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(path).ok().filter(|path| path.starts_with('/'))?;
    let mut names: Vec<&str> = Vec::new();
    let mut text = String::with_capacity(path.len());
    for segment in path[1..].split('/') {
        text.push('/');
        // A file that is named by its number: `17.jpg`.
        let (stem, extension) = segment.split_once('.').unwrap_or((segment, ""));
        let is_file = extension.bytes().all(|b| b.is_ascii_alphanumeric());
        match parameter(stem).filter(|_| is_file) {
            Some(name) => {
                let times = names.iter().filter(|known| **known == name).count();
                names.push(name);
                let number = if times == 0 { String::new() } else { (times + 1).to_string() };
                text.push_str(&format!("{{{name}{number}}}{}", &segment[stem.len()..]));
            }
            None => text.push_str(&segment.replace('{', "{{").replace('}', "}}")),
        }
    }
    Some(text)
}

/// What a segment is an instance of, if it is.
fn parameter(segment: &str) -> Option<&'static str> {
    let bytes = segment.as_bytes();
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let all = |fits: fn(&u8) -> bool| bytes.iter().all(fits);
    if bytes.is_empty() || digits == 0 {
        return None;
    }
    if is_date(bytes) {
        return Some("date");
    }
    if digits == bytes.len() {
        return Some("id");
    }
    if is_uuid(bytes) {
        return Some("uuid");
    }
    if bytes.len() >= 8 && all(u8::is_ascii_hexdigit) {
        return Some("hash");
    }
    // Base64, base64url, and what else is drawn by lot: long, mixed, and not words with a number behind.
    let is_drawn = all(|b| b.is_ascii_alphanumeric() || b"-_=+".contains(b)) && bytes.len() >= 16;
    let has_both_cases = bytes.iter().any(u8::is_ascii_uppercase) && bytes.iter().any(u8::is_ascii_lowercase);
    (is_drawn && letters > 0 && (has_both_cases || digits >= 4)).then_some("token")
}

/// `2026-11-01` or `20261101`
fn is_date(bytes: &[u8]) -> bool {
    let digits: Vec<u8> = match bytes {
        [_, _, _, _, b'-', _, _, b'-', _, _] => bytes.iter().copied().filter(|b| *b != b'-').collect(),
        _ => bytes.to_vec(),
    };
    let number = |from: usize, to: usize| digits[from..to].iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
    digits.len() == 8
        && digits.iter().all(u8::is_ascii_digit)
        && (1970..2100).contains(&number(0, 4))
        && (1..=12).contains(&number(4, 6))
        && (1..=31).contains(&number(6, 8))
}

/// RFC 9562 §4
fn is_uuid(bytes: &[u8]) -> bool {
    let is_dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    bytes.len() == 36 && bytes.iter().enumerate().all(|(i, b)| if is_dash(i) { *b == b'-' } else { b.is_ascii_hexdigit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_becomes_a_parameter() {
        for (path, want) in [
            ("/", "/"),
            ("/api/orders/17", "/api/orders/{id}"),
            ("/a/1/b/2", "/a/{id}/b/{id2}"),
            ("/u/0190163d-8694-739b-aea5-966c26f8ad91/x", "/u/{uuid}/x"),
            ("/blob/3f2a91bc", "/blob/{hash}"),
            ("/day/2026-11-01/20261102", "/day/{date}/{date2}"),
            ("/t/Zm9vYmFyYmF6cXV4MTIz", "/t/{token}"),
            ("/image/17.jpg", "/image/{id}.jpg"),
            ("/v1/cart", "/v1/cart"),
            ("/static/js/app.736ae249.js", "/static/js/app.736ae249.js"),
            ("/how-to-cook-for-4-people", "/how-to-cook-for-4-people"),
            ("/deadbeef", "/deadbeef"),
            ("/a{b}", "/a{{b}}"),
        ] {
            assert_eq!(route(path.as_bytes()).unwrap(), want);
        }
        assert_eq!(route(b"host:443"), None);
        assert_eq!(route(b"/\xff"), None);
    }
}
