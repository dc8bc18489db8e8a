//! The windows table as people look at it on a terminal: the columns that fit, one heading per SLO.

use std::sync::Arc;

use comfy_table::{ColumnConstraint, Width};

use super::excluded;
use super::number::{count, percent, rate, share, time};
use super::terminal::{Ink, Look, group_label, title};
use crate::aggregate::Counts;
use crate::evaluate::excluded::Excluded;
use crate::evaluate::row::{SeriesKey, WindowRow};

/// Rows that are kept for a terminal; of more, the number is said.
pub const ROWS_SHOWN_MAX: usize = 10_000;
/// From this width on the table has all of its columns.
const WIDE: u16 = 150;
/// From this width on a table of groups says how many events there were.
const MIDDLING: u16 = 90;
/// Names of groups wrap, but not to fewer columns than this: on a terminal too narrow for it, the terminal breaks the lines.
const GROUP_WIDTH_MIN: u16 = 14;

/// Collects rows and shows them as a table.
#[derive(Debug)]
pub struct RowsTable {
    look: Look,
    rows: Vec<WindowRow>,
    /// Rows beyond [`ROWS_SHOWN_MAX`].
    left_out: u64,
    /// What the rows lack, and of which SLOs.
    excluded: Vec<(Arc<SeriesKey>, Excluded)>,
}

impl RowsTable {
    /// An empty table.
    pub fn new(look: Look) -> Self {
        RowsTable { look, rows: Vec::new(), left_out: 0, excluded: Vec::new() }
    }

    /// Says below the table what was excluded.
    #[must_use]
    pub fn with_excluded(self, excluded: Vec<(Arc<SeriesKey>, Excluded)>) -> Self {
        RowsTable { excluded, ..self }
    }

    /// Adds a row.
    pub fn push(&mut self, row: WindowRow) {
        if self.rows.len() < ROWS_SHOWN_MAX { self.rows.push(row) } else { self.left_out += 1 }
    }

    /// The text.
    pub fn render(&self) -> String {
        let mut out = String::new();
        for rows in self.rows.chunk_by(|a, b| same_slo(&a.series, &b.series)) {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&self.section(rows));
        }
        if self.left_out > 0 {
            out.push_str(&format!("and {} more rows: write them to a file with -o\n", count(self.left_out)));
        }
        if !out.is_empty() && !self.excluded.is_empty() {
            out.push('\n');
        }
        for (key, excluded) in &self.excluded {
            out.push_str(&format!(
                "excluded from {}: {}\n",
                self.look.clean(&key.name()),
                self.look.clean(&excluded::words(excluded))
            ));
        }
        out
    }

    fn section(&self, rows: &[WindowRow]) -> String {
        let look = self.look;
        let Some(key) = rows.first().map(|r| &r.series) else { return String::new() };
        let title = title(&key.service, &key.slo, &key.objective, &key.target.to_string(), key.window.text(), look);
        let shown = |c: &&Column| c.is_shown(!key.dimensions.is_empty(), look.width);
        let columns: Vec<&Column> = COLUMNS.iter().filter(shown).collect();
        let mut table = look.ruled_table(&columns.iter().map(|c| c.name).collect::<Vec<_>>());
        rows.iter().for_each(|row| {
            table.add_row(columns.iter().map(|c| (c.get)(row, look)));
        });
        // Only names of groups may wrap; numbers and times may not.
        for (column, shown) in table.column_iter_mut().zip(columns) {
            column.set_constraint(match shown.when {
                When::Grouped => ColumnConstraint::LowerBoundary(Width::Fixed(GROUP_WIDTH_MIN)),
                _ => ColumnConstraint::ContentWidth,
            });
        }
        format!("{}\n{}\n", look.ink(Ink::Bold, &title), table.trim_fmt())
    }
}

/// A column; `>` before its name aligns it to the right.
struct Column {
    name: &'static str,
    when: When,
    get: fn(&WindowRow, Look) -> String,
}

/// When a column is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// Where there are groups.
    Grouped,
    /// Where there is some room, or there are no groups.
    Middling,
    /// Where there is much room, or there are no groups.
    Roomy,
    /// Where there is much room, or some and no groups.
    Spacious,
    /// On a wide terminal.
    Wide,
}

impl Column {
    fn is_shown(&self, grouped: bool, width: u16) -> bool {
        let wide = width >= WIDE;
        match self.when {
            When::Always => true,
            When::Grouped => grouped,
            When::Middling => width >= MIDDLING || !grouped,
            When::Roomy => wide || !grouped,
            When::Spacious => wide || !grouped && width >= MIDDLING,
            When::Wide => wide,
        }
    }
}

const COLUMNS: [Column; 14] = [
    Column { name: " start (UTC)", when: When::Always, get: |r, _| format!(" {}", time(r.start_time)) },
    Column { name: "group", when: When::Grouped, get: |r, look| group_label(&r.series, look) },
    Column { name: ">events", when: When::Middling, get: |r, _| count(r.events) },
    Column { name: ">good", when: When::Wide, get: |r, _| count(r.good) },
    Column { name: ">bad", when: When::Always, get: |r, _| count(r.bad) },
    Column { name: ">unknown", when: When::Wide, get: |r, _| count(r.unknown) },
    Column { name: ">excluded", when: When::Wide, get: |r, _| count(r.excluded) },
    Column { name: ">SLI", when: When::Always, get: |r, look| sli(r, r.spent, look) },
    Column { name: ">burn", when: When::Spacious, get: |r, look| r.burn_rate.map_or_else(|| look.none(), rate) },
    Column { name: ">coverage", when: When::Wide, get: |r, _| share(r.window_coverage) },
    Column { name: ">window SLI", when: When::Roomy, get: |r, look| sli(r, r.window_spent, look) },
    Column {
        name: ">budget left",
        when: When::Always,
        get: |r, look| r.budget.map_or_else(|| look.none(), |b| share(b.remaining)),
    },
    Column {
        name: "mode",
        when: When::Spacious,
        get: |r, look| r.reason.map_or_else(|| look.none(), |r| r.mode().name().to_owned()),
    },
    Column { name: "met", when: When::Always, get: |r, look| r.budget.map_or_else(|| look.none(), |b| yes_no(b.met)) },
];

fn sli(row: &WindowRow, spent: Counts, look: Look) -> String {
    percent(spent.good, spent.good + spent.bad, row.series.target.percent_decimals() + 2).unwrap_or_else(|| look.none())
}

fn yes_no(met: bool) -> String {
    if met { "yes" } else { "NO" }.to_owned()
}

fn same_slo(a: &Arc<SeriesKey>, b: &Arc<SeriesKey>) -> bool {
    (&a.service, &a.slo, &a.objective, a.window.text()) == (&b.service, &b.slo, &b.objective, b.window.text())
}
