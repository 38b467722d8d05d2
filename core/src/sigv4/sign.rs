//! Signing a request by headers, the hot path: one canonical request, two hashes, one Authorization.

use super::canonical::CanonicalRequest;
use super::signing_key::SigningKey;
#[cfg(feature = "sigv4a")]
use super::sigv4a;
use crate::hash::{push_hex, sha256};
use crate::request::Names;
use crate::secret::{Secret, SecretText};
use crate::time::UnixTime;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;

/// What stands for the body's hash when the body is not signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
/// The SHA-256 of no bytes at all, in hexadecimal.
pub const EMPTY_PAYLOAD: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// An AWS identity, long-lived or temporary.
#[derive(Debug)]
pub struct Credentials {
    /// Public: it stands in every signature.
    pub access_key_id: String,
    /// The key itself.
    pub secret_access_key: Secret,
    /// Of temporary credentials: who has it and a request's signature can send that request again.
    pub session_token: Option<SecretText>,
    /// When temporary credentials end.
    pub expires: Option<UnixTime>,
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Signs for one region or set of regions and one service, with the key kept.
///
/// The kept key makes a `Signer` one thread's: share it by giving each thread its own.
#[derive(Debug)]
pub struct Signer {
    service: &'static str,
    place: Place,
}

/// Where signatures are good, and the key that is kept for that.
#[derive(Debug)]
enum Place {
    /// Version 4: a key for each day.
    Region { name: String, todays: RefCell<Option<SigningKey>> },
    /// Version 4A: a key for each identity.
    #[cfg(feature = "sigv4a")]
    RegionSet { names: String, kept: RefCell<Option<sigv4a::Kept>> },
}

/// The headers that a signed request must carry, beside Host. Who has them can send the request: they are not shown.
pub struct SignedHeaders(Vec<(&'static str, String)>);

impl fmt::Debug for SignedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Names(&self.0).fmt(f)
    }
}

impl SignedHeaders {
    /// Names and values, in lower case.
    pub fn into_vec(self) -> Vec<(&'static str, String)> {
        self.0
    }
}

impl Signer {
    /// A signer for `service` in `region`; no key is derived before the first signature.
    pub const fn new(region: String, service: &'static str) -> Self {
        Self { service, place: Place::Region { name: region, todays: RefCell::new(None) } }
    }

    /// A signer by Version 4A for `service` in all of `region_set`: names with commas between them, or `*` for every
    /// region.
    #[cfg(feature = "sigv4a")]
    pub const fn for_region_set(region_set: String, service: &'static str) -> Self {
        Self { service, place: Place::RegionSet { names: region_set, kept: RefCell::new(None) } }
    }

    /// The header of Version 4A that says where a signature is good.
    fn region_set(&self) -> Option<&str> {
        match &self.place {
            Place::Region { .. } => None,
            #[cfg(feature = "sigv4a")]
            Place::RegionSet { names, .. } => Some(names),
        }
    }

    /// Signs a request to `host` by host, x-amz-content-sha256, x-amz-date, for a set of regions x-amz-region-set, for
    /// temporary credentials x-amz-security-token, and by the `extra` headers.
    pub fn sign(&self, credentials: &Credentials, request: &ToSign<'_>, now: UnixTime) -> SignedHeaders {
        let amz_date = now.amz_date();
        let amz_date = core::str::from_utf8(&amz_date).unwrap_or_default(); // digits, T and Z
        let mut headers: Vec<(&str, &str)> = Vec::with_capacity(5 + request.extra.len());
        headers.push(("host", request.host));
        headers.push(("x-amz-content-sha256", request.payload));
        headers.push(("x-amz-date", amz_date));
        if let Some(names) = self.region_set() {
            headers.push(("x-amz-region-set", names));
        }
        if let Some(token) = &credentials.session_token {
            headers.push(("x-amz-security-token", token.secret_text()));
        }
        for extra in request.extra {
            let place = headers.iter().position(|(name, _)| *name > extra.0).unwrap_or(headers.len());
            headers.insert(place, *extra);
        }
        let canonical = CanonicalRequest {
            method: request.method,
            path: request.path,
            query: request.query,
            headers: &headers,
            payload: request.payload,
        };
        let authorization = self.authorization(credentials, &canonical, amz_date, now);

        let mut out = Vec::with_capacity(5);
        out.push(("authorization", authorization));
        out.push(("x-amz-content-sha256", request.payload.into()));
        out.push(("x-amz-date", amz_date.into()));
        if let Some(names) = self.region_set() {
            out.push(("x-amz-region-set", names.into()));
        }
        if let Some(token) = &credentials.session_token {
            out.push(("x-amz-security-token", token.secret_text().into()));
        }
        SignedHeaders(out)
    }

    fn authorization(
        &self,
        credentials: &Credentials,
        canonical: &CanonicalRequest<'_>,
        amz_date: &str,
        now: UnixTime,
    ) -> String {
        let mut text = String::with_capacity(512);
        canonical.write(&mut text);
        let digest = sha256(text.as_bytes());
        text.clear();
        match &self.place {
            Place::Region { name, todays } => {
                let mut todays = todays.borrow_mut();
                let key = match todays.take().filter(|key| key.is_of_day(now)) {
                    Some(key) => todays.insert(key),
                    None => {
                        let secret = &credentials.secret_access_key;
                        todays.insert(SigningKey::derive(secret, now, name, self.service))
                    }
                };
                string_to_sign(&mut text, amz_date, key.scope(), &digest);
                let signature = key.signature(&text);
                written(text, ALGORITHM, &credentials.access_key_id, key.scope(), canonical, &signature)
            }
            #[cfg(feature = "sigv4a")]
            Place::RegionSet { kept, .. } => {
                let (id, secret) = (&credentials.access_key_id, &credentials.secret_access_key);
                let mut kept = kept.borrow_mut();
                let sigv4a::Kept { key, .. } = match kept.take().filter(|kept| kept.is_of(id)) {
                    Some(of_identity) => kept.insert(of_identity),
                    None => kept.insert(sigv4a::Kept::derive(id, secret)),
                };
                let scope = sigv4a::scope(now, self.service);
                sigv4a::string_to_sign(&mut text, amz_date, &scope, &digest);
                let signature = key.signature(&text);
                written(text, sigv4a::ALGORITHM, id, &scope, canonical, &signature)
            }
        }
    }
}

/// The Authorization header; `text` is room for it.
fn written(
    mut text: String,
    algorithm: &str,
    access_key_id: &str,
    scope: &str,
    canonical: &CanonicalRequest<'_>,
    signature: &[u8],
) -> String {
    text.clear();
    for part in [algorithm, " Credential=", access_key_id, "/", scope, ", SignedHeaders="] {
        text.push_str(part);
    }
    canonical.write_signed_headers(&mut text);
    text.push_str(", Signature=");
    push_hex(&mut text, signature);
    text
}

/// What [`Signer::sign`] signs, beside the credentials' own headers.
#[derive(Clone, Copy, Debug)]
pub struct ToSign<'a> {
    /// As sent.
    pub method: &'a str,
    /// Host, with its port unless that is the scheme's own.
    pub host: &'a str,
    /// Encoded, as sent.
    pub path: &'a str,
    /// Canonical; empty for objects.
    pub query: &'a str,
    /// Further headers to sign, names in lower case.
    pub extra: &'a [(&'a str, &'a str)],
    /// Hash of the body, or [`UNSIGNED_PAYLOAD`].
    pub payload: &'a str,
}

/// Appends the string to sign: algorithm, time, scope and the canonical request's hash.
pub fn string_to_sign(out: &mut String, amz_date: &str, scope: &str, canonical_request_sha256: &[u8; 32]) {
    write_string_to_sign(out, ALGORITHM, amz_date, scope, canonical_request_sha256);
}

pub(super) fn write_string_to_sign(
    out: &mut String,
    algorithm: &str,
    amz_date: &str,
    scope: &str,
    canonical_request_sha256: &[u8; 32],
) {
    for part in [algorithm, "\n", amz_date, "\n", scope, "\n"] {
        out.push_str(part);
    }
    push_hex(out, canonical_request_sha256);
}
