//! Proves SigV4A by AWS's own suite: every folder of `v4a`, signed by headers and by the query. Canonical request and
//! string to sign are equal byte by byte; the key is the one that is given; what is signed here, and what the suite
//! holds, verifies under it by two verifiers that share no code.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod aws_suite;

use aws_suite::{borrowed, hex, parse, suite};
use clouddrop_core::hash::{from_hex, sha256};
use clouddrop_core::p256::PublicKey;
use clouddrop_core::sigv4::sigv4a::{RegionSetKey, scope, string_to_sign};
use clouddrop_core::sigv4::{CanonicalRequest, canonical_query};
use clouddrop_core::{Secret, UnixTime};
use p256::Sec1Point;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// 2015-08-30T12:36:00Z.
const NOW: UnixTime = UnixTime::from_secs(1_440_938_160);

/// Folders whose path is not the one that S3 wants, and why: it is taken from the suite instead of made here. All else
/// of them is made here.
const PATH_IS_GIVEN: &[(&str, &str)] = &[
    ("get-relative-normalized", "normalises dot segments; the unnormalised twin is made here"),
    ("get-relative-relative-normalized", "normalises dot segments; the unnormalised twin is made here"),
    ("get-slash-dot-slash-normalized", "normalises dot segments; the unnormalised twin is made here"),
    ("get-slash-normalized", "folds slashes; the unnormalised twin is made here"),
    ("get-slash-pointless-dot-normalized", "normalises dot segments; the unnormalised twin is made here"),
    ("get-slashes-normalized", "folds slashes; the unnormalised twin is made here"),
];
/// How many folders there are.
const FOLDERS: usize = 38;

/// Where the signature stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Header,
    Query,
}

/// The public key that the suite gives, as both verifiers have it.
struct Verifiers {
    ours: PublicKey,
    theirs: VerifyingKey,
}

impl Verifiers {
    fn new(x: &[u8; 32], y: &[u8; 32]) -> Self {
        let point = Sec1Point::from_affine_coordinates(x.into(), y.into(), false);
        Self { ours: PublicKey::new(x, y).unwrap(), theirs: VerifyingKey::from_sec1_point(&point).unwrap() }
    }

    /// Whether the signature, in DER, is good for the text; both must say the same.
    fn verify(&self, text: &str, der: &[u8]) -> bool {
        let signature = Signature::from_der(der).unwrap();
        let theirs = self.theirs.verify(text.as_bytes(), &signature).is_ok();
        let ours = self.ours.verifies(&sha256(text.as_bytes()), &signature.to_bytes().into());
        assert_eq!(ours, theirs);
        ours
    }
}

fn unhex(text: &str) -> Vec<u8> {
    clouddrop_cases::cbor::unhex(text.trim()).unwrap()
}

fn run(folder: &Path, place: Place) {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let read = |file: &str| {
        std::fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{name}/{file}: {error}"))
    };
    let of_place = |file: &str| read(&format!("{}-{file}", if place == Place::Header { "header" } else { "query" }));
    let context: Value = serde_json::from_str(&read("context.json")).unwrap();
    assert_eq!(context["timestamp"], "2015-08-30T12:36:00Z", "{name}");
    let of = |value: &Value| value.as_str().unwrap().to_string();
    let (id, region_set) = (of(&context["credentials"]["access_key_id"]), of(&context["region"]));
    let token = context["credentials"]["token"].as_str().filter(|_| context["omit_session_token"] != true);
    let scope = scope(NOW, &of(&context["service"]));
    let amz_date = String::from_utf8(NOW.amz_date().to_vec()).unwrap();

    let mut parsed = parse(&read("request.txt"));
    let wanted = of_place("canonical-request.txt");
    if PATH_IS_GIVEN.iter().any(|(given, _)| *given == name) {
        let path = wanted.lines().nth(1).unwrap();
        assert_ne!(parsed.path, path, "{name} needs no exception");
        parsed.path = path.into();
    }
    let payload = hex(&sha256(parsed.body.as_bytes()));
    let mut added: Vec<(&str, String)> = vec![("X-Amz-Date", amz_date.clone()), ("X-Amz-Region-Set", region_set)];
    added.extend(token.map(|token| ("X-Amz-Security-Token", token.to_string())));
    match place {
        Place::Header => {
            added.extend((context["sign_body"] == true).then(|| ("X-Amz-Content-Sha256", payload.clone())));
            parsed.headers.extend(added.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)));
            parsed.headers.sort();
        }
        Place::Query => {
            parsed.headers.sort();
            let names: Vec<&str> = parsed.headers.iter().map(|(name, _)| name.as_str()).collect();
            added.push(("X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256".into()));
            added.push(("X-Amz-Credential", format!("{id}/{scope}")));
            added.push(("X-Amz-Expires", context["expiration_in_seconds"].to_string()));
            added.push(("X-Amz-SignedHeaders", names.join(";")));
            parsed.query.extend(added.into_iter().map(|(name, value)| (name.to_string(), value)));
        }
    }
    let request = CanonicalRequest {
        method: &parsed.method,
        path: &parsed.path,
        query: &canonical_query(&borrowed(&parsed.query)),
        headers: &borrowed(&parsed.headers),
        payload: &payload,
    };
    let (mut canonical, mut string) = (String::new(), String::new());
    request.write(&mut canonical);
    assert_eq!(canonical, wanted, "{name}");
    string_to_sign(&mut string, &amz_date, &scope, &sha256(canonical.as_bytes()));
    assert_eq!(string, of_place("string-to-sign.txt"), "{name}");

    let given: Value = serde_json::from_str(&read("public-key.json")).unwrap();
    let [x, y]: [[u8; 32]; 2] = ["X", "Y"].map(|name| from_hex(given[name].as_str().unwrap()).unwrap());
    let key = RegionSetKey::derive(&id, &Secret::from(of(&context["credentials"]["secret_access_key"])));
    assert_eq!(key.public_key(), (x, y), "{name}");
    let verifiers = Verifiers::new(&x, &y);
    let theirs = unhex(&of_place("signature.txt"));
    for signature in [&key.signature(&string), &theirs] {
        assert!(verifiers.verify(&string, signature), "{name}");
        assert!(!verifiers.verify(&format!("{string} "), signature), "{name}");
    }
}

#[test]
fn every_folder_of_v4a_is_signed_as_aws_does() {
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(suite("v4a")).unwrap() {
        let folder = entry.unwrap().path();
        run(&folder, Place::Header);
        run(&folder, Place::Query);
        seen.insert(folder.file_name().unwrap().to_str().unwrap().to_string());
    }
    assert_eq!(seen.len(), FOLDERS);
    let gone: Vec<&str> = PATH_IS_GIVEN.iter().map(|(name, _)| *name).filter(|name| !seen.contains(*name)).collect();
    assert!(gone.is_empty(), "excepted and not there: {gone:?}");
}
