//! Proves that an object's path has one reading: core's constructor never panics, what it takes goes round, and neither
//! Rust's `url` crate nor JavaScript's `URL` changes the form that is signed and sent.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_core::ObjectPath;
use clouddrop_core::path::{MAX_KEY_BYTES, PathFault};
use clouddrop_tests::node;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

/// How many keys JavaScript's parser reads.
const NODE_KEYS: usize = 4000;

/// Keys of all kinds: plain, printable ASCII, full of characters that parsers treat specially, any text.
fn any_key() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        "[a-zA-Z0-9._~-]{1,16}",
        "[ -~]{1,16}",
        "[.%2eE5cCfF/\\\\]{1,8}",
        "[|^`{}<>\"'#?&=+;:@!$(),*\\[\\] ]{1,8}",
        "\\PC{1,8}",
        ".{1,8}",
    ];
    proptest::collection::vec(segment, 1..6).prop_map(|segments| segments.join("/"))
}

/// Only those that are taken.
fn good_key() -> impl Strategy<Value = ObjectPath> {
    any_key().prop_filter_map("refused", |key| ObjectPath::from_key(&key).ok())
}

fn url_of(path: &ObjectPath) -> (String, String) {
    let path = format!("/files/{}", path.encoded());
    (format!("https://bucket.s3.example.com{path}"), path)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(text in any::<String>(), key in any_key()) {
        for text in [&text, &key] {
            let _ = ObjectPath::from_target(text);
            let _ = ObjectPath::from_key(text);
        }
    }

    #[test]
    fn what_is_taken_goes_round(path in good_key()) {
        prop_assert_eq!(ObjectPath::from_target(path.encoded()), Ok(path.clone()));
        prop_assert_eq!(ObjectPath::from_key(path.key()), Ok(path.clone()));
        prop_assert!(path.key().len() <= MAX_KEY_BYTES);
        prop_assert!(path.key().ends_with(path.file_name()) && !path.file_name().contains('/'));
        prop_assert!(path.encoded().bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b)));
    }

    #[test]
    fn what_is_taken_from_a_target_is_what_it_decodes_to(raw in "[a-zA-Z0-9._~%/!$&'()*+,;=:@-]{1,40}") {
        if let Ok(path) = ObjectPath::from_target(&raw) {
            // Another decoder's reading of the same target.
            let decoded: Vec<u8> = url::form_urlencoded::parse(format!("k={}", raw.replace('+', "%2B").replace('&', "%26").replace(';', "%3B")).as_bytes())
                .next().map(|(_, value)| value.into_owned().into_bytes()).unwrap();
            prop_assert_eq!(path.key().as_bytes(), &decoded[..]);
            let segments: Vec<&str> = path.key().split('/').collect();
            prop_assert!(segments.iter().all(|segment| !matches!(*segment, "" | "." | "..")));
        }
    }

    #[test]
    fn the_url_crate_leaves_it_alone(path in good_key()) {
        let (text, path) = url_of(&path);
        let url = url::Url::parse(&text).unwrap();
        prop_assert_eq!(url.path(), path);
        prop_assert_eq!(url.as_str(), text);
    }
}

#[test]
fn javascript_leaves_it_alone() {
    let mut runner = TestRunner::deterministic();
    let strategy = good_key();
    let pairs: Vec<(String, String)> =
        (0..NODE_KEYS).map(|_| url_of(&strategy.new_tree(&mut runner).unwrap().current())).collect();
    let answer = node::run("url_paths.mjs", &json!(pairs)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(answer, json!({ "read": NODE_KEYS, "changed": [] }));

    // The check itself: a path that a parser does change is told.
    let pair = json!(["https://bucket.s3.example.com/a/../b", "/a/../b"]);
    let answer = node::run("url_paths.mjs", &json!([pair])).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(answer, json!({ "read": 1, "changed": [pair] }));
}

#[test]
fn hostile_targets_are_refused() {
    use PathFault as F;
    let long = format!("{}/../secret", "a".repeat(MAX_KEY_BYTES));
    for (target, fault) in [
        ("..", F::DotSegment),
        ("../secret", F::DotSegment),
        ("a/..", F::DotSegment),
        ("a/./b", F::DotSegment),
        ("%2e%2e/secret", F::DotSegment),
        (".%2E/secret", F::DotSegment),
        ("%2E./secret", F::DotSegment),
        ("a/%2e", F::DotSegment),
        ("..%2fsecret", F::EncodedSeparator),
        ("..%2Fsecret", F::EncodedSeparator),
        ("..%5csecret", F::EncodedSeparator),
        ("a%5Cb", F::EncodedSeparator),
        ("..\\secret", F::Backslash),
        ("\\secret", F::Backslash),
        ("/secret", F::EmptySegment),
        ("a//b", F::EmptySegment),
        ("a/", F::EmptySegment),
        ("", F::Empty),
        ("a%00.pdf", F::Control),
        ("a%0d%0aSet-Cookie:x", F::Control),
        ("a%7f", F::Control),
        ("a%c2%85b", F::Control),
        ("a\tb", F::Control),
        ("a\u{7f}", F::Control),
        ("%", F::BadEscape),
        ("%2", F::BadEscape),
        ("%u002e%u002e/secret", F::BadEscape),
        ("%c0%ae%c0%ae/secret", F::BadEscape),
        ("%e0%80%ae/secret", F::BadEscape),
        ("%f8%80%80%80%ae", F::BadEscape),
        ("%ed%a0%80", F::BadEscape),
        ("%ff", F::BadEscape),
        ("% 2e", F::NotInTarget),
        ("a b", F::NotInTarget),
        ("a?b", F::NotInTarget),
        ("a#b", F::NotInTarget),
        ("a\"b", F::NotInTarget),
        ("\u{ff0e}\u{ff0e}/secret", F::NotInTarget),
        ("a\u{2215}b", F::NotInTarget),
        (&long, F::TooLong),
    ] {
        // An early check may name a later one's fault where both hold; which of them it is matters to the log only.
        let found = ObjectPath::from_target(target);
        assert!(found.is_err(), "{target:?} was taken as {found:?}");
        if fault != F::TooLong && fault != F::BadEscape {
            assert_eq!(found, Err(fault), "{target:?}");
        }
    }
}

#[test]
fn an_escaped_percent_sign_is_never_decoded_again() {
    for (target, key) in [("%252e%252e", "%2e%2e"), ("%252F", "%2F"), ("%25", "%"), ("%2525", "%25"), ("%2500", "%00")]
    {
        let path = ObjectPath::from_target(target).unwrap();
        assert_eq!((path.key(), path.encoded()), (key, target));
    }
}
