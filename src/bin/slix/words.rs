//! What slix says beside its data: notes, warnings and errors, all on standard error.
//!
//! Nothing here reaches a terminal before it is sanitised: file names, log lines and definitions are written by others.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::io::{IsTerminal, Write};
use std::rc::Rc;

use clap::ValueEnum;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use slix::aggregate::accounting::Accounting;
use slix::aggregate::{Partial, Receipt};
use slix::error::{Error, Excerpt, Result};
use slix::evaluate::plan::Plan;
use slix::evaluate::warning::far_dated;
use slix::output::accounting;
use slix::output::sanitize::sanitize;
use slix::output::terminal::Look;

use super::args::{Color, ReportForm, WordOptions};
use super::destination::Destination;
use super::rejects::Rejects;

/// Columns of what is not written to a terminal.
const WIDTH_DEFAULT: u16 = 100;

/// How slix speaks in this run.
#[derive(Clone)]
pub struct Words {
    quiet: u8,
    progress: bool,
    stdout: Look,
    stderr: Look,
    /// Takes errors in place of standard error.
    kept: Option<Kept>,
    /// What was doubted of the definitions.
    doubts: Rc<RefCell<Vec<String>>>,
}

/// The last error that was kept, until it is taken.
#[derive(Clone, Default)]
pub struct Kept(Rc<RefCell<Option<String>>>);

impl Kept {
    /// The last error since this was asked before.
    pub fn take(&self) -> Option<String> {
        self.0.take()
    }
}

impl Words {
    /// As the options and the environment ask.
    pub fn new(options: &WordOptions) -> Words {
        let (stdout, stderr) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        Words {
            quiet: options.quiet,
            progress: stderr && !options.no_progress && options.quiet == 0,
            stdout: look(stdout, options.color, terminal_size::terminal_size_of(std::io::stdout())),
            stderr: look(stderr, options.color, terminal_size::terminal_size_of(std::io::stderr())),
            kept: None,
            doubts: Rc::default(),
        }
    }

    /// The same, saying nothing while a terminal is drawn on: errors are kept for whoever draws.
    pub fn hushed(&self) -> (Words, Kept) {
        let kept = Kept::default();
        (Words { quiet: u8::MAX, progress: false, kept: Some(kept.clone()), ..self.clone() }, kept)
    }

    /// A text for standard output, which strangers may have written; line ends stay.
    pub fn clean(&self, text: &str) -> String {
        text.split('\n').map(|line| sanitize(line, self.stdout.utf8)).collect::<Vec<_>>().join("\n")
    }

    /// What the reader of an answer can show: a file has neither width nor colour.
    pub fn look_of(&self, destination: &Destination) -> Look {
        match destination {
            Destination::Stdout => self.stdout,
            Destination::File(_) => Look { width: WIDTH_DEFAULT, color: false, utf8: true },
        }
    }

    /// Whether progress is shown.
    pub fn shows_progress(&self) -> bool {
        self.progress
    }

    /// Says something that is good to know. `-q` silences it.
    pub fn note(&self, text: &str) {
        if self.quiet == 0 {
            self.say("", text);
        }
    }

    /// Says something that one should know before believing the numbers. `-qq` silences it.
    pub fn warning(&self, text: &str) {
        if self.quiet < 2 {
            self.say(&self.ink("33", "warning: "), text);
        }
    }

    /// Says what is doubted of the definitions.
    pub fn doubt(&self, text: String) {
        self.warning(&text);
        self.doubts.borrow_mut().push(text);
    }

    /// What was doubted of the definitions, for answers that programs read.
    pub fn doubts(&self) -> Vec<String> {
        self.doubts.borrow().clone()
    }

    /// Says what was excluded, beside rows for programs: those who wait for them may not look into them.
    pub fn excluded(&self, plan: &Plan) {
        plan.exclusions().iter().for_each(|(key, excluded)| self.note(&format!("{}: {excluded}", key.name())));
    }

    /// Says which events are dated far from the rest: they move "now".
    pub fn far_dated(&self, partial: &Partial) {
        for (service, activity) in &partial.activity {
            if let Some(warning) = far_dated(partial.slices, activity) {
                let of = if service.is_empty() { String::new() } else { format!("{service}: ") };
                self.warning(&format!("{of}{warning}"));
            }
        }
    }

    /// Says how many lines did not parse, and shows the first ones.
    pub fn rejects(&self, total: &Accounting, rejects: &Rejects) {
        accounting::rejected_warning(total).iter().for_each(|warning| self.warning(warning));
        if self.quiet > 1 {
            return;
        }
        for sample in rejects.samples() {
            let line = String::from_utf8_lossy(&sample.line);
            let place = format!("  {}:{}: {}: ", rejects.name(sample.input), sample.offset, sample.reason.name());
            let shown = sanitize(line.trim_end_matches(['\r', '\n']), self.stderr.utf8).into_owned();
            self.put(&format!("{}{shown}\n", sanitize(&place, self.stderr.utf8)));
        }
    }

    /// Says how many lines stand for others.
    pub fn repeated(&self, total: &Accounting) {
        accounting::repeated_warning(total).iter().for_each(|warning| self.warning(warning));
    }

    /// Says how many lines have no usable time, and what would give them one.
    pub fn undated(&self, total: &Accounting, help: &str) {
        accounting::undated_warning(total).iter().for_each(|warning| self.warning(&format!("{warning}{help}")));
    }

    /// Says how many requests have a local time that does not say which instant it is.
    pub fn ambiguous(&self, total: &Accounting) {
        accounting::ambiguous_warnings(total).iter().for_each(|warning| self.warning(warning));
    }

    /// Says what became of every line, per input and in total.
    pub fn stats(&self, receipts: &[Receipt], form: ReportForm) -> Result<()> {
        if form == ReportForm::Json {
            self.put(&format!("{:#}\n", accounting::to_json(receipts)?));
            return Ok(());
        }
        for input in accounting::inputs(receipts)? {
            self.put(&stats_line(&sanitize(input.path, self.stderr.utf8), input.format, &input.accounting));
        }
        self.put(&stats_line("total", "", &accounting::total(receipts)?));
        Ok(())
    }

    /// Says what went wrong, where, and what to do next.
    pub fn error(&self, error: &Error) {
        if let Some(Kept(kept)) = &self.kept {
            kept.replace(Some(error.to_string()));
            return;
        }
        // The first line stands alone for tools: name, line and column, message, cause.
        self.say(&self.ink("1;31", "error: "), &error.to_string());
        if let Some(excerpt) = error.excerpt().filter(|excerpt| !excerpt.text.is_empty()) {
            self.put(&self.drawn(&Place::of(error, excerpt)));
        }
        if let Some(hint) = error.hint_text() {
            self.say(&self.ink("36", "hint: "), hint);
        }
    }

    /// The place in the user's text, with a caret under it.
    fn drawn(&self, place: &Place) -> String {
        let theme = match (self.stderr.utf8 && std::io::stderr().is_terminal(), self.stderr.color) {
            (true, true) => GraphicalTheme::unicode(),
            (true, false) => GraphicalTheme::unicode_nocolor(),
            (false, _) => GraphicalTheme::none(),
        };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(self.stderr.width.into()).with_context_lines(1);
        let mut drawn = String::new();
        if handler.render_report(&mut drawn, place).is_err() {
            return String::new();
        }
        // miette begins with the message, which stands above already, and a blank line or none.
        let is_place = |line: &&str| !line.contains('[') || !line.trim_start().starts_with(['╭', ',']);
        drawn.lines().skip_while(is_place).map(|line| format!("{}\n", line.trim_end())).collect()
    }

    fn ink(&self, code: &str, text: &str) -> String {
        if self.stderr.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn say(&self, prefix: &str, text: &str) {
        let clean: Vec<_> = text.lines().map(|line| sanitize(line, self.stderr.utf8)).collect();
        self.put(&format!("slix: {prefix}{}\n", clean.join("\n")));
    }

    /// There is nobody to tell when standard error is closed.
    fn put(&self, text: &str) {
        std::io::stderr().write_all(text.as_bytes()).ok();
    }
}

/// When to colour, as far as a command line says it that is not understood.
fn typed_color() -> Color {
    let typed: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let words = typed.iter().zip(typed.iter().skip(1).map(Some).chain([None]));
    let value = words.into_iter().find_map(|(word, next)| match word.strip_prefix("--color=") {
        None if word == "--color" => next.map(String::as_str),
        value => value,
    });
    value.and_then(|value| Color::from_str(value, false).ok()).unwrap_or_default()
}

/// Says what is wrong with a command line, as other errors are said.
pub fn mistake(error: &clap::Error) {
    // A bare call is shown the help.
    let name = if error.to_string().starts_with("error:") { "slix: " } else { "" };
    std::io::stderr().write_all(format!("{name}{}", painted(error, &std::io::stderr())).as_bytes()).ok();
}

/// Help, version or a mistake as a text for this output, which may be a terminal.
pub fn painted(error: &clap::Error, output: &impl IsTerminal) -> String {
    match look(output.is_terminal(), typed_color(), None).color {
        true => error.render().ansi().to_string(),
        false => error.render().to_string(),
    }
}

/// One input's outcomes: `access.log (combined): 10 lines, 1234 bytes: 9 events, 1 rejected_layout`.
fn stats_line(name: &str, format: &str, accounting: &Accounting) -> String {
    let total = accounting.total();
    let outcomes: Vec<String> =
        accounting.outcomes().filter(|(_, t)| t.lines > 0).map(|(name, t)| format!("{} {name}", t.lines)).collect();
    let others: u64 = accounting.by_others.values().sum();
    let by_others = accounting.by_others.iter().map(|(name, events)| format!(", {name} {events}"));
    let format = match format {
        "" => String::new(),
        _ if others == 0 => format!(" ({format})"),
        _ => format!(" ({format} {}{})", accounting.events.lines - others, by_others.collect::<String>()),
    };
    let outcomes = if outcomes.is_empty() { String::new() } else { format!(": {}", outcomes.join(", ")) };
    format!("{name}{format}: {} lines, {} bytes{outcomes}\n", total.lines, total.bytes)
}

fn look(terminal: bool, color: Color, size: Option<(terminal_size::Width, terminal_size::Height)>) -> Look {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    // A dumb terminal promises nothing but ASCII.
    let is_dumb = variable("TERM").is_some_and(|term| term == "dumb");
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        // https://no-color.org
        Color::Auto => terminal && variable("NO_COLOR").is_none() && !is_dumb,
    };
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
    let utf8 = locale.is_none_or(|locale| {
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    // As other programs do: a width that somebody asks for goes before the one that is there.
    let asked = variable("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok()).filter(|&columns| columns > 0);
    let width = asked.or(size.filter(|_| terminal).map(|(width, _)| width.0)).unwrap_or(WIDTH_DEFAULT);
    Look { width, color, utf8: utf8 && !is_dumb || !terminal }
}

/// An excerpt, for miette.
struct Place<'a> {
    message: &'a str,
    source: NamedSource<String>,
    label: LabeledSpan,
}

impl<'a> Place<'a> {
    fn of(error: &'a Error, excerpt: &Excerpt) -> Self {
        // A character that acts gives way to marks of its length, so that the offsets stay what they are.
        let acts = |c: char| !matches!(c, '\n' | '\t') && matches!(sanitize(c.encode_utf8(&mut [0; 4]), true), Cow::Owned(_));
        let shown = |c: char| if acts(c) { "?".repeat(c.len_utf8()) } else { c.to_string() };
        let text: String = excerpt.text.chars().map(shown).collect();
        let offset = excerpt.offset.min(text.len());
        let label = LabeledSpan::new(Some(excerpt.label.clone()), offset, excerpt.length.min(text.len() - offset));
        Place { message: error.message(), source: NamedSource::new(sanitize(&excerpt.name, true), text), label }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl std::error::Error for Place<'_> {}

impl Diagnostic for Place<'_> {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(self.label.clone())))
    }
}
