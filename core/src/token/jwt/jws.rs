//! The compact form of a JWS (RFC 7515 section 7.1): `header.payload.signature`.

use crate::base64url;
use crate::json::{self, Value};
use crate::token::wire::MAX_CHARS;
use alloc::string::String;
use alloc::vec::Vec;

/// The algorithms that keys can be of (RFC 7518 section 3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Algorithm {
    Hs256,
    Es256,
}

/// A token taken apart, nothing in it checked but its form.
pub(super) struct Jws<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) kid: String,
    /// Header and payload as received: what is signed.
    pub(super) signing_input: &'a str,
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Reads the text, of at most [`MAX_CHARS`] as a token of the other format; or says why it is none.
    pub(super) fn parse(text: &'a str) -> Result<Self, &'static str> {
        if text.len() > MAX_CHARS {
            return Err("too long");
        }
        // From the end: a fourth part makes the first two none.
        let (signing_input, signature) = text.rsplit_once('.').ok_or("not three parts")?;
        let (header, payload) = signing_input.split_once('.').ok_or("not three parts")?;
        let decode = |part| base64url::decode(part).ok_or("not base64url");
        let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
        let (algorithm, kid) = read_header(&header)?;
        Ok(Self { algorithm, kid, signing_input, payload, signature })
    }
}

/// Reads alg, kid and typ (RFC 7515 section 4.1). Any other parameter is refused: there are those that say how the
/// message is to be read (crit, b64, cty) and those that bring a key along (jwk, jku, x5c, x5u), and none of them is
/// implemented.
fn read_header(header: &[u8]) -> Result<(Algorithm, String), &'static str> {
    const NOT_JSON: &str = "the header is no flat JSON object";
    let text = core::str::from_utf8(header).map_err(|_| NOT_JSON)?;
    let (mut algorithm, mut kid) = (None, None);
    for (name, value) in json::object(text).map_err(|_| NOT_JSON)? {
        match (name.as_str(), value) {
            ("alg", Value::Text(name)) => {
                algorithm = match name.as_str() {
                    "HS256" => Some(Algorithm::Hs256),
                    "ES256" => Some(Algorithm::Es256),
                    _ => return Err("an algorithm that is not implemented"),
                }
            }
            ("kid", Value::Text(name)) => kid = Some(name),
            // RFC 7519 section 5.1: a media type, whose case says nothing.
            ("typ", Value::Text(name)) if name.eq_ignore_ascii_case("JWT") => {}
            _ => return Err("a header that is not implemented"),
        }
    }
    Ok((algorithm.ok_or("no alg")?, kid.ok_or("no key id")?))
}
