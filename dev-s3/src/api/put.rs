//! PUT and DELETE of single objects.

use s3s::dto::{DeleteObjectInput, DeleteObjectOutput, ETag, PutObjectInput, PutObjectOutput, ServerSideEncryption};
use s3s::{S3Request, S3Response, S3Result};

use super::upload_body::{Promise, receive};
use super::{Api, errors, headers, now, precondition};
use crate::store::checksums::Checksums;
use crate::store::record::{FORMAT, ObjectRecord};

/// Stores an object: refusals first, then the body, then the condition again under the lock of the key.
pub(crate) async fn put_object(api: &Api, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
    let input = request.input;
    let stored = headers::stored(&request.headers)?;
    let mut promise = Promise::read(&request.headers, input.content_length)?;
    let condition = precondition(input.if_match, input.if_none_match)?;
    condition.check(api.store.find(&input.key).as_deref()).map_err(errors::from_store)?;

    let written =
        receive(&api.store, input.body, request.trailing_headers, &mut promise, &Checksums::default()).await?;
    let etag = written.etag();
    let checksums = reported(promise.checksums(), &written.checksums);
    let record = ObjectRecord {
        format: FORMAT,
        key: input.key,
        size: written.data.length(),
        etag: etag.clone(),
        modified: now(),
        headers: stored,
        checksums: checksums.clone(),
        upload_id: None,
        segments: vec![written.data.record().clone()],
    };
    api.blocking(move |store| store.commit(record, vec![written.data], &condition)).await?;

    Ok(S3Response::new(PutObjectOutput {
        e_tag: Some(ETag::Strong(etag)),
        checksum_crc32: checksums.crc32,
        checksum_crc32c: checksums.crc32c,
        checksum_crc64nvme: checksums.crc64nvme,
        checksum_sha1: checksums.sha1,
        checksum_sha256: checksums.sha256,
        checksum_type: Some(s3s::dto::ChecksumType::from_static("FULL_OBJECT")),
        server_side_encryption: Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
        ..PutObjectOutput::default()
    }))
}

/// Removes an object; one that is not there counts as removed.
pub(crate) async fn delete_object(api: &Api, input: DeleteObjectInput) -> S3Result<S3Response<DeleteObjectOutput>> {
    if input.version_id.is_some_and(|id| id != "null") {
        return Err(errors::invalid_argument("Invalid version id specified"));
    }
    if input.if_match_last_modified_time.is_some() || input.if_match_size.is_some() {
        return Err(errors::not_implemented("A header you provided implies functionality that is not implemented"));
    }
    let condition = precondition(input.if_match, None)?;
    let key = input.key;
    api.blocking(move |store| store.remove(&key, &condition)).await?;
    Ok(S3Response::new(DeleteObjectOutput::default()))
}

/// What S3 keeps: the checksum the client chose, or else its own CRC-64/NVME.
pub(crate) fn reported(promised: &Checksums, actual: &Checksums) -> Checksums {
    if promised.is_empty() {
        Checksums { crc64nvme: actual.crc64nvme.clone(), ..Checksums::default() }
    } else {
        actual.only(promised)
    }
}
