//! What people write: the short form of a definition file, key by key, before anything is decided about it.
//!
//! Every text keeps its place, so that [`definitions`](super::definitions) can point at it. Keys and shapes are checked here, meanings there.

use std::sync::Arc;

use serde_json::Value;

use super::document::{Content, Document, Fields, Node, Written};
use super::guard::GuardSpec;
use super::period::{BudgetingSpec, ExclusionSpec, WindowSpec};
use crate::error::{Error, ErrorKind, Excerpt, Result};

/// A definition file in its short form.
#[derive(Debug)]
pub(crate) struct Spec {
    pub service: Option<Written>,
    pub format: Option<FormatSpec>,
    pub inputs: Vec<InputSpec>,
    pub routes: Vec<RouteSpec>,
    pub routes_from: Option<Written>,
    pub group_by: Option<Vec<Written>>,
    pub slice: Option<Written>,
    pub guard: GuardSpec,
    pub attribute: Option<Vec<Written>>,
    pub exclude: Vec<ExclusionSpec>,
    pub slos: Vec<SloSpec>,
}

/// One element of `slos`.
#[derive(Debug)]
pub(crate) struct SloSpec {
    pub name: Written,
    pub objective: Option<Written>,
    pub service: Option<Written>,
    pub target: Written,
    pub windows: Vec<WindowSpec>,
    pub budgeting: BudgetingSpec,
    pub exclude: Vec<ExclusionSpec>,
    pub valid: Option<Written>,
    pub good: Written,
    pub weight: Option<Written>,
    pub group_by: Option<Vec<Written>>,
    pub guard: GuardSpec,
}

/// One element of `inputs`.
#[derive(Debug)]
pub(crate) struct InputSpec {
    pub files: Vec<Written>,
    pub format: Option<FormatSpec>,
    pub service: Option<Written>,
}

/// One element of `routes`.
#[derive(Debug)]
pub(crate) struct RouteSpec {
    pub name: Option<Written>,
    pub pattern: Written,
    pub is_regex: bool,
}

/// A format as it is written: a name or format string, or a mapping. What it means is known to the room of formats only.
#[derive(Clone, Debug)]
pub struct FormatSpec {
    value: Value,
    name: Arc<str>,
    text: Arc<str>,
    node: Node,
}

impl FormatSpec {
    /// The value: a string, or a mapping. Whole numbers are numbers, all others keep the text they were written with.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The name or format string, if it is written as one.
    pub fn as_str(&self) -> Option<&str> {
        self.value.as_str()
    }

    /// The place of the format in its file, with these words beside the caret.
    pub fn excerpt(&self, label: &str) -> Excerpt {
        self.excerpt_of(self.node.span.clone(), label)
    }

    /// The place of bytes `offset..offset + length` of a format string in its file; of the whole format if that is not known.
    pub fn excerpt_within(&self, offset: usize, length: usize, label: &str) -> Excerpt {
        let document = Document::new(&self.name, &self.text);
        let place = self.as_str().and_then(|text| document.place_within(&self.node, text, offset, length));
        self.excerpt_of(place.unwrap_or(self.node.span.clone()), label)
    }

    fn excerpt_of(&self, place: std::ops::Range<usize>, label: &str) -> Excerpt {
        Excerpt {
            name: self.name.to_string(),
            text: self.text.to_string(),
            offset: place.start,
            length: place.len(),
            label: label.to_owned(),
        }
    }
}

impl Spec {
    const KEYS: [&str; 13] = [
        "service",
        "format",
        "inputs",
        "routes",
        "routes_from",
        "group_by",
        "slice",
        "exclude",
        "alerts",
        "policy",
        "gate",
        "attribute",
        "slos",
    ];

    /// Reads a definition file.
    pub fn parse(document: Document<'_>) -> Result<Self> {
        Spec::of(document, document.parse()?)
    }

    /// Reads the tree of a definition file.
    pub fn of(document: Document<'_>, root: Node) -> Result<Self> {
        let reader = Reader { document };
        if root.content == Content::Null {
            let error = Error::new(ErrorKind::Definition, format!("{} is empty", document.name));
            return Err(error.hint("declare at least one SLO under `slos:`"));
        }
        let mut fields = Fields::of(document, root, "a definition file", &Self::KEYS)?;
        Ok(Spec {
            service: fields.text("service")?,
            format: reader.format(&mut fields)?,
            inputs: reader.each(&mut fields, "inputs", Reader::input)?,
            routes: reader.routes(&mut fields)?,
            routes_from: fields.text("routes_from")?,
            group_by: reader.names(&mut fields, "group_by")?,
            slice: fields.text("slice")?,
            guard: GuardSpec::take(&mut fields)?,
            attribute: reader.names(&mut fields, "attribute")?,
            exclude: ExclusionSpec::read(document, &mut fields)?,
            slos: reader.slos(&mut fields)?,
        })
    }
}

struct Reader<'a> {
    document: Document<'a>,
}

impl<'a> Reader<'a> {
    fn slos(&self, fields: &mut Fields<'a>) -> Result<Vec<SloSpec>> {
        let node = fields.require("slos", "the definition file")?;
        let Content::List(list) = node.content else {
            let message = format!("`slos` must be a list, but this is {}", node.describe());
            return Err(self.document.error(&node.span, message, "not a list").hint("begin each SLO with `- name:`"));
        };
        if list.is_empty() {
            let hint = "an SLO has at least `name`, `target` and `good`";
            return Err(self.document.error(&node.span, "there are no SLOs", "empty").hint(hint));
        }
        list.into_iter().map(|item| self.slo(item)).collect()
    }

    fn slo(&self, node: Node) -> Result<SloSpec> {
        const WHAT: &str = "an SLO";
        const KEYS: [&str; 13] = [
            "name",
            "objective",
            "service",
            "target",
            "window",
            "valid",
            "good",
            "weight",
            "group_by",
            "exclude",
            "alerts",
            "policy",
            "gate",
        ];
        let keys = [KEYS.as_slice(), &BudgetingSpec::KEYS].concat();
        let mut fields = Fields::of(self.document, node, WHAT, &keys)?;
        let mut text_of = |key: &str| {
            let node = fields.require(key, WHAT)?;
            self.document.text_of(node, &format!("`{key}`"))
        };
        let (name, target, good) = (text_of("name")?, text_of("target")?, text_of("good")?);
        Ok(SloSpec {
            name,
            objective: fields.text("objective")?,
            service: fields.text("service")?,
            target,
            windows: fields.take("window").map_or(Ok(Vec::new()), |node| WindowSpec::read(self.document, node))?,
            budgeting: BudgetingSpec::read(&mut fields)?,
            exclude: ExclusionSpec::read(self.document, &mut fields)?,
            valid: fields.text("valid")?,
            good,
            weight: fields.text("weight")?,
            group_by: self.names(&mut fields, "group_by")?,
            guard: GuardSpec::take(&mut fields)?,
        })
    }

    fn input(&self, node: Node) -> Result<InputSpec> {
        let mut fields = Fields::of(self.document, node, "an input", &["files", "format", "service"])?;
        let files = self.document.list_of(fields.require("files", "an input")?);
        Ok(InputSpec {
            files: files.into_iter().map(|file| self.document.text_of(file, "a file name or glob")).collect::<Result<_>>()?,
            format: self.format(&mut fields)?,
            service: fields.text("service")?,
        })
    }

    /// A list, or the one word that may stand alone.
    fn routes(&self, fields: &mut Fields<'a>) -> Result<Vec<RouteSpec>> {
        let Some(node) = fields.take("routes") else { return Ok(Vec::new()) };
        if !matches!(node.content, Content::List(_) | Content::Text(_)) {
            let message = format!("`routes` must be a list, but this is {}", node.describe());
            return Err(self.document.error(&node.span, message, "not a list"));
        }
        self.document.list_of(node).into_iter().map(|route| self.route(route)).collect()
    }

    fn route(&self, node: Node) -> Result<RouteSpec> {
        if !matches!(node.content, Content::Map(_)) {
            let pattern = self.document.text_of(node, "a route")?;
            return Ok(RouteSpec { name: None, pattern, is_regex: false });
        }
        let mut fields = Fields::of(self.document, node, "a route", &["name", "path", "regex"])?;
        let span = fields.span.clone();
        let (name, path, regex) = (fields.text("name")?, fields.text("path")?, fields.text("regex")?);
        match (path, regex) {
            (Some(pattern), None) => Ok(RouteSpec { name, pattern, is_regex: false }),
            (None, Some(pattern)) => Ok(RouteSpec { name, pattern, is_regex: true }),
            _ => {
                let error = self.document.error(&span, "a route has either a `path` or a `regex`", "this route");
                Err(error.hint("write {name: orders, path: \"/api/orders/{id}\"} or {name: api, regex: '^/api(/|$)'}"))
            }
        }
    }

    /// Names of dimensions.
    fn names(&self, fields: &mut Fields<'a>, key: &str) -> Result<Option<Vec<Written>>> {
        let Some(node) = fields.take(key) else { return Ok(None) };
        let names = self.document.list_of(node).into_iter().map(|name| self.document.text_of(name, "a dimension"));
        names.collect::<Result<_>>().map(Some)
    }

    fn format(&self, fields: &mut Fields<'a>) -> Result<Option<FormatSpec>> {
        let Some(node) = fields.take("format") else { return Ok(None) };
        if !matches!(node.content, Content::Text(_) | Content::Map(_)) {
            let message = format!("`format` must be a name, a format string or a mapping, but this is {}", node.describe());
            return Err(self.document.error(&node.span, message, "not a format"));
        }
        // A format outlives the document, so it has a copy of its file.
        let (name, text, start) = self.document.part_of(node.span.start);
        let value = node.to_json();
        Ok(Some(FormatSpec { value, name: name.into(), text: text.into(), node: node.shifted(-(start as isize)) }))
    }

    fn each<T>(&self, fields: &mut Fields<'a>, key: &str, read: fn(&Self, Node) -> Result<T>) -> Result<Vec<T>> {
        let Some(node) = fields.take(key) else { return Ok(Vec::new()) };
        let Content::List(list) = node.content else {
            let message = format!("`{key}` must be a list, but this is {}", node.describe());
            return Err(self.document.error(&node.span, message, "not a list"));
        };
        list.into_iter().map(|item| read(self, item)).collect()
    }
}
