//! The fast reader of lines, of JSON or of logfmt, whose keys come in any order, or not all of them: values by their keys, keys by the marks.
//!
//! Quotes and backslashes are marked, so a string is two marks and costs no look at its bytes, and a key is looked up by its first
//! word and its length. Everything between the marks is followed byte by byte: the line is one well-formed object, as the careful
//! reader ([`super::json_read`]) would have it, or it is declined. Declined are, too, lines that say something the steps of a
//! batch ([`super::shape`]) have no place for: a wanted value with escapes in it, an object where a value is wanted, a key twice.
//!
//! What is found are places, a column for each wanted value's beginning and one for its end; what stands there is read later, for all
//! lines of a batch at once.

mod pairs;

use super::json_read::{self, KeyTree};
use super::words::{self, WORD_BYTES};
use crate::batch::Column;
use crate::block::{Block, Place, word};
use crate::marks::Marks;
use pairs::Names;

/// Deeper lines are declined; arrays are bits of a word.
const DEPTH_MAX: usize = 63;

/// What a value is needed for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// Its place, by the number of its pair of columns.
    Place(usize),
    /// It must be this text.
    Fixed(Vec<u8>),
    /// It must be there.
    Present,
    /// It must not be there, unless as `null`.
    Absent,
}

/// How keys and values are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Grammar {
    /// A line is an object of JSON.
    Object,
    /// A line is pairs of logfmt.
    Pairs,
}

/// Finds the values of lines.
#[derive(Clone, Debug)]
pub(super) struct Finder {
    grammar: Grammar,
    /// The first one is the object that is the line.
    nodes: Vec<Keys>,
    /// By number: what a value is needed for.
    roles: Vec<Role>,
    /// The numbers, as bits, of the roles that every line must have.
    required: u64,
    /// The names of pairs, as they came.
    names: Names,
}

/// Where a key leads.
#[derive(Clone, Copy, Debug)]
struct Target {
    /// The number of the role of its value, or [`NONE`].
    role: u8,
    /// The number of the keys of the object it holds, or [`NONE`].
    node: u8,
}

const NONE: u8 = u8::MAX;
const NOWHERE: Target = Target { role: NONE, node: NONE };

/// The keys of an object, in a table of which at most a quarter is used.
#[derive(Clone, Debug)]
struct Keys {
    table: Vec<Key>,
    shift: u32,
}

#[derive(Clone, Debug)]
struct Key {
    /// Its first eight bytes, with zeros behind a shorter one.
    word: u64,
    length: usize,
    text: Vec<u8>,
    target: Target,
}

/// Which bytes of a word belong to a key of each length.
const MASKS: [u64; WORD_BYTES + 1] = {
    let mut masks = [u64::MAX; WORD_BYTES + 1];
    let mut length = 0;
    while length < WORD_BYTES {
        masks[length] = (1 << (8 * length)) - 1;
        length += 1;
    }
    masks
};

impl Key {
    fn new(text: Vec<u8>, target: Target) -> Key {
        let mut first = [0; WORD_BYTES];
        let known = text.len().min(WORD_BYTES);
        first[..known].copy_from_slice(&text[..known]);
        Key { word: u64::from_le_bytes(first), length: text.len(), text, target }
    }
}

impl Keys {
    fn new(keys: Vec<(Vec<u8>, Target)>) -> Keys {
        let bits = (4 * keys.len().max(1)).next_power_of_two().trailing_zeros();
        let empty = Key { word: 0, length: usize::MAX, text: Vec::new(), target: NOWHERE };
        let mut new = Keys { table: vec![empty; 1 << bits], shift: u64::BITS - bits };
        for (text, target) in keys {
            let key = Key::new(text, target);
            let mut at = new.slot(key.word, key.length);
            while new.table[at].length != usize::MAX {
                at = (at + 1) % new.table.len();
            }
            new.table[at] = key;
        }
        new
    }

    #[inline(always)]
    fn slot(&self, word: u64, length: usize) -> usize {
        // Fibonacci hashing: the high bits of the product depend on all bits of the word.
        let mixed = (word ^ (length as u64) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> self.shift) as usize
    }

    /// Where the key `from..to` leads.
    #[inline(always)]
    fn target(&self, block: &Block, from: Place, to: Place) -> Target {
        let length = usize::from(to - from);
        let first = word(block, from) & MASKS[length.min(WORD_BYTES)];
        let mut at = self.slot(first, length);
        // A quarter of the table is used, so that the search ends.
        while let Some(key) = self.table.get(at).filter(|key| key.length != usize::MAX) {
            if key.word == first && key.length == length && (length <= WORD_BYTES || is_same(&key.text, block, from, to)) {
                return key.target;
            }
            at = (at + 1) % self.table.len();
        }
        NOWHERE
    }
}

/// Whether a text of more than eight bytes, the first eight of which are equal, is the key.
#[inline(always)]
fn is_same(key: &[u8], block: &Block, from: Place, to: Place) -> bool {
    let last = key.last_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    word(block, to - WORD_BYTES as Place) == last && (key.len() <= 2 * WORD_BYTES || key == &block[from.into()..to.into()])
}

impl Finder {
    /// A finder of the values of a tree, by the roles that they have by number, and whether every line must have them. None if
    /// there are too many, or an array is looked into.
    pub(super) fn new(grammar: Grammar, tree: &KeyTree, roles: &[Option<(Role, bool)>]) -> Option<Finder> {
        let mut finder =
            Finder { grammar, nodes: vec![Keys::new(Vec::new())], roles: Vec::new(), required: 0, names: Names::default() };
        finder.nodes[0] = finder.keys_of(tree, roles)?;
        Some(finder)
    }

    fn keys_of(&mut self, tree: &KeyTree, roles: &[Option<(Role, bool)>]) -> Option<Keys> {
        let mut keys = Vec::new();
        for (key, child) in tree.children() {
            // A number may be the index of an array.
            if key.iter().all(u8::is_ascii_digit) {
                return None;
            }
            let mut target = NOWHERE;
            if let Some((role, is_required)) = child.wanted().and_then(|value| roles[value].clone()) {
                target.role = u8::try_from(self.roles.len()).ok().filter(|&number| u32::from(number) < u64::BITS)?;
                self.required |= u64::from(is_required) << target.role;
                self.roles.push(role);
            }
            if child.children().next().is_some() {
                let number = self.nodes.len();
                target.node = u8::try_from(number).ok().filter(|&number| number != NONE)?;
                self.nodes.push(Keys::new(Vec::new()));
                self.nodes[number] = self.keys_of(child, roles)?;
            }
            keys.push((key.to_vec(), target));
        }
        Some(Keys::new(keys))
    }

    /// Finds the values of the line that begins at `start`, whose first mark is number `first`, into row `row` of the columns: where
    /// its newline stands, and which mark that is. None if the line is to be read with care.
    pub(super) fn find(
        &mut self,
        (block, marked): (&Block, &Marks),
        (start, first): (Place, usize),
        places: &mut [Column<Place>],
        row: usize,
    ) -> Option<(Place, usize)> {
        places.iter_mut().for_each(|column| column[row] = 0);
        let marks = marked.positions();
        let Finder { grammar, nodes, roles, required, names } = self;
        let mut walk = Walk { nodes, roles, block, marks, at: start, mark: first, seen: 0 };
        match grammar {
            Grammar::Object => walk.object(places, row)?,
            Grammar::Pairs => walk.pairs(marked, names, places, row)?,
        }
        let newline = *marks.get(walk.mark)?;
        let is_end = walk.at == newline || walk.byte() == b'\r' && walk.at.checked_add(1) == Some(newline);
        let is_found = is_end && block[usize::from(newline)] == b'\n' && walk.seen & *required == *required;
        is_found.then_some((newline, walk.mark))
    }
}

/// A line on its way.
struct Walk<'a> {
    nodes: &'a [Keys],
    roles: &'a [Role],
    block: &'a Block,
    marks: &'a [Place],
    at: Place,
    /// The number of the first mark that is not before `at`.
    mark: usize,
    /// The roles that were met.
    seen: u64,
}

/// A value that is no object and no array.
#[derive(Clone, Copy)]
struct Scalar {
    from: Place,
    to: Place,
    is_text: bool,
    is_escaped: bool,
    is_null: bool,
}

impl Walk<'_> {
    #[inline(always)]
    fn byte(&self) -> u8 {
        self.block[usize::from(self.at)]
    }

    #[inline(always)]
    fn step(&mut self) {
        self.at = self.at.wrapping_add(1);
    }

    #[inline(always)]
    fn blanks(&mut self) {
        while self.byte() == b' ' {
            self.step();
        }
    }

    /// The whole line, up to behind its object.
    #[inline(always)]
    fn object(&mut self, places: &mut [Column<Place>], row: usize) -> Option<()> {
        // Which of the open objects and arrays are arrays, the innermost lowest; and the keys of each.
        let (mut arrays, mut depth, mut nodes) = (0u64, 0, [NONE; DEPTH_MAX + 1]);
        let mut target = Target { role: NONE, node: 0 };
        loop {
            match self.byte() {
                open @ (b'{' | b'[') => {
                    if depth == DEPTH_MAX || target.node != NONE && open == b'[' {
                        return None;
                    }
                    if target.role != NONE {
                        self.note_nested(target.role)?;
                    }
                    depth += 1;
                    nodes[depth] = target.node;
                    arrays = arrays << 1 | u64::from(open == b'[');
                    self.step();
                    self.blanks();
                    // Behind an empty one it goes on as behind a value.
                    if self.byte() != open + 2 {
                        target = self.target(arrays, nodes[depth])?;
                        continue;
                    }
                }
                _ if depth == 0 => return None,
                first => {
                    let value = self.scalar(first)?;
                    if target.role != NONE {
                        self.note(target.role, value, places, row)?;
                    }
                }
            }
            loop {
                self.blanks();
                match self.byte() {
                    b',' => break,
                    b'}' if arrays & 1 == 0 => {}
                    b']' if arrays & 1 == 1 => {}
                    _ => return None,
                }
                self.step();
                depth -= 1;
                arrays >>= 1;
                if depth == 0 {
                    return Some(());
                }
            }
            self.step();
            self.blanks();
            target = self.target(arrays, nodes[depth])?;
        }
    }

    /// Goes to the next value: what it is wanted for. In an object its key stands before it.
    #[inline(always)]
    fn target(&mut self, arrays: u64, node: u8) -> Option<Target> {
        if arrays & 1 == 1 {
            return Some(NOWHERE);
        }
        let key = self.string()?;
        self.blanks();
        if self.byte() != b':' {
            return None;
        }
        self.step();
        self.blanks();
        // It may be a wanted one, written in another way.
        if key.is_escaped && node != NONE {
            return None;
        }
        Some(if node != NONE { self.nodes[usize::from(node)].target(self.block, key.from, key.to) } else { NOWHERE })
    }

    #[inline(always)]
    fn string(&mut self) -> Option<Scalar> {
        let open = *self.marks.get(self.mark)?;
        if open != self.at || self.byte() != b'"' {
            return None;
        }
        let (mut mark, mut is_escaped) = (self.mark + 1, false);
        loop {
            let place = *self.marks.get(mark)?;
            match self.block[usize::from(place)] {
                b'"' => {
                    (self.at, self.mark) = (place.wrapping_add(1), mark + 1);
                    return Some(Scalar { from: open.wrapping_add(1), to: place, is_text: true, is_escaped, is_null: false });
                }
                b'\\' if self.block[usize::from(place) + 1] != b'\n' => {
                    is_escaped = true;
                    // The byte behind it may be a mark too.
                    mark += 1 + usize::from(self.marks.get(mark + 1) == Some(&place.wrapping_add(1)));
                }
                _ => return None,
            }
        }
    }

    #[inline(always)]
    fn scalar(&mut self, first: u8) -> Option<Scalar> {
        if first == b'"' {
            return self.string();
        }
        let from = self.at;
        let next = word(self.block, from);
        let length = match first {
            b'-' | b'0'..=b'9' => self.number(next)?,
            b't' if next as u32 == u32::from_le_bytes(*b"true") => 4,
            b'n' if next as u32 == u32::from_le_bytes(*b"null") => 4,
            b'f' if next << 24 == u64::from_le_bytes(*b"\0\0\0false") => 5,
            _ => return None,
        };
        self.at = from.wrapping_add(length);
        Some(Scalar { from, to: self.at, is_text: false, is_escaped: false, is_null: first == b'n' })
    }

    /// The length of a number, of which this is the first word.
    #[inline(always)]
    fn number(&self, next: u64) -> Option<Place> {
        let length = words::number_bytes(next);
        let number = words::decimal(next, length);
        if length < WORD_BYTES as u64 && number.odd == 0 && number.not_dash != 0 {
            return Some(length as Place);
        }
        let length = json_read::number_length(&self.block[usize::from(self.at)..]);
        Place::try_from(length).ok().filter(|&length| length > 0)
    }

    /// An object or array where a value is needed.
    fn note_nested(&mut self, role: u8) -> Option<()> {
        let bit = 1u64 << role;
        let is_met = self.seen & bit == 0 && self.roles[usize::from(role)] == Role::Present;
        self.seen |= bit;
        is_met.then_some(())
    }

    /// A value that is needed.
    #[inline(always)]
    fn note(&mut self, role: u8, value: Scalar, places: &mut [Column<Place>], row: usize) -> Option<()> {
        let bit = 1u64 << role;
        if self.seen & bit != 0 || value.is_escaped {
            return None;
        }
        self.seen |= bit;
        match &self.roles[usize::from(role)] {
            Role::Place(_) if value.is_null => {}
            Role::Place(pair) => (places[2 * pair][row], places[2 * pair + 1][row]) = (value.from, value.to),
            Role::Fixed(text) if value.is_text && self.block[value.from.into()..value.to.into()] == text[..] => {}
            Role::Absent if value.is_null => {}
            Role::Present => {}
            Role::Fixed(_) | Role::Absent => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::json_read::{JsonKind, JsonValue, read_object};
    use super::*;
    use crate::batch::BATCH_LINES;
    use crate::marks::{Kernel, Marks};
    use proptest::prelude::*;

    const PATHS: [&str; 6] = ["status", "request.uri", "request.method", "a key that is longer than two words", "k", "logger"];

    fn tree() -> KeyTree {
        let (mut tree, mut count) = (KeyTree::default(), 0);
        for path in PATHS {
            tree.want(&path.split('.').map(str::to_owned).collect::<Vec<_>>(), &mut count);
        }
        tree
    }

    fn roles() -> Vec<Option<(Role, bool)>> {
        let mut roles: Vec<_> = (0..5).map(|pair| Some((Role::Place(pair), pair == 0))).collect();
        roles.push(Some((Role::Fixed(b"access".to_vec()), false)));
        roles
    }

    /// What is found in a line of a block that holds something before and behind it.
    fn find(line: &[u8]) -> Option<Vec<(usize, usize)>> {
        let text = [b"\"before\\\n", line, b"\n\"behind\"\n"].concat();
        let (start, block) = (9 as Place, words::block_of(&text));
        let mut marks = Marks::default();
        marks.fill(Kernel::best(), super::super::learn::MARKS, &block, text.len());
        let first = marks.positions().iter().take_while(|&&mark| mark < start).count();
        let mut places = vec![[7; BATCH_LINES]; 10];
        let mut finder = Finder::new(Grammar::Object, &tree(), &roles()).unwrap();
        let (newline, mark) = finder.find((&block, &marks), (start, first), &mut places, 3)?;
        assert_eq!((usize::from(newline), marks.positions()[mark]), (start as usize + line.len(), newline));
        let place = |pair: usize| (places[2 * pair][3], places[2 * pair + 1][3]);
        Some((0..5).map(place).map(|(from, to)| (from.saturating_sub(start).into(), to.saturating_sub(start).into())).collect())
    }

    /// The same by the careful reader.
    fn read(line: &[u8]) -> Option<Vec<JsonValue>> {
        let mut values = vec![JsonValue::ABSENT; PATHS.len()];
        read_object(line, &tree(), &mut values).ok().map(|()| values)
    }

    fn check(line: &[u8]) -> Result<bool, TestCaseError> {
        let Some(found) = find(line) else { return Ok(false) };
        let values = read(line);
        prop_assert!(values.is_some(), "{}", String::from_utf8_lossy(line));
        for (value, place) in values.unwrap_or_default().iter().zip(found) {
            let want = match value.kind {
                JsonKind::Absent | JsonKind::Null => (0, 0),
                _ => (value.from as usize, value.to as usize),
            };
            prop_assert_eq!(place, want, "{:?} in {}", value, String::from_utf8_lossy(line));
            prop_assert!(!matches!(value.kind, JsonKind::Nested | JsonKind::Escaped));
        }
        Ok(true)
    }

    #[test]
    fn lines_are_found_or_declined() {
        for (line, is_found) in [
            (r#"{"status":200}"#, true),
            (r#"{"x":[{"status":1},[],{},"]"],"k":"a","status":"200"}"#, true),
            (r#"{ "request": {"method": "GET", "uri": "/a", "z": {"uri": 5}}, "status": -0.5e3 }"#, true),
            (r#"{"request": {"method": "GET", "uri": "/a", "z": {"uri": 5}}, "status": -0.5e3}"#, true),
            (r#"{"status":null,"a key that is longer than two words":true}"#, true),
            (r#"{"a key that is longer than 2 words":"no","status":204,"x":"\"\\"}"#, true),
            (r#"{"logger":"access","status":200}"#, true),
            (r#"{"logger":"other","status":200}"#, false),
            (r#"{"k":1}"#, false),
            (r#"{"status":200,"k":"a\\"}"#, false),
            (r#"{"status":200,"status":201}"#, false),
            (r#"{"status":{"a":1}}"#, false),
            (r#"{"request":[1],"status":200}"#, false),
            (r#"{"status":200,}"#, false),
            (r#"{"status":200]"#, false),
            (r#"{"status":200"#, false),
            (r#"{"status":200}}"#, false),
            (r#"{"status":-}"#, false),
            (r#"{"status":nul}"#, false),
            (r#"{"status" 200}"#, false),
            (r#"{"status":"200}"#, false),
            (r#"{status:200}"#, false),
            ("[]", false),
            ("", false),
        ] {
            assert_eq!(check(line.as_bytes()).unwrap(), is_found, "{line}");
        }
        let deep = |depth: usize| format!(r#"{{"status":200,"x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        assert!(check(deep(60).as_bytes()).unwrap() && !check(deep(70).as_bytes()).unwrap());
    }

    fn value() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            Just("200".to_owned()),
            Just("null".to_owned()),
            Just("-1.5".to_owned()),
            Just("123456789.25".to_owned()),
            Just("\"access\"".to_owned()),
            "\"[a-z/?{},:\\[\\] ]{0,12}\"",
            Just(r#""a\"b\\""#.to_owned()),
            "[-0-9.e]{1,9}",
        ];
        scalar.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(|all| format!("[{}]", all.join(","))),
                object(inner, 4),
            ]
        })
    }

    fn object(value: impl Strategy<Value = String>, most: usize) -> impl Strategy<Value = String> {
        let key = prop_oneof![proptest::sample::select(
            &["status", "request", "uri", "method", "k", "logger", "x", "stat\\u0075s"][..]
        )];
        let pair = (key, value, prop_oneof![Just(""), Just(" ")]);
        proptest::collection::vec(pair, 0..most)
            .prop_map(|pairs| pairs.iter().map(|(key, value, blank)| format!("\"{key}\":{blank}{value}")).collect::<Vec<_>>())
            .prop_map(|pairs| format!("{{{}}}", pairs.join(",")))
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_is_read_with_care(mut line in object(value(), 8), cut in proptest::option::of((0usize..200, any::<u8>()))) {
            if let Some((at, byte)) = cut {
                let mut bytes = line.into_bytes();
                let at = at % bytes.len();
                bytes[at] = if byte == b'\n' { b'x' } else { byte };
                check(&bytes)?;
            } else {
                line.insert_str(1, if line.len() > 2 { "\"status\":7," } else { "\"status\":7" });
                check(line.as_bytes())?;
            }
        }
    }
}
