//! What was excluded, to be said beside every answer that it changed.

use std::fmt;

use crate::error::Result;
use crate::slo::Exclusion;
use crate::time::Instant;

/// An exclusion, and where it took something out.
#[derive(Clone, Debug)]
pub struct Excluded {
    /// The exclusion.
    pub exclusion: Exclusion,
    /// Its stretches in the time that is looked at, as they are declared, ascending by start.
    pub stretches: Vec<(Instant, Instant)>,
}

impl Excluded {
    /// The exclusions with their stretches that overlap `[from, to)`; of some there may be none.
    ///
    /// # Errors
    /// An exclusion that recurs too often.
    pub fn all(exclusions: &[Exclusion], from: Instant, to: Instant) -> Result<Vec<Excluded>> {
        let one =
            |exclusion: &Exclusion| Ok(Excluded { exclusion: exclusion.clone(), stretches: exclusion.occurrences(from, to)? });
        exclusions.iter().map(one).collect()
    }

    /// The same with the stretches that overlap `[from, to)`.
    #[must_use]
    pub fn within(&self, from: Instant, to: Instant) -> Excluded {
        let stretches = self.stretches.iter().copied().filter(|&(start, end)| start < to && end > from).collect();
        Excluded { exclusion: self.exclusion.clone(), stretches }
    }

    /// Whether a stretch overlaps `[from, to)`.
    pub fn touches(&self, from: Instant, to: Instant) -> bool {
        // All stretches are equally long, so that their ends ascend as well.
        let first = self.stretches.partition_point(|&(_, end)| end <= from);
        self.stretches.get(first).is_some_and(|&(start, _)| start < to)
    }
}

impl fmt::Display for Excluded {
    /// `2026-11-01T02:00:00Z to 2026-11-01T04:00:00Z is excluded: database move (ana)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.stretches.first(), self.stretches.last()) {
            (Some(first), Some(last)) if first != last => {
                write!(f, "{} stretches between {} and {} are excluded", self.stretches.len(), first.0, last.1)?;
            }
            (Some((start, end)), _) => write!(f, "{start} to {end} is excluded")?,
            (None, _) => f.write_str("nothing of the window is excluded")?,
        }
        write!(f, ": {}", self.exclusion.why())
    }
}

/// The exclusions that touch `[from, to)`, as they are declared, in one text; none where none does.
pub(super) fn declared(all: &[Excluded], from: Instant, to: Instant) -> Option<String> {
    let touching: Vec<String> = all.iter().filter(|one| one.touches(from, to)).map(|one| one.exclusion.to_string()).collect();
    (!touching.is_empty()).then(|| touching.join("; "))
}
