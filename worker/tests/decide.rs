//! Proves that the rules decide as wasm what they decide natively: the same cases, as data, through the same runner.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::{DECIDE_CASES, SETTLE_CASES, SUITES, run_suite};
use wasm_bindgen_test::wasm_bindgen_test;

fn run(folder: &str) -> usize {
    let (mut cases, mut failures) = (0, Vec::new());
    for (name, text) in SUITES.iter().filter(|(name, _)| name.starts_with(folder)) {
        let report = run_suite(name, text);
        cases += report.cases;
        failures.extend(report.failures);
    }
    assert!(failures.is_empty(), "{} of {cases} cases:\n{}", failures.len(), failures.join("\n"));
    cases
}

#[wasm_bindgen_test]
fn every_case_of_decide_comes_out_as_it_does_natively() {
    assert_eq!(run("decide/"), DECIDE_CASES);
}

#[wasm_bindgen_test]
fn every_answer_of_the_origin_comes_out_as_it_does_natively() {
    assert_eq!(run("settle/"), SETTLE_CASES);
}
