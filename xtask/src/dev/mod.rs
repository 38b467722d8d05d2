//! `cargo xtask dev`: S3, the signer and the edge on this machine, until Ctrl-C.

pub(crate) mod api;
mod cloudfront;
pub(crate) mod limits;
pub(crate) mod ports;
mod print;
pub(crate) mod processes;
pub(crate) mod stack;
pub(crate) mod state;
pub(crate) mod workerd;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;

use crate::{edge, lambda_edge, run, say, setup, web};
use limits::Limits;
use ports::Pair;
use print::Ready;
use processes::{Interruption, Processes};

/// What `cargo xtask dev` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Port of the page and the API; files are served on the one after it. 0 takes any two
    #[arg(long, value_name = "PORT", default_value_t = 8787)]
    port: u16,
    /// Folder of everything that is kept: files, credentials, logs [default: .clouddrop in the repository]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print one JSON line with everything a program needs instead of the text
    #[arg(long)]
    json: bool,
    /// How many requests go through within 10 seconds, of one client and for one token, and how many bad tokens of
    /// one client within 60: client=N,token=N,bad=N [default: 100000 each]
    #[arg(long, value_name = "LIMITS")]
    limit: Option<Limits>,
    /// Whose edge runs: the Worker in workerd, or the Lambda@Edge functions behind a stand-in for CloudFront
    #[arg(long, value_enum, default_value = "cloudflare")]
    pub(crate) edge: Edge,
    /// For tests: what the edge takes for the bucket's URL, such as a proxy before it
    #[arg(long, value_name = "URL", hide = true)]
    pub(crate) origin: Option<String>,
    /// For tests: a variable of the Worker; with an empty value it is left out
    #[arg(long, value_name = "NAME=VALUE", hide = true, value_parser = name_and_value)]
    pub(crate) set: Vec<(String, String)>,
    /// For tests: a variable of the signer, such as its identity provider
    #[arg(long, value_name = "NAME=VALUE", hide = true, value_parser = name_and_value)]
    pub(crate) set_signer: Vec<(String, String)>,
    /// For tests: a module that takes the place of the Worker's main one, and may import it
    #[arg(long, value_name = "FILE", hide = true)]
    main: Option<PathBuf>,
    /// For tests: neither set up nor build
    #[arg(long, hide = true)]
    no_build: bool,
    /// For tests: end when standard input does
    #[arg(long, hide = true)]
    until_end_of_input: bool,
}

/// A platform that the edge runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Edge {
    /// `target/edge` in workerd
    Cloudflare,
    /// `target/lambda-edge` in Node.js
    Aws,
}

/// Runs the stack until somebody ends it.
///
/// # Errors
/// What is missing or failed; a program that died is named, with the end of its log.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    // First of all: nobody shall wait for a build to hear that a port is taken.
    let ports = Pair::take(options.port)?;
    let data = options.data.clone().unwrap_or_else(|| run::root().join(".clouddrop"));
    state::make_private(&data)?;
    let data = fs::canonicalize(data)?;
    let _lock = state::lock(&data)?;
    if !options.no_build {
        let tools = setup::everything()?;
        match options.edge {
            Edge::Cloudflare => edge::build(&tools)?,
            Edge::Aws => lambda_edge::build(&tools)?,
        }
        web::build()?;
        build_servers()?;
    }
    let mut processes = Processes::new(data.join("log"))?;
    if options.until_end_of_input {
        processes.stop_at_end_of_input();
    }
    // For configurations with secrets: only there while the programs read them.
    let run_folder = RunFolder::make(&data)?;
    let begun = Instant::now();
    let started = stack::start(options, &data, ports, &run_folder, &mut processes);
    drop(run_folder);
    let ended = started.and_then(|ready| {
        say::line(&format!("    up after {}", say::duration(begun.elapsed())));
        announce(&ready, options.json)?;
        processes.watch(None)
    });
    match ended {
        Ok(()) => Ok(()),
        Err(Interruption::Stopped) => {
            say::line("\n--> ending");
            Ok(())
        }
        Err(Interruption::Failed(error)) => Err(error),
    }
}

/// Builds the programs that run natively.
pub(crate) fn build_servers() -> anyhow::Result<()> {
    say::step("S3 server and signer: compile", || {
        run::shown(run::cargo(None).args([
            "build",
            "--package",
            "clouddrop-dev-s3",
            "--package",
            "clouddrop-signer-lambda",
            "--bin",
            "clouddrop-dev-s3",
            "--bin",
            "clouddrop-signer-serve",
        ]))
    })
}

/// Prints what the stack is for; stdout is for this only.
fn announce(ready: &Ready, as_json: bool) -> anyhow::Result<()> {
    let text = if as_json { ready.json()? } else { format!("\n{}\n", ready.text()) };
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).context("printing")
}

/// A folder for what the programs read at their start; it goes with this value.
pub(crate) struct RunFolder {
    pub(crate) path: PathBuf,
}

impl RunFolder {
    /// Makes it anew: what a killed stack left is removed.
    pub(crate) fn make(data: &Path) -> anyhow::Result<Self> {
        let path = data.join("run");
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        state::make_private(&path)?;
        Ok(Self { path })
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // If it cannot be removed, it is private and made anew at the next start.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok((name.into(), value.into()))
}
