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

/// The fuzz targets are a workspace of their own.
const FUZZ: [&str; 2] = ["--manifest-path", "tests/fuzz/Cargo.toml"];

/// Formats all code.
pub(crate) fn format() -> anyhow::Result<()> {
    run::shown(run::cargo(None).args(["fmt", "--all"]))?;
    run::shown(run::cargo(None).arg("fmt").args(FUZZ))
}

/// Whether `cargo xtask fmt` would change nothing.
pub(crate) fn check_format() -> anyhow::Result<()> {
    run::shown(run::cargo(None).args(["fmt", "--all", "--check"]))?;
    run::shown(run::cargo(None).arg("fmt").args(FUZZ).arg("--check"))
}

/// All crates as they are compiled here.
pub(crate) fn lint() -> anyhow::Result<()> {
    run::shown(run::cargo(None).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let mut cargo = run::cargo(None);
    cargo.args(["clippy", "--locked"]).args(FUZZ).arg("--target-dir").arg(run::target().join("fuzz").join("lints"));
    run::shown(cargo.args(["--", "-D", "warnings"]))
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
