//! Ranges of logs whose lines mean what they do only with those before them: parts of lines, directives, years that are not told.

use proptest::prelude::*;
use slix::aggregate::{Duplicates, Partial};
use slix::format::Format;
use slix::format::envelope::Envelope;
use slix::slo::definitions::Definitions;

use super::rig::Rig;
use super::{bytes_of, cases, same, whole};

/// Draws numbers from a seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

fn rig_of(format: &Format, year: Option<i16>) -> Rig {
    let slos = "slos: [{name: a, target: 50%, good: status < 500}, {name: b, target: 50%, good: 'path == \"/cart\"'}]";
    let definitions = Definitions::parse("ranges", slos).unwrap();
    let mut rig = Rig::new(format, definitions.slos.iter().map(|slo| slo.indicator.clone()).collect(), 60);
    rig.extractor = rig.extractor.with_year(year);
    rig
}

fn within(format: &str, envelopes: &[Envelope]) -> Format {
    Format { envelopes: envelopes.to_vec(), ..Format::parse(format).unwrap() }
}

fn combined(draw: &mut Draw, second: usize) -> String {
    let (path, status) = (draw.of(&["/cart", "/caf\u{e9}", "/a \\\"b\\\"", ""]), draw.of(&["200", "404", "502", "-", "junk"]));
    format!(
        "192.0.2.7 - - [01/Nov/2026:10:{:02}:{:02} +0000] \"GET {path} HTTP/1.1\" {status} 7 \"-\" \"x\"",
        second / 60 % 60,
        second % 60
    )
}

/// Lines of two streams, each perhaps in parts that are cut anywhere; the last ones may lack their rest.
fn in_parts(draw: &mut Draw, part: impl Fn(&mut Draw, usize, &[u8], bool) -> Vec<u8>) -> Vec<u8> {
    let mut streams: [Vec<Vec<u8>>; 2] = [Vec::new(), Vec::new()];
    for second in 0..1 + draw.below(40) {
        let stream = draw.below(2);
        let line = if draw.below(9) == 0 { "no request".to_owned() } else { combined(draw, second) };
        let mut rest = line.as_bytes();
        while draw.below(3) == 0 {
            let (head, tail) = rest.split_at(draw.below(rest.len() + 1));
            streams[stream].push(part(draw, stream, head, true));
            rest = tail;
        }
        streams[stream].push(part(draw, stream, rest, false));
    }
    let lost = draw.below(3);
    streams.iter_mut().for_each(|lines| lines.truncate(lines.len().saturating_sub(lost)));
    let mut log = Vec::new();
    let mut streams = streams.map(|lines| lines.into_iter());
    loop {
        let first = draw.below(2);
        let Some(line) = streams[first].next().or_else(|| streams[1 - first].next()) else { break };
        log.extend(line);
        if draw.below(12) == 0 {
            log.extend_from_slice(draw.of(&["\n", "junk\n", "\0\0\n"]).as_bytes());
        }
    }
    if draw.below(2) == 0 {
        log.pop();
    }
    log
}

fn cri(draw: &mut Draw) -> Vec<u8> {
    in_parts(draw, |draw, stream, text, goes_on| {
        let (stream, tag) = (["stdout", "stderr"][stream], if goes_on { "P" } else { "F" });
        let head = format!("2026-11-01T10:00:00.25Z {stream} {tag} ");
        [head.as_bytes(), text, draw.of(&["\n", "\r\n"]).as_bytes()].concat()
    })
}

fn docker(draw: &mut Draw) -> Vec<u8> {
    in_parts(draw, |_, stream, text, goes_on| {
        // JSON holds no half of a character.
        let mut text = String::from_utf8_lossy(text).into_owned();
        text.extend((!goes_on).then_some('\n'));
        let (text, stream) = (serde_json::Value::String(text), ["stdout", "stderr"][stream]);
        format!("{{\"log\":{text},\"stream\":\"{stream}\",\"time\":\"2026-11-01T10:00:00.25Z\"}}\n").into_bytes()
    })
}

fn w3c(draw: &mut Draw) -> Vec<u8> {
    let headers = [
        "#Software: Microsoft Internet Information Services 10.0",
        "#Software: another",
        "#Date: 2026-11-01 10:00:00",
        "#Date: 2026-11-02 00:00:00",
        "#Fields: time cs-method cs-uri-stem sc-status",
        "#Fields: date time cs-uri-stem sc-status time-taken",
        "#Fields: sc-status date time cs-uri-stem",
        "#Remark",
    ];
    let mut log = if draw.below(4) == 0 { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
    for second in 0..1 + draw.below(60) {
        let (path, status) = (draw.of(&["/cart", "/", "/#x"]), draw.of(&[200, 404, 503]));
        let at = format!("10:{:02}:{:02}", second / 60, second % 60);
        let line = match draw.below(6) {
            0 => draw.of(&headers).to_owned(),
            1 => format!("{at} GET {path} {status}"),
            2 | 3 => format!("2026-11-01 {at} {path} {status} 42"),
            4 => format!("{status} 2026-11-01 {at} {path}"),
            _ => draw.of(&["", "junk", "\0\0#Fields: date time cs-uri-stem sc-status time-taken"]).to_owned(),
        };
        log.extend_from_slice(line.as_bytes());
        log.extend_from_slice(draw.of(&["\n", "\n", "\r\n"]).as_bytes());
    }
    log
}

/// Old syslog headers over several years, the time of each line being theirs.
fn syslog(draw: &mut Draw) -> Vec<u8> {
    const MONTHS: [&str; 6] = ["Sep", "Nov", "Dec", "Jan", "Feb", "May"];
    let mut log = String::new();
    for month in 0..1 + draw.below(40) {
        let (month, status) = (MONTHS[month / 2 % MONTHS.len()], draw.of(&[200, 502]));
        let line = match draw.below(8) {
            0 => "junk".to_owned(),
            _ => format!(
                "<134>{month} {:2} 10:00:00 web app[7]: INFO:     192.0.2.7:40112 - \"GET /cart HTTP/1.1\" {status} OK",
                1 + draw.below(28)
            ),
        };
        log = log + &line + "\n";
    }
    log.into_bytes()
}

/// Any tiling of a log merges to the bytes of the whole, and what is odd is odd in the range that holds it.
fn check(rig: &Rig, log: &[u8], draw: &mut Draw) -> Result<(), TestCaseError> {
    let want = rig.run(log, &whole());
    let mut bounds: Vec<u64> = (0..draw.below(6)).map(|_| draw.below(log.len() + 1) as u64).collect();
    bounds.sort_unstable();
    let (mut parts, mut odd, mut from) = (Vec::new(), Vec::new(), 0);
    for to in bounds.into_iter().map(Some).chain([None]) {
        let part = rig.run_range(log, (from, to), &whole());
        odd.extend(part.odd);
        parts.push(part.partial);
        from = to.unwrap_or(0);
    }
    parts.reverse();
    same(&odd, &want.odd)?;
    let merged = Partial::merge_all(parts, Duplicates::Refuse).unwrap().unwrap();
    same(&merged, &want.partial)?;
    prop_assert_eq!(bytes_of(&merged), bytes_of(&want.partial));
    Ok(())
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn ranges_of_logs_in_parts_merge_to_the_whole(seed in any::<u64>()) {
        let mut draw = Draw(seed);
        let log = cri(&mut draw);
        check(&rig_of(&within("combined", &[Envelope::Cri]), None), &log, &mut draw)?;
        let log = docker(&mut draw);
        check(&rig_of(&within("combined", &[Envelope::Docker]), None), &log, &mut draw)?;
    }

    #[test]
    fn ranges_of_logs_with_headers_merge_to_the_whole(seed in any::<u64>()) {
        let mut draw = Draw(seed);
        let log = w3c(&mut draw);
        check(&rig_of(&Format::parse("w3c").unwrap(), None), &log, &mut draw)?;
        let log: String = String::from_utf8_lossy(&log).lines().map(|line| format!("web-1  | {line}\n")).collect();
        check(&rig_of(&within("w3c", &[Envelope::Compose]), None), log.as_bytes(), &mut draw)?;
    }

    #[test]
    fn ranges_of_logs_without_a_year_merge_to_the_whole(seed in any::<u64>()) {
        let mut draw = Draw(seed);
        let log = syslog(&mut draw);
        check(&rig_of(&within("uvicorn", &[Envelope::Rfc3164]), Some(2025)), &log, &mut draw)?;
    }
}
