//! Envelopes opened for all lines of a batch at once: a timestamp before each line, and what the runtime of Kubernetes writes there.
//!
//! What stands in them is short, of the same form in every line, and holds no byte that marks. So the lines are gathered by the marks of
//! what is in them, and read by its shape ([`super::shape`]) from behind the envelope on. What does not fit is declined, and opened with
//! care ([`super::envelope`]).

use super::clock::TimeReader;
use super::envelope::Envelope;
use super::walk::{Desk, End, Lines, Walk};
use super::words::Literal;
use crate::batch::{BATCH_LINES, Batch, Column, every_line, pad};
use crate::block::Place;
use crate::time::Instant;

/// Opens the envelopes of a batch.
pub(super) struct Peeler {
    envelope: Envelope,
    clock: TimeReader,
    desk: Box<Desk>,
    /// When each envelope was closed.
    stamps: Column<Instant>,
    /// Where the lines begin with their envelopes, and not 0 for one that is in none.
    starts: Column<Place>,
    odd: Column<u64>,
}

impl Peeler {
    /// For these envelopes, whose timestamps this reader reads; none if they are to be opened with care.
    pub(super) fn new(envelope: Envelope, clock: TimeReader) -> Option<Peeler> {
        let (starts, odd, stamps) = ([0; BATCH_LINES], [0; BATCH_LINES], [Instant::from_micros(0); BATCH_LINES]);
        let is_short = matches!(envelope, Envelope::Stamp | Envelope::Cri);
        is_short.then(|| Peeler { envelope, clock, desk: Desk::new(), stamps, starts, odd })
    }

    /// Whether this byte never stands in such an envelope.
    pub(super) fn is_outside(mark: u8) -> bool {
        !mark.is_ascii_alphanumeric() && !b" -+:.,".contains(&mark)
    }

    /// When each envelope was closed.
    pub(super) fn stamps(&self) -> &Column<Instant> {
        &self.stamps
    }

    /// Lets the lines of a batch begin behind their envelopes.
    pub(super) fn open(&mut self, lines: &mut Lines) {
        let Lines { kernel, block, marks, ref mut batch, .. } = *lines;
        for column in [&mut batch.starts, &mut batch.ends] {
            pad(column, batch.len);
        }
        let Peeler { envelope, clock, desk, stamps, starts, odd } = self;
        *starts = batch.starts;
        (desk.at, desk.odd) = (batch.starts, [0; BATCH_LINES]);
        let mut walk = Walk { kernel, block, marks, len: batch.len, limits: &batch.ends, desk };
        walk.times(clock, stamps, End::before(Literal::BLANK, b' '));
        if *envelope == Envelope::Cri {
            walk.stream();
        }
        *odd = desk.odd;
        for i in every_line() {
            // All carriage returns at the end of a line are no part of what is in the envelope; here one is left out.
            let last = block[usize::from(batch.ends[i].saturating_sub(1))];
            odd[i] |= u64::from(desk.at[i] >= batch.ends[i]) | u64::from(last == b'\r');
            batch.starts[i] = if odd[i] == 0 { desk.at[i] } else { batch.starts[i] };
        }
    }

    /// Lets them begin with their envelopes again; what is in none is odd.
    pub(super) fn close(&self, batch: &mut Batch) {
        batch.starts = self.starts;
        for i in every_line() {
            batch.odd[i] |= self.odd[i];
        }
    }
}
