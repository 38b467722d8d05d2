//! What the program ends with: for scripts, so the numbers never change.

use std::process::ExitCode;

/// How a run came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All was done.
    Done = 0,
    /// Something else went wrong: a file that cannot be read, a full disk.
    Failed = 1,
    /// The command line makes no sense. clap ends so, too.
    Usage = 2,
    /// No API key, or one that is not taken.
    SignIn = 3,
    /// The link or the key does not allow it: expired, not from here, a wrong password.
    Refused = 4,
    /// There is no such file, share or link, or it is gone.
    NotFound = 5,
    /// The service or the network is not available; the same command may work later.
    Unavailable = 6,
    /// It does not go with how things are: a file that is there already, a quota.
    Conflict = 7,
    /// What arrived is not what was sent. Nothing was kept under its final name.
    Damaged = 8,
    /// Ended by the user; the same command goes on.
    Interrupted = 130,
}

/// The numbers and their meanings, as help shows them.
pub(crate) const HELP: &str = "Exit codes:
  0    done
  1    failed: a file that cannot be read, a full disk
  2    the command line makes no sense
  3    no API key, or one that is not taken: clouddrop login
  4    refused: expired, not allowed, a wrong password
  5    not found, or gone
  6    the service or the network is not available: try again later
  7    conflict: a file that is there already, a quota
  8    what arrived is not what was sent
  130  interrupted: the same command goes on where it stopped";

impl Exit {
    /// What the code of a refusal means for a script.
    pub(crate) fn of_refusal(status: u16, code: &str) -> Self {
        match (status, code) {
            (401, _) => Self::SignIn,
            (404 | 410, _) => Self::NotFound,
            (409 | 412, _) | (403, "quota_exceeded") => Self::Conflict,
            (403, _) => Self::Refused,
            (429 | 500.., _) => Self::Unavailable,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_number() {
        for exit in [
            Exit::Done,
            Exit::Failed,
            Exit::Usage,
            Exit::SignIn,
            Exit::Refused,
            Exit::NotFound,
            Exit::Unavailable,
            Exit::Conflict,
            Exit::Damaged,
            Exit::Interrupted,
        ] {
            assert!(HELP.contains(&format!("\n  {:<5}", exit as u8)), "{exit:?}");
        }
    }
}
