//! How far reading has come: bytes, rate and the time that is left. Shown on a terminal only.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{BinaryBytes, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// How often the bar is drawn; work that takes less shows none.
const PERIOD: Duration = Duration::from_millis(200);

/// A bar that is drawn until it is dropped.
pub struct Progress {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// A bar over `bytes_read`, of `total` bytes if that is known.
    pub fn show(bytes_read: Arc<AtomicU64>, total: Option<u64>) -> Progress {
        let done = Arc::new(AtomicBool::new(false));
        let is_done = done.clone();
        let thread = std::thread::Builder::new().name("slix-progress".into());
        let thread = thread.spawn(move || draw(&bytes_read, total, &is_done)).ok();
        Progress { done, thread }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.done.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // The bar is taken off the screen before anything else is written there.
            thread.join().ok();
        }
    }
}

fn draw(bytes_read: &AtomicU64, total: Option<u64>, done: &AtomicBool) {
    std::thread::park_timeout(PERIOD);
    if done.load(Relaxed) {
        return;
    }
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr()).with_elapsed(PERIOD);
    bar.set_style(style(total.is_some()));
    while !done.load(Relaxed) {
        bar.set_position(bytes_read.load(Relaxed));
        std::thread::park_timeout(PERIOD);
    }
    bar.finish_and_clear();
}

/// Rate and time left are those of the mean since reading began: a bar that appears late would take the bytes before it for a burst.
fn style(has_total: bool) -> ProgressStyle {
    let template = match has_total {
        true => "{wide_bar} {binary_bytes} of {binary_total_bytes}  {rate}  {left} left",
        false => "{spinner} {binary_bytes}  {rate}",
    };
    let rate = |state: &ProgressState| state.pos() as f64 / state.elapsed().as_secs_f64().max(PERIOD.as_secs_f64());
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let style = style.with_key("rate", move |state: &ProgressState, out: &mut dyn Write| {
        // The bar is drawn without what cannot be written.
        write!(out, "{}/s", BinaryBytes(rate(state) as u64)).ok();
    });
    style.with_key("left", move |state: &ProgressState, out: &mut dyn Write| {
        let left = state.len().unwrap_or(0).saturating_sub(state.pos()) as f64 / rate(state).max(1.0);
        write!(out, "{:#}", HumanDuration(Duration::from_secs_f64(left))).ok();
    })
}
