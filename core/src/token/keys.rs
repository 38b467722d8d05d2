//! The keys that tokens are made and checked with: several per issuer, so that one can be retired while
//! another takes over.

use crate::hash::MacKey;
use crate::secret::{KeyId, Secret};
use crate::time::UnixTime;
use alloc::string::String;
use alloc::vec::Vec;

/// Shortest accepted key: as long as the MAC's output (RFC 2104 section 3).
pub const MIN_KEY_BYTES: usize = 32;

/// One HMAC 256/256 key, bound to its issuer and id, its inner states prepared.
#[derive(Debug)]
pub struct TokenKey {
    pub(crate) issuer: String,
    pub(crate) id: KeyId,
    pub(crate) mac: MacKey,
    pub(crate) retires: Option<UnixTime>,
}

impl TokenKey {
    /// Prepares a key; `None` if it is shorter than [`MIN_KEY_BYTES`]. From `retires` on it verifies nothing.
    pub fn new(issuer: String, id: KeyId, secret: &Secret, retires: Option<UnixTime>) -> Option<Self> {
        let long_enough = secret.len() >= MIN_KEY_BYTES;
        long_enough.then(|| Self { issuer, id, mac: MacKey::new(secret.secret_bytes()), retires })
    }

    /// Whose key it is.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its public name.
    pub const fn id(&self) -> &KeyId {
        &self.id
    }

    fn is_live(&self, now: UnixTime) -> bool {
        self.retires.is_none_or(|retires| now < retires)
    }
}

/// All keys of all issuers, in the order in which they were configured: the newest first.
#[derive(Debug)]
pub struct KeySet {
    keys: Vec<TokenKey>,
    /// What an unknown key id is checked against, so that it takes the time of a wrong MAC.
    nobody: MacKey,
}

impl KeySet {
    /// A set of keys, the newest of each issuer first.
    pub fn new(keys: Vec<TokenKey>) -> Self {
        Self { keys, nobody: MacKey::new(&[0; 32]) }
    }

    /// The live keys named `kid`: one, unless two issuers chose the same name.
    pub(crate) fn named<'a>(&'a self, kid: &'a [u8], now: UnixTime) -> impl Iterator<Item = &'a TokenKey> {
        self.keys.iter().filter(move |key| key.id.as_str().as_bytes() == kid && key.is_live(now))
    }

    /// The key that `issuer` mints with: its newest live one.
    pub fn newest_of(&self, issuer: &str, now: UnixTime) -> Option<&TokenKey> {
        self.keys.iter().find(|key| key.issuer == issuer && key.is_live(now))
    }

    /// A key that nothing was ever made with.
    pub(crate) const fn nobody(&self) -> &MacKey {
        &self.nobody
    }
}
