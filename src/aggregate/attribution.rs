//! Attribution: bad events by one more dimension and hour, so that an incident can be explained from slices.
//!
//! Kept as an indicator of its own, whose events are the bad ones of another: it merges, is limited and is written like
//! any other. Its canonical text names the dimension before that of the indicator.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::{Counts, IndicatorCounts, IndicatorKey, Partial};
use crate::error::Result;
use crate::format::extract::{Extractor, Reader};
use crate::record::{Need, Outcome};
use crate::slo::classify::{Classes, Classifier, Verdict};
use crate::slo::expr::Expr;
use crate::slo::route::Routes;
use crate::slo::{Dimension, Indicator};
use crate::time::{Instant, SliceNumber, Slices};

const HOUR_SECONDS: i64 = 3_600;

/// The key that the bad events of an indicator are kept under by `dimension`.
pub fn key(of: &IndicatorKey, dimension: &str) -> IndicatorKey {
    IndicatorKey { service: of.service.clone(), canonical: format!("{}{}", prefix(dimension), of.canonical) }
}

fn prefix(dimension: &str) -> String {
    format!("bad by {dimension} of\n")
}

/// The dimension, if `canonical` is an attribution of the indicator `of`.
pub fn dimension_of<'c>(canonical: &'c str, of: &str) -> Option<&'c str> {
    canonical.strip_suffix(of)?.strip_prefix("bad by ")?.strip_suffix(" of\n")
}

/// Whether a canonical text is that of an attribution.
pub fn is_one(canonical: &str) -> bool {
    canonical.lines().next().is_some_and(|line| line.starts_with("bad by ") && line.ends_with(" of"))
}

/// Slices in an hour; one where an hour is no whole number of them.
pub fn hour_slices(slices: Slices) -> i64 {
    if HOUR_SECONDS % slices.width_seconds() == 0 { HOUR_SECONDS / slices.width_seconds() } else { 1 }
}

/// Reads the attributed dimensions of a line. Compiled once for all workers.
pub struct Attribution {
    extractor: Extractor,
    /// One indicator for each dimension, which is what it groups by.
    classifier: Classifier,
}

impl Attribution {
    /// Reads `dimensions` of lines. `routes` is what `route` means; `bind` binds the format of the lines to needs.
    ///
    /// # Errors
    /// A dimension that the format has no field for.
    pub fn new(
        dimensions: &[Dimension],
        routes: &Arc<Routes>,
        bind: impl FnOnce(&[Need]) -> Result<Extractor>,
    ) -> Result<Attribution> {
        let by = |dimension: &Dimension| {
            let group_by = vec![dimension.clone()];
            Arc::new(Indicator { valid: None, good: Expr::Always(true), weight: None, routes: Arc::clone(routes), group_by })
        };
        let classifier = Classifier::compile(dimensions.iter().map(by).collect())?;
        Ok(Attribution { extractor: bind(classifier.needs())?, classifier })
    }
}

/// How a line is read.
type ReadLine = fn(&[u8], &Extractor, &mut Reader) -> Outcome;

/// Bad events by class, attributed class, and hour.
type Key = (u32, u32, SliceNumber);

/// The bad events of one worker. Only lines that are bad to some indicator are read a second time, for their dimensions.
pub struct AttributionTally<'a> {
    extractor: &'a Extractor,
    reader: Reader,
    /// What the line is that was read last, where lines mean what they do only with those before them.
    followed: Option<Outcome>,
    classes: Classes<'a>,
    slices: Slices,
    /// Whether a class is bad to some indicator, as far as that was asked.
    is_bad: Vec<Option<bool>>,
    counts: HashMap<Key, u64, RandomState>,
}

/// Entries before a worker folds: some 10 MB.
const ENTRIES_MAX: usize = 1 << 18;

impl<'a> AttributionTally<'a> {
    /// Nothing counted. `line_bytes_max` is the limit of lines, `input` the name of the input that it begins with.
    pub fn new(attribution: &'a Attribution, slices: Slices, line_bytes_max: usize, input: &str) -> Self {
        let Attribution { extractor, classifier } = attribution;
        let (reader, classes) = (extractor.reader(input).with_line_bytes_max(line_bytes_max), classifier.classes());
        AttributionTally { extractor, reader, followed: None, classes, slices, is_bad: Vec::new(), counts: HashMap::default() }
    }

    /// Goes on with another input.
    pub fn turn_to(&mut self, input: &str) {
        self.reader.turn_to(input);
    }

    /// Whether it must be folded before more is added.
    pub fn is_full(&self) -> bool {
        self.classes.is_full() || self.counts.len() >= ENTRIES_MAX
    }

    /// Reads a line, be it an event or not, if lines mean what they do only with those before them.
    pub fn follow(&mut self, line: &[u8], read: ReadLine) {
        if self.extractor.is_stateful() {
            self.followed = Some(read(line, self.extractor, &mut self.reader));
        }
    }

    /// Takes note of what a line says of those behind it.
    pub fn recall(&mut self, line: &[u8]) {
        self.extractor.recall(line, &mut self.reader);
    }

    /// Counts a line of `class` if it is bad to some indicator. `read` is how a line is read that was not followed.
    #[inline]
    pub fn add(&mut self, classes: &Classes, class: u32, time: Instant, line: &[u8], read: ReadLine) {
        let place = class as usize;
        if place >= self.is_bad.len() {
            self.is_bad.resize(classes.len().max(place + 1), None);
        }
        let asked = |bad: &mut Option<bool>| {
            *bad.get_or_insert_with(|| {
                (0..classes.classifier().indicators().len()).any(|i| classes.verdict(place, i) == Verdict::Bad)
            })
        };
        if !asked(&mut self.is_bad[place]) {
            return;
        }
        let outcome = self.followed.take().unwrap_or_else(|| read(line, self.extractor, &mut self.reader));
        if outcome == Outcome::Event {
            let by = self.classes.class_of(&self.reader.record(line));
            let hour = hour_slices(self.slices);
            let hour = self.slices.number(time).div_euclid(hour) * hour;
            *self.counts.entry((class, by, hour)).or_insert(0) += 1;
        }
    }

    /// Puts all counts into a partial under the keys of the indicators, and begins anew. Every dimension has its key, be there bad
    /// events or not, so that it is known to have been counted.
    ///
    /// # Errors
    /// An overflow.
    pub fn fold(&mut self, classes: &Classes, keys: &[IndicatorKey], partial: &mut Partial) -> Result<()> {
        let mut counts: Vec<(Key, u64)> = self.counts.drain().collect();
        counts.sort_unstable();
        self.is_bad.clear();
        for (number, dimension) in self.classes.classifier().indicators().iter().enumerate() {
            let name = dimension.dimensions().concat();
            for (indicator, of) in keys.iter().enumerate() {
                let mut counted = IndicatorCounts::new(vec![name.clone()], false);
                let groups = self.classes.groups(number);
                for &((class, by, hour), bad) in &counts {
                    if classes.verdict(class as usize, indicator) == Verdict::Bad {
                        let group = &groups[self.classes.group_number(by as usize, number)];
                        counted.add(group, hour, Counts { events: bad, good: 0, bad, unknown: 0 })?;
                    }
                }
                counted.limit_groups()?;
                partial.indicators.insert(key(of, &name), counted);
            }
        }
        if self.classes.is_full() {
            self.classes.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_its_dimension_and_its_indicator() {
        let of = IndicatorKey { service: "shop".into(), canonical: "valid: true\ngood: status < 500".into() };
        let by_host = key(&of, "host");
        assert_eq!(dimension_of(&by_host.canonical, &of.canonical), Some("host"));
        assert_eq!(dimension_of(&by_host.canonical, "good: status < 400"), None);
        assert_eq!(dimension_of(&of.canonical, &of.canonical), None);
        assert!(is_one(&by_host.canonical) && !is_one(&of.canonical));
    }
}
