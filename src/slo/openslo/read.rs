//! Objects of any number of files, with their references resolved, as the tree of a short form.

use std::ops::Range;

use super::indicator::{Indicator, indicator};
use super::object::{Object, Said, Taken, foreign_words, is_openslo};
use super::window::{no_seconds, windows};
use super::{ANNOTATION, DETAILS, SOURCE_TYPE};
use crate::error::{Error, Result};
use crate::slo::document::{Content, Document, Key, Node, Written};
use crate::slo::nearest::suggestion;
use crate::slo::parse;

/// The method where none is written.
const OCCURRENCES: &str = "Occurrences";

/// What a policy may say that slix does not use.
const POLICY: [&str; 6] =
    ["description", "alertWhenNoData", "alertWhenResolved", "alertWhenBreaching", "conditions", "notificationTargets"];

/// Severities, in lower case, at which somebody is called. All others are found in the morning.
const PAGING: [&str; 11] = ["page", "sev0", "sev1", "sev-1", "p0", "p1", "critical", "high", "urgent", "emergency", "fatal"];

/// What was read: the tree of a short form, and what there is to say.
#[derive(Debug)]
pub struct Objects {
    /// The tree.
    pub root: Node,
    /// What is forbidden, doubtful, or not used.
    pub said: Said,
}

/// An object that another refers to, or has in itself.
struct Referred {
    name: Option<Written>,
    /// Without the name.
    metadata: Taken,
    spec: Taken,
}

/// The objects that others refer to.
pub struct Sources<'o> {
    objects: &'o mut Vec<Object>,
}

impl Sources<'_> {
    /// The object of a kind and name, which is used from now on; its metadata and spec are copies that can be taken apart.
    fn refer(&mut self, document: Document<'_>, kind: &str, name: &Written) -> Result<Referred> {
        let found = self.objects.iter_mut().find(|object| object.kind == kind && object.name.text == name.text);
        if let Some(object) = found {
            object.is_used = true;
            return Ok(Referred { name: Some(name.clone()), metadata: object.metadata.clone(), spec: object.spec.clone() });
        }
        let known: Vec<&str> = self.objects.iter().filter(|o| o.kind == kind).map(|o| o.name.text.as_str()).collect();
        let error = document.error(&name.node.span, format!("there is no {kind} `{}`", name.text), "reference");
        Err(error.hint(match known.is_empty() {
            true => format!("declare it in one of the files: slix sees no {kind} there"),
            false => suggestion(&name.text, "there are", &known),
        }))
    }

    /// The type of a DataSource.
    pub fn kind_of(&mut self, document: Document<'_>, name: &Written) -> Result<String> {
        let Referred { mut spec, .. } = self.refer(document, "DataSource", name)?;
        let kind = spec.text(document, "type")?;
        kind.map(|kind| kind.text).ok_or_else(|| {
            document.error(&spec.first_line(document), format!("the DataSource `{}` has no `type`", name.text), "in this one")
        })
    }
}

/// Reads the objects that `nodes` hold, each one or a list of them. Documents of other kinds are not used.
///
/// # Errors
/// What makes an object useless: no name, no such reference, nothing that slix can evaluate.
pub fn read(document: Document<'_>, nodes: Vec<Node>) -> Result<Objects> {
    let mut said = Said::default();
    let mut objects = Vec::new();
    for node in nodes.into_iter().flat_map(|node| document.list_of(node)) {
        if node.content == Content::Null {
            continue;
        }
        if !is_openslo(&node) {
            said.unused.push((node.span.start..node.span.start, foreign_words(&node)));
            continue;
        }
        let object = Object::of(document, node, &mut said)?;
        check_unique(document, &objects, &object)?;
        objects.push(object);
    }
    let (asked, mut others): (Vec<Object>, Vec<Object>) = objects.into_iter().partition(|object| object.kind == "SLO");
    let mut slos = Vec::new();
    for object in asked {
        let (is_alpha, sources) = (object.is_alpha, Sources { objects: &mut others });
        Reading { document, is_alpha, sources, said: &mut said }.slo(object, &mut slos)?;
    }
    let mut entries = source_entries(document, &mut others, &mut said)?;
    for mut object in others {
        if object.is_used && object.kind == "AlertCondition" {
            annotations(document, &mut object.metadata, &mut said)?;
        }
        leave(object, &mut said);
    }
    said.findings.sort_by_key(|finding| finding.span.start);
    said.findings.dedup_by(|a, b| a.span == b.span && a.message == b.message);
    if slos.is_empty() {
        let error = document.error(&(0..0), "there is no SLO here that slix can evaluate", "in these objects");
        let hint = format!("bind one to a log: `metricSource: {{type: {SOURCE_TYPE}, spec: {{filter: status < 500}}}}`");
        return Err(said.findings.first().map_or(error.hint(hint), |first| {
            document.error(&first.span, first.message.clone(), "here").hint(first.hint.clone())
        }));
    }
    if !entries.iter().any(|(key, _)| key == "service") {
        entries.extend(only_service(&slos).map(|service| ("service".to_owned(), service)));
    }
    entries.push(("slos".to_owned(), Node { content: Content::List(slos), span: 0..0 }));
    Ok(Objects { root: mapping(0..0, entries), said })
}

/// The service of all SLOs, if they have one: the log is then its log.
fn only_service(slos: &[Node]) -> Option<Node> {
    let service = |slo: &Node| match &slo.content {
        Content::Map(entries) => entries.iter().find(|(key, _)| key.text == "service").map(|(_, node)| node.clone()),
        _ => None,
    };
    let first = service(slos.first()?)?;
    slos.iter().all(|slo| service(slo).is_some_and(|other| other.content == first.content)).then_some(first)
}

fn check_unique(document: Document<'_>, earlier: &[Object], object: &Object) -> Result<()> {
    let is_same = |other: &&Object| other.kind == object.kind && other.name.text == object.name.text;
    match earlier.iter().find(is_same) {
        None => Ok(()),
        Some(_) => {
            let message = format!("there are two objects {} `{}`", object.kind, object.name.text);
            Err(document.error(&object.name.node.span, message, "the second one").hint("names are unique for each kind"))
        }
    }
}

/// What the data source says of the log, for the top of the short form.
fn source_entries(document: Document<'_>, others: &mut Vec<Object>, said: &mut Said) -> Result<Vec<(String, Node)>> {
    let is_log = |object: &Object| {
        object.kind == "DataSource"
            && object.spec.clone().take("type").is_some_and(|n| n.content == Content::Text(SOURCE_TYPE.to_owned()))
    };
    let mut found: Vec<Object> = others.extract_if(.., |object| is_log(object) && object.is_used).collect();
    let Some(mut source) = found.pop() else { return Ok(Vec::new()) };
    if let Some(second) = found.first() {
        let error = document.error(&second.name.node.span, "there are two DataSources of access logs", "one of them");
        return Err(error.hint("describe all logs in one: its connectionDetails may have `inputs`, each with a format"));
    }
    let _ = source.spec.take("type");
    let mut entries = Vec::new();
    if let Some(mut details) = source.spec.map(document, "connectionDetails")? {
        entries.extend(DETAILS.iter().filter_map(|key| Some(((*key).to_owned(), details.take(key)?))));
        let unused = |(key, _): (Key, Node)| (key.span, format!("spec.connectionDetails.{}", key.text));
        said.unused.extend(details.take_all().into_iter().map(unused));
    }
    entries.extend(annotations(document, &mut source.metadata, said)?);
    leave_rest(source, said);
    Ok(entries)
}

/// The keys of the short form that stand in annotations; other annotations are not used.
fn annotations(document: Document<'_>, metadata: &mut Taken, said: &mut Said) -> Result<Vec<(String, Node)>> {
    let Some(mut taken) = metadata.map(document, "annotations")? else { return Ok(Vec::new()) };
    let mut entries = Vec::new();
    for (key, node) in taken.take_all() {
        let Some(name) = key.text.strip_prefix(ANNOTATION) else {
            said.unused.push((key.span, format!("metadata.annotations.{}", key.text)));
            continue;
        };
        let span = node.span.clone();
        let written = document.text_of(node, &format!("the annotation `{}`", key.text))?;
        let value = Document::new(document.name, &written.text).parse().map_err(|error| {
            document.error(
                &span,
                format!(
                    "the annotation `{}` is not JSON: {}",
                    key.text,
                    error.message().trim_start_matches("this is not YAML: ")
                ),
                "annotation",
            )
        })?;
        entries.push((name.to_owned(), value.all_at(&span)));
    }
    Ok(entries)
}

/// Says that an object is not used, or what of a used one is not.
fn leave(object: Object, said: &mut Said) {
    if object.is_used || object.kind == "Service" {
        return leave_rest(object, said);
    }
    said.unused.push((object.span.clone(), format!("{} {}", object.kind, object.name.text)));
}

fn leave_rest(object: Object, said: &mut Said) {
    const SPEC: [&str; 17] = [
        "description",
        "ratioMetric",
        "thresholdMetric",
        "type",
        "connectionDetails",
        "target",
        "severity",
        "condition",
        "conditions",
        "notificationTargets",
        "alertWhenNoData",
        "alertWhenResolved",
        "alertWhenBreaching",
        "service",
        "alertPolicies",
        "indicatorRef",
        "budgetingMethod",
    ];
    let named = |taken: Taken| Taken { path: format!("{} {}: {}", object.kind, object.name.text, taken.path), ..taken };
    let is_read = ["SLI", "AlertPolicy", "AlertCondition"].contains(&object.kind.as_str());
    named(object.metadata).finish(&["displayName", "labels", "annotations"], said);
    if !is_read {
        let mut spec = object.spec;
        // A severity's name says nothing that the condition does not.
        if object.kind == "AlertNotificationTarget" && ["page", "ticket"].iter().any(|severity| spec.is("target", severity)) {
            let _ = spec.take("target");
        }
        named(spec).finish(&SPEC, said);
    }
}

struct Reading<'d, 'o, 's> {
    document: Document<'d>,
    is_alpha: bool,
    sources: Sources<'o>,
    said: &'s mut Said,
}

/// What all objectives of an SLO share.
struct Shared {
    indicator: Option<Indicator>,
    method: Option<Written>,
    entries: Vec<(String, Node)>,
    annotations: Vec<(String, Node)>,
}

impl Reading<'_, '_, '_> {
    /// One SLO: an SLO of the short form for each of its objectives.
    fn slo(&mut self, mut object: Object, into: &mut Vec<Node>) -> Result<()> {
        let document = self.document;
        let (place, name) = (object.span.clone(), object.name.clone());
        let objectives = object.spec.list(document, "objectives");
        if objectives.is_empty() {
            let error = document.error(&place, format!("the SLO `{}` has no objectives", name.text), "in this one");
            return Err(error.hint("add `objectives: [{target: 0.999}]`"));
        }
        if self.is_composite(&object, &objectives) {
            let message = format!("the SLO `{}` is not read: it is made of several indicators", name.text);
            self.said.find(&place, message, "make an SLO of each objective, with the indicator beside it");
            return Ok(());
        }
        let shared = self.shared(&mut object)?;
        let several = objectives.len() > 1;
        if let (Some(Indicator::Threshold { .. }), Some(second)) = (&shared.indicator, objectives.get(1)) {
            self.said.find(&second.span, "the standard allows one objective of a thresholdMetric", "make it an SLO of its own");
        }
        for node in objectives {
            into.extend(self.objective(&shared, node, &name, several)?);
        }
        object.is_used = true;
        leave_rest(object, self.said);
        Ok(())
    }

    /// Whether the objectives have the indicators, not the SLO: a composite one, which has no words in the short form.
    fn is_composite(&self, object: &Object, objectives: &[Node]) -> bool {
        let has_own = |node: &Node| match &node.content {
            Content::Map(entries) => entries.iter().any(|(key, _)| ["indicator", "indicatorRef"].contains(&key.text.as_str())),
            _ => false,
        };
        !object.is_alpha && !object.spec.has("indicator") && !object.spec.has("indicatorRef") && objectives.iter().any(has_own)
    }

    fn shared(&mut self, object: &mut Object) -> Result<Shared> {
        let document = self.document;
        let mut entries = Vec::new();
        if let Some(service) = object.spec.text(document, "service")? {
            self.check_service(&service);
            entries.push(("service".to_owned(), text(service)));
        } else {
            let place = object.spec.first_line(document);
            self.said.find(&place, "there is no service, which the standard requires", "add `service: shop`, say");
        }
        let annotations = annotations(document, &mut object.metadata, self.said)?;
        if annotations.iter().any(|(key, _)| key == "window") {
            // The standard's window is then only the nearest to it.
            let _ = object.spec.take("timeWindow");
        } else {
            let windows = windows(document, &mut object.spec, self.said)?;
            entries.extend(windows.map(|windows| ("window".to_owned(), windows)));
        }
        let alerts = self.alerts(&mut object.spec)?;
        entries.extend(alerts.map(|alerts| ("alerts".to_owned(), alerts)));
        let method = object.spec.text(document, "budgetingMethod")?;
        if method.is_none() {
            let place = object.spec.first_line(document);
            self.said.find(&place, "there is no budgetingMethod: Occurrences is taken", "add `budgetingMethod: Occurrences`");
        }
        let indicator = self.indicator_of(object)?;
        Ok(Shared { indicator, method, entries, annotations })
    }

    /// Services may be declared; where some are, an SLO should belong to one.
    fn check_service(&mut self, service: &Written) {
        let mut declared = self.sources.objects.iter_mut().filter(|object| object.kind == "Service").peekable();
        if declared.peek().is_none() {
            return;
        }
        match declared.find(|object| object.name.text == service.text) {
            Some(object) => object.is_used = true,
            None => self.said.find(
                &service.node.span,
                format!("there is no Service `{}`", service.text),
                "declare it, or correct the name",
            ),
        }
    }

    /// The indicator of an SLO, given there or referred to; none where objectives have their own (v1alpha).
    fn indicator_of(&mut self, object: &mut Object) -> Result<Option<Indicator>> {
        let document = self.document;
        let (inline, reference) = (object.spec.map(document, "indicator")?, object.spec.text(document, "indicatorRef")?);
        let spec = match (inline, reference) {
            (Some(inline), None) => {
                let Referred { metadata, spec, .. } = self.inline(inline, "SLI")?;
                self.leave_metadata(metadata);
                spec
            }
            (None, Some(reference)) => self.sources.refer(document, "SLI", &reference)?.spec,
            (None, None) if object.is_alpha => return Ok(None),
            (inline, _) => {
                let what = if inline.is_some() {
                    "both `indicator` and `indicatorRef`"
                } else {
                    "neither `indicator` nor `indicatorRef`"
                };
                let error = document.error(&object.span, format!("the SLO `{}` has {what}", object.name.text), "this one");
                return Err(error.hint("give one of them"));
            }
        };
        indicator(document, spec, &mut self.sources, self.said).map(Some)
    }

    /// An object that is written in place; in v1alpha its spec is the mapping itself.
    fn inline(&mut self, mut inline: Taken, kind: &str) -> Result<Referred> {
        let document = self.document;
        let Some(spec) = inline.map(document, "spec")? else {
            return Ok(Referred { name: None, metadata: Taken::default(), spec: inline });
        };
        for (key, meant) in [("kind", kind), ("apiVersion", "openslo/v1")] {
            if let Some(written) = inline.text(document, key)?.filter(|written| written.text != meant) {
                let message = format!("`{key}: {}` stands where {kind} is meant: it is taken for one", written.text);
                self.said.find(&written.node.span, message, format!("write `{key}: {meant}`"));
            }
        }
        let mut metadata = inline.map(document, "metadata")?.unwrap_or_default();
        // An object in place needs no name.
        let name = metadata.text(document, "name")?;
        inline.finish(&[], self.said);
        Ok(Referred { name, metadata, spec })
    }

    /// Says what of the metadata of an object in place is not used.
    fn leave_metadata(&mut self, metadata: Taken) {
        metadata.finish(&["displayName", "labels", "annotations"], self.said);
    }

    /// One objective as an SLO of the short form; none if it has a source that slix cannot answer.
    fn objective(&mut self, shared: &Shared, node: Node, name: &Written, several: bool) -> Result<Option<Node>> {
        let document = self.document;
        let mut objective = Taken::of(document, node, "spec.objectives[]")?;
        let span = objective.span.clone();
        let own = objective.has("ratioMetrics").then(|| {
            let mut own = Taken { path: objective.path.clone(), span: span.clone(), ..Taken::default() };
            own.put("ratioMetrics", objective.take("ratioMetrics"));
            indicator(document, own, &mut self.sources, self.said)
        });
        let indicator = own.transpose()?.or_else(|| shared.indicator.clone());
        let (valid, good) = match self.conditions(indicator, &mut objective, name)? {
            Some(conditions) => conditions,
            None => return Ok(None),
        };
        let is_ours = shared.annotations.iter().any(|(key, _)| key == "target");
        let target = self.target(&mut objective, name, is_ours)?;
        let mut entries = vec![("name".to_owned(), text(name.clone()))];
        let display = objective.text(document, "displayName")?.map(text);
        let display = display.or_else(|| several.then(|| target.clone()));
        entries.extend(display.map(|display| ("objective".to_owned(), display)));
        entries.push(("target".to_owned(), target));
        entries.extend(valid.map(|valid| ("valid".to_owned(), valid)));
        entries.push(("good".to_owned(), good));
        self.budgeting(shared, &mut objective, &mut entries)?;
        objective.finish(&["indicator", "indicatorRef", "compositeWeight"], self.said);
        entries.extend(shared.entries.iter().cloned());
        for (key, node) in &shared.annotations {
            // What slix wrote is meant as it wrote it, whatever the standard's words made of it.
            entries.retain(|(known, _)| known != key);
            entries.push((key.clone(), node.clone()));
        }
        Ok(Some(mapping(span, entries)))
    }

    fn conditions(
        &mut self,
        indicator: Option<Indicator>,
        objective: &mut Taken,
        name: &Written,
    ) -> Result<Option<(Option<Node>, Node)>> {
        let document = self.document;
        match indicator {
            Some(Indicator::Ratio { valid, good }) => {
                for key in ["op", "value"] {
                    // In v1alpha every objective has a value.
                    if let Some(node) = objective.take(key) {
                        let (what, hint) =
                            (format!("`{key}` is for a thresholdMetric"), "leave it out: a ratio has nothing to compare");
                        match self.is_alpha {
                            true => self.said.unused.push((node.span, format!("{}.{key}", objective.path))),
                            false => self.said.find(&node.span, what, hint),
                        }
                    }
                }
                Ok(Some((valid, good)))
            }
            Some(Indicator::Threshold { valid, field, unit }) => {
                Ok(Some((valid, comparison(document, objective, &field, unit.as_ref())?)))
            }
            Some(Indicator::Foreign(kind, span)) => {
                let message = format!("the SLO `{}` is not read: its source is `{kind}`", name.text);
                self.said.find(&span, message, format!("bind it to a log: `type: {SOURCE_TYPE}` with `spec: {{filter: …}}`"));
                Ok(None)
            }
            None => {
                let error =
                    document.error(&objective.first_line(document), format!("the SLO `{}` has no indicator", name.text), "here");
                Err(error.hint("add `spec.indicator` or `spec.indicatorRef`"))
            }
        }
    }

    fn target(&mut self, objective: &mut Taken, name: &Written, is_ours: bool) -> Result<Node> {
        let document = self.document;
        let (share, mut percent) = (objective.text(document, "target")?, objective.text(document, "targetPercent")?);
        if let Some(percent) = percent.as_mut().filter(|percent| percent.text.ends_with('%')) {
            percent.text = percent.text.trim_end_matches('%').trim_end().to_owned();
            self.said.find(&percent.node.span, "a targetPercent is a number", format!("write `targetPercent: {}`", percent.text));
        }
        match (share, percent) {
            (Some(share), None) if share.text.parse::<f64>().is_ok_and(|share| share > 1.0) => {
                let error = document.error(&share.node.span, format!("the target {} is above 1", share.text), "target");
                Err(error.hint(format!("write `targetPercent: {}`", share.text)))
            }
            (Some(share), None) => Ok(text(share)),
            (None, Some(percent)) if !is_ours && percent.text.parse::<f64>().is_ok_and(|percent| percent <= 1.0) => {
                let message = format!("a targetPercent of {} is very low", percent.text);
                self.said.find(
                    &percent.node.span,
                    message,
                    format!("write `target: {}` if a share of one was meant", percent.text),
                );
                Ok(text(Written { text: format!("{}%", percent.text), node: percent.node }))
            }
            (None, Some(percent)) => Ok(text(Written { text: format!("{}%", percent.text), node: percent.node })),
            (Some(share), Some(_)) => {
                let error = document.error(&share.node.span, "an objective has both `target` and `targetPercent`", "this one");
                Err(error.hint("leave one of them out"))
            }
            (None, None) => {
                let place = objective.first_line(document);
                let error = document.error(&place, format!("an objective of `{}` has no target", name.text), "in this one");
                Err(error.hint("add `target: 0.999`, or `targetPercent: 99.9`"))
            }
        }
    }

    fn budgeting(&mut self, shared: &Shared, objective: &mut Taken, entries: &mut Vec<(String, Node)>) -> Result<()> {
        let document = self.document;
        let (target, width) = (objective.text(document, "timeSliceTarget")?, objective.text(document, "timeSliceWindow")?);
        let Some(method) = shared.method.as_ref().filter(|method| method.text != OCCURRENCES) else {
            for written in [target, width].into_iter().flatten() {
                self.said.find(&written.node.span, "Occurrences have no time slices", "leave it out, or choose Timeslices");
            }
            return Ok(());
        };
        entries.push(("budgeting_method".to_owned(), text(method.clone())));
        match (method.text.as_str(), target) {
            ("RatioTimeslices", Some(target)) => {
                self.said.find(
                    &target.node.span,
                    "RatioTimeslices have no target of a slice",
                    "leave it out: slices count with their ratios",
                );
            }
            ("Timeslices", None) if !shared.annotations.iter().any(|(key, _)| key == "time_slice_target") => {
                let place = objective.first_line(document);
                let error = document.error(&place, format!("{} needs a timeSliceTarget", method.text), "this objective");
                return Err(error.hint("add `timeSliceTarget: 0.95`, say"));
            }
            (_, Some(target)) if target.text.parse::<f64>().is_ok_and(|share| share > 1.0) => {
                let error =
                    document.error(&target.node.span, format!("the timeSliceTarget {} is above 1", target.text), "target");
                return Err(error.hint("it is a share of one: 0.95, say"));
            }
            (_, target) => entries.extend(target.map(|target| ("time_slice_target".to_owned(), text(target)))),
        }
        let is_ours = shared.annotations.iter().any(|(key, _)| key == "time_slice_window");
        let width = match width {
            // A number is minutes.
            Some(Written { text, node }) if matches!(node.content, Content::Number(_)) => {
                Written { text: format!("{text}m"), node }
            }
            Some(width) => {
                no_seconds(&width, self.said);
                width
            }
            None if is_ours => return Ok(()),
            None => {
                let place = objective.first_line(document);
                self.said.find(&place, "there is no timeSliceWindow: one minute is taken", "add `timeSliceWindow: 1m`");
                Written { text: "1m".to_owned(), node: Node { content: Content::Null, span: place } }
            }
        };
        entries.push(("time_slice_window".to_owned(), text(width)));
        Ok(())
    }

    /// The conditions of the SLO's alert policies, as tiers; none of them where every policy is silent.
    fn alerts(&mut self, spec: &mut Taken) -> Result<Option<Node>> {
        let (document, mut tiers) = (self.document, Vec::new());
        let policies = spec.list(document, "alertPolicies");
        let span = policies.first().map(|node| node.span.clone());
        for node in policies {
            tiers.extend(self.policy(node)?);
        }
        Ok(span.map(|span| Node { content: Content::List(tiers), span }))
    }

    /// The tiers of one policy: the standard allows one.
    fn policy(&mut self, node: Node) -> Result<Vec<Node>> {
        let document = self.document;
        let (Referred { metadata, mut spec, .. }, is_inline) = self.referred(node, "AlertPolicy", "alertPolicyRef")?;
        if is_inline {
            self.leave_metadata(metadata);
        }
        let targets = spec.list(document, "notificationTargets");
        let has_targets = !targets.is_empty();
        for target in targets {
            let (Referred { metadata, spec, .. }, is_inline) = self.referred(target, "AlertNotificationTarget", "targetRef")?;
            if is_inline {
                self.leave_metadata(metadata);
                Taken { path: "AlertNotificationTarget: spec".to_owned(), ..spec }.finish(&["target", "description"], self.said);
            }
        }
        let place = spec.first_line(document);
        if !has_targets {
            self.said.find(&place, "a policy notifies nobody: the standard requires notificationTargets", "add one");
        }
        if !self.is_breaching_told(&mut spec, &place)? {
            // It asks for no word when a condition holds, so its conditions are no tiers.
            Taken { path: "AlertPolicy: spec".to_owned(), ..spec }.finish(&POLICY, self.said);
            return Ok(Vec::new());
        }
        let conditions = spec.list(document, "conditions");
        if conditions.is_empty() {
            self.said.find(&place, "a policy has no condition", "add `conditions: [{conditionRef: fast-burn}]`, say");
        }
        if let Some(second) = conditions.get(1) {
            self.said.find(&second.span, "the standard allows one condition of a policy", "make it a policy of its own");
        }
        let mut tiers = Vec::new();
        for condition in conditions {
            let (condition, is_inline) = self.referred(condition, "AlertCondition", "conditionRef")?;
            tiers.push(self.tier(condition, is_inline)?);
        }
        Taken { path: "AlertPolicy: spec".to_owned(), ..spec }.finish(&POLICY, self.said);
        Ok(tiers)
    }

    /// Whether a policy tells when a condition holds; and nothing else, which is what slix does.
    fn is_breaching_told(&mut self, spec: &mut Taken, place: &Range<usize>) -> Result<bool> {
        for key in ["alertWhenNoData", "alertWhenResolved"] {
            if spec.is(key, "false") {
                let _ = spec.take(key);
            }
        }
        if spec.is("alertWhenBreaching", "false") {
            return Ok(false);
        }
        match spec.text(self.document, "alertWhenBreaching")? {
            Some(told) if told.text == "true" => {}
            Some(told) => {
                self.said.find(&told.node.span, "alertWhenBreaching is neither true nor false: true is taken", "write true")
            }
            None => {
                self.said.find(place, "there is no alertWhenBreaching: true is taken", "add `alertWhenBreaching: true`");
            }
        }
        Ok(true)
    }

    /// The object that is written in place, or referred to by `key` or by its bare name; and whether it is in place.
    fn referred(&mut self, node: Node, kind: &str, key: &str) -> Result<(Referred, bool)> {
        let document = self.document;
        if let Content::Text(name) = &node.content {
            let name = Written { text: name.clone(), node };
            return Ok((self.sources.refer(document, kind, &name)?, false));
        }
        let mut taken = Taken::of(document, node, kind)?;
        match taken.text(document, key)? {
            Some(name) => {
                taken.finish(&[], self.said);
                Ok((self.sources.refer(document, kind, &name)?, false))
            }
            None => Ok((self.inline(taken, kind)?, true)),
        }
    }

    fn tier(&mut self, referred: Referred, is_inline: bool) -> Result<Node> {
        let Referred { name, mut metadata, mut spec } = referred;
        let document = self.document;
        let place = spec.first_line(document);
        let missing = |what: &str| document.error(&place, format!("an AlertCondition has no `{what}`"), "in this one");
        let severity = spec.text(document, "severity")?.ok_or_else(|| missing("severity"))?;
        let mut condition = spec.map(document, "condition")?.ok_or_else(|| missing("condition"))?;
        Taken { path: "AlertCondition: spec".to_owned(), ..spec }.finish(&["description"], self.said);
        let kind = condition.text(document, "kind")?.filter(|kind| !kind.text.eq_ignore_ascii_case("burnrate"));
        if let Some(kind) = kind {
            let error = document.error(&kind.node.span, format!("slix knows no alerts on `{}`", kind.text), "kind");
            return Err(error.hint("the standard has `burnrate`"));
        }
        let threshold = condition.text(document, "threshold")?.ok_or_else(|| missing("condition.threshold"))?;
        let long = condition.text(document, "lookbackWindow")?.ok_or_else(|| missing("condition.lookbackWindow"))?;
        let is_some = |after: &Written| after.text.trim_end_matches(char::is_alphabetic) != "0";
        let after = condition.text(document, "alertAfter")?;
        if after.is_none() {
            self.said.find(&place, "there is no alertAfter: 0m is taken", "add `alertAfter: 0m`");
        }
        for length in [Some(&long), after.as_ref()].into_iter().flatten() {
            no_seconds(length, self.said);
        }
        let after = after.filter(is_some);
        let op = condition.text(document, "op")?.map(|op| self.operator(op)).transpose()?;
        condition.finish(&[], self.said);
        let mut tier: Vec<(String, Node)> = Vec::new();
        let mut put = |key: &str, node: Option<Node>| tier.extend(node.map(|node| (key.to_owned(), node)));
        put("name", name.map(text));
        put("severity", Some(self.severity(severity)));
        put("burn_rate", Some(text(threshold)));
        put("op", op);
        put("long", Some(text(long)));
        put("after", after.map(text));
        // What another object says of itself is told with that object.
        let mut elsewhere = Said::default();
        let annotations = annotations(document, &mut metadata, if is_inline { self.said } else { &mut elsewhere })?;
        if is_inline {
            self.leave_metadata(metadata);
        }
        for (key, node) in annotations {
            // A share of the budget stands for the burn rate that it gives.
            tier.retain(|(known, _)| *known != key && !(key == "budget" && known == "burn_rate"));
            tier.push((key, node));
        }
        Ok(mapping(place, tier))
    }

    /// The operator of a condition. Earlier texts of the standard have none, and some of its examples have the sides of it changed:
    /// `lte`, where the alert is for a burn that exceeds the threshold.
    fn operator(&mut self, written: Written) -> Result<Node> {
        let taken = match written.text.as_str() {
            "gt" | "lt" => "gt",
            "gte" | "lte" => "gte",
            other => {
                let error =
                    self.document.error(&written.node.span, format!("the standard knows no operator `{other}`"), "operator");
                return Err(error.hint("operators are: lte, lt, gte, gt"));
            }
        };
        if written.text != taken {
            let message = format!("an alert at `{}` would fire while nothing burns: {taken} is taken", written.text);
            self.said.find(&written.node.span, message, format!("write `op: {taken}`"));
        }
        Ok(Node { content: Content::Text(taken.to_owned()), span: written.node.span })
    }

    /// Whom an alert of this severity reaches: the standard allows any text.
    fn severity(&mut self, written: Written) -> Node {
        let word = written.text.to_lowercase();
        let taken = if PAGING.contains(&word.as_str()) { "page" } else { "ticket" };
        if !["page", "ticket"].contains(&word.as_str()) {
            let span = written.node.span.clone();
            self.said.unused.push((span, format!("AlertCondition: spec.severity `{}`, other than as a {taken}", written.text)));
        }
        Node { content: Content::Text(taken.to_owned()), span: written.node.span }
    }
}

/// `latency <= 300ms`, from `op: lte`, `value: 300` and the unit that the source declares.
fn comparison(document: Document<'_>, objective: &mut Taken, field: &Written, unit: Option<&Written>) -> Result<Node> {
    const OPERATORS: [(&str, &str); 4] = [("lte", "<="), ("lt", "<"), ("gte", ">="), ("gt", ">")];
    let place = objective.first_line(document);
    let missing = |what: &str| -> Error {
        let error = document.error(&place, format!("an objective of a thresholdMetric has no `{what}`"), "in this one");
        error.hint("add `op: lte` and `value: 300`")
    };
    let op = objective.text(document, "op")?.ok_or_else(|| missing("op"))?;
    let value = objective.text(document, "value")?.ok_or_else(|| missing("value"))?;
    let Some((_, operator)) = OPERATORS.iter().find(|(name, _)| *name == op.text) else {
        let error = document.error(&op.node.span, format!("the standard knows no operator `{}`", op.text), "operator");
        return Err(error.hint("operators are: lte, lt, gte, gt"));
    };
    let suffix = unit.map_or("", |unit| unit.text.as_str());
    let good = format!("{} {operator} {}{suffix}", field.text, value.text);
    if let Err(problem) = parse::expression(&good, None) {
        let place = unit.map_or(&value.node.span, |unit| &unit.node.span);
        let error = document.error(place, format!("`{good}` is no comparison: {}", problem.message), "here");
        return Err(error.hint(match unit {
            None => "the unit stands beside the field, in the spec of the metricSource: `unit: ms`, or `unit: KiB`",
            Some(_) => {
                "`spec.unit` is one of ns us ms s m h for durations, of B KB MB GB KiB MiB GiB for sizes, and absent for numbers"
            }
        }));
    }
    Ok(Node { content: Content::Text(good), span: value.node.span })
}

fn text(written: Written) -> Node {
    Node { content: Content::Text(written.text), span: written.node.span }
}

fn mapping(span: Range<usize>, entries: Vec<(String, Node)>) -> Node {
    let key = |text: String, node: &Node| Key { text, span: node.span.clone() };
    let entries = entries.into_iter().map(|(text, node)| (key(text, &node), node)).collect();
    Node { content: Content::Map(entries), span }
}
