//! The runbook's commands, as they are printed, against the development stack and a stand-in for Secrets Manager. Those that
//! need an account are marked, and stand here with the reason.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_tests::files;
use clouddrop_tests::secrets_manager::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, SecretsManager};
use clouddrop_tests::stack::Stack;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

/// Blocks that are not run: how they are marked, how they begin, and why.
const NOT_RUN: [(&str, &str, &str); 4] = [
    (
        "aws",
        "eval \"$(aws configure export-credentials",
        "asks AWS's own tool for credentials; doctor is run in e2e_doctor",
    ),
    ("aws", "aws secretsmanager rotate-secret", "has AWS call the function; its steps are run in signer-lambda/tests"),
    ("aws wrangler", "aws secretsmanager get-secret-value", "writes a secret of an account of Cloudflare"),
    ("aws", "aws s3api list-object-versions", "the development stack's bucket keeps no versions"),
];

/// A fenced block of shell: what is behind `sh`, and its text.
fn blocks(runbook: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, usize, String)> = None;
    for line in runbook.lines() {
        let indent = line.len() - line.trim_start().len();
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(kind)) => open = Some((kind.trim().into(), indent, String::new())),
            (Some(_), Some(_)) => {
                let (kind, _, text) = open.take().unwrap();
                if let Some(marks) = kind.strip_prefix("sh").filter(|rest| rest.is_empty() || rest.starts_with(' ')) {
                    blocks.push((marks.trim().into(), text));
                }
            }
            (Some((_, indent, text)), None) => {
                text.push_str(line.get(*indent..).unwrap_or(""));
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block without an end");
    blocks
}

/// `cargo xtask` as it is: it builds and runs clouddrop-ops (xtask/src/ops.rs), which is built here.
fn tools(folder: &Path) {
    let cargo = folder.join("cargo");
    let program = env!("CARGO_BIN_EXE_clouddrop-ops");
    fs::write(&cargo, format!("#!/bin/sh\n[ \"$1\" = xtask ] || exit 64\nshift\nexec '{program}' \"$@\"\n")).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
}

fn key(kid: &str) -> Value {
    json!({ "issuer": "clouddrop", "kid": kid, "secret": format!("{kid:A<43}") })
}

#[test]
fn the_commands_of_the_runbook_work_as_printed() {
    let runbook = fs::read_to_string(files::repository().join("docs/runbook.md")).unwrap();
    let (run, marked): (Vec<_>, Vec<_>) = blocks(&runbook).into_iter().partition(|(marks, _)| marks.is_empty());
    let listed: Vec<(&str, &str)> = NOT_RUN.iter().map(|(marks, begin, _)| (*marks, *begin)).collect();
    assert_eq!(marked.len(), listed.len(), "every block that is not run stands in NOT_RUN: {marked:#?}");
    for ((marks, text), (listed, begin)) in marked.iter().zip(listed) {
        assert!(marks == listed && text.starts_with(begin), "{marks}: {text}");
    }
    assert!(run.len() >= 12, "{run:#?}");

    let three = json!([key("new"), key("b"), key("a")]).to_string();
    let set = format!("TOKEN_KEYS={three}");
    let stack = Stack::start(&["--set", &set, "--set-signer", &set]);
    let folder = tempfile::tempdir().unwrap();
    tools(folder.path());
    let work = folder.path().join("work");
    fs::create_dir(&work).unwrap();
    // An edge that is a key ahead, as after a rotation.
    let two = json!([key("b"), key("a")]).to_string();
    fs::write(work.join("edge-keys.json"), &three).unwrap();
    fs::write(work.join("signer-keys.json"), &two).unwrap();
    let nobodys = json!([{ "name": "nobody", "sha256": "0".repeat(64) }]).to_string();
    let manager = SecretsManager::start(&[
        ("signer", Some(&json!({ "TOKEN_KEYS": two, "API_KEYS": nobodys }).to_string())),
        ("edge", Some(&json!({ "TOKEN_KEYS": three }).to_string())),
    ]);
    let prelude = &run[0].1;
    assert!(prelude.contains("CLOUDDROP_API_KEY"), "{prelude}");
    for (_, block) in &run[1..] {
        let output = shell(&stack, &manager, folder.path(), &format!("{prelude}{block}"));
        let said = common::said(&output);
        assert!(output.status.success(), "{block}\n{said}");
        assert!(
            !said.contains("AAAAAAAA") && !said.contains(&stack.ready.api_key),
            "a secret is told:\n{block}\n{said}"
        );
    }
    // What they have done, beside ending well.
    let first = fs::read_to_string(work.join("first-key.txt")).unwrap();
    let signer: Value = serde_json::from_str(&manager.current("signer").unwrap()).unwrap();
    let hash = clouddrop_core::records::api_key::hash(first.trim());
    assert!(
        signer["API_KEYS"].as_str().unwrap().contains(&hash)
            && !signer["API_KEYS"].as_str().unwrap().contains("nobody")
    );
    assert_eq!(signer["TOKEN_KEYS"], two, "--plan changes nothing");
    let kept: Vec<Value> = serde_json::from_str(&fs::read_to_string(work.join("signer-keys.json")).unwrap()).unwrap();
    assert_eq!((kept.len(), &kept[0]["kid"]), (3, &json!("new")));
    let keys = stack.call_get("keys")["keys"].clone();
    assert!(keys.as_array().unwrap().contains(&json!({ "id": "a", "state": "retired" })), "{keys}");
    assert!(stack.call_get("revocations")["entries"].as_u64().unwrap() >= 4);
}

/// Runs a script as an operator would: a share of their own to take back, nothing else known.
fn shell(stack: &Stack, manager: &SecretsManager, folder: &Path, script: &str) -> Output {
    // Each block has a file and a share to itself: one may take back what another needs.
    let file = stack.upload("runbook.txt", "content");
    let share = stack.must(201, "shares", &json!({ "key": file["key"] }));
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_string();
    let mut command = Command::new("sh");
    command.args(["-euc", script]).current_dir(folder.join("work")).env_clear();
    command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", folder.display()));
    for (name, value) in [
        ("PAGE", stack.ready.page.trim_end_matches('/').to_string()),
        ("KEY", stack.ready.api_key.clone()),
        ("ID", text(&share, "id")),
        ("EXPIRES_AT", text(&share, "expires_at")),
        ("LINK", text(&share, "download")),
        ("FILE", text(&file, "key")),
        ("OWNER", "somebody".into()),
        ("OLD_KEY", "a".into()),
        ("SIGNER_SECRET", "signer".into()),
        ("EDGE_SECRET", "edge".into()),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", manager.url.clone()),
        ("AWS_REGION", REGION.into()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID.into()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.into()),
    ] {
        command.env(name, value);
    }
    command.output().unwrap()
}
