//! The steps of the fast reader ([`super::shape`]): each goes over all lines of a batch.
//!
//! Advice to the next person: what differs from line to line (the length of a number, a `-` in its place, a kind of request)
//! must not be a branch here, because it cannot be predicted, and a wrong guess costs as much as reading two fields.

use super::clock::{TimeRead, TimeReader};
use super::json_read;
use super::request::split_usual;
use super::words::{self, Literal};
use super::zone::Ambiguous;
use super::{Unit, number};
use crate::batch::{ABSENT, BATCH_LINES, Batch, Column, Spans};
use crate::block::{Block, Place, Positions, word};
use crate::marks::{Kernel, Marks};
use crate::time::Instant;

/// What follows a shaped field.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// An unmarked literal, and its first byte; none where the field ends its stretch.
    pub(super) literal: Option<(Literal, u8)>,
    /// The two bytes with which a list of numbers would go on there; 0 if it cannot.
    pub(super) list: u16,
}

impl End {
    /// The quote behind a quoted field.
    pub(super) const QUOTE: End = End { literal: None, list: 0 };
}

/// How a shaped field ends.
trait Ends: Copy {
    /// How many bytes it has, and 0 if these are no more than 8.
    fn length(self, text: u64, at: Place, limit: Place) -> (u32, u32);

    /// Where the next field begins behind one that ends at `end`, and whether it ends as it must.
    fn behind(self, block: &Block, end: Place, limit: Place) -> Stepped;
}

/// Before an unmarked literal, which begins with this byte.
#[derive(Clone, Copy)]
struct Before(Literal, u8);

impl Ends for Before {
    #[inline(always)]
    fn length(self, text: u64, _: Place, _: Place) -> (u32, u32) {
        // 8 stands for more, too; then the literal does not stand behind them.
        (words::distance(text, self.1), 0)
    }

    #[inline(always)]
    fn behind(self, block: &Block, end: Place, _: Place) -> Stepped {
        Stepped { end, next: end.wrapping_add(self.0.length), odd: self.0.difference(block, end) }
    }
}

/// At the end of its stretch.
#[derive(Clone, Copy)]
struct AtLimit;

impl Ends for AtLimit {
    #[inline(always)]
    fn length(self, _: u64, at: Place, limit: Place) -> (u32, u32) {
        let length = u32::from(limit.wrapping_sub(at));
        (length, (length + 7) >> 4)
    }

    #[inline(always)]
    fn behind(self, _: &Block, end: Place, limit: Place) -> Stepped {
        Stepped { end, next: end, odd: u64::from(end ^ limit) }
    }
}

/// A unit as factors: a number with `i` decimals is its digits times `factors[i]`, in the base of the unit; 0 where it would
/// have to be rounded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    unit: Unit,
    factors: [i64; 8],
}

impl Scale {
    pub(super) fn new(unit: Unit) -> Scale {
        let (places, factor) = number::base(unit);
        let power = |decimals: usize| places.checked_sub(decimals).map_or(0, |places| 10i64.pow(places as u32) * factor);
        Scale { unit, factors: std::array::from_fn(power) }
    }

    /// The value of a number that stands at `from..end`.
    #[inline(always)]
    fn value(&self, block: &Block, number: words::Decimal, from: Place, end: Place) -> i64 {
        let factor = self.factors[number.decimals as usize & 7];
        match number.is_dash {
            _ if !number.fits || factor == 0 => odd_value(block, from, end, self.unit),
            true => ABSENT,
            false => number.digits as i64 * factor,
        }
    }
}

/// The lines to read.
pub(super) struct Lines<'a> {
    pub(super) kernel: Kernel,
    pub(super) block: &'a Block,
    pub(super) marks: &'a Marks,
    /// The positions of the block's marks.
    pub(super) positions: &'a Positions,
    pub(super) batch: &'a mut Batch,
}

/// What is found of a batch: places in the block, and values.
#[derive(Debug)]
pub(super) struct Columns {
    /// For each marked literal, where it begins.
    pub(super) begins: Vec<Column<Place>>,
    pub(super) at: Column<Place>,
    /// For each field that is needed, where it stands.
    pub(super) spans: Vec<Spans>,
    /// The value of each field that is needed as a number.
    pub(super) ints: Vec<Column<i64>>,
    /// The method and the target of the request, where it is a usual one.
    pub(super) methods: Spans,
    pub(super) paths: Spans,
    /// Whether it is not.
    pub(super) unusual: Column<bool>,
    /// For each time reader, what it read.
    pub(super) times: Vec<Column<Instant>>,
}

impl Columns {
    pub(super) fn new(literals: usize, fields: usize, clocks: usize) -> Columns {
        Columns {
            begins: vec![[0; BATCH_LINES]; literals],
            at: [0; BATCH_LINES],
            spans: vec![[(0, 0); BATCH_LINES]; fields],
            ints: vec![[ABSENT; BATCH_LINES]; fields],
            methods: [(0, 0); BATCH_LINES],
            paths: [(0, 0); BATCH_LINES],
            unusual: [true; BATCH_LINES],
            times: vec![[Instant::from_micros(0); BATCH_LINES]; clocks],
        }
    }
}

/// All lines of a batch on their way through one op, in stretches that end at `limits`. The last op of a stretch sees to it
/// that the stretch is used up. A line that does not fit is odd from then on; what else is done with it does not matter.
pub(super) struct Walk<'a> {
    pub(super) kernel: Kernel,
    pub(super) block: &'a Block,
    pub(super) marks: &'a Marks,
    pub(super) len: usize,
    pub(super) limits: &'a Column<Place>,
    pub(super) at: &'a mut Column<Place>,
    pub(super) odd: &'a mut Column<u64>,
}

/// Where the parts of requests go.
pub(super) struct Parts<'a> {
    pub(super) spans: &'a mut Spans,
    pub(super) methods: Option<&'a mut Spans>,
    pub(super) paths: &'a mut Spans,
    pub(super) unusual: &'a mut Column<bool>,
}

/// Where a step leaves a line: where its field ended, where the next one begins, and 0 if it fits.
struct Stepped {
    end: Place,
    next: Place,
    odd: u64,
}

impl Walk<'_> {
    /// Moves every line on by `step`, which is given the number of a line, a place and a limit. Each op is a function of its own
    /// so: in one large function its constants would not stay in registers.
    #[inline(always)]
    fn each(&mut self, step: impl FnMut(usize, Place, Place) -> Stepped) {
        let Walk { kernel, limits, .. } = *self;
        let (at, odd, len) = (&mut *self.at, &mut *self.odd, self.len);
        kernel.run(
            #[inline(always)]
            move || {
                let mut step = step;
                for i in 0..len.min(BATCH_LINES) {
                    let limit = limits[i];
                    let stepped = step(i, at[i], limit);
                    at[i] = stepped.next;
                    odd[i] |= stepped.odd | u64::from(stepped.next > limit);
                }
            },
        );
    }

    /// The same for a text, whose place goes into `spans`, if it is needed.
    #[inline(always)]
    fn each_text(&mut self, spans: Option<&mut Spans>, step: impl Fn(Place, Place) -> Stepped) {
        match spans {
            None => self.each(
                #[inline(always)]
                move |_, at, limit| step(at, limit),
            ),
            Some(spans) => self.each(
                #[inline(always)]
                move |i, at, limit| {
                    let stepped = step(at, limit);
                    spans[i] = (at, stepped.end);
                    stepped
                },
            ),
        }
    }

    pub(super) fn text_to(&mut self, spans: Option<&mut Spans>, literal: Literal) {
        let (block, marks) = (self.block, self.marks);
        self.each_text(
            spans,
            #[inline(always)]
            move |at, limit| {
                let end = marks.next_aux(at, limit);
                Stepped { end, next: end.wrapping_add(literal.length), odd: literal.difference(block, end) }
            },
        );
    }

    pub(super) fn literal(&mut self, literal: Literal) {
        let block = self.block;
        self.each(|_, at, _| Stepped { end: at, next: at.wrapping_add(literal.length), odd: literal.difference(block, at) });
    }

    pub(super) fn end(&mut self) {
        self.each(|_, at, limit| Stepped { end: at, next: at, odd: u64::from(at ^ limit) });
    }

    pub(super) fn text_to_byte(&mut self, spans: Option<&mut Spans>, literal: Literal, byte: u8) {
        let block = self.block;
        self.each_text(spans, move |at, limit| {
            let found = block.get(at.into()..limit.into()).and_then(|text| memchr::memchr(byte, text));
            let end = found.map_or(limit, |found| at + found as Place);
            Stepped { end, next: end.wrapping_add(literal.length), odd: literal.difference(block, end) }
        });
    }

    pub(super) fn text_rest(&mut self, spans: Option<&mut Spans>, clean: bool) {
        let marks = self.marks;
        let rest = move |at: Place, limit: Place| Stepped { end: limit, next: limit, odd: u64::from(at > limit) };
        match clean {
            false => self.each_text(spans, rest),
            true => self.each_text(
                spans,
                #[inline(always)]
                move |at, limit| {
                    let stepped = rest(at, limit);
                    Stepped { odd: stepped.odd | u64::from(marks.next_aux(at, limit) ^ limit), ..stepped }
                },
            ),
        }
    }

    pub(super) fn scalars(&mut self, spans: Option<&mut Spans>, to: End) {
        match to.literal {
            Some((literal, first)) => self.scalars_to(spans, Before(literal, first)),
            None => self.scalars_to(spans, AtLimit),
        }
    }

    #[inline(always)]
    fn scalars_to(&mut self, spans: Option<&mut Spans>, ends: impl Ends) {
        let block = self.block;
        let may_be_null = spans.is_none();
        self.each_text(
            spans,
            #[inline(always)]
            move |at, limit| {
                let text = word(block, at);
                let (length, is_long) = ends.length(text, at, limit);
                let number = words::decimal(text, length);
                if number.fits && is_long == 0 && !number.is_dash {
                    return ends.behind(block, at.wrapping_add(length as Place), limit);
                }
                ends.behind(block, odd_scalar_end(block, at, limit, may_be_null), limit)
            },
        );
    }

    pub(super) fn requests(&mut self, parts: Parts) {
        let block = self.block;
        let Parts { spans, methods, paths, unusual } = parts;
        match methods {
            None => self.each(
                #[inline(always)]
                move |i, at, limit| {
                    let (_, path, target_end, is_usual) = path_of(block, at, limit);
                    unusual[i] = !is_usual;
                    paths[i] = (path, target_end);
                    spans[i] = (at, limit);
                    Stepped { end: limit, next: limit, odd: u64::from(at > limit) }
                },
            ),
            Some(methods) => self.each(
                #[inline(always)]
                move |i, at, limit| {
                    let (method_end, path, target_end, is_usual) = path_of(block, at, limit);
                    unusual[i] = !is_usual;
                    paths[i] = (path, target_end);
                    spans[i] = (at, limit);
                    methods[i] = (at, method_end);
                    Stepped { end: limit, next: limit, odd: u64::from(at > limit) }
                },
            ),
        }
    }

    pub(super) fn numbers(&mut self, spans: Option<&mut Spans>, values: Option<(Scale, &mut Column<i64>)>, lists: bool, to: End) {
        match to.literal {
            Some((literal, first)) => self.numbers_to(spans, values, lists, to.list, Before(literal, first)),
            None => self.numbers_to(spans, values, lists, to.list, AtLimit),
        }
    }

    #[inline(always)]
    fn numbers_to(
        &mut self,
        spans: Option<&mut Spans>,
        values: Option<(Scale, &mut Column<i64>)>,
        lists: bool,
        list: u16,
        ends: impl Ends,
    ) {
        let block = self.block;
        match (spans, values) {
            (None, None) => self.each_number(
                (lists, list),
                ends,
                #[inline(always)]
                move |_, _, _, _| {},
            ),
            (None, Some((scale, values))) => self.each_number(
                (lists, list),
                ends,
                #[inline(always)]
                move |i, number, from, end| values[i] = scale.value(block, number, from, end),
            ),
            (Some(spans), mut values) => self.each_number((lists, list), ends, move |i, number, from, end| {
                spans[i] = (from, end);
                if let Some((scale, values)) = &mut values {
                    values[i] = scale.value(block, number, from, end);
                }
            }),
        }
    }

    /// Goes over numbers. `visit` is given each with its place; what it is given of one that does not fit means nothing.
    #[inline(always)]
    fn each_number(
        &mut self,
        (lists, list): (bool, u16),
        ends: impl Ends,
        mut visit: impl FnMut(usize, words::Decimal, Place, Place),
    ) {
        let block = self.block;
        self.each(
            #[inline(always)]
            move |i, at, limit| {
                let text = word(block, at);
                let (length, is_long) = ends.length(text, at, limit);
                let number = words::decimal(text, length);
                let end = at.wrapping_add(length as Place);
                if number.fits && is_long == 0 && word(block, end) as u16 != list {
                    visit(i, number, at, end);
                    return ends.behind(block, end, limit);
                }
                let end = odd_number_end(block, at, limit, lists);
                visit(i, words::Decimal { fits: false, ..number }, at, end);
                ends.behind(block, end, limit)
            },
        );
    }

    pub(super) fn statuses(&mut self, spans: Option<&mut Spans>, codes: &mut Column<i64>, lists: bool, to: End) {
        match to.literal {
            Some((literal, first)) => self.statuses_to(spans, codes, (lists, to.list), Before(literal, first)),
            None => self.statuses_to(spans, codes, (lists, to.list), AtLimit),
        }
    }

    #[inline(always)]
    fn statuses_to(
        &mut self,
        mut spans: Option<&mut Spans>,
        codes: &mut Column<i64>,
        (lists, list): (bool, u16),
        ends: impl Ends,
    ) {
        let block = self.block;
        self.each(
            #[inline(always)]
            move |i, at, limit| {
                let code = words::status(word(block, at));
                let end = at.wrapping_add(3);
                let mut stepped = ends.behind(block, end, limit);
                codes[i] = i64::from(code);
                if code == 0 || stepped.odd != 0 || word(block, end) as u16 == list {
                    let end = odd_number_end(block, at, limit, lists);
                    let (code, is_status) = odd_status(block, at, end);
                    codes[i] = code;
                    stepped = ends.behind(block, end, limit);
                    stepped.odd |= u64::from(!is_status);
                }
                if let Some(spans) = &mut spans {
                    spans[i] = (at, stepped.end);
                }
                stepped
            },
        );
    }

    pub(super) fn times(&mut self, reader: &mut TimeReader, times: &mut Column<Instant>, to: End) {
        match to.literal {
            Some((literal, first)) => self.times_to(reader, times, Before(literal, first)),
            None => self.times_to(reader, times, AtLimit),
        }
    }

    #[inline(always)]
    fn times_to(&mut self, reader: &mut TimeReader, times: &mut Column<Instant>, ends: impl Ends) {
        let block = self.block;
        if reader.is_clf() {
            return self.each(
                #[inline(always)]
                move |i, at, limit| match reader.recent_clf(block, at) {
                    Some((time, length)) => {
                        times[i] = time;
                        ends.behind(block, at.wrapping_add(length), limit)
                    }
                    None => other_time(reader, block, (at, limit), &mut times[i], ends),
                },
            );
        }
        self.each(
            #[inline(always)]
            move |i, at, limit| other_time(reader, block, (at, limit), &mut times[i], ends),
        );
    }
}

/// Where the method of a request ends, where its target stands, and whether it is usual; an unusual one has an empty target here.
#[inline(always)]
fn path_of(block: &Block, at: Place, limit: Place) -> (Place, Place, Place, bool) {
    let (method_end, target_end, is_usual) = split_usual(block, at, limit);
    let (path, target_end) = if is_usual { (method_end.wrapping_add(1), target_end) } else { (0, 0) };
    (method_end, path, target_end, is_usual)
}

#[inline]
fn other_time(
    reader: &mut TimeReader,
    block: &Block,
    (at, limit): (Place, Place),
    time: &mut Instant,
    ends: impl Ends,
) -> Stepped {
    match block.get(at.into()..limit.into()).map(|text| reader.read(text)) {
        // A local time that comes twice or never is counted where lines are read with care.
        Some(TimeRead::At(read, length)) if reader.ambiguous() == Ambiguous::default() => {
            *time = read;
            ends.behind(block, at.wrapping_add(length as Place), limit)
        }
        _ => Stepped { end: at, next: at, odd: 1 },
    }
}

/// Where the number, or list of numbers, at `at` ends.
#[cold]
fn odd_number_end(block: &Block, at: Place, limit: Place, lists: bool) -> Place {
    at.wrapping_add(block.get(at.into()..limit.into()).map_or(0, |text| number::shape_length(text, lists) as Place))
}

/// Where the scalar of JSON at `at` ends; there, if there is none.
#[cold]
fn odd_scalar_end(block: &Block, at: Place, limit: Place, may_be_null: bool) -> Place {
    let Some(text) = block.get(at.into()..limit.into()) else { return at };
    let word = [&b"true"[..], b"false", b"null"].into_iter().find(|word| text.starts_with(word));
    let length = match word {
        Some(b"null") if !may_be_null => 0,
        Some(word) => word.len(),
        None => json_read::number_length(text),
    };
    at + length as Place
}

#[cold]
fn odd_value(block: &Block, from: Place, to: Place, unit: Unit) -> i64 {
    let text = block.get(from.into()..to.into());
    text.filter(|text| *text != b"-").and_then(|text| number::scaled(text, unit)).unwrap_or(ABSENT)
}

/// A status that is not three digits, and whether it is one at all.
#[cold]
fn odd_status(block: &Block, from: Place, to: Place) -> (i64, bool) {
    let status = block.get(from.into()..to.into()).and_then(number::status);
    (status.flatten().map_or(ABSENT, i64::from), status.is_some())
}
