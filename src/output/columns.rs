//! Small tables, of which all rows are at hand, as Arrow: the same types as those of the windows table.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};

use super::schema::ZONE;
use crate::error::{Error, ErrorKind, Result};
use crate::time::Instant;

/// A table that is made column by column.
#[derive(Debug)]
pub struct Columns<'r, R> {
    rows: &'r [R],
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl<'r, R> Columns<'r, R> {
    /// No columns yet.
    pub fn of(rows: &'r [R]) -> Self {
        Columns { rows, fields: Vec::new(), arrays: Vec::new() }
    }

    /// A column of text, dictionary-encoded; it may be null.
    pub fn text<'a>(self, name: &str, get: impl Fn(&'r R) -> Option<&'a str>) -> Self
    where
        'r: 'a,
    {
        let array: DictionaryArray<Int32Type> = self.rows.iter().map(get).collect();
        self.add(name, true, Arc::new(array))
    }

    /// A column of times.
    pub fn time(self, name: &str, get: impl Fn(&R) -> Option<Instant>) -> Self {
        let times: TimestampMicrosecondArray = self.rows.iter().map(|row| get(row).map(Instant::micros)).collect();
        self.add(name, true, Arc::new(times.with_timezone(ZONE)))
    }

    /// A column of counts, which evaluation holds below 2^63.
    pub fn int(self, name: &str, get: impl Fn(&R) -> Option<u64>) -> Self {
        let array: Int64Array = self.rows.iter().map(|row| get(row).map(u64::cast_signed)).collect();
        self.add(name, true, Arc::new(array))
    }

    /// A column of numbers.
    pub fn float(self, name: &str, get: impl Fn(&R) -> Option<f64>) -> Self {
        let array: Float64Array = self.rows.iter().map(get).collect();
        self.add(name, true, Arc::new(array))
    }

    /// A column of truths.
    pub fn bool(self, name: &str, get: impl Fn(&R) -> Option<bool>) -> Self {
        let array: BooleanArray = self.rows.iter().map(get).collect();
        self.add(name, true, Arc::new(array))
    }

    fn add(mut self, name: &str, nullable: bool, array: ArrayRef) -> Self {
        let data_type: DataType = array.data_type().clone();
        self.fields.push(Field::new(name, data_type, nullable));
        self.arrays.push(array);
        self
    }

    /// The table.
    ///
    /// # Errors
    /// None for columns made by the methods above.
    pub fn batch(self) -> Result<RecordBatch> {
        RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)
            .map_err(|cause| Error::new(ErrorKind::Output, "a table could not be made").because(cause))
    }
}
