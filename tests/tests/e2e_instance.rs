//! Proves that a panic ends one wasm instance and not the Worker: the next request gets a new one.
//!
//! Nothing that is sent makes the edge panic, so the fault is put in by hand: the built edge is run with the one
//! line taken out that configures it before the first request. The first request then meets an expectation that
//! does not hold; the instance that takes over is configured as always.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::files::repository;
use clouddrop_tests::node;
use clouddrop_tests::stack::http::Ask;
use clouddrop_tests::stack::new_folder;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const CONFIGURE: &str = " = rules.configure(variables);\n";
/// What has the first DELETE ask for the revocation list: otherwise the gate would be the first to panic.
const GATE: &str = "const lines = rules.gate(encoded(asked.question), false";
const LIST_FIRST: &str = "const lines = request.method === \"DELETE\" && !globalThis.asked++ ? [\"L\"] : rules.gate(encoded(asked.question), false";
const COUNT: &str = "globalThis.asked ??= 0; ";
const NOT_CONFIGURED: &str = " = [0, 0, 8000];\n";

/// workerd with an edge that is not configured; it ends with this value.
struct Unconfigured {
    child: Child,
    address: String,
    folder: std::path::PathBuf,
}

impl Unconfigured {
    fn start() -> Self {
        let folder = new_folder();
        fs::create_dir_all(&folder).unwrap();
        let built = repository().join("target/edge");
        let modules = modules(&built);
        for name in &modules {
            fs::copy(built.join(name), folder.join(name)).unwrap();
        }
        replace(&folder.join("rules.mjs"), CONFIGURE, NOT_CONFIGURED);
        replace(&folder.join("handle.mjs"), GATE, &format!("{COUNT}{LIST_FIRST}"));
        fs::write(folder.join("workerd.capnp"), config(&modules)).unwrap();
        let workerd = node::modules().unwrap().join("@cloudflare/workerd-linux-64/bin/workerd");
        let mut child = Command::new(workerd)
            .args(["serve", "--control-fd=1", "workerd.capnp"])
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        Self { child, address: format!("127.0.0.1:{}", told["port"]), folder }
    }

    fn status(&self, method: &str) -> u16 {
        Ask::new(method, "/healthz").host(Some("files.example.net")).send(&self.address).status
    }
}

impl Drop for Unconfigured {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Puts `other` in the place of the one `line` of a file.
fn replace(file: &Path, line: &str, other: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert_eq!(text.matches(line).count(), 1, "{line} stands elsewhere now");
    fs::write(file, text.replacen(line, other, 1)).unwrap();
}

/// The files of the built edge, the main one first.
fn modules(built: &Path) -> Vec<String> {
    let files = fs::read_dir(built).unwrap_or_else(|_| panic!("run `cargo xtask build edge`"));
    let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| [".mjs", ".js", ".wasm"].iter().any(|ending| name.ends_with(ending)));
    names.sort_by_key(|name| (name != "entry.mjs", name.clone()));
    names
}

fn config(modules: &[String]) -> String {
    let keys: Vec<String> = ["a", "b"]
        .iter()
        .map(|kid| format!(r#"{{\"issuer\":\"test\",\"kid\":\"{kid}\",\"secret\":\"{}\"}}"#, "A".repeat(43)))
        .collect();
    let token_keys = format!("[{}]", keys.join(","));
    let variables: String = [
        ("FILE_HOST", "files.example.net"),
        ("PAGE_HOST", "share.example.com"),
        ("AUDIENCE", "test"),
        ("ORIGIN", "https://bucket.s3.eu-central-1.amazonaws.com"),
        ("REGION", "eu-central-1"),
        ("OBJECT_PREFIX", "files/"),
        ("SIGNER_URL", "https://signer.example.com"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("TOKEN_KEYS", &token_keys),
    ]
    .iter()
    .map(|(name, value)| format!("(name = \"{name}\", text = \"{value}\"),"))
    .collect();
    let embedded: String = modules
        .iter()
        .map(|name| {
            let kind = if name.ends_with(".wasm") { "wasm" } else { "esModule" };
            format!("(name = \"{name}\", {kind} = embed \"{name}\"),")
        })
        .collect();
    format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "edge", worker = .edge)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "edge")]
);
const edge :Workerd.Worker = (
  modules = [
    {embedded}
  ],
  compatibilityDate = "2026-07-01",
  bindings = [{variables}]
);
"#
    )
}

#[test]
fn after_a_panic_on_the_short_way_the_next_request_is_served() {
    let edge = Unconfigured::start();
    let statuses: Vec<u16> = (0..3).map(|_| edge.status("GET")).collect();
    assert_eq!(statuses, [500, 200, 200]);
}

#[test]
fn after_a_panic_behind_a_wait_the_next_request_is_served() {
    let edge = Unconfigured::start();
    let statuses: Vec<u16> = (0..3).map(|_| edge.status("DELETE")).collect();
    // The panic was while the list was asked for; what was decided then was decided by the new instance.
    assert_eq!(statuses, [405, 405, 405]);
}
