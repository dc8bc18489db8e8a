//! Many small contents: each is opened once, and its format is told and its lines are counted from the one buffer that it was read into.
//!
//! That needs to be known before what elsewhere is known only when all formats are: what is asked, and how lines are read. So one content
//! is looked at with care, and whatever is like it is read in a [`Round`], by all threads. A content is like it if its lines decide on the
//! same format, and all of them are events: then nothing is to be said of it but counts. All others are left to the next round, which
//! looks at the first of them, or to [`super::run`]. Which way a content was read does not show in counts.
//!
//! ```
//! use slix::engine::rounds::{Contents, Round, Rounds};
//! # use std::{borrow::Cow, sync::Arc, sync::atomic::{AtomicBool, AtomicU64}};
//! # use slix::aggregate::{IndicatorKey, receipt::Digests};
//! # use slix::format::{detect::Detector, extract::Extractor, preset};
//! # use slix::slo::{classify::Classifier, definitions::Definitions};
//! # use slix::{framing::LINE_BYTES_MAX, marks::Kernel, scan::Job, time::Slices};
//!
//! struct Texts(Vec<String>);
//! impl Contents for Texts {
//!     type Found = ();
//!     fn name(&self, at: usize) -> Cow<'_, str> {
//!         format!("{at}.log").into()
//!     }
//!     fn read(&self, at: usize, buffer: &mut [u8]) -> Option<(usize, ())> {
//!         let text = self.0[at].as_bytes();
//!         buffer.get_mut(..text.len())?.copy_from_slice(text);
//!         Some((text.len(), ()))
//!     }
//! }
//!
//! # fn main() -> slix::error::Result<()> {
//! let line = |i: usize| format!("192.0.2.7 - - [01/Nov/2026:10:00:{:02} +0000] \"GET / HTTP/1.1\" 200 {i}\n", i % 60);
//! let texts = Texts((0..100).map(|i| if i == 70 { "junk\n".into() } else { line(i) }).collect());
//!
//! let mut rounds = Rounds::of(texts.0.len());
//! let first = rounds.first().expect("a hundred are many");
//! let detector = Detector::new(preset::candidates()?, None)?;
//! let format = detector.find(&[texts.0[first].trim_end().as_bytes()])?.format;
//! # let definitions = Definitions::parse("slos.yaml", "slos: [{name: availability, target: 50%, good: status < 500}]")?;
//! # let indicator = definitions.slos[0].indicator.clone();
//! # let keys = &[IndicatorKey { service: String::new(), canonical: indicator.canonical() }];
//! # let classifier = &Classifier::compile(vec![indicator])?;
//! # let extractor = &Extractor::bind(&format, classifier.needs(), None)?;
//! # let (kernel, slices) = (Kernel::best(), Slices::of_seconds(60).expect("a minute is a slice"));
//! # let (line_bytes_max, histograms, attribution) = (LINE_BYTES_MAX, false, None);
//! # let job = Job { extractor, classifier, keys, service: "", slices, kernel, line_bytes_max, histograms, attribution };
//! # let (digests, threads, stop, bytes_read) = (Digests::Quick, 2, &AtomicBool::new(false), &AtomicU64::new(0));
//! let round = Round { contents: &texts, job, digests, threads, stop, bytes_read };
//! let done = rounds.read(&round, (&detector, &format), |_| true)?;
//! assert_eq!(done.read.iter().map(|read| read.accounting.events.lines).sum::<u64>(), 99);
//! // What is left are no more than few: they are read like all other inputs.
//! assert_eq!(rounds.first(), None);
//! # Ok(())
//! # }
//! ```

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};

use super::whole::Wholes;
use crate::aggregate::Partial;
use crate::aggregate::accounting::{Accounting, Tally};
use crate::aggregate::receipt::{Digests, Identity};
use crate::block::{BLOCK_BYTES_MAX, ROOM_BYTES};
use crate::error::Result;
use crate::format::Format;
use crate::format::detect::{Detector, Follower, SAMPLE_LINES_MAX};
use crate::framing::{READ_BYTES, line_ends, whole_lines};
use crate::scan::Job;

/// So many contents are many.
const CONTENTS_MIN: usize = 64;
/// Formats that rounds are made for.
const ROUNDS_MAX: usize = 8;
/// Contents that a thread takes at a time.
const CONTENTS_AT_A_TIME: usize = 32;
/// Contents of which the counts are kept apart until all are known to stand.
const UNIT_CONTENTS: usize = 128;
/// So many contents are looked at before they are counted, behind one whose counts had to be forgotten.
const CONTENTS_WITH_CARE: usize = 64;
/// Contents are counted in rows of so many bytes, so that few batches of lines are not full. Longer rows leave the cache before they are
/// scanned.
const ROW_BYTES: usize = 64 * 1024;
/// Where rows begin in the buffer; before them stand lines of the row before that filled no batch.
const ROW_AT: usize = BLOCK_BYTES_MAX.next_multiple_of(Aligned::CACHE_LINE);
/// Behind so many rows that could not be counted, each content is counted by itself.
const ROWS_FAILED_MAX: usize = 3;
/// So many contents of a round must be other than its first one before it ends early.
const OTHERS_MIN: usize = 32;

/// Bytes of the largest content that is small: what a scan reads at once.
pub const SMALL_BYTES_MAX: usize = READ_BYTES;

/// Contents by number, some of which are small.
pub trait Contents: Sync {
    /// What else is found out about a content while it is read.
    type Found: Send;

    /// The name of a content: the field `input` of its lines.
    fn name(&self, at: usize) -> Cow<'_, str>;

    /// Reads a whole content of text to the beginning of a buffer: how many bytes it has, at least 1. None if the buffer has no room for it
    /// or it is not to be read so: another way of reading has to say why.
    fn read(&self, at: usize, buffer: &mut [u8]) -> Option<(usize, Self::Found)>;
}

/// How the contents of a round are read.
pub struct Round<'r, C> {
    /// All contents.
    pub contents: &'r C,
    /// How lines like those of the first one are read and counted.
    pub job: Job<'r>,
    /// What contents are known by.
    pub digests: Digests,
    /// How many threads read.
    pub threads: usize,
    /// Set by somebody to end the round early.
    pub stop: &'r AtomicBool,
    /// How many bytes were read so far.
    pub bytes_read: &'r AtomicU64,
}

/// A content that was read whole. All of its lines are events.
pub struct ReadWhole<F> {
    /// Its number.
    pub at: usize,
    /// What else was found out.
    pub found: F,
    /// Which content it is.
    pub identity: Identity,
    /// The outcomes of its lines.
    pub accounting: Box<Accounting>,
}

/// What a round has read.
pub struct ReadInRound<F> {
    /// Its contents, in no order.
    pub read: Vec<ReadWhole<F>>,
    /// Their counts, without receipts.
    pub counts: Vec<Partial>,
}

/// Plans rounds: which contents are left.
pub struct Rounds {
    /// In ascending order.
    left: Vec<usize>,
    rounds: usize,
}

impl Rounds {
    /// Of so many contents nothing was read yet.
    pub fn of(contents: usize) -> Rounds {
        Rounds { left: (0..contents).collect(), rounds: 0 }
    }

    /// The content that the next round is to be made for; none if no round would pay.
    pub fn first(&self) -> Option<usize> {
        self.left.first().copied().filter(|_| self.left.len() >= CONTENTS_MIN && self.rounds < ROUNDS_MAX)
    }

    /// Leaves out the first content: none can be like it.
    pub fn skip(&mut self) {
        self.rounds += 1;
        self.left.drain(..self.left.len().min(1));
    }

    /// Reads whatever of the contents is like the first one, if it `may_be` so; `detector` has told the `format` of the first one.
    ///
    /// # Errors
    /// An overflow of a count.
    pub fn read<C: Contents>(
        &mut self,
        round: &Round<C>,
        (detector, format): (&Detector, &Arc<Format>),
        may_be: impl Fn(usize) -> bool,
    ) -> Result<ReadInRound<C::Found>> {
        let (order, mut others): (Vec<usize>, Vec<usize>) = self.left.iter().partition(|&&at| may_be(at));
        let threads = round.threads.clamp(1, order.len().div_ceil(CONTENTS_MIN).max(1));
        let followers: Option<Vec<Follower>> = (0..threads).map(|_| detector.follower(format)).collect();
        let Some(followers) = followers else {
            self.skip();
            return Ok(ReadInRound { read: Vec::new(), counts: Vec::new() });
        };
        let (next, mut all) = (AtomicUsize::new(0), ReadInRound { read: Vec::with_capacity(order.len()), counts: Vec::new() });
        for share in in_parallel(followers, |follower| Share::new(round, (&order, &next), follower)?.work())? {
            all.read.extend(share.kept);
            all.counts.extend(share.counts);
            others.extend(share.others);
        }
        others.sort_unstable();
        // One that is not even like itself would come again.
        if others.len() == self.left.len() {
            others.remove(0);
        }
        (self.left, self.rounds) = (others, self.rounds + 1);
        Ok(all)
    }
}

/// Does work by as many threads as there are followers.
fn in_parallel<'d, T: Send>(mut followers: Vec<Follower<'d>>, work: impl Fn(Follower<'d>) -> Result<T> + Sync) -> Result<Vec<T>> {
    let own = followers.pop();
    std::thread::scope(|scope| {
        let threads: Vec<_> = followers.into_iter().map(|follower| scope.spawn(|| work(follower))).collect();
        let mut done: Vec<T> = own.map(&work).into_iter().collect::<Result<_>>()?;
        for thread in threads {
            done.push(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(done)
    })
}

/// What one thread has read.
struct Done<F> {
    kept: Vec<ReadWhole<F>>,
    others: Vec<usize>,
    counts: Option<Partial>,
}

/// What became of an attempt.
enum Attempt {
    /// It is among the pending ones, or in the row.
    Read,
    /// It is not like the first one.
    Other,
    /// It looked like it and is not: what was not kept is to be read again.
    Undone,
}

/// One thread's part of a round.
struct Share<'r, 'd, C: Contents> {
    round: &'r Round<'r, C>,
    /// The contents, and which of them comes next.
    queue: (&'r [usize], &'r AtomicUsize),
    follower: Follower<'d>,
    wholes: Wholes<'r>,
    buffer: Aligned,
    /// How many contents are still to be looked at before they are counted.
    with_care: usize,
    /// What was read. Behind the first `kept` nothing is certain to stand.
    read: Vec<ReadWhole<C::Found>>,
    kept: usize,
    others: Vec<usize>,
    row: Row<C::Found>,
}

/// Bytes that begin at the beginning of a cache line. Where they begin some bytes into one, as allocators hand them out, processors copy a
/// page to them at 0.8 of the rate, and up to 16 bytes into a page at a third of it.
struct Aligned {
    bytes: Vec<u8>,
    from: usize,
}

impl Aligned {
    const CACHE_LINE: usize = 64;

    fn new(length: usize) -> Aligned {
        let bytes = vec![0; length + Aligned::CACHE_LINE];
        let from = bytes.as_ptr().align_offset(Aligned::CACHE_LINE).min(Aligned::CACHE_LINE);
        Aligned { bytes, from }
    }
}

impl std::ops::Deref for Aligned {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.from..]
    }
}

impl std::ops::DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.from..]
    }
}

/// Contents that lie one behind the other in the buffer from [`ROW_AT`] on, to be counted together.
struct Row<F> {
    /// Each with its number and where it ends in the row.
    contents: Vec<(usize, F, usize)>,
    bytes: usize,
    /// The last lines of the row before, which filled no batch. They stand before the row.
    carried: Tally,
    /// How many rows may still fail; none: contents are not put into rows.
    left: usize,
}

impl<F> Row<F> {
    fn take(&mut self) -> Vec<(usize, F, usize)> {
        self.bytes = 0;
        std::mem::take(&mut self.contents)
    }
}

impl<'r, 'd, C: Contents> Share<'r, 'd, C> {
    fn new(round: &'r Round<'r, C>, queue: (&'r [usize], &'r AtomicUsize), follower: Follower<'d>) -> Result<Self> {
        let tells_by_events = follower.can_be_told_by_events() && round.job.extractor.tells_by_events();
        let wholes = Wholes::new(round.job)?;
        let left = if wholes.counts_rows() { ROWS_FAILED_MAX } else { 0 };
        Ok(Share {
            round,
            queue,
            follower,
            wholes,
            buffer: Aligned::new(ROW_AT + ROW_BYTES + SMALL_BYTES_MAX + ROOM_BYTES),
            // Where counting lines does not tell whether a content is like the first, each is looked at.
            with_care: if tells_by_events { 0 } else { usize::MAX },
            read: Vec::new(),
            kept: 0,
            others: Vec::new(),
            row: Row { contents: Vec::new(), bytes: 0, carried: Tally::default(), left },
        })
    }

    fn work(mut self) -> Result<Done<C::Found>> {
        while let Some(contents) = self.take() {
            if self.others.len() > OTHERS_MIN && self.others.len() > self.read.len() + self.row.contents.len() {
                self.others.extend(contents);
                continue;
            }
            contents.iter().try_for_each(|&at| self.read(at))?;
        }
        self.count_row()?;
        self.keep()?;
        Ok(Done { kept: self.read, others: self.others, counts: self.wholes.finish()? })
    }

    /// The next contents.
    fn take(&self) -> Option<&'r [usize]> {
        let (order, next) = self.queue;
        let from = next.fetch_add(CONTENTS_AT_A_TIME, Relaxed);
        order
            .get(from..order.len().min(from.saturating_add(CONTENTS_AT_A_TIME)))
            .filter(|taken| !taken.is_empty() && !self.round.stop.load(Relaxed))
    }

    fn read(&mut self, at: usize) -> Result<()> {
        match self.attempt(at, true)? {
            Attempt::Read => {}
            Attempt::Other => self.others.push(at),
            Attempt::Undone => {
                self.others.push(at);
                self.undo(Vec::new())?;
            }
        }
        if self.row.bytes >= ROW_BYTES {
            self.count_row()?;
        }
        if self.read.len() - self.kept >= UNIT_CONTENTS { self.keep() } else { Ok(()) }
    }

    /// Reads again what was not kept, and these contents.
    fn undo(&mut self, contents: Vec<(usize, C::Found, usize)>) -> Result<()> {
        self.with_care = self.with_care.max(CONTENTS_WITH_CARE);
        self.row.carried = Tally::default();
        let not_kept = self.read.split_off(self.kept).into_iter().map(|again| again.at);
        let in_row = self.row.take().into_iter().chain(contents).map(|(at, ..)| at);
        not_kept.chain(in_row).collect::<Vec<_>>().into_iter().try_for_each(|at| self.read_again(at))
    }

    /// Counts the contents that lie in the buffer, but for lines that fill no batch: they are carried on.
    fn count_row(&mut self) -> Result<()> {
        let bytes = self.row.bytes;
        if bytes == 0 {
            return Ok(());
        }
        let (contents, carried) = (self.row.take(), self.row.carried);
        let (from, to) = (ROW_AT - carried.bytes as usize, ROW_AT + bytes);
        let Some(counted) = self.wholes.add_row(&self.buffer[from..], to - from, false)? else {
            self.row.left -= 1;
            return self.undo(contents);
        };
        let rest = from + counted.bytes as usize..to;
        let rest_lines = line_ends(&self.buffer[rest.clone()]);
        let lines = counted.lines + rest_lines - carried.lines;
        let (mut from, is_alone) = (ROW_AT, contents.len() == 1);
        for (at, found, end) in contents {
            let content = &self.buffer[std::mem::replace(&mut from, ROW_AT + end)..ROW_AT + end];
            let mut accounting = Box::<Accounting>::default();
            accounting.add_events(if is_alone { lines } else { line_ends(content) }, content.len() as u64);
            self.round.bytes_read.fetch_add(content.len() as u64, Relaxed);
            self.read.push(ReadWhole { at, found, identity: Identity::by(self.round.digests, content), accounting });
        }
        self.row.carried = Tally { lines: rest_lines, bytes: rest.len() as u64 };
        self.buffer.copy_within(rest.clone(), ROW_AT - rest.len());
        Ok(())
    }

    /// Reads a content that was read before; in the meantime it may have changed.
    fn read_again(&mut self, at: usize) -> Result<()> {
        match self.attempt(at, false)? {
            Attempt::Read => {}
            Attempt::Other | Attempt::Undone => self.others.push(at),
        }
        self.keep()
    }

    fn keep(&mut self) -> Result<()> {
        let carried = std::mem::take(&mut self.row.carried).bytes as usize;
        if carried > 0 && self.wholes.add_row(&self.buffer[ROW_AT - carried..], carried, true)?.is_none() {
            self.row.left -= 1;
            return self.undo(Vec::new());
        }
        if self.read.len() > self.kept {
            self.wholes.keep()?;
            self.kept = self.read.len();
        }
        Ok(())
    }

    /// Reads a content and counts it, or, where it `may_wait`, puts it into the row.
    fn attempt(&mut self, at: usize, may_wait: bool) -> Result<Attempt> {
        let Round { contents, digests, bytes_read, .. } = *self.round;
        let from = ROW_AT + self.row.bytes;
        let Some((length, found)) = contents.read(at, &mut self.buffer[from..from + SMALL_BYTES_MAX]) else {
            return Ok(Attempt::Other);
        };
        let content = &self.buffer[from..from + length];
        let head = &content[..length.min(Identity::HEAD_BYTES_MAX)];
        let (lines, is_strict) = (whole_lines(head, head.len() == length), self.with_care == 0);
        let fits = match is_strict {
            true => self.follower.may_fit(lines),
            false => self.follower.fits(&lines.take(SAMPLE_LINES_MAX).collect::<Vec<_>>()),
        };
        self.with_care = self.with_care.saturating_sub(usize::from(self.with_care != usize::MAX));
        if !fits {
            return Ok(Attempt::Other);
        }
        if may_wait && is_strict && self.row.left > 0 && content.last() == Some(&b'\n') {
            self.row.bytes += length;
            self.row.contents.push((at, found, self.row.bytes));
            return Ok(Attempt::Read);
        }
        let Some(accounting) = self.wholes.add(&contents.name(at), &self.buffer[from..], length, is_strict)? else {
            return Ok(Attempt::Undone);
        };
        bytes_read.fetch_add(length as u64, Relaxed);
        self.read.push(ReadWhole { at, found, identity: Identity::by(digests, content), accounting: Box::new(accounting) });
        Ok(Attempt::Read)
    }
}
