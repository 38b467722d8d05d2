//! The one door from a token's parts to claims that may be believed: of a Common Access Token here, of a
//! JWT in [`super::jwt`].

use super::claims::Claims;
use super::keys::{KeySet, TokenKey};
use super::wire::{ALG_HMAC_256_256, Parts};
use crate::refusal::Refusal;
use crate::time::UnixTime;

/// Claims whose MAC has passed, and the key that it passed with. Only [`verify`] and [`super::jwt::Signed`]
/// make one.
#[derive(Debug)]
pub struct Verified<'a> {
    claims: Claims<'a>,
    key: &'a TokenKey,
}

impl<'a> Verified<'a> {
    pub(super) const fn new(claims: Claims<'a>, key: &'a TokenKey) -> Self {
        Self { claims, key }
    }

    /// The authenticated claims.
    pub const fn claims(&self) -> &Claims<'a> {
        &self.claims
    }

    /// The key that made the token.
    pub const fn key(&self) -> &'a TokenKey {
        self.key
    }
}

/// Checks algorithm, key and MAC, and only then reads the claims.
///
/// The algorithm is the configured key's, HMAC 256/256, and the token must name that same one. A key id
/// that nobody has costs the same work as a wrong MAC and gives the same answer.
///
/// # Errors
/// [`Refusal::Unauthorized`] for anything up to and including the MAC; [`Refusal::Forbidden`] when the
/// genuine payload is not a set of claims that is implemented here.
pub fn verify<'a>(parts: &Parts<'a>, keys: &'a KeySet, now: UnixTime) -> Result<Verified<'a>, Refusal> {
    if parts.algorithm.0 != ALG_HMAC_256_256 {
        return Err(Refusal::Unauthorized("not the key's algorithm"));
    }
    let tag: &[u8; 32] = parts.tag.try_into().map_err(|_| Refusal::Unauthorized("tag is not 32 bytes"))?;
    let kid = parts.kid.ok_or(Refusal::Unauthorized("no key id"))?;
    let key = parts.with_mac_input(|input| {
        let mut tried = 0;
        for (key, mac) in keys.named(kid, now).filter_map(|key| Some((key, key.mac()?))) {
            if mac.matches(input, tag) {
                return Ok(key);
            }
            tried += 1;
        }
        if tried == 0 {
            // The outcome is thrown away: only the work is wanted.
            let _ = core::hint::black_box(keys.nobody().matches(input, tag));
            return Err(Refusal::Unauthorized("unknown key id"));
        }
        Err(Refusal::Unauthorized("wrong MAC"))
    })?;
    Ok(Verified { claims: Claims::read(parts.payload)?, key })
}
