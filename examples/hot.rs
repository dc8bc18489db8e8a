use slix::format::*;
use slix::record::Kind;
use slix::slo::expr::Expr;
use slix::slo::route::*;
use slix::slo::*;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
fn f(name: &str, meaning: Meaning, quoted: bool) -> Element {
    Element::Field(TemplateField { name: name.into(), meaning, quoted })
}
fn l(s: &str) -> Element {
    Element::Literal(s.as_bytes().to_vec())
}
fn main() {
    let t = |n| f(n, Meaning::Other(Kind::Text, Unit::One), false);
    let q = |n| f(n, Meaning::Other(Kind::Text, Unit::One), true);
    let elements = vec![
        t("$a"),
        l(" - "),
        t("$u"),
        l(" ["),
        f("$t", Meaning::Time(TimeText::Clf), false),
        l("] "),
        f("$r", Meaning::Request, true),
        l(" "),
        f("$s", Meaning::Status, false),
        l(" "),
        f("$b", Meaning::Bytes, false),
        l(" "),
        q("$ref"),
        l(" "),
        q("$ua"),
        l(" "),
        f("$rt", Meaning::Latency(Unit::Seconds), false),
        l(" "),
        f("$urt", Meaning::Other(Kind::Duration, Unit::Seconds), true),
        l(" "),
        f("$h", Meaning::Host, false),
    ];
    let format = Format {
        name: "A".into(),
        layout: Layout::Delimited(Template { elements, escape: Escape::Backslash, open_ended: false }),
        clock: Clock::End,
    };
    let r = |n: &str| Route { name: n.into(), pattern: Pattern::Regex(format!("^/{n}(/|$)")) };
    let routes = Arc::new(Routes::compile(vec![r("api"), r("static"), r("checkout"), r("search")]).unwrap());
    let ind = |good: &str| {
        Arc::new(Indicator {
            valid: None,
            good: Expr::parse(good).unwrap(),
            routes: routes.clone(),
            group_by: vec![Dimension::Route],
        })
    };
    let c = slix::slo::classify::Classifier::compile(vec![ind("status < 500"), ind("latency <= 300ms")]).unwrap();
    let e = slix::format::extract::Extractor::bind(&format, c.needs(), None).unwrap();
    let keys: Vec<_> = (0..2).map(|i| slix::aggregate::IndicatorKey { service: "".into(), canonical: i.to_string() }).collect();
    let kernel = std::env::var("K").ok().and_then(|k| slix::marks::Kernel::named(&k)).unwrap_or(slix::marks::Kernel::best());
    let job = slix::scan::Job {
        extractor: &e,
        classifier: &c,
        keys: &keys,
        service: "",
        slices: slix::time::Slices::of_seconds(60).unwrap(),
        kernel,
        line_bytes_max: 65536,
    };
    let mut w = slix::scan::Worker::new(job, "x");
    let file = std::fs::File::open(std::env::args().nth(1).unwrap()).unwrap();
    let mut fr = slix::framing::Framing::new(0, None, 65536);
    let mut at = 0u64;
    let mut odd = |_o, _off, _l: &[u8]| {};
    while !fr.is_done() {
        let n = file.read_at(fr.room(), at).unwrap();
        at += n as u64;
        fr.advance(n, &mut |frame| match frame {
            slix::framing::Frame::Lines { offset, bytes } => slix::scan::scan(bytes, offset, &mut w, &mut odd),
            slix::framing::Frame::Oversized { offset, bytes } => {
                w.reject_oversized(offset, bytes, &mut odd);
                Ok(())
            }
        })
        .unwrap();
    }
    let a = w.take_accounting();
    let p = w.finish().unwrap();
    println!("{:?}", a.total());
    println!("events {} rejected {}", a.events.lines, a.rejected_total().lines);
    for (k, i) in &p.indicators {
        let s = i.roll_up().unwrap();
        let g: u64 = s.iter().map(|x| x.1.good).sum();
        let b: u64 = s.iter().map(|x| x.1.bad).sum();
        println!("{} groups {} good {g} bad {b}", k.canonical, i.groups.len());
    }
}
