//! nginx `log_format` strings.
//!
//! ```text
//! string   = [ "escape=" ( "default" / "json" / "none" ) SP ] *( variable / escape / literal )
//! variable = "$" name / "${" name "}"          ; name = 1*( ALPHA / DIGIT / "_" )
//! escape   = "\" ( DQUOTE / "'" / "\" / "t" / "r" / "n" )   ; as the configuration parser reads quoted strings
//! ```
//! Sources: nginx.org, ngx_http_log_module, ngx_http_core_module and ngx_http_upstream_module (embedded variables);
//! kubernetes.github.io/ingress-nginx, "Log format".

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, none_of, one_of, space1};
use nom::combinator::{map, opt, recognize, value};
use nom::multi::many1_count;
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::template::{Candidate, Piece, Source};
use super::{Clock, Escape, Format, JsonField, JsonMap, Meaning, TimeText, Unit, declare};
use crate::error::Result;
use crate::record::Kind;

/// Reads a `log_format` string, perhaps with `escape=…` before it. The clock of nginx is [`Clock::End`].
///
/// A string that spells a JSON object becomes [`Layout::Json`](super::Layout::Json).
///
/// # Errors
/// An unterminated `${`, a `$` without a name, two fields that cannot be told apart, no time.
pub fn parse(text: &str) -> Result<Format> {
    declare::StringFormat::CUSTOM.nginx(Source { name: "format", text })
}

/// What nginx's own variables hold, with the rank of a variable among those that can have the same common meaning. All others are text:
/// above all `$http_*`, `$sent_http_*`, `$arg_*` and `$cookie_*`, which a client can fill with anything.
static VARIABLES: [(&str, u8, Meaning); 41] = [
    // Finer times before coarser ones; all three are taken when the line is written.
    ("msec", 1, Meaning::Time(TimeText::Epoch(Unit::Seconds))),
    ("time_iso8601", 2, Meaning::Time(TimeText::Iso8601)),
    ("time_local", 3, Meaning::Time(TimeText::Clf)),
    ("request", 1, Meaning::Request),
    ("request_method", 1, Meaning::Method),
    ("request_uri", 1, Meaning::Target),
    ("uri", 1, Meaning::Path),
    ("document_uri", 2, Meaning::Path),
    ("args", 1, Meaning::Query),
    ("query_string", 2, Meaning::Query),
    ("status", 1, Meaning::Status),
    ("request_time", 1, Meaning::Latency(Unit::Seconds)),
    ("body_bytes_sent", 1, Meaning::Bytes),
    ("bytes_sent", 2, Meaning::Bytes),
    ("host", 1, Meaning::Host),
    ("http_host", 2, Meaning::Host),
    ("server_name", 3, Meaning::Host),
    ("http_user_agent", 1, Meaning::UserAgent),
    // ingress-nginx logged the client as $the_real_ip beside the peer.
    ("the_real_ip", 1, Meaning::RemoteAddr),
    ("remote_addr", 2, Meaning::RemoteAddr),
    ("upstream_status", 1, Meaning::Other(Kind::Status, Unit::One)),
    ("upstream_response_time", 1, Meaning::Other(Kind::Duration, Unit::Seconds)),
    ("upstream_connect_time", 1, Meaning::Other(Kind::Duration, Unit::Seconds)),
    ("upstream_header_time", 1, Meaning::Other(Kind::Duration, Unit::Seconds)),
    ("upstream_queue_time", 1, Meaning::Other(Kind::Duration, Unit::Seconds)),
    ("connection_time", 1, Meaning::Other(Kind::Duration, Unit::Seconds)),
    ("tcpinfo_rtt", 1, Meaning::Other(Kind::Duration, Unit::Micros)),
    ("tcpinfo_rttvar", 1, Meaning::Other(Kind::Duration, Unit::Micros)),
    ("upstream_response_length", 1, Meaning::Other(Kind::Size, Unit::One)),
    ("upstream_bytes_received", 1, Meaning::Other(Kind::Size, Unit::One)),
    ("upstream_bytes_sent", 1, Meaning::Other(Kind::Size, Unit::One)),
    ("request_length", 1, Meaning::Other(Kind::Size, Unit::One)),
    ("connection", 1, Meaning::Other(Kind::Number, Unit::One)),
    ("connection_requests", 1, Meaning::Other(Kind::Number, Unit::One)),
    ("pid", 1, Meaning::Other(Kind::Number, Unit::One)),
    ("server_port", 1, Meaning::Other(Kind::Number, Unit::One)),
    ("remote_port", 1, Meaning::Other(Kind::Number, Unit::One)),
    ("proxy_protocol_port", 1, Meaning::Other(Kind::Number, Unit::One)),
    ("gzip_ratio", 1, Meaning::Other(Kind::Number, Unit::One)),
    ("tcpinfo_snd_cwnd", 1, Meaning::Other(Kind::Number, Unit::One)),
    ("tcpinfo_rcv_space", 1, Meaning::Other(Kind::Size, Unit::One)),
];

/// The variables that have a meaning or a unit, with their rank.
pub(super) fn variables() -> impl Iterator<Item = &'static (&'static str, u8, Meaning)> {
    VARIABLES.iter()
}

/// What a variable holds, and its rank.
fn variable_meaning(name: &str) -> (u8, Meaning) {
    let known = VARIABLES.iter().find(|(known, ..)| *known == name);
    known.map_or((1, Meaning::Other(Kind::Text, Unit::One)), |(_, rank, meaning)| (*rank, meaning.clone()))
}

/// The pieces of a string, and the escaping that its prefix declares.
pub(super) fn pieces(source: Source) -> Result<(Vec<Piece>, Option<Escape>)> {
    let (mut rest, escape) = opt(escape_prefix).parse(source.text).unwrap_or((source.text, None));
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let start = source.offset(rest);
        let (tail, token) = token(rest).map_err(|_| bad_variable(source, start))?;
        rest = tail;
        pieces.push(match token {
            Token::Literal(text) => Piece::Literal(text),
            Token::Variable(name) => {
                let (rank, meaning) = variable_meaning(name);
                let span = start..source.offset(rest);
                Piece::Field(Candidate {
                    name: format!("${name}"),
                    meaning,
                    rank,
                    span,
                    padded: false,
                    places: None,
                    word: false,
                })
            }
        });
    }
    Ok((join_urls(super::template::join_literals(pieces)), escape))
}

#[cold]
fn bad_variable(source: Source, start: usize) -> crate::error::Error {
    if source.text[start..].starts_with("${") {
        return source
            .error(start..source.text.len().min(start + 2), "a variable begins with `${` but no `}` ends its name", "opened here")
            .hint("write ${name}, with letters, digits and _ in the name");
    }
    source
        .error(start..start + 1, "a `$` begins no variable", "a name must follow")
        .hint("nginx has no way to write a `$` itself; a name consists of letters, digits and _")
}

enum Token<'a> {
    Variable(&'a str),
    Literal(String),
}

/// `string` piece by piece.
fn token(input: &str) -> IResult<&str, Token<'_>> {
    alt((map(variable, Token::Variable), map(escape, |c| Token::Literal(c.into())), map(literal, Token::Literal))).parse(input)
}

/// `"$" name / "${" name "}"`
fn variable(input: &str) -> IResult<&str, &str> {
    preceded(char('$'), alt((delimited(char('{'), name, char('}')), name))).parse(input)
}

/// `1*( ALPHA / DIGIT / "_" )`
fn name(input: &str) -> IResult<&str, &str> {
    take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_').parse(input)
}

/// `"\" ( DQUOTE / "'" / "\" / "t" / "r" / "n" )`
fn escape(input: &str) -> IResult<&str, char> {
    let meaning = |c| match c {
        't' => '\t',
        'r' => '\r',
        'n' => '\n',
        same => same,
    };
    map(preceded(char('\\'), one_of("\"'\\trn")), meaning).parse(input)
}

/// Everything else; a backslash before another character stands for itself.
fn literal(input: &str) -> IResult<&str, String> {
    let backslash = terminated(char('\\'), nom::combinator::not(one_of("\"'\\trn")));
    map(recognize(many1_count(alt((none_of("$\\"), backslash)))), str::to_owned).parse(input)
}

/// `"escape=" ( "default" / "json" / "none" ) SP`
fn escape_prefix(input: &str) -> IResult<&str, Escape> {
    terminated(escape_parameter, space1).parse(input)
}

/// `escape=…`, the parameter of the directive. `default` and `json` both make `\"` of a quote or avoid it.
pub(super) fn escape_parameter(input: &str) -> IResult<&str, Escape> {
    let kind =
        alt((value(Escape::Backslash, tag("default")), value(Escape::Backslash, tag("json")), value(Escape::None, tag("none"))));
    preceded(tag("escape="), kind).parse(input)
}

/// Fields that touch because they are the parts of one URL become one field:
/// `$scheme://$host$request_uri` is a target in absolute form, `$uri$is_args$args` a target. `$host$request_uri` is neither: a text.
fn join_urls(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined = Vec::with_capacity(pieces.len());
    let mut i = 0;
    while i < pieces.len() {
        let (length, meaning) = url_at(&pieces[i..]);
        if length > 1 {
            joined.push(Piece::Field(join(&pieces[i..i + length], meaning)));
        } else {
            joined.push(pieces[i].clone());
        }
        i += length.max(1);
    }
    joined
}

/// How many pieces are one URL, and what it is.
fn url_at(pieces: &[Piece]) -> (usize, Meaning) {
    let is = |i: usize, names: &[&str]| matches!(pieces.get(i), Some(Piece::Field(f)) if names.contains(&f.name.as_str()));
    let is_text = |i: usize, text: &str| matches!(pieces.get(i), Some(Piece::Literal(t)) if t == text);
    let scheme = if is(0, &["$scheme", "$http_x_forwarded_proto", "$pass_access_scheme"]) && is_text(1, "://") { 2 } else { 0 };
    let mut n = scheme;
    let host = is(n, &["$host", "$http_host", "$server_name", "$http_x_forwarded_host", "$best_http_host"]);
    if host {
        n += if is_text(n + 1, ":") && is(n + 2, &["$server_port", "$proxy_port"]) { 3 } else { 1 };
    }
    let target = n;
    if is(n, &["$request_uri", "$uri", "$document_uri"]) {
        n += 1;
    }
    if n == target || (scheme > 0 && !host) {
        return (1, Meaning::Target);
    }
    if is(n, &["$is_args"]) && is(n + 1, &["$args", "$query_string"]) {
        n += 2;
    }
    let meaning = if host && scheme == 0 { Meaning::Other(Kind::Text, Unit::One) } else { Meaning::Target };
    (n, meaning)
}

/// One field of several pieces. Its rank is that of a target made of the decoded `$uri`, behind `$request_uri` itself.
fn join(pieces: &[Piece], meaning: Meaning) -> Candidate {
    let name = pieces.iter().map(|p| match p {
        Piece::Literal(text) => text.as_str(),
        Piece::Field(f) => f.name.as_str(),
    });
    let start = super::template::fields(pieces).next().map_or(0, |f| f.span.start);
    let end = super::template::fields(pieces).last().map_or(start, |f| f.span.end);
    Candidate { name: name.collect(), meaning, rank: 2, span: start..end, padded: false, places: None, word: false }
}

/// Whether a string spells a JSON object.
pub(super) fn looks_like_json(pieces: &[Piece]) -> bool {
    let opens = matches!(pieces.first(), Some(Piece::Literal(text)) if text.trim_start().starts_with('{'));
    let closes = matches!(pieces.last(), Some(Piece::Literal(text)) if text.trim_end().ends_with('}'));
    opens && closes
}

/// The mapping of a string that spells a JSON object; none if it is not JSON once the variables have values.
pub(super) fn json_map(pieces: &[Piece]) -> Option<JsonMap> {
    let sample: serde_json::Value = serde_json::from_str(&json_sample(pieces)).ok()?;
    let mut found = Vec::new();
    collect(&sample, &mut Vec::new(), pieces, &mut found);
    let mut fields: Vec<(Vec<String>, Candidate)> = found;
    super::template::elect(fields.iter_mut().map(|(_, candidate)| candidate));
    let fields = fields.into_iter().map(|(path, c)| JsonField { name: c.name, path, meaning: c.meaning }).collect();
    Some(JsonMap {
        fields,
        only_if: Vec::new(),
        others: Kind::Text,
        text_is_chatter: false,
        connections: false,
        keyed: super::Keyed::Json,
    })
}

/// Whether a variable stands without quotes in a JSON object: where it is a list, a dash or nothing, the line is no JSON.
pub(super) fn has_value_without_quotes(pieces: &[Piece]) -> bool {
    let mut in_string = false;
    pieces.iter().any(|piece| match piece {
        Piece::Literal(literal) => {
            in_string ^= quotes(literal) % 2 == 1;
            false
        }
        Piece::Field(_) => !in_string,
    })
}

/// How many quotes of strings a part of a JSON object has.
fn quotes(literal: &str) -> usize {
    literal.matches('"').count() - literal.matches("\\\"").count()
}

/// Marks around the number of a piece: private-use characters, which no configuration holds.
const MARKS: [char; 2] = ['\u{E000}', '\u{E001}'];

/// The object as one line of the log would spell it, with the number of its piece for the value of each variable.
fn json_sample(pieces: &[Piece]) -> String {
    let mut text = String::new();
    let mut in_string = false;
    for (i, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Literal(literal) => {
                in_string ^= quotes(literal) % 2 == 1;
                text.push_str(literal);
            }
            Piece::Field(_) if in_string => text.extend([MARKS[0].to_string(), i.to_string(), MARKS[1].to_string()]),
            Piece::Field(_) => {
                text.extend(["\"".to_owned(), MARKS[0].to_string(), i.to_string(), MARKS[1].to_string(), "\"".to_owned()])
            }
        }
    }
    text
}

/// Every string of `value` that holds a variable, with the way to it.
fn collect(value: &serde_json::Value, path: &mut Vec<String>, pieces: &[Piece], found: &mut Vec<(Vec<String>, Candidate)>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                path.push(key.clone());
                collect(value, path, pieces, found);
                path.pop();
            }
        }
        serde_json::Value::Array(values) => {
            for (i, value) in values.iter().enumerate() {
                path.push(i.to_string());
                collect(value, path, pieces, found);
                path.pop();
            }
        }
        serde_json::Value::String(text) => found.extend(candidate_of(text, pieces).map(|c| (path.clone(), c))),
        _ => {}
    }
}

/// What a string of the object holds: one variable, a whole request line of three, or a text composed of several.
fn candidate_of(text: &str, pieces: &[Piece]) -> Option<Candidate> {
    let mut parts: Vec<Piece> = Vec::new();
    for part in text.split_inclusive(MARKS[1]) {
        let (literal, number) = part.split_once(MARKS[0]).unwrap_or((part, ""));
        parts.push(Piece::Literal(literal.to_owned()));
        if let Some(Piece::Field(f)) = number.strip_suffix(MARKS[1]).and_then(|n| pieces.get(n.parse::<usize>().ok()?)) {
            parts.push(Piece::Field(f.clone()));
        }
    }
    let parts = super::template::join_literals(parts);
    match parts.as_slice() {
        [Piece::Field(one)] => Some(one.clone()),
        parts if super::template::fields(parts).next().is_none() => None,
        parts if is_request_line(parts) => Some(join(parts, Meaning::Request)),
        parts => Some(join(parts, Meaning::Other(Kind::Text, Unit::One))),
    }
}

/// Three fields that are a request line written out become one field: a decoded `$uri` may hold blanks, and then only the whole tells where it
/// ends. Where the string has `$request` or the target elsewhere too, the path is known, and the fields stay what they are.
pub(super) fn join_requests(pieces: Vec<Piece>) -> Vec<Piece> {
    let is_target = |f: &Candidate| matches!(f.meaning, Meaning::Request | Meaning::Target | Meaning::Path);
    let at = pieces.windows(REQUEST_PIECES).position(is_request_line);
    let Some(at) = at.filter(|_| super::template::fields(&pieces).filter(|f| is_target(f)).count() == 1) else { return pieces };
    let mut joined = pieces;
    let request = Piece::Field(join(&joined[at..at + REQUEST_PIECES], Meaning::Request));
    joined.splice(at..at + REQUEST_PIECES, [request]);
    joined
}

/// Three fields, and what divides them.
const REQUEST_PIECES: usize = 5;

/// `$request_method $request_uri $server_protocol`, as one string.
fn is_request_line(parts: &[Piece]) -> bool {
    let [Piece::Field(method), Piece::Literal(a), Piece::Field(target), Piece::Literal(b), Piece::Field(protocol)] = parts else {
        return false;
    };
    let is_target = matches!(target.meaning, Meaning::Target | Meaning::Path);
    method.meaning == Meaning::Method && is_target && protocol.name == "$server_protocol" && a == " " && b == " "
}

/// The clock of nginx: times are taken when the line is written.
pub(super) const CLOCK: Clock = Clock::End;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Element, Layout};

    /// Elements as text: literals in quotes, fields as `name:meaning`, `!` behind quoted ones.
    fn shown(text: &str) -> Vec<String> {
        let Layout::Delimited(template) = parse(text).unwrap().layout else { panic!("{text} is JSON") };
        let show = |e: &Element| match e {
            Element::Literal(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
            Element::Field(f) => format!("{}:{:?}{}", f.name, f.meaning, if f.quoted { "!" } else { "" }),
        };
        template.elements.iter().map(show).collect()
    }

    fn mapped(text: &str) -> Vec<(String, String, Meaning)> {
        let Layout::Json(map) = parse(text).unwrap().layout else { panic!("{text} is not JSON") };
        map.fields.into_iter().map(|f| (f.path.join("/"), f.name, f.meaning)).collect()
    }

    #[test]
    fn variables_literals_and_quotes() {
        assert_eq!(
            shown(r#"[$time_local] "$request" ${status}x rt="$request_time" $process_time"#),
            [
                "\"[\"",
                "$time_local:Time(Clf)",
                "\"] \"",
                "$request:Request!",
                "\" \"",
                "$status:Status",
                "\"x rt=\"",
                "$request_time:Latency(Seconds)!",
                "\" \"",
                "$process_time:Other(Text, One)",
            ]
        );
    }

    #[test]
    fn escapes_are_those_of_the_configuration() {
        assert_eq!(shown(r#"$msec\t\"$status\" \d\\"#)[1..], ["\"\\t\"", "$status:Status!", "\" \\\\d\\\\\""]);
    }

    #[test]
    fn escaping_is_declared() {
        for (text, want) in [
            ("$msec $status", Escape::Backslash),
            ("escape=default $msec $status", Escape::Backslash),
            ("escape=json $msec $status", Escape::Backslash),
            ("escape=none $msec $status", Escape::None),
        ] {
            let Layout::Delimited(template) = parse(text).unwrap().layout else { panic!() };
            assert_eq!(template.escape, want, "{text}");
            assert!(matches!(&template.elements[0], Element::Field(f) if f.name == "$msec"), "{text}");
        }
    }

    #[test]
    fn parts_of_a_url_are_one_field() {
        assert_eq!(
            shown("$msec $scheme://$host:$server_port$request_uri $host$uri $uri$is_args$args")[1..],
            [
                "\" \"",
                "$scheme://$host:$server_port$request_uri:Target",
                "\" \"",
                "$host$uri:Other(Text, One)",
                "\" \"",
                "$uri$is_args$args:Other(Text, One)",
            ]
        );
    }

    #[test]
    fn a_request_line_written_out_is_one_field() {
        for target in ["$uri", "$request_uri", "$uri$is_args$args"] {
            let request = format!("$request_method {target} $server_protocol");
            assert_eq!(shown(&format!(r#"$msec "{request}" $status"#))[2], format!("{request}:Request!"));
            assert_eq!(shown(&format!("$msec {request} $status"))[2], format!("{request}:Request"));
        }
        // The path stands elsewhere as well, or the protocol does not stand there.
        assert_eq!(shown(r#"$msec "$request_method $uri $server_protocol" $request_uri"#).len(), 9);
        assert_eq!(shown(r#"$msec "$request_method $uri" $status"#).len(), 7);
    }

    #[test]
    fn a_json_object_becomes_a_mapping() {
        let text = r#"escape=json {"at":"$time_iso8601","s":$status,"req":{"line":"$request_method $request_uri $server_protocol","url":"$scheme://$host$request_uri"},"who":["$remote_addr","x"],"v":1,"both":"$pid/$connection"}"#;
        let want = [
            ("at", "$time_iso8601", Meaning::Time(TimeText::Iso8601)),
            ("s", "$status", Meaning::Status),
            ("req/line", "$request_method $request_uri $server_protocol", Meaning::Request),
            ("req/url", "$scheme://$host$request_uri", Meaning::Target),
            ("who/0", "$remote_addr", Meaning::RemoteAddr),
            ("both", "$pid/$connection", Meaning::Other(Kind::Text, Unit::One)),
        ];
        assert_eq!(mapped(text), want.map(|(path, name, meaning)| (path.to_owned(), name.to_owned(), meaning)));
    }

    #[test]
    fn what_is_not_json_stays_a_template() {
        assert!(matches!(parse("{ $msec } $status }").unwrap().layout, Layout::Delimited(_)));
    }

    #[test]
    fn errors_point_into_the_string() {
        for (text, column, words) in [
            ("$msec ${status", 7, "no `}`"),
            ("$msec $ $status", 7, "begins no variable"),
            ("$msec 5$", 8, "begins no variable"),
            ("$msec $request$status", 7, "`$request` and `$status` touch"),
            ("$msec\\n$status", 6, "several lines"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.excerpt().unwrap().line_column(), (1, column), "{text}: {error}");
            assert!(error.message().contains(words), "{text}: {error}");
            assert!(error.hint_text().is_some(), "{text}");
        }
    }
}
