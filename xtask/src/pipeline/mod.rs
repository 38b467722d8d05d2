//! The pipeline: workflows, licences and sources of dependencies, builds that give the same bytes twice, and the list of
//! what is in them.

mod checkers;
mod mutants;
mod names;
mod planted;
mod reproducible;
mod sbom;
#[cfg(test)]
mod scripts;

use crate::{say, setup};

/// What can be done to it.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Check workflows, licences and sources, and that the checkers find planted faults
    Check,
    /// Ask whether a dependency has a known fault; needs the network
    Advisories,
    /// Build the edge twice, in two folders, and compare all bytes
    Reproducible(reproducible::Options),
    /// Write the lists of what is in the programs (CycloneDX) to target/sbom
    Sbom,
    /// Change the rules in small ways, and see that a test fails each time; takes hours
    Mutants(mutants::Options),
}

pub(crate) fn run(task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Check => set_up_and_check(),
        Task::Advisories => checkers::advisories(),
        Task::Reproducible(options) => reproducible::run(options),
        Task::Sbom => sbom::write(),
        Task::Mutants(options) => mutants::run(options),
    }
}

fn set_up_and_check() -> anyhow::Result<()> {
    setup::npm_packages()?;
    check()
}

/// Checks all that can be known without a network or an account; needs the npm packages.
///
/// # Errors
/// The first finding.
pub(crate) fn check() -> anyhow::Result<()> {
    setup::pipeline_checkers()?;
    say::step("workflows: what they call is there", names::check)?;
    say::step("workflows: actionlint", checkers::actionlint)?;
    say::step("workflows: zizmor", checkers::zizmor)?;
    say::step("dependencies: bans, licences, sources", checkers::deny)?;
    say::step("planted faults are found", planted::check)
}
