//! The keys that tokens are made and checked with: several per issuer, so that one can be retired while
//! another takes over.

use crate::hash::MacKey;
use crate::p256::PublicKey;
use crate::secret::{KeyId, Secret};
use crate::time::UnixTime;
use alloc::string::String;
use alloc::vec::Vec;

/// Shortest accepted key: as long as the MAC's output (RFC 2104 section 3).
pub const MIN_KEY_BYTES: usize = 32;

/// One key, bound to its issuer, its id and its algorithm.
#[derive(Debug)]
pub struct TokenKey {
    pub(crate) issuer: String,
    pub(crate) id: KeyId,
    pub(crate) material: Material,
    pub(crate) retires: Option<UnixTime>,
}

/// What a key does its work with, and by that its algorithm: a key of one verifies nothing of another.
#[derive(Debug)]
pub(crate) enum Material {
    /// HMAC 256/256 (RFC 9053 section 3.1): Common Access Tokens, made and verified. The inner states are prepared.
    Hmac256(MacKey),
    /// HS256 (RFC 7518 section 3.2): signed JWTs, verified.
    Hs256(MacKey),
    /// ES256 (RFC 7518 section 3.4): signed JWTs, verified.
    Es256(PublicKey),
}

impl TokenKey {
    /// Prepares a key for HMAC 256/256; `None` if it is shorter than [`MIN_KEY_BYTES`]. From `retires` on it verifies
    /// nothing.
    pub fn new(issuer: String, id: KeyId, secret: &Secret, retires: Option<UnixTime>) -> Option<Self> {
        Some(Self { issuer, id, material: Material::Hmac256(mac(secret)?), retires })
    }

    /// As [`TokenKey::new`], for JWTs with HS256.
    pub fn hs256(issuer: String, id: KeyId, secret: &Secret, retires: Option<UnixTime>) -> Option<Self> {
        Some(Self { issuer, id, material: Material::Hs256(mac(secret)?), retires })
    }

    /// A key for JWTs with ES256.
    pub const fn es256(issuer: String, id: KeyId, key: PublicKey, retires: Option<UnixTime>) -> Self {
        Self { issuer, id, material: Material::Es256(key), retires }
    }

    /// Its MAC, if it is one for HMAC 256/256.
    pub(crate) const fn mac(&self) -> Option<&MacKey> {
        match &self.material {
            Material::Hmac256(mac) => Some(mac),
            Material::Hs256(_) | Material::Es256(_) => None,
        }
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

/// `None` if the secret is shorter than [`MIN_KEY_BYTES`].
fn mac(secret: &Secret) -> Option<MacKey> {
    (secret.len() >= MIN_KEY_BYTES).then(|| MacKey::new(secret.secret_bytes()))
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

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &TokenKey> {
        self.keys.iter()
    }

    /// The live keys named `kid`: one, unless two issuers chose the same name.
    pub(crate) fn named<'k>(&'k self, kid: &[u8], now: UnixTime) -> impl Iterator<Item = &'k TokenKey> {
        self.keys.iter().filter(move |key| key.id.as_str().as_bytes() == kid && key.is_live(now))
    }

    /// The key that `issuer` mints with: its newest live one for HMAC 256/256.
    pub fn newest_of(&self, issuer: &str, now: UnixTime) -> Option<&TokenKey> {
        self.keys.iter().find(|key| key.issuer == issuer && key.mac().is_some() && key.is_live(now))
    }

    /// All keys of `issuer`, the newest first.
    pub fn of_issuer<'k>(&'k self, issuer: &'k str) -> impl Iterator<Item = &'k TokenKey> {
        self.keys.iter().filter(move |key| key.issuer == issuer)
    }

    /// The keys of `issuer` that can make tokens at `now`, the newest first.
    pub fn minting<'k>(&'k self, issuer: &'k str, now: UnixTime) -> impl Iterator<Item = &'k TokenKey> {
        self.of_issuer(issuer).filter(move |key| key.mac().is_some() && key.is_live(now))
    }

    /// A key that nothing was ever made with.
    pub(crate) const fn nobody(&self) -> &MacKey {
        &self.nobody
    }
}
