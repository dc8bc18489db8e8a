//! Parts of one log, read by themselves: merged they are the whole, byte for byte, also where lines mean what they do only with those
//! before them.

use crate::work::Work;

const SLOS: &str = "slos: [{name: availability, target: 98%, good: status < 500}]\ngroup_by: [path]\n";

/// The ranges that these cuts make of a log, merged, are the whole.
#[track_caller]
fn check(work: &Work, name: &str, options: &[&str], cuts: impl Iterator<Item = usize>) {
    let slices = |more: &[&str]| work.run(&[&["slices", "-c", "slos.yaml"], options, more].concat()).exits(0);
    let whole = slices(&[name, "-o", "whole.parquet"]);
    assert!(!whole.stderr.contains("rejected"), "{}", whole.stderr);
    let starts: Vec<usize> = [0].into_iter().chain(cuts).collect();
    let mut parts: Vec<String> = Vec::new();
    for (i, start) in starts.iter().enumerate() {
        let (range, part) =
            (format!("{start}..{}", starts.get(i + 1).map_or(String::new(), usize::to_string)), format!("{i}.parquet"));
        slices(&[name, "--range", &range, "-o", &part]);
        parts.insert(0, part);
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    work.run(&[&["slices", "-c", "slos.yaml", "-o", "merged.parquet"], &parts[..]].concat()).exits(0);
    assert!(work.read("merged.parquet") == work.read("whole.parquet"), "{name} {starts:?}");
}

fn work() -> Work {
    let work = Work::new();
    work.file("slos.yaml", SLOS);
    work
}

#[test]
fn ranges_know_the_header_before_them() {
    let work = work();
    let mut log = "#Software: Microsoft Internet Information Services 10.0\n#Date: 2026-11-01 10:00:00\n".to_owned();
    log += "#Fields: time cs-method cs-uri-stem sc-status time-taken\n";
    (0..30).for_each(|i| log += &format!("10:00:{i:02} GET /a{} 200 {i}\n", i % 3));
    log += "#Date: 2026-11-02 00:00:00\n#Fields: date time s-ip cs-uri-stem sc-status time-taken\n";
    (0..30).for_each(|i| log += &format!("2026-11-02 00:00:{i:02} 10.0.0.1 /b{} 503 {i}\n", i % 3));
    work.file("iis.log", &log);
    check(&work, "iis.log", &[], [20, 90, 140, 700, 1_090, 1_200].into_iter());
    let gzipped = crate::work::gzip(log.as_bytes());
    work.file("iis.log.gz", gzipped);
    check(&work, "iis.log.gz", &[], [300, 1_300].into_iter());
}

#[test]
fn ranges_know_the_parts_before_them() {
    let work = work();
    let mut log = String::new();
    for i in 0..20 {
        let line = format!("192.0.2.7 - - [01/Nov/2026:10:00:{i:02} +0000] \"GET /cart/{i} HTTP/1.1\" 200 7 \"-\" \"probe/1\"");
        let (first, rest) = line.split_at(3 * i);
        let (second, third) = rest.split_at(9);
        log += &format!("2026-11-01T10:00:{i:02}Z stdout P {first}\n2026-11-01T10:00:{i:02}Z stderr F {line}\n");
        log += &format!("2026-11-01T10:00:{i:02}Z stdout P {second}\n2026-11-01T10:00:{i:02}Z stdout F {third}\n");
    }
    work.file("cri.log", &log);
    check(&work, "cri.log", &[], (457..log.len()).step_by(457));
}

#[test]
fn ranges_know_the_years_before_them() {
    let work = work();
    let mut log = String::new();
    for month in ["Nov", "Dec", "Jan", "Feb", "Jun", "Dec", "Jan"] {
        (1..9).for_each(|day| {
            log += &format!(
                "<134>{month} {day:2} 10:00:00 web uvicorn[7]: INFO:     192.0.2.7:40112 - \"GET /cart HTTP/1.1\" 200 OK\n"
            )
        });
    }
    work.file("messages", &log);
    check(&work, "messages", &["--tz", "UTC", "--year", "2024"], (777..log.len()).step_by(777));
}
