//! Where things lie on disk, and the one way a record gets there: written beside, then renamed.
//!
//! ```text
//! <data>/<bucket>/lock                       held while a server runs
//! <data>/<bucket>/data/ab/<id>               bytes, written once, named at random
//! <data>/<bucket>/objects/ab/<sha256>.json   one per key: metadata and the ids of its bytes
//! <data>/<bucket>/uploads/<id>/upload.json   an open multipart upload
//! <data>/<bucket>/uploads/<id>/<n>.json      one of its parts
//! <data>/<bucket>/tmp/<id>                   records being written
//! ```
//! No name is made of a key: a key may be `..`, `a` beside `a/b`, or 1024 bytes long.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The end of this process, however abrupt. Enough for development, and fast.
    ProcessCrash,
    /// A power cut too: files and folders are synced before a reply.
    PowerLoss,
}

/// The folders of one bucket.
#[derive(Debug)]
pub(crate) struct Layout {
    root: PathBuf,
    durability: Durability,
}

impl Layout {
    /// Makes the folders of `bucket` below `data` where they are missing.
    pub(crate) fn create(data: &Path, bucket: &str, durability: Durability) -> io::Result<Self> {
        let root = data.join(bucket);
        for folder in ["data", "objects", "uploads", "tmp"] {
            fs::create_dir_all(root.join(folder))?;
        }
        Ok(Self { root, durability })
    }

    pub(crate) fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub(crate) fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    pub(crate) fn lock_file(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// The record of `key`, named by its SHA-256.
    pub(crate) fn object_record(&self, key: &str) -> PathBuf {
        let name = hex(&Sha256::digest(key.as_bytes()));
        self.objects().join(&name[..2]).join(format!("{name}.json"))
    }

    /// The data file called `id`.
    pub(crate) fn data_file(&self, id: &str) -> PathBuf {
        self.data().join(&id[..2]).join(id)
    }

    pub(crate) fn upload_folder(&self, id: &str) -> PathBuf {
        self.uploads().join(id)
    }

    pub(crate) fn upload_record(&self, id: &str) -> PathBuf {
        self.upload_folder(id).join("upload.json")
    }

    pub(crate) fn part_record(&self, id: &str, part_number: u16) -> PathBuf {
        self.upload_folder(id).join(format!("{part_number}.json"))
    }

    /// Replaces the record at `path` in one step: a reader sees the old one or the new one.
    pub(crate) fn write_record(&self, path: &Path, record: &impl Serialize) -> io::Result<()> {
        let parent = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent)?;
        let temporary = self.root.join("tmp").join(random_id()?);
        let mut file = File::create_new(&temporary)?;
        file.write_all(&serde_json::to_vec(record)?)?;
        if self.durability == Durability::PowerLoss {
            file.sync_all()?;
        }
        drop(file);
        fs::rename(&temporary, path).inspect_err(|_| {
            // Best effort: what stays is swept at the next start.
            let _ = fs::remove_file(&temporary);
        })?;
        self.sync_folder(parent)
    }

    /// Removes the record at `path`; one that is already gone is fine.
    pub(crate) fn remove_record(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.sync_folder(path.parent().unwrap_or(&self.root)),
        }
    }

    /// Makes finished bytes as durable as asked for.
    pub(crate) fn settle_data(&self, file: &File, path: &Path) -> io::Result<()> {
        if self.durability == Durability::PowerLoss {
            file.sync_all()?;
        }
        self.sync_folder(path.parent().unwrap_or(&self.root))
    }

    /// Empties the folder of half-written records left by an abrupt end.
    pub(crate) fn sweep_temporary(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.root.join("tmp"))? {
            fs::remove_file(entry?.path())?;
        }
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        match self.durability {
            Durability::ProcessCrash => Ok(()),
            // The name in the folder needs a sync of its own (fsync(2)), and so does a fresh folder in its parent.
            Durability::PowerLoss => {
                File::open(folder)?.sync_all()?;
                match folder.parent() {
                    Some(parent) => File::open(parent)?.sync_all(),
                    None => Ok(()),
                }
            }
        }
    }
}

/// 128 random bits in hex: names of data files, uploads and requests.
pub(crate) fn random_id() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex(&bytes))
}

/// Whether `text` could have come from [`random_id`]: checked before a name read back is made a path.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
