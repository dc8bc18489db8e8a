use super::*;
use crate::error::ErrorKind;
use crate::format::{naive, preset};

fn detected(lines: &[&str]) -> Result<Detection> {
    let lines: Vec<&[u8]> = lines.iter().map(|l| l.as_bytes()).collect();
    Detector::new(preset::candidates().unwrap(), None).unwrap().find(&lines)
}

#[test]
fn every_preset_is_detected_by_its_example() {
    for preset in preset::all().filter(|preset| preset.family().unwrap().resolve(&Field::Time).is_some()) {
        let lines: Vec<&str> = [preset.example; 3].iter().flat_map(|example| example.lines()).collect();
        let found = detected(&lines).unwrap_or_else(|e| panic!("{}: {e}", preset.name));
        assert_eq!(found.format.name, preset.detects_as.unwrap_or(preset.name), "{:?}", found.candidates);
        assert_eq!((found.events, &*found.format.envelopes), (3, &[][..]), "{}", preset.name);
    }
}

#[test]
fn what_is_not_read_is_told_from_what_has_no_time() {
    let told = |line: &str| {
        let error = detected(&[line; 3]).unwrap_err();
        format!("{} | {}", error.message(), error.hint_text().unwrap())
    };
    let of_uvicorn = told(r#"INFO:     192.0.2.7:40112 - "GET /cart HTTP/1.1" 200 OK"#);
    assert!(of_uvicorn.starts_with("`uvicorn` reads 3 of 3 lines") && of_uvicorn.contains("kubectl logs"), "{of_uvicorn}");
    let of_json = told(r#"{"begun":"2026-11-01T10:00:00Z","status":200,"ta\nke":7}"#);
    assert!(of_json.contains("it has begun, status, ta\\nke"), "{of_json}");
    assert!(told("say \"no\"\t").contains(r#"begins: say "no"\t |"#), "{}", told("say \"no\"\t"));
}

#[test]
fn what_is_in_an_envelope_is_what_is_not_read() {
    let cri = "2026-11-01T10:00:00Z stdout F no request at all";
    let told = detected(&[cri; 3]).unwrap_err().message().to_owned();
    assert!(told.starts_with("within cri: ") && told.ends_with("begins: no request at all"), "{told}");
    let object = r#"{"@timestamp":"2026-11-01T10:00:00Z","message":"done","code":200}"#;
    let error = detected(&[object; 3]).unwrap_err();
    assert!(error.hint_text().unwrap().contains("it has @timestamp, message, code"), "{error}");
}

#[test]
fn the_nearest_format_reads_furthest() {
    let detector = Detector::new(preset::candidates().unwrap(), None).unwrap();
    let nearest = |line: &str| {
        let near = detector.nearest(line.as_bytes()).into_iter().next().unwrap();
        (near.format.name, near.at, near.format.envelopes.len())
    };
    for name in ["caddy", "nginx_json", "envoy_json", "istio_json", "gcp", "cloudflare", "fastly"] {
        let example = preset::Preset::named(name).unwrap().example;
        let broken = &example[..example.len() - 2];
        let (near, at, _) = nearest(broken);
        assert!(near == name && at + 5 > broken.len(), "{near} {at} {broken}");
    }
    let example = preset::Preset::named("combined").unwrap().example.replace(" 200 ", " 2OO ");
    let at = example.find("2OO").unwrap();
    assert_eq!(nearest(&example), ("combined".to_owned(), at, 0));
    assert_eq!(nearest(&format!("2026-11-01T10:00:00Z stdout F {example}")), ("combined".to_owned(), at, 1));
}

#[test]
fn syslog_without_line_ends_is_told_as_that() {
    let message =
        r#"<134>1 2026-11-01T10:00:00Z web nginx 7 - - 192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5"#;
    let log = format!("{} {message}", message.len()).repeat(3);
    let error = detected(&[&log]).unwrap_err();
    assert!(error.message().contains("octet counting") && error.hint_text().unwrap().contains("perl -0777"), "{error}");
    let error = detected(&["7 <134>1 x", "7 <134>1 x"]).unwrap_err();
    assert!(!error.message().contains("octet counting"), "{error}");
}

#[test]
fn requests_of_a_router_are_counted_once() {
    let router = r#"at=info method=GET path="/" host=a.example request_id=7 fwd="192.0.2.7" dyno=web.1 connect=0ms service=18ms status=200 bytes=5 protocol=https"#;
    let own = preset::Preset::named("combined").unwrap().example;
    for (router, own) in [
        (format!("2026-11-01T10:00:00Z heroku[router]: {router}"), format!("2026-11-01T10:00:00Z app[web.1]: {own}")),
        (
            format!("<158>1 2026-11-01T10:00:00Z host heroku router - {router}"),
            format!("<190>1 2026-11-01T10:00:00Z host app web.1 - {own}"),
        ),
    ] {
        let found = detected(&[&router, &own, &own, &router, &own]).unwrap();
        assert_eq!((found.format.name.as_str(), found.events, found.format.others.len()), ("heroku_router", 2, 0));
        let extractor = Extractor::bind(&found.format, &[], None).unwrap();
        let mut reader = extractor.reader("");
        assert_eq!(extractor.read(router.as_bytes(), &mut reader), Outcome::Event);
        assert_eq!(extractor.read(own.as_bytes(), &mut reader), Outcome::Skipped(Skip::OtherProgram));
        assert_eq!(detected(&[&own, &own]).unwrap().format.name, "combined");
        let errors_alone = [&[&router[..]; 2][..], &[&own[..]; 9]].concat();
        assert_eq!(detected(&errors_alone).unwrap().events, 11);
    }
}

#[test]
fn a_series_of_logs_is_detected_as_each_alone() {
    let presets: Vec<&preset::Preset> = preset::all().filter(|p| p.family().unwrap().resolve(&Field::Time).is_some()).collect();
    let examples: Vec<Vec<String>> = presets
        .iter()
        .flat_map(|preset| {
            let plain: Vec<String> = preset.example.lines().map(str::to_owned).collect();
            let wrapped = plain.iter().map(|line| format!("web-1  | {line}")).collect();
            [plain, wrapped]
        })
        .collect();
    let detector = Detector::new(preset::candidates().unwrap(), None).unwrap();
    // Any sequence would do; this one has series, changes, mixtures, and lines that nobody reads.
    let mut state = 7_u64;
    let mut draw = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % n
    };
    let (mut log, mut quick): (Vec<String>, usize) = (examples[0].clone(), 0);
    for _ in 0..600 {
        log = match draw(8) {
            0..=3 => log,
            4..=5 => vec![&examples[draw(examples.len())][..]; 1 + draw(3)].concat(),
            6 => [&log[..], &examples[draw(examples.len())]].concat().into_iter().rev().take(6).collect(),
            _ => [&log[..], &["".to_owned(), "no request".to_owned()][..1 + draw(2)]].concat(),
        };
        let lines: Vec<&[u8]> = log.iter().map(|line| line.as_bytes()).collect();
        let short = envelope::nestings(&lines).first().and_then(|deepest| detector.find_as_last(&lines, deepest));
        quick += usize::from(short.is_some());
        let alone = detector.find_in(&lines, envelope::nestings(&lines), true);
        let found = detector.find(&lines);
        match (found, alone) {
            (Ok(found), Ok(alone)) => {
                assert_eq!(found.format, alone.format, "{log:?}");
                assert_eq!((found.events, found.lines), (alone.events, alone.lines), "{log:?}");
            }
            (Err(_), Err(_)) => {}
            (found, alone) => panic!("{found:?} {alone:?} {log:?}"),
        }
    }
    assert!(quick > 100, "{quick}");
    let is_quick = |lines: &Vec<String>| {
        let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        detector.find(&lines).unwrap();
        detector.find_as_last(&lines, &envelope::nestings(&lines)[0]).is_some()
    };
    let slow: Vec<&str> = presets.iter().zip(examples.chunks(2)).filter(|(_, e)| !is_quick(&e[0])).map(|(p, _)| p.name).collect();
    // Their first layout is not the one of the example, their lines are not all requests, or look as if they were in an envelope.
    assert_eq!(slow, ["haproxy", "elb", "iis", "w3c", "odoo", "pino"]);
}

#[test]
fn a_log_in_a_format_that_stands_alone_may_be_like_the_one_before() {
    let mut followed = 0;
    for preset in preset::all().filter(|p| p.family().unwrap().resolve(&Field::Time).is_some()) {
        let detector = Detector::new(vec![preset.family().unwrap()], None).unwrap();
        let wrapped: Vec<String> = preset.example.lines().map(|line| format!("web-1  | {line}")).collect();
        let own: Vec<&[u8]> = preset.example.lines().map(str::as_bytes).collect();
        let wrapped: Vec<&[u8]> = wrapped.iter().map(|line| line.as_bytes()).collect();
        let mixed = [&own[..], &[&b"junk"[..], b""]].concat();
        for lines in [&own, &own, &mixed, &own, &wrapped, &wrapped, &mixed, &own] {
            let alone = detector.find_in(lines, envelope::nestings(lines), true).unwrap();
            assert_eq!(detector.find(lines).unwrap(), alone, "{}", preset.name);
            let mut follower = detector.follower(&alone.format);
            let fits = follower.as_mut().is_some_and(|follower| follower.fits(lines));
            assert!(!fits || alone.events == alone.lines, "{}", preset.name);
            followed += usize::from(fits);
        }
    }
    assert!(followed > 80, "{followed}");
}

#[test]
fn older_layouts_are_detected() {
    let line = r#"10.0.0.1 - [192.0.2.7] - - [05/Jun/2019:10:00:00 +0000] "GET / HTTP/1.1" 200 7 "-" "x" 20 0.001 [a-b-80] 10.0.0.2:80, 10.0.0.3:80 0, 7 0.000, 0.001 502, 200"#;
    for line in [line.to_owned(), format!("{line} 5f1e")] {
        let found = detected(&[&line]).unwrap();
        assert_eq!(found.format.name, "ingress-nginx");
        assert_eq!(found.format.layout, preset::Preset::named("ingress-nginx").unwrap().formats().unwrap()[2].layout);
        assert_eq!(found.format.others.len(), 2);
    }
}

#[test]
fn a_log_may_hold_lines_of_several_formats() {
    let example = |name: &str| preset::Preset::named(name).unwrap().example;
    let lines =
        [example("vhost_combined"), example("common"), example("common"), example("vhost_combined"), example("traefik"), "junk"];
    let found = detected(&lines).unwrap();
    // One object might be luck.
    assert_eq!(found.candidates, [("vhost_combined".to_owned(), 2), ("common".to_owned(), 2)]);
    assert!(found.format.others.iter().any(|other| other.name == "common"));
    let mixed = detected(&[example("common"), example("combined"), example("common")]).unwrap();
    assert_eq!((mixed.format.name.as_str(), mixed.events), ("common", 3));
    let mixed = detected(&[example("common"), example("traefik_clf"), example("nginx_proxy_manager"), "junk"]).unwrap();
    assert_eq!(mixed.events, 3);
    // The last line may be cut off.
    let lines = [example("combined"), example("combined"), example("common")];
    assert_eq!(detected(&lines).unwrap().events, 2);
    assert_eq!(detected(&lines[1..]).unwrap().events, 2);
    // One line in two hundred is too few to be believed.
    let lines = [&[example("common")], &[example("combined"); 199][..]].concat();
    assert_eq!(detected(&lines).unwrap().events, 199);
}

#[test]
fn a_few_lucky_lines_do_not_decide() {
    let error = detected(&[preset::all().next().unwrap().example, "junk\u{1b}[31m", "more junk"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Format);
    assert!(error.message().contains("combined 1") && error.message().contains("of 3 lines"), "{error}");
    let error = detected(&["junk\u{1b}[31m"]).unwrap_err();
    assert!(error.message().contains("junk\\u{1b}"), "{error}");
    assert!(error.hint_text().unwrap().contains("--format"));
    assert!(detected(&[]).unwrap_err().message().contains("no line"));
}

#[test]
fn blank_lines_and_chatter_do_not_count_against_a_format() {
    let traefik = preset::Preset::named("traefik").unwrap();
    let found = detected(&["", "DEBUG: plugin says hello", "DEBUG: again", traefik.example]).unwrap();
    assert_eq!((found.format.name.as_str(), found.events), ("traefik", 1));
}

#[test]
fn a_tie_is_an_error_that_names_both() {
    let a = Format::parse("$time_local $status $request_time").unwrap();
    let b = Format { name: "other".into(), ..Format::parse("$time_local $status $upstream_response_time").unwrap() };
    let line: &[u8] = b"01/Nov/2026:10:00:00 +0000 200 0.1";
    let error = detect(&[line], &[a, b], &naive::outcome).unwrap_err();
    assert!(error.message().contains("`custom` and `other` read the same 1 lines"), "{error}");
}

#[test]
fn a_w3c_header_that_does_not_fit_is_told_with_how_many_columns_it_has() {
    let header = "#Fields: date time cs-method cs-uri-stem sc-status sc-substatus time-taken";
    let line = "2026-11-01 10:00:01 GET /a 200 0";
    let error = detected(&["#Software: Microsoft Internet Information Services 10.0", header, "", line, line]).unwrap_err();
    let hint = error.hint_text().unwrap();
    assert!(hint.starts_with("its #Fields line names 7 columns, and the line behind it has 6: "), "{hint}");
    let fits = header.replace(" sc-substatus", "");
    assert_eq!(detected(&[&fits, line, line]).unwrap().format.name, "w3c");
}

#[test]
fn json_that_is_not_one_object_a_line_is_told_how_to_become_so() {
    let formats = preset::candidates().unwrap();
    for (text, want) in [
        ("[{\"a\": 1}, {\"a\": 2}]", "jq -c '.[]' FILE"),
        ("[\n  {\n    \"a\": 1\n  }\n]", "jq -c '.[]' FILE"),
        ("{\n  \"status\": 200,\n  \"path\": \"/\"\n}", "jq -c . FILE"),
        ("{\"a\": 1}", "it has a"),
        ("[a] {", "name the format"),
    ] {
        let lines: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
        let error = detect(&lines, &formats, &naive::outcome).unwrap_err();
        assert!(error.hint_text().unwrap().contains(want), "{text}: {error} {:?}", error.hint_text());
    }
}
