//! `/api/v1/files`: finding, renaming, deleting.

use super::{Call, account, shares, time};
use crate::failure::Failure;
use crate::records::Change;
use crate::service::Signer;
use crate::views::{DownloadView, FileView, PageView};
use crate::{pages, reply};
use clouddrop_core::access::OwnerTag;
use clouddrop_core::issue::share::Terms;
use clouddrop_core::records::id::{is_file_id, share_id};
use clouddrop_core::records::{Account, FileChange, FileRecord};
use clouddrop_core::revocation::{Entry, Kind, Mark};
use clouddrop_core::{ObjectPath, Refusal, Seconds, UnixTime};
use http::{Response, StatusCode};

/// How long a link for a file's owner lives.
const OPEN_FOR: Seconds = Seconds(300);
/// How many shares of a file are looked up at once.
const SHARES_AT_ONCE: usize = 200;

/// The folder of an owner's files.
pub(crate) fn folder(owner: &OwnerTag) -> String {
    format!("files/{owner}/")
}

/// The newest first; with `prefix` those whose key begins so within the owner's folder, with `name` those that have it
/// in their name.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let page = call.page(&["limit", "cursor", "owner", "prefix", "name"])?;
    let folder = folder(&call.owner(page.owner.as_deref())?.tag());
    let (records, next_cursor) = if page.prefix.is_none() && page.name.is_none() {
        pages::page::<FileRecord>(call.signer, &folder, &page, call.now).await?
    } else {
        let wanted = |file: &FileRecord| file.matches(page.prefix.as_deref(), page.name.as_deref());
        pages::filtered(call.signer, &folder, &page, wanted, call.now).await?
    };
    let items = records.into_iter().map(|(_, record)| view(record)).collect();
    reply::json(StatusCode::OK, &PageView { items, next_cursor })
}

/// One file.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let (tag, file) = named(call)?;
    reply::json(StatusCode::OK, &view(find(call.signer, &tag, &file, call.now).await?))
}

/// A link to a file for who may see it anyway, such as the web page that shows it. No share: nothing is remembered.
pub(crate) async fn open(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let (signer, config, now) = (call.signer, &call.signer.config, call.now);
    let page = call.page(&["owner", "inline"])?;
    let (tag, file) = (call.owner(page.owner.as_deref())?.tag(), call.named(is_file_id)?);
    let record = find(signer, &tag, file, now).await?;
    let terms =
        Terms { key: Some(record.key), file_name: Some(record.name), inline: Some(page.inline), ..Terms::default() };
    let share = terms.share(&config.object_prefix, now.after(OPEN_FOR), None)?;
    let states = signer.key_states(now).await?;
    let key = states.minting_key(&config.token_keys, &config.issuer, now)?;
    let token = share.mint(share_id(now, &super::random()?), None, &tag, &config.audience, key, now)?;
    let download = share.links(&config.file_base, &token).download;
    reply::json(StatusCode::OK, &DownloadView { download, expires_at: share.expires().to_string() })
}

/// Renames a file: links that are made from now on have the new name.
pub(crate) async fn change(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let (tag, file) = named(call)?;
    let change: FileChange = call.json()?;
    let apply = |record: &mut FileRecord| {
        let was = record.name.clone();
        record.change(&change)?;
        Ok(Change::from(record.name != was))
    };
    let name = format!("{}{file}", folder(&tag));
    let record = call.signer.change(&name, || None, apply, call.now).await?.ok_or(Refusal::NotFound)?;
    call.audit(&file).await?;
    reply::json(StatusCode::OK, &view(record))
}

/// Deletes a file: 204 once no link opens it and the object is gone. Each step can be made again, and the record goes
/// last: a call that broke off is completed by the next.
pub(crate) async fn delete(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let (signer, now) = (call.signer, call.now);
    let (tag, file) = named(call)?;
    let record = find(signer, &tag, &file, now).await?;
    let path = ObjectPath::from_key(&record.key).map_err(Refusal::BadPath)?;
    let entry =
        Entry { kind: Kind::Subject, mark: Mark::of_object(path.key()), until: now.after(signer.config.max_expiry) };
    signer.revoke(&entry, now).await?;
    signer.s3.delete_object(&path, now).await?;
    let index = shares::of_file(&tag, &file);
    loop {
        let names = signer.s3.names(&index, None, SHARES_AT_ONCE, now).await?;
        for share in &names.names {
            let apply = |record: &mut clouddrop_core::records::ShareRecord| Ok(Change::from(record.revoke(now)));
            signer.change(&format!("{}{share}", shares::folder(&tag)), || None, apply, now).await?;
            signer.s3.delete(&format!("{index}{share}"), now).await?;
        }
        if !names.more {
            break;
        }
    }
    if let Some(content) =
        record.sha256.as_deref().and_then(|text| clouddrop_core::issue::revocation::content_hex(text).ok())
    {
        signer.s3.delete(&content_name(&content, &tag, &file), now).await?;
    }
    // The account is told before the record goes: who asks again finds the record, and the file is counted out once,
    // since its id is remembered there until then.
    let take_out = |account: &mut Account| Ok(Change::from(account.forget(&file, record.size)));
    signer.change(&account::name(tag.as_str()), || None, take_out, now).await?;
    signer.s3.delete(&format!("{}{file}", folder(&tag)), now).await?;
    call.audit(&file).await?;
    Ok(reply::empty())
}

/// The name of the mark that a file has this content.
pub(crate) fn content_name(sha256: &str, tag: &OwnerTag, file: &str) -> String {
    format!("content/{sha256}/{tag}.{file}")
}

/// The file of an owner.
pub(crate) async fn find(signer: &Signer, tag: &OwnerTag, file: &str, now: UnixTime) -> Result<FileRecord, Failure> {
    Ok(signer.read(&format!("{}{file}", folder(tag)), now).await?.ok_or(Refusal::NotFound)?)
}

fn named(call: &Call<'_>) -> Result<(OwnerTag, String), Refusal> {
    let file = call.named(is_file_id)?.to_string();
    let page = call.page(&["owner"])?;
    Ok((call.owner(page.owner.as_deref())?.tag(), file))
}

pub(crate) fn view(record: FileRecord) -> FileView {
    FileView {
        id: record.id,
        key: record.key,
        owner: record.owner,
        name: record.name,
        size: record.size,
        r#type: record.r#type,
        sha256: record.sha256,
        crc64nvme: record.crc64nvme,
        etag: record.etag,
        created_at: time(record.created_at),
        created_by: record.created_by,
        link: record.link,
        sender: record.sender,
    }
}
