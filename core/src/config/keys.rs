//! The token keys as configured: text to a checked key set.

use super::checked::Faults;
use crate::base64url;
use crate::json::{self, Object, Value};
use crate::secret::{KeyId, Secret};
use crate::time::UnixTime;
use crate::token::keys::MIN_KEY_BYTES;
use crate::token::{KeySet, TokenKey};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use zeroize::Zeroizing;

/// Fewest keys of an issuer: one to mint with, one to take over or to retire.
const MIN_KEYS_PER_ISSUER: usize = 2;
/// What an entry looks like, for messages.
const SHAPE: &str = "{issuer, kid, secret, retires?}";

/// One entry of the array, every member known.
struct Entry {
    issuer: String,
    kid: String,
    secret: Zeroizing<String>,
    retires: Option<u64>,
}

impl Entry {
    /// `None` if a member is missing, unknown or of another type.
    fn read(object: Object) -> Option<Self> {
        let (mut issuer, mut kid, mut secret, mut retires) = (None, None, None, None);
        for (name, value) in object {
            match (name.as_str(), value) {
                ("issuer", Value::Text(text)) => issuer = Some(text),
                ("kid", Value::Text(text)) => kid = Some(text),
                ("secret", Value::Text(text)) => secret = Some(Zeroizing::new(text)),
                ("retires", Value::Number(secs)) => retires = Some(secs),
                ("retires", Value::Null) => {}
                _ => return None,
            }
        }
        Some(Self { issuer: issuer?, kid: kid?, secret: secret?, retires })
    }
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
        let Some(bytes) = base64url::decode(&entry.secret) else {
            faults.add(name, format!("[{place}].secret is not base64url without padding"));
            continue;
        };
        match TokenKey::new(entry.issuer, id, &Secret::new(bytes), entry.retires.map(UnixTime::from_secs)) {
            Some(key) => keys.push(key),
            None => faults.add(name, format!("[{place}].secret is shorter than {MIN_KEY_BYTES} bytes")),
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
