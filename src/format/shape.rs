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
//! if it holds the literal's first byte, but for one before a quoted field that ends the line; every literal and every shaped field is checked, asked for or not.

use super::clock::TimeReader;
use super::learn::{self, Ask};
use super::plan::{Check, Plan, Step};
use super::walk::{Around, Columns, Desk, End, Lines, Numeral, Parts, Scale, Walk, Without};
use super::words::{Literal, WORD_BYTES};
use super::{Escape, Unit};
use crate::batch::{BATCH_LINES, Column, every_line, pad};
use crate::block::{Block, Place, WORD_PLACES, places_at};
use crate::marks::MarkSet;

/// The fast reader of one template.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// What to mark.
    pub(super) set: MarkSet,
    /// Marks in a regular line, without its newline.
    pub(super) marks: usize,
    /// None where the places of fields are found by their keys.
    literals: Vec<MarkedLiteral>,
    /// Columns of places between which fields stand: where the literals begin, or pairs for what was found.
    begins: usize,
    /// Whether the first marked literal begins every line, and whether the last one ends it.
    at_edges: (bool, bool),
    /// Whether all marks behind a `\` may be left out: it is so where no mark ends an unquoted text.
    unescapes: bool,
    /// Whether a line that holds a control character is not regular.
    is_printable: bool,
    ops: Vec<Op>,
}

/// A literal that holds marks.
#[derive(Clone, Debug)]
struct MarkedLiteral {
    /// Its text in words of eight bytes, the last one perhaps shorter, and looked at by the op behind it if it is not here.
    words: Vec<Literal>,
    length: Place,
    /// Which mark of the line stands in it first, and how far behind the literal's beginning.
    mark: usize,
    mark_offset: Place,
    /// The highest byte with which no value may begin behind it ([`Op::Value`]), where one must.
    before_value: Option<u8>,
}

impl MarkedLiteral {
    fn new(text: &[u8], mark: usize, mark_offset: usize) -> Option<MarkedLiteral> {
        let words = text.chunks(WORD_BYTES).map(Literal::new).collect::<Option<Vec<_>>>()?;
        let (length, mark_offset) = (text.len() as Place, mark_offset as Place);
        Some(MarkedLiteral { words, length, mark, mark_offset, before_value: None })
    }

    /// Whether it stands where it begins in each line: where its first mark says, which is the one with this number among `places`.
    #[inline(always)]
    fn check(&self, places: &Column<u64>, place: usize, lines: &Lines, begins: &mut Column<Place>, desk: &mut Desk) {
        for i in every_line() {
            begins[i] = ((places[i] >> (place as u32 * Place::BITS)) as Place).wrapping_sub(self.mark_offset);
        }
        for (literal, at) in self.words.iter().zip((0..).step_by(WORD_BYTES)) {
            desk.differences(lines.block, literal, begins, at);
        }
        if let Some(highest) = self.before_value {
            desk.check_values(self.length, highest);
        }
    }
}

/// What somebody needs of a field.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Want {
    /// Where it stands.
    pub(super) span: bool,
    /// Its value in the base of this unit.
    pub(super) value: Option<Unit>,
    /// The method, of a request.
    pub(super) method: bool,
}

impl Want {
    fn anything(self) -> bool {
        self.span || self.value.is_some()
    }
}

/// What to do with a stretch between two marked literals, or with a field of it.
#[derive(Clone, Copy, Debug)]
enum Op {
    /// Go to the stretch behind literal `after` (none: the beginning of the line).
    Stretch { after: Option<usize> },
    /// An unmarked literal at the beginning of the line.
    Literal { literal: Literal },
    /// Blanks before a number, or none.
    Blanks,
    /// The end of a stretch that an unmarked literal closes.
    End,
    /// The beginning of a value that is not empty and has no quotes.
    Value,
    /// Text up to an unmarked literal that begins with the aux byte, or with another one.
    TextTo { field: Option<usize>, literal: Literal, other: Option<u8> },
    /// Text up to the end of the stretch; it must not hold this byte. The aux byte is found at once.
    TextRest { field: Option<usize>, without: Option<Without> },
    /// A request line, up to the end of the stretch.
    Request { field: usize, method: bool },
    /// A number or a word of JSON; one that is not asked for may also be `null`.
    Scalar { field: Option<usize>, to: End },
    /// A number.
    Number { field: usize, span: bool, scale: Option<Scale>, numeral: Numeral, to: End },
    /// The number that ends here has so many decimals, or is `-`.
    Places { places: Place },
    /// A status.
    Status { field: usize, span: bool, numeral: Numeral, around: Around },
    /// A time.
    Time { reader: usize, to: End },
    /// A time without an aux byte in it.
    TimeWord { reader: usize },
}

impl Op {
    /// Takes over from the literal before the stretch what is to be looked at with the op's own field.
    fn take_in(&mut self, before: Option<&mut MarkedLiteral>) {
        if let (Op::Status { around, .. }, Some(before)) = (self, before.filter(|before| before.before_value.is_none()))
            && before.words.last().is_some_and(|last| around.take_in(*last))
        {
            before.words.pop();
        }
    }
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

/// Whether an unquoted text ends at a literal that begins with the mark.
fn is_text_up_to(mark: u8, pair: &[Part]) -> bool {
    matches!(pair, [Part::Field(Step::Text { .. }), Part::Literal(text)] if text.first() == Some(&mark))
}

/// Marks nothing within lines. Then every line looks regular, and all its fields are one stretch: it is the way for lines in which
/// what might mark does not come as often in each.
const NO_MARK: u8 = b'\n';

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

/// What a shape is made from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) steps: &'a [Step],
    pub(super) readers: &'a [TimeReader],
    /// Whether a field holds request lines.
    pub(super) is_request: &'a dyn Fn(usize) -> bool,
    /// What is asked for of each field.
    pub(super) wants: &'a [Want],
}

/// What the ops are compiled from.
struct Compiler<'a> {
    source: Source<'a>,
    mark: u8,
    aux: u8,
    /// A byte that no unquoted text holds, whatever follows it.
    divider: Option<u8>,
    marks: usize,
    literals: Vec<MarkedLiteral>,
    ops: Vec<Op>,
}

impl Shape {
    /// The regular shape of a plan of which some fields are needed; none where it has no literal to hold on to, or one that is
    /// too long.
    pub(super) fn new(plan: &Plan, wants: &[Want]) -> Option<Shape> {
        let parts = flatten(&plan.steps);
        // What follows the last field of an open-ended line is a part of it, if that is a text.
        let is_closed = !plan.open_ended;
        let ends_in_text = matches!(parts.last(), Some(Part::Field(Step::Text { .. })));
        let is_request = |field: usize| plan.is_request(field);
        let source = Source { steps: &plan.steps, readers: plan.readers(), is_request: &is_request, wants };
        let marked = mark_byte(&parts).filter(|_| is_closed).and_then(|mark| Shape::by(mark, plan.escape, &parts, source));
        marked.or_else(|| Shape::by(NO_MARK, plan.escape, &parts, source).filter(|_| is_closed || ends_in_text))
    }

    /// The same with this mark.
    fn by(mark: u8, escape: Escape, parts: &[Part], source: Source) -> Option<Shape> {
        let unmarked = parts.iter().filter_map(|part| match part {
            Part::Literal(text) if !text.contains(&mark) => text.first().copied(),
            _ => None,
        });
        let aux = most_common(unmarked).unwrap_or(b' ');
        // Within quotes `\` and a byte belong together, elsewhere `\` is a byte like others.
        let is_quoted = |part: &Part| matches!(part, Part::Field(Step::Quoted { .. }));
        let is_escaping = escape == Escape::Backslash && parts.iter().any(is_quoted);
        let escape = if is_escaping { b'\\' } else { mark };
        let unescapes = is_escaping && !parts.windows(2).any(|pair| is_text_up_to(mark, pair));
        let compiler = Compiler { source, mark, aux, divider: None, marks: 0, literals: Vec::new(), ops: Vec::new() };
        Some(Shape { unescapes, ..compiler.shape(MarkSet { marks: [mark, escape], aux }, parts)? })
    }

    /// The shape of lines that are pairs of a name and a value, by the steps that a line of them shows. None if they are too many, or too
    /// long.
    pub(super) fn of_pairs(source: Source) -> Option<Shape> {
        let set = learn::MARKS;
        let [mark, _] = set.marks;
        let compiler =
            Compiler { source, mark, aux: set.aux, divider: Some(b' '), marks: 0, literals: Vec::new(), ops: Vec::new() };
        Some(Shape { is_printable: true, ..compiler.shape(set, &flatten(source.steps))? })
    }

    /// The shape of lines in which nothing is escaped, and control characters are like others.
    fn of_ops(set: MarkSet, marks: usize, literals: Vec<MarkedLiteral>, at_edges: (bool, bool), ops: Vec<Op>) -> Shape {
        let begins = literals.len();
        Shape { set, marks, literals, begins, at_edges, unescapes: false, is_printable: false, ops }
    }

    /// Room for the columns of one worker, for so many fields and clocks.
    pub(super) fn columns(&self, fields: usize, clocks: usize) -> Columns {
        Columns::new(self.begins, fields, clocks)
    }

    /// Reads a batch. Lines that are not regular become odd; of the others the spans and values that are needed and the
    /// times are set.
    pub(super) fn read(&self, lines: &mut Lines, columns: &mut Columns, readers: &mut [TimeReader]) {
        self.check_literals(lines, columns);
        if self.is_printable {
            columns.desk.find_controls(lines);
        }
        let mut limit = 0;
        for op in &self.ops {
            if let Op::Stretch { after } = *op {
                limit = after.map_or(0, |i| i + 1);
                self.go_to(after, lines, columns);
                continue;
            }
            let Columns { desk, begins, spans, ints, methods, paths, unusual, times } = columns;
            let limits = begins.get(limit).unwrap_or(&lines.batch.ends);
            let mut walk =
                Walk { kernel: lines.kernel, block: lines.block, marks: lines.marks, len: lines.batch.len, limits, desk };
            match *op {
                Op::Stretch { .. } => {}
                Op::Literal { literal } => walk.literal(literal),
                Op::Blanks => walk.blanks(),
                Op::End => walk.end(),
                Op::Value => walk.value(),
                Op::TextTo { field, literal, other: None } => walk.text_to(field.map(|f| &mut spans[f]), literal),
                Op::TextTo { field, literal, other: Some(byte) } => {
                    walk.text_to_byte(field.map(|f| &mut spans[f]), literal, byte);
                }
                Op::TextRest { field, without } => walk.text_rest(field.map(|f| &mut spans[f]), without),
                Op::Request { field, method } => {
                    walk.requests(Parts { spans: &mut spans[field], methods: method.then_some(methods), paths, unusual });
                }
                Op::Scalar { field, to } => walk.scalars(field.map(|f| &mut spans[f]), to),
                Op::Places { places } => walk.places(places),
                Op::Number { field, span, scale, numeral, to } => {
                    walk.numbers(span.then_some(&mut spans[field]), scale.zip(Some(&mut ints[field])), numeral, to);
                }
                Op::Status { field, span, numeral, around } => {
                    walk.statuses(span.then_some(&mut spans[field]), &mut ints[field], numeral, around);
                }
                Op::Time { reader, to } => walk.times(&mut readers[reader], &mut times[reader], to),
                Op::TimeWord { reader } => walk.time_words(&mut readers[reader], &mut times[reader]),
            }
        }
        lines.batch.odd = columns.desk.odd;
    }

    /// Finds where each marked literal begins, and whether it stands there.
    fn check_literals(&self, lines: &mut Lines, columns: &mut Columns) {
        let batch = &mut *lines.batch;
        columns.desk.odd = [0; BATCH_LINES];
        for column in [&mut batch.starts, &mut batch.ends, &mut batch.firsts] {
            pad(column, batch.len);
        }
        if self.literals.is_empty() {
            columns.begins.iter_mut().for_each(|column| pad(column, batch.len));
        }
        lines.kernel.run(
            #[inline(always)]
            || {
                // The marks of neighbouring literals stand in one word.
                let (mut places, mut known) = ([0; BATCH_LINES], 0..0);
                for (literal, begins) in self.literals.iter().zip(&mut columns.begins) {
                    if !known.contains(&literal.mark) {
                        known = literal.mark..literal.mark + WORD_PLACES;
                        places_at(lines.positions, &lines.batch.firsts, known.start, &mut places);
                    }
                    literal.check(&places, literal.mark - known.start, lines, begins, &mut columns.desk);
                }
                self.check_edges(lines, columns);
            },
        );
    }

    /// Whether the literals at the edges stand there. That the others follow each other needs no look: two whose ends could
    /// overlap have an unquoted field between them, whose op sees to it.
    #[inline(always)]
    fn check_edges(&self, lines: &Lines, columns: &mut Columns) {
        let (batch, odd) = (&*lines.batch, &mut columns.desk.odd);
        if let (true, Some(begins)) = (self.at_edges.0, columns.begins.first()) {
            for i in every_line() {
                odd[i] |= u64::from(begins[i] ^ batch.starts[i]);
            }
        }
        if let (true, Some(last), Some(begins)) = (self.at_edges.1, self.literals.last(), columns.begins.last()) {
            for i in every_line() {
                odd[i] |= u64::from(begins[i].wrapping_add(last.length) ^ batch.ends[i]);
            }
        }
    }

    fn go_to(&self, after: Option<usize>, lines: &Lines, columns: &mut Columns) {
        let Some(after) = after else {
            columns.desk.at = lines.batch.starts;
            return;
        };
        let length = self.literals.get(after).map_or(0, |literal| literal.length);
        let (begins, at) = (&columns.begins[after], &mut columns.desk.at);
        lines.kernel.run(
            #[inline(always)]
            move || {
                for i in every_line() {
                    at[i] = begins[i].wrapping_add(length);
                }
            },
        );
    }

    /// The marks of a line without its escapes: each `\` and the byte behind it, if that is a mark too. None if there are more
    /// than a regular line has.
    #[cold]
    pub(super) fn without_escaped(&self, block: &Block, line_marks: &[Place]) -> Option<[Place; MARKS_MAX]> {
        if !self.unescapes {
            return None;
        }
        let mut kept = [0; MARKS_MAX];
        let (mut count, mut escaped) = (0, None);
        for &mark in line_marks {
            if escaped == Some(mark) {
                escaped = None;
            } else if block[usize::from(mark)] == b'\\' {
                escaped = Some(mark + 1);
            } else {
                *kept[..self.marks.min(MARKS_MAX)].get_mut(count)? = mark;
                count += 1;
            }
        }
        (count == self.marks).then_some(kept)
    }
}

/// Marks of a regular line, at most, with its newline.
pub(super) const MARKS_MAX: usize = 256;

impl Compiler<'_> {
    /// The shape of these parts.
    fn shape(mut self, set: MarkSet, parts: &[Part]) -> Option<Shape> {
        self.compile(parts)?;
        let Compiler { marks, literals, ops, mark, .. } = self;
        // Other literals at the edges have ops.
        let is_marked = |part: Option<&Part>| matches!(part, Some(Part::Literal(text)) if text.contains(&mark));
        let at_edges = (is_marked(parts.first()), is_marked(parts.last()));
        Some(Shape::of_ops(set, marks, literals, at_edges, ops))
    }

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
                    self.marks += marks_inside(self.source.readers, step, self.mark)?;
                    self.field(step, next, is_new_stretch)?;
                    is_new_stretch = false;
                }
                Part::Literal(text) => match text.iter().position(|&b| b == self.mark) {
                    Some(offset) => {
                        self.literals.push(MarkedLiteral::new(text, self.marks, offset)?);
                        self.marks += text.iter().filter(|&&b| b == self.mark).count();
                        is_new_stretch = true;
                    }
                    None if i == 0 => {
                        self.ops.push(Op::Stretch { after: None });
                        self.literals_of(text)?;
                        is_new_stretch = false;
                    }
                    // An unmarked literal belongs to the field before it.
                    None if i + 1 == parts.len() => self.ops.push(Op::End),
                    None => {}
                },
            }
        }
        (self.marks < MARKS_MAX).then_some(())
    }

    /// Adds the op for a field that is followed by `next`, unless nothing is to be done for it.
    fn field(&mut self, step: &Step, next: Option<&[u8]>, is_new_stretch: bool) -> Option<()> {
        let mut op = self.op(step, next)?;
        let is_alone = is_new_stretch && next.is_none_or(|text| text.contains(&self.mark));
        if is_alone && matches!(op, Op::TextRest { field: None, without: None }) {
            return Some(());
        }
        if is_new_stretch {
            op.take_in(self.literals.last_mut());
            self.ops.push(Op::Stretch { after: self.literals.len().checked_sub(1) });
        }
        if matches!(step, Step::Number { padded: true, .. } | Step::Text { padded: true, .. }) {
            self.ops.push(Op::Blanks);
        }
        self.ops.push(op);
        if let Step::Number { places: Some(places), .. } = step {
            // Where it ends is known where the line does.
            next.is_none().then_some(())?;
            self.ops
                .push(Op::Places { places: Place::try_from(places.get()).ok().filter(|&places| places < WORD_BYTES as Place)? });
        }
        // An op goes behind the first word of an unmarked literal, but for one.
        let from = if let Op::TimeWord { .. } = op { 0 } else { WORD_BYTES };
        match next.filter(|text| !text.contains(&self.mark)) {
            Some(text) => self.literals_of(text.get(from..).unwrap_or_default()),
            None if from == 0 => {
                self.ops.push(Op::End);
                Some(())
            }
            None => Some(()),
        }
    }

    /// Adds the ops for a literal that has no mark, word by word.
    fn literals_of(&mut self, text: &[u8]) -> Option<()> {
        for word in text.chunks(WORD_BYTES) {
            self.ops.push(Op::Literal { literal: Literal::new(word)? });
        }
        Some(())
    }

    /// The byte that a text must not hold which ends at a literal with a mark. Without it no occurrence of what stands before the
    /// mark can be earlier: there the text could end, if a bare `-` stands for the quoted field behind it. That needs something behind
    /// the quoted field; where the line ends with it, the text is free.
    fn without(&self, field: usize, next: Option<&[u8]>) -> Option<Without> {
        let first = match self.divider {
            Some(divider) => divider,
            None => next.and_then(|text| text.first()).copied().filter(|&b| b != self.mark)?,
        };
        let is_of = |step: &Step| matches!(*step, Step::Text { field: other, word: false, .. } if other == field);
        let is_free = |steps: &[Step]| matches!(steps, [text, Step::Literal { .. }, Step::Quoted { .. }] if is_of(text));
        let steps = self.source.steps;
        match is_free(&steps[steps.len().saturating_sub(3)..]) {
            true => None,
            false if first == self.aux => Some(Without::Aux),
            false => Some(Without::Byte(first)),
        }
    }

    fn op(&self, step: &Step, next: Option<&[u8]>) -> Option<Op> {
        let unmarked = next.filter(|text| !text.contains(&self.mark));
        let literal = match unmarked {
            Some(text) => Some(Literal::new(&text[..text.len().min(WORD_BYTES)])?),
            None => None,
        };
        // A shaped field would go on into a literal that looks like a part of it.
        let blends = next.and_then(|text| text.first()).is_some_and(|b| b.is_ascii_digit() || b".,:-+Z".contains(b));
        let want = |field: usize| self.source.wants[field];
        let spanned = |field: usize| want(field).span.then_some(field);
        let to = End { literal: literal.zip(unmarked.and_then(|text| text.first().copied())), list: list_goes_on(next) };
        match *step {
            // Of how many blanks is not known.
            Step::Number { padded: true, .. } | Step::Text { padded: true, .. } if self.mark == b' ' => None,
            Step::Text { field, .. }
                if (self.source.is_request)(field)
                    && want(field).anything()
                    && literal.is_none()
                    && next.is_none_or(|t| t[0] == self.mark) =>
            {
                Some(Op::Request { field, method: want(field).method })
            }
            Step::Text { field, .. } => match (literal, unmarked) {
                (Some(literal), Some(text)) => {
                    Some(Op::TextTo { field: spanned(field), literal, other: (text[0] != self.aux).then_some(text[0]) })
                }
                _ => Some(Op::TextRest { field: spanned(field), without: self.without(field, next) }),
            },
            Step::Quoted { field, check } if self.mark == b'"' => Some(match check {
                Check::Nothing if (self.source.is_request)(field) && want(field).anything() => {
                    Op::Request { field, method: want(field).method }
                }
                Check::Nothing => Op::TextRest { field: spanned(field), without: None },
                Check::Number => number(field, want(field), Numeral::List, End::QUOTE),
                Check::Status => status(field, want(field), Numeral::List, End::QUOTE),
                Check::Time(reader) => Op::Time { reader, to: End::QUOTE },
            }),
            Step::Number { field, lists, .. } => (!blends).then(|| number(field, want(field), Numeral::of_text(lists), to)),
            Step::Status { field, lists } => (!blends).then(|| status(field, want(field), Numeral::of_text(lists), to)),
            Step::Time { reader, .. } if self.divider.is_some() => Some(Op::TimeWord { reader }),
            Step::Time { reader, .. } => (!blends).then_some(Op::Time { reader, to }),
            Step::Literal { .. } | Step::Quoted { .. } => None,
        }
    }
}

fn status(field: usize, want: Want, numeral: Numeral, to: End) -> Op {
    Op::Status { field, span: want.span, numeral, around: Around::new(to) }
}

fn number(field: usize, want: Want, numeral: Numeral, to: End) -> Op {
    Op::Number { field, span: want.span, scale: want.value.map(Scale::new), numeral, to }
}

/// The two bytes with which a list of numbers would go on where what follows it in the template stands too; 0 if there are none.
fn list_goes_on(next: Option<&[u8]>) -> u16 {
    let divider = match next {
        Some([b',']) => *b", ",
        Some([b' '] | [b' ', b':', ..]) => *b" :",
        _ => return 0,
    };
    u16::from_le_bytes(divider)
}

/// Builds the shape of a JSON line, value by value.
pub(super) struct Builder {
    marks: usize,
    literals: Vec<MarkedLiteral>,
    /// The column of places behind which the next value stands.
    after: Option<usize>,
    ops: Vec<Op>,
}

impl Builder {
    /// Nothing yet.
    pub(super) fn new() -> Builder {
        Builder { marks: 0, literals: Vec::new(), after: None, ops: Vec::new() }
    }

    /// The text before a value; none if it has no quote to be found by, or an escape.
    pub(super) fn literal(&mut self, text: &[u8]) -> Option<()> {
        let offset = text.iter().position(|&b| b == b'"').filter(|_| !text.contains(&b'\\'))?;
        self.after = Some(self.literals.len());
        self.literals.push(MarkedLiteral::new(text, self.marks, offset)?);
        self.marks += text.iter().filter(|&&b| b == b'"').count();
        (self.marks < MARKS_MAX).then_some(())
    }

    /// The next value is found by its key: the pair of columns with this number says where.
    pub(super) fn pair(&mut self, pair: usize) {
        self.after = Some(2 * pair);
    }

    fn stretch(&mut self, mut op: Op) {
        op.take_in(self.after.and_then(|after| self.literals.get_mut(after)));
        self.ops.extend([Op::Stretch { after: self.after }, op]);
    }

    pub(super) fn time(&mut self, reader: usize, to: End) {
        self.stretch(Op::Time { reader, to });
    }

    pub(super) fn status(&mut self, field: usize, want: Want, numeral: Numeral, to: End) {
        self.stretch(status(field, want, numeral, to));
    }

    pub(super) fn request(&mut self, field: usize, want: Want) {
        self.stretch(Op::Request { field, method: want.method });
    }

    pub(super) fn number(&mut self, field: usize, want: Want, numeral: Numeral, to: End) {
        self.stretch(number(field, want, numeral, to));
    }

    pub(super) fn text(&mut self, field: usize) {
        self.stretch(Op::TextRest { field: Some(field), without: None });
    }

    pub(super) fn scalar(&mut self, field: Option<usize>, to: End) {
        self.stretch(Op::Scalar { field, to });
    }

    /// A divider of columns.
    pub(super) fn divider(&mut self, byte: u8) {
        self.after = Some(self.literals.len());
        let words = Literal::new(&[byte]).into_iter().collect();
        // Between blanks stands something, between tabs nothing may.
        let before_value = Some(if byte == b' ' { b' ' } else { 0 });
        self.literals.push(MarkedLiteral { words, length: 1, mark: self.marks, mark_offset: 0, before_value });
        self.skip_mark();
    }

    /// The next field holds a mark.
    pub(super) fn skip_mark(&mut self) {
        self.marks += 1;
    }

    /// A value begins.
    pub(super) fn value(&mut self) {
        self.stretch(Op::Value);
    }

    /// A field, whatever kind of value it has.
    pub(super) fn field(&mut self, field: usize, what: Ask) {
        match what {
            Ask::Nothing | Ask::TooMuch => {}
            Ask::Time(clock) => self.time(clock, End::QUOTE),
            Ask::Status(want) => self.status(field, want, Numeral::List, End::QUOTE),
            Ask::Request(want) => self.request(field, want),
            Ask::Value(want) if want.value.is_some() => self.number(field, want, Numeral::List, End::QUOTE),
            Ask::Value(_) => self.text(field),
        }
    }

    /// The shape, of lines that end with this text, which stands behind the last value.
    pub(super) fn last(mut self, text: &[u8]) -> Option<Shape> {
        let has_mark = text.contains(&b'"');
        match has_mark {
            true => self.literal(text)?,
            // It ends the last value, which is no string.
            false => self.ops.push(Op::End),
        }
        let Builder { marks, literals, ops, .. } = self;
        Some(Shape::of_ops(learn::MARKS, marks, literals, (true, has_mark), ops))
    }

    /// The shape, of lines of columns.
    pub(super) fn columns(self) -> Option<Shape> {
        let Builder { marks, literals, ops, .. } = self;
        (marks < MARKS_MAX).then(|| Shape::of_ops(learn::DIVIDERS, marks, literals, (false, false), ops))
    }

    /// The shape, of lines in which so many values are found by their keys.
    pub(super) fn found(self, pairs: usize) -> Shape {
        Shape { begins: 2 * pairs, ..Shape::of_ops(learn::MARKS, 0, Vec::new(), (false, false), self.ops) }
    }
}

/// How many marks a field holds in a regular line; none where that is not known.
fn marks_inside(readers: &[TimeReader], step: &Step, mark: u8) -> Option<usize> {
    match step {
        Step::Time { .. } if b"/:+-.".contains(&mark) || mark.is_ascii_alphanumeric() => None,
        Step::Time { reader, .. } if mark == b' ' => readers[*reader].blanks(),
        Step::Time { reader, .. } if mark == b'\t' => Some(readers[*reader].tabs()),
        _ => Some(0),
    }
}
