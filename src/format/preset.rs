//! Formats that have a name.
//!
//! A preset is data: strings as the servers' documentation gives them, lines in the notation of `notation.rs`, or lists of keys. Each family
//! has a file in `presets`, which quotes what it implements.

use super::declare::{StringFormat, choices, definition};
use super::template::Source;
use super::{
    Clock, Escape, Format, JsonCondition, JsonField, JsonMap, Keyed, Layout, Meaning, W3cWriter, json, notation, presets,
};
use crate::error::Result;
use crate::record::Kind;

/// A format with a name.
#[derive(Debug)]
pub struct Preset {
    /// The name, as `--format` takes it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub description: &'static str,
    /// Where its writer documents it.
    pub specification: &'static str,
    /// A line of it, behind the header that its lines need.
    pub example: &'static str,
    pub(super) clock: Clock,
    /// The preset whose lines are the same, and which detection names in its place.
    pub detects_as: Option<&'static str>,
    pub(super) layouts: &'static [Spec],
}

/// One layout of a preset.
#[derive(Debug)]
pub(super) enum Spec {
    /// An Apache string.
    Apache(&'static str),
    /// An nginx string, and declared fields.
    Nginx(&'static str, &'static [(&'static str, &'static str)]),
    /// A part of a line in nginx's syntax, behind which a part that is not read may stand.
    NginxAndMore(&'static str),
    /// A line in the notation.
    Line(&'static str),
    /// A line in the notation whose writer escapes nothing.
    RawLine(&'static str),
    /// The beginning of a line in the notation, behind which a part that is not read may stand.
    LineAndMore(&'static str),
    /// Keys of a JSON object, as the path to each and a meaning in the words of the notation.
    Keys(&'static Keys),
    /// Columns of a `#Fields` header, as such a writer has them.
    Columns(&'static Keys, W3cWriter),
    /// Names of pairs (logfmt).
    Pairs(&'static Keys),
    /// A map of JSON keys.
    Json(fn() -> JsonMap),
}

/// The keys of a JSON format.
#[derive(Debug)]
pub(super) struct Keys {
    /// The path to each key (`request.headers.User-Agent[0]`), and what it means.
    pub(super) fields: &'static [(&'static str, &'static str)],
    /// Keys that an access line has, with what their value begins with.
    pub(super) only_if: &'static [(&'static str, &'static str)],
    /// Whether other text may stand between the lines.
    pub(super) text_is_chatter: bool,
    /// Whether connections have the same keys, without a method, a path and a status.
    pub(super) connections: bool,
}

impl Keys {
    fn map(&self, keyed: Keyed) -> Result<JsonMap> {
        let field = |(name, words): &(&str, &str)| {
            let meaning = notation::meaning(Source { name: "preset", text: words }, words)?;
            let path = if keyed == Keyed::Json { json::path(name)? } else { vec![(*name).to_owned()] };
            Ok(JsonField { name: (*name).to_owned(), path, meaning })
        };
        let condition =
            |(path, prefix): &(&str, &str)| Ok(JsonCondition { path: json::path(path)?, prefix: (*prefix).to_owned() });
        Ok(JsonMap {
            fields: self.fields.iter().map(field).collect::<Result<_>>()?,
            only_if: self.only_if.iter().map(condition).collect::<Result<_>>()?,
            others: Kind::Text,
            text_is_chatter: self.text_is_chatter,
            connections: self.connections,
            keyed,
        })
    }
}

/// Every preset, in the order of the documentation.
pub fn all() -> impl Iterator<Item = &'static Preset> + Clone {
    presets::FAMILIES.iter().flat_map(|family| family.iter())
}

impl Preset {
    /// The preset of a name.
    ///
    /// # Errors
    /// There is none: the hint has the nearest name, or all of them.
    pub fn named(name: &str) -> Result<&'static Preset> {
        all().find(|p| p.name == name).ok_or_else(|| {
            let shown = name.escape_debug();
            definition(format!("`{shown}` is no preset, and no format string either: it has neither $variables nor %directives"))
                .hint(choices(name, all().map(|p| p.name)))
        })
    }

    /// Its layouts, the current one first; never empty.
    ///
    /// # Errors
    /// None for the presets of this crate (a test reads each).
    pub fn formats(&self) -> Result<Vec<Format>> {
        self.layouts.iter().map(|spec| self.format(spec, &[])).collect()
    }

    /// The current layout, with the older ones as others.
    ///
    /// # Errors
    /// None for the presets of this crate (a test reads each).
    pub fn family(&self) -> Result<Format> {
        let mut formats = self.formats()?;
        let mut current = formats.remove(0);
        current.others = formats;
        Ok(current)
    }

    /// What the time on a line marks.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The current layout, with fields declared by the user.
    pub(super) fn first_with(&self, fields: &[(String, String)]) -> Result<Format> {
        match self.layouts {
            [first, ..] => self.format(first, fields),
            [] => Err(definition(format!("preset `{}` has no layout", self.name))),
        }
    }

    fn format(&self, spec: &Spec, declared: &[(String, String)]) -> Result<Format> {
        match spec {
            Spec::Apache(text) => self.string(declared).apache(source(text)),
            Spec::Nginx(text, own) => {
                let own = own.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
                let fields: Vec<_> = own.filter(|(key, _)| declared.iter().all(|(k, _)| k != key)).collect();
                let fields = [fields.as_slice(), declared].concat();
                self.string(&fields).nginx(source(text))
            }
            Spec::NginxAndMore(text) => Ok(open_ended(self.string(declared).nginx(source(text))?)),
            Spec::Line(text) => self.line(text, declared, Escape::Backslash),
            Spec::RawLine(text) => self.line(text, declared, Escape::None),
            Spec::LineAndMore(text) => Ok(open_ended(self.line(text, declared, Escape::Backslash)?)),
            Spec::Json(_) | Spec::Keys(_) | Spec::Pairs(_) | Spec::Columns(..) if !declared.is_empty() => {
                Err(definition(format!("the lines of preset `{}` are JSON", self.name))
                    .hint("change its keys by `json: {latency: took ms}` beside `preset`"))
            }
            Spec::Json(map) => Ok(Format::new(self.name, Layout::Json(map()), self.clock)),
            Spec::Keys(keys) => Ok(Format::new(self.name, Layout::Json(keys.map(Keyed::Json)?), self.clock)),
            Spec::Pairs(keys) => Ok(Format::new(self.name, Layout::Json(keys.map(Keyed::Logfmt)?), self.clock)),
            Spec::Columns(keys, writer) => Ok(Format::new(self.name, Layout::Json(keys.map(Keyed::W3c(*writer))?), self.clock)),
        }
    }

    fn line(&self, text: &str, declared: &[(String, String)], escape: Escape) -> Result<Format> {
        let template = notation::template(source(text), declared, escape)?;
        Ok(Format::new(self.name, Layout::Delimited(template), self.clock))
    }

    fn string<'a>(&'a self, fields: &'a [(String, String)]) -> StringFormat<'a> {
        StringFormat { name: self.name, fields, clock: Some(self.clock), ..StringFormat::CUSTOM }
    }
}

/// The formats of all presets: the candidates of detection.
///
/// # Errors
/// None for the presets of this crate (a test reads each).
pub fn candidates() -> Result<Vec<Format>> {
    all().filter(|preset| preset.detects_as.is_none()).map(Preset::family).collect()
}

fn open_ended(mut format: Format) -> Format {
    if let Layout::Delimited(template) = &mut format.layout {
        template.open_ended = true;
    }
    format
}

fn source(text: &str) -> Source<'_> {
    Source { name: "preset", text }
}

pub(super) fn key(path: &[&str], meaning: Meaning) -> JsonField {
    JsonField { name: path.join("."), path: path.iter().map(|&step| step.to_owned()).collect(), meaning }
}

pub(super) fn only_if(path: &str, prefix: &str) -> Vec<JsonCondition> {
    vec![JsonCondition { path: vec![path.to_owned()], prefix: prefix.to_owned() }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    use crate::format::Unit;
    use crate::format::extract::Extractor;
    use crate::record::{Field, Outcome};

    #[test]
    fn every_preset_reads_its_example() {
        for preset in all() {
            for format in preset.formats().unwrap() {
                assert_eq!((&*format.name, format.clock), (preset.name, preset.clock()));
                // Caddy's console, Heroku's router and uvicorn leave it to their envelope.
                let has_time = format.resolve(&Field::Time).is_some();
                assert!(has_time || ["caddy", "heroku_router", "uvicorn"].contains(&preset.name), "{}", preset.name);
                for field in [Field::Time, Field::Method, Field::Path, Field::Status].into_iter().skip(usize::from(!has_time)) {
                    assert!(format.resolve(&field).is_some(), "{} {field:?}", preset.name);
                }
            }
            let format = preset.family().unwrap();
            let extractor = Extractor::bind(&format, &[], Some(&TimeZone::UTC)).unwrap();
            let mut reader = extractor.reader("");
            let read = preset.example.lines().map(|line| extractor.read(line.as_bytes(), &mut reader)).last().unwrap();
            let want = if format.resolve(&Field::Time).is_some() { Outcome::Event } else { Outcome::Undated };
            assert_eq!(read, want, "{}", preset.name);
        }
    }

    #[test]
    fn names_are_unique_and_found() {
        for preset in all() {
            assert!(std::ptr::eq(Preset::named(preset.name).unwrap(), preset));
        }
    }

    #[test]
    fn latencies_have_the_units_of_their_servers() {
        for (name, want) in [
            ("ingress-nginx", Some(Unit::Seconds)),
            ("nginx_json", Some(Unit::Seconds)),
            ("caddy", Some(Unit::Seconds)),
            ("traefik", Some(Unit::Nanos)),
            ("traefik_clf", Some(Unit::Millis)),
            ("combined", None),
        ] {
            let format = Format::parse(name).unwrap();
            let found = format.resolve(&Field::Latency).map(|r| format.meaning(r.sources[0]).unwrap().clone());
            assert_eq!(found, want.map(Meaning::Latency), "{name}");
        }
    }
}
