//! The checksum by which S3 finds out whether what has arrived is what was to be sent.

use crate::failure::Result;
use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indicatif::ProgressBar;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

const CHUNK: usize = 1 << 20;

/// CRC-64/NVME of a file, in base64 as S3 takes it, and how many bytes there were.
pub(crate) fn crc64nvme(path: &Path, bar: &ProgressBar) -> Result<(String, u64)> {
    let reading = || format!("reading {}", path.display());
    let mut file = File::open(path).with_context(reading)?;
    let mut digest = crc64fast_nvme::Digest::new();
    let mut chunk = vec![0; CHUNK];
    let mut size = 0;
    loop {
        let read = file.read(&mut chunk).with_context(reading)?;
        if read == 0 {
            return Ok((STANDARD.encode(digest.sum64().to_be_bytes()), size));
        }
        digest.write(&chunk[..read]);
        size += read as u64;
        bar.inc(read as u64);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn the_check_value_of_the_catalogue() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"123456789").unwrap();
        let (sum, size) = crc64nvme(file.path(), &ProgressBar::hidden()).unwrap();
        // CRC RevEng: check=0xae8b14860a799888
        assert_eq!((sum, size), (STANDARD.encode(0xae8b_1486_0a79_9888_u64.to_be_bytes()), 9));
    }
}
