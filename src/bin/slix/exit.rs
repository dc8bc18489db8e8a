//! How slix ends, as scripts see it. These numbers are interface: they do not change.

use std::process::ExitCode;

use slix::error::{Error, ErrorKind};

/// The exit codes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// Everything that was asked was done. A reader that closed our output early is no failure.
    Success = 0,
    /// Something could not be read, written or answered, or too many lines were rejected.
    Failure = 1,
    /// The command line or a definition is wrong.
    Usage = 2,
    /// The gate says freeze.
    Freeze = 3,
    /// The gate says caution, and was asked to hold back for it.
    Caution = 4,
    /// The gate cannot say: there is no data, or it is too old.
    NoData = 5,
    /// Ctrl-C: 128 and the number of SIGINT, as shells count.
    Interrupted = 130,
}

impl Exit {
    /// How an error ends the program.
    pub fn of(error: &Error) -> Exit {
        match error.kind() {
            _ if is_closed_pipe(error) => Exit::Success,
            ErrorKind::Usage | ErrorKind::Definition => Exit::Usage,
            _ => Exit::Failure,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Whether whoever read our output has seen enough (`| head`).
pub fn is_closed_pipe(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    error.kind() == ErrorKind::Output && cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_interface() {
        let gate = [Exit::Freeze, Exit::Caution, Exit::NoData].map(|exit| exit as u8);
        let codes = [Exit::Success, Exit::Failure, Exit::Usage, Exit::Interrupted].map(|exit| exit as u8);
        assert_eq!((codes, gate), ([0, 1, 2, 130], [3, 4, 5]));
    }

    #[test]
    fn only_a_closed_output_is_a_normal_end() {
        let broken = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(Exit::of(&Error::new(ErrorKind::Output, "writing failed").because(broken())), Exit::Success);
        assert_eq!(Exit::of(&Error::new(ErrorKind::Input, "reading failed").because(broken())), Exit::Failure);
        assert_eq!(Exit::of(&Error::new(ErrorKind::Output, "writing failed")), Exit::Failure);
        assert_eq!(Exit::of(&Error::new(ErrorKind::Definition, "wrong")), Exit::Usage);
    }
}
