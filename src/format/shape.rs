//! The fast reader of delimited lines: fields by the positions of marks.
//!
//! Most lines of a log have the *regular shape*: each mark byte of the format (its quotes, say) stands just where the
//! template has one, and nowhere else. Then the n-th mark of the line is the n-th mark of the template, and a field between
//! two marked literals is found without looking at its bytes. As pseudo-code, for a batch of lines:
//!
//! ```text
//! for each marked literal:
//!     for each line:    does it stand around its mark?             one masked comparison of eight bytes
//! for each field that is asked for, or has a shape to be checked:
//!     for each line:    up to the next unmarked literal            the aux bits, or the field's own shape
//!                       or up to the next marked literal           its mark
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

use super::clock::{TimeRead, TimeReader};
use super::plan::{Check, Plan, Step};
use super::request::split_usual;
use super::words::{self, Literal};
use super::{Escape, number};
use crate::batch::{BATCH_LINES, Batch, Column};
use crate::marks::{MarkSet, Marks};
use crate::time::Instant;

/// The fast reader of one template.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// What to mark.
    pub(super) set: MarkSet,
    /// Marks in a regular line, without its newline.
    pub(super) marks: usize,
    literals: Vec<MarkedLiteral>,
    /// Whether the first literal begins every line, and whether the last one ends it.
    at_edges: (bool, bool),
    /// Whether all marks behind a `\` may be left out: it is so where no mark ends an unquoted text.
    unescapes: bool,
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
    /// Go to the stretch behind literal `after` (none: the beginning of the line).
    Stretch { after: Option<usize> },
    /// An unmarked literal at the beginning of the line.
    Literal { literal: Literal },
    /// The end of a stretch that an unmarked literal closes.
    End,
    /// Text up to an unmarked literal that begins with the aux byte, or with another one.
    TextTo { field: Option<usize>, literal: Literal, other: Option<u8> },
    /// Text up to the end of the stretch; it must not hold the aux byte if `clean`.
    TextRest { field: Option<usize>, clean: bool },
    /// A request line, up to the end of the stretch.
    Request { field: usize },
    /// A number.
    Number { field: Option<usize>, lists: bool, to: End },
    /// A status.
    Status { field: usize, lists: bool, to: End },
    /// A time.
    Time { reader: usize, to: End },
}

/// What follows a shaped field: an unmarked literal, or the end of the stretch.
type End = Option<Literal>;

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

/// Whether an unquoted text ends at a literal that begins with the mark.
fn is_text_up_to(mark: u8, pair: &[Part]) -> bool {
    matches!(pair, [Part::Field(Step::Text { .. }), Part::Literal(text)] if text.first() == Some(&mark))
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
        // Within quotes `\` and a byte belong together, elsewhere `\` is a byte like others.
        let is_quoted = |part: &Part| matches!(part, Part::Field(Step::Quoted { .. }));
        let is_escaping = plan.escape == Escape::Backslash && parts.iter().any(is_quoted);
        let escape = if is_escaping { b'\\' } else { mark };
        let unescapes = is_escaping && !parts.windows(2).any(|pair| is_text_up_to(mark, pair));
        let is_literal = |part: Option<&Part>| matches!(part, Some(Part::Literal(_)));
        let at_edges = (is_literal(parts.first()), is_literal(parts.last()));
        Some(Shape { set: MarkSet { marks: [mark, escape], aux }, marks, literals, at_edges, unescapes, ops })
    }

    /// Room for the columns of one worker.
    pub(super) fn columns(&self, plan: &Plan) -> Columns {
        Columns {
            begins: vec![[0; BATCH_LINES]; self.literals.len()],
            at: [0; BATCH_LINES],
            spans: vec![[(0, 0); BATCH_LINES]; plan.fields.len()],
            methods: [(0, 0); BATCH_LINES],
            paths: [(0, 0); BATCH_LINES],
            times: vec![[Instant::from_micros(0); BATCH_LINES]; plan.clocks()],
        }
    }

    /// Reads a batch. Lines that are not regular become odd; of the others the spans that are needed (places in the
    /// block) and the times are set.
    #[inline(always)]
    pub(super) fn read(&self, lines: &mut Lines, columns: &mut Columns, readers: &mut [TimeReader]) {
        self.check_literals(lines, columns);
        let mut limit = 0;
        for op in &self.ops {
            if let Op::Stretch { after } = *op {
                limit = after.map_or(0, |i| i + 1);
                self.go_to(after, lines, columns);
                continue;
            }
            let Columns { begins, at, spans, methods, paths, times } = columns;
            let limits = begins.get(limit).unwrap_or(&lines.batch.ends);
            let mut walk =
                Walk { block: lines.block, marks: lines.marks, len: lines.batch.len, limits, at, odd: &mut lines.batch.odd };
            match *op {
                Op::Stretch { .. } => {}
                Op::Literal { literal } => walk.literal(literal),
                Op::End => walk.end(),
                Op::TextTo { field, literal, other: None } => walk.text_to(field.map(|f| &mut spans[f]), literal),
                Op::TextTo { field, literal, other: Some(byte) } => {
                    walk.text_to_byte(field.map(|f| &mut spans[f]), literal, byte);
                }
                Op::TextRest { field, clean } => walk.text_rest(field.map(|f| &mut spans[f]), clean),
                Op::Request { field } => walk.requests(&mut spans[field], methods, paths),
                Op::Number { field, lists, to } => walk.numbers(field.map(|f| &mut spans[f]), lists, to),
                Op::Status { field, lists, to } => walk.statuses(&mut spans[field], lists, to),
                Op::Time { reader, to } => walk.times(&mut readers[reader], &mut times[reader], to),
            }
        }
    }

    /// Finds where each marked literal begins, and whether it stands there, behind the one before.
    #[inline(always)]
    fn check_literals(&self, lines: &mut Lines, columns: &mut Columns) {
        let batch = &mut *lines.batch;
        let len = batch.len.min(BATCH_LINES);
        let mut behind = batch.starts;
        for (marked, begins) in self.literals.iter().zip(&mut columns.begins) {
            let MarkedLiteral { literal, mark, mark_offset } = *marked;
            for i in 0..len {
                let begin = lines.positions[batch.firsts[i] as usize + mark].wrapping_sub(mark_offset);
                batch.odd[i] |= literal.difference(lines.block, begin) != 0 || begin < behind[i];
                // Also the limits of an odd line lie in it: searches up to them must not leave the block.
                begins[i] = begin.min(batch.ends[i]);
                behind[i] = begin.wrapping_add(literal.length);
            }
        }
        for i in 0..len {
            batch.odd[i] |= behind[i] > batch.ends[i] || self.at_edges.1 && behind[i] < batch.ends[i];
        }
        if let (true, Some(begins)) = (self.at_edges.0, columns.begins.first()) {
            (0..len).for_each(|i| batch.odd[i] |= begins[i] != batch.starts[i]);
        }
    }

    #[inline(always)]
    fn go_to(&self, after: Option<usize>, lines: &Lines, columns: &mut Columns) {
        match after {
            None => columns.at = lines.batch.starts,
            Some(i) => {
                let length = self.literals[i].literal.length;
                columns.at = columns.begins[i].map(|begin| begin.wrapping_add(length));
            }
        }
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
        (count == self.marks && self.unescapes).then_some(kept)
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
                    None if i == 0 => {
                        self.ops.extend([Op::Stretch { after: None }, Op::Literal { literal: Literal::new(text)? }]);
                        is_new_stretch = false;
                    }
                    // An unmarked literal belongs to the field before it.
                    None if i + 1 == parts.len() => self.ops.push(Op::End),
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
            Step::Text { field, .. }
                if self.plan.is_request(field)
                    && self.needed[field]
                    && literal.is_none()
                    && next.is_none_or(|t| t[0] == self.mark) =>
            {
                Some(Op::Request { field })
            }
            Step::Text { field, .. } => match (literal, unmarked) {
                (Some(literal), Some(text)) => {
                    Some(Op::TextTo { field: needed(field), literal, other: (text[0] != self.aux).then_some(text[0]) })
                }
                _ => {
                    let first = next.and_then(|text| text.first()).copied().filter(|&b| b != self.mark);
                    first.is_none_or(|b| b == self.aux).then_some(Op::TextRest { field: needed(field), clean: first.is_some() })
                }
            },
            Step::Quoted { field, check } if self.mark == b'"' => Some(match check {
                Check::Nothing if self.plan.is_request(field) && self.needed[field] => Op::Request { field },
                Check::Nothing => Op::TextRest { field: needed(field), clean: false },
                Check::Number => Op::Number { field: needed(field), lists: true, to: None },
                Check::Status => Op::Status { field, lists: true, to: None },
                Check::Time(reader) => Op::Time { reader, to: None },
            }),
            Step::Number { padded: true, .. } => None,
            Step::Number { field, lists, .. } => (!blends).then_some(Op::Number { field: needed(field), lists, to: literal }),
            Step::Status { field, lists } => (!blends).then_some(Op::Status { field, lists, to: literal }),
            Step::Time { reader, .. } => (!blends).then_some(Op::Time { reader, to: literal }),
            Step::Literal { .. } | Step::Quoted { .. } => None,
        }
    }
}

/// How many marks a field holds in a regular line; none where that is not known.
fn marks_inside(plan: &Plan, step: &Step, mark: u8) -> Option<usize> {
    match step {
        Step::Time { .. } if b"/:+-.".contains(&mark) || mark.is_ascii_alphanumeric() => None,
        Step::Time { reader, .. } if mark == b' ' => plan.blanks_in_time(*reader),
        Step::Time { reader, .. } if mark == b'\t' => Some(plan.tabs_in_time(*reader)),
        _ => Some(0),
    }
}

/// The lines to read.
pub(super) struct Lines<'a> {
    pub(super) block: &'a [u8],
    pub(super) marks: &'a Marks,
    /// The positions of the block's marks.
    pub(super) positions: &'a [u32],
    pub(super) batch: &'a mut Batch,
}

/// What is found of a batch: places in the block.
#[derive(Debug)]
pub(super) struct Columns {
    /// For each marked literal, where it begins.
    begins: Vec<Column<u32>>,
    at: Column<u32>,
    /// For each field that is needed, where it stands.
    pub(super) spans: Vec<Column<(u32, u32)>>,
    /// The method and the path of the request, where it is a usual one; otherwise the method is empty.
    pub(super) methods: Column<(u32, u32)>,
    pub(super) paths: Column<(u32, u32)>,
    /// For each time reader, what it read.
    pub(super) times: Vec<Column<Instant>>,
}

/// All lines of a batch on their way through one op, in stretches that end at `limits`. The last op of a stretch sees to it
/// that the stretch is used up. A line that does not fit is odd from then on; what else is done with it does not matter.
struct Walk<'a> {
    block: &'a [u8],
    marks: &'a Marks,
    len: usize,
    limits: &'a Column<u32>,
    at: &'a mut Column<u32>,
    odd: &'a mut Column<bool>,
}

type Spans<'a> = &'a mut Column<(u32, u32)>;

impl Walk<'_> {
    /// Moves every line on: `step` says for a place and a limit where the next field begins, and whether the line fits.
    #[inline(always)]
    fn each(&mut self, mut spans: Option<Spans>, mut step: impl FnMut(usize, u32, u32) -> (u32, u32, bool)) {
        for i in 0..self.len.min(BATCH_LINES) {
            let (at, limit) = (self.at[i], self.limits[i]);
            let (end, next, fits) = step(i, at, limit);
            if let Some(spans) = &mut spans {
                spans[i] = (at, end);
            }
            self.at[i] = next;
            self.odd[i] |= !fits || next > limit;
        }
    }

    #[inline(always)]
    fn text_to(&mut self, spans: Option<Spans>, literal: Literal) {
        let (block, marks) = (self.block, self.marks);
        self.each(
            spans,
            #[inline(always)]
            |_, at, limit| {
                let end = marks.next_aux(at as usize, limit as usize).map_or(limit, |end| end as u32);
                (end, end.wrapping_add(literal.length), literal.difference(block, end) == 0)
            },
        );
    }

    fn literal(&mut self, literal: Literal) {
        let block = self.block;
        self.each(None, |_, at, _| (at, at.wrapping_add(literal.length), literal.difference(block, at) == 0));
    }

    fn end(&mut self) {
        self.each(None, |_, at, limit| (at, at, at == limit));
    }

    fn text_to_byte(&mut self, spans: Option<Spans>, literal: Literal, byte: u8) {
        let block = self.block;
        self.each(spans, |_, at, limit| {
            let found = block.get(at as usize..limit as usize).and_then(|text| memchr::memchr(byte, text));
            let end = found.map_or(limit, |found| at + found as u32);
            (end, end.wrapping_add(literal.length), literal.difference(block, end) == 0)
        });
    }

    #[inline(always)]
    fn text_rest(&mut self, spans: Option<Spans>, clean: bool) {
        let marks = self.marks;
        self.each(
            spans,
            #[inline(always)]
            |_, at, limit| (limit, limit, !clean || marks.next_aux(at as usize, limit as usize).is_none()),
        );
    }

    #[inline(always)]
    fn requests(&mut self, spans: Spans, methods: Spans, paths: Spans) {
        let (block, marks) = (self.block, self.marks);
        self.each(
            Some(spans),
            #[inline(always)]
            |i, at, limit| {
                (methods[i], paths[i]) = match split_usual(block, at, limit) {
                    Some((method_end, target_end)) => {
                        let path_end = marks.next_path_end(method_end as usize + 1, target_end as usize);
                        ((at, method_end), (method_end + 1, path_end.map_or(target_end, |end| end as u32)))
                    }
                    None => ((at, at), (at, at)),
                };
                (limit, limit, true)
            },
        );
    }

    #[inline(always)]
    fn numbers(&mut self, spans: Option<Spans>, lists: bool, to: End) {
        let block = self.block;
        self.each(
            spans,
            #[inline(always)]
            |_, at, limit| {
                let end = number_end(block, at, limit, lists);
                let (next, fits) = behind(block, end, limit, to);
                (end, next, fits)
            },
        );
    }

    #[inline(always)]
    fn statuses(&mut self, spans: Spans, lists: bool, to: End) {
        let block = self.block;
        self.each(
            Some(spans),
            #[inline(always)]
            |_, at, limit| {
                let is_usual = words::is_status(block, at);
                let end = if is_usual { at + 3 } else { number_end(block, at, limit, lists) };
                let (next, fits) = behind(block, end, limit, to);
                (end, next, fits && (is_usual || is_odd_status(block, at, end)))
            },
        );
    }

    #[inline(always)]
    fn times(&mut self, reader: &mut TimeReader, times: &mut Column<Instant>, to: End) {
        let block = self.block;
        self.each(
            None,
            #[inline(always)]
            |i, at, limit| match block.get(at as usize..limit as usize).map(|text| reader.read(text)) {
                Some(TimeRead::At(time, length)) => {
                    times[i] = time;
                    let end = at + length as u32;
                    let (next, fits) = behind(block, end, limit, to);
                    (end, next, fits)
                }
                _ => (at, at, false),
            },
        );
    }
}

/// Where the next field begins behind a shaped one that ends at `end`, and whether it ends as it must: before its literal, or
/// at the end of the stretch.
#[inline(always)]
fn behind(block: &[u8], end: u32, limit: u32, to: End) -> (u32, bool) {
    match to {
        Some(literal) => (end.wrapping_add(literal.length), literal.difference(block, end) == 0),
        None => (end, end == limit),
    }
}

/// Where the number, or list of numbers, at `at` ends.
#[inline(always)]
fn number_end(block: &[u8], at: u32, limit: u32, lists: bool) -> u32 {
    match words::number_end(block, at, lists) {
        Some(end) if end <= limit => end,
        _ => odd_number_end(block, at, limit, lists),
    }
}

#[cold]
fn odd_number_end(block: &[u8], at: u32, limit: u32, lists: bool) -> u32 {
    at + block.get(at as usize..limit as usize).map_or(0, |text| number::shape_length(text, lists) as u32)
}

#[cold]
fn is_odd_status(block: &[u8], from: u32, to: u32) -> bool {
    block.get(from as usize..to as usize).is_some_and(|text| number::status(text).is_some())
}
