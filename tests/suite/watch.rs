//! `slix report --watch`: after whatever happens to a log, the numbers are those of one run over all its lines.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Deserializer, StreamDeserializer, Value, de::IoRead};

use super::work::{DEFINITIONS, Work, gzip, log};

/// A watch that writes its reports as JSON.
struct Watch {
    child: Child,
    reports: StreamDeserializer<'static, IoRead<ChildStdout>, Value>,
}

impl Watch {
    fn of(work: &Work, inputs: &[&str]) -> Watch {
        let args = ["report", "-c", "slos.yaml", "--watch=0.1", "--output-format", "json", "-q"];
        let mut command = work.command(&[&args, inputs].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let reports = Deserializer::from_reader(child.stdout.take().unwrap()).into_iter();
        Watch { child, reports }
    }

    /// The first report that has seen so many lines. The test does not end if there is none, and more are an error.
    #[track_caller]
    fn at(&mut self, lines: u64) -> Value {
        loop {
            let Some(report) = self.reports.next() else {
                let mut said = String::new();
                std::io::Read::read_to_string(&mut self.child.stderr.take().unwrap(), &mut said).unwrap();
                panic!("the watch ended: {said}");
            };
            let report = report.unwrap();
            let seen = report["accounting"]["lines"].as_u64().unwrap();
            assert!(seen <= lines, "{seen} lines of {lines}");
            if seen == lines {
                return report;
            }
        }
    }

    /// Ends it as Ctrl-C does. Its exit code, and what it said.
    fn end(&mut self) -> (Option<i32>, String) {
        let ended = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(ended.success());
        let mut said = String::new();
        std::io::Read::read_to_string(&mut self.child.stderr.take().unwrap(), &mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn work() -> Work {
    let work = Work::new();
    work.file("slos.yaml", DEFINITIONS);
    work
}

fn append(work: &Work, name: &str, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(work.path(name)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn report(work: &Work, inputs: &[&str]) -> Value {
    let args = ["report", "-c", "slos.yaml", "--output-format", "json", "-q"];
    work.run(&[&args, inputs].concat()).exits(0).json()
}

/// Of short logs, and of those longer than what an identity covers (64 KiB), and on the way from one to the other.
#[test]
fn a_log_that_grows_counts_as_one_run_over_it() {
    let work = work();
    work.file("access.log", log(0..200));
    let mut watch = Watch::of(&work, &["access.log"]);
    assert_eq!(watch.at(200), report(&work, &["access.log"]));
    for (from, to) in [(200, 400), (400, 1_500), (1_500, 1_501), (1_501, 4_000)] {
        append(&work, "access.log", &log(from..to));
        assert_eq!(watch.at(to as u64), report(&work, &["access.log"]), "{to}");
    }
    assert!(fs::metadata(work.path("access.log")).unwrap().len() > 3 * 64 * 1024);
    assert_eq!(watch.end(), (Some(0), String::new()));
}

#[test]
fn a_line_counts_once_it_is_complete() {
    let work = work();
    work.file("access.log", log(0..1_000));
    let mut watch = Watch::of(&work, &["access.log"]);
    watch.at(1_000);
    let (more, line) = (log(1_000..1_001), log(1_001..1_002));
    append(&work, "access.log", &(more + &line[..40]));
    let seen = watch.at(1_001);
    assert_eq!(seen["slos"], report_of(&work, &log(0..1_001))["slos"]);
    append(&work, "access.log", &line[40..]);
    assert_eq!(watch.at(1_002)["slos"], report(&work, &["access.log"])["slos"]);
}

fn report_of(work: &Work, text: &str) -> Value {
    work.file("whole.log", text);
    report(work, &["whole.log"])
}

/// The server goes on writing to the file that was renamed until it is told to open the new one.
#[test]
fn a_log_that_is_renamed_is_read_to_its_end() {
    let work = work();
    work.file("access.log", log(0..1_000));
    let mut watch = Watch::of(&work, &["access.log"]);
    watch.at(1_000);
    fs::rename(work.path("access.log"), work.path("access.log.1")).unwrap();
    append(&work, "access.log.1", &log(1_000..1_300));
    watch.at(1_300);
    append(&work, "access.log", &log(1_300..1_400));
    append(&work, "access.log.1", &log(1_400..1_450));
    assert_eq!(watch.at(1_450)["slos"], report(&work, &["access.log", "access.log.1"])["slos"]);
}

#[test]
fn a_log_that_is_copied_and_cut_is_counted_once() {
    let work = work();
    work.file("logs/access.log", log(0..1_500));
    let mut watch = Watch::of(&work, &["logs"]);
    watch.at(1_500);
    // What comes between the last look and the cut is in the copy alone.
    append(&work, "logs/access.log", &log(1_500..1_600));
    fs::copy(work.path("logs/access.log"), work.path("logs/access.log.1")).unwrap();
    work.file("logs/access.log", log(1_600..1_700));
    assert_eq!(watch.at(1_700)["slos"], report(&work, &["logs"])["slos"]);
    work.file("logs/access.log.2.gz", gzip(&work.read("logs/access.log.1")));
    fs::remove_file(work.path("logs/access.log.1")).unwrap();
    append(&work, "logs/access.log", &log(1_700..3_000));
    assert_eq!(watch.at(3_000)["slos"], report(&work, &["logs"])["slos"]);
    // An older copy of the log itself has nothing new, and does not take its place.
    work.file("logs/copy.gz", gzip(log(1_600..1_700).as_bytes()));
    std::thread::sleep(std::time::Duration::from_millis(500));
    append(&work, "logs/access.log", &log(3_000..3_100));
    watch.at(3_100);
}

/// Lines of a W3C log mean what they do only with the header above them, which may change.
#[test]
fn a_log_with_headers_is_read_with_them() {
    let work = work();
    work.file("slos.yaml", "slos: [{name: availability, target: 98%, good: status < 500}]");
    let lines = |from: usize, to: usize| -> String {
        (from..to)
            .map(|n| format!("2026-11-01 10:{:02}:{:02} GET /a {}\n", n / 60, n % 60, if n % 9 == 0 { 503 } else { 200 }))
            .collect()
    };
    work.file("u_ex.log", String::from("#Fields: date time cs-method cs-uri-stem sc-status\n") + &lines(0, 2_500));
    // Servers that write no `#Software` do not say that their times are UTC.
    let inputs = ["u_ex.log", "--tz", "UTC"];
    let mut watch = Watch::of(&work, &inputs);
    watch.at(2_501);
    append(&work, "u_ex.log", &lines(2_500, 2_700));
    let seen = watch.at(2_701);
    assert_eq!(seen, report(&work, &inputs));
    assert_eq!(seen["accounting"]["events"]["lines"], 2_700);
}

#[test]
fn slices_files_and_new_logs_are_taken_in() {
    let work = work();
    work.file("old.log", log(0..1_000));
    fs::create_dir_all(work.path("all")).unwrap();
    work.run(&["slices", "-c", "slos.yaml", "old.log", "-o", "all/old.slices.parquet"]).exits(0);
    let mut watch = Watch::of(&work, &["all"]);
    watch.at(1_000);
    work.file("all/new.log", log(1_000..2_000));
    watch.at(2_000);
    work.file("next.log", log(2_000..2_500));
    work.run(&["slices", "-c", "slos.yaml", "old.log", "next.log", "-o", "all/old.slices.parquet"]).exits(0);
    assert_eq!(watch.at(2_500)["slos"], report(&work, &["all"])["slos"]);
}

#[test]
fn a_file_is_replaced_and_a_pipe_refused() {
    let work = work();
    work.file("access.log", log(0..500));
    let args = ["report", "--watch=0.1", "access.log", "-o", "report.json"];
    let mut child = work.command(&args).stderr(Stdio::null()).spawn().unwrap();
    let lines = |work: &Work| -> Option<u64> {
        let text = fs::read(work.path("report.json")).ok()?;
        serde_json::from_slice::<Value>(&text).ok()?["accounting"]["lines"].as_u64()
    };
    for to in [500_u64, 700] {
        while lines(&work) != Some(to) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        append(&work, "access.log", &log(500..700));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let refused = work.run_with(&["report", "--watch", "-"], log(0..100).as_bytes()).exits(2);
    assert!(refused.stderr.contains("standard input is a pipe"), "{}", refused.stderr);
    for wrong in ["0", "nan", "-1", "1e9"] {
        work.run(&["report", &format!("--watch={wrong}"), "access.log"]).exits(2);
    }
}
