//! Lines in envelopes that are opened one by one, objects above all: what is in them is gathered in a block of its own, and read in batches
//! from there. A line that does not fit is read with care, from its envelope on.

use super::{Counter, OddLines, without_return};
use crate::batch::{BATCH_LINES, Batch, Column};
use crate::block::{BLOCK_BYTES_MAX, Block, Place};
use crate::format::extract::View;
use crate::marks::Marks;

/// After a batch of which few lines fit, so many are read with care: to open them for nothing costs as much as a fifth of that.
const CAREFUL_LINES: usize = 4 * BATCH_LINES;

/// The rooms of a worker that are needed here.
pub(super) struct Rooms<'w> {
    pub(super) block: &'w mut Block,
    pub(super) marks: &'w mut Marks,
    pub(super) batch: &'w mut Batch,
    /// How many lines are to be read with care before the next are opened.
    pub(super) careful: &'w mut usize,
}

/// Lines whose texts are in the block.
struct Gathered {
    len: usize,
    /// Where the text of each begins in the block, and where its newline stands.
    texts: Column<(Place, Place)>,
    /// The bytes of each with its envelope and its line end.
    bytes: Column<Place>,
}

/// Scans the next of some whole lines: a batch of them, or one with care. `offset` is that of the first byte in its input. How many bytes are done.
pub(super) fn scan(lines: &[u8], offset: u64, rooms: &mut Rooms, counter: &mut Counter, odd: &mut OddLines) -> usize {
    counter.job.extractor.learn(&mut counter.reader);
    let regular = counter.job.extractor.marks_per_line(&counter.reader).filter(|_| *rooms.careful == 0);
    let gathered = regular.map(|regular| (regular, gather(lines, rooms, counter)));
    match gathered.filter(|(_, gathered)| gathered.len > 0) {
        Some((regular, gathered)) => count(lines, offset, (regular, &gathered), rooms, counter, odd),
        None => {
            *rooms.careful = rooms.careful.saturating_sub(1);
            let line = first_line(lines);
            counter.count_careful(line, offset, odd);
            line.len()
        }
    }
}

/// Opens lines up to the first that is no whole one alone, as many as fill a batch.
fn gather(lines: &[u8], rooms: &mut Rooms, counter: &mut Counter) -> Gathered {
    let Counter { job, reader, .. } = counter;
    let mut gathered = Gathered { len: 0, texts: [(0, 0); BATCH_LINES], bytes: [0; BATCH_LINES] };
    let (mut from, mut at) = (0, 0);
    while gathered.len < BATCH_LINES && from < lines.len() {
        let whole = first_line(&lines[from..]);
        // A text is not longer than the line that it is in.
        if at + whole.len() >= BLOCK_BYTES_MAX || whole.len() > job.line_bytes_max {
            break;
        }
        let line = whole.strip_suffix(b"\n").unwrap_or(whole);
        let line = &line[..without_return(line, 0, line.len())];
        let Some(text) = job.extractor.open(line, reader) else { break };
        let text = job.extractor.trimmed(text);
        let newline = at + text.len();
        rooms.block[at..newline].copy_from_slice(text);
        rooms.block[newline] = b'\n';
        gathered.texts[gathered.len] = (at as Place, newline as Place);
        gathered.bytes[gathered.len] = whole.len() as Place;
        gathered.len += 1;
        (from, at) = (from + whole.len(), newline + 1);
    }
    rooms.marks.fill(job.kernel, job.extractor.mark_set(), rooms.block, at);
    gathered
}

/// Reads and counts gathered lines; how many bytes they have.
fn count(
    lines: &[u8],
    offset: u64,
    (regular, gathered): (usize, &Gathered),
    rooms: &mut Rooms,
    counter: &mut Counter,
    odd: &mut OddLines,
) -> usize {
    let Rooms { block, marks, batch, careful } = rooms;
    let mut fits = [false; BATCH_LINES];
    let mut rows = [0; BATCH_LINES];
    batch.len = 0;
    let (positions, mut first) = (marks.positions(), 0);
    for (i, &(start, newline)) in gathered.texts[..gathered.len].iter().enumerate() {
        if positions.get(first + regular) == Some(&newline) {
            rows[batch.len] = i;
            // The bytes that count are those of the whole line.
            batch.push(start, newline, start + (gathered.bytes[i] - 1), first as Place);
            first += regular + 1;
        } else {
            first += positions[first..].partition_point(|&mark| mark <= newline);
        }
    }
    if batch.len > 0 {
        let view = View { kernel: counter.job.kernel, block, marks, positions: Some(marks.positions_and_room()) };
        counter.count_batch(view, batch);
        (0..batch.len).filter(|&row| batch.odd[row] == 0).for_each(|row| fits[rows[row]] = true);
    }
    if fits.iter().filter(|&&fits| fits).count() < gathered.len / 4 {
        **careful = CAREFUL_LINES;
    }
    let mut from = 0;
    for (bytes, fits) in gathered.bytes[..gathered.len].iter().zip(fits) {
        let to = from + usize::from(*bytes);
        if !fits {
            counter.count_careful(&lines[from..to], offset + from as u64, odd);
        }
        from = to;
    }
    from
}

/// The first line with its line end.
fn first_line(lines: &[u8]) -> &[u8] {
    &lines[..memchr::memchr(b'\n', lines).map_or(lines.len(), |newline| newline + 1)]
}
