//! Every kind of reply, as an independent reader of HTTP judges it: httplint finds nothing bad without a written reason,
//! and no reason is written that is not needed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "in a test a panic is the report")]

use clouddrop_core::token::Listing;
use clouddrop_tests::files::repository;
use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::origin::{Behaviour, Origin};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// What the linter found in replies to `cases`; `None` if it is not installed.
fn lint(cases: &Value) -> Option<Vec<Value>> {
    let python = repository().join(".tools/lint/bin/python");
    if !python.exists() {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", python.display());
        eprintln!("skipped: {} is missing, run `cargo xtask test`", python.display());
        return None;
    }
    let script = repository().join("tests/scripts/lint.py");
    let mut child = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(cases.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// The address of a part that the page names.
fn part_of_the_page(stack: &Stack) -> String {
    let page = clouddrop_tests::stack::http::Ask::get("/").send(stack.page());
    let text = String::from_utf8(page.body).unwrap();
    let (_, from) = text.split_once("/assets/").unwrap();
    format!("/assets/{}", from.split('"').next().unwrap())
}

#[test]
fn nothing_is_bad_without_a_reason() {
    let stack = Stack::start(&["--limit", "token=40"]);
    stack.put("lint/a.txt", "text/plain", &b"text ".repeat(100));
    let down =
        Stack::start(&["--origin", "http://127.0.0.1:9/clouddrop", "--set", "RECORDS_ORIGIN=http://127.0.0.1:9/x"]);
    // Origins that fail, each in its way.
    let wrong = Origin::start(Behaviour::OtherHost);
    let refused = Stack::start(&["--origin", &wrong.bucket("clouddrop")]);
    wrong.send_on_to(refused.ready.s3.endpoint.trim_start_matches("http://"));
    let silent = Stack::start(&["--origin", &Origin::start(Behaviour::Silent).bucket("clouddrop")]);
    let gone = Stack::start(&["--origin", "http://127.0.0.1:9/clouddrop"]);
    let broken = |stack: &Stack| format!("/d/{}", stack.token("lint/a.txt"));

    let folder = stack.folder_token_with("lint", |token| token.listing = Listing::Shown);
    let token = stack.token("lint/a.txt");
    let busy = stack.token("lint/a.txt");
    let (files, page, out) = (stack.files(), stack.page(), down.files());
    let case = |name: &str, status: u16, address: &str, method: &str, target: &str, headers: Value, body: &str| {
        (
            status,
            json!({ "name": name, "address": address, "method": method, "target": target, "headers": headers, "body": body }),
        )
    };
    let none = || json!([]);
    let html = || json!([["Accept", "text/html"]]);
    let d = format!("/d/{token}");
    let tag = clouddrop_tests::stack::http::Ask::head(&d).send(files).one("etag").unwrap().to_string();
    let counted = stack.token_with("lint/a.txt", |token| token.max_downloads = Some(1));
    let claim = format!("/d/{counted}");
    let mut cases = vec![
        case("an object", 200, files, "GET", &d, none(), ""),
        case("its head", 200, files, "HEAD", &d, none(), ""),
        case("a part", 206, files, "GET", &d, json!([["Range", "bytes=0-9"]]), ""),
        case("not modified", 304, files, "GET", &d, json!([["If-None-Match", tag]]), ""),
        case("a claim", 303, files, "POST", &claim, none(), ""),
        case("used up", 410, files, "POST", &claim, none(), ""),
        case("another version", 412, files, "GET", &d, json!([["If-Match", "\"x\""]]), ""),
        case("no such part", 416, files, "GET", &d, json!([["Range", "bytes=9999-"]]), ""),
        case("a bad path", 400, files, "GET", "/f/a/../b", none(), ""),
        case("no token", 401, files, "GET", "/f/x", none(), ""),
        case("no token, as a page", 401, files, "GET", "/f/x", html(), ""),
        case("the head of a refusal", 401, files, "HEAD", "/f/x", none(), ""),
        case("not allowed", 403, files, "GET", &format!("{d}/x"), none(), ""),
        case("nothing here", 404, files, "GET", "/x", html(), ""),
        case("a wrong method", 405, files, "PUT", &d, none(), ""),
        case("too long an address", 414, files, "GET", &format!("/f/{}", "a".repeat(9000)), none(), ""),
        case("a wrong type", 415, page, "POST", "/api/v1/shares", json!([["Content-Type", "text/plain"]]), "x"),
        case("another host", 421, files, "GET", "/", json!([["Host", "other.example"]]), ""),
        case("a page about a file", 200, files, "GET", &format!("/s/{token}"), html(), ""),
        case("its facts", 200, files, "GET", &format!("/s/{token}"), json!([["Accept", "application/json"]]), ""),
        case("the page", 200, page, "GET", "/", html(), ""),
        case("a part of the page", 200, page, "GET", &part_of_the_page(&stack), none(), ""),
        case("no part of the page", 404, page, "GET", "/assets/none.js", none(), ""),
        case("the page's settings", 200, page, "GET", "/settings.json", none(), ""),
        case("robots", 200, files, "GET", "/robots.txt", none(), ""),
        case("health", 200, page, "GET", "/healthz", none(), ""),
        case(
            "a call without a key",
            401,
            page,
            "POST",
            "/api/v1/shares",
            json!([["Content-Type", "application/json"]]),
            "{}",
        ),
        case("a page about a folder", 200, files, "GET", &format!("/s/{folder}"), html(), ""),
        case("a refused origin", 502, refused.files(), "GET", &broken(&refused), none(), ""),
        case("the head of a failure", 502, refused.files(), "HEAD", &broken(&refused), none(), ""),
        case("an origin that is gone", 503, gone.files(), "GET", &broken(&gone), none(), ""),
        case("a silent origin", 504, silent.files(), "GET", &broken(&silent), none(), ""),
        case("a silent origin, as a page", 504, silent.files(), "GET", &broken(&silent), html(), ""),
        case("no list", 503, out, "GET", &format!("/d/{}", down.token("lint/a.txt")), none(), ""),
    ];
    cases.extend((0..100).map(|_| case("", 0, files, "GET", &format!("/d/{busy}"), none(), "")));
    cases.push(case("too many", 429, files, "GET", &format!("/d/{busy}"), none(), ""));
    let (statuses, asks): (Vec<u16>, Vec<Value>) = cases.into_iter().unzip();
    let Some(found) = lint(&Value::from(asks)) else { return };

    let ledger = std::fs::read_to_string(repository().join("tests/vectors/httplint.json")).unwrap();
    let ledger: Vec<Value> = serde_json::from_str(&ledger).unwrap();
    let mut excused = BTreeSet::new();
    for entry in &ledger {
        assert!(entry["reason"].as_str().is_some_and(|reason| reason.len() > 20), "{entry}");
        for on in entry["on"].as_array().unwrap() {
            excused.insert((on.as_str().unwrap().to_string(), entry["note"].as_str().unwrap().to_string()));
        }
    }
    let mut bad = BTreeSet::new();
    for (status, reply) in statuses.iter().zip(&found).filter(|(_, reply)| reply["name"] != "") {
        assert_eq!(reply["status"], *status, "{reply}");
        let name = reply["name"].as_str().unwrap();
        bad.extend(
            reply["bad"].as_array().unwrap().iter().map(|note| (name.to_string(), note.as_str().unwrap().to_string())),
        );
    }
    let unexplained: Vec<_> = bad.difference(&excused).collect();
    let needless: Vec<_> = excused.difference(&bad).collect();
    assert!(unexplained.is_empty(), "bad, and no reason is written: {unexplained:?}");
    assert!(needless.is_empty(), "a reason that is no longer needed: {needless:?}");
}
