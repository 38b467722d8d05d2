//! Who may: keys that the API makes, tokens of an identity provider, roles over every operation.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clouddrop_core::access::Operation;
use clouddrop_core::access::operation::Needs;
use clouddrop_signer::Signer;
use common::bucket::with_bucket;
use common::{ADMIN, ALICE, VERA, call_as, people};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

const KEYS: &str = "/api/v1/api-keys";

#[test]
fn roles_hold_for_every_operation_as_it_is_called() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        for entry in Operation::TABLE {
            let path = entry.path.split(['{', '}']).enumerate().map(|(n, part)| if n == 1 { "x" } else { part });
            let path: String = path.collect();
            // A body that no call takes: whoever may call is told so, whoever may not is told that first.
            let body = if entry.method == "GET" || entry.method == "DELETE" { Value::Null } else { json!([]) };
            let nobody = call_as(&signer, "nobody", entry.method, &path, &body, &[]).0;
            let status = |person: common::Person| person.calls(&signer, entry.method, &path, &body).0;
            let expected = |allowed: bool, found: u16| assert_eq!(found != 403, allowed, "{} {found}", entry.id);
            match entry.needs {
                Needs::Nothing => assert_eq!(nobody, 200),
                Needs::Ourselves => assert_eq!((nobody, status(ADMIN)), (404, 404), "{}", entry.id),
                Needs::Role(role) | Needs::RoleOrGuest(role) => {
                    assert_eq!(nobody, 401, "{}", entry.id);
                    let role = json!(role);
                    expected(role == "viewer", status(VERA));
                    expected(role != "admin", status(ALICE));
                    expected(true, status(ADMIN));
                }
            }
        }
    });
}

#[test]
fn a_key_is_shown_once_opens_what_it_may_and_ends() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let asked =
            json!({ "name": "ci", "owner": "alice", "role": "member", "scopes": ["shares:read"], "expires_in": "1h" });
        let (status, made) = ADMIN.posts(&signer, KEYS, &asked);
        assert_eq!(status, 201, "{made}");
        let key = made["key"].as_str().unwrap();
        assert!(key.starts_with("cd_") && key.len() == 51);
        let (_, listed) = ADMIN.gets(&signer, KEYS);
        assert_eq!((&listed["items"][0]["id"], listed["items"][0].get("key")), (&made["id"], None));
        let record = common::bucket::objects(
            origin,
            &format!("records/api-keys/{}", clouddrop_core::records::api_key::hash(key)),
        );
        assert!(!String::from_utf8(record.unwrap()).unwrap().contains(key), "it is kept as a hash");

        let with = |method: &str, path: &str, body: &Value| call_as(&signer, key, method, path, body, &[]).0;
        assert_eq!(with("GET", "/api/v1/shares", &Value::Null), 200);
        assert_eq!(with("GET", "/api/v1/files", &Value::Null), 403, "the scope");
        assert_eq!(with("POST", "/api/v1/shares", &json!({ "key": "a" })), 403, "the scope");
        assert_eq!(call_as(&signer, &format!("{key}x"), "GET", "/api/v1/shares", &Value::Null, &[]).0, 401);
        for person in [ALICE, VERA] {
            assert_eq!(person.posts(&signer, KEYS, &json!({ "name": "mine", "role": "admin" })).0, 403);
        }
        let path = format!("{KEYS}/{}", made["id"].as_str().unwrap());
        assert_eq!((ADMIN.deletes(&signer, &path), ADMIN.deletes(&signer, &path)), (204, 404));
        assert_eq!(with("GET", "/api/v1/shares", &Value::Null), 401);
        let ended = ADMIN.posts(&signer, KEYS, &json!({ "name": "short", "expires_in": 1 })).1;
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert_eq!(call_as(&signer, ended["key"].as_str().unwrap(), "GET", "/api/v1/shares", &Value::Null, &[]).0, 401);
    });
}

#[test]
fn token_keys_take_turns() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let states = |keys: &Value| -> Vec<(String, String)> {
            let text = |value: &Value| value.as_str().unwrap().to_string();
            keys["keys"].as_array().unwrap().iter().map(|key| (text(&key["id"]), text(&key["state"]))).collect()
        };
        let key_of = || ADMIN.posts(&signer, "/api/v1/shares", &json!({ "key": "a" })).1;
        let before = key_of();
        let (_, keys) = ADMIN.gets(&signer, "/api/v1/keys");
        assert_eq!(states(&keys), [("b".into(), "minting".into()), ("a".into(), "standby".into())]);
        assert_eq!(ADMIN.posts(&signer, "/api/v1/keys/b/retire", &json!({})).0, 409, "it makes tokens");
        let (status, keys) = ADMIN.posts(&signer, "/api/v1/keys/rotate", &json!({}));
        assert_eq!(
            (status, states(&keys)),
            (200, vec![("b".into(), "standby".into()), ("a".into(), "minting".into())])
        );
        let path = |share: &Value| format!("/api/v1/shares/{}", share["id"].as_str().unwrap());
        assert_eq!(
            ADMIN.gets(&signer, &path(&before)).1["token"],
            before["token"],
            "the old link is made with its key"
        );
        assert_eq!(ADMIN.posts(&signer, "/api/v1/keys/b/retire", &json!({})).0, 409, "it made tokens a moment ago");
        assert_eq!(ADMIN.posts(&signer, "/api/v1/keys/x/retire", &json!({})).0, 404);
        assert_eq!(ALICE.gets(&signer, "/api/v1/keys").0, 403);
    });
}

/// An RSA key of 2048 bits that signs in this test only: PKCS #1 in base64, and its modulus.
const RSA_KEY: &str = concat!(
    "MIIEpAIBAAKCAQEA8s7kwTy4bXp6O/OD5DN0s6Zq4yBMk6ix1capC+m/dTR9GqBlz+hJIGjHNxXvBw8C6x8CEsyfz+zrEgsrZO0n",
    "eeCQUIgunBVLtzPP2N0Hxz3U2kRbfvn6WxOXBjsw9Z8BjWQXo6yOBMCs0fRlLYNUgbtnfCmKEjA2+a3sO+CaOVUDkxUIUl3kV2yV",
    "tSunUH8kyq4MkJdKTs+d4TxCwj3AEgpdXESscFoCrHb238Mm87foEpGNWbZYsXpvQkxJdbkgaquDWl2v9fVoAcJ5V9+y319EAFnb",
    "MFdTIjhuRWXg0NZgFsgvsOSkJqmr6zr7MztglN+mYnXr1ljEjk9aQKfigQIDAQABAoIBAFFecT2qxhl2KoFtxXzTm5/avMY5nD/9",
    "j/8WkK8b2dwCx4wFRalLbDoustgsgwpoBu/ZV94J8eKBwHMvCA9OBGUtEt/SC2CmKFYQSG6h/8nO2EZ/EvR1/GbKJVniuzEM5L3H",
    "1b41hPBly2Se1MtQUCEbtv3eg9U9kCbTGLAmQDjGtAkqc/aR3BCmsK0KVPHmz2KJW6l1ejZva303WmtJ5LTQsYzrN2CIcJs1UcuY",
    "sH3+YdSG8Gqp+PLlxwhF+Diy8duVhXPI5OTy1wYSA2mF9zzFY1tDYe1v1JHZsLE020VqxagAe2kZUeTSZ2IQvNsvVILYXPrgXzh5",
    "/Kar+yDY3HMCgYEA/SinXlGG6Hir2bKcV6Flrz24DomuAK6PhpyedndAbHJsLSN3Ajb1oEZwy5ebvk79GbuzJXLbhA5nrdKGxMNh",
    "0CdzMWkIJtkwhEwMY61Uup8BXlOjiX74SP1B2fTInyz386oVXuj0PQfUKHcrFhzD3pj+XPG759Wk3e+2MLJhtgMCgYEA9YiAZ+IO",
    "x9qkHVM//yGAnQ4t1z+0Y74nIsJuBfvaDJOLEWDQ7NwmdYHXshTR8DuCp3eDxgNTkgRvZPMbrmgQzGmrY9ZYjW7PCto8UubahrwF",
    "PQZSkBc85gCLzUwvMVRxWXfng6+NMltbBYaPIp23vjKtbKyhNcVSzwx8YqrfcCsCgYBAU+07hUHfnpIkbkNV7RgWkHtNjmSdnb2w",
    "uel2NtUy+VxNl/5snKSLhnqw8SRNFmsv98cM1AO9qZ9kxuMh6nfXWb7mpkbBAF1YsK5RQcEO7sp9OomKra3PdjMefBnigJ2819I4",
    "XL97JpsdcTKMmuCWlo/D9FUIEvyivH+yHhHAGwKBgQC2ao2LoIV+sc/QAbPAJvHYvVoNW0T3/aQxzOXVCEH9qfheFuHht8XS835+",
    "zb0TkAMHzGFYUcxa5XSlOYDNWH9yfudYqzzrBvJHi8/Zf63HABWcOwBIERurfahgBEPjkGsOH2kfiuOKEBlVx5y8CRUj956k6LR0",
    "sH9PWGVpIK4UNQKBgQDClweSfdxA/1Mny6UlldTxoF6wSSvhQkE6YNrCdXYFgLeSX/kqJqa4o8Il9TdU1nSUZpZQIxaQG8uU74mJ",
    "Sw81OlqQgcGeLfeVCCJBPOTK6JzB08QVulokXASZsfk2ZpgR/ba25kOG8j8W3xLYa32zJWcMcxbet1Kl6wtw/4oMSw==",
);
const RSA_MODULUS: &str = "F2CEE4C13CB86D7A7A3BF383E43374B3A66AE3204C93A8B1D5C6A90BE9BF75347D1AA065CFE8492068C73715EF070F02EB1F0212CC9FCFECEB120B2B64ED2779E09050882E9C154BB733CFD8DD07C73DD4DA445B7EF9FA5B1397063B30F59F018D6417A3AC8E04C0ACD1F4652D835481BB677C298A123036F9ADEC3BE09A395503931508525DE4576C95B52BA7507F24CAAE0C90974A4ECF9DE13C42C23DC0120A5D5C44AC705A02AC76F6DFC326F3B7E812918D59B658B17A6F424C4975B9206AAB835A5DAFF5F56801C27957DFB2DF5F440059DB30575322386E4565E0D0D66016C82FB0E4A426A9ABEB3AFB333B6094DFA66275EBD658C48E4F5A40A7E281";
const RSA_OTHER: &str = concat!(
    "MIIEowIBAAKCAQEAqqkQkL6EK2hXj5NJJ4Xab8oOswzFzp1sKTDHrrLWGmHA9PbBdQ3J8ukUYAbPqnilcPSPiflyKaGRG0Nb2N+H",
    "+A4pVZSBWP05X5/o3Q2Y3wbu2rsaRGNHPTuw2qnVXS4cG72CBFvbyy64LAifM5eugYtqYDaplMSEyFQYp26rZRyfRWB+g0oKhchi",
    "yGasTnq1EHYCY31uo5SfRtPXWDVC6I3NV35clbh5cgFpwAEAjvCVS8WvuU1G4GHdmVtbGV1CJnO4BZyprtWg97PGlQE4h/idXzQj",
    "a4/0P6STi7zEJva2+dCXskhE6K7XZE5AXX504nC6npxoea7lX0lqYxrchQIDAQABAoIBAA0GKQL63yhW5rPI2EDhaLm2UGfetivd",
    "/LaqB9svv8I0qp6nRD1UJ5DXs9veOTP30BxuNZQgitNdhq7vdY94A67tGb9zvWlWre27zPAtzPhcVZcwx0Dn2LR2HTma03MwhSmi",
    "zUza28vGTXzizY+I6GLvilc8ZLW7R6zoKheBDSiCpjY3x9HXW+oM4L+5F/fp1bPSyk5vTxrM+bKoLMKI2lAPhtS1ev0uzmPvCL8s",
    "tkWlbThrQk1bwt5RbIvxL7v2uAg3LGJ65yGV1pq0wo95r5wsQcEs2jijAtf0oqIumZ342Sqdtzzu6hta7aEJw3h8Qf7lhKVeFoWz",
    "NbQTT6/nH0ECgYEA3y74OAMHGhqFMmcLstGIlqQI1c24r/AYLbTC9Ya6Wdwud9B0HAU7H+GSmHP2rLgsvPG1S1MGBN6UH06ls8JT",
    "yYfwWNzt5pxtNBG5VvSUOwGuJRh3m34HPefVuwv4fe7zsr5XDJoj6sTx3VSRySx7CEGa8hzEW0cNT6L+OuWbPuECgYEAw8EIH4SG",
    "uFnRsoMYF48GJtXXc9KR6qM0jgxNKAHekx0eNQntyI28dO+JriXo7qd10iqXYV+ljc602VL9VChBsp1gaFAoKpFfe+Snh2PPfaWf",
    "ahoFbFcDgVfPH2YwIXBeK1bWyJxRi8ztX2imQEHxnPBMbVPeQCMpW2vu3E3hhiUCgYBhvlJbRYgwuHipMFQBRp8JSmHMMUK3WvFb",
    "4xSXLyAiBrobIyIWu3u/ZK0tM2xPDIIbZcg+aufx7gD1DR6o8Wx8kJqEcI2IN+3jpfeDy623ge7gtCx93t4REJ2cQ4vaq3HzUEUT",
    "cdZVFVfP1R/b+S0Q2pqfelXMm/uKaxnodXJeQQKBgD+kc3qjwJURBp8uBdgq9MoNfhW24R/S3dRM5YzbRry3m8mMp9UrV5kBA9ct",
    "lhR5N1IT7NGIoi9/g8agN6Jz0CA9EEn5vYVRbCTAi0L2TVBBV5nMSfUWORqFLN69f2pvuP4IJp5kTBLSll4NjPeZOO9YJNDqknhx",
    "thF1/tt7KpZNAoGBAL/lwtPnj5OAdcnvQnxLGxy4eeSTzf5tWbJZiDxaBK3EDAep1RnuRtX6THmdcfd8HQu4PhLiLl2vdIG6jaU6",
    "5rSrBznTyvy0tfqsjKtW0jpHF7MXJUPX9rP0WhgPPH1xYXxp6tFLgfYHWs+P//oCFLmC2wFjYgAKCEqauYBVujhr",
);

/// A provider on loopback, which publishes `keys` and counts how often it is asked for them.
struct Idp {
    issuer: String,
    keys: Arc<Mutex<Value>>,
    asked: Arc<Mutex<u32>>,
}

impl Idp {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let (keys, asked) = (Arc::new(Mutex::new(json!({ "keys": [] }))), Arc::new(Mutex::new(0)));
        let (served, count, own) = (Arc::clone(&keys), Arc::clone(&asked), issuer.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                let mut reader = BufReader::new(&stream);
                reader.read_line(&mut line).unwrap();
                let mut rest = String::new();
                while reader.read_line(&mut rest).unwrap() > 2 {}
                let body = if line.contains("openid-configuration") {
                    json!({ "issuer": own, "jwks_uri": format!("{own}/keys") })
                } else {
                    *count.lock().unwrap() += 1;
                    served.lock().unwrap().clone()
                };
                let (status, body) = if body.is_null() { (503, String::new()) } else { (200, body.to_string()) };
                let length = body.len();
                write!(stream, "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
                    .unwrap();
            }
        });
        Self { issuer, keys, asked }
    }

    fn claims(&self, changes: &Value) -> Value {
        let now = clouddrop_signer::now().as_secs();
        let mut claims = json!({
            "iss": self.issuer, "aud": "clouddrop", "sub": "alice", "exp": now + 600, "iat": now, "roles": ["clouddrop:member", "other"],
        });
        for (name, value) in changes.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        claims
    }
}

fn ec() -> (EncodingKey, Value) {
    let random = ring::rand::SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref().to_vec();
    let coordinate = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "ec", "x": coordinate(&point[1..33]), "y": coordinate(&point[33..]) });
    (EncodingKey::from_ec_der(document.as_ref()), jwk)
}

fn rsa() -> (EncodingKey, Value) {
    let modulus: Vec<u8> =
        (0..RSA_MODULUS.len() / 2).map(|n| u8::from_str_radix(&RSA_MODULUS[2 * n..2 * n + 2], 16).unwrap()).collect();
    let jwk = json!({ "kty": "RSA", "kid": "rsa", "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB" });
    (EncodingKey::from_rsa_der(&STANDARD.decode(RSA_KEY).unwrap()), jwk)
}

fn jwt(algorithm: Algorithm, kid: Option<&str>, claims: &Value, key: &EncodingKey) -> String {
    encode(&Header { alg: algorithm, kid: kid.map(String::from), ..Header::default() }, claims, key).unwrap()
}

fn account(signer: &Signer, token: &str) -> (u16, Value) {
    call_as(signer, token, "GET", "/api/v1/account", &Value::Null, &[])
}

#[test]
fn people_come_with_a_token_of_the_provider() {
    with_bucket(|origin| {
        let idp = Idp::new();
        let signer = people(origin, &[("OIDC_ISSUER", &idp.issuer), ("OIDC_AUDIENCE", "clouddrop")]);
        let ((ec, ec_jwk), (rsa, rsa_jwk)) = (ec(), rsa());
        *idp.keys.lock().unwrap() = json!({ "keys": [ec_jwk] });
        let good = jwt(Algorithm::ES256, Some("ec"), &idp.claims(&json!({})), &ec);
        let (status, who) = account(&signer, &good);
        assert_eq!(
            (status, &who["owner"], &who["role"], &who["name"]),
            (200, &json!("alice"), &json!("member"), &json!("oidc:alice"))
        );
        assert_eq!((account(&signer, &good).0, *idp.asked.lock().unwrap()), (200, 1), "the keys are kept");
        // One of another kind is not yet published, and is found once it is, but not asked for at every try.
        let by_rsa = jwt(Algorithm::RS256, Some("rsa"), &idp.claims(&json!({ "roles": "admin" })), &rsa);
        assert_eq!(account(&signer, &by_rsa).0, 401);
        for (what, changes, status) in [
            ("another issuer", json!({ "iss": "https://other.example" }), 401),
            ("another audience", json!({ "aud": "other" }), 401),
            ("several audiences, ours among them", json!({ "aud": ["other", "clouddrop"] }), 200),
            ("ended", json!({ "exp": clouddrop_signer::now().as_secs() - 120 }), 401),
            ("not begun", json!({ "nbf": clouddrop_signer::now().as_secs() + 600 }), 401),
            ("no end", json!({ "exp": null }), 401),
            ("no owner", json!({ "sub": null }), 401),
            ("a hostile owner", json!({ "sub": "a\nb" }), 401),
            ("no role", json!({ "roles": ["other"] }), 403),
            ("a viewer", json!({ "roles": "viewer" }), 200),
        ] {
            let token = jwt(Algorithm::ES256, Some("ec"), &idp.claims(&changes), &ec);
            assert_eq!(account(&signer, &token).0, status, "{what}");
        }
        // Signatures: of another key, with an algorithm that is no signature of the key's kind, with none.
        let other = EncodingKey::from_rsa_der(&STANDARD.decode(RSA_OTHER).unwrap());
        let public = EncodingKey::from_secret(b"anything");
        for (what, token) in [
            ("another key", jwt(Algorithm::RS256, Some("ec"), &idp.claims(&json!({})), &other)),
            ("HS256", jwt(Algorithm::HS256, Some("ec"), &idp.claims(&json!({})), &public)),
            ("no key id", jwt(Algorithm::ES256, None, &idp.claims(&json!({})), &ec)),
            ("cut", good[..good.len() - 4].to_string()),
            ("no signature", format!("{}.", good.rsplit_once('.').unwrap().0)),
            ("alg none", format!("eyJhbGciOiJub25lIiwia2lkIjoiZWMifQ.{}.", good.split('.').nth(1).unwrap())),
        ] {
            assert_eq!(account(&signer, &token).0, 401, "{what}");
        }
        assert_eq!(*idp.asked.lock().unwrap(), 1, "a key that is not known is asked for at most every half a minute");

        // A new instance finds both; and one that cannot ask lets nobody in.
        *idp.keys.lock().unwrap() = json!({ "keys": [rsa_jwk] });
        let fresh = people(origin, &[("OIDC_ISSUER", &idp.issuer), ("OIDC_AUDIENCE", "clouddrop")]);
        assert_eq!(account(&fresh, &by_rsa).1["role"], "admin");
        assert_eq!(account(&fresh, &good).0, 401, "its key is not published any more");
        *idp.keys.lock().unwrap() = Value::Null;
        let blind = people(origin, &[("OIDC_ISSUER", &idp.issuer), ("OIDC_AUDIENCE", "clouddrop")]);
        assert_eq!(account(&blind, &good).0, 503);
        assert_eq!(account(&fresh, &by_rsa).0, 200, "what it has, it believes for a while");
        assert_eq!(account(&people(origin, &[]), &good).0, 401, "no provider is configured");
    });
}
