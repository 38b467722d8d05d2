//! `/api/v1/upload-links`: by which guests send files in.

use super::{Call, Nothing, time, uploads};
use crate::failure::Failure;
use crate::records::Change;
use crate::service::Signer;
use crate::views::{PageView, UploadLinkView, UploadTermsView};
use crate::{pages, reply};
use clouddrop_core::access::{Owner, OwnerTag};
use clouddrop_core::records::id::is_record_id;
use clouddrop_core::records::{UploadLinkRecord, UploadLinkRequest};
use clouddrop_core::revocation::{Entry, Kind, Mark};
use clouddrop_core::{Refusal, UnixTime};
use http::{Response, StatusCode};

/// Makes an upload link.
pub(crate) async fn create(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let (signer, config) = (call.signer, &call.signer.config);
    let request: UploadLinkRequest = call.json()?;
    let owner = call.owner(request.owner.as_ref().map(Owner::as_str))?;
    let states = signer.key_states(call.now).await?;
    let key = states.minting_key(&config.token_keys, &config.issuer, call.now)?;
    // Everything that can be refused is, before anything is written.
    request.clone().check(owner.clone(), String::new(), key, &[[0; 16]; 2], config.max_expiry, call.now)?;
    let moment = call.moment().await?;
    let record = request.check(owner, call.who(), key, &moment.entropy, config.max_expiry, moment.now)?;
    let name = uploads::link_name(&record.owner.tag(), &record.id);
    signer.create(&name, &record, call.now).await?;
    call.audit(&record.id).await?;
    reply::json(StatusCode::CREATED, &view(signer, record, call.now).await?)
}

/// The newest first.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let page = call.page(&["limit", "cursor", "owner"])?;
    let folder = format!("upload-links/{}/", call.owner(page.owner.as_deref())?.tag());
    let (records, next_cursor) = pages::page::<UploadLinkRecord>(call.signer, &folder, &page, call.now).await?;
    let mut items = Vec::with_capacity(records.len());
    for (_, record) in records {
        items.push(view(call.signer, record, call.now).await?);
    }
    reply::json(StatusCode::OK, &PageView { items, next_cursor })
}

/// One upload link.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let (tag, link) = named(call)?;
    let record = call.signer.read(&uploads::link_name(&tag, &link), call.now).await?.ok_or(Refusal::NotFound)?;
    reply::json(StatusCode::OK, &view(call.signer, record, call.now).await?)
}

/// What the caller's own upload link takes.
pub(crate) async fn terms(call: &Call<'_>) -> Result<Response<String>, Failure> {
    call.page(&[])?;
    let link = uploads::link_of(call).await?;
    let UploadLinkRecord { note, max_file_bytes, types, expires_at, .. } = link.ok_or(Refusal::NotFound)?; // an account has no terms of this kind
    reply::json(StatusCode::OK, &UploadTermsView { note, max_file_bytes, types, expires_at: time(expires_at) })
}

/// Closes an upload link: 200 once it takes nothing more, whether it was so before or not. Files stay, and uploads that
/// were granted may end.
pub(crate) async fn close(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let Nothing {} = call.json()?;
    let (tag, link) = named(call)?;
    let apply = |record: &mut UploadLinkRecord| {
        let first = record.closed_at.is_none();
        record.closed_at.get_or_insert(call.now.as_secs());
        Ok(Change::from(first))
    };
    let record = call.signer.change(&uploads::link_name(&tag, &link), || None, apply, call.now).await?;
    let record = record.ok_or(Refusal::NotFound)?;
    let id: [u8; 16] = clouddrop_core::hash::from_hex(&record.id).ok_or(Refusal::Internal("a link without an id"))?;
    let until = UnixTime::from_secs(record.expires_at.max(call.now.as_secs() + 1));
    call.signer.revoke(&Entry { kind: Kind::Token, mark: Mark::of_id(&id), until }, call.now).await?;
    call.audit(&link).await?;
    reply::json(StatusCode::OK, &view(call.signer, record, call.now).await?)
}

fn named(call: &Call<'_>) -> Result<(OwnerTag, String), Refusal> {
    let link = call.named(is_record_id)?.to_string();
    let page = call.page(&["owner"])?;
    Ok((call.owner(page.owner.as_deref())?.tag(), link))
}

async fn view(signer: &Signer, record: UploadLinkRecord, now: UnixTime) -> Result<UploadLinkView, Failure> {
    let config = &signer.config;
    let states = signer.key_states(now).await?;
    let key = states.key_of(&record.key_id, &config.token_keys, &config.issuer, now)?;
    let token = record.mint(&config.audience, &config.object_prefix, key)?;
    let state = match record.is_open(now) {
        Ok(()) => "open",
        Err(Refusal::Gone(_)) => "closed",
        Err(_) => "expired",
    };
    Ok(UploadLinkView {
        state,
        link: config.page_base.as_ref().map(|base| format!("{base}/u/{token}")),
        token,
        id: record.id,
        owner: record.owner,
        folder: record.folder,
        note: record.note,
        max_file_bytes: record.max_file_bytes,
        max_bytes: record.max_bytes,
        max_files: record.max_files,
        types: record.types,
        bytes: record.tally.bytes,
        files: record.tally.files,
        created_at: time(record.created_at),
        created_by: record.created_by,
        expires_at: time(record.expires_at),
    })
}
