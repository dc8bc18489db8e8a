//! Where a line stops being what its format says: for people, and not on the way of any line that is read.
//!
//! A quoted field or a text ends where the line can go on behind it. If it can nowhere, the field as such is what cannot be read, but
//! what a person looks for stands further on: the place that the line can be read to behind the best of its possible ends.

use memchr::memchr_iter;

use super::clock::TimeRead;
use super::number;
use super::plan::{Found, Misfit, Plan, Step};

/// Ends of a field that are tried: the first ones. It bounds the time that a line of nothing but quotes takes.
const ENDS_MAX: usize = 64;

impl Plan {
    /// Where a line that does not fit stops fitting, and the step that fails there.
    pub(super) fn furthest(&self, misfit: Misfit, line: &[u8], found: &mut Found) -> (usize, usize) {
        let here = (misfit.at, misfit.step);
        let ends: Vec<usize> = match self.steps.get(misfit.step) {
            Some(Step::Quoted { .. }) if line.get(misfit.at) == Some(&b'"') => {
                memchr_iter(b'"', &line[misfit.at + 1..]).take(ENDS_MAX).map(|quote| misfit.at + 1 + quote + 1).collect()
            }
            Some(Step::Text { .. }) => match self.steps.get(misfit.step + 1) {
                Some(Step::Literal { finder, .. }) => {
                    finder.find_iter(&line[misfit.at..]).take(ENDS_MAX).map(|end| misfit.at + end).collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        let reached = ends.into_iter().map(|end| self.reach(misfit.step + 1, line, end, found));
        // The end behind which most can be read is the right one, and of equals the first.
        reached.rev().max_by_key(|(_, step)| *step).filter(|(_, step)| *step > misfit.step + 1).unwrap_or(here)
    }

    /// How far a line goes on at `at` with step `i` and those behind it.
    fn reach(&self, i: usize, line: &[u8], mut at: usize, found: &mut Found) -> (usize, usize) {
        // A shaped field that is followed by something else is what is wrong, and not what follows it.
        let mut shaped = None;
        for (step, i) in self.steps[i..].iter().zip(i..) {
            let length = match step {
                Step::Literal { text, .. } if line[at..].starts_with(text) => text.len(),
                Step::Literal { .. } => return shaped.unwrap_or((at, i)),
                Step::Number { lists, padded, .. } => {
                    let blanks = if *padded { line[at..].iter().take_while(|&&b| b == b' ').count() } else { 0 };
                    blanks + number::shape_length(&line[at + blanks..], *lists)
                }
                Step::Status { lists, .. } => number::shape_length(&line[at..], *lists),
                Step::Time { reader, .. } => match found.readers[*reader].read(&line[at..]) {
                    TimeRead::At(_, length) | TimeRead::NoZone(length) => length,
                    TimeRead::Bad => usize::from(line.get(at) == Some(&b'-')),
                },
                Step::Quoted { .. } if line.get(at) == Some(&b'-') => 1,
                Step::Quoted { .. } | Step::Text { .. } => return (at, i),
            };
            shaped = (!matches!(step, Step::Literal { .. })).then_some((at, i));
            at += length;
        }
        shaped.filter(|_| at < self.end_of(line)).unwrap_or((at, self.steps.len()))
    }
}

#[cfg(test)]
mod tests {
    use crate::format::Format;
    use crate::format::extract::Extractor;

    #[test]
    fn the_place_is_where_the_line_goes_wrong() {
        let misread = |line: &str| {
            let extractor = Extractor::bind(&Format::parse("combined").unwrap(), &[], None).unwrap();
            let misread = extractor.misread(line.as_bytes(), &mut extractor.reader("")).unwrap();
            (line[misread.at..].to_owned(), misread.expected)
        };
        let head = r#"192.0.2.7 - - [02/Nov/2026:05:00:00 +0000] "#;
        for (rest, at, expected) in [
            (r#""GET / HTTP/1.1" 2OO 7 "-" "x""#, r#"2OO 7 "-" "x""#, "a status (%>s)"),
            (r#""GET / HTTP/1.1" 200 7kB "-" "x""#, r#"7kB "-" "x""#, "a number (%b)"),
            (r#""GET /a"b HTTP/1.1" 200 x "-" "x""#, r#"x "-" "x""#, "a number (%b)"),
            (r#""GET / HTTP/1.1" 200"#, "200", "a status (%>s)"),
            (r#""GET / HTTP/1.1"#, r#""GET / HTTP/1.1"#, "%r, and what follows it"),
        ] {
            assert_eq!(misread(&format!("{head}{rest}")), (at.to_owned(), expected.to_owned()), "{rest}");
        }
        let no_time = r#"192.0.2.7 - - [02/Nov/2026] "GET / HTTP/1.1" 200 7 "-" "x""#;
        assert_eq!(misread(no_time).1, "a time (%t)");
    }
}
