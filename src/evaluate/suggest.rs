//! What history suggests: how many of the past windows would have met which target, and under which bound of the latency.

use std::sync::Arc;

use super::excluded::{self, Excluded};
use super::guard::Guarded;
use super::row::{SeriesKey, valid};
use super::series::pooled;
use super::window::Periods;
use crate::aggregate::histogram::hours;
use crate::aggregate::rebound::rebound;
use crate::aggregate::{Counts, IndicatorCounts, IndicatorKey, Series};
use crate::error::Result;
use crate::ratio::{Ratio, Target};
use crate::slo::expr::Condition;
use crate::time::{Instant, SECONDS_PER_DAY, SliceNumber, Slices};

/// The targets that are tried, ascending.
pub const TARGETS: [&str; 11] = ["90%", "95%", "97.5%", "98%", "99%", "99.5%", "99.9%", "99.95%", "99.99%", "99.995%", "99.999%"];
/// The bounds of the latency that are tried beside those declared, in ms.
pub const BOUNDS_MS: [i64; 10] = [10, 25, 50, 100, 200, 300, 500, 1_000, 2_000, 5_000];
/// The quantiles that are told, in tenths of a percent.
pub const QUANTILES: [u64; 5] = [500, 900, 950, 990, 999];

/// What history suggests for one SLO.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// Service, SLO, objective, target, window.
    pub series: Arc<SeriesKey>,
    /// How many windows were looked at: one ends with each day (or each window, where it is shorter), or with each calendar period.
    pub windows: usize,
    /// Whether there is not one whole window, so that what there is was taken for one.
    pub partial: bool,
    /// Each target, and how many windows met it.
    pub targets: Vec<(Target, usize)>,
    /// The highest target that every window met.
    pub suggested: Option<Target>,
    /// What other bounds of the latency would have given; none without a histogram.
    pub bounds: Vec<Bound>,
    /// Quantiles of the latency in tenths of a percent, and an upper bound of each in ns, over all of history.
    pub quantiles: Vec<(u64, i64)>,
    /// What is excluded from all of that.
    pub excluded: Vec<Excluded>,
}

impl Suggestion {
    /// The exclusions that took something out, as they are declared, in one text; none where none did.
    pub fn exclusions(&self) -> Option<Arc<str>> {
        excluded::declared(&self.excluded, Instant::from_micros(i64::MIN), Instant::from_micros(i64::MAX))
    }
}

/// A bound of the latency, and what it would have given.
#[derive(Clone, PartialEq, Debug)]
pub struct Bound {
    /// The bound in ns.
    pub ns: i64,
    /// The SLI of the worst window.
    pub worst_sli: f64,
    /// The highest target that every window met.
    pub suggested: Option<Target>,
    /// Share of the valid events that may be good but count as bad, since the histogram cannot tell.
    pub error: f64,
}

/// A window, as its slices `first..end`.
type Stretch = (SliceNumber, SliceNumber);

impl Guarded<'_> {
    /// What history suggests.
    ///
    /// # Errors
    /// Counts beyond the outputs' integers.
    pub fn suggestion(&self) -> Result<Suggestion> {
        let (windows, partial) = self.past_windows();
        let judged = judged(&self.pooled.spent, &windows, |end| self.entry.scope.whole(end))?;
        let met = |target: Target| judged.iter().filter(|window| window.meets(target)).count();
        let targets = ladder().into_iter().map(|target| (target, met(target))).collect();
        Ok(Suggestion {
            series: Arc::clone(self.key()),
            windows: judged.len(),
            partial,
            targets,
            suggested: highest(&judged),
            bounds: self.bounds(&windows)?,
            quantiles: self.quantiles()?,
            excluded: self.excluded().to_vec(),
        })
    }

    /// The windows that end on a day, or with a calendar period, and hold nothing before the first event.
    fn past_windows(&self) -> (Vec<Stretch>, bool) {
        let (grid, scope) = (self.plan.grid, &self.entry.scope);
        let first = scope.first_event.unwrap_or(grid.now);
        let day = (SECONDS_PER_DAY / grid.slices.width_seconds()).max(1);
        let ends: Vec<SliceNumber> = match &scope.periods {
            Periods::Rolling(window) => {
                let stride = day.min(*window);
                let unit = scope.unit();
                let aligned = |n: SliceNumber| (n * stride).div_euclid(unit) * unit;
                (first.div_euclid(stride)..=grid.now.div_euclid(stride)).map(aligned).collect()
            }
            Periods::Calendar(starts) => starts.clone(),
        };
        let whole = |&end: &SliceNumber| end <= grid.now && scope.periods.window(end).0 >= first;
        let mut windows: Vec<Stretch> = ends.into_iter().filter(whole).map(|end| (scope.periods.window(end).0, end)).collect();
        let partial = windows.is_empty();
        if partial && first < grid.now {
            windows.push((scope.periods.window(grid.now).0.max(first), grid.now));
        }
        (windows, partial)
    }

    fn counts(&self) -> Option<&IndicatorCounts> {
        let canonical = self.entry.asked.canonical.to_owned();
        self.plan.partial.indicators.get(&IndicatorKey { service: self.entry.service.to_owned(), canonical })
    }

    /// What other bounds would have given. Histograms hold events by the hour, so they answer neither for weights nor for slices of time.
    fn bounds(&self, windows: &[Stretch]) -> Result<Vec<Bound>> {
        if self.entry.scope.rule.is_some() || self.slo().indicator.weight.is_some() {
            return Ok(Vec::new());
        }
        let Some(counts) = self.counts().filter(|counts| counts.latencies.is_some()) else { return Ok(Vec::new()) };
        let kept = self.plan.partial.slices;
        let factor = hours().width_seconds() / kept.width_seconds();
        if hours().width_seconds() % kept.width_seconds() != 0 {
            return Ok(Vec::new());
        }
        let mut hourly = counts.clone();
        hourly.coarsen(factor)?;
        let windows: Vec<Stretch> = windows.iter().map(|&window| self.by_the_hour(window)).collect();
        let mut tried: Vec<i64> = BOUNDS_MS.iter().map(|ms| ms * 1_000_000).chain(self.declared()).collect();
        tried.sort_unstable();
        tried.dedup();
        let one = |ns: i64| self.bound(&hourly, ns, &windows);
        tried.into_iter().map(one).filter_map(Result::transpose).collect()
    }

    /// The bounds that the indicator itself declares.
    fn declared(&self) -> impl Iterator<Item = i64> {
        let conditions = self.slo().indicator.good.conditions();
        let bound = |condition: &Condition| match condition {
            Condition::Within { field: crate::record::Field::Latency, ranges, .. } => ranges.last().map(|&(_, to)| to),
            _ => None,
        };
        conditions.into_iter().filter_map(bound).filter(|&to| to < i64::MAX).collect::<Vec<_>>().into_iter()
    }

    /// The whole hours of a window.
    fn by_the_hour(&self, (first, end): Stretch) -> Stretch {
        let hour = |slices: Slices, slice| hours().number(slices.start(slice));
        let slices = self.plan.grid.slices;
        let last = Instant::from_micros(slices.start(end).micros() - 1);
        (hour(slices, first), hours().number(last) + 1)
    }

    fn bound(&self, hourly: &IndicatorCounts, ns: i64, windows: &[Stretch]) -> Result<Option<Bound>> {
        let Some(rebounded) = rebound(hourly, ns)? else { return Ok(None) };
        let mut all = rebounded.counts.roll_up()?;
        // An hour that is partly excluded is left out: which of its latencies count is not known.
        all.retain(|&(hour, _)| !self.touches_excluded(hour));
        let judged = judged(&all, windows, |_| None)?;
        let ratio = |window: &Past| Ratio::new(window.good.into(), window.valid().into());
        let Some(worst) = judged.iter().filter_map(ratio).min() else { return Ok(None) };
        let valid = all.iter().fold(0_u128, |sum, (_, c)| sum + u128::from(c.good) + u128::from(c.bad));
        let error = Ratio::new(rebounded.uncertain.into(), valid).map_or(0.0, |error| error.to_f64().min(1.0));
        Ok(Some(Bound { ns, worst_sli: worst.to_f64(), suggested: highest(&judged), error }))
    }

    fn touches_excluded(&self, hour: SliceNumber) -> bool {
        let slices = self.plan.grid.slices;
        let last = Instant::from_micros(hours().end(hour).micros() - 1);
        self.entry.scope.mask.count(slices.number(hours().start(hour)), slices.number(last) + 1) > 0
    }

    fn quantiles(&self) -> Result<Vec<(u64, i64)>> {
        let Some(latencies) = self.counts().and_then(|counts| counts.latencies.as_ref()) else { return Ok(Vec::new()) };
        let buckets = latencies.roll_up()?;
        let all = latencies.distribution(&buckets, i64::MIN..i64::MAX)?;
        Ok(QUANTILES.iter().filter_map(|&part| Some((part, all.quantile(part, 1_000)?.at_most))).collect())
    }
}

/// What was counted in a window of the past.
#[derive(Clone, Copy)]
struct Past {
    good: u64,
    bad: u64,
    /// What the budget is β of.
    whole: u64,
}

impl Past {
    fn valid(self) -> u64 {
        self.good + self.bad
    }

    /// Whether it would have met a target.
    fn meets(self, target: Target) -> bool {
        self.bad <= target.allowed_bad(self.whole)
    }
}

/// What each window held, of those that have something valid. `whole` is what the budget of the one that ends there is β of, where that
/// is more than what was counted.
fn judged(series: &Series, windows: &[Stretch], whole: impl Fn(SliceNumber) -> Option<u64>) -> Result<Vec<Past>> {
    let one = |&(first, end): &Stretch| {
        let counts: Counts = pooled(series, first, end)?;
        let whole = whole(end).unwrap_or(valid(counts)?);
        Ok(Past { good: counts.good, bad: counts.bad, whole })
    };
    let all = windows.iter().map(one).collect::<Result<Vec<_>>>()?;
    Ok(all.into_iter().filter(|window| window.valid() > 0).collect())
}

fn ladder() -> Vec<Target> {
    TARGETS.iter().filter_map(|text| Target::parse(text).ok()).collect()
}

/// The highest target that every window met.
fn highest(judged: &[Past]) -> Option<Target> {
    let all = |target: &Target| judged.iter().all(|window| window.meets(*target));
    ladder().into_iter().rev().find(all).filter(|_| !judged.is_empty())
}
