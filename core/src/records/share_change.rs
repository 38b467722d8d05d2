//! How a share changes: what may be asked for, and what becomes of the links that people have.

use super::share::{DAMAGED, ShareRecord, TokenFacts};
use super::{id, present};
use crate::hash::from_hex;
use crate::issue::share::{DEFAULT_EXPIRY, Terms, check_note};
use crate::issue::{Moment, Span, end};
use crate::lock::Password;
use crate::refusal::Refusal;
use crate::time::{Seconds, UnixTime};
use crate::token::TokenKey;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Deserialize;

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
}

#[cfg(test)]
mod tests {
    use super::super::share::Uses;
    use super::super::share::tests::{DAY, NOW, key, record};
    use super::*;

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
    fn a_revoked_share_stays_as_it_is() {
        let mut share = record(r#"{"key":"a"}"#);
        assert!(share.revoke(NOW));
        let before = share.clone();
        assert_eq!(change(&mut share, r#"{"note":"x"}"#, 1_000).unwrap_err().code(), "conflict");
        assert_eq!(share, before);
    }
}
