//! Alerts, policy, incidents from the outside: the same from logs, from slices files and from any number of threads; attribution
//! against counts made by hand; what a what-if answers.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::work::{Ran, Work};
use slix::aggregate::attribution;
use slix::slo::definitions::Definitions;

const DEFINITION: &str = r#"
service: shop
format: '$remote_addr $host [$time_local] "$request" $status $body_bytes_sent $request_time'
routes: ["/checkout", "/cart"]
group_by: [route]
attribute: [status, host, route]
slos:
  - {name: availability, target: 95%, window: 12h, good: status < 500}
  - {name: latency, target: 90%, window: 12h, valid: status < 500, good: latency <= 300ms}
"#;

/// One request, as the test knows it.
pub(super) struct Request {
    second: u64,
    host: &'static str,
    path: &'static str,
    status: u64,
    millis: u64,
}

impl Request {
    fn is_bad(&self, slo: &str) -> bool {
        if slo == "availability" { self.status >= 500 } else { self.status < 500 && self.millis > 300 }
    }

    fn value(&self, dimension: &str) -> Option<String> {
        match dimension {
            "status" => Some(self.status.to_string()),
            "host" => Some(self.host.to_owned()),
            _ => ["/checkout", "/cart"].contains(&self.path).then(|| self.path.to_owned()),
        }
    }
}

/// Twelve hours with two incidents; an LCG with the constants of Knuth's MMIX decides.
pub(super) fn requests() -> Vec<Request> {
    let mut state = 77_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let one = |i: u64| {
        let second = i * 9;
        let (hour, path) = (second / 3_600, ["/checkout", "/cart", "/search"][random(3) as usize]);
        let is_incident = hour == 4 && path == "/checkout" || hour == 8 && path == "/cart";
        let failed = random(100) < if is_incident { 60 } else { 1 };
        let status = if failed { [502, 503, 504][random(3) as usize] } else { 200 };
        Request { second, host: ["a.example", "b.example"][random(2) as usize], path, status, millis: random(340) }
    };
    (0..4_800).map(one).collect()
}

pub(super) fn log(requests: &[Request]) -> String {
    let line = |r: &Request| {
        let (h, m, s) = (r.second / 3_600, r.second / 60 % 60, r.second % 60);
        let (host, path, status, millis) = (r.host, r.path, r.status, r.millis);
        format!("192.0.2.1 {host} [03/Nov/2026:{h:02}:{m:02}:{s:02} +0000] \"GET {path} HTTP/1.1\" {status} 99 0.{millis:03}\n")
    };
    requests.iter().map(line).collect()
}

fn work(requests: &[Request]) -> Work {
    let work = Work::new();
    work.file("access.log", log(requests));
    work.file("slos.yaml", DEFINITION);
    work.run(&["slices", "-c", "slos.yaml", "access.log", "-o", "all.slices.parquet"]).exits(0);
    work
}

#[test]
fn attribution_is_what_counting_by_hand_gives() {
    let requests = requests();
    let work = work(&requests);
    let partial = slix::slices::read("all", std::fs::File::open(work.path("all.slices.parquet")).unwrap()).unwrap();
    let definitions = Definitions::parse("slos.yaml", DEFINITION).unwrap();
    for slo in &definitions.slos {
        for dimension in ["status", "host", "route"] {
            let of = slo.indicator.canonical();
            let held =
                partial.indicators.iter().find(|(key, _)| attribution::dimension_of(&key.canonical, &of) == Some(dimension));
            let mut counted = BTreeMap::new();
            for (value, series) in &held.unwrap_or_else(|| panic!("{dimension} of {}", slo.name)).1.groups {
                let value = value[0].as_deref().map(|value| String::from_utf8(value.to_vec()).unwrap());
                for &(slice, counts) in series {
                    assert_eq!((counts.events, counts.good, counts.unknown), (counts.bad, 0, 0));
                    counted.insert((value.clone(), partial.slices.start(slice).to_string()), counts.bad);
                }
            }
            let mut truth = BTreeMap::new();
            for request in requests.iter().filter(|request| request.is_bad(&slo.name)) {
                let hour = format!("2026-11-03T{:02}:00:00Z", request.second / 3_600);
                *truth.entry((request.value(dimension), hour)).or_insert(0) += 1;
            }
            assert!(truth.len() > 5);
            assert_eq!(counted, truth, "{dimension} of {}", slo.name);
        }
    }
}

#[test]
fn logs_slices_and_threads_tell_the_same() {
    let requests = requests();
    let work = work(&requests);
    let (early, late) = requests.split_at(2_000);
    work.file("early.log", log(early));
    work.file("late.log", log(late));
    work.run(&["slices", "-c", "slos.yaml", "early.log", "-o", "early.slices.parquet"]).exits(0);
    for command in ["alerts", "incidents", "report", "suggest"] {
        let asked = |inputs: &[&str]| {
            let args = [&[command, "-q", "-c", "slos.yaml", "--output-format", "json"], inputs].concat();
            let ran = work.run(&args).exits(0);
            // What became of the lines is told by input, and these differ.
            let mut json = ran.json();
            if let Some(object) = json.as_object_mut() {
                object.remove("accounting");
            }
            json
        };
        let whole = asked(&["access.log"]);
        assert_eq!(asked(&["all.slices.parquet"]), whole, "{command} from slices");
        assert_eq!(asked(&["early.slices.parquet", "late.log"]), whole, "{command} from both");
        assert_eq!(asked(&["--threads", "3", "late.log", "early.log"]), whole, "{command} from parts of the log");
    }
    let gate = |input: &str| work.run(&["gate", "-q", "-c", "slos.yaml", input]);
    let (from_log, from_slices) = (gate("access.log").exits(3), gate("all.slices.parquet").exits(3));
    assert_eq!(from_log.text(), from_slices.text());
}

#[test]
fn a_definition_without_attribution_counts_the_same() {
    let work = work(&requests());
    work.file("plain.yaml", DEFINITION.replace("attribute: [status, host, route]\n", ""));
    let rows = |definition: &str| work.run(&["windows", "-q", "-c", definition, "access.log"]).exits(0).stdout;
    assert_eq!(rows("plain.yaml"), rows("slos.yaml"));
    let said = work.run(&["incidents", "-c", "plain.yaml", "access.log"]).exits(0).stderr;
    assert!(said.contains("`attribute: [status, host, route]`"), "{said}");
    // A slices file that holds the attribution answers whoever asks.
    let said = work.run(&["incidents", "-c", "plain.yaml", "all.slices.parquet"]).exits(0);
    assert!(said.text().contains("status=50") && !said.stderr.contains("attribute"), "{}", said.stderr);
}

#[test]
fn what_ifs_from_slices_are_those_from_logs() {
    let work = work(&requests());
    let sli = |change: &str, input: &str| {
        let args = ["report", "-c", "slos.yaml", "--what-if", change, "--output-format", "json", input];
        let ran = work.run(&args).exits(0);
        let slo = ran.json()["slos"].as_array().unwrap().iter().find(|slo| slo["slo"] == "latency").unwrap().clone();
        let counts = ["window_good", "window_bad", "window_valid"].map(|name| slo[name].as_u64().unwrap());
        (counts, slo["target"].as_f64().unwrap(), ran.stderr)
    };
    // Another target is exact from either.
    let (counts, target, _) = sli("latency=97.5%", "all.slices.parquet");
    assert_eq!((counts, target), (sli("latency=97.5%", "access.log").0, 0.975));
    // Another bound is off by no more than is said, and never flatters.
    for bound in ["50ms", "123ms", "200ms", "335ms"] {
        let ([exact, _, all], ..) = sli(&format!("latency<={bound}"), "access.log");
        let ([good, bad, valid], _, said) = sli(&format!("latency<={bound}"), "all.slices.parquet");
        assert_eq!((good + bad, valid), (all, all));
        let uncertain = said.split("but for ").nth(1).map_or(0, |rest| rest.split(' ').next().unwrap().parse::<u64>().unwrap());
        assert!(
            said.contains("from the histogram") && good <= exact && exact - good <= uncertain,
            "{bound}: {good} {exact} {said}"
        );
    }
}

/// What a histogram by the hour cannot answer is refused, and nothing is claimed before.
#[test]
fn what_slices_cannot_answer_under_another_bound_is_said() {
    let work = work(&requests());
    for (kind, message) in [
        (
            "window: 12h, weight: bytes, ",
            "the slices do not hold the indicator `valid: status < 500; good: latency <= 200ms; weight: bytes",
        ),
        (KINDS[1].1, "SLO `availability` counts slices of 5m, and slices answer another bound of a latency by the hour"),
    ] {
        work.file("kind.yaml", definition(kind));
        work.run(&["slices", "-c", "kind.yaml", "access.log", "-o", "kind.slices.parquet"]).exits(0);
        let said = work.run(&["report", "-c", "kind.yaml", "--what-if", "latency<=200ms", "kind.slices.parquet"]).exits(1).stderr;
        assert!(said.contains(message) && said.contains("read the logs") && !said.contains("is answered"), "{said}");
    }
}

/// Budgets of every kind: what is put behind `target: …, ` of both SLOs of the definition.
const KINDS: [(&str, &str); 6] = [
    ("calendar", "window: {calendar: 6h}, "),
    ("time slices", "window: 6h, budgeting_method: Timeslices, time_slice_target: 75%, time_slice_window: 5m, "),
    (
        "time slices of a calendar",
        "window: {calendar: 1d}, budgeting_method: Timeslices, time_slice_target: 75%, time_slice_window: 5m, roll_up: any_bad, ",
    ),
    ("ratios", "window: {calendar: 12h}, budgeting_method: RatioTimeslices, time_slice_window: 10m, empty_slices: good, "),
    ("weights", "window: 12h, weight: bytes, "),
    ("exclusions", "window: 12h, exclude: {start: 2026-11-03T04:10:00Z, duration: 25m, reason: upkeep, author: ana}, "),
];

/// The definition with budgets of a kind.
fn definition(kind: &str) -> String {
    DEFINITION.replace("window: 12h, ", kind)
}

#[test]
fn budgets_of_every_kind_are_the_same_from_slices() {
    let requests = requests();
    let work = work(&requests);
    let (early, late) = requests.split_at(2_000);
    work.file("early.log", log(early));
    work.file("late.log", log(late));
    for (name, kind) in KINDS {
        work.file("kind.yaml", definition(kind));
        work.run(&["slices", "-c", "kind.yaml", "early.log", "-o", "early.slices.parquet"]).exits(0);
        for command in ["alerts", "incidents", "suggest", "windows"] {
            let asked = |inputs: &[&str]| {
                let step: &[&str] = if command == "windows" { &["--every", "30m"] } else { &[] };
                let args = [&[command, "-q", "-c", "kind.yaml", "--output-format", "csv"], step, inputs].concat();
                String::from_utf8(work.run(&args).exits(0).stdout).unwrap()
            };
            let whole = asked(&["access.log"]);
            assert!(whole.lines().count() > 1, "{command} of {name} says something");
            assert_eq!(asked(&["early.slices.parquet", "late.log"]), whole, "{command} of {name}");
        }
    }
}

/// What if the definition were another one: the same as that other one says.
#[test]
fn a_what_if_is_the_definition_with_other_numbers() {
    let work = work(&requests());
    for (name, kind) in KINDS {
        let now = definition(kind);
        let then = now.replace("name: availability, target: 95%", "name: availability, target: 92.5%").replace("300ms", "250ms");
        work.file("now.yaml", &now);
        work.file("then.yaml", then);
        for command in ["report", "alerts", "incidents", "gate"] {
            let asked = |rest: &[&str]| {
                let ran = work.run(&[&[command, "-q", "--output-format", "json"], rest, &["access.log"]].concat());
                assert!(matches!(ran.code, Some(0 | 3)), "{command} of {name}: {}", ran.stderr);
                ran.stdout
            };
            let change = "availability=92.5%,latency<=250ms";
            let (changed, written) = (asked(&["-c", "now.yaml", "--what-if", change]), asked(&["-c", "then.yaml"]));
            assert_eq!(String::from_utf8(changed).unwrap(), String::from_utf8(written).unwrap(), "{command} of {name}");
        }
    }
}

/// Counts by route answer whoever does not ask for routes: with weights, other bounds of the latency, and attribution.
#[test]
fn slices_by_route_answer_questions_without_routes() {
    let requests = requests();
    let work = Work::new();
    work.file("access.log", log(&requests));
    let weighted = format!("{DEFINITION}  - {{name: traffic, target: 95%, window: 12h, good: status < 500, weight: bytes}}\n");
    work.file("slos.yaml", &weighted);
    work.file("plain.yaml", weighted.replace("group_by: [route]\n", "").replace("attribute: [status, host, route]\n", ""));
    work.run(&["slices", "-c", "slos.yaml", "access.log", "-o", "all.slices.parquet"]).exits(0);
    let windows = |input: &str| work.run(&["windows", "-q", "-c", "plain.yaml", "--every", "1h", input]).exits(0).stdout;
    assert_eq!(windows("all.slices.parquet"), windows("access.log"));
    let told = work.run(&["incidents", "-q", "-c", "plain.yaml", "all.slices.parquet"]).exits(0);
    assert!(told.text().contains("status=50") && told.text().contains("route=/checkout"), "{}", told.text());
    let asked = ["report", "-c", "plain.yaml", "--what-if", "latency<=200ms", "all.slices.parquet"];
    let told = work.run(&asked).exits(0);
    assert!(told.stderr.contains("is answered from the histogram"), "{}", told.stderr);
}

/// A log with too many failures for 95 %.
fn failing() -> String {
    let line = |i: usize| {
        let status = if i.is_multiple_of(5) { 503 } else { 200 };
        format!("192.0.2.1 h [03/Nov/2026:04:00:{:02} +0000] \"GET / HTTP/1.1\" {status} 9 0.1\n", i % 60)
    };
    (0..600).map(line).collect()
}

/// Whoever closes the gate's words early, or interrupts it, does not open the gate.
#[test]
fn the_gate_is_not_opened_by_looking_away() {
    let work = Work::new();
    work.file("slos.yaml", DEFINITION);
    let start = |stdout: Stdio| {
        work.command(&["gate", "-c", "slos.yaml", "-"])
            .stdin(Stdio::piped())
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut child = start(Stdio::piped());
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(failing().as_bytes()).unwrap();
    assert_eq!(Ran::of(child.wait_with_output().unwrap()).code, Some(3));
    // All is well so far, but it is not all; how much of it was read depends on the machine.
    let mut child = start(Stdio::piped());
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(failing().replace(" 503 ", " 200 ").as_bytes()).unwrap();
    while rustix::io::ioctl_fionread(&stdin).unwrap() > 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ran = Ran::of(child.wait_with_output().unwrap()).exits(130);
    assert!(ran.text().lines().next().is_some_and(|line| line.ends_with("(exit code 130)")), "{}", ran.text());
    drop(stdin);
}

/// Everything that a log can tell of people stands in it, and is asked for; nothing of it stands in a draft.
#[test]
fn drafts_of_postmortems_are_blameless() {
    let work = Work::new();
    let line = |minute: u64, status: u64| {
        format!(
            "198.51.100.7 - anna.berg [03/Nov/2026:10:{minute:02}:00 +0000] \"GET /users/anna@mail.example/17 HTTP/1.1\" {status} 9 \
             \"https://forum.example/by/anna\" \"anna's phone\" 7f3a9c21d4e8b650 10.0.0.5:8080 /report/198.51.100.7\n"
        )
    };
    let log: String =
        (0..50).flat_map(|minute| (0..20).map(move |_| line(minute, if minute > 40 { 503 } else { 200 }))).collect();
    work.file("access.log", log);
    let format = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $req_id $upstream_addr $note"#;
    let people = ["remote_addr", "$remote_user", "$req_id", "$http_referer", "user_agent"];
    work.file(
        "slos.yaml",
        format!(
            "format: '{format}'\nattribute: [{}, path, $upstream_addr, $note]\n\
             slos: [{{name: a, target: 99%, window: 1d, good: status < 500, group_by: [path]}}]\n",
            people.join(", ")
        ),
    );
    work.run(&["incidents", "-q", "-c", "slos.yaml", "access.log", "--postmortem", "drafts"]).exits(0);
    let drafts: Vec<_> = std::fs::read_dir(work.path("drafts")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [draft] = &drafts[..] else { panic!("{drafts:?}") };
    let draft = std::fs::read_to_string(draft).unwrap();
    for told in ["anna", "berg", "mail.example", "198.51.100.7", "7f3a9c21d4e8b650", "forum.example", "phone"] {
        assert!(!draft.contains(told), "`{told}` stands in the draft:\n{draft}");
    }
    for kept in ["`path=/users/(user)/{id}`", "`$upstream_addr=10.0.0.5:8080`", "`$note=/report/(address)`", "180 bad"] {
        assert!(draft.contains(kept), "{kept} is missing:\n{draft}");
    }
    assert!(people.iter().all(|name| draft.contains(&format!("`{name}`"))), "what was left out is said:\n{draft}");
}

/// Whatever is warned about stands in the JSON as well: about the definitions, about reading, about SLOs.
#[test]
fn every_warning_is_in_the_json() {
    let work = Work::new();
    let mut requests = requests();
    requests.truncate(300);
    let mut log = log(&requests);
    log.push_str(&log.lines().take(9).map(|line| line.replace(" 200 ", " 000 ") + "\n").collect::<String>());
    log.push_str("this is no request of anybody's\n");
    log.push_str(&log.lines().next().unwrap().replace("[03/Nov/2026:00:00:00 +0000]", "[-]").to_owned());
    work.file("access.log", log);
    work.file(
        "slos.yaml",
        "service: shop\nformat: '$remote_addr $host [$time_local] \"$request\" $status $body_bytes_sent $request_time'\n\
         policy: {owner: ana, revisit: 2026-01-01}\nslos: [{name: a, target: 95%, window: 30m, good: status < 500}]\n",
    );
    for command in ["report", "gate"] {
        let ran = work.run(&[command, "-c", "slos.yaml", "access.log", "--output-format", "json"]);
        let json: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        let warnings =
            json["warnings"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>().join("\n");
        let kinds =
            ["a window of 30m is very short", "lines were rejected", "got no response", "to be looked at again on 2026-01-01"];
        for kind in kinds {
            assert!(warnings.contains(kind), "{command}: `{kind}` is missing of:\n{warnings}\n{}", ran.stderr);
        }
        // What stands on standard error stands there, whether it was silenced or not.
        let said = ran.stderr.lines().filter_map(|line| line.strip_prefix("slix: warning: "));
        for said in said {
            assert!(warnings.contains(said.split("; if their times").next().unwrap()), "`{said}` is missing of:\n{warnings}");
        }
        let silent = work.run(&[command, "-qq", "-c", "slos.yaml", "access.log", "--output-format", "json"]);
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&silent.stdout).unwrap()["warnings"], json["warnings"]);
    }
}
