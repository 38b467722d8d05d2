//! Genuine tokens with any claims: adding a claim, a COSE header or a field of the request never turns a refusal into
//! a grant.
//!
//! The first byte chooses what is added; the others are the claims, key and value in turn.

use super::{NOW, request, with_config};
use crate::cbor::{self, Node, items, mac_input};
use crate::seeds;
use clouddrop_cases::base64url;
use clouddrop_cases::cbor::{head, push_bytes};
use clouddrop_cases::config::KEYS;
use clouddrop_core::hash::MacKey;
use clouddrop_core::{Decision, decide};

/// Claims whose presence is asked for: the end, and the purpose, which may say that a use was counted.
const OPENING: [i128; 2] = [4, -65_540];
const CATH: i128 = 315;
/// `{1: 5}`: HMAC 256/256.
const PROTECTED: &[u8] = &[0xa1, 1, 5];
/// COSE header parameters beside the key id: none may help.
const PARAMETERS: [&[u8]; 8] = [
    &[1, 5],              // alg
    &[2, 0x81, 1],        // crit
    &[3, 0],              // content type
    &[5, 0x41, 0],        // IV
    &[16, 0x61, b'a'],    // typ
    &[0x18, 33, 0x41, 0], // x5chain
    &[0x20, 0],           // -1
    &[0x61, b'a', 0],     // a text
];
/// What a client can say of itself.
const FIELDS: [(&str, &str); 12] = [
    ("x-forwarded-for", "203.0.113.50"),
    ("x-real-ip", "203.0.113.50"),
    ("forwarded", "for=203.0.113.50"),
    ("true-client-ip", "203.0.113.50"),
    ("cf-connecting-ip", "203.0.113.50"),
    ("cf-ipcountry", "SE"),
    ("x-http-method-override", "GET"),
    ("x-original-url", "/f/9Jq2/report.pdf"),
    ("x-rewrite-url", "/f/9Jq2/report.pdf"),
    ("x-forwarded-host", "files.example.net"),
    ("range", "bytes=0-0"),
    ("cookie", "a=b"),
];

pub(crate) fn run(data: &[u8]) {
    let Some((&choice, sequence)) = data.split_first() else { return };
    let items = items(sequence);
    let pairs: Vec<&[&[u8]]> = items.chunks_exact(2).collect();
    let key_of = |pair: &[&[u8]]| match cbor::read(&mut &*pair[0], 16) {
        Some(Node::Int(key)) => Some(key),
        _ => None,
    };
    let all = claims(&pairs);
    let opens = |payload: &[u8], parameter: Option<&[u8]>, field: Option<(&str, &str)>| {
        let token = token(payload, parameter);
        opens(&base64url::encode(&token), field)
    };
    let place = usize::from(choice);

    // One of the claims was not there.
    if !pairs.is_empty() {
        let added = place % pairs.len();
        let key = key_of(pairs[added]);
        let mut fewer = pairs.clone();
        fewer.remove(added);
        let opening = key.is_some_and(|key| OPENING.contains(&key));
        // A key that is there twice is refused for that; without one of them it may open.
        let twice = fewer.iter().any(|pair| key_of(pair) == key);
        if !opening && !twice && opens(&all, None, None) {
            assert!(opens(&claims(&fewer), None, None), "the claim {key:?} opens {fewer:02x?}");
        }
    }

    let opened = opens(&all, None, None);
    let parameter = PARAMETERS[place % PARAMETERS.len()];
    assert!(opened || !opens(&all, Some(parameter), None), "the parameter {parameter:02x?} opens {pairs:02x?}");
    let field = FIELDS[place % FIELDS.len()];
    if pairs.iter().all(|pair| key_of(pair) != Some(CATH)) {
        assert!(opened || !opens(&all, None, Some(field)), "the field {field:?} opens {pairs:02x?}");
    }
}

fn claims(pairs: &[&[&[u8]]]) -> Vec<u8> {
    let mut out = Vec::new();
    head(&mut out, 5, pairs.len() as u64);
    pairs.iter().flat_map(|pair| pair.iter()).for_each(|item| out.extend_from_slice(item));
    out
}

/// A genuine token: whatever it says, its MAC is good.
fn token(payload: &[u8], parameter: Option<&[u8]>) -> Vec<u8> {
    let (_, kid, secret, _) = KEYS[0];
    let tag = MacKey::new(secret.as_bytes()).tag(&[&mac_input(PROTECTED, payload)]);
    let mut out = vec![0xd8, 61, 0xd1, 0x84];
    push_bytes(&mut out, PROTECTED);
    head(&mut out, 5, 1 + u64::from(parameter.is_some()));
    out.push(4);
    push_bytes(&mut out, kid.as_bytes());
    out.extend_from_slice(parameter.unwrap_or(&[]));
    push_bytes(&mut out, payload);
    push_bytes(&mut out, &tag);
    out
}

/// Whether the token opens anything; a token of good MAC is never taken for no token, nor for a fault of ours.
fn opens(token: &str, field: Option<(&str, &str)>) -> bool {
    let authorization = format!("Bearer {token}");
    let mut fields = vec![("host", "files.example.net"), ("authorization", authorization.as_str())];
    fields.extend(field);
    match with_config(|config| decide(&request("GET", &fields), NOW, config)) {
        Decision::Reply(reply) => {
            assert!(matches!(reply.status, 401 | 403 | 410), "{reply:?}");
            false
        }
        Decision::LookUpPlace => panic!("the place is known"),
        _ => true,
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for token in seeds::tokens() {
        let Some(mut payload) = cbor::mac0(&token).map(|parts| parts.payload) else { continue };
        let whole = payload;
        if let Some(Node::Map(pairs)) = cbor::read(&mut payload, 16) {
            let mut head_of = Vec::new();
            head(&mut head_of, 5, pairs.len() as u64);
            for choice in 0..12 {
                out.push([&[choice], whole.strip_prefix(&head_of[..]).unwrap_or(whole)].concat());
            }
        }
    }
    seeds::distinct(out)
}
