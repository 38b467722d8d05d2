//! A download that is not finished: the bytes that are there, in a file beside the final one, and what is known of them.

use crate::config::{remove_private, write_private};
use crate::failure::{Failure, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// What is known.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(crate) struct Record {
    v: u32,
    /// A digest of the link: bytes of another one are not gone on with.
    of: String,
    /// The Idempotency-Key of the claim of a counted link.
    pub(crate) claim_key: String,
    /// The version, once it is known.
    pub(crate) etag: Option<String>,
    pub(crate) size: u64,
    /// Bytes of a piece.
    pub(crate) piece: u64,
    /// The pieces that are there, synced to the disk before this was written.
    pub(crate) done: Vec<bool>,
}

/// The files beside a final one.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) part: PathBuf,
    pub(crate) state: PathBuf,
}

impl Places {
    pub(crate) fn beside(path: &Path) -> Result<Self> {
        let name = path.file_name().ok_or_else(|| Failure::usage(format!("{} names no file", path.display())))?;
        // Not the name itself: that may be as long as a name can be.
        let digest: String =
            Sha256::digest(name.as_encoded_bytes()).iter().take(8).map(|b| format!("{b:02x}")).collect();
        let place = |end: &str| path.with_file_name(format!(".clouddrop-{digest}.{end}"));
        Ok(Self { part: place("part"), state: place("state") })
    }

    pub(crate) fn forget(&self) {
        remove_private(&self.state);
        let _ = fs::remove_file(&self.part);
    }
}

impl Record {
    /// What is known of the download of just this link, or the beginning of it.
    pub(crate) fn of(identity: &str, places: &Places, piece: u64) -> Result<Self> {
        let of: String = Sha256::digest(identity).iter().map(|byte| format!("{byte:02x}")).collect();
        let kept = fs::read(&places.state).ok().and_then(|text| serde_json::from_slice::<Self>(&text).ok());
        if let Some(record) = kept.filter(|record| record.v == 1 && record.of == of && record.is_sound(places)) {
            return Ok(record);
        }
        places.forget();
        Ok(Self { v: 1, of, claim_key: crate::api::new_key()?, etag: None, size: 0, piece, done: Vec::new() })
    }

    /// Whether the part file can hold what it says.
    fn is_sound(&self, places: &Places) -> bool {
        let pieces = self.size.div_ceil(self.piece.max(1));
        self.etag.is_none()
            || (self.piece > 0
                && self.done.len() as u64 == pieces
                && fs::metadata(&places.part).is_ok_and(|facts| facts.len() == self.size))
    }

    pub(crate) fn save(&self, places: &Places) -> Result<()> {
        let text = serde_json::to_vec(self).map_err(|error| Failure::failed(error.to_string()))?;
        write_private(&places.state, &text)
    }
}
