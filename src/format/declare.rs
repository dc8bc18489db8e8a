//! How people name a format: a preset, a string, or a definition with declared fields.

use serde_json::{Map, Value};

use super::template::{self, Candidate, DECLARED, Piece, Source};
use super::{Clock, Escape, Format, JsonMap, Keyed, Layout, Meaning, TimeText, Unit, apache, config, json, nginx, preset};
use crate::error::{Error, ErrorKind, Result};
use crate::record::Kind;

impl Format {
    /// Reads what a user writes for a format: the name of a preset, an nginx string (it has `$name`), an Apache string
    /// (it has `%`), or a `log_format …;` or `LogFormat "…" nickname` directive as a configuration has it. Of a preset with several layouts this is the current one: see [`Format::candidates`].
    ///
    /// # Errors
    /// Neither of these, or a mistake inside the string, with its column.
    pub fn parse(text: &str) -> Result<Format> {
        let mut candidates = Format::candidates(text)?;
        Ok(candidates.swap_remove(0))
    }

    /// As [`Format::parse`], but of a preset's name with its older layouts as [others](Format::others); never empty.
    ///
    /// # Errors
    /// As [`Format::parse`].
    pub fn candidates(text: &str) -> Result<Vec<Format>> {
        let trimmed = text.trim();
        if trimmed.starts_with('{')
            && let Ok(Value::Object(map)) = serde_json::from_str(trimmed)
            && map.keys().any(|key| KEYS.contains(&key.as_str()))
        {
            return Ok(vec![Format::from_value(&Value::Object(map))?]);
        }
        if let Some(pasted) = config::pasted(text) {
            return Ok(vec![pasted?]);
        }
        let source = Source { name: "format", text };
        match syntax(text) {
            Some(Syntax::Nginx) => Ok(vec![StringFormat::CUSTOM.nginx(source)?]),
            Some(Syntax::Apache) => Ok(vec![StringFormat::CUSTOM.apache(source)?]),
            None => Ok(vec![preset::Preset::named(trimmed)?.family()?]),
        }
    }

    /// Reads the value of `format:` in a definition file: a text as for [`Format::parse`], or an object with one of
    ///
    /// - `json: {time: ts, status: status, latency: request_time s, path: request.uri}`: keys of a JSON line ([`json`]),
    /// - `logfmt: {time: ts, status: status}`: names of `name=value` pairs, in the same way,
    /// - `log_format: '…'`: an nginx or Apache string, with `escape: default|json|none` for nginx,
    /// - `preset: name`,
    ///
    /// and perhaps `name`, `clock: start|end`, `only_if: {logger: http.log.access}` (JSON) and `fields`, which gives fields of a string
    /// a meaning and a unit: `fields: {latency: $process_time ms}` for a common name, `fields: {$wait: ms}` for the log's own.
    ///
    /// # Errors
    /// An unknown key, a value of the wrong type, a latency without a unit, and everything that [`Format::parse`] refuses.
    pub fn from_value(value: &Value) -> Result<Format> {
        match value {
            Value::String(text) => Format::parse(text),
            Value::Object(map) => from_object(map),
            _ => Err(definition("`format` must be a text or a mapping")
                .hint("write a preset's name, a log_format string, or `format: {json: {time: ts, status: status}}`")),
        }
    }
}

/// The keys of a format's definition.
const KEYS: [&str; 9] = ["json", "logfmt", "log_format", "preset", "escape", "fields", "clock", "only_if", "name"];

enum Syntax {
    Nginx,
    Apache,
}

/// nginx has variables, Apache has directives. A string with both is nginx's: `100%` may stand there as text.
fn syntax(text: &str) -> Option<Syntax> {
    let begins_name = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '{';
    let has_variable = text.match_indices('$').any(|(i, _)| text[i + 1..].starts_with(begins_name));
    if has_variable {
        return Some(Syntax::Nginx);
    }
    if text.contains('$') && !text.contains('%') {
        return Some(Syntax::Nginx);
    }
    text.contains('%').then_some(Syntax::Apache)
}

#[cold]
pub(super) fn definition(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Definition, message)
}

fn from_object(map: &Map<String, Value>) -> Result<Format> {
    check_keys(map)?;
    let mut format = match (map.get("json").or(map.get("logfmt")), map.get("log_format"), map.get("preset")) {
        (Some(_), ..) if map.contains_key("json") && map.contains_key("logfmt") => return Err(exactly_one()),
        (Some(pairs), None, None) if map.contains_key("logfmt") => custom_logfmt(pairs)?,
        (Some(json), None, None) => custom_json(json)?,
        (None, Some(text), None) => log_format(map, text_of("log_format", text)?)?,
        (json, None, Some(name)) => from_preset(map, json, text_of("preset", name)?)?,
        _ => return Err(exactly_one()),
    };
    if let Some(clock) = clock(map)? {
        format.clock = clock;
    }
    if let Some(name) = map.get("name") {
        text_of("name", name)?.clone_into(&mut format.name);
    }
    if let Some(conditions) = map.get("only_if") {
        let Layout::Json(json_map) = &mut format.layout else {
            return Err(definition("`only_if` belongs to JSON formats").hint("remove it, or describe the lines by `json`"));
        };
        json_map.only_if = json::conditions(conditions)?;
    }
    Ok(format)
}

fn check_keys(map: &Map<String, Value>) -> Result<()> {
    match map.keys().find(|key| !KEYS.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(definition(format!("`format` has no key `{key}`")).hint(choices(key, KEYS.iter().copied()))),
    }
}

#[cold]
fn exactly_one() -> Error {
    definition("`format` needs exactly one of `json`, `logfmt`, `log_format` and `preset`")
        .hint("only `preset` and `json` go together: the preset with some keys changed")
}

fn custom_logfmt(value: &Value) -> Result<Format> {
    let map = JsonMap { keyed: Keyed::Logfmt, ..json::map(value)? };
    Ok(Format::new("custom", Layout::Json(map), Clock::End))
}

fn custom_json(value: &Value) -> Result<Format> {
    Ok(Format::new("custom", Layout::Json(json::map(value)?), Clock::End))
}

fn log_format(map: &Map<String, Value>, text: &str) -> Result<Format> {
    let fields = declared_fields(map)?;
    let string = StringFormat { escape: escape(map)?, fields: &fields, clock: clock(map)?, ..StringFormat::CUSTOM };
    let source = Source { name: "log_format", text };
    match syntax(text) {
        Some(Syntax::Nginx) => string.nginx(source),
        Some(Syntax::Apache) => string.apache(source),
        None => Err(source
            .error(0..text.len(), "the string has no fields", "neither $variables nor %directives")
            .hint("write the string as the server's configuration has it; a preset's name goes under `preset`")),
    }
}

fn from_preset(map: &Map<String, Value>, json: Option<&Value>, name: &str) -> Result<Format> {
    let preset = preset::Preset::named(name)?;
    let mut format = preset.first_with(&declared_fields(map)?)?;
    if let Some(value) = json {
        let Layout::Json(base) = format.layout else {
            return Err(definition(format!("the lines of preset `{name}` are not JSON, so `json` does not fit"))
                .hint("give its fields a meaning by `fields`"));
        };
        format.layout = Layout::Json(json::overlay(base, value)?);
    }
    Ok(format)
}

fn clock(map: &Map<String, Value>) -> Result<Option<Clock>> {
    let Some(value) = map.get("clock") else { return Ok(None) };
    match value.as_str() {
        Some("start") => Ok(Some(Clock::Start)),
        Some("end") => Ok(Some(Clock::End)),
        _ => Err(definition("`clock` must be `start` or `end`")
            .hint("start: the line's time is when the request was received; end: when the line was written")),
    }
}

fn escape(map: &Map<String, Value>) -> Result<Option<Escape>> {
    let Some(value) = map.get("escape") else { return Ok(None) };
    match value.as_str() {
        Some("default" | "json") => Ok(Some(Escape::Backslash)),
        Some("none") => Ok(Some(Escape::None)),
        _ => Err(definition("`escape` must be `default`, `json` or `none`").hint("it is the escape= of nginx's log_format")),
    }
}

fn declared_fields(map: &Map<String, Value>) -> Result<Vec<(String, String)>> {
    let Some(fields) = map.get("fields") else { return Ok(Vec::new()) };
    let Value::Object(fields) = fields else {
        return Err(definition("`fields` must be a mapping").hint("write fields: {latency: $process_time ms}"));
    };
    fields.iter().map(|(key, value)| Ok((key.clone(), text_of(key, value)?.to_owned()))).collect()
}

fn text_of<'a>(key: &str, value: &'a Value) -> Result<&'a str> {
    value.as_str().ok_or_else(|| definition(format!("`{key}` must be a text")).hint("put it in quotes"))
}

/// `did you mean …` where one is near, else the list.
pub(super) fn choices<'a>(written: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let distance = |name: &&str| strsim::damerau_levenshtein(&written.to_ascii_lowercase(), &name.to_ascii_lowercase());
    match known.clone().min_by_key(distance).filter(|name| distance(name) <= 1 + name.len() / 4) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there is: {}", known.collect::<Vec<_>>().join(", ")),
    }
}

/// What is declared beside a format string.
#[derive(Clone, Copy)]
pub(super) struct StringFormat<'a> {
    /// Name of the format.
    pub name: &'a str,
    /// The escaping, where it is declared outside the string.
    pub escape: Option<Escape>,
    /// Names and what they are declared to be.
    pub fields: &'a [(String, String)],
    /// What the time marks, if not what the server's own times do.
    pub clock: Option<Clock>,
}

impl StringFormat<'_> {
    /// Nothing declared.
    pub const CUSTOM: StringFormat<'static> = StringFormat { name: "custom", escape: None, fields: &[], clock: None };

    /// As an nginx string.
    pub fn nginx(self, source: Source) -> Result<Format> {
        let (mut pieces, prefix) = nginx::pieces(source)?;
        declare(source, &mut pieces, self.fields)?;
        let clock = self.clock.unwrap_or(nginx::CLOCK);
        let escape = self.escape.or(prefix).unwrap_or(Escape::Backslash);
        let name = self.name.to_owned();
        if nginx::looks_like_json(&pieces)
            && let Some(map) = nginx::json_map(&pieces)
        {
            let mut format = Format::new(name.clone(), Layout::Json(map), clock);
            if nginx::has_value_without_quotes(&pieces)
                && let Ok(template) = template::build(source, pieces, escape)
            {
                format.others.push(Format::new(name, Layout::Delimited(template), clock));
            }
            return Ok(format);
        }
        let layout = Layout::Delimited(template::build(source, nginx::join_requests(pieces), escape)?);
        Ok(Format::new(name, layout, clock))
    }

    /// As an Apache string.
    pub fn apache(self, source: Source) -> Result<Format> {
        let (mut pieces, clock) = apache::pieces(source)?;
        declare(source, &mut pieces, self.fields)?;
        let template = template::build(source, pieces, self.escape.unwrap_or(Escape::Backslash))?;
        let layout = Layout::Delimited(template);
        Ok(Format::new(self.name, layout, self.clock.unwrap_or(clock)))
    }
}

/// Gives fields of a string the meanings that are declared beside it.
pub(super) fn declare(source: Source, pieces: &mut [Piece], fields: &[(String, String)]) -> Result<()> {
    for (key, value) in fields {
        let own = key.starts_with(['$', '%']);
        let (name, reading) = if own { (key.as_str(), Reading::word(value)) } else { Reading::split(value) };
        if own && reading.is_none() {
            return Err(definition(format!("`{value}` says neither a unit nor a kind for `{key}`")).hint(WORDS));
        }
        let field = find(source, pieces, name)?;
        let known = field.meaning.clone();
        if own {
            field.meaning = custom(reading, &known);
            continue;
        }
        match meaning(key, reading, Some(&known))? {
            Some(meaning) => (field.meaning, field.rank) = (meaning, DECLARED),
            None => (field.meaning, field.name) = (custom(reading, &known), key.clone()),
        }
    }
    Ok(())
}

fn find<'a>(source: Source, pieces: &'a mut [Piece], name: &str) -> Result<&'a mut Candidate> {
    let names: Vec<String> = template::fields(pieces).map(|f| f.name.clone()).collect();
    template::fields_mut(pieces).find(|f| f.name == name).ok_or_else(|| {
        let message = format!("the format has no field `{name}`");
        source.error(0..source.text.len(), message, "these are its fields").hint(choices(name, names.iter().map(String::as_str)))
    })
}

/// What a unit or kind behind a name says.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Reading {
    /// A length of time in this unit, or a time since 1970.
    In(Unit),
    /// A value of this kind.
    As(Kind),
    /// RFC 3339.
    Rfc3339,
    /// Common Log Format.
    Clf,
}

/// The words for units and kinds.
pub(super) const WORDS: &str = "units are s, ms, us, ns and min, or `duration` where the unit stands behind each number (0.25s); \
                                kinds are number, size, status, text, rfc3339 and clf";

impl Reading {
    /// One word.
    pub fn word(word: &str) -> Option<Reading> {
        Some(match word {
            "s" => Reading::In(Unit::Seconds),
            "ms" => Reading::In(Unit::Millis),
            "us" | "µs" => Reading::In(Unit::Micros),
            "ns" => Reading::In(Unit::Nanos),
            "min" => Reading::In(Unit::Minutes),
            "duration" => Reading::In(Unit::Written),
            "number" => Reading::As(Kind::Number),
            "size" | "bytes" => Reading::As(Kind::Size),
            "status" => Reading::As(Kind::Status),
            "text" => Reading::As(Kind::Text),
            "rfc3339" | "iso8601" => Reading::Rfc3339,
            "clf" => Reading::Clf,
            _ => return None,
        })
    }

    /// `NAME [WORD]`: names may hold spaces, so only a known last word counts.
    pub fn split(text: &str) -> (&str, Option<Reading>) {
        match text.trim().rsplit_once(' ') {
            Some((name, word)) if Reading::word(word).is_some() => (name.trim_end(), Reading::word(word)),
            _ => (text.trim(), None),
        }
    }
}

/// The common names that a definition can give to a field.
pub(super) const COMMON: [&str; 14] = [
    "time",
    "created",
    "method",
    "path",
    "target",
    "request",
    "query",
    "host",
    "status",
    "latency",
    "elapsed",
    "bytes",
    "user_agent",
    "remote_addr",
];

/// The meaning of a field that a definition calls by a common name; none if the name is none of them. `known` is
/// what the field would mean without the definition.
pub(super) fn meaning(name: &str, reading: Option<Reading>, known: Option<&Meaning>) -> Result<Option<Meaning>> {
    let text = |meaning: Meaning| match reading {
        None | Some(Reading::As(Kind::Text)) => Ok(Some(meaning)),
        Some(_) => Err(misfit(name)),
    };
    match name {
        "time" => Ok(Some(Meaning::Time(time_text(name, reading, known)?))),
        "created" => Ok(Some(Meaning::Created(time_text(name, reading, known)?))),
        "latency" => Ok(Some(Meaning::Latency(unit(name, reading, known)?))),
        "elapsed" => Ok(Some(Meaning::Elapsed(unit(name, reading, known)?))),
        "status" => match reading {
            None | Some(Reading::As(Kind::Status | Kind::Number)) => Ok(Some(Meaning::Status)),
            Some(_) => Err(misfit(name)),
        },
        "bytes" => match reading {
            None | Some(Reading::As(Kind::Size | Kind::Number)) => Ok(Some(Meaning::Bytes)),
            Some(_) => Err(misfit(name)),
        },
        "method" => text(Meaning::Method),
        // A path that somebody names may carry its query, and one that does not is a target without a query.
        "path" if known == Some(&Meaning::Path) => text(Meaning::Path),
        "path" | "target" => text(Meaning::Target),
        "request" => text(Meaning::Request),
        "query" => text(Meaning::Query),
        "host" => text(Meaning::Host),
        "user_agent" => text(Meaning::UserAgent),
        "remote_addr" => text(Meaning::RemoteAddr),
        _ => Ok(None),
    }
}

/// The meaning of a field under a name of its own.
pub(super) fn custom(reading: Option<Reading>, known: &Meaning) -> Meaning {
    match reading {
        None => template::plain(known),
        Some(Reading::In(unit)) => Meaning::Other(Kind::Duration, unit),
        Some(Reading::As(kind)) => Meaning::Other(kind, Unit::One),
        Some(Reading::Rfc3339) => Meaning::OtherTime(TimeText::Iso8601),
        Some(Reading::Clf) => Meaning::OtherTime(TimeText::Clf),
    }
}

fn time_text(name: &str, reading: Option<Reading>, known: Option<&Meaning>) -> Result<TimeText> {
    match (reading, known) {
        (None, Some(Meaning::Time(text) | Meaning::Created(text) | Meaning::Ended(text) | Meaning::OtherTime(text))) => {
            Ok(text.clone())
        }
        (None | Some(Reading::Rfc3339), _) => Ok(TimeText::Iso8601),
        (Some(Reading::Clf), _) => Ok(TimeText::Clf),
        (Some(Reading::In(unit)), _) if !matches!(unit, Unit::Minutes | Unit::Written) => Ok(TimeText::Epoch(unit)),
        _ => Err(misfit(name)),
    }
}

fn unit(name: &str, reading: Option<Reading>, known: Option<&Meaning>) -> Result<Unit> {
    match (reading, known) {
        (Some(Reading::In(unit)), _) => Ok(unit),
        (None, Some(Meaning::Latency(u) | Meaning::LatencyPart(u) | Meaning::Elapsed(u) | Meaning::Other(Kind::Duration, u))) => {
            Ok(*u)
        }
        (None, _) => Err(definition(format!("`{name}` has no unit, and slix never guesses one"))
            .hint(format!("write the unit behind the name, as in `{name}: request_time s`; {WORDS}"))),
        (Some(_), _) => Err(misfit(name)),
    }
}

#[cold]
fn misfit(name: &str) -> Error {
    definition(format!("`{name}` cannot be read that way")).hint(match name {
        "time" | "created" => "write `rfc3339`, `clf`, or the unit of a number since 1970: s, ms, us or ns",
        "latency" | "elapsed" => "write s, ms, us, ns or min, or `duration` where the unit stands behind each number (0.25s)",
        "status" => "a status is a number; remove the word behind the name",
        "bytes" => "bytes are a count; remove the word behind the name",
        _ => "it is a text; remove the word behind the name",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Combine;
    use crate::record::Field;
    use proptest::prelude::*;
    use serde_json::json;

    fn meaning_of(value: Value, field: Field) -> Meaning {
        let format = Format::from_value(&value).unwrap();
        let resolved = format.resolve(&field).unwrap();
        assert_eq!(resolved.combine, Combine::First);
        format.meaning(resolved.sources[0]).unwrap().clone()
    }

    fn error(value: Value) -> (String, String) {
        let error = Format::from_value(&value).unwrap_err();
        (error.to_string(), error.hint_text().unwrap_or_default().to_owned())
    }

    #[test]
    fn names_and_strings_are_told_apart() {
        assert_eq!(Format::parse("combined").unwrap().name, "combined");
        assert_eq!(Format::parse("$msec $status 100%").unwrap().clock, Clock::End);
        assert_eq!(Format::parse("%t %>s").unwrap().clock, Clock::Start);
        assert!(Format::parse(r#"{"json": {"time": "ts s"}}"#).is_ok());
        assert!(matches!(Format::parse(r#"{"time": "$msec"}"#).unwrap().layout, Layout::Json(_)));
    }

    #[test]
    fn an_unknown_name_lists_or_suggests() {
        let error = Format::parse("combind").unwrap_err();
        assert_eq!(error.hint_text(), Some("did you mean `combined`?"));
        assert!(Format::parse("zzz").unwrap_err().hint_text().unwrap().contains("nginx_main"));
    }

    #[test]
    fn declared_units_make_latency() {
        let value = json!({"log_format": "$msec $status $process_time", "fields": {"latency": "$process_time ms"}});
        assert_eq!(meaning_of(value, Field::Latency), Meaning::Latency(Unit::Millis));
        let value = json!({"log_format": "$msec $status $wait", "fields": {"$wait": "us"}});
        assert_eq!(meaning_of(value, Field::Named("$wait".into())), Meaning::Other(Kind::Duration, Unit::Micros));
    }

    #[test]
    fn a_declared_field_beats_a_known_one() {
        let value = json!({"log_format": "$msec $status $request_time $app_time", "fields": {"latency": "$app_time us"}});
        assert_eq!(meaning_of(value.clone(), Field::Latency), Meaning::Latency(Unit::Micros));
        let own = meaning_of(value, Field::Named("$request_time".into()));
        assert_eq!(own, Meaning::Other(Kind::Duration, Unit::Seconds));
    }

    #[test]
    fn a_known_unit_may_be_corrected() {
        let value = json!({"log_format": "%t %>s %D", "fields": {"latency": "%D ms"}, "clock": "end"});
        assert_eq!(meaning_of(value.clone(), Field::Latency), Meaning::Latency(Unit::Millis));
        assert_eq!(Format::from_value(&value).unwrap().clock, Clock::End);
    }

    #[test]
    fn another_field_can_be_the_time() {
        let value = json!({"log_format": "$my_time $status", "fields": {"time": "$my_time ms"}});
        assert_eq!(meaning_of(value, Field::Time), Meaning::Time(TimeText::Epoch(Unit::Millis)));
    }

    #[test]
    fn a_preset_can_be_changed() {
        let value = json!({"preset": "caddy", "json": {"time": "ts rfc3339"}});
        assert_eq!(meaning_of(value, Field::Time), Meaning::Time(TimeText::Iso8601));
    }

    #[test]
    fn mistakes_say_what_to_do() {
        let (message, hint) = error(json!({"log_format": "$msec $status $process_time", "fields": {"latency": "$process_time"}}));
        assert!(message.contains("has no unit") && hint.contains("latency: request_time s"), "{message} {hint}");
        let (message, hint) = error(json!({"log_format": "$msec $status", "fields": {"latency": "$requst_time s"}}));
        assert!(message.contains("no field `$requst_time`") && hint.contains("$status"), "{message} {hint}");
        for (value, words) in [
            (json!(7), "must be a text or a mapping"),
            (json!({"jsn": {}}), "no key `jsn`"),
            (json!({}), "exactly one"),
            (json!({"json": {"time": "t"}, "log_format": "x"}), "exactly one"),
            (json!({"log_format": "plain"}), "no fields"),
            (json!({"log_format": "$msec", "clock": "now"}), "`start` or `end`"),
            (json!({"log_format": "$msec", "escape": "x"}), "`escape` must"),
            (json!({"log_format": "$msec", "fields": {"$msec": "parsec"}}), "neither a unit nor a kind"),
            (json!({"log_format": "$msec $a", "fields": {"time": "$a number"}}), "cannot be read that way"),
            (json!({"log_format": "$msec", "only_if": {"a": "b"}}), "belongs to JSON"),
            (json!({"preset": "combined", "json": {"time": "ts"}}), "not JSON"),
        ] {
            let (message, hint) = error(value);
            assert!(message.contains(words) && !hint.is_empty(), "{message} | {hint}");
        }
    }

    /// The page for users, whose examples must work and whose table must be whole.
    const PAGE: &str = include_str!("../../docs/formats.md");

    #[test]
    fn the_examples_of_the_documentation_work() {
        let blocks: Vec<&str> = PAGE.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert_eq!(blocks.len(), 4);
        for block in blocks {
            let value: Value = serde_saphyr::from_str(block).unwrap();
            Format::from_value(&value["format"]).unwrap_or_else(|e| panic!("{block}: {e}"));
        }
        for line in PAGE.lines().filter_map(|l| l.strip_prefix("slix report --format '")) {
            Format::parse(line.split('\'').next().unwrap()).unwrap();
        }
    }

    #[test]
    fn the_documentation_lists_every_preset_with_its_clock() {
        for preset in preset::all() {
            let row = PAGE.lines().find(|l| l.starts_with(&format!("| `{}` |", preset.name)));
            let clock = row.and_then(|r| r.split('|').nth(3)).unwrap_or_else(|| panic!("no row for {}", preset.name));
            let want = if preset.clock() == Clock::Start { " start" } else { " end" };
            assert!(clock.starts_with(want), "{}", preset.name);
        }
    }

    proptest! {
        /// Whatever is written, the answer is a format or an error that says what to do.
        #[test]
        fn any_text_is_a_format_or_an_error(
            text in r#"([$%{}"'\\<>!^,;#é \n]|escape=|log_format |LogFormat |msec|time_local|status|uri|[a-zA-Z0-9:./\[\]-]){0,24}"#
        ) {
            for result in [
                Format::parse(&text),
                Format::from_value(&json!({"log_format": text, "fields": {"latency": text}})),
                Format::from_value(&json!({"json": {"time": text}})),
                config::from_nginx_conf("f", &text, None),
                config::from_apache_conf("f", &text, None),
            ] {
                if let Err(error) = result {
                    prop_assert!(error.hint_text().is_some(), "{}", error);
                    prop_assert!(error.excerpt().is_none_or(|e| e.offset + e.length <= e.text.len()), "{}", error);
                    let _ = error.to_string();
                }
            }
        }
    }
}
