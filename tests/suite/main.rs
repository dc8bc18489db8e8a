//! slix from the outside, and its house. One binary, so linking happens once.
//!
//! `cases` runs the folders of `tests/cases`, where adding one needs no Rust; `cli` holds what a folder cannot say: pipes, signals,
//! full disks, and laws over several runs; `readme` runs the commands of the documentation; `house` holds the shape of the code itself.

mod cases;
mod cli;
mod excluded;
mod formats;
mod fuzz;
mod heads;
mod help;
mod house;
mod laws;
#[path = "../support/loggen.rs"]
mod loggen;
mod many_files;
mod mixed;
mod notebooks;
mod odd_lines;
mod picture;
mod practice;
mod published;
mod ranges;
mod readme;
mod samples;
mod truth;
mod watch;
mod weights;
mod work;
