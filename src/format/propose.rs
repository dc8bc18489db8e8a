//! Proposing a format string for lines that no known format reads.
//!
//! What a token is shows in its form: an address, a time, a request, a status. A number whose meaning and unit do not show becomes a
//! field with a name of its own, for the user to declare. A proposal is made only if it reads the lines.

use jiff::tz::TimeZone;

use super::Format;
use super::extract::Extractor;
use crate::record::Outcome;

/// Lines that are spelled until one of them tells the rest.
const LINES_SPELLED_MAX: usize = 20;

/// Fields that a proposal may have.
const FIELDS_MAX: usize = 64;

/// An nginx string that reads all of these lines, if their forms tell one.
pub fn string(lines: &[&[u8]]) -> Option<String> {
    let spelled = lines.iter().take(LINES_SPELLED_MAX).filter_map(|line| spell(std::str::from_utf8(line).ok()?));
    spelled.into_iter().find(|proposal| reads(proposal, lines) == Some(true))
}

/// Whether a format string reads all of these lines; none if it is none.
fn reads(proposal: &str, lines: &[&[u8]]) -> Option<bool> {
    let format = Format::parse(proposal).ok()?;
    let extractor = Extractor::bind(&format, &[], Some(&TimeZone::UTC)).ok()?;
    let mut reader = extractor.reader("");
    Some(lines.iter().all(|line| extractor.read(line, &mut reader) == Outcome::Event))
}

/// What was spelled so far.
#[derive(Default)]
struct Speller {
    text: String,
    fields: usize,
    has_request: bool,
    has_status: bool,
    has_bytes: bool,
    has_address: bool,
    has_time: bool,
    quoted: usize,
    /// Whether quoted values have names before them.
    has_names: bool,
    /// Names that were given.
    names: Vec<String>,
}

fn spell(line: &str) -> Option<String> {
    let mut speller = Speller::default();
    let (mut rest, mut label) = (line, None);
    while !rest.is_empty() {
        if speller.fields > FIELDS_MAX {
            return None;
        }
        let first = rest.chars().next()?;
        rest = match first {
            '"' => {
                let end = closing_quote(&rest[1..])?;
                let field = speller.quoted_field(label.take(), &rest[1..1 + end], &rest[end + 2..]);
                speller.text.push_str(&format!("\"{field}\""));
                &rest[end + 2..]
            }
            '[' => {
                let end = rest.find(']')?;
                let field = speller.bracketed_field(&rest[1..end]);
                speller.text.push_str(&format!("[{field}]"));
                &rest[end + 1..]
            }
            c if is_divider(c) => {
                // A dollar would begin a variable.
                speller.text.push(if c == '$' { return None } else { c });
                &rest[c.len_utf8()..]
            }
            _ => {
                let end = rest.find(is_divider).unwrap_or(rest.len());
                if let Some(name) = rest[..end].strip_suffix('=').filter(|name| !name.is_empty() && rest[end..].starts_with('"'))
                {
                    label = Some(name);
                    speller.text.push_str(&rest[..end]);
                    rest = &rest[end..];
                    continue;
                }
                let (name, value) = match rest[..end].split_once('=') {
                    Some((name, value)) if !name.is_empty() && !value.is_empty() => (Some(name), value),
                    _ => (None, &rest[..end]),
                };
                let field = speller.word(name, value);
                let prefix = name.map_or(String::new(), |name| format!("{name}="));
                speller.text.push_str(&format!("{prefix}{field}"));
                &rest[end..]
            }
        };
    }
    (speller.has_time && speller.has_status).then_some(speller.text)
}

fn is_divider(c: char) -> bool {
    c.is_ascii_whitespace() || matches!(c, '"' | '[' | ']' | '|' | ';' | '$' | '(' | ')')
}

/// Four numbers with dots between, or hexadecimal ones with colons.
fn is_address(text: &str) -> bool {
    let is_v4 = text.split('.').count() == 4 && text.split('.').all(|part| part.parse::<u8>().is_ok());
    let is_v6 = text.matches(':').count() >= 2 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
    is_v4 || is_v6
}

/// Whether a status stands there, behind a blank.
fn begins_with_status(text: &str) -> bool {
    let word = text.strip_prefix(' ').map(|rest| rest.split(is_divider).next().unwrap_or_default());
    word.is_some_and(|word| word.len() == 3 && super::number::status(word.as_bytes()).is_some())
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|b| {
        let closes = b == b'"' && !is_escaped;
        is_escaped = b == b'\\' && !is_escaped;
        closes
    })
}

impl Speller {
    fn other(&mut self, name: Option<&str>) -> String {
        self.fields += 1;
        let name = name.map(|name| format!("$my_{}", name.replace(['-', '.'], "_")));
        let is_usable =
            |name: &String| name[1..].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !self.names.contains(name);
        match name.filter(is_usable) {
            Some(name) => {
                self.names.push(name.clone());
                name
            }
            None => format!("$field{}", self.fields),
        }
    }

    /// What stands in quotes, perhaps behind `name=`. Without names, its place tells it.
    fn quoted_field(&mut self, name: Option<&str>, value: &str, behind: &str) -> String {
        // A request that is none, as scanners send them, has its status behind it all the same.
        let is_request = !self.has_request && (value.contains(" HTTP/") || begins_with_status(behind));
        self.quoted += usize::from(self.has_request);
        self.has_names |= name.is_some();
        match self.quoted {
            _ if self.has_names && !is_request => self.other(name),
            _ if is_request => {
                self.has_request = true;
                "$request".to_owned()
            }
            1 => "$http_referer".to_owned(),
            2 => "$http_user_agent".to_owned(),
            _ => self.other(None),
        }
    }

    fn bracketed_field(&mut self, value: &str) -> String {
        match time(value).filter(|_| !self.has_time) {
            Some(variable) => {
                self.has_time = true;
                variable.to_owned()
            }
            None => self.other(None),
        }
    }

    fn word(&mut self, name: Option<&str>, value: &str) -> String {
        let digits = value.bytes().all(|b| b.is_ascii_digit());
        if let Some(variable) = time(value).filter(|_| !self.has_time) {
            self.has_time = true;
            return variable.to_owned();
        }
        if !self.has_address && is_address(value) {
            self.has_address = true;
            return "$remote_addr".to_owned();
        }
        if self.has_request && !self.has_status && digits && value.len() == 3 {
            self.has_status = true;
            return "$status".to_owned();
        }
        if self.has_status && !self.has_bytes && (digits || value == "-") {
            self.has_bytes = true;
            return "$body_bytes_sent".to_owned();
        }
        self.other(name)
    }
}

/// The variable of nginx that writes times so.
fn time(text: &str) -> Option<&'static str> {
    use super::TimeText::{Clf, Iso8601};
    let reads =
        |kind| matches!(super::clock::TimeReader::new(&kind, None).read_whole(text.as_bytes()), super::clock::TimeRead::At(..));
    match text {
        _ if reads(Clf) => Some("$time_local"),
        _ if reads(Iso8601) => Some("$time_iso8601"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_its_string() {
        let line = r#"shop 192.0.2.7 [02/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 512 "-" "curl/8" rt=0.042 "10.0.0.3:80""#;
        let want = r#"$field1 $remote_addr [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" rt=$my_rt "$field3""#;
        assert_eq!(string(&[line.as_bytes()]).unwrap(), want);
        assert!(string(&[line.as_bytes(), b"something else"]).is_none());
        let named =
            r#"192.0.2.7 [02/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 512 ua="curl/8" up-time="0.042" a="-" a="b" "-""#;
        let want = r#"$remote_addr [$time_local] "$request" $status $body_bytes_sent ua="$my_ua" up-time="$my_up_time" a="$my_a" a="$field4" "$field5""#;
        assert_eq!(string(&[named.as_bytes()]).unwrap(), want);
        let scanned = line.replace("GET /a HTTP/1.1", "SSH-2.0-x");
        assert_eq!(string(&[scanned.as_bytes()]), string(&[line.as_bytes()]));
        for line in ["", "no time here 200", "$ [02/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5", "\"open"] {
            assert_eq!(string(&[line.as_bytes()]), None, "{line}");
        }
    }
}
