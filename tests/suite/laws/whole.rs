//! Contents that are counted whole, and what counting them tells of their format.

use std::sync::Arc;

use proptest::prelude::*;
use slix::aggregate::Duplicates;
use slix::engine::whole::Wholes;
use slix::format::detect::Detector;
use slix::format::preset;
use slix::marks::Kernel;
use slix::record::Field;

use super::rig::Rig;
use super::{bytes_of, cases, config, generate, kernels, rig_of, same};

/// A content with room behind it that means nothing.
fn roomy(content: &[u8]) -> Vec<u8> {
    [content, &[b'"'; 70_000]].concat()
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn a_content_counts_with_all_its_lines_or_not_at_all(
        config in config(300), lines in prop::collection::vec(1usize..40, 1..9), keeps in any::<u64>(),
    ) {
        let (rig, _) = rig_of(config.format);
        let (log, _) = generate(&config);
        let (mut rest, mut contents) = (log.split_inclusive(|&b| b == b'\n').collect::<Vec<_>>(), Vec::new());
        for lines in lines.iter().cycle() {
            let next = rest.split_off((*lines).min(rest.len()));
            contents.push(std::mem::replace(&mut rest, next).concat());
            if rest.is_empty() {
                break;
            }
        }
        let mut wholes = Wholes::new(rig.job(Kernel::Portable)).unwrap();
        let (mut pending, mut stand): (Vec<&Vec<u8>>, Vec<&Vec<u8>>) = (Vec::new(), Vec::new());
        for (i, content) in contents.iter().enumerate() {
            let alone = rig.fast(content, Kernel::Portable);
            let added = wholes.add("a.log", &roomy(content), content.len(), false).unwrap();
            prop_assert_eq!(added.is_some(), alone.odd.is_empty());
            match added {
                Some(accounting) => {
                    prop_assert_eq!(accounting, alone.accounting);
                    pending.push(content);
                }
                // Forgotten, with what was not kept.
                None => pending.clear(),
            }
            if keeps >> (i % 64) & 1 == 1 {
                wholes.keep().unwrap();
                stand.append(&mut pending);
            }
        }
        let counted = wholes.finish().unwrap();
        let mut want = None;
        for content in stand {
            let partial = rig.fast(content, Kernel::Portable).partial;
            match &mut want {
                None => want = Some(partial),
                Some(all) => slix::aggregate::Partial::merge_with(all, partial, Duplicates::Allow).unwrap(),
            }
        }
        let has_events = |partial: &slix::aggregate::Partial| !partial.activity.is_empty();
        prop_assert_eq!(counted.as_ref().is_some_and(has_events), want.as_ref().is_some_and(has_events));
        if let (Some(counted), Some(want)) = (counted, want) {
            same(&bytes_of(&counted), &bytes_of(&want))?;
        }
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn lines_that_fill_no_batch_may_wait_for_others(config in config(600), lines in prop::collection::vec(1usize..150, 1..5)) {
        let (rig, _) = rig_of(config.format);
        let (log, _) = generate(&config);
        for kernel in kernels() {
            let (counted, _) = rig.by_batches(&log, &lines, kernel);
            let want = rig.fast(&log, kernel);
            prop_assert_eq!(&counted.accounting, &want.accounting);
            prop_assert_eq!(&counted.odd, &want.odd);
            same(&bytes_of(&counted.partial), &bytes_of(&want.partial))?;
        }
    }
}

/// What is counted in a row is what is counted one by one; where it could not be said of which content a line is, nothing counts.
#[test]
fn contents_in_a_row_count_as_one_by_one() {
    let format = preset::Preset::named("combined").unwrap().family().unwrap();
    let rig = Rig::new(&format, Vec::new(), 60);
    let line = |n: usize, status: &str| {
        format!("192.0.2.7 - - [01/Nov/2026:10:{:02}:00 +0000] \"GET /{n} HTTP/1.1\" {status} {n} \"-\" \"x\"\n", n % 60)
    };
    let contents: Vec<String> = (1..40).map(|n| (0..n).map(|i| line(n * i, ["200", "502"][i % 2])).collect()).collect();
    for kernel in kernels() {
        let (mut rows, mut alone) = (Wholes::new(rig.job(kernel)).unwrap(), Wholes::new(rig.job(kernel)).unwrap());
        assert!(rows.counts_rows());
        let (mut carried, mut carried_in_all) = (String::new(), 0);
        for (i, contents) in contents.chunks(7).enumerate() {
            // The lines that fill no batch go with the next row, unless there is none.
            let (row, is_last) = (carried + &contents.concat(), i % 3 == 2 || contents.len() < 7);
            let counted = rows.add_row(&roomy(row.as_bytes()), row.len(), is_last).unwrap().unwrap();
            let rest = row[counted.bytes as usize..].to_owned();
            assert_eq!(counted.lines as usize + rest.lines().count(), row.lines().count());
            assert!(rest.lines().count() < 64 && (rest.is_empty() || !is_last));
            (carried, carried_in_all) = (rest.clone(), carried_in_all + rest.len());
            if is_last {
                rows.keep().unwrap();
            }
            for content in contents {
                alone.add("a.log", &roomy(content.as_bytes()), content.len(), true).unwrap().unwrap();
            }
            alone.keep().unwrap();
        }
        assert!(carried.is_empty() && carried_in_all > 5_000);
        for odd in [line(1, "000"), "no request\n".to_owned(), "\n".to_owned()] {
            let row = [&contents[3][..], &odd].concat();
            assert_eq!(rows.add_row(&roomy(row.as_bytes()), row.len(), true).unwrap(), None, "{odd}");
        }
        let bytes = |wholes: Wholes| bytes_of(&wholes.finish().unwrap().unwrap());
        assert!(bytes(rows) == bytes(alone));
    }
}

/// Where counting says that a log is one of a format, looking at its lines says so too: lines of every preset, and lines that are nearly
/// like them, by every format that can be told so.
#[test]
fn what_counting_tells_of_a_format_looking_tells_too() {
    let mut state = 5_u64;
    let mut draw = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % n
    };
    let formats = preset::candidates().unwrap();
    let detector = Detector::new(formats.clone(), None).unwrap();
    let (mut told, mut refused, mut quick) = (0, 0, 0);
    for format in formats.iter().filter(|format| format.resolve(&Field::Time).is_some()) {
        let Some(mut follower) = detector.follower(&Arc::new(format.clone())) else { continue };
        let Ok(rig) = std::panic::catch_unwind(|| Rig::new(format, Vec::new(), 60)) else { continue };
        if !follower.can_be_told_by_events() || !rig.extractor.tells_by_events() {
            continue;
        }
        quick += 1;
        for kernel in kernels() {
            let mut wholes = Wholes::new(rig.job(kernel)).unwrap();
            for preset in preset::all() {
                let examples: Vec<&[u8]> = preset.example.lines().map(str::as_bytes).filter(|line| !line.is_empty()).collect();
                for round in 0..6 {
                    let mut lines: Vec<Vec<u8>> = (0..1 + draw(80)).map(|i| examples[i % examples.len()].to_vec()).collect();
                    let odd = draw(lines.len());
                    let at = draw(lines[odd].len());
                    match round % 6 {
                        0 => {}
                        1 => drop(lines[odd].splice(at..at, *b"\" rt=\"0.1")),
                        2 => drop(lines[odd].splice(at..at, [b"\"\\ -7:{"[draw(7)]])),
                        3 => drop(lines[odd].splice(0..0, *b"\xef\xbb\xbf")),
                        4 => lines.push(examples[0].to_vec()),
                        _ => drop(lines[odd].drain(at..)),
                    }
                    let content = lines.join(&b'\n');
                    let of_head: Vec<&[u8]> = content.split(|&b| b == b'\n').collect();
                    let is_told = follower.may_fit(of_head.iter().copied())
                        && wholes.add("a.log", &roomy(&content), content.len(), true).unwrap().is_some();
                    if is_told {
                        let name = (&format.name, preset.name);
                        assert!(follower.fits(&of_head), "{name:?}: {:?}", lines[odd].escape_ascii().to_string());
                        told += 1;
                    } else {
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(quick > 5 && told > 50 && refused > 1_000, "{quick} {told} {refused}");
}
