//! Reports and rows as people look at them: plain text of a given width, with or without colour, UTF-8 or ASCII.
//!
//! A state is always a word; colour only repeats it. No text of a log is written before [`sanitize`] has seen it. Shown
//! numbers are cut, never rounded up: an SLI of 99.8999 % is not shown as 99.9 %.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use unicode_width::UnicodeWidthStr;

use super::accounting::{self, Input};
use super::escape::escape;
use super::excluded;
use super::number::{count, duration, minutes_of, percent, rate, share, span, spent, time};
use super::sanitize::sanitize;
use super::spark::{burn_bars, share_bar};
use crate::aggregate::accounting::Accounting;
use crate::aggregate::receipt::Receipt;
use crate::error::Result;
use crate::evaluate::report::{Burn, Report};
use crate::evaluate::row::{GroupKind, SeriesKey};
use crate::record::Reason;
use crate::slo::Budgeting;
use crate::slo::policy::Mode;

mod overview;

/// What the terminal can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// Columns; narrower than 40 is taken as 40.
    pub width: u16,
    /// Whether to colour.
    pub color: bool,
    /// Whether characters beyond ASCII can be shown.
    pub utf8: bool,
}

/// Blocks stand side by side from this width on, with a gap between them.
const TWO_COLUMNS: u16 = 180;
const GAP: usize = 4;
/// A budget is drawn as wide as a trend.
const BAR_WIDTH: usize = 28;
/// Blocks of a report are no wider than this: a line of two ends that are far apart is hard to read.
const BLOCK_WIDTH_MAX: u16 = 100;
/// Inputs with rejected lines, or that were cut short, that are named one by one.
pub const INPUTS_SHOWN_MAX: usize = 10;

/// What a piece of text says beside its words.
#[derive(Clone, Copy)]
pub(super) enum Ink {
    Bold,
    Good,
    Bad,
    Warn,
    Dim,
}

impl Look {
    /// The narrowest width that tables are laid out for.
    const WIDTH_MIN: u16 = 40;

    fn width(self) -> u16 {
        self.width.max(Look::WIDTH_MIN)
    }

    pub(super) fn ink(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Bold => "1",
            Ink::Good => "32",
            Ink::Bad => "1;31",
            Ink::Warn => "33",
            Ink::Dim => "2",
        };
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(super) fn clean(self, text: &str) -> String {
        sanitize(text, self.utf8).into_owned()
    }

    /// What stands for no number.
    pub(super) fn none(self) -> String {
        if self.utf8 { "–" } else { "-" }.to_owned()
    }

    /// A table without lines.
    pub(super) fn plain_table(self) -> Table {
        let mut table = Table::new();
        table.load_style(NOTHING).force_no_tty().set_width(self.width()).set_content_arrangement(ContentArrangement::Dynamic);
        table
    }

    /// A table with a line under its header. Columns whose names begin with `>` are aligned to the right.
    pub(super) fn ruled_table(self, header: &[&str]) -> Table {
        let rule = if self.utf8 { '─' } else { '-' };
        let mut table = self.plain_table();
        table.load_style(TableStyle::new().header_separator(LineStyle::none().fill(rule).junction(rule)));
        table.set_header(header.iter().map(|name| Cell::new(name.trim_start_matches('>'))));
        for (column, name) in table.column_iter_mut().zip(header) {
            if name.starts_with('>') {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }

    /// A paragraph behind a mark, wrapped between words, no wider than a block.
    fn marked(self, mark: (Ink, &str), text: &str) -> String {
        let room = usize::from(self.width().min(BLOCK_WIDTH_MAX)).saturating_sub(mark.1.width());
        let (mut out, mut used) = (self.ink(mark.0, mark.1), 0);
        for word in text.split(' ') {
            if used > 0 && used + 1 + columns(word) > room {
                out.push_str(&format!("\n{}", " ".repeat(mark.1.width())));
                used = 0;
            }
            let gap = if used > 0 { " " } else { "" };
            out.push_str(&format!("{gap}{word}"));
            used += gap.len() + columns(word);
        }
        out + "\n"
    }

    /// The mark of a mode, whose shape says what its name says.
    fn mode_mark(self, mode: Mode) -> &'static str {
        let (mark, ascii) = match mode {
            Mode::Ship => ("●", "o"),
            Mode::Caution => ("▲", "!"),
            Mode::NoData => ("○", "-"),
            Mode::Freeze => ("■", "#"),
        };
        if self.utf8 { mark } else { ascii }
    }

    fn mode_ink(self, mode: Mode) -> Ink {
        match mode {
            Mode::Ship => Ink::Good,
            Mode::Caution => Ink::Warn,
            Mode::NoData => Ink::Dim,
            Mode::Freeze => Ink::Bad,
        }
    }

    /// What is left of a budget, as a bar.
    fn budget_bar(self, remaining: f64, width: usize) -> String {
        let ink = match remaining {
            left if left < 0.0 => Ink::Bad,
            left if left <= 0.2 => Ink::Warn,
            _ => Ink::Good,
        };
        self.ink(ink, &share_bar(remaining, width, self.utf8))
    }

    /// A line with one text at its left and one at its right end, the second on a line of its own where both do not fit.
    fn ends(self, left: (Ink, &str), right: (Ink, &str)) -> String {
        let used = left.1.width() + right.1.width();
        let gap = usize::from(self.width().min(BLOCK_WIDTH_MAX)).checked_sub(used).filter(|&gap| gap > 1);
        let between = gap.map_or("\n  ".to_owned(), |gap| " ".repeat(gap));
        format!("{}{between}{}\n", self.ink(left.0, left.1), self.ink(right.0, right.1))
    }
}

/// The reports, one block each, and what became of the lines.
///
/// # Errors
/// More lines or bytes than 2^64.
pub fn report(reports: &[Report], receipts: &[Receipt], look: Look) -> Result<String> {
    let mut out = overview::overview(reports, look);
    if look.width >= TWO_COLUMNS {
        let half = Look { width: (look.width - GAP as u16) / 2, ..look };
        for pair in reports.chunks(2) {
            let blocks: Vec<String> = pair.iter().map(|report| block(report, half)).collect();
            out.push_str(&side_by_side(&blocks, usize::from(half.width)));
            out.push('\n');
        }
    } else {
        for report in reports {
            out.push_str(&block(report, look));
            out.push('\n');
        }
    }
    out.push_str(&lines(receipts, look)?);
    Ok(out)
}

/// Texts beside each other, each `width` columns wide.
fn side_by_side(texts: &[String], width: usize) -> String {
    let columns_of: Vec<Vec<&str>> = texts.iter().map(|text| text.lines().collect()).collect();
    let height = columns_of.iter().map(Vec::len).max().unwrap_or(0);
    let line = |row: usize| {
        let cells = columns_of.iter().map(|lines| {
            let cell = lines.get(row).copied().unwrap_or_default();
            format!("{cell}{}", " ".repeat((width + GAP).saturating_sub(columns(cell))))
        });
        format!("{}\n", cells.collect::<String>().trim_end())
    };
    (0..height).map(line).collect()
}

/// The columns that a text takes on a terminal, where colours take none.
fn columns(text: &str) -> usize {
    let colors = text.split('\x1b').skip(1).filter_map(|rest| rest.split_once('m')).map(|(code, _)| 1 + code.len() + 1);
    // The width of a string counts each control character as one.
    text.width() - colors.sum::<usize>()
}

/// One SLO: a title with its state, what is known of its budget, its worst groups, and warnings.
fn block(r: &Report, look: Look) -> String {
    let title = title(&r.service, &r.slo, &r.objective, &r.target.to_string(), r.window.text(), look);
    let (ink, state) = state(r, look);
    let mut out = look.ends((Ink::Bold, &title), (ink, &state));
    let facts = facts(r, look);
    let names = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    facts.iter().for_each(|(name, value)| out.push_str(&look.marked((Ink::Dim, &format!("  {name:<names$}  ")), value)));
    if !r.worst.is_empty() {
        out.push('\n');
        push_table(&mut out, &worst(r, look));
    }
    for warning in &r.warnings {
        out.push_str(&look.marked((Ink::Warn, " warning: "), &look.clean(&warning.to_string())));
    }
    out
}

/// `shop / availability  99.9% over 28d`, and the objective's name where it says more than the target.
pub(super) fn title(service: &str, slo: &str, objective: &str, target: &str, window: &str, look: Look) -> String {
    let named = if service.is_empty() { look.clean(slo) } else { look.clean(&format!("{service} / {slo}")) };
    let objective = if objective == target { String::new() } else { format!(" ({})", look.clean(objective)) };
    format!("{named}{objective}  {target} over {window}")
}

fn state(r: &Report, look: Look) -> (Ink, String) {
    let (ink, sign, ascii, word) = match r.budget {
        None => (Ink::Dim, "○", "-", "no data"),
        Some(b) if b.met => (Ink::Good, "✓", "+", "met"),
        Some(_) => (Ink::Bad, "✗", "x", "NOT MET"),
    };
    (ink, format!("{} {word}", if look.utf8 { sign } else { ascii }))
}

fn facts(r: &Report, look: Look) -> Vec<(&'static str, String)> {
    if r.spark.is_empty() {
        return vec![("events", "none".to_owned())];
    }
    let mut facts = vec![("events", events(r))];
    let c = r.counts;
    let weights = format!("{}: {} good, {} bad", count(c.valid), count(c.good), count(c.bad));
    facts.extend(r.weight.as_ref().map(|weight| ("weight", format!("{weights} (sums of {})", look.clean(weight.name())))));
    facts.extend(slices(r).map(|text| ("slices", text)));
    facts.extend([("SLI", sli(r, look)), ("budget", budget(r, look))]);
    facts.extend(r.budget.map(|b| ("", look.budget_bar(b.remaining, BAR_WIDTH))));
    facts.push(("burn", burns(r, look)));
    facts.extend(pace(r).map(|text| ("pace", text)));
    if let [_, .., last] = r.spark[..] {
        let top = r.spark.iter().filter_map(|s| s.burn_rate).fold(0.0, f64::max);
        let bars = burn_bars(r.spark.iter().map(|s| s.burn_rate), look.utf8);
        // The first bucket may be shorter than the others.
        let each = span(last.start, last.end);
        facts.push(("trend", format!("{bars}  burn per {each}, at most {}", times(top, look))));
    }
    facts.push(("window", format!("{} to {} UTC", time(r.window_start), time(r.window_end))));
    facts.extend(excluded::told(&r.excluded).iter().map(|words| ("without", look.clean(words))));
    facts.extend(coverage(r).map(|text| ("input", text)));
    facts.extend(mode(r, look));
    facts
}

fn events(r: &Report) -> String {
    let c = r.counts;
    let rest = [(c.excluded, "not valid"), (c.unknown, "unknown")];
    let rest: String = rest.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!(", {} {what}", count(*n))).collect();
    if r.weight.is_some() {
        return format!("{}{rest}", count(c.events));
    }
    format!("{}: {} good, {} bad{rest}", count(c.events), count(c.good), count(c.bad))
}

/// `1,440 of 1m: 1,438 good, 2 bad`, where the budget is counted in slices of time.
fn slices(r: &Report) -> Option<String> {
    let Budgeting::Slices(slicing) = &r.budgeting else { return None };
    let (slices, good) = r.slices()?;
    let verdicts = match good {
        Some(good) => format!("{} good, {} bad", count(good), count(slices - good)),
        None => "the SLI is the mean of their ratios".to_owned(),
    };
    Some(format!("{} of {}: {verdicts}", count(slices), slicing.width))
}

/// When the budget will be spent if the last day goes on.
fn pace(r: &Report) -> Option<String> {
    let is_covered = r.burns.iter().any(|burn| burn.name == "1d" && !burn.partial);
    let exhaustion = r.exhaustion.filter(|_| is_covered)?;
    let (whole, left) = (exhaustion.whole_seconds?, exhaustion.left_seconds.filter(|&left| left > 0.0)?);
    Some(format!("of the last day: spent in {}, a whole budget in {}", duration(left), duration(whole)))
}

fn sli(r: &Report, look: Look) -> String {
    // Two digits beyond the target's own tell how near it is.
    let decimals = r.target.percent_decimals() + 2;
    percent(r.spent.good, r.spent.valid, decimals).unwrap_or_else(|| look.none())
}

fn budget(r: &Report, look: Look) -> String {
    let Some(b) = r.budget else { return look.none() };
    let whole = r.target.budget_f64() * ((r.window_end.micros() - r.window_start.micros()) / 1_000_000) as f64 / 60.0;
    if b.remaining >= 0.0 {
        let left = r.remaining_bad().map_or(String::new(), |left| {
            format!("{} of {}, ", count(left.unsigned_abs()), counted(r.allowed_bad, &format!("allowed bad {}", unit(r))))
        });
        return format!("{} left: {left}{}", share(b.remaining), minutes_of(b.remaining_minutes, whole));
    }
    let events =
        r.remaining_bad().map_or(String::new(), |_| format!("{} bad, {} allowed, ", count(r.spent.bad), count(r.allowed_bad)));
    format!("none left, {} spent: {events}{}", spent(b.consumed), minutes_of(whole - b.remaining_minutes, whole))
}

/// What the budget is counted in.
fn unit(r: &Report) -> &'static str {
    match (r.slices(), &r.weight) {
        (Some(_), _) => "slice",
        (None, Some(_)) => "unit",
        (None, None) => "event",
    }
}

/// `1 bad event`, `1,234 bad events`.
fn counted(n: u64, what: &str) -> String {
    format!("{} {what}{}", count(n), if n == 1 { "" } else { "s" })
}

fn burns(r: &Report, look: Look) -> String {
    let burn = |b: &Burn| match b.rate {
        Some(value) => format!("{} {}", b.name, times(value, look)),
        None => format!("{} no events", b.name),
    };
    let (short, covered): (Vec<&Burn>, Vec<&Burn>) = r.burns.iter().partition(|b| b.partial);
    let mut parts: Vec<String> = covered.into_iter().map(burn).collect();
    if !short.is_empty() {
        let names: Vec<&str> = short.iter().map(|b| b.name).collect();
        parts.push(format!("({}: not covered by the input)", names.join(", ")));
    }
    parts.join("   ")
}

/// A burn rate, which is a multiple of the pace that spends the budget in exactly one window.
fn times(rate_of_burn: f64, look: Look) -> String {
    format!("{}{}", rate(rate_of_burn), if look.utf8 { "×" } else { "x" })
}

/// What the policy says: the mode, since when, and why; below it what the team does.
fn mode(r: &Report, look: Look) -> [(&'static str, String); 2] {
    let since = r.stance.since.map_or(String::new(), |since| format!(" since {}", time(since)));
    let mark = look.ink(look.mode_ink(r.stance.mode), look.mode_mark(r.stance.mode));
    let said = format!("{mark} {}{since}: {}", r.stance.mode.name(), look.clean(&r.stance.reason));
    [("mode", said), ("", look.clean(&r.stance.words))]
}

/// How much of the window the input covers, where that is not all of it.
fn coverage(r: &Report) -> Option<String> {
    let first = r.spark.first()?;
    let share = r.window_coverage.filter(|&c| c < 1.0).map(share);
    match (r.window_partial, share) {
        (true, None) => Some(format!("covers the last {} of the window", span(first.start, r.at))),
        (true, Some(share)) => {
            Some(format!("covers the last {} of the window, with events in {share} of the slices", span(first.start, r.at)))
        }
        (false, Some(share)) => Some(format!("has events in {share} of the slices")),
        (false, None) => None,
    }
}

fn worst(r: &Report, look: Look) -> Table {
    let mut table = look.ruled_table(&[" worst groups", ">bad", ">valid", ">SLI", ">budget spent"]);
    for g in &r.worst {
        let decimals = r.target.percent_decimals() + 1;
        table.add_row([
            format!(" {}", group_label(&g.key, look)),
            count(g.counts.bad),
            count(g.counts.valid),
            percent(g.spent.good, g.spent.valid, decimals).unwrap_or_else(|| look.none()),
            g.budget_spent.map_or_else(|| look.none(), share),
        ]);
    }
    table
}

/// The values of a group's dimensions, with the names of the dimensions where there are several.
pub(super) fn group_label(key: &SeriesKey, look: Look) -> String {
    match key.group_kind {
        GroupKind::All => "(all)".to_owned(),
        GroupKind::Other => "(other)".to_owned(),
        GroupKind::Group => {
            let value = |v: &Option<Box<[u8]>>| v.as_deref().map_or("(none)".to_owned(), |v| named_value(v, look));
            let alone = key.dimensions.len() == 1;
            let values = key.dimensions.iter().zip(&key.group);
            let named = |(name, v): (&String, _)| if alone { value(v) } else { format!("{}={}", look.clean(name), value(v)) };
            values.map(named).collect::<Vec<_>>().join(" ")
        }
    }
}

fn named_value(value: &[u8], look: Look) -> String {
    if value.is_empty() { "(empty)".to_owned() } else { look.clean(&escape(value)) }
}

fn push_table(out: &mut String, table: &Table) {
    out.push_str(&table.trim_fmt());
    out.push('\n');
}

/// What became of every line: in total, and by input where lines were rejected or reading ended early.
///
/// # Errors
/// More lines or bytes than 2^64.
pub fn lines(receipts: &[Receipt], look: Look) -> Result<String> {
    let mut table = look.plain_table();
    table.add_row([" lines".to_owned(), outcomes(&accounting::total(receipts)?)]);
    let inputs = accounting::inputs(receipts)?;
    let mut notable: Vec<&Input> = inputs.iter().filter(|i| is_notable(i)).collect();
    notable.sort_by_key(|i| std::cmp::Reverse(i.accounting.rejected_total().lines));
    for input in notable.iter().take(INPUTS_SHOWN_MAX) {
        table.add_row([String::new(), notable_input(input, look)]);
    }
    if let Some(more) = notable.len().checked_sub(INPUTS_SHOWN_MAX).filter(|&n| n > 0) {
        table.add_row([String::new(), format!("and {} more inputs with rejected lines", count(more as u64))]);
    }
    Ok(format!("{}\n", table.trim_fmt()))
}

fn is_notable(input: &Input) -> bool {
    input.accounting.rejected_total().lines > 0 || !input.cut_short.is_empty()
}

/// `1,000 = 990 events + 1 skipped + 0 joined + 0 undated + 9 rejected`.
fn outcomes(a: &Accounting) -> String {
    format!(
        "{} = {} events + {} skipped + {} joined + {} undated + {} rejected",
        count(a.total().lines),
        count(a.events.lines),
        count(a.skipped_total().lines),
        count(a.joined.lines),
        count(a.undated.lines),
        count(a.rejected_total().lines),
    )
}

/// `access.log: 9 of 1,000 rejected (8 layout, 1 time); not read to its end: …`.
fn notable_input(input: &Input, look: Look) -> String {
    let a = &input.accounting;
    let reasons = Reason::ALL.iter().zip(a.rejected).filter(|(_, t)| t.lines > 0);
    let reasons: Vec<String> = reasons.map(|((_, name), t)| format!("{} {name}", count(t.lines))).collect();
    let mut text = look.clean(if input.path.is_empty() { "(input)" } else { input.path });
    text.push_str(&format!(": {} of {} rejected", count(a.rejected_total().lines), count(a.total().lines)));
    if !reasons.is_empty() {
        text.push_str(&format!(" ({})", reasons.join(", ")));
    }
    for why in &input.cut_short {
        text.push_str(&format!("; not read to its end: {}", look.clean(why)));
    }
    text
}

#[cfg(test)]
mod tests;
