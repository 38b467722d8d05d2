//! Headers, keys and signatures: nothing but the key's own algorithm, and every bit of it.

use super::*;

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
