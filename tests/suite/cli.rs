//! What a folder of files cannot say: pipes, signals, full disks, and laws over several runs.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::work::{DEFINITIONS, Ran, Work, gzip, line, log};

fn work() -> Work {
    let work = Work::new();
    work.file("slos.yaml", DEFINITIONS);
    work.file("access.log", log(0..2_000));
    work
}

/// Every command of the README's tour, on one log.
#[test]
fn commands_work_together() {
    let work = work();
    work.file("old/a.log.gz", gzip(log(0..1_000).as_bytes()));
    work.file("old/b.log", log(1_000..2_000));
    let report = work.run(&["report", "access.log"]).exits(0);
    assert!(report.text().contains("availability  99.9% over 28d"), "{}", report.text());
    assert!(report.stderr.contains("access.log: format combined"), "{}", report.stderr);
    let piped = work.run_with(&["windows", "-c", "slos.yaml", "--every", "5m"], &gzip(log(0..2_000).as_bytes())).exits(0);
    assert!(piped.rows().len() > 10);
    work.run(&["windows", "-c", "slos.yaml", "old/*.gz", "old/b.log", "-o", "windows.parquet"]).exits(0);
    assert!(work.read("windows.parquet").starts_with(b"PAR1"));
    work.run(&["slices", "-c", "slos.yaml", "old/", "-o", "october.slices.parquet"]).exits(0);
    let stored = work.run(&["report", "-c", "slos.yaml", "october.slices.parquet"]).exits(0);
    let direct = work.run(&["report", "-c", "slos.yaml", "old"]).exits(0);
    assert_eq!(stored.text(), direct.text());
    let flags = ["report", "--availability", "99.9%", "--latency", "99% <= 300ms", "--group-by", "host", "access.log"];
    let refused = work.run(&flags).exits(2);
    assert!(refused.stderr.contains("SLO `latency` cannot be answered"), "{}", refused.stderr);
    let explained = work.run(&["explain", "-c", "slos.yaml", line(7, "/cart/1?x=2", 503).trim_end()]).exits(0);
    assert!(explained.text().contains("availability  98% over 28d: bad"), "{}", explained.text());
    assert!(work.run(&["check", "slos.yaml"]).exits(0).text().contains("2 SLOs, 2 routes"));
}

#[test]
fn rows_count_what_is_in_the_log() {
    let rows = work().run(&["windows", "access.log", "--every", "1d"]).exits(0).rows();
    let rejected = (0..2_000).filter(|n| n % 97 == 96).count();
    let bad = (0..2_000).filter(|n| n % 97 != 96 && n % 50 == 49).count();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["events"], 2_000 - rejected);
    assert_eq!(rows[0]["bad"], bad);
}

#[test]
fn what_is_read_is_not_written_over() {
    let work = work();
    std::os::unix::fs::symlink(work.path("access.log"), work.path("linked.log")).unwrap();
    let read = [work.read("access.log"), work.read("slos.yaml")];
    for (args, what) in [
        (&["windows", "access.log", "--rejects", "access.log"][..], "a log that is read"),
        (&["windows", "access.log", "--rejects", "linked.log"], "a log that is read"),
        (&["windows", ".", "--output-format", "csv", "-o", "access.log", "--format", "combined"], "a log that is read"),
        (&["report", "-c", "slos.yaml", "access.log", "-o", "slos.yaml"], "the definition"),
        (&["windows", "access.log", "-o", "new.csv", "--rejects", "new.csv"], "what -o writes to"),
    ] {
        let refused = work.run(args).exits(2);
        assert!(refused.stderr.contains(what), "{args:?} {}", refused.stderr);
    }
    let refused = work.run(&["init", "access.log", "-o", "access.log"]).exits(2);
    assert!(refused.stderr.contains("the log that is read"), "{}", refused.stderr);
    assert_eq!([work.read("access.log"), work.read("slos.yaml")], read);
    // Slices may become what they are with others.
    work.run(&["slices", "access.log", "-o", "a.slices.parquet"]).exits(0);
    work.run(&["slices", "a.slices.parquet", "-o", "a.slices.parquet"]).exits(0);
}

/// (arguments, what the message must say)
#[test]
fn wrong_usage_exits_with_2_and_says_what_to_write() {
    let work = work();
    let cases: [(&[&str], &str); 19] = [
        (&["report", "--nonsense", "access.log"], "--nonsense"),
        (&["access.log"], "slix report access.log"),
        (&["report", "-c", "slos.yaml", "--availability", "99%", "access.log"], "cannot be used with"),
        (&["report", "--format", "combined", "--nginx-conf", "x", "access.log"], "cannot be used with"),
        (&["windows", "access.log", "--every", "soon"], "--every: `soon`"),
        (&["windows", "access.log", "--from", "yesterday"], "--from: `yesterday` is not a time"),
        (&["report", "access.log", "--at", "12"], "--at: `12` is not a time"),
        (&["report", "access.log", "--max-rejects", "few"], "--max-rejects: `few`"),
        (&["report", "access.log", "--max-rejects", "-1"], "--max-rejects: `-1` is neither a share nor a number of lines"),
        (&["report", "access.log", "--max-rejects", "-1%"], "--max-rejects: `-1%`"),
        (&["windows", "access.log", "--every", "-1h"], "--every: `-1h`"),
        (&["report", "access.log", "--availability", "-1%"], "--availability"),
        (&["report", "access.log", "--threads", "-1"], "'-1' for '--threads <N>'"),
        (&["report", "access.log", "--range", "5"], "--range"),
        (&["report", "access.log", "--tz", "Nowhere/Else"], "--tz: `Nowhere/Else`"),
        (&["report", "access.log", "--availability", "99.9"], "--availability"),
        (&["report", "-c", "none.yaml", "access.log"], "none.yaml"),
        (&["windows", "access.log", "-o", "rows.txt"], "--output-format"),
        (&["report", "access.log", "--format", "combind"], "did you mean `combined`?"),
    ];
    for (args, says) in cases {
        let ran = work.run(args).exits(2);
        assert!(ran.stderr.contains(says) && ran.stdout.is_empty(), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.starts_with("slix: ") && !ran.stderr.contains("-- -1"), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn help_is_data_and_a_bare_call_shows_it() {
    let work = Work::new();
    assert!(work.run(&[]).stderr.contains("Usage: slix"));
    for command in ["report", "windows", "slices", "explain", "check"] {
        let help = work.run(&[command, "--help"]).exits(0);
        assert!(help.text().contains("Example:") && help.stderr.is_empty(), "{command}");
    }
}

#[test]
fn inputs_that_are_no_logs() {
    let work = work();
    work.file("empty.log", "");
    work.file("binary.log", [0u8, 159, 146, 150, 10, 255, 254, 0, 10].repeat(99));
    std::fs::create_dir(work.path("nothing")).unwrap();
    let empty = work.run(&["report", "empty.log"]).exits(0);
    assert!(empty.stderr.contains("empty.log: it is empty"), "{}", empty.stderr);
    assert!(work.run(&["windows", "empty.log"]).exits(0).stdout.is_empty());
    for (input, says) in [
        ("binary.log", "binary.log: no known format"),
        ("missing.log", "missing.log: it cannot be opened"),
        ("nothing", "holds no files"),
    ] {
        let ran = work.run(&["report", input]).exits(1);
        assert!(ran.stderr.contains(says) && ran.stdout.is_empty(), "{}", ran.stderr);
    }
}

#[test]
fn what_cannot_be_read_ends_the_run_unless_it_shall_go_on() {
    let work = work();
    work.file("windows.json", "old");
    let args = ["windows", "access.log", "missing.log", "-o", "windows.json"];
    work.run(&args).exits(1);
    assert_eq!(work.read("windows.json"), b"old");
    let went_on = work.run(&[&args[..], &["--keep-going"]].concat()).exits(1);
    assert!(went_on.stderr.contains("missing.log") && work.read("windows.json") != b"old", "{}", went_on.stderr);
    work.file("odd.log", "nothing that anybody knows\n".repeat(20));
    let skipped = work.run(&["report", "odd.log", "access.log", "--keep-going", "--output-format", "json"]).exits(1);
    assert_eq!(skipped.json()["accounting"]["lines"], 2_000);
}

#[test]
fn a_truncated_archive_counts_up_to_there() {
    let work = work();
    let whole = gzip(log(0..2_000).as_bytes());
    work.file("cut.log.gz", &whole[..whole.len() / 2]);
    let ran = work.run(&["report", "cut.log.gz", "--output-format", "json"]).exits(1);
    assert!(ran.stderr.contains("cut.log.gz: the gzip data is cut off"), "{}", ran.stderr);
    let accounting = &ran.json()["accounting"];
    assert!(accounting["lines"].as_u64().unwrap() > 100, "{accounting}");
    assert_eq!(accounting["inputs"][0]["cut_short"].as_array().unwrap().len(), 1);
}

#[test]
fn a_closed_output_is_a_normal_end() {
    let work = Work::new();
    work.file("long.log", log(0..20_000));
    let args = ["windows", "long.log", "--every", "1m", "--group-by", "path", "--output-format", "ndjson"];
    let mut child = work.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with('{'));
    let ran = Ran::of(child.wait_with_output().unwrap()).exits(0);
    assert!(!ran.stderr.contains("error"), "{}", ran.stderr);
}

#[test]
fn a_full_disk_is_an_error() {
    let Ok(full) = File::create("/dev/full") else { return eprintln!("skipped: no /dev/full") };
    let work = work();
    for args in [&["report", "access.log"][..], &["--help"], &["report", "--help"], &["--version"], &["formats"], &["man"]] {
        let mut command = work.command(args);
        let ran = Ran::of(command.stdout(full.try_clone().unwrap()).stderr(Stdio::piped()).output().unwrap());
        let words = ran.exits(1).stderr;
        assert!(words.contains("slix: error: writing standard output failed"), "{args:?}: {words}");
    }
}

/// What comes of Ctrl-C once a text was read from a pipe whose writer goes on.
fn interrupted(mut command: Command, text: &str) -> Ran {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(text.as_bytes()).unwrap();
    // However busy the machine is: all of it has been read once the pipe is empty.
    while rustix::io::ioctl_fionread(&pipe).unwrap() > 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    interrupt(&child);
    let ran = Ran::of(wait(child)).exits(130);
    drop(pipe);
    ran
}

/// Lines on a pipe whose writer goes on, then Ctrl-C: less and more than the head that is read ahead.
#[test]
fn ctrl_c_ends_a_pipe_and_what_was_read_is_reported() {
    for seconds in [200, 3_000] {
        let work = Work::new();
        let args = ["report", "--output-format", "json"];
        let ran = interrupted(work.command(&args), &format!("{}198.51.100.1 - half a li", log(0..seconds)));
        assert!(ran.stderr.contains("interrupted"), "{}", ran.stderr);
        let accounting = &ran.json()["accounting"];
        assert_eq!(accounting["lines"], seconds, "{}", ran.stderr);
        assert_eq!(accounting["inputs"][0]["cut_short"][0], "interrupted");
    }
}

/// Half a line tells no format, and is no line either.
#[test]
fn ctrl_c_while_the_first_line_is_unfinished_is_an_interruption_all_the_same() {
    let until_then = "this is what was read until then";
    for (args, warning) in [
        (&["report"][..], "nothing was written"),
        (&["report", "--format", "combined"], until_then),
        (&["suggest", "--format", "combined"], until_then),
        (&["gate", "--format", "combined"], until_then),
        (&["incidents", "--format", "combined"], until_then),
    ] {
        let work = Work::new();
        let ran = interrupted(work.command(args), "198.51.100.1 - half a li");
        assert!(ran.stderr.contains(warning), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn ctrl_c_while_files_are_read_writes_nothing() {
    let work = work();
    // A file without an end for any practical purpose, which takes no room.
    let endless = File::create(work.path("endless.log")).unwrap();
    (&endless).write_all(log(0..100).as_bytes()).unwrap();
    if endless.set_len(1 << 40).is_err() {
        return eprintln!("skipped: no sparse files");
    }
    work.file("windows.json", "old");
    let args = ["windows", "endless.log", "--format", "combined", "-o", "windows.json", "--rejects", "rejects.tsv"];
    let child = work.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until_it_reads(&child);
    interrupt(&child);
    let ran = Ran::of(wait(child)).exits(130);
    assert!(ran.stderr.contains("interrupted: nothing was written"), "{}", ran.stderr);
    assert_eq!(work.read("windows.json"), b"old");
    assert_eq!(work.names(), ["access.log", "endless.log", "slos.yaml", "windows.json"]);
}

fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

/// Waits until a program has read more than what it begins with, which a busy machine may put off. Where nothing tells how much it has
/// read, it is given some time.
fn wait_until_it_reads(child: &Child) {
    let has_read = || {
        let told = std::fs::read_to_string(format!("/proc/{}/io", child.id())).ok()?;
        told.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse::<u64>().ok())
    };
    let begun = Instant::now();
    while has_read().map_or(begun.elapsed() < Duration::from_secs(1), |bytes| bytes < 4 << 20) {
        assert!(begun.elapsed() < Duration::from_secs(60), "it reads nothing");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits, but not for ever.
fn wait(mut child: Child) -> std::process::Output {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            let mut words = String::new();
            child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
            panic!("it did not stop: {words}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap()
}

/// Ranges that tile a log, cut anywhere, merge to the bytes of the whole.
#[test]
fn ranges_merge_to_the_whole() {
    let work = work();
    let length = work.read("access.log").len();
    work.run(&["slices", "-c", "slos.yaml", "access.log", "-o", "whole.parquet"]).exits(0);
    let cuts = [0, 1, 97, length / 3, length / 3 + 1, length - 1];
    let mut names = Vec::new();
    for (i, start) in cuts.iter().enumerate() {
        let end = cuts.get(i + 1).map_or(String::new(), usize::to_string);
        let (range, name) = (format!("{start}..{end}"), format!("part{i}.parquet"));
        work.run(&["slices", "-c", "slos.yaml", "--format", "combined", "access.log", "--range", &range, "-o", &name]).exits(0);
        names.insert(0, name);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    work.run(&[&["slices", "-c", "slos.yaml", "-o", "merged.parquet"], &names[..]].concat()).exits(0);
    assert!(work.read("merged.parquet") == work.read("whole.parquet"));
}

/// Threads, and the order of inputs, show nowhere.
#[test]
fn threads_and_order_give_the_same_bytes() {
    let work = Work::new();
    work.file("slos.yaml", DEFINITIONS);
    work.file("a.log", log(0..90_000));
    work.file("b.log", log(90_000..91_000));
    work.file("c.log.gz", gzip(log(91_000..93_000).as_bytes()));
    let run = |threads: &str, inputs: [&str; 3]| {
        let args = ["slices", "-c", "slos.yaml", "-o", "out.parquet", "--rejects", "rejects.tsv", "--threads", threads];
        work.run(&[&args[..], &inputs].concat()).exits(0);
        (work.read("out.parquet"), work.read("rejects.tsv"))
    };
    let one = run("1", ["a.log", "b.log", "c.log.gz"]);
    assert!(one.1.iter().filter(|&&b| b == b'\n').count() > 900);
    for threads in ["2", "8"] {
        assert!(run(threads, ["a.log", "b.log", "c.log.gz"]) == one, "{threads} threads");
    }
    assert!(run("2", ["c.log.gz", "b.log", "a.log"]).0 == one.0);
}

#[test]
fn slices_serve_other_targets_windows_and_groupings() {
    let work = work();
    work.run(&["slices", "-c", "slos.yaml", "access.log", "-o", "a.slices.parquet"]).exits(0);
    let coarser = DEFINITIONS.replace("98%", "99.5%").replace("window: 7d, ", "").replace("group_by: [route]", "group_by: []");
    work.file("coarser.yaml", coarser);
    for slice in ["1m", "5m"] {
        let args = ["windows", "-c", "coarser.yaml", "--slice", slice];
        let stored = work.run(&[&args[..], &["a.slices.parquet"]].concat()).exits(0);
        let direct = work.run(&[&args[..], &["access.log"]].concat()).exits(0);
        assert!(!direct.stdout.is_empty());
        assert_eq!(stored.text(), direct.text());
    }
    work.file("other.yaml", DEFINITIONS.replace("status < 500}", "status < 400}"));
    let refused = work.run(&["report", "-c", "other.yaml", "a.slices.parquet"]).exits(1);
    assert!(
        refused.stderr.contains("do not hold the indicator") && refused.stderr.contains("status < 400"),
        "{}",
        refused.stderr
    );
}

#[test]
fn rejects_are_kept_with_their_places() {
    let work = work();
    let ran = work.run(&["report", "access.log", "--rejects", "rejects.tsv", "--max-rejects", "0.99%"]).exits(1);
    assert!(ran.text().contains("availability") && ran.stderr.contains("more than --max-rejects allows"), "{}", ran.stderr);
    let (text, log) = (String::from_utf8(work.read("rejects.tsv")).unwrap(), work.read("access.log"));
    assert_eq!(text.lines().count(), (0..2_000).filter(|n| n % 97 == 96).count());
    for line in text.lines() {
        let [input, offset, reason, raw] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert_eq!((input, reason), ("access.log", "layout"));
        assert!(log[offset.parse::<usize>().unwrap()..].starts_with(raw.as_bytes()));
    }
    work.run(&["report", "access.log", "--max-rejects", "1%"]).exits(0);
}

/// Pieces of a large log, and lines that a batch leaves for later: the file is in the order of the log all the same.
#[test]
fn kept_rejects_are_those_of_any_number_of_threads() {
    let work = Work::new();
    let mut text = log(0..2_000);
    let odd = [" 999 ", " 2x0 ", " \"", "["];
    text.push_str(&log(0..400).replacen(" 200 ", odd[1], 3).replacen(" 200 ", odd[0], 90).replacen("\"", odd[2], 9));
    let large = text.repeat(1 + (20 << 20) / text.len());
    work.file("large.log", &large);
    let rejects = |threads: &str| {
        let args = ["report", "large.log", "--format", "combined", "--rejects", "rejects.tsv", "--threads", threads];
        let shown = work.run(&args).exits(0).stderr;
        (work.read("rejects.tsv"), shown)
    };
    let (one, two) = (rejects("1"), rejects("2"));
    assert!(one.0.len() > 10_000 && one == two, "{} {}", one.1, two.1);
    let offset = |line: &[u8]| line.split(|&b| b == b'\t').nth(1).map(|n| String::from_utf8_lossy(n).parse::<u64>().unwrap());
    let offsets: Vec<_> = one.0.split(|&b| b == b'\n').filter(|line| !line.is_empty()).map(offset).collect();
    assert!(offsets.is_sorted());
}

#[test]
fn the_same_content_twice_is_refused() {
    let work = work();
    let text = log(0..2_000);
    work.file("copy.log", &text);
    work.file("copy.log.gz", gzip(text.as_bytes()));
    work.file("longer.log", log(0..2_500));
    work.run(&["slices", "access.log", "-o", "a.slices.parquet"]).exits(0);
    for other in ["copy.log", "copy.log.gz", "longer.log", "a.slices.parquet"] {
        let ran = work.run(&["report", "access.log", other]).exits(1);
        assert!(ran.stderr.contains("--allow-duplicates") && ran.stdout.is_empty(), "{other}: {}", ran.stderr);
    }
    let both = work.run(&["report", "access.log", "copy.log", "--allow-duplicates", "--output-format", "json"]).exits(0);
    assert_eq!(both.json()["accounting"]["lines"], 4_000);
}

/// Nothing of a log reaches the output raw, wherever it is shown.
#[test]
fn control_characters_of_a_log_do_not_act() {
    let work = Work::new();
    let hostile = "/\u{1b}]0;owned\u{7}\u{202e}/\u{9b}31m";
    let lines: String = (0..300).map(|n| line(n, hostile, 500)).collect();
    work.file("a.log", lines + "\u{1b}[2Jbroken\n");
    for args in [
        &["report", "a.log", "--group-by", "path", "--stats"][..],
        &["windows", "a.log", "--group-by", "path", "--output-format", "table"],
    ] {
        let ran = work.run(args).exits(0);
        let acts = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!ran.text().contains(acts), "{:?}", ran.text());
        assert!(!ran.stderr.contains(acts), "{:?}", ran.stderr);
    }
    let colored = work.run(&["report", "a.log", "--color", "always"]).exits(0);
    assert!(colored.text().contains("\u{1b}[1;31m✗ NOT MET\u{1b}[0m"), "{:?}", colored.text());
}

#[test]
fn quiet_is_quiet() {
    let work = work();
    let ran = work.run(&["report", "access.log", "-q"]).exits(0);
    assert!(!ran.stderr.contains("format combined") && ran.stderr.contains("were rejected"), "{}", ran.stderr);
    assert_eq!(work.run(&["report", "access.log", "-qq"]).exits(0).stderr, "");
}

/// Each input in its own format, for its own service.
#[test]
fn inputs_may_differ_in_format_and_service() {
    let work = Work::new();
    work.file("web.log", log(0..500));
    let api: String =
        (0..400).map(|n| format!("{{\"at\":{},\"code\":200,\"took\":\"0.{:03}\"}}\n", 1_793_491_200 + n, n)).collect();
    work.file("api/one.ndjson", api);
    work.file(
        "slos.yaml",
        "\
inputs:
  - {files: 'api/*.ndjson', service: api, format: {json: {time: at s, status: code, latency: took s}}}
  - {files: '*.log', service: web}
slos:
  - {name: availability, target: 99%, good: status < 500}
  - {name: latency, service: api, target: 50%, good: latency <= 199ms}
",
    );
    let rows = work.run(&["windows", "-c", "slos.yaml", "web.log", "api", "--every", "1d"]).exits(0).rows();
    let seen: Vec<_> =
        rows.iter().map(|r| (r["service"].as_str().unwrap(), r["slo"].as_str().unwrap(), r["good"].as_u64().unwrap())).collect();
    let good_web = (0..500).filter(|n| n % 97 != 96 && n % 50 != 49).count() as u64;
    assert_eq!(seen, [("api", "availability", 400), ("web", "availability", good_web), ("api", "latency", 200)]);
}

/// From the start of the process to its end, a small log takes no noticeable time. (A bound for a loaded machine and a debug build.)
#[test]
fn a_small_log_takes_no_time() {
    let work = work();
    work.file("small.log", log(0..10));
    let took = |_| {
        let begun = Instant::now();
        work.run(&["report", "small.log"]).exits(0);
        begun.elapsed()
    };
    assert!((0..5).map(took).min().unwrap() < Duration::from_millis(500));
}

/// An offset to the west begins with a dash, and is a zone all the same.
#[test]
fn a_zone_may_begin_with_a_dash() {
    let work = Work::new();
    let line = slix::format::preset::Preset::named("haproxy").unwrap().example;
    let time = |zone: &str| {
        let ran = work.run(&["explain", "--format", "haproxy", "--output-format", "json", "--tz", zone, line]).exits(0);
        ran.rows()[0]["time"].clone()
    };
    assert_eq!((time("-05:00"), time("UTC")), ("2026-11-01T15:00:00.042Z".into(), "2026-11-01T10:00:00.042Z".into()));
}

/// What is asked for counts where the rest of the command line is wrong, too.
#[test]
fn mistakes_and_help_are_coloured_as_asked() {
    let work = Work::new();
    for args in [&["report", "--nonsense", "--color", "always"][..], &["report", "--color=always", "--nonsense"]] {
        assert!(work.run(args).exits(2).stderr.contains("\u{1b}["), "{args:?}");
    }
    assert!(work.run(&["report", "--help", "--color", "always"]).exits(0).text().contains("\u{1b}["));
    for args in [&["report", "--nonsense"][..], &["report", "--nonsense", "--color", "never"], &["--nonsense", "--color"]] {
        assert!(!work.run(args).exits(2).stderr.contains("\u{1b}["), "{args:?}");
    }
}
