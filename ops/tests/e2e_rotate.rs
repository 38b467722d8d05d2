//! `rotate-keys` and `first-key` against the dev stack, with files and with a stand-in for Secrets Manager as stores.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_tests::secrets_manager::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, SecretsManager};
use clouddrop_tests::stack::http::Ask;
use clouddrop_tests::stack::{AtEnd, Stack, new_folder};
use common::{json, ops, said};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

/// A key that stacks do not have by themselves.
fn key(kid: &str) -> Value {
    json!({ "issuer": "clouddrop", "kid": kid, "secret": format!("{kid:A<43}") })
}

fn rotate(stack: &Stack, more: &[&str], environment: &[(&str, &str)]) -> Output {
    let page = stack.ready.page.trim_end_matches('/');
    let arguments: Vec<&str> =
        ["rotate-keys", "--json", "--url", page].into_iter().chain(more.iter().copied()).collect();
    let environment: Vec<(&str, &str)> =
        environment.iter().copied().chain([("CLOUDDROP_API_KEY", stack.ready.api_key.as_str())]).collect();
    let output = ops(&arguments, &environment).output().unwrap();
    assert!(!said(&output).contains("AAAAAAAA") && !said(&output).contains(&stack.ready.api_key), "{}", said(&output));
    output
}

/// Names of the keys in a value of TOKEN_KEYS, with a mark behind those that have an end.
fn names(value: &str) -> Vec<String> {
    let keys: Vec<Value> = serde_json::from_str(value).unwrap();
    let mark = |key: &Value| if key["retires"].is_u64() { "↓" } else { "" };
    keys.iter().map(|key| format!("{}{}", key["kid"].as_str().unwrap(), mark(key))).collect()
}

fn arguments<'a>(edge: &'a str, signer: &'a str) -> [&'a str; 4] {
    ["--edge", edge, "--signer", signer]
}

#[test]
fn a_key_that_the_edge_knows_comes_to_the_signer_and_the_next_to_the_edge() {
    let (three, two) = (json!([key("new"), key("b"), key("a")]).to_string(), json!([key("b"), key("a")]).to_string());
    let set = format!("TOKEN_KEYS={three}");
    let stack = Stack::start(&["--set", &set, "--set-signer", &set]);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let (edge, signer) = (format!("file:{}", path("edge")), format!("file:{}", path("signer")));
    fs::write(path("edge"), &three).unwrap();
    fs::write(path("signer"), &two).unwrap();
    let read = |name: &str| names(&fs::read_to_string(path(name)).unwrap());

    // Only told.
    let mut plan = arguments(&edge, &signer).to_vec();
    plan.push("--plan");
    let output = rotate(&stack, &plan, &[]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!((&json(&output)["key"], &json(&output)["plan"]), (&json!("new"), &json!(true)));
    assert_eq!((fs::read_to_string(path("edge")).unwrap(), fs::read_to_string(path("signer")).unwrap()), (three, two));

    let output = rotate(&stack, &arguments(&edge, &signer), &[]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(read("signer"), ["new", "b↓", "a↓"]);
    let at_edge = read("edge");
    assert_eq!(at_edge[1..], ["new", "b↓", "a↓"], "and one more, which nothing is made with yet: {at_edge:?}");
    assert_eq!(fs::metadata(path("edge")).unwrap().permissions().mode() & 0o777, 0o600);

    // Interrupted between signer and edge: it is finished, and no further key is made.
    fs::write(path("edge"), json!([key("new"), key("b"), key("a")]).to_string()).unwrap();
    let output = rotate(&stack, &arguments(&edge, &signer), &[]);
    assert!(output.status.success() && said(&output).contains("was interrupted"), "{}", said(&output));
    assert_eq!((read("signer").len(), read("edge")[1..].to_vec()), (3, read("signer")));

    // A key ends, and its links with it; one that makes links does not.
    let output = rotate(&stack, &["--retire", "new"], &[]);
    assert!(!output.status.success() && said(&output).contains("makes links"), "{}", said(&output));
    let output = rotate(&stack, &["--retire", "a"], &[]);
    assert!(output.status.success(), "{}", said(&output));
    let keys = stack.call_get("keys")["keys"].clone();
    assert!(keys.as_array().unwrap().contains(&json!({ "id": "a", "state": "retired" })), "{keys}");
    let output = rotate(&stack, &["--retire", "none"], &[]);
    assert!(!output.status.success() && said(&output).contains("no key none"), "{}", said(&output));
}

#[test]
fn no_signer_makes_links_that_the_edge_does_not_know() {
    let two = json!([key("b"), key("a")]).to_string();
    let set = format!("TOKEN_KEYS={two}");
    let stack = Stack::start(&["--set", &set, "--set-signer", &set]);
    // The signer's secret has other members, which stay. The edge never gets its secret: it has what it was started with.
    let secret = json!({ "TOKEN_KEYS": two, "API_KEYS": "[]", "WEBHOOK_SECRET": "w" }).to_string();
    let edge = json!({ "TOKEN_KEYS": two }).to_string();
    let manager = SecretsManager::start(&[("signer", Some(&secret)), ("edge", Some(&edge))]);
    let environment = [
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", manager.url.as_str()),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
    ];
    let keys = |name: &str| {
        let secret: Value = serde_json::from_str(&manager.current(name).unwrap()).unwrap();
        names(secret["TOKEN_KEYS"].as_str().unwrap())
    };
    let mut more = arguments("edge", "signer").to_vec();
    more.extend(["--settle", "0", "--wait", "1"]);
    let mut made = Vec::new();
    for _ in 0..2 {
        let output = rotate(&stack, &more, &environment);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("the edge does not know"), "{}", said(&output));
        assert_eq!(keys("signer"), ["b", "a"]);
        made.push(keys("edge"));
    }
    assert_eq!((made[0].len(), &made[0]), (3, &made[1]), "started again, it goes on with the same key");

    // An edge that knows the key, and a signer that does not use it yet.
    let edge = json!({ "TOKEN_KEYS": json!([key("b"), key("a")]).to_string() }).to_string();
    let signer = json!({ "TOKEN_KEYS": json!([key("a"), key("c")]).to_string(), "API_KEYS": "[]" }).to_string();
    let other = SecretsManager::start(&[("signer", Some(&signer)), ("edge", Some(&edge))]);
    let set = format!("TOKEN_KEYS={}", json!([key("a"), key("c")]));
    let late = Stack::start(&["--set", &format!("TOKEN_KEYS={two}"), "--set-signer", &set]);
    let mut environment = environment;
    environment[0].1 = &other.url;
    let output = rotate(&late, &more, &environment);
    assert!(said(&output).contains("the signer does not make links with b yet"), "{}", said(&output));
    let secret: Value = serde_json::from_str(&other.current("signer").unwrap()).unwrap();
    assert_eq!(names(secret["TOKEN_KEYS"].as_str().unwrap()), ["b", "a↓", "c↓"]);
    assert_eq!(secret["API_KEYS"], "[]", "what else is in the secret stays");
    // Nobody's credentials, none at all.
    environment[3].1 = "another-secret";
    let output = rotate(&late, &more, &environment);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let output = rotate(&late, &more, &environment[..2]);
    assert!(output.status.code() == Some(3) && said(&output).contains("AWS_ACCESS_KEY_ID"), "{}", said(&output));
}

#[test]
fn a_first_key_is_shown_once_and_opens_the_api() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api-keys");
    fs::write(&path, r#"[{"name":"nobody","sha256":"00"}]"#).unwrap();
    let store = format!("file:{}", path.display());
    let output = ops(&["first-key", "--signer", &store], &[]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let key = String::from_utf8(output.stdout).unwrap().trim().to_string();
    let value = fs::read_to_string(&path).unwrap();
    assert!(!value.contains(&key) && !String::from_utf8_lossy(&output.stderr).contains(&key));
    let again = ops(&["first-key", "--signer", &store], &[]).output().unwrap();
    assert!(!again.status.success() && said(&again).contains("--replace"), "{}", said(&again));
    // The stack's own key beside it: it starts itself with that, and keeps it in its folder.
    let data = new_folder();
    let stack = Stack::start_in(&data, &[], AtEnd::Keep);
    let mut own: Vec<Value> = serde_json::from_str(&value).unwrap();
    let hash = clouddrop_core::records::api_key::hash(&stack.ready.api_key);
    own.push(json!({ "name": "dev", "sha256": hash }));
    drop(stack);
    let set = format!("API_KEYS={}", Value::Array(own));
    let stack = Stack::start_in(&data, &["--set-signer", &set], AtEnd::Remove);
    let reply = Ask::get("/api/v1/account").bearer(&key).send(stack.page());
    assert_eq!((reply.status, &reply.json()["role"]), (200, &json!("admin")), "{}", reply.text());
}
