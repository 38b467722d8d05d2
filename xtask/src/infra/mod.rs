//! The infrastructure: checked, and deployed.

mod check;
mod deploy;

/// What can be done to it.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Check the templates, their promises, and that they fit the code
    Check,
    /// Deploy to an account, or with --local to an emulator on this machine
    Deploy(deploy::Options),
}

pub(crate) use check::run as check;

pub(crate) fn run(task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Check => check(),
        Task::Deploy(options) => deploy::run(options),
    }
}
