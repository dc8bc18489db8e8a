//! Many small files: each is read as it would be alone, whatever lies beside it, and in any order.

use std::collections::BTreeMap;

use crate::work::{Work, gzip, line, log};
use serde_json::Value;

/// Logs of several writers, which begin at a second of their own: what is alike to the last byte would be the same log.
fn contents(second: usize) -> Vec<(&'static str, Vec<u8>)> {
    let combined: String = (0..40).map(|n| line(second + n, &format!("/a/{n}"), 200)).collect();
    let common = combined.replace(" \"-\" \"probe/1\"", "");
    let vhost: String = combined.lines().map(|line| format!("shop.example:443 {line}\n")).collect();
    let tailed = combined.replace("probe/1\"", "probe/1\" rt=\"0.120\"");
    let quoted = combined.replace("probe/1", "probe \\\"1\\\"");
    let wrapped: String = combined.lines().map(|line| format!("web-1  | {line}\n")).collect();
    let json = |at: usize, n: usize| {
        format!(
            "{{\"time\":\"2026-11-01T{:02}:{:02}:{:02}Z\",\"status\":{},\"request_time\":0.{n:03},\"request_uri\":\"/j/{n}\",\"request_method\":\"GET\"}}\n",
            at / 3_600 % 24,
            at / 60 % 60,
            at % 60,
            200 + n % 2
        )
    };
    let json: String = (0..40).map(|n| json(second + n, n)).collect();
    let turned: String = combined.lines().take(25).chain(vhost.lines().skip(25)).map(|line| format!("{line}\n")).collect();
    let unread = log(second..second + 200);
    let crlf = combined.replace('\n', "\r\n");
    let texts = [
        ("combined", combined.clone()),
        ("common", common),
        ("vhost", vhost),
        ("tailed", tailed),
        ("quoted", quoted),
        ("wrapped", wrapped),
        ("json", json),
        ("turned", turned),
        ("unread", unread),
        ("crlf", crlf),
        ("unanswered", combined.replacen(" 200 ", " 000 ", 2)),
        ("blanks", combined.replacen('\n', "\n\n", 3)),
        ("unended", combined.trim_end().to_owned()),
        ("empty", String::new()),
    ];
    let packed = gzip(combined.replace("/a/", "/z/").as_bytes());
    texts.into_iter().map(|(name, text)| (name, text.into_bytes())).chain([("packed", packed)]).collect()
}

/// What became of the lines of each input that could be read, with its format; the exit code and the errors.
fn read(work: &Work, arguments: &[&str]) -> (BTreeMap<String, Value>, String) {
    let always =
        ["report", "--availability", "99.9%", "--output-format", "json", "--keep-going", "--quiet", "--allow-duplicates"];
    let ran = work.run(&[&always[..], arguments].concat());
    let report = if ran.stdout.is_empty() { Value::Null } else { ran.json() };
    let inputs = report["accounting"]["inputs"].as_array().cloned().unwrap_or_default();
    (inputs.into_iter().map(|input| (input["path"].as_str().unwrap().to_owned(), input)).collect(), ran.stderr)
}

#[test]
fn a_directory_of_any_formats_gives_what_each_file_gives_alone() {
    let work = Work::new();
    let names: Vec<(String, usize)> = (0..2)
        .flat_map(|round| {
            contents(1_000 * round).into_iter().enumerate().map(move |(i, (name, _))| (format!("{name}-{round}.log"), i))
        })
        .collect();
    for round in 0..2 {
        for (name, bytes) in contents(1_000 * round) {
            work.file(&format!("{name}-{round}.log"), bytes);
        }
    }
    let alone: BTreeMap<String, Value> = names.iter().flat_map(|(name, _)| read(&work, &[name]).0).collect();
    let of = |format: &str| alone.values().filter(|input| input["format"] == format).count();
    assert!(of("combined") >= 6 && of("common") == 2 && of("vhost_combined") >= 2, "{alone:#?}");
    // By name, by writer, and so that no two neighbours are alike.
    let mut orders = vec![names.clone(), names.clone(), names.clone()];
    orders[1].sort_by_key(|(_, writer)| *writer);
    orders[2].sort_by_key(|(name, writer)| (writer * 5 % 14, name.clone()));
    for order in orders {
        for threads in ["1", "2"] {
            let arguments: Vec<&str> =
                ["--threads", threads].into_iter().chain(order.iter().map(|(name, _)| name.as_str())).collect();
            let (together, errors) = read(&work, &arguments);
            assert_eq!(together, alone, "{arguments:?} {errors}");
        }
    }
    let (by_directory, _) = read(&work, &["."]);
    let by_directory: Vec<Value> = by_directory
        .into_values()
        .map(|mut input| {
            input["path"] = input["path"].as_str().unwrap().trim_start_matches("./").into();
            input
        })
        .collect();
    assert_eq!(by_directory, alone.values().cloned().collect::<Vec<_>>());
}

#[test]
fn a_file_that_no_format_reads_is_named_and_the_others_count() {
    let work = Work::new();
    (0..7).for_each(|n| work.file(&format!("{n}.log"), if n == 3 { "no log\n".repeat(9) } else { log(100 * n..100 * n + 60) }));
    let stopped = work.run(&["report", "--availability", "99.9%", "--quiet", "."]);
    assert!(stopped.stderr.contains("./3.log: ") && stopped.stdout.is_empty(), "{}", stopped.stderr);
    let (read, errors) = read(&work, &["."]);
    assert_eq!(read.len(), 6);
    assert!(errors.contains("./3.log: ") && errors.matches("error").count() == 1, "{errors}");
}

#[test]
fn the_same_content_is_refused_among_many_files() {
    let work = Work::new();
    (0..30).for_each(|n| work.file(&format!("{n:02}.log"), log(100 * n..100 * n + 60)));
    let once = work.run(&["report", "--availability", "99.9%", "--output-format", "json", "."]);
    assert_eq!(once.json()["accounting"]["lines"], 30 * 60, "{}", once.stderr);
    assert_eq!(once.stderr.matches("format combined").count(), 1, "{}", once.stderr);
    work.file("copy.log", log(1_700..1_760));
    let twice = work.run(&["report", "--availability", "99.9%", "."]);
    assert!(twice.stdout.is_empty() && twice.stderr.contains("17.log") && twice.stderr.contains("copy.log"), "{}", twice.stderr);
}

/// A thousand files of all kinds in a directory, by number; what is alike comes in stretches of different lengths, and not only.
fn thousand(work: &Work) -> Vec<String> {
    let stretches: Vec<Vec<(&str, Vec<u8>)>> = (0..66).map(|n| contents(400 * n)).collect();
    let kinds = stretches[0].len();
    // Each (writer, second) once: some writers one behind the other, the others by turns.
    let in_rows = (0..kinds).filter(|kind| kind % 3 != 1).flat_map(|kind| (0..66).map(move |n| (kind, n)));
    let by_turns = (0..66).flat_map(|n| (0..kinds).filter(|kind| kind % 3 == 1).map(move |kind| (kind, n)));
    let mut files: Vec<Vec<u8>> = in_rows.chain(by_turns).map(|(kind, n)| stretches[n][kind].1.clone()).collect();
    files.extend((0..40).map(|n| line(100_000 + n, "/alone", 200).into_bytes()));
    files.extend(
        (0..30)
            .map(|n| log(110_000 + 50 * n..110_000 + 50 * n + 20).into_bytes())
            .map(|text| [&text[..], b"no request\n"].concat()),
    );
    files.extend((0..2).flat_map(|_| (0..20).map(|n| log(120_000 + 50 * n..120_000 + 50 * n + 20).into_bytes())));
    // Larger than what is told by a look: odd behind that, or not small at all.
    files.push([log(130_000..130_900).as_bytes(), b"no request\n"].concat());
    files.push(log(140_000..144_000).into_bytes());
    files.extend((0..5).map(|n| vec![0x80 + n, 0, 1, 2, n]));
    assert!(files.len() > 1_000, "{}", files.len());
    let names: Vec<String> = (0..files.len()).map(|n| format!("logs/{n:04}.log")).collect();
    names.iter().zip(files).for_each(|(name, bytes)| work.file(name, bytes));
    names
}

#[test]
fn a_thousand_small_files_give_what_few_at_a_time_give() {
    let work = Work::new();
    let names = thousand(&work);
    // So few are never read in one go; the tests above say that they give what each gives alone.
    let (mut few, mut errors) = (BTreeMap::new(), 0);
    for names in names.chunks(60) {
        let (inputs, told) = read(&work, &names.iter().map(String::as_str).collect::<Vec<_>>());
        few.extend(inputs);
        errors += told.matches("slix: error").count();
    }
    let events =
        |inputs: &BTreeMap<String, Value>| inputs.values().filter_map(|input| input["events"]["lines"].as_u64()).sum::<u64>();
    assert!(few.len() > 900 && errors >= 5, "{} {errors} {}", few.len(), events(&few));
    let mut turned: Vec<&str> = names.iter().map(String::as_str).collect();
    turned.sort_by_key(|name| name.bytes().rev().collect::<Vec<_>>());
    turned.splice(0..0, ["--threads", "8"]);
    for arguments in [vec!["--threads", "1", "logs"], vec!["--threads", "2", "logs"], turned] {
        let (all, told) = read(&work, &arguments);
        assert_eq!(told.matches("slix: error").count(), errors, "{:?}", &arguments[..2]);
        assert!(all == few, "{:?}: {:?}", &arguments[..2], all.iter().find(|(name, input)| few.get(*name) != Some(*input)));
    }
}

/// The default SLOs have a latency if some log tells one, and which logs those are shows only at the end.
#[test]
fn the_order_of_many_files_does_not_say_what_is_asked() {
    let work = Work::new();
    for n in 0..80 {
        let kinds: BTreeMap<&str, Vec<u8>> = contents(400 * n).into_iter().collect();
        work.file(&format!("{n:02}.log"), &kinds[if n < 70 { "combined" } else { "json" }]);
        if n < 70 {
            work.file(&format!("plain/{n:02}.log"), &kinds["combined"]);
        }
    }
    let windows = |more: &[&str]| work.run(&[&["windows", "--output-format", "ndjson", "--every", "1h"][..], more].concat());
    let names: Vec<String> = (0..80).map(|n| format!("{n:02}.log")).collect();
    let forward: Vec<&str> = names.iter().map(String::as_str).collect();
    let backward: Vec<&str> = forward.iter().rev().copied().collect();
    let (first, last) = (windows(&forward), windows(&backward));
    assert_eq!(first.text(), last.text());
    assert_eq!(first.stderr, last.stderr.replace("the first is 69.log", "the first is 00.log"));
    assert!(first.text().contains("\"slo\":\"latency\"") && first.stderr.contains("70 of 80 inputs"), "{}", first.stderr);
    let alone = windows(&["plain"]);
    assert!(!alone.text().contains("latency") && alone.text().contains("\"window_good\":2800"), "{}", alone.text());
    // Slices files are read beside logs, and know their contents by more than one run needs.
    let asked = ["--availability", "99.9%"];
    for (n, names) in forward.chunks(40).enumerate() {
        let out = format!("{n}.slices.parquet");
        work.run(&[&["slices", "-o", &out][..], &asked, names].concat()).exits(0);
    }
    let stored = windows(&[&asked[..], &["0.slices.parquet", "1.slices.parquet"]].concat());
    assert_eq!(stored.text(), windows(&[&asked[..], &forward].concat()).text());
    work.run(&[&["slices", "-o", "all.slices.parquet"][..], &asked, &forward].concat()).exits(0);
    assert_eq!(windows(&[&asked[..], &["all.slices.parquet"]].concat()).text(), stored.text());
    let twice = windows(&[&asked[..], &["all.slices.parquet", "."]].concat());
    assert!(twice.stdout.is_empty() && twice.stderr.contains("are the same log"), "{}", twice.stderr);
}
