//! The checksums of S3: computed while bytes pass, compared with what the client promised, kept and returned.
//!
//! Values are base64 of the big-endian digest, as in the `x-amz-checksum-*` headers
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto;
use serde::{Deserialize, Serialize};

/// At most one value for each algorithm, base64.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checksums {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crc32: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crc32c: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crc64nvme: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha1: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<String>,
}

/// What follows `x-amz-checksum-` in header names, in the order of [`Checksums::values`].
pub(crate) const NAMES: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];

impl Checksums {
    /// The values in the order of [`NAMES`].
    pub(crate) fn values(&self) -> [Option<&String>; 5] {
        [self.crc32.as_ref(), self.crc32c.as_ref(), self.crc64nvme.as_ref(), self.sha1.as_ref(), self.sha256.as_ref()]
    }

    /// The place for the algorithm called `name` in a header, if there is such an algorithm.
    pub(crate) fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "crc32" => Some(&mut self.crc32),
            "crc32c" => Some(&mut self.crc32c),
            "crc64nvme" => Some(&mut self.crc64nvme),
            "sha1" => Some(&mut self.sha1),
            "sha256" => Some(&mut self.sha256),
            _ => None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values().iter().all(Option::is_none)
    }

    /// Whether every value in `promised` is the value here.
    pub(crate) fn satisfy(&self, promised: &Self) -> bool {
        promised
            .values()
            .into_iter()
            .zip(self.values())
            .all(|(promised, actual)| promised.is_none() || promised == actual)
    }

    /// The promised values and no others: what S3 reports back.
    pub(crate) fn only(&self, promised: &Self) -> Self {
        let keep = |wanted: &Option<String>, value: &Option<String>| wanted.as_ref().and(value.clone());
        Self {
            crc32: keep(&promised.crc32, &self.crc32),
            crc32c: keep(&promised.crc32c, &self.crc32c),
            crc64nvme: keep(&promised.crc64nvme, &self.crc64nvme),
            sha1: keep(&promised.sha1, &self.sha1),
            sha256: keep(&promised.sha256, &self.sha256),
        }
    }
}

impl From<dto::Checksum> for Checksums {
    fn from(sums: dto::Checksum) -> Self {
        Self {
            crc32: sums.checksum_crc32,
            crc32c: sums.checksum_crc32c,
            crc64nvme: sums.checksum_crc64nvme,
            sha1: sums.checksum_sha1,
            sha256: sums.checksum_sha256,
        }
    }
}

/// A hasher for the algorithms set in `wanted`, and always for CRC-64/NVME, S3's own default: it costs next to nothing.
pub(crate) fn hasher(wanted: &Checksums) -> ChecksumHasher {
    ChecksumHasher {
        crc32: wanted.crc32.as_ref().map(|_| Crc32::new()),
        crc32c: wanted.crc32c.as_ref().map(|_| Crc32c::new()),
        crc64nvme: Some(Crc64Nvme::new()),
        sha1: wanted.sha1.as_ref().map(|_| Sha1::new()),
        sha256: wanted.sha256.as_ref().map(|_| Sha256::new()),
    }
}

/// The checksums of a multipart object, from `(checksums, length in bytes)` of its parts in order: CRC-64/NVME of the
/// whole, and the SHA-256 "of SHA-256s" with its `-N` where every part has one.
pub(crate) fn of_parts(parts: &[(&Checksums, u64)]) -> Checksums {
    Checksums { crc64nvme: whole_crc64nvme(parts), sha256: composite_sha256(parts), ..Checksums::default() }
}

fn whole_crc64nvme(parts: &[(&Checksums, u64)]) -> Option<String> {
    let mut whole: Option<u64> = None;
    for (sums, length) in parts {
        let bytes = STANDARD.decode(sums.crc64nvme.as_ref()?).ok()?;
        let part = u64::from_be_bytes(bytes.try_into().ok()?);
        whole = Some(match whole {
            None => part,
            Some(before) => crc_fast::checksum_combine(crc_fast::CrcAlgorithm::Crc64Nvme, before, part, *length),
        });
    }
    whole.map(|value| STANDARD.encode(value.to_be_bytes()))
}

fn composite_sha256(parts: &[(&Checksums, u64)]) -> Option<String> {
    let mut hasher = Sha256::new();
    for (sums, _) in parts {
        hasher.update(&STANDARD.decode(sums.sha256.as_ref()?).ok()?);
    }
    Some(format!("{}-{}", STANDARD.encode(hasher.finalize()), parts.len()))
}
