//! What people see. Look at it with `cargo test --lib output::terminal -- --ignored --nocapture`.

use super::*;
use crate::output::rows::RowsTable;
use crate::output::sample;

fn look(width: u16) -> Look {
    Look { width, color: false, utf8: true }
}

fn report_text(days: i64, look: Look) -> String {
    let partial = sample::partial(days);
    sample::with_plan(&partial, "1h", |plan| report(&plan.reports().unwrap(), &partial.receipts, look).unwrap())
}

fn rows_text(every: &str, look: Look) -> String {
    let partial = sample::partial(9);
    sample::with_plan(&partial, every, |plan| {
        let mut table = RowsTable::new(look);
        sample::rows(plan).into_iter().for_each(|row| table.push(row));
        table.render()
    })
}

#[test]
#[ignore = "for the eye"]
fn show() {
    for look in [look(80), Look { color: true, ..look(160) }, Look { utf8: false, ..look(80) }] {
        println!("{}\n{}", "=".repeat(look.width.into()), report_text(9, look));
        println!("{}", rows_text("1d", look));
    }
    println!("{}", report_text(0, look(80)));
}

#[test]
fn a_report_reads_like_this() {
    let text = report_text(9, look(80));
    let block = text.split("\n\n").take(2).collect::<Vec<_>>().join("\n\n");
    assert_eq!(
        block,
        r#"shop / availability  99.9% over 28d                                        ✓ met
  events  1,360,780: 1,359,231 good, 1,294 bad, 255 unknown
  SLI     99.904%
  budget  4.8% left: 66 of 1,360 allowed bad events, 1.97 of 40.3 min
          █▎░░░░░░░░░░░░░░░░░░░░░░░░░░
  burn    1h 0.00×   1d 0.10×   7d 1.20×
  pace    of the last day: spent in 13.9 d, a whole budget in 285.1 d
  trend   ▂▂▂▂▂▂▂▂▂▁▂▂▂▂█▂▂▂▂▂▂▁▂▂▂▂▂▂  burn per 7.8 h, at most 16.62×
  window  2026-10-01 00:00 to 2026-10-29 00:00 UTC
  input   covers the last 9 d of the window, with events in 97.6% of the slices
  mode    ▲ caution since 2026-10-28 12:55: 20% of the budget or less is left
          release with care: small changes, reviewed, easy to take back

  worst groups        bad     valid      SLI   budget spent
────────────────────────────────────────────────────────────
  /api/orders/{id}    812   900,431   99.90%          59.6%
  /search, "quoted"   374   405,956   99.90%          27.4%
  (none)               46    33,013   99.86%           3.3%
  \xFF\u{1b}[31m\\     36    15,055   99.76%           2.6%
  (empty)              26     6,070   99.57%           1.9%"#
    );
    let lines = "  lines  1,011 = 1,000 events + 2 skipped + 0 joined + 0 undated + 9 rejected
         shop\\u{1b}[2J.log: 9 of 1,000 rejected (9 layout)\n";
    assert!(text.ends_with(lines), "{text}");
}

#[test]
fn an_overspent_budget_says_by_how_much() {
    let text = report_text(6, look(80));
    assert!(text.contains("NOT MET"), "{text}");
    assert!(text.contains("  budget  none left, 138.5% spent: 1,249 bad, 902 allowed, 55.8 of 40.3 min\n"), "{text}");
    assert!(
        report_text(0, look(80))
            .starts_with("shop / availability  99.9% over 28d                                    ○ no data\n  events  none\n")
    );
}

#[test]
fn warnings_wrap_between_words() {
    let text = Look { width: 40, ..look(80) }.marked((Ink::Warn, " warning: "), &"four ".repeat(10));
    assert_eq!(text.lines().next(), Some(" warning: four four four four four four"));
    assert!(text.lines().skip(1).all(|line| line.starts_with("          four")), "{text}");
}

#[test]
fn the_width_and_the_character_set_are_kept() {
    for width in [80, 100, 120, 160, 200] {
        for text in [report_text(9, look(width)), rows_text("1d", look(width)), rows_text("6h", look(width))] {
            let widest = text.lines().map(UnicodeWidthStr::width).max().unwrap();
            assert!(widest <= usize::from(width), "{widest} > {width}\n{text}");
        }
    }
    let ascii = Look { utf8: false, ..look(80) };
    assert!((report_text(9, ascii) + &rows_text("1d", ascii)).is_ascii());
}

#[test]
fn nothing_of_a_log_acts_on_the_terminal() {
    for text in [report_text(9, look(80)), rows_text("1d", look(160))] {
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text}");
        assert!(text.contains(r"\xFF\u{1b}") || text.contains(r"\u{1b}[2J"), "{text}");
    }
    // Colour adds its own sequences and nothing else.
    let colored = report_text(9, Look { color: true, ..look(80) });
    let codes = ["\x1b[1m", "\x1b[32m", "\x1b[1;31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"];
    let plain = codes.iter().fold(colored, |t, code| t.replace(code, ""));
    assert_eq!(plain, report_text(9, look(80)));
}

#[test]
fn more_rows_than_a_terminal_needs_are_counted() {
    let partial = sample::partial(9);
    let text = sample::with_plan(&partial, "1h", |plan| {
        let mut table = RowsTable::new(look(80));
        let row = sample::rows(plan).remove(0);
        (0..crate::output::rows::ROWS_SHOWN_MAX + 1_234).for_each(|_| table.push(row.clone()));
        table.render()
    });
    assert!(text.ends_with("and 1,234 more rows: write them to a file with -o\n"));
}

/// The reports of the sample, and one more of the first.
fn three(look: Look) -> String {
    let partial = sample::partial(9);
    sample::with_plan(&partial, "1h", |plan| {
        let mut reports = plan.reports().unwrap();
        reports.push(reports[0].clone());
        report(&reports, &partial.receipts, look).unwrap()
    })
}

#[test]
fn many_slos_begin_with_a_row_each() {
    let text = three(look(80));
    let overview: Vec<&str> = text.lines().take(3).map(str::trim_end).collect();
    assert_eq!(
        overview,
        [
            "  mode        SLO                   target       SLI    left   budget",
            "──────────────────────────────────────────────────────────────────────────",
            "  ▲ caution   shop / availability    99.9%   99.904%    4.8%   ▍░░░░░░░░░",
        ],
        "{text}"
    );
    assert!(report_text(9, look(80)).starts_with("shop / availability"));
    let shown = |width| three(look(width)).lines().next().unwrap().split_whitespace().last().unwrap().to_owned();
    assert_eq!([80, 100, 130].map(shown), ["budget", "1d", "trend"]);
    assert!(
        three(Look { color: true, ..look(80) }).contains("\u{1b}[38;5;3m  ▲ caution"),
        "{:?}",
        three(Look { color: true, ..look(80) })
    );
}

#[test]
fn blocks_stand_side_by_side_where_there_is_room() {
    let (text, narrow) = (three(look(200)), three(look(98)));
    let titles = |text: &str| text.lines().filter(|line| line.contains("over 28d")).map(str::to_owned).collect::<Vec<_>>();
    let ([both, alone], [first, second, _]) = (&titles(&text)[..], &titles(&narrow)[..]) else { panic!("{text}") };
    assert_eq!(*both, format!("{first:<98}    {second}"));
    assert_eq!(alone, first);
    let colored = three(Look { color: true, ..look(200) });
    assert!(titles(&colored).iter().all(|line| columns(line) <= 200 && line.len() > 200 || columns(line) <= 98), "{colored}");
    assert_eq!(columns("\x1b[1;31m✗ a\x1b[0m"), 3);
}
