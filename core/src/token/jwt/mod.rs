//! The second format that is verified here: the signed JWT of URI Signing (RFC 9246). It is never made here.
//!
//! `jws` takes the compact form apart, [`verify`] checks the signature, `claims` reads what is behind it. A JWT names
//! the one URI that it opens by its hash, so it is read at the route `/f/` alone and names no target of its own.

mod claims;
mod jws;

use super::claims::Claims;
use super::keys::{KeySet, Material, TokenKey};
use super::verify::Verified;
use crate::hash::sha256;
use crate::refusal::Refusal;
use crate::time::UnixTime;
use claims::Payload;
use jws::{Algorithm, Jws};

/// Whether a token's text is in this format: no base64url, and so no token of the other one, has a dot in it.
pub fn is_jwt(text: &str) -> bool {
    text.bytes().any(|byte| byte == b'.')
}

/// A JWT whose signature has passed, its claims in the form of the other format's, and the key that it passed with.
/// Only [`verify`] makes one.
#[derive(Debug)]
pub struct Signed<'k> {
    payload: Payload,
    key: &'k TokenKey,
}

/// Checks form, algorithm, key and signature (RFC 7515 section 5.2), and only then reads the claims.
///
/// A key is good for its own algorithm and the token has to name that one, so that no public key ever serves as a
/// secret. A key id that nobody has costs the work of a wrong signature, where there is any key to do it with.
///
/// # Errors
/// [`Refusal::Unauthorized`] for anything up to and including the signature; [`Refusal::Forbidden`] when the genuine
/// payload is not a set of claims that is implemented here.
pub fn verify<'k>(text: &str, keys: &'k KeySet, now: UnixTime) -> Result<Signed<'k>, Refusal> {
    let jws = Jws::parse(text).map_err(Refusal::Unauthorized)?;
    let has_algorithm = |key: &&TokenKey| algorithm_of(key) == Some(jws.algorithm);
    let mut tried = false;
    for key in keys.named(jws.kid.as_bytes(), now).filter(has_algorithm) {
        if is_signed_with(&jws, key) {
            return Ok(Signed { payload: Payload::read(&jws.payload)?, key });
        }
        tried = true;
    }
    if tried {
        return Err(Refusal::Unauthorized("wrong signature"));
    }
    // The outcome is thrown away: only the work is wanted.
    let other = keys.iter().find(has_algorithm);
    let _ = core::hint::black_box(other.is_some_and(|key| is_signed_with(&jws, key)));
    Err(Refusal::Unauthorized("unknown key id"))
}

impl Signed<'_> {
    /// What policy takes.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`], as for a token of the other format with such claims.
    pub fn verified(&self) -> Result<Verified<'_>, Refusal> {
        let claims = Claims { uri_hash: Some(self.payload.uri_hash), ..Claims::read(&self.payload.claims)? };
        Ok(Verified::new(claims, self.key))
    }
}

/// `None` of a key of the other format.
const fn algorithm_of(key: &TokenKey) -> Option<Algorithm> {
    match key.material {
        Material::Hmac256(_) => None,
        Material::Hs256(_) => Some(Algorithm::Hs256),
        Material::Es256(_) => Some(Algorithm::Es256),
    }
}

fn is_signed_with(jws: &Jws<'_>, key: &TokenKey) -> bool {
    match &key.material {
        Material::Hmac256(_) => false,
        Material::Hs256(mac) => {
            jws.signature.as_slice().try_into().is_ok_and(|tag| mac.matches(&[jws.signing_input.as_bytes()], tag))
        }
        Material::Es256(key) => {
            let hash = sha256(jws.signing_input.as_bytes());
            jws.signature.as_slice().try_into().is_ok_and(|signature| key.verifies(&hash, signature))
        }
    }
}
