//! What log lines are wrapped in on their way: syslog, container runtimes, the journal.
//!
//! | envelope | a line of it | source |
//! |---|---|---|
//! | [`Rfc3164`](Envelope::Rfc3164) | `<134>Nov  1 10:00:00 host nginx[7]: LINE`, the priority may be missing, and the seconds may have a fraction | RFC 3164 §4.1; `journalctl -o short-precise` |
//! | [`Rfc5424`](Envelope::Rfc5424) | `<134>1 2026-11-01T10:00:00Z host nginx 7 - - LINE` | RFC 5424 §6 |
//! | [`SyslogIso`](Envelope::SyslogIso) | `2026-11-01T10:00:00+00:00 host nginx[7]: LINE` | rsyslog, `RSYSLOG_FileFormat` |
//! | [`Docker`](Envelope::Docker) | `{"log":"LINE\n","stream":"stdout","time":"…"}` | Docker's json-file driver |
//! | [`Cri`](Envelope::Cri) | `2026-11-01T10:00:00.1Z stdout F LINE` | Kubernetes, `pkg/kubelet/kuberuntime/logs` |
//! | [`Stamp`](Envelope::Stamp) | `2026-11-01T10:00:00.1Z LINE` | `docker logs -t`, `kubectl logs --timestamps` |
//! | [`Pod`](Envelope::Pod) | `[pod/web-0/nginx] LINE` | `kubectl logs --prefix` |
//! | [`Stern`](Envelope::Stern) | `web-6799fc88d8-x7z2q nginx LINE` | <https://github.com/stern/stern>, its default template |
//! | [`Compose`](Envelope::Compose) | `web-1  \| LINE`, the name perhaps in colour | `docker compose logs` |
//! | [`Tag`](Envelope::Tag) | `haproxy[7]: LINE`, or `web haproxy: LINE` | what is left of an old syslog line where a template writes no more; HAProxy's manual shows its lines so |
//! | [`Console`](Envelope::Console) | `2026/11/01 10:00:00.042\tINFO\thttp.log.access\thandled request\t{…}`, between tabs | Caddy's `format console`: <https://caddyserver.com/docs/caddyfile/directives/log#console>, UTC unless `time_local` is set |
//! | [`CfLogs`](Envelope::CfLogs) | `2026-11-01T10:00:00.04+0100 [RTR/0] OUT LINE`, blanks may stand before it | Cloud Foundry's `cf logs`: <https://docs.cloudfoundry.org/devguide/deploy-apps/streaming-logs.html> |
//! | [`Fluentd`](Envelope::Fluentd) | `2026-11-01T10:00:00+00:00\tTAG\t{"log":"LINE"}`, or a record that is the line | <https://docs.fluentd.org/formatter/out_file>, between tabs |
//! | [`Journal`](Envelope::Journal) | `{"MESSAGE":"LINE","__REALTIME_TIMESTAMP":"…"}` | <https://systemd.io/JOURNAL_EXPORT_FORMATS/>, Journal JSON Format |
//! | [`Shipper`](Envelope::Shipper) | `{"@timestamp":"…","message":"LINE"}`, and other keys | Filebeat, Logstash, Vector, Fluent Bit, Loki, Cloud Logging and others: see `envelope/object.rs` |
//!
//! Docker and CRI cut lines of more than 16 KiB into parts, also inside a character. Parts of a stream are joined as bytes, before
//! anything reads them.

mod container;
mod nesting;
mod object;
mod syslog;

pub(super) use container::behind_style;
pub(super) use nesting::are_bare;
pub use nesting::{await_requests, first_request, nestings};
pub(super) use syslog::may_be_dated;

use jiff::tz::TimeZone;

use super::clock::{TimeRead, TimeReader};
use super::json_read::JsonValue;
use super::peel::Peeler;
use super::zone::Ambiguous;
use super::{TimeText, Unit};
use crate::framing::LINE_BYTES_MAX;
use crate::time::Instant;
use object::Keys;
use syslog::Dating;

/// What a line is wrapped in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Envelope {
    /// The old syslog header, with a local time that has no year.
    Rfc3164,
    /// The new syslog header.
    Rfc5424,
    /// The old header with a whole timestamp.
    SyslogIso,
    /// A container's log, as Docker keeps it.
    Docker,
    /// A container's log, as Kubernetes keeps it.
    Cri,
    /// A timestamp.
    Stamp,
    /// The pod and the container.
    Pod,
    /// The pod and the container, as stern has them.
    Stern,
    /// The service.
    Compose,
    /// The program and its process.
    Tag,
    /// What the command line of Cloud Foundry shows: the time and whose line it is.
    CfLogs,
    /// What Fluentd writes to files: the time, the tag, and an object.
    Fluentd,
    /// An entry of the journal as JSON.
    Journal,
    /// The object of an access line behind what Caddy writes of it for people.
    Console,
    /// An object of a log shipper or a log store.
    Shipper,
}

impl Envelope {
    /// All of them with their names, the strictest first.
    pub const ALL: [(Envelope, &'static str); 15] = [
        (Envelope::Docker, "docker"),
        (Envelope::Journal, "journald"),
        (Envelope::Cri, "cri"),
        (Envelope::CfLogs, "cf_logs"),
        (Envelope::Fluentd, "fluentd"),
        (Envelope::Rfc5424, "syslog_rfc5424"),
        (Envelope::Rfc3164, "syslog_rfc3164"),
        (Envelope::SyslogIso, "syslog_iso"),
        (Envelope::Pod, "kubectl_prefix"),
        (Envelope::Compose, "compose"),
        (Envelope::Stern, "stern"),
        (Envelope::Tag, "syslog_tag"),
        (Envelope::Console, "caddy_console"),
        (Envelope::Shipper, "json_message"),
        (Envelope::Stamp, "timestamp"),
    ];

    /// Its name in words and outputs.
    pub fn name(self) -> &'static str {
        Envelope::ALL.iter().find(|(envelope, _)| *envelope == self).map_or("", |(_, name)| name)
    }

    /// Whether a line in it may be a part of one.
    fn has_parts(self) -> bool {
        matches!(self, Envelope::Docker | Envelope::Cri)
    }

    /// Whether it stands before the line and has a time by ISO 8601.
    fn has_iso_time(self) -> bool {
        matches!(self, Envelope::Rfc5424 | Envelope::SyslogIso | Envelope::Stamp)
    }

    /// Whether it is a header of syslog. Daemons are told to write another one of them in the middle of a log, and two of them may write one log:
    /// a line that is not in the header of its log may be in any other that has a time.
    pub fn is_header(self) -> bool {
        self == Envelope::Tag || DATED.contains(&self)
    }
}

/// The headers of syslog with a time. No line is in two of them, whichever are tried first.
const DATED: [Envelope; 3] = [Envelope::Rfc5424, Envelope::Rfc3164, Envelope::SyslogIso];

/// Programs that write each request which others of the same log may write again: routers, before the apps. Heroku's has the first name in
/// `heroku logs` and the second one in a drain, that of Cloud Foundry the third in `cf logs`.
pub(super) const ROUTERS: [&[u8]; 3] = [b"heroku[router", b"heroku router", b"RTR"];

/// A line out of its envelope.
#[derive(Debug)]
struct Inner<'a> {
    /// Where the line stands; none: it had to be unescaped, and is in the buffer.
    text: Option<&'a [u8]>,
    time: Stamped,
    /// More of it comes in the next line of its stream.
    is_partial: bool,
    /// Which stream it belongs to.
    is_second_stream: bool,
    /// Who wrote it, where the envelope says it.
    program: Option<&'a [u8]>,
}

impl<'a> Inner<'a> {
    fn whole(text: &'a [u8], time: Stamped, program: Option<&'a [u8]>) -> Inner<'a> {
        Inner { text: Some(text), time, is_partial: false, is_second_stream: false, program }
    }
}

/// When an envelope was closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stamped {
    At(Instant),
    Unknown,
}

/// What a line turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unwrapped {
    /// A whole line; the buffer holds it.
    Whole,
    /// A part of a line that goes on.
    Part,
    /// Not in this envelope.
    Not,
}

/// Takes lines out of nested envelopes, and joins their parts.
#[derive(Clone, Debug)]
pub struct Unwrapper {
    levels: Vec<Level>,
    /// The line.
    text: Vec<u8>,
    /// When the innermost envelope that tells it was closed.
    time: Option<Instant>,
    /// Parts of lines of either stream.
    parts: [Vec<u8>; 2],
    /// Longer lines in parts are not put together.
    line_bytes_max: usize,
    /// Whether the line was put together from parts, and is too long.
    is_oversized: bool,
    /// Of which stream the last part is.
    last_part: usize,
    /// How many lines they came in, and the bytes of those, as far as somebody counts them.
    part_lines: [(u64, u64); 2],
    spare: Vec<u8>,
    dating: Dating,
    /// Whether the time is a local one that comes twice or never: an old syslog header's.
    ambiguous: Ambiguous,
    /// For lines in another header than that of their log.
    dated: Dated,
    /// What the innermost envelope of the line is.
    innermost: Option<Envelope>,
    /// Who wrote the line, by the innermost envelope that says it; nothing: none does.
    program: Vec<u8>,
    /// Whether the innermost envelope says it.
    is_named: bool,
    /// Who writes requests; nothing: anybody may.
    programs: Vec<Vec<u8>>,
}

#[derive(Clone, Debug)]
struct Level {
    envelope: Envelope,
    keys: Keys,
    values: Vec<JsonValue>,
    clock: TimeReader,
}

impl Level {
    fn new(envelope: Envelope, zone: Option<&TimeZone>) -> Level {
        let keys = Keys::of(envelope);
        let text = match envelope {
            Envelope::Journal => TimeText::Epoch(Unit::Micros),
            Envelope::Rfc3164 => TimeText::Pattern(syslog::rfc3164_tokens()),
            // Fluent Bit and GELF write seconds since 1970. Numbers of finer units lie beyond the years that can be.
            Envelope::Shipper => TimeText::UnixOrDate,
            _ => TimeText::Iso8601,
        };
        Level { envelope, values: vec![JsonValue::ABSENT; keys.count], keys, clock: TimeReader::new(&text, zone.cloned()) }
    }

    fn stamp(&mut self, text: &[u8]) -> Stamped {
        match self.clock.read_whole(text) {
            TimeRead::At(time, _) => Stamped::At(time),
            _ => Stamped::Unknown,
        }
    }

    /// A timestamp; unknown of one without a zone, and none of what is no timestamp.
    fn stamp_if_any(&mut self, text: &[u8]) -> Option<Stamped> {
        match self.clock.read_whole(text) {
            TimeRead::At(time, _) => Some(Stamped::At(time)),
            TimeRead::NoZone(_) => Some(Stamped::Unknown),
            TimeRead::Bad => None,
        }
    }

    /// The timestamp that a line begins with, and its length, if a blank follows it. It is one without a zone, too: what is behind it may have a
    /// time of its own.
    fn leading_stamp(&mut self, line: &[u8]) -> Option<(Stamped, usize)> {
        let (time, length) = match self.clock.read(line) {
            TimeRead::At(time, length) => (Stamped::At(time), length),
            TimeRead::NoZone(length) => (Stamped::Unknown, length),
            TimeRead::Bad => return None,
        };
        (line.get(length) == Some(&b' ')).then_some((time, length + 1))
    }
}

impl Unwrapper {
    /// For these envelopes, the outermost first. `zone` is that of local times, `year` that of the first old syslog header.
    pub fn new(envelopes: &[Envelope], zone: Option<&TimeZone>, year: Option<i16>) -> Unwrapper {
        let mut unwrapper = Unwrapper {
            levels: envelopes.iter().map(|&envelope| Level::new(envelope, zone)).collect(),
            text: Vec::new(),
            time: None,
            parts: [Vec::new(), Vec::new()],
            line_bytes_max: LINE_BYTES_MAX,
            is_oversized: false,
            last_part: 0,
            part_lines: [(0, 0); 2],
            spare: Vec::new(),
            dating: Dating::default(),
            ambiguous: Ambiguous::default(),
            dated: Dated { zone: zone.cloned(), levels: Vec::new() },
            innermost: None,
            program: Vec::new(),
            is_named: false,
            programs: Vec::new(),
        };
        unwrapper.set_year(year);
        unwrapper
    }

    /// Only these programs, sorted, write requests; if there are none, anybody may.
    pub(super) fn of_programs(mut self, programs: &[Vec<u8>]) -> Unwrapper {
        self.programs = programs.to_vec();
        self
    }

    /// Whether the line that was unwrapped last says that it is of a program that writes no requests.
    pub(super) fn is_of_other_program(&self) -> bool {
        !self.program.is_empty() && !self.programs.is_empty() && self.programs.binary_search(&self.program).is_err()
    }

    /// Whether the line that was unwrapped last was written beside those of a router that writes every request.
    pub(super) fn is_beside_router(&self) -> bool {
        let is_routed = matches!(&self.programs[..], [only] if ROUTERS.contains(&&only[..]));
        is_routed && !self.program.is_empty() && !self.is_of_router()
    }

    /// Whether a router wrote the line that was unwrapped last.
    pub(super) fn is_of_router(&self) -> bool {
        ROUTERS.contains(&&self.program[..])
    }

    /// Whether there is nothing to unwrap.
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// Whether what a line means depends on those before it: its parts, or its year, if that is to be told.
    pub fn is_stateful(&self) -> bool {
        self.dating.year.is_some() || self.levels.iter().any(|level| level.envelope.has_parts())
    }

    /// What opens the envelopes of many lines at once; none where there is none, or they are too many for that, or not of a kind. It reads
    /// their time if that is all that lines have, and hangs on nothing else.
    pub(super) fn peeler(&self, are_untimed: bool) -> Option<Peeler> {
        let (last, others) = self.levels.split_last()?;
        let stamped = Peeler::stamped(last.envelope, last.clock.clone()).filter(|_| others.is_empty());
        let clock = || {
            let mut timed = self.levels.iter().filter(|level| level.envelope.has_iso_time());
            timed.next().filter(|_| are_untimed && !self.is_stateful()).map(|level| level.clock.clone())
        };
        stamped.or_else(|| self.has_headers().then(|| Peeler::headed(clock())))
    }

    /// What opens envelopes one by one, and tells whole lines alone: none where there are none, or where a line depends on those before it by
    /// more than its parts.
    pub(super) fn opener(&self) -> Option<Unwrapper> {
        (!self.is_empty() && self.peeler(false).is_none() && self.dating.year.is_none()).then(|| self.clone())
    }

    /// What is in the envelopes of a line, if it is neither a part nor out of the question. Nothing of it is kept for the next one.
    pub(super) fn open_alone(&mut self, line: &[u8]) -> Option<&[u8]> {
        let is_alone = self.open_as_docker_writes(line) || {
            let unwrapped = self.unwrap(line);
            self.parts.iter_mut().for_each(Vec::clear);
            unwrapped == Unwrapped::Whole && !self.is_oversized && !self.is_beside_router()
        };
        (is_alone && !self.text.is_empty() && memchr::memchr(b'\n', &self.text).is_none()).then_some(&self.text[..])
    }

    /// Opens the one envelope of a log of Docker's without copying anything but the text, which is a whole line; whether that could be.
    fn open_as_docker_writes(&mut self, line: &[u8]) -> bool {
        let [level @ Level { envelope: Envelope::Docker, .. }] = &mut self.levels[..] else { return false };
        self.text.clear();
        let inner = object::as_docker_writes(level, line, &mut self.text);
        while let Some(b'\n' | b'\r') = self.text.last() {
            self.text.pop();
        }
        inner.is_some_and(|inner| !inner.is_partial)
    }

    /// Whether what is before a line tells by itself where it ends.
    fn has_headers(&self) -> bool {
        use Envelope::{Compose, Pod, Rfc3164, Rfc5424, Stamp, Stern, SyslogIso, Tag};
        let Some((last, others)) = self.levels.split_last() else { return false };
        matches!(last.envelope, Rfc3164 | Rfc5424 | SyslogIso | Pod | Compose | Stern | Tag | Stamp)
            && others.iter().all(|level| matches!(level.envelope, Pod | Compose | Stern | Stamp))
    }

    /// The headers of the line that was unwrapped last, if others that are like them end in the same place, whatever follows.
    pub(super) fn header_of<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let header = line.strip_suffix(&self.text[..]).filter(|_| !self.text.is_empty())?;
        let ends_by_itself = match self.innermost? {
            // Without a tag the line may be what begins like one.
            Envelope::Rfc3164 | Envelope::SyslogIso | Envelope::Tag => self.is_named && header.ends_with(b": "),
            Envelope::Rfc5424 => header.ends_with(b" - ") || header.ends_with(b"] "),
            // An offset may follow a time that has none.
            Envelope::Stamp => header.ends_with(b"Z ") || header.iter().rev().nth(6).is_some_and(|sign| b"+-".contains(sign)),
            _ => header.ends_with(b" "),
        };
        // Where a colour ends depends on what follows it.
        (ends_by_itself && !header.contains(&0x1b)).then_some(header)
    }

    /// Sets the limit of a line that comes in parts, instead of [`LINE_BYTES_MAX`].
    pub(super) fn set_line_bytes_max(&mut self, bytes: usize) {
        self.line_bytes_max = bytes;
    }

    /// Whether the line that was unwrapped last came in parts and is too long to be read.
    pub(super) fn is_oversized(&self) -> bool {
        self.is_oversized
    }

    /// Gives the year of the first old syslog header, where the log has headers.
    pub fn set_year(&mut self, year: Option<i16>) {
        let has_headers = self.levels.iter().any(|level| level.envelope.is_header());
        self.dating = Dating::of_year(year.filter(|_| has_headers));
    }

    /// The line that was unwrapped last.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Lends the line, which [`Unwrapper::give_text`] brings back.
    pub(super) fn take_text(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text)
    }

    pub(super) fn give_text(&mut self, text: Vec<u8>) {
        self.text = text;
    }

    /// When its envelope was closed.
    pub fn time(&self) -> Option<Instant> {
        self.time
    }

    /// Whether that was a local time which comes twice or never: the old syslog header's.
    pub(super) fn ambiguous(&self) -> Ambiguous {
        self.ambiguous
    }

    /// Counts the line that was just a part, which has so many bytes with its line end.
    pub(super) fn count_part(&mut self, bytes: u64) {
        let (part_lines, part_bytes) = &mut self.part_lines[self.last_part];
        (*part_lines, *part_bytes) = (*part_lines + 1, *part_bytes + bytes);
    }

    /// Whether there are parts of lines whose rest has not come.
    pub(super) fn has_parts(&self) -> bool {
        self.is_unfinished() || self.parts.iter().any(|parts| !parts.is_empty())
    }

    /// Whether lines that were counted are such parts.
    pub(super) fn is_unfinished(&self) -> bool {
        self.part_lines.iter().any(|(lines, _)| *lines > 0)
    }

    /// The lines whose rest has not come, and their bytes; they are forgotten.
    pub(super) fn take_unfinished(&mut self) -> (u64, u64) {
        self.parts.iter_mut().for_each(Vec::clear);
        let taken = std::mem::take(&mut self.part_lines);
        (taken[0].0 + taken[1].0, taken[0].1 + taken[1].1)
    }

    /// Forgets what was read before: another input follows.
    pub fn reset(&mut self) {
        self.take_unfinished();
        self.dating = Dating::of_year(self.dating.year);
    }

    /// Takes a line out of all envelopes.
    pub(super) fn unwrap(&mut self, line: &[u8]) -> Unwrapped {
        self.begin(line);
        for i in 0..self.levels.len() {
            match self.unwrap_level(Some(i)) {
                Unwrapped::Whole => {}
                other => return other,
            }
        }
        Unwrapped::Whole
    }

    /// Takes a line of a log without envelopes out of a header of syslog, if it has one.
    pub(super) fn unwrap_dated(&mut self, line: &[u8]) -> bool {
        self.begin(line);
        self.unwrap_level(None) == Unwrapped::Whole
    }

    fn begin(&mut self, line: &[u8]) {
        self.text.clear();
        self.text.extend_from_slice(line);
        (self.time, self.ambiguous, self.is_oversized) = (None, Ambiguous::default(), false);
        self.program.clear();
    }

    /// Takes what is left of the line out of an envelope: that of a level, or where the log has none, a header.
    fn unwrap_level(&mut self, i: Option<usize>) -> Unwrapped {
        self.spare.clear();
        self.dating.ambiguous = Ambiguous::default();
        let level = i.map(|i| &mut self.levels[i]);
        let may_be_dated = level.as_ref().is_none_or(|level| level.envelope.is_header());
        let by_level = level.and_then(|level| open(level, &self.text, &mut self.spare, &mut self.dating));
        let opened = match by_level {
            None if may_be_dated => self.dated.open(&self.text, &mut self.spare, &mut self.dating),
            opened => opened,
        };
        let Some((envelope, Inner { text, time, is_partial, is_second_stream, program })) = opened else { return Unwrapped::Not };
        (self.innermost, self.is_named) = (Some(envelope), program.is_some());
        if let Some(program) = program {
            self.program.clear();
            self.program.extend_from_slice(program);
        }
        if let Stamped::At(time) = time {
            (self.time, self.ambiguous) = (Some(time), self.dating.ambiguous);
        }
        if let Some(text) = text {
            self.spare.extend_from_slice(text);
        }
        let parts = &mut self.parts[usize::from(is_second_stream)];
        if is_partial {
            // A line that never ends must not fill the memory: beyond the limit of lines nobody reads it.
            if parts.len() <= self.line_bytes_max {
                parts.extend_from_slice(&self.spare);
            }
            self.last_part = usize::from(is_second_stream);
            return Unwrapped::Part;
        }
        self.text.clear();
        if envelope.has_parts() {
            self.text.append(parts);
            // A line end would belong to it.
            self.is_oversized = self.text.len() + self.spare.len() >= self.line_bytes_max;
            self.part_lines[usize::from(is_second_stream)] = (0, 0);
        }
        self.text.extend_from_slice(&self.spare);
        while let Some(b'\n' | b'\r') = self.text.last() {
            self.text.pop();
        }
        Unwrapped::Whole
    }
}

/// Opens one envelope.
fn open<'a>(level: &mut Level, line: &'a [u8], buffer: &mut Vec<u8>, dating: &mut Dating) -> Option<(Envelope, Inner<'a>)> {
    let inner = match level.envelope {
        Envelope::Docker => object::docker(level, line, buffer),
        Envelope::Journal | Envelope::Shipper => object::object(level, line, buffer),
        Envelope::Cri => container::cri(level, line),
        Envelope::Rfc5424 => syslog::rfc5424(level, line),
        Envelope::Rfc3164 => syslog::rfc3164(level, line, dating),
        Envelope::SyslogIso => syslog::iso(level, line),
        Envelope::Stamp => {
            let (time, length) = level.leading_stamp(line)?;
            Some(Inner::whole(&line[length..], time, None))
        }
        Envelope::Pod => container::pod(line),
        Envelope::Stern => container::stern(line),
        Envelope::Compose => {
            let (name, text) = container::compose(line)?;
            Some(Inner::whole(text, Stamped::Unknown, Some(container::service(name))))
        }
        Envelope::Tag => {
            let (program, text) = syslog::behind_tag(line).or_else(|| syslog::behind_bare_host(line))?;
            Some(Inner::whole(text, Stamped::Unknown, Some(program)))
        }
        Envelope::Console => console(level, line),
        Envelope::CfLogs => container::cf_logs(level, line),
        Envelope::Fluentd => object::fluentd(level, line, buffer),
    };
    Some((level.envelope, inner?))
}

/// Opens the headers of [`DATED`], whichever a line has.
#[derive(Clone, Debug)]
struct Dated {
    zone: Option<TimeZone>,
    /// Made for the first line that may be in one: most logs have none.
    levels: Vec<Level>,
}

impl Dated {
    fn open<'a>(&mut self, line: &'a [u8], buffer: &mut Vec<u8>, dating: &mut Dating) -> Option<(Envelope, Inner<'a>)> {
        if !may_be_dated(line) {
            return None;
        }
        if self.levels.is_empty() {
            self.levels = DATED.map(|envelope| Level::new(envelope, self.zone.as_ref())).into();
        }
        self.levels.iter_mut().find_map(|level| open(level, line, buffer, dating))
    }
}

/// `TIME TAB LEVEL TAB LOGGER TAB MESSAGE TAB OBJECT`. A line of another logger stays as it stands, and is told to be no request by that.
fn console<'a>(level: &mut Level, line: &'a [u8]) -> Option<Inner<'a>> {
    let mut fields = line.splitn(5, |&b| b == b'\t');
    let (at, _level, logger) = (fields.next()?, fields.next()?, fields.next()?);
    let stamp = iso_of_wall(at)?;
    let Stamped::At(time) = level.stamp(&stamp) else { return None };
    let object = fields.nth(1).filter(|object| logger.starts_with(b"http.log.access") && object.starts_with(b"{"));
    Some(Inner::whole(object.unwrap_or(line), Stamped::At(time), None))
}

/// `2026/11/01 10:00:00.042`, which is UTC, as `2026-11-01T10:00:00.042Z`.
fn iso_of_wall(text: &[u8]) -> Option<Vec<u8>> {
    let is_wall = text.len() >= 19 && text[4] == b'/' && text[7] == b'/' && text[10] == b' ';
    is_wall.then(|| {
        let mut iso = text.to_vec();
        (iso[4], iso[7], iso[10]) = (b'-', b'-', b'T');
        iso.push(b'Z');
        iso
    })
}

/// A line out of its envelopes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// The line; one that was in no envelope is as it stands.
    pub text: Vec<u8>,
    /// Who wrote it, where an envelope says it; else nothing.
    pub program: Vec<u8>,
}

/// The lines out of these envelopes; parts are joined.
pub fn unwrapped<'a>(lines: impl Iterator<Item = &'a [u8]>, envelopes: &[Envelope]) -> Vec<Opened> {
    let mut unwrapper = Unwrapper::new(envelopes, Some(&TimeZone::UTC), None);
    let open = |line| match unwrapper.unwrap(line) {
        Unwrapped::Whole => Some(Opened { text: unwrapper.text().to_vec(), program: unwrapper.program.clone() }),
        Unwrapped::Part => None,
        Unwrapped::Not => Some(Opened { text: line.to_vec(), program: Vec::new() }),
    };
    lines.filter_map(open).collect()
}

/// Whether at least so many of the lines are whole: no parts of others, as runtimes of containers cut them.
pub fn whole_in_parts<'a>(lines: impl Iterator<Item = &'a [u8]>, whole_min: usize) -> bool {
    let mut unwrappers = [Envelope::Cri, Envelope::Docker].map(|envelope| Unwrapper::new(&[envelope], None, None));
    let mut goes_on = |line: &[u8]| unwrappers.iter_mut().any(|unwrapper| unwrapper.unwrap(line) == Unwrapped::Part);
    lines.filter(|line| !goes_on(line)).take(whole_min).count() == whole_min
}

/// Whether a line is several messages of syslog, each behind its length (RFC 6587 §3.4.1).
pub fn is_counted(line: &[u8]) -> bool {
    let message = syslog::without_count(line);
    let digits = &line[..line.len() - message.len()];
    let count = std::str::from_utf8(digits).ok().and_then(|digits| digits.trim_end().parse::<usize>().ok());
    let next = count.and_then(|count| message.get(count..)).unwrap_or_default();
    syslog::without_count(next).len() < next.len()
}

/// The programs that wrote lines, sorted.
pub fn programs<'a>(lines: impl Iterator<Item = &'a Opened>) -> Vec<Vec<u8>> {
    let named: std::collections::BTreeSet<&[u8]> = lines.map(|line| &line.program[..]).filter(|name| !name.is_empty()).collect();
    named.into_iter().map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::nesting::may_be_wrapped;
    use super::*;

    const LINE: &str = r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x""#;

    fn one(envelopes: &[Envelope], line: &[u8]) -> Option<(Vec<u8>, Option<String>)> {
        let mut unwrapper = Unwrapper::new(envelopes, Some(&TimeZone::UTC), Some(2026));
        let whole = unwrapper.unwrap(line) == Unwrapped::Whole;
        whole.then(|| (unwrapper.text().to_vec(), unwrapper.time().map(|time| time.to_string())))
    }

    #[test]
    fn every_envelope_is_opened() {
        use Envelope::*;
        let escaped = LINE.replace('"', "\\\"");
        let bytes: Vec<String> = LINE.bytes().map(|b| b.to_string()).collect();
        for (envelope, line, second) in [
            (Rfc3164, format!("<134>Nov  1 10:00:01 web nginx[7]: {LINE}"), 1),
            (Rfc3164, format!("Nov  1 10:00:01 web nginx: {LINE}"), 1),
            (Rfc3164, format!("Nov 01 10:00:01.25 web nginx[7]: {LINE}"), 1),
            (Rfc5424, format!("<134>1 2026-11-01T10:00:02Z web nginx 7 - - {LINE}"), 2),
            (Rfc5424, format!("<134>1 2026-11-01T10:00:02Z web nginx 7 - [a b=\"x\\]\\\"y\"][c] \u{feff}{LINE}"), 2),
            (Rfc5424, format!("213 <134>1 2026-11-01T10:00:02Z web nginx 7 - - {LINE}"), 2),
            (Rfc5424, format!("<134>1 2026-11-01T10:00:02Z web heroku router - {LINE}"), 2),
            (Rfc3164, format!("99 <134>Nov  1 10:00:01 web nginx[7]: {LINE}"), 1),
            (SyslogIso, format!("2026-11-01T11:00:03+01:00 web nginx[7]: {LINE}"), 3),
            (SyslogIso, format!("<13>2026-11-01T11:00:03+01:00 web nginx: {LINE}"), 3),
            (Docker, format!(r#"{{"log":"{escaped}\n","stream":"stdout","time":"2026-11-01T10:00:04Z"}}"#), 4),
            (Cri, format!("2026-11-01T10:00:05Z stderr F {LINE}"), 5),
            (Stamp, format!("2026-11-01T10:00:06Z {LINE}"), 6),
            (CfLogs, format!("   2026-11-01T11:00:06.00+0100 [APP/PROC/WEB/0] OUT {LINE}"), 6),
            (CfLogs, format!("2026-11-01T10:00:06.00+0000 [RTR/3] ERR {LINE}"), 6),
            (Fluentd, format!("2026-11-01T11:00:06+01:00\tweb.access\t{{\"log\":\"{escaped}\\n\",\"time\":\"2026\"}}"), 6),
            (Fluentd, format!("2026-11-01T10:00:06Z\tweb\t{{\"a\": 7, \"message\": \" {escaped}\"}}"), 6),
            (Journal, format!(r#"{{"__REALTIME_TIMESTAMP":"1793527207000000","MESSAGE":"{escaped}"}}"#), 7),
            (Journal, format!(r#"{{"MESSAGE":[{}],"__REALTIME_TIMESTAMP":"1793527208000000"}}"#, bytes.join(", ")), 8),
        ] {
            let fraction = if line.contains(":01.25 ") { ".25" } else { "" };
            let want = (LINE.as_bytes().to_vec(), Some(format!("2026-11-01T10:00:0{second}{fraction}Z")));
            assert_eq!(one(&[envelope], line.as_bytes()), Some(want), "{line}");
            assert!(may_be_wrapped(line.as_bytes()), "{line}");
        }
        for (envelope, line) in [
            (Pod, format!("[pod/web-0/nginx] {LINE}")),
            (Stern, format!("web-6799fc88d8-x7z2q nginx {LINE}")),
            (Compose, format!("web-1    | {LINE}")),
            (Compose, format!("\x1b[36mweb_1    |\x1b[0m {LINE}")),
            (Compose, format!("\x1b[1;33mweb-1    | \x1b[0m{LINE}")),
            (Tag, format!("haproxy[7]: {LINE}")),
            (Tag, format!("app[web.1]: {LINE}")),
        ] {
            assert_eq!(one(&[envelope], line.as_bytes()), Some((LINE.as_bytes().to_vec(), None)), "{line}");
            assert!(may_be_wrapped(line.as_bytes()), "{line}");
        }
        for (envelope, _) in Envelope::ALL {
            assert_eq!(one(&[envelope], LINE.as_bytes()), None, "{envelope:?}");
        }
        assert!(!may_be_wrapped(LINE.as_bytes()));
        // What begins with an address is told apart from what only looks so.
        for (line, may_be) in [
            ("192.0.2.7 - - [01/Nov/2026", false),
            ("255.255.255.255 - - [01/Nov", false),
            ("2.0.0.1-web: a message that", false),
            ("2.0.0.1 web[7]: a message", true),
            ("2.0.0.1 web: a message of it", true),
            ("2.0.0.1  | - - a message of it", true),
            ("2026-11-01 - - a message", true),
            ("1.0.0.0", false),
        ] {
            assert_eq!(may_be_wrapped(line.as_bytes()), may_be, "{line}");
        }
    }

    #[test]
    fn a_line_may_be_in_another_header_of_syslog_than_its_log() {
        use Envelope::*;
        let old = format!("Nov  1 10:00:01 web nginx[7]: {LINE}");
        let new = format!("<134>1 2026-11-01T10:00:02Z web nginx 7 - - {LINE}");
        let iso = format!("2026-11-01T11:00:03+01:00 web nginx[7]: {LINE}");
        for (second, line) in [(1, &old), (2, &new), (3, &iso)] {
            let want = Some((LINE.as_bytes().to_vec(), Some(format!("2026-11-01T10:00:0{second}Z"))));
            for log in [Rfc3164, Rfc5424, SyslogIso, Tag] {
                assert_eq!(one(&[log], line.as_bytes()), want, "{log:?} {line}");
                assert_eq!(one(&[Compose, log], format!("web-1  | {line}").as_bytes()), want, "{log:?} {line}");
            }
            assert_eq!(one(&[Pod], line.as_bytes()), None);
            // In a log without headers too; the year of an old one is not known there.
            let mut bare = Unwrapper::new(&[], None, Some(2026));
            assert!(bare.unwrap_dated(line.as_bytes()) && bare.text() == LINE.as_bytes(), "{line}");
            let time = want.and_then(|(_, time)| time).filter(|_| second > 1);
            assert_eq!((bare.time().map(|time| time.to_string()), bare.is_stateful()), (time, false));
        }
        assert!(!Unwrapper::new(&[], None, None).unwrap_dated(LINE.as_bytes()));
        // Only a year makes headers hang on those before them.
        let is_stateful = |year| Unwrapper::new(&[SyslogIso], None, year).is_stateful();
        assert_eq!([None, Some(2026)].map(is_stateful), [false, true]);
        // The one that most lines are in is that of the log, also where it is not that of more than half of them.
        let found = |lines: &[&String]| nestings(&lines.iter().map(|line| line.as_bytes()).collect::<Vec<_>>());
        assert_eq!(found(&[&iso, &old, &iso, &new])[0], [SyslogIso]);
        assert_eq!(found(&[&old, &LINE.to_owned(), &new])[0], [Rfc5424]);
        assert_eq!(found(&[&old, &LINE.to_owned(), &new, &LINE.to_owned()])[0], [Rfc5424]);
        assert_eq!(found(&[&old, &LINE.to_owned(), &LINE.to_owned()]), [vec![]; 1]);
    }

    #[test]
    fn envelopes_say_who_wrote_a_line() {
        use Envelope::*;
        for (envelope, line, program) in [
            (Rfc3164, "Nov  1 10:00:01 web nginx[7]: x", "nginx"),
            (Rfc3164, "Nov  1 10:00:01 web (systemd)[1]: x", "(systemd)"),
            (Rfc3164, "Nov 31 10:61:01 web nginx[7]: x", "nginx"),
            (Rfc3164, "Nov  1 10:00:01 web last message repeated 2 times", ""),
            (Rfc5424, "<134>1 2026-11-01T10:00:02Z web nginx 7 - - x", "nginx"),
            (Rfc5424, "<134>1 2026-11-01T10:00:02Z web - - - - x", ""),
            (Rfc5424, "<158>1 2026-11-01T10:00:02Z host heroku web.1 - x", "heroku web"),
            (SyslogIso, "2026-11-01T10:00:02Z web sshd[7]: x", "sshd"),
            (Tag, "heroku[router]: x", "heroku[router"),
            (Tag, "web.0 nginx: x", "nginx"),
            (Tag, "app[web.12]: x", "app[web"),
            (Tag, "haproxy[12]: x", "haproxy"),
            (Compose, "shop-web-2  | x", "shop-web"),
            (Compose, "web  | x", "web"),
            (Pod, "[pod/web-0/nginx] x", "nginx"),
            (Stern, "web-6799fc88d8-x7z2q nginx x", "nginx"),
            (Journal, r#"{"SYSLOG_IDENTIFIER":"nginx","_COMM":"sh","MESSAGE":"x"}"#, "nginx"),
            (Shipper, r#"{"kubernetes":{"container_name":"web"},"log":"x"}"#, "web"),
            (Shipper, r#"{"kubernetes.container.name":"web","message":"x"}"#, "web"),
            (Docker, r#"{"log":"x\n","time":"2026-11-01T10:00:02Z"}"#, ""),
            (CfLogs, "  2026-11-01T10:00:02.04+0000 [APP/PROC/WEB/0] OUT x", "APP"),
            (CfLogs, "2026-11-01T10:00:02.04+0000 [RTR/12] OUT", "RTR"),
            (CfLogs, "2026-11-01T10:00:02.04+0000 [App/0]      OUT x", "App"),
            (CfLogs, "2026-11-01T10:00:02.04+0000 [a 1/12] OUT x", ""),
            (CfLogs, "2026-11-01T10:00:02.04+0000 [RTR] OUT x", ""),
            (CfLogs, "2026-11-01T10:00:02.04+0000 [RTR/1] OUTx", ""),
            (Fluentd, "2026-11-01T10:00:02Z\tweb\t{\"container_name\":\"/web\",\"log\":\"x 1\"}", "/web"),
            (Fluentd, "2026-11-01T10:00:02Z\tweb\t{\"status\":200,\"message\":\"done\"}", ""),
            (Fluentd, "2026-11-01T10:00:02Z\tweb\tx", ""),
            (Fluentd, "today\tweb\t{}", ""),
        ] {
            let opened = unwrapped([line.as_bytes()].into_iter(), &[envelope]);
            let want = Opened { text: opened[0].text.clone(), program: program.as_bytes().to_vec() };
            assert_eq!(opened, [want], "{line}");
            assert!(opened[0].text.starts_with(b"x") || program.is_empty() || line.ends_with(" OUT"), "{line}");
        }
        let lines = ["a[1]: x", "b[2]: x", "a[3]: x", "x"].map(|line| unwrapped([line.as_bytes()].into_iter(), &[Tag]).remove(0));
        assert_eq!(programs(lines.iter()), [b"a", b"b"]);
    }

    #[test]
    fn objects_of_caddys_console_have_its_time() {
        let object = r#"{"request": {"method": "GET", "uri": "/"}, "duration": 0.042, "size": 5, "status": 200}"#;
        let read = |line: &str| one(&[Envelope::Console], line.as_bytes());
        let want = Some((object.as_bytes().to_vec(), Some("2026-11-01T10:00:00.042Z".to_owned())));
        for level in ["INFO", "\x1b[34mINFO\x1b[0m"] {
            let line = format!("2026/11/01 10:00:00.042\t{level}\thttp.log.access.log0\thandled request\t{object}");
            assert_eq!(read(&line), want);
            assert!(may_be_wrapped(line.as_bytes()));
        }
        let other = format!("2026/11/01 10:00:00.042\tERROR\thttp.log.error\tdial tcp: refused\t{object}");
        assert_eq!(read(&other).unwrap().0, other.as_bytes());
        for line in ["2026/11/01 10:00:00 [error] 7#7: x", "2026/11/01 10:00:00.042 INFO\thttp.log.access\thandled\t{}"] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn parts_are_joined_as_bytes_by_stream() {
        let parts: [&[u8]; 5] = [
            b"2026-11-01T10:00:00Z stdout P caf\xc3",
            b"2026-11-01T10:00:00Z stderr P no",
            b"2026-11-01T10:00:01Z stdout P \xa9 au ",
            b"2026-11-01T10:00:02Z stdout F lait",
            b"2026-11-01T10:00:02Z stderr F ise",
        ];
        let texts = |lines: Vec<Opened>| lines.into_iter().map(|line| line.text).collect::<Vec<_>>();
        let lines = texts(unwrapped(parts.into_iter(), &[Envelope::Cri]));
        assert_eq!(lines, ["café au lait".as_bytes(), b"noise"]);
        let parts = [
            r#"{"log":"one ","stream":"stdout","time":"2026-11-01T10:00:00Z"}"#,
            r#"{"log":"line\n","stream":"stdout","time":"2026-11-01T10:00:00Z"}"#,
        ];
        let lines = texts(unwrapped(parts.iter().map(|p| p.as_bytes()), &[Envelope::Docker]));
        assert_eq!(lines, [b"one line"]);
    }

    #[test]
    fn nestings_are_found_as_they_are() {
        let line = format!("web-1  | 2026-11-01T10:00:00Z {LINE}");
        let found = nestings(&[line.as_bytes(), b"", line.as_bytes()]);
        assert_eq!(found, [vec![Envelope::Compose, Envelope::Stamp], vec![Envelope::Compose], vec![]]);
        assert_eq!(nestings(&[LINE.as_bytes()]), [vec![]; 1]);
        let line = format!("2026-11-01T10:00:00Z web nginx: {LINE}");
        assert_eq!(nestings(&[line.as_bytes()]), [vec![Envelope::SyslogIso], vec![Envelope::Stamp], vec![]]);
    }

    #[test]
    fn years_go_on_over_new_year() {
        let mut unwrapper = Unwrapper::new(&[Envelope::Rfc3164], Some(&TimeZone::UTC), Some(2025));
        let mut year = |line: &str| {
            assert_eq!(unwrapper.unwrap(line.as_bytes()), Unwrapped::Whole);
            unwrapper.time().unwrap().to_string()
        };
        assert_eq!(year("Dec 31 23:59:59 h t: x"), "2025-12-31T23:59:59Z");
        assert_eq!(year("Jan  1 00:00:01 h t: x"), "2026-01-01T00:00:01Z");
        assert_eq!(year("Dec 31 23:59:58 h t: x"), "2025-12-31T23:59:58Z");
        assert_eq!(year("Jan  1 00:00:02 h t: x"), "2026-01-01T00:00:02Z");
    }
}
