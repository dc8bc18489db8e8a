//! Rows and reports out: one schema, many encodings, and what people look at.
//!
//! [`schema`] fixes the columns of the windows table and makes Arrow batches of rows. [`windows`] writes those batches as
//! Parquet, Arrow, JSON, NDJSON or CSV, so the encodings agree by construction. [`document`] is the JSON form of a report,
//! [`terminal`] its form for people, [`page`] the one for a browser, [`picture`] and [`markdown`] those for chats and pull requests. [`atomic`] puts a finished file in place of an older one.

pub mod accounting;
pub mod alerts;
pub mod atomic;
pub mod backlog;
mod blameless;
pub mod columns;
pub mod document;
pub mod escape;
mod excluded;
pub mod gate;
pub mod incidents;
pub mod markdown;
mod number;
pub mod openmetrics;
pub mod page;
pub mod picture;
pub mod postmortem;
pub mod rows;
pub mod sanitize;
pub mod schema;
pub mod spark;
pub mod suggest;
mod summary;
pub mod terminal;
mod text;
pub mod toil;
pub mod windows;

#[cfg(test)]
mod sample;
