//! Opening a bucket: read the records, sweep what an abrupt end left behind.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use serde::de::DeserializeOwned;

use super::data::DataFile;
use super::layout::{Durability, Layout, is_id};
use super::record::{FORMAT, ObjectRecord, PartRecord, SegmentRecord, UploadRecord};
use super::uploads::{Part, Upload};
use super::{Object, Store};

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another server holds the folder.
    #[error("the data folder {} is in use by another server: stop it, or choose another --data", .0.display())]
    InUse(PathBuf),
    /// A record cannot be read.
    #[error("{} is damaged ({reason}): remove it to start without it", .path.display())]
    Damaged {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder cannot be read or written.
    #[error("the data folder {} cannot be used: {source}", .path.display())]
    Io {
        /// The data folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Store {
    /// Opens the bucket below `data`, making it where it is missing.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub(crate) fn open(data: &Path, bucket: &str, durability: Durability) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Io { path: data.to_owned(), source };
        let layout = Layout::create(data, bucket, durability).map_err(failed)?;
        let lock = File::create(layout.lock_file()).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(data.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        layout.sweep_temporary().map_err(failed)?;

        let objects = load_objects(&layout)?;
        let completed: HashSet<&str> =
            objects.values().filter_map(|object| object.record.upload_id.as_deref()).collect();
        let uploads = load_uploads(&layout, &completed)?;

        let mut named: HashSet<String> = HashSet::new();
        for file in objects.values().flat_map(|object| &object.data) {
            named.insert(file.record().id.clone());
        }
        for part in uploads.values().flat_map(|upload| upload.parts.values()) {
            named.insert(part.data.record().id.clone());
        }
        sweep_data(&layout, &named).map_err(failed)?;

        Ok(Self {
            layout,
            objects: RwLock::new(objects),
            uploads: Mutex::new(uploads.into_iter().map(|(id, upload)| (id, Arc::new(Mutex::new(upload)))).collect()),
            key_locks: std::array::from_fn(|_| Mutex::new(())),
            _lock: lock,
        })
    }
}

fn load_objects(layout: &Layout) -> Result<BTreeMap<String, Arc<Object>>, OpenError> {
    let mut objects = BTreeMap::new();
    for folder in entries(&layout.objects())? {
        for path in entries(&folder)? {
            let record: ObjectRecord = read(&path)?;
            if record.format != FORMAT {
                return Err(damaged(&path, "it is of another version"));
            }
            let data = record
                .segments
                .iter()
                .map(|segment| data_file(layout, &path, segment))
                .collect::<Result<Vec<_>, _>>()?;
            objects.insert(record.key.clone(), Arc::new(Object { record, data }));
        }
    }
    Ok(objects)
}

fn load_uploads(layout: &Layout, completed: &HashSet<&str>) -> Result<HashMap<String, Upload>, OpenError> {
    let mut uploads = HashMap::new();
    for folder in entries(&layout.uploads())? {
        let id = folder.file_name().and_then(|name| name.to_str()).unwrap_or("");
        // Completed, but the end came before the clean-up; or aborted half-way; or never acknowledged.
        if completed.contains(id) || !folder.join("upload.json").exists() {
            fs::remove_dir_all(&folder).map_err(|source| OpenError::Io { path: folder.clone(), source })?;
            continue;
        }
        let record: UploadRecord = read(&layout.upload_record(id))?;
        if record.format != FORMAT || record.id != id {
            return Err(damaged(&folder, "its record is of another version or another upload"));
        }
        let mut parts = BTreeMap::new();
        for path in entries(&folder)? {
            let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
            let Ok(number) = name.parse::<u16>() else {
                continue;
            };
            let record: PartRecord = read(&path)?;
            let data = data_file(layout, &path, &record.segment)?;
            parts.insert(number, Part { record, data });
        }
        uploads.insert(record.id.clone(), Upload::opened(record, parts));
    }
    Ok(uploads)
}

fn data_file(layout: &Layout, record: &Path, segment: &SegmentRecord) -> Result<Arc<DataFile>, OpenError> {
    if !is_id(&segment.id) {
        return Err(damaged(record, "it names no data file"));
    }
    match DataFile::named(layout, segment.clone()) {
        Ok(file) => Ok(Arc::new(file)),
        Err(error) => Err(damaged(record, &format!("its bytes: {error}"))),
    }
}

fn sweep_data(layout: &Layout, named: &HashSet<String>) -> io::Result<()> {
    for folder in fs::read_dir(layout.data())? {
        for file in fs::read_dir(folder?.path())? {
            let file = file?;
            if !file.file_name().to_str().is_some_and(|name| named.contains(name)) {
                fs::remove_file(file.path())?;
            }
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let list =
        || -> io::Result<Vec<PathBuf>> { fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect() };
    list().map_err(|source| OpenError::Io { path: folder.to_owned(), source })
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, OpenError> {
    let bytes = fs::read(path).map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|error| damaged(path, &error.to_string()))
}

fn damaged(path: &Path, reason: &str) -> OpenError {
    OpenError::Damaged { path: path.to_owned(), reason: reason.to_owned() }
}
