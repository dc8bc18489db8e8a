//! What a budget is counted in: budgeting methods as a change of unit.
//!
//! With Occurrences a budget is spent by events, and the counts of a series are its spending as they are. With Timeslices it is
//! spent by slices of time, with RatioTimeslices by shares of them. Either way the counts of a slice of time become one more pair
//! of good and bad (1 and 0, or parts of [`RATIO_PARTS`]) and from there on windows, budgets and burn rates are
//! the same sums of the same type.
//!
//! A slice of time stands at the place of its first slice of the grid, so it belongs to a window that holds its beginning; the
//! one that "now" cuts is judged by what it has so far.

use super::mask::Mask;
use crate::aggregate::{Counts, Series};
use crate::error::{Error, ErrorKind, Result};
use crate::slo::budgeting::{EmptySlices, Score, SliceTarget, Slicing};
use crate::time::SliceNumber;

/// The parts of one that a slice's ratio is kept in. A ratio of up to ten decimals is exact, and so a mean of such ratios; of any
/// other it is the nearest, so that a mean is off by at most 5 × 10⁻¹¹. A sum fits for 29 years of slices of a second.
pub const RATIO_PARTS: u64 = 10_000_000_000;

/// Slices of time that a series may have where empty ones count: 19 years of minutes.
pub const SLICES_MAX: i64 = 10_000_000;

/// How slices of time are judged, on the grid of an evaluation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Slices of the grid in one slice of time.
    pub factor: i64,
    /// What one without valid events is.
    pub empty: EmptySlices,
    /// What one scores.
    pub score: Score,
}

/// The time that slices of time are judged in.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// First slice with an event: before it nothing is known.
    pub first: SliceNumber,
    /// The first slice that has not happened.
    pub now: SliceNumber,
    /// What is excluded, in whole slices of time.
    pub mask: &'a Mask,
}

impl Rule {
    /// The rule of `slicing` with `factor` slices of the grid in a slice of time.
    pub fn new(slicing: &Slicing, factor: i64) -> Rule {
        Rule { factor, empty: slicing.empty, score: slicing.score }
    }

    /// What one slice of time is worth.
    pub fn unit(&self) -> u64 {
        match self.score {
            Score::Verdict { .. } => 1,
            Score::Ratio => RATIO_PARTS,
        }
    }

    /// The slices of time of a series, each as what it scores. Those in `bad` (sorted) are bad whatever they hold.
    ///
    /// # Errors
    /// Counts beyond the outputs' integers, more than [`SLICES_MAX`] slices where empty ones count.
    pub fn judge(&self, series: &[(SliceNumber, Counts)], time: Judged<'_>, bad: &[SliceNumber]) -> Result<Series> {
        let mut judged = Series::new();
        let happened = &series[..series.partition_point(|&(n, _)| n < time.now)];
        for slices in happened.chunk_by(|a, b| self.number(a.0) == self.number(b.0)) {
            let mut sum = Counts::default();
            slices.iter().try_for_each(|&(_, counts)| super::series::add(&mut sum, counts))?;
            let place = self.number(slices[0].0) * self.factor;
            let valid = super::row::valid(sum)?;
            if valid > 0 {
                judged.push((place, self.score(sum.good, valid, bad.binary_search(&place).is_ok())));
            }
        }
        if self.empty == EmptySlices::Ignore { Ok(judged) } else { self.fill(&judged, time) }
    }

    /// The places of slices of time that are bad.
    pub fn bad(&self, judged: &Series) -> Vec<SliceNumber> {
        judged.iter().filter(|(_, units)| units.bad > 0).map(|&(place, _)| place).collect()
    }

    fn number(&self, slice: SliceNumber) -> i64 {
        slice.div_euclid(self.factor)
    }

    fn score(&self, good: u64, valid: u64, is_bad: bool) -> Counts {
        match self.score {
            Score::Verdict { target, .. } => self.units(!is_bad && SliceTarget::met(target, good, valid)),
            Score::Ratio => {
                let (good, valid) = (u128::from(good), u128::from(valid));
                // At most RATIO_PARTS, since good ≤ valid.
                let good = ((good * u128::from(RATIO_PARTS) + valid / 2) / valid) as u64;
                Counts { events: RATIO_PARTS, good, bad: RATIO_PARTS - good, unknown: 0 }
            }
        }
    }

    fn units(&self, is_good: bool) -> Counts {
        let unit = self.unit();
        let (good, bad) = if is_good { (unit, 0) } else { (0, unit) };
        Counts { events: unit, good, bad, unknown: 0 }
    }

    /// Puts in the slices of time without valid events, from the first event to now.
    fn fill(&self, judged: &Series, time: Judged<'_>) -> Result<Series> {
        let (first, end) = (self.number(time.first), self.number(time.now - 1) + 1);
        if end - first > SLICES_MAX {
            return Err(too_many(end - first));
        }
        let empty = self.units(self.empty == EmptySlices::Good);
        let mut filled = Series::with_capacity((end - first).max(0) as usize);
        let mut known = judged.iter().peekable();
        for place in (first..end).map(|n| n * self.factor) {
            match known.next_if(|(n, _)| *n == place) {
                Some(&slice) => filled.push(slice),
                None if time.mask.holds(place) => {}
                None => filled.push((place, empty)),
            }
        }
        Ok(filled)
    }
}

#[cold]
fn too_many(slices: i64) -> Error {
    let error = format!("from the first event to now there are {slices} slices of time, too many to count empty ones");
    Error::new(ErrorKind::Limit, error).hint("an event may be dated wrongly (see --at), or choose a wider time_slice_window")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slo::budgeting::RollUp;

    fn counts(good: u64, bad: u64) -> Counts {
        Counts { events: good + bad, good, bad, unknown: 0 }
    }

    fn rule(factor: i64, empty: EmptySlices, target: Option<&str>) -> Rule {
        let verdict = |text| Score::Verdict { target: SliceTarget::parse(text).unwrap(), roll_up: RollUp::Pooled };
        Rule { factor, empty, score: target.map_or(Score::Ratio, verdict) }
    }

    fn goods(rule: Rule, series: &Series, first: SliceNumber, now: SliceNumber) -> Vec<(SliceNumber, u64)> {
        let mask = Mask::default();
        let judged = rule.judge(series, Judged { first, now, mask: &mask }, &[]).unwrap();
        assert!(judged.iter().all(|(_, c)| c.good + c.bad == rule.unit() && c.events == rule.unit()));
        judged.iter().map(|&(n, c)| (n, c.good)).collect()
    }

    #[test]
    fn a_slice_of_time_is_judged_by_its_pooled_events() {
        let series = vec![(-1, counts(9, 1)), (0, counts(5, 5)), (1, counts(100, 0)), (4, counts(0, 0)), (5, counts(19, 1))];
        let pairs = rule(2, EmptySlices::Ignore, Some("95%"));
        assert_eq!(goods(pairs, &series, -1, 6), [(-2, 0), (0, 1), (4, 1)]);
        // What has not happened does not count.
        assert_eq!(goods(pairs, &series, -1, 1), [(-2, 0), (0, 0)]);
    }

    #[test]
    fn empty_slices_are_what_is_asked_for() {
        let series = vec![(0, counts(1, 0)), (1, Counts { events: 7, ..Counts::default() }), (3, counts(0, 1))];
        let goods = |empty| goods(rule(1, empty, Some("95%")), &series, 0, 5);
        assert_eq!(goods(EmptySlices::Ignore), [(0, 1), (3, 0)]);
        assert_eq!(goods(EmptySlices::Good), [(0, 1), (1, 1), (2, 1), (3, 0), (4, 1)]);
        assert_eq!(goods(EmptySlices::Bad), [(0, 1), (1, 0), (2, 0), (3, 0), (4, 0)]);
    }

    #[test]
    fn ratios_of_up_to_ten_decimals_are_exact() {
        let ratio = rule(1, EmptySlices::Ignore, None);
        let series = vec![(0, counts(999, 1)), (1, counts(1, 2)), (2, counts(2, 1)), (3, counts(u64::MAX / 4, u64::MAX / 4))];
        assert_eq!(goods(ratio, &series, 0, 4), [(0, 9_990_000_000), (1, 3_333_333_333), (2, 6_666_666_667), (3, 5_000_000_000)]);
    }

    #[test]
    fn a_log_of_centuries_has_too_many_empty_slices() {
        let mask = Mask::default();
        let time = Judged { first: 0, now: SLICES_MAX + 1, mask: &mask };
        let error = rule(1, EmptySlices::Bad, None).judge(&[], time, &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert_eq!(rule(2, EmptySlices::Bad, None).judge(&[], time, &[]).unwrap().len() as i64, SLICES_MAX / 2 + 1);
    }
}
