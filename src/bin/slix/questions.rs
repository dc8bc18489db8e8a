//! What is asked: the SLOs of a definition file, of options, or the default ones.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use slix::aggregate::attribution::{self, Attribution};
use slix::aggregate::{IndicatorKey, Partial};
use slix::error::{Error, ErrorKind, Result};
use slix::evaluate::Asked;
use slix::format::Clock;
use slix::format::extract::Extractor;
use slix::record::{Field, Need};
use slix::slices::Wanted;
use slix::slo::budgeting::Score;
use slix::slo::definitions::{DefinitionFile, Definitions};
use slix::slo::flags::Flags;
use slix::slo::route::Routes;
use slix::slo::weight::weights_of;
use slix::slo::what_if::{self, Rebound};
use slix::slo::{self, Budgeting, Dimension, Exclusion, Indicator, Slo};
use slix::time::{Length, Slices};

use super::args::AskingArgs;
use super::words::Words;

/// Most files of a folder of definitions: more are hardly all definitions.
const FILES_MAX: usize = 10_000;
/// Width of a slice where nobody says another, in seconds.
const SLICE_SECONDS_DEFAULT: i64 = 60;

/// Where the SLOs come from, before it is known which fields the logs have.
pub enum Declared<'a> {
    /// A definition file.
    File(Box<Definitions>),
    /// Options, or nothing at all.
    Options(&'a AskingArgs),
}

impl<'a> Declared<'a> {
    /// Reads the definition file, if there is one.
    pub fn new(args: &'a AskingArgs, words: &Words) -> Result<Declared<'a>> {
        match &args.config {
            Some(path) => Ok(Declared::File(Box::new(read_definitions(path, args.strict, words)?))),
            None => Ok(Declared::Options(args)),
        }
    }

    /// The definition file's contents.
    pub fn definitions(&self) -> Option<&Definitions> {
        match self {
            Declared::File(definitions) => Some(definitions),
            Declared::Options(_) => None,
        }
    }

    /// Whether it is slix that asks for a latency, where there is one.
    pub fn latency_is_optional(&self) -> bool {
        matches!(self, Declared::Options(args) if args.availability.is_none() && args.latency.is_none())
    }

    /// The questions; `has_latency` is whether the logs tell one.
    pub fn questions(&self, has_latency: bool, what_if: Option<&str>) -> Result<Questions> {
        let latency_is_optional = self.latency_is_optional();
        let of_options;
        let definitions = match self {
            Declared::File(definitions) => definitions,
            Declared::Options(args) => {
                of_options = options(args, has_latency)?;
                &of_options
            }
        };
        let mut slos = definitions.slos.clone();
        let rebounds = what_if.map_or(Ok(Vec::new()), |text| what_if::apply(&mut slos, text))?;
        let slos = slos.into_iter().map(|slo| Question { canonical: slo.indicator.canonical(), slo }).collect();
        let (attribute, routes, slice) = (definitions.attribute.clone(), definitions.routes.clone(), definitions.slice.clone());
        Ok(Questions { slos, slice, attribute, routes, rebounds, latency_is_optional })
    }
}

/// The definitions of a file or folder. What OpenSLO forbids is said, or for the strict an error.
pub fn read_definitions(path: &Path, strict: bool, words: &Words) -> Result<Definitions> {
    let mut definitions = Definitions::read(&definition_files(path)?, &|file| named_file(path, file))?;
    if strict && let Some(last) = definitions.doubts.pop() {
        definitions.doubts.iter().for_each(|doubt| words.error(doubt));
        return Err(last);
    }
    for doubt in &definitions.doubts {
        let hint = doubt.hint_text().map_or(String::new(), |hint| format!("; {hint}"));
        words.doubt(format!("{doubt}{hint}"));
    }
    Ok(definitions)
}

/// The definition file, or those of a folder and the folders in it, by name.
pub fn definition_files(path: &Path) -> Result<Vec<DefinitionFile>> {
    if !path.is_dir() {
        return Ok(vec![definition_file(path)?]);
    }
    let mut files = Vec::new();
    add_files_of(path, &mut files)?;
    if files.len() > FILES_MAX {
        let message = format!("{}: {} files of definitions are more than {FILES_MAX}", path.display(), files.len());
        return Err(Error::new(ErrorKind::Limit, message).hint("name a folder with fewer files"));
    }
    files.sort();
    if files.is_empty() {
        let message = format!("{}: there is no definition file in this folder", path.display());
        return Err(
            Error::new(ErrorKind::Definition, message).hint("definitions are OpenSLO objects in .yaml, .yml or .json files")
        );
    }
    files.iter().map(|file| definition_file(file)).collect()
}

/// Adds the files of a folder. What is hidden is left out, and links to folders are not followed: they may lead back here, and a
/// mounted folder often has its files twice, behind a hidden link.
fn add_files_of(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let wrong = |cause| {
        let message = format!("{}: the folder of definitions cannot be read", folder.display());
        Error::new(ErrorKind::Definition, message).because(cause)
    };
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>).map_err(wrong)?;
    for entry in entries.iter().filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b".")) {
        let path = entry.path();
        if entry.file_type().map_err(wrong)?.is_dir() {
            add_files_of(&path, files)?;
        } else if is_definition(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_definition(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    path.is_file() && extension.is_some_and(|extension| ["yaml", "yml", "json"].contains(&extension))
}

/// A file that the definitions name, which lies beside them.
pub fn named_file(definitions: &Path, file: &str) -> Result<String> {
    let folder = if definitions.is_dir() { definitions } else { definitions.parent().unwrap_or(Path::new("")) };
    let place = folder.join(file);
    std::fs::read_to_string(&place).map_err(|cause| {
        let message = format!("{}: routes_from: {} cannot be read", definitions.display(), place.display());
        Error::new(ErrorKind::Definition, message).because(cause)
    })
}

fn definition_file(path: &Path) -> Result<DefinitionFile> {
    let name = path.display().to_string();
    let wrong = |what: &str| Error::new(ErrorKind::Definition, format!("{name}: the definition file {what}"));
    let unread =
        |cause| wrong("cannot be read").because(cause).hint("check the name; `slix init LOG -o FILE` writes one for a log");
    let bytes = std::fs::read(path).map_err(unread)?;
    let text = String::from_utf8(bytes);
    let text = text
        .map_err(|cause| wrong("is not text in UTF-8").because(cause).hint("definitions are YAML; logs are given as inputs"))?;
    Ok(DefinitionFile { name, text })
}

fn options(args: &AskingArgs, has_latency: bool) -> Result<Definitions> {
    let group_by: Vec<&str> = args.group_by.iter().map(String::as_str).collect();
    let routes: Vec<&str> = args.route.iter().map(String::as_str).collect();
    let flags = Flags {
        availability: args.availability.as_deref(),
        latency: args.latency.as_deref(),
        window: args.window.as_deref(),
        group_by: &group_by,
        routes: &routes,
    };
    Definitions::from_flags(&flags, has_latency)
}

/// One SLO, and the text that its counts are kept under.
pub struct Question {
    /// The SLO.
    pub slo: Slo,
    /// Its indicator in canonical form.
    pub canonical: String,
}

/// Everything that is asked.
pub struct Questions {
    slos: Vec<Question>,
    slice: Option<Length>,
    attribute: Vec<Dimension>,
    routes: Arc<Routes>,
    rebounds: Vec<Rebound>,
    latency_is_optional: bool,
}

impl Questions {
    /// The same questions of counts that are kept by another clock than that of the lines.
    pub fn counted_by(mut self, clock: Option<Clock>) -> Questions {
        if let Some(clock) = clock {
            let words = format!("\nclock: {}", clock.words());
            let by_clock = |canonical: &mut String| *canonical = canonical.replace("\nclock: logged", &words);
            self.slos.iter_mut().for_each(|slo| by_clock(&mut slo.canonical));
            self.rebounds.iter_mut().flat_map(|asked| [&mut asked.before, &mut asked.after]).for_each(by_clock);
        }
        self
    }

    /// The SLOs, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Question> {
        self.slos.iter()
    }

    /// Indicators whose bound of the latency is another than the definition's.
    pub fn rebounds(&self) -> &[Rebound] {
        &self.rebounds
    }

    /// The SLOs, for evaluation.
    pub fn asked(&self) -> Vec<Asked<'_>> {
        self.slos.iter().map(|question| Asked { slo: &question.slo, canonical: &question.canonical }).collect()
    }

    /// The width of slices that somebody asked for, if anybody did.
    pub fn slices_declared(&self, option: Option<&str>) -> Result<Option<Slices>> {
        let Some(text) = option else {
            return Ok(self.slice.as_ref().and_then(|length| Slices::of_seconds(length.seconds())));
        };
        let length = Length::parse(text).map_err(|why| Error::new(ErrorKind::Usage, format!("--slice: {why}")))?;
        let slices = Slices::of_seconds(length.seconds());
        let too_wide = || Error::new(ErrorKind::Usage, format!("--slice: {length} is too wide: a slice is at most 1d"));
        slices.map(Some).ok_or_else(too_wide)
    }

    /// The slices that logs are counted in where nobody says others.
    pub fn slices_default() -> Result<Slices> {
        Slices::of_seconds(SLICE_SECONDS_DEFAULT).ok_or_else(|| Error::new(ErrorKind::Usage, "--slice is needed"))
    }

    /// What is asked of a service. A latency that only slix asked for is left out where the format has none.
    pub fn of_service<'a>(&'a self, service: &'a str, has_latency: bool) -> impl Iterator<Item = &'a Question> {
        let is_meant = move |q: &&Question| q.slo.service.as_deref().is_none_or(|own| own == service);
        let is_possible = move |q: &&Question| has_latency || !self.latency_is_optional || !needs_latency(&q.slo.indicator);
        self.slos.iter().filter(is_meant).filter(is_possible)
    }

    /// The indicators that answer what is asked of a service, each once, with the dimensions of all SLOs that use it.
    pub fn indicators(&self, service: &str, has_latency: bool) -> Vec<(IndicatorKey, Arc<Indicator>)> {
        let mut found: Vec<(IndicatorKey, Arc<Indicator>)> = Vec::new();
        for Question { slo, canonical } in self.of_service(service, has_latency) {
            match found.iter_mut().find(|(key, _)| key.canonical == *canonical) {
                Some((_, indicator)) => add_dimensions(indicator, &slo.indicator.group_by),
                None => {
                    let key = IndicatorKey { service: service.to_owned(), canonical: canonical.clone() };
                    found.push((key, slo.indicator.counted()));
                }
            }
        }
        found
    }

    /// What is wanted of the slices of a file.
    pub fn wanted(&self, partial: &Partial) -> Vec<Wanted> {
        let services = partial.activity.keys();
        let indicators: Vec<_> = services.flat_map(|service| self.indicators(service, true)).collect();
        // Attribution is taken where it is held; nobody has to ask for it.
        let attributed = partial.indicators.values().zip(partial.indicators.keys()).flat_map(|(counts, held)| {
            let own = indicators.iter().filter(|(key, _)| key.service == held.service);
            own.filter_map(|(key, _)| {
                let plain = slo::without_routes(&held.canonical);
                let dimension = attribution::dimension_of(&held.canonical, &key.canonical)
                    .or_else(|| attribution::dimension_of(plain.as_deref()?, &key.canonical))?;
                Some(Wanted { key: attribution::key(key, dimension), dimensions: counts.dimensions.clone() })
            })
        });
        let own = |(key, indicator): &(IndicatorKey, Arc<Indicator>)| {
            let dimensions = indicator.dimensions();
            let weights = indicator.weight.as_ref().map(|_| Wanted {
                key: IndicatorKey { service: key.service.clone(), canonical: weights_of(&key.canonical) },
                dimensions: dimensions.clone(),
            });
            [Some(Wanted { key: key.clone(), dimensions }), weights].into_iter().flatten()
        };
        indicators.iter().flat_map(own).chain(attributed).collect()
    }

    /// What reads the dimensions that bad events are attributed to; none if nobody asked.
    pub fn attribution(&self, bind: impl FnOnce(&[Need]) -> Result<Extractor>) -> Result<Option<Attribution>> {
        if self.attribute.is_empty() {
            return Ok(None);
        }
        Attribution::new(&self.attribute, &self.routes, bind).map(Some).map_err(|error| {
            let named = Error::new(error.kind(), format!("`attribute` cannot be answered: {}", error.message()));
            named.hint(error.hint_text().unwrap_or("leave the dimension out of `attribute`").to_owned())
        })
    }

    /// The SLOs as they are understood, for the metadata of files.
    pub fn to_json(&self) -> serde_json::Value {
        self.slos.iter().map(|question| slo_to_json(&question.slo)).collect()
    }
}

/// Whether the default latency is held for every service that has events, so that it can be asked for.
pub fn holds_default_latency(partial: &Partial) -> Result<bool> {
    let definitions = Definitions::default_slos(true)?;
    let canonical: Vec<String> = definitions.slos.iter().map(|slo| slo.indicator.canonical()).collect();
    let is_held = |service: &String| {
        canonical.iter().all(|canonical| {
            let key = IndicatorKey { service: service.clone(), canonical: canonical.clone() };
            partial.indicators.contains_key(&key)
        })
    };
    Ok(partial.activity.keys().all(is_held))
}

fn needs_latency(indicator: &Indicator) -> bool {
    indicator.conditions().iter().any(|condition| condition.field() == Some(&Field::Latency))
}

fn add_dimensions(indicator: &mut Arc<Indicator>, more: &[Dimension]) {
    let new: Vec<Dimension> = more.iter().filter(|d| !indicator.group_by.contains(d)).cloned().collect();
    if !new.is_empty() {
        let mut wider = Indicator::clone(indicator);
        wider.group_by.extend(new);
        *indicator = Arc::new(wider);
    }
}

fn slo_to_json(slo: &Slo) -> serde_json::Value {
    let slicing = match &slo.budgeting {
        Budgeting::Occurrences => None,
        Budgeting::Slices(slicing) => Some(slicing),
    };
    let (target, roll_up) = match slicing.map(|slicing| slicing.score) {
        Some(Score::Verdict { target, roll_up }) => (Some(target.to_string()), Some(roll_up.name())),
        _ => (None, None),
    };
    serde_json::json!({
        "service": slo.service,
        "name": slo.name,
        "objective": slo.objective,
        "target": slo.target.to_string(),
        "windows": slo.windows.iter().map(|window| window.text()).collect::<Vec<_>>(),
        "budgeting_method": slo.budgeting.name(),
        "time_slice_window": slicing.map(|slicing| slicing.width.text()),
        "time_slice_target": target,
        "empty_slices": slicing.map(|slicing| slicing.empty.name()),
        "roll_up": roll_up,
        "exclude": slo.exclude.iter().map(exclusion_to_json).collect::<Vec<_>>(),
        "valid": slo.indicator.valid.as_ref().map(ToString::to_string),
        "good": slo.indicator.good.to_string(),
        "weight": slo.indicator.weight.as_ref().map(|weight| weight.name()),
        "group_by": slo.indicator.dimensions(),
        "routes": slo.indicator.routes.iter().map(|route| route.name.clone()).collect::<Vec<_>>(),
    })
}

fn exclusion_to_json(exclusion: &Exclusion) -> serde_json::Value {
    let recurrence = exclusion.recurrence.as_ref();
    serde_json::json!({
        "start": exclusion.start.to_string(),
        "end": exclusion.end.to_string(),
        "rrule": recurrence.map(|recurrence| &recurrence.rule),
        "zone": recurrence.map(|recurrence| &recurrence.zone),
        "reason": exclusion.reason,
        "author": exclusion.author,
    })
}
