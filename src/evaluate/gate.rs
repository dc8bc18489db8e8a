//! Whether to release: the worst mode of all SLOs that gate.

use std::sync::Arc;

use super::budget::Budget;
use super::excluded::Excluded;
use super::guard::Stance;
use super::plan::Plan;
use super::row::SeriesKey;
use super::warning::Warning;
use crate::error::{Error, ErrorKind, Result};
use crate::slo::policy::{Guard, Mode};
use crate::time::{Instant, Length};

/// What the policy of one SLO says now.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Service, SLO, objective, target, window.
    pub series: Arc<SeriesKey>,
    /// Mode, reason, words, since when.
    pub stance: Stance,
    /// The budget of the window; none without valid events.
    pub budget: Option<Budget>,
    /// Its policy, and whether it gates.
    pub guard: Arc<Guard>,
    /// What is excluded from the window.
    pub excluded: Vec<Excluded>,
    /// What to know before believing it.
    pub warnings: Vec<Warning>,
}

/// A release that is let through whatever the mode.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Release {
    /// Which of the policy's exemptions.
    pub exemption: String,
    /// Why.
    pub reason: String,
}

/// The verdict on all SLOs.
#[derive(Clone, Debug)]
pub struct Gate {
    /// The worst mode of those that gate; ship where none does.
    pub mode: Mode,
    /// The SLO that it comes from: the first with it.
    pub decided_by: Option<usize>,
    /// Every SLO, in the order of the plan.
    pub verdicts: Vec<Verdict>,
    /// The end of the last slice with an event.
    pub latest: Option<Instant>,
    /// The age that the log exceeds; none if it is young enough, or nobody asked.
    pub stale_after: Option<Length>,
    /// The override.
    pub release: Option<Release>,
    /// What to know before believing it, each once.
    pub warnings: Vec<Warning>,
}

/// What the policies say now.
///
/// # Errors
/// Counts beyond the outputs' integers, and damaged counts.
pub fn verdicts(plan: &Plan) -> Result<Vec<Verdict>> {
    let reports = plan.reports()?;
    let verdict = |(report, key, guard): (super::report::Report, Arc<SeriesKey>, Arc<Guard>)| Verdict {
        series: key,
        stance: report.stance,
        budget: report.budget,
        guard,
        excluded: report.excluded,
        warnings: report.warnings,
    };
    let first = plan.entries.iter().map(|entry| entry.is_first_window());
    let entries = plan.entries.iter().map(|e| (Arc::clone(&e.series[0].key), Arc::clone(&e.asked.slo.guard)));
    Ok(reports
        .into_iter()
        .zip(entries)
        .zip(first)
        .filter(|(_, first)| *first)
        .map(|((report, (key, guard)), _)| verdict((report, key, guard)))
        .collect())
}

impl Gate {
    /// The gate over these verdicts.
    ///
    /// # Errors
    /// An override that the policy of an SLO that gates does not exempt.
    pub fn new(
        verdicts: Vec<Verdict>,
        latest: Option<Instant>,
        stale_after: Option<Length>,
        release: Option<Release>,
    ) -> Result<Gate> {
        let gating = || verdicts.iter().enumerate().filter(|(_, verdict)| verdict.guard.gate);
        if let Some(release) = &release {
            let refuses = |verdict: &Verdict| !verdict.guard.policy.exemptions.contains(&release.exemption);
            gating().find(|(_, verdict)| refuses(verdict)).map_or(Ok(()), |(_, verdict)| Err(not_exempt(verdict, release)))?;
        }
        let mode = gating().map(|(_, verdict)| verdict.stance.mode).max().unwrap_or(Mode::Ship);
        let decided_by = gating().find(|(_, verdict)| verdict.stance.mode == mode).map(|(i, _)| i);
        let mut warnings: Vec<Warning> = Vec::new();
        for warning in verdicts.iter().flat_map(|verdict| &verdict.warnings) {
            if !warnings.contains(warning) && !matches!(warning, Warning::FarDated { .. }) {
                warnings.push(warning.clone());
            }
        }
        Ok(Gate { mode, decided_by, verdicts, latest, stale_after, release, warnings })
    }
}

#[cold]
fn not_exempt(verdict: &Verdict, release: &Release) -> Error {
    let known = verdict.guard.policy.exemptions.join(", ");
    let message = format!("--override: the policy of SLO `{}` exempts no `{}`", verdict.series.slo, release.exemption);
    let hint = if known.is_empty() { "it exempts nothing".to_owned() } else { format!("it exempts: {known}") };
    Error::new(ErrorKind::Usage, message).hint(hint)
}
