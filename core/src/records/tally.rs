//! How much is stored and how much is on its way: counted when an upload is granted, settled when it ends, and never
//! twice, since each upload is counted by its name.

use crate::refusal::Refusal;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use serde::{Deserialize, Serialize};

/// Bytes and files that are there, and uploads that may still bring theirs.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Bytes of all files.
    pub bytes: u64,
    /// How many files there are.
    pub files: u64,
    /// Granted uploads by the id of the file that they become, with their bytes.
    #[serde(default)]
    pub pending: BTreeMap<String, u64>,
}

/// The most that a tally may hold; `None` is no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// Bytes, pending ones among them.
    pub bytes: Option<u64>,
    /// Files, pending ones among them.
    pub files: Option<u64>,
    /// Uploads at once.
    pub pending: Option<u64>,
}

impl Tally {
    /// Bytes of pending uploads.
    pub fn pending_bytes(&self) -> u64 {
        self.pending.values().fold(0, |sum, size| sum.saturating_add(*size))
    }

    /// Takes an upload of `size` bytes on; `Ok(false)` if it is already.
    ///
    /// # Errors
    /// [`Refusal::QuotaExceeded`]
    pub fn reserve(&mut self, file: &str, size: u64, limits: &Limits) -> Result<bool, Refusal> {
        if self.pending.contains_key(file) {
            return Ok(false);
        }
        let open = self.pending.len() as u64;
        let over = |limit: Option<u64>, wanted: u64| limit.is_some_and(|limit| wanted > limit);
        if over(limits.pending, open.saturating_add(1)) {
            return Err(Refusal::QuotaExceeded("too many uploads are open: complete or abort some"));
        }
        if over(limits.files, self.files.saturating_add(open).saturating_add(1)) {
            return Err(Refusal::QuotaExceeded("there would be too many files"));
        }
        if over(limits.bytes, self.bytes.saturating_add(self.pending_bytes()).saturating_add(size)) {
            return Err(Refusal::QuotaExceeded("there would be too many bytes"));
        }
        self.pending.insert(file.to_string(), size);
        Ok(true)
    }

    /// The upload has become a file; `false` if that was counted before.
    pub fn finish(&mut self, file: &str) -> bool {
        let Some(size) = self.pending.remove(file) else { return false };
        self.bytes = self.bytes.saturating_add(size);
        self.files = self.files.saturating_add(1);
        true
    }

    /// The upload will not become a file; `false` if that was counted before.
    pub fn drop_pending(&mut self, file: &str) -> bool {
        self.pending.remove(file).is_some()
    }

    /// A file is gone.
    pub const fn remove(&mut self, size: u64) {
        self.bytes = self.bytes.saturating_sub(size);
        self.files = self.files.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { bytes: Some(100), files: Some(3), pending: Some(2) };

    #[test]
    fn pending_uploads_count_and_are_settled_once() {
        let mut tally = Tally::default();
        assert_eq!(tally.reserve("a", 60, &LIMITS), Ok(true));
        assert_eq!(tally.reserve("a", 60, &LIMITS), Ok(false));
        assert_eq!(tally.reserve("b", 41, &LIMITS).unwrap_err().code(), "quota_exceeded");
        assert_eq!(tally.reserve("b", 40, &LIMITS), Ok(true));
        assert_eq!(tally.reserve("c", 0, &LIMITS).unwrap_err().code(), "quota_exceeded");
        assert!(tally.finish("a") && !tally.finish("a"));
        assert!(tally.drop_pending("b") && !tally.drop_pending("b") && !tally.finish("b"));
        assert_eq!((tally.bytes, tally.files, tally.pending_bytes()), (60, 1, 0));
        assert_eq!(tally.reserve("d", 20, &LIMITS), Ok(true));
        assert_eq!(tally.reserve("e", 20, &LIMITS), Ok(true));
        assert!(tally.finish("d") && tally.finish("e"));
        assert!(tally.reserve("f", 0, &LIMITS).is_err(), "a fourth file");
        tally.remove(60);
        assert_eq!((tally.bytes, tally.files), (40, 2));
        assert_eq!(tally.reserve("f", u64::MAX, &Limits::default()), Ok(true));
    }
}
