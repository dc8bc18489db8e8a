//! The slow twin of the extractor: the obvious reader of a line, for tests. When the two differ, this one is right until shown otherwise.
//!
//! It follows the five rules of [`super`] word by word, with regular expressions for shapes.

use std::ops::Range;

use regex::bytes::Regex;
use serde_json::Value;

use super::chatter::tells_a_request;
use super::request::{split_request, split_target};
use super::{Combine, Element, Escape, Format, JsonMap, Layout, Meaning, Template, TemplateField, TimeText, TimeToken, Unit};
use crate::record::{Field, Kind, Outcome, Reason, Skip};

/// Where each element of a template stands in a line; none for literals and absent values.
pub(crate) type Spans = Vec<Option<Range<usize>>>;

/// Reads a line by a template.
pub(crate) fn read(template: &Template, line: &[u8]) -> Result<Spans, Reason> {
    let mut at = 0;
    let mut spans = Vec::new();
    for i in 0..template.elements.len() {
        let (next, span) = element(template, i, line, at)?;
        at = next;
        spans.push(span);
    }
    if is_over(template, line, at) { Ok(spans) } else { Err(Reason::Layout) }
}

/// Rule 5.
fn is_over(template: &Template, line: &[u8], at: usize) -> bool {
    let are_blanks = template.trims_blanks() && line[at..].iter().all(|&byte| byte == b' ');
    at == line.len() || template.open_ended || are_blanks
}

fn element(template: &Template, i: usize, line: &[u8], at: usize) -> Result<(usize, Option<Range<usize>>), Reason> {
    let is_padded = matches!(&template.elements[i], Element::Field(f) if f.padded);
    let at = at + if is_padded { line[at..].iter().take_while(|&&b| b == b' ').count() } else { 0 };
    match &template.elements[i] {
        Element::Literal(text) if line[at..].starts_with(text) => Ok((at + text.len(), None)),
        Element::Literal(_) => Err(Reason::Layout),
        Element::Field(f) if f.quoted => quoted(template, i, f, line, at),
        Element::Field(f) if f.meaning.is_shaped() => shaped(template, i, f, line, at),
        Element::Field(_) => unquoted(template, i, line, at),
    }
}

/// Rule 2.
fn shaped(
    template: &Template,
    i: usize,
    f: &TemplateField,
    line: &[u8],
    at: usize,
) -> Result<(usize, Option<Range<usize>>), Reason> {
    let length = shape(&f.meaning, literal(template, i + 1)).find(&line[at..]).map(|m| m.len()).ok_or(reason(&f.meaning))?;
    let places = line[at..at + length].split(|&b| b == b'.').nth(1).map_or(0, <[u8]>::len);
    if f.places.is_some_and(|wanted| wanted > 0 && places != wanted) && &line[at..at + length] != b"-" {
        return Err(reason(&f.meaning));
    }
    Ok((at + length, value(line, at..at + length)))
}

/// Rule 3.
fn unquoted(template: &Template, i: usize, line: &[u8], at: usize) -> Result<(usize, Option<Range<usize>>), Reason> {
    if i + 1 == template.elements.len() {
        return Ok((line.len(), value(line, at..line.len())));
    }
    let mark = literal(template, i + 1);
    assert!(!mark.is_empty(), "a template in which a text touches another field");
    for end in at..=line.len() {
        let is_word = matches!(&template.elements[i], Element::Field(f) if f.word);
        if line[end..].starts_with(mark) && (is_word || can_go_on(template, i + 2, line, end + mark.len())) {
            return Ok((end, value(line, at..end)));
        }
    }
    Err(Reason::Layout)
}

/// Whether a shaped field at `i` can be read and is followed by its literal, or by the end.
fn can_go_on(template: &Template, i: usize, line: &[u8], at: usize) -> bool {
    match template.elements.get(i) {
        Some(Element::Field(f)) if f.meaning.is_shaped() => {
            let Ok((end, _)) = element(template, i, line, at) else { return false };
            match template.elements.get(i + 1) {
                None => is_over(template, line, end),
                Some(Element::Literal(text)) => line[end..].starts_with(text),
                Some(Element::Field(_)) => true,
            }
        }
        _ => true,
    }
}

/// Rule 4.
fn quoted(
    template: &Template,
    i: usize,
    f: &TemplateField,
    line: &[u8],
    at: usize,
) -> Result<(usize, Option<Range<usize>>), Reason> {
    match line.get(at) {
        Some(b'-') => return Ok((at + 1, None)),
        Some(b'"') => {}
        _ => return Err(Reason::Layout),
    }
    let mut end = at + 1;
    while end < line.len() {
        if line[end] == b'\\' && template.escape == Escape::Backslash {
            end += 2;
            continue;
        }
        if line[end] == b'"' && closes(template, i, line, end + 1) {
            let inside = at + 1..end;
            let fills = shape(&f.meaning, b"").find(&line[inside.clone()]).is_some_and(|m| m.len() == inside.len());
            if f.meaning.is_shaped() && !fills && !inside.is_empty() {
                return Err(reason(&f.meaning));
            }
            return Ok((end + 1, value(line, inside)));
        }
        end += 1;
    }
    Err(Reason::Layout)
}

fn closes(template: &Template, i: usize, line: &[u8], at: usize) -> bool {
    match template.elements.get(i + 1) {
        None => is_over(template, line, at),
        Some(Element::Literal(text)) => line[at..].starts_with(text),
        Some(Element::Field(_)) => true,
    }
}

/// The literal at `i`, empty if there is none.
fn literal(template: &Template, i: usize) -> &[u8] {
    match template.elements.get(i) {
        Some(Element::Literal(text)) => text,
        _ => b"",
    }
}

fn value(line: &[u8], span: Range<usize>) -> Option<Range<usize>> {
    (!matches!(&line[span.clone()], b"" | b"-")).then_some(span)
}

fn reason(meaning: &Meaning) -> Reason {
    match meaning.kind() {
        Kind::Time => Reason::Time,
        Kind::Status => Reason::Status,
        _ => Reason::Number,
    }
}

/// What a value looks like, from its first byte on; `behind` is the literal behind the field.
fn shape(meaning: &Meaning, behind: &[u8]) -> Regex {
    let pattern = match meaning {
        Meaning::Time(t) | Meaning::Created(t) | Meaning::Ended(t) | Meaning::OtherTime(t) => format!("(?:{}|-)", time_shape(t)),
        Meaning::Latency(Unit::Written) | Meaning::Other(_, Unit::Written) => {
            r"(?:(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+|-|)".into()
        }
        _ => number_shape(behind),
    };
    Regex::new(&format!("^(?s-u:{pattern})")).unwrap()
}

fn number_shape(behind: &[u8]) -> String {
    let element = r"(?:-?\d+(?:\.\d+)?|-)";
    let dividers: Vec<&str> =
        [(", ", ","), (" : ", " :")].iter().filter(|(_, mark)| !behind.starts_with(mark.as_bytes())).map(|(d, _)| *d).collect();
    format!("(?:{element}(?:(?:{}){element})*|)", dividers.join("|"))
}

fn time_shape(text: &TimeText) -> String {
    let clf = r"\d\d/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{4}";
    let iso = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)";
    match text {
        TimeText::Clf => format!("(?:{clf}|{iso})"),
        TimeText::Iso8601 => iso.into(),
        TimeText::ClfOrIso8601 => format!(r"(?:{clf}|{iso}|\d{{9,10}}\.\d{{3}})"),
        TimeText::Epoch(_) => r"\d+(?:\.\d+)?".into(),
        TimeText::IsoColumns => format!("{}?", iso.replace("[T ]", r"[T \t]")),
        TimeText::IsoOrUnix => format!(r"(?:{iso}|\d+)"),
        TimeText::UnixOrDate => format!(r"(?:{clf}|{}?|\d+(?:\.\d+)?)", iso.replace("-\\d\\d-", r"[/-]\d\d[/-]")),
        TimeText::Utc(text) if **text == TimeText::Iso8601 => format!("{iso}?"),
        TimeText::Utc(text) => time_shape(text),
        TimeText::Pattern(tokens) => tokens.iter().map(token_shape).collect(),
    }
}

fn token_shape(token: &TimeToken) -> String {
    let pattern = match token {
        TimeToken::Literal(bytes) => return regex::escape(std::str::from_utf8(bytes).unwrap()),
        TimeToken::Day => r"[ \d]?\d",
        TimeToken::Hour | TimeToken::Hour12 => r"[ \d]\d",
        TimeToken::Month | TimeToken::YearOfCentury | TimeToken::Minute | TimeToken::Second => r"\d\d",
        TimeToken::MonthName | TimeToken::Weekday => "[A-Za-z]+",
        TimeToken::Year => r"\d{4}",
        TimeToken::AmPm => "[AaPp][Mm]",
        TimeToken::DayOfYear => r"\d{3}",
        TimeToken::Offset => r"(?:Z|[+-]\d\d:?\d\d)",
        TimeToken::ZoneName => "(?:UTC|GMT|Z)",
        TimeToken::EpochSeconds | TimeToken::Epoch(_) => r"\d+",
        TimeToken::Fraction(digits) => return format!(r"\d{{1,{digits}}}"),
    };
    pattern.into()
}

/// What becomes of a line, as far as its layout decides.
pub(crate) fn outcome(format: &Format, line: &[u8]) -> Outcome {
    let own = outcome_by(format, line);
    let mut others = format.others.iter().map(|other| outcome_by(other, line));
    match own {
        Outcome::Rejected(_) => match others.find(|read| matches!(read, Outcome::Event | Outcome::Undated)) {
            Some(read) => read,
            None if format.others.iter().any(|other| is_connection(other, line)) => Outcome::Skipped(Skip::Chatter),
            None => own,
        },
        _ => own,
    }
}

fn outcome_by(format: &Format, line: &[u8]) -> Outcome {
    if line.trim_ascii().is_empty() {
        return Outcome::Skipped(Skip::Blank);
    }
    let Layout::Json(map) = &format.layout else {
        if is_connection(format, line) {
            return Outcome::Skipped(Skip::Chatter);
        }
        return match field(format, line, &Field::Time) {
            Ok(Some(_)) => Outcome::Event,
            Ok(None) => Outcome::Undated,
            Err(reason) => Outcome::Rejected(reason),
        };
    };
    if line[0] != b'{' && map.text_is_chatter && !tells_a_request(line) {
        return Outcome::Skipped(Skip::Chatter);
    }
    let Ok(object) = serde_json::from_slice::<Value>(line) else { return Outcome::Rejected(Reason::Json) };
    let holds = |path: &[String], prefix: &str| match at_path(&object, path) {
        Some(value) => prefix.is_empty() || value.as_str().is_some_and(|t| t.starts_with(prefix)),
        None => false,
    };
    if !map.only_if.iter().all(|c| holds(&c.path, &c.prefix)) {
        return Outcome::Skipped(Skip::Chatter);
    }
    let is_absent = |field: Field| {
        format.resolve(&field).is_none() || json_field(format, map, &object, &field).is_none_or(|text| text == b"-")
    };
    let request = [Field::Status, Field::Method, Field::Path, Field::Named("protocol".into())];
    if map.connections && request.into_iter().all(is_absent) {
        return Outcome::Skipped(Skip::Chatter);
    }
    if json_field(format, map, &object, &Field::Time).is_some() { Outcome::Event } else { Outcome::Undated }
}

/// Whether a line has neither a status nor a request, in a format that such lines of connections have too.
fn is_connection(format: &Format, line: &[u8]) -> bool {
    let of_connections = matches!(&format.layout, Layout::Delimited(template) if template.connections);
    let text = |field: Field| super::naive::field(format, line, &field).ok().flatten();
    let is_absent = |name: &str| text(Field::Named(name.into())).is_none_or(|text| text == b"-");
    let request = match text(Field::Named("request".into())) {
        Some(request) => request == b"- - - ",
        None => ["method", "path", "protocol"].into_iter().all(is_absent),
    };
    of_connections && text(Field::Status).is_none() && request
}

/// The text of a field of a line: of common ones that are parts of others, the part.
pub(crate) fn field(format: &Format, line: &[u8], field: &Field) -> Result<Option<Vec<u8>>, Reason> {
    match &format.layout {
        Layout::Delimited(template) => {
            let spans = read(template, line)?;
            let Some(resolved) = format.resolve(field) else { return Ok(None) };
            let source = resolved.sources[0];
            let Some(span) = spans[source].clone() else { return Ok(None) };
            Ok(part(field, format.meaning(source).unwrap(), &line[span]))
        }
        Layout::Json(map) => {
            let object: Value = serde_json::from_slice(line).map_err(|_| Reason::Json)?;
            Ok(json_field(format, map, &object, field))
        }
    }
}

fn json_field(format: &Format, map: &JsonMap, object: &Value, field: &Field) -> Option<Vec<u8>> {
    let resolved = format.resolve(field)?;
    assert_eq!(resolved.combine, Combine::First);
    let (source, value) =
        resolved.sources.iter().find_map(|&i| Some((i, at_path(object, &map.fields[i].path).filter(|v| !v.is_null())?)))?;
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    // A request may be the target alone.
    let is_target = text.starts_with('/') && split_request(text.as_bytes()) == (None, None);
    match format.meaning(source)? {
        Meaning::Request if is_target && *field != Field::Method => part(field, &Meaning::Target, text.as_bytes()),
        meaning => part(field, meaning, text.as_bytes()),
    }
}

/// The value at a path.
fn at_path<'a>(object: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(object, |value, step| match value {
        Value::Array(list) => list.get(step.parse::<usize>().ok()?),
        value => value.get(step),
    })
}

/// The part of a source's text that a common field asks for.
fn part(field: &Field, meaning: &Meaning, text: &[u8]) -> Option<Vec<u8>> {
    let target = match meaning {
        Meaning::Request if *field == Field::Method => return split_request(text).0.map(<[u8]>::to_vec),
        Meaning::Request => split_request(text).1,
        Meaning::Target => Some(text),
        Meaning::Query => return Some(text.strip_prefix(b"?").unwrap_or(text).to_vec()),
        _ => return (!text.is_empty() && text != b"-").then(|| text.to_vec()),
    };
    if matches!(field, Field::Named(_)) {
        return Some(text.to_vec());
    }
    let parts = split_target(target.filter(|t| *t != b"-")?);
    match field {
        Field::Path => parts.path.map(<[u8]>::to_vec),
        Field::Query => parts.query.map(<[u8]>::to_vec),
        Field::Host => parts.host.map(<[u8]>::to_vec),
        _ => Some(text.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(format: &str, line: &str) -> Vec<(String, String)> {
        let format = Format::parse(format).unwrap();
        let Layout::Delimited(template) = &format.layout else { panic!() };
        let spans = read(template, line.as_bytes()).unwrap_or_else(|r| panic!("{r:?}: {line}"));
        let shown = |i: usize| spans[i].clone().map_or("absent".to_owned(), |s| line[s].to_owned());
        (0..spans.len()).filter_map(|i| Some((format.source_name(i)?.to_owned(), shown(i)))).collect()
    }

    fn values(format: &str, line: &str) -> Vec<String> {
        named(format, line).into_iter().map(|(_, value)| value).collect()
    }

    fn refused(format: &str, line: &str) -> Reason {
        let Layout::Delimited(template) = Format::parse(format).unwrap().layout else { panic!() };
        read(&template, line.as_bytes()).unwrap_err()
    }

    #[test]
    fn text_reaches_to_the_literal_before_a_readable_shape() {
        let format = "$http_x_forwarded_for - $remote_user [$time_local] $status";
        let line = "198.51.100.1, 192.0.2.1 - a [b] c [01/Nov/2026:10:00:00 +0000] 200";
        assert_eq!(values(format, line), ["198.51.100.1, 192.0.2.1", "a [b] c", "01/Nov/2026:10:00:00 +0000", "200"]);
    }

    #[test]
    fn upstream_lists_are_one_number_each() {
        let format = "$msec $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id";
        let line = "1793527200.5 10.0.0.2:80, [::1]:80 : 10.0.0.3:80 0, - : 7 0.000, - : 0.010 502, 504 : 200 ab";
        let want =
            ["1793527200.5", "10.0.0.2:80, [::1]:80 : 10.0.0.3:80", "0, - : 7", "0.000, - : 0.010", "502, 504 : 200", "ab"];
        assert_eq!(values(format, line), want);
    }

    #[test]
    fn a_comma_of_the_format_divides_fields_and_not_a_list() {
        assert_eq!(values("$msec, $status, $request_time", "1793527200.5, 200, 0.1"), ["1793527200.5", "200", "0.1"]);
    }

    #[test]
    fn quotes_end_where_the_next_literal_follows() {
        let format = r#"$msec "$request" "$http_user_agent" $status"#;
        let line = r#"1 "GET /a\" HTTP/1.1" "x"y" 200"#;
        assert_eq!(values(format, line), ["1", r#"GET /a\" HTTP/1.1"#, "x\"y", "200"]);
        assert_eq!(values(format, r#"1 - "" -"#), ["1", "absent", "absent", "absent"]);
        assert_eq!(values(&format!("escape=none {format}"), r#"1 "a\" "b" 200"#), ["1", r"a\", "b", "200"]);
    }

    #[test]
    fn blanks_at_the_end_mean_nothing() {
        let plain = r#"$msec "$http_user_agent" $status"#;
        for format in [plain.to_owned(), format!("{plain}  ")] {
            for line in [r#"1 "a" 200"#, r#"1 "a" 200 "#, r#"1 "a" 200   "#] {
                assert_eq!(values(&format, line), ["1", "a", "200"]);
                let format = Format::parse(&format).unwrap();
                let extractor = crate::format::extract::Extractor::bind(&format, &[], None).unwrap();
                let mut reader = extractor.reader("");
                assert_eq!(extractor.read(line.as_bytes(), &mut reader), Outcome::Event, "{line}");
                assert_eq!(extractor.raw_fields(&reader).last().unwrap().1, 6..9, "{line}");
            }
        }
        assert_eq!(values(r#"$msec "$http_user_agent" "#, r#"1 "a " "#), ["1", "a "]);
        // An empty number ends in front of them; a text that ends the line has them, and a tab is another byte.
        assert_eq!(values("escape=none $msec $status $request_time", "1 200  "), ["1", "200", "absent"]);
        assert_eq!(values("$msec $http_x", "1 a "), ["1", "a "]);
        assert_eq!(values("$msec $http_x ", "1 a "), ["1", "a"]);
        assert_eq!(refused(plain, "1 \"a\" 200\t"), Reason::Layout);
        assert_eq!(refused(plain, r#"1 "a" 200  x "#), Reason::Layout);
    }

    #[test]
    fn what_does_not_fit_has_its_reason() {
        let format = r#"[$time_local] "$request" $status $request_time"#;
        for (line, want) in [
            (r#"01/Nov/2026:10:00:00 +0000] "x" 200 0.1"#, Reason::Layout),
            (r#"[yesterday] "x" 200 0.1"#, Reason::Time),
            (r#"[01/Nov/2026:10:00:00 +0000] "x 200 0.1"#, Reason::Layout),
            (r#"[01/Nov/2026:10:00:00 +0000] "x" ok 0.1"#, Reason::Layout),
            (r#"[01/Nov/2026:10:00:00 +0000] "x" 200 0.1s"#, Reason::Layout),
            (r#"[01/Nov/2026:10:00:00 +0000] "x" 200"#, Reason::Layout),
        ] {
            assert_eq!(refused(format, line), want, "{line}");
        }
        assert_eq!(refused(r#"$msec "$status""#, r#"1 "ok""#), Reason::Status);
    }

    proptest! {
        /// What a server writes is what is read back, for values as the server escapes them.
        #[test]
        fn written_values_are_read_back(
            user in "[a-z@ ]{0,9}[a-z]",
            request in r#"([A-Za-z/?=&' \[\]-]|\\x[0-9A-F]{2}|\\"|\\\\){1,30}"#,
            status in "[1-5][0-9]{2}",
            lengths in proptest::collection::vec("[0-9]{1,4}|-", 1..4),
            divider in prop_oneof![Just(", "), Just(" : ")],
        ) {
            prop_assume!(request != "-");
            let list = lengths.join(divider);
            prop_assume!(list != "-");
            let line = format!(r#"192.0.2.1 - {user} [01/Nov/2026:10:00:00 +0000] "{request}" {status} {list} up"#);
            let format = r#"$remote_addr - $remote_user [$time_local] "$request" $status $upstream_response_length $tail"#;
            let want = ["192.0.2.1", &user, "01/Nov/2026:10:00:00 +0000", &request, &status, &list, "up"];
            prop_assert_eq!(values(format, &line), want);
        }
    }
}
