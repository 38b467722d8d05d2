//! The API through the edge, as clients call it: queries, methods, events of real downloads, the document.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::check::{assert_safe, wait_for};
use clouddrop_tests::stack::http::{Ask, Reply};
use serde_json::{Value, json};
use std::sync::OnceLock;

fn stack() -> &'static Stack {
    static STACK: OnceLock<Stack> = OnceLock::new();
    STACK.get_or_init(|| Stack::start(&[]))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

/// The path of a link of the files' host.
fn path(share: &Value) -> String {
    let link = text(share, "download");
    link[link.find("/d/").unwrap()..].into()
}

fn call(stack: &Stack, method: &str, target: &str, body: Option<&Value>) -> Reply {
    let mut ask = Ask::new(method, target).bearer(&stack.ready.api_key);
    if let Some(body) = body {
        ask = ask.header("content-type", "application/json").body(body.to_string().as_bytes());
    }
    let reply = ask.send(stack.page());
    assert_safe(&reply, target);
    reply
}

#[test]
fn the_document_is_served_to_anybody() {
    let stack = stack();
    let reply = Ask::get("/api/v1/openapi.json").send(stack.page());
    assert_eq!((reply.status, reply.one("content-type")), (200, Some("application/json")));
    assert_eq!(reply.json()["openapi"], "3.1.0");
    assert_eq!(Ask::get("/api/v1/account").send(stack.page()).status, 401);
}

#[test]
fn queries_reach_the_signer_as_they_were_meant() {
    let stack = stack();
    let file = stack.upload("a+b c&d.txt", "hello");
    for (query, found) in [
        ("name=a%2Bb%20C", 1),
        ("name=a%2Bb+c%26d", 1),
        ("limit=1&name=b%20c", 1),
        ("name=b%20c&limit=1", 1),
        ("name=nothing%20of%20that%20name", 0),
    ] {
        let reply = call(stack, "GET", &format!("/api/v1/files?{query}"), None);
        assert_eq!(reply.status, 200, "{query}: {}", reply.text());
        assert_eq!(reply.json()["items"].as_array().unwrap().len(), found, "{query}");
    }
    for bad in ["limit=1&limit=2", "name", "name=%zz", "colour=red", "limit=0"] {
        assert_eq!(call(stack, "GET", &format!("/api/v1/files?{bad}"), None).status, 400, "{bad}");
    }
    assert_eq!(call(stack, "GET", &format!("/api/v1/files?name={}", "a".repeat(6500)), None).status, 414);
    let file_path = format!("/api/v1/files/{}", text(&file, "id"));
    assert_eq!(call(stack, "PATCH", &file_path, Some(&json!({ "name": "new.txt" }))).json()["name"], "new.txt");
    let share = stack.must(201, "shares", &json!({ "key": file["key"] }));
    assert_eq!(Ask::get(&path(&share)).send(stack.files()).body, b"hello");
    let gone = call(stack, "DELETE", &file_path, None);
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    // Whoever deletes by this edge is obeyed by it at once.
    assert_eq!(Ask::get(&path(&share)).send(stack.files()).status, 410);
}

#[test]
fn the_owner_reads_who_downloaded_what() {
    let stack = stack();
    let file = stack.upload("told.txt", "hello events");
    let share = stack.must(201, "shares", &json!({ "key": file["key"] }));
    let counted = stack.must(201, "shares", &json!({ "key": file["key"], "max_downloads": 2 }));
    assert_eq!(Ask::get(&path(&share)).send(stack.files()).status, 200);
    assert_eq!(Ask::get(&path(&share)).header("range", "bytes=0-4").send(stack.files()).status, 206);
    assert_eq!(Ask::get(&path(&share)).header("range", "bytes=5-8").send(stack.files()).status, 206);
    assert_eq!(Ask::head(&path(&share)).send(stack.files()).status, 200);
    assert_eq!(Ask::new("POST", &path(&counted)).body(b"").send(stack.files()).status, 303);
    let page = path(&share).replace("/d/", "/s/");
    assert_eq!(Ask::get(&page).send(stack.files()).status, 200);

    let show = |share: &Value| call(stack, "GET", &format!("/api/v1/shares/{}", text(share, "id")), None).json();
    wait_for(|| (show(&share)["uses"]["downloads"] == 2).then_some(()));
    assert_eq!(show(&share)["uses"]["bytes"], 12 + 5 + 4);
    wait_for(|| (show(&counted)["uses"]["claims"] == 1).then_some(()));
    let events = call(stack, "GET", &format!("/api/v1/shares/{}/events", text(&share, "id")), None).json();
    let mut kinds: Vec<&str> = events["items"].as_array().unwrap().iter().map(|event| text(event, "kind")).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["download", "download", "part"]);
    for event in events["items"].as_array().unwrap() {
        assert_eq!((&event["share"], &event["path"]), (&share["id"], &file["key"]));
    }
}

#[test]
fn a_report_from_the_page_of_a_link_reaches_the_admins() {
    let stack = stack();
    let file = stack.upload("bad.txt", "hello");
    let share = stack.must(201, "shares", &json!({ "key": file["key"] }));
    let page = path(&share).replace("/d/", "/s/");
    let html = Ask::get(&page).header("accept", "text/html").send(stack.files()).text();
    assert!(html.contains(&format!("<form method=\"post\" action=\"{page}\">")), "{html}");
    let form = |kind: &str, body: &str| {
        let reply = Ask::new("POST", &page).header("content-type", kind).body(body.as_bytes()).send(stack.files());
        assert_safe(&reply, body);
        reply
    };
    const FORM: &str = "application/x-www-form-urlencoded";
    assert_eq!(form(FORM, "reason=It+is+%C3%A9vil").status, 200);
    assert_eq!(form(FORM, "reason=").status, 400);
    let forged = page.replace(&page[10..12], "AA");
    assert_eq!(
        Ask::new("POST", &forged).header("content-type", FORM).body(b"reason=a").send(stack.files()).status,
        401
    );
    let listed = call(stack, "GET", "/api/v1/reports", None).json();
    let report = &listed["items"][0];
    assert_eq!((&report["share"], &report["reason"]), (&share["id"], &json!("It is \u{e9}vil")));
    assert_eq!(report["path"], file["key"]);
}
