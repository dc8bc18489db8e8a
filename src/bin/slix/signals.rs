//! Ctrl-C: the first one asks the readers to stop, the second one does not ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::Exit;
use super::screen;

/// A flag that the first Ctrl-C sets. Where signals cannot be listened to, the default holds: Ctrl-C kills.
pub fn listen() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    listen_for(SignalKind::interrupt(), &stop, |mut listener| {
        if listener.wait() {
            screen::close();
            std::process::exit(Exit::Interrupted as i32);
        }
    });
    stop
}

/// The same for what is drawn on a terminal, which must be left as it was found: a flag that the first Ctrl-C sets, or a request to
/// terminate, or a terminal that goes away.
pub fn listen_to_all() -> Arc<AtomicBool> {
    let stop = listen();
    for kind in [SignalKind::terminate(), SignalKind::hangup()] {
        listen_for(kind, &stop, drop);
    }
    stop
}

/// Sets the flag when the signal comes, and then does what follows.
fn listen_for(kind: SignalKind, stop: &Arc<AtomicBool>, then: fn(Listener)) {
    // From here on the signal is listened to, whenever the thread begins.
    let Some(mut listener) = Listener::new(kind) else { return };
    let flag = stop.clone();
    // Without its own thread the runtime would have to drive what must not wait for it. It ends with the process.
    let thread = std::thread::Builder::new().name("slix-signals".into());
    drop(thread.spawn(move || {
        if listener.wait() {
            flag.store(true, Ordering::Relaxed);
            then(listener);
        }
    }));
}

struct Listener {
    runtime: Runtime,
    signal: Signal,
}

impl Listener {
    fn new(kind: SignalKind) -> Option<Listener> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().ok()?;
        let signal = {
            let _within = runtime.enter();
            signal(kind).ok()?
        };
        Some(Listener { runtime, signal })
    }

    /// Waits for the next signal; false if none will come.
    fn wait(&mut self) -> bool {
        self.runtime.block_on(self.signal.recv()).is_some()
    }
}
