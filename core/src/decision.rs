//! What is to be done with a request, as values. An adapter performs one and, for those that bring
//! something back, hands it to the value's own method for the next.

use crate::claim::Claiming;
use crate::config::Config;
use crate::expect::Expect;
use crate::landing::Landing;
use crate::listing::Folder;
use crate::origin_reply::Next;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::request::{Headers, Names};
use crate::sigv4::ToSign;
use crate::time::UnixTime;
use crate::unlock::Unlocking;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// The outcome of [`crate::decide()`].
#[must_use]
#[derive(Debug)]
pub enum Decision {
    /// Answer at once.
    Reply(Reply),
    /// Ask the origin, then [`Fetch::settle`].
    Fetch(Fetch),
    /// Ask the origin about the object, then [`crate::landing::Facts::settle`].
    Landing(Landing),
    /// Ask the origin for a folder's names, then [`crate::listing::Folder::settle`].
    Folder(Folder),
    /// Ask the origin for the object's version, then [`crate::claim::ClaimFacts::settle`].
    Claim(Claiming),
    /// Read the body, then [`Unlocking::settle`].
    Unlock(Unlocking),
    /// Read the body, then [`Forward::sign`].
    Forward(Forward),
    /// Find out where the client is, and decide again with that.
    LookUpPlace,
}

/// A signed request to the origin, complete: nothing may be added to it but what the platform adds itself. Who has its
/// headers can send it: `Debug` shows their names.
pub struct Fetch {
    /// GET or HEAD, or the method of an API call.
    pub method: String,
    /// Where to. No URL parser changes it.
    pub url: String,
    /// Names in lower case; Host is the URL's.
    pub headers: Vec<(&'static str, String)>,
    /// What the answer is held against.
    pub expect: Expect,
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Fetch");
        out.field("method", &self.method).field("url", &self.url).field("headers", &Names(&self.headers));
        out.field("expect", &self.expect).finish()
    }
}

/// The head of the origin's answer.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: Headers<'a>,
}

impl Fetch {
    /// What to do with the origin's answer. `error_body` is the first part of the body of an error, once it was
    /// asked for by [`Next::ReadError`].
    pub fn settle(self, head: &Head<'_>, error_body: Option<&str>, now: UnixTime, config: &Config) -> Next {
        self.expect.settle(head, error_body, now, config)
    }
}

/// Most bytes that an API call's body may have.
pub const MAX_API_BODY_BYTES: usize = 64 * 1024;
/// The header in which the client's own Authorization reaches the signer; Authorization itself carries the
/// edge's signature there.
pub const CLIENT_AUTHORIZATION: &str = "x-clouddrop-authorization";
/// The header in which the client's address, as the platform knows it, reaches the signer.
pub const CLIENT_ADDRESS: &str = "x-clouddrop-client-address";
/// The headers in which the share that is reported reaches the signer, and the object's encoded key.
pub const REPORTED_SHARE: &str = "x-clouddrop-share";
/// See [`REPORTED_SHARE`].
pub const REPORTED_PATH: &str = "x-clouddrop-path";
/// The header in which the request's id reaches the signer.
pub const REQUEST_ID: &str = "x-clouddrop-request-id";

/// An API call on its way to the signer: its body is still to be read and signed. The client's API key is among its
/// headers: `Debug` shows their names.
pub struct Forward {
    pub(crate) method: String,
    pub(crate) path: String,
    /// In the form that is signed; empty without one.
    pub(crate) query: String,
    /// Whether the method carries a body.
    pub(crate) body: ApiBody,
    /// Headers to pass on, names in lower case and sorted; all of them are signed.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Forward");
        out.field("method", &self.method).field("path", &self.path).field("body", &self.body);
        out.field("headers", &Names(&self.headers)).finish()
    }
}

/// Whether an API call has a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ApiBody {
    /// GET and HEAD: none. What a client sends with them has no meaning (RFC 9110 section 9.3.1) and goes no further.
    None,
    /// JSON.
    Json,
}

/// How the paths of calls end that may change the revocation list.
const CHANGING: [&str; 4] = ["/revocations", "/revoke", "/close", "/retire"];

impl Forward {
    /// Whether the call may change the revocation list, which this instance then asks for at once.
    pub(crate) fn changes_revocations(&self) -> bool {
        matches!(self.method.as_str(), "DELETE" | "PATCH")
            || (self.body == ApiBody::Json && CHANGING.iter().any(|end| self.path.ends_with(end)))
    }

    /// A call of the edge's own, of JSON: no client's is ever forwarded there.
    pub(crate) fn own(path: &str) -> Self {
        let headers = Vec::from([("content-type", "application/json".into())]);
        Self { method: "POST".into(), path: path.into(), query: String::new(), body: ApiBody::Json, headers }
    }

    /// Most bytes of body to read: one more means [`Refusal::TooLarge`].
    pub const MAX_BODY_BYTES: usize = MAX_API_BODY_BYTES;

    /// The signed call. The body is part of the signature: the signer gets what the edge has seen.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] for a body over the limit; [`Refusal::OriginError`] if our credentials have ended.
    pub fn sign(self, body: &[u8], now: UnixTime, config: &Config) -> Result<Fetch, Refusal> {
        if body.len() > MAX_API_BODY_BYTES {
            return Err(Refusal::TooLarge);
        }
        let body = if self.body == ApiBody::None { &[] } else { body };
        config.live_credentials(now)?;
        let mut payload = String::with_capacity(64);
        crate::hash::push_hex(&mut payload, &crate::hash::sha256(body));
        let (path, mut url) = config.signer.locate(&self.path);
        if !self.query.is_empty() {
            url.push('?');
            url.push_str(&self.query);
        }
        let extra: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let to_sign = ToSign {
            method: &self.method,
            host: config.signer.host(),
            path: &path,
            query: &self.query,
            extra: &extra,
            payload: &payload,
        };
        let mut headers = config.lambda.sign(&config.credentials, &to_sign, now).into_vec();
        headers.extend(self.headers);
        Ok(Fetch { method: self.method, url, headers, expect: Expect::api() })
    }
}

impl Config {
    /// Refuses once temporary credentials have ended: the origin would say so anyway, and less clearly.
    pub(crate) fn live_credentials(&self, now: UnixTime) -> Result<(), Refusal> {
        match self.credentials.expires {
            Some(end) if now >= end => Err(Refusal::OriginError("our AWS credentials have ended")),
            _ => Ok(()),
        }
    }
}
