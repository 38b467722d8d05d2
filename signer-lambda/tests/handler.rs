//! The handler without a network: every refusal, strict JSON, caps, and the tokens and URLs that it issues.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_core::revocation::{Answer, Draft};
use clouddrop_core::token::wire::TokenBytes;
use clouddrop_core::token::{Disposition, Listing, Purpose, verify};
use clouddrop_core::{Client, Decision, Headers, Place, Seconds, UnixTime};
use common::{answer, now, post, refused, request, signer_with, signer_with_log};
use serde_json::{Value, json};

const SHARES: &str = "/api/v1/shares";
const UPLOADS: &str = "/api/v1/uploads";

#[test]
fn routes_and_methods() {
    let signer = signer_with(&[]);
    for path in ["/", "/api/v1", "/api/v1/shares/", "/api/v2/shares", "/api/v1/uploads/part"] {
        for method in ["GET", "HEAD", "POST"] {
            let mut call = request(path, "{}");
            *call.method_mut() = method.parse().unwrap();
            let reply = answer(&signer, call);
            assert_eq!(reply.status(), 404, "{method} {path}");
            assert_eq!(reply.body().is_empty(), method == "HEAD");
        }
    }
    for method in ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "post"] {
        let mut call = request(SHARES, "{}");
        *call.method_mut() = http::Method::from_bytes(method.as_bytes()).unwrap();
        let reply = answer(&signer, call);
        assert_eq!(reply.status(), 405, "{method}");
        assert_eq!(reply.headers()["allow"], "GET, POST");
    }
}

#[test]
fn the_api_key_is_needed() {
    let signer = signer_with(&[]);
    for authorization in [None, Some(""), Some("Bearer"), Some("Bearer wrong"), Some(common::API_KEY)] {
        let mut call = request(SHARES, r#"{"key":"a"}"#);
        call.headers_mut().remove("x-clouddrop-authorization");
        // The client's own header has no say: at a Function URL it is the edge's signature.
        call.headers_mut().insert("authorization", format!("Bearer {}", common::API_KEY).parse().unwrap());
        if let Some(value) = authorization {
            call.headers_mut().insert("x-clouddrop-authorization", value.parse().unwrap());
        }
        let reply = answer(&signer, call);
        assert_eq!(refused(&reply), (401, "unauthorized".into()), "{authorization:?}");
        assert_eq!(reply.headers()["www-authenticate"], "Bearer");
    }
    let mut call = request(SHARES, r#"{"key":"a"}"#);
    call.headers_mut().append("x-clouddrop-authorization", "Bearer other".parse().unwrap());
    assert_eq!(answer(&signer, call).status(), 401);
}

#[test]
fn a_problem_names_the_request() {
    let signer = signer_with(&[]);
    let problem = |call| serde_json::from_str::<Value>(answer(&signer, call).body()).unwrap();
    assert_eq!(problem(request(SHARES, "{}"))["request_id"], "test-1");
    let mut call = request(SHARES, "{}");
    call.headers_mut().remove("x-clouddrop-request-id");
    assert_eq!(problem(call)["request_id"], "platform-1");
    let mut call = request(SHARES, "{}");
    call.headers_mut().insert("accept", "text/html".parse().unwrap());
    assert_eq!(problem(call)["code"], "bad_request");
}

#[test]
fn type_length_and_query() {
    let signer = signer_with(&[]);
    let with_type = |value: Option<&str>| {
        let mut call = request(SHARES, r#"{"key":"a"}"#);
        call.headers_mut().remove("content-type");
        if let Some(value) = value {
            call.headers_mut().insert("content-type", value.parse().unwrap());
        }
        answer(&signer, call)
    };
    for bad in [None, Some(""), Some("text/plain"), Some("application/jsonp"), Some("application/problem+json")] {
        assert_eq!(refused(&with_type(bad)), (415, "unsupported_type".into()), "{bad:?}");
    }
    assert_eq!(with_type(Some("Application/JSON; charset=utf-8")).status(), 201);

    let padded = |bytes: usize| format!("{}{}", r#"{"key":"a"}"#, " ".repeat(bytes - 11));
    assert_eq!(answer(&signer, request(SHARES, padded(64 * 1024))).status(), 201);
    assert_eq!(refused(&answer(&signer, request(SHARES, padded(64 * 1024 + 1)))), (413, "too_large".into()));
}

#[test]
fn json_is_read_strictly() {
    let signer = signer_with(&[]);
    let deep = format!(r#"{{"key":{}"a"{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    for bad in [
        "",
        "null",
        "[]",
        r#""a""#,
        r#"{"key":"a""#,
        r#"{"key":"a"}{"#,
        r#"{"key":"a"} x"#,
        r#"{"key":"a",}"#,
        r#"{'key':'a'}"#,
        r#"{"key":"a"} // why"#,
        r#"{"key":"a","colour":"red"}"#,
        r#"{"key":"a","Key":"a"}"#,
        r#"{"key":"a","key":"a"}"#,
        r#"{"key":"a","k\u0065y":"b"}"#,
        r#"{"key":1}"#,
        r#"{"key":["a"]}"#,
        r#"{"key":"a","expires_in":-1}"#,
        r#"{"key":"a","expires_in":"soon"}"#,
        r#"{"key":"a","inline":"yes"}"#,
        r#"{"key":"a","inline":1}"#,
        r#"{"key":"a","max_downloads":1.5}"#,
        r#"{"key":"a","max_downloads":"1"}"#,
        r#"{"key":"a","list":true}"#,
        r#"{"folder":"a","list":1}"#,
        r#"{"key":"\ud800"}"#,
        &deep,
    ] {
        assert_eq!(refused(&answer(&signer, request(SHARES, bad))), (400, "bad_request".into()), "{bad:.80}");
    }
    assert_eq!(answer(&signer, request(SHARES, b"{\"key\":\"\xff\"}".to_vec())).status(), 400);
    for bad in [
        r#"{"name":"a"}"#,
        r#"{"size":1}"#,
        r#"{"name":"a","size":1,"size":1}"#,
        r#"{"name":"a","size":-1}"#,
        r#"{"name":"a","size":1,"x":1}"#,
    ] {
        assert_eq!(answer(&signer, request(UPLOADS, bad)).status(), 400, "{bad}");
    }
    for path in ["parts", "list", "complete", "abort"] {
        for bad in [r"{}", r#"{"upload":"a","upload_id":"b","x":1}"#, r#"{"upload":"a","upload":"a","upload_id":"b"}"#]
        {
            let reply = answer(&signer, request(&format!("{UPLOADS}/{path}"), bad));
            assert_eq!(reply.status(), 400, "{path} {bad}");
        }
    }
}

#[test]
fn a_share_says_what_was_asked_and_the_edge_believes_it() {
    let signer = signer_with(&[]);
    let asked = json!({
        "key": "reports/2026 é.pdf", "expires_in": "2h", "methods": ["GET"], "networks": ["203.0.113.0/24", "AS64500"],
        "countries": ["SE"], "file_name": "Report.pdf", "inline": true, "max_downloads": 3,
    });
    let (status, share) = post(&signer, SHARES, asked.to_string());
    assert_eq!(status, 201, "{share}");
    let token = share["token"].as_str().unwrap();
    assert_eq!(share["key"], "reports/2026 é.pdf");
    assert!(share.get("folder").is_none());
    assert_eq!(share["link"], format!("http://127.0.0.1:8788/s/{token}"));
    assert_eq!(share["download"], format!("http://127.0.0.1:8788/d/{token}"));
    assert_eq!(share["expires_at"], now().after(Seconds(7200)).to_string());
    assert_eq!(share["curl"], format!("curl -fLOJ -d '' 'http://127.0.0.1:8788/d/{token}'"));

    let bytes = TokenBytes::decode(token).unwrap();
    let parts = bytes.parts().unwrap();
    let verified = verify(&parts, signer.config().token_keys(), now()).unwrap();
    let claims = verified.claims();
    let id: String = claims.id().unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(share["id"], id);
    assert_eq!(verified.key().id().as_str(), "b", "the newest key");
    assert_eq!(claims.issuer(), Some("clouddrop"));
    assert_eq!(claims.issued_at(), Some(now()));
    assert_eq!(claims.expires(), Some(now().after(Seconds(7200))));
    assert_eq!(claims.download_limit(), Some(3));
    assert_eq!(claims.file_name(), Some("Report.pdf"));
    assert_eq!((claims.disposition(), claims.purpose()), (Disposition::Inline, Purpose::Download));
}

#[test]
fn only_a_folder_that_was_shared_so_may_be_listed() {
    let signer = signer_with(&[]);
    for (asked, listing) in [
        (json!({ "folder": "a", "list": true }), Listing::Shown),
        (json!({ "folder": "a", "list": false }), Listing::Hidden),
        (json!({ "folder": "a" }), Listing::Hidden),
    ] {
        let (status, share) = post(&signer, SHARES, asked.to_string());
        assert_eq!(status, 201, "{share}");
        let bytes = TokenBytes::decode(share["token"].as_str().unwrap()).unwrap();
        let parts = bytes.parts().unwrap();
        let verified = verify(&parts, signer.config().token_keys(), now()).unwrap();
        assert_eq!(verified.claims().listing(), listing, "{asked}");
    }
}

/// What the edge says to a GET of a share: the code of a refusal, or the origin's URL.
fn at_the_edge(token: &str, rest: &str, client: Client<'_>, at: UnixTime) -> String {
    let mut edge = common::edge("http://127.0.0.1:9");
    let list = Answer { status: 200, etag: None, body: Draft::default().encode(at) };
    edge.revocations_mut().take(list, at).unwrap();
    let request = clouddrop_core::Request {
        method: "GET",
        url: &format!("http://127.0.0.1:8788/d/{token}{rest}"),
        id: "r",
        headers: Headers::new(&[("host", "127.0.0.1:8788")]),
        client,
    };
    match clouddrop_core::decide(&request, at, &edge) {
        Decision::Fetch(fetch) => fetch.url,
        Decision::Reply(reply) => reply.log.map(|log| log.code.to_string()).unwrap_or_default(),
        other => format!("{other:?}"),
    }
}

#[test]
fn shares_hold_at_the_edge_within_their_terms_only() {
    let signer = signer_with(&[]);
    let share = |asked: Value| {
        let (status, share) = post(&signer, SHARES, asked.to_string());
        assert_eq!(status, 201, "{share}");
        share
    };
    let token = |asked| share(asked)["token"].as_str().unwrap().to_string();
    let anyone = Client { address: None, place: Some(Place::default()) };

    let plain = token(json!({ "key": "a b" }));
    assert_eq!(at_the_edge(&plain, "", anyone, now()), "http://127.0.0.1:9/bucket/files/a%20b");
    assert_eq!(at_the_edge(&plain, "", anyone, now().after(Seconds(7 * 86_400))), "expired");

    let folder = share(json!({ "folder": "a/b/" }));
    assert_eq!(folder["folder"], "a/b");
    assert!(folder["download"].as_str().unwrap().ends_with('/'));
    let folder = folder["token"].as_str().unwrap();
    assert_eq!(at_the_edge(folder, "/c/d", anyone, now()), "http://127.0.0.1:9/bucket/files/a/b/c/d");
    assert_eq!(at_the_edge(folder, "/../c", anyone, now()), "bad_path");

    let inside = Client { address: Some("203.0.113.9".parse().unwrap()), place: Some(Place::default()) };
    let network = token(json!({ "key": "a", "networks": ["203.0.113.0/24"] }));
    assert_eq!(at_the_edge(&network, "", anyone, now()), "forbidden");
    assert!(at_the_edge(&network, "", inside, now()).starts_with("http:"));

    let swede = Client { address: None, place: Some(Place { country: Some("SE"), ..Place::default() }) };
    let country = token(json!({ "key": "a", "countries": ["SE"] }));
    assert_eq!(at_the_edge(&country, "", anyone, now()), "forbidden");
    assert!(at_the_edge(&country, "", swede, now()).starts_with("http:"));

    assert_eq!(at_the_edge(&token(json!({ "key": "a", "max_downloads": 1 })), "", anyone, now()), "claim_required");
    let (_, elsewhere) = post(&signer_with(&[("AUDIENCE", "prod")]), SHARES, r#"{"key":"a"}"#);
    assert_eq!(at_the_edge(elsewhere["token"].as_str().unwrap(), "", anyone, now()), "forbidden");
    // HEAD alone does not let GET.
    assert_ne!(
        at_the_edge(&token(json!({ "key": "a", "methods": ["HEAD"] })), "", anyone, now()).get(..5),
        Some("http:")
    );
}

#[test]
fn a_share_may_be_asked_for_as_text() {
    let signer = signer_with(&[]);
    let with_accept = |accept: &str| {
        let mut call = request(SHARES, r#"{"key":"a"}"#);
        call.headers_mut().insert("accept", accept.parse().unwrap());
        answer(&signer, call)
    };
    let reply = with_accept("text/plain");
    assert_eq!(reply.status(), 201);
    assert_eq!(reply.headers()["content-type"], "text/plain; charset=utf-8");
    let link = reply.body().strip_suffix('\n').unwrap();
    assert!(link.starts_with("http://127.0.0.1:8788/s/") && !link.contains('\n'));
    for json in ["*/*", "application/json", "application/json, text/plain"] {
        assert_eq!(with_accept(json).headers()["content-type"], "application/json", "{json}");
    }
}

#[test]
fn the_operator_limits_shares() {
    let signer = signer_with(&[("MAX_EXPIRY", "1d")]);
    assert_eq!(post(&signer, SHARES, r#"{"key":"a","expires_in":"24h"}"#).0, 201);
    assert_eq!(post(&signer, SHARES, r#"{"key":"a","expires_in":86401}"#).0, 403);
    let (_, share) = post(&signer, SHARES, r#"{"key":"a"}"#);
    assert_eq!(share["expires_at"], now().after(Seconds(86_400)).to_string());
}

#[test]
fn ids_and_keys_are_never_the_same() {
    let signer = signer_with(&[]);
    let id = || post(&signer, SHARES, r#"{"key":"a"}"#).1["id"].as_str().unwrap().to_string();
    assert_ne!(id(), id());
    let key = || post(&signer, UPLOADS, r#"{"name":"a","size":1}"#).1["key"].as_str().unwrap().to_string();
    let (one, other) = (key(), key());
    assert_ne!(one, other);
    let [owner, folder, name] = one.split('/').collect::<Vec<_>>()[..] else { panic!("{one}") };
    assert_eq!((owner.len(), folder.len(), name), (24, 44, "a"));
}

#[test]
fn a_single_upload_signs_all_that_is_granted() {
    let signer = signer_with(&[]);
    let digest = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let asked = json!({ "name": "a b.txt", "size": 5, "type": "text/plain", "sha256": digest, "expires_in": "10m" });
    let (status, granted) = post(&signer, UPLOADS, asked.to_string());
    assert_eq!(status, 201, "{granted}");
    assert_eq!((&granted["kind"], &granted["method"]), (&json!("single"), &json!("PUT")));
    let headers = json!({
        "content-length": "5", "content-type": "text/plain", "if-none-match": "*", "x-amz-checksum-sha256": digest,
    });
    assert_eq!(granted["headers"], headers);
    assert_eq!(granted["expires_at"], now().after(Seconds(600)).to_string());
    let url = granted["url"].as_str().unwrap();
    let key = granted["key"].as_str().unwrap().replace(' ', "%20");
    assert!(url.starts_with(&format!("{}/files/{key}?", common::bucket::shared())), "{url}");
    for part in [
        "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match%3Bx-amz-checksum-sha256",
        "X-Amz-Expires=600",
        &format!("X-Amz-Date={}", str::from_utf8(&now().amz_date()).unwrap()),
    ] {
        assert!(url.contains(part), "{part} in {url}");
    }
}

#[test]
fn presigned_urls_end_with_the_credentials() {
    let end = |seconds: u64| (now().as_secs() + seconds).to_string();
    let signer = signer_with(&[("AWS_CREDENTIALS_EXPIRE", &end(90))]);
    let (status, granted) = post(&signer, UPLOADS, r#"{"name":"a","size":1}"#);
    assert_eq!((status, &granted["expires_at"]), (201, &json!(now().after(Seconds(90)).to_string())));
    assert!(granted["url"].as_str().unwrap().contains("X-Amz-Expires=90&"));
    let signer = signer_with(&[("AWS_CREDENTIALS_EXPIRE", &end(59))]);
    let reply = answer(&signer, request(UPLOADS, r#"{"name":"a","size":1}"#));
    assert_eq!(refused(&reply), (503, "origin_unavailable".into()));
    assert!(reply.headers().contains_key("retry-after"));
}

#[test]
fn later_calls_need_the_upload_token() {
    let signer = signer_with(&[("MULTIPART_THRESHOLD", "10")]);
    let (_, granted) = post(&signer, UPLOADS, r#"{"name":"a","size":10}"#);
    let (_, share) = post(&signer, SHARES, r#"{"key":"a"}"#);
    let call = |path: &str, upload: &Value, upload_id: &str| {
        let mut body = json!({ "upload": upload, "upload_id": upload_id });
        if path == "parts" {
            body["numbers"] = json!([1]);
        }
        refused(&answer(&signer, request(&format!("{UPLOADS}/{path}"), body.to_string())))
    };
    for path in ["parts", "list", "complete", "abort"] {
        assert_eq!(call(path, &json!("nonsense"), "u"), (401, "unauthorized".into()), "{path}");
        assert_eq!(call(path, &share["token"], "u"), (403, "forbidden".into()), "{path}");
    }
    for bad in ["", "a b", "é", &"u".repeat(1025)] {
        assert_eq!(call("parts", &granted["upload"], bad), (400, "bad_request".into()), "{bad}");
    }
    for path in ["list", "complete", "abort"] {
        let body = json!({ "upload": granted["upload"], "upload_id": "another" });
        assert_eq!(post(&signer, &format!("{UPLOADS}/{path}"), body.to_string()).0, 404, "{path}");
    }
}

#[test]
fn parts_are_presigned_with_their_exact_lengths() {
    let signer = signer_with(&[("MULTIPART_THRESHOLD", "41943040")]);
    let (_, granted) = post(&signer, UPLOADS, r#"{"name":"a","size":41943040}"#);
    let parts = |numbers: Value| {
        let body = json!({ "upload": granted["upload"], "upload_id": "u/1", "numbers": numbers });
        post(&signer, "/api/v1/uploads/parts", body.to_string())
    };
    let (status, reply) = parts(json!([3, 1]));
    assert_eq!(status, 200, "{reply}");
    assert_eq!((&reply["parts"][0]["number"], &reply["parts"][0]["size"]), (&json!(3), &json!(8_388_608)));
    assert_eq!((&reply["parts"][1]["number"], &reply["parts"][1]["size"]), (&json!(1), &json!(16_777_216)));
    let url = reply["parts"][0]["url"].as_str().unwrap();
    assert!(
        url.contains("?partNumber=3&uploadId=u%2F1&") && url.contains("SignedHeaders=content-length%3Bhost&"),
        "{url}"
    );
    for bad in [json!([]), json!([-1]), json!([1.5]), json!(vec![1; 1001])] {
        assert_eq!(parts(bad.clone()).0, 400, "{bad}");
    }
    for missing in [json!([0]), json!([4])] {
        assert_eq!(parts(missing.clone()).0, 409, "{missing}");
    }
    assert_eq!(parts(json!(vec![1; 1000])).0, 200);
}

#[test]
fn too_large_an_upload_is_refused() {
    let signer = signer_with(&[]);
    assert_eq!(refused(&answer(&signer, request(UPLOADS, r#"{"name":"a","size":5497558138881}"#))).0, 400);
}

#[test]
fn the_log_names_the_holder_and_no_secret() {
    let (signer, lines) = signer_with_log();
    let (_, share) = post(&signer, SHARES, r#"{"key":"secret-plan.pdf"}"#);
    let (_, granted) = post(&signer, UPLOADS, r#"{"name":"secret-plan.pdf","size":1}"#);
    let body = json!({ "upload": granted["upload"], "upload_id": granted["upload"], "numbers": granted["upload"] });
    assert_eq!(post(&signer, "/api/v1/uploads/parts", body.to_string()).0, 400);
    let lines = lines.lock().unwrap();
    for said in [r#""request_id":"test-1""#, r#""caller":"test""#, r#""status":201"#, r#""detail":"Data at line 1"#] {
        assert!(lines.contains(said), "{said} in {lines}");
    }
    for secret in [&share["token"], &granted["upload"], &json!(common::API_KEY), &json!("secret-plan")] {
        assert!(!lines.contains(secret.as_str().unwrap()), "{secret} in {lines}");
    }
}
