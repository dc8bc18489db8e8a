//! Envelopes opened for all lines of a batch at once: a timestamp before each line, what the runtime of Kubernetes writes there, and headers
//! that say the same in many lines ([`super::headers`]).
//!
//! What stands in them is short, and holds no byte that marks. So the lines are gathered by the marks of what is in them, and read by its
//! shape ([`super::shape`]) from behind the envelope on. What does not fit is declined, and opened with care ([`super::envelope`]).

use super::clock::TimeReader;
use super::envelope::Envelope;
use super::headers::Headers;
use super::walk::{Desk, End, Lines, Walk};
use super::words::Literal;
use crate::batch::{BATCH_LINES, Batch, Column, every_line, pad};
use crate::block::Place;
use crate::time::Instant;

/// Opens the envelopes of a batch.
pub(super) struct Peeler {
    way: Way,
    /// Where the lines begin with their envelopes, and not 0 for one that is in none.
    starts: Column<Place>,
    odd: Column<u64>,
}

enum Way {
    Stamped(Box<Stamped>),
    Headed(Headers),
}

/// Reads the timestamp of each envelope.
struct Stamped {
    envelope: Envelope,
    clock: TimeReader,
    desk: Box<Desk>,
    /// When each envelope was closed.
    stamps: Column<Instant>,
}

impl Peeler {
    /// For these envelopes, whose timestamps this reader reads; none if they are to be opened with care.
    pub(super) fn stamped(envelope: Envelope, clock: TimeReader) -> Option<Peeler> {
        let is_short = matches!(envelope, Envelope::Stamp | Envelope::Cri);
        let stamped = || Stamped { envelope, clock, desk: Desk::new(), stamps: [Instant::from_micros(0); BATCH_LINES] };
        is_short.then(|| Peeler::by(Way::Stamped(Box::new(stamped()))))
    }

    /// For headers that say the same in many lines, but for the time, which is not read.
    pub(super) fn headed() -> Peeler {
        Peeler::by(Way::Headed(Headers::default()))
    }

    fn by(way: Way) -> Peeler {
        Peeler { way, starts: [0; BATCH_LINES], odd: [0; BATCH_LINES] }
    }

    /// Whether no envelope that is opened holds this byte.
    pub(super) fn is_outside(&self, mark: u8) -> bool {
        match self.way {
            Way::Stamped(_) => !mark.is_ascii_alphanumeric() && !b" -+:.,".contains(&mark),
            Way::Headed(_) => true,
        }
    }

    /// When each envelope was closed, if that is read.
    pub(super) fn stamps(&self) -> Option<&Column<Instant>> {
        match &self.way {
            Way::Stamped(stamped) => Some(&stamped.stamps),
            Way::Headed(_) => None,
        }
    }

    /// Takes note of a header that was opened with care; see [`Headers::learn`].
    pub(super) fn learn(&mut self, header: &[u8], marks: [u8; 2]) {
        if let Way::Headed(headers) = &mut self.way {
            headers.learn(header, marks);
        }
    }

    /// Lets the lines of a batch begin behind their envelopes.
    pub(super) fn open(&mut self, lines: &mut Lines) {
        let Lines { block, ref mut batch, .. } = *lines;
        for column in [&mut batch.starts, &mut batch.ends] {
            pad(column, batch.len);
        }
        self.starts = batch.starts;
        match &mut self.way {
            Way::Stamped(stamped) => stamped.open(lines, &mut self.odd),
            Way::Headed(headers) => {
                for i in every_line() {
                    let length = headers.length(block, batch.starts[i]);
                    batch.starts[i] = batch.starts[i].wrapping_add(length.unwrap_or(0));
                    // A byte order mark belongs to the header.
                    let is_mark = block[usize::from(batch.starts[i])] == 0xef;
                    self.odd[i] = u64::from(length.is_none() | is_mark);
                }
            }
        }
        let batch = &mut *lines.batch;
        for i in every_line() {
            // All carriage returns at the end of a line are no part of what is in the envelope; here one is left out.
            let last = block[usize::from(batch.ends[i].saturating_sub(1))];
            self.odd[i] |= u64::from(batch.starts[i] >= batch.ends[i]) | u64::from(last == b'\r');
            batch.starts[i] = if self.odd[i] == 0 { batch.starts[i] } else { self.starts[i] };
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

impl Stamped {
    fn open(&mut self, lines: &mut Lines, odd: &mut Column<u64>) {
        let Lines { kernel, block, marks, ref mut batch, .. } = *lines;
        let Stamped { envelope, clock, desk, stamps } = self;
        (desk.at, desk.odd) = (batch.starts, [0; BATCH_LINES]);
        let mut walk = Walk { kernel, block, marks, len: batch.len, limits: &batch.ends, desk };
        walk.times(clock, stamps, End::before(Literal::BLANK, b' '));
        if *envelope == Envelope::Cri {
            walk.stream();
        }
        (batch.starts, *odd) = (desk.at, desk.odd);
    }
}
