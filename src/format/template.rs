//! From the pieces that a grammar read to a [`Template`]: which candidate has a common meaning, which quotes belong to fields,
//! and whether every field can be told from its neighbours.

use std::ops::Range;

use super::{Element, Escape, Meaning, Template, TemplateField, TimeText, Unit};
use crate::error::{Error, ErrorKind, Excerpt, Result};
use crate::record::Kind;

/// A text of the user, for errors that point into it.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    /// What the text is: `format`, `nginx.conf: log_format main`.
    pub name: &'a str,
    /// The text.
    pub text: &'a str,
}

impl Source<'_> {
    /// An error at `span`, with `label` beside the caret.
    #[cold]
    pub fn error(&self, span: Range<usize>, message: impl Into<String>, label: impl Into<String>) -> Error {
        Error::new(ErrorKind::Definition, message).at(Excerpt {
            name: self.name.to_owned(),
            text: self.text.to_owned(),
            offset: span.start,
            length: span.len(),
            label: label.into(),
        })
    }

    /// Where `rest`, a tail of the text, begins.
    pub fn offset(&self, rest: &str) -> usize {
        self.text.len() - rest.len()
    }
}

/// What a grammar reads: a literal, or a field with what it may mean.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Piece {
    Literal(String),
    Field(Candidate),
}

/// A field that may get a common meaning.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Candidate {
    /// The log's own name.
    pub name: String,
    /// What it means if no better candidate has the same meaning.
    pub meaning: Meaning,
    /// Of several candidates for one meaning the lowest rank gets it, the first of equals.
    pub rank: u8,
    /// Where it stands in the source.
    pub span: Range<usize>,
    /// See [`TemplateField::padded`].
    pub padded: bool,
    /// See [`TemplateField::places`].
    pub places: Option<usize>,
    /// See [`TemplateField::word`].
    pub word: bool,
}

/// The rank of a field that the user has given a meaning.
pub(super) const DECLARED: u8 = 0;

/// Gives every common meaning to its best candidate; the others stay reachable under their own names.
pub(super) fn elect<'a>(candidates: impl Iterator<Item = &'a mut Candidate>) {
    let mut candidates: Vec<_> = candidates.collect();
    for i in 0..candidates.len() {
        let beaten = candidates.iter().enumerate().any(|(j, other)| {
            let same = same_role(&candidates[i].meaning, &other.meaning);
            same && (other.rank, j) < (candidates[i].rank, i)
        });
        if beaten {
            candidates[i].meaning = plain(&candidates[i].meaning);
        }
    }
}

/// Whether two meanings are one role that only one field can have.
fn same_role(a: &Meaning, b: &Meaning) -> bool {
    let shared = matches!(a, Meaning::Other(..) | Meaning::OtherTime(_) | Meaning::LatencyPart(_));
    !shared && std::mem::discriminant(a) == std::mem::discriminant(b)
}

/// The meaning of a field that is reachable only under its own name.
pub(super) fn plain(meaning: &Meaning) -> Meaning {
    match meaning {
        Meaning::Time(text) | Meaning::Created(text) | Meaning::Ended(text) | Meaning::OtherTime(text) => {
            Meaning::OtherTime(text.clone())
        }
        Meaning::Latency(unit) | Meaning::LatencyPart(unit) | Meaning::Elapsed(unit) => Meaning::Other(Kind::Duration, *unit),
        Meaning::Other(kind, unit) => Meaning::Other(*kind, *unit),
        other => Meaning::Other(other.kind(), Unit::One),
    }
}

/// Builds the template of a delimited format, which may have no time: then an envelope must give it.
///
/// # Errors
/// Two fields that cannot be told apart, a line break inside.
pub(super) fn build(source: Source, pieces: Vec<Piece>, escape: Escape) -> Result<Template> {
    let mut pieces = join_literals(pieces);
    trim_end(&mut pieces);
    check_line_breaks(source, &pieces)?;
    elect(fields_mut(&mut pieces));
    check_neighbours(source, &pieces)?;
    Ok(Template { elements: elements(pieces), escape, open_ended: false, connections: false })
}

/// The fields among pieces.
pub(super) fn fields(pieces: &[Piece]) -> impl Iterator<Item = &Candidate> {
    pieces.iter().filter_map(|p| match p {
        Piece::Field(field) => Some(field),
        Piece::Literal(_) => None,
    })
}

/// The fields among pieces, to change them.
pub(super) fn fields_mut(pieces: &mut [Piece]) -> impl Iterator<Item = &mut Candidate> {
    pieces.iter_mut().filter_map(|p| match p {
        Piece::Field(field) => Some(field),
        Piece::Literal(_) => None,
    })
}

/// One literal between two fields, none empty.
pub(super) fn join_literals(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Piece::Literal(before)), Piece::Literal(more)) => before.push_str(&more),
            (_, Piece::Literal(text)) if text.is_empty() => {}
            (_, piece) => joined.push(piece),
        }
    }
    joined
}

/// A line break at the end is the line's own, and blanks there mean nothing; behind an unquoted text one says where that ends.
fn trim_end(pieces: &mut Vec<Piece>) {
    let is_behind_text = matches!(&pieces[..], [.., Piece::Field(field), Piece::Literal(_)] if !field.meaning.is_shaped());
    if let Some(Piece::Literal(last)) = pieces.last_mut() {
        last.truncate(last.trim_end_matches(['\n', '\r']).len());
        let length = last.trim_end_matches([' ', '\n', '\r']).len();
        if length > 0 || !is_behind_text {
            last.truncate(length);
        }
        if last.is_empty() {
            pieces.pop();
        }
    }
}

fn check_line_breaks(source: Source, pieces: &[Piece]) -> Result<()> {
    if pieces.iter().any(|p| matches!(p, Piece::Literal(text) if text.contains('\n'))) {
        let at = source.text.find('\n').or_else(|| source.text.find("\\n")).unwrap_or(0);
        return Err(source.error(at..at + 1, "the format writes one request as several lines", "line break").hint(
            "slix reads one request a line: log the fields in one line, or give the format of the line that holds the time",
        ));
    }
    Ok(())
}

/// Two fields may touch only where the first ends by its own shape and the second cannot go on with it.
fn check_neighbours(source: Source, pieces: &[Piece]) -> Result<()> {
    for pair in pieces.windows(2) {
        if let [Piece::Field(a), Piece::Field(b)] = pair
            && (!a.meaning.is_shaped() || (is_number(&a.meaning) && b.meaning.is_shaped()))
        {
            let message = format!("`{}` and `{}` touch and cannot be told apart", a.name, b.name);
            return Err(source
                .error(a.span.start..b.span.end, message, "nothing stands between these two")
                .hint("put a separator between them in the server's configuration, such as a space or a tab"));
        }
    }
    Ok(())
}

/// Whether a value ends where its digits do, so that another number would go on with it.
fn is_number(meaning: &Meaning) -> bool {
    match meaning {
        Meaning::Time(text) | Meaning::Created(text) | Meaning::Ended(text) | Meaning::OtherTime(text) => {
            matches!(text, TimeText::Epoch(_))
        }
        other => other.is_shaped(),
    }
}

/// Elements, with quotes given to the fields that stand alone between them.
fn elements(mut pieces: Vec<Piece>) -> Vec<Element> {
    let quoted: Vec<bool> = (0..pieces.len()).map(|i| is_quoted(&pieces, i)).collect();
    for (i, _) in quoted.iter().enumerate().filter(|(_, q)| **q) {
        if let Piece::Literal(before) = &mut pieces[i - 1] {
            before.pop();
        }
        if let Piece::Literal(after) = &mut pieces[i + 1] {
            after.remove(0);
        }
    }
    let keep = pieces.into_iter().zip(quoted).filter(|(p, _)| !matches!(p, Piece::Literal(text) if text.is_empty()));
    keep.map(|(piece, quoted)| match piece {
        Piece::Literal(text) => Element::Literal(text.into_bytes()),
        Piece::Field(f) => Element::Field(TemplateField {
            name: f.name,
            meaning: f.meaning,
            quoted,
            padded: f.padded,
            places: f.places,
            word: f.word,
        }),
    })
    .collect()
}

/// Whether the field at `i` stands alone between double quotes. A quote serves one field only: in `"$a"$b"` the
/// second belongs to `$a`. A quote that is itself inside another pair, as in `""$a""`, is the inner one.
fn is_quoted(pieces: &[Piece], i: usize) -> bool {
    let quote_before = i > 0 && matches!(&pieces[i - 1], Piece::Literal(text) if text.ends_with('"'));
    let quote_after = matches!(pieces.get(i + 1), Some(Piece::Literal(text)) if text.starts_with('"'));
    let is_field = matches!(pieces[i], Piece::Field(_));
    // `"` alone between two fields can close the first or open the second, not both.
    let shared = i >= 2 && matches!(&pieces[i - 1], Piece::Literal(text) if text == "\"") && is_quoted(pieces, i - 2);
    is_field && quote_before && quote_after && !shared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, meaning: Meaning) -> Piece {
        Piece::Field(Candidate { name: name.into(), meaning, rank: 1, span: 0..1, padded: false, places: None, word: false })
    }

    fn time() -> Piece {
        field("t", Meaning::Time(TimeText::Clf))
    }

    fn text(name: &str) -> Piece {
        field(name, Meaning::Other(Kind::Text, Unit::One))
    }

    fn literal(text: &str) -> Piece {
        Piece::Literal(text.into())
    }

    fn built(pieces: Vec<Piece>) -> Result<Vec<String>> {
        let template = build(Source { name: "format", text: "x" }, pieces, Escape::Backslash)?;
        let shown = template.elements.iter().map(|e| match e {
            Element::Literal(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Element::Field(f) => format!("{}{}", f.name, if f.quoted { " quoted" } else { "" }),
        });
        Ok(shown.collect())
    }

    #[test]
    fn quotes_go_to_the_fields_that_stand_alone_between_them() {
        let pieces = vec![time(), literal(" \""), text("a"), literal("\" \""), text("b"), literal(" "), text("c"), literal("\"")];
        assert_eq!(built(pieces).unwrap(), ["t", " ", "a quoted", " \"", "b", " ", "c", "\""]);
    }

    #[test]
    fn a_quote_serves_one_field() {
        let pieces = vec![time(), literal("\""), text("a"), literal("\""), text("b"), literal("\"")];
        assert_eq!(built(pieces).unwrap(), ["t", "a quoted", "b", "\""]);
    }

    #[test]
    fn an_outer_pair_of_quotes_stays_literal() {
        let pieces = vec![literal("\""), time(), literal(" \""), text("a"), literal("\"\"")];
        assert_eq!(built(pieces).unwrap(), ["\"", "t", " ", "a quoted", "\""]);
    }

    #[test]
    fn touching_fields_are_refused_unless_the_first_has_a_shape() {
        let number = || field("n", Meaning::Other(Kind::Number, Unit::One));
        assert!(built(vec![time(), text("a")]).is_ok());
        assert!(built(vec![time(), literal(" "), number(), text("a")]).is_ok());
        let epoch = || field("e", Meaning::Time(TimeText::Epoch(Unit::Seconds)));
        for pieces in [
            vec![epoch(), number()],
            vec![text("a"), time()],
            vec![time(), literal(" "), number(), number()],
            vec![time(), number(), time()],
        ] {
            assert!(built(pieces).unwrap_err().to_string().contains("touch"));
        }
    }

    #[test]
    fn the_lowest_rank_gets_the_meaning() {
        let mut pieces = vec![time(), literal(" "), field("a", Meaning::Bytes), literal(" "), field("b", Meaning::Bytes)];
        elect(fields_mut(&mut pieces));
        let second = fields(&pieces).last().unwrap();
        assert_eq!(second.meaning, Meaning::Other(Kind::Size, Unit::One));
    }
}
