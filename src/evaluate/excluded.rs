//! What was excluded, to be said beside every answer that it changed.

use std::fmt;
use std::sync::Arc;

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
    /// How it was declared: many rows say so.
    declared: Arc<str>,
}

impl Excluded {
    /// The exclusions with their stretches that overlap `[from, to)`; of some there may be none.
    ///
    /// # Errors
    /// An exclusion that recurs too often.
    pub fn all(exclusions: &[Exclusion], from: Instant, to: Instant) -> Result<Vec<Excluded>> {
        let one = |exclusion: &Exclusion| {
            let (stretches, declared) = (exclusion.occurrences(from, to)?, exclusion.to_string().into());
            Ok(Excluded { exclusion: exclusion.clone(), stretches, declared })
        };
        exclusions.iter().map(one).collect()
    }

    /// The same with the stretches that overlap `[from, to)`.
    #[must_use]
    pub fn within(&self, from: Instant, to: Instant) -> Excluded {
        let stretches = self.stretches.iter().copied().filter(|&(start, end)| start < to && end > from).collect();
        Excluded { stretches, ..self.clone() }
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
pub(super) fn declared(all: &[Excluded], from: Instant, to: Instant) -> Option<Arc<str>> {
    let mut touching = all.iter().filter(|one| one.touches(from, to));
    let first = Arc::clone(&touching.next()?.declared);
    let more = touching.fold(String::new(), |more, one| more + "; " + &one.declared);
    Some(if more.is_empty() { first } else { format!("{first}{more}").into() })
}
