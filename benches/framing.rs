//! Finding lines: framing of a stream, and the kernels that mark a block; no format is known yet.
//!
//! `newlines` is the yardstick: the same bytes, only their newlines counted by memchr, which is what `wc -l` does.
//! Run with `cargo bench --bench framing`.

mod support;

use std::convert::Infallible;

use divan::{Bencher, black_box};
use slix::framing::{Frame, Framing, LINE_BYTES_MAX};
use slix::marks::{Kernel, MarkSet, Marks};
use support::{Blocks, Log};

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 20)]
fn newlines(bencher: Bencher) {
    let log = Log::named("a");
    let count = || memchr::memchr_iter(b'\n', black_box(&log.bytes)).count() as u64;
    assert_eq!(count(), log.lines());
    bencher.counter(log.bytes_count()).counter(log.lines_count()).bench_local(count);
}

/// Bytes that come in chunks of this size, framed into whole lines; one copy of the bytes, as from a file.
#[divan::bench(args = [1_000, 16_384, 262_144], sample_count = 20)]
fn frames(bencher: Bencher, chunk_bytes: usize) {
    let log = Log::named("a");
    assert_eq!(framed_bytes(&log.bytes, chunk_bytes), (log.bytes.len(), log.lines()));
    bencher.counter(log.bytes_count()).counter(log.lines_count()).bench_local(|| {
        let mut bytes = 0;
        frame(black_box(&log.bytes), chunk_bytes, &mut |lines| bytes += lines.len());
        bytes
    });
}

/// Bytes and lines that framing hands out. Every frame has to end a line.
fn framed_bytes(log: &[u8], chunk_bytes: usize) -> (usize, u64) {
    let (mut bytes, mut lines) = (0, 0);
    frame(log, chunk_bytes, &mut |frame| {
        assert_eq!(frame.last(), Some(&b'\n'));
        bytes += frame.len();
        lines += memchr::memchr_iter(b'\n', frame).count() as u64;
    });
    (bytes, lines)
}

fn frame(mut log: &[u8], chunk_bytes: usize, each: &mut dyn FnMut(&[u8])) {
    let mut framing = Framing::new(0, None, LINE_BYTES_MAX);
    while !framing.is_done() {
        let room = framing.room();
        let (chunk, rest) = log.split_at(chunk_bytes.min(room.len()).min(log.len()));
        room[..chunk.len()].copy_from_slice(chunk);
        log = rest;
        let handed = framing.advance(chunk.len(), &mut |frame| {
            if let Frame::Lines { bytes, .. } = frame {
                each(bytes);
            }
            Ok::<(), Infallible>(())
        });
        let Ok(()) = handed;
    }
}

/// The kernels that this machine can run.
fn kernels() -> impl Iterator<Item = &'static str> {
    Kernel::ALL.into_iter().filter(|(kernel, _)| kernel.is_available()).map(|(_, name)| name)
}

/// Quotes and blanks: few marks.
#[divan::bench(args = kernels(), sample_count = 20)]
fn marks_a(bencher: Bencher, kernel: &str) {
    marks(bencher, kernel, "a", MarkSet { marks: *b"\"\"", aux: b' ' });
}

/// Tabs.
#[divan::bench(args = kernels(), sample_count = 20)]
fn marks_tab(bencher: Bencher, kernel: &str) {
    marks(bencher, kernel, "tab", MarkSet { marks: *b"\t\t", aux: b' ' });
}

/// The quotes of JSON: about fifty a line, the unfavourable case.
#[divan::bench(args = kernels(), sample_count = 20)]
fn marks_json(bencher: Bencher, kernel: &str) {
    marks(bencher, kernel, "json", MarkSet { marks: *b"\"\\", aux: b' ' });
}

fn marks(bencher: Bencher, kernel: &str, log: &str, set: MarkSet) {
    let (log, kernel) = (Log::named(log), Kernel::named(kernel).unwrap());
    let (blocks, mut marks) = (Blocks::new(&log.bytes), Marks::default());
    let mut count = || {
        let of_window = |(block, length)| {
            marks.fill(kernel, set, block, length);
            marks.positions().len()
        };
        black_box(&blocks).windows().map(of_window).sum::<usize>()
    };
    let is_mark = |b: &u8| *b == b'\n' || set.marks.contains(b);
    assert_eq!(count(), log.bytes.iter().filter(|b| is_mark(b)).count());
    bencher.counter(log.bytes_count()).counter(log.lines_count()).bench_local(count);
}
