//! Every layout of every preset, its lines damaged, and in every envelope: the fast path reads them as the careful one does.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use slix::format::envelope::Envelope;
use slix::format::extract::Extractor;
use slix::format::preset::{self, Preset};
use slix::format::{Format, detect};
use slix::marks::Kernel;
use slix::record::Field;
use slix::slo::definitions::Definitions;

use super::mutation::{Damage, apply, damage};
use super::rig::{How, Rig};
use super::{cases, kernels, same, whole};

/// A line in an envelope.
fn wrapped(envelope: Envelope, line: &str) -> String {
    let quoted = serde_json::to_string(&format!("{line}\n")).unwrap();
    match envelope {
        Envelope::Rfc3164 => format!("<134>Nov  2 10:00:00 web app[7]: {line}"),
        Envelope::Rfc5424 => format!("<134>1 2026-11-02T10:00:00Z web app 7 - - {line}"),
        Envelope::SyslogIso => format!("2026-11-02T10:00:00+00:00 web app[7]: {line}"),
        Envelope::Docker => format!(r#"{{"log":{quoted},"stream":"stdout","time":"2026-11-02T10:00:00Z"}}"#),
        Envelope::Cri => format!("2026-11-02T10:00:00Z stdout F {line}"),
        Envelope::Stamp => format!("2026-11-02T10:00:00Z {line}"),
        Envelope::Pod => format!("[pod/web-0/app] {line}"),
        Envelope::Compose => format!("web-1  | {line}"),
        Envelope::Stern => format!("web-6799fc88d8-x7z2q app {line}"),
        Envelope::Tag => format!("app[7]: {line}"),
        Envelope::Shipper => format!(r#"{{"@timestamp":"2026-11-02T10:00:00.042Z","log":{{"offset":7}},"message":{quoted}}}"#),
        // Only Caddy's own lines are in it; others stay as they stand.
        Envelope::Console => line.to_owned(),
        Envelope::CfLogs => format!("   2026-11-02T10:00:00.00+0000 [APP/PROC/WEB/0] OUT {line}"),
        Envelope::Fluentd if line.starts_with('{') => format!("2026-11-02T10:00:00+00:00\tapp.web\t{line}"),
        Envelope::Fluentd => format!("2026-11-02T10:00:00+00:00\tapp.web\t{{\"source\":\"stdout\",\"log\":{quoted}}}"),
        Envelope::Journal => format!(r#"{{"__REALTIME_TIMESTAMP":"1793613600000000","MESSAGE":{quoted}}}"#),
    }
}

/// A preset with all its layouts, within envelopes.
fn wrapped_rig(name: &str, envelopes: &[Envelope], year: Option<i16>) -> (&'static Preset, Rig) {
    let preset = preset::all().find(|other| other.name == name).unwrap();
    let mut layouts = preset.formats().unwrap();
    let mut format = layouts.remove(0);
    (format.others, format.envelopes) = (layouts, envelopes.to_vec());
    let mut rig = rig(&format);
    rig.extractor = rig.extractor.with_year(year);
    (preset, rig)
}

fn rig(format: &Format) -> Rig {
    let has = |field: &Field| format.resolve(field).is_some() || format.others.iter().any(|other| other.resolve(field).is_some());
    let host = if has(&Field::Host) { ", host" } else { "" };
    let mut slos = format!("slos:\n- {{name: a, target: 99%, good: status < 500, group_by: [status, path, method{host}]}}\n");
    for (field, name) in [(Field::Latency, "latency"), (Field::Elapsed, "elapsed")] {
        if has(&field) {
            slos.push_str(&format!("- {{name: {name}, target: 99%, good: {name} <= 41ms}}\n"));
        }
    }
    if format.name == "caddy" {
        // A value on which a condition depends may be asked for as well.
        slos.push_str("- {name: by_logger, target: 99%, good: status < 500, group_by: [logger]}\n");
    }
    let definitions = Definitions::parse("slos.yaml", &slos).unwrap();
    let mut rig = Rig::new(format, definitions.slos.iter().map(|slo| slo.indicator.clone()).collect(), 60);
    rig.extractor = Extractor::bind(format, rig.classifier.needs(), Some(&TimeZone::UTC)).unwrap();
    rig
}

fn log(example: &str, envelope: Option<Envelope>, damages: &[(Damage, Index)]) -> Vec<u8> {
    let lines = example.lines().map(|line| envelope.map_or(line.to_owned(), |envelope| wrapped(envelope, line)));
    let block = lines.map(|line| format!("{line}\n")).collect::<String>();
    let mut log = block.repeat(70).into_bytes();
    damages.iter().for_each(|(damage, place)| apply(&mut log, damage, *place));
    log
}

fn presets() -> Vec<&'static Preset> {
    preset::all().collect()
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn damaged_lines_of_presets_are_read_alike(
        preset in select(presets()),
        layout in any::<Index>(),
        envelope in prop::option::weighted(0.3, select(Envelope::ALL.map(|(envelope, _)| envelope).to_vec())),
        damages in prop::collection::vec((damage(), any::<Index>()), 0..12),
        other in prop::option::weighted(0.4, select(presets())),
    ) {
        let mut layouts = preset.formats().unwrap();
        let mut format = layouts.remove(layout.index(layouts.len()));
        // A log may hold lines of another format too.
        layouts.extend(other.iter().flat_map(|other| other.formats().unwrap()));
        let example = other.map_or(preset.example.to_owned(), |other| format!("{}\n{}", preset.example, other.example));
        (format.others, format.envelopes) = (layouts, envelope.into_iter().collect());
        let (rig, log) = (rig(&format), log(&example, envelope, &damages));
        let want = rig.careful(&log);
        for kernel in kernels() {
            same(&rig.fast(&log, kernel), &want)?;
        }
    }
}

/// What is done to the keys of a JSON object, those of objects in it too.
#[derive(Clone, Debug)]
struct Disorder {
    /// The members are sorted by such numbers, one after the other.
    order: Vec<u8>,
    /// Where this member comes, it is left out, given twice, made `null`, a text with an escape, an object, or kept.
    change: (u8, u8),
    /// The key of this member is written with an escape.
    escaped: u8,
    blank: bool,
}

fn disorder() -> impl Strategy<Value = Disorder> {
    let order = prop::collection::vec(any::<u8>(), 1..12);
    (order, (0u8..40, 0u8..11), 0u8..40, any::<bool>()).prop_map(|(order, change, escaped, blank)| Disorder {
        order,
        change,
        escaped,
        blank,
    })
}

fn written_key(key: &str, is_escaped: bool) -> String {
    let plain = serde_json::to_string(key).unwrap();
    match key.bytes().next().filter(|first| is_escaped && first.is_ascii_alphanumeric()) {
        Some(first) => format!("\"\\u{first:04x}{}", &plain[2..]),
        None => plain,
    }
}

fn disordered(value: &serde_json::Value, disorder: &Disorder, count: &mut u8) -> String {
    let serde_json::Value::Object(members) = value else { return value.to_string() };
    let mut written = Vec::new();
    for ((key, value), order) in members.iter().zip(disorder.order.iter().cycle()) {
        *count += 1;
        let is_escaped = *count == disorder.escaped;
        let (key, own) = (written_key(key, is_escaped), disordered(value, disorder, count));
        let changed = match disorder.change {
            (place, change) if place == *count => {
                ["", "null", r#""a\"b""#, "{}", "[1]", "\"\"", "\"-\"", "7", "200.0", "1.79352720025e9"].get(usize::from(change))
            }
            _ => None,
        };
        match changed.copied() {
            Some("") => {}
            Some(other) => written.extend([(*order, format!("{key}:{own}")), (*order ^ 5, format!("{key}:{other}"))]),
            None => written.push((*order, format!("{key}:{own}"))),
        }
    }
    written.sort();
    let members: Vec<String> = written.into_iter().map(|(_, member)| member).collect();
    format!("{{{}}}", members.join(if disorder.blank { ", " } else { "," }))
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn json_lines_with_keys_in_any_order_are_read_alike(
        preset in select(presets().into_iter().filter(|preset| preset.example.starts_with('{')).collect::<Vec<_>>()),
        layout in any::<Index>(),
        disorders in prop::collection::vec((disorder(), 1usize..60), 1..6),
        damages in prop::collection::vec((damage(), any::<Index>()), 0..4),
    ) {
        let mut layouts = preset.formats().unwrap();
        let format = layouts.remove(layout.index(layouts.len()));
        let rig = rig(&format);
        let example: serde_json::Value = serde_json::from_str(preset.example.lines().next().unwrap()).unwrap();
        let block = |(disorder, times): &(Disorder, usize)| format!("{}\n", disordered(&example, disorder, &mut 0)).repeat(*times);
        let mut log = disorders.iter().map(block).collect::<String>().repeat(4).into_bytes();
        damages.iter().for_each(|(damage, place)| apply(&mut log, damage, *place));
        let want = rig.careful(&log);
        for kernel in kernels() {
            same(&rig.fast(&log, kernel), &want)?;
        }
    }
}

/// The definitions of formats of pairs, and the pairs of a line of each.
const PAIRS: [(&str, &[&str]); 2] = [
    (
        "heroku_router",
        &[
            "at=info",
            "method=GET",
            "path=\"/cart?id=4\"",
            "host=shop.example",
            "fwd=\"192.0.2.7\"",
            "dyno=web.1",
            "connect=1ms",
            "service=41ms",
            "status=200",
            "bytes=512",
            "protocol=https",
        ],
    ),
    (
        r#"{"logfmt": {"time": "ts", "status": "status", "latency": "took ms", "path": "path", "method": "method", "host": "http.host"},
            "only_if": {"kind": "access"}}"#,
        &[
            "ts=2026-11-01T10:00:00.042Z",
            "level=info",
            "kind=access",
            "msg=\"all done\"",
            "method=GET",
            "path=/cart?a=b",
            "status=200",
            "took=41",
            "http.host=shop.example",
        ],
    ),
];

/// What stands in place of a pair, or behind it, in lines of logfmt; `NAME` is its name.
const ODD_PAIRS: [&str; 19] = [
    "",
    "NAME=",
    "NAME=\"\"",
    "NAME",
    "NAME=-",
    "NAME=7",
    "NAME=\"7\"",
    "NAME=1,2",
    "NAME=1, 2",
    "NAME=\"1, 2\"",
    "NAME=\"a \\\" b\"",
    "NAME=\"open",
    "NAME=a\tNAME=b",
    "NAME=a\u{c}b",
    "NAME=\"a b\"x=1",
    "NAME=2026-11-01 10:00:00",
    "NAME=a\"b\\",
    "flag NAME=a",
    "  NAME=a  NAME=b ",
];

fn format_of_pairs(definition: &str, envelope: Option<Envelope>) -> Format {
    let mut format = match definition {
        name if name.starts_with('{') => Format::from_value(&serde_json::from_str(definition).unwrap()).unwrap(),
        name => Format::parse(name).unwrap(),
    };
    format.envelopes = envelope.into_iter().collect();
    format
}

/// A line of these pairs, one of which is written in an odd way.
fn with_odd_pair(pairs: &[&str], at: usize, odd: &str) -> String {
    let mut pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
    pairs[at] = odd.replace("NAME", pairs[at].split('=').next().unwrap());
    pairs.join(" ")
}

#[test]
fn odd_pairs_among_usual_lines_are_read_alike() {
    for (definition, pairs) in PAIRS {
        // What has no time of its own is timed by its envelope.
        for envelope in [Some(Envelope::Stamp), None] {
            let rig = rig(&format_of_pairs(definition, envelope));
            let written = |line: String| format!("{}\n", envelope.map_or(line.clone(), |envelope| wrapped(envelope, &line)));
            let usual = written(pairs.join(" "));
            for (at, odd) in (0..pairs.len()).flat_map(|at| ODD_PAIRS.map(|odd| (at, odd))) {
                let odd = written(with_odd_pair(pairs, at, odd));
                let log = format!("{}{}{usual}", usual.repeat(20), format!("{usual}{odd}").repeat(10)).into_bytes();
                let want = rig.careful(&log);
                for kernel in kernels() {
                    same(&rig.fast(&log, kernel), &want).unwrap_or_else(|error| panic!("{odd}{error}"));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn pairs_of_any_line_are_read_alike(
        (definition, pairs) in select(PAIRS.to_vec()),
        envelope in prop::option::weighted(0.4, select(Envelope::ALL.map(|(envelope, _)| envelope).to_vec())),
        kinds in prop::collection::vec((any::<Index>(), select(ODD_PAIRS.to_vec()), any::<u8>(), 1usize..60), 1..6),
        damages in prop::collection::vec((damage(), any::<Index>()), 0..4),
    ) {
        let rig = rig(&format_of_pairs(definition, envelope));
        let mut log = Vec::new();
        for (at, odd, turn, times) in &kinds {
            // Few lines have their pairs in another order.
            let mut pairs = pairs.to_vec();
            let turn = if *turn < 80 { usize::from(*turn) % pairs.len() } else { 0 };
            pairs.rotate_left(turn);
            let line = with_odd_pair(&pairs, at.index(pairs.len()), odd);
            log.extend(format!("{}\n", envelope.map_or(line.clone(), |envelope| wrapped(envelope, &line))).repeat(*times).bytes());
        }
        damages.iter().for_each(|(damage, place)| apply(&mut log, damage, *place));
        let want = rig.careful(&log);
        for kernel in kernels() {
            same(&rig.fast(&log, kernel), &want)?;
        }
    }
}

/// Columns of a header, and of its lines.
#[derive(Clone, Debug)]
struct Columns {
    /// Of [`COLUMNS`], behind a date and a time unless that is 0.
    columns: Vec<usize>,
    stamp: u8,
    divider: char,
    /// What is put in place of a column's value in a line, if it is one of [`ODD_VALUES`].
    odd: Vec<(usize, usize, usize)>,
    lines: usize,
}

/// Names of columns, with a usual value.
const COLUMNS: [(&str, &str); 9] = [
    ("cs-method", "GET"),
    ("cs-uri-stem", "/cart"),
    ("cs-uri-query", "a=1"),
    ("sc-status", "200"),
    ("sc-bytes", "512"),
    ("time-taken", "41"),
    ("x-own", "-"),
    ("c-ip", "192.0.2.7"),
    ("cs(User-Agent)", "curl/8.5.0+(x)"),
];

const ODD_VALUES: [&str; 22] = [
    "",
    " ",
    "-",
    "\"a b\"",
    "\"a\"",
    "\"",
    "a\"b",
    "\t",
    "a b",
    "404",
    "0",
    "1234567.5",
    "12345678901",
    "\r",
    "a\u{c}b",
    "#",
    "/#x",
    "\\",
    "000",
    "-1",
    "GET /a",
    "é",
];

fn columns() -> impl Strategy<Value = Columns> {
    let odd = prop::collection::vec((0..40usize, 0..10usize, 0..ODD_VALUES.len()), 0..6);
    let columns = prop::collection::vec(0..COLUMNS.len(), 1..9);
    (columns, 0..4u8, select(vec![' ', ' ', '\t']), odd, 0..90usize).prop_map(|(columns, stamp, divider, odd, lines)| Columns {
        columns,
        stamp,
        divider,
        odd,
        lines,
    })
}

impl Columns {
    fn write(&self, log: &mut String) {
        let names = self.columns.iter().map(|&column| COLUMNS[column].0);
        let stamp =
            [&["date", "time"][..], &["time", "date"], &["time"], &["date", "x-between", "time"]][usize::from(self.stamp)];
        let names: Vec<&str> = stamp.iter().copied().chain(names).collect();
        log.push_str(&format!("#Date: 2026-11-03 10:00:00\n#Fields: {}\n", names.join(" ")));
        let divider = self.divider.to_string();
        for line in 0..self.lines {
            let stamp = stamp.iter().map(|name| match *name {
                "date" => "2026-11-01".to_owned(),
                "time" => format!("10:00:{:02}", line % 61),
                _ => "x".to_owned(),
            });
            let mut values: Vec<String> = stamp.chain(self.columns.iter().map(|&column| COLUMNS[column].1.to_owned())).collect();
            for (of, column, odd) in &self.odd {
                if of % (self.lines + 1) == line && *column < values.len() {
                    values[*column] = ODD_VALUES[*odd].to_owned();
                }
            }
            log.push_str(&values.join(&divider));
            log.push('\n');
        }
    }
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn columns_of_any_header_are_read_alike(
        preset in select(vec!["iis", "w3c", "cloudfront"]),
        headers in prop::collection::vec(columns(), 1..5),
        damages in prop::collection::vec((damage(), any::<Index>()), 0..4),
    ) {
        let format = Format::parse(preset).unwrap();
        let rig = rig(&format);
        let mut log = String::new();
        headers.iter().for_each(|columns| columns.write(&mut log));
        let mut log = log.into_bytes();
        damages.iter().for_each(|(damage, place)| apply(&mut log, damage, *place));
        let want = rig.careful(&log);
        for kernel in kernels() {
            same(&rig.fast(&log, kernel), &want)?;
        }
    }
}

/// What a container's log has in place of a whole line.
const ODD_PARTS: [(&str, &str); 12] = [
    ("2026-11-01T10:00:00.1Z stdout P ", ""),
    ("2026-11-01T10:00:00.1Z stderr P ", ""),
    ("2026-11-01T10:00:00.1Z stdout P ", "0123"),
    ("2026-11-01T10:00:00.1Z stdout F ", "-"),
    ("2026-11-01T10:00:00.1Z stderr F ", ""),
    ("2026-11-01T10:00:00.1Z stdout F:x ", "-"),
    ("2026-11-01T10:00:00.1Z stdout F", ""),
    ("2026-11-01T10:00:00.1Z stdlog F ", "-"),
    ("2026-11-01 10:00:00 stdout F ", "-"),
    ("2026-11-01T10:00:00.1+01:00 stdout F ", "-"),
    ("", "-"),
    ("", ""),
];

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn parts_of_lines_are_joined_alike(
        preset in select(vec!["combined", "uvicorn", "nginx_json", "squid", "istio", "caddy"]),
        envelope in select(vec![Envelope::Cri, Envelope::Cri, Envelope::Stamp]),
        odd in prop::collection::vec((0..ODD_PARTS.len(), 0..200usize, any::<Index>(), any::<bool>()), 0..8),
        damages in prop::collection::vec((damage(), any::<Index>()), 0..3),
    ) {
        let (preset, rig) = wrapped_rig(preset, &[envelope], None);
        let line = preset.example.lines().next().unwrap();
        let mut log = Vec::new();
        for i in 0..200 {
            for (part, _, cut, ends) in odd.iter().filter(|(_, at, ..)| *at == i) {
                // A part of the line, of which the rest or another line follows.
                let (header, text) = ODD_PARTS[*part];
                let cut = if text == "-" { line.len() } else { cut.index(line.len()) };
                let text = if text.is_empty() || text == "-" { &line[..cut] } else { text };
                log.extend(format!("{header}{text}\n").bytes());
                if *ends {
                    log.extend(format!("2026-11-01T10:00:00.1Z stdout F {}\r\n", &line[cut..]).bytes());
                }
            }
            log.extend(format!("{}\n", wrapped(envelope, line)).bytes());
        }
        damages.iter().for_each(|(damage, place)| apply(&mut log, damage, *place));
        let want = rig.careful(&log);
        for kernel in kernels() {
            same(&rig.fast(&log, kernel), &want)?;
        }
    }
}

/// A line in these envelopes at a minute and a second, written by this process.
fn headed(envelopes: &[Envelope], line: &str, (minute, second, process): (u8, u8, u8)) -> String {
    let time = format!("10:{minute:02}:{second:02}");
    envelopes.iter().rev().fold(line.to_owned(), |line, envelope| match envelope {
        Envelope::Rfc3164 if process == 3 => format!("<30>Nov  2 {time} lb {line}"),
        Envelope::Rfc3164 => format!("<30>Nov  2 {time} lb app[{process}]: {line}"),
        Envelope::Rfc5424 if process == 3 => format!("<30>1 2026-11-02T{time}.{second:03}Z lb app 3 - [a b=\"]\"] {line}"),
        Envelope::Rfc5424 if process == 2 => format!("<30>1 2026-11-02T{time}Z lb app 2 - - \u{feff}{line}"),
        Envelope::Rfc5424 => format!("<30>1 2026-11-02T{time}.{second:03}Z lb app {process} - - {line}"),
        Envelope::SyslogIso => format!("2026-11-02T{time}.{second:06}+01:00 lb app[{process}]: {line}"),
        Envelope::Stamp if process == 3 => format!("2026-11-02T{time} {line}"),
        Envelope::Stamp => format!("2026-11-02T{time}.{second:09}Z {line}"),
        Envelope::Compose if process == 3 => format!("\u{1b}[36mweb-3  |\u{1b}[0m {line}"),
        Envelope::Tag => format!("app[{process}]: {line}"),
        other => wrapped(*other, &line).replace('0', &process.to_string()).replace("web-1", &format!("web-{process}")),
    })
}

/// What a single line may have instead of the headers of its log: one of syslog, or none.
const OTHER_HEADERS: [&[Envelope]; 5] =
    [&[], &[Envelope::Rfc3164], &[Envelope::Rfc5424], &[Envelope::SyslogIso], &[Envelope::SyslogIso]];

/// What may stand between a header and a line.
const BEHIND_HEADERS: [&str; 9] = ["", " ", "\u{feff}", "app: ", "- ", "[a] ", "+0100 ", "\u{1b}[0m", ": "];

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn lines_behind_headers_are_read_alike(
        preset in select(vec!["combined", "haproxy", "nginx_json", "squid", "istio", "uvicorn", "heroku_router", "caddy"]),
        envelopes in select(vec![
            vec![Envelope::Rfc3164],
            vec![Envelope::Rfc3164],
            vec![Envelope::Rfc5424],
            vec![Envelope::SyslogIso],
            vec![Envelope::Compose],
            vec![Envelope::Stern],
            vec![Envelope::Tag],
            vec![Envelope::Pod, Envelope::Stamp],
            vec![Envelope::Compose, Envelope::Stamp],
            vec![Envelope::Compose, Envelope::Rfc5424],
            vec![Envelope::Stamp, Envelope::Compose],
            vec![Envelope::Stamp, Envelope::Tag],
            vec![],
        ]),
        year in prop::option::weighted(0.2, Just(2026)),
        others in prop::collection::vec((0..OTHER_HEADERS.len(), 0..200usize), 0..12),
        turn in prop::option::of((0..OTHER_HEADERS.len(), 0..200usize)),
        cuts in prop::collection::vec(0u64..20_000, 0..3),
        times in prop::collection::vec((0u8..61, 0u8..62, 1u8..4), 1..40),
        odd in prop::collection::vec((0..BEHIND_HEADERS.len(), 0..200usize), 0..6),
        damages in prop::collection::vec((damage(), any::<Index>()), 0..4),
    ) {
        let (preset, rig) = wrapped_rig(preset, &envelopes, year);
        let line = preset.example.lines().next().unwrap();
        let mut log = Vec::new();
        for (i, time) in (0..200).zip(times.iter().cycle()) {
            let behind = odd.iter().find(|(_, at)| *at == i).map_or("", |(behind, _)| BEHIND_HEADERS[*behind]);
            // A daemon that writes another header from one line on, and another one beside it.
            let other = others.iter().find(|(_, at)| *at == i).or(turn.as_ref().filter(|(_, at)| *at < i));
            let headers = other.map_or(&envelopes[..], |(header, _)| OTHER_HEADERS[*header]);
            log.extend(format!("{}\n", headed(headers, &format!("{behind}{line}"), *time)).bytes());
        }
        damages.iter().for_each(|(damage, place)| apply(&mut log, damage, *place));
        let want = rig.careful(&log);
        for kernel in kernels() {
            same(&rig.fast(&log, kernel), &want)?;
        }
        let how = How { cuts, chunks: vec![4_000, 900], threads: 2, kernel: Kernel::best() };
        let (one, cut) = (rig.run(&log, &whole()), rig.run(&log, &how));
        prop_assert_eq!((&one.accounting, &one.odd), (&want.accounting, &want.odd));
        same(&cut, &one)?;
    }
}

/// What a container's log of Docker's has in place of a whole line.
fn odd_object(kind: u8, line: &str, cut: usize) -> String {
    let object = |text: &str, stream: &str| {
        format!(
            "{{\"log\":{},\"stream\":\"{stream}\",\"time\":\"2026-11-02T10:00:00.1Z\"}}\n",
            serde_json::to_string(text).unwrap()
        )
    };
    let (head, tail) = (&line[..cut], &line[cut..]);
    match kind {
        0 => object(head, "stdout") + &object(&format!("{tail}\n"), "stdout"),
        1 => object(head, "stdout") + &object(&format!("{line}\n"), "stderr") + &object(&format!("{tail}\n"), "stdout"),
        2 => object(head, "stderr"),
        3 => object(&format!("{line}\r\n"), "stdout"),
        4 => object(&format!("{head}\n{tail}\n"), "stdout"),
        5 => object("\n", "stdout") + "\n",
        6 => format!("{line}\n"),
        7 => object(&format!("{line}\n"), "stdout").replace("stdout", "stdlog").replace("10:00", "1:00"),
        8 => format!(" {}", object(&format!("{line}\n"), "stdout").replace(",", " , ").replace('&', "\\u0026")),
        _ => object(&format!("\u{feff}{line}\n"), "stdout").replace('\n', "\r\n"),
    }
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn lines_in_objects_are_read_alike(
        preset in select(vec!["combined", "uvicorn", "nginx_json", "squid", "istio", "caddy", "iis"]),
        envelopes in select(vec![
            vec![Envelope::Docker],
            vec![Envelope::Docker],
            vec![Envelope::Docker],
            vec![Envelope::Journal],
            vec![Envelope::Shipper],
            vec![Envelope::Docker, Envelope::Rfc3164],
            vec![Envelope::Shipper, Envelope::Rfc5424],
            vec![Envelope::Compose, Envelope::Docker],
        ]),
        year in prop::option::weighted(0.2, Just(2026)),
        odd in prop::collection::vec((0u8..10, 0..300usize, any::<Index>()), 0..12),
        damages in prop::collection::vec((damage(), any::<Index>()), 0..4),
        cuts in prop::collection::vec(0u64..40_000, 0..3),
    ) {
        let (preset, rig) = wrapped_rig(preset, &envelopes, year);
        let mut log = Vec::new();
        for (i, line) in (0..300).zip(preset.example.lines().cycle()) {
            for (kind, _, cut) in odd.iter().filter(|(_, at, _)| *at == i) {
                let at = (0..=cut.index(line.len())).rfind(|&at| line.is_char_boundary(at)).unwrap_or(0);
                log.extend(odd_object(*kind, line, at).bytes());
            }
            let whole = envelopes.iter().rev().fold(line.to_owned(), |line, envelope| wrapped(*envelope, &line));
            log.extend(format!("{whole}\n").bytes());
        }
        damages.iter().for_each(|(damage, place)| apply(&mut log, damage, *place));
        let want = rig.careful(&log);
        for kernel in kernels() {
            same(&rig.fast(&log, kernel), &want)?;
        }
        let how = How { cuts, chunks: vec![4_000, 900], threads: 2, kernel: Kernel::best() };
        let (one, cut) = (rig.run(&log, &whole()), rig.run(&log, &how));
        prop_assert_eq!((&one.accounting, &one.odd), (&want.accounting, &want.odd));
        same(&cut, &one)?;
    }
}

/// How Caddy may be set to write a minute and a second, with decimals or without.
fn time_of_caddy(form: u8, (minute, second, nanos): (u8, u8, u32)) -> String {
    let time = format!("10:{minute:02}:{second:02}");
    match form {
        0 => format!("179352{:04}.{:06}", 60 * u32::from(minute) + u32::from(second), nanos / 1_000),
        1 => format!("179352{:04}", 60 * u32::from(minute) + u32::from(second)),
        2 => format!("\"2026-11-02T{time}.{:03}Z\"", nanos / 1_000_000),
        3 => format!("\"2026-11-02T{time}.{nanos}+01:00\""),
        4 => format!("\"02/Nov/2026:{time} -0330\""),
        5 => format!("\"2026/11/02 {time}\""),
        6 => format!("\"2026/11/02 {time}.{nanos:09}\""),
        _ => format!("\"2026/11/02T{time}.{:03}\"", nanos / 1_000_000),
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn times_of_any_text_are_read_alike(
        forms in prop::collection::vec(0u8..8, 1..3),
        times in prop::collection::vec((0u8..61, 0u8..62, 0u32..1_000_000_000), 1..40),
        damages in prop::collection::vec((damage(), any::<Index>()), 0..3),
    ) {
        let format = preset::all().find(|preset| preset.name == "caddy").unwrap().family().unwrap();
        let rig = rig(&format);
        let example = preset::all().find(|preset| preset.name == "caddy").unwrap().example;
        let mut log = Vec::new();
        // One form for long, then the other: what was learned of the first one must not mislead.
        for (i, time) in (0..400).zip(times.iter().cycle()) {
            let form = forms[if i < 200 { 0 } else { i % forms.len() }];
            log.extend(format!("{}\n", example.replace("1793527200.25", &time_of_caddy(form, *time))).bytes());
        }
        damages.iter().for_each(|(damage, place)| apply(&mut log, damage, *place));
        let want = rig.careful(&log);
        prop_assert!(want.accounting.events.lines > 0 || !damages.is_empty() || times.iter().all(|(m, s, _)| *m > 59 || *s > 60));
        for kernel in kernels() {
            same(&rig.fast(&log, kernel), &want)?;
        }
    }
}

/// What stands where a JSON line has a number.
#[test]
fn what_is_no_number_in_json_is_none_in_lines_like_those_before() {
    let format = Format::parse("envoy_json").unwrap();
    let rig = rig(&format);
    let example = preset::all().find(|preset| preset.name == "envoy_json").unwrap().example;
    for number in ["200", "42", "512"] {
        for other in ["", "-", "-1", "1, 2", "1:2", "007", "1.", ".5", "0", "000", "true", "null", "\"42\"", "1e3", "{}"] {
            let odd = example.replacen(&format!(":{number},"), &format!(":{other},"), 1);
            assert_ne!(odd, example, "{number}");
            let log = format!("{}{odd}\n{}", format!("{example}\n").repeat(40), format!("{example}\n").repeat(90));
            for kernel in kernels() {
                same(&rig.fast(log.as_bytes(), kernel), &rig.careful(log.as_bytes())).unwrap_or_else(|e| panic!("{other}: {e}"));
            }
        }
    }
}

/// A number of so many decimals that was cut off, where a point stands at that distance from its end.
#[test]
fn the_point_of_a_number_is_its_own() {
    for (name, odd) in [("actix", " 0"), ("actix", " 421370"), ("actix", " 0.0421"), ("rack", " 4.21"), ("oauth2_proxy", " 42")] {
        let (preset, rig) = wrapped_rig(name, &[], None);
        let line = preset.example.lines().next().unwrap();
        let cut = format!("{}{odd}", line.rsplit_once(' ').unwrap().0);
        let log = format!("{line}\n").repeat(70) + &format!("{cut}\n") + &format!("{line}\n").repeat(70);
        let want = rig.careful(log.as_bytes());
        assert_eq!(want.accounting.events.lines, 140, "{cut}");
        for kernel in kernels() {
            same(&rig.fast(log.as_bytes(), kernel), &want).unwrap_or_else(|e| panic!("{cut}: {e}"));
        }
    }
}

/// A text before a quote that holds what stands before the quote: it may have to end there.
#[test]
fn texts_before_a_quote_end_where_the_careful_reader_ends_them() {
    for (text, line) in [
        // A word ends at the first blank, a free text where the line can go on.
        (
            "[$time_local] $status $host \"$request_uri\" $remote_user",
            r#"[01/Nov/2026:10:00:00 +0000] 200 https shop.example "/a" x"#,
        ),
        ("[$time_local] $status $http_user_agent \"$request_uri\" $remote_user", r#"[01/Nov/2026:10:00:00 +0000] 200 b - "y" z"#),
        (
            "[$time_local] $status $http_user_agent \"$request_uri\" \"$remote_user\"",
            r#"[01/Nov/2026:10:00:00 +0000] 200 b - "y" "z""#,
        ),
        ("[$time_local] $status [$http_user_agent] \"$remote_user\"", r#"[01/Nov/2026:10:00:00 +0000] 200 [b] c] - "z""#),
        ("[$time_local] $status $http_user_agent \"$remote_user\"", r#"[01/Nov/2026:10:00:00 +0000] 200 {a b} {} "z""#),
    ] {
        let format = Format::parse(text).unwrap();
        let slos = "slos:\n- {name: a, target: 99%, good: status < 500, group_by: [status]}\n";
        let names: Vec<&str> = ["host", "user_agent"].into_iter().filter(|name| text.contains(name)).collect();
        let fields = slos.replace("[status]", &format!("[{}]", names.join(", ")));
        let definitions = Definitions::parse("slos.yaml", &fields).unwrap();
        let rig = Rig::new(&format, definitions.slos.iter().map(|slo| slo.indicator.clone()).collect(), 60);
        let log = format!("{line}\n").repeat(70).into_bytes();
        for kernel in kernels() {
            same(&rig.fast(&log, kernel), &rig.careful(&log)).unwrap();
        }
    }
}

/// Whole lines in an envelope are found there, and say what they say without it.
#[test]
fn every_preset_is_detected_in_every_envelope() {
    let detector = detect::Detector::new(preset::candidates().unwrap(), None).unwrap();
    for preset in presets() {
        for (envelope, name) in Envelope::ALL {
            let text = String::from_utf8(log(preset.example, Some(envelope), &[])).unwrap();
            let lines: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
            let found = detector.find(&lines);
            // The pod and the service tell no time, and the old syslog header no year.
            let has_time = preset.family().unwrap().resolve(&Field::Time).is_some();
            if !has_time
                && matches!(envelope, Envelope::Rfc3164 | Envelope::Pod | Envelope::Stern | Envelope::Compose | Envelope::Tag)
            {
                continue;
            }
            if envelope == Envelope::Console {
                continue;
            }
            let found = found.unwrap_or_else(|e| panic!("{} in {name}: {e}", preset.name));
            assert_eq!(found.format.name, preset.detects_as.unwrap_or(preset.name), "in {name}");
            // A syslog header without a tag is a timestamp and a word: both may be right where a line begins with a word.
            assert_eq!(found.format.envelopes.len(), 1, "{} in {name}: {:?}", preset.name, found.format.envelopes);
        }
    }
}
