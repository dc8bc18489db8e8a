//! What is meant: definitions resolved into SLOs over indicators, from a file, from flags or by default.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::document::{Content, Document, Node, Part, Written};
use super::expr::{Expr, Operand};
use super::guard::{GuardSpec, check_reachable};
use super::openapi;
use super::policy::Guard;
use super::route::{AUTO, Pattern, Route, RouteProblem, Routes};
use super::spec::{FormatSpec, InputSpec, RouteSpec, SloSpec, Spec};
use super::{Dimension, Exclusion, Indicator, RESERVED_COLUMNS, Slo, Weight, Window, openslo, parse};
use crate::error::{Error, ErrorKind, Result};
use crate::ratio::Target;
use crate::record::Field;
use crate::time::{Length, Slices};

/// Most SLOs of one file. A line costs the same with all of them, but every output row is one of an SLO.
pub const SLOS_MAX: usize = 1_000;

/// Most entries under `inputs`: every file is compared with every glob.
pub const INPUTS_MAX: usize = 1_000;

/// Most dimensions of one SLO: groups are their combinations, and eight already multiply beyond any limit of groups.
pub const DIMENSIONS_MAX: usize = 8;

/// Longest name of an SLO, objective, service or route, in bytes: it stands in every output row.
pub const NAME_BYTES_MAX: usize = 256;

/// The compliance period where none is written.
pub(super) const WINDOW_DEFAULT: &str = "28d";

/// A window that is shorter than this was hardly meant.
const WINDOW_SECONDS_SUSPICIOUS: i64 = 3_600;

/// Width of a slice where none is written, in seconds.
pub(super) const SLICE_SECONDS_DEFAULT: i64 = 60;

/// Everything a definition says.
#[derive(Debug)]
pub struct Definitions {
    /// The service of inputs and SLOs that name none.
    pub service: Option<String>,
    /// How inputs are written that say nothing else; the room of formats interprets it.
    pub format: Option<FormatSpec>,
    /// Which files are which service's, in which format. The first entry with a matching glob decides.
    pub inputs: Vec<InputDefinition>,
    /// The routes, shared by all indicators.
    pub routes: Arc<Routes>,
    /// Width of a slice, 1 s to 1 d, if it is declared.
    pub slice: Option<Length>,
    /// What bad events are counted by besides, one dimension at a time, so that incidents can be explained from slices.
    pub attribute: Vec<Dimension>,
    /// The SLOs in the order written.
    pub slos: Vec<Slo>,
    /// What OpenSLO forbids or slix doubts, as the errors that they are for the strict.
    pub doubts: Vec<Error>,
    /// What slix does not use of OpenSLO objects: file, line, column and path of each.
    pub unused: Vec<String>,
}

/// What is declared about some files.
#[derive(Clone, Debug)]
pub struct InputDefinition {
    /// File names or globs, each a valid one.
    pub files: Vec<String>,
    /// How they are written; none: as the definitions say, or else it is detected.
    pub format: Option<FormatSpec>,
    /// Whose they are; none: the service of the definitions.
    pub service: Option<String>,
}

impl Definitions {
    /// Reads a definition file in the short form. `name` is the file's name, for messages. JSON is YAML.
    ///
    /// # Errors
    /// [`ErrorKind::Definition`] with line and column for everything that is wrong in it, [`ErrorKind::Limit`] beyond a stated limit.
    pub fn parse(name: &str, text: &str) -> Result<Definitions> {
        Definitions::read(&[DefinitionFile { name: name.to_owned(), text: text.to_owned() }], &no_files)
    }

    /// Reads one definition file in the short form, or any number of files with OpenSLO objects, which may refer to each other.
    ///
    /// `load` gives the text of a file that the definitions name: an OpenAPI document under `routes_from`.
    ///
    /// # Errors
    /// As [`Definitions::parse`], what `load` gives, and a document without paths. What OpenSLO forbids, but slix understands, is no
    /// error here: see [`Definitions::doubts`].
    pub fn read(files: &[DefinitionFile], load: &Load) -> Result<Definitions> {
        let joined = Joined::of(files);
        let document = joined.document();
        let nodes = joined.parse(files)?;
        if nodes.iter().any(openslo::is_openslo) {
            let openslo::Objects { root, said } = openslo::read(document, nodes)?;
            let mut definitions = Definitions::of(document, Spec::of(document, root)?, load)?;
            let found = said.findings.into_iter();
            let found = found.map(|finding| document.error(&finding.span, finding.message, "here").hint(finding.hint));
            definitions.doubts.extend(found);
            let place = |doubt: &Error| doubt.excerpt().map(|excerpt| (excerpt.name.clone(), excerpt.offset));
            definitions.doubts.sort_by_cached_key(place);
            definitions.unused =
                said.unused.into_iter().map(|(span, path)| document.error(&span, path, "").to_string()).collect();
            return Ok(definitions);
        }
        match files {
            [file] => {
                let document = Document::new(&file.name, &file.text);
                Definitions::of(document, Spec::parse(document)?, load)
            }
            _ => Err(several_files(files)),
        }
    }

    /// The short form in `text` as OpenSLO: one document for each object.
    ///
    /// # Errors
    /// As [`Definitions::read`]; a file that is OpenSLO already.
    pub fn to_openslo(file: &DefinitionFile, load: &Load) -> Result<String> {
        let document = Document::new(&file.name, &file.text);
        if document.parse_all()?.iter().any(openslo::is_openslo) {
            let error = Error::new(ErrorKind::Definition, format!("{} is OpenSLO already", file.name));
            return Err(error.hint("--to openslo is for the short form"));
        }
        let meant = Definitions::of(document, Spec::parse(document)?, load)?;
        openslo::write(&document.parse()?, &meant.slos)
    }

    fn of(document: Document<'_>, spec: Spec, load: &Load) -> Result<Definitions> {
        let mut resolver = Resolver::new(document, spec.slice)?;
        let routes = resolver.routes(spec.routes, spec.routes_from, load)?;
        resolver.routes = Arc::new(routes);
        let service = resolver.optional_name(spec.service)?;
        limit("SLOs", spec.slos.len(), SLOS_MAX)?;
        limit("inputs", spec.inputs.len(), INPUTS_MAX)?;
        let group_by = resolver.dimensions(spec.group_by.unwrap_or_default())?;
        resolver.guard = Arc::new(spec.guard.resolve(document, &resolver.guard)?);
        let attribute = resolver.dimensions(spec.attribute.unwrap_or_default())?;
        let exclude = resolver.exclusions(spec.exclude)?;
        let common = Common { service: service.as_deref(), group_by: &group_by, exclude: &exclude };
        let slos = resolver.slos(spec.slos, common)?;
        let inputs = spec.inputs.into_iter().map(|input| resolver.input(input)).collect::<Result<_>>()?;
        let (format, routes, slice) = (spec.format, resolver.routes, resolver.slice);
        let (doubts, unused) = (resolver.doubts.into_inner(), Vec::new());
        Ok(Definitions { service, format, inputs, routes, slice, attribute, slos, doubts, unused })
    }
}

/// Gives the text of a file that definitions name.
pub type Load<'l> = dyn Fn(&str) -> Result<String> + 'l;

/// Refuses to read a file that definitions name.
fn no_files(name: &str) -> Result<String> {
    let message = format!("{name}: other files are not read here");
    Err(Error::new(ErrorKind::Definition, message).hint("write the routes under `routes`"))
}

/// A file with definitions: its name, for messages, and its text.
#[derive(Clone, Debug)]
pub struct DefinitionFile {
    /// The name.
    pub name: String,
    /// The text.
    pub text: String,
}

/// Several files as one text, so that one place says where something stands.
struct Joined {
    text: String,
    parts: Vec<Part>,
}

impl Joined {
    fn of(files: &[DefinitionFile]) -> Joined {
        let mut joined = Joined { text: String::new(), parts: Vec::with_capacity(files.len()) };
        for file in files {
            joined.parts.push(Part { name: file.name.clone(), start: joined.text.len() });
            joined.text.push_str(&file.text);
        }
        joined
    }

    fn document(&self) -> Document<'_> {
        let name = self.parts.first().map_or("", |part| &part.name);
        Document { name, text: &self.text, parts: &self.parts }
    }

    /// The documents of all files. A single file that is not OpenSLO is the business of another reader.
    fn parse(&self, files: &[DefinitionFile]) -> Result<Vec<Node>> {
        let mut nodes = Vec::new();
        for (file, part) in files.iter().zip(&self.parts) {
            let found = Document::new(&file.name, &file.text).parse_all();
            match found {
                Ok(found) => nodes.extend(found.into_iter().map(|node| node.shifted(part.start as isize))),
                Err(_) if files.len() == 1 => return Ok(Vec::new()),
                Err(error) => return Err(error),
            }
        }
        match nodes.iter().find(|node| files.len() > 1 && openslo::is_short_form(node)) {
            None => Ok(nodes),
            Some(other) => {
                let place = other.span.start..other.span.start;
                let error = self.document().error(&place, "a definition in the short form stands alone, not in a folder", "here");
                Err(error.hint("name the definition file itself, or move it elsewhere"))
            }
        }
    }
}

#[cold]
fn several_files(files: &[DefinitionFile]) -> Error {
    let message = match files.first() {
        None => "there is no definition file".to_owned(),
        Some(first) => format!("there are no OpenSLO objects in {} and the others", first.name),
    };
    Error::new(ErrorKind::Definition, message).hint("a folder of definitions has OpenSLO objects in .yaml, .yml or .json files")
}

pub(super) fn limit(what: &str, count: usize, most: usize) -> Result<()> {
    if count <= most {
        return Ok(());
    }
    let error = Error::new(ErrorKind::Limit, format!("{count} {what} are more than {most} in one definition file"));
    Err(error.hint("split the definitions into several files and run them one by one"))
}

pub(super) fn route_error(document: Document<'_>, place: &std::ops::Range<usize>, problem: RouteProblem) -> Error {
    let error = match problem.route {
        Some(_) => document.error(place, problem.message, "this route"),
        None => Error::new(ErrorKind::Limit, problem.message),
    };
    match problem.hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// What a file says of all of its SLOs.
#[derive(Clone, Copy)]
struct Common<'c> {
    service: Option<&'c str>,
    group_by: &'c [Dimension],
    exclude: &'c [Exclusion],
}

/// Turns what is written into what is meant. Indicators that count the same by the same dimensions are made once.
pub(super) struct Resolver<'a> {
    pub document: Document<'a>,
    pub slice: Option<Length>,
    pub routes: Arc<Routes>,
    /// Alerts, policy and gate of SLOs that say nothing else.
    pub guard: Arc<Guard>,
    /// What was hardly meant, each once.
    doubts: RefCell<Vec<Error>>,
    indicators: HashMap<(String, Vec<Dimension>), Arc<Indicator>>,
}

impl<'a> Resolver<'a> {
    pub fn new(document: Document<'a>, slice: Option<Written>) -> Result<Self> {
        let (routes, guard, doubts, indicators) = Default::default();
        let mut resolver = Resolver { document, slice: None, routes, guard, doubts, indicators };
        if let Some(slice) = slice {
            let length = resolver.length(&slice, "1m")?;
            if Slices::of_seconds(length.seconds()).is_none() {
                let message = format!("a slice of {length} is too wide: it is at most 1d");
                return Err(document.error(&slice.node.span, message, "slice").hint("slices are the short buckets: 1m is usual"));
            }
            resolver.slice = Some(length);
        }
        Ok(resolver)
    }

    fn slos(&mut self, specs: Vec<SloSpec>, common: Common<'_>) -> Result<Vec<Slo>> {
        let mut slos: Vec<Slo> = Vec::with_capacity(specs.len());
        // By name: the service and the objective of each.
        type Named = Vec<(Option<String>, Option<String>)>;
        let mut names: HashMap<String, Named> = HashMap::with_capacity(specs.len());
        for spec in specs {
            let span = spec.name.node.span.clone();
            let objective = spec.objective.as_ref().map(|objective| objective.text.clone());
            let slo = self.slo(spec, common)?;
            let named = names.entry(slo.name.clone()).or_default();
            // An SLO without a service holds for every service, so it clashes with one of the same name in any. Two objectives of
            // one SLO are told apart by their names.
            let is_same_service = |other: &Option<String>| *other == slo.service || other.is_none() || slo.service.is_none();
            let is_same = |other: &Option<String>| objective.is_none() || other.is_none() || *other == objective;
            if named.iter().any(|(service, other)| is_same_service(service) && is_same(other)) {
                let of = slo.service.as_ref().map_or(String::new(), |service| format!(" of service `{service}`"));
                let error = self.document.error(&span, format!("there are two SLOs `{}`{of}", slo.name), "the second one");
                return Err(error.hint("give each SLO of a service a name of its own"));
            }
            named.push((slo.service.clone(), objective));
            slos.push(slo);
        }
        Ok(slos)
    }

    fn slo(&mut self, spec: SloSpec, common: Common<'_>) -> Result<Slo> {
        let name = self.name(spec.name)?;
        let objective = self.optional_name(spec.objective)?;
        let service = self.optional_name(spec.service)?.or(common.service.map(str::to_owned));
        let target = self.target(&spec.target)?;
        let budgeting = self.budgeting(&spec.budgeting)?;
        let windows = self.windows(&spec.windows, &budgeting)?;
        let exclude = common.exclude.iter().cloned().chain(self.exclusions(spec.exclude)?).collect();
        let valid = spec.valid.map(|valid| self.expression(&valid, "valid")).transpose()?;
        let good = self.expression(&spec.good, "good")?;
        let own_group_by = spec.group_by.map(|names| self.dimensions(names)).transpose()?;
        let group_by = own_group_by.unwrap_or_else(|| common.group_by.to_vec());
        let objective = objective.unwrap_or_else(|| spec.target.text.trim().to_owned());
        let guard = self.guard(spec.guard, &spec.target, target, &windows)?;
        let weight = spec.weight.map(|weight| self.weight(&weight)).transpose()?;
        let indicator = self.indicator(Indicator { valid, good, weight, routes: self.routes.clone(), group_by });
        Ok(Slo { service, name, objective, target, windows, budgeting, exclude, guard, indicator })
    }

    /// What watches over an SLO. Tiers that somebody wrote must be able to fire.
    fn guard(&self, spec: GuardSpec, written: &Written, target: Target, windows: &[Window]) -> Result<Arc<Guard>> {
        let places = spec.places_of_long_windows();
        let guard = Arc::new(spec.resolve(self.document, &self.guard)?);
        let (Some(tiers), Some(window)) = (&guard.tiers, windows.first()) else { return Ok(guard) };
        check_reachable(self.document, &written.node, tiers, target, window.seconds())?;
        for (i, tier) in tiers.iter().enumerate().filter(|(_, tier)| tier.long.seconds() > window.seconds()) {
            let message =
                format!("the tier `{}` looks back {}, further than the window of {}", tier.name, tier.long, window.text());
            self.doubt(places.get(i).unwrap_or(&written.node.span), message, "let it look back a small part of the window");
        }
        Ok(guard)
    }

    /// Says that something was hardly meant.
    pub(super) fn doubt(&self, place: &Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        let doubt = self.document.error(place, message, "here").hint(hint);
        let mut doubts = self.doubts.borrow_mut();
        if !doubts.iter().any(|earlier| earlier.to_string() == doubt.to_string()) {
            doubts.push(doubt);
        }
    }

    /// The indicator that counts the same by the same dimensions, or this one.
    pub fn indicator(&mut self, indicator: Indicator) -> Arc<Indicator> {
        let key = (indicator.canonical(), indicator.group_by.clone());
        self.indicators.entry(key).or_insert_with(|| Arc::new(indicator)).clone()
    }

    fn weight(&self, weight: &Written) -> Result<Weight> {
        let operand =
            parse::operand(&weight.text).map_err(|problem| self.document.expression_error(&weight.node, problem, "weight"))?;
        let field = match operand {
            Operand::Field(field) => Some(field),
            Operand::Route => None,
        };
        field.and_then(Weight::new).ok_or_else(|| {
            let message = format!("events cannot be weighted by `{}`: it is no amount", weight.text);
            self.document
                .error(&weight.node.span, message, "weight")
                .hint("weigh by bytes, or by a whole number that the log has")
        })
    }

    pub fn target(&self, target: &Written) -> Result<Target> {
        Target::parse(target.text.trim()).map_err(|message| self.document.error(&target.node.span, message, "target"))
    }

    pub fn window(&self, window: Option<&Written>) -> Result<Window> {
        let default;
        let window = match window {
            Some(window) => window,
            None => {
                default = Written::alone(WINDOW_DEFAULT);
                &default
            }
        };
        let length = self.length(window, WINDOW_DEFAULT)?;
        let slice = self.slice.as_ref().map_or(SLICE_SECONDS_DEFAULT, Length::seconds);
        if length.seconds() % slice != 0 {
            let slice = self.slice.as_ref().map_or("1m", Length::text);
            let message = format!("a window of {length} is no whole number of slices of {slice}");
            return Err(self
                .document
                .error(&window.node.span, message, "window")
                .hint("change the window, or the width under `slice:`"));
        }
        if length.seconds() < WINDOW_SECONDS_SUSPICIOUS {
            let hint = match length.text().strip_suffix('m') {
                Some(months @ ("1" | "2" | "3" | "4" | "6" | "12")) => {
                    format!("`m` are minutes: write {months}M if months were meant")
                }
                _ => format!("days to months are usual: {WINDOW_DEFAULT}, say"),
            };
            self.doubt(&window.node.span, format!("a window of {length} is very short"), hint);
        }
        Ok(Window::Rolling(length))
    }

    pub(super) fn length(&self, length: &Written, example: &str) -> Result<Length> {
        Length::parse(&length.text).map_err(|message| {
            let error = self.document.error(&length.node.span, message, "length of time");
            error.hint(format!("write it like {example}"))
        })
    }

    fn expression(&self, expression: &Written, what: &str) -> Result<Expr> {
        parse::expression(&expression.text, Some(&self.routes)).map_err(|problem| {
            let node = Node { content: Content::Text(expression.text.clone()), span: expression.node.span.clone() };
            self.document.expression_error(&node, problem, &format!("in `{what}`"))
        })
    }

    fn dimensions(&self, names: Vec<Written>) -> Result<Vec<Dimension>> {
        let mut dimensions = Vec::with_capacity(names.len());
        for name in &names {
            let dimension = self.dimension(name, &dimensions)?;
            dimensions.push(dimension);
        }
        Ok(dimensions)
    }

    pub fn dimension(&self, name: &Written, earlier: &[Dimension]) -> Result<Dimension> {
        let dimension =
            Dimension::parse(&name.text).map_err(|problem| self.document.expression_error(&name.node, problem, "dimension"))?;
        let refuse = |message: String, hint: &str| Err(self.document.error(&name.node.span, message, "dimension").hint(hint));
        let clash = RESERVED_COLUMNS.iter().find(|column| column.eq_ignore_ascii_case(dimension.name()));
        if let Some(column) = clash {
            let message = format!("a dimension `{}` would clash with the output column `{column}`", dimension.name());
            return refuse(message, "group by another field, or rename this one where the log is written");
        }
        if dimension == Dimension::Field(Field::Time) {
            return refuse("time is no dimension".to_owned(), "rows are by time already: use `--every`");
        }
        // Column names are compared without case by most readers of the output.
        if earlier.iter().any(|other| other.name().eq_ignore_ascii_case(dimension.name())) {
            return refuse(format!("the dimension `{}` is there twice", dimension.name()), "leave one of them out");
        }
        if earlier.len() == DIMENSIONS_MAX {
            return refuse(
                format!("there are more than {DIMENSIONS_MAX} dimensions"),
                "groups are all of their combinations; use fewer",
            );
        }
        if dimension == Dimension::Route && self.routes.is_empty() {
            return refuse("there are no routes to group by".to_owned(), "declare routes, as in routes: [\"/api/orders/{id}\"]");
        }
        Ok(dimension)
    }

    /// The declared routes, and behind them those of another document.
    fn routes(&self, specs: Vec<RouteSpec>, from: Option<Written>, load: &dyn Fn(&str) -> Result<String>) -> Result<Routes> {
        let mut routes = Vec::with_capacity(specs.len());
        let mut places = Vec::with_capacity(specs.len());
        let mut names = std::collections::HashSet::with_capacity(specs.len());
        let is_word = |spec: &RouteSpec| spec.name.is_none() && !spec.is_regex && spec.pattern.text == AUTO;
        let is_auto = specs.iter().any(is_word);
        for RouteSpec { name, pattern, is_regex } in specs.into_iter().filter(|spec| !is_word(spec)) {
            let place = name.as_ref().unwrap_or(&pattern).node.span.clone();
            let name = self.optional_name(name)?.unwrap_or_else(|| pattern.text.clone());
            if !names.insert(name.clone()) {
                let error = self.document.error(&place, format!("there are two routes `{name}`"), "the second one");
                return Err(error.hint("the first one that matches wins; name several patterns apart, or join them in one regex"));
            }
            places.push(pattern.node.span);
            let pattern = if is_regex { Pattern::Regex(pattern.text) } else { Pattern::Template(pattern.text) };
            routes.push(Route { name, pattern });
        }
        if let Some(from) = from {
            for route in openapi::routes(&from.text, &load(&from.text)?)? {
                if names.insert(route.clone()) {
                    places.push(from.node.span.clone());
                    routes.push(Route { name: route.clone(), pattern: Pattern::Template(route) });
                }
            }
        }
        let place_of = |problem: &RouteProblem| problem.route.map_or(0..0, |i| places[i].clone());
        let compiled = Routes::compile(routes).map_err(|problem| route_error(self.document, &place_of(&problem), problem));
        Ok(compiled?.with_auto(is_auto))
    }

    fn input(&self, spec: InputSpec) -> Result<InputDefinition> {
        for glob in &spec.files {
            globset::Glob::new(&glob.text).map_err(|error| {
                let message = format!("`{}` is neither a file name nor a glob: {}", glob.text, error.kind());
                self.document.error(&glob.node.span, message, "glob")
            })?;
        }
        let files = spec.files.into_iter().map(|glob| glob.text).collect();
        Ok(InputDefinition { files, format: spec.format, service: self.optional_name(spec.service)? })
    }

    fn optional_name(&self, name: Option<Written>) -> Result<Option<String>> {
        name.map(|name| self.name(name)).transpose()
    }

    pub(super) fn name(&self, name: Written) -> Result<String> {
        let refuse = |message: String| Err(self.document.error(&name.node.span, message, "name"));
        if name.text.trim().is_empty() {
            return refuse("a name is empty".to_owned());
        }
        if name.text.len() > NAME_BYTES_MAX {
            return refuse(format!("a name has {} bytes, more than {NAME_BYTES_MAX}", name.text.len()));
        }
        if name.text.chars().any(char::is_control) {
            return refuse("a name holds a control character".to_owned());
        }
        Ok(name.text)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    /// The error as a person sees it, but for colour: place, message, the marked line, hint.
    fn render(error: &Error) -> String {
        let mut text = format!("{error}\n");
        if let Some(excerpt) = error.excerpt() {
            let (line, column) = excerpt.line_column();
            let source = excerpt.text.lines().nth(line - 1).unwrap_or_default();
            let width = excerpt.text[excerpt.offset..excerpt.offset + excerpt.length].chars().count();
            let mark = if width == 0 { "^".to_owned() } else { "-".repeat(width) };
            text += &format!("  | {source}\n  | {}{mark} {}\n", " ".repeat(column - 1), excerpt.label);
        }
        if let Some(hint) = error.hint_text() {
            text += &format!("  = {hint}\n");
        }
        text
    }

    fn fixtures() -> Vec<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/definitions");
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|e| e == "yaml"));
        files.sort();
        files
    }

    /// Every `fixtures/definitions/NAME.yaml` gives `NAME.expected`: the error, or what was understood and the notes.
    /// With `SLIX_BLESS=1` the expectations are written anew; read the difference before you commit it.
    #[test]
    fn messages_are_as_expected() {
        let files = fixtures();
        assert!(files.len() > 20, "the fixtures are not where they should be");
        let mut wrong = Vec::new();
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let got = match Definitions::parse("slos.yaml", &text) {
                Ok(definitions) => describe(&definitions),
                Err(error) => render(&error),
            };
            let expected = file.with_extension("expected");
            if std::env::var_os("SLIX_BLESS").is_some() {
                std::fs::write(&expected, &got).unwrap();
            }
            let want = std::fs::read_to_string(&expected).unwrap_or_default();
            if got != want {
                wrong.push(format!("{}:\n{got}\nexpected:\n{want}", file.display()));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn describe(definitions: &Definitions) -> String {
        let mut text = understood(definitions);
        for doubt in &definitions.doubts {
            text += &format!("doubt: {}", render(doubt));
        }
        for unused in &definitions.unused {
            text += &format!("unused: {unused}\n");
        }
        for note in definitions.check_notes() {
            text += &format!("note: {} = {}\n", note.message, note.hint);
        }
        text
    }

    fn understood(definitions: &Definitions) -> String {
        let mut text = String::new();
        for slo in &definitions.slos {
            let window = slo.windows.iter().map(|window| window.text()).collect::<Vec<_>>().join(", ");
            let service = slo.service.as_deref().unwrap_or("-");
            text += &format!("{service} {} objective={} target={} window={window}\n", slo.name, slo.objective, slo.target);
            for window in &slo.windows {
                let Window::Calendar(calendar) = window else { continue };
                text += &format!("  {} from {} in {}\n", window.text(), calendar.start(), calendar.zone_name());
            }
            if let crate::slo::Budgeting::Slices(slicing) = &slo.budgeting {
                text += &format!("  {} {slicing:?}\n", slo.budgeting.name());
            }
            for one in slo.exclude.iter() {
                let rule = one.recurrence.as_ref().map(|r| (r.rule.as_str(), r.zone.as_str()));
                text += &format!("  without {} to {} {rule:?}: {} ({})\n", one.start, one.end, one.reason, one.author);
            }
            text += &format!(
                "  by [{}]\n  {}\n",
                slo.indicator.dimensions().join(", "),
                slo.indicator.canonical().replace('\n', "\n  ")
            );
        }
        text += &describe_guards(definitions);
        for input in &definitions.inputs {
            let format = input.format.as_ref().map(|format| format.value().to_string());
            text += &format!("input {:?} service={:?} format={}\n", input.files, input.service, format.unwrap_or_default());
        }
        if let Some(format) = &definitions.format {
            text += &format!("format {}\n", format.value());
        }
        text
    }

    /// What watches over SLOs, where it is not what watches over all that say nothing.
    fn describe_guards(definitions: &Definitions) -> String {
        let mut text = String::new();
        if !definitions.attribute.is_empty() {
            text += &format!("attribute {:?}\n", definitions.attribute.iter().map(Dimension::name).collect::<Vec<_>>());
        }
        for slo in definitions.slos.iter().filter(|slo| *slo.guard != Guard::default()) {
            text += &format!("guard of {}: gate={}\n", slo.name, slo.guard.gate);
            for tier in slo.guard.tiers.iter().flatten() {
                let factor = tier.factor(slo.windows[0].seconds()).to_f64();
                let short = tier.short.as_ref().map_or("-", Length::text);
                text += &format!(
                    "  {} {} {} factor={factor} long={} short={short} bad_above={}\n",
                    tier.name,
                    tier.severity.name(),
                    tier.relation(),
                    tier.long,
                    tier.bad_above
                );
            }
            text += &format!("  {:?}\n", slo.guard.policy);
        }
        text
    }

    /// Everything that a definition means, but for where it stands.
    fn meaning(definitions: &Definitions) -> String {
        let guards: String = definitions.slos.iter().map(|slo| format!("{:?} {:?}\n", slo.guard, slo.indicator.weight)).collect();
        let routes: String = definitions.routes.canonical();
        format!("{:?} {:?} {routes}\n{}{guards}", definitions.service, definitions.slice, understood(definitions))
    }

    /// Short form → OpenSLO → short form is the identity; and what slix writes is no more in doubt than what it was made of.
    fn comes_back(text: &str) {
        let file = DefinitionFile { name: "slos.yaml".to_owned(), text: text.to_owned() };
        let first = Definitions::parse(&file.name, &file.text).unwrap_or_else(|error| panic!("{}\n{text}", render(&error)));
        let written = Definitions::to_openslo(&file, &no_files).unwrap_or_else(|error| panic!("{}\n{text}", render(&error)));
        let again = Definitions::parse("again.yaml", &written).unwrap_or_else(|error| panic!("{}\n{written}", render(&error)));
        assert_eq!(meaning(&again), meaning(&first), "{text}\n{written}");
        // Where something stands differs, and so does the order.
        let doubts = |definitions: &Definitions| {
            definitions.doubts.iter().map(|doubt| doubt.message().to_owned()).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(doubts(&again), doubts(&first), "{written}");
        assert!(again.unused.is_empty(), "{:?}\n{written}", again.unused);
    }

    #[test]
    fn openslo_and_back_is_the_identity() {
        let texts: Vec<String> = fixtures().iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
        let (openslo, short): (Vec<_>, Vec<_>) = texts.iter().partition(|text| text.contains("openslo/"));
        let right: Vec<_> = short.into_iter().filter(|text| Definitions::parse("", text).is_ok()).collect();
        assert!(right.len() >= 5, "only {} fixtures are right", right.len());
        right.into_iter().for_each(|text| comes_back(text));
        let file = DefinitionFile { name: "slos.yaml".to_owned(), text: openslo[0].clone() };
        assert!(Definitions::to_openslo(&file, &no_files).unwrap_err().to_string().contains("is OpenSLO already"));
    }

    /// One of the lines, or nothing.
    fn line_of(lines: &'static [&'static str]) -> impl proptest::strategy::Strategy<Value = &'static str> {
        proptest::sample::select(lines)
    }

    #[test]
    fn objects_of_several_files_refer_to_each_other() {
        let all =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/definitions/openslo_all_kinds.yaml"))
                .unwrap();
        let whole = Definitions::parse("all.yaml", &all).unwrap();
        let mut files: Vec<DefinitionFile> = (0..)
            .zip(all.split("---\n"))
            .map(|(i, text)| DefinitionFile { name: format!("{i}.yaml"), text: text.to_owned() })
            .collect();
        let apart = Definitions::read(&files, &no_files).unwrap();
        let slos = |definitions: &Definitions| {
            describe(definitions).lines().take_while(|l| !l.starts_with("doubt") && !l.starts_with("unused")).collect::<String>()
        };
        assert_eq!(slos(&apart), slos(&whole));
        // A complaint is placed in the file that it is about.
        files[2].text = files[2].text.replace("status == 5xx", "stauts == 5xx");
        assert!(Definitions::read(&files, &no_files).unwrap_err().to_string().starts_with("2.yaml:7:"));
        files.remove(2);
        let error = Definitions::read(&files, &no_files).unwrap_err().to_string();
        assert!(error.starts_with("6.yaml:10:17: there is no SLI `no-failures`"), "{error}");
        files.push(DefinitionFile { name: "short.yaml".to_owned(), text: "slos: []".to_owned() });
        assert!(
            Definitions::read(&files, &no_files)
                .unwrap_err()
                .to_string()
                .contains("short.yaml:1:1: a definition in the short form stands alone")
        );
    }

    fn of_slos(slos: &str) -> Result<Definitions> {
        Definitions::parse("slos.yaml", &format!("routes: [\"/a/{{id}}\", /b]\nslos:\n{slos}"))
    }

    #[test]
    fn equal_indicators_are_one() {
        let definitions = of_slos(
            "- {name: a, target: 99%, good: status < 500 and exists(host)}\n\
             - {name: b, target: 99.9%, window: 7d, valid: true, good: exists(host) and status <= 499}\n\
             - {name: c, target: 99%, good: status < 500 and exists(host), group_by: host}\n\
             - {name: d, target: 99%, good: status < 500}\n",
        )
        .unwrap();
        let [a, b, c, d] = definitions.slos.as_slice() else { panic!("four SLOs") };
        assert!(Arc::ptr_eq(&a.indicator, &b.indicator));
        assert!(!Arc::ptr_eq(&a.indicator, &c.indicator));
        assert_eq!(a.indicator.canonical(), c.indicator.canonical());
        assert_ne!(a.indicator.canonical(), d.indicator.canonical());
    }

    #[test]
    fn routes_count_only_where_they_are_used() {
        let definitions = of_slos(
            "- {name: a, target: 99%, good: status < 500}\n\
             - {name: b, target: 99%, good: status < 500, group_by: [route]}\n\
             - {name: c, target: 99%, valid: route == \"/b\", good: status < 500}\n",
        )
        .unwrap();
        let uses: Vec<bool> = definitions.slos.iter().map(|slo| slo.indicator.uses_routes()).collect();
        assert_eq!(uses, [false, true, true]);
        assert!(definitions.slos[2].indicator.canonical().ends_with("routes: \"/a/{id}\" path \"/a/{id}\", \"/b\" path \"/b\""));
    }

    #[test]
    fn limits_are_where_they_are_stated() {
        let slos = |count: usize| -> String {
            (0..count).map(|i| format!("- {{name: s{i}, target: 99%, good: status < 500}}\n")).collect()
        };
        assert_eq!(of_slos(&slos(SLOS_MAX)).unwrap().slos.len(), SLOS_MAX);
        assert_eq!(of_slos(&slos(SLOS_MAX + 1)).unwrap_err().kind(), ErrorKind::Limit);
        let name = |length: usize| format!("- {{name: {}, target: 99%, good: status < 500}}\n", "x".repeat(length));
        assert!(of_slos(&name(NAME_BYTES_MAX)).is_ok());
        assert!(of_slos(&name(NAME_BYTES_MAX + 1)).is_err());
        let grouped = |count: usize| {
            let names: Vec<String> = (0..count).map(|i| format!("$f{i}")).collect();
            format!("- {{name: a, target: 99%, good: status < 500, group_by: [{}]}}\n", names.join(", "))
        };
        assert!(of_slos(&grouped(DIMENSIONS_MAX)).is_ok());
        assert!(of_slos(&grouped(DIMENSIONS_MAX + 1)).is_err());
        let large = " ".repeat(super::super::document::DEFINITION_BYTES_MAX + 1);
        assert_eq!(Definitions::parse("slos.yaml", &large).unwrap_err().kind(), ErrorKind::Limit);
    }

    #[test]
    fn a_place_inside_a_format_string_is_a_place_in_the_file() {
        let text = "format: '$remote_addr \"$request\" it''s $stauts'\nslos: [{name: a, target: 99%, good: status < 500}]\n";
        let definitions = Definitions::parse("slos.yaml", text).unwrap();
        let format = definitions.format.unwrap();
        let string = format.as_str().unwrap();
        let excerpt = format.excerpt_within(string.find("$stauts").unwrap(), 7, "unknown");
        assert_eq!(&text[excerpt.offset..excerpt.offset + excerpt.length], "$stauts");
        assert_eq!(format.excerpt("format").line_column(), (1, 9));
    }

    #[test]
    fn the_documentation_is_understood() {
        let text = include_str!("../../docs/definitions.md");
        let blocks: Vec<&str> = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(blocks.len() >= 3);
        for block in blocks {
            // A block without `slos:` shows some of their keys.
            let whole = match block.contains("slos:") || block.contains("apiVersion:") {
                true => block.to_owned(),
                false => format!(
                    "slos:\n- name: shown\n  target: 99%\n{}",
                    block.lines().map(|l| format!("  {l}\n")).collect::<String>()
                ),
            };
            let definitions =
                Definitions::parse("definitions.md", &whole).unwrap_or_else(|error| panic!("{}\n{block}", render(&error)));
            assert_eq!(definitions.check_notes(), [], "{block}");
        }
    }

    proptest::proptest! {
        /// Whatever a short form says, OpenSLO and back says the same.
        #[test]
        fn any_short_form_comes_back_from_openslo(
            top in proptest::collection::vec(line_of(&[
                "", "service: shop", "slice: 30s", "group_by: [host]", "alerts: [{severity: page, burn_rate: 1.01, long: 6h}]", "routes: [/a, \"/b/{c}\"]", "gate: false",
                "exclude: {start: 2026-11-01, end: 2026-11-02, reason: r, author: a}", "policy: {owner: o}", "format: combined",
            ]), 0..5),
            slos in proptest::collection::vec((
                (1_u32..=999_999_999, proptest::bool::ANY, 0_usize..8),
                line_of(&["", "objective: aim", "objective: \"1\""]),
                line_of(&["", "window: 7d", "window: 5m", "window: [1h, 28d]", "window: {calendar: 1M}", "window: 90s",
                    "window: {calendar: 1w, zone: Asia/Kathmandu}", "window: [{calendar: 1Q, start: 2026-01-31}, 1d]"]),
                line_of(&["", "valid: status != 404", "valid: 'true'", "valid: not (path ~ \"^/x\" and exists(host))"]),
                line_of(&["", "weight: bytes", "weight: $minutes"]),
                line_of(&["", "group_by: []", "group_by: [method, status_class]"]),
                line_of(&["", "budgeting_method: Occurrences",
                    "budgeting_method: Timeslices\n    time_slice_target: 95%\n    time_slice_window: 30s",
                    "budgeting_method: Timeslices\n    time_slice_target: 1\n    time_slice_window: 1m\n    roll_up: any_bad",
                    "budgeting_method: RatioTimeslices\n    time_slice_window: 1m\n    empty_slices: good"]),
                line_of(&["", "alerts: none", "gate: false", "exclude: []", "service: other",
                    "alerts: [{severity: page, budget: 2%, long: 1h, short: 5m}, {name: \"Slow burn!\", severity: ticket, burn_rate: 1.000000001, long: 3d, bad_above: 0}]",
                    "alerts: [{severity: page, burn_rate: 1.05, long: 90s, short: 30s, after: 45s}]",
                    "alerts: [{severity: page, burn_rate: 1, long: 6h, op: gte}, {severity: ticket, budget: 5%, long: 2d, op: gt}]",
                    "alerts: [{severity: ticket, budget: 0.0000001%, long: 1d, after: 2h, bad_above: 10}]"]),
            ), 1..5),
        ) {
            let mut lines: Vec<&str> = top.clone();
            lines.sort_unstable();
            lines.dedup();
            let mut text: String = lines.into_iter().map(|line| format!("{line}\n")).collect::<String>() + "slos:\n";
            for (i, ((parts, percent, name), objective, window, valid, weight, group_by, method, more)) in slos.into_iter().enumerate() {
                let target = match percent {
                    true => format!("{}.{:07}%", parts / 10_000_000, parts % 10_000_000),
                    false => format!("0.{parts:09}"),
                };
                let name = ["a", "A b", "é", "x.y", "1", "true", "-", "a: b"][name];
                text += &format!("  - name: '{name} {i}'\n    target: {target}\n    good: status < 500\n");
                for line in [objective, window, valid, weight, group_by, method, more].into_iter().filter(|line| !line.is_empty()) {
                    text += &format!("    {line}\n");
                }
            }
            proptest::prop_assume!(Definitions::parse("", &text).is_ok());
            comes_back(&text);
        }

        /// Whatever becomes of a file, it is understood or refused with a place that lies in it.
        #[test]
        fn no_file_makes_the_reader_panic(file in 0..1_000usize, at in 0..4_000usize, length in 0..12usize, by in "[ -~\n\tµ]{0,6}") {
            let files = fixtures();
            let mut text = std::fs::read_to_string(&files[file % files.len()]).unwrap();
            let start = text.floor_char_boundary(at % (text.len() + 1));
            let end = text.floor_char_boundary((start + length).min(text.len()));
            text.replace_range(start..end, &by);
            let parsed = Definitions::parse("slos.yaml", &text);
            if let Some(excerpt) = parsed.as_ref().err().and_then(Error::excerpt) {
                let marked = excerpt.text.get(excerpt.offset..excerpt.offset + excerpt.length);
                proptest::prop_assert!(marked.is_some(), "{parsed:?} {text}");
            }
        }
    }
}
