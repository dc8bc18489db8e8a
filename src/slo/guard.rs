//! `alerts`, `policy` and `gate` of the short form, as values.

use std::ops::Range;

use super::alerting::{PARTS, Severity, TIERS_MAX, Threshold, Tier};
use super::document::{Content, Document, Fields, Node, Written};
use super::literal::scaled;
use super::policy::{Guard, Mode, Policy};
use crate::error::Result;
use crate::ratio::Target;
use crate::time::{Instant, Length};

/// What a definition file, or one SLO of it, says of alerts, policy and gate.
#[derive(Debug, Default)]
pub(crate) struct GuardSpec {
    pub alerts: Option<Node>,
    pub policy: Option<Node>,
    pub gate: Option<Written>,
}

impl GuardSpec {
    /// Takes the keys out of a mapping.
    pub fn take(fields: &mut Fields<'_>) -> Result<GuardSpec> {
        Ok(GuardSpec { alerts: fields.take("alerts"), policy: fields.take("policy"), gate: fields.text("gate")? })
    }

    /// Where the long window of each of its tiers stands.
    pub fn places_of_long_windows(&self) -> Vec<Range<usize>> {
        let Some(Node { content: Content::List(tiers), .. }) = &self.alerts else { return Vec::new() };
        let place = |tier: &Node| match &tier.content {
            Content::Map(entries) => entries.iter().find(|(key, _)| key.text == "long").map(|(_, long)| long.span.clone()),
            _ => None,
        };
        tiers.iter().map(|tier| place(tier).unwrap_or(tier.span.clone())).collect()
    }

    /// What it means on top of `base`: each key that is written replaces the one above.
    pub fn resolve(self, document: Document<'_>, base: &Guard) -> Result<Guard> {
        let reader = Reader { document };
        let mut guard = base.clone();
        if let Some(gate) = &self.gate {
            guard.gate = reader.boolean(gate)?;
        }
        if let Some(alerts) = self.alerts {
            guard.tiers = Some(reader.tiers(alerts)?);
        }
        if let Some(policy) = self.policy {
            guard.policy = reader.policy(policy, base.policy.clone())?;
        }
        Ok(guard)
    }
}

/// Refuses tiers that somebody wrote and that can never fire.
pub(crate) fn check_reachable(document: Document<'_>, place: &Node, tiers: &[Tier], target: Target, period: i64) -> Result<()> {
    let Some(tier) = tiers.iter().find(|tier| !tier.is_reachable(target, period)) else { return Ok(()) };
    let (factor, most) = (tier.factor(period).to_f64(), target.burn_rate(1, 1).unwrap_or_default());
    let message = format!(
        "the tier `{}` can never fire: it asks for a burn {} {factor}, and at {target} no burn exceeds {most}",
        tier.name,
        tier.relation()
    );
    Err(document
        .error(&place.span, message, "target")
        .hint("ask for less budget or a lower burn rate, or give the SLO `alerts` of its own"))
}

struct Reader<'a> {
    document: Document<'a>,
}

impl<'a> Reader<'a> {
    fn tiers(&self, node: Node) -> Result<Vec<Tier>> {
        let is_off = matches!(&node.content, Content::Text(text) if text == "none");
        let Content::List(list) = node.content else {
            let error = self.document.error(
                &node.span,
                format!("`alerts` must be a list of tiers, but this is {}", node.describe()),
                "not a list",
            );
            return if is_off { Ok(Vec::new()) } else { Err(error.hint(TIER_EXAMPLE)) };
        };
        if list.len() > TIERS_MAX {
            let message = format!("{} tiers are more than {TIERS_MAX}", list.len());
            return Err(self.document.error(&node.span, message, "too many").hint("four are usual"));
        }
        let mut tiers: Vec<Tier> = Vec::with_capacity(list.len());
        for item in list {
            let span = item.span.clone();
            let tier = self.tier(item, tiers.len())?;
            if tiers.iter().any(|other| other.name == tier.name) {
                let error = self.document.error(&span, format!("there are two tiers `{}`", tier.name), "the second one");
                return Err(error.hint("give each tier a name of its own"));
            }
            tiers.push(tier);
        }
        Ok(tiers)
    }

    fn tier(&self, node: Node, number: usize) -> Result<Tier> {
        const KEYS: [&str; 9] = ["name", "severity", "budget", "burn_rate", "op", "long", "short", "after", "bad_above"];
        let mut fields = Fields::of(self.document, node, "a tier of alerts", &KEYS)?;
        let severity = self.severity(&self.document.text_of(fields.require("severity", "a tier of alerts")?, "`severity`")?)?;
        let long = self.length(&self.document.text_of(fields.require("long", "a tier of alerts")?, "`long`")?)?;
        let short = fields.text("short")?.map(|short| self.shorter(&short, &long)).transpose()?;
        let name = fields.text("name")?.map_or_else(|| format!("{}_{long}", severity.name()), |name| name.text);
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(self.document.error(&fields.span, format!("tier {} has no usable name", number + 1), "this tier"));
        }
        let threshold = match (fields.text("budget")?, fields.text("burn_rate")?) {
            (Some(share), None) => Threshold::Share(self.share(&share)?),
            (None, Some(factor)) => Threshold::Factor(self.positive(&factor)?),
            _ => {
                let error = self.document.error(&fields.span, "a tier has either a `budget` or a `burn_rate`", "this tier");
                return Err(error.hint(TIER_EXAMPLE));
            }
        };
        let mut tier = Tier::new(&name, severity, threshold, long, short);
        tier.at_threshold = fields.text("op")?.map_or(Ok(false), |op| self.at_threshold(&op))?;
        tier.after = fields.text("after")?.map(|after| self.length(&after)).transpose()?;
        if let Some(count) = fields.text("bad_above")? {
            tier.bad_above = self.count(&count)?;
        }
        Ok(tier)
    }

    fn severity(&self, written: &Written) -> Result<Severity> {
        let known = [Severity::Page, Severity::Ticket];
        known.into_iter().find(|severity| severity.name() == written.text).ok_or_else(|| {
            let message = format!("there is no severity `{}`", written.text);
            self.document.error(&written.node.span, message, "severity").hint("write page or ticket")
        })
    }

    fn at_threshold(&self, written: &Written) -> Result<bool> {
        match written.text.as_str() {
            "gt" => Ok(false),
            "gte" => Ok(true),
            other => {
                let error = self.document.error(&written.node.span, format!("no alert fires at `{other}`"), "operator");
                Err(error.hint("write gt, for burns above the threshold, or gte, for burns at it as well"))
            }
        }
    }

    fn shorter(&self, written: &Written, long: &Length) -> Result<Length> {
        let short = self.length(written)?;
        if short.seconds() < long.seconds() {
            return Ok(short);
        }
        let message = format!("the short window of {short} is not shorter than the long one of {long}");
        Err(self.document.error(&written.node.span, message, "short window").hint("a twelfth of the long one is usual"))
    }

    fn length(&self, written: &Written) -> Result<Length> {
        Length::parse(&written.text)
            .map_err(|message| self.document.error(&written.node.span, message, "length of time").hint("write it like 1h"))
    }

    fn policy(&self, node: Node, base: Policy) -> Result<Policy> {
        const KEYS: [&str; 9] =
            ["owner", "approvers", "revisit", "exemptions", "ship", "caution", "freeze", "no_data", "postmortem_above"];
        let mut fields = Fields::of(self.document, node, "a policy", &KEYS)?;
        let mut policy = base;
        policy.owner = fields.text("owner")?.map(|owner| owner.text).or(policy.owner);
        self.texts(&mut fields, "approvers", &mut policy.approvers)?;
        self.texts(&mut fields, "exemptions", &mut policy.exemptions)?;
        if let Some(date) = fields.text("revisit")? {
            policy.revisit = Some(self.date(&date)?);
        }
        if let Some(share) = fields.text("postmortem_above")? {
            policy.postmortem_above = self.share(&share)?;
        }
        for mode in Mode::ALL {
            if let Some(node) = fields.take(mode.name()) {
                self.mode(mode, node, &mut policy)?;
            }
        }
        Ok(policy)
    }

    /// What a policy says of one mode: its words, or a mapping of words and thresholds.
    fn mode(&self, mode: Mode, node: Node, policy: &mut Policy) -> Result<()> {
        if !matches!(node.content, Content::Map(_)) {
            policy.words[mode as usize] = Some(self.document.text_of(node, &format!("`{}`", mode.name()))?.text);
            return Ok(());
        }
        let keys: &[&str] = match mode {
            Mode::Ship => &["do"],
            Mode::Caution => &["do", "budget_remaining", "alerts", "burn_7d", "unknown"],
            Mode::Freeze => &["do", "budget_remaining"],
            Mode::NoData => &["do", "coverage"],
        };
        let mut fields = Fields::of(self.document, node, &format!("the mode `{}`", mode.name()), keys)?;
        if let Some(words) = fields.text("do")? {
            policy.words[mode as usize] = Some(words.text);
        }
        if let Some(left) = fields.text("budget_remaining")? {
            match mode {
                Mode::Freeze => policy.freeze_below = self.share(&left)?,
                _ => policy.caution_remaining = self.unless_off(&left, Self::share)?,
            }
        }
        if let Some(alerts) = fields.text("alerts")? {
            policy.caution_alerts = self.boolean(&alerts)?;
        }
        if let Some(burn) = fields.text("burn_7d")? {
            policy.caution_burn = self.unless_off(&burn, Self::positive)?;
        }
        if let Some(unknown) = fields.text("unknown")? {
            policy.caution_unknown = self.unless_off(&unknown, Self::share)?;
        }
        if let Some(coverage) = fields.text("coverage")? {
            policy.coverage_floor = self.unless_off(&coverage, Self::share)?;
        }
        Ok(())
    }

    fn texts(&self, fields: &mut Fields<'a>, key: &str, into: &mut Vec<String>) -> Result<()> {
        let Some(node) = fields.take(key) else { return Ok(()) };
        let texts =
            self.document.list_of(node).into_iter().map(|item| Ok(self.document.text_of(item, &format!("`{key}`"))?.text));
        *into = texts.collect::<Result<_>>()?;
        Ok(())
    }

    fn unless_off(&self, written: &Written, read: fn(&Self, &Written) -> Result<u64>) -> Result<Option<u64>> {
        // YAML reads `off` as false.
        if matches!(written.text.as_str(), "off" | "false") { Ok(None) } else { read(self, written).map(Some) }
    }

    /// A share of one, written as a percentage: 0 % to 100 %.
    fn share(&self, written: &Written) -> Result<u64> {
        let percent = written.text.trim().strip_suffix('%').map(str::trim_end);
        let parts = percent.filter(|text| is_decimal(text)).and_then(|text| scaled(text, (PARTS / 100).cast_signed()).ok());
        parts.map(i64::cast_unsigned).filter(|&parts| parts <= PARTS).ok_or_else(|| {
            let message = format!("`{}` is not a share", written.text);
            self.document.error(&written.node.span, message, "share").hint("write a percentage from 0% to 100%, such as 20%")
        })
    }

    fn positive(&self, written: &Written) -> Result<u64> {
        let parts =
            Some(written.text.trim()).filter(|text| is_decimal(text)).and_then(|text| scaled(text, PARTS.cast_signed()).ok());
        parts.map(i64::cast_unsigned).filter(|&parts| parts > 0).ok_or_else(|| {
            let message = format!("`{}` is not a burn rate", written.text);
            self.document.error(&written.node.span, message, "burn rate").hint("write a number above 0, such as 14.4")
        })
    }

    fn count(&self, written: &Written) -> Result<u64> {
        written.text.parse().map_err(|_| {
            let message = format!("`{}` is not a number of events", written.text);
            self.document.error(&written.node.span, message, "number").hint("write a whole number, such as 5")
        })
    }

    fn boolean(&self, written: &Written) -> Result<bool> {
        match written.text.as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(self.document.error(&written.node.span, format!("`{other}` is neither true nor false"), "here")),
        }
    }

    fn date(&self, written: &Written) -> Result<Instant> {
        Instant::parse(&written.text).ok_or_else(|| {
            let message = format!("`{}` is not a date", written.text);
            self.document.error(&written.node.span, message, "date").hint("write it like 2027-01-31")
        })
    }
}

/// How a tier is written.
const TIER_EXAMPLE: &str = "write {severity: page, budget: 2%, long: 1h, short: 5m}, or burn_rate: 14.4 in place of the budget";

fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').map_or(digits(text), |(whole, fraction)| digits(whole) && digits(fraction))
}
