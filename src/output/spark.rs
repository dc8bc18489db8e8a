//! Lines of small bars, and bars that lie.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const BARS_ASCII: [char; 8] = ['_', '.', ',', '-', '~', '+', '*', '#'];

/// One bar per burn rate. The highest bar is the highest rate, or 1 (the budget's own pace) where all are below, so that
/// a quiet SLO looks quiet. Only 0 has the lowest bar; nothing has a gap.
pub fn burn_bars(rates: impl Iterator<Item = Option<f64>> + Clone, utf8: bool) -> String {
    let bars = if utf8 { BARS } else { BARS_ASCII };
    let top = rates.clone().flatten().fold(1.0, f64::max);
    rates.map(|rate| rate.map_or(' ', |r| bars[level(r / top)])).collect()
}

/// Eighths of a column, from one to seven.
const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// A bar of `width` columns that is filled to a share (1 is all of it; less than 0 is nothing). What is not zero is not empty, and
/// what is not all is not full.
pub fn share_bar(share: f64, width: usize, utf8: bool) -> String {
    let steps = if utf8 { width * 8 } else { width };
    let filled = (share.clamp(0.0, 1.0) * steps as f64).floor() as usize;
    let filled = if share > 0.0 { filled.max(1) } else { filled };
    if !utf8 {
        return format!("{}{}", "#".repeat(filled), ".".repeat(width - filled));
    }
    let (whole, rest) = (filled / 8, filled % 8);
    let part = rest.checked_sub(1).map_or(String::new(), |eighth| EIGHTHS[eighth].to_string());
    let empty = width - whole - usize::from(rest > 0);
    format!("{}{part}{}", "█".repeat(whole), "░".repeat(empty))
}

/// 0 for 0, then seven equal steps to 7 for 1.
fn level(share: f64) -> usize {
    ((share * 7.0).ceil() as usize).min(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_filled_to_its_share() {
        let bars = [1.0, 0.999, 0.5, 0.26, 0.0001, 0.0, -0.3, 1.7].map(|share| share_bar(share, 4, true));
        assert_eq!(bars, ["████", "███▉", "██░░", "█░░░", "▏░░░", "░░░░", "░░░░", "████"]);
        assert_eq!([1.0, 0.99, 0.1, 0.0].map(|share| share_bar(share, 4, false)), ["####", "###.", "#...", "...."]);
    }

    #[test]
    fn bars_follow_the_rates() {
        let rates = [Some(0.0), Some(0.001), Some(3.5), None, Some(7.0)];
        assert_eq!(burn_bars(rates.into_iter(), true), "▁▂▅ █");
        assert_eq!(burn_bars(rates.into_iter(), false), "_.~ #");
        assert_eq!(burn_bars([Some(0.0), Some(0.1)].into_iter(), true), "▁▂");
    }
}
