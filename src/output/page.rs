//! The report as one page for a browser: a file that needs no network, no server and nothing beside it.
//!
//! ```text
//! details ─┬─ facts: every text and number that is written ─┐
//!          └─ data: the integer counts of every step ───────┴─ report.html (template) + style + scripts → one file
//! ```
//! Tables and texts are written here, and say what the other outputs say. Charts are drawn by the page itself with
//! uPlot (vendored, see `page/vendor/uplot/README.md`) from counts, by the same arithmetic: `page/numbers.js`.
//!
//! A page is opened by people who did not write the log, so nothing of a log may act in it. Its Content-Security-Policy allows the
//! three scripts and the style of this file by their hashes, and nothing else; text is sanitized, then escaped by the
//! template engine; what scripts put in is put as text.

mod data;
mod facts;
mod inputs;
mod made;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::aggregate::receipt::Receipt;
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::detail::Detail;
use crate::evaluate::window::Grid;

const TEMPLATE: &str = include_str!("page/report.html");
const STYLE: &str = concat!(include_str!("page/vendor/uplot/uPlot.min.css"), "\n", include_str!("page/report.css"));
const SCRIPTS: [&str; 3] = [
    include_str!("page/vendor/uplot/uPlot.iife.min.js"),
    concat!(include_str!("page/numbers.js"), "\n", include_str!("page/charts.js")),
    include_str!("page/report.js"),
];
const LICENSE: &str = include_str!("page/vendor/uplot/LICENSE");

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Every SLO in full.
    pub details: &'a [Detail<'a>],
    /// The grid of the evaluation.
    pub grid: Grid,
    /// What was read.
    pub receipts: &'a [Receipt],
    /// The SLOs as they were asked, for whoever wants to know exactly.
    pub definitions: &'a Value,
    /// The version of slix that writes it.
    pub version: &'a str,
}

impl Page<'_> {
    /// The page as HTML.
    ///
    /// # Errors
    /// More lines or bytes than 2^64.
    pub fn to_html(&self) -> Result<String> {
        let facts = facts::facts(self)?;
        let page = json!({
            "policy": policy(),
            "style": STYLE,
            "scripts": SCRIPTS,
            "license": LICENSE,
            "data": embedded(&data::data(self)),
            "facts": facts,
        });
        render("report.html", TEMPLATE, &page)
    }
}

/// A template with its values filled in, each escaped for XML and HTML.
pub(super) fn render(name: &str, template: &str, values: &Value) -> Result<String> {
    let failed = |cause| Error::new(ErrorKind::Output, format!("the template {name} cannot be filled in")).because(cause);
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(failed)?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.render_str(template, Serde(values)).map_err(failed)
}

/// What the page may do: run its own scripts, use its own style. `data:` is for the icon alone.
fn policy() -> String {
    let hashes = SCRIPTS.map(hash).join(" ");
    format!(
        "default-src 'none'; script-src {hashes}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        hash(STYLE)
    )
}

fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

/// JSON that can stand in a `script` element: nothing in it ends the element, begins a comment, or ends a line of a script.
fn embedded(data: &Value) -> String {
    let mut out = String::new();
    for c in data.to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
