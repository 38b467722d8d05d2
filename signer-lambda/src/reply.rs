//! Replies: JSON, plain text, nothing, or problem details in the one shape that core gives them.

use crate::failure::Failure;
use clouddrop_core::{Body, Headers, Refusal, Request};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;

/// A reply of JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Result<Response<String>, Failure> {
    let text = serde_json::to_string(value).map_err(|_| Refusal::Internal("a reply cannot be written"))?;
    Ok(with_type(status, "application/json", text))
}

/// A reply of JSON that is written already.
pub(crate) fn json_text(status: StatusCode, text: String) -> Response<String> {
    with_type(status, "application/json", text)
}

/// A reply of plain text.
pub(crate) fn text(status: StatusCode, text: String) -> Response<String> {
    with_type(status, "text/plain; charset=utf-8", text)
}

/// A reply of nothing.
pub(crate) fn empty() -> Response<String> {
    let mut reply = Response::new(String::new());
    *reply.status_mut() = StatusCode::NO_CONTENT;
    reply.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    reply
}

/// The reply to a call that is refused.
/// `detail` is for those who have shown who they are.
pub(crate) fn problem(refusal: Refusal, detail: Option<&str>, method: &str, request_id: &str) -> Response<String> {
    // An API's problems are JSON whatever the client accepts: nobody looks at them in a browser.
    let request = Request {
        method,
        url: "",
        id: request_id,
        headers: Headers::new(&[]),
        client: clouddrop_core::Client { address: None, place: None },
    };
    let refused = refusal.reply(&request);
    let mut reply = Response::new(match refused.body {
        Body::Text(text) => match detail {
            // The document is ours and ends with its brace.
            Some(detail) => format!("{},\"detail\":{}}}", &text[..text.len() - 1], serde_json::json!(detail)),
            None => text,
        },
        Body::None | Body::Origin | Body::Kept { .. } | Body::Asset(_) => String::new(),
    });
    *reply.status_mut() = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = reply.headers_mut();
    for (name, value) in refused.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers.insert(CACHE_CONTROL, NO_STORE);
    reply
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

fn with_type(status: StatusCode, content_type: &'static str, body: String) -> Response<String> {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    reply
}
