//! Proves that counters in the bucket, by conditional writes, are exact: a thousand claims of one link in flight at once.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::node;
use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::check::assert_problem;
use clouddrop_tests::stack::http::Ask;
use serde_json::{Value, json};

const CLAIMS: usize = 1000;
const LIMIT: u64 = 25;

#[test]
fn of_a_thousand_claims_in_flight_at_once_as_many_are_granted_as_the_link_says() {
    let stack = Stack::start(&["--edge", "aws"]);
    stack.put("claims/a.bin", "application/octet-stream", b"of whom there are few");
    let state: Value = serde_json::from_slice(&std::fs::read(&stack.ready.state).unwrap()).unwrap();
    let folder = stack.ready.state.parent().unwrap().join("package");
    let token = stack.token_with("claims/a.bin", |token| token.max_downloads = Some(LIMIT));
    let input = json!({
        "folder": folder,
        "identity": state["edge"],
        "host": stack.files(),
        "target": format!("/d/{token}"),
        "claims": CLAIMS,
    });
    let statuses = node::run("lambda_edge_claims.mjs", &input).unwrap();
    let statuses: Vec<u64> = statuses.as_array().unwrap().iter().map(|status| status.as_u64().unwrap()).collect();
    let count = |wanted: u64| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!(statuses.len(), CLAIMS);
    assert_eq!(count(303) as u64, LIMIT);
    // Who waits too long for the bucket is told to come again; nobody is told anything else.
    assert_eq!(count(303) + count(410) + count(503) + count(504), CLAIMS, "{statuses:?}");
    // And when all is quiet there is none left.
    let late = Ask::new("POST", &format!("/d/{token}")).send(stack.files());
    assert_problem(&late, 410, "gone", "a late claim");
}
