//! A seeded generator of access logs that knows the truth about them.
//!
//! The truth is counted from the records before they are written, never by reading the text again. The same configuration
//! gives the same bytes on every machine: all randomness is whole-number arithmetic from the seed.
//!
//! ```text
//! let (log, truth) = generate(&Config { lines: 10_000, format: Format::Combined, ..Config::default() });
//! ```
//!
//! Taken into tests and benches by `#[path = "…/support/loggen.rs"] mod loggen;`, and onto the command line by
//! `examples/loggen.rs`. It uses nothing of slix.

// Each user takes a part of it.
#![allow(dead_code, unused_imports)]

#[path = "loggen/clock.rs"]
mod clock;
#[path = "loggen/format.rs"]
mod format;
#[path = "loggen/record.rs"]
mod record;
#[path = "loggen/rng.rs"]
mod rng;
#[cfg(test)]
#[path = "loggen/tests.rs"]
mod tests;
#[path = "loggen/truth.rs"]
mod truth;

use std::io::{self, Write};

pub use format::Format;
pub use truth::{CLASSES, Cell, LATENCY_GOOD_MAX_US, NO_ROUTE, OUTCOMES, Outcome, Tally, Truth, Verdict};

use clock::Clock;
use record::{Malformed, Record};
use rng::{Chance, Rng};

/// What to generate. Shares are from 0 to 1, and each is drawn for each line by itself.
#[derive(Clone, Debug)]
pub struct Config {
    pub seed: u64,
    /// Lines of every kind.
    pub lines: u64,
    pub format: Format,
    /// The first second, since 1970 UTC; not before 1970-01-02.
    pub start: i64,
    /// Minutes over which the lines are spread.
    pub minutes: u64,
    /// How much the rate changes over the day: 0 is even, 0.9 is nineteen times as much at 14:00 UTC as at 02:00.
    pub day_night: f64,
    pub incidents: Vec<Incident>,
    /// Share of 5xx without an incident.
    pub errors: f64,
    /// The middle latency in microseconds.
    pub latency_median_us: u64,
    /// Events whose request line is TLS, `-` or a single word. (Caddy and Traefik log no such requests.)
    pub malformed_requests: f64,
    /// Lines that break off within their first fields.
    pub cut_lines: f64,
    pub blank_lines: f64,
    /// Lines that are something else.
    pub junk_lines: f64,
    /// Requests whose time is missing.
    pub undated: f64,
    /// Lines up to two minutes earlier than those before them.
    pub out_of_order: f64,
    /// Events without a response: status `000`, `-` or 0.
    pub no_response: f64,
    /// Events whose latency is missing, in formats that have one.
    pub missing_latency: f64,
    /// Events with quotes, backslashes and non-ASCII letters in the user agent.
    pub escapes: f64,
    /// These events have such characters in their referer and query too.
    pub escapes_everywhere: bool,
    /// Bytes by which every user agent is longer than it would be.
    pub agent_bytes: u64,
    /// Days over which the lines are scattered on top of `minutes`: each line on another day than the one before it.
    pub days: u64,
    /// The zone of the log. Formats in UTC by definition are not affected.
    pub offset_minutes: i32,
    /// Distinct paths per class, at least 1.
    pub paths: u64,
    pub hosts: u64,
    /// Lines end in CR LF.
    pub crlf: bool,
    /// The last line has a line end.
    pub last_newline: bool,
}

impl Default for Config {
    /// A day of 10,000 clean requests from 2026-11-01, one in 2,000 of them an error.
    fn default() -> Self {
        Config {
            seed: 1,
            lines: 10_000,
            format: Format::Combined,
            start: 1_793_491_200,
            minutes: 1440,
            day_night: 0.5,
            incidents: Vec::new(),
            errors: 0.0005,
            latency_median_us: 60_000,
            malformed_requests: 0.0,
            cut_lines: 0.0,
            blank_lines: 0.0,
            junk_lines: 0.0,
            undated: 0.0,
            out_of_order: 0.0,
            no_response: 0.0,
            missing_latency: 0.0,
            escapes: 0.0,
            escapes_everywhere: false,
            agent_bytes: 0,
            days: 1,
            offset_minutes: 0,
            paths: 100,
            hosts: 3,
            crlf: false,
            last_newline: true,
        }
    }
}

impl Config {
    /// The log that is shipped as `fixtures/access.log`: eight days behind ingress-nginx, with seven hours of the sixth in
    /// which checkouts fail or are slow.
    pub fn shipped() -> Self {
        let incident = Incident { from: 446_400, to: 471_600, class: Some(3), errors: 0.5, latency_factor: 3 };
        Config {
            seed: 7,
            lines: 2_500,
            format: Format::IngressNginx,
            minutes: 8 * 1440,
            errors: 0.001,
            malformed_requests: 0.002,
            incidents: vec![incident],
            ..Config::default()
        }
    }

    /// A little of everything that can be wrong with a log.
    pub fn dirty(self) -> Self {
        Config {
            malformed_requests: 0.01,
            cut_lines: 0.003,
            blank_lines: 0.003,
            junk_lines: 0.003,
            out_of_order: 0.2,
            no_response: 0.005,
            missing_latency: 0.01,
            escapes: 0.05,
            ..self
        }
    }
}

/// A stretch of time in which something is wrong.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Seconds since the start of the log.
    pub from: i64,
    /// The second after it.
    pub to: i64,
    /// The class it strikes; none: all.
    pub class: Option<usize>,
    /// Share of 5xx.
    pub errors: f64,
    /// What latencies are multiplied by.
    pub latency_factor: u64,
}

/// How far an out-of-order line goes back.
const LATE_SECONDS_MAX: i64 = 120;
const DAY_US: i64 = 86_400_000_000;
/// What junk lines say: no format's line, no comment, and nothing a server says.
const JUNK: [&str; 3] = ["lorem ipsum dolor sit amet", "%%% 17 |", "}{ half a thought"];
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "curl/8.17.0",
    "shop-app/4.2 (Android 16)",
];

/// Writes the log of a configuration line by line.
pub struct Generator {
    config: Config,
    rng: Rng,
    clock: Clock,
    chances: Chances,
    plan: Plan,
    line: u64,
    truth: Truth,
}

/// The shares of a [`Config`], ready to draw.
struct Chances {
    junk: Chance,
    cut: Chance,
    blank: Chance,
    undated: Chance,
    late: Chance,
    malformed: Chance,
    no_response: Chance,
    missing_latency: Chance,
    escapes: Chance,
    errors: Chance,
    incidents: Vec<Chance>,
}

impl Generator {
    pub fn new(config: Config) -> Self {
        let share = Chance::of;
        let chances = Chances {
            junk: share(config.junk_lines),
            cut: share(config.cut_lines),
            blank: share(config.blank_lines),
            undated: share(config.undated),
            late: share(config.out_of_order),
            malformed: share(if config.format.logs_malformed_requests() { config.malformed_requests } else { 0.0 }),
            no_response: share(config.no_response),
            missing_latency: share(config.missing_latency),
            escapes: share(config.escapes),
            errors: share(config.errors),
            incidents: config.incidents.iter().map(|incident| share(incident.errors)).collect(),
        };
        let slack_minutes = LATE_SECONDS_MAX / 60 + 1;
        let minutes = (config.minutes + 1440 * (config.days.max(1) - 1)) as i64 + 1 + slack_minutes;
        let truth = Truth::new(config.start.div_euclid(60) - slack_minutes, minutes as usize);
        let utc = matches!(config.format, Format::Traefik | Format::Caddy);
        Generator {
            rng: Rng::new(config.seed),
            clock: Clock::new(if utc { 0 } else { config.offset_minutes }),
            chances,
            plan: Plan::new(&config),
            line: 0,
            truth,
            config,
        }
    }

    /// Appends the next line to `out`, its end included; false when there are no more.
    pub fn next_line(&mut self, out: &mut Vec<u8>) -> bool {
        if self.line == self.config.lines {
            return false;
        }
        let from = out.len();
        let day = (self.line % self.config.days.max(1)) as i64;
        let time_us = self.plan.next_time(&mut self.rng) + day * DAY_US;
        let outcome = self.write_line(out, time_us);
        self.line += 1;
        if self.line < self.config.lines || self.config.last_newline {
            out.extend_from_slice(if self.config.crlf { b"\r\n" } else { b"\n" });
        }
        // A blank last line without its end is no line.
        if out.len() > from {
            self.truth.add_line(outcome, out.len() - from);
        }
        true
    }

    /// Writes all lines.
    pub fn write(mut self, mut out: impl Write) -> io::Result<Truth> {
        let mut buffer = Vec::with_capacity(300 * 1024);
        while self.next_line(&mut buffer) {
            if buffer.len() >= 256 * 1024 {
                out.write_all(&buffer)?;
                buffer.clear();
            }
        }
        out.write_all(&buffer)?;
        out.flush()?;
        Ok(self.truth)
    }

    /// What is true of the lines so far.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    fn write_line(&mut self, out: &mut Vec<u8>, time_us: i64) -> Outcome {
        if self.rng.hits(self.chances.blank) {
            return Outcome::Skipped;
        }
        if self.rng.hits(self.chances.junk) {
            out.extend_from_slice(JUNK[self.rng.below(3) as usize].as_bytes());
            return Outcome::Rejected;
        }
        let record = self.draw_record(time_us);
        let from = out.len();
        format::write(out, self.config.format, &mut self.clock, &record);
        if self.rng.hits(self.chances.cut) {
            // Within the first two fields of every format, and longer than white space.
            out.truncate(from + 8 + self.rng.below(10) as usize);
            return Outcome::Rejected;
        }
        if !record.dated {
            return Outcome::Undated;
        }
        self.truth.add_event(record.time_us.div_euclid(60_000_000), record.class, record.status, record.latency_us);
        Outcome::Event
    }

    fn draw_record(&mut self, time_us: i64) -> Record {
        let rng = &mut self.rng;
        let time_us =
            if rng.hits(self.chances.late) { time_us - rng.below(LATE_SECONDS_MAX as u64) as i64 * 1_000_000 } else { time_us };
        let malformed =
            rng.hits(self.chances.malformed).then(|| [Malformed::Tls, Malformed::Dash, Malformed::Word][rng.below(3) as usize]);
        let class = if malformed.is_some() { NO_ROUTE } else { rng.below(CLASSES.len() as u64) as usize };
        let bits = rng.next();
        let mut record = Record {
            id: self.line,
            time_us,
            dated: !rng.hits(self.chances.undated),
            class,
            path: rng.below(self.config.paths.max(1)),
            method: if class == 3 || bits & 7 == 0 { "POST" } else { "GET" },
            host: (bits >> 3) % self.config.hosts.max(1),
            client: bits >> 40,
            agent: AGENTS[(bits >> 36) as usize % AGENTS.len()],
            escaped: rng.hits(self.chances.escapes),
            escapes: "",
            agent_bytes: self.config.agent_bytes,
            status: 200,
            bytes: rng.skewed(4_000),
            latency_us: None,
            tries: 1,
            malformed,
        };
        if record.escaped && self.config.escapes_everywhere {
            record.escapes = self.config.format.escapes();
        }
        self.draw_response(&mut record);
        record
    }

    fn draw_response(&mut self, record: &mut Record) {
        let rng = &mut self.rng;
        let second = record.time_us.div_euclid(1_000_000) - self.config.start;
        let strikes = |incident: &Incident| {
            (incident.from..incident.to).contains(&second) && incident.class.is_none_or(|class| class == record.class)
        };
        let incident = self.config.incidents.iter().position(strikes);
        let errors = incident.map_or(self.chances.errors, |i| self.chances.incidents[i]);
        record.status = match (record.malformed, rng.hits(errors)) {
            _ if rng.hits(self.chances.no_response) => 0,
            (Some(_), _) => 400,
            (None, true) => [500, 502, 503, 504][rng.below(4) as usize],
            (None, false) => [200, 200, 200, 200, 200, 204, 206, 301, 304, 404, 403, 499][rng.below(12) as usize],
        };
        record.tries = if rng.below(50) == 0 { 2 + rng.below(2) } else { 1 };
        let factor = incident.map_or(1, |i| self.config.incidents[i].latency_factor);
        let latency_us = rng.skewed(self.config.latency_median_us) * factor;
        let missing = rng.hits(self.chances.missing_latency);
        record.latency_us = latency_us.checked_div(self.config.format.latency_unit_us()).filter(|_| !missing);
        record.latency_us = record.latency_us.map(|units| units * self.config.format.latency_unit_us());
    }
}

/// The bytes of a log with its truth.
pub fn generate(config: &Config) -> (Vec<u8>, Truth) {
    let mut generator = Generator::new(config.clone());
    let mut log = Vec::new();
    while generator.next_line(&mut log) {}
    (log, generator.truth)
}

/// When requests come: minute by minute, evenly within each, more by day than by night.
struct Plan {
    start_us: i64,
    lines: u64,
    amplitude: u64,
    weight_total: u128,
    /// Weight of the minutes before the end of the present one.
    weight_so_far: u128,
    minute: u64,
    /// Lines in the present minute, and of those the ones given.
    in_minute: u64,
    given: u64,
    given_total: u64,
}

impl Plan {
    fn new(config: &Config) -> Self {
        let amplitude = (config.day_night.clamp(0.0, 0.9) * 1000.0) as u64;
        let mut plan = Plan {
            start_us: config.start * 1_000_000,
            lines: config.lines,
            amplitude,
            weight_total: 0,
            weight_so_far: 0,
            minute: 0,
            in_minute: 0,
            given: 0,
            given_total: 0,
        };
        plan.weight_total = (0..config.minutes.max(1)).map(|minute| plan.weight(minute)).sum();
        plan.weight_so_far = plan.weight(0);
        plan.in_minute = plan.lines_until_now();
        plan
    }

    /// A triangle over the day around 1000, highest at 14:00.
    fn weight(&self, minute: u64) -> u128 {
        let minute_of_day = (self.start_us / 60_000_000 + minute as i64).rem_euclid(1440) as u64;
        let from_peak = minute_of_day.abs_diff(14 * 60);
        let from_peak = from_peak.min(1440 - from_peak);
        u128::from(1000 + self.amplitude - self.amplitude * from_peak / 360)
    }

    fn lines_until_now(&self) -> u64 {
        (u128::from(self.lines) * self.weight_so_far / self.weight_total) as u64
    }

    fn next_time(&mut self, rng: &mut Rng) -> i64 {
        while self.given == self.in_minute {
            self.minute += 1;
            self.weight_so_far += self.weight(self.minute);
            self.in_minute = self.lines_until_now() - self.given_total;
            self.given = 0;
        }
        // The n-th of m lines lies in the n-th of m parts of the minute.
        let within = (self.given * 60_000_000 + rng.below(60_000_000)) / self.in_minute;
        self.given += 1;
        self.given_total += 1;
        self.start_us + self.minute as i64 * 60_000_000 + within as i64
    }
}
