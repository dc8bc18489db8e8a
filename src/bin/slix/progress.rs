//! How far reading has come: bytes, rate and the time that is left. Shown on a terminal only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

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
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    bar.set_style(style(total.is_some()));
    while !done.load(Relaxed) {
        bar.set_position(bytes_read.load(Relaxed));
        std::thread::park_timeout(PERIOD);
    }
    bar.finish_and_clear();
}

fn style(has_total: bool) -> ProgressStyle {
    let template = match has_total {
        true => "{wide_bar} {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}  {eta} left",
        false => "{spinner} {binary_bytes}  {binary_bytes_per_sec}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
