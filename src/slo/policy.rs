//! The error-budget policy: what the team agreed, in advance, to do when a budget runs low.

use super::alerting::PARTS;
use crate::time::Instant;

/// What the policy says now. From the best to the worst, as gates see it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    /// Release as usual.
    Ship,
    /// Release with care.
    Caution,
    /// Nobody can say.
    NoData,
    /// Release nothing but what the policy exempts.
    Freeze,
}

impl Mode {
    /// Every mode, in the order of their numbers.
    pub const ALL: [Mode; 4] = [Mode::Ship, Mode::Caution, Mode::NoData, Mode::Freeze];

    /// The name in definitions and outputs.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Ship => "ship",
            Mode::Caution => "caution",
            Mode::NoData => "no_data",
            Mode::Freeze => "freeze",
        }
    }
}

/// An error-budget policy. Shares are in billionths of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Who answers for it.
    pub owner: Option<String>,
    /// Who agreed to it.
    pub approvers: Vec<String>,
    /// When it is to be looked at again.
    pub revisit: Option<Instant>,
    /// Releases that it lets through whatever the mode.
    pub exemptions: Vec<String>,
    /// What the team does in each mode, in its own words; by [`Mode`] as a number.
    pub words: [Option<String>; 4],
    /// Freeze when less than this share of the budget is left. 0: when the target is not met.
    pub freeze_below: u64,
    /// Caution when this share of the budget or less is left.
    pub caution_remaining: Option<u64>,
    /// Caution while an alert fires.
    pub caution_alerts: bool,
    /// Caution when the burn over seven days exceeds this, in billionths.
    pub caution_burn: Option<u64>,
    /// Caution when the share of unknown events exceeds this.
    pub caution_unknown: Option<u64>,
    /// No data when a smaller share of the window's slices has events.
    pub coverage_floor: Option<u64>,
    /// One incident that spends more than this share asks for a postmortem and an action of the highest priority.
    pub postmortem_above: u64,
}

impl Default for Policy {
    /// Freeze when the target is not met; caution when 20 % or less is left, any alert fires, the 7-day burn is over 1 or unknown
    /// events are over 1 %; no floor of coverage; postmortems above 20 %.
    fn default() -> Policy {
        Policy {
            owner: None,
            approvers: Vec::new(),
            revisit: None,
            exemptions: vec!["p0".to_owned(), "security".to_owned()],
            words: Default::default(),
            freeze_below: 0,
            caution_remaining: Some(PARTS / 5),
            caution_alerts: true,
            caution_burn: Some(PARTS),
            caution_unknown: Some(PARTS / 100),
            coverage_floor: None,
            postmortem_above: PARTS / 5,
        }
    }
}

impl Policy {
    /// What the team does in a mode, in its own words, or in ours.
    pub fn words(&self, mode: Mode) -> &str {
        self.words[mode as usize].as_deref().unwrap_or(match mode {
            Mode::Ship => "release as usual",
            Mode::Caution => "release with care: small changes, reviewed, easy to take back",
            Mode::NoData => "find out why there is no data before releasing",
            Mode::Freeze => "release nothing but fixes of reliability and what is exempt",
        })
    }
}

/// What watches over one SLO: alerts, policy, gate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guard {
    /// The tiers of its alerts; none: the default ones, as far as they can fire.
    pub tiers: Option<Vec<super::alerting::Tier>>,
    /// What its modes are.
    pub policy: Policy,
    /// Whether it can hold a release back.
    pub gate: bool,
}

impl Default for Guard {
    fn default() -> Guard {
        Guard { tiers: None, policy: Policy::default(), gate: true }
    }
}
