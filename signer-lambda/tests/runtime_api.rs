//! The real `bootstrap` against a Runtime API that hands out Function URL events (payload format 2.0).
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use common::{Environment, environment, lambda};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

fn bootstrap(environment: &Environment) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bootstrap"));
    command.env_clear().envs(environment);
    command
}

/// Runs the events through a real bootstrap.
fn invoke(events: Vec<Value>) -> Vec<(String, Value)> {
    lambda::invoke(bootstrap(&environment()), events)
}

/// A Function URL event; names of headers are in lower case there.
fn event(method: &str, path: &str, body: Option<(&str, bool)>) -> Value {
    let mut event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {
            "content-type": "application/json", "host": "x.lambda-url.us-east-1.on.aws",
            "x-clouddrop-authorization": format!("Bearer {}", common::API_KEY),
            "x-clouddrop-request-id": "edge-7", "x-forwarded-proto": "https", "x-forwarded-port": "443",
        },
        "requestContext": {
            "accountId": "1", "apiId": "x", "domainName": "x.lambda-url.us-east-1.on.aws", "domainPrefix": "x",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "t" },
            "requestId": "r", "routeKey": "$default", "stage": "$default",
            "time": "24/Nov/2026:03:00:00 +0000", "timeEpoch": 1_795_489_200_000_u64,
        },
        "isBase64Encoded": body.is_some_and(|(_, encoded)| encoded),
    });
    if let Some((body, _)) = body {
        event["body"] = body.into();
    }
    event
}

#[test]
fn function_url_events_are_answered() {
    let mut stranger = event("POST", "/api/v1/shares", Some((r#"{"key":"a"}"#, false)));
    stranger["headers"]["x-clouddrop-authorization"] = "Bearer other".into();
    let mut nameless = event("GET", "/", None);
    nameless["headers"].as_object_mut().unwrap().remove("x-clouddrop-request-id");
    let answers = invoke(vec![
        event("POST", "/api/v1/shares", Some((r#"{"key":"a b"}"#, false))),
        // The same in base64.
        event("POST", "/api/v1/shares", Some(("eyJrZXkiOiJhIGIifQ==", true))),
        event("POST", "/api/v1/uploads", Some((r#"{"name":"a","size":5}"#, false))),
        stranger,
        event("PUT", "/api/v1/shares", None),
        nameless,
    ]);
    let statuses: Vec<_> = answers.iter().map(|(_, answer)| answer["statusCode"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 201, 201, 401, 405, 404]);
    for (number, (target, answer)) in answers.iter().enumerate() {
        assert_eq!(*target, format!("/2018-06-01/runtime/invocation/event-{number}/response"));
        assert_eq!(answer["isBase64Encoded"], false, "{answer}");
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        match number {
            0 | 1 => assert_eq!(body["key"], "a b"),
            2 => assert_eq!(body["kind"], "single"),
            3 | 4 => assert_eq!(body["request_id"], "edge-7"),
            _ => assert_eq!(body["request_id"], format!("event-{number}")),
        }
    }
    assert_eq!(answers[4].1["headers"]["allow"], "GET, POST");
    assert_eq!(answers[3].1["headers"]["content-type"], "application/problem+json");
}

/// The event that the runbook gives to the scheduler.
#[test]
fn the_tick_of_the_runbook_is_answered() {
    let runbook = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/runbook.md");
    let runbook = std::fs::read_to_string(runbook).unwrap();
    let event = runbook.lines().find(|line| line.contains("/edge/v1/tick") && line.starts_with('{')).unwrap();
    let answers = invoke(vec![serde_json::from_str(event).unwrap()]);
    assert_eq!(answers[0].1["statusCode"], 200, "{}", answers[0].1);
    let done: Value = serde_json::from_str(answers[0].1["body"].as_str().unwrap()).unwrap();
    assert_eq!(done["aborted"], 0);
}

#[test]
fn it_does_not_start_on_less_than_everything() {
    let mut environment = environment();
    environment.remove("TOKEN_KEYS");
    environment.remove("ORIGIN");
    let output = lambda::runtime(bootstrap(&environment), "127.0.0.1:9").stderr(Stdio::piped()).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("TOKEN_KEYS is not set") && said.contains("ORIGIN is not set"), "{said}");
}
