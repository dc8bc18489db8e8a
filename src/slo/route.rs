//! Routes: names for sets of paths.
//!
//! All routes are compiled into one automaton that reads a path once, whatever their number:
//!
//! ```text
//! for byte in path { state = next[state][byte]; if state is dead { break }; if state matches { found = its route } }
//! ```
//! A template becomes a regular expression anchored at both ends (`{id}` is one or more bytes but `/`, a catch-all one or
//! more bytes of any kind), a regular expression without an anchor may begin anywhere. Alternatives are tried
//! leftmost-first, which over one anchored alternation means: the first route written that matches wins. A match cuts all
//! later alternatives off, so the automaton is dead as soon as nothing can change the answer. Three things let that come early:
//! 1. A catch-all asks for one byte only, since whatever follows matches as well.
//! 2. Users' repetitions are made lazy, which changes where a match ends but not whether there is one: `^/api/.*` is
//!    decided behind `/api/`.
//! 3. The start state is looked up once; it depends on nothing when every search is anchored at the begin of the text.

use std::borrow::Cow;
use std::fmt;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::{primitives::StateID, start, syntax};
use regex_automata::{Anchored, Input, MatchKind, meta, nfa::thompson};

use super::expr::quoted;
use super::normalize;

/// Most routes of one definition: beyond it, names are data (group by a field of the log instead).
pub const ROUTES_MAX: usize = 10_000;

/// Largest dense automaton in bytes, and the most that may be spent on building it. 200 usual templates take about
/// 1 MiB; beyond this limit the table would push everything else out of the caches, and the lazily built one answers instead.
const DENSE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Largest program of the lazily built automaton in bytes; a set of routes beyond it is refused.
const PROGRAM_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A name for a set of paths.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Route {
    /// Its name: what `route` is equal to and what outputs show. The pattern as written, unless the definition names it.
    pub name: String,
    /// Which paths it holds.
    pub pattern: Pattern,
}

/// Which paths a route holds. Paths are bytes without query, never percent-decoded.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Pattern {
    /// A template of the matchit crate: `/api/orders/{id}`, `/static/{*rest}`, `/img-{n}.png`; `{{` and `}}` stand for braces.
    Template(String),
    /// A regular expression (`regex` crate syntax, bytes) that matches somewhere in the path.
    Regex(String),
}

impl Pattern {
    /// As it is written.
    pub fn text(&self) -> &str {
        match self {
            Pattern::Template(text) | Pattern::Regex(text) => text,
        }
    }
}

/// Which route is wrong, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteProblem {
    /// Number of the route; none where it is not one route's fault.
    pub route: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

/// The routes of an indicator, compiled.
#[derive(Default)]
pub struct Routes {
    routes: Vec<Route>,
    matcher: Matcher,
    /// Paths that no route matches are named by what they look like.
    is_auto: bool,
}

/// What stands for [`Routes::with_auto`] where routes are declared.
pub const AUTO: &str = "auto";

#[derive(Default)]
enum Matcher {
    /// Without routes nothing matches.
    #[default]
    Nothing,
    Dense {
        dfa: Box<dense::DFA<Vec<u32>>>,
        start: StateID,
    },
    /// Where the dense table would be too large, or the syntax needs more than a table (a Unicode word boundary).
    Lazy(Box<meta::Regex>),
}

impl Routes {
    /// Compiles routes; the first one written that matches a path is its route.
    ///
    /// # Errors
    /// A template or regular expression that is none, more than [`ROUTES_MAX`] routes, or routes too large to compile.
    /// Equal names are the caller's to refuse.
    pub fn compile(routes: Vec<Route>) -> Result<Routes, RouteProblem> {
        Self::compile_within(routes, DENSE_BYTES_MAX)
    }

    fn compile_within(routes: Vec<Route>, dense_bytes_max: usize) -> Result<Routes, RouteProblem> {
        if routes.len() > ROUTES_MAX {
            let message = format!("{} routes are more than {ROUTES_MAX}", routes.len());
            let hint = "group by a field of the log instead".to_owned();
            return Err(RouteProblem { route: None, message, hint: Some(hint) });
        }
        let mut patterns = Vec::with_capacity(routes.len());
        for (i, route) in routes.iter().enumerate() {
            let pattern = anchored_regex(&route.pattern);
            patterns.push(pattern.map_err(|(message, hint)| RouteProblem { route: Some(i), message, hint })?);
        }
        let matcher = match patterns.is_empty() {
            true => Matcher::Nothing,
            false => compile_dense(&patterns, dense_bytes_max).map_or_else(|| compile_lazy(&patterns), Ok)?,
        };
        Ok(Routes { routes, matcher, is_auto: false })
    }

    /// The same, and behind them a route for every other path: the path without its numbers, identifiers and dates, as
    /// [`normalize::route`] makes it. How many there are depends on the log; the limits of groups hold.
    pub fn with_auto(self, is_auto: bool) -> Routes {
        Routes { is_auto, ..self }
    }

    /// Whether other paths are named by what they look like.
    pub fn is_auto(&self) -> bool {
        self.is_auto
    }

    /// The name of the route of `path`: of the first one that matches, else what the path looks like if that was asked for.
    pub fn name_of(&self, path: &[u8]) -> Option<Cow<'_, str>> {
        match self.find(path) {
            Some(route) => Some(Cow::Borrowed(self.name(route))),
            None if self.is_auto => normalize::route(path).map(Cow::Owned),
            None => None,
        }
    }

    /// How many routes are declared.
    pub fn len(&self) -> usize {
        self.routes.len()
    }

    /// Whether no path has a route.
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty() && !self.is_auto
    }

    /// The name of route `i`, which is below [`len`](Routes::len).
    pub fn name(&self, i: usize) -> &str {
        &self.routes[i].name
    }

    /// Every route in the order written.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Route> {
        self.routes.iter()
    }

    /// The first route, in the order written, that matches `path`.
    #[inline]
    pub fn find(&self, path: &[u8]) -> Option<usize> {
        match &self.matcher {
            Matcher::Nothing => None,
            Matcher::Dense { dfa, start } => walk(dfa, *start, path),
            Matcher::Lazy(regex) => regex.search_half(&Input::new(path).anchored(Anchored::Yes)).map(|m| m.pattern().as_usize()),
        }
    }

    /// The answer for every path that begins with `prefix`, if it is the same for all; the inner one is that of [`find`](Routes::find).
    /// It may say none where a cleverer one would know.
    pub fn find_by_prefix(&self, prefix: &[u8]) -> Option<Option<usize>> {
        match &self.matcher {
            Matcher::Nothing => Some(None),
            Matcher::Dense { dfa, start } => settled(dfa, *start, prefix),
            Matcher::Lazy(_) => None,
        }
    }

    /// Routes that no path can reach, because earlier ones match all of theirs; each with the earlier one if that is known.
    /// Nothing is said where there is no dense automaton to ask.
    pub fn unreachable(&self) -> Vec<(usize, Option<usize>)> {
        let Matcher::Dense { dfa, start } = &self.matcher else { return Vec::new() };
        let reached = reached_patterns(dfa, *start, self.len());
        let dead = (0..self.len()).filter(|&i| !reached[i]);
        dead.map(|i| (i, example(&self.routes[i].pattern).and_then(|path| self.find(path.as_bytes())))).collect()
    }

    /// The routes as one text for fingerprints: equal texts, equal answers. Order and names count.
    pub fn canonical(&self) -> String {
        let line = |route: &Route| {
            let kind = if matches!(route.pattern, Pattern::Template(_)) { "path" } else { "regex" };
            format!("{} {kind} {}", quoted(route.name.as_bytes()), quoted(route.pattern.text().as_bytes()))
        };
        let auto = self.is_auto.then(|| format!("{AUTO}/{}", normalize::RULES));
        self.routes.iter().map(line).chain(auto).collect::<Vec<_>>().join(", ")
    }
}

/// The routes themselves; the automaton is of no use to a reader.
impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.routes).finish()
    }
}

/// Reads `path` through the automaton. A match shows in the state after the byte that completes it, or at the end.
#[inline]
fn walk(dfa: &dense::DFA<Vec<u32>>, start: StateID, path: &[u8]) -> Option<usize> {
    let mut state = start;
    let mut found = None;
    for &byte in path {
        state = dfa.next_state(state, byte);
        if dfa.is_special_state(state) {
            if dfa.is_match_state(state) {
                found = Some(dfa.match_pattern(state, 0).as_usize());
            } else if dfa.is_dead_state(state) {
                return found;
            }
        }
    }
    state = dfa.next_eoi_state(state);
    if dfa.is_match_state(state) { Some(dfa.match_pattern(state, 0).as_usize()) } else { found }
}

fn syntax_of_paths() -> syntax::Config {
    syntax::Config::new().utf8(false)
}

fn compile_dense(patterns: &[String], bytes_max: usize) -> Option<Matcher> {
    let config = dense::Config::new()
        .start_kind(StartKind::Anchored)
        .match_kind(MatchKind::LeftmostFirst)
        .dfa_size_limit(Some(bytes_max))
        .determinize_size_limit(Some(bytes_max));
    let nfa = program().build_many(patterns).ok()?;
    let dfa = dense::Builder::new().configure(config).build_from_nfa(&nfa).ok()?;
    let start = dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()?;
    Some(Matcher::Dense { dfa: Box::new(dfa), start })
}

fn compile_lazy(patterns: &[String]) -> Result<Matcher, RouteProblem> {
    let config = meta::Config::new()
        .match_kind(MatchKind::LeftmostFirst)
        .utf8_empty(false)
        .nfa_size_limit(Some(PROGRAM_BYTES_MAX))
        .which_captures(thompson::WhichCaptures::Implicit);
    let regex = meta::Builder::new().configure(config).syntax(syntax_of_paths()).build_many(patterns);
    match regex {
        Ok(regex) => Ok(Matcher::Lazy(Box::new(regex))),
        Err(error) => {
            let message = format!("the routes together are too large to compile: {error}");
            Err(RouteProblem {
                route: None,
                message,
                hint: Some("use fewer routes, or smaller repetitions in regexes".to_owned()),
            })
        }
    }
}

/// What is wrong with a pattern, and what to do next.
type PatternProblem = (String, Option<String>);

/// The regular expression that matches at the begin of a path exactly if the route does.
fn anchored_regex(pattern: &Pattern) -> Result<String, PatternProblem> {
    match pattern {
        Pattern::Template(template) => template_regex(template),
        // Only this one pattern is compiled here: it tells what is wrong with it, and where it may begin.
        Pattern::Regex(regex) => match program().build(regex) {
            Ok(nfa) if nfa.is_always_start_anchored() => Ok(grouped(regex)),
            Ok(_) => Ok(format!("(?s-u:.*?){}", grouped(regex))),
            Err(error) => {
                // The compiler's error wraps that of the syntax, which says what a person can act on.
                let syntax = std::error::Error::source(&error).map(ToString::to_string);
                let reason = syntax.unwrap_or_else(|| error.to_string());
                let reason = super::parse::regex_reason(&reason);
                Err((format!("the regular expression of the route is wrong: {reason}"), None))
            }
        },
    }
}

/// The compiler of programs from which automata are made.
fn program() -> thompson::Compiler {
    let mut compiler = thompson::Compiler::new();
    compiler.syntax(syntax_of_paths()).configure(thompson::Config::new().utf8(false).nfa_size_limit(Some(PROGRAM_BYTES_MAX)));
    compiler
}

/// The user's expression in a group that keeps its alternatives and flags to itself. The flag `U` swaps greed.
fn grouped(regex: &str) -> String {
    let group = format!("(?U:{regex})");
    match syntax::parse_with(&group, &syntax_of_paths()) {
        Ok(_) => group,
        // Under (?x) the expression may end in a comment, which a line end closes.
        Err(_) => format!("(?U:{regex}\n)"),
    }
}

fn template_regex(template: &str) -> Result<String, PatternProblem> {
    let hint = || Some("templates look like /api/orders/{id} or /static/{*rest}; `{{` stands for a brace".to_owned());
    if !template.starts_with('/') {
        let message = format!("the route `{template}` does not begin with `/`, as every path does");
        let hint = "write the whole path, or `{name: …, regex: …}` for a regular expression";
        return Err((message, Some(hint.to_owned())));
    }
    // matchit decides what a template is; what it accepts is translated.
    matchit::Router::new().insert(template, ()).map_err(|error| (format!("the route `{template}` is wrong: {error}"), hint()))?;
    Ok(translate(template))
}

/// A valid template as a regular expression.
fn translate(template: &str) -> String {
    let mut regex = String::from("^");
    let mut rest = template;
    while let Some(c) = rest.chars().next() {
        let parameter = (c == '{' && !rest.starts_with("{{")).then(|| rest.find('}')).flatten();
        match parameter {
            // One byte is enough to know that the rest, whatever it is, matches.
            Some(_) if rest.starts_with("{*") => return regex + "(?s-u:.)",
            Some(end) => {
                regex.push_str("(?-u:[^/]+)");
                rest = &rest[end + 1..];
            }
            None => {
                regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
                let doubled = rest.starts_with("{{") || rest.starts_with("}}");
                rest = &rest[if doubled { 2 } else { c.len_utf8() }..];
            }
        }
    }
    regex + "$"
}

/// States that are looked at to see whether a prefix settles the answer.
const SETTLING_STATES_MAX: usize = 64;

/// What [`walk`] gives for every text that begins with `prefix`, if it is the same for all.
fn settled(dfa: &dense::DFA<Vec<u32>>, start: StateID, prefix: &[u8]) -> Option<Option<usize>> {
    let (mut state, mut found) = (start, None);
    for &byte in prefix {
        state = dfa.next_state(state, byte);
        if dfa.is_dead_state(state) {
            return Some(found);
        }
        if dfa.is_match_state(state) {
            found = Some(dfa.match_pattern(state, 0).as_usize());
        }
    }
    let nexts = |state| {
        let bytes = (0..=255u8).map(move |byte| dfa.next_state(state, byte));
        bytes.chain([dfa.next_eoi_state(state)])
    };
    let pattern = |state| dfa.is_match_state(state).then(|| dfa.match_pattern(state, 0).as_usize());
    let mut reachable = std::collections::HashSet::from([state]);
    let mut waiting = vec![state];
    let mut patterns = std::collections::HashSet::new();
    while let Some(from) = waiting.pop() {
        for next in nexts(from) {
            patterns.extend(pattern(next));
            if !dfa.is_dead_state(next) && reachable.insert(next) {
                waiting.push(next);
            }
        }
        if reachable.len() > SETTLING_STATES_MAX {
            return None;
        }
    }
    let mut patterns = patterns.into_iter();
    match (patterns.next(), patterns.next()) {
        (None, _) => Some(found),
        // One route is left: it is the answer if it matches already, or with whatever comes next.
        (Some(only), None) if found == Some(only) || nexts(state).all(|next| pattern(next) == Some(only)) => Some(Some(only)),
        _ => None,
    }
}

/// Which patterns the automaton can ever report.
fn reached_patterns(dfa: &dense::DFA<Vec<u32>>, start: StateID, patterns: usize) -> Vec<bool> {
    let mut reached = vec![false; patterns];
    let mut seen = std::collections::HashSet::from([start]);
    let mut waiting = vec![start];
    let bytes: Vec<u8> = dfa.byte_classes().representatives(0..=255).filter_map(|unit| unit.as_u8()).collect();
    while let Some(state) = waiting.pop() {
        for next in bytes.iter().map(|&byte| dfa.next_state(state, byte)).chain([dfa.next_eoi_state(state)]) {
            if dfa.is_match_state(next) {
                reached[dfa.match_pattern(next, 0).as_usize()] = true;
            }
            if !dfa.is_dead_state(next) && seen.insert(next) {
                waiting.push(next);
            }
        }
    }
    reached
}

/// A path that a template matches.
fn example(pattern: &Pattern) -> Option<String> {
    let Pattern::Template(template) = pattern else { return None };
    let mut path = String::new();
    let mut characters = template.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '{' | '}' if characters.peek() == Some(&c) => path.extend(characters.next()),
            '{' => {
                path.push('x');
                characters.by_ref().find(|&c| c == '}');
            }
            other => path.push(other),
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;
    use crate::record::{Record, Slot};
    use crate::slo::classify::Classifier;
    use crate::slo::{Dimension, Indicator};

    fn template(text: &str) -> Route {
        Route { name: text.to_owned(), pattern: Pattern::Template(text.to_owned()) }
    }

    fn regex(text: &str) -> Route {
        Route { name: text.to_owned(), pattern: Pattern::Regex(text.to_owned()) }
    }

    /// The obvious twin: every route by itself, in order.
    fn find_slowly(routes: &[Route], path: &[u8]) -> Option<usize> {
        routes.iter().position(|route| match &route.pattern {
            Pattern::Regex(regex) => regex::bytes::Regex::new(regex).unwrap().is_match(path),
            Pattern::Template(template) => match_template(template, path),
        })
    }

    fn match_template(template: &str, path: &[u8]) -> bool {
        let mut router = matchit::Router::new();
        router.insert(template, ()).unwrap();
        // matchit reads text; bytes that are none are bytes like any others, so each becomes a letter outside ASCII.
        let text: String = path.iter().map(|&b| char::from(b)).collect();
        router.at(&text).is_ok()
    }

    #[test]
    fn the_first_route_written_wins() {
        let routes = vec![
            template("/api/orders/{id}"),
            template("/api/orders/new"),
            regex("^/api(/|$)"),
            template("/static/{*rest}"),
            regex("health"),
            template("/img-{n}.png"),
            template("/{{brace}}"),
        ];
        let compiled = Routes::compile(routes).unwrap();
        for (path, want) in [
            ("/api/orders/7", Some(0)),
            ("/api/orders/new", Some(0)),
            ("/api/orders/7/items", Some(2)),
            ("/api", Some(2)),
            ("/apis", None),
            ("/static/", None),
            ("/static/a/b.css", Some(3)),
            ("/x/healthz/y", Some(4)),
            ("/static/health", Some(3)),
            ("/img-1.png", Some(5)),
            ("/img-.png", None),
            ("/{brace}", Some(6)),
            ("", None),
            ("*", None),
        ] {
            assert_eq!(compiled.find(path.as_bytes()), want, "{path}");
        }
        assert_eq!(compiled.find(b"/api/orders/\xff\n"), Some(0));
        assert_eq!(compiled.find(b"/static/\xff"), Some(3));
        assert_eq!(compiled.unreachable(), [(1, Some(0))]);
    }

    #[test]
    fn users_expressions_keep_to_themselves() {
        let compiled = Routes::compile(vec![regex("(?x) ^/a$ # a comment"), regex("^/b|^/c"), regex("(?i)/D$")]).unwrap();
        for (path, want) in [("/a", Some(0)), ("/ab", None), ("/c1", Some(1)), ("/x/c", None), ("/x/d", Some(2))] {
            assert_eq!(compiled.find(path.as_bytes()), want, "{path}");
        }
    }

    #[test]
    fn wrong_routes_are_named() {
        for (route, want) in [
            (template("api"), "does not begin with `/`"),
            (template("/{a}{b}"), "Only one parameter"),
            (template("/{"), "matching braces|valid name"),
            (template("/{*rest}/x"), "end of a route"),
            (regex("("), "unclosed group"),
        ] {
            let problem = Routes::compile(vec![template("/fine"), route]).unwrap_err();
            assert_eq!(problem.route, Some(1));
            assert!(want.split('|').any(|want| problem.message.contains(want)), "{}", problem.message);
        }
        let many: Vec<Route> = (0..=ROUTES_MAX).map(|i| template(&format!("/{i}"))).collect();
        assert_eq!(Routes::compile(many).unwrap_err().route, None);
    }

    #[test]
    fn a_settled_path_is_not_read_further() {
        let routes = vec![template("/a/{*rest}"), regex("^/b/.*"), regex("^/c(/|$)"), template("/d/{id}")];
        let compiled = Routes::compile(routes).unwrap();
        let Matcher::Dense { dfa, start } = &compiled.matcher else { panic!("a small automaton is dense") };
        let bytes_read = |path: &[u8]| {
            let mut state = *start;
            path.iter()
                .take_while(|&&byte| {
                    state = dfa.next_state(state, byte);
                    !dfa.is_dead_state(state)
                })
                .count()
        };
        for (path, most) in [("/a/bcdefgh", 5), ("/b/cdefghi", 4), ("/c/defghij", 4), ("/x/yyyyyy", 1)] {
            assert!(bytes_read(path.as_bytes()) <= most, "{path}: {}", bytes_read(path.as_bytes()));
        }
    }

    #[test]
    fn what_needs_more_than_a_table_is_answered_lazily() {
        let routes = vec![regex(r"\bid\b"), template("/a/{x}")];
        let compiled = Routes::compile(routes.clone()).unwrap();
        assert!(matches!(compiled.matcher, Matcher::Lazy(_)));
        for path in ["/a/id", "/a/idx", "/é/id-1", "/b"] {
            assert_eq!(compiled.find(path.as_bytes()), find_slowly(&routes, path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn many_templates_compile_quickly() {
        let routes: Vec<Route> =
            (0..200).map(|i| template(&format!("/api/v{}/things{i}/{{id}}/parts/{{part}}", i % 3))).collect();
        let begin = Instant::now();
        let compiled = Routes::compile(routes).unwrap();
        let took = begin.elapsed();
        assert!(matches!(compiled.matcher, Matcher::Dense { .. }));
        assert_eq!(compiled.find(b"/api/v2/things2/77/parts/x"), Some(2));
        // A tenth of this in a release build; the bound only catches an explosion.
        assert!(took < Duration::from_secs(1), "{took:?}");
        eprintln!("200 templates: {took:?}");
    }

    #[test]
    fn the_most_routes_still_compile() {
        let routes: Vec<Route> = (0..ROUTES_MAX).map(|i| template(&format!("/area{}/thing{i}/{{id}}", i % 7))).collect();
        let begin = Instant::now();
        let compiled = Routes::compile(routes).unwrap();
        eprintln!("{ROUTES_MAX} templates: {:?}, dense: {}", begin.elapsed(), matches!(compiled.matcher, Matcher::Dense { .. }));
        assert_eq!(compiled.find(b"/area1/thing8/x"), Some(8));
        assert_eq!(compiled.find(b"/area1/thing9/x"), None);
    }

    #[test]
    fn a_suffix_may_occur_in_a_parameter() {
        let text = "/img-{n}.png";
        let compiled = Routes::compile(vec![template(text)]).unwrap();
        assert_eq!(compiled.find(b"/img-a.png.png"), Some(0));
        assert!(match_template(text, b"/img-a.png.png"));
    }

    fn any_route() -> impl Strategy<Value = Route> {
        let segment = prop_oneof![3 => "[ab]{1,2}", 2 => Just("{p}".to_owned()), 1 => Just("a{p}".to_owned()), 1 => Just("{p}b".to_owned())];
        let templates =
            (proptest::collection::vec(segment, 0..4), 0..4usize).prop_map(|(segments, tail): (Vec<String>, usize)| {
                let tail = ["", "/", "/{*rest}", "/a"][tail];
                let path: String = segments.iter().map(|s| format!("/{s}")).collect();
                template(if path.is_empty() && tail.is_empty() { "/".to_owned() } else { path + tail }.as_str())
            });
        let regexes = proptest::sample::select(vec![
            "^/a",
            "a/b",
            "^/a$",
            "b$",
            "^/(a|b)/",
            "(?s)^/b.*$",
            "^/[^/]+/b",
            "",
            "a+?b",
            "^/a.*b",
            "\\x00",
            "(?-u)\\xff",
        ]);
        prop_oneof![2 => templates, 1 => regexes.prop_map(regex)]
    }

    proptest! {
        #[test]
        fn dense_lazy_and_slow_agree(
            routes in proptest::collection::vec(any_route(), 1..6),
            paths in proptest::collection::vec(proptest::collection::vec(proptest::sample::select(b"/ab/ab\n\xff".to_vec()), 0..8), 8),
        ) {
            let dense = Routes::compile(routes.clone()).unwrap();
            let lazy = Routes::compile_within(routes.clone(), 0).unwrap();
            let as_meant = matches!((&dense.matcher, &lazy.matcher), (Matcher::Dense { .. }, Matcher::Lazy(_)));
            prop_assert!(as_meant);
            let unreachable: Vec<usize> = dense.unreachable().into_iter().map(|(i, _)| i).collect();
            for path in &paths {
                let want = find_slowly(&routes, path);
                prop_assert_eq!(dense.find(path), want, "{:?} {:?}", routes, path);
                prop_assert_eq!(lazy.find(path), want, "{:?} {:?}", routes, path);
                prop_assert!(want.is_none_or(|i| !unreachable.contains(&i)));
            }
        }
    }

    #[test]
    fn other_paths_are_named_by_what_they_look_like() {
        let declared = || Routes::compile(vec![template("/orders/{id}")]).unwrap();
        assert_eq!(declared().name_of(b"/cart/7"), None);
        let auto = declared().with_auto(true);
        for (path, name) in [("/orders/mine", "/orders/{id}"), ("/cart/7", "/cart/{id}"), ("/cart", "/cart")] {
            assert_eq!(auto.name_of(path.as_bytes()).unwrap(), name);
        }
        assert_eq!(auto.name_of(b"*"), None);
        assert_ne!(auto.canonical(), declared().canonical());
        assert!(!auto.is_empty() && !Routes::default().with_auto(true).is_empty());
    }

    /// More paths than texts are kept apart: they are of two routes all the same, and nothing has to be folded for them.
    #[test]
    fn many_paths_of_few_routes_cost_few_classes() {
        let indicator = Indicator {
            valid: None,
            good: crate::slo::parse::expression("route != \"/slow/{id}\"", None).unwrap(),
            weight: None,
            routes: Arc::new(Routes::default().with_auto(true)),
            group_by: vec![Dimension::Route],
        };
        assert!(!indicator.is_bounded());
        let classifier = Classifier::compile(vec![Arc::new(indicator)]).unwrap();
        let mut classes = classifier.classes();
        let time = crate::time::Instant::from_micros(0);
        let mut counts = std::collections::BTreeMap::new();
        for n in 0..100_000_u32 {
            let line = match n % 10 {
                0 => String::new(),
                1 => format!("/slow/{n}"),
                _ => format!("/fast/{n}/x"),
            };
            let slots = [if line.is_empty() { Slot::Absent } else { Slot::Line(0, line.len() as u32) }];
            let class = classes.class_of(&Record { time, line: line.as_bytes(), scratch: b"", slots: &slots }) as usize;
            let group = classes.groups(0)[classes.group_number(class, 0)].clone();
            *counts.entry((group, format!("{:?}", classes.verdict(class, 0)))).or_insert(0) += 1;
            assert!(!classes.is_full());
        }
        let named = |name: &str| Box::from([Some(Box::from(name.as_bytes()))]);
        let expected = [
            ((Box::from([None]), "Good".to_owned()), 10_000),
            ((named("/fast/{id}/x"), "Good".to_owned()), 80_000),
            ((named("/slow/{id}"), "Bad".to_owned()), 10_000),
        ];
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(classes.len(), 3);
    }
}
