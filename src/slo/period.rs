//! Windows, budgeting methods and exclusions as people write them, and what is meant by them.

use super::budgeting::{Budgeting, EmptySlices, RollUp, Score, SliceTarget, Slicing};
use super::definitions::Resolver;
use super::document::{Content, Document, Fields, Node, Written};
use super::exclusion::{self, Exclusion, Recurrence};
use super::nearest::suggestion;
use super::window::{Calendar, Window};
use crate::error::{Error, Result};
use crate::time::{Instant, Length, MICROS_PER_SECOND};

/// Most windows of one SLO: each is evaluated by itself.
pub const WINDOWS_MAX: usize = 16;

/// Most exclusions of one SLO: each is compared with every slice.
pub const EXCLUSIONS_MAX: usize = 1_000;

/// OpenSLO's names of the budgeting methods.
const METHODS: [&str; 3] = ["Occurrences", "Timeslices", "RatioTimeslices"];

/// A window as it is written.
#[derive(Debug)]
pub(crate) enum WindowSpec {
    /// `28d`
    Rolling(Written),
    /// `{calendar: 1M, start: 2026-01-01, zone: Europe/Berlin}`
    Calendar { length: Written, start: Option<Written>, zone: Option<Written> },
}

/// The keys of a budgeting method.
#[derive(Debug, Default)]
pub(crate) struct BudgetingSpec {
    pub method: Option<Written>,
    pub target: Option<Written>,
    pub width: Option<Written>,
    pub empty: Option<Written>,
    pub roll_up: Option<Written>,
}

/// One element of `exclude`.
#[derive(Clone, Debug)]
pub(crate) struct ExclusionSpec {
    span: std::ops::Range<usize>,
    start: Written,
    end: Option<Written>,
    duration: Option<Written>,
    zone: Option<Written>,
    rrule: Option<Written>,
    reason: Written,
    author: Written,
}

impl WindowSpec {
    /// Reads one window, or a list of them.
    pub fn read(document: Document<'_>, node: Node) -> Result<Vec<WindowSpec>> {
        document.list_of(node).into_iter().map(|node| WindowSpec::one(document, node)).collect()
    }

    fn one(document: Document<'_>, node: Node) -> Result<WindowSpec> {
        if !matches!(node.content, Content::Map(_)) {
            return document.text_of(node, "`window`").map(WindowSpec::Rolling);
        }
        const WHAT: &str = "a calendar window";
        let mut fields = Fields::of(document, node, WHAT, &["calendar", "start", "zone"])?;
        let length = document.text_of(fields.require("calendar", WHAT)?, "`calendar`")?;
        Ok(WindowSpec::Calendar { length, start: fields.text("start")?, zone: fields.text("zone")? })
    }
}

impl BudgetingSpec {
    /// Its keys.
    pub const KEYS: [&str; 5] = ["budgeting_method", "time_slice_target", "time_slice_window", "empty_slices", "roll_up"];

    /// Takes the keys of an SLO.
    pub fn read(fields: &mut Fields<'_>) -> Result<BudgetingSpec> {
        Ok(BudgetingSpec {
            method: fields.text("budgeting_method")?,
            target: fields.text("time_slice_target")?,
            width: fields.text("time_slice_window")?,
            empty: fields.text("empty_slices")?,
            roll_up: fields.text("roll_up")?,
        })
    }

    /// The first of the keys about slices that is there, with its name.
    fn of_slices(&self) -> Option<(&'static str, &Written)> {
        let given = [&self.target, &self.width, &self.empty, &self.roll_up];
        Self::KEYS[1..].iter().zip(given).find_map(|(key, written)| Some((*key, written.as_ref()?)))
    }
}

impl ExclusionSpec {
    /// Reads the list under `exclude`.
    pub fn read(document: Document<'_>, fields: &mut Fields<'_>) -> Result<Vec<ExclusionSpec>> {
        let Some(node) = fields.take("exclude") else { return Ok(Vec::new()) };
        document.list_of(node).into_iter().map(|node| ExclusionSpec::one(document, node)).collect()
    }

    fn one(document: Document<'_>, node: Node) -> Result<ExclusionSpec> {
        const WHAT: &str = "an exclusion";
        const KEYS: [&str; 7] = ["start", "end", "duration", "zone", "rrule", "reason", "author"];
        let mut fields = Fields::of(document, node, WHAT, &KEYS)?;
        let mut required = |key: &str| document.text_of(fields.require(key, WHAT)?, &format!("`{key}`"));
        let (start, reason, author) = (required("start")?, required("reason")?, required("author")?);
        Ok(ExclusionSpec {
            start,
            reason,
            author,
            end: fields.text("end")?,
            duration: fields.text("duration")?,
            zone: fields.text("zone")?,
            rrule: fields.text("rrule")?,
            span: fields.span,
        })
    }
}

impl Resolver<'_> {
    /// The windows of an SLO; the default one where none is written.
    pub(super) fn windows(&self, specs: &[WindowSpec], budgeting: &Budgeting) -> Result<Vec<Window>> {
        let mut windows: Vec<Window> = Vec::with_capacity(specs.len().max(1));
        for spec in specs {
            let (WindowSpec::Rolling(written) | WindowSpec::Calendar { length: written, .. }) = spec;
            let window = match spec {
                WindowSpec::Rolling(length) => self.window(Some(length))?,
                WindowSpec::Calendar { length, start, zone } => self.calendar(length, start.as_ref(), zone.as_ref())?,
            };
            self.check_slices_fit(written, &window, budgeting)?;
            if windows.iter().any(|earlier| earlier.text() == window.text()) {
                let message = format!("the window `{}` is there twice", window.text());
                return Err(self
                    .wrong(written, message, "window")
                    .hint("windows are told apart by their lengths: leave one of them out"));
            }
            if windows.len() == WINDOWS_MAX {
                return Err(self.wrong(written, format!("there are more than {WINDOWS_MAX} windows"), "window"));
            }
            windows.push(window);
        }
        if windows.is_empty() {
            windows.push(self.window(None)?);
        }
        Ok(windows)
    }

    fn calendar(&self, length: &Written, start: Option<&Written>, zone: Option<&Written>) -> Result<Window> {
        let parsed = self.length(length, "1M")?;
        let at = |start: &Written| exclusion::civil(&start.text).map_err(|why| self.wrong(start, why, "start"));
        let start = start.map(at).transpose()?;
        let place = zone.unwrap_or(length);
        let calendar = Calendar::new(parsed, start, zone.map(|zone| zone.text.as_str()));
        calendar.map(Window::Calendar).map_err(|why| self.wrong(place, why, "calendar window"))
    }

    fn check_slices_fit(&self, written: &Written, window: &Window, budgeting: &Budgeting) -> Result<()> {
        let (Window::Rolling(length), Budgeting::Slices(slicing)) = (window, budgeting) else { return Ok(()) };
        if length.seconds() % slicing.width.seconds() == 0 {
            return Ok(());
        }
        let message = format!("a window of {length} is no whole number of time slices of {}", slicing.width);
        Err(self.wrong(written, message, "window").hint("change the window, or `time_slice_window`"))
    }

    /// The budgeting method of an SLO.
    pub(super) fn budgeting(&self, spec: &BudgetingSpec) -> Result<Budgeting> {
        let method = spec.method.as_ref().map_or(METHODS[0], |method| method.text.as_str());
        let score = match method {
            "Occurrences" => return self.occurrences(spec),
            "Timeslices" => self.verdict(spec)?,
            "RatioTimeslices" => self.ratio(spec)?,
            other => {
                let Some(written) = &spec.method else { return Ok(Budgeting::Occurrences) };
                let error = self.wrong(written, format!("there is no budgeting method `{other}`"), "method");
                return Err(error.hint(suggestion(other, "methods are", &METHODS)));
            }
        };
        let width = self.needed(spec, spec.width.as_ref(), "time_slice_window", "1m")?;
        let empty = self.choice(spec.empty.as_ref(), "empty_slices", &EmptySlices::NAMES)?;
        Ok(Budgeting::Slices(Slicing { width: self.slice_width(width)?, empty, score }))
    }

    fn occurrences(&self, spec: &BudgetingSpec) -> Result<Budgeting> {
        let Some((key, written)) = spec.of_slices() else { return Ok(Budgeting::Occurrences) };
        let error = self.wrong(written, format!("`{key}` is for budgets that count slices of time"), "not for Occurrences");
        Err(error.hint("add `budgeting_method: Timeslices` or `RatioTimeslices`, or leave it out"))
    }

    fn verdict(&self, spec: &BudgetingSpec) -> Result<Score> {
        let target = self.needed(spec, spec.target.as_ref(), "time_slice_target", "95%")?;
        let target = SliceTarget::parse(&target.text).map_err(|why| self.wrong(target, why, "target of a slice"))?;
        Ok(Score::Verdict { target, roll_up: self.choice(spec.roll_up.as_ref(), "roll_up", &RollUp::NAMES)? })
    }

    fn ratio(&self, spec: &BudgetingSpec) -> Result<Score> {
        let given = [("time_slice_target", &spec.target), ("roll_up", &spec.roll_up)];
        match given.into_iter().find_map(|(key, written)| Some((key, written.as_ref()?))) {
            None => Ok(Score::Ratio),
            Some((key, written)) => {
                let error = self.wrong(written, format!("`{key}` is for Timeslices only"), "not for RatioTimeslices");
                Err(error.hint("a slice counts with its ratio, so no slice is good or bad: leave it out"))
            }
        }
    }

    fn needed<'w>(&self, spec: &BudgetingSpec, written: Option<&'w Written>, key: &str, example: &str) -> Result<&'w Written> {
        written.ok_or_else(|| {
            let (name, place) = spec.method.as_ref().map_or(("", 0..0), |m| (m.text.as_str(), m.node.span.clone()));
            let error = self.document.error(&place, format!("{name} needs `{key}`"), "method");
            error.hint(format!("add `{key}: {example}` to the SLO"))
        })
    }

    fn slice_width(&self, written: &Written) -> Result<Length> {
        let width = self.length(written, "1m")?;
        let slice = self.slice.as_ref().map_or(super::definitions::SLICE_SECONDS_DEFAULT, Length::seconds);
        if width.seconds() % slice == 0 {
            return Ok(width);
        }
        let message = format!("a time slice of {width} is no whole number of slices of {slice}s");
        Err(self.wrong(written, message, "time slice").hint("change it, or the width under `slice:`"))
    }

    fn choice<T: Copy + Default>(&self, written: Option<&Written>, key: &str, names: &[(&str, T)]) -> Result<T> {
        let Some(written) = written else { return Ok(T::default()) };
        let words: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let found = names.iter().find(|(name, _)| *name == written.text).map(|(_, choice)| *choice);
        found.ok_or_else(|| {
            let error = self.wrong(written, format!("`{}` is no choice for `{key}`", written.text), "choice");
            error.hint(suggestion(&written.text, "choices are", &words))
        })
    }

    /// What is excluded.
    pub(super) fn exclusions(&self, specs: Vec<ExclusionSpec>) -> Result<Vec<Exclusion>> {
        super::definitions::limit("exclusions", specs.len(), EXCLUSIONS_MAX)?;
        specs.iter().map(|spec| self.exclusion(spec)).collect()
    }

    fn exclusion(&self, spec: &ExclusionSpec) -> Result<Exclusion> {
        let zone = spec.zone.as_ref().map_or(Calendar::ZONE_DEFAULT, |zone| zone.text.as_str());
        let instant = |written: &Written| exclusion::instant(&written.text, zone).map_err(|why| self.wrong(written, why, "time"));
        let start = instant(&spec.start)?;
        let end = match (&spec.end, &spec.duration) {
            (Some(end), None) => instant(end)?,
            (None, Some(duration)) => self.after(start, duration)?,
            _ => {
                let error = self.document.error(&spec.span, "an exclusion has either an `end` or a `duration`", "this one");
                return Err(error.hint("write {start: 2026-11-01T02:00, duration: 2h, reason: upkeep, author: ana}"));
            }
        };
        if end <= start {
            let written = spec.end.as_ref().unwrap_or(&spec.start);
            return Err(self.wrong(written, "an exclusion ends after it starts", "end"));
        }
        let wrong = |rule: &Written, why| self.wrong(rule, why, "rule").hint("a rule is written like FREQ=WEEKLY;BYDAY=SU");
        let recurrence = |rule: &Written| Recurrence::new(&rule.text, start, zone).map_err(|why: String| wrong(rule, why));
        let recurrence = spec.rrule.as_ref().map(recurrence).transpose()?;
        if let (Some(rule), Some(first)) = (&spec.rrule, recurrence.as_ref().and_then(Recurrence::first))
            && first != start
        {
            let message = format!("the rule does not hold at its start: the first stretch is excluded at {first}");
            self.doubt(&rule.node.span, message, "begin it at the first occurrence, by the clock of its zone");
        }
        let text = |written: &Written| self.name(written.clone());
        Ok(Exclusion { start, end, recurrence, reason: text(&spec.reason)?, author: text(&spec.author)? })
    }

    fn after(&self, start: Instant, duration: &Written) -> Result<Instant> {
        let micros = self.length(duration, "2h")?.seconds() * MICROS_PER_SECOND;
        start.checked_add_micros(micros).ok_or_else(|| self.wrong(duration, "this ends beyond the range of times", "duration"))
    }

    fn wrong(&self, written: &Written, message: impl Into<String>, label: &str) -> Error {
        self.document.error(&written.node.span, message, label)
    }
}
