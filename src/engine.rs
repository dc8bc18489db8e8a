//! The fan-out: many workers scan pieces of input into one partial.
//!
//! Workers take pieces until there are none; each keeps its own counts, and the counts are merged at the end. Which worker took
//! which piece, and in what order, does not show in the result.

pub mod rounds;
pub mod whole;

use std::sync::atomic::{AtomicBool, Ordering};

use crate::aggregate::{Duplicates, Identity, Partial, Receipt};
use crate::error::{Error, ErrorKind, Result};
use crate::framing::{Frame, Framing, lines_before};
use crate::scan::{Job, OddLines, Worker, scan, scan_batches};

/// A stretch of one input that one worker reads from beginning to end.
///
/// The piece holds the lines whose first byte lies in `start..end`. Its reader begins one byte before `start` (at 0 for
/// the first piece), so that the worker can see whether a line begins at `start`, and goes on past `end`, so that
/// the last line can be finished.
///
/// Where lines mean what they do only with those before them ([`Extractor::is_stateful`](crate::format::extract::Extractor::is_stateful)),
/// the reader begins at 0: the lines before the piece are recalled, that is taken note of without being counted, and so are those
/// behind it until each line whose parts were counted has ended, or the content has. So every line counts as it does in the whole.
pub trait Piece: Send {
    /// Number of the input it belongs to.
    fn input(&self) -> usize;
    /// First byte of the piece, in decompressed bytes of the input.
    fn start(&self) -> u64;
    /// The byte after the piece; none: to the end of the input.
    fn end(&self) -> Option<u64>;
    /// Where its reader begins, in the same bytes.
    fn reads_from(&self) -> u64;
    /// Reads the next bytes into `buffer`; 0 is the end of the content. After an error (a truncated archive, say) the piece
    /// ends: what was read before counts.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize>;
    /// Whether the end that `read` came to is not that of the content: the user asked to stop.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Where workers get their pieces from.
pub trait Source: Sync {
    /// The next piece, none at the end. An input that cannot be opened is an error of that input, with its number.
    fn next(&self) -> Option<Result<Box<dyn Piece + '_>, (usize, Error)>>;
}

/// What the engine must know of an input.
#[derive(Clone, Debug)]
pub struct EngineInput {
    /// Its name: the field `input`, and the path of its receipts.
    pub name: String,
    /// Which job reads it.
    pub job: usize,
    /// What its receipts know of its content.
    pub identity: Identity,
}

/// Gives each piece (input, start) a place for its odd lines.
pub type OddSink<'a> = dyn Fn(usize, u64) -> Box<OddLines<'a>> + Sync + 'a;

/// Everything that is fixed for one run.
pub struct Run<'a> {
    /// The inputs, by the number that pieces give.
    pub inputs: &'a [EngineInput],
    /// How they are read and counted.
    pub jobs: &'a [Job<'a>],
    /// How many workers scan.
    pub threads: usize,
    /// Where lines go that are not events.
    pub odd: &'a OddSink<'a>,
    /// Set by somebody to end the run early.
    pub stop: &'a AtomicBool,
    /// Whether an input that fails to open ends the run.
    pub keep_going: bool,
    /// What to do with content that is there twice.
    pub duplicates: Duplicates,
}

/// What a run gave.
#[derive(Debug)]
pub struct Scanned {
    /// The counts and receipts of everything that was read.
    pub partial: Partial,
    /// Inputs that failed, by number; what was read of them before counts.
    pub failures: Vec<(usize, Error)>,
}

/// Scans all pieces of a source.
///
/// # Errors
/// An overflow; the same content twice; a pool of threads that cannot be started.
pub fn run(source: &dyn Source, run: &Run) -> Result<Scanned> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(run.threads.max(1)).build();
    let pool = pool.map_err(|e| Error::new(ErrorKind::Limit, format!("cannot start {} threads", run.threads)).because(e))?;
    let abort = AtomicBool::new(false);
    let shares = pool.broadcast(|_| Share::default().work(source, run, &abort));
    let (mut partials, mut failures) = (Vec::new(), Vec::new());
    for share in shares {
        let (counted, failed) = share?;
        partials.extend(counted);
        failures.extend(failed);
    }
    failures.sort_by_key(|(input, _)| *input);
    let slices = run.jobs.first().map(|job| job.slices);
    let are_merged = partials.len() > 1;
    let mut partial = match Partial::merge_all(partials, run.duplicates)? {
        Some(partial) => partial,
        None => Partial::new(slices.ok_or_else(|| Error::new(ErrorKind::Usage, "nothing to read"))?),
    };
    if !are_merged {
        // The receipts of one worker alone have not met any others: merging nothing puts them in order and refuses duplicates.
        partial.merge_with(Partial::new(partial.slices), run.duplicates)?;
    }
    Ok(Scanned { partial, failures })
}

/// What one worker thread has in hand.
#[derive(Default)]
struct Share<'a> {
    /// One worker for each job that came its way.
    workers: Vec<(usize, Worker<'a>)>,
    framing: Option<Framing>,
    receipts: Vec<Receipt>,
    failures: Vec<(usize, Error)>,
}

type Outcome = (Vec<Partial>, Vec<(usize, Error)>);

impl<'a> Share<'a> {
    fn work(mut self, source: &dyn Source, run: &Run<'a>, abort: &AtomicBool) -> Result<Outcome> {
        while !run.stop.load(Ordering::Relaxed) && !abort.load(Ordering::Relaxed) {
            match source.next() {
                None => break,
                Some(Ok(mut piece)) => {
                    if let Err(error) = self.scan_piece(&mut *piece, run) {
                        abort.store(true, Ordering::Relaxed);
                        return Err(error);
                    }
                }
                Some(Err(failure)) => {
                    self.failures.push(failure);
                    abort.fetch_or(!run.keep_going, Ordering::Relaxed);
                }
            }
        }
        let mut partials = self.workers.into_iter().map(|(_, worker)| worker.finish()).collect::<Result<Vec<_>>>()?;
        if let (Some(first), false) = (partials.first_mut(), self.receipts.is_empty()) {
            first.receipts = self.receipts;
        }
        Ok((partials, self.failures))
    }

    /// Reads and counts one piece, and notes its receipt.
    fn scan_piece(&mut self, piece: &mut dyn Piece, run: &Run<'a>) -> Result<()> {
        let number = piece.input();
        let input = &run.inputs[number];
        let job = run.jobs[input.job];
        let mut framing = match self.framing.take() {
            Some(framing) => framing,
            None => Framing::new(0, None, job.line_bytes_max),
        };
        let mut stretch = Stretch::of(piece, &job)?;
        let (from, to) = if stretch.recalls { (0, None) } else { (stretch.start, piece.end()) };
        framing.restart(from, to);
        let worker = self.worker(input, job)?;
        let mut odd = (run.odd)(number, piece.start());
        let mut failure = None;
        // An input that breaks off leaves half a line in the framing, which is no line: it is not counted.
        while !framing.is_done() && !stretch.is_done && failure.is_none() && !run.stop.load(Ordering::Relaxed) {
            match piece.read(framing.room()) {
                Ok(0) if piece.interrupted() || run.stop.load(Ordering::Relaxed) => break,
                Ok(count) => framing.advance_leaving(count, &mut |frame| stretch.scan(frame, worker, &mut *odd))?,
                Err(error) => failure = Some(error),
            }
        }
        let stopped = !framing.is_done() && !stretch.is_done && failure.is_none();
        if !stretch.is_done {
            framing.finish(&mut |frame| stretch.scan(frame, worker, &mut *odd))?;
        }
        let accounting = worker.take_accounting();
        let cut_short = failure.as_ref().map(|e| e.to_string()).or_else(|| stopped.then(|| "interrupted".to_owned()));
        self.framing = Some(framing);
        if let Some((start, end)) = stretch.covered {
            let (path, identity) = (input.name.clone(), input.identity.clone());
            let (service, format) = (job.service.to_owned(), job.extractor.format_name().to_owned());
            self.receipts.push(Receipt { identity, start, end, path, service, format, accounting, cut_short });
        }
        self.failures.extend(failure.map(|error| (number, error)));
        Ok(())
    }

    fn worker(&mut self, input: &EngineInput, job: Job<'a>) -> Result<&mut Worker<'a>> {
        let known = self.workers.iter().position(|(number, _)| *number == input.job);
        let at = match known {
            Some(at) => at,
            None => {
                self.workers.push((input.job, Worker::new(job, &input.name)?));
                self.workers.len() - 1
            }
        };
        let worker = &mut self.workers[at].1;
        worker.turn_to(&input.name);
        Ok(worker)
    }
}

/// What of a content counts for a piece: the lines that begin in it.
struct Stretch {
    start: u64,
    end: u64,
    /// Whether other lines are recalled.
    recalls: bool,
    /// What was covered by the lines so far.
    covered: Option<(u64, u64)>,
    /// Whether nothing further is needed.
    is_done: bool,
}

impl Stretch {
    fn of(piece: &dyn Piece, job: &Job) -> Result<Stretch> {
        let recalls = job.extractor.is_stateful();
        if recalls && piece.reads_from() > 0 {
            let message = format!("lines of the format {} are read from the first one on", job.extractor.format_name());
            return Err(Error::new(ErrorKind::Usage, message).hint("give its pieces readers that begin at 0"));
        }
        let (start, end) = (piece.start(), piece.end().unwrap_or(u64::MAX));
        Ok(Stretch { start, end, recalls, covered: None, is_done: start >= end })
    }

    /// Counts what of a frame belongs to the stretch, and recalls the rest; how many of its bytes are done. Lines at its end that fill no batch are
    /// left to the next.
    fn scan(&mut self, frame: Frame, worker: &mut Worker, odd: &mut OddLines) -> Result<usize> {
        let (behind, done) = match frame {
            Frame::Lines { offset, bytes, buffer, is_last } => {
                let before = lines_before(bytes, offset, self.start);
                let mine = lines_before(bytes, offset, self.end).max(before);
                let may_leave = !is_last && !self.recalls && mine == bytes.len();
                worker.recall(&bytes[..before]);
                let done = match may_leave {
                    true => before + scan_batches(&buffer[before..], mine - before, offset + before as u64, worker, odd)?,
                    false => {
                        scan(&buffer[before..], mine - before, offset + before as u64, worker, odd)?;
                        mine
                    }
                };
                if done > before {
                    self.cover(offset + before as u64, offset + done as u64);
                }
                if may_leave {
                    return Ok(done);
                }
                self.recall_rest(&bytes[mine..], worker);
                (offset + bytes.len() as u64, bytes.len())
            }
            Frame::Oversized { offset, bytes } => {
                if (self.start..self.end).contains(&offset) {
                    worker.reject_oversized(offset, bytes, odd);
                    self.cover(offset, offset + bytes);
                }
                (offset + bytes, 0)
            }
        };
        self.is_done |= behind >= self.end && !worker.is_unfinished();
        Ok(done)
    }

    /// Recalls lines behind the stretch as long as one of them may end a line that was counted in parts.
    fn recall_rest(&mut self, lines: &[u8], worker: &mut Worker) {
        let mut lines = lines.split_inclusive(|&b| b == b'\n');
        while worker.is_unfinished()
            && let Some(line) = lines.next()
        {
            worker.recall(line);
        }
    }

    fn cover(&mut self, from: u64, to: u64) {
        self.covered = Some((self.covered.map_or(from, |(start, _)| start), to));
    }
}
