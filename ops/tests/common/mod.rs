//! The program as an operator has it, against a stack or against a mock before it that breaks one promise.
#![allow(dead_code, reason = "each test takes what it needs")]

pub(crate) mod mock;
pub(crate) mod s3;

use serde_json::Value;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// The program with nothing in its environment but what is given.
pub(crate) fn ops(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clouddrop-ops"));
    command.env_clear().envs(environment.iter().copied()).args(arguments).stdin(Stdio::null());
    command
}

/// Runs it with something on stdin.
pub(crate) fn with_stdin(mut command: Command, stdin: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // One that needs no input may have ended.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

/// What a run printed, as JSON.
pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(output)))
}

/// All that a run said.
pub(crate) fn said(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Names and words of the checks of a report that came out so: `passed`, `failed`, `not_checked`.
pub(crate) fn outcomes(report: &Value, outcome: &str) -> Vec<(String, String)> {
    let text = |check: &Value, name: &str| check[name].as_str().unwrap().to_string();
    let checks = report["checks"].as_array().unwrap().iter().filter(|check| check["outcome"] == outcome);
    checks.map(|check| (text(check, "name"), text(check, "seen"))).collect()
}
