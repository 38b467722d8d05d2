//! The CloudFront Function before the cache: `target/lambda-edge/first-door.js`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, bail};

use crate::stamp::replace;
use crate::{node, run, say, setup};

/// How to build it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The configuration, as for `lambda-edge`: FILE_HOST, AUDIENCE and OBJECT_PREFIX are put in
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The key value store with the token keys; its ARN is only noted beside the code (`first-door.json`), for the
    /// deployment, which associates it
    #[arg(long, value_name = "ARN")]
    kvs: Option<String>,
    /// An issuer whose keys count; may be repeated. Without it all in the key value store do
    #[arg(long = "issuer", value_name = "NAME")]
    issuers: Vec<String>,
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
    let about = serde_json::json!({ "runtime": "cloudfront-js-2.0", "key_value_store": options.kvs });
    replace(&folder.join("first-door.json"), about.to_string().as_bytes())?;
    say::line(&format!("    target/lambda-edge/first-door.js: {} bytes of 10240", code.len()));
    Ok(())
}
