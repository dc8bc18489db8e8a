//! The summary as a table in Markdown, for a pull request, an issue or a wiki.

use super::excluded;
use super::number::time;
use super::summary::{Shown, Summary, clean, mode_words};
use crate::evaluate::report::Report;
use crate::slo::policy::Mode;

/// One row for each SLO, then why modes are what they are.
pub fn table(reports: &[Report]) -> String {
    let Some(first) = reports.first() else { return "No SLO is declared.\n".to_owned() };
    let mut out = format!("**SLO report** as of {} UTC\n\n", time(first.at));
    out.push_str("| Mode | SLO | Target | SLI | Budget left | Burn, last hour |\n|---|---|--:|--:|--:|--:|\n");
    let summaries: Vec<Summary> = reports.iter().map(Summary::of).collect();
    summaries.iter().for_each(|summary| out.push_str(&row(summary)));
    let told: Vec<&Summary> = summaries.iter().filter(|s| matches!(s.mode, Mode::Caution | Mode::Freeze)).collect();
    if !told.is_empty() || reports.iter().any(|report| report.excluded.iter().any(|one| !one.stretches.is_empty())) {
        out.push('\n');
    }
    for s in told {
        out.push_str(&format!("- **{}**, {}: {}\n", escaped(&s.name()), mode_words(s.mode), escaped(&s.reason)));
    }
    let mut excluded: Vec<String> = Vec::new();
    for report in reports {
        let of = escaped(&Summary::of(report).name());
        let told = excluded::told(&report.excluded).into_iter();
        excluded.extend(told.map(|words| format!("- excluded from **{of}**: {}\n", escaped(&clean(&words)))));
    }
    // The windows of an SLO stand beside each other.
    excluded.dedup();
    out.extend(excluded);
    out
}

fn row(s: &Summary) -> String {
    let cell = |shown: &Option<Shown>| shown.as_ref().map_or("–".to_owned(), |shown| escaped(&shown.text));
    let budget = if s.budget_words.is_empty() { String::new() } else { format!(" ({})", s.budget_words) };
    format!(
        "| {} {} | {} | {} over {} | {} | {}{budget} | {} |\n",
        sign(s.mode),
        mode_words(s.mode),
        escaped(&s.name()),
        s.target,
        escaped(&s.window),
        cell(&s.sli),
        cell(&s.remaining),
        cell(&s.burn),
    )
}

/// A sign that says the mode without its colour.
fn sign(mode: Mode) -> char {
    match mode {
        Mode::Ship => '✔',
        Mode::Caution => '▲',
        Mode::Freeze => '✖',
        Mode::NoData => '○',
    }
}

/// Text that stays text in Markdown and in what makes HTML of it: every sign of punctuation that means something there stands behind
/// a backslash, or as an entity; `@` and `#` and addresses become no mentions and no links.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' => out.push_str("&#124;"),
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            // `http:` and `www.` would become links by themselves.
            ':' if out.ends_with("http") || out.ends_with("https") || out.ends_with("ftp") => out.push_str("&#58;"),
            '.' if out.ends_with("www") => out.push_str("&#46;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample::reports;

    #[test]
    fn every_row_has_the_columns_of_the_header() {
        for days in [0, 9] {
            let text = table(&reports(days));
            let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
            assert_eq!(rows.len(), 4, "{text}");
            assert!(rows.iter().all(|row| row.matches('|').count() == 7), "{text}");
        }
        assert!(table(&reports(0)).contains("○ no data") && table(&[]).starts_with("No SLO"));
    }

    #[test]
    fn what_means_something_in_markdown_or_html_stays_text() {
        assert_eq!(escaped("a|b<img>&*_`[x](y)"), r"a&#124;b&lt;img&gt;&amp;\*\_\`\[x\](y)");
        assert_eq!(escaped("@team #1 https://x.example www.x"), "&#64;team &#35;1 https&#58;//x.example www&#46;x");
        let mut reports = reports(9);
        reports[0].slo = "a|b\n\u{202e}<script>".to_owned();
        let text = table(&reports);
        assert!(text.contains(r"a&#124;b\\n\\u{202e}&lt;script&gt;"), "{text}");
        assert!(text.lines().filter(|line| line.starts_with('|')).all(|row| row.matches('|').count() == 7), "{text}");
    }
}
