//! slix turns HTTP access logs into SLO numbers.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod error;
pub mod ratio;
pub mod time;

pub mod record;

pub mod format;
pub mod slo;

pub mod aggregate;

pub mod engine;

pub mod input;
