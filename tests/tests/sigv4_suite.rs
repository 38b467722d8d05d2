//! Proves SigV4 by AWS's own suite, which ships inside the package of `aws-sigv4`: the folders that speak of signing as
//! S3 does it, without normalising the path. Every other folder is excluded by name and with a reason, and a folder
//! that is new or gone fails.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod aws_suite;

use aws_suite::{borrowed, hex, parse, suite};
use clouddrop_core::hash::sha256;
use clouddrop_core::sigv4::{CanonicalRequest, SigningKey, canonical_query, string_to_sign};
use clouddrop_core::{Secret, UnixTime};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// 2015-08-30T12:36:00Z.
const NOW: UnixTime = UnixTime::from_secs(1_440_938_160);

/// The folders that do not apply, and why.
const EXCLUDED: &[(&str, &str)] = &[
    ("double-encode-path", "encodes the path twice; S3 paths are encoded once"),
    ("double-url-encode", "encodes the path twice; S3 paths are encoded once"),
    ("get-relative-normalized", "normalises dot segments; the unnormalised twin runs"),
    ("get-relative-relative-normalized", "normalises dot segments; the unnormalised twin runs"),
    ("get-slash-dot-slash-normalized", "normalises dot segments; the unnormalised twin runs"),
    ("get-slash-normalized", "folds slashes; the unnormalised twin runs"),
    ("get-slash-pointless-dot-normalized", "normalises dot segments; the unnormalised twin runs"),
    ("get-slashes-normalized", "folds slashes; the unnormalised twin runs"),
];
/// How many folders run.
const RUN: usize = 32;

fn run(folder: &Path) {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let read = |file: &str| {
        std::fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{name}/{file}: {error}"))
    };
    let context: Value = serde_json::from_str(&read("context.json")).unwrap();
    let credentials = &context["credentials"];
    assert_eq!(context["timestamp"], "2015-08-30T12:36:00Z", "{name}");
    let mut parsed = parse(&read("request.txt"));
    let amz_date = String::from_utf8(NOW.amz_date().to_vec()).unwrap();
    let payload = hex(&sha256(parsed.body.as_bytes()));
    let mut add = |name: &str, value: &str| {
        parsed.headers.retain(|(other, _)| other != name);
        parsed.headers.push((name.into(), value.into()));
    };
    add("x-amz-date", &amz_date);
    if context["sign_body"] == true {
        add("x-amz-content-sha256", &payload);
    }
    if let (Some(token), false) = (credentials["token"].as_str(), context["omit_session_token"] == true) {
        add("x-amz-security-token", token);
    }
    parsed.headers.sort();
    let (headers, query) = (borrowed(&parsed.headers), canonical_query(&borrowed(&parsed.query)));
    let request = CanonicalRequest {
        method: &parsed.method,
        path: &parsed.path,
        query: &query,
        headers: &headers,
        payload: &payload,
    };
    let mut canonical = String::new();
    request.write(&mut canonical);
    assert_eq!(canonical, read("header-canonical-request.txt"), "{name}");
    let secret = Secret::from(credentials["secret_access_key"].as_str().unwrap().to_string());
    let region = context["region"].as_str().unwrap();
    let key = SigningKey::derive(&secret, NOW, region, context["service"].as_str().unwrap());
    let mut string = String::new();
    string_to_sign(&mut string, &amz_date, key.scope(), &sha256(canonical.as_bytes()));
    assert_eq!(string, read("header-string-to-sign.txt"), "{name}");
    assert_eq!(hex(&key.signature(&string)), read("header-signature.txt").trim(), "{name}");
}

#[test]
fn every_folder_runs_or_has_a_reason() {
    let suite = suite("v4");
    let excluded: BTreeSet<&str> = EXCLUDED.iter().map(|(name, _)| *name).collect();
    let mut seen = BTreeSet::new();
    let mut ran = 0;
    for entry in std::fs::read_dir(&suite).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_string();
        if !excluded.contains(name.as_str()) {
            run(&folder);
            ran += 1;
        }
        seen.insert(name);
    }
    let gone: Vec<&&str> = excluded.iter().filter(|name| !seen.contains(**name)).collect();
    assert!(gone.is_empty(), "excluded and not there: {gone:?}");
    assert_eq!(ran, RUN);
}
