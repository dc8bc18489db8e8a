//! Inflating ahead: a plain thread decodes into a few recycled buffers while the worker counts.
//!
//! It is never a thread of rayon: with one of those, a worker that waits for an inflater that waits for the worker would
//! wait for ever.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use super::control::Control;
use super::decode::{Broken, Damage, Decoder};

/// Buffers in circulation: one being filled, one being read, two to smooth the difference.
const BUFFERS: usize = 4;
/// Bytes in each: four of them fit the L2 cache of one core, and a hand-over per 256 KiB does not show in a profile.
const BUFFER_BYTES: usize = 256 * 1024;

/// What the thread sends.
enum Message {
    /// The first bytes of a buffer hold the next part of the content.
    Chunk(Box<[u8]>, usize),
    /// The content ended, with a note perhaps.
    End(Option<String>),
    /// The content broke.
    Broken(Broken),
}

/// The reading end of a thread that inflates.
pub(super) struct Inflater {
    full: Option<Receiver<Message>>,
    empty: Option<SyncSender<Box<[u8]>>>,
    thread: Option<JoinHandle<()>>,
    control: Arc<Control>,
    /// The buffer being read, with the part that is left of it.
    current: Box<[u8]>,
    from: usize,
    to: usize,
    ended: bool,
    note: Option<String>,
}

impl Inflater {
    /// Starts the thread. `control` must be that of the decoder's raw input, so that dropping the inflater ends its reads.
    pub(super) fn start(decoder: Box<dyn Decoder>, control: Arc<Control>) -> io::Result<Self> {
        let (full_sender, full) = sync_channel(BUFFERS);
        let (empty, empty_receiver) = sync_channel(BUFFERS);
        for _ in 0..BUFFERS {
            // The channel holds as many and its other end is in this function: it cannot fail.
            empty.try_send(vec![0; BUFFER_BYTES].into_boxed_slice()).ok();
        }
        let thread = Builder::new().name("slix-inflate".into()).spawn(move || inflate(decoder, &empty_receiver, &full_sender))?;
        Ok(Inflater {
            full: Some(full),
            empty: Some(empty),
            thread: Some(thread),
            control,
            current: Box::default(),
            from: 0,
            to: 0,
            ended: false,
            note: None,
        })
    }

    /// Copies the next bytes of the content into `buffer`; 0 is its end. An interruption is an end, not damage.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Broken> {
        if self.from == self.to && !self.ended {
            self.receive()?;
        }
        let count = buffer.len().min(self.to - self.from);
        buffer[..count].copy_from_slice(&self.current[self.from..self.from + count]);
        self.from += count;
        Ok(count)
    }

    /// What is worth saying about the content; known once it has ended.
    pub(super) fn note(&mut self) -> Option<String> {
        self.note.take()
    }

    fn receive(&mut self) -> Result<(), Broken> {
        let spent = std::mem::take(&mut self.current);
        if let Some(empty) = self.empty.as_ref().filter(|_| !spent.is_empty()) {
            // It fails only when the thread has ended, and then needs no buffer.
            empty.try_send(spent).ok();
        }
        match self.full.as_ref().and_then(|full| full.recv().ok()) {
            Some(Message::Chunk(chunk, length)) => (self.current, self.from, self.to) = (chunk, 0, length),
            Some(Message::End(note)) => (self.ended, self.note, self.from, self.to) = (true, note, 0, 0),
            Some(Message::Broken(broken)) => return self.end_broken(broken),
            // The thread is gone without a word: it panicked. That must not look like the end of a content.
            None => return self.end_broken(Broken { at: 0, damage: Damage::Decoder }),
        }
        Ok(())
    }

    fn end_broken(&mut self, broken: Broken) -> Result<(), Broken> {
        (self.ended, self.from, self.to) = (true, 0, 0);
        if self.control.interrupted() { Ok(()) } else { Err(broken) }
    }
}

impl Drop for Inflater {
    /// Ends the thread, whatever it waits for: a buffer, a free place, or a silent pipe.
    fn drop(&mut self) {
        self.control.abandon();
        self.empty = None;
        self.full = None;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// The thread: fill a buffer, send it, take the next one, until either end has gone.
fn inflate(mut decoder: Box<dyn Decoder>, empty: &Receiver<Box<[u8]>>, full: &SyncSender<Message>) {
    while let Ok(mut buffer) = empty.recv() {
        let (length, end) = fill(&mut *decoder, &mut buffer);
        if length > 0 && full.send(Message::Chunk(buffer, length)).is_err() {
            return;
        }
        if let Some(message) = end {
            full.send(message).ok();
            return;
        }
    }
}

/// Decodes until the buffer is full or the content ends.
fn fill(decoder: &mut dyn Decoder, buffer: &mut [u8]) -> (usize, Option<Message>) {
    let mut length = 0;
    while length < buffer.len() {
        match decoder.decode(&mut buffer[length..]) {
            Ok(0) => return (length, Some(Message::End(decoder.note()))),
            Ok(count) => length += count,
            Err(broken) => return (length, Some(Message::Broken(broken))),
        }
    }
    (length, None)
}
