//! OpenSLO: the standard's objects read as the short form, and the short form written as objects of the standard.
//!
//! ```text
//! files → objects → references resolved → the tree of a short form → definitions
//! short form → its tree → objects
//! ```
//! Both ways go over the tree of the short form, so every key of it, present or future, has a place: what the standard has a word
//! for stands there, the rest in annotations `slix/KEY`, as JSON. Nothing of a file is dropped silently: what the standard does
//! not allow or slix doubts is a [`Finding`], what slix does not use is listed.
//!
//! Source: github.com/OpenSLO/OpenSLO, README (openslo/v1), and the earlier openslo/v1alpha where it maps.

mod indicator;
mod object;
mod read;
mod window;
mod write;

pub(super) use object::{is_openslo, is_short_form};
pub(super) use read::{Objects, read};
pub(super) use write::write;

use std::ops::Range;

/// The prefix of annotations that hold keys of the short form.
const ANNOTATION: &str = "slix/";

/// The type of a data source or metric source that slix answers.
const SOURCE_TYPE: &str = "AccessLog";

/// Keys of the short form that belong to the source of the log, and so to `connectionDetails` of a DataSource.
const DETAILS: [&str; 5] = ["format", "inputs", "routes", "routes_from", "slice"];

/// Something that the standard forbids, or that slix doubts. It is a warning, or an error where one is strict.
#[derive(Debug)]
pub(super) struct Finding {
    /// Where it stands.
    pub span: Range<usize>,
    /// What it is.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}
