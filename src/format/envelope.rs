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
//! | [`Compose`](Envelope::Compose) | `web-1  \| LINE`, the name perhaps in colour | `docker compose logs` |
//! | [`Tag`](Envelope::Tag) | `haproxy[7]: LINE` | what is left of an old syslog line where a template writes no more; HAProxy's manual shows its lines so |
//! | [`Console`](Envelope::Console) | `2026/11/01 10:00:00.042\tINFO\thttp.log.access\thandled request\t{…}`, between tabs | Caddy's `format console`: <https://caddyserver.com/docs/caddyfile/directives/log#console>, UTC unless `time_local` is set |
//! | [`Journal`](Envelope::Journal) | `{"MESSAGE":"LINE","__REALTIME_TIMESTAMP":"…"}` | <https://systemd.io/JOURNAL_EXPORT_FORMATS/>, Journal JSON Format |
//!
//! Docker and CRI cut lines of more than 16 KiB into parts, also inside a character. Parts of a stream are joined as bytes, before
//! anything reads them.

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use memchr::memmem::Finder;

use super::clock::{TimeRead, TimeReader};
use super::json_read::{self, JsonKind, JsonValue, KeyTree};
use super::zone::Ambiguous;
use super::{TimeText, TimeToken, Unit};
use crate::time::Instant;

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
    /// The service.
    Compose,
    /// The program and its process.
    Tag,
    /// An entry of the journal as JSON.
    Journal,
    /// The object of an access line behind what Caddy writes of it for people.
    Console,
}

impl Envelope {
    /// All of them with their names, the strictest first.
    pub const ALL: [(Envelope, &'static str); 11] = [
        (Envelope::Docker, "docker"),
        (Envelope::Journal, "journald"),
        (Envelope::Cri, "cri"),
        (Envelope::Rfc5424, "syslog_rfc5424"),
        (Envelope::Rfc3164, "syslog_rfc3164"),
        (Envelope::SyslogIso, "syslog_iso"),
        (Envelope::Pod, "kubectl_prefix"),
        (Envelope::Compose, "compose"),
        (Envelope::Tag, "syslog_tag"),
        (Envelope::Console, "caddy_console"),
        (Envelope::Stamp, "timestamp"),
    ];

    /// Its name in words and outputs.
    pub fn name(self) -> &'static str {
        Envelope::ALL.iter().find(|(envelope, _)| *envelope == self).map_or("", |(_, name)| name)
    }

    /// Whether what a line means depends on those before it: its parts, or its year.
    pub fn is_stateful(self) -> bool {
        matches!(self, Envelope::Docker | Envelope::Cri | Envelope::Rfc3164)
    }

    /// The keys that are looked for: the line, the time, the stream.
    fn keys(self) -> [&'static [&'static str]; 3] {
        match self {
            Envelope::Docker => [&["log"], &["time"], &["stream"]],
            Envelope::Journal => [&["MESSAGE"], &["_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"], &["_HOSTNAME"]],
            _ => [&[], &[], &[]],
        }
    }
}

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
    /// How many lines they came in, and the bytes of those.
    part_lines: [(u64, u64); 2],
    spare: Vec<u8>,
    /// The year of an old syslog header, and the month of the last one.
    year: Option<i16>,
    month: u8,
}

#[derive(Clone, Debug)]
struct Level {
    envelope: Envelope,
    tree: KeyTree,
    values: Vec<JsonValue>,
    clock: TimeReader,
}

impl Level {
    fn new(envelope: Envelope, zone: Option<&TimeZone>) -> Level {
        let (mut tree, mut count) = (KeyTree::default(), 0);
        for key in envelope.keys().into_iter().flatten() {
            tree.want(&[(*key).to_owned()], &mut count);
        }
        let text = match envelope {
            Envelope::Journal => TimeText::Epoch(Unit::Micros),
            Envelope::Rfc3164 => TimeText::Pattern(rfc3164_tokens()),
            _ => TimeText::Iso8601,
        };
        Level { envelope, tree, values: vec![JsonValue::ABSENT; count], clock: TimeReader::new(&text, zone.cloned()) }
    }

    fn stamp(&mut self, text: &[u8]) -> Stamped {
        match self.clock.read_whole(text) {
            TimeRead::At(time, _) => Stamped::At(time),
            _ => Stamped::Unknown,
        }
    }

    /// The length of the timestamp that a line begins with, if a blank follows it.
    fn leading_stamp(&mut self, line: &[u8]) -> Option<(Stamped, usize)> {
        match self.clock.read(line) {
            TimeRead::At(time, length) if line.get(length) == Some(&b' ') => Some((Stamped::At(time), length + 1)),
            _ => None,
        }
    }
}

/// `2026 Nov  1 10:00:00`: the header's time behind the year that it lacks.
fn rfc3164_tokens() -> Vec<TimeToken> {
    use TimeToken::*;
    let literal = |text: &str| Literal(text.as_bytes().to_vec());
    vec![Year, literal(" "), MonthName, literal(" "), Day, literal(" "), Hour, literal(":"), Minute, literal(":"), Second]
}

impl Unwrapper {
    /// For these envelopes, the outermost first. `zone` is that of local times, `year` that of the first old syslog header.
    pub fn new(envelopes: &[Envelope], zone: Option<&TimeZone>, year: Option<i16>) -> Unwrapper {
        Unwrapper {
            levels: envelopes.iter().map(|&envelope| Level::new(envelope, zone)).collect(),
            text: Vec::new(),
            time: None,
            parts: [Vec::new(), Vec::new()],
            part_lines: [(0, 0); 2],
            spare: Vec::new(),
            year,
            month: 0,
        }
    }

    /// Whether there is nothing to unwrap.
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// See [`Envelope::is_stateful`].
    pub fn is_stateful(&self) -> bool {
        self.levels.iter().any(|level| level.envelope.is_stateful())
    }

    /// Gives the year of the first old syslog header.
    pub fn set_year(&mut self, year: Option<i16>) {
        self.year = year;
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
        let local = self.levels.iter().rfind(|level| level.envelope == Envelope::Rfc3164);
        local.map_or(Ambiguous::default(), |level| level.clock.ambiguous())
    }

    /// Bytes of lines whose rest has not come.
    pub fn pending(&self) -> usize {
        self.parts[0].len() + self.parts[1].len()
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
        self.month = 0;
    }

    /// Takes a line out of all envelopes.
    pub(super) fn unwrap(&mut self, line: &[u8]) -> Unwrapped {
        self.text.clear();
        self.text.extend_from_slice(line);
        self.time = None;
        for i in 0..self.levels.len() {
            match self.unwrap_level(i, line.len()) {
                Unwrapped::Whole => {}
                other => return other,
            }
        }
        Unwrapped::Whole
    }

    fn unwrap_level(&mut self, i: usize, line_bytes: usize) -> Unwrapped {
        self.spare.clear();
        let inner = match self.levels[i].envelope {
            Envelope::Rfc3164 => rfc3164(&mut self.levels[i], &self.text, &mut self.year, &mut self.month),
            _ => open(&mut self.levels[i], &self.text, &mut self.spare),
        };
        let Some(Inner { text, time, is_partial, is_second_stream }) = inner else { return Unwrapped::Not };
        if let Stamped::At(time) = time {
            self.time = Some(time);
        }
        if let Some(text) = text {
            self.spare.extend_from_slice(text);
        }
        let parts = &mut self.parts[usize::from(is_second_stream)];
        let part_lines = &mut self.part_lines[usize::from(is_second_stream)];
        if is_partial {
            *part_lines = (part_lines.0 + 1, part_lines.1 + line_bytes as u64);
            // A line that never ends must not fill the memory: beyond the limit of lines nobody reads it.
            if parts.len() <= crate::framing::LINE_BYTES_MAX {
                parts.extend_from_slice(&self.spare);
            }
            return Unwrapped::Part;
        }
        self.text.clear();
        if matches!(self.levels[i].envelope, Envelope::Docker | Envelope::Cri) {
            self.text.append(parts);
            *part_lines = (0, 0);
        }
        self.text.extend_from_slice(&self.spare);
        while let Some(b'\n' | b'\r') = self.text.last() {
            self.text.pop();
        }
        Unwrapped::Whole
    }
}

/// Opens one envelope.
fn open<'a>(level: &mut Level, line: &'a [u8], buffer: &mut Vec<u8>) -> Option<Inner<'a>> {
    let whole = |text: &'a [u8], time| Some(Inner { text: Some(text), time, is_partial: false, is_second_stream: false });
    match level.envelope {
        Envelope::Docker | Envelope::Journal => object(level, line, buffer),
        Envelope::Cri => cri(level, line),
        Envelope::Rfc5424 => rfc5424(level, line),
        Envelope::SyslogIso => {
            let (time, length) = level.leading_stamp(without_priority(line))?;
            let rest = &without_priority(line)[length..];
            let text = behind_host(rest)?;
            // Without a tag this is a timestamp and a word, and the word may be the line's own; only an object cannot begin so.
            let has_tag =
                rest.len() - text.len() > memchr::memchr(b' ', rest)? + 1 && line[..line.len() - text.len()].ends_with(b": ");
            whole(text, time).filter(|_| has_tag || text.starts_with(b"{"))
        }
        Envelope::Stamp => {
            let (time, length) = level.leading_stamp(line)?;
            whole(&line[length..], time)
        }
        Envelope::Pod => {
            let end = memchr::memchr(b']', line).filter(|_| line.starts_with(b"[pod/"))?;
            whole(line[end + 1..].strip_prefix(b" ")?, Stamped::Unknown)
        }
        Envelope::Compose => whole(compose(line)?, Stamped::Unknown),
        Envelope::Tag => whole(behind_tag(line)?, Stamped::Unknown),
        Envelope::Console => console(level, line),
        Envelope::Rfc3164 => None,
    }
}

/// `TIME TAB LEVEL TAB LOGGER TAB MESSAGE TAB OBJECT`. A line of another logger stays as it stands, and is told to be no request by that.
fn console<'a>(level: &mut Level, line: &'a [u8]) -> Option<Inner<'a>> {
    let mut fields = line.splitn(5, |&b| b == b'\t');
    let (at, _level, logger) = (fields.next()?, fields.next()?, fields.next()?);
    let stamp = iso_of_wall(at)?;
    let Stamped::At(time) = level.stamp(&stamp) else { return None };
    let object = fields.nth(1).filter(|object| logger.starts_with(b"http.log.access") && object.starts_with(b"{"));
    Some(Inner { text: Some(object.unwrap_or(line)), time: Stamped::At(time), is_partial: false, is_second_stream: false })
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

/// `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, blanks, `| `; for a terminal the name has a colour, which ends behind the bar (version 1) or the blank (2).
fn compose(line: &[u8]) -> Option<&[u8]> {
    let (line, is_coloured) = match behind_style(line) {
        Some(rest) => (rest, true),
        None => (line, false),
    };
    let name = line.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')).count();
    let blanks = line[name..].iter().take_while(|&&b| b == b' ').count();
    let text = line[name + blanks..].strip_prefix(b"|").filter(|_| name > 0 && blanks > 0)?;
    let ends_style = |text: &'_ [u8]| text.starts_with(STYLE_END);
    let text = if is_coloured && ends_style(text) { &text[STYLE_END.len()..] } else { text };
    let text = text.strip_prefix(b" ").unwrap_or(text);
    Some(if is_coloured && ends_style(text) { &text[STYLE_END.len()..] } else { text })
}

const STYLE_END: &[u8] = b"\x1b[0m";

/// What follows `ESC [ digits and semicolons m` (ECMA-48, SGR).
fn behind_style(line: &[u8]) -> Option<&[u8]> {
    let codes = line.strip_prefix(b"\x1b[")?;
    codes[codes.iter().take_while(|b| b.is_ascii_digit() || **b == b';').count()..].strip_prefix(b"m")
}

/// What follows `TAG[PID]: `; Heroku's logs have the name of a dyno there (`app[web.1]: `), behind a timestamp.
fn behind_tag(line: &[u8]) -> Option<&[u8]> {
    let word = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')).count();
    let tag = word(line);
    let pid = line[tag..].strip_prefix(b"[").filter(|_| line[0].is_ascii_alphabetic())?;
    pid[word(pid)..].strip_prefix(b"]: ").filter(|_| word(pid) > 0)
}

/// `TIME STREAM TAGS TEXT`; the first tag is `P` for a part, `F` for a whole line or the last part of one.
fn cri<'a>(level: &mut Level, line: &'a [u8]) -> Option<Inner<'a>> {
    let (time, length) = level.leading_stamp(line)?;
    let rest = &line[length..];
    let (is_second_stream, rest) = match (rest.strip_prefix(b"stdout "), rest.strip_prefix(b"stderr ")) {
        (Some(rest), _) => (false, rest),
        (_, Some(rest)) => (true, rest),
        _ => return None,
    };
    let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    let is_partial = match rest[..end].split(|&b| b == b':').next()? {
        b"P" => true,
        b"F" => false,
        _ => return None,
    };
    Some(Inner { text: Some(rest.get(end + 1..).unwrap_or(b"")), time, is_partial, is_second_stream })
}

/// An object whose one value is the line.
fn object<'a>(level: &mut Level, line: &'a [u8], buffer: &mut Vec<u8>) -> Option<Inner<'a>> {
    json_read::read_object(line, &level.tree, &mut level.values).ok()?;
    let raw = |value: &JsonValue| &line[value.from as usize..value.to as usize];
    let message = level.values[0];
    let text = match message.kind {
        JsonKind::Text => Some(raw(&message)),
        JsonKind::Escaped => {
            json_read::unescape(raw(&message), buffer);
            None
        }
        // The journal's way to write bytes that are not UTF-8.
        JsonKind::Nested if level.envelope == Envelope::Journal => {
            bytes_of(raw(&message), buffer)?;
            None
        }
        _ => return None,
    };
    let (times, stream) = level.values[1..].split_at(level.values.len() - 2);
    let stamp = times.iter().find(|value| value.kind != JsonKind::Absent).map(|value| raw(value).to_vec());
    let is_second_stream = level.envelope == Envelope::Docker && raw(&stream[0]) == b"stderr";
    let ends = text.map_or(&buffer[..], |text| text).ends_with(b"\n");
    let is_partial = level.envelope == Envelope::Docker && !ends;
    let time = stamp.map_or(Stamped::Unknown, |stamp| level.stamp(&stamp));
    if level.envelope == Envelope::Docker && time == Stamped::Unknown {
        return None;
    }
    Some(Inner { text, time, is_partial, is_second_stream })
}

/// `[72,101,108]`
fn bytes_of(array: &[u8], buffer: &mut Vec<u8>) -> Option<()> {
    let inside = array.strip_prefix(b"[")?.strip_suffix(b"]")?;
    for number in inside.split(|&b| b == b',') {
        buffer.push(std::str::from_utf8(number).ok()?.trim().parse().ok()?);
    }
    Some(())
}

/// `<` 1 to 3 digits `>`
fn without_priority(line: &[u8]) -> &[u8] {
    let Some(rest) = line.strip_prefix(b"<") else { return line };
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    match rest.get(digits) {
        Some(b'>') if (1..=3).contains(&digits) => &rest[digits + 1..],
        _ => line,
    }
}

/// RFC 5424 §6: `VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP STRUCTURED-DATA [SP MSG]`
fn rfc5424<'a>(level: &mut Level, line: &'a [u8]) -> Option<Inner<'a>> {
    let rest = without_priority(line).strip_prefix(b"1 ")?;
    let (time, mut rest) = match rest.strip_prefix(b"- ") {
        Some(rest) => (Stamped::Unknown, rest),
        None => {
            let (time, length) = level.leading_stamp(rest)?;
            (time, &rest[length..])
        }
    };
    for _ in 0..4 {
        rest = &rest[memchr::memchr(b' ', rest)? + 1..];
    }
    let text = match rest.strip_prefix(b"-") {
        Some(text) => text,
        None => behind_structured_data(rest)?,
    };
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    Some(Inner { text: Some(text), time, is_partial: false, is_second_stream: false })
}

/// RFC 5424 §6.3: elements in brackets, in whose quoted values `"`, `\` and `]` are escaped.
fn behind_structured_data(mut rest: &[u8]) -> Option<&[u8]> {
    while let Some(mut element) = rest.strip_prefix(b"[") {
        let mut is_quoted = false;
        loop {
            match element {
                [b'\\', _, tail @ ..] if is_quoted => element = tail,
                [b'"', tail @ ..] => (is_quoted, element) = (!is_quoted, tail),
                [b']', tail @ ..] if !is_quoted => {
                    rest = tail;
                    break;
                }
                [_, tail @ ..] => element = tail,
                [] => return None,
            }
        }
    }
    (rest.is_empty() || rest.starts_with(b" ")).then_some(rest)
}

/// RFC 3164 §4.1: `Mmm dd hh:mm:ss SP HOSTNAME SP MSG`, where the message begins with a tag.
fn rfc3164<'a>(level: &mut Level, line: &'a [u8], year: &mut Option<i16>, month: &mut u8) -> Option<Inner<'a>> {
    let rest = without_priority(line);
    let (header, rest) = rest.split_at_checked(15)?;
    let (fraction_us, rest) = fraction(rest)?;
    // Any leap year reads every date.
    let mut stamp = *b"2000 Mmm dd hh:mm:ss";
    stamp[5..].copy_from_slice(header);
    let (TimeRead::At(..) | TimeRead::NoZone(_)) = level.clock.read_whole(&stamp) else { return None };
    let this = month_of(&header[..3]);
    if let Some(year) = year {
        // A log that goes on over the end of the year, perhaps with lines out of order.
        *year += match (*month, this) {
            (11..=12, 1..=2) => 1,
            (1..=2, 11..=12) => -1,
            _ => 0,
        };
    }
    *month = this;
    let time = match year {
        Some(year) => {
            stamp[..4].copy_from_slice(format!("{year:04}").get(..4)?.as_bytes());
            match level.stamp(&stamp) {
                Stamped::At(time) => Stamped::At(time.checked_add_micros(fraction_us)?),
                Stamped::Unknown => Stamped::Unknown,
            }
        }
        None => Stamped::Unknown,
    };
    Some(Inner { text: Some(behind_host(rest)?), time, is_partial: false, is_second_stream: false })
}

/// The blank behind the seconds, or a `.`, digits and the blank; in microseconds.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(behind_point) = rest.strip_prefix(b".") else { return Some((0, rest.strip_prefix(b" ")?)) };
    let digits = behind_point.iter().take_while(|b| b.is_ascii_digit()).count();
    let micros = (0..6).fold(0, |micros, i| 10 * micros + behind_point[..digits].get(i).map_or(0, |b| i64::from(b - b'0')));
    Some((micros, behind_point[digits..].strip_prefix(b" ").filter(|_| digits > 0)?))
}

fn month_of(name: &[u8]) -> u8 {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    MONTHS.chunks(3).zip(1..).find(|(month, _)| *month == name).map_or(0, |(_, number)| number)
}

/// What follows `HOST TAG[PID]: `; the tag may be missing.
fn behind_host(rest: &[u8]) -> Option<&[u8]> {
    let host = memchr::memchr(b' ', rest).filter(|&length| length > 0)?;
    let message = rest[host + 1..].trim_ascii_start();
    let tag = message.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/')).count();
    let behind_tag = &message[tag..];
    let behind_pid = match behind_tag.strip_prefix(b"[") {
        Some(pid) => &pid[memchr::memchr(b']', pid).map_or(pid.len(), |end| end + 1)..],
        None => behind_tag,
    };
    match behind_pid.strip_prefix(b":") {
        Some(text) if tag > 0 && matches!(text.first(), None | Some(b' ')) => Some(text.strip_prefix(b" ").unwrap_or(text)),
        _ => Some(message),
    }
}

/// Envelopes nested deeper than this are not looked for.
const DEPTH_MAX: usize = 3;

/// The nestings of envelopes that more than half of the lines are in, the deepest first; the empty one is last.
pub fn nestings(lines: &[&[u8]]) -> Vec<Vec<Envelope>> {
    if are_bare(lines.iter().copied(), lines.len()) {
        return vec![Vec::new()];
    }
    let written: Vec<&[u8]> = lines.iter().copied().filter(|line| !line.trim_ascii().is_empty()).collect();
    let owned: Vec<Vec<u8>> = written.iter().map(|line| line.to_vec()).collect();
    let mut found = vec![Vec::new()];
    nest(&owned, &mut Vec::new(), &mut found);
    found.sort_by_key(|nesting| std::cmp::Reverse(nesting.len()));
    found
}

/// Whether at least half of the lines that are not blank, among the first `lines_max`, are in no envelope. Most logs are in none, and the
/// first bytes tell.
pub(super) fn are_bare<'a>(lines: impl Iterator<Item = &'a [u8]>, lines_max: usize) -> bool {
    let (mut written, mut bare) = (0_usize, 0_usize);
    for line in lines.take(lines_max).filter(|line| !line.trim_ascii().is_empty()) {
        written += 1;
        bare += usize::from(!may_be_wrapped(line));
        if 2 * bare >= lines_max {
            return true;
        }
    }
    2 * bare >= written
}

/// The keys under which objects hold lines.
static KEYS_OF_LINES: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| [&b"\"log\""[..], b"\"MESSAGE\""].map(Finder::new));

/// Whether a line may be in some envelope, told without reading it; none is opened of which this is not so.
fn may_be_wrapped(line: &[u8]) -> bool {
    match line.first() {
        // A priority.
        Some(b'<') => true,
        Some(b'{' | b' ' | b'\t' | b'\r') => KEYS_OF_LINES.iter().any(|key| key.find(line).is_some()),
        Some(b'[') => line.starts_with(b"[pod/"),
        Some(b'\x1b') => compose(line).is_some(),
        Some(first) => {
            let is_stamped = first.is_ascii_digit() && matches!(line.get(4), Some(b'-' | b'/'));
            let is_old_syslog = first.is_ascii_alphabetic() && matches!(line.get(15), Some(b' ' | b'.'));
            is_stamped || is_old_syslog || line.starts_with(b"1 ") || begins_with_name(line)
        }
        None => false,
    }
}

/// Whether a name of a service or a program begins a line. Neither holds a blank, and what is behind the first one tells most.
fn begins_with_name(line: &[u8]) -> bool {
    let Some(blank) = memchr::memchr(b' ', line) else { return false };
    let (name, rest) = line.split_at(blank);
    let may_be_service = rest.iter().find(|&&byte| byte != b' ') == Some(&b'|');
    may_be_service && compose(line).is_some() || name.ends_with(b"]:") && behind_tag(line).is_some()
}

fn nest(lines: &[Vec<u8>], outer: &mut Vec<Envelope>, found: &mut Vec<Vec<Envelope>>) {
    if outer.len() == DEPTH_MAX {
        return;
    }
    for (envelope, _) in Envelope::ALL {
        // A timestamp in a timestamp is the line's own.
        if outer.last() != Some(&envelope) && are_mostly_in(lines, envelope) {
            outer.push(envelope);
            found.push(outer.clone());
            nest(&unwrapped(lines.iter().map(|line| &line[..]), &[envelope]).0, outer, found);
            outer.pop();
        }
    }
}

/// Whether more than half of the lines are in an envelope. Most logs are in none, so half of the lines tell.
fn are_mostly_in(lines: &[Vec<u8>], envelope: Envelope) -> bool {
    let mut unwrapper = Unwrapper::new(&[envelope], Some(&TimeZone::UTC), None);
    let (mut within, mut without) = (0, 0);
    for line in lines {
        *if unwrapper.unwrap(line) == Unwrapped::Not { &mut without } else { &mut within } += 1;
        if 2 * within > lines.len() || 2 * without >= lines.len() {
            break;
        }
    }
    2 * within > lines.len()
}

/// The lines out of these envelopes; how many were in them, parts too. Lines that are not in them stay as they are.
pub fn unwrapped<'a>(lines: impl Iterator<Item = &'a [u8]>, envelopes: &[Envelope]) -> (Vec<Vec<u8>>, usize) {
    let mut unwrapper = Unwrapper::new(envelopes, Some(&TimeZone::UTC), None);
    let (mut inner, mut count) = (Vec::new(), 0);
    for line in lines {
        match unwrapper.unwrap(line) {
            Unwrapped::Whole => inner.push(unwrapper.text().to_vec()),
            Unwrapped::Part => {}
            Unwrapped::Not => {
                inner.push(line.to_vec());
                continue;
            }
        }
        count += 1;
    }
    (inner, count)
}

#[cfg(test)]
mod tests {
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
            (SyslogIso, format!("2026-11-01T11:00:03+01:00 web nginx[7]: {LINE}"), 3),
            (SyslogIso, format!("<13>2026-11-01T11:00:03+01:00 web nginx: {LINE}"), 3),
            (Docker, format!(r#"{{"log":"{escaped}\n","stream":"stdout","time":"2026-11-01T10:00:04Z"}}"#), 4),
            (Cri, format!("2026-11-01T10:00:05Z stderr F {LINE}"), 5),
            (Stamp, format!("2026-11-01T10:00:06Z {LINE}"), 6),
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
        let (lines, count) = unwrapped(parts.into_iter(), &[Envelope::Cri]);
        assert_eq!((lines, count), (vec!["café au lait".as_bytes().to_vec(), b"noise".to_vec()], 5));
        let parts = [
            r#"{"log":"one ","stream":"stdout","time":"2026-11-01T10:00:00Z"}"#,
            r#"{"log":"line\n","stream":"stdout","time":"2026-11-01T10:00:00Z"}"#,
        ];
        let (lines, _) = unwrapped(parts.iter().map(|p| p.as_bytes()), &[Envelope::Docker]);
        assert_eq!(lines, [b"one line".to_vec()]);
    }

    #[test]
    fn nestings_are_found_as_they_are() {
        let line = format!("web-1  | 2026-11-01T10:00:00Z {LINE}");
        let found = nestings(&[line.as_bytes(), b"", line.as_bytes()]);
        assert_eq!(found, [vec![Envelope::Compose, Envelope::Stamp], vec![Envelope::Compose], vec![]]);
        assert_eq!(nestings(&[LINE.as_bytes()]), [vec![]; 1]);
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
