//! What became of every line. Nothing is dropped silently: the outcomes of an input sum to its lines and bytes.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};
use crate::record::{Outcome, Reason, Skip};

/// The names of skipped lines in outputs, in the order of [`Skip`].
const SKIPS: [(Skip, &str); 5] = [
    (Skip::Blank, "skipped_blank"),
    (Skip::Comment, "skipped_comment"),
    (Skip::Chatter, "skipped_chatter"),
    (Skip::OtherProgram, "skipped_other_program"),
    (Skip::Repeated, "skipped_repeated"),
];
/// The names of rejected lines in outputs, in the order of [`Reason`].
const REJECTS: [&str; Reason::ALL.len()] =
    ["rejected_too_long", "rejected_layout", "rejected_time", "rejected_status", "rejected_number", "rejected_json"];

/// Lines and the bytes they take, line ends included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct Tally {
    /// Lines.
    pub lines: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Outcomes of the lines of one part of the input.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct Accounting {
    /// Requests.
    pub events: Tally,
    /// Requests that got no response (their status is absent), a part of `events`.
    pub no_response: u64,
    /// Requests whose local time comes twice, as summer time ends, a part of `events`; they count at the earlier instant.
    pub time_folds: u64,
    /// Requests whose local time never comes, as summer time begins, a part of `events`; they count as if it had not begun.
    pub time_gaps: u64,
    /// Skipped lines by [`Skip`], in its order.
    pub skipped: [Tally; SKIPS.len()],
    /// Fragments that became part of another line.
    pub joined: Tally,
    /// Requests without a usable time.
    pub undated: Tally,
    /// Lines that did not parse, by [`Reason`], in its order.
    pub rejected: [Tally; Reason::ALL.len()],
    /// In a log of several formats: how many of `events` were read by others than the first one, by their names.
    pub by_others: BTreeMap<String, u64>,
}

impl Accounting {
    /// Adds one line of `bytes` bytes.
    #[inline]
    pub fn add(&mut self, outcome: Outcome, bytes: u64) {
        let tally = match outcome {
            Outcome::Event => &mut self.events,
            Outcome::Skipped(skip) => &mut self.skipped[skip as usize],
            Outcome::Joined => &mut self.joined,
            Outcome::Undated => &mut self.undated,
            Outcome::Rejected(reason) => &mut self.rejected[reason as usize],
        };
        tally.lines += 1;
        tally.bytes += bytes;
    }

    /// Takes back that fragments, of so many bytes, became part of another line: the rest of it never came.
    pub fn reject_unfinished(&mut self, lines: u64, bytes: u64) {
        let (lines, bytes) = (lines.min(self.joined.lines), bytes.min(self.joined.bytes));
        if lines > 0 {
            let rejected = &mut self.rejected[Reason::Layout as usize];
            (self.joined.lines, self.joined.bytes) = (self.joined.lines - lines, self.joined.bytes - bytes);
            (rejected.lines, rejected.bytes) = (rejected.lines + lines, rejected.bytes + bytes);
        }
    }

    /// Adds many events.
    #[inline]
    pub fn add_events(&mut self, lines: u64, bytes: u64) {
        self.events.lines += lines;
        self.events.bytes += bytes;
    }

    /// Every outcome with its name in outputs, in their order.
    pub fn outcomes(&self) -> impl Iterator<Item = (&'static str, Tally)> + '_ {
        let skipped = SKIPS.into_iter().map(|(skip, name)| (name, self.skipped[skip as usize]));
        let rejected = REJECTS.into_iter().zip(self.rejected);
        std::iter::once(("events", self.events))
            .chain(skipped)
            .chain([("joined", self.joined), ("undated", self.undated)])
            .chain(rejected)
    }

    /// The outcome that [`Accounting::outcomes`] names so.
    pub fn outcome_mut(&mut self, name: &str) -> Option<&mut Tally> {
        match name {
            "events" => Some(&mut self.events),
            "joined" => Some(&mut self.joined),
            "undated" => Some(&mut self.undated),
            _ => {
                let skip = SKIPS.iter().position(|(_, n)| *n == name).map(|i| &mut self.skipped[i]);
                skip.or_else(|| REJECTS.iter().position(|n| *n == name).map(|i| &mut self.rejected[i]))
            }
        }
    }

    /// All lines and bytes.
    pub fn total(&self) -> Tally {
        self.outcomes().fold(Tally::default(), |sum, (_, t)| Tally { lines: sum.lines + t.lines, bytes: sum.bytes + t.bytes })
    }

    /// All skipped lines.
    pub fn skipped_total(&self) -> Tally {
        sum(&self.skipped)
    }

    /// Lines that were skipped for this reason.
    pub fn skipped_as(&self, skip: Skip) -> Tally {
        self.skipped[skip as usize]
    }

    /// All rejected lines.
    pub fn rejected_total(&self) -> Tally {
        sum(&self.rejected)
    }

    /// Adds the outcomes of another part.
    pub fn merge(&mut self, other: &Accounting) -> Result<()> {
        let parts = [
            (&mut self.no_response, other.no_response),
            (&mut self.time_folds, other.time_folds),
            (&mut self.time_gaps, other.time_gaps),
        ];
        for (mine, theirs) in parts {
            *mine = mine.checked_add(theirs).ok_or_else(overflow)?;
        }
        for (name, events) in &other.by_others {
            let mine = self.by_others.entry(name.clone()).or_default();
            *mine = mine.checked_add(*events).ok_or_else(overflow)?;
        }
        merge_tally(&mut self.events, other.events)?;
        merge_tally(&mut self.joined, other.joined)?;
        merge_tally(&mut self.undated, other.undated)?;
        for (mine, theirs) in self.skipped.iter_mut().zip(other.skipped) {
            merge_tally(mine, theirs)?;
        }
        for (mine, theirs) in self.rejected.iter_mut().zip(other.rejected) {
            merge_tally(mine, theirs)?;
        }
        Ok(())
    }
}

fn sum(tallies: &[Tally]) -> Tally {
    tallies.iter().fold(Tally::default(), |sum, t| Tally { lines: sum.lines + t.lines, bytes: sum.bytes + t.bytes })
}

fn merge_tally(mine: &mut Tally, theirs: Tally) -> Result<()> {
    mine.lines = mine.lines.checked_add(theirs.lines).ok_or_else(overflow)?;
    mine.bytes = mine.bytes.checked_add(theirs.bytes).ok_or_else(overflow)?;
    Ok(())
}

#[cold]
fn overflow() -> Error {
    Error::new(ErrorKind::Overflow, "the line counts of all inputs together exceed 2^64")
}
