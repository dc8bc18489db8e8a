//! Apache `LogFormat` strings (also written by lighttpd, varnishncsa, Jetty, Tomcat and others).
//!
//! ```text
//! string    = *( "%%" / directive / escape / literal )
//! directive = "%" *( modifier / argument ) letter / "%" *( modifier / argument ) "^" 2letter
//! modifier  = "<" / ">" / "!" / "," / DIGIT     ; "%>s", "%400,501{User-agent}i", "%!200{Referer}i"
//! argument  = "{" *( any but "}" ) "}"
//! escape    = "\" ( DQUOTE / "\" / "t" / "n" / "r" )
//! ```
//! Source: httpd.apache.org, mod_log_config 2.4 (directives, modifiers, `%{format}t`), mod_logio (`%I %O %S %^FB`), mod_ssl (`%{…}x %{…}c`);
//! beside them what varnishncsa (`%{Varnish:time_firstbyte}x`, s) and Tomcat (`%F`, ms) add.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while_m_n};
use nom::character::complete::{anychar, char, none_of, one_of, satisfy};
use nom::combinator::{map, not, recognize, value};
use nom::multi::{many0, many1_count};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::template::{Candidate, Piece, Source};
use super::{Clock, Format, Meaning, TimeText, TimeToken, Unit, declare};
use crate::error::Result;
use crate::record::Kind;

/// Reads a `LogFormat` string. The clock is that of its time: [`Clock::Start`] for `%t` (the time the request was received),
/// [`Clock::End`] for `%{end:…}t`.
///
/// # Errors
/// An unknown directive, an unterminated `%{`, a time that is none, two fields that cannot be told apart.
pub fn parse(text: &str) -> Result<Format> {
    declare::StringFormat::CUSTOM.apache(Source { name: "format", text })
}

/// The pieces of a string, and the clock of its time.
pub(super) fn pieces(source: Source) -> Result<(Vec<Piece>, Clock)> {
    let items = items(source)?;
    let mut groups = merge_times(items);
    let clock = appoint(source, &mut groups)?;
    let pieces = groups.into_iter().flat_map(Item::pieces).collect();
    Ok((join_targets(super::template::join_literals(pieces)), clock))
}

/// A piece whose time directives are still apart.
enum Item {
    Piece(Piece),
    Time(Time),
}

/// One or several adjacent time directives.
struct Time {
    name: String,
    tokens: Vec<TimeToken>,
    clock: Clock,
    span: std::ops::Range<usize>,
    meaning: fn(TimeText) -> Meaning,
}

impl Item {
    /// A field that is no time.
    fn field(name: String, (rank, meaning): (u8, Meaning), span: std::ops::Range<usize>) -> Item {
        Item::Piece(Piece::Field(Candidate { name, meaning, rank, span, padded: false, places: None, word: false }))
    }

    /// The text that a time begins and ends with (the brackets of `%t`) goes to the template.
    fn pieces(self) -> Vec<Piece> {
        let time = match self {
            Item::Piece(piece) => return vec![piece],
            Item::Time(time) => time,
        };
        let Time { name, mut tokens, span, meaning, .. } = time;
        let before = literal_at(&tokens, 0).inspect(|_| drop(tokens.remove(0)));
        let after = literal_at(&tokens, tokens.len().wrapping_sub(1)).inspect(|_| drop(tokens.pop()));
        let field = Piece::Field(Candidate {
            name,
            meaning: meaning(simplify(tokens)),
            rank: 1,
            span,
            padded: false,
            places: None,
            word: false,
        });
        vec![Piece::Literal(before.unwrap_or_default()), field, Piece::Literal(after.unwrap_or_default())]
    }
}

fn literal_at(tokens: &[TimeToken], i: usize) -> Option<String> {
    match tokens.get(i)? {
        TimeToken::Literal(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

/// Every directive and literal in order. A time that cannot be read is text beside another one.
fn items(source: Source) -> Result<Vec<Item>> {
    let mut rest = source.text;
    let (mut items, mut unreadable) = (Vec::new(), None);
    while !rest.is_empty() {
        let start = source.offset(rest);
        let (tail, token) = token(rest).map_err(|_| bad_directive(source, start))?;
        rest = tail;
        items.push(match token {
            Token::Literal(text) => Item::Piece(Piece::Literal(text)),
            Token::Directive(directive) => {
                let span = start..source.offset(rest);
                item(source, span.clone(), &directive).or_else(|error| match directive.letter {
                    "t" if unreadable.is_none() => {
                        unreadable = Some(error);
                        Ok(Item::field(directive.name(), (1, text()), span))
                    }
                    _ => Err(error),
                })?
            }
        });
    }
    let is_timed = items.iter().any(|item| matches!(item, Item::Time(_)));
    unreadable.filter(|_| !is_timed).map_or(Ok(items), Err)
}

#[cold]
fn bad_directive(source: Source, start: usize) -> crate::error::Error {
    let rest = &source.text[start..];
    if rest.contains('{') && !rest.contains('}') {
        return source
            .error(start..source.text.len(), "a directive begins with `%{` but no `}` ends its argument", "opened here")
            .hint("write the argument in braces and the directive's letter behind: %{Referer}i");
    }
    source
        .error(start..start + 1, "a `%` begins no directive", "a letter must follow")
        .hint("write %% for a percent sign; directives are those of mod_log_config, as in %h, %>s, %{Referer}i")
}

enum Token<'a> {
    Directive(Directive<'a>),
    Literal(String),
}

/// A directive as it is written.
struct Directive<'a> {
    modifiers: String,
    argument: Option<&'a str>,
    letter: &'a str,
}

impl Directive<'_> {
    /// The log's own name: without the status condition, which only decides whether `-` stands there.
    fn name(&self) -> String {
        let request: String = self.modifiers.chars().filter(|c| matches!(c, '<' | '>')).collect();
        let argument = self.argument.map(|a| format!("{{{a}}}")).unwrap_or_default();
        format!("%{request}{argument}{}", self.letter)
    }
}

fn token(input: &str) -> IResult<&str, Token<'_>> {
    let percent = value("%", tag("%%"));
    alt((
        map(percent, |p: &str| Token::Literal(p.to_owned())),
        map(directive, Token::Directive),
        map(escape, |c| Token::Literal(c.into())),
        map(literal, Token::Literal),
    ))
    .parse(input)
}

/// `"%" *( modifier / argument ) ( letter / "^" 2letter )`
fn directive(input: &str) -> IResult<&str, Directive<'_>> {
    enum Part<'a> {
        Modifier(char),
        Argument(&'a str),
    }
    let part = alt((map(one_of("<>!,0123456789"), Part::Modifier), map(argument, Part::Argument)));
    let letter = recognize(satisfy(|c| c.is_ascii_alphabetic()));
    let two = recognize(preceded(char('^'), take_while_m_n(2, 2, |c: char| c.is_ascii_alphabetic())));
    let (rest, (parts, letter)) = preceded(char('%'), (many0(part), alt((letter, two)))).parse(input)?;
    let mut found = Directive { modifiers: String::new(), argument: None, letter };
    for part in parts {
        match part {
            Part::Modifier(c) => found.modifiers.push(c),
            Part::Argument(text) => found.argument = Some(text),
        }
    }
    Ok((rest, found))
}

/// `"{" *( any but "}" ) "}"`
fn argument(input: &str) -> IResult<&str, &str> {
    delimited(char('{'), take_till(|c| c == '}'), char('}')).parse(input)
}

/// `"\" ( DQUOTE / "\" / "t" / "n" / "r" )`
fn escape(input: &str) -> IResult<&str, char> {
    let meaning = |c| match c {
        't' => '\t',
        'n' => '\n',
        'r' => '\r',
        same => same,
    };
    map(preceded(char('\\'), one_of("\"'\\tnr")), meaning).parse(input)
}

/// Everything else; a backslash before another character stands for itself.
fn literal(input: &str) -> IResult<&str, String> {
    let backslash = terminated(char('\\'), not(one_of("\"'\\tnr")));
    map(recognize(many1_count(alt((none_of("%\\"), backslash)))), str::to_owned).parse(input)
}

/// What a directive means.
fn item(source: Source, span: std::ops::Range<usize>, directive: &Directive) -> Result<Item> {
    let name = directive.name();
    if directive.letter == "t" {
        let (tokens, clock) = time(source, &span, directive.argument)?;
        return Ok(Item::Time(Time { name, tokens, clock, span, meaning: Meaning::OtherTime }));
    }
    let Some((rank, meaning)) = directive_meaning(directive) else {
        let message = format!("`{name}` is no directive of mod_log_config");
        return Err(source.error(span, message, "unknown").hint(
            "the directives are those of Apache's mod_log_config, mod_logio and mod_ssl; for the format of another \
             server, write its fields as an nginx string: \"$remote_addr [$time_local] …\"",
        ));
    };
    Ok(Item::field(name, (rank, meaning), span))
}

/// The meaning of every directive but `%t`, with its rank among those that can have the same common meaning.
fn directive_meaning(directive: &Directive) -> Option<(u8, Meaning)> {
    let number = Meaning::Other(Kind::Number, Unit::One);
    let size = Meaning::Other(Kind::Size, Unit::One);
    let original = directive.modifiers.contains('<');
    Some(match (directive.letter, directive.argument) {
        ("r", None) => (1, Meaning::Request),
        ("m", None) => (1, Meaning::Method),
        // %U is decoded and may have been rewritten; %q has its `?`.
        ("U", None) => (1, Meaning::Path),
        ("q", None) => (1, Meaning::Query),
        // The final status is what the client got.
        ("s", None) if directive.modifiers.contains('>') => (1, Meaning::Status),
        ("s", None) => (if original { 3 } else { 2 }, Meaning::Status),
        ("D", None) => (1, Meaning::Latency(Unit::Micros)),
        ("T", None | Some("s")) => (4, Meaning::Latency(Unit::Seconds)),
        ("T", Some("us")) => (2, Meaning::Latency(Unit::Micros)),
        ("T", Some("ms")) => (3, Meaning::Latency(Unit::Millis)),
        ("B" | "b", None) => (1, Meaning::Bytes),
        ("O", None) => (2, Meaning::Bytes),
        ("I" | "S", None) => (1, size),
        ("a", None) => (1, Meaning::RemoteAddr),
        ("h", None) => (2, Meaning::RemoteAddr),
        ("a", Some("c")) => (3, Meaning::RemoteAddr),
        ("i", Some(header)) => header_meaning(header),
        ("V", None) => (2, Meaning::Host),
        ("v", None) => (3, Meaning::Host),
        // varnishncsa: from the start of processing to the first byte.
        ("x", Some("Varnish:time_firstbyte")) => (1, Meaning::Other(Kind::Duration, Unit::Seconds)),
        // Tomcat: when the response was committed.
        ("F", None) => (1, Meaning::Other(Kind::Duration, Unit::Millis)),
        ("^FB", None) => (1, Meaning::Other(Kind::Duration, Unit::Micros)),
        ("k" | "p" | "P", None) | ("p", Some("canonical" | "local" | "remote")) | ("P", Some("pid" | "tid")) => (1, number),
        ("A" | "f" | "H" | "l" | "L" | "R" | "u" | "X", None) => (1, text()),
        // "%{c}L" and "%{c}h" look at the connection; "%{hextid}P" is no decimal number.
        ("L" | "h", Some("c")) | ("P", Some("hextid")) => (1, text()),
        ("C" | "e" | "n" | "o" | "x" | "c" | "^ti" | "^to", Some(_)) => (1, text()),
        _ => return None,
    })
}

fn header_meaning(header: &str) -> (u8, Meaning) {
    match header.to_ascii_lowercase().as_str() {
        "host" => (1, Meaning::Host),
        "user-agent" => (1, Meaning::UserAgent),
        _ => (1, text()),
    }
}

fn text() -> Meaning {
    Meaning::Other(Kind::Text, Unit::One)
}

/// The tokens of `%t` or `%{argument}t`, and which moment they tell.
fn time(source: Source, span: &std::ops::Range<usize>, argument: Option<&str>) -> Result<(Vec<TimeToken>, Clock)> {
    let Some(argument) = argument else {
        let mut tokens = vec![TimeToken::Literal(b"[".into())];
        tokens.extend(clf());
        tokens.push(TimeToken::Literal(b"]".into()));
        return Ok((tokens, Clock::Start));
    };
    let (clock, format) = match (argument.strip_prefix("begin:"), argument.strip_prefix("end:")) {
        (Some(format), _) => (Clock::Start, format),
        (_, Some(format)) => (Clock::End, format),
        _ => (Clock::Start, argument),
    };
    let token = match format {
        "sec" => TimeToken::EpochSeconds,
        "msec" => TimeToken::Epoch(Unit::Millis),
        "usec" => TimeToken::Epoch(Unit::Micros),
        "msec_frac" => TimeToken::Fraction(3),
        "usec_frac" => TimeToken::Fraction(6),
        // "%{}t" is the default format (util_time), brackets included.
        "" => return time(source, span, None).map(|(tokens, _)| (tokens, clock)),
        _ => return Ok((strftime(source, span, format)?, clock)),
    };
    Ok((vec![token], clock))
}

/// The tokens of a `strftime` format, in the C locale.
pub(super) fn strftime(source: Source, span: &std::ops::Range<usize>, format: &str) -> Result<Vec<TimeToken>> {
    let mut tokens = Vec::new();
    let mut rest = format;
    while !rest.is_empty() {
        let (tail, more) = alt((conversion, plain)).parse(rest).map_err(|_: nom::Err<nom::error::Error<&str>>| {
            let shown: String = rest.chars().take(2).collect();
            let message = format!("`{shown}` in a time is a conversion that slix cannot read back");
            source.error(span.clone(), message, "in this time").hint(
                "use numbers and English names: %Y %m %d %H %M %S %z, %b, %y, %j, %I %p, %s, %F, %T, %D, %R; \
                 fractions of a second are %{msec_frac}t and %{usec_frac}t",
            )
        })?;
        rest = tail;
        tokens.extend(more);
    }
    Ok(join_literals(tokens))
}

/// `"%" letter`
fn conversion(input: &str) -> IResult<&str, Vec<TimeToken>> {
    let (rest, letter) = preceded(char('%'), anychar).parse(input)?;
    match conversion_tokens(letter) {
        Some(tokens) => Ok((rest, tokens)),
        None => Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Char))),
    }
}

/// Text between conversions.
fn plain(input: &str) -> IResult<&str, Vec<TimeToken>> {
    map(recognize(many1_count(none_of("%"))), |text: &str| vec![text_token(text)]).parse(input)
}

/// POSIX strftime, C locale; `%P` and `%k %l %s` are glibc's.
fn conversion_tokens(letter: char) -> Option<Vec<TimeToken>> {
    use TimeToken::*;
    Some(match letter {
        'd' | 'e' => vec![Day],
        'm' => vec![Month],
        'b' | 'B' | 'h' => vec![MonthName],
        'Y' => vec![Year],
        'y' => vec![YearOfCentury],
        'H' | 'k' => vec![Hour],
        'I' | 'l' => vec![Hour12],
        'p' | 'P' => vec![AmPm],
        'M' => vec![Minute],
        'S' => vec![Second],
        'a' | 'A' => vec![Weekday],
        'j' => vec![DayOfYear],
        'z' => vec![Offset],
        'Z' => vec![ZoneName],
        's' => vec![EpochSeconds],
        'F' => vec![Year, text_token("-"), Month, text_token("-"), Day],
        'T' => vec![Hour, text_token(":"), Minute, text_token(":"), Second],
        'R' => vec![Hour, text_token(":"), Minute],
        'D' => vec![Month, text_token("/"), Day, text_token("/"), YearOfCentury],
        'r' => vec![Hour12, text_token(":"), Minute, text_token(":"), Second, text_token(" "), AmPm],
        't' => vec![text_token("\t")],
        'n' => vec![text_token("\n")],
        '%' => vec![text_token("%")],
        _ => return None,
    })
}

fn text_token(text: &str) -> TimeToken {
    TimeToken::Literal(text.as_bytes().to_vec())
}

/// `%d/%b/%Y:%H:%M:%S %z`
fn clf() -> Vec<TimeToken> {
    use TimeToken::*;
    let (slash, colon, space) = (|| text_token("/"), || text_token(":"), || text_token(" "));
    vec![Day, slash(), MonthName, slash(), Year, colon(), Hour, colon(), Minute, colon(), Second, space(), Offset]
}

fn join_literals(tokens: Vec<TimeToken>) -> Vec<TimeToken> {
    let mut joined: Vec<TimeToken> = Vec::with_capacity(tokens.len());
    for token in tokens {
        match (joined.last_mut(), token) {
            (Some(TimeToken::Literal(before)), TimeToken::Literal(more)) => before.extend(more),
            (_, token) => joined.push(token),
        }
    }
    joined
}

/// The simplest text that reads the same times.
pub(super) fn simplify(tokens: Vec<TimeToken>) -> TimeText {
    match tokens.as_slice() {
        [TimeToken::EpochSeconds] => TimeText::Epoch(Unit::Seconds),
        [TimeToken::Epoch(unit)] => TimeText::Epoch(*unit),
        [TimeToken::EpochSeconds, TimeToken::Fraction(3)] => TimeText::Epoch(Unit::Millis),
        [TimeToken::EpochSeconds, TimeToken::Fraction(6)] => TimeText::Epoch(Unit::Micros),
        [TimeToken::EpochSeconds, TimeToken::Literal(dot), TimeToken::Fraction(_)] if dot == b"." => {
            TimeText::Epoch(Unit::Seconds)
        }
        tokens if *tokens == clf() => TimeText::Clf,
        _ => TimeText::Pattern(tokens),
    }
}

/// Adjacent time directives that tell parts of one moment become one time: `%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t`.
fn merge_times(items: Vec<Item>) -> Vec<Item> {
    let mut merged: Vec<Item> = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Item::Time(time) => match joinable(&merged, &time) {
                Some(between) => join(&mut merged, between, time),
                None => merged.push(Item::Time(time)),
            },
            piece => merged.push(piece),
        }
    }
    merged
}

/// How many literals stand between the last time and `next`, if the two are parts of one moment.
fn joinable(items: &[Item], next: &Time) -> Option<usize> {
    let between = items.iter().rev().take_while(|i| matches!(i, Item::Piece(Piece::Literal(_)))).count();
    let Item::Time(last) = &items[items.len().checked_sub(between + 1)?] else { return None };
    let apart = |a: &TimeToken| next.tokens.iter().all(|b| !overlap(a, b));
    (last.clock == next.clock && last.tokens.iter().all(apart)).then_some(between)
}

fn join(items: &mut Vec<Item>, between: usize, next: Time) {
    let literals = items.split_off(items.len() - between);
    let Some(Item::Time(last)) = items.last_mut() else { return };
    for literal in literals {
        if let Item::Piece(Piece::Literal(text)) = literal {
            last.name.push_str(&text);
            last.tokens.push(text_token(&text));
        }
    }
    last.name.push_str(&next.name);
    last.tokens.extend(next.tokens);
    last.tokens = join_literals(std::mem::take(&mut last.tokens));
    last.span.end = next.span.end;
}

/// Whether two tokens tell the same part of a moment, so that they belong to two.
fn overlap(a: &TimeToken, b: &TimeToken) -> bool {
    match (part(a), part(b)) {
        (Some(Part::Epoch), Some(other)) | (Some(other), Some(Part::Epoch)) => other != Part::Fraction && other != Part::Zone,
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Year,
    Month,
    Day,
    DayOfYear,
    Hour,
    AmPm,
    Minute,
    Second,
    Fraction,
    Zone,
    Epoch,
}

fn part(token: &TimeToken) -> Option<Part> {
    Some(match token {
        TimeToken::Year | TimeToken::YearOfCentury => Part::Year,
        TimeToken::Month | TimeToken::MonthName => Part::Month,
        TimeToken::Day => Part::Day,
        TimeToken::DayOfYear => Part::DayOfYear,
        TimeToken::Hour | TimeToken::Hour12 => Part::Hour,
        TimeToken::AmPm => Part::AmPm,
        TimeToken::Minute => Part::Minute,
        TimeToken::Second => Part::Second,
        TimeToken::Fraction(_) => Part::Fraction,
        TimeToken::Offset | TimeToken::ZoneName => Part::Zone,
        TimeToken::EpochSeconds | TimeToken::Epoch(_) => Part::Epoch,
        TimeToken::Weekday | TimeToken::Literal(_) => return None,
    })
}

/// Which of the times is the event's, and which its creation: the end if both ends of the request are logged, else the first.
///
/// Parts of a time that stand alone (`%{msec_frac}t` behind another field) are texts.
fn appoint(source: Source, items: &mut [Item]) -> Result<Clock> {
    let mut times: Vec<&mut Time> = items
        .iter_mut()
        .filter_map(|i| match i {
            Item::Time(time) => Some(time),
            Item::Piece(_) => None,
        })
        .collect();
    if let Some(first) = times.first()
        && times.iter().all(|t| missing(&t.tokens).is_some())
    {
        return Err(incomplete(source, first));
    }
    for time in times.iter_mut().filter(|t| missing(&t.tokens).is_some()) {
        time.meaning = |_| text();
    }
    let find = |times: &[&mut Time], clock| times.iter().position(|t| t.clock == clock && missing(&t.tokens).is_none());
    let (start, end) = (find(&times, Clock::Start), find(&times, Clock::End));
    if let Some(start) = start {
        times[start].meaning = if end.is_some() { Meaning::Created } else { Meaning::Time };
    }
    if let Some(end) = end {
        times[end].meaning = Meaning::Time;
    }
    Ok(if end.is_some() { Clock::End } else { Clock::Start })
}

/// What a time lacks to be an instant.
fn missing(tokens: &[TimeToken]) -> Option<&'static str> {
    let parts: Vec<Part> = tokens.iter().filter_map(part).collect();
    let has = |part| parts.contains(&part);
    let needs_half = tokens.contains(&TimeToken::Hour12) && !has(Part::AmPm);
    if has(Part::Epoch) {
        None
    } else if !has(Part::Year) {
        Some("year")
    } else if !(has(Part::DayOfYear) || (has(Part::Month) && has(Part::Day))) {
        Some("day")
    } else if !has(Part::Hour) || needs_half || !has(Part::Minute) {
        Some("time of day")
    } else {
        // Without a zone it is a local time, whose zone is asked for when it is read.
        None
    }
}

#[cold]
fn incomplete(source: Source, time: &Time) -> crate::error::Error {
    let lack = missing(&time.tokens).unwrap_or("date");
    let hint = "directives that together make one time must stand side by side, as in %{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t";
    source.error(time.span.clone(), format!("the time has no {lack}"), format!("no {lack} here")).hint(hint)
}

/// `%U%q` is a target; `%v%U` and the like are a text.
fn join_targets(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Piece::Field(a)), Piece::Field(b)) if url_parts(a, &b).is_some() => {
                a.meaning = url_parts(a, &b).unwrap_or_else(text);
                a.name.push_str(&b.name);
                a.span.end = b.span.end;
            }
            (_, piece) => joined.push(piece),
        }
    }
    joined
}

fn url_parts(a: &Candidate, b: &Candidate) -> Option<Meaning> {
    match (&a.meaning, &b.meaning) {
        (Meaning::Path, Meaning::Query) => Some(Meaning::Target),
        (Meaning::Host, Meaning::Path) => Some(text()),
        (Meaning::Other(Kind::Text, _), Meaning::Query) if a.name.ends_with("%U") => Some(text()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Element, Layout};

    fn shown(text: &str) -> Vec<String> {
        let Layout::Delimited(template) = parse(text).unwrap().layout else { panic!("{text} is JSON") };
        let show = |e: &Element| match e {
            Element::Literal(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
            Element::Field(f) => format!("{}:{:?}{}", f.name, f.meaning, if f.quoted { "!" } else { "" }),
        };
        template.elements.iter().map(show).collect()
    }

    fn time_of(text: &str) -> (String, TimeText, Clock) {
        let format = parse(text).unwrap();
        let Layout::Delimited(template) = format.layout else { panic!("{text} is JSON") };
        let found = template.elements.into_iter().find_map(|e| match e {
            Element::Field(f) => match f.meaning {
                Meaning::Time(text) => Some((f.name, text)),
                _ => None,
            },
            Element::Literal(_) => None,
        });
        let (name, text) = found.unwrap();
        (name, text, format.clock)
    }

    #[test]
    fn combined_as_the_documentation_spells_it() {
        assert_eq!(
            shown(r#"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-agent}i\""#),
            [
                "%h:RemoteAddr",
                "\" \"",
                "%l:Other(Text, One)",
                "\" \"",
                "%u:Other(Text, One)",
                "\" [\"",
                "%t:Time(Clf)",
                "\"] \"",
                "%r:Request!",
                "\" \"",
                "%>s:Status",
                "\" \"",
                "%b:Bytes",
                "\" \"",
                "%{Referer}i:Other(Text, One)!",
                "\" \"",
                "%{User-agent}i:UserAgent!",
            ]
        );
    }

    #[test]
    fn modifiers_and_the_percent_sign() {
        assert_eq!(
            shown(r#"%t %%%400,501{X}i%% "%!200,304{Y}i" %<s %s %>s"#)[2..],
            [
                "\"] %\"",
                "%{X}i:Other(Text, One)",
                "\"% \"",
                "%{Y}i:Other(Text, One)!",
                "\" \"",
                "%<s:Other(Status, One)",
                "\" \"",
                "%s:Other(Status, One)",
                "\" \"",
                "%>s:Status",
            ]
        );
    }

    #[test]
    fn the_best_of_several_has_the_common_meaning() {
        let all = shown("%t %h %a %V %v %{Host}i %T %D %{ms}T %{us}T %O %b %s");
        for want in
            ["%a:RemoteAddr", "%{Host}i:Host", "%D:Latency(Micros)", "%b:Bytes", "%s:Status", "%T:Other(Duration, Seconds)"]
        {
            assert!(all.contains(&want.to_owned()), "{want}: {all:?}");
        }
    }

    #[test]
    fn every_documented_directive_is_known() {
        for directive in "%a %{c}a %A %B %b %{X}C %D %{X}e %f %h %{c}h %H %{X}i %k %l %L %m %{X}n %{X}o %p %{local}p %P %{tid}P \
                          %{hextid}P %q %r %R %s %T %{ms}T %u %U %v %V %X %I %O %S %{X}^ti %{X}^to %^FB %{X}x %{X}c"
            .split_whitespace()
        {
            assert!(parse(&format!("%t {directive}")).is_ok(), "{directive}");
        }
    }

    #[test]
    fn times_are_read_from_their_directives() {
        for (text, name, want, clock) in [
            ("%t", "%t", TimeText::Clf, Clock::Start),
            ("[%{%d/%b/%Y:%H:%M:%S %z}t]", "%{%d/%b/%Y:%H:%M:%S %z}t", TimeText::Clf, Clock::Start),
            ("%{sec}t", "%{sec}t", TimeText::Epoch(Unit::Seconds), Clock::Start),
            ("%{end:msec}t", "%{end:msec}t", TimeText::Epoch(Unit::Millis), Clock::End),
            ("%{begin:usec}t", "%{begin:usec}t", TimeText::Epoch(Unit::Micros), Clock::Start),
            ("%{sec}t.%{usec_frac}t", "%{sec}t.%{usec_frac}t", TimeText::Epoch(Unit::Seconds), Clock::Start),
            ("%{sec}t%{msec_frac}t", "%{sec}t%{msec_frac}t", TimeText::Epoch(Unit::Millis), Clock::Start),
            ("%{%s}t%{usec_frac}t", "%{%s}t%{usec_frac}t", TimeText::Epoch(Unit::Micros), Clock::Start),
            ("%t %{end:sec}t", "%{end:sec}t", TimeText::Epoch(Unit::Seconds), Clock::End),
        ] {
            assert_eq!(time_of(&format!("%>s {text}")), (name.to_owned(), want, clock), "{text}");
        }
    }

    #[test]
    fn adjacent_directives_are_one_time() {
        use TimeToken::*;
        let text = "%>s [%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t]";
        let lit = text_token;
        let want = vec![
            Day,
            lit("/"),
            MonthName,
            lit("/"),
            Year,
            lit(" "),
            Hour,
            lit(":"),
            Minute,
            lit(":"),
            Second,
            lit("."),
            Fraction(3),
            lit(" "),
            Offset,
        ];
        assert_eq!(time_of(text).1, TimeText::Pattern(want));
        assert_eq!(shown(text).first().unwrap(), "%>s:Status");
        assert_eq!(shown(text)[1], "\" [\"");
        assert_eq!(shown(text)[3], "\"]\"");
    }

    #[test]
    fn two_moments_stay_two() {
        let all = shown("%{sec}t %{msec}t %>s");
        assert_eq!(all[0], "%{sec}t:Time(Epoch(Seconds))");
        assert_eq!(all[2], "%{msec}t:OtherTime(Epoch(Millis))");
        assert_eq!(shown("%t %{end:sec}t %>s")[1], "%t:Created(Clf)");
    }

    #[test]
    fn parts_of_a_url_are_one_field() {
        assert_eq!(shown(r#"%t "%m %U%q %H""#)[4..6], ["\" \"", "%U%q:Target"]);
        assert_eq!(shown("%t %v%U%q")[3], "%v%U%q:Other(Text, One)");
    }

    #[test]
    fn a_time_that_cannot_be_read_is_text_beside_another() {
        let format = parse(r#"%h %t "%{%C %G}t" %>s"#).unwrap();
        let names: Vec<&str> = format.names().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["%h", "%t", "%{%C %G}t", "%>s"]);
    }

    #[test]
    fn errors_point_into_the_string() {
        for (text, column, words) in [
            ("%t %Z", 4, "`%Z` is no directive"),
            ("%t %{Referer", 4, "no `}`"),
            ("%t %", 4, "begins no directive"),
            ("%t 5%)", 5, "begins no directive"),
            ("%t %h%u", 4, "touch"),
            ("%h %{%H:%M:%S}t", 4, "no year"),
            ("%h %{%Y-%m-%d %I:%M %z}t", 4, "no time of day"),
            ("%h %{%Q}t", 4, "cannot read back"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.excerpt().unwrap().line_column(), (1, column), "{text}: {error}");
            assert!(error.message().contains(words), "{text}: {error}");
            assert!(error.hint_text().is_some(), "{text}");
        }
    }
}
