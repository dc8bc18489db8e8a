//! Logs that grow: what was counted before is kept, and a round reads what is new.
//!
//! A log is known by its content, as receipts know it, and not by its name. So a log that was renamed is read on under its new name
//! or, where that is not among the inputs, from the file that is still open; a copy of a log (copytruncate, or `access.log.2.gz`
//! of a log that was read before) gives what the log had not given before it was cut; and a file that became shorter, or begins with
//! other bytes, is a new log. What was counted stays counted.
//!
//! Only lines that have their end count: a line that is being written is read when it is complete.
//!
//! Two kinds of logs are read from their beginning whenever they grow: those whose lines mean what they do only with the lines before
//! them ([`slix::format::extract::Extractor::is_stateful`]), and those shorter than what receipts know a content by, whose identity
//! and format are not settled. So the counts after any number of rounds are those of one run over the whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use slix::aggregate::Partial;
use slix::aggregate::receipt::{Identity, same_content};
use slix::error::{Error, ErrorKind, Result};
use slix::input::{ByteRange, FileId, Head, Input, Inputs, Kind};

use super::args::AskingArgs;
use super::count::{self, Counted, Counter, Log, Scan, Told, is_log, read_slices, stored_parts};
use super::formats::Formats;
use super::questions::{Declared, Questions};
use super::rejects::Rejects;
use super::run::Reading;
use super::words::Words;

/// How long a log that has lost its name is read on without growing: servers write to the old file until they are told to reopen it.
const LOST_FOR_MAX: Duration = Duration::from_secs(60);
/// Bytes of the beginning of a log by which it is seen that its file was written anew.
const START_BYTES_MAX: usize = 1024;
/// Contents that are remembered; of more, the oldest that have no file any more are forgotten.
const CONTENTS_MAX: usize = 10_000;

/// What was counted in earlier rounds.
#[derive(Default)]
pub struct Known {
    contents: Vec<Content>,
    /// The counts of what is never read again.
    counted: Vec<Partial>,
    /// Slices files as they were read.
    stored: BTreeMap<FileId, Stored>,
    /// Sizes of compressed logs in the round before: somebody may be writing them.
    sizes: BTreeMap<Place, u64>,
    /// Sizes of compressed logs that were read: they have nothing new until they have another.
    finished: BTreeMap<Place, u64>,
    has_latency: bool,
    is_begun: bool,
}

/// Where a log lies: its file, and of an archive the name of the member.
type Place = (FileId, Option<String>);

/// One log, under whatever names it had.
struct Content {
    name: String,
    path: PathBuf,
    /// Where it lies; none: it is gone, or another content took its place.
    file: Option<Place>,
    /// The file itself, for when its name leads elsewhere.
    held: Option<Arc<File>>,
    /// Bytes of the file when it was looked at last.
    size: u64,
    start: Vec<u8>,
    identity: Identity,
    /// The decompressed byte before which everything is counted.
    read_to: u64,
    /// Its own counts, where it is read anew when it grows.
    whole: Option<Partial>,
    grew: Instant,
}

struct Stored {
    name: String,
    size: u64,
    partial: Partial,
}

/// What a round has to read of a log.
struct News {
    content: usize,
    log: Log,
    place: Place,
    size: u64,
    range: ByteRange,
    /// Whether its counts stand for all of the log, and are replaced when it grows.
    is_whole: bool,
    /// Whether it is split at known places: then what was read of it after a failure can be read again.
    is_plain: bool,
}

/// Everything that stays the same from round to round.
pub struct Asked<'a> {
    /// What is read, and how.
    pub reading: Reading,
    /// Which formats there are.
    pub formats: &'a Formats,
    /// What is asked.
    pub asking: &'a AskingArgs,
    /// Set when the watch is to end.
    pub stop: &'a Arc<AtomicBool>,
}

impl Known {
    /// Counts what is new. None: there is nothing, or the watch is to end.
    ///
    /// # Errors
    /// In the first round, all that `slix report` says of its inputs; later, what cannot pass by itself.
    pub fn round(&mut self, asked: &Asked, declared: &Declared, words: &Words) -> Result<Option<Counted>> {
        let mut counter = Counter::new(&asked.reading, asked.formats, words);
        let inputs = self.inputs(&mut counter, asked.stop)?;
        let stored_changed = self.read_stored(&mut counter, &inputs)?;
        let before = self.contents.len();
        let news = self.news(&mut counter, &inputs)?;
        self.has_latency |= news.iter().any(|news| news.log.has_latency());
        if self.is_begun && news.is_empty() && !stored_changed && self.contents.len() == before {
            return Ok(None);
        }
        let questions = self.questions(declared, asked)?;
        self.read(&mut counter, &inputs, news, &questions, asked)?;
        if asked.stop.load(Relaxed) {
            return Ok(None);
        }
        self.is_begun = true;
        self.forget();
        let partial = self.partial(&questions, asked, words)?;
        Ok(Some(Counted { partial, questions, failed: false, interrupted: false }))
    }

    /// How many logs are followed.
    pub fn followed(&self) -> usize {
        self.contents.iter().filter(|content| content.held.is_some()).count()
    }

    /// What the arguments stand for now, and the logs that have lost their names.
    fn inputs(&mut self, counter: &mut Counter, stop: &Arc<AtomicBool>) -> Result<Inputs> {
        let mut inputs = counter.resolve(stop)?;
        if let Some(pipe) = inputs.inputs().iter().find(|input| input.kind() == Kind::Stream) {
            let shown = if pipe.name() == "-" { "standard input" } else { pipe.name() };
            let error = Error::new(ErrorKind::Usage, format!("--watch follows files, and {shown} is a pipe"));
            return Err(error.hint("name the log itself"));
        }
        let named: BTreeSet<Place> = inputs.inputs().iter().map(place).collect();
        for content in self.contents.iter_mut().filter(|content| content.file.as_ref().is_some_and(|file| !named.contains(file)))
        {
            if content.grew.elapsed() > LOST_FOR_MAX {
                (content.held, content.file) = (None, None);
            }
            if let Some(held) = &content.held {
                inputs.add_held(&content.name, &content.path, held.clone())?;
            }
        }
        Ok(inputs)
    }

    /// Reads slices files that are new or changed, and forgets those that are gone. Whether there was anything.
    fn read_stored(&mut self, counter: &mut Counter, inputs: &Inputs) -> Result<bool> {
        let files = || inputs.inputs().iter().filter(|input| !is_log(input));
        let before = self.stored.len();
        self.stored.retain(|file, stored| {
            files().any(|input| input.file() == *file && input.size() == Some(stored.size) && input.name() == stored.name)
        });
        let mut changed = self.stored.len() < before;
        for input in files() {
            if self.stored.contains_key(&input.file()) {
                continue;
            }
            match read_slices(input) {
                Ok(partial) => {
                    let (name, size) = (input.name().to_owned(), input.size().unwrap_or(0));
                    self.stored.insert(input.file(), Stored { name, size, partial });
                    changed = true;
                }
                Err(error) => counter.fail(error)?,
            }
        }
        Ok(changed)
    }

    /// What has to be read of the logs.
    fn news(&mut self, counter: &mut Counter, inputs: &Inputs) -> Result<Vec<News>> {
        let mut news = Vec::new();
        let mut told = Vec::new();
        for (number, input) in inputs.inputs().iter().enumerate().filter(|(_, input)| is_log(input)) {
            let known = self.contents.iter().position(|content| content.file.as_ref() == Some(&place(input)));
            let is_as_it_was = known.is_some_and(|known| Some(self.contents[known].size) == input.size());
            if is_as_it_was || !self.is_wanted(input) {
                continue;
            }
            match self.news_of(counter, number, input, known) {
                Ok((mut found, of_log)) => {
                    // Its whole is read already in this round: what another file of it has more goes on behind.
                    if let Some(more) = found.as_mut().filter(|more| !more.is_whole && is_among(&news, more.content)) {
                        more.range.start = read_to_of(&news, more.content);
                    }
                    told.extend(of_log);
                    news.extend(found);
                }
                Err(error) => counter.fail(error)?,
            }
        }
        counter.tell_formats(&told);
        Ok(news)
    }

    /// Whether a log can be read now. A compressed one is of use when it is complete: when it has been the same for a round.
    fn is_wanted(&mut self, input: &Input) -> bool {
        if !self.is_begun || input.can_grow() {
            return true;
        }
        let (place, size) = (place(input), input.size().unwrap_or(0));
        self.finished.get(&place) != Some(&size) && self.sizes.insert(place, size) == Some(size)
    }

    fn news_of(
        &mut self,
        counter: &Counter,
        number: usize,
        input: &Input,
        known: Option<usize>,
    ) -> Result<(Option<News>, Option<Told>)> {
        let head = input.head()?;
        let log = counter.log(number, input, &head)?;
        let told = log.told().filter(|_| known.is_none());
        let content = self.content(input, &head, &log.identity, known)?;
        let (is_plain, is_short) = (input.can_grow(), head.bytes.len() < Head::BYTES_MAX);
        let is_whole = is_short || counter.is_stateful(&log)?;
        let Content { read_to, whole, .. } = &self.contents[content];
        let (read_to, start) = (*read_to, if is_whole || whole.is_some() { 0 } else { *read_to });
        // Where a compressed log ends is seen when it was read.
        let end = if is_plain { Some(input.lines_end(start)?) } else { None };
        let is_new = end.is_none_or(|end| end > read_to) || !self.is_begun;
        // Another file with the same content, in the same round, goes on behind this one.
        self.contents[content].read_to = end.map_or(read_to, |end| end.max(read_to));
        let (place, size, range) = (place(input), input.size().unwrap_or(0), ByteRange { start, end });
        let news = News { content, log, place, size, range, is_whole, is_plain };
        Ok((is_new.then_some(news), told))
    }

    /// The content of a file: the one that it had, another one that is known, or a new one.
    fn content(&mut self, input: &Input, head: &Head, identity: &Identity, known: Option<usize>) -> Result<usize> {
        let size = input.size().unwrap_or(0);
        let goes_on = |content: &Content| size >= content.size && head.bytes.starts_with(&content.start);
        let by_file = known.filter(|&known| goes_on(&self.contents[known]));
        if let (Some(known), None) = (known, by_file) {
            let gone = &mut self.contents[known];
            (gone.file, gone.held) = (None, None);
        }
        let is_same = |content: &Content| {
            let starts_alike = head.bytes.starts_with(&content.start) || content.start.starts_with(&head.bytes);
            starts_alike && same_content(&content.identity, identity)
        };
        let by_identity = || self.contents.iter().position(is_same).filter(|_| self.is_begun);
        let at = by_file.or_else(by_identity).unwrap_or(self.contents.len());
        if at == self.contents.len() {
            let (name, path) = (input.name().to_owned(), input.path().map(PathBuf::from).unwrap_or_default());
            let (identity, start) = (identity.clone(), Vec::new());
            let (file, held, size, read_to, whole, grew) = (None, None, 0, 0, None, Instant::now());
            self.contents.push(Content { name, path, file, held, size, start, identity, read_to, whole, grew });
        }
        let content = &mut self.contents[at];
        if content.held.is_some() && !input.can_grow() {
            // A compressed copy of a log that may grow: it says nothing about where that lies.
            return Ok(at);
        }
        if content.file.as_ref() != Some(&place(input)) {
            content.held = if input.can_grow() { Some(input.hold()?) } else { None };
        }
        (content.file, content.size, content.identity, content.grew) =
            (Some(place(input)), size, identity.clone(), Instant::now());
        content.start = head.bytes[..head.bytes.len().min(START_BYTES_MAX)].to_vec();
        Ok(at)
    }

    fn questions(&self, declared: &Declared, asked: &Asked) -> Result<Questions> {
        let stored = self.stored.values().map(|stored| &stored.partial);
        let has_latency = count::has_latency_of(self.has_latency, self.contents.is_empty(), stored)?;
        Ok(declared.questions(has_latency, asked.asking.what_if.as_deref())?.counted_by(asked.formats.window_by()))
    }

    /// Reads what is new: all logs that are read on together, and each that is read anew by itself.
    fn read(
        &mut self,
        counter: &mut Counter,
        inputs: &Inputs,
        news: Vec<News>,
        questions: &Questions,
        asked: &Asked,
    ) -> Result<()> {
        if !self.is_begun {
            let logs: Vec<&Log> = news.iter().map(|news| &news.log).collect();
            let stored: Vec<(String, &Partial)> =
                self.stored.values().map(|stored| (stored.name.clone(), &stored.partial)).collect();
            counter.refuse_duplicates(&logs, &stored)?;
        }
        let slices = questions.slices_declared(asked.asking.slice.as_deref())?.map_or_else(Questions::slices_default, Ok)?;
        let rejects = Rejects::new(count::names(inputs), false);
        let scan = Scan { inputs, questions, slices, stop: asked.stop, rejects: &rejects };
        let (on, alone): (Vec<News>, Vec<News>) = news.into_iter().partition(|news| news.is_plain && !news.is_whole);
        for news in alone {
            self.read_together(counter, &scan, &[news])?;
        }
        if on.is_empty() { Ok(()) } else { self.read_together(counter, &scan, &on) }
    }

    /// Reads logs in one scan, and keeps their counts.
    fn read_together(&mut self, counter: &mut Counter, scan: &Scan, news: &[News]) -> Result<()> {
        let failed = std::mem::take(&mut counter.failed);
        let logs: Vec<&Log> = news.iter().map(|news| &news.log).collect();
        let before: Vec<u64> = news.iter().map(|news| news.range.start).collect();
        counter.tell_without_latency(&logs, scan.questions);
        let partial = counter.scan(scan, &logs, news.iter().map(|news| (news.log.number, news.range)).collect())?.partial;
        let again = std::mem::replace(&mut counter.failed, failed) && self.is_begun && news.iter().all(|news| news.is_plain);
        if again {
            // Nothing of it counts, and the next round looks at it again.
            for (news, before) in news.iter().zip(before) {
                (self.contents[news.content].size, self.contents[news.content].read_to) = (0, before);
            }
            return Ok(());
        }
        self.finished.extend(news.iter().filter(|news| !news.is_plain).map(|news| (news.place.clone(), news.size)));
        for news in news {
            let content = &mut self.contents[news.content];
            let receipts = partial.receipts.iter().filter(|receipt| receipt.identity == news.log.identity);
            let read_to = receipts.map(|receipt| receipt.end).max().unwrap_or(content.read_to);
            if news.is_whole && !news.is_plain && content.read_to > 0 && read_to <= content.read_to {
                // A copy that holds no more than what was read of the log itself.
                return Ok(());
            }
            (content.read_to, content.whole) = (read_to.max(content.read_to), None);
        }
        match news {
            [one] if one.is_whole => self.contents[one.content].whole = Some(partial),
            _ => self.counted.push(partial),
        }
        Ok(())
    }

    /// Everything that was counted, under the present questions.
    fn partial(&mut self, questions: &Questions, asked: &Asked, words: &Words) -> Result<Partial> {
        let merged = Partial::merge_all(std::mem::take(&mut self.counted), asked.reading.duplicates)?;
        self.counted.extend(merged);
        let slices = questions.slices_declared(asked.asking.slice.as_deref())?;
        let stored = self.stored.values().map(|stored| (stored.name.clone(), stored.partial.clone())).collect();
        let mut parts = stored_parts(stored, questions, slices, words)?;
        parts.extend(self.counted.iter().cloned());
        parts.extend(self.contents.iter().filter_map(|content| content.whole.clone()));
        let merged = Partial::merge_all(parts, asked.reading.duplicates)?;
        merged.map_or_else(|| slices.map_or_else(Questions::slices_default, Ok).map(Partial::new), Ok)
    }

    /// Forgets contents that will not come again, and keeps their counts.
    fn forget(&mut self) {
        while self.contents.len() > CONTENTS_MAX {
            let Some(oldest) = self.contents.iter().position(|content| content.file.is_none()) else { return };
            self.counted.extend(self.contents.remove(oldest).whole);
        }
    }
}

/// Where an input lies. A file by itself is known whatever its name.
fn place(input: &Input) -> Place {
    (input.file(), input.is_member().then(|| input.name().to_owned()))
}

fn is_among(news: &[News], content: usize) -> bool {
    news.iter().any(|news| news.content == content)
}

/// How far a content is read by what is planned.
fn read_to_of(news: &[News], content: usize) -> u64 {
    news.iter().filter(|news| news.content == content).filter_map(|news| news.range.end).max().unwrap_or(0)
}
