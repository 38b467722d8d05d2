//! The token keys as configured: text to a checked key set.

use super::checked::Faults;
use crate::base64url;
use crate::json::{self, Object, Value};
use crate::p256::PublicKey;
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
    fn key(self, id: KeyId) -> Result<TokenKey, String> {
        let retires = self.retires.map(UnixTime::from_secs);
        match (self.algorithm.as_deref(), &self.key) {
            (None | Some(ALG_HMAC), KeyText::Secret(secret)) => {
                TokenKey::new(self.issuer, id, &bytes(secret)?, retires)
            }
            (Some(ALG_HS256), KeyText::Secret(secret)) => TokenKey::hs256(self.issuer, id, &bytes(secret)?, retires),
            (Some(ALG_ES256), KeyText::Public(x, y)) => {
                let key = coordinate(x).zip(coordinate(y)).and_then(|(x, y)| PublicKey::new(&x, &y));
                let key = key.ok_or(".x and .y are not the base64url of a point of P-256")?;
                return Ok(TokenKey::es256(self.issuer, id, key, retires));
            }
            (Some(ALG_ES256), KeyText::Secret(_)) => return Err(".alg ES256 takes x and y, and no secret".into()),
            (None | Some(ALG_HMAC | ALG_HS256), KeyText::Public(..)) => {
                return Err(format!(".x and .y are of {ALG_ES256}: name it in .alg"));
            }
            (Some(_), _) => return Err(format!(".alg must be {ALG_HMAC}, {ALG_HS256} or {ALG_ES256}")),
        }
        .ok_or_else(|| format!(".secret is shorter than {MIN_KEY_BYTES} bytes"))
    }
}

/// The algorithm of Common Access Tokens, for which an entry need not name one, and those of signed JWTs.
const ALG_HMAC: &str = "HMAC 256/256";
const ALG_HS256: &str = "HS256";
const ALG_ES256: &str = "ES256";

fn bytes(secret: &str) -> Result<Secret, String> {
    Ok(Secret::new(base64url::decode(secret).ok_or(".secret is not base64url without padding")?))
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
