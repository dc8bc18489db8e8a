//! Many small files: what is asked of the first one, and how its lines are read, is said here; the
//! [rounds](slix::engine::rounds) of the library read those that are like it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use slix::aggregate::{Partial, Receipt};
use slix::engine::rounds::{Contents, ReadWhole, Round, Rounds};
use slix::error::Result;
use slix::format::Format;
use slix::format::detect::SAMPLE_LINES_MAX;
use slix::input::{Input, Inputs, Kind, SmallFile, SmallFiles};
use slix::time::Slices;

use super::args::AskingArgs;
use super::count::{Counter, INPUTS_TOLD_MAX, Log, Plan};
use super::progress::Progress;
use super::questions::{Declared, Questions};

/// Reads small files before it is known what else there is.
pub struct SmallLogs<'a> {
    counter: &'a Counter<'a>,
    declared: &'a Declared<'a>,
    asking: &'a AskingArgs,
    stop: &'a Arc<AtomicBool>,
    /// What was asked of the files, once the first of them was seen.
    asked: Option<Asked>,
    /// The first file of each round.
    firsts: Vec<First>,
    /// What was read, by number, and in which round.
    read: Vec<Option<(ReadWhole<SmallFile>, usize)>>,
    partials: Vec<Partial>,
    bytes_read: Arc<AtomicU64>,
}

/// What is asked, if the latency is told by what tells it.
struct Asked {
    has_latency: bool,
    questions: Questions,
    slices: Slices,
}

/// What all files of a round have from the first one.
struct First {
    format: Arc<Format>,
    service: Arc<str>,
    is_detected: bool,
}

impl<'a> SmallLogs<'a> {
    /// Nothing was read yet.
    pub fn new(
        counter: &'a Counter<'a>,
        declared: &'a Declared<'a>,
        asking: &'a AskingArgs,
        stop: &'a Arc<AtomicBool>,
    ) -> SmallLogs<'a> {
        let (firsts, read, partials) = (Vec::new(), Vec::new(), Vec::new());
        SmallLogs { counter, declared, asking, stop, asked: None, firsts, read, partials, bytes_read: Arc::default() }
    }

    /// Reads those of the files that are like one of the first, if they are many.
    pub fn read(&mut self, files: &SmallFiles) -> Vec<Option<SmallFile>> {
        let mut rounds = Rounds::of(files.paths.len());
        self.read.resize_with(files.paths.len(), || None);
        let progress = rounds.first().and_then(|_| self.counter.progress(self.bytes_read.clone(), None));
        while let Some(first) = rounds.first().filter(|_| self.counter.reading.range.is_none() && !self.stop.load(Relaxed)) {
            // What is wrong with a file, or with the questions, is said where it is met again.
            if !matches!(self.round(files, first, &mut rounds), Ok(true)) {
                rounds.skip();
            }
        }
        drop::<Option<Progress>>(progress);
        self.read.iter().map(|read| read.as_ref().map(|(read, _)| read.found)).collect()
    }

    /// Whether it was taken for granted whether a latency is asked for, and that is not so: some log tells one, or none does. What slices
    /// files say of it was not known at all.
    pub fn are_mistaken(&self, has_latency: bool, has_slices: bool) -> bool {
        let is_other = |asked: &Asked| has_slices || asked.has_latency != has_latency;
        self.declared.latency_is_optional() && self.asked.as_ref().is_some_and(is_other)
    }

    /// Forgets what was read.
    pub fn forget(&mut self) {
        (self.asked, self.firsts, self.read, self.partials) = (None, Vec::new(), Vec::new(), Vec::new());
    }

    /// The logs that were read: of those among the inputs that are.
    pub fn logs(&mut self, inputs: &Inputs) -> impl Iterator<Item = Log> {
        let is_told = self.read.iter().flatten().nth(INPUTS_TOLD_MAX).is_none();
        let lines_of_head = move |input: &Input| input.head().map_or(0, |head| head.lines(SAMPLE_LINES_MAX).len());
        let numbers = inputs.inputs().iter().enumerate().filter(|(_, input)| input.is_read());
        let SmallLogs { firsts, read, .. } = self;
        numbers.zip(read.drain(..).flatten()).map(move |((number, input), (read, round))| {
            let First { format, service, is_detected } = &firsts[round];
            // Of many it is not told how many lines decided.
            let lines = if is_told { lines_of_head(input) } else { 0 };
            Log {
                number,
                name: input.name_kept(),
                service: service.clone(),
                identity: read.identity,
                is_empty: false,
                format: Some(format.clone()),
                detected: is_detected.then_some((lines, lines)),
                year: None,
                read: Some(read.accounting),
            }
        })
    }

    /// The counts of what was read.
    pub fn take_counts(&mut self) -> Vec<Partial> {
        std::mem::take(&mut self.partials)
    }

    /// Reads the files that are like the first of those that are left; whether any can be.
    fn round(&mut self, files: &SmallFiles, first: usize, rounds: &mut Rounds) -> Result<bool> {
        let inputs = Inputs::resolve(&[files.paths[first]], self.stop.clone()).complete()?;
        let Some(input) = inputs.inputs().first().filter(|input| input.kind() == Kind::Plain) else { return Ok(false) };
        let (counter, log) = (self.counter, self.counter.find_log(0, input, &input.head()?)?);
        let Some(format) = log.format.as_ref().filter(|_| log.year.is_none()) else { return Ok(false) };
        if self.asked.is_none() {
            self.asked = Some(self.ask(log.has_latency())?);
        }
        let Some(Asked { questions, slices, .. }) = &self.asked else { return Ok(false) };
        let plan = Plan::new(&log, format, questions, counter.formats)?;
        let round = Round {
            contents: files,
            job: plan.job(counter.reading, *slices),
            digests: counter.digests,
            threads: counter.threads(),
            stop: self.stop,
            bytes_read: &self.bytes_read,
        };
        let is_declared_alike = |at| counter.formats.are_declared_alike(input.name(), &files.name(at));
        let done = rounds.read(&round, (counter.formats.detector(input.name())?, format), is_declared_alike)?;
        self.partials.extend(done.counts);
        for read in done.read {
            let at = read.at;
            self.read[at] = Some((read, self.firsts.len()));
        }
        self.firsts.push(First { format: format.clone(), service: log.service.clone(), is_detected: log.detected.is_some() });
        Ok(true)
    }

    fn ask(&self, has_latency: bool) -> Result<Asked> {
        let questions = self.declared.questions(has_latency, self.asking.what_if.as_deref())?;
        let questions = questions.counted_by(self.counter.formats.window_by());
        let slices = questions.slices_declared(self.asking.slice.as_deref())?.map_or_else(Questions::slices_default, Ok)?;
        Ok(Asked { has_latency, questions, slices })
    }
}

/// The receipt of a log that was read whole.
pub fn receipt(log: Log, inputs: &Inputs) -> Option<Receipt> {
    let input = &inputs.inputs()[log.number];
    Some(Receipt {
        start: 0,
        end: input.size().unwrap_or(0),
        path: input.name().to_owned(),
        service: log.service.to_string(),
        format: log.format?.name.clone(),
        identity: log.identity,
        accounting: *log.read?,
        cut_short: None,
    })
}
