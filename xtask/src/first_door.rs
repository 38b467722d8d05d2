//! The CloudFront Function before the cache: `target/lambda-edge/first-door.js`, and the same for infra/first-door.yaml; and what
//! goes into its key value store.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use crate::stamp::replace;
use crate::{node, run, say, setup};

/// How to build it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The configuration, as for `lambda-edge`: FILE_HOST, AUDIENCE and OBJECT_PREFIX are put in
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// An issuer whose keys count; may be repeated. Without it all in the key value store do
    #[arg(long = "issuer", value_name = "NAME")]
    pub(crate) issuers: Vec<String>,
}

/// Sets up what is missing and builds the function.
///
/// # Errors
/// The first failed command: a variable that is missing, or code that is too long for CloudFront.
pub(crate) fn set_up_and_build(options: &Options) -> anyhow::Result<()> {
    setup::everything()?;
    let mut cargo = run::cargo(None);
    cargo.args(["run", "--quiet", "--package", "clouddrop-first-door", "--"]);
    cargo.arg(fs::canonicalize(&options.config).with_context(|| format!("reading {}", options.config.display()))?);
    cargo.arg(node::modules().join(".bin/esbuild")).args(&options.issuers).env("PATH", node::path()?);
    let code = run::output(&mut cargo)?;
    if !code.contains("async function handler(") {
        bail!("clouddrop-first-door has written no function");
    }
    let folder = run::target().join("lambda-edge");
    fs::create_dir_all(&folder)?;
    replace(&folder.join("first-door.js"), code.as_bytes())?;
    // Included by the template, whose parameters are too short for it.
    let included = serde_json::json!({ "FunctionCode": code });
    replace(&folder.join("first-door.json"), included.to_string().as_bytes())?;
    say::line(&format!("    target/lambda-edge/first-door.js: {} bytes of 10240", code.len()));
    Ok(())
}

/// What goes into the function's key value store, as `Puts` of its API: of the value of `TOKEN_KEYS`, the keys that it can use.
///
/// # Errors
/// What is no such value; nothing of it is quoted.
pub(crate) fn store_puts(token_keys: &str) -> anyhow::Result<Value> {
    let mut cargo = run::cargo(None);
    cargo.args(["run", "--quiet", "--package", "clouddrop-first-door", "--", "--keys"]);
    let mut child = cargo.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cargo cannot be started")?;
    // It reads all before it writes: no pipe can fill up in both directions.
    child.stdin.take().context("no standard input")?.write_all(token_keys.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the token keys do not fit the first door's store: {}", output.status);
    serde_json::from_slice(&output.stdout).context("clouddrop-first-door has written no JSON")
}
