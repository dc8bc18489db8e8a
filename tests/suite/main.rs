//! slix from the outside: the real binary over real files. One binary, so linking happens once.
//!
//! `cases` runs the folders of `tests/cases`, where adding one needs no Rust; `cli` holds what a folder cannot say: pipes, signals,
//! full disks, and laws over several runs.

mod cases;
mod cli;
mod work;
