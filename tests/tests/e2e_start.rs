//! Proves that the edge does not start on a configuration that is not sound, and names every fault of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::stack::Stack;

/// What is said when a stack with `changes` does not start.
fn said_instead_of_starting(changes: &[&str]) -> String {
    let arguments: Vec<&str> = changes.iter().flat_map(|change| ["--set", change]).collect();
    let Err(panic) = std::panic::catch_unwind(|| drop(Stack::start(&arguments))) else {
        panic!("it started with {changes:?}")
    };
    panic.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn an_unsound_configuration_stops_the_start_and_every_fault_is_named() {
    let said = said_instead_of_starting(&["TOKEN_KEYS=", "AWS_SECRET_ACCESS_KEY=", "REGION=Mars", "REGOIN=x"]);
    for fault in [
        "TOKEN_KEYS is not set",
        "AWS_SECRET_ACCESS_KEY is not set",
        "REGION must be a region's name",
        "REGOIN is not a variable of CloudDrop",
    ] {
        assert!(said.contains(fault), "{fault:?} is not in:\n{said}");
    }
}

#[test]
fn a_weak_key_stops_the_start_and_is_not_shown() {
    let said = said_instead_of_starting(&[
        "TOKEN_KEYS=[{\"issuer\":\"clouddrop\",\"kid\":\"a\",\"secret\":\"c2hvcnRzZWNyZXQ\"}]",
    ]);
    assert!(said.contains("TOKEN_KEYS [0].secret is shorter than 32 bytes"), "{said}");
    assert!(!said.contains("c2hvcnRzZWNyZXQ") && !said.contains("shortsecret"), "{said}");
}
