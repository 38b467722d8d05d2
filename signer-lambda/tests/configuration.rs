//! Configuration: complete or refused, every fault named at once, no secret shown.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use common::{config, environment};

/// The names of the variables that are at fault.
fn faults(changes: &[(&'static str, Option<&str>)]) -> Vec<String> {
    let mut environment = environment();
    for (name, value) in changes {
        match value {
            Some(value) => environment.insert(name, value.to_string()),
            None => environment.remove(name),
        };
    }
    match config(&environment) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(|fault| fault.variable.to_string()).collect(),
    }
}

#[test]
fn everything_needed_is_needed() {
    assert!(faults(&[]).is_empty());
    for name in environment().into_keys() {
        assert_eq!(faults(&[(name, None)]), [name]);
        assert_eq!(faults(&[(name, Some(""))]), [name]);
    }
    let all = config(&common::Environment::new()).unwrap_err();
    assert_eq!(all.len(), environment().len(), "{all}");
}

#[test]
fn what_is_not_valid_is_refused() {
    for (name, value) in [
        ("FILE_HOST", "https://files.example.net"),
        ("ISSUER", "somebody"),
        ("ORIGIN", "bucket"),
        ("REGION", "US East"),
        ("OBJECT_PREFIX", "files"),
        ("RECORDS_PREFIX", "records"),
        ("RECORDS_PREFIX", "files/"),
        ("RECORDS_ORIGIN", "bucket"),
        ("TOKEN_KEYS", "[]"),
        ("API_KEYS", "[]"),
        ("MAX_EXPIRY", "365"),
        ("MAX_EXPIRY", "0d"),
        ("MULTIPART_THRESHOLD", "5368709121"),
        ("MULTIPART_THRESHOLD", "64M"),
        ("AWS_ACCESS_KEY_ID", "a/b"),
        ("AWS_SESSION_TOKEN", "a b"),
        ("AWS_CREDENTIALS_EXPIRE", "tomorrow"),
    ] {
        assert_eq!(faults(&[(name, Some(value))]), [name], "{value}");
    }
}

#[test]
fn no_secret_is_shown() {
    let config = config(&environment()).unwrap();
    let shown = format!("{:?}", clouddrop_signer::Signer::new(config, clouddrop_signer::log::Log::to_stderr()));
    for secret in ["signer-secret", "ZmVkY2Jh", "fedcba98", common::API_KEY] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
