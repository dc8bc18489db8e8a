//! How a line is written: formats are data.
//!
//! A [`Format`] is what a format string, a JSON mapping or a preset means. It is compiled against the needs of a
//! classifier into an extractor, which turns lines into records.
//!
//! # How a line matches a [`Template`]
//!
//! This is the one specification that the fast extractor and its slow twin (`naive`, in the tests) both implement.
//! Elements are taken from left to right; nothing is ever taken back.
//!
//! 1. A **literal** must stand at the current place.
//! 2. A **shaped** field ([`Meaning::is_shaped`]: a time, a status, a number) is read by its shape, as far as the shape
//!    goes. A time is `-` (no time) or its [`TimeText`]. A number is a *list*: elements divided by `, ` or ` : ` (the
//!    upstream lists of nginx), where an element is `-` or digits with an optional sign `-` before and an optional `.`
//!    and more digits behind. A divider counts only if an element follows it, and not where the literal behind
//!    the field begins with the divider's mark (` :` or `,`): `$status, $request_time` is two fields and no list.
//!    A [padded](TemplateField::padded) field may have blanks before it, which are no part of it. A number may be empty (nginx writes unset variables so under `escape=json` and `none`). With [`Unit::Written`] it is one
//!    element, whose digits carry units.
//! 3. An **unquoted text** field reaches up to the first occurrence of the literal behind it, and may be empty. If a
//!    shaped field stands behind that literal, the first occurrence counts behind which the shaped field can
//!    be read *and* is followed by the literal behind it (or, if nothing is behind it, by the end of the line). So `$upstream_addr
//!    $upstream_status` reads `10.0.0.1:80, 10.0.0.2:80 502, 200`. The last element of a template reaches to the end of the line.
//!    A [word](TemplateField::word) ends at the first occurrence of the literal, whatever follows.
//! 4. A **quoted** field is `"`, a value and `"`: it ends at the first quote that is not escaped ([`Escape::Backslash`])
//!    and that the literal behind the field follows (the end of the line, if it is the last element; anything, if a field touches it
//!    or the template is open ended). A bare `-` instead of the quotes is an absent value. A shaped value must fill
//!    the quotes, or be `-` or empty.
//! 5. After the last element the line must end, unless the template is [`open_ended`](Template::open_ended). Blanks at the end of a line mean
//!    nothing, and it may end before them, unless the last element is an unquoted text. Tabs are no blanks.

pub mod apache;
mod bind;
mod chatter;
mod clean;
pub mod clock;
pub mod config;
#[cfg(test)]
mod corpus;
mod declare;
mod derive;
pub mod detect;
pub mod envelope;
pub mod extract;
mod find;
mod glance;
mod headers;
pub mod json;
mod json_read;
mod keyed;
mod learn;
mod misread;
mod mixed;
#[cfg(test)]
mod naive;
mod needed;
pub mod nginx;
mod notation;
mod number;
mod peel;
mod plan;
pub mod preset;
mod presets;
pub mod propose;
mod recent;
pub mod request;
mod resolve;
mod shape;
mod template;
mod walk;
mod words;
pub mod zone;

pub use resolve::{Combine, Resolved};

use crate::record::Kind;
use envelope::Envelope;

/// How lines of a log are written, and what its clock means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Format {
    /// Name of the preset, name in the server's configuration, or `custom`.
    pub name: String,
    /// How fields stand in a line.
    pub layout: Layout,
    /// What moment the time on the line marks.
    pub clock: Clock,
    /// Formats that single lines may have instead: older layouts of the same writer, or other formats of a mixed log. A line
    /// that the format itself does not read is read by the first of these that does.
    pub others: Vec<Format>,
    /// What each line is wrapped in, the outermost first.
    pub envelopes: Vec<Envelope>,
    /// Who writes requests, where the envelopes say who wrote a line: the programs (containers, services) that wrote some at the head of the log,
    /// sorted. What another one wrote and the format does not read is no damaged request. Nothing: anybody may write them.
    pub programs: Vec<Vec<u8>>,
}

impl Format {
    /// A format without others.
    pub(crate) fn new(name: impl Into<String>, layout: Layout, clock: Clock) -> Format {
        Format { name: name.into(), layout, clock, others: Vec::new(), envelopes: Vec::new(), programs: Vec::new() }
    }
}

/// How fields stand in a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Layout {
    /// Literal text between fields.
    Delimited(Template),
    /// One JSON object a line.
    Json(JsonMap),
}

/// What moment the time on a line marks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// When the request was received.
    Start,
    /// When the line was written, after the response.
    End,
}

impl Clock {
    /// `start` or `end`.
    pub fn words(self) -> &'static str {
        match self {
            Clock::Start => "start",
            Clock::End => "end",
        }
    }
}

/// A compiled format string: literals and fields in turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    /// The elements in order. Two fields may touch only where the first one has a shape of its own (a time, a number).
    pub elements: Vec<Element>,
    /// How text fields are escaped.
    pub escape: Escape,
    /// Whether more text may follow the last element (readers of AWS logs must ignore an unknown tail).
    pub open_ended: bool,
    /// Whether lines of connections have the same form, without a status and with `- - - ` for the request: they are no requests.
    pub connections: bool,
}

impl Template {
    /// Whether blanks at the end of a line mean nothing. A text that ends the line may hold some, or be empty behind one that divides.
    pub(crate) fn trims_blanks(&self) -> bool {
        let ends_in_text = matches!(self.elements.last(), Some(Element::Field(f)) if !f.quoted && !f.meaning.is_shaped());
        !self.open_ended && !ends_in_text
    }
}

/// One element of a [`Template`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Element {
    /// Text that stands in every line.
    Literal(Vec<u8>),
    /// A field.
    Field(TemplateField),
}

/// A field of a [`Template`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TemplateField {
    /// The log's own name: `$request_time`, `%D`.
    pub name: String,
    /// What it holds.
    pub meaning: Meaning,
    /// The field stands alone between double quotes, which belong to the field and not to the literals around it.
    /// A bare `-` without quotes is read as absent.
    pub quoted: bool,
    /// Blanks may stand before the number or the text, because its writer fills a column.
    pub padded: bool,
    /// How many decimals the writer gives the number, where that tells it from others: a line that has another number there is another format's.
    pub places: Option<usize>,
    /// An unquoted text ends at the very first occurrence of the literal behind it, whatever follows: its writer never lets the
    /// literal stand in it.
    pub word: bool,
}

/// How a writer escapes text inside fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Escape {
    /// `\` and one more byte belong together, so `\"` does not end a quoted field (nginx default and json, Apache).
    Backslash,
    /// Nothing is escaped: a quoted field ends at a quote that the following literal follows.
    None,
}

/// What a field holds, with its unit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// A whole timestamp.
    Time(TimeText),
    /// The request line: method, target, protocol.
    Request,
    /// The method alone.
    Method,
    /// Target with query (`$request_uri`), perhaps in absolute form.
    Target,
    /// The same, or a host and a path without a scheme, as some write W3C's `cs-uri`.
    Uri,
    /// Path without query.
    Path,
    /// The query alone. A `?` before it (Apache's `%q`) is not part of the value.
    Query,
    /// Response status. A list (upstream tries) counts as its last element.
    Status,
    /// The latency of the request in this unit. A list counts as its sum.
    Latency(Unit),
    /// A part of the latency: all parts of a line are added, and the latency is unknown when one is.
    LatencyPart(Unit),
    /// The time of creation, from which `elapsed` is computed.
    Created(TimeText),
    /// The end of a request whose time is its start: the latency is the difference.
    Ended(TimeText),
    /// The time from creation to the end, as the log itself states it.
    Elapsed(Unit),
    /// Bytes sent.
    Bytes,
    /// The host asked.
    Host,
    /// The client's user agent.
    UserAgent,
    /// The client's address.
    RemoteAddr,
    /// Another field, reachable under its own name, of this kind (with the unit of durations).
    Other(Kind, Unit),
    /// Another whole timestamp, reachable under its own name.
    OtherTime(TimeText),
}

impl Meaning {
    /// Whether a value ends by its own shape (a time, a number) and not only by the text behind it.
    pub fn is_shaped(&self) -> bool {
        self.kind() != Kind::Text
    }

    /// The kind of the value, once read.
    pub fn kind(&self) -> Kind {
        match self {
            Meaning::Time(_) | Meaning::Created(_) | Meaning::Ended(_) | Meaning::OtherTime(_) => Kind::Time,
            Meaning::Status => Kind::Status,
            Meaning::Latency(_) | Meaning::LatencyPart(_) | Meaning::Elapsed(_) => Kind::Duration,
            Meaning::Bytes => Kind::Size,
            Meaning::Other(kind, _) => *kind,
            Meaning::Request
            | Meaning::Method
            | Meaning::Target
            | Meaning::Uri
            | Meaning::Path
            | Meaning::Query
            | Meaning::Host
            | Meaning::UserAgent
            | Meaning::RemoteAddr => Kind::Text,
        }
    }
}

/// Unit of a number on the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Seconds, with decimals.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
    /// Minutes.
    Minutes,
    /// The unit stands behind the number, in one or several parts: `0.123s`, `17.5ms`, `1m2.5s` (`ns us µs ms s m h`).
    Written,
    /// No unit: a count, or not a number.
    One,
}

/// How a timestamp is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TimeText {
    /// `01/Nov/2026:00:00:00 +0000` (Common Log Format, without brackets).
    Clf,
    /// RFC 3339 or ISO 8601: `2026-11-01T00:00:00.123+01:00`, `…Z`; a space may stand for `T`, the colon of the offset may be missing.
    Iso8601,
    /// A decimal number since 1970 UTC.
    Epoch(Unit),
    /// [`Clf`](TimeText::Clf) or [`Iso8601`](TimeText::Iso8601): `/` behind the day or `-` behind the year tells which.
    ClfOrIso8601,
    /// [`Iso8601`](TimeText::Iso8601) with a tab between date and time, as columns have them; UTC.
    IsoColumns,
    /// [`Iso8601`](TimeText::Iso8601), or a whole number since 1970: of seconds if it has up to 11 digits, else of nanoseconds. (A writer that
    /// documents just these three.)
    IsoOrUnix,
    /// Seconds since 1970, or a text that tells by its dividers what it is: [`Iso8601`](TimeText::Iso8601), [`Clf`](TimeText::Clf), or
    /// `2026/11/01 00:00:00.123`. (What a writer may be set to write.)
    UnixOrDate,
    /// A text of another kind, which is UTC where it carries no zone of its own.
    Utc(Box<TimeText>),
    /// Tokens in order, as an Apache `%{…}t` directive (or several in a row) spells them.
    Pattern(Vec<TimeToken>),
}

/// One token of a [`TimeText::Pattern`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TimeToken {
    /// Text that must stand there.
    Literal(Vec<u8>),
    /// `%d`/`%e`: day of month, 1 or 2 digits (a blank may stand for the first).
    Day,
    /// `%m`: month 01 to 12.
    Month,
    /// `%b`/`%h`/`%B`: English month name, short or long.
    MonthName,
    /// `%Y`: four digits.
    Year,
    /// `%y`: two digits; 69 to 99 are 19xx (POSIX strptime).
    YearOfCentury,
    /// `%H`, `%k`.
    Hour,
    /// `%I`, `%l`: 01 to 12.
    Hour12,
    /// `%p`: AM or PM.
    AmPm,
    /// `%M`.
    Minute,
    /// `%S`: 00 to 60.
    Second,
    /// `%a`/`%A`: English weekday name, not checked against the date.
    Weekday,
    /// `%j`: day of year 001 to 366.
    DayOfYear,
    /// `%z`: `+0100`, `+01:00` or `Z`.
    Offset,
    /// `%Z`: `UTC`, `GMT` or `Z`; other names are no usable zone.
    ZoneName,
    /// `%s` and `%{sec}t`: whole seconds since 1970 UTC.
    EpochSeconds,
    /// `%{msec}t`, `%{usec}t`: milliseconds or microseconds since 1970 UTC.
    Epoch(Unit),
    /// A fraction of the second with this many digits at most: `%{msec_frac}t` (3), `%{usec_frac}t` (6), ISO fractions (9).
    Fraction(u8),
}

/// Which keys of a JSON object hold which fields.
///
/// A value may be a text or a number, whatever its field is (`"200"` is a status); a number in a text has the shapes of rule 2
/// of the [module](self). Null, `""` and `"-"` are absent, like a key that is not there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JsonMap {
    /// The keys that are looked for. When several have one meaning, the first that is present and not null decides.
    pub fields: Vec<JsonField>,
    /// Objects for which one of these does not hold are skipped as chatter (`logger` begins with `http.log.access`).
    pub only_if: Vec<JsonCondition>,
    /// Kind of keys that are not listed but that an indicator names, by their path ([`json::path`]).
    pub others: Kind,
    /// How names and values stand in a line.
    pub keyed: Keyed,
    /// Lines that do not begin with `{` are what the server says beside its log (chatter), not broken records.
    pub text_is_chatter: bool,
    /// Objects with neither a status nor a method nor a path are of connections, and no requests.
    pub connections: bool,
}

/// How the names of values are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keyed {
    /// A JSON object a line.
    Json,
    /// `name=value` pairs.
    Logfmt,
    /// In a `#Fields` header, and the values in that order.
    W3c(W3cWriter),
}

/// Who writes W3C logs; the unit of `time-taken` depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum W3cWriter {
    /// IIS.
    Iis,
    /// CloudFront.
    CloudFront,
    /// Anybody else.
    Any,
}

/// One key of a [`JsonMap`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JsonField {
    /// The log's own name: the path as the user wrote it, a name the user gave, or the variable of a `log_format`.
    pub name: String,
    /// The way to the value through nested objects. A key that itself holds dots is one element. In an array a
    /// decimal number is the element of that index: `["headers", "User-Agent", "0"]`.
    pub path: Vec<String>,
    /// What it holds.
    pub meaning: Meaning,
}

/// What tells an access line from others in a mixed JSON stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JsonCondition {
    /// The way to the value.
    pub path: Vec<String>,
    /// The value must be a string that begins with this; an empty prefix asks only that the key is there,
    /// whatever its value.
    pub prefix: String,
}
