//! Numbers for people. Shares are cut, never rounded up: 99.8999 % must not be shown as the 99.9 % that was asked for, nor a
//! budget as left that is spent.

use crate::time::{Instant, MICROS_PER_SECOND, SECONDS_PER_DAY};

/// `1234567` as `1,234,567`.
pub fn count(n: u64) -> String {
    count_wide(n.into())
}

/// The same of any number.
pub fn count_wide(n: u128) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.char_indices() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `part` of `whole` as a percentage cut to `decimals` (at most 9); none of nothing.
pub fn percent(part: u64, whole: u64, decimals: usize) -> Option<String> {
    let scale = 10_u128.pow(decimals.min(9) as u32);
    // Below 2^64 × 100 × 10^9 < 2^128.
    let cut = (u128::from(part) * 100 * scale).checked_div(u128::from(whole))?;
    let (whole, fraction) = (cut / scale, cut % scale);
    Some(if decimals == 0 { format!("{whole}%") } else { format!("{whole}.{fraction:0decimals$}%") })
}

/// A share (1 is all) as a percentage with one decimal, cut towards less.
pub fn share(value: f64) -> String {
    // What is not zero is not shown as zero.
    if value > 0.0 && value < 0.001 {
        return "<0.1%".to_owned();
    }
    // The share of 29 % is stored a hair below it; without this it would be shown as 28.9 %.
    let cut = (value * 1_000.0 + 1e-9).floor() / 10.0;
    format!("{cut:.1}%")
}

/// How much of a budget is spent (1 is all), never shown as less than it is: `108.1%`, or `58.4 times` from ten times on.
pub fn spent(value: f64) -> String {
    let (scale, unit) = if value >= 10.0 { (10.0, " times") } else { (1_000.0, "%") };
    // As with `share`: 1.29 is stored a hair beside what it says.
    let raised = (value * scale - 1e-9).ceil() / 10.0;
    if raised >= 1_000.0 { format!("{}{unit}", count(raised.ceil() as u64)) } else { format!("{raised:.1}{unit}") }
}

/// A burn rate: two decimals, fewer when it is large.
pub fn rate(value: f64) -> String {
    match value {
        v if v >= 1_000.0 => count(v as u64),
        v if v >= 100.0 => format!("{v:.0}"),
        // What is not zero is not shown as zero.
        v if v > 0.0 && v < 0.005 => "<0.01".to_owned(),
        v => format!("{v:.2}"),
    }
}

/// So many minutes of so many, in the unit that suits the whole: `17.1 of 100.8 min`.
pub fn minutes_of(part: f64, whole: f64) -> String {
    let (unit, name) = match whole {
        w if w >= 3.0 * 1_440.0 => (1_440.0, "d"),
        w if w >= 600.0 => (60.0, "h"),
        _ => (1.0, "min"),
    };
    format!("{} of {} {name}", quantity(part / unit), quantity(whole / unit))
}

/// A number of minutes, hours or days, with fewer decimals the larger it is.
fn quantity(value: f64) -> String {
    match value {
        v if v >= 1_000.0 => count(v as u64),
        v if v >= 10.0 => format!("{v:.1}"),
        v if v > 0.0 && v < 0.005 => "<0.01".to_owned(),
        v => format!("{v:.2}"),
    }
}

/// The stretch between two instants in its largest whole unit, or with one decimal where there is none.
pub fn span(from: Instant, to: Instant) -> String {
    let seconds = to.micros().saturating_sub(from.micros()) / MICROS_PER_SECOND;
    let units = [(SECONDS_PER_DAY, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let whole = units.iter().find(|(unit, _)| seconds >= *unit && seconds % unit == 0);
    match (whole, units.iter().find(|(unit, _)| seconds >= *unit)) {
        // `1500 min` says less than `25.0 h`.
        (Some((unit, name)), _) if seconds / unit < 100 => format!("{} {name}", seconds / unit),
        (_, Some((unit, name))) => format!("{:.1} {name}", seconds as f64 / *unit as f64),
        _ => "0 s".to_owned(),
    }
}

/// A length of time that was computed, in its largest unit: `9.1 d`, `43.2 min`.
pub fn duration(seconds: f64) -> String {
    let units = [(SECONDS_PER_DAY as f64, "d"), (3_600.0, "h"), (60.0, "min")];
    let (unit, name) = units.into_iter().find(|(unit, _)| seconds >= *unit).unwrap_or((1.0, "s"));
    format!("{} {name}", quantity(seconds / unit))
}

/// `2026-11-01 00:05`, in UTC, with seconds only where there are some.
pub fn time(t: Instant) -> String {
    let text = t.to_string();
    match text.strip_suffix('Z').and_then(|t| t.split_once('T')) {
        Some((date, clock)) => format!("{date} {}", clock.strip_suffix(":00").unwrap_or(clock)),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn shares_are_cut() {
        assert_eq!(percent(99_899_999, 100_000_000, 3).unwrap(), "99.899%");
        assert_eq!(percent(u64::MAX - 1, u64::MAX, 9).unwrap(), "99.999999999%");
        assert_eq!((percent(1, 1, 0).unwrap(), percent(0, 0, 2)), ("100%".to_owned(), None));
        assert_eq!([0.29, 0.0, -0.0001, 0.9999, -12.5].map(share), ["29.0%", "0.0%", "-0.1%", "99.9%", "-1250.0%"]);
    }

    #[test]
    fn spending_is_not_made_less() {
        assert_eq!(
            [1.0, 1.00001, 1.29, 9.9999, 10.0, 58.34].map(spent),
            ["100.0%", "100.1%", "129.0%", "1,000%", "10.0 times", "58.4 times"]
        );
        assert_eq!(spent(12_345.6), "12,346 times");
    }

    #[test]
    fn small_is_not_nothing() {
        assert_eq!([0.0, 0.001, 0.5, 13.44, 123.4, 12_345.0].map(rate), ["0.00", "<0.01", "0.50", "13.44", "123", "12,345"]);
        assert_eq!(share(0.000_9), "<0.1%");
        assert_eq!(minutes_of(0.0, 40.32), "0.00 of 40.3 min");
        assert_eq!(minutes_of(0.001, 4.3), "<0.01 of 4.30 min");
        assert_eq!(minutes_of(2_352.0, 40.32), "2,352 of 40.3 min");
        assert_eq!(
            (minutes_of(90.0, 900.0), minutes_of(9_000.0, 7_200.0)),
            ("1.50 of 15.0 h".to_owned(), "6.25 of 5.00 d".to_owned())
        );
    }

    #[test]
    fn spans_and_times_are_short() {
        let from_zero = |s| span(Instant::from_seconds(0), Instant::from_seconds(s));
        assert_eq!(
            [0, 60, 5_400, 86_400, 90_000, 61, 600_000].map(from_zero),
            ["0 s", "1 min", "90 min", "1 d", "25 h", "61 s", "6.9 d"]
        );
        assert_eq!(time(Instant::from_seconds(0)), "1970-01-01 00:00");
        assert_eq!(time(Instant::from_micros(1_500_000)), "1970-01-01 00:00:01.5");
    }
}
