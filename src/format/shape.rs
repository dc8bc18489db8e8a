//! The fast reader of delimited lines: fields by the positions of marks.
//!
//! Most lines of a log have the *regular shape*: each mark byte of the format (its quotes, say) stands just where the
//! template has one, and nowhere else. Then the n-th mark of the line is the n-th mark of the template, and a field between
//! two marked literals is found without looking at its bytes. As pseudo-code, for one line:
//!
//! ```text
//! for each marked literal:  does it stand around its mark?         one masked comparison of eight bytes
//! for each field that is asked for, or has a shape to be checked:
//!     up to the next unmarked literal                              the aux bits, or the field's own shape
//!     or up to the next marked literal                             its mark
//! ```
//!
//! Where `\` escapes, it is a mark too: a line that has one is regular once the escaped bytes are taken out of its marks
//! ([`Shape::without_escaped`]).
//!
//! The shape decides nothing by itself. Whatever does not fit is declined, and the careful reader ([`super::plan`])
//! takes the line; whatever is accepted has the spans that the careful reader would have found. That holds because each
//! field here ends at the very first place where the careful reader could end it: a text that is followed by an unmarked
//! literal ends at the first aux byte, or is declined; a text before a marked literal holds no mark, and is declined
//! if it holds the literal's first byte; every literal and every shaped field is checked, asked for or not.

use super::plan::{Check, Found, Plan, Step, TimeFound, UsualRequest};
use super::request::split_usual;
use super::words::{self, Literal};
use super::{Escape, clock::TimeRead, number};
use crate::marks::{MarkSet, Marks};
use crate::record::Slot;

/// The fast reader of one template.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// What to mark.
    pub(super) set: MarkSet,
    /// Marks in a regular line, without its newline.
    pub(super) marks: usize,
    literals: Vec<MarkedLiteral>,
    ops: Vec<Op>,
}

/// A literal that holds marks.
#[derive(Clone, Copy, Debug)]
struct MarkedLiteral {
    literal: Literal,
    /// Which mark of the line stands in it first, and how far behind the literal's beginning.
    mark: usize,
    mark_offset: u32,
}

/// What to do with a stretch between two marked literals, or with a field of it.
#[derive(Clone, Copy, Debug)]
enum Op {
    /// Go to the stretch behind literal `after` (none: the beginning of the line), up to the literal behind it.
    Stretch { after: Option<usize> },
    /// Text up to an unmarked literal that begins with the aux byte.
    TextTo { field: Option<usize>, literal: Literal },
    /// Text up to the end of the stretch; it must not hold the aux byte if `clean`.
    TextRest { field: Option<usize>, clean: bool },
    /// A request line, up to the end of the stretch.
    Request { field: usize },
    /// A number up to an unmarked literal, or to the end of the stretch.
    Number { field: Option<usize>, lists: bool, literal: Option<Literal> },
    /// A status up to an unmarked literal, or to the end of the stretch.
    Status { field: usize, lists: bool, literal: Option<Literal> },
    /// A time up to an unmarked literal, or to the end of the stretch.
    Time { reader: usize, literal: Option<Literal> },
}

/// A template flattened to literals and fields, quotes among the literals.
enum Part<'a> {
    Literal(Vec<u8>),
    Field(&'a Step),
}

fn flatten(steps: &[Step]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let push_text = |parts: &mut Vec<Part>, text: &[u8]| match parts.last_mut() {
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

/// What the ops are compiled from.
struct Compiler<'a> {
    plan: &'a Plan,
    /// Which fields are asked for.
    needed: &'a [bool],
    mark: u8,
    aux: u8,
    marks: usize,
    literals: Vec<MarkedLiteral>,
    ops: Vec<Op>,
}

impl Shape {
    /// The regular shape of a plan of which some fields are needed; none where it has no literal to hold on to, or one that is
    /// too long.
    pub(super) fn new(plan: &Plan, needed: &[bool]) -> Option<Shape> {
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
        let mut compiler = Compiler { plan, needed, mark, aux, marks: 0, literals: Vec::new(), ops: Vec::new() };
        compiler.compile(&parts)?;
        let Compiler { marks, literals, ops, .. } = compiler;
        let escape = if plan.escape == Escape::Backslash { b'\\' } else { mark };
        Some(Shape { set: MarkSet { marks: [mark, escape], aux }, marks, literals, ops })
    }

    /// Reads the line `start..end` of a block, given its marks. On `false` nothing is known about it; on `true` the spans that
    /// are needed (relative to `start`) and the times of `found` are set.
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
        // All literals at once, without a branch for each.
        let (mut difference, mut overlap, mut behind) = (0, false, start as u32);
        for marked in &self.literals {
            let at = line_marks[marked.mark].wrapping_sub(marked.mark_offset);
            difference |= marked.literal.difference(block, at);
            overlap |= at < behind;
            behind = at.wrapping_add(marked.literal.length);
        }
        if difference != 0 || overlap || behind > end as u32 {
            return false;
        }
        let mut line = Line { block, start: start as u32, at: start as u32, limit: end as u32, marks, found };
        for op in &self.ops {
            let fits = match *op {
                Op::Stretch { after } => {
                    line.go_to(after.map(|i| self.behind(i, line_marks)), self.limit(after, end, line_marks))
                }
                Op::TextTo { field, literal } => line.text_to(field, literal),
                Op::TextRest { field, clean } => line.text_rest(field, clean),
                Op::Request { field } => line.request(field),
                Op::Number { field, lists, literal } => line.number(field, lists, literal),
                Op::Status { field, lists, literal } => line.status(field, lists, literal),
                Op::Time { reader, literal } => line.time(reader, literal),
            };
            if !fits {
                return false;
            }
        }
        true
    }

    /// Where literal `i` begins, once it is known to stand there.
    #[inline]
    fn begin(&self, i: usize, line_marks: &[u32]) -> u32 {
        line_marks[self.literals[i].mark].wrapping_sub(self.literals[i].mark_offset)
    }

    #[inline]
    fn behind(&self, i: usize, line_marks: &[u32]) -> u32 {
        self.begin(i, line_marks).wrapping_add(self.literals[i].literal.length)
    }

    /// The end of the stretch behind literal `after`.
    #[inline]
    fn limit(&self, after: Option<usize>, end: usize, line_marks: &[u32]) -> u32 {
        let next = after.map_or(0, |i| i + 1);
        if next < self.literals.len() { self.begin(next, line_marks) } else { end as u32 }
    }

    /// The marks of a line without its escapes: each `\` and the byte behind it, if that is a mark too. None if there are more
    /// than a regular line has.
    #[cold]
    pub(super) fn without_escaped(&self, block: &[u8], line_marks: &[u32]) -> Option<[u32; MARKS_MAX]> {
        let mut kept = [0; MARKS_MAX];
        let (mut count, mut escaped) = (0, None);
        for &mark in line_marks {
            if escaped == Some(mark) {
                escaped = None;
            } else if block[mark as usize] == b'\\' {
                escaped = Some(mark + 1);
            } else {
                *kept.get_mut(count)? = mark;
                count += 1;
            }
        }
        (count == self.marks && self.set.marks[1] == b'\\').then_some(kept)
    }
}

/// Marks that a line may have for its escapes to be taken out.
pub(super) const MARKS_MAX: usize = 64;

impl Compiler<'_> {
    fn compile(&mut self, parts: &[Part]) -> Option<()> {
        let mut is_new_stretch = true;
        for (i, part) in parts.iter().enumerate() {
            match part {
                Part::Field(step) => {
                    let next = match parts.get(i + 1) {
                        Some(Part::Literal(text)) => Some(&text[..]),
                        Some(Part::Field(_)) => return None,
                        None => None,
                    };
                    self.marks += marks_inside(self.plan, step, self.mark)?;
                    self.field(step, next, is_new_stretch)?;
                    is_new_stretch = false;
                }
                Part::Literal(text) => match text.iter().position(|&b| b == self.mark) {
                    Some(offset) => {
                        let literal = Literal::new(text)?;
                        self.literals.push(MarkedLiteral { literal, mark: self.marks, mark_offset: offset as u32 });
                        self.marks += text.iter().filter(|&&b| b == self.mark).count();
                        is_new_stretch = true;
                    }
                    // An unmarked literal belongs to the field before it; at the beginning of a line there is none.
                    None if i == 0 || i + 1 == parts.len() => return None,
                    None => {}
                },
            }
        }
        (self.marks <= MARKS_MAX).then_some(())
    }

    /// Adds the op for a field that is followed by `next`, unless nothing is to be done for it.
    fn field(&mut self, step: &Step, next: Option<&[u8]>, is_new_stretch: bool) -> Option<()> {
        let op = self.op(step, next)?;
        let is_alone = is_new_stretch && next.is_none_or(|text| text.contains(&self.mark));
        if is_alone && matches!(op, Op::TextRest { field: None, clean: false }) {
            return Some(());
        }
        if is_new_stretch {
            self.ops.push(Op::Stretch { after: self.literals.len().checked_sub(1) });
        }
        self.ops.push(op);
        Some(())
    }

    fn op(&self, step: &Step, next: Option<&[u8]>) -> Option<Op> {
        let unmarked = next.filter(|text| !text.contains(&self.mark));
        let literal = match unmarked {
            Some(text) => Some(Literal::new(text)?),
            None => None,
        };
        // A shaped field would go on into a literal that looks like a part of it.
        let blends = next.and_then(|text| text.first()).is_some_and(|b| b.is_ascii_digit() || b".,:-+Z".contains(b));
        let needed = |field: usize| self.needed[field].then_some(field);
        match *step {
            Step::Text { field }
                if self.plan.is_request(field)
                    && self.needed[field]
                    && literal.is_none()
                    && next.is_none_or(|t| t[0] == self.mark) =>
            {
                Some(Op::Request { field })
            }
            Step::Text { field } => match (literal, unmarked) {
                (Some(literal), Some(text)) => (text[0] == self.aux).then_some(Op::TextTo { field: needed(field), literal }),
                _ => {
                    let first = next.and_then(|text| text.first()).copied().filter(|&b| b != self.mark);
                    first.is_none_or(|b| b == self.aux).then_some(Op::TextRest { field: needed(field), clean: first.is_some() })
                }
            },
            Step::Quoted { field, check } if self.mark == b'"' => Some(match check {
                Check::Nothing if self.plan.is_request(field) && self.needed[field] => Op::Request { field },
                Check::Nothing => Op::TextRest { field: needed(field), clean: false },
                Check::Number => Op::Number { field: needed(field), lists: true, literal: None },
                Check::Status => Op::Status { field, lists: true, literal: None },
                Check::Time(reader) => Op::Time { reader, literal: None },
            }),
            Step::Number { field, lists } => (!blends).then_some(Op::Number { field: needed(field), lists, literal }),
            Step::Status { field, lists } => (!blends).then_some(Op::Status { field, lists, literal }),
            Step::Time { reader, .. } => (!blends).then_some(Op::Time { reader, literal }),
            Step::Literal { .. } | Step::Quoted { .. } => None,
        }
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

/// A line on its way through the ops: a stretch of it, from `at` to `limit`.
struct Line<'a> {
    block: &'a [u8],
    start: u32,
    at: u32,
    limit: u32,
    marks: &'a Marks,
    found: &'a mut Found,
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
