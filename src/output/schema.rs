//! The windows table as Arrow: one schema, and batches of rows in it. Every encoding is made from these batches.
//!
//! Counts are int64 (Spark and others refuse unsigned), times are microseconds in UTC, strings are dictionary-encoded. The
//! dictionaries hold the strings of all series of a plan and are the same in every batch, which Arrow files require.
//! Columns may be added in later versions, never renamed; none is an SQL keyword.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, DictionaryArray, Float64Builder, Int32Builder, Int64Builder, RecordBatch, StringArray,
    StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

use super::escape::escape;
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::row::{SeriesKey, WindowRow};
use crate::slo::policy::Mode;

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
    Time(Append<TimestampMicrosecondBuilder>),
    Int(Append<Int64Builder>),
    Float(Append<Float64Builder>),
    Bool(Append<BooleanBuilder>),
    /// A text that is not known before its row is: no dictionary of all batches could hold it.
    Rare(Append<StringBuilder>),
}

/// Appends a value of each row to a column.
type Append<B> = fn(&[WindowRow], &mut B);

/// A word of each row.
#[derive(Clone, Copy)]
struct WordOf {
    /// Every word that a row of the series can have: dictionaries are the same in every batch.
    all: fn(&SeriesKey) -> Vec<String>,
    /// Which of them a row has; it depends on its series and its reason.
    of: fn(&WindowRow) -> Option<usize>,
}

/// A required column of a value of each row. Macros, because a function that is given the getter would have to call it for every cell.
macro_rules! each {
    ($name:expr, $type:ident, $value:ty, $get:expr) => {
        required(
            $name,
            Get::$type(|rows, cells| {
                const GET: fn(&WindowRow) -> $value = $get;
                rows.iter().for_each(|row| cells.append_value(GET(row)));
            }),
        )
    };
}

/// A column of a value of each row that has one.
macro_rules! maybe {
    ($name:expr, $type:ident, $value:ty, $get:expr) => {
        nullable(
            $name,
            Get::$type(|rows, cells| {
                const GET: fn(&WindowRow) -> Option<$value> = $get;
                rows.iter().for_each(|row| cells.append_option(GET(row)));
            }),
        )
    };
}

/// Evaluation holds counts below 2^63.
macro_rules! count {
    ($name:expr, $field:ident) => {
        each!($name, Int, i64, |r| r.$field.cast_signed())
    };
}

const fn text(get: fn(&SeriesKey) -> Option<Cow<'_, str>>) -> Get {
    Get::Series(get)
}

const fn word(of: WordOf) -> Get {
    Get::Word(of)
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
    each!("start_time", Time, i64, |r| r.start_time.micros()),
    each!("end_time", Time, i64, |r| r.end_time.micros()),
    count!("events", events),
    count!("good", good),
    count!("bad", bad),
    count!("unknown", unknown),
    count!("excluded", excluded),
    count!("valid", valid),
    maybe!("sli", Float, f64, |r| r.sli),
    each!("target", Float, f64, |r| r.series.target.to_f64()),
    maybe!("burn_rate", Float, f64, |r| r.burn_rate),
    required("window_length", text(|s| Some(s.window.text().into()))),
    each!("window_start_time", Time, i64, |r| r.window_start_time.micros()),
    each!("window_partial", Bool, bool, |r| r.window_partial),
    each!("window_coverage", Float, f64, |r| r.window_coverage),
    count!("window_good", window_good),
    count!("window_bad", window_bad),
    count!("window_unknown", window_unknown),
    count!("window_valid", window_valid),
    maybe!("window_slices_good", Int, i64, |r| r.window_slices_good.map(u64::cast_signed)),
    maybe!("window_slices", Int, i64, |r| r.window_slices.map(u64::cast_signed)),
    maybe!("window_sli", Float, f64, |r| r.budget.map(|b| b.sli)),
    maybe!("met", Bool, bool, |r| r.budget.map(|b| b.met)),
    maybe!("budget_consumed", Float, f64, |r| r.budget.map(|b| b.consumed)),
    maybe!("budget_remaining", Float, f64, |r| r.budget.map(|b| b.remaining)),
    maybe!("budget_remaining_minutes", Float, f64, |r| r.budget.map(|b| b.remaining_minutes)),
    nullable(
        "mode",
        word(WordOf { all: |_| Mode::ALL.map(|m| m.name().to_owned()).into(), of: |r| Some(r.reason?.mode() as usize) }),
    ),
    nullable(
        "mode_reason",
        word(WordOf { all: |s| s.reasons.iter().map(|r| r.1.clone()).collect(), of: WindowRow::reason_number }),
    ),
    nullable("exclusions", Get::Rare(|rows, cells| rows.iter().for_each(|r| cells.append_option(r.exclusions.as_deref())))),
];

/// The table of a plan: its schema, the strings of its series, and the rows of the next batch.
#[derive(Debug)]
pub struct Table {
    schema: SchemaRef,
    /// Columns in the order of the schema.
    columns: Vec<Source>,
}

/// Where a column of a batch comes from, and its cells so far.
enum Source {
    /// A dictionary, and the key that each series has in it.
    Text {
        dictionary: ArrayRef,
        keys: Vec<Option<i32>>,
        cells: Int32Builder,
    },
    /// A dictionary, the keys that the words of each series have in it, and which of those words a row has.
    Word {
        dictionary: ArrayRef,
        keys: Vec<Arc<[i32]>>,
        of: fn(&WindowRow) -> Option<usize>,
        cells: Int32Builder,
    },
    Time(Append<TimestampMicrosecondBuilder>, TimestampMicrosecondBuilder),
    Int(Append<Int64Builder>, Int64Builder),
    Float(Append<Float64Builder>, Float64Builder),
    Bool(Append<BooleanBuilder>, BooleanBuilder),
    Rare(Append<StringBuilder>, StringBuilder),
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

    /// Adds rows, whose series are those of the table, to the next batch. Rows are wide: they are best given a few at a time,
    /// while the caches hold them.
    pub fn push(&mut self, rows: &[WindowRow]) {
        self.columns.iter_mut().for_each(|column| column.push(rows));
    }

    /// The rows that were added since the last batch, as a batch.
    ///
    /// # Errors
    /// None for rows of the table's own plan.
    pub fn batch(&mut self) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter_mut().map(Source::take).collect::<Result<_, _>>()?;
        RecordBatch::try_new(self.schema(), columns)
    }
}

impl Source {
    fn of(get: Get, series: &[Arc<SeriesKey>]) -> Self {
        match get {
            Get::Series(get) => Source::text(series.iter().map(|s| get(s))),
            Get::Word(word) => Source::words(word, series),
            Get::Time(append) => Source::Time(append, TimestampMicrosecondBuilder::new().with_timezone(ZONE)),
            Get::Int(append) => Source::Int(append, Int64Builder::new()),
            Get::Float(append) => Source::Float(append, Float64Builder::new()),
            Get::Bool(append) => Source::Bool(append, BooleanBuilder::new()),
            Get::Rare(append) => Source::Rare(append, StringBuilder::new()),
        }
    }

    /// Distinct values in the order of their first series.
    fn text<'a>(values: impl Iterator<Item = Option<Cow<'a, str>>>) -> Self {
        let mut distinct = Distinct::default();
        let keys = values.map(|v| v.map(|v| distinct.number(v))).collect();
        Source::Text { dictionary: distinct.dictionary(), keys, cells: Int32Builder::new() }
    }

    /// Every word that some series can have, in the order of their first series.
    fn words(word: WordOf, series: &[Arc<SeriesKey>]) -> Self {
        let mut distinct = Distinct::default();
        let mut keys = Vec::<Arc<[i32]>>::with_capacity(series.len());
        let mut last: Option<&Arc<SeriesKey>> = None;
        for key in series {
            // The groups of an SLO share its reasons, and so their words.
            let shared = last.filter(|last| Arc::ptr_eq(&last.reasons, &key.reasons)).and(keys.last().cloned());
            keys.push(shared.unwrap_or_else(|| (word.all)(key).into_iter().map(|text| distinct.number(text.into())).collect()));
            last = Some(key);
        }
        Source::Word { dictionary: distinct.dictionary(), keys, of: word.of, cells: Int32Builder::new() }
    }

    fn data_type(&self) -> DataType {
        match self {
            Source::Text { .. } | Source::Word { .. } => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
            }
            Source::Time(..) => DataType::Timestamp(TimeUnit::Microsecond, Some(ZONE.into())),
            Source::Int(..) => DataType::Int64,
            Source::Float(..) => DataType::Float64,
            Source::Bool(..) => DataType::Boolean,
            Source::Rare(..) => DataType::Utf8,
        }
    }

    fn push(&mut self, rows: &[WindowRow]) {
        match self {
            Source::Text { keys, cells, .. } => {
                append_runs(rows, cells, is_of_one_series, |r| keys.get(r.series.number).copied().flatten());
            }
            Source::Word { keys, of, cells, .. } => {
                let is_alike = |a: &WindowRow, b: &WindowRow| is_of_one_series(a, b) && a.reason == b.reason;
                append_runs(rows, cells, is_alike, |r| keys.get(r.series.number)?.get(of(r)?).copied());
            }
            Source::Time(append, cells) => append(rows, cells),
            Source::Int(append, cells) => append(rows, cells),
            Source::Float(append, cells) => append(rows, cells),
            Source::Bool(append, cells) => append(rows, cells),
            Source::Rare(append, cells) => append(rows, cells),
        }
    }

    /// The cells so far.
    fn take(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Source::Text { dictionary, cells, .. } | Source::Word { dictionary, cells, .. } => {
                Arc::new(DictionaryArray::<Int32Type>::try_new(cells.finish(), Arc::clone(dictionary))?)
            }
            Source::Time(_, cells) => Arc::new(cells.finish()),
            Source::Int(_, cells) => Arc::new(cells.finish()),
            Source::Float(_, cells) => Arc::new(cells.finish()),
            Source::Bool(_, cells) => Arc::new(cells.finish()),
            Source::Rare(_, cells) => Arc::new(cells.finish()),
        })
    }
}

fn is_of_one_series(a: &WindowRow, b: &WindowRow) -> bool {
    a.series.number == b.series.number
}

/// Appends the key of each row; neighbours that are alike have the same.
fn append_runs(
    rows: &[WindowRow],
    cells: &mut Int32Builder,
    is_alike: impl Fn(&WindowRow, &WindowRow) -> bool,
    key: impl Fn(&WindowRow) -> Option<i32>,
) {
    for run in rows.chunk_by(is_alike) {
        match run.first().and_then(&key) {
            Some(key) => cells.append_value_n(key, run.len()),
            None => cells.append_nulls(run.len()),
        }
    }
}

/// Strings by the order in which they were first seen.
#[derive(Default)]
struct Distinct<'a> {
    texts: Vec<Cow<'a, str>>,
    numbers: HashMap<Cow<'a, str>, i32>,
}

impl<'a> Distinct<'a> {
    fn number(&mut self, text: Cow<'a, str>) -> i32 {
        *self.numbers.entry(text.clone()).or_insert_with(|| {
            self.texts.push(text);
            self.texts.len() as i32 - 1
        })
    }

    fn dictionary(self) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(self.texts))
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
