//! Proves what the built Lambda@Edge package does with its secrets and with CloudFront's events, by `lambda-edge/test`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::files::repository;
use clouddrop_tests::node;
use serde_json::json;

#[test]
fn the_package_does_what_its_own_tests_say() {
    let code = repository().join("target/lambda-edge/code");
    assert!(code.join("index.mjs").exists(), "run cargo xtask build lambda-edge");
    let told = node::run("node_tests.mjs", &json!({ "tests": "lambda-edge/test" })).unwrap();
    assert_eq!(told["failed"], json!([]));
    assert_eq!(told["passed"], 13);
}
