//! `/api/v1/shares`: making, finding, changing and taking back.

use super::{Call, Nothing, time};
use crate::failure::Failure;
use crate::records::Change;
use crate::s3::Written;
use crate::service::{Signer, one};
use crate::views::{EventsView, PageView, ShareView};
use crate::{pages, reply};
use clouddrop_core::access::{Owner, OwnerTag, Principal};
use clouddrop_core::issue::{Share, ShareRequest, Shared};
use clouddrop_core::records::event::Event;
use clouddrop_core::records::id::{file_id_of_key, is_record_id, share_id};
use clouddrop_core::records::{Changing, FileRecord, ShareChange, ShareRecord, UploadRecord};
use clouddrop_core::revocation::{Entry, Kind, Mark};
use clouddrop_core::{Refusal, UnixTime};
use http::header::ACCEPT;
use http::{Response, StatusCode};
use serde::Serialize;

/// The folder of an owner's shares.
pub(crate) fn folder(owner: &OwnerTag) -> String {
    format!("shares/{owner}/")
}

/// The folder of the shares of a file.
pub(crate) fn of_file(owner: &OwnerTag, file: &str) -> String {
    format!("file-shares/{owner}/{file}/")
}

/// Issues a share: 201 with its links, or for `Accept: text/plain` the link and a line feed.
pub(crate) async fn create(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let (signer, config) = (call.signer, &call.signer.config);
    let request: ShareRequest = call.json()?;
    let who = call.known()?;
    let owner = call.owner(request.owner.as_ref().map(Owner::as_str))?;
    // Everything that can be refused is, before anything is written.
    request.clone().check(&config.object_prefix, config.max_expiry, [0; 16], call.now)?;
    let moment = call.moment().await?;
    let mut share = request.check(&config.object_prefix, config.max_expiry, moment.entropy[1], moment.now)?;
    let file = shared_file(signer, who, &owner, &mut share, call.now).await?;
    let states = signer.key_states(call.now).await?;
    let key = states.minting_key(&config.token_keys, &config.issuer, call.now)?;
    let id = share_id(moment.now, &moment.entropy[0]);
    let tag = owner.tag();
    let record = ShareRecord::new(id, owner, call.who(), &share, key, moment.now);
    // The token is made before anything is written: terms may not fit into one.
    let view = view(signer, &record, call.now).await?;
    let name = format!("{}{}", folder(&tag), record.id);
    let index = async {
        match &file {
            Some(file) => {
                signer.create(&format!("{}{}", of_file(&tag, file), record.id), &Marker { v: 1 }, call.now).await
            }
            None => Ok(Written::Ours),
        }
    };
    let (written, _) = futures_util::future::try_join(signer.create(&name, &record, call.now), index).await?;
    // A share that is there already was made by the same call before, and may have been changed since.
    let view = match written {
        Written::Ours => view,
        Written::LostRace => {
            let record = signer.read(&name, call.now).await?.ok_or(Refusal::Gone("the share is gone"))?;
            self::view(signer, &record, call.now).await?
        }
    };
    call.audit(&record.id).await?;
    signer.log.metric("SharesIssued", "Count", 1, call.now);
    if one(call.headers, ACCEPT.as_str()).is_some_and(wants_text) {
        return Ok(reply::text(StatusCode::CREATED, view.link + "\n"));
    }
    reply::json(StatusCode::CREATED, &view)
}

/// An object that says by its name that it is there.
#[derive(Serialize)]
struct Marker {
    v: u32,
}

/// The file that is shared, by its id, if it is one of ours: it must be there or on its way, and gives downloads its
/// name.
async fn shared_file(
    signer: &Signer,
    who: &Principal,
    owner: &Owner,
    share: &mut Share,
    now: UnixTime,
) -> Result<Option<String>, Failure> {
    let path = match share.shared() {
        Shared::Object(path) => path,
        Shared::Folder(path) => {
            // A folder's name has no closing slash; what lies in it is asked about.
            who.may_share(&format!("{}/x", path.key()))?;
            return Ok(None);
        }
    };
    who.may_share(path.key())?;
    let (Some(tag), Some(file)) = (OwnerTag::of_key(path.key()), file_id_of_key(path.key())) else { return Ok(None) };
    let mut name: Option<String> = None;
    if let Some(record) = signer.read::<FileRecord>(&format!("files/{tag}/{file}"), now).await? {
        name = Some(record.name);
    } else if let Some(record) = signer.read::<UploadRecord>(&format!("uploads/{tag}/{file}"), now).await? {
        name = Some(record.name);
    }
    let name = name.ok_or(Refusal::NotFound)?;
    if path.key().rsplit('/').next() != Some(name.as_str()) {
        share.name_if_none(&name);
    }
    Ok((tag == owner.tag()).then_some(file))
}

/// The newest first.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let page = call.page(&["limit", "cursor", "owner"])?;
    let folder = folder(&call.owner(page.owner.as_deref())?.tag());
    let (records, next_cursor) = pages::page::<ShareRecord>(call.signer, &folder, &page, call.now).await?;
    let mut items = Vec::with_capacity(records.len());
    for (_, record) in records {
        items.push(view(call.signer, &record, call.now).await?);
    }
    reply::json(StatusCode::OK, &PageView { items, next_cursor })
}

/// One share.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let name = name(call)?;
    let record: ShareRecord = call.signer.read(&name, call.now).await?.ok_or(Refusal::NotFound)?;
    reply::json(StatusCode::OK, &view(call.signer, &record, call.now).await?)
}

/// Extends or shortens a share, changes its limit or its note.
pub(crate) async fn change(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let (signer, config) = (call.signer, &call.signer.config);
    let name = name(call)?;
    let change: ShareChange = call.json()?;
    let states = signer.key_states(call.now).await?;
    let key = states.minting_key(&config.token_keys, &config.issuer, call.now)?;
    let with = Changing {
        token: share_id(call.now, &super::random()?),
        salt: super::random()?,
        key,
        prefix: &config.object_prefix,
        longest: config.max_expiry,
        now: call.now,
    };
    // What the change revokes is revoked before the change is written: a link never allows more than the share does.
    let mut before: ShareRecord = signer.read(&name, call.now).await?.ok_or(Refusal::NotFound)?;
    let changed = before.change(&change, &with)?;
    // The new terms may not fit into a token.
    view(signer, &before, call.now).await?;
    if let Some((token, until)) = changed.revoke {
        let entry = Entry { kind: Kind::Token, mark: Mark::of_id(&token), until };
        signer.revoke(&entry, call.now).await?;
    }
    let old_token = changed.revoke.map(|(token, _)| super::hex(&token));
    let record = signer
        .change(
            &name,
            || None,
            |record: &mut ShareRecord| {
                if old_token
                    .as_ref()
                    .is_some_and(|old| *old != record.token.id && record.token.id != super::hex(&with.token))
                {
                    return Err(Refusal::Conflict("somebody else changes the share: look again"));
                }
                let was = record.clone();
                let _ = record.change(&change, &with)?;
                Ok(Change::from(*record != was))
            },
            call.now,
        )
        .await?
        .ok_or(Refusal::NotFound)?;
    call.audit(&record.id).await?;
    reply::json(StatusCode::OK, &view(signer, &record, call.now).await?)
}

/// Takes a share back: 200 once no link of it opens, whether it was so before or not.
pub(crate) async fn revoke(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let Nothing {} = call.json()?;
    let name = name(call)?;
    let record = revoke_record(call.signer, &name, call.now).await?;
    call.audit(call.parameter).await?;
    reply::json(StatusCode::OK, &view(call.signer, &record, call.now).await?)
}

/// Revokes the share of a record: first the list, which ends its links, then the record, which tells so.
async fn revoke_record(signer: &Signer, name: &str, now: UnixTime) -> Result<ShareRecord, Failure> {
    let record: ShareRecord = signer.read(name, now).await?.ok_or(Refusal::NotFound)?;
    let entry = Entry {
        kind: Kind::Share,
        mark: Mark::of_id(&record.id_bytes()?),
        // Tokens that were made before a share was shortened are revoked one by one; an hour covers clocks.
        until: UnixTime::from_secs(record.expires_at.max(now.as_secs())).after(signer.config.max_expiry),
    };
    signer.revoke(&entry, now).await?;
    let revoke = |record: &mut ShareRecord| Ok(Change::from(record.revoke(now)));
    Ok(signer.change(name, || None, revoke, now).await?.ok_or(Refusal::NotFound)?)
}

/// What happened to a share, the newest first.
pub(crate) async fn events(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let page = call.page(&["limit", "cursor", "owner"])?;
    let name = name(call)?;
    let _: ShareRecord = call.signer.read(&name, call.now).await?.ok_or(Refusal::NotFound)?;
    let folder = format!("events/{}/", call.parameter);
    let (batches, next_cursor) = pages::page::<EventLog>(call.signer, &folder, &page, call.now).await?;
    let items = batches.into_iter().flat_map(|(_, log)| log.events.into_iter().rev()).collect();
    reply::json(StatusCode::OK, &EventsView { items, next_cursor })
}

/// Events of one batch about one share, as they lie in the bucket.
#[derive(Serialize, serde::Deserialize)]
pub(crate) struct EventLog {
    pub(crate) v: u32,
    pub(crate) events: Vec<Event>,
}

/// The record's name, for the owner that the call is about.
fn name(call: &Call<'_>) -> Result<String, Refusal> {
    let named = call.named(is_record_id)?;
    let page = call.page(&["limit", "cursor", "owner"])?;
    Ok(format!("{}{named}", folder(&call.owner(page.owner.as_deref())?.tag())))
}

/// A share as the API tells it, its token made again.
pub(crate) async fn view(signer: &Signer, record: &ShareRecord, now: UnixTime) -> Result<ShareView, Failure> {
    let config = &signer.config;
    let states = signer.key_states(now).await?;
    let key = states.key_of(&record.token.key_id, &config.token_keys, &config.issuer, now)?;
    let share = record.share(&config.object_prefix)?;
    let token = record.mint(&share, &config.audience, key)?;
    let links = share.links(&config.file_base, &token);
    Ok(ShareView {
        id: record.id.clone(),
        owner: record.owner.clone(),
        state: record.state(now),
        link: links.page,
        download: links.download,
        token,
        curl: links.curl,
        terms: record.terms.clone(),
        created_at: time(record.created_at),
        created_by: record.created_by.clone(),
        expires_at: time(record.expires_at),
        max_downloads: record.max_downloads,
        password: record.lock.is_some(),
        note: record.note.clone(),
        revoked_at: record.revoked_at.map(time),
        uses: record.uses,
    })
}

/// Whether plain text is accepted and JSON is not asked for.
fn wants_text(accept: &str) -> bool {
    let names = |wanted: &str| {
        accept.split(',').any(|range| range.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case(wanted))
    };
    names("text/plain") && !names("application/json")
}
