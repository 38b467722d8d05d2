//! The URI and every claim: by the RFC's own example, by each carrier, and one by one.

use super::*;

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
