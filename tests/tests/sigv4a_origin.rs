//! Proves what a Multi-Region Access Point changes: objects and listings are signed for every region by SigV4A; records,
//! counters and calls of the signer stay in one region each by SigV4; any other set of variables is a fault that says
//! what to do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::config::{self, AWS_SECRET, NOW};
use clouddrop_cases::token::Description;
use clouddrop_core::counter::whole;
use clouddrop_core::decision::Forward;
use clouddrop_core::hash::sha256;
use clouddrop_core::listing::{self, Place};
use clouddrop_core::p256::PublicKey;
use clouddrop_core::revocation::{Revocations, fetch};
use clouddrop_core::sigv4::sigv4a::{RegionSetKey, scope, string_to_sign};
use clouddrop_core::sigv4::{CanonicalRequest, UNSIGNED_PAYLOAD};
use clouddrop_core::{Client, Config, Decision, Headers, Raw, Request, Secret, decide};
use p256::ecdsa::Signature;
use serde_json::{Value, json};

const MRAP: &str = "https://mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com";
const RECORDS: &str = "https://bucket.s3.eu-west-1.amazonaws.com";

fn multi_region() -> Value {
    json!({"ORIGIN": MRAP, "REGION": "*", "RECORDS_ORIGIN": RECORDS, "RECORDS_REGION": "eu-west-1"})
}

/// [`multi_region`] with one more change.
fn multi_region_but(variable: &str, value: &Value) -> Value {
    let mut all = multi_region();
    all[variable] = value.clone();
    all
}

fn faults(changes: &Value) -> Vec<(String, String)> {
    let mut variables = config::variables();
    config::merge(&mut variables, changes.as_object().unwrap());
    match Raw::from_json(&Value::Object(variables).to_string()).and_then(Config::try_from) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(|fault| (fault.variable.clone(), fault.problem.clone())).collect(),
    }
}

fn header<'a>(headers: &'a [(&'static str, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str())
}

/// The scope of a signature, without the day: region, if there is one, and service.
fn scope_of(headers: &[(&'static str, String)]) -> String {
    let authorization = header(headers, "authorization").unwrap();
    let (algorithm, rest) = authorization.split_once(' ').unwrap();
    let scope = rest.split_once("/aws4_request").unwrap().0.split_once('/').unwrap().1;
    format!("{algorithm} {}", scope.split_once('/').unwrap().1)
}

fn asked(method: &str, target: &str, config: &Config) -> Decision {
    let url = format!("https://files.example.net{target}");
    let headers = Headers::new(&[("host", "files.example.net"), ("range", "bytes=0-4"), ("accept-encoding", "gzip")]);
    decide(&Request { method, url: &url, id: "r", headers, client: Client { address: None, place: None } }, NOW, config)
}

fn ready(changes: &Value) -> Config {
    let mut config = config::config(changes.as_object().unwrap()).unwrap();
    config::revoke(&mut config, &[], NOW).unwrap();
    config
}

/// Whether the five signed headers, and nothing else, are signed for `path` by the key of the edge's identity.
fn is_signed(method: &str, path: &str, headers: &[(&'static str, String)]) -> bool {
    let host = MRAP.strip_prefix("https://").unwrap();
    let mut signed = vec![("host", host)];
    for name in ["x-amz-content-sha256", "x-amz-date", "x-amz-region-set", "x-amz-security-token"] {
        signed.extend(header(headers, name).map(|value| (name, value)));
    }
    let payload = UNSIGNED_PAYLOAD;
    let (mut canonical, mut string) = (String::new(), String::new());
    CanonicalRequest { method, path, query: "", headers: &signed, payload }.write(&mut canonical);
    let amz_date = header(headers, "x-amz-date").unwrap();
    string_to_sign(&mut string, amz_date, &scope(NOW, "s3"), &sha256(canonical.as_bytes()));
    let (x, y) = RegionSetKey::derive("AKIDEXAMPLE", &Secret::from(AWS_SECRET.to_string())).public_key();
    let der = header(headers, "authorization").unwrap().split_once("Signature=").unwrap().1;
    let signature = Signature::from_der(&clouddrop_cases::cbor::unhex(der).unwrap()).unwrap();
    PublicKey::new(&x, &y).unwrap().verifies(&sha256(string.as_bytes()), &signature.to_bytes().into())
}

#[test]
fn an_object_behind_a_multi_region_access_point_is_asked_for_by_sigv4a() {
    let token = Description::default().text().unwrap();
    for (session, method) in [(json!(null), "GET"), (json!("session/token+="), "HEAD")] {
        let config = ready(&multi_region_but("AWS_SESSION_TOKEN", &session));
        let Decision::Fetch(fetch) = asked(method, &format!("/f/a%20b/c%2Bd.txt?CAT={token}"), &config) else {
            panic!("refused")
        };
        assert_eq!(fetch.url, format!("{MRAP}/files/a%20b/c%2Bd.txt"));
        assert_eq!(scope_of(&fetch.headers), "AWS4-ECDSA-P256-SHA256 s3");
        assert_eq!(header(&fetch.headers, "x-amz-region-set"), Some("*"));
        assert_eq!(header(&fetch.headers, "x-amz-content-sha256"), Some(UNSIGNED_PAYLOAD));
        assert_eq!(header(&fetch.headers, "x-amz-security-token"), session.as_str());
        assert!(is_signed(method, "/files/a%20b/c%2Bd.txt", &fetch.headers), "once encoded, not normalised");
        assert!(!is_signed(method, "/files/a%20b/c%2Bd.tx", &fetch.headers));
        assert!(!is_signed(if method == "GET" { "HEAD" } else { "GET" }, "/files/a%20b/c%2Bd.txt", &fetch.headers));
    }
}

#[test]
fn a_folder_is_listed_by_sigv4a() {
    let config = ready(&multi_region());
    let listing = listing::fetch(&Place::read("/f/a/", "", &config).unwrap(), NOW, &config).unwrap();
    assert!(listing.url.starts_with(&format!("{MRAP}/?delimiter=%2F&list-type=2&")), "{}", listing.url);
    assert_eq!(scope_of(&listing.headers), "AWS4-ECDSA-P256-SHA256 s3");
}

#[test]
fn a_bucket_of_one_region_may_stand_in_for_it() {
    let mut all = multi_region_but("SECOND_REGION", &json!("us-east-1"));
    assert!(faults(&all).iter().any(|(variable, _)| variable == "SECOND_ORIGIN"));
    all["SECOND_ORIGIN"] = json!("https://replica.s3.us-east-1.amazonaws.com");
    assert_eq!(faults(&all), []);
    assert!(ready(&all).has_second_origin());
}

#[test]
fn records_counters_and_the_signer_stay_in_one_region() {
    let list = |config: &Config| fetch::request(&Revocations::default(), NOW, config).unwrap();
    let call = |config: &Config| match asked_api(config) {
        Decision::Forward(forward) => sign(forward, config),
        other => panic!("{other:?}"),
    };
    for (signer, at) in [(json!(null), "eu-west-1"), (json!("us-east-1"), "us-east-1")] {
        let config = ready(&multi_region_but("SIGNER_REGION", &signer));
        assert_eq!(list(&config).url, format!("{RECORDS}/records/revoked"));
        assert_eq!(scope_of(&list(&config).headers), "AWS4-HMAC-SHA256 eu-west-1/s3");
        let counter = whole::read_request("00ff", NOW, &config).unwrap();
        assert!(counter.url.starts_with(RECORDS));
        assert_eq!(scope_of(&counter.headers), "AWS4-HMAC-SHA256 eu-west-1/s3");
        assert_eq!(header(&counter.headers, "x-amz-region-set"), None);
        assert_eq!(scope_of(&call(&config)), format!("AWS4-HMAC-SHA256 {at}/lambda"));
    }
    // Without an access point they are in REGION, unless they have one of their own.
    let config = ready(&json!({}));
    assert_eq!(scope_of(&list(&config).headers), "AWS4-HMAC-SHA256 eu-central-1/s3");
    assert_eq!(scope_of(&call(&config)), "AWS4-HMAC-SHA256 eu-central-1/lambda");
    let config = ready(&json!({"RECORDS_ORIGIN": RECORDS, "RECORDS_REGION": "eu-west-1"}));
    assert_eq!(scope_of(&list(&config).headers), "AWS4-HMAC-SHA256 eu-west-1/s3");
    assert_eq!(scope_of(&call(&config)), "AWS4-HMAC-SHA256 eu-central-1/lambda");
}

fn asked_api(config: &Config) -> Decision {
    let headers = [("host", "share.example.com"), ("authorization", "Bearer key")];
    let (url, client) = ("https://share.example.com/api/v1/shares", Client { address: None, place: None });
    decide(&Request { method: "GET", url, id: "r", headers: Headers::new(&headers), client }, NOW, config)
}

fn sign(forward: Forward, config: &Config) -> Vec<(&'static str, String)> {
    forward.sign(b"", NOW, config).unwrap().headers
}

#[test]
fn the_page_may_send_uploads_to_the_bucket_of_the_records() {
    let headers = [("host", "share.example.com")];
    let (url, client) = ("https://share.example.com/", Client { address: None, place: None });
    let request = Request { method: "GET", url, id: "r", headers: Headers::new(&headers), client };
    let Decision::Reply(reply) = decide(&request, NOW, &ready(&multi_region())) else { panic!("no page") };
    let policy = header(&reply.headers, "content-security-policy").unwrap();
    assert!(policy.contains(&format!("connect-src 'self' {RECORDS} https://files.example.net")), "{policy}");
}

#[test]
fn every_other_set_of_regions_has_its_fault() {
    assert_eq!(faults(&multi_region()), []);
    assert_eq!(faults(&multi_region_but("SIGNER_REGION", &json!("us-east-1"))), []);
    let one = |changes: &Value, variable: &str, says: &str| {
        let found = faults(changes);
        assert!(found.len() == 1 && found[0].0 == variable && found[0].1.contains(says), "{changes}: {found:?}");
    };
    for no_access_point in [
        "https://bucket.s3.eu-central-1.amazonaws.com",
        "https://a.b.mrap.accesspoint.s3-global.amazonaws.com",
        "https://a.mrap.accesspoint.s3-global.amazonaws.com/bucket",
        "http://a.mrap.accesspoint.s3-global.amazonaws.com",
        "http://127.0.0.1:9000/clouddrop",
    ] {
        one(&multi_region_but("ORIGIN", &json!(no_access_point)), "ORIGIN", "mrap.accesspoint");
    }
    one(&multi_region_but("REGION", &json!("eu-west-1")), "REGION", "must be *");
    one(&multi_region_but("REGION", &json!("**")), "REGION", "region's name");
    one(&multi_region_but("REGION", &json!("eu-west-1,us-east-1")), "REGION", "region's name");
    for unset in [json!(null), json!("")] {
        one(&multi_region_but("RECORDS_ORIGIN", &unset), "RECORDS_ORIGIN", "REGION is *");
        one(&multi_region_but("RECORDS_REGION", &unset), "RECORDS_REGION", "REGION is *");
    }
    one(&multi_region_but("RECORDS_ORIGIN", &json!(MRAP)), "RECORDS_ORIGIN", "only ORIGIN may be");
    one(&multi_region_but("RECORDS_REGION", &json!("*")), "RECORDS_REGION", "a region's name");
    one(&multi_region_but("SIGNER_REGION", &json!("*")), "SIGNER_REGION", "a region's name");
    one(&json!({"SECOND_ORIGIN": MRAP, "SECOND_REGION": "us-east-1"}), "SECOND_ORIGIN", "only ORIGIN may be");
    one(
        &json!({"SECOND_ORIGIN": "https://b.s3.us-east-1.amazonaws.com", "SECOND_REGION": "*"}),
        "SECOND_REGION",
        "name",
    );
    one(&json!({"RECORDS_REGION": "eu-west-1"}), "RECORDS_REGION", "RECORDS_ORIGIN");
    assert_eq!(faults(&json!({"RECORDS_REGION": "eu-central-1"})), []);
}
