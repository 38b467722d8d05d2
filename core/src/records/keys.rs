//! Which of the configured token keys makes tokens, and which have retired.

use super::VERSION;
use crate::refusal::Refusal;
use crate::time::{Seconds, UnixTime};
use crate::token::{KeySet, TokenKey};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// For how long an instance may go on with what it has read: until then a key that no longer makes tokens may make
/// some, so it cannot be retired.
pub const KEPT: Seconds = Seconds(10);
/// How long a key must have been out of use before it is retired.
const REST: Seconds = Seconds(60);

/// The record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeyStates {
    /// Its version.
    pub v: u32,
    /// The key that makes tokens; the newest that is live, if none is named.
    #[serde(default)]
    pub minting: Option<String>,
    /// Since when, in seconds since 1970.
    #[serde(default)]
    pub since: u64,
    /// Keys whose tokens are revoked.
    #[serde(default)]
    pub retired: Vec<String>,
}

/// What a key does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum KeyState {
    /// It makes tokens.
    Minting,
    /// Its tokens are accepted; it can make some, after a rotation.
    Standby,
    /// Its tokens are revoked, or its time is over.
    Retired,
}

impl Default for KeyStates {
    fn default() -> Self {
        Self { v: VERSION, minting: None, since: 0, retired: Vec::new() }
    }
}

impl KeyStates {
    fn is_retired(&self, key: &TokenKey) -> bool {
        self.retired.iter().any(|id| id == key.id().as_str())
    }

    /// Keys of `issuer` that can make tokens at `now`, the newest first.
    fn able<'k>(&'k self, keys: &'k KeySet, issuer: &'k str, now: UnixTime) -> impl Iterator<Item = &'k TokenKey> {
        keys.minting(issuer, now).filter(|key| !self.is_retired(key))
    }

    /// The key that makes tokens.
    ///
    /// # Errors
    /// [`Refusal::Internal`] if every key has retired.
    pub fn minting_key<'k>(
        &'k self,
        keys: &'k KeySet,
        issuer: &'k str,
        now: UnixTime,
    ) -> Result<&'k TokenKey, Refusal> {
        let named = |key: &&TokenKey| Some(key.id().as_str()) == self.minting.as_deref();
        // A key whose end is set makes no link that could outlive it, as long as there is one without an end.
        let lasting = || self.able(keys, issuer, now).filter(|key| key.retires.is_none());
        let key = lasting().find(named).or_else(|| lasting().next());
        let key = key.or_else(|| self.able(keys, issuer, now).find(named));
        let key = key.or_else(|| self.able(keys, issuer, now).next());
        key.ok_or(Refusal::Internal("every token key of the issuer has retired"))
    }

    /// The key called `id`, if it can still make tokens; or the one that makes them.
    ///
    /// # Errors
    /// As [`Self::minting_key`].
    pub fn key_of<'k>(
        &'k self,
        id: &str,
        keys: &'k KeySet,
        issuer: &'k str,
        now: UnixTime,
    ) -> Result<&'k TokenKey, Refusal> {
        match self.able(keys, issuer, now).find(|key| key.id().as_str() == id) {
            Some(key) => Ok(key),
            None => self.minting_key(keys, issuer, now),
        }
    }

    /// The keys of `issuer` with their states.
    pub fn list(&self, keys: &KeySet, issuer: &str, now: UnixTime) -> Vec<(String, KeyState)> {
        let minting = self.minting_key(keys, issuer, now).ok().map(|key| key.id().clone());
        let state = |key: &TokenKey| {
            if Some(key.id()) == minting.as_ref() {
                KeyState::Minting
            } else if self.able(keys, issuer, now).any(|able| able.id() == key.id()) {
                KeyState::Standby
            } else {
                KeyState::Retired
            }
        };
        keys.of_issuer(issuer).map(|key| (key.id().as_str().into(), state(key))).collect()
    }

    /// Has the next key make tokens.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] if there is no other.
    pub fn rotate(&mut self, keys: &KeySet, issuer: &str, now: UnixTime) -> Result<String, Refusal> {
        let old = self.minting_key(keys, issuer, now)?.id().clone();
        let able: Vec<String> = self.able(keys, issuer, now).map(|key| key.id().as_str().into()).collect();
        let place = able.iter().position(|id| id == old.as_str()).unwrap_or(0);
        let next = able.get((place + 1) % able.len()).filter(|id| *id != old.as_str());
        let next = next.ok_or(Refusal::Conflict("there is no standby key: add one to TOKEN_KEYS first"))?.clone();
        self.minting = Some(next.clone());
        self.since = now.as_secs();
        Ok(next)
    }

    /// Retires a key; `false` if it was already.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] for the key that makes tokens, or did so a moment ago.
    pub fn retire(&mut self, id: &str, keys: &KeySet, issuer: &str, now: UnixTime) -> Result<bool, Refusal> {
        let key = keys.of_issuer(issuer).find(|key| key.id().as_str() == id).ok_or(Refusal::NotFound)?;
        if self.is_retired(key) {
            return Ok(false);
        }
        if self.minting_key(keys, issuer, now).is_ok_and(|minting| minting.id() == key.id()) {
            return Err(Refusal::Conflict("the key makes tokens: rotate first"));
        }
        if now < UnixTime::from_secs(self.since).after(REST) {
            return Err(Refusal::Conflict("the key made tokens a moment ago: wait a minute"));
        }
        self.retired.push(id.into());
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{KeyId, Secret};

    const NOW: UnixTime = UnixTime::from_secs(10_000);

    fn keys(ids: &[&str]) -> KeySet {
        let key = |id: &&str| {
            TokenKey::new("demo".into(), KeyId::new(id).unwrap(), &Secret::new([7; 32].into()), None).unwrap()
        };
        KeySet::new(ids.iter().map(key).collect())
    }

    #[test]
    fn keys_take_turns_and_retire_at_rest() {
        let keys = keys(&["c", "b", "a"]);
        let mut states = KeyStates::default();
        let minting = |states: &KeyStates| states.minting_key(&keys, "demo", NOW).unwrap().id().as_str().to_string();
        assert_eq!(minting(&states), "c");
        assert_eq!(states.retire("c", &keys, "demo", NOW).unwrap_err().code(), "conflict");
        assert_eq!(states.rotate(&keys, "demo", NOW).unwrap(), "b");
        assert_eq!(minting(&states), "b");
        assert_eq!(states.retire("c", &keys, "demo", NOW).unwrap_err().code(), "conflict");
        let later = UnixTime::from_secs(10_060);
        assert_eq!(states.retire("c", &keys, "demo", later), Ok(true));
        assert_eq!(states.retire("c", &keys, "demo", later), Ok(false));
        assert_eq!(states.retire("x", &keys, "demo", later), Err(Refusal::NotFound));
        let listed: Vec<KeyState> = states.list(&keys, "demo", NOW).into_iter().map(|(_, state)| state).collect();
        assert_eq!(listed, [KeyState::Retired, KeyState::Minting, KeyState::Standby]);
        // A token of a key that has retired is made again with the one that makes tokens.
        assert_eq!(states.key_of("c", &keys, "demo", NOW).unwrap().id().as_str(), "b");
        assert_eq!(states.key_of("a", &keys, "demo", NOW).unwrap().id().as_str(), "a");
    }

    #[test]
    fn a_single_key_has_no_successor() {
        let mut states = KeyStates::default();
        assert_eq!(states.rotate(&keys(&["a"]), "demo", NOW).unwrap_err().code(), "conflict");
        assert_eq!(states.minting_key(&keys(&[]), "demo", NOW).unwrap_err().code(), "internal");
        // A configuration that no longer has the named key is served by its newest.
        states.minting = Some("gone".into());
        assert_eq!(states.minting_key(&keys(&["a"]), "demo", NOW).unwrap().id().as_str(), "a");
    }

    #[test]
    fn a_key_whose_end_is_set_makes_no_more_tokens() {
        let key = |id: &str, retires: Option<u64>| {
            let retires = retires.map(UnixTime::from_secs);
            TokenKey::new("demo".into(), KeyId::new(id).unwrap(), &Secret::new([7; 32].into()), retires).unwrap()
        };
        let keys = KeySet::new(vec![key("c", None), key("b", Some(90_000)), key("a", Some(80_000))]);
        let mut states = KeyStates { minting: Some("b".into()), ..KeyStates::default() };
        let minting = |states: &KeyStates| states.minting_key(&keys, "demo", NOW).unwrap().id().as_str().to_string();
        assert_eq!(minting(&states), "c", "the record is older than the rotation");
        // Where all of them end, the record counts, and then the newest.
        states.retired.push("c".into());
        assert_eq!(minting(&states), "b");
        states.minting = None;
        assert_eq!(minting(&states), "b");
    }

    use alloc::string::ToString;
    use alloc::vec;
}
