//! A partial becomes a slices file.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Int32Builder, Int64Builder, RecordBatch, StringBuilder};
use arrow::array::{PrimitiveBuilder, TimestampMicrosecondBuilder};
use arrow::datatypes::{ArrowPrimitiveType, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use sha2::{Digest, Sha256};

use super::metadata::{self, BYTES_KEY, DIGEST_KEY};
use super::schema::{FIXED_TEXTS, GROUP, INTEGERS, Kind, OTHER, RESERVED_COLUMNS, schema};
use crate::aggregate::histogram::{HourlyBuckets, hours};
use crate::aggregate::receipt::Digests;
use crate::aggregate::{Group, IndicatorCounts, Latencies, Partial, Series, group};
use crate::error::{Error, ErrorKind, Result};
use crate::time::{SliceNumber, Slices};

/// Rows of a row group. A reader holds one at a time, and dictionaries are per row group.
const ROW_GROUP_ROWS: usize = 1 << 20;
/// Rows handed to the Parquet writer at once: enough to make its calls cheap, and little memory.
const BATCH_ROWS: usize = 1 << 16;
/// Bytes that the texts of one column and row group may take before they are no longer written as a dictionary.
const DICTIONARY_BYTES_MAX: usize = 64 << 20;

/// Writes `partial` as a slices file. The same partial gives the same bytes.
///
/// Errors: a dimension has the name of another column, or a content is not known by SHA-256 (kind `Slices`); a count is beyond
/// 2⁶³ − 1 (kind `Overflow`); the writer failed (kind `Output`).
pub fn write(partial: &Partial, to: impl Write + Send) -> Result<()> {
    if let Some(receipt) = partial.receipts.iter().find(|receipt| receipt.identity.digests != Digests::Sha256) {
        let message = format!("{}: what tells its content from others is good for one run only", receipt.path);
        return Err(Error::new(ErrorKind::Slices, message).hint("identify inputs by SHA-256 where counts are to be kept"));
    }
    let dimensions = dimension_columns(partial)?;
    let mut table = Table::new(&dimensions, to)?;
    for (service, list) in &partial.activity {
        table.begin(Kind::Activity, service, None, None);
        table.activity(list, partial.slices)?;
    }
    let indicators = metadata::sorted_indicators(partial);
    for (key, counts, fingerprint) in &indicators {
        let columns = columns_of(counts, &dimensions);
        for (group, series) in groups_then_other(&counts.groups, &counts.other) {
            table.begin(Kind::Counts, &key.service, Some(fingerprint), Some((group, &columns)));
            table.counts(series, partial.slices)?;
        }
    }
    for (key, counts, fingerprint) in &indicators {
        let Some(latencies) = &counts.latencies else { continue };
        let columns = columns_of(counts, &dimensions);
        for (group, list) in groups_then_other(&latencies.groups, &latencies.other) {
            table.begin(Kind::Latency, &key.service, Some(fingerprint), Some((group, &columns)));
            table.latencies(list, latencies)?;
        }
    }
    table.finish(metadata::describe(partial).map_err(|e| failed().because(e))?)
}

/// All dimension names, sorted.
fn dimension_columns(partial: &Partial) -> Result<Vec<String>> {
    let names: BTreeSet<&String> = partial.indicators.values().flat_map(|counts| &counts.dimensions).collect();
    match names.iter().find(|name| RESERVED_COLUMNS.contains(&name.as_str())) {
        Some(name) => {
            Err(Error::new(ErrorKind::Slices, format!("a dimension is named `{name}`, as a column of slices files is"))
                .hint("group by a field of another name"))
        }
        None => Ok(names.into_iter().cloned().collect()),
    }
}

/// Where the columns of an indicator's dimensions are.
fn columns_of(counts: &IndicatorCounts, dimensions: &[String]) -> Vec<usize> {
    let column = |name| dimensions.binary_search(name).unwrap_or_else(|at| at);
    counts.dimensions.iter().map(column).collect()
}

fn groups_then_other<'a, T>(
    groups: &'a BTreeMap<Group, Vec<T>>,
    other: &'a Vec<T>,
) -> impl Iterator<Item = (Option<&'a Group>, &'a Vec<T>)> {
    let other = Some((None, other)).filter(|(_, list)| !list.is_empty());
    groups.iter().map(|(group, list)| (Some(group), list)).chain(other)
}

/// The rows on their way to the file.
struct Table<W: Write + Send> {
    writer: ArrowWriter<Hashing<W>>,
    schema: SchemaRef,
    texts: Vec<Texts>,
    start_time: TimestampMicrosecondBuilder,
    /// `events` to `latency_events`.
    integers: [Int64Builder; INTEGERS - 1],
    rows: usize,
}

impl<W: Write + Send> Table<W> {
    fn new(dimensions: &[String], to: W) -> Result<Self> {
        let schema = schema(dimensions);
        let options = ArrowWriterOptions::new().with_properties(properties()).with_skip_arrow_metadata(true);
        let hashing = Hashing { inner: to, hasher: Sha256::new(), bytes: 0 };
        let writer = ArrowWriter::try_new_with_options(hashing, schema.clone(), options).map_err(|e| failed().because(e))?;
        Ok(Table {
            writer,
            schema,
            texts: (0..FIXED_TEXTS + dimensions.len()).map(|_| Texts::default()).collect(),
            start_time: TimestampMicrosecondBuilder::with_capacity(BATCH_ROWS),
            integers: std::array::from_fn(|_| Int64Builder::with_capacity(BATCH_ROWS)),
            rows: 0,
        })
    }

    /// Sets the texts of the rows that follow. `group` comes with the columns of its dimensions; without one it is *other*.
    fn begin(&mut self, kind: Kind, service: &str, indicator: Option<&str>, group: Option<(Option<&Group>, &[usize])>) {
        let group_kind = group.map(|(group, _)| if group.is_some() { GROUP } else { OTHER });
        let (fixed, dimensions) = self.texts.split_at_mut(FIXED_TEXTS);
        for (texts, text) in fixed.iter_mut().zip([Some(kind.name()), Some(service), indicator, group_kind]) {
            texts.set(text);
        }
        let mut values = vec![None; dimensions.len()];
        if let Some((Some(group), columns)) = group {
            columns.iter().zip(group).for_each(|(&column, value)| values[column] = value.as_deref().map(group::to_text));
        }
        for (texts, value) in dimensions.iter_mut().zip(&values) {
            texts.set(value.as_deref());
        }
    }

    fn activity(&mut self, list: &[(SliceNumber, u64)], slices: Slices) -> Result<()> {
        self.in_batches(list, |table, rows| {
            append(&mut table.start_time, rows.iter().map(|e| start(slices, e.0)))?;
            let [events, nothing @ ..] = &mut table.integers;
            append(events, rows.iter().map(|e| integer(e.1)))?;
            nothing.iter_mut().for_each(|column| column.append_nulls(rows.len()));
            Ok(())
        })
    }

    fn counts(&mut self, series: &Series, slices: Slices) -> Result<()> {
        self.in_batches(series, |table, rows| {
            append(&mut table.start_time, rows.iter().map(|e| start(slices, e.0)))?;
            let [events, good, bad, unknown, nothing @ ..] = &mut table.integers;
            append(events, rows.iter().map(|e| integer(e.1.events)))?;
            append(good, rows.iter().map(|e| integer(e.1.good)))?;
            append(bad, rows.iter().map(|e| integer(e.1.bad)))?;
            append(unknown, rows.iter().map(|e| integer(e.1.unknown)))?;
            nothing.iter_mut().for_each(|column| column.append_nulls(rows.len()));
            Ok(())
        })
    }

    fn latencies(&mut self, list: &HourlyBuckets, latencies: &Latencies) -> Result<()> {
        self.in_batches(list, |table, rows| {
            append(&mut table.start_time, rows.iter().map(|e| start(hours(), e.0.hour)))?;
            let [nothing @ .., upper, events] = &mut table.integers;
            nothing.iter_mut().for_each(|column| column.append_nulls(rows.len()));
            append(upper, rows.iter().map(|e| latencies.edges.upper_edge(e.0.bucket).ok_or_else(no_bucket)))?;
            append(events, rows.iter().map(|e| integer(e.1)))
        })
    }

    fn in_batches<T>(&mut self, mut list: &[T], append: impl Fn(&mut Self, &[T]) -> Result<()>) -> Result<()> {
        while !list.is_empty() {
            let (rows, rest) = list.split_at(list.len().min(BATCH_ROWS - self.rows));
            append(self, rows)?;
            self.texts.iter_mut().for_each(|texts| texts.repeat(rows.len()));
            self.rows += rows.len();
            list = rest;
            if self.rows == BATCH_ROWS {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for texts in &mut self.texts {
            columns.push(texts.finish()?);
        }
        columns.push(Arc::new(self.start_time.finish().with_timezone("UTC")));
        columns.extend(self.integers.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef));
        self.rows = 0;
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(|e| failed().because(e))?;
        self.writer.write(&batch).map_err(|e| failed().because(e))
    }

    /// Writes what is left, and the footer with `description` and the digest of all that came before.
    fn finish(mut self, description: Vec<(&'static str, String)>) -> Result<()> {
        if self.rows > 0 {
            self.flush()?;
        }
        self.writer.flush().map_err(|e| failed().because(e))?;
        self.writer.sync().map_err(|e| failed().because(e))?;
        let (hasher, bytes) = (self.writer.inner().hasher.clone(), self.writer.inner().bytes);
        let mut entries = description;
        entries.push((BYTES_KEY, bytes.to_string()));
        let values = entries.iter().map(|(_, value)| value.as_str());
        let digest = metadata::digest(hasher, self.writer.flushed_row_groups().iter(), values);
        entries.push((DIGEST_KEY, digest));
        for (key, value) in entries {
            self.writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        self.writer.close().map(drop).map_err(|e| failed().because(e))
    }
}

/// A column of text on its way into a batch. Rows come in runs of equal text, so a text is looked at once per run.
#[derive(Default)]
struct Texts {
    /// The text of the next rows.
    current: Option<String>,
    /// Its number in `values`, once a row of this batch has it.
    number: Option<i32>,
    keys: Int32Builder,
    values: StringBuilder,
    values_len: i32,
}

impl Texts {
    fn set(&mut self, text: Option<&str>) {
        if self.current.as_deref() != text {
            self.current = text.map(str::to_owned);
            self.number = None;
        }
    }

    fn repeat(&mut self, rows: usize) {
        let Some(text) = &self.current else { return self.keys.append_nulls(rows) };
        let number = *self.number.get_or_insert_with(|| {
            self.values.append_value(text);
            self.values_len += 1;
            self.values_len - 1
        });
        self.keys.append_value_n(number, rows);
    }

    fn finish(&mut self) -> Result<ArrayRef> {
        (self.number, self.values_len) = (None, 0);
        let values = Arc::new(self.values.finish());
        let array = DictionaryArray::try_new(self.keys.finish(), values).map_err(|e| failed().because(e))?;
        Ok(Arc::new(array))
    }
}

/// Passes bytes on, and takes them into a digest.
struct Hashing<W> {
    inner: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.hasher.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Nothing here depends on the version of slix, the machine or the time: the same content is the same bytes.
fn properties() -> WriterProperties {
    let column = |name: &str| ColumnPath::from(name);
    let mut builder = WriterProperties::builder()
        .set_created_by("slix slices".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true);
    // Starts of slices and edges of buckets ascend evenly: their differences take next to no room.
    for name in ["start_time", "latency_upper_ns"] {
        builder = builder
            .set_column_dictionary_enabled(column(name), false)
            .set_column_encoding(column(name), Encoding::DELTA_BINARY_PACKED);
    }
    builder.build()
}

fn append<T: ArrowPrimitiveType>(
    column: &mut PrimitiveBuilder<T>,
    values: impl Iterator<Item = Result<T::Native>>,
) -> Result<()> {
    values.into_iter().try_for_each(|value| {
        column.append_value(value?);
        Ok(())
    })
}

fn start(slices: Slices, number: SliceNumber) -> Result<i64> {
    let micros = number.checked_mul(slices.width_micros()).and_then(|m| m.checked_add(crate::time::ANCHOR.micros()));
    micros.ok_or_else(|| Error::new(ErrorKind::Overflow, format!("slice {number} is beyond the range of time")))
}

fn integer(count: u64) -> Result<i64> {
    i64::try_from(count).map_err(|_| Error::new(ErrorKind::Overflow, format!("a count of {count} is beyond 2^63 - 1")))
}

#[cold]
fn no_bucket() -> Error {
    Error::new(ErrorKind::Slices, "a latency histogram counts a bucket that does not exist")
}

#[cold]
fn failed() -> Error {
    Error::new(ErrorKind::Output, "could not write the slices file")
}
