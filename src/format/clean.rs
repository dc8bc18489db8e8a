//! What a writer of a format would not write, though its lines can be read so: such lines are another format's, and detection must not take
//! them; or they are of no request.

use memchr::memmem::Finder;

use super::{Element, Keyed, Layout, Meaning, number};
use crate::record::Kind;

/// A field that is one word, though its place in the line would let it be more: what reads more of it is another format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Word {
    /// Its number among the fields.
    pub(super) field: usize,
    kind: WordKind,
    /// Whether a blank follows it.
    ends_at_blank: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum WordKind {
    Method,
    Host,
    Address,
    /// Behind a host, which a line without one has where its address is.
    AddressBehindHost,
    User,
    /// A number with so many decimals.
    Number(usize),
}

impl WordKind {
    /// Whether a text is the first of several addresses, so that the next fields hold the others.
    fn is_list(self, text: &[u8]) -> bool {
        matches!(self, WordKind::Address | WordKind::AddressBehindHost) && text.ends_with(b",")
    }
}

impl Word {
    /// Whether each of these words fits; `text` has that of a field. Behind a list of addresses the user's has one too many: more than one word.
    pub(super) fn all_fit<'l>(words: &[Word], text: impl Fn(usize) -> &'l [u8]) -> bool {
        let has_list = || words.iter().any(|word| word.kind.is_list(text(word.field)));
        words.iter().all(|word| word.fits(text(word.field)) || word.kind == WordKind::User && has_list())
    }

    /// Whether a writer of the format would write this: a method has a letter, a host has no blank and nothing that lists, paths and objects are
    /// made of, and an address is known, and has no blank but in a list (of those that a request was forwarded for, which stand in its place at
    /// times) and where lines are indented. A user who is not known is `-`, and alone: where more stands behind it, the fields before have taken in
    /// one too many, as of a line that has its host before the address, or the header of a logger, whose parts are in brackets.
    fn fits(self, text: &[u8]) -> bool {
        match self.kind {
            WordKind::Method => text.is_empty() || text == b"-" || text.iter().any(u8::is_ascii_alphabetic),
            WordKind::Host => !text.iter().any(|byte| b" ,/@{}\"".contains(byte)),
            WordKind::Address | WordKind::AddressBehindHost => {
                let is_none = self.kind == WordKind::AddressBehindHost && text == b"-";
                let address = text.trim_ascii_start();
                !is_none && memchr::memchr_iter(b' ', address).all(|at| address[..at].ends_with(b","))
            }
            WordKind::User => !text.starts_with(b"- ") && memchr::memmem::find(text, b"] [").is_none(),
            WordKind::Number(0) => !text.is_empty() && text.iter().all(u8::is_ascii_digit),
            WordKind::Number(places) => number::has_places(text, places),
        }
    }

    /// Whether a regular line that is read as an event has one that fits: there a text ends at the first byte of what follows it. Of a host not only
    /// that is asked; a number is read by its decimals already.
    pub(super) fn fits_if_regular(self) -> bool {
        match self.kind {
            WordKind::Number(places) => places > 0,
            WordKind::Method | WordKind::Host | WordKind::AddressBehindHost => false,
            WordKind::Address | WordKind::User => self.ends_at_blank,
        }
    }
}

/// The words of a line whose fields stand between blanks; between tabs a field may hold some.
pub(super) fn words(layout: &Layout) -> Vec<Word> {
    let Layout::Delimited(template) = layout else { return Vec::new() };
    let ends = (1..).map(|next| match template.elements.get(next) {
        Some(Element::Literal(end)) => end.first().copied(),
        _ => None,
    });
    let fields = template.elements.iter().zip(ends).filter_map(|(element, end)| match element {
        Element::Field(field) => Some((field, end)),
        Element::Literal(_) => None,
    });
    let mut has_host = false;
    let words = fields.enumerate().filter_map(|(number, (field, end))| {
        if let Some(places) = field.places {
            return Some(Word { field: number, kind: WordKind::Number(places), ends_at_blank: false });
        }
        let kind = match field.meaning {
            Meaning::RemoteAddr if has_host => WordKind::AddressBehindHost,
            Meaning::Method => WordKind::Method,
            Meaning::Host => WordKind::Host,
            Meaning::RemoteAddr => WordKind::Address,
            Meaning::Other(Kind::Text, _) if matches!(&*field.name, "%u" | "$remote_user") => WordKind::User,
            _ => return None,
        };
        has_host |= kind == WordKind::Host;
        let ends_at_blank = end == Some(b' ');
        let is_between_blanks = !field.quoted && end.is_some_and(|end| end != b'\t');
        let is_told = ends_at_blank || matches!(kind, WordKind::Method | WordKind::Host);
        (is_between_blanks && is_told).then_some(Word { field: number, kind, ends_at_blank })
    });
    words.collect()
}

/// The keys of an object that hold parts of a request line: a connection has none of them.
pub(super) fn request_keys(layout: &Layout) -> Vec<usize> {
    let Layout::Json(map) = layout else { return Vec::new() };
    let is_part = |meaning: &Meaning| {
        matches!(meaning, Meaning::Method | Meaning::Target | Meaning::Uri | Meaning::Path | Meaning::Request)
    };
    let keys = map.fields.iter().enumerate().filter(|(_, field)| is_part(&field.meaning) || field.name == "protocol");
    keys.map(|(number, _)| number).collect()
}

/// The names, in quotes, under one of which an object has a part of its request, where one key alone tells its format: another program's may
/// have that key too.
pub(super) fn request_names(layout: &Layout) -> Vec<Finder<'static>> {
    let Layout::Json(map) = layout else { return Vec::new() };
    if map.only_if.len() != 1 || map.keyed != Keyed::Json {
        return Vec::new();
    }
    let names = request_keys(layout).into_iter().filter_map(|key| map.fields[key].path.last());
    names.map(|name| Finder::new(&format!("\"{name}\"")).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use crate::format::extract::Extractor;
    use crate::format::preset::Preset;
    use crate::record::Outcome;

    #[test]
    fn lines_of_other_formats_are_not_clean() {
        for (preset, line, is_clean) in [
            ("squid", "1793527200.042     42 192.0.2.7 TCP_MISS/200 812 GET http://shop.example/ - HIER_NONE/- text/html", true),
            (
                "squid",
                "1793527200.042     42 192.0.2.7 40112 TCP_MISS/200 812 310 77 GET http://shop.example/ - HIER_NONE/- text/html",
                false,
            ),
            (
                "vhost_combined",
                r#"shop.example:80 192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "-""#,
                true,
            ),
            (
                "vhost_combined",
                r#"Sun 2026-11-01 10:00 192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "-""#,
                false,
            ),
        ] {
            let extractor = Extractor::bind(&Preset::named(preset).unwrap().family().unwrap(), &[], None).unwrap();
            let mut reader = extractor.reader("");
            assert_eq!(extractor.read(line.as_bytes(), &mut reader), Outcome::Event, "{line}");
            assert_eq!(extractor.reads_cleanly(line.as_bytes(), &reader), is_clean, "{line}");
        }
    }
}
