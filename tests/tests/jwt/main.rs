//! Proves the second token format, the signed JWT of URI Signing (RFC 9246): by the RFC's own example, by tokens of
//! jose, by a strict set of JWS vectors where it is there, and claim by claim through `decide`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]
#![allow(clippy::print_stderr, reason = "a suite that is skipped says so")]

mod claims;
mod keys;
mod others;

use clouddrop_cases::{base64url, config};
use clouddrop_core::hash::{MacKey, sha256};
use clouddrop_core::p256::PublicKey;
use clouddrop_core::policy::{self, Ask, uri::Uri};
use clouddrop_core::token::{KeySet, TokenKey, jwt};
use clouddrop_core::{Client, Config, Decision, Headers, KeyId, Request, Secret, UnixTime, decide};
use clouddrop_tests::{files::repository, node};
use p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner};
use serde_json::{Value, json};
use std::path::PathBuf;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const URL: &str = "https://files.example.net/f/a/report.pdf";
const SECRET: &[u8] = b"planted-jwt-secret-of-32-bytes-and-more";

fn es256() -> SigningKey {
    SigningKey::from_slice(&sha256(b"planted es256 key")).unwrap()
}

fn coordinates(key: &SigningKey) -> ([u8; 32], [u8; 32]) {
    let point = key.verifying_key().to_sec1_point(false);
    (point.as_bytes()[1..33].try_into().unwrap(), point.as_bytes()[33..].try_into().unwrap())
}

/// `demo` has a key for each algorithm: `cat`, `hs`, `es`, and one for ES256 that has retired.
fn config() -> Config {
    let (x, y) = coordinates(&es256());
    let secret = base64url::encode(SECRET);
    let (x, y) = (base64url::encode(&x), base64url::encode(&y));
    let keys = json!([
        {"issuer": "demo", "kid": "cat", "secret": secret},
        {"issuer": "demo", "kid": "hs", "alg": "HS256", "secret": secret},
        {"issuer": "demo", "kid": "es", "alg": "ES256", "x": x, "y": y},
        {"issuer": "demo", "kid": "old", "alg": "ES256", "x": x, "y": y, "retires": 1_700_000_000},
        {"issuer": "guest", "kid": "g", "secret": secret},
        {"issuer": "guest", "kid": "es", "alg": "ES256", "x": y_is_no_x(), "y": other_y()},
    ]);
    config::config(json!({"TOKEN_KEYS": keys.to_string()}).as_object().unwrap()).unwrap()
}

fn other() -> ([u8; 32], [u8; 32]) {
    coordinates(&SigningKey::from_slice(&sha256(b"another planted es256 key")).unwrap())
}

fn y_is_no_x() -> String {
    base64url::encode(&other().0)
}

fn other_y() -> String {
    base64url::encode(&other().1)
}

/// What `decide` says of a request without a token field: `fetch`, or the refusal's code.
fn says_at(url: &str, authorization: Option<&str>, now: UnixTime, config: &Config) -> String {
    let mut fields = vec![("host", "files.example.net")];
    fields.extend(authorization.map(|value| ("authorization", value)));
    let client = Client { address: None, place: None };
    let request = Request { method: "GET", url, id: "jwt", headers: Headers::new(&fields), client };
    match decide(&request, now, config) {
        Decision::Fetch(fetch) => {
            assert!(!fetch.url.contains("Package"), "{}", fetch.url);
            "fetch".into()
        }
        Decision::Reply(reply) => {
            let refusal = reply.log.unwrap();
            let status = if refusal.code == "unauthorized" { 401 } else { 403 };
            assert!(reply.status == status || reply.status == 400, "{}", reply.status);
            refusal.code.into()
        }
        other => format!("{other:?}"),
    }
}

fn says(token: &str) -> String {
    says_at(URL, Some(&format!("Bearer {token}")), NOW, &config())
}

/// A compact JWS of the texts as they are, signed as the header says.
fn jws(header: &str, payload: &str) -> String {
    signed(header.contains("ES256"), header, payload)
}

/// As [`jws`], signed by the key for ES256 or the one for HS256 whatever the header says.
fn signed(by_es256: bool, header: &str, payload: &str) -> String {
    let input = format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(payload.as_bytes()));
    let signature = if by_es256 {
        let made: Signature = es256().sign_prehash(&sha256(input.as_bytes())).unwrap();
        made.to_bytes().to_vec()
    } else {
        MacKey::new(SECRET).tag(&[input.as_bytes()]).to_vec()
    };
    format!("{input}.{}", base64url::encode(&signature))
}

fn container(url: &str) -> String {
    format!("hash:sha-256;{}", base64url::encode(&sha256(url.as_bytes())))
}

/// Claims that are met, with `changes` over them; `null` takes one away.
fn claims(changes: &Value) -> String {
    let all = json!({"iss": "demo", "exp": 1_900_000_000, "jti": "one", "cdniuc": container(URL)});
    let mut all = all.as_object().unwrap().clone();
    config::merge(&mut all, changes.as_object().unwrap());
    Value::Object(all).to_string()
}

const HS: &str = r#"{"alg":"HS256","kid":"hs"}"#;
const ES: &str = r#"{"alg":"ES256","kid":"es","typ":"JWT"}"#;
