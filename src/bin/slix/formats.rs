//! Which format and service each input has: as an option says, as the definitions say, or as its lines show.

use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};
use jiff::tz::TimeZone;
use slix::error::{Error, ErrorKind, Excerpt, Result};
use slix::format::detect::{Answer, Detection, Detector, Near, SAMPLE_LINES_MAX, Sample};
use slix::format::envelope::{self, Envelope};
use slix::format::extract::Extractor;
use slix::format::{Clock, Format, config, preset};
use slix::input::{Head, Input};
use slix::record::{Field, Need};
use slix::slo::definitions::Definitions;
use slix::slo::spec::FormatSpec;

use super::args::{FormatArgs, WindowBy};

/// What is known of the formats of all inputs.
pub struct Formats {
    /// The format that an option names, for all inputs.
    option: Option<Candidates>,
    inputs: Vec<DeclaredInput>,
    /// The format of the definitions.
    declared: Option<Candidates>,
    service: String,
    presets: OnceCell<Candidates>,
    zone: Option<TimeZone>,
    year: Option<Year>,
    window_by: Option<Clock>,
}

/// Where the year comes from that an old syslog header lacks.
enum Year {
    Given(i16),
    OfFile,
}

struct DeclaredInput {
    files: Vec<GlobMatcher>,
    format: Option<Candidates>,
    service: Option<String>,
}

/// The format of one input.
pub struct Found {
    /// The format.
    pub format: Arc<Format>,
    /// How many of how many lines it reads, if its lines decided.
    pub detected: Option<(usize, usize)>,
}

impl Formats {
    /// Reads the options and what the definitions declare.
    pub fn new(args: &FormatArgs, definitions: Option<&Definitions>) -> Result<Formats> {
        let zone = args.tz.as_deref().map(parse_zone).transpose()?;
        let mut formats = Formats {
            option: option(args)?.map(Candidates::new),
            inputs: Vec::new(),
            declared: None,
            service: String::new(),
            presets: OnceCell::new(),
            zone,
            year: args.year.as_deref().map(parse_year).transpose()?,
            window_by: match args.window_by {
                WindowBy::Logged => None,
                WindowBy::Start => Some(Clock::Start),
                WindowBy::End => Some(Clock::End),
            },
        };
        if let Some(definitions) = definitions {
            formats.declared = declared(definitions.format.as_ref())?;
            formats.service = definitions.service.clone().unwrap_or_default();
            for input in &definitions.inputs {
                let files = input.files.iter().map(|glob| matcher(glob)).collect::<Result<_>>()?;
                let format = declared(input.format.as_ref())?;
                formats.inputs.push(DeclaredInput { files, format, service: input.service.clone() });
            }
        }
        Ok(formats)
    }

    /// The zone of times that carry none.
    pub fn zone(&self) -> Option<&TimeZone> {
        self.zone.as_ref()
    }

    /// Where in time events are counted, if not at the time of their line.
    pub fn window_by(&self) -> Option<Clock> {
        self.window_by
    }

    /// Binds a format to needs, with the zone, the clock, and the year of an input.
    pub fn bind(&self, format: &Format, needs: &[Need], year: Option<i16>) -> Result<Extractor> {
        let extractor = Extractor::bind(format, needs, self.zone())?.with_year(year);
        match self.window_by {
            Some(clock) => extractor.with_clock(format, clock),
            None => Ok(extractor),
        }
    }

    /// The year of the first line of an input, if its format needs one.
    pub fn year(&self, format: &Format, input: &Input, head: &Head) -> Result<Option<i16>> {
        let lacks_time = |format: &Format| format.resolve(&Field::Time).is_none();
        let is_asked = lacks_time(format) || format.others.iter().any(lacks_time);
        // Of the headers of syslog that lines may have, only one has no year.
        let may_lack_year = is_asked && format.envelopes.iter().any(|envelope| envelope.is_header());
        match &self.year {
            _ if !may_lack_year => Ok(None),
            Some(Year::Given(year)) => Ok(Some(*year)),
            Some(Year::OfFile) => year_of_file(input, head).map(Some),
            // Lines of the others stay undated, which is said.
            None if !lacks_time(format) || !format.envelopes.contains(&Envelope::Rfc3164) => Ok(None),
            None => {
                let message = format!("{}: the only time of its lines is that of syslog, which has no year", input.name());
                Err(Error::new(ErrorKind::Usage, message)
                    .hint("give the year of the first line by --year 2026, or --year file for that of the file's time"))
            }
        }
    }

    /// The year that was given, of lines that come from no file.
    pub fn given_year(&self) -> Option<i16> {
        match self.year {
            Some(Year::Given(year)) => Some(year),
            Some(Year::OfFile) | None => None,
        }
    }

    /// The formats that are named, each with the service whose inputs have it (none: all inputs).
    pub fn named(&self) -> Vec<(&Format, Option<&str>)> {
        if let Some(option) = &self.option {
            return option.formats.first().map(|format| (format, None)).into_iter().collect();
        }
        let own = self.inputs.iter().filter_map(|input| Some((input.format.as_ref()?, input.service.as_deref())));
        let all = own.chain(self.declared.iter().map(|format| (format, None)));
        all.filter_map(|(candidates, service)| {
            let service = service.unwrap_or(&self.service);
            Some((candidates.formats.first()?, Some(service)))
        })
        .collect()
    }

    /// The service of an input; empty when none is declared.
    pub fn service(&self, name: &str) -> &str {
        let own = self.declared_input(name).and_then(|input| input.service.as_deref());
        own.unwrap_or(&self.service)
    }

    /// The format of an input that begins with `head`; none if there is no line to tell it by, or none but blank ones, comments and those of
    /// error logs.
    pub fn find(&self, name: &str, head: &Head) -> Result<Option<Found>> {
        let candidates = self.candidates(name)?;
        let mut lines = head.lines(SAMPLE_LINES_MAX);
        if lines.is_empty() && !head.complete && candidates.only.is_none() {
            if !envelope::is_counted(&head.bytes) {
                return Err(endless(name, head));
            }
            lines.push(&head.bytes);
        }
        let is_all = head.complete || head.bytes.len() >= Head::LONG_BYTES_MAX;
        let is_cut_off = head.complete && !head.bytes.ends_with(b"\n");
        candidates.find(&Sample { lines: &lines, is_all, is_cut_off }, self.zone()).map_err(|error| about(name, error))
    }

    /// What [`Formats::find`] gives, or where no format reads the lines, the one that reads most of a line of them, with the error.
    pub fn find_or_nearest(&self, name: &str, head: &Head) -> Result<Option<(Found, Option<Error>)>> {
        match self.find(name, head) {
            Ok(found) => Ok(found.map(|found| (found, None))),
            Err(error) if error.kind() == ErrorKind::Format => {
                let lines = head.lines(SAMPLE_LINES_MAX);
                let longest = lines.iter().max_by_key(|line| line.len()).copied().unwrap_or_default();
                let nearest = self.nearest_presets(longest)?.into_iter().next();
                Ok(nearest.map(|near| (Found { format: Arc::new(near.format), detected: None }, Some(error))))
            }
            Err(error) => Err(error),
        }
    }

    /// What tells the format of an input by its lines.
    pub fn detector(&self, name: &str) -> Result<&Detector> {
        self.candidates(name)?.detector(self.zone())
    }

    /// Whether the definitions say the same of two inputs.
    pub fn are_declared_alike(&self, a: &str, b: &str) -> bool {
        let own = |name| self.declared_input(name).map(std::ptr::from_ref);
        self.inputs.is_empty() || own(a) == own(b)
    }

    fn candidates(&self, name: &str) -> Result<&Candidates> {
        let own = self.declared_input(name).and_then(|input| input.format.as_ref());
        match self.option.as_ref().or(own).or(self.declared.as_ref()) {
            Some(candidates) => Ok(candidates),
            None => self.presets(),
        }
    }

    /// The format of lines that stand alone: a named one, or that of the presets which reads most of them.
    pub fn find_for_lines(&self, lines: &[&[u8]]) -> Result<Option<Found>> {
        let candidates = match self.option.as_ref().or(self.declared.as_ref()) {
            Some(candidates) => candidates,
            None => self.presets()?,
        };
        candidates.find(&Sample { lines, is_all: false, is_cut_off: false }, self.zone())
    }

    /// The presets by how much they read of a line that none reads.
    pub fn nearest_presets(&self, line: &[u8]) -> Result<Vec<Near>> {
        Ok(self.presets()?.detector(self.zone())?.nearest(line))
    }

    fn presets(&self) -> Result<&Candidates> {
        if self.presets.get().is_none() {
            let presets = Candidates::new(preset::candidates()?);
            return Ok(self.presets.get_or_init(|| presets));
        }
        Ok(self.presets.get_or_init(|| Candidates::new(Vec::new())))
    }

    fn declared_input(&self, name: &str) -> Option<&DeclaredInput> {
        let path = name.strip_prefix("./").unwrap_or(name);
        let file_name = Path::new(path).file_name();
        // A pattern without a separator means the file, wherever it lies.
        let fits = |glob: &GlobMatcher| {
            let alone = !glob.glob().glob().contains('/');
            glob.is_match(path) || alone && file_name.is_some_and(|file_name| glob.is_match(file_name))
        };
        self.inputs.iter().find(|input| input.files.iter().any(fits))
    }
}

/// Formats that an input may have.
struct Candidates {
    formats: Vec<Format>,
    /// The one that is named.
    only: Option<Arc<Format>>,
    detector: OnceCell<Detector>,
}

impl Candidates {
    fn new(formats: Vec<Format>) -> Candidates {
        let only = if let [only] = formats.as_slice() { Some(Arc::new(only.clone())) } else { None };
        Candidates { formats, only, detector: OnceCell::new() }
    }

    fn find(&self, sample: &Sample, zone: Option<&TimeZone>) -> Result<Option<Found>> {
        let detector = || self.detector(zone);
        Ok(match &self.only {
            Some(only) if sample.lines.is_empty() => Some(Found { format: only.clone(), detected: None }),
            Some(_) => Some(Found { format: detector()?.find(sample.lines)?.format, detected: None }),
            None if sample.lines.is_empty() => None,
            None => match detector()?.tell(sample)? {
                Answer::Format(Detection { format, events, lines, .. }) => {
                    Some(Found { format, detected: Some((events, lines)) })
                }
                Answer::NoRequests(format) => format.map(|format| Found { format, detected: None }),
            },
        })
    }

    fn detector(&self, zone: Option<&TimeZone>) -> Result<&Detector> {
        match self.detector.get() {
            Some(detector) => Ok(detector),
            None => {
                let detector = Detector::new(self.formats.clone(), zone)?;
                Ok(self.detector.get_or_init(|| detector))
            }
        }
    }
}

/// What is said of a log that has lines, and none that could be a request.
pub const SAYS_NOTHING: &str = "it has no lines but blank ones, comments and those of error logs";

fn parse_year(text: &str) -> Result<Year> {
    match (text, text.parse()) {
        ("file", _) => Ok(Year::OfFile),
        (_, Ok(year @ 1970..=9998)) => Ok(Year::Given(year)),
        _ => {
            Err(Error::new(ErrorKind::Usage, format!("--year: `{text}` is not a year"))
                .hint("write it in four digits, or `file`"))
        }
    }
}

/// The year of the first line of a file: that of the file's time, or the one before, if the first month comes after that of the file.
fn year_of_file(input: &Input, head: &Head) -> Result<i16> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let failed = || {
        Error::new(ErrorKind::Usage, format!("{}: --year file needs a file with a time", input.name()))
            .hint("give the year of the first line, as in --year 2026")
    };
    let modified = input.modified().ok_or_else(failed)?;
    let written = jiff::Timestamp::from_second(modified).map_err(|_| failed())?.to_zoned(TimeZone::UTC);
    let text = String::from_utf8_lossy(&head.bytes);
    let first = MONTHS.iter().filter_map(|month| Some((text.find(&format!("{month} "))?, month))).min();
    let month = first.and_then(|(_, month)| MONTHS.iter().position(|m| m == month)).map_or(1, |at| at as i8 + 1);
    Ok(written.year() - i16::from(month > written.month()))
}

fn parse_zone(text: &str) -> Result<TimeZone> {
    jiff::fmt::temporal::DateTimeParser::new().parse_time_zone(text).map_err(|cause| {
        let error = Error::new(ErrorKind::Usage, format!("--tz: `{text}` is not a time zone")).because(cause);
        error.hint("write a name as in Europe/Berlin, UTC, or an offset as in +01:00")
    })
}

/// Takes a format out of a configuration: its file name, its text, and the format's name.
type FromConfig = fn(&str, &str, Option<&str>) -> Result<Format>;

fn option(args: &FormatArgs) -> Result<Option<Vec<Format>>> {
    if let Some(text) = &args.format {
        let formats = Format::candidates(text).map_err(|error| placed(error, |e| Excerpt { name: "--format".into(), ..e }))?;
        return Ok(Some(formats));
    }
    let (argument, option, read): (_, _, FromConfig) = match (&args.nginx_conf, &args.apache_conf) {
        (Some(argument), _) => (argument, "--nginx-conf", config::from_nginx_conf),
        (None, Some(argument)) => (argument, "--apache-conf", config::from_apache_conf),
        (None, None) => return Ok(None),
    };
    let (file, name) = match argument.rsplit_once(':') {
        Some((file, name)) if !Path::new(argument).exists() => (file, Some(name)),
        _ => (argument.as_str(), None),
    };
    let bytes = std::fs::read(file).map_err(|cause| {
        let error = Error::new(ErrorKind::Usage, format!("{option}: {file} cannot be read")).because(cause);
        error.hint("give the server's configuration file, and the format's name behind a colon if it has several")
    })?;
    Ok(Some(vec![read(file, &String::from_utf8_lossy(&bytes), name)?]))
}

/// The format that a definition declares; mistakes in it are shown in the definition file.
fn declared(spec: Option<&FormatSpec>) -> Result<Option<Candidates>> {
    let Some(spec) = spec else { return Ok(None) };
    let formats = match spec.as_str() {
        Some(text) => Format::candidates(text),
        None => Format::from_value(spec.value()).map(|format| vec![format]),
    };
    let formats = formats.map_err(|error| match error.excerpt() {
        Some(_) => placed(error, |e| spec.excerpt_within(e.offset, e.length, &e.label)),
        None => rebuilt(&error, error.message()).at(spec.excerpt("this format")),
    })?;
    Ok(Some(Candidates::new(formats)))
}

fn placed(error: Error, place: impl FnOnce(Excerpt) -> Excerpt) -> Error {
    match error.excerpt() {
        Some(excerpt) => rebuilt(&error, error.message()).at(place(excerpt.clone())),
        None => error,
    }
}

/// The error for a log whose first line is too long to be looked at.
#[cold]
fn endless(name: &str, head: &Head) -> Error {
    let message =
        format!("{name}: no line ends within its first {} bytes, so that there is none to tell the format by", head.bytes.len());
    Error::new(ErrorKind::Format, message).hint("is it a log? If its lines end further on, name the format with --format")
}

/// The error of an input, which is named.
fn about(name: &str, error: Error) -> Error {
    rebuilt(&error, &format!("{name}: {}", error.message()))
}

fn rebuilt(error: &Error, message: &str) -> Error {
    let new = Error::new(error.kind(), message);
    match error.hint_text() {
        Some(hint) => new.hint(hint),
        None => new,
    }
}

fn matcher(glob: &str) -> Result<GlobMatcher> {
    let glob = GlobBuilder::new(glob.strip_prefix("./").unwrap_or(glob)).literal_separator(true).build();
    Ok(glob
        .map_err(|cause| Error::new(ErrorKind::Definition, "an input is neither a file name nor a glob").because(cause))?
        .compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_of_definitions_find_files() {
        let text = "service: shop\ninputs:\n  - {files: 'api-*.log', service: api}\n  - {files: ['logs/web/*.log', './x.log'], service: web}\nslos: [{name: a, target: 99%, good: status < 500}]";
        let definitions = Definitions::parse("slos.yaml", text).unwrap();
        let args =
            FormatArgs { format: None, nginx_conf: None, apache_conf: None, tz: None, year: None, window_by: WindowBy::Logged };
        let formats = Formats::new(&args, Some(&definitions)).unwrap();
        let cases = [
            ("old/api-1.log", "api"),
            ("api-2.log", "api"),
            ("logs/web/a.log", "web"),
            ("./logs/web/a.log", "web"),
            ("logs/web/x/a.log", "shop"),
            ("x.log", "web"),
            ("-", "shop"),
        ];
        for (name, service) in cases {
            assert_eq!(formats.service(name), service, "{name}");
        }
    }
}
