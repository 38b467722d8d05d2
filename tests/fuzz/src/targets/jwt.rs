//! Genuine signed JWTs with any header and any claims: what is opened, another JSON reader reads the same way, and it
//! asks for everything that the format requires. Adding a member never turns a refusal into a grant.
//!
//! The first byte chooses what is added, and whether the signature is good; then the header, a newline, the claims.

use super::{NOW, URL, request};
use crate::seeds;
use clouddrop_cases::{base64url, config};
use clouddrop_core::hash::{MacKey, sha256};
use clouddrop_core::{Config, Decision, decide};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Value, json};
use std::fmt;

const SECRET: &[u8] = b"planted-jwt-secret-of-32-bytes-and-more";
const HEADER: &str = r#"{"alg":"HS256","kid":"hs"}"#;
/// Claims whose presence is asked for.
const OPENING: [&str; 2] = ["exp", "cdniuc"];
/// What is implemented: no other may be named as critical.
const KNOWN: [&str; 9] = ["iss", "aud", "exp", "nbf", "iat", "jti", "cdniv", "cdniuc", "cdnicrit"];
/// Members that may be added, to the header or to the claims.
const ADDED: [&str; 16] = [
    r#""alg":"none""#,
    r#""alg":"HS256""#,
    r#""kid":"hs""#,
    r#""crit":["exp"]"#,
    r#""jwk":{}"#,
    r#""jku":"https://example.com""#,
    r#""typ":"JWT""#,
    r#""b64":false"#,
    r#""sub":"a""#,
    r#""cdniip":"a""#,
    r#""cdnicrit":"exp""#,
    r#""cdnicrit":"unknown""#,
    r#""cdniv":2"#,
    r#""aud":["demo-edge"]"#,
    r#""nbf":1900000000"#,
    r#""other":[{"exp":1e400}]"#,
];

thread_local! {
    static CONFIG: Config = {
        let keys = json!([
            {"issuer": "demo", "kid": "hs", "alg": "HS256", "secret": base64url::encode(SECRET)},
            {"issuer": "demo", "kid": "b", "secret": base64url::encode(&[7; 32])},
        ]);
        let changes = [("TOKEN_KEYS".into(), keys.to_string().into())].into_iter().collect();
        config::config(&changes).unwrap_or_else(|faults| panic!("{faults}"))
    };
}

/// An object's members in their order, every one of them.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut all = Vec::new();
                while let Some(member) = map.next_entry()? {
                    all.push(member);
                }
                Ok(Members(all))
            }
        }
        deserializer.deserialize_map(All)
    }
}

impl Members {
    /// `None` where a number is beyond what the other reader holds: it may stand in a claim that is ignored.
    fn of(text: &str) -> Option<Self> {
        match serde_json::from_str(text) {
            Ok(members) => Some(members),
            Err(error) if error.to_string().starts_with("number out of range") => None,
            Err(error) => panic!("opened, but to others no JSON: {error}: {text}"),
        }
    }

    /// The one value of a name.
    fn one(&self, name: &str) -> Option<&Value> {
        let mut all = self.0.iter().filter(|(have, _)| have == name);
        let first = all.next();
        assert!(all.next().is_none(), "{name} twice");
        first.map(|(_, value)| value)
    }
}

pub(crate) fn run(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let Some((header, claims)) = text.split_once('\n') else { return };
    let token = token(header, claims);
    if opens(&token) {
        check(header, claims);
        assert!(!opens(&forged(&token, choice)), "a bit of the token may be another one");
        return;
    }
    let added = ADDED[usize::from(choice) % ADDED.len()];
    // What the header must have may open, where it was not there.
    if ["\"alg\"", "\"kid\""].iter().any(|name| added.starts_with(name)) && !header.contains(&added[..5]) {
        return;
    }
    for (header, claims) in [(with(header, added), claims.into()), (header.into(), with(claims, added))] {
        assert!(!opens(&self::token(&header, &claims)), "{added} opens {header} {claims}");
    }
}

/// What is opened is what the format asks for, in the eyes of another reader.
fn check(header: &str, claims: &str) {
    let (Some(head), Some(body)) = (Members::of(header), Members::of(claims)) else { return };
    assert_eq!(head.one("alg"), Some(&json!("HS256")));
    assert_eq!(head.one("kid"), Some(&json!("hs")));
    for (name, _) in &head.0 {
        assert!(["alg", "kid", "typ"].contains(&name.as_str()), "the parameter {name}");
    }
    for (name, _) in &body.0 {
        assert!(body.one(name).is_some());
    }
    #[allow(clippy::cast_precision_loss, reason = "a time, far below 2^52")]
    let now = NOW.as_secs() as f64;
    assert!(body.one("exp").and_then(Value::as_f64).is_some_and(|exp| exp > now), "{claims}");
    assert!(body.one("nbf").is_none_or(|nbf| nbf.as_f64().is_some_and(|nbf| nbf <= now)), "{claims}");
    assert!(body.one("iss").is_none_or(|iss| iss == "demo"), "{claims}");
    assert!(body.one("aud").is_none_or(|aud| aud == "demo-edge" || aud.as_array().is_some_and(|all| all.contains(&json!("demo-edge")))));
    assert_eq!(body.one("cdniuc"), Some(&json!(container())));
    assert!(body.one("cdniv").is_none_or(|version| *version == json!(1)), "{claims}");
    for name in ["sub", "cdniip", "cdniets", "cdnistt", "cdnistd"] {
        assert!(body.one(name).is_none(), "{name}");
    }
    let critical = body.one("cdnicrit").map(|names| names.as_str().unwrap_or("?"));
    assert!(critical.is_none_or(|names| names.split(',').all(|name| KNOWN.contains(&name))), "{critical:?}");
    for name in OPENING {
        let without: Vec<String> = body
            .0
            .iter()
            .filter(|(have, _)| have != name)
            .map(|(have, value)| format!("{}:{value}", json!(have)))
            .collect();
        assert!(!opens(&token(header, &format!("{{{}}}", without.join(",")))), "{name} is not needed: {claims}");
    }
}

/// The object with one member more, in front.
fn with(object: &str, member: &str) -> String {
    match object.trim_start().strip_prefix('{') {
        Some(rest) if rest.trim_start().starts_with('}') => format!("{{{member}{rest}"),
        Some(rest) => format!("{{{member},{rest}"),
        None => object.into(),
    }
}

fn container() -> String {
    format!("hash:sha-256;{}", base64url::encode(&sha256(URL.as_bytes())))
}

/// A genuine token: whatever it says, its signature is good.
fn token(header: &str, claims: &str) -> String {
    let input = format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(claims.as_bytes()));
    format!("{input}.{}", base64url::encode(&MacKey::new(SECRET).tag(&[input.as_bytes()])))
}

/// The token with one character changed, within the alphabet.
fn forged(token: &str, choice: u8) -> String {
    let mut bytes = token.as_bytes().to_vec();
    let at = usize::from(choice) * bytes.len() / 256;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap_or_default()
}

fn opens(token: &str) -> bool {
    let authorization = format!("Bearer {token}");
    let fields = [("host", "files.example.net"), ("authorization", authorization.as_str())];
    match CONFIG.with(|config| decide(&request("GET", &fields), NOW, config)) {
        Decision::Reply(reply) => {
            assert!(matches!(reply.status, 400 | 401 | 403 | 410), "{reply:?}");
            false
        }
        Decision::LookUpPlace => panic!("the place is known"),
        _ => true,
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let whole = json!({"iss": "demo", "aud": "demo-edge", "exp": 1_900_000_000, "nbf": 1_700_000_000, "iat": 1_700_000_000,
        "jti": "one", "cdniv": 1, "cdnicrit": "exp,jti", "cdniuc": container()});
    let least = json!({"exp": 1_900_000_000, "cdniuc": container()});
    let mut out = Vec::new();
    for claims in
        [whole.to_string(), least.to_string(), format!("{{\"exp\":1900000000.5,\"cdniuc\":{}}}", json!(container()))]
    {
        for header in
            [HEADER, r#"{"kid":"hs","typ":"JWT","alg":"HS256"}"#, r#"{"alg":"HS256"}"#, r#"{"alg":"none","kid":"hs"}"#]
        {
            out.push([&[0], header.as_bytes(), b"\n", claims.as_bytes()].concat());
        }
        for (choice, member) in (0..).zip(ADDED) {
            out.push([&[choice], HEADER.as_bytes(), b"\n", with(&claims, member).as_bytes()].concat());
            out.push([&[choice], with(HEADER, member).as_bytes(), b"\n", claims.as_bytes()].concat());
        }
    }
    seeds::distinct(out)
}
