//! End-to-end tests against what was deployed, as they are against the development stack: those that need nothing of it but
//! its addresses and keys.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};

use super::hands::{Beside, Hands as _};
use crate::dev::state::write_private;
use crate::run;

/// The variable that tells the tests of a stack that is there already.
const DEPLOYED: &str = "CLOUDDROP_DEPLOYED";
/// Left out are those that start stacks of their own kind, stop parts of one, count what reached the development S3 server, or
/// take minutes.
const SUITES: [&str; 6] = ["e2e_api", "e2e_browser", "e2e_headers", "e2e_landing", "e2e_password", "e2e_readme"];
/// A test of these that wants an edge of its own.
const LEFT_OUT: &str = "guesses_are_counted_like_claims";

/// What is deployed, as the tests are told. It holds secrets: it has no `Debug`.
pub(crate) struct Target<'a> {
    /// `host:port` of the page and the files.
    pub(crate) hosts: [&'a str; 2],
    pub(crate) api_key: &'a str,
    /// The emulator's `host:port`, and the bucket there.
    pub(crate) s3: (&'a str, &'a str),
    pub(crate) region: &'a str,
    /// Id and secret of the edge's access key.
    pub(crate) edge_key: (&'a str, &'a str),
    /// The edge's variables and secrets.
    pub(crate) bindings: &'a [(String, String)],
    pub(crate) edge_log: &'a Path,
    pub(crate) edge_pid: u32,
}

/// Runs them. `folder` is a private one.
///
/// # Errors
/// The first suite that fails.
pub(crate) fn run(target: &Target<'_>, folder: &Path, hands: &mut Beside<'_>) -> anyhow::Result<()> {
    let state = folder.join("tests-state.json");
    let key = |(id, secret): (&str, &str)| json!({ "access_key_id": id, "secret_access_key": secret });
    let variable = |name: &str| {
        let found = target.bindings.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).with_context(|| format!("the edge has no {name}"))
    };
    // The parser's message could quote it.
    let token_keys: Value =
        serde_json::from_str(variable("TOKEN_KEYS")?).map_err(|_| anyhow!("TOKEN_KEYS is no JSON"))?;
    let issuer = token_keys[0]["issuer"].clone();
    // Objects are put past the signer by the emulator's root.
    let secrets = json!({ "edge": key(target.edge_key), "signer": key(("test", "test")), "token_keys": token_keys });
    write_private(&state, secrets.to_string().as_bytes())?;
    let ready = folder.join("tests-ready.json");
    let told = json!({
        "page": format!("http://{}/", target.hosts[0]), "files": format!("http://{}/", target.hosts[1]),
        "api_key": target.api_key, "curl": ["", "", ""], "state": state, "access_log": folder.join("no-access-log"),
        "s3": { "endpoint": format!("http://{}", target.s3.0), "bucket": target.s3.1, "region": target.region },
        "pids": { "edge": target.edge_pid }, "logs": { "edge": target.edge_log },
        "issuer": issuer, "audience": variable("AUDIENCE")?, "object_prefix": variable("OBJECT_PREFIX")?,
    });
    write_private(&ready, told.to_string().as_bytes())?;
    let mut tests = run::cargo(None);
    tests
        .args(["test", "--workspace", "--no-fail-fast"])
        .env(DEPLOYED, &ready)
        .env("CLOUDDROP_XTASK", std::env::current_exe()?);
    for suite in SUITES {
        tests.args(["--test", suite]);
    }
    hands.shown(tests.args(["--", "--skip", LEFT_OUT]))
}
