//! The lists: keys of the bucket, open uploads, parts of an upload. All paged, none larger than 1000.

use std::ops::Bound;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::{
    ChecksumAlgorithm, CommonPrefix, ETag, EncodingType, ListMultipartUploadsInput, ListMultipartUploadsOutput,
    ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, MultipartUpload, Object as ListedObject,
    ObjectStorageClass, Part, StorageClass, Timestamp,
};
use s3s::{S3Response, S3Result};
use time::OffsetDateTime;

use super::{Api, errors};
use crate::store::{Object, Store, held};

/// The most entries in one page.
const MAX_PAGE: i32 = 1000;

/// Keys are fetched from the index in runs of this many.
const RUN: usize = 1024;

/// `GET /bucket?list-type=2`
pub(crate) async fn list_objects(api: &Api, input: ListObjectsV2Input) -> S3Result<S3Response<ListObjectsV2Output>> {
    let encode = encoder(input.encoding_type.as_ref())?;
    let max_keys = page_size(input.max_keys)?;
    let after = match &input.continuation_token {
        Some(token) => Some(read_token(token)?),
        None => input.start_after.clone().map(Position::After),
    };
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.clone().filter(|delimiter| !delimiter.is_empty());
    let page = collect(&api.store, &prefix, delimiter.as_deref(), after, max_keys);
    let count = page.objects.len() + page.prefixes.len();
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encode(&prefix)),
        delimiter: delimiter.as_deref().map(encode),
        start_after: input.start_after.as_deref().map(encode),
        continuation_token: input.continuation_token,
        max_keys: Some(max_keys),
        key_count: i32::try_from(count).ok(),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_ref().map(write_token),
        encoding_type: input.encoding_type,
        contents: Some(
            page.objects
                .iter()
                .map(|object| ListedObject {
                    key: Some(encode(&object.record.key)),
                    size: i64::try_from(object.record.size).ok(),
                    e_tag: Some(ETag::Strong(object.record.etag.clone())),
                    last_modified: timestamp(object.record.modified),
                    storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
                    ..ListedObject::default()
                })
                .collect(),
        ),
        common_prefixes: Some(common_prefixes(&page.prefixes, encode)),
        ..ListObjectsV2Output::default()
    }))
}

/// `GET /bucket/key?uploadId=`
pub(crate) async fn list_parts(api: &Api, input: ListPartsInput) -> S3Result<S3Response<ListPartsOutput>> {
    let max_parts = page_size(input.max_parts)?;
    let marker = input.part_number_marker.unwrap_or(0);
    if marker < 0 {
        return Err(errors::invalid_argument("part-number-marker must not be negative"));
    }
    let upload = api.store.find_upload(&input.upload_id, &input.key).map_err(errors::from_store)?;
    let upload = held(&upload);
    let limit = usize::try_from(max_parts).unwrap_or(0);
    let mut following = upload.parts.iter().filter(|(number, _)| i32::from(**number) > marker);
    let parts: Vec<Part> = following
        .by_ref()
        .take(limit)
        .map(|(number, part)| {
            let sums = part.record.checksums.clone();
            Part {
                part_number: Some(i32::from(*number)),
                size: i64::try_from(part.data.length()).ok(),
                e_tag: Some(ETag::Strong(part.record.etag.clone())),
                last_modified: timestamp(part.record.modified),
                checksum_crc32: sums.crc32,
                checksum_crc32c: sums.crc32c,
                checksum_crc64nvme: sums.crc64nvme,
                checksum_sha1: sums.sha1,
                checksum_sha256: sums.sha256,
            }
        })
        .collect();
    let truncated = limit > 0 && following.next().is_some();
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        max_parts: Some(max_parts),
        part_number_marker: Some(marker),
        next_part_number_marker: parts.last().and_then(|part| part.part_number),
        is_truncated: Some(truncated),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        checksum_algorithm: upload.record.checksum_algorithm.clone().map(ChecksumAlgorithm::from),
        parts: Some(parts),
        ..ListPartsOutput::default()
    }))
}

/// `GET /bucket?uploads`
pub(crate) async fn list_uploads(
    api: &Api,
    input: ListMultipartUploadsInput,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let encode = encoder(input.encoding_type.as_ref())?;
    let max_uploads = page_size(input.max_uploads)?;
    if input.delimiter.as_ref().is_some_and(|delimiter| !delimiter.is_empty()) {
        return Err(errors::not_implemented("Listing uploads by delimiter is not implemented"));
    }
    let prefix = input.prefix.clone().unwrap_or_default();
    let key_marker = input.key_marker.clone().unwrap_or_default();
    // Without a key marker the upload id marker means nothing (API_ListMultipartUploads, `upload-id-marker`).
    let id_marker = input.upload_id_marker.clone().filter(|_| !key_marker.is_empty());
    let limit = usize::try_from(max_uploads).unwrap_or(0);
    let mut following = api.store.open_uploads().into_iter().filter(|upload| {
        let later = match &id_marker {
            _ if upload.key > key_marker => true,
            Some(id) => upload.key == key_marker && upload.id > *id,
            None => false,
        };
        later && upload.key.starts_with(&prefix)
    });
    let uploads: Vec<_> = following.by_ref().take(limit).collect();
    let truncated = limit > 0 && following.next().is_some();
    let last = uploads.last().filter(|_| truncated);
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: Some(encode(&prefix)),
        key_marker: Some(encode(&key_marker)),
        upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
        next_key_marker: last.map(|upload| encode(&upload.key)),
        next_upload_id_marker: last.map(|upload| upload.id.clone()),
        max_uploads: Some(max_uploads),
        is_truncated: Some(truncated),
        encoding_type: input.encoding_type,
        uploads: Some(
            uploads
                .iter()
                .map(|upload| MultipartUpload {
                    key: Some(encode(&upload.key)),
                    upload_id: Some(upload.id.clone()),
                    initiated: timestamp(upload.initiated),
                    storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
                    checksum_algorithm: upload.checksum_algorithm.clone().map(ChecksumAlgorithm::from),
                    ..MultipartUpload::default()
                })
                .collect(),
        ),
        ..ListMultipartUploadsOutput::default()
    }))
}

/// Where a page starts.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Position {
    /// After this key.
    After(String),
    /// After every key that starts with this common prefix.
    AfterPrefix(String),
}

#[derive(Debug, Default)]
struct Page {
    objects: Vec<Arc<Object>>,
    prefixes: Vec<String>,
    next: Option<Position>,
}

fn collect(store: &Store, prefix: &str, delimiter: Option<&str>, after: Option<Position>, max_keys: i32) -> Page {
    let limit = usize::try_from(max_keys).unwrap_or(0);
    let mut page = Page::default();
    if limit == 0 {
        return page;
    }
    let (mut cursor, mut skipped) = match after {
        None => (Bound::Unbounded, None),
        Some(Position::After(key)) => (Bound::Excluded(key), None),
        // The common prefix itself may be a key, and belongs to what is skipped.
        Some(Position::AfterPrefix(common)) => (Bound::Included(common.clone()), Some(common)),
    };
    let mut last = None;
    loop {
        let run = store.range(prefix, cursor.as_ref().map(String::as_str), RUN);
        let Some(end) = run.last().map(|object| object.record.key.clone()) else {
            return page;
        };
        for object in run {
            let key = &object.record.key;
            if skipped.as_ref().is_some_and(|common| key.starts_with(common)) {
                continue;
            }
            if page.objects.len() + page.prefixes.len() == limit {
                page.next = last;
                return page;
            }
            let common = delimiter.and_then(|delimiter| {
                let rest = &key[prefix.len()..];
                let at = rest.find(delimiter)?;
                Some(key[..prefix.len() + at + delimiter.len()].to_owned())
            });
            match common {
                Some(common) => {
                    last = Some(Position::AfterPrefix(common.clone()));
                    skipped = Some(common.clone());
                    page.prefixes.push(common);
                }
                None => {
                    last = Some(Position::After(key.clone()));
                    page.objects.push(object);
                }
            }
        }
        cursor = Bound::Excluded(end);
    }
}

fn write_token(position: &Position) -> String {
    let (kind, text) = match position {
        Position::After(key) => ('k', key),
        Position::AfterPrefix(common) => ('p', common),
    };
    URL_SAFE_NO_PAD.encode(format!("{kind}{text}"))
}

fn read_token(token: &str) -> S3Result<Position> {
    let wrong = || errors::invalid_argument("The continuation token provided is incorrect");
    // Keys have at most 1024 bytes, and so has what a token can be made of.
    if token.len() > 1500 {
        return Err(wrong());
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    match text.strip_prefix('k') {
        Some(key) => Ok(Position::After(key.to_owned())),
        None => text.strip_prefix('p').map(|common| Position::AfterPrefix(common.to_owned())).ok_or_else(wrong),
    }
}

fn page_size(asked: Option<i32>) -> S3Result<i32> {
    match asked {
        None => Ok(MAX_PAGE),
        Some(size) if size < 0 => Err(errors::invalid_argument("The size of a page must not be negative")),
        Some(size) => Ok(size.min(MAX_PAGE)),
    }
}

/// Keys may hold what XML cannot: `encoding-type=url` is the way out.
fn encoder(encoding: Option<&EncodingType>) -> S3Result<fn(&str) -> String> {
    match encoding.map(EncodingType::as_str) {
        None => Ok(str::to_owned),
        Some(EncodingType::URL) => Ok(|text| urlencoding::encode(text).replace("%2F", "/")),
        Some(_) => Err(errors::invalid_argument("Invalid Encoding Method specified in Request")),
    }
}

fn common_prefixes(prefixes: &[String], encode: fn(&str) -> String) -> Vec<CommonPrefix> {
    prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(encode(prefix)) }).collect()
}

fn timestamp(seconds: i64) -> Option<Timestamp> {
    OffsetDateTime::from_unix_timestamp(seconds).ok().map(Timestamp::from)
}
