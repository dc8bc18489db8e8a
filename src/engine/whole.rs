//! Contents that lie in memory as a whole. Each counts with all of its lines if all are events, and not at all otherwise.
//!
//! Of many small files most are such; what is odd about the others is for [`super::run`] to tell. What was counted cannot be taken back
//! from counts, so it is kept apart until it is known to stand.

use crate::aggregate::accounting::{Accounting, Tally};
use crate::aggregate::{Duplicates, Partial};
use crate::error::Result;
use crate::scan::{Job, OddLines, Worker, scan, scan_batches};

/// Counts whole contents for one job.
pub struct Wholes<'a> {
    job: Job<'a>,
    /// Counts what may have to be forgotten.
    worker: Worker<'a>,
    /// What stands, with the binary logarithm of how often it was put together: like ones are, so that no large one is walked often.
    kept: Vec<(u32, Partial)>,
}

impl<'a> Wholes<'a> {
    /// Nothing was counted yet.
    ///
    /// # Errors
    /// Too many thresholds for a latency histogram.
    pub fn new(job: Job<'a>) -> Result<Self> {
        Ok(Wholes { job, worker: Worker::new(job, "")?, kept: Vec::new() })
    }

    /// Counts the first `length` bytes of a buffer, the content of the input that has this name. None if some line is no event, or, for the
    /// strict, none of a writer of the format: then nothing counts of it, nor of the contents since [`Wholes::keep`].
    ///
    /// # Errors
    /// An overflow of a count.
    pub fn add(&mut self, name: &str, buffer: &[u8], length: usize, is_strict: bool) -> Result<Option<Accounting>> {
        self.worker.turn_to(name);
        if is_strict {
            self.worker.take_are_own();
        }
        self.count(is_strict, &mut |worker, odd| scan(buffer, length, 0, worker, odd).map(|()| length))
    }

    /// Counts lines by `scan`, which says how many bytes of them it has counted.
    fn count(
        &mut self,
        is_strict: bool,
        scan: &mut dyn FnMut(&mut Worker, &mut OddLines) -> Result<usize>,
    ) -> Result<Option<Accounting>> {
        let mut are_events = true;
        let bytes = scan(&mut self.worker, &mut |_, _, _| are_events = false)?;
        let accounting = self.worker.take_accounting();
        let are_own = !is_strict || self.worker.take_are_own();
        if are_events && are_own && accounting.events.bytes == bytes as u64 {
            return Ok(Some(accounting));
        }
        self.worker = Worker::new(self.job, "")?;
        Ok(None)
    }

    /// Counts the first `length` bytes of a buffer: contents one behind the other, each of which ends with a line end. How much of it was
    /// counted, if all are events with a response and of one time, which a writer of the format wrote; else none, as [`Wholes::add`] says it.
    /// Unless they are the last, lines at the end that fill no batch are not counted: they are to stand before the next contents.
    ///
    /// # Errors
    /// An overflow of a count.
    pub fn add_row(&mut self, buffer: &[u8], length: usize, is_last: bool) -> Result<Option<Tally>> {
        self.worker.turn_to("");
        self.worker.take_are_own();
        let added = self.count(true, &mut |worker, odd| match is_last {
            true => scan(buffer, length, 0, worker, odd).map(|()| length),
            false => scan_batches(buffer, length, 0, worker, odd),
        })?;
        let events = added.as_ref().map(|accounting| accounting.events);
        // Of anything else it is not known which of the contents has it.
        let plain = events.map(|events| Accounting { events, ..Accounting::default() });
        if added.is_some() && added != plain {
            self.worker = Worker::new(self.job, "")?;
            return Ok(None);
        }
        Ok(events)
    }

    /// Whether contents can be counted in a row: nothing is asked of their names.
    pub fn counts_rows(&self) -> bool {
        self.job.attribution.is_none() && !self.job.extractor.gives_input()
    }

    /// Lets stand what was counted.
    ///
    /// # Errors
    /// An overflow.
    pub fn keep(&mut self) -> Result<()> {
        let (mut rank, mut last) = (0, self.worker.take()?);
        while let Some((_, mut before)) = self.kept.pop_if(|(other, _)| *other == rank) {
            before.merge_with(last, Duplicates::Allow)?;
            (rank, last) = (rank + 1, before);
        }
        self.kept.push((rank, last));
        Ok(())
    }

    /// Everything that stands, without receipts; none if nothing does.
    ///
    /// # Errors
    /// An overflow.
    pub fn finish(self) -> Result<Option<Partial>> {
        Partial::merge_all(self.kept.into_iter().rev().map(|(_, partial)| partial).collect(), Duplicates::Allow)
    }
}
