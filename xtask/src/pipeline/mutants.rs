//! Mutation tests of the rules: each is changed in a small way, and some test has to fail. The tests are core's own and those
//! of the vectors and oracles; what needs a running stack is too slow for thousands of changes.

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::setup::{self, Tools};
use crate::{run, say};

/// Which part of all changes to try.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The part of so many: `0/8` to `7/8`
    #[arg(long, default_value = "0/1")]
    shard: String,
}

const RULES: &str = "clouddrop-core";
const TESTS: &str = "clouddrop-tests";

/// Tries each change; the list of those that no test saw is in `target/mutants.out/missed.txt`.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    setup::cargo_mutants()?;
    let metadata = run::output(run::cargo(None).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let tests = quick_tests(&serde_json::from_str(&metadata).context("cargo metadata")?);
    ensure!(!tests.is_empty(), "{TESTS} has no tests that need no stack");
    say::line(&format!("    {} files of tests, and those of {RULES}", tests.len()));
    let mut mutants = run::command(Tools::program("cargo-mutants"));
    mutants.args(["mutants", "--package", RULES, "--test-package", RULES, "--test-package", TESTS]);
    // Without a change it would only run the rules' own tests, and knows no files of others; `cargo xtask test` has run them.
    mutants.args(["--baseline", "skip", "--timeout", "300", "--shard", &options.shard]);
    mutants.arg("--output").arg(run::target());
    mutants.args(["--", "--lib"]);
    for test in &tests {
        mutants.args(["--test", test]);
    }
    run::shown(&mut mutants)
}

/// The files of tests that need no running stack.
fn quick_tests(metadata: &Value) -> Vec<String> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let packages = list(metadata, "packages").into_iter().filter(|package| package["name"] == TESTS);
    let targets = packages.flat_map(|package| list(&package, "targets"));
    let tests = targets.filter(|target| list(target, "kind").iter().any(|kind| kind == "test"));
    let names = tests.filter_map(|target| Some(target["name"].as_str()?.to_owned()));
    // That one compiles core for wasm, each time.
    names.filter(|name| !name.starts_with("e2e_") && name != "purity").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_tests_of_one_package_that_need_no_stack_are_run() {
        let test = |name: &str| json!({ "name": name, "kind": ["test"] });
        let metadata = json!({ "packages": [
            { "name": TESTS, "targets": [test("e2e_a"), test("vectors"), test("purity"), { "name": "l", "kind": ["lib"] }] },
            { "name": "other", "targets": [test("x")] },
        ] });
        assert_eq!(quick_tests(&metadata), ["vectors"]);
    }
}
