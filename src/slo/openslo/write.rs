//! The tree of a short form as objects of the standard, one YAML document each.

use serde_json::{Map, Value, json};

use super::indicator::within_prefix;
use super::{ANNOTATION, DETAILS, SOURCE_TYPE};
use crate::error::{Error, ErrorKind, Result};
use crate::record::Kind;
use crate::slo::alerting::{PARTS, Severity, Threshold, Tier};
use crate::slo::document::Node;
use crate::slo::{Slo, Window, literal};
use crate::time::Length;

const VERSION: &str = "openslo/v1";
/// The name of the DataSource that stands for the log.
const SOURCE_NAME: &str = "access-log";
/// The service of SLOs that hold for every service; an annotation says that none was meant.
const SERVICE_ANY: &str = "any";
/// The window and method where none is written.
const WINDOW_DEFAULT: &str = "28d";
const METHOD_DEFAULT: &str = "Occurrences";

/// Writes a short form as OpenSLO. `meant` is what it has been understood as, in its order.
///
/// # Errors
/// None but a mistake in slix itself.
pub fn write(root: &Node, meant: &[Slo]) -> Result<String> {
    let mut top = object(root.to_json());
    let slos = match top.shift_remove("slos") {
        Some(Value::Array(slos)) => slos,
        _ => Vec::new(),
    };
    let service = top.get("service").cloned();
    let mut names = Vec::new();
    if matches!(top.get("alerts"), Some(Value::Array(tiers)) if !tiers.is_empty()) {
        // Each SLO has them among its own: the burn rate of a share of a budget follows the SLO's window.
        top.shift_remove("alerts");
    }
    // Said even where there is none, since a reader would take the only service of all SLOs for that of the log.
    top.entry("service").or_insert(Value::Null);
    let mut objects = vec![source(top)];
    let mut alerts = Vec::new();
    for (slo, meant) in slos.into_iter().zip(meant) {
        let mut slo = object(slo);
        let policies = policies(meant, &mut names, &mut alerts);
        if !policies.is_empty() {
            slo.shift_remove("alerts");
        }
        objects.push(self::slo(slo, meant, policies, service.as_ref(), &mut names));
    }
    objects.extend(alerts);
    objects.extend(targets(meant));
    let texts: Vec<String> = objects.iter().map(to_yaml).collect::<Result<_>>()?;
    Ok(texts.join("---\n"))
}

fn to_yaml(object: &Value) -> Result<String> {
    serde_saphyr::to_string(object)
        .map_err(|cause| Error::new(ErrorKind::Definition, "the definitions cannot be written as YAML").because(cause))
}

/// The DataSource: how the log is written, and what the short form says of all SLOs.
fn source(mut top: Map<String, Value>) -> Value {
    let details: Map<String, Value> =
        DETAILS.iter().filter_map(|key| Some(((*key).to_owned(), top.shift_remove(*key)?))).collect();
    let mut spec = json!({ "type": SOURCE_TYPE });
    // The standard requires the key, and anything may stand there.
    spec["connectionDetails"] = Value::Object(details);
    json!({ "apiVersion": VERSION, "kind": "DataSource", "metadata": metadata(SOURCE_NAME, top), "spec": spec })
}

fn metadata(name: &str, annotations: Map<String, Value>) -> Value {
    let mut metadata = json!({ "name": name });
    if !annotations.is_empty() {
        let annotation = |(key, value): (String, Value)| (format!("{ANNOTATION}{key}"), Value::from(value.to_string()));
        metadata["annotations"] = annotations.into_iter().map(annotation).collect();
    }
    metadata
}

fn slo(
    mut slo: Map<String, Value>,
    meant: &Slo,
    policies: Vec<Value>,
    service: Option<&Value>,
    names: &mut Vec<String>,
) -> Value {
    let mut notes = Map::new();
    let name = text(slo.shift_remove("name"));
    let written = unique(plain_name(&name), names);
    if written != name {
        notes.insert("name".to_owned(), name.into());
    }
    let own = slo.shift_remove("service").or_else(|| service.cloned());
    if own.is_none() {
        notes.insert("service".to_owned(), Value::Null);
    }
    let mut objective = objective(&mut slo, &mut notes);
    let method = slo.shift_remove("budgeting_method").map_or(METHOD_DEFAULT.to_owned(), |method| text(Some(method)));
    time_slices(&mut slo, &mut objective, &mut notes);
    let window = time_window(slo.shift_remove("window"), meant.windows.first(), &mut notes);
    let good = text(slo.shift_remove("good"));
    let valid = slo.shift_remove("valid").map(|valid| text(Some(valid)));
    // Others count good and total each by itself, so good says what total says.
    let good = valid.as_ref().map_or(good.clone(), |valid| format!("{}{good})", within_prefix(valid)));
    let total = valid.map_or_else(|| json!({}), |valid| json!({ "filter": valid }));
    let metric = |spec: Value| json!({ "metricSource": { "metricSourceRef": SOURCE_NAME, "type": SOURCE_TYPE, "spec": spec } });
    let ratio = json!({ "counter": true, "good": metric(json!({ "filter": good })), "total": metric(total) });
    notes.extend(slo);
    let mut spec = json!({
        "service": own.unwrap_or_else(|| SERVICE_ANY.into()),
        "indicator": { "metadata": { "name": written }, "spec": { "ratioMetric": ratio } },
        "timeWindow": [window],
        "budgetingMethod": method,
        "objectives": [objective],
    });
    if !policies.is_empty() {
        spec["alertPolicies"] = policies.into();
    }
    json!({ "apiVersion": VERSION, "kind": "SLO", "metadata": metadata(&written, notes), "spec": spec })
}

/// References to the policies of an SLO, one for each of the tiers that somebody wrote; the standard allows one condition a policy.
fn policies(slo: &Slo, names: &mut Vec<String>, objects: &mut Vec<Value>) -> Vec<Value> {
    let period = slo.windows.first().map_or(1, |window| window.seconds());
    let tiers = slo.guard.tiers.iter().flatten();
    let one = |tier: &Tier| {
        let name = unique(plain_name(&format!("{} {}", slo.name, tier.name)), names);
        let (condition, notes) = condition(tier, period);
        let spec = json!({ "severity": tier.severity.name(), "condition": condition });
        let policy = json!({
            "alertWhenNoData": false,
            "alertWhenResolved": false,
            "alertWhenBreaching": true,
            "conditions": [{ "conditionRef": name }],
            "notificationTargets": [{ "targetRef": tier.severity.name() }],
        });
        for (kind, metadata, spec) in
            [("AlertPolicy", json!({ "name": name }), policy), ("AlertCondition", metadata(&name, notes), spec)]
        {
            objects.push(json!({ "apiVersion": VERSION, "kind": kind, "metadata": metadata, "spec": spec }));
        }
        json!({ "alertPolicyRef": name })
    };
    tiers.map(one).collect()
}

/// Whom the tiers that somebody wrote reach: the standard requires a target of each policy.
fn targets(slos: &[Slo]) -> Vec<Value> {
    let tiers = || slos.iter().flat_map(|slo| slo.guard.tiers.iter().flatten());
    let is_used = |severity: &Severity| tiers().any(|tier| tier.severity == *severity);
    let target = |severity: Severity| {
        json!({
            "apiVersion": VERSION,
            "kind": "AlertNotificationTarget",
            "metadata": { "name": severity.name() },
            "spec": { "target": severity.name() },
        })
    };
    [Severity::Page, Severity::Ticket].into_iter().filter(is_used).map(target).collect()
}

/// The condition of a tier, and what the standard has no word for.
fn condition(tier: &Tier, period_seconds: i64) -> (Value, Map<String, Value>) {
    let mut notes = Map::from_iter([("name".to_owned(), tier.name.clone().into())]);
    let mut note = |key: &str, value: Option<String>| notes.extend(value.map(|value| (key.to_owned(), value.into())));
    let decimal = |parts: u64| literal::write(Kind::Number, parts.cast_signed());
    let threshold = match tier.threshold {
        Threshold::Share(parts) => {
            note("budget", Some(format!("{}%", decimal(parts.saturating_mul(100)))));
            tier.factor(period_seconds).to_f64()
        }
        Threshold::Factor(parts) => {
            let (written, number) = (decimal(parts), parts as f64 / PARTS as f64);
            // In YAML a number may be written with an exponent, which no burn rate is read with.
            note("burn_rate", (number.to_string() != written || is_minute(&number.into()) || number >= 1e15).then_some(written));
            number
        }
    };
    // The standard has no seconds.
    let seconds = |length: &Length| length.text().ends_with('s');
    let minutes =
        |length: &Length| if seconds(length) { format!("{}m", (length.seconds() + 59) / 60) } else { length.to_string() };
    note("long", Some(&tier.long).filter(|long| seconds(long)).map(Length::to_string));
    note("short", tier.short.as_ref().map(Length::to_string));
    note("after", tier.after.as_ref().filter(|after| seconds(after)).map(Length::to_string));
    let usual = Tier::new(&tier.name, tier.severity, tier.threshold, tier.long.clone(), None).bad_above;
    note("bad_above", (tier.bad_above != usual).then(|| tier.bad_above.to_string()));
    let condition = json!({
        "kind": "burnrate",
        "op": if tier.at_threshold { "gte" } else { "gt" },
        "threshold": threshold,
        "lookbackWindow": minutes(&tier.long),
        "alertAfter": tier.after.as_ref().map_or("0m".to_owned(), minutes),
    });
    (condition, notes)
}

/// The objective: `99.9%` is a targetPercent of 99.9, and `0.999` a target. Other spellings keep theirs as its name.
fn objective(slo: &mut Map<String, Value>, notes: &mut Map<String, Value>) -> Value {
    let written = text(slo.shift_remove("target"));
    let trimmed = written.trim();
    let (key, number) = match trimmed.strip_suffix('%') {
        Some(percent) => ("targetPercent", percent.trim_end()),
        None => ("target", trimmed),
    };
    let whole = number.parse::<u64>().ok().map(Value::from);
    let number: Value = whole.or(number.parse::<f64>().ok().map(Value::from)).unwrap_or_else(|| number.into());
    // Below one percent a reader doubts that a percentage was meant.
    if is_minute(&number) || key == "targetPercent" && number.as_f64().is_some_and(|percent| percent <= 1.0) {
        notes.insert("target".to_owned(), trimmed.into());
    }
    let again = if key == "target" { number.to_string() } else { format!("{number}%") };
    let name = slo.shift_remove("objective").or_else(|| (again != trimmed).then(|| trimmed.into()));
    let mut objective = Map::new();
    objective.extend(name.map(|name| ("displayName".to_owned(), name)));
    objective.insert(key.to_owned(), number);
    Value::Object(objective)
}

fn time_slices(slo: &mut Map<String, Value>, objective: &mut Value, notes: &mut Map<String, Value>) {
    if let Some(target) = slo.shift_remove("time_slice_target") {
        let target = text(Some(target));
        let number = share(&target).map_or_else(|| target.as_str().into(), Value::from);
        if is_minute(&number) {
            notes.insert("time_slice_target".to_owned(), target.into());
        }
        objective["timeSliceTarget"] = number;
    }
    if let Some(width) = slo.shift_remove("time_slice_window") {
        let width = text(Some(width));
        if width.ends_with('s') {
            // The standard has no seconds.
            notes.insert("time_slice_window".to_owned(), width.into());
        } else {
            objective["timeSliceWindow"] = width.into();
        }
    }
}

/// Whether a number is so small that YAML has it with an exponent, which no target is read with.
fn is_minute(number: &Value) -> bool {
    number.as_f64().is_some_and(|number| number < 1e-3)
}

/// `95%` as 0.95. Seven digits of a percentage are nine of a share, far from where floats round.
fn share(target: &str) -> Option<f64> {
    match target.trim().strip_suffix('%') {
        None => target.trim().parse().ok(),
        Some(percent) => {
            let percent: f64 = percent.trim_end().parse().ok()?;
            format!("{:.9}", percent / 100.0).parse().ok()
        }
    }
}

/// The (first) window. Several of them, seconds, and minutes, which a reader may doubt, stand in an annotation too.
fn time_window(window: Option<Value>, meant: Option<&Window>, notes: &mut Map<String, Value>) -> Value {
    let first = match &window {
        Some(Value::Array(list)) => list.first().cloned(),
        other => other.clone(),
    };
    let first = first.unwrap_or_else(|| WINDOW_DEFAULT.into());
    let is_doubtful = first.as_str().is_some_and(|window| window.ends_with(['s', 'm']));
    let is_beyond = is_doubtful || matches!(&window, Some(Value::Array(list)) if list.len() > 1);
    if let (true, Some(window)) = (is_beyond, window) {
        notes.insert("window".to_owned(), window);
    }
    let Some(Window::Calendar(calendar)) = meant else {
        return json!({ "duration": first, "isRolling": true });
    };
    // The standard requires both, whether somebody wrote them or not.
    let aligned = json!({ "startTime": calendar.start().to_string().replace('T', " "), "timeZone": calendar.zone_name() });
    json!({ "duration": calendar.length().text(), "calendar": aligned, "isRolling": false })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    }
}

fn text(value: Option<Value>) -> String {
    match value {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// A name after RFC 1123 that is like `name`.
fn plain_name(name: &str) -> String {
    let plain: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let plain = plain.trim_matches('-').get(..plain.trim_matches('-').len().min(60)).unwrap_or_default();
    if plain.is_empty() { "slo".to_owned() } else { plain.trim_matches('-').to_owned() }
}

fn unique(name: String, names: &mut Vec<String>) -> String {
    let mut candidate = name.clone();
    let mut number = 2;
    while names.contains(&candidate) {
        candidate = format!("{name}-{number}");
        number += 1;
    }
    names.push(candidate.clone());
    candidate
}
