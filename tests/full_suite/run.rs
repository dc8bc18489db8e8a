//! A folder to work in, and slix run in it.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of one test; it stays where `SLIX_KEEP` names a place for it.
pub struct Folder {
    pub path: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Folder {
    pub fn new(name: &str) -> Folder {
        if let Some(keep) = std::env::var_os("SLIX_KEEP") {
            let path = Path::new(&keep).join(name);
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir_all(&path).expect("the folder SLIX_KEEP can be made");
            return Folder { path, _temporary: None };
        }
        let temporary = tempfile::tempdir().expect("a temporary folder can be made");
        Folder { path: temporary.path().to_owned(), _temporary: Some(temporary) }
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path.join(name), text).expect("the folder is writable");
    }
}

/// Runs slix in `folder`; it has to succeed. Returns its standard output.
#[track_caller]
pub fn slix(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let binary = std::env::var_os("SLIX_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_slix").into());
    let output = Command::new(binary).args(arguments).current_dir(folder).output().expect("slix can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "slix {} failed: {}\n{said}", arguments.join(" "), output.status);
    output.stdout
}

/// The rows of an NDJSON file.
#[track_caller]
pub fn rows(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("not JSON: {e}: {line}"))).collect()
}

/// The count in a column.
#[track_caller]
pub fn count(row: &Value, column: &str) -> u64 {
    row[column].as_u64().unwrap_or_else(|| panic!("`{column}` is no count in {row}"))
}
