//! The token keys as configured: text to a checked key set.

use super::checked::Faults;
use crate::base64url;
use crate::json::{self, Object, Value};
use crate::p256::PublicKey;
use crate::secret::{KeyId, Secret};
use crate::time::UnixTime;
use crate::token::{KeySet, TokenKey};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use zeroize::Zeroizing;

/// Fewest keys of an issuer: one to mint with, one to take over or to retire.
const MIN_KEYS_PER_ISSUER: usize = 2;
/// What an entry looks like, for messages.
const SHAPE: &str = "{issuer, kid, alg?, secret or x and y, retires?}";

/// One entry of the array, every member known.
struct Entry {
    issuer: String,
    kid: String,
    algorithm: Option<String>,
    key: KeyText,
    retires: Option<u64>,
}

/// The key itself, as written.
enum KeyText {
    Secret(Zeroizing<String>),
    /// The coordinates of a point.
    Public(String, String),
}

impl Entry {
    /// `None` if a member is missing, unknown or of another type.
    fn read(object: Object) -> Option<Self> {
        let (mut issuer, mut kid, mut algorithm, mut retires) = (None, None, None, None);
        let (mut secret, mut x, mut y) = (None, None, None);
        for (name, value) in object {
            match (name.as_str(), value) {
                ("issuer", Value::Text(text)) => issuer = Some(text),
                ("kid", Value::Text(text)) => kid = Some(text),
                ("alg", Value::Text(text)) => algorithm = Some(text),
                ("secret", Value::Text(text)) => secret = Some(Zeroizing::new(text)),
                ("x", Value::Text(text)) => x = Some(text),
                ("y", Value::Text(text)) => y = Some(text),
                ("retires", Value::Number(secs)) => retires = Some(secs),
                ("retires", Value::Null) => {}
                _ => return None,
            }
        }
        let key = match (secret, x, y) {
            (Some(secret), None, None) => KeyText::Secret(secret),
            (None, Some(x), Some(y)) => KeyText::Public(x, y),
            _ => return None,
        };
        Some(Self { issuer: issuer?, kid: kid?, algorithm, key, retires })
    }

    /// The key called `id`; or what is wrong with it, as it is said behind the entry's place.
    fn key(self, id: KeyId) -> Result<TokenKey, &'static str> {
        let retires = self.retires.map(UnixTime::from_secs);
        let algorithm = self.algorithm.as_deref();
        match &self.key {
            KeyText::Secret(secret) => {
                let make = match algorithm {
                    None | Some("HMAC 256/256") => TokenKey::new,
                    Some("HS256") => TokenKey::hs256,
                    Some(_) => return Err(".alg must be HMAC 256/256 or HS256 beside a secret"),
                };
                let secret = base64url::decode(secret).ok_or(".secret is not base64url without padding")?;
                make(self.issuer, id, &Secret::new(secret), retires).ok_or(".secret is shorter than 32 bytes")
            }
            KeyText::Public(x, y) => {
                if algorithm != Some("ES256") {
                    return Err(".alg must be ES256 beside x and y");
                }
                let point = coordinate(x).zip(coordinate(y)).and_then(|(x, y)| PublicKey::new(&x, &y));
                let point = point.ok_or(".x and .y are not the base64url of a point of P-256")?;
                Ok(TokenKey::es256(self.issuer, id, point, retires))
            }
        }
    }
}

fn coordinate(text: &str) -> Option<[u8; 32]> {
    base64url::decode(text)?.try_into().ok()
}

/// Reads the value of TOKEN_KEYS, adding every fault to `faults` under `name`. `None` if there is any.
pub fn parse_keys(text: &str, name: &str, faults: &mut Faults) -> Option<KeySet> {
    let before = faults.len();
    let objects = match json::objects(text) {
        Ok(objects) => objects,
        Err(bad) => {
            faults.add(name, format!("is not a JSON array of {SHAPE}: byte {}", bad.at));
            return None;
        }
    };
    let mut keys: Vec<TokenKey> = Vec::new();
    for (place, object) in objects.into_iter().enumerate() {
        let Some(entry) = Entry::read(object) else {
            faults.add(name, format!("[{place}] is not of the shape {SHAPE}"));
            continue;
        };
        let Some(id) = KeyId::new(&entry.kid) else {
            faults.add(name, format!("[{place}].kid must be 1 to {} printable ASCII characters", KeyId::MAX_BYTES));
            continue;
        };
        if entry.issuer.is_empty() {
            faults.add(name, format!("[{place}].issuer is empty"));
        }
        if keys.iter().any(|key| key.issuer() == entry.issuer && *key.id() == id) {
            faults.add(name, format!("[{place}].kid {id} stands twice"));
        }
        match entry.key(id) {
            Ok(key) => keys.push(key),
            Err(problem) => faults.add(name, format!("[{place}]{problem}")),
        }
    }
    for (place, key) in keys.iter().enumerate() {
        let of_issuer = |other: &&TokenKey| other.issuer() == key.issuer();
        let is_first = !keys[..place].iter().any(|other| of_issuer(&other));
        if is_first && keys.iter().filter(of_issuer).count() < MIN_KEYS_PER_ISSUER {
            let issuer = key.issuer();
            faults.add(name, format!("issuer {issuer} has one key; two are needed, so that one can be retired"));
        }
    }
    if keys.is_empty() && faults.len() == before {
        faults.add(name, "holds no key".into());
    }
    (faults.len() == before).then(|| KeySet::new(keys))
}
