//! `revoke` against the dev stack: what is taken back is seen to be refused, and what cannot be looked at is not said to be.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::http::Ask;
use common::mock::Mock;
use common::{json, ops, said, with_stdin};
use serde_json::{Value, json};
use std::process::Output;

fn revoke(page: &str, key: &str, more: &[&str]) -> Output {
    let arguments: Vec<&str> = ["revoke", "--json", "--url", page].into_iter().chain(more.iter().copied()).collect();
    ops(&arguments, &[("CLOUDDROP_API_KEY", key)]).output().unwrap()
}

#[test]
fn what_is_taken_back_is_seen_to_be_refused() {
    let stack = Stack::start(&[]);
    let (page, key) = (stack.ready.page.trim_end_matches('/'), &stack.ready.api_key);
    let file = stack.upload("a.txt", "content");
    let share = || stack.must(201, "shares", &json!({ "key": file["key"] }));
    let status = |share: &Value| {
        let target = share["download"].as_str().unwrap().trim_start_matches(stack.ready.files.trim_end_matches('/'));
        Ask::get(target).send(stack.files()).status
    };
    let done = |output: Output, by: Option<&str>| {
        assert!(output.status.success(), "{}", said(&output));
        let told = json(&output);
        assert_eq!(told["by"], json!(by), "{told}");
        assert_eq!(told["confirmed"], json!(by.map(|_| true)), "{told}");
        told
    };

    // A share, by its own link, which was good before.
    let (one, other) = (share(), share());
    let told = done(revoke(page, key, &["--share", one["id"].as_str().unwrap()]), Some("the share's link"));
    assert_eq!((&told["before"], status(&one), status(&other)), (&json!(200), 410, 200));

    // A token, by a link that is given: by stdin, since it is a secret.
    let id = other["id"].as_str().unwrap();
    let arguments = ["revoke", "--json", "--url", page, "--token-id", id, "--watch"];
    let command = ops(&arguments, &[("CLOUDDROP_API_KEY", key)]);
    let link = other["download"].as_str().unwrap();
    let output = with_stdin(command, link);
    assert!(!said(&output).contains(link));
    done(output, Some("the link that was given"));

    // An object and an owner, by links that are made for that and leave nothing behind.
    let third = share();
    done(revoke(page, key, &["--object", file["key"].as_str().unwrap()]), Some("a link to the object"));
    assert_eq!(status(&third), 410);
    done(revoke(page, key, &["--owner", "somebody"]), Some("a link of the owner's"));
    let living = stack.call_get("shares?limit=200&owner=somebody");
    assert!(living["items"].as_array().unwrap().iter().all(|share| share["state"] == "revoked"), "{living}");

    // Nobody knows a link of theirs: it is in the list, and that is all that is said.
    done(revoke(page, key, &["--subject", "somebody@example.com"]), None);

    // The key that makes tokens is not taken back by mistake.
    for arguments in [&["--key-id", "dev-2"][..], &["--issuer", "clouddrop"]] {
        let output = revoke(page, key, arguments);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("--everything"), "{}", said(&output));
    }
    done(revoke(page, key, &["--key-id", "dev-1"]), None);
    done(revoke(page, key, &["--key-id", "dev-2", "--everything"]), Some("a link by that key"));

    let output = revoke(page, "cd_not-a-key", &["--share", id]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let output = revoke(page, key, &["--share", id, "--object", "a"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}

#[test]
fn an_edge_that_goes_on_is_seen() {
    let stack = Stack::start(&[]);
    let share = stack.must(201, "shares", &json!({ "key": stack.upload("a.txt", "content")["key"] }));
    let mock = Mock::before(&stack, |asked, given| {
        if asked.of_files && given.status == 410 {
            given.status = 200;
        }
    });
    let output = revoke(&mock.page, &stack.ready.api_key, &["--share", share["id"].as_str().unwrap(), "--within", "2"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(json(&output)["confirmed"], false);
}
