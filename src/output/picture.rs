//! The summary as a picture, for chats and tickets: a line for each SLO, and nothing that has to be clicked.
//!
//! A template makes the SVG. The PNG is that same SVG, drawn by resvg with the fonts of this file, so that it looks alike
//! on every machine.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthChar;

use super::excluded;
use super::number::{count, time};
use super::page::render;
use super::summary::{Shown, Summary, clean, mode_words};
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::report::Report;
use crate::slo::policy::Mode;

const TEMPLATE: &str = include_str!("picture/summary.svg");
/// Inter by its authors, cut down to Latin, Greek and Cyrillic: see `picture/fonts/README.md`.
const FONTS: [&[u8]; 2] = [include_bytes!("picture/fonts/Inter-Regular.otf"), include_bytes!("picture/fonts/Inter-SemiBold.otf")];
/// SLOs that a picture shows: more would not be read in a chat. How many more there are is said.
pub const SLOS_SHOWN_MAX: usize = 20;
/// Characters of a name that fit beside the numbers; the rest is cut off, and an ellipsis says so.
const NAME_CHARS_MAX: usize = 38;
/// Height of a line, and of what stands above and below the lines, in px.
const ROW_PX: usize = 58;
const EDGES_PX: usize = 92;
/// Exclusions that a picture lists, the height of the line of each in px, and how many characters fit into it.
const EXCLUDED_SHOWN_MAX: usize = 3;
const EXCLUDED_PX: usize = 18;
const LINE_CHARS_MAX: usize = 130;
/// Height of the bars of the burn, in px.
const SPARK_PX: f64 = 26.0;
/// Dots of a PNG for each px: screens of phones and laptops have two.
const DOTS: f32 = 2.0;

/// The picture as SVG.
///
/// # Errors
/// None for reports of a plan.
pub fn to_svg(reports: &[Report]) -> Result<String> {
    let shown = reports.iter().take(SLOS_SHOWN_MAX);
    let rows: Vec<Value> = shown.enumerate().map(|(i, report)| row(i, &Summary::of(report))).collect();
    let more = reports.len().saturating_sub(SLOS_SHOWN_MAX);
    let excluded = excluded(reports);
    let below = EXCLUDED_PX * excluded.len();
    let height = EDGES_PX + ROW_PX * rows.len().max(1) + below;
    let line =
        |(i, words): (usize, &String)| json!({ "y": height - 16 - below + EXCLUDED_PX * i, "words": cut(words, LINE_CHARS_MAX) });
    let at = reports.first().map(|report| time(report.at));
    let picture = json!({
        "height": height,
        "foot": height - 16,
        "at": at,
        "rows": rows,
        "excluded": excluded.iter().enumerate().map(line).collect::<Vec<_>>(),
        "more": (more > 0).then(|| format!("and {} more", count(more as u64))),
        "words": reports.iter().take(SLOS_SHOWN_MAX).map(|report| words(&Summary::of(report))).chain(excluded.iter().cloned()).collect::<Vec<_>>().join("; "),
    });
    render("summary.svg", TEMPLATE, &picture)
}

/// The picture as PNG, at two dots for each px of the SVG.
///
/// # Errors
/// None for reports of a plan.
pub fn to_png(reports: &[Report]) -> Result<Vec<u8>> {
    let svg = to_svg(reports)?;
    let mut fonts = fontdb::Database::new();
    FONTS.into_iter().for_each(|font| fonts.load_font_data(font.to_vec()));
    fonts.set_sans_serif_family("Inter");
    let options = Options { font_family: "Inter".to_owned(), fontdb: Arc::new(fonts), ..Options::default() };
    let tree = Tree::from_str(&svg, &options).map_err(|cause| failed().because(cause))?;
    let size = tree.size().to_int_size().scale_by(DOTS).ok_or_else(failed)?;
    let mut picture = Pixmap::new(size.width(), size.height()).ok_or_else(failed)?;
    resvg::render(&tree, Transform::from_scale(DOTS, DOTS), &mut picture.as_mut());
    picture.encode_png().map_err(|cause| failed().because(cause))
}

#[cold]
fn failed() -> Error {
    Error::new(ErrorKind::Output, "the picture cannot be drawn").hint("write the report as SVG or HTML instead")
}

fn row(i: usize, s: &Summary) -> Value {
    let text = |shown: &Option<Shown>| shown.as_ref().map_or("–".to_owned(), |shown| shown.text.clone());
    json!({
        "y": 62 + i * ROW_PX,
        "mode": s.mode.name(),
        "mode_words": mode_words(s.mode),
        "name": short(&s.name()),
        "terms": format!("{} over {}", s.target, s.window),
        "sli": text(&s.sli),
        "against": s.reaches.map_or("nothing counted".to_owned(), |reaches| format!("{} {}", if reaches { "≥" } else { "<" }, s.target)),
        "remaining": text(&s.remaining),
        "is_over": s.mode != Mode::NoData && s.remaining.as_ref().is_some_and(|shown| shown.value < 0.0),
        "bar": format!("{:.1}", 150.0 * s.bar()),
        "burn": text(&s.burn),
        "spark": spark(&s.trend),
    })
}

/// The bars of the burn: the highest fills the height, or a burn of 1 where all are below.
fn spark(trend: &[Option<f64>]) -> Vec<Value> {
    let top = trend.iter().flatten().copied().fold(1.0, f64::max);
    let bar = |(i, rate): (usize, &Option<f64>)| {
        let height = (SPARK_PX * (*rate)? / top).max(1.0);
        Some(json!({ "x": i * 5, "y": format!("{:.1}", SPARK_PX - height), "height": format!("{height:.1}") }))
    };
    trend.iter().enumerate().filter_map(bar).collect()
}

/// What the numbers lack: a line for each exclusion, of many the first ones and how many more there are.
fn excluded(reports: &[Report]) -> Vec<String> {
    let all = excluded::told(reports.iter().take(SLOS_SHOWN_MAX).flat_map(|report| &report.excluded));
    let more = all.len().saturating_sub(EXCLUDED_SHOWN_MAX);
    let mut lines: Vec<String> = all.iter().take(EXCLUDED_SHOWN_MAX).map(|words| format!("Excluded: {}", clean(words))).collect();
    if let (Some(last), 1..) = (lines.last_mut(), more) {
        last.push_str(&format!(", and {more} more"));
    }
    lines
}

fn short(text: &str) -> String {
    cut(text, NAME_CHARS_MAX)
}

/// As much of a text as fits.
fn cut(text: &str, chars_max: usize) -> String {
    let wide = |c: char| c.width().unwrap_or(0);
    if text.chars().map(wide).sum::<usize>() <= chars_max {
        return text.to_owned();
    }
    let mut room = chars_max - 1;
    let kept = text.chars().take_while(|&c| {
        let fits = wide(c) <= room;
        room = room.saturating_sub(wide(c));
        fits
    });
    format!("{}…", kept.collect::<String>().trim_end())
}

/// What the picture says, for whoever hears it.
fn words(s: &Summary) -> String {
    let sli = s.sli.as_ref().map_or(String::new(), |sli| format!(", SLI {} of {}", sli.text, s.target));
    let left = s.remaining.as_ref().map_or(String::new(), |left| {
        if left.value < 0.0 { format!(", budget {}", left.text) } else { format!(", budget left {}", left.text) }
    });
    format!("{}: {}{sli}{left}", short(&s.name()), mode_words(s.mode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample::reports;

    #[test]
    fn the_picture_says_what_the_report_says() {
        let reports = reports(9);
        let svg = to_svg(&reports).unwrap();
        for report in &reports {
            let summary = Summary::of(report);
            for text in [summary.name(), summary.sli.unwrap().text, summary.remaining.unwrap().text, summary.burn.unwrap().text] {
                let text = text.replace('/', "&#x2f;");
                assert!(svg.contains(&format!(">{text}<")), "{text} in {svg}");
            }
        }
        assert_eq!(svg.matches("class=\"row\"").count(), reports.len());
    }

    #[test]
    fn a_png_has_two_dots_a_px_and_is_not_empty() {
        for days in [0, 9] {
            let png = to_png(&reports(days)).unwrap();
            let picture = Pixmap::decode_png(&png).unwrap();
            assert_eq!((picture.width(), picture.height()), (2 * 960, 2 * (EDGES_PX + 2 * ROW_PX) as u32));
            let inks: std::collections::BTreeSet<u8> = picture.pixels().iter().map(|dot| dot.red()).collect();
            assert!(inks.len() > 50, "letters have many shades, and here are {}", inks.len());
        }
    }

    #[test]
    fn names_are_escaped_and_cut() {
        let mut reports = reports(1);
        reports[0].slo = "<script>\u{202e}&\"".to_owned();
        reports[1].slo = "x".repeat(200);
        let svg = to_svg(&reports).unwrap();
        assert!(svg.contains(r"&lt;script&gt;\u{202e}&amp;&quot;"), "{svg}");
        assert!(!svg.contains("<script") && !svg.contains(&"x".repeat(50)) && svg.contains("x…"));
        resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
    }

    #[test]
    fn more_than_fit_are_counted() {
        let one = reports(1);
        let many: Vec<Report> = one.iter().cycle().take(SLOS_SHOWN_MAX + 3).cloned().collect();
        let svg = to_svg(&many).unwrap();
        assert_eq!((svg.matches("class=\"row\"").count(), svg.contains("and 3 more")), (SLOS_SHOWN_MAX, true));
        assert!(to_svg(&[]).unwrap().contains("No SLO"));
    }
}
