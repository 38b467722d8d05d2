//! `cargo xtask test`: every check there is, the quick ones first, up to the first failure.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;

use crate::setup::{self, Tools, WASM};
use crate::{check, edge, infra, lambda_edge, node, pipeline, run, say, web};

/// Tests in files whose names begin so need the running stack; they come last.
const END_TO_END: &str = "e2e_";

/// Those of them that run a second time, against the edge for AWS alone: what a client sees must be the same there.
const ALSO_ON_AWS: [&str; 11] = [
    "e2e_api",
    "e2e_counted",
    "e2e_headers",
    "e2e_keys",
    "e2e_landing",
    "e2e_listing",
    "e2e_password",
    "e2e_reading",
    "e2e_revocation",
    "e2e_smoke",
    "e2e_taken_back",
];

/// What `cargo xtask test` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Format, lints and native tests only: no wasm, nothing that needs the running stack
    #[arg(long)]
    quick: bool,
}

/// One step: what it is called and what it does.
type Step<'a> = (&'static str, Box<dyn Fn() -> anyhow::Result<()> + 'a>);

/// Sets up what is missing and runs all checks.
///
/// # Errors
/// The first failed step, with the command to repeat it.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    // Asked now: the tests build this program anew, and the running one has no path then.
    let this = std::env::current_exe().context("the path of this program")?;
    let tools = setup::everything()?;
    if !options.quick {
        setup::browser()?;
        setup::checkers()?;
    }
    let targets = integration_tests()?;
    let mut steps: Vec<Step<'_>> = vec![
        ("format", Box::new(check::check_format)),
        ("lints", Box::new(check::lint)),
        ("documentation", Box::new(check::document)),
        ("native tests", Box::new(|| native_tests(&tools, &this, &targets))),
        ("examples in the documentation", Box::new(|| run::shown(tests(&tools, &this).arg("--doc")))),
    ];
    if !options.quick {
        let rest: [Step<'_>; 11] = [
            ("pipeline", Box::new(pipeline::check)),
            ("infrastructure", Box::new(infra::check)),
            ("lints, wasm", Box::new(|| check::lint_wasm(&tools))),
            ("wasm tests", Box::new(|| wasm_tests(&tools))),
            ("edge build", Box::new(|| edge::build(&tools).and_then(|()| edge::check_size()))),
            ("web build", Box::new(web::build)),
            ("edge build, AWS alone", Box::new(|| lambda_edge::build(&tools))),
            ("wrangler accepts the Worker", Box::new(wrangler_dry_run)),
            ("end-to-end tests", Box::new(|| end_to_end_tests(&tools, &this, &targets))),
            ("end-to-end tests, AWS alone", Box::new(|| end_to_end_tests_on_aws(&tools, &this))),
            ("local deployment", Box::new(|| local_deployment(&this))),
        ];
        steps.extend(rest);
    }
    perform(&steps)
}

fn perform(steps: &[Step<'_>]) -> anyhow::Result<()> {
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for (place, (name, act)) in steps.iter().enumerate() {
        say::line(&format!("\n=== [{}/{}] {name}", place + 1, steps.len()));
        let begun = Instant::now();
        let result = act();
        times.push((name, begun.elapsed()));
        if result.is_err() {
            summarise(&times, steps.len());
        }
        result.with_context(|| format!("{name} failed"))?;
        say::line(&format!("=== {name}: passed in {}", say::duration(begun.elapsed())));
    }
    summarise(&times, steps.len());
    say::line("all passed");
    Ok(())
}

fn summarise(times: &[(&str, Duration)], steps: usize) {
    say::line(&format!("\n{} of {steps} steps ran:", times.len()));
    for (name, time) in times {
        say::line(&format!("  {name:<32} {:>12}", say::duration(*time)));
    }
}

/// `cargo test` for everything that runs natively. One selection of packages for every step: with another,
/// cargo would choose other features and compile their dependencies again.
fn tests(tools: &Tools, this: &Path) -> Command {
    let mut cargo = run::cargo(None);
    cargo.args(["test", "--workspace"]);
    cargo.env("CLOUDDROP_XTASK", this).env("CLOUDDROP_WASM_TOOLCHAIN", &tools.wasm_toolchain);
    cargo
}

fn native_tests(tools: &Tools, this: &Path, targets: &[String]) -> anyhow::Result<()> {
    let mut cargo = tests(tools, this);
    cargo.args(["--lib", "--bins"]);
    for target in targets.iter().filter(|name| !name.starts_with(END_TO_END)) {
        cargo.args(["--test", target]);
    }
    run::shown(&mut cargo)
}

/// Each starts stacks of its own from what is built: the edge, and the servers, which their own packages'
/// tests in an earlier step have needed too. They take minutes: all that fails is told at once.
fn end_to_end_tests(tools: &Tools, this: &Path, targets: &[String]) -> anyhow::Result<()> {
    let mut cargo = tests(tools, this);
    cargo.arg("--no-fail-fast");
    anyhow::ensure!(targets.iter().any(|name| name.starts_with(END_TO_END)), "there is no end-to-end test");
    for target in targets.iter().filter(|name| name.starts_with(END_TO_END)) {
        cargo.args(["--test", target]);
    }
    run::shown(&mut cargo)
}

/// As they are, with the stacks' edge behind a stand-in for CloudFront.
fn end_to_end_tests_on_aws(tools: &Tools, this: &Path) -> anyhow::Result<()> {
    let mut cargo = tests(tools, this);
    cargo.arg("--no-fail-fast").env("CLOUDDROP_EDGE", "aws");
    for target in ALSO_ON_AWS {
        cargo.args(["--test", target]);
    }
    run::shown(&mut cargo)
}

/// The templates on an emulator of AWS, and the live checks against that. By the program as it is now built: the tests have
/// built it anew.
fn local_deployment(this: &Path) -> anyhow::Result<()> {
    run::shown(run::command(this).args(["infra", "deploy", "--local"]))
}

/// The names of all integration tests of the workspace.
fn integration_tests() -> anyhow::Result<Vec<String>> {
    let metadata = run::output(run::cargo(None).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata")?;
    Ok(names_of_tests(&metadata))
}

fn names_of_tests(metadata: &Value) -> Vec<String> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let targets = list(metadata, "packages").into_iter().flat_map(|package| list(&package, "targets"));
    let tests = targets.filter(|target| list(target, "kind").iter().any(|kind| kind == "test"));
    let mut names: Vec<String> = tests.filter_map(|target| Some(target["name"].as_str()?.to_owned())).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The tests of the worker as wasm, under Node.js.
fn wasm_tests(tools: &Tools) -> anyhow::Result<()> {
    let mut cargo = run::cargo(Some(&tools.wasm_toolchain));
    cargo.args(["test", "--package", "clouddrop-worker", "--target", WASM]);
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", Tools::program("wasm-bindgen-test-runner"));
    run::shown(cargo.env("PATH", node::path()?))
}

/// What `wrangler deploy` would send, without sending it.
fn wrangler_dry_run() -> anyhow::Result<()> {
    let folder = run::target().join("wrangler");
    let mut wrangler = node::script("wrangler/bin/wrangler.js")?;
    wrangler.args(["deploy", "--dry-run", "--outdir"]).arg(folder.join("out"));
    let settings: [(&str, OsString); 6] = [
        ("XDG_CONFIG_HOME", folder.join("config").into()),
        ("WRANGLER_LOG_PATH", folder.join("log").into()),
        ("WRANGLER_SEND_METRICS", "false".into()),
        ("WRANGLER_SEND_ERROR_REPORTS", "false".into()),
        ("CLOUDFLARE_CF_FETCH_ENABLED", "false".into()),
        ("CI", "1".into()),
    ];
    run::shown(wrangler.envs(settings))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;
    use serde_json::json;
    use std::cell::Cell;

    #[test]
    fn integration_tests_are_found_by_their_kind() {
        let metadata = json!({ "packages": [
            { "targets": [{ "name": "a", "kind": ["lib"] }, { "name": "e2e_b", "kind": ["test"] }] },
            { "targets": [{ "name": "c", "kind": ["test"] }, { "name": "d", "kind": ["bin"] }] },
        ] });
        assert_eq!(names_of_tests(&metadata), ["c", "e2e_b"]);
        assert_eq!(names_of_tests(&json!({})), [] as [&str; 0]);
    }

    #[test]
    fn the_first_failure_ends_it() {
        let ran = Cell::new(0);
        let count = |result: bool| {
            let ran = &ran;
            move || {
                ran.set(ran.get() + 1);
                if result { Ok(()) } else { Err(anyhow::anyhow!("no")) }
            }
        };
        let steps: [Step<'_>; 3] =
            [("a", Box::new(count(true))), ("b", Box::new(count(false))), ("c", Box::new(count(true)))];
        assert_eq!(format!("{:#}", perform(&steps).unwrap_err()), "b failed: no");
        assert_eq!(ran.get(), 2);
    }
}
