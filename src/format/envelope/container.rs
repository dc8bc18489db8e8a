//! What the tools of containers write before a line.

use super::{Inner, Level, Stamped};

/// `[pod/NAME/CONTAINER] TEXT`, and whose container it is.
pub(super) fn pod(line: &[u8]) -> Option<Inner<'_>> {
    let end = memchr::memchr(b']', line).filter(|_| line.starts_with(b"[pod/"))?;
    let container = line[..end].rsplit(|&b| b == b'/').next();
    Some(Inner::whole(line[end + 1..].strip_prefix(b" ")?, Stamped::Unknown, container))
}

/// stern's default template, `POD CONTAINER TEXT`: the name of a pod has a part behind a dash that Kubernetes gave it, that of a container is a
/// label (RFC 1123), here with a letter first.
pub(super) fn stern(line: &[u8]) -> Option<Inner<'_>> {
    let is_label = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    let mut words = line.splitn(3, |&b| b == b' ');
    let (pod, container, text) = (words.next()?, words.next()?, words.next()?);
    let is_pod = pod.contains(&b'-') && pod[0].is_ascii_lowercase() && pod.iter().all(|b| is_label(b) || *b == b'.');
    let is_container = container.first().is_some_and(u8::is_ascii_lowercase) && container.iter().all(is_label);
    (is_pod && is_container).then(|| Inner::whole(text, Stamped::Unknown, Some(container)))
}

/// `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, blanks, `| `; of a swarm (`docker service logs`) the task and its node, `web.1.x2k8t1gg1iab@node-1`; for a terminal the name has a colour, which ends behind the bar (version 1) or the blank (2).
pub(super) fn compose(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, is_coloured) = match behind_style(line) {
        Some(rest) => (rest, true),
        None => (line, false),
    };
    let name = line.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'@')).count();
    let blanks = line[name..].iter().take_while(|&&b| b == b' ').count();
    let text = line[name + blanks..].strip_prefix(b"|").filter(|_| name > 0 && blanks > 0)?;
    let ends_style = |text: &'_ [u8]| text.starts_with(STYLE_END);
    let text = if is_coloured && ends_style(text) { &text[STYLE_END.len()..] } else { text };
    let text = text.strip_prefix(b" ").unwrap_or(text);
    Some((&line[..name], if is_coloured && ends_style(text) { &text[STYLE_END.len()..] } else { text }))
}

/// The service of one of its containers, or tasks: `web` of `web-1`, and of `web.1.x2k8t1gg1iab@node-1`.
pub(super) fn service(container: &[u8]) -> &[u8] {
    if container.contains(&b'@') {
        return container.split(|&b| b == b'.').next().unwrap_or(container);
    }
    let digits = container.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    match container[..container.len() - digits].split_last() {
        Some((b'-' | b'_', service)) if digits > 0 && !service.is_empty() => service,
        _ => container,
    }
}

const STYLE_END: &[u8] = b"\x1b[0m";

/// What follows `ESC [ digits and semicolons m` (ECMA-48, SGR).
pub(in crate::format) fn behind_style(line: &[u8]) -> Option<&[u8]> {
    let codes = line.strip_prefix(b"\x1b[")?;
    codes[codes.iter().take_while(|b| b.is_ascii_digit() || **b == b';').count()..].strip_prefix(b"m")
}

/// `TIME STREAM TAGS TEXT`; the first tag is `P` for a part, `F` for a whole line or the last part of one.
pub(super) fn cri<'a>(level: &mut Level, line: &'a [u8]) -> Option<Inner<'a>> {
    let (time, length) = level.leading_stamp(line)?;
    let rest = &line[length..];
    let (is_second_stream, rest) = match (rest.strip_prefix(b"stdout "), rest.strip_prefix(b"stderr ")) {
        (Some(rest), _) => (false, rest),
        (_, Some(rest)) => (true, rest),
        _ => return None,
    };
    let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    let is_partial = match rest[..end].split(|&b| b == b':').next()? {
        b"P" => true,
        b"F" => false,
        _ => return None,
    };
    Some(Inner { is_partial, is_second_stream, ..Inner::whole(rest.get(end + 1..).unwrap_or(b""), time, None) })
}

/// `cf logs`, `TIME [SOURCE/INSTANCE] OUT TEXT`: the source is the router (`RTR`), an app (`APP/PROC/WEB`) or a part of Cloud Foundry.
pub(super) fn cf_logs<'a>(level: &mut Level, line: &'a [u8]) -> Option<Inner<'a>> {
    let line = without_indent(line);
    let (time, length) = level.leading_stamp(line)?;
    let behind = line[length..].strip_prefix(b"[")?;
    let (source, rest) = behind.split_at(memchr::memchr(b']', behind)?);
    let (name, _) = source.split_at(memchr::memchr(b'/', source)?);
    // Older releases fill the source up with blanks.
    let rest = without_indent(rest[1..].strip_prefix(b" ")?);
    let text = rest.strip_prefix(b"OUT").or_else(|| rest.strip_prefix(b"ERR"))?;
    let text = if text.is_empty() { text } else { text.strip_prefix(b" ")? };
    let is_source = !name.is_empty() && name.iter().all(u8::is_ascii_alphabetic);
    is_source.then(|| Inner { is_second_stream: rest.starts_with(b"ERR"), ..Inner::whole(text, time, Some(name)) })
}

/// A line of `cf logs` without the blanks before it.
pub(super) fn without_indent(line: &[u8]) -> &[u8] {
    &line[line.iter().take_while(|&&b| b == b' ').count()..]
}
