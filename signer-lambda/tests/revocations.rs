//! Taking back against an S3 server that verifies signatures and honours conditions: what the signer stores is what the
//! edge then reads and refuses by, and nothing is lost when many revoke at once.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_core::revocation::{Answer, Freshness, Revocations, fetch};
use clouddrop_core::token::verify;
use clouddrop_core::token::wire::TokenBytes;
use clouddrop_core::{Config, ObjectPath, Seconds, UnixTime};
use clouddrop_signer::Signer;
use common::bucket::with_bucket;
use common::{edge_of, get, refused, request, signer_with, wait};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/revocations";

/// A call now: the server looks at its clock.
fn revoke(signer: &Signer, body: &Value) -> (u16, Value) {
    let reply = wait(signer.answer(request(PATH, body.to_string()), "platform-1", clouddrop_signer::now()));
    (reply.status().as_u16(), serde_json::from_str(reply.body()).unwrap_or(Value::Null))
}

fn show(signer: &Signer) -> (u16, Value) {
    let reply = wait(signer.answer(get(PATH), "platform-1", clouddrop_signer::now()));
    (reply.status().as_u16(), serde_json::from_str(reply.body()).unwrap_or(Value::Null))
}

fn share(signer: &Signer) -> Value {
    common::post(signer, "/api/v1/shares", r#"{"key":"a"}"#).1
}

/// The edge asks for the list, as an adapter does.
fn refresh(edge: &Config, held: &mut Revocations) -> u16 {
    let now = clouddrop_signer::now();
    let asked = fetch::request(held, now, edge).unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let mut call = agent.get(asked.url);
    for (name, value) in asked.headers {
        call = call.header(name, value);
    }
    let mut reply = call.call().unwrap();
    let etag = reply.headers().get("etag").map(|value| value.to_str().unwrap().to_string());
    let body = reply.body_mut().read_to_vec().unwrap();
    let status = reply.status().as_u16();
    let _ = held.take(Answer { status, etag: etag.as_deref(), body }, now);
    status
}

/// What the edge says to a share's token by the list that it holds.
fn says(edge: &Config, held: &Revocations, share: &Value) -> &'static str {
    let bytes = TokenBytes::decode(share["token"].as_str().unwrap()).unwrap();
    let token = verify(&bytes.parts().unwrap(), edge.keys(), common::now()).unwrap();
    held.check(&token, &ObjectPath::from_key("a").unwrap(), clouddrop_signer::now())
        .map_or_else(|refusal| refusal.code(), |()| "allowed")
}

#[test]
fn what_is_taken_back_is_gone_at_the_edge_and_nothing_else_is() {
    with_bucket(|origin| {
        let signer = signer_with(&[("ORIGIN", origin)]);
        let edge = edge_of(origin, "http://127.0.0.1:9");
        let mut held = Revocations::default();
        let (one, other) = (share(&signer), share(&signer));
        assert_eq!(refresh(&edge, &mut held), 403, "no list yet");
        assert_eq!(says(&edge, &held, &one), "origin_unavailable");

        wait(signer.ensure_list(clouddrop_signer::now()));
        assert_eq!(refresh(&edge, &mut held), 200);
        assert_eq!((says(&edge, &held, &one), says(&edge, &held, &other)), ("allowed", "allowed"));
        assert_eq!(refresh(&edge, &mut held), 304, "it is the same");

        let (status, revoked) = revoke(&signer, &json!({ "token_id": one["id"] }));
        assert_eq!((status, &revoked["token_id"], &revoked["entries"]), (200, &one["id"], &json!(1)), "{revoked}");
        assert_eq!(says(&edge, &held, &one), "allowed", "before the next question");
        assert_eq!(refresh(&edge, &mut held), 200);
        assert_eq!((says(&edge, &held, &one), says(&edge, &held, &other)), ("gone", "allowed"));
        assert_eq!(held.freshness(clouddrop_signer::now(), Seconds(30)), Freshness::Fresh);

        assert_eq!(revoke(&signer, &json!({ "key_id": "b" })).1["issuer"], "clouddrop");
        refresh(&edge, &mut held);
        assert_eq!(says(&edge, &held, &other), "gone", "made with that key");
        let (status, shown) = show(&signer);
        let counts =
            json!({ "entries": 2, "token_ids": 1, "shares": 0, "subjects": 0, "keys": 1, "made_at": shown["made_at"] });
        assert_eq!((status, &shown), (200, &counts));
    });
}

#[test]
fn revoking_twice_is_revoking_once() {
    with_bucket(|origin| {
        let signer = signer_with(&[("ORIGIN", origin), ("MAX_EXPIRY", "2d")]);
        let share = json!({ "share": "000102030405060708090a0b0c0d0e0f" });
        let (status, first) = revoke(&signer, &share);
        assert_eq!((status, &first["entries"]), (200, &json!(1)));
        let until = UnixTime::from_rfc3339(first["until"].as_str().unwrap()).unwrap();
        let left = until.as_secs() - clouddrop_signer::now().as_secs();
        assert!((2 * 86_400 - 600..=2 * 86_400 + 1).contains(&left), "the longest life of a share: {left}");

        let mut again = share.clone();
        again["until"] = json!(until.as_secs() - 1000);
        let (status, second) = revoke(&signer, &again);
        assert_eq!((status, &second["until"], &second["entries"]), (200, &first["until"], &json!(1)), "never shorter");
        again["until"] = json!(until.after(Seconds(1000)).to_string());
        let (_, third) = revoke(&signer, &again);
        assert_eq!((&third["until"], &third["entries"]), (&again["until"], &json!(1)));
    });
}

#[test]
fn thirty_two_revocations_at_once_are_all_there() {
    const CALLS: usize = 32;
    with_bucket(|origin| {
        // Each in a signer of its own, as Lambda would run them, and none of them finds a list.
        std::thread::scope(|scope| {
            for number in 0..CALLS {
                scope.spawn(move || {
                    let signer = signer_with(&[("ORIGIN", origin)]);
                    let body = json!({ "token_id": format!("{number:032x}") });
                    // A call that met others too often says so, and may be made again.
                    let status = (0..10).map(|_| revoke(&signer, &body).0).find(|status| *status != 503);
                    assert_eq!(status, Some(200), "{number}");
                });
            }
        });
        let signer = signer_with(&[("ORIGIN", origin)]);
        assert_eq!(show(&signer).1["token_ids"], CALLS);
        for number in 0..CALLS {
            let (_, there) = revoke(&signer, &json!({ "token_id": format!("{number:032x}") }));
            assert_eq!(there["entries"], CALLS, "{number} was lost");
        }
    });
}

#[test]
fn an_entry_leaves_with_the_first_change_after_its_time() {
    with_bucket(|origin| {
        let signer = signer_with(&[("ORIGIN", origin)]);
        let soon = clouddrop_signer::now().after(Seconds(2)).as_secs();
        assert_eq!(revoke(&signer, &json!({ "subject": "alice", "until": soon })).1["entries"], 1);
        while clouddrop_signer::now().as_secs() < soon {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert_eq!(show(&signer).1["subjects"], 1, "it stands until the list is changed");
        assert_eq!(revoke(&signer, &json!({ "subject": "bob" })).1["entries"], 1);
        assert_eq!(show(&signer).1["subjects"], 1);
    });
}

#[test]
fn the_call_is_read_strictly() {
    let signer = signer_with(&[]);
    for bad in [
        "",
        "[]",
        "{}",
        r#"{"token_id":"61","x":1}"#,
        r#"{"token_id":"61","token_id":"61"}"#,
        r#"{"token_id":"61","subject":"a"}"#,
        r#"{"token_id":"xyz"}"#,
        r#"{"token_id":97}"#,
        r#"{"token_id":"61","until":"soon"}"#,
    ] {
        let reply = common::answer(&signer, request(PATH, bad));
        assert_eq!(refused(&reply), (400, "bad_request".into()), "{bad}");
    }
    let mut with_body = get(PATH);
    *with_body.body_mut() = b"{}".to_vec();
    assert_eq!(refused(&common::answer(&signer, with_body)), (400, "bad_request".into()));
    for method in ["HEAD", "PUT", "DELETE", "PATCH"] {
        let mut call = get(PATH);
        *call.method_mut() = method.parse().unwrap();
        let reply = common::answer(&signer, call);
        assert_eq!(
            (reply.status().as_u16(), &reply.headers()["allow"]),
            (405, &"GET, POST".parse().unwrap()),
            "{method}"
        );
    }
    let mut nobody = get(PATH);
    nobody.headers_mut().remove("x-clouddrop-authorization");
    assert_eq!(refused(&common::answer(&signer, nobody)), (401, "unauthorized".into()));
}
