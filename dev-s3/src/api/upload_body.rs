//! A body on its way to disk: its length known beforehand, its digests checked before it counts.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::HeaderMap;
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders};
use tokio::task::JoinHandle;

use super::errors;
use crate::store::checksums::{Checksums, NAMES};
use crate::store::data::{Sink, Written};
use crate::store::{Store, StoreError};

/// The largest single PUT or part, bytes (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const MAX_PUT: u64 = 5 << 30;

/// How much is gathered before a trip to a blocking thread, bytes.
const BATCH: usize = 512 << 10;

/// What a client promised about a body.
#[derive(Debug)]
pub(crate) struct Promise {
    length: u64,
    md5: Option<[u8; 16]>,
    /// Values from headers; algorithms announced in `x-amz-trailer` have an empty value until the trailer comes.
    checksums: Checksums,
}

impl Promise {
    /// Reads the promises in the headers of a PUT.
    ///
    /// # Errors
    /// `MissingContentLength`, `EntityTooLarge`, `InvalidDigest`, `InvalidRequest`: all before any body is read.
    pub(crate) fn read(headers: &HeaderMap, content_length: Option<i64>) -> S3Result<Self> {
        let length = content_length.and_then(|length| u64::try_from(length).ok()).ok_or_else(|| {
            S3Error::with_message(S3ErrorCode::MissingContentLength, "You must provide the Content-Length HTTP header.")
        })?;
        if length > MAX_PUT {
            return Err(S3Error::with_message(
                S3ErrorCode::EntityTooLarge,
                "Your proposed upload exceeds the maximum allowed size",
            ));
        }
        let md5 = match headers.get("content-md5") {
            None => None,
            Some(value) => Some(decode_md5(value.as_bytes()).ok_or_else(|| {
                S3Error::with_message(S3ErrorCode::InvalidDigest, "The Content-MD5 you specified was invalid.")
            })?),
        };
        Ok(Self { length, md5, checksums: promised_checksums(headers)? })
    }

    /// The checksums the client named, with the values it promised.
    pub(crate) fn checksums(&self) -> &Checksums {
        &self.checksums
    }
}

/// Writes `body` to a new data file and checks it against `promise`; `extra` names checksums wanted besides.
///
/// # Errors
/// `IncompleteBody`, `BadDigest`, `XAmzContentSHA256Mismatch`, or ours. The file is gone then.
pub(crate) async fn receive(
    store: &Arc<Store>,
    body: Option<StreamingBlob>,
    trailers: Option<TrailingHeaders>,
    promise: &mut Promise,
    extra: &Checksums,
) -> S3Result<Written> {
    let mut wanted = promise.checksums.clone();
    for (name, value) in NAMES.iter().zip(extra.values()) {
        if let (Some(slot), Some(value)) = (wanted.slot(name), value) {
            slot.get_or_insert_with(|| value.clone());
        }
    }
    let sink = write_all(store, body, promise.length, wanted).await?;
    if sink.written() != promise.length {
        return Err(errors::incomplete_body());
    }
    let finisher = Arc::clone(store);
    let written = tokio::task::spawn_blocking(move || sink.finish(finisher.layout()))
        .await
        .map_err(errors::internal)?
        .map_err(|error| errors::from_store(StoreError::Io(error)))?;

    if let Some(trailers) = trailers {
        take_trailers(&trailers, &mut promise.checksums)?;
    }
    if promise.md5.is_some_and(|md5| md5 != written.md5) {
        return Err(errors::bad_digest("The Content-MD5 you specified did not match what we received.".to_owned()));
    }
    check_promised(&promise.checksums, &written.checksums)?;
    Ok(written)
}

/// Streams `body` into a new file, the network and the disk side by side.
async fn write_all(store: &Arc<Store>, body: Option<StreamingBlob>, length: u64, wanted: Checksums) -> S3Result<Sink> {
    let mut body = body;
    let opener = Arc::clone(store);
    let mut writing: JoinHandle<std::io::Result<Sink>> =
        tokio::task::spawn_blocking(move || Sink::create(opener.layout(), &wanted));
    let mut batch: Vec<Bytes> = Vec::new();
    let mut gathered = 0;
    let mut received: u64 = 0;
    while let Some(chunk) = match body.as_mut() {
        Some(body) => body.next().await,
        None => None,
    } {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                settle(writing).await?;
                return Err(stream_error(received >= length, error.as_ref()));
            }
        };
        received += chunk.len() as u64;
        gathered += chunk.len();
        if received > length {
            settle(writing).await?;
            return Err(errors::incomplete_body());
        }
        batch.push(chunk);
        if gathered >= BATCH {
            writing = append(settle(writing).await?, std::mem::take(&mut batch));
            gathered = 0;
        }
    }
    settle(append(settle(writing).await?, batch)).await
}

fn append(mut sink: Sink, batch: Vec<Bytes>) -> JoinHandle<std::io::Result<Sink>> {
    tokio::task::spawn_blocking(move || {
        for chunk in &batch {
            sink.write(chunk)?;
        }
        Ok(sink)
    })
}

async fn settle(writing: JoinHandle<std::io::Result<Sink>>) -> S3Result<Sink> {
    writing.await.map_err(errors::internal)?.map_err(|error| errors::from_store(StoreError::Io(error)))
}

/// s3s checks `x-amz-content-sha256` and signed chunks while the body passes, and fails the stream; its error types are
/// private, so the number of bytes tells a cut body from a wrong one.
fn stream_error(all_received: bool, error: &(dyn std::error::Error + Send + Sync)) -> S3Error {
    let text = error.to_string();
    if text.contains("SignatureMismatch") {
        S3Error::with_message(S3ErrorCode::SignatureDoesNotMatch, "The signature of a chunk does not match")
    } else if all_received || text.contains("Sha256Mismatch") {
        errors::content_sha256_mismatch()
    } else {
        errors::incomplete_body()
    }
}

fn promised_checksums(headers: &HeaderMap) -> S3Result<Checksums> {
    let mut promised = Checksums::default();
    for name in NAMES {
        let Some(value) = headers.get(format!("x-amz-checksum-{name}")) else {
            continue;
        };
        let value = value.to_str().ok().filter(|value| is_checksum(name, value));
        let value = value.ok_or_else(|| {
            S3Error::with_message(
                S3ErrorCode::InvalidRequest,
                format!("Value for x-amz-checksum-{name} header is invalid."),
            )
        })?;
        if let Some(slot) = promised.slot(name) {
            *slot = Some(value.to_owned());
        }
    }
    for trailer in headers.get_all("x-amz-trailer") {
        for name in trailer.to_str().unwrap_or("").split(',') {
            let name = name.trim().to_ascii_lowercase();
            let slot = name.strip_prefix("x-amz-checksum-").and_then(|name| promised.slot(name));
            let slot = slot.ok_or_else(|| errors::invalid_request("x-amz-trailer names something unknown"))?;
            slot.get_or_insert_default();
        }
    }
    if promised.values().iter().flatten().count() > 1 {
        return Err(errors::invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        ));
    }
    Ok(promised)
}

/// Fills in the values that came after the body.
fn take_trailers(trailers: &TrailingHeaders, promised: &mut Checksums) -> S3Result<()> {
    for name in NAMES {
        let Some(slot) = promised.slot(name).filter(|slot| slot.as_deref() == Some("")) else {
            continue;
        };
        let value = trailers.read(|headers| headers.get(format!("x-amz-checksum-{name}")).cloned()).flatten();
        let value = value.as_ref().and_then(|value| value.to_str().ok());
        let value = value.filter(|value| is_checksum(name, value.trim()));
        *slot = Some(
            value
                .ok_or_else(|| errors::invalid_request("The announced trailer did not come, or is malformed."))?
                .trim()
                .to_owned(),
        );
    }
    Ok(())
}

fn check_promised(promised: &Checksums, actual: &Checksums) -> S3Result<()> {
    for ((name, promised), actual) in NAMES.iter().zip(promised.values()).zip(actual.values()) {
        if promised.is_some() && promised != actual {
            return Err(errors::bad_digest(format!(
                "The {} you specified did not match the calculated checksum.",
                name.to_ascii_uppercase()
            )));
        }
    }
    Ok(())
}

/// Whether `value` is base64 of a digest as long as the algorithm's.
fn is_checksum(name: &str, value: &str) -> bool {
    let length = match name {
        "crc32" | "crc32c" => 4,
        "crc64nvme" => 8,
        "sha1" => 20,
        _ => 32,
    };
    // The strict decoder takes one spelling of each value, so comparing text is comparing digests.
    value.len() <= 64 && STANDARD.decode(value).is_ok_and(|bytes| bytes.len() == length)
}

fn decode_md5(value: &[u8]) -> Option<[u8; 16]> {
    (value.len() <= 64).then(|| STANDARD.decode(value).ok()?.try_into().ok()).flatten()
}
