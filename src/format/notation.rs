//! The notation that presets are written in: a line as it stands, with `{name: meaning}` where a field is.
//!
//! ```text
//! {client: client} [{time: time clf}] "{request: request}" {status: status} {bytes: bytes} {taken: latency ms}
//! ```
//!
//! | meaning | what it is |
//! |---|---|
//! | nothing | text, reachable under its name |
//! | `request` `method` `target` `uri` `path` `query` `status` `bytes` `host` `agent` `client` | the common field |
//! | `latency UNIT`, `part UNIT`, `elapsed UNIT` | the latency, a part of it, the time since creation |
//! | `time TEXT`, `created TEXT`, `ended TEXT`, `when TEXT` | the event's time, that of its creation, its end where the time is its start, another time |
//! | `request or connection` | a request; where it is `- - - `, and the status is absent, the line is that of a connection, and skipped |
//! | `text or connection` | text, and the last of three that are `- - -` between quotes in the line of a connection |
//! | `code`, `number`, `size`, `UNIT` | another status, a number, a count of bytes, a duration |
//!
//! An unquoted text ends at the first occurrence of what stands behind it; with `free` before its meaning it may hold that, and ends where the rest
//! of the line can be read. `{{` is a brace, and `padded` before a meaning says that its writer fills a column with blanks, `places 4` that it has so many decimals. UNIT is `s ms us ns min`, or `written` where the unit stands behind the number. TEXT is `clf`, `iso`, a UNIT (since 1970), or a
//! strftime pattern (also `iso tab`, with a tab between date and time, and `iso or unix`) in which `%3f` is a fraction of three digits at most; `utc` before it says that a time without a zone is UTC.

use super::template::{self, Candidate, Piece, Source};
use super::{Escape, Meaning, Template, TimeText, TimeToken, Unit, apache, declare};
use crate::error::Result;
use crate::record::Kind;

/// Reads a line in the notation, with what is declared of its fields beside it.
///
/// # Errors
/// A brace without its other one, an unknown meaning, and what [`template::build`] refuses.
pub(super) fn template(source: Source, declared: &[(String, String)], escape: Escape) -> Result<Template> {
    let mut pieces = pieces(source)?;
    declare::declare(source, &mut pieces, declared)?;
    let connections = source.text.contains(" or connection}");
    Ok(Template { connections, ..template::build(source, pieces, escape)? })
}

fn pieces(source: Source) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = source.text;
    while let Some((before, behind)) = rest.split_once('{') {
        if let Some(tail) = behind.strip_prefix('{') {
            pieces.push(Piece::Literal(format!("{before}{{")));
            rest = tail;
            continue;
        }
        let at = source.offset(behind);
        let Some((field, tail)) = behind.split_once('}') else {
            return Err(source.error(at - 1..at, "a field is not closed", "no } behind this"));
        };
        pieces.push(Piece::Literal(before.to_owned()));
        pieces.push(Piece::Field(candidate(source, field, at)?));
        rest = tail;
    }
    pieces.push(Piece::Literal(rest.to_owned()));
    Ok(pieces)
}

fn candidate(source: Source, field: &str, at: usize) -> Result<Candidate> {
    let span = at..at + field.len();
    // A name may hold colons (`client:port`), but no blank behind one.
    let (name, words) = field.split_once(": ").unwrap_or((field, ""));
    let words = words.trim();
    let (padded, word) = (words.starts_with("padded "), !words.starts_with("free"));
    let words = words.trim_start_matches("padded ").trim_start_matches("free").trim_start();
    let (places, words) = match words.strip_prefix("places ").and_then(|rest| rest.split_once(' ')) {
        Some((places, words)) => (places.parse().ok(), words),
        None => (None, words),
    };
    let meaning = meaning(source, words)?;
    Ok(Candidate { name: name.to_owned(), meaning, rank: template::DECLARED, span, padded, places, word })
}

/// What the words behind a name mean.
///
/// # Errors
/// They mean nothing.
pub(super) fn meaning(source: Source, words: &str) -> Result<Meaning> {
    let (first, rest) = words.split_once(' ').unwrap_or((words, ""));
    let unit = || unit(source, rest);
    Ok(match first {
        "" | "text" => Meaning::Other(Kind::Text, Unit::One),
        "request" => Meaning::Request,
        "method" => Meaning::Method,
        "target" => Meaning::Target,
        "uri" => Meaning::Uri,
        "path" => Meaning::Path,
        "query" => Meaning::Query,
        "status" => Meaning::Status,
        "bytes" => Meaning::Bytes,
        "host" => Meaning::Host,
        "agent" => Meaning::UserAgent,
        "client" => Meaning::RemoteAddr,
        "latency" => Meaning::Latency(unit()?),
        "part" => Meaning::LatencyPart(unit()?),
        "elapsed" => Meaning::Elapsed(unit()?),
        "time" => Meaning::Time(time_text(source, rest)?),
        "created" => Meaning::Created(time_text(source, rest)?),
        "ended" => Meaning::Ended(time_text(source, rest)?),
        "when" => Meaning::OtherTime(time_text(source, rest)?),
        "code" => Meaning::Other(Kind::Status, Unit::One),
        "number" => Meaning::Other(Kind::Number, Unit::One),
        "size" => Meaning::Other(Kind::Size, Unit::One),
        other => Meaning::Other(Kind::Duration, self::unit(source, other)?),
    })
}

fn unit(source: Source, word: &str) -> Result<Unit> {
    Ok(match word {
        "s" => Unit::Seconds,
        "ms" => Unit::Millis,
        "us" => Unit::Micros,
        "ns" => Unit::Nanos,
        "min" => Unit::Minutes,
        "written" => Unit::Written,
        _ => return Err(source.error(0..source.text.len(), format!("`{word}` is neither a meaning nor a unit"), "here")),
    })
}

fn time_text(source: Source, words: &str) -> Result<TimeText> {
    if let Some(words) = words.strip_prefix("utc ") {
        return Ok(TimeText::Utc(Box::new(time_text(source, words)?)));
    }
    Ok(match words {
        "clf" => TimeText::Clf,
        "iso" => TimeText::Iso8601,
        "iso tab" => TimeText::IsoColumns,
        "iso or unix" => TimeText::IsoOrUnix,
        "unix or date" => TimeText::UnixOrDate,
        "clf or iso" => TimeText::ClfOrIso8601,
        pattern if pattern.contains('%') => pattern_of(source, pattern)?,
        word => TimeText::Epoch(unit(source, word)?),
    })
}

/// A strftime pattern with `%3f`, `%6f` or `%9f` in it, at most once.
fn pattern_of(source: Source, pattern: &str) -> Result<TimeText> {
    let span = 0..source.text.len();
    let fraction = [3u8, 6, 9].into_iter().find_map(|digits| Some((digits, pattern.split_once(&format!("%{digits}f"))?)));
    let Some((digits, (before, behind))) = fraction else {
        return Ok(apache::simplify(apache::strftime(source, &span, pattern)?));
    };
    let mut tokens = apache::strftime(source, &span, before)?;
    tokens.push(TimeToken::Fraction(digits));
    tokens.extend(apache::strftime(source, &span, behind)?);
    Ok(TimeText::Pattern(tokens))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Element;

    fn read(text: &str) -> Result<Template> {
        template(Source { name: "preset", text }, &[], Escape::Backslash)
    }

    #[test]
    fn fields_stand_where_their_braces_do() {
        let template = read(r#"{a} [{t: time clf}] "{r: request}" {s: status} {d: latency ms}ms"#).unwrap();
        let shown: Vec<String> = template
            .elements
            .iter()
            .map(|element| match element {
                Element::Literal(text) => String::from_utf8_lossy(text).into_owned(),
                Element::Field(field) => {
                    format!("{}={:?}{}", field.name, field.meaning, if field.quoted { " quoted" } else { "" })
                }
            })
            .collect();
        let want = [
            "a=Other(Text, One)",
            " [",
            "t=Time(Clf)",
            "] ",
            "r=Request quoted",
            " ",
            "s=Status",
            " ",
            "d=Latency(Millis)",
            "ms",
        ];
        assert_eq!(shown, want);
    }

    #[test]
    fn times_have_texts_and_perhaps_a_zone() {
        let of = |words: &str| meaning(Source { name: "preset", text: words }, words).unwrap();
        assert_eq!(of("time utc iso"), Meaning::Time(TimeText::Utc(Box::new(TimeText::Iso8601))));
        assert_eq!(of("created ms"), Meaning::Created(TimeText::Epoch(Unit::Millis)));
        assert_eq!(
            of("when %H.%3f"),
            Meaning::OtherTime(TimeText::Pattern(vec![TimeToken::Hour, TimeToken::Literal(b".".into()), TimeToken::Fraction(3)]))
        );
    }

    #[test]
    fn mistakes_are_refused() {
        for text in ["{t: time iso", "{t: time iso} {x: latency}", "{t: time iso} {x: furlong}", "{t: time yesterday}"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
