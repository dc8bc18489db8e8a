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
        Envelope::Tag => format!("app[7]: {line}"),
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
    ) {
        let mut layouts = preset.formats().unwrap();
        let mut format = layouts.remove(layout.index(layouts.len()));
        (format.others, format.envelopes) = (layouts, envelope.into_iter().collect());
        let (rig, log) = (rig(&format), log(preset.example, envelope, &damages));
        let want = rig.careful(&log);
        for kernel in kernels() {
            same(&rig.fast(&log, kernel), &want)?;
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
            if !has_time && matches!(envelope, Envelope::Rfc3164 | Envelope::Pod | Envelope::Compose | Envelope::Tag) {
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
