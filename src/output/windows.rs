//! The windows table as a file or a stream, in any encoding.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions};
pub use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding as ParquetEncoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::schema::Table;
use super::text::{Style, TextWriter};
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::row::WindowRow;

/// Rows that are turned into columns at once: few enough for the caches to hold them until they are written.
const ROWS_AT_ONCE: usize = 512;
/// Rows of a batch of Parquet or Arrow: enough for what a batch costs to be of no account. Of text it costs next to nothing.
const BATCH_ROWS: usize = 8 * ROWS_AT_ONCE;

/// How the table is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Encoding {
    /// Apache Parquet: zstd, dictionaries, statistics.
    Parquet,
    /// An Arrow IPC file.
    Arrow,
    /// One JSON array of objects.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated values with a header.
    Csv,
}

impl Encoding {
    /// Every encoding with the names it is known by; the first one is the extension.
    pub const ALL: [(Encoding, &'static [&'static str]); 5] = [
        (Encoding::Parquet, &["parquet"]),
        (Encoding::Arrow, &["arrow", "ipc", "feather"]),
        (Encoding::Json, &["json"]),
        (Encoding::Ndjson, &["ndjson", "jsonl"]),
        (Encoding::Csv, &["csv"]),
    ];

    /// The encoding of this name.
    ///
    /// # Errors
    /// A sentence that lists the names.
    pub fn parse(name: &str) -> Result<Self, String> {
        let lower = name.to_ascii_lowercase();
        let found = Encoding::ALL.iter().find(|(_, names)| names.contains(&lower.as_str()));
        found
            .map(|&(encoding, _)| encoding)
            .ok_or_else(|| format!("`{name}` is no encoding: choose one of {}", Encoding::names()))
    }

    /// The encoding that the extension of a file's name asks for.
    ///
    /// # Errors
    /// An unknown extension, or none.
    pub fn from_extension(path: &Path) -> Result<Self> {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        Encoding::parse(extension).map_err(|_| {
            let error = format!("the name {} does not say how to write the table", path.display());
            Error::new(ErrorKind::Usage, error).hint(format!("end it in one of {}, or add --output-format", Encoding::names()))
        })
    }

    /// Whether it is meant for programs alone: a terminal must not be sent it.
    pub fn is_binary(self) -> bool {
        matches!(self, Encoding::Parquet | Encoding::Arrow)
    }

    /// Whether it has a place for [`Metadata`].
    pub fn holds_metadata(self) -> bool {
        matches!(self, Encoding::Parquet | Encoding::Arrow)
    }

    fn names() -> String {
        Encoding::ALL.map(|(_, names)| names[0]).join(", ")
    }
}

/// What goes into the file beside the rows, where the encoding has a place for it (Parquet, Arrow): JSON texts.
#[derive(Clone, Default, Debug)]
pub struct Metadata {
    /// The definitions that were evaluated: key `slix.definitions`.
    pub definitions: Option<String>,
    /// What became of every line: key `slix.accounting`.
    pub accounting: Option<String>,
}

impl Metadata {
    fn pairs(self) -> impl Iterator<Item = (String, String)> {
        let pairs = [("slix.definitions", self.definitions), ("slix.accounting", self.accounting)];
        pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)))
    }
}

/// Writes rows in one encoding, a batch at a time.
pub struct WindowsWriter<W: Write + Send> {
    table: Table,
    /// Rows that are not in the table yet.
    rows: Vec<WindowRow>,
    /// How many are in the table.
    batched: usize,
    encoder: Encoder<W>,
}

enum Encoder<W: Write + Send> {
    Parquet(Box<ArrowWriter<W>>),
    Arrow(Box<FileWriter<W>>),
    Text(TextWriter<W>),
}

impl<W: Write + Send> WindowsWriter<W> {
    /// Begins a table on `out`.
    ///
    /// # Errors
    /// What writing to `out` gives.
    pub fn new(out: W, encoding: Encoding, table: Table, metadata: Metadata) -> Result<Self> {
        let encoder = Encoder::new(out, encoding, &table.schema(), metadata)?;
        let rows = Vec::with_capacity(ROWS_AT_ONCE);
        Ok(WindowsWriter { table, rows, batched: 0, encoder })
    }

    /// Adds a row of one of the table's series.
    ///
    /// # Errors
    /// What writing a full batch gives.
    pub fn push(&mut self, row: WindowRow) -> Result<()> {
        self.rows.push(row);
        if self.rows.len() < ROWS_AT_ONCE {
            return Ok(());
        }
        self.fill();
        if self.batched < self.encoder.batch_rows() { Ok(()) } else { self.flush() }
    }

    /// Writes the rest and hands the destination back.
    ///
    /// # Errors
    /// What writing gives.
    pub fn finish(mut self) -> Result<W> {
        self.fill();
        self.flush()?;
        self.encoder.finish()
    }

    /// Turns the rows into columns.
    fn fill(&mut self) {
        self.table.push(&self.rows);
        self.batched += self.rows.len();
        self.rows.clear();
    }

    fn flush(&mut self) -> Result<()> {
        if self.batched == 0 {
            return Ok(());
        }
        self.batched = 0;
        let batch: RecordBatch = self.table.batch().map_err(arrow_failed)?;
        self.encoder.write(&batch)
    }
}

/// Writes a table that is one batch: alerts, incidents, what-ifs.
///
/// # Errors
/// What writing to `out` gives.
pub fn write_batch(out: impl Write + Send, encoding: Encoding, batch: &RecordBatch, metadata: Metadata) -> Result<()> {
    let mut encoder = Encoder::new(out, encoding, &batch.schema(), metadata)?;
    if batch.num_rows() > 0 {
        encoder.write(batch)?;
    }
    encoder.finish().map(drop)
}

impl<W: Write + Send> Encoder<W> {
    fn new(out: W, encoding: Encoding, schema: &SchemaRef, metadata: Metadata) -> Result<Self> {
        match encoding {
            Encoding::Parquet => parquet(out, schema, metadata).map_err(parquet_failed),
            Encoding::Arrow => arrow(out, schema, metadata).map_err(arrow_failed),
            Encoding::Json => text(out, Style::Json, schema).map_err(write_failed),
            Encoding::Ndjson => text(out, Style::Ndjson, schema).map_err(write_failed),
            Encoding::Csv => text(out, Style::Csv, schema).map_err(write_failed),
        }
    }

    fn batch_rows(&self) -> usize {
        match self {
            Encoder::Parquet(_) | Encoder::Arrow(_) => BATCH_ROWS,
            Encoder::Text(_) => ROWS_AT_ONCE,
        }
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Encoder::Parquet(writer) => writer.write(batch).map_err(parquet_failed),
            Encoder::Arrow(writer) => writer.write(batch).map_err(arrow_failed),
            Encoder::Text(writer) => writer.write(batch).map_err(write_failed),
        }
    }

    fn finish(self) -> Result<W> {
        match self {
            Encoder::Parquet(writer) => writer.into_inner().map_err(parquet_failed),
            Encoder::Arrow(writer) => writer.into_inner().map_err(arrow_failed),
            Encoder::Text(writer) => writer.finish().map_err(write_failed),
        }
    }
}

fn parquet<W: Write + Send>(out: W, schema: &SchemaRef, metadata: Metadata) -> Result<Encoder<W>, ParquetError> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(true)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_created_by(concat!("slix ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(metadata.pairs().map(|(key, value)| KeyValue::new(key, value)).collect()));
    // Most times and counts differ from row to row, and a dictionary of them is found to be useless only once it is large.
    for field in schema.fields().iter().filter(|f| matches!(f.data_type(), DataType::Int64 | DataType::Timestamp(..))) {
        let column = ColumnPath::from(vec![field.name().clone()]);
        properties = properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, ParquetEncoding::DELTA_BINARY_PACKED);
    }
    Ok(Encoder::Parquet(Box::new(ArrowWriter::try_new(out, Arc::clone(schema), Some(properties.build()))?)))
}

fn arrow<W: Write + Send>(out: W, schema: &SchemaRef, metadata: Metadata) -> Result<Encoder<W>, ArrowError> {
    let mut writer = FileWriter::try_new_with_options(out, schema, IpcWriteOptions::default())?;
    metadata.pairs().for_each(|(key, value)| writer.write_metadata(key, value));
    Ok(Encoder::Arrow(Box::new(writer)))
}

fn text<W: Write + Send>(out: W, style: Style, schema: &SchemaRef) -> io::Result<Encoder<W>> {
    let mut writer = TextWriter::new(out, style);
    writer.begin(&schema.fields().iter().map(|f| f.name().as_str()).collect::<Vec<_>>())?;
    Ok(Encoder::Text(writer))
}

#[cold]
fn write_failed(cause: io::Error) -> Error {
    super::atomic::write_failed("the table", cause)
}

/// A failure to write hides in the libraries' own errors; it is dug out, so that a closed pipe can be told from a full disk.
#[cold]
fn parquet_failed(error: ParquetError) -> Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(cause) => write_failed(*cause),
            Err(cause) => Error::new(ErrorKind::Output, "writing the table failed").because(cause),
        },
        other => Error::new(ErrorKind::Output, "writing the table as Parquet failed").because(other),
    }
}

#[cold]
fn arrow_failed(error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, cause) => write_failed(cause),
        other => Error::new(ErrorKind::Output, "writing the table as Arrow failed").because(other),
    }
}

#[cfg(test)]
mod tests;
