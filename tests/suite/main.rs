//! Everything that needs nothing but Rust, in one binary, so that linking happens once.

mod house;
mod samples;
mod truth;
