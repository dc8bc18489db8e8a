//! From inputs to counts: finds and recognises the inputs, settles formats and questions, scans logs, takes what slices files
//! hold, and merges both.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use slix::aggregate::accounting::Accounting;
use slix::aggregate::attribution::Attribution;
use slix::aggregate::rebound;
use slix::aggregate::receipt::{self, Claim, Digests, Identity};
use slix::aggregate::{Duplicates, IndicatorKey, Partial};
use slix::engine::{self, EngineInput, Piece, Run, Scanned, Source};
use slix::error::{Error, ErrorKind, Result};
use slix::format::Format;
use slix::format::extract::Extractor;
use slix::input::{ByteRange, Head, Input, Inputs, Kind, Onlooker, Pieces, SmallFile, SmallFiles};
use slix::output::accounting;
use slix::record::Field;
use slix::scan::Job;
use slix::slices;
use slix::slo::Budgeting;
use slix::slo::classify::Classifier;
use slix::slo::what_if::Rebound;
use slix::time::Slices;

use super::args::AskingArgs;
use super::formats::{Formats, SAYS_NOTHING};
use super::progress::Progress;
use super::questions::{Declared, Questions, holds_default_latency};
use super::rejects::Rejects;
use super::run::Reading;
use super::small::{self, SmallLogs};
use super::words::Words;

/// Bytes that are worth a thread of their own.
const THREAD_BYTES_MIN: u64 = 8 << 20;
/// Inputs whose format is told one by one; of more, each format is told once.
pub const INPUTS_TOLD_MAX: usize = 5;

/// What was counted.
pub struct Counted {
    /// The counts of everything that was read.
    pub partial: Partial,
    /// What was asked.
    pub questions: Questions,
    /// Whether something could not be read.
    pub failed: bool,
    /// Whether a pipe was left before its end.
    pub interrupted: bool,
}

/// Counts everything that is named. None: it was interrupted before the files were read, and nothing is to be written.
pub fn count(
    reading: &Reading,
    declared: &Declared,
    formats: &Formats,
    asking: &AskingArgs,
    stop: &Arc<AtomicBool>,
    words: &Words,
) -> Result<Option<Counted>> {
    let mut counter = Counter::new(reading, formats, words);
    // What is kept must be known by more than this run needs, and where all is allowed, nobody looks whether quick digests agree.
    let is_quick = !reading.histograms && reading.duplicates == Duplicates::Refuse;
    counter.digests = if is_quick { Digests::Quick } else { Digests::Sha256 };
    let (found, looked, counts) = counter.find_all(declared, asking, stop);
    let inputs = counter.resolved(found)?;
    if inputs.inputs().is_empty() && reading.keep_going {
        counter.tell_damages(&inputs);
        return Err(Error::new(ErrorKind::Input, "nothing could be read"));
    }
    // A pipe that was interrupted while its first lines were awaited still gives those; then it ends by itself.
    let early = stop.swap(false, Relaxed);
    // What came until then of a first line may not tell a format.
    let is_untold = looked.iter().flatten().any(|log| log.is_err());
    if early && (is_untold || inputs.inputs().iter().any(|input| is_log(input) && input.kind() != Kind::Stream)) {
        return Ok(None);
    }
    let stored = counter.stored(&inputs)?;
    let mut logs = counter.logs(looked)?;
    counter.tell_apart(&inputs, &mut logs, &stored)?;
    let log_list: Vec<&Log> = logs.iter().collect();
    let has_latency =
        has_latency_of(logs.iter().any(Log::has_latency), logs.is_empty(), stored.iter().map(|(_, partial)| partial))?;
    let questions = declared.questions(has_latency, asking.what_if.as_deref())?.counted_by(formats.window_by());
    let asked = questions.slices_declared(asking.slice.as_deref())?;
    let mut parts = stored_parts(stored, &questions, asked, words)?;
    let mut interrupted = early;
    if !logs.is_empty() {
        let slices = asked.map_or_else(Questions::slices_default, Ok)?;
        counter.tell_without_latency(&log_list, &questions);
        let rejects = Rejects::new(names(&inputs), reading.rejects.is_some());
        let scan = Scan { inputs: &inputs, questions: &questions, slices, stop, rejects: &rejects };
        // Neighbours share their formats.
        let formats = logs.chunk_by(|a, b| a.shares_format(b)).filter_map(<[Log]>::first);
        let help = counter.help_undated(formats);
        let mut of_logs: Vec<Partial> = counter.scan_unread(&scan, &log_list)?.into_iter().chain(counts).collect();
        let mut receipts = Vec::with_capacity(logs.len());
        receipts.extend(logs.into_iter().filter_map(|log| small::receipt(log, &inputs)));
        of_logs.push(Partial { receipts, ..Partial::new(slices) });
        let partial = Partial::merge_all(of_logs, reading.duplicates)?.unwrap_or_else(|| Partial::new(slices));
        let is_complete = !stop.load(Relaxed) || files_are_complete(&inputs, &partial, reading.range);
        if !is_complete {
            return Ok(None);
        }
        interrupted |= stop.load(Relaxed);
        counter.finish_rejects(&rejects, &partial, help)?;
        parts.push(partial);
    }
    let partial = Partial::merge_all(parts, reading.duplicates)?;
    let partial = partial.map_or_else(|| asked.map_or_else(Questions::slices_default, Ok).map(Partial::new), Ok)?;
    if interrupted {
        words.warning("interrupted: this is what was read until then");
    }
    Ok(Some(Counted { partial, questions, failed: counter.failed, interrupted }))
}

/// What slices files hold of what is asked.
pub fn stored_parts(
    stored: Vec<(String, Partial)>,
    questions: &Questions,
    slices: Option<Slices>,
    words: &Words,
) -> Result<Vec<Partial>> {
    let part = |(name, mut partial): (String, Partial)| {
        let notes = rebound(&mut partial, questions).map_err(|error| about(&name, error))?;
        notes.iter().for_each(|note| words.note(&format!("{name}: {note}")));
        select(partial, questions, slices).map_err(|error| about(&name, error))
    };
    stored.into_iter().map(part).collect()
}

/// A log that can be read.
pub struct Log {
    /// Number of the input.
    pub number: usize,
    /// Its name.
    pub name: Arc<str>,
    /// The service that it is counted for.
    pub service: Arc<str>,
    /// Which content it is.
    pub identity: Identity,
    /// Whether nothing stands in it.
    pub is_empty: bool,
    /// None for a log without a line to tell a format by.
    pub format: Option<Arc<Format>>,
    /// How many of how many lines the format reads, if its lines decided.
    pub detected: Option<(usize, usize)>,
    /// Of the first line, where it is not told.
    pub year: Option<i16>,
    /// What became of its lines, if it was read while it was found.
    pub read: Option<Box<Accounting>>,
}

impl Log {
    /// Whether its lines tell a latency.
    pub fn has_latency(&self) -> bool {
        self.format.as_ref().is_some_and(|format| format.resolve(&Field::Latency).is_some())
    }

    /// Whether its lines tell no time, and stand in nothing that does.
    pub fn lacks_time(&self) -> bool {
        self.format.as_ref().is_some_and(|format| format.envelopes.is_empty() && format.resolve(&Field::Time).is_none())
    }

    /// Whether a zone might tell some of its times.
    pub fn may_be_local(&self) -> bool {
        self.format.as_ref().is_some_and(|format| format.may_be_local())
    }

    /// Whether both have one format, which logs that are alike share.
    pub fn shares_format(&self, other: &Log) -> bool {
        self.format.as_ref().map(Arc::as_ptr) == other.format.as_ref().map(Arc::as_ptr)
    }

    /// What is to be told of its format, if its lines decided.
    pub fn told(&self) -> Option<Told> {
        Some(Told { name: self.name.clone(), format: self.format.clone()?, detected: self.detected? })
    }
}

/// What is told of the format of a log.
pub struct Told {
    name: Arc<str>,
    format: Arc<Format>,
    detected: (usize, usize),
}

/// The logs that were told while they were found, by the number of their input.
type Looked = Vec<Option<Result<Log>>>;

/// Sees the inputs while they are found.
struct Looking<'c, 's> {
    counter: &'c Counter<'c>,
    small: &'c mut SmallLogs<'s>,
    /// Whether small files are read.
    reads: bool,
    looked: Looked,
}

impl Onlooker for Looking<'_, '_> {
    fn read(&mut self, files: &SmallFiles) -> Vec<Option<SmallFile>> {
        if self.reads { self.small.read(files) } else { Vec::new() }
    }

    fn look(&mut self, number: usize, input: &Input, head: &Head) {
        let ends = |found: &Option<Result<Log>>| found.as_ref().is_some_and(|found| self.counter.ends_by(found));
        let is_wanted = !self.looked.last().is_some_and(ends);
        if is_wanted {
            self.looked.resize_with(number + 1, || None);
            self.looked[number] = Some(self.counter.find_log(number, input, head));
        }
    }
}

/// One scan of logs.
pub struct Scan<'a> {
    /// All inputs.
    pub inputs: &'a Inputs,
    /// What is asked of them.
    pub questions: &'a Questions,
    /// The grid of the counts.
    pub slices: Slices,
    /// Ends it early.
    pub stop: &'a AtomicBool,
    /// Takes rejected lines.
    pub rejects: &'a Rejects,
}

/// The steps from inputs to counts.
pub struct Counter<'a> {
    /// How everything is read.
    pub reading: &'a Reading,
    /// Which formats there are.
    pub formats: &'a Formats,
    words: &'a Words,
    /// Whether something could not be read.
    pub failed: bool,
    /// Whether there are several inputs.
    is_one_of_many: bool,
    /// Whether it was told what of archives cannot be read.
    pub damages_told: bool,
    /// What contents are known by.
    pub digests: Digests,
}

impl<'a> Counter<'a> {
    /// Nothing was done yet.
    pub fn new(reading: &'a Reading, formats: &'a Formats, words: &'a Words) -> Counter<'a> {
        Counter { reading, formats, words, failed: false, is_one_of_many: false, damages_told: false, digests: Digests::Sha256 }
    }
}

impl Counter<'_> {
    /// An input that cannot be read: an error, or only told where the rest shall be read.
    pub fn fail(&mut self, error: Error) -> Result<()> {
        if !self.reading.keep_going {
            return Err(self.with_way_on(error));
        }
        self.words.error(&error);
        self.failed = true;
        Ok(())
    }

    /// The error that ends the run, with the way to read the other inputs, if there are some.
    fn with_way_on(&self, error: Error) -> Error {
        const WAY_ON: &str = "--keep-going reads the other inputs all the same";
        match error.hint_text().map(str::to_owned) {
            _ if !self.is_one_of_many => error,
            Some(hint) => error.hint(format!("{hint}; {WAY_ON}")),
            None => error.hint(WAY_ON),
        }
    }

    /// Finds the inputs.
    pub fn resolve(&mut self, stop: &Arc<AtomicBool>) -> Result<Inputs> {
        self.resolved(Inputs::resolve(&self.reading.inputs, stop.clone()))
    }

    /// Finds the inputs and the logs among them, and counts what can be counted on the way. Nothing is said yet.
    fn find_all(&self, declared: &Declared, asking: &AskingArgs, stop: &Arc<AtomicBool>) -> (Inputs, Looked, Vec<Partial>) {
        let mut small = SmallLogs::new(self, declared, asking, stop);
        let (inputs, looked) = self.find_looking(stop, &mut small, true);
        let has_slices = inputs.inputs().iter().any(|input| !is_log(input));
        let has_latency = looked.iter().flatten().flatten().any(Log::has_latency);
        if inputs.are_read_twice() || small.are_mistaken(has_latency, has_slices) {
            small.forget();
            let (inputs, looked) = self.find_looking(stop, &mut small, false);
            return (inputs, looked, Vec::new());
        }
        (inputs, looked, small.take_counts())
    }

    /// Finds the inputs, and tells the formats of files while they are open.
    fn find_looking(&self, stop: &Arc<AtomicBool>, small: &mut SmallLogs, reads: bool) -> (Inputs, Looked) {
        let mut looking = Looking { counter: self, small, reads, looked: Looked::new() };
        let inputs = Inputs::resolve_looking(&self.reading.inputs, stop.clone(), &mut looking);
        let Looking { small, mut looked, .. } = looking;
        looked.resize_with(inputs.inputs().len(), || None);
        small.logs(&inputs).for_each(|log| {
            let number = log.number;
            looked[number] = Some(Ok(log));
        });
        // A stop ends everything but what was read of streams.
        let is_wanted = |input: &Input| is_log(input) && (input.kind() == Kind::Stream || !stop.load(Relaxed));
        for (number, input) in inputs.inputs().iter().enumerate().filter(|(_, input)| is_wanted(input)) {
            let found = looked[number].get_or_insert_with(|| input.head().and_then(|head| self.find_log(number, input, &head)));
            if self.ends_by(found) {
                break;
            }
        }
        (inputs, looked)
    }

    /// Whether what was found of an input ends everything, so that nobody asks what other formats there are.
    fn ends_by(&self, found: &Result<Log>) -> bool {
        found.is_err() && !self.reading.keep_going
    }

    fn resolved(&mut self, inputs: Inputs) -> Result<Inputs> {
        // Slices files may be replaced by what they become.
        let logs = inputs.inputs().iter().filter(|input| is_log(input)).filter_map(Input::path);
        logs.into_iter().try_for_each(|path| self.reading.refuse_overwriting(path))?;
        inputs.notes().iter().for_each(|note| self.words.note(note));
        let failures = inputs.failures();
        self.is_one_of_many = inputs.inputs().len() + failures.len() > 1;
        if !self.reading.keep_going {
            failures.iter().skip(1).for_each(|failure| self.words.error(&failure.error));
            return inputs.complete().map_err(|error| self.with_way_on(error));
        }
        failures.iter().for_each(|failure| self.words.error(&failure.error));
        self.failed = !failures.is_empty();
        Ok(inputs)
    }

    /// The slices files among the inputs.
    fn stored(&mut self, inputs: &Inputs) -> Result<Vec<(String, Partial)>> {
        let mut stored = Vec::new();
        for input in inputs.inputs().iter().filter(|input| !is_log(input)) {
            match read_slices(input) {
                Ok(partial) => stored.push((input.name().to_owned(), partial)),
                Err(error) => self.fail(error)?,
            }
        }
        Ok(stored)
    }

    /// The logs among the inputs, with their formats.
    fn logs(&mut self, looked: Looked) -> Result<Vec<Log>> {
        let mut logs = Vec::with_capacity(looked.len());
        for found in looked.into_iter().flatten() {
            match found {
                Ok(log) => logs.push(log),
                Err(error) => self.fail(error)?,
            }
        }
        logs.iter().for_each(|log| self.tell_empty(log));
        self.tell_formats(&logs.iter().filter_map(Log::told).collect::<Vec<_>>());
        Ok(logs)
    }

    /// Says which formats were detected.
    pub fn tell_formats(&self, told: &[Told]) {
        if told.len() <= INPUTS_TOLD_MAX {
            for Told { name, format, detected: (events, lines) } in told {
                self.words.note(&format!("{name}: format {} ({events} of the first {lines} lines)", format.name));
            }
            return;
        }
        let mut inputs = BTreeMap::new();
        told.iter().for_each(|told| *inputs.entry(&told.format.name).or_insert(0) += 1);
        for (format, inputs) in inputs {
            self.words.note(&format!("{inputs} inputs: format {format}"));
        }
    }

    /// Whether the lines of a log mean what they do only with those before them.
    pub fn is_stateful(&self, log: &Log) -> Result<bool> {
        let Some(format) = &log.format else { return Ok(false) };
        Ok(self.formats.bind(format, &[], log.year)?.is_stateful())
    }

    /// A log that begins with `head`.
    pub fn log(&self, number: usize, input: &Input, head: &Head) -> Result<Log> {
        self.find_log(number, input, head).inspect(|log| self.tell_empty(log))
    }

    fn tell_empty(&self, log: &Log) {
        let shown = if &*log.name == "-" { "standard input" } else { &log.name };
        match log.format {
            _ if log.is_empty => self.words.note(&format!("{shown}: it is empty")),
            None => self.words.note(&format!("{shown}: {SAYS_NOTHING}")),
            Some(_) => {}
        }
    }

    /// A log that begins with `head`. Nothing is said.
    pub fn find_log(&self, number: usize, input: &Input, head: &Head) -> Result<Log> {
        let found = self.formats.find(input.name(), head)?;
        let detected = found.as_ref().and_then(|found| found.detected);
        let format = found.map(|found| found.format);
        let year = format.as_ref().map(|format| self.formats.year(format, input, head)).transpose()?.flatten();
        Ok(Log {
            number,
            name: input.name_kept(),
            service: self.formats.service(input.name()).into(),
            identity: Identity::by(self.digests, &head.bytes),
            is_empty: head.bytes.is_empty(),
            format,
            detected,
            year,
            read: None,
        })
    }

    /// Refuses the same content twice, by SHA-256 where quick digests do not do: some agree, or there are those of slices files.
    fn tell_apart(&mut self, inputs: &Inputs, logs: &mut [Log], stored: &[(String, Partial)]) -> Result<()> {
        let stored: Vec<(String, &Partial)> = stored.iter().map(|(name, partial)| (name.clone(), partial)).collect();
        if self.digests == Digests::Quick {
            if stored.is_empty() && self.refuse_duplicates(&logs.iter().collect::<Vec<_>>(), &[]).is_ok() {
                return Ok(());
            }
            self.digests = Digests::Sha256;
            for log in logs.iter_mut() {
                // What cannot be read again is an error where it is read for its lines.
                log.identity = inputs.inputs()[log.number].head().map_or(log.identity.clone(), |head| Identity::of(&head.bytes));
            }
        }
        self.refuse_duplicates(&logs.iter().collect::<Vec<_>>(), &stored)
    }

    /// Refuses the same content twice before anything is scanned.
    pub fn refuse_duplicates(&self, logs: &[&Log], stored: &[(String, &Partial)]) -> Result<()> {
        if self.reading.duplicates == Duplicates::Allow {
            return Ok(());
        }
        let range = self.reading.range.unwrap_or(ByteRange::ALL);
        let of_logs =
            logs.iter().map(|log| Claim { identity: &log.identity, start: range.start, end: range.end, path: &log.name });
        let of_slices = stored.iter().flat_map(|(_, partial)| partial.receipts.iter().map(|receipt| receipt.claim()));
        receipt::check(&of_logs.chain(of_slices).collect::<Vec<_>>()).map_err(|error| {
            let plain = Error::new(error.kind(), error.message());
            plain.hint("each event is counted once: leave one of them out, or add --allow-duplicates if both are meant")
        })
    }

    /// Says that some logs are not in the latency SLO that slix itself asks for.
    pub fn tell_without_latency(&self, logs: &[&Log], questions: &Questions) {
        let is_optional = questions.of_service("", true).count() > questions.of_service("", false).count();
        if let Some(without) = without_latency(logs).filter(|_| is_optional) {
            self.words.note(&without);
        }
    }

    /// Scans the logs that were not read while they were found. None: there are no such.
    fn scan_unread(&mut self, scan: &Scan, logs: &[&Log]) -> Result<Option<Partial>> {
        let unread: Vec<&Log> = logs.iter().copied().filter(|log| log.read.is_none()).collect();
        if unread.is_empty() {
            self.tell_damages_once(scan.inputs);
            return Ok(None);
        }
        self.scan(scan, &unread, BTreeMap::new()).map(|scanned| Some(scanned.partial))
    }

    /// Shows how far reading has come, until it is dropped.
    pub fn progress(&self, bytes_read: Arc<AtomicU64>, total: Option<u64>) -> Option<Progress> {
        self.words.shows_progress().then(|| Progress::show(bytes_read, total))
    }

    /// How many threads read many files, which are work enough for all.
    pub fn threads(&self) -> usize {
        self.reading.threads.unwrap_or_else(cores)
    }

    /// Scans logs, all of each or the range that it has.
    pub fn scan(&mut self, scan: &Scan, logs: &[&Log], ranges: BTreeMap<usize, ByteRange>) -> Result<Scanned> {
        let Scan { inputs, questions, slices, stop, rejects } = *scan;
        let plans = Plans::of(logs, questions, self.formats)?;
        let jobs: Vec<Job> = plans.jobs.iter().map(|plan| plan.job(self.reading, slices)).collect();
        let of_engine = plans.engine_inputs(inputs, logs);
        let threads = self.reading.threads.unwrap_or_else(|| threads_for(inputs));
        let source = Watched {
            pieces: inputs.source(threads, self.reading.range)?.keep_whole(plans.stateful(logs)).within(ranges),
            wanted: logs.iter().map(|log| log.number).collect(),
            unopened: AtomicBool::new(false),
        };
        let run = Run {
            inputs: &of_engine,
            jobs: &jobs,
            threads,
            odd: &|input, start| rejects.sink(input, start),
            stop,
            keep_going: self.reading.keep_going,
            duplicates: self.reading.duplicates,
        };
        let progress = self.progress(inputs.bytes_read(), inputs.log_bytes());
        let scanned = engine::run(&source, &run);
        drop(progress);
        let mut scanned = scanned?;
        source.pieces.notes().iter().for_each(|note| self.words.note(&note.text));
        let failures = std::mem::take(&mut scanned.failures);
        self.tell_damages_once(inputs);
        self.tell_failures(failures, source.unopened.load(Relaxed))?;
        Ok(scanned)
    }

    fn tell_damages_once(&mut self, inputs: &Inputs) {
        if !std::mem::replace(&mut self.damages_told, true) {
            self.tell_damages(inputs);
        }
    }

    /// Members of archives that cannot be read are like the end of a log that cannot: the others count.
    fn tell_damages(&mut self, inputs: &Inputs) {
        self.failed |= !inputs.damages().is_empty();
        inputs.damages().iter().for_each(|error| self.words.error(error));
    }

    /// What broke off counts up to there; what could not even be opened ends the run unless it shall go on.
    fn tell_failures(&mut self, failures: Vec<(usize, Error)>, unopened: bool) -> Result<()> {
        self.failed |= !failures.is_empty();
        let mut failures = failures.into_iter().map(|(_, error)| error);
        let last = if unopened && !self.reading.keep_going { failures.next() } else { None };
        failures.for_each(|error| self.words.error(&error));
        last.map_or(Ok(()), |error| Err(self.with_way_on(error)))
    }

    /// What would give lines a time that have none.
    fn help_undated<'a>(&self, mut logs: impl Iterator<Item = &'a Log> + Clone) -> &'static str {
        if logs.clone().any(Log::lacks_time) {
            return "; lines that tell no time need what they are wrapped in: docker logs --timestamps, kubectl logs --timestamps, journalctl -o json";
        }
        let zone_may_tell = self.formats.zone().is_none() && logs.any(Log::may_be_local);
        if zone_may_tell { "; if their times are local, --tz ZONE says where" } else { "" }
    }

    fn finish_rejects(&self, rejects: &Rejects, partial: &Partial, help_undated: &str) -> Result<()> {
        if let Some(destination) = &self.reading.rejects {
            destination.write(|out| rejects.write(out))?;
        }
        let total = accounting::total(&partial.receipts)?;
        self.words.rejects(&total, rejects);
        self.words.repeated(&total);
        self.words.undated(&total, help_undated);
        self.words.ambiguous(&total);
        Ok(())
    }
}

/// The names of all inputs.
pub fn names(inputs: &Inputs) -> Vec<Arc<str>> {
    inputs.inputs().iter().map(Input::name_kept).collect()
}

/// Whether an input is a log; a slices file is none.
pub fn is_log(input: &Input) -> bool {
    input.kind() != Kind::Slices
}

/// Reads a slices file.
pub fn read_slices(input: &Input) -> Result<Partial> {
    let path = input.path().unwrap_or(std::path::Path::new(input.name()));
    let file = File::open(path)
        .map_err(|cause| Error::new(ErrorKind::Input, format!("{}: it cannot be opened", input.name())).because(cause))?;
    slices::read(input.name(), file)
}

/// Whether a latency can be asked for by default: some log tells one (`is_told`), and no slices file lacks it.
pub fn has_latency_of<'a>(is_told: bool, no_logs: bool, stored: impl Iterator<Item = &'a Partial>) -> Result<bool> {
    let mut is_stored = false;
    for partial in stored {
        if !holds_default_latency(partial)? {
            return Ok(false);
        }
        is_stored |= !partial.activity.is_empty();
    }
    Ok(is_told || no_logs && is_stored)
}

/// Answers other bounds of the latency from the histograms of a slices file, where it has no counts for them. What has to be
/// said about it.
fn rebound(partial: &mut Partial, questions: &Questions) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    // A histogram counts events, not what they weigh.
    let counts_events =
        |asked: &&Rebound| questions.iter().any(|q| q.canonical == asked.after && q.slo.indicator.weight.is_none());
    let services: Vec<String> = partial.activity.keys().cloned().collect();
    for (service, asked) in
        services.iter().flat_map(|service| questions.rebounds().iter().filter(counts_events).map(move |asked| (service, asked)))
    {
        let key = |canonical: &str| IndicatorKey { service: service.clone(), canonical: canonical.to_owned() };
        let (before, after) = (key(&asked.before), key(&asked.after));
        let has_histogram = slices::held(partial, &before).is_some_and(|counts| counts.latencies.is_some());
        if slices::held(partial, &after).is_some() || !has_histogram {
            continue;
        }
        refuse_by_the_hour(questions)?;
        partial.coarsen(rebound::slices())?;
        let Some(done) = slices::held(partial, &before).map(|counts| rebound::rebound(counts, asked.bound_ns)) else { continue };
        let Some(rebound::Rebounded { counts, uncertain }) = done? else { continue };
        let error = match uncertain {
            0 => "exactly".to_owned(),
            n => format!("but for {n} events within 0.8% of the bound, which count as bad"),
        };
        notes.push(format!("SLO `{}` under another bound is answered from the histogram, by the hour, {error}", asked.slo));
        partial.indicators.insert(after, counts);
    }
    Ok(notes)
}

/// Slices of time that are no whole hours cannot be judged by hours.
fn refuse_by_the_hour(questions: &Questions) -> Result<()> {
    let hour = rebound::slices().width_seconds();
    let finer = questions.iter().find_map(|question| match &question.slo.budgeting {
        Budgeting::Slices(slicing) if slicing.width.seconds() % hour != 0 => Some((&question.slo.name, &slicing.width)),
        _ => None,
    });
    let Some((name, width)) = finer else { return Ok(()) };
    let message = format!("SLO `{name}` counts slices of {width}, and slices answer another bound of a latency by the hour");
    Err(Error::new(ErrorKind::Slices, message).hint("read the logs: from them it is exact"))
}

/// What is asked of a slices file, in the slices that were asked for.
fn select(partial: Partial, questions: &Questions, slices: Option<Slices>) -> Result<Partial> {
    let wanted = questions.wanted(&partial);
    slices::select(&partial, &wanted, slices.unwrap_or(partial.slices))
}

fn about(name: &str, error: Error) -> Error {
    let named = Error::new(error.kind(), format!("{name}: {}", error.message()));
    match error.hint_text() {
        Some(hint) => named.hint(hint),
        None => named,
    }
}

/// One thread per core, but none without work for it.
fn threads_for(inputs: &Inputs) -> usize {
    let pieces = inputs.inputs().iter().filter(|input| is_log(input) && !input.is_read()).map(|input| match input.kind() {
        Kind::Plain => input.size().unwrap_or(0).div_ceil(THREAD_BYTES_MIN).max(1),
        _ => 1,
    });
    cores().min(usize::try_from(pieces.sum::<u64>()).unwrap_or(usize::MAX)).max(1)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Whether every file was read to its end although a stop was asked for. When in doubt it was not.
fn files_are_complete(inputs: &Inputs, partial: &Partial, range: Option<ByteRange>) -> bool {
    let is_complete = |input: &Input| {
        let mut receipts = partial.receipts.iter().filter(|receipt| receipt.path == input.name());
        let read = |receipt: &receipt::Receipt| {
            let to_end = input.kind() != Kind::Plain || receipt.end >= input.size().unwrap_or(u64::MAX);
            receipt.start == 0 && to_end && receipt.cut_short.is_none()
        };
        input.size() == Some(0) || range.is_none() && receipts.any(read)
    };
    inputs.inputs().iter().filter(|input| is_log(input) && input.kind() != Kind::Stream).all(is_complete)
}

/// How logs of one format and service are read and counted.
pub struct Plan {
    format: Arc<Format>,
    year: Option<i16>,
    service: Arc<str>,
    extractor: Extractor,
    classifier: Classifier,
    keys: Vec<IndicatorKey>,
    attribution: Option<Attribution>,
}

impl Plan {
    /// What is asked of a log, bound to its format.
    pub fn new(log: &Log, format: &Arc<Format>, questions: &Questions, formats: &Formats) -> Result<Plan> {
        let (keys, indicators) =
            questions.indicators(&log.service, log.has_latency() || log.format.is_none()).into_iter().unzip();
        let classifier = Classifier::compile(indicators)?;
        let extractor = formats.bind(format, classifier.needs(), log.year);
        let extractor = extractor.map_err(|error| cannot_answer(log, format, questions, formats).unwrap_or(error))?;
        let attribution = questions.attribution(|needs| formats.bind(format, needs, log.year))?;
        Ok(Plan {
            format: format.clone(),
            year: log.year,
            service: log.service.clone(),
            extractor,
            classifier,
            keys,
            attribution,
        })
    }

    /// What a worker needs of it.
    pub fn job<'a>(&'a self, reading: &Reading, slices: Slices) -> Job<'a> {
        Job {
            extractor: &self.extractor,
            classifier: &self.classifier,
            keys: &self.keys,
            service: &self.service,
            slices,
            kernel: reading.kernel,
            line_bytes_max: reading.line_bytes_max,
            histograms: reading.histograms,
            attribution: self.attribution.as_ref(),
        }
    }
}

/// The error that names the SLO which asks for what a format does not have.
#[cold]
fn cannot_answer(log: &Log, format: &Format, questions: &Questions, formats: &Formats) -> Option<Error> {
    questions.of_service(&log.service, log.has_latency()).find_map(|question| {
        let classifier = Classifier::compile(vec![question.slo.indicator.counted()]).ok()?;
        let error = formats.bind(format, classifier.needs(), None).err()?;
        Some(about(&format!("{}: SLO `{}` cannot be answered", log.name, question.slo.name), error))
    })
}

/// The plans of all logs.
struct Plans {
    jobs: Vec<Plan>,
    /// Which plan each log has.
    of_log: Vec<usize>,
}

impl Plans {
    fn of(logs: &[&Log], questions: &Questions, formats: &Formats) -> Result<Plans> {
        let mut plans = Plans { jobs: Vec::new(), of_log: Vec::new() };
        // What a log is read by in which nothing is to be read has no name: of a format that has one other logs may be.
        let fallback = Arc::new(Format { name: String::new(), ..Format::parse("combined")? });
        for log in logs {
            let format = log.format.as_ref().unwrap_or(&fallback);
            let known =
                plans.jobs.iter().position(|plan| plan.service == log.service && plan.year == log.year && plan.format == *format);
            let number = match known {
                Some(number) => number,
                None if log.format.is_none() => plans.add(Plan::empty(log, format)?),
                None => plans.add(Plan::new(log, format, questions, formats)?),
            };
            plans.of_log.push(number);
        }
        Ok(plans)
    }

    /// The inputs that must be read from their beginning, in one piece.
    fn stateful<'a>(&'a self, logs: &'a [&Log]) -> impl Iterator<Item = usize> + 'a {
        let all = logs.iter().zip(&self.of_log);
        all.filter(|(_, job)| self.jobs[**job].extractor.is_stateful()).map(|(log, _)| log.number)
    }

    fn add(&mut self, plan: Plan) -> usize {
        self.jobs.push(plan);
        self.jobs.len() - 1
    }

    /// What the engine must know of every input; those that are no logs are never asked for.
    fn engine_inputs(&self, inputs: &Inputs, logs: &[&Log]) -> Vec<EngineInput> {
        let unread = EngineInput { name: String::new(), job: 0, identity: Identity::of(b"") };
        let mut all = vec![unread; inputs.inputs().len()];
        for (log, &job) in logs.iter().zip(&self.of_log) {
            all[log.number] = EngineInput { name: log.name.to_string(), job, identity: log.identity.clone() };
        }
        all
    }
}

/// Words about logs that the default latency SLO leaves out.
fn without_latency(logs: &[&Log]) -> Option<String> {
    let without: Vec<&Log> = logs.iter().copied().filter(|log| log.format.is_some() && !log.has_latency()).collect();
    let first = without.first().filter(|_| without.len() < logs.len())?;
    let (count, all) = (without.len(), logs.len());
    Some(format!("{count} of {all} inputs (the first is {}) tell no latency and are not in its SLO", first.name))
}

/// The pieces of the logs that are wanted; remembers whether one could not be opened.
struct Watched<'a> {
    pieces: Pieces<'a>,
    wanted: BTreeSet<usize>,
    unopened: AtomicBool,
}

impl Source for Watched<'_> {
    fn next(&self) -> Option<Result<Box<dyn Piece + '_>, (usize, Error)>> {
        loop {
            match self.pieces.next()? {
                Ok(piece) if !self.wanted.contains(&piece.input()) => {}
                Err((input, _)) if !self.wanted.contains(&input) => {}
                Ok(piece) => return Some(Ok(piece)),
                Err(failure) => {
                    self.unopened.store(true, Relaxed);
                    return Some(Err(failure));
                }
            }
        }
    }
}

impl Plan {
    /// For a log without a line.
    fn empty(log: &Log, format: &Arc<Format>) -> Result<Plan> {
        let classifier = Classifier::compile(Vec::new())?;
        let extractor = Extractor::bind(format, &[], None)?;
        Ok(Plan {
            format: format.clone(),
            year: None,
            service: log.service.clone(),
            extractor,
            classifier,
            keys: Vec::new(),
            attribution: None,
        })
    }
}
