//! What needs more than Rust: real servers, and other programs that read the outputs.
//!
//! `tests/full` installs what these tests need, sets the variables below, and runs them with `--ignored`:
//!
//! - `SLIX_BIN`: the binary under test; the one that cargo built beside the tests where absent
//! - `SLIX_PYTHON`: a Python that has duckdb, pandas, polars, pyarrow, and what notebooks need
//! - `SLIX_APACHE_MODULES`: the folder of Apache's modules
//! - `SLIX_NODE_MODULES`: the folder with the npm packages playwright-core and axe-core; `SLIX_CHROMIUM`: the browser
//! - `SLIX_SCREENSHOTS`: a folder in which pictures of the report page are put, to be looked at
//! - `SLIX_KEEP`: a folder in which configurations, logs and outputs are kept; servers that give up root must be able to
//!   reach it

mod applications;
#[path = "../support/loggen.rs"]
mod loggen;
mod loopback;
mod notebooks;
mod prometheus;
mod proxies;
mod readers;
mod report_page;
mod run;
mod servers;
mod terminal;
mod traffic;
