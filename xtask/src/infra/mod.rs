//! The infrastructure: checked, and deployed.

/// What can be done to it.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Check the templates, their promises, and that they fit the code
    Check,
}

pub(crate) fn run(task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Check => anyhow::bail!("not written yet"),
    }
}
