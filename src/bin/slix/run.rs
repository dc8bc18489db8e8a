//! What the options mean: everything that was typed, resolved once into the library's values.

use std::path::{Path, PathBuf};

use slix::aggregate::Duplicates;
use slix::aggregate::accounting::Accounting;
use slix::error::{Error, ErrorKind, Result};
use slix::evaluate::Options;
use slix::framing::LINE_BYTES_MAX;
use slix::input::ByteRange;
use slix::marks::Kernel;
use slix::time::{Instant, Length, Slices};

use super::args::{AnswerArgs, AskingArgs, MomentArgs, ReadingArgs, WindowsArgs};
use super::destination::Destination;

/// Bounds of `--max-line-bytes`: the buffers of every thread hold two lines.
const LINE_BYTES: std::ops::RangeInclusive<u64> = 256..=16 << 20;

/// How inputs are read.
pub struct Reading {
    /// What is read.
    pub inputs: Vec<PathBuf>,
    /// The part of it that is read.
    pub range: Option<ByteRange>,
    /// Threads that scan, if somebody asked for a number.
    pub threads: Option<usize>,
    /// Which kernel marks.
    pub kernel: Kernel,
    /// Longer lines are rejected.
    pub line_bytes_max: usize,
    /// Whether to count latency histograms: only a slices file keeps them.
    pub histograms: bool,
    /// Where rejected lines go.
    pub rejects: Option<Destination>,
    /// How many rejected lines are too many.
    pub rejects_max: Option<RejectLimit>,
    /// Whether an input that cannot be read ends the run.
    pub keep_going: bool,
    /// What is done with content that is there twice.
    pub duplicates: Duplicates,
    /// The files that are written, each behind the option that names it.
    written: Vec<(&'static str, PathBuf)>,
}

impl Reading {
    /// Resolves the options and the environment.
    pub fn new(args: &ReadingArgs, asking: &AskingArgs, answer: &AnswerArgs, histograms: bool) -> Result<Reading> {
        let named = [("-o", &answer.output), ("--rejects", &args.rejects)].into_iter();
        let written: Vec<(&str, PathBuf)> = named.filter_map(|(option, path)| Some((option, path.clone()?))).collect();
        if let [(_, output), (_, rejects)] = &written[..] {
            refuse_same(("--rejects", rejects), output, "what -o writes to")?;
        }
        if let Some(config) = &asking.config {
            written.iter().try_for_each(|(option, path)| refuse_same((option, path), config, "the definition"))?;
        }
        Ok(Reading {
            written,
            inputs: inputs(&args.inputs)?,
            range: args.range.as_deref().map(ByteRange::parse).transpose()?,
            threads: args.threads.map(usize::from),
            kernel: kernel()?,
            line_bytes_max: args.max_line_bytes.as_deref().map_or(Ok(LINE_BYTES_MAX), line_bytes)?,
            histograms,
            rejects: args.rejects.as_deref().map(|path| Destination::new(Some(path))).transpose()?,
            rejects_max: args.max_rejects.as_deref().map(RejectLimit::parse).transpose()?,
            keep_going: args.keep_going,
            duplicates: if args.allow_duplicates { Duplicates::Allow } else { Duplicates::Refuse },
        })
    }

    /// Refuses to write over a log that is read.
    pub fn refuse_overwriting(&self, log: &Path) -> Result<()> {
        self.written.iter().try_for_each(|(option, path)| refuse_same((option, path), log, "a log that is read"))
    }
}

/// Refuses to write to a file that is something else already, whatever it is called.
pub fn refuse_same((option, path): (&str, &Path), other: &Path, what: &str) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let identity = |path: &Path| std::fs::metadata(path).ok().filter(|file| file.is_file()).map(|file| (file.dev(), file.ino()));
    let is_same = path == other && path != Path::new("-") || identity(path).is_some_and(|file| identity(other) == Some(file));
    match is_same {
        false => Ok(()),
        true => {
            let error = Error::new(ErrorKind::Usage, format!("{option} {}: this file is {what}", path.display()));
            Err(error.hint("name another file: this one would be replaced"))
        }
    }
}

/// The inputs; without any, what is piped in.
fn inputs(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        let error = Error::new(ErrorKind::Usage, "there is nothing to read: no input is named, and nothing is piped in");
        return Err(error.hint("name a log, as in `slix report access.log`, or `-` to type lines"));
    }
    Ok(vec![PathBuf::from("-")])
}

/// The kernel that the environment forces (`SLIX_KERNEL`, for tests and measurements), or the best one.
fn kernel() -> Result<Kernel> {
    let Some(name) = std::env::var("SLIX_KERNEL").ok().filter(|name| !name.is_empty()) else { return Ok(Kernel::best()) };
    let kernel = Kernel::named(&name).filter(|kernel| kernel.is_available());
    kernel.ok_or_else(|| Error::new(ErrorKind::Usage, format!("SLIX_KERNEL: there is no kernel `{name}` on this machine")))
}

fn line_bytes(text: &str) -> Result<usize> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "" => Some(1),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        _ => None,
    };
    let bytes = digits.parse::<u64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
    let bytes = bytes.filter(|bytes| LINE_BYTES.contains(bytes)).and_then(|bytes| usize::try_from(bytes).ok());
    bytes.ok_or_else(|| {
        Error::new(ErrorKind::Usage, format!("--max-line-bytes: `{text}` is not a length of a line"))
            .hint("write 256 to 16777216 bytes, or as in 64KiB or 1MiB")
    })
}

/// How many rejected lines are too many: more than a number, or than a share of all lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RejectLimit {
    /// More lines than this.
    Lines(u64),
    /// A larger share than this many millionths of a percent.
    Share(u64),
}

impl RejectLimit {
    /// Decimals of a percentage.
    const DECIMALS: usize = 6;

    /// Reads `1%`, `0.05%` or `100`.
    pub fn parse(text: &str) -> Result<RejectLimit> {
        let limit = match text.strip_suffix('%') {
            Some(percent) => Self::share(percent.trim_end()),
            None => text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit())).map(RejectLimit::Lines),
        };
        limit.ok_or_else(|| {
            Error::new(ErrorKind::Usage, format!("--max-rejects: `{text}` is neither a share nor a number of lines"))
                .hint("write a share of all lines, as in 1% or 0.05%, or a number, as in 100")
        })
    }

    fn share(percent: &str) -> Option<RejectLimit> {
        let (whole, decimals) = percent.split_once('.').unwrap_or((percent, ""));
        let is_number = !whole.is_empty() && whole.bytes().chain(decimals.bytes()).all(|b| b.is_ascii_digit());
        if !is_number || decimals.len() > Self::DECIMALS {
            return None;
        }
        let millionths = format!("{whole}{decimals:0<width$}", width = Self::DECIMALS).parse().ok()?;
        (millionths <= 100 * 10_u64.pow(Self::DECIMALS as u32)).then_some(RejectLimit::Share(millionths))
    }

    /// Refuses an accounting with too many rejected lines.
    pub fn check(self, total: &Accounting) -> Result<()> {
        let (rejected, lines) = (total.rejected_total().lines, total.total().lines);
        let is_too_many = match self {
            RejectLimit::Lines(limit) => rejected > limit,
            RejectLimit::Share(millionths) => {
                let all = 100 * 10_u128.pow(Self::DECIMALS as u32);
                u128::from(rejected) * all > u128::from(lines) * u128::from(millionths)
            }
        };
        if !is_too_many {
            return Ok(());
        }
        let error =
            Error::new(ErrorKind::Limit, format!("{rejected} of {lines} lines were rejected, more than --max-rejects allows"));
        Err(error.hint("what was asked is written all the same; --rejects FILE shows the lines"))
    }
}

/// What is evaluated, as far as it is known before the width of the slices is.
pub struct Evaluation {
    options: Options,
    every: Option<Length>,
    hourly: bool,
}

impl Evaluation {
    /// What a report evaluates.
    pub fn of_report(moment: &MomentArgs) -> Result<Evaluation> {
        let at = moment.at.as_deref().map(|text| instant("--at", text)).transpose()?;
        let options = Options { at, groups_max: moment.max_groups, ..Options::default() };
        Ok(Evaluation { options, every: None, hourly: false })
    }

    /// What a page evaluates: its steps are `every`, or as they suit its charts.
    pub fn of_page(moment: &MomentArgs, every: Option<&str>) -> Result<Evaluation> {
        Ok(Evaluation { every: every.map(every_of).transpose()?, ..Evaluation::of_report(moment)? })
    }

    /// The options for a page, where the user did not say, with steps of so many seconds.
    pub fn page_options(&self, slices: Slices, seconds: i64) -> Result<Options> {
        let every = self.every.clone().map_or_else(|| step(seconds), Ok)?;
        Ok(Options { every, ..self.options(slices)? })
    }

    /// What everything evaluates that is about whole SLOs: no group is shown.
    pub fn of_slos(at: Option<&str>) -> Result<Evaluation> {
        let at = at.map(|text| instant("--at", text)).transpose()?;
        Ok(Evaluation { options: Options { at, ..Options::default() }, every: None, hourly: false })
    }

    /// What the windows table evaluates.
    pub fn of_windows(args: &WindowsArgs) -> Result<Evaluation> {
        let Evaluation { mut options, .. } = Evaluation::of_report(&args.moment)?;
        options.from = args.from.as_deref().map(|text| instant("--from", text)).transpose()?;
        options.to = args.to.as_deref().map(|text| instant("--to", text)).transpose()?;
        options.skip_empty = args.skip_empty;
        let every = args.every.as_deref().map(every_of).transpose()?;
        Ok(Evaluation { options, every, hourly: true })
    }

    /// The options for counts in these slices. Where steps do not matter, or an hour is no whole number of slices, each slice is a
    /// step.
    pub fn options(&self, slices: Slices) -> Result<Options> {
        let every = match &self.every {
            Some(every) => every.clone(),
            None if self.hourly && 3_600 % slices.width_seconds() == 0 => Options::default().every,
            None => step(slices.width_seconds())?,
        };
        Ok(Options { every, ..self.options.clone() })
    }
}

fn every_of(text: &str) -> Result<Length> {
    Length::parse(text).map_err(|why| Error::new(ErrorKind::Usage, format!("--every: {why}")))
}

/// A step of so many seconds.
pub fn step(seconds: i64) -> Result<Length> {
    Length::parse(&format!("{seconds}s")).map_err(|why| Error::new(ErrorKind::Usage, why))
}

fn instant(option: &str, text: &str) -> Result<Instant> {
    Instant::parse(text).ok_or_else(|| {
        Error::new(ErrorKind::Usage, format!("{option}: `{text}` is not a time"))
            .hint("write 2026-11-01T12:00:00Z, with an offset as in +01:00, or a date, which is its midnight in UTC")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use slix::record::Outcome;

    #[test]
    fn reject_limits_are_exact() {
        let mut total = Accounting::default();
        (0..999).for_each(|_| total.add(Outcome::Event, 10));
        total.add(Outcome::Rejected(slix::record::Reason::Layout), 10);
        for (limit, fits) in [("0.1%", true), ("0.099999%", false), ("1", true), ("0", false), ("100%", true), ("0%", false)] {
            assert_eq!(RejectLimit::parse(limit).unwrap().check(&total).is_ok(), fits, "{limit}");
        }
        for wrong in ["", "%", "-1", "1.5", "+1", "101%", "1e2%", "0.0000001%", "1 %%"] {
            assert!(RejectLimit::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn line_lengths_have_units_and_bounds() {
        let cases = [
            ("64KiB", Some(65_536)),
            ("1MiB", Some(1 << 20)),
            ("256", Some(256)),
            ("255", None),
            ("17MiB", None),
            ("1kb", None),
            ("KiB", None),
        ];
        for (text, bytes) in cases {
            assert_eq!(line_bytes(text).ok(), bytes, "{text}");
        }
    }
}
