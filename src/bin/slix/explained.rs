//! What is known of one line, for people and for programs.

use std::fmt::Write;
use std::ops::Range;

use serde_json::{Map, Value, json};
use slix::output::escape::escape;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::words::Words;

/// Bytes of a line that are shown before and after the place where reading failed.
const CONTEXT_BYTES: usize = 60;
/// Columns of a line that stand above their underlines.
const COLUMNS: usize = 100;
/// Bytes of a line that are underlined.
const UNDERLINED_BYTES_MAX: usize = 4 * 1024;

/// How a line was read, and what was asked of it.
pub struct Explanation {
    /// The name of the format.
    pub format: String,
    /// What the line is wrapped in, the outermost first.
    pub within: Vec<&'static str>,
    /// `event`, `skipped`, `joined`, `undated` or `rejected`.
    pub outcome: &'static str,
    /// More of that, in words.
    pub why: Option<String>,
    /// The line that was read: out of its envelopes.
    pub line: Vec<u8>,
    /// The time of an event.
    pub time: Option<String>,
    /// The fields by the log's own names.
    pub fields: Vec<FieldFound>,
    /// The common fields with their values; none: absent.
    pub values: Vec<(String, Option<String>)>,
    /// The route, where there are any: its name, if the path has one.
    pub route: Option<Option<String>>,
    /// What each SLO says.
    pub slos: Vec<Judged>,
    /// Where reading failed, and what was expected there.
    pub misread: Option<(usize, String)>,
}

/// A field where it stands.
pub struct FieldFound {
    /// The log's own name.
    pub name: String,
    /// Its bytes in the line.
    pub at: Range<usize>,
    /// What expressions call what is read from it.
    pub common: Vec<&'static str>,
}

/// What one SLO says of an event.
pub struct Judged {
    /// Its service, if it has one, and its name.
    pub service: Option<String>,
    pub name: String,
    pub target: String,
    pub windows: Vec<String>,
    /// The verdict and the conditions that made it, or why there is none.
    pub verdict: Result<Verdict, String>,
}

/// A verdict and its conditions.
pub struct Verdict {
    /// As outputs have it, and as people want it.
    pub name: &'static str,
    pub words: &'static str,
    pub valid: Option<String>,
    pub good: String,
    pub conditions: Vec<ConditionFound>,
}

/// A condition, whether it holds (none: unknown), and the field and the value that decided.
pub struct ConditionFound {
    pub text: String,
    pub holds: Option<bool>,
    pub because: Option<(String, String)>,
}

impl Explanation {
    /// For people.
    pub fn to_text(&self, words: &Words) -> String {
        let mut text = format!("format   {}\n", self.format);
        // Writing to a String cannot fail, here and below.
        if !self.within.is_empty() {
            let _ = writeln!(text, "within   {}", self.within.join(", in it "));
        }
        let why = match &self.why {
            Some(why) if self.outcome == "rejected" => format!(" ({why})"),
            Some(why) => format!(": {why}"),
            None => String::new(),
        };
        let _ = writeln!(text, "outcome  {}{why}", self.outcome);
        if let Some(time) = &self.time {
            let _ = writeln!(text, "time     {time}");
        }
        if self.outcome == "rejected" {
            self.caret(words, &mut text);
        }
        if !self.fields.is_empty() {
            self.underlined(words, &mut text);
            self.field_rows(words, &mut text);
        }
        if self.outcome == "event" {
            self.value_rows(words, &mut text);
        }
        if let Some(route) = &self.route {
            let _ = writeln!(text, "route    {}", route.as_deref().unwrap_or("(none)"));
        }
        self.slos.iter().for_each(|slo| slo.write(words, &mut text));
        text
    }

    /// The line with a mark under each byte of a field; neighbours have different marks.
    fn underlined(&self, words: &Words, text: &mut String) {
        text.push_str("line\n");
        let shown = &self.line[..self.line.len().min(UNDERLINED_BYTES_MAX)];
        let mut fields: Vec<&Range<usize>> = self.fields.iter().map(|field| &field.at).collect();
        fields.sort_by_key(|at| (at.start, at.end));
        let mut columns: Vec<(char, char)> = Vec::new();
        let mut put = |bytes: &[u8], mark: char| columns.extend(words.clean(&escape(bytes)).chars().map(|c| (c, mark)));
        let mut from = 0;
        for (number, at) in fields.into_iter().enumerate() {
            // A field within another one, or behind what is shown, has no place of its own.
            if at.start < from || at.end > shown.len() || at.is_empty() {
                continue;
            }
            put(&shown[from..at.start], ' ');
            put(&shown[at.clone()], if number % 2 == 0 { '~' } else { '^' });
            from = at.end;
        }
        put(&shown[from..], ' ');
        for row in rows(&columns) {
            let line: String = row.iter().map(|(c, _)| *c).collect();
            let marks: String = row.iter().flat_map(|(c, mark)| std::iter::repeat_n(*mark, c.width().unwrap_or(0))).collect();
            let _ = writeln!(text, "  {line}\n  {}", marks.trim_end());
        }
        if shown.len() < self.line.len() {
            let _ = writeln!(text, "  … and {} more bytes", self.line.len() - shown.len());
        }
    }

    fn field_rows(&self, words: &Words, text: &mut String) {
        text.push_str("fields\n");
        let width = self.fields.iter().map(|field| field.name.width()).max().unwrap_or(0);
        let spans: Vec<String> = self.fields.iter().map(|field| format!("{}..{}", field.at.start, field.at.end)).collect();
        let span_width = spans.iter().map(String::len).max().unwrap_or(0);
        for (field, span) in self.fields.iter().zip(&spans) {
            let common = if field.common.is_empty() { String::new() } else { format!("  → {}", field.common.join(", ")) };
            let gap = " ".repeat(width - field.name.width());
            let (name, value) = (clean(words, field.name.as_bytes()), clean(words, self.bytes_of(field)));
            let _ = writeln!(text, "  {name}{gap}  {span:<span_width$}  {value}{common}");
        }
    }

    fn bytes_of(&self, field: &FieldFound) -> &[u8] {
        self.line.get(field.at.clone()).unwrap_or_default()
    }

    fn value_rows(&self, words: &Words, text: &mut String) {
        text.push_str("values\n");
        let width = self.values.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in &self.values {
            let value = words.clean(value.as_deref().unwrap_or("(absent)"));
            let _ = writeln!(text, "  {name:<width$}  {value}");
        }
    }

    /// The line around the place where reading failed, and a caret under that place.
    fn caret(&self, words: &Words, text: &mut String) {
        let line = &self.line[..];
        let Some((at, expected)) = &self.misread else {
            let _ = writeln!(text, "  {}", clean(words, &line[..line.len().min(2 * CONTEXT_BYTES)]));
            return;
        };
        let (from, to) = (at.saturating_sub(CONTEXT_BYTES), line.len().min(at + CONTEXT_BYTES));
        let dots = |cut: bool| if cut { "…" } else { "" };
        let before = format!("{}{}", dots(from > 0), clean(words, &line[from..*at]));
        let after = format!("{}{}", clean(words, &line[*at..to]), dots(to < line.len()));
        let _ = writeln!(text, "  {before}{after}");
        let _ = writeln!(text, "  {}^ byte {at}: expected {}", " ".repeat(before.width()), clean(words, expected.as_bytes()));
    }

    /// For programs: what is not known is left out, and text that is no UTF-8 is escaped as in all outputs.
    pub fn to_json(&self) -> Value {
        let field = |field: &FieldFound| {
            let value = escape(self.bytes_of(field));
            json!({ "name": field.name, "start": field.at.start, "end": field.at.end, "text": value, "common": field.common })
        };
        let mut map = Map::new();
        map.insert("line".to_owned(), json!(escape(&self.line)));
        map.insert("format".to_owned(), json!(self.format));
        map.insert("within".to_owned(), json!(self.within));
        map.insert("outcome".to_owned(), json!(self.outcome));
        map.extend(self.why.iter().map(|why| ("why".to_owned(), json!(why))));
        map.extend(self.time.iter().map(|time| ("time".to_owned(), json!(time))));
        map.extend(self.misread.iter().flat_map(|(at, expected)| {
            [("failed_at".to_owned(), json!(at)), ("expected".to_owned(), json!(escape(expected.as_bytes())))]
        }));
        map.insert("fields".to_owned(), self.fields.iter().map(field).collect());
        if self.outcome == "event" {
            map.insert("values".to_owned(), self.values.iter().map(|(name, value)| (name.clone(), json!(value))).collect());
            map.extend(self.route.iter().map(|route| ("route".to_owned(), json!(route))));
            map.insert("slos".to_owned(), self.slos.iter().map(Judged::to_json).collect());
        }
        Value::Object(map)
    }
}

impl Judged {
    fn write(&self, words: &Words, text: &mut String) {
        let service = self.service.as_ref().map_or(String::new(), |service| format!("{service} / "));
        let _ = write!(text, "\n{service}{}  {} over {}: ", self.name, self.target, self.windows.join(", "));
        let verdict = match &self.verdict {
            Ok(verdict) => verdict,
            Err(why) => {
                let _ = writeln!(text, "not answered, {why}");
                return;
            }
        };
        let valid = verdict.valid.as_deref().unwrap_or("all events");
        let _ = writeln!(text, "{}\n  valid  {valid}\n  good   {}", verdict.words, verdict.good);
        for ConditionFound { text: condition, holds, because } in &verdict.conditions {
            let holds = holds.map_or("unknown", |holds| if holds { "true" } else { "false" });
            let because = because.as_ref().map(|(field, value)| format!("   ({field} is {})", words.clean(value)));
            let _ = writeln!(text, "    {holds:<7}  {condition}{}", because.unwrap_or_default());
        }
    }

    fn to_json(&self) -> Value {
        let mut map = Map::new();
        map.insert("service".to_owned(), json!(self.service));
        map.insert("slo".to_owned(), json!(self.name));
        map.insert("target".to_owned(), json!(self.target));
        map.insert("windows".to_owned(), json!(self.windows));
        match &self.verdict {
            Err(why) => _ = map.insert("not_answered".to_owned(), json!(why)),
            Ok(verdict) => {
                let condition = |found: &ConditionFound| json!({ "condition": found.text, "holds": found.holds });
                map.insert("verdict".to_owned(), json!(verdict.name));
                map.insert("valid".to_owned(), json!(verdict.valid));
                map.insert("good".to_owned(), json!(verdict.good));
                map.insert("conditions".to_owned(), verdict.conditions.iter().map(condition).collect());
            }
        }
        Value::Object(map)
    }
}

/// Rows of at most [`COLUMNS`] columns.
fn rows(columns: &[(char, char)]) -> Vec<&[(char, char)]> {
    let (mut rows, mut from, mut width) = (Vec::new(), 0, 0);
    for (i, (c, _)) in columns.iter().enumerate() {
        let next = c.width().unwrap_or(0);
        if width + next > COLUMNS {
            rows.push(&columns[from..i]);
            (from, width) = (i, 0);
        }
        width += next;
    }
    rows.push(&columns[from..]);
    rows
}

fn clean(words: &Words, bytes: &[u8]) -> String {
    words.clean(&escape(bytes))
}
