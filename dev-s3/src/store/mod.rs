//! The bucket: objects in an ordered index in memory, each backed by a record and immutable data files on disk.
//!
//! A write becomes visible when its record is renamed into place, under the lock of its key: metadata and bytes change
//! together, and of many conditional writes of one key exactly one wins. Everything here blocks; callers go through
//! `tokio::task::spawn_blocking`.

pub(crate) mod checksums;
pub(crate) mod data;
mod error;
pub(crate) mod layout;
mod load;
pub(crate) mod record;
pub(crate) mod uploads;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use self::data::DataFile;
pub(crate) use self::error::StoreError;
pub use self::layout::Durability;
use self::layout::Layout;
pub use self::load::OpenError;
use self::record::ObjectRecord;
use self::uploads::Upload;

/// How many keys can be written at the same time without waiting for each other.
const KEY_LOCKS: usize = 64;

/// One version of an object: what readers hold.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) record: ObjectRecord,
    pub(crate) data: Vec<Arc<DataFile>>,
}

/// What a conditional write asks of the object that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// Nothing.
    Any,
    /// `If-None-Match: *`
    Absent,
    /// `If-Match: *`
    Present,
    /// `If-Match: "<etag>"`, without quotes.
    Is(String),
}

/// The bucket's content.
#[derive(Debug)]
pub(crate) struct Store {
    layout: Layout,
    objects: RwLock<BTreeMap<String, Arc<Object>>>,
    uploads: Mutex<HashMap<String, Arc<Mutex<Upload>>>>,
    key_locks: [Mutex<()>; KEY_LOCKS],
    /// Locked while this value lives, so that two servers never share a folder.
    _lock: File,
}

impl Store {
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The current version of `key`.
    pub(crate) fn find(&self, key: &str) -> Option<Arc<Object>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner).get(key).map(Arc::clone)
    }

    /// Up to `limit` objects whose keys follow `after` and start with `prefix`, in the order of UTF-8 bytes.
    pub(crate) fn range(&self, prefix: &str, after: Bound<&str>, limit: usize) -> Vec<Arc<Object>> {
        let start = match after {
            Bound::Included(key) | Bound::Excluded(key) if key >= prefix => after,
            _ => Bound::Included(prefix),
        };
        self.objects
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(limit)
            .map(|(_, object)| Arc::clone(object))
            .collect()
    }

    /// Makes `record` and its bytes the current version of its key, if `condition` holds at that moment.
    ///
    /// # Errors
    /// [`StoreError::PreconditionFailed`], [`StoreError::NoSuchKey`] (`If-Match` without an object), or I/O.
    pub(crate) fn commit(
        &self,
        record: ObjectRecord,
        data: Vec<Arc<DataFile>>,
        condition: &Precondition,
    ) -> Result<Arc<Object>, StoreError> {
        let _key = self.lock_key(&record.key);
        condition.check(self.find(&record.key).as_deref())?;
        // From here a failure may come after the rename: better to leave unnamed files (swept at the next start) than
        // a record without its bytes.
        data.iter().for_each(|file| file.keep());
        self.layout.write_record(&self.layout.object_record(&record.key), &record)?;
        let key = record.key.clone();
        let object = Arc::new(Object { record, data });
        let replaced = self.write_index().insert(key, Arc::clone(&object));
        if let Some(old) = replaced {
            old.doom();
        }
        Ok(object)
    }

    /// Removes `key`. An object that is not there counts as removed, condition or not
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html>, `If-Match`).
    ///
    /// # Errors
    /// [`StoreError::PreconditionFailed`] or I/O.
    pub(crate) fn remove(&self, key: &str, condition: &Precondition) -> Result<(), StoreError> {
        let _key = self.lock_key(key);
        let Some(object) = self.find(key) else {
            return Ok(());
        };
        condition.check(Some(&object))?;
        self.layout.remove_record(&self.layout.object_record(key))?;
        self.write_index().remove(key);
        object.doom();
        Ok(())
    }

    fn lock_key(&self, key: &str) -> MutexGuard<'_, ()> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
        let slot = usize::try_from(hash % KEY_LOCKS as u64).unwrap_or(0);
        held(&self.key_locks[slot])
    }

    fn write_index(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<String, Arc<Object>>> {
        self.objects.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Object {
    /// Its files go when the last reader is done.
    fn doom(&self) {
        self.data.iter().for_each(|file| file.doom());
    }
}

impl Precondition {
    /// Whether a write may go on over `current`.
    ///
    /// # Errors
    /// [`StoreError::PreconditionFailed`], or [`StoreError::NoSuchKey`] for `If-Match` without an object.
    pub(crate) fn check(&self, current: Option<&Object>) -> Result<(), StoreError> {
        match (self, current) {
            (Self::Any, _) | (Self::Absent, None) | (Self::Present, Some(_)) => Ok(()),
            (Self::Is(etag), Some(object)) if *etag == object.record.etag => Ok(()),
            (Self::Absent | Self::Is(_), Some(_)) => Err(StoreError::PreconditionFailed),
            (Self::Present | Self::Is(_), None) => Err(StoreError::NoSuchKey),
        }
    }
}

/// Locks `mutex`; what a panicking holder left is whole, because every change is one assignment.
pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
