//! Proves every stage of SigV4 by worked examples: those of the S3 API reference, those that botocore computed, and
//! AWS's own suite as far as it speaks of the way in which S3 is signed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_core::hash::{push_hex, sha256};
use clouddrop_core::sigv4::{CanonicalRequest, EMPTY_PAYLOAD, SigningKey, canonical_query, string_to_sign};
use clouddrop_core::{Secret, UnixTime, percent};
use clouddrop_tests::files::vectors;
use serde_json::Value;

/// 2013-05-24T00:00:00Z, the time of the S3 examples.
const S3_EXAMPLES: UnixTime = UnixTime::from_secs(1_369_353_600);
const DOC_CASES: usize = 6;
const CHUNKS: usize = 3;
const BOTOCORE_CASES: usize = 89;

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("no text {member} in {value}"))
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    push_hex(&mut out, bytes);
    out
}

fn secret(file: &Value) -> Secret {
    Secret::from(text(file, "secret_access_key").to_string())
}

/// The lines of a canonical request, apart.
struct Lines<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    payload: &'a str,
}

impl<'a> Lines<'a> {
    fn of(canonical: &'a str) -> Self {
        let mut lines = canonical.split('\n');
        let (method, path, query) = (lines.next().unwrap(), lines.next().unwrap(), lines.next().unwrap());
        let headers =
            lines.by_ref().take_while(|line| !line.is_empty()).map(|line| line.split_once(':').unwrap()).collect();
        let (_signed, payload) = (lines.next().unwrap(), lines.next().unwrap());
        Self { method, path, query, headers, payload }
    }

    fn request<'b>(&'b self, path: &'b str, query: &'b str) -> CanonicalRequest<'b> {
        CanonicalRequest { method: self.method, path, query, headers: &self.headers, payload: self.payload }
    }
}

/// From a canonical request to the signature; both stages between are held against `wanted_string`.
fn signature(
    request: &CanonicalRequest<'_>,
    key: &SigningKey,
    amz_date: &str,
    wanted_string: &str,
    id: &str,
) -> String {
    let mut canonical = String::new();
    request.write(&mut canonical);
    let mut string = String::new();
    string_to_sign(&mut string, amz_date, key.scope(), &sha256(canonical.as_bytes()));
    assert_eq!(string, wanted_string, "{id}");
    hex(&key.signature(&string))
}

/// `name=value&..` decoded; a name without a value has an empty one.
fn decoded(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent::decode(text).unwrap();
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

fn canonical(pairs: &[(String, String)]) -> String {
    canonical_query(&pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>())
}

#[test]
fn the_examples_of_the_s3_api_reference() {
    let file = vectors("s3-doc-examples.json").unwrap();
    let key = SigningKey::derive(&secret(&file), S3_EXAMPLES, text(&file, "region"), "s3");
    let amz_date = text(&file, "timestamp");
    assert_eq!(amz_date.as_bytes(), S3_EXAMPLES.amz_date());
    let (mut ran, mut chunks) = (0, 0);
    for case in file["cases"].as_array().unwrap() {
        let id = text(case, "id");
        let lines = Lines::of(text(case, "canonical_request"));
        let query = canonical(&decoded(lines.query));
        let request = lines.request(lines.path, &query);
        let mut written = String::new();
        request.write(&mut written);
        assert_eq!(written, text(case, "canonical_request"), "{id}");
        let mut previous = signature(&request, &key, amz_date, text(case, "string_to_sign"), id);
        assert_eq!(previous, text(case, "signature"), "{id}");
        // Chunks are signed one by one, each with the signature before it.
        for chunk in case["chunks"].as_array().into_iter().flatten() {
            let body = text(chunk, "byte").repeat(usize::try_from(chunk["size"].as_u64().unwrap()).unwrap());
            let string = format!(
                "AWS4-HMAC-SHA256-PAYLOAD\n{amz_date}\n{}\n{previous}\n{EMPTY_PAYLOAD}\n{}",
                key.scope(),
                hex(&sha256(body.as_bytes()))
            );
            assert_eq!(string, text(chunk, "string_to_sign"), "{id}");
            previous = hex(&key.signature(&string));
            assert_eq!(previous, text(chunk, "signature"), "{id}");
            chunks += 1;
        }
        ran += 1;
    }
    assert_eq!((ran, chunks), (DOC_CASES, CHUNKS));
}

#[test]
fn the_cases_of_botocore() {
    let file = vectors("s3-sigv4.json").unwrap();
    let amz_date = text(&file, "timestamp");
    let (mut presigned, mut by_header) = (0, 0);
    for case in file["cases"].as_array().unwrap() {
        let id = text(case, "id");
        let key = SigningKey::derive(&secret(&file), S3_EXAMPLES, text(case, "region"), "s3");
        let lines = Lines::of(text(case, "canonical_request"));
        let (_, rest) = text(case, "url").split_once("://").unwrap();
        let (target, raw_query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = target.split_at(target.find('/').unwrap_or(target.len()));
        let mut pairs = decoded(raw_query);
        let wanted = if text(case, "kind") == "presigned" {
            presigned += 1;
            let at = pairs.iter().position(|(name, _)| name == "X-Amz-Signature").unwrap();
            pairs.remove(at).1
        } else {
            by_header += 1;
            let authorization = text(&case["headers_out"], "Authorization");
            authorization.rsplit_once("Signature=").unwrap().1.to_string()
        };
        let query = canonical(&pairs);
        assert_eq!(query, lines.query, "{id}");
        assert!(lines.headers.iter().any(|(name, value)| *name == "host" && value.trim() == host), "{id}: {host}");

        // The path: decoded once and encoded by our encoder it is what botocore sent and signed.
        let mut encoded = String::new();
        percent::push_path(&mut encoded, &percent::decode(path).unwrap());
        assert_eq!(encoded, lines.path, "{id}");
        if let (Some(object), Some(bucket)) = (case["params"]["Key"].as_str(), case["params"]["Bucket"].as_str()) {
            // A bucket that is not a part of the host stands in front of the key.
            let mut from_key = if host.starts_with(bucket) { "/".into() } else { format!("/{bucket}/") };
            percent::push_path(&mut from_key, object);
            assert_eq!(from_key, lines.path, "{id}");
        }
        let request = lines.request(&encoded, &query);
        let mut written = String::new();
        request.write(&mut written);
        assert_eq!(written, text(case, "canonical_request"), "{id}");
        assert_eq!(signature(&request, &key, amz_date, text(case, "string_to_sign"), id), wanted, "{id}");
    }
    assert_eq!((presigned, by_header), (83, 6));
    assert_eq!(presigned + by_header, BOTOCORE_CASES);
}
