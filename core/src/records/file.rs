//! A file as it is remembered: what was sent, by whom, and what it is called.

use super::upload::{Sender, UploadRecord};
use crate::access::Owner;
use crate::issue::share::check_file_name;
use crate::refusal::Refusal;
use crate::time::UnixTime;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// The record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its version.
    pub v: u32,
    /// Its id.
    pub id: String,
    /// The object's key below the shared prefix.
    pub key: String,
    /// Whose it is.
    pub owner: Owner,
    /// What it is called; shares give this name to downloads.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// The media type that it was sent with.
    pub r#type: String,
    /// Its SHA-256 in base64, where it is known.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Its CRC-64/NVME in base64, where it is known.
    #[serde(default)]
    pub crc64nvme: Option<String>,
    /// The object's entity tag, with its quotes.
    pub etag: String,
    /// When it was complete, in seconds since 1970.
    pub created_at: u64,
    /// Who sent it.
    pub created_by: String,
    /// The upload link that it came by.
    #[serde(default)]
    pub link: Option<String>,
    /// The guest that sent it.
    #[serde(default)]
    pub sender: Option<Sender>,
}

/// The JSON of a call that renames a file.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileChange {
    /// The new name.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 255), regex(pattern = crate::issue::schema::PLAIN)))]
    pub name: String,
}

impl FileRecord {
    /// What an upload has become.
    pub fn of(upload: &UploadRecord, etag: String, now: UnixTime) -> Self {
        Self {
            v: super::VERSION,
            id: upload.file.clone(),
            key: upload.key.clone(),
            owner: upload.owner.clone(),
            name: upload.name.clone(),
            size: upload.size,
            r#type: upload.r#type.clone(),
            sha256: upload.sha256.clone(),
            crc64nvme: upload.crc64nvme.clone(),
            etag,
            created_at: now.as_secs(),
            created_by: upload.created_by.clone(),
            link: upload.link.clone(),
            sender: upload.sender.clone(),
        }
    }

    /// Renames it.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`]
    pub fn change(&mut self, change: &FileChange) -> Result<(), Refusal> {
        check_file_name(&change.name)?;
        self.name.clone_from(&change.name);
        Ok(())
    }

    /// Whether it is one of those that a list asks for: `prefix` of its key within the owner's folder, `name` in lower
    /// case within its name.
    pub fn matches(&self, prefix: Option<&str>, name: Option<&str>) -> bool {
        let within = self.key.split_once('/').map_or(self.key.as_str(), |(_, rest)| rest);
        prefix.is_none_or(|prefix| within.starts_with(prefix))
            && name.is_none_or(|name| self.name.to_lowercase().contains(name))
    }
}
