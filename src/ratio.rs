//! Exact arithmetic of targets, budgets and ratios.
/// A target as an exact fraction of whole numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Target {
    pub(crate) good: u64,
    pub(crate) of: u64,
}
