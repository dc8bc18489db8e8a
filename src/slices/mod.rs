//! Slices files: a [`Partial`](crate::aggregate::Partial) as Parquet, so that a month of archives is scanned once and a
//! cluster is only many writers of slices files.
//!
//! The file is a table in tidy long form that plain tools read, with what the counts mean in its key-value metadata
//! (`docs/slices.md` describes it for others). The same content gives the same bytes. [`write()`] and [`read()`] are inverse;
//! [`select()`] takes from a partial what a definition asks for, or says why it cannot.

mod metadata;
mod read;
mod schema;
mod select;
mod write;

pub use metadata::fingerprint;
pub use read::{begins_like_parquet, is_slices_file, read};
pub use schema::{FORMAT_VERSION, RESERVED_COLUMNS};
pub use select::{Wanted, held, select};
pub use write::write;

#[cfg(test)]
mod tests;
