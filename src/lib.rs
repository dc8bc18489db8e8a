//! slix turns HTTP access logs into exact SLO numbers: bytes in, windowed compliance and error budgets out.
//!
//! ```
//! use slix::aggregate::IndicatorKey;
//! use slix::evaluate::{Asked, Options, plan::Plan};
//! use slix::format::{Format, extract::Extractor};
//! use slix::framing::LINE_BYTES_MAX;
//! use slix::marks::Kernel;
//! use slix::scan::{Job, Worker, scan};
//! use slix::slo::{classify::Classifier, definitions::Definitions};
//! use slix::time::Slices;
//!
//! # fn main() -> slix::error::Result<()> {
//! let log = br#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET /cart HTTP/1.1" 200 512
//! 192.0.2.9 - - [01/Nov/2026:10:00:01 +0000] "GET /cart HTTP/1.1" 502 17
//! "#;
//! let definitions = Definitions::parse("slos.yaml", "slos: [{name: availability, target: 50%, good: status < 500}]")?;
//! let slo = &definitions.slos[0];
//!
//! // Compile first: what is asked says which fields are needed, and the format says where they stand.
//! let classifier = Classifier::compile(vec![slo.indicator.clone()])?;
//! let extractor = Extractor::bind(&Format::parse("common")?, classifier.needs(), None)?;
//! let canonical = slo.indicator.canonical();
//! let keys = [IndicatorKey { service: String::new(), canonical: canonical.clone() }];
//! let slices = Slices::of_seconds(60).expect("a minute is a slice");
//!
//! // Then run: bytes become counts …
//! let kernel = Kernel::best();
//! let (extractor, classifier, keys, line_bytes_max) = (&extractor, &classifier, &keys, LINE_BYTES_MAX);
//! let job = Job { extractor, classifier, keys, service: "", slices, kernel, line_bytes_max, histograms: false, attribution: None };
//! let mut worker = Worker::new(job, "access.log")?;
//! scan(log, log.len(), 0, &mut worker, &mut |_outcome, _offset, _line| {})?;
//! let counted = worker.finish()?;
//!
//! // … and counts, of however many parts, become a report. One bad event of two is just what 50 % allows.
//! let asked = [Asked { slo, canonical: &canonical }];
//! let reports = Plan::new(&asked, &counted, &Options::default())?.reports()?;
//! let budget = reports[0].budget.expect("there are valid events");
//! assert_eq!((budget.sli, budget.met, budget.remaining), (0.5, true, 0.0));
//! # Ok(())
//! # }
//! ```
//!
//! The code is an hourglass: a hot tower turns bytes into counts, a cold one turns counts into reports, and they meet in
//! [`aggregate`] only. So a cluster is nothing but many makers of counts, and one machine is the case of few.
//!
//! ```text
//! bytes → framing → format → record → slo::classify ┐
//!                                                   ├─ Partial ─ merge ─┬─ evaluate → output
//! (scan is the loop, engine the fan-out)            ┘                   └─ slices: kept as a file, merged anywhere
//! ```
//!
//! To read the code, begin with [`record`] (one request), [`scan`] (the loop) and [`evaluate::budget`] (the arithmetic). Then,
//! from the ground up: [`error`], [`time`], [`ratio`]; [`framing`], [`mod@block`], [`marks`], [`batch`]; [`mod@format`] (how a line is written) and [`slo`]
//! (what is asked), which do not know each other; [`aggregate`]; [`engine`]; [`slices`]; and at last [`input`] and [`output`], where
//! the world begins. The library never prints, exits, reads the environment or asks the clock: that is for the binary.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod error;
pub mod ratio;
pub mod time;

pub mod batch;
pub mod block;
pub mod framing;
pub mod marks;
pub mod record;

pub mod format;
pub mod slo;

pub mod aggregate;

pub mod engine;
pub mod scan;

pub mod evaluate;
pub mod slices;

pub mod input;
pub mod output;
