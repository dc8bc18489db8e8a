//! Exact arithmetic of targets, budgets and ratios.
//!
//! A target is a fraction of whole numbers and a count is a whole number, so every question about a budget is a question
//! about whole numbers. They are compared as such; a float appears once, correctly rounded, when a number leaves for
//! people. 999 good of 1,000 at 99.9 % leave exactly 0 of the budget; in floats, `1 - 0.001 / (1 - 0.999)` is not 0.

use std::cmp::Ordering;
use std::fmt;

/// Parts of one in the finest target that can be written: nine decimals.
const PARTS: u64 = 1_000_000_000;
/// Digits of [`PARTS`].
const DECIMALS_MAX: usize = 9;

/// The share of valid events that must be good, as an exact reduced fraction strictly between 0 and 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Target {
    /// Numerator of the share that must be good.
    pub(crate) good: u64,
    /// Denominator, at most [`PARTS`]: products with a count fit a `u128` with 34 bits to spare.
    pub(crate) of: u64,
}

impl Target {
    /// Parses `99.9%` or `0.999`, with up to nine decimals of the fraction (seven of the percentage).
    ///
    /// # Errors
    /// A sentence that names the text: 100 % (there would be no budget to compute with), 0 %, anything beyond them, more
    /// decimals, and `99.9` without its `%` (so that 0.99 and 99 cannot be confused).
    pub fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let percent = trimmed.strip_suffix('%').map(str::trim_end);
        let decimals_max = if percent.is_some() { DECIMALS_MAX - 2 } else { DECIMALS_MAX };
        let (whole, fraction) = decimal(percent.unwrap_or(trimmed))
            .ok_or_else(|| format!("`{text}` is not a target: write a percentage such as 99.9%, or a fraction such as 0.999"))?;
        if fraction.len() > decimals_max {
            return Err(format!("target `{text}` has more than {decimals_max} decimals"));
        }
        // At most three digits matter: anything longer is beyond 100 % in either form.
        let whole: u64 = if whole.len() > 3 { 1_000 } else { whole.parse().unwrap_or(0) };
        if percent.is_none() && (whole > 1 || whole == 1 && !fraction.is_empty()) {
            return Err(format!("target `{text}` has no unit: write `{trimmed}%` for a percentage, or a fraction such as 0.999"));
        }
        let scale = 10_u64.pow(decimals_max as u32);
        let digits: u64 = format!("{fraction:0<decimals_max$}").parse().unwrap_or(0);
        Target::from_parts(whole * scale + digits).map_err(|why| format!("target `{text}` {why}"))
    }

    /// From billionths of one.
    fn from_parts(parts: u64) -> Result<Self, &'static str> {
        match parts {
            0 => Err("is 0 %: every result would meet it"),
            PARTS => Err("is 100 %: no event could ever be bad; choose one below, such as 99.99%"),
            _ if parts > PARTS => Err("is above 100 %"),
            _ => {
                let divisor = gcd(parts, PARTS);
                Ok(Target { good: parts / divisor, of: PARTS / divisor })
            }
        }
    }

    /// Numerator of the error budget β = 1 − target, over [`Target::denominator`].
    fn budget(self) -> u128 {
        u128::from(self.of - self.good)
    }

    /// The denominator of target and budget, as counts are multiplied with it.
    fn denominator(self) -> u128 {
        u128::from(self.of)
    }

    /// Numerator and denominator of the target, in lowest terms: (999, 1000) for 99.9 %.
    pub fn parts(self) -> (u64, u64) {
        (self.good, self.of)
    }

    /// The target as a fraction, rounded once.
    pub fn to_f64(self) -> f64 {
        divide(u128::from(self.good), self.denominator())
    }

    /// β = 1 − target as a fraction, rounded once.
    pub fn budget_f64(self) -> f64 {
        divide(self.budget(), self.denominator())
    }

    /// Decimals that the target has when written as a percentage: 1 for `99.9%`.
    pub fn percent_decimals(self) -> usize {
        self.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len() - 1)
    }

    /// Whether `good` of `valid` events reach the target: SLI ≥ target, exactly. None without valid events.
    pub fn met(self, good: u64, valid: u64) -> Option<bool> {
        (valid > 0).then(|| u128::from(good) * self.denominator() >= u128::from(self.good) * u128::from(valid))
    }

    /// How many of `valid` events may be bad: floor(β · valid).
    pub fn allowed_bad(self, valid: u64) -> u64 {
        // β < 1, so the quotient is below `valid`.
        (self.budget() * u128::from(valid) / self.denominator()) as u64
    }

    /// Error ratio ÷ β = bad / (β · valid), exactly. None without valid events.
    pub fn burn(self, bad: u64, valid: u64) -> Option<Ratio> {
        (valid > 0)
            .then(|| Ratio { numerator: u128::from(bad) * self.denominator(), denominator: self.budget() * u128::from(valid) })
    }

    /// [`Target::burn`] as a number: 1 spends the budget exactly within the period. None without valid events.
    pub fn burn_rate(self, bad: u64, valid: u64) -> Option<f64> {
        self.burn(bad, valid).map(Ratio::to_f64)
    }

    /// The share of the budget of `valid` events that `bad` events consumed: bad / (β · valid). Above 1 it is overspent.
    pub fn consumed(self, bad: u64, valid: u64) -> Option<f64> {
        self.burn_rate(bad, valid)
    }

    /// The share of the budget that is left, negative when overspent, exactly 0.0 when spent to the last event.
    pub fn remaining(self, bad: u64, valid: u64) -> Option<f64> {
        let burn = self.burn(bad, valid)?;
        Some(burn.one_minus())
    }

    /// Minutes of a window of `window_seconds` that are left to spend: remaining × β × the window, negative when overspent.
    pub fn remaining_minutes(self, bad: u64, valid: u64, window_seconds: u64) -> Option<f64> {
        let Ratio { numerator: spent, denominator: budget } = self.burn(bad, valid)?;
        let all = self.denominator() * u128::from(valid);
        let left = budget.abs_diff(spent);
        let minutes = match left.checked_mul(u128::from(window_seconds)) {
            Some(exact) => divide(exact, all * 60),
            // Only beyond 10^18 events in a window of centuries: the last digit may then be off.
            None => divide(left, all) * (window_seconds as f64 / 60.0),
        };
        Some(if spent > budget { -minutes } else { minutes })
    }
}

impl fmt::Display for Target {
    /// As a percentage with as many decimals as it has: `99.9%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.good * (PARTS / self.of);
        let (whole, fraction) = (parts / (PARTS / 100), parts % (PARTS / 100));
        let fraction = format!("{fraction:07}");
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{whole}%"),
            digits => write!(f, "{whole}.{digits}%"),
        }
    }
}

/// Splits `digits[.digits]` and drops trailing zeros of the fraction.
fn decimal(text: &str) -> Option<(&str, &str)> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    (!whole.is_empty() && digits(whole) && digits(fraction)).then(|| (whole, fraction.trim_end_matches('0')))
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// An exact non-negative fraction, ordered by value: `1/2` equals `2/4`.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    numerator: u128,
    denominator: u128,
}

impl Ratio {
    /// Nothing.
    pub const ZERO: Ratio = Ratio { numerator: 0, denominator: 1 };
    /// One.
    pub const ONE: Ratio = Ratio { numerator: 1, denominator: 1 };

    /// `numerator / denominator`; none when the denominator is 0.
    pub fn new(numerator: u128, denominator: u128) -> Option<Self> {
        (denominator > 0).then_some(Ratio { numerator, denominator })
    }

    /// The nearest float; ties to even.
    pub fn to_f64(self) -> f64 {
        divide(self.numerator, self.denominator)
    }

    /// 1 − this, signed, rounded once from the exact difference.
    pub fn one_minus(self) -> f64 {
        let size = divide(self.denominator.abs_diff(self.numerator), self.denominator);
        if self.numerator > self.denominator { -size } else { size }
    }
}

impl Ord for Ratio {
    /// Euclid's way: compare the whole parts, then the remainders turned upside down. Nothing can overflow.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b, mut c, mut d) = (self.numerator, self.denominator, other.numerator, other.denominator);
        loop {
            let whole = (a / b).cmp(&(c / d));
            let (left, right) = (a % b, c % d);
            if whole.is_ne() || left == 0 || right == 0 {
                return whole.then((left != 0).cmp(&(right != 0)));
            }
            // left/b < right/d exactly when d/right < b/left.
            (a, b, c, d) = (d, right, b, left);
        }
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ratio {}

/// The float nearest to `numerator / denominator`; ties to even. `denominator` is not 0.
///
/// A float holds 53 bits, so integers below 2^53 convert exactly and IEEE 754 division rounds their quotient correctly.
/// For larger ones the quotient is developed bit by bit until two bits beyond those 53 are known; whatever remains is
/// remembered in the last of them, which is all that rounding to nearest needs.
pub fn divide(numerator: u128, denominator: u128) -> f64 {
    const EXACT: u128 = 1 << f64::MANTISSA_DIGITS;
    debug_assert!(denominator > 0);
    if numerator < EXACT && denominator < EXACT {
        // Converting from 64 bits is one instruction, from 128 a function.
        return numerator as i64 as f64 / denominator as i64 as f64;
    }
    let (mut quotient, mut rest) = (numerator / denominator, numerator % denominator);
    let mut shift = 0_u64;
    while rest > 0 && quotient < EXACT << 2 {
        // rest < denominator, so neither difference is negative and neither sum leaves the type.
        let carry = rest >= denominator - rest;
        rest = if carry { rest - (denominator - rest) } else { rest + rest };
        quotient = quotient << 1 | u128::from(carry);
        shift += 1;
    }
    let sticky = u128::from(rest > 0);
    // At most 128 + 55 bits were developed: the power of two is far from the smallest normal number.
    (quotient | sticky) as f64 * f64::from_bits((1_023 - shift) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn target(text: &str) -> Target {
        Target::parse(text).unwrap()
    }

    #[test]
    fn both_spellings_are_one_target() {
        for (percent, fraction) in
            [("99.9%", "0.999"), ("99.90 %", "0.9990"), ("50%", "0.5"), ("99.9999999%", "0.999999999"), ("0.5%", "0.005")]
        {
            assert_eq!(target(percent), target(fraction), "{percent}");
        }
        assert_eq!(target("99.9%"), Target { good: 999, of: 1_000 });
    }

    #[test]
    fn it_is_shown_as_the_shortest_percentage() {
        for text in ["99.9%", "99%", "50%", "99.9999999%", "0.0000001%", "99.95%"] {
            assert_eq!(target(text).to_string(), text);
        }
        assert_eq!(target("0.999").to_string(), "99.9%");
        assert_eq!((target("99%").percent_decimals(), target("99.95%").percent_decimals()), (0, 2));
    }

    #[test]
    fn what_is_no_target_says_why() {
        let cases = [
            ("100%", "target `100%` is 100 %: no event could ever be bad; choose one below, such as 99.99%"),
            ("1", "target `1` is 100 %: no event could ever be bad; choose one below, such as 99.99%"),
            ("1.0", "target `1.0` is 100 %: no event could ever be bad; choose one below, such as 99.99%"),
            ("0%", "target `0%` is 0 %: every result would meet it"),
            ("0.0", "target `0.0` is 0 %: every result would meet it"),
            ("100.1%", "target `100.1%` is above 100 %"),
            ("99999999999999999999999%", "target `99999999999999999999999%` is above 100 %"),
            ("99.9", "target `99.9` has no unit: write `99.9%` for a percentage, or a fraction such as 0.999"),
            ("1.5", "target `1.5` has no unit: write `1.5%` for a percentage, or a fraction such as 0.999"),
            ("0.9999999999", "target `0.9999999999` has more than 9 decimals"),
            ("99.99999999%", "target `99.99999999%` has more than 7 decimals"),
            ("", "`` is not a target: write a percentage such as 99.9%, or a fraction such as 0.999"),
        ];
        for (text, message) in cases {
            assert_eq!(Target::parse(text).unwrap_err(), message);
        }
        for text in ["%", ".", "99.%", ".9", "-1%", "+1%", "1e-3", "0,999", "99.9%%", "NaN", "٩٩%"] {
            assert!(Target::parse(text).unwrap_err().contains("is not a target"), "{text}");
        }
    }

    #[test]
    fn the_last_allowed_event_leaves_exactly_nothing() {
        let t = target("99.9%");
        assert_eq!((t.met(999, 1_000), t.remaining(1, 1_000), t.consumed(1, 1_000)), (Some(true), Some(0.0), Some(1.0)));
        assert!(t.remaining(1, 1_000).unwrap().is_sign_positive());
        assert_eq!((t.met(998, 1_000), t.remaining(2, 1_000)), (Some(false), Some(-1.0)));
        assert_eq!((t.allowed_bad(1_000), t.allowed_bad(999), t.allowed_bad(0)), (1, 0, 0));
    }

    #[test]
    fn nothing_counted_is_no_number() {
        let t = target("99%");
        assert_eq!((t.met(0, 0), t.consumed(0, 0), t.remaining(0, 0)), (None, None, None));
        assert_eq!((t.burn_rate(0, 0), t.remaining_minutes(0, 0, 60)), (None, None));
    }

    #[test]
    fn minutes_follow_the_real_length_of_the_window() {
        let t = target("99.9%");
        assert_eq!(t.remaining_minutes(0, 5, 28 * 86_400), Some(40.32));
        assert_eq!(t.remaining_minutes(0, 5, 30 * 86_400), Some(43.2));
        assert_eq!(t.remaining_minutes(2, 1_000, 30 * 86_400), Some(-43.2));
        assert_eq!(t.remaining_minutes(1, 1_000, 28 * 86_400), Some(0.0));
        let largest = t.remaining_minutes(0, u64::MAX, 1_000 * 365 * 86_400).unwrap();
        assert!((largest / 525_600.0 - 1.0).abs() < 1e-12, "{largest}");
    }

    #[test]
    fn the_largest_counts_do_not_overflow() {
        let t = target("99.9999999%");
        assert_eq!(t.met(u64::MAX, u64::MAX), Some(true));
        assert_eq!(t.met(0, u64::MAX), Some(false));
        assert_eq!(t.remaining(u64::MAX, u64::MAX), Some(-999_999_999.0));
        assert_eq!(t.allowed_bad(u64::MAX), u64::MAX / PARTS);
    }

    #[test]
    fn division_rounds_to_nearest_even() {
        assert_eq!(divide(1, 3), 1.0 / 3.0);
        assert_eq!(divide((1 << 53) + 1, 1), 9_007_199_254_740_992.0);
        assert_eq!(divide((1 << 53) + 3, 1), 9_007_199_254_740_996.0);
        // A tie but for the remainder of the division: up.
        assert_eq!(divide((1 << 54) + 3, 2), 9_007_199_254_740_994.0);
        assert_eq!(divide(u128::MAX, u128::MAX), 1.0);
        assert_eq!(divide(u128::MAX, 1), 2_f64.powi(128));
        assert_eq!(divide(1, u128::MAX), 2_f64.powi(-128));
        assert_eq!(divide(0, u128::MAX), 0.0);
    }

    proptest! {
        /// The nearest float is no farther away than its neighbours, measured exactly.
        #[test]
        fn division_is_correctly_rounded(n in 1_u64.., d in 1_u64.., up in 0_u32..60, down in 0_u32..60) {
            let (n, d) = (u128::from(n >> down), u128::from(d >> up));
            prop_assume!(n > 0 && d > 0);
            let got = divide(n, d);
            let bits = got.to_bits();
            let exponent = (bits >> 52) as i32 - 1_075;
            let mantissa = u128::from(bits & ((1 << 52) - 1) | 1 << 52);
            // |n/d − m·2^e| ≤ 2^e / 2  ⇔  |2n − 2·m·2^e·d| ≤ 2^e·d, all scaled to integers.
            let (left, unit) = if exponent >= 0 { (Some(n), d.checked_shl(exponent as u32)) } else {
                (n.checked_mul(1_u128.checked_shl(-exponent as u32).unwrap_or(0)).filter(|&x| x > 0), Some(d)) };
            prop_assume!(left.is_some_and(|x| x < 1 << 126));
            let (left, unit) = (left.unwrap(), unit.unwrap());
            prop_assume!(mantissa.checked_mul(unit).is_some_and(|x| x < 1 << 126));
            prop_assert!(2 * left.abs_diff(mantissa * unit) <= unit);
        }

        #[test]
        fn ratios_compare_as_cross_products(a in 0_u64.., b in 1_u64.., c in 0_u64.., d in 1_u64..) {
            let (a, b, c, d) = (u128::from(a), u128::from(b), u128::from(c), u128::from(d));
            let (x, y) = (Ratio::new(a, b).unwrap(), Ratio::new(c, d).unwrap());
            prop_assert_eq!(x.cmp(&y), (a * d).cmp(&(c * b)));
            prop_assert_eq!(x.cmp(&Ratio::new(a * d, b * d).unwrap()), Ordering::Equal);
        }

        #[test]
        fn one_more_bad_event_never_leaves_more(parts in 1_u64..PARTS, good in 0_u64..1 << 40, bad in 0_u64..1 << 40) {
            let t = Target::from_parts(parts).unwrap();
            let valid = good + bad;
            let before = t.remaining(bad, valid);
            let after = t.remaining(bad + 1, valid + 1).unwrap();
            prop_assert!(before.is_none_or(|b| after <= b));
            prop_assert!(t.consumed(bad + 1, valid + 1) >= t.consumed(bad, valid));
        }

        #[test]
        fn met_remaining_and_allowed_agree(parts in 1_u64..PARTS, bad in 0_u64..10_000, valid in 1_u64..1_000_000) {
            prop_assume!(bad <= valid);
            let t = Target::from_parts(parts).unwrap();
            let met = t.met(valid - bad, valid).unwrap();
            prop_assert_eq!(met, bad <= t.allowed_bad(valid));
            prop_assert_eq!(met, t.remaining(bad, valid).unwrap() >= 0.0);
            prop_assert_eq!(met, t.burn(bad, valid).unwrap() <= Ratio::new(1, 1).unwrap());
        }

        #[test]
        fn display_parses_back(parts in 1_u64..PARTS) {
            let t = Target::from_parts(parts).unwrap();
            prop_assert_eq!(Target::parse(&t.to_string()).unwrap(), t);
        }
    }
}
