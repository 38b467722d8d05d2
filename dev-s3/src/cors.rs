//! Cross-origin rules of the bucket: one rule, for the origins given at start.

use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode};
use s3s::{Body, S3Error, S3ErrorCode, S3Result};

/// The methods a browser may use.
const METHODS: [Method; 5] = [Method::GET, Method::PUT, Method::HEAD, Method::POST, Method::DELETE];

/// Reply headers a script may read: what an uploader needs to complete and check.
const EXPOSED: &str = "ETag, x-amz-checksum-crc32, x-amz-checksum-crc32c, x-amz-checksum-crc64nvme, \
x-amz-checksum-sha1, x-amz-checksum-sha256, x-amz-checksum-type";

/// How long a browser may keep a preflight's answer, seconds.
const MAX_AGE: &str = "3000";

/// The origins allowed, as browsers send them; `*` allows every one.
#[derive(Clone, Debug)]
pub(crate) struct Cors {
    origins: Vec<String>,
}

impl Cors {
    pub(crate) fn new(origins: Vec<String>) -> Self {
        Self { origins }
    }

    /// Answers a preflight.
    ///
    /// # Errors
    /// `BadRequest` for an OPTIONS that is none, `AccessForbidden` for what no rule allows, as S3 says
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html>).
    pub(crate) fn preflight(&self, parts: &Parts) -> S3Result<Response<Body>> {
        let method = parts.headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
        let (Some(_), Some(method)) = (parts.headers.get(header::ORIGIN), method) else {
            return Err(coded(
                "BadRequest",
                StatusCode::BAD_REQUEST,
                "Insufficient information. Origin request header needed.",
            ));
        };
        let known = METHODS.iter().any(|known| known.as_str().as_bytes() == method.as_bytes());
        if self.allowed(&parts.headers).is_none() || !known {
            return Err(coded(
                "AccessForbidden",
                StatusCode::FORBIDDEN,
                "CORSResponse: This CORS request is not allowed.",
            ));
        }
        let mut reply = Response::new(Body::empty());
        let headers = reply.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, PUT, HEAD, POST, DELETE"));
        if let Some(asked) = parts.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        Ok(reply)
    }

    /// Opens a reply, errors too, to the script of an allowed origin.
    pub(crate) fn open(&self, request: &HeaderMap, reply: &mut HeaderMap) {
        let Some(origin) = self.allowed(request) else {
            return;
        };
        reply.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        reply.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        let vary: [HeaderName; 3] =
            [header::ORIGIN, header::ACCESS_CONTROL_REQUEST_HEADERS, header::ACCESS_CONTROL_REQUEST_METHOD];
        for name in vary {
            reply.append(header::VARY, HeaderValue::from_name(name));
        }
    }

    fn allowed<'a>(&self, request: &'a HeaderMap) -> Option<&'a HeaderValue> {
        let origin = request.get(header::ORIGIN)?;
        self.origins.iter().any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes()).then_some(origin)
    }
}

/// An error s3s has no name for.
fn coded(code: &'static str, status: StatusCode, message: &'static str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(status);
    error
}
