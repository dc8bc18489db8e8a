//! JSON, NDJSON and CSV of Arrow batches.
//!
//! The writers of `arrow-json` and `arrow-csv` look a formatter up for every cell; what a plan of a million rows needs is less:
//! six types, strings that are the same for thousands of rows, and rows most of whose cells are those of the row above. Here
//! each dictionary is encoded once, integers and floats go through serde_json's formatters (shortest form that reads back as
//! the same float), and neighbouring cells that have not changed are copied together.

use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayAccessor, ArrayRef, AsArray, BooleanArray, Float64Array, Int32Array, Int64Array, PrimitiveArray, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
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
    /// The dictionary of each column as it was last encoded: most batches have the same.
    dictionaries: Vec<Dictionary>,
}

/// A dictionary, and every value as it is written; empty for columns without one.
#[derive(Default)]
struct Dictionary {
    values: Option<ArrayRef>,
    texts: Vec<Vec<u8>>,
}

/// A column as rows are written from it.
struct View<'a> {
    lead: Lead,
    cells: Cells<'a>,
}

/// What stands before each cell: a comma, and in JSON the name. Short ones are written as so many bytes at all times, of which
/// then some are taken back, because the compiler knows how to do that at once.
enum Lead {
    Short([u8; 32], usize),
    Long(Vec<u8>),
}

enum Cells<'a> {
    /// Keys, and every value as it is written.
    Text(&'a Int32Array, &'a [Vec<u8>]),
    /// Texts that no dictionary holds: rare ones.
    Rare(&'a StringArray),
    Time(&'a TimestampMicrosecondArray, Clock),
    Int(&'a Int64Array),
    Float(&'a Float64Array),
    Bool(&'a BooleanArray),
}

/// Writes times; of one day's, only the hours, minutes and seconds are computed.
#[derive(Default)]
struct Clock {
    /// The time that was written last.
    text: Vec<u8>,
    /// Its day since 1970, unless it has decimals.
    day: Option<i64>,
}

/// For each row of a batch the columns (bits) whose cells are those of the row above; of columns beyond the 64th it is not known.
struct Unchanged(Vec<u64>);

impl<W: Write> TextWriter<W> {
    /// Writes to `out`, which should be cheap to write a batch of text to.
    pub fn new(out: W, style: Style) -> Self {
        TextWriter { out, style, rows: 0, buffer: Vec::new(), dictionaries: Vec::new() }
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
        let json = self.style != Style::Csv;
        self.dictionaries.resize_with(batch.num_columns(), Dictionary::default);
        self.dictionaries.iter_mut().zip(batch.columns()).for_each(|(dictionary, column)| dictionary.encode(column, json));
        let dictionaries = std::mem::take(&mut self.dictionaries);
        let mut views = views(batch, &dictionaries, json).map_err(io::Error::other)?;
        let unchanged = Unchanged::of(&views, batch.num_rows());
        // Where the cells of the row above begin in the buffer, and where the last one ends, and those of this one.
        let (mut above, mut own) = (vec![0; views.len() + 1], vec![0; views.len() + 1]);
        for (row, &unchanged) in unchanged.0.iter().enumerate() {
            self.begin_row();
            self.write_cells(&mut views, row, unchanged, &above, &mut own)?;
            self.end_row();
            std::mem::swap(&mut above, &mut own);
        }
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        self.dictionaries = dictionaries;
        Ok(())
    }

    fn write_cells(
        &mut self,
        views: &mut [View],
        row: usize,
        unchanged: u64,
        above: &[usize],
        own: &mut [usize],
    ) -> io::Result<()> {
        let (json, buffer) = (self.style != Style::Csv, &mut self.buffer);
        let mut column = 0;
        while column < views.len() {
            let run = unchanged.checked_shr(column as u32).unwrap_or(0).trailing_ones() as usize;
            let start = buffer.len();
            if run == 0 {
                own[column] = start;
                views[column].write(row, json, buffer)?;
                column += 1;
                continue;
            }
            let end = column + run;
            let (from, to) = (above[column], above[end]);
            buffer.extend_from_within(from..to);
            for (own, above) in own[column..end].iter_mut().zip(&above[column..end]) {
                *own = above - from + start;
            }
            column = end;
        }
        own[column] = buffer.len();
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

    fn end_row(&mut self) {
        self.buffer.extend_from_slice(match self.style {
            Style::Json => b"}",
            Style::Ndjson => b"}\n",
            Style::Csv => b"\n",
        });
        self.rows += 1;
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

impl Dictionary {
    /// Encodes the dictionary of a column, if it has one.
    fn encode(&mut self, column: &ArrayRef, json: bool) {
        let Some(dictionary) = column.as_dictionary_opt::<Int32Type>() else { return };
        let values = dictionary.values();
        if !self.values.as_ref().is_some_and(|known| Arc::ptr_eq(known, values)) {
            let texts = values.as_string::<i32>().iter().map(Option::unwrap_or_default);
            self.texts = texts.map(if json { json_text } else { csv_text }).collect();
            self.values = Some(Arc::clone(values));
        }
    }
}

fn views<'a>(batch: &'a RecordBatch, dictionaries: &'a [Dictionary], json: bool) -> Result<Vec<View<'a>>, ArrowError> {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).zip(dictionaries).enumerate();
    let view = |(i, ((field, column), dictionary)): (usize, ((_, &'a ArrayRef), &'a Dictionary))| {
        let field: &arrow::datatypes::FieldRef = field;
        let mut lead = if i > 0 { b",".to_vec() } else { Vec::new() };
        if json {
            lead.extend(json_text(field.name()));
            lead.push(b':');
        }
        Ok(View { lead: Lead::of(lead), cells: Cells::of(column, dictionary)? })
    };
    columns.map(view).collect()
}

impl Lead {
    fn of(lead: Vec<u8>) -> Self {
        let mut short = [0; 32];
        match short.get_mut(..lead.len()) {
            Some(room) => {
                room.copy_from_slice(&lead);
                Lead::Short(short, lead.len())
            }
            None => Lead::Long(lead),
        }
    }

    #[inline]
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Lead::Short(bytes, length) => {
                let end = out.len() + length;
                out.extend_from_slice(bytes);
                out.truncate(end);
            }
            Lead::Long(bytes) => out.extend_from_slice(bytes),
        }
    }
}

impl View<'_> {
    fn write(&mut self, row: usize, json: bool, out: &mut Vec<u8>) -> io::Result<()> {
        self.lead.write(out);
        match &mut self.cells {
            cells if cells.is_null(row) => out.extend_from_slice(if json { b"null" } else { b"" }),
            Cells::Text(keys, texts) => out.extend_from_slice(&texts[keys.value(row) as usize]),
            Cells::Rare(texts) => out.extend_from_slice(&if json { json_text } else { csv_text }(texts.value(row))),
            Cells::Time(times, clock) => clock.write(times.value(row), json, out)?,
            Cells::Int(a) => serde_json::to_writer(out, &a.value(row))?,
            Cells::Float(a) => serde_json::to_writer(out, &a.value(row))?,
            Cells::Bool(a) => out.extend_from_slice(if a.value(row) { b"true" } else { b"false" }),
        }
        Ok(())
    }
}

impl<'a> Cells<'a> {
    fn of(column: &'a ArrayRef, dictionary: &'a Dictionary) -> Result<Self, ArrowError> {
        Ok(match column.data_type() {
            DataType::Dictionary(..) => Cells::Text(column.as_dictionary::<Int32Type>().keys(), &dictionary.texts),
            DataType::Utf8 => Cells::Rare(column.as_string()),
            DataType::Timestamp(..) => Cells::Time(column.as_primitive::<TimestampMicrosecondType>(), Clock::default()),
            DataType::Int64 => Cells::Int(column.as_primitive::<Int64Type>()),
            DataType::Float64 => Cells::Float(column.as_primitive::<Float64Type>()),
            DataType::Boolean => Cells::Bool(column.as_boolean()),
            other => return Err(ArrowError::NotYetImplemented(format!("{other} as text"))),
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Cells::Text(a, _) => a.is_null(row),
            Cells::Rare(a) => a.is_null(row),
            Cells::Time(a, _) => a.is_null(row),
            Cells::Int(a) => a.is_null(row),
            Cells::Float(a) => a.is_null(row),
            Cells::Bool(a) => a.is_null(row),
        }
    }
}

/// A cell of any array; none if it is null.
fn cell<A: ArrayAccessor>(array: A, row: usize) -> Option<A::Item> {
    array.is_valid(row).then(|| array.value(row))
}

impl Unchanged {
    fn of(views: &[View], rows: usize) -> Self {
        let mut unchanged = Unchanged(vec![0; rows]);
        for (column, view) in views.iter().enumerate().take(64) {
            let bit = 1 << column;
            match &view.cells {
                Cells::Text(a, _) => unchanged.mark(bit, a, |&key| key),
                Cells::Time(a, _) => unchanged.mark(bit, a, |&micros| micros),
                Cells::Int(a) => unchanged.mark(bit, a, |&n| n),
                // 0 and -0 are equal, but not written alike.
                Cells::Float(a) => unchanged.mark(bit, a, |x| x.to_bits()),
                Cells::Rare(a) => unchanged.mark_each(bit, |row| cell(*a, row) == cell(*a, row - 1)),
                Cells::Bool(a) => unchanged.mark_each(bit, |row| cell(*a, row) == cell(*a, row - 1)),
            }
        }
        unchanged
    }

    fn mark<T: ArrowPrimitiveType, K: PartialEq>(&mut self, bit: u64, column: &PrimitiveArray<T>, key: impl Fn(&T::Native) -> K) {
        let same = |pair: &[T::Native]| u64::from(key(&pair[0]) == key(&pair[1])) * bit;
        match column.nulls() {
            None => self.0.iter_mut().skip(1).zip(column.values().windows(2)).for_each(|(row, pair)| *row |= same(pair)),
            Some(nulls) => {
                let cell = |row: usize| nulls.is_valid(row).then(|| key(&column.values()[row]));
                self.mark_each(bit, |row| cell(row) == cell(row - 1));
            }
        }
    }

    fn mark_each(&mut self, bit: u64, is_same: impl Fn(usize) -> bool) {
        self.0.iter_mut().enumerate().skip(1).for_each(|(row, unchanged)| *unchanged |= u64::from(is_same(row)) * bit);
    }
}

impl Clock {
    /// RFC 3339 in UTC, with as many decimals as are needed.
    fn write(&mut self, micros: i64, json: bool, out: &mut Vec<u8>) -> io::Result<()> {
        const SECOND: i64 = 1_000_000;
        const DAY: i64 = 86_400;
        let second = micros.div_euclid(SECOND);
        let day = (micros.rem_euclid(SECOND) == 0).then(|| second.div_euclid(DAY));
        if day.is_some() && day == self.day {
            let second = second.rem_euclid(DAY);
            for (at, n) in [(11, second / 3_600), (14, second / 60 % 60), (17, second % 60)] {
                self.text[at..at + 2].copy_from_slice(&[b'0' + (n / 10) as u8, b'0' + (n % 10) as u8]);
            }
        } else {
            self.print(micros)?;
            // Years outside 0 to 9999 are written with more characters.
            self.day = day.filter(|_| self.text.len() == "2026-01-01T00:00:00Z".len());
        }
        let quote: &[u8] = if json { b"\"" } else { b"" };
        for part in [quote, &self.text, quote] {
            out.extend_from_slice(part);
        }
        Ok(())
    }

    fn print(&mut self, micros: i64) -> io::Result<()> {
        const PRINTER: DateTimePrinter = DateTimePrinter::new();
        let time = jiff::Timestamp::from_microsecond(micros).map_err(|_| {
            io::Error::other("a time is beyond the years 0 to 9999, which text cannot hold: end earlier with --at")
        })?;
        self.text.clear();
        PRINTER.print_timestamp(&time, jiff::fmt::StdIoWrite(&mut self.text)).map_err(io::Error::other)
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
    use arrow::array::DictionaryArray;
    use proptest::prelude::*;

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
        let (mut clock, mut out) = (Clock::default(), Vec::new());
        for micros in [0, 0, 1_500_000, 86_399_000_000, 86_400_000_000, 86_461_000_000, -1, -1_000_000, -86_400_000_000] {
            clock.write(micros, false, &mut out).unwrap();
            out.push(b' ');
        }
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "1970-01-01T00:00:00Z 1970-01-01T00:00:00Z 1970-01-01T00:00:01.5Z 1970-01-01T23:59:59Z 1970-01-02T00:00:00Z \
             1970-01-02T00:01:01Z 1969-12-31T23:59:59.999999Z 1969-12-31T23:59:59Z 1969-12-31T00:00:00Z "
        );
        assert!(clock.write(i64::MAX, true, &mut Vec::new()).is_err());
    }

    /// Rows written one by one, with nothing to copy from.
    fn one_by_one(batch: &RecordBatch, style: Style) -> Vec<u8> {
        let mut writer = TextWriter::new(Vec::new(), style);
        (0..batch.num_rows()).for_each(|row| writer.write(&batch.slice(row, 1)).unwrap());
        writer.finish().unwrap()
    }

    proptest! {
        #[test]
        fn cells_copied_from_the_row_above_are_those_written_anew(
            rows in prop::collection::vec((0_u8..3, 0_u8..3, 0_u8..4, 0_u8..3, 0_u8..3), 1..40),
            columns in 1_usize..70,
        ) {
            let some = |n: u8| (n > 0).then_some(n);
            let text: ArrayRef = Arc::new(rows.iter().map(|r| some(r.0).map(|n| ["", "a\"", "b,"][n as usize])).collect::<DictionaryArray<Int32Type>>());
            let int: ArrayRef = Arc::new(rows.iter().map(|r| i64::from(r.1)).collect::<Int64Array>());
            let float: ArrayRef = Arc::new(rows.iter().map(|r| some(r.2).map(|n| [0.0, -0.0, 0.0, 0.1][n as usize])).collect::<Float64Array>());
            let time: ArrayRef = Arc::new(rows.iter().map(|r| some(r.3).map(|n| i64::from(n) * 61_000_000)).collect::<TimestampMicrosecondArray>());
            let bool: ArrayRef = Arc::new(rows.iter().map(|r| some(r.4).map(|n| n > 1)).collect::<BooleanArray>());
            let rare: ArrayRef = Arc::new(rows.iter().map(|r| some(r.0).map(|n| ["", "x,", "\n"][n as usize])).collect::<StringArray>());
            let cells = [text, int, float, time, bool, rare];
            let columns = (0..columns).map(|i| (format!("c{i}"), Arc::clone(&cells[i % cells.len()])));
            let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap();
            for style in [Style::Json, Style::Ndjson, Style::Csv] {
                let mut writer = TextWriter::new(Vec::new(), style);
                writer.write(&batch).unwrap();
                let (together, alone) = (writer.finish().unwrap(), one_by_one(&batch, style));
                prop_assert_eq!(String::from_utf8(together), String::from_utf8(alone));
            }
        }
    }
}
