//! Who is calling: an API key of the configuration or of the records, a token of the identity provider, or an upload
//! link. Whatever it is, it stands in one header; cookies are not looked at.

pub mod oidc;

use crate::failure::Failure;
use crate::service::Signer;
use clouddrop_core::access::{Caller, Guest};
use clouddrop_core::records::api_key::{ID_DIGITS, MARK, hash};
use clouddrop_core::records::{ApiKeyRecord, api_key};
use clouddrop_core::{Refusal, Seconds, UnixTime};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Longest key or token that is looked at, in bytes.
const MAX_BYTES: usize = 4096;
/// How long a key of the records is believed without looking again: then it ends everywhere when it is deleted.
const KEPT: Seconds = Seconds(20);
/// Most keys that are kept.
const MAX_KEPT: usize = 256;

/// Keys of the records that were looked up lately, by hash; `None` for those that are not there.
#[derive(Debug, Default)]
pub(crate) struct KnownKeys(Mutex<BTreeMap<String, (UnixTime, Option<ApiKeyRecord>)>>);

impl KnownKeys {
    fn find(&self, hash: &str, now: UnixTime) -> Option<Option<ApiKeyRecord>> {
        let known = self.0.lock().ok()?;
        let (at, record) = known.get(hash)?;
        (*at <= now && now < at.after(KEPT)).then(|| record.clone())
    }

    fn keep(&self, hash: String, record: Option<ApiKeyRecord>, now: UnixTime) {
        let Ok(mut known) = self.0.lock() else { return };
        if known.len() >= MAX_KEPT {
            known.clear();
        }
        known.insert(hash, (now, record));
    }

    /// Forgets a key that this process has changed.
    pub(crate) fn forget(&self, hash: &str) {
        if let Ok(mut known) = self.0.lock() {
            known.remove(hash);
        }
    }
}

impl Signer {
    /// Who calls with this Authorization (RFC 6750 section 2.1).
    pub(crate) async fn caller(&self, authorization: Option<&str>, now: UnixTime) -> Result<Caller, Failure> {
        let authorization = authorization.ok_or(Refusal::Unauthorized("no API key"))?;
        let (scheme, text) = authorization.split_once(' ').ok_or(Refusal::Unauthorized("not a bearer token"))?;
        if !scheme.eq_ignore_ascii_case("bearer") || text.is_empty() || text.len() > MAX_BYTES {
            return Err(Refusal::Unauthorized("not a bearer token").into());
        }
        if let Some(principal) = self.config.api_keys.principal(text, now) {
            return Ok(Caller::Known(principal?));
        }
        if text.starts_with(MARK) {
            if !api_key::is_well_formed(text) {
                return Err(Refusal::Unauthorized("not an API key").into());
            }
            let record = self.stored_key(text, now).await?.ok_or(Refusal::Unauthorized("not an API key"))?;
            return Ok(Caller::Known(record.principal(now)?));
        }
        if text.bytes().filter(|byte| *byte == b'.').count() == 2 {
            let provider =
                self.config.oidc.as_ref().ok_or(Refusal::Unauthorized("no identity provider is configured"))?;
            return Ok(Caller::Known(self.oidc.principal(provider, text, now).await?));
        }
        match Guest::verify(text, &self.config.token_keys, &self.config.audience, now) {
            Ok(guest) => Ok(Caller::Guest(guest)),
            // A genuine token of another kind is no credential here.
            Err(Refusal::Forbidden(why)) => Err(Refusal::Unauthorized(why).into()),
            Err(refusal) => Err(refusal.into()),
        }
    }

    async fn stored_key(&self, text: &str, now: UnixTime) -> Result<Option<ApiKeyRecord>, Failure> {
        let hash = hash(text);
        if let Some(known) = self.known_keys.find(&hash, now) {
            return Ok(known);
        }
        let record: Option<ApiKeyRecord> = self.read(&key_name(&hash), now).await?;
        self.known_keys.keep(hash, record.clone(), now);
        Ok(record)
    }
}

/// The name of a key's record.
pub(crate) fn key_name(hash: &str) -> String {
    format!("{}{hash}", API_KEYS)
}

/// The folder of the keys' records.
pub(crate) const API_KEYS: &str = "api-keys/";

/// Whether `id` can be that of a key.
pub(crate) fn is_key_id(id: &str) -> bool {
    clouddrop_core::records::id::is_hex(id, ID_DIGITS)
}

/// A new key from the system's entropy.
pub(crate) fn new_key() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| Refusal::Internal("no entropy"))?;
    Ok(api_key::text(&bytes))
}
