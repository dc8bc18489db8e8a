//! Budgeting methods: what an error budget is counted in (OpenSLO's `budgetingMethod`).

use crate::ratio::Target;
use crate::time::Length;

/// What an SLO's error budget is counted in.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum Budgeting {
    /// Events: SLI = good ÷ valid events, pooled over the window.
    #[default]
    Occurrences,
    /// Slices of time, each of which is judged by itself.
    Slices(Slicing),
}

/// How slices of time are judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slicing {
    /// The width of a slice (`timeSliceWindow`): a whole number of the slices that counts are kept in.
    pub width: Length,
    /// What a slice without valid events is.
    pub empty: EmptySlices,
    /// What a slice scores.
    pub score: Score,
}

/// What a slice scores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Score {
    /// Timeslices: 1 or 0, for good ÷ valid ≥ target or not. SLI = good slices ÷ slices.
    Verdict {
        /// `timeSliceTarget`.
        target: SliceTarget,
        /// When a slice of all groups together is bad.
        roll_up: RollUp,
    },
    /// RatioTimeslices: good ÷ valid. SLI = the mean of the slices' ratios.
    Ratio,
}

/// What a slice without valid events is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum EmptySlices {
    /// Not counted.
    #[default]
    Ignore,
    /// Good: nobody was failed.
    Good,
    /// Bad: nobody could get through.
    Bad,
}

/// When a slice of all groups together is bad.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum RollUp {
    /// When the pooled events of all groups miss the slice's target.
    #[default]
    Pooled,
    /// When those of any group do.
    AnyBad,
}

/// The share of a slice's valid events that must be good: above 0, and up to 1, unlike a [`Target`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SliceTarget(Option<Target>);

impl SliceTarget {
    /// Every valid event must be good.
    pub const ALL: SliceTarget = SliceTarget(None);

    /// Parses `95%`, `0.95`, `100%` or `1.0`.
    ///
    /// # Errors
    /// A sentence, as of [`Target::parse`].
    pub fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let (number, whole) = trimmed.strip_suffix('%').map_or((trimmed, "1"), |percent| (percent.trim_end(), "100"));
        let (left, decimals) = number.split_once('.').unwrap_or((number, "0"));
        if left == whole && !decimals.is_empty() && decimals.bytes().all(|b| b == b'0') {
            return Ok(SliceTarget::ALL);
        }
        Target::parse(text).map(|target| SliceTarget(Some(target)))
    }

    /// Whether a slice with `good` of `valid` events is good. `valid` is not 0.
    pub fn met(self, good: u64, valid: u64) -> bool {
        self.0.map_or(good == valid, |target| target.met(good, valid).unwrap_or(false))
    }
}

impl std::fmt::Display for SliceTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(target) => target.fmt(f),
            None => f.write_str("100%"),
        }
    }
}

impl Budgeting {
    /// OpenSLO's name of the method.
    pub fn name(&self) -> &'static str {
        match self {
            Budgeting::Occurrences => "Occurrences",
            Budgeting::Slices(Slicing { score: Score::Verdict { .. }, .. }) => "Timeslices",
            Budgeting::Slices(Slicing { score: Score::Ratio, .. }) => "RatioTimeslices",
        }
    }
}

impl EmptySlices {
    /// Every choice with the word for it.
    pub const NAMES: [(&'static str, EmptySlices); 3] =
        [("ignore", EmptySlices::Ignore), ("good", EmptySlices::Good), ("bad", EmptySlices::Bad)];

    /// The word for it.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].0
    }
}

impl RollUp {
    /// Every choice with the word for it.
    pub const NAMES: [(&'static str, RollUp); 2] = [("pooled", RollUp::Pooled), ("any_bad", RollUp::AnyBad)];

    /// The word for it.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_target_may_be_everything() {
        for text in ["100%", "1", "1.0", "100.00 %"] {
            assert_eq!(SliceTarget::parse(text).unwrap(), SliceTarget::ALL, "{text}");
        }
        assert!(SliceTarget::ALL.met(5, 5) && !SliceTarget::ALL.met(4, 5));
        let most = SliceTarget::parse("95%").unwrap();
        assert!(most.met(95, 100) && !most.met(94, 100));
        assert_eq!((most.to_string(), SliceTarget::ALL.to_string()), ("95%".to_owned(), "100%".to_owned()));
        for text in ["0%", "101%", "95", "1.", "x"] {
            assert!(SliceTarget::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_stand_at_their_places() {
        assert!(EmptySlices::NAMES.iter().all(|(name, choice)| choice.name() == *name));
        assert!(RollUp::NAMES.iter().all(|(name, choice)| choice.name() == *name));
    }
}
