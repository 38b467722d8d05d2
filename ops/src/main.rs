//! `clouddrop-ops`: what is done to a deployment on day two. `cargo xtask smoke`, `doctor`, `revoke` and `rotate-keys` build
//! and run it. It speaks the published API, and to AWS by signatures of our own.

mod aws;
mod checks;
mod doctor;
mod exit;
mod http;
mod out;
mod page;
mod promises;
mod revoke;
mod rotate;
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
    /// Look for what would break a deployment's promises: clocks, policies, credentials, headers, caches
    Doctor(doctor::Options),
    /// Take links back at once, and look whether that has come about
    Revoke(revoke::Options),
    /// Put a new token key in place, the edge first; or end an old one
    RotateKeys(rotate::Options),
    /// Make an API key for who has set up a deployment; it is shown once
    FirstKey(rotate::FirstKey),
}

fn main() -> ExitCode {
    let ended = match &Arguments::parse().verb {
        Verb::Smoke(options) => smoke::run(options),
        Verb::Doctor(options) => doctor::run(options),
        Verb::Revoke(options) => revoke::run(options),
        Verb::RotateKeys(options) => rotate::run(options),
        Verb::FirstKey(options) => rotate::first_key(options),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            out::error(&failure);
            failure.exit.into()
        }
    }
}
