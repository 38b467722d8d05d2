//! Proves that the Lambda@Edge functions answer as the rules do natively, and so as the Worker does: every case of
//! `vectors/decide` and `vectors/settle` as an event of CloudFront, through the built package in Node.js.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::{DECIDE_CASES, SETTLE_CASES, SUITES, replay::replays};
use clouddrop_tests::files::repository;
use clouddrop_tests::node;
use serde_json::{Map, Value, json};

/// Cases that no event of CloudFront could be: a request without Host, or with another authority than Host's.
const WITHOUT_EVENT: usize = 6;

/// Cases that come out otherwise, and why.
const OTHERWISE: [(&str, &str); 1] = [(
    "temporary credentials that have ended",
    "natively the revocation list is given; here the ended credentials do not reach it, and that is told first (503)",
)];

#[test]
fn every_case_comes_out_as_it_does_natively() {
    let cases: Vec<Value> = SUITES.iter().flat_map(|(name, text)| replays(name, text).unwrap()).collect();
    assert_eq!(cases.len(), DECIDE_CASES + SETTLE_CASES);
    let code = repository().join("target/lambda-edge/code");
    let results = node::run("lambda_edge_cases.mjs", &json!({ "code": code, "cases": cases })).unwrap();
    let results = results.as_array().unwrap();
    assert_eq!(results.len(), cases.len());
    let mut skipped = Vec::new();
    let mut failures = Vec::new();
    for (case, result) in cases.iter().zip(results) {
        if result["skipped"] == true {
            skipped.push(case["name"].as_str().unwrap());
            continue;
        }
        let name = case["name"].as_str().unwrap();
        let is_otherwise = OTHERWISE.iter().any(|(other, _)| *other == name);
        if let Err(why) = compare_viewer(&case["expected"], &result["viewer"]) {
            failures.push(format!("{name}: in front of the cache: {why}"));
        }
        match compare(&case["expected"], result, &case["answers"]) {
            Ok(()) if is_otherwise => failures.push(format!("{name}: comes out as natively, and is said not to")),
            Err(why) if !is_otherwise => failures.push(format!("{name}: {why}")),
            _ => {}
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
    assert_eq!(skipped.len(), WITHOUT_EVENT, "{skipped:#?}");
    let answered = results.iter().filter(|result| result["viewer"].get("status").is_some()).count();
    assert!(answered > 200, "in front of the cache only {answered} are answered");
}

fn compare(expected: &Value, result: &Value, answers: &Value) -> Result<(), String> {
    if let Some(thrown) = result.get("thrown") {
        return Err(format!("threw {thrown}"));
    }
    let answer = &result["answer"];
    if let Some(fetch) = expected.get("fetch") {
        let sent = result["sent"].get(0).or_else(|| result.get("handedOver")).ok_or("nothing was asked")?;
        return compare_fetch(fetch, sent);
    }
    if expected.get("place").is_some() {
        // The functions always know the place, or that it is not known.
        return if answer["status"] == "403" { Ok(()) } else { Err(format!("answered {answer}")) };
    }
    if let Some(status) = expected.get("page") {
        return if is_status(answer, status) { Ok(()) } else { Err(format!("answered {answer}")) };
    }
    compare_reply(&expected["reply"], answer, answers)
}

/// In front of the cache a function refuses what is to be refused, and lets all else go on.
fn compare_viewer(expected: &Value, viewer: &Value) -> Result<(), String> {
    match (expected.get("reply"), viewer.get("status")) {
        (_, None) => Ok(()),
        (Some(reply), Some(_)) => compare_reply(reply, viewer, &json!([])),
        (None, Some(_)) if is_status(viewer, &expected["page"]) => Ok(()),
        (None, Some(status)) => Err(format!("answered {status}")),
    }
}

fn compare_fetch(wanted: &Value, sent: &Value) -> Result<(), String> {
    for name in ["method", "url"] {
        if wanted[name] != sent[name] {
            return Err(format!("{name} {} instead of {}", sent[name], wanted[name]));
        }
    }
    for (name, value) in wanted["headers"].as_object().unwrap() {
        if sent["headers"].get(name) != Some(value) {
            return Err(format!("{name}: {:?} instead of {value}", sent["headers"].get(name)));
        }
    }
    Ok(())
}

/// CloudFront's statuses are texts.
fn is_status(answer: &Value, status: &Value) -> bool {
    answer["status"].as_str().and_then(|text| text.parse().ok()) == status.as_u64()
}

fn compare_reply(wanted: &Value, answer: &Value, answers: &Value) -> Result<(), String> {
    if !is_status(answer, &wanted["status"]) {
        return Err(format!("status {} instead of {}", answer["status"], wanted["status"]));
    }
    let none = Map::new();
    let found = answer["headers"].as_object().unwrap_or(&none);
    let wanted_headers = wanted["headers"].as_object().unwrap();
    for (name, value) in wanted_headers {
        let is_cloudfronts = name == "content-length";
        if !is_cloudfronts && found.get(name).is_none_or(|list| list[0]["value"] != *value) {
            return Err(format!("{name}: {:?} instead of {value}", found.get(name)));
        }
    }
    // The page's scripts may read every reply; the native outcome is taken before that is added.
    let may_be_there = |name: &str| {
        wanted_headers.contains_key(name)
            || name.starts_with("access-control-")
            || matches!(name, "vary" | "content-length")
    };
    if let Some(name) = found.keys().find(|name| !may_be_there(name)) {
        return Err(format!("also {name}: {}", found[name]));
    }
    let body = &answer["body"];
    let fits = match wanted["body"]["kind"].as_str().unwrap() {
        "text" => *body == wanted["body"]["text"],
        "asset" => body.as_str().is_some_and(|body| !body.is_empty()),
        // CloudFront's to send on, or, where a function has asked again itself, the bytes of that answer.
        "origin" => body.is_null() || answers.as_array().unwrap().len() > 1 || body == "",
        _ => body.is_null() || body == "",
    };
    if fits { Ok(()) } else { Err(format!("body {body} instead of {}", wanted["body"])) }
}
