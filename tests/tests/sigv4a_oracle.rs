//! Proves that SigV4A is what others make of it: the AWS SDK for Rust by random identities, times and paths, and AWS's
//! runtime in C by what it has signed, also with identities whose first candidate for a key is no key.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4a;
use aws_smithy_runtime_api::client::identity::Identity;
use clouddrop_core::hash::sha256;
use clouddrop_core::p256::PublicKey;
use clouddrop_core::sigv4::sigv4a::{RegionSetKey, scope, string_to_sign};
use clouddrop_core::sigv4::{CanonicalRequest, Credentials, Signer, ToSign, UNSIGNED_PAYLOAD};
use clouddrop_core::{ObjectPath, Secret, SecretText, UnixTime};
use clouddrop_tests::files::repository;
use p256::ecdsa::Signature;
use proptest::prelude::*;
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// The last second of 2099.
const END_OF_2099: u64 = 4_102_444_799;
const HOST: &str = "mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com";

#[derive(Clone, Debug)]
struct Case {
    access_key_id: String,
    secret: String,
    session_token: Option<String>,
    region_set: &'static str,
    secs: u64,
    key: String,
    method: &'static str,
}

impl Case {
    fn credentials(&self) -> Credentials {
        Credentials {
            access_key_id: self.access_key_id.clone(),
            secret_access_key: Secret::from(self.secret.clone()),
            session_token: self.session_token.clone().map(SecretText::new),
            expires: None,
        }
    }

    fn ours(&self, signer: &Signer) -> Vec<(&'static str, String)> {
        let path = format!("/{}", ObjectPath::from_key(&self.key).unwrap().encoded());
        let payload = UNSIGNED_PAYLOAD;
        let to_sign = ToSign { method: self.method, host: HOST, path: &path, query: "", extra: &[], payload };
        signer.sign(&self.credentials(), &to_sign, UnixTime::from_secs(self.secs)).into_vec()
    }

    fn theirs(&self) -> Vec<(String, String)> {
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let identity: Identity =
            AwsCredentials::new(&self.access_key_id, &self.secret, self.session_token.clone(), None, "test").into();
        let params = v4a::SigningParams::builder()
            .identity(&identity)
            .region_set(self.region_set)
            .name("s3")
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(self.secs))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let url = format!("https://{HOST}/{}", ObjectPath::from_key(&self.key).unwrap().encoded());
        let no_headers = std::iter::empty();
        let request = SignableRequest::new(self.method, url, no_headers, SignableBody::UnsignedPayload).unwrap();
        let (instructions, _) = sign(request, &params).unwrap().into_parts();
        instructions.headers().map(|(name, value)| (name.to_ascii_lowercase(), value.to_string())).collect()
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let key = "[a-zA-Z0-9é€😀%+ ()._~-]{0,12}[a-z](/[a-zé%+]{1,8}){0,3}"
        .prop_filter("a key that is refused", |key: &String| ObjectPath::from_key(key).is_ok());
    (
        // Any identity that the configuration lets in.
        ("[!-.0-~]{1,40}", "[!-~]{1,80}", proptest::option::of("[A-Za-z0-9/+=]{1,200}")),
        (prop_oneof![Just("*"), Just("us-east-1,us-west-2")], 0..=END_OF_2099, key),
        prop_oneof![Just("GET"), Just("HEAD")],
    )
        .prop_map(|((access_key_id, secret, session_token), (region_set, secs, key), method)| Case {
            access_key_id,
            secret,
            session_token,
            region_set,
            secs,
            key,
            method,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Also the signature is the same: the nonces of both follow RFC 6979.
    #[test]
    fn the_aws_sdk_signs_for_all_regions_alike(case in cases()) {
        let ours = case.ours(&Signer::for_region_set(case.region_set.into(), "s3"));
        let mut theirs = case.theirs();
        theirs.sort();
        let mut sorted: Vec<(String, String)> = ours.into_iter().map(|(name, value)| (name.into(), value)).collect();
        sorted.sort();
        prop_assert_eq!(sorted, theirs);
    }

    #[test]
    fn a_key_is_kept_for_its_identity_only(case in cases(), other in cases()) {
        let signer = Signer::for_region_set("*".into(), "s3");
        for case in [&case, &other, &other, &case] {
            prop_assert_eq!(case.ours(&signer), case.ours(&Signer::for_region_set("*".into(), "s3")));
        }
    }

    #[test]
    fn there_is_a_key_for_every_secret(id in "\\PC{0,300}", secret in proptest::collection::vec(any::<u8>(), 0..300)) {
        let key = RegionSetKey::derive(&id, &Secret::new(secret));
        let (x, y) = key.public_key();
        let der = key.signature(&id);
        let signature = Signature::from_der(&der).unwrap().to_bytes().into();
        prop_assert!(PublicKey::new(&x, &y).unwrap().verifies(&sha256(id.as_bytes()), &signature));
        prop_assert_eq!(der, key.signature(&id), "the same text has the same signature");
    }
}

/// The runtime in C draws its nonces, so that signatures differ: its own must be good under the key that is derived here
/// for the text that is made here. A wrong counter, key or canonical form would not let them.
#[test]
fn what_awscrt_has_signed_verifies_under_our_key() {
    let path = repository().join("tests/vectors/sigv4a/awscrt.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let of = |name: &str| file[name].as_str().unwrap();
    let now = UnixTime::from_secs(file["now"].as_u64().unwrap());
    let scope = scope(now, of("service"));
    let amz_date = String::from_utf8(now.amz_date().to_vec()).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let id = case["access_key_id"].as_str().unwrap();
        let mut headers = vec![
            ("host", of("host")),
            ("x-amz-content-sha256", UNSIGNED_PAYLOAD),
            ("x-amz-date", &amz_date),
            ("x-amz-region-set", of("region_set")),
        ];
        headers.extend(case["session_token"].as_str().map(|token| ("x-amz-security-token", token)));
        let request = CanonicalRequest {
            method: of("method"),
            path: of("path"),
            query: "",
            headers: &headers,
            payload: UNSIGNED_PAYLOAD,
        };
        let (mut canonical, mut string, mut names) = (String::new(), String::new(), String::new());
        request.write(&mut canonical);
        request.write_signed_headers(&mut names);
        string_to_sign(&mut string, &amz_date, &scope, &sha256(canonical.as_bytes()));
        let authorization = case["authorization"].as_str().unwrap();
        let (said, signature) = authorization.split_once(", Signature=").unwrap();
        assert_eq!(said, format!("AWS4-ECDSA-P256-SHA256 Credential={id}/{scope}, SignedHeaders={names}"));
        let key = RegionSetKey::derive(id, &Secret::from(of("secret_access_key").to_string()));
        let (x, y) = key.public_key();
        let signature = Signature::from_der(&clouddrop_cases::cbor::unhex(signature).unwrap()).unwrap();
        let hash = sha256(string.as_bytes());
        assert!(PublicKey::new(&x, &y).unwrap().verifies(&hash, &signature.to_bytes().into()), "{authorization}");
    }
}
