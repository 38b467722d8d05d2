//! `clouddrop-ops`: what is done to a deployment on day two. `cargo xtask smoke`, `doctor`, `revoke` and `rotate-keys` build
//! and run it. It speaks the published API, and to AWS by signatures of our own.

mod checks;
mod exit;
mod http;
mod out;
mod page;
mod promises;
mod revoke;
mod smoke;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Looks after a deployment of CloudDrop.
#[derive(Debug, Parser)]
#[command(name = "clouddrop-ops", bin_name = "cargo xtask", version, after_help = exit::HELP, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one of them in a run")]
enum Verb {
    /// Run the live checks: look, send, share, download, refuse, take back, and remove what was made
    Smoke(smoke::Options),
    /// Take links back at once, and look whether that has come about
    Revoke(revoke::Options),
}

fn main() -> ExitCode {
    let ended = match &Arguments::parse().verb {
        Verb::Smoke(options) => smoke::run(options),
        Verb::Revoke(options) => revoke::run(options),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            out::error(&failure);
            failure.exit.into()
        }
    }
}
