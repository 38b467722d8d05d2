//! Multipart uploads: create, feed, complete, abort.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CompletedPart, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag,
    ServerSideEncryption, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::put::reported;
use super::upload_body::{Promise, receive};
use super::{Api, errors, headers, now, precondition};
use crate::store::checksums::Checksums;
use crate::store::held;
use crate::store::uploads::{MAX_OBJECT, MAX_PARTS, PartClaim, WholeClaim};

/// Opens an upload.
pub(crate) async fn create(
    api: &Api,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let stored = headers::stored(&request.headers)?;
    let input = request.input;
    let algorithm = input.checksum_algorithm.clone();
    if algorithm.as_ref().is_some_and(|name| algorithm_slot(name.as_str()).is_none()) {
        return Err(errors::invalid_request("Checksum algorithm provided is unsupported."));
    }
    let key = input.key.clone();
    let name = algorithm.as_ref().map(|name| name.as_str().to_owned());
    let upload_id = api.blocking(move |store| store.create_upload(key, stored, name, now())).await?;
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(upload_id),
        checksum_algorithm: algorithm,
        server_side_encryption: Some(aes256()),
        ..CreateMultipartUploadOutput::default()
    }))
}

/// Stores one part, in the place of an older one of the same number.
pub(crate) async fn upload_part(
    api: &Api,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let input = request.input;
    let number = part_number(input.part_number)?;
    if request.headers.contains_key("x-amz-copy-source") {
        return Err(errors::not_implemented("Copying parts is not implemented"));
    }
    let upload = api.store.find_upload(&input.upload_id, &input.key).map_err(errors::from_store)?;
    let algorithm = held(&upload).record.checksum_algorithm.clone();
    let mut promise = Promise::read(&request.headers, input.content_length)?;
    let mut extra = Checksums::default();
    if let Some(slot) = algorithm.as_deref().and_then(algorithm_slot).and_then(|name| extra.slot(name)) {
        slot.get_or_insert_default();
    }

    let written = receive(&api.store, input.body, request.trailing_headers, &mut promise, &extra).await?;
    let etag = written.etag();
    let checksums = reported(promise.checksums(), &written.checksums);
    api.blocking(move |store| store.put_part(&upload, number, written, now())).await?;
    Ok(S3Response::new(UploadPartOutput {
        e_tag: Some(ETag::Strong(etag)),
        checksum_crc32: checksums.crc32,
        checksum_crc32c: checksums.crc32c,
        checksum_crc64nvme: checksums.crc64nvme,
        checksum_sha1: checksums.sha1,
        checksum_sha256: checksums.sha256,
        server_side_encryption: Some(aes256()),
        ..UploadPartOutput::default()
    }))
}

/// Makes the parts one object.
pub(crate) async fn complete(
    api: &Api,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let input = request.input;
    let condition = precondition(input.if_match, input.if_none_match)?;
    let upload = api.store.find_upload(&input.upload_id, &input.key).map_err(errors::from_store)?;
    let parts = input.multipart_upload.and_then(|list| list.parts).unwrap_or_default();
    let claims = parts.into_iter().map(part_claim).collect::<S3Result<Vec<_>>>()?;
    if claims.len() > usize::from(MAX_PARTS) {
        return Err(errors::invalid_argument("Part number must be an integer between 1 and 10000, inclusive"));
    }
    let whole = WholeClaim {
        size: match input.mpu_object_size {
            None => None,
            Some(size) => Some(
                u64::try_from(size)
                    .ok()
                    .filter(|size| *size <= MAX_OBJECT)
                    .ok_or_else(|| errors::invalid_request("Value for x-amz-mp-object-size header is invalid."))?,
            ),
        },
        checksums: Checksums {
            crc32: input.checksum_crc32,
            crc32c: input.checksum_crc32c,
            crc64nvme: input.checksum_crc64nvme,
            sha1: input.checksum_sha1,
            sha256: input.checksum_sha256,
        },
    };
    // Only these can be told of a whole made of parts here; a promise that cannot be checked is not taken.
    if whole.checksums.crc32.is_some() || whole.checksums.crc32c.is_some() || whole.checksums.sha1.is_some() {
        return Err(errors::not_implemented("The checksum of a whole multipart object is CRC64NVME or SHA256 here"));
    }
    let object = api.blocking(move |store| store.complete_upload(&upload, &claims, &whole, &condition, now())).await?;
    let record = &object.record;
    Ok(S3Response::new(CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, urlencoding::encode(&input.key))),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(record.etag.clone())),
        checksum_crc64nvme: record.checksums.crc64nvme.clone(),
        checksum_sha256: record.checksums.sha256.clone(),
        server_side_encryption: Some(aes256()),
        ..CompleteMultipartUploadOutput::default()
    }))
}

/// Ends an upload and drops its parts.
pub(crate) async fn abort(
    api: &Api,
    input: AbortMultipartUploadInput,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let upload = api.store.find_upload(&input.upload_id, &input.key).map_err(errors::from_store)?;
    api.blocking(move |store| store.abort_upload(&upload)).await?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}

fn part_number(number: i32) -> S3Result<u16> {
    u16::try_from(number)
        .ok()
        .filter(|number| (1..=MAX_PARTS).contains(number))
        .ok_or_else(|| errors::invalid_argument("Part number must be an integer between 1 and 10000, inclusive"))
}

fn part_claim(part: CompletedPart) -> S3Result<PartClaim> {
    let malformed = || {
        S3Error::with_message(
            S3ErrorCode::MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    };
    Ok(PartClaim {
        number: part.part_number.ok_or_else(malformed)?,
        etag: part.e_tag.ok_or_else(malformed)?.into_value(),
        checksums: Checksums {
            crc32: part.checksum_crc32,
            crc32c: part.checksum_crc32c,
            crc64nvme: part.checksum_crc64nvme,
            sha1: part.checksum_sha1,
            sha256: part.checksum_sha256,
        },
    })
}

/// The name in [`Checksums::slot`] of an algorithm as `x-amz-checksum-algorithm` spells it.
fn algorithm_slot(algorithm: &str) -> Option<&'static str> {
    match algorithm {
        ChecksumAlgorithm::CRC32 => Some("crc32"),
        ChecksumAlgorithm::CRC32C => Some("crc32c"),
        ChecksumAlgorithm::CRC64NVME => Some("crc64nvme"),
        ChecksumAlgorithm::SHA1 => Some("sha1"),
        ChecksumAlgorithm::SHA256 => Some("sha256"),
        _ => None,
    }
}

fn aes256() -> ServerSideEncryption {
    ServerSideEncryption::from_static(ServerSideEncryption::AES256)
}
