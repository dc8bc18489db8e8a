//! Many small files: each is opened once, and its format is told and its lines are counted from the one buffer that it was read into.
//!
//! That needs to be known before what elsewhere is known only when all formats are: what is asked, and how lines are read. So one file
//! is looked at with care, and whatever is like it is read in a round, by all threads. A file is like it if its lines decide on the same
//! format, and all of them are events: then nothing is to be said of it but counts. All others are left to the next round, which
//! looks at the first of them, or to the way that all inputs are read. Which way a file was read does not show.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use slix::aggregate::accounting::Accounting;
use slix::aggregate::receipt::{Digests, Identity};
use slix::aggregate::{Partial, Receipt};
use slix::block::ROOM_BYTES;
use slix::engine::whole::Wholes;
use slix::error::Result;
use slix::format::Format;
use slix::format::detect::Follower;
use slix::input::{Head, Input, Inputs, Kind, SmallFile};
use slix::scan::Job;
use slix::time::Slices;

use super::args::AskingArgs;
use super::count::{Counter, Detected, INPUTS_TOLD_MAX, Log, Plan};
use super::formats::SAMPLE_LINES_MAX;
use super::questions::{Declared, Questions};

/// So many files are many.
const FILES_MIN: usize = 64;
/// Formats that rounds are made for.
const ROUNDS_MAX: usize = 8;
/// Files that a thread takes at a time.
const FILES_AT_A_TIME: usize = 32;
/// Files of which the counts are kept apart until all are known to stand.
const UNIT_FILES: usize = 128;
/// So many files are looked at before they are counted, behind one whose counts had to be forgotten.
const FILES_WITH_CARE: usize = 64;
/// So many files of a round must be other than its first one before it ends early.
const OTHERS_MIN: usize = 32;

/// Reads small files before it is known what else there is.
pub struct SmallFiles<'a> {
    counter: &'a Counter<'a>,
    declared: &'a Declared<'a>,
    asking: &'a AskingArgs,
    stop: &'a Arc<AtomicBool>,
    /// What was asked of the files, once the first of them was seen.
    asked: Option<Asked>,
    /// What was read, in the order of the files.
    read: Vec<SmallLog>,
    partials: Vec<Partial>,
}

/// What is asked, if the latency is told by what tells it.
struct Asked {
    has_latency: bool,
    questions: Questions,
    slices: Slices,
}

/// A file that was read.
struct SmallLog {
    /// Its place among all files.
    at: usize,
    file: SmallFile,
    format: Arc<Format>,
    service: String,
    identity: Identity,
    accounting: Box<Accounting>,
    /// Lines that its format was told by, if it was not named.
    sample: Option<usize>,
}

impl<'a> SmallFiles<'a> {
    /// Nothing was read yet.
    pub fn new(
        counter: &'a Counter<'a>,
        declared: &'a Declared<'a>,
        asking: &'a AskingArgs,
        stop: &'a Arc<AtomicBool>,
    ) -> SmallFiles<'a> {
        SmallFiles { counter, declared, asking, stop, asked: None, read: Vec::new(), partials: Vec::new() }
    }

    /// Reads those of the files that are like one of the first, if they are many.
    pub fn read(&mut self, files: &[&Path]) -> Vec<Option<SmallFile>> {
        let mut left: Vec<usize> = (0..files.len()).collect();
        for _ in 0..ROUNDS_MAX {
            if left.len() < FILES_MIN || self.counter.reading.range.is_some() || self.stop.load(Relaxed) {
                break;
            }
            // What is wrong with a file, or with the questions, is said where it is met again.
            match self.round(files, &left) {
                Ok(Some(others)) => left = others,
                Ok(None) | Err(_) => drop(left.remove(0)),
            }
        }
        let mut read = vec![None; files.len()];
        self.read.sort_unstable_by_key(|log| log.at);
        self.read.iter().for_each(|log| read[log.at] = Some(log.file));
        read
    }

    /// Whether it was taken for granted whether a latency is asked for, and that is not so: some log tells one, or none does. What slices
    /// files say of it was not known at all.
    pub fn are_mistaken(&self, has_latency: bool, has_slices: bool) -> bool {
        let is_other = |asked: &Asked| has_slices || asked.has_latency != has_latency;
        self.declared.latency_is_optional() && self.asked.as_ref().is_some_and(is_other)
    }

    /// Forgets what was read.
    pub fn forget(&mut self) {
        (self.asked, self.read, self.partials) = (None, Vec::new(), Vec::new());
    }

    /// The logs that were read: of those among the inputs that are.
    pub fn logs(&mut self, inputs: &Inputs) -> Vec<(Log, Option<Detected>)> {
        let numbers = inputs.inputs().iter().enumerate().filter(|(_, input)| input.is_read());
        let logs = numbers.zip(self.read.drain(..)).map(|((number, input), read)| {
            let SmallLog { format, service, identity, accounting, sample, .. } = read;
            let detected = sample.map(|lines| (format.name.clone(), (lines, lines)));
            (Log::read(number, input.name(), service, identity, format, accounting), detected)
        });
        logs.collect()
    }

    /// The counts of what was read.
    pub fn take_counts(&mut self) -> Vec<Partial> {
        std::mem::take(&mut self.partials)
    }

    /// Reads the files that are like the first of these. The others, or none where nothing can be like it.
    fn round(&mut self, files: &[&Path], left: &[usize]) -> Result<Option<Vec<usize>>> {
        let inputs = Inputs::resolve(&[files[left[0]]], self.stop.clone()).complete()?;
        let Some(input) = inputs.inputs().first().filter(|input| input.kind() == Kind::Plain) else { return Ok(None) };
        let (log, detected) = self.counter.find_log(0, input, &input.head()?)?;
        let Some(format) = log.format.as_ref().filter(|_| log.year.is_none()) else { return Ok(None) };
        if self.asked.is_none() {
            self.asked = Some(self.ask(log.has_latency())?);
        }
        let Some(Asked { questions, slices, .. }) = &self.asked else { return Ok(None) };
        let plan = Plan::new(&log, format, questions, self.counter.formats)?;
        let is_declared_alike = |at: &usize| self.counter.formats.are_declared_alike(input.name(), &files[*at].to_string_lossy());
        let (order, mut others): (Vec<usize>, Vec<usize>) = left.iter().partition(|at| is_declared_alike(at));
        let round = Round {
            files,
            order: &order,
            next: AtomicUsize::new(0),
            job: plan.job(self.counter.reading, *slices),
            digests: self.counter.digests,
            stop: self.stop,
        };
        let mut followers = Vec::new();
        for _ in 0..self.counter.threads().min(order.len().div_ceil(FILES_MIN)) {
            let Some(follower) = self.counter.formats.follower(input.name(), format)? else { return Ok(None) };
            followers.push(follower);
        }
        for share in round.run(followers)? {
            others.extend(share.others);
            self.partials.extend(share.counts);
            self.read.extend(share.kept.into_iter().map(|kept| kept.log(&log, format, detected.is_some())));
        }
        others.sort_unstable();
        Ok(Some(others).filter(|others| others.len() < left.len()))
    }

    fn ask(&self, has_latency: bool) -> Result<Asked> {
        let questions = self.declared.questions(has_latency, self.asking.what_if.as_deref())?;
        let questions = questions.counted_by(self.counter.formats.window_by());
        let slices = questions.slices_declared(self.asking.slice.as_deref())?.map_or_else(Questions::slices_default, Ok)?;
        Ok(Asked { has_latency, questions, slices })
    }
}

/// One round: the files that are like one.
struct Round<'r> {
    files: &'r [&'r Path],
    order: &'r [usize],
    /// Which of the order comes next.
    next: AtomicUsize,
    job: Job<'r>,
    digests: Digests,
    stop: &'r AtomicBool,
}

impl Round<'_> {
    /// Reads with one thread for each follower.
    fn run(&self, followers: Vec<Follower>) -> Result<Vec<Done>> {
        let alone = followers.len() == 1;
        std::thread::scope(|scope| {
            let start = |follower| scope.spawn(move || Share::new(self, follower)?.work());
            match alone {
                true => followers.into_iter().map(|follower| Share::new(self, follower)?.work()).collect(),
                false => {
                    let threads: Vec<_> = followers.into_iter().map(start).collect();
                    let joined = |thread: std::thread::ScopedJoinHandle<'_, Result<Done>>| match thread.join() {
                        Ok(done) => done,
                        Err(panic) => std::panic::resume_unwind(panic),
                    };
                    threads.into_iter().map(joined).collect()
                }
            }
        })
    }

    /// The next files.
    fn take(&self) -> &[usize] {
        let from = self.next.fetch_add(FILES_AT_A_TIME, Relaxed).min(self.order.len());
        &self.order[from..self.order.len().min(from + FILES_AT_A_TIME)]
    }
}

/// What one thread has read.
struct Done {
    kept: Vec<Kept>,
    others: Vec<usize>,
    counts: Option<Partial>,
}

/// A file that was read in a round.
struct Kept {
    at: usize,
    file: SmallFile,
    identity: Identity,
    accounting: Box<Accounting>,
    sample: usize,
}

impl Kept {
    /// As a log like the first of its round.
    fn log(self, first: &Log, format: &Arc<Format>, is_detected: bool) -> SmallLog {
        let Kept { at, file, identity, accounting, sample } = self;
        let (format, service, sample) = (format.clone(), first.service.clone(), is_detected.then_some(sample));
        SmallLog { at, file, format, service, identity, accounting, sample }
    }
}

/// What became of an attempt.
enum Attempt {
    Read(Box<Kept>),
    /// It is not like the first one.
    Other,
    /// It looked like it and is not: what was not kept is to be read again.
    Undone,
}

/// One thread's part of a round.
struct Share<'r, 'd> {
    round: &'r Round<'r>,
    follower: Follower<'d>,
    wholes: Wholes<'r>,
    buffer: Vec<u8>,
    /// How many files are still to be looked at before they are counted.
    with_care: usize,
    /// Read, but not kept.
    pending: Vec<Kept>,
    kept: Vec<Kept>,
    others: Vec<usize>,
}

impl<'r, 'd> Share<'r, 'd> {
    fn new(round: &'r Round<'r>, follower: Follower<'d>) -> Result<Self> {
        let buffer = vec![0; SmallFile::BYTES_MAX + ROOM_BYTES];
        let (pending, kept, others) = (Vec::new(), Vec::new(), Vec::new());
        let with_care = if Self::tells_by_events(round, &follower) { 0 } else { usize::MAX };
        Ok(Share { round, follower, wholes: Wholes::new(round.job)?, buffer, with_care, pending, kept, others })
    }

    /// Whether counting the lines of a file says whether it is like the first.
    fn tells_by_events(round: &Round, follower: &Follower) -> bool {
        follower.can_be_told_by_events() && round.job.extractor.tells_by_events()
    }

    fn work(mut self) -> Result<Done> {
        loop {
            let files = self.round.take();
            if files.is_empty() || self.round.stop.load(Relaxed) {
                break;
            }
            if self.others.len() > OTHERS_MIN && self.others.len() > self.kept.len() + self.pending.len() {
                self.others.extend(files);
                continue;
            }
            files.iter().try_for_each(|&at| self.read(at))?;
        }
        self.keep()?;
        Ok(Done { kept: self.kept, others: self.others, counts: self.wholes.finish()? })
    }

    fn read(&mut self, at: usize) -> Result<()> {
        match self.attempt(at)? {
            Attempt::Read(kept) => self.pending.push(*kept),
            Attempt::Other => self.others.push(at),
            Attempt::Undone => {
                self.others.push(at);
                self.with_care = self.with_care.max(FILES_WITH_CARE);
                for again in std::mem::take(&mut self.pending) {
                    self.read_again(again.at)?;
                }
            }
        }
        if self.pending.len() >= UNIT_FILES { self.keep() } else { Ok(()) }
    }

    /// Reads a file that was read before; in the meantime it may have changed.
    fn read_again(&mut self, at: usize) -> Result<()> {
        match self.attempt(at)? {
            Attempt::Read(kept) => self.pending.push(*kept),
            Attempt::Other | Attempt::Undone => self.others.push(at),
        }
        self.keep()
    }

    fn keep(&mut self) -> Result<()> {
        if !self.pending.is_empty() {
            self.wholes.keep()?;
            self.kept.append(&mut self.pending);
        }
        Ok(())
    }

    fn attempt(&mut self, at: usize) -> Result<Attempt> {
        let path = self.round.files[at];
        let Some(file) = SmallFile::read(path, &mut self.buffer) else { return Ok(Attempt::Other) };
        let content = &self.buffer[..file.length()];
        let (lines, is_strict) = (Head::lines_of_content(content), self.with_care == 0);
        let fits = match is_strict {
            true => self.follower.may_fit(lines),
            false => self.follower.fits(&lines.take(SAMPLE_LINES_MAX).collect::<Vec<_>>()),
        };
        self.with_care = self.with_care.saturating_sub(usize::from(self.with_care != usize::MAX));
        if !fits {
            return Ok(Attempt::Other);
        }
        // Of more inputs it is not told.
        let sample = match self.kept.len() + self.pending.len() < INPUTS_TOLD_MAX {
            true => Head::count_lines_of_content(content, SAMPLE_LINES_MAX),
            false => SAMPLE_LINES_MAX,
        };
        let Some(accounting) = self.wholes.add(&path.to_string_lossy(), &self.buffer, file.length(), is_strict)? else {
            return Ok(Attempt::Undone);
        };
        let (identity, accounting) = (Identity::by(self.round.digests, content), Box::new(accounting));
        Ok(Attempt::Read(Box::new(Kept { at, file, identity, accounting, sample })))
    }
}

/// The receipt of a log that was read whole.
pub fn receipt(log: &Log, input: &Input) -> Option<Receipt> {
    let (accounting, format) = (log.read.as_deref()?.clone(), log.format.as_ref()?.name.clone());
    Some(Receipt {
        identity: log.identity.clone(),
        start: 0,
        end: input.size().unwrap_or(0),
        path: input.name().to_owned(),
        service: log.service.clone(),
        format,
        accounting,
        cut_short: None,
    })
}
