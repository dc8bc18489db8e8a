//! Many SLOs at one glance: a row each, the state first.

use comfy_table::{Cell, Color};

use super::{Ink, Look, state, times};
use crate::evaluate::report::Report;
use crate::output::number::{percent, share};
use crate::output::spark::{burn_bars, share_bar};

/// So many SLOs have an overview; fewer are seen at one glance anyway.
const REPORTS_MIN: usize = 3;
/// From these widths on there is room for the burn of the last day, and for the trend.
const WITH_BURN: u16 = 90;
const WITH_TREND: u16 = 120;
const BAR_WIDTH: usize = 10;

/// A row for each report, above their blocks.
pub(super) fn overview(reports: &[Report], look: Look) -> String {
    if reports.len() < REPORTS_MIN {
        return String::new();
    }
    let all = [" mode", "SLO", ">target", ">SLI", ">left", "budget", ">burn 1d", "trend"];
    let shown = match look.width() {
        w if w >= WITH_TREND => all.len(),
        w if w >= WITH_BURN => all.len() - 1,
        _ => all.len() - 2,
    };
    let mut table = look.ruled_table(&all[..shown]);
    if look.color {
        table.enforce_styling();
    }
    // A window that all have alike is told below.
    let alike = reports.windows(2).all(|pair| pair[0].window.text() == pair[1].window.text());
    for report in reports {
        table.add_row(row(report, !alike, look).into_iter().take(shown));
    }
    format!("{}\n\n", table.trim_fmt())
}

fn row(r: &Report, with_window: bool, look: Look) -> Vec<Cell> {
    let (ink, _) = state(r, look);
    let mode_ink = look.mode_ink(r.stance.mode);
    let name = if r.service.is_empty() { r.slo.clone() } else { format!("{} / {}", r.service, r.slo) };
    let name = if with_window { format!("{name} over {}", r.window.text()) } else { name };
    let decimals = r.target.percent_decimals() + 2;
    let remaining = r.budget.map(|budget| budget.remaining);
    let day = r.burns.iter().find(|burn| burn.name == "1d" && !burn.partial).and_then(|burn| burn.rate);
    let plain = |text: Option<String>| Cell::new(text.unwrap_or_else(|| look.none()));
    vec![
        inked(format!(" {} {}", look.mode_mark(r.stance.mode), r.stance.mode.name()), mode_ink, look),
        Cell::new(look.clean(&name)),
        Cell::new(r.target),
        inked(percent(r.spent.good, r.spent.valid, decimals).unwrap_or_else(|| look.none()), ink, look),
        plain(remaining.map(share)),
        inked(remaining.map_or(String::new(), |left| share_bar(left, BAR_WIDTH, look.utf8)), mode_ink, look),
        plain(day.map(|rate| times(rate, look))),
        Cell::new(burn_bars(r.spark.iter().map(|s| s.burn_rate), look.utf8)),
    ]
}

fn inked(text: String, ink: Ink, look: Look) -> Cell {
    let color = match ink {
        Ink::Good => Color::DarkGreen,
        Ink::Bad => Color::DarkRed,
        Ink::Warn => Color::DarkYellow,
        Ink::Bold | Ink::Dim => return Cell::new(text),
    };
    if look.color { Cell::new(text).fg(color) } else { Cell::new(text) }
}
