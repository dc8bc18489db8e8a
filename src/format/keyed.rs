//! Lines whose values have names: those of a `#Fields` header (W3C), or names before them (logfmt).
//!
//! W3C, <https://www.w3.org/TR/WD-logfile.html>: fields are divided by blanks or tabs, a value that holds blanks stands in quotes, in which a
//! quote is doubled. `#Fields` may come again at any time, and says what follows; `#Date` has the date of lines that have only a time, and
//! `#Software` the writer, whom the columns alone do not always tell.
//!
//! logfmt, as its first writers have it (<https://brandur.org/logfmt>): `key=value key="a value with \"escapes\"" flag`.

use super::W3cWriter;
use super::json_read::{JsonKind, JsonValue, KeyTree, Traced};
use super::words::has_shape;

/// What the directives of a W3C log said last.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    /// For each column, the number of the wanted value that it is.
    columns: Vec<Option<usize>>,
    /// The columns and the wanted value of a date and a time that are one timestamp.
    stamp: Option<Stamp>,
    /// The date of `#Date`.
    date: Vec<u8>,
    /// Whether a column is a status.
    has_status: bool,
    /// Who has such columns.
    by_columns: Option<W3cWriter>,
    /// Whether the columns are those of IIS where nobody chose, or all were chosen, for want of a `#Fields`.
    is_assumed: bool,
    /// Whether `#Software` names Microsoft. It decides where it is there: IIS need not log what only it has, and others use names of its
    /// fields for values that may mean something else.
    is_microsofts: Option<bool>,
}

#[derive(Clone, Copy, Debug)]
struct Stamp {
    date: Option<usize>,
    time: usize,
    wanted: usize,
}

/// The columns of lines in which each value stands between two dividers.
pub(super) struct Columns {
    /// The blank or the tab.
    pub(super) divider: u8,
    /// For each column, the number of the wanted value that it is; a timestamp's is that of its date.
    pub(super) wanted: Vec<Option<usize>>,
    /// The column of the date whose time stands in the next one.
    pub(super) stamp: Option<usize>,
}

impl Header {
    /// The columns, if a line like this one, which was read by them, has each between two dividers.
    pub(super) fn columns_like(&self, line: &[u8]) -> Option<Columns> {
        let divider = line.iter().copied().find(|b| matches!(b, b' ' | b'\t'))?;
        let mut wanted = self.columns.clone();
        let mut date = None;
        if let Some(stamp) = self.stamp {
            date = stamp.date.filter(|&date| date + 1 == stamp.time);
            *wanted.get_mut(date?)? = Some(stamp.wanted);
        }
        Some(Columns { divider, wanted, stamp: date })
    }

    /// Whether the fields are such as this writer has them.
    pub(super) fn is_of(&self, writer: W3cWriter) -> bool {
        let told = self.by_columns.map(|by_columns| match (by_columns, self.is_microsofts) {
            (W3cWriter::CloudFront, _) => W3cWriter::CloudFront,
            (_, Some(true)) => W3cWriter::Iis,
            (_, Some(false)) => W3cWriter::Any,
            (by_columns, None) => by_columns,
        });
        told == Some(writer)
    }

    /// Takes note of a line that begins with `#`.
    pub(super) fn directive(&mut self, line: &[u8], tree: &KeyTree) {
        if let Some(date) = line.strip_prefix(b"#Date:") {
            self.date = date.trim_ascii_start().iter().copied().take(10).collect();
        }
        if let Some(software) = line.strip_prefix(b"#Software:") {
            let is_iis = |name: &&[u8]| memchr::memmem::find(software, name).is_some();
            self.is_microsofts = Some([&b"Microsoft"[..], b"IIS"].iter().any(is_iis));
        }
        if let Some(fields) = line.strip_prefix(b"#Fields:") {
            self.is_assumed = false;
            self.take_fields(fields, tree);
        }
    }

    /// Takes the columns that IIS has by default, or all of them, where no line has said what they are, and this one has as many; whether it did.
    /// A log that was divided has its header in its first part alone.
    pub(super) fn assume(&mut self, line: &[u8], tree: &KeyTree) -> bool {
        if self.by_columns.is_some() && !self.is_assumed || !begins_with_stamp(line) {
            return false;
        }
        let count = count_values(line);
        let Some(fields) = IIS_COLUMNS.iter().find(|fields| fields.split(' ').count() == count && count != self.columns.len())
        else {
            return false;
        };
        self.is_assumed = true;
        self.take_fields(fields.as_bytes(), tree);
        true
    }

    /// Takes the names of columns.
    fn take_fields(&mut self, fields: &[u8], tree: &KeyTree) {
        let names: Vec<&[u8]> = fields.split(u8::is_ascii_whitespace).filter(|name| !name.is_empty()).collect();
        self.columns = names.iter().map(|name| tree.number_of(name)).collect();
        let place = |wanted: &str| names.iter().position(|name| *name == wanted.as_bytes());
        let stamp = |date: &str, time: &str| {
            let wanted = tree.number_of(format!("{date} {time}").as_bytes())?;
            Some(Stamp { date: place(date), time: place(time)?, wanted })
        };
        self.stamp = stamp("date", "time").or_else(|| stamp("date-local", "time-local"));
        let has = |of: &[&str]| of.iter().any(|name| place(name).is_some());
        self.has_status = has(&["sc-status", "c-status"]);
        self.by_columns = Some(if has(&["x-edge-location", "x-edge-request-id", "x-edge-result-type"]) {
            W3cWriter::CloudFront
        } else if has(&IIS_FIELDS) {
            W3cWriter::Iis
        } else {
            W3cWriter::Any
        });
    }

    /// Reads a line by the columns; the error is the byte where it stops fitting them.
    pub(super) fn read(&self, line: &[u8], values: &mut [JsonValue], scratch: &mut Vec<u8>) -> Result<(), usize> {
        values.fill(JsonValue::ABSENT);
        let mut places = [(0, 0); COLUMNS_MAX];
        let count = self.columns.len();
        if count == 0 || count > COLUMNS_MAX {
            return Err(0);
        }
        let mut at = 0;
        for place in &mut places[..count] {
            *place = value_at(line, at).ok_or(at)?;
            at = place.1 + usize::from(line.get(place.1) == Some(&b'"'));
        }
        // Something stands where it should not, or nobody has said what stands behind: where no column is a status, nothing hangs on it.
        if self.has_status && line[at..].iter().any(|b| !b.is_ascii_whitespace()) {
            return Err(at);
        }
        for (column, (from, to)) in self.columns.iter().zip(places) {
            if let Some(wanted) = column {
                values[*wanted] = JsonValue { kind: JsonKind::Text, from: from as u32, to: to as u32 };
            }
        }
        self.compose(line, &places, values, scratch);
        Ok(())
    }

    /// Puts date and time together.
    fn compose(&self, line: &[u8], places: &[(usize, usize)], values: &mut [JsonValue], scratch: &mut Vec<u8>) {
        let Some(stamp) = self.stamp else { return };
        let text = |column: usize| &line[places[column].0..places[column].1];
        let from = scratch.len() as u32;
        scratch.extend_from_slice(stamp.date.map_or(&self.date, text));
        scratch.push(b'T');
        scratch.extend_from_slice(text(stamp.time));
        values[stamp.wanted] = JsonValue { kind: JsonKind::Composed, from, to: scratch.len() as u32 };
    }
}

/// Columns that a header may have; the widest known one has about 50.
const COLUMNS_MAX: usize = 128;

/// Fields that IIS has (<https://learn.microsoft.com/en-us/windows/win32/http/w3c-logging>), and the draft of W3C has not.
const IIS_FIELDS: [&str; 8] =
    ["s-sitename", "s-computername", "s-ip", "s-port", "cs-username", "sc-substatus", "sc-win32-status", "TimeTakenMS"];

/// What IIS logs in the order in which it writes: where nobody chose, up to 7.5 and from 8 on (`logExtFileFlags` in its
/// applicationHost.config); for Azure's App Service (<https://learn.microsoft.com/en-us/azure/app-service/troubleshoot-diagnostic-logs>); and
/// where all of it was chosen.
const IIS_COLUMNS: [&str; 4] = [
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken",
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus \
     sc-win32-status time-taken",
    "date time s-sitename cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status \
     sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
    "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) \
     cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
];

/// Whether a line begins with a date and a time, as IIS writes them.
pub(super) fn begins_with_stamp(line: &[u8]) -> bool {
    const STAMP: &[u8] = b"0000-00-00 00:00:00 ";
    line.len() > STAMP.len() && has_shape(&line[..STAMP.len()], STAMP)
}

/// How many values a line has; none if a quote is not closed.
fn count_values(line: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while line[at..].iter().any(|b| !b.is_ascii_whitespace()) {
        let Some((_, to)) = value_at(line, at) else { return 0 };
        at = to + usize::from(line.get(to) == Some(&b'"'));
        count += 1;
    }
    count
}

/// Where the next value stands, without its quotes.
fn value_at(line: &[u8], at: usize) -> Option<(usize, usize)> {
    // Between tabs a value may be empty, and hold blanks without quotes.
    if at > 0 && line.get(at) == Some(&b'\t') {
        if line.get(at + 1) == Some(&b'"')
            && let Some(end) = closing_quote(line, at + 2).filter(|&end| matches!(line.get(end + 1), None | Some(b'\t')))
        {
            return Some((at + 2, end));
        }
        let to = memchr::memchr(b'\t', &line[at + 1..]).map_or(line.len(), |length| at + 1 + length);
        return Some((at + 1, to));
    }
    let from = at + line[at..].iter().take_while(|&&b| b == b' ').count();
    match line.get(from)? {
        b'"' => Some((from + 1, closing_quote(line, from + 1)?)),
        _ => Some((from, from + line[from..].iter().take_while(|b| !matches!(b, b' ' | b'\t')).count())),
    }
}

/// The quote that is not doubled.
fn closing_quote(line: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr(b'"', &line[at..])?;
        match line.get(at + 1) {
            Some(b'"') => at += 2,
            _ => return Some(at),
        }
    }
}

/// Reads a line of logfmt into the wanted values, of equal names the last; the error is the byte where a quote is not closed, or 0 where
/// no pair stands.
pub(super) fn logfmt(line: &[u8], tree: &KeyTree, values: &mut [JsonValue]) -> Result<(), usize> {
    values.fill(JsonValue::ABSENT);
    let mut count = 0;
    for pair in (Pairs { line, at: 0 }) {
        let Pair { name, value } = pair?;
        if let Some(wanted) = tree.number_of(name) {
            values[wanted] = value;
        }
        count += 1;
    }
    if count > 0 { Ok(()) } else { Err(0) }
}

/// All values of a line of logfmt in their order; none where a quote is not closed.
pub(super) fn trace(line: &[u8], tree: &KeyTree) -> Option<Vec<Traced>> {
    let traced = |Pair { name, value: JsonValue { kind, from, to } }: Pair| Traced {
        kind,
        from: from as usize,
        to: to as usize,
        wanted: tree.number_of(name),
    };
    Pairs { line, at: 0 }.map(|pair| pair.ok().map(traced)).collect()
}

/// The names of a line of logfmt; none where a quote is not closed.
pub(super) fn names(line: &[u8]) -> Option<Vec<&[u8]>> {
    Pairs { line, at: 0 }.map(|pair| pair.ok().map(|pair| pair.name)).collect()
}

/// The pairs of a line of logfmt; the error is the byte where a quote is not closed. What is no pair is passed over.
struct Pairs<'a> {
    line: &'a [u8],
    at: usize,
}

struct Pair<'a> {
    name: &'a [u8],
    value: JsonValue,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Result<Pair<'a>, usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.line;
        while let Some(&first) = line.get(self.at) {
            if first <= b' ' {
                self.at += 1;
                continue;
            }
            let name_end = self.at + line[self.at..].iter().take_while(|&&b| b > b' ' && b != b'=').count();
            let name = &line[self.at..name_end];
            if line.get(name_end) != Some(&b'=') {
                self.at = name_end;
                continue;
            }
            return Some(match logfmt_value(line, name_end + 1) {
                Ok((value, next)) => {
                    self.at = next;
                    Ok(Pair { name, value })
                }
                Err(quote) => {
                    self.at = line.len();
                    Err(quote)
                }
            });
        }
        None
    }
}

/// Whether a line of logfmt begins with a pair, and not with words.
pub(super) fn begins_with_pair(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let name = line.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@')).count();
    name > 0 && line.get(name) == Some(&b'=')
}

fn logfmt_value(line: &[u8], from: usize) -> Result<(JsonValue, usize), usize> {
    if line.get(from) != Some(&b'"') {
        let to = from + line[from..].iter().take_while(|&&b| b > b' ').count();
        return Ok((JsonValue { kind: JsonKind::Text, from: from as u32, to: to as u32 }, to));
    }
    let (mut at, mut kind) = (from + 1, JsonKind::Text);
    loop {
        match line.get(at) {
            Some(b'"') => return Ok((JsonValue { kind, from: from as u32 + 1, to: at as u32 }, at + 1)),
            Some(b'\\') => (at, kind) = (at + 2, JsonKind::Escaped),
            Some(_) => at += 1,
            None => return Err(from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(keys: &[&str]) -> (KeyTree, Vec<JsonValue>) {
        let (mut tree, mut count) = (KeyTree::default(), 0);
        keys.iter().for_each(|key| _ = tree.want(&[(*key).to_owned()], &mut count));
        (tree, vec![JsonValue::ABSENT; count])
    }

    fn text<'a>(value: JsonValue, line: &'a str, scratch: &'a [u8]) -> &'a str {
        let range = value.from as usize..value.to as usize;
        match value.kind {
            JsonKind::Absent => "absent",
            JsonKind::Composed => std::str::from_utf8(&scratch[range]).unwrap(),
            _ => &line[range],
        }
    }

    fn w3c(directives: &[&str], line: &str) -> Result<Vec<String>, usize> {
        let (tree, mut values) = tree(&["date time", "cs-uri-stem", "cs(Cookie)", "sc-status", "time-taken"]);
        let (mut header, mut scratch) = (Header::default(), Vec::new());
        directives.iter().for_each(|directive| header.directive(directive.as_bytes(), &tree));
        header.read(line.as_bytes(), &mut values, &mut scratch)?;
        Ok(values.iter().map(|value| text(*value, line, &scratch).to_owned()).collect())
    }

    #[test]
    fn columns_are_those_of_the_last_header() {
        let fields = "#Fields: date time cs-uri-stem cs(Cookie) sc-status x time-taken";
        let line = r#"2026-11-01 10:00:00 /cart "a ""b"" c" 200 - 42"#;
        let want = ["2026-11-01T10:00:00", "/cart", r#"a ""b"" c"#, "200", "42"];
        assert_eq!(w3c(&[fields], line).unwrap(), want);
        assert_eq!(w3c(&["#Fields: sc-status", fields], &line.replace(' ', "  ")).unwrap()[3], "200");
        let want = ["2026-11-02T10:00:00", "absent", "absent", "404", "absent"];
        assert_eq!(w3c(&["#Date: 2026-11-02 09:00:00", "#Fields: time sc-status"], "10:00:00 404").unwrap(), want);
        let tabs = "#Fields: date\ttime\tcs-uri-stem\tsc-status";
        let quoted = w3c(&[tabs], "2026-11-01\t10:00:00\t\"/a \"\"b\"\"\"\t\"200\"").unwrap();
        assert_eq!((&*quoted[1], &*quoted[3]), ("/a \"\"b\"\"", "200"));
        assert_eq!(w3c(&[tabs], "2026-11-01\t10:00:00\t\"/a\" b\t200").unwrap()[1], "\"/a\" b");
        assert_eq!(w3c(&[tabs], "2026-11-01\t10:00:00\t\t000").unwrap()[1..4], ["", "absent", "000"]);
    }

    #[test]
    fn lines_of_iis_before_any_header_have_its_columns() {
        let (tree, mut values) = tree(&["date time", "cs-uri-stem", "sc-status", "time-taken"]);
        let mut header = Header::default();
        let mut read = |line: &str, directive: Option<&str>| {
            directive.iter().for_each(|directive| header.directive(directive.as_bytes(), &tree));
            header.assume(line.as_bytes(), &tree);
            let mut scratch = Vec::new();
            header.read(line.as_bytes(), &mut values, &mut scratch)?;
            Ok::<_, usize>(values.iter().map(|value| text(*value, line, &scratch).to_owned()).collect::<Vec<_>>())
        };
        let with_referer = "2026-11-01 10:00:00 ::1 GET /cart - 80 - 192.0.2.7 curl - 404 0 2 15";
        let want = ["2026-11-01T10:00:00", "/cart", "404", "15"];
        assert!(read("a b c d e f g h i j k l m n o", None).is_err());
        assert_eq!(read(with_referer, None).unwrap(), want);
        assert_eq!(read(&with_referer.replace(" - 404", " 404"), None).unwrap(), want);
        assert_eq!(read(with_referer, Some("#Date: 2026-11-02")).unwrap(), want);
        assert!(read(&format!("{with_referer} 7"), None).is_err());
        // What a header says counts, also where it says too little.
        assert!(read(with_referer, Some("#Fields: date time cs-uri-stem sc-status")).is_err());
    }

    #[test]
    fn the_directive_says_whose_columns_they_are() {
        use W3cWriter::*;
        let (plain, of_iis, of_cloudfront) = ("date time cs-uri-stem sc-status", "time s-ip sc-status", "time x-edge-location");
        let (microsoft, another) = ("#Software: Microsoft Internet Information Services 10.0", "#Software: Another Server 7");
        for (fields, software, writer) in [
            (plain, None, Any),
            (plain, Some(microsoft), Iis),
            (plain, Some(another), Any),
            (of_iis, None, Iis),
            (of_iis, Some(another), Any),
            (of_cloudfront, Some(microsoft), CloudFront),
        ] {
            let mut header = Header::default();
            let fields = format!("#Fields: {fields}");
            let directives = software.into_iter().chain([fields.as_str()]);
            directives.for_each(|directive| header.directive(directive.as_bytes(), &tree(&[]).0));
            let told: Vec<W3cWriter> = [Iis, CloudFront, Any].into_iter().filter(|of| header.is_of(*of)).collect();
            assert_eq!(told, [writer], "{fields} {software:?}");
        }
    }

    #[test]
    fn lines_that_do_not_fit_the_header_are_not_read() {
        assert_eq!(w3c(&[], "2026-11-01 200"), Err(0));
        assert_eq!(w3c(&["#Fields: sc-status time-taken"], "200"), Err(3));
        assert_eq!(w3c(&["#Fields: sc-status"], "200 7"), Err(3));
        assert_eq!(w3c(&["#Fields: sc-status"], "\"200"), Err(0));
    }

    #[test]
    fn pairs_of_logfmt() {
        let (tree, mut values) = tree(&["path", "status", "msg"]);
        let line = r#"level=info  path=/a?b=c flag status= msg="say \"hi\"""#;
        logfmt(line.as_bytes(), &tree, &mut values).unwrap();
        let read: Vec<&str> = values.iter().map(|value| text(*value, line, b"")).collect();
        assert_eq!(read, ["/a?b=c", "", r#"say \"hi\""#]);
        assert_eq!(logfmt(b"only words", &tree, &mut values), Err(0));
        let begins = |line: &str| begins_with_pair(line.as_bytes());
        assert!(begins(line) && begins(" a=") && !begins("GET /?a=b") && !begins("/?a=b") && !begins("=b"));
        assert_eq!(logfmt(br#"a="b"#, &tree, &mut values), Err(2));
        assert_eq!(logfmt(br#"a="b\"#, &tree, &mut values), Err(2));
    }
}
