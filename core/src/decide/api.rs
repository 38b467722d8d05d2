//! What is checked of an API call before its body is read: the rest is the signer's.

use crate::config::Config;
use crate::cors;
use crate::decision::{
    ApiBody, CLIENT_ADDRESS, CLIENT_AUTHORIZATION, Forward, MAX_API_BODY_BYTES, REPORTED_PATH, REPORTED_SHARE,
    REQUEST_ID,
};
use crate::path::ObjectPath;
use crate::query;
use crate::range::number;
use crate::refusal::{Allow, Refusal};
use crate::request::Request;
use crate::text::holds;
use crate::trail::EventOf;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The header by which a call made twice is made once.
const ONCE: &str = "idempotency-key";
/// The longest header value that is passed on: an API key, a JWT.
const MAX_HEADER_BYTES: usize = 4096;

/// Checks method, path, length and type, and takes along the headers that the signer reads.
pub(super) fn forward(request: &Request<'_>, path: &str, query: &str, config: &Config) -> Result<Forward, Refusal> {
    // A browser names the page that calls. Keys are in a header, never in a cookie, so another page has none to send;
    // it is refused all the same.
    if request.headers.has("origin") && cors::page_origin(request, config).is_none() {
        return Err(Refusal::Forbidden("another origin"));
    }
    let body = match request.method {
        "GET" | "HEAD" => ApiBody::None,
        // Which of them a path takes, and whether with a body, the signer says.
        "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" => ApiBody::Json,
        _ => return Err(Refusal::MethodNotAllowed(Allow::Api)),
    };
    let canonical = ObjectPath::from_target(&path[1..]).map_err(Refusal::BadPath)?;
    if canonical.encoded() != &path[1..] {
        return Err(Refusal::BadRequest("the path is not in its canonical encoding"));
    }
    let query = query::canonical(query)?;
    let length = request.headers.one("content-length").map(number);
    match length {
        Some(None) => return Err(Refusal::BadRequest("Content-Length is no number")),
        Some(Some(length)) if length > MAX_API_BODY_BYTES as u64 => return Err(Refusal::TooLarge),
        _ => {}
    }
    if body == ApiBody::Json
        && request.headers.has("content-type")
        && !request.headers.one("content-type").is_some_and(is_json)
    {
        return Err(Refusal::UnsupportedType);
    }
    let headers = headers(request);
    // A call that should be made once must not be made without saying so.
    if request.headers.has(ONCE) && !headers.iter().any(|(name, _)| *name == ONCE) {
        return Err(Refusal::BadRequest("Idempotency-Key"));
    }
    Ok(Forward { method: request.method.into(), path: path.into(), query, body, headers })
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or("").trim_matches([' ', '\t']);
    essence.eq_ignore_ascii_case("application/json")
}

/// A report of what a token opens: the form goes on as it is, and what the token says beside it.
pub(super) fn report(event: &EventOf) -> Forward {
    let mut report = Forward::own("/edge/v1/reports");
    report.headers = Vec::from([
        ("content-type", "application/x-www-form-urlencoded".into()),
        (REPORTED_PATH, event.path()),
        (REPORTED_SHARE, event.share()),
    ]);
    report
}

/// The headers for the signer, sorted: the client's own few, and what the platform knows of the client.
fn headers(request: &Request<'_>) -> Vec<(&'static str, String)> {
    let client = |name: &str| request.headers.one(name).filter(|value| is_signable(value)).map(ToString::to_string);
    let fields = [
        ("accept", client("accept")),
        ("content-type", client("content-type")),
        (ONCE, client(ONCE)),
        (CLIENT_ADDRESS, request.client.address.map(|address| address.to_string())),
        (CLIENT_AUTHORIZATION, client("authorization")),
        (REQUEST_ID, Some(request.id.to_string()).filter(|id| is_signable(id))),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Whether a value means the same signed and sent: SigV4 folds runs of spaces, and platforms re-encode
/// what is not ASCII.
fn is_signable(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= MAX_HEADER_BYTES
        && value.bytes().all(|b| (0x20..0x7f).contains(&b))
        && !holds(value, "  ")
        && value.trim() == value
}
