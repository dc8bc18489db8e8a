//! The library in forty lines: the bytes of a log in, a report out.
//!
//! ```sh
//! cargo run --example report -- fixtures/slos.yaml ingress-nginx fixtures/access.log
//! ```

use std::error::Error;

use slix::aggregate::{Identity, IndicatorKey, Receipt};
use slix::evaluate::{Asked, Options, plan::Plan};
use slix::format::{Format, extract::Extractor};
use slix::framing::LINE_BYTES_MAX;
use slix::marks::Kernel;
use slix::output::terminal::{Look, report};
use slix::scan::{Job, Worker, scan};
use slix::slo::{classify::Classifier, definitions::Definitions};
use slix::time::Slices;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [definitions, format, log] = arguments.as_slice() else { return Err("give DEFINITIONS FORMAT LOG".into()) };
    let definitions = Definitions::parse(definitions, &std::fs::read_to_string(definitions)?)?;
    let service = definitions.service.as_deref().unwrap_or_default();

    // What is asked says which fields are needed; the format says where they stand in a line.
    let classifier = Classifier::compile(definitions.slos.iter().map(|slo| slo.indicator.clone()).collect())?;
    let extractor = Extractor::bind(&Format::parse(format)?, classifier.needs(), None)?;
    let canonical: Vec<String> = definitions.slos.iter().map(|slo| slo.indicator.canonical()).collect();
    let keys: Vec<IndicatorKey> =
        canonical.iter().map(|canonical| IndicatorKey { service: service.to_owned(), canonical: canonical.clone() }).collect();

    // Bytes become counts. A log in many pieces, or on many machines, gives many of them: `Partial::merge` adds them up.
    let job = Job {
        extractor: &extractor,
        classifier: &classifier,
        keys: &keys,
        service,
        slices: Slices::of_seconds(60).ok_or("a minute is a slice")?,
        kernel: Kernel::best(),
        line_bytes_max: LINE_BYTES_MAX,
        histograms: false,
        attribution: None,
    };
    let bytes = std::fs::read(log)?;
    let mut worker = Worker::new(job, log)?;
    scan(&bytes, bytes.len(), 0, &mut worker, &mut |outcome, offset, _line| eprintln!("byte {offset}: {outcome:?}"))?;
    // The receipt says what was read, so that nothing is counted twice.
    let (path, service, format, end) = (log.clone(), service.to_owned(), format.clone(), bytes.len() as u64);
    let (identity, accounting) = (Identity::of(&bytes), worker.take_accounting());
    let mut counted = worker.finish()?;
    counted.receipts.push(Receipt { identity, start: 0, end, path, service, format, accounting, cut_short: None });

    // Counts become a report.
    let asked: Vec<Asked> = definitions.slos.iter().zip(&canonical).map(|(slo, canonical)| Asked { slo, canonical }).collect();
    let reports = Plan::new(&asked, &counted, &Options::default())?.reports()?;
    print!("{}", report(&reports, &counted.receipts, Look { width: 100, color: false, utf8: true })?);
    Ok(())
}
