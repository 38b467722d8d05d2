//! Proves the token layer by vectors made elsewhere: the 26 tokens of `vectors/cat.json` by their verdicts, RFC 8392's
//! example and the COSE working group's HMAC example.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::{base64url, cbor::unhex};
use clouddrop_core::hash::MacKey;
use clouddrop_core::policy::{self, Ask, uri::Uri};
use clouddrop_core::token::wire::{Parts, TokenBytes};
use clouddrop_core::token::{KeySet, TokenKey, carrier, verify};
use clouddrop_core::{Client, Config, Decision, Headers, KeyId, Place, Raw, Request, Secret, UnixTime, decide};
use clouddrop_tests::files::vectors;
use serde_json::{Value, json};

/// How many tokens `cat.json` holds.
const VECTORS: usize = 26;
/// The issuer that the vectors' keys belong to.
const ISSUER: &str = "clouddrop";

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap()
}

fn key_set(keys: &Value) -> KeySet {
    let keys = keys.as_object().unwrap().iter().map(|(kid, hex)| {
        let secret = Secret::new(unhex(hex.as_str().unwrap()).unwrap());
        TokenKey::new(ISSUER.into(), KeyId::new(kid).unwrap(), &secret, None).unwrap()
    });
    KeySet::new(keys.collect())
}

fn config(keys: &Value) -> Config {
    let keys: Vec<Value> = keys
        .as_object()
        .unwrap()
        .iter()
        .map(|(kid, hex)| {
            let secret = base64url::encode(&unhex(hex.as_str().unwrap()).unwrap());
            json!({"issuer": ISSUER, "kid": kid, "secret": secret})
        })
        .collect();
    let mut variables = clouddrop_cases::config::variables();
    variables.insert("FILE_HOST".into(), "d.example.net".into());
    variables.insert("TOKEN_KEYS".into(), Value::from(keys).to_string().into());
    Config::try_from(Raw::from_json(&Value::Object(variables).to_string()).unwrap()).unwrap()
}

/// Runs `with` on a vector's request.
fn with_request<T>(vector: &Value, headers: &[(&str, &str)], with: impl FnOnce(&Request<'_>, UnixTime) -> T) -> T {
    let asked = &vector["request"];
    let mut fields: Vec<(&str, &str)> = vec![("host", "d.example.net")];
    if let Some(members) = asked["headers"].as_object() {
        fields.extend(members.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())));
    }
    fields.extend_from_slice(headers);
    let place = Place { country: asked["country"].as_str(), subdivision: None, asn: None };
    let request = Request {
        method: text(asked, "method"),
        url: text(asked, "url"),
        id: "vector",
        headers: Headers::new(&fields),
        client: Client { address: Some(text(asked, "ip").parse().unwrap()), place: Some(place) },
    };
    with(&request, UnixTime::from_secs(asked["now"].as_u64().unwrap()))
}

/// Verification and policy, step by step, as `decide` takes them.
fn accepts(bytes: &TokenBytes, keys: &KeySet, request: &Request<'_>, now: UnixTime) -> Result<(), &'static str> {
    let parts = bytes.parts().map_err(|_| "unauthorized")?;
    let token = verify(&parts, keys, now).map_err(|refusal| refusal.code())?;
    let (_, rest) = request.url.split_once("://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    let uri = Uri { scheme: "https", host: host.into(), port: "443", path: path.into(), query: "".into() };
    let ask = Ask { request, uri, method: request.method, audience: "demo-edge" };
    policy::check(&token, &ask, now).map_err(|refusal| refusal.code())
}

#[test]
fn every_token_of_cat_json_gets_its_verdict() {
    let file = vectors("cat.json").unwrap();
    let (keys, mut config) = (key_set(&file["keys"]), config(&file["keys"]));
    let mut ran = 0;
    for vector in file["vectors"].as_array().unwrap() {
        let id = text(vector, "id");
        let wanted = text(vector, "expect") == "accept";
        let b64url = text(vector, "b64url");
        assert_eq!(base64url::decode(b64url), unhex(text(vector, "hex")).ok(), "{id}");

        let bytes = TokenBytes::decode(b64url).unwrap();
        let verdict = with_request(vector, &[], |request, now| accepts(&bytes, &keys, request, now));
        assert_eq!(verdict.is_ok(), wanted, "{id}: {verdict:?}");

        let authorization = format!("Bearer {b64url}");
        let decision = with_request(vector, &[("authorization", &authorization)], |request, now| {
            clouddrop_cases::config::revoke(&mut config, &[], now).unwrap();
            decide(request, now, &config)
        });
        let (accepted, said) = match &decision {
            Decision::Fetch(fetch) => (true, fetch.url.clone()),
            Decision::Reply(reply) => {
                let code = reply.log.as_ref().unwrap().code;
                (code == "claim_required", code.to_string())
            }
            other => (false, format!("{other:?}")),
        };
        assert_eq!(accepted, wanted, "{id}: {said}");
        // A refusal by policy is the same one that decide gives; PUT is no method of the route at all.
        if let (Err(code), false) = (verdict, id == "no_method") {
            assert_eq!(said, code, "{id}");
        }
        ran += 1;
    }
    assert_eq!(ran, VECTORS);
}

/// RFC 8392 appendix A.4, with the key of A.2.2.
const RFC_8392_KEY: &str = "403697de87af64611c1d32a05dab0fe1fcb715a86ab435f1ec99192d79569388";
const RFC_8392_TOKEN: &str = "d83dd18443a10104a1044c53796d6d65747269633235365850a70175636f61703a2f2f61732e6578616d706c652e636f6d\
    02656572696b77037818636f61703a2f2f6c696768742e6578616d706c652e636f6d041a5612aeb0051a5610d9f0061a5610d9f00742\
    0b7148093101ef6d789200";

#[test]
fn rfc_8392_a4_is_genuine_and_refused() {
    let bytes = unhex(RFC_8392_TOKEN).unwrap();
    let parts = Parts::read(&bytes).unwrap();
    assert_eq!(parts.algorithm().0, 4);
    // HMAC 256/64 keeps the first eight bytes of the tag (RFC 9053 section 3.1).
    let tag = parts.with_mac_input(|input| MacKey::new(&unhex(RFC_8392_KEY).unwrap()).tag(input));
    assert_eq!(parts.tag(), &tag[..8]);

    let secret = Secret::new(unhex(RFC_8392_KEY).unwrap());
    let key =
        TokenKey::new("coap://as.example.com".into(), KeyId::new("Symmetric256").unwrap(), &secret, None).unwrap();
    let refusal = verify(&parts, &KeySet::new(vec![key]), UnixTime::from_secs(1_444_000_000)).unwrap_err();
    assert_eq!(refusal.code(), "unauthorized");
}

/// The COSE working group's examples, HMac-01: its to-be-MACed structure, written out.
#[test]
fn cose_hmac_01_is_reproduced() {
    let key = unhex("849B57219DAE48DE646D07DBB533566E976686457C1491BE3A76DCEA6C427188").unwrap();
    let to_mac = unhex("84644D41433043A101054054546869732069732074686520636F6E74656E742E").unwrap();
    let tag = unhex("A1A848D3471F9D61EE49018D244C824772F223AD4F935293F1789FC3A08D8C58").unwrap();
    assert_eq!(MacKey::new(&key).tag(&[&to_mac]).to_vec(), tag);

    // The same through the token layer: the structure is rebuilt from the message's parts.
    let message =
        [&[0xd1, 0x84, 0x43, 0xa1, 0x01, 0x05, 0xa0, 0x54][..], b"This is the content.", &[0x58, 0x20], &tag].concat();
    let parts = Parts::read(&message).unwrap();
    assert_eq!(parts.with_mac_input(|input| input.concat()), to_mac);
    assert_eq!(parts.with_mac_input(|input| MacKey::new(&key).tag(input)).as_slice(), parts.tag());
}

#[test]
fn the_bearer_form_holds_any_vector() {
    let file = vectors("cat.json").unwrap();
    for vector in file["vectors"].as_array().unwrap() {
        let token = text(vector, "b64url");
        assert_eq!(carrier::bearer(&format!("Bearer {token}")), Some(token));
    }
}
