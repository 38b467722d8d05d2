//! `/api/v1/revocations`: what is taken back, and how long the list is.
//!
//! The list is one object. Whoever changes it reads it, and writes it back on condition that it is still that version;
//! who comes second reads again. So no revocation is lost, however many are made at once.

use super::read;
use crate::failure::Failure;
use crate::reply;
use crate::s3::{StoredList, Written};
use crate::service::Signer;
use clouddrop_core::issue::RevocationRequest;
use clouddrop_core::revocation::{BadList, Draft, Entry, Full, Kind, List};
use clouddrop_core::{Refusal, UnixTime};
use http::{Response, StatusCode};
use serde::Serialize;
use std::time::Duration;

/// How often a change is tried.
const MAX_ATTEMPTS: u32 = 16;
/// The longest wait after the first attempt; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest wait after any.
const LONGEST_PAUSE: Duration = Duration::from_millis(640);
/// How long the start of a signer may wait for the list.
const START_LIMIT: Duration = Duration::from_secs(4);

/// Revokes what the call names: 200 once that is in the list, whether it was before or not.
pub(crate) async fn create(signer: &Signer, body: &[u8], now: UnixTime) -> Result<Response<String>, Failure> {
    #[derive(Serialize)]
    struct Revoked<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        token_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        share: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        key_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        issuer: Option<&'a str>,
        until: String,
        entries: usize,
        made_at: String,
    }
    let config = &signer.config;
    let request: RevocationRequest = read(body)?;
    let entry = request.check(&config.issuer, config.max_expiry, now)?;
    let list = add(signer, &entry, now).await?;
    let own_issuer = request.key_id.as_ref().map(|_| config.issuer.as_str());
    let revoked = Revoked {
        token_id: request.token_id.as_deref(),
        share: request.share.as_deref(),
        subject: request.subject.as_deref(),
        key_id: request.key_id.as_deref(),
        issuer: request.issuer.as_deref().or(own_issuer),
        until: list.until(entry.kind, &entry.mark).unwrap_or(entry.until).to_string(),
        entries: list.len(),
        made_at: list.made_at().to_string(),
    };
    reply::json(StatusCode::OK, &revoked)
}

/// How many things are revoked, and since when the list is as it is.
pub(crate) async fn show(signer: &Signer, now: UnixTime) -> Result<Response<String>, Failure> {
    #[derive(Serialize)]
    struct Shown {
        entries: usize,
        token_ids: usize,
        shares: usize,
        subjects: usize,
        keys: usize,
        made_at: String,
    }
    let StoredList { list, .. } = stored(signer, now).await?;
    let [token_ids, shares, subjects, keys] = Kind::ALL.map(|kind| list.count(kind));
    let made_at = list.made_at().to_string();
    reply::json(StatusCode::OK, &Shown { entries: list.len(), token_ids, shares, subjects, keys, made_at })
}

impl Signer {
    /// Sees to it, at the start, that there is a list: an edge that finds none refuses every link. A failure is
    /// logged and stops nothing else; the next call about revocations tries again.
    pub async fn ensure_list(&self, now: UnixTime) {
        let failure = match tokio::time::timeout(START_LIMIT, stored(self, now)).await {
            Ok(Ok(_)) => return,
            Ok(Err(failure)) => failure,
            Err(_) => Refusal::OriginTimeout.into(),
        };
        let reason = failure.refusal.to_string();
        let message = "the revocation list could not be looked after at the start";
        let line = serde_json::json!({ "message": message, "reason": reason, "detail": failure.detail, "alarm": true });
        self.log.write(&line);
    }
}

/// The list, which is made if there is none.
async fn stored(signer: &Signer, now: UnixTime) -> Result<StoredList, Failure> {
    if let Some(stored) = signer.s3.read_list(now).await? {
        return Ok(stored);
    }
    // Whether we make it or somebody else has: it is there now.
    if signer.s3.write_list(&encoded(&Draft::default(), now)?, None, now).await? == Written::Ours {
        // Right once in a deployment's life. At any other time the list was removed, and all that stood in it is lost.
        let message = "there was no revocation list: an empty one was made";
        signer.log.write(&serde_json::json!({ "message": message, "alarm": true }));
    }
    let stored = signer.s3.read_list(now).await?;
    stored.ok_or_else(|| Refusal::OriginError("AccessDenied: the signer may not read the revocation list").into())
}

/// Adds an entry, and drops those whose time has come; the list as it then is.
async fn add(signer: &Signer, entry: &Entry, now: UnixTime) -> Result<List, Failure> {
    for attempt in 0..MAX_ATTEMPTS {
        let stored = stored(signer, now).await?;
        let mut draft = Draft::from(&stored.list);
        draft.prune(now);
        match draft.add(entry) {
            Ok(true) => {}
            Ok(false) => return Ok(stored.list),
            Err(Full) => return Err(Refusal::OriginError("the revocation list is full").into()),
        }
        let list = encoded(&draft, now)?;
        if signer.s3.write_list(&list, Some(&stored), now).await? == Written::Ours {
            return Ok(list);
        }
        pause(attempt).await?;
    }
    Err(Refusal::OriginUnavailable("too many change the revocation list at once").into())
}

/// The bytes to store, read back first: what no edge could read is never stored.
fn encoded(draft: &Draft, now: UnixTime) -> Result<List, Failure> {
    let unsound = |bad: BadList| Failure::because(Refusal::Internal("an unsound revocation list was made"), bad.0);
    List::parse(draft.encode(now)).map_err(unsound)
}

/// Waits for a random time, so that those who met once do not meet again.
async fn pause(attempt: u32) -> Result<(), Failure> {
    let longest = FIRST_PAUSE.saturating_mul(1 << attempt.min(16)).min(LONGEST_PAUSE);
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(|_| Refusal::Internal("no entropy"))?;
    tokio::time::sleep(longest.mul_f64(f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX))).await;
    Ok(())
}
