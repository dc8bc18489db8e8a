//! `slix explain`: how a line is read, and what each SLO says of it and why.

use std::io::BufRead;
use std::os::unix::ffi::OsStrExt;

use jiff::tz::TimeZone;
use slix::error::{Error, ErrorKind, Result};
use slix::format::Format;
use slix::format::detect::Near;
use slix::format::extract::{Extractor, Reader};
use slix::framing::{LINE_BYTES_MAX, is_blank};
use slix::record::{Field, Kind, Need, Outcome, Reason, Record, Skip, Value};
use slix::slo::classify::{Classifier, Verdict};
use slix::slo::expr::Condition;

use super::Session;
use super::args::{ExplainArgs, ReportForm};
use super::destination::Destination;
use super::exit::Exit;
use super::explained::{self, ConditionFound, Explanation, FieldFound, Judged};
use super::formats::{Formats, Found};
use super::questions::{Declared, Question, Questions};
use super::words::Words;

/// Lines of standard input that are explained.
const LINES_MAX: usize = 1_000;
/// Formats that are named where none reads a line: the nearest ones.
const NEAREST_TOLD: usize = 4;

/// Runs the command.
pub fn run(args: &ExplainArgs, session: &Session) -> Result<Exit> {
    let declared = Declared::new(&args.asking, &session.words)?;
    let formats = Formats::new(&args.format, declared.definitions())?;
    let lines = lines(args)?;
    let form = args.output_format.unwrap_or(ReportForm::Text);
    let texts: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    match formats.find_for_lines(&texts) {
        Ok(Some(Found { format, detected })) => {
            if let Some((events, lines)) = detected {
                session.words.note(&format!("format {} ({events} of {lines} lines)", format.name));
            }
            let questions = declared.questions(format.resolve(&Field::Latency).is_some(), args.asking.what_if.as_deref())?;
            explain(&Explainer::new(&format, &formats, &questions)?, &texts, form, &session.words)?;
            Ok(Exit::Success)
        }
        Ok(None) => Err(Error::new(ErrorKind::Input, "there is no line to explain")),
        Err(error) if error.kind() == ErrorKind::Format && texts.iter().any(|line| !line.is_empty()) => {
            let longest = texts.iter().max_by_key(|line| line.len()).copied().unwrap_or_default();
            let nearest = formats.nearest_presets(longest)?;
            let Some(Near { format, .. }) = nearest.first() else { return Err(error) };
            session.words.note(&tried(&nearest));
            let questions = declared.questions(format.resolve(&Field::Latency).is_some(), args.asking.what_if.as_deref())?;
            explain(&Explainer::new(format, &formats, &questions)?, &texts, form, &session.words)?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// By which formats a line was tried, and how far the nearest ones read it.
fn tried(nearest: &[Near]) -> String {
    let told: Vec<String> =
        nearest.iter().take(NEAREST_TOLD).map(|near| format!("{} to byte {}", near.format.name, near.at)).collect();
    format!("{} formats were tried, and these read furthest: {}", nearest.len(), told.join(", "))
}

/// The lines, without their ends.
fn lines(args: &ExplainArgs) -> Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    for argument in &args.lines {
        if argument == "-" {
            read_lines(std::io::stdin().lock(), &mut lines)?;
        } else if std::path::Path::new(argument).is_file() {
            let error = Error::new(ErrorKind::Usage, format!("{} is a file, and lines are explained", argument.display()));
            let hint = "slix explain - < FILE explains its lines, slix detect FILE tells its format, slix rejects FILE shows what is not read";
            return Err(error.hint(hint));
        } else {
            lines.extend(argument.as_bytes().split(|&b| b == b'\n').map(<[u8]>::to_vec));
        }
    }
    for line in &mut lines {
        line.truncate(line.strip_suffix(b"\r").map_or(line.len(), <[u8]>::len));
        // A byte order mark is no part of a line.
        if line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3);
        }
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

fn explain(explainer: &Explainer, lines: &[&[u8]], form: ReportForm, words: &Words) -> Result<()> {
    let mut text = String::new();
    let mut reader = explainer.extractor.reader("");
    for (i, line) in lines.iter().enumerate() {
        let explained = explainer.line(line, &lines[..i], &mut reader)?;
        match form {
            ReportForm::Json => text.push_str(&format!("{}\n", explained.to_json())),
            ReportForm::Text => {
                text.push_str(if i == 0 { "" } else { "\n" });
                text.push_str(&explained.to_text(words));
            }
        }
    }
    Destination::Stdout.write_text(&text)
}

struct Explainer<'a> {
    format: &'a Format,
    formats: &'a Formats,
    questions: &'a Questions,
    /// Reads the common fields that the format has.
    extractor: Extractor,
    needs: Vec<Need>,
}

impl<'a> Explainer<'a> {
    fn new(format: &'a Format, formats: &'a Formats, questions: &'a Questions) -> Result<Self> {
        let has = |field: &Field| !matches!(field, Field::Time | Field::Input) && format.resolve(field).is_some();
        let common = Field::COMMON.iter().map(|(_, field)| field).filter(|field| has(field));
        let need = |field: &Field| Some(Need { field: field.clone(), kind: field.kind()? });
        let needs: Vec<Need> = common.filter_map(need).filter(|need| binds(format, need)).collect();
        let extractor = formats.bind(format, &needs, formats.given_year())?;
        Ok(Explainer { format, formats, questions, extractor, needs })
    }

    /// Explains a line behind those `before` it, whose directives may say how it is written.
    fn line(&self, line: &[u8], before: &[&[u8]], reader: &mut Reader) -> Result<Explanation> {
        let outcome = match line {
            _ if is_blank(line) => Outcome::Skipped(Skip::Blank),
            _ if line.len() > LINE_BYTES_MAX => Outcome::Rejected(Reason::TooLong),
            _ => self.extractor.read(line, reader),
        };
        let format = if outcome == Outcome::Event { self.extractor.format_of(reader) } else { &self.format.name }.to_owned();
        let within = self.format.envelopes.iter().map(|envelope| envelope.name()).collect();
        let text = if is_blank(line) { line } else { reader.text(line) }.to_vec();
        let (outcome_name, why) = told(outcome);
        let mut explained = Explanation {
            format,
            within,
            outcome: outcome_name,
            why,
            line: text,
            time: None,
            fields: Vec::new(),
            values: Vec::new(),
            route: None,
            slos: Vec::new(),
            misread: None,
        };
        match outcome {
            Outcome::Event => self.event(line, before, reader, &mut explained)?,
            Outcome::Undated => {
                explained.fields = self.fields(reader);
                explained.why = Some(self.why_undated(line, before, &explained)?);
            }
            Outcome::Rejected(_) => {
                let misread = self.extractor.misread(&explained.line, reader);
                explained.misread = misread.map(|misread| (misread.at.min(explained.line.len()), misread.expected));
            }
            Outcome::Skipped(_) | Outcome::Joined => {}
        }
        Ok(explained)
    }

    /// Why the time of a line is of no use: it is local, it cannot be, or there is none.
    fn why_undated(&self, line: &[u8], before: &[&[u8]], explained: &Explanation) -> Result<String> {
        let extractor = Extractor::bind(self.format, &[], Some(&TimeZone::UTC))?;
        let mut reader = extractor.reader("");
        let directives = before.iter().filter(|line| line.first() == Some(&b'#'));
        let outcome = directives.chain([&line]).map(|line| extractor.read(line, &mut reader)).last();
        if outcome == Some(Outcome::Event) && self.formats.zone().is_none() {
            return Ok("its time is local; --tz ZONE says where".to_owned());
        }
        let time = explained.fields.iter().find(|field| field.common.contains(&"time"));
        Ok(match time.map(|field| slix::output::escape::escape(&explained.line[field.at.clone()])) {
            Some(text) if text != "-" => format!("`{text}` is no time that can be"),
            _ => "it has no time".to_owned(),
        })
    }

    fn event(&self, line: &[u8], before: &[&[u8]], reader: &Reader, explained: &mut Explanation) -> Result<()> {
        let record = reader.record(line);
        explained.time = Some(record.time.to_string());
        explained.fields = self.fields(reader);
        let value = |(i, need): (usize, &Need)| (need.field.name().to_owned(), shown(record.get(i), need.kind));
        explained.values = self.needs.iter().enumerate().map(value).collect();
        explained.route = self.route(&record);
        explained.slos = self.questions.iter().map(|question| self.judged(question, line, before)).collect::<Result<_>>()?;
        Ok(())
    }

    /// The fields by the log's own names, where they stand in the line, and what they are called in expressions.
    fn fields(&self, reader: &Reader) -> Vec<FieldFound> {
        let fields = self.extractor.raw_fields(reader).into_iter();
        fields.map(|(name, at)| FieldFound { common: self.common_names(&name), name, at }).collect()
    }

    fn common_names(&self, name: &str) -> Vec<&'static str> {
        let is_from = |field: &Field| {
            let sources = self.format.resolve(field).map(|resolved| resolved.sources).unwrap_or_default();
            sources.iter().any(|&source| self.format.source_name(source) == Some(name))
        };
        Field::COMMON.iter().filter(|(_, field)| is_from(field)).map(|(name, _)| *name).collect()
    }

    fn route(&self, record: &Record) -> Option<Option<String>> {
        let mut routes = self.questions.iter().map(|question| &question.slo.indicator.routes);
        let routes = routes.find(|routes| !routes.is_empty())?;
        let path = self.needs.iter().position(|need| need.field == Field::Path);
        let found = match path.map(|slot| record.get(slot)) {
            Some(Value::Text(path)) => routes.name_of(path),
            _ => None,
        };
        Some(found.map(|name| name.into_owned()))
    }

    /// What one SLO says of an event, and the conditions that made it.
    fn judged(&self, question: &Question, line: &[u8], before: &[&[u8]]) -> Result<Judged> {
        let slo = &question.slo;
        Ok(Judged {
            service: slo.service.clone(),
            name: slo.name.clone(),
            target: slo.target.to_string(),
            windows: slo.windows.iter().map(|window| window.text().to_owned()).collect(),
            verdict: self.verdict(question, line, before)?,
        })
    }

    fn verdict(&self, question: &Question, line: &[u8], before: &[&[u8]]) -> Result<Result<explained::Verdict, String>> {
        let indicator = question.slo.indicator.counted();
        let classifier = Classifier::compile(vec![indicator.clone()])?;
        let extractor = match self.formats.bind(self.format, classifier.needs(), self.formats.given_year()) {
            Ok(extractor) => extractor,
            Err(error) => return Ok(Err(error.message().to_owned())),
        };
        let mut reader = extractor.reader("");
        let directives = before.iter().filter(|line| line.first() == Some(&b'#'));
        directives.chain([&line]).for_each(|line| _ = extractor.read(line, &mut reader));
        let record = reader.record(line);
        let conditions = classifier.conditions_of(0, &record);
        let mut value_of = |wanted: &Condition| conditions.iter().find(|(c, _)| c == wanted).and_then(|(_, value)| *value);
        let (name, words) = verdict_words(indicator.verdict(&mut value_of));
        let found = |(condition, holds): &(Condition, Option<bool>)| ConditionFound {
            text: condition.to_string(),
            holds: *holds,
            because: condition.field().and_then(|field| because(field, &classifier, &record)),
        };
        Ok(Ok(explained::Verdict {
            name,
            words,
            valid: question.slo.indicator.valid.as_ref().map(ToString::to_string),
            good: question.slo.indicator.good.to_string(),
            conditions: conditions.iter().map(found).collect(),
        }))
    }
}

/// The field that a condition is about, and its value.
fn because(field: &Field, classifier: &Classifier, record: &Record) -> Option<(String, String)> {
    let slot = classifier.needs().iter().position(|need| need.field == *field)?;
    let value = shown(record.get(slot), classifier.needs()[slot].kind).unwrap_or_else(|| "(absent)".to_owned());
    Some((field.name().to_owned(), value))
}

/// A value with its unit; none where it is absent.
fn shown(value: Value, kind: Kind) -> Option<String> {
    Some(match value {
        Value::Absent => return None,
        Value::Text(text) => slix::output::escape::escape(text).into_owned(),
        Value::Int(n) if kind == Kind::Duration => duration(n),
        Value::Int(n) if kind == Kind::Number => number(n),
        Value::Int(n) => n.to_string(),
    })
}

fn binds(format: &Format, need: &Need) -> bool {
    Extractor::bind(format, std::slice::from_ref(need), None).is_ok()
}

/// The name of an outcome, and what else there is to say of it.
fn told(outcome: Outcome) -> (&'static str, Option<String>) {
    match outcome {
        Outcome::Event => ("event", None),
        Outcome::Skipped(Skip::Blank) => ("skipped", Some("a blank line".to_owned())),
        Outcome::Skipped(Skip::Comment) => ("skipped", Some("a comment".to_owned())),
        Outcome::Skipped(Skip::Chatter) => ("skipped", Some("what the server says beside its access log".to_owned())),
        Outcome::Skipped(Skip::OtherProgram) => ("skipped", Some("a line of another program".to_owned())),
        Outcome::Skipped(Skip::Repeated) => {
            ("skipped", Some("a note of syslog that it left out lines like the one before".to_owned()))
        }
        Outcome::Joined => ("joined", Some("a part of another line".to_owned())),
        Outcome::Undated => ("undated", None),
        Outcome::Rejected(reason) => ("rejected", Some(reason.name().to_owned())),
    }
}

/// A verdict as outputs have it, and in words.
fn verdict_words(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Good => ("good", "good"),
        Verdict::Bad => ("bad", "bad"),
        Verdict::Excluded => ("excluded", "excluded, it is not valid"),
        Verdict::Unknown => ("unknown", "unknown, a field that decides is absent"),
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
