//! Proves what the documents promise: each test that docs/attacks.md names exists, each link between documents leads
//! somewhere, and each command of the README is one that a test runs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::files;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const DOCUMENTS: [&str; 8] = [
    "README.md",
    "CHANGELOG.md",
    "docs/design.md",
    "docs/attacks.md",
    "docs/pipeline.md",
    "docs/wire-format.md",
    "docs/performance.md",
    "docs/runbook.md",
];

/// Commands of the README that are not part of the script which `e2e_readme` runs, and what runs each.
const RUN_ELSEWHERE: [(&str, &str); 9] = [
    ("cargo xtask dev", "every end-to-end test starts it"),
    ("cargo xtask test", "runs this test"),
    ("npx wrangler secret put TOKEN_KEYS", "needs an account; the name is checked below"),
    ("npx wrangler secret put AWS_SECRET_ACCESS_KEY", "needs an account; the name is checked below"),
    (
        "cargo xtask infra deploy --region eu-central-1 --file-host files.example.net --page-host share.example.com",
        "needs an account; `the_readmes_deployments_have_plans` runs it with --plan, `cargo xtask test` with --local",
    ),
    (
        "cargo xtask infra deploy --aws-alone --region eu-central-1 --file-host files.example.net --page-host share.example.com",
        "needs an account; `the_readmes_deployments_have_plans` runs it with --plan",
    ),
    ("cargo xtask smoke --url https://share.example.com", "e2e_smoke runs it against the stack"),
    ("cargo xtask doctor --url https://share.example.com", "e2e_doctor runs it against the stack"),
    ("npx wrangler deploy", "`cargo xtask test` does it with --dry-run"),
];

fn read(name: &str) -> String {
    fs::read_to_string(files::repository().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Names of all functions in the workspace's own Rust files.
fn functions() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders: Vec<PathBuf> =
        ["core", "edge", "worker", "lambda-edge", "signer-lambda", "ops", "cli", "dev-s3", "tests", "bench", "xtask"]
            .iter()
            .map(|name| files::repository().join(name))
            .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                names.extend(text.split("fn ").skip(1).filter_map(|rest| Some(rest.split_once('(')?.0.to_string())));
            }
        }
    }
    names
}

#[test]
fn every_attack_names_tests_that_exist() {
    let functions = functions();
    let mut rows = 0;
    for row in read("docs/attacks.md").lines().filter(|line| line.starts_with("| ") && !line.starts_with("| attack")) {
        let tests: Vec<&str> = row.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test: {row}");
        for test in tests {
            assert!(functions.contains(test), "there is no test {test}");
        }
        rows += 1;
    }
    assert!(rows >= 25, "only {rows} rows were read");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut followed = 0;
    for name in DOCUMENTS {
        for link in read(name).split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_string())) {
            if link.starts_with("https://") {
                continue;
            }
            let folder = files::repository().join(name).parent().unwrap_or(Path::new("")).to_path_buf();
            assert!(folder.join(&link).exists(), "{name} links to {link}");
            followed += 1;
        }
    }
    assert!(followed >= 10, "only {followed} links were followed");
}

/// The contents of the README's shell blocks, indentation taken off.
fn shell_blocks() -> Vec<String> {
    let text: String = read("README.md").lines().map(|line| format!("{}\n", line.trim_start())).collect();
    text.split("```sh\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0.to_string())).collect()
}

#[test]
fn every_command_of_the_readme_is_run_by_a_test() {
    let mut elsewhere = BTreeSet::new();
    let blocks = shell_blocks();
    assert_eq!(blocks.len(), 7);
    for block in blocks.iter().filter(|block| !block.contains("$PAGE")) {
        for command in block.lines() {
            assert!(RUN_ELSEWHERE.iter().any(|(known, _)| *known == command), "nothing runs: {command}");
            elsewhere.insert(command.to_string());
        }
    }
    assert_eq!(elsewhere.len(), RUN_ELSEWHERE.len());
    for (command, _) in RUN_ELSEWHERE {
        if let Some(secret) = command.strip_prefix("npx wrangler secret put ") {
            assert!(read("wrangler.toml").contains(&format!("\"{secret}\"")), "wrangler.toml requires no {secret}");
        }
    }
}

#[test]
fn the_readmes_deployments_have_plans() {
    let Some(xtask) = std::env::var_os("CLOUDDROP_XTASK") else {
        return; // without `cargo xtask test` there is no path to it
    };
    let readme = read("README.md");
    let commands: Vec<&str> =
        readme.lines().filter_map(|line| line.strip_prefix("cargo xtask infra deploy --")).collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    for command in commands {
        let output = std::process::Command::new(&xtask)
            .args(["infra", "deploy", "--plan"])
            .args(format!("--{command}").split(' '))
            .output()
            .unwrap();
        let plan = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(plan.contains("FileHost=files.example.net"), "{plan}");
    }
}
