//! API keys that the API itself makes: shown once, kept as a hash.

use super::VERSION;
use crate::access::{Owner, Principal, Role, Scope};
use crate::base64url;
use crate::hash::sha256;
use crate::issue::{Moment, Span, end};
use crate::refusal::Refusal;
use crate::time::{Seconds, UnixTime};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What every key begins with: scanners for leaked secrets look for such a mark.
pub const MARK: &str = "cd_";
/// How long a key lives where nothing is asked: 90 days.
const DEFAULT_EXPIRY: Seconds = Seconds(90 * 86_400);
/// The longest life of a key: five years.
const MAX_EXPIRY: Seconds = Seconds(5 * 365 * 86_400);
/// Digits of a key's id: the first of its hash.
pub const ID_DIGITS: usize = 16;
const MAX_NAME_BYTES: usize = 128;
/// Most scopes of a key: all that there are.
const MAX_SCOPES: usize = 20;

/// The JSON of a call that makes a key.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::issue::schema::one_end))]
pub struct ApiKeyRequest {
    /// What it is called in logs.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 128), regex(pattern = crate::issue::schema::PLAIN)))]
    pub name: String,
    /// Whose things it opens: the caller's own, if absent.
    pub owner: Option<Owner>,
    /// How far: member, if absent.
    pub role: Option<Role>,
    /// What it is cut down to: nothing, if absent.
    #[cfg_attr(feature = "schema", schemars(length(max = 20)))]
    pub scopes: Option<Vec<Scope>>,
    /// How long it lives: 90 days, if neither this nor `expires_at` is given.
    pub expires_in: Option<Span>,
    /// When it ends.
    pub expires_at: Option<Moment>,
}

/// The record, which lies under the key's hash.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ApiKeyRecord {
    /// Its version.
    pub v: u32,
    /// Its id.
    pub id: String,
    /// SHA-256 of the key, in lower-case hexadecimal.
    pub sha256: String,
    /// What it is called.
    pub name: String,
    /// Whose things it opens.
    pub owner: Owner,
    /// How far.
    pub role: Role,
    /// What it is cut down to.
    #[serde(default)]
    pub scopes: Option<Vec<Scope>>,
    /// Who made it.
    pub created_by: String,
    /// When, in seconds since 1970.
    pub created_at: u64,
    /// When it ends, in seconds since 1970.
    pub expires_at: u64,
}

/// Bytes of a key's checksum.
const SUM_BYTES: usize = 4;

/// A key's text from 32 random bytes, with a checksum: a misspelt key, or one that somebody made up, is refused without
/// looking for it.
pub fn text(entropy: &[u8; 32]) -> String {
    let mut bytes = Vec::from(entropy);
    bytes.extend_from_slice(&sha256(entropy)[..SUM_BYTES]);
    let mut text = String::from(MARK);
    text.push_str(&base64url::encode(&bytes));
    text
}

/// Whether `key` is of the form of [`text`].
pub fn is_well_formed(key: &str) -> bool {
    let bytes = key.strip_prefix(MARK).filter(|text| text.len() == 48).and_then(base64url::decode);
    bytes.is_some_and(|bytes| {
        let (entropy, sum) = bytes.split_at(bytes.len() - SUM_BYTES);
        sha256(entropy)[..SUM_BYTES] == *sum
    })
}

/// SHA-256 of a key in lower-case hexadecimal. A key is random and long, so a plain hash keeps it.
pub fn hash(key: &str) -> String {
    super::id::hex(&sha256(key.as_bytes()))
}

impl ApiKeyRequest {
    /// Checks every field; `sha256` is [`hash`] of the new key.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`]
    pub fn check(
        self,
        sha256: String,
        owner: Owner,
        created_by: String,
        now: UnixTime,
    ) -> Result<ApiKeyRecord, Refusal> {
        let fits = (1..=MAX_NAME_BYTES).contains(&self.name.len()) && !self.name.chars().any(char::is_control);
        if !fits {
            return Err(Refusal::BadRequest("a name has 1 to 128 bytes without control characters"));
        }
        if self.scopes.as_ref().is_some_and(|scopes| scopes.len() > MAX_SCOPES) {
            return Err(Refusal::BadRequest("a key has at most 20 scopes"));
        }
        let expires = end(self.expires_in, self.expires_at, DEFAULT_EXPIRY, MAX_EXPIRY, now)?;
        Ok(ApiKeyRecord {
            v: VERSION,
            id: sha256[..ID_DIGITS].into(),
            sha256,
            name: self.name,
            owner: self.owner.unwrap_or(owner),
            role: self.role.unwrap_or(Role::Member),
            scopes: self.scopes,
            created_by,
            created_at: now.as_secs(),
            expires_at: expires.as_secs(),
        })
    }
}

impl ApiKeyRecord {
    /// Whom the key stands for.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] once it has ended.
    pub fn principal(&self, now: UnixTime) -> Result<Principal, Refusal> {
        if now.as_secs() >= self.expires_at {
            return Err(Refusal::Unauthorized("the API key has ended"));
        }
        Ok(Principal {
            owner: self.owner.clone(),
            name: self.name.clone(),
            role: self.role,
            scopes: self.scopes.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const NOW: UnixTime = UnixTime::from_secs(1_000);

    fn check(json: &str) -> Result<ApiKeyRecord, Refusal> {
        let request: ApiKeyRequest = serde_json::from_str(json).unwrap();
        request.check(hash("abc"), Owner::new("admin").unwrap(), "root".into(), NOW)
    }

    #[test]
    fn a_key_is_kept_as_its_hash_and_ends() {
        // SHA-256 of `abc` (FIPS 180-4, appendix).
        let record = check(r#"{"name":"ci","expires_in":"1h","scopes":["shares:write"]}"#).unwrap();
        assert_eq!(record.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(
            (record.id.as_str(), record.role, record.owner.as_str()),
            ("ba7816bf8f01cfea", Role::Member, "admin")
        );
        assert!(record.principal(UnixTime::from_secs(4_599)).is_ok());
        assert_eq!(record.principal(UnixTime::from_secs(4_600)).unwrap_err().code(), "unauthorized");
        assert_eq!(check(r#"{"name":"a","owner":"bob","role":"viewer"}"#).unwrap().owner.as_str(), "bob");
        for bad in [r#"{"name":""}"#, r#"{"name":"a\n"}"#] {
            assert_eq!(check(bad).unwrap_err().code(), "bad_request", "{bad}");
        }
        let key = text(&[0; 32]);
        assert!(key.starts_with("cd_AAAA") && key.len() == 51 && is_well_formed(&key));
        for bad in ["", "cd_", &key[3..], &key[..50], &format!("{key}A"), &key.replace("cd_A", "cd_B")] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }
}
