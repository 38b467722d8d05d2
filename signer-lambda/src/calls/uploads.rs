//! `/api/v1/uploads`: granting, and the calls that carry an upload to its end. The bytes go from the client to S3; a
//! file is there once `complete` has seen what S3 has.

use super::upload_end::{self, Counted};
use super::{Call, account, files, time};
use crate::failure::Failure;
use crate::records::Change;
use crate::s3::{self, Part, Written};
use crate::service::Signer;
use crate::views::{GrantedView, OpenUploadView, PageView, PartUrl, PartView, PartsView, ReceivedView, UploadView};
use crate::{pages, reply};
use clouddrop_core::access::{Caller, Owner, OwnerTag};
use clouddrop_core::issue::revocation::content_hex;
use clouddrop_core::issue::{Destination, PartPlan, Upload, UploadGrant, UploadRequest};
use clouddrop_core::records::upload::MAX_SENDER_BYTES;
use clouddrop_core::records::{Account, FileRecord, Sender, UploadLinkRecord, UploadRecord, id};
use clouddrop_core::{ObjectPath, Refusal, UnixTime};
use http::{Response, StatusCode};
use serde::Deserialize;

/// How many part URLs come with a new upload.
const FIRST_PARTS: u32 = 100;
/// Most part URLs of one call.
const MAX_NUMBERS: usize = 1000;

/// The folder of an owner's open uploads.
pub(crate) fn folder(owner: &OwnerTag) -> String {
    format!("uploads/{owner}/")
}

/// The record of an upload link.
pub(crate) fn link_name(owner: &OwnerTag, link: &str) -> String {
    format!("upload-links/{owner}/{link}")
}

/// Grants an upload: one presigned PUT, or an upload in parts that is begun here.
pub(crate) async fn create(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let (signer, config) = (call.signer, &call.signer.config);
    let request: UploadRequest = call.json()?;
    let link = link_of(call).await?;
    let owner = match (&link, &request.owner) {
        (Some(_), Some(_)) => return Err(Refusal::Forbidden("an upload link names the owner itself").into()),
        (Some(link), None) => link.owner.clone(),
        (None, owner) => call.owner(owner.as_ref().map(Owner::as_str))?,
    };
    let sender = sender(call, &request)?;
    let place =
        |entropy| Destination { owner: owner.tag(), folder: link.as_ref().map(|link| link.folder.clone()), entropy };
    // Everything that can be refused is, before anything is written.
    request.clone().check(place([0; 16]), &config.object_prefix, config.multipart_threshold, call.now)?;
    let moment = call.moment().await?;
    let may_be_there = request.folder.is_some() || call.headers.contains_key("idempotency-key");
    let upload =
        request.check(place(moment.entropy[0]), &config.object_prefix, config.multipart_threshold, moment.now)?;
    let lease = signer.s3.lease(upload.expires(), call.now)?; // before anything is begun that could not go on
    refuse_blocked(signer, upload.sha256(), call.now).await?;
    let tag = owner.tag();
    let file = format!("{}{}", files::folder(&tag), upload.file());
    if may_be_there && signer.read::<FileRecord>(&file, call.now).await?.is_some() {
        return Err(Refusal::Conflict("the file is there already").into());
    }
    let guest = link.as_ref().map(|link| (link.id.clone(), sender.unwrap_or_default()));
    let record = UploadRecord::new(&upload, owner, call.who(), guest, moment.now);
    let (record, counted) = remember(call, &upload, record).await?;
    if may_be_there && signer.read::<FileRecord>(&file, call.now).await?.is_some() {
        upload_end::take_back(signer, &record, counted, call.now).await?;
        return Err(Refusal::Conflict("the file is there already").into());
    }
    let states = signer.key_states(call.now).await?;
    let key = states.minting_key(&config.token_keys, &config.issuer, call.now)?;
    let token = upload.mint(moment.entropy[1], &config.audience, key, moment.now)?;
    let granted = GrantedView {
        file: upload.file().into(),
        key: upload.path().key().into(),
        folder: upload.folder().into(),
        upload: token,
        expires_at: lease.end().to_string(),
    };
    let view = if upload.is_single() {
        let headers = upload.headers();
        let signed: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let url = signer.s3.presign("PUT", upload.path(), &[], &signed, &lease)?;
        UploadView::Single { granted, method: "PUT", url, headers: headers.into_iter().collect() }
    } else {
        let upload_id = begin(signer, &upload, &record, &tag, call.now).await?;
        let numbers = 1..=upload.plan().count().min(FIRST_PARTS);
        UploadView::Multipart {
            granted,
            part_size: upload.plan().part_size(),
            part_count: upload.plan().count(),
            parts: part_urls(signer, upload.path(), upload.plan(), &upload_id, numbers, &lease)?,
            upload_id,
        }
    };
    call.audit(upload.file()).await?;
    reply::json(StatusCode::CREATED, &view)
}

/// The upload link that the caller has, open.
pub(crate) async fn link_of(call: &Call<'_>) -> Result<Option<UploadLinkRecord>, Failure> {
    let Caller::Guest(guest) = call.caller()? else { return Ok(None) };
    let link: Option<UploadLinkRecord> = call.signer.read(&link_name(&guest.owner, &guest.link), call.now).await?;
    let link = link.ok_or(Refusal::Gone("the upload link is gone"))?;
    link.is_open(call.now)?;
    Ok(Some(link))
}

/// Who sends, for uploads by an upload link.
fn sender(call: &Call<'_>, request: &UploadRequest) -> Result<Option<Sender>, Refusal> {
    let Some(name) = &request.sender else {
        return Ok(Some(Sender { name: None, address: call.address().map(String::from) }));
    };
    let fits = (1..=MAX_SENDER_BYTES).contains(&name.len()) && !name.chars().any(char::is_control);
    if !fits {
        return Err(Refusal::BadRequest("sender has 1 to 128 bytes without control characters"));
    }
    if matches!(call.caller()?, Caller::Known(_)) {
        return Err(Refusal::Conflict("sender is for uploads by an upload link"));
    }
    Ok(Some(Sender { name: Some(name.clone()), address: call.address().map(String::from) }))
}

/// Refuses content that the kill switch names.
async fn refuse_blocked(signer: &Signer, sha256: Option<&str>, now: UnixTime) -> Result<(), Failure> {
    let Some(digest) = sha256 else { return Ok(()) };
    let blocked = signer.s3.get(&format!("blocked/{}", content_hex(digest)?), now).await?;
    if blocked.is_some() { Err(Refusal::Forbidden("this content is not taken").into()) } else { Ok(()) }
}

/// Writes the upload down and counts it, in this order: an upload that is counted is one that is known, and is settled
/// when it ends. The record as it lies there: of an equal call that was made before, if there was one; and where this
/// call was the one that counted it.
async fn remember(call: &Call<'_>, upload: &Upload, record: UploadRecord) -> Result<(UploadRecord, Counted), Failure> {
    let (signer, now) = (call.signer, call.now);
    let tag = record.owner.tag();
    let name = format!("{}{}", folder(&tag), record.file);
    let mut record = record;
    if signer.create(&name, &record, now).await? == Written::LostRace {
        let there: Option<UploadRecord> = signer.read(&name, now).await?;
        let there = there.ok_or(Refusal::OriginUnavailable("an upload has ended meanwhile"))?;
        if (UploadRecord { upload_id: None, ..there.clone() }) != record {
            return Err(Refusal::Conflict("an upload of this name in the folder is open").into());
        }
        record = there;
    }
    match count(call, &record, upload).await {
        Ok(counted) => Ok((record, counted)),
        Err(failure) => {
            // Nothing was handed out: what was written goes again.
            upload_end::forget(signer, &record, now).await?;
            Err(failure)
        }
    }
}

async fn count(call: &Call<'_>, record: &UploadRecord, upload: &Upload) -> Result<Counted, Failure> {
    let (signer, now) = (call.signer, call.now);
    let tag = record.owner.tag();
    let mut counted = Counted::default();
    if let Some(link) = &record.link {
        let reserve = |link: &mut UploadLinkRecord| {
            counted.link = link.reserve(&record.file, record.size, upload.content_type(), now)?;
            Ok(Change::from(counted.link))
        };
        let link = signer.change(&link_name(&tag, link), || None, reserve, now).await?;
        link.ok_or(Refusal::Gone("the upload link is gone"))?;
    }
    let limits = signer.config.quota.limits();
    let reserve = |account: &mut Account| {
        counted.account = account.tally.reserve(&record.file, record.size, &limits)?;
        Ok(Change::from(counted.account))
    };
    let fresh = || Some(Account::new(record.owner.clone()));
    signer.change(&account::name(tag.as_str()), fresh, reserve, now).await?;
    Ok(counted)
}

/// Begins the upload in parts, unless that was done before.
async fn begin(
    signer: &Signer,
    upload: &Upload,
    record: &UploadRecord,
    tag: &OwnerTag,
    now: UnixTime,
) -> Result<String, Failure> {
    if let Some(id) = &record.upload_id {
        return Ok(id.clone());
    }
    let ours = signer.s3.create_upload(upload.path(), upload.content_type(), upload.crc64nvme(), now).await?;
    let name = format!("{}{}", folder(tag), record.file);
    let keep = |record: &mut UploadRecord| {
        let first = record.upload_id.is_none();
        record.upload_id.get_or_insert_with(|| ours.clone());
        Ok(Change::from(first))
    };
    let kept = signer.change(&name, || None, keep, now).await?;
    let kept = kept.and_then(|record| record.upload_id).ok_or(Refusal::OriginUnavailable("an upload has ended"))?;
    if kept != ours {
        signer.s3.abort_upload(upload.path(), &ours, now).await?;
    }
    Ok(kept)
}

/// The JSON of a call for part URLs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PartsRequest {
    /// The upload's token.
    upload: String,
    /// S3's name of the upload.
    #[cfg_attr(test, schemars(length(min = 1, max = 1024), regex(pattern = "^[!-~]+$")))]
    upload_id: String,
    /// Which parts, each with its number.
    #[serde(deserialize_with = "clouddrop_core::issue::whole::list")]
    #[cfg_attr(test, schemars(length(min = 1, max = 1000), inner(range(min = 1, max = 10_000))))]
    numbers: Vec<u32>,
}

/// Fresh URLs for parts. S3 itself refuses an id that is not of the granted key.
pub(crate) fn presign_parts(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let request: PartsRequest = call.json()?;
    if request.numbers.is_empty() || request.numbers.len() > MAX_NUMBERS {
        return Err(Refusal::BadRequest("numbers has 1 to 1000 entries").into());
    }
    let plain = request.upload_id.bytes().all(|b| b.is_ascii_graphic());
    if request.upload_id.is_empty() || request.upload_id.len() > 1024 || !plain {
        return Err(Refusal::BadRequest("upload_id is not valid").into());
    }
    let (grant, _, _) = granted(call, &request.upload)?;
    let lease = call.signer.s3.lease(grant.expires(), call.now)?;
    let parts = part_urls(call.signer, grant.path(), grant.plan(), &request.upload_id, request.numbers, &lease)?;
    reply::json(StatusCode::OK, &PartsView { parts, expires_at: lease.end().to_string() })
}

/// The JSON of the calls about a granted upload.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct UploadCall {
    /// The upload's token.
    upload: String,
    /// S3's name of the upload, as the grant told it; not needed.
    upload_id: Option<String>,
}

/// Which parts have arrived.
pub(crate) async fn list_parts(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let (grant, record) = open(call).await?;
    let record = record.map_err(|_| Refusal::Conflict("the upload is complete"))?;
    let upload_id = record.upload_id.ok_or(Refusal::Conflict("the upload is not one in parts"))?;
    let parts = call.signer.s3.list_parts(grant.path(), &upload_id, call.now).await?;
    let received = parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.size));
    let parts = parts.into_iter().map(|Part { number, size, etag }| PartView { number, size, etag }).collect();
    let plan = grant.plan();
    let (size, part_size, part_count) = (plan.size(), plan.part_size(), plan.count());
    reply::json(StatusCode::OK, &ReceivedView { parts, received, size, upload_id, part_size, part_count })
}

/// Makes the upload a file, if S3 has what was granted. Made again after its success, it answers the same.
pub(crate) async fn complete(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let (grant, record) = open(call).await?;
    let record = match record {
        Ok(record) => record,
        Err(file) => return reply::json(StatusCode::OK, &files::view(file)),
    };
    let file = upload_end::finish(call.signer, grant.path(), &record, call.now).await?;
    call.audit(&record.file).await?;
    reply::json(StatusCode::OK, &files::view(file))
}

/// Throws the upload away, with what has arrived of it. Made again, it answers the same.
pub(crate) async fn abort(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let request: UploadCall = call.json()?;
    let (grant, tag, file) = granted(call, &request.upload)?;
    let Some(record) = call.signer.read::<UploadRecord>(&format!("{}{file}", folder(&tag)), call.now).await? else {
        let complete = call.signer.read::<FileRecord>(&format!("{}{file}", files::folder(&tag)), call.now).await?;
        return match complete {
            Some(_) => Err(Refusal::Conflict("the upload is complete: delete the file").into()),
            None => Ok(reply::empty()),
        };
    };
    if request.upload_id.is_some() && request.upload_id != record.upload_id {
        return Err(Refusal::NotFound.into());
    }
    of_link(call, record.link.as_deref())?;
    upload_end::throw_away(call.signer, grant.path(), &record, call.now).await?;
    call.audit(&file).await?;
    Ok(reply::empty())
}

/// Uploads that are not complete.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let page = call.page(&["limit", "cursor", "owner"])?;
    let folder = folder(&call.owner(page.owner.as_deref())?.tag());
    let (records, next_cursor) = pages::page::<UploadRecord>(call.signer, &folder, &page, call.now).await?;
    let view = |record: UploadRecord| OpenUploadView {
        file: record.file,
        key: record.key,
        owner: record.owner,
        name: record.name,
        size: record.size,
        multipart: record.multipart,
        created_at: time(record.created_at),
        expires_at: time(record.expires_at),
        link: record.link,
    };
    let items = records.into_iter().map(|(_, record)| view(record)).collect();
    reply::json(StatusCode::OK, &PageView { items, next_cursor })
}

/// What an upload token grants, whose it is, and the id of the file. The token is for its own owner and, of uploads by
/// an upload link, for whoever has that link.
fn granted(call: &Call<'_>, token: &str) -> Result<(UploadGrant, OwnerTag, String), Failure> {
    let config = &call.signer.config;
    let grant = UploadGrant::verify(token, &config.token_keys, &config.audience, call.now)?;
    let key = grant.path().key();
    let (tag, file) = (OwnerTag::of_key(key), id::file_id_of_key(key));
    let (tag, file) = tag.zip(file).ok_or(Refusal::Forbidden("the token names no upload of ours"))?;
    match call.caller()? {
        Caller::Known(who) => who.may_share(key)?,
        Caller::Guest(guest) if guest.owner == tag => {}
        Caller::Guest(_) => return Err(Refusal::Forbidden("the upload is of another link").into()),
    }
    Ok((grant, tag, file))
}

/// The upload of the call's token: its record, or the file that it has become.
async fn open(call: &Call<'_>) -> Result<(UploadGrant, Result<UploadRecord, FileRecord>), Failure> {
    let request: UploadCall = call.json()?;
    let (grant, tag, file) = granted(call, &request.upload)?;
    let record: Option<UploadRecord> = call.signer.read(&format!("{}{file}", folder(&tag)), call.now).await?;
    let Some(record) = record else {
        let file: Option<FileRecord> = call.signer.read(&format!("{}{file}", files::folder(&tag)), call.now).await?;
        let file = file.ok_or(Refusal::Conflict("the upload was thrown away"))?;
        of_link(call, file.link.as_deref())?;
        return Ok((grant, Err(file)));
    };
    of_link(call, record.link.as_deref())?;
    if request.upload_id.is_some() && request.upload_id != record.upload_id {
        return Err(Refusal::NotFound.into());
    }
    Ok((grant, Ok(record)))
}

/// A guest has to do with uploads by the own link only.
fn of_link(call: &Call<'_>, link: Option<&str>) -> Result<(), Refusal> {
    match call.caller()? {
        Caller::Guest(guest) if link != Some(guest.link.as_str()) => {
            Err(Refusal::Forbidden("the upload is of another link"))
        }
        _ => Ok(()),
    }
}

/// A URL for each part, its exact length signed.
fn part_urls(
    signer: &Signer,
    path: &ObjectPath,
    plan: &PartPlan,
    upload_id: &str,
    numbers: impl IntoIterator<Item = u32>,
    lease: &s3::Lease,
) -> Result<Vec<PartUrl>, Failure> {
    let one = |number: u32| {
        let size = plan.bytes_of(number).ok_or(Refusal::Conflict("the upload has no part of that number"))?;
        let query = [("partNumber", number.to_string()), ("uploadId", upload_id.to_string())];
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let url = signer.s3.presign("PUT", path, &query, &[("content-length", &size.to_string())], lease)?;
        Ok(PartUrl { number, size, url })
    };
    numbers.into_iter().map(one).collect()
}
