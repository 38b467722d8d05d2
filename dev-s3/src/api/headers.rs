//! The headers stored with an object, byte for byte as the client sent them, and those this server cannot honour.

use http::{HeaderMap, HeaderName, HeaderValue};
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::errors;

/// The headers S3 stores and returns unchanged.
const STORED: [&str; 6] =
    ["cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"];

/// What an object without a Content-Type gets.
const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";

/// The limit on user metadata, names and values together, bytes
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>).
const MAX_METADATA: usize = 2048;

/// Request headers that change what a write means. Ignoring one would store something else than was asked for.
const UNSUPPORTED: [&str; 12] = [
    "x-amz-copy-source",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write-acp",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
];

/// The headers to store of a PUT or of the creation of an upload.
///
/// # Errors
/// `NotImplemented` for a header that cannot be honoured, `MetadataTooLarge`, `InvalidArgument` for bytes no reply
/// could carry.
pub(crate) fn stored(headers: &HeaderMap) -> S3Result<Vec<(String, String)>> {
    refuse_unsupported(headers)?;
    let mut kept = Vec::new();
    let mut metadata = 0;
    for (name, value) in headers {
        let name = name.as_str();
        let user = name.strip_prefix("x-amz-meta-");
        if user.is_none() && !STORED.contains(&name) {
            continue;
        }
        let value = std::str::from_utf8(value.as_bytes())
            .map_err(|_| errors::invalid_argument("A header to be stored is not UTF-8"))?;
        metadata += user.map_or(0, |user| user.len() + value.len());
        let value = match name {
            "content-encoding" => without_aws_chunked(value),
            _ => value.to_owned(),
        };
        if !value.is_empty() {
            kept.push((name.to_owned(), value));
        }
    }
    if metadata > MAX_METADATA {
        return Err(S3Error::with_message(
            S3ErrorCode::MetadataTooLarge,
            "Your metadata headers exceed the maximum allowed metadata size",
        ));
    }
    kept.sort();
    if !kept.iter().any(|(name, _)| name == "content-type") {
        kept.push(("content-type".to_owned(), DEFAULT_CONTENT_TYPE.to_owned()));
    }
    Ok(kept)
}

/// Puts stored headers on a reply.
pub(crate) fn restore(stored: &[(String, String)], reply: &mut HeaderMap) {
    for (name, value) in stored {
        // Both came from a request, so both are fit for a reply; a record edited by hand may lose a header here.
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
        {
            reply.append(name, value);
        }
    }
}

fn refuse_unsupported(headers: &HeaderMap) -> S3Result<()> {
    if UNSUPPORTED.iter().any(|name| headers.contains_key(*name)) {
        return Err(errors::not_implemented("A header you provided implies functionality that is not implemented"));
    }
    let value = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    if value("x-amz-acl").is_some_and(|acl| acl != b"private" && acl != b"bucket-owner-full-control") {
        return Err(S3Error::with_message(
            S3ErrorCode::AccessControlListNotSupported,
            "The bucket does not allow ACLs",
        ));
    }
    if value("x-amz-server-side-encryption").is_some_and(|kind| kind != b"AES256") {
        return Err(errors::not_implemented("Encryption is AES256 or nothing here"));
    }
    if value("x-amz-storage-class").is_some_and(|class| class != b"STANDARD") {
        return Err(errors::not_implemented("The storage class is STANDARD here"));
    }
    Ok(())
}

/// `aws-chunked` describes the transfer, not the object: S3 drops it.
fn without_aws_chunked(value: &str) -> String {
    let kept: Vec<&str> = value
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.eq_ignore_ascii_case("aws-chunked") && !coding.is_empty())
        .collect();
    kept.join(",")
}
