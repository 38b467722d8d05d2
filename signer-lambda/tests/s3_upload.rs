//! Whole uploads against an S3 server that verifies every signature and enforces what each identity may do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_signer::Signer;
use common::bucket::with_bucket;
use common::{put, request, signer_with, wait};
use serde_json::{Value, json};

const MIB: usize = 1024 * 1024;

/// Runs `test` with a signer whose bucket is a real server.
fn with_s3(test: impl FnOnce(&Signer)) {
    with_bucket(|origin| test(&signer_with(&[("ORIGIN", origin), ("MULTIPART_THRESHOLD", "1048576")])));
}

/// A call now: the server looks at its clock.
fn post(signer: &Signer, path: &str, body: &Value) -> (u16, Value) {
    let call = request(&format!("/api/v1/uploads{path}"), body.to_string());
    let reply = wait(signer.answer(call, "platform-1", clouddrop_signer::now()));
    (reply.status().as_u16(), serde_json::from_str(reply.body()).unwrap_or(Value::Null))
}

#[test]
fn a_single_upload_takes_exactly_what_was_granted_once() {
    with_s3(|signer| {
        let digest = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="; // of "hello"
        let grant = || {
            let asked = json!({ "name": "ä b+c.txt", "size": 5, "type": "text/plain", "sha256": digest });
            let (status, granted) = post(signer, "", &asked);
            assert_eq!(status, 201, "{granted}");
            granted
        };
        let granted = grant();
        let (url, headers) = (&granted["url"], &granted["headers"]);
        assert_eq!(put(url, headers, b"hullo"), 400, "another content");
        assert_eq!(put(url, headers, b"hello!"), 403, "another length");
        let with = |name: &str, value: &str| {
            let mut headers = headers.clone();
            headers[name] = value.into();
            headers
        };
        assert_eq!(put(url, &with("content-type", "text/html"), b"hello"), 403, "another type");
        assert_eq!(put(url, &with("if-none-match", "\"x\""), b"hello"), 403, "another condition");
        assert_eq!(put(url, &with("x-amz-meta-extra", "x"), b"hello"), 403, "a header that is not signed");
        let elsewhere = Value::from(url.as_str().unwrap().replace("c.txt", "d.txt"));
        assert_eq!(put(&elsewhere, headers, b"hello"), 403, "another key");
        assert_eq!(put(url, headers, b"hello"), 200);
        assert_eq!(put(url, headers, b"hello"), 412, "never over what is there");
        let empty = post(signer, "", &json!({ "name": "empty", "size": 0 })).1;
        assert_eq!(put(&empty["url"], &empty["headers"], b""), 200);
    });
}

#[test]
fn an_upload_in_parts_is_completed_when_all_is_there() {
    with_s3(|signer| {
        let size = 17 * MIB;
        let (status, begun) = post(signer, "", &json!({ "name": "big ü.bin", "size": size, "type": "video/mp4" }));
        assert_eq!(status, 201, "{begun}");
        assert_eq!(
            (&begun["kind"], &begun["part_size"], &begun["part_count"]),
            (&json!("multipart"), &json!(16 * MIB), &json!(2))
        );
        let call = json!({ "upload": begun["upload"], "upload_id": begun["upload_id"] });
        let list = || post(signer, "/list", &call).1;
        let none = Value::Null;

        let nothing = json!({
            "parts": [], "received": 0, "size": size, "upload_id": begun["upload_id"], "part_size": 16 * MIB,
            "part_count": 2,
        });
        assert_eq!(list(), nothing);
        assert_eq!(post(signer, "/complete", &call).0, 412, "nothing there");
        let url = |number: usize| begun["parts"][number - 1]["url"].clone();
        assert_eq!(put(&url(1), &none, &[1; 5]), 403, "a part of another length");
        assert_eq!(put(&url(1), &none, &vec![1; 16 * MIB]), 200);
        assert_eq!(list()["received"], 16 * MIB);
        assert_eq!(post(signer, "/complete", &call).0, 412, "one part of two");

        let mut more = call.clone();
        more["numbers"] = json!([2]);
        let (status, fresh) = post(signer, "/parts", &more);
        assert_eq!((status, &fresh["parts"][0]["size"]), (200, &json!(MIB)));
        assert_eq!(put(&fresh["parts"][0]["url"], &none, &vec![2; MIB]), 200);
        let listed = list();
        assert_eq!((&listed["parts"][1]["number"], &listed["received"]), (&json!(2), &json!(size)));

        let (status, done) = post(signer, "/complete", &call);
        assert_eq!((status, &done["key"], &done["size"]), (200, &begun["key"], &json!(size)), "{done}");
        assert!(done["etag"].as_str().unwrap().ends_with("-2\""), "{done}");
        assert_eq!(post(signer, "/complete", &call), (200, done), "made again, it is the same");
        assert_eq!(post(signer, "/list", &call).0, 409);
        assert_eq!(post(signer, "/abort", &call).0, 409, "it is a file now");
    });
}

#[test]
fn an_upload_can_be_aborted_and_holds_for_its_own_key_only() {
    with_s3(|signer| {
        let begin = || post(signer, "", &json!({ "name": "a", "size": 2 * MIB })).1;
        let (one, other) = (begin(), begin());
        let mixed = json!({ "upload": one["upload"], "upload_id": other["upload_id"] });
        for path in ["/list", "/complete", "/abort"] {
            assert_eq!(post(signer, path, &mixed).0, 404, "{path}");
        }
        let call = json!({ "upload": other["upload"], "upload_id": other["upload_id"] });
        assert_eq!(post(signer, "/list", &call).0, 200, "the other upload is untouched");
        assert_eq!(post(signer, "/abort", &call), (204, Value::Null));
        assert_eq!(post(signer, "/abort", &call), (204, Value::Null), "made again, it is the same");
        assert_eq!(post(signer, "/list", &call).0, 409);
        assert_ne!(put(&other["parts"][0]["url"], &Value::Null, &vec![1; 2 * MIB]), 200);
    });
}
