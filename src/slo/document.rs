//! The text of a definition file as a tree in which every key and value knows its place.
//!
//! serde-saphyr reads YAML (and so JSON) with positions. The tree stands between it and what people write, so that every
//! complaint, ours or YAML's, has the same shape: line, column, mark and what to do next. Scalars keep their source text,
//! so that `0.999` is never seen as a float.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, NonFiniteFloatPolicy, Spanned};

use super::nearest::suggestion;
use super::parse::Problem;
use crate::error::{Error, ErrorKind, Excerpt, Result};

/// Largest definition file: thousands of SLOs fit into one of it.
pub const DEFINITION_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A definition file: its name and its text, which places refer to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document<'a> {
    /// The file's name, for messages.
    pub name: &'a str,
    /// Its whole text.
    pub text: &'a str,
    /// The files that the text is made of, where it is more than one.
    pub parts: &'a [Part],
}

/// A file of a text that is made of several.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Part {
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub start: usize,
}

/// A value and the bytes of the document it was read from.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Node {
    /// What it is.
    pub content: Content,
    /// Where it stands. Empty where the parser does not know.
    pub span: Range<usize>,
}

/// What a node is. Numbers and booleans are their source text.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Content {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is written.
    Number(String),
    /// A text without its quotes.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order written.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Key {
    /// The key.
    pub text: String,
    /// Where it stands.
    pub span: Range<usize>,
}

impl<'a> Document<'a> {
    /// One file.
    pub fn new(name: &'a str, text: &'a str) -> Self {
        Document { name, text, parts: &[] }
    }

    /// The file that a place lies in: its name, its text, and where it begins.
    pub fn part_of(self, offset: usize) -> (&'a str, &'a str, usize) {
        let after = self.parts.partition_point(|part| part.start <= offset);
        let Some(part) = after.checked_sub(1).map(|i| &self.parts[i]) else { return (self.name, self.text, 0) };
        let end = self.parts.get(after).map_or(self.text.len(), |next| next.start);
        (&part.name, &self.text[part.start..end], part.start)
    }

    /// Reads the text, which is any number of YAML documents.
    pub fn parse_all(self) -> Result<Vec<Node>> {
        self.check_length()?;
        let raw: Vec<Spanned<Raw>> =
            serde_saphyr::from_multiple_with_options(self.text, options()).map_err(|error| self.broken(&error))?;
        let nodes: Vec<Node> = raw.into_iter().map(|raw| self.node(raw)).collect();
        nodes.iter().try_for_each(|node| self.check_keys(node))?;
        Ok(nodes)
    }

    /// Reads the text, which is one YAML document.
    pub fn parse(self) -> Result<Node> {
        self.check_length()?;
        let raw: Spanned<Raw> = serde_saphyr::from_str_with_options(self.text, options()).map_err(|error| self.broken(&error))?;
        let node = self.node(raw);
        self.check_keys(&node)?;
        Ok(node)
    }

    fn check_length(self) -> Result<()> {
        if self.text.len() > DEFINITION_BYTES_MAX {
            let message = format!("{} has {} bytes, more than {DEFINITION_BYTES_MAX}", self.name, self.text.len());
            return Err(Error::new(ErrorKind::Limit, message).hint("split the definitions into several files"));
        }
        Ok(())
    }

    /// An error at `span`.
    #[cold]
    pub fn error(self, span: &Range<usize>, message: impl Into<String>, label: &str) -> Error {
        let (name, text, start) = self.part_of(span.start);
        Error::new(ErrorKind::Definition, message).at(Excerpt {
            name: name.to_owned(),
            text: text.to_owned(),
            offset: span.start - start,
            length: span.len(),
            label: label.to_owned(),
        })
    }

    /// The error of an expression that is the text of `node`, at its place in the document.
    #[cold]
    pub fn expression_error(self, node: &Node, problem: Problem, what: &str) -> Error {
        let Content::Text(text) = &node.content else { return self.error(&node.span, problem.message, what) };
        let span = self.place_within(node, text, problem.offset, problem.length).unwrap_or(node.span.clone());
        let error = self.error(&span, problem.message, what);
        match problem.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    /// Where bytes `offset..offset + length` of the text of a scalar stand in the document.
    ///
    /// Quotes, escapes, indentation and folded lines stand between the two, but every other character of the text stands
    /// in the source, in the same order. So both are walked together; where they part (`\u0041`), the place is not known.
    pub fn place_within(self, node: &Node, text: &str, offset: usize, length: usize) -> Option<Range<usize>> {
        let mut source = self.text.get(node.span.clone())?.char_indices();
        let mut place = |until: usize, from: usize| {
            let mut last = None;
            for wanted in text.get(from..until)?.chars().filter(|c| !c.is_whitespace()) {
                let (i, c) = source.find(|(_, c)| *c == wanted)?;
                last = Some(i + c.len_utf8());
            }
            Some(last)
        };
        let end_of_text = text.trim_end().len();
        let before = place(offset.min(end_of_text), 0)?;
        let (first, marked_from) = match text.get(offset.min(text.len())..)?.chars().next() {
            Some(c) if !c.is_whitespace() => (c.len_utf8(), offset),
            // The mark is the end of the text, or a gap in it: just behind what comes before.
            _ => return Some(node.span.start + before.unwrap_or(0)..node.span.start + before.unwrap_or(0)),
        };
        let first_end = place(marked_from + first, marked_from)??;
        let end = place(marked_from + length.max(first), marked_from + first)?.unwrap_or(first_end);
        let start = node.span.start + first_end - first;
        Some(start..if length == 0 { start } else { node.span.start + end })
    }

    #[cold]
    fn broken(self, error: &serde_saphyr::Error) -> Error {
        let message = format!("this is not YAML: {}", without_place(&error.without_snippet().to_string()));
        if let (serde_saphyr::Error::MultipleDocuments { .. }, Some(place)) = (error.without_snippet(), error.location()) {
            let message = "a definition file is one YAML document, and here a second one begins";
            return self.error(&self.span(&place), message, "second document").hint("put all SLOs under one `slos:`");
        }
        match error.location() {
            Some(place) => {
                let hint = hint_for(&message);
                self.error(&self.span(&place), message, "here").hint(hint)
            }
            None => Error::new(ErrorKind::Definition, format!("{}: {message}", self.name)),
        }
    }

    fn span(self, place: &serde_saphyr::Location) -> Range<usize> {
        let span = place.span();
        let start = span.byte_offset().map_or_else(|| self.offset_of(place.line(), place.column()), |o| o as usize);
        let start = start.min(self.text.len());
        let end = start.saturating_add(span.byte_len().unwrap_or(0) as usize).min(self.text.len());
        if self.text.is_char_boundary(start) && self.text.is_char_boundary(end) { start..end } else { 0..0 }
    }

    /// The offset of a line and column, both from 1.
    fn offset_of(self, line: u64, column: u64) -> usize {
        let line_start: usize = self.text.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(str::len).sum();
        let rest = &self.text[line_start..];
        line_start + rest.char_indices().nth(column.saturating_sub(1) as usize).map_or(rest.len(), |(i, _)| i)
    }

    fn node(self, raw: Spanned<Raw>) -> Node {
        let span = self.span(&raw.defined);
        let written = || self.text.get(span.clone()).unwrap_or_default().trim().to_owned();
        let content = match raw.value {
            Raw::Null => Content::Null,
            Raw::Bool(value) => Content::Bool(value),
            Raw::Number => Content::Number(written()),
            Raw::Text(text) => Content::Text(text),
            Raw::List(list) => Content::List(list.into_iter().map(|item| self.node(item)).collect()),
            Raw::Map(map) => Content::Map(map.into_iter().map(|(key, value)| (self.key(key), self.node(value))).collect()),
        };
        // The end of a block scalar or mapping lies on a later line; trailing blanks are no part of the mark.
        let span = span.start..span.start + self.text.get(span).map_or(0, |text| text.trim_end().len());
        Node { content, span }
    }

    fn key(self, key: Spanned<String>) -> Key {
        Key { span: self.span(&key.defined), text: key.value }
    }

    fn check_keys(self, node: &Node) -> Result<()> {
        match &node.content {
            Content::List(list) => list.iter().try_for_each(|item| self.check_keys(item)),
            Content::Map(map) => {
                let mut seen = std::collections::HashSet::with_capacity(map.len());
                for (key, value) in map {
                    if !seen.insert(key.text.as_str()) {
                        return Err(self.error(&key.span, format!("the key `{}` is there twice", key.text), "again here"));
                    }
                    self.check_keys(value)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        // Repeated keys are our own complaint, with both places at hand.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        with_snippet: false,
    }
}

/// What to do about a YAML error.
fn hint_for(message: &str) -> &'static str {
    match message {
        m if m.contains(" tab") => "YAML is indented with spaces, never with tabs",
        m if m.contains("did not find expected '-'") => "the keys of one item of a list begin in the same column",
        _ => QUOTING,
    }
}

/// The slip that expressions in YAML invite.
const QUOTING: &str = "a text that holds `: ` or ` #`, or begins with one of \" ' ` @ % [ {, stands between quotes of its own";

/// The message of a YAML error without the place, which an excerpt shows better.
fn without_place(message: &str) -> &str {
    let line = message.lines().next().unwrap_or(message);
    line.find(" at line ").map_or(line, |end| &line[..end])
}

impl Node {
    /// The same node in a text before which `by` bytes stand.
    pub fn shifted(self, by: isize) -> Node {
        self.map_spans(&|span| {
            let moved = |offset: usize| offset.saturating_add_signed(by);
            moved(span.start)..moved(span.end)
        })
    }

    /// The same node, all of which stands at `span`.
    pub fn all_at(self, span: &Range<usize>) -> Node {
        self.map_spans(&|_| span.clone())
    }

    fn map_spans(self, map: &dyn Fn(Range<usize>) -> Range<usize>) -> Node {
        let content = match self.content {
            Content::List(list) => Content::List(list.into_iter().map(|node| node.map_spans(map)).collect()),
            Content::Map(entries) => {
                let entry = |(key, node): (Key, Node)| (Key { span: map(key.span), ..key }, node.map_spans(map));
                Content::Map(entries.into_iter().map(entry).collect())
            }
            scalar => scalar,
        };
        Node { content, span: map(self.span) }
    }

    /// What it is, for complaints.
    pub fn describe(&self) -> &'static str {
        match self.content {
            Content::Null => "nothing",
            Content::Bool(_) => "true or false",
            Content::Number(_) => "a number",
            Content::Text(_) => "a text",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }

    /// The JSON value of the same meaning. Numbers that JSON has no exact form for stay text.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(text) => match text.parse::<i64>() {
                Ok(number) => Value::from(number),
                Err(_) => Value::from(text.as_str()),
            },
            Content::Text(text) => Value::from(text.as_str()),
            Content::List(list) => list.iter().map(Node::to_json).collect(),
            Content::Map(map) => map.iter().map(|(key, value)| (key.text.clone(), value.to_json())).collect(),
        }
    }
}

/// A mapping whose keys are known, taken apart key by key.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    document: Document<'a>,
    /// Where the whole mapping stands.
    pub span: Range<usize>,
    entries: Vec<(Key, Node)>,
}

impl<'a> Fields<'a> {
    /// Takes a mapping apart. Every key must be one of `known`; `what` names the mapping in complaints.
    pub fn of(document: Document<'a>, node: Node, what: &str, known: &[&str]) -> Result<Self> {
        let Content::Map(entries) = node.content else {
            let message = format!("{what} must be a mapping, but this is {}", node.describe());
            return Err(document.error(&node.span, message, "not a mapping").hint(format!("keys are: {}", known.join(", "))));
        };
        if let Some((key, _)) = entries.iter().find(|(key, _)| !known.contains(&key.text.as_str())) {
            let message = format!("{what} has no key `{}`", key.text);
            return Err(document.error(&key.span, message, "unknown key").hint(suggestion(&key.text, "keys are", known)));
        }
        Ok(Fields { document, span: node.span, entries })
    }

    /// Takes the value of a key; a null counts as absent.
    pub fn take(&mut self, key: &str) -> Option<Node> {
        let i = self.entries.iter().position(|(k, _)| k.text == key)?;
        let (_, node) = self.entries.swap_remove(i);
        (node.content != Content::Null).then_some(node)
    }

    /// Takes the value of a key that must be there; `what` names the mapping.
    pub fn require(&mut self, key: &str, what: &str) -> Result<Node> {
        self.take(key).ok_or_else(|| {
            // The whole mapping would be a mark over many lines; its first line is enough.
            let first_line = self.document.text[self.span.clone()].lines().next().map_or(0, |line| line.trim_end().len());
            let place = self.span.start..self.span.start + first_line;
            self.document.error(&place, format!("{what} has no `{key}`"), "in this one").hint(format!("add `{key}:` there"))
        })
    }

    /// Takes a text.
    pub fn text(&mut self, key: &str) -> Result<Option<Written>> {
        let node = self.take(key);
        node.map(|node| self.document.text_of(node, &format!("`{key}`"))).transpose()
    }
}

/// A text that people wrote, with its place.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Written {
    /// The text.
    pub text: String,
    /// The node it comes from.
    pub node: Node,
}

impl Written {
    /// A text that is a document of its own.
    pub fn alone(text: &str) -> Self {
        let node = Node { content: Content::Text(text.to_owned()), span: 0..text.len() };
        Written { text: text.to_owned(), node }
    }
}

impl Document<'_> {
    /// The text of a scalar that must be one; numbers and booleans count as what is written.
    pub fn text_of(self, node: Node, what: &str) -> Result<Written> {
        let text = match &node.content {
            Content::Text(text) | Content::Number(text) => text.clone(),
            Content::Bool(value) => value.to_string(),
            Content::Null | Content::List(_) | Content::Map(_) => {
                let message = format!("{what} must be a text, but this is {}", node.describe());
                return Err(self.error(&node.span, message, "not a text"));
            }
        };
        Ok(Written { text, node })
    }

    /// The elements of a list; anything else counts as a list of one.
    pub fn list_of(self, node: Node) -> Vec<Node> {
        match node.content {
            Content::List(list) => list,
            content => vec![Node { content, span: node.span }],
        }
    }
}

/// What serde-saphyr sees; the tree above is made of it and the source text.
enum Raw {
    Null,
    Bool(bool),
    Number,
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> std::result::Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_i128<E>(self, _: i128) -> std::result::Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u128<E>(self, _: u128) -> std::result::Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> std::result::Result<Raw, E> {
        Ok(Raw::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> std::result::Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = access.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> std::result::Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = access.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Node {
        Document::new("test.yaml", text).parse().unwrap()
    }

    fn value<'a>(node: &'a Node, key: &str) -> &'a Node {
        let Content::Map(map) = &node.content else { panic!("not a mapping: {node:?}") };
        &map.iter().find(|(k, _)| k.text == key).unwrap().1
    }

    #[test]
    fn scalars_keep_their_source_text_and_place() {
        let text = "a: 0.9990\nb: 99.9%\nc: \"quoted\"\nd: ~\ne: [x, 1e3]\nf: true\né: 'ö'\ng: 99.90\n";
        let node = parse(text);
        assert_eq!(value(&node, "a").content, Content::Number("0.9990".to_owned()));
        assert_eq!(value(&node, "b").content, Content::Text("99.9%".to_owned()));
        assert_eq!(value(&node, "g").content, Content::Number("99.90".to_owned()));
        assert_eq!(value(&node, "d").content, Content::Null);
        assert_eq!(value(&node, "f").content, Content::Bool(true));
        let Content::List(list) = &value(&node, "e").content else { panic!() };
        assert_eq!(list[1].content, Content::Number("1e3".to_owned()));
        assert_eq!(&text[value(&node, "c").span.clone()], "\"quoted\"");
        assert_eq!(&text[value(&node, "é").span.clone()], "'ö'");
        assert_eq!(&text[value(&node, "a").span.clone()], "0.9990");
    }

    #[test]
    fn json_is_yaml() {
        let node = parse("{\n\t\"a\": \"x\\u0041\",\n\t\"b\": [1, null]\n}");
        assert_eq!(node.to_json(), serde_json::json!({"a": "xA", "b": [1, null]}));
    }

    #[test]
    fn places_inside_a_scalar_are_found_through_its_syntax() {
        for (text, mark) in [
            ("a: one two three\n", "two"),
            ("a: \"one two \\\"three\\\"\"\n", "two"),
            ("a: 'one ''x'' two three'\n", "two"),
            ("a: >-\n  one\n  two three\n", "two"),
            ("a: |\n  one\n\n    two\n  three\n", "two"),
            ("a: one\n   two\n   three\n", "two"),
            ("a: &anchor one two three\n", "two"),
        ] {
            let node = parse(text);
            let node = value(&node, "a");
            let Content::Text(value) = &node.content else { panic!() };
            let offset = value.find(mark).unwrap();
            let place = Document::new("", text).place_within(node, value, offset, mark.len()).unwrap();
            assert_eq!(place, text.find(mark).unwrap()..text.find(mark).unwrap() + mark.len(), "{text}");
            let end = Document::new("", text).place_within(node, value, value.len(), 0).unwrap();
            let last = text.find("three").unwrap() + 5;
            assert!((last..last + 3).contains(&end.start) && end.is_empty(), "{text} {end:?}");
        }
    }

    #[test]
    fn broken_yaml_is_placed() {
        for text in ["a: [1, 2", "a: 1\n b: 2\n", "a: b: c", "\"", "a: *nowhere", "\0"] {
            let error = Document::new("test.yaml", text).parse().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Definition);
            assert!(error.to_string().starts_with("test.yaml:"), "{error}");
        }
        let deep = "[".repeat(100_000);
        assert!(Document::new("test.yaml", &deep).parse().is_err());
    }

    #[test]
    fn repeated_keys_are_refused() {
        let error = Document::new("test.yaml", "a: 1\nb: {c: 1, c: 2}").parse().unwrap_err();
        assert_eq!(error.to_string(), "test.yaml:2:11: the key `c` is there twice");
    }
}
