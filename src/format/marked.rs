//! Literals that hold marks: what the fast reader ([`super::shape`]) finds fields by.
//!
//! Each must stand around its mark in every regular line. Whether they all do is seen line by line, because nothing has to be kept of
//! it but one word a line; where they begin is only found of those that a field stands beside, for four marks at one time.

use super::walk::{Desk, Lines};
use super::words::{Literal, WORD_BYTES};
use crate::batch::{BATCH_LINES, Column, every_line};
use crate::block::{Block, PLACES, Place, Positions, word};

/// Marks of a regular line, at most, with its newline.
pub(super) const MARKS_MAX: usize = 256;

/// A literal that holds marks.
#[derive(Clone, Debug)]
pub(super) struct MarkedLiteral {
    /// Its text in words of eight bytes, the last one perhaps shorter, and looked at by the op behind it if it is not here.
    words: Vec<Literal>,
    length: Place,
    /// Which mark of the line stands in it first, and how far behind the literal's beginning.
    mark: usize,
    mark_offset: Place,
    /// The highest byte with which no value may begin behind it, where one must: it is no quote, either.
    before_value: Option<u8>,
}

impl MarkedLiteral {
    /// A literal of a line, around its mark with this number. None when it is empty or so long that a place cannot say it.
    pub(super) fn new(text: &[u8], mark: usize, mark_offset: usize) -> Option<MarkedLiteral> {
        let words = text.chunks(WORD_BYTES).map(Literal::new).collect::<Option<Vec<_>>>()?;
        let (length, mark_offset) = (Place::try_from(text.len()).ok()?, Place::try_from(mark_offset).ok()?);
        Some(MarkedLiteral { words, length, mark, mark_offset, before_value: None })
    }

    /// One byte that divides columns, and behind which a value begins with a byte above this one that is no quote.
    pub(super) fn divider(byte: u8, mark: usize, before_value: u8) -> Option<MarkedLiteral> {
        Some(MarkedLiteral { before_value: Some(before_value), ..MarkedLiteral::new(&[byte], mark, 0)? })
    }

    /// Leaves the last word to somebody who looks at it with what follows it, and wants to.
    pub(super) fn leave_last_word(&mut self, take_in: impl FnOnce(Literal) -> bool) {
        if self.before_value.is_none() && self.words.last().is_some_and(|last| take_in(*last)) {
            self.words.pop();
        }
    }

    fn checks(&self) -> impl Iterator<Item = Check> {
        let at = move |(i, literal): (usize, &Literal)| {
            let offset = ((i * WORD_BYTES) as Place).wrapping_sub(self.mark_offset);
            Check { mark: self.mark, offset, literal: *literal }
        };
        self.words.iter().enumerate().map(at)
    }
}

/// The marked literals of a line, in order.
#[derive(Clone, Default, Debug)]
pub(super) struct MarkedLiterals {
    lengths: Vec<Place>,
    checks: Vec<Check>,
    values: Vec<ValueCheck>,
    begins: Vec<Begin>,
}

/// A word that must stand so far behind a mark.
#[derive(Clone, Copy, Debug)]
struct Check {
    mark: usize,
    offset: Place,
    literal: Literal,
}

/// A byte that must begin a value.
#[derive(Clone, Copy, Debug)]
struct ValueCheck {
    mark: usize,
    offset: Place,
    highest: u8,
}

/// A literal of which somebody asks where it begins.
#[derive(Clone, Copy, Debug)]
struct Begin {
    literal: usize,
    mark: usize,
    mark_offset: Place,
}

impl MarkedLiterals {
    /// These literals, of which it is asked where some begin.
    pub(super) fn new(literals: &[MarkedLiteral], is_asked: impl Fn(usize) -> bool) -> MarkedLiterals {
        let value = |literal: &MarkedLiteral| {
            let (mark, offset) = (literal.mark, literal.length.wrapping_sub(literal.mark_offset));
            Some(ValueCheck { mark, offset, highest: literal.before_value? })
        };
        let begin = |(i, literal): (usize, &MarkedLiteral)| {
            is_asked(i).then_some(Begin { literal: i, mark: literal.mark, mark_offset: literal.mark_offset })
        };
        MarkedLiterals {
            lengths: literals.iter().map(|literal| literal.length).collect(),
            checks: literals.iter().flat_map(MarkedLiteral::checks).collect(),
            values: literals.iter().filter_map(value).collect(),
            begins: literals.iter().enumerate().filter_map(begin).collect(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.lengths.len()
    }

    /// How long each is; 0 for none.
    pub(super) fn length(&self, literal: usize) -> Place {
        self.lengths.get(literal).copied().unwrap_or(0)
    }

    /// Makes the lines odd in which one of them does not stand.
    pub(super) fn check(&self, lines: &Lines, odd: &mut Column<u64>) {
        *odd = [0; BATCH_LINES];
        let odd = &mut odd[..lines.batch.len.min(BATCH_LINES)];
        differences(lines.block, lines.positions, &lines.batch.firsts, &self.checks, odd);
        if !self.values.is_empty() {
            no_values(lines.block, lines.positions, &lines.batch.firsts, &self.values, odd);
        }
    }

    /// Finds where those that are asked for begin.
    #[inline(always)]
    pub(super) fn find(&self, lines: &Lines, columns: &mut [Column<Place>], desk: &mut Desk) {
        let mut from = None;
        for begin in &self.begins {
            // The four marks from `from` on are at hand.
            let base = match from {
                Some(from) if begin.mark < from + MARKS_AT_ONCE => from,
                _ => {
                    marks_at(lines.positions, &lines.batch.firsts, begin.mark, &mut desk.words[0]);
                    begin.mark
                }
            };
            from = Some(base);
            let shift = (Place::BITS as usize * (begin.mark - base)) % u64::BITS as usize;
            let (column, marks) = (&mut columns[begin.literal], &desk.words[0]);
            for i in every_line() {
                column[i] = ((marks[i] >> shift) as Place).wrapping_sub(begin.mark_offset);
            }
        }
    }
}

/// How many places a word holds.
const MARKS_AT_ONCE: usize = 4;

/// The positions of the marks with this number in lines, by the number of a line's first mark.
#[inline(always)]
fn positions_from(positions: &Positions, mark: usize) -> &[Place; PLACES + MARKS_AT_ONCE] {
    // The remainder tells the compiler that there are as many.
    positions[mark % MARKS_MAX..].first_chunk().unwrap_or(&[0; PLACES + MARKS_AT_ONCE])
}

/// For each line the positions of four marks from this one on, the first one lowest. Like [`crate::block::words_at`], it must not be
/// compiled for AVX-512, and neither must those below.
#[inline(never)]
fn marks_at(positions: &Positions, firsts: &Column<Place>, mark: usize, marks: &mut Column<u64>) {
    let positions = positions_from(positions, mark);
    for (to, &first) in marks.iter_mut().zip(firsts) {
        let four: [Place; MARKS_AT_ONCE] = *positions[usize::from(first)..].first_chunk().unwrap_or(&[0; MARKS_AT_ONCE]);
        *to = u64::from(four[0]) | u64::from(four[1]) << 16 | u64::from(four[2]) << 32 | u64::from(four[3]) << 48;
    }
}

/// Where a byte so far behind a mark of a line stands.
#[inline(always)]
fn place(positions: &Positions, first: Place, mark: usize, offset: Place) -> Place {
    positions[usize::from(first) + mark % MARKS_MAX].wrapping_add(offset)
}

#[inline(never)]
fn differences(block: &Block, positions: &Positions, firsts: &Column<Place>, checks: &[Check], odd: &mut [u64]) {
    let (pairs, last) = checks.as_chunks::<2>();
    pairs.iter().for_each(|pair| differences_of(block, positions, firsts, *pair, odd));
    last.iter().for_each(|check| differences_of(block, positions, firsts, [*check], odd));
}

/// Few checks at a time, whose numbers stay in registers.
#[inline(always)]
fn differences_of<const N: usize>(
    block: &Block,
    positions: &Positions,
    firsts: &Column<Place>,
    checks: [Check; N],
    odd: &mut [u64],
) {
    for (odd, &first) in odd.iter_mut().zip(firsts) {
        let differs = |check: &Check| check.literal.difference(word(block, place(positions, first, check.mark, check.offset)));
        *odd |= checks.iter().fold(0, |all, check| all | differs(check));
    }
}

#[inline(never)]
fn no_values(block: &Block, positions: &Positions, firsts: &Column<Place>, values: &[ValueCheck], odd: &mut [u64]) {
    for (odd, &first) in odd.iter_mut().zip(firsts) {
        let is_none = |value: &ValueCheck| {
            let byte = block[usize::from(place(positions, first, value.mark, value.offset))];
            u64::from(byte <= value.highest) | u64::from(byte == b'"')
        };
        *odd |= values.iter().fold(0, |all, value| all | is_none(value));
    }
}
