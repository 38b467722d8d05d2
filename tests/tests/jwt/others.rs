//! Tokens of others: of jose, and a strict set of JWS vectors where it is there.

use super::*;

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
