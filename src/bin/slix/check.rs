//! `slix check`: what a definition file means.

use std::fmt::Write;

use slix::error::{Error, Result};
use slix::format::Format;
use slix::slo::budgeting::Score;
use slix::slo::classify::Classifier;
use slix::slo::definitions::Definitions;
use slix::slo::policy::{Guard, Mode};
use slix::slo::{Budgeting, Slo, Window};

use super::Session;
use super::args::{CheckArgs, DefinitionForm};
use super::destination::Destination;
use super::exit::Exit;
use super::formats::Formats;
use super::questions::{definition_files, named_file, read_definitions};

/// Runs the command.
pub fn run(args: &CheckArgs, session: &Session) -> Result<Exit> {
    if let (Some(DefinitionForm::Openslo), [file]) = (args.to, &definition_files(&args.file)?[..]) {
        Destination::Stdout.write_text(&Definitions::to_openslo(file, &|name| named_file(&args.file, name))?)?;
        return Ok(Exit::Success);
    }
    let definitions = read_definitions(&args.file, args.strict, &session.words)?;
    let formats = Formats::new(&args.format, Some(&definitions))?;
    for (format, service) in formats.named() {
        let is_meant = |slo: &&Slo| service.is_none_or(|service| slo.service.as_deref().is_none_or(|own| own == service));
        definitions.slos.iter().filter(is_meant).try_for_each(|slo| can_answer(slo, format, &formats))?;
    }
    let name = args.file.display().to_string();
    Destination::Stdout.write_text(&session.words.clean(&meaning(&name, &definitions, &formats)))?;
    for unused in &definitions.unused {
        session.words.note(&format!("not used: {unused}"));
    }
    for note in definitions.check_notes() {
        session.words.warning(&format!("{}; {}", note.message, note.hint));
    }
    Ok(Exit::Success)
}

/// Whether a format has every field that an SLO needs.
fn can_answer(slo: &Slo, format: &Format, formats: &Formats) -> Result<()> {
    let classifier = Classifier::compile(vec![slo.indicator.counted()])?;
    formats.bind(format, classifier.needs(), None).map(drop).map_err(|error| {
        let named = Error::new(error.kind(), format!("SLO `{}` cannot be answered: {}", slo.name, error.message()));
        named.hint(error.hint_text().unwrap_or("name another field, or another format").to_owned())
    })
}

/// The definitions as slix understands them.
fn meaning(name: &str, definitions: &Definitions, formats: &Formats) -> String {
    let (slos, routes) = (definitions.slos.len(), definitions.routes.len());
    let mut text = format!("{name}: {}, {}\n", counted(slos, "SLO"), counted(routes, "route"));
    if let Some(slice) = &definitions.slice {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(text, "slice    {slice}");
    }
    for (format, service) in formats.named() {
        let of = service.filter(|service| !service.is_empty()).map_or(String::new(), |service| format!(" of service {service}"));
        let fields: Vec<&str> = format.names().into_iter().map(|(name, _)| name).collect();
        let _ = writeln!(text, "format   {}{of}: {}", format.name, fields.join(" "));
    }
    if !definitions.routes.is_empty() {
        text.push_str("routes\n");
        for route in definitions.routes.iter() {
            let pattern = Some(route.pattern.text()).filter(|pattern| *pattern != route.name);
            let _ = writeln!(text, "  {}{}", route.name, pattern.map_or(String::new(), |pattern| format!("  {pattern}")));
        }
        if definitions.routes.is_auto() {
            text.push_str("  others  made of the paths themselves\n");
        }
    }
    definitions.slos.iter().for_each(|slo| describe(&mut text, slo));
    text
}

fn describe(text: &mut String, slo: &Slo) {
    let windows: Vec<&str> = slo.windows.iter().map(|window| window.text()).collect();
    let window = windows.join(", ");
    let service = slo.service.as_ref().map_or(String::new(), |service| format!("{service} / "));
    let _ = writeln!(text, "\n{service}{}  {} over {window}", slo.name, slo.target);
    let valid = slo.indicator.valid.as_ref().map_or("all events".to_owned(), ToString::to_string);
    let _ = writeln!(text, "  valid  {valid}\n  good   {}", slo.indicator.good);
    if let Some(weight) = &slo.indicator.weight {
        let _ = writeln!(text, "  weight {}", weight.name());
    }
    slo.windows.iter().for_each(|window| describe_window(text, window));
    describe_budgeting(text, &slo.budgeting);
    for exclusion in slo.exclude.iter() {
        let _ = writeln!(text, "  without {exclusion}");
    }
    if !slo.indicator.group_by.is_empty() {
        let _ = writeln!(text, "  by     {}", slo.indicator.dimensions().join(", "));
    }
    describe_guard(text, slo);
}

/// Alerts, policy and gate, where they are not the default ones.
fn describe_guard(text: &mut String, slo: &Slo) {
    let default = Guard::default();
    let period = slo.windows.first().map_or(1, |window| window.seconds());
    for tier in slo.guard.tiers.iter().flatten() {
        let short = tier.short.as_ref().map_or(String::new(), |short| format!(" and {short}"));
        let after = tier.after.as_ref().map_or(String::new(), |after| format!(" for {after}"));
        let factor = tier.factor(period).to_f64();
        let _ = writeln!(
            text,
            "  alert  {} ({}) {} {factor} over {}{short}{after}",
            tier.name,
            tier.severity.name(),
            tier.relation(),
            tier.long
        );
    }
    if slo.guard.tiers.as_ref().is_some_and(Vec::is_empty) {
        let _ = writeln!(text, "  alert  none");
    }
    if slo.guard.policy != default.policy {
        for mode in Mode::ALL {
            let _ = writeln!(text, "  {:<8} {}", mode.name(), slo.guard.policy.words(mode));
        }
    }
    if !slo.guard.gate {
        let _ = writeln!(text, "  does not gate");
    }
}

fn describe_window(text: &mut String, window: &Window) {
    if let Window::Calendar(calendar) = window {
        let _ = writeln!(text, "  {} from {} in {}", window.text(), calendar.start(), calendar.zone_name());
    }
}

fn describe_budgeting(text: &mut String, budgeting: &Budgeting) {
    let Budgeting::Slices(slicing) = budgeting else { return };
    let good = match slicing.score {
        Score::Verdict { target, roll_up } => format!(", good from {target} on, all groups {}", roll_up.name()),
        Score::Ratio => String::new(),
    };
    let _ = writeln!(text, "  budget {} of {}{good}, empty ones {}", budgeting.name(), slicing.width, slicing.empty.name());
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
