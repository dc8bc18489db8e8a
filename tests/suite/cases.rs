//! Cases that are folders: `tests/cases/NAME/` holds `args` (one a line), perhaps `stdin`, what is expected (`stdout`, `stderr`,
//! `exit`), and every other file as the run finds it in its directory. `wrote/FILE` is what FILE has to hold afterwards.
//!
//! `SLIX_BLESS=1 cargo test --test suite cases` writes what is expected anew; read the difference before committing it.

use std::path::{Path, PathBuf};

use super::work::Work;

/// What belongs to the case and is not an input.
const OWN: [&str; 5] = ["args", "stdin", "stdout", "stderr", "exit"];

#[test]
fn every_case_gives_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 15, "the cases are gone");
    let wrong: Vec<String> = cases.iter().flat_map(|case| run(case)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs one case; says what differs.
fn run(case: &Path) -> Vec<String> {
    let work = Work::new();
    for entry in walkdir::WalkDir::new(case).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file()) {
        let name = entry.path().strip_prefix(case).unwrap().to_str().unwrap();
        if !OWN.contains(&name) && !name.starts_with("wrote/") {
            work.file(name, std::fs::read(entry.path()).unwrap());
        }
    }
    let args = std::fs::read_to_string(case.join("args")).unwrap();
    let args: Vec<&str> = args.lines().collect();
    let ran = match std::fs::read(case.join("stdin")) {
        Ok(stdin) => work.run_with(&args, &stdin),
        Err(_) => work.run(&args),
    };
    let code = ran.code.map_or("signal".to_owned(), |code| code.to_string());
    let stdout = String::from_utf8_lossy(&ran.stdout).into_owned();
    let given = [("stdout", stdout), ("stderr", ran.stderr), ("exit", format!("{code}\n"))];
    let mut given: Vec<(String, String)> = given.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    for name in wrote(case) {
        let text = std::fs::read(work.path(&name)).unwrap_or_else(|error| format!("{name}: {error}\n").into_bytes());
        given.push((format!("wrote/{name}"), String::from_utf8_lossy(&text).into_owned()));
    }
    let bless = std::env::var_os("SLIX_BLESS").is_some();
    let mut wrong = Vec::new();
    for (name, given) in given {
        let path = case.join(&name);
        let wanted = std::fs::read_to_string(&path).unwrap_or_default();
        if bless && wanted != given {
            std::fs::write(&path, given).unwrap();
        } else if wanted != given {
            wrong.push(format!("{}: {name} differs\n--- expected\n{wanted}--- given\n{given}", case.display()));
        }
    }
    wrong
}

/// The files that a case says are written.
fn wrote(case: &Path) -> Vec<String> {
    let root = case.join("wrote");
    let files = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().filter_map(Result::ok);
    let files = files.filter(|entry| entry.file_type().is_file());
    files.map(|entry| entry.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned()).collect()
}
