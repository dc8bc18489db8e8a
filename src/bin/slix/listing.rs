//! `slix formats`: the presets, and what each of them says.

use std::fmt::Write;

use slix::error::Result;
use slix::format::extract::Extractor;
use slix::format::preset::{self, Preset};
use slix::format::{Format, Meaning, Unit};
use slix::record::{Field, Kind, Outcome};

use super::Session;
use super::args::FormatsArgs;
use super::destination::Destination;
use super::exit::Exit;

/// Runs the command.
pub fn run(args: &FormatsArgs, session: &Session) -> Result<Exit> {
    let text = match &args.name {
        Some(name) => one(Preset::named(name)?)?,
        None => all(),
    };
    // The tabs of an example are its dividers: what is copied must be a line of the format.
    let parts: Vec<String> = text.split('\t').map(|part| session.words.clean(part)).collect();
    Destination::Stdout.write_text(&parts.join("\t"))?;
    Ok(Exit::Success)
}

fn all() -> String {
    let mut text = String::new();
    for preset in preset::all() {
        let example = preset.example.lines().last().unwrap_or_default();
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(text, "{}: {}\n  {example}\n", preset.name, preset.description);
    }
    text.push_str(
        "slix formats NAME explains one; a format of your own is a log_format or LogFormat string, or a mapping of JSON keys\n",
    );
    text
}

fn one(preset: &Preset) -> Result<String> {
    let format = preset.family()?;
    let mut text = format!("{}: {}\n", preset.name, preset.description);
    for line in preset.example.lines() {
        let _ = writeln!(text, "  {line}");
    }
    let _ = writeln!(text, "clock    the {} of the request{}", preset.clock().words(), zone(preset, &format)?);
    let _ = writeln!(text, "latency  {}", latency(&format));
    if let Some(twin) = preset.detects_as {
        let _ = writeln!(text, "detected as {twin}, which looks the same");
    }
    if !format.others.is_empty() {
        let _ = writeln!(text, "layouts  {}", format.others.len() + 1);
    }
    let _ = writeln!(text, "from     {}\nfields", preset.specification);
    let names = format.names();
    let width = names.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, kind) in &names {
        let common = common_names(&format, name).join(", ");
        let kind = kind_words(*kind);
        let kind = if common.is_empty() { kind.to_owned() } else { format!("{kind:8}  → ") };
        let _ = writeln!(text, "  {name}{}  {kind}{common}", " ".repeat(width - name.chars().count()));
    }
    Ok(text)
}

/// Where the time of a line is, as far as the line does not say it.
fn zone(preset: &Preset, format: &Format) -> Result<&'static str> {
    if format.resolve(&Field::Time).is_none() {
        return Ok(", which an envelope must tell");
    }
    let extractor = Extractor::bind(format, &[], None)?;
    let mut reader = extractor.reader("");
    let read = preset.example.lines().map(|line| extractor.read(line.as_bytes(), &mut reader)).last();
    Ok(if read == Some(Outcome::Undated) { ", a local time: --tz ZONE says where" } else { "" })
}

fn latency(format: &Format) -> String {
    let Some(resolved) = format.resolve(&Field::Latency) else { return "none".to_owned() };
    let source = |&i: &usize| format!("{}{}", format.source_name(i).unwrap_or_default(), unit(format.meaning(i)));
    resolved.sources.iter().map(source).collect::<Vec<_>>().join(" and ")
}

fn unit(meaning: Option<&Meaning>) -> &'static str {
    match meaning {
        Some(Meaning::Latency(unit) | Meaning::LatencyPart(unit)) => match unit {
            Unit::Seconds => " (s)",
            Unit::Millis => " (ms)",
            Unit::Micros => " (µs)",
            Unit::Nanos => " (ns)",
            Unit::Minutes => " (min)",
            Unit::Written => " (with its unit)",
            Unit::One => "",
        },
        _ => "",
    }
}

fn common_names(format: &Format, name: &str) -> Vec<&'static str> {
    let is_from = |field: &Field| {
        let sources = format.resolve(field).map(|resolved| resolved.sources).unwrap_or_default();
        sources.iter().any(|&source| format.source_name(source) == Some(name))
    };
    Field::COMMON.iter().filter(|(_, field)| is_from(field)).map(|(name, _)| *name).collect()
}

fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Status => "status",
        Kind::Duration => "duration",
        Kind::Size => "bytes",
        Kind::Number => "number",
        Kind::Time => "time",
    }
}
