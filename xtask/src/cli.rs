//! The command line beside its peers.

use std::ffi::OsString;

use crate::dev::build_servers;
use crate::{edge, run, say, setup};

/// Builds the command line as it is installed, brings the peers, and measures them all on one stack.
pub(crate) fn bench(arguments: &[OsString]) -> anyhow::Result<()> {
    edge::set_up_and_build()?;
    crate::web::build()?;
    let peers = setup::transfer_peers()?;
    build_servers()?;
    let release = |cargo: &mut std::process::Command| {
        // What is measured waits for the network and the disk: building it in one unit takes minutes and gains nothing.
        cargo.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    };
    say::step("command line: build", || {
        let mut cargo = run::cargo(None);
        cargo.args(["build", "--release", "--package", "clouddrop-cli", "--package", "clouddrop-bench-cli"]);
        release(&mut cargo);
        run::shown(&mut cargo)
    })?;
    let folder = run::target().join("release");
    let mut bench = run::command(folder.join("clouddrop-bench-cli"));
    bench.env("CLOUDDROP_XTASK", std::env::current_exe()?);
    bench.arg("--clouddrop").arg(folder.join("clouddrop")).arg("--peers").arg(peers);
    if !arguments.iter().any(|argument| argument == "--write" || argument == "--help") {
        bench.args(["--write", "docs/performance.md"]);
    }
    run::shown(bench.args(arguments))
}
