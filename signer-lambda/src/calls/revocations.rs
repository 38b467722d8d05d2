//! `/api/v1/revocations`: what is taken back, and how long the list is.
//!
//! The list is one object. Whoever changes it reads it, and writes it back on condition that it is still that version;
//! who comes second reads again. So no revocation is lost, however many are made at once.

use super::Call;
use crate::failure::Failure;
use crate::pause::pause;
use crate::reply;
use crate::s3::{StoredList, Written};
use crate::service::Signer;
use crate::views::{RevocationsView, RevokedView};
use clouddrop_core::issue::RevocationRequest;
use clouddrop_core::issue::revocation::Revoked;
use clouddrop_core::revocation::{BadList, Draft, Entry, Full, Kind, List, Mark};
use clouddrop_core::{Refusal, UnixTime};
use http::{Response, StatusCode};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a change is tried.
const MAX_ATTEMPTS: u32 = 24;
/// How long the start of a signer may wait for the list.
const START_LIMIT: Duration = Duration::from_secs(4);
/// How many files of one content are looked up at once.
const FILES_AT_ONCE: usize = 200;

/// Revokes what the call names: 200 once that is in the list, whether it was before or not.
pub(crate) async fn create(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let (signer, config) = (call.signer, &call.signer.config);
    let request: RevocationRequest = call.json()?;
    let (list, until) = match request.check(&config.issuer, config.max_expiry, call.now)? {
        Revoked::Entry(entry) => {
            let list = signer.revoke(&entry, call.now).await?;
            let until = list.until(entry.kind, &entry.mark).unwrap_or(entry.until);
            (list, until)
        }
        Revoked::Content(digest, until) => (block(signer, &digest, until, call.now).await?, until),
    };
    let own_issuer = request.key_id.as_ref().map(|_| config.issuer.clone());
    let fields = [
        ("token_id", request.token_id),
        ("share", request.share),
        ("subject", request.subject),
        ("owner", request.owner.map(|owner| owner.as_str().to_string())),
        ("object", request.object),
        ("sha256", request.sha256),
        ("key_id", request.key_id),
        ("issuer", request.issuer.or(own_issuer)),
    ];
    let named: BTreeMap<&'static str, String> =
        fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let target: Vec<String> = named.iter().map(|(name, value)| format!("{name} {value}")).collect();
    call.audit(&target.join(", ")).await?;
    let (entries, made_at) = (list.len(), list.made_at().to_string());
    reply::json(StatusCode::OK, &RevokedView { named, until: until.to_string(), entries, made_at })
}

/// Takes no more of a content, and ends all links to what was taken: an entry for each file that was sent with it.
async fn block(signer: &Signer, digest: &str, until: UnixTime, now: UnixTime) -> Result<List, Failure> {
    #[derive(Deserialize)]
    struct OfContent {
        key: String,
    }
    // First the door: a file that comes meanwhile is found below.
    signer.create(&format!("blocked/{digest}"), &serde_json::json!({ "v": 1 }), now).await?;
    let folder = format!("content/{digest}/");
    let (mut list, mut after) = (stored(signer, now).await?.list, None);
    loop {
        let names = signer.s3.names(&folder, after.as_deref(), FILES_AT_ONCE, now).await?;
        for (_, of_content) in signer.read_all::<OfContent>(&folder, &names.names, now).await? {
            let entry = Entry { kind: Kind::Subject, mark: Mark::of_object(&of_content.key), until };
            list = signer.revoke(&entry, now).await?;
        }
        after = names.names.last().cloned();
        if !names.more {
            return Ok(list);
        }
    }
}

/// How many things are revoked, and since when the list is as it is.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response<String>, Failure> {
    call.page(&[])?;
    let StoredList { list, .. } = stored(call.signer, call.now).await?;
    let [token_ids, shares, subjects, keys] = Kind::ALL.map(|kind| list.count(kind));
    let made_at = list.made_at().to_string();
    reply::json(StatusCode::OK, &RevocationsView { entries: list.len(), token_ids, shares, subjects, keys, made_at })
}

impl Signer {
    /// Adds an entry, and drops those whose time has come; the list as it then is.
    pub(crate) async fn revoke(&self, entry: &Entry, now: UnixTime) -> Result<List, Failure> {
        let _turn = self.turns.of(clouddrop_core::revocation::LIST_NAME).lock().await;
        for attempt in 1..=MAX_ATTEMPTS {
            let stored = stored(self, now).await?;
            let mut draft = Draft::from(&stored.list);
            draft.prune(now);
            match draft.add(entry) {
                Ok(true) => {}
                Ok(false) => return Ok(stored.list),
                Err(Full) => return Err(Refusal::OriginError("the revocation list is full").into()),
            }
            let list = encoded(&draft, now)?;
            if self.s3.write_list(&list, Some(&stored), now).await? == Written::Ours {
                return Ok(list);
            }
            pause(attempt).await?;
        }
        Err(Refusal::OriginUnavailable("too many change the revocation list at once").into())
    }

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

/// The bytes to store, read back first: what no edge could read is never stored.
fn encoded(draft: &Draft, now: UnixTime) -> Result<List, Failure> {
    let unsound = |bad: BadList| Failure::because(Refusal::Internal("an unsound revocation list was made"), bad.0);
    List::parse(draft.encode(now)).map_err(unsound)
}
