//! Proves that `Signer` signs what the AWS SDK's own signer would: random identities, regions, times, paths and further
//! headers, and one signer across many days.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use clouddrop_core::sigv4::{Credentials, EMPTY_PAYLOAD, Signer, ToSign, UNSIGNED_PAYLOAD};
use clouddrop_core::{ObjectPath, Secret, SecretText, UnixTime};
use proptest::prelude::*;
use std::time::{Duration, SystemTime};

/// The last second of 2099.
const END_OF_2099: u64 = 4_102_444_799;

#[derive(Clone, Debug)]
struct Case {
    access_key_id: String,
    secret: String,
    session_token: Option<String>,
    region: String,
    secs: u64,
    key: String,
    method: &'static str,
    extra: Vec<(&'static str, String)>,
    unsigned: bool,
}

impl Case {
    fn ours(&self, signer: &Signer) -> Vec<(&'static str, String)> {
        let path = format!("/{}", ObjectPath::from_key(&self.key).unwrap().encoded());
        let extra: Vec<(&str, &str)> = self.extra.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let credentials = Credentials {
            access_key_id: self.access_key_id.clone(),
            secret_access_key: Secret::from(self.secret.clone()),
            session_token: self.session_token.clone().map(SecretText::new),
            expires: None,
        };
        let to_sign = ToSign {
            method: self.method,
            host: "bucket.s3.example.com",
            path: &path,
            query: "",
            extra: &extra,
            payload: if self.unsigned { UNSIGNED_PAYLOAD } else { EMPTY_PAYLOAD },
        };
        signer.sign(&credentials, &to_sign, UnixTime::from_secs(self.secs)).into_vec()
    }

    fn theirs(&self) -> Vec<(String, String)> {
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let identity: Identity =
            AwsCredentials::new(&self.access_key_id, &self.secret, self.session_token.clone(), None, "test").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("s3")
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(self.secs))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let url = format!("https://bucket.s3.example.com/{}", ObjectPath::from_key(&self.key).unwrap().encoded());
        let body = if self.unsigned { SignableBody::UnsignedPayload } else { SignableBody::Bytes(b"") };
        let headers = self.extra.iter().map(|(name, value)| (*name, value.as_str()));
        let request = SignableRequest::new(self.method, url, headers, body).unwrap();
        let (instructions, _) = sign(request, &params).unwrap().into_parts();
        instructions.headers().map(|(name, value)| (name.to_ascii_lowercase(), value.to_string())).collect()
    }
}

fn keys() -> impl Strategy<Value = String> {
    let segment = prop_oneof!["[a-zA-Z0-9._~-]{1,12}", "[ -~&&[^/\\\\]]{1,12}", "[a-zé€😀%+]{1,8}"];
    proptest::collection::vec(segment, 1..5)
        .prop_map(|segments| segments.join("/"))
        .prop_filter("a key that is refused", |key| ObjectPath::from_key(key).is_ok())
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    // In front of host, between it and x-amz, and behind x-amz; a signed value never has runs of spaces.
    let names = ["accept", "content-type", "if-none-match", "x-amz-checksum-sha256", "x-clouddrop-request-id"];
    proptest::sample::subsequence(names.to_vec(), 0..=5).prop_flat_map(|names| {
        let count = names.len();
        proptest::collection::vec("[!-~]([!-~ ]?[!-~]){0,12}", count)
            .prop_map(move |values| names.iter().copied().zip(values).collect())
    })
}

fn cases() -> impl Strategy<Value = Case> {
    (
        ("AKIA[A-Z0-9]{16}", "[A-Za-z0-9/+]{40}", proptest::option::of("[A-Za-z0-9/+=]{1,200}")),
        ("[a-z]{2}-[a-z]{4,9}-[1-9]", 0..=END_OF_2099, keys(), headers()),
        (prop_oneof![Just("GET"), Just("HEAD"), Just("PUT"), Just("POST")], any::<bool>()),
    )
        .prop_map(|((access_key_id, secret, session_token), (region, secs, key, extra), (method, unsigned))| {
            Case { access_key_id, secret, session_token, region, secs, key, method, extra, unsigned }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_aws_sdk_signs_alike(case in cases()) {
        let signer = Signer::new(case.region.clone(), "s3");
        let theirs = case.theirs();
        for (name, value) in case.ours(&signer) {
            let their = theirs.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
            prop_assert_eq!(their, Some(value.as_str()), "{}", name);
        }
    }

    #[test]
    fn one_signer_over_many_days_is_as_good_as_fresh_ones(
        case in cases(),
        steps in proptest::collection::vec(prop_oneof![Just(0), Just(1), 1..100_000_u64, Just(86_399), Just(86_400)], 1..8),
    ) {
        let signer = Signer::new(case.region.clone(), "s3");
        let mut case = case;
        // Up to the last second of a day, and on from there.
        case.secs = case.secs / 86_400 * 86_400 + 86_399;
        for step in steps {
            prop_assert_eq!(case.ours(&signer), case.ours(&Signer::new(case.region.clone(), "s3")));
            case.secs = (case.secs + step).min(END_OF_2099);
        }
    }
}
