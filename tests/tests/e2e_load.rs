//! Load on loopback: a thousand shares and two hundred uploads at once, through the edge, and not one of them fails.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "in a test a panic is the report")]

use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::http::Ask;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const SHARES: usize = 1000;
/// How many clients make them.
const CLIENTS: usize = 16;
const UPLOADS: usize = 200;

#[test]
fn a_thousand_shares_and_two_hundred_uploads_at_once() {
    let stack = Stack::start(&[]);
    let account = || Ask::get("/api/v1/account").bearer(&stack.ready.api_key).send(stack.page()).json();
    // The stack itself has granted an upload, for the lines that it prints.
    let before = account();
    let (next, ids) = (AtomicUsize::new(0), Mutex::new(BTreeSet::new()));
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < SHARES {
                    let share = stack.must(201, "shares", &json!({ "key": "load/a.txt", "expires_in": "1h" }));
                    ids.lock().unwrap().insert(share["id"].as_str().unwrap().to_string());
                }
            });
        }
    });
    let shares = started.elapsed();
    assert_eq!(ids.lock().unwrap().len(), SHARES, "no two are the same");

    let started = Instant::now();
    std::thread::scope(|scope| {
        for number in 0..UPLOADS {
            let stack = &stack;
            scope.spawn(move || upload(stack, number));
        }
    });
    let uploads = started.elapsed();
    let account = account();
    let expected: usize = (0..UPLOADS).map(|number| content(number).len()).sum();
    let found = (&account["files"], &account["bytes"], &account["open_uploads"]);
    assert_eq!(found, (&json!(UPLOADS), &json!(expected), &before["open_uploads"]), "each is counted once");
    #[expect(clippy::cast_precision_loss, reason = "a thousand")]
    let rate = SHARES as f64 / shares.as_secs_f64();
    eprintln!("{rate:.0} shares a second; {UPLOADS} uploads at once in {:.1} s", uploads.as_secs_f64());
}

fn content(number: usize) -> String {
    format!("file {number} ").repeat(100)
}

fn upload(stack: &Stack, number: usize) {
    let content = content(number);
    let grant = stack.must(201, "uploads", &json!({ "name": format!("{number}.txt"), "size": content.len() }));
    let url = grant["url"].as_str().unwrap().strip_prefix("http://").unwrap();
    let (host, target) = url.split_at(url.find('/').unwrap());
    let mut put = Ask::new("PUT", target).body(content.as_bytes());
    for (name, value) in grant["headers"].as_object().unwrap().iter().filter(|(name, _)| *name != "content-length") {
        put = put.header(name, Value::as_str(value).unwrap());
    }
    assert_eq!(put.send(host).status, 200, "{number}");
    let file = stack.must(200, "uploads/complete", &json!({ "upload": grant["upload"] }));
    assert_eq!(file["size"], content.len());
}
