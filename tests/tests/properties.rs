//! Proves what must hold of every input: `decide` never panics and never takes a client's input for a fault of ours, no
//! changed bit of a token passes, no added claim turns a refusal into a grant, and nothing prints a key.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::base64url;
use clouddrop_cases::config::{self, AWS_SECRET, KEYS};
use clouddrop_cases::token::{Description, default_claims};
use clouddrop_core::sigv4::EMPTY_PAYLOAD;
use clouddrop_core::sigv4::{Credentials, Signer, SigningKey};
use clouddrop_core::token::wire::{Parts, TokenBytes};
use clouddrop_core::token::{KeySet, TokenKey, verify};
use clouddrop_core::{Client, Config, Decision, Head, Headers, KeyId, Next, Place, Request, Secret, UnixTime, decide};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const URL: &str = "https://files.example.net/f/9Jq2/report.pdf";

thread_local! {
    static CONFIG: Config = config::config(&Map::new()).unwrap();
}

/// Whether a decision opens anything.
fn grants(decision: &Decision) -> bool {
    !matches!(decision, Decision::Reply(_) | Decision::LookUpPlace)
}

fn decided(request: &Request<'_>, now: UnixTime) -> Decision {
    CONFIG.with(|config| decide(request, now, config))
}

/// The status of the reply, or 0 where there is none yet.
fn status(decision: &Decision) -> u16 {
    match decision {
        Decision::Reply(reply) => reply.status,
        _ => 0,
    }
}

fn with_token<T>(token: &str, with: impl FnOnce(&Request<'_>) -> T) -> T {
    let authorization = format!("Bearer {token}");
    let fields = [("host", "files.example.net"), ("authorization", authorization.as_str())];
    let place = Place { country: Some("SE"), subdivision: Some("AB"), asn: Some(64500) };
    with(&Request {
        method: "GET",
        url: URL,
        id: "property",
        headers: Headers::new(&fields),
        client: Client { address: Some("203.0.113.50".parse().unwrap()), place: Some(place) },
    })
}

fn any_url() -> impl Strategy<Value = String> {
    let host = prop_oneof![3 => Just("files.example.net".to_string()), 2 => Just("share.example.com".to_string()), 1 => "[ -~]{0,20}"];
    let path = prop_oneof![
        "/f/[a-zA-Z0-9._~%/-]{0,40}",
        "/d/[a-zA-Z0-9_-]{0,60}(/[a-z./%]{0,20})?",
        "/s/[a-zA-Z0-9_-]{0,60}",
        "/api/v1/[a-z/%.]{0,20}",
        "/(healthz|robots.txt|.well-known/security.txt)?",
        "\\PC{0,40}",
    ];
    let query = prop_oneof![Just(String::new()), "\\?CAT=[a-zA-Z0-9_-]{0,40}", "\\?\\PC{0,20}"];
    prop_oneof![
        9 => ("https?", host, path, query).prop_map(|(scheme, host, path, query)| format!("{scheme}://{host}{path}{query}")),
        1 => any::<String>(),
    ]
}

fn any_headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![
        proptest::sample::select(vec![
            "host",
            "authorization",
            "cookie",
            "cta-common-access-token",
            "range",
            "if-range",
            "if-match",
            "if-none-match",
            "if-modified-since",
            "if-unmodified-since",
            "accept",
            "content-length",
            "content-type",
            "etag",
            "content-range",
            "last-modified",
            "content-encoding",
        ])
        .prop_map(String::from),
        any::<String>(),
    ];
    let value = prop_oneof![
        "bytes=[0-9]{0,20}-[0-9]{0,20}",
        "(W/)?\"[a-z]{0,4}\"(, \"[a-z]\")?",
        "bytes [0-9]{1,3}-[0-9]{1,3}/[0-9*]{1,3}",
        "Sun, 06 Nov [0-9]{4} [0-9]{2}:49:37 GMT",
        "[0-9]{1,20}",
        "Bearer [a-zA-Z0-9_-]{0,60}",
        "(files.example.net|share.example.com)",
        any::<String>(),
    ];
    proptest::collection::vec((name, value), 0..8)
}

/// Values for claims: well-formed and not, nested, of every type.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::from),
        (0..4_i64).prop_map(Value::from),
        (1_700_000_000_i64..1_950_000_000).prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |float| serde_json::Number::from_f64(float).map(Value::Number)),
        proptest::sample::select(vec![
            "demo",
            "guest",
            "demo-edge",
            "GET",
            "HEAD",
            "SE",
            "/f/",
            "/f/9Jq2/report.pdf",
            ""
        ])
        .prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        "([0-9a-f]{2}){0,16}".prop_map(|hex| json!({ "hex": hex })),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let key = prop_oneof![(-1..10_i64).prop_map(|n| n.to_string()), "[a-z]{1,6}"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner.clone(), 0..3)
                .prop_map(|map| map.into_iter().collect::<Map<_, _>>().into()),
            (prop_oneof![Just(52), Just(54), Just(1)], inner).prop_map(|(tag, of)| json!({"tag": tag, "of": of})),
        ]
    })
}

/// Keys of claims: all that the profile names, and others.
fn any_claim() -> impl Strategy<Value = String> {
    let known: Vec<i64> = (1..=8).chain(308..=324).chain([282]).chain(-65_546..=-65_537).collect();
    prop_oneof![4 => proptest::sample::select(known), 1 => any::<i32>().prop_map(i64::from)]
        .prop_map(|key| key.to_string())
}

fn description(claims: Map<String, Value>) -> Description {
    // The whole payload: nothing is merged, so that a claim that is taken out stays out.
    Description { payload: Some(Value::Object(claims)), ..Description::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_panics_or_is_a_fault_of_ours(
        method in prop_oneof![Just("GET".to_string()), Just("HEAD".to_string()), Just("POST".to_string()), any::<String>()],
        url in any_url(),
        id in any::<String>(),
        headers in any_headers(),
        now in any::<i64>(),
    ) {
        let fields: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let client = Client { address: None, place: None };
        let request = Request { method: &method, url: &url, id: &id, headers: Headers::new(&fields), client };
        let decision = decided(&request, UnixTime::from_millis(now));
        prop_assert!(status(&decision) < 500, "{:?}", decision);
        if let Decision::Forward(forward) = decision {
            let fetch = CONFIG.with(|config| forward.sign(b"{}", NOW, config)).unwrap();
            prop_assert!(fetch.url.starts_with("https://signer.example.com/api/v1/"));
            // What is sent with GET and HEAD goes no further: nothing is signed of it.
            let payload = fetch.headers.iter().find(|(name, _)| *name == "x-amz-content-sha256").unwrap();
            prop_assert_eq!(payload.1 == EMPTY_PAYLOAD, matches!(method.as_str(), "GET" | "HEAD"));
        }
    }

    #[test]
    fn no_answer_of_the_origin_panics_or_passes_without_a_length(
        asked in any_headers(), method in prop_oneof![Just("GET"), Just("HEAD")], status in any::<u16>(),
        answered in any_headers(), body in proptest::option::of(any::<String>()),
    ) {
        let token = Description::default().text().unwrap();
        let authorization = format!("Bearer {token}");
        let mut fields = vec![("host", "files.example.net"), ("authorization", authorization.as_str())];
        fields.extend(asked.iter().filter(|(name, _)| name.starts_with("if-") || name == "range").map(|(name, value)| (name.as_str(), value.as_str())));
        let client = Client { address: None, place: None };
        let request = Request { method, url: URL, id: "", headers: Headers::new(&fields), client };
        if let Decision::Fetch(fetch) = decided(&request, NOW) {
            let fields: Vec<(&str, &str)> = answered.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let head = Head { status, headers: Headers::new(&fields) };
            let next = CONFIG.with(|config| fetch.settle(&head, body.as_deref(), NOW, config));
            if let Next::Reply(reply) = next {
                prop_assert!(matches!(reply.status, 200 | 206 | 304), "{:?}", reply);
                prop_assert!(reply.status == 304 || reply.headers.iter().any(|(name, _)| *name == "content-length"));
                prop_assert!(reply.headers.iter().all(|(_, value)| !value.contains(['\r', '\n', '\0'])), "{:?}", reply);
            }
        }
    }

    #[test]
    fn no_bytes_are_a_token(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let decision = with_token(&base64url::encode(&bytes), |request| decided(request, NOW));
        prop_assert_eq!(status(&decision), 401);
    }

    #[test]
    fn an_added_claim_never_opens_what_was_closed(
        spoil in proptest::option::of((any_claim(), any_value())),
        take in proptest::option::of(proptest::sample::select(vec!["1", "4", "7", "310", "312", "313"])),
        added in any_claim(), value in any_value(),
    ) {
        let mut claims = default_claims();
        if let Some((name, value)) = spoil {
            claims.insert(name, value);
        }
        if let Some(name) = take {
            claims.remove(name);
        }
        let before = description(claims.clone()).text().unwrap();
        let before = with_token(&before, |request| decided(request, NOW));
        // Adding is adding: a claim that is there already would be there twice, which is its own refusal. Of these a
        // missing end is the only one whose presence is asked for, and a purpose of 2 says that a use was counted.
        let opens_by_design = added == "4" || added == "-65540";
        if !grants(&before) && !claims.contains_key(&added) && !opens_by_design {
            claims.insert(added, value);
            let after = with_token(&description(claims).text().unwrap(), |request| decided(request, NOW));
            prop_assert!(!grants(&after), "{:?} became {:?}", before, after);
        }
    }

    #[test]
    fn no_claims_panic_or_are_a_fault_of_ours(claims in proptest::collection::btree_map(any_claim(), any_value(), 0..6)) {
        let mut all = default_claims();
        all.extend(claims);
        let decision = with_token(&description(all).text().unwrap(), |request| decided(request, NOW));
        prop_assert!(matches!(status(&decision), 0 | 401 | 403), "{:?}", decision);
    }
}

/// A good token with every kind of claim in it.
static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let claims = json!({
        "3": ["demo-edge"], "5": 1_700_000_000, "311": [{"tag": 52, "of": [24, {"hex": "cb0071"}]}],
        "312": {"3": {"1": "/f/9Jq2/"}, "1": {"0": "files.example.net"}}, "316": ["SE"], "-65538": "a.pdf",
    });
    Description { claims: claims.as_object().unwrap().clone(), ..Description::default() }.bytes().unwrap()
});

#[test]
fn every_flipped_bit_is_refused() {
    assert!(with_token(&base64url::encode(&GOOD), |request| grants(&decided(request, NOW))));
    for bit in 0..GOOD.len() * 8 {
        let mut bytes = GOOD.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let decision = with_token(&base64url::encode(&bytes), |request| decided(request, NOW));
        assert_eq!(status(&decision), 401, "bit {bit}: {decision:?}");
    }
}

#[test]
fn every_cut_and_every_changed_character_is_refused() {
    let text = base64url::encode(&GOOD);
    for length in 0..text.len() {
        let decision = with_token(&text[..length], |request| decided(request, NOW));
        assert_eq!(status(&decision), 401, "cut at {length}");
    }
    for at in 0..text.len() {
        for other in ['A', 'z', '_', '+', '=', ' ', '\t', 'é'] {
            let mut changed: Vec<char> = text.chars().collect();
            if changed[at] == other {
                continue;
            }
            changed[at] = other;
            let changed: String = changed.into_iter().collect();
            let decision = with_token(&changed, |request| decided(request, NOW));
            // White space at the ends is the header's, not the token's; inside or in place of a character it is not.
            assert_eq!(status(&decision), 401, "{other:?} at {at}");
        }
    }
}

#[test]
fn nothing_prints_a_key() {
    let mut shown = Vec::new();
    let (issuer, kid, secret, _) = KEYS[0];
    let key = || TokenKey::new(issuer.into(), KeyId::new(kid).unwrap(), &Secret::new(secret.into()), None).unwrap();
    let keys = KeySet::new(vec![key()]);
    let credentials = Credentials {
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: Secret::from(AWS_SECRET.to_string()),
        session_token: None,
        expires: None,
    };
    let signer = Signer::new("eu-central-1".into(), "s3");
    let signing_key = SigningKey::derive(&credentials.secret_access_key, NOW, "eu-central-1", "s3");
    let mac = clouddrop_core::hash::MacKey::new(secret.as_bytes());
    CONFIG.with(|config| shown.push(format!("{config:?} {:?}", config.keys())));
    shown.push(format!(
        "{:?} {:?} {keys:?} {credentials:?} {signer:?} {signing_key:?} {mac:?}",
        key(),
        credentials.secret_access_key
    ));
    let bytes = TokenBytes::decode(&Description::default().text().unwrap()).unwrap();
    let parts: Parts<'_> = bytes.parts().unwrap();
    shown.push(format!("{parts:?} {:?} {:?}", verify(&parts, &keys, NOW), bytes));
    with_token(&Description::default().text().unwrap(), |request| {
        let decision = decided(request, NOW);
        shown.push(format!("{decision:?}"));
        // The signer keeps the day's key from here on.
        CONFIG.with(|config| shown.push(format!("{config:?}")));
    });
    // As text, as base64url, as hexadecimal and as Debug prints bytes.
    let forms = |secret: &str| {
        let list: Vec<String> = secret.bytes().map(|byte| byte.to_string()).collect();
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        [secret.to_string(), base64url::encode(secret.as_bytes()), hex, list[..8].join(", ")]
    };
    for secret in KEYS.iter().map(|(_, _, secret, _)| *secret).chain([AWS_SECRET]) {
        for form in forms(secret) {
            assert!(shown.iter().all(|text| !text.contains(&form)), "{form}");
        }
    }
    // The derived key is as secret as its parent.
    let derived = derived_key();
    let list: Vec<String> = derived.iter().map(ToString::to_string).collect();
    assert!(shown.iter().all(|text| !text.contains(&list[..8].join(", "))));
}

/// The signing key of [`NOW`], by the four steps of the S3 API reference.
fn derived_key() -> [u8; 32] {
    use clouddrop_core::hash::MacKey;
    let first = MacKey::new(format!("AWS4{AWS_SECRET}").as_bytes()).tag(&[b"20270115"]);
    ["eu-central-1", "s3", "aws4_request"].iter().fold(first, |key, step| MacKey::new(&key).tag(&[step.as_bytes()]))
}
