//! `clouddrop doctor`: whether this machine and the service can work together, one line for each thing looked at.

use crate::api::Api;
use crate::config;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::out::{Out, plain, size};
use anyhow::Context as _;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How far the clocks may be apart, in seconds: S3 takes five minutes.
const MAX_SKEW: i64 = 60;

/// A service that takes longer to say that it is well is not.
const PATIENCE: Duration = Duration::from_secs(20);

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    good: bool,
    said: String,
}

/// Looks at everything, and fails if anything is not well.
pub(crate) fn run(out: &Out, profile: &str) -> Result<()> {
    let mut findings = Vec::new();
    let mut add = |what, result: std::result::Result<String, String>| {
        let good = result.is_ok();
        findings.push(Finding { what, good, said: result.unwrap_or_else(|said| said) });
        good
    };
    add("state", state());
    add("key file", key_file());
    let profile = config::profile(profile).map_err(|failure| failure.to_string());
    add("configuration", profile.as_ref().map(|profile| profile.url.clone()).map_err(Clone::clone));
    if let Ok(profile) = profile {
        let api = Api::new(profile);
        let reached = health(&api);
        add("service", reached.as_ref().map(|_| "answers".into()).map_err(Clone::clone));
        if let Ok(date) = reached {
            add("clock", clock(date.as_deref()));
            add("API key", account(&api));
            add("files", list(&api));
        }
    }
    let text: String = findings
        .iter()
        .map(|finding| {
            format!("{}  {:<14} {}\n", if finding.good { "ok  " } else { "FAIL" }, finding.what, finding.said)
        })
        .collect();
    let told: Vec<Value> = findings
        .iter()
        .map(|finding| json!({ "what": finding.what, "ok": finding.good, "said": finding.said }))
        .collect();
    out.result(&json!({ "findings": told }), &text).context("writing the findings")?;
    match findings.iter().find(|finding| !finding.good) {
        None => Ok(()),
        Some(finding) => Err(Failure::new(Exit::Failed, format!("{} is not well", finding.what))),
    }
}

/// Whether what is unfinished can be written down.
fn state() -> std::result::Result<String, String> {
    let folder = config::state_folder().map_err(|failure| failure.to_string())?;
    let probe = folder.join("doctor");
    config::write_private(&probe, b"").map_err(|failure| failure.to_string())?;
    config::remove_private(&probe);
    Ok(folder.display().to_string())
}

/// Whether nobody else reads the file with the key.
fn key_file() -> std::result::Result<String, String> {
    let path = config::path().map_err(|failure| failure.to_string())?;
    let Ok(facts) = std::fs::metadata(&path) else { return Ok("there is none".into()) };
    let mode = facts.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(format!("{} is for its owner only", path.display()));
    }
    Err(format!("others may read {0}: chmod 600 {0}", path.display()))
}

/// The service's Date, once it has answered.
fn health(api: &Api) -> std::result::Result<Option<String>, String> {
    let url = format!("{}/healthz", api.url());
    let mut answer = api
        .agent()
        .get(&url)
        .config()
        .timeout_global(Some(PATIENCE))
        .build()
        .call()
        .map_err(|error| format!("{} cannot be reached: {error}", api.url()))?;
    let text = answer.body_mut().with_config().limit(1024).read_to_string().unwrap_or_default();
    if answer.status() != 200 || text != "ok\n" {
        return Err(format!("{} is no CloudDrop: it answers {}", api.url(), answer.status()));
    }
    Ok(answer.headers().get("date").and_then(|date| date.to_str().ok()).map(String::from))
}

fn clock(date: Option<&str>) -> std::result::Result<String, String> {
    let Some(theirs) = date.and_then(clouddrop_core::time::from_http_date) else {
        return Ok("the service does not tell its time".into());
    };
    let ours = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let apart = i64::try_from(ours).unwrap_or(0) - i64::try_from(theirs.as_secs()).unwrap_or(0);
    if apart.abs() <= MAX_SKEW {
        Ok(format!("{apart} s from the service's"))
    } else {
        Err(format!("{apart} s from the service's: set this machine's clock"))
    }
}

fn account(api: &Api) -> std::result::Result<String, String> {
    let account = api.get("account").map_err(|failure| failure.to_string())?;
    let of = |name: &str| plain(account[name].as_str().unwrap_or(""));
    let used = size(account["bytes"].as_u64().unwrap_or(0));
    let most = account["max_bytes"].as_u64().map_or(String::new(), |most| format!(" of {}", size(most)));
    Ok(format!("{}, {} of {}; {used}{most} used", of("name"), of("role"), of("owner")))
}

fn list(api: &Api) -> std::result::Result<String, String> {
    api.get("files?limit=1").map(|_| "can be listed".into()).map_err(|failure| failure.to_string())
}
