//! Ctrl-C: the first one asks the readers to stop, the second one does not ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::SignalKind;

use super::exit::Exit;
use super::screen;

/// A flag that the first Ctrl-C sets. Where signals cannot be listened to, the default holds: Ctrl-C kills.
pub fn listen() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    // Without its own thread the runtime would have to drive what must not wait for it. It ends with the process.
    let listener = std::thread::Builder::new().name("slix-signals".into());
    drop(listener.spawn(move || wait(&flag)));
    stop
}

/// The same for what is drawn on a terminal, which must be left as it was found: a flag that the first Ctrl-C sets, or a request to
/// terminate, or a terminal that goes away.
pub fn listen_to_all() -> Arc<AtomicBool> {
    let stop = listen();
    for kind in [SignalKind::terminate(), SignalKind::hangup()] {
        let flag = stop.clone();
        let listener = std::thread::Builder::new().name("slix-signals".into());
        drop(listener.spawn(move || wait_for(kind, &flag)));
    }
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
            screen::close();
            std::process::exit(Exit::Interrupted as i32);
        }
    });
}

fn wait_for(kind: SignalKind, stop: &AtomicBool) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
    runtime.block_on(async {
        let Ok(mut signal) = tokio::signal::unix::signal(kind) else { return };
        signal.recv().await;
        stop.store(true, Ordering::Relaxed);
    });
}
