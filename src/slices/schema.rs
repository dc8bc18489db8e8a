//! The columns of a slices file.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// The version of the format, raised when an older reader would misread a file.
pub const FORMAT_VERSION: u32 = 1;

/// The columns that every file has; a dimension cannot have one of these names.
pub const RESERVED_COLUMNS: [&str; 11] = [
    "kind",
    "service",
    "indicator",
    "group_kind",
    "start_time",
    "events",
    "good",
    "bad",
    "unknown",
    "latency_upper_ns",
    "latency_events",
];

/// Columns of text before those of the dimensions.
pub(super) const FIXED_TEXTS: usize = 4;
/// Columns of integers after those of the dimensions.
pub(super) const INTEGERS: usize = RESERVED_COLUMNS.len() - FIXED_TEXTS;

/// What a row counts, in the order of the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    /// Events of a service in a slice.
    Activity,
    /// Counts of a group in a slice.
    Counts,
    /// A bucket of a group's latency histogram in an hour.
    Latency,
}

impl Kind {
    const ALL: [(Kind, &'static str); 3] = [(Kind::Activity, "activity"), (Kind::Counts, "counts"), (Kind::Latency, "latency")];

    /// The name in the column `kind`.
    pub(super) fn name(self) -> &'static str {
        Kind::ALL[self as usize].1
    }

    /// The kind of that name.
    pub(super) fn of(name: &str) -> Option<Kind> {
        Kind::ALL.iter().find(|(_, n)| *n == name).map(|(kind, _)| *kind)
    }
}

/// `group_kind` of a group of its own.
pub(super) const GROUP: &str = "group";
/// `group_kind` of all groups beyond the limit, together.
pub(super) const OTHER: &str = "other";

/// The schema with one column per dimension name; `dimensions` is sorted.
pub(super) fn schema(dimensions: &[String]) -> SchemaRef {
    let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let (texts, integers) = RESERVED_COLUMNS.split_at(FIXED_TEXTS);
    let mut fields = Vec::new();
    for name in texts {
        fields.push(Field::new(*name, text.clone(), !matches!(*name, "kind" | "service")));
    }
    fields.extend(dimensions.iter().map(|name| Field::new(name, text.clone(), true)));
    for name in integers {
        match *name {
            "start_time" => fields.push(Field::new(*name, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false)),
            _ => fields.push(Field::new(*name, DataType::Int64, true)),
        }
    }
    Arc::new(Schema::new(fields))
}
