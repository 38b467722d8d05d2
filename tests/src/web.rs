//! The web page in Chromium against the whole system: each case of a script has a stack of its own.

use crate::node;
use crate::stack::Stack;
use serde_json::{Value, json};

/// Runs a case of a script in `tests/scripts`; where there is no Chromium, and need not be, nothing.
///
/// # Panics
/// If the case fails, with its reason.
#[expect(clippy::unwrap_used, reason = "in a test a panic is the report")]
pub fn run(script: &str, case: &str) {
    if !node::has_chromium() {
        return;
    }
    let stack = Stack::start(&[]);
    let answer = node::run(script, &input(&stack, json!({ "case": case }))).unwrap();
    assert_eq!(answer["passed"], case);
}

/// What the scripts are told of a stack, beside `more`.
pub fn input(stack: &Stack, mut more: Value) -> Value {
    more["page"] = format!("http://{}", stack.page()).into();
    more["key"] = stack.ready.api_key.clone().into();
    more["log"] = stack.ready.access_log.display().to_string().into();
    more["s3"] = stack.ready.s3.endpoint.clone().into();
    more
}
