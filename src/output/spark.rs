//! A line of small bars.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const BARS_ASCII: [char; 8] = ['_', '.', ',', '-', '~', '+', '*', '#'];

/// One bar per burn rate. The highest bar is the highest rate, or 1 (the budget's own pace) where all are below, so that
/// a quiet SLO looks quiet. Only 0 has the lowest bar; nothing has a gap.
pub fn burn_bars(rates: impl Iterator<Item = Option<f64>> + Clone, utf8: bool) -> String {
    let bars = if utf8 { BARS } else { BARS_ASCII };
    let top = rates.clone().flatten().fold(1.0, f64::max);
    rates.map(|rate| rate.map_or(' ', |r| bars[level(r / top)])).collect()
}

/// 0 for 0, then seven equal steps to 7 for 1.
fn level(share: f64) -> usize {
    ((share * 7.0).ceil() as usize).min(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_follow_the_rates() {
        let rates = [Some(0.0), Some(0.001), Some(3.5), None, Some(7.0)];
        assert_eq!(burn_bars(rates.into_iter(), true), "▁▂▅ █");
        assert_eq!(burn_bars(rates.into_iter(), false), "_.~ #");
        assert_eq!(burn_bars([Some(0.0), Some(0.1)].into_iter(), true), "▁▂");
    }
}
