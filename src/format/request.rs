//! Splitting a request line and its target, on raw bytes.
//!
//! Runs once per event, so it allocates nothing and every value is a piece of what was given: a caller that holds the
//! line can turn each into a span. Nothing is percent-decoded or unescaped.

use super::words;
use crate::block::Place;
#[cfg(test)]
use crate::block::word;
use memchr::{memchr, memchr2, memmem, memrchr};

/// What a request line, `from..to` of a block, is looked at by to see whether it is a usual one, `GET /path HTTP/1.1`: the words
/// at its beginning, where the method ends, two bytes before the last blank, and behind that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usual {
    /// The word behind the method.
    pub(super) behind_method: u64,
    /// The word that begins one byte before the protocol's blank.
    pub(super) before_protocol: u64,
    /// The last eight bytes.
    pub(super) protocol: u64,
}

impl Usual {
    /// Where the method of a request ends that begins with this word.
    #[inline(always)]
    pub(super) fn method_end(head: u64, from: Place) -> Place {
        from.wrapping_add(words::leading_capitals(head) as Place)
    }

    /// Where the target ends.
    #[inline(always)]
    pub(super) fn target_end(to: Place) -> Place {
        to.wrapping_sub(PROTOCOL_BYTES)
    }

    /// 0 if what is around its target is usual. If the target is, too, [`split_request`] and [`split_target`] give the same answer.
    #[inline(always)]
    pub(super) fn difference(self, from: Place, method_end: Place, to: Place) -> u64 {
        let is_blank = |byte: u64| u64::from(byte & 0xff == u64::from(b' '));
        let protocol = (self.protocol & PROTOCOL_MASK) ^ PROTOCOL;
        let blanks =
            is_blank(self.before_protocol) | (is_blank(self.before_protocol >> 8) ^ 1) | (is_blank(self.behind_method) ^ 1);
        // The blank and the target's first byte stand before the protocol's blank; the sum does not wrap.
        let order =
            u64::from(method_end <= from) | u64::from(to < PROTOCOL_BYTES) | u64::from(method_end.saturating_add(11) > to);
        protocol | blanks | order
    }

    /// 0 if the target is a path.
    #[inline(always)]
    pub(super) fn not_path(self) -> u64 {
        (self.behind_method >> 8 & 0xff) ^ u64::from(b'/')
    }
}

/// What a target is looked at by to see whether it is an absolute form with a path, `https://host:443/path`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Absolute {
    /// The word at its beginning.
    pub(super) scheme: u64,
    /// The words behind `http://`.
    pub(super) authority: [u64; 4],
}

impl Absolute {
    /// Where the words of the authority begin.
    pub(super) const OFFSETS: [Place; 4] = [7, 15, 23, 31];

    /// Where the path of the target `from..to` begins, and 0 if there is one and [`split_target`] says so, too. A longer name of a host,
    /// another scheme, a fragment near the beginning, or no path are not looked for here.
    #[inline(always)]
    pub(super) fn path(self, from: Place, to: Place) -> (Place, u64) {
        const HTTPS: u64 = u64::from_le_bytes(*b"https://");
        const HTTP: u64 = u64::from_le_bytes(*b"http://\0");
        let is_https = self.scheme == HTTPS;
        let is_http = self.scheme << 8 == HTTP << 8;
        // The first of the words begins with the second slash of `https://`.
        let skipped = if is_https { 0xff } else { 0 };
        let (mut ends, mut ended, mut offset) = (0, 0, 0);
        let mut hashes = 0;
        for (word, next) in self.authority.into_iter().zip(Absolute::OFFSETS).rev() {
            // `?` is `/` with one more bit. Of both it matters which comes first, of `#` that there is none.
            let word = if next == Absolute::OFFSETS[0] { word | skipped } else { word };
            let found = words::first_equal(word | words::spread(0x10), b'?');
            hashes |= words::first_equal(word, b'#');
            (ends, ended, offset) = if found != 0 { (found, word, next) } else { (ends, ended, offset) };
        }
        let at = from.wrapping_add(offset).wrapping_add((ends.trailing_zeros() / 8) as Place);
        let is_slash = ends & ends.wrapping_neg() & !(ended << 3);
        let is_path = (is_http | is_https) & (is_slash != 0) & (hashes == 0) & (at < to) & (at > from);
        (at, u64::from(!is_path))
    }
}

/// ` HTTP/1.1`
const PROTOCOL_BYTES: Place = 9;
/// `HTTP/0.0`, where the digits may be 0 to 3: every version there is.
const PROTOCOL: u64 = u64::from_le_bytes(*b"HTTP/0.0");
const PROTOCOL_MASK: u64 = u64::from_le_bytes(*b"\xff\xff\xff\xff\xff\xfc\xff\xfc");

/// Splits `METHOD target HTTP/x.y` (RFC 9112 §3) into method and target.
///
/// Both are absent when the line is no request: empty, `-`, one word, `<BADREQ>`, the bytes of a TLS handshake, other junk.
/// Spaces inside the target are kept when a protocol ends the line. Without a protocol (HTTP/0.9, or a line that
/// was too long) the target must be one word that looks like a target. An empty target is absent, its method is not.
#[inline]
pub fn split_request(line: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    let line = trim_end(line);
    let Some(first) = memchr(b' ', line) else { return (None, None) };
    let (method, rest) = line.split_at(first);
    if !is_method(method) {
        return unpainted(line).map_or((None, None), split_request);
    }
    // The first space is one, so there is a last.
    let last = memrchr(b' ', line).unwrap_or(first);
    if is_protocol(&line[last + 1..]) {
        let target = trim_end(trim_start(&line[first..last.max(first)]));
        return (Some(method), (!target.is_empty()).then_some(target));
    }
    let target = trim_start(rest);
    if memchr(b' ', target).is_none() && looks_like_target(target) {
        return (Some(method), Some(target));
    }
    (None, None)
}

/// A request without the one or two styles in which werkzeug writes those that did not succeed (ECMA-48, 8.3.117: `ESC [ … m`).
#[cold]
fn unpainted(line: &[u8]) -> Option<&[u8]> {
    let behind_style = |text: &'_ [u8]| text.strip_prefix(b"\x1b[").and_then(|style| Some(memchr(b'm', style)? + 3));
    let mut rest = &line[behind_style(line)?..];
    if let Some(length) = behind_style(rest) {
        rest = &rest[length..];
    }
    // No third one: what calls this calls itself again.
    (rest.first() != Some(&b'\x1b')).then(|| rest.strip_suffix(b"\x1b[0m").unwrap_or(rest))
}

/// The parts of a request target; each is absent when it is not there or empty.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct TargetParts<'a> {
    /// The path, without the query.
    pub path: Option<&'a [u8]>,
    /// What follows `?`.
    pub query: Option<&'a [u8]>,
    /// The host of an absolute form, without user and port.
    pub host: Option<&'a [u8]>,
}

/// Splits a request target (RFC 9112 §3.2).
///
/// Of an absolute form (`http://user@host:80/p?q`) the path is `/p` (`/` if there is none) and the host is `host`.
/// An authority form (`host:443`, of CONNECT), `*`, and a path without a leading slash are the path as they stand.
/// A fragment (`#…`), which no server routes by, belongs to neither path nor query.
#[inline]
pub fn split_target(target: &[u8]) -> TargetParts<'_> {
    if target.first() != Some(&b'/')
        && let Some(colon) = scheme_end(target)
    {
        return split_absolute(target, colon);
    }
    let (path, query) = split_path(target);
    TargetParts { path, query, host: None }
}

/// The parts of a target, which may lack the scheme of an absolute form: `shop.example/cart`. A host is told by its point.
pub fn split_uri(uri: &[u8]) -> TargetParts<'_> {
    let end = uri.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(uri.len());
    let (authority, rest) = uri.split_at(end);
    let is_host = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
    if !rest.starts_with(b"/") || !authority.contains(&b'.') || !authority.iter().all(is_host) {
        return split_target(uri);
    }
    let (path, query) = split_path(rest);
    TargetParts { path, query, host: host_of(authority) }
}

/// The parts of an absolute form whose scheme ends before `colon`.
fn split_absolute(target: &[u8], colon: usize) -> TargetParts<'_> {
    let rest = &target[colon + 3..];
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let (path, query) = split_path(&rest[end..]);
    // A path of its own is `/` (RFC 9110 §4.2.3). One of the slashes behind the scheme serves, so that it is a piece of the line.
    let path = path.or(Some(&target[colon + 1..colon + 2]));
    TargetParts { path, query, host: host_of(&rest[..end]) }
}

/// Path and query of an origin form.
#[inline]
fn split_path(target: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    let Some(mark) = memchr2(b'?', b'#', target) else { return (some(target), None) };
    let path = some(&target[..mark]);
    if target[mark] == b'#' {
        return (path, None);
    }
    let query = &target[mark + 1..];
    let end = memchr(b'#', query).unwrap_or(query.len());
    (path, some(&query[..end]))
}

/// The host of `user@host:port`; the brackets of an IPv6 address are kept.
fn host_of(authority: &[u8]) -> Option<&[u8]> {
    let host = memrchr(b'@', authority).map_or(authority, |at| &authority[at + 1..]);
    let end = match (host.first(), memrchr(b':', host)) {
        (Some(b'['), _) => memchr(b']', host).map_or(host.len(), |i| i + 1),
        (_, Some(colon)) => colon,
        (_, None) => host.len(),
    };
    some(&host[..end])
}

/// Where the scheme of an absolute form ends: `ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) "://"` (RFC 3986 §3.1).
fn scheme_end(target: &[u8]) -> Option<usize> {
    let colon = memmem::find(target, b"://")?;
    let scheme = &target[..colon];
    let is_scheme = scheme.first()?.is_ascii_alphabetic()
        && scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    is_scheme.then_some(colon)
}

/// A method as it occurs: a letter, then letters, `-` and `_`. RFC 9110's token allows digits and more marks, but no
/// registered method has them, while the junk of scanners (`t3 12.2.1`, `\x16\x03`) does.
#[inline]
fn is_method(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_'))
}

/// `HTTP/1.1`, `HTTP/2`, in any case of the letters.
#[inline]
fn is_protocol(bytes: &[u8]) -> bool {
    let Some((name, version)) = bytes.split_at_checked(5) else { return false };
    name.eq_ignore_ascii_case(b"HTTP/")
        && version.first().is_some_and(u8::is_ascii_digit)
        && version.iter().all(|b| b.is_ascii_digit() || *b == b'.')
}

/// Whether one word without a protocol behind it can be a target: a path, `*` or an absolute form.
fn looks_like_target(word: &[u8]) -> bool {
    word.first() == Some(&b'/') || word == b"*" || scheme_end(word).is_some()
}

fn some(bytes: &[u8]) -> Option<&[u8]> {
    (!bytes.is_empty()).then_some(bytes)
}

#[inline]
fn trim_start(mut bytes: &[u8]) -> &[u8] {
    while let [b' ', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

#[inline]
fn trim_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., b' '] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(line: &str) -> (Option<&str>, Option<&str>) {
        let (method, target) = split_request(line.as_bytes());
        (method.map(text), target.map(text))
    }

    fn target(target: &str) -> (Option<&str>, Option<&str>, Option<&str>) {
        let parts = split_target(target.as_bytes());
        (parts.path.map(text), parts.query.map(text), parts.host.map(text))
    }

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn requests_are_split() {
        for (line, want) in [
            ("GET /shop HTTP/1.1", (Some("GET"), Some("/shop"))),
            ("PROPFIND /dav/ HTTP/2", (Some("PROPFIND"), Some("/dav/"))),
            ("M-SEARCH * HTTP/1.1", (Some("M-SEARCH"), Some("*"))),
            ("get /low http/1.0", (Some("get"), Some("/low"))),
            ("GET /two words/x HTTP/3.0", (Some("GET"), Some("/two words/x"))),
            ("GET   /far   HTTP/1.1  ", (Some("GET"), Some("/far"))),
            ("GET /nine", (Some("GET"), Some("/nine"))),
            ("GET http://a.example/", (Some("GET"), Some("http://a.example/"))),
            ("CONNECT a.example:443 HTTP/1.1", (Some("CONNECT"), Some("a.example:443"))),
            ("GET bare HTTP/1.1", (Some("GET"), Some("bare"))),
            ("GET  HTTP/1.1", (Some("GET"), None)),
            ("GET HTTP/1.1", (Some("GET"), None)),
        ] {
            assert_eq!(request(line), want, "{line}");
        }
    }

    #[test]
    fn junk_is_no_request() {
        for line in [
            "",
            "-",
            " ",
            "- - -",
            "HELLO",
            "<BADREQ>",
            "\\x16\\x03\\x01\\x00 \\x05",
            "t3 11.3.2",
            "SSH-2.0-Client",
            "EHLO mail.example",
            "GET /a b",
            "- http://a.example:80- -",
            " GET / HTTP/1.1",
            "G3T / HTTP/1.1",
            "GET ",
        ] {
            assert_eq!(request(line), (None, None), "{line:?}");
        }
    }

    #[test]
    fn targets_are_split() {
        for (line, want) in [
            ("/p", (Some("/p"), None, None)),
            ("/p?a=1?b", (Some("/p"), Some("a=1?b"), None)),
            ("/p?", (Some("/p"), None, None)),
            ("/p#f?x", (Some("/p"), None, None)),
            ("/p?a=1#f", (Some("/p"), Some("a=1"), None)),
            ("/go?to=http://b.example/q", (Some("/go"), Some("to=http://b.example/q"), None)),
            ("http://a.example:80/p?q", (Some("/p"), Some("q"), Some("a.example"))),
            ("https://me:pw@a.example/p", (Some("/p"), None, Some("a.example"))),
            ("http://[::1]:8080/p", (Some("/p"), None, Some("[::1]"))),
            ("http://a.example", (Some("/"), None, Some("a.example"))),
            ("http://a.example?q=1", (Some("/"), Some("q=1"), Some("a.example"))),
            ("http:///p", (Some("/p"), None, None)),
            ("a.example:443", (Some("a.example:443"), None, None)),
            ("*", (Some("*"), None, None)),
            ("no/slash?q", (Some("no/slash"), Some("q"), None)),
            ("to?u=http://x/", (Some("to"), Some("u=http://x/"), None)),
            ("/%2e%2E/", (Some("/%2e%2E/"), None, None)),
            ("?q", (None, Some("q"), None)),
            ("", (None, None, None)),
        ] {
            assert_eq!(target(line), want, "{line}");
        }
    }

    /// The obvious reading of a request with a protocol: words.
    fn words(line: &str) -> Option<(&str, &str)> {
        let mut words = line.split(' ').filter(|w| !w.is_empty());
        let (method, target, protocol) = (words.next()?, words.next()?, words.next()?);
        (words.next().is_none() && protocol.starts_with("HTTP/")).then_some((method, target))
    }

    proptest! {
        #[test]
        fn the_usual_request_is_split_alike(line in "(GET|POST|get|G-T|[A-Z ]{0,9}) ?(/|//|https?://h?|ftp://|x)[a-z?#/ ]{0,9} ?HTTP/[0-9][.][0-9] ?") {
            let block = words::block_of(line.as_bytes());
            let to = line.len() as Place;
            let (method_end, target_end) = (Usual::method_end(word(&block, 0), 0), Usual::target_end(to));
            let usual = Usual {
                behind_method: word(&block, method_end),
                before_protocol: word(&block, target_end.wrapping_sub(1)),
                protocol: word(&block, target_end.wrapping_add(1)),
            };
            let from = method_end.wrapping_add(1);
            let absolute = Absolute { scheme: word(&block, from), authority: Absolute::OFFSETS.map(|offset| word(&block, from.wrapping_add(offset))) };
            if usual.difference(0, method_end, to) == 0 {
                let (path_from, difference) = absolute.path(from, target_end);
                let path_from = match (usual.not_path(), difference) {
                    (0, _) => from,
                    (_, 0) => path_from,
                    // Neither a path nor an absolute form: it is read line by line.
                    _ => return Ok(()),
                };
                let (method, target) = split_request(line.as_bytes());
                prop_assert_eq!(method, Some(&line.as_bytes()[..usize::from(method_end)]));
                prop_assert_eq!(target, Some(&line.as_bytes()[usize::from(from)..usize::from(target_end)]));
                let path = &line.as_bytes()[usize::from(path_from)..usize::from(target_end)];
                let path = &path[..path.iter().position(|b| b"?#".contains(b)).unwrap_or(path.len())];
                prop_assert_eq!(split_target(target.unwrap()).path, Some(path));
            }
        }

        #[test]
        fn absolute_forms_are_seen(scheme in "https?", authority in "[a-z@:0-9.\\[\\]]{0,36}", rest in "[/?#][a-z/?#]{0,9}|") {
            let target = format!("{scheme}://{authority}{rest}");
            let block = words::block_of(target.as_bytes());
            let absolute = Absolute { scheme: word(&block, 0), authority: Absolute::OFFSETS.map(|offset| word(&block, offset)) };
            let (from, difference) = absolute.path(0, target.len() as Place);
            let is_near = scheme.len() + 3 + authority.len() < 39;
            prop_assert!(difference != 0 || rest.starts_with('/') && is_near);
            prop_assert!(difference == 0 || !rest.starts_with('/') || !is_near || target[..39.min(target.len())].contains('#'));
            if difference == 0 {
                prop_assert_eq!(usize::from(from), scheme.len() + 3 + authority.len());
            }
        }

        #[test]
        fn plain_requests_agree_with_words(line in "[A-Z]{1,7} {1,3}[/a-z?#:%]{1,12} {1,2}HTTP/[0-9.]{1,3}") {
            prop_assume!(line.bytes().rev().find(|b| *b == b'/').is_some());
            if let Some((method, target)) = words(&line) && target != "HTTP/" && is_protocol(line.rsplit(' ').next().unwrap().as_bytes()) {
                prop_assert_eq!(request(&line), (Some(method), Some(target)));
            }
        }

        #[test]
        fn every_part_is_a_piece_of_the_input(bytes in proptest::collection::vec(prop_oneof![Just(b' '), Just(b'/'), Just(b':'), any::<u8>()], 0..40)) {
            let (method, found) = split_request(&bytes);
            let TargetParts { path, query, host } = split_target(&bytes);
            let range = bytes.as_ptr_range();
            for part in [method, found, path, query, host].into_iter().flatten() {
                prop_assert!(!part.is_empty());
                prop_assert!(part.as_ptr_range().start >= range.start && part.as_ptr_range().end <= range.end);
            }
        }
    }
}
