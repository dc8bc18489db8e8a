//! The pairs of a line of logfmt, as [`super::super::keyed`] has them, by the marks: a value ends at the first blank, which is a bit, or at
//! its quote. Lines with control characters, which divide as blanks do, are declined.

use super::{Key, MASKS, Scalar, Target, Walk, is_same};
use crate::batch::Column;
use crate::block::{Place, word};
use crate::format::words::{self, WORD_BYTES};
use crate::marks::Marks;

/// So many names are remembered in their order.
const NAMES_MAX: usize = 32;

/// The names of the lines before, in the order in which they come: to see whether the expected one is there takes less than to look for its end,
/// and then for it in a table.
#[derive(Clone, Default, Debug)]
pub(super) struct Names(Vec<Key>);

impl Walk<'_> {
    /// The whole line, up to where its text ends.
    #[inline(always)]
    pub(super) fn pairs(&mut self, marks: &Marks, names: &mut Names, places: &mut [Column<Place>], row: usize) -> Option<()> {
        let (last, end) = self.line_end()?;
        if words::has_controls(&self.block[self.at.into()..end.into()]) {
            return None;
        }
        let (mut count, mut expected) = (0, 0);
        loop {
            self.blanks();
            if self.at >= end {
                break;
            }
            let (equals, target) = match self.expected(names, expected) {
                Some(found) => {
                    expected += 1;
                    found
                }
                None => {
                    let blank = marks.next_aux(self.at, end);
                    let Some(equals) = self.equals_before(blank) else {
                        // Words that are no pair.
                        self.at = blank;
                        continue;
                    };
                    let (target, next) = self.unexpected(names, expected, equals);
                    expected = next;
                    (equals, target)
                }
            };
            let from = equals + 1;
            let value = if self.block[usize::from(from)] == b'"' {
                self.at = from;
                self.pass_marks();
                self.string()?
            } else {
                self.at = marks.next_aux(from, end);
                Scalar { from, to: self.at, is_text: true, is_escaped: false, is_null: false }
            };
            if target.role != super::NONE {
                self.note(target.role, value, places, row)?;
            }
            count += 1;
        }
        (self.at, self.mark) = (end, last);
        (count > 0).then_some(())
    }

    /// Where the `=` behind the next name stands, and where the name leads, if it is the expected one.
    #[inline(always)]
    fn expected(&self, names: &Names, expected: usize) -> Option<(Place, Target)> {
        let name = names.0.get(expected)?;
        let (from, length) = (self.at, name.length);
        let to = Place::try_from(usize::from(from) + length).ok()?;
        let is_it = word(self.block, from) & MASKS[length.min(WORD_BYTES)] == name.word
            && self.block[usize::from(to)] == b'='
            && (length <= WORD_BYTES || is_same(&name.text, self.block, from, to));
        is_it.then_some((to, name.target))
    }

    /// Where a name leads that was not the expected one, and which is expected behind it.
    fn unexpected(&self, names: &mut Names, expected: usize, equals: Place) -> (Target, usize) {
        let text = &self.block[self.at.into()..equals.into()];
        // Most often some that were expected are missing.
        let (before, behind) = names.0.split_at(expected);
        if let Some(passed) = behind.iter().position(|name| name.text == text) {
            return (behind[passed].target, expected + passed + 1);
        }
        if let Some(at) = before.iter().position(|name| name.text == text) {
            return (before[at].target, at + 1);
        }
        let target = self.nodes[0].target(self.block, self.at, equals);
        if names.0.len() == NAMES_MAX {
            return (target, expected);
        }
        names.0.insert(expected, Key::new(text.to_vec(), target));
        (target, expected + 1)
    }

    /// Which mark is the line's newline, and where its text ends.
    #[inline(always)]
    fn line_end(&self) -> Option<(usize, Place)> {
        let mut last = self.mark;
        loop {
            let place = *self.marks.get(last)?;
            if self.block[usize::from(place)] == b'\n' {
                let is_return = place > self.at && self.block[usize::from(place) - 1] == b'\r';
                return Some((last, place - Place::from(is_return)));
            }
            last += 1;
        }
    }

    /// The first `=` before a place.
    #[inline(always)]
    fn equals_before(&self, limit: Place) -> Option<Place> {
        let mut at = self.at;
        while at < limit {
            let distance = words::distance(word(self.block, at), b'=') as Place;
            at = at.saturating_add(distance);
            if distance < WORD_BYTES as Place {
                break;
            }
        }
        (at < limit).then_some(at)
    }

    /// Leaves marks behind that stand before the place.
    #[inline(always)]
    fn pass_marks(&mut self) {
        while self.marks.get(self.mark).is_some_and(|&mark| mark < self.at) {
            self.mark += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Finder, Grammar, Role};
    use crate::batch::BATCH_LINES;
    use crate::block::Place;
    use crate::format::json_read::{JsonKind, JsonValue, KeyTree};
    use crate::format::{keyed, learn, words};
    use crate::marks::{Kernel, Marks};
    use proptest::prelude::*;

    const NAMES: [&str; 5] = ["status", "method", "path", "a_name_that_is_longer_than_two_words", "kind"];

    fn tree() -> KeyTree {
        let (mut tree, mut count) = (KeyTree::default(), 0);
        NAMES.iter().for_each(|name| _ = tree.want(&[(*name).to_owned()], &mut count));
        tree
    }

    /// What is found in a line of a block that holds something before and behind it.
    fn find(line: &[u8]) -> Option<Vec<(usize, usize)>> {
        let mut roles: Vec<_> = (0..4).map(|pair| Some((Role::Place(pair), pair == 0))).collect();
        roles.push(Some((Role::Fixed(b"access".to_vec()), false)));
        let text = [b"a=\"before\n", line, b"\nkind=behind\n"].concat();
        let (start, block) = (10 as Place, words::block_of(&text));
        let mut marks = Marks::default();
        marks.fill(Kernel::best(), learn::MARKS, &block, text.len());
        let first = marks.positions().iter().take_while(|&&mark| mark < start).count();
        let mut places = vec![[7; BATCH_LINES]; 8];
        let mut finder = Finder::new(Grammar::Pairs, &tree(), &roles).unwrap();
        let (newline, mark) = finder.find((&block, &marks), (start, first), &mut places, 3)?;
        assert_eq!((usize::from(newline), marks.positions()[mark]), (start as usize + line.len(), newline));
        let place = |pair: usize| (places[2 * pair][3], places[2 * pair + 1][3]);
        Some((0..4).map(place).map(|(from, to)| (from.saturating_sub(start).into(), to.saturating_sub(start).into())).collect())
    }

    /// Whether a line is found, and then as it is read with care.
    fn check(line: &[u8]) -> Result<bool, TestCaseError> {
        let Some(found) = find(line) else { return Ok(false) };
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        let mut values = vec![JsonValue::ABSENT; NAMES.len()];
        let read = keyed::logfmt(text, &tree(), &mut values);
        prop_assert!(read.is_ok(), "{:?}", String::from_utf8_lossy(line));
        for (value, place) in values.iter().zip(found) {
            let want = if value.kind == JsonKind::Absent { (0, 0) } else { (value.from as usize, value.to as usize) };
            prop_assert_eq!(place, want, "{:?} in {:?}", value, String::from_utf8_lossy(line));
            prop_assert_ne!(value.kind, JsonKind::Escaped);
        }
        let kind = values[4];
        let is_meant = kind.kind == JsonKind::Absent || &text[kind.from as usize..kind.to as usize] == b"access";
        prop_assert!(is_meant, "{:?}", String::from_utf8_lossy(line));
        Ok(true)
    }

    #[test]
    fn lines_are_found_or_declined() {
        for (line, is_found) in [
            ("status=200", true),
            ("status=200\r", true),
            ("  status=200  path=/a=b method=\"GET\" ", true),
            ("\"x status=\"200\" flag path=\"/a b\"method=GET =x y=", true),
            (r#"msg="a \"b\" \\" status=200 kind=access"#, true),
            ("status= path=", true),
            ("a_name_that_is_longer_than_two_words=1 a_name_that_is_longer_than_3_words=2 status=1", true),
            (r#"status=200 path="/a\"b""#, false),
            ("status=200 path=\"/a", false),
            ("status=200 status=201", false),
            ("status=200 kind=other", false),
            ("path=/a", false),
            ("status=200\tpath=/a", false),
            ("status", false),
            ("", false),
        ] {
            assert_eq!(check(line.as_bytes()).unwrap(), is_found, "{line}");
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_is_read_with_care(
            words in prop::collection::vec(
                prop_oneof![
                    "(status|method|path|kind|x)=(200|GET|access|/a[=\"?]b|\"a b\"|\"\"|\"a\\\\\"b\"|\"c\\\\\\\\\"|)",
                    "(flag|\"|=|\\\\|\t|a_name_that_is_longer_than_two_words=[a-z]{0,40}|a_name=\"[ -~]{0,9}\")",
                ],
                0..9,
            ),
            divider in prop_oneof![Just(" "), Just(" "), Just(""), Just("  ")],
            end in prop_oneof![Just(""), Just("\r"), Just(" ")],
        ) {
            let line = format!("status=7{divider}{}{end}", words.join(divider));
            check(line.as_bytes())?;
        }
    }
}
