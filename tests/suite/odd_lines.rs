//! Lines that are legal and rare, of every family: `fixtures/odd_lines.jsonl` says what each holds. They are read with the format named, and most
//! by detection of the one line alone.

use crate::work::Work;
use serde_json::Value;

const LINES: &str = include_str!("../../fixtures/odd_lines.jsonl");

#[test]
fn odd_lines_are_read_by_name_and_by_detection() {
    let work = Work::new();
    for sample in LINES.lines() {
        let sample: Value = serde_json::from_str(sample).unwrap();
        let format = sample["format"].as_str().unwrap();
        let found = explained(&work, &sample, &["--format", format]);
        check(&sample, &found);
        if sample["detected"] == true {
            let found = explained(&work, &sample, &[]);
            assert_eq!(found["format"], format, "{sample}");
            check(&sample, &found);
        }
    }
}

/// What slix says of the last line of a sample.
fn explained(work: &Work, sample: &Value, flags: &[&str]) -> Value {
    let header = sample["header"].as_str().map_or(String::new(), |header| format!("{header}\n"));
    let input = format!("{header}{}\n", sample["line"].as_str().unwrap());
    let arguments = [&["explain", "--output-format", "json", "--tz", "UTC"], flags, &["-"]].concat();
    let ran = work.run_with(&arguments, input.as_bytes()).exits(0);
    ran.rows().pop().unwrap()
}

fn check(sample: &Value, found: &Value) {
    for (field, want) in sample["want"].as_object().unwrap() {
        let got = if matches!(field.as_str(), "time" | "outcome") { &found[field] } else { &found["values"][field] };
        assert_eq!(got, want, "{field} of {sample}");
    }
}
