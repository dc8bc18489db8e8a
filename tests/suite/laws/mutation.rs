//! Lines with damage: the fast path must read them as the careful one does, whatever the format and whatever is asked for.
//!
//! Lines are made from a format string by putting values in place of its variables, some of them hostile; then bytes are
//! deleted, inserted and doubled, lines are cut and joined. What each line says comes out as groups: an indicator by every
//! field tells the fields' texts apart, and slices of a second the times. What is wanted is counted in a map, from
//! records that the careful reader made, by conditions that are evaluated here.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use slix::aggregate::accounting::Accounting;
use slix::aggregate::{Counts, Group, Partial};
use slix::format::Format;
use slix::format::extract::Extractor;
use slix::record::{Field, Kind, Need, Outcome, Record, Value};
use slix::slo::classify::Verdict;
use slix::slo::expr::{Condition, Expr, Operand};
use slix::slo::route::Routes;
use slix::slo::{Dimension, Indicator};

use super::rig::Rig;
use super::{cases, kernels, same};

/// Format strings, and presets by what their strings are in nginx's words.
const STRINGS: [(&str, &str); 23] = [
    // Unmarked literals of more than one word.
    (
        "",
        r#"client_address=$remote_addr received_at=$time_iso8601 response_status=$status request_duration=$request_time upstream_duration=$upstream_response_time end "$request""#,
    ),
    (
        "combined",
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#,
    ),
    (
        "",
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time "$upstream_response_time" $host"#,
    ),
    (
        "",
        "$time_iso8601\t$remote_addr\t$host\t$request_method\t$request_uri\t$status\t$body_bytes_sent\t$request_time\t$http_user_agent",
    ),
    ("", "$remote_addr|$time_iso8601|$request|$status|$body_bytes_sent|$request_time|$upstream_response_time|$http_user_agent"),
    (
        "ingress-nginx",
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id"#,
    ),
    (
        "vhost_combined",
        r#"$host:$server_port $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#,
    ),
    ("", r#"$request_time $remote_addr [$time_local] "$request" $status $body_bytes_sent"#),
    (
        "",
        r#"$remote_addr "$time_iso8601" "$request" "$status" "$body_bytes_sent" "$request_time" "$upstream_response_time" "$http_user_agent""#,
    ),
    ("", "$remote_addr $time_iso8601 $request_method $request_uri $status $body_bytes_sent $request_time"),
    ("", "$remote_addr [$time_local] $status $upstream_addr $upstream_status $request_time $request"),
    ("", r#"$time_local $host $status "$request" $request_time, $upstream_response_time, $body_bytes_sent"#),
    ("", r#"$msec $status $request_time $body_bytes_sent "$request" "$http_user_agent""#),
    (
        "escape=none",
        r#"$remote_addr [$time_local] "$request" $status "$http_user_agent" rt="$request_time" urt="$upstream_response_time" $host"#,
    ),
    (
        "",
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" uag="$http_user_agent" $rest"#,
    ),
    ("", r#"$status $time_iso8601 ($request_time s) <$host> $request_method:$request_uri; $body_bytes_sent."#),
    ("common", r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent"#),
    ("", r#""$request" $status $request_time [$time_local] "$http_user_agent""#),
    (
        "combined_quoted",
        r#""$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"""#,
    ),
    ("", r#"$remote_addr [$time_local] "$request_method $request_uri $rest" $status $body_bytes_sent "$http_user_agent""#),
    ("", r#"[$time_local] $host "$request_method $request_uri" $status rt=$request_time"#),
    ("", r#"<$remote_addr> $status [$time_iso8601] {$request_uri} ($http_user_agent) "#),
    (
        "",
        "time:$time_iso8601\thost:$host\treq:$request\tstatus:$status\tsize:$body_bytes_sent\treqtime:$request_time\tua:$http_user_agent",
    ),
];

/// What may stand for a variable: usual values first.
fn values_of(variable: &str) -> &'static [&'static str] {
    match variable {
        "time_local" => &[
            "01/Nov/2026:10:00:00 +0000",
            "01/Nov/2026:10:00:00 +0000",
            "01/Nov/2026:10:00:59 +0130",
            "1/Nov/2026:10:00:00 +0000",
            "31/Feb/2026:10:00:00 +0000",
            "-",
        ],
        "time_iso8601" => &[
            "2026-11-01T10:00:00+00:00",
            "2026-11-01T10:00:00Z",
            "2026-11-01T10:00:00.123456789-03:30",
            "2026-11-01 10:00:01",
            "2026-13-01T10:00:00Z",
            "-",
            "",
        ],
        "msec" => &["1793527200.123", "1793527201.999", "1793527200", "-", "", "99999999999999999999.0"],
        "request" => &[
            "GET /a/1?b=2 HTTP/1.1",
            "GET /a/2 HTTP/1.1",
            "POST /b#x?y HTTP/2.0",
            "GET http://shop.example/c?d HTTP/1.1",
            "GET /a b HTTP/1.1",
            "CONNECT shop.example:443 HTTP/1.1",
            "GET  /a HTTP/1.1",
            "GET /a",
            "-",
            "",
            r"\x16\x03\x01",
            r#"GET /\"q\" HTTP/1.1"#,
            r#"GET /"q" HTTP/1.1"#,
            r"GET /a\\ HTTP/1.1",
            "GET ? HTTP/1.1",
            "OPTIONS * HTTP/1.0",
            "GET /€ HTTP/1.1",
        ],
        "request_method" => &["GET", "POST", "-", "", "G T"],
        "request_uri" => &["/a?b=2", "/a/2", "-", "", "http://shop.example/c?d#e", "/a b", "*"],
        "status" => &[
            "200", "404", "500", "502", "000", "-", "0", "99", "1000", "20x", "", "200, 502", "-1", "0200", "200.0", "200.00",
            "200.5",
        ],
        "body_bytes_sent" | "request_length" => &["512", "0", "123456", "-", "", "511", "-5", "1.5", "99999999999999999999"],
        "upstream_response_length" => &["512", "0, 512", "-, 0", "-", "0 : 17"],
        "request_time" | "upstream_response_time" => &[
            "0.123",
            "0.000",
            "0.124",
            "1",
            "12.5",
            "-",
            "",
            "-1",
            "0.001, 0.002",
            "0.1 : -",
            "0.122, 0.001 : -",
            "9999999999999",
            "1.2.3",
            "-0.000",
            "+1",
            "0.1,0.2",
            "0.12300000001",
        ],
        "upstream_status" => &["200", "502, 200", "502 : 404, 200", "-", ""],
        "upstream_addr" => &["10.0.0.1:80", "10.0.0.1:80, 10.0.0.2:80", "10.0.0.1:80 : 10.0.0.2:80", "-", "unix:/a b"],
        "host" | "remote_addr" => &["shop.example", "192.0.2.7", "2001:db8::1", "-", "", "a b"],
        "server_port" => &["80", "443", "", "-"],
        "remote_user" => &["-", "ada", "ada b", "", "[x]", "\"\""],
        "http_user_agent" | "http_referer" | "rest" => &[
            "curl/8.5.0",
            "-",
            "Mozilla/5.0 (X11; Linux x86_64)",
            "",
            r#"a \"b\" c"#,
            r#"a "b" c"#,
            r"ends in \",
            r"ends in \\",
            r#"" 200 1 ""#,
            "x\ty|z",
            "é",
        ],
        _ => &["x", "-", "", "a b", "1"],
    }
}

struct Case {
    format: Format,
    /// Literals and variables in turn, a literal first.
    parts: Vec<(&'static str, &'static str)>,
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| STRINGS.iter().map(|&(name, string)| case(name, string)).collect());

fn case(name: &str, string: &'static str) -> Case {
    let text = match name {
        "" => string.to_owned(),
        "escape=none" => format!("escape=none {string}"),
        preset => preset.to_owned(),
    };
    let format = Format::parse(&text).unwrap_or_else(|e| panic!("{text}: {e} {:?}", e.hint_text()));
    let mut parts = Vec::new();
    let mut rest = string;
    while let Some((literal, behind)) = rest.split_once('$') {
        let length = behind.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        parts.push((literal, &behind[..length]));
        rest = &behind[length..];
    }
    parts.push((rest, ""));
    Case { format, parts }
}

/// A line of a case; `choices` picks the values. Of those, most are usual ones.
fn line_of(case: &Case, choices: &[u16]) -> Vec<u8> {
    let mut line = Vec::new();
    for (i, (literal, variable)) in case.parts.iter().enumerate() {
        line.extend_from_slice(literal.as_bytes());
        if !variable.is_empty() {
            let values = values_of(variable);
            let choice = usize::from(choices[i % choices.len()]);
            // Three of four are among the first two.
            let at = if choice % 4 < 3 { choice / 4 % 2 } else { choice / 4 };
            line.extend_from_slice(values[at % values.len()].as_bytes());
        }
    }
    line
}

/// One piece of damage to a log, at a place.
#[derive(Clone, Debug)]
pub enum Damage {
    Delete(usize),
    Insert(Vec<u8>),
    Double(usize),
    Cut,
    Join,
}

pub fn damage() -> impl Strategy<Value = Damage> {
    let byte = select(b"\"\\[] ,:-.0159\r\n\0\xff?#|\tGTZ+".to_vec());
    prop_oneof![
        2 => (1usize..4).prop_map(Damage::Delete),
        4 => prop::collection::vec(byte, 1..3).prop_map(Damage::Insert),
        2 => (1usize..9).prop_map(Damage::Double),
        1 => Just(Damage::Cut),
        1 => Just(Damage::Join),
    ]
}

pub fn apply(log: &mut Vec<u8>, damage: &Damage, place: Index) {
    if log.is_empty() {
        return;
    }
    let at = place.index(log.len());
    let line_end = log[at..].iter().position(|&b| b == b'\n').map_or(log.len(), |end| at + end);
    match damage {
        Damage::Delete(count) => drop(log.drain(at..(at + count).min(log.len()))),
        Damage::Insert(bytes) => drop(log.splice(at..at, bytes.iter().copied())),
        Damage::Double(count) => {
            let again = log[at..(at + count).min(log.len())].to_vec();
            log.splice(at..at, again);
        }
        Damage::Cut => drop(log.drain(at..line_end)),
        Damage::Join => drop(log.drain(line_end..(line_end + 1).min(log.len()))),
    }
}

/// A log of one case, and what is asked of it.
#[derive(Clone)]
struct Input {
    case: usize,
    /// Bits: which fields and conditions are asked for; the last one, whether lines are short.
    asked: u16,
    log: Vec<u8>,
}

impl std::fmt::Debug for Input {
    /// As [`what_was_once_read_differently_is_read_alike`] takes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({}, 0x{:x}, b\"{}\")", self.case, self.asked, self.log.escape_ascii())
    }
}

fn input() -> impl Strategy<Value = Input> {
    let lines = prop::collection::vec(prop::collection::vec(any::<u16>(), 24), 1..8);
    let damages = prop::collection::vec((damage(), any::<Index>()), 0..5);
    // Now and then more lines than a batch holds, or than fill a window.
    let again = prop_oneof![40 => Just(1usize), 4 => Just(30), 1 => Just(200)];
    let parts = (
        0..STRINGS.len(),
        any::<u16>(),
        lines,
        damages,
        again,
        select(vec!["\n", "\n", "\n", "\r\n", " \n", "  \n"]),
        any::<bool>(),
    );
    parts.prop_map(|(case, asked, lines, damages, again, end, last)| {
        let lines: Vec<Vec<u8>> = lines.iter().map(|choices| line_of(&CASES[case], choices)).collect();
        let mut log = Vec::new();
        lines.iter().for_each(|line| log.extend_from_slice(&[line, end.as_bytes()].concat()));
        let whole = log.repeat(again);
        let mut log = whole;
        damages.iter().for_each(|(damage, place)| apply(&mut log, damage, *place));
        if !last && log.ends_with(b"\n") {
            log.pop();
        }
        Input { case, asked, log }
    })
}

/// Fields that groups are made of, where a format has them.
const DIMENSIONS: [Field; 8] =
    [Field::Method, Field::Path, Field::Query, Field::Status, Field::Latency, Field::Bytes, Field::UserAgent, Field::Host];

/// Conditions that are asked, some on the edges of the values above.
const GOODS: [&str; 6] = [
    "status < 500",
    "latency <= 123ms",
    "bytes < 512 or path starts_with \"/a\"",
    "exists(status) and not (latency > 124ms)",
    "method == \"GET\" or remote_addr contains \":\"",
    "status in [2xx, 404]",
];

fn indicators(format: &Format, asked: u16) -> Vec<Arc<Indicator>> {
    let has = |field: &Field| format.resolve(field).is_some();
    let fields = DIMENSIONS.into_iter().enumerate().filter(|(i, field)| asked >> i & 1 == 1 && has(field));
    let group_by: Vec<Dimension> = fields.map(|(_, field)| Dimension::Field(field)).collect();
    let goods = GOODS.iter().enumerate().filter(|(i, _)| asked >> (8 + i) & 1 == 1);
    let goods = goods.map(|(_, text)| Expr::parse(text).unwrap());
    let known = goods.filter(|good| good.conditions().iter().all(|c| matches!(operand(c), Operand::Field(f) if has(&f))));
    let one = |good| {
        Arc::new(Indicator { valid: None, good, weight: None, routes: Arc::new(Routes::default()), group_by: group_by.clone() })
    };
    known.chain([Expr::Always(true)]).map(one).collect()
}

fn operand(condition: &Condition) -> Operand {
    condition.operand().cloned().unwrap_or_else(|| match condition {
        Condition::Within { field, .. } => Operand::Field(field.clone()),
        _ => panic!("{condition:?}"),
    })
}

/// What is wanted: counts by indicator, second and group.
type Table = BTreeMap<(String, i64, Group), Counts>;

/// The careful reader of every field that may be asked for, and plain code on what it reads.
struct Plain {
    extractor: Extractor,
    needs: Vec<Need>,
}

impl Plain {
    fn new(format: &Format) -> Plain {
        let common = Field::COMMON.into_iter().map(|(_, field)| field).filter(|f| *f != Field::Input && *f != Field::Time);
        let has: Vec<Field> = common.filter(|field| format.resolve(field).is_some()).collect();
        let own = has.iter().map(|f| Need { field: f.clone(), kind: f.kind().unwrap() });
        let texts = has.iter().map(|f| Need { field: f.clone(), kind: Kind::Text });
        let needs: Vec<Need> = own.chain(texts).collect();
        Plain { extractor: Extractor::bind(format, &needs, None).unwrap(), needs }
    }

    fn value<'a>(&self, record: &Record<'a>, field: &Field, kind: Kind) -> Value<'a> {
        record.get(self.needs.iter().position(|need| need.field == *field && need.kind == kind).unwrap())
    }

    fn truth(&self, record: &Record, condition: &Condition) -> Option<bool> {
        let Operand::Field(field) = operand(condition) else { panic!("{condition:?}") };
        let value = self.value(record, &field, field.kind().unwrap());
        match (condition, value) {
            (Condition::Exists(_), value) => Some(value != Value::Absent),
            (_, Value::Absent) => None,
            (Condition::Within { ranges, .. }, Value::Int(n)) => Some(ranges.iter().any(|&(from, to)| from <= n && n <= to)),
            (Condition::Equals { texts, .. }, Value::Text(text)) => Some(texts.iter().any(|wanted| wanted == text)),
            (Condition::StartsWith { prefix, .. }, Value::Text(text)) => Some(text.starts_with(prefix)),
            (Condition::Contains { part, .. }, Value::Text(text)) => Some(text.windows(part.len()).any(|window| window == part)),
            (condition, value) => panic!("{condition:?} of {value:?}"),
        }
    }

    /// Statuses are grouped by their number, everything else by its text.
    fn group(&self, record: &Record, dimensions: &[Dimension]) -> Group {
        let text = |dimension: &Dimension| {
            let Dimension::Field(field) = dimension else { panic!("{dimension:?}") };
            match self.value(record, field, if *field == Field::Status { Kind::Status } else { Kind::Text }) {
                Value::Absent => None,
                Value::Text(text) => Some(text.into()),
                Value::Int(n) => Some(n.to_string().into_bytes().into()),
            }
        };
        dimensions.iter().map(text).collect()
    }
}

/// What the careful reader makes of a log.
fn wanted(rig: &Rig, plain: &Plain, log: &[u8]) -> (Table, Accounting, Vec<(u64, Outcome)>) {
    let (mut table, mut accounting, mut odd) = (Table::new(), Accounting::default(), Vec::new());
    let mut reader = plain.extractor.reader("log");
    super::rig::each_line(&plain.extractor, log, rig.line_bytes_max, &mut reader, &mut |outcome, offset, bytes, line, reader| {
        accounting.add(outcome, bytes);
        if outcome != Outcome::Event {
            return odd.push((offset, outcome));
        }
        accounting.no_response += u64::from(reader.no_response());
        let record = reader.record(line);
        for indicator in rig.classifier.indicators() {
            let group = plain.group(&record, &indicator.group_by);
            let counts = table.entry((indicator.canonical(), rig.slices.number(record.time), group)).or_default();
            counts.events += 1;
            match indicator.verdict(&mut |condition| plain.truth(&record, condition)) {
                Verdict::Good => counts.good += 1,
                Verdict::Bad => counts.bad += 1,
                Verdict::Unknown => counts.unknown += 1,
                Verdict::Excluded => {}
            }
        }
    });
    (table, accounting, odd)
}

fn table_of(partial: &Partial) -> Table {
    let mut table = Table::new();
    for (key, counts) in &partial.indicators {
        for (group, series) in &counts.groups {
            table.extend(series.iter().map(|(slice, counts)| ((key.canonical.clone(), *slice, group.clone()), *counts)));
        }
    }
    table
}

fn check(input: &Input) -> Result<(), TestCaseError> {
    let case = &CASES[input.case];
    let mut rig = Rig::new(&case.format, indicators(&case.format, input.asked), 1);
    if input.asked >> 15 == 1 {
        rig.line_bytes_max = 100;
    }
    let want = wanted(&rig, &Plain::new(&case.format), &input.log);
    let careful = rig.careful(&input.log);
    for kernel in kernels() {
        let fast = rig.fast(&input.log, kernel);
        let context = |e: TestCaseError| TestCaseError::fail(format!("{}: {kernel:?}: {e}", STRINGS[input.case].1));
        same(&(table_of(&fast.partial), fast.accounting.clone(), fast.odd.clone()), &want).map_err(context)?;
        same(&fast, &careful).map_err(context)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20_000, ..cases(250) })]

    #[test]
    fn damaged_lines_are_read_alike(input in input()) {
        check(&input)?;
    }
}

/// What the law above found, as small as it became.
#[test]
fn what_was_once_read_differently_is_read_alike() {
    let found: [(usize, u16, &[u8]); 6] = [
        // Text behind a last quote, in a line that others follow.
        (0, 0x0, b"a - - [01/Nov/2026:10:00:00 +0000] \"-\" 200 0 \"-\" \"x\"[\n00000000"),
        // Text before a first quote.
        (16, 0x0, b"0\"-\" 200 0 [01/Nov/2026:10:00:00 +0000] \"x\"\n00000000"),
        // `\` outside of quotes: the tab behind it, or the quote, ends the text like any other.
        (2, 0x81, b"2026-11-01T10:00:00Z\ta\\\tb\tc\tGET\t/a?b=2\t200\t512\t0.123\tcurl/8.5.0\n2026-11-01T10:00:00Z\ta\tb\tGET\t/\t200\t512\t0.123\tx\n"),
        (18, 0x8, b"a [01/Nov/2026:10:00:00 +0000] \"GET /a x\\\" 404 1 \" 200 2 \"x\"\n00000000000000000000000000"),
        // Nothing but blank lines, whose newlines stand where a line has its quotes.
        (6, 0x0, b"\n\n\n"),
        (0, 0x0, b"\n\n\n\n\n\n\n\n\n\n"),
    ];
    for (case, asked, log) in found {
        check(&Input { case, asked, log: log.to_vec() }).unwrap();
    }
}
