//! An upload that is granted and not complete.

use super::VERSION;
use crate::access::Owner;
use crate::issue::Upload;
use crate::time::UnixTime;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// Longest name that a guest gives, in bytes.
pub const MAX_SENDER_BYTES: usize = 128;

/// Who sent a file by an upload link.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sender {
    /// The name that the guest gave.
    #[serde(default)]
    pub name: Option<String>,
    /// The address that the platform saw.
    #[serde(default)]
    pub address: Option<String>,
}

/// The record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UploadRecord {
    /// Its version.
    pub v: u32,
    /// The id of the file that it becomes.
    pub file: String,
    /// The object's key below the shared prefix.
    pub key: String,
    /// Whose it will be.
    pub owner: Owner,
    /// What it is called.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Media type.
    pub r#type: String,
    /// SHA-256 in base64, if it was promised.
    #[serde(default)]
    pub sha256: Option<String>,
    /// CRC-64/NVME in base64, if it was promised.
    #[serde(default)]
    pub crc64nvme: Option<String>,
    /// Whether it is sent in parts.
    pub multipart: bool,
    /// S3's name of the upload in parts, once it is begun.
    #[serde(default)]
    pub upload_id: Option<String>,
    /// When the grant ends, in seconds since 1970.
    pub expires_at: u64,
    /// When it was granted, in seconds since 1970.
    pub created_at: u64,
    /// To whom.
    pub created_by: String,
    /// The upload link that it came by.
    #[serde(default)]
    pub link: Option<String>,
    /// The guest.
    #[serde(default)]
    pub sender: Option<Sender>,
}

impl UploadRecord {
    /// What was granted.
    pub fn new(
        upload: &Upload,
        owner: Owner,
        created_by: String,
        guest: Option<(String, Sender)>,
        now: UnixTime,
    ) -> Self {
        let (link, sender) = guest.unzip();
        Self {
            v: VERSION,
            file: upload.file().into(),
            key: upload.path().key().into(),
            owner,
            name: upload.name().into(),
            size: upload.plan().size(),
            r#type: upload.content_type().into(),
            sha256: upload.sha256().map(String::from),
            crc64nvme: upload.crc64nvme().map(String::from),
            multipart: !upload.is_single(),
            upload_id: None,
            expires_at: upload.expires().as_secs(),
            created_at: now.as_secs(),
            created_by,
            link,
            sender,
        }
    }

    /// Whether its grant has ended, so that it may be thrown away. A minute more is given to what is on the wire.
    pub const fn is_stale(&self, now: UnixTime) -> bool {
        now.as_secs() >= self.expires_at.saturating_add(60)
    }
}
