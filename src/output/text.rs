//! JSON, NDJSON and CSV of Arrow batches.
//!
//! The writers of `arrow-json` and `arrow-csv` look a formatter up for every cell; what a plan of a million rows needs is less:
//! five types, strings that are the same for thousands of rows. Here each dictionary is encoded once a batch, integers and
//! floats go through serde_json's formatters (shortest form that reads back as the same float), and a time that was just
//! written is copied.

use std::io::{self, Write};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use jiff::fmt::temporal::DateTimePrinter;

/// Which text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Style {
    /// One array of objects.
    Json,
    /// One object a line.
    Ndjson,
    /// RFC 4180 with a header line and `\n`; null is empty, an empty string is `""`.
    Csv,
}

/// Writes batches as text.
pub(super) struct TextWriter<W> {
    out: W,
    style: Style,
    rows: u64,
    buffer: Vec<u8>,
}

/// A column as rows are written from it.
enum View<'a> {
    /// Keys, and every value as it is written.
    Text(&'a Int32Array, Vec<Vec<u8>>),
    /// Texts that no dictionary holds: rare ones.
    Rare(&'a StringArray),
    Time(&'a TimestampMicrosecondArray, Memo),
    Int(&'a Int64Array),
    Float(&'a Float64Array),
    Bool(&'a BooleanArray),
}

/// The time written last: ends are often the next row's starts, and series repeat them.
#[derive(Default)]
struct Memo {
    micros: Option<i64>,
    text: Vec<u8>,
}

impl<W: Write> TextWriter<W> {
    /// Writes to `out`, which should be cheap to write a batch of text to.
    pub fn new(out: W, style: Style) -> Self {
        TextWriter { out, style, rows: 0, buffer: Vec::new() }
    }

    /// Writes what comes before the first row.
    pub fn begin(&mut self, names: &[&str]) -> io::Result<()> {
        match self.style {
            Style::Json => self.out.write_all(b"["),
            Style::Ndjson => Ok(()),
            Style::Csv => {
                let header: Vec<Vec<u8>> = names.iter().map(|n| csv_text(n)).collect();
                self.out.write_all(&header.join(&b","[..]))?;
                self.out.write_all(b"\n")
            }
        }
    }

    /// Writes the rows of a batch.
    pub fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let schema = batch.schema();
        let json = self.style != Style::Csv;
        let names: Vec<Vec<u8>> = schema.fields().iter().map(|f| [json_text(f.name()), b":".to_vec()].concat()).collect();
        let mut views =
            batch.columns().iter().map(|c| View::of(c, json)).collect::<Result<Vec<_>, _>>().map_err(io::Error::other)?;
        for row in 0..batch.num_rows() {
            self.begin_row();
            for (i, view) in views.iter_mut().enumerate() {
                if i > 0 {
                    self.buffer.push(b',');
                }
                if json {
                    self.buffer.extend_from_slice(&names[i]);
                }
                view.write(row, json, &mut self.buffer)?;
            }
            self.buffer.extend_from_slice(match self.style {
                Style::Json => b"}",
                Style::Ndjson => b"}\n",
                Style::Csv => b"\n",
            });
            self.rows += 1;
        }
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn begin_row(&mut self) {
        match self.style {
            Style::Json if self.rows == 0 => self.buffer.extend_from_slice(b"\n{"),
            Style::Json => self.buffer.extend_from_slice(b",\n{"),
            Style::Ndjson => self.buffer.push(b'{'),
            Style::Csv => {}
        }
    }

    /// Writes what comes after the last row and hands the destination back.
    pub fn finish(mut self) -> io::Result<W> {
        if self.style == Style::Json {
            self.out.write_all(b"\n]\n")?;
        }
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<'a> View<'a> {
    fn of(array: &'a ArrayRef, json: bool) -> Result<Self, ArrowError> {
        Ok(match array.data_type() {
            DataType::Dictionary(..) => {
                let dictionary = array.as_dictionary::<Int32Type>();
                let values = dictionary.values().as_string::<i32>().iter().map(Option::unwrap_or_default);
                View::Text(dictionary.keys(), values.map(if json { json_text } else { csv_text }).collect())
            }
            DataType::Utf8 => View::Rare(array.as_string()),
            DataType::Timestamp(..) => View::Time(array.as_primitive::<TimestampMicrosecondType>(), Memo::default()),
            DataType::Int64 => View::Int(array.as_primitive::<Int64Type>()),
            DataType::Float64 => View::Float(array.as_primitive::<Float64Type>()),
            DataType::Boolean => View::Bool(array.as_boolean()),
            other => return Err(ArrowError::NotYetImplemented(format!("{other} as text"))),
        })
    }

    fn write(&mut self, row: usize, json: bool, out: &mut Vec<u8>) -> io::Result<()> {
        let null: &[u8] = if json { b"null" } else { b"" };
        match self {
            View::Text(keys, _) if keys.is_null(row) => out.extend_from_slice(null),
            View::Text(keys, values) => out.extend_from_slice(&values[keys.value(row) as usize]),
            View::Rare(texts) if texts.is_null(row) => out.extend_from_slice(null),
            View::Rare(texts) => out.extend_from_slice(&if json { json_text } else { csv_text }(texts.value(row))),
            View::Time(times, _) if times.is_null(row) => out.extend_from_slice(null),
            View::Time(times, memo) => memo.write(times.value(row), json, out)?,
            View::Int(a) if a.is_null(row) => out.extend_from_slice(null),
            View::Int(a) => serde_json::to_writer(out, &a.value(row))?,
            View::Float(a) if a.is_null(row) => out.extend_from_slice(null),
            View::Float(a) => serde_json::to_writer(out, &a.value(row))?,
            View::Bool(a) if a.is_null(row) => out.extend_from_slice(null),
            View::Bool(a) => out.extend_from_slice(if a.value(row) { b"true" } else { b"false" }),
        }
        Ok(())
    }
}

impl Memo {
    /// RFC 3339 in UTC, with as many decimals as are needed.
    fn write(&mut self, micros: i64, json: bool, out: &mut Vec<u8>) -> io::Result<()> {
        if self.micros != Some(micros) {
            self.text.clear();
            let time = jiff::Timestamp::from_microsecond(micros).map_err(|_| {
                io::Error::other("a time is beyond the years 0 to 9999, which text cannot hold: end earlier with --at")
            })?;
            const PRINTER: DateTimePrinter = DateTimePrinter::new();
            if json {
                self.text.push(b'"');
            }
            PRINTER.print_timestamp(&time, jiff::fmt::StdIoWrite(&mut self.text)).map_err(io::Error::other)?;
            if json {
                self.text.push(b'"');
            }
            self.micros = Some(micros);
        }
        out.extend_from_slice(&self.text);
        Ok(())
    }
}

fn json_text(text: &str) -> Vec<u8> {
    serde_json::to_vec(text).unwrap_or_default()
}

/// Quoted where RFC 4180 asks for it, and where an empty string would read as null.
fn csv_text(text: &str) -> Vec<u8> {
    let plain = !text.is_empty() && !text.contains(['"', ',', '\n', '\r']) && text.trim() == text;
    if plain { text.as_bytes().to_vec() } else { format!("\"{}\"", text.replace('"', "\"\"")).into_bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_quotes_what_would_read_as_something_else() {
        let written = |text| String::from_utf8(csv_text(text)).unwrap();
        assert_eq!(written("/a b"), "/a b");
        assert_eq!(written(""), "\"\"");
        assert_eq!(written("a,b\"c\n"), "\"a,b\"\"c\n\"");
        assert_eq!(written(" a"), "\" a\"");
    }

    #[test]
    fn times_are_rfc_3339() {
        let (mut memo, mut out) = (Memo::default(), Vec::new());
        for micros in [0, 0, 1_500_000, -1] {
            memo.write(micros, false, &mut out).unwrap();
            out.push(b' ');
        }
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "1970-01-01T00:00:00Z 1970-01-01T00:00:00Z 1970-01-01T00:00:01.5Z 1969-12-31T23:59:59.999999Z "
        );
        assert!(memo.write(i64::MAX, true, &mut Vec::new()).is_err());
    }
}
