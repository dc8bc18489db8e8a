//! What tells the format of a log, where its first lines are long.

use crate::work::{Ran, Work, gzip, line};

/// Runs a report, which tells of each log how it was read.
fn report(work: &Work, args: &[&str]) -> Ran {
    work.run(&[&["report", "--availability", "99%", "--stats"], args].concat())
}

/// A request whose line has about so many bytes.
fn long(bytes: usize) -> String {
    let half = "x".repeat(bytes / 2);
    line(7, &format!("/search?q={half}middle{half}"), 200)
}

fn short() -> String {
    (0..100).map(|second| line(second, "/cart", 200)).collect()
}

#[test]
fn a_long_first_line_does_not_hide_the_others() {
    let work = Work::new();
    for bytes in [70_000, 400_000, 3_000_000] {
        let log = long(bytes) + &short();
        work.file("a.log", &log);
        work.file("a.log.gz", gzip(log.as_bytes()));
        for name in ["a.log", "a.log.gz"] {
            let ran = report(&work, &[name]).exits(0);
            assert!(ran.stderr.contains("format combined"), "{}", ran.stderr);
            assert!(ran.stderr.contains("101 lines") && ran.stderr.contains("100 events, 1 rejected_too_long"), "{}", ran.stderr);
            let ran = report(&work, &["--max-line-bytes", "4MiB", name]).exits(0);
            assert!(ran.stderr.contains("101 events"), "{}", ran.stderr);
        }
        let ran = work.run_with(&["report", "--availability", "99%", "--stats"], log.as_bytes()).exits(0);
        assert!(ran.stderr.contains("100 events, 1 rejected_too_long"), "{}", ran.stderr);
    }
}

#[test]
fn a_long_first_line_in_parts_does_not_hide_the_others() {
    let work = Work::new();
    let cri = |tag: &str, text: &str| format!("2026-11-01T10:00:00.25Z stdout {tag} {}\n", text.trim_end());
    for bytes in [60_000, 300_000] {
        let text = long(bytes);
        let parts: Vec<&str> = text.as_bytes().chunks(16_384).map(|part| std::str::from_utf8(part).unwrap()).collect();
        let (last, before) = parts.split_last().unwrap();
        let log: String = before.iter().map(|part| cri("P", part)).chain([cri("F", last)]).collect();
        work.file("cri.log", log + &short().lines().map(|text| cri("F", text)).collect::<String>());
        let ran = report(&work, &["cri.log"]).exits(0);
        assert!(ran.stderr.contains("format combined"), "{}", ran.stderr);
        let events = if bytes < 65_536 { 101 } else { 100 };
        assert!(ran.stderr.contains(&format!("{events} events, {} joined", before.len())), "{}", ran.stderr);
        assert_eq!(ran.stderr.contains("1 rejected_too_long"), bytes > 65_536, "{}", ran.stderr);
        // A limit that has room for it reads it, and nothing is missing in its middle.
        work.file("slos.yaml", "slos: [{name: a, target: 50%, valid: exists(query), good: 'query contains \"middle\"'}]");
        let ran = work.run(&["report", "-c", "slos.yaml", "--stats", "--max-line-bytes", "1MiB", "cri.log"]).exits(0);
        assert!(ran.text().contains("1 good, 0 bad"), "{}", ran.text());
        assert!(ran.stderr.contains("101 events"), "{}", ran.stderr);
    }
}

#[test]
fn what_has_no_lines_is_told_as_that() {
    let work = Work::new();
    work.file("a.log", "x".repeat(18 << 20));
    let ran = report(&work, &["a.log"]).exits(1);
    assert!(ran.stderr.contains("no line ends within its first 16842752 bytes"), "{}", ran.stderr);
    let ran = report(&work, &["--format", "combined", "a.log"]).exits(0);
    assert!(ran.stderr.contains("1 rejected_too_long"), "{}", ran.stderr);
    let message = format!("<134>1 2026-11-01T10:00:00Z web nginx 7 - - {}", line(0, "/cart", 200).trim_end());
    work.file("b.log", format!("{} {message}", message.len()).repeat(1_000));
    let ran = report(&work, &["b.log"]).exits(1);
    assert!(ran.stderr.contains("octet counting") && ran.stderr.contains("perl -0777"), "{}", ran.stderr);
    work.file("c.log", format!("{} {message}", message.len()).repeat(150_000));
    let ran = report(&work, &["c.log"]).exits(1);
    assert!(ran.stderr.contains("octet counting"), "{}", ran.stderr);
}
