//! What the first lines of a log tell of it: its format, or that it has no requests.

use std::sync::Arc;

use super::{Detection, Detector, says_nothing};
use crate::error::{ErrorKind, Result};
use crate::format::Format;
use crate::format::envelope::{self, Envelope};

/// The first lines of a log.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The lines, without their ends; [`SAMPLE_LINES_MAX`](super::SAMPLE_LINES_MAX) are enough.
    pub lines: &'a [&'a [u8]],
    /// Whether nothing further can tell more: these are all lines, or as many as are looked at. A stream that goes on may come to its requests.
    pub is_all: bool,
    /// Whether the last line has no end, though the log has ended.
    pub is_cut_off: bool,
}

/// What is known of a log by its [`Sample`].
#[derive(Clone, Debug)]
pub enum Answer {
    /// Its format.
    Format(Detection),
    /// All lines are blank, comments, or known not to be requests. Where that is so in envelopes alone, a format with them reads the lines, whatever
    /// that of requests would be.
    NoRequests(Option<Arc<Format>>),
}

impl Detector {
    /// What the lines tell. Half a line at the end tells nothing, but it may be all that speaks against a format.
    ///
    /// # Errors
    /// As [`Detector::find`], where some line may be a request, or others may come.
    pub fn tell(&self, sample: &Sample) -> Result<Answer> {
        let Sample { lines, is_all, is_cut_off } = *sample;
        if is_all && lines.iter().all(|line| says_nothing(line)) {
            return Ok(Answer::NoRequests(None));
        }
        let found = self.find_among(lines, is_cut_off);
        match &found {
            Err(error) if error.kind() != ErrorKind::Format => found.map(Answer::Format),
            Err(_) if is_all && let Some(envelopes) = silent_envelopes(lines) => {
                Ok(Answer::NoRequests(self.without_requests(envelopes)))
            }
            Err(_)
                if is_cut_off
                    && let [whole @ .., _] = lines
                    && !whole.is_empty() =>
            {
                self.find(whole).or(found).map(Answer::Format)
            }
            _ => found.map(Answer::Format),
        }
    }

    /// What reads lines in these envelopes that are all known to be no requests. Headers are found by any format, and one that lacks the year is not to
    /// be asked for it.
    fn without_requests(&self, envelopes: Vec<Envelope>) -> Option<Arc<Format>> {
        let is_asked = !envelopes.is_empty() && !envelopes.iter().any(|envelope| envelope.is_header());
        let first = self.formats().first().filter(|_| is_asked)?;
        Some(Arc::new(Format { envelopes, ..first.clone() }))
    }
}

/// The envelopes, if any, in which none of these lines says anything.
fn silent_envelopes(lines: &[&[u8]]) -> Option<Vec<Envelope>> {
    let is_so = |nesting: &Vec<Envelope>| {
        let inner = envelope::unwrapped(lines.iter().copied(), nesting);
        !nesting.contains(&Envelope::Shipper) && inner.iter().all(|line| says_nothing(&line.text))
    };
    envelope::nestings(lines).into_iter().rev().find(is_so)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::preset;

    /// Name and envelopes of what is told.
    fn told(lines: &[&str], is_all: bool, is_cut_off: bool) -> Option<(String, usize)> {
        let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        let detector = Detector::new(preset::candidates().unwrap(), None).unwrap();
        match detector.tell(&Sample { lines: &lines, is_all, is_cut_off }).ok()? {
            Answer::Format(found) => Some((found.format.name.clone(), found.format.envelopes.len())),
            Answer::NoRequests(None) => Some(("no requests".into(), 0)),
            Answer::NoRequests(Some(format)) => Some(("no requests".into(), format.envelopes.len())),
        }
    }

    #[test]
    fn a_log_is_told_by_requests_and_by_the_lack_of_them() {
        const REQUEST: &str = r#"192.0.2.7 - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 512"#;
        const ERROR: &str = "2026/11/01 10:00:00 [error] 7#7: *1 open() failed";
        let named = |name: &str, envelopes: usize| Some((name.to_owned(), envelopes));
        assert_eq!(told(&[ERROR, REQUEST], true, false), named("common", 0));
        assert_eq!(told(&[ERROR, "", "# comment"], true, false), named("no requests", 0));
        // More may come.
        assert_eq!(told(&[ERROR, ""], false, false), None);
        let wrapped = format!("2026-11-01T10:00:00Z stderr F {ERROR}");
        assert_eq!(told(&[&wrapped, &wrapped], true, false), named("no requests", 1));
        // A last line of another format is one, unless it may be half of one.
        let combined = format!(r#"{REQUEST} "-" "curl/8.5.0""#);
        let formats = |is_cut_off: bool| {
            let detector = Detector::new(preset::candidates().unwrap(), None).unwrap();
            let lines = [combined.as_bytes(), combined.as_bytes(), REQUEST.as_bytes()];
            match detector.tell(&Sample { lines: &lines, is_all: true, is_cut_off }).unwrap() {
                Answer::Format(found) => found.format.others.iter().map(|other| other.name.clone()).collect::<Vec<_>>(),
                Answer::NoRequests(_) => Vec::new(),
            }
        };
        assert_eq!((formats(false), formats(true)), (vec!["common".to_owned()], vec![]));
        // Half a line is the only one that is no request, and not the only line.
        assert_eq!(told(&[REQUEST, &REQUEST[..40]], true, true), named("common", 0));
        assert_eq!(told(&[REQUEST, &REQUEST[..40]], true, false), None);
        assert_eq!(told(&[&REQUEST[..40]], true, true), None);
    }
}
