//! SLOs as flags declare them, and the default ones.

use std::sync::Arc;

use super::definitions::{Definitions, Resolver, WINDOW_DEFAULT, route_error};
use super::document::{Content, Document, Node, Written};
use super::expr::Expr;
use super::route::{AUTO, Pattern, Route, Routes};
use super::{Dimension, Indicator, Slo, Window, parse};
use crate::error::Result;

/// The default objectives, as flags would give them.
const AVAILABILITY_DEFAULT: &str = "99.9%";
const LATENCY_DEFAULT: &str = "99% <= 300ms";

/// SLOs as flags declare them. Every text is the user's own.
#[derive(Clone, Copy, Default, Debug)]
pub struct Flags<'a> {
    /// `99.9%`: the target of `good: status < 500`.
    pub availability: Option<&'a str>,
    /// `99% <= 300ms`: target and bound of the latency of requests that did not fail.
    pub latency: Option<&'a str>,
    /// The compliance period of both; 28 days without.
    pub window: Option<&'a str>,
    /// Names of dimensions.
    pub group_by: &'a [&'a str],
    /// Routes: a template, `~` and a regular expression, or either behind `NAME=`.
    pub routes: &'a [&'a str],
}

impl Definitions {
    /// The SLOs that flags declare. With neither objective among them they are the default ones, grouped and routed as the
    /// other flags say; `has_latency` is whether the log's format tells a latency.
    ///
    /// # Errors
    /// [`ErrorKind::Definition`](crate::error::ErrorKind) that points into the flag.
    pub fn from_flags(flags: &Flags<'_>, has_latency: bool) -> Result<Definitions> {
        let mut flags = *flags;
        if flags.availability.is_none() && flags.latency.is_none() {
            flags.availability = Some(AVAILABILITY_DEFAULT);
            flags.latency = has_latency.then_some(LATENCY_DEFAULT);
        }
        let mut resolver = Resolver::new(Document::new("--route", ""), None)?;
        resolver.routes = Arc::new(flag_routes(flags.routes)?);
        let mut group_by = Vec::new();
        for name in flags.group_by {
            resolver.document = Document::new("--group-by", name);
            let dimension = resolver.dimension(&Written::alone(name), &group_by)?;
            group_by.push(dimension);
        }
        resolver.document = Document::new("--window", flags.window.unwrap_or(WINDOW_DEFAULT));
        let window = resolver.window(flags.window.map(Written::alone).as_ref())?;
        let mut slos = Vec::new();
        if let Some(text) = flags.availability {
            slos.push(resolver.availability(text, window.clone(), &group_by)?);
        }
        if let Some(text) = flags.latency {
            slos.push(resolver.latency(text, window, &group_by)?);
        }
        Ok(Definitions {
            service: None,
            format: None,
            inputs: Vec::new(),
            routes: resolver.routes,
            slice: None,
            attribute: Vec::new(),
            slos,
            doubts: Vec::new(),
            unused: Vec::new(),
        })
    }

    /// The SLOs where nothing is declared: 99.9 % of all requests with `status < 500`, and, if the format tells a latency,
    /// 99 % of those that did not fail with `latency <= 300ms`, both over 28 days.
    ///
    /// # Errors
    /// None but a mistake in slix itself.
    pub fn default_slos(has_latency: bool) -> Result<Definitions> {
        Definitions::from_flags(&Flags::default(), has_latency)
    }
}

/// The routes of flags. A problem points into the flag.
fn flag_routes(flags: &[&str]) -> Result<Routes> {
    let route = |flag: &&str| {
        let named = flag.split_once('=').filter(|(name, _)| !name.starts_with(['/', '~']));
        let (name, pattern) = named.map_or((None, *flag), |(name, pattern)| (Some(name), pattern));
        let pattern = match pattern.strip_prefix('~') {
            Some(regex) => Pattern::Regex(regex.to_owned()),
            None => Pattern::Template(pattern.to_owned()),
        };
        Route { name: name.unwrap_or(pattern.text()).to_owned(), pattern }
    };
    let is_auto = flags.contains(&AUTO);
    let flags: Vec<&str> = flags.iter().copied().filter(|flag| *flag != AUTO).collect();
    let routes: Vec<Route> = flags.iter().map(route).collect();
    let document = |i: usize| Document::new("--route", flags[i]);
    for (i, route) in routes.iter().enumerate() {
        if routes[..i].iter().any(|earlier| earlier.name == route.name) {
            let place = document(i);
            return Err(place.error(&(0..place.text.len()), format!("there are two routes `{}`", route.name), "the second one"));
        }
    }
    let compiled = Routes::compile(routes).map_err(|problem| {
        let place = problem.route.map_or(Document::new("--route", ""), document);
        route_error(place, &(0..place.text.len()), problem)
    });
    Ok(compiled?.with_auto(is_auto))
}

impl<'a> Resolver<'a> {
    fn plain(&mut self, valid: Option<Expr>, good: Expr, group_by: &[Dimension]) -> Arc<Indicator> {
        let (routes, group_by) = (self.routes.clone(), group_by.to_vec());
        self.indicator(Indicator { valid, good, weight: None, routes, group_by })
    }

    fn availability(&mut self, text: &'a str, window: Window, group_by: &[Dimension]) -> Result<Slo> {
        self.document = Document::new("--availability", text);
        let target = self.target(&Written::alone(text))?;
        let good = Expr::parse("status < 500")?;
        let indicator = self.plain(None, good, group_by);
        Ok(Slo { objective: text.trim().to_owned(), ..Slo::new("availability", target, window, indicator) })
    }

    fn latency(&mut self, text: &'a str, window: Window, group_by: &[Dimension]) -> Result<Slo> {
        const FIELD: &str = "latency ";
        self.document = Document::new("--latency", text);
        let Some(bound) = text.find('<') else {
            let error = self.document.error(&(text.len()..text.len()), "the bound of the latency is missing", "expected here");
            return Err(error.hint("write the share and the bound: '99% <= 300ms'"));
        };
        let objective = text[..bound].trim_end();
        let target =
            Written { node: Node { content: Content::Null, span: 0..objective.len() }, text: objective.trim().to_owned() };
        let target = self.target(&target)?;
        let expression = parse::expression(&format!("{FIELD}{}", &text[bound..]), None);
        let good = expression.map_err(|mut problem| {
            problem.offset = (problem.offset + bound).saturating_sub(FIELD.len());
            problem.into_error("--latency", text)
        })?;
        let indicator = self.plain(Some(Expr::parse("status < 500")?), good, group_by);
        Ok(Slo { objective: objective.trim().to_owned(), ..Slo::new("latency", target, window, indicator) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(definitions: &Definitions) -> Vec<String> {
        definitions.slos.iter().map(|slo| format!("{} {} {}", slo.name, slo.target, slo.indicator.canonical())).collect()
    }

    #[test]
    fn defaults_are_availability_and_latency_where_there_is_one() {
        let availability = "availability 99.9% valid: true\ngood: status < 500\nclock: logged";
        let latency = "latency 99% valid: status < 500\ngood: latency <= 300ms\nclock: logged";
        assert_eq!(canonical(&Definitions::default_slos(true).unwrap()), [availability, latency]);
        assert_eq!(canonical(&Definitions::default_slos(false).unwrap()), [availability]);
        let same = Flags { availability: Some("99.9%"), latency: Some("99% <= 0.3s"), ..Flags::default() };
        assert_eq!(canonical(&Definitions::from_flags(&same, false).unwrap()), [availability, latency]);
        let grouped = Flags { group_by: &["route", "host"], routes: &["/a/{id}", "api=~^/api"], ..Flags::default() };
        let definitions = Definitions::from_flags(&grouped, false).unwrap();
        assert_eq!(definitions.slos[0].indicator.dimensions(), ["route", "host"]);
        assert_eq!(definitions.routes.find(b"/api/x").map(|i| definitions.routes.name(i)), Some("api"));
    }

    #[test]
    fn wrong_flags_are_pointed_into() {
        let latency = |text| Flags { latency: Some(text), ..Flags::default() };
        for (flags, want) in [
            (latency("99%"), "--latency:1:4: the bound of the latency is missing"),
            (latency("99% <= 300"), "--latency:1:8: `latency` is a duration, but `300` is a plain number"),
            (latency("99% <= 300ms x"), "--latency:1:14: `x` stands where `and`, `or` or the end is expected"),
            (latency("x <= 300ms"), "--latency:1:1: "),
            (Flags { availability: Some("101%"), ..Flags::default() }, "--availability:1:1: "),
            (Flags { window: Some("28"), ..Flags::default() }, "--window:1:1: "),
            (Flags { group_by: &["hots"], ..Flags::default() }, "--group-by:1:1: there is no common field `hots`"),
            (Flags { group_by: &["route"], ..Flags::default() }, "--group-by:1:1: there are no routes to group by"),
            (Flags { routes: &["/a", "b"], ..Flags::default() }, "--route:1:1: the route `b` does not begin with `/`"),
            (Flags { routes: &["a=/a", "a=/b"], ..Flags::default() }, "--route:1:1: there are two routes `a`"),
        ] {
            let message = Definitions::from_flags(&flags, true).unwrap_err().to_string();
            assert!(message.starts_with(want), "{message}");
        }
    }
}
