//! Proves what `decide` does with a request: routes, hosts, carriers, every reason for a 401, every claim, paths,
//! ranges, counted links, API calls. The cases are data under `vectors/decide`; the wasm tests run the same.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::{DECIDE_CASES, SUITES, run_suite};
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_case_of_decide_comes_out_as_it_says() {
    let (mut cases, mut failures) = (0, Vec::new());
    for (name, text) in SUITES.iter().filter(|(name, _)| name.starts_with("decide/")) {
        let report = run_suite(name, text);
        cases += report.cases;
        failures.extend(report.failures);
    }
    assert!(failures.is_empty(), "{} of {cases} cases:\n{}", failures.len(), failures.join("\n"));
    assert_eq!(cases, DECIDE_CASES);
}

#[test]
fn the_cases_meet_every_row_of_the_refusal_table() {
    let met: BTreeSet<String> = SUITES.iter().flat_map(|(name, text)| run_suite(name, text).codes).collect();
    // Not in reach of a decision: `rate_limited` is the platform's counter's, `internal` nobody's.
    let rows = [
        "bad_path",
        "bad_request",
        "unauthorized",
        "forbidden",
        "expired",
        "not_yet_valid",
        "claim_required",
        "not_found",
        "method_not_allowed",
        "gone",
        "precondition_failed",
        "too_large",
        "uri_too_long",
        "unsupported_type",
        "range_not_satisfiable",
        "misdirected",
        "origin_error",
        "origin_unavailable",
        "origin_timeout",
        "password_required",
        "wrong_password",
    ];
    assert_eq!(met, rows.map(String::from).into());
}

#[test]
fn no_suite_is_forgotten() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut found = BTreeSet::new();
    for folder in ["decide", "settle"] {
        for entry in std::fs::read_dir(vectors.join(folder)).unwrap() {
            found.insert(format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap()));
        }
    }
    assert_eq!(found, SUITES.iter().map(|(name, _)| (*name).to_string()).collect());
}

#[test]
fn a_case_that_is_wrong_is_told() {
    let suite =
        |expect: &str| format!(r#"{{"about": "", "cases": [{{"name": "n", "url": "/healthz", "expect": {expect}}}]}}"#);
    let failures = |expect: &str| run_suite("s", &suite(expect)).failures;
    assert!(failures(r#"{"reply": {"status": 200, "body": "text:ok"}}"#).is_empty());
    for wrong in [
        r#"{"reply": {"status": 201, "body": "text:ok"}}"#,
        r#"{"reply": {"status": 200, "body": "text:no"}}"#,
        r#"{"reply": {"status": 200, "body": "none"}}"#,
        r#"{"reply": {"status": 200, "body": "text:ok", "headers": {"content-type": null}}}"#,
        r#"{"reply": {"status": 200, "body": "text:ok", "no_other_headers": true}}"#,
        r#"{"refusal": {"status": 200, "code": "ok"}}"#,
        r#"{"fetch": {"method": "GET"}}"#,
        r#""place""#,
        r#"{"unknown": {}}"#,
    ] {
        assert_eq!(failures(wrong).len(), 1, "{wrong}");
    }
}
