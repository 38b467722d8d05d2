//! Work that need not be done twice: a small file says from what the result was made.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

/// A stamp beside a result.
#[derive(Debug)]
pub(crate) struct Stamp {
    file: PathBuf,
    key: String,
}

impl Stamp {
    /// The stamp in `file` for a result made from `inputs`.
    pub(crate) fn new(file: PathBuf, inputs: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for input in inputs {
            // The length keeps ("ab", "c") apart from ("a", "bc").
            hash.update((input.len() as u64).to_be_bytes());
            hash.update(input);
        }
        Self { file, key: hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect() }
    }

    /// Whether the result was made from these inputs.
    pub(crate) fn fits(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|key| key == self.key)
    }

    /// Says that the result is being made anew: it fits nothing until [`Stamp::set`].
    pub(crate) fn clear(&self) -> anyhow::Result<()> {
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("removing {}", self.file.display()))
            }
            _ => Ok(()),
        }
    }

    /// Says that the result is made.
    pub(crate) fn set(&self) -> anyhow::Result<()> {
        replace(&self.file, self.key.as_bytes())
    }
}

/// Writes `file` in one step: who reads it meanwhile sees the old content or the new.
pub(crate) fn replace(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let new = file.with_file_name(format!(".{name}.{}", std::process::id()));
    fs::write(&new, content)
        .and_then(|()| fs::rename(&new, file))
        .with_context(|| format!("writing {}", file.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn a_stamp_fits_its_inputs_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let stamp = |inputs: &[&[u8]]| Stamp::new(folder.path().join("stamp"), inputs);
        assert!(!stamp(&[b"ab", b"c"]).fits());
        stamp(&[b"ab", b"c"]).set().unwrap();
        assert!(stamp(&[b"ab", b"c"]).fits());
        assert!(!stamp(&[b"a", b"bc"]).fits());
        stamp(&[b"ab", b"c"]).clear().unwrap();
        assert!(!stamp(&[b"ab", b"c"]).fits());
        stamp(&[]).clear().unwrap();
    }
}
