//! `slix report --watch`: the report again, whenever its logs have grown.
//!
//! On a terminal it is drawn in place until Ctrl-C, and the last one stays. Elsewhere each new report follows the one before; a file
//! that `-o` names is replaced. Files are looked at from time to time rather than waited for: that works on every file system.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use slix::error::{Error, ErrorKind, Result};
use slix::output::terminal::Look;

use super::Session;
use super::args::ReportArgs;
use super::count::Counted;
use super::destination::Destination;
use super::exit::{self, Exit};
use super::follow::{Asked, Known};
use super::formats::Formats;
use super::questions::Declared;
use super::report;
use super::run::{Evaluation, Reading};
use super::screen::Screen;
use super::signals;

/// Seconds between two looks at the files.
const PERIOD_SECONDS: std::ops::RangeInclusive<f64> = 0.1..=86_400.0;
/// How long an end that was asked for may wait to be noticed.
const HEED: Duration = Duration::from_millis(50);

/// The time between two looks, from what was typed.
pub fn period(seconds: f64) -> Result<Duration> {
    if PERIOD_SECONDS.contains(&seconds) {
        return Ok(Duration::from_secs_f64(seconds));
    }
    let error = Error::new(ErrorKind::Usage, format!("--watch: {seconds} is no time to wait"));
    Err(error.hint("write seconds, from 0.1 to 86400, as in --watch=5"))
}

/// Runs the command until it is ended.
pub fn run(args: &ReportArgs, period: Duration, session: &Session) -> Result<Exit> {
    let declared = Declared::new(&args.asking, &session.words)?;
    let formats = Formats::new(&args.reading.format, declared.definitions())?;
    let watch = Watch {
        args,
        evaluation: super::report::evaluation_of(args)?,
        destination: Destination::new(args.answer.output.as_deref())?,
        session,
        stop: signals::listen_to_all(),
    };
    let reading = Reading::new(&args.reading, &args.asking, &args.answer, session.histograms)?;
    let mut asked = Asked { reading, formats: &formats, asking: &args.asking, stop: &watch.stop };
    let mut known = Known::default();
    let Some(first) = known.round(&asked, &declared, &session.words)? else {
        return Ok(Exit::Interrupted);
    };
    asked.reading.keep_going = true;
    match watch.go_on(&mut known, &asked, &declared, first, period) {
        Err(error) if exit::is_closed_pipe(&error) => Ok(Exit::Success),
        ended => ended,
    }
}

struct Watch<'a> {
    args: &'a ReportArgs,
    evaluation: Evaluation,
    destination: Destination,
    session: &'a Session,
    stop: Arc<AtomicBool>,
}

impl Watch<'_> {
    fn go_on(&self, known: &mut Known, asked: &Asked, declared: &Declared, first: Counted, period: Duration) -> Result<Exit> {
        let look = self.session.words.look_of(&self.destination);
        let mut screen = if self.destination.path().is_none() { Screen::open(look) } else { None };
        let (hushed, problems) = self.session.words.hushed();
        let (mut counted, mut changed) = (first, Timestamp::now());
        self.show(&counted, screen.as_mut(), &status(known.followed(), changed, None))?;
        while self.wait(period, screen.as_mut(), &counted, &status(known.followed(), changed, None))? {
            let round = known.round(asked, declared, &hushed);
            let mut problem = problems.take();
            match round {
                Ok(Some(more)) => {
                    (counted, changed) = (more, Timestamp::now());
                    self.show(&counted, screen.as_mut(), &status(known.followed(), changed, problem.as_deref()))?;
                    continue;
                }
                Ok(None) => {}
                // A log that is being rotated is not there for a moment.
                Err(error) if error.kind() == ErrorKind::Input => problem = Some(error.to_string()),
                Err(error) => return Err(error),
            }
            if let (Some(screen), Some(problem)) = (&mut screen, problem) {
                let look = screen.look().0;
                screen.draw(&self.text(&counted, look)?, &status(known.followed(), changed, Some(&problem)));
            }
        }
        let is_shown = screen.take().is_some();
        if is_shown {
            // What was seen last stays on the terminal.
            self.destination.write_text(&self.text(&counted, look)?)?;
        }
        Ok(Exit::Success)
    }

    fn show(&self, counted: &Counted, screen: Option<&mut Screen>, status: &str) -> Result<()> {
        match screen {
            Some(screen) => {
                let look = screen.look().0;
                screen.draw(&self.text(counted, look)?, status);
                Ok(())
            }
            None => report::write(self.args, &self.evaluation, counted, &self.destination, self.session),
        }
    }

    fn text(&self, counted: &Counted, look: Look) -> Result<String> {
        report::text(&self.evaluation, counted, look)
    }

    /// Waits for the next look; draws again what a window of another size shows. Whether to go on.
    fn wait(&self, period: Duration, mut screen: Option<&mut Screen>, counted: &Counted, status: &str) -> Result<bool> {
        let begun = Instant::now();
        while begun.elapsed() < period && !self.stop.load(Relaxed) {
            std::thread::sleep(HEED.min(period));
            if let Some(screen) = screen.as_deref_mut()
                && let (look, true) = screen.look()
            {
                screen.draw(&self.text(counted, look)?, status);
            }
        }
        Ok(!self.stop.load(Relaxed))
    }
}

/// The line below the report.
fn status(followed: usize, changed: Timestamp, problem: Option<&str>) -> String {
    let logs = if followed == 1 { "1 log".to_owned() } else { format!("{followed} logs") };
    let problem = problem.map_or(String::new(), |problem| format!("; {}", problem.escape_debug()));
    format!("  following {logs}, last news at {} UTC, Ctrl-C ends{problem}", changed.strftime("%H:%M:%S"))
}
