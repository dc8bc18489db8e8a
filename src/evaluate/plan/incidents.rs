//! Where incidents begin, end and join, on small series.

use super::tests::{counts, every, group, minute, partial, slo};
use super::*;
use crate::slo::Slo;
use crate::slo::alerting::{PARTS, Severity, Threshold, Tier};
use crate::slo::policy::Guard;
use crate::time::Length;

/// Incidents of a day at 99 %, told by one tier over 10 and 2 minutes, as (first, end) minutes and bad events.
fn incidents(bad: &[(i64, u64)], factor: u64) -> Vec<(i64, i64, u64)> {
    let length = |text| Length::parse(text).unwrap();
    let mut tier = Tier::new("t", Severity::Page, Threshold::Factor(factor * PARTS), length("10m"), Some(length("2m")));
    tier.bad_above = 0;
    let guard = Guard { tiers: Some(vec![tier]), ..Guard::default() };
    let slo = Slo { guard: Arc::new(guard), ..slo("99%", "1d", &[]) };
    let bad_at = |n: i64| bad.iter().find(|(minute, _)| *minute == n).map_or(0, |(_, bad)| *bad);
    let series: Series = (0..300).map(|n| (n, counts(100 - bad_at(n), bad_at(n), 0, 0))).collect();
    let held = partial(&[], vec![(group(&[]), series)], vec![]);
    let asked = [Asked { slo: &slo, canonical: "c" }];
    let plan = Plan::new(&asked, &held, &every("1m")).unwrap();
    let guarded = plan.guarded().unwrap();
    let found = guarded[0].incidents().unwrap();
    let number = |at| (0..=300).find(|&n| minute(n) == at).unwrap();
    found.iter().map(|i| (number(i.start), number(i.end), i.counts.bad)).collect()
}

#[test]
fn an_incident_is_seeded_by_a_tier_and_trimmed_to_what_burns() {
    // 50 bad of 1,000 in ten minutes burn 5: above 4, not above 5. The alert goes on for a minute after the slices do.
    assert_eq!(incidents(&[(100, 50)], 4), [(100, 101, 50)]);
    assert_eq!(incidents(&[(100, 50)], 5), []);
    // Burning slices without a tier are none: 2 % in one minute burn 2, but 0.2 in ten.
    assert_eq!(incidents(&[(100, 2)], 1), []);
}

#[test]
fn gaps_of_ten_minutes_join_and_longer_ones_part() {
    // The alert of minute 100 ends at 103: a burning slice that begins at 113 joins, one at 114 does not.
    assert_eq!(incidents(&[(100, 50), (113, 2)], 4), [(100, 114, 52)]);
    assert_eq!(incidents(&[(100, 50), (114, 2)], 4), [(100, 101, 50)]);
    assert_eq!(
        incidents(&[(100, 50), (113, 50)], 4),
        [(100, 114, 100)],
        "the evidence of the second alert begins a minute earlier"
    );
    assert_eq!(incidents(&[(100, 50), (116, 50)], 4), [(100, 101, 50), (116, 117, 50)]);
    // A burning slice before the alert is part of the onset, one that burns at 1 or less is not.
    assert_eq!(incidents(&[(90, 3), (100, 50)], 4), [(90, 101, 53)]);
    assert_eq!(incidents(&[(90, 1), (100, 50)], 4), [(100, 101, 50)]);
}
