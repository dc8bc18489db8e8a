//! The hot counters of one worker: events by slice and class.
//!
//! One row of counters per slice that is being counted, one column per class. Rows are found by the slice of the line before,
//! which is nearly always that of this one. When the table is full, it is folded into a [`Partial`]: there the verdicts of
//! every indicator are derived, once per slice and class instead of once per line.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::RandomState;

use super::latency_tally::LatencyTally;
use super::{Counts, IndicatorCounts, IndicatorKey, Partial, Series};
use crate::error::{Error, ErrorKind, Result};
use crate::slo::classify::{Classes, Verdict};
use crate::time::{Instant, SliceNumber, Slices};

/// Counters in the table: 4 MiB. A log whose every line is in another slice folds once in so many rows.
const CELLS_MAX: usize = 1 << 19;
/// Columns to begin with; doubled when more classes come.
const CLASSES_MIN: usize = 8;
/// Rows that are remembered beside the last one, so that lines a little out of order find theirs without hashing.
const RECENT_ROWS: usize = 8;

/// Counts of one worker for one service.
pub struct Tally {
    slices: Slices,
    columns: usize,
    cells: Vec<u64>,
    rows: Vec<SliceNumber>,
    row_of: HashMap<SliceNumber, usize, RandomState>,
    last: Row,
    recent: [Row; RECENT_ROWS],
}

/// A row and the time of its slice, in microseconds: `from` to before `to`.
#[derive(Clone, Copy)]
struct Row {
    from: i64,
    to: i64,
    cells_at: usize,
}

impl Row {
    const NONE: Row = Row { from: 0, to: 0, cells_at: 0 };

    #[inline]
    fn holds(&self, t: Instant) -> bool {
        (self.from..self.to).contains(&t.micros())
    }
}

impl Tally {
    /// No counts yet.
    pub fn new(slices: Slices) -> Self {
        Tally {
            slices,
            columns: CLASSES_MIN,
            cells: Vec::new(),
            rows: Vec::new(),
            row_of: HashMap::default(),
            last: Row::NONE,
            recent: [Row::NONE; RECENT_ROWS],
        }
    }

    /// Whether it must be [folded](Tally::fold) before more is added.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.cells.len() >= CELLS_MAX
    }

    /// Counts one event.
    #[inline]
    pub fn add(&mut self, time: Instant, class: u32) {
        if class as usize >= self.columns {
            self.widen(class as usize);
        }
        if !self.last.holds(time) {
            self.turn_to(time);
        }
        self.cells[self.last.cells_at + class as usize] += 1;
    }

    /// Counts one event for each time and class of two columns of one length.
    #[inline(always)]
    pub fn add_all(&mut self, times: &[Instant], classes: &[u32]) {
        let (from, to) = (self.last.from, self.last.to);
        let (mut outside, mut widest) = (false, 0);
        for (time, &class) in times.iter().zip(classes) {
            outside |= (time.micros() < from) | (time.micros() >= to);
            widest = class.max(widest);
        }
        // Nearly always all are of the slice of the line before.
        let row = self.cells.get_mut(self.last.cells_at..self.last.cells_at + self.columns);
        match row {
            Some(row) if !outside && (widest as usize) < row.len() => {
                for &class in classes {
                    row[class as usize] += 1;
                }
            }
            _ => times.iter().zip(classes).for_each(|(&time, &class)| self.add(time, class)),
        }
    }

    fn turn_to(&mut self, time: Instant) {
        let number = self.slices.number(time);
        let place = number.rem_euclid(RECENT_ROWS as i64) as usize;
        if !self.recent[place].holds(time) {
            self.recent[place] = self.row(number);
        }
        self.last = self.recent[place];
    }

    fn row(&mut self, number: SliceNumber) -> Row {
        let (rows, cells, columns) = (&mut self.rows, &mut self.cells, self.columns);
        let row = *self.row_of.entry(number).or_insert_with(|| {
            rows.push(number);
            cells.resize(rows.len() * columns, 0);
            rows.len() - 1
        });
        Row { from: self.slices.start(number).micros(), to: self.slices.end(number).micros(), cells_at: row * columns }
    }

    #[cold]
    fn widen(&mut self, class: usize) {
        let columns = (class + 1).next_power_of_two();
        let mut cells = vec![0; self.rows.len() * columns];
        for (new, old) in cells.chunks_exact_mut(columns).zip(self.cells.chunks_exact(self.columns)) {
            new[..self.columns].copy_from_slice(old);
        }
        (self.cells, self.columns) = (cells, columns);
        self.last = Row::NONE;
        self.recent = [Row::NONE; RECENT_ROWS];
    }

    /// Takes all counts out, with the latencies that were counted beside them, under the keys of the indicators (in the classifier's order), and begins anew.
    ///
    /// # Errors
    /// An overflow.
    pub fn fold(
        &mut self,
        latencies: Option<&LatencyTally>,
        classes: &Classes,
        keys: &[IndicatorKey],
        service: &str,
    ) -> Result<Partial> {
        let slices = self.slices;
        let done = std::mem::replace(self, Tally::new(slices));
        let seen = done.seen();
        let mut partial = Partial::new(slices);
        for (i, key) in keys.iter().enumerate() {
            let mut counted = counts_of_indicator(&seen, classes, i)?;
            counted.latencies = latencies.map_or(Ok(None), |latencies| latencies.of_indicator(classes, i))?;
            counted.limit_groups()?;
            partial.indicators.insert(key.clone(), counted);
        }
        if !seen.rows.is_empty() {
            let events = |counts: &[(u32, u64)]| counts.iter().map(|(_, n)| n).sum();
            let activity = seen.rows().map(|(slice, counts)| (slice, events(counts))).collect();
            partial.activity.insert(service.to_owned(), activity);
        }
        Ok(partial)
    }

    /// What was counted.
    fn seen(&self) -> Seen {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_unstable_by_key(|&row| self.rows[row]);
        let mut seen = Seen { rows: Vec::with_capacity(order.len()), cells: Vec::new() };
        for row in order {
            let from = seen.cells.len();
            let cells = &self.cells[row * self.columns..][..self.columns];
            seen.cells.extend((0..).zip(cells.iter().copied()).filter(|(_, n)| *n > 0));
            seen.rows.push((self.rows[row], from..seen.cells.len()));
        }
        seen
    }
}

/// The rows in the order of time, each with its classes that were seen and their events.
struct Seen {
    rows: Vec<(SliceNumber, Range<usize>)>,
    cells: Vec<(u32, u64)>,
}

impl Seen {
    fn rows(&self) -> impl Iterator<Item = (SliceNumber, &[(u32, u64)])> {
        self.rows.iter().map(|(slice, cells)| (*slice, &self.cells[cells.clone()]))
    }
}

/// What one indicator makes of the rows.
fn counts_of_indicator(seen: &Seen, classes: &Classes, indicator: usize) -> Result<IndicatorCounts> {
    let groups = classes.groups(indicator);
    let meaning: Vec<(Verdict, usize)> =
        (0..classes.len()).map(|class| (classes.verdict(class, indicator), classes.group_number(class, indicator))).collect();
    let mut series: Vec<Series> = vec![Series::new(); groups.len()];
    for (slice, counts) in seen.rows() {
        for &(class, events) in counts {
            let (verdict, group) = meaning[class as usize];
            let list = &mut series[group];
            if list.last().is_none_or(|(last, _)| *last != slice) {
                list.push((slice, Counts::default()));
            }
            if let Some((_, sum)) = list.last_mut() {
                add_verdict(sum, verdict, events)?;
            }
        }
    }
    let asked = &classes.classifier().indicators()[indicator];
    let mut counted = IndicatorCounts::new(asked.dimensions(), asked.is_bounded());
    counted.groups = groups.iter().cloned().zip(series).filter(|(_, series)| !series.is_empty()).collect();
    Ok(counted)
}

fn add_verdict(sum: &mut Counts, verdict: Verdict, events: u64) -> Result<()> {
    let add = |count: &mut u64| count.checked_add(events).map(|n| *count = n);
    let part = match verdict {
        Verdict::Good => add(&mut sum.good),
        Verdict::Bad => add(&mut sum.bad),
        Verdict::Unknown => add(&mut sum.unknown),
        Verdict::Excluded => Some(()),
    };
    part.and(add(&mut sum.events)).ok_or_else(|| Error::new(ErrorKind::Overflow, "the events of one slice exceed 2^64"))
}
