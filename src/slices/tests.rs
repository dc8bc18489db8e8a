//! The room's laws: write and read are inverse, the bytes are a function of the content, damage is an error.

use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

use super::*;
use crate::aggregate::accounting::Accounting;
use crate::aggregate::receipt::Digests;
use crate::aggregate::{Counts, Edges, Group, Identity, IndicatorCounts, IndicatorKey, Latencies, Partial, Receipt};
use crate::error::ErrorKind;
use crate::record::{Outcome, Reason, Skip};
use crate::time::Slices;

fn key(service: &str, canonical: &str) -> IndicatorKey {
    IndicatorKey { service: service.to_owned(), canonical: canonical.to_owned() }
}

fn written(partial: &Partial) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(partial, &mut bytes).unwrap();
    bytes
}

fn read_back(bytes: Vec<u8>) -> crate::error::Result<Partial> {
    read("test.slices.parquet", Bytes::from(bytes))
}

/// A group's values: any bytes, with what could be taken for an escape or for absence more often.
fn value() -> impl Strategy<Value = Option<Box<[u8]>>> {
    let bytes = prop_oneof![
        Just(vec![]),
        Just(b"\\xff".to_vec()),
        prop::collection::vec(prop_oneof![Just(b'\\'), Just(b'x'), Just(b'f'), any::<u8>()], 0..6)
    ];
    proptest::option::weighted(0.8, bytes.prop_map(Vec::into_boxed_slice))
}

type Row = (usize, Vec<Option<Box<[u8]>>>, i64, (u32, u32, u32, u32), i64);

fn row() -> impl Strategy<Value = Row> {
    let counts = (1u32..9, any::<u32>(), any::<u32>(), any::<u32>());
    (0usize..3, prop::collection::vec(value(), 2), -40i64..4_000, counts, 0i64..2_000_000_000)
}

/// A partial with three indicators: by two dimensions and latencies, by one of them, by none.
fn partial_of(rows: &[Row]) -> Partial {
    let slices = Slices::of_seconds(300).unwrap();
    let mut partial = Partial::new(slices);
    let mut both = IndicatorCounts::new(vec!["route".to_owned(), "host".to_owned()], false);
    both.latencies = Some(Latencies::new(Edges::new(&[300_000_000, 5]).unwrap()));
    let mut all = [both, IndicatorCounts::new(vec!["host".to_owned()], false), IndicatorCounts::new(vec![], true)];
    for (which, group, slice, (events, good, bad, unknown), ns) in rows {
        let counts = Counts { events: u64::from(*events), good: (*good).into(), bad: (*bad).into(), unknown: (*unknown).into() };
        let group: Group = group[all[*which].dimensions.len() % 2..].iter().take(all[*which].dimensions.len()).cloned().collect();
        all[*which].add(&group, *slice, counts).unwrap();
        if let Some(latencies) = &mut all[*which].latencies {
            latencies.add(&group, slices.start(*slice), *ns, counts.events).unwrap();
        }
        if counts.good.is_multiple_of(3) {
            crate::aggregate::series::add_at(&mut all[*which].other, *slice, counts).unwrap();
            all[*which].group_hash_limit = Some(u64::MAX - 1);
        }
        crate::aggregate::series::add_at(partial.activity.entry(format!("s{which}")).or_default(), *slice, counts.events)
            .unwrap();
    }
    let names = [key("shop", "good: latency <= 300ms"), key("shop", "good: status < 500"), key("", "good: status < 500")];
    partial.indicators = names.into_iter().zip(all).collect();
    partial.receipts = vec![receipt("a.log", 0, 70), receipt("a.log", 90, 100)];
    partial
}

fn receipt(path: &str, start: u64, end: u64) -> Receipt {
    let mut accounting = Accounting {
        no_response: 3,
        time_folds: 2,
        time_gaps: 1,
        by_others: [("common".to_owned(), 1)].into(),
        ..Accounting::default()
    };
    for outcome in
        [Outcome::Event, Outcome::Undated, Outcome::Joined, Outcome::Skipped(Skip::Chatter), Outcome::Rejected(Reason::Json)]
    {
        accounting.add(outcome, 7);
    }
    let identity = Identity::of(&b"a line of a log that is longer than the shortest prefix\n".repeat(30));
    let cut_short = (start > 0).then(|| "interrupted".to_owned());
    Receipt {
        identity,
        start,
        end,
        path: path.to_owned(),
        service: "shop".to_owned(),
        format: "combined".to_owned(),
        accounting,
        cut_short,
    }
}

fn sample() -> Partial {
    let row =
        |which, route: &str, slice, ns| (which, vec![Some(route.as_bytes().into()), None], slice, (4u32, 1u32, 2u32, 1u32), ns);
    partial_of(&[row(0, "/a", 1, 5), row(0, "/b", 7, 900), row(0, "/b", 8, 400_000_000), row(1, "", 2, 0), row(2, "", 3, 0)])
}

proptest! {
    #[test]
    fn reading_gives_back_what_was_written(rows in prop::collection::vec(row(), 0..40)) {
        let partial = partial_of(&rows);
        let bytes = written(&partial);
        prop_assert_eq!(&read_back(bytes).unwrap(), &partial);
    }

    #[test]
    fn the_same_content_is_the_same_bytes(rows in prop::collection::vec(row(), 0..30), at in any::<prop::sample::Index>()) {
        let at = at.index(rows.len() + 1);
        let mut halves = [partial_of(&rows[..at]), partial_of(&rows[at..])];
        halves.iter_mut().for_each(|half| half.receipts.clear());
        let [a, b] = halves;
        let (mut ab, mut ba) = (a.clone(), b.clone());
        ab.merge(b).unwrap();
        ba.merge(a).unwrap();
        prop_assert_eq!(written(&ab), written(&ba));
    }
}

#[test]
fn an_empty_partial_is_a_file_too() {
    let empty = Partial::new(Slices::of_seconds(60).unwrap());
    assert_eq!(read_back(written(&empty)).unwrap(), empty);
}

#[test]
fn runs_longer_than_a_batch_and_many_row_groups_survive() {
    let mut partial = Partial::new(Slices::of_seconds(1).unwrap());
    let counts = |n: i64| Counts { events: n as u64 % 7 + 1, good: 1, ..Counts::default() };
    let mut one = IndicatorCounts::new(vec!["route".to_owned()], true);
    one.groups.insert([Some(b"/".as_slice().into())].into(), (0..1_100_000).map(|n| (n, counts(n))).collect());
    one.groups.insert([Some(b"/x".as_slice().into())].into(), (5..70_000).map(|n| (n * 3, counts(n))).collect());
    partial.indicators.insert(key("", "good: true"), one);
    assert!(read_back(written(&partial)).unwrap() == partial);
}

#[test]
fn flipped_bytes_are_errors_and_never_wrong_counts() {
    let partial = sample();
    let bytes = written(&partial);
    for at in 0..bytes.len() {
        for mask in [0x01, 0x80, 0xff] {
            let mut flipped = bytes.clone();
            flipped[at] ^= mask;
            match read_back(flipped) {
                // What is not covered by the digest (statistics, the name of the writer) does not count.
                Ok(read) => assert!(read == partial, "byte {at} ^ {mask:#x} gave other counts"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Slices),
            }
        }
    }
    for length in 0..bytes.len() {
        let error = read_back(bytes[..length].to_vec()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Slices, "{length} bytes");
    }
}

proptest! {
    #[test]
    fn damage_in_several_places_is_an_error_too(hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = written(&sample());
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        match read_back(bytes) {
            Ok(read) => prop_assert!(read == sample()),
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Slices),
        }
    }
}

#[test]
fn other_files_are_told_apart() {
    assert!(is_slices_file(&Bytes::from(written(&sample()))));
    assert!(!is_slices_file(&Bytes::from_static(b"198.51.100.7 - - [02/Mar/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1\n")));
    assert!(!is_slices_file(&Bytes::new()));
    assert!(!is_slices_file(&Bytes::from(parquet_with(vec![]))));
    let error = read_back(parquet_with(vec![])).unwrap_err();
    assert_eq!(error.to_string(), "`test.slices.parquet` is not a slices file");
    let error = read_back(b"GET / HTTP/1.1".to_vec()).unwrap_err();
    assert_eq!(error.to_string(), "`test.slices.parquet` is not a slices file");

    let newer = parquet_with(vec![("slix.file", "slices"), ("slix.format_version", "2")]);
    assert!(is_slices_file(&Bytes::from(newer.clone())));
    let error = read_back(newer).unwrap_err();
    assert_eq!(error.to_string(), "`test.slices.parquet` has version 2 of the slices format, and this slix reads up to 1");
    assert_eq!(error.hint_text(), Some("read it with a newer slix"));
}

/// A Parquet file without rows, by another writer.
fn parquet_with(entries: Vec<(&str, &str)>) -> Vec<u8> {
    let entries = entries.into_iter().map(|(key, value)| KeyValue::new(key.to_owned(), value.to_owned())).collect();
    let properties = WriterProperties::builder().set_key_value_metadata(Some(entries)).build();
    let mut bytes = Vec::new();
    ArrowWriter::try_new(&mut bytes, schema::schema(&[]), Some(properties)).unwrap().close().unwrap();
    bytes
}

#[test]
fn what_a_file_cannot_hold_is_refused() {
    let mut clash = sample();
    clash.indicators.insert(key("", "x"), IndicatorCounts::new(vec!["events".to_owned()], false));
    let error = write(&clash, Vec::new()).unwrap_err();
    assert_eq!(error.message(), "a dimension is named `events`, as a column of slices files is");
    let mut large = sample();
    large.activity.insert("shop".to_owned(), vec![(0, u64::MAX)]);
    assert_eq!(write(&large, Vec::new()).unwrap_err().kind(), ErrorKind::Overflow);
    large.activity.insert("shop".to_owned(), vec![(i64::MAX / 2, 1)]);
    assert_eq!(write(&large, Vec::new()).unwrap_err().kind(), ErrorKind::Overflow);
}

fn wanted(service: &str, canonical: &str, dimensions: &[&str]) -> Wanted {
    Wanted { key: key(service, canonical), dimensions: dimensions.iter().map(|d| (*d).to_owned()).collect() }
}

fn without_limit() -> Partial {
    let mut partial = sample();
    partial.indicators.values_mut().for_each(|counts| counts.group_hash_limit = None);
    partial
}

#[test]
fn a_definition_is_served_at_a_coarser_grouping_and_wider_slices() {
    let partial = without_limit();
    let hour = Slices::of_seconds(3_600).unwrap();
    let selected = select(&partial, &[wanted("shop", "good: latency <= 300ms", &["route"])], hour).unwrap();
    assert_eq!(selected.indicators.len(), 1);
    let counts = &selected.indicators[&key("shop", "good: latency <= 300ms")];
    assert_eq!(counts.dimensions, ["route"]);
    let b: Group = [Some(b"/b".as_slice().into())].into();
    assert_eq!(counts.groups[&b], [(0, Counts { events: 8, good: 2, bad: 4, unknown: 2 })]);
    assert_eq!(counts.latencies.as_ref().unwrap().groups[&b].iter().map(|e| e.1).sum::<u64>(), 8);
    assert_eq!(selected.receipts, partial.receipts);
    assert_eq!(read_back(written(&selected)).unwrap(), selected);

    let twice = [wanted("shop", "good: latency <= 300ms", &["host"]), wanted("shop", "good: latency <= 300ms", &["route"])];
    let counts = &select(&partial, &twice, partial.slices).unwrap().indicators[&key("shop", "good: latency <= 300ms")];
    assert_eq!(counts.dimensions, ["host", "route"]);
}

#[test]
fn what_cannot_be_served_is_said_with_the_reason() {
    let partial = without_limit();
    let of = |wanted: Wanted, seconds| {
        let error = select(&partial, &[wanted], Slices::of_seconds(seconds).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Slices);
        format!("{error}\n{}", error.hint_text().unwrap())
    };
    assert_eq!(
        of(wanted("shop", "good: latency <= 400ms", &[]), 300),
        "the slices do not hold the indicator `good: latency <= 400ms` of service `shop`\n\
         read the logs again with this definition; they hold, most similar first:\n  \
         `good: latency <= 300ms` of service `shop`\n  \
         `good: status < 500` of service `shop`\n  \
         `good: status < 500` of no service"
    );
    assert_eq!(
        of(wanted("basket", "good: status < 500", &[]), 300),
        "the slices hold `good: status < 500` for no service, service `shop`, not for service `basket`\n\
         give the service in the definition as it was when the logs were read"
    );
    assert_eq!(
        of(wanted("shop", "good: status < 500", &["route"]), 300),
        "the slices cannot answer `good: status < 500`: the counts are grouped by `host`, not by `route`\n\
         leave `route` out of the grouping, or read the logs again"
    );
    assert_eq!(
        of(wanted("shop", "good: status < 500", &[]), 60),
        "counts in slices of 300 s cannot be given in slices of 60 s\n\
         ask for slices that are a whole multiple of the stored ones, or read the logs again"
    );
}

#[test]
fn what_is_known_for_one_run_only_is_not_kept() {
    let identity = Identity::by(Digests::Quick, b"a log");
    let (path, service, format) = ("a.log".to_owned(), String::new(), "combined".to_owned());
    let accounting = Accounting::default();
    let receipt = Receipt { identity, start: 0, end: 5, path, service, format, accounting, cut_short: None };
    let partial = Partial { receipts: vec![receipt], ..Partial::new(Slices::of_seconds(60).unwrap()) };
    let error = super::write(&partial, Vec::new()).unwrap_err();
    assert!(error.message().starts_with("a.log: "), "{error}");
}
