//! Uploads that are not finished, one small file for each: what was asked for, the keys that make the same call again,
//! and the upload's token, by which it is completed again.

use crate::api::new_key;
use crate::config::{remove_private, state_folder, write_private};
use crate::failure::{Failure, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fs::{self, Metadata};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The service remembers keys for a day: a state that is nearly as old is none.
const KEPT: Duration = Duration::from_secs(23 * 3600);

/// A file to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    /// The folder of files that are sent together.
    pub(crate) folder: Option<String>,
    /// Where it lies below that.
    pub(crate) directory: Option<String>,
}

/// An upload that was begun.
#[derive(Debug)]
pub(crate) struct Unfinished {
    file: PathBuf,
    /// The call that grants it.
    pub(crate) request: Value,
    /// The Idempotency-Key of that call.
    pub(crate) key: String,
    /// What those of the calls that make links are made of.
    share_key: String,
    /// The token that was granted.
    pub(crate) upload: Option<String>,
    begun_at: u64,
    /// It was begun by an earlier run.
    pub(crate) is_old: bool,
}

#[derive(Serialize, Deserialize)]
struct Record {
    v: u32,
    begun_at: u64,
    request: Value,
    key: String,
    share_key: String,
    upload: Option<String>,
}

impl Unfinished {
    /// The upload of just this file, by its place, size and time of change, if one was begun.
    pub(crate) fn find(service: &str, job: &Job, facts: &Metadata) -> Result<Option<Self>> {
        let file = place(service, job, facts)?;
        let Ok(text) = fs::read(&file) else { return Ok(None) };
        let Ok(record) = serde_json::from_slice::<Record>(&text) else { return Ok(None) };
        if record.v != 1 || now().saturating_sub(record.begun_at) > KEPT.as_secs() {
            return Ok(None);
        }
        Ok(Some(Self::of(file, record, true)))
    }

    /// Writes down that an upload begins, before anything is asked for.
    pub(crate) fn begin(service: &str, job: &Job, facts: &Metadata, request: Value) -> Result<Self> {
        let file = place(service, job, facts)?;
        let (key, share_key) = (new_key()?, new_key()?);
        let record = Record { v: 1, begun_at: now(), request, key, share_key, upload: None };
        let unfinished = Self::of(file, record, false);
        unfinished.save()?;
        Ok(unfinished)
    }

    fn of(file: PathBuf, record: Record, is_old: bool) -> Self {
        let Record { begun_at, request, key, share_key, upload, .. } = record;
        Self { file, request, key, share_key, upload, begun_at, is_old }
    }

    /// Remembers what was granted, before anything is sent.
    pub(crate) fn granted(&mut self, upload: &str) -> Result<()> {
        if self.upload.as_deref() != Some(upload) {
            self.upload = Some(upload.into());
            self.save()?;
        }
        Ok(())
    }

    fn save(&self) -> Result<()> {
        let record = Record {
            v: 1,
            begun_at: self.begun_at,
            request: self.request.clone(),
            key: self.key.clone(),
            share_key: self.share_key.clone(),
            upload: self.upload.clone(),
        };
        let text = serde_json::to_vec(&record).map_err(|error| Failure::failed(error.to_string()))?;
        write_private(&self.file, &text)
    }

    /// Nothing of it is left to be done.
    pub(crate) fn forget(&self) {
        remove_private(&self.file);
    }

    /// The Idempotency-Key of the call that makes the link: one for each set of terms, so that the same command gets the
    /// same link, and another one a link of its own.
    pub(crate) fn share_key(&self, terms: &Value) -> String {
        let mut hash = Sha256::new();
        hash.update(&self.share_key);
        hash.update(terms.to_string());
        hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Throws away the states of uploads that the service no longer knows: they hold tokens, and no file leads to them.
pub(crate) fn forget_old() -> Result<()> {
    let Ok(entries) = fs::read_dir(state_folder()?) else { return Ok(()) };
    for path in entries.flatten().map(|entry| entry.path()) {
        let written = fs::symlink_metadata(&path).and_then(|facts| facts.modified());
        if written.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > KEPT)) {
            remove_private(&path);
        }
    }
    Ok(())
}

/// Where the state of a file lies: a changed file has another.
fn place(service: &str, job: &Job, facts: &Metadata) -> Result<PathBuf> {
    let changed = facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let mut hash = Sha256::new();
    for part in [service, &job.path.to_string_lossy(), &job.name, job.folder.as_deref().unwrap_or("")] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(facts.len().to_be_bytes());
    hash.update(changed.as_nanos().to_be_bytes());
    let name: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Ok(state_folder()?.join(format!("{name}.json")))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
