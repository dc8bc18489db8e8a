//! What is asked: definitions, expressions, routes, and the classifier compiled from them.
//!
//! Nothing here knows how a log is written; the two meet in [`crate::record`].

pub mod classify;
pub mod expr;
mod literal;
mod nearest;
pub mod parse;
pub mod route;

use std::sync::Arc;

use crate::ratio::Target;
use crate::time::Length;
use expr::Expr;
use route::Routes;

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
    /// The compliance period. (Rolling here; calendar windows join as a variant.)
    pub window: Window,
    /// What is measured.
    pub indicator: Arc<Indicator>,
}

/// A compliance period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Window {
    /// The given length, ending at the moment of evaluation.
    Rolling(Length),
}

/// Which events are valid, and which of those are good, counted by group.
#[derive(Clone, Debug)]
pub struct Indicator {
    /// Which events count; absent: all.
    pub valid: Option<Expr>,
    /// Which of those are good.
    pub good: Expr,
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
    Field(crate::record::Field),
}

impl Indicator {
    /// Temporary.
    pub fn dimensions(&self) -> Vec<String> {
        self.group_by.iter().map(|d| format!("{d:?}")).collect()
    }
}
