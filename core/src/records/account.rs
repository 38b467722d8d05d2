//! An owner's account: what is stored, what is on its way, and the quota.

use super::VERSION;
use super::tally::{Limits, Tally};
use crate::access::Owner;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Most uploads of an owner at once where the operator sets no other number.
pub const DEFAULT_OPEN_UPLOADS: u64 = 1000;

/// How many removed files are remembered: a removal that broke off is made again soon, or hardly ever.
const REMEMBERED: usize = 64;

/// The quota of every owner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// Most bytes; `None` is no limit.
    pub bytes: Option<u64>,
    /// Most files.
    pub files: Option<u64>,
    /// Most uploads at once.
    pub open_uploads: u64,
}

impl Quota {
    /// As limits of a tally.
    pub const fn limits(&self) -> Limits {
        Limits { bytes: self.bytes, files: self.files, pending: Some(self.open_uploads) }
    }
}

/// The record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Account {
    /// Its version.
    pub v: u32,
    /// Whose it is.
    pub owner: Owner,
    /// Files that were counted out lately, so that none is twice.
    #[serde(default)]
    pub removed: Vec<String>,
    /// What there is.
    #[serde(flatten)]
    pub tally: Tally,
}

impl Account {
    /// An account of nothing.
    pub fn new(owner: Owner) -> Self {
        Self { v: VERSION, owner, removed: Vec::new(), tally: Tally::default() }
    }

    /// Counts a file out; `false` if that was done before.
    pub fn forget(&mut self, file: &str, size: u64) -> bool {
        if self.removed.iter().any(|removed| removed == file) {
            return false;
        }
        self.removed.push(file.into());
        if self.removed.len() > REMEMBERED {
            self.removed.remove(0);
        }
        self.tally.remove(size);
        true
    }
}
