//! A share as it is remembered: its terms, its present token, and how it was used. The token itself is not in it: it
//! is made again from what is, the same to the last byte.

use super::{VERSION, id, present};
use crate::access::Owner;
use crate::hash::from_hex;
use crate::issue::share::{DEFAULT_EXPIRY, Share, Terms, check_note};
use crate::issue::{Moment, Span, end};
use crate::lock::{Lock, Password};
use crate::refusal::Refusal;
use crate::time::{Seconds, UnixTime};
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

/// The JSON of a call that changes a share: what is absent stays, `null` clears.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug, Default)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::issue::schema::one_end))]
pub struct ShareChange {
    /// It ends so long from now.
    pub expires_in: Option<Span>,
    /// It ends at this time.
    pub expires_at: Option<Moment>,
    /// Downloads in all, those that were claimed among them.
    #[serde(default, deserialize_with = "crate::issue::whole::present")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<u64>", range(min = 1, max = crate::issue::whole::MAX)))]
    pub max_downloads: Option<Option<u64>>,
    /// The owner's note.
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", length(min = 1, max = 1000), regex(pattern = crate::issue::schema::NOTE)))]
    pub note: Option<Option<String>>,
    /// The password that opens it, of 4 to 128 characters.
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", length(min = 4, max = 128), regex(pattern = crate::issue::schema::PLAIN)))]
    pub password: Option<Option<Password>>,
    /// Where clients may be.
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schemars(transform = crate::issue::schema::networks))]
    pub networks: Option<Option<Vec<String>>>,
    /// Which countries or subdivisions they may be in.
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>", length(min = 1, max = 32), inner(regex(pattern = crate::issue::schema::COUNTRY))))]
    pub countries: Option<Option<Vec<String>>>,
    /// The name that a download is saved under.
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", length(min = 1, max = 255), regex(pattern = crate::issue::schema::PLAIN)))]
    pub file_name: Option<Option<String>>,
    /// Whether it may be shown in place of being saved.
    pub inline: Option<bool>,
}

/// What a change is made with.
#[derive(Clone, Copy, Debug)]
pub struct Changing<'a> {
    /// The id of the new token, if one is needed.
    pub token: [u8; 16],
    /// 16 random bytes for a new password.
    pub salt: [u8; 16],
    /// The key that the new token is made with.
    pub key: &'a TokenKey,
    /// The shared prefix, which counts towards the length of the key.
    pub prefix: &'a str,
    /// The longest life of a share.
    pub longest: Seconds,
    /// When.
    pub now: UnixTime,
}

/// What a change asks for beside the new record.
#[must_use]
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changed {
    /// The token to revoke, and when it would have ended: it allows more than the share now does.
    pub revoke: Option<([u8; 16], UnixTime)>,
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

    /// Changes it.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`] for what no share can have; [`Refusal::Conflict`] for a revoked share and for a
    /// limit that is used up.
    pub fn change(&mut self, change: &ShareChange, with: &Changing<'_>) -> Result<Changed, Refusal> {
        let now = with.now;
        if self.revoked_at.is_some() {
            return Err(Refusal::Conflict("the share is revoked"));
        }
        if let Some(note) = &change.note {
            note.as_deref().map_or(Ok(()), check_note)?;
            self.note.clone_from(note);
        }
        let expires = match (change.expires_in, change.expires_at) {
            (None, None) => self.expires_at,
            (span, moment) => end(span, moment, DEFAULT_EXPIRY, with.longest, now)?.as_secs(),
        };
        let most = change.max_downloads.unwrap_or(self.max_downloads);
        let terms = self.changed_terms(change);
        let lock = match &change.password {
            None => self.lock.clone(),
            Some(None) => None,
            Some(Some(password)) => Some(password.lock(with.salt)?.to_text()),
        };
        if (expires, most, &terms, &lock) == (self.expires_at, self.max_downloads, &self.terms, &self.lock) {
            return Ok(Changed::default());
        }
        // Whatever is not a set of terms is refused before anything is changed.
        terms.clone().share(with.prefix, UnixTime::from_secs(expires), most)?;
        if most == Some(0) {
            return Err(Refusal::BadRequest("max_downloads is at least 1"));
        }
        let left = match most {
            Some(most) => Some(
                most.checked_sub(self.uses.claims)
                    .filter(|left| *left > 0)
                    .ok_or(Refusal::Conflict("as many downloads as max_downloads allows were claimed already"))?,
            ),
            None => None,
        };
        // A link that people have goes on until its own end, unless it would then allow more than the share does: more
        // time, other people, or uses that are counted apart.
        let counted = self.token.max_downloads.is_some() || left.is_some();
        let others =
            (&terms.networks, &terms.countries, &lock) != (&self.terms.networks, &self.terms.countries, &self.lock);
        let ended = now.as_secs() >= self.expires_at;
        let replaced = (!ended && (expires < self.expires_at || counted || others))
            .then(|| from_hex(&self.token.id).map(|id| (id, UnixTime::from_secs(self.expires_at))).ok_or(DAMAGED))
            .transpose()?;
        self.token = TokenFacts {
            id: id::hex(&with.token),
            key_id: with.key.id().as_str().into(),
            issued_at: now.as_secs(),
            max_downloads: left,
        };
        self.terms = terms;
        self.lock = lock;
        self.expires_at = expires;
        self.max_downloads = most;
        Ok(Changed { revoke: replaced })
    }

    fn changed_terms(&self, change: &ShareChange) -> Terms {
        let mut terms = self.terms.clone();
        if let Some(networks) = &change.networks {
            terms.networks.clone_from(networks);
        }
        if let Some(countries) = &change.countries {
            terms.countries.clone_from(countries);
        }
        if let Some(name) = &change.file_name {
            terms.file_name.clone_from(name);
        }
        if change.inline.is_some() {
            terms.inline = change.inline;
        }
        terms
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

const DAMAGED: Refusal = Refusal::Internal("a share's record is damaged");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issue::ShareRequest;
    use crate::secret::{KeyId, Secret};

    const NOW: UnixTime = UnixTime::from_secs(1_000);
    const DAY: u64 = 86_400;

    fn key() -> TokenKey {
        TokenKey::new("demo".into(), KeyId::new("a").unwrap(), &Secret::new([7; 32].into()), None).unwrap()
    }

    fn record(json: &str) -> ShareRecord {
        let request: ShareRequest = serde_json::from_str(json).unwrap();
        let share = request.check("files/", Seconds(30 * DAY), [3; 16], NOW).unwrap();
        ShareRecord::new([1; 16], Owner::new("alice").unwrap(), "ci".into(), &share, &key(), NOW)
    }

    fn change(record: &mut ShareRecord, json: &str, now: u64) -> Result<Changed, Refusal> {
        let change: ShareChange = serde_json::from_str(json).unwrap();
        let with = Changing {
            token: [2; 16],
            salt: [4; 16],
            key: &key(),
            prefix: "files/",
            longest: Seconds(30 * DAY),
            now: UnixTime::from_secs(now),
        };
        record.change(&change, &with)
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
    fn a_longer_life_leaves_the_old_link_and_a_shorter_one_ends_it() {
        let mut share = record(r#"{"key":"a","expires_in":"1d"}"#);
        assert_eq!(change(&mut share, r#"{"expires_in":"2d"}"#, 1_000), Ok(Changed::default()));
        assert_eq!((share.expires_at, share.token.id.as_str()), (1_000 + 2 * DAY, "02020202020202020202020202020202"));
        let ended = change(&mut share, r#"{"expires_in":"1h"}"#, 2_000).unwrap();
        assert_eq!(ended.revoke, Some(([2; 16], UnixTime::from_secs(1_000 + 2 * DAY))));
        assert_eq!(share.expires_at, 2_000 + 3_600);
        // Nothing to change, nothing changed.
        let before = share.clone();
        assert_eq!(change(&mut share, "{}", 2_000), Ok(Changed::default()));
        assert_eq!(share, before);
        assert_eq!(change(&mut share, r#"{"expires_in":"31d"}"#, 2_000).unwrap_err().code(), "forbidden");
        assert_eq!(
            change(&mut share, r#"{"expires_in":"1d","expires_at":90000}"#, 2_000).unwrap_err().code(),
            "bad_request"
        );
        assert_eq!(change(&mut share, r#"{"expires_at":2000}"#, 2_000).unwrap_err().code(), "conflict");
    }

    #[test]
    fn a_new_limit_counts_what_was_claimed() {
        let mut share = record(r#"{"key":"a","max_downloads":3}"#);
        assert!(share.count("b1", &Uses { claims: 2, ..Uses::default() }));
        assert_eq!(change(&mut share, r#"{"max_downloads":2}"#, 1_000).unwrap_err().code(), "conflict");
        assert_eq!(change(&mut share, r#"{"max_downloads":0}"#, 1_000).unwrap_err().code(), "bad_request");
        let changed = change(&mut share, r#"{"max_downloads":5}"#, 1_000).unwrap();
        assert_eq!(changed.revoke.map(|(id, _)| id), Some([1; 16]));
        assert_eq!((share.max_downloads, share.token.max_downloads), (Some(5), Some(3)));
        assert!(change(&mut share, r#"{"max_downloads":null}"#, 1_000).unwrap().revoke.is_some());
        assert_eq!((share.max_downloads, share.token.max_downloads), (None, None));
        assert_eq!(change(&mut share, r#"{"note":"for Bob"}"#, 1_000), Ok(Changed::default()));
        assert_eq!(share.note.as_deref(), Some("for Bob"));
        assert_eq!(change(&mut share, r#"{"note":null}"#, 1_000), Ok(Changed::default()));
        assert_eq!(share.note, None);
    }

    #[test]
    fn other_people_mean_another_link_and_the_end_of_the_old_one() {
        let mut share = record(r#"{"key":"a","password":"open sesame"}"#);
        let text = serde_json::to_string(&share).unwrap();
        assert!(!text.contains("sesame") && share.lock.is_some(), "{text}");
        let locked = share.clone();
        assert_eq!(change(&mut share, r#"{"file_name":"b","inline":true}"#, 1_000), Ok(Changed::default()));
        assert_eq!((share.terms.file_name.as_deref(), share.terms.inline), (Some("b"), Some(true)));
        assert_eq!((&share.lock, share.token.id.as_str()), (&locked.lock, "02020202020202020202020202020202"));
        for (json, has_lock) in [
            (r#"{"password":"another one"}"#, true),
            (r#"{"password":null}"#, false),
            (r#"{"networks":["AS1"]}"#, false),
            (r#"{"networks":null,"countries":["SE"]}"#, false),
        ] {
            let revoked = change(&mut share, json, 1_000).unwrap().revoke;
            assert!(revoked.is_some(), "{json}");
            assert_eq!((share.lock.is_some(), share.lock == locked.lock), (has_lock, false), "{json}");
        }
        assert_eq!(share.terms.networks, None);
        let before = share.clone();
        for bad in [r#"{"password":"abc"}"#, r#"{"networks":["x"]}"#, r#"{"countries":[]}"#, r#"{"file_name":""}"#] {
            assert_eq!(change(&mut share, bad, 1_000).unwrap_err().code(), "bad_request", "{bad}");
            assert_eq!(share, before, "{bad}");
        }
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
        assert_eq!(change(&mut share, r#"{"note":"x"}"#, 1_000).unwrap_err().code(), "conflict");
        for batch in 0..40 {
            share.count(&alloc::format!("c{batch}"), &one);
        }
        assert_eq!(share.batches.len(), BATCHES);
    }
}
