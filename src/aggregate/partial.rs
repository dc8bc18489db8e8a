//! The mergeable counts of any part of the input.
//!
//! # Laws of merging
//! Write a ⊕ b for a merge. Wherever both sides of a law are defined, they are equal, byte for byte once written:
//!
//! * *identity*: a ⊕ `Partial::new(a.slices)` = a;
//! * *commutative*: a ⊕ b = b ⊕ a;
//! * *associative*: (a ⊕ b) ⊕ c = a ⊕ (b ⊕ c); so any split of the input, merged in any order, equals the whole;
//! * *limit*: which groups are kept is a function of the set of all groups, not of how they came together;
//! * *coarser*: merging and then widening slices equals widening and then merging.
//!
//! A merge is not defined, that is an error, when counts overflow, when the same content is in both, when the dimensions
//! of an indicator differ, or when neither slice width is a multiple of the other.

use std::collections::BTreeMap;

use super::indicator::{GROUPS_MAX, IndicatorCounts, IndicatorKey};
use super::receipt::{Duplicates, Receipt, merge_receipts};
use super::series;
use crate::error::{Error, ErrorKind, Result};
use crate::time::{SliceNumber, Slices};

/// The mergeable counts of any part of the input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Partial {
    /// The grid of the slices.
    pub slices: Slices,
    /// Counts by indicator.
    pub indicators: BTreeMap<IndicatorKey, IndicatorCounts>,
    /// Events of the input by service and slice, whatever an indicator says of them: coverage and "now" come from here.
    /// No list is empty.
    pub activity: BTreeMap<String, Vec<(SliceNumber, u64)>>,
    /// What was read, in canonical order.
    pub receipts: Vec<Receipt>,
}

impl Partial {
    /// Nothing counted yet, in slices of this grid: the identity of [`Partial::merge`].
    pub fn new(slices: Slices) -> Self {
        Partial { slices, indicators: BTreeMap::new(), activity: BTreeMap::new(), receipts: Vec::new() }
    }

    /// Adds another part of the input; the same content in both is an error. See the module for the laws.
    ///
    /// After an error the partial is partly merged and must not be used.
    pub fn merge(&mut self, other: Partial) -> Result<()> {
        self.merge_with(other, Duplicates::Refuse)
    }

    /// Adds another part of the input.
    pub fn merge_with(&mut self, other: Partial, duplicates: Duplicates) -> Result<()> {
        self.merge_within(other, duplicates, GROUPS_MAX)
    }

    fn merge_within(&mut self, mut other: Partial, duplicates: Duplicates, groups_max: usize) -> Result<()> {
        let (mut receipts, mut others) = (std::mem::take(&mut self.receipts), std::mem::take(&mut other.receipts));
        // Their order does not matter, and few are moved sooner than many.
        if receipts.len() < others.len() {
            std::mem::swap(&mut receipts, &mut others);
        }
        receipts.append(&mut others);
        self.receipts = merge_receipts(receipts, duplicates)?;
        let common = common_slices(self.slices, other.slices)?;
        self.coarsen(common)?;
        other.coarsen(common)?;
        for (service, theirs) in other.activity {
            series::merge(self.activity.entry(service).or_default(), theirs)?;
        }
        for (key, theirs) in other.indicators {
            match self.indicators.get_mut(&key) {
                Some(mine) => mine.merge_within(theirs, groups_max)?,
                None => {
                    self.indicators.insert(key, theirs);
                }
            }
        }
        Ok(())
    }

    /// All parts together, merged in pairs so that no large one is walked once per part. None of them: none.
    pub fn merge_all(mut parts: Vec<Partial>, duplicates: Duplicates) -> Result<Option<Partial>> {
        while parts.len() > 1 {
            let mut rest = parts.into_iter();
            let mut halved = Vec::new();
            while let Some(mut part) = rest.next() {
                if let Some(next) = rest.next() {
                    part.merge_with(next, duplicates)?;
                }
                halved.push(part);
            }
            parts = halved;
        }
        Ok(parts.pop())
    }

    /// Widens the slices. Errors (kind `Slices`): `slices` are not a multiple of the present ones.
    pub fn coarsen(&mut self, slices: Slices) -> Result<()> {
        if self.slices == slices {
            return Ok(());
        }
        let (from, to) = (self.slices.width_micros(), slices.width_micros());
        if to % from != 0 {
            return Err(not_a_multiple(self.slices, slices));
        }
        for list in self.activity.values_mut() {
            *list = series::coarsen(list, to / from)?;
        }
        for counts in self.indicators.values_mut() {
            counts.coarsen(to / from)?;
        }
        self.slices = slices;
        Ok(())
    }
}

/// The wider of both, if it is a multiple of the other.
fn common_slices(a: Slices, b: Slices) -> Result<Slices> {
    let (narrow, wide) = if a.width_micros() <= b.width_micros() { (a, b) } else { (b, a) };
    if wide.width_micros() % narrow.width_micros() == 0 { Ok(wide) } else { Err(not_a_multiple(narrow, wide)) }
}

#[cold]
fn not_a_multiple(from: Slices, to: Slices) -> Error {
    let message = format!("counts in slices of {} s cannot be given in slices of {} s", from.width_seconds(), to.width_seconds());
    Error::new(ErrorKind::Slices, message)
        .hint("ask for slices that are a whole multiple of the stored ones, or read the logs again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::accounting::Accounting;
    use crate::aggregate::group::{Group, group_hash};
    use crate::aggregate::histogram::{Edges, Latencies};
    use crate::aggregate::receipt::Identity;
    use crate::aggregate::series::Counts;
    use crate::record::Outcome;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// What a test logs: minute, route, host, verdict, latency.
    type Event = (i64, Option<u8>, u8, u8, i64);

    const GROUPS_MAX: usize = 8;

    fn event() -> impl Strategy<Value = Event> {
        (0i64..300, proptest::option::of(0u8..4), 0u8..8, 0u8..4, 0i64..900_000_000)
    }

    fn key(name: &str) -> IndicatorKey {
        IndicatorKey { service: "shop".to_owned(), canonical: name.to_owned() }
    }

    /// The partial of events `from..` of a log, each one line of ten bytes.
    fn count(events: &[Event], from: usize) -> Partial {
        let minutes = Slices::of_seconds(60).unwrap();
        let mut partial = Partial::new(minutes);
        let mut by_both = IndicatorCounts::new(vec!["route".to_owned(), "host".to_owned()], false);
        let mut latencies = Latencies::new(Edges::new(&[300_000_000]).unwrap());
        let mut alone = IndicatorCounts::new(vec![], true);
        let mut accounting = Accounting::default();
        for &(minute, route, host, verdict, ns) in events {
            let counts =
                Counts { events: 1, good: (verdict == 0).into(), bad: (verdict == 1).into(), unknown: (verdict == 2).into() };
            let group: Group = [route.map(|r| [r].into()), Some([host].into())].into();
            by_both.add(&group, minute, counts).unwrap();
            latencies.add(&group, minutes.start(minute), ns, 1).unwrap();
            alone.add(&Group::default(), minute, counts).unwrap();
            series::add_at(partial.activity.entry("shop".to_owned()).or_default(), minute, 1).unwrap();
            accounting.add(Outcome::Event, 10);
        }
        by_both.latencies = Some(latencies);
        by_both.limit_groups_to(GROUPS_MAX).unwrap();
        partial.indicators = [(key("both"), by_both), (key("alone"), alone)].into();
        let (start, end) = (from as u64 * 10, (from + events.len()) as u64 * 10);
        let (path, service, format) = ("a.log".to_owned(), "shop".to_owned(), "test".to_owned());
        partial.receipts =
            vec![Receipt { identity: Identity::of(b"a log"), start, end, path, service, format, accounting, cut_short: None }];
        partial
    }

    fn merged(parts: impl IntoIterator<Item = Partial>) -> Partial {
        let mut parts = parts.into_iter();
        let mut sum = parts.next().unwrap();
        parts.for_each(|part| sum.merge_within(part, Duplicates::Refuse, GROUPS_MAX).unwrap());
        sum
    }

    proptest! {
        #[test]
        fn any_split_in_any_order_equals_the_whole(
            events in prop::collection::vec(event(), 1..150),
            mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
            order in any::<u64>(),
        ) {
            cuts.sort_by_key(|c| c.index(events.len()));
            let mut parts = Vec::new();
            let mut from = 0;
            for to in cuts.iter().map(|c| c.index(events.len())).chain([events.len()]) {
                parts.push(count(&events[from..to], from));
                from = to;
            }
            let turn = order as usize % parts.len();
            parts.rotate_left(turn);
            if order & 1 == 1 { parts.reverse() }
            prop_assert_eq!(merged(parts), count(&events, 0));
        }

        #[test]
        fn merging_is_commutative_and_associative(events in prop::collection::vec(event(), 3..120)) {
            let third = events.len() / 3;
            let a = count(&events[..third], 0);
            let b = count(&events[third..2 * third], third);
            let c = count(&events[2 * third..], 2 * third);
            prop_assert_eq!(merged([a.clone(), b.clone()]), merged([b.clone(), a.clone()]));
            let left = merged([merged([a.clone(), b.clone()]), c.clone()]);
            prop_assert_eq!(left, merged([a, merged([b, c])]));
        }

        #[test]
        fn an_empty_partial_is_the_identity(events in prop::collection::vec(event(), 0..60)) {
            let a = count(&events, 0);
            prop_assert_eq!(&merged([Partial::new(a.slices), a.clone()]), &a);
            prop_assert_eq!(&merged([a.clone(), Partial::new(a.slices)]), &a);
        }

        #[test]
        fn the_groups_kept_are_those_with_the_smallest_hashes(events in prop::collection::vec(event(), 0..150)) {
            let groups: BTreeSet<Group> = events.iter().map(|e| [e.1.map(|r| [r].into()), Some([e.2].into())].into()).collect();
            let mut hashes: Vec<u64> = groups.iter().map(|g| group_hash(g)).collect();
            hashes.sort_unstable();
            let counts = &count(&events, 0).indicators[&key("both")];
            prop_assert_eq!(counts.group_hash_limit, hashes.get(GROUPS_MAX).copied());
            prop_assert_eq!(counts.groups.len(), hashes.len().min(GROUPS_MAX));
            let rolled: u64 = counts.roll_up().unwrap().iter().map(|e| e.1.events).sum();
            prop_assert_eq!(rolled, events.len() as u64, "a folded group is still counted");
            let latencies = counts.latencies.as_ref().unwrap();
            prop_assert!(latencies.groups.keys().all(|g| counts.groups.contains_key(g)));
            let timed: u64 = latencies.roll_up().unwrap().iter().map(|e| e.1).sum();
            prop_assert_eq!(timed, events.len() as u64);
        }

        #[test]
        fn widening_slices_and_merging_commute(events in prop::collection::vec(event(), 0..120), minutes in 1i64..20) {
            let wide = Slices::of_seconds(60 * minutes).unwrap();
            let (a, b) = (count(&events[..events.len() / 2], 0), count(&events[events.len() / 2..], events.len() / 2));
            let mut after = merged([a.clone(), b.clone()]);
            after.coarsen(wide).unwrap();
            let mut before = a;
            before.coarsen(wide).unwrap();
            prop_assert_eq!(merged([before, b]), after);
        }

        #[test]
        fn grouping_less_equals_having_grouped_less(events in prop::collection::vec(event(), 0..60)) {
            let events: Vec<Event> = events.into_iter().map(|(m, r, h, v, ns)| (m, r, h % 2, v, ns)).collect();
            let counts = &count(&events, 0).indicators[&key("both")];
            prop_assume!(counts.group_hash_limit.is_none());
            let mut hosts = IndicatorCounts::new(vec!["host".to_owned()], false);
            for (group, series) in &counts.groups {
                series.iter().for_each(|&(n, c)| hosts.add(&[group[1].clone()].into(), n, c).unwrap());
            }
            let by_host = counts.project(&["host"]).unwrap();
            prop_assert_eq!(&by_host.groups, &hosts.groups);
            let none = counts.project::<&str>(&[]).unwrap();
            prop_assert_eq!(none.roll_up().unwrap(), counts.roll_up().unwrap());
            prop_assert_eq!(&none.groups, &by_host.project::<&str>(&[]).unwrap().groups);
        }
    }

    #[test]
    fn beyond_the_limit_only_all_dimensions_or_none_are_served() {
        let events: Vec<Event> = (0..8).flat_map(|h| (0..4).map(move |r| (1, Some(r), h, 0, 5))).collect();
        let counts = &count(&events, 0).indicators[&key("both")];
        assert_eq!(counts.project(&["route"]).unwrap_err().kind(), ErrorKind::Slices);
        assert_eq!(&counts.project(&["route", "host"]).unwrap(), counts);
        let none = counts.project::<&str>(&[]).unwrap();
        assert_eq!((none.groups.len(), none.other.len(), none.group_hash_limit), (1, 0, None));
        assert_eq!(none.groups[&Group::default()][0].1.events, 32);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let of = |seconds| Partial::new(Slices::of_seconds(seconds).unwrap());
        assert_eq!(of(60).merge(of(90)).unwrap_err().kind(), ErrorKind::Slices);
        let mut coarse = of(300);
        coarse.merge(of(60)).unwrap();
        assert_eq!(coarse.slices.width_seconds(), 300);
        assert!(coarse.coarsen(Slices::of_seconds(60).unwrap()).is_err());

        let event: Event = (1, None, 0, 0, 5);
        let mut a = count(&[event], 0);
        assert_eq!(a.clone().merge(a.clone()).unwrap_err().kind(), ErrorKind::Duplicate);
        a.clone().merge_with(a.clone(), Duplicates::Allow).unwrap();
        let mut b = count(&[event], 1);
        b.indicators.get_mut(&key("both")).unwrap().dimensions.reverse();
        let error = a.merge(b).unwrap_err();
        assert_eq!(error.message(), "counts grouped by `route, host` do not merge with counts grouped by `host, route`");
    }

    #[test]
    fn merging_in_pairs_equals_merging_in_a_row() {
        let events: Vec<Event> = (0..50).map(|i| (i * 7 % 40, Some((i % 3) as u8), 0, (i % 4) as u8, i * 1_000)).collect();
        let parts: Vec<_> = events.chunks(7).enumerate().map(|(i, part)| count(part, i * 7)).collect();
        assert_eq!(Partial::merge_all(parts.clone(), Duplicates::Refuse).unwrap(), Some(merged(parts)));
        assert_eq!(Partial::merge_all(vec![], Duplicates::Refuse).unwrap(), None);
    }
}
