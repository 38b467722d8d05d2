//! Proves what a bucket that is out costs whom: clients a quick refusal, the bucket hardly a request more than there are
//! clients, and nothing at all where there is a second bucket or the object is kept.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::faults::proxy::Proxy;
use clouddrop_tests::faults::{Fault, Hits, Kind, Phase};
use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::check::assert_problem;
use clouddrop_tests::stack::http::{Ask, Reply};
use std::thread::sleep;
use std::time::{Duration, Instant};

fn fault(kind: Kind, phase: Phase, hits: Hits) -> Fault {
    Fault { kind, phase, hits, place: 0 }
}

fn out() -> Fault {
    fault(Kind::SlowDown, Phase::InHead, Hits::All)
}

/// A stack whose bucket is reached through a proxy, and the path of an object there.
fn behind(proxy: &Proxy, arguments: &[&str]) -> Stack {
    let origin = format!("http://{}/clouddrop", proxy.address());
    let stack = Stack::start(&[&["--origin", &origin], arguments].concat());
    proxy.send_on_to(stack.ready.s3.endpoint.trim_start_matches("http://"));
    stack.put("outage/a.txt", "text/plain", b"here");
    stack.put("outage/kept.txt", "text/plain", b"kept");
    stack
}

fn path(stack: &Stack, name: &str) -> String {
    format!("/clouddrop/{}outage/{name}", stack.ready.object_prefix)
}

fn read(stack: &Stack, name: &str) -> Reply {
    Ask::get(&format!("/d/{}", stack.token(&format!("outage/{name}")))).send(stack.files())
}

#[test]
fn under_a_total_outage_the_bucket_is_left_alone_and_found_again() {
    let proxy = Proxy::start().unwrap();
    let stack = behind(&proxy, &[]);
    assert_eq!(read(&stack, "kept.txt").text(), "kept");
    for name in ["a.txt", "kept.txt"] {
        proxy.arm(&path(&stack, name), out());
    }
    let begun = Instant::now();
    let refused = || assert_problem(&read(&stack, "a.txt"), 503, "origin_unavailable", "while it is out");
    let mut before = 0;
    while begun.elapsed() < Duration::from_secs(10) {
        refused();
        before += 1;
        sleep(Duration::from_millis(20));
    }
    let cost = proxy.disarm(&path(&stack, "a.txt")).requests;
    assert!(before >= 30, "only {before} requests in ten seconds");
    assert!(cost <= before + before / 10 + 12, "{cost} for {before}");

    proxy.arm(&path(&stack, "a.txt"), out());
    let begun = Instant::now();
    (0..100).for_each(|_| drop(refused()));
    assert!(begun.elapsed() < Duration::from_secs(20), "refusals are not quick: {:?}", begun.elapsed());
    let cost = proxy.disarm(&path(&stack, "a.txt")).requests;
    assert!(cost <= 110, "{cost} requests for 100");
    assert_eq!(read(&stack, "kept.txt").text(), "kept", "what is kept needs no bucket");

    // It is back: somebody looks, and then it is there for all.
    let begun = Instant::now();
    while read(&stack, "a.txt").status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(5), "nobody has looked");
        sleep(Duration::from_millis(100));
    }
    assert_eq!(read(&stack, "a.txt").text(), "here");
}

#[test]
fn one_failure_of_the_bucket_is_nobodys_to_see() {
    let proxy = Proxy::start().unwrap();
    let stack = behind(&proxy, &["--set", "CACHE_BYTES=0"]);
    let token = stack.token("outage/a.txt");
    let counted = stack.token_with("outage/a.txt", |token| token.max_downloads = Some(1));
    let folder = stack.folder_token("outage");
    for (ask, status) in [
        (Ask::get(&format!("/d/{token}")), 200),
        (Ask::get(&format!("/d/{token}")).header("range", "bytes=1-2"), 206),
        (Ask::head("/f/outage/a.txt").bearer(&folder), 200),
        (Ask::get(&format!("/s/{token}")), 200),
        (Ask::new("POST", &format!("/d/{counted}")), 303),
    ] {
        for kind in [Kind::SlowDown, Kind::InternalError] {
            if ask.method == "POST" && kind == Kind::InternalError {
                continue; // its only use is gone
            }
            proxy.arm(&path(&stack, "a.txt"), fault(kind, Phase::InHead, Hits::First));
            let reply = ask.send(stack.files());
            assert_eq!(reply.status, status, "{} {}: {}", ask.method, ask.target, reply.text());
            assert_eq!(proxy.disarm(&path(&stack, "a.txt")).requests, 2, "{} {}", ask.method, ask.target);
        }
    }
    assert!(stack.edge_log().contains("\"attempts\":2"), "{}", stack.last_words());
}

#[test]
fn a_second_bucket_stands_in_for_the_first() {
    let (first, second) = (Proxy::start().unwrap(), Proxy::start().unwrap());
    let replica = format!("SECOND_ORIGIN=http://{}/clouddrop", second.address());
    let stack = behind(&first, &["--set", "CACHE_BYTES=0", "--set", &replica, "--set", "SECOND_REGION=us-east-1"]);
    second.send_on_to(stack.ready.s3.endpoint.trim_start_matches("http://"));
    let path = path(&stack, "a.txt");
    // Refused by one, answered by the other: with a signature of its own, since the host is another.
    first.arm(&path, out());
    for _ in 0..20 {
        let reply = read(&stack, "a.txt");
        assert_eq!((reply.status, reply.text().as_str()), (200, "here"));
    }
    first.disarm(&path);
    // Silent for three seconds: the other one is asked then.
    first.arm(&path, fault(Kind::Stall, Phase::BeforeHead, Hits::All));
    let begun = Instant::now();
    assert_eq!(read(&stack, "a.txt").text(), "here");
    let took = begun.elapsed();
    assert!((Duration::from_millis(2_500)..Duration::from_millis(7_500)).contains(&took), "{took:?}");
    first.disarm(&path);
    // Both: the refusal of the last.
    first.arm(&path, out());
    second.arm(&path, out());
    assert_problem(&read(&stack, "a.txt"), 503, "origin_unavailable", "both are out");
}
