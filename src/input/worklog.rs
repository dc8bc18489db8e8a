//! A work log as events: CSV with a header, or JSON lines, one entry each, with a `date`.
//!
//! Each entry becomes a line of JSON whose `time` is the entry's date by the clock of a zone (its midnight, where it is only a date);
//! every column keeps its name. From there on it is a log like any other.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};

/// Largest work log: a year of a hundred people, many times over. It is read as a whole.
pub const WORKLOG_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The column that says when, and the key that it becomes.
const DATE: &str = "date";
const TIME: &str = "time";

/// A work log as it is read.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct WorkLog {
    /// Its entries as JSON lines.
    pub lines: Vec<u8>,
    /// The names of its columns, or of everything that some entry has.
    pub names: BTreeSet<String>,
}

/// Reads a work log. `name` is the file's name, for messages; `zone` is an IANA name.
///
/// # Errors
/// An entry that is none, with its line: no date, or one that is no date, broken CSV or JSON. More than [`WORKLOG_BYTES_MAX`].
pub fn read(name: &str, bytes: &[u8], zone: &str) -> Result<WorkLog> {
    if bytes.len() > WORKLOG_BYTES_MAX {
        let message = format!("{name} has {} bytes, more than {WORKLOG_BYTES_MAX}", bytes.len());
        return Err(Error::new(ErrorKind::Limit, message).hint("split the work log"));
    }
    let clock = TimeZone::get(zone).map_err(|_| Error::new(ErrorKind::Usage, format!("there is no time zone `{zone}`")))?;
    let begin = bytes.iter().find(|b| !b.is_ascii_whitespace());
    if begin == Some(&b'[') {
        return Err(wrong(name, 1, "this is one JSON array, and JSON lines have an object on each line".to_owned()));
    }
    let is_json = begin == Some(&b'{');
    let (entries, mut names) = if is_json { (json_entries(name, bytes)?, BTreeSet::new()) } else { csv_entries(name, bytes)? };
    let mut lines = Vec::with_capacity(bytes.len() * 2);
    for (line, mut entry) in entries {
        names.extend(entry.keys().filter(|_| is_json).cloned());
        let time = time(&entry, &clock).map_err(|what| wrong(name, line, what))?;
        entry.insert(TIME.to_owned(), Value::from(time));
        lines.extend_from_slice(Value::Object(entry).to_string().as_bytes());
        lines.push(b'\n');
    }
    Ok(WorkLog { lines, names })
}

/// An entry and the line that it begins in.
type Entry = (u64, Map<String, Value>);

fn json_entries(name: &str, bytes: &[u8]) -> Result<Vec<Entry>> {
    let lines = bytes.split(|&b| b == b'\n').zip(1..).filter(|(line, _)| !line.trim_ascii().is_empty());
    let entry = |(line, number): (&[u8], u64)| match serde_json::from_slice(line) {
        Ok(Value::Object(entry)) => Ok((number, entry)),
        Ok(_) => Err(wrong(name, number, "this is no JSON object".to_owned())),
        Err(error) => Err(wrong(name, number, format!("this is not JSON: {error}"))),
    };
    lines.map(entry).collect()
}

/// The entries, and the names of the columns.
fn csv_entries(name: &str, bytes: &[u8]) -> Result<(Vec<Entry>, BTreeSet<String>)> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let broken = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        wrong(name, line, format!("this is not CSV: {error}"))
    };
    let header = reader.headers().map_err(broken)?.clone();
    let mut names = BTreeSet::new();
    if let Some(twice) = header.iter().find(|column| !names.insert((*column).to_owned()) && !column.is_empty()) {
        return Err(wrong(name, 1, format!("there are two columns `{twice}`")));
    }
    let (mut entries, mut last) = (Vec::new(), (1, 0));
    for record in reader.records() {
        let record = record.map_err(broken)?;
        last = record.position().map_or(last, |at| (at.line(), at.byte() as usize));
        let line = last.0;
        // An empty field is an absent one.
        let fields = header.iter().zip(&record).filter(|(_, value)| !value.is_empty());
        entries.push((line, fields.map(|(name, value)| (name.to_owned(), Value::from(value))).collect()));
    }
    // The library takes all that follows a quote into one field, be it closed or not.
    if bytes[last.1.min(bytes.len())..].iter().filter(|&&b| b == b'"').count() % 2 == 1 {
        return Err(wrong(name, last.0, "a quote that begins in this entry is never closed".to_owned()));
    }
    Ok((entries, names))
}

/// When an entry is, as RFC 3339.
fn time(entry: &Map<String, Value>, clock: &TimeZone) -> std::result::Result<String, String> {
    let date = entry.get(DATE).and_then(Value::as_str).ok_or(format!("this entry has no `{DATE}`"))?;
    if let Ok(timestamp) = date.parse::<jiff::Timestamp>() {
        return Ok(timestamp.to_string());
    }
    let no_date = |_| format!("`{date}` is no date: write it like 2026-11-02");
    let civil: jiff::civil::DateTime = date.parse().map_err(no_date)?;
    Ok(clock.to_timestamp(civil).map_err(no_date)?.to_string())
}

#[cold]
fn wrong(name: &str, line: u64, what: String) -> Error {
    Error::new(ErrorKind::Input, format!("{name}:{line}: {what}"))
        .hint("a work log has a header with `date` (CSV), or an object with it on each line")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, zone: &str) -> String {
        String::from_utf8(read("work.csv", text.as_bytes(), zone).unwrap().lines).unwrap()
    }

    #[test]
    fn csv_and_json_lines_say_the_same() {
        let csv = "date,role,minutes\n2026-11-02,\"sre, on call\",45\n\n2026-11-03T09:30:00Z, dev ,\n";
        let json = "{\"date\":\"2026-11-02\",\"role\":\"sre, on call\",\"minutes\":\"45\"}\n\n{\"date\":\"2026-11-03T09:30:00Z\",\"role\":\"dev\"}\n";
        assert_eq!(lines(csv, "America/New_York"), lines(json, "America/New_York"));
        let first = "{\"date\":\"2026-11-02\",\"role\":\"sre, on call\",\"minutes\":\"45\",\"time\":\"2026-11-02T05:00:00Z\"}\n";
        assert!(lines(csv, "America/New_York").starts_with(first));
        assert_eq!(lines("", "UTC"), "");
        let names =
            |text: &str| read("work.csv", text.as_bytes(), "UTC").unwrap().names.into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!((names(csv), names(json)), ("date minutes role".to_owned(), "date minutes role".to_owned()));
        assert_eq!((names("date,role\n"), names("")), ("date role".to_owned(), String::new()));
    }

    #[test]
    fn what_is_no_entry_is_placed() {
        for (text, want) in [
            ("date,role\nsoon,sre\n", "work.csv:2: `soon` is no date: write it like 2026-11-02"),
            ("day,role\n2026-11-02,sre\n", "work.csv:2: this entry has no `date`"),
            ("date,role\n2026-11-02\n", "work.csv:2: this is not CSV: "),
            ("{\"date\":\"2026-11-02\"}\n{\"date\":\n", "work.csv:2: this is not JSON: "),
            ("{\"date\":\"2026-11-02\"}\n[1]\n", "work.csv:2: this is no JSON object"),
            (" [{\"date\":\"2026-11-02\"}]", "work.csv:1: this is one JSON array"),
            ("date,role,role\n2026-11-02,a,b\n", "work.csv:1: there are two columns `role`"),
            (
                "date,role\n2026-11-02,a\n2026-11-02,\"b\n2026-11-03,c\n",
                "work.csv:3: a quote that begins in this entry is never closed",
            ),
            ("date,\"role\n2026-11-02,a\n", "work.csv:1: a quote that begins"),
        ] {
            let error = read("work.csv", text.as_bytes(), "UTC").unwrap_err().to_string();
            assert!(error.starts_with(want), "{error}");
        }
        assert!(read("w", b"", "Mars/Olympus").unwrap_err().to_string().contains("no time zone"));
    }
}
