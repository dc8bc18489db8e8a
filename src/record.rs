//! One request as the rest of slix sees it, whatever format wrote it.
//!
//! A format fills numbered *slots*; an indicator names [`Field`]s. The classifier says once which fields it needs
//! ([`Need`]), the format binds each to a slot, and from then on both speak of slot numbers only.

use crate::time::Instant;

/// A field that an expression or a dimension can name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Field {
    /// The event's time.
    Time,
    /// Request method; absent in a malformed request.
    Method,
    /// Path without query, never percent-decoded; absent in a malformed request.
    Path,
    /// What follows `?` in the target; absent without one.
    Query,
    /// The host that was asked.
    Host,
    /// Response status; absent when there was no response.
    Status,
    /// Latency in nanoseconds.
    Latency,
    /// End minus creation, where a format has both.
    Elapsed,
    /// Bytes sent.
    Bytes,
    /// The client's user agent.
    UserAgent,
    /// The client's address.
    RemoteAddr,
    /// The input's name.
    Input,
    /// The log's own name: `$upstream_status`, `%{X-Cache}o`, `request.headers.Host`.
    Named(Box<str>),
}

/// What the values of a field are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// Bytes.
    Text,
    /// A status code, 1 to 999.
    Status,
    /// Nanoseconds.
    Duration,
    /// Bytes as a count.
    Size,
    /// A number in billionths, saturating.
    Number,
    /// Microseconds since 1970 UTC.
    Time,
}

impl Field {
    /// Every common name with its field, in the order of the documentation.
    pub const COMMON: [(&'static str, Field); 12] = [
        ("time", Field::Time),
        ("method", Field::Method),
        ("path", Field::Path),
        ("query", Field::Query),
        ("host", Field::Host),
        ("status", Field::Status),
        ("latency", Field::Latency),
        ("elapsed", Field::Elapsed),
        ("bytes", Field::Bytes),
        ("user_agent", Field::UserAgent),
        ("remote_addr", Field::RemoteAddr),
        ("input", Field::Input),
    ];

    /// The name as expressions write it.
    pub fn name(&self) -> &str {
        match self {
            Field::Named(name) => name,
            common => Field::COMMON.iter().find(|(_, f)| f == common).map_or("", |(name, _)| name),
        }
    }

    /// The kind of a common field; the format decides for a named one.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Field::Time => Kind::Time,
            Field::Status => Kind::Status,
            Field::Latency | Field::Elapsed => Kind::Duration,
            Field::Bytes => Kind::Size,
            Field::Method | Field::Path | Field::Query | Field::Host | Field::UserAgent | Field::RemoteAddr | Field::Input => {
                Kind::Text
            }
            Field::Named(_) => return None,
        })
    }
}

/// A field that a classifier needs, as the kind it compares it as. The index of a need is its slot.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Need {
    /// Which field.
    pub field: Field,
    /// As what: a format that has the field in another kind refuses.
    pub kind: Kind,
}

/// One slot of a record. Spans rather than references, so that the slots of one line can be reused for the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slot {
    /// Absent, empty or unreadable.
    Absent,
    /// Bytes `from..to` of the line.
    Line(u32, u32),
    /// Bytes `from..to` of the scratch buffer (text that had to be unescaped).
    Scratch(u32, u32),
    /// A typed value in the canonical unit of its [`Kind`].
    Int(i64),
}

impl Slot {
    /// The value, given what its spans refer to.
    #[inline]
    pub fn value<'a>(self, line: &'a [u8], scratch: &'a [u8]) -> Value<'a> {
        match self {
            Slot::Absent => Value::Absent,
            Slot::Line(from, to) => Value::Text(&line[from as usize..to as usize]),
            Slot::Scratch(from, to) => Value::Text(&scratch[from as usize..to as usize]),
            Slot::Int(n) => Value::Int(n),
        }
    }
}

/// The value of one slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value<'a> {
    /// Absent, empty or unreadable.
    Absent,
    /// Text of the log.
    Text(&'a [u8]),
    /// A typed value in the canonical unit of its [`Kind`].
    Int(i64),
}

/// A borrowed view of one request.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// When it happened, by the log's clock.
    pub time: Instant,
    /// The line.
    pub line: &'a [u8],
    /// Unescaped text that the slots refer to.
    pub scratch: &'a [u8],
    /// One slot per [`Need`].
    pub slots: &'a [Slot],
}

impl<'a> Record<'a> {
    /// The value in slot `i`.
    #[inline]
    pub fn get(&self, i: usize) -> Value<'a> {
        self.slots[i].value(self.line, self.scratch)
    }
}

/// What became of a line. Every line has exactly one outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is a request.
    Event,
    /// It is known not to be a request.
    Skipped(Skip),
    /// A fragment that became part of another line.
    Joined,
    /// A request without a usable time.
    Undated,
    /// It did not parse.
    Rejected(Reason),
}

/// Why a line is known not to be a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Skip {
    /// Empty, white space or NUL bytes only.
    Blank,
    /// A `#` comment or directive.
    Comment,
    /// What the server says beside its access log (errors, start-up).
    Chatter,
    /// A line whose envelope names a program that writes no requests.
    OtherProgram,
    /// A line that stands for others like the one before it, which a syslog daemon left out.
    Repeated,
}

/// Why a line did not parse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// Longer than the limit.
    TooLong,
    /// The text between the fields is not that of the format, or the line ends early.
    Layout,
    /// The time is not one.
    Time,
    /// The status is neither a code nor a mark of no response.
    Status,
    /// A numeric field holds something else.
    Number,
    /// Not a JSON object, or a broken one.
    Json,
}

impl Reason {
    /// Every reason with the name it has in outputs.
    pub const ALL: [(Reason, &'static str); 6] = [
        (Reason::TooLong, "too_long"),
        (Reason::Layout, "layout"),
        (Reason::Time, "time"),
        (Reason::Status, "status"),
        (Reason::Number, "number"),
        (Reason::Json, "json"),
    ];

    /// The name in outputs.
    pub fn name(self) -> &'static str {
        Reason::ALL[self as usize].1
    }
}
