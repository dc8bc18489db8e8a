//! Reading numbers: statuses, durations, sizes and counts, alone or in the lists that nginx writes for upstream tries.
//!
//! nginx, ngx_http_upstream_module: "Several response times are separated by commas and colons like addresses in the
//! $upstream_addr variable", that is `0.001, 0.002 : 0.003`, where an element may be `-`.

use super::Unit;

/// What a list of numbers may hold at most; nginx itself stops at `proxy_next_upstream_tries`, rarely above ten. A longer
/// list does not read as one, which keeps looking ahead linear.
pub(super) const LIST_ELEMENTS_MAX: usize = 64;

/// The length of the number, or of the list of numbers if `lists`, at the beginning of `bytes`; 0 if there is none. An
/// element is decimal digits with an optional fraction, perhaps negative, or a lone `-`.
pub(super) fn shape_length(bytes: &[u8], lists: bool) -> usize {
    let mut length = element_length(bytes);
    if length == 0 || !lists {
        return length;
    }
    for _ in 1..LIST_ELEMENTS_MAX {
        let separator = match &bytes[length..] {
            [b',', b' ', ..] => 2,
            [b' ', b':', b' ', ..] => 3,
            _ => return length,
        };
        match element_length(&bytes[length + separator..]) {
            0 => return length,
            element => length += separator + element,
        }
    }
    length
}

fn element_length(bytes: &[u8]) -> usize {
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits_length(&bytes[sign..]);
    if whole == 0 {
        return sign;
    }
    let length = sign + whole;
    match bytes.get(length) {
        Some(b'.') => match digits_length(&bytes[length + 1..]) {
            0 => length,
            fraction => length + 1 + fraction,
        },
        _ => length,
    }
}

fn digits_length(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Whether all of `bytes` reads as a number or a list of numbers, or says that there is none (empty, `-`).
pub(super) fn is_number(bytes: &[u8]) -> bool {
    shape_length(bytes, true) == bytes.len()
}

/// Elements of a list.
fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&b| b == b',' || b == b':').map(<[u8]>::trim_ascii)
}

/// A status: `Some(None)` is a mark of no response (`000`, `0`, `-`, `-1`, empty), `None` is no status at all. A list
/// (upstream tries) counts as its last element; the reason behind a code says nothing more.
#[inline(always)]
pub(super) fn status(text: &[u8]) -> Option<Option<u16>> {
    match text {
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Some(Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')))
        }
        b"" | b"-" | b"0" | b"000" | b"-1" => Some(None),
        // Python's servers write the reason with it: `404 Not Found`.
        [a, b, c, b' ', b'A'..=b'Z', ..] => status(&[*a, *b, *c]),
        // An encoder that has only floats: `200.0`.
        [a, b, c, b'.', zeros @ ..] if !zeros.is_empty() && zeros.iter().all(|&zero| zero == b'0') => status(&[*a, *b, *c]),
        [b'1'..=b'9', ..] if memchr::memchr2(b'e', b'E', text).is_some() => status_with_exponent(text),
        _ if text.len() > 3 => elements(text).last().filter(|last| last.len() <= 3).and_then(status),
        _ => None,
    }
}

/// A status as an encoder of floats may write it: `2e2`.
#[cold]
fn status_with_exponent(text: &[u8]) -> Option<Option<u16>> {
    status(&plain(text)?)
}

/// A number of units as a whole number of the unit's base (nanoseconds for times), rounded up. A list is the sum of its
/// elements but those that are marks of no value (a dash, a negative number). None when there is no number, or something else is among them, or it is
/// out of range.
#[inline(always)]
pub(super) fn scaled(text: &[u8], unit: Unit) -> Option<i64> {
    if let ([a, b'.', b, c, d], Unit::Seconds) = (text, unit) {
        // `0.005`: what nginx writes for nearly every request.
        let digits = [a, b, c, d].map(|x| x.wrapping_sub(b'0'));
        if digits.iter().all(|&x| x < 10) {
            let [a, b, c, d] = digits.map(i64::from);
            return Some((a * 1_000 + b * 100 + c * 10 + d) * 1_000_000);
        }
    }
    scaled_any(text, unit)
}

fn scaled_any(text: &[u8], unit: Unit) -> Option<i64> {
    if unit == Unit::Written {
        return written(text);
    }
    if !text.contains(&b',') && !text.contains(&b':') {
        // What has its own unit behind it needs no other (Caddy, by `duration_format string`).
        return decimal(text, unit).or_else(|| written(text).filter(|_| unit != Unit::One));
    }
    let is_none = |element: &[u8]| element.is_empty() || element.starts_with(b"-");
    elements(text)
        .filter(|element| !is_none(element))
        .try_fold((0i64, false), |(sum, _), element| Some((sum.checked_add(decimal(element, unit)?)?, true)))
        .and_then(|(sum, any)| any.then_some(sum))
}

/// One decimal number, exact and rounded up. JSON numbers may have an exponent (`8.1e-05`).
fn decimal(text: &[u8], unit: Unit) -> Option<i64> {
    match memchr::memchr2(b'e', b'E', text) {
        Some(_) => plain_decimal(&plain(text)?, unit),
        None => plain_decimal(text, unit),
    }
}

/// A number that has an exponent, without it.
pub(super) fn plain(text: &[u8]) -> Option<Vec<u8>> {
    let at = memchr::memchr2(b'e', b'E', text)?;
    without_exponent(&text[..at], &text[at + 1..])
}

/// `mantissa × 10^exponent` written without exponent; none beyond a few dozen places, where nothing measurable lies.
fn without_exponent(mantissa: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
    const PLACES_MAX: i32 = 40;
    let exponent: i32 = std::str::from_utf8(exponent).ok()?.parse().ok()?;
    let point = mantissa.iter().position(|&b| b == b'.').unwrap_or(mantissa.len());
    let digits: Vec<u8> = mantissa.iter().copied().filter(|&b| b != b'.').collect();
    let is_number = point > 0 && digits.len() + 1 >= mantissa.len() && digits_length(&digits) == digits.len();
    if exponent.abs() > PLACES_MAX || !is_number {
        return None;
    }
    let place = point as i32 + exponent;
    let before = vec![b'0'; (1 - place).max(0) as usize];
    let after = vec![b'0'; (place - digits.len() as i32).max(0) as usize];
    let mut text = [before, digits, after].concat();
    text.insert(place.max(1) as usize, b'.');
    Some(if text.last() == Some(&b'.') { text[..text.len() - 1].to_vec() } else { text })
}

fn plain_decimal(text: &[u8], unit: Unit) -> Option<i64> {
    let (digits_of_base, factor) = base(unit);
    let whole_length = digits_length(text);
    let whole = text[..whole_length].iter().try_fold(0i64, |n, b| n.checked_mul(10)?.checked_add(i64::from(b - b'0')))?;
    let fraction = match &text[whole_length..] {
        [] => &[][..],
        [b'.', fraction @ ..] if digits_length(fraction) == fraction.len() => fraction,
        _ => return None,
    };
    if whole_length == 0 {
        return None;
    }
    let (kept, finer) = fraction.split_at(fraction.len().min(digits_of_base));
    let mut n = whole;
    for i in 0..digits_of_base {
        n = n.checked_mul(10)?.checked_add(kept.get(i).map_or(0, |b| i64::from(b - b'0')))?;
    }
    n.checked_add(i64::from(finer.iter().any(|&b| b != b'0')))?.checked_mul(factor)
}

/// Whether a number has so many decimals, or is none.
pub(super) fn has_places(text: &[u8], places: usize) -> bool {
    text == b"-" || memchr::memchr(b'.', text).is_some_and(|point| text.len() == point + 1 + places)
}

/// A duration that carries its units, in one or several parts: `0.123s`, `17.5ms`, `1m2.5s`.
fn written(text: &[u8]) -> Option<i64> {
    let (mut rest, mut sum) = (text, 0i64);
    while !rest.is_empty() {
        let number = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
        let unit = rest[number..].iter().take_while(|b| !b.is_ascii_digit()).count();
        let nanos = match &rest[number..number + unit] {
            b"h" => plain_decimal(&rest[..number], Unit::Minutes)?.checked_mul(60)?,
            b"m" => plain_decimal(&rest[..number], Unit::Minutes)?,
            b"s" => plain_decimal(&rest[..number], Unit::Seconds)?,
            b"ms" => plain_decimal(&rest[..number], Unit::Millis)?,
            b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => plain_decimal(&rest[..number], Unit::Micros)?,
            b"ns" => plain_decimal(&rest[..number], Unit::Nanos)?,
            _ => return None,
        };
        sum = sum.checked_add(nanos)?;
        rest = &rest[number + unit..];
    }
    (!text.is_empty()).then_some(sum)
}

/// Decimal places between a unit and its base, and a factor beside them. A number with its unit behind it has none.
pub(super) fn base(unit: Unit) -> (usize, i64) {
    match unit {
        Unit::Seconds => (9, 1),
        Unit::Millis => (6, 1),
        Unit::Micros => (3, 1),
        Unit::Nanos | Unit::One => (0, 1),
        Unit::Minutes => (9, 60),
        Unit::Written => (0, 0),
    }
}

/// A plain number in billionths, saturating (see [`crate::record::Kind::Number`]); negative ones too.
pub(super) fn billionths(text: &[u8]) -> Option<i64> {
    if let [b'-', rest @ ..] = text {
        return billionths(rest).map(|n| -n);
    }
    let whole_length = digits_length(text);
    if whole_length > 0 && whole_length == text.len() && whole_length > 10 {
        return Some(i64::MAX);
    }
    scaled_any(text, Unit::Seconds).or_else(|| (whole_length >= 10 && is_number(text)).then_some(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (text, length) in [
            ("200 5", 3),
            ("0.005", 5),
            ("0.", 1),
            ("-", 1),
            ("-1 ", 2),
            ("", 0),
            ("abc", 0),
            ("0.001, 0.002 : -, 3\" x", 19),
            ("0.001, x", 5),
            ("1,2", 1),
            ("5 : ", 1),
            ("10.0.0.1:80", 4),
        ] {
            assert_eq!(shape_length(text.as_bytes(), true), length, "{text}");
        }
        let long = "1, ".repeat(LIST_ELEMENTS_MAX) + "1";
        assert_eq!(shape_length(long.as_bytes(), true), 3 * LIST_ELEMENTS_MAX - 2);
        assert!(is_number(b"") && is_number(b"-") && is_number(b"1.5") && !is_number(b"1.5s"));
    }

    #[test]
    fn statuses() {
        for (text, want) in [
            ("200", Some(Some(200))),
            ("599", Some(Some(599))),
            ("000", Some(None)),
            ("0", Some(None)),
            ("-", Some(None)),
            ("-1", Some(None)),
            ("", Some(None)),
            ("502, 200", Some(Some(200))),
            ("502, 504 : -", Some(None)),
            ("404 Not Found", Some(Some(404))),
            ("200.0", Some(Some(200))),
            ("200.", None),
            ("200.5", None),
            ("200.00x", None),
            ("200 ok", None),
            ("ERR Not Found", None),
            ("abc", None),
            ("2000", None),
            ("20", None),
            ("099", None),
            ("200, x", None),
            ("2e2", Some(Some(200))),
            ("2.0E+02", Some(Some(200))),
            ("40400e-2", Some(Some(404))),
            ("2.005e2", None),
            ("2e3", None),
            ("2e", None),
            ("2e2e", None),
        ] {
            assert_eq!(status(text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn durations_are_rounded_up_to_nanoseconds() {
        for (text, unit, want) in [
            ("0.300", Unit::Seconds, Some(300_000_000)),
            ("0.3000000001", Unit::Seconds, Some(300_000_001)),
            ("9.999", Unit::Seconds, Some(9_999_000_000)),
            ("12.5", Unit::Millis, Some(12_500_000)),
            ("7", Unit::Micros, Some(7_000)),
            ("42", Unit::Nanos, Some(42)),
            ("-", Unit::Seconds, None),
            ("-1", Unit::Millis, None),
            ("", Unit::Seconds, None),
            ("0.001, 0.002 : 0.003", Unit::Seconds, Some(6_000_000)),
            ("0.001, -, 0.003", Unit::Seconds, Some(4_000_000)),
            ("-, -", Unit::Seconds, None),
            ("0.001, -1", Unit::Seconds, Some(1_000_000)),
            ("192.0.2.7:80", Unit::Seconds, None),
            ("0.001, x", Unit::Seconds, None),
            (".5", Unit::Seconds, None),
            ("99999999999999999999", Unit::Nanos, None),
            ("9999999999", Unit::Seconds, None),
            ("2", Unit::Minutes, Some(120_000_000_000)),
            ("0.123s", Unit::Written, Some(123_000_000)),
            ("1m2.5s", Unit::Written, Some(62_500_000_000)),
            ("17.5ms", Unit::Written, Some(17_500_000)),
            ("3µs", Unit::Written, Some(3_000)),
            ("5", Unit::Written, None),
            ("5 s", Unit::Written, None),
            ("8.1e-05", Unit::Seconds, Some(81_000)),
            ("1.5E+2", Unit::Millis, Some(150_000_000)),
            ("12e0", Unit::Nanos, Some(12)),
            ("1e99", Unit::Nanos, None),
            ("e5", Unit::Nanos, None),
            ("1..5e5", Unit::Nanos, None),
            (".5e5", Unit::Nanos, None),
        ] {
            assert_eq!(scaled(text.as_bytes(), unit), want, "{text}");
        }
    }

    #[test]
    fn plain_numbers_saturate() {
        assert_eq!(billionths(b"2.5"), Some(2_500_000_000));
        assert_eq!(billionths(b"-2.5"), Some(-2_500_000_000));
        assert_eq!(billionths(b"99999999999"), Some(i64::MAX));
        assert_eq!(billionths(b"9999999999.5"), Some(i64::MAX));
        assert_eq!(billionths(b"x"), None);
    }
}
