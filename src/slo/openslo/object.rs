//! Objects of the standard, and mappings that are taken apart key by key until what is left is what nobody used.

use std::ops::Range;

use super::Finding;
use crate::error::Result;
use crate::slo::document::{Content, Document, Key, Node, Written};
use crate::slo::nearest::nearest;

/// One object: its kind, its name, and what it says.
#[derive(Debug)]
pub struct Object {
    /// `SLO`, `SLI`, …
    pub kind: String,
    /// Whether it is of `openslo/v1alpha`.
    pub is_alpha: bool,
    /// `metadata.name`.
    pub name: Written,
    /// The rest of `metadata`.
    pub metadata: Taken,
    /// `spec`.
    pub spec: Taken,
    /// Where the object stands.
    pub span: Range<usize>,
    /// Whether another object refers to it, or it is itself what is asked.
    pub is_used: bool,
}

/// A mapping on its way to being used up.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// Where in its object it stands: `spec.indicator`.
    pub path: String,
    /// Where in the text.
    pub span: Range<usize>,
    pub(super) entries: Vec<(Key, Node)>,
}

/// What reading has to say beside its result.
#[derive(Debug, Default)]
pub struct Said {
    /// What is forbidden or doubtful.
    pub findings: Vec<Finding>,
    /// What is not used: where it stands, and its path.
    pub unused: Vec<(Range<usize>, String)>,
}

impl Said {
    /// Says that something is forbidden or doubtful.
    pub fn find(&mut self, span: &Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.findings.push(Finding { span: span.clone(), message: message.into(), hint: hint.into() });
    }
}

/// Whether a document holds objects of the standard: one, or a list with some.
pub fn is_openslo(node: &Node) -> bool {
    match &node.content {
        Content::List(list) => list.iter().any(is_openslo),
        _ => text_of(node, "apiVersion").is_some_and(|version| version.starts_with("openslo")),
    }
}

/// Whether a document is a definition in the short form.
pub fn is_short_form(node: &Node) -> bool {
    matches!(&node.content, Content::Map(entries) if entries.iter().any(|(key, _)| key.text == "slos"))
}

/// What a document is that is no object of the standard, in a few words.
pub fn foreign_words(node: &Node) -> String {
    match (text_of(node, "kind"), text_of(node, "apiVersion")) {
        (Some(kind), Some(version)) => format!("{kind} of {version}, which is not OpenSLO"),
        _ => "a document that is not OpenSLO".to_owned(),
    }
}

fn text_of<'n>(node: &'n Node, name: &str) -> Option<&'n str> {
    let Content::Map(entries) = &node.content else { return None };
    entries.iter().find(|(key, _)| key.text == name).and_then(|(_, value)| match &value.content {
        Content::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

impl Taken {
    /// The mapping that `node` is; `path` names it.
    pub fn of(document: Document<'_>, node: Node, path: &str) -> Result<Taken> {
        let Content::Map(entries) = node.content else {
            let message = format!("`{path}` must be a mapping, but this is {}", node.describe());
            return Err(document.error(&node.span, message, "not a mapping"));
        };
        Ok(Taken { path: path.to_owned(), span: node.span, entries })
    }

    /// Takes the value of a key; a null counts as absent.
    pub fn take(&mut self, key: &str) -> Option<Node> {
        let i = self.entries.iter().position(|(k, _)| k.text == key)?;
        let (_, node) = self.entries.remove(i);
        (node.content != Content::Null).then_some(node)
    }

    /// Takes a mapping.
    pub fn map(&mut self, document: Document<'_>, key: &str) -> Result<Option<Taken>> {
        let path = format!("{}.{key}", self.path);
        self.take(key).map(|node| Taken::of(document, node, &path)).transpose()
    }

    /// Takes a text.
    pub fn text(&mut self, document: Document<'_>, key: &str) -> Result<Option<Written>> {
        let path = format!("`{}.{key}`", self.path);
        self.take(key).map(|node| document.text_of(node, &path)).transpose()
    }

    /// Takes a list; a single value is a list of one.
    pub fn list(&mut self, document: Document<'_>, key: &str) -> Vec<Node> {
        self.take(key).map_or(Vec::new(), |node| document.list_of(node))
    }

    /// Puts an entry in, if there is one.
    pub fn put(&mut self, key: &str, node: Option<Node>) {
        self.entries.extend(node.map(|node| (Key { text: key.to_owned(), span: node.span.clone() }, node)));
    }

    /// Takes every entry.
    pub fn take_all(&mut self) -> Vec<(Key, Node)> {
        std::mem::take(&mut self.entries)
    }

    /// Whether a key has this text for its value.
    pub fn is(&self, key: &str, text: &str) -> bool {
        let is_text = |node: &Node| match &node.content {
            Content::Text(own) => own == text,
            Content::Bool(own) => own.to_string() == text,
            _ => false,
        };
        self.entries.iter().any(|(k, node)| k.text == key && is_text(node))
    }

    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(k, _)| k.text == key)
    }

    /// Where the first line stands, for complaints about what is missing.
    pub fn first_line(&self, document: Document<'_>) -> Range<usize> {
        let line = document.text.get(self.span.clone()).and_then(|text| text.lines().next()).unwrap_or_default();
        self.span.start..self.span.start + line.trim_end().len()
    }

    /// Says what was not taken: keys that the standard knows are unused, others are findings.
    pub fn finish(self, known: &[&str], said: &mut Said) {
        for (key, _) in self.entries {
            let path = format!("{}.{}", self.path, key.text);
            if known.contains(&key.text.as_str()) {
                said.unused.push((key.span, path));
                continue;
            }
            let hint = match nearest(&key.text, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "leave it out, or put it into metadata.annotations".to_owned(),
            };
            said.find(&key.span, format!("the standard knows no `{path}`"), hint);
        }
    }
}

impl Object {
    const KINDS: [&str; 7] = ["SLO", "SLI", "Service", "DataSource", "AlertPolicy", "AlertCondition", "AlertNotificationTarget"];

    /// Reads one object.
    pub fn of(document: Document<'_>, node: Node, said: &mut Said) -> Result<Object> {
        let span = node.span.clone();
        let mut all = Taken::of(document, node, "an object")?;
        let place = all.first_line(document);
        let missing = |what: &str| document.error(&place, format!("this object has no `{what}`"), "in this one");
        let version = all.text(document, "apiVersion")?.ok_or_else(|| missing("apiVersion"))?;
        let is_alpha = match version.text.as_str() {
            "openslo/v1" => false,
            "openslo/v1alpha" => true,
            other => {
                let error = document.error(&version.node.span, format!("slix does not read `{other}`"), "version");
                return Err(error.hint("it reads openslo/v1, and openslo/v1alpha where it maps"));
            }
        };
        let kind = all.text(document, "kind")?.ok_or_else(|| missing("kind"))?;
        if !Self::KINDS.contains(&kind.text.as_str()) {
            let error = document.error(&kind.node.span, format!("the standard knows no kind `{}`", kind.text), "kind");
            return Err(error.hint(crate::slo::nearest::suggestion(&kind.text, "kinds are", &Self::KINDS)));
        }
        let mut metadata = all.map(document, "metadata")?.ok_or_else(|| missing("metadata"))?;
        metadata.path = "metadata".to_owned();
        let name = metadata.text(document, "name")?.ok_or_else(|| missing("metadata.name"))?;
        check_name(&name, said);
        let mut spec = all.map(document, "spec")?.unwrap_or_default();
        spec.path = "spec".to_owned();
        check_description(&spec, said);
        all.path = kind.text.clone();
        all.finish(&[], said);
        Ok(Object { kind: kind.text, is_alpha, name, metadata, spec, span: place_of(&span, place), is_used: false })
    }
}

fn place_of(whole: &Range<usize>, first_line: Range<usize>) -> Range<usize> {
    if first_line.is_empty() { whole.clone() } else { first_line }
}

/// All implementations support names after RFC 1123.
fn check_name(name: &Written, said: &mut Said) {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let text = &name.text;
    if text.len() > 63 || !text.chars().all(is_inner) || !ends(text.chars().next()) || !ends(text.chars().next_back()) {
        let message = format!("`{text}` is not a name that every tool takes (RFC 1123)");
        said.find(&name.node.span, message, "use at most 63 of a-z, 0-9 and -, and begin and end with one of the first two");
    }
}

fn check_description(spec: &Taken, said: &mut Said) {
    let long = |(key, node): &&(Key, Node)| {
        key.text == "description" && matches!(&node.content, Content::Text(text) if text.chars().count() > 1_050)
    };
    if let Some((key, _)) = spec.entries.iter().find(long) {
        said.find(&key.span, "a description has more than 1,050 characters", "shorten it: the standard allows no more");
    }
}
