//! What is said to a reader from outside, and what it says back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Shared by every reader of one run. All orderings are relaxed: each value stands alone, and nothing is published by it.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    /// Set from outside when reading is to end.
    pub(super) stop: Arc<AtomicBool>,
    /// Bytes read as they lie in the inputs (compressed, where they are).
    pub(super) bytes_read: Arc<AtomicU64>,
    /// The most that is kept of what an archive decompresses to.
    pub(super) kept_bytes_max: u64,
}

impl Shared {
    /// For looking at inputs that are read later: progress counts each byte once.
    pub(super) fn uncounted(&self) -> Shared {
        Shared { stop: self.stop.clone(), bytes_read: Arc::default(), kept_bytes_max: self.kept_bytes_max }
    }
}

/// The control of one sequential reader, shared with the thread that inflates for it.
#[derive(Debug)]
pub(super) struct Control {
    shared: Shared,
    /// Nobody wants the bytes any more.
    abandoned: AtomicBool,
    /// The reader saw a stop and ended before its input did.
    interrupted: AtomicBool,
}

impl Control {
    pub(super) fn new(shared: &Shared) -> Arc<Self> {
        Arc::new(Control { shared: shared.clone(), abandoned: false.into(), interrupted: false.into() })
    }

    /// Whether reading must end now; remembers that it did.
    pub(super) fn must_stop(&self) -> bool {
        if self.shared.stop.load(Relaxed) {
            self.interrupted.store(true, Relaxed);
        }
        self.interrupted() || self.abandoned.load(Relaxed)
    }

    pub(super) fn interrupted(&self) -> bool {
        self.interrupted.load(Relaxed)
    }

    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Relaxed);
    }

    pub(super) fn count(&self, bytes: usize) {
        self.shared.bytes_read.fetch_add(bytes as u64, Relaxed);
    }
}
