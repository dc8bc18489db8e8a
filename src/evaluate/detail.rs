//! Everything that a page shows of one SLO: its report, every step of its roll-up, latencies by hour, incidents, all groups that
//! spent something.

use super::guard::Guarded;
use super::incident::Incident;
use super::plan::{Entry, Plan};
use super::report::{Frame, GroupReport, Report};
use super::row::WindowRow;
use crate::aggregate::histogram::{Distribution, HourlyBuckets, Latencies, hours};
use crate::aggregate::{IndicatorCounts, IndicatorKey, Partial};
use crate::error::Result;
use crate::slo::{Budgeting, Slo};
use crate::time::{Instant, SECONDS_PER_DAY};

/// The quantiles of a stretch of latencies, in thousandths.
pub const QUANTILES: [u64; 4] = [500, 900, 950, 990];
/// Steps of a page that are aimed at: a chart has no more points than a screen has room for.
pub const STEPS_MAX: i64 = 800;
/// Widths of a step that people think in, in seconds.
const STEP_SECONDS: [i64; 14] = [
    60,
    300,
    900,
    1_800,
    3_600,
    7_200,
    10_800,
    14_400,
    21_600,
    43_200,
    SECONDS_PER_DAY,
    2 * SECONDS_PER_DAY,
    7 * SECONDS_PER_DAY,
    28 * SECONDS_PER_DAY,
];

/// One SLO of one service over one of its windows, in full.
#[derive(Debug)]
pub struct Detail<'p> {
    /// Its state now.
    pub report: Report,
    /// Its tiers and alerts.
    pub guarded: Guarded<'p>,
    /// Whether its window is the one that alerts, policy and incidents speak of.
    pub is_first_window: bool,
    /// Every step of the roll-up that the plan shows, in time order.
    pub rows: Vec<WindowRow>,
    /// For each row, what the budget of its window is β of, where that is known before the window is over; else empty.
    pub whole: Vec<u64>,
    /// Groups with bad events in the window, most first.
    pub groups: Vec<GroupReport>,
    /// Incidents that the steps reach back to, in time order; none where another window speaks for the SLO.
    pub incidents: Vec<Incident>,
    /// Its latencies, where they were counted.
    pub latency: Option<LatencyHistory>,
}

/// The latencies of the valid events that are good but for their latency, in stretches of equal length.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LatencyHistory {
    /// The declared bounds in ns, ascending.
    pub bounds: Vec<i64>,
    /// The stretches with events, in time order. They are of whole hours, and exclusions are not taken out of them.
    pub stretches: Vec<LatencyStretch>,
    /// All of them together.
    pub all: Option<LatencyStretch>,
}

/// The latencies of one stretch of time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LatencyStretch {
    /// First instant.
    pub start: Instant,
    /// The instant after.
    pub end: Instant,
    /// Events.
    pub events: u64,
    /// An upper bound of each of [`QUANTILES`], in ns: above the true one by less than 1/128 of it.
    pub quantiles: [i64; QUANTILES.len()],
    /// Events by [`cell_of`] their latency, ascending.
    pub cells: Vec<(u32, u64)>,
}

/// The number of the half-octave that holds a latency: two cells to each power of two.
pub fn cell_of(ns: i64) -> u32 {
    let ns = ns.max(2).unsigned_abs();
    let octave = ns.ilog2();
    2 * octave + ((ns >> (octave - 1)) & 1) as u32
}

/// The shortest latency, in ns, of a half-octave of [`cell_of`]; 0 for those below.
pub fn cell_start(cell: u32) -> i64 {
    let octave = (cell / 2).clamp(1, 61);
    if cell <= 2 { 0 } else { (1 << octave) + i64::from(cell % 2) * (1 << (octave - 1)) }
}

/// A narrow step for charts of so long a stretch, a whole number of `unit` seconds: at most [`STEPS_MAX`] of them. It is one that
/// people think in, unless that is much wider than it need be.
pub fn step_seconds(stretch: i64, unit: i64) -> i64 {
    let narrowest = (stretch / STEPS_MAX / unit + 1) * unit;
    let fits = |&step: &i64| step % unit == 0 && stretch / step <= STEPS_MAX;
    STEP_SECONDS.into_iter().find(fits).filter(|step| *step <= 8 * narrowest).unwrap_or(narrowest)
}

/// The narrowest step for charts of these SLOs over these counts: they reach over the longest window, or all of the input where
/// that is shorter, and no slice of time is cut.
pub fn page_step_seconds<'a>(slos: impl Iterator<Item = &'a Slo>, partial: &Partial) -> i64 {
    let (mut longest, mut unit) = (1, partial.slices.width_seconds());
    for slo in slos {
        longest = slo.windows.iter().map(|window| window.seconds()).fold(longest, i64::max);
        if let Budgeting::Slices(slicing) = &slo.budgeting {
            unit = lcm(unit, slicing.width.seconds());
        }
    }
    let slices = partial.activity.values().flat_map(|activity| activity.first().into_iter().chain(activity.last()));
    let (first, last) = slices.fold((i64::MAX, i64::MIN), |(first, last), &(n, _)| (first.min(n), last.max(n)));
    let held =
        last.checked_sub(first).map_or(1, |slices| slices.saturating_add(1).saturating_mul(partial.slices.width_seconds()));
    step_seconds(longest.min(held.max(1)), unit)
}

fn lcm(a: i64, b: i64) -> i64 {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x).saturating_mul(b)
}

impl<'p> Plan<'p> {
    /// Every SLO in full, in the order of the plan. The steps of all reach back as far as the longest of their windows.
    ///
    /// # Errors
    /// Counts beyond the outputs' integers, and damaged counts.
    pub fn details(&'p self) -> Result<Vec<Detail<'p>>> {
        let first = |entry: &Entry| self.grid.slices.start(entry.scope.periods.window(self.grid.now).0);
        let from = self.entries.iter().map(first).min().unwrap_or(crate::time::ANCHOR);
        self.entries.iter().map(|entry| self.detail(entry, from)).collect()
    }

    fn detail(&'p self, entry: &'p Entry<'p>, from: Instant) -> Result<Detail<'p>> {
        let guarded = self.guard(entry)?;
        let report = self.report(entry, &guarded)?;
        let is_first_window = entry.is_first_window();
        let mut rows = Vec::new();
        self.rows_of_all(&guarded, &mut |row| {
            rows.extend((row.end_time > from).then_some(row));
            Ok(())
        })?;
        let whole = |row: &WindowRow| entry.scope.whole(self.grid.slices.number(row.end_time));
        let whole = rows.iter().filter_map(whole).collect();
        let groups = self.ranked(entry, &Frame::of(entry), report.spent)?;
        let incidents = if is_first_window { guarded.incidents_since(from)? } else { Vec::new() };
        let latency = self.latency(entry, &rows)?;
        Ok(Detail { report, guarded, is_first_window, rows, whole, groups, incidents, latency })
    }

    fn latency(&self, entry: &Entry<'p>, rows: &[WindowRow]) -> Result<Option<LatencyHistory>> {
        let key = IndicatorKey { service: entry.service.to_owned(), canonical: entry.asked.canonical.to_owned() };
        let Some(latencies) = self.partial.indicators.get(&key).and_then(latencies_of) else { return Ok(None) };
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(None) };
        let step = self.grid.step_slices * self.grid.slices.width_seconds();
        let hour = hours().width_seconds();
        let width = if step % hour == 0 { step / hour } else { 1 };
        let all = latencies.roll_up()?;
        let end = hours().number(Instant::from_micros(last.end_time.micros() - 1)) + 1;
        let (mut from, mut stretches) = (hours().number(first.start_time).div_euclid(width) * width, Vec::new());
        let whole = stretch(latencies, &all, from, end)?;
        while from < end {
            stretches.extend(stretch(latencies, &all, from, (from + width).min(end))?);
            from += width;
        }
        Ok(Some(LatencyHistory { bounds: latencies.edges.thresholds().to_vec(), stretches, all: whole }))
    }
}

fn latencies_of(counts: &IndicatorCounts) -> Option<&Latencies> {
    counts.latencies.as_ref()
}

/// The latencies of the hours `from..end`; none without events.
fn stretch(latencies: &Latencies, all: &HourlyBuckets, from: i64, end: i64) -> Result<Option<LatencyStretch>> {
    let found = latencies.distribution(all, from..end)?;
    let mut quantiles = [0; QUANTILES.len()];
    for (ns, part) in quantiles.iter_mut().zip(QUANTILES) {
        let Some(quantile) = found.quantile(part, 1_000) else { return Ok(None) };
        *ns = quantile.at_most;
    }
    let (start, end) = (hours().start(from), hours().start(end));
    Ok(Some(LatencyStretch { start, end, events: found.total(), quantiles, cells: cells(&found) }))
}

fn cells(found: &Distribution) -> Vec<(u32, u64)> {
    let mut cells: Vec<(u32, u64)> = Vec::new();
    for (ns, events) in found.buckets() {
        match cells.last_mut() {
            // The total of a distribution fits, so its parts do.
            Some((cell, sum)) if *cell == cell_of(ns) => *sum += events,
            _ => cells.push((cell_of(ns), events)),
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_are_those_that_people_think_in() {
        let day = SECONDS_PER_DAY;
        let steps = [3_600, day, 7 * day, 28 * day, 30 * day, 90 * day, 365 * day].map(|window| step_seconds(window, 60));
        assert_eq!(steps, [60, 300, 900, 3_600, 3_600, 10_800, 43_200]);
        assert_eq!(step_seconds(28 * day, 7_200), 7_200);
        assert_eq!(step_seconds(28 * day, 420), 3_360, "no usual step is a whole number of seven minutes");
    }

    proptest! {
        #[test]
        fn a_cell_holds_its_latency(ns in 0_i64..i64::MAX / 4) {
            let cell = cell_of(ns);
            prop_assert!(cell_start(cell) <= ns && ns < cell_start(cell + 1), "{} {}", cell, ns);
        }

        #[test]
        fn steps_are_whole_and_few(stretch in 1_i64..100_000_000, unit in 1_i64..100_000) {
            let step = step_seconds(stretch, unit);
            prop_assert!(step % unit == 0 && stretch / step <= STEPS_MAX);
        }
    }
}
