//! The edge's side: its bindings, a request with a token it accepts, and that request in the form the gate loop takes.

use std::net::SocketAddr;

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clouddrop_core::token::mint::Opens;
use clouddrop_core::token::{NewToken, TokenKey, mint};
use clouddrop_core::{KeyId, ObjectPath, Seconds, Secret, UnixTime};
use serde_json::json;

use crate::ask::Ask;
use crate::peer::{ACCESS_KEY_ID, FILE_HOST, OBJECT_PREFIX, REGION, SECRET_ACCESS_KEY, TOKEN_LIFE, unix_time};

const AUDIENCE: &str = "bench";
const ISSUER: &str = "https://issuer.bench.test";
/// The key that signs, and the second one that every deployment must have. They open nothing.
const KEYS: [(&str, [u8; 32]); 2] = [("a", [1; 32]), ("b", [2; 32])];

/// Every variable and secret of the edge.
pub(crate) fn bindings(origin: SocketAddr) -> Vec<(&'static str, String)> {
    let keys =
        KEYS.map(|(kid, secret)| json!({ "issuer": ISSUER, "kid": kid, "secret": URL_SAFE_NO_PAD.encode(secret) }));
    vec![
        ("FILE_HOST", FILE_HOST.into()),
        ("PAGE_HOST", "page.bench.test".into()),
        ("AUDIENCE", AUDIENCE.into()),
        ("ORIGIN", format!("http://{origin}")),
        ("REGION", REGION.into()),
        ("OBJECT_PREFIX", OBJECT_PREFIX.into()),
        // Never called here, but a configuration without it is refused.
        ("SIGNER_URL", format!("http://{origin}")),
        // A kept object would be measured once, and the shelf after that.
        ("CACHE_BYTES", "0".into()),
        ("TOKEN_KEYS", json!(keys).to_string()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID.into()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.into()),
    ]
}

/// `GET /d/<token>` for one object: a token of the same claims as the peer's.
pub(crate) fn ask(object: &str) -> anyhow::Result<Ask> {
    let [(kid, _), _] = KEYS;
    token_of(kid, object, UnixTime::from_secs(unix_time()?))
}

/// The same, its token as it was a day after its end.
pub(crate) fn expired(object: &str) -> anyhow::Result<Ask> {
    let [(kid, _), _] = KEYS;
    let issued = unix_time()?.saturating_sub(TOKEN_LIFE + 86_400);
    token_of(kid, object, UnixTime::from_secs(issued))
}

/// The same, its token signed under a key's name that the edge does not know.
pub(crate) fn of_unknown_key(object: &str) -> anyhow::Result<Ask> {
    token_of("z", object, UnixTime::from_secs(unix_time()?))
}

fn token_of(kid: &str, object: &str, now: UnixTime) -> anyhow::Result<Ask> {
    let path = ObjectPath::from_key(object).map_err(|fault| anyhow!("the object's name: {fault:?}"))?;
    let mut new = NewToken::new(*b"opens nothing   ", Opens::Object(&path), now.after(Seconds(TOKEN_LIFE)));
    new.audience = Some(AUDIENCE);
    new.issued_at = Some(now);
    let token = mint(&new, &signing_key(kid)?).map_err(|fault| anyhow!("minting: {fault:?}"))?;
    Ok(Ask { host: FILE_HOST.into(), path: format!("/d/{token}"), headers: Vec::new(), token: Some(token) })
}

/// `ask` as the record the worker's `gate` reads; its form is described in the core's `border`.
pub(crate) fn record(ask: &Ask) -> String {
    let mut record = format!("GET\nhttp://{}{}\nbench\n?\n", ask.host, ask.path);
    for (name, value) in ask.fields() {
        record.push_str(&format!("{},{value}\n", name.to_ascii_lowercase()));
    }
    record
}

fn signing_key(kid: &str) -> anyhow::Result<TokenKey> {
    let [(_, secret), _] = KEYS;
    let kid = KeyId::new(kid).context("the key's id")?;
    TokenKey::new(ISSUER.into(), kid, &Secret::new(secret.to_vec()), None).context("the key is too short")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use clouddrop_core::border::{Asked, Question};
    use clouddrop_core::retry::Health;
    use clouddrop_core::revocation::{Answer, Draft};
    use clouddrop_core::{Config, Raw};

    use super::*;

    fn decided(ask: &Ask) -> String {
        let bindings: serde_json::Map<_, _> = bindings("127.0.0.1:9".parse().unwrap())
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let mut config =
            Config::try_from(Raw::from_json(&serde_json::Value::from(bindings).to_string()).unwrap()).unwrap();
        let now = UnixTime::from_secs(unix_time().unwrap());
        let list = Answer { status: 200, etag: None, body: Draft::default().encode(now) };
        config.revocations_mut().take(list, now).unwrap();
        let question = Question {
            text: &record(ask),
            address_header: "cf-connecting-ip",
            id_header: "cf-ray",
            country_header: "cf-ipcountry",
        };
        question.decide(Asked::Yes, UnixTime::from_secs(unix_time().unwrap()), &config, &mut Health::default())
    }

    #[test]
    fn the_edge_fetches_for_the_request_and_refuses_it_forged() {
        let ask = ask("1k").unwrap();
        let answer = decided(&ask);
        assert!(answer.starts_with("F\n") && answer.contains("\nGET\nhttp://127.0.0.1:9/files/1k\n"), "{answer}");
        let answer = decided(&ask.forged().unwrap());
        assert!(answer.starts_with("R\n") && answer.contains("\n401\n"), "{answer}");
    }
}
