//! What is asked: definitions, expressions, routes, and the classifier compiled from them.
//!
//! ```text
//! text of a file → document → spec → definitions ─┐
//! flags, defaults ────────────────────────────────┼→ SLOs over indicators → classifier
//! text of an expression → parse → expr ───────────┘
//! ```
//! Read [`expr`] first (what a question is), then [`route`], then [`definitions`] (what people ask).
//!
//! Nothing here knows how a log is written; the two meet in [`crate::record`].

pub mod alerting;
pub mod budgeting;
pub mod classify;
pub mod definitions;
mod document;
pub mod example;
pub mod exclusion;
pub mod expr;
pub mod flags;
mod guard;
mod literal;
mod nearest;
pub mod normalize;
pub mod notes;
pub mod openapi;
mod openslo;
pub mod parse;
mod period;
mod places;
pub mod policy;
mod prefixes;
pub mod route;
pub mod spec;
mod text_test;
pub mod weight;
pub mod what_if;
pub mod window;

use std::sync::Arc;

use crate::ratio::Target;
use crate::record::Field;
pub use budgeting::Budgeting;
pub use exclusion::Exclusion;
use expr::{Condition, Expr, Operand};
use route::Routes;
pub use weight::Weight;
pub use window::Window;

/// The columns of the windows table (DESIGN § 6), which no dimension may be named like: a stable list, in their order.
pub const RESERVED_COLUMNS: [&str; 33] = [
    "service",
    "slo",
    "objective",
    "group_kind",
    "start_time",
    "end_time",
    "events",
    "good",
    "bad",
    "unknown",
    "excluded",
    "valid",
    "sli",
    "target",
    "burn_rate",
    "window_length",
    "window_start_time",
    "window_partial",
    "window_coverage",
    "window_good",
    "window_bad",
    "window_unknown",
    "window_valid",
    "window_slices_good",
    "window_slices",
    "window_sli",
    "met",
    "budget_consumed",
    "budget_remaining",
    "budget_remaining_minutes",
    "mode",
    "mode_reason",
    "exclusions",
];

/// One objective over one indicator.
#[derive(Clone, Debug)]
pub struct Slo {
    /// The service it belongs to. Without one it holds for every service of the inputs, each by itself.
    pub service: Option<String>,
    /// Its name, unique within its service.
    pub name: String,
    /// The objective's name: the target as written, unless the definition names it.
    pub objective: String,
    /// The share of valid events that must be good.
    pub target: Target,
    /// The compliance periods, each evaluated by itself: at least one. The first is what alerts and gates speak of.
    pub windows: Vec<Window>,
    /// What the budget is counted in.
    pub budgeting: Budgeting,
    /// Times that count for nothing.
    pub exclude: Arc<[Exclusion]>,
    /// What watches over it: alerts, policy, gate.
    pub guard: Arc<policy::Guard>,
    /// What is measured.
    pub indicator: Arc<Indicator>,
}

impl Slo {
    /// An SLO of every service, over one window, whose budget is counted in events.
    pub fn new(name: &str, target: Target, window: Window, indicator: Arc<Indicator>) -> Slo {
        Slo {
            service: None,
            name: name.to_owned(),
            objective: target.to_string(),
            target,
            windows: vec![window],
            budgeting: Budgeting::Occurrences,
            exclude: Arc::default(),
            guard: Arc::default(),
            indicator,
        }
    }
}

/// Which events are valid, and which of those are good, counted by group.
#[derive(Clone, Debug)]
pub struct Indicator {
    /// Which events count; absent: all.
    pub valid: Option<Expr>,
    /// Which of those are good.
    pub good: Expr,
    /// What an event counts as; none: as one.
    pub weight: Option<Weight>,
    /// What `route` means. Empty without routes.
    pub routes: Arc<Routes>,
    /// The dimensions counts are kept by.
    pub group_by: Vec<Dimension>,
}

/// A dimension of grouping.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Dimension {
    /// The name of the first route that matches the path.
    Route,
    /// `1xx` to `5xx` (and so on to `9xx`).
    StatusClass,
    /// A field's text; numbers as they compare (status 404 is `404`).
    Field(Field),
}

impl Indicator {
    /// Whether a request without a response is unknown to it for no other reason than its status, and `exists(status)` would say what it is:
    /// it compares the status, and does not ask whether there is one.
    pub fn overlooks_no_response(&self) -> bool {
        let conditions = || self.valid.iter().chain([&self.good]).flat_map(Expr::conditions);
        let mut of_status = conditions().filter(|condition| condition.field() == Some(&Field::Status)).peekable();
        of_status.peek().is_some() && of_status.all(|condition| !matches!(condition, Condition::Exists(_)))
    }

    /// What its counts mean, as one text: valid, good, the clock, the weight, and the routes if they matter. Equal texts, equal counts.
    /// Dimensions, targets, windows and names are no part of it, so that none of them asks for a rescan.
    pub fn canonical(&self) -> String {
        let valid = self.valid.as_ref().map_or(Expr::Always(true), Expr::canonical);
        let mut text = format!("valid: {valid}\ngood: {}\nclock: logged", self.good.canonical());
        if let Some(weight) = &self.weight {
            text.push_str("\nweight: ");
            text.push_str(weight.name());
        }
        if self.uses_routes() {
            text.push_str(ROUTES_LINE);
            text.push_str(&self.routes.canonical());
        }
        text
    }

    /// Names of the dimensions, which are the names of their columns.
    pub fn dimensions(&self) -> Vec<String> {
        self.group_by.iter().map(|dimension| dimension.name().to_owned()).collect()
    }

    /// Every condition of `valid` and `good`, as often as it stands there.
    pub fn conditions(&self) -> Vec<&Condition> {
        self.valid.iter().chain([&self.good]).flat_map(Expr::conditions).collect()
    }

    /// Whether routes change what is counted.
    pub fn uses_routes(&self) -> bool {
        self.group_by.contains(&Dimension::Route)
            || self.conditions().into_iter().any(|condition| condition.operand() == Some(&Operand::Route))
    }
}

/// How the line of a canonical text begins that says what `route` means.
const ROUTES_LINE: &str = "\nroutes: ";

/// A canonical text without its routes; none if it has none.
///
/// An indicator that is only grouped by routes counts the same events as one that is not, so the counts under its text also
/// answer the text without them. (One whose conditions name routes is never asked for without.)
pub fn without_routes(canonical: &str) -> Option<String> {
    let (before, rest) = canonical.split_once(ROUTES_LINE)?;
    let behind = rest.find('\n').map_or("", |end| &rest[end..]);
    Some(format!("{before}{behind}"))
}

impl Dimension {
    const STATUS_CLASS: &'static str = "status_class";

    /// Parses the name of a dimension: `route`, `status_class`, or a field as expressions write it.
    pub(crate) fn parse(text: &str) -> Result<Dimension, parse::Problem> {
        if text == Self::STATUS_CLASS {
            return Ok(Dimension::StatusClass);
        }
        match parse::operand(text)? {
            Operand::Route => Ok(Dimension::Route),
            Operand::Field(Field::Named(name)) if nearest::nearest(&name, [Self::STATUS_CLASS]).is_some() => {
                let hint = format!("did you mean `{}`?", Self::STATUS_CLASS);
                let message = format!("there is no dimension `{name}`");
                Err(parse::Problem { offset: 0, length: text.len(), message, hint: Some(hint) })
            }
            Operand::Field(field) => Ok(Dimension::Field(field)),
        }
    }

    /// Its name, which is the name of its column.
    pub fn name(&self) -> &str {
        match self {
            Dimension::Route => parse::ROUTE,
            Dimension::StatusClass => Self::STATUS_CLASS,
            Dimension::Field(field) => field.name(),
        }
    }
}
