//! The token keys as configured: text to a checked key set.

use super::checked::Faults;
use crate::base64url;
use crate::secret::{KeyId, Secret};
use crate::time::UnixTime;
use crate::token::keys::MIN_KEY_BYTES;
use crate::token::{KeySet, TokenKey};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Deserialize;
use zeroize::Zeroizing;

/// Fewest keys of an issuer: one to mint with, one to take over or to retire.
const MIN_KEYS_PER_ISSUER: usize = 2;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    issuer: String,
    kid: String,
    secret: Zeroizing<String>,
    retires: Option<u64>,
}

/// Reads the value of TOKEN_KEYS, adding every fault to `faults` under `name`. `None` if there is any.
pub fn parse_keys(text: &str, name: &'static str, faults: &mut Faults) -> Option<KeySet> {
    let before = faults.len();
    let entries: Vec<Entry> = match serde_json::from_str(text) {
        Ok(entries) => entries,
        Err(error) => {
            // serde's message could quote the value: only its place is told.
            let place = format!("line {}, column {}", error.line(), error.column());
            faults.add(name, format!("is not a JSON array of {{issuer, kid, secret, retires?}}: {place}"));
            return None;
        }
    };
    let mut keys: Vec<TokenKey> = Vec::new();
    for (place, entry) in entries.into_iter().enumerate() {
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
    let mut issuers: Vec<&str> = keys.iter().map(TokenKey::issuer).collect();
    issuers.sort_unstable();
    issuers.dedup();
    for issuer in &issuers {
        if keys.iter().filter(|key| key.issuer() == *issuer).count() < MIN_KEYS_PER_ISSUER {
            faults.add(name, format!("issuer {issuer:?} has one key; two are needed, so that one can be retired"));
        }
    }
    if issuers.is_empty() && faults.len() == before {
        faults.add(name, "holds no key".into());
    }
    (faults.len() == before).then(|| KeySet::new(keys))
}
