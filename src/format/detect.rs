//! Which format a log has, decided by its head.

mod answer;
mod failure;

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::chatter::Told;
use super::envelope::{self, Envelope, Opened, ROUTERS};
use super::extract::{Extractor, Misread, Reader};
use super::glance::Glance;
use super::needed::Held;
use super::{Element, Format, Keyed, Layout};
use crate::error::Result;
use crate::framing::{LINE_BYTES_MAX, is_blank};
use crate::record::{Field, Outcome, Reason, Skip};
pub use answer::{Answer, Sample};
use failure::{counted, none, within};

/// What detection found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Detection {
    /// The format of the log. Logs that are alike share it.
    pub format: Arc<Format>,
    /// Lines that it reads as events.
    pub events: usize,
    /// Lines that were tried.
    pub lines: usize,
    /// Every candidate that reads lines, by name, with how many, most first.
    pub candidates: Vec<(String, usize)>,
}

/// Decides which of some formats logs have, and what their lines are wrapped in.
pub struct Detector {
    trials: Trials,
    readers: Vec<RefCell<Reader>>,
    /// The format that was found last, and what is wanted to look for it: logs come in series.
    last: RefCell<Option<Look>>,
}

/// The formats that are tried, bound.
struct Trials {
    formats: Vec<Format>,
    extractors: Vec<Extractor>,
}

/// Formats that one log may hold lines of.
const MIXED_MAX: usize = 5;
/// A further format must read one line in so many, which no other reads.
const MIXED_SHARE: usize = 100;
/// One of JSON must read so many: a single object that has its keys might be luck. A line of text that is read whole, as its writer writes it, is
/// none, unless it is the last: cut off at the right place, a line of one format is one of another (`common` is the begin of `combined`).
const MIXED_OBJECTS_MIN: usize = 2;

/// Reads a line by a format.
type Reads<'a> = dyn Fn(&Format, &[u8]) -> Outcome + 'a;

/// Lines that the format of a log is told by.
pub const SAMPLE_LINES_MAX: usize = 1_000;
/// Lines that the envelopes of a log are told by.
pub const ENVELOPE_LINES_MAX: usize = 100;

impl Detector {
    /// Binds all formats. Local times tell the format as well as others do, whatever their zone is.
    ///
    /// # Errors
    /// None for formats that can be bound.
    pub fn new(formats: Vec<Format>, zone: Option<&TimeZone>) -> Result<Detector> {
        let zone = zone.cloned().unwrap_or(TimeZone::UTC);
        let bind = |format: &Format| Extractor::bind(format, &[], Some(&zone));
        let extractors = formats.iter().map(bind).collect::<Result<Vec<_>>>()?;
        let readers = extractors.iter().map(|extractor| RefCell::new(extractor.reader(""))).collect();
        Ok(Detector { trials: Trials { formats, extractors }, readers, last: RefCell::default() })
    }

    /// The formats that are tried.
    pub fn formats(&self) -> &[Format] {
        &self.trials.formats
    }

    /// The format of a log that begins with these lines.
    ///
    /// Each nesting of envelopes that most lines are in is tried, and the lines as they stand; the one whose lines are read most often is
    /// right, and of equals the deepest. A format that stands alone is the log's, even if it reads nothing.
    ///
    /// A log that is like the one before costs little: where the same format reads each of its lines, and none that could win against it
    /// reads the first, the others need not be tried. Then `candidates` has no others.
    ///
    /// # Errors
    /// As [`detect`], if there are several formats.
    pub fn find(&self, lines: &[&[u8]]) -> Result<Detection> {
        self.find_among(lines, true)
    }

    /// The same, where it is known whether the last line may be half of one, which other formats read.
    fn find_among(&self, lines: &[&[u8]], may_be_cut: bool) -> Result<Detection> {
        // Of a line that is too long to be read, no more is looked at.
        let lines: Vec<&[u8]> = lines.iter().map(|line| &line[..line.len().min(LINE_BYTES_MAX)]).collect();
        let lines = &lines[..];
        let head = &lines[..lines.len().min(ENVELOPE_LINES_MAX)];
        let nestings = envelope::nestings(head);
        if let Some(found) = nestings.first().and_then(|deepest| self.find_as_last(lines, deepest)) {
            return Ok(found);
        }
        let found = match self.find_in(lines, nestings, may_be_cut) {
            // Headers may begin behind the first lines.
            Err(error) if lines.len() > head.len() => self.find_in(lines, envelope::nestings(lines), may_be_cut).or(Err(error)),
            found => found,
        };
        *self.last.borrow_mut() = found.as_ref().ok().and_then(|found| Look::new(&self.trials, &found.format));
        found
    }

    /// One who follows logs of a format that [`Detector::find`] has found; none of a format that others cannot be told from by a look.
    /// Each thread has its own.
    pub fn follower(&self, format: &Arc<Format>) -> Option<Follower<'_>> {
        Some(Follower { look: Look::new(&self.trials, format)?, trials: &self.trials })
    }

    /// What [`Detector::find`] gives, told by the format that it gave last; none if that would not do.
    fn find_as_last(&self, lines: &[&[u8]], deepest: &[Envelope]) -> Option<Detection> {
        self.last.borrow_mut().as_mut()?.find(&self.trials, lines, deepest)
    }

    /// [`Detector::find`] by trying everything.
    fn find_in(&self, lines: &[&[u8]], nestings: Vec<Vec<Envelope>>, may_be_cut: bool) -> Result<Detection> {
        let mut best: Option<(Detection, usize)> = None;
        let mut failure = None;
        for nesting in nestings {
            let opened = envelope::unwrapped(lines.iter().copied(), &nesting);
            let programs = self.programs(&opened);
            let is_routed = !programs.is_empty() && programs.iter().all(|program| is_router(program));
            let may_ask = |line: &&Opened| programs.is_empty() || line.program.is_empty() || programs.contains(&line.program);
            let inner: Vec<&[u8]> = opened.iter().filter(may_ask).map(|line| &line.text[..]).collect();
            match self.find_bare(&inner, !nesting.is_empty(), may_be_cut) {
                Ok((found, skipped)) if best.as_ref().is_none_or(|best| is_better((&found, skipped), best)) => {
                    let mut format = arrange(Arc::unwrap_or_clone(found.format), &inner)?;
                    // Who wrote no request at the head is not known to write them.
                    (format.envelopes, format.programs) = (nesting, if found.events > 0 { programs } else { Vec::new() });
                    let is_decided = is_routed && found.events > 0;
                    best = Some((Detection { format: Arc::new(format), lines: opened.len(), ..found }, skipped));
                    if is_decided {
                        break;
                    }
                }
                Ok(_) => {}
                // A text in an object may be a field of it, and what is in an envelope tells more than the envelope.
                Err(error) if failure.is_none() && !nesting.contains(&Envelope::Shipper) => {
                    failure = Some(within(&nesting, error));
                }
                Err(_) => {}
            }
        }
        match (best, failure) {
            (Some((best, _)), _) => Ok(best),
            (None, _) if lines.first().is_some_and(|line| envelope::is_counted(line)) => Err(counted(lines[0])),
            (None, Some(error)) => Err(error),
            (None, None) => detect(lines, &[], &|_, _| Outcome::Rejected(Reason::Layout)),
        }
    }

    /// The programs that wrote requests, sorted; of one alone it is not asked here. Where a router wrote them too, it is the only one: each request
    /// counts once.
    fn programs(&self, lines: &[Opened]) -> Vec<Vec<u8>> {
        let mut programs = envelope::programs(lines.iter());
        if programs.len() > 1 {
            self.readers.iter().for_each(|reader| reader.borrow_mut().turn_to(""));
            programs.retain(|program| lines.iter().any(|line| line.program == *program && self.is_request(&line.text)));
        }
        if programs.iter().any(|program| is_router(program)) && self.are_routed(lines) {
            programs.retain(|program| is_router(program));
        }
        programs
    }

    /// Whether the lines of a router may be of all requests: others wrote not many more. Somebody may have kept the router's errors alone.
    fn are_routed(&self, lines: &[Opened]) -> bool {
        let requests = lines.iter().filter(|line| self.is_request(&line.text));
        let (routed, others): (Vec<&Opened>, Vec<&Opened>) = requests.partition(|line| is_router(&line.program));
        2 * routed.len() >= others.len()
    }

    /// Whether any format reads a line out of its envelope as an event.
    fn is_request(&self, line: &[u8]) -> bool {
        let told = Told::of(line);
        let reads = |at: usize| self.trials.read_as(at, line, true, told, &mut self.readers[at].borrow_mut()) == Outcome::Event;
        !is_blank(line) && (0..self.readers.len()).any(reads)
    }

    /// The format of lines that are in no envelope, or out of it, and how many of them it knows not to be requests, where it reads none.
    fn find_bare(&self, lines: &[&[u8]], is_unwrapped: bool, may_be_cut: bool) -> Result<(Detection, usize)> {
        self.readers.iter().for_each(|reader| reader.borrow_mut().turn_to(""));
        let told = RefCell::new(HashMap::new());
        let read = |format: &Format, line: &[u8]| {
            if is_blank(line) {
                return Outcome::Skipped(Skip::Blank);
            }
            let at = self.trials.formats.iter().position(|f| std::ptr::eq(f, format)).unwrap_or(0);
            // One format may read every line. Lines stand where they stand as long as they are tried.
            let told = match self.trials.formats.len() {
                1 => Told::Unasked,
                _ => *told.borrow_mut().entry(line.as_ptr()).or_insert_with(|| Told::of(line)),
            };
            self.trials.read_as(at, line, is_unwrapped, told, &mut self.readers[at].borrow_mut())
        };
        if let [only] = self.trials.formats.as_slice() {
            let score = Score::of(only, lines, &read);
            let candidates = vec![(only.name.clone(), score.events)];
            let found = Detection { format: Arc::new(only.clone()), events: score.events, lines: lines.len(), candidates };
            return Ok((found, score.skipped));
        }
        let found = detect(lines, self.formats(), &read);
        self.mixed(lines, may_be_cut, &read, found).map(|found| (found, lines.len()))
    }

    /// Adds the formats that read what the first one does not, where a log holds lines of several. Each of them must read some lines that no
    /// other reads, and all of them together more than half.
    fn mixed(&self, lines: &[&[u8]], may_be_cut: bool, read: &Reads, found: Result<Detection>) -> Result<Detection> {
        let reset = || self.readers.iter().for_each(|reader| reader.borrow_mut().turn_to(""));
        let enough = |i: usize| match self.formats()[i].layout {
            Layout::Json(_) => lines.len().div_ceil(MIXED_SHARE).max(MIXED_OBJECTS_MIN),
            Layout::Delimited(_) => lines.len().div_ceil(MIXED_SHARE),
        };
        let (mut left, mut picked): (Vec<&[u8]>, Vec<(usize, usize)>) = (lines.to_vec(), Vec::new());
        let first = found.as_ref().ok().and_then(|found| self.formats().iter().position(|format| *format == *found.format));
        let mut skipped = 0;
        while picked.len() < MIXED_MAX {
            let is_open =
                |i: &usize| picked.iter().all(|(known, _)| known != i) && (first.is_none_or(|f| f == *i) || !picked.is_empty());
            let score = |i: usize| {
                reset();
                Score::of(&self.formats()[i], &left, read)
            };
            let best = (0..self.formats().len())
                .filter(is_open)
                .map(|i| (i, score(i)))
                .reduce(|best, next| if next.1.rank() > best.1.rank() { next } else { best });
            let Some((i, best)) = best.filter(|(i, best)| best.events >= enough(*i) || picked.is_empty() && best.events > 0)
            else {
                break;
            };
            reset();
            let is_its_only = |line: &&[u8]| best.events == 1 && read(&self.formats()[i], line) == Outcome::Event;
            let may_be_half = may_be_cut && left.last() == lines.last();
            if found.is_ok() && !picked.is_empty() && may_be_half && left.last().is_some_and(is_its_only) {
                break;
            }
            if picked.is_empty() {
                skipped = best.skipped;
            }
            picked.push((i, best.events));
            reset();
            left.retain(|line| read(&self.formats()[i], line) != Outcome::Event);
        }
        let events: usize = picked.iter().map(|(_, events)| events).sum();
        if picked.len() < 2 || 2 * events <= lines.len() - skipped {
            return found;
        }
        let mut format = self.formats()[picked[0].0].clone();
        for &(i, _) in &picked[1..] {
            let Format { others, .. } = &self.formats()[i];
            format.others.push(Format { others: Vec::new(), ..self.formats()[i].clone() });
            format.others.extend(others.iter().cloned());
        }
        let candidates = picked.iter().map(|&(i, events)| (self.formats()[i].name.clone(), events)).collect();
        Ok(Detection { format: Arc::new(format), events, lines: lines.len(), candidates })
    }

    /// The formats that are tried by how much they read of a line that none reads, out of its envelopes, the nearest first and each name once.
    /// Objects are broken for all formats alike: there the keys tell.
    pub fn nearest(&self, line: &[u8]) -> Vec<Near> {
        let nestings = envelope::nestings(&[line]);
        let envelopes = nestings.into_iter().find(|nesting| !nesting.contains(&Envelope::Shipper)).unwrap_or_default();
        let inner = envelope::unwrapped([line].into_iter(), &envelopes).pop().map_or_else(|| line.to_vec(), |opened| opened.text);
        let near = |((format, extractor), reader): ((&Format, &Extractor), &RefCell<Reader>)| {
            let format = Format { envelopes: envelopes.clone(), ..format.clone() };
            match extractor.misread(&inner, &mut reader.borrow_mut()) {
                Some(Misread { at, parts: (read, all), .. }) if read < all => Near { format, at, is_half: 2 * read >= all },
                _ => Near { format, at: inner.len(), is_half: true },
            }
        };
        let trials = self.trials.formats.iter().zip(&self.trials.extractors).zip(&self.readers);
        let mut nearest: Vec<Near> = trials.map(near).collect();
        nearest.sort_by_cached_key(|near| {
            let layout = &near.format.layout;
            Reverse((near.is_half, near.at, signs(layout, &inner), pinned(layout)))
        });
        let mut names = BTreeSet::new();
        nearest.retain(|near| names.insert(near.format.name.clone()));
        nearest
    }
}

/// A format that does not read a line.
pub struct Near {
    /// The format, in the envelopes of the line.
    pub format: Format,
    /// How many bytes of the line out of them it reads.
    pub at: usize,
    /// Whether that is at least half of its layout: one with many fields that hold anything reads far into any line.
    is_half: bool,
}

/// How many conditions of a map an object seems not to meet (the fewer, the better), how many it seems to meet, where one on a value counts more
/// than one on a key, and how many of the keys it seems to have: it may be broken.
fn signs(layout: &Layout, line: &[u8]) -> (Reverse<usize>, usize, usize) {
    let Layout::Json(map) = layout else { return (Reverse(0), 0, 0) };
    let holds = |text: &str| memchr::memmem::find(line, text.as_bytes()).is_some();
    let has = |path: &[String]| path.iter().all(|key| holds(&format!("\"{key}\"")));
    let met = || map.only_if.iter().filter(|condition| has(&condition.path) && holds(&condition.prefix));
    let weight = met().map(|condition| 1 + usize::from(!condition.prefix.is_empty())).sum();
    (Reverse(map.only_if.len() - met().count()), weight, map.fields.iter().filter(|field| has(&field.path)).count())
}

impl Trials {
    fn read_as(&self, at: usize, line: &[u8], is_unwrapped: bool, told: Told, reader: &mut Reader) -> Outcome {
        self.extractors[at].try_read_told(line, told, reader, is_unwrapped && lacks_time(&self.formats[at]))
    }
}

/// Tells, log by log, whether each has the format that another one had.
pub struct Follower<'d> {
    trials: &'d Trials,
    look: Look,
}

impl Follower<'_> {
    /// Whether the lines of the format, read by somebody else as events and as its own, tell by themselves that they are those of a log of
    /// it, if [`Follower::may_fit`] says so too.
    pub fn can_be_told_by_events(&self) -> bool {
        self.look.format.envelopes.is_empty() && self.trials.extractors[self.look.at].tells_by_events()
    }

    /// Whether [`Follower::fits`] hangs on nothing more than that the format reads each line.
    pub fn may_fit<'a>(&mut self, lines: impl Iterator<Item = &'a [u8]> + Clone) -> bool {
        let first = lines.clone().find(|line| !is_blank(line));
        let is_bare = self.look.format.envelopes.is_empty() && envelope::are_bare(lines, ENVELOPE_LINES_MAX);
        is_bare && first.is_some_and(|first| !self.look.is_beaten_at(self.trials, first, true))
    }

    /// Whether [`Detector::find`] would find the same format for a log that begins with these lines, and that it reads each of them. It
    /// answers what it would find without what it has found before: the order of logs does not show.
    pub fn fits(&mut self, lines: &[&[u8]]) -> bool {
        let nestings = envelope::nestings(&lines[..lines.len().min(ENVELOPE_LINES_MAX)]);
        nestings.first().is_some_and(|deepest| self.look.find(self.trials, lines, deepest).is_some())
    }
}

/// What is wanted to see that a log has one format.
struct Look {
    /// Its place among those that are tried.
    at: usize,
    format: Arc<Format>,
    reader: Reader,
    /// The formats that would win against it if they read as many lines.
    rivals: Vec<Rival>,
    glance: Glance,
}

/// A format that would win against another one if it read as many lines.
struct Rival {
    /// Its place among those that are tried.
    at: usize,
    reader: Reader,
    /// Whether it has to forget what it read of the log before.
    is_stateful: bool,
}

impl Look {
    fn new(trials: &Trials, format: &Arc<Format>) -> Option<Look> {
        let formats = &trials.formats;
        // What `arrange` put elsewhere, and what is mixed, is no candidate as it stands.
        let is_alike = |trial: &Format| trial.layout == format.layout && trial.others == format.others;
        let at = formats.iter().position(is_alike)?;
        let rank = pinned(&formats[at].layout);
        let could_win = |&rival: &usize| rival != at && pinned(&formats[rival].layout) >= rank;
        let reader = |i: usize| trials.extractors[i].reader("");
        let rival = |i: usize| Rival { at: i, reader: reader(i), is_stateful: trials.extractors[i].is_stateful() };
        let rivals = (0..formats.len()).filter(could_win).map(rival).collect();
        Some(Look { at, format: format.clone(), reader: reader(at), rivals, glance: Glance::default() })
    }

    /// What lines in these envelopes, and in no others, have as their format, if it is this one.
    fn find(&mut self, trials: &Trials, lines: &[&[u8]], deepest: &[Envelope]) -> Option<Detection> {
        if self.format.envelopes != deepest {
            return None;
        }
        let unwrapped = if deepest.is_empty() { Vec::new() } else { envelope::unwrapped(lines.iter().copied(), deepest) };
        if self.format.programs != envelope::programs(unwrapped.iter()) {
            return None;
        }
        let inner: Vec<&[u8]> = unwrapped.iter().map(|line| &line.text[..]).collect();
        let inner = if deepest.is_empty() { lines } else { &inner[..] };
        let written: Vec<&[u8]> = inner.iter().copied().filter(|line| !is_blank(line)).collect();
        let is_bare = deepest.is_empty();
        if self.is_beaten_at(trials, written.first()?, is_bare) || !self.reads_each(trials, &written, is_bare) {
            return None;
        }
        let candidates = vec![(self.format.name.clone(), written.len())];
        Some(Detection { format: self.format.clone(), events: written.len(), lines: inner.len(), candidates })
    }

    /// Whether a rival reads a line.
    fn is_beaten_at(&mut self, trials: &Trials, line: &[u8], is_bare: bool) -> bool {
        let held = Held::of(line);
        self.rivals.iter_mut().any(|Rival { at, reader, is_stateful }| {
            let extractor = &trials.extractors[*at];
            if !extractor.may_read(line, &held) {
                return false;
            }
            if *is_stateful {
                reader.turn_to("");
            }
            match is_bare {
                true => extractor.tries_as_event(line, Some(&held), reader),
                false => trials.read_as(*at, line, true, Told::Unasked, reader) == Outcome::Event,
            }
        })
    }

    /// Whether the format reads each of these lines. Of a family it must be the first layout, or another one would be put there.
    fn reads_each(&mut self, trials: &Trials, lines: &[&[u8]], is_bare: bool) -> bool {
        let (extractor, reader) = (&trials.extractors[self.at], &mut self.reader);
        reader.turn_to("");
        if is_bare {
            let careful = |line: &[u8], reader: &mut Reader| {
                extractor.tries_as_event(line, None, reader) && extractor.reads_by_itself(reader)
            };
            return self.glance.reads_all(lines, extractor, reader, &careful);
        }
        lines.iter().all(|line| {
            trials.read_as(self.at, line, true, Told::Unasked, reader) == Outcome::Event && extractor.reads_by_itself(reader)
        })
    }
}

/// Whether what was found in other envelopes, with how many lines are known there not to be requests, is to stand instead of the best so far.
fn is_better((found, skipped): (&Detection, usize), (best, best_skipped): &(Detection, usize)) -> bool {
    found.events > best.events || is_doubtful(best) || found.events == 0 && best.events == 0 && skipped > *best_skipped
}

/// Whether nothing is read of what may be no envelope at all: where the lines of the format are objects, a text in one may be a field of it.
fn is_doubtful(found: &Detection) -> bool {
    let are_objects = match &found.format.layout {
        Layout::Json(map) => map.keyed == Keyed::Json,
        Layout::Delimited(template) => {
            matches!(template.elements.first(), Some(Element::Literal(text)) if text.starts_with(b"{"))
        }
    };
    found.events == 0 && are_objects && found.format.envelopes.contains(&Envelope::Shipper)
}

/// Whether lines of a format, or of some layout of it, have no time, so that an envelope must give it.
fn lacks_time(format: &Format) -> bool {
    format.resolve(&Field::Time).is_none() || format.others.iter().any(|other| other.resolve(&Field::Time).is_none())
}

fn is_router(program: &[u8]) -> bool {
    ROUTERS.contains(&program)
}

/// Whether a line is blank, a comment, or known not to be a request, whatever the format is.
pub fn says_nothing(line: &[u8]) -> bool {
    is_blank(line) || Told::of(line) != Told::Unread
}

/// Decides which of `candidates` a log has by its first lines, which `reader` reads.
///
/// The format that reads most lines as events wins. Of several that read equally many, the one that pins down more of the
/// line wins: more fields, then more text between them (`common` also reads lines of `vhost_common`, with a part of the
/// user in the wrong place; the wider layout is right). The winner must read more than half of the lines that are requests by its own
/// account, so that a few lucky lines never decide. Where nothing is an event, one wins that knows of all lines that they are no requests:
/// load balancers that only pass on connections write such logs.
///
/// # Errors
/// No line at all (a caller may treat an empty input as one without events before it asks), no format that
/// reads most of them, or several alike; the message has the candidates with how many lines each read.
pub fn detect(lines: &[&[u8]], candidates: &[Format], reader: &dyn Fn(&Format, &[u8]) -> Outcome) -> Result<Detection> {
    let mut scores: Vec<Score> = candidates.iter().map(|format| Score::of(format, lines, reader)).collect();
    // Stable, so that equal scores stay in the order of the candidates.
    scores.sort_by_key(|s| Reverse(s.rank()));
    match scores.as_slice() {
        _ if lines.is_empty() => Err(none("there is no line to tell the format by", lines, &scores)),
        [best, next, ..] if best.fits() && best.rank() == next.rank() && best.format.layout != next.format.layout => {
            let message = format!("`{}` and `{}` read the same {} lines", best.format.name, next.format.name, best.events);
            Err(none(&message, lines, &scores))
        }
        [best, ..] if best.fits() => Ok(Detection {
            format: Arc::new(best.format.clone()),
            events: best.events,
            lines: lines.len(),
            candidates: counts(&scores).filter(|(_, n)| *n > 0).map(|(name, n)| (name.to_owned(), n)).collect(),
        }),
        _ => match scores.iter().find(|score| score.knows_all(lines)) {
            Some(known) => {
                Ok(Detection { format: Arc::new(known.format.clone()), events: 0, lines: lines.len(), candidates: Vec::new() })
            }
            None => Err(none("no known format reads most of the lines", lines, &scores)),
        },
    }
}

/// Puts the layout of a family first that reads most of the lines by itself, the first of equals. The others stay others.
///
/// A layout of lines that were cut off reads whole ones too, with the quote at their end as a part of their last field, so it is never first. Nor
/// is a string that spells JSON, of lines that are none: it leaves the escapes of a text as they are.
///
/// # Errors
/// None for formats that can be bound.
pub fn arrange(format: Format, lines: &[&[u8]]) -> Result<Format> {
    if format.others.is_empty() || lines.is_empty() {
        return Ok(format);
    }
    let mut layouts = vec![Format { others: Vec::new(), ..format.clone() }];
    layouts.extend(format.others);
    // What a line is that some layout does not read is asked once, not by each.
    let mut lines: Vec<(&[u8], Told)> = lines.iter().filter(|line| !is_blank(line)).map(|&line| (line, Told::Unasked)).collect();
    let mut best = (0, 0);
    let may_be_first = |(_, layout): &(usize, &Format)| !is_cut_off(&layout.layout) && !is_spelt_out(layout, &layouts[0]);
    for (i, layout) in layouts.iter().enumerate().filter(may_be_first) {
        // Local times tell the layout as well as others do, whatever zone they are in.
        let extractor = Extractor::bind(layout, &[], Some(&TimeZone::UTC))?;
        let mut reader = extractor.reader("");
        let mut reads = |(line, told): &mut (&[u8], Told)| {
            reader.told = *told;
            let is_own = extractor.read(line, &mut reader) == Outcome::Event && extractor.reads_cleanly(line, &reader);
            if !is_own {
                *told = told.asked(line);
            }
            is_own
        };
        let events = lines.iter_mut().map(&mut reads).filter(|&is_own| is_own).count();
        if events > best.0 {
            best = (events, i);
        }
        if events == lines.len() {
            break;
        }
    }
    let mut first = layouts.remove(best.1);
    first.others = layouts;
    Ok(first)
}

/// Whether a layout has a quote that is not closed: that around a field of its own is no text between fields.
fn is_cut_off(layout: &Layout) -> bool {
    let Layout::Delimited(template) = layout else { return false };
    let quotes = |element: &Element| match element {
        Element::Literal(text) => text.iter().filter(|&&b| b == b'"').count(),
        Element::Field(_) => 0,
    };
    template.elements.iter().map(quotes).sum::<usize>() % 2 == 1
}

/// Whether a layout is the text of a format whose lines are JSON.
fn is_spelt_out(layout: &Format, of: &Format) -> bool {
    let (one, other) = (&layout.layout, &of.layout);
    layout.name == of.name && matches!((one, other), (Layout::Delimited(_), Layout::Json(_)))
}

/// How well a candidate reads the lines.
struct Score<'a> {
    format: &'a Format,
    events: usize,
    /// Lines that it reads but for their time.
    undated: usize,
    /// Lines that the format knows not to be requests.
    skipped: usize,
    lines: usize,
}

impl<'a> Score<'a> {
    fn of(format: &'a Format, lines: &[&[u8]], reader: &dyn Fn(&Format, &[u8]) -> Outcome) -> Self {
        let mut score = Score { format, events: 0, undated: 0, skipped: 0, lines: lines.len() };
        for line in lines {
            match reader(format, line) {
                Outcome::Event => score.events += 1,
                Outcome::Skipped(_) | Outcome::Joined => score.skipped += 1,
                Outcome::Undated => score.undated += 1,
                Outcome::Rejected(_) => {}
            }
        }
        score
    }

    fn fits(&self) -> bool {
        self.events > 0 && 2 * self.events > self.lines - self.skipped
    }

    /// Whether the format knows each of these lines, and that none is a request: they are of connections. An object without the keys that tell
    /// those may be anybody's, and so may a line that is no request in whatever format.
    fn knows_all(&self, lines: &[&[u8]]) -> bool {
        let is_connection = |line: &[u8]| {
            std::iter::once(self.format).chain(&self.format.others).any(|format| match &format.layout {
                Layout::Json(map) => map.connections && signs(&format.layout, line).0 == Reverse(0),
                Layout::Delimited(template) => template.connections && memchr::memmem::find(line, b"\"- - -").is_some(),
            })
        };
        let mut told = lines.iter().filter(|line| !says_nothing(line)).peekable();
        self.skipped == lines.len() && told.peek().is_some() && told.all(|line| is_connection(line))
    }

    fn rank(&self) -> (usize, usize, usize) {
        let (fields, literals) = pinned(&self.format.layout);
        (self.events, fields, literals)
    }
}

/// How much of a line a layout pins down: fields, and bytes of text between them.
fn pinned(layout: &Layout) -> (usize, usize) {
    match layout {
        // Keys stand anywhere, and most maps list more than a line has: JSON formats are told apart by what they skip, and
        // of two that read a line the one is right that asks more of it.
        Layout::Json(map) => (map.only_if.len(), 0),
        Layout::Delimited(template) => template.elements.iter().fold((0, 0), |(fields, bytes), e| match e {
            Element::Field(f) => (fields + 1, bytes + if f.quoted { 2 } else { 0 }),
            Element::Literal(text) => (fields, bytes + text.len()),
        }),
    }
}

/// Every name once, with the count of its best layout, most first.
fn counts<'a>(scores: &'a [Score<'a>]) -> impl Iterator<Item = (&'a str, usize)> {
    let is_first = |i: usize| scores[..i].iter().all(|s| s.format.name != scores[i].format.name);
    (0..scores.len()).filter(move |&i| is_first(i)).map(|i| (scores[i].format.name.as_str(), scores[i].events))
}

#[cfg(test)]
mod tests;
