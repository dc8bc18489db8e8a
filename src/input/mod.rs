//! Where the bytes come from: files, directories, globs, pipes and archives.
//!
//! [`Inputs::resolve`] turns what the user named into a list of [`Input`]s: directories are walked, globs expanded, every
//! file is recognised by its first bytes and never by its name. [`Inputs::source`] hands the logs among them to the
//! [engine](crate::engine) in pieces.
//!
//! ```text
//! plain file   split into pieces, positioned reads straight into the worker's buffer
//! compressed   one piece: a plain thread inflates into a few recycled buffers ahead of the worker
//! tar, zip      members, each an input of its own, named `archive.tar:member.log`; a compressed tar is decompressed once
//! pipe, stdin  one piece: polled, so that a stop flag ends it like the end of the input
//! slices file  not a log: left to the slices room
//! ```
//!
//! The content of a regular file is what it held when it was resolved: bytes appended later are not read, so that the identity
//! of a log ([`Head`]), its ranges and its counts speak of the same bytes. A file that became shorter is an error.
//! Who wants to go on resolves anew, asks where the last line that has an end ends ([`Input::lines_end`]), and reads what lies
//! between ([`Pieces::within`]); a file whose name leads elsewhere by now is held open ([`Input::hold`], [`Inputs::add_held`]).
//!
//! ```
//! # fn main() -> slix::error::Result<()> {
//! use std::sync::{Arc, atomic::AtomicBool};
//! use slix::{engine::Source, input::Inputs};
//!
//! let directory = tempfile::tempdir().unwrap();
//! std::fs::write(directory.path().join("access.log"), "one line\n").unwrap();
//!
//! let inputs = Inputs::resolve(&[directory.path()], Arc::new(AtomicBool::new(false))).complete()?;
//! let source = inputs.source(2, None)?;
//! let mut piece = source.next().unwrap().map_err(|(_input, error)| error)?;
//! let mut buffer = [0; 64];
//! assert_eq!(piece.read(&mut buffer)?, 9);
//! # Ok(())
//! # }
//! ```

mod expand;
mod head;
mod range;
mod resolve;
mod small;

mod control;
mod raw;

mod decode;
mod deflate;
mod gzip;
mod stored;
mod streamed;
mod zstandard;

mod archive;
mod spool;
mod tarball;
mod zipped;

mod chain;
mod inflate;
mod pieces;
mod sequential;

pub mod worklog;

#[cfg(test)]
mod archive_tests;
#[cfg(test)]
mod tests;

pub use head::{Head, Kind};
pub use pieces::{Interruption, Note, Pieces};
pub use range::ByteRange;
pub use resolve::{Failure, FileId, Input, Inputs, Onlooker};
pub use small::{SmallFile, SmallFiles};
