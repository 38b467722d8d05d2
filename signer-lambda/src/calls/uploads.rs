//! `POST /api/v1/uploads` and the calls that carry an upload in parts to its end.

use super::{random, read};
use crate::failure::Failure;
use crate::reply;
use crate::s3::{self, Part};
use crate::service::Signer;
use clouddrop_core::issue::{PartPlan, Upload, UploadGrant, UploadRequest};
use clouddrop_core::{ObjectPath, Refusal, UnixTime};
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many part URLs come with a new upload.
const FIRST_PARTS: u32 = 100;
/// Most part URLs of one call.
const MAX_NUMBERS: usize = 1000;
/// Longest upload id of S3 that is passed on, in bytes.
const MAX_UPLOAD_ID_BYTES: usize = 1024;

#[derive(Serialize)]
struct Single<'a> {
    key: &'a str,
    upload: &'a str,
    kind: &'static str,
    method: &'static str,
    url: &'a str,
    headers: BTreeMap<&'static str, String>,
    expires_at: String,
}

#[derive(Serialize)]
struct Multipart<'a> {
    key: &'a str,
    upload: &'a str,
    kind: &'static str,
    upload_id: &'a str,
    part_size: u64,
    part_count: u32,
    parts: Vec<PartUrl>,
    expires_at: String,
}

#[derive(Serialize)]
struct PartUrl {
    number: u32,
    size: u64,
    url: String,
}

/// Grants an upload: one presigned PUT, or an upload in parts that is begun here.
pub(crate) async fn create(signer: &Signer, body: &[u8], now: UnixTime) -> Result<Response<String>, Failure> {
    let config = &signer.config;
    let request = read::<UploadRequest>(body)?;
    let upload = request.check(random()?, &config.object_prefix, config.multipart_threshold, now)?;
    let token = upload.mint(random()?, &config.audience, signer.token_key(now)?, now)?;
    if upload.is_single() {
        single(signer, &upload, &token, now)
    } else {
        multipart(signer, &upload, &token, now).await
    }
}

fn single(signer: &Signer, upload: &Upload, token: &str, now: UnixTime) -> Result<Response<String>, Failure> {
    let headers = upload.headers();
    let signed: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let lease = signer.s3.lease(upload.expires(), now)?;
    let url = signer.s3.presign("PUT", upload.path(), &[], &signed, &lease)?;
    let granted = Single {
        key: upload.path().key(),
        upload: token,
        kind: "single",
        method: "PUT",
        url: &url,
        headers: headers.into_iter().collect(),
        expires_at: lease.end().to_string(),
    };
    reply::json(StatusCode::CREATED, &granted)
}

async fn multipart(signer: &Signer, upload: &Upload, token: &str, now: UnixTime) -> Result<Response<String>, Failure> {
    let lease = signer.s3.lease(upload.expires(), now)?; // before anything is begun that could not go on
    let upload_id = signer.s3.create_upload(upload.path(), upload.content_type(), now).await?;
    let numbers = 1..=upload.plan().count().min(FIRST_PARTS);
    let begun = Multipart {
        key: upload.path().key(),
        upload: token,
        kind: "multipart",
        part_size: upload.plan().part_size(),
        part_count: upload.plan().count(),
        parts: part_urls(signer, upload.path(), upload.plan(), &upload_id, numbers, &lease)?,
        upload_id: &upload_id,
        expires_at: lease.end().to_string(),
    };
    reply::json(StatusCode::CREATED, &begun)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartsRequest {
    upload: String,
    upload_id: String,
    numbers: Vec<u32>,
}

/// Fresh URLs for parts.
pub(crate) fn presign_parts(signer: &Signer, body: &[u8], now: UnixTime) -> Result<Response<String>, Failure> {
    #[derive(Serialize)]
    struct Parts {
        parts: Vec<PartUrl>,
        expires_at: String,
    }
    let request: PartsRequest = read(body)?;
    if request.numbers.is_empty() || request.numbers.len() > MAX_NUMBERS {
        return Err(Refusal::BadRequest("numbers has 1 to 1000 entries").into());
    }
    let grant = granted(signer, &request.upload, &request.upload_id, now)?;
    let lease = signer.s3.lease(grant.expires(), now)?;
    let parts = part_urls(signer, grant.path(), grant.plan(), &request.upload_id, request.numbers, &lease)?;
    reply::json(StatusCode::OK, &Parts { parts, expires_at: lease.end().to_string() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UploadCall {
    upload: String,
    upload_id: String,
}

/// Which parts have arrived.
pub(crate) async fn list(signer: &Signer, body: &[u8], now: UnixTime) -> Result<Response<String>, Failure> {
    #[derive(Serialize)]
    struct Listed {
        parts: Vec<Part>,
        received: u64,
        size: u64,
    }
    let call: UploadCall = read(body)?;
    let grant = granted(signer, &call.upload, &call.upload_id, now)?;
    let parts = signer.s3.list_parts(grant.path(), &call.upload_id, now).await?;
    let received = parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.size));
    reply::json(StatusCode::OK, &Listed { parts, received, size: grant.plan().size() })
}

/// Puts the parts together, if they are those that were granted.
pub(crate) async fn complete(signer: &Signer, body: &[u8], now: UnixTime) -> Result<Response<String>, Failure> {
    #[derive(Serialize)]
    struct Completed<'a> {
        key: &'a str,
        size: u64,
        etag: String,
    }
    let call: UploadCall = read(body)?;
    let grant = granted(signer, &call.upload, &call.upload_id, now)?;
    let parts = signer.s3.list_parts(grant.path(), &call.upload_id, now).await?;
    grant.plan().check(parts.iter().map(|part| (part.number, part.size)))?;
    let etag = signer.s3.complete_upload(grant.path(), &call.upload_id, &parts, now).await?;
    reply::json(StatusCode::OK, &Completed { key: grant.path().key(), size: grant.plan().size(), etag })
}

/// Throws the parts away.
pub(crate) async fn abort(signer: &Signer, body: &[u8], now: UnixTime) -> Result<Response<String>, Failure> {
    let call: UploadCall = read(body)?;
    let grant = granted(signer, &call.upload, &call.upload_id, now)?;
    signer.s3.abort_upload(grant.path(), &call.upload_id, now).await?;
    Ok(reply::empty())
}

/// What the upload token grants. The id is S3's and goes into a query, which encodes it; S3 itself refuses one
/// that is not of the granted key.
fn granted(signer: &Signer, token: &str, upload_id: &str, now: UnixTime) -> Result<UploadGrant, Failure> {
    let plain = upload_id.bytes().all(|b| b.is_ascii_graphic());
    if upload_id.is_empty() || upload_id.len() > MAX_UPLOAD_ID_BYTES || !plain {
        return Err(Refusal::BadRequest("upload_id is not valid").into());
    }
    Ok(UploadGrant::verify(token, &signer.config.token_keys, &signer.config.audience, now)?)
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
        let size = plan.bytes_of(number).ok_or(Refusal::BadRequest("the upload has no part of that number"))?;
        let query = [("partNumber", number.to_string()), ("uploadId", upload_id.to_string())];
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let url = signer.s3.presign("PUT", path, &query, &[("content-length", &size.to_string())], lease)?;
        Ok(PartUrl { number, size, url })
    };
    numbers.into_iter().map(one).collect()
}
