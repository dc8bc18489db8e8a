//! The steps of the fast reader ([`super::shape`]): each goes over all lines of a batch.
//!
//! A step is a few short loops over columns: one that loads a word for each line, one that computes with words and nothing else,
//! so that the compiler computes with several of them at one time, and one over the lines for which that did not do, if there are any.
//!
//! Advice to the next person: what differs from line to line (the length of a number, a `-` in its place, a kind of request)
//! must not be a branch here, because it cannot be predicted, and a wrong guess costs as much as reading two fields. A loop
//! that computes must not load from places it computes, nor write to two columns that might be one: then it computes line by line.
//! `benches/instructions` tells at once.

mod forms;

use std::cell::Cell;

use super::clock::TimeReader;
use super::json_read;
use super::recent::Form;
use super::request::{Absolute, Usual};
use super::words::{self, Literal, WORD_BYTES};
use super::{Unit, number};
use crate::batch::{ABSENT, BATCH_LINES, Batch, Column, Spans, every_line};
use crate::block::{Block, Place, Positions, word, words_at, words_behind};
use crate::marks::{Kernel, Marks, NEAR};
use crate::time::Instant;
use forms::{AtLimit, Before, Ends, NEAR_BYTES, STATUS_BYTES};

pub(super) use forms::{Around, End, Numeral, Scale, Without};

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
    pub(super) desk: Box<Desk>,
    /// For each marked literal, where it begins.
    pub(super) begins: Vec<Column<Place>>,
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
            desk: Desk::new(),
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
    pub(super) desk: &'a mut Desk,
}

/// What a step works with. It is all in one place, so that the compiler sees that no column is another one.
#[derive(Debug)]
pub(super) struct Desk {
    /// Where each line has come to.
    pub(super) at: Column<Place>,
    /// Not 0 for a line that is odd.
    pub(super) odd: Column<u64>,
    /// Where the field of this step ends, and the word that stands there, if something must be there.
    ends: Column<Place>,
    behind: Column<u64>,
    /// Not 0 if the field has to be read with care.
    care: Column<u64>,
    values: Column<i64>,
    words: [Column<u64>; 6],
}

impl Desk {
    pub(super) fn new() -> Box<Desk> {
        Box::new(Desk {
            at: [0; BATCH_LINES],
            odd: [0; BATCH_LINES],
            ends: [0; BATCH_LINES],
            behind: [0; BATCH_LINES],
            care: [0; BATCH_LINES],
            values: [ABSENT; BATCH_LINES],
            words: [[0; BATCH_LINES]; 6],
        })
    }

    /// Looks at the word at every end.
    #[inline(always)]
    fn look_behind(&mut self, block: &Block) {
        words_at(block, &self.ends, &mut self.behind);
    }

    /// Finds the first aux bytes, which end fields; what is too far off needs care.
    #[inline(always)]
    fn find_aux(&mut self, marks: &Marks, limits: &Column<Place>) {
        marks.aux_words(&self.at, &mut self.words[0]);
        for i in every_line() {
            let (end, is_far) = Marks::next_in(self.words[0][i], self.at[i], limits[i]);
            (self.ends[i], self.care[i]) = (end, u64::from(is_far));
        }
        if self.needs_care() {
            self.look_further(marks, limits);
        }
    }

    /// Looks for the ends that were not near once more, from where the first look ended.
    #[inline(always)]
    fn look_further(&mut self, marks: &Marks, limits: &Column<Place>) {
        for i in every_line() {
            self.ends[i] = if self.care[i] != 0 { self.at[i].saturating_add(NEAR) } else { self.ends[i] };
        }
        marks.aux_words(&self.ends, &mut self.words[0]);
        for i in every_line() {
            let (end, is_far) = Marks::next_in(self.words[0][i], self.ends[i], limits[i]);
            self.care[i] &= u64::from(is_far);
            self.ends[i] = end;
        }
    }

    /// Finds lines that hold a control character.
    pub(super) fn find_controls(&mut self, lines: &Lines) {
        let Lines { kernel, block, batch, .. } = lines;
        kernel.run(
            #[inline(always)]
            || {
                for i in 0..batch.len.min(BATCH_LINES) {
                    let line = block.get(batch.starts[i].into()..batch.ends[i].into()).unwrap_or_default();
                    self.odd[i] |= u64::from(words::has_controls(line));
                }
            },
        );
    }

    /// Looks whether this literal stands so far behind each of these places.
    #[inline(always)]
    pub(super) fn differences(&mut self, block: &Block, literal: &Literal, places: &Column<Place>, offset: Place) {
        words_behind(block, places, offset, &mut self.behind);
        for i in every_line() {
            self.odd[i] |= literal.difference(self.behind[i]);
        }
    }

    /// Looks whether values begin so many bytes into the words that were looked at last: with a byte above this one that is no quote.
    #[inline(always)]
    pub(super) fn check_values(&mut self, offset: Place, highest: u8) {
        for i in every_line() {
            let byte = self.behind[i] >> (8 * offset) & 0xff;
            self.odd[i] |= u64::from(byte <= u64::from(highest)) | u64::from(byte == u64::from(b'"'));
        }
    }

    /// Goes on behind a literal that must stand at every end.
    #[inline(always)]
    fn pass(&mut self, literal: Literal, limits: &Column<Place>) {
        for i in every_line() {
            let next = self.ends[i].wrapping_add(literal.length);
            self.odd[i] |= literal.difference(self.behind[i]) | u64::from(next > limits[i]);
            self.at[i] = next;
        }
    }

    /// Goes on at the limits, where every field must end.
    #[inline(always)]
    fn stop(&mut self, limits: &Column<Place>) {
        for i in every_line() {
            self.odd[i] |= u64::from(self.ends[i] ^ limits[i]);
            self.at[i] = limits[i];
        }
    }

    #[inline(always)]
    fn needs_care(&self) -> bool {
        let mut any = 0;
        for i in every_line() {
            any |= self.care[i];
        }
        any != 0
    }
}

/// Where the parts of requests go.
pub(super) struct Parts<'a> {
    pub(super) spans: &'a mut Spans,
    pub(super) methods: Option<&'a mut Spans>,
    pub(super) paths: &'a mut Spans,
    pub(super) unusual: &'a mut Column<bool>,
}

impl Walk<'_> {
    /// One step, as a function of its own: in one large function its constants would not stay in registers. `find` sets the end of each
    /// field, and what stands there if the step has a literal; where that needs care, `end_of` is given the number of a
    /// line, a place and a limit, and says where the field ends, or that it is none.
    #[inline(always)]
    fn step(
        &mut self,
        to: Option<Literal>,
        spans: Option<&mut Spans>,
        find: impl FnOnce(&mut Desk),
        end_of: impl FnMut(usize, Place, Place) -> Option<Place>,
    ) {
        let Walk { kernel, block, len, limits, .. } = *self;
        let desk = &mut *self.desk;
        kernel.run(
            #[inline(always)]
            move || {
                find(desk);
                if desk.needs_care() {
                    mend(desk, (block, len, limits), end_of);
                }
                if let Some(spans) = spans {
                    for i in every_line() {
                        spans[i] = (desk.at[i], desk.ends[i]);
                    }
                }
                match to {
                    Some(literal) => desk.pass(literal, limits),
                    None => desk.stop(limits),
                }
            },
        );
    }

    pub(super) fn text_to(&mut self, spans: Option<&mut Spans>, literal: Literal) {
        let Walk { block, marks, limits, .. } = *self;
        self.step(
            Some(literal),
            spans,
            #[inline(always)]
            move |desk| {
                desk.find_aux(marks, limits);
                desk.look_behind(block);
            },
            move |_, at, limit| Some(marks.next_aux(at, limit)),
        );
    }

    pub(super) fn literal(&mut self, literal: Literal) {
        let block = self.block;
        self.step(
            Some(literal),
            None,
            move |desk| {
                (desk.ends, desk.care) = (desk.at, [0; BATCH_LINES]);
                desk.look_behind(block);
            },
            |_, at, _| Some(at),
        );
    }

    /// Runs what is no step, because it finds no end of a field.
    #[inline(always)]
    fn run(&mut self, work: impl FnOnce(&mut Desk)) {
        let desk = &mut *self.desk;
        self.kernel.run(
            #[inline(always)]
            move || work(desk),
        );
    }

    pub(super) fn blanks(&mut self) {
        let block = self.block;
        self.run(
            #[inline(always)]
            move |desk| {
                words_at(block, &desk.at, &mut desk.words[0]);
                for i in every_line() {
                    let blanks = words::leading_blanks(desk.words[0][i]);
                    // There may be more than a word of them.
                    desk.odd[i] |= blanks >> 3;
                    desk.at[i] = desk.at[i].wrapping_add(blanks as Place);
                }
            },
        );
    }

    /// Whether the number that ends where each line has come to has so many decimals, or is `-`.
    pub(super) fn places(&mut self, places: Place) {
        let block = self.block;
        // The point must be the number's own: nothing but digits stands behind it.
        let of_digits = (1_u64 << (8 * u32::from(places))).wrapping_sub(1);
        self.run(
            #[inline(always)]
            move |desk| {
                for i in every_line() {
                    desk.ends[i] = desk.at[i].wrapping_sub(places + 1);
                }
                words_at(block, &desk.ends, &mut desk.words[0]);
                for i in every_line() {
                    let (point, last) = (desk.words[0][i] & 0xff, desk.words[0][i] >> (8 * u32::from(places)) & 0xff);
                    let digits = (desk.words[0][i] >> 8 ^ words::spread(b'0')) & of_digits;
                    let is_other = u64::from(point != u64::from(b'.')) | u64::from(words::not_digits(digits) != 0);
                    desk.odd[i] |= is_other & u64::from(last != u64::from(b'-'));
                }
            },
        );
    }

    /// What Kubernetes writes behind the time of a whole line: `stdout F ` or `stderr F `.
    pub(super) fn stream(&mut self) {
        const STREAMS: [u64; 2] = [u64::from_le_bytes(*b"stdout F"), u64::from_le_bytes(*b"stderr F")];
        let block = self.block;
        self.run(
            #[inline(always)]
            move |desk| {
                words_at(block, &desk.at, &mut desk.words[0]);
                words_behind(block, &desk.at, 1, &mut desk.words[1]);
                for i in every_line() {
                    let is_other = STREAMS.map(|stream| desk.words[0][i] != stream);
                    desk.odd[i] |= u64::from(is_other[0] & is_other[1]) | (desk.words[1][i] >> 56 ^ u64::from(b' '));
                    desk.at[i] = desk.at[i].wrapping_add(STREAMS[0].to_le_bytes().len() as Place + 1);
                }
            },
        );
    }

    pub(super) fn value(&mut self) {
        let block = self.block;
        self.run(
            #[inline(always)]
            move |desk| {
                words_at(block, &desk.at, &mut desk.behind);
                desk.check_values(0, b' ');
            },
        );
    }

    pub(super) fn end(&mut self) {
        let find = |desk: &mut Desk| (desk.ends, desk.care) = (desk.at, [0; BATCH_LINES]);
        self.step(None, None, find, |_, at, _| Some(at));
    }

    pub(super) fn text_to_byte(&mut self, spans: Option<&mut Spans>, literal: Literal, byte: u8) {
        let Walk { block, limits, .. } = *self;
        self.step(
            Some(literal),
            spans,
            #[inline(always)]
            move |desk| {
                words_at(block, &desk.at, &mut desk.words[0]);
                words_behind(block, &desk.at, WORD_BYTES as Place, &mut desk.words[1]);
                for i in every_line() {
                    let near = words::distance(desk.words[0][i], byte);
                    let far = words::distance(desk.words[1][i], byte);
                    let distance = near + if near < WORD_BYTES as u64 { 0 } else { far };
                    desk.care[i] = distance >> 4;
                    desk.ends[i] = desk.at[i].wrapping_add(distance as Place).min(limits[i]);
                }
                desk.look_behind(block);
            },
            move |_, at, limit| Some(byte_or_limit(block, byte, at, limit)),
        );
    }

    pub(super) fn text_rest(&mut self, spans: Option<&mut Spans>, without: Option<Without>) {
        let Walk { block, marks, limits, .. } = *self;
        self.step(
            None,
            spans,
            #[inline(always)]
            move |desk| {
                for i in every_line() {
                    desk.odd[i] |= u64::from(desk.at[i] > limits[i]);
                }
                (desk.ends, desk.care) = (*limits, [0; BATCH_LINES]);
                match without {
                    None => {}
                    Some(Without::Byte(_)) => desk.care = [1; BATCH_LINES],
                    Some(Without::Aux) => desk.find_aux(marks, limits),
                }
            },
            move |_, at, limit| match without {
                Some(Without::Byte(byte)) => Some(byte_or_limit(block, byte, at, limit)),
                Some(Without::Aux) => Some(marks.next_aux(at, limit)),
                None => Some(limit),
            },
        );
    }

    pub(super) fn requests(&mut self, parts: Parts) {
        let Walk { kernel, block, limits, .. } = *self;
        let desk = &mut *self.desk;
        let Parts { spans, methods, paths, unusual } = parts;
        kernel.run(
            #[inline(always)]
            move || {
                let target_end = |i: usize| Usual::target_end(limits[i]);
                words_at(block, &desk.at, &mut desk.words[0]);
                for i in every_line() {
                    desk.ends[i] = target_end(i).wrapping_sub(1);
                }
                words_behind(block, &desk.ends, 2, &mut desk.words[1]);
                words_at(block, &desk.ends, &mut desk.words[2]);
                for i in every_line() {
                    desk.ends[i] = Usual::method_end(desk.words[0][i], desk.at[i]);
                }
                desk.look_behind(block);
                for i in every_line() {
                    let [_, protocol, before_protocol]: [u64; 3] = std::array::from_fn(|word| desk.words[word][i]);
                    let usual = Usual { behind_method: desk.behind[i], before_protocol, protocol };
                    desk.words[0][i] = usual.difference(desk.at[i], desk.ends[i], limits[i]);
                    desk.care[i] = desk.words[0][i] | usual.not_path();
                }
                if let Some(methods) = methods {
                    for i in every_line() {
                        methods[i] = (desk.at[i], desk.ends[i]);
                    }
                }
                // From here on the ends are those of the blanks behind the methods: where targets begin, and then paths.
                for i in every_line() {
                    desk.ends[i] = desk.ends[i].wrapping_add(1);
                }
                if desk.needs_care() {
                    desk.find_absolute(block, limits);
                }
                for i in every_line() {
                    unusual[i] = desk.care[i] != 0;
                }
                for i in every_line() {
                    // An unusual one has an empty target here.
                    let mask = Place::from(desk.care[i] == 0).wrapping_neg();
                    paths[i] = (desk.ends[i] & mask, target_end(i) & mask);
                }
            },
        );
        self.text_rest(Some(spans), None);
    }

    pub(super) fn scalars(&mut self, spans: Option<&mut Spans>, to: End) {
        let Walk { block, limits, .. } = *self;
        let may_be_null = spans.is_none();
        self.step(
            to.literal(),
            spans,
            #[inline(always)]
            move |desk| {
                desk.find_numbers(
                    (block, limits),
                    End { list: 0, ..to },
                    #[inline(always)]
                    |_, number| u64::from(number.not_dash == 0),
                );
            },
            move |_, at, limit| odd_scalar_end(block, at, limit, may_be_null),
        );
    }

    pub(super) fn numbers(
        &mut self,
        spans: Option<&mut Spans>,
        values: Option<(Scale, &mut Column<i64>)>,
        numeral: Numeral,
        to: End,
    ) {
        let Walk { block, limits, .. } = *self;
        // JSON has no `-` for a number.
        let dash = u64::from(numeral == Numeral::Json);
        let Some((scale, values)) = values else {
            return self.step(
                to.literal(),
                spans,
                #[inline(always)]
                move |desk| {
                    desk.find_numbers(
                        (block, limits),
                        to,
                        #[inline(always)]
                        |_, number| u64::from(number.not_dash == 0) & dash,
                    );
                },
                move |_, at, limit| numeral.end(block, at, limit),
            );
        };
        let values = Cell::from_mut(&mut values[..]).as_slice_of_cells();
        self.step(
            to.literal(),
            spans,
            #[inline(always)]
            move |desk| {
                desk.find_numbers(
                    (block, limits),
                    to,
                    #[inline(always)]
                    move |value, number| {
                        let care;
                        (*value, care) = scale.value(number);
                        care | u64::from(number.not_dash == 0) & dash
                    },
                );
                values.iter().zip(&desk.values).for_each(|(to, &value)| to.set(value));
            },
            move |i, at, limit| {
                let end = numeral.end(block, at, limit)?;
                values[i].set(odd_value(block, at, end, scale.unit));
                Some(end)
            },
        );
    }

    pub(super) fn statuses(&mut self, spans: Option<&mut Spans>, codes: &mut Column<i64>, numeral: Numeral, around: Around) {
        let Walk { block, limits, .. } = *self;
        let codes = Cell::from_mut(&mut codes[..]).as_slice_of_cells();
        let to = around.to;
        self.step(
            to.literal(),
            spans,
            #[inline(always)]
            move |desk| {
                desk.look_around(block, around);
                for i in every_line() {
                    let code = words::status(desk.words[0][i]);
                    let differs = match to.literal() {
                        Some(literal) => literal.difference(desk.behind[i]),
                        None => u64::from(desk.ends[i] ^ limits[i]),
                    };
                    let is_list = to.list != 0 && desk.behind[i] as u16 == to.list;
                    desk.care[i] = differs | u64::from(code == 0) | u64::from(is_list);
                    desk.values[i] = code as i64;
                }
                codes.iter().zip(&desk.values).for_each(|(to, &code)| to.set(code));
            },
            move |i, at, limit| {
                let end = numeral.end(block, at, limit)?;
                let (code, is_status) = odd_status(block, at, end);
                codes[i].set(code);
                is_status.then_some(end)
            },
        );
    }

    pub(super) fn times(&mut self, reader: &mut TimeReader, times: &mut Column<Instant>, to: End) {
        let Walk { block, limits, .. } = *self;
        // All are computed as if they were of the minute of the first.
        let minute = reader.recent_minute(block, self.desk.at[0]);
        let epoch = reader.epoch_like(block, self.desk.at[0]);
        let times = Cell::from_mut(&mut times[..]).as_slice_of_cells();
        self.step(
            to.literal(),
            None,
            #[inline(always)]
            move |desk| {
                match (minute, epoch) {
                    (_, Some(epoch)) => desk.find_times((block, limits), &epoch, to),
                    (Some(minute), None) => desk.find_times((block, limits), &minute, to),
                    (None, None) => {
                        desk.care = [1; BATCH_LINES];
                        return;
                    }
                }
                times.iter().zip(&desk.values).for_each(|(to, &micros)| to.set(Instant::from_micros(micros)));
            },
            move |i, at, limit| {
                let (time, length) = reader.read_at(block, at, limit)?;
                times[i].set(time);
                Some(at.wrapping_add(length))
            },
        );
    }

    /// A time in which no aux byte stands: it goes on to the first one, or to the end of the stretch.
    pub(super) fn time_words(&mut self, reader: &mut TimeReader, times: &mut Column<Instant>) {
        let Walk { kernel, block, marks, len, limits, .. } = *self;
        self.run(
            #[inline(always)]
            move |desk| desk.find_aux(marks, limits),
        );
        for i in (0..len.min(BATCH_LINES)).filter(|&i| self.desk.care[i] != 0) {
            self.desk.ends[i] = marks.next_aux(self.desk.at[i], limits[i]);
        }
        let limits = &self.desk.ends.clone();
        Walk { kernel, block, marks, len, limits, desk: self.desk }.times(reader, times, End::QUOTE);
    }
}

impl Desk {
    /// Looks at the words that begin with a status, and finds where that ends and what stands there.
    #[inline(always)]
    fn look_around(&mut self, block: &Block, around: Around) {
        let before = around.before.map_or(0, |literal| literal.length);
        for i in every_line() {
            self.ends[i] = self.at[i].wrapping_sub(before);
        }
        words_at(block, &self.ends, &mut self.words[0]);
        if let Some(literal) = around.before {
            for i in every_line() {
                self.odd[i] |= literal.difference(self.words[0][i]);
                self.words[0][i] >>= 8 * literal.length;
            }
        }
        for i in every_line() {
            self.ends[i] = self.at[i].wrapping_add(STATUS_BYTES);
            self.behind[i] = self.words[0][i] >> (8 * STATUS_BYTES);
        }
        if !around.is_one_word() {
            self.look_behind(block);
        }
    }

    /// Finds where numbers end. `visit` is given each; what it is given of one that has to be read with care means nothing. It may
    /// ask for care itself.
    #[inline(always)]
    fn find_numbers(
        &mut self,
        (block, limits): (&Block, &Column<Place>),
        to: End,
        visit: impl FnMut(&mut i64, words::Decimal) -> u64,
    ) {
        words_at(block, &self.at, &mut self.words[0]);
        match to.literal {
            Some((_, first)) => self.measure_numbers(limits, Before(first), visit),
            None => self.measure_numbers(limits, AtLimit, visit),
        }
        match to.length() {
            0 => {}
            // The number and what follows it are nearly always one word.
            length @ 1..=NEAR_BYTES => {
                for i in every_line() {
                    let end = self.ends[i].wrapping_sub(self.at[i]);
                    self.behind[i] = self.words[0][i] >> (end.wrapping_mul(8) & 63);
                    self.care[i] |= u64::from(end > WORD_BYTES as Place - length);
                }
            }
            _ => self.look_behind(block),
        }
        if to.list != 0 {
            for i in every_line() {
                self.care[i] |= u64::from(self.behind[i] as u16 == to.list);
            }
        }
    }

    #[inline(always)]
    fn measure_numbers(
        &mut self,
        limits: &Column<Place>,
        ends: impl Ends,
        mut visit: impl FnMut(&mut i64, words::Decimal) -> u64,
    ) {
        for i in every_line() {
            let (length, is_long) = ends.length(self.words[0][i], self.at[i], limits[i]);
            let number = words::decimal(self.words[0][i], length);
            self.ends[i] = self.at[i].wrapping_add(length as Place);
            self.care[i] = number.odd | is_long | visit(&mut self.values[i], number);
        }
    }

    /// Finds where the paths of absolute forms begin: the targets begin at the ends, and those that are no paths need care.
    #[inline(always)]
    fn find_absolute(&mut self, block: &Block, limits: &Column<Place>) {
        words_at(block, &self.ends, &mut self.words[1]);
        for (words, offset) in self.words[2..].iter_mut().zip(Absolute::OFFSETS) {
            words_behind(block, &self.ends, offset, words);
        }
        for i in every_line() {
            let [difference, scheme, authority @ ..]: [u64; 6] = std::array::from_fn(|word| self.words[word][i]);
            let (path, not_absolute) = Absolute { scheme, authority }.path(self.ends[i], Usual::target_end(limits[i]));
            let is_found = (self.care[i] != 0) & (difference | not_absolute == 0);
            self.ends[i] = if is_found { path } else { self.ends[i] };
            self.care[i] = if is_found { 0 } else { self.care[i] };
        }
    }

    /// Finds times that are written alike, into the values as microseconds, and where they end.
    #[inline(always)]
    fn find_times(&mut self, (block, limits): (&Block, &Column<Place>), form: &impl Form, to: End) {
        for (words, offset) in self.words.iter_mut().zip(form.offsets()).take(form.words()) {
            words_behind(block, &self.at, offset, words);
        }
        for i in every_line() {
            let (time, difference) = form.instant(std::array::from_fn(|word| self.words[word][i]));
            (self.values[i], self.care[i]) = (time.micros(), difference);
            self.ends[i] = self.at[i].wrapping_add(form.length());
        }
        // One that does not end where it must may be longer or shorter.
        match to.literal() {
            Some(literal) => {
                self.look_behind(block);
                for i in every_line() {
                    self.care[i] |= literal.difference(self.behind[i]);
                }
            }
            None => {
                for i in every_line() {
                    self.care[i] |= u64::from(self.ends[i] ^ limits[i]);
                }
            }
        }
    }
}

/// The first place of a byte, or the limit.
fn byte_or_limit(block: &Block, byte: u8, at: Place, limit: Place) -> Place {
    let found = block.get(at.into()..limit.into()).and_then(|text| memchr::memchr(byte, text));
    found.map_or(limit, |found| at + found as Place)
}

/// Goes over the lines that need care.
#[inline(never)]
fn mend(
    desk: &mut Desk,
    (block, len, limits): (&Block, usize, &Column<Place>),
    mut end_of: impl FnMut(usize, Place, Place) -> Option<Place>,
) {
    for i in (0..len.min(BATCH_LINES)).filter(|&i| desk.care[i] != 0) {
        match end_of(i, desk.at[i], limits[i]) {
            Some(end) => desk.ends[i] = end,
            None => desk.odd[i] |= 1,
        }
        desk.behind[i] = word(block, desk.ends[i]);
    }
}

/// Where the scalar of JSON at `at` ends; none if there is none.
#[cold]
fn odd_scalar_end(block: &Block, at: Place, limit: Place, may_be_null: bool) -> Option<Place> {
    let text = block.get(at.into()..limit.into())?;
    let word = [&b"true"[..], b"false", b"null"].into_iter().find(|word| text.starts_with(word));
    let length = match word {
        Some(b"null") if !may_be_null => 0,
        Some(word) => word.len(),
        None => json_read::number_length(text),
    };
    (length > 0).then_some(at + length as Place)
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
