//! Proves core's HMAC-SHA256 by the vectors of project Wycheproof: every valid tag is reproduced, whole or cut
//! short, and no forged one is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_core::hash::{MacKey, sha256};
use wycheproof::TestResult;
use wycheproof::mac::{TestName, TestSet};

/// How many vectors the pinned crate holds.
const VECTORS: usize = 174;

#[test]
fn every_vector_of_wycheproof() {
    let set = TestSet::load(TestName::HmacSha256).unwrap();
    let mut ran = 0;
    for group in &set.test_groups {
        assert_eq!(group.tag_size % 8, 0);
        let kept = group.tag_size / 8;
        for test in &group.tests {
            let key = MacKey::new(&test.key);
            let tag = key.tag(&[&test.msg]);
            let valid = test.result == TestResult::Valid;
            assert_eq!(tag[..kept] == test.tag[..], valid, "{}: {}", test.tc_id, test.comment);
            // The comparison that tokens are checked with takes whole tags only.
            if let Ok(whole) = <[u8; 32]>::try_from(&test.tag[..]) {
                assert_eq!(key.matches(&[&test.msg], &whole), valid, "{}: {}", test.tc_id, test.comment);
            }
            // In pieces it is the same message.
            let middle = test.msg.len() / 2;
            assert_eq!(key.tag(&[&test.msg[..middle], b"", &test.msg[middle..]]), tag, "{}", test.tc_id);
            ran += 1;
        }
    }
    assert_eq!(ran, VECTORS);
}

#[test]
fn sha256_of_the_examples_of_fips_180() {
    for (message, digest) in [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ] {
        assert_eq!(sha256(message.as_bytes()).to_vec(), clouddrop_cases::cbor::unhex(digest).unwrap());
    }
}
