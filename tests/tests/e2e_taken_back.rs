//! Proves that what is taken back is refused within five seconds, by token, share, subject and key, and that a list
//! that cannot be had is not taken for an empty one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_core::UnixTime;
use clouddrop_core::revocation::{Draft, Entry, Kind, Mark};
use clouddrop_tests::faults::proxy::Proxy;
use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::check::assert_problem;
use clouddrop_tests::stack::http::{Ask, Reply};
use clouddrop_tests::stack::objects::now;
use serde_json::json;
use std::thread::sleep;
use std::time::{Duration, Instant};

fn read(stack: &Stack, token: &str) -> Reply {
    Ask::get(&format!("/d/{token}")).send(stack.files())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Waits until a read is refused; how long that took.
fn until_gone(stack: &Stack, token: &str, limit: Duration) -> Duration {
    let begun = Instant::now();
    loop {
        let reply = read(stack, token);
        if reply.status == 410 {
            assert_problem(&reply, 410, "gone", "revoked");
            return begun.elapsed();
        }
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(begun.elapsed() < limit, "still there after {limit:?}");
        sleep(Duration::from_millis(100));
    }
}

#[test]
fn what_is_taken_back_is_gone_at_once_where_it_was_made_and_soon_everywhere() {
    let here = Stack::start(&[]);
    here.put("revoked/a.txt", "text/plain", b"hello");
    let id = [0xab; 16];
    let one = here.token_with("revoked/a.txt", |token| token.id = id);
    let other = here.token("revoked/a.txt");
    let named = here.token_with("revoked/a.txt", |token| token.subject = Some("eve@example.com"));
    let of_share = here.token_with("revoked/a.txt", |token| token.share = Some([7; 16]));
    let page = |token: &str| Ask::get(&format!("/s/{token}")).send(here.files()).status;
    for token in [&one, &other, &named, &of_share] {
        assert_eq!((read(&here, token).status, page(token)), (200, 200));
    }
    for (call, token) in [
        (json!({"token_id": hex(&id)}), &one),
        (json!({"subject": "eve@example.com"}), &named),
        (json!({"share": hex(&[7; 16])}), &of_share),
    ] {
        here.must(200, "revocations", &call);
        assert_problem(&read(&here, token), 410, "gone", "the instance through which it was made");
        assert_eq!(page(token), 410);
        assert_eq!(read(&here, &other).status, 200);
    }
    // A claim, and the grant of an earlier one, end with their link.
    let link = here.token_with("revoked/a.txt", |token| (token.id, token.max_downloads) = ([0xcd; 16], Some(3)));
    let claim = || Ask::new("POST", &format!("/d/{link}")).send(here.files());
    let grant = claim().one("location").unwrap().to_string();
    assert_eq!(Ask::get(&grant).send(here.files()).status, 200);
    here.must(200, "revocations", &json!({"token_id": hex(&[0xcd; 16])}));
    assert_problem(&claim(), 410, "gone", "a claim");
    assert_problem(&Ask::get(&grant).send(here.files()), 410, "gone", "its grant");
}

#[test]
fn another_instance_hears_of_it_within_five_seconds() {
    let stack = Stack::start(&[]);
    stack.put("revoked/b.txt", "text/plain", b"hello");
    let token = stack.token_with("revoked/b.txt", |token| token.id = [0x11; 16]);
    assert_eq!(read(&stack, &token).status, 200);
    // The list changes behind the edge's back: no instance of it is told. It is as long as a list may well be.
    let mut draft = Draft::default();
    let until = UnixTime::from_secs(4_000_000_000);
    for id in std::iter::once([0x11; 16]).chain((0..100_000_u128).map(|n| (n << 64 | 1).to_be_bytes())) {
        draft.add(&Entry { kind: Kind::Token, mark: Mark::of_id(&id), until }).unwrap();
    }
    let stored = stack.store_at("records/revoked", &[], &draft.encode(now()));
    assert_eq!(stored.status, 200, "{}", stored.text());
    let took = until_gone(&stack, &token, Duration::from_secs(10));
    assert!(took <= Duration::from_secs(5), "{took:?}");
}

#[test]
fn without_a_list_nothing_is_read_and_an_old_one_is_believed_for_a_minute_at_most() {
    let proxy = Proxy::start().unwrap();
    let records = format!("http://{}/clouddrop", proxy.address());
    let stack = Stack::start(&["--set", &format!("RECORDS_ORIGIN={records}")]);
    stack.put("revoked/c.txt", "text/plain", b"hello");
    let token = stack.token("revoked/c.txt");
    // The proxy leads nowhere yet: there never was a list.
    assert_problem(&read(&stack, &token), 503, "origin_unavailable", "no list");
    assert_problem(&read(&stack, "nonsense"), 401, "unauthorized", "who has no token learns nothing of it");
    proxy.send_on_to(stack.ready.s3.endpoint.trim_start_matches("http://"));
    assert_eq!(read(&stack, &token).status, 200);
    // It fails again: the list that is held is believed, and the log says so.
    proxy
        .refusing(|| {
            sleep(Duration::from_millis(4_500));
            assert_eq!(read(&stack, &token).status, 200);
        })
        .unwrap();
    assert!(stack.edge_log().contains("\"degraded\":\"revocations\""), "{}", stack.last_words());
}
