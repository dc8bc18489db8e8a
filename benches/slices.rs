//! Merging, rolling up, writing and reading partials: entries (indicator, group, slice) per second, on one core.
//!
//! The input is 2 million entries in two shapes: *long*, 50 routes that are there every minute of four weeks, as declared
//! routes are; and *wide*, 100,000 groups of 20 slices each, the most that a partial keeps and the unfavourable case.
//! Every answer is checked. Run with `cargo bench --bench slices`.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use slix::aggregate::{Counts, Group, IndicatorCounts, IndicatorKey, Partial};
use slix::slices::{read, write};
use slix::time::Slices;

fn main() {
    divan::main();
}

const ENTRIES: u64 = 2_000_000;
const SHAPES: [(&str, i64); 2] = [("long", 50), ("wide", 100_000)];

/// `groups` groups with equally many slices each, from slice `first` on; two events per entry, one of them good.
fn partial(groups: i64, first: i64) -> Partial {
    let slices = ENTRIES as i64 / groups;
    let mut counts = IndicatorCounts::new(vec!["route".to_owned()], false);
    for route in 0..groups {
        let group: Group = [Some(format!("/api/v1/resources/{route}").into_bytes().into())].into();
        let entry = |n| (first + n, Counts { events: 2 + u64::from(n % 7 == 0), good: 1, bad: 1, unknown: 0 });
        counts.groups.insert(group, (0..slices).map(entry).collect());
    }
    let mut partial = Partial::new(Slices::of_seconds(60).unwrap());
    let canonical = "good: status < 500".to_owned();
    partial.indicators.insert(IndicatorKey { service: "shop".to_owned(), canonical }, counts);
    partial
}

fn good(partial: &Partial) -> u64 {
    partial.indicators.values().flat_map(|i| i.roll_up().unwrap()).map(|e| e.1.good).sum()
}

fn groups(shape: &str) -> i64 {
    SHAPES.iter().find(|(name, _)| *name == shape).unwrap().1
}

/// Two partials of the same groups and slices: every entry meets another.
#[divan::bench(args = ["long", "wide"], sample_count = 10)]
fn merge_overlapping(bencher: Bencher, shape: &str) {
    let (a, b) = (partial(groups(shape), 0), partial(groups(shape), 0));
    bencher.counter(ItemsCount::new(2 * ENTRIES)).with_inputs(|| (a.clone(), b.clone())).bench_values(|(mut a, b)| {
        a.merge(b).unwrap();
        assert_eq!(a.indicators.values().map(|i| i.groups.len()).sum::<usize>() as i64, groups(shape));
        a
    });
}

/// Two partials of the same groups, one after the other in time: what months are.
#[divan::bench(args = ["long", "wide"], sample_count = 10)]
fn merge_adjacent(bencher: Bencher, shape: &str) {
    let (a, b) = (partial(groups(shape), 0), partial(groups(shape), ENTRIES as i64));
    bencher.counter(ItemsCount::new(2 * ENTRIES)).with_inputs(|| (a.clone(), b.clone())).bench_values(|(mut a, b)| {
        a.merge(b).unwrap();
        a
    });
}

#[divan::bench(args = ["long", "wide"], sample_count = 10)]
fn roll_up(bencher: Bencher, shape: &str) {
    let partial = partial(groups(shape), 0);
    bencher.counter(ItemsCount::new(ENTRIES)).bench_local(|| assert_eq!(good(black_box(&partial)), ENTRIES));
}

#[divan::bench(args = ["long", "wide"], sample_count = 5)]
fn write_file(bencher: Bencher, shape: &str) {
    let partial = partial(groups(shape), 0);
    bencher.counter(ItemsCount::new(ENTRIES)).bench_local(|| {
        let mut bytes = Vec::new();
        write(&partial, &mut bytes).unwrap();
        bytes
    });
}

#[divan::bench(args = ["long", "wide"], sample_count = 5)]
fn read_file(bencher: Bencher, shape: &str) {
    let partial = partial(groups(shape), 0);
    let mut bytes = Vec::new();
    write(&partial, &mut bytes).unwrap();
    let bytes = bytes::Bytes::from(bytes);
    assert!(read("bench", bytes.clone()).unwrap() == partial);
    bencher.counter(ItemsCount::new(ENTRIES)).bench_local(|| read("bench", bytes.clone()).unwrap());
}
