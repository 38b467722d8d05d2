//! Multipart uploads: parts are data files, and completing one writes a record that names them. No byte is copied.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::sync::{Arc, Mutex};

use md5::{Digest as _, Md5};

use super::checksums::{self, Checksums};
use super::data::{DataFile, Written};
use super::layout::{hex, random_id};
use super::record::{FORMAT, ObjectRecord, PartRecord, UploadRecord};
use super::{Object, Precondition, Store, StoreError, held};

/// The least size of a part that is not the last, bytes
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const MIN_PART: u64 = 5 << 20;

/// The largest object, bytes (same page).
pub(crate) const MAX_OBJECT: u64 = 5 << 40;

/// The largest part number (same page).
pub(crate) const MAX_PARTS: u16 = 10_000;

/// An upload that is neither completed nor aborted.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) record: UploadRecord,
    pub(crate) parts: BTreeMap<u16, Part>,
    /// Set when it ends: a part still on its way finds no upload.
    closed: bool,
}

/// A part that was acknowledged.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) record: PartRecord,
    pub(crate) data: Arc<DataFile>,
}

/// A part as the client names it when completing.
#[derive(Debug)]
pub(crate) struct PartClaim {
    pub(crate) number: i32,
    pub(crate) etag: String,
    pub(crate) checksums: Checksums,
}

/// What a client may promise about the whole object when completing.
#[derive(Debug)]
pub(crate) struct WholeClaim {
    /// Bytes.
    pub(crate) size: Option<u64>,
    pub(crate) checksums: Checksums,
}

impl Upload {
    pub(crate) fn opened(record: UploadRecord, parts: BTreeMap<u16, Part>) -> Self {
        Self { record, parts, closed: false }
    }
}

impl Store {
    /// Opens an upload of `key`; `now` is Unix time in seconds.
    pub(crate) fn create_upload(
        &self,
        key: String,
        headers: Vec<(String, String)>,
        checksum_algorithm: Option<String>,
        now: i64,
    ) -> Result<String, StoreError> {
        let record =
            UploadRecord { format: FORMAT, id: random_id()?, key, initiated: now, headers, checksum_algorithm };
        let id = record.id.clone();
        self.layout.write_record(&self.layout.upload_record(&id), &record)?;
        let upload = Arc::new(Mutex::new(Upload::opened(record, BTreeMap::new())));
        held(&self.uploads).insert(id.clone(), upload);
        Ok(id)
    }

    /// The open upload `id`, if it is one of `key`.
    pub(crate) fn find_upload(&self, id: &str, key: &str) -> Result<Arc<Mutex<Upload>>, StoreError> {
        let found = held(&self.uploads).get(id).map(Arc::clone);
        found.filter(|upload| held(upload).record.key == key).ok_or(StoreError::NoSuchUpload)
    }

    /// The records of all open uploads, by key, then by id.
    pub(crate) fn open_uploads(&self) -> Vec<UploadRecord> {
        let uploads: Vec<_> = held(&self.uploads).values().map(Arc::clone).collect();
        let mut records: Vec<_> = uploads.iter().map(|upload| held(upload).record.clone()).collect();
        records.sort_by(|a, b| (&a.key, &a.id).cmp(&(&b.key, &b.id)));
        records
    }

    /// Makes `written` the part `number`, in the place of an older one; `now` is Unix time in seconds.
    pub(crate) fn put_part(
        &self,
        upload: &Mutex<Upload>,
        number: u16,
        written: Written,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut upload = held(upload);
        if upload.closed {
            return Err(StoreError::NoSuchUpload);
        }
        let record = PartRecord {
            format: FORMAT,
            etag: written.etag(),
            modified: now,
            checksums: written.checksums,
            segment: written.data.record().clone(),
        };
        // As in `Store::commit`: never a record without its bytes.
        written.data.keep();
        let path = self.layout.part_record(&upload.record.id, number);
        self.layout.write_record(&path, &record)?;
        let part = Part { record, data: written.data };
        if let Some(old) = upload.parts.insert(number, part) {
            old.data.doom();
        }
        Ok(())
    }

    /// Makes the claimed parts one object; `now` is Unix time in seconds.
    ///
    /// # Errors
    /// Any of [`StoreError`]; the upload stays open then, as on S3.
    pub(crate) fn complete_upload(
        &self,
        upload: &Mutex<Upload>,
        claims: &[PartClaim],
        whole: &WholeClaim,
        condition: &Precondition,
        now: i64,
    ) -> Result<Arc<Object>, StoreError> {
        let mut upload = held(upload);
        if upload.closed {
            return Err(StoreError::NoSuchUpload);
        }
        let parts = select(&upload, claims)?;
        let record = describe(&upload.record, &parts, now);
        if record.size > MAX_OBJECT {
            return Err(StoreError::ObjectTooLarge { size: record.size, maximum: MAX_OBJECT });
        }
        if let Some(promised) = whole.size.filter(|promised| *promised != record.size) {
            return Err(StoreError::SizeMismatch { promised, actual: record.size });
        }
        if !record.checksums.satisfy(&whole.checksums) {
            return Err(StoreError::BadDigest);
        }
        let data: Vec<_> = parts.iter().map(|part| Arc::clone(&part.data)).collect();
        let object = self.commit(record, data, condition)?;

        upload.closed = true;
        let used: HashSet<_> = object.data.iter().map(|file| file.record().id.as_str()).collect();
        for part in std::mem::take(&mut upload.parts).into_values() {
            if !used.contains(part.data.record().id.as_str()) {
                part.data.doom();
            }
        }
        self.forget(&upload.record.id);
        Ok(object)
    }

    /// Ends an upload and drops its parts.
    pub(crate) fn abort_upload(&self, upload: &Mutex<Upload>) -> Result<(), StoreError> {
        let mut upload = held(upload);
        if upload.closed {
            return Err(StoreError::NoSuchUpload);
        }
        // This record gone, the upload is gone, whatever happens to the rest.
        self.layout.remove_record(&self.layout.upload_record(&upload.record.id))?;
        upload.closed = true;
        for part in std::mem::take(&mut upload.parts).into_values() {
            part.data.doom();
        }
        self.forget(&upload.record.id);
        Ok(())
    }

    fn forget(&self, id: &str) {
        held(&self.uploads).remove(id);
        if let Err(error) = fs::remove_dir_all(self.layout.upload_folder(id)) {
            tracing::warn!(upload = id, %error, "the folder of an ended upload stays until the next start");
        }
    }
}

/// The parts that `claims` name, in their order.
fn select<'a>(upload: &'a Upload, claims: &[PartClaim]) -> Result<Vec<&'a Part>, StoreError> {
    if claims.is_empty() {
        return Err(StoreError::NoParts);
    }
    if !claims.is_sorted_by(|a, b| a.number < b.number) {
        return Err(StoreError::InvalidPartOrder);
    }
    let mut parts = Vec::with_capacity(claims.len());
    for claim in claims {
        let invalid = StoreError::InvalidPart { number: claim.number };
        let Some(part) = u16::try_from(claim.number).ok().and_then(|number| upload.parts.get(&number)) else {
            return Err(invalid);
        };
        if part.record.etag != claim.etag || !part.record.checksums.satisfy(&claim.checksums) {
            return Err(invalid);
        }
        parts.push(part);
    }
    let last = parts.len() - 1;
    for (part, claim) in parts[..last].iter().zip(claims) {
        if part.data.length() < MIN_PART {
            return Err(StoreError::PartTooSmall {
                number: u16::try_from(claim.number).unwrap_or(MAX_PARTS),
                size: part.data.length(),
                minimum: MIN_PART,
            });
        }
    }
    Ok(parts)
}

/// The record of the finished object. Its ETag is the MD5 of the parts' MD5s and their number.
fn describe(upload: &UploadRecord, parts: &[&Part], now: i64) -> ObjectRecord {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(unhex(&part.record.etag));
    }
    let sums: Vec<_> = parts.iter().map(|part| (&part.record.checksums, part.data.length())).collect();
    ObjectRecord {
        format: FORMAT,
        key: upload.key.clone(),
        size: parts.iter().map(|part| part.data.length()).sum(),
        etag: format!("{}-{}", hex(&md5.finalize()), parts.len()),
        modified: now,
        headers: upload.headers.clone(),
        checksums: checksums::of_parts(&sums),
        upload_id: Some(upload.id.clone()),
        segments: parts.iter().map(|part| part.record.segment.clone()).collect(),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let nibble = |byte: u8| match byte {
        b'0'..=b'9' => byte - b'0',
        _ => byte.wrapping_sub(b'a').wrapping_add(10) & 0xf,
    };
    text.as_bytes().as_chunks::<2>().0.iter().map(|[high, low]| nibble(*high) << 4 | nibble(*low)).collect()
}
