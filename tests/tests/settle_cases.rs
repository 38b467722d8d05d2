//! Proves what becomes of the origin's answers: what passes, what is asked again, what is refused. Nothing short
//! or wrong may look complete. The cases are data under `vectors/settle`; the wasm tests run the same.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::{SETTLE_CASES, SUITES, run_suite};

#[test]
fn every_answer_of_the_origin_comes_out_as_it_says() {
    let (mut cases, mut failures) = (0, Vec::new());
    for (name, text) in SUITES.iter().filter(|(name, _)| name.starts_with("settle/")) {
        let report = run_suite(name, text);
        cases += report.cases;
        failures.extend(report.failures);
    }
    assert!(failures.is_empty(), "{} of {cases} cases:\n{}", failures.len(), failures.join("\n"));
    assert_eq!(cases, SETTLE_CASES);
}
