//! The generator against an obvious reader of what it wrote.

use super::*;

fn dirty(format: Format) -> Config {
    Config { lines: 4_000, format, ..Config::default() }.dirty()
}

#[test]
fn lines_and_bytes_are_all_there() {
    for (name, format) in Format::ALL {
        for (crlf, last_newline) in [(false, true), (true, true), (false, false)] {
            let config = Config { crlf, last_newline, undated: 0.01, ..dirty(format) };
            let (log, truth) = generate(&config);
            let total = truth.total();
            assert_eq!((total.lines, total.bytes), (4_000, log.len() as u64), "{name}");
            assert_eq!(log.ends_with(if crlf { b"\r\n" } else { b"\n" }), last_newline, "{name}");
            let blank = log.split_inclusive(|&b| b == b'\n').filter(|line| line.trim_ascii().is_empty()).count();
            assert_eq!(truth.outcome(Outcome::Skipped).lines, blank as u64, "{name}");
            assert_eq!(truth.sum().events(), truth.outcome(Outcome::Event).lines, "{name}");
            assert_eq!(truth.statuses.iter().sum::<u64>(), truth.outcome(Outcome::Event).lines, "{name}");
            assert!(truth.outcomes.iter().all(|tally| tally.lines > 0), "{name}: {:?}", truth.outcomes);
        }
    }
}

#[test]
fn statuses_classes_minutes_and_latencies_are_those_on_the_lines() {
    // The offset moves the text of times and nothing else.
    let config = Config { offset_minutes: 330, hosts: 1, ..dirty(Format::Tabbed) };
    let (log, truth) = generate(&config);
    let mut read = Truth::new(truth.first_minute, truth.cells.len());
    for line in String::from_utf8(log).unwrap().lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        if fields.len() < 9 {
            continue;
        }
        let path = fields[4].split('?').next().unwrap();
        let class =
            ["/api/orders/", "/api/users/", "/search", "/checkout", "/static/"].iter().position(|start| path.starts_with(start));
        let latency_us = fields[7].replace('.', "").parse::<u64>().ok().map(|ms| ms * 1000);
        read.add_event(minute_of(fields[0]), class.unwrap_or(NO_ROUTE), fields[5].parse().unwrap(), latency_us);
    }
    read.outcomes = truth.outcomes;
    assert!(read == truth);
    let sum = truth.sum();
    for verdict in [Verdict::Good, Verdict::Bad, Verdict::Unknown] {
        assert!(sum.status(verdict) > 0 && sum.latency(verdict) > 0, "{verdict:?}: {sum:?}");
    }
}

/// The minute of `2026-11-0dThh:mm:ss+05:30`, for days of October and November 2026.
fn minute_of(iso: &str) -> i64 {
    let number = |from: usize| iso[from..from + 2].parse::<i64>().unwrap();
    let day = number(8) - 1 - if number(5) == 10 { 31 } else { 0 };
    assert!(iso.starts_with("2026-1") && iso.ends_with("+05:30"), "{iso}");
    1_793_491_200 / 60 + day * 1440 + number(11) * 60 + number(14) - 330
}

#[test]
fn clocks_tell_known_times() {
    let mut clock = Clock::new(-210);
    assert_eq!(clock.clf(1_709_164_800 + 3 * 3600), b"28/Feb/2024:23:30:00 -0330");
    assert_eq!(clock.iso(1_709_164_800 + 4 * 3600), b"2024-02-29T00:30:00-03:30");
    assert_eq!(Clock::new(0).clf(4_102_444_799), b"31/Dec/2099:23:59:59 +0000");
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_every_machine() {
    let fnv =
        |bytes: &[u8]| bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    let config = dirty(Format::IngressNginx);
    let (log, truth) = generate(&config);
    assert_eq!(format!("{:016x}", fnv(&log)), "2a0fc198d7492e81");
    let mut written = Vec::new();
    assert!(Generator::new(config.clone()).write(&mut written).unwrap() == truth);
    assert!(written == log);
    assert!(generate(&Config { seed: 2, ..config }).0 != log);
}

#[test]
fn the_shipped_log_is_the_generators() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/access.log");
    let (log, truth) = generate(&Config::shipped());
    assert!(
        std::fs::read(path).unwrap() == log,
        "the fixture or the generator changed; the head of fixtures/README.md tells how to make it"
    );
    assert_eq!(truth.sum().events(), 2_500);
}

#[test]
fn incidents_and_days_show() {
    let incident = Incident { from: 43_200, to: 46_800, class: Some(3), errors: 0.5, latency_factor: 20 };
    let config = Config { lines: 60_000, incidents: vec![incident], format: Format::CombinedTimed, ..Config::default() };
    let (_, truth) = generate(&config);
    let (mut struck, mut other) = (Cell::default(), Cell::default());
    let (mut day, mut night) = (0, 0);
    for (minute, class, cell) in truth.events() {
        let hour = minute / 60 % 24;
        let sum = if hour == 12 && class == 3 { &mut struck } else { &mut other };
        (0..9).for_each(|i| sum.0[i / 3][i % 3] += cell.0[i / 3][i % 3]);
        *if (8..20).contains(&hour) { &mut day } else { &mut night } += cell.events();
    }
    assert!(struck.status(Verdict::Bad) * 10 > struck.events() * 4, "{struck:?}");
    assert!(struck.latency(Verdict::Bad) * 10 > struck.events() * 9, "{struck:?}");
    assert!(other.status(Verdict::Bad) * 1000 < other.events(), "{other:?}");
    assert!(other.latency(Verdict::Bad) * 20 < other.events(), "{other:?}");
    assert!(day * 10 > night * 15, "{day} by day, {night} by night");
}

#[test]
fn the_truth_is_json_in_a_stable_shape() {
    let (_, truth) = generate(&Config { lines: 1, errors: 0.0, ..Config::default() });
    let (minute, class, _) = truth.events().next().unwrap();
    let status = truth.statuses.iter().position(|&count| count > 0).unwrap();
    let bytes = truth.total().bytes;
    let want = format!(
        "{{\"lines\":1,\"bytes\":{bytes},\"events\":{{\"lines\":1,\"bytes\":{bytes}}},\"skipped\":{{\"lines\":0,\"bytes\":0}},\
         \"undated\":{{\"lines\":0,\"bytes\":0}},\"rejected\":{{\"lines\":0,\"bytes\":0}},\"statuses\":{{\"{status}\":1}},\"minutes\":[\n\
         {{\"time\":{},\"route\":\"{}\",\"events\":1,\"status\":{{\"good\":1,\"bad\":0,\"unknown\":0}},\
         \"latency\":{{\"good\":0,\"bad\":0,\"unknown\":1}}}}\n]}}\n",
        minute * 60,
        CLASSES[class]
    );
    assert_eq!(truth.to_json(), want);
}
