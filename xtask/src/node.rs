//! Node.js and the npm packages that hold programs: where they are, and their environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use crate::run;

/// What wrangler and the tests need at least.
const NEEDED: (u32, u32) = (22, 12);

/// The folder of the npm packages.
pub(crate) fn modules() -> PathBuf {
    run::root().join("node_modules")
}

/// Whether npm has a package with Node.js itself for this platform.
pub(crate) const BRINGS_NODE: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// A recent Node.js: the one among the npm packages, else the machine's own.
///
/// # Errors
/// When there is neither.
pub(crate) fn binary() -> anyhow::Result<PathBuf> {
    let own = modules().join(".bin/node");
    if own.exists() {
        return Ok(own);
    }
    let Some(version) = run::asked(run::command("node").arg("--version")) else {
        bail!("node is missing; install Node.js {}.{} or newer", NEEDED.0, NEEDED.1);
    };
    ensure!(
        is_recent(&version),
        "node is {version}, and {}.{} or newer is needed; install one, or run cargo xtask setup again",
        NEEDED.0,
        NEEDED.1
    );
    Ok("node".into())
}

/// `script` of a package, run by a recent Node.js.
pub(crate) fn script(script: &str) -> anyhow::Result<Command> {
    let mut command = run::command(binary()?);
    command.arg(modules().join(script)).env("PATH", path()?);
    Ok(command)
}

/// PATH with the packages' programs, Node.js among them, and our own tools first.
pub(crate) fn path() -> anyhow::Result<OsString> {
    let before = [modules().join(".bin"), run::root().join(".tools/bin")];
    let rest = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(before.into_iter().chain(std::env::split_paths(&rest)))?)
}

/// The workerd binary of this platform.
///
/// # Errors
/// When the npm packages lack it.
pub(crate) fn workerd() -> anyhow::Result<PathBuf> {
    // Named as in the package `workerd`, of which each platform's binary is an optional dependency.
    let platform = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "x86_64") => "darwin-64",
        ("macos", "aarch64") => "darwin-arm64",
        (os, arch) => bail!("there is no workerd for {os} on {arch}"),
    };
    let name = format!("@cloudflare/workerd-{platform}/bin/workerd");
    // Where npm could not hoist it, it lies within its parent.
    [modules().join(&name), modules().join("workerd/node_modules").join(&name)]
        .into_iter()
        .find(|path: &PathBuf| Path::exists(path))
        .with_context(|| format!("node_modules/{name} is missing; remove node_modules and run cargo xtask setup"))
}

fn is_recent(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map_while(|number| number.parse::<u32>().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) >= NEEDED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_recent("v22.12.0"));
        assert!(is_recent("v100.0.0"));
        assert!(!is_recent("v22.9.0"));
        assert!(!is_recent("v20.20.2"));
        assert!(!is_recent("nonsense"));
    }
}
