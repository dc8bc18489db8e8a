//! Quantities as people write them, exact in the canonical unit of their kind: `0.3ms` is 300,000 ns.

use crate::record::Kind;
use crate::time::Instant;

/// Units of time with their nanoseconds, smallest first. `µ` is written with either of its two code points.
pub(crate) const DURATION_UNITS: [(&str, i64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
];

/// Units of size with their bytes: decimal ones by 1,000, binary ones by 1,024 (IEC 80000-13).
pub(crate) const SIZE_UNITS: [(&str, i64); 7] =
    [("B", 1), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// Plain numbers are kept in billionths.
pub(crate) const BILLIONTHS: i64 = 1_000_000_000;

/// Why a quantity has no exact canonical value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unfit {
    /// It is not a whole number of the canonical unit.
    TooFine,
    /// It leaves the range that slix counts in.
    TooLarge,
}

/// `decimal × scale` as a whole number. `decimal` is digits, perhaps a minus before and decimals behind.
///
/// The extremes of the type are refused, so that a neighbour of any literal exists and `<` can become `<=`.
pub(crate) fn scaled(decimal: &str, scale: i64) -> Result<i64, Unfit> {
    let (negative, digits) = decimal.strip_prefix('-').map_or((false, decimal), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    // i64 has 19 digits, and no unit is divisible by 10^19: both bounds also keep the arithmetic below inside i128.
    if whole.len() > 19 {
        return Err(Unfit::TooLarge);
    }
    if fraction.len() > 18 {
        return Err(Unfit::TooFine);
    }
    let number: i128 = format!("0{whole}{fraction}").parse().map_err(|_| Unfit::TooLarge)?;
    let product = number.checked_mul(scale.into()).ok_or(Unfit::TooLarge)?;
    let divisor = 10i128.pow(fraction.len() as u32);
    if product % divisor != 0 {
        return Err(Unfit::TooFine);
    }
    let value = i64::try_from(product / divisor).map_err(|_| Unfit::TooLarge)?;
    if value == i64::MAX { Err(Unfit::TooLarge) } else { Ok(if negative { -value } else { value }) }
}

/// A canonical value as it is written, in the largest unit that needs no decimals; plain numbers with as few as possible.
pub(crate) fn write(kind: Kind, value: i64) -> String {
    match kind {
        Kind::Duration => with_unit(value, &DURATION_UNITS, &["s", "ms", "us"], "ns"),
        Kind::Size => with_unit(value, &SIZE_UNITS, &["GiB", "MiB", "KiB", "GB", "MB", "KB"], "B"),
        Kind::Number => write_billionths(value),
        Kind::Status => value.to_string(),
        Kind::Time => format!("\"{}\"", Instant::from_micros(value)),
        // A text is never a range; its bytes are written by the expression.
        Kind::Text => String::new(),
    }
}

fn with_unit(value: i64, units: &[(&str, i64)], wanted: &[&str], smallest: &str) -> String {
    let scale_of = |name: &str| units.iter().find(|(unit, _)| *unit == name).map(|(_, scale)| *scale);
    let fitting = wanted.iter().find_map(|name| {
        let scale = scale_of(name)?;
        (value != 0 && value % scale == 0).then(|| format!("{}{name}", value / scale))
    });
    fitting.unwrap_or_else(|| format!("{value}{smallest}"))
}

fn write_billionths(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let (whole, fraction) = (value.unsigned_abs() / BILLIONTHS as u64, value.unsigned_abs() % BILLIONTHS as u64);
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let fraction = format!("{fraction:09}");
    format!("{sign}{whole}.{}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (decimal, scale, want) in [
            ("0.3", 1_000_000, Ok(300_000)),
            ("1.5", 1 << 10, Ok(1_536)),
            ("000.100", 1_000, Ok(100)),
            ("0", 1, Ok(0)),
            ("-2.5", BILLIONTHS, Ok(-2_500_000_000)),
            ("0.0000000001", BILLIONTHS, Err(Unfit::TooFine)),
            ("0.5", 1, Err(Unfit::TooFine)),
            ("0.0000000000000000001", 1, Err(Unfit::TooFine)),
            ("9223372036854775806", 1, Ok(i64::MAX - 1)),
            ("9223372036854775807", 1, Err(Unfit::TooLarge)),
            ("-9223372036854775808", 1, Err(Unfit::TooLarge)),
            ("99999999999999999999", 1, Err(Unfit::TooLarge)),
            ("9999999999999999999.999999999999999999", 3_600_000_000_000, Err(Unfit::TooLarge)),
        ] {
            assert_eq!(scaled(decimal, scale), want, "{decimal} × {scale}");
        }
    }

    #[test]
    fn values_are_written_in_their_largest_whole_unit() {
        for (kind, value, want) in [
            (Kind::Duration, 300_000_000, "300ms"),
            (Kind::Duration, 299_999_999, "299999999ns"),
            (Kind::Duration, 0, "0ns"),
            (Kind::Duration, 90_000_000_000, "90s"),
            (Kind::Size, 1_536, "1536B"),
            (Kind::Size, 65_536, "64KiB"),
            (Kind::Size, 64_000, "64KB"),
            (Kind::Number, -1_500_000_000, "-1.5"),
            (Kind::Number, 20_000_000_000, "20"),
            (Kind::Number, 1, "0.000000001"),
            (Kind::Status, 404, "404"),
        ] {
            assert_eq!(write(kind, value), want);
        }
    }
}
