//! Slices as OpenMetrics with timestamps, to be loaded into Prometheus: `promtool tsdb create-blocks-from openmetrics`.
//!
//! One sample a slice, stamped with the middle of it. So `sum_over_time(slix_slice_bad[1h])`, asked at the boundary of a
//! slice, is the sum of exactly the slices of that hour: no sample lies on its edge, and nothing is extrapolated as with `increase`.
//! (OpenMetrics 1.0, <https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>.)

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write;

use super::atomic::write_failed;
use super::escape::escape;
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::plan::Plan;
use crate::evaluate::row::{GroupKind, SeriesKey, WindowRow};

/// A family of metrics: its name, what it counts, and the count.
type Family = (&'static str, &'static str, fn(&WindowRow) -> u64);

const FAMILIES: [Family; 4] = [
    ("slix_slice_events", "Events of the slice, whatever their verdict.", |row| row.events),
    ("slix_slice_good", "Good events of the slice.", |row| row.good),
    ("slix_slice_bad", "Bad events of the slice.", |row| row.bad),
    ("slix_slice_unknown", "Events of the slice that could not be judged.", |row| row.unknown),
];

/// Writes the slices of a plan whose steps are single slices.
///
/// # Errors
/// What writing gives, counts beyond the outputs' integers, a slice below 2 ms.
pub fn write(plan: &Plan, out: &mut dyn Write) -> Result<()> {
    let labels: Vec<String> = plan.series().iter().map(|key| labels(key)).collect();
    let failed = |cause| write_failed("the metrics", cause);
    for (name, help, count) in FAMILIES {
        writeln!(out, "# TYPE {name} gauge\n# HELP {name} {help}").map_err(failed)?;
        plan.rows(&mut |row| {
            let stamp = stamp(&row)?;
            let labels = labels.get(row.series.number).map_or("", String::as_str);
            writeln!(out, "{name}{{{labels}}} {} {stamp}", count(&row)).map_err(failed)
        })?;
    }
    writeln!(out, "# EOF").map_err(failed)
}

/// The middle of the slice, in seconds since 1970 with three decimals: Prometheus keeps milliseconds.
fn stamp(row: &WindowRow) -> Result<String> {
    let middle = row.start_time.micros() + (row.end_time.micros() - row.start_time.micros()) / 2;
    let millis = middle.div_euclid(1_000);
    if millis < 0 {
        let error =
            Error::new(ErrorKind::Output, format!("{} lies before 1970, which these metrics cannot hold", row.start_time));
        return Err(error.hint("an event is dated wrongly; see the warning about it"));
    }
    Ok(format!("{}.{:03}", millis / 1_000, millis % 1_000))
}

fn labels(key: &SeriesKey) -> String {
    let mut text = String::new();
    let fixed = [("service", &key.service), ("slo", &key.slo), ("objective", &key.objective)];
    for (name, value) in fixed {
        // Writing to a String cannot fail, here and below.
        let _ = write!(text, "{name}=\"{}\",", escaped(value));
    }
    let _ = write!(text, "group_kind=\"{}\"", key.group_kind.name());
    let mut taken: HashSet<String> = ["service", "slo", "objective", "group_kind"].map(str::to_owned).into();
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
    use crate::output::sample;

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
        assert!(text.ends_with("\n# EOF\n") && text.matches("# TYPE").count() == 4);
    }

    #[test]
    fn names_of_labels_are_plain() {
        let names = ["$upstream_addr", "status_class", "%{X-Cache}o", "9", "a.b"].map(label_name);
        assert_eq!(names, ["upstream_addr", "status_class", "X_Cache_o", "field_9", "a_b"]);
    }
}
