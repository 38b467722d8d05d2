//! The edge for CloudFront: the wasm, its JavaScript, the page and the configuration in one package,
//! `target/lambda-edge/edge.zip`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::edge::WASM_MODULE;
use crate::setup::{self, Tools};
use crate::{edge, node, run, say, web};

/// How to build it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The configuration to put in: a JSON object of the Worker's variables without AWS credentials and secrets, with
    /// `SECRETS_ID` and `SECRETS_REGION` for those; without it there is no package, only the code
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// What a package must not hold: it lies in a bucket and in a console.
const SECRET: [&str; 4] = ["TOKEN_KEYS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
/// CloudFront's largest package in front of an origin is 50 MB, and in front of the cache 1 MB: ours fits both.
const MOST_BYTES: u64 = 1_000_000;

const BENCH_BEGINS: &str = "<!-- cargo xtask bench lambda-edge: begin -->";
const BENCH_ENDS: &str = "<!-- cargo xtask bench lambda-edge: end -->";

/// The folder of the built code, without a configuration.
pub(crate) fn folder() -> PathBuf {
    run::target().join("lambda-edge/code")
}

/// Sets up what is missing, and builds code and package.
pub(crate) fn set_up_and_build(options: &Options) -> anyhow::Result<()> {
    // A bad configuration is told before anything is built.
    let config = options.config.as_deref().map(read_config).transpose()?;
    build(&setup::everything()?)?;
    match config {
        Some(config) => pack(&config),
        None => Ok(()),
    }
}

/// Measures the package beside a handler in JavaScript, and puts the result into the documentation.
pub(crate) fn bench() -> anyhow::Result<()> {
    build(&setup::everything()?)?;
    say::step("command line, which mints: build", || {
        run::shown(run::cargo(None).args(["build", "--package", "clouddrop-cli"]))
    })?;
    let mut bench = run::command(node::binary()?);
    bench.arg(run::root().join("bench/lambda-edge/bench.mjs")).arg(folder());
    bench.arg(run::target().join("debug/clouddrop")).arg(run::target().join("lambda-edge/bench"));
    let told = run::output(&mut bench)?;
    say::line(&told);
    let page = run::root().join("docs/performance.md");
    let text = fs::read_to_string(&page)?;
    let (before, rest) = text.split_once(BENCH_BEGINS).context("docs/performance.md has no place for the figures")?;
    let (_, after) = rest.split_once(BENCH_ENDS).context("docs/performance.md has no end of their place")?;
    fs::write(&page, format!("{before}{BENCH_BEGINS}\n{told}\n{BENCH_ENDS}{after}"))?;
    Ok(())
}

/// Builds the code into [`folder`].
///
/// # Errors
/// The first failed command.
pub(crate) fn build(tools: &Tools) -> anyhow::Result<()> {
    web::build()?;
    let wasm = run::target().join("lambda-edge/wasm");
    let _lock = edge::module(tools, "clouddrop-lambda-edge", &wasm)?;
    fs::create_dir_all(folder())?;
    say::step("lambda-edge: esbuild", || {
        let script = run::root().join("lambda-edge/build.mjs");
        run::shown(run::command(node::binary()?).arg(script).arg(&wasm).arg(folder()))
    })?;
    fs::copy(wasm.join(WASM_MODULE), folder().join(WASM_MODULE))?;
    let page = folder().join("web");
    if page.exists() {
        fs::remove_dir_all(&page)?;
    }
    copy_folder(&web::folder(), &page)
}

fn read_config(file: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let config: Value = serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))?;
    let members = config.as_object().with_context(|| format!("{} is no JSON object", file.display()))?;
    for name in SECRET {
        ensure!(!members.contains_key(name), "{}: {name} must not be in a package", file.display());
    }
    for name in ["SECRETS_ID", "SECRETS_REGION"] {
        ensure!(members.get(name).is_some_and(Value::is_string), "{}: {name} is missing", file.display());
    }
    Ok(text)
}

fn pack(config: &str) -> anyhow::Result<()> {
    let package = run::target().join("lambda-edge/edge.zip");
    fs::write(folder().join("config.json"), config)?;
    say::step("lambda-edge: package", || {
        run::shown(run::command("python3").arg(run::root().join("tools/zip.py")).arg(&package).arg(folder()))
    })?;
    let bytes = fs::metadata(&package)?.len();
    ensure!(bytes <= MOST_BYTES, "{} has {bytes} bytes, and CloudFront takes {MOST_BYTES}", package.display());
    say::line(&format!("    target/lambda-edge/edge.zip: {} kB", bytes / 1000));
    Ok(())
}

/// Copies a folder with all that is in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
