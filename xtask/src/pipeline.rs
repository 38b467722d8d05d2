//! The pipeline: workflows, licences and sources of dependencies, builds that give the same bytes twice.

/// What can be done to it.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Check workflows, licences and sources
    Check,
}

pub(crate) fn run(task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Check => anyhow::bail!("not written yet"),
    }
}
