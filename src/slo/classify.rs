//! The classifier: from a record to a small class number, at a cost that does not follow the number of indicators.
//!
//! Compiled once: the conditions of all indicators become distinct *atoms*, and the atoms are sorted by the field they look
//! at. Each field (a *source*) then maps a value to a small *id* that stands for the truth of all its atoms:
//!
//! ```text
//! per line:   for each source:  id = look up the value       status: a table; a number: cut points; the path: one automaton
//!             class = look up (id, id, …)                    a table of a few entries, or a cache of the last combinations
//! per class:  the verdict of every indicator, its groups     computed once, when the combination is first seen
//! ```
//!
//! So a line costs the same with one objective or a hundred. A class is a combination of ids, and it belongs to one worker: its
//! number means nothing elsewhere. When a worker has seen [`CLASSES_MAX`] of them, or too many distinct texts, it folds what
//! it has counted and forgets them; nothing is lost.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::expr::{Condition, Operand, evaluate};
use super::prefixes::RoutePrefixes;
use super::route::Routes;
use super::text_test::TextTest;
use super::{Dimension, Indicator};
use crate::batch::{ABSENT, BATCH_LINES, Batch, Column, Values};
use crate::block::Block;
use crate::error::Result;
use crate::record::{Field, Kind, Need, Record, Slot, Value};

/// Classes that one worker keeps apart before it folds: it bounds the table of counts under a hostile log.
pub const CLASSES_MAX: usize = 1 << 14;
/// Distinct texts of one field that are told apart before a worker folds, and their bytes.
const TEXTS_MAX: usize = 1 << 15;
const TEXT_BYTES_MAX: usize = 8 << 20;
/// Texts that are only tested, not kept, are remembered up to this length; longer ones are tested each time.
const TESTED_TEXT_BYTES_MAX: usize = 256;
/// Keys of up to so many bits are looked up in a table.
const TABLE_BITS_MAX: u32 = 12;
/// Combinations in the cache before the map of all classes.
const CACHE_ENTRIES: usize = 1 << 10;
const STATUS_CODES: usize = 1_000;
/// Ids of status codes: a code beyond them has the last one, which is 0.
const STATUS_IDS: usize = 1 << 10;
/// Bits of the number of a combined key, when the ids of all sources do not fit into one.
const PREFIX_BITS: u32 = 32;

type Map<K, V> = HashMap<K, V, RandomState>;

/// What an indicator says of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Valid and good.
    Good,
    /// Valid and bad.
    Bad,
    /// Not valid.
    Excluded,
    /// A field that decides is absent or unreadable.
    Unknown,
}

impl Indicator {
    /// The verdict, given the value of each condition: valid false is excluded, valid unknown is unknown, else good decides.
    pub fn verdict(&self, value_of: &mut dyn FnMut(&Condition) -> Option<bool>) -> Verdict {
        match self.valid.as_ref().map_or(Some(true), |valid| evaluate(valid, value_of)) {
            Some(false) => Verdict::Excluded,
            None => Verdict::Unknown,
            Some(true) => match evaluate(&self.good, value_of) {
                Some(true) => Verdict::Good,
                Some(false) => Verdict::Bad,
                None => Verdict::Unknown,
            },
        }
    }
}

impl Indicator {
    /// Whether the definition itself bounds the number of groups: declared routes, statuses.
    pub fn is_bounded(&self) -> bool {
        self.group_by.iter().all(|dimension| match dimension {
            Dimension::Route => !self.routes.is_auto(),
            dimension => matches!(dimension, Dimension::StatusClass | Dimension::Field(Field::Status)),
        })
    }
}

impl Indicator {
    /// The thresholds in ns that it compares the latency with; none when it does not ask for it.
    pub fn latency_thresholds(&self) -> Option<Vec<i64>> {
        let asks = |condition: &&Condition| is_about_latency(condition) && matches!(condition, Condition::Within { .. });
        let conditions: Vec<&Condition> = self.good.conditions().into_iter().filter(asks).collect();
        let ranges = conditions.iter().filter_map(|c| if let Condition::Within { ranges, .. } = c { Some(ranges) } else { None });
        // A latency meets `<= to` or `> from − 1`: both are edges. The ends of the number line are none.
        let edges = ranges.flatten().flat_map(|&(from, to)| [from.checked_sub(1), Some(to).filter(|&to| to < i64::MAX)]);
        (!conditions.is_empty()).then(|| edges.flatten().collect())
    }
}

fn is_about_latency(condition: &Condition) -> bool {
    condition.field() == Some(&Field::Latency)
}

/// The values of one set of dimensions.
pub type GroupValues = Box<[Option<Box<[u8]>>]>;

/// Indicators compiled for one kind of record; shared by all workers.
pub struct Classifier {
    indicators: Vec<Arc<Indicator>>,
    /// Distinct sets of dimensions, and which of them each indicator groups by.
    groupings: Vec<Vec<Dimension>>,
    grouping_of: Vec<usize>,
    needs: Vec<Need>,
    sources: Vec<Source>,
    /// The source and the place in it of each atom.
    atoms: Map<Condition, (usize, usize)>,
}

/// A field, its atoms, and how its values become ids. Id 0 is an absent value.
struct Source {
    slot: usize,
    shift: u32,
    /// Combine what the key holds so far into a number before this id is added.
    starts_key: bool,
    atoms: Vec<Condition>,
    kind: SourceKind,
}

enum SourceKind {
    /// Codes with equal atoms (and dimensions) share an id; `codes` holds one code of each.
    Status { ids: Box<[u16; STATUS_IDS]>, codes: Vec<u16> },
    /// The id is one more than the number of cuts that are not above the value.
    Number { cuts: Vec<i64> },
    /// The id is one more than the number of the route.
    Route { routes: Arc<Routes>, tests: Vec<TextTest> },
    /// Where routes are made of paths: ids are given as routes come, by each worker.
    AutoRoute { routes: Arc<Routes>, tests: Vec<TextTest> },
    /// Ids are given as texts come, by each worker; one per text if `keeps`, else one per combination of tests.
    Text { tests: Vec<TextTest>, keeps: bool },
}

/// What a source looks at: fields with equal needs are one source.
#[derive(Clone)]
enum Subject {
    Field(Need),
    /// A definition has one set of routes, so conditions on the route need not say which.
    Route(Arc<Routes>),
}

impl PartialEq for Subject {
    fn eq(&self, other: &Subject) -> bool {
        match (self, other) {
            (Subject::Field(a), Subject::Field(b)) => a == b,
            (Subject::Route(_), Subject::Route(_)) => true,
            _ => false,
        }
    }
}

impl Classifier {
    /// Compiles indicators. Their order is that of [`Classifier::indicators`].
    ///
    /// # Errors
    /// A regular expression that is none.
    pub fn compile(indicators: Vec<Arc<Indicator>>) -> Result<Classifier> {
        let mut plan = Plan::default();
        for indicator in &indicators {
            let expressions = indicator.valid.iter().chain([&indicator.good]);
            for condition in expressions.flat_map(|expr| expr.conditions()) {
                plan.add_atom(condition, &indicator.routes);
            }
            for dimension in &indicator.group_by {
                plan.add_dimension(dimension, &indicator.routes);
            }
        }
        let mut groupings: Vec<Vec<Dimension>> = Vec::new();
        let grouping_of = indicators.iter().map(|i| place_of(&mut groupings, i.group_by.clone())).collect();
        let (needs, sources) = plan.sources()?;
        Ok(Classifier { groupings, grouping_of, needs, sources, atoms: plan.atoms, indicators })
    }

    /// The indicators in the order given.
    pub fn indicators(&self) -> &[Arc<Indicator>] {
        &self.indicators
    }

    /// The fields that a record must hold, by slot.
    pub fn needs(&self) -> &[Need] {
        &self.needs
    }

    /// The slot of the latency; none when no indicator looks at it.
    pub fn latency_slot(&self) -> Option<usize> {
        self.needs.iter().position(|need| need.field == Field::Latency && need.kind == Kind::Duration)
    }

    /// An empty set of classes for one worker.
    pub fn classes(&self) -> Classes<'_> {
        Classes::new(self)
    }

    /// Why an indicator gave its verdict on a record: each of its conditions with its value.
    pub fn conditions_of(&self, indicator: usize, record: &Record) -> Vec<(Condition, Option<bool>)> {
        let mut classes = self.classes();
        let ids = classes.ids_of(record);
        let indicator = &self.indicators[indicator];
        let all = indicator.valid.iter().chain([&indicator.good]).flat_map(|expr| expr.conditions());
        all.map(|condition| (condition.clone(), classes.value(condition, &ids))).collect()
    }
}

/// The index of `item` in `list`, to which it is added if it is not there.
fn place_of<T: PartialEq>(list: &mut Vec<T>, item: T) -> usize {
    list.iter().position(|x| *x == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

/// Sources on their way to being compiled.
#[derive(Default)]
struct Plan {
    subjects: Vec<PlannedSource>,
    atoms: Map<Condition, (usize, usize)>,
}

struct PlannedSource {
    subject: Subject,
    atoms: Vec<Condition>,
    dimensions: Vec<Dimension>,
}

impl Plan {
    fn source(&mut self, subject: Subject) -> usize {
        self.subjects.iter().position(|s| s.subject == subject).unwrap_or_else(|| {
            self.subjects.push(PlannedSource { subject, atoms: Vec::new(), dimensions: Vec::new() });
            self.subjects.len() - 1
        })
    }

    fn add_atom(&mut self, condition: &Condition, routes: &Arc<Routes>) {
        let subject = match condition {
            Condition::Within { field, kind, .. } => Subject::Field(Need { field: field.clone(), kind: *kind }),
            Condition::Exists(Operand::Field(field)) => {
                Subject::Field(Need { field: field.clone(), kind: field.kind().unwrap_or(Kind::Text) })
            }
            Condition::Equals { operand, .. }
            | Condition::StartsWith { operand, .. }
            | Condition::Contains { operand, .. }
            | Condition::Matches { operand, .. }
            | Condition::Exists(operand) => match operand {
                Operand::Route => Subject::Route(routes.clone()),
                Operand::Field(field) => Subject::Field(Need { field: field.clone(), kind: Kind::Text }),
            },
        };
        let source = self.source(subject);
        if !self.atoms.contains_key(condition) {
            self.subjects[source].atoms.push(condition.clone());
            self.atoms.insert(condition.clone(), (source, self.subjects[source].atoms.len() - 1));
        }
    }

    fn add_dimension(&mut self, dimension: &Dimension, routes: &Arc<Routes>) {
        let source = self.source(subject_of(dimension, routes));
        place_of(&mut self.subjects[source].dimensions, dimension.clone());
    }

    /// The needs by slot, and the sources with their places in the key.
    fn sources(&self) -> Result<(Vec<Need>, Vec<Source>)> {
        let (mut needs, mut sources, mut bits_used) = (Vec::new(), Vec::new(), 0);
        for planned in &self.subjects {
            let need = match &planned.subject {
                Subject::Field(need) => need.clone(),
                Subject::Route(_) => Need { field: Field::Path, kind: Kind::Text },
            };
            let slot = place_of(&mut needs, need);
            let kind = planned.kind()?;
            let bits = kind.bits();
            let starts_key = bits_used + bits > u64::BITS;
            if starts_key {
                bits_used = PREFIX_BITS;
            }
            sources.push(Source { slot, shift: bits_used, starts_key, atoms: planned.atoms.clone(), kind });
            bits_used += bits;
        }
        Ok((needs, sources))
    }
}

fn subject_of(dimension: &Dimension, routes: &Arc<Routes>) -> Subject {
    let need = |field: Field, kind| Subject::Field(Need { field, kind });
    match dimension {
        Dimension::Route => Subject::Route(routes.clone()),
        Dimension::StatusClass | Dimension::Field(Field::Status) => need(Field::Status, Kind::Status),
        Dimension::Field(field) => need(field.clone(), Kind::Text),
    }
}

impl PlannedSource {
    fn kind(&self) -> Result<SourceKind> {
        let tests = || self.atoms.iter().map(TextTest::new).collect::<Result<Vec<_>>>();
        Ok(match &self.subject {
            Subject::Route(routes) if routes.is_auto() => SourceKind::AutoRoute { routes: routes.clone(), tests: tests()? },
            Subject::Route(routes) => SourceKind::Route { routes: routes.clone(), tests: tests()? },
            Subject::Field(Need { kind: Kind::Status, .. }) => self.status_kind(),
            Subject::Field(Need { kind: Kind::Text, .. }) => {
                SourceKind::Text { tests: tests()?, keeps: !self.dimensions.is_empty() }
            }
            Subject::Field(_) => SourceKind::Number { cuts: self.cuts() },
        })
    }

    /// Where the truth of some atom changes: at the beginning of each range, and just behind its end.
    fn cuts(&self) -> Vec<i64> {
        let ranges =
            self.atoms.iter().filter_map(|atom| if let Condition::Within { ranges, .. } = atom { Some(ranges) } else { None });
        let edges = ranges.flatten().flat_map(|&(from, to)| [Some(from), to.checked_add(1)]);
        let mut cuts: Vec<i64> = edges.flatten().filter(|&cut| cut != i64::MIN).collect();
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }

    fn status_kind(&self) -> SourceKind {
        let by_code = self.dimensions.contains(&Dimension::Field(Field::Status));
        let by_class = self.dimensions.contains(&Dimension::StatusClass);
        let mut kinds: Vec<(Vec<Option<bool>>, u16, u16)> = Vec::new();
        let (mut ids, mut codes) = (Box::new([0; STATUS_IDS]), vec![0]);
        for code in 1..STATUS_CODES as u16 {
            let truth = self.atoms.iter().map(|atom| number_truth(atom, Some(i64::from(code)))).collect();
            let kind = (truth, if by_code { code } else { 0 }, if by_class { code / 100 } else { 0 });
            let place = place_of(&mut kinds, kind);
            if place + 1 == codes.len() {
                codes.push(code);
            }
            ids[usize::from(code)] = place as u16 + 1;
        }
        SourceKind::Status { ids, codes }
    }
}

/// The value of a condition on a number.
fn number_truth(condition: &Condition, value: Option<i64>) -> Option<bool> {
    match condition {
        Condition::Exists(_) => Some(value.is_some()),
        Condition::Within { ranges, .. } => value.map(|v| ranges.iter().any(|&(from, to)| (from..=to).contains(&v))),
        _ => None,
    }
}

impl SourceKind {
    /// Bits that hold every id.
    fn bits(&self) -> u32 {
        let ids = match self {
            SourceKind::Status { codes, .. } => codes.len(),
            SourceKind::Number { cuts } => cuts.len() + 2,
            SourceKind::Route { routes, .. } => routes.len() + 2,
            SourceKind::Text { .. } | SourceKind::AutoRoute { .. } => TEXTS_MAX + 2,
        };
        usize::BITS - (ids - 1).leading_zeros()
    }
}

/// The classes that one worker has seen.
pub struct Classes<'a> {
    classifier: &'a Classifier,
    texts: Vec<Texts>,
    lookup: Lookup,
    prefixes: Map<(usize, u64), u32>,
    classes: Vec<Class>,
    groups: Vec<Groups>,
}

/// From a key to a class.
struct Lookup {
    /// For short keys: the class and one, or 0.
    table: Vec<u32>,
    cache: Vec<(u64, u32)>,
    map: Map<u64, u32>,
}

const NO_CLASS: u32 = u32::MAX;

/// What a class means.
struct Class {
    verdicts: Box<[Verdict]>,
    /// Whether the verdict would be good if every condition on the latency held: the population of the histogram.
    populations: Box<[bool]>,
    /// The number of the group, for each grouping.
    groups: Box<[u32]>,
}

/// The groups of one grouping.
#[derive(Default)]
struct Groups {
    numbers: Map<GroupValues, u32>,
    values: Vec<GroupValues>,
}

/// What the id of a text means: the truth of the tests, and the text if it is kept.
type TextMeaning = (Box<[bool]>, Option<Box<[u8]>>);

/// The texts of one source. Id 0 is an absent text.
#[derive(Default)]
struct Texts {
    ids: Map<Box<[u8]>, u32>,
    bytes: usize,
    meanings: Vec<TextMeaning>,
    tested: Map<Box<[bool]>, u32>,
    /// Routes that were made of paths.
    named: Map<Box<[u8]>, u32>,
    routes: RoutePrefixes,
}

impl<'a> Classes<'a> {
    fn new(classifier: &'a Classifier) -> Self {
        let last = classifier.sources.last();
        let bits = last.map_or(0, |source| source.shift + source.kind.bits());
        let is_short = bits <= TABLE_BITS_MAX && classifier.sources.iter().all(|source| !source.starts_key);
        let table = if is_short { vec![0; 1 << bits] } else { Vec::new() };
        let cache = if is_short { Vec::new() } else { vec![(0, NO_CLASS); CACHE_ENTRIES] };
        Classes {
            classifier,
            texts: classifier.sources.iter().map(|_| Texts::default()).collect(),
            lookup: Lookup { table, cache, map: Map::default() },
            prefixes: Map::default(),
            classes: Vec::new(),
            groups: classifier.groupings.iter().map(|_| Groups::default()).collect(),
        }
    }

    /// How many classes there are; they are numbered from 0.
    #[inline]
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether no class was seen.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// Whether so much was seen that it must be folded and [cleared](Classes::clear) before the next record.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.classes.len() >= CLASSES_MAX || self.texts.iter().any(Texts::is_full)
    }

    /// Forgets all classes.
    pub fn clear(&mut self) {
        *self = Classes::new(self.classifier);
    }

    /// The classifier.
    pub fn classifier(&self) -> &'a Classifier {
        self.classifier
    }

    /// The verdict of an indicator on a class.
    pub fn verdict(&self, class: usize, indicator: usize) -> Verdict {
        self.classes[class].verdicts[indicator]
    }

    /// Whether events of a class belong to the population of an indicator's latency histogram: they would be good if every
    /// condition on the latency held.
    pub fn is_in_population(&self, class: usize, indicator: usize) -> bool {
        self.classes[class].populations[indicator]
    }

    /// The number of the group of a class, for an indicator.
    pub fn group_number(&self, class: usize, indicator: usize) -> usize {
        self.classes[class].groups[self.classifier.grouping_of[indicator]] as usize
    }

    /// The groups of an indicator by number.
    pub fn groups(&self, indicator: usize) -> &[GroupValues] {
        &self.groups[self.classifier.grouping_of[indicator]].values
    }

    /// The class of a record.
    #[inline]
    pub fn class_of(&mut self, record: &Record) -> u32 {
        let mut key = 0;
        let classifier = self.classifier;
        for (i, source) in classifier.sources.iter().enumerate() {
            if source.starts_key {
                key = u64::from(self.prefix(i, key));
            }
            key |= u64::from(source.id(record.get(source.slot), &mut self.texts[i])) << source.shift;
        }
        match self.lookup.find(key) {
            Some(class) => class,
            None => self.new_class(key, record),
        }
    }

    /// The class of every line of a batch that is not odd, into `into`.
    #[inline(always)]
    pub fn classes_of(&mut self, batch: &Batch, block: &Block, scratch: &[u8], into: &mut Column<u32>) {
        let mut keys = [0u64; BATCH_LINES];
        let len = batch.len.min(BATCH_LINES);
        let classifier = self.classifier;
        for (i, source) in classifier.sources.iter().enumerate() {
            if source.starts_key {
                keys.iter_mut().for_each(|key| *key = u64::from(self.prefix(i, *key)));
            }
            source.add_ids(&batch.slots[source.slot], block, scratch, &mut self.texts[i], &mut keys[..len]);
        }
        if !self.lookup.find_all(&keys, len, into) {
            self.new_classes(&keys, batch, (block, scratch), into);
        }
    }

    /// The classes of a batch that has new ones, or odd lines.
    #[cold]
    fn new_classes(&mut self, keys: &Column<u64>, batch: &Batch, (block, scratch): (&Block, &[u8]), into: &mut Column<u32>) {
        for i in 0..batch.len.min(BATCH_LINES) {
            into[i] = match self.lookup.find(keys[i]) {
                _ if batch.odd[i] != 0 => 0,
                Some(class) => class,
                None => {
                    let mut row = Vec::new();
                    self.new_class(keys[i], &batch.record(i, block, scratch, &mut row))
                }
            };
        }
    }

    #[cold]
    fn prefix(&mut self, source: usize, key: u64) -> u32 {
        let next = self.prefixes.len() as u32;
        *self.prefixes.entry((source, key)).or_insert(next)
    }

    #[cold]
    fn new_class(&mut self, key: u64, record: &Record) -> u32 {
        let class = match self.lookup.map.get(&key) {
            Some(&class) => class,
            None => {
                let ids = self.ids_of(record);
                let verdicts = self.classifier.indicators.iter().map(|i| i.verdict(&mut |c| self.value(c, &ids))).collect();
                let but_for_latency = |c: &Condition| if is_about_latency(c) { Some(true) } else { self.value(c, &ids) };
                let indicators = self.classifier.indicators.iter();
                let populations = indicators.map(|i| i.verdict(&mut { but_for_latency }) == Verdict::Good).collect();
                let groups = (0..self.groups.len()).map(|grouping| self.group(grouping, &ids)).collect();
                self.classes.push(Class { verdicts, populations, groups });
                self.classes.len() as u32 - 1
            }
        };
        self.lookup.insert(key, class);
        class
    }

    fn ids_of(&mut self, record: &Record) -> Vec<u32> {
        let sources = self.classifier.sources.iter().zip(&mut self.texts);
        sources.map(|(source, texts)| source.id(record.get(source.slot), texts)).collect()
    }

    /// The value of an atom, given the id of each source.
    fn value(&self, condition: &Condition, ids: &[u32]) -> Option<bool> {
        let &(source, place) = self.classifier.atoms.get(condition)?;
        self.classifier.sources[source].truth(place, ids[source], &self.texts[source])
    }

    /// The number of the group that these ids make in a grouping.
    fn group(&mut self, grouping: usize, ids: &[u32]) -> u32 {
        let dimensions = &self.classifier.groupings[grouping];
        let indicator = self.classifier.grouping_of.iter().position(|&g| g == grouping);
        let routes = indicator.map(|i| &self.classifier.indicators[i].routes);
        let values: GroupValues = dimensions.iter().map(|d| self.dimension_value(d, routes?, ids)).collect();
        let groups = &mut self.groups[grouping];
        *groups.numbers.entry(values.clone()).or_insert_with(|| {
            groups.values.push(values);
            groups.values.len() as u32 - 1
        })
    }

    fn dimension_value(&self, dimension: &Dimension, routes: &Arc<Routes>, ids: &[u32]) -> Option<Box<[u8]>> {
        let subject = subject_of(dimension, routes);
        let source = self.classifier.sources.iter().position(|s| s.is_about(&subject, &self.classifier.needs))?;
        let id = ids[source] as usize;
        let text = match &self.classifier.sources[source].kind {
            _ if id == 0 => return None,
            SourceKind::Route { routes, .. } => routes.name(id - 1).as_bytes().into(),
            SourceKind::Text { .. } | SourceKind::AutoRoute { .. } => self.texts[source].meanings[id - 1].1.clone()?,
            SourceKind::Status { codes, .. } => match dimension {
                Dimension::StatusClass => format!("{}xx", codes[id] / 100).into_bytes().into(),
                _ => codes[id].to_string().into_bytes().into(),
            },
            SourceKind::Number { .. } => return None,
        };
        Some(text)
    }
}

impl Source {
    /// Adds the id of each value of a column to the keys.
    #[inline(always)]
    fn add_ids(&self, values: &Values, block: &Block, scratch: &[u8], texts: &mut Texts, keys: &mut [u64]) {
        let shift = self.shift;
        match (&self.kind, values) {
            (SourceKind::Status { ids, .. }, Values::Ints(codes)) => {
                keys.iter_mut().zip(codes.iter()).for_each(|(key, &code)| *key |= u64::from(status_id(ids, code)) << shift);
            }
            (SourceKind::Number { cuts }, Values::Ints(numbers)) => {
                if cuts.len() > CUTS_LINEAR_MAX {
                    let id = |n: i64| u64::from(n != ABSENT) + u64::from(below(cuts, n));
                    return keys.iter_mut().zip(numbers.iter()).for_each(|(key, &n)| *key |= id(n) << shift);
                }
                // As below, but cut by cut.
                keys.iter_mut().zip(numbers.iter()).for_each(|(key, &n)| *key += u64::from(n != ABSENT) << shift);
                for &cut in cuts {
                    keys.iter_mut().zip(numbers.iter()).for_each(|(key, &n)| *key += u64::from(cut <= n) << shift);
                }
            }
            (SourceKind::Route { routes, .. }, Values::Paths(spans)) => {
                texts.routes.add_ids(routes, block, spans, shift, keys);
            }
            _ => {
                let mut id = |slot: Slot| u64::from(self.id(slot.value(block, scratch), texts));
                keys.iter_mut().enumerate().for_each(|(i, key)| *key |= id(values.slot(i, block)) << shift);
            }
        }
    }

    /// The id of a value.
    #[inline]
    fn id(&self, value: Value, texts: &mut Texts) -> u32 {
        match (&self.kind, value) {
            (SourceKind::Status { ids, .. }, Value::Int(code)) => u32::from(status_id(ids, code)),
            (SourceKind::Number { cuts }, Value::Int(n)) => 1 + below(cuts, n),
            (SourceKind::Route { routes, .. }, Value::Text(path)) => routes.find(path).map_or(0, |route| route as u32 + 1),
            (SourceKind::Text { tests, keeps }, Value::Text(text)) => texts.id(text, tests, *keeps),
            (SourceKind::AutoRoute { routes, tests }, Value::Text(path)) => texts.route_id(path, routes, tests),
            _ => 0,
        }
    }

    /// The truth of the atom at `place`, given the id.
    fn truth(&self, place: usize, id: u32, texts: &Texts) -> Option<bool> {
        let atom = &self.atoms[place];
        match &self.kind {
            SourceKind::Status { codes, .. } => number_truth(atom, (id > 0).then(|| i64::from(codes[id as usize]))),
            SourceKind::Number { cuts } => {
                let value = (id > 0).then(|| if id == 1 { i64::MIN } else { cuts[id as usize - 2] });
                number_truth(atom, value)
            }
            SourceKind::Route { routes, tests } => Some(id > 0 && tests[place].holds(routes.name(id as usize - 1).as_bytes())),
            SourceKind::AutoRoute { .. } => Some(id > 0 && texts.meanings[id as usize - 1].0[place]),
            SourceKind::Text { .. } => match (id, atom) {
                (0, Condition::Exists(_)) => Some(false),
                (0, _) => None,
                _ => Some(texts.meanings[id as usize - 1].0[place]),
            },
        }
    }

    fn is_about(&self, subject: &Subject, needs: &[Need]) -> bool {
        match (&self.kind, subject) {
            (SourceKind::Route { .. } | SourceKind::AutoRoute { .. }, subject) => matches!(subject, Subject::Route(_)),
            (_, Subject::Route(_)) => false,
            (_, Subject::Field(need)) => needs[self.slot] == *need,
        }
    }
}

/// The id of a status; that of an absent one is 0.
#[inline]
fn status_id(ids: &[u16; STATUS_IDS], code: i64) -> u16 {
    ids[(code as usize).min(STATUS_IDS - 1)]
}

/// So many cuts are all looked at.
const CUTS_LINEAR_MAX: usize = 32;

/// How many of the sorted `cuts` are not above `n`. There are few: counting them all has no branch to be mispredicted.
#[inline]
fn below(cuts: &[i64], n: i64) -> u32 {
    match cuts.len() {
        0..=CUTS_LINEAR_MAX => cuts.iter().map(|&cut| u32::from(cut <= n)).sum(),
        _ => cuts.partition_point(|&cut| cut <= n) as u32,
    }
}

impl Texts {
    #[inline]
    fn is_full(&self) -> bool {
        self.ids.len() >= TEXTS_MAX || self.bytes >= TEXT_BYTES_MAX || self.meanings.len() >= TEXTS_MAX
    }

    /// The id of the route that is made of a path; 0: it has none.
    #[inline]
    fn route_id(&mut self, path: &[u8], routes: &Routes, tests: &[TextTest]) -> u32 {
        match self.ids.get(path) {
            Some(&id) => id,
            None => self.new_route_id(path, routes, tests),
        }
    }

    #[cold]
    fn new_route_id(&mut self, path: &[u8], routes: &Routes, tests: &[TextTest]) -> u32 {
        let id = routes.name_of(path).map_or(0, |name| {
            let name = name.as_bytes();
            let next = self.meanings.len() as u32 + 1;
            *self.named.entry(name.into()).or_insert_with(|| {
                let truth = tests.iter().map(|test| test.holds(name)).collect();
                self.bytes += name.len();
                self.meanings.push((truth, Some(name.into())));
                next
            })
        });
        // There are more paths than routes: those of the past make room for others.
        if path.len() <= TESTED_TEXT_BYTES_MAX {
            if self.ids.len() + 1 >= TEXTS_MAX {
                self.ids.clear();
            }
            self.ids.insert(path.into(), id);
        }
        id
    }

    #[inline]
    fn id(&mut self, text: &[u8], tests: &[TextTest], keeps: bool) -> u32 {
        match self.ids.get(text) {
            Some(&id) => id,
            None => self.new_id(text, tests, keeps),
        }
    }

    #[cold]
    fn new_id(&mut self, text: &[u8], tests: &[TextTest], keeps: bool) -> u32 {
        let truth: Box<[bool]> = tests.iter().map(|test| test.holds(text)).collect();
        let next = self.meanings.len() as u32 + 1;
        let id = if keeps { next } else { *self.tested.entry(truth.clone()).or_insert(next) };
        if id == next {
            self.meanings.push((truth, keeps.then(|| text.into())));
        }
        if keeps || text.len() <= TESTED_TEXT_BYTES_MAX {
            if !keeps && self.ids.len() + 1 >= TEXTS_MAX {
                self.ids.clear();
                self.bytes = 0;
            }
            self.ids.insert(text.into(), id);
            self.bytes += text.len();
        }
        id
    }
}

impl Lookup {
    #[inline]
    fn find(&self, key: u64) -> Option<u32> {
        if let Some(&class) = self.table.get(key as usize) {
            return class.checked_sub(1);
        }
        let &(cached, class) = self.cache.get(slot_of(key))?;
        (cached == key && class != NO_CLASS).then_some(class)
    }

    /// The class of each of the first `len` keys, into `into`; whether all are known.
    #[inline(always)]
    fn find_all(&self, keys: &Column<u64>, len: usize, into: &mut Column<u32>) -> bool {
        let mut unknown = 0;
        let classes = into[..len].iter_mut().zip(keys);
        if let Some(last) = self.table.len().checked_sub(1) {
            classes.for_each(|(class, &key)| {
                *class = self.table[key as usize & last].wrapping_sub(1);
                unknown |= u32::from(*class == NO_CLASS) | (key > last as u64) as u32;
            });
            return unknown == 0;
        }
        classes.for_each(|(class, &key)| {
            let (cached, known) = self.cache[slot_of(key) % CACHE_ENTRIES];
            *class = known;
            unknown |= u32::from(cached != key) | u32::from(known == NO_CLASS);
        });
        unknown == 0
    }

    fn insert(&mut self, key: u64, class: u32) {
        self.map.insert(key, class);
        match self.table.get_mut(key as usize) {
            Some(entry) => *entry = class + 1,
            None => self.cache[slot_of(key)] = (key, class),
        }
    }
}

/// Fibonacci hashing: the high bits of the product depend on all bits of the key.
#[inline]
fn spread(key: u64) -> u64 {
    key.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[inline]
fn slot_of(key: u64) -> usize {
    (spread(key) >> (u64::BITS - CACHE_ENTRIES.trailing_zeros())) as usize
}
