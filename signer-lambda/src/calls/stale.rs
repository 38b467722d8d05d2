//! Uploads that nobody ends: what has arrived whole becomes a file, all else is thrown away. The lifecycle rule of the
//! bucket is the last resort; this is sooner, and settles the accounts.

use super::{Call, account, upload_end, uploads};
use crate::failure::Failure;
use crate::records::Change;
use crate::reply;
use crate::service::Signer;
use crate::views::StaleView;
use clouddrop_core::access::OwnerTag;
use clouddrop_core::issue::Span;
use clouddrop_core::records::id::file_id_of_key;
use clouddrop_core::records::{Account, UploadRecord};
use clouddrop_core::{ObjectPath, Refusal, Seconds, UnixTime};
use http::{Response, StatusCode};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Most uploads that one call looks at.
const MAX_LOOKED_AT: usize = 1000;
/// How long an upload in parts may be begun before somebody has written its name down.
const BEGINNING: Seconds = Seconds(300);

/// The JSON of the call.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct StaleRequest {
    /// Also those that were begun longer ago than this, whose grant has not ended.
    older_than: Option<Span>,
}

/// Throws away the caller's stale uploads.
pub(crate) async fn abort(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let request: StaleRequest = call.json()?;
    let page = call.page(&["owner"])?;
    let tag = call.owner(page.owner.as_deref())?.tag();
    let before = request.older_than.map(|Span(span)| UnixTime::from_secs(call.now.as_secs().saturating_sub(span.0)));
    let view = sweep(call.signer, Some(&tag), before, call.now).await?;
    call.audit(&format!("{} uploads", view.aborted + view.completed)).await?;
    reply::json(StatusCode::OK, &view)
}

/// Ends stale uploads of one owner, or of all; those, too, that were begun before `before`.
pub(crate) async fn sweep(
    signer: &Signer,
    owner: Option<&OwnerTag>,
    before: Option<UnixTime>,
    now: UnixTime,
) -> Result<StaleView, Failure> {
    let mut view = StaleView::default();
    let folder = owner.map_or_else(|| "uploads/".into(), uploads::folder);
    let mut after = None;
    for _ in 0..MAX_LOOKED_AT / 200 {
        let names = signer.s3.names(&folder, after.as_deref(), 200, now).await?;
        let records: Vec<(String, UploadRecord)> = signer.read_all(&folder, &names.names, now).await?;
        for (_, record) in records {
            let old = before.is_some_and(|before| record.created_at <= before.as_secs());
            if record.is_stale(now) || old {
                end(signer, &record, now, &mut view).await?;
            }
        }
        after = names.names.last().cloned();
        if !names.more {
            break;
        }
    }
    // What was begun at S3 and never written down: nobody can end it but by its name there.
    let begun = before.unwrap_or_else(|| UnixTime::from_secs(now.as_secs().saturating_sub(BEGINNING.0)));
    let prefix = owner.map_or_else(String::new, |tag| format!("{tag}/"));
    // S3 tells the second in which an upload was begun; one that is begun now is not before now.
    for (key, upload_id) in signer.s3.open_uploads(&prefix, begun, now).await? {
        let Some((tag, file)) = OwnerTag::of_key(&key).zip(file_id_of_key(&key)) else { continue };
        let record: Option<UploadRecord> = signer.read(&format!("{}{file}", uploads::folder(&tag)), now).await?;
        if record.is_some_and(|record| record.upload_id.as_ref() == Some(&upload_id)) {
            continue;
        }
        let path = ObjectPath::from_key(&key).map_err(Refusal::BadPath)?;
        match signer.s3.abort_upload(&path, &upload_id, now).await {
            Err(failure) if failure.refusal != Refusal::NotFound => return Err(failure),
            _ => view.aborted += 1,
        }
    }
    if let Some(tag) = owner {
        count_out(signer, tag, now).await?;
    }
    Ok(view)
}

/// Counts out what an account counts as open and nothing is written of: a call that was made again can be counted after its
/// upload has ended. The account is read first: whatever it counts by then was written down before.
async fn count_out(signer: &Signer, tag: &OwnerTag, now: UnixTime) -> Result<(), Failure> {
    let name = account::name(tag.as_str());
    let Some(account) = signer.read::<Account>(&name, now).await? else { return Ok(()) };
    let counted: Vec<String> = account.tally.pending.into_keys().collect();
    let open: Vec<(String, UploadRecord)> = signer.read_all(&uploads::folder(tag), &counted, now).await?;
    let open: BTreeSet<&String> = open.iter().map(|(file, _)| file).collect();
    let ended: Vec<&String> = counted.iter().filter(|file| !open.contains(file)).collect();
    if ended.is_empty() {
        return Ok(());
    }
    let drop = |account: &mut Account| {
        let dropped = ended.iter().filter(|file| account.tally.drop_pending(file)).count();
        Ok(Change::from(dropped > 0))
    };
    signer.change(&name, || None, drop, now).await?;
    Ok(())
}

async fn end(signer: &Signer, record: &UploadRecord, now: UnixTime, view: &mut StaleView) -> Result<(), Failure> {
    let path = ObjectPath::from_key(&record.key).map_err(Refusal::BadPath)?;
    // A single PUT that S3 has acknowledged is the client's file, whether complete was called or not.
    let arrived = signer.s3.find_object(path.key(), now).await?.is_some_and(|(size, _)| size == record.size);
    if arrived {
        upload_end::finish(signer, &path, record, now).await?;
        view.completed += 1;
    } else {
        upload_end::throw_away(signer, &path, record, now).await?;
        view.aborted += 1;
    }
    Ok(())
}
