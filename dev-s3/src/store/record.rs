//! What is written about an object, an upload and a part: the JSON on disk.

use serde::{Deserialize, Serialize};

use super::checksums::Checksums;

/// The number in every record; a newer one is refused instead of misread.
pub(crate) const FORMAT: u32 = 1;

/// One object: everything but its bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ObjectRecord {
    pub(crate) format: u32,
    pub(crate) key: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Without quotes: MD5 in hex, or `<md5 of md5s>-<parts>`.
    pub(crate) etag: String,
    /// Unix time in seconds: HTTP dates are no finer.
    pub(crate) modified: i64,
    /// Reply headers as stored by the client, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) checksums: Checksums,
    /// The multipart upload it came from. After a crash between commit and clean-up it tells that the upload is done.
    pub(crate) upload_id: Option<String>,
    /// Its bytes, in order.
    pub(crate) segments: Vec<SegmentRecord>,
}

/// A data file and its length.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SegmentRecord {
    pub(crate) id: String,
    /// Bytes.
    pub(crate) length: u64,
}

/// An open multipart upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadRecord {
    pub(crate) format: u32,
    pub(crate) id: String,
    pub(crate) key: String,
    /// Unix time in seconds.
    pub(crate) initiated: i64,
    /// Headers the finished object will have.
    pub(crate) headers: Vec<(String, String)>,
    /// As given at creation (`SHA256`, `CRC64NVME`, ...), reported back by the lists.
    pub(crate) checksum_algorithm: Option<String>,
}

/// One part of an upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartRecord {
    pub(crate) format: u32,
    /// MD5 in hex.
    pub(crate) etag: String,
    /// Unix time in seconds.
    pub(crate) modified: i64,
    pub(crate) checksums: Checksums,
    pub(crate) segment: SegmentRecord,
}
