//! Shares from their making to their end, as their owners call for it, and as the edge then decides.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_core::revocation::{List, Mark};
use clouddrop_core::token::verify;
use clouddrop_core::token::wire::TokenBytes;
use clouddrop_core::{ObjectPath, Revocations};
use clouddrop_signer::Signer;
use common::bucket::{objects, with_bucket};
use common::{ADMIN, ALICE, BOB, Person, VERA, edge_of, people, sends};
use serde_json::{Value, json};

const SHARES: &str = "/api/v1/shares";

fn share(person: Person, signer: &Signer, terms: &Value) -> Value {
    let (status, share) = person.posts(signer, SHARES, terms);
    assert_eq!(status, 201, "{share}");
    share
}

fn one(share: &Value) -> String {
    format!("{SHARES}/{}", share["id"].as_str().unwrap())
}

/// What an edge that has just read the list says to a share's token.
fn edge_says(origin: &str, share: &Value) -> &'static str {
    let edge = edge_of(origin, "http://127.0.0.1:9");
    let now = clouddrop_signer::now();
    let mut held = Revocations::default();
    let list =
        objects(origin, "records/revoked").unwrap_or_else(|| clouddrop_core::revocation::Draft::default().encode(now));
    held.take(clouddrop_core::revocation::Answer { status: 200, etag: None, body: list }, now).unwrap();
    let bytes = TokenBytes::decode(share["token"].as_str().unwrap()).unwrap();
    let parts = bytes.parts().unwrap();
    let token = verify(&parts, edge.keys(), now).unwrap();
    let path = ObjectPath::from_key(share["key"].as_str().unwrap_or("x")).unwrap();
    held.check(&token, &path, now).map_or_else(|refusal| refusal.code(), |()| "allowed")
}

#[test]
fn a_share_is_made_found_changed_and_taken_back() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let file = sends(ALICE, &signer, "Report é.txt", b"hello");
        let terms =
            json!({ "key": file["key"], "expires_in": "2h", "note": "for Carol", "networks": ["203.0.113.0/24"] });
        let made = share(ALICE, &signer, &terms);
        assert_eq!(
            (&made["state"], &made["owner"], &made["note"]),
            (&json!("active"), &json!("alice"), &json!("for Carol"))
        );
        assert_eq!(made["uses"], json!({ "downloads": 0, "claims": 0, "bytes": 0, "last_at": null }));
        assert_eq!(ALICE.gets(&signer, &one(&made)), (200, made.clone()), "shown as it was made, token and all");
        assert_eq!(VERA.gets(&signer, &one(&made)), (200, made.clone()));

        let (status, longer) = ALICE.calls(&signer, "PATCH", &one(&made), &json!({ "expires_in": "3h", "note": null }));
        assert_eq!(status, 200, "{longer}");
        assert_ne!(longer["token"], made["token"]);
        assert!(longer.get("note").is_none());
        assert_eq!((edge_says(origin, &made), edge_says(origin, &longer)), ("allowed", "allowed"), "a longer life");
        let (_, shorter) = ALICE.calls(&signer, "PATCH", &one(&made), &json!({ "expires_in": 60 }));
        assert_eq!((edge_says(origin, &longer), edge_says(origin, &shorter)), ("gone", "allowed"), "a shorter one");

        let revoke = || ALICE.posts(&signer, &format!("{}/revoke", one(&made)), &json!({}));
        assert_eq!((revoke().0, &revoke().1["state"]), (200, &json!("revoked")), "made again, it is the same");
        for token in [&made, &longer, &shorter] {
            assert_eq!(edge_says(origin, token), "gone");
        }
        let (_, shown) = ALICE.gets(&signer, &one(&made));
        assert_eq!(shown["state"], "revoked");
        assert!(shown["revoked_at"].is_string());
        assert_eq!(ALICE.calls(&signer, "PATCH", &one(&made), &json!({ "expires_in": "1d" })).0, 409);
    });
}

#[test]
fn a_limit_that_is_changed_makes_a_new_link_and_ends_the_old() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let file = sends(ALICE, &signer, "a.txt", b"hello");
        let made = share(ALICE, &signer, &json!({ "key": file["key"], "max_downloads": 2 }));
        let (status, more) = ALICE.calls(&signer, "PATCH", &one(&made), &json!({ "max_downloads": 5 }));
        assert_eq!((status, &more["max_downloads"]), (200, &json!(5)));
        assert_eq!((edge_says(origin, &made), edge_says(origin, &more)), ("gone", "allowed"));
        for (bad, status) in [
            (json!({ "max_downloads": 0 }), 400),
            (json!({ "expires_in": "400d" }), 403),
            (json!({ "expires_at": 1 }), 409),
            (json!({ "key": "x" }), 400),
            (json!([]), 400),
        ] {
            assert_eq!(ALICE.calls(&signer, "PATCH", &one(&made), &bad).0, status, "{bad}");
        }
    });
}

#[test]
fn everybody_sees_their_own_and_the_newest_first() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let ids: Vec<Value> = (0..5)
            .map(|number| {
                std::thread::sleep(std::time::Duration::from_millis(3)); // names tell milliseconds apart
                share(ALICE, &signer, &json!({ "folder": format!("{}/x{number}", folder_of(ALICE, &signer)) }))["id"]
                    .clone()
            })
            .collect();
        let foreign = share(BOB, &signer, &json!({ "folder": format!("{}/x", folder_of(BOB, &signer)) }));
        let mut seen = Vec::new();
        let mut path = format!("{SHARES}?limit=2");
        loop {
            let (status, page) = VERA.gets(&signer, &path);
            assert_eq!(status, 200, "{page}");
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 2);
            seen.extend(items.iter().map(|share| share["id"].clone()));
            let Some(cursor) = page.get("next_cursor") else { break };
            path = format!("{SHARES}?limit=2&cursor={}", cursor.as_str().unwrap());
        }
        assert_eq!(seen, ids.into_iter().rev().collect::<Vec<_>>());
        // Nobody touches what is another's, and is not told that it is there.
        for (person, status) in [(ALICE, 404), (VERA, 404), (BOB, 200)] {
            assert_eq!(person.gets(&signer, &one(&foreign)).0, status);
        }
        assert_eq!(ALICE.posts(&signer, &format!("{}/revoke", one(&foreign)), &json!({})).0, 404);
        assert_eq!(ALICE.calls(&signer, "PATCH", &one(&foreign), &json!({ "note": "mine" })).0, 404);
        assert_eq!(ALICE.gets(&signer, &format!("{SHARES}?owner=bob")).0, 403);
        assert_eq!(VERA.posts(&signer, SHARES, &json!({ "key": "a" })).0, 403);
        assert_eq!(VERA.posts(&signer, &format!("{}/revoke", one(&foreign)), &json!({})).0, 403);
        let (status, theirs) = ADMIN.gets(&signer, &format!("{SHARES}?owner=bob"));
        assert_eq!((status, &theirs["items"][0]["id"]), (200, &foreign["id"]));
        assert_eq!(ADMIN.gets(&signer, &format!("{}?owner=bob", one(&foreign))).0, 200);
        for bad in ["limit=0", "limit=201", "limit=x", "cursor=..%2F", "state=active", "limit", "limit=1&limit=1"] {
            assert_eq!(ALICE.gets(&signer, &format!("{SHARES}?{bad}")).0, 400, "{bad}");
        }
        for bad in ["x", "00", &"0".repeat(32), &"G".repeat(32), "..%2Frevoked"] {
            assert_eq!(ALICE.gets(&signer, &format!("{SHARES}/{bad}")).0, 404, "{bad}");
        }
    });
}

fn folder_of(person: Person, signer: &Signer) -> String {
    person.gets(signer, "/api/v1/account").1["folder"].as_str().unwrap().into()
}

#[test]
fn members_share_what_is_theirs_and_admins_anything() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let file = sends(ALICE, &signer, "a.txt", b"hello");
        let foreign = json!({ "key": file["key"] });
        assert_eq!(BOB.posts(&signer, SHARES, &foreign).0, 403);
        assert_eq!(BOB.posts(&signer, SHARES, &json!({ "folder": folder_of(ALICE, &signer) })).0, 403);
        assert_eq!(ALICE.posts(&signer, SHARES, &json!({ "key": "elsewhere/a" })).0, 403);
        assert_eq!(ADMIN.posts(&signer, SHARES, &json!({ "key": "elsewhere/a" })).0, 201);
        assert_eq!(ADMIN.posts(&signer, SHARES, &foreign).0, 201);
        let (status, for_alice) = ADMIN.posts(&signer, SHARES, &json!({ "key": file["key"], "owner": "alice" }));
        assert_eq!((status, &for_alice["owner"]), (201, &json!("alice")));
        assert_eq!(ALICE.gets(&signer, &one(&for_alice)).0, 200);
        assert_eq!(ALICE.posts(&signer, SHARES, &json!({ "key": file["key"], "owner": "bob" })).0, 403);
        // What was never sent cannot be shared; what is on its way can.
        let missing = file["key"].as_str().unwrap().replace("a.txt", "b.txt");
        assert_eq!(ALICE.posts(&signer, SHARES, &json!({ "key": missing })).0, 404);
        let (_, granted) = ALICE.posts(&signer, "/api/v1/uploads", &json!({ "name": "later.txt", "size": 1 }));
        assert_eq!(ALICE.posts(&signer, SHARES, &json!({ "key": granted["key"] })).0, 201);
        // A renamed file is downloaded under its new name.
        let renamed = format!("/api/v1/files/{}", file["id"].as_str().unwrap());
        assert_eq!(ALICE.calls(&signer, "PATCH", &renamed, &json!({ "name": "New.txt" })).0, 200);
        assert_eq!(share(ALICE, &signer, &foreign)["file_name"], "New.txt");
    });
}

#[test]
fn a_call_made_again_with_its_idempotency_key_is_the_same_call() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let terms = json!({ "folder": folder_of(ALICE, &signer), "expires_in": "1h" });
        let again = |person: Person, key: &str, terms: &Value| {
            person.calls_with(&signer, "POST", SHARES, terms, &[("idempotency-key", key)])
        };
        let (status, first) = again(ALICE, "k-1", &terms);
        assert_eq!(status, 201);
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert_eq!(again(ALICE, "k-1", &terms), (201, first.clone()), "to the last byte, a second later");
        assert_ne!(again(ALICE, "k-2", &terms).1["id"], first["id"]);
        assert_eq!(again(ALICE, "k-1", &json!({ "folder": terms["folder"] })).0, 409, "another body");
        assert_eq!(again(ADMIN, "k-1", &terms).0, 201, "another's key");
        for bad in ["", "a b", &"k".repeat(256)] {
            assert_eq!(again(ALICE, bad, &terms).0, 400, "{bad}");
        }
        assert_eq!(ALICE.gets(&signer, SHARES).1["items"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn sixty_four_writers_lose_nothing() {
    const WRITERS: usize = 64;
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let made = share(ALICE, &signer, &json!({ "folder": folder_of(ALICE, &signer) }));
        let owner = folder_of(ALICE, &signer);
        // Each in a signer of its own, as Lambda would run them: nothing queues up within one process.
        std::thread::scope(|scope| {
            for number in 0..WRITERS {
                let (share, owner) = (&made["id"], &owner);
                scope.spawn(move || {
                    let signer = people(origin, &[]);
                    let batch = json!({ "batch": format!("{number:032x}"), "events": [{
                        "at": 1_800_000_000_000_u64 + number as u64, "kind": "download", "share": share, "owner": owner,
                        "path": "a", "bytes": 10,
                    }]});
                    // Who met others too often says so, and may come again; who comes twice is counted once.
                    let tell = || ourselves(&signer, "/edge/v1/events", &batch).0;
                    let status = (0..20).map(|_| tell()).find(|status| *status != 503);
                    assert_eq!(status, Some(204), "{number}");
                });
            }
        });
        let (_, shown) = ALICE.gets(&signer, &one(&made));
        assert_eq!((&shown["uses"]["downloads"], &shown["uses"]["bytes"]), (&json!(WRITERS), &json!(10 * WRITERS)));
        let (status, log) = ALICE.gets(&signer, &format!("{}/events?limit=200", one(&made)));
        assert_eq!((status, log["items"].as_array().unwrap().len()), (200, WRITERS));
        assert_eq!(log["items"][0]["at"], 1_800_000_000_000_u64 + WRITERS as u64 - 1, "the newest first");
        assert_eq!(BOB.gets(&signer, &format!("{}/events", one(&made))).0, 404);
    });
}

/// A call of the edge's own.
fn ourselves(signer: &Signer, path: &str, body: &Value) -> (u16, Value) {
    let call = http::Request::post(path).header("content-type", "application/json");
    let call = call.body(body.to_string().into_bytes()).unwrap();
    let reply = common::wait(signer.answer(call, "p", clouddrop_signer::now()));
    (reply.status().as_u16(), serde_json::from_str(reply.body()).unwrap_or(Value::Null))
}

#[test]
fn batches_are_counted_once_and_read_strictly() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let owner = folder_of(ALICE, &signer);
        let made = share(ALICE, &signer, &json!({ "folder": owner, "max_downloads": 1 }));
        let event = |kind: &str, share: &Value| json!({ "at": 1_800_000_000_000_u64, "kind": kind, "share": share, "owner": owner, "path": "a", "bytes": 3, "country": "SE" });
        let batch =
            json!({ "batch": "0".repeat(32), "events": [event("claim", &made["id"]), event("download", &made["id"])] });
        assert_eq!(ourselves(&signer, "/edge/v1/events", &batch).0, 204);
        assert_eq!(ourselves(&signer, "/edge/v1/events", &batch).0, 204);
        let (_, shown) = ALICE.gets(&signer, &one(&made));
        assert_eq!(shown["uses"], json!({ "downloads": 1, "claims": 1, "bytes": 6, "last_at": 1_800_000_000 }));
        assert_eq!(shown["state"], "used_up");
        let unknown = json!({ "batch": "1".repeat(32), "events": [event("claim", &json!("f".repeat(32)))] });
        assert_eq!(ourselves(&signer, "/edge/v1/events", &unknown).0, 204, "of a token that was not made here");
        for bad in [json!({}), json!({ "batch": "x", "events": [] }), json!({ "batch": "0".repeat(32), "events": [] })]
        {
            assert_eq!(ourselves(&signer, "/edge/v1/events", &bad).0, 400, "{bad}");
        }
        // Nobody tells in the edge's place.
        assert_eq!(ADMIN.posts(&signer, "/edge/v1/events", &batch).0, 404);
        assert_eq!(ADMIN.posts(&signer, "/edge/v1/tick", &json!({})).0, 404);
    });
}

#[test]
fn the_kill_switch_knows_owners_objects_contents_and_issuers() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let digest = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="; // of "hello"
        let asked = json!({ "name": "bad.txt", "size": 5, "sha256": digest });
        let send = |person: Person| {
            let (status, granted) = person.posts(&signer, "/api/v1/uploads", &asked);
            assert_eq!(status, 201, "{granted}");
            assert_eq!(common::put(&granted["url"], &granted["headers"], b"hello"), 200);
            assert_eq!(
                person.posts(&signer, "/api/v1/uploads/complete", &json!({ "upload": granted["upload"] })).0,
                200
            );
            share(person, &signer, &json!({ "key": granted["key"] }))
        };
        let (alices, bobs) = (send(ALICE), send(BOB));
        let other = sends(ALICE, &signer, "good.txt", b"other");
        let other = share(ALICE, &signer, &json!({ "key": other["key"] }));
        let says = || [&alices, &bobs, &other].map(|share| edge_says(origin, share));
        assert_eq!(says(), ["allowed"; 3]);
        let revoke = |body: Value| assert_eq!(ADMIN.posts(&signer, "/api/v1/revocations", &body).0, 200, "{body}");
        revoke(json!({ "sha256": digest }));
        assert_eq!(says(), ["gone", "gone", "allowed"]);
        assert_eq!(BOB.posts(&signer, "/api/v1/uploads", &asked).0, 403, "it is not taken again");
        revoke(json!({ "owner": "alice" }));
        assert_eq!(says(), ["gone", "gone", "gone"]);
        let carols = share(ADMIN, &signer, &json!({ "key": "x/y", "owner": "carol" }));
        assert_eq!(edge_says(origin, &carols), "allowed");
        revoke(json!({ "object": "x/y" }));
        assert_eq!(edge_says(origin, &carols), "gone");
        let another = share(ADMIN, &signer, &json!({ "key": "x/z" }));
        revoke(json!({ "issuer": "clouddrop" }));
        assert_eq!(edge_says(origin, &another), "gone");
        for person in [ALICE, VERA] {
            assert_eq!(person.posts(&signer, "/api/v1/revocations", &json!({ "owner": "bob" })).0, 403);
        }
        let list = List::parse(objects(origin, "records/revoked").unwrap()).unwrap();
        assert!(list.holds(clouddrop_core::revocation::Kind::Key, &Mark::of_issuer("clouddrop")));
    });
}
