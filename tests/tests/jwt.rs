//! Proves the second token format, the signed JWT of URI Signing (RFC 9246): by the RFC's own example, by tokens of
//! jose, by a strict set of JWS vectors where it is there, and claim by claim through `decide`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]
#![allow(clippy::print_stderr, reason = "a suite that is skipped says so")]

use clouddrop_cases::{base64url, config};
use clouddrop_core::hash::{MacKey, sha256};
use clouddrop_core::p256::PublicKey;
use clouddrop_core::policy::{self, Ask, uri::Uri};
use clouddrop_core::token::{KeySet, TokenKey, jwt};
use clouddrop_core::{Client, Config, Decision, Headers, KeyId, Request, Secret, UnixTime, decide};
use clouddrop_tests::{files::repository, node};
use p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner};
use serde_json::{Value, json};
use std::path::PathBuf;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const URL: &str = "https://files.example.net/f/a/report.pdf";
const SECRET: &[u8] = b"planted-jwt-secret-of-32-bytes-and-more";

fn es256() -> SigningKey {
    SigningKey::from_slice(&sha256(b"planted es256 key")).unwrap()
}

fn coordinates(key: &SigningKey) -> ([u8; 32], [u8; 32]) {
    let point = key.verifying_key().to_sec1_point(false);
    (point.as_bytes()[1..33].try_into().unwrap(), point.as_bytes()[33..].try_into().unwrap())
}

/// `demo` has a key for each algorithm: `cat`, `hs`, `es`, and one for ES256 that has retired.
fn config() -> Config {
    let (x, y) = coordinates(&es256());
    let secret = base64url::encode(SECRET);
    let (x, y) = (base64url::encode(&x), base64url::encode(&y));
    let keys = json!([
        {"issuer": "demo", "kid": "cat", "secret": secret},
        {"issuer": "demo", "kid": "hs", "alg": "HS256", "secret": secret},
        {"issuer": "demo", "kid": "es", "alg": "ES256", "x": x, "y": y},
        {"issuer": "demo", "kid": "old", "alg": "ES256", "x": x, "y": y, "retires": 1_700_000_000},
        {"issuer": "guest", "kid": "g", "secret": secret},
        {"issuer": "guest", "kid": "es", "alg": "ES256", "x": y_is_no_x(), "y": other_y()},
    ]);
    config::config(json!({"TOKEN_KEYS": keys.to_string()}).as_object().unwrap()).unwrap()
}

fn other() -> ([u8; 32], [u8; 32]) {
    coordinates(&SigningKey::from_slice(&sha256(b"another planted es256 key")).unwrap())
}

fn y_is_no_x() -> String {
    base64url::encode(&other().0)
}

fn other_y() -> String {
    base64url::encode(&other().1)
}

/// What `decide` says of a request without a token field: `fetch`, or the refusal's code.
fn says_at(url: &str, authorization: Option<&str>, now: UnixTime, config: &Config) -> String {
    let mut fields = vec![("host", "files.example.net")];
    fields.extend(authorization.map(|value| ("authorization", value)));
    let client = Client { address: None, place: None };
    let request = Request { method: "GET", url, id: "jwt", headers: Headers::new(&fields), client };
    match decide(&request, now, config) {
        Decision::Fetch(fetch) => {
            assert!(!fetch.url.contains("Package"), "{}", fetch.url);
            "fetch".into()
        }
        Decision::Reply(reply) => {
            let refusal = reply.log.unwrap();
            let status = if refusal.code == "unauthorized" { 401 } else { 403 };
            assert!(reply.status == status || reply.status == 400, "{}", reply.status);
            refusal.code.into()
        }
        other => format!("{other:?}"),
    }
}

fn says(token: &str) -> String {
    says_at(URL, Some(&format!("Bearer {token}")), NOW, &config())
}

/// A compact JWS of the texts as they are, signed as the header says.
fn jws(header: &str, payload: &str) -> String {
    signed(header.contains("ES256"), header, payload)
}

/// As [`jws`], signed by the key for ES256 or the one for HS256 whatever the header says.
fn signed(by_es256: bool, header: &str, payload: &str) -> String {
    let input = format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(payload.as_bytes()));
    let signature = if by_es256 {
        let made: Signature = es256().sign_prehash(&sha256(input.as_bytes())).unwrap();
        made.to_bytes().to_vec()
    } else {
        MacKey::new(SECRET).tag(&[input.as_bytes()]).to_vec()
    };
    format!("{input}.{}", base64url::encode(&signature))
}

fn container(url: &str) -> String {
    format!("hash:sha-256;{}", base64url::encode(&sha256(url.as_bytes())))
}

/// Claims that are met, with `changes` over them; `null` takes one away.
fn claims(changes: &Value) -> String {
    let all = json!({"iss": "demo", "exp": 1_900_000_000, "jti": "one", "cdniuc": container(URL)});
    let mut all = all.as_object().unwrap().clone();
    config::merge(&mut all, changes.as_object().unwrap());
    Value::Object(all).to_string()
}

const HS: &str = r#"{"alg":"HS256","kid":"hs"}"#;
const ES: &str = r#"{"alg":"ES256","kid":"es","typ":"JWT"}"#;

#[test]
fn the_example_of_rfc_9246() {
    const TOKEN: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6IlA1VXBPdjBlTXExd2N4TGY3V3hJZzA5SmRTWUdZRkRPV2tsZHVlYUltZjAifQ.\
        eyJleHAiOjE2NDY4NjczNjksImlzcyI6InVDRE4gSW5jIiwiY2RuaXVjIjoiaGFzaDpzaGEtMjU2OzJ0ZGVyZldQYTg2S3U3WW56VzUxWVVwN2RHVW\
        pCU18zU1czRUx4NGhtV1kifQ.\
        TaNlJM3D96i_9J9XvlICO6FUIDFTqt3E2YJkEUOLfcH0b89wYRKTbJ9Yj6h_GRgSoZoQO0cps3yUPcWGK3smCw";
    let coordinate = |text| base64url::decode(text).unwrap().try_into().unwrap();
    let x = coordinate("be807S4O7dzB6I4hTiCUvmxCI6FuxWba1xYBlLSSsZ8");
    let y = coordinate("rOGC4vI69g-WF9AGEVI37sNNwbjIzBxSjLvIL7f3RBA");
    let id = KeyId::new("P5UpOv0eMq1wcxLf7WxIg09JdSYGYFDOWkldueaImf0").unwrap();
    let key = TokenKey::es256("uCDN Inc".into(), id, PublicKey::new(&x, &y).unwrap(), None);
    let keys = KeySet::new(vec![key]);
    let check = |url: &str, now: u64| {
        let now = UnixTime::from_secs(now);
        let signed = jwt::verify(TOKEN, &keys, now).unwrap();
        let token = signed.verified().unwrap();
        let client = Client { address: None, place: None };
        let request = Request { method: "GET", url, id: "", headers: Headers::new(&[]), client };
        let uri =
            Uri { scheme: "http", host: "cdni.example".into(), port: "80", path: "/foo/bar".into(), query: "".into() };
        let ask = Ask { request: &request, uri, method: "GET", audience: "demo-edge" };
        policy::check(&token, &ask, now).map_err(|refusal| refusal.code())
    };
    let url = "http://cdni.example/foo/bar";
    assert_eq!(check(url, 1_646_867_368), Ok(()));
    assert_eq!(check(url, 1_646_867_369), Err("expired"));
    assert_eq!(check(&format!("{url}?URISigningPackage={TOKEN}"), 1_646_867_368), Ok(()));
    assert_eq!(check("http://cdni.example/foo/baz", 1_646_867_368), Err("forbidden"));
    assert_eq!(check("https://cdni.example/foo/bar", 1_646_867_368), Err("forbidden"));
}

#[test]
fn every_carrier_and_only_the_uri_that_was_signed() {
    let config = config();
    for header in [HS, ES] {
        let token = jws(header, &claims(&json!({})));
        assert_eq!(says(&token), "fetch");
        let at = |url: String| says_at(&url, None, NOW, &config);
        assert_eq!(at(format!("{URL}?URISigningPackage={token}")), "fetch");
        assert_eq!(at(format!("{URL}?CAT={token}")), "fetch");
        assert_eq!(at(format!("{URL};URISigningPackage={token}")), "fetch");
        assert_eq!(at(format!("{URL}?CAT={token}&URISigningPackage={token}")), "fetch");
        assert_eq!(at(format!("{URL}?CAT={token}&URISigningPackage={token}a")), "bad_request");
        assert_eq!(at(format!("{URL};URISigningPackage={token}?CAT={token}a")), "bad_request");
        assert_eq!(at(format!("{URL}?URISigningPackage={token}&a=b")), "forbidden");
        assert_eq!(at(format!("{URL}?a=b&URISigningPackage={token}")), "forbidden");
        assert_eq!(at(format!("https://files.example.net/f/a/report%2Epdf?CAT={token}")), "forbidden");
        assert_eq!(at(format!("http://files.example.net/f/a/report.pdf?CAT={token}")), "forbidden");
        assert_eq!(at(format!("https://files.example.net/f/a/other.pdf?CAT={token}")), "forbidden");
        let with_query = jws(header, &claims(&json!({"cdniuc": container(&format!("{URL}?a=b&c=d"))})));
        assert_eq!(at(format!("{URL}?a=b&URISigningPackage={with_query}&c=d")), "fetch");
        assert_eq!(at(format!("{URL}?c=d&a=b&URISigningPackage={with_query}")), "forbidden");
        // The other routes take the object from the token, which names none.
        assert_eq!(at(format!("https://files.example.net/d/{token}")), "forbidden");
        assert_eq!(at(format!("https://files.example.net/d/{token}/a")), "forbidden");
        assert_eq!(at(format!("https://files.example.net/s/{token}")), "forbidden");
    }
}

#[test]
fn every_claim_is_checked() {
    for (changes, verdict) in [
        (json!({"exp": 1_800_000_001}), "fetch"),
        (json!({"exp": 1_800_000_000}), "expired"),
        (json!({"exp": 1_800_000_000.9}), "expired"),
        (json!({"exp": 1_800_000_001.5}), "fetch"),
        (json!({"exp": null}), "forbidden"),
        (json!({"exp": "1900000000"}), "forbidden"),
        (json!({"exp": -1}), "forbidden"),
        (json!({"exp": 1e30}), "forbidden"),
        (json!({"exp": 18_446_744_073_709_551_615_u64}), "fetch"),
        (json!({"nbf": 1_800_000_000}), "fetch"),
        (json!({"nbf": 1_800_000_000.0}), "fetch"),
        (json!({"nbf": 1_800_000_001}), "not_yet_valid"),
        (json!({"nbf": 1_800_000_000.5}), "not_yet_valid"),
        (json!({"nbf": true}), "forbidden"),
        (json!({"iat": 1_900_000_000}), "fetch"),
        (json!({"iat": []}), "forbidden"),
        (json!({"iss": null}), "fetch"),
        (json!({"iss": "guest"}), "forbidden"),
        (json!({"iss": 1}), "forbidden"),
        (json!({"aud": "demo-edge"}), "fetch"),
        (json!({"aud": ["other", "demo-edge"]}), "fetch"),
        (json!({"aud": "other"}), "forbidden"),
        (json!({"aud": ["other"]}), "forbidden"),
        (json!({"aud": []}), "forbidden"),
        (json!({"aud": ["demo-edge", 1]}), "forbidden"),
        (json!({"aud": {"demo-edge": 1}}), "forbidden"),
        (json!({"jti": null}), "fetch"),
        (json!({"jti": 7}), "forbidden"),
        (json!({"jti": ""}), "forbidden"),
        (json!({"cdniv": 1}), "fetch"),
        (json!({"cdniv": 2}), "forbidden"),
        (json!({"cdniv": "1"}), "forbidden"),
        (json!({"cdnicrit": "exp,cdniuc"}), "fetch"),
        (json!({"cdnicrit": "exp,new", "new": 1}), "forbidden"),
        (json!({"cdnicrit": "sub"}), "forbidden"),
        (json!({"cdnicrit": ""}), "forbidden"),
        (json!({"cdnicrit": ["exp"]}), "forbidden"),
        (json!({"sub": "someone"}), "forbidden"),
        (json!({"cdniip": "192.0.2.0/24"}), "forbidden"),
        (json!({"cdniets": 30}), "forbidden"),
        (json!({"cdnistt": 1}), "forbidden"),
        (json!({"cdnistd": 2}), "forbidden"),
        // RFC 7519 section 4: what nobody here knows is passed over.
        (json!({"new": {"a": [1, {"b": null}], "c": -1.5e3}}), "fetch"),
        (json!({"cdniuc": null}), "forbidden"),
        (json!({"cdniuc": 1}), "forbidden"),
        (json!({"cdniuc": "regex:.*"}), "forbidden"),
        (json!({"cdniuc": container(URL).replace("hash:", "")}), "forbidden"),
        (json!({"cdniuc": container(URL).replace("sha-256", "sha-256-128")}), "forbidden"),
        (json!({"cdniuc": format!("{}=", container(URL))}), "forbidden"),
        (json!({"cdniuc": &container(URL)[..55]}), "forbidden"),
        (json!({"cdniuc": container(&format!("{URL}?"))}), "forbidden"),
    ] {
        for header in [HS, ES] {
            assert_eq!(says(&jws(header, &claims(&changes))), verdict, "{changes}");
        }
    }
    // A genuine payload that is no set of claims.
    let good = claims(&json!({}));
    for payload in ["", "[]", "foo", "\"exp\"", &good[1..], &format!("{good}x"), &good.replacen('{', "{\"exp\":1,", 1)]
    {
        assert_eq!(says(&jws(HS, payload)), "forbidden", "{payload}");
    }
}

#[test]
fn the_header_names_the_keys_own_algorithm_and_nothing_else() {
    let claims = claims(&json!({}));
    for header in
        [r#"{"alg":"HS256","kid":"hs","typ":"jwt"}"#, r#" { "typ" : "JWT", "kid":"\u0068s", "alg":"HS256" } "#]
    {
        assert_eq!(says(&jws(header, &claims)), "fetch", "{header}");
    }
    for header in [
        r#"{"alg":"none","kid":"hs"}"#,
        r#"{"alg":"hs256","kid":"hs"}"#,
        r#"{"alg":"HS384","kid":"hs"}"#,
        r#"{"alg":"HS256","kid":"es"}"#,
        r#"{"alg":"HS256","kid":"cat"}"#,
        r#"{"alg":"HMAC 256/256","kid":"cat"}"#,
        r#"{"alg":"ES256","kid":"hs"}"#,
        r#"{"alg":"ES256","kid":"old"}"#,
        r#"{"alg":"ES256","kid":"nobody"}"#,
        r#"{"alg":"HS256","kid":"nobody"}"#,
        r#"{"alg":"HS256"}"#,
        r#"{"kid":"hs"}"#,
        r#"{"alg":"HS256","kid":"hs","typ":"JOSE"}"#,
        r#"{"alg":"HS256","kid":"hs","crit":["exp"]}"#,
        r#"{"alg":"HS256","kid":"hs","crit":[]}"#,
        r#"{"alg":"HS256","kid":"hs","b64":false}"#,
        r#"{"alg":"HS256","kid":"hs","jku":"https://example.com"}"#,
        r#"{"alg":"HS256","kid":"hs","jwk":{"kty":"oct"}}"#,
        r#"{"alg":"HS256","kid":"hs","x5u":"https://example.com"}"#,
        r#"{"alg":"HS256","kid":"hs","x5c":["AA"]}"#,
        r#"{"alg":"HS256","kid":"hs","cty":"JWT"}"#,
        r#"{"alg":"HS256","kid":"hs","kid":"hs"}"#,
        r#"{"alg":"HS256","alg":"HS256","kid":"hs"}"#,
        r#"{"alg":"HS256","kid":"hs"}x"#,
        r#"{"alg":["HS256"],"kid":"hs"}"#,
        "[]",
        "",
    ] {
        assert_eq!(says(&jws(header, &claims)), "unauthorized", "{header}");
    }
}

#[test]
fn a_signature_by_the_key_under_another_algorithms_name_is_refused() {
    let claims = claims(&json!({}));
    for (by_es256, kid, own, other) in [(true, "es", "ES256", "HS256"), (false, "hs", "HS256", "ES256")] {
        let header = |alg: &str| format!(r#"{{"alg":"{alg}","kid":"{kid}"}}"#);
        assert_eq!(says(&signed(by_es256, &header(own), &claims)), "fetch");
        for alg in [other, "none", "HS512", "ES256K"] {
            assert_eq!(says(&signed(by_es256, &header(alg), &claims)), "unauthorized", "{kid} as {alg}");
        }
    }
}

#[test]
fn a_public_key_is_no_secret() {
    let (x, y) = coordinates(&es256());
    let input = format!(
        "{}.{}",
        base64url::encode(br#"{"alg":"HS256","kid":"es"}"#),
        base64url::encode(claims(&json!({})).as_bytes())
    );
    let (b64x, b64y) = (base64url::encode(&x), base64url::encode(&y));
    for secret in [&x[..], &y, &[&x[..], &y].concat(), &[&[4], &x[..], &y].concat(), b64x.as_bytes(), b64y.as_bytes()] {
        let tag = base64url::encode(&MacKey::new(secret).tag(&[input.as_bytes()]));
        assert_eq!(says(&format!("{input}.{tag}")), "unauthorized");
    }
    // Nor does a key of one format verify the other: here it is the same secret under two names.
    let cat = |kid: &str| {
        let secret = Secret::new(SECRET.to_vec());
        let key = TokenKey::new("demo".into(), KeyId::new(kid).unwrap(), &secret, None).unwrap();
        let path = clouddrop_core::ObjectPath::from_key("a/report.pdf").unwrap();
        let opens = clouddrop_core::token::mint::Opens::Object(&path);
        let new = clouddrop_core::token::NewToken::new([1; 16], opens, UnixTime::from_secs(1_900_000_000));
        clouddrop_core::token::mint(&new, &key).unwrap()
    };
    assert_eq!(says(&cat("cat")), "fetch");
    assert_eq!(says(&cat("hs")), "unauthorized");
    assert_eq!(says(&cat("es")), "unauthorized");
}

#[test]
fn every_bit_counts() {
    for header in [HS, ES] {
        let token = jws(header, &claims(&json!({})));
        let parts: Vec<Vec<u8>> = token.split('.').map(|part| base64url::decode(part).unwrap()).collect();
        let mut asked = 0;
        for part in 0..3 {
            for bit in 0..parts[part].len() * 8 {
                let mut damaged = parts.clone();
                damaged[part][bit / 8] ^= 1 << (bit % 8);
                let text: Vec<String> = damaged.iter().map(|bytes| base64url::encode(bytes)).collect();
                assert_eq!(says(&text.join(".")), "unauthorized", "part {part}, bit {bit}");
                asked += 1;
            }
        }
        assert!(asked > 1000, "{asked}");
        for (damaged, what) in [
            (format!("{token}="), "padding"),
            (format!("{token}."), "a fourth part"),
            (format!(".{token}"), "a part before"),
            (token[..token.len() - 4].to_string(), "a short signature"),
            (format!("{token}AAAA"), "a long signature"),
            (token.rsplit_once('.').unwrap().0.to_string(), "two parts"),
            (token.replacen('.', "..", 1), "four parts"),
            (".".into(), "dots"),
            ("..".into(), "dots"),
        ] {
            assert_eq!(says(&damaged), "unauthorized", "{what}");
        }
    }
    let long = claims(&json!({"new": "x".repeat(1024)}));
    assert_eq!(says(&jws(HS, &long)), "unauthorized", "too long");
}

#[test]
fn tokens_of_jose_are_granted() {
    let header = |alg: &str, kid: &str| json!({"alg": alg, "kid": kid, "typ": "JWT"});
    let cases: Vec<(Value, Value, &str)> = [("HS256", "hs"), ("ES256", "jose")]
        .iter()
        .flat_map(|(alg, kid)| {
            let good: Value =
                serde_json::from_str(&claims(&json!({"aud": ["demo-edge"], "nbf": 1, "iat": 1}))).unwrap();
            let over: Value = serde_json::from_str(&claims(&json!({"exp": 1_800_000_000}))).unwrap();
            let elsewhere: Value = serde_json::from_str(&claims(&json!({"cdniuc": container("x")}))).unwrap();
            [
                (header(alg, kid), good.clone(), "fetch"),
                (header(alg, kid), over, "expired"),
                (header(alg, kid), elsewhere, "forbidden"),
                (header(alg, "other"), good, "unauthorized"),
            ]
        })
        .collect();
    let sign: Vec<Value> =
        cases.iter().map(|(header, claims, _)| json!({"header": header, "claims": claims})).collect();
    let hex: String = SECRET.iter().map(|byte| format!("{byte:02x}")).collect();
    let answer = node::run("jose_sign.mjs", &json!({"secret": hex, "sign": sign})).unwrap_or_else(|e| panic!("{e}"));
    let keys = json!([
        {"issuer": "demo", "kid": "hs", "alg": "HS256", "secret": base64url::encode(SECRET)},
        {"issuer": "demo", "kid": "jose", "alg": "ES256", "x": answer["x"], "y": answer["y"]},
    ]);
    let config = config::config(json!({"TOKEN_KEYS": keys.to_string()}).as_object().unwrap()).unwrap();
    let signed = answer["signed"].as_array().unwrap();
    assert_eq!(signed.len(), cases.len());
    for (token, (header, claims, verdict)) in signed.iter().zip(&cases) {
        let url = format!("{URL}?URISigningPackage={}", token.as_str().unwrap());
        assert_eq!(says_at(&url, None, NOW, &config), *verdict, "{header} {claims}");
    }
}

/// Where the strict set lies, which is another project's and not a part of this one.
fn strict_set() -> Option<Value> {
    let shared = std::env::var_os("CLOUDDROP_SHARED").map_or_else(|| repository().join("../shared"), PathBuf::from);
    let text = std::fs::read_to_string(shared.join("vectors/jws-hs256-strict.json")).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// Its payloads are no claims: what is genuine is `forbidden`, everything else `unauthorized`.
#[test]
fn every_vector_of_the_strict_set() {
    const VECTORS: usize = 54;
    let Some(set) = strict_set() else {
        eprintln!("skipped: no vectors/jws-hs256-strict.json beside the project, nor in CLOUDDROP_SHARED");
        return;
    };
    let (mut ran, mut genuine) = (0, 0);
    for case in set["cases"].as_array().unwrap() {
        let entry = |key: &Value| json!({"issuer": "demo", "kid": key["kid"], "alg": key["alg"], "secret": key["k"]});
        let mut entries: Vec<Value> = case["keys"].as_array().unwrap().iter().map(entry).collect();
        entries.push(json!({"issuer": "demo", "kid": "second", "secret": base64url::encode(SECRET)}));
        let changes = json!({"TOKEN_KEYS": Value::from(entries).to_string()});
        // Weak keys, keys of other algorithms and two of one name are refused before any token is.
        let verdict = match config::config(changes.as_object().unwrap()) {
            Ok(config) => says_at(URL, Some(&format!("Bearer {}", case["jws"].as_str().unwrap())), NOW, &config),
            Err(faults) => {
                assert!(faults.contains("TOKEN_KEYS"), "{faults}");
                "unauthorized".into()
            }
        };
        let wanted = if case["expected"] == "valid" { "forbidden" } else { "unauthorized" };
        assert_eq!(verdict, wanted, "{} {}", case["tcId"], case["comment"]);
        genuine += usize::from(verdict == "forbidden");
        ran += 1;
    }
    assert_eq!(ran, VECTORS);
    assert!(genuine >= 10, "{genuine}");
}

#[test]
fn keys_are_checked_with_their_algorithm() {
    let (x, y) = coordinates(&es256());
    let (x, y) = (base64url::encode(&x), base64url::encode(&y));
    let secret = base64url::encode(SECRET);
    let entry = |more: Value| {
        let mut entry = json!({"issuer": "demo", "kid": "k"});
        config::merge(entry.as_object_mut().unwrap(), more.as_object().unwrap());
        let keys = json!([entry, {"issuer": "demo", "kid": "other", "secret": secret}]);
        config::config(json!({"TOKEN_KEYS": keys.to_string()}).as_object().unwrap()).map(drop)
    };
    for good in [
        json!({"alg": "HMAC 256/256", "secret": secret}),
        json!({"alg": "HS256", "secret": secret}),
        json!({"alg": "ES256", "x": x, "y": y}),
    ] {
        assert_eq!(entry(good.clone()), Ok(()), "{good}");
    }
    for (bad, said) in [
        (json!({"alg": "ES256", "secret": secret}), "[0].alg must be"),
        (json!({"alg": "none", "secret": secret}), "[0].alg must be"),
        (json!({"alg": "ES256", "x": x}), "shape"),
        (json!({"alg": "ES256", "x": x, "y": y, "secret": secret}), "shape"),
        (json!({"x": x, "y": y}), "[0].alg must be ES256"),
        (json!({"alg": "HS256", "x": x, "y": y}), "[0].alg must be ES256"),
        (json!({"alg": "ES256", "x": y, "y": x}), "point of P-256"),
        (json!({"alg": "ES256", "x": x, "y": format!("{y}A")}), "point of P-256"),
        (json!({"alg": "ES256", "x": "", "y": y}), "point of P-256"),
        (json!({"alg": "HS256", "secret": base64url::encode(&SECRET[..31])}), "shorter than 32"),
        (json!({"alg": "HS256", "secret": "=="}), "not base64url"),
    ] {
        let faults = entry(bad.clone()).unwrap_err();
        assert!(faults.contains(said) && !faults.contains(&secret), "{bad}: {faults}");
    }
}
