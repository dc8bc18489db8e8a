//! A look at the first lines of a log that is expected to be like the one before it: does one format read all of them?
//!
//! Logs come in series, and most lines of such a head are regular. They are read as a scan reads them, in batches by their marks, which takes
//! a fraction of what reading with care takes; the others are read with care. The answer is the same.

use super::extract::{Extractor, Reader, View};
use crate::batch::{BATCH_LINES, Batch};
use crate::block::{self, BLOCK_BYTES_MAX, Block, Place};
use crate::marks::{Kernel, Marks};

/// The rooms of a look, for extractors without needs.
pub(super) struct Glance {
    kernel: Kernel,
    room: Box<Block>,
    marks: Marks,
    batch: Batch,
}

/// Where a line of the room begins, and its newline.
type Stretch = (Place, Place);

impl Default for Glance {
    fn default() -> Self {
        Glance { kernel: Kernel::best(), room: block::room(), marks: Marks::default(), batch: Batch::new(Vec::new()) }
    }
}

impl Glance {
    /// Whether `extractor`, which has no needs, reads each of these lines by itself as an event that a writer of its format writes. No line is
    /// empty or holds a newline. `careful` answers for a single line.
    pub(super) fn reads_all(
        &mut self,
        lines: &[&[u8]],
        extractor: &Extractor,
        reader: &mut Reader,
        careful: &dyn Fn(&[u8], &mut Reader) -> bool,
    ) -> bool {
        let mut rest = lines;
        while !rest.is_empty() {
            extractor.learn(reader);
            let regular = extractor.marks_per_line(reader).filter(|_| extractor.reads_regular_cleanly());
            let mut stretches = [(0, 0); BATCH_LINES];
            let count = if regular.is_some() { self.fill(rest, &mut stretches, extractor) } else { 0 };
            let (these, behind) = rest.split_at(count.max(1));
            let fits = match regular {
                Some(regular) if count > 0 => self.read_filled(these, &stretches, regular, (extractor, reader), careful),
                _ => careful(these[0], reader),
            };
            if !fits {
                return false;
            }
            rest = behind;
        }
        true
    }

    /// Copies lines to the room and marks them; how many.
    fn fill(&mut self, lines: &[&[u8]], stretches: &mut [Stretch; BATCH_LINES], extractor: &Extractor) -> usize {
        let (mut count, mut at) = (0, 0);
        for (line, stretch) in lines.iter().zip(stretches) {
            let line = extractor.trimmed(line);
            let newline = at + line.len();
            if newline >= BLOCK_BYTES_MAX {
                break;
            }
            self.room[at..newline].copy_from_slice(line);
            self.room[newline] = b'\n';
            *stretch = (at as Place, newline as Place);
            (count, at) = (count + 1, newline + 1);
        }
        self.marks.fill(self.kernel, extractor.mark_set(), &self.room, at);
        count
    }

    /// Reads the lines that were filled in, those that look regular as a batch.
    fn read_filled(
        &mut self,
        lines: &[&[u8]],
        stretches: &[Stretch; BATCH_LINES],
        regular: usize,
        (extractor, reader): (&Extractor, &mut Reader),
        careful: &dyn Fn(&[u8], &mut Reader) -> bool,
    ) -> bool {
        let Glance { kernel, room, marks, batch } = self;
        let (positions, mut first, mut odd) = (marks.positions(), 0, [false; BATCH_LINES]);
        let mut of_batch = [0; BATCH_LINES];
        batch.len = 0;
        for (i, &(start, newline)) in stretches.iter().enumerate().take(lines.len()) {
            if positions.get(first + regular) == Some(&newline) {
                of_batch[batch.len] = i;
                batch.push(start, newline, newline, first as Place);
                first += regular + 1;
            } else {
                odd[i] = true;
                first += positions[first..].partition_point(|&mark| mark <= newline);
            }
        }
        if batch.len > 0 {
            let view = View { kernel: *kernel, block: room, marks, positions: Some(marks.positions_and_room()) };
            extractor.read_batch(view, batch, reader);
            (0..batch.len).filter(|&i| batch.odd[i] != 0).for_each(|i| odd[of_batch[i]] = true);
        }
        lines.iter().zip(odd).filter(|(_, odd)| *odd).all(|(line, _)| careful(line, reader))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::preset;
    use crate::record::Outcome;

    /// What a look must say: the slow twin.
    fn reads_each(lines: &[&[u8]], extractor: &Extractor, reader: &mut Reader) -> bool {
        lines.iter().all(|line| extractor.try_read(line, reader, false) == Outcome::Event && extractor.reads_by_itself(reader))
    }

    #[test]
    fn a_look_says_what_reading_with_care_says() {
        let mut state = 11_u64;
        let mut draw = |n: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % n
        };
        let formats = preset::candidates().unwrap();
        let (mut glance, mut seen, mut batches) = (Glance::default(), [0; 2], 0);
        for format in &formats {
            let extractor = Extractor::bind(format, &[], Some(&jiff::tz::TimeZone::UTC)).unwrap();
            let (mut reader, mut slow) = (extractor.reader(""), extractor.reader(""));
            for preset in preset::all() {
                let examples: Vec<&[u8]> = preset.example.lines().map(str::as_bytes).filter(|line| !line.is_empty()).collect();
                let rounds = if reads_each(&examples, &extractor, &mut slow) { 40 } else { 2 };
                for round in 0..rounds {
                    let mut lines: Vec<Vec<u8>> = (0..1 + draw(80)).map(|i| examples[i % examples.len()].to_vec()).collect();
                    // One line that is nearly like the others: what is put in may or may not be read, but not by one alone.
                    let odd = draw(lines.len());
                    let at = draw(lines[odd].len());
                    match round % 4 {
                        0 => {}
                        1 => drop(lines[odd].splice(at..at, *b"\" rt=\"0.1")),
                        2 => drop(lines[odd].splice(at..at, [b"\"\\ -7:{"[draw(7)]])),
                        _ => drop(lines[odd].drain(at..)),
                    }
                    let lines: Vec<&[u8]> = lines.iter().map(|line| &line[..]).filter(|line| !line.is_empty()).collect();
                    let careful = |line: &[u8], reader: &mut Reader| {
                        extractor.tries_as_event(line, None, reader) && extractor.reads_by_itself(reader)
                    };
                    let want = reads_each(&lines, &extractor, &mut slow);
                    let got = glance.reads_all(&lines, &extractor, &mut reader, &careful);
                    assert_eq!(
                        got,
                        want,
                        "{} by {}: {:?}",
                        preset.name,
                        format.name,
                        lines.get(odd).map(|l| l.escape_ascii().to_string())
                    );
                    seen[usize::from(got)] += 1;
                    batches += usize::from(got && glance.batch.len > 0);
                }
            }
        }
        // Both answers came, and not only by care.
        assert!(seen[0] > 1_000 && seen[1] > 300 && batches > 200, "{seen:?} {batches}");
    }

    #[test]
    fn lines_that_no_room_holds_are_read_with_care() {
        let format = preset::Preset::named("combined").unwrap().family().unwrap();
        let extractor = Extractor::bind(&format, &[], None).unwrap();
        let mut reader = extractor.reader("");
        let line = |agent: usize| {
            let agent = "x".repeat(agent);
            format!(r#"192.0.2.7 - - [02/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "{agent}""#).into_bytes()
        };
        let lines = [line(3), line(40_000), line(40_000), line(BLOCK_BYTES_MAX), line(7)];
        let lines: Vec<&[u8]> = lines.iter().map(|line| &line[..]).collect();
        let asked = std::cell::Cell::new(0);
        let careful = |line: &[u8], reader: &mut Reader| {
            asked.set(asked.get() + 1);
            extractor.tries_as_event(line, None, reader)
        };
        assert!(Glance::default().reads_all(&lines, &extractor, &mut reader, &careful));
        assert!((1..=3).contains(&asked.get()), "{}", asked.get());
    }

    #[test]
    fn blanks_at_the_end_of_every_line_cost_no_care() {
        let format = preset::Preset::named("combined").unwrap().family().unwrap();
        let extractor = Extractor::bind(&format, &[], None).unwrap();
        let mut reader = extractor.reader("");
        let line = format!("{}  ", preset::Preset::named("combined").unwrap().example);
        let careful = |line: &[u8], _: &mut Reader| panic!("{} was read with care", line.escape_ascii());
        assert!(Glance::default().reads_all(&[line.as_bytes(); 200], &extractor, &mut reader, &careful));
    }
}
