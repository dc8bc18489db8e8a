//! Where definitions ask for a field, for complaints about one that a log turns out not to have.

use std::ops::Range;

use super::definitions::{DefinitionFile, Definitions};
use super::document::{Content, Document, Node};
use super::nearest::suggestion;
use crate::error::{Error, ErrorKind};

/// Keys whose texts name fields, in the short form and in OpenSLO.
const KEYS: [&str; 8] = ["good", "valid", "weight", "group_by", "attribute", "filter", "field", "query"];

impl Definitions {
    /// The error of a field that definitions ask for and that is not there: at the first place that names it, with what may have been
    /// meant of `known`.
    pub fn no_such_field(files: &[DefinitionFile], field: &str, message: &str, known: &[&str]) -> Error {
        let hint = suggestion(field, "there are", known);
        let place = |file: &DefinitionFile| {
            let document = Document::new(&file.name, &file.text);
            let nodes = document.parse_all().ok()?;
            let span = nodes.iter().find_map(|node| find(&file.text, node, field, false))?;
            Some(document.error(&span, message, "field"))
        };
        files.iter().find_map(place).unwrap_or_else(|| Error::new(ErrorKind::Definition, message)).hint(hint)
    }
}

/// Where a text under one of the keys names the field.
fn find(text: &str, node: &Node, field: &str, is_asked: bool) -> Option<Range<usize>> {
    match &node.content {
        Content::Map(entries) => {
            entries.iter().find_map(|(key, value)| find(text, value, field, is_asked || KEYS.contains(&key.text.as_str())))
        }
        Content::List(list) => list.iter().find_map(|item| find(text, item, field, is_asked)),
        Content::Text(_) if is_asked => {
            let written = text.get(node.span.clone())?;
            let start = node.span.start + word(written, field)?;
            Some(start..start + field.len())
        }
        _ => None,
    }
}

/// Where a word stands that no letter, digit or sign of a name makes longer.
fn word(text: &str, word: &str) -> Option<usize> {
    let is_longer = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "_.-$".contains(c));
    let is_alone =
        |at: &usize| !is_longer(text[..*at].chars().next_back()) && !is_longer(text[*at + word.len()..].chars().next());
    text.match_indices(word).map(|(at, _)| at).find(is_alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_where_it_is_asked_for() {
        let text = "# role of roles\nslos:\n  - {name: role, target: 50%, good: roles != \"x\" and not role == \"toil\"}\n";
        let files = [DefinitionFile { name: "slos.yaml".to_owned(), text: text.to_owned() }];
        let error = Definitions::no_such_field(&files, "role", "no entry has `role`", &["roll", "minutes"]);
        assert_eq!(error.to_string(), "slos.yaml:3:58: no entry has `role`");
        assert_eq!(error.hint_text(), Some("did you mean `roll`?"));
        let error = Definitions::no_such_field(&files, "shift", "no entry has `shift`", &["roll", "minutes"]);
        assert_eq!((error.to_string().as_str(), error.hint_text()), ("no entry has `shift`", Some("there are: roll, minutes")));
    }
}
