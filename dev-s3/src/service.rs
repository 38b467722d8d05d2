//! One request from the wire and back: CORS, admission, s3s, S3's form of errors, the access log.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use s3s::service::S3Service;
use s3s::{Body, S3Error, S3ErrorCode, S3Result};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::access::Facts;
use crate::access_log::{AccessLog, Pending};
use crate::admission::{Admission, claimed_access_key_id, signed_query_as_headers};
use crate::api::errors;
use crate::cors::Cors;
use crate::error_body::{ErrorBody, code_and_message};
use crate::identity::Identities;
use crate::request_body::SharedBody;
use crate::store::layout::{hex, random_id};

/// The largest body of a POST (the part list of a completion), bytes.
pub(crate) const MAX_XML: usize = 4 << 20;

/// Everything a request needs.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) s3: S3Service,
    pub(crate) identities: Arc<Identities>,
    pub(crate) region: Arc<str>,
    pub(crate) cors: Cors,
    pub(crate) log: AccessLog,
}

impl Service {
    /// Answers a request. The line in the access log is written when this returns.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let pending = Pending::new(&self.log, &parts);
        let body = SharedBody::new(body);
        let facts = Arc::new(Facts::default());
        let request_id = random_id().unwrap_or_default().to_ascii_uppercase();

        let result = self.serve(&parts, body.clone(), Arc::clone(&facts)).await;
        let reply = result.or_else(S3Error::to_http_response).unwrap_or_else(|error| {
            tracing::error!(%error, "an error could not be written");
            let mut reply = Response::new(Body::empty());
            *reply.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
            reply
        });
        let (mut reply, code) = in_s3_form(reply, &parts, &request_id);
        self.finish(&mut reply, &parts, &request_id);

        if code.is_some() && !body.is_end_stream() && !waits_for_continue(&parts) {
            body.drain().await;
        }
        let identity = facts.identity.get().cloned();
        pending.settle(identity, reply.status(), code);
        reply
    }

    async fn serve(&self, parts: &Parts, body: SharedBody, facts: Arc<Facts>) -> S3Result<Response<Body>> {
        if parts.method == Method::OPTIONS {
            return self.cors.preflight(parts);
        }
        let admission =
            Admission { region: &self.region, identities: &self.identities, now: OffsetDateTime::now_utc() };
        admission.check(parts)?;
        let body = if parts.method == Method::POST {
            Body::from(whole_body(parts, body).await?)
        } else {
            Body::http_body(body)
        };
        let mut request = Request::from_parts(parts.clone(), body);
        signed_query_as_headers(&mut request);
        request.extensions_mut().insert(facts);
        self.s3.call(request).await.map_err(|error| errors::internal(std::io::Error::other(format!("{error:?}"))))
    }

    fn finish(&self, reply: &mut Response<Body>, parts: &Parts, request_id: &str) {
        let headers = reply.headers_mut();
        self.cors.open(&parts.headers, headers);
        headers.insert(header::SERVER, HeaderValue::from_static("AmazonS3"));
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert("x-amz-request-id", id);
        }
        headers.insert("x-amz-id-2", HeaderValue::from_static("dev"));
    }
}

/// The body of a POST, checked against its signature here: s3s would call a mismatch an internal error.
async fn whole_body(parts: &Parts, body: SharedBody) -> S3Result<Bytes> {
    let bytes = match Limited::new(body, MAX_XML).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return Err(S3Error::with_message(S3ErrorCode::MaxMessageLengthExceeded, "Your request was too big."));
        }
        Err(_) => return Err(errors::incomplete_body()),
    };
    let declared = parts.headers.get("x-amz-content-sha256").map(HeaderValue::as_bytes);
    let is_digest = |value: &[u8]| value.len() == 64;
    match declared.filter(|value| is_digest(value)) {
        Some(declared) if declared != hex(&Sha256::digest(&bytes)).as_bytes() => Err(errors::content_sha256_mismatch()),
        _ => Ok(bytes),
    }
}

/// Gives an error the fields S3 gives it, and reads its code for the log.
fn in_s3_form(reply: Response<Body>, parts: &Parts, request_id: &str) -> (Response<Body>, Option<String>) {
    if reply.status().as_u16() < 400 {
        return (reply, None);
    }
    let (mut head, body) = reply.into_parts();
    let actual_object_size = head.headers.remove(errors::ACTUAL_OBJECT_SIZE);
    let (code, message) = body.bytes().map(|bytes| code_and_message(&bytes)).unwrap_or_default();
    let xml = ErrorBody {
        code: &code,
        message: &message,
        resource: parts.uri.path(),
        access_key_id: claimed_access_key_id(parts).as_deref(),
        range: parts.headers.get(header::RANGE).and_then(|range| range.to_str().ok()),
        actual_object_size: actual_object_size.as_ref().and_then(|size| size.to_str().ok()),
        request_id,
    }
    .to_xml();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    // The reply to HEAD has no body, so S3's clients see a bare status.
    let body = if parts.method == Method::HEAD { Body::empty() } else { Body::from(xml) };
    (Response::from_parts(head, body), Some(code))
}

/// Reading the body of such a request would invite the client to send it.
fn waits_for_continue(parts: &Parts) -> bool {
    parts.headers.contains_key(header::EXPECT)
}
