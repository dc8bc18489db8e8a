//! What a generated log says, counted from the records before they were written.

use std::fmt::Write as _;

/// The classes of requests: the routes of the generated service, in the template syntax of a definition. The last one is no
/// route: paths that match none of the others, and requests without a path.
pub const CLASSES: [&str; 6] = ["/api/orders/{id}", "/api/users/{id}/cart", "/search", "/checkout", "/static/{*rest}", ""];

/// The class of requests on no route.
pub const NO_ROUTE: usize = CLASSES.len() - 1;

/// A latency above this is bad in the truth's latency verdict: microseconds.
pub const LATENCY_GOOD_MAX_US: u64 = 300_000;

/// Verdict of one condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Good = 0,
    Bad = 1,
    Unknown = 2,
}

/// Counts of one minute and class by both conditions: `status < 500` first, `latency <= 300ms` second.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Cell(pub [[u64; 3]; 3]);

impl Cell {
    /// All events.
    pub fn events(&self) -> u64 {
        self.0.iter().flatten().sum()
    }

    /// Events with this verdict of `status < 500`.
    pub fn status(&self, verdict: Verdict) -> u64 {
        self.0[verdict as usize].iter().sum()
    }

    /// Events with this verdict of `latency <= 300ms`.
    pub fn latency(&self, verdict: Verdict) -> u64 {
        self.0.iter().map(|row| row[verdict as usize]).sum()
    }
}

/// Lines with their bytes, line ends included.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    pub lines: u64,
    pub bytes: u64,
}

/// What became of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Event = 0,
    /// Blank lines.
    Skipped = 1,
    Undated = 2,
    Rejected = 3,
}

/// The names of [`Outcome`] in its order.
pub const OUTCOMES: [&str; 4] = ["events", "skipped", "undated", "rejected"];

/// Everything that is known of a generated log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Truth {
    /// The first minute of `cells`, in minutes since 1970 UTC.
    pub first_minute: i64,
    /// By minute, then by class.
    pub cells: Vec<[Cell; CLASSES.len()]>,
    /// By [`Outcome`].
    pub outcomes: [Tally; 4],
    /// Events by status; 0 is no response.
    pub statuses: Vec<u64>,
}

impl Truth {
    pub(super) fn new(first_minute: i64, minutes: usize) -> Self {
        Truth {
            first_minute,
            cells: vec![[Cell::default(); CLASSES.len()]; minutes],
            outcomes: [Tally::default(); 4],
            statuses: vec![0; 1000],
        }
    }

    pub(super) fn add_line(&mut self, outcome: Outcome, bytes: usize) {
        let tally = &mut self.outcomes[outcome as usize];
        tally.lines += 1;
        tally.bytes += bytes as u64;
    }

    pub(super) fn add_event(&mut self, minute: i64, class: usize, status: u16, latency_us: Option<u64>) {
        let by_status = match status {
            0 => Verdict::Unknown,
            1..500 => Verdict::Good,
            _ => Verdict::Bad,
        };
        let by_latency = match latency_us {
            None => Verdict::Unknown,
            Some(us) if us <= LATENCY_GOOD_MAX_US => Verdict::Good,
            Some(_) => Verdict::Bad,
        };
        let cell = &mut self.cells[(minute - self.first_minute) as usize][class];
        cell.0[by_status as usize][by_latency as usize] += 1;
        self.statuses[usize::from(status)] += 1;
    }

    /// The tally of one outcome.
    pub fn outcome(&self, outcome: Outcome) -> Tally {
        self.outcomes[outcome as usize]
    }

    /// All lines and bytes.
    pub fn total(&self) -> Tally {
        let add = |sum: Tally, t: &Tally| Tally { lines: sum.lines + t.lines, bytes: sum.bytes + t.bytes };
        self.outcomes.iter().fold(Tally::default(), add)
    }

    /// Every minute and class that has events: minute since 1970 UTC, class number, counts.
    pub fn events(&self) -> impl Iterator<Item = (i64, usize, &Cell)> {
        let minutes = self.cells.iter().enumerate().map(|(i, row)| (self.first_minute + i as i64, row));
        let cells = minutes.flat_map(|(minute, row)| row.iter().enumerate().map(move |(class, cell)| (minute, class, cell)));
        cells.filter(|(_, _, cell)| cell.events() > 0)
    }

    /// The counts of all minutes and classes together.
    pub fn sum(&self) -> Cell {
        let mut sum = Cell::default();
        for (_, _, cell) in self.events() {
            for (mine, theirs) in sum.0.iter_mut().flatten().zip(cell.0.iter().flatten()) {
                *mine += theirs;
            }
        }
        sum
    }

    /// As JSON; minutes are in seconds since 1970 UTC.
    pub fn to_json(&self) -> String {
        // Writing to a string cannot fail.
        let mut text = String::from("{");
        let Tally { lines, bytes } = self.total();
        write!(text, "\"lines\":{lines},\"bytes\":{bytes}").unwrap();
        for (name, tally) in OUTCOMES.iter().zip(self.outcomes) {
            write!(text, ",\"{name}\":{{\"lines\":{},\"bytes\":{}}}", tally.lines, tally.bytes).unwrap();
        }
        let statuses = self.statuses.iter().enumerate().filter(|(_, count)| **count > 0);
        let statuses: Vec<String> = statuses.map(|(status, count)| format!("\"{status}\":{count}")).collect();
        write!(text, ",\"statuses\":{{{}}},\"minutes\":[", statuses.join(",")).unwrap();
        for (i, (minute, class, cell)) in self.events().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(text, "{comma}\n{{\"time\":{},\"route\":\"{}\",\"events\":{}", minute * 60, CLASSES[class], cell.events())
                .unwrap();
            for (name, count) in [("status", Cell::status as fn(&Cell, Verdict) -> u64), ("latency", Cell::latency)] {
                let [good, bad, unknown] = [Verdict::Good, Verdict::Bad, Verdict::Unknown].map(|verdict| count(cell, verdict));
                write!(text, ",\"{name}\":{{\"good\":{good},\"bad\":{bad},\"unknown\":{unknown}}}").unwrap();
            }
            text.push('}');
        }
        text.push_str("\n]}\n");
        text
    }
}
