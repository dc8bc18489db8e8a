//! Other programs read the outputs.
