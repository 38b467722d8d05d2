//! Objects and tokens made past the API, with the stack's own credentials: keys and claims that the API would
//! not give out.

use super::Stack;
use super::http::{Ask, Reply};
use clouddrop_core::config::{Faults, parse_keys};
use clouddrop_core::sigv4::{Credentials, Signer, ToSign, UNSIGNED_PAYLOAD};
use clouddrop_core::token::mint::Opens;
use clouddrop_core::token::{KeySet, NewToken, mint};
use clouddrop_core::{Config, ObjectPath, Seconds, Secret, UnixTime, percent};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// How long tokens live where a test does not say.
const LIFE: Seconds = Seconds(3600);

#[derive(Deserialize)]
struct State {
    edge: AccessKey,
    signer: AccessKey,
    token_keys: Value,
}

#[derive(Deserialize)]
struct AccessKey {
    access_key_id: String,
    secret_access_key: String,
}

impl Stack {
    /// Stores an object below the shared prefix by a PUT that the signer's identity signed.
    pub fn store(&self, key: &str, headers: &[(&str, &str)], content: &[u8]) -> Reply {
        self.store_at(&format!("{}{key}", self.ready.object_prefix), headers, content)
    }

    /// Stores an object anywhere in the bucket by a PUT that the signer's identity signed.
    pub fn store_at(&self, key: &str, headers: &[(&str, &str)], content: &[u8]) -> Reply {
        let mut sorted: Vec<(&str, &str)> = headers.to_vec();
        sorted.sort_unstable();
        let AccessKey { access_key_id, secret_access_key } = self.state().signer;
        let credentials = Credentials {
            access_key_id,
            secret_access_key: Secret::from(secret_access_key),
            session_token: None,
            expires: None,
        };
        let mut path = format!("/{}/", self.ready.s3.bucket);
        percent::push_path(&mut path, key);
        let host = super::authority(&self.ready.s3.endpoint);
        let to_sign = ToSign { method: "PUT", host, path: &path, query: "", extra: &sorted, payload: UNSIGNED_PAYLOAD };
        let signed = Signer::new(self.ready.s3.region.clone(), "s3").sign(&credentials, &to_sign, now()).into_vec();
        let mut ask = Ask::new("PUT", &path).body(content);
        for (name, value) in sorted.iter().copied().chain(signed.iter().map(|(name, value)| (*name, value.as_str()))) {
            ask = ask.header(name, value);
        }
        ask.send(host)
    }

    /// A file that is sent in through the API, complete: its view.
    pub fn upload(&self, name: &str, content: &str) -> Value {
        let grant = self.must(201, "uploads", &json!({ "name": name, "size": content.len(), "type": "text/plain" }));
        let (host, target) = grant["url"].as_str().unwrap()["http://".len()..].split_once('/').unwrap();
        let mut put = Ask::new("PUT", &format!("/{target}")).body(content.as_bytes());
        for (name, value) in grant["headers"].as_object().unwrap().iter().filter(|(name, _)| *name != "content-length")
        {
            put = put.header(name, value.as_str().unwrap());
        }
        assert_eq!(put.send(host).status, 200);
        self.must(200, "uploads/complete", &json!({ "upload": grant["upload"] }))
    }

    /// [`Stack::store`] that must succeed.
    pub fn put(&self, key: &str, content_type: &str, content: &[u8]) {
        let reply = self.store(key, &[("content-type", content_type)], content);
        assert_eq!(reply.status, 200, "PUT {key:?}: {}", reply.text());
    }

    /// A token for one object.
    pub fn token(&self, key: &str) -> String {
        self.token_with(key, |_| {})
    }

    /// A token for one object with claims that `adapt` changes.
    pub fn token_with(&self, key: &str, adapt: impl FnOnce(&mut NewToken<'_>)) -> String {
        self.mint(Opens::Object(&ObjectPath::from_key(key).unwrap()), adapt)
    }

    /// A token for all below a folder.
    pub fn folder_token(&self, folder: &str) -> String {
        self.folder_token_with(folder, |_| {})
    }

    /// A token for all below a folder with claims that `adapt` changes.
    pub fn folder_token_with(&self, folder: &str, adapt: impl FnOnce(&mut NewToken<'_>)) -> String {
        self.mint(Opens::Folder(&ObjectPath::from_key(folder).unwrap()), adapt)
    }

    fn mint(&self, opens: Opens<'_>, adapt: impl FnOnce(&mut NewToken<'_>)) -> String {
        static MINTED: AtomicU64 = AtomicU64::new(0);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&MINTED.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let keys = self.token_keys();
        let now = now();
        // Claims borrow for as long as the token is made.
        let mut new = NewToken { audience: Some(&self.ready.audience), ..NewToken::new(id, opens, now.after(LIFE)) };
        adapt(&mut new);
        mint(&new, keys.newest_of(&self.ready.issuer, now).unwrap()).unwrap()
    }

    /// The stack's token keys.
    pub fn token_keys(&self) -> KeySet {
        let mut faults = Faults::default();
        let keys = parse_keys(&self.state().token_keys.to_string(), "token_keys", &mut faults);
        keys.unwrap_or_else(|| panic!("{faults}"))
    }

    /// The edge's configuration, as far as its rules about the bucket go, with its own identity.
    pub fn edge_config(&self) -> Config {
        self.edge_config_with(&[])
    }

    /// [`Stack::edge_config`] with other values for some variables.
    pub fn edge_config_with(&self, changes: &[(&str, &str)]) -> Config {
        let State { edge, token_keys, .. } = self.state();
        let bucket = format!("{}/{}", self.ready.s3.endpoint, self.ready.s3.bucket);
        let mut variables = serde_json::json!({
            "FILE_HOST": self.files(), "PAGE_HOST": self.page(), "AUDIENCE": self.ready.audience, "ORIGIN": bucket,
            "REGION": self.ready.s3.region, "OBJECT_PREFIX": self.ready.object_prefix, "SIGNER_URL": "https://signer.invalid",
            "AWS_ACCESS_KEY_ID": edge.access_key_id, "AWS_SECRET_ACCESS_KEY": edge.secret_access_key,
            "TOKEN_KEYS": token_keys.to_string(),
        });
        for (name, value) in changes {
            variables[name] = (*value).into();
        }
        Config::from_json(&variables.to_string()).unwrap_or_else(|faults| panic!("{faults}"))
    }

    fn state(&self) -> State {
        serde_json::from_slice(&std::fs::read(&self.ready.state).unwrap()).unwrap()
    }
}

/// The target of an object on the route `/f/`.
pub fn file_target(key: &str) -> String {
    format!("/f/{}", ObjectPath::from_key(key).unwrap().encoded())
}

/// The time.
pub fn now() -> UnixTime {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    UnixTime::from_millis(i64::try_from(millis).unwrap())
}
