//! A share as it is remembered: its terms, its present token, and how it was used. The token itself is not in it: it
//! is made again from what is, the same to the last byte.

use super::{VERSION, id};
use crate::access::Owner;
use crate::hash::from_hex;
use crate::issue::share::{Share, Terms};
use crate::lock::Lock;
use crate::refusal::Refusal;
use crate::time::UnixTime;
use crate::token::TokenKey;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How many batches of events are remembered as counted: an edge repeats the last few at most.
const BATCHES: usize = 16;

/// The record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ShareRecord {
    /// Its version.
    pub v: u32,
    /// Its id, in hexadecimal.
    pub id: String,
    /// Whose it is.
    pub owner: Owner,
    /// Who made it.
    pub created_by: String,
    /// When, in seconds since 1970.
    pub created_at: u64,
    /// What it opens, and for whom.
    pub terms: Terms,
    /// When it ends, in seconds since 1970.
    pub expires_at: u64,
    /// How many downloads there may be in all; `None` for no limit.
    pub max_downloads: Option<u64>,
    /// What is remembered of its password, as [`Lock::to_text`] writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
    /// A note of the owner's, for the owner.
    #[serde(default)]
    pub note: Option<String>,
    /// The token that its link carries now.
    pub token: TokenFacts,
    /// Since when it is revoked, in seconds since 1970.
    #[serde(default)]
    pub revoked_at: Option<u64>,
    /// How it was used.
    #[serde(default)]
    pub uses: Uses,
    /// The latest batches of events that are counted in `uses`.
    #[serde(default)]
    pub batches: Vec<String>,
}

/// What a token is made of beside the terms.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TokenFacts {
    /// Its id, in hexadecimal.
    pub id: String,
    /// The name of the key that it was made with.
    pub key_id: String,
    /// When it was made, in seconds since 1970.
    pub issued_at: u64,
    /// Its own limit of downloads.
    pub max_downloads: Option<u64>,
}

/// How a share was used, as far as the edges have told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Uses {
    /// Downloads: whole objects, or first parts of them.
    pub downloads: u64,
    /// Uses that were claimed of a counted link.
    pub claims: u64,
    /// Bytes that were to be sent.
    pub bytes: u64,
    /// The latest use, in seconds since 1970.
    #[serde(default)]
    pub last_at: Option<u64>,
}

/// What can be done with a share.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum State {
    /// Its link opens.
    Active,
    /// Every use is claimed.
    UsedUp,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

impl ShareRecord {
    /// A new share.
    pub fn new(id: [u8; 16], owner: Owner, created_by: String, share: &Share, key: &TokenKey, now: UnixTime) -> Self {
        let id = id::hex(&id);
        Self {
            v: VERSION,
            owner,
            created_by,
            created_at: now.as_secs(),
            terms: share.terms().clone(),
            expires_at: share.expires().as_secs(),
            max_downloads: share.max_downloads(),
            lock: share.lock().map(Lock::to_text),
            note: share.note().map(String::from),
            token: TokenFacts {
                id: id.clone(),
                key_id: key.id().as_str().into(),
                issued_at: now.as_secs(),
                max_downloads: share.max_downloads(),
            },
            revoked_at: None,
            uses: Uses::default(),
            batches: Vec::new(),
            id,
        }
    }

    /// What can be done with it at `now`.
    pub fn state(&self, now: UnixTime) -> State {
        if self.revoked_at.is_some() {
            State::Revoked
        } else if now.as_secs() >= self.expires_at {
            State::Expired
        } else if self.max_downloads.is_some_and(|most| self.uses.claims >= most) {
            State::UsedUp
        } else {
            State::Active
        }
    }

    /// The id as bytes.
    ///
    /// # Errors
    /// [`Refusal::Internal`] for a record that is damaged.
    pub fn id_bytes(&self) -> Result<[u8; 16], Refusal> {
        from_hex(&self.id).ok_or(DAMAGED)
    }

    /// The terms of its present token.
    ///
    /// # Errors
    /// [`Refusal::Internal`] for a record that is damaged.
    pub fn share(&self, prefix: &str) -> Result<Share, Refusal> {
        let expires = UnixTime::from_secs(self.expires_at);
        let share = self.terms.clone().share(prefix, expires, self.token.max_downloads).map_err(|_| DAMAGED)?;
        let lock = self.lock.as_deref().map(|text| Lock::from_text(text).ok_or(DAMAGED)).transpose()?;
        Ok(share.locked(lock))
    }

    /// Its present token, made again with `key`.
    ///
    /// # Errors
    /// As [`Share::mint`]; [`Refusal::Internal`] for a record that is damaged.
    pub fn mint(&self, share: &Share, audience: &str, key: &TokenKey) -> Result<String, Refusal> {
        let token = from_hex(&self.token.id).ok_or(DAMAGED)?;
        let id = self.id_bytes()?;
        let of_share = (id != token).then_some(id);
        share.mint(token, of_share, &self.owner.tag(), audience, key, UnixTime::from_secs(self.token.issued_at))
    }

    /// Takes it back; `false` if it was already.
    pub const fn revoke(&mut self, now: UnixTime) -> bool {
        let is_new = self.revoked_at.is_none();
        if is_new {
            self.revoked_at = Some(now.as_secs());
        }
        is_new
    }

    /// Counts a batch of events; `false` if it was counted before.
    pub fn count(&mut self, batch: &str, uses: &Uses) -> bool {
        if self.batches.iter().any(|counted| counted == batch) {
            return false;
        }
        self.batches.push(batch.into());
        if self.batches.len() > BATCHES {
            self.batches.remove(0);
        }
        self.uses.downloads = self.uses.downloads.saturating_add(uses.downloads);
        self.uses.claims = self.uses.claims.saturating_add(uses.claims);
        self.uses.bytes = self.uses.bytes.saturating_add(uses.bytes);
        self.uses.last_at = self.uses.last_at.max(uses.last_at);
        true
    }
}

pub(super) const DAMAGED: Refusal = Refusal::Internal("a share's record is damaged");

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::issue::ShareRequest;
    use crate::secret::{KeyId, Secret};
    use crate::time::Seconds;

    pub(in crate::records) const NOW: UnixTime = UnixTime::from_secs(1_000);
    pub(in crate::records) const DAY: u64 = 86_400;

    pub(in crate::records) fn key() -> TokenKey {
        TokenKey::new("demo".into(), KeyId::new("a").unwrap(), &Secret::new([7; 32].into()), None).unwrap()
    }

    pub(in crate::records) fn record(json: &str) -> ShareRecord {
        let request: ShareRequest = serde_json::from_str(json).unwrap();
        let share = request.check("files/", Seconds(30 * DAY), [3; 16], NOW).unwrap();
        ShareRecord::new([1; 16], Owner::new("alice").unwrap(), "ci".into(), &share, &key(), NOW)
    }

    #[test]
    fn the_token_is_made_again_to_the_last_byte() {
        let record = record(
            r#"{"key":"a","expires_in":"1d","networks":["AS1"],"file_name":"b","inline":true,"max_downloads":3}"#,
        );
        let text = serde_json::to_string(&record).unwrap();
        let again: ShareRecord = serde_json::from_str(&text).unwrap();
        assert_eq!(again, record);
        let mint = |record: &ShareRecord| record.mint(&record.share("files/").unwrap(), "dev", &key()).unwrap();
        let token = mint(&record);
        assert_eq!(mint(&again), token);
        assert!(!text.contains(&token[..20]), "a record holds no token");
        let mut other = again;
        other.token.id = id::hex(&[9; 16]);
        assert_ne!(mint(&other), token);
    }

    #[test]
    fn a_record_of_the_first_version_without_later_members_is_read() {
        let old = r#"{"v":1,"id":"01010101010101010101010101010101","owner":"alice","created_by":"ci","created_at":1000,
            "terms":{"key":"a"},"expires_at":2000,"max_downloads":null,
            "token":{"id":"01010101010101010101010101010101","key_id":"a","issued_at":1000,"max_downloads":null}}"#;
        let record: ShareRecord = serde_json::from_str(old).unwrap();
        assert_eq!(record.state(NOW), State::Active);
        assert_eq!(record.uses, Uses::default());
        assert!(record.share("files/").is_ok());
        assert!(super::super::check_version(record.v).is_ok() && super::super::check_version(VERSION + 1).is_err());
    }

    #[test]
    fn states_follow_time_uses_and_revocation() {
        let mut share = record(r#"{"key":"a","expires_in":"1d","max_downloads":2}"#);
        assert_eq!(share.state(NOW), State::Active);
        assert_eq!(share.state(UnixTime::from_secs(1_000 + DAY)), State::Expired);
        let one = Uses { downloads: 1, claims: 1, bytes: 5, last_at: Some(1_100) };
        assert!(share.count("b1", &one) && !share.count("b1", &one) && share.count("b2", &one));
        assert_eq!((share.uses.downloads, share.uses.bytes, share.uses.last_at), (2, 10, Some(1_100)));
        assert_eq!(share.state(NOW), State::UsedUp);
        assert!(share.revoke(NOW) && !share.revoke(UnixTime::from_secs(2_000)));
        assert_eq!((share.state(NOW), share.revoked_at), (State::Revoked, Some(1_000)));
        for batch in 0..40 {
            share.count(&alloc::format!("c{batch}"), &one);
        }
        assert_eq!(share.batches.len(), BATCHES);
    }
}
