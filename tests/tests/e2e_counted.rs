//! Proves that a counted link gives exactly as many downloads as it says: whoever claims at once, whatever looks at
//! it, and whatever the bucket does.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::faults::proxy::Proxy;
use clouddrop_tests::faults::{Fault, Hits, Kind, Phase};
use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::check::{assert_problem, assert_safe};
use clouddrop_tests::stack::content::bytes;
use clouddrop_tests::stack::http::{Ask, Reply};
use std::sync::OnceLock;
use std::thread;

const SIZE: usize = 300_000;

fn stack() -> &'static Stack {
    static STACK: OnceLock<Stack> = OnceLock::new();
    STACK.get_or_init(|| {
        let stack = Stack::start(&[]);
        stack.put("counted/a.bin", "application/octet-stream", &content());
        stack.put("counted/b.txt", "text/plain", b"the other file");
        stack
    })
}

fn content() -> Vec<u8> {
    bytes(11, 0, SIZE)
}

fn link(stack: &Stack, limit: u64) -> String {
    stack.token_with("counted/a.bin", |token| token.max_downloads = Some(limit))
}

fn claim(stack: &Stack, token: &str) -> Reply {
    let reply = Ask::new("POST", &format!("/d/{token}")).send(stack.files());
    assert_safe(&reply, "a claim");
    reply
}

/// The target of a grant, from a claim that must be given one.
fn granted(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text());
    let target = reply.one("location").unwrap();
    assert!(target.starts_with("/d/"), "{target}");
    assert!(reply.body.is_empty());
    target.into()
}

fn assert_whole(reply: &Reply) {
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(reply.body == content(), "other bytes");
}

#[test]
fn a_thousand_claims_at_once_give_exactly_as_many_grants_as_the_link_says() {
    for limit in [1, 3, 10] {
        let token = link(stack(), limit);
        let statuses: Vec<u16> = thread::scope(|scope| {
            let claimants: Vec<_> = (0..50)
                .map(|_| scope.spawn(|| (0..20).map(|_| claim(stack(), &token).status).collect::<Vec<u16>>()))
                .collect();
            claimants.into_iter().flat_map(|claimant| claimant.join().unwrap()).collect()
        });
        assert_eq!(statuses.len(), 1000);
        assert_eq!(statuses.iter().filter(|status| **status == 303).count() as u64, limit, "limit {limit}");
        assert!(statuses.iter().all(|status| [303, 410].contains(status)), "{statuses:?}");
    }
}

#[test]
fn whatever_looks_at_a_link_spends_nothing() {
    let token = link(stack(), 1);
    let robots = ["facebookexternalhit/1.1", "Slackbot-LinkExpanding 1.0", "WhatsApp/2.23", "Mozilla/5.0 (X11; Linux)"];
    for agent in robots {
        for (method, path) in [("GET", "d"), ("HEAD", "d"), ("GET", "s"), ("HEAD", "s")] {
            for purpose in ["prefetch", "prefetch;prerender"] {
                let ask = Ask::new(method, &format!("/{path}/{token}")).header("user-agent", agent);
                let reply = ask.header("sec-purpose", purpose).send(stack().files());
                assert_eq!(reply.status, if path == "s" { 200 } else { 403 });
            }
        }
    }
    let page = Ask::get(&format!("/s/{token}")).header("accept", "application/json").send(stack().files());
    assert_eq!(page.json()["downloads"], serde_json::json!({"limit": 1, "left": 1}));
    assert_whole(&Ask::get(&granted(&claim(stack(), &token))).send(stack().files()));
    assert_problem(&claim(stack(), &token), 410, "gone", "a second claim");
    let page = Ask::get(&format!("/s/{token}")).header("accept", "application/json").send(stack().files());
    assert_eq!(page.json()["downloads"]["left"], 0);
}

#[test]
fn a_grant_opens_one_version_of_one_object_and_reads_it_in_parts() {
    let token = link(stack(), 1);
    let grant = granted(&claim(stack(), &token));
    for (first, last) in [(0, 99_999), (100_000, 199_999), (200_000, SIZE - 1)] {
        let reply = Ask::get(&grant).header("range", &format!("bytes={first}-{last}")).send(stack().files());
        assert_eq!(reply.status, 206);
        assert!(reply.body == content()[first..=last]);
    }
    assert_eq!(Ask::head(&grant).send(stack().files()).status, 200);
    // The rest of 1.1 times the size and 1 MiB: three whole ones, not a fourth.
    for _ in 0..3 {
        assert_whole(&Ask::get(&grant).send(stack().files()));
    }
    assert_problem(&Ask::get(&grant).send(stack().files()), 410, "gone", "over the grant's bytes");
    let other = format!("{grant}/b.txt");
    assert_problem(&Ask::get(&other).send(stack().files()), 403, "forbidden", "another object");
    assert_problem(&Ask::new("POST", &grant).send(stack().files()), 405, "method_not_allowed", "a claim of a grant");
    // The grant's bytes are another one's, too.
    stack().put("counted/c.bin", "application/octet-stream", b"old");
    let token = stack().token_with("counted/c.bin", |token| token.max_downloads = Some(1));
    let grant = granted(&claim(stack(), &token));
    stack().put("counted/c.bin", "application/octet-stream", b"new");
    assert_problem(&Ask::get(&grant).send(stack().files()), 410, "gone", "another version");
}

#[test]
fn a_claim_that_is_repeated_with_its_key_is_the_same_claim() {
    let token = link(stack(), 2);
    let with_key =
        |key: &str| Ask::new("POST", &format!("/d/{token}")).header("idempotency-key", key).send(stack().files());
    let first = granted(&with_key("4f1c"));
    for _ in 0..5 {
        assert_eq!(granted(&with_key("4f1c")), first);
    }
    assert_ne!(granted(&with_key("4f1d")), first);
    assert_problem(&with_key("4f1e"), 410, "gone", "a third key");
    assert_eq!(granted(&with_key("4f1c")), first, "a repetition after the last use");
    assert_problem(&with_key(&"k".repeat(256)), 400, "bad_request", "a key that is too long");
    // The key belongs to an object, too: below a folder, another file is another claim.
    let folder = stack().folder_token_with("counted", |token| token.max_downloads = Some(2));
    let of = |name: &str| {
        let ask = Ask::new("POST", &format!("/d/{folder}/{name}")).header("idempotency-key", "4f1c");
        granted(&ask.send(stack().files()))
    };
    let (a, b) = (of("a.bin"), of("b.txt"));
    assert_eq!((of("a.bin"), of("b.txt")), (a.clone(), b.clone()));
    assert_whole(&Ask::get(&a).send(stack().files()));
    assert_eq!(Ask::get(&b).send(stack().files()).text(), "the other file");
}

#[test]
fn a_use_comes_back_when_the_bucket_fails_first() {
    let proxy = Proxy::start().unwrap();
    let origin = format!("http://{}/clouddrop", proxy.address());
    let stack = Stack::start(&["--origin", &origin, "--set", "CACHE_BYTES=0"]);
    proxy.send_on_to(stack.ready.s3.endpoint.trim_start_matches("http://"));
    stack.put("counted/a.bin", "application/octet-stream", &content());
    let path = format!("/clouddrop/{}counted/a.bin", stack.ready.object_prefix);
    let fault = || Fault { kind: Kind::SlowDown, phase: Phase::InHead, hits: Hits::All, place: 0 };
    let token = link(&stack, 1);

    // No version, no claim: nothing is taken.
    proxy.arm(&path, fault());
    assert_problem(&claim(&stack, &token), 503, "origin_unavailable", "a claim while the bucket is out");
    proxy.disarm(&path);
    let grant = granted(&claim(&stack, &token));
    assert_problem(&claim(&stack, &token), 410, "gone", "the only use is taken");

    // The grant fails before its first byte: another claim may have the use.
    proxy.arm(&path, fault());
    assert_problem(&Ask::get(&grant).send(stack.files()), 503, "origin_unavailable", "a read while it is out");
    proxy.disarm(&path);
    let second = granted(&claim(&stack, &token));
    assert_problem(&Ask::get(&grant).send(stack.files()), 410, "gone", "the first grant has no use any more");
    assert_whole(&Ask::get(&second).send(stack.files()));

    // A use whose bytes have gone out does not come back.
    proxy.arm(&path, fault());
    assert_problem(&Ask::get(&second).send(stack.files()), 503, "origin_unavailable", "once more");
    proxy.disarm(&path);
    assert_problem(&claim(&stack, &token), 410, "gone", "it was downloaded");
    assert_whole(&Ask::get(&second).send(stack.files()));
}
