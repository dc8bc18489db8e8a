//! docs/notebooks.md lists the columns that the table has.

use std::fs::File;

use arrow::datatypes::{DataType, TimeUnit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::work::Work;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_page_lists_the_columns_of_the_table() {
    let page = std::fs::read_to_string(format!("{ROOT}/docs/notebooks.md")).unwrap();
    let rows = page.lines().skip_while(|line| !line.starts_with("| column |")).skip(2).take_while(|line| line.starts_with('|'));
    let listed: Vec<(String, String)> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            assert!(!cells[4].is_empty() && (cells[2] == "string" || cells[2] == "bool" || !cells[3].is_empty()), "{row}");
            (cells[1].trim_matches('`').to_owned(), cells[2].to_owned())
        })
        .collect();

    let work = Work::new();
    let (definition, log) = (format!("{ROOT}/fixtures/slos.yaml"), format!("{ROOT}/fixtures/access.log"));
    work.run(&["windows", "-q", "-c", &definition, &log, "-o", "windows.parquet"]).exits(0);
    let file = File::open(work.path("windows.parquet")).unwrap();
    let schema = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().schema().clone();
    let held: Vec<(String, String)> =
        schema.fields().iter().map(|field| (field.name().clone(), words(field.data_type()).to_owned())).collect();
    assert_eq!(listed, held);
}

fn words(kind: &DataType) -> &'static str {
    match kind {
        DataType::Dictionary(_, value) if **value == DataType::Utf8 => "string",
        DataType::Utf8 => "string",
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if **zone == *"UTC" => "timestamp[us, UTC]",
        DataType::Int64 => "int64",
        DataType::Float64 => "float64",
        DataType::Boolean => "bool",
        other => panic!("docs/notebooks.md has no word for {other}"),
    }
}
