//! Every layout of every preset, its lines damaged, and in every envelope: the fast path reads them as the careful one does.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use slix::format::envelope::Envelope;
use slix::format::extract::Extractor;
use slix::format::preset::{self, Preset};
use slix::format::{Format, detect};
use slix::record::Field;
use slix::slo::definitions::Definitions;

use super::mutation::{Damage, apply, damage};
use super::rig::Rig;
use super::{cases, kernels, same};

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
        Envelope::Journal => format!(r#"{{"__REALTIME_TIMESTAMP":"1793613600000000","MESSAGE":{quoted}}}"#),
    }
}

fn rig(format: &Format) -> Rig {
    let has = |field: &Field| format.resolve(field).is_some() || format.others.iter().any(|other| other.resolve(field).is_some());
    let mut slos = String::from("slos:\n- {name: a, target: 99%, good: status < 500, group_by: [status, path, method]}\n");
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
    blank: bool,
}

fn disorder() -> impl Strategy<Value = Disorder> {
    let order = prop::collection::vec(any::<u8>(), 1..12);
    (order, (0u8..40, 0u8..9), any::<bool>()).prop_map(|(order, change, blank)| Disorder { order, change, blank })
}

fn disordered(value: &serde_json::Value, disorder: &Disorder, count: &mut u8) -> String {
    let serde_json::Value::Object(members) = value else { return value.to_string() };
    let mut written = Vec::new();
    for ((key, value), order) in members.iter().zip(disorder.order.iter().cycle()) {
        *count += 1;
        let (key, own) = (serde_json::to_string(key).unwrap(), disordered(value, disorder, count));
        let changed = match disorder.change {
            (place, change) if place == *count => {
                ["", "null", r#""a\"b""#, "{}", "[1]", "\"\"", "\"-\"", "7"].get(usize::from(change))
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
