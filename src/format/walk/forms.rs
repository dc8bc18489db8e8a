//! How a field of a step is written, and what stands around it.

use crate::batch::ABSENT;
use crate::block::{Block, Place};
use crate::format::words::{self, Literal, WORD_BYTES};
use crate::format::{Unit, json_read, number};

/// What follows a shaped field.
#[derive(Clone, Copy, Debug)]
pub(in crate::format) struct End {
    /// An unmarked literal, and its first byte; none where the field ends its stretch.
    pub(in crate::format) literal: Option<(Literal, u8)>,
    /// The two bytes with which a list of numbers would go on there; 0 if it cannot.
    pub(in crate::format) list: u16,
}

impl End {
    /// The quote behind a quoted field.
    pub(in crate::format) const QUOTE: End = End { literal: None, list: 0 };

    /// Before this literal, of which this is the first byte.
    pub(in crate::format) fn before(literal: Literal, first: u8) -> End {
        End { literal: Some((literal, first)), list: 0 }
    }

    pub(super) fn literal(self) -> Option<Literal> {
        self.literal.map(|(literal, _)| literal)
    }

    /// How many bytes behind the field tell that it ends there.
    #[inline(always)]
    pub(super) fn length(self) -> Place {
        self.literal().map_or(0, |literal| literal.length).max(if self.list == 0 { 0 } else { 2 })
    }
}

/// How numbers may be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::format) enum Numeral {
    /// As a number, or `-`, or not at all.
    Text,
    /// The same, or several with dividers between them.
    List,
    /// As JSON has it.
    Json,
}

impl Numeral {
    /// Of a text, which may be a list.
    pub(in crate::format) fn of_text(lists: bool) -> Numeral {
        if lists { Numeral::List } else { Numeral::Text }
    }

    /// Where the number at `at` ends; none if there must be one and is not.
    #[cold]
    pub(super) fn end(self, block: &Block, at: Place, limit: Place) -> Option<Place> {
        let text = block.get(at.into()..limit.into()).unwrap_or_default();
        let length = match self {
            Numeral::Text | Numeral::List => number::shape_length(text, self == Numeral::List),
            Numeral::Json => Some(json_read::number_length(text)).filter(|&length| length > 0)?,
        };
        Some(at.wrapping_add(length as Place))
    }
}

/// Digits of a status.
pub(super) const STATUS_BYTES: Place = 3;

/// What stands around a status: one word holds it all where that is short enough.
#[derive(Clone, Copy, Debug)]
pub(in crate::format) struct Around {
    /// What must stand before it and is looked at with it.
    pub(super) before: Option<Literal>,
    pub(in crate::format) to: End,
}

impl Around {
    pub(in crate::format) fn new(to: End) -> Around {
        Around { before: None, to }
    }

    /// Takes in what must stand before the status, if there is room in the word.
    pub(in crate::format) fn take_in(&mut self, before: Literal) -> bool {
        let with = Around { before: Some(before), ..*self };
        let is_room = with.is_one_word();
        if is_room {
            *self = with;
        }
        is_room
    }

    #[inline(always)]
    pub(super) fn is_one_word(&self) -> bool {
        let before = self.before.map_or(0, |literal| literal.length);
        before + STATUS_BYTES + self.to.length() <= WORD_BYTES as Place
    }
}

/// What a text must not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::format) enum Without {
    /// The aux byte, which is marked.
    Aux,
    /// Another byte.
    Byte(u8),
}

/// What follows a number is looked at with it if it is no longer.
pub(super) const NEAR_BYTES: Place = 2;

/// How the end of a number is found.
pub(super) trait Ends: Copy {
    /// Its length, and not 0 if that is more than 8.
    fn length(self, text: u64, at: Place, limit: Place) -> (u64, u64);
}

/// Before this byte.
#[derive(Clone, Copy)]
pub(super) struct Before(pub(super) u8);

impl Ends for Before {
    #[inline(always)]
    fn length(self, text: u64, _: Place, _: Place) -> (u64, u64) {
        // 8 stands for more, too.
        let length = words::distance(text, self.0);
        (length, length >> 3)
    }
}

/// At the end of its stretch.
#[derive(Clone, Copy)]
pub(super) struct AtLimit;

impl Ends for AtLimit {
    #[inline(always)]
    fn length(self, _: u64, at: Place, limit: Place) -> (u64, u64) {
        let length = u64::from(limit.wrapping_sub(at));
        (length, (length + 7) >> 4)
    }
}

/// A unit as factors: a number with `i` decimals is its digits times `factors[i]`, in the base of the unit; 0 where it would
/// have to be rounded.
#[derive(Clone, Copy, Debug)]
pub(in crate::format) struct Scale {
    pub(super) unit: Unit,
    factors: [i64; 8],
}

impl Scale {
    pub(in crate::format) fn new(unit: Unit) -> Scale {
        let (places, factor) = number::base(unit);
        let power = |decimals: usize| places.checked_sub(decimals).map_or(0, |places| 10i64.pow(places as u32) * factor);
        Scale { unit, factors: std::array::from_fn(power) }
    }

    /// The value of a number, and 1 if it is to be read with care.
    #[inline(always)]
    pub(super) fn value(&self, number: words::Decimal) -> (i64, u64) {
        // Not looked up by the number of decimals, but chosen: so several lines are computed at one time.
        let choice = |(point, factor): (&u64, &i64)| if *point == number.point { *factor } else { 0 };
        let factor = words::POINTS.iter().zip(&self.factors).map(choice).fold(0, |all, factor| all | factor);
        let value = if number.not_dash == 0 { ABSENT } else { number.digits as i64 * factor };
        (value, u64::from((factor == 0) & (number.not_dash != 0)))
    }
}
