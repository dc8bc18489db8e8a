//! The fast reader of delimited lines: fields by the positions of marks.
//!
//! Most lines of a log have the *regular shape*: each mark byte of the format (its quotes, say) stands just where the
//! template has one, and nowhere else. Then the n-th mark of the line is the n-th mark of the template, and a field between
//! two marked literals is found without looking at its bytes. As pseudo-code, for one line:
//!
//! ```text
//! for each marked literal, in order:
//!     does it stand around its mark?                     one masked comparison of eight bytes
//!     for each field since the literal before:
//!         up to the next unmarked literal                the aux bits, or the field's own shape
//!         or, for the last one, up to the marked literal
//! ```
//!
//! The shape decides nothing by itself. Whatever does not fit is declined, and the careful reader ([`super::plan`])
//! takes the line; whatever is accepted has the spans that the careful reader would have found. That holds because each
//! field here ends at the very first place where the careful reader could end it: a text that is followed by an unmarked
//! literal ends at the first aux byte, or is declined; a text before a marked literal holds no mark, and is declined
//! if it holds the literal's first byte; every literal and every shaped field is checked, asked for or not.

use super::number;
use super::plan::{Check, Found, Plan, Step, TimeFound, UsualRequest};
use super::{Escape, clock::TimeRead};
use crate::marks::{MarkSet, Marks};
use crate::record::Slot;

/// The fast reader of one template.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// What to mark.
    pub(super) set: MarkSet,
    /// Marks in a regular line, without its newline.
    pub(super) marks: usize,
    runs: Vec<Run>,
    last: Vec<Op>,
    escape: Escape,
}

/// A stretch of fields, and the marked literal that ends it.
#[derive(Clone, Debug)]
struct Run {
    ops: Vec<Op>,
    literal: Literal,
    /// Which mark of the line stands in the literal, and where.
    mark: usize,
    mark_offset: usize,
}

/// How to read one field of a run.
#[derive(Clone, Debug)]
enum Op {
    /// Text up to an unmarked literal that begins with the aux byte.
    TextTo { field: usize, literal: Literal },
    /// Text up to the end of the run; it must not hold the aux byte if `clean`.
    TextRest { field: usize, clean: bool },
    /// Text between quotes that are marks.
    Quoted { field: usize, check: Check },
    /// A number up to an unmarked literal, or to the end of the run.
    Number { field: usize, lists: bool, literal: Option<Literal> },
    /// A status up to an unmarked literal, or to the end of the run.
    Status { field: usize, lists: bool, literal: Option<Literal> },
    /// A time up to an unmarked literal, or to the end of the run.
    Time { field: usize, reader: usize, literal: Option<Literal> },
}

/// A literal of up to eight bytes, compared in one step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Literal {
    want: u64,
    mask: u64,
    length: usize,
}

const LITERAL_BYTES_MAX: usize = 8;

impl Literal {
    fn new(text: &[u8]) -> Option<Literal> {
        let mut bytes = [0; LITERAL_BYTES_MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        let mask = u64::MAX.checked_shr(64 - 8 * text.len() as u32).unwrap_or(0);
        Some(Literal { want: u64::from_le_bytes(bytes), mask, length: text.len() })
    }

    #[inline]
    fn stands_at(self, block: &[u8], at: usize) -> bool {
        eight(block, at).is_some_and(|word| (word ^ self.want) & self.mask == 0)
    }
}

/// Eight bytes at `at`, if the block goes that far.
#[inline]
fn eight(block: &[u8], at: usize) -> Option<u64> {
    block.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// A template flattened to literals and fields, quotes among the literals.
enum Part<'a> {
    Literal(Vec<u8>),
    Field(&'a Step),
}

fn flatten(steps: &[Step]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut push_text = |parts: &mut Vec<Part>, text: &[u8]| match parts.last_mut() {
        Some(Part::Literal(before)) => before.extend_from_slice(text),
        _ => parts.push(Part::Literal(text.to_vec())),
    };
    for step in steps {
        match step {
            Step::Literal { text, .. } => push_text(&mut parts, text),
            Step::Quoted { .. } => {
                push_text(&mut parts, b"\"");
                parts.push(Part::Field(step));
                push_text(&mut parts, b"\"");
            }
            _ => parts.push(Part::Field(step)),
        }
    }
    parts
}

/// The byte that marks: the quote if there is one, else the byte that begins most literals.
fn mark_byte(parts: &[Part]) -> Option<u8> {
    let literals = || parts.iter().filter_map(|part| if let Part::Literal(text) = part { Some(text) } else { None });
    if literals().any(|text| text.contains(&b'"')) {
        return Some(b'"');
    }
    most_common(literals().filter_map(|text| text.first().copied()))
}

fn most_common(bytes: impl Iterator<Item = u8>) -> Option<u8> {
    let mut counts = [0usize; 256];
    bytes.for_each(|b| counts[usize::from(b)] += 1);
    (0..=255u8).filter(|&b| counts[usize::from(b)] > 0).max_by_key(|&b| counts[usize::from(b)])
}

impl Shape {
    /// The regular shape of a plan; none where it has no literal to hold on to, or one that is too long.
    pub(super) fn new(plan: &Plan) -> Option<Shape> {
        let parts = flatten(&plan.steps);
        let mark = mark_byte(&parts)?;
        let unmarked = parts.iter().filter_map(|part| match part {
            Part::Literal(text) if !text.contains(&mark) => text.first().copied(),
            _ => None,
        });
        let aux = most_common(unmarked).unwrap_or(b' ');
        if plan.open_ended {
            return None;
        }
        let mut shape =
            Shape { set: MarkSet { marks: [mark; 2], aux }, marks: 0, runs: Vec::new(), last: Vec::new(), escape: plan.escape };
        shape.compile(plan, &parts, mark)?;
        Some(shape)
    }

    fn compile(&mut self, plan: &Plan, parts: &[Part], mark: u8) -> Option<()> {
        let mut ops = Vec::new();
        for (i, part) in parts.iter().enumerate() {
            match part {
                Part::Field(step) => {
                    let next = match parts.get(i + 1) {
                        Some(Part::Literal(text)) => Some(&text[..]),
                        Some(Part::Field(_)) => return None,
                        None => None,
                    };
                    self.marks += marks_inside(plan, step, mark)?;
                    ops.push(self.op(step, next, mark)?);
                }
                Part::Literal(text) => match text.iter().position(|&b| b == mark) {
                    Some(mark_offset) => {
                        let literal = Literal::new(text)?;
                        self.runs.push(Run { ops: std::mem::take(&mut ops), literal, mark: self.marks, mark_offset });
                        self.marks += text.iter().filter(|&&b| b == mark).count();
                    }
                    // An unmarked literal belongs to the field before it; at the beginning of a line there is none.
                    None if i == 0 || i + 1 == parts.len() => return None,
                    None => {}
                },
            }
        }
        self.last = ops;
        Some(())
    }

    /// The op for a field that is followed by `next`.
    fn op(&self, step: &Step, next: Option<&[u8]>, mark: u8) -> Option<Op> {
        let unmarked = next.filter(|text| !text.contains(&mark));
        let literal = match unmarked {
            Some(text) => Some(Literal::new(text)?),
            None => None,
        };
        // A shaped field would go on into a literal that looks like a part of it.
        let blends = next.and_then(|text| text.first()).is_some_and(|b| b.is_ascii_digit() || b".,:-+Z".contains(b));
        match *step {
            Step::Text { field } => match (literal, unmarked) {
                (Some(literal), Some(text)) => (text[0] == self.set.aux).then_some(Op::TextTo { field, literal }),
                _ => {
                    let first = next.and_then(|text| text.first()).copied().filter(|&b| b != mark);
                    first.is_none_or(|b| b == self.set.aux).then_some(Op::TextRest { field, clean: first.is_some() })
                }
            },
            Step::Quoted { field, check } => (mark == b'"').then_some(Op::Quoted { field, check }),
            Step::Number { field, lists } => (!blends).then_some(Op::Number { field, lists, literal }),
            Step::Status { field, lists } => (!blends).then_some(Op::Status { field, lists, literal }),
            Step::Time { field, reader } => (!blends).then_some(Op::Time { field, reader, literal }),
            Step::Literal { .. } => None,
        }
    }

    /// Reads the line that begins at `start` of `block`, ends at `end` (without its line end), and has these marks. On `false`
    /// nothing is known about it; on `true` the spans (relative to `start`) and times of `found` are set.
    #[inline]
    pub(super) fn read(
        &self,
        block: &[u8],
        start: usize,
        end: usize,
        line_marks: &[u32],
        marks: &Marks,
        found: &mut Found,
    ) -> bool {
        let mut line = Line { block, start, at: start, marks, found, escape: self.escape };
        for run in &self.runs {
            let limit = (line_marks[run.mark] as usize).wrapping_sub(run.mark_offset);
            if !run.literal.stands_at(block, limit) || limit < line.at {
                return false;
            }
            for op in &run.ops {
                if !line.read(op, limit) {
                    return false;
                }
            }
            if line.at != limit {
                return false;
            }
            line.at = limit + run.literal.length;
        }
        if line.at > end {
            return false;
        }
        for op in &self.last {
            if !line.read(op, end) {
                return false;
            }
        }
        line.at == end
    }
}

/// How many marks a field holds in a regular line; none where that is not known.
fn marks_inside(plan: &Plan, step: &Step, mark: u8) -> Option<usize> {
    match step {
        Step::Time { .. } if b"/:+-.".contains(&mark) || mark.is_ascii_alphanumeric() => None,
        Step::Time { reader, .. } if mark == b' ' => plan.blanks_in_time(*reader),
        _ => Some(0),
    }
}

/// A line on its way through the ops.
struct Line<'a> {
    block: &'a [u8],
    start: usize,
    at: usize,
    marks: &'a Marks,
    found: &'a mut Found,
    escape: Escape,
}

/// The last op of a stretch sees to it that the stretch is used up.
impl Line<'_> {
    #[inline]
    fn go_to(&mut self, behind: Option<u32>, limit: u32) -> bool {
        self.at = behind.unwrap_or(self.start);
        self.limit = limit;
        true
    }

    #[inline]
    fn text_to(&mut self, field: Option<usize>, literal: Literal) -> bool {
        match self.marks.next_aux(self.at as usize, self.limit as usize) {
            Some(end) => {
                self.set(field, end as u32);
                self.pass(literal)
            }
            None => false,
        }
    }

    #[inline]
    fn text_rest(&mut self, field: Option<usize>, clean: bool) -> bool {
        let fits = !clean || self.marks.next_aux(self.at as usize, self.limit as usize).is_none();
        self.set(field, self.limit);
        fits
    }

    /// Notes the span of the request, and its parts if it is a usual one.
    #[inline]
    fn request(&mut self, field: usize) -> bool {
        let (from, to) = (self.at, self.limit);
        self.found.usual.field = None;
        if let Some((method_end, target_end)) = split_usual(self.block, from, to) {
            let path_end = self.marks.next_path_end(method_end as usize + 1, target_end as usize);
            let path_end = path_end.map_or(target_end, |end| end as u32);
            let span = |from: u32, to: u32| Slot::Line(from - self.start, to - self.start);
            self.found.usual =
                UsualRequest { field: Some(field), method: span(from, method_end), path: span(method_end + 1, path_end) };
        }
        self.set(Some(field), to);
        true
    }

    #[inline]
    fn number(&mut self, field: Option<usize>, lists: bool, literal: Option<Literal>) -> bool {
        let end = self.number_end(lists);
        self.set(field, end);
        self.after(literal)
    }

    #[inline]
    fn status(&mut self, field: usize, lists: bool, literal: Option<Literal>) -> bool {
        let usual_end = self.at + 3;
        if words::is_status(self.block, self.at) && !words::goes_on(self.block, usual_end) {
            self.set(Some(field), usual_end);
            return self.after(literal);
        }
        let end = self.number_end(lists);
        let is_status = self.block.get(self.at as usize..end as usize).is_some_and(|text| number::status(text).is_some());
        self.set(Some(field), end);
        is_status && self.after(literal)
    }

    #[inline]
    fn time(&mut self, reader: usize, literal: Option<Literal>) -> bool {
        let Some(text) = self.block.get(self.at as usize..self.limit as usize) else { return false };
        match self.found.readers[reader].read(text) {
            TimeRead::At(t, length) => {
                self.found.times[reader] = TimeFound::At(t);
                self.at += length as u32;
                self.after(literal)
            }
            _ => false,
        }
    }

    /// Where the number, or list of numbers, that begins here ends.
    #[inline]
    fn number_end(&self, lists: bool) -> u32 {
        match words::number_end(self.block, self.at) {
            Some(end) if end <= self.limit && !(lists && words::goes_on(self.block, end)) => end,
            _ => self.at + self.odd_number_length(lists),
        }
    }

    #[cold]
    fn odd_number_length(&self, lists: bool) -> u32 {
        self.block.get(self.at as usize..self.limit as usize).map_or(0, |text| number::shape_length(text, lists) as u32)
    }

    /// Notes the span from here to `end` if it is asked for, and goes there.
    #[inline]
    fn set(&mut self, field: Option<usize>, end: u32) {
        if let Some(field) = field {
            self.found.spans[field] = Slot::Line(self.at - self.start, end - self.start);
        }
        self.at = end;
    }

    /// Whether a shaped field ends as it must: before its literal, or at the end of the stretch.
    #[inline]
    fn after(&mut self, literal: Option<Literal>) -> bool {
        match literal {
            Some(literal) => self.pass(literal),
            None => self.at == self.limit,
        }
    }

    #[inline]
    fn pass(&mut self, literal: Literal) -> bool {
        let stands = literal.difference(self.block, self.at) == 0;
        self.at += literal.length;
        stands && self.at <= self.limit
    }
}
