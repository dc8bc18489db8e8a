//! slix turns HTTP access logs into SLO numbers.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod error;
pub mod ratio;
pub mod time;

pub mod batch;
pub mod framing;
pub mod marks;
pub mod record;

pub mod format;
pub mod slo;

pub mod aggregate;

pub mod engine;
pub mod scan;

pub mod evaluate;
pub mod slices;

pub mod input;
pub mod output;
