//! The store's refusals in S3's words.

use std::error::Error;

use http::StatusCode;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use s3s::{S3Error, S3ErrorCode};

use crate::store::StoreError;

/// The S3 error for a refusal of the store.
pub(crate) fn from_store(error: StoreError) -> S3Error {
    let code = match &error {
        StoreError::PreconditionFailed => {
            return S3Error::with_message(
                S3ErrorCode::PreconditionFailed,
                "At least one of the pre-conditions you specified did not hold",
            );
        }
        StoreError::NoSuchKey => return no_such_key(),
        StoreError::NoSuchUpload => {
            return S3Error::with_message(
                S3ErrorCode::NoSuchUpload,
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
            );
        }
        StoreError::InvalidPart { .. } => {
            return S3Error::with_message(
                S3ErrorCode::InvalidPart,
                "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
            );
        }
        StoreError::InvalidPartOrder => S3ErrorCode::InvalidPartOrder,
        StoreError::NoParts => S3ErrorCode::MalformedXML,
        StoreError::PartTooSmall { .. } => S3ErrorCode::EntityTooSmall,
        StoreError::ObjectTooLarge { .. } => S3ErrorCode::EntityTooLarge,
        StoreError::SizeMismatch { .. } => S3ErrorCode::InvalidRequest,
        StoreError::BadDigest => S3ErrorCode::BadDigest,
        StoreError::Io(_) => return internal(error),
    };
    S3Error::with_message(code, error.to_string())
}

/// Our fault. The client learns nothing but that; the log has the rest.
pub(crate) fn internal(error: impl Error) -> S3Error {
    tracing::error!(%error, "internal error");
    S3Error::with_message(S3ErrorCode::InternalError, "We encountered an internal error. Please try again.")
}

pub(crate) fn no_such_key() -> S3Error {
    S3Error::with_message(S3ErrorCode::NoSuchKey, "The specified key does not exist.")
}

pub(crate) fn not_implemented(message: &'static str) -> S3Error {
    S3Error::with_message(S3ErrorCode::NotImplemented, message)
}

pub(crate) fn invalid_request(message: &'static str) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidRequest, message)
}

pub(crate) fn invalid_argument(message: &'static str) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidArgument, message)
}

pub(crate) fn bad_digest(message: String) -> S3Error {
    S3Error::with_message(S3ErrorCode::BadDigest, message)
}

pub(crate) fn incomplete_body() -> S3Error {
    S3Error::with_message(
        S3ErrorCode::IncompleteBody,
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )
}

/// The body is not the one the signature was made for. s3s has no name for it.
pub(crate) fn content_sha256_mismatch() -> S3Error {
    let mut error = S3Error::with_message(
        S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into()),
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
    error.set_status_code(StatusCode::BAD_REQUEST);
    error
}

/// The header in which an InvalidRange tells the object's size to whoever writes the error's XML; it goes no further.
pub(crate) const ACTUAL_OBJECT_SIZE: &str = "x-clouddrop-actual-object-size";

/// No byte of an object of `size` bytes is in the range.
pub(crate) fn invalid_range(size: u64) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::InvalidRange, "The requested range is not satisfiable");
    error.set_headers(HeaderMap::from_iter([(HeaderName::from_static(ACTUAL_OBJECT_SIZE), HeaderValue::from(size))]));
    error
}
