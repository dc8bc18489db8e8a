//! The windows table as Arrow: one schema, and batches of rows in it. Every encoding is made from these batches.
//!
//! Counts are int64 (Spark and others refuse unsigned), times are microseconds in UTC, strings are dictionary-encoded. The
//! dictionaries hold the strings of all series of a plan and are the same in every batch, which Arrow files require.
//! Columns may be added in later versions, never renamed; none is an SQL keyword.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

use super::escape::escape;
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::row::{SeriesKey, WindowRow};
use crate::slo::policy::Mode;
use crate::time::Instant;

/// Rows in a batch: enough for columns to compress well, few enough (some 20 MB) to be held at once.
pub const BATCH_ROWS: usize = 65_536;

/// The zone of every time.
pub const ZONE: &str = "UTC";

/// A column: its name, whether it may be null, and where its values come from.
struct Column {
    name: &'static str,
    nullable: bool,
    get: Get,
}

/// Where the values of a column come from, and so what type it has.
#[derive(Clone, Copy)]
enum Get {
    /// Strings, constant over a series.
    Series(fn(&SeriesKey) -> Option<Cow<'_, str>>),
    /// One of a few words, by row.
    Word(WordOf),
    /// A value of each row.
    Row(Value),
}

/// A word of each row.
#[derive(Clone, Copy)]
struct WordOf {
    /// Every word that a row of the series can have: dictionaries are the same in every batch.
    all: fn(&SeriesKey) -> Vec<String>,
    /// That of a row.
    of: fn(&WindowRow) -> Option<&str>,
}

/// A value of a row.
#[derive(Clone, Copy)]
enum Value {
    Time(fn(&WindowRow) -> Instant),
    Int(fn(&WindowRow) -> Option<u64>),
    Float(fn(&WindowRow) -> Option<f64>),
    Bool(fn(&WindowRow) -> Option<bool>),
    /// A text that is not known before its row is: no dictionary of all batches could hold it.
    Text(fn(&WindowRow) -> Option<&str>),
}

const fn text(get: fn(&SeriesKey) -> Option<Cow<'_, str>>) -> Get {
    Get::Series(get)
}

const fn word(of: WordOf) -> Get {
    Get::Word(of)
}

const fn time(get: fn(&WindowRow) -> Instant) -> Get {
    Get::Row(Value::Time(get))
}

const fn int(get: fn(&WindowRow) -> Option<u64>) -> Get {
    Get::Row(Value::Int(get))
}

const fn float(get: fn(&WindowRow) -> Option<f64>) -> Get {
    Get::Row(Value::Float(get))
}

const fn bool(get: fn(&WindowRow) -> Option<bool>) -> Get {
    Get::Row(Value::Bool(get))
}

const fn required(name: &'static str, get: Get) -> Column {
    Column { name, nullable: false, get }
}

const fn nullable(name: &'static str, get: Get) -> Column {
    Column { name, nullable: true, get }
}

/// The columns before those of the dimensions.
const LEADING: [Column; 4] = [
    required("service", text(|s| Some(s.service.as_str().into()))),
    required("slo", text(|s| Some(s.slo.as_str().into()))),
    required("objective", text(|s| Some(s.objective.as_str().into()))),
    required("group_kind", text(|s| Some(s.group_kind.name().into()))),
];

/// The columns after those of the dimensions.
const TRAILING: [Column; 29] = [
    required("start_time", time(|r| r.start_time)),
    required("end_time", time(|r| r.end_time)),
    required("events", int(|r| Some(r.events))),
    required("good", int(|r| Some(r.good))),
    required("bad", int(|r| Some(r.bad))),
    required("unknown", int(|r| Some(r.unknown))),
    required("excluded", int(|r| Some(r.excluded))),
    required("valid", int(|r| Some(r.valid))),
    nullable("sli", float(|r| r.sli)),
    required("target", float(|r| Some(r.series.target.to_f64()))),
    nullable("burn_rate", float(|r| r.burn_rate)),
    required("window_length", text(|s| Some(s.window.text().into()))),
    required("window_start_time", time(|r| r.window_start_time)),
    required("window_partial", bool(|r| Some(r.window_partial))),
    required("window_coverage", float(|r| Some(r.window_coverage))),
    required("window_good", int(|r| Some(r.window_good))),
    required("window_bad", int(|r| Some(r.window_bad))),
    required("window_unknown", int(|r| Some(r.window_unknown))),
    required("window_valid", int(|r| Some(r.window_valid))),
    nullable("window_slices_good", int(|r| r.window_slices_good)),
    nullable("window_slices", int(|r| r.window_slices)),
    nullable("window_sli", float(|r| r.budget.map(|b| b.sli))),
    nullable("met", bool(|r| r.budget.map(|b| b.met))),
    nullable("budget_consumed", float(|r| r.budget.map(|b| b.consumed))),
    nullable("budget_remaining", float(|r| r.budget.map(|b| b.remaining))),
    nullable("budget_remaining_minutes", float(|r| r.budget.map(|b| b.remaining_minutes))),
    nullable(
        "mode",
        word(WordOf { all: |_| Mode::ALL.map(|m| m.name().to_owned()).into(), of: |r| Some(r.reason?.mode().name()) }),
    ),
    nullable(
        "mode_reason",
        word(WordOf { all: |s| s.reasons.iter().map(|r| r.1.clone()).collect(), of: WindowRow::mode_reason }),
    ),
    nullable("exclusions", Get::Row(Value::Text(|r| r.exclusions.as_deref()))),
];

/// The table of a plan: its schema, and the strings of its series.
#[derive(Clone, Debug)]
pub struct Table {
    schema: SchemaRef,
    /// Columns in the order of the schema.
    columns: Vec<Source>,
}

/// Where a column of a batch comes from.
#[derive(Clone)]
enum Source {
    /// A dictionary, and the key that each series has in it.
    Text { dictionary: ArrayRef, keys: Vec<Option<i32>> },
    /// A dictionary, its words as keys, and the word of each row.
    Word { dictionary: ArrayRef, numbers: HashMap<String, i32>, of: fn(&WindowRow) -> Option<&str> },
    /// Every row has a value of its own.
    Row(Value),
}

impl Table {
    /// The table of these series, which are all series of a plan, in order. Dimensions of different SLOs that share a name
    /// share a column; it is null for SLOs without it.
    ///
    /// # Errors
    /// A dimension with the name of a column.
    pub fn new(series: &[Arc<SeriesKey>]) -> Result<Self> {
        let mut fields = Vec::new();
        let mut columns = Vec::new();
        let mut add = |name: &str, nullable, source: Source| {
            fields.push(Field::new(name, source.data_type(), nullable));
            columns.push(source);
        };
        LEADING.iter().for_each(|c| add(c.name, c.nullable, Source::of(c.get, series)));
        for name in dimensions(series)? {
            add(name, true, Source::text(series.iter().map(|s| dimension_value(s, name))));
        }
        TRAILING.iter().for_each(|c| add(c.name, c.nullable, Source::of(c.get, series)));
        Ok(Table { schema: Arc::new(Schema::new(fields)), columns })
    }

    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// A batch of rows, whose series are those of the table.
    ///
    /// # Errors
    /// None for rows of the table's own plan.
    pub fn batch(&self, rows: &[WindowRow]) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter().map(|c| c.array(rows)).collect::<Result<_, _>>()?;
        RecordBatch::try_new(self.schema(), columns)
    }
}

impl Source {
    fn of(get: Get, series: &[Arc<SeriesKey>]) -> Self {
        match get {
            Get::Series(get) => Source::text(series.iter().map(|s| get(s))),
            Get::Word(word) => Source::words(word, series),
            Get::Row(value) => Source::Row(value),
        }
    }

    /// Distinct values in the order of their first series.
    fn text<'a>(values: impl Iterator<Item = Option<Cow<'a, str>>>) -> Self {
        let mut distinct = Vec::new();
        let mut numbers = HashMap::new();
        let mut number = |value: Cow<'a, str>| {
            *numbers.entry(value.clone()).or_insert_with(|| {
                distinct.push(value);
                distinct.len() as i32 - 1
            })
        };
        let keys = values.map(|v| v.map(&mut number)).collect();
        Source::Text { dictionary: Arc::new(StringArray::from_iter_values(distinct)), keys }
    }

    /// Every word that some series can have, in the order of their first series.
    fn words(word: WordOf, series: &[Arc<SeriesKey>]) -> Self {
        let (mut distinct, mut numbers) = (Vec::new(), HashMap::new());
        let mut last: Option<&Arc<SeriesKey>> = None;
        for key in series {
            // The groups of an SLO share its reasons.
            if last.is_some_and(|last| Arc::ptr_eq(&last.reasons, &key.reasons)) {
                continue;
            }
            for text in (word.all)(key) {
                numbers.entry(text).or_insert_with_key(|text| {
                    distinct.push(text.clone());
                    distinct.len() as i32 - 1
                });
            }
            last = Some(key);
        }
        Source::Word { dictionary: Arc::new(StringArray::from_iter_values(distinct)), numbers, of: word.of }
    }

    fn data_type(&self) -> DataType {
        match self {
            Source::Text { .. } | Source::Word { .. } => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
            }
            Source::Row(Value::Time(_)) => DataType::Timestamp(TimeUnit::Microsecond, Some(ZONE.into())),
            Source::Row(Value::Int(_)) => DataType::Int64,
            Source::Row(Value::Float(_)) => DataType::Float64,
            Source::Row(Value::Bool(_)) => DataType::Boolean,
            Source::Row(Value::Text(_)) => DataType::Utf8,
        }
    }

    fn array(&self, rows: &[WindowRow]) -> Result<ArrayRef, ArrowError> {
        let rows = rows.iter();
        Ok(match self {
            Source::Text { dictionary, keys } => {
                let keys: Int32Array = rows.map(|r| keys.get(r.series.number).copied().flatten()).collect();
                Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::clone(dictionary))?)
            }
            Source::Word { dictionary, numbers, of } => {
                let keys: Int32Array = rows.map(|r| of(r).and_then(|text| numbers.get(text).copied())).collect();
                Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::clone(dictionary))?)
            }
            Source::Row(Value::Time(get)) => {
                let times = TimestampMicrosecondArray::from_iter_values(rows.map(|r| get(r).micros()));
                Arc::new(times.with_timezone(ZONE))
            }
            // Evaluation holds counts below 2^63.
            Source::Row(Value::Int(get)) => Arc::new(rows.map(|r| get(r).map(|n| n as i64)).collect::<Int64Array>()),
            Source::Row(Value::Float(get)) => Arc::new(rows.map(get).collect::<Float64Array>()),
            Source::Row(Value::Bool(get)) => Arc::new(rows.map(get).collect::<BooleanArray>()),
            Source::Row(Value::Text(get)) => Arc::new(rows.map(get).collect::<StringArray>()),
        })
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.data_type())
    }
}

/// The names of all dimensions, in the order of their first series.
fn dimensions(series: &[Arc<SeriesKey>]) -> Result<Vec<&str>> {
    let mut names = Vec::<&str>::new();
    for name in series.iter().flat_map(|s| s.dimensions.iter()) {
        if names.contains(&name.as_str()) {
            continue;
        }
        // Some readers of tables do not tell upper from lower case.
        if LEADING.iter().chain(&TRAILING).any(|c| c.name.eq_ignore_ascii_case(name)) {
            let error = format!("the dimension `{name}` has the name of a column of the output");
            return Err(Error::new(ErrorKind::Definition, error).hint("group by another field, or rename it in the log format"));
        }
        names.push(name);
    }
    Ok(names)
}

/// The series' value of a dimension: none where it is absent, or the series is not one group of it.
fn dimension_value<'a>(series: &'a SeriesKey, name: &str) -> Option<Cow<'a, str>> {
    let place = series.dimensions.iter().position(|d| d == name)?;
    series.group.get(place)?.as_deref().map(escape)
}
