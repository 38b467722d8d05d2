//! Proves that a configuration is checked whole: every fault is named at once and by its variable, weak or lonely keys
//! are refused, and no message holds a secret.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::base64url;
use clouddrop_cases::config::{self, AWS_SECRET, AWS_SESSION_TOKEN, KEYS};
use clouddrop_core::revocation::{Revocations, fetch};
use clouddrop_core::{Config, Raw, Seconds, UnixTime};
use serde_json::{Value, json};

/// The faults of the default variables with `changes`, as variable and problem.
fn faults(changes: &Value) -> Vec<(String, String)> {
    let mut variables = config::variables();
    config::merge(&mut variables, changes.as_object().unwrap());
    match Raw::from_json(&Value::Object(variables).to_string()).and_then(Config::try_from) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(|fault| (fault.variable.to_string(), fault.problem.clone())).collect(),
    }
}

fn one(variable: &str, value: &Value) -> String {
    let found = faults(&json!({ variable: value }));
    assert_eq!(found.len(), 1, "{variable} = {value}: {found:?}");
    assert_eq!(found[0].0, variable, "{value}: {found:?}");
    found[0].1.clone()
}

fn keys(entries: &[(&str, &str, &[u8])]) -> Value {
    let entries: Vec<Value> = entries
        .iter()
        .map(|(issuer, kid, secret)| json!({"issuer": issuer, "kid": kid, "secret": base64url::encode(secret)}))
        .collect();
    Value::from(entries).to_string().into()
}

const STRONG: &[u8] = b"planted-secret-of-at-least-32-bytes";
const WEAK: &[u8] = b"planted-31-bytes-is-one-too-few";

#[test]
fn the_default_variables_are_good() {
    assert_eq!(faults(&json!({})), []);
    assert_eq!(
        faults(
            &json!({"SECURITY_CONTACT": "https://example.com/security", "REPORT_CONTACT": "mailto:abuse@example.com", "AWS_SESSION_TOKEN": "t", "AWS_CREDENTIALS_EXPIRE": "1900000000"})
        ),
        []
    );
}

#[test]
fn all_faults_are_named_at_once() {
    let nothing = Raw::from_json("{}").and_then(Config::try_from).unwrap_err();
    let mut missing: Vec<&str> = nothing.iter().map(|fault| fault.variable.as_ref()).collect();
    missing.sort_unstable();
    let mut required: Vec<String> = config::variables().keys().cloned().collect();
    required.sort_unstable();
    assert_eq!(missing, required);
    assert!(nothing.iter().all(|fault| fault.problem.contains("not set")));
    assert_eq!(nothing.to_string().lines().count(), required.len());

    let found = faults(&json!({
        "FILE_HOST": "https://files.example.net", "PAGE_HOST": "Share.example.com", "AUDIENCE": "", "ORIGIN": "bucket",
        "REGION": "EU", "OBJECT_PREFIX": "files", "SIGNER_URL": "http://x/?y", "SECURITY_CONTACT": "a b",
        "REPORT_CONTACT": "javascript:alert(1)",
        "TOKEN_KEYS": "[]", "AWS_ACCESS_KEY_ID": "a/b", "AWS_SECRET_ACCESS_KEY": "é", "AWS_SESSION_TOKEN": " ",
        "AWS_CREDENTIALS_EXPIRE": "tomorrow"
    }));
    let variables: Vec<&str> = found.iter().map(|(variable, _)| variable.as_str()).collect();
    for variable in [
        "FILE_HOST",
        "PAGE_HOST",
        "AUDIENCE",
        "ORIGIN",
        "REGION",
        "OBJECT_PREFIX",
        "SIGNER_URL",
        "SECURITY_CONTACT",
        "REPORT_CONTACT",
        "TOKEN_KEYS",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CREDENTIALS_EXPIRE",
    ] {
        assert!(variables.contains(&variable), "{variable} is not among {found:?}");
    }
}

#[test]
fn each_variable_has_its_own_fault() {
    for (variable, bad) in [
        (
            "FILE_HOST",
            &[
                "files.example.net/",
                "Files.example.net",
                "user@files.example.net",
                "files.example.net:0",
                "files.example.net:99999",
                "files.example.net:080",
                "a b",
                "",
                ":80",
                "é.net",
            ][..],
        ),
        ("PAGE_HOST", &["https://share.example.com", "share.example.com?x"]),
        ("AUDIENCE", &[""]),
        (
            "ORIGIN",
            &[
                "",
                "bucket.s3.amazonaws.com",
                "https://user:pass@host",
                "https://host/?x",
                "https://host/a b",
                "https://host/..",
                "https://Host",
                "ftp://host",
                "https://",
                "https://host/#x",
            ],
        ),
        ("REGION", &["", "EU-WEST-1", "eu west", "eu/west"]),
        ("OBJECT_PREFIX", &["", "/", "files", "/files/", "a//b/", "../", "a\\b/"]),
        ("RECORDS_PREFIX", &["/", "records", "/records/", "a//b/", "../", "files/", "files/records/"]),
        ("RECORDS_ORIGIN", &["bucket", "https://host/?x", "ftp://host"]),
        ("REVOCATION_POLL_SECONDS", &["0", "31", "-1", "+4", "4.5", "4s", "99999999999999999999"]),
        ("SIGNER_URL", &["", "signer", "https://signer?x"]),
        ("SECURITY_CONTACT", &["security@example.com", "http://example.com", "mailto:a b"]),
        ("REPORT_CONTACT", &["abuse@example.com", "http://example.com", "javascript:alert(1)", "mailto:a b"]),
        ("AWS_ACCESS_KEY_ID", &["", "a b", "a/b", "é"]),
        ("AWS_SECRET_ACCESS_KEY", &["", "a b", "a\n"]),
        ("AWS_SESSION_TOKEN", &["a b", "\u{7f}"]),
        ("AWS_CREDENTIALS_EXPIRE", &["-1", "+1", "1.5", "2027-01-01", " 1"]),
    ] {
        for value in bad {
            one(variable, &json!(value));
        }
    }
}

#[test]
fn the_provider_of_the_page_is_whole_or_not_there() {
    let named = |changes: Value| -> Vec<String> { faults(&changes).into_iter().map(|(name, _)| name).collect() };
    assert_eq!(named(json!({"OIDC_ISSUER": "https://login.example.com"})), ["OIDC_CLIENT_ID"]);
    assert_eq!(named(json!({"OIDC_CLIENT_ID": "page"})), ["OIDC_ISSUER"]);
    // What it says becomes part of the page's policy.
    for bad in ["token.example.com", "https://a; script-src *", "https://a b", "*"] {
        let all =
            json!({"OIDC_ISSUER": "https://login.example.com", "OIDC_CLIENT_ID": "page", "OIDC_TOKEN_ORIGIN": bad});
        assert_eq!(named(all), ["OIDC_TOKEN_ORIGIN"], "{bad}");
        assert_eq!(named(json!({"OIDC_ISSUER": bad, "OIDC_CLIENT_ID": "page"})), ["OIDC_ISSUER"], "{bad}");
    }
}

#[test]
fn names_that_are_not_known_are_misspelled() {
    let found = faults(&json!({"FILE_HOSTS": "x", "TOKEN_KEY": "y"}));
    let variables: Vec<&str> = found.iter().map(|(variable, _)| variable.as_str()).collect();
    assert_eq!(variables, ["FILE_HOSTS", "TOKEN_KEY"]);
    for text in ["", "[]", "{", "{\"FILE_HOST\": {}}", "{\"FILE_HOST\": \"a\"} x", "null", "{\"FILE_HOST\": \"a\",}"] {
        assert!(Raw::from_json(text).is_err(), "{text}");
    }
}

#[test]
fn the_two_hosts_must_differ() {
    assert!(one("PAGE_HOST", &json!("files.example.net")).contains("FILE_HOST"));
    assert_eq!(faults(&json!({"PAGE_HOST": "files.example.net:8443"})), []);
}

#[test]
fn no_link_reaches_the_records_by_configuration() {
    assert_eq!(faults(&json!({"RECORDS_PREFIX": "record/"})), []);
    assert_eq!(faults(&json!({"OBJECT_PREFIX": "records2/"})), [], "a neighbour is not inside");
    assert_eq!(faults(&json!({"OBJECT_PREFIX": "a/files/", "RECORDS_PREFIX": "a/records/"})), []);
    for (files, records) in [("records/", ""), ("a/b/", "a/"), ("a/", "a/b/"), ("a/", "a/"), ("records/files/", "")] {
        let found = faults(&json!({"OBJECT_PREFIX": files, "RECORDS_PREFIX": records}));
        assert!(found.len() == 1 && found[0].0 == "RECORDS_PREFIX", "{files} {records}: {found:?}");
        assert!(found[0].1.contains("OBJECT_PREFIX"), "{found:?}");
    }
}

#[test]
fn the_list_is_asked_for_where_the_records_are_and_as_often_as_is_said() {
    let with = |changes: Value| config::config(changes.as_object().unwrap()).unwrap();
    let url = |changes: Value| {
        fetch::request(&Revocations::default(), UnixTime::from_secs(1_800_000_000), &with(changes)).unwrap().url
    };
    assert_eq!(url(json!({})), "https://bucket.s3.eu-central-1.amazonaws.com/records/revoked");
    assert_eq!(
        url(json!({"RECORDS_PREFIX": "a b/c/"})),
        "https://bucket.s3.eu-central-1.amazonaws.com/a%20b/c/revoked"
    );
    assert_eq!(url(json!({"RECORDS_ORIGIN": "http://127.0.0.1:9/x"})), "http://127.0.0.1:9/x/records/revoked");
    assert_eq!(with(json!({})).revocation_poll(), Seconds(4));
    for seconds in [1, 30] {
        let poll = with(json!({"REVOCATION_POLL_SECONDS": seconds.to_string()})).revocation_poll();
        assert_eq!(poll, Seconds(seconds));
    }
}

#[test]
fn keys_are_strong_and_two_of_each_issuer() {
    let problem = |entries: &[(&str, &str, &[u8])]| one("TOKEN_KEYS", &keys(entries));
    assert_eq!(faults(&json!({"TOKEN_KEYS": keys(&[("a", "1", STRONG), ("a", "2", STRONG)])})), []);
    assert_eq!(faults(&json!({"TOKEN_KEYS": keys(&[("a", "1", &STRONG[..32]), ("a", "2", STRONG)])})), []);
    assert!(problem(&[("a", "1", STRONG)]).contains("two"));
    assert!(problem(&[("a", "1", STRONG), ("a", "2", STRONG), ("b", "1", STRONG)]).contains('b'));
    assert!(problem(&[("a", "1", STRONG), ("a", "2", STRONG), ("a", "3", WEAK)]).contains("32"));
    assert!(problem(&[("a", "1", STRONG), ("a", "1", STRONG)]).contains("twice"));
    let nameless = faults(&json!({"TOKEN_KEYS": keys(&[("", "1", STRONG), ("", "2", STRONG)])}));
    assert!(nameless.len() == 2 && nameless.iter().all(|(_, problem)| problem.contains("issuer is empty")));
    assert!(problem(&[("a", "1", STRONG), ("a", "2", STRONG), ("a", "k k", STRONG)]).contains("kid"));
    for text in ["[]", "{}", "x", "[1]", "[{}]", "[{\"issuer\":\"a\",\"kid\":\"1\",\"secret\":\"****\"}]"] {
        assert!(!faults(&json!({"TOKEN_KEYS": text})).is_empty(), "{text}");
    }
    // Padding is another spelling of the same key: refused.
    let padded = format!("[{{\"issuer\":\"a\",\"kid\":\"1\",\"secret\":\"{}=\"}}]", base64url::encode(STRONG));
    assert!(faults(&json!({ "TOKEN_KEYS": padded }))[0].1.contains("base64url"));
}

#[test]
fn no_message_holds_a_secret() {
    let planted_key = base64url::encode(STRONG);
    let weak = base64url::encode(WEAK);
    let entry = |rest: &str| format!("[{{\"issuer\":\"a\",\"kid\":\"1\",\"secret\":\"{planted_key}\"{rest}");
    let mut all = String::new();
    let mut add = |changes: Value| {
        let mut variables = config::variables();
        config::merge(&mut variables, changes.as_object().unwrap());
        let faults = Raw::from_json(&Value::Object(variables).to_string()).and_then(Config::try_from).unwrap_err();
        all.push_str(&format!("{faults} {faults:?}\n"));
    };
    for keys in [
        entry("}]"),
        entry("}"),
        entry(",\"extra\":1}]"),
        entry(",\"retires\":\"planted-retirement\"}]"),
        format!("[{{\"issuer\":\"a\",\"kid\":\"1\",\"secret\":\"{weak}\"}}]"),
        format!("[{{\"issuer\":\"a\",\"kid\":\"1\",\"secret\":[\"{planted_key}\"]}}]"),
        format!("[{{\"issuer\":\"a\",\"kid\":\"1\",\"secret\":\"{planted_key}==\"}}]"),
        format!("\"{planted_key}\""),
        planted_key.clone(),
    ] {
        add(json!({ "TOKEN_KEYS": keys }));
    }
    add(json!({"AWS_SECRET_ACCESS_KEY": format!("{AWS_SECRET} with a space")}));
    add(json!({"AWS_SESSION_TOKEN": format!("{AWS_SECRET} with a space")}));
    add(json!({"AWS_CREDENTIALS_EXPIRE": AWS_SECRET}));
    // A secret typed into a variable whose name is misspelled, or given as another type.
    add(json!({"AWS_SECRET": AWS_SECRET}));
    add(json!({"AWS_SECRET_ACCESS_KEY": {"value": AWS_SECRET}}));
    let secrets = [planted_key.as_str(), weak.as_str(), AWS_SECRET, "planted"];
    for secret in secrets {
        assert!(!all.contains(secret), "{secret} is in {all}");
    }
    let temporary = json!({"AWS_SESSION_TOKEN": AWS_SESSION_TOKEN});
    let config = config::config(temporary.as_object().unwrap()).unwrap();
    let shown = format!("{config:?}");
    for (_, _, secret, _) in KEYS {
        assert!(!shown.contains(secret) && !shown.contains(&base64url::encode(secret.as_bytes())));
    }
    assert!(!shown.contains(AWS_SECRET) && !shown.contains(AWS_SESSION_TOKEN));
}
