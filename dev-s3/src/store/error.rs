//! Why the store refuses.

use std::io;

/// A refusal or a failure of the store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the condition does not hold")]
    PreconditionFailed,
    #[error("there is no such key")]
    NoSuchKey,
    #[error("there is no such upload")]
    NoSuchUpload,
    /// A part that was not uploaded, or with another ETag or checksum.
    #[error("part {number} was not uploaded or is another one")]
    InvalidPart { number: i32 },
    #[error("the parts are not in ascending order")]
    InvalidPartOrder,
    #[error("the list of parts is empty")]
    NoParts,
    /// A part under the minimum that is not the last one.
    #[error("part {number} has {size} bytes, under the minimum of {minimum}")]
    PartTooSmall { number: u16, size: u64, minimum: u64 },
    #[error("the object would have {size} bytes, over the maximum of {maximum}")]
    ObjectTooLarge { size: u64, maximum: u64 },
    /// The size promised for the whole object is another one.
    #[error("the parts have {actual} bytes where {promised} were promised")]
    SizeMismatch { promised: u64, actual: u64 },
    /// The checksum promised for the whole object is another one.
    #[error("the checksum of the object is another one")]
    BadDigest,
    #[error("storage: {0}")]
    Io(#[from] io::Error),
}
