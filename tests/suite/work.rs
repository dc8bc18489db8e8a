//! A directory to work in, the binary, and logs whose contents are known.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Two SLOs by route, for the logs that [`log`] makes.
pub const DEFINITIONS: &str = "\
routes: [\"/cart/{n}\", \"/search/{n}\"]
group_by: [route]
slos:
  - {name: availability, target: 98%, good: status < 500}
  - {name: small, target: 90%, window: 7d, valid: status < 500, good: bytes < 150}
";

/// A temporary directory in which the binary runs.
pub struct Work(tempfile::TempDir);

impl Work {
    pub fn new() -> Work {
        Work(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and gives its name back.
    pub fn file(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), contents).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Names in the directory, hidden ones too.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The binary in this directory, with nothing on its standard input and an empty environment.
    pub fn command(&self, args: &[&str]) -> Command {
        command(self.0.path(), args)
    }

    /// Runs the binary to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }

    /// Runs the binary with this on its standard input.
    pub fn run_with(&self, args: &[&str], stdin: &[u8]) -> Ran {
        let mut child = self.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let stdin = stdin.to_vec();
        // A binary that has seen enough closes its input.
        let writer = std::thread::spawn(move || pipe.write_all(&stdin).ok());
        let ran = Ran::of(child.wait_with_output().unwrap());
        writer.join().unwrap();
        ran
    }
}

/// The binary, to be run in a directory.
pub fn command(directory: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("slix"));
    command.args(args).current_dir(directory).stdin(Stdio::null());
    for name in ["NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG", "SLIX_KERNEL"] {
        command.env_remove(name);
    }
    command
}

/// What a run gave.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: Output) -> Ran {
        let stderr = String::from_utf8(output.stderr).expect("words are UTF-8");
        Ran { code: output.status.code(), stdout: output.stdout, stderr }
    }

    /// Asserts the exit code, and gives the run back.
    #[track_caller]
    pub fn exits(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", String::from_utf8_lossy(&self.stdout), self.stderr);
        self
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// The rows of NDJSON.
    pub fn rows(&self) -> Vec<serde_json::Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The one JSON document.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout).unwrap()
    }
}

/// A line of the format combined, `second` seconds into 1 November 2026.
pub fn line(second: usize, path: &str, status: u16) -> String {
    let (day, of_day) = (1 + second / 86_400, second % 86_400);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!(
        "198.51.100.{} - - [{day:02}/Nov/2026:{hour:02}:{minute:02}:{second:02} +0000] \"GET {path} HTTP/1.1\" {status} {} \"-\" \"probe/1\"\n",
        second % 250,
        100 + second
    )
}

/// Lines of seconds `from..to`; every 50th is a 502, every 97th no line of the format.
pub fn log(seconds: std::ops::Range<usize>) -> String {
    let one = |n: usize| match n {
        _ if n % 97 == 96 => format!("not a line of any format {n}\n"),
        _ => line(n, &format!("/{}/{n}", ["cart", "search", "orders"][n % 3]), if n % 50 == 49 { 502 } else { 200 }),
    };
    seconds.map(one).collect()
}

/// The same, as a gzip file.
pub fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}
