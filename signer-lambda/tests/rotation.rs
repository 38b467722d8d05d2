//! The rotation of the secrets: the real program as a Lambda, against a stand-in for Secrets Manager that checks signatures.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_core::config::{Faults, parse_keys};
use clouddrop_signer::api_key::ApiKeys;
use clouddrop_tests::secrets_manager::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, SecretsManager};
use common::lambda;
use serde_json::{Value, json};
use std::process::Command;

const SIGNER: &str = "clouddrop/signer";
const EDGE: &str = "clouddrop/edge";
const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

fn program(manager: &SecretsManager) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rotation"));
    command.env_clear();
    for (name, value) in [
        ("SIGNER_SECRET", SIGNER),
        ("EDGE_SECRET", EDGE),
        ("ISSUER", "clouddrop"),
        ("SECRETS_ENDPOINT", &manager.url),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
    ] {
        command.env(name, value);
    }
    command
}

fn event(step: &str, token: &str) -> Value {
    json!({ "Step": step, "SecretId": format!("arn:{SIGNER}"), "ClientRequestToken": token })
}

/// A token of 32 characters and more, as Secrets Manager makes them.
fn token(number: u32) -> String {
    format!("{number:0>36}")
}

/// Runs steps; whether each was done, and why not.
fn run(manager: &SecretsManager, number: u32, steps: &[&str]) -> Vec<Result<(), String>> {
    let token = token(number);
    manager.begin(SIGNER, &token);
    let answers = lambda::invoke(program(manager), steps.iter().map(|step| event(step, &token)).collect());
    let outcome = |(target, answer): (String, Value)| match target.ends_with("/error") {
        false => Ok(()),
        true => Err(answer["errorMessage"].as_str().unwrap().to_string()),
    };
    answers.into_iter().map(outcome).collect()
}

fn rotate(manager: &SecretsManager, number: u32) {
    assert_eq!(run(manager, number, &STEPS), vec![Ok(()); 4]);
}

fn secret(manager: &SecretsManager, name: &str) -> Value {
    serde_json::from_str(&manager.current(name).unwrap()).unwrap()
}

/// Names of the keys in a secret, the newest first, with a mark behind those that have an end.
fn keys(manager: &SecretsManager, name: &str) -> Vec<String> {
    let text = secret(manager, name)["TOKEN_KEYS"].as_str().unwrap().to_string();
    assert!(parse_keys(&text, "TOKEN_KEYS", &mut Faults::default()).is_some());
    let keys: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mark = |key: &Value| if key["retires"].is_u64() { "↓" } else { "" };
    keys.iter().map(|key| format!("{}{}", key["kid"].as_str().unwrap(), mark(key))).collect()
}

#[test]
fn secrets_without_a_value_get_their_first_one_and_rotate_from_then_on() {
    // As templates make them: one without a value, one with a text that says nothing.
    let manager = SecretsManager::start(&[(SIGNER, None), (EDGE, Some("{}"))]);
    rotate(&manager, 1);
    let made = secret(&manager, SIGNER);
    let mut faults = Faults::default();
    assert!(ApiKeys::parse(made["API_KEYS"].as_str().unwrap(), &mut faults).is_some(), "{faults}");
    assert_eq!(made["WEBHOOK_SECRET"].as_str().unwrap().len(), 43);
    let (signer, edge) = (keys(&manager, SIGNER), keys(&manager, EDGE));
    assert_eq!((signer.len(), &edge[1..]), (2, &signer[..]), "the edge is one ahead");

    rotate(&manager, 2);
    let (next, edge_next) = (keys(&manager, SIGNER), keys(&manager, EDGE));
    let ended = |name: &String| format!("{name}↓");
    assert_eq!(next, [edge[0].clone(), ended(&signer[0]), ended(&signer[1])], "what the edge was ahead by");
    assert_eq!(edge_next[1..], next[..]);
    let after = secret(&manager, SIGNER);
    for kept in ["API_KEYS", "WEBHOOK_SECRET"] {
        assert_eq!(after[kept], made[kept]);
    }
    // The signer starts with it.
    let mut environment = common::environment();
    for name in ["TOKEN_KEYS", "API_KEYS", "WEBHOOK_SECRET"] {
        environment.insert(name, after[name].as_str().unwrap().into());
    }
    assert!(common::config(&environment).is_ok());
}

#[test]
fn every_step_may_come_again() {
    let manager = SecretsManager::start(&[(SIGNER, Some("{}")), (EDGE, None)]);
    rotate(&manager, 1);
    let edge = keys(&manager, EDGE);
    let steps =
        ["createSecret", "createSecret", "setSecret", "setSecret", "testSecret", "finishSecret", "finishSecret"];
    assert_eq!(run(&manager, 2, &steps), vec![Ok(()); 7]);
    assert_eq!(keys(&manager, EDGE).len(), edge.len() + 1);
    // A rotation that has been finished is done, whatever step comes again.
    let before = (manager.current(SIGNER), manager.current(EDGE));
    assert_eq!(run(&manager, 2, &STEPS), vec![Ok(()); 4]);
    assert_eq!((manager.current(SIGNER), manager.current(EDGE)), before);
}

#[test]
fn a_rotation_that_fails_half_way_goes_on_and_changes_nothing_before_its_end() {
    let manager = SecretsManager::start(&[(SIGNER, Some("{}")), (EDGE, Some("{}"))]);
    rotate(&manager, 1);
    let before = manager.current(SIGNER);
    manager.fail(Some("PutSecretValue"));
    let failed = run(&manager, 2, &["createSecret"]);
    assert_eq!(failed, [Err("secretsmanager.PutSecretValue: 500 InternalServiceError".to_string())]);
    manager.fail(None);
    assert_eq!(run(&manager, 2, &["createSecret"]), [Ok(())]);
    // The edge has not been told yet: it knows the key that the signer is to make links with from the rotation before.
    assert_eq!(run(&manager, 2, &["testSecret"]), [Ok(())]);
    assert_eq!(manager.current(SIGNER), before);
    assert_eq!(run(&manager, 2, &["setSecret", "testSecret", "finishSecret"]), vec![Ok(()); 3]);
    assert_ne!(manager.current(SIGNER), before);
}

#[test]
fn what_was_written_meanwhile_is_not_lost() {
    let manager = SecretsManager::start(&[(SIGNER, Some("{}")), (EDGE, Some("{}"))]);
    rotate(&manager, 1);
    for (number, change) in [
        (2, |secret: &mut Value| {
            secret["API_KEYS"] = json!(format!(r#"[{{"name":"operator","sha256":"{:0>64}"}}]"#, 7));
        }),
        (3, |secret: &mut Value| {
            let mut keys: Vec<Value> = serde_json::from_str(secret["TOKEN_KEYS"].as_str().unwrap()).unwrap();
            keys.insert(0, json!({ "issuer": "clouddrop", "kid": "by-hand", "secret": "A".repeat(43) }));
            secret["TOKEN_KEYS"] = Value::Array(keys).to_string().into();
        }),
    ] as [(u32, fn(&mut Value)); 2]
    {
        assert_eq!(run(&manager, number, &["createSecret", "setSecret", "testSecret"]), vec![Ok(()); 3]);
        let mut secret = secret(&manager, SIGNER);
        change(&mut secret);
        manager.put(SIGNER, &secret.to_string());
        let [Err(why)] = &run(&manager, number, &["testSecret"])[..] else { panic!() };
        assert!(why.contains("changed after this rotation began"), "{why}");
    }
}

#[test]
fn what_would_break_links_is_not_made_current() {
    // At the first rotation the edge knows nothing: without setSecret the test fails.
    let manager = SecretsManager::start(&[(SIGNER, Some("{}")), (EDGE, Some("{}"))]);
    let [Ok(()), Err(why)] = &run(&manager, 1, &["createSecret", "testSecret"])[..] else { panic!() };
    assert!(why.contains("the edge's secret lacks a key"), "{why}");
    // Another secret, a version that nobody began, a secret that is damaged, an identity that is not known.
    let other = json!({ "Step": "createSecret", "SecretId": EDGE, "ClientRequestToken": token(1) });
    let unknown = event("createSecret", &token(9));
    let answers = lambda::invoke(program(&manager), vec![other, unknown]);
    let whys: Vec<&str> = answers.iter().map(|(_, answer)| answer["errorMessage"].as_str().unwrap()).collect();
    assert!(whys[0].contains("not the secret that this function rotates"), "{whys:?}");
    assert!(whys[1].contains("not known to the secret"), "{whys:?}");
    let damaged = r#"{"TOKEN_KEYS":"[{\"issuer\":\"clouddrop\",\"kid\":\"a\",\"secret\":\"c2VjcmV0LXNlY3JldA\"}]"}"#;
    let manager = SecretsManager::start(&[(SIGNER, Some(damaged)), (EDGE, Some("{}"))]);
    let [Err(why)] = &run(&manager, 1, &["createSecret"])[..] else { panic!() };
    assert!(why.contains("TOKEN_KEYS") && !why.contains("c2VjcmV0"), "{why}");
    let mut stranger = program(&manager);
    stranger.env("AWS_SECRET_ACCESS_KEY", "another-secret");
    let answers = lambda::invoke(stranger, vec![event("createSecret", &token(1))]);
    assert!(answers[0].1["errorMessage"].as_str().unwrap().contains("InvalidSignatureException"), "{answers:?}");
}

#[test]
fn it_does_not_start_on_less_than_everything() {
    let manager = SecretsManager::start(&[]);
    let mut command = program(&manager);
    command.env_remove("EDGE_SECRET").env("MAX_EXPIRY", "long");
    let output = lambda::runtime(command, "127.0.0.1:9").stderr(std::process::Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("EDGE_SECRET") && said.contains("MAX_EXPIRY"), "{said}");
}
