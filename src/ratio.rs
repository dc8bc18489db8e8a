//! Exact arithmetic of targets, budgets and ratios.

use std::fmt;

/// A target as an exact fraction of whole numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Target {
    pub(crate) good: u64,
    pub(crate) of: u64,
}

impl Target {
    /// Parses `99.9%` or `0.999`. The error is a sentence. (A stand-in until the room of ratio.rs is merged.)
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("`{text}` is not a target: {why}"));
        let (number, percent) = match text.strip_suffix('%') {
            Some(number) => (number.trim_end(), true),
            None => (text, false),
        };
        let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{decimals}");
        let (Ok(good), true) = (digits.parse::<u64>(), decimals.len() <= 15) else {
            return wrong("write a share such as 99.9% or 0.999");
        };
        let of = 10u64.pow(decimals.len() as u32) * if percent { 100 } else { 1 };
        if !percent && good > of {
            return wrong("write 99.9% or 0.999, so that 0.99 and 99 cannot be confused");
        }
        if good >= of || good == 0 {
            return wrong("it must lie above 0% and below 100%");
        }
        Ok(Target { good, of })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scaled, of) = (u128::from(self.good) * 100, u128::from(self.of));
        write!(f, "{}", scaled / of)?;
        let (mut rest, mut point) = (scaled % of, ".");
        while rest != 0 {
            write!(f, "{point}{}", rest * 10 / of)?;
            (rest, point) = (rest * 10 % of, "");
        }
        f.write_str("%")
    }
}
