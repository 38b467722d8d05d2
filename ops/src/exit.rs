//! What the program ends with: for pipelines, so the numbers never change. They are those of `clouddrop`, where both have
//! one.

use std::fmt;
use std::process::ExitCode;

/// How a run came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Everything was done, every check passed.
    Done = 0,
    /// A check failed, or something else went wrong.
    Failed = 1,
    /// The command line makes no sense. clap ends so, too.
    Usage = 2,
    /// No key or credentials, or such as are not taken.
    SignIn = 3,
    /// The deployment or a store cannot be reached.
    Unavailable = 6,
    /// Ended by the user.
    Interrupted = 130,
}

/// The numbers and their meanings, as help shows them.
pub(crate) const HELP: &str = "Exit codes:
  0    done, every check passed
  1    a check failed, or something else went wrong
  2    the command line makes no sense
  3    no API key or credentials, or such as are not taken
  6    the deployment cannot be reached: try again later
  130  interrupted; what was made has been removed";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb did not do what it was asked, in words that say what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::failed(format!("{error:#}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_number() {
        for exit in [Exit::Done, Exit::Failed, Exit::Usage, Exit::SignIn, Exit::Unavailable, Exit::Interrupted] {
            assert!(HELP.contains(&format!("\n  {:<5}", exit as u8)), "{exit:?}");
        }
    }
}
