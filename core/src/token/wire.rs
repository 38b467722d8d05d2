//! From the token's text to its parts. No claim is readable here: that needs `verify`.

use crate::base64url;
use crate::cbor::{Item, Malformed, Reader, encode_head};
use alloc::vec::Vec;

/// Longest token in characters of base64url: what 1024 bytes need (profile section 3, rule 1).
pub const MAX_CHARS: usize = 1366;
/// Longest token in bytes.
pub const MAX_BYTES: usize = 1024;

const CWT_TAG: u64 = 61;
const COSE_MAC0_TAG: u64 = 17;
/// COSE header parameters (RFC 9052 section 3.1, RFC 9596).
const ALG: i128 = 1;
const CRIT: i128 = 2;
const KID: i128 = 4;
const TYP: i128 = 16;
/// HMAC 256/256 (RFC 9053 section 3.1).
pub(crate) const ALG_HMAC_256_256: i64 = 5;

/// The token was not one of ours, up to and including its structure. The reason is for the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotAToken(pub &'static str);

impl From<Malformed> for NotAToken {
    fn from(_: Malformed) -> Self {
        Self("not well-formed CBOR of the profile")
    }
}

/// A COSE algorithm identifier, as the token's protected header names it (RFC 9053).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Algorithm(pub i64);

/// A token's bytes, decoded from text and not yet looked at.
#[derive(Debug)]
pub struct TokenBytes(Vec<u8>);

impl TokenBytes {
    /// Decodes the text form: base64url without padding, strict, at most [`MAX_CHARS`].
    ///
    /// # Errors
    /// [`NotAToken`] when the text is too long or not canonical base64url.
    pub fn decode(text: &str) -> Result<Self, NotAToken> {
        if text.len() > MAX_CHARS {
            return Err(NotAToken("too long"));
        }
        let bytes = base64url::decode(text).ok_or(NotAToken("not base64url"))?;
        if bytes.len() > MAX_BYTES { Err(NotAToken("too long")) } else { Ok(Self(bytes)) }
    }

    /// Takes the COSE_Mac0 structure apart (RFC 9052 section 6.2).
    ///
    /// # Errors
    /// [`NotAToken`] for any other structure.
    pub fn parts(&self) -> Result<Parts<'_>, NotAToken> {
        Parts::read(&self.0)
    }
}

/// A COSE_Mac0 message taken apart, nothing in it checked yet but its form.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<&'a [u8]>,
    pub(crate) protected: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) tag: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Reads `[61(] 17([protected, unprotected, payload, tag]) [)]`.
    ///
    /// # Errors
    /// [`NotAToken`] for anything else, the algorithm missing, or a header that is not implemented.
    pub fn read(bytes: &'a [u8]) -> Result<Self, NotAToken> {
        let mut reader = Reader::new(bytes);
        let mut item = reader.item()?;
        if item == Item::Tag(CWT_TAG) {
            item = reader.item()?;
        }
        if item != Item::Tag(COSE_MAC0_TAG) {
            return Err(NotAToken("not tagged as COSE_Mac0"));
        }
        let Item::Array(4) = reader.item()? else {
            return Err(NotAToken("not four elements"));
        };
        let Item::Bytes(protected) = reader.item()? else {
            return Err(NotAToken("protected is no byte string"));
        };
        let outer = HeaderMap::read(&mut reader)?;
        let Item::Bytes(payload) = reader.item()? else {
            return Err(NotAToken("payload is no byte string"));
        };
        let Item::Bytes(tag) = reader.item()? else {
            return Err(NotAToken("tag is no byte string"));
        };
        reader.end()?;

        let inner = HeaderMap::read_protected(protected)?;
        let algorithm = inner.alg.ok_or(NotAToken("alg is not protected"))?;
        if outer.alg.is_some() || outer.crit {
            return Err(NotAToken("alg or crit outside the protected header"));
        }
        let kid = match (inner.kid, outer.kid) {
            (Some(a), Some(b)) if a != b => return Err(NotAToken("two key ids")),
            (a, b) => a.or(b),
        };
        Ok(Self { algorithm, kid, protected, payload, tag })
    }

    /// Hands the MAC's input, `cbor(["MAC0", protected, h'', payload])` (RFC 9052 section 6.3), to `with` in
    /// pieces: the received bytes themselves are what is authenticated.
    pub fn with_mac_input<T>(&self, with: impl FnOnce(&[&[u8]]) -> T) -> T {
        with_mac_input(self.protected, self.payload, with)
    }

    /// The algorithm that the protected header names.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The authentication tag as received, of whatever length.
    pub const fn tag(&self) -> &'a [u8] {
        self.tag
    }
}

/// See [`Parts::with_mac_input`].
pub(crate) fn with_mac_input<T>(protected: &[u8], payload: &[u8], with: impl FnOnce(&[&[u8]]) -> T) -> T {
    let (protected_head, protected_length) = encode_head(2, protected.len() as u64);
    let (payload_head, payload_length) = encode_head(2, payload.len() as u64);
    with(&[
        b"\x84\x64MAC0",
        &protected_head[..protected_length],
        protected,
        b"\x40",
        &payload_head[..payload_length],
        payload,
    ])
}

#[derive(Default)]
struct HeaderMap<'a> {
    alg: Option<Algorithm>,
    kid: Option<&'a [u8]>,
    crit: bool,
}

impl<'a> HeaderMap<'a> {
    /// The protected header: a byte string that is empty or holds one map.
    fn read_protected(bytes: &'a [u8]) -> Result<Self, NotAToken> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let mut reader = Reader::new(bytes);
        let map = Self::read(&mut reader)?;
        reader.end()?;
        Ok(map)
    }

    /// Reads alg, crit, kid and typ. Another parameter would change what the message means in a way that
    /// is not implemented: refused, as is everything unknown (profile section 3, rule 5).
    fn read(reader: &mut Reader<'a>) -> Result<Self, NotAToken> {
        let mut map = Self::default();
        reader.int_map(|label, value| {
            match (label, value.item()?) {
                (ALG, Item::Unsigned(n)) => map.alg = Some(Algorithm(i64::try_from(n).unwrap_or(i64::MAX))),
                (ALG, Item::Negative(n)) => map.alg = Some(Algorithm(-1 - i64::try_from(n).unwrap_or(i64::MAX))),
                (KID, Item::Bytes(bytes)) => map.kid = Some(bytes),
                (TYP, Item::Text(_) | Item::Unsigned(_)) => {}
                (CRIT, Item::Array(count @ 1..)) => {
                    map.crit = true;
                    for _ in 0..count {
                        let Item::Unsigned(1 | 4 | 16) = value.item()? else {
                            return Err(NotAToken("a critical header that is not implemented"));
                        };
                    }
                }
                _ => return Err(NotAToken("a header that is not implemented")),
            }
            Ok(())
        })?;
        Ok(map)
    }
}
