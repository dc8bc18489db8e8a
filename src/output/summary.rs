//! What is shown of an SLO where there is one line for it: the first screen of the page, the picture, the table in Markdown.
//!
//! All text is [`sanitize`]d; whoever writes it still escapes it for its own language.

use super::number::{count, minutes_of, percent, rate, share, spent};
use super::sanitize::sanitize;
use crate::evaluate::report::Report;
use crate::slo::policy::Mode;

/// A number as it is shown, and as the windows table has it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Shown {
    /// For people: cut, never rounded up.
    pub text: String,
    /// The value.
    pub value: f64,
}

/// One SLO in one line.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Summary {
    /// The service; empty when none is declared.
    pub service: String,
    /// The SLO's name.
    pub slo: String,
    /// The objective's name, where it says more than the target.
    pub objective: Option<String>,
    /// `99.9%`.
    pub target: String,
    /// `28d`.
    pub window: String,
    /// What the policy says.
    pub mode: Mode,
    /// Why.
    pub reason: String,
    /// Whether the SLI reaches the target; none without data. Where a budget is that of a whole period, an SLO can be met all the same.
    pub reaches: Option<bool>,
    /// good ÷ valid of the window.
    pub sli: Option<Shown>,
    /// The share of the budget that is left; negative when overspent.
    pub remaining: Option<Shown>,
    /// `3 of 24 allowed bad events, 63.0 of 403.2 min`, or what was spent.
    pub budget_words: String,
    /// Burn of the last hour.
    pub burn: Option<Shown>,
    /// Burn over the window in equal stretches.
    pub trend: Vec<Option<f64>>,
}

impl Summary {
    /// The summary of a report.
    pub fn of(r: &Report) -> Summary {
        let target = r.target.to_string();
        Summary {
            service: clean(&r.service),
            slo: clean(&r.slo),
            objective: Some(clean(&r.objective)).filter(|name| *name != target),
            window: r.window.text().to_owned(),
            mode: r.stance.mode,
            reason: clean(&r.stance.reason),
            reaches: r.target.met(r.spent.good, r.spent.valid),
            sli: r.budget.zip(sli(r)).map(|(b, text)| Shown { text, value: b.sli }),
            remaining: r.budget.map(|b| Shown { text: left(b.remaining, b.consumed), value: b.remaining }),
            budget_words: budget_words(r),
            burn: burn(r, "1h"),
            trend: r.spark.iter().map(|stretch| stretch.burn_rate).collect(),
            target,
        }
    }

    /// `shop / availability`, and the objective's name where it says more than the target.
    pub fn name(&self) -> String {
        let service = if self.service.is_empty() { String::new() } else { format!("{} / ", self.service) };
        let objective = self.objective.as_ref().map_or(String::new(), |name| format!(" ({name})"));
        format!("{service}{}{objective}", self.slo)
    }

    /// The share of the budget that is left as a part of a bar: 0 to 1.
    pub fn bar(&self) -> f64 {
        self.remaining.as_ref().map_or(0.0, |shown| shown.value.clamp(0.0, 1.0))
    }
}

/// Text of a log or a definition, with whatever would act made visible.
pub(super) fn clean(text: &str) -> String {
    sanitize(text, true).into_owned()
}

/// The mode in words.
pub(super) fn mode_words(mode: Mode) -> &'static str {
    match mode {
        Mode::NoData => "no data",
        mode => mode.name(),
    }
}

/// `99.459%`: two digits beyond the target's own tell how near it is.
pub(super) fn sli(r: &Report) -> Option<String> {
    percent(r.spent.good, r.spent.valid, r.target.percent_decimals() + 2)
}

/// `16.9%`, or `−8.1%` where more is spent than there was.
fn left(remaining: f64, consumed: f64) -> String {
    if remaining >= 0.0 { share(remaining) } else { format!("{} spent", spent(consumed)) }
}

/// The burn over one of the stretches before now; none where it is not covered, or nothing was counted.
pub(super) fn burn(r: &Report, name: &str) -> Option<Shown> {
    let value = r.burns.iter().find(|burn| burn.name == name && !burn.partial)?.rate?;
    Some(Shown { text: format!("{}×", rate(value)), value })
}

/// The budget in what it is counted in, and in minutes.
fn budget_words(r: &Report) -> String {
    let Some(b) = r.budget else { return String::new() };
    let whole = r.target.budget_f64() * ((r.window_end.micros() - r.window_start.micros()) / 1_000_000) as f64 / 60.0;
    if b.remaining >= 0.0 {
        let left = r.remaining_bad().map_or(String::new(), |left| {
            format!("{} of {} allowed bad {}, ", count(left.unsigned_abs()), count(r.allowed_bad), units(r, r.allowed_bad))
        });
        return format!("{left}{}", minutes_of(b.remaining_minutes, whole));
    }
    let events = r.remaining_bad().map_or(String::new(), |_| {
        format!("{} bad {}, {} allowed, ", count(r.spent.bad), units(r, r.spent.bad), count(r.allowed_bad))
    });
    format!("{events}{}", minutes_of(whole - b.remaining_minutes, whole))
}

/// What the budget is counted in: `events`, or `event` for one.
pub(super) fn units(r: &Report, n: u64) -> String {
    let unit = match (r.slices(), &r.weight) {
        (Some(_), _) => "slice",
        (None, Some(_)) => "unit",
        (None, None) => "event",
    };
    format!("{unit}{}", if n == 1 { "" } else { "s" })
}
