//! Objects of which one value is the line.

use super::{Envelope, Inner, Level, Stamped};
use crate::format::json_read::{self, JsonKind, JsonValue, KeyTree};

/// Where the parts of a line stand in an object: each under the first of its keys that is there.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    tree: KeyTree,
    /// How many values are looked for.
    pub(super) count: usize,
    line: Vec<usize>,
    time: Vec<usize>,
    /// Where the two streams of a container are told apart.
    stream: Vec<usize>,
    program: Vec<usize>,
}

impl Keys {
    /// Those of an envelope; none if it is no object.
    pub(super) fn of(envelope: Envelope) -> Keys {
        let [line, time, stream, program]: [&[&str]; 4] = match envelope {
            Envelope::Docker => [&["log"], &["time"], &["stream"], &[]],
            Envelope::Journal => {
                [&["MESSAGE"], &["_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"], &[], &["SYSLOG_IDENTIFIER", "_COMM"]]
            }
            _ => return Keys::default(),
        };
        let (mut tree, mut count) = (KeyTree::default(), 0);
        let mut want = |keys: &[&str]| keys.iter().map(|key| tree.want(&[(*key).to_owned()], &mut count)).collect();
        let (line, time, stream, program) = (want(line), want(time), want(stream), want(program));
        Keys { tree, count, line, time, stream, program }
    }
}

/// An object whose one value is the line.
pub(super) fn object<'a>(level: &mut Level, line: &'a [u8], buffer: &mut Vec<u8>) -> Option<Inner<'a>> {
    json_read::read_object(line, &level.keys.tree, &mut level.values).ok()?;
    let raw = |value: JsonValue| &line[value.from as usize..value.to as usize];
    let first = |places: &[usize]| places.iter().map(|&at| level.values[at]).find(|value| value.kind != JsonKind::Absent);
    let message = first(&level.keys.line)?;
    let text = match message.kind {
        JsonKind::Text => Some(raw(message)),
        JsonKind::Escaped => {
            json_read::unescape(raw(message), buffer);
            None
        }
        // The journal's way to write bytes that are not UTF-8.
        JsonKind::Nested if level.envelope == Envelope::Journal => {
            bytes_of(raw(message), buffer)?;
            None
        }
        _ => return None,
    };
    let stamp = first(&level.keys.time).map(raw);
    let program = first(&level.keys.program).map(raw);
    let is_second_stream = first(&level.keys.stream).is_some_and(|stream| raw(stream) == b"stderr");
    let ends = text.map_or(&buffer[..], |text| text).ends_with(b"\n");
    let is_partial = level.envelope == Envelope::Docker && !ends;
    let time = stamp.map_or(Stamped::Unknown, |stamp| level.stamp(stamp));
    if level.envelope == Envelope::Docker && time == Stamped::Unknown {
        return None;
    }
    Some(Inner { text, time, is_partial, is_second_stream, program })
}

/// `[72,101,108]`
fn bytes_of(array: &[u8], buffer: &mut Vec<u8>) -> Option<()> {
    let inside = array.strip_prefix(b"[")?.strip_suffix(b"]")?;
    for number in inside.split(|&b| b == b',') {
        buffer.push(std::str::from_utf8(number).ok()?.trim().parse().ok()?);
    }
    Some(())
}
