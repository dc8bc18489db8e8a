//! Everything that needs nothing but Rust, in one binary, so that linking happens once.

mod house;
mod laws;
#[path = "../support/loggen.rs"]
mod loggen;
mod samples;
mod truth;
