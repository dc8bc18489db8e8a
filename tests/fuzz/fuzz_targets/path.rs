#![no_main]
//! Run with `cargo fuzz run --fuzz-dir tests/fuzz path`.

#[path = "../../support/fuzz.rs"]
#[allow(dead_code)]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::path(data));
