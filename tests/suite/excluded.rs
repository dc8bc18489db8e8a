//! What was excluded is listed in every output: when, why, who said so, and how it recurs.

use std::fs::File;

use arrow::array::{Array, AsArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::practice::{log, requests};
use super::work::Work;

const DEFINITION: &str = r#"
service: shop
format: '$remote_addr $host [$time_local] "$request" $status $body_bytes_sent $request_time'
exclude:
  - {start: 2026-11-03T01:00, duration: 30m, rrule: "FREQ=HOURLY;COUNT=2", reason: "move <of> data", author: "ana|b"}
  - {start: 2027-01-01, duration: 1h, reason: not yet, author: ben}
slos:
  - {name: availability, target: 95%, window: 12h, good: status < 500}
  - {name: aim, target: 99%, window: 12h, good: status < 500}
"#;
/// Reason, author, rule, zone: as they are, and behind the signs of Markdown, HTML and JSON.
const SAID: [&str; 4] = ["move", "ana", "FREQ=HOURLY;COUNT=2", "UTC"];

fn work() -> Work {
    let work = Work::new();
    work.file("access.log", log(&requests()));
    work.file("slos.yaml", DEFINITION);
    work
}

#[track_caller]
fn lists(text: &str, what: &str) {
    let plain = text.replace("\\u003d", "=").replace("&#x3d;", "=").replace(r"\=", "=");
    for said in SAID {
        assert!(plain.contains(said), "{what} does not say `{said}`:\n{text}");
    }
    assert!(!plain.contains("not yet") || what.contains("json") || what.contains("html"), "{what} lists what excluded nothing");
}

#[test]
fn texts_and_documents_list_what_was_excluded() {
    let work = work();
    let forms: [(&str, &[&str]); 8] = [
        ("report", &["text", "json", "markdown", "html", "svg"]),
        ("windows", &["table", "csv", "ndjson", "json"]),
        ("alerts", &["text", "csv", "ndjson", "json"]),
        ("incidents", &["text", "csv", "ndjson", "json"]),
        ("suggest", &["text", "csv", "ndjson", "json"]),
        ("gate", &["text", "json"]),
        ("report --what-if availability=96%", &["text", "json"]),
        ("windows --what-if availability=96%", &["table", "csv"]),
    ];
    for (command, forms) in forms {
        for form in forms {
            let words: Vec<&str> = command.split(' ').collect();
            let args = [&words[..], &["-qq", "-c", "slos.yaml", "access.log", "--output-format", form]].concat();
            let ran = work.run(&args);
            assert!([Some(0), Some(3)].contains(&ran.code), "{command} {form}: {}", ran.stderr);
            lists(ran.text(), &format!("{command} as {form}"));
        }
    }
}

#[test]
fn a_row_lists_what_its_own_numbers_lack() {
    let work = work();
    work.run(&["windows", "-q", "-c", "slos.yaml", "--every", "30m", "access.log", "-o", "rows.parquet"]).exits(0);
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(File::open(work.path("rows.parquet")).unwrap()).unwrap().build().unwrap();
    let mut seen = Vec::new();
    for batch in reader.map(Result::unwrap) {
        let exclusions = batch.column_by_name("exclusions").unwrap().as_string::<i32>();
        seen.extend((0..batch.num_rows()).map(|i| exclusions.is_valid(i).then(|| exclusions.value(i).to_owned())));
    }
    // Two SLOs; the first exclusion is at 01:00, behind two steps without one, and stays in a window of 12 h.
    assert_eq!(seen.len(), 2 * 24);
    let declared = "2026-11-03T01:00:00Z to 2026-11-03T01:30:00Z: move <of> data (ana|b), FREQ=HOURLY;COUNT=2 (UTC)";
    assert_eq!(seen[..3], [None, None, Some(declared.to_owned())]);
    assert!(seen[2..24].iter().all(|said| said.as_deref() == Some(declared)));
}

#[test]
fn metrics_drafts_and_pictures_list_what_was_excluded() {
    let work = work();
    work.run(&["slices", "-q", "-c", "slos.yaml", "access.log", "-o", "x.openmetrics"]).exits(0);
    let metrics = String::from_utf8(work.read("x.openmetrics")).unwrap();
    lists(&metrics, "openmetrics");
    // One sample in the first slice of each of two stretches, for each of two SLOs.
    let samples: Vec<&str> = metrics.lines().filter(|line| line.starts_with("slix_exclusion_info{")).collect();
    assert_eq!(samples.len(), 4);
    assert!(samples[0].ends_with("} 1 1793667630.000") && samples[1].ends_with("} 1 1793671230.000"), "{samples:?}");
    work.run(&["incidents", "-q", "-c", "slos.yaml", "access.log", "--postmortem", "drafts"]).exits(0);
    let mut drafts = 0;
    for draft in std::fs::read_dir(work.path("drafts")).unwrap() {
        lists(&std::fs::read_to_string(draft.unwrap().path()).unwrap(), "a draft");
        drafts += 1;
    }
    assert!(drafts >= 2);
    let png = |name: &str| {
        work.run(&["report", "-q", "-c", "slos.yaml", "access.log", "-o", name]).exits(0);
        work.read(name)
    };
    let with = png("with.png");
    work.file("slos.yaml", DEFINITION.replace("2026-11-03T01:00", "2028-11-03T01:00"));
    // IHDR: width and height. A line more is 18 px at two dots each.
    let height = |png: &[u8]| u32::from_be_bytes(png[20..24].try_into().unwrap());
    assert_eq!(height(&with) - height(&png("without.png")), 36);
}

#[test]
fn toil_lists_what_was_excluded() {
    let work = Work::new();
    work.file("work.csv", "date,minutes,category\n2026-11-03,60,toil\n2026-11-04,60,feature\n2026-11-05,30,feature\n");
    work.file(
        "slos.yaml",
        "exclude: {start: 2026-11-03, duration: 1d, rrule: FREQ=HOURLY;COUNT=2, reason: move, author: ana}\n\
         slos: [{name: toil, target: 50%, window: {calendar: 1w}, good: category != \"toil\", weight: minutes}]\n",
    );
    for form in ["text", "json"] {
        let ran = work.run(&["toil", "-c", "slos.yaml", "work.csv", "--output-format", form]).exits(0);
        lists(ran.text(), form);
    }
}
