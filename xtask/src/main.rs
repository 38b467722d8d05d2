//! `cargo xtask`: what a person types in this repository.
//!
//! Every verb sets up what it needs first. Results go to stdout, talk to stderr, and a failure ends with one
//! message that says what to do.

mod check;
mod cli;
mod dev;
mod edge;
mod first_door;
mod fuzz;
mod hold;
mod infra;
mod lambda_edge;
mod node;
mod ops;
mod package;
mod pipeline;
mod remap;
mod run;
mod say;
mod setup;
mod signer;
mod stamp;
mod test;
mod web;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Sets up, builds, runs, tests and measures CloudDrop.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the whole system on this machine: S3, signer and the edge in workerd
    Dev(dev::Options),
    /// Check format and lints, run all tests
    Test(test::Options),
    /// Check format and lints only
    Check,
    /// Format the code
    Fmt,
    /// Build one part: `edge` is the Worker as it is deployed
    Build {
        /// What to build
        #[command(subcommand)]
        part: Part,
    },
    /// Check the infrastructure, deploy it to an account or to an emulator on this machine
    Infra {
        /// What to do
        #[command(subcommand)]
        task: infra::Task,
    },
    /// Check the workflows, the licences and sources of dependencies, and that builds are reproducible
    Pipeline {
        /// What to do
        #[command(subcommand)]
        task: pipeline::Task,
    },
    /// Run the live checks against a deployment (see `smoke --help`)
    Smoke(ops::Arguments),
    /// Look for what would break a deployment's promises: clocks, policies, credentials, headers, caches
    Doctor(ops::Arguments),
    /// Put a new token key in place
    RotateKeys(ops::Arguments),
    /// Make an API key for who has set up a deployment; it is shown once
    FirstKey(ops::Arguments),
    /// Take back links at once
    Revoke(ops::Arguments),
    /// Bring what the other verbs need: the wasm toolchain, tools, npm packages
    Setup,
    /// Measure the edge against its peers; arguments go to the benchmark (see `bench -- --help`). `bench signer` measures
    /// the signer beside a bare handler, `bench cli` the command line beside aws s3 cp and rclone, `bench lambda-edge` the
    /// Lambda@Edge functions beside a handler in JavaScript
    Bench {
        /// Arguments of clouddrop-bench
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Fuzz the rules: libFuzzer on the stable compiler, seeds from the test vectors
    Fuzz(fuzz::Options),
    /// Run a program for as long as standard input is open
    #[command(hide = true)]
    Hold {
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
}

#[derive(Debug, Subcommand)]
enum Part {
    /// The Worker: target/edge
    Edge,
    /// The web page: target/web
    Web,
    /// The signer's Lambda packages: target/lambda
    Signer(package::Options),
    /// The edge for CloudFront, as Lambda@Edge: target/lambda-edge
    LambdaEdge(lambda_edge::Options),
    /// The CloudFront Function before the cache: target/lambda-edge/first-door.js
    FirstDoor(first_door::Options),
}

fn main() -> ExitCode {
    match perform(Arguments::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::line(&format!("\nerror: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn perform(verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Dev(options) => dev::run(&options),
        Verb::Test(options) => test::run(&options),
        Verb::Check => check::run(),
        Verb::Fmt => check::format(),
        Verb::Build { part: Part::Edge } => edge::set_up_and_build().map(drop),
        Verb::Build { part: Part::Web } => web::set_up_and_build(),
        Verb::Build { part: Part::Signer(options) } => package::build(&options),
        Verb::Build { part: Part::LambdaEdge(options) } => lambda_edge::set_up_and_build(&options),
        Verb::Build { part: Part::FirstDoor(options) } => first_door::set_up_and_build(&options),
        Verb::Infra { task } => infra::run(&task),
        Verb::Pipeline { task } => pipeline::run(&task),
        Verb::Smoke(arguments) => ops::run("smoke", &arguments),
        Verb::Doctor(arguments) => ops::run("doctor", &arguments),
        Verb::RotateKeys(arguments) => ops::run("rotate-keys", &arguments),
        Verb::FirstKey(arguments) => ops::run("first-key", &arguments),
        Verb::Revoke(arguments) => ops::run("revoke", &arguments),
        Verb::Setup => setup::everything().map(drop),
        Verb::Bench { arguments } if arguments.first().is_some_and(|word| word == "signer") => {
            signer::bench(&arguments[1..])
        }
        Verb::Bench { arguments } if arguments.first().is_some_and(|word| word == "cli") => cli::bench(&arguments[1..]),
        Verb::Bench { arguments } if arguments.first().is_some_and(|word| word == "lambda-edge") => {
            lambda_edge::bench()
        }
        Verb::Bench { arguments } => edge::bench(&arguments),
        Verb::Fuzz(options) => fuzz::run(&options),
        Verb::Hold { command } => hold::run(&command),
    }
}
