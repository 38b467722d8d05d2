//! What a client promises about a body is checked before the body counts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::support::{Rig, path_of};

const BODY: &str = "123456789";

/// Check values of the catalogue of CRC algorithms for "123456789", and digests of other crates.
fn good() -> Vec<(&'static str, String)> {
    vec![
        ("x-amz-checksum-crc32", STANDARD.encode(0xCBF4_3926_u32.to_be_bytes())),
        ("x-amz-checksum-crc32c", STANDARD.encode(0xE306_9283_u32.to_be_bytes())),
        ("x-amz-checksum-crc64nvme", STANDARD.encode(0xAE8B_1486_0A79_9888_u64.to_be_bytes())),
        ("x-amz-checksum-sha256", STANDARD.encode(Sha256::digest(BODY))),
        ("content-md5", STANDARD.encode(Md5::digest(BODY))),
    ]
}

#[tokio::test]
async fn a_right_checksum_is_stored_and_returned_on_request() {
    let rig = Rig::start().await;
    for (name, value) in good() {
        let put = rig.call("PUT", &path_of(name)).header(name, &value).body(BODY).send().await.ok();
        if name == "content-md5" {
            continue;
        }
        assert_eq!(put.header(name), value);
        let get = rig.call("GET", &path_of(name)).header("x-amz-checksum-mode", "ENABLED").send().await.ok();
        assert_eq!((get.header(name), get.header("x-amz-checksum-type")), (value.as_str(), "FULL_OBJECT"));
        assert_eq!(rig.get(name).await.ok().header(name), "");
    }
}

#[tokio::test]
async fn a_wrong_checksum_stores_nothing() {
    let rig = Rig::start().await;
    for (name, value) in good() {
        let put = rig.call("PUT", &path_of(name)).header(name, &value).body("123456780").send().await;
        put.refused(400, "BadDigest");
        rig.get(name).await.refused(404, "NoSuchKey");
    }
    assert!(rig.data_files().is_empty());
}

#[tokio::test]
async fn a_checksum_that_is_none_is_refused() {
    let rig = Rig::start().await;
    for value in ["", "zzz", "AAAA", "AAAAAA"] {
        let put = rig.call("PUT", &path_of("k")).header("x-amz-checksum-sha256", value).body(BODY).send().await;
        put.refused(400, "InvalidRequest");
    }
    rig.call("PUT", &path_of("k")).header("content-md5", "AAAA").body(BODY).send().await.refused(400, "InvalidDigest");
    let mut two = rig.call("PUT", &path_of("k")).body(BODY);
    for (name, value) in good().iter().take(2) {
        two = two.header(name, value);
    }
    two.send().await.refused(400, "InvalidRequest");
    assert!(rig.data_files().is_empty());
}

#[tokio::test]
async fn a_checksum_in_a_presigned_query_counts_like_a_header() {
    let rig = Rig::start().await;
    let value = STANDARD.encode(Sha256::digest(BODY)).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let target = format!("{}?x-amz-checksum-sha256={value}", path_of("k"));
    rig.call("PUT", &target).presigned(60).body("123456780").send().await.refused(400, "BadDigest");
    rig.get("k").await.refused(404, "NoSuchKey");
    rig.call("PUT", &target).presigned(60).body(BODY).send().await.ok();
}

#[tokio::test]
async fn the_body_is_the_one_that_was_signed() {
    let rig = Rig::start().await;
    let put = rig.call("PUT", &path_of("k")).body("signed bytes").send_body("forged bytes").send().await;
    put.refused(400, "XAmzContentSHA256Mismatch");
    rig.get("k").await.refused(404, "NoSuchKey");
    assert!(rig.data_files().is_empty());
}
