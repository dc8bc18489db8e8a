//! What if the numbers were others: another target, another bound of the latency, in place of those that a definition says.

use std::sync::Arc;

use super::expr::{Condition, Expr};
use super::{Slo, parse};
use crate::error::{Error, ErrorKind, Excerpt, Result};
use crate::ratio::Target;
use crate::record::Field;

/// An indicator whose bound of the latency is another one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rebound {
    /// The SLO's name.
    pub slo: String,
    /// The canonical text of its indicator before.
    pub before: String,
    /// And after.
    pub after: String,
    /// The new bound in ns, as `latency <= bound`.
    pub bound_ns: i64,
}

/// Changes SLOs as `availability=99.95%,latency<=200ms` says: `NAME=TARGET` sets a target, `NAME<=BOUND` the bound of the
/// latency in `good`. Every SLO of that name is changed.
///
/// # Errors
/// [`ErrorKind::Usage`] that points into the text: no SLO of that name, no target, no bound, two of them for one SLO, an indicator
/// that does not compare the latency with one upper bound.
pub fn apply(slos: &mut [Slo], text: &str) -> Result<Vec<Rebound>> {
    let (mut rebounds, mut asked) = (Vec::new(), Vec::new());
    let mut offset = 0;
    for item in text.split(',') {
        let problem = |message: String| wrong(text, offset, item.len(), message);
        let (name, value, is_bound) = match (item.split_once("<="), item.split_once('=')) {
            (Some((name, bound)), _) => (name.trim(), bound.trim(), true),
            (None, Some((name, target))) => (name.trim(), target.trim(), false),
            (None, None) => return Err(problem(format!("`{}` is neither NAME=TARGET nor NAME<=BOUND", item.trim()))),
        };
        if asked.contains(&(name, is_bound)) {
            let what = if is_bound { "bound" } else { "target" };
            return Err(problem(format!("SLO `{name}` has another {what} already: one can be asked about at a time")));
        }
        asked.push((name, is_bound));
        let mut found = false;
        for slo in slos.iter_mut().filter(|slo| slo.name == name) {
            found = true;
            match is_bound {
                true => rebounds.push(rebound(slo, value).map_err(problem)?),
                false => {
                    slo.target = Target::parse(value).map_err(problem)?;
                    slo.objective = value.to_owned();
                }
            }
        }
        if !found {
            return Err(problem(format!("there is no SLO `{name}`")));
        }
        offset += item.len() + 1;
    }
    Ok(rebounds)
}

#[cold]
fn wrong(text: &str, offset: usize, length: usize, message: String) -> Error {
    let excerpt = Excerpt { name: "--what-if".to_owned(), text: text.to_owned(), offset, length, label: "here".to_owned() };
    Error::new(ErrorKind::Usage, message).at(excerpt).hint("write it like 'availability=99.95%,latency<=200ms'")
}

fn rebound(slo: &mut Slo, bound: &str) -> Result<Rebound, String> {
    let condition = parse::expression(&format!("latency <= {bound}"), None).map_err(|problem| problem.message)?;
    let Expr::Condition(Condition::Within { ranges, .. }) = &condition else { return Err(format!("`{bound}` is no latency")) };
    let [(_, bound_ns)] = ranges[..] else { return Err(format!("`{bound}` is no latency")) };
    let mut bounds: Vec<i64> = slo.indicator.good.conditions().into_iter().filter_map(upper_bound).collect();
    bounds.dedup();
    let about_latency = slo.indicator.good.conditions().into_iter().filter(|c| c.field() == Some(&Field::Latency)).count();
    if bounds.len() != 1 || about_latency == 0 {
        return Err(format!("`good` of SLO `{}` does not compare the latency with one upper bound", slo.name));
    }
    let before = slo.indicator.canonical();
    let mut indicator = (*slo.indicator).clone();
    indicator.good = replaced(&indicator.good, &condition);
    slo.indicator = Arc::new(indicator);
    Ok(Rebound { slo: slo.name.clone(), before, after: slo.indicator.canonical(), bound_ns })
}

/// The bound of a condition `latency <= bound`.
fn upper_bound(condition: &Condition) -> Option<i64> {
    let Condition::Within { field: Field::Latency, ranges, .. } = condition else { return None };
    match ranges[..] {
        [(from, to)] if from <= 0 && to < i64::MAX => Some(to),
        _ => None,
    }
}

/// The expression with another bound of the latency.
fn replaced(expr: &Expr, by: &Expr) -> Expr {
    let all = |parts: &[Expr]| parts.iter().map(|part| replaced(part, by)).collect();
    match expr {
        Expr::Condition(condition) if upper_bound(condition).is_some() => by.clone(),
        Expr::Not(inner) => Expr::Not(Box::new(replaced(inner, by))),
        Expr::And(parts) => Expr::And(all(parts)),
        Expr::Or(parts) => Expr::Or(all(parts)),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slo::definitions::Definitions;

    fn slos() -> Vec<Slo> {
        let text = "slos:\n- {name: a, target: 99%, good: status < 500}\n- {name: l, target: 95%, good: status < 500 and latency <= 300ms}\n";
        Definitions::parse("slos.yaml", text).unwrap().slos
    }

    #[test]
    fn a_rebound_is_the_definition_with_another_number() {
        let mut changed = slos();
        let rebounds = apply(&mut changed, "a=99.95%, l<=200ms").unwrap();
        assert_eq!((changed[0].target.to_string(), changed[0].objective.as_str()), ("99.95%".to_owned(), "99.95%"));
        let written = "slos: [{name: l, target: 95%, good: status < 500 and latency <= 200ms}]";
        let written = Definitions::parse("slos.yaml", written).unwrap().slos[0].indicator.canonical();
        assert_eq!((changed[1].indicator.canonical(), rebounds[0].after.clone()), (written.clone(), written));
        assert_eq!((rebounds[0].bound_ns, rebounds[0].before.clone()), (200_000_000, slos()[1].indicator.canonical()));
    }

    #[test]
    fn mistakes_are_pointed_at() {
        let cases = [
            ("b=99%", "--what-if:1:1: there is no SLO `b`"),
            ("a", "--what-if:1:1: `a` is neither NAME=TARGET nor NAME<=BOUND"),
            (
                "a=99%,l=100%",
                "--what-if:1:7: target `100%` is 100 %: no event could ever be bad; choose one below, such as 99.99%",
            ),
            ("a=99%,l=99%,a=98%", "--what-if:1:13: SLO `a` has another target already: one can be asked about at a time"),
            ("l<=2s, l<=1s", "--what-if:1:7: SLO `l` has another bound already: one can be asked about at a time"),
            ("a<=200ms", "--what-if:1:1: `good` of SLO `a` does not compare the latency with one upper bound"),
        ];
        for (text, message) in cases {
            assert_eq!(apply(&mut slos(), text).unwrap_err().to_string(), message);
        }
        assert!(apply(&mut slos(), "l<=200").is_err());
    }
}
