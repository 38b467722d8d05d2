//! `clouddrop token`: making, reading and checking tokens, with no service near. Keys are read and never shown.

use crate::args::Token;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::get::link::Link;
use crate::out::{Out, plain};
use crate::secrets::{all_of_stdin, token_keys};
use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use clouddrop_core::config::{Faults, parse_keys};
use clouddrop_core::issue::Span;
use clouddrop_core::token::mint::Opens;
use clouddrop_core::token::wire::{Parts, TokenBytes};
use clouddrop_core::token::{KeySet, NewToken, jwt, mint, verify};
use clouddrop_core::{ObjectPath, UnixTime, policy};
use serde_json::{Map, Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// Claims by number: RFC 8392, the registry of CWT claims, CTA-5007-B, and ours.
const NAMES: [(i128, &str); 35] = [
    (1, "iss"),
    (2, "sub"),
    (3, "aud"),
    (4, "exp"),
    (5, "nbf"),
    (6, "iat"),
    (7, "cti"),
    (282, "geohash"),
    (308, "catreplay"),
    (309, "catpor"),
    (310, "catv"),
    (311, "catnip"),
    (312, "catu"),
    (313, "catm"),
    (314, "catalpn"),
    (315, "cath"),
    (316, "catgeoiso3166"),
    (317, "catgeocoord"),
    (318, "catgeoalt"),
    (319, "cattpk"),
    (320, "catifdata"),
    (321, "catadpop"),
    (322, "catif"),
    (323, "catr"),
    (8, "cnf"),
    (-65537, "max_downloads"),
    (-65538, "file_name"),
    (-65539, "disposition"),
    (-65540, "purpose"),
    (-65541, "largest_upload"),
    (-65542, "object_version"),
    (-65543, "password"),
    (-65544, "may_list"),
    (-65545, "share"),
    (-65546, "parent"),
];
/// Claims that are moments.
const MOMENTS: [i128; 3] = [4, 5, 6];
const COSE_MAC0: u64 = 17;
const COSE_SIGN1: u64 = 18;

pub(crate) fn run(out: &Out, act: &Token) -> Result<()> {
    match act {
        Token::Inspect { token } => inspect(out, token),
        Token::Verify { token, at } => check(out, token, *at),
        Token::Mint { key, expires, audience, downloads } => make(out, key, expires, audience.as_deref(), *downloads),
    }
}

/// A token as it was given: by itself, in a link, or on stdin.
fn given(text: &str) -> Result<String> {
    let text = if text == "-" { all_of_stdin()? } else { text.trim().to_string() };
    if text.contains("://") { Link::parse(&text).map(|link| link.token) } else { Ok(text) }
}

fn now() -> UnixTime {
    UnixTime::from_secs(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

fn inspect(out: &Out, text: &str) -> Result<()> {
    let token = given(text)?;
    let told = if jwt::is_jwt(&token) { read_jwt(&token)? } else { read_cat(&token)? };
    out.note("Nothing of this was checked: whoever made the token may have written what they like.");
    let lines = lines(&told);
    out.result(&told, &lines).context("writing the token")?;
    Ok(())
}

fn lines(told: &Value) -> String {
    let mut text = format!(
        "{}, key {}\n",
        told["format"].as_str().unwrap_or(""),
        plain(told["key_id"].as_str().unwrap_or("none"))
    );
    for (name, value) in told["claims"].as_object().into_iter().flatten() {
        let shown = value.as_str().map_or_else(|| value.to_string(), String::from);
        text.push_str(&format!("{:<16} {}\n", plain(name), plain(&shown)));
    }
    text
}

fn not_a_token(why: &str) -> Failure {
    Failure::usage(format!("this is no token: {why}"))
}

/// A CBOR Web Token of whoever, MAC or signature.
fn read_cat(token: &str) -> Result<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(token.trim_end_matches('=')).map_err(|_| not_a_token("not base64url"))?;
    let mut message: Cbor = ciborium::from_reader(bytes.as_slice()).map_err(|_| not_a_token("not CBOR"))?;
    let mut format = None;
    while let Cbor::Tag(tag, inner) = message {
        format = match tag {
            COSE_MAC0 => Some("COSE_Mac0"),
            COSE_SIGN1 => Some("COSE_Sign1"),
            _ => format,
        };
        message = *inner;
    }
    let Cbor::Array(elements) = message else { return Err(not_a_token("not a COSE message")) };
    let [Cbor::Bytes(protected), outer, Cbor::Bytes(payload), Cbor::Bytes(_)] = elements.as_slice() else {
        return Err(not_a_token("not a COSE message"));
    };
    let read = |bytes: &[u8]| -> Cbor {
        if bytes.is_empty() { Cbor::Map(Vec::new()) } else { ciborium::from_reader(bytes).unwrap_or(Cbor::Null) }
    };
    let inner = read(protected);
    let Cbor::Map(claims) = read(payload) else { return Err(not_a_token("its payload is no map of claims")) };
    let key_id = member(&inner, 4).or_else(|| member(outer, 4)).map(|kid| match kid {
        Cbor::Bytes(bytes) => String::from_utf8(bytes.clone()).map_or_else(|_| hex(bytes), |text| plain(&text)),
        other => plain(&format!("{other:?}")),
    });
    let algorithm = member(&inner, 1).and_then(integer);
    let mut named = Map::new();
    for (label, value) in &claims {
        let number = integer(label);
        let name = NAMES.iter().find(|(known, _)| Some(*known) == number).map(|(_, name)| (*name).to_string());
        let name =
            name.unwrap_or_else(|| number.map_or_else(|| plain(&format!("{label:?}")), |number| number.to_string()));
        let moment = number.filter(|number| MOMENTS.contains(number)).and_then(|_| integer(value));
        let value = match moment.and_then(|seconds| u64::try_from(seconds).ok()) {
            Some(seconds) => json!(format!("{seconds} ({})", UnixTime::from_secs(seconds))),
            None => as_json(value),
        };
        // Whoever repeats a claim shows one reader this and another one that.
        let again = if named.contains_key(&name) { format!("{name} (again, {})", named.len()) } else { name };
        named.insert(again, value);
    }
    Ok(json!({ "format": format.unwrap_or("COSE"), "algorithm": algorithm, "key_id": key_id, "claims": named }))
}

/// A signed JWT.
fn read_jwt(token: &str) -> Result<Value> {
    let part = |place: usize| -> Result<Value> {
        let text = token.split('.').nth(place).unwrap_or("");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| not_a_token("not base64url"))?;
        serde_json::from_slice(&bytes).map_err(|_| not_a_token("not JSON"))
    };
    let header = part(0)?;
    Ok(json!({ "format": "JWT", "algorithm": header["alg"], "key_id": header["kid"], "claims": part(1)? }))
}

fn member(map: &Cbor, label: i128) -> Option<&Cbor> {
    let Cbor::Map(pairs) = map else { return None };
    pairs.iter().find(|(key, _)| integer(key) == Some(label)).map(|(_, value)| value)
}

fn integer(value: &Cbor) -> Option<i128> {
    if let Cbor::Integer(number) = value { Some(i128::from(*number)) } else { None }
}

/// CBOR as JSON shows it: bytes in hexadecimal, numbers for keys as text.
fn as_json(value: &Cbor) -> Value {
    match value {
        Cbor::Integer(number) => i64::try_from(i128::from(*number)).map_or(Value::Null, Value::from),
        Cbor::Bytes(bytes) => json!(format!("h'{}'", hex(bytes))),
        Cbor::Float(number) => json!(number),
        Cbor::Text(text) => json!(plain(text)),
        Cbor::Bool(flag) => json!(flag),
        Cbor::Tag(tag, inner) => json!({ format!("tag {tag}"): as_json(inner) }),
        Cbor::Array(items) => items.iter().map(as_json).collect(),
        Cbor::Map(pairs) => {
            let key = |key: &Cbor| as_json(key).as_str().map_or_else(|| as_json(key).to_string(), String::from);
            pairs.iter().map(|(name, value)| (key(name), as_json(value))).collect::<Map<_, _>>().into()
        }
        _ => Value::Null,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The share that a token of ours belongs to: the one it names, or its own id's.
pub(crate) fn share_of(token: &str) -> Option<String> {
    let told = read_cat(token).ok()?;
    let id = |name: &str| told["claims"][name].as_str()?.strip_prefix("h'")?.strip_suffix('\'').map(String::from);
    id("share").or_else(|| id("parent")).or_else(|| id("cti")).filter(|id| id.len() == 32)
}

/// The keys, as an edge would take them.
fn keys() -> Result<KeySet> {
    let text = token_keys()?;
    let mut faults = Faults::default();
    match parse_keys(&text, crate::secrets::KEYS_VARIABLE, &mut faults) {
        Some(keys) if faults.is_empty() => Ok(keys),
        _ => Err(Failure::usage(faults.to_string())),
    }
}

fn check(out: &Out, text: &str, at: Option<u64>) -> Result<()> {
    let token = given(text)?;
    let keys = keys()?;
    let now = at.map_or_else(now, UnixTime::from_secs);
    let refused = |refusal: clouddrop_core::Refusal| Failure::new(Exit::Refused, refusal.to_string());
    let (issuer, key) = if jwt::is_jwt(&token) {
        let signed = jwt::verify(&token, &keys, now).map_err(refused)?;
        let verified = signed.verified().map_err(refused)?;
        policy::in_time(verified.claims(), now).map_err(refused)?;
        (verified.key().issuer().to_string(), verified.key().id().to_string())
    } else {
        let bytes = TokenBytes::decode(&token).map_err(|fault| not_a_token(fault.0))?;
        let parts: Parts<'_> = bytes.parts().map_err(|fault| not_a_token(fault.0))?;
        let verified = verify(&parts, &keys, now).map_err(refused)?;
        policy::in_time(verified.claims(), now).map_err(refused)?;
        (verified.key().issuer().to_string(), verified.key().id().to_string())
    };
    let told = json!({ "verified": true, "issuer": issuer, "key_id": key });
    out.note(
        "Checked: form, algorithm, key, MAC or signature, time. Not checked: where, who, how, and what is revoked.",
    );
    out.result(&told, &format!("good: made by {} with key {}", plain(&issuer), plain(&key)))
        .context("writing the result")?;
    Ok(())
}

fn make(out: &Out, key: &str, expires: &str, audience: Option<&str>, downloads: Option<u64>) -> Result<()> {
    let span = Span::parse(expires).ok_or_else(|| Failure::usage("--expires is a time: 30m, 12h, 7d, 2w"))?;
    let path = ObjectPath::from_key(key.strip_suffix('/').unwrap_or(key));
    let path = path.map_err(|fault| Failure::usage(format!("{} is no key: {fault:?}", plain(key))))?;
    let keys = keys()?;
    let now = now();
    let with = keys.iter().find(|key| keys.newest_of(key.issuer(), now).is_some_and(|newest| newest.id() == key.id()));
    let with = with
        .ok_or_else(|| Failure::usage("none of the keys makes tokens: an HMAC key that has not retired is needed"))?;
    let mut id = [0u8; 16];
    getrandom::fill(&mut id).map_err(|_| Failure::failed("the system gives no random bytes"))?;
    let opens = if key.ends_with('/') { Opens::Folder(&path) } else { Opens::Object(&path) };
    let end = now.after(span.0);
    let new = NewToken { audience, issued_at: Some(now), max_downloads: downloads, ..NewToken::new(id, opens, end) };
    let token = mint(&new, with).map_err(|fault| Failure::usage(format!("no token can say this: {fault:?}")))?;
    let told =
        json!({ "token": token, "expires_at": end.to_string(), "issuer": with.issuer(), "key_id": with.id().as_str() });
    out.result(&told, &token).context("writing the token")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn a_token_of_another_vendor_is_read() {
        // Unknown claims, a signature, a text for a label: all of it is shown.
        let mut payload = Vec::new();
        let claims = Cbor::Map(vec![
            (Cbor::Integer(1.into()), Cbor::Text("edge\u{1b}".into())),
            (Cbor::Integer(4.into()), Cbor::Integer(1_900_000_000.into())),
            (Cbor::Integer(70_000.into()), Cbor::Bytes(vec![1, 2])),
            (Cbor::Text("own".into()), Cbor::Bool(true)),
        ]);
        ciborium::into_writer(&claims, &mut payload).unwrap();
        let message = Cbor::Tag(
            COSE_SIGN1,
            Box::new(Cbor::Array(vec![
                Cbor::Bytes(Vec::new()),
                Cbor::Map(Vec::new()),
                Cbor::Bytes(payload),
                Cbor::Bytes(vec![0; 64]),
            ])),
        );
        let mut bytes = Vec::new();
        ciborium::into_writer(&message, &mut bytes).unwrap();
        let told = read_cat(&URL_SAFE_NO_PAD.encode(bytes)).unwrap();
        assert_eq!(told["format"], "COSE_Sign1");
        assert_eq!(told["claims"]["iss"], "edge\u{fffd}");
        assert_eq!(told["claims"]["exp"], "1900000000 (2030-03-17T17:46:40Z)");
        assert_eq!(told["claims"]["70000"], "h'0102'");
        // What strangers wrote moves no cursor.
        let jwt = |part: &str| URL_SAFE_NO_PAD.encode(part);
        let jwt =
            format!("{}.{}.AA", jwt(r#"{"alg":"HS256","kid":"k\u001b"}"#), jwt(r#"{"s\u001b":"\u001b]0;x\u0007"}"#));
        assert!(!lines(&read_jwt(&jwt).unwrap()).contains(['\u{1b}', '\u{7}']));
        for bad in ["", "!", "AAAA", "oA"] {
            assert!(read_cat(bad).is_err(), "{bad}");
        }
    }
}
