//! Signatures that are missing, wrong, late, early, or do not cover what they must: refused, and nothing stored.

use std::time::{Duration, SystemTime};

use super::support::{ADMIN, BUCKET, Call, EDGE, Reply, Rig, path_of};

const DAY: Duration = Duration::from_secs(86_400);

fn put(rig: &Rig) -> Call {
    rig.call("PUT", &path_of("k")).body("x")
}

/// Refused in the request log as well, and the key is still missing.
#[track_caller]
fn nothing_stored(rig: &Rig) {
    assert!(rig.data_files().is_empty());
    assert!(rig.log().iter().all(|line| line["status"] != 200), "{:?}", rig.log());
    assert!(rig.log().iter().all(|line| !line["code"].is_null()));
}

fn minutes_from_now(minutes: i64) -> SystemTime {
    let now = SystemTime::now();
    let offset = Duration::from_secs(minutes.unsigned_abs() * 60);
    if minutes < 0 { now - offset } else { now + offset }
}

#[tokio::test]
async fn an_anonymous_request_is_denied() {
    let rig = Rig::start().await;
    put(&rig).anonymous().send().await.refused(403, "AccessDenied");
    nothing_stored(&rig);
    assert!(rig.log()[0]["identity"].is_null());
}

#[tokio::test]
async fn a_wrong_secret_is_a_signature_that_does_not_match() {
    let rig = Rig::start().await;
    let forged = (ADMIN.0, "another-secret", None);
    for call in [put(&rig), put(&rig).presigned(60)] {
        let reply = call.who(forged).send().await.refused(403, "SignatureDoesNotMatch");
        assert_eq!(reply.xml("AWSAccessKeyId"), ADMIN.0);
        assert_eq!(reply.header("content-type"), "application/xml");
        assert!(!reply.xml("RequestId").is_empty() && !reply.text().contains("secret"));
    }
    nothing_stored(&rig);
    assert!(rig.log().iter().all(|line| line["identity"].is_null()));
}

#[tokio::test]
async fn an_unknown_access_key_is_named_as_such() {
    let rig = Rig::start().await;
    let stranger = ("AKIDNOBODY", "x", None);
    put(&rig).who(stranger).send().await.refused(403, "InvalidAccessKeyId");
    put(&rig).who(stranger).presigned(60).send().await.refused(403, "InvalidAccessKeyId");
    nothing_stored(&rig);
}

#[tokio::test]
async fn a_changed_path_method_or_query_breaks_the_signature() {
    let rig = Rig::start().await;
    for presigned in [false, true] {
        let make = || if presigned { put(&rig).presigned(60) } else { put(&rig) };
        let (method, target, headers, body) = make().build();
        let elsewhere = target.replacen("/k", "/other", 1);
        let more = if presigned { format!("{target}&x-id=1") } else { format!("{target}?x-id=1") };
        for (method, target) in [(method.as_str(), &elsewhere), ("DELETE", &target), (method.as_str(), &more)] {
            let reply = super::support::send(rig.address, method, target, &headers, body.clone()).await;
            reply.refused(403, "SignatureDoesNotMatch");
        }
    }
    nothing_stored(&rig);
}

#[tokio::test]
async fn an_unsigned_amz_header_is_refused() {
    let rig = Rig::start().await;
    for (name, value) in [("x-amz-meta-a", "b"), ("x-amz-copy-source", "/b/k"), ("x-amz-acl", "private")] {
        put(&rig).unsigned_header(name, value).send().await.refused(403, "AccessDenied");
        put(&rig).presigned(60).unsigned_header(name, value).send().await.refused(403, "AccessDenied");
    }
    nothing_stored(&rig);
}

#[tokio::test]
async fn a_signed_header_that_was_taken_away_is_refused() {
    let rig = Rig::start().await;
    for call in [put(&rig), put(&rig).presigned(60)] {
        let (method, target, mut headers, body) = call.header("if-none-match", "*").build();
        headers.retain(|(name, _)| name != "if-none-match");
        let reply = super::support::send(rig.address, &method, &target, &headers, body).await;
        reply.refused(403, "SignatureDoesNotMatch");
    }
    nothing_stored(&rig);
}

#[tokio::test]
async fn a_scope_of_another_region_or_service_is_refused() {
    let rig = Rig::start().await;
    put(&rig).region("us-east-1").send().await.refused(400, "AuthorizationHeaderMalformed");
    put(&rig).service("sts").send().await.refused(400, "AuthorizationHeaderMalformed");
    put(&rig).region("us-east-1").presigned(60).send().await.refused(400, "AuthorizationQueryParametersError");
    put(&rig).service("sts").presigned(60).send().await.refused(400, "AuthorizationQueryParametersError");
    nothing_stored(&rig);
}

#[tokio::test]
async fn a_presigned_url_lives_from_a_second_to_a_week() {
    let rig = Rig::start().await;
    for seconds in [0_u64, 604_801, 99_999_999_999] {
        let (method, target, headers, body) = put(&rig).presigned(60).build();
        let target = target.replace("X-Amz-Expires=60", &format!("X-Amz-Expires={seconds}"));
        let reply = super::support::send(rig.address, &method, &target, &headers, body).await;
        reply.refused(400, "AuthorizationQueryParametersError");
    }
    put(&rig).presigned(604_801).send().await.refused(400, "AuthorizationQueryParametersError");
    nothing_stored(&rig);
    put(&rig).presigned(604_800).send().await.ok();
    put(&rig).presigned(604_800).time(SystemTime::now() - 6 * DAY).send().await.ok();
}

#[tokio::test]
async fn an_expired_or_future_presigned_url_is_denied() {
    let rig = Rig::start().await;
    put(&rig).presigned(60).time(minutes_from_now(-2)).send().await.refused(403, "AccessDenied");
    put(&rig).presigned(3600).time(minutes_from_now(16)).send().await.refused(403, "AccessDenied");
    nothing_stored(&rig);
    put(&rig).presigned(60).time(minutes_from_now(14)).send().await.ok();
}

#[tokio::test]
async fn a_clock_off_by_more_than_a_quarter_of_an_hour_is_refused() {
    let rig = Rig::start().await;
    put(&rig).time(minutes_from_now(-16)).send().await.refused(403, "RequestTimeTooSkewed");
    put(&rig).time(minutes_from_now(16)).send().await.refused(403, "RequestTimeTooSkewed");
    nothing_stored(&rig);
    put(&rig).time(minutes_from_now(-14)).send().await.ok();
    put(&rig).time(minutes_from_now(14)).send().await.ok();
}

#[tokio::test]
async fn temporary_credentials_need_their_token() {
    let rig = Rig::start().await;
    rig.put("files/a", "x").await.ok();
    let get = |token, presigned: bool| {
        let call = rig.call("GET", &path_of("files/a")).who((EDGE.0, EDGE.1, token));
        if presigned { call.presigned(60) } else { call }
    };
    for presigned in [false, true] {
        get(EDGE.2, presigned).send().await.ok();
        get(None, presigned).send().await.refused(403, "InvalidAccessKeyId");
        get(Some("another-token"), presigned).send().await.refused(400, "InvalidToken");
    }
    let unasked = (ADMIN.0, ADMIN.1, Some("a-token"));
    rig.call("GET", &path_of("files/a")).who(unasked).send().await.refused(400, "InvalidToken");
}

#[tokio::test]
async fn one_request_is_signed_one_way() {
    let rig = Rig::start().await;
    let (_, target, ..) = put(&rig).presigned(60).build();
    let both = rig.call("PUT", &target).body("x").send().await;
    both.refused(400, "InvalidArgument");
    nothing_stored(&rig);
}

#[tokio::test]
async fn older_and_other_ways_to_sign_are_refused() {
    let rig = Rig::start().await;
    put(&rig)
        .anonymous()
        .unsigned_header("authorization", "AWS AKIDADMIN:c2ln")
        .send()
        .await
        .refused(400, "InvalidRequest");
    let target = format!("{}?AWSAccessKeyId=AKIDADMIN&Expires=9999999999&Signature=c2ln", path_of("k"));
    rig.call("PUT", &target).anonymous().body("x").send().await.refused(400, "InvalidRequest");
    put(&rig).anonymous().unsigned_header("authorization", "Bearer x").send().await.refused(400, "InvalidRequest");
    let form = rig.call("POST", &format!("/{BUCKET}")).anonymous().body("--b--");
    let form = form.unsigned_header("content-type", "multipart/form-data; boundary=b");
    form.send().await.refused(501, "NotImplemented");
    nothing_stored(&rig);
}

#[tokio::test]
async fn malformed_authorizations_are_refused_without_a_fault_of_ours() {
    let rig = Rig::start().await;
    let algorithm = "AWS4-HMAC-SHA256";
    for authorization in [
        algorithm.to_owned(),
        format!("{algorithm} Credential="),
        format!("{algorithm} Credential=a/b/c, SignedHeaders=host, Signature=0"),
        format!("{algorithm} Credential=AKIDADMIN/20260101/eu-north-1/s3/aws4_request, SignedHeaders=, Signature=0"),
        format!("{algorithm} Credential=AKIDADMIN/20260101/eu-north-1/s3/aws4_request, SignedHeaders=host, Signature="),
        format!("{algorithm} Credential=AKIDADMIN/x/eu-north-1/s3/aws4_request, SignedHeaders=host, Signature=é"),
        format!("{algorithm} SignedHeaders=host,Signature=0,Credential=////"),
    ] {
        let reply = put(&rig).anonymous().unsigned_header("authorization", &authorization).send().await;
        assert!((400..500).contains(&reply.status.as_u16()), "{authorization}: {}", reply.status);
    }
    for query in ["X-Amz-Signature=0", "X-Amz-Signature=0&X-Amz-Signature=1", "X-Amz-Algorithm=&X-Amz-Signature="] {
        let reply: Reply = rig.call("PUT", &format!("{}?{query}", path_of("k"))).anonymous().body("x").send().await;
        reply.refused(400, "AuthorizationQueryParametersError");
    }
    nothing_stored(&rig);
}
