//! Data files: bytes written once, read by many, removed when the last reader of a replaced object is done.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use md5::{Digest as _, Md5};
use s3s::checksum::ChecksumHasher;

use super::checksums::{self, Checksums};
use super::layout::{Layout, hex, random_id};
use super::record::SegmentRecord;

/// A data file. It is removed from disk when the last holder lets go, unless a record names it ([`DataFile::keep`]).
#[derive(Debug)]
pub(crate) struct DataFile {
    path: PathBuf,
    record: SegmentRecord,
    doomed: AtomicBool,
}

impl DataFile {
    /// A file that a record on disk names.
    ///
    /// # Errors
    /// The file is missing or has another length than its record says.
    pub(crate) fn named(layout: &Layout, record: SegmentRecord) -> io::Result<Self> {
        let path = layout.data_file(&record.id);
        let length = fs::metadata(&path)?.len();
        if length != record.length {
            return Err(io::Error::other(format!(
                "{} has {length} bytes where its record says {}",
                path.display(),
                record.length
            )));
        }
        Ok(Self { path, record, doomed: AtomicBool::new(false) })
    }

    pub(crate) fn record(&self) -> &SegmentRecord {
        &self.record
    }

    /// Bytes.
    pub(crate) fn length(&self) -> u64 {
        self.record.length
    }

    /// A record names this file now.
    pub(crate) fn keep(&self) {
        self.doomed.store(false, Ordering::Release);
    }

    /// No record names this file any more.
    pub(crate) fn doom(&self) {
        self.doomed.store(true, Ordering::Release);
    }

    fn open_at(&self, offset: u64) -> io::Result<File> {
        let mut file = File::open(&self.path)?;
        if offset > 0 {
            file.seek(SeekFrom::Start(offset))?;
        }
        Ok(file)
    }
}

impl Drop for DataFile {
    fn drop(&mut self) {
        if *self.doomed.get_mut() {
            // Best effort: a file without a record is swept at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A data file being written, hashed on the way.
pub(crate) struct Sink {
    path: PathBuf,
    id: String,
    file: Option<File>,
    md5: Md5,
    checksums: ChecksumHasher,
    written: u64,
}

/// Bytes at rest and their digests.
pub(crate) struct Written {
    pub(crate) data: Arc<DataFile>,
    pub(crate) md5: [u8; 16],
    pub(crate) checksums: Checksums,
}

impl Written {
    /// The ETag of a single PUT or part: MD5 in hex, without quotes.
    pub(crate) fn etag(&self) -> String {
        hex(&self.md5)
    }
}

impl Sink {
    /// Opens a new data file; `wanted` names the checksums to compute.
    pub(crate) fn create(layout: &Layout, wanted: &Checksums) -> io::Result<Self> {
        let id = random_id()?;
        let path = layout.data_file(&id);
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        Ok(Self {
            file: Some(File::create_new(&path)?),
            path,
            id,
            md5: Md5::new(),
            checksums: checksums::hasher(wanted),
            written: 0,
        })
    }

    /// Bytes taken so far.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Appends `bytes`.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(file) = self.file.as_mut() else {
            return Err(io::Error::other("the data file is closed"));
        };
        file.write_all(bytes)?;
        self.md5.update(bytes);
        self.checksums.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Closes the file. It stays doomed until a record names it.
    pub(crate) fn finish(mut self, layout: &Layout) -> io::Result<Written> {
        if let Some(file) = &self.file {
            layout.settle_data(file, &self.path)?;
        }
        self.file = None;
        let data = DataFile {
            path: std::mem::take(&mut self.path),
            record: SegmentRecord { id: std::mem::take(&mut self.id), length: self.written },
            doomed: AtomicBool::new(true),
        };
        Ok(Written {
            data: Arc::new(data),
            md5: std::mem::take(&mut self.md5).finalize().into(),
            checksums: std::mem::take(&mut self.checksums).finalize().into(),
        })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if self.file.is_some() {
            // Abandoned half-way: the client left, or promised other bytes.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A range of an object, read in order. It holds the files, so that replacing the object does not cut it short.
pub(crate) struct RangeReader {
    files: std::vec::IntoIter<(Arc<DataFile>, u64, u64)>,
    current: Option<(File, u64)>,
}

impl RangeReader {
    /// Reads the bytes `range` of the concatenation of `files`.
    pub(crate) fn new(files: &[Arc<DataFile>], range: std::ops::Range<u64>) -> Self {
        let mut start = 0;
        let mut pieces = Vec::new();
        for file in files {
            let end = start + file.length();
            let from = range.start.max(start);
            let to = range.end.min(end);
            if from < to {
                pieces.push((Arc::clone(file), from - start, to - from));
            }
            start = end;
        }
        Self { files: pieces.into_iter(), current: None }
    }

    /// The next at most `limit` bytes; `None` at the end.
    ///
    /// # Errors
    /// Reading failed, or a file is shorter than its record says.
    pub(crate) fn next_chunk(&mut self, limit: usize) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some((file, left)) = self.current.as_mut().filter(|(_, left)| *left > 0) {
                let wanted = (*left).min(limit as u64);
                // `read_to_end` on a limited reader fills spare capacity without zeroing it first.
                let mut chunk = Vec::with_capacity(usize::try_from(wanted).unwrap_or(limit));
                (&*file).take(wanted).read_to_end(&mut chunk)?;
                if (chunk.len() as u64) < wanted {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                *left -= wanted;
                return Ok(Some(chunk));
            }
            match self.files.next() {
                None => return Ok(None),
                Some((data, offset, length)) => self.current = Some((data.open_at(offset)?, length)),
            }
        }
    }
}
