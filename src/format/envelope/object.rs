//! Objects of which one value is the line: those of Docker and of the journal, and what shippers and stores of logs make of a line.
//!
//! | writer | where the line is | its documentation |
//! |---|---|---|
//! | Filebeat, Logstash, Elastic Agent | `message`, and as it came in `event.original` | <https://www.elastic.co/docs/reference/ecs/ecs-base> |
//! | Elasticsearch, OpenSearch, as exported | the same within `_source` | <https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/mapping-source-field> |
//! | Vector | `message` | <https://vector.dev/docs/about/under-the-hood/architecture/data-model/log/> |
//! | Fluent Bit, Fluentd | `log`, `message`; an object that was parsed on the way in `log_processed` | <https://docs.fluentbit.io/manual/pipeline/filters/kubernetes> |
//! | Loki, `logcli --output=jsonl` | `line` | <https://grafana.com/docs/loki/latest/query/logcli/> |
//! | Google Cloud Logging | `textPayload`, `jsonPayload.message`, or `jsonPayload` itself | <https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry> |
//! | CloudWatch Logs | `message` | <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_OutputLogEvent.html> |
//! | Azure, containers | `LogEntry`, `LogMessage` | <https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/containerlogv2> |
//! | Splunk, as exported | `result._raw` | <https://docs.splunk.com/Documentation/Splunk/latest/Search/ExportdatausingRESTAPI> |
//! | GELF | `full_message`, `short_message` | <https://go2docs.graylog.org/current/getting_in_log_data/gelf.html> |
//!
//! A key with a dot stands for both, an object within an object and a key with a dot in its name.

use std::sync::LazyLock;

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
            Envelope::Shipper | Envelope::Fluentd => [LINES, TIMES, &[], PROGRAMS],
            _ => return Keys::default(),
        };
        let (mut tree, mut count) = (KeyTree::default(), 0);
        let mut want = |keys: &[&str]| keys.iter().flat_map(|key| paths(key)).map(|path| tree.want(&path, &mut count)).collect();
        let (line, time, stream, program) = (want(line), want(time), want(stream), want(program));
        Keys { tree, count, line, time, stream, program }
    }
}

/// Where shippers put the line, the raw one before what was made of it.
const LINES: &[&str] = &[
    "event.original",
    "message",
    "@message",
    "msg",
    "log",
    "line",
    "textPayload",
    "jsonPayload.message",
    "jsonPayload.log",
    "jsonPayload",
    "log_processed",
    "_source.event.original",
    "_source.message",
    "_source.log",
    "_source",
    "result._raw",
    "_raw",
    "LogEntry",
    "LogMessage",
    "full_message",
    "short_message",
];

/// Where they put the time that the line came in, or that it has. Only a text tells what it means: a number has no unit.
const TIMES: &[&str] = &["@timestamp", "timestamp", "time", "ts", "date", "TimeGenerated", "_source.@timestamp", "result._time"];

/// Where they put the name of who wrote it.
const PROGRAMS: &[&str] = &[
    "kubernetes.container_name",
    "kubernetes.container.name",
    "container_name",
    "container.name",
    "ContainerName",
    "resource.labels.container_name",
    "labels.container",
    "_source.kubernetes.container.name",
    "_source.container.name",
    "log.syslog.appname",
    "appname",
    "programname",
    "program",
    "ident",
    "SYSLOG_IDENTIFIER",
];

/// The ways to a value: each dot may be a step, or belong to the last name.
fn paths(key: &str) -> Vec<Vec<String>> {
    let steps: Vec<&str> = key.split('.').collect();
    let ways = (1..=steps.len()).rev().map(|depth| {
        let (outer, last) = steps.split_at(depth - 1);
        outer.iter().map(|&step| step.to_owned()).chain([last.join(".")]).collect()
    });
    ways.collect()
}

/// Whether a line may be an object that holds another one: some key of it is one of those. Access lines have words of their own under `msg` and
/// `message`, beside a status.
pub(super) fn may_hold_line(line: &[u8]) -> bool {
    has_line_key(line, || memchr::memmem::find(line, b"\"status\"").is_none())
}

/// Whether some key of an object is one under which lines stand. Are words under `msg` and `message` lines, too?
fn has_line_key(line: &[u8], are_words_lines: impl Fn() -> bool) -> bool {
    memchr::memchr_iter(b':', line).any(|colon| {
        let Some(key) = line[..colon].trim_ascii_end().strip_suffix(b"\"") else { return false };
        let key = &key[memchr::memrchr2(b'"', b'.', key).map_or(0, |at| at + 1)..];
        let is_known = NAMES.get(key.len()).is_some_and(|names| names.contains(&key));
        let may_be_words = matches!(key, b"msg" | b"message");
        let value = line[colon + 1..].trim_ascii_start();
        is_known && (!may_be_words || might_be_line(value) || are_words_lines())
    })
}

/// The last steps to lines in objects, by their length: few keys of other objects have the length of one.
static NAMES: LazyLock<[Vec<&[u8]>; 16]> = LazyLock::new(|| {
    let mut names = [const { Vec::new() }; 16];
    for key in LINES.iter().chain(&["MESSAGE"]) {
        let name = key.rsplit('.').next().unwrap_or(key).as_bytes();
        names[name.len()].push(name);
    }
    names
});

/// Whether a value might be a line: an object, a list of bytes, or a text that begins with one or has several words and a digit.
fn might_be_line(value: &[u8]) -> bool {
    let Some(text) = value.strip_prefix(b"\"") else { return matches!(value.first(), Some(b'{' | b'[')) };
    let begins = &text[..text.len().min(LINE_BEGINS)];
    let end = memchr::memchr(b'"', begins).filter(|&quote| quote == 0 || begins[quote - 1] != b'\\').unwrap_or(begins.len());
    let begins = &begins[..end];
    // A tab is escaped.
    begins.starts_with(b"{") || memchr::memchr2(b' ', b'\\', begins).is_some() && begins.iter().any(u8::is_ascii_digit)
}

/// So many bytes of a text tell whether it might be a line.
const LINE_BEGINS: usize = 100;

/// An object of Docker's json-file driver.
pub(super) fn docker<'a>(level: &mut Level, line: &'a [u8], buffer: &mut Vec<u8>) -> Option<Inner<'a>> {
    if let Some(inner) = as_docker_writes(level, line, buffer) {
        return Some(inner);
    }
    buffer.clear();
    object(level, line, buffer)
}

/// moby, `jsonlog.JSONLogs.MarshalJSONBuf`: `{"log":"TEXT\n","stream":"stdout","time":"…"}`, the keys in this order and without blanks. Any
/// other way to write the object is left to [`object`].
pub(super) fn as_docker_writes<'a>(level: &mut Level, line: &[u8], buffer: &mut Vec<u8>) -> Option<Inner<'a>> {
    let text = line.strip_prefix(b"{\"log\":\"")?;
    let stream = text[json_read::unescape_string(text, buffer)?..].strip_prefix(b"\",\"stream\":\"std")?;
    let (is_second_stream, behind) = match stream.strip_prefix(b"out") {
        Some(behind) => (false, behind),
        None => (true, stream.strip_prefix(b"err")?),
    };
    let stamp = behind.strip_prefix(b"\",\"time\":\"")?.strip_suffix(b"\"}")?;
    let time = level.stamp_if_any(stamp)?;
    let is_partial = !buffer.ends_with(b"\n");
    Some(Inner { text: None, time, is_partial, is_second_stream, program: None })
}

/// Fluentd's `out_file`, `TIME TAB TAG TAB RECORD`: an object that holds the line, or is it.
pub(super) fn fluentd<'a>(level: &mut Level, line: &'a [u8], buffer: &mut Vec<u8>) -> Option<Inner<'a>> {
    let mut parts = line.splitn(3, |&b| b == b'\t');
    let (time, _tag, record) = (parts.next()?, parts.next()?, parts.next()?);
    if !record.starts_with(b"{") {
        return None;
    }
    let time = level.stamp_if_any(time)?;
    let inner = if has_line_key(record, || false) { object(level, record, buffer) } else { None };
    Some(Inner { time, ..inner.unwrap_or(Inner::whole(record, time, None)) })
}

/// An object whose one value is the line.
pub(super) fn object<'a>(level: &mut Level, line: &'a [u8], buffer: &mut Vec<u8>) -> Option<Inner<'a>> {
    json_read::read_object(line, &level.keys.tree, &mut level.values).ok()?;
    let raw = |value: JsonValue| &line[value.from as usize..value.to as usize];
    let first = |places: &[usize]| places.iter().map(|&at| level.values[at]).find(|value| value.kind != JsonKind::Absent);
    let lines = || level.keys.line.iter().map(|&at| level.values[at]);
    let is_text = |value: &JsonValue| matches!(value.kind, JsonKind::Text | JsonKind::Escaped);
    let message = lines().find(is_text).or_else(|| lines().find(|value| value.kind == JsonKind::Nested))?;
    // The property `msg` of rsyslog has the blank behind the tag. More of them are the line's own.
    let is_shipper = matches!(level.envelope, Envelope::Shipper | Envelope::Fluentd);
    let has_blank = |text: &[u8]| is_shipper && text.first() == Some(&b' ') && text.get(1).is_some_and(|&next| next != b' ');
    let text = match message.kind {
        JsonKind::Text => Some(&raw(message)[usize::from(has_blank(raw(message)))..]),
        JsonKind::Escaped => {
            json_read::unescape(raw(message), buffer);
            if has_blank(buffer) {
                buffer.remove(0);
            }
            None
        }
        // The journal's way to write bytes that are not UTF-8.
        JsonKind::Nested if level.envelope == Envelope::Journal => {
            bytes_of(raw(message), buffer)?;
            None
        }
        // An object that was parsed on its way is a line again.
        JsonKind::Nested if is_shipper && raw(message).starts_with(b"{") => Some(raw(message)),
        _ => return None,
    };
    let stamp = first(&level.keys.time).map(raw);
    let program = first(&level.keys.program).map(raw);
    let is_second_stream = first(&level.keys.stream).is_some_and(|stream| raw(stream) == b"stderr");
    let ends = text.map_or(&buffer[..], |text| text).ends_with(b"\n");
    let is_partial = level.envelope == Envelope::Docker && !ends;
    let time = match level.envelope {
        Envelope::Docker => level.stamp_if_any(stamp?)?,
        _ => stamp.map_or(Stamped::Unknown, |stamp| level.stamp(stamp)),
    };
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Envelope;
    use super::*;

    /// What may stand in a line of Docker's, and what may be wrong in it.
    const PIECES: [&str; 22] = [
        "{\"log\":\"",
        "\",\"stream\":\"stdout",
        "\",\"stream\":\"stderr",
        "\",\"time\":\"",
        "2026-11-01T10:00:00.042137531Z",
        "\"}",
        "\\n",
        "\\\"",
        "\\\\",
        "\\u0026",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\\ud83d",
        "\\u12",
        "\\x",
        "\\",
        "\"",
        "GET /",
        "é",
        "{",
        " ",
        ",\"attrs\":{\"a\":\"b\"}",
    ];

    /// The text, the time, whether more follows, and whether it is of the second stream.
    type Known = (Vec<u8>, Stamped, bool, bool);

    fn known(inner: Inner, buffer: &[u8]) -> Known {
        (inner.text.unwrap_or(buffer).to_vec(), inner.time, inner.is_partial, inner.is_second_stream)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn dockers_way_to_write_objects_is_read_like_any_other(
            text in prop::collection::vec(6usize..22, 0..12), odd in prop::collection::vec((0usize..22, any::<prop::sample::Index>()), 0..3),
        ) {
            let mut pieces: Vec<&str> = vec![PIECES[0]];
            pieces.extend(text.iter().map(|&i| PIECES[i]));
            pieces.extend(["\\n", PIECES[1], PIECES[3], PIECES[4], PIECES[5]]);
            for (piece, at) in &odd {
                pieces.insert(at.index(pieces.len() + 1), PIECES[*piece]);
            }
            let line = pieces.concat();
            let read = |by: fn(&mut Level, &[u8], &mut Vec<u8>) -> Option<Known>| {
                by(&mut Level::new(Envelope::Docker, None), line.as_bytes(), &mut Vec::new())
            };
            let fast = read(|level, line, buffer| Some(known(docker(level, line, buffer)?, buffer)));
            let slow = read(|level, line, buffer| Some(known(object(level, line, buffer)?, buffer)));
            prop_assert_eq!(fast, slow, "{}", line);
        }
    }

    #[test]
    fn dockers_own_lines_need_no_care() {
        let (mut level, mut buffer) = (Level::new(Envelope::Docker, None), Vec::new());
        let line = br#"{"log":"say \"a\u0026b\"\n","stream":"stderr","time":"2026-11-01T10:00:00.042137531Z"}"#;
        let inner = as_docker_writes(&mut level, line, &mut buffer).unwrap();
        assert_eq!((&buffer[..], inner.is_partial, inner.is_second_stream), (&b"say \"a&b\"\n"[..], false, true));
    }
}
