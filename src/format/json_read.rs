//! Reading JSON lines: one object a line, of which a few values are wanted (RFC 8259).
//!
//! The whole line is checked to be one object, well formed in its structure; only the wanted values are looked at. A key is what its
//! escapes stand for (section 8.3); hardly any writer of access logs has some.

use memchr::memchr2;

use super::{JsonCondition, JsonMap, Keyed, words};

/// Nesting beyond this is refused rather than followed.
const DEPTH_MAX: usize = 64;

/// Lists of keys by length.
const KEY_LENGTHS: usize = 32;

/// A value as it stands in the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct JsonValue {
    pub(super) kind: JsonKind,
    /// The text without the quotes of a string.
    pub(super) from: u32,
    pub(super) to: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum JsonKind {
    Absent,
    /// A string without escapes.
    Text,
    /// A string with escapes.
    Escaped,
    Number,
    /// `true` or `false`.
    Bool,
    Null,
    /// An object or an array: its text.
    Nested,
    /// A text that was put together, in the scratch buffer.
    Composed,
}

impl JsonValue {
    pub(super) const ABSENT: JsonValue = JsonValue { kind: JsonKind::Absent, from: 0, to: 0 };
}

/// The wanted paths as a tree of keys.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyTree {
    children: Vec<(Vec<u8>, KeyTree)>,
    /// The children whose keys have each length; longer ones share the last list. Few keys have the length of another.
    by_length: Box<[Vec<u32>; KEY_LENGTHS]>,
    /// The number of the wanted value that this path leads to.
    wanted: Option<usize>,
}

impl KeyTree {
    /// Adds a path; the number of its value.
    pub(super) fn want(&mut self, path: &[String], next: &mut usize) -> usize {
        match path {
            [] => *self.wanted.get_or_insert_with(|| {
                *next += 1;
                *next - 1
            }),
            [key, rest @ ..] => {
                let at = match self.children.iter().position(|(k, _)| k == key.as_bytes()) {
                    Some(at) => at,
                    None => {
                        let at = self.children.len();
                        self.by_length[key.len().min(KEY_LENGTHS - 1)].push(at as u32);
                        self.children.push((key.clone().into_bytes(), KeyTree::default()));
                        at
                    }
                };
                self.children[at].1.want(rest, next)
            }
        }
    }

    /// The keys, and what they lead to.
    pub(super) fn children(&self) -> impl Iterator<Item = (&[u8], &KeyTree)> {
        self.children.iter().map(|(key, tree)| (&key[..], tree))
    }

    /// The number of the wanted value that this path leads to.
    pub(super) fn wanted(&self) -> Option<usize> {
        self.wanted
    }

    /// The number of the wanted value under a key.
    pub(super) fn number_of(&self, key: &[u8]) -> Option<usize> {
        self.child(key).and_then(|tree| tree.wanted)
    }

    #[cold]
    fn child_of_escaped(&self, written: &[u8]) -> Option<&KeyTree> {
        self.child(&unescaped(written))
    }

    #[inline]
    fn child(&self, key: &[u8]) -> Option<&KeyTree> {
        let alike = &self.by_length[key.len().min(KEY_LENGTHS - 1)];
        alike.iter().map(|&at| &self.children[at as usize]).find(|(k, _)| is_same(k, key)).map(|(_, tree)| tree)
    }
}

/// Whether two keys are equal: those of 8 to 16 bytes, as most are, by two words each.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let ends = |key: &[u8]| Some((u64::from_le_bytes(*key.first_chunk()?), u64::from_le_bytes(*key.last_chunk()?)));
    match (ends(one), ends(other)) {
        _ if one.len() != other.len() => false,
        (Some(one_ends), Some(other_ends)) => one_ends == other_ends && (one.len() <= 16 || one == other),
        _ => one.iter().eq(other),
    }
}

/// How far it is to the first quote or backslash.
#[inline]
fn text_length(bytes: &[u8]) -> Option<usize> {
    // Most texts are shorter than what it takes to call a search.
    let (chunks, _) = bytes.as_chunks::<{ words::WORD_BYTES }>();
    for (chunk, at) in chunks.iter().take(SHORT_WORDS).zip((0..).step_by(words::WORD_BYTES)) {
        let word = u64::from_le_bytes(*chunk);
        let found = words::first_equal(word, b'"') | words::first_equal(word, b'\\');
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
    }
    let from = chunks.len().min(SHORT_WORDS) * words::WORD_BYTES;
    memchr2(b'"', b'\\', &bytes[from..]).map(|found| from + found)
}

/// So many words of a text are looked at one by one.
const SHORT_WORDS: usize = 4;

/// Reads a line as one object into `values` (one per wanted path; the last of equal keys counts). The error is the byte
/// where the line stops being JSON.
pub(super) fn read_object(line: &[u8], tree: &KeyTree, values: &mut [JsonValue]) -> Result<(), usize> {
    values.fill(JsonValue::ABSENT);
    Cursor { line, at: 0, trace: None }.whole(tree, values)
}

/// A value of a line that is no object and no array, where it stands, without the quotes of a string.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traced {
    pub(super) kind: JsonKind,
    pub(super) from: usize,
    pub(super) to: usize,
    /// The number of the wanted value that it is.
    pub(super) wanted: Option<usize>,
}

impl Traced {
    /// Whether it is a string.
    pub(super) fn is_quoted(&self) -> bool {
        matches!(self.kind, JsonKind::Text | JsonKind::Escaped)
    }
}

/// All values of a line in their order, but for objects and arrays; none where it is not JSON, or a whole object or array is wanted
/// for more than being there.
pub(super) fn trace(line: &[u8], wanted: &Wanted) -> Option<Vec<Traced>> {
    let mut values = vec![JsonValue::ABSENT; wanted.count];
    let mut cursor = Cursor { line, at: 0, trace: Some(Vec::new()) };
    cursor.whole(&wanted.tree, &mut values).ok()?;
    let is_scalar = |field: &usize| values[*field].kind != JsonKind::Nested;
    cursor.trace.filter(|_| wanted.fields.iter().all(is_scalar))
}

struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
    trace: Option<Vec<Traced>>,
}

impl Cursor<'_> {
    /// Reads a line that is one object.
    fn whole(&mut self, tree: &KeyTree, values: &mut [JsonValue]) -> Result<(), usize> {
        self.blanks();
        if self.peek() != Some(b'{') {
            return Err(self.at);
        }
        self.value(Some(tree), values, 0)?;
        self.blanks();
        if self.at == self.line.len() { Ok(()) } else { Err(self.at) }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    #[inline]
    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), usize> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.at)
        }
    }

    /// Reads any value; notes it when its path is wanted.
    fn value(&mut self, tree: Option<&KeyTree>, values: &mut [JsonValue], depth: usize) -> Result<(), usize> {
        self.blanks();
        let from = self.at;
        let read = match self.peek() {
            Some(b'"') => self.string()?,
            Some(b'{') => self.object(tree, values, depth)?,
            Some(b'[') => self.array(tree, values, depth)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word(b"true", JsonKind::Bool)?,
            Some(b'f') => self.word(b"false", JsonKind::Bool)?,
            Some(b'n') => self.word(b"null", JsonKind::Null)?,
            _ => return Err(from),
        };
        let wanted = tree.and_then(|tree| tree.wanted);
        if let Some(wanted) = wanted {
            values[wanted] = read;
        }
        if let Some(trace) = self.trace.as_mut().filter(|_| read.kind != JsonKind::Nested) {
            trace.push(Traced { kind: read.kind, from: read.from as usize, to: read.to as usize, wanted });
        }
        Ok(())
    }

    fn object(&mut self, tree: Option<&KeyTree>, values: &mut [JsonValue], depth: usize) -> Result<JsonValue, usize> {
        let from = self.open(depth)?;
        self.blanks();
        if self.peek() == Some(b'}') {
            return Ok(self.close(from));
        }
        loop {
            self.blanks();
            let key = self.string()?;
            self.blanks();
            self.expect(b':')?;
            let written = &self.line[key.from as usize..key.to as usize];
            let child = tree.and_then(|tree| match key.kind {
                JsonKind::Escaped => tree.child_of_escaped(written),
                _ => tree.child(written),
            });
            self.value(child, values, depth + 1)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => return Ok(self.close(from)),
                _ => return Err(self.at),
            }
        }
    }

    /// An array; a path may name its elements by number (`headers.User-Agent.0`).
    fn array(&mut self, tree: Option<&KeyTree>, values: &mut [JsonValue], depth: usize) -> Result<JsonValue, usize> {
        let from = self.open(depth)?;
        self.blanks();
        if self.peek() == Some(b']') {
            return Ok(self.close(from));
        }
        for index in 0usize.. {
            let child = tree.filter(|tree| !tree.children.is_empty()).and_then(|tree| tree.child(index.to_string().as_bytes()));
            self.value(child, values, depth + 1)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.at),
            }
        }
        Ok(self.close(from))
    }

    fn open(&mut self, depth: usize) -> Result<usize, usize> {
        if depth >= DEPTH_MAX {
            return Err(self.at);
        }
        self.at += 1;
        Ok(self.at - 1)
    }

    fn close(&mut self, from: usize) -> JsonValue {
        self.at += 1;
        JsonValue { kind: JsonKind::Nested, from: from as u32, to: self.at as u32 }
    }

    #[inline]
    fn string(&mut self) -> Result<JsonValue, usize> {
        self.expect(b'"')?;
        let from = self.at;
        let mut kind = JsonKind::Text;
        loop {
            let found = text_length(&self.line[self.at..]).ok_or(self.line.len())?;
            self.at += found;
            if self.line[self.at] == b'"' {
                self.at += 1;
                return Ok(JsonValue { kind, from: from as u32, to: self.at as u32 - 1 });
            }
            kind = JsonKind::Escaped;
            self.at += 2;
            if self.at > self.line.len() {
                return Err(self.line.len());
            }
        }
    }

    #[inline]
    fn number(&mut self) -> Result<JsonValue, usize> {
        let from = self.at;
        let length = number_length(&self.line[from..]);
        self.at += length;
        if length == 0 { Err(from) } else { Ok(JsonValue { kind: JsonKind::Number, from: from as u32, to: self.at as u32 }) }
    }

    fn word(&mut self, word: &[u8], kind: JsonKind) -> Result<JsonValue, usize> {
        let from = self.at;
        if !self.line[from..].starts_with(word) {
            return Err(from);
        }
        self.at += word.len();
        Ok(JsonValue { kind, from: from as u32, to: self.at as u32 })
    }
}

/// The length of the JSON number at the beginning of `bytes`, 0 if there is none. Leading zeros are let pass: nginx prints
/// status `000`.
pub(super) fn number_length(bytes: &[u8]) -> usize {
    let digits = |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(sign);
    if whole == 0 {
        return 0;
    }
    let mut length = sign + whole;
    if bytes.get(length) == Some(&b'.') {
        match digits(length + 1) {
            0 => return 0,
            fraction => length += 1 + fraction,
        }
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        match digits(length + 1 + sign) {
            0 => return 0,
            exponent => length += 1 + sign + exponent,
        }
    }
    length
}

#[cold]
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut into = Vec::new();
    unescape(text, &mut into);
    into
}

/// The text of a JSON string with its escapes undone, appended to `into`. A broken escape is kept as it is written; half a
/// surrogate pair becomes U+FFFD.
pub(super) fn unescape(text: &[u8], into: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        into.extend_from_slice(&rest[..at]);
        let (length, replacement) = escape(&rest[at..]);
        match replacement {
            Some(c) => into.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            None => into.extend_from_slice(&rest[at..at + length]),
        }
        rest = &rest[at + length..];
    }
    into.extend_from_slice(rest);
}

/// The text of a JSON string that begins here, with its escapes undone, appended to `into`; where its quote stands. None if that is among the
/// last bytes or not there, or an escape is broken.
pub(super) fn unescape_string(bytes: &[u8], into: &mut Vec<u8>) -> Option<usize> {
    let (mut at, mut to) = (0, into.len());
    // Nothing is shorter than what it stands for.
    into.resize(to + bytes.len() + words::WORD_BYTES, 0);
    loop {
        let chunk: &[u8; words::WORD_BYTES] = bytes.get(at..)?.first_chunk()?;
        into[to..to + words::WORD_BYTES].copy_from_slice(chunk);
        let word = u64::from_le_bytes(*chunk);
        let found = words::first_equal(word, b'"') | words::first_equal(word, b'\\');
        let run = (found.trailing_zeros() / 8) as usize;
        (at, to) = (at + run, to + run);
        if run == words::WORD_BYTES {
            continue;
        }
        if bytes[at] == b'"' {
            into.truncate(to);
            return Some(at);
        }
        let simple = match bytes.get(at + 1)? {
            b'"' => b'"',
            b'n' => b'\n',
            _ => {
                let (length, c) = escape(&bytes[at..]);
                let mut utf8 = [0; 4];
                let text = c?.encode_utf8(&mut utf8).as_bytes();
                into[to..to + text.len()].copy_from_slice(text);
                (at, to) = (at + length, to + text.len());
                continue;
            }
        };
        into[to] = simple;
        (at, to) = (at + 2, to + 1);
    }
}

/// The escape at the beginning of `bytes`: its length and what it stands for.
fn escape(bytes: &[u8]) -> (usize, Option<char>) {
    let simple = |c| (2, Some(c));
    match bytes.get(1) {
        Some(b'n') => simple('\n'),
        Some(b't') => simple('\t'),
        Some(b'r') => simple('\r'),
        Some(b'b') => simple('\u{8}'),
        Some(b'f') => simple('\u{c}'),
        Some(&c @ (b'"' | b'\\' | b'/')) => simple(char::from(c)),
        Some(b'u') => match (hex4(bytes, 2), hex4(bytes, 8).filter(|_| bytes.get(6..8) == Some(b"\\u"))) {
            (Some(high @ 0xd800..0xdc00), Some(low @ 0xdc00..0xe000)) => {
                (12, char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)))
            }
            (Some(code), _) => (6, Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))),
            (None, _) => (2, None),
        },
        Some(_) => (2, None),
        None => (1, None),
    }
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |sum, &b| Some(sum * 16 + char::from(b).to_digit(16)?))
}

/// The wanted paths of a mapping: the tree, and for each of its fields and conditions the number of its value.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) tree: KeyTree,
    /// The value of each field: those of the mapping, then the extra ones.
    pub(super) fields: Vec<usize>,
    /// The name of each field.
    pub(super) names: Vec<String>,
    conditions: Vec<usize>,
    count: usize,
}

impl Wanted {
    /// The paths of a mapping, and others that somebody named.
    pub(super) fn of(map: &JsonMap, extra: &[Vec<String>]) -> Wanted {
        let mut wanted =
            Wanted { tree: KeyTree::default(), fields: Vec::new(), names: Vec::new(), conditions: Vec::new(), count: 0 };
        // Names of pairs have no parts.
        let key = |path: &[String]| match map.keyed {
            Keyed::Logfmt => vec![path.join(".")],
            Keyed::Json | Keyed::W3c(_) => path.to_vec(),
        };
        for path in map.fields.iter().map(|field| &field.path).chain(extra) {
            wanted.fields.push(wanted.tree.want(&key(path), &mut wanted.count));
            wanted.names.push(path.join("."));
        }
        for condition in &map.only_if {
            wanted.conditions.push(wanted.tree.want(&key(&condition.path), &mut wanted.count));
        }
        wanted
    }

    /// The values on whose text a condition depends.
    pub(super) fn tested(&self, conditions: &[JsonCondition]) -> Vec<usize> {
        self.of_conditions(conditions, |prefix| !prefix.is_empty())
    }

    /// The values that must be there for a condition, whatever they are.
    pub(super) fn asked(&self, conditions: &[JsonCondition]) -> Vec<usize> {
        self.of_conditions(conditions, str::is_empty)
    }

    fn of_conditions(&self, conditions: &[JsonCondition], is_meant: impl Fn(&str) -> bool) -> Vec<usize> {
        let meant = conditions.iter().zip(&self.conditions).filter(|(condition, _)| is_meant(&condition.prefix));
        meant.map(|(_, &value)| value).collect()
    }

    /// How many values are wanted.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Whether the object is an access line.
    pub(super) fn holds(&self, conditions: &[JsonCondition], line: &[u8], values: &[JsonValue]) -> bool {
        conditions.iter().zip(&self.conditions).all(|(condition, &value)| {
            let value = values[value];
            let begins = |text: &[u8]| text.starts_with(condition.prefix.as_bytes());
            let text = &line[value.from as usize..value.to as usize];
            match value.kind {
                JsonKind::Absent => false,
                _ if condition.prefix.is_empty() => true,
                JsonKind::Text => begins(text),
                JsonKind::Escaped => begins(&unescaped(text)),
                _ => false,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &[u8], paths: &[&str]) -> Result<Vec<String>, usize> {
        let (mut tree, mut count) = (KeyTree::default(), 0);
        for path in paths {
            tree.want(&path.split('.').map(str::to_owned).collect::<Vec<_>>(), &mut count);
        }
        let mut values = vec![JsonValue::ABSENT; count];
        read_object(line, &tree, &mut values)?;
        Ok(values
            .iter()
            .map(|v| format!("{:?} {}", v.kind, String::from_utf8_lossy(&line[v.from as usize..v.to as usize])))
            .collect())
    }

    #[test]
    fn values_by_path() {
        let line = br#" {"a":{"b":[1,{"c":"x\"y"}],"b.c":true}, "n": -1.5e-3 ,"a2":null,"n":7} "#;
        let got = read(line, &["a.b.1.c", "n", "a2", "zz", "a.b"]).unwrap();
        assert_eq!(got, ["Escaped x\\\"y", "Number 7", "Null null", "Absent ", "Nested [1,{\"c\":\"x\\\"y\"}]"]);
    }

    #[test]
    fn a_key_is_what_its_escapes_stand_for() {
        let line = br#"{"stat\u0075s":200,"\u0061":{"b\/c":1},"x\u0000y":2,"\ud83d\ude00":3,"a\u006":4,"d":5,"\u0064":6}"#;
        let got = read(line, &["status", "a.b/c", "x\0y", "😀", "a\\u006", "d"]).unwrap();
        assert_eq!(got, ["Number 200", "Number 1", "Number 2", "Number 3", "Number 4", "Number 6"]);
    }

    #[test]
    fn broken_lines_say_where() {
        for (line, at) in [
            ("{", 1),
            ("{}x", 2),
            ("[]", 0),
            ("", 0),
            (r#"{"a":1,}"#, 7),
            (r#"{"a" 1}"#, 5),
            (r#"{"a":"b"#, 7),
            (r#"{"a":01.}"#, 5),
            (r#"{"a":tru}"#, 5),
            (r#"{"a":[1,2}"#, 9),
            (r#"{"a":"\"#, 7),
        ] {
            assert_eq!(read(line.as_bytes(), &["a"]), Err(at), "{line}");
        }
        assert!(read(("{\"a\":".repeat(70) + "1").as_bytes(), &[]).is_err());
    }

    proptest! {
        #[test]
        fn it_reads_what_serde_json_writes(text in ".*", number in any::<f64>().prop_filter("finite", |f| f.is_finite()), key in "k[a-z.$ ]{0,8}") {
            let line = serde_json::json!({"x": {&key: text, "n": number}, "z": [text]}).to_string();
            let (mut tree, mut count) = (KeyTree::default(), 0);
            tree.want(&["x".into(), key], &mut count);
            tree.want(&["x".into(), "n".into()], &mut count);
            let mut values = vec![JsonValue::ABSENT; 2];
            prop_assert!(read_object(line.as_bytes(), &tree, &mut values).is_ok());
            let raw = |v: JsonValue| &line.as_bytes()[v.from as usize..v.to as usize];
            let mut unescaped = Vec::new();
            unescape(raw(values[0]), &mut unescaped);
            prop_assert!(values[0].kind == JsonKind::Text && raw(values[0]) == text.as_bytes() || unescaped == text.as_bytes());
            prop_assert_eq!(std::str::from_utf8(raw(values[1])).unwrap().parse::<f64>().unwrap(), number);
        }

        #[test]
        fn any_bytes_are_read_or_refused(line in proptest::collection::vec(prop_oneof![Just(b'{'), Just(b'"'), Just(b'\\'), Just(b':'), Just(b','), Just(b'}'), Just(b'['), Just(b']'), Just(b'1'), any::<u8>()], 0..80)) {
            let accepted = read(&line, &["a", "1"]).is_ok();
            if serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&line).is_ok() {
                prop_assert!(accepted);
            }
        }
    }
}
