//! GET and HEAD of objects, as an s3s route of our own.
//!
//! s3s's typed inputs refuse what S3 accepts (a list of entity tags, several ranges) and lose the headers as they were
//! sent; a route runs after signature verification and sees everything.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use s3s::path::{S3Path, parse_path_style};
use s3s::route::S3Route;
use s3s::stream::{ByteStream, DynByteStream, RemainingLength};
use s3s::{Body, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, StdError};
use tokio::task::JoinHandle;

use super::range::{self, Selection, Verdict};
use super::{errors, headers};
use crate::access::{Gate, denied};
use crate::identity::Action;
use crate::store::checksums::NAMES;
use crate::store::data::RangeReader;
use crate::store::{Object, Store};

/// How much is read from disk at once, bytes.
const CHUNK: usize = 256 << 10;

/// Queries that make a GET something else than reading an object.
const SUBRESOURCES: [&str; 11] = [
    "acl",
    "attributes",
    "legal-hold",
    "object-lock",
    "retention",
    "select",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "renameObject",
];

/// Queries by which a reader replaces stored headers in the reply.
const OVERRIDES: [(&str, HeaderName); 6] = [
    ("response-cache-control", header::CACHE_CONTROL),
    ("response-content-disposition", header::CONTENT_DISPOSITION),
    ("response-content-encoding", header::CONTENT_ENCODING),
    ("response-content-language", header::CONTENT_LANGUAGE),
    ("response-content-type", header::CONTENT_TYPE),
    ("response-expires", header::EXPIRES),
];

/// The route.
#[derive(Clone, Debug)]
pub(crate) struct ReadRoute {
    pub(crate) store: Arc<Store>,
    pub(crate) gate: Arc<Gate>,
}

#[async_trait::async_trait]
impl S3Route for ReadRoute {
    fn is_match(&self, method: &Method, uri: &Uri, _headers: &HeaderMap, _extensions: &mut Extensions) -> bool {
        let read = method == Method::GET || method == Method::HEAD;
        read && object_path(uri).is_some() && !query(uri).any(|(name, _)| SUBRESOURCES.contains(&name.as_str()))
    }

    async fn check_access(&self, request: &mut S3Request<Body>) -> S3Result<()> {
        let identity = self.gate.identify(request.credentials.as_ref(), &request.extensions)?;
        let (bucket, key) = object_path(&request.uri).ok_or_else(denied)?;
        self.gate.check_bucket(&bucket)?;
        if !identity.allows(Action::GetObject, &key) {
            return Err(denied());
        }
        // Who may not list must not learn which keys exist
        // (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>, "Permissions").
        if self.store.find(&key).is_none() && !identity.allows(Action::ListBucket, &key) {
            return Err(denied());
        }
        Ok(())
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let (_, key) = object_path(&request.uri).ok_or_else(denied)?;
        refuse_unsupported(&request)?;
        let object = self.store.find(&key).ok_or_else(errors::no_such_key)?;
        let record = &object.record;
        match range::evaluate(&request.headers, &record.etag, record.modified) {
            Verdict::Proceed => {}
            Verdict::PreconditionFailed => {
                return Err(S3Error::with_message(
                    S3ErrorCode::PreconditionFailed,
                    "At least one of the pre-conditions you specified did not hold",
                ));
            }
            Verdict::NotModified => return not_modified(&object),
        }
        let selection = range::select(&request.headers, record.size, &record.etag, record.modified);
        let (status, range) = match selection {
            Selection::Whole => (StatusCode::OK, 0..record.size),
            Selection::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
            Selection::Unsatisfiable => {
                return Err(errors::invalid_range(record.size));
            }
        };

        let mut reply = validators(&object)?;
        headers::restore(&record.headers, &mut reply);
        override_headers(&request.uri, &mut reply)?;
        reply.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        reply.insert("x-amz-server-side-encryption", HeaderValue::from_static("AES256"));
        reply.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
        if status == StatusCode::PARTIAL_CONTENT {
            let text = format!("bytes {}-{}/{}", range.start, range.end - 1, record.size);
            reply.insert(header::CONTENT_RANGE, text.parse().map_err(errors::internal)?);
        } else if wants_checksums(&request.headers) {
            add_checksums(&object, &mut reply)?;
        }
        let body = if request.method == Method::HEAD {
            Body::empty()
        } else {
            Body::from(Box::pin(Reading::new(&object, range)) as DynByteStream)
        };
        Ok(S3Response { output: body, status: Some(status), headers: reply, extensions: Extensions::new() })
    }
}

/// The bucket and key in `uri`, read as s3s reads them.
fn object_path(uri: &Uri) -> Option<(String, String)> {
    let path = urlencoding::decode(uri.path()).ok()?;
    match parse_path_style(&path).ok()? {
        S3Path::Object { bucket, key } => Some((bucket.into(), key.into())),
        _ => None,
    }
}

fn query(uri: &Uri) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(uri.query().unwrap_or("").as_bytes()).into_owned().collect::<Vec<_>>().into_iter()
}

fn refuse_unsupported(request: &S3Request<Body>) -> S3Result<()> {
    for (name, value) in query(&request.uri) {
        match name.as_str() {
            "versionId" if value != "null" => {
                return Err(errors::invalid_argument("Invalid version id specified"));
            }
            "partNumber" => return Err(errors::not_implemented("Reading by partNumber is not implemented")),
            _ => {}
        }
    }
    if request.headers.contains_key("x-amz-server-side-encryption-customer-algorithm") {
        return Err(errors::invalid_request("The encryption parameters are not applicable to this object."));
    }
    Ok(())
}

fn not_modified(object: &Object) -> S3Result<S3Response<Body>> {
    Ok(S3Response {
        output: Body::empty(),
        status: Some(StatusCode::NOT_MODIFIED),
        headers: validators(object)?,
        extensions: Extensions::new(),
    })
}

/// ETag and Last-Modified: on every reply about an object, 304 too (RFC 9110, 15.4.5).
fn validators(object: &Object) -> S3Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    let etag = format!("\"{}\"", object.record.etag);
    headers.insert(header::ETAG, etag.parse().map_err(errors::internal)?);
    let modified = range::http_date(object.record.modified);
    headers.insert(header::LAST_MODIFIED, modified.parse().map_err(errors::internal)?);
    Ok(headers)
}

fn override_headers(uri: &Uri, reply: &mut HeaderMap) -> S3Result<()> {
    for (name, value) in query(uri) {
        if let Some((_, header)) = OVERRIDES.iter().find(|(query, _)| *query == name) {
            let value = HeaderValue::from_str(&value)
                .map_err(|_| errors::invalid_argument("Header value cannot be represented"))?;
            reply.insert(header.clone(), value);
        }
    }
    Ok(())
}

fn wants_checksums(headers: &HeaderMap) -> bool {
    headers.get("x-amz-checksum-mode").is_some_and(|mode| mode.as_bytes().eq_ignore_ascii_case(b"ENABLED"))
}

fn add_checksums(object: &Object, reply: &mut HeaderMap) -> S3Result<()> {
    let mut kind = "FULL_OBJECT";
    for (name, value) in NAMES.iter().zip(object.record.checksums.values()) {
        let Some(value) = value else { continue };
        if value.contains('-') {
            kind = "COMPOSITE";
        }
        let name = HeaderName::try_from(format!("x-amz-checksum-{name}")).map_err(errors::internal)?;
        reply.insert(name, value.parse().map_err(errors::internal)?);
    }
    reply.insert("x-amz-checksum-type", HeaderValue::from_static(kind));
    Ok(())
}

/// The reader back from its thread, with a chunk or at its end.
type ReadAhead = std::io::Result<(RangeReader, Option<Vec<u8>>)>;

/// The bytes of a range, read on blocking threads, one chunk ahead of the network.
struct Reading {
    next: Option<JoinHandle<ReadAhead>>,
    left: u64,
}

impl Reading {
    fn new(object: &Object, range: std::ops::Range<u64>) -> Self {
        let left = range.end - range.start;
        let reader = RangeReader::new(&object.data, range);
        Self { next: (left > 0).then(|| read_ahead(reader)), left }
    }
}

fn read_ahead(mut reader: RangeReader) -> JoinHandle<ReadAhead> {
    tokio::task::spawn_blocking(move || {
        let chunk = reader.next_chunk(CHUNK)?;
        Ok((reader, chunk))
    })
}

impl Stream for Reading {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(next) = self.next.as_mut() else {
            return Poll::Ready(None);
        };
        let read = ready!(Pin::new(next).poll(context));
        self.next = None;
        let (reader, chunk) = match read {
            Ok(Ok(read)) => read,
            // The connection breaks: the client sees fewer bytes than Content-Length says.
            Ok(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            Err(error) => return Poll::Ready(Some(Err(error.into()))),
        };
        let Some(chunk) = chunk else {
            return Poll::Ready(None);
        };
        self.left -= chunk.len() as u64;
        if self.left > 0 {
            self.next = Some(read_ahead(reader));
        }
        Poll::Ready(Some(Ok(chunk.into())))
    }
}

impl ByteStream for Reading {
    fn remaining_length(&self) -> RemainingLength {
        usize::try_from(self.left).map_or_else(|_| RemainingLength::unknown(), RemainingLength::new_exact)
    }
}
