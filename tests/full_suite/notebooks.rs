//! The notebook and the queries of docs/notebooks.md, run as a reader would.

use crate::run::{Folder, slix};
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn python(folder: &Folder, script: &str, variables: &[(&str, String)]) -> String {
    let python = std::env::var_os("SLIX_PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    command.arg(format!("{ROOT}/tests/full_suite/{script}")).current_dir(&folder.path).envs(variables.iter().cloned());
    let output = command.output().expect("Python is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} failed:\n{said}");
    String::from_utf8(output.stdout).expect("Python writes UTF-8")
}

/// Its texts are those that are kept in it, and it draws all of its pictures.
#[test]
#[ignore = "needs Python with the packages of notebooks, and the example loggen; run by tests/full"]
fn the_notebook_runs_from_top_to_bottom() {
    let folder = Folder::new("notebook");
    let slix = std::env::var("SLIX_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_slix").to_owned());
    // Beside the binary that cargo built for the tests.
    let loggen = Path::new(env!("CARGO_BIN_EXE_slix")).parent().expect("a binary lies in a folder").join("examples/loggen");
    assert!(loggen.exists(), "{} is missing: cargo build --example loggen", loggen.display());
    python(&folder, "notebook.py", &[("SLIX", slix), ("LOGGEN", loggen.display().to_string())]);
}

#[test]
#[ignore = "needs Python with duckdb and polars; run by tests/full"]
fn queries_say_the_same_in_sql_and_polars() {
    let folder = Folder::new("queries");
    let (definition, log) = (format!("{ROOT}/fixtures/slos.yaml"), format!("{ROOT}/fixtures/access.log"));
    slix(&folder.path, &["windows", "-q", "-c", &definition, "--every", "1h", &log, "-o", "windows.parquet"]);
    assert_eq!(python(&folder, "queries.py", &[]).trim(), "5");
}
