//! The signer as it is deployed: built small, and measured beside a handler that does nothing.

use std::ffi::OsString;

use crate::{run, say};

/// Builds both bootstraps as a Lambda has them, and measures them; an argument says how many shares the long list has.
pub(crate) fn bench(arguments: &[OsString]) -> anyhow::Result<()> {
    say::step("signer: build both bootstraps (profile lambda)", || {
        let mut cargo = run::cargo(None);
        cargo.args(["build", "--profile", "lambda", "--package", "clouddrop-signer-lambda"]);
        cargo.args(["--package", "clouddrop-bench-signer", "--bin", "bootstrap", "--bin", "bare-bootstrap"]);
        run::shown(&mut cargo)
    })?;
    let mut cargo = run::cargo(None);
    cargo.args(["run", "--release", "--package", "clouddrop-bench-signer", "--bin", "clouddrop-bench-signer", "--"]);
    cargo.arg(run::target().join("lambda")).args(arguments);
    // The benchmark is not what is measured: see the edge's.
    cargo.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    run::shown(&mut cargo)
}
