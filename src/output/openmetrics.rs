//! Slices as OpenMetrics with timestamps, to be loaded into Prometheus: `promtool tsdb create-blocks-from openmetrics`.
//!
//! One sample a slice, stamped with the middle of it. So `sum_over_time(slix_slice_bad[1h])`, asked at the boundary of a
//! slice, is the sum of exactly the slices of that hour: no sample lies on its edge, and nothing is extrapolated as with `increase`.
//! Beside the counts stand, with the label `window`, the SLI and the budget left of each window that ends with the slice.
//! (OpenMetrics 1.0, <https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>.)

use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::io::Write;
use std::sync::Arc;

use super::atomic::write_failed;
use super::escape::escape;
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::excluded::Excluded;
use crate::evaluate::plan::Plan;
use crate::evaluate::row::{GroupKind, SeriesKey, WindowRow};
use crate::time::{Instant, SliceNumber};

/// Rows that are kept in memory (72 bytes each), so that all families come from one evaluation. Of more rows each family is
/// an evaluation of its own.
pub const ROWS_KEPT_MAX: u128 = 1_000_000;

/// A family of metrics: its name, what it says, and the value.
struct Family {
    name: &'static str,
    help: &'static str,
    value: Value,
}

/// What the samples of a family are.
enum Value {
    /// A count of the slice: the same for every window of the SLO, and written once.
    OfSlice(fn(&Sample) -> u64),
    /// The state of the window that ends with the slice; none where nothing was counted.
    OfWindow(fn(&Sample) -> Option<f64>),
}

const FAMILIES: [Family; 6] = [
    of_slice("slix_slice_events", "Events of the slice, whatever their verdict.", |sample| sample.events),
    of_slice("slix_slice_good", "Good events of the slice.", |sample| sample.good),
    of_slice("slix_slice_bad", "Bad events of the slice.", |sample| sample.bad),
    of_slice("slix_slice_unknown", "Events of the slice that could not be judged.", |sample| sample.unknown),
    of_window("slix_window_sli", "SLI of the window that ends with the slice.", |sample| Some(sample.window?.0)),
    of_window("slix_window_budget_remaining", "Share of the error budget left at the end of the slice.", |sample| {
        Some(sample.window?.1)
    }),
];

const fn of_slice(name: &'static str, help: &'static str, value: fn(&Sample) -> u64) -> Family {
    Family { name, help, value: Value::OfSlice(value) }
}

const fn of_window(name: &'static str, help: &'static str, value: fn(&Sample) -> Option<f64>) -> Family {
    Family { name, help, value: Value::OfWindow(value) }
}

/// What the families need of a row.
struct Sample {
    /// The number of its series.
    series: usize,
    /// The middle of the slice.
    stamp: Stamp,
    events: u64,
    good: u64,
    bad: u64,
    unknown: u64,
    /// SLI and budget left of the window.
    window: Option<(f64, f64)>,
}

impl Sample {
    fn of(row: &WindowRow) -> Result<Sample> {
        Ok(Sample {
            series: row.series.number,
            stamp: Stamp::between(row.start_time, row.end_time)?,
            events: row.events,
            good: row.good,
            bad: row.bad,
            unknown: row.unknown,
            window: row.budget.map(|budget| (budget.sli, budget.remaining)),
        })
    }
}

/// Writes the slices of a plan: a sample for each step, so steps are single slices, or whole slices of time.
///
/// # Errors
/// What writing gives, counts beyond the outputs' integers, a slice below 2 ms.
pub fn write(plan: &Plan, out: &mut dyn Write) -> Result<()> {
    let labels: Vec<Labels> = Labels::of(plan.series());
    let kept = if plan.rows_at_most() <= ROWS_KEPT_MAX { Some(samples(plan)?) } else { None };
    for family in FAMILIES {
        write_head(out, family.name, "gauge", family.help)?;
        let mut put = |sample: &Sample| write_sample(out, &family, sample, &labels);
        match &kept {
            Some(kept) => kept.iter().try_for_each(&mut put)?,
            None => plan.rows(&mut |row| put(&Sample::of(&row)?))?,
        }
    }
    write_exclusions(plan, out)?;
    writeln!(out, "# EOF").map_err(failed)
}

fn samples(plan: &Plan) -> Result<Vec<Sample>> {
    let mut kept = Vec::new();
    plan.rows(&mut |row| {
        kept.push(Sample::of(&row)?);
        Ok(())
    })?;
    Ok(kept)
}

fn write_head(out: &mut dyn Write, name: &str, kind: &str, help: &str) -> Result<()> {
    writeln!(out, "# TYPE {name} {kind}\n# HELP {name} {help}").map_err(failed)
}

fn write_sample(out: &mut dyn Write, Family { name, value, .. }: &Family, sample: &Sample, labels: &[Labels]) -> Result<()> {
    let Some(Labels { series, window, is_first }) = labels.get(sample.series) else { return Ok(()) };
    let stamp = sample.stamp;
    match value {
        Value::OfSlice(_) if !is_first => Ok(()),
        Value::OfSlice(value) => writeln!(out, "{name}{{{series}}} {} {stamp}", value(sample)),
        Value::OfWindow(value) => match value(sample) {
            Some(value) => writeln!(out, "{name}{{{series},window=\"{window}\"}} {value} {stamp}"),
            None => Ok(()),
        },
    }
    .map_err(failed)
}

/// What was excluded: a sample in the first slice of each stretch that has begun.
fn write_exclusions(plan: &Plan, out: &mut dyn Write) -> Result<()> {
    let (exclusions, grid) = (plan.exclusions(), plan.grid());
    if !exclusions.is_empty() {
        write_head(out, "slix_exclusion", "info", "What was excluded, at the beginning of each stretch.")?;
    }
    for (key, Excluded { exclusion, stretches, .. }) in &exclusions {
        let (start, end) = (exclusion.start.to_string(), exclusion.end.to_string());
        let (rule, zone) = exclusion.recurrence.as_ref().map_or(("", ""), |one| (&one.rule, &one.zone));
        let pairs = [
            ("service", key.service.as_str()),
            ("slo", &key.slo),
            ("reason", &exclusion.reason),
            ("author", &exclusion.author),
            ("start", &start),
            ("end", &end),
            ("rrule", rule),
            ("zone", zone),
        ];
        // An absent value has no label: Prometheus cannot tell an empty one from it.
        let said = pairs.iter().filter(|(name, value)| !value.is_empty() || *name == "service");
        let labels: Vec<String> = said.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let mut slices: Vec<SliceNumber> = stretches.iter().map(|&(start, _)| grid.slices.number(start)).collect();
        slices.retain(|&slice| slice < grid.now);
        slices.dedup();
        for slice in slices {
            let stamp = Stamp::between(grid.slices.start(slice), grid.slices.end(slice))?;
            writeln!(out, "slix_exclusion_info{{{}}} 1 {stamp}", labels.join(",")).map_err(failed)?;
        }
    }
    Ok(())
}

#[cold]
fn failed(cause: std::io::Error) -> Error {
    write_failed("the metrics", cause)
}

/// How the samples of a series are labelled.
struct Labels {
    series: String,
    window: String,
    /// Whether no window of the same SLO comes before.
    is_first: bool,
}

impl Labels {
    fn of(all: &[Arc<SeriesKey>]) -> Vec<Labels> {
        let mut seen = HashSet::new();
        let one = |key: &Arc<SeriesKey>| {
            let series = labels(key);
            let is_first = seen.insert((series.clone(), key.group_kind.name(), key.group.clone()));
            Labels { series, window: escaped(key.window.text()), is_first }
        };
        all.iter().map(one).collect()
    }
}

/// The middle of a slice in milliseconds since 1970, which is what Prometheus keeps. Written in seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stamp(i64);

impl Stamp {
    fn between(start: Instant, end: Instant) -> Result<Stamp> {
        let millis = (start.micros() + (end.micros() - start.micros()) / 2).div_euclid(1_000);
        if millis < 0 {
            let error = Error::new(ErrorKind::Output, format!("{start} lies before 1970, which these metrics cannot hold"));
            return Err(error.hint("an event is dated wrongly; see the warning about it"));
        }
        Ok(Stamp(millis))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

fn labels(key: &SeriesKey) -> String {
    let mut text = String::new();
    let fixed = [("service", &key.service), ("slo", &key.slo), ("objective", &key.objective)];
    for (name, value) in fixed {
        // Writing to a String cannot fail, here and below.
        let _ = write!(text, "{name}=\"{}\",", escaped(value));
    }
    let _ = write!(text, "group_kind=\"{}\"", key.group_kind.name());
    let mut taken: HashSet<String> = ["service", "slo", "objective", "group_kind", "window"].map(str::to_owned).into();
    for (i, dimension) in key.dimensions.iter().enumerate() {
        let mut name = label_name(dimension);
        while !taken.insert(name.clone()) {
            name.push('_');
        }
        // An absent value has no label: Prometheus cannot tell an empty one from it.
        if key.group_kind == GroupKind::Group
            && let Some(value) = key.group.get(i).and_then(|value| value.as_deref())
        {
            let _ = write!(text, ",{name}=\"{}\"", escaped(&escape(value)));
        }
    }
    text
}

/// A dimension's name as the name of a label: letters, digits and `_`.
fn label_name(dimension: &str) -> String {
    let plain: String = dimension.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let plain = plain.trim_start_matches('_');
    if plain.starts_with(|c: char| c.is_ascii_digit()) || plain.is_empty() { format!("field_{plain}") } else { plain.to_owned() }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Asked, Options};
    use crate::output::sample;
    use crate::slo::Window;
    use crate::time::Length;

    #[test]
    fn a_slice_is_a_sample_in_its_middle() {
        let partial = sample::partial(1);
        let text = sample::with_plan(&partial, "5m", |plan| {
            let mut out = Vec::new();
            write(plan, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        });
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("# TYPE slix_slice_events gauge"));
        assert_eq!(
            lines.nth(1),
            Some(r#"slix_slice_events{service="shop",slo="availability",objective="99.9%",group_kind="all"} 83 1792454550.000"#)
        );
        assert!(text.contains(r#",group_kind="group",route="/search, \"quoted\""} "#));
        assert!(text.contains(r#",group_kind="group",route="\\xFF\\x1B"#) || text.contains(r#"route="\\xFF"#), "{text}");
        assert!(text.ends_with("\n# EOF\n") && text.matches("# TYPE").count() == 6);
    }

    #[test]
    fn every_window_has_its_samples_and_slices_have_theirs_once() {
        let partial = sample::partial(2);
        let mut slos = sample::slos();
        slos.truncate(1);
        slos[0].windows.push(Window::Rolling(Length::parse("1h").unwrap()));
        let asked = [Asked { slo: &slos[0], canonical: "c" }];
        let options = Options { every: Length::parse("5m").unwrap(), skip_empty: true, ..Options::default() };
        let plan = Plan::new(&asked, &partial, &options).unwrap();
        let mut out = Vec::new();
        write(&plan, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let slices = partial.activity["shop"].len();
        let lines =
            |what: &str| text.lines().filter(|line| line.starts_with(what) && line.contains(r#"group_kind="all""#)).count();
        assert_eq!((lines("slix_slice_bad{"), lines("slix_window_sli{")), (slices, 2 * slices));
        // What the table says of the same windows.
        for row in sample::rows(&plan).iter().filter(|row| row.series.group_kind == GroupKind::All).step_by(97) {
            let (labels, window) = (labels(&row.series), row.series.window.text());
            let budget = row.budget.unwrap();
            for (name, value) in [("sli", budget.sli), ("budget_remaining", budget.remaining)] {
                let line = format!(
                    "slix_window_{name}{{{labels},window=\"{window}\"}} {value} {}\n",
                    Stamp::between(row.start_time, row.end_time).unwrap()
                );
                assert!(text.contains(&line), "{line}");
            }
        }
    }

    #[test]
    fn names_of_labels_are_plain() {
        let names = ["$upstream_addr", "status_class", "%{X-Cache}o", "9", "a.b"].map(label_name);
        assert_eq!(names, ["upstream_addr", "status_class", "X_Cache_o", "field_9", "a_b"]);
    }
}
