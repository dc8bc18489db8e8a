//! Rows out.
