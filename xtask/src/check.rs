//! Format and lints: what can be known without running anything.

use crate::setup::{self, Tools, WASM};
use crate::{run, say};

/// Checks both.
///
/// # Errors
/// The first finding, with the command to repeat it.
pub(crate) fn run() -> anyhow::Result<()> {
    say::step("format", check_format)?;
    say::step("lints", lint)?;
    let tools = setup::everything()?;
    say::step("lints, wasm", || lint_wasm(&tools))
}

/// Formats all code.
pub(crate) fn format() -> anyhow::Result<()> {
    run::shown(run::cargo(None).args(["fmt", "--all"]))
}

/// Whether `cargo xtask fmt` would change nothing.
pub(crate) fn check_format() -> anyhow::Result<()> {
    run::shown(run::cargo(None).args(["fmt", "--all", "--check"]))
}

/// All crates as they are compiled here.
pub(crate) fn lint() -> anyhow::Result<()> {
    run::shown(run::cargo(None).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// The documentation: a link that leads nowhere is a name that has changed.
pub(crate) fn document() -> anyhow::Result<()> {
    let mut cargo = run::cargo(None);
    cargo.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    run::shown(&mut cargo)
}

/// The edge as it is compiled for wasm.
pub(crate) fn lint_wasm(tools: &Tools) -> anyhow::Result<()> {
    let mut cargo = run::cargo(Some(&tools.wasm_toolchain));
    cargo.args(["clippy", "--package", "clouddrop-worker", "--all-targets", "--target", WASM, "--", "-D", "warnings"]);
    run::shown(&mut cargo)
}
