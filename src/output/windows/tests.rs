//! What is written is read back by other code and compared with the rows, value by value.

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use super::*;
use crate::evaluate::plan::Plan;
use crate::evaluate::row::SeriesKey;
use crate::output::escape::escape;
use crate::output::sample;
use crate::time::Instant;

/// Every row as JSON values by column, written down once more by hand: the twin of the schema.
fn expected(row: &WindowRow) -> Vec<(&'static str, Value)> {
    let time = |t: Instant| json!(t.to_string());
    let (s, b) = (&row.series, row.budget);
    let route = s.group.first().and_then(|v| v.as_deref()).map(|v| escape(v).into_owned());
    vec![
        ("service", json!(s.service)),
        ("slo", json!(s.slo)),
        ("objective", json!(s.objective)),
        ("group_kind", json!(s.group_kind.name())),
        ("route", json!(route)),
        ("start_time", time(row.start_time)),
        ("end_time", time(row.end_time)),
        ("events", json!(row.events)),
        ("good", json!(row.good)),
        ("bad", json!(row.bad)),
        ("unknown", json!(row.unknown)),
        ("excluded", json!(row.excluded)),
        ("valid", json!(row.valid)),
        ("sli", json!(row.sli)),
        ("target", json!(s.target.to_f64())),
        ("burn_rate", json!(row.burn_rate)),
        ("window_length", json!(s.window.text())),
        ("window_start_time", time(row.window_start_time)),
        ("window_partial", json!(row.window_partial)),
        ("window_coverage", json!(row.window_coverage)),
        ("window_good", json!(row.window_good)),
        ("window_bad", json!(row.window_bad)),
        ("window_unknown", json!(row.window_unknown)),
        ("window_valid", json!(row.window_valid)),
        ("window_slices_good", Value::Null),
        ("window_slices", Value::Null),
        ("window_sli", json!(b.map(|b| b.sli))),
        ("met", json!(b.map(|b| b.met))),
        ("budget_consumed", json!(b.map(|b| b.consumed))),
        ("budget_remaining", json!(b.map(|b| b.remaining))),
        ("budget_remaining_minutes", json!(b.map(|b| b.remaining_minutes))),
        ("mode", json!(row.reason.map(|r| r.mode().name()))),
        ("mode_reason", json!(row.mode_reason())),
        ("exclusions", json!(row.exclusions.as_deref())),
    ]
}

fn write(plan: &Plan, encoding: Encoding) -> Vec<u8> {
    let metadata = Metadata { definitions: Some("{\"slos\":[]}".into()), accounting: Some("{\"lines\":3}".into()) };
    let mut writer = WindowsWriter::new(Vec::new(), encoding, Table::new(plan.series()).unwrap(), metadata).unwrap();
    plan.rows(&mut |row| writer.push(row)).unwrap();
    writer.finish().unwrap()
}

/// Parquet is read from files.
fn file(bytes: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// Runs on rows in several batches, with the bytes of an encoding and the rows as they should read.
fn round_trip(encoding: Encoding, read: impl Fn(Vec<u8>) -> Vec<Vec<(String, Value)>>) {
    let partial = sample::partial(9);
    sample::with_plan(&partial, "5m", |plan| {
        let rows = sample::rows(plan);
        let got = read(write(plan, encoding));
        assert_eq!(got.len(), rows.len());
        for (got, row) in got.iter().zip(&rows) {
            let want: Vec<_> = expected(row).into_iter().map(|(name, v)| (name.to_owned(), v)).collect();
            assert_eq!(got, &want);
        }
    });
}

/// A batch as JSON values, cell by cell.
fn values(batch: &RecordBatch) -> Vec<Vec<(String, Value)>> {
    let schema = batch.schema();
    let cell = |array: &dyn Array, row: usize| match array.data_type() {
        _ if array.is_null(row) => Value::Null,
        DataType::Dictionary(..) => {
            let text = arrow::compute::cast(&array.slice(row, 1), &DataType::Utf8).unwrap();
            if text.is_null(0) { Value::Null } else { json!(text.as_string::<i32>().value(0)) }
        }
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => {
            assert_eq!(&**zone, "UTC");
            json!(Instant::from_micros(array.as_primitive::<TimestampMicrosecondType>().value(row)).to_string())
        }
        DataType::Int64 => json!(array.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => json!(array.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => json!(array.as_boolean().value(row)),
        other => panic!("{other}"),
    };
    let name = |i: usize| schema.field(i).name().clone();
    let line = |row| batch.columns().iter().enumerate().map(|(i, c)| (name(i), cell(c, row))).collect();
    (0..batch.num_rows()).map(line).collect()
}

#[test]
fn parquet_reads_back() {
    round_trip(Encoding::Parquet, |bytes| {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file(&bytes)).unwrap();
        let pairs = builder.metadata().file_metadata().key_value_metadata().unwrap().clone();
        let value = |key: &str| pairs.iter().find(|p| p.key == key).and_then(|p| p.value.clone());
        assert_eq!(value("slix.definitions").as_deref(), Some("{\"slos\":[]}"));
        assert_eq!(value("slix.accounting").as_deref(), Some("{\"lines\":3}"));
        assert!(builder.metadata().row_group(0).column(5).statistics().is_some());
        builder.build().unwrap().flat_map(|batch| values(&batch.unwrap())).collect()
    });
}

#[test]
fn arrow_reads_back() {
    round_trip(Encoding::Arrow, |bytes| {
        let reader = arrow::ipc::reader::FileReader::try_new(Cursor::new(bytes), None).unwrap();
        assert_eq!(reader.custom_metadata()["slix.accounting"], "{\"lines\":3}");
        reader.flat_map(|batch| values(&batch.unwrap())).collect()
    });
}

/// The text itself is compared: serde_json reads some floats back one unit in the last place off.
#[test]
fn json_and_ndjson_are_the_rows() {
    let partial = sample::partial(9);
    sample::with_plan(&partial, "5m", |plan| {
        let object = |row| expected(row).into_iter().map(|(name, v)| (name.to_owned(), v)).collect::<serde_json::Map<_, _>>();
        let lines: Vec<_> = sample::rows(plan).iter().map(|row| serde_json::to_string(&object(row)).unwrap()).collect();
        let ndjson = String::from_utf8(write(plan, Encoding::Ndjson)).unwrap();
        assert!(ndjson.lines().eq(lines.iter().map(String::as_str)));
        let json = String::from_utf8(write(plan, Encoding::Json)).unwrap();
        assert!(json == format!("[\n{}\n]\n", lines.join(",\n")));
        assert_eq!(serde_json::from_str::<Vec<Value>>(&json).unwrap().len(), lines.len());
    });
}

#[test]
fn csv_reads_back() {
    let partial = sample::partial(9);
    sample::with_plan(&partial, "5m", |plan| {
        let bytes = write(plan, Encoding::Csv);
        let schema = Table::new(plan.series()).unwrap().schema();
        // arrow-csv reads neither dictionaries nor named zones: both as plain strings.
        let plain = |f: &arrow::datatypes::FieldRef| match f.data_type() {
            DataType::Dictionary(..) | DataType::Timestamp(..) => Arc::new(f.as_ref().clone().with_data_type(DataType::Utf8)),
            _ => Arc::clone(f),
        };
        let schema = arrow::datatypes::Schema::new(schema.fields().iter().map(plain).collect::<Vec<_>>());
        let source = Cursor::new(bytes);
        let reader = arrow::csv::ReaderBuilder::new(Arc::new(schema)).with_header(true).build(source).unwrap();
        let batches: Vec<_> = reader.map(Result::unwrap).collect();
        let rows = sample::rows(plan);
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), rows.len());
        let mut rows = rows.iter();
        for batch in &batches {
            let float = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Float64Type>().clone();
            let (left, sli) = (float("budget_remaining"), float("sli"));
            let (routes, ends) = (batch.column_by_name("route").unwrap(), batch.column_by_name("end_time").unwrap());
            let (routes, ends) = (routes.as_string::<i32>(), ends.as_string::<i32>());
            for (i, row) in rows.by_ref().take(batch.num_rows()).enumerate() {
                assert_eq!(left.is_valid(i).then(|| left.value(i)), row.budget.map(|b| b.remaining));
                assert_eq!(sli.is_valid(i).then(|| sli.value(i)), row.sli);
                assert_eq!(ends.value(i), row.end_time.to_string());
                let route = row.series.group.first().and_then(|v| v.as_deref()).map(escape);
                // This reader takes null and the empty string for one; the text itself is tested below.
                let read = if routes.is_valid(i) { routes.value(i) } else { "" };
                assert_eq!(read, route.unwrap_or_default());
            }
        }
    });
}

#[test]
fn an_empty_table_is_still_a_table() {
    let mut partial = sample::partial(0);
    partial.activity.clear();
    sample::with_plan(&partial, "1h", |plan| {
        assert_eq!(write(plan, Encoding::Json), b"[\n]\n");
        assert_eq!(write(plan, Encoding::Ndjson), b"");
        assert_eq!(write(plan, Encoding::Csv).iter().filter(|&&b| b == b'\n').count(), 1);
        let parquet = file(&write(plan, Encoding::Parquet));
        assert_eq!(ParquetRecordBatchReaderBuilder::try_new(parquet).unwrap().schema().fields().len(), 34);
        let arrow = arrow::ipc::reader::FileReader::try_new(Cursor::new(write(plan, Encoding::Arrow)), None).unwrap();
        assert_eq!(arrow.count(), 0);
    });
}

#[test]
fn null_and_empty_differ_in_csv() {
    let partial = sample::partial(9);
    let text = String::from_utf8(sample::with_plan(&partial, "1d", |plan| write(plan, Encoding::Csv))).unwrap();
    assert!(text.contains("shop,availability,99.9%,group,,2026-10-20T00:00:00Z,2026-10-21T00:00:00Z,3714,"), "{text}");
    assert!(text.contains("shop,availability,99.9%,group,\"\",2026-10-20T00:00:00Z,"), "{text}");
    assert!(text.contains(",\"/search, \"\"quoted\"\"\",") && text.contains(",\\xFF\u{1b}[31m\\\\,"), "{text}");
}

#[test]
fn a_dimension_may_not_have_the_name_of_a_column() {
    let partial = sample::partial(1);
    sample::with_plan(&partial, "1h", |plan| {
        let named = |name: &str| {
            let key = SeriesKey { dimensions: [name.to_owned()].into(), ..SeriesKey::clone(&plan.series()[0]) };
            Table::new(&[Arc::new(key)]).map(|_| ()).map_err(|e| e.to_string())
        };
        assert_eq!(named("host"), Ok(()));
        let clash = |name| Err(format!("the dimension `{name}` has the name of a column of the output"));
        assert_eq!((named("events"), named("Mode")), (clash("events"), clash("Mode")));
    });
}

#[test]
fn encodings_have_names() {
    assert_eq!(Encoding::from_extension(Path::new("a/b.PARQUET")).unwrap(), Encoding::Parquet);
    assert_eq!(Encoding::parse("jsonl"), Ok(Encoding::Ndjson));
    let error = Encoding::from_extension(Path::new("windows.xlsx")).unwrap_err();
    assert_eq!(error.to_string(), "the name windows.xlsx does not say how to write the table");
    assert_eq!(error.hint_text(), Some("end it in one of parquet, arrow, json, ndjson, csv, or add --output-format"));
    assert!(Encoding::from_extension(Path::new("windows")).is_err());
}

/// A destination that is full after some bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_one_clear_error_in_every_encoding() {
    let partial = sample::partial(9);
    for (encoding, _) in Encoding::ALL {
        let error = sample::with_plan(&partial, "5m", |plan| {
            let mut writer = WindowsWriter::new(Full(2_000), encoding, Table::new(plan.series())?, Metadata::default())?;
            plan.rows(&mut |row| writer.push(row))?;
            writer.finish().map(|_| ())
        })
        .unwrap_err();
        assert!(error.to_string().starts_with("writing the table failed: "), "{encoding:?}: {error}");
        assert!(error.hint_text().is_some_and(|h| h.contains("space")), "{encoding:?}: {error}");
        let cause = std::error::Error::source(&error).and_then(|e| e.downcast_ref::<io::Error>());
        assert_eq!(cause.map(io::Error::kind), Some(io::ErrorKind::StorageFull), "{encoding:?}");
    }
}
