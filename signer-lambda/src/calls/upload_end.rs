//! How uploads end: as a file, once S3 has what was granted, or as nothing. Each step can be made again.

use super::{account, files, uploads, webhooks};
use crate::failure::Failure;
use crate::records::Change;
use crate::s3::Written;
use crate::service::Signer;
use clouddrop_core::issue::PartPlan;
use clouddrop_core::issue::revocation::content_hex;
use clouddrop_core::records::webhook::Topic;
use clouddrop_core::records::{Account, FileRecord, Tally, UploadLinkRecord, UploadRecord};
use clouddrop_core::{ObjectPath, Refusal, UnixTime};

/// Sees to it that S3 has the whole, and makes it a file. Each step can be made again; the upload's record goes last.
pub(crate) async fn finish(
    signer: &Signer,
    path: &ObjectPath,
    record: &UploadRecord,
    now: UnixTime,
) -> Result<FileRecord, Failure> {
    let etag = match &record.upload_id {
        Some(upload_id) => join(signer, path, record, upload_id, now).await?,
        None if record.multipart => return Err(Refusal::Conflict("the upload was not begun").into()),
        None => {
            let found = signer.s3.find_object(path.key(), now).await?;
            let (size, etag) = found.ok_or(Refusal::Conflict("the file has not arrived: send it first"))?;
            if size != record.size {
                return Err(Refusal::Conflict("the file that has arrived is of another size").into());
            }
            etag
        }
    };
    let tag = record.owner.tag();
    let name = format!("{}{}", files::folder(&tag), record.file);
    let mut file = FileRecord::of(record, etag, now);
    if signer.create(&name, &file, now).await? == Written::LostRace {
        file = signer.read(&name, now).await?.ok_or(Refusal::Gone("the file is deleted"))?;
    }
    if let Some(digest) = &record.sha256 {
        let marker = serde_json::json!({ "v": 1, "key": record.key });
        signer.create(&files::content_name(&content_hex(digest)?, &tag, &record.file), &marker, now).await?;
    }
    let told = serde_json::json!({
        "file": file.id, "key": file.key, "name": file.name, "size": file.size, "link": file.link,
        "sender": file.sender.as_ref().and_then(|sender| sender.name.as_deref()),
    });
    webhooks::tell(signer, &tag, Topic::FileCreated, &file.id, &told, now).await?;
    settle(signer, record, Settled::Finished, now).await?;
    signer.log.metric("Uploads", "Count", 1, now);
    signer.log.metric("UploadedBytes", "Bytes", record.size, now);
    Ok(file)
}

/// Puts the parts together, if they are what was granted.
async fn join(
    signer: &Signer,
    path: &ObjectPath,
    record: &UploadRecord,
    upload_id: &str,
    now: UnixTime,
) -> Result<String, Failure> {
    let joined = async {
        let plan = PartPlan::of(record.size).ok_or(Refusal::TooLarge)?;
        let parts = signer.s3.list_parts(path, upload_id, now).await?;
        plan.check(parts.iter().map(|part| (part.number, part.size)))?;
        signer.s3.complete_upload(path, upload_id, &parts, record.crc64nvme.as_deref(), now).await
    };
    match joined.await {
        // Was it put together by a call whose answer was lost? Then the object is there, and of the right size.
        Err(failure) if matches!(failure.refusal, Refusal::NotFound | Refusal::PreconditionFailed) => {
            match signer.s3.find_object(path.key(), now).await? {
                Some((size, etag)) if size == record.size => Ok(etag),
                _ => Err(failure),
            }
        }
        joined => joined,
    }
}

/// Throws away what has arrived, and then what is remembered.
pub(crate) async fn throw_away(
    signer: &Signer,
    path: &ObjectPath,
    record: &UploadRecord,
    now: UnixTime,
) -> Result<(), Failure> {
    if let Some(upload_id) = &record.upload_id {
        match signer.s3.abort_upload(path, upload_id, now).await {
            Err(failure) if failure.refusal != Refusal::NotFound => return Err(failure),
            _ => {}
        }
    }
    if signer.s3.find_object(path.key(), now).await?.is_some() {
        signer.s3.delete_object(path, now).await?;
    }
    forget(signer, record, now).await
}

/// Counts an upload out that will not become a file, and forgets it.
pub(crate) async fn forget(signer: &Signer, record: &UploadRecord, now: UnixTime) -> Result<(), Failure> {
    settle(signer, record, Settled::Dropped, now).await
}

/// Which tallies a call has put an upload into as open.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counted {
    /// That of the upload link.
    pub link: bool,
    /// That of the account.
    pub account: bool,
}

/// Forgets an upload that was written down again after it had become a file, and counts it out where this call has
/// counted it: [`finish`] writes the file before it counts, so a tally that had no such upload has the file in it by now.
/// One that had it is not touched: [`finish`] is about to.
pub(crate) async fn take_back(
    signer: &Signer,
    record: &UploadRecord,
    counted: Counted,
    now: UnixTime,
) -> Result<(), Failure> {
    settle_in(signer, record, Settled::Dropped, counted, now).await?;
    if counted.account { remove(signer, record, now).await } else { Ok(()) }
}

/// How an upload has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Settled {
    Finished,
    Dropped,
}

/// Counts the upload as what it has become, and forgets it.
async fn settle(signer: &Signer, record: &UploadRecord, how: Settled, now: UnixTime) -> Result<(), Failure> {
    settle_in(signer, record, how, Counted { link: true, account: true }, now).await?;
    remove(signer, record, now).await
}

/// Counts the upload as what it has become, in the tallies that `counted` names.
async fn settle_in(
    signer: &Signer,
    record: &UploadRecord,
    how: Settled,
    counted: Counted,
    now: UnixTime,
) -> Result<(), Failure> {
    let tag = record.owner.tag();
    let tell = |tally: &mut Tally| match how {
        Settled::Finished => Change::from(tally.finish(&record.file)),
        Settled::Dropped => Change::from(tally.drop_pending(&record.file)),
    };
    if let Some(link) = record.link.as_ref().filter(|_| counted.link) {
        let apply = |link: &mut UploadLinkRecord| Ok(tell(&mut link.tally));
        signer.change(&uploads::link_name(&tag, link), || None, apply, now).await?;
    }
    if counted.account {
        let apply = |account: &mut Account| Ok(tell(&mut account.tally));
        signer.change(&account::name(tag.as_str()), || None, apply, now).await?;
    }
    Ok(())
}

async fn remove(signer: &Signer, record: &UploadRecord, now: UnixTime) -> Result<(), Failure> {
    signer.s3.delete(&format!("{}{}", uploads::folder(&record.owner.tag()), record.file), now).await
}
