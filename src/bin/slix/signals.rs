//! Ctrl-C: the first one asks the readers to stop, the second one does not ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::exit::Exit;

/// A flag that the first Ctrl-C sets. Where signals cannot be listened to, the default holds: Ctrl-C kills.
pub fn listen() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    // Without its own thread the runtime would have to drive what must not wait for it. It ends with the process.
    let listener = std::thread::Builder::new().name("slix-signals".into());
    drop(listener.spawn(move || wait(&flag)));
    stop
}

fn wait(stop: &AtomicBool) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
    runtime.block_on(async {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        stop.store(true, Ordering::Relaxed);
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(Exit::Interrupted as i32);
        }
    });
}
