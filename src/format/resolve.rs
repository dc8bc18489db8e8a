//! Where a format has a field: common names, own names, and values that are parts of others.

use super::{Element, Format, JsonMap, Layout, Meaning, Template, TimeText, TimeToken, json};
use crate::record::{Field, Kind};

/// Where a format has a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// Indices into [`Template::elements`] or [`JsonMap::fields`]; [`Format::meaning`] says what each holds. A `path` may come from a
    /// [`Meaning::Request`], of which only the path is taken.
    pub sources: Vec<usize>,
    /// How the sources become one value.
    pub combine: Combine,
    /// The kind of the value.
    pub kind: Kind,
}

/// How several sources become one value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Combine {
    /// The first source that is there. (A template has exactly one source; a JSON object may lack keys.)
    First,
    /// All sources are added; absent if one is.
    Sum,
    /// The first source (a time) minus the second (a time).
    Difference,
}

impl TimeText {
    /// Whether such a text may be a local time, whose zone it does not say.
    fn may_be_local(&self) -> bool {
        let tells_zone = |token: &TimeToken| {
            matches!(token, TimeToken::Offset | TimeToken::ZoneName | TimeToken::EpochSeconds | TimeToken::Epoch(_))
        };
        match self {
            TimeText::Clf | TimeText::Epoch(_) | TimeText::IsoColumns | TimeText::Utc(_) => false,
            TimeText::Iso8601 | TimeText::ClfOrIso8601 | TimeText::IsoOrUnix | TimeText::UnixOrDate => true,
            TimeText::Pattern(tokens) => !tokens.iter().any(tells_zone),
        }
    }
}

impl Format {
    /// Whether the times of its lines may be local: a zone would tell some that are none without it.
    pub fn may_be_local(&self) -> bool {
        let may_be_local = |&source: &usize| match self.meaning(source) {
            Some(Meaning::Time(text)) => text.may_be_local(),
            _ => true,
        };
        // Without a time of their own they have that of an envelope.
        let own = self.resolve(&Field::Time).is_none_or(|resolved| resolved.sources.iter().any(may_be_local));
        own || self.others.iter().any(Format::may_be_local)
    }

    /// Where this format has `field`, if it has it.
    ///
    /// Common fields that no field of the log holds as a whole are taken from the best one that contains them: `method`, `path`, `query`
    /// from the target or the request line, `host` from an absolute target, `elapsed` from end and creation. A named
    /// field is looked up by the log's own name; nginx and Apache names for the same thing are one (`$remote_user` and
    /// `%u`). Keys of a JSON object that are not in the map are not found here: see [`JsonMap::others`].
    pub fn resolve(&self, field: &Field) -> Option<Resolved> {
        match field {
            Field::Named(name) => self.resolve_named(name),
            Field::Latency => self.resolve_latency(),
            Field::Elapsed => self.resolve_elapsed(),
            common => {
                let sources = self.sources(roles(common));
                (!sources.is_empty()).then(|| first(sources, common.kind().unwrap_or(Kind::Text)))
            }
        }
    }

    /// What source `index` holds: an element of the template (none for a literal) or a field of the JSON map.
    pub fn meaning(&self, index: usize) -> Option<&Meaning> {
        match &self.layout {
            Layout::Delimited(template) => template_field(template, index).map(|(_, meaning)| meaning),
            Layout::Json(map) => map.fields.get(index).map(|f| &f.meaning),
        }
    }

    /// The log's own name of source `index`.
    pub fn source_name(&self, index: usize) -> Option<&str> {
        match &self.layout {
            Layout::Delimited(template) => template_field(template, index).map(|(name, _)| name),
            Layout::Json(map) => map.fields.get(index).map(|f| f.name.as_str()),
        }
    }

    /// Every own name of the format's fields with its kind, in the order of the line.
    pub fn names(&self) -> Vec<(&str, Kind)> {
        let all = 0..self.width();
        all.filter_map(|i| Some((self.source_name(i)?, self.meaning(i)?.kind()))).collect()
    }

    fn width(&self) -> usize {
        match &self.layout {
            Layout::Delimited(template) => template.elements.len(),
            Layout::Json(map) => map.fields.len(),
        }
    }

    fn resolve_named(&self, name: &str) -> Option<Resolved> {
        let twin = twin(name);
        let found = |wanted: &str| (0..self.width()).find(|&i| self.source_name(i).is_some_and(|n| same_name(n, wanted)));
        let index = found(name).or_else(|| found(twin.as_deref()?)).or_else(|| self.by_path(name))?;
        Some(first(vec![index], self.meaning(index)?.kind()))
    }

    /// A field of the JSON map by the path to it, where it has a name of its own.
    fn by_path(&self, name: &str) -> Option<usize> {
        let Layout::Json(JsonMap { fields, .. }) = &self.layout else { return None };
        let path = json::path(name).ok()?;
        fields.iter().position(|f| f.path == path)
    }

    fn resolve_latency(&self) -> Option<Resolved> {
        let whole = self.sources(|m| matches!(m, Meaning::Latency(_)).then_some(0));
        if !whole.is_empty() {
            return Some(first(whole, Kind::Duration));
        }
        let parts = self.all(|m| matches!(m, Meaning::LatencyPart(_)));
        if !parts.is_empty() {
            return Some(Resolved { sources: parts, combine: Combine::Sum, kind: Kind::Duration });
        }
        self.until_end()
    }

    /// The end less the time, where the log has both.
    fn until_end(&self) -> Option<Resolved> {
        let ended = *self.all(|m| matches!(m, Meaning::Ended(_))).first()?;
        let start = *self.all(|m| matches!(m, Meaning::Time(_))).first()?;
        Some(Resolved { sources: vec![ended, start], combine: Combine::Difference, kind: Kind::Duration })
    }

    fn resolve_elapsed(&self) -> Option<Resolved> {
        let stated = self.sources(|m| matches!(m, Meaning::Elapsed(_)).then_some(0));
        if !stated.is_empty() {
            return Some(first(stated, Kind::Duration));
        }
        let end = *self.all(|m| matches!(m, Meaning::Time(_))).first()?;
        let Some(&created) = self.all(|m| matches!(m, Meaning::Created(_))).first() else { return self.until_end() };
        Some(Resolved { sources: vec![end, created], combine: Combine::Difference, kind: Kind::Duration })
    }

    /// The sources that can give a field, best first. In a template only the best one: it is there in every line.
    /// In a JSON map the order of the map is the preference.
    fn sources(&self, rank: impl Fn(&Meaning) -> Option<u8>) -> Vec<usize> {
        let found = (0..self.width()).filter_map(|i| Some((rank(self.meaning(i)?)?, i)));
        match &self.layout {
            Layout::Delimited(_) => found.min().map(|(_, i)| i).into_iter().collect(),
            Layout::Json(_) => found.map(|(_, i)| i).collect(),
        }
    }

    fn all(&self, wanted: impl Fn(&Meaning) -> bool) -> Vec<usize> {
        (0..self.width()).filter(|&i| self.meaning(i).is_some_and(&wanted)).collect()
    }
}

fn first(sources: Vec<usize>, kind: Kind) -> Resolved {
    Resolved { sources, combine: Combine::First, kind }
}

fn template_field(template: &Template, index: usize) -> Option<(&str, &Meaning)> {
    match template.elements.get(index)? {
        Element::Field(f) => Some((&f.name, &f.meaning)),
        Element::Literal(_) => None,
    }
}

/// Which meanings can give a common field, the lowest number first. The request as it came is preferred to
/// `$uri` and `%U`, which are decoded and may have been rewritten.
fn roles(field: &Field) -> fn(&Meaning) -> Option<u8> {
    match field {
        Field::Time => |m| matches!(m, Meaning::Time(_)).then_some(0),
        Field::Status => |m| matches!(m, Meaning::Status).then_some(0),
        Field::Bytes => |m| matches!(m, Meaning::Bytes).then_some(0),
        Field::UserAgent => |m| matches!(m, Meaning::UserAgent).then_some(0),
        Field::RemoteAddr => |m| matches!(m, Meaning::RemoteAddr).then_some(0),
        Field::Method => |m| match m {
            Meaning::Method => Some(0),
            Meaning::Request => Some(1),
            _ => None,
        },
        Field::Path => |m| match m {
            Meaning::Target | Meaning::Uri => Some(0),
            Meaning::Request => Some(1),
            Meaning::Path => Some(2),
            _ => None,
        },
        Field::Query => |m| match m {
            Meaning::Query => Some(0),
            Meaning::Target | Meaning::Uri => Some(1),
            Meaning::Request => Some(2),
            _ => None,
        },
        Field::Host => |m| match m {
            Meaning::Host => Some(0),
            Meaning::Target | Meaning::Uri => Some(1),
            Meaning::Request => Some(2),
            _ => None,
        },
        Field::Latency | Field::Elapsed | Field::Input | Field::Named(_) => |_| None,
    }
}

/// Names of header fields are the same in any case (RFC 9110 §5.1): `%{User-agent}i` is `%{User-Agent}i`.
fn same_name(a: &str, b: &str) -> bool {
    a == b || (a.starts_with("%{") && (a.ends_with('i') || a.ends_with('o')) && a.eq_ignore_ascii_case(b))
}

/// The other server's name for the same field. The presets that both servers write know one of the two.
fn twin(name: &str) -> Option<String> {
    const TWINS: [(&str, &str); 9] = [
        ("$remote_addr", "%h"),
        ("$remote_user", "%u"),
        ("$time_local", "%t"),
        ("$request", "%r"),
        ("$status", "%>s"),
        ("$body_bytes_sent", "%b"),
        ("$bytes_sent", "%O"),
        ("$server_name", "%v"),
        ("$server_port", "%p"),
    ];
    for (nginx, apache) in TWINS {
        if name == nginx {
            return Some(apache.to_owned());
        }
        if name == apache {
            return Some(nginx.to_owned());
        }
    }
    if let Some(header) = name.strip_prefix("$http_") {
        return Some(format!("%{{{}}}i", header.replace('_', "-")));
    }
    let header = name.strip_prefix("%{")?.strip_suffix("}i")?;
    Some(format!("$http_{}", header.to_ascii_lowercase().replace('-', "_")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(format: &Format, field: Field) -> Option<String> {
        let resolved = format.resolve(&field)?;
        Some(resolved.sources.iter().map(|&i| format.source_name(i).unwrap().to_owned()).collect::<Vec<_>>().join(","))
    }

    fn named(name: &str) -> Field {
        Field::Named(name.into())
    }

    #[test]
    fn common_names_find_the_best_source() {
        let format =
            Format::parse("$msec [$time_local] \"$request\" $uri $status $bytes_sent $body_bytes_sent $request_time").unwrap();
        assert_eq!(source(&format, Field::Time).unwrap(), "$msec");
        assert_eq!(source(&format, Field::Path).unwrap(), "$request");
        assert_eq!(source(&format, Field::Method).unwrap(), "$request");
        assert_eq!(source(&format, Field::Host).unwrap(), "$request");
        assert_eq!(source(&format, Field::Bytes).unwrap(), "$body_bytes_sent");
        assert_eq!(source(&format, named("$bytes_sent")).unwrap(), "$bytes_sent");
        assert_eq!(source(&format, Field::Latency).unwrap(), source(&format, named("$request_time")).unwrap());
        assert_eq!(format.resolve(&named("$request_time")).unwrap().kind, Kind::Duration);
        assert_eq!(source(&format, Field::UserAgent), None);
        assert_eq!(source(&format, Field::Input), None);
        assert_eq!(source(&format, named("$nothing")), None);
    }

    #[test]
    fn the_target_as_it_came_is_preferred() {
        let format = Format::parse("$time_iso8601 $uri $request_uri $host $status").unwrap();
        assert_eq!(source(&format, Field::Path).unwrap(), "$request_uri");
        assert_eq!(source(&format, Field::Query).unwrap(), "$request_uri");
        assert_eq!(source(&format, Field::Host).unwrap(), "$host");
    }

    #[test]
    fn both_servers_names_find_a_field() {
        let format = Format::parse("combined").unwrap();
        assert_eq!(source(&format, named("$http_referer")), source(&format, named("%{referer}i")));
        assert_eq!(source(&format, named("$remote_user")).unwrap(), "%u");
        assert_eq!(source(&format, named("%{USER-AGENT}i")), source(&format, Field::UserAgent));
    }

    #[test]
    fn begin_and_end_give_elapsed() {
        let format = Format::parse("%{begin:msec}t %{end:msec}t %>s").unwrap();
        let resolved = format.resolve(&Field::Elapsed).unwrap();
        assert_eq!((resolved.combine, resolved.sources), (Combine::Difference, vec![2, 0]));
    }
}
