//! Proves that tokens travel both ways between core and two independent libraries: the crate `common-access-token` and
//! the npm package `@eyevinn/cat`. What they make is verified and granted here; what is minted here satisfies them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::config::{self, KEYS};
use clouddrop_cases::{base64url, token::Description};
use clouddrop_core::token::mint::Opens;
use clouddrop_core::token::{Disposition, Listing, NewToken, Purpose, TokenKey, mint};
use clouddrop_core::{Client, Config, Decision, Headers, KeyId, ObjectPath, Place, Request, Secret, UnixTime, decide};
use clouddrop_tests::node;
use common_access_token::{
    Algorithm, CborValue, KeyId as TheirKeyId, RegisteredClaims, Token, TokenBuilder, VerificationOptions, cat_keys,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The other libraries read the clock: tokens end in 2099 and the decision is taken in 2027.
const EXPIRES: u64 = 4_070_908_800;
const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const URL: &str = "https://files.example.net/f/9Jq2/report.pdf";

fn default_config() -> Config {
    config::config(&Map::new()).unwrap()
}

/// Issuer, key id and secret of the key that both sides hold.
fn shared_key() -> (&'static str, &'static str, &'static [u8]) {
    let (issuer, kid, secret, _) = KEYS[0];
    (issuer, kid, secret.as_bytes())
}

/// What `decide` says: `fetch`, or the refusal's code.
fn says(token: &str, method: &str, url: &str) -> String {
    let authorization = format!("Bearer {token}");
    let fields = [("host", "files.example.net"), ("authorization", authorization.as_str())];
    let place = Place { country: Some("SE"), ..Place::default() };
    let request = Request {
        method,
        url,
        id: "interop",
        headers: Headers::new(&fields),
        client: Client { address: Some("203.0.113.50".parse().unwrap()), place: Some(place) },
    };
    match decide(&request, NOW, &default_config()) {
        Decision::Fetch(_) => "fetch".into(),
        Decision::Reply(reply) => reply.log.unwrap().code.into(),
        other => format!("{other:?}"),
    }
}

/// Tokens of ours: the least one, one with all that both sides know, a folder.
fn ours() -> Vec<String> {
    let (issuer, kid, secret) = shared_key();
    let key = TokenKey::new(issuer.into(), KeyId::new(kid).unwrap(), &Secret::new(secret.to_vec()), None).unwrap();
    let object = ObjectPath::from_key("9Jq2/report.pdf").unwrap();
    let folder = ObjectPath::from_key("9Jq2").unwrap();
    let expires = UnixTime::from_secs(EXPIRES);
    let least = NewToken::new([1; 16], Opens::Object(&object), expires);
    let full = NewToken {
        subject: Some("guest"),
        audience: Some("demo-edge"),
        not_before: Some(UnixTime::from_secs(1_500_000_000)),
        issued_at: Some(UnixTime::from_secs(1_500_000_000)),
        host: Some("files.example.net"),
        file_name: Some("Bericht é.pdf"),
        disposition: Disposition::Inline,
        purpose: Purpose::Download,
        object_version: Some("\"v1\""),
        ..least.clone()
    };
    let below = NewToken { listing: Listing::Shown, ..NewToken::new([2; 16], Opens::Folder(&folder), expires) };
    [least, full, below].iter().map(|new| mint(new, &key).unwrap()).collect()
}

#[test]
fn what_is_minted_here_is_granted_here() {
    for token in ours() {
        assert_eq!(says(&token, "GET", URL), "fetch");
        assert_eq!(says(&token, "GET", "https://files.example.net/f/9Jq3/report.pdf"), "forbidden");
    }
}

fn path_claim(test: i32, path: &str) -> CborValue {
    let tests = BTreeMap::from([(test, CborValue::Text(path.into()))]);
    CborValue::Map(BTreeMap::from([(3, CborValue::Map(tests))]))
}

fn theirs(build: impl FnOnce(TokenBuilder) -> TokenBuilder) -> String {
    let (issuer, kid, secret) = shared_key();
    let registered = RegisteredClaims::new().with_issuer(issuer).with_expiration(EXPIRES).with_cti(vec![7_u8; 16]);
    let builder = TokenBuilder::new().algorithm(Algorithm::HmacSha256).registered_claims(registered);
    let token = build(builder.unprotected_key_id(TheirKeyId::binary(kid.as_bytes()))).sign(secret).unwrap();
    base64url::encode(&token.to_bytes().unwrap())
}

#[test]
fn tokens_of_the_crate_are_granted_here() {
    let methods = || vec![CborValue::Text("GET".into()), CborValue::Text("HEAD".into())];
    let good = theirs(|b| {
        b.custom_cbor(cat_keys::CATU, path_claim(1, "/f/9Jq2/"))
            .custom_array(cat_keys::CATM, methods())
            .custom_int(cat_keys::CATV, 1)
    });
    assert_eq!(says(&good, "GET", URL), "fetch");
    assert_eq!(says(&good, "HEAD", URL), "fetch");
    assert_eq!(says(&good, "GET", "https://files.example.net/f/9Jq2x/report.pdf"), "forbidden");
    let exact = theirs(|b| b.custom_cbor(cat_keys::CATU, path_claim(0, "/f/9Jq2/report.pdf")));
    assert_eq!(says(&exact, "GET", URL), "fetch");
    assert_eq!(says(&exact, "GET", "https://files.example.net/f/9Jq2/other.pdf"), "forbidden");
    // The key id in the protected header; and single use, which core counts.
    let protected = theirs(|b| b.protected_key_id(TheirKeyId::binary(shared_key().1.as_bytes())));
    assert_eq!(says(&protected, "GET", URL), "fetch");
    assert_eq!(says(&theirs(|b| b.custom_int(cat_keys::CATREPLAY, 1)), "GET", URL), "claim_required");
    // A claim that is not implemented refuses, whoever wrote it.
    assert_eq!(says(&theirs(|b| b.custom_int(cat_keys::CATPOR, 50)), "GET", URL), "forbidden");
}

#[test]
fn the_crate_verifies_tokens_of_ours() {
    let (issuer, kid, secret) = shared_key();
    for text in ours() {
        let bytes = base64url::decode(&text).unwrap();
        let token = Token::from_bytes(&bytes).unwrap();
        assert_eq!(token.header.key_id().unwrap().as_bytes(), kid.as_bytes());
        token.verify(secret).unwrap();
        token.verify(b"another key that is long enough, too").unwrap_err();
        let options =
            || VerificationOptions::new().expected_issuer(issuer).require_exp(true).verify_catu(true).verify_catm(true);
        token.verify_claims(&options().uri(URL).http_method("GET")).unwrap();
        token.verify_claims(&options().uri(URL).http_method("PUT")).unwrap_err();
        token.verify_claims(&options().uri("https://files.example.net/f/other").http_method("GET")).unwrap_err();
    }
}

#[test]
fn both_ways_with_the_npm_package() {
    let (issuer, kid, secret) = shared_key();
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let options = |url: &str| json!({"issuer": issuer, "audience": ["demo-edge"], "url": url});
    let mut validate: Vec<Value> =
        ours().iter().map(|token| json!({"token": token, "options": options(URL)})).collect();
    let good = validate.len();
    validate.extend(
        ours().iter().map(|token| json!({"token": token, "options": options("https://files.example.net/f/other")})),
    );
    let ended =
        Description { claims: json!({"4": 1_000_000_000}).as_object().unwrap().clone(), ..Description::default() };
    validate.push(json!({"token": ended.text().unwrap(), "options": options(URL)}));
    let claims = |more: Value| {
        let mut claims = json!({"iss": issuer, "exp": EXPIRES, "cti": "000102030405060708090a0b0c0d0e0f"});
        config::merge(claims.as_object_mut().unwrap(), more.as_object().unwrap());
        claims
    };
    let generate = [
        (claims(json!({})), "fetch"),
        (claims(json!({"catu": {"path": {"prefix-match": "/f/9Jq2/"}}, "catm": ["GET", "HEAD"]})), "fetch"),
        (claims(json!({"catu": {"path": {"exact-match": "/f/9Jq2/report.pdf"}}, "aud": ["demo-edge"]})), "fetch"),
        (claims(json!({"catgeoiso3166": ["SE"], "sub": "guest", "nbf": 1_500_000_000, "iat": 1_500_000_000})), "fetch"),
        (claims(json!({"catnip": ["203.0.113.50"]})), "fetch"),
        (claims(json!({"catnip": ["198.51.100.1"]})), "forbidden"),
        (claims(json!({"catu": {"path": {"prefix-match": "/f/other/"}}})), "forbidden"),
        (claims(json!({"catgeoiso3166": ["DE"]})), "forbidden"),
        (claims(json!({"aud": "other-edge"})), "forbidden"),
        (claims(json!({"catreplay": 1})), "claim_required"),
        (claims(json!({"exp": 1_700_000_000})), "expired"),
    ];
    let wanted: Vec<&Value> = generate.iter().map(|(claims, _)| claims).collect();
    let input = json!({"key": hex, "kid": kid, "validate": validate, "generate": wanted});
    let answer = node::run("cat_interop.mjs", &input).unwrap_or_else(|error| panic!("{error}"));

    let validated = answer["validated"].as_array().unwrap();
    assert_eq!(validated.len(), validate.len());
    for (place, verdict) in validated.iter().enumerate() {
        assert_eq!(verdict["error"].is_null(), place < good, "{place}: {verdict}");
    }
    // With the CWT tag, and without: there 0.16.4 puts the claims in as hexadecimal text and takes the MAC over
    // something else again, so its tokens are no CWTs and must not pass for any.
    let generated = answer["generated"].as_array().unwrap();
    assert_eq!(generated.len(), 2 * generate.len());
    for (place, token) in generated.iter().enumerate() {
        let (claims, verdict) = &generate[place / 2];
        let verdict = if place % 2 == 0 { *verdict } else { "unauthorized" };
        assert_eq!(says(token.as_str().unwrap(), "GET", URL), verdict, "{claims} {token}");
    }
}
