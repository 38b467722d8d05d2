//! Proves that the revocation list is there once the stack is up, that the API changes it through the edge, and that no
//! link reaches it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_core::revocation::LIST_NAME;
use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::check::{assert_nothing_of_s3, assert_problem};
use clouddrop_tests::stack::http::Ask;
use serde_json::json;

const CALL: &str = "/api/v1/revocations";

#[test]
fn the_list_is_there_from_the_start_and_the_api_changes_it() {
    let stack = Stack::start(&[]);
    // Made by the signer before it said that it listens: nobody has called it about revocations yet.
    let made = |line: &serde_json::Value| {
        let path = line["path"].as_str().unwrap();
        line["method"] == "PUT" && path.ends_with(&format!("/records/{LIST_NAME}")) && line["status"] == 200
    };
    assert_eq!(stack.all_requests().iter().filter(|line| made(line)).count(), 1, "{:?}", stack.all_requests());
    let show = || Ask::get(CALL).bearer(&stack.ready.api_key).send(stack.page());
    let shown = show();
    assert_eq!((shown.status, &shown.json()["entries"]), (200, &json!(0)), "{}", shown.text());

    stack.put("a", "text/plain", b"x");
    let share = stack.must(201, "shares", &json!({ "key": "a" }));
    let revoked = stack.must(200, "revocations", &json!({ "token_id": share["id"], "until": share["expires_at"] }));
    assert_eq!((&revoked["token_id"], &revoked["until"]), (&share["id"], &share["expires_at"]), "{revoked}");
    let (first, second) = (show().json(), stack.must(200, "revocations", &json!({ "subject": "alice" })));
    assert_eq!((&first["entries"], &first["token_ids"], &second["entries"]), (&json!(1), &json!(1), &json!(2)));

    assert_problem(&Ask::get(CALL).send(stack.page()), 401, "unauthorized", "without an API key");
    assert_problem(&stack.call("revocations", &json!({})), 400, "bad_request", "nothing named");
}

#[test]
fn no_link_reaches_the_records() {
    let stack = Stack::start(&[]);
    // A folder of files of the same name, which is another one.
    let token = stack.folder_token("records");
    for (path, status) in [
        ("/f/records/revoked", 404),
        ("/f/../records/revoked", 400),
        ("/f/%2e%2e/records/revoked", 400),
        ("/f/..%2Frecords/revoked", 400),
        ("/f/records/../../records/revoked", 400),
    ] {
        let reply = Ask::get(path).bearer(&token).send(stack.files());
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        assert_nothing_of_s3(&reply, path);
        assert!(!reply.text().contains("CDREVOK"), "{path}");
    }
    let asked = stack.origin_requests();
    let paths = asked.iter().map(|line| line["path"].as_str().unwrap());
    assert!(paths.into_iter().any(|path| path.ends_with("/files/records/revoked")), "{asked:?}");
}
