//! A slices file becomes a partial again.
//!
//! Rows come in runs of equal text: all slices of one group follow each other. So texts are compared as the numbers of
//! their dictionary, a group is built once per run, and per row there are only integers to look at. Nothing of the table
//! is decoded before its digest is checked: what decoders do with damaged pages is not theirs to promise.

use std::io::Read;

use arrow::array::{Array, AsArray, DictionaryArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::Int32Type;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::ChunkReader;
use sha2::{Digest, Sha256};

use super::metadata::{self, BYTES_KEY, DIGEST_KEY, FILE, FILE_KEY, INDICATORS_KEY, RECEIPTS_KEY, VERSION_KEY, WIDTH_KEY};
use super::schema::{FIXED_TEXTS, GROUP, INTEGERS, Kind, OTHER, schema};
use crate::aggregate::histogram::{HourBucket, HourlyBuckets, hours};
use crate::aggregate::{Counts, Edges, Group, IndicatorCounts, IndicatorKey, Partial, Series, group};
use crate::error::{Error, ErrorKind, Result};
use crate::time::{ANCHOR, SliceNumber, Slices};

/// Rows that are decoded at once: their columns fit a core's second-level cache.
const BATCH_ROWS: usize = 1 << 14;

/// Whether a file that begins with these bytes (four or more) can be a Parquet file.
pub fn begins_like_parquet(head: &[u8]) -> bool {
    head.starts_with(b"PAR1")
}

/// Whether this is a slices file, of any version: it is Parquet, and its metadata says so.
pub fn is_slices_file(reader: &impl ChunkReader) -> bool {
    footer(reader).is_ok_and(|footer| value(footer.metadata(), FILE_KEY) == Some(FILE))
}

/// Reads a slices file. `name` is what errors call it.
///
/// Errors (kind `Slices`): it is not a slices file, is from a newer version, or is damaged.
pub fn read<R: ChunkReader + 'static>(name: &str, reader: R) -> Result<Partial> {
    let footer = footer(&reader).map_err(|problem| problem.into_error(name))?;
    let description = check(&reader, footer.metadata()).map_err(|problem| problem.into_error(name))?;
    read_table(reader, &footer, description).map_err(|problem| problem.into_error(name))
}

/// What is wrong with a file; [`Problem::into_error`] adds which.
enum Problem {
    NotSlices,
    Newer(String),
    Damaged(Box<dyn std::error::Error + Send + Sync>),
}

impl Problem {
    #[cold]
    fn into_error(self, name: &str) -> Error {
        let error = |what: String| Error::new(ErrorKind::Slices, format!("`{name}` {what}"));
        match self {
            Problem::NotSlices => error("is not a slices file".to_owned()).hint("slices files are written by `slix slices`"),
            Problem::Newer(version) => {
                let newest = super::FORMAT_VERSION;
                error(format!("has version {version} of the slices format, and this slix reads up to {newest}"))
                    .hint("read it with a newer slix")
            }
            Problem::Damaged(cause) => error("is a damaged slices file".to_owned())
                .because(cause)
                .hint("copy it again from where it came, or write it again from the logs"),
        }
    }
}

fn damaged(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Problem {
    Problem::Damaged(cause.into())
}

fn footer(reader: &impl ChunkReader) -> Result<ArrowReaderMetadata, Problem> {
    ArrowReaderMetadata::load(reader, ArrowReaderOptions::new().with_skip_arrow_metadata(true)).map_err(|cause| {
        let mut head = [0; 4];
        let begins = reader.get_read(0).ok().and_then(|mut r| r.read_exact(&mut head).ok());
        if begins.is_some() && begins_like_parquet(&head) { damaged(cause) } else { Problem::NotSlices }
    })
}

fn value<'a>(footer: &'a ParquetMetaData, key: &str) -> Option<&'a str> {
    let entries = footer.file_metadata().key_value_metadata()?;
    entries.iter().find(|entry| entry.key == key)?.value.as_deref()
}

/// What the metadata says, once the digest has shown that it can be believed.
struct Description {
    slices: Slices,
    indicators: Vec<(String, IndicatorKey, IndicatorCounts)>,
    receipts: Vec<crate::aggregate::Receipt>,
}

fn check(reader: &impl ChunkReader, footer: &ParquetMetaData) -> Result<Description, Problem> {
    if value(footer, FILE_KEY) != Some(FILE) {
        return Err(Problem::NotSlices);
    }
    let needed = |key: &'static str| value(footer, key).ok_or_else(|| damaged(format!("its metadata has no `{key}`")));
    let version = needed(VERSION_KEY)?;
    if version.parse() != Ok(super::FORMAT_VERSION) {
        return Err(Problem::Newer(version.to_owned()));
    }
    let (width, indicators, receipts) = (needed(WIDTH_KEY)?, needed(INDICATORS_KEY)?, needed(RECEIPTS_KEY)?);
    let bytes = needed(BYTES_KEY)?;
    let hasher = hash_data(reader, bytes.parse().map_err(damaged)?)?;
    let values = [FILE, version, width, indicators, receipts, bytes];
    if metadata::digest(hasher, footer.row_groups().iter(), values.into_iter()) != needed(DIGEST_KEY)? {
        return Err(damaged("its digest is not that of its contents"));
    }
    let width = width.parse().ok().and_then(Slices::of_seconds);
    let indicators: Vec<metadata::Indicator> = serde_json::from_str(indicators).map_err(damaged)?;
    let receipts: Vec<metadata::ReceiptForm> = serde_json::from_str(receipts).map_err(damaged)?;
    Ok(Description {
        slices: width.ok_or_else(|| damaged("its slices have no valid width"))?,
        indicators: indicators.into_iter().map(empty_indicator).collect::<Result<_, _>>()?,
        receipts: receipts.into_iter().map(|r| r.into_receipt().map_err(damaged)).collect::<Result<_, _>>()?,
    })
}

fn empty_indicator(form: metadata::Indicator) -> Result<(String, IndicatorKey, IndicatorCounts), Problem> {
    let fingerprint = form.fingerprint.clone();
    form.into_counts().map(|(key, counts)| (fingerprint, key, counts)).map_err(damaged)
}

fn hash_data(reader: &impl ChunkReader, bytes: u64) -> Result<Sha256, Problem> {
    let mut data = reader.get_read(0).map_err(damaged)?.take(bytes);
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match data.read(&mut buffer).map_err(damaged)? {
            0 => return Ok(hasher),
            n => hasher.update(&buffer[..n]),
        }
    }
}

fn read_table<R: ChunkReader + 'static>(
    reader: R,
    footer: &ArrowReaderMetadata,
    description: Description,
) -> Result<Partial, Problem> {
    let mut names: Vec<String> = description.indicators.iter().flat_map(|(_, _, c)| c.dimensions.iter().cloned()).collect();
    names.sort_unstable();
    names.dedup();
    // The schema that the indicators imply; a file with another one is refused here.
    let options = ArrowReaderOptions::new().with_schema(schema(&names));
    let typed = ArrowReaderMetadata::try_new(footer.metadata().clone(), options).map_err(damaged)?;
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(reader, typed).with_batch_size(BATCH_ROWS);
    let mut assembly = Assembly::new(description, &names);
    for batch in builder.build().map_err(damaged)? {
        assembly.add_batch(&batch.map_err(damaged)?)?;
    }
    assembly.finish()
}

/// The partial while its rows come in.
struct Assembly {
    partial: Partial,
    indicators: Vec<Indicator>,
    run: Option<Run>,
}

struct Indicator {
    fingerprint: String,
    key: IndicatorKey,
    counts: IndicatorCounts,
    /// Where the columns of its dimensions are, counted among those of all dimensions.
    columns: Vec<usize>,
    groups: Vec<(Group, Series)>,
    latencies: Vec<(Group, HourlyBuckets)>,
}

/// What the rows that follow belong to.
#[derive(PartialEq, Eq, Clone)]
enum Place {
    Activity { service: String },
    Counts { indicator: usize, group: Option<Group> },
    Latency { indicator: usize, group: Option<Group> },
}

/// The rows of one place so far.
struct Run {
    place: Place,
    activity: Vec<(SliceNumber, u64)>,
    counts: Series,
    latencies: HourlyBuckets,
}

impl Assembly {
    fn new(description: Description, names: &[String]) -> Self {
        let mut partial = Partial::new(description.slices);
        partial.receipts = description.receipts;
        let column = |name: &String| names.binary_search(name).unwrap_or_else(|at| at);
        let indicators = description.indicators.into_iter().map(|(fingerprint, key, counts)| {
            let columns = counts.dimensions.iter().map(column).collect();
            Indicator { fingerprint, key, counts, columns, groups: Vec::new(), latencies: Vec::new() }
        });
        Assembly { partial, indicators: indicators.collect(), run: None }
    }

    fn add_batch(&mut self, batch: &RecordBatch) -> Result<(), Problem> {
        let columns = Columns::of(batch)?;
        let mut from = 0;
        let mut changes = vec![0; columns.texts.len()];
        while from < batch.num_rows() {
            for (change, texts) in changes.iter_mut().zip(&columns.texts) {
                if *change <= from {
                    *change = texts.run_end(from);
                }
            }
            let to = changes.iter().copied().min().unwrap_or(batch.num_rows());
            let place = self.place(&columns, from)?;
            if self.run.as_ref().is_none_or(|run| run.place != place) {
                self.close_run()?;
                self.run = Some(Run { place, activity: Vec::new(), counts: Vec::new(), latencies: Vec::new() });
            }
            self.add_rows(&columns, from, to)?;
            from = to;
        }
        Ok(())
    }

    fn place(&self, columns: &Columns, row: usize) -> Result<Place, Problem> {
        let fixed = |column: usize| columns.texts[column].get(row);
        let service = fixed(1).unwrap_or_default();
        let kind = fixed(0).and_then(Kind::of).ok_or_else(|| damaged("a row is of no known kind"))?;
        if kind == Kind::Activity {
            return Ok(Place::Activity { service: service.to_owned() });
        }
        let is_it = |i: &Indicator| Some(i.fingerprint.as_str()) == fixed(2) && i.key.service == service;
        let indicator = self.indicators.iter().position(is_it).ok_or_else(|| damaged("a row is of an unknown indicator"))?;
        let value = |&column: &usize| columns.texts[FIXED_TEXTS + column].get(row).map(|text| group::from_text(text).into());
        let group = match fixed(3) {
            Some(GROUP) => Some(self.indicators[indicator].columns.iter().map(value).collect()),
            Some(OTHER) => None,
            _ => return Err(damaged("a row is of no known kind of group")),
        };
        Ok(if kind == Kind::Counts { Place::Counts { indicator, group } } else { Place::Latency { indicator, group } })
    }

    fn add_rows(&mut self, columns: &Columns, from: usize, to: usize) -> Result<(), Problem> {
        let Some(run) = &mut self.run else { return Ok(()) };
        match &run.place {
            Place::Activity { .. } => add_activity(&mut run.activity, columns, self.partial.slices, from, to),
            Place::Counts { .. } => add_counts(&mut run.counts, columns, self.partial.slices, from, to),
            Place::Latency { indicator, .. } => match &self.indicators[*indicator].counts.latencies {
                Some(latencies) => add_latencies(&mut run.latencies, columns, &latencies.edges, from, to),
                None => Err(damaged("there are latencies of an indicator that has none")),
            },
        }
    }

    /// Puts the rows of the run where they belong. A place that comes a second time is out of order.
    fn close_run(&mut self) -> Result<(), Problem> {
        let Some(run) = self.run.take() else { return Ok(()) };
        let twice = match run.place {
            Place::Activity { service } => self.partial.activity.insert(service, run.activity).is_some(),
            Place::Counts { indicator, group: Some(group) } => push(&mut self.indicators[indicator].groups, group, run.counts),
            Place::Counts { indicator, group: None } => {
                !std::mem::replace(&mut self.indicators[indicator].counts.other, run.counts).is_empty()
            }
            Place::Latency { indicator, group: Some(group) } => {
                push(&mut self.indicators[indicator].latencies, group, run.latencies)
            }
            Place::Latency { indicator, group: None } => match &mut self.indicators[indicator].counts.latencies {
                Some(latencies) => !std::mem::replace(&mut latencies.other, run.latencies).is_empty(),
                None => true,
            },
        };
        if twice { Err(damaged("its rows are not in order")) } else { Ok(()) }
    }

    fn finish(mut self) -> Result<Partial, Problem> {
        self.close_run()?;
        for indicator in self.indicators {
            let mut counts = indicator.counts;
            counts.groups = indicator.groups.into_iter().collect();
            if let Some(latencies) = &mut counts.latencies {
                latencies.groups = indicator.latencies.into_iter().collect();
            }
            if self.partial.indicators.insert(indicator.key, counts).is_some() {
                return Err(damaged("an indicator is there twice"));
            }
        }
        Ok(self.partial)
    }
}

/// Appends a group; true if it is not above the last one.
fn push<T>(groups: &mut Vec<(Group, T)>, group: Group, list: T) -> bool {
    let out_of_order = groups.last().is_some_and(|last| last.0 >= group);
    groups.push((group, list));
    out_of_order
}

fn add_activity(
    into: &mut Vec<(SliceNumber, u64)>,
    columns: &Columns,
    slices: Slices,
    from: usize,
    to: usize,
) -> Result<(), Problem> {
    let [events] = columns.integers([0], from, to)?;
    let mut clock = Clock::new(slices);
    for (&time, &events) in columns.time[from..to].iter().zip(events) {
        let number = clock.number(time)?;
        ascending(into.last().map(|e| e.0), number)?;
        into.push((number, natural(events)?));
    }
    Ok(())
}

fn add_counts(into: &mut Series, columns: &Columns, slices: Slices, from: usize, to: usize) -> Result<(), Problem> {
    let [events, good, bad, unknown] = columns.integers([0, 1, 2, 3], from, to)?;
    let mut clock = Clock::new(slices);
    into.reserve(to - from);
    for (i, &time) in columns.time[from..to].iter().enumerate() {
        let number = clock.number(time)?;
        ascending(into.last().map(|e| e.0), number)?;
        if events[i] | good[i] | bad[i] | unknown[i] < 0 {
            return Err(negative());
        }
        let [events, good, bad, unknown] = [events[i], good[i], bad[i], unknown[i]].map(i64::cast_unsigned);
        into.push((number, Counts { events, good, bad, unknown }));
    }
    Ok(())
}

fn add_latencies(into: &mut HourlyBuckets, columns: &Columns, edges: &Edges, from: usize, to: usize) -> Result<(), Problem> {
    let [upper, events] = columns.integers([4, 5], from, to)?;
    let mut clock = Clock::new(hours());
    for (i, &time) in columns.time[from..to].iter().enumerate() {
        let key = HourBucket { hour: clock.number(time)?, bucket: edges.bucket_of(upper[i]) };
        ascending(into.last().map(|e| e.0), key)?;
        if edges.upper_edge(key.bucket) != Some(upper[i]) {
            return Err(damaged(format!("{} ns is not the edge of a bucket", upper[i])));
        }
        into.push((key, natural(events[i])?));
    }
    Ok(())
}

fn ascending<K: Ord>(last: Option<K>, next: K) -> Result<(), Problem> {
    if last.is_some_and(|last| last >= next) { Err(damaged("its rows are not in order")) } else { Ok(()) }
}

fn natural(count: i64) -> Result<u64, Problem> {
    u64::try_from(count).map_err(|_| negative())
}

#[cold]
fn negative() -> Problem {
    damaged("a count is negative")
}

/// Slice numbers from times. Most rows are the next slice, which needs no division.
struct Clock {
    slices: Slices,
    next: Option<(i64, SliceNumber)>,
}

impl Clock {
    fn new(slices: Slices) -> Self {
        Clock { slices, next: None }
    }

    #[inline]
    fn number(&mut self, time: i64) -> Result<SliceNumber, Problem> {
        let width = self.slices.width_micros();
        let number = match self.next {
            Some((expected, number)) if expected == time => number,
            _ => {
                let since = time.checked_sub(ANCHOR.micros()).filter(|since| since.rem_euclid(width) == 0);
                since.ok_or_else(|| damaged("a time is not the start of a slice"))?.div_euclid(width)
            }
        };
        self.next = time.checked_add(width).map(|expected| (expected, number + 1));
        Ok(number)
    }
}

/// The columns of one batch.
struct Columns<'a> {
    texts: Vec<Texts<'a>>,
    time: &'a [i64],
    integers: Vec<&'a Int64Array>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, Problem> {
        let unexpected = || damaged("a column is not of its type");
        let (texts, integers) = batch.columns().split_at(batch.num_columns().checked_sub(INTEGERS).ok_or_else(unexpected)?);
        let (time, integers) = integers.split_first().ok_or_else(unexpected)?;
        let time: &TimestampMicrosecondArray = time.as_primitive_opt().ok_or_else(unexpected)?;
        if texts.len() < FIXED_TEXTS || time.null_count() > 0 {
            return Err(unexpected());
        }
        let texts = texts.iter().map(|t| t.as_dictionary_opt().and_then(Texts::of).ok_or_else(unexpected));
        let integers = integers.iter().map(|column| column.as_primitive_opt().ok_or_else(unexpected));
        Ok(Columns {
            texts: texts.collect::<Result<_, _>>()?,
            time: time.values(),
            integers: integers.collect::<Result<_, _>>()?,
        })
    }

    /// The rows `from..to` of some of the columns from `events` on, none of them null.
    fn integers<const N: usize>(&self, which: [usize; N], from: usize, to: usize) -> Result<[&'a [i64]; N], Problem> {
        let has_null = |column: &Int64Array| column.null_count() > 0 && column.slice(from, to - from).null_count() > 0;
        if which.iter().any(|&i| has_null(self.integers[i])) {
            return Err(damaged("a count is absent"));
        }
        Ok(which.map(|i| &self.integers[i].values()[from..to]))
    }
}

/// A column of text as numbers of a dictionary.
struct Texts<'a> {
    array: &'a DictionaryArray<Int32Type>,
    keys: &'a [i32],
    values: &'a StringArray,
}

impl<'a> Texts<'a> {
    fn of(array: &'a DictionaryArray<Int32Type>) -> Option<Self> {
        Some(Texts { array, keys: array.keys().values(), values: array.values().as_string_opt()? })
    }

    fn get(&self, row: usize) -> Option<&'a str> {
        self.array.is_valid(row).then(|| self.values.value(self.keys[row] as usize))
    }

    /// The row after the last one that has the same text as row `from`. (Two numbers of a dictionary can stand for the
    /// same text; the run is then shorter, and goes on in the next.)
    fn run_end(&self, from: usize) -> usize {
        let is_null = self.array.is_null(from);
        let same = |i: &usize| match self.array.nulls() {
            None => self.keys[*i] == self.keys[from],
            Some(nulls) => nulls.is_null(*i) == is_null && (is_null || self.keys[*i] == self.keys[from]),
        };
        (from + 1..self.keys.len()).find(|i| !same(i)).unwrap_or(self.keys.len())
    }
}
