//! Mappings of JSON lines: which key holds what.
//!
//! ```yaml
//! format:
//!   json: {time: ts ms, status: status, latency: request_time s, path: request.uri, tenant: [labels, "team.name"]}
//! ```
//! A key is a common name or a name of the user's choice; a value is `PATH [UNIT or KIND]`:
//!
//! ```text
//! path = step *( "." step / "[" 1*DIGIT "]" )
//! step = 1*( any but "." "`" "[" SP ) / "`" 1*( any but "`" ) "`"    ; a number is an index where the value is an array
//! ```
//! A list of texts is a path too, whatever characters its steps hold; as `{path: [...], as: ms}` it can have a unit.

use nom::branch::alt;
use nom::bytes::complete::take_while1;
use nom::character::complete::{char, digit1};
use nom::multi::many0;
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};
use serde_json::Value;

use super::declare::{self, COMMON, Reading, WORDS, choices, definition};
use super::template::Source;
use super::{JsonCondition, JsonField, JsonMap, Meaning, Unit};
use crate::error::Result;
use crate::record::Kind;

/// Reads a mapping: an object of names and paths. Without a `time` an envelope must give it.
///
/// # Errors
/// Not an object, a path that is none, a latency without a unit, a unit that does not fit.
pub fn map(value: &Value) -> Result<JsonMap> {
    let fields = fields(value)?;
    // Any object would be a request of what asks for nothing.
    let connections = !fields.iter().any(|field| matches!(field.meaning, Meaning::Time(_)));
    let keyed = super::Keyed::Json;
    Ok(JsonMap { fields, only_if: Vec::new(), others: Kind::Text, text_is_chatter: false, connections, keyed })
}

/// A mapping with some names given anew: what `value` names replaces what `base` has under the same meaning or name.
///
/// # Errors
/// As [`map`], but without a `time` that of `base` stays.
pub fn overlay(base: JsonMap, value: &Value) -> Result<JsonMap> {
    let mut fields = fields(value)?;
    let replaced = |old: &JsonField| {
        fields.iter().any(|new| {
            let same_meaning = std::mem::discriminant(&new.meaning) == std::mem::discriminant(&old.meaning);
            new.name == old.name || (same_meaning && !matches!(new.meaning, Meaning::Other(..) | Meaning::OtherTime(_)))
        })
    };
    let kept: Vec<_> = base.fields.into_iter().filter(|old| !replaced(old)).collect();
    fields.extend(kept);
    Ok(JsonMap { fields, ..base })
}

/// Reads `only_if: {logger: http.log.access}`: paths and what their values must begin with (an empty text: the key must be there).
///
/// # Errors
/// Not an object of texts, or a path that is none.
pub fn conditions(value: &Value) -> Result<Vec<JsonCondition>> {
    let usage = "write `only_if: {logger: http.log.access}`: a path, and what its text must begin with";
    let Value::Object(map) = value else { return Err(definition("`only_if` must be a mapping").hint(usage)) };
    let read = map.iter().map(|(written, prefix)| {
        let prefix = prefix.as_str().ok_or_else(|| definition(format!("`only_if.{written}` must be a text")).hint(usage))?;
        Ok(JsonCondition { path: path(written)?, prefix: prefix.to_owned() })
    });
    read.collect()
}

/// Reads a path as expressions and mappings write it: `request.uri`, ``headers.`X.Y` ``, `tags[0]`.
///
/// # Errors
/// An empty step, an unterminated backtick or bracket, with its column.
pub fn path(text: &str) -> Result<Vec<String>> {
    let source = Source { name: "path", text };
    let (rest, steps) = steps(text).unwrap_or((text, Vec::new()));
    if rest.is_empty() && !steps.is_empty() {
        return Ok(steps);
    }
    let at = source.offset(rest);
    Err(source
        .error(at..text.len(), format!("`{text}` is no path to a key"), "cannot be read")
        .hint("write a.b.c; put a key that holds dots or spaces in backticks (`a.b`.c) or write the path as a list"))
}

/// `step *( "." step / "[" 1*DIGIT "]" )`
fn steps(input: &str) -> IResult<&str, Vec<String>> {
    let index = delimited(char('['), digit1, char(']'));
    let more = many0(alt((preceded(char('.'), step), index)));
    let (rest, (first, more)) = (step, more).parse(input)?;
    Ok((rest, std::iter::once(first).chain(more).map(str::to_owned).collect()))
}

fn step(input: &str) -> IResult<&str, &str> {
    let bare = take_while1(|c: char| !matches!(c, '.' | '`' | '[' | ' '));
    let quoted = delimited(char('`'), take_while1(|c| c != '`'), char('`'));
    alt((quoted, bare)).parse(input)
}

fn fields(value: &Value) -> Result<Vec<JsonField>> {
    let Value::Object(map) = value else {
        return Err(definition("`json` must be a mapping of names to keys").hint("write json: {time: ts, status: status}"));
    };
    map.iter().map(|(name, value)| field(name, value).map_err(|e| within(name, e))).collect()
}

/// Says which name of the mapping an error belongs to, if its words do not.
#[cold]
fn within(name: &str, error: crate::error::Error) -> crate::error::Error {
    if error.message().contains(&format!("`{name}`")) {
        return error;
    }
    let kind = error.kind();
    let mut outer = crate::error::Error::new(kind, format!("`json.{name}`: {}", error.message()));
    if let Some(hint) = error.hint_text() {
        outer = outer.hint(hint);
    }
    match error.excerpt() {
        Some(excerpt) => outer.at(excerpt.clone()),
        None => outer,
    }
}

fn field(name: &str, value: &Value) -> Result<JsonField> {
    let (path, written, reading) = place(name, value)?;
    if let Some(meaning) = declare::meaning(name, reading, None)? {
        return Ok(JsonField { name: written, path, meaning });
    }
    if let Some(near) = COMMON.iter().find(|common| strsim::damerau_levenshtein(common, name) == 1) {
        return Err(definition(format!("`{name}` is nearly `{near}`")).hint(format!(
            "write `{near}` if you mean it; a name of your own must differ more from the common names: {}",
            COMMON.join(", ")
        )));
    }
    let meaning = declare::custom(reading, &Meaning::Other(Kind::Text, Unit::One));
    Ok(JsonField { name: name.to_owned(), path, meaning })
}

/// The path of a value, its text as a name, and the word behind it.
fn place(name: &str, value: &Value) -> Result<(Vec<String>, String, Option<Reading>)> {
    match value {
        Value::String(text) => {
            let (written, reading) = Reading::split(text);
            if let Some((_, word)) = written.rsplit_once(' ').filter(|_| !written.contains('`')) {
                return Err(definition(format!("`{word}` behind `{name}` is neither a unit nor a kind")).hint(WORDS));
            }
            Ok((path(written)?, written.to_owned(), reading))
        }
        Value::Array(list) => {
            let path = listed(name, list)?;
            Ok((path.clone(), path.join("."), None))
        }
        Value::Object(map) => long_place(name, map),
        _ => Err(not_a_place(name)),
    }
}

/// `{path: …, as: ms}`
fn long_place(name: &str, map: &serde_json::Map<String, Value>) -> Result<(Vec<String>, String, Option<Reading>)> {
    if let Some(key) = map.keys().find(|key| !["path", "as"].contains(&key.as_str())) {
        return Err(definition(format!("`{name}` has no key `{key}`")).hint(choices(key, ["path", "as"].into_iter())));
    }
    let (path, written, reading) = match map.get("path") {
        Some(value @ (Value::String(_) | Value::Array(_))) => place(name, value)?,
        _ => return Err(not_a_place(name)),
    };
    let reading = match map.get("as").map(|v| v.as_str().and_then(Reading::word)) {
        None => reading,
        Some(Some(reading)) => Some(reading),
        Some(None) => return Err(definition(format!("`{name}.as` is neither a unit nor a kind")).hint(WORDS)),
    };
    Ok((path, written, reading))
}

fn listed(name: &str, list: &[Value]) -> Result<Vec<String>> {
    let steps = list.iter().map(|step| match step {
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        Value::Number(index) if index.is_u64() => Ok(index.to_string()),
        _ => Err(not_a_place(name)),
    });
    let steps: Vec<String> = steps.collect::<Result<_>>()?;
    if steps.is_empty() { Err(not_a_place(name)) } else { Ok(steps) }
}

#[cold]
fn not_a_place(name: &str) -> crate::error::Error {
    definition(format!("`{name}` must name a key"))
        .hint("write a path (request.uri), a list ([labels, \"team.name\"]), or {path: [..], as: ms}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::TimeText;
    use serde_json::json;

    fn read(value: Value) -> Vec<(String, Vec<String>, Meaning)> {
        map(&value).unwrap().fields.into_iter().map(|f| (f.name, f.path, f.meaning)).collect()
    }

    fn one(name: &str, value: Value) -> (String, Vec<String>, Meaning) {
        let all = read(json!({"time": "t", name: value}));
        all.into_iter().next_back().unwrap()
    }

    #[test]
    fn paths_are_read() {
        for (text, want) in [
            ("a", vec!["a"]),
            ("a.b-c.@d", vec!["a", "b-c", "@d"]),
            ("`a.b`.c", vec!["a.b", "c"]),
            ("a.`b c`", vec!["a", "b c"]),
            ("a[0].b[12]", vec!["a", "0", "b", "12"]),
            ("a.0", vec!["a", "0"]),
        ] {
            assert_eq!(path(text).unwrap(), want, "{text}");
        }
    }

    #[test]
    fn broken_paths_point_to_the_place() {
        for (text, column) in [("", 1), (".a", 1), ("a..b", 2), ("a.", 2), ("a.`b", 2), ("a[x]", 2), ("a[0", 2), ("a b", 2)] {
            let error = path(text).unwrap_err();
            assert_eq!(error.excerpt().unwrap().line_column(), (1, column), "{text}");
        }
    }

    #[test]
    fn units_kinds_and_times() {
        for (value, want) in [
            ("ts", TimeText::Iso8601),
            ("ts rfc3339", TimeText::Iso8601),
            ("ts clf", TimeText::Clf),
            ("ts s", TimeText::Epoch(Unit::Seconds)),
            ("ts ms", TimeText::Epoch(Unit::Millis)),
            ("ts us", TimeText::Epoch(Unit::Micros)),
            ("ts ns", TimeText::Epoch(Unit::Nanos)),
        ] {
            assert_eq!(read(json!({"time": value}))[0].2, Meaning::Time(want), "{value}");
        }
        for (name, value, want) in [
            ("latency", "took s", Meaning::Latency(Unit::Seconds)),
            ("latency", "took duration", Meaning::Latency(Unit::Written)),
            ("elapsed", "took us", Meaning::Elapsed(Unit::Micros)),
            ("path", "request.uri", Meaning::Target),
            ("wait", "w ms", Meaning::Other(Kind::Duration, Unit::Millis)),
            ("retries", "r number", Meaning::Other(Kind::Number, Unit::One)),
            ("team", "labels.team", Meaning::Other(Kind::Text, Unit::One)),
        ] {
            assert_eq!(one(name, json!(value)).2, want, "{name}: {value}");
        }
    }

    #[test]
    fn names_are_paths_or_the_users_own() {
        assert_eq!(one("latency", json!("a.took s")).0, "a.took");
        assert_eq!(one("team", json!(["labels", "team.name"])).0, "team");
        assert_eq!(one("team", json!(["labels", "team.name", 0])).1, ["labels", "team.name", "0"]);
        assert_eq!(one("latency", json!({"path": ["a.b"], "as": "ms"})).2, Meaning::Latency(Unit::Millis));
    }

    #[test]
    fn an_overlay_replaces_what_has_the_same_meaning() {
        let base = map(&json!({"time": "t", "status": "s", "team": "x"})).unwrap();
        let changed = overlay(base, &json!({"time": "at ms", "bytes": "n"})).unwrap();
        let shown: Vec<_> = changed.fields.iter().map(|f| f.path.join(".")).collect();
        assert_eq!(shown, ["at", "n", "s", "x"]);
    }

    #[test]
    fn mistakes_say_what_to_do() {
        for (value, words) in [
            (json!([]), "must be a mapping"),
            (json!({"time": "t", "latency": "took"}), "`latency` has no unit"),
            (json!({"time": "t", "latency": "took fortnight"}), "neither a unit nor a kind"),
            (json!({"time": "t min"}), "`time` cannot be read that way"),
            (json!({"time": "t", "status": "s ms"}), "`status` cannot be read that way"),
            (json!({"time": "t", "status": "a..b"}), "`json.status`"),
            (json!({"time": "t", "latncy": "took s"}), "nearly `latency`"),
            (json!({"time": "t", "path": 5}), "must name a key"),
            (json!({"time": "t", "path": []}), "must name a key"),
            (json!({"time": "t", "path": {"pth": "a"}}), "has no key `pth`"),
        ] {
            let error = map(&value).unwrap_err();
            assert!(error.message().contains(words), "{value}: {error}");
            assert!(error.hint_text().is_some(), "{value}");
        }
    }
}
