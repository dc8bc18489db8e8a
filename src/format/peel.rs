//! Envelopes opened for all lines of a batch at once: a timestamp before each line, what the runtime of Kubernetes writes there, and headers
//! that say the same in many lines ([`super::headers`]).
//!
//! What stands in them is short, and holds no byte that marks. So the lines are gathered by the marks of what is in them, and read by its
//! shape ([`super::shape`]) from behind the envelope on. What does not fit is declined, and opened with care ([`super::envelope`]).

use super::clock::{TimeRead, TimeReader};
use super::envelope::Envelope;
use super::headers::{self, Headers};
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
    /// A timestamp stands before each line, or what the runtime of Kubernetes writes.
    Stamped(Envelope, Timer),
    /// Headers stand there, whose time is read if somebody needs it.
    Headed(Headers, Option<Timer>),
}

/// Reads the timestamp of each envelope.
struct Timer {
    clock: TimeReader,
    desk: Box<Desk>,
    /// When each envelope was closed.
    stamps: Column<Instant>,
}

impl Peeler {
    /// For these envelopes, whose timestamps this reader reads; none if they are to be opened with care.
    pub(super) fn stamped(envelope: Envelope, clock: TimeReader) -> Option<Peeler> {
        let is_short = matches!(envelope, Envelope::Stamp | Envelope::Cri);
        is_short.then(|| Peeler::by(Way::Stamped(envelope, Timer::new(clock))))
    }

    /// For headers that say the same in many lines, but for the time, which this reader reads, if it is needed.
    pub(super) fn headed(clock: Option<TimeReader>) -> Peeler {
        Peeler::by(Way::Headed(Headers::default(), clock.map(Timer::new)))
    }

    fn by(way: Way) -> Peeler {
        Peeler { way, starts: [0; BATCH_LINES], odd: [0; BATCH_LINES] }
    }

    /// Whether no envelope that is opened holds this byte.
    pub(super) fn is_outside(&self, mark: u8) -> bool {
        match self.way {
            Way::Stamped(..) => !mark.is_ascii_alphanumeric() && !b" -+:.,".contains(&mark),
            Way::Headed(..) => true,
        }
    }

    /// When each envelope was closed, if that is read.
    pub(super) fn stamps(&self) -> Option<&Column<Instant>> {
        match &self.way {
            Way::Stamped(_, timer) => Some(&timer.stamps),
            Way::Headed(_, timer) => timer.as_ref().map(|timer| &timer.stamps),
        }
    }

    /// Takes note of a header that was opened with care, and of the time that was read there; see [`Headers::learn`].
    pub(super) fn learn(&mut self, header: &[u8], time: Option<Instant>, marks: [u8; 2]) {
        match &mut self.way {
            Way::Stamped(..) => {}
            Way::Headed(headers, None) => headers.learn(header, 0, marks),
            Way::Headed(headers, Some(timer)) => {
                if let Some(at) = headers::time_of(header).filter(|&at| time.is_some() && timer.read_alone(&header[at..]) == time)
                {
                    headers.learn(header, at, marks);
                }
            }
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
            Way::Stamped(envelope, timer) => {
                timer.read(lines, &self.starts, *envelope == Envelope::Cri);
                (lines.batch.starts, self.odd) = (timer.desk.at, timer.desk.odd);
            }
            Way::Headed(headers, timer) => {
                let mut times = self.starts;
                for i in every_line() {
                    let (length, time_at) = headers.find(block, batch.starts[i]).unwrap_or_default();
                    times[i] = times[i].wrapping_add(time_at);
                    batch.starts[i] = batch.starts[i].wrapping_add(length);
                    // A byte order mark belongs to the header.
                    let is_mark = block[usize::from(batch.starts[i])] == 0xef;
                    self.odd[i] = u64::from((length == 0) | is_mark);
                }
                if let Some(timer) = timer {
                    timer.read(lines, &times, false);
                    self.odd.iter_mut().zip(&timer.desk.odd).for_each(|(odd, untimed)| *odd |= untimed);
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

impl Timer {
    fn new(clock: TimeReader) -> Timer {
        Timer { clock, desk: Desk::new(), stamps: [Instant::from_micros(0); BATCH_LINES] }
    }

    /// Reads the times that begin at these places of the lines, and the blanks behind them, and what a runtime of containers says of the line
    /// then.
    fn read(&mut self, lines: &Lines, places: &Column<Place>, is_cri: bool) {
        let Timer { clock, desk, stamps } = self;
        (desk.at, desk.odd) = (*places, [0; BATCH_LINES]);
        let Lines { kernel, block, marks, ref batch, .. } = *lines;
        let mut walk = Walk { kernel, block, marks, len: batch.len, limits: &batch.ends, desk };
        walk.times(clock, stamps, End::before(Literal::BLANK, b' '));
        if is_cri {
            walk.stream();
        }
    }

    /// The time at the beginning of a text, up to a blank.
    fn read_alone(&mut self, text: &[u8]) -> Option<Instant> {
        let end = memchr::memchr(b' ', text)?;
        match self.clock.read_whole(&text[..end]) {
            TimeRead::At(time, _) => Some(time),
            _ => None,
        }
    }
}
