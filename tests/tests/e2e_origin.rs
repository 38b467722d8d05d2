//! An origin that refuses, hides, stays silent or breaks off: the client learns that it did, and not a word of
//! what it said.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::check::{assert_nothing_of_s3, assert_problem, assert_safe, wait_for};
use clouddrop_tests::stack::http::Ask;
use clouddrop_tests::stack::origin::{Behaviour, Origin};
use serde_json::Value;
use std::net::TcpListener;
use std::thread;

const KEY: &str = "table/a.txt";

/// The origin refuses our signature, and says why in words that must not get out.
#[test]
fn a_wrong_signature_of_ours_is_our_fault_and_nobody_elses_to_read() {
    let origin = Origin::start(Behaviour::OtherHost);
    let stack = Stack::start(&["--origin", &origin.bucket("clouddrop")]);
    origin.send_on_to(stack.ready.s3.endpoint.trim_start_matches("http://"));
    stack.put(KEY, "text/plain", b"ten bytes.");
    let token = stack.token(KEY);
    for ask in [
        Ask::get(&format!("/f/{KEY}")).bearer(&token),
        Ask::get(&format!("/d/{token}")).header("range", "bytes=0-1"),
        Ask::get(&format!("/s/{token}")),
        Ask::head(&format!("/f/{KEY}")).bearer(&token),
    ] {
        let (before, seen) = (stack.edge_log().len(), stack.origin_requests().len());
        let about = format!("{} {}", ask.method, &ask.target[..3]);
        let reply = ask.send(stack.files());
        assert_eq!(reply.status, 502, "{about}");
        assert_nothing_of_s3(&reply, &about);
        assert_safe(&reply, &about);
        if ask.method == "GET" {
            let id = assert_problem(&reply, 502, "origin_error", &about)["request_id"].to_string();
            let line = wait_for(|| {
                let log = stack.edge_log();
                log[before..].lines().find(|line| line.contains(&id)).map(ToString::to_string)
            });
            let line: Value = serde_json::from_str(&line).unwrap();
            assert_eq!((line["alarm"].as_bool(), line["code"].as_str()), (Some(true), Some("origin_error")));
            assert_eq!(line["reason"], "origin_error: SignatureDoesNotMatch");
        }
        // It is the real thing: a signature over another host.
        assert!(stack.origin_requests()[seen..].iter().any(|line| line["code"] == "SignatureDoesNotMatch"), "{about}");
    }
    let log = stack.edge_log();
    assert!(!log.contains(&token) && !log.contains(KEY), "a token or a key in the log");
}

#[test]
fn an_origin_out_of_reach_is_unavailable() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let stack = Stack::start(&["--origin", &format!("http://127.0.0.1:{port}/clouddrop")]);
    let token = stack.token(KEY);
    for target in [format!("/f/{KEY}?CAT={token}"), format!("/d/{token}"), format!("/s/{token}")] {
        let reply = Ask::get(&target).send(stack.files());
        assert_problem(&reply, 503, "origin_unavailable", &target[..3]);
        assert_eq!(reply.one("retry-after"), Some("5"));
    }
    assert_eq!(Ask::head(&format!("/d/{token}")).send(stack.files()).status, 503);
    stack.assert_healthy();
}

#[test]
fn an_origin_that_says_nothing_times_out() {
    let origin = Origin::start(Behaviour::Silent);
    let stack = Stack::start(&["--origin", &origin.bucket("clouddrop")]);
    let token = stack.token(KEY);
    // All at once: each takes the edge's whole patience.
    thread::scope(|scope| {
        for target in [format!("/f/{KEY}?CAT={token}"), format!("/d/{token}"), format!("/s/{token}")] {
            let files = stack.files();
            scope.spawn(move || {
                let reply = Ask::get(&target).send(files);
                assert_problem(&reply, 504, "origin_timeout", &target[..3]);
            });
        }
    });
    stack.assert_healthy();
}

#[test]
fn an_answer_that_ends_early_never_looks_complete() {
    // Over what an instance keeps: it is handed through as it comes.
    let content = vec![b'x'; 5_000_000];
    let origin = Origin::start(Behaviour::CutAfter(500_000));
    let stack = Stack::start(&["--origin", &origin.bucket("clouddrop")]);
    origin.send_on_to(stack.ready.s3.endpoint.trim_start_matches("http://"));
    stack.put(KEY, "text/plain", &content);
    let mut received = 0;
    let ask = Ask::get(&format!("/d/{}", stack.token(KEY)));
    let failed = ask.stream(stack.files(), |bytes| received += bytes.len()).map(|reply| reply.status);
    assert!(failed.is_err(), "{failed:?} with {received} bytes");
    assert!((1..content.len()).contains(&received), "{received} bytes");
    // A smaller one is read to its end before the reply begins.
    stack.put(KEY, "text/plain", &content[..1_000_000]);
    assert_problem(&ask.send(stack.files()), 503, "origin_unavailable", "a small object that ends early");
    stack.assert_healthy();
}
