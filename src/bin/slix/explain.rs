//! `slix explain`: how a line is read, and what each SLO says of it and why.

use std::fmt::Write;
use std::io::BufRead;
use std::os::unix::ffi::OsStrExt;

use slix::error::{Error, ErrorKind, Result};
use slix::format::Format;
use slix::format::extract::{Extractor, Reader};
use slix::framing::LINE_BYTES_MAX;
use slix::record::{Field, Kind, Need, Outcome, Reason, Record, Skip, Value};
use slix::slo::classify::{Classifier, Verdict};
use slix::slo::expr::Condition;
use unicode_width::UnicodeWidthStr;

use super::Session;
use super::args::ExplainArgs;
use super::destination::Destination;
use super::exit::Exit;
use super::formats::{Formats, Found, is_blank};
use super::questions::{Declared, Question, Questions};
use super::words::Words;

/// Lines of standard input that are explained.
const LINES_MAX: usize = 1_000;
/// Bytes of a rejected line that are shown before and after the place where reading failed.
const CONTEXT_BYTES: usize = 60;

/// Runs the command.
pub fn run(args: &ExplainArgs, session: &Session) -> Result<Exit> {
    let declared = Declared::new(&args.asking, &session.words)?;
    let formats = Formats::new(&args.format, declared.definitions())?;
    let lines = lines(args)?;
    let texts: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    match formats.find_for_lines(&texts) {
        Ok(Some(Found { format, detected })) => {
            if let Some((events, lines)) = detected {
                session.words.note(&format!("format {} ({events} of {lines} lines)", format.name));
            }
            let questions = declared.questions(format.resolve(&Field::Latency).is_some(), args.asking.what_if.as_deref())?;
            explain(&Explainer::new(&format, &formats, &questions, &session.words)?, &texts)?;
            Ok(Exit::Success)
        }
        Ok(None) => Err(Error::new(ErrorKind::Input, "there is no line to explain")),
        Err(error) if error.kind() == ErrorKind::Format && texts.iter().any(|line| !line.is_empty()) => {
            let longest = texts.iter().max_by_key(|line| line.len()).copied().unwrap_or_default();
            let nearest = formats.nearest_preset(longest)?;
            let questions = declared.questions(nearest.resolve(&Field::Latency).is_some(), args.asking.what_if.as_deref())?;
            explain(&Explainer::new(nearest, &formats, &questions, &session.words)?, &texts)?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// The lines, without their ends.
fn lines(args: &ExplainArgs) -> Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    for argument in &args.lines {
        if argument == "-" {
            read_lines(std::io::stdin().lock(), &mut lines)?;
        } else {
            lines.extend(argument.as_bytes().split(|&b| b == b'\n').map(<[u8]>::to_vec));
        }
    }
    for line in &mut lines {
        line.truncate(line.strip_suffix(b"\r").map_or(line.len(), <[u8]>::len));
    }
    Ok(lines)
}

fn read_lines(from: impl BufRead, lines: &mut Vec<Vec<u8>>) -> Result<()> {
    // One byte beyond the limit tells that a line is too long.
    let bytes_max = (LINES_MAX * (LINE_BYTES_MAX + 2)) as u64;
    for line in from.take(bytes_max).split(b'\n').take(LINES_MAX) {
        let line = line.map_err(|cause| Error::new(ErrorKind::Input, "standard input cannot be read").because(cause))?;
        lines.push(line);
    }
    Ok(())
}

fn explain(explainer: &Explainer, lines: &[&[u8]]) -> Result<()> {
    let mut text = String::new();
    let mut reader = explainer.extractor.reader("");
    for (i, line) in lines.iter().enumerate() {
        text.push_str(if i == 0 { "" } else { "\n" });
        explainer.line(line, &lines[..i], &mut reader, &mut text)?;
    }
    Destination::Stdout.write_text(&text)
}

struct Explainer<'a> {
    format: &'a Format,
    formats: &'a Formats,
    questions: &'a Questions,
    words: &'a Words,
    /// Reads the common fields that the format has.
    extractor: Extractor,
    needs: Vec<Need>,
}

impl<'a> Explainer<'a> {
    fn new(format: &'a Format, formats: &'a Formats, questions: &'a Questions, words: &'a Words) -> Result<Self> {
        let has = |field: &Field| !matches!(field, Field::Time | Field::Input) && format.resolve(field).is_some();
        let common = Field::COMMON.iter().map(|(_, field)| field).filter(|field| has(field));
        let need = |field: &Field| Some(Need { field: field.clone(), kind: field.kind()? });
        let needs: Vec<Need> = common.filter_map(need).filter(|need| binds(format, need)).collect();
        let extractor = formats.bind(format, &needs, None)?;
        Ok(Explainer { format, formats, questions, words, extractor, needs })
    }

    /// Explains a line behind those `before` it, whose directives may say how it is written.
    fn line(&self, line: &[u8], before: &[&[u8]], reader: &mut Reader, text: &mut String) -> Result<()> {
        let outcome = match line {
            _ if is_blank(line) => Outcome::Skipped(Skip::Blank),
            _ if line.len() > LINE_BYTES_MAX => Outcome::Rejected(Reason::TooLong),
            _ => self.extractor.read(line, reader),
        };
        // Writing to a String cannot fail, here and below.
        let name = if outcome == Outcome::Event { self.extractor.format_of(reader) } else { &self.format.name };
        let _ = writeln!(text, "format   {name}");
        if !self.format.envelopes.is_empty() {
            let names: Vec<&str> = self.format.envelopes.iter().map(|envelope| envelope.name()).collect();
            let _ = writeln!(text, "within   {}", names.join(", in it "));
        }
        match outcome {
            Outcome::Event => self.event(line, before, reader, text)?,
            Outcome::Skipped(skip) => text.push_str(skipped(skip)),
            Outcome::Joined => text.push_str("outcome  joined: a part of another line\n"),
            Outcome::Undated => {
                text.push_str("outcome  undated: it has no usable time (if it is local, --tz ZONE says where)\n");
                self.fields(line, reader, text);
            }
            Outcome::Rejected(reason) => {
                let _ = writeln!(text, "outcome  rejected ({})", reason.name());
                self.caret(line, reader, text);
            }
        }
        Ok(())
    }

    fn event(&self, line: &[u8], before: &[&[u8]], reader: &Reader, text: &mut String) -> Result<()> {
        let record = reader.record(line);
        let _ = writeln!(text, "outcome  event\ntime     {}", record.time);
        self.fields(line, reader, text);
        text.push_str("values\n");
        let width = self.needs.iter().map(|need| need.field.name().len()).max().unwrap_or(0);
        for (i, need) in self.needs.iter().enumerate() {
            let value = self.shown(record.get(i), need.kind);
            let _ = writeln!(text, "  {:<width$}  {value}", need.field.name());
        }
        self.route(&record, text);
        self.questions.iter().try_for_each(|question| self.verdict(question, line, before, text))
    }

    /// The fields by the log's own names, as they stand in the line, and what they are called in expressions.
    fn fields(&self, line: &[u8], reader: &Reader, text: &mut String) {
        text.push_str("fields\n");
        let fields = self.extractor.raw_fields(reader);
        let width = fields.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
        for (name, range) in fields {
            let value = self.clean(reader.text(line).get(range).unwrap_or_default());
            let common = self.common_names(&name);
            let common = if common.is_empty() { String::new() } else { format!("  → {}", common.join(", ")) };
            let gap = " ".repeat(width - name.width());
            let _ = writeln!(text, "  {}{gap}  {value}{common}", self.clean(name.as_bytes()));
        }
    }

    fn common_names(&self, name: &str) -> Vec<&'static str> {
        let is_from = |field: &Field| {
            let sources = self.format.resolve(field).map(|resolved| resolved.sources).unwrap_or_default();
            sources.iter().any(|&source| self.format.source_name(source) == Some(name))
        };
        Field::COMMON.iter().filter(|(_, field)| is_from(field)).map(|(name, _)| *name).collect()
    }

    fn route(&self, record: &Record, text: &mut String) {
        let mut routes = self.questions.iter().map(|question| &question.slo.indicator.routes);
        let Some(routes) = routes.find(|routes| !routes.is_empty()) else { return };
        let path = self.needs.iter().position(|need| need.field == Field::Path);
        let found = match path.map(|slot| record.get(slot)) {
            Some(Value::Text(path)) => routes.find(path),
            _ => None,
        };
        let _ = writeln!(text, "route    {}", found.map_or("(none)", |route| routes.name(route)));
    }

    /// What one SLO says of an event, and the conditions that made it.
    fn verdict(&self, question: &Question, line: &[u8], before: &[&[u8]], text: &mut String) -> Result<()> {
        let slo = &question.slo;
        let windows: Vec<&str> = slo.windows.iter().map(|window| window.text()).collect();
        let window = windows.join(", ");
        let service = slo.service.as_ref().map_or(String::new(), |service| format!("{service} / "));
        let _ = write!(text, "\n{service}{}  {} over {window}: ", slo.name, slo.target);
        let indicator = slo.indicator.counted();
        let classifier = Classifier::compile(vec![indicator.clone()])?;
        let extractor = match self.formats.bind(self.format, classifier.needs(), None) {
            Ok(extractor) => extractor,
            Err(error) => {
                let _ = writeln!(text, "not answered, {}", error.message());
                return Ok(());
            }
        };
        let mut reader = extractor.reader("");
        let directives = before.iter().filter(|line| line.first() == Some(&b'#'));
        directives.chain([&line]).for_each(|line| _ = extractor.read(line, &mut reader));
        let record = reader.record(line);
        let conditions = classifier.conditions_of(0, &record);
        let mut value_of = |wanted: &Condition| conditions.iter().find(|(c, _)| c == wanted).and_then(|(_, value)| *value);
        let _ = writeln!(text, "{}", verdict_words(indicator.verdict(&mut value_of)));
        let valid = slo.indicator.valid.as_ref().map_or("all events".to_owned(), ToString::to_string);
        let _ = writeln!(text, "  valid  {valid}\n  good   {}", slo.indicator.good);
        for (condition, value) in &conditions {
            let value = value.map_or("unknown", |value| if value { "true" } else { "false" });
            let because = condition.field().map_or(String::new(), |field| self.because(field, &classifier, &record));
            let _ = writeln!(text, "    {value:<7}  {condition}{because}");
        }
        Ok(())
    }

    fn because(&self, field: &Field, classifier: &Classifier, record: &Record) -> String {
        let slot = classifier.needs().iter().position(|need| need.field == *field);
        let shown = |slot: usize| self.shown(record.get(slot), classifier.needs()[slot].kind);
        slot.map_or(String::new(), |slot| format!("   ({} is {})", field.name(), shown(slot)))
    }

    /// The line around the place where reading failed, and a caret under that place.
    fn caret(&self, line: &[u8], reader: &mut Reader, text: &mut String) {
        let inner = reader.text(line).to_vec();
        let line = &inner[..];
        let Some(misread) = self.extractor.misread(line, reader) else {
            let _ = writeln!(text, "  {}", self.clean(&line[..line.len().min(2 * CONTEXT_BYTES)]));
            return;
        };
        let at = misread.at.min(line.len());
        let (from, to) = (at.saturating_sub(CONTEXT_BYTES), line.len().min(at + CONTEXT_BYTES));
        let dots = |cut: bool| if cut { "…" } else { "" };
        let before = format!("{}{}", dots(from > 0), self.clean(&line[from..at]));
        let after = format!("{}{}", self.clean(&line[at..to]), dots(to < line.len()));
        let _ = writeln!(text, "  {before}{after}");
        let _ =
            writeln!(text, "  {}^ byte {at}: expected {}", " ".repeat(before.width()), self.clean(misread.expected.as_bytes()));
    }

    fn shown(&self, value: Value, kind: Kind) -> String {
        match value {
            Value::Absent => "(absent)".to_owned(),
            Value::Text(text) => self.clean(text),
            Value::Int(n) if kind == Kind::Duration => duration(n),
            Value::Int(n) if kind == Kind::Number => number(n),
            Value::Int(n) => n.to_string(),
        }
    }

    fn clean(&self, bytes: &[u8]) -> String {
        self.words.clean(&slix::output::escape::escape(bytes))
    }
}

fn binds(format: &Format, need: &Need) -> bool {
    Extractor::bind(format, std::slice::from_ref(need), None).is_ok()
}

fn skipped(skip: Skip) -> &'static str {
    match skip {
        Skip::Blank => "outcome  skipped: a blank line\n",
        Skip::Comment => "outcome  skipped: a comment\n",
        Skip::Chatter => "outcome  skipped: what the server says beside its access log\n",
    }
}

fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Bad => "bad",
        Verdict::Excluded => "excluded, it is not valid",
        Verdict::Unknown => "unknown, a field that decides is absent",
    }
}

/// Nanoseconds in the largest unit that needs no decimals.
fn duration(ns: i64) -> String {
    match ns {
        0 => "0s".to_owned(),
        _ if ns % 1_000_000_000 == 0 => format!("{}s", ns / 1_000_000_000),
        _ if ns % 1_000_000 == 0 => format!("{}ms", ns / 1_000_000),
        _ if ns % 1_000 == 0 => format!("{}us", ns / 1_000),
        _ => format!("{ns}ns"),
    }
}

/// Billionths as a decimal number.
fn number(billionths: i64) -> String {
    let (whole, part) = (billionths.unsigned_abs() / 1_000_000_000, billionths.unsigned_abs() % 1_000_000_000);
    let sign = if billionths < 0 { "-" } else { "" };
    let text = format!("{sign}{whole}.{part:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_exactly() {
        assert_eq!(
            [0, 1, 1_500, 42_000_000, 3_000_000_000, 1_200_000_000].map(duration),
            ["0s", "1ns", "1500ns", "42ms", "3s", "1200ms"]
        );
        assert_eq!([0, 1_500_000_000, -1, 7_000_000_000].map(number), ["0", "1.5", "-0.000000001", "7"]);
    }
}
