//! Proves the limits through HTTP: for each client, token and bad token, and the strict ones of calls and claims; by
//! what the platform says of a client, never by what the client says of itself.
//!
//! The platform's word is `CF-Connecting-IP`, which Cloudflare overwrites; in the development stack nobody does, so that
//! a test can be several clients.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::files::repository;
use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::check::{assert_problem, assert_safe, wait_for};
use clouddrop_tests::stack::http::{Ask, Reply};
use serde_json::json;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Rough counts are by windows of ten seconds: a test begins early in one.
fn early_in_a_window() {
    let millis = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() % 10_000;
    while millis() > 3_000 {
        sleep(Duration::from_millis(50));
    }
}

fn from(ask: Ask, client: &str) -> Ask {
    ask.header("cf-connecting-ip", client)
}

fn read(token: &str) -> Ask {
    Ask::get(&format!("/d/{token}"))
}

fn assert_limited(reply: &Reply, about: &str) -> u64 {
    assert_problem(reply, 429, "rate_limited", about);
    let wait = reply.one("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{about}: {wait}");
    wait
}

/// How many of `asks` pass before the first 429, which all that follow get too.
fn passes(stack: &Stack, asks: impl Iterator<Item = Ask>, status: u16, about: &str) -> usize {
    let replies: Vec<Reply> = asks.map(|ask| ask.send(stack.files())).collect();
    let passed = replies.iter().take_while(|reply| reply.status == status).count();
    for reply in &replies[passed..] {
        assert_limited(reply, about);
    }
    passed
}

#[test]
fn a_client_a_token_and_bad_tokens_are_counted_apart() {
    let stack = Stack::start(&["--limit", "client=20,token=8,bad=5"]);
    stack.put("limits/a.txt", "text/plain", b"a");
    let tokens: Vec<String> = (0..40).map(|_| stack.token("limits/a.txt")).collect();
    early_in_a_window();

    // One token, many clients.
    let asks = (0..12).map(|n| from(read(&tokens[0]), &format!("198.51.100.{n}")));
    assert_eq!(passes(&stack, asks, 200, "one token"), 8);
    // One client, many tokens; what it says of itself changes nothing.
    let asks = (1..26).map(|n| {
        let said = format!("192.0.2.{n}");
        let ask = from(read(&tokens[n]), "203.0.113.1").header("x-forwarded-for", &said).header("x-real-ip", &said);
        ask.header("forwarded", &format!("for={said}")).header("true-client-ip", &said)
    });
    assert_eq!(passes(&stack, asks, 200, "one client"), 20);
    assert_eq!(from(read(&tokens[30]), "203.0.113.2").send(stack.files()).status, 200, "its neighbour");
    // Of an IPv6 address the first half counts.
    let asks = (0..25).map(|n| from(read(&tokens[n + 1]), &format!("2001:db8:0:1::{n:x}")));
    assert!(passes(&stack, asks, 200, "one /64") <= 20);
    assert_eq!(from(read(&tokens[31]), "2001:db8:0:2::1").send(stack.files()).status, 200, "the next /64");
    // Bad tokens are fewer, and good ones of the same client go on.
    let asks = (0..9).map(|n| from(read(&format!("nonsense{n}")), "203.0.113.3"));
    assert_eq!(passes(&stack, asks, 401, "bad tokens"), 5);
    assert_eq!(from(read(&tokens[32]), "203.0.113.3").send(stack.files()).status, 200, "a good one");
    // What depends on nothing is not counted.
    for _ in 0..30 {
        let reply = from(Ask::get("/healthz"), "203.0.113.1").send(stack.files());
        assert_safe(&reply, "healthz");
        assert_eq!(reply.status, 200);
    }
}

#[test]
fn calls_and_claims_have_strict_limits() {
    let stack = Stack::start(&["--set", "CLAIMS_PER_MINUTE=6", "--set", "ISSUES_PER_MINUTE=6"]);
    stack.put("limits/a.txt", "text/plain", b"a");
    let counted = stack.token_with("limits/a.txt", |token| token.max_downloads = Some(100));
    let claim = |client: &str| from(Ask::new("POST", &format!("/d/{counted}")), client);
    let passed = passes(&stack, (0..12).map(|_| claim("203.0.113.1")), 303, "claims");
    assert!((6..=8).contains(&passed), "{passed} claims"); // one flows in every ten seconds
    assert_eq!(claim("203.0.113.2").send(stack.files()).status, 303, "another client");

    let body = json!({ "key": "limits/a.txt" }).to_string();
    let call = |client: &str, key: &str| {
        let ask = Ask::new("POST", "/api/v1/shares").header("content-type", "application/json").bearer(key);
        from(ask, client).body(body.as_bytes()).send(stack.page())
    };
    let key = &stack.ready.api_key;
    let statuses: Vec<u16> = (0..12).map(|_| call("203.0.113.1", key).status).collect();
    let passed = statuses.iter().filter(|status| **status == 201).count();
    assert!((6..=8).contains(&passed), "{statuses:?}");
    assert_limited(&call("203.0.113.1", key), "calls");
    // Guessing keys is counted as well, whichever is guessed.
    let statuses: Vec<u16> = (0..12).map(|n| call("203.0.113.2", &format!("guess{n}")).status).collect();
    assert!(statuses.iter().filter(|status| **status == 401).count() <= 8, "{statuses:?}");
    assert!(statuses.ends_with(&[429]), "{statuses:?}");
}

/// Longest that a limiter which never answers may hold a request up: half a second and five seconds by `limits.mjs` and
/// `counter.mjs`, and what a busy machine adds.
const ROUGH_DELAY: Duration = Duration::from_secs(3);
const STRICT_DELAY: Duration = Duration::from_secs(9);

#[test]
fn a_limiter_that_fails_stops_no_reader_and_lets_nobody_claim_or_issue() {
    let main = repository().join("tests/workers/limiters.mjs").canonicalize().unwrap();
    let stack = Stack::start(&["--main", main.to_str().unwrap()]);
    stack.put("limits/a.txt", "text/plain", b"a");
    let token = stack.token("limits/a.txt");
    let counted = stack.token_with("limits/a.txt", |token| token.max_downloads = Some(100));
    let claim = || Ask::new("POST", &format!("/d/{counted}"));
    let degraded = || stack.edge_log().matches("\"degraded\":\"limits\"").count();
    assert_eq!(read(&token).send(stack.files()).status, 200);
    assert_eq!(degraded(), 0);

    for (number, way) in ["rejects", "throws", "nonsense", "missing", "never"].into_iter().enumerate() {
        let begun = Instant::now();
        let reply = read(&token).header("x-test-rough", way).send(stack.files());
        assert!(begun.elapsed() < ROUGH_DELAY, "{way}: {:?}", begun.elapsed());
        assert_eq!((reply.status, reply.text().as_str()), (200, "a"), "{way}");
        assert_safe(&reply, way);
        // A refusal is none of its business either.
        assert_problem(&read("nonsense").header("x-test-rough", way).send(stack.files()), 401, "unauthorized", way);
        wait_for(|| (degraded() == 2 * (number + 1)).then_some(()));
    }
    // A rough count that fails leaves the strict one in force.
    assert_eq!(claim().header("x-test-rough", "rejects").send(stack.files()).status, 303);

    let body = json!({ "key": "limits/a.txt" }).to_string();
    for way in ["rejects", "throws", "never"] {
        let begun = Instant::now();
        let reply = claim().header("x-test-strict", way).send(stack.files());
        assert_problem(&reply, 503, "origin_unavailable", way);
        let issue = Ask::new("POST", "/api/v1/shares").header("content-type", "application/json");
        let issue = issue.bearer(&stack.ready.api_key).header("x-test-strict", way).body(body.as_bytes());
        assert_problem(&issue.send(stack.page()), 503, "origin_unavailable", way);
        assert!(begun.elapsed() < 2 * STRICT_DELAY, "{way}: {:?}", begun.elapsed());
        assert_eq!(read(&token).header("x-test-strict", way).send(stack.files()).status, 200, "{way}");
    }
}
