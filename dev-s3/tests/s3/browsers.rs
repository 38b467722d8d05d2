//! Pages of allowed origins, and no others.

use super::support::{PAGE, Rig, path_of};

const STRANGER: &str = "http://stranger.test";

#[tokio::test]
async fn a_preflight_of_an_allowed_origin_is_answered() {
    let rig = Rig::start().await;
    let preflight = |origin: &str, method: &str| {
        let call = rig.call("OPTIONS", &path_of("k")).anonymous();
        let call = call.header("origin", origin).header("access-control-request-method", method);
        call.header("access-control-request-headers", "content-type,x-amz-checksum-sha256")
    };
    for method in ["GET", "PUT", "HEAD", "POST", "DELETE"] {
        let reply = preflight(PAGE, method).send().await.ok();
        assert_eq!(reply.header("access-control-allow-origin"), PAGE);
        assert!(reply.header("access-control-allow-methods").contains(method));
        assert_eq!(reply.header("access-control-allow-headers"), "content-type,x-amz-checksum-sha256");
        assert!(!reply.header("access-control-max-age").is_empty());
    }
    for (origin, method) in [(STRANGER, "PUT"), ("null", "PUT"), ("http://page.test:8787.evil", "PUT"), (PAGE, "PATCH")]
    {
        let reply = preflight(origin, method).send().await.refused(403, "AccessForbidden");
        assert_eq!(reply.header("access-control-allow-methods"), "");
    }
    rig.call("OPTIONS", &path_of("k")).anonymous().send().await.refused(400, "BadRequest");
}

#[tokio::test]
async fn replies_and_refusals_are_readable_for_allowed_origins() {
    let rig = Rig::start().await;
    let put = || rig.call("PUT", &path_of("k")).presigned(60).body("x");
    for call in [put().header("origin", PAGE), put().header("origin", PAGE).anonymous()] {
        let reply = call.send().await;
        assert_eq!(reply.header("access-control-allow-origin"), PAGE, "{}", reply.status);
        assert!(reply.header("access-control-expose-headers").contains("ETag"));
        assert!(reply.header("access-control-expose-headers").contains("x-amz-checksum-sha256"));
        assert!(reply.headers.get_all("vary").iter().any(|value| value == "origin"));
    }
    let reply = put().header("origin", STRANGER).send().await.ok();
    assert_eq!(reply.header("access-control-allow-origin"), "");
    assert_eq!(put().send().await.ok().header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn the_access_log_has_every_request_and_no_secret() {
    let rig = Rig::start().await;
    rig.call("OPTIONS", &path_of("k")).anonymous().send().await;
    rig.call("PUT", &path_of("a b")).presigned(60).body("x").send().await.ok();
    rig.call("GET", &path_of("a b")).header("range", "bytes=0-0").send().await.ok();
    rig.call("GET", &path_of("nope")).send().await;
    let log = rig.log();
    let summary: Vec<_> = log
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
            (
                text("method"),
                text("path"),
                line["status"].as_u64().unwrap(),
                text("identity"),
                text("range"),
                text("code"),
            )
        })
        .collect();
    let line = |method: &str, path: &str, status, identity: &str, range: &str, code: &str| {
        let [method, identity, range, code] = [method, identity, range, code].map(str::to_owned);
        (method, format!("/test-bucket/{path}"), status, identity, range, code)
    };
    assert_eq!(
        summary,
        [
            line("OPTIONS", "k", 400, "-", "-", "BadRequest"),
            line("PUT", "a%20b", 200, "admin", "-", "-"),
            line("GET", "a%20b", 206, "admin", "bytes=0-0", "-"),
            line("GET", "nope", 404, "admin", "-", "NoSuchKey"),
        ]
    );
    let keys = log[1]["query_keys"].as_array().unwrap();
    assert!(keys.iter().any(|key| key == "X-Amz-Signature"), "{keys:?}");
    let names: Vec<_> = log[0].as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = ["method", "path", "query_keys", "identity", "status", "range", "code"];
    expected.sort_unstable();
    assert_eq!(names, expected);
}
