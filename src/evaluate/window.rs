//! Steps, and the window that belongs to each: pure arithmetic on slice numbers.
//!
//! Step `k` holds the slices `[k·e, (k+1)·e)`, so steps share the anchor of slices (a Monday). The last step may be cut by
//! "now". The rolling window of a step ends where the step ends and is a fixed number of slices long; its calendar window is
//! the period that holds the last instant of the step, up to there.

use super::scope::Scope;
use crate::error::{Error, ErrorKind, Result};
use crate::ratio::divide;
use crate::time::{Instant, Length, SliceNumber, Slices};

/// Number of a step: its first slice divided by the slices of a step.
pub type StepNumber = i64;

/// Event times stay within ± 2^61 µs (73,000 years), and lengths are below 2^55 µs, so no sum of them can overflow.
const MICROS_MAX: i64 = 1 << 61;

/// How events of the input are spread over slices: sorted, each slice once.
pub type Activity = [(SliceNumber, u64)];

/// The grid of an evaluation: slices, steps, and the end of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grid {
    /// The slices.
    pub slices: Slices,
    /// Slices in a step.
    pub step_slices: i64,
    /// The slice that begins at "now": the first one that has not happened.
    pub now: SliceNumber,
}

impl Grid {
    /// A grid whose steps are `every` long and whose time ends at `at`.
    pub fn new(slices: Slices, every: &Length, at: Instant) -> Result<Self> {
        let step_slices = whole_slices(slices, every, "the step --every")?;
        if !slices.is_boundary(at) {
            let error = format!("--at {at} is not a boundary of the {} s slices", slices.width_seconds());
            let near = slices.start(slices.number(at));
            return Err(Error::new(ErrorKind::Usage, error).hint(format!("the boundary before it is {near}")));
        }
        Ok(Grid { slices, step_slices, now: slices.number(at) })
    }

    /// The step that holds slice `n`.
    pub fn step_of(self, n: SliceNumber) -> StepNumber {
        n.div_euclid(self.step_slices)
    }

    /// The step that "now" ends: the one that holds the last slice that has happened.
    pub fn last_step(self) -> StepNumber {
        self.step_of(self.now - 1)
    }

    /// The first step that starts at `t` or later.
    pub fn first_step_from(self, t: Instant) -> StepNumber {
        let clamped = Instant::from_micros(t.micros().clamp(-MICROS_MAX, MICROS_MAX));
        let n = self.slices.number(clamped);
        let slice = if self.slices.is_boundary(clamped) { n } else { n + 1 };
        self.step_of(slice + self.step_slices - 1)
    }
}

/// How many slices `length` is long; `what` names it in the error when it is no whole number of them.
pub fn whole_slices(slices: Slices, length: &Length, what: &str) -> Result<i64> {
    if length.seconds() % slices.width_seconds() == 0 {
        return Ok(length.seconds() / slices.width_seconds());
    }
    let error = format!("{what} of {length} is not a whole number of {} s slices", slices.width_seconds());
    Err(Error::new(ErrorKind::Usage, error).hint("choose a multiple of the slice, or another --slice"))
}

/// Refuses slices that lie beyond the range in which times can be computed with.
pub fn check_range(slices: Slices, n: SliceNumber) -> Result<()> {
    let start = n.checked_mul(slices.width_micros()).filter(|m| m.abs() < MICROS_MAX);
    start.map(|_| ()).ok_or_else(|| Error::new(ErrorKind::Overflow, format!("slice {n} is beyond the range of event times")))
}

/// Where the windows of an SLO begin and end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Periods {
    /// So many slices that end with the step.
    Rolling(i64),
    /// Periods that tile time: the first slice of each, ascending, and the slice after the last one.
    Calendar(Vec<SliceNumber>),
}

impl Periods {
    /// The window of what ends at slice `end`: its first slice, and the one after its last, be it yet to come.
    pub fn window(&self, end: SliceNumber) -> (SliceNumber, SliceNumber) {
        match self {
            Periods::Rolling(slices) => (end - slices, end),
            Periods::Calendar(starts) => {
                let after = starts.partition_point(|&start| start < end);
                let first = after.checked_sub(1).map_or(end, |i| starts[i]);
                (first, starts.get(after).copied().unwrap_or(end))
            }
        }
    }

    /// The slice after the last window when time ends at `now`.
    pub fn end(&self, now: SliceNumber) -> SliceNumber {
        self.window(now).1
    }

    /// How far back a window can reach from its end; `i64::MAX` where no fixed number bounds it.
    pub fn reach(&self) -> i64 {
        match self {
            Periods::Rolling(slices) => *slices,
            Periods::Calendar(_) => i64::MAX,
        }
    }
}

/// One step and its window, in slice numbers. Ends are exclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// Number of the step.
    pub number: StepNumber,
    /// First slice of the step.
    pub first: SliceNumber,
    /// The slice after the step, up to which its window is known.
    pub end: SliceNumber,
    /// First slice of the window.
    pub window_first: SliceNumber,
    /// The slice after the window: `end`, and for a calendar window the end of its period.
    pub window_end: SliceNumber,
    /// Whether the window begins before the first event.
    pub window_partial: bool,
    /// Slices of the window in which the input has an event, but for excluded ones.
    pub slices_active: u64,
    /// Slices of the window since the first event, but for excluded ones.
    pub slices_possible: u64,
    /// Slices of the whole window, past and to come, but for excluded ones.
    pub slices_whole: u64,
}

impl Step {
    /// `slices_active ÷ slices_possible`.
    pub fn coverage(&self) -> f64 {
        divide(self.slices_active.into(), self.slices_possible.max(1).into())
    }

    /// Seconds of the whole window.
    pub fn window_seconds(&self, slices: Slices) -> u64 {
        ((self.window_end - self.window_first) * slices.width_seconds()).unsigned_abs()
    }
}

/// The steps of one service, each with its window. Asked in ascending order, it costs O(1) amortised a step, and the logarithm of
/// exclusions and calendar periods.
#[derive(Clone, Debug)]
pub struct Timeline<'a> {
    scope: &'a Scope<'a>,
    /// Index of the first active slice of the last window asked for.
    low: usize,
    /// Index after its last one.
    high: usize,
}

impl<'a> Timeline<'a> {
    /// The steps of a service, with the windows of a scope.
    pub fn new(scope: &'a Scope<'a>) -> Self {
        Timeline { scope, low: 0, high: 0 }
    }

    /// First and last step: from the first event to "now". None without an event before "now".
    pub fn steps(&self) -> Option<(StepNumber, StepNumber)> {
        let (first, grid) = (self.scope.first_event?, self.scope.grid);
        (first < grid.now).then(|| (grid.step_of(first), grid.last_step()))
    }

    /// Step `number`, which lies in [`Timeline::steps`] and is not before the one asked last.
    pub fn step(&mut self, number: StepNumber) -> Step {
        let Scope { grid, periods, mask, activity, .. } = self.scope;
        let first = number * grid.step_slices;
        let end = (first + grid.step_slices).min(grid.now);
        let (window_first, window_end) = periods.window(end);
        self.low = gallop(activity, self.low, window_first);
        self.high = gallop(activity, self.high.max(self.low), end);
        let first_event = self.scope.first_event.unwrap_or(end);
        let counted = |from: SliceNumber, to: SliceNumber| ((to - from).max(0) - mask.count(from, to)) as u64;
        Step {
            number,
            first,
            end,
            window_first,
            window_end,
            window_partial: window_first < first_event,
            slices_active: (self.high - self.low) as u64,
            slices_possible: counted(window_first.max(first_event), end),
            slices_whole: counted(window_first, window_end),
        }
    }
}

/// Index of the first entry at or after `from` whose slice is `n` or later: doubling strides, then bisection, so that a long
/// jump costs its logarithm and a short one next to nothing.
pub fn gallop<T>(sorted: &[(SliceNumber, T)], from: usize, n: SliceNumber) -> usize {
    let mut stride = 1;
    let mut low = from;
    while let Some(&(slice, _)) = sorted.get(low + stride - 1)
        && slice < n
    {
        low += stride;
        stride *= 2;
    }
    let high = (low + stride).min(sorted.len());
    low + sorted[low..high].partition_point(|&(slice, _)| slice < n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grid(step_slices: i64, now: SliceNumber) -> Grid {
        Grid { slices: Slices::of_seconds(60).unwrap(), step_slices, now }
    }

    fn scope<'a>(grid: Grid, periods: Periods, window: &'a crate::slo::Window, activity: &'a Activity) -> Scope<'a> {
        let first_event = activity.first().map(|&(n, _)| n);
        Scope {
            grid,
            window,
            periods,
            excluded: Vec::new(),
            mask: Default::default(),
            activity: std::sync::Arc::new(activity.into()),
            first_event,
            rule: None,
        }
    }

    fn minutes(n: i64) -> crate::slo::Window {
        crate::slo::Window::Rolling(Length::parse(&format!("{n}m")).unwrap())
    }

    #[test]
    fn the_last_step_is_cut_by_now() {
        let activity = [(5, 1), (6, 1), (12, 1)];
        let window = minutes(10);
        let scope = scope(grid(5, 13), Periods::Rolling(10), &window, &activity);
        let mut t = Timeline::new(&scope);
        assert_eq!(t.steps(), Some((1, 2)));
        let step = t.step(1);
        assert_eq!((step.first, step.end, step.window_first), (5, 10, 0));
        assert_eq!((step.window_partial, step.slices_active, step.slices_possible), (true, 2, 5));
        let step = t.step(2);
        assert_eq!((step.first, step.end, step.window_first), (10, 13, 3));
        assert_eq!((step.window_partial, step.slices_active, step.slices_possible), (true, 3, 8));
        assert_eq!(step.coverage(), 0.375);
    }

    #[test]
    fn nothing_before_now_is_no_step() {
        let (window, rolling) = (minutes(10), Periods::Rolling(10));
        assert_eq!(Timeline::new(&scope(grid(5, 5), rolling.clone(), &window, &[(5, 1)])).steps(), None);
        assert_eq!(Timeline::new(&scope(grid(5, 5), rolling, &window, &[])).steps(), None);
    }

    #[test]
    fn a_row_on_a_boundary_shows_the_window_of_its_last_instant() {
        let calendar = Periods::Calendar(vec![-4, 10, 30, 47]);
        assert_eq!(calendar.window(9), (-4, 10));
        assert_eq!(calendar.window(10), (-4, 10));
        assert_eq!(calendar.window(11), (10, 30));
        assert_eq!(calendar.end(31), 47);
        let (window, activity) = (minutes(10), [(5, 1), (12, 1)]);
        let scope = scope(grid(10, 13), calendar, &window, &activity);
        let mut t = Timeline::new(&scope);
        let step = t.step(0);
        assert_eq!((step.window_first, step.window_end, step.window_partial, step.slices_whole), (-4, 10, true, 14));
        let step = t.step(1);
        assert_eq!((step.end, step.window_first, step.window_end, step.window_partial), (13, 10, 30, false));
        assert_eq!((step.slices_active, step.slices_possible, step.window_seconds(scope.grid.slices)), (1, 3, 1_200));
    }

    #[test]
    fn from_selects_whole_steps() {
        let g = grid(5, 100);
        let minutes = |m: i64| Instant::from_micros(g.slices.start(0).micros() + m * 60_000_000);
        assert_eq!(g.first_step_from(minutes(10)), 2);
        assert_eq!(g.first_step_from(minutes(11)), 3);
        assert_eq!(g.first_step_from(Instant::from_micros(minutes(10).micros() + 1)), 3);
        assert_eq!(g.first_step_from(minutes(-1)), 0);
        assert!(g.first_step_from(Instant::from_micros(i64::MIN)) < -1_000_000);
        assert!(g.first_step_from(Instant::from_micros(i64::MAX)) > 1_000_000);
    }

    #[test]
    fn a_length_off_the_grid_is_an_error() {
        let slices = Slices::of_seconds(420).unwrap();
        let error = Grid::new(slices, &Length::parse("1h").unwrap(), slices.start(0)).unwrap_err();
        assert_eq!(error.to_string(), "the step --every of 1h is not a whole number of 420 s slices");
        let off = Instant::from_micros(slices.start(3).micros() + 1);
        let error = Grid::new(slices, &Length::parse("7m").unwrap(), off).unwrap_err();
        assert!(error.to_string().contains("is not a boundary of the 420 s slices"));
        assert_eq!(error.hint_text(), Some("the boundary before it is 1970-01-05T00:21:00Z"));
    }

    #[test]
    fn absurd_slice_numbers_are_refused() {
        let slices = Slices::of_seconds(60).unwrap();
        assert!(check_range(slices, 30_000_000).is_ok());
        assert!(check_range(slices, i64::MAX).is_err() && check_range(slices, i64::MIN).is_err());
    }

    proptest! {
        #[test]
        fn galloping_finds_what_searching_finds(mut slices in prop::collection::vec(-50_i64..50, 0..40), n in -60_i64..60, from in 0_usize..5) {
            slices.sort_unstable();
            slices.dedup();
            let sorted: Vec<_> = slices.iter().map(|&s| (s, ())).collect();
            let from = from.min(sorted.len());
            let want = (from..sorted.len()).find(|&i| sorted[i].0 >= n).unwrap_or(sorted.len());
            prop_assert_eq!(gallop(&sorted, from, n), want);
        }
    }
}
