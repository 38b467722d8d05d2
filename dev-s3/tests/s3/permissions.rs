//! Actions and prefixes, enforced as IAM does.

use super::support::{ADMIN, BUCKET, EDGE, Rig, WRITER, path_of};

#[tokio::test]
async fn an_identity_does_what_it_is_allowed_below_its_prefix() {
    let rig = Rig::start().await;
    for key in ["files/a", "records/a"] {
        rig.put(key, "x").await.ok();
    }
    for (who, method, key, status) in [
        (EDGE, "GET", "files/a", 200),
        (EDGE, "HEAD", "files/a", 200),
        (EDGE, "GET", "records/a", 403),
        (EDGE, "HEAD", "records/a", 403),
        (EDGE, "GET", "files", 403),
        (EDGE, "PUT", "files/new", 403),
        (EDGE, "DELETE", "files/a", 403),
        (WRITER, "PUT", "files/b", 200),
        (WRITER, "PUT", "records/b", 403),
        (WRITER, "GET", "files/a", 403),
        (WRITER, "DELETE", "files/a", 403),
        (ADMIN, "DELETE", "records/a", 204),
    ] {
        let reply = rig.call(method, &path_of(key)).who(who).send().await;
        assert_eq!(reply.status, status, "{} {method} {key}", who.0);
    }
    for missing in ["files/new", "records/b"] {
        rig.get(missing).await.refused(404, "NoSuchKey");
    }
    rig.get("files/a").await.ok();
}

#[tokio::test]
async fn a_prefix_is_a_prefix_of_the_key_not_of_what_it_resolves_to() {
    let rig = Rig::start().await;
    rig.put("records/a", "secret").await.ok();
    let reply = rig.call("GET", &path_of("files/../records/a")).who(EDGE).send().await;
    reply.refused(403, "AccessDenied");
}

#[tokio::test]
async fn a_missing_key_looks_forbidden_to_who_may_not_list() {
    let rig = Rig::start().await;
    let missing = |who| rig.call("GET", &path_of("files/missing")).who(who);
    missing(EDGE).send().await.refused(403, "AccessDenied");
    missing(ADMIN).send().await.refused(404, "NoSuchKey");
    assert_eq!(rig.call("HEAD", &path_of("files/missing")).who(EDGE).send().await.status, 403);
    assert_eq!(rig.log()[0]["identity"], "edge");
}

#[tokio::test]
async fn lists_need_their_action_and_a_prefix_of_ones_own() {
    let rig = Rig::start().await;
    let list = |who, query: &str| rig.call("GET", &format!("/{BUCKET}?{query}")).who(who);
    list(WRITER, "list-type=2&prefix=files%2F").send().await.ok();
    list(WRITER, "list-type=2&prefix=files%2Fdeep").send().await.ok();
    list(WRITER, "list-type=2").send().await.refused(403, "AccessDenied");
    list(WRITER, "list-type=2&prefix=records%2F").send().await.refused(403, "AccessDenied");
    list(WRITER, "list-type=2&prefix=&prefix=files%2F").send().await.refused(403, "AccessDenied");
    list(WRITER, "list-type=2&prefix=files%2F&prefix=records%2F").send().await.refused(403, "AccessDenied");
    list(EDGE, "list-type=2&prefix=files%2F").send().await.refused(403, "AccessDenied");
    list(WRITER, "uploads&prefix=files%2F").send().await.refused(403, "AccessDenied");
    list(ADMIN, "uploads").send().await.ok();
}

#[tokio::test]
async fn each_step_of_a_multipart_upload_needs_its_action() {
    let rig = Rig::start().await;
    let path = path_of("files/m");
    rig.call("POST", &format!("{path}?uploads")).who(EDGE).send().await.refused(403, "AccessDenied");
    let created = rig.call("POST", &format!("{path}?uploads")).who(WRITER).send().await.ok();
    let id = created.xml("UploadId").to_owned();
    let part = format!("{path}?partNumber=1&uploadId={id}");
    rig.call("PUT", &part).who(EDGE).body("x").send().await.refused(403, "AccessDenied");
    rig.call("PUT", &part).who(WRITER).body("x").send().await.ok();
    let upload = format!("{path}?uploadId={id}");
    rig.call("GET", &upload).who(WRITER).send().await.refused(403, "AccessDenied");
    rig.call("DELETE", &upload).who(WRITER).send().await.refused(403, "AccessDenied");
    assert_eq!(rig.call("DELETE", &upload).send().await.status, 204);
}
